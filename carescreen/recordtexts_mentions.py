"""The texts of mentions: those that a record shows, and those that a concern quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from carescreen.columns import BoolArray
from carescreen.holding import FOUND_BY, STATUSES
from carescreen.notes import clause_of
from carescreen.records import MAX_MENTIONS, MAX_QUOTES
from carescreen.records_entries import MentionKind, mention_entry
from carescreen.recordtexts_shared import HiddenWords, Shared, Side, append
from carescreen.recordtexts_template import (
    Forms,
    Template,
    fill_each,
    forms_of,
    gap,
    json_bytes,
)
from carescreen.sheet import Ints

_GAPS = ("quote", "start", "clause", "clause_start", "visit_id", "date")


@dataclass(frozen=True, repr=False)  # its values are records
class MentionTexts:
    """Texts of one side: the list of each child, and each quoted mention by its row."""

    lists: list[bytes]
    by_row: dict[int, bytes]


class Mentions:
    """The mentions that the records of a block show.

    shown  rows of the follow-ups' mentions, by child, those that hold first
    child  whose each of them is
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._mentions, self._holds = shared.found.mentions, shared.found.holds
        self._concepts = list(shared.engine.rules.concepts.values())
        self.shown = self._shown_rows()
        self.child = self._mentions.child[self.shown]
        self._variant = self._variants()
        self._forms: dict[int, Forms] = {}
        self._spans: dict[tuple[int, int, int], tuple[bytes, bytes, bytes, bytes]] = {}

    def _shown_rows(self) -> Ints:
        """Of each child all that hold, and others up to MAX_MENTIONS."""
        child, holds = self._mentions.child, self._holds
        order = np.lexsort((~holds, child))
        own = child[order]
        place = np.arange(len(order)) - np.searchsorted(own, own)
        held = np.bincount(child[holds], minlength=self._shared.n)
        return np.asarray(order[place < np.maximum(MAX_MENTIONS, held[own])], dtype=np.int64)

    def _variants(self) -> Ints:
        """A number for each shown mention, the same where all but its place is the same."""
        rows = self._mentions.take(self.shown)
        number = rows.concept.astype(np.int64)
        for values, count in (
            (rows.status, len(STATUSES)),
            (rows.found_by, len(FOUND_BY)),
            (self._holds[self.shown], 2),
            (rows.reached, 2),
            (rows.visit >= self._shared.visits, 2),
        ):
            number = number * count + values
        return number

    def _forms_of(self, variant: int) -> Forms:
        found = self._forms.get(variant)
        if found is None:
            rest, earlier = divmod(variant, 2)
            rest, reached = divmod(rest, 2)
            rest, holds = divmod(rest, 2)
            rest, found_by = divmod(rest, len(FOUND_BY))
            concept, status = divmod(rest, len(STATUSES))
            kind = MentionKind(
                self._concepts[concept],
                STATUSES[status],
                FOUND_BY[found_by],
                held=bool(holds),
                other_child=bool(reached),
                earlier=bool(earlier),
            )
            marks = {name: gap(name) for name in _GAPS}
            found = self._forms[variant] = forms_of("mentions", mention_entry(kind, **marks))
        return found

    def hide(self, hidden: HiddenWords) -> None:
        """Hide what sensitive mentions name."""
        for number, rows in self._by_concept():
            if self._concepts[number].sensitive:
                hidden.hide(self.forms_of(number).hides, self.child[rows])

    def _by_concept(self) -> list[tuple[int, Ints]]:
        """Each concept that is shown, with its positions in `shown`."""
        concepts = self._mentions.concept[self.shown]
        return [
            (number, np.flatnonzero(concepts == number))
            for number in np.flatnonzero(np.bincount(concepts)).tolist()
        ]

    def forms_of(self, number: int) -> Forms:
        """Some form of mentions of a concept, by the concept's position: for what they name."""
        return self._forms_of(number * len(STATUSES) * len(FOUND_BY) * 8)

    def quoted(self, number: int) -> dict[int, list[int]]:
        """The rows of a concept that a concern quotes, by child."""
        rows = np.flatnonzero(self._holds & (self._mentions.concept == number))
        found: dict[int, list[int]] = {}
        for child, row in zip(self._mentions.child[rows].tolist(), rows.tolist(), strict=True):
            own = found.setdefault(child, [])
            if len(own) < MAX_QUOTES:
                own.append(row)
        return found

    def texts(self, side: Side, wanted: BoolArray) -> MentionTexts:
        """The texts of the records of some children, bool[n]; nothing for the others."""
        places = np.flatnonzero(wanted[self.child])
        rows, variants = self.shown[places], self._variant[places].tolist()
        templates = {variant: self._template(variant, side) for variant in set(variants)}
        columns = self._full_columns(rows) if side == "full" else self._public_columns(rows)
        entries = fill_each(templates, variants, columns)
        return MentionTexts([b""] * self._shared.n, dict(zip(rows.tolist(), entries, strict=True)))

    def _template(self, variant: int, side: Side) -> Template:
        forms = self._forms_of(variant)
        return forms.full if side == "full" else forms.public

    def put_in_lists(self, texts: MentionTexts, hidden_rows: BoolArray | None) -> None:
        """Put each text into the list of its child, but for rows (positions in `shown`) hidden."""
        by_row = texts.by_row
        shown, child = self.shown, self.child
        if hidden_rows is not None:
            shown, child = shown[~hidden_rows], child[~hidden_rows]
        pairs = [
            (owner, by_row[row])
            for owner, row in zip(child.tolist(), shown.tolist(), strict=True)
            if row in by_row
        ]
        append(texts.lists, [owner for owner, _ in pairs], [text for _, text in pairs])

    def hidden_rows(self, hidden: HiddenWords) -> BoolArray:
        """Which shown mentions may not leave the office: bool, by position in `shown`."""
        found = np.zeros(len(self.shown), dtype=bool)
        for number, rows in self._by_concept():
            if self._concepts[number].sensitive:
                found[rows] = True
                continue
            covered = hidden.covers(self.forms_of(number).words)
            if covered is not None:
                found[rows] = covered[self.child[rows]]
        return found

    def _public_columns(self, rows: Ints) -> dict[str, Sequence[bytes]]:
        ids = self._shared.visit_ids
        return {
            "visit_id": [ids[visit] for visit in self._mentions.visit[rows].tolist()],
            "date": self._shared.days(self._mentions.date[rows]),
        }

    def _full_columns(self, rows: Ints) -> dict[str, Sequence[bytes]]:
        found = self._mentions
        spans = zip(
            found.visit[rows].tolist(),
            found.start[rows].tolist(),
            found.end[rows].tolist(),
            strict=True,
        )
        words = [self._span(*span) for span in spans]
        return {
            **self._public_columns(rows),
            "quote": [row[0] for row in words],
            "start": [row[1] for row in words],
            "clause": [row[2] for row in words],
            "clause_start": [row[3] for row in words],
        }

    def _span(self, visit: int, start: int, end: int) -> tuple[bytes, bytes, bytes, bytes]:
        """Quote, start, clause and its start as JSON: once for all whom a mention reaches."""
        key = visit, start, end
        found = self._spans.get(key)
        if found is None:
            text = self._shared.block.wordings.rows["note"][visit]
            clause_start, clause_end = clause_of(text, start, end)
            found = self._spans[key] = (
                json_bytes(text[start:end]),
                b"%d" % start,
                json_bytes(text[clause_start:clause_end]),
                b"%d" % clause_start,
            )
        return found

"""The texts of mentions: those that a record shows, and those that a concern quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from carescreen.columns import BoolArray
from carescreen.holding import FOUND_BY, STATUSES
from carescreen.notes import clause_of
from carescreen.records import MAX_MENTIONS, MAX_QUOTES
from carescreen.records_entries import mention_entry
from carescreen.recordtexts_shared import HiddenWords, Shared, Side, append, flags
from carescreen.recordtexts_template import (
    Forms,
    Template,
    fill_each,
    forms_of,
    gap,
    json_bytes,
    text_bytes,
)
from carescreen.sheet import Ints

_GAPS = (
    *("status", "quote", "start", "clause", "clause_start", "visit_id", "date"),
    *("found_by", "held", "other_child"),
)
_STATUSES = [json_bytes(name) for name in STATUSES]
_FOUND_BY = [json_bytes(name) for name in FOUND_BY]


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
        self._kind = self._kinds()
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

    def _kinds(self) -> Ints:
        """A number for each shown mention: twice its concept's, and one where it is earlier."""
        rows = self.shown
        is_earlier = self._mentions.visit[rows] >= self._shared.visits
        return self._mentions.concept[rows].astype(np.int64) * 2 + is_earlier

    def _forms_of(self, kind: int) -> Forms:
        if kind not in self._forms:
            concept, earlier = divmod(kind, 2)
            marks = {name: gap(name) for name in _GAPS}
            entry = mention_entry(self._concepts[concept], **marks, earlier=bool(earlier))
            self._forms[kind] = forms_of("mentions", entry)
        return self._forms[kind]

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
        return self._forms_of(number * 2)

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
        rows, kinds = self.shown[places], self._kind[places].tolist()
        templates = {kind: self._template(kind, side) for kind in set(kinds)}
        columns = self._full_columns(rows) if side == "full" else self._public_columns(rows)
        entries = fill_each(templates, kinds, columns)
        return MentionTexts([b""] * self._shared.n, dict(zip(rows.tolist(), entries, strict=True)))

    def _template(self, kind: int, side: Side) -> Template:
        forms = self._forms_of(kind)
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
            "status": [_STATUSES[code] for code in self._mentions.status[rows].tolist()],
            "found_by": [_FOUND_BY[code] for code in self._mentions.found_by[rows].tolist()],
            "held": flags(self._holds[rows]),
            "other_child": flags(self._mentions.reached[rows]),
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
                text_bytes(text[start:end]),
                b"%d" % start,
                text_bytes(text[clause_start:clause_end]),
                b"%d" % clause_start,
            )
        return found

"""The records of a block as texts: byte for byte the JSON of `records` and of `redact`, much faster.

Nothing is written child by child but what differs from child to child. Each entry is a template into
which dates, values and visits are put, column by column; children who share something, such as their
questions, share its text. `records` and `review.redaction` say what stands in an entry; the
tests hold the texts against them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from carescreen.columns import BoolArray
from carescreen.engine import Engine
from carescreen.followups import ROUTINE, FollowUps
from carescreen.pack import TIERS
from carescreen.records import MAX_VISITS, REASONS, WHOLE
from carescreen.records_entries import SEEN, Record, raised_entry, visit_entry
from carescreen.recordtexts_columns import TEXT_COLUMNS, text_columns
from carescreen.recordtexts_concerns import LANES, Concerns
from carescreen.recordtexts_contributions import Contributions
from carescreen.recordtexts_evidence import Evidence, EvidenceTexts
from carescreen.recordtexts_mentions import Mentions
from carescreen.recordtexts_questions import Questions
from carescreen.recordtexts_said import Said
from carescreen.recordtexts_shared import NULL, HiddenWords, Shared, Side, append, flags
from carescreen.recordtexts_template import Template, gap, gap_for_items, json_bytes
from carescreen.review.redaction import redact

__all__ = ["TEXT_COLUMNS", "Kind", "RecordTexts", "record_texts"]

Kind = Literal["private", "public"]

_LISTS = (*LANES, "closed_concerns", "open_questions", "contributions", "mentions")
_REDACTED_ENTRIES = ("disputes", "told")  # redaction looks into their entries


@dataclass(frozen=True, repr=False)  # its values are records
class RecordTexts:
    """One entry a child of a block, in its order.

    public     JSON in UTF-8 without the opening brace, to follow a head: what may leave the office
    private    the same of whole records
    columns    TEXT_COLUMNS by name
    to_answer  whether somebody recorded something that the supervisor has to answer
    """

    public: list[bytes] | None
    private: list[bytes] | None
    columns: dict[str, list[str]]
    to_answer: BoolArray


def record_texts(
    engine: Engine,
    found: FollowUps,
    needs: Sequence[tuple[str, ...]],
    kinds: Collection[Kind] = ("private", "public"),
) -> RecordTexts:
    """The texts of the records of a block, of the kinds that are wanted (None of the others).

    `needs` are each child's needs-data codes. A record without anything private is the same in both.
    """
    writer = _Writer(engine, found, needs)
    everybody = np.ones(found.cases.n, dtype=bool)
    is_private = writer.is_private()
    full = writer.texts("full", everybody if "private" in kinds else ~is_private)
    public = None
    if "public" in kinds:
        redacted = writer.texts("public", is_private)
        rows = zip(is_private.tolist(), redacted, full, strict=True)
        public = [own if private else whole for private, own, whole in rows]
    return RecordTexts(
        public, full if "private" in kinds else None, writer.columns(), writer.to_answer()
    )


class _Writer:
    """The parts of the records of one block."""

    def __init__(self, engine: Engine, found: FollowUps, needs: Sequence[tuple[str, ...]]) -> None:
        self.shared, self.needs = Shared(engine, found), needs
        self.mentions = Mentions(self.shared)
        self.evidence = Evidence(self.shared, self.mentions)
        self.concerns = Concerns(self.shared, self.evidence)
        self.questions = Questions(self.shared)
        self.contributions = Contributions(self.shared)
        self.said = Said(self.shared)
        self.hidden = HiddenWords(self.shared.n)
        for part in (self.concerns, self.questions, self.contributions, self.mentions):
            part.hide(self.hidden)
        self._scalars = self._scalar_columns()

    def is_private(self) -> BoolArray:
        """Whose record holds words of a note or the name of something sensitive: bool[n]."""
        found = self.concerns.sensitive() | self.questions.sensitive()
        found |= self.contributions.private()
        found[self.mentions.child] = True
        found |= np.array([bool(where) for where in self.shared.found.leaving.moved_to], dtype=bool)
        said = [child for child in self.said.of if self.said.is_private(child)]
        found[said] = True
        return found

    def columns(self) -> dict[str, list[str]]:
        """The text columns of ranking.csv."""
        return text_columns(
            self.shared, self.concerns, self.questions, self.contributions, self.needs
        )

    def to_answer(self) -> BoolArray:
        """Of whom the supervisor has to answer something."""
        as_of = date.fromisoformat(str(self.shared.engine.as_of)[:10])
        found = np.zeros(self.shared.n, dtype=bool)
        found[self.said.to_answer(as_of)] = True
        return found

    def texts(self, side: Side, wanted: BoolArray) -> list[bytes]:
        """The records of some children, bool[n], on one side; nothing for the others."""
        texts = [b""] * self.shared.n
        if not wanted.any():
            return texts
        columns = self._scalars | self._list_columns(side, wanted)
        for said, children in self._by_what_is_said(wanted).items():
            template = _template(side, self.shared.engine, said)
            own = _picked(columns, children, template) | self.said.columns(said, children, side)
            for child, text in zip(children, template.fill(own, len(children)), strict=True):
                texts[child] = text
        return texts

    def _by_what_is_said(self, wanted: BoolArray) -> dict[tuple[str, ...], list[int]]:
        """Some children by the keys that only records have of whom somebody recorded something."""
        silent = wanted.copy()
        silent[list(self.said.of)] = False
        groups: dict[tuple[str, ...], list[int]] = {(): np.flatnonzero(silent).tolist()}
        for child in sorted(self.said.of):
            if wanted[child]:
                groups.setdefault(tuple(self.said.of[child]), []).append(child)
        return groups

    def _list_columns(self, side: Side, wanted: BoolArray) -> dict[str, list[bytes]]:
        """The lists of entries of some children as JSON without brackets."""
        hidden = self.hidden
        mentions = self.mentions.texts(side, wanted)
        rows = self.mentions.hidden_rows(hidden) if side == "public" else None
        self.mentions.put_in_lists(mentions, rows)
        of_side = hidden if side == "public" else None
        items = EvidenceTexts(self.evidence, side, mentions.by_row, of_side)
        columns = {part: self.concerns.texts(part, side, wanted, items, hidden) for part in LANES}
        columns["closed_concerns"] = self.concerns.closed_texts(side, wanted, hidden)
        columns["open_questions"] = self.questions.texts(side, hidden)
        columns["contributions"] = self.contributions.texts(side, wanted, hidden)
        columns["mentions"] = mentions.lists
        if rows is not None:
            dropped = np.bincount(self.mentions.child[rows], minlength=self.shared.n)
            columns["sensitive_mentions"] = [b"%d" % count for count in dropped.tolist()]
        return columns

    def _scalar_columns(self) -> dict[str, list[bytes]]:
        """What a record has one of, as JSON; the recent visits too, without brackets."""
        found, days, block = self.shared.found, self.shared.days, self.shared.block
        age = self.shared.cases.number("age_years").tolist()
        synthetic = block.children["data_origin"] == "synthetic"
        needs = {codes: json_bytes(list(codes)) for codes in set(self.needs)}
        return {
            "age_years": [NULL if years != years else b"%d" % int(years) for years in age],
            "last_seen_on": days(self.shared.cases.columns["last_seen_on"].last_on),
            "recent_visits": self._recent_visits(),
            "taken_on": days(found.taken_on),
            "moved_on": days(found.leaving.moved_on),
            "moved_to": [
                NULL if where is None else json_bytes(where) for where in found.leaving.moved_to
            ],
            "turns_18_on": days(found.leaving.turns_18_on),
            "raised_by_person": self._raised(),
            "needs_data_reasons": [needs[codes] for codes in self.needs],
            "synthetic": flags(synthetic),
        }

    def _raised(self) -> list[bytes]:
        raised = self.shared.found.raised
        texts = [NULL] * self.shared.n
        for child in np.flatnonzero(raised.tier < ROUTINE).tolist():
            day = raised.on[child]
            on = None if np.isnat(day) else str(day)
            texts[child] = json_bytes(raised_entry(TIERS[raised.tier[child]], on))
        return texts

    def _recent_visits(self) -> list[bytes]:
        """The newest visits of each child, the newest first; those without a date are left out."""
        block, texts = self.shared.block, [b""] * self.shared.n
        child, day = block.visit_child, block.visit_date
        own = np.arange(len(child))
        newest = np.searchsorted(child, child, side="right") - own <= MAX_VISITS
        rows = np.flatnonzero(newest & (child >= 0) & ~np.isnat(day))[::-1]
        ids = self.shared.visit_ids
        seen = {
            value: json_bytes(SEEN.get(value)) for value in set(block.visits["child_seen"].tolist())
        }
        columns = {
            "visit_id": [ids[row] for row in rows.tolist()],
            "date": self.shared.days(day[rows]),
            "seen": [seen[value] for value in block.visits["child_seen"][rows].tolist()],
        }
        template = Template.of(visit_entry(gap("visit_id"), gap("date"), gap("seen")))
        append(texts, child[rows].tolist(), template.fill(columns, len(rows)))
        return texts


def _picked(
    columns: dict[str, list[bytes]], children: Sequence[int], template: Template
) -> dict[str, list[bytes]]:
    """The values of some children, of the columns that a template has."""
    if len(children) == len(columns["synthetic"]):  # all of them: children come in their order
        return columns
    return {
        name: [columns[name][child] for child in children]
        for name in template.gaps
        if name in columns
    }


def _template(side: Side, engine: Engine, said: tuple[str, ...]) -> Template:
    """The template of a record without its opening brace, in which some things were recorded."""
    marks: Record = {name: gap(name) for name in REASONS}
    marks |= {"intercept": engine.kit.intercept, "recent_visits": gap_for_items("recent_visits")}
    marks |= {name: gap(name) for name in (*said, *WHOLE)}
    if side == "public":
        looked_into: Record = {name: [{}] for name in said if name in _REDACTED_ENTRIES}
        marks = redact({**marks, **dict.fromkeys(_LISTS, ()), **looked_into})
        marks |= {name: gap(name) for name in looked_into}
        marks["sensitive_mentions"] = gap("sensitive_mentions")
    marks |= {name: gap_for_items(name) for name in _LISTS}
    template = Template.of(marks)
    return replace(template, text=template.text[1:])

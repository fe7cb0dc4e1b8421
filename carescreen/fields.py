"""The tables of a caseload and the columns that carescreen itself gives a meaning to.

Indicators come on top of these, from the pack. A field's kind says how it is checked and encoded:

    id      object, trimmed text, None missing       text    object, as written, None missing
    date    datetime64[s] at midnight, NaT           time    datetime64[s], NaT
    yes_no  int16, 1 yes, 0 no, -1 blank             word    object, one of `words`, None missing
    number  float64 within `bounds`, NaN missing
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from carescreen.checks import (
    A_DATE,
    Cells,
    Checked,
    check_dates,
    check_ids,
    check_numbers,
    check_texts,
    check_times,
    check_words,
    check_yes_no,
    expected_range,
)
from carescreen.sheet import FEW

Kind = Literal["id", "text", "date", "time", "yes_no", "word", "number"]

_CHECKS: dict[str, Callable[[Cells], Checked]] = {
    "id": check_ids,
    "text": check_texts,
    "date": check_dates,
    "time": check_times,
    "yes_no": check_yes_no,
}

RESULTS = ("confirmed", "not_confirmed", "could_not_tell", "not_seen")
# Decisions about taking a follow-up on: the newest of them decides its state.
FOLLOW_UP_DECISIONS = ("agree", "acknowledge", "plan", "override", "close")
DECISIONS = (
    *FOLLOW_UP_DECISIONS,
    *("own_concern", "lower", "visited", "could_not_see", "outcome"),
    *("wrong_information", "referral", "correction", "conflict", "moved", "same_child"),
)
REASON_CODES = (
    *("known_to_be_safe", "old_information", "already_helped", "other_agency", "misread"),
    *("worse_than_listed", "new_information", "other"),
)
REFERRAL_RESULTS = ("accepted", "refused", "done")
RETURNED, DIFFERENT = "returned", "different"  # results that end a `moved`, and a `same_child`
CORRECTION_RESULTS = ("corrected", "kept")  # what the supervisor answers
CONFLICT_RESULTS = ("ended",)
# What a page or a person exports: its format, and the fields of one entry, all of them texts.
ENTRY_FORMAT = "carescreen-decisions/1"
ENTRY_FIELDS = (
    *("entry_id", "child_id", "decided_at", "decided_by", "decision", "rule", "concept"),
    *("visit_id", "tier", "review_on", "visited_on", "result", "reason_code", "reason"),
    *("confirmed_by", "run_id", "other_child_id"),
)


@dataclass(frozen=True)
class Field:
    """A column of a table that every pack shares."""

    name: str
    kind: Kind = "id"
    words: tuple[str, ...] = ()
    bounds: tuple[float, float] = (0.0, 0.0)

    @property
    def is_exact(self) -> bool:
        """Whether its texts must be read as written."""
        return self.kind in ("id", "text", "word")

    @property
    def expected(self) -> str:
        """What a cell may hold, in words for `rejected`."""
        if self.kind in ("date", "time"):
            return A_DATE
        if self.kind == "word":
            return f"one of: {', '.join(self.words)}"
        if self.kind == "number":
            return f"a number{expected_range(self.bounds)}"
        return "yes or no" if self.kind == "yes_no" else "a text"

    def check(self, column: Cells) -> Checked:
        """The column encoded, and which rows could not be."""
        if self.kind == "word":
            return check_words(column, self.words)
        if self.kind == "number":
            return check_numbers(column, *self.bounds)
        return _CHECKS[self.kind](column)

    def missing(self, count: int) -> NDArray[Any]:
        """The column where nobody recorded it; not to be written to."""
        return _few_missing(self.kind, count) if count <= FEW else _missing(self.kind, count)


def _missing(kind: Kind, count: int) -> NDArray[Any]:
    if kind in ("date", "time"):
        return np.full(count, np.datetime64("NaT", "s"))
    if kind == "yes_no":
        return np.full(count, -1, dtype=np.int16)
    if kind == "number":
        return np.full(count, np.nan)
    return np.full(count, None, dtype=object)


@cache
def _few_missing(kind: Kind, count: int) -> NDArray[Any]:
    column = _missing(kind, count)
    column.flags.writeable = False  # it is shared
    return column


@dataclass(frozen=True)
class TableFields:
    """One table: its fields, which columns must be there, and what else it may hold.

    key    the column without which a row cannot be used at all
    date   the column that dates a row, "" where none does
    extra  "indicators": declared indicators; "texts": any other column, kept as text
    """

    name: str
    fields: tuple[Field, ...]
    required: tuple[str, ...]
    key: str
    date: str
    extra: Literal["indicators", "texts"]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the fields, in order."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def known_on(self) -> tuple[str, ...]:
        """The columns that say by when a row was known."""
        return tuple(filter(None, (self.date, "recorded_at")))

    @cached_property
    def no_rows(self) -> dict[str, NDArray[Any]]:
        """The columns of the fields where there are no rows."""
        return {field.name: field.missing(0) for field in self.fields}

    @property
    def exact(self) -> frozenset[str]:
        """Names of the fields whose texts must be read as written."""
        return frozenset(field.name for field in self.fields if field.is_exact)


def _fields(*names: str, kind: Kind = "id") -> tuple[Field, ...]:
    return tuple(Field(name, kind) for name in names)


_RECORDED = Field("recorded_at", "time")
_ORIGIN = Field("data_origin")

TABLES: dict[str, TableFields] = {
    table.name: table
    for table in (
        TableFields(
            "children",
            (
                *_fields("child_id", "village_id", "household_id", "caseworker_id"),
                *_fields("county_id", "province_id"),
                Field("birth_date", "date"),
                Field("age_years", "number", bounds=(0.0, 120.0)),
                _RECORDED,
                _ORIGIN,
            ),
            required=("child_id", "village_id"),
            key="child_id",
            date="",
            extra="indicators",
        ),
        TableFields(
            "visits",
            (
                *_fields("visit_id", "child_id"),
                Field("visit_date", "date"),
                _RECORDED,
                Field("caseworker_id"),
                *_fields("child_seen", "worker_concern", kind="yes_no"),
                Field("note", "text"),
                _ORIGIN,
            ),
            required=("visit_id", "child_id", "visit_date"),
            key="child_id",
            date="visit_date",
            extra="indicators",
        ),
        TableFields(
            "households",
            (Field("household_id"), _RECORDED, _ORIGIN),
            required=("household_id",),
            key="household_id",
            date="",
            extra="indicators",
        ),
        TableFields(
            "outcomes",
            (
                Field("child_id"),
                Field("outcome_date", "date"),
                Field("result", "word", words=RESULTS),
                *_fields("visit_id", "concern", "severity", "assessed_by", "basis", "action"),
                Field("selected_by"),
                Field("selection_probability", "number", bounds=(0.0, 1.0)),
                Field("saw_rank", "yes_no"),  # whether who judged had seen the child's place
                Field("run_id"),
                _RECORDED,
                _ORIGIN,
            ),
            required=("child_id", "outcome_date", "result"),
            key="child_id",
            date="outcome_date",
            extra="texts",
        ),
        TableFields(
            "decisions",
            (
                Field("child_id"),
                Field("decided_at", "time"),
                Field("decided_by"),
                Field("decision", "word", words=DECISIONS),
                *_fields("rule", "concept", "visit_id", "tier"),
                Field("review_on", "date"),
                Field("reason", "text"),
                *_fields("confirmed_by", "run_id"),
                _RECORDED,
                Field("entry_id"),
                Field("visited_on", "date"),
                *_fields("result", "reason_code", "other_child_id"),
                Field("sampled_for_review", "yes_no"),
                _ORIGIN,
            ),
            required=("child_id", "decided_at", "decided_by", "decision"),
            key="child_id",
            date="decided_at",
            extra="texts",
        ),
    )
}

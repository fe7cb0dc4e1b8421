"""What the retention settings of a pack ask to be removed from a county's notes as of a date.

The text of a note without a raised (affirmed or suspected) mention of a risk concept goes after
`unflagged_note_months`, with one after `flagged_note_months`; never while an open matter rests on it.
Months count from the day the note was known: the later of its visit and its entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.block import Times, known_at
from carescreen.caseload import Caseload
from carescreen.cells import cell_text
from carescreen.checked import CheckedCaseload
from carescreen.columns import BoolArray
from carescreen.engine import Engine
from carescreen.errors import UsageError
from carescreen.fields import TABLES
from carescreen.followups import FollowUps
from carescreen.retention_needed import changed_households, needed_rows
from carescreen.screener import Screener
from carescreen.sheet import Ints, Sheet

_RAISED = ("affirmed", "suspected")
_CELLS_A_PASS = 20_000


@dataclass(frozen=True)
class Due:
    """What of a county's notes is due as of a day: rows of the visits table, and counts.

    unflagged, flagged  rows whose note goes, without and with a raised mention of a risk
    needed              old notes that stay, since an open matter rests on them
    undated             notes that stay, since no date says how old they are
    younger             notes whose time is not over, or is never
    """

    unflagged: tuple[int, ...]
    flagged: tuple[int, ...]
    needed: int
    undated: int
    younger: int

    @property
    def rows(self) -> tuple[int, ...]:
        """All rows whose note goes."""
        return (*self.unflagged, *self.flagged)


def due_notes(screener: Screener, caseload: Caseload, as_of: date) -> Due:
    """Which notes of a caseload are to be removed as of a day.

    Children are ranked with and without them: nothing goes that would change a tier, an open concern,
    an open question, a due date or a score.
    """
    checked = caseload.check(screener.rules.indicators)
    notes = _notes(caseload, checked, np.datetime64(str(as_of)))
    flagged = _flagged(screener, notes.texts)
    kept = screener.rules.settings.retention
    day = np.datetime64(str(as_of))
    over = np.where(
        flagged,
        _is_over(notes.since, day, kept.flagged_note_months),
        _is_over(notes.since, day, kept.unflagged_note_months),
    )
    old = notes.row[over]
    needed = _needed(screener, checked, old, day)
    needed = np.union1d(
        needed, _changed(screener, caseload, checked, np.setdiff1d(old, needed), day)
    )
    goes = _of_all_copies(over & ~np.isin(notes.row, needed), notes.content)
    undated = np.isnat(notes.since)
    return Due(
        unflagged=tuple(notes.row[goes & ~flagged].tolist()),
        flagged=tuple(notes.row[goes & flagged].tolist()),
        needed=int((over & ~goes).sum()),
        undated=int(undated.sum()),
        younger=int((~over & ~undated).sum()),
    )


@dataclass(frozen=True, repr=False)  # its values are records
class _Notes:
    """Every note that is not blank and known by the day: its row, its text, and since when.

    `content` is a hash of the whole row, the same for rows that are copies of each other.
    """

    row: Ints
    texts: NDArray[np.object_]
    since: Times
    content: NDArray[np.uint64]


def _notes(caseload: Caseload, checked: CheckedCaseload, day: np.datetime64) -> _Notes:
    """Rows without a child's id are read here, too: their notes are no less about somebody."""
    frame, row = caseload.visits, caseload.rows_of("visits")
    texts = (
        np.array([*map(cell_text, frame["note"]), ""], dtype=object)[:-1]
        if "note" in frame
        else np.full(len(frame), "", dtype=object)
    )
    since = known_at(*(_times(frame, name) for name in ("visit_date", "recorded_at")))
    sheet = Sheet.joined([checked.sheets["visits"], checked.sheets["more_visits"]])
    place = np.searchsorted(row, sheet["row"])
    since[place] = known_at(sheet["visit_date"], sheet["recorded_at"])  # dates found wrong are out
    there = np.array([bool(text.strip()) for text in texts], dtype=bool)
    there &= ~(since.astype("datetime64[D]") > day)
    content = pd.util.hash_pandas_object(frame[there].map(cell_text), index=False)
    return _Notes(row[there], texts[there], since[there], content.to_numpy().astype(np.uint64))


def _of_all_copies(goes: BoolArray, content: NDArray[np.uint64]) -> BoolArray:
    """Those that go, less those of which a copy stays: one of two would be due again the next day."""
    return goes & ~np.isin(content, content[~goes])


def _times(frame: pd.DataFrame, name: str) -> Times:
    field = next(field for field in TABLES["visits"].fields if field.name == name)
    return field.check(frame[name]).values if name in frame else field.missing(len(frame))


def _flagged(screener: Screener, texts: NDArray[np.object_]) -> BoolArray:
    """Which notes have a raised mention of a risk concept, however it was found."""
    risks = {name for name, one in screener.rules.concepts.items() if one.polarity == "risk"}
    flagged = np.zeros(len(texts), dtype=bool)
    for first in range(0, len(texts), _CELLS_A_PASS):
        found = screener.reader.read(texts[first : first + _CELLS_A_PASS].tolist())
        raised = found["status"].isin(_RAISED) & found["concept"].isin(risks)
        flagged[first + found["note"][raised].to_numpy(dtype=np.int64)] = True
    return flagged


def _is_over(since: Times, day: np.datetime64, months: int | None) -> BoolArray:
    """Whether so many months are over since a day; never where there are none, or no day."""
    if not months:
        return np.zeros(len(since), dtype=bool)
    return np.asarray(since.astype("datetime64[D]") <= months_before(day, months))


def months_before(day: np.datetime64, months: int) -> np.datetime64:
    """The same day of the month some months earlier, or that month's last.

    >>> str(months_before(np.datetime64("2026-03-31"), 13))
    '2025-02-28'
    """
    month = day.astype("datetime64[M]") - np.timedelta64(months, "M")
    into = day - day.astype("datetime64[M]").astype("datetime64[D]")
    last = (month + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    earlier: np.datetime64 = min(month.astype("datetime64[D]") + into, last)
    return earlier


def _needed(screener: Screener, checked: CheckedCaseload, old: Ints, day: np.datetime64) -> Ints:
    if not len(old):
        return old
    found = [
        needed_rows(engine, found, np.isin(found.cases.block.wordings.rows["row"], old))
        for engine, found in screener.follow_ups(checked, day)
    ]
    return np.concatenate([*found, old[:0]])


def _changed(
    screener: Screener,
    caseload: Caseload,
    checked: CheckedCaseload,
    removed: Ints,
    day: np.datetime64,
) -> Ints:
    """Rows of notes without which some child of the household would not rank and read the same."""
    if not len(removed):
        return removed
    without = caseload.without_cells("visits", "note", removed).check(screener.rules.indicators)
    found = [
        changed_households(engine, before, after, removed)
        for engine, before, after in _side_by_side(screener, checked, without, day)
    ]
    return np.concatenate([*found, removed[:0]])


def _side_by_side(
    screener: Screener, one: CheckedCaseload, other: CheckedCaseload, day: np.datetime64
) -> Iterator[tuple[Engine, FollowUps, FollowUps]]:
    pairs = zip(screener.follow_ups(one, day), screener.follow_ups(other, day), strict=True)
    for (engine, before), (_engine, after) in pairs:
        yield engine, before, after


def require_past(as_of: date, today: date) -> None:
    """UsageError for a day after today: notes would be removed before their time."""
    if as_of > today:
        raise UsageError(
            f"--as-of {as_of} lies after today ({today}): notes would be removed before their time is over"
        )


def old_reasons(decisions: pd.DataFrame, as_of: date, months: int | None) -> int:
    """How many decisions with a reason in words are older than so many months; they stay."""
    if not months or "reason" not in decisions:
        return 0
    last = str(months_before(np.datetime64(str(as_of)), months))
    rows: list[Mapping[str, Any]] = decisions[["decided_at", "reason"]].to_dict("records")  # type: ignore[assignment]
    return sum(
        bool(cell_text(row["reason"]).strip()) and cell_text(row["decided_at"])[:10] <= last
        for row in rows
    )

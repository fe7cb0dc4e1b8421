"""The table of caseworkers: who visits, how much a week holds, who is away and who covers.

    caseworker_id, visits_per_week                         must be there
    villages                                               ids with ';' between: where she visits
    away_from, away_until, covered_by                      leave, both days included, and who covers
    conflict_with                                          households or children she must not visit
    supervisor_id                                          who gets what no caseworker can take

Ids of children and households stand in conflict_with, and a comma too few moves them into another
column: no message shows a value of a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn, TypeVar

from carescreen.cells import cell_text
from carescreen.errors import UsageError, did_you_mean
from carescreen.tables import Table, read_table, require_columns

REQUIRED = ("caseworker_id", "visits_per_week")
OPTIONAL = ("villages", "away_from", "away_until", "covered_by", "conflict_with", "supervisor_id")
MOST_VISITS = 1_000  # a week: more is a slip of the pen
_IDS = re.compile(r"[;；]")
_COUNT = re.compile(r"\d{1,9}(\.0*)?", re.ASCII)
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]0?0:00(?::00)?)?", re.ASCII)

Value = TypeVar("Value")


@dataclass(frozen=True)
class Leave:
    """Days on which a caseworker is away, both included; None where it is open on that side."""

    first: date | None
    last: date | None

    def covers(self, day: date) -> bool:
        """Whether she is away on a day."""
        after = self.first is None or self.first <= day
        return after and (self.last is None or day <= self.last)


@dataclass(frozen=True, repr=False)  # conflict_with is a record
class Worker:
    """One row of the table; `row` is its number as a person counts it, the header being row 1."""

    id: str
    visits_per_week: int
    villages: tuple[str, ...] = ()
    leave: Leave | None = None
    covered_by: str = ""
    conflict_with: tuple[str, ...] = ()
    supervisor_id: str = ""
    row: int = 0


@dataclass(frozen=True, repr=False)
class Workers:
    """The caseworkers of a table by id, so that its order changes nothing; `file` is its name."""

    file: str
    rows: tuple[Worker, ...]
    notices: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> Workers:
        """Read CSV, Parquet, XLSX or JSON Lines.

        CaseloadError for a file that cannot be read or lacks a column. UsageError for the first row
        that cannot be used: file, row, what was wanted and how many more there are.
        """
        return cls.of_table(read_table(path, exact=(*REQUIRED, *OPTIONAL)))

    @classmethod
    def of_table(cls, table: Table) -> Workers:
        """The same from a table that is read."""
        require_columns(table, "workers", REQUIRED)
        left_out = [name for name in table.names if name not in (*REQUIRED, *OPTIONAL)]
        for name in left_out:
            _require_no_slip(table, name)
        mistakes: list[str] = []
        rows = tuple(_worker(table, place, mistakes) for place in range(len(table.frame)))
        mistakes += _twice(rows)
        mistakes += _without_cover(rows)
        if mistakes:
            _refuse(table.file, mistakes)
        if not rows:
            raise UsageError(f"{table.file} has no rows: wanted one for each caseworker")
        in_order = tuple(sorted(rows, key=lambda worker: worker.id))
        return cls(table.file, in_order, _notices(table.file, left_out))

    @property
    def supervisors(self) -> tuple[str, ...]:
        """Ids of supervisors, in order."""
        return tuple(sorted({w.supervisor_id for w in self.rows if w.supervisor_id}))

    def refuse(self, worker: Worker, wanted: str) -> NoReturn:
        """UsageError that names a worker's row."""
        raise UsageError(f"{self.file}, row {worker.row}: {wanted}")


def _worker(table: Table, place: int, mistakes: list[str]) -> Worker:
    row = int(table.rows[place])
    cells = {
        name: cell_text(table.frame[name].iloc[place]).strip() if name in table.names else ""
        for name in (*REQUIRED, *OPTIONAL)
    }

    def checked(name: str, read: Callable[[str], Value], otherwise: Value) -> Value:
        try:
            return read(cells[name])
        except ValueError as error:
            mistakes.append(f"row {row}: {name} {error}")
            return otherwise

    first = checked("away_from", _day, None)
    last = checked("away_until", _day, None)
    if last is not None and first is not None and last < first:
        mistakes.append(
            f"row {row}: the leave ends on {last}, before it begins on {first}; correct away_from "
            "or away_until"
        )
    if last is not None and not cells["away_from"]:
        mistakes.append(f"row {row}: away_until says {last}, but away_from is blank; fill it in")
    return Worker(
        id=checked("caseworker_id", _required, ""),
        visits_per_week=checked("visits_per_week", _visits, 0),
        villages=_ids(cells["villages"]),
        leave=Leave(first, last) if first else None,
        covered_by=cells["covered_by"],
        conflict_with=_ids(cells["conflict_with"]),
        supervisor_id=cells["supervisor_id"],
        row=row,
    )


def _required(cell: str) -> str:
    if not cell:
        raise ValueError("is blank; every row names a caseworker")
    return cell


def _visits(cell: str) -> int:
    wanted = f"wants the visits a week holds, a whole number from 0 to {MOST_VISITS}"
    if not cell:
        raise ValueError(f"{wanted}; it is blank")
    number = int(cell.partition(".")[0]) if _COUNT.fullmatch(cell) else -1
    if not 0 <= number <= MOST_VISITS:
        raise ValueError(f"{wanted}; it is no such number")
    return number


def _day(cell: str) -> date | None:
    if not cell:
        return None
    found = _DAY.fullmatch(cell)
    try:
        return date(*map(int, found.groups())) if found else date.fromisoformat("")
    except ValueError:
        raise ValueError("wants a date such as 2026-11-02; it is none") from None


def _ids(cell: str) -> tuple[str, ...]:
    parts = (part.strip() for part in _IDS.split(cell))
    return tuple(dict.fromkeys(part for part in parts if part))


def _twice(rows: Sequence[Worker]) -> Iterator[str]:
    first: dict[str, int] = {}
    for worker in rows:
        before = first.setdefault(worker.id, worker.row)
        if worker.id and before != worker.row:
            yield (
                f"row {worker.row}: this caseworker_id stands in row {before} already; "
                "give each caseworker one row"
            )


def _without_cover(rows: Sequence[Worker]) -> Iterator[str]:
    known = {worker.id for worker in rows} | {worker.supervisor_id for worker in rows}
    for worker in rows:
        cover = worker.covered_by
        if cover and cover == worker.id:
            yield f"row {worker.row}: covered_by names the worker herself; name somebody else"
        elif cover and cover not in known:
            hint = did_you_mean(cover, sorted(known - {""}))
            yield (
                f"row {worker.row}: covered_by names somebody without a row here"
                + (hint or "; add that row, or name somebody who has one")
            )


def _refuse(file: str, mistakes: Sequence[str]) -> NoReturn:
    more = len(mistakes) - 1
    rest = f" (and {more} more to correct)" if more else ""
    raise UsageError(f"{file}, {mistakes[0]}{rest}")


def _require_no_slip(table: Table, name: str) -> None:
    """UsageError for a column whose name is nearly one that would count."""
    missing = [column for column in OPTIONAL if column not in table.names]
    hint = did_you_mean(name.casefold(), missing, 0.75)
    if hint:
        raise UsageError(f"{table.file} has a column '{name[:40]}', which is not read{hint}")


def _notices(file: str, left_out: Iterable[str]) -> tuple[str, ...]:
    count = len(list(left_out))
    return (f"{file}: columns that are not read: {count}",) if count else ()

"""A checked caseload: encoded tables that agree with each other, as a whole or as of a date.

Row by row checks come first (caseload.py) and give `Rows`. What depends on other rows is decided
here, by `join`: which of two rows of one child says who it is, visits before birth, visits of
children that no table lists. It is decided again for each as-of date, from the rows known by then only, so
that nothing entered later shows (law 7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.fields import TABLES

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

REJECTED_COLUMNS = ("file", "row", "field", "expected", "action")
DUPLICATE_CHILD = "duplicate_child"
CHILD_ROW_REJECTED = "child_row_rejected"
VISIT_ROW_REJECTED = "visit_row_rejected"
UNKNOWN_CHILD = "unknown_child"
NOTE_UNREADABLE = "note_unreadable"
ADULT_YEARS = 25  # so old on the as-of date: still listed, but a person should look

# Who a child is; taken over from an older row where the newest one leaves it blank.
_IDENTITY = ("village_id", "household_id", "caseworker_id", "birth_date")
_DAYS_OF_YEAR = 365.2425
_ONE_DAY = np.timedelta64(1, "D")
_OLDEST = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Rows:
    """Encoded tables before any row was compared with another.

    tables   by name, each with a column `row`; rows without a usable key are not in them
    files    the name of each table in messages
    ids      every child_id of the input; `child` holds positions in it, by table
    key      positions that are equal where visit_id (visits) or household_id (households) are
    refused  rows of a table whose key or date could not be used
    damaged  visits with a note of which some bytes could not be read
    dates    the columns that say by when a row was known, by table
    """

    tables: Mapping[str, pd.DataFrame]
    files: Mapping[str, str]
    ids: NDArray[np.object_]
    child: Mapping[str, Ints]
    key: Mapping[str, Ints]
    refused: Mapping[str, Bools]
    damaged: Mapping[str, Bools]
    dates: Mapping[str, tuple[str, ...]]

    def known_by(self, day: np.datetime64) -> tuple[Rows, list[str]]:
        """The rows dated and recorded by a day (undated ones count), and what was left out."""
        tables, child, key = dict(self.tables), dict(self.child), dict(self.key)
        refused, damaged, notices = dict(self.refused), dict(self.damaged), []
        for name, table in self.tables.items():
            known = np.ones(len(table), dtype=bool)
            for column in self.dates[name]:
                known &= ~(table[column].to_numpy(dtype="datetime64[s]") >= day + _ONE_DAY)
            if known.all():
                continue
            tables[name] = table[known].reset_index(drop=True)
            for part in (child, key, refused, damaged):
                if name in part:
                    part[name] = part[name][known]  # type: ignore[assignment]  # all are arrays
            count = int((~known).sum())
            notices.append(
                f"{self.files[name]}: rows dated or recorded after {day}, which do not count: "
                f"{count:,}."
            )
        unborn = tables["children"]["birth_date"].to_numpy(dtype="datetime64[s]") >= day + _ONE_DAY
        if unborn.any():
            tables["children"] = _without_birth(tables["children"], unborn)
            refused["children"] = refused["children"] | unborn
            notices.append(
                f"{self.files['children']}: birth dates after {day}, set to missing: "
                f"{unborn.sum():,}."
            )
        changed = {"tables": tables, "child": child, "key": key, "refused": refused}
        rows = replace(self, **changed, damaged=damaged)  # type: ignore[arg-type]  # by name
        return (rows if notices else self), notices


def _without_birth(children: pd.DataFrame, unborn: Bools) -> pd.DataFrame:
    births = children["birth_date"].to_numpy(dtype="datetime64[s]", copy=True)
    births[unborn] = np.datetime64("NaT", "s")
    return children.assign(birth_date=births)


@dataclass(frozen=True)
class LeftOut:
    """A column that was not read because nobody knows its name.

    `is_suspect`: it is very likely a column that is known, under a wrong name.
    """

    file: str
    column: str
    hint: str
    is_suspect: bool

    def __str__(self) -> str:
        return f"{self.file}: column '{self.column}' {self.hint}"


@dataclass(frozen=True, repr=False)
class CheckedCaseload:
    """Five encoded tables, what was wrong with the input, and which children need data.

    ids are object (None missing), dates datetime64[s] (NaT), enums int16 codes and sets int64 bit
    masks over `Indicator.values` (-1), numbers float64 (NaN), yes/no fields int16 (1, 0, -1). One
    row a child_id in `children` and a household_id in `households`; further rows of one id stand in
    `more_children` and `more_households`, as records of the same child or household. `row` is the
    row in the input file, 0 for a child that only its visits or outcomes name. A visits row whose
    date could not be used stays, with visit_date NaT: its note is still read.

    rejected    DataFrame[file, row, field, expected, action], of the input as a whole
    left_out    columns that were not read because their names are not known
    needs_data  DataFrame[child_id, reason, since], sorted, each pair of the first two once; `since`
                is when the first row that shows it was known, NaT where none has a date
    """

    children: pd.DataFrame
    visits: pd.DataFrame
    households: pd.DataFrame
    outcomes: pd.DataFrame
    decisions: pd.DataFrame
    more_children: pd.DataFrame
    more_households: pd.DataFrame
    rejected: pd.DataFrame
    notices: list[str]
    needs_data: pd.DataFrame
    read_counts: Mapping[str, int] = field(default_factory=dict)
    rows: Rows | None = None
    left_out: tuple[LeftOut, ...] = ()

    def known_by(self, as_of: str | date | np.datetime64) -> CheckedCaseload:
        """The caseload as it was known at the end of a day.

        Left out are rows dated or recorded after it; a child whose own row was recorded later
        stays, by its id only, if a visit or outcome already named it. `rejected` still lists what
        is wrong with the input as a whole.
        """
        assert self.rows is not None
        day = np.datetime64(str(as_of), "D")
        rows, notices = self.rows.known_by(day)
        known = self
        if rows is not self.rows:
            joined = join(rows)
            known = replace(
                self,
                **joined.tables,  # type: ignore[arg-type]  # the tables by name
                needs_data=joined.needs_data,
                rows=rows,
            )
        notices += known._adult_notices(day)
        return replace(known, notices=[*self.notices, *notices]) if notices else known

    def _adult_notices(self, day: np.datetime64) -> list[str]:
        """What to look at where somebody listed is no child any more."""
        assert self.rows is not None
        children = self.children
        by_birth = _years(children["birth_date"], day)
        stated = children["age_years"].to_numpy(dtype=np.float64)
        age = np.where(np.isnan(by_birth), stated + _years(children["recorded_at"], day), by_birth)
        count = int((age >= ADULT_YEARS).sum())
        file = self.rows.files["children"]
        sentence = (
            f"{file}: people of {ADULT_YEARS} or more on {day}, listed all the same: {count:,}."
        )
        return [f"{sentence} Not children? Check birth_date and age_years."] if count else []

    def summary(self) -> dict[str, Any]:
        """Counts for a person, as plain data: nothing in it names a child."""
        assert self.rows is not None
        found = Counter(zip(self.rejected["file"], self.rejected["field"], strict=True))
        return {
            "tables": {
                name: {
                    "file": self.rows.files[name],
                    "rows_read": self.read_counts.get(name, 0),
                    "rows_used": self._rows_used(name),
                }
                for name in self.rows.tables
            },
            "rejected": [
                {"file": file, "field": name, "count": count}
                for (file, name), count in sorted(found.items())
            ],
            "needs_data": dict(sorted(Counter(self.needs_data["reason"]).items())),
            "notices": list(self.notices),
        }

    def _rows_used(self, name: str) -> int:
        further = getattr(self, f"more_{name}", ())
        return int((getattr(self, name)["row"] > 0).sum()) + len(further)

    def __repr__(self) -> str:
        """Counts only: a record must not reach a log or a traceback."""
        return f"CheckedCaseload({len(self.children)} children, {len(self.visits)} visits)"


def _years(dates: pd.Series, day: np.datetime64) -> NDArray[np.float64]:
    """Years from each date to a day; NaN where there is no date."""
    days = dates.to_numpy(dtype="datetime64[s]").astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, (day - days).astype(np.int64) / _DAYS_OF_YEAR)


@dataclass(frozen=True)
class Joined:
    """The tables after their rows were compared, and what that showed."""

    tables: dict[str, pd.DataFrame]
    rejected: pd.DataFrame
    needs_data: pd.DataFrame
    notices: list[str]


class Rejections:
    """Collects what could not be used: file, row, field, what was expected, what was done."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, Ints, str, str, str]] = []

    def add(self, file: str, rows: Ints, field: str, expected: str, action: str) -> None:
        """Report one field of some rows; never a value."""
        if len(rows):
            self._parts.append((file, rows, field, expected, action))

    def frame(self) -> pd.DataFrame:
        """One line for each, in the order they were added."""
        sizes = [len(rows) for _, rows, *_ in self._parts]
        columns: dict[str, Any] = {
            name: np.repeat(np.array([part[place] for part in self._parts], dtype=object), sizes)
            for place, name in enumerate(REJECTED_COLUMNS)
            if name != "row"
        }
        columns["row"] = np.concatenate([np.empty(0, dtype=np.int64)] + [p[1] for p in self._parts])
        return exact_frame({name: columns[name] for name in REJECTED_COLUMNS})


def exact_frame(columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """A table with columns of exactly these types (pandas would turn object texts into `str`)."""
    index = pd.RangeIndex(len(next(iter(columns.values()))))
    series = {
        name: pd.Series(values, index=index, dtype=values.dtype, copy=False)
        for name, values in columns.items()
    }
    return pd.DataFrame(series, index=index, copy=False)


def join(rows: Rows) -> Joined:
    """Compare rows with each other: duplicates, visits before birth, unknown children."""
    report, notices = Rejections(), list[str]()
    needs: list[_Need] = []
    children, more_children = _one_row_each(
        rows, "children", "child_id", rows.child["children"], report, notices
    )
    households, more_households = _one_row_each(
        rows, "households", "household_id", rows.key["households"], report, notices
    )
    listed = rows.child["children"]
    counts = np.bincount(listed, minlength=len(rows.ids))
    again, broken = counts[listed] > 1, rows.refused["children"]
    recorded = rows.tables["children"]["recorded_at"].to_numpy(dtype="datetime64[s]")
    needs.append(_Need(CHILD_ROW_REJECTED, listed[broken], recorded[broken]))
    needs.append(_second_of_each(listed[again], recorded[again]))

    kept = _distinct_visits(rows, report, notices)
    visits, visit_child = _kept(rows.tables["visits"], kept), rows.child["visits"][kept]
    visits, before = _dated_after_birth(rows, visits, visit_child, children, report)
    wrong, damaged = rows.refused["visits"][kept] | before, rows.damaged["visits"][kept]
    entered = visits["recorded_at"].to_numpy(dtype="datetime64[s]")
    needs.append(_Need(VISIT_ROW_REJECTED, visit_child[wrong], entered[wrong]))
    needs.append(_Need(NOTE_UNREADABLE, visit_child[damaged], entered[damaged]))

    unlisted = _unknown_children(rows, counts == 0, report)
    needs.append(unlisted)
    unknown = np.unique(unlisted.child)
    tables = {
        "children": _with_unknown(children, rows.ids[unknown]),
        "visits": visits,
        "households": households,
        "outcomes": _kept(rows.tables["outcomes"], ~rows.refused["outcomes"]),
        "decisions": _kept(rows.tables["decisions"], ~rows.refused["decisions"]),
        "more_children": more_children,
        "more_households": more_households,
    }
    return Joined(tables, report.frame(), _needs_data(rows.ids, needs), notices)


def _kept(table: pd.DataFrame, kept: Bools) -> pd.DataFrame:
    return table if kept.all() else table[kept].reset_index(drop=True)


def _one_row_each(
    rows: Rows, name: str, field: str, key: Ints, report: Rejections, notices: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The newest row of each key, and the further rows of keys that have several.

    The newest row says who the child is: its village, household and birth date, and where one of
    these is blank the next newest that has it. Equal dates: the row whose shared fields (not the
    indicators) have the larger hash, so that neither the order of rows nor a riskier value can
    change who the child is. What further rows recorded stays evidence of the same child.
    """
    table = rows.tables[name]
    twins = np.flatnonzero(np.bincount(key)[key] > 1) if len(key) else key
    if not len(twins):
        return table, table.iloc[:0]
    part = table.iloc[twins]
    shared = [column for column in ("row", *TABLES[name].names) if column in part]
    content = content_hash(part)
    recorded = part["recorded_at"].to_numpy(dtype="datetime64[s]")
    newness = np.where(np.isnat(recorded), _OLDEST, recorded.astype(np.int64))
    place = part["row"].to_numpy()
    order = np.lexsort((-place, content, content_hash(part[shared]), newness, key[twins]))
    twins, content = twins[order], content[order]
    is_last = np.append(key[twins][1:] != key[twins][:-1], True)
    is_copy = np.append((content[1:] == content[:-1]) & ~is_last[:-1], False)
    _report_twins(rows.files[name], table, twins, is_last, is_copy, field, report, notices)
    further = table.iloc[twins[~is_last & ~is_copy]].reset_index(drop=True)
    kept = np.ones(len(table), dtype=bool)
    kept[twins[~is_last]] = False
    return _kept(_with_identity(table, twins, is_last, key), kept), further


def _with_identity(table: pd.DataFrame, twins: Ints, is_last: Bools, key: Ints) -> pd.DataFrame:
    """The table with the newest known identity in the row of each key that counts."""
    newest = {}
    for name in _IDENTITY:
        if name in table:
            known = table[name].iloc[twins].groupby(key[twins]).last()  # skips what is missing
            values = table[name].to_numpy(copy=True)
            values[twins[is_last]] = known.to_numpy(dtype=values.dtype)
            newest[name] = pd.Series(values, index=table.index, dtype=values.dtype)
    return table.assign(**newest)


def _report_twins(
    file: str,
    table: pd.DataFrame,
    twins: Ints,
    is_last: Bools,
    is_copy: Bools,
    field: str,
    report: Rejections,
    notices: list[str],
) -> None:
    older = table["row"].to_numpy()[twins[~is_last & ~is_copy]]
    action = "row kept as a further record; the newest row says who it is about"
    report.add(file, older, field, "an id that one row has", action)
    if is_copy.any():
        notices.append(f"{file}: exact copies of a row left out: {is_copy.sum():,}.")


def _distinct_visits(rows: Rows, report: Rejections, notices: list[str]) -> Bools:
    """Which visits are no exact copies; visits that share an id but differ all stay, reported."""
    table, key = rows.tables["visits"], rows.key["visits"]
    kept = np.ones(len(table), dtype=bool)
    twins = np.flatnonzero(np.bincount(key)[key] > 1) if len(key) else key
    if not len(twins):
        return kept
    place = table["row"].to_numpy()
    content = content_hash(table.iloc[twins])
    order = np.lexsort((place[twins], content, key[twins]))
    twins, content = twins[order], content[order]
    same_id = np.append(False, key[twins][1:] == key[twins][:-1])
    is_copy = same_id & np.append(False, content[1:] == content[:-1])
    kept[twins[is_copy]] = False
    if is_copy.any():
        file = rows.files["visits"]
        notices.append(f"{file}: exact copies of a visit left out: {is_copy.sum():,}.")
    left = twins[~is_copy]
    repeated = left[np.bincount(key[left])[key[left]] > 1]
    report.add(
        rows.files["visits"],
        place[repeated],
        "visit_id",
        "an id that one visit has",
        "row kept; other visits have the same id",
    )
    return kept


def _dated_after_birth(
    rows: Rows, visits: pd.DataFrame, child: Ints, children: pd.DataFrame, report: Rejections
) -> tuple[pd.DataFrame, Bools]:
    """A visit dated before the child was born loses its date; its note is still read."""
    birth = np.full(len(rows.ids), np.datetime64("NaT", "s"))
    listed = pd.Index(rows.ids).get_indexer(pd.Index(children["child_id"]))
    birth[listed] = children["birth_date"].to_numpy(dtype="datetime64[s]")
    dates = visits["visit_date"].to_numpy(dtype="datetime64[s]")
    before = dates < birth[child]
    if not before.any():
        return visits, before
    report.add(
        rows.files["visits"],
        visits["row"].to_numpy()[before],
        "visit_date",
        "a date not before the child's birth_date",
        "date set to missing; the note is still read",
    )
    corrected = np.where(before, np.datetime64("NaT", "s"), dates)
    return visits.assign(visit_date=corrected), before


@dataclass(frozen=True)
class _Need:
    """Children whose data is to be put right, for one reason, and when a row that shows it came."""

    reason: str
    child: Ints
    since: NDArray[np.datetime64]


def _second_of_each(child: Ints, recorded: NDArray[np.datetime64]) -> _Need:
    """Children of several rows, since the second of them came."""
    order = np.lexsort((recorded, child))
    child, recorded = child[order], recorded[order]
    later = np.append(False, child[1:] == child[:-1])[: len(child)]
    return _Need(DUPLICATE_CHILD, child[later], recorded[later])


def _unknown_children(rows: Rows, is_unlisted: Bools, report: Rejections) -> _Need:
    """Children that visits or outcomes name and no children row does."""
    found, since = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype="datetime64[s]")]
    for name in ("visits", "outcomes"):
        child = rows.child[name]
        unlisted = is_unlisted[child]
        report.add(
            rows.files[name],
            rows.tables[name]["row"].to_numpy()[unlisted],
            "child_id",
            "a child_id of the children table",
            "row kept; the child is listed as needing data",
        )
        found.append(child[unlisted])
        columns = [
            rows.tables[name][column].to_numpy("datetime64[s]") for column in rows.dates[name]
        ]
        since.append(reduce(np.fmax, columns)[unlisted])
    return _Need(UNKNOWN_CHILD, np.concatenate(found), np.concatenate(since))


def _with_unknown(children: pd.DataFrame, ids: NDArray[np.object_]) -> pd.DataFrame:
    """The children, and a row with nothing but the id for each unknown child."""
    if not len(ids):
        return children
    columns = {name: _blanks(children[name].to_numpy(), len(ids)) for name in map(str, children)}
    columns["child_id"] = np.array(sorted(ids), dtype=object)
    columns["row"] = np.zeros(len(ids), dtype=np.int64)
    return pd.concat([children, exact_frame(columns)], ignore_index=True)


def _blanks(like: NDArray[Any], count: int) -> NDArray[Any]:
    """Missing values of the same type."""
    missing = {"O": None, "M": np.datetime64("NaT", "s"), "f": np.nan}.get(like.dtype.kind, -1)
    return np.full(count, missing, dtype=like.dtype)


def _needs_data(ids: NDArray[np.object_], needs: list[_Need]) -> pd.DataFrame:
    """One row a child and reason, since the first row that shows it."""
    child = np.concatenate([need.child for need in needs])
    reason = np.repeat([need.reason for need in needs], [len(need.child) for need in needs])
    since = np.concatenate([need.since for need in needs])
    order = np.lexsort((since, reason, ids[child].astype(str)))
    child, reason, since = child[order], reason[order], since[order]
    first = np.append(True, (child[1:] != child[:-1]) | (reason[1:] != reason[:-1]))[: len(child)]
    return exact_frame(
        {
            "child_id": ids[child[first]],
            "reason": reason[first].astype(object),
            "since": since[first],
        }
    )


def content_hash(table: pd.DataFrame) -> NDArray[np.uint64]:
    """A hash of each row's values, whatever its place in the file."""
    return np.asarray(pd.util.hash_pandas_object(table.drop(columns="row"), index=False))

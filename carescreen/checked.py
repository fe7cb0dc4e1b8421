"""A checked caseload: encoded tables that agree with each other, as a whole or as of a date.

Row by row checks come first (caseload.py) and give `Rows`. What depends on other rows is decided
here, by `join`: which of two rows of one child says who it is, visits before birth, visits of
children that no table lists. It is decided again for each as-of date, from the rows known by then only, so
that nothing entered later shows (law 7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.amendments import amended
from carescreen.counted import Count, Counted, count_of
from carescreen.fields import TABLES
from carescreen.sheet import Bools, Ints, Sheet, objects, places, some

REJECTED_COLUMNS = ("file", "row", "field", "expected", "action")
DUPLICATE_CHILD = "duplicate_child"
CHILD_ROW_REJECTED = "child_row_rejected"
VISIT_ROW_REJECTED = "visit_row_rejected"
UNKNOWN_CHILD = "unknown_child"
NOTE_UNREADABLE = "note_unreadable"
# The field, what was expected and what was done where visits share an id.
SHARED_VISIT = ("visit_id", "an id that one visit has", "row kept; other visits have the same id")
ADULT_YEARS = 25  # so old on the as-of date: still listed, but a person should look

# Who a child is; taken over from an older row where the newest one leaves it blank.
_PLACE = ("village_id", "county_id", "province_id")
_IDENTITY = (*_PLACE, "household_id", "caseworker_id", "birth_date")
_DAYS_OF_YEAR = 365.2425
_ONE_DAY = np.timedelta64(1, "D")
_NO_TIME = np.datetime64("NaT", "s")
_OLDEST = np.iinfo(np.int64).min


@dataclass(frozen=True, repr=False)  # its values are records
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

    tables: Mapping[str, Sheet]
    files: Mapping[str, str]
    ids: NDArray[np.object_]
    child: Mapping[str, Ints]
    key: Mapping[str, Ints]
    refused: Mapping[str, Bools]
    damaged: Mapping[str, Bools]
    dates: Mapping[str, tuple[str, ...]]

    def known_by(self, day: np.datetime64) -> tuple[Rows, list[Counted]]:
        """The rows dated and recorded by a day (undated ones count), and what was left out."""
        tables, child, key = dict(self.tables), dict(self.child), dict(self.key)
        refused, damaged = dict(self.refused), dict(self.damaged)
        notices: list[Counted] = []
        next_day = (day + _ONE_DAY).astype("datetime64[s]")
        for place, (name, table) in enumerate(self.tables.items()):
            if not len(table):
                continue
            later = [found for c in self.dates[name] if some(found := table[c] >= next_day)]
            if not later:
                continue
            known: Bools = ~reduce(np.logical_or, later)
            tables[name] = table.take(known)
            for part in (child, key, refused, damaged):
                if name in part:
                    part[name] = part[name][known]  # type: ignore[assignment]  # all are arrays
            count = int((~known).sum())
            before = f"{self.files[name]}: rows dated or recorded after {day}, which do not count: "
            notices.append(Counted("later_rows", place, before, count))
        unborn = tables["children"]["birth_date"] >= next_day
        if some(unborn):
            tables["children"] = _without_birth(tables["children"], unborn)
            refused["children"] = refused["children"] | unborn
            before = f"{self.files['children']}: birth dates after {day}, set to missing: "
            notices.append(Counted("unborn", 0, before, int(unborn.sum())))
        if not notices:
            return self, notices
        changed = {"tables": tables, "child": child, "key": key, "refused": refused}
        rows = replace(self, **changed, damaged=damaged)  # type: ignore[arg-type]  # by name
        return rows, notices


def _without_birth(children: Sheet, unborn: Bools) -> Sheet:
    return children.with_columns(birth_date=np.where(unborn, _NO_TIME, children["birth_date"]))


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
    date could not be used stays, with visit_date NaT: its note is still read. A visits row that a
    later one amends stands in `more_visits` (see carescreen.amendments).

    sheets    the tables by name, which the properties of the same name give as data frames
    findings  what `rejected` gives: file, row, field, expected, action, of the input as a whole
    needs     what `needs_data` gives: child_id, reason, since, sorted, each pair of the first two
              once; `since` is when the first row that shows it was known, NaT where none has a date
    left_out  columns that were not read because their names are not known
    """

    sheets: Mapping[str, Sheet]
    findings: Sheet
    notices: list[str]
    needs: Sheet
    read_counts: Mapping[str, int] = field(default_factory=dict)
    rows: Rows | None = None
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def children(self) -> pd.DataFrame:
        """One row a child."""
        return self.sheets["children"].to_frame()

    @cached_property
    def visits(self) -> pd.DataFrame:
        """One row a visit."""
        return self.sheets["visits"].to_frame()

    @cached_property
    def households(self) -> pd.DataFrame:
        """One row a household."""
        return self.sheets["households"].to_frame()

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row an outcome."""
        return self.sheets["outcomes"].to_frame()

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """One row a decision."""
        return self.sheets["decisions"].to_frame()

    @cached_property
    def more_children(self) -> pd.DataFrame:
        """Further rows of children that have several."""
        return self.sheets["more_children"].to_frame()

    @cached_property
    def more_households(self) -> pd.DataFrame:
        """Further rows of households that have several."""
        return self.sheets["more_households"].to_frame()

    @cached_property
    def more_visits(self) -> pd.DataFrame:
        """Earlier wordings of visits that a later row amends."""
        return self.sheets["more_visits"].to_frame()

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """What could not be used, of the input as a whole: file, row, field, expected, action."""
        return self.findings.to_frame()

    @cached_property
    def needs_data(self) -> pd.DataFrame:
        """Which children need data: child_id, reason, since."""
        return self.needs.to_frame()

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
                sheets=joined.tables,
                needs=joined.needs,
                rows=rows,
            )
        notices += known._adult_notices(day)
        return replace(known, notices=[*self.notices, *notices]) if notices else known

    def _adult_notices(self, day: np.datetime64) -> list[Counted]:
        """What to look at where somebody listed is no child any more."""
        assert self.rows is not None
        children = self.sheets["children"]
        by_birth = _years(children["birth_date"], day)
        stated = children["age_years"]
        age = np.where(np.isnan(by_birth), stated + _years(children["recorded_at"], day), by_birth)
        count = int((age >= ADULT_YEARS).sum())
        if not count:
            return []
        file = self.rows.files["children"]
        before = f"{file}: people of {ADULT_YEARS} or more on {day}, listed all the same: "
        after = ". Not children? Check birth_date and age_years."
        return [Counted("adults", 0, before, count, after)]

    @property
    def is_synthetic(self) -> bool:
        """Whether a child is invented."""
        return bool((self.sheets["children"]["data_origin"] == "synthetic").any())

    def counted(self) -> list[tuple[Count, int]]:
        """What its notices count, to be added up with those of other parts of a caseload.

        Without columns that are not read: each part has the same.
        """
        of_columns = {str(column) for column in self.left_out}
        return [count_of(notice) for notice in self.notices if notice not in of_columns]

    def summary(self) -> dict[str, Any]:
        """Counts for a person, as plain data: nothing in it names a child."""
        assert self.rows is not None
        found = Counter(zip(self.findings["file"], self.findings["field"], strict=True))
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
            "needs_data": dict(sorted(Counter(self.needs["reason"]).items())),
            "notices": list(self.notices),
        }

    def _rows_used(self, name: str) -> int:
        further = self.sheets.get(f"more_{name}", ())
        return int((self.sheets[name]["row"] > 0).sum()) + len(further)

    def __repr__(self) -> str:
        """Counts only: a record must not reach a log or a traceback."""
        children, visits = self.sheets["children"], self.sheets["visits"]
        return f"CheckedCaseload({len(children)} children, {len(visits)} visits)"


def _years(dates: NDArray[np.datetime64], day: np.datetime64) -> NDArray[np.float64]:
    """Years from each date to a day; NaN where there is no date."""
    days = dates.astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, (day - days).astype(np.int64) / _DAYS_OF_YEAR)


@dataclass(frozen=True, repr=False)  # its values are records
class Joined:
    """The tables after their rows were compared, and what that showed."""

    tables: dict[str, Sheet]
    rejected: Rejections
    needs: Sheet
    notices: list[str]


class Rejections:
    """Collects what could not be used: file, row, field, what was expected, what was done."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, Ints, str, str, str]] = []

    def add(self, file: str, rows: Ints, field: str, expected: str, action: str) -> None:
        """Report one field of some rows; never a value."""
        if len(rows):
            self._parts.append((file, rows, field, expected, action))

    def __bool__(self) -> bool:
        """Whether anything was reported."""
        return bool(self._parts)

    def sheet(self) -> Sheet:
        """One row for each, in the order they were added."""
        if not self._parts:
            return _NOTHING_REJECTED
        sizes = [len(rows) for _, rows, *_ in self._parts]
        columns: dict[str, Any] = {
            name: np.repeat(objects([part[place] for part in self._parts]), sizes)
            for place, name in enumerate(REJECTED_COLUMNS)
            if name != "row"
        }
        columns["row"] = np.concatenate([np.empty(0, dtype=np.int64)] + [p[1] for p in self._parts])
        return Sheet({name: columns[name] for name in REJECTED_COLUMNS})

    def sorted_with(self, other: Rejections, files: Mapping[str, str]) -> Sheet:
        """All that was rejected here and there, by table, row and field."""
        both = Rejections()
        both._parts = [*self._parts, *other._parts]
        found = both.sheet()
        if not len(found):
            return found
        return in_file_order(found, list(files.values()))


def in_file_order(findings: Sheet, files: Sequence[str]) -> Sheet:
    """What was rejected by table, row, field and what was expected."""
    place = {file: number for number, file in enumerate(files)}
    table = np.array([place.get(file, len(place)) for file in findings["file"]], dtype=np.int64)
    texts = findings["expected"].astype(str), findings["field"].astype(str)
    return findings.take(np.lexsort((*texts, findings["row"], table)))


_NOTHING_REJECTED = Sheet(
    {name: np.empty(0, np.int64 if name == "row" else object) for name in REJECTED_COLUMNS}
)


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
    recorded = rows.tables["children"]["recorded_at"]
    needs.append(_Need(CHILD_ROW_REJECTED, listed[broken], recorded[broken]))
    needs.append(_second_of_each(listed[again], recorded[again]))

    kept = _distinct_visits(rows, notices)
    visits, visit_child = rows.tables["visits"].kept(kept), rows.child["visits"][kept]
    visits, before = _dated_after_birth(rows, visits, visit_child, children, report)
    wrong, damaged = rows.refused["visits"][kept] | before, rows.damaged["visits"][kept]
    earlier, more_visits = amended(visits, rows.key["visits"][kept], visit_child)
    _report_visits(rows, visits, kept, earlier, report, notices)
    visits, visit_child = visits.kept(~earlier), visit_child[~earlier]
    wrong, damaged, entered = wrong[~earlier], damaged[~earlier], visits["recorded_at"]
    needs.append(_Need(VISIT_ROW_REJECTED, visit_child[wrong], entered[wrong]))
    needs.append(_Need(NOTE_UNREADABLE, visit_child[damaged], entered[damaged]))

    unlisted = _unknown_children(rows, counts == 0, report)
    needs.append(unlisted)
    unknown = np.unique(unlisted.child) if len(unlisted.child) else unlisted.child
    tables = {
        "children": _with_unknown(children, rows.ids[unknown]),
        "visits": visits,
        "households": households,
        "outcomes": rows.tables["outcomes"].kept(~rows.refused["outcomes"]),
        "decisions": rows.tables["decisions"].kept(~rows.refused["decisions"]),
        "more_children": more_children,
        "more_visits": more_visits,
        "more_households": more_households,
    }
    return Joined(tables, report, _needs_data(rows.ids, needs), notices)


def _one_row_each(
    rows: Rows, name: str, field: str, key: Ints, report: Rejections, notices: list[str]
) -> tuple[Sheet, Sheet]:
    """The newest row of each key, and the further rows of keys that have several.

    The newest row says who the child is: its village, household and birth date, and where one of
    these is blank the next newest that has it. Equal dates: the row whose shared fields (not the
    indicators) have the larger hash, so that neither the order of rows nor a riskier value can
    change who the child is. What further rows recorded stays evidence of the same child.
    """
    table = rows.tables[name]
    twins = np.flatnonzero(np.bincount(key)[key] > 1) if len(key) else key
    if not len(twins):
        return table, table.take(slice(0))
    part = table.take(twins)
    shared = [column for column in TABLES[name].names if column in part]
    content = content_hash(part)
    recorded = part["recorded_at"]
    newness = np.where(np.isnat(recorded), _OLDEST, recorded.astype(np.int64))
    place = part["row"]
    order = np.lexsort((-place, content, content_hash(part.only(shared)), newness, key[twins]))
    twins, content = twins[order], content[order]
    is_last = np.append(key[twins][1:] != key[twins][:-1], True)
    is_copy = np.append((content[1:] == content[:-1]) & ~is_last[:-1], False)
    _report_twins(rows.files[name], table, twins, is_last, is_copy, field, report, notices)
    further = table.take(twins[~is_last & ~is_copy])
    kept = np.ones(len(table), dtype=bool)
    kept[twins[~is_last]] = False
    return _with_identity(table, twins, is_last, key).kept(kept), further


def _with_identity(table: Sheet, twins: Ints, is_last: Bools, key: Ints) -> Sheet:
    """The table with the newest known identity in the row of each key that counts."""
    newest = {}
    for name in _IDENTITY:
        if name in table:
            values = table[name].copy()
            part = pd.Series(values[twins], dtype=values.dtype)
            known = part.groupby(key[twins]).last()  # skips what is missing
            values[twins[is_last]] = known.to_numpy(dtype=values.dtype)
            newest[name] = values
    return table.with_columns(**newest)


def _report_twins(
    file: str,
    table: Sheet,
    twins: Ints,
    is_last: Bools,
    is_copy: Bools,
    field: str,
    report: Rejections,
    notices: list[str],
) -> None:
    older = table["row"][twins[~is_last & ~is_copy]]
    action = "row kept as a further record; the newest row says who it is about"
    report.add(file, older, field, "an id that one row has", action)
    if is_copy.any():
        before, number = f"{file}: exact copies of a row left out: ", int(is_copy.sum())
        notices.append(Counted("copied_rows", int(field == "household_id"), before, number))


def _distinct_visits(rows: Rows, notices: list[str]) -> Bools:
    """Which visits are no exact copies of another."""
    table, key = rows.tables["visits"], rows.key["visits"]
    kept = np.ones(len(table), dtype=bool)
    twins = np.flatnonzero(np.bincount(key)[key] > 1) if len(key) else key
    if not len(twins):
        return kept
    place = table["row"]
    content = content_hash(table.take(twins))
    order = np.lexsort((place[twins], content, key[twins]))
    twins, content = twins[order], content[order]
    same_id = np.append(False, key[twins][1:] == key[twins][:-1])
    is_copy = same_id & np.append(False, content[1:] == content[:-1])
    kept[twins[is_copy]] = False
    if is_copy.any():
        file = rows.files["visits"]
        before = f"{file}: exact copies of a visit left out: "
        notices.append(Counted("copied_visits", 0, before, int(is_copy.sum())))
    return kept


def _report_visits(
    rows: Rows,
    visits: Sheet,
    kept: Bools,
    earlier: Bools,
    report: Rejections,
    notices: list[str],
) -> None:
    """Say which visits were amended, and which share an id that no order tells apart."""
    file, key = rows.files["visits"], rows.key["visits"][kept][~earlier]
    if earlier.any():
        before = f"{file}: rows that a later row of the same visit amends: "
        notices.append(Counted("amended_visits", 0, before, int(earlier.sum())))
    repeated = np.bincount(key)[key] > 1 if len(key) else key.astype(bool)
    report.add(file, visits["row"][~earlier][repeated], *SHARED_VISIT)


def _dated_after_birth(
    rows: Rows, visits: Sheet, child: Ints, children: Sheet, report: Rejections
) -> tuple[Sheet, Bools]:
    """A visit dated before the child was born loses its date; its note is still read."""
    birth = np.full(len(rows.ids), _NO_TIME)
    birth[places(rows.ids, children["child_id"])] = children["birth_date"]
    dates = visits["visit_date"]
    before = dates < birth[child]
    if not before.any():
        return visits, before
    report.add(
        rows.files["visits"],
        visits["row"][before],
        "visit_date",
        "a date not before the child's birth_date",
        "date set to missing; the note is still read",
    )
    return visits.with_columns(visit_date=np.where(before, _NO_TIME, dates)), before


@dataclass(frozen=True)
class _Need:
    """Children whose data is to be put right, for one reason, and when a row that shows it came."""

    reason: str
    child: Ints
    since: NDArray[np.datetime64]


def _second_of_each(child: Ints, recorded: NDArray[np.datetime64]) -> _Need:
    """Children of several rows, since the second of them came."""
    if not len(child):
        return _Need(DUPLICATE_CHILD, child, recorded)
    order = np.lexsort((recorded, child))
    child, recorded = child[order], recorded[order]
    later = np.append(False, child[1:] == child[:-1])
    return _Need(DUPLICATE_CHILD, child[later], recorded[later])


def _unknown_children(rows: Rows, is_unlisted: Bools, report: Rejections) -> _Need:
    """Children that visits or outcomes name and no children row does."""
    found, since = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype="datetime64[s]")]
    if not is_unlisted.any():
        return _Need(UNKNOWN_CHILD, found[0], since[0])
    for name in ("visits", "outcomes"):
        child = rows.child[name]
        unlisted = is_unlisted[child]
        report.add(
            rows.files[name],
            rows.tables[name]["row"][unlisted],
            "child_id",
            "a child_id of the children table",
            "row kept; the child is listed as needing data",
        )
        found.append(child[unlisted])
        columns = [rows.tables[name][column] for column in rows.dates[name]]
        since.append(reduce(np.fmax, columns)[unlisted])
    return _Need(UNKNOWN_CHILD, np.concatenate(found), np.concatenate(since))


def _with_unknown(children: Sheet, ids: NDArray[np.object_]) -> Sheet:
    """The children, and a row with nothing but the id for each unknown child."""
    if not len(ids):
        return children
    columns = {name: _blanks(children[name], len(ids)) for name in children}
    columns["child_id"] = objects(sorted(ids))
    columns["row"] = np.zeros(len(ids), dtype=np.int64)
    return Sheet.joined([children, Sheet(columns)])


def _blanks(like: NDArray[Any], count: int) -> NDArray[Any]:
    """Missing values of the same type."""
    missing = {"O": None, "M": _NO_TIME, "f": np.nan}.get(like.dtype.kind, -1)
    return np.full(count, missing, dtype=like.dtype)


NOTHING_NEEDED = Sheet(
    {
        "child_id": np.empty(0, dtype=object),
        "reason": np.empty(0, dtype=object),
        "since": np.empty(0, dtype="datetime64[s]"),
    }
)


def _needs_data(ids: NDArray[np.object_], needs: list[_Need]) -> Sheet:
    """One row a child and reason, since the first row that shows it."""
    if not any(len(need.child) for need in needs):
        return NOTHING_NEEDED
    child = np.concatenate([need.child for need in needs])
    reason = np.repeat([need.reason for need in needs], [len(need.child) for need in needs])
    since = np.concatenate([need.since for need in needs])
    order = np.lexsort((since, reason, ids[child].astype(str)))
    child, reason, since = child[order], reason[order], since[order]
    first = np.append(True, (child[1:] != child[:-1]) | (reason[1:] != reason[:-1]))[: len(child)]
    return Sheet(
        {
            "child_id": ids[child[first]],
            "reason": reason[first].astype(object),
            "since": since[first],
        }
    )


def content_hash(table: Sheet) -> NDArray[np.uint64]:
    """A hash of each row's values, whatever its place in the file."""
    frame = table.only([name for name in table if name != "row"]).to_frame()
    return np.asarray(pd.util.hash_pandas_object(frame, index=False))

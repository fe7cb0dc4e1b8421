"""Every recording of an indicator in a block: on the child, its household and its visits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from carescreen.block import Block, Days, Times, rows_of, sortable, to_days
from carescreen.columns import FROM_CHILDREN, FROM_HOUSEHOLDS, FROM_VISITS, Recordings
from carescreen.indicators import Indicator
from carescreen.sheet import Bools, Ints, Sheet, every, some


@dataclass(frozen=True, repr=False)  # its values are records
class Observations:
    """Known values of one indicator, sorted by child and date: one entry a recording."""

    child: Ints
    date: Days
    known_at: Times
    values: NDArray[np.generic]
    table: NDArray[np.int8]
    place: Ints  # equal for rows that have no order among them
    row: Ints

    def take(self, index: Ints | Bools) -> Observations:
        if index.dtype == bool:
            index = np.flatnonzero(index)
        return Observations(
            self.child[index],
            self.date[index],
            self.known_at[index],
            self.values[index],
            self.table[index],
            self.place[index],
            self.row[index],
        )

    @classmethod
    def joined(cls, parts: list[Observations]) -> Observations:
        """The entries of several parts, one after the other."""
        return cls(
            np.concatenate([part.child for part in parts]),
            np.concatenate([part.date for part in parts]),
            np.concatenate([part.known_at for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.table for part in parts]),
            np.concatenate([part.place for part in parts]),
            np.concatenate([part.row for part in parts]),
        )

    @property
    def recordings(self) -> Recordings:
        return Recordings(self.child, self.date, self.known_at, self.values)


@dataclass(frozen=True)
class Source:
    """The rows of one table of a block, each with the child that it is about and its dates.

    entries  what an indicator's recordings have in common, of each row and child; `values` is empty
    at       the row of the sheet that each entry is of; None: entry i is of row i
    ordered  whether entries are sorted by child and date
    earlier  whether they are earlier wordings of visits, of which only grave events still count
    """

    sheet: Sheet
    entries: Observations
    at: Ints | None
    ordered: bool
    earlier: bool = False

    def observations(self, indicator: Indicator) -> Observations:
        """The recordings of an indicator: entries with a known value."""
        values = self.sheet[indicator.id]
        if self.at is not None:
            values = values[self.at]
        found = self.entries
        whole = Observations(
            found.child, found.date, found.known_at, values, found.table, found.place, found.row
        )
        known = _known(values, indicator)
        if self.earlier:
            known[known] = risk_of(values[known], indicator) > baseline_risk(indicator)
        return whole if every(known) else whole.take(known)


def sources(block: Block) -> list[Source]:
    """The tables of a block that record indicators: children, households, visits."""
    return [*_children(block), *_households(block), *_visits(block)]


def observations(found: list[Source], indicator: Indicator) -> Observations | None:
    """All recordings of an indicator; None where no table has it."""
    stays = stays_when_amended(indicator)
    having = [s for s in found if indicator.id in s.sheet and (stays or not s.earlier)]
    if not having:
        return None
    if len(having) == 1:
        only = having[0]
        return _with_ties_by_risk(only.observations(indicator), indicator, only.ordered)
    joined = Observations.joined([source.observations(indicator) for source in having])
    return _with_ties_by_risk(joined, indicator, ordered=False)


def _with_ties_by_risk(records: Observations, indicator: Indicator, ordered: bool) -> Observations:
    """Sort by child, date, risk, table and row: the last of a child is the one that counts.

    Several rows of one child, or visits that share an id, have no order of their own: equally
    risky ones go by their value.
    """
    if len(records.child) < 2:
        return records
    days = sortable(records.date)
    if ordered and not ((records.child[1:] == records.child[:-1]) & (days[1:] == days[:-1])).any():
        return records
    # Rows of each source are in order already: a stable sort of one key merges them, far faster
    # than sorting by two keys. Days of dates that a person can enter have less than 32 bits.
    order = np.argsort((records.child << 32) + days, kind="stable")
    same = (np.diff(records.child[order]) == 0) & (np.diff(days[order]) == 0)
    if some(same):
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        order[tied] = order[tied][_order_of_ties(records.take(order[tied]), indicator)]
    return records.take(order)


def _order_of_ties(records: Observations, indicator: Indicator) -> Ints:
    """The order of recordings that others of the same child and date stand beside."""
    value, risk = _sortable_values(records.values), risk_of(records.values, indicator)
    days = sortable(records.date)
    return np.lexsort((records.row, value, records.place, records.table, risk, days, records.child))


def _sortable_values(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return values.astype(np.int64) if values.dtype.kind == "M" else values


def _known(values: NDArray[np.generic], indicator: Indicator) -> Bools:
    if indicator.type in ("enum", "set"):
        return np.asarray(values >= 0)  # type: ignore[operator]  # integer codes
    if indicator.type in ("date", "datetime"):
        return np.asarray(~np.isnat(values))
    return ~np.isnan(np.asarray(values, dtype=np.float64))


def risk_of(values: NDArray[np.generic], indicator: Indicator) -> NDArray[np.float64]:
    """Position in the declared risk order, larger is riskier; 0 where no order is declared."""
    if indicator.type == "enum" and indicator.risk_order is not None:
        table = _risk_table(indicator.values, indicator.risk_order)
        return table[np.asarray(values, dtype=np.int64)]
    if indicator.risk_direction is None:
        return np.zeros(len(values))
    if indicator.type == "set":
        amount = np.bitwise_count(np.asarray(values, dtype=np.int64)).astype(float)
    else:
        amount = np.asarray(values, dtype=np.float64)
    return amount if indicator.risk_direction == "up" else -amount


@lru_cache(maxsize=1024)
def _risk_table(values: tuple[str, ...], order: tuple[str, ...]) -> NDArray[np.float64]:
    return np.array([order.index(value) for value in values], dtype=np.float64)


_NO_VALUES = np.empty(0)


def _entries(
    table: int, child: Ints, date: Days, known_at: Times, row: Ints, place: Ints | None = None
) -> Observations:
    number = np.full(len(child), table, dtype=np.int8)
    place = np.zeros(len(child), dtype=np.int64) if place is None else place
    return Observations(child, date, known_at, _NO_VALUES, number, place, row)


def _children(block: Block) -> Iterator[Source]:
    rows = np.arange(block.n, dtype=np.int64)
    for sheet, child in ((block.children, rows), (block.more_children, block.more_child)):
        if sheet is block.children or len(sheet):
            at = sheet["recorded_at"]
            entries = _entries(FROM_CHILDREN, child, to_days(at), at, child)
            yield Source(sheet, entries, None, ordered=sheet is block.children)


def _households(block: Block) -> Iterator[Source]:
    child = np.flatnonzero(block.household_row >= 0)
    row = block.household_row[child]
    if len(block.households):
        yield _household_rows(block.households, row, child, ordered=True)
    if len(block.more_households):
        more, owner = rows_of(block.more_household, row)
        yield _household_rows(block.more_households, more, child[owner], ordered=False)


def _household_rows(sheet: Sheet, at: Ints, members: Ints, ordered: bool) -> Source:
    when = sheet["recorded_at"][at]
    entries = _entries(FROM_HOUSEHOLDS, members, to_days(when), when, at)
    return Source(sheet, entries, at, ordered)


def _visits(block: Block) -> Iterator[Source]:
    rows = np.arange(len(block.wordings.rows), dtype=np.int64)
    count = len(block.visits)
    for sheet, part, place in (
        (block.visits, slice(count), block.visit_place),
        # before what the visit says now: of two equal values, that one is shown
        (block.more_visits, slice(count, None), np.full(len(block.more_visits), -1)),
    ):
        if sheet is block.visits or len(sheet):
            when = block.wordings
            dates = when.child[part], when.date[part], when.known_at[part]
            entries = _entries(FROM_VISITS, *dates, rows[part], place)
            is_earlier = sheet is not block.visits
            yield Source(sheet, entries, None, ordered=not is_earlier, earlier=is_earlier)


def baseline_risk(indicator: Indicator) -> float:
    """The risk of nothing observed: what is above it is evidence with a date."""
    if indicator.type in ("enum", "set"):
        return 0.0
    baseline = indicator.baseline
    amount = float(baseline) if isinstance(baseline, float) else 0.0
    return amount if indicator.risk_direction == "up" else -amount


def stays_when_amended(indicator: Indicator) -> bool:
    """Whether only a person's decision, never an edit of the row, lays an event to rest."""
    is_grave = indicator.hold == "until_closed" and indicator.sensitivity == "highly_sensitive"
    return is_grave and is_event(indicator)


def is_event(indicator: Indicator) -> bool:
    """Whether the riskiest recording counts; an event without an order goes by the newest."""
    return indicator.kind == "event" and indicator.is_ordered

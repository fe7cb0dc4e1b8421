"""Every recording of an indicator in a block: on the child, its household and its visits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from carescreen.block import Block, Days, Ints, Times, rows_of, sortable
from carescreen.columns import FROM_CHILDREN, FROM_HOUSEHOLDS, FROM_VISITS, Recordings
from carescreen.indicators import Indicator


@dataclass(frozen=True)
class Observations:
    """Known values of one indicator, sorted by child and date: one entry a recording."""

    child: Ints
    date: Days
    known_at: Times
    values: NDArray[np.generic]
    risk: NDArray[np.float64]
    table: NDArray[np.int8]
    place: Ints  # equal for rows that have no order among them
    row: Ints

    def take(self, index: Ints | NDArray[np.bool_]) -> Observations:
        return Observations(*(getattr(self, field.name)[index] for field in fields(self)))

    @property
    def recordings(self) -> Recordings:
        return Recordings(self.child, self.date, self.known_at, self.values)


def observations(block: Block, indicator: Indicator) -> Observations | None:
    parts = [
        *_from_children(block, indicator),
        *_from_households(block, indicator),
        *_from_visits(block, indicator),
    ]
    if not parts:
        return None
    if len(parts) == 1 and parts[0].table.size and parts[0].table[0] == FROM_VISITS:
        return _with_ties_by_risk(parts[0], presorted=True)
    joined = Observations(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Observations)
        )
    )
    return _with_ties_by_risk(joined, presorted=False)


def _with_ties_by_risk(records: Observations, presorted: bool) -> Observations:
    """Sort by child, date, risk, table and row: the last of a child is the one that counts.

    Several rows of one child, or visits that share an id, have no order of their own: equally
    risky ones go by their value.
    """
    days = sortable(records.date)
    if presorted:
        same = (np.diff(records.child) == 0) & (np.diff(days) == 0)
        if not same.any():
            return records
    value = _sortable_values(records.values)
    order = np.lexsort(
        (records.row, value, records.place, records.table, records.risk, days, records.child)
    )
    return records.take(order)


def _sortable_values(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return values.astype(np.int64) if values.dtype.kind == "M" else values


def _known(values: NDArray[np.generic], indicator: Indicator) -> NDArray[np.bool_]:
    if indicator.type in ("enum", "set"):
        return np.asarray(values >= 0)  # type: ignore[operator]  # integer codes
    if indicator.type in ("date", "datetime"):
        return np.asarray(~np.isnat(values))
    return ~np.isnan(np.asarray(values, dtype=np.float64))


def risk_of(values: NDArray[np.generic], indicator: Indicator) -> NDArray[np.float64]:
    """Position in the declared risk order, larger is riskier; 0 where no order is declared."""
    if indicator.type == "enum" and indicator.risk_order is not None:
        table = np.array([indicator.risk_order.index(v) for v in indicator.values], dtype=float)
        return table[np.asarray(values, dtype=np.int64)]
    if indicator.risk_direction is None:
        return np.zeros(len(values))
    if indicator.type == "set":
        amount = np.bitwise_count(np.asarray(values, dtype=np.int64)).astype(float)
    else:
        amount = np.asarray(values, dtype=np.float64)
    return amount if indicator.risk_direction == "up" else -amount


def _part(
    indicator: Indicator,
    table: int,
    child: Ints,
    date: Days,
    known_at: Times,
    values: NDArray[np.generic],
    row: Ints,
    place: Ints | None = None,
) -> Observations:
    known = _known(values, indicator)
    values = values[known]
    return Observations(
        child[known],
        date[known],
        known_at[known],
        values,
        risk_of(values, indicator),
        np.full(len(values), table, dtype=np.int8),
        np.zeros(len(values), dtype=np.int64) if place is None else place[known],
        row[known],
    )


def _from_children(block: Block, indicator: Indicator) -> Iterator[Observations]:
    rows = np.arange(block.n, dtype=np.int64)
    for table, child in ((block.children, rows), (block.more_children, block.more_child)):
        if indicator.id in table and (table is block.children or len(table)):
            at = table["recorded_at"].to_numpy(dtype="datetime64[s]")
            values = table[indicator.id].to_numpy()
            yield _part(
                indicator, FROM_CHILDREN, child, at.astype("datetime64[D]"), at, values, child
            )


def _from_households(block: Block, indicator: Indicator) -> Iterator[Observations]:
    child = np.flatnonzero(block.household_row >= 0)
    row = block.household_row[child]
    more, owner = rows_of(block.more_household, row)
    for table, at, members in (
        (block.households, row, child),
        (block.more_households, more, child[owner]),
    ):
        if indicator.id in table and len(table):
            values = table[indicator.id].to_numpy()[at]
            when = table["recorded_at"].to_numpy(dtype="datetime64[s]")[at]
            dates = when.astype("datetime64[D]")
            yield _part(indicator, FROM_HOUSEHOLDS, members, dates, when, values, at)


def _from_visits(block: Block, indicator: Indicator) -> Iterator[Observations]:
    if indicator.id not in block.visits:
        return
    yield _part(
        indicator,
        FROM_VISITS,
        block.visit_child,
        block.visit_date,
        block.visit_known_at,
        block.visits[indicator.id].to_numpy(),
        np.arange(len(block.visits), dtype=np.int64),
        block.visit_place,
    )


def is_event(indicator: Indicator) -> bool:
    """Whether the riskiest recording counts; an event without an order goes by the newest."""
    return indicator.kind == "event" and indicator.is_ordered

"""Cases: one row per child as of a date, with where every value came from.

The value rules, for an indicator recorded on the child, its household and its visits:

    state  the newest value; on equal dates the riskier one, then the larger visit_id
    event  the riskiest value while it holds: until a person closes it, or for the pack's
           `event_window_days`; sets of things seen are united
    derived  computed here from dates: age, days since seen, failed visits in a row

A record without a date is older than any dated state, and an event without a date holds. Blank
and missing words never replace a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.block import NO_DATE, Block, Days, known_after, last_seen_by_visit, sortable
from carescreen.cases_of_one import ChildColumns
from carescreen.columns import FROM_NOWHERE, Column, Noted, Recordings
from carescreen.derived import count_prior_concerns, derived_columns
from carescreen.indicators import Indicator
from carescreen.observations import (
    Observations,
    baseline_risk,
    is_event,
    observations,
    risk_of,
    sources,
)
from carescreen.pack import Settings
from carescreen.sheet import Ints, every, put_in_place, some

_NO_TIME = np.datetime64("NaT", "s")
_ONLY = np.zeros(1, dtype=np.int64)  # the one row of one record


@dataclass(frozen=True, repr=False)  # its values are records
class Cases:
    """One row per child as of a date (see carescreen.columns.CaseData)."""

    block: Block
    as_of: np.datetime64
    columns: Mapping[str, Column]
    noted: Mapping[str, Noted]

    @property
    def n(self) -> int:
        """Number of children."""
        return self.block.n

    def number(self, indicator: str) -> NDArray[np.float64]:
        """A numeric indicator, NaN where unknown or nowhere recorded."""
        column = self.columns.get(indicator)
        if column is None:
            return np.full(self.n, np.nan)
        return np.asarray(column.values, dtype=np.float64)


def build_columns(
    block: Block, indicators: Mapping[str, Indicator], settings: Settings, as_of: np.datetime64
) -> dict[str, Column]:
    """Every indicator that some table records, and the derived ones."""
    columns: dict[str, Column] = {}
    tables = sources(block)
    recorded = {name for source in tables for name in source.sheet}
    alone = block.n == 1 and block.cutoff is None
    child = ChildColumns(block, tables, settings.event_window_days, as_of) if alone else None
    for indicator in indicators.values():
        if indicator.id not in recorded or indicator.kind == "derived":
            continue
        if child is not None and indicator.type != "string":
            column = child.column(indicator)
            if column is not None:
                columns[indicator.id] = column
                continue
        records = observations(tables, indicator) if indicator.type != "string" else None
        if records is None:
            continue
        if is_event(indicator):
            columns[indicator.id] = _event(block, indicator, records, settings, as_of)
        else:
            columns[indicator.id] = _state(block, records)
    columns.update(derived_columns(block, columns, as_of))
    count_prior_concerns(block, indicators, columns, as_of)
    return columns


@dataclass(frozen=True)
class _Chosen:
    """One record of each child that has any: its value, its dates, and where it stands."""

    values: NDArray[np.generic]
    first_on: Days
    last_on: Days
    record: Observations


def _column(n: int, chosen: _Chosen, recordings: Recordings, is_event: bool) -> Column:
    """One record a child as values of all n children."""
    child = chosen.record.child
    if len(child) == n:
        return Column(
            chosen.values,
            np.ones(n, dtype=bool),
            chosen.first_on,
            chosen.last_on,
            chosen.record.table,
            chosen.record.row,
            recordings,
            is_event,
        )
    missing = {"i": -1, "M": _NO_TIME, "f": np.nan}[chosen.values.dtype.kind]
    return Column(
        values=put_in_place(n, missing, child, chosen.values),
        known=put_in_place(n, False, child, np.ones(len(child), dtype=bool)),
        first_on=put_in_place(n, NO_DATE, child, chosen.first_on),
        last_on=put_in_place(n, NO_DATE, child, chosen.last_on),
        source_table=put_in_place(n, FROM_NOWHERE, child, chosen.record.table),
        source_row=put_in_place(n, -1, child, chosen.record.row),
        recordings=recordings,
        is_event=is_event,
    )


def _state(block: Block, records: Observations) -> Column:
    """The newest value, held since the first of the recordings of it without another between."""
    child = records.child
    other = child[1:] != child[:-1]
    if every(other):  # one recording a child
        chosen = _Chosen(records.values, records.date, records.date, records)
        return _column(block.n, chosen, records.recordings, is_event=False)
    _, last = _ranges(child)
    changed = np.ones(len(child), dtype=bool)
    changed[1:] = other | (records.values[1:] != records.values[:-1])
    start = np.maximum.accumulate(np.where(changed, np.arange(len(child)), 0))
    newest = records.take(last)
    chosen = _Chosen(newest.values, records.date[start[last]], newest.date, newest)
    return _column(block.n, chosen, records.recordings, is_event=False)


def _event(
    block: Block,
    indicator: Indicator,
    records: Observations,
    settings: Settings,
    as_of: np.datetime64,
) -> Column:
    """The riskiest value that holds, and when anything above the baseline was observed."""
    kept = records
    if indicator.hold == "window":
        age = (as_of - records.date).astype("timedelta64[D]").astype(np.int64)
        kept = _held(kept, np.isnat(records.date) | (age <= settings.event_window_days))
    elif indicator.hold == "until_seen":
        kept = _held(kept, ~(last_seen_by_visit(block)[kept.child] >= kept.date))
    if block.cutoff is not None:
        kept = _held(kept, known_after(kept.child, kept.known_at, block.cutoff))
    risk = risk_of(kept.values, indicator)
    if len(kept.child) > 1:
        order = np.lexsort((sortable(kept.date), risk, kept.child))
        kept, risk = kept.take(order), risk[order]
    first, last = _ranges(kept.child)
    raised = np.where(risk > baseline_risk(indicator), kept.date, NO_DATE)
    newest = _extreme(np.fmax, raised, first)
    quiet = np.isnat(newest)
    if some(quiet):  # what was observed is the baseline: the newest recording of it
        newest = np.where(quiet, _extreme(np.fmax, kept.date, first), newest)
    chosen = _Chosen(
        values=_united(indicator, kept.values, first, last),
        first_on=_extreme(np.fmin, raised, first),
        last_on=newest,
        record=kept.take(last),
    )
    return _column(block.n, chosen, kept.recordings, is_event=True)


def _held(records: Observations, holds: NDArray[np.bool_]) -> Observations:
    return records if every(holds) else records.take(holds)


def _ranges(child: Ints) -> tuple[Ints, Ints]:
    """The first and the last row of each child's records."""
    if len(child) == 1:
        return _ONLY, _ONLY
    edges = np.ones(len(child) + 1, dtype=bool)
    edges[1:-1] = child[1:] != child[:-1]
    if not len(child):
        edges[:] = False
    return np.flatnonzero(edges[:-1]), np.flatnonzero(edges[1:])


def _extreme(pick: np.ufunc, date: Days, first: Ints) -> Days:
    """The first (fmin) or last (fmax) known date of each child's records, NaT where none is."""
    found: Days = pick.reduceat(date, first) if len(first) else date
    return found


def _united(
    indicator: Indicator, values: NDArray[np.generic], first: Ints, last: Ints
) -> NDArray[np.generic]:
    """The riskiest value of each child; for a set all that was seen."""
    if indicator.type != "set" or not len(last):
        return values[last]
    united = np.bitwise_or.reduceat(np.asarray(values, dtype=np.int64), first)
    return np.asarray(united)

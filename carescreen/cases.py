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

from carescreen.block import Block, Days, Ints, extreme_date, known_after, no_dates, sortable
from carescreen.columns import FROM_NOWHERE, Column, Noted, Recordings
from carescreen.derived import count_prior_concerns, derived_columns
from carescreen.indicators import Indicator
from carescreen.observations import Observations, is_event, observations
from carescreen.pack import Settings


@dataclass(frozen=True)
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
    for indicator in indicators.values():
        if indicator.kind == "derived" or indicator.type in ("string",):
            continue
        records = observations(block, indicator)
        if records is None:
            continue
        if is_event(indicator):
            columns[indicator.id] = _event(block, indicator, records, settings, as_of)
        else:
            columns[indicator.id] = _state(block, indicator, records)
    columns.update(derived_columns(block, columns, as_of))
    count_prior_concerns(block, indicators, columns, as_of)
    return columns


def _empty_values(indicator: Indicator, n: int) -> NDArray[np.generic]:
    if indicator.type == "enum":
        return np.full(n, -1, dtype=np.int16)
    if indicator.type == "set":
        return np.full(n, -1, dtype=np.int64)
    if indicator.type in ("date", "datetime"):
        return np.full(n, np.datetime64("NaT", "s"))
    return np.full(n, np.nan)


def _place(
    n: int,
    indicator: Indicator,
    child: Ints,
    values: NDArray[np.generic],
    first_on: Days,
    last_on: Days,
    chosen: Observations,
    recordings: Recordings,
) -> Column:
    """Spread one record a child over all n children."""
    spread = _empty_values(indicator, n)
    spread[child] = values
    known = np.zeros(n, dtype=bool)
    known[child] = True
    column = Column(
        spread,
        known,
        no_dates(n),
        no_dates(n),
        np.full(n, FROM_NOWHERE, dtype=np.int8),
        np.full(n, -1, dtype=np.int64),
        recordings,
        is_event=is_event(indicator),
    )
    column.first_on[child] = first_on
    column.last_on[child] = last_on
    column.source_table[child] = chosen.table
    column.source_row[child] = chosen.row
    return column


def _state(block: Block, indicator: Indicator, records: Observations) -> Column:
    child = records.child
    last = np.flatnonzero(np.append(child[1:] != child[:-1], True)) if len(child) else child
    changed = np.ones(len(child), dtype=bool)
    changed[1:] = (child[1:] != child[:-1]) | (records.values[1:] != records.values[:-1])
    start = np.maximum.accumulate(np.where(changed, np.arange(len(child)), 0))
    return _place(
        block.n,
        indicator,
        child[last],
        records.values[last],
        records.date[start[last]],
        records.date[last],
        records.take(last),
        records.recordings,
    )


def _event(
    block: Block,
    indicator: Indicator,
    records: Observations,
    settings: Settings,
    as_of: np.datetime64,
) -> Column:
    holds = np.ones(len(records.child), dtype=bool)
    if indicator.hold == "window":
        age = (as_of - records.date).astype("timedelta64[D]").astype(np.int64)
        holds = np.isnat(records.date) | (age <= settings.event_window_days)
    holds &= known_after(records.child, records.known_at, block.cutoff)
    kept = records.take(holds)
    kept = kept.take(np.lexsort((sortable(kept.date), kept.risk, kept.child)))
    child, risk, values, date = kept.child, kept.risk, kept.values, kept.date
    last = np.flatnonzero(np.append(child[1:] != child[:-1], True)) if len(child) else child
    above = risk > _baseline_risk(indicator)
    column = _place(
        block.n,
        indicator,
        child[last],
        _united(indicator, child, values, last),
        extreme_date(block.n, child, date, above, np.fmin)[child[last]],
        extreme_date(block.n, child, date, above, np.fmax)[child[last]],
        kept.take(last),
        kept.recordings,
    )
    quiet = np.isnat(column.last_on)
    column.last_on[quiet] = extreme_date(block.n, child, date, ~above, np.fmax)[quiet]
    return column


def _baseline_risk(indicator: Indicator) -> float:
    """The risk of nothing observed: what is above it is evidence with a date."""
    baseline = indicator.baseline
    if indicator.type == "enum":
        return 0.0
    if indicator.type == "set":
        return 0.0
    amount = float(baseline) if isinstance(baseline, float) else 0.0
    return amount if indicator.risk_direction == "up" else -amount


def _united(
    indicator: Indicator, child: Ints, values: NDArray[np.generic], last: Ints
) -> NDArray[np.generic]:
    """The riskiest value of each child; for a set all that was seen."""
    if indicator.type != "set" or not len(child):
        return values[last]
    starts = np.concatenate([[0], last[:-1] + 1])
    united = np.bitwise_or.reduceat(np.asarray(values, dtype=np.int64), starts)
    return np.asarray(united)

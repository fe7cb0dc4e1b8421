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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.checked import content_hash
from carescreen.columns import (
    FROM_CHILDREN,
    FROM_DATES,
    FROM_HOUSEHOLDS,
    FROM_NOWHERE,
    FROM_VISITS,
    Column,
    Noted,
    Recordings,
)
from carescreen.indicators import Indicator
from carescreen.pack import Settings

Days = NDArray[np.datetime64]
Times = NDArray[np.datetime64]
Ints = NDArray[np.int64]

NO_DATE = np.datetime64("NaT", "D")
_DAY, _SECOND = np.timedelta64(86_400, "s"), np.timedelta64(1, "s")
# Sorts before any date a person can enter; stands for "no date" where NaT would not sort.
LONG_AGO = np.datetime64("0001-01-01", "D")
PRIOR_CONCERNS_DAYS = 730  # prior_concerns_24m: 24 months


@dataclass(frozen=True)
class Block:
    """Tables of whole households, by position: what cases are built from.

    children    one row a child; `household` codes 0..h-1, children of one household together
    visits      sorted by child, date, visit_id; `visit_child` is each row's child position and
                `visit_place` its place in that order, one for visits that share an id
    households  `household_row` is each child's row in it, -1 none
    more_*      further rows of children and households that have several, sorted by the position
                in `more_child` and by the row of households in `more_household`
    cutoff      datetime64[s] a child: events and mentions known by then do not count (NaT: all do)
    """

    children: pd.DataFrame
    visits: pd.DataFrame
    households: pd.DataFrame
    outcomes: pd.DataFrame
    decisions: pd.DataFrame
    more_children: pd.DataFrame
    more_households: pd.DataFrame
    visit_child: Ints
    visit_place: Ints
    household_row: Ints
    household: Ints
    more_child: Ints
    more_household: Ints
    cutoff: Times | None = None

    @property
    def n(self) -> int:
        """Number of children."""
        return len(self.children)

    @property
    def visit_known_at(self) -> Times:
        """When each visit was known: the later of its date and its entry."""
        return known_at(self.visits["visit_date"], self.visits["recorded_at"])

    @property
    def visit_date(self) -> Days:
        """Date of each visit, NaT where none is known."""
        return to_days(self.visits["visit_date"])


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


def to_days(dates: pd.Series) -> Days:
    """A date column as datetime64[D], NaT where missing."""
    return dates.to_numpy(dtype="datetime64[s]").astype("datetime64[D]")


def known_at(date: pd.Series, recorded_at: pd.Series) -> Times:
    """The later of when a thing was so and when it was entered; NaT where neither is known."""
    day, entry = (values.to_numpy(dtype="datetime64[s]") for values in (date, recorded_at))
    later: Times = np.fmax(day, entry)
    return later


def covered_until(decided_at: pd.Series) -> Times:
    """Up to when evidence is covered by a decision: its second, or its day where no time is given.

    Midnight is how a date without a time is read; what was entered on that day is then covered.
    """
    at = decided_at.to_numpy(dtype="datetime64[s]")
    day = at.astype("datetime64[D]").astype("datetime64[s]")
    return np.asarray(np.where(at == day, day + (_DAY - _SECOND), at))


def has_second_person(decisions: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether somebody else than who decided confirmed a decision; letter case tells nobody apart."""
    if "confirmed_by" not in decisions:
        return np.zeros(len(decisions), dtype=bool)
    who, second = (
        decisions[name].astype(object).where(decisions[name].notna(), "").astype(str).str.casefold()
        for name in ("decided_by", "confirmed_by")
    )
    return np.asarray((second != "") & (second != who), dtype=bool)


def make_block(
    children: pd.DataFrame,
    visits: pd.DataFrame,
    households: pd.DataFrame,
    outcomes: pd.DataFrame,
    decisions: pd.DataFrame,
    more_children: pd.DataFrame | None = None,
    more_households: pd.DataFrame | None = None,
) -> Block:
    """Index tables of whole households by child position, in an order no input order can change.

    A child without household_id is a household of its own.
    """
    children = children.sort_values("child_id", ignore_index=True)
    position = pd.Index(children["child_id"])
    own = "child:" + children["child_id"].astype(object)
    key = children["household_id"].astype(object).where(children["household_id"].notna(), own)
    visit_child = np.asarray(position.get_indexer(visits["child_id"]), dtype=np.int64)
    order, place = _visit_order(visits, visit_child)
    house_ids = pd.Index(households["household_id"])
    household_row = (
        house_ids.get_indexer(children["household_id"])
        if len(house_ids)
        else np.full(len(children), -1)
    )
    more_children, more_child = _further(more_children, children, position, "child_id")
    more_households, more_household = _further(
        more_households, households, house_ids, "household_id"
    )
    return Block(
        children=children,
        visits=visits.iloc[order].reset_index(drop=True),
        households=households,
        outcomes=outcomes,
        decisions=decisions,
        more_children=more_children,
        more_households=more_households,
        visit_child=visit_child[order],
        visit_place=place,
        household_row=np.asarray(household_row, dtype=np.int64),
        household=np.asarray(pd.factorize(key)[0], dtype=np.int64),
        more_child=more_child,
        more_household=more_household,
    )


def _further(
    more: pd.DataFrame | None, table: pd.DataFrame, ids: pd.Index, key: str
) -> tuple[pd.DataFrame, Ints]:
    """Further rows sorted by the position of their id, and that position."""
    if more is None or not len(more):
        return table.iloc[:0], np.zeros(0, dtype=np.int64)
    position = np.asarray(ids.get_indexer(pd.Index(more[key])), dtype=np.int64)
    order = np.argsort(position, kind="stable")
    return more.iloc[order].reset_index(drop=True), position[order]


def _visit_order(visits: pd.DataFrame, visit_child: Ints) -> tuple[Ints, Ints]:
    """Positions that sort visits by child, date and visit_id, and the place of each in that order.

    Visits that share an id go by their content, so that their order in the file does not matter;
    they have one place, so that no value of one hands the last word to another.
    """
    dates = _sortable(to_days(visits["visit_date"]))
    tie = pd.factorize(visits["visit_id"].astype(object), sort=True, use_na_sentinel=True)[0]
    if not pd.Series(tie).duplicated().any():
        return np.lexsort((tie, dates, visit_child)), np.arange(len(visits), dtype=np.int64)
    order = np.lexsort((content_hash(visits), tie, dates, visit_child))
    keys = np.stack([visit_child, dates, tie])[:, order]
    return order, np.cumsum(np.any(np.diff(keys, axis=1, prepend=-1) != 0, axis=0))


def _sortable(days: Days) -> Ints:
    return np.where(np.isnat(days), LONG_AGO, days).astype("datetime64[D]").astype(np.int64)


def repeat_children(block: Block, positions: Ints, cutoff: Times) -> Block:
    """A block whose rows are the children at `positions` (repeats allowed), each with a cut-off.

    Used to ask what is still met by evidence recorded after a decision.
    """
    rows, visit_child = rows_of(block.visit_child, positions)
    more, more_child = rows_of(block.more_child, positions)
    return Block(
        children=block.children.iloc[positions].reset_index(drop=True),
        visits=block.visits.iloc[rows].reset_index(drop=True),
        households=block.households,
        outcomes=block.outcomes,
        decisions=block.decisions,
        more_children=block.more_children.iloc[more].reset_index(drop=True),
        more_households=block.more_households,
        visit_child=visit_child,
        visit_place=block.visit_place[rows],
        household_row=block.household_row[positions],
        household=block.household[positions],
        more_child=more_child,
        more_household=block.more_household,
        cutoff=cutoff,
    )


def rows_of(owner: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Rows of each wanted owner in a table sorted by owner, and which wanted one each is for."""
    starts = np.searchsorted(owner, wanted, side="left")
    counts = np.searchsorted(owner, wanted, side="right") - starts
    return ranges(starts, counts), np.repeat(np.arange(len(wanted), dtype=np.int64), counts)


def ranges(starts: Ints, counts: Ints) -> Ints:
    """The positions start, start + 1, … of each range, one range after the other."""
    offsets = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    return np.asarray(np.arange(counts.sum()) + offsets, dtype=np.int64)


def build_columns(
    block: Block, indicators: Mapping[str, Indicator], settings: Settings, as_of: np.datetime64
) -> dict[str, Column]:
    """Every indicator that some table records, and the derived ones."""
    columns: dict[str, Column] = {}
    for indicator in indicators.values():
        if indicator.kind == "derived" or indicator.type in ("string",):
            continue
        records = _records(block, indicator)
        if records is None:
            continue
        if is_event(indicator):
            columns[indicator.id] = _event(block, indicator, records, settings, as_of)
        else:
            columns[indicator.id] = _state(block, indicator, records)
    columns.update(_derived(block, columns, as_of))
    _count_prior_concerns(block, indicators, columns, as_of)
    return columns


@dataclass(frozen=True)
class _Records:
    """Known values of one indicator, sorted by child and date: one entry a recording."""

    child: Ints
    date: Days
    known_at: Times
    values: NDArray[np.generic]
    risk: NDArray[np.float64]
    table: NDArray[np.int8]
    place: Ints  # equal for rows that have no order among them
    row: Ints

    def take(self, index: Ints | NDArray[np.bool_]) -> _Records:
        return _Records(*(getattr(self, field.name)[index] for field in fields(self)))

    @property
    def recordings(self) -> Recordings:
        return Recordings(self.child, self.date, self.known_at, self.values)


def _records(block: Block, indicator: Indicator) -> _Records | None:
    parts = [
        *_from_children(block, indicator),
        *_from_households(block, indicator),
        *_from_visits(block, indicator),
    ]
    if not parts:
        return None
    if len(parts) == 1 and parts[0].table.size and parts[0].table[0] == FROM_VISITS:
        return _with_ties_by_risk(parts[0], presorted=True)
    joined = _Records(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(_Records)
        )
    )
    return _with_ties_by_risk(joined, presorted=False)


def _with_ties_by_risk(records: _Records, presorted: bool) -> _Records:
    """Sort by child, date, risk, table and row: the last of a child is the one that counts.

    Several rows of one child, or visits that share an id, have no order of their own: equally
    risky ones go by their value.
    """
    days = _sortable(records.date)
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
) -> _Records:
    known = _known(values, indicator)
    values = values[known]
    return _Records(
        child[known],
        date[known],
        known_at[known],
        values,
        risk_of(values, indicator),
        np.full(len(values), table, dtype=np.int8),
        np.zeros(len(values), dtype=np.int64) if place is None else place[known],
        row[known],
    )


def _from_children(block: Block, indicator: Indicator) -> Iterator[_Records]:
    rows = np.arange(block.n, dtype=np.int64)
    for table, child in ((block.children, rows), (block.more_children, block.more_child)):
        if indicator.id in table and (table is block.children or len(table)):
            at = table["recorded_at"].to_numpy(dtype="datetime64[s]")
            values = table[indicator.id].to_numpy()
            yield _part(
                indicator, FROM_CHILDREN, child, at.astype("datetime64[D]"), at, values, child
            )


def _from_households(block: Block, indicator: Indicator) -> Iterator[_Records]:
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


def _from_visits(block: Block, indicator: Indicator) -> Iterator[_Records]:
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


def _empty_values(indicator: Indicator, n: int) -> NDArray[np.generic]:
    if indicator.type == "enum":
        return np.full(n, -1, dtype=np.int16)
    if indicator.type == "set":
        return np.full(n, -1, dtype=np.int64)
    if indicator.type in ("date", "datetime"):
        return np.full(n, np.datetime64("NaT", "s"))
    return np.full(n, np.nan)


def _no_dates(n: int) -> Days:
    return np.full(n, NO_DATE)


def _place(
    n: int,
    indicator: Indicator,
    child: Ints,
    values: NDArray[np.generic],
    first_on: Days,
    last_on: Days,
    chosen: _Records,
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
        _no_dates(n),
        _no_dates(n),
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


def is_event(indicator: Indicator) -> bool:
    """Whether the riskiest recording counts; an event without an order goes by the newest."""
    return indicator.kind == "event" and indicator.is_ordered


def _state(block: Block, indicator: Indicator, records: _Records) -> Column:
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
    records: _Records,
    settings: Settings,
    as_of: np.datetime64,
) -> Column:
    holds = np.ones(len(records.child), dtype=bool)
    if indicator.hold == "window":
        age = (as_of - records.date).astype("timedelta64[D]").astype(np.int64)
        holds = np.isnat(records.date) | (age <= settings.event_window_days)
    if block.cutoff is not None:
        # A decision covers evidence dated up to it; undated evidence was there to be decided on.
        cutoff = block.cutoff[records.child]
        holds &= np.isnat(cutoff) | (records.known_at > cutoff)
    kept = records.take(holds)
    kept = kept.take(np.lexsort((_sortable(kept.date), kept.risk, kept.child)))
    child, risk, values, date = kept.child, kept.risk, kept.values, kept.date
    last = np.flatnonzero(np.append(child[1:] != child[:-1], True)) if len(child) else child
    above = risk > _baseline_risk(indicator)
    column = _place(
        block.n,
        indicator,
        child[last],
        _united(indicator, child, values, last),
        _extreme_date(block.n, child, date, above, np.fmin)[child[last]],
        _extreme_date(block.n, child, date, above, np.fmax)[child[last]],
        kept.take(last),
        kept.recordings,
    )
    quiet = np.isnat(column.last_on)
    column.last_on[quiet] = _extreme_date(block.n, child, date, ~above, np.fmax)[quiet]
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
    return np.bitwise_or.reduceat(np.asarray(values, dtype=np.int64), starts)


def _extreme_date(
    n: int, child: Ints, date: Days, wanted: NDArray[np.bool_], pick: np.ufunc
) -> Days:
    """The first (fmin) or last (fmax) known date of the wanted records of each child."""
    use = wanted & ~np.isnat(date)
    result = _no_dates(n)
    pick.at(result, child[use], date[use])
    return result


def _derived(
    block: Block, columns: Mapping[str, Column], as_of: np.datetime64
) -> dict[str, Column]:
    months = _age_months(block.children, as_of)
    seen = _last_seen(block, columns, as_of)
    since = (as_of - seen).astype("timedelta64[D]").astype(np.float64)
    return {
        "age_months": _computed(months),
        "age_years": _computed(np.floor(months / 12)),
        "last_seen_on": _seen_column(seen),
        "days_since_seen": _computed(np.where(np.isnat(seen), np.nan, since)),
        "failed_visits_in_row": _failed_visits(block),
    }


def _computed(values: NDArray[np.float64]) -> Column:
    n, known = len(values), ~np.isnan(values)
    table = np.where(known, FROM_DATES, FROM_NOWHERE).astype(np.int8)
    return Column(values, known, _no_dates(n), _no_dates(n), table, np.full(n, -1, dtype=np.int64))


def _seen_column(seen: Days) -> Column:
    n, known = len(seen), ~np.isnat(seen)
    table = np.where(known, FROM_DATES, FROM_NOWHERE).astype(np.int8)
    none = np.full(n, -1, dtype=np.int64)
    return Column(seen.astype("datetime64[s]"), known, seen, seen, table, none)


def _age_months(children: pd.DataFrame, as_of: np.datetime64) -> NDArray[np.float64]:
    """Completed months of age; from age_years + recorded_at, the youngest the child can be."""
    birth = to_days(children["birth_date"])
    months = _months_between(birth, as_of)
    if "age_years" not in children:
        return months
    recorded = to_days(children["recorded_at"])
    stated = children["age_years"].to_numpy(dtype=np.float64) * 12
    elapsed = np.fmax(_months_between(recorded, as_of), 0)
    return np.where(np.isnan(months), stated + elapsed, months)


def _months_between(start: Days, end: np.datetime64) -> NDArray[np.float64]:
    """Completed calendar months; NaN where the start is not known or lies after the end."""
    month = start.astype("datetime64[M]")
    day = (start - month.astype("datetime64[D]")).astype(np.int64)
    end_month = end.astype("datetime64[M]")
    end_day = (end - end_month.astype("datetime64[D]")).astype(np.int64)
    months = (end_month - month).astype(np.int64) - (day > end_day)
    return np.where(np.isnat(start) | (months < 0), np.nan, months.astype(np.float64))


def _last_seen(block: Block, columns: Mapping[str, Column], as_of: np.datetime64) -> Days:
    """When a worker last saw the child: a visit that says so, or the date the tables give."""
    seen = block.visits["child_seen"].to_numpy() == 1
    last = _extreme_date(block.n, block.visit_child, block.visit_date, seen, np.fmax)
    stated = columns.get("last_seen_on")
    if stated is not None:
        on = stated.values.astype("datetime64[D]")
        last = np.fmax(last, np.where(on > as_of, NO_DATE, on))  # a slip: nobody was seen tomorrow
    return last


def _failed_visits(block: Block) -> Column:
    """Visits in a row, up to the newest, that did not see the child; a blank is neither.

    On a day with both a failed visit and one that saw the child, the child was seen.
    """
    code = block.visits["child_seen"].to_numpy()
    told = (code >= 0) & ~np.isnat(block.visit_date)
    child, seen = block.visit_child[told], code[told] == 1
    date = block.visit_date[told]
    order = np.lexsort((seen, _sortable(date), child))
    child, seen, date = child[order], seen[order], date[order]
    index = np.arange(len(child))
    first = np.full(block.n, len(child), dtype=np.int64)
    np.minimum.at(first, child, index)
    last_seen = first - 1
    np.maximum.at(last_seen, child[seen], index[seen])
    count = np.bincount(child, minlength=block.n)
    values = np.where(count > 0, first + count - 1 - last_seen, np.nan).astype(np.float64)
    failed = ~seen & (index > last_seen[child])
    column = _computed(values)
    column.first_on[:] = _extreme_date(block.n, child, date, failed, np.fmin)
    column.last_on[:] = _extreme_date(block.n, child, date, failed, np.fmax)
    return column


def _count_prior_concerns(
    block: Block,
    indicators: Mapping[str, Indicator],
    columns: dict[str, Column],
    as_of: np.datetime64,
) -> None:
    """prior_concerns_24m is at least the number of confirmed outcomes in the last 24 months."""
    name = "prior_concerns_24m"
    if name not in indicators or not len(block.outcomes):
        return
    codes, ids = pd.factorize(block.children["child_id"].astype(object))
    person = np.asarray(pd.Index(ids).get_indexer(block.outcomes["child_id"]), dtype=np.int64)
    date = to_days(block.outcomes["outcome_date"])
    confirmed = (block.outcomes["result"].to_numpy(dtype=object) == "confirmed") & (person >= 0)
    recent = confirmed & ~(date < as_of - PRIOR_CONCERNS_DAYS)
    if not recent.any():
        return
    count = np.bincount(person[recent], minlength=len(ids)).astype(np.float64)[codes]
    first = _extreme_date(len(ids), person, date, recent, np.fmin)[codes]
    last = _extreme_date(len(ids), person, date, recent, np.fmax)[codes]
    old = columns.get(name)
    values = count if old is None else np.fmax(count, np.asarray(old.values, dtype=np.float64))
    counted = count > 0 if old is None else (count > 0) & ~(np.asarray(old.values) >= count)
    known = (count > 0) | (old.known if old is not None else False)
    columns[name] = Column(
        np.where(known, values, np.nan),
        known,
        np.where(counted, first, old.first_on if old is not None else NO_DATE),
        np.where(counted, last, old.last_on if old is not None else NO_DATE),
        np.where(counted, FROM_DATES, old.source_table if old is not None else FROM_NOWHERE).astype(
            np.int8
        ),
        np.where(counted, -1, old.source_row if old is not None else -1).astype(np.int64),
        None if old is None else old.recordings,
        is_event=old is not None and old.is_event,
    )

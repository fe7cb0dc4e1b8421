"""Values that are computed from dates: age, days since seen, failed visits, earlier concerns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from carescreen.block import (
    LONG_AGO,
    NO_DATE,
    Block,
    Days,
    extreme_date,
    last_seen_by_visit,
    no_dates,
    sortable,
    to_days,
)
from carescreen.columns import FROM_DATES, FROM_NOWHERE, BoolArray, Column
from carescreen.indicators import Indicator
from carescreen.sheet import Sheet, frozen, numbered, places

# Recorded indicators that what is computed here starts from.
COMPUTED_FROM = ("last_seen_on", "first_visit_on", "prior_concerns_24m")
PRIOR_CONCERNS = np.timedelta64(730, "D")  # prior_concerns_24m: 24 months


_NO_ROW = frozen(np.full(1, -1, dtype=np.int64))
_UNDATED = int(LONG_AGO.astype(np.int64))
_SOURCE = np.array([FROM_NOWHERE, FROM_DATES], dtype=np.int8)  # of what is not known, and known


def derived_columns(
    block: Block, columns: Mapping[str, Column], as_of: np.datetime64
) -> dict[str, Column]:
    months = _age_months(block.children, as_of)
    seen = _last_seen(block, columns, as_of)
    since = (as_of - seen).astype("timedelta64[D]").astype(np.float64)
    undated = no_dates(block.n)
    days = np.where(np.isnat(seen), np.nan, since)
    failed, first, last = _failed_visits(block)
    visits = _visits_made(block, columns, seen, as_of)
    return {
        "age_months": _computed(months, ~np.isnan(months), undated, undated),
        "age_years": _computed(np.floor(months / 12), ~np.isnan(months), undated, undated),
        "last_seen_on": _computed(seen.astype("datetime64[s]"), ~np.isnat(seen), seen, seen),
        "days_since_seen": _computed(days, ~np.isnan(days), undated, undated),
        "failed_visits_in_row": _computed(failed, ~np.isnan(failed), first, last),
        "visits_made": _computed(visits, np.ones(block.n, dtype=bool), undated, undated),
    }


def _computed(values: NDArray[np.generic], known: BoolArray, first: Days, last: Days) -> Column:
    table = _SOURCE[known.view(np.int8)]
    row = _NO_ROW if len(values) == 1 else np.full(len(values), -1, dtype=np.int64)
    return Column(values, known, first, last, table, row)


def _age_months(children: Sheet, as_of: np.datetime64) -> NDArray[np.float64]:
    """Completed months of age; from age_years + recorded_at, the youngest the child can be."""
    birth = to_days(children["birth_date"])
    months = _months_between(birth, as_of)
    if "age_years" not in children or not np.isnan(months).any():
        return months
    recorded = to_days(children["recorded_at"])
    stated = np.floor(children["age_years"] * 12)
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
    last = last_seen_by_visit(block)
    stated = columns.get("last_seen_on")
    if stated is not None:
        on = stated.values.astype("datetime64[D]")
        last = np.fmax(last, np.where(on > as_of, NO_DATE, on))  # a slip: nobody was seen tomorrow
    return last


def _visits_made(
    block: Block, columns: Mapping[str, Column], seen: Days, as_of: np.datetime64
) -> NDArray[np.float64]:
    """Visits on record; at least one where the tables say that one was made, or saw the child."""
    count = np.bincount(block.visit_child, minlength=block.n).astype(np.float64)
    told = ~np.isnat(seen)
    first = columns.get("first_visit_on")
    if first is not None:
        told |= first.known & (first.values.astype("datetime64[D]") <= as_of)
    return np.maximum(count, told)


def _failed_visits(block: Block) -> tuple[NDArray[np.float64], Days, Days]:
    """Visits in a row, up to the newest, that did not see the child, and the first and last day.

    A blank is neither; NaN where no visit says.
    On a day with both a failed visit and one that saw the child, the child was seen.
    """
    if block.n == 1:
        return _failed_of_one(block)
    code = block.visits["child_seen"]
    told = (code >= 0) & ~np.isnat(block.visit_date)
    child, seen = block.visit_child[told], code[told] == 1
    date = block.visit_date[told]
    order = np.lexsort((seen, sortable(date), child))
    child, seen, date = child[order], seen[order], date[order]
    index = np.arange(len(child))
    first = np.full(block.n, len(child), dtype=np.int64)
    np.minimum.at(first, child, index)
    last_seen = first - 1
    np.maximum.at(last_seen, child[seen], index[seen])
    count = np.bincount(child, minlength=block.n)
    values = np.where(count > 0, first + count - 1 - last_seen, np.nan).astype(np.float64)
    failed = ~seen & (index > last_seen[child])
    first_on = extreme_date(block.n, child, date, failed, np.fmin)
    return values, first_on, extreme_date(block.n, child, date, failed, np.fmax)


def _failed_of_one(block: Block) -> tuple[NDArray[np.float64], Days, Days]:
    """The same for a child alone, over plain values."""
    days = sortable(block.visit_date).tolist()
    told = [
        (day, code, row)
        for row, (day, code) in enumerate(
            zip(days, block.visits["child_seen"].tolist(), strict=True)
        )
        if code >= 0 and day > _UNDATED
    ]
    failed: list[int] = []  # rows, the newest first
    for _, code, row in sorted(told, reverse=True):
        if code == 1:
            break
        failed.append(row)
    values = np.array([len(failed) if told else np.nan], dtype=np.float64)
    if not failed:
        return values, no_dates(1), no_dates(1)
    date = block.visit_date
    return values, date[failed[-1] : failed[-1] + 1], date[failed[0] : failed[0] + 1]


def count_prior_concerns(
    block: Block,
    indicators: Mapping[str, Indicator],
    columns: dict[str, Column],
    as_of: np.datetime64,
) -> None:
    """prior_concerns_24m is at least the number of confirmed outcomes in the last 24 months."""
    name = "prior_concerns_24m"
    if name not in indicators or not len(block.outcomes):
        return
    date = to_days(block.outcomes["outcome_date"])
    confirmed = block.outcomes["result"] == "confirmed"
    rows = np.flatnonzero(confirmed & ~(date < as_of - PRIOR_CONCERNS))
    if not len(rows):
        return
    codes, ids = numbered(block.children["child_id"])
    person, date = places(ids, block.outcomes["child_id"][rows]), date[rows]
    recent = person >= 0
    if not recent.any():
        return
    count = np.bincount(person[recent], minlength=len(ids)).astype(np.float64)[codes]
    first = extreme_date(len(ids), person, date, recent, np.fmin)[codes]
    last = extreme_date(len(ids), person, date, recent, np.fmax)[codes]
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

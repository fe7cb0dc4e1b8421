"""The programme in numbers: counts by village over every child of a ranking, run by run.

One row a run's date and village, in COLUMNS. `due` are follow-ups that are to be done within the
next DUE_DAYS days, those overdue among them (and among these the routine visits); what waits with
the supervisor (backlog, moved away, 18 or older) is neither. A child that was due on the list before
counts as done where it has been seen since: its newest sight is newer than the one that list knew, so
that a visit that was entered late counts once it is entered.

The counts stay in the office: overview_export makes what may leave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.columns import BoolArray
from carescreen.departure import FOR_HANDOVER
from carescreen.overview_places import PLACES, places_of
from carescreen.pack import TIERS
from carescreen.sheet import Sheet, objects

DUE_DAYS = 7
WITH_SUPERVISOR = ("backlog", *FOR_HANDOVER)  # states in which what waits is no visit of a list
SEEN_DAYS = (30, 90, 180)
OPEN = tuple(f"open_{tier}" for tier in TIERS)
CLOSED = tuple(f"closed_{tier}" for tier in TIERS)
CONCERNS = (*OPEN, *CLOSED)
STATES = ("needs_data", "planned", "backlog")
DONE = ("due_before", "done")  # blank where there was no list before
COUNTS = (
    "children",
    *(f"seen_{days}" for days in SEEN_DAYS),
    "never_seen",
    *("due", "overdue", "overdue_routine", *DONE, *CONCERNS, *STATES),
)
COLUMNS = ("as_of", *PLACES, *COUNTS, "median_days")

# What is read of each child of a ranking.
OF_CHILD = (
    *("child_id", *PLACES, "tier_code", "state", "waits", "due_on", "days_since_seen"),
    "needs_data",
    *CONCERNS,
)


def concern_counts(
    opened: BoolArray, closed: BoolArray, tier_of: NDArray[np.int64]
) -> dict[str, NDArray[np.int16]]:
    """How many concerns of each tier each child has: (child, rule) tables -> CONCERNS."""
    found = {}
    for prefix, table in (("open", opened), ("closed", closed)):
        for code, tier in enumerate(TIERS):
            found[f"{prefix}_{tier}"] = table[:, tier_of == code].sum(axis=1, dtype=np.int16)
    return found


def is_due(rows: Sheet, as_of: np.datetime64) -> BoolArray:
    """Whose follow-up is overdue or due within DUE_DAYS days, and not with the supervisor."""
    due = rows["due_on"].astype("datetime64[D]") <= as_of + DUE_DAYS
    with_supervisor = rows["waits"] & np.isin(rows["state"], objects(WITH_SUPERVISOR))
    return np.asarray(due & ~with_supervisor)


def overview(rows: Sheet, as_of: np.datetime64, due_before: pd.Series | None) -> pd.DataFrame:
    """Counts by village, in the order of province, county and village; unknown places last.

    `rows` have the columns OF_CHILD. `due_before` holds, by child_id, when a child that was due on
    the list before had last been seen as that list knew it (NaT for never); None where there was no
    list before, and then due_before and done are blank.
    """
    flags = _flags(rows, as_of)
    places = places_of(rows)
    frame = pd.DataFrame({**places, **flags})
    if due_before is not None:
        frame["due_before"], frame["done"] = _done(rows, as_of, due_before)
    groups = frame.groupby(list(PLACES), dropna=False, sort=True)
    found = groups[[name for name in COUNTS if name in frame]].sum().astype("int64")
    found["median_days"] = groups["days"].median()
    found = found.reset_index()
    found.insert(0, "as_of", str(as_of))
    for name in DONE:
        if name not in found:
            found[name] = pd.array([None] * len(found), dtype="Int64")
    return typed(found)


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """The columns in their order: places as texts (None), counts as Int64, the median in days."""
    columns: dict[str, Any] = {"as_of": table["as_of"].astype(object)}
    for name in PLACES:
        ids = table[name].to_numpy(dtype=object, copy=True)
        ids[table[name].isna()] = None
        columns[name] = pd.Series(
            ids, index=table.index, dtype=object
        )  # or pandas makes NaN of None
    for name in COUNTS:
        columns[name] = table[name].astype("Int64")
    columns["median_days"] = table["median_days"].astype("Float64")
    return pd.DataFrame(columns, columns=list(COLUMNS))


def _flags(rows: Sheet, as_of: np.datetime64) -> dict[str, NDArray[np.generic]]:
    """A column of each child for every count but those of the list before, and its days."""
    days = rows["days_since_seen"]
    due = is_due(rows, as_of)
    overdue = due & (rows["due_on"].astype("datetime64[D]") < as_of)
    return {
        "children": np.ones(len(rows), dtype=np.int32),
        **{f"seen_{limit}": days <= limit for limit in SEEN_DAYS},
        "never_seen": np.isnan(days),
        "due": due,
        "overdue": overdue,
        "overdue_routine": overdue & (rows["tier_code"] == len(TIERS) - 1),
        **{name: rows[name] for name in CONCERNS},
        "needs_data": rows["needs_data"],
        **{state: rows["state"] == state for state in ("planned", "backlog")},
        "days": days,
    }


def _done(rows: Sheet, as_of: np.datetime64, due_before: pd.Series) -> tuple[BoolArray, BoolArray]:
    """(was due on the list before, and has been seen since) of each child."""
    place = pd.Index(due_before.index).get_indexer(pd.Index(rows["child_id"], dtype=object))
    was_due = place >= 0
    if not was_due.any():
        return was_due, was_due
    days = rows["days_since_seen"]
    seen = as_of - np.where(np.isnan(days), 0, days).astype("timedelta64[D]")
    known = due_before.to_numpy(dtype="datetime64[D]")[place]
    newer = np.isnat(known) | (seen > known)
    return was_due, was_due & ~np.isnan(days) & newer


def dates_of(table: pd.DataFrame) -> Sequence[str]:
    """The dates of the runs in a table of counts, oldest first."""
    return sorted(set(table["as_of"]))

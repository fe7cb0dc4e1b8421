"""The truth of a synthetic county: what no worker knows. Never an input of a ranking.

truth.csv has each child's risk (the chance that something is wrong with it on any day) and what is
wrong now; truth_spells.csv when something was wrong. `would_confirm` makes of these what a visit in
a window would have found, to hold estimates against. Only tests read any of it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carescreen.synthetic_concerns import TYPE_NAMES, Concerns
from carescreen.synthetic_outcomes import CONFIRMED_NOT_THERE, CONFIRMED_THERE, COULD_NOT_TELL
from carescreen.synthetic_people import CountyPlan, Ints, Words
from carescreen.synthetic_records import ORIGIN, iso_days


def make_truth(concerns: Concerns, ids: Words) -> pd.DataFrame:
    """One row a child: its risk, whether something is wrong now, and what."""
    return pd.DataFrame(
        {
            "child_id": pd.Series(ids, dtype=object),
            "true_risk": concerns.risk.round(6),
            "true_concern": (concerns.current >= 0).astype(np.int64),
            "concern_type": pd.Series(concerns.names, dtype=object),
            "data_origin": pd.Series(np.full(len(ids), ORIGIN, dtype=object), dtype=object),
        }
    )


def make_spells(plan: CountyPlan, concerns: Concerns, ids: Words) -> pd.DataFrame:
    """One row a spell: child, concern, first and last day (both included); by child, newest first."""
    child, column = np.nonzero(concerns.kind >= 0)
    columns = {
        "child_id": ids[child],
        "concern_type": TYPE_NAMES[concerns.kind[child, column]],
        **{
            name: iso_days(plan.as_of - days[child, column].astype("timedelta64[D]"))
            for name, days in (("begins_on", concerns.begin), ("lasts_until", concerns.end))
        },
        "data_origin": np.full(len(child), ORIGIN, dtype=object),
    }
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})


def would_confirm(
    truth_spells: pd.DataFrame,
    child_ids: pd.Series,
    as_of: str,
    horizon_days: int = 90,
    *,
    outcomes: pd.DataFrame | None = None,
    visits: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Whether a visit in the window after `as_of` would have confirmed a concern, for each child.

    child_id  as given, one row each
    ever      bool: something was wrong on a day of the window
    chance    float in 0..1: with which a visit that saw the child and could tell confirms, on a day
              drawn evenly from the window. It is what a drawn visit tells on average, so that
              recall over all children is sum(chance of listed children) / sum(chance of all)

    With `outcomes` and `visits` of the county, a child whom a list or a worker's concern chose in
    the window has the chance of the day of its first such visit, because that visit is made with
    certainty and its day is no accident. The window is (as_of, as_of + horizon_days].
    """
    start = np.datetime64(as_of, "D")
    ids = pd.Index(child_ids)
    child = ids.get_indexer(pd.Index(truth_spells["child_id"]))
    begin, end = (
        (truth_spells[name].to_numpy(dtype="datetime64[D]") - start).astype(np.int64)
        for name in ("begins_on", "lasts_until")
    )
    inside = np.minimum(end, horizon_days) - np.maximum(begin, 1) + 1
    known = (child >= 0) & (inside > 0)
    share = np.bincount(child[known], inside[known], len(ids)) / horizon_days
    ever = share > 0
    if outcomes is not None and visits is not None:
        who, day = _chosen(outcomes, visits, start, horizon_days, ids)
        share[who] = 0.0
        there = np.full(len(ids), np.iinfo(np.int64).max)
        there[who] = day
        now = (child >= 0) & (begin <= there[child]) & (there[child] <= end)
        share[child[now]] = 1.0
    told = 1.0 - COULD_NOT_TELL
    chance = (share * CONFIRMED_THERE + (1.0 - share) * CONFIRMED_NOT_THERE) / told
    return pd.DataFrame({"child_id": child_ids.to_numpy(), "ever": ever, "chance": chance})


def _chosen(
    outcomes: pd.DataFrame,
    visits: pd.DataFrame,
    start: np.datetime64,
    horizon_days: int,
    ids: pd.Index,
) -> tuple[Ints, Ints]:
    """Children visited for a reason in the window, and the day of the first of these visits."""
    chosen = outcomes[outcomes["selected_by"] != "random"]
    on = chosen["visit_id"].map(visits.set_index("visit_id")["visit_date"])
    day = (on.to_numpy(dtype="datetime64[D]") - start).astype(np.int64)
    child = ids.get_indexer(pd.Index(chosen["child_id"]))
    rows = np.flatnonzero((day > 0) & (day <= horizon_days) & (child >= 0))
    rows = rows[np.lexsort((day[rows], child[rows]))]
    who, first = np.unique(child[rows], return_index=True)
    return who, day[rows[first]]

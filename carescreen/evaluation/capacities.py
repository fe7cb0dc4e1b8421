"""Recall at many capacities: what another number of visits would have found, from one sort a method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from carescreen.evaluation.cluster_draws import draw
from carescreen.evaluation.intervals import NAN, NONE, share
from carescreen.evaluation.judged import Part, Rows, lists, read
from carescreen.evaluation.metrics import Codes, Floats, missing_last
from carescreen.evaluation.ranks import seat_statistic

DRAWS = 300  # of a curve to look at; the figure at the programme's own capacity has more (`use`)
STEPS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


def capacities_around(capacity: int) -> list[int]:
    """Numbers of visits from a quarter of a capacity to twice as many, itself among them.

    >>> capacities_around(20), capacities_around(1)
    ([5, 10, 15, 20, 25, 30, 40], [1, 2])
    """
    return sorted({max(round(step * capacity), 1) for step in STEPS})


def recall_by_capacity(
    table: pd.DataFrame,
    methods: Sequence[str],
    capacities: Sequence[int],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Recall as `use` gives it at each capacity: one row a method and capacity.

    Columns: method, capacity, value, low, high (95%, over households), worst and best (if all ties
    at the line fall badly, or well), judged, events, enough. Not weighted. Errors: UsageError.
    """
    rows = read(table, [*methods, "group"])
    list_of, _ = lists(rows)
    part = next(rows.parts(()))
    enough = part.is_enough(others=False)
    places = [_Places.of(rows, method, list_of) for method in methods]
    pairs = [(place, seats) for place in places for seats in capacities]
    statistics = [
        seat_statistic(place.chance(seats)[part.chosen], part.event, part.weight)
        for place, seats in (pairs if enough else ())
    ]
    drawn = draw(statistics, part.cluster("household_id"), draws, seed) if enough else []
    interval = partial(share, size=float(part.event.sum()))
    found = []
    for number, (place, seats) in enumerate(pairs):
        estimate, ends = NONE, (NAN, NAN)
        if enough:
            estimate = interval(float(statistics[number].point()[0]), drawn[number][0])
            ends = place.bounds(seats, part)
        found.append(
            {
                "method": place.method,
                "capacity": seats,
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "worst": ends[0],
                "best": ends[1],
                "judged": len(part.chosen),
                "events": int(part.event.sum()),
                "enough": enough,
            }
        )
    return pd.DataFrame(found)


@dataclass(frozen=True, eq=False)
class _Places:
    """Where rows stand in their lists by one method.

    tie[n]: number of the row's tie; before and size, one a tie: children of its list that come
    earlier, and children in it.
    """

    method: str
    tie: Codes
    before: Floats
    size: Floats

    @classmethod
    def of(cls, rows: Rows, method: str, list_of: Codes) -> _Places:
        score = missing_last(rows.column(method))
        order = np.lexsort((-score, list_of))
        own, ordered = list_of[order], score[order]
        is_new_list = np.append(True, own[1:] != own[:-1])
        is_new = is_new_list | np.append(True, ordered[1:] != ordered[:-1])
        first = np.maximum.accumulate(np.where(is_new_list, np.arange(len(own)), 0))
        tie = np.empty(len(own), dtype=np.intp)
        tie[order] = np.cumsum(is_new) - 1
        before = (np.flatnonzero(is_new) - first[is_new]).astype(np.float64)
        return cls(method, tie, before, np.bincount(tie).astype(np.float64))

    def chance(self, seats: int) -> Floats:
        """Chance of each row to have a seat, ties broken at random."""
        return np.asarray(np.clip((seats - self.before) / self.size, 0.0, 1.0)[self.tie])

    def bounds(self, seats: int, part: Part) -> tuple[float, float]:
        """Recall if events come last in every tie, and if they come first."""
        left = np.clip(seats - self.before, 0.0, self.size)
        events = np.bincount(self.tie[part.chosen], part.event, minlength=len(self.size))
        best = np.minimum(left, events)
        worst = np.maximum(left - (self.size - events), 0.0)
        return float(worst.sum() / events.sum()), float(best.sum() / events.sum())

"""Recall at many capacities: what another number of visits would have found, from one sort a method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from carescreen.evaluation.cluster_draws import Statistic, draw
from carescreen.evaluation.intervals import NAN, NONE, share
from carescreen.evaluation.judged import Part, Rows, lists, read
from carescreen.evaluation.metrics import Codes, Flags, Floats, kish, missing_last
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
    weight: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Recall as `use` gives it at each capacity: one row a method and capacity.

    Columns: method, capacity, value, low, high (95%, over households), worst and best (if all ties
    at the line fall badly, or well), judged, events, enough. Errors: UsageError.
    """
    rows = read(table, [*methods, "group"], weight)
    list_of, _ = lists(rows)
    part = next(rows.parts(()))
    enough = part.is_enough(others=False)
    places = [_Places.of(rows, method, list_of) for method in methods]
    pairs = [(place, seats) for place in places for seats in capacities]
    statistics = [place.seated(seats, part) for place, seats in (pairs if enough else ())]
    drawn = draw(statistics, part.cluster("household_id"), draws, seed) if enough else []
    interval = partial(share, size=kish(part.weight[part.event]))
    found = []
    for number, (place, seats) in enumerate(pairs):
        estimate, ends = NONE, (NAN, NAN)
        if enough:
            estimate = interval(float(statistics[number].point()[0]), drawn[number][0])
            ends = place.ends(seats, part)
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
    """Where each row stands in its list by one method, from 0.

    before  children that come earlier for sure;  size  children in the row's tie, itself among them
    well, badly  its place if events come first in every tie, and if they come last
    """

    method: str
    before: Floats
    size: Floats
    well: Codes
    badly: Codes

    @classmethod
    def of(cls, rows: Rows, method: str, list_of: Codes) -> _Places:
        score = missing_last(rows.column(method))
        gain = np.where(rows.event, rows.weight, -rows.weight)
        well, order, starts = _standing(list_of, score, gain)
        badly, _, _ = _standing(list_of, score, -gain)
        ordered = score[order]
        is_new = starts | np.append(True, ordered[1:] != ordered[:-1])
        tie = np.cumsum(is_new) - 1
        before, size = np.empty(len(order)), np.empty(len(order))
        before[order] = well[order][is_new][tie]
        size[order] = np.bincount(tie)[tie]
        return cls(method, before, size, well, badly)

    def seated(self, seats: int, part: Part) -> Statistic:
        """Recall and precision of so many seats, ties broken at random."""
        own = part.chosen
        chance = np.clip((seats - self.before[own]) / self.size[own], 0.0, 1.0)
        return seat_statistic(chance, part.event, part.weight)

    def ends(self, seats: int, part: Part) -> tuple[float, float]:
        """Recall if every tie at the line falls badly, and if it falls well."""
        badly, well = (
            seat_statistic((place[part.chosen] < seats).astype(float), part.event, part.weight)
            for place in (self.badly, self.well)
        )
        return float(badly.point()[0]), float(well.point()[0])


def _standing(list_of: Codes, score: Floats, gain: Floats) -> tuple[Codes, Codes, Flags]:
    """Each row's place in its list, larger scores and then larger gains first; the order of rows;
    and where in that order a list begins."""
    order = np.lexsort((-gain, -score, list_of)).astype(np.intp)
    own = list_of[order]
    starts = np.append(True, own[1:] != own[:-1])
    first = np.maximum.accumulate(np.where(starts, np.arange(len(own)), 0))
    place = np.empty(len(own), dtype=np.intp)
    place[order] = np.arange(len(own)) - first
    return place, order, starts

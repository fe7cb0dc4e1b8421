"""Discrimination and use, with ties counted fairly and intervals that respect households."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure with a 95% percentile interval; NaN where it cannot be estimated."""

    value: float
    low: float
    high: float


def auroc(score: Floats, event: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the chance that an event outranks a non-event, ties half.

    NaN unless both classes are there. Rank-sum form: Hanley & McNeil, Radiology 1982;143:29-36.
    """
    events = int(event.sum())
    if events in (0, len(event)):
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle = ends - (counts - 1) / 2.0
    rank_sum = middle[inverse][event].sum()
    return float((rank_sum - events * (events + 1) / 2) / (events * (len(event) - events)))


def inclusion(score: Floats, group: NDArray[np.int64], seats: int) -> Floats:
    """Chance of being among the `seats` best of one's group, ties broken at random."""
    order = np.lexsort((-score, group))
    g, s = group[order], score[order]
    new_group = np.append(True, g[1:] != g[:-1])
    new_tie = new_group | np.append(True, s[1:] != s[:-1])
    start = np.maximum.accumulate(np.where(new_group, np.arange(len(g)), 0))
    tie = np.cumsum(new_tie) - 1
    size = np.bincount(tie)
    before = (np.flatnonzero(new_tie) - start[new_tie]).astype(np.float64)
    chance = np.clip((seats - before) / size, 0.0, 1.0)
    result = np.empty(len(score))
    result[order] = chance[tie]
    return result


def household_bootstrap(
    statistic: Callable[[NDArray[np.int64]], float],
    household: NDArray[np.int64],
    random_state: np.random.Generator,
    draws: int = 200,
) -> Estimate:
    """A figure over rows, with a percentile interval from resampling whole households."""
    rows = np.argsort(household, kind="stable")
    codes, starts = np.unique(household[rows], return_index=True)
    parts = np.split(rows, starts[1:])
    values = []
    for _ in range(draws):
        chosen = random_state.integers(0, len(codes), len(codes))
        values.append(statistic(np.concatenate([parts[k] for k in chosen])))
    known = np.array([value for value in values if not np.isnan(value)])
    point = statistic(np.arange(len(household)))
    if len(known) < draws / 2:
        return Estimate(point, float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(point, float(low), float(high))

"""Figures of a ranking on arrays: order, seats and ties, each with its source.

Arrays have one entry a judged child and window. Larger scores come earlier; a missing score comes
last. Weights are 1 unless they are given (1 / selection probability).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Estimate:
    """A figure with a 95% interval; NaN where it cannot be estimated."""

    value: float
    low: float
    high: float


def auroc(score: Floats, event: Flags, weight: Floats | None = None) -> float:
    """Area under the ROC curve: the chance that an event outranks a non-event, ties half.

    NaN unless both classes are there. Rank-sum form: Hanley & McNeil, Radiology 1982;143:29-36.
    """
    positive, negative = _by_tie(score, event, weight)
    pairs = positive.sum() * negative.sum()
    if not pairs:
        return float("nan")
    below = negative.sum() - np.cumsum(negative)
    return float(positive @ (below + negative / 2.0) / pairs)


def average_precision(score: Floats, event: Flags, weight: Floats | None = None) -> float:
    """Mean over events of the precision down to each event's place; a tie counts as one step.

    So the order of rows never matters, and an order that says nothing has the share of events. NaN
    without an event. Definition: scikit-learn's `average_precision_score`.
    """
    positive, negative = _by_tie(score, event, weight)
    if not positive.sum():
        return float("nan")
    found = np.cumsum(positive)
    some = positive > 0.0
    precision = found[some] / (found + np.cumsum(negative))[some]
    return float(positive[some] @ precision / positive.sum())


def _by_tie(score: Floats, event: Flags, weight: Floats | None) -> tuple[Floats, Floats]:
    """Weight of events and of non-events at each distinct score, the largest first."""
    weight = np.ones(len(score)) if weight is None else weight
    _, tie = np.unique(-missing_last(score), return_inverse=True)
    size = int(tie.max(initial=-1)) + 1
    return (
        np.bincount(tie, weight * event, minlength=size).astype(np.float64),
        np.bincount(tie, weight * ~event, minlength=size).astype(np.float64),
    )


def missing_last(score: Floats) -> Floats:
    """Scores with the missing ones after all others."""
    return np.where(np.isnan(score), -np.inf, score)


def inclusion(score: Floats, group: Codes, seats: int | NDArray[np.int64]) -> Floats:
    """Chance of being among the best of one's group, ties broken at random.

    group: 0 .. G - 1; seats: one number for all groups, or one a group[G].
    """
    order = np.lexsort((-missing_last(score), group))
    g, s = group[order], missing_last(score)[order]
    new_group = np.append(True, g[1:] != g[:-1])
    new_tie = new_group | np.append(True, s[1:] != s[:-1])
    start = np.maximum.accumulate(np.where(new_group, np.arange(len(g)), 0))
    tie = np.cumsum(new_tie) - 1
    before = (np.flatnonzero(new_tie) - start[new_tie]).astype(np.float64)
    own = np.broadcast_to(seats, int(group.max(initial=-1)) + 1)[g[new_tie]]
    result = np.empty(len(score))
    result[order] = np.clip((own - before) / np.bincount(tie), 0.0, 1.0)[tie]
    return result


def tie_bounds(
    score: Floats, group: Codes, seats: int | NDArray[np.int64], gain: Floats
) -> tuple[Floats, Floats]:
    """Who has a seat (1 or 0) if every tie at the line falls well, and if it falls badly.

    gain: weight of an event, minus the weight of a non-event, 0 where nobody judged. The two bound
    recall and precision at once: well means that events come first and non-events last.
    """
    return _seated(score, group, seats, gain), _seated(score, group, seats, -gain)


def _seated(score: Floats, group: Codes, seats: int | NDArray[np.int64], first: Floats) -> Floats:
    order = np.lexsort((-first, -missing_last(score), group))
    g = group[order]
    new_group = np.append(True, g[1:] != g[:-1])
    start = np.maximum.accumulate(np.where(new_group, np.arange(len(g)), 0))
    own = np.broadcast_to(seats, int(group.max(initial=-1)) + 1)[g]
    result = np.empty(len(score))
    result[order] = (np.arange(len(g)) - start) < own
    return result


def kish(weight: Floats) -> float:
    """How many rows of equal weight tell as much: Kish, Survey Sampling 1965. 0 for none."""
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def household_bootstrap(
    statistic: Callable[[NDArray[np.int64]], float],
    household: NDArray[np.int64],
    random_state: np.random.Generator,
    draws: int = 200,
) -> Estimate:
    """Any figure over rows, with a percentile interval from resampling whole households.

    It copies rows and calls the figure once a draw; `cluster_draws` does neither, for figures that
    depend on rows through totals.
    """
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

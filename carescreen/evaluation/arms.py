"""The two arms of a comparison: a group and the others, each with a figure and an effective size.

Variances are Taylor linearised over whole clusters (Woodruff, JASA 1971;66:411-4): the large-sample
equal of resampling clusters, but without draws, so that it serves intervals of any level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.calibration import chance

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

NEWTON_STEPS = 60
LOGIT_STEP = 1e-3  # predicted log-odds are grouped in steps of this size before a slope is fitted


@dataclass(frozen=True)
class Arms:
    """Group and others of k comparisons; arrays [k, 2] (column 0 the group, 1 the others).

    estimate     the figure; NaN where an arm is empty
    size         effective size: children (a share), events (a ratio), 1 / variance (a slope)
    rows         child-windows
    events       rows that count as events
    clusters     clusters with a row in it
    correlation  [k], of the two estimates
    """

    estimate: Floats
    size: Floats
    rows: Floats
    events: Floats
    clusters: Floats
    correlation: Floats


@dataclass(frozen=True)
class Partition:
    """Units put into groups: codes[n] from 0 and the number of groups."""

    codes: Codes
    levels: int


@dataclass(frozen=True)
class Additive:
    """What the figures are made of, as sums over the child-windows of n units (children, or one
    unit a child-window); everything a group needs is a sum of these.

    above / below is the figure; square: of weights, over rows that `below` (a share) or `above`
    (a ratio) counts; lump: weight that one more row with value 1 would bring; events; rows.
    """

    above: Floats
    below: Floats
    square: Floats
    lump: Floats
    events: Floats
    rows: Floats

    def among(self, chosen: NDArray[Any]) -> Additive:
        """The same of some units."""
        return Additive(*(column[chosen] for column in self._columns))

    def summed(self, unit: Codes, count: int) -> Additive:
        """The same of larger units: unit[n] from 0 to count - 1."""
        sums = (np.bincount(unit, column, count) for column in self._columns)
        return Additive(*(column.astype(np.float64) for column in sums))

    @property
    def _columns(self) -> tuple[Floats, ...]:
        return (self.above, self.below, self.square, self.lump, self.events, self.rows)


def of_share(weight: Floats, value: Floats, lump: Floats) -> Additive:
    """A weighted mean of `value` (0 to 1); all float[n], one a row."""
    return Additive(weight * value, weight, weight**2, lump, value, np.ones_like(weight))


def of_ratio(weight: Floats, y: Floats, expected: Floats) -> Additive:
    """Weighted events y (0/1) over what was expected; all float[n], one a row."""
    ones = np.ones_like(weight)
    return Additive(weight * y, weight * expected, weight**2 * y, ones, y, ones)


def share_arms(parts: Additive, partition: Partition, cluster: Codes) -> Arms:
    """Weighted share in each group and among the others.

    The effective size is estimate (1 - estimate) / variance (Korn and Graubard, Survey Methodology
    1998;24:193-201), never above Kish's (sum w)^2 / sum w^2, nor above the weight over the mean
    lump (a miss that nobody happened to draw still weighs its inverse probability).
    """
    sums = _sums(parts, partition, cluster)
    square, lump = (_both(partition, column) for column in (parts.square, parts.lump))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = sums.estimate * (1.0 - sums.estimate)
        size = np.where(spread > 1e-12, spread / sums.variance, np.inf)
        size = np.minimum(size, sums.below**2 / square)
        size = np.minimum(size, sums.below / np.maximum(lump / sums.rows, 1e-12))
    return sums.arms(size, _both(partition, parts.events))


def ratio_arms(parts: Additive, partition: Partition, cluster: Codes) -> Arms:
    """Observed over expected events in each group and among the others.

    The effective size is estimate^2 / variance, never above that of the weighted events alone.
    """
    sums = _sums(parts, partition, cluster)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = sums.estimate * sums.below
        alone = observed**2 / _both(partition, parts.square)
        size = np.minimum(sums.estimate**2 / sums.variance, alone)
    return sums.arms(size, _both(partition, parts.events))


def slope_arms(
    weight: Floats,
    y: Floats,
    logit: Floats,
    partition: Partition,
    cluster: Codes,
    least: int,
) -> Arms:
    """Slope of labels on predicted log-odds in each group and among the others; NaN under `least`
    events or non-events in an arm. The variance is the clustered sandwich (Liang and Zeger 1986).
    """
    grid, place = np.unique(np.round(logit / LOGIT_STEP).astype(np.int64), return_inverse=True)
    steps: Floats = grid.astype(np.float64) * LOGIT_STEP
    counts = _sums(of_ratio(weight, y, np.ones_like(y)), partition, cluster)
    events = _both(partition, y)
    found = np.full((partition.levels, 2, 2), np.nan)
    for level in range(partition.levels):
        inside = partition.codes == level
        for side, rows in enumerate((np.flatnonzero(inside), np.flatnonzero(~inside))):
            enough = least <= events[level, side] <= len(rows) - least
            if enough and np.ptp(logit[rows]) > LOGIT_STEP:
                found[level, side] = _slope(
                    weight[rows], y[rows], place[rows], steps, cluster[rows]
                )
    return Arms(
        found[:, :, 0],
        1.0 / found[:, :, 1],
        counts.rows,
        events,
        counts.clusters,
        np.zeros(partition.levels),  # ignoring likeness inside households widens the interval
    )


def _slope(
    weight: Floats, y: Floats, place: Codes, steps: Floats, cluster: Codes
) -> tuple[float, float]:
    """Slope and its clustered variance."""
    every = np.bincount(place, weight, len(steps))
    there = every > 0
    heavy: Floats = every[there].astype(np.float64)
    rate: Floats = np.bincount(place, weight * y, len(steps))[there] / heavy
    intercept, slope = _fitted(steps[there], rate, heavy)
    if np.isnan(slope):
        return slope, float("nan")
    score = steps[place]
    p = chance(intercept + slope * score)
    design = np.column_stack([np.ones_like(score), score])
    bread = np.linalg.pinv((design * (weight * p * (1.0 - p))[:, None]).T @ design)
    residual = weight * (y - p)
    sums = np.column_stack([np.bincount(cluster, residual * column) for column in design.T])
    groups = len(np.unique(cluster))
    meat = sums.T @ sums * groups / max(groups - 1, 1)
    return slope, float((bread @ meat @ bread)[1, 1])


def _fitted(logit: Floats, rate: Floats, weight: Floats) -> tuple[float, float]:
    """Intercept and slope by maximum likelihood (Newton, its steps held to 1); NaN where there is
    none because the predictions separate the labels."""
    design = np.column_stack([np.ones_like(logit), logit])
    theta = np.array([0.0, 1.0])
    for _ in range(NEWTON_STEPS):
        p = chance(design @ theta)
        gradient = design.T @ (weight * (rate - p))
        curvature = (design * (weight * p * (1.0 - p))[:, None]).T @ design
        step = np.linalg.pinv(curvature) @ gradient
        theta = theta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            return float(theta[0]), float(theta[1])
    return float("nan"), float("nan")


@dataclass(frozen=True)
class _Sums:
    estimate: Floats
    below: Floats
    variance: Floats
    rows: Floats
    clusters: Floats
    correlation: Floats

    def arms(self, size: Floats, events: Floats) -> Arms:
        return Arms(self.estimate, size, self.rows, events, self.clusters, self.correlation)


def _sums(parts: Additive, partition: Partition, cluster: Codes) -> _Sums:
    """Ratios of sums, their variance and correlation over clusters."""
    levels = partition.levels
    groups = int(cluster.max()) + 1 if len(cluster) else 0
    key = cluster * levels + partition.codes
    tables = [
        np.bincount(key, column, groups * levels).reshape(groups, levels)
        for column in (parts.above, parts.below, parts.rows)
    ]
    whole = [table.sum(axis=1, keepdims=True) for table in tables]
    above, below, rows = (
        _both(partition, column) for column in (parts.above, parts.below, parts.rows)
    )
    clusters = np.column_stack([(tables[2] > 0).sum(axis=0), (whole[2] > tables[2]).sum(axis=0)])
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = above / below
        own = tables[0] - estimate[:, 0] * tables[1]
        rest = (whole[0] - tables[0]) - estimate[:, 1] * (whole[1] - tables[1])
        squares = np.column_stack([(own**2).sum(axis=0), (rest**2).sum(axis=0)])
        variance = squares / below**2 * clusters / np.maximum(clusters - 1.0, 1.0)
        correlation = (own * rest).sum(axis=0) / np.sqrt(squares.prod(axis=1))
    correlation = np.clip(np.nan_to_num(correlation), -1.0, 1.0)
    return _Sums(estimate, below, variance, rows, clusters.astype(np.float64), correlation)


def _both(partition: Partition, column: Floats) -> Floats:
    """A sum in each group, and in all the others."""
    own = np.bincount(partition.codes, column, partition.levels)
    return np.column_stack([own, own.sum() - own]).astype(np.float64)

"""Intervals of a difference between two arms at any level, and levels adjusted for many of them.

Each arm has limits of its own; they are joined by MOVER (Zou and Donner, Stat Med 2008;27:1693-702),
which for shares is Newcombe's hybrid score interval (Stat Med 1998;17:873-90, method 10): it keeps
its level at shares near 0 and 1, where an estimate plus and minus its standard error does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from carescreen.evaluation.arms import Arms

Floats = NDArray[np.float64]
Limits = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]

FARTHEST = 60.0  # critical values are searched up to here
HALVINGS = 60


def wilson(estimate: Floats, size: Floats, critical: Floats) -> tuple[Floats, Floats]:
    """Score limits of a share (Wilson, JASA 1927;22:209-12)."""
    extra = critical**2 / size
    centre = (estimate + extra / 2.0) / (1.0 + extra)
    reach = (
        critical
        * np.sqrt(np.maximum(estimate * (1.0 - estimate), 0.0) / size + extra / (4.0 * size))
        / (1.0 + extra)
    )
    return centre - reach, centre + reach


def byar(estimate: Floats, size: Floats, critical: Floats) -> tuple[Floats, Floats]:
    """Limits of observed over expected, `size` events observed (Byar's approximation to the exact
    Poisson limits: Breslow and Day, IARC 1987, volume II, page 69)."""
    root = 1.0 - 1.0 / (9.0 * size) - critical / (3.0 * np.sqrt(size))
    low = estimate * np.maximum(root, 0.0) ** 3
    more = size + 1.0
    high = estimate * more / size * (1 - 1 / (9 * more) + critical / (3 * np.sqrt(more))) ** 3
    return low, high


def normal(estimate: Floats, size: Floats, critical: Floats) -> tuple[Floats, Floats]:
    """Estimate plus and minus `critical` standard errors; `size` is 1 / variance."""
    reach = critical / np.sqrt(size)
    return estimate - reach, estimate + reach


@dataclass(frozen=True)
class Differences:
    """Differences of group from others: value[k]; limits of any level; freedom[k] of Student's t."""

    arms: Arms
    limits: Limits

    @property
    def value(self) -> Floats:
        """Group minus others."""
        value: Floats = self.arms.estimate[:, 0] - self.arms.estimate[:, 1]
        return value

    @property
    def freedom(self) -> Floats:
        """Clusters of the smaller arm less one, at least 1."""
        freedom: Floats = np.maximum(self.arms.clusters.min(axis=1) - 1.0, 1.0)
        return freedom

    def at(self, critical: Floats) -> tuple[Floats, Floats]:
        """Limits at critical values[k]."""
        (a, b), (m, n) = self.arms.estimate.T, self.arms.size.T
        a_low, a_high = self.limits(a, m, critical)
        b_low, b_high = self.limits(b, n, critical)
        return (
            self.value - self._joined(a - a_low, b_high - b),
            self.value + self._joined(a_high - a, b - b_low),
        )

    @cached_property
    def ordinary(self) -> tuple[Floats, Floats]:
        """Two-sided 95% limits, not adjusted."""
        return self.interval(0.05)

    def interval(self, alpha: Floats | float) -> tuple[Floats, Floats]:
        """Two-sided limits of level 1 - alpha."""
        return self.at(np.asarray(stats.t.isf(np.asarray(alpha) / 2.0, self.freedom)))

    @cached_property
    def p_value(self) -> Floats:
        """The smallest alpha at which the interval excludes 0; NaN where an arm is empty."""
        low, high = np.zeros_like(self.value), np.full_like(self.value, FARTHEST)
        for _ in range(HALVINGS):
            middle = (low + high) / 2.0
            lower, upper = self.at(middle)
            excluded = (lower > 0.0) | (upper < 0.0)
            low, high = np.where(excluded, middle, low), np.where(excluded, high, middle)
        p = 2.0 * stats.t.sf(low, self.freedom)
        return np.where(np.isnan(self.value), np.nan, np.minimum(p, 1.0))

    def _joined(self, one: Floats, two: Floats) -> Floats:
        square = one**2 + two**2 - 2.0 * self.arms.correlation * one * two
        reach: Floats = np.sqrt(np.maximum(square, 0.0))
        return reach


def holm(p: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Adjusted p-values, and for each comparison the alpha of its adjusted interval.

    Holm, Scand J Stat 1979;6:65-70. The interval of that alpha excludes 0 exactly where Holm's
    procedure rejects. NaN (not compared) stays NaN and does not count.
    """
    known, adjusted, level = _known(p)
    order = known[np.argsort(p[known], kind="stable")]
    left = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * left), 1.0)
    rejected = int((adjusted[order] <= alpha).sum())
    level[order] = alpha / left[np.minimum(np.arange(len(order)), rejected)] if len(order) else 0
    return adjusted, level


def benjamini_hochberg(p: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Adjusted p-values, and for each comparison the alpha of its adjusted interval.

    Benjamini and Hochberg, JRSS B 1995;57:289-300; intervals of level 1 - R alpha / m for R found
    among m: Benjamini and Yekutieli, JASA 2005;100:71-81. They exclude 0 exactly where it is found.
    """
    known, adjusted, level = _known(p)
    order = known[np.argsort(p[known], kind="stable")]
    m = len(order)
    scaled = p[order] * m / np.arange(1, m + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    found = int((adjusted[order] <= alpha).sum())
    level[order] = alpha * max(found, 1) / max(m, 1)
    return adjusted, level


def _known(p: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
    return np.flatnonzero(~np.isnan(p)), np.full(len(p), np.nan), np.full(len(p), np.nan)

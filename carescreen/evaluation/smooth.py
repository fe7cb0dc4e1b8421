"""The smooth reliability curve: the chance of an event as a smooth function of what was predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carescreen.calibration import chance
from carescreen.evaluation.cluster_draws import Statistic, summed
from carescreen.evaluation.logistic import Fit, fit, logit
from carescreen.evaluation.metrics import Codes, Flags, Floats

# Harrell's places of four knots: Regression Modeling Strategies, 2nd ed. 2015, table 2.3
KNOTS = (0.05, 0.35, 0.65, 0.95)
CELLS = 200  # distinct predictions, beyond which neighbours are taken together in the draws
CURVE = 50  # points of the drawn curve


@dataclass(frozen=True)
class Smooth:
    """A logistic regression of the events on a restricted cubic spline of the predicted log-odds.

    In place of the loess of Austin & Steyerberg (Stat Med 2019;38:4051-65), as they do for survival
    (Austin, Harrell & van Klaveren, Stat Med 2020;39:2714-42): it takes weights, and clusters.
    """

    knots: Floats
    fitted: Fit
    probability: Floats
    weight: Floats

    @property
    def is_there(self) -> bool:
        """False where the labels are separated."""
        return bool(np.isfinite(self.fitted.coefficients).all())

    def ici(self) -> float:
        """Integrated calibration index: mean distance of the curve from the prediction (Austin &
        Steyerberg 2019). Chance alone lengthens it: `ici_by_chance`."""
        gap = np.abs(chance(self.fitted.design @ self.fitted.coefficients) - self.probability)
        return float(np.average(gap, weights=self.weight))

    def ici_by_chance(self, cluster: Codes, draws: int, seed: int) -> Floats:
        """Indices (draws) that faultless predictions would show in these children.

        The coefficients are then off by normal amounts, whose covariance is clustered by household.
        """
        cell, centre, _ = _cells(self.probability)
        values, vectors = np.linalg.eigh(self.fitted.covariance(cluster))
        reach = vectors * np.sqrt(np.maximum(values, 0.0))
        drawn = np.random.default_rng(seed).standard_normal((len(values), draws))
        off = spline(logit(centre), self.knots) @ (reach @ drawn)
        gap = np.abs(off) * (centre * (1.0 - centre))[:, None]
        share = np.bincount(cell, self.weight) / self.weight.sum()
        return np.asarray(share @ gap)

    def curve(self) -> Floats:
        """Predictions at which the curve is drawn: equally far apart in what children have."""
        return np.unique(np.quantile(self.probability, np.linspace(0.0, 1.0, CURVE)))

    def statistic(self) -> Statistic:
        """The index, then the curve at `curve()`."""
        cell, centre, size = _cells(self.probability)
        design = spline(logit(centre), self.knots)
        drawn = spline(logit(self.curve()), self.knots)

        def of(sums: Floats, cells: Floats) -> Floats:
            beta = self.fitted.redrawn(sums)
            gap = np.abs(chance(design @ beta) - centre[:, None])
            index = (gap * cells).sum(axis=0) / np.maximum(cells.sum(axis=0), 1e-300)
            return np.vstack([index, chance(drawn @ beta)])

        return Statistic((self.fitted.totals, summed(cell, self.weight, size)), of)


def smooth(probability: Floats, event: Flags, weight: Floats) -> Smooth:
    """The curve through judged rows; at least one event and one row without."""
    x = logit(probability)
    knots = np.unique(np.quantile(x, KNOTS))
    fitted = fit(spline(x, knots), np.zeros(len(x)), event, weight)
    return Smooth(knots, fitted, probability, weight)


def spline(x: Floats, knots: Floats) -> Floats:
    """Restricted cubic spline basis (n, k), linear beyond the outer knots: 1, x and k - 2 more
    (Harrell 2015, 2.4.5). Fewer than three knots leave a line; one leaves a level."""
    if len(knots) < 2:
        return np.ones((len(x), 1))
    columns = [np.ones(len(x)), x]
    last, before = knots[-1], knots[-2]
    width = (last - knots[0]) ** 2
    for knot in knots[:-2]:
        tail = _cube(x - before) * (last - knot) - _cube(x - last) * (before - knot)
        columns.append((_cube(x - knot) - tail / (last - before)) / width)
    return np.column_stack(columns)


def _cube(x: Floats) -> Floats:
    return np.asarray(np.maximum(x, 0.0) ** 3)


def _cells(probability: Floats) -> tuple[Codes, Floats, int]:
    """Cells of equal or neighbouring predictions, and the mean prediction of each."""
    values, place, counts = np.unique(probability, return_inverse=True, return_counts=True)
    if len(values) > CELLS:
        before = np.cumsum(counts) - counts
        coarse = before * CELLS // len(probability)
        place = np.unique(coarse, return_inverse=True)[1][place]
    counts = np.bincount(place)
    return place, np.bincount(place, probability) / counts, len(counts)

"""Villages and workers: how much their true rates differ, and which one stands out beyond noise.

Beta-binomial model: true rates come from a beta distribution, counts are binomial around them, and
both are estimated together over a grid, so a village with few events is drawn towards the others
(Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, section 5.3, with its prior (a + b)^(-5/2)).
Counts are made smaller by the design effect that a household bootstrap finds: brothers and sisters
are alike. Villages themselves are never resampled: that gives each village's own rate no error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats  # type: ignore[import-untyped]

from carescreen.evaluation.cluster_draws import counts_of_draws
from carescreen.evaluation.verdicts import FAIR, NOT_ENOUGH, UNFAIR, Verdict, judged

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

BOOTSTRAP = 200
GRID = 120
POSTERIOR_DRAWS = 4000
LEAST_PLACES = 3
INSEPARABLE = 0.9  # judgement: from this share of workers with one village on, the two are one


@dataclass(frozen=True)
class Place:
    """One village or worker: drawn-together rate less that of the others, with 95% interval."""

    name: str
    events: int
    value: float
    pooled: float
    difference: float
    low: float
    high: float
    adjusted_low: float
    adjusted_high: float
    verdict: Verdict


@dataclass(frozen=True)
class PlaceSpread:
    """How much the true rates of villages or workers differ.

    measure, attribute (village_id, caseworker_id); rate: mean of true rates; spread: standard
    deviation of true rates with a 95% interval, in the units of the rate; design: design effect of
    households; verdict: fair where 95% of places lie within the margin of their mean (spread's
    upper end under margin / 1.96), unfair where the adjusted lower end lies above.
    NaN, verdict and reason where there is not enough evidence.
    """

    measure: str
    attribute: str
    places: tuple[Place, ...]
    events: int
    rate: float
    spread: float
    low: float
    high: float
    design: float
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Overlap:
    """Whether village and worker can be told apart: shares of workers with one village only, and
    of villages with one worker only (over child-windows that name both); NaN where none does."""

    workers: int
    villages: int
    workers_with_one_village: float
    villages_with_one_worker: float

    @property
    def is_inseparable(self) -> bool:
        """Whether nearly every worker has a village of her own."""
        return min(self.workers_with_one_village, self.villages_with_one_worker) >= INSEPARABLE


def overlap(windows: pd.DataFrame) -> Overlap:
    """Count which workers serve which villages."""
    pairs = windows[["caseworker_id", "village_id"]].dropna().drop_duplicates()
    villages, workers = pairs.groupby("caseworker_id").size(), pairs.groupby("village_id").size()
    if not len(pairs):
        return Overlap(0, 0, float("nan"), float("nan"))
    return Overlap(
        len(villages), len(workers), float((villages == 1).mean()), float((workers == 1).mean())
    )


@dataclass(frozen=True)
class BetaBinomial:
    """Grid of beta parameters a[g], b[g] with their posterior weight[g]."""

    a: Floats
    b: Floats
    weight: Floats

    @property
    def mean(self) -> Floats:
        """Mean of true rates at each grid point."""
        return self.a / (self.a + self.b)

    @property
    def spread(self) -> Floats:
        """Standard deviation of true rates at each grid point."""
        mean = self.mean
        result: Floats = np.sqrt(mean * (1.0 - mean) / (self.a + self.b + 1.0))
        return result


def beta_binomial(above: Floats, size: Floats) -> BetaBinomial:
    """Posterior of the beta distribution that the places' true rates come from.

    above[v] of size[v] (need not be whole numbers). The prior is even in the mean and in
    (a + b)^(-1/2), which is roughly the standard deviation.
    """
    low, high = _range_of_mean(above, size)
    mean, root = np.meshgrid(np.linspace(low, high, GRID), (np.arange(GRID) + 0.5) / GRID)
    total = 1.0 / root.ravel() ** 2
    a, b = mean.ravel() * total, (1.0 - mean.ravel()) * total
    log = np.zeros(len(a))
    for y, n in zip(above, size, strict=True):
        log += special.betaln(a + y, b + n - y)
    log -= len(size) * special.betaln(a, b)
    weight = np.exp(log - log.max())
    return BetaBinomial(a, b, weight / weight.sum())


def _range_of_mean(above: Floats, size: Floats) -> tuple[float, float]:
    """Where the mean may lie: six standard errors, generous as places may differ."""
    rate = (above.sum() + 1.0) / (size.sum() + 2.0)
    own = (above + 0.5) / (size + 1.0)
    error = np.sqrt(rate * (1 - rate) / (size.sum() + 2.0) + own.var() / len(own))
    return max(rate - 6.0 * error, 1e-4), min(rate + 6.0 * error, 1.0 - 1e-4)


def design_effect(
    weight: Floats, value: Floats, place: Rows, household: Rows, rng: np.random.Generator
) -> Floats:
    """How much fewer events each place is worth: household-bootstrap over binomial variance.

    One factor for likeness inside households, pooled over places (each has too few of its own), at
    least 1. Returned per place together with Kish's factor of its own weights.
    """
    count = int(place.max()) + 1
    below = np.bincount(place, weight, count)
    rate = np.bincount(place, weight * value, count) / below
    numbers, cluster = np.unique(household, return_inverse=True)
    residual = weight * (value - rate[place])
    key, cell = np.unique(cluster * count + place, return_inverse=True)
    sums = np.bincount(cell, residual)
    squares = np.zeros(count)
    for counts in counts_of_draws(len(numbers), BOOTSTRAP, rng):
        for drawn in counts.T:
            squares += np.bincount(key % count, drawn[key // count] * sums, count) ** 2
    alone = np.bincount(place, residual**2, count).sum()
    likeness = max(squares.sum() / BOOTSTRAP / alone, 1.0) if alone > 0 else 1.0
    return np.asarray(likeness * np.bincount(place, weight**2, count) * _rows(place) / below**2)


def _rows(place: Rows) -> Floats:
    return np.bincount(place).astype(np.float64)


def place_spread(
    measure: str,
    attribute: str,
    names: NDArray[np.object_],
    household: Rows,
    weight: Floats,
    value: Floats,
    *,
    margin: float,
    alpha: float,
    least: int,
    rng: np.random.Generator,
) -> PlaceSpread:
    """Spread of true rates over places, and places with at least `least` events against the rest.

    names[n]: place of each event, None where not known (left out); value 0 to 1. alpha: level of
    the adjusted intervals; half of it for the spread, half shared among the places that are judged.
    """
    known = pd.notna(names)
    labels, place = np.unique(names[known].astype(str), return_inverse=True)
    enough = known.sum() >= least and len(labels) >= LEAST_PLACES
    if not enough:
        reason = f"{int(known.sum())} events in {len(labels)} places"
        nan = float("nan")
        return PlaceSpread(
            measure, attribute, (), int(known.sum()), nan, nan, nan, nan, nan, NOT_ENOUGH, reason
        )
    weight, value = weight[known], value[known]
    design = design_effect(weight, value, place, household[known], rng)
    below = np.bincount(place, weight)
    rate = np.bincount(place, weight * value) / below
    size = _rows(place) / design
    found = beta_binomial(rate * size, size)
    counts = _rows(place).astype(int)
    places = _places(found, labels, counts, rate, size, (margin, alpha, least), rng)
    return _spread(measure, attribute, places, found, (margin, alpha), counts, design)


def _spread(
    measure: str,
    attribute: str,
    places: tuple[Place, ...],
    found: BetaBinomial,
    limits: tuple[float, float],
    counts: NDArray[np.int_],
    design: Floats,
) -> PlaceSpread:
    margin, alpha = limits
    order = np.argsort(found.spread, kind="stable")
    cumulated = np.cumsum(found.weight[order])

    def quantile(level: float) -> float:
        place = min(int(np.searchsorted(cumulated, level)), len(order) - 1)
        return float(found.spread[order][place])

    low, high, most = quantile(0.025), quantile(0.975), margin / 1.96
    verdict: Verdict = FAIR if high < most else NOT_ENOUGH
    if quantile(alpha / 4.0) > most:
        verdict = UNFAIR
    rate = float(found.weight @ found.mean)
    spread = float(found.weight @ found.spread)
    events, effect = int(counts.sum()), float(np.average(design, weights=counts))
    return PlaceSpread(
        measure, attribute, places, events, rate, spread, low, high, effect, verdict, ""
    )


def _places(
    found: BetaBinomial,
    labels: NDArray[np.str_],
    counts: NDArray[np.int_],
    rate: Floats,
    size: Floats,
    limits: tuple[float, float, int],
    rng: np.random.Generator,
) -> tuple[Place, ...]:
    margin, alpha, least = limits
    points = rng.choice(len(found.weight), POSTERIOR_DRAWS, p=found.weight)
    a, b = found.a[points, None], found.b[points, None]
    drawn = rng.beta(a + rate * size, b + size - rate * size)
    whole = drawn @ counts
    others = (whole[:, None] - drawn * counts) / (counts.sum() - counts)
    apart = drawn - others
    centre, error = apart.mean(axis=0), apart.std(axis=0)
    number = max(int((counts >= least).sum()), 1)
    far = stats.norm.isf(alpha / 4.0 / number)
    low, high = np.quantile(apart, [0.025, 0.975], axis=0)
    return tuple(
        Place(
            str(labels[v]),
            int(counts[v]),
            float(rate[v]),
            float(drawn[:, v].mean()),
            float(centre[v]),
            float(low[v]),
            float(high[v]),
            float(centre[v] - far * error[v]),
            float(centre[v] + far * error[v]),
            _verdict(counts[v] >= least, centre[v], low[v], high[v], far * error[v], margin),
        )
        for v in range(len(labels))
    )


def _verdict(
    enough: bool, centre: float, low: float, high: float, reach: float, margin: float
) -> Verdict:
    adjusted = (centre - reach, centre + reach)
    return judged(centre, low, high, adjusted, margin) if enough else NOT_ENOUGH

"""Calibration: folds to score rows out of sample, the logistic map, its interval, its measures.

The map is logistic recalibration (Cox 1958; Steyerberg et al., Stat Med 2004;23:2567-86):
logit P = intercept + slope * score. How much of it is estimated depends on the events there are:
under 20 nothing, 20 to 44 the intercept, from 45 the slope too (DESIGN "Model").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from carescreen.errors import ModelError

MIN_EVENTS = 20  # fewest events of which anything may be estimated
SLOPE_EVENTS = 45  # fewest for a slope: about 46 update intercept and slope (Riley, BMJ 2020, m441)
MIN_SLOPE, MAX_SLOPE = 0.1, 10.0  # below, the order would be lost; above, the labels are separated
SLOPE_SPREAD = 0.3  # judgement: how far a slope that was not estimated may be from 1
DRIFT_SPREAD = 0.15  # how far the newest period is from the others: docs/model.md "Calibration"
FOLDS = 5
NEWTON_STEPS = 100

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Method = Literal["none", "intercept", "intercept+slope"]


def chance(logit: Floats) -> Floats:
    """Probability of a log-odds, without overflow at any size."""
    probability: Floats = 0.5 * (1.0 + np.tanh(0.5 * logit))
    return probability


def log_loss(logit: Floats, y: Floats, weight: Floats) -> float:
    """Weighted mean negative log-likelihood of labels 0/1."""
    return float(np.average(np.logaddexp(0.0, logit) - y * logit, weights=weight))


@dataclass(frozen=True)
class CalibrationMap:
    """logit P = intercept + slope * score, with the covariance of the two (log-odds units).

    `covariance` is (var intercept, cov, var slope); `events` and `method` say what they rest on.
    """

    intercept: float = 0.0
    slope: float = 1.0
    covariance: tuple[float, float, float] = (0.0, 0.0, 0.0)
    events: int = 0
    method: Method = "none"

    def logit(self, score: Floats) -> Floats:
        """Calibrated log-odds of scores (log-odds)."""
        return self.intercept + self.slope * score

    def interval(
        self, score: Floats, level: float = 0.95, of_score: Floats | float = 0.0
    ) -> Floats:
        """Lower and upper probability, (n, 2): a normal interval of the calibrated log-odds.

        of_score: variance of each score itself, log-odds squared, where it is known. The interval
        says how well the estimate is known, not how much children with one score differ.
        """
        if not 0.0 < level < 1.0:
            raise ModelError(f"level is {level}; it must lie between 0 and 1, such as 0.95")
        in_intercept, both, in_slope = self.covariance
        variance = in_intercept + 2.0 * both * score + in_slope * score**2
        variance = variance + self.slope**2 * of_score
        reach = normal_quantile(0.5 + level / 2.0) * np.sqrt(np.maximum(variance, 0.0))
        centre = self.logit(score)
        return np.column_stack([chance(centre - reach), chance(centre + reach)])

    def rounded(self) -> CalibrationMap:
        """The map as model.json stores it: intercept and slope to millionths, the covariance to a
        tenth of that, so that a processor's last bits leave no trace."""
        a, b, c = (round(value, 7) for value in self.covariance)
        return replace(
            self,
            intercept=round(self.intercept, 6),
            slope=round(self.slope, 6),
            covariance=(a, b, c),
        )

    def after(self, first: CalibrationMap) -> CalibrationMap:
        """This map applied to what `first` gives, as one map of the original score."""
        a, b = first.intercept, first.slope
        in_intercept, both, in_slope = self.covariance
        moved = (
            in_intercept + 2.0 * a * both + a * a * in_slope,
            b * (both + a * in_slope),
            b * b * in_slope,
        )
        return CalibrationMap(
            self.intercept + self.slope * a, self.slope * b, moved, self.events, self.method
        )


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal distribution."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)


def fit_map(
    score: Floats, y: Floats, weight: Floats | None = None, groups: NDArray[np.intp] | None = None
) -> CalibrationMap:
    """The map that the events in hand allow; its slope is the `likely_slope`.

    score: log-odds[n], y: 0/1[n], weight[n] (None: 1 each), groups: integers[n] (None: each row its
    own). Rows of one group may be alike, so they count less and the covariance is clustered.
    """
    weight = np.ones_like(score) if weight is None else weight
    events = int(np.count_nonzero((y == 1) & (weight > 0)))
    method = method_for(events)
    intercept, slope = 0.0, 1.0
    if method == "intercept+slope":
        weight = weight / design_effect(score, y, weight, groups)
        slope = likely_slope(score, y, weight)
    if method != "none":
        intercept = fit_intercept(score, y, weight, slope)
    covariance = clustered_covariance(intercept + slope * score, score, y, weight, groups, method)
    return CalibrationMap(intercept, slope, covariance, events, method)


def method_for(events: int) -> Method:
    """What may be estimated from a number of events."""
    if events < MIN_EVENTS:
        return "none"
    return "intercept" if events < SLOPE_EVENTS else "intercept+slope"


def fit_intercept(score: Floats, y: Floats, weight: Floats, slope: float = 1.0) -> float:
    """Calibration-in-the-large: the shift that makes expected equal observed events."""
    design = np.ones((len(score), 1))
    return float(_newton(design, slope * score, y, weight)[0])


def likely_slope(
    score: Floats, y: Floats, weight: Floats, fold: NDArray[np.intp] | None = None
) -> float:
    """The most probable slope where it is normal around 1 with SLOPE_SPREAD beforehand.

    A penalised fit is nearly calibrated by itself, and 45 events tell a slope only to about .2, so
    few events should not turn it far (docs/model.md "Moved to another place" has the figures).
    fold: scores of each were given by a model of its own, so each has an intercept of its own.
    A slope outside its bounds is set to the bound.
    """
    if np.ptp(score) == 0.0:
        return 1.0
    fold = np.zeros(len(score), dtype=np.intp) if fold is None else fold
    own = (fold[:, None] == np.unique(fold)).astype(np.float64)
    precision = np.append(1.0 / SLOPE_SPREAD**2, np.full(own.shape[1], 1e-6))
    change = _newton(np.column_stack([score, own]), score, y, weight, precision)[0]
    return float(np.clip(1.0 + change, MIN_SLOPE, MAX_SLOPE))


def design_effect(
    score: Floats, y: Floats, weight: Floats, groups: NDArray[np.intp] | None
) -> float:
    """How many times less the rows tell of a slope than independent ones of weight 1 (Kish, Survey
    Sampling, 1965, section 8.2); at least 1.

    Score contributions at slope 1, summed within groups and squared, over those of single rows.
    """
    p = chance(score + fit_intercept(score, y, weight))
    centred = score - np.average(score, weights=np.maximum(weight * p * (1.0 - p), 1e-12))
    parts = (y - p) * centred
    alone = float(weight @ parts**2)
    together = float((_summed((weight * parts)[:, None], groups) ** 2).sum())
    return max(together / alone, 1.0) if alone > 0.0 else 1.0


def drift(logit: Floats, y: Floats, weight: Floats) -> float:
    """Shift of the newest rows' log-odds, normal around 0 with DRIFT_SPREAD beforehand."""
    shift = 0.0
    for _ in range(NEWTON_STEPS):
        p = chance(logit + shift)
        gradient = weight @ (p - y) + shift / DRIFT_SPREAD**2
        step = gradient / (weight @ (p * (1.0 - p)) + 1.0 / DRIFT_SPREAD**2)
        shift -= float(step)
        if abs(step) < 1e-12:
            break
    return shift


def _newton(
    design: Floats, offset: Floats, y: Floats, weight: Floats, precision: Floats | float = 0.0
) -> Floats:
    """The most probable coefficients of a logistic regression by Newton's steps, halved until they
    help. precision: 1 / variance of each coefficient beforehand, around 0; 0 is maximum likelihood."""
    if not 0.0 < np.average(y, weights=weight) < 1.0:
        raise ModelError("calibration needs rows of both labels, 0 and 1; only one came")

    def loss_at(beta: Floats) -> float:
        fit = log_loss(offset + design @ beta, y, weight)
        return fit + float((precision * beta) @ beta / 2.0 / weight.sum())

    beta = np.zeros(design.shape[1])
    loss = loss_at(beta)
    for _ in range(NEWTON_STEPS):
        p = chance(offset + design @ beta)
        gradient = design.T @ (weight * (p - y)) + precision * beta
        curvature = (design * (weight * p * (1.0 - p))[:, None]).T @ design
        curvature = curvature + np.diag(precision + np.zeros(len(beta)))
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0].astype(np.float64)
        if np.abs(step).max() < 1e-12 or np.abs(beta).max() > 1e3:
            break
        beta, loss, moved = _halved(loss_at, beta, step, loss)
        if not moved:
            break
    return beta


def _halved(
    loss_at: Callable[[Floats], float], beta: Floats, step: Floats, loss: float
) -> tuple[Floats, float, bool]:
    for power in range(40):
        candidate = beta - step / 2.0**power
        new = loss_at(candidate)
        if new <= loss:
            return candidate, new, True
    return beta, loss, False


def clustered_covariance(
    logit: Floats,
    score: Floats,
    y: Floats,
    weight: Floats,
    groups: NDArray[np.intp] | None,
    method: Method,
) -> tuple[float, float, float]:
    """Covariance of intercept and slope, robust to likeness inside groups (sandwich; Liang and
    Zeger, Biometrika 1986;73:13-22), times G / (G - 1) for G groups.

    A slope that was not estimated is given the spread SLOPE_SPREAD around the mean score; what was
    known of an estimated one beforehand counts as one more, independent, group.
    """
    p = chance(logit)
    informative = weight * p * (1.0 - p)
    if method != "intercept+slope":
        centre = float(np.average(score, weights=np.maximum(informative, 1e-12)))
        shift = _sandwich(np.ones((len(score), 1)), weight * (y - p), informative, groups)[0, 0]
        spread = SLOPE_SPREAD**2
        return float(shift + spread * centre**2), -spread * centre, spread
    design = np.column_stack([np.ones_like(score), score])
    matrix = _sandwich(
        design, weight * (y - p), informative, groups, np.diag([0.0, SLOPE_SPREAD**-2])
    )
    return float(matrix[0, 0]), float(matrix[0, 1]), float(matrix[1, 1])


def _sandwich(
    design: Floats,
    residual: Floats,
    informative: Floats,
    groups: NDArray[np.intp] | None,
    before: Floats | float = 0.0,
) -> Floats:
    """before: precision beforehand, (parameters, parameters)."""
    scores = _summed(design * residual[:, None], groups)
    bread = np.linalg.pinv((design * informative[:, None]).T @ design + before)
    count = len(scores)
    meat = scores.T @ scores * (count / max(count - 1, 1)) + before
    matrix: Floats = bread @ meat @ bread
    return matrix


def level_design_effect(
    codes: NDArray[np.intp],
    residual: Floats,
    groups: NDArray[np.intp],
    weight: Floats | None = None,
) -> float:
    """How many times likeness inside groups, and weights, multiply the variance of a feature's
    weights, at least 1 (Kish, Survey Sampling, 1965): that of the sums by which they are estimated,
    summed over groups, to what as many single rows would have. codes: level of each row.
    residual: weight * (label - probability); weight: None for 1 each."""
    weight = np.ones_like(residual) if weight is None else weight
    _, place = np.unique(groups, return_inverse=True)
    levels = int(codes.max(initial=0)) + 1
    share = np.bincount(codes, weight, levels) / weight.sum()
    sums = np.bincount(place * levels + codes, residual, (int(place.max()) + 1) * levels)
    by_group = sums.reshape(-1, levels)
    by_group = by_group - share * by_group.sum(axis=1, keepdims=True)
    alone = (residual**2 / weight) @ (1.0 - 2.0 * share[codes] + share @ share)
    return max(float((by_group**2).sum() / alone), 1.0) if alone > 0.0 else 1.0


def _summed(rows: Floats, groups: NDArray[np.intp] | None) -> Floats:
    """Sums of rows within groups, (groups, columns); without groups the rows as they are."""
    if groups is None:
        return rows
    _, place = np.unique(groups, return_inverse=True)
    return np.column_stack([np.bincount(place, column) for column in rows.T])


def observed_over_expected(y: Floats, probability: Floats, weight: Floats | None = None) -> float:
    """Observed events over the sum of probabilities; 1 is calibrated in the large."""
    weight = np.ones_like(probability) if weight is None else weight
    return float(np.sum(weight * y) / np.sum(weight * probability))


def calibration_slope(y: Floats, logit: Floats, weight: Floats | None = None) -> float:
    """Slope of the labels on the predicted log-odds; under 1 is overconfident.

    Source: Van Calster et al., BMC Med 2019;17:230. NaN where every prediction is the same.
    """
    if np.ptp(logit) == 0.0:
        return float("nan")
    weight = np.ones_like(logit) if weight is None else weight
    design = np.column_stack([np.ones_like(logit), logit])
    return float(_newton(design, np.zeros_like(logit), y, weight)[1])


def random_folds(y: Floats, groups: NDArray[np.intp], seed: int) -> list[tuple[Rows, Rows]]:
    """(train, test) row numbers of FOLDS folds: whole groups, events spread evenly over folds.

    Groups are dealt like cards, those with most events first, ties shuffled by the seed.
    """
    _, place = np.unique(groups, return_inverse=True)
    events = np.bincount(place, y)
    sizes = np.bincount(place)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    order = np.lexsort([shuffled, -sizes, -events])
    fold_of_group = np.empty(len(sizes), dtype=np.intp)
    fold_of_group[order] = np.arange(len(sizes)) % FOLDS
    fold = fold_of_group[place]
    pairs = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]
    return _usable(pairs, y)


def forward_folds(
    y: Floats, groups: NDArray[np.intp], time: NDArray[np.int64]
) -> list[tuple[Rows, Rows]]:
    """(train, test) row numbers forward in time: each test period is scored by a model of earlier
    rows of other groups. Periods hold about as many events each; equal times stay together."""
    moments, place = np.unique(time, return_inverse=True)
    cumulated = np.cumsum(np.bincount(place, y, minlength=len(moments)))
    before = cumulated - np.bincount(place, y, minlength=len(moments))
    share = before / max(cumulated[-1], 1.0)
    period = np.minimum((share * FOLDS).astype(np.intp), FOLDS - 1)[place]
    pairs = []
    for k in range(1, FOLDS):
        test = np.flatnonzero(period == k)
        earlier = (period < k) & ~np.isin(groups, groups[test])
        pairs.append((np.flatnonzero(earlier), test))
    return _usable(pairs, y)


def _usable(pairs: list[tuple[Rows, Rows]], y: Floats) -> list[tuple[Rows, Rows]]:
    """Folds that have something to test and at least two rows of each label to learn from."""
    return [
        (train, test)
        for train, test in pairs
        if len(test) and min(y[train].sum(), len(train) - y[train].sum()) >= 2
    ]

"""Calibration: are the probabilities as large as the share of visits that confirmed a concern?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from carescreen.calibration import SLOPE_EVENTS
from carescreen.evaluation.bins import equal_bins
from carescreen.evaluation.cluster_draws import DRAWS, Statistic
from carescreen.evaluation.figures import Measure, Measured, Trial, measured
from carescreen.evaluation.intervals import centred, distance, share
from carescreen.evaluation.judged import Part, known_chances
from carescreen.evaluation.logistic import Fit, fit, logit
from carescreen.evaluation.metrics import Estimate, Flags, Floats
from carescreen.evaluation.smooth import smooth

BY = ("window",)
IN_BIN, ON_CURVE = "observed_in_bin", "observed_on_curve"
_COUNTS = ["children", "children_with_event"]


@dataclass(frozen=True)
class Reliability:
    """What was measured of probabilities; tables as in `Measured`.

    figures      observed_over_expected, intercept, slope, ece, ici, brier
    differences  of the first column minus each other; not of ece and ici, which noise lengthens
    bins         share of events (value, low, high) of children with like predictions: predicted is
                 their mean, children and children_with_event how many they are
    curve        the smooth of the same, at predictions from the least to the largest
    """

    figures: pd.DataFrame
    differences: pd.DataFrame
    bins: pd.DataFrame
    curve: pd.DataFrame


def reliability(
    table: pd.DataFrame,
    probabilities: Sequence[str] = ("probability",),
    *,
    by: Sequence[str] = BY,
    weight: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Reliability:
    """Calibration of columns of probabilities, over judged rows in which every one of them is known.

    Arguments: `discrimination`.

    observed_over_expected  events over the sum of probabilities; over 1: too low
    intercept               calibration-in-the-large: log-odds to add to every prediction
    slope                   of the events on the predicted log-odds; under 1: too far apart (Cox
                            1958; Van Calster et al., BMC Med 2019;17:230)
    ece                     root mean squared distance over bins, freed of what chance adds (Kumar,
                            Liang & Ma 2019; `Bins.squared_error`)
    ici                     mean distance of the smooth curve from the prediction (Austin &
                            Steyerberg 2019); by_chance is what faultless predictions would show
    brier                   mean squared error

    Enough: 20 events and 20 without one; 45 for slope, ici and curve. Errors: UsageError;
    NotCalibrated where no judged row has a probability (a score is not one).
    """
    rows = known_chances(table, probabilities, by, weight)
    parts = (
        (part, [trial for name in probabilities for trial in _trials(part, name, draws, seed)])
        for part in rows.parts(by)
    )
    return _split(measured(parts, draws, seed))


def _split(found: Measured) -> Reliability:
    figures, differences = found.figures, found.differences
    cells = [*_COUNTS, "by_chance", "predicted"]
    figures = figures.reindex(columns=[*figures.columns.difference(cells, sort=False), *cells])
    bins, curve = (figures["measure"] == IN_BIN), (figures["measure"] == ON_CURVE)
    if len(differences):
        both = ~differences["measure"].isin([IN_BIN, ON_CURVE])
        differences = differences[both].drop(columns="predicted", errors="ignore")
    return Reliability(
        figures[~bins & ~curve].drop(columns=["predicted", *_COUNTS]).reset_index(drop=True),
        differences.reset_index(drop=True),
        figures[bins].drop(columns="by_chance").reset_index(drop=True),
        figures[curve].drop(columns=["by_chance", *_COUNTS]).reset_index(drop=True),
    )


def _trials(part: Part, name: str, draws: int, seed: int) -> Iterator[Trial]:
    p, y, w = part.column(name), part.event, part.weight
    enough = part.is_enough()
    yield Trial(
        name,
        _means(p, y, w),
        [
            Measure("observed_over_expected", 0, bounds=(0.0, np.inf), enough=enough),
            Measure("brier", 1, bounds=(0.0, 1.0), enough=enough),
        ],
    )
    line = np.column_stack([np.ones(len(p)), logit(p)])
    yield _fitted(name, "intercept", line[:, :1], logit(p), part, enough)
    varied = len(np.unique(p)) > 1
    slopes = part.is_enough(SLOPE_EVENTS) and varied
    yield _fitted(name, "slope", line, np.zeros(len(p)), part, slopes)
    yield _binned(part, name, p, enough)
    yield _smoothed(part, name, p, slopes, draws, seed)


def _means(p: Floats, y: Flags, w: Floats) -> Statistic:
    def of(sums: Floats) -> Floats:
        blank = np.full(sums.shape[1], np.nan)
        ratio = np.divide(sums[0], sums[1], out=blank.copy(), where=sums[1] > 0.0)
        return np.stack([ratio, np.divide(sums[2], sums[3], out=blank, where=sums[3] > 0.0)])

    return Statistic((np.stack([w * y, w * p, w * (y - p) ** 2, w]),), of)


def _fitted(
    method: str, name: str, design: Floats, offset: Floats, part: Part, enough: bool
) -> Trial:
    last = design.shape[1] - 1
    if not enough:
        return Trial(method, _nothing(), [Measure(name, enough=False)])
    found: Fit = fit(design, offset, part.event, part.weight)
    there = bool(np.isfinite(found.coefficients).all())
    statistic = Statistic((found.totals,), lambda sums: found.redrawn(sums)[last:])
    return Trial(method, statistic, [Measure(name, enough=there)])


def _nothing() -> Statistic:
    return Statistic((), lambda: np.empty((0, 0)))


def _binned(part: Part, method: str, p: Floats, enough: bool) -> Trial:
    if not enough:
        return Trial(method, _nothing(), [Measure("ece", enough=False)])
    bins = equal_bins(p, part.event, part.weight)
    squared = bins.squared_error(part.cluster("household_id"))
    effective, predicted, count = bins.effective(), bins.of(p), bins.count()
    events = np.bincount(bins.place, part.event, minlength=bins.size)
    in_bin = [
        Measure(
            IN_BIN,
            1 + k,
            partial(share, size=effective[k]),
            (0.0, 1.0),
            key={"predicted": predicted[k]},
            also={"children": int(count[k]), "children_with_event": int(events[k])},
        )
        for k in range(bins.size)
    ]
    error = Measure("ece", 0, partial(_root, unbiased=squared), compared=False)
    return Trial(method, bins.statistic(), [error, *in_bin])


def _root(_: float, draws: Floats, unbiased: float) -> Estimate:
    found = centred(unbiased, draws)
    value, low, high = np.sqrt(np.maximum([found.value, found.low, found.high], 0.0))
    return Estimate(float(value), float(low), float(high))


def _smoothed(part: Part, method: str, p: Floats, enough: bool, draws: int, seed: int) -> Trial:
    found = smooth(p, part.event, part.weight) if enough else None
    if found is None or not found.is_there:
        return Trial(method, _nothing(), [Measure("ici", enough=False)])
    by_chance = found.ici_by_chance(part.cluster("household_id"), draws, seed)
    interval = partial(distance, by_chance=by_chance)
    index = Measure("ici", 0, interval, compared=False, also={"by_chance": by_chance.mean()})
    points = [
        Measure(ON_CURVE, 1 + k, key={"predicted": at}, bounds=(0.0, 1.0))
        for k, at in enumerate(found.curve())
    ]
    return Trial(method, found.statistic(), [index, *points])

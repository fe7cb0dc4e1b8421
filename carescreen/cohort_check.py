"""How a model does on later months and other families than it learned from: what its card reports.

The rows are cut by date into PERIODS parts of about as many events each. Each part but the first is
scored by a model of the earlier parts' rows of other families, calibration and all; the figures are
over all rows scored so. Intervals resample families, so they hold for this county, not for others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.calibration import calibration_slope, observed_over_expected
from carescreen.cohort import Cohort
from carescreen.errors import ModelError
from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.metrics import Estimate, household_bootstrap

PERIODS = 3
LEAST_TO_LEARN = 2  # events and non-events, as for any fit

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
# Fits rows and gives the probability of other rows.
Predict = Callable[[Rows, Rows], Floats]


@dataclass(frozen=True)
class ForwardCheck:
    """Figures on rows scored out of sample, each weighted as in training; None: too few events.

    figures: auroc, brier, brier_of_base_rate, observed_over_expected, slope.
    """

    rows: int
    events: int
    first: str
    last: str
    figures: Mapping[str, Estimate] | None


def forward_check(cohort: Cohort, predict: Predict, random_state: int = 0) -> ForwardCheck | None:
    """Check a way of fitting on later rows; None where no part can be scored by an earlier one."""
    chance = np.full(len(cohort), np.nan)
    base = np.full(len(cohort), np.nan)
    for earlier, test in _parts(cohort):
        chance[test] = predict(earlier, test)
        base[test] = np.average(cohort.y[earlier], weights=cohort.weight[earlier])
    tested = np.flatnonzero(~np.isnan(chance))
    if not len(tested):
        return None
    scored = _Scored(cohort.y, chance, base, cohort.weight).only(tested)
    days, events = cohort.as_of[tested], int(scored.y.sum())
    figures = None
    if events >= LEAST_EVENTS:
        family = np.unique(cohort.group[tested].astype(str), return_inverse=True)[1]
        rng = np.random.default_rng(random_state)
        figures = {
            name: household_bootstrap(_on(statistic, scored), family, rng)
            for name, statistic in _STATISTICS.items()
        }
    return ForwardCheck(len(tested), events, str(days.min()), str(days.max()), figures)


def _parts(cohort: Cohort) -> list[tuple[Rows, Rows]]:
    """(earlier rows of other families, rows of a part) for each part that can be scored."""
    days, place = np.unique(cohort.as_of, return_inverse=True)
    events = np.bincount(place, cohort.y, minlength=len(days))
    before = np.cumsum(events) - events
    part = np.minimum((before / max(events.sum(), 1.0) * PERIODS).astype(int), PERIODS - 1)[place]
    found = []
    for number in range(1, PERIODS):
        test = np.flatnonzero(part == number)
        other = ~np.isin(cohort.group.astype(str), cohort.group[test].astype(str))
        earlier = np.flatnonzero((part < number) & other)
        ones = int(cohort.y[earlier].sum())
        if len(test) and min(ones, len(earlier) - ones) >= LEAST_TO_LEARN:
            found.append((earlier, test))
    return found


def weighted_auroc(y: Floats, score: Floats, weight: Floats) -> float:
    """The chance that an event outranks another visit, ties half, each counted by its weight.

    >>> weighted_auroc(np.array([0.0, 1, 1]), np.array([1.0, 2, 1]), np.array([1.0, 3, 1]))
    0.875
    """
    scores, place = np.unique(score, return_inverse=True)
    events = np.bincount(place, weight * y, minlength=len(scores))
    others = np.bincount(place, weight * (1 - y), minlength=len(scores))
    below = np.cumsum(others) - others
    return float((events * (below + others / 2)).sum() / (events.sum() * others.sum()))


@dataclass(frozen=True)
class _Scored:
    """Rows scored out of sample: labels, probabilities, the base rate learned from, weights."""

    y: Floats
    chance: Floats
    base: Floats
    weight: Floats

    def only(self, rows: NDArray[np.int64]) -> _Scored:
        return _Scored(self.y[rows], self.chance[rows], self.base[rows], self.weight[rows])


Statistic = Callable[[_Scored], float]


def _on(statistic: Statistic, scored: _Scored) -> Callable[[NDArray[np.int64]], float]:
    def of(rows: NDArray[np.int64]) -> float:
        drawn = scored.only(rows)
        one_class = drawn.y.all() or not drawn.y.any()
        return float("nan") if one_class else statistic(drawn)

    return of


def _brier(y: Floats, chance: Floats, weight: Floats) -> float:
    return float(np.average((y - chance) ** 2, weights=weight))


def _slope(scored: _Scored) -> float:
    logit = np.log(scored.chance / (1 - scored.chance))
    try:
        return calibration_slope(scored.y, logit, scored.weight)
    except (ModelError, np.linalg.LinAlgError):
        return float("nan")


_STATISTICS: Mapping[str, Statistic] = {
    "auroc": lambda rows: weighted_auroc(rows.y, rows.chance, rows.weight),
    "brier": lambda rows: _brier(rows.y, rows.chance, rows.weight),
    "brier_of_base_rate": lambda rows: _brier(rows.y, rows.base, rows.weight),
    "observed_over_expected": lambda rows: observed_over_expected(rows.y, rows.chance, rows.weight),
    "slope": _slope,
}

"""From a figure and its draws to a 95% interval: which kind, and when there is none."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, stdtrit  # type: ignore[import-untyped]  # no stubs

from carescreen.evaluation.metrics import Estimate, Floats

TAIL = 0.025  # 95% intervals
NAN = float("nan")


NONE = Estimate(NAN, NAN, NAN)


def percentile(point: float, draws: Floats) -> Estimate:
    """Between the 2.5% and 97.5% quantiles of the draws; no interval if half of them are NaN."""
    known = _known(draws)
    if not len(known):
        return Estimate(point, NAN, NAN)
    low, high = np.quantile(known, [TAIL, 1.0 - TAIL])
    return Estimate(point, float(low), float(high))


def share(point: float, draws: Floats, size: float) -> Estimate:
    """Interval of a share that holds with few events and at 0 and 1, where draws cannot differ.

    The exact interval of a binomial share, with the number of rows that has the variance which the
    draws show: Korn & Graubard, Survey Methodology 1998;24:193-201.

    size: number of rows it rests on, used where every row says the same.
    """
    known = _known(draws)
    if not len(known) or np.isnan(point):
        return Estimate(point, NAN, NAN)
    inside, variance = point * (1.0 - point), float(np.var(known))
    if inside > 1e-12 and variance <= 1e-12 * inside:
        return Estimate(point, point, point)  # the same whoever is drawn: chance decides alone
    rows = inside / variance if inside > 1e-12 else size
    events = point * rows
    low = betaincinv(events, rows - events + 1.0, TAIL) if events > 0.0 else 0.0
    high = betaincinv(events + 1.0, rows - events, 1.0 - TAIL) if rows > events else 1.0
    return Estimate(point, float(low), float(high))


def distance(point: float, draws: Floats, by_chance: Floats) -> Estimate:
    """Interval of a distance that noise can only lengthen, in the draws as much as in the figure.

    Quantiles of the draws turned round the figure (the basic bootstrap: Davison & Hinkley 1997,
    5.2). It begins at 0 where chance alone makes as long a distance in 2.5% of cases or more.

    by_chance: distances that would be seen if the true one were 0.
    """
    found = percentile(point, draws)
    low, high = 2.0 * point - found.high, max(2.0 * point - found.low, point)
    if point <= np.quantile(by_chance, 1.0 - TAIL):
        low = 0.0
    return Estimate(point, max(low, 0.0), high)


def centred(point: float, draws: Floats) -> Estimate:
    """Quantiles of the draws moved so that their mean is the figure: for a figure freed of bias."""
    known = _known(draws)
    return percentile(point, known + (point - known.mean()) if len(known) else known)


def of_few(point: float, left_out: Floats, low: float, high: float) -> Estimate:
    """Interval over few clusters, such as counties, kept inside what is possible.

    left_out: the figure without each of the C clusters. Their spread is the jackknife's (Efron &
    Tibshirani 1993, chapter 11), and Student's t has C - 1 degrees of freedom, since quantiles of
    few clusters drawn anew are far too narrow (Cameron, Gelbach & Miller, Rev Econ Stat
    2008;90:414-27). With 2 clusters the interval is honest, and seldom says anything.
    """
    clusters = len(left_out)
    if clusters < 2 or np.isnan(left_out).any():
        return Estimate(point, NAN, NAN)
    spread = float(np.std(left_out)) * np.sqrt(clusters - 1.0)
    reach = float(stdtrit(clusters - 1, 1.0 - TAIL)) * spread
    return Estimate(point, max(low, point - reach), min(high, point + reach))


def _known(draws: Floats) -> Floats:
    known = draws[~np.isnan(draws)]
    return known if len(known) >= len(draws) / 2 else known[:0]

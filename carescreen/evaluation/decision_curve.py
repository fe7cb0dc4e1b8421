"""Net benefit: is choosing by probability worth more than visiting everyone, or no one?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from carescreen.errors import UsageError
from carescreen.evaluation.cluster_draws import DRAWS, Statistic, summed
from carescreen.evaluation.figures import Measure, Measured, Trial, measured
from carescreen.evaluation.judged import Part, known_chances
from carescreen.evaluation.metrics import Flags, Floats

THRESHOLDS = tuple(k / 100 for k in range(1, 51))


def net_benefit(
    table: pd.DataFrame,
    probabilities: Sequence[str] = ("probability",),
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    by: Sequence[str] = (),
    weight: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Measured:
    """Decision curve of columns of probabilities: Vickers & Elkin, Med Decis Making 2006;26:565-74.

    thresholds: the probability from which a visit is worth it; at 0.1 a programme would make ten
    visits to find one child. Other arguments: `discrimination`.

    net_benefit   events visited minus children visited in vain times threshold / (1 - threshold),
                  for each judged child. `visit_all` is that of visiting everyone; of no one it is 0;
                  `visited` is the share of the judged that the threshold would visit
    over_default  net benefit minus the better of visiting everyone and no one

    The figures hold for children like the judged ones; `weight` can make them like all children.
    Probabilities that are not calibrated make the curve meaningless (`reliability`). Enough: 20
    events and 20 without one. Errors: UsageError; NotCalibrated where there is no probability.
    """
    at = np.array(sorted(set(thresholds)), dtype=np.float64)
    if not len(at) or at[0] <= 0.0 or at[-1] >= 1.0:
        raise UsageError(
            "thresholds must lie between 0 and 1, such as 0.05; at least one is needed"
        )
    rows = known_chances(table, probabilities, by, weight)
    parts = ((part, [_trial(part, name, at) for name in probabilities]) for part in rows.parts(by))
    return measured(parts, draws, seed)


def _trial(part: Part, method: str, at: Floats) -> Trial:
    statistic = curve_statistic(part.column(method), part.event, part.weight, at)
    enough = part.is_enough()
    beside = (
        statistic.point()[2 * len(at) :].reshape(2, -1) if enough else np.full((2, len(at)), np.nan)
    )
    measures = [
        Measure(
            name,
            k + number * len(at),
            enough=enough,
            key={"threshold": float(threshold)},
            also={"visit_all": beside[0, k], "visited": beside[1, k]},
        )
        for k, threshold in enumerate(at)
        for number, name in enumerate(("net_benefit", "over_default"))
    ]
    return Trial(method, statistic, measures)


def curve_statistic(probability: Floats, event: Flags, weight: Floats, at: Floats) -> Statistic:
    """Net benefit at thresholds `at` (rising), net benefit over the better default, that of
    visiting everyone, and the share visited: 4 T figures."""
    place = np.searchsorted(at, probability, "right")
    odds = (at / (1.0 - at))[:, None]

    def of(events: Floats, others: Floats) -> Floats:
        total = events.sum(axis=0) + others.sum(axis=0)
        total = np.where(total > 0.0, total, np.nan)
        found = np.cumsum(events[::-1], axis=0)[::-1] / total
        vain = np.cumsum(others[::-1], axis=0)[::-1] / total
        own = found[1:] - vain[1:] * odds
        everyone = found[:1] - vain[:1] * odds
        return np.vstack([own, own - np.maximum(everyone, 0.0), everyone, found[1:] + vain[1:]])

    size = len(at) + 1
    return Statistic(
        (summed(place, weight * event, size), summed(place, weight * ~event, size)), of
    )

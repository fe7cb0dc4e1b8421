"""Whether visits since the old run found as many concerns as its probabilities said.

O/E: confirmed outcomes over the sum of probabilities, of the children with a judged outcome after the
old run's date and by the new one's; the first outcome of each child counts. A probability is the
chance that a visit confirms a concern, so those who were not visited are on neither side, and what
is found holds for whom was visited. The interval is exact for a Poisson count (Garwood, Biometrika
1936;28:437-42) of O divided by the design effect of households, which only widens it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from carescreen.evaluation.watch_measures import Measure
from carescreen.evaluation.watch_runs import WatchedRun
from carescreen.evaluation.watch_settings import WatchSettings


def observed_to_expected(
    event: NDArray[np.bool_], probability: NDArray[np.float64], household: NDArray[np.object_]
) -> tuple[float, float, float]:
    """O/E with its 95 % interval; NaN where nothing is expected."""
    observed, expected = float(event.sum()), float(probability.sum())
    if expected <= 0:
        return (float("nan"),) * 3
    away = event - observed / expected * probability  # a ratio's residuals: none of it is misfit
    number, _ = pd.factorize(household)
    by_household = np.bincount(number, away)
    effect = max(float((by_household**2).sum() / max((away**2).sum(), 1e-12)), 1.0)
    effective = observed / effect
    low = stats.chi2.ppf(0.025, 2 * effective) / 2 if effective else 0.0
    high = stats.chi2.ppf(0.975, 2 * effective + 2) / 2
    return observed / expected, effect * float(low) / expected, effect * float(high) / expected


def of_outcomes(
    old: WatchedRun, new: WatchedRun, outcomes: pd.DataFrame, settings: WatchSettings
) -> tuple[list[Measure], int]:
    """The measure, if there are enough events, and how many events there are.

    outcomes  child_id, outcome_date (datetime64) and result, as the caseload has them
    """
    judged = _judged(old, new, outcomes)
    event = (judged["result"] == "confirmed").to_numpy(dtype=bool)
    events = int(event.sum())
    chances = judged["probability"].to_numpy(dtype=np.float64)
    if events < settings.least_events or np.isnan(chances).any():
        return [], events
    ratio, low, high = observed_to_expected(
        event, chances, judged["household_id"].to_numpy(dtype=object)
    )
    large = not low <= 1.0 <= high
    found = Measure("calibration", "", 1.0, ratio, events, len(event), large, low=low, high=high)
    return [found], events


def _judged(old: WatchedRun, new: WatchedRun, outcomes: pd.DataFrame) -> pd.DataFrame:
    days = outcomes["outcome_date"].to_numpy(dtype="datetime64[D]")
    inside = (days > np.datetime64(old.as_of)) & (days <= np.datetime64(new.as_of))
    told = outcomes["result"].isin(["confirmed", "not_confirmed"]).to_numpy()
    rows = outcomes.loc[inside & told, ["child_id", "outcome_date", "result"]]
    first = rows.sort_values(["outcome_date", "child_id", "result"]).drop_duplicates("child_id")
    known = old.children[["child_id", "household_id", "probability"]]
    alone = known["household_id"] == ""
    known = known.assign(household_id=known["household_id"].mask(alone, known["child_id"]))
    return first.merge(known, on="child_id")

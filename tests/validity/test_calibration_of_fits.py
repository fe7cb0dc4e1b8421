"""A fit is calibrated on new rows, also when rows repeat in groups or times differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from measures import Mean, columns, expected_over, slope
from worlds import ENOUGH, Mixed, Sample

from carescreen.calibration import chance
from carescreen.model import RiskModel

TITLE = "Calibration on new rows"
RUNS = {200: 100, 600: 100, 2_000: 60, 10_000: 20}
# Where the whole Monte-Carlo interval must not lie outside. With about 30 events a slope is the
# mean of widely scattered ones; at 300 and more it is 1 for all that can be told.
EXPECTED = {200: (0.95, 1.05), 600: (0.97, 1.03), 2_000: (0.98, 1.02), 10_000: (0.99, 1.01)}
SLOPES = {200: (0.8, 1.5), 600: (0.9, 1.15), 2_000: (0.95, 1.05), 10_000: (0.97, 1.03)}


def _run(correlation: float, n: int, run: int) -> tuple[float, float]:
    rng = np.random.default_rng([run, n, round(10 * correlation)])
    world = Mixed.drawn(rng, correlation).world(rng)
    sample, test = _seen(world.draw(n, rng)), _seen(world.draw(ENOUGH, rng))
    model = RiskModel().fit(sample.X, sample.y)
    return expected_over(model, test), slope(model, test)


def _seen(sample: Sample) -> Sample:
    """With a blank for the rarest place, which a small sample may not hold often enough."""
    X = sample.X.assign(place=sample.X["place"].where(sample.X["place"] != "rare"))
    return Sample(X, sample.logit, sample.y)


@pytest.mark.parametrize("n", RUNS)
@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_observed_over_expected_and_slope_are_1_on_new_rows(n, correlation, measured):
    over, turned = columns([_run(correlation, n, run) for run in range(RUNS[n])])
    measured(
        TITLE,
        {
            "features": "correlated" if correlation else "independent",
            "rows": f"{n:,}",
            "runs": RUNS[n],
            "observed / expected": over,
            "slope": turned,
        },
    )
    assert over.lies_within(*EXPECTED[n])
    assert turned.lies_within(*SLOPES[n])


# --- groups ------------------------------------------------------------------------------------

LEAK = "Leaks: slope on new rows, 40 runs a row (under 1: overconfident)"
COPIES, LEAK_RUNS = 6, 40


def _copied(sample: Sample) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Each row several times, as a child that is entered again and again."""
    order = np.repeat(np.arange(len(sample.y)), COPIES)
    return sample.X.iloc[order].reset_index(drop=True), sample.y[order], order


def _group_run(run: int) -> tuple[float, float]:
    """Slopes of a fit that knows of the groups and of one that does not."""
    rng = np.random.default_rng([run, 77])
    world = Mixed.drawn(rng).world(rng)
    sample, test = _seen(world.draw(1_000, rng)), _seen(world.draw(ENOUGH // 4, rng))
    X, y, groups = _copied(sample)
    return slope(RiskModel().fit(X, y, groups=groups), test), slope(RiskModel().fit(X, y), test)


def test_copies_of_a_row_in_one_group_do_not_make_it_overconfident(measured):
    told, untold = columns([_group_run(run) for run in range(LEAK_RUNS)])
    measured(LEAK, {"leak": "each row 6 times", "told (groups, time)": told, "not told": untold})
    assert told.lies_within(0.9, 1.15)
    assert untold.value + untold.reach < 0.7


# --- time --------------------------------------------------------------------------------------


def _timed(rng: np.random.Generator, n: int, drift_of_rate: float, seasons: float):
    """Rows of 40 months; the rate drifts over all of them, and each month has a spell of its own
    that the column `month` shows and that does not come again. The last 8 months are the future."""
    mixed = Mixed.drawn(rng)
    world = mixed.world(rng)
    sample = world.draw(n, rng)
    month = rng.integers(0, 40, n)
    own = rng.normal(0.0, seasons, 40)
    own[32:] -= own[32:].mean()
    logit = sample.logit + own[month] + drift_of_rate * (month - 16) / 40
    X = _seen(sample).X.assign(**({"month": month * 1.0} if seasons else {}))
    y = (rng.random(n) < chance(logit)).astype(int)
    whole = Sample(X, logit, y)
    past, future = np.flatnonzero(month < 32), np.flatnonzero(month >= 32)
    return whole.take(past), month[past], whole.take(future)


def _time_run(run: int) -> tuple[float, float]:
    rng = np.random.default_rng([run, 78])
    past, month, future = _timed(rng, 4_000, 0.0, seasons=0.7)
    told = RiskModel().fit(past.X, past.y, time=month)
    untold = RiskModel().fit(past.X, past.y)
    return slope(told, future), slope(untold, future)


def test_what_only_one_month_had_does_not_count_as_known_beforehand(measured):
    runs = [_time_run(run) for run in range(LEAK_RUNS)]
    told, untold = columns(runs)
    row = {"leak": "a spell of each month", "told (groups, time)": told, "not told": untold}
    measured(LEAK, row)
    assert Mean.of(a - b for a, b in runs).is_over(0.0)
    assert told.lies_within(0.9, 1.1)


DRIFT = "Drift: observed / expected in the next 8 months, 40 runs a row"


def _drift_run(drift_of_rate: float, run: int) -> tuple[float, float]:
    rng = np.random.default_rng([run, 79])
    past, month, future = _timed(rng, 6_000, drift_of_rate, seasons=0.0)
    told = RiskModel().fit(past.X, past.y, time=month)
    untold = RiskModel().fit(past.X, past.y)
    return expected_over(told, future), expected_over(untold, future)


@pytest.mark.parametrize("drift_of_rate", [0.0, 0.5, -0.5])
def test_the_newest_period_moves_the_rate_where_it_drifts_and_hardly_where_it_does_not(
    drift_of_rate, measured
):
    runs = [_drift_run(drift_of_rate, run) for run in range(LEAK_RUNS)]
    told, untold = columns(runs)
    name = f"{drift_of_rate:+.1f} log-odds in 40 months" if drift_of_rate else "none"
    measured(DRIFT, {"drift": name, "told the time": told, "not told": untold})
    if drift_of_rate == 0.0:
        assert told.lies_within(0.98, 1.02)
    else:
        nearer = Mean.of(abs(np.log(b)) - abs(np.log(a)) for a, b in runs)
        assert nearer.is_over(0.03)

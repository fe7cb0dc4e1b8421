"""How often watch raises an alarm where nothing changed: weekly runs of synthetic counties.

CARESCREEN_COUNTIES is how many counties are made, 13 comparisons each (default 4, a few minutes).
"""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pandas as pd
from scipy import stats

from carescreen.evaluation.watch import watch
from carescreen.screener import Screener
from carescreen.synthetic import make_county
from tests.unit.watched_county import exported, write_run

COUNTIES = int(os.environ.get("CARESCREEN_COUNTIES", "4"))
DAYS = [str(day.date()) for day in pd.date_range("2026-03-01", periods=14, freq="7D")]
MOST = 0.03  # of weekly comparisons: one or two alarms a year


def test_a_year_of_weekly_runs_of_an_unchanged_county_has_one_or_two_alarms(tmp_path: Path) -> None:
    """The share of weeks with an alarm is not shown to be above MOST (exact, one-sided 5 %)."""
    screener = Screener.load()
    alarms = []
    for seed in range(COUNTIES):
        county = make_county(children=1000, villages=8, visits_per_child=8, seed=seed)
        runs = [
            write_run(screener, exported(county, day), day, tmp_path / f"{seed}-{day}")
            for day in DAYS
        ]
        alarms += [not watch(*pair).is_quiet for pair in pairwise(runs)]
    count = sum(alarms)
    print(f"{count} of {len(alarms)} weekly comparisons raised an alarm")
    assert stats.binom.sf(count - 1, len(alarms), MOST) > 0.05

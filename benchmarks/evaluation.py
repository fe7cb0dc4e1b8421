"""How long an evaluation of a county takes, beside ranking it at the same dates in the same run.

python benchmarks/evaluation.py [--children 100000] [--dates 12] [--refit]

The county is synthetic. The reference is `Screener.rank` at each date, reasons and all: what a plain
backtest would do.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from carescreen import Caseload, Screener, backtest
from carescreen.cohort_refit import Refit
from carescreen.evaluation.evaluated import evaluate
from carescreen.evaluation.leaks import find_leaks
from carescreen.evaluation.report import write_report
from carescreen.model import RiskModel
from carescreen.synthetic import make_county

T = TypeVar("T")
FIRST, LAST = "2025-06-01", "2026-10-31"
DAYS_COVERED = 517


def main() -> None:
    """Print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--children", type=int, default=100_000)
    parser.add_argument("--dates", type=int, default=12)
    parser.add_argument("--refit", action="store_true", help="also fit a model at each date (slow)")
    asked = parser.parse_args()
    county = make_county(children=asked.children)
    screener = Screener.load()
    caseload = Caseload(
        county.children, county.visits, county.households, county.outcomes, county.decisions
    )
    checked = caseload.check(screener.rules.indicators)
    every = DAYS_COVERED // asked.dates
    days = {"every_days": every, "horizon_days": every}
    beside = RiskModel.load("synthetic")
    found, seconds = timed(
        lambda: backtest(screener, checked, FIRST, LAST, reference=beside, **days)
    )
    dates = found.windows["as_of"].tolist()
    print(f"synthetic: {asked.children:,} children, {len(dates)} dates, {len(found.judged):,} rows")
    _, plain = timed(lambda: screener.rank(checked, dates[-1]))
    say("backtest, a second model beside", seconds, f"{seconds / len(dates):.2f} s a date")
    say("  rank at the last date alone", plain, f"{len(dates) * plain / seconds:.1f} x as long")
    measured, own = timed(
        lambda: evaluate(found, screener.rules, checked.outcomes, checked.decisions)
    )
    say("every measure, groups and rules", own)
    with tempfile.TemporaryDirectory() as folder:
        _, written = timed(lambda: write_report(measured, Path(folder) / "report"))
    say("the report", written)
    _, leaks = timed(lambda: find_leaks(screener, caseload, dates[len(dates) // 2]))
    say("leak test, check and all", leaks)
    say("together", seconds + own + written + leaks, "wanted: under 120 s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / (1024**2 if sys.platform == 'darwin' else 1024):.0f} MiB")
    if asked.refit:
        _, again = timed(lambda: backtest(screener, checked, FIRST, LAST, refit=Refit(), **days))
        say("backtest with a model fitted at each date", again)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What a piece of work gives, and how many seconds it took."""
    begin = time.perf_counter()
    return work(), time.perf_counter() - begin


def say(what: str, seconds: float, more: str = "") -> None:
    """A line of the table."""
    print(f"{what:44}{seconds:8.1f} s  {more}")


if __name__ == "__main__":
    main()

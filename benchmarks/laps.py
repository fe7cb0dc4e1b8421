"""Seconds of things that are run in turn: a machine that is busy is busy for all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

Run = Callable[[], object]


def medians(count: int, *runs: Run, warm_ups: int = 1) -> list[float]:
    """Median seconds of each of several things, over `count` rounds, after some that do not count."""
    rounds = [[lap(run) for run in runs] for _ in range(warm_ups + count)][warm_ups:]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def lap(run: Run) -> float:
    """Seconds of one run."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin

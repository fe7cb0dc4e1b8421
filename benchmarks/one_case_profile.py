"""Where the time of one assessment goes: samples of processor time, and how many calls there are.

python benchmarks/one_case_profile.py [calls]      default 2,000 calls: 500 different children

Sampling by a timer leaves the calls as fast as they are; a profiler that hooks every call does not.
"""

from __future__ import annotations

import gc
import itertools
import signal
import sys
import time
from collections import Counter
from types import FrameType

from cases import synthetic_cases

from carescreen import Screener

CHILDREN = 500
EVERY = 0.001  # seconds of processor time
STEPS = {
    "find": "reading the notes",
    "build_columns": "columns as of the day",
    "rule_dates": "dates of rules",
    "held": "which mentions hold",
    "plain_tables": "checking the case",
    "to_caseload": "the case as tables",
    "evaluate": "rules",
    "_whole_records": "the record of reasons",
    "paragraph": "the explanation in two languages",
    "model_validate": "pydantic",
}
FILES = (
    "notes",
    "cases",
    "dating",
    "holding",
    "caseload_of_one",
    "assessment",
    "rules",
    "ranking",
    "reasons",
    "main",
)


def sampled(
    screener: Screener, cases: list[dict[str, object]], calls: int
) -> tuple[Counter[str], int]:
    """In how many samples each step was under way, and how many samples there were."""
    under_way: Counter[str] = Counter()
    count = itertools.count()

    def look(_: int, frame: FrameType | None) -> None:
        next(count)
        seen = set()
        while frame is not None:
            code = frame.f_code
            if code.co_name in STEPS and code.co_filename.rpartition("/")[2][:-3] in FILES:
                seen.add(code.co_name)
            frame = frame.f_back
        under_way.update(seen)

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    for number in range(calls):
        screener.assess(cases[number % CHILDREN])
    signal.setitimer(signal.ITIMER_PROF, 0)
    return under_way, next(count)


def calls_of(screener: Screener, cases: list[dict[str, object]]) -> tuple[float, float]:
    """Calls of Python functions and of compiled ones that an assessment makes, on average."""
    found: Counter[str] = Counter()
    sys.setprofile(lambda _frame, event, _arg: found.update((event,)))
    for case in cases[:20]:
        screener.assess(case)
    sys.setprofile(None)
    return found["call"] / 20, found["c_call"] / 20


def collecting(screener: Screener, cases: list[dict[str, object]]) -> float:
    """The share of processor time that goes into collecting garbage."""
    spent, begun = 0.0, 0.0

    def timed(phase: str, _: dict[str, int]) -> None:
        nonlocal spent, begun
        if phase == "start":
            begun = time.process_time()
        else:
            spent += time.process_time() - begun

    gc.callbacks.append(timed)
    start = time.process_time()
    for case in cases:
        screener.assess(case)
    gc.callbacks.remove(timed)
    return spent / (time.process_time() - start)


def main() -> None:
    """Print the share of each step, the calls, and the share of collecting garbage."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    screener = Screener.load(pack="cn-rural", model="evidence")
    cases = synthetic_cases(CHILDREN)
    for case in cases[:100]:
        screener.assess(case)
    under_way, samples = sampled(screener, cases, calls)
    for name, times in under_way.most_common():
        print(f"{times / samples:6.1%}  {STEPS[name]}")
    python, compiled = calls_of(screener, cases)
    print(f"{python:,.0f} calls of Python functions and {compiled:,.0f} of compiled ones")
    print(f"{collecting(screener, cases):.2%} of the time collects garbage")


if __name__ == "__main__":
    main()

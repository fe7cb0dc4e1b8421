"""Assess children with three notes, one by one in a warm process, beside JSON of the same cases.

python benchmarks/one_case.py [calls]             default 2,000 calls: 500 different children
python benchmarks/one_case.py memory [calls]      memory over many calls, default 200,000

Wall time on a machine that others use too says as much about them; the processor time beside it is
that of this process alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cases import synthetic_cases
from rows import TARGETS, Row, verdicts

from carescreen import Case, Screener

CHILDREN = 500
LINES = 20  # of the table of memory


def laps(work: Callable[[Any], object], items: Iterable[Any]) -> tuple[list[float], list[float]]:
    """Wall and processor milliseconds of each call, each ascending."""
    wall, cpu = [], []
    for item in items:
        start, busy = time.perf_counter(), time.process_time()
        work(item)
        cpu.append((time.process_time() - busy) * 1e3)
        wall.append((time.perf_counter() - start) * 1e3)
    return sorted(wall), sorted(cpu)


def row(name: str, times: tuple[list[float], list[float]]) -> str:
    """One line: median and 99th percentile of wall and of processor time."""
    parts = [
        f"{kind} median {found[len(found) // 2]:.2f} ms, p99 {found[len(found) * 99 // 100]:.2f} ms"
        for kind, found in zip(("wall", "cpu"), times, strict=True)
    ]
    return f"{name}: {'; '.join(parts)}"


def rows(calls: int = 2000) -> list[Row]:
    """Median and 99th percentile by the clock; print them beside processor time and the reference."""
    screener = Screener.load(pack="cn-rural", model="evidence")
    cases = synthetic_cases(CHILDREN)
    found = {c["child_id"]: screener.assess(c).model_dump(mode="json") for c in cases}
    many = [cases[number % CHILDREN] for number in range(calls)]

    def as_json(case: dict[str, Any]) -> None:
        json.loads(json.dumps(case)), json.loads(json.dumps(found[case["child_id"]]))

    assessed = laps(lambda case: screener.assess(Case.model_validate(case)), many)
    reference = laps(as_json, many)
    print(row("assess", assessed))
    print(row("json.loads(json.dumps) of both", reference))
    ratio = assessed[1][calls // 2] / reference[1][calls // 2]
    print(f"ratio of medians of processor time {ratio:.0f}")
    wall, note = assessed[0], f"three notes, {calls:,} calls"
    return [
        Row(TARGETS["one child"], wall[calls // 2], note=note),
        Row(TARGETS["one child, p99"], wall[calls * 99 // 100], note=note),
    ]


def measure_memory(calls: int) -> None:
    """Print the memory of this process as it assesses `calls` cases, no id or note twice."""
    screener = Screener.load(pack="cn-rural", model="evidence")
    cases = synthetic_cases(CHILDREN)
    start = time.process_time()
    for number in range(calls + 1):
        if number % max(calls // LINES, 1) == 0:
            print(f"{number:>9,} assessments: {resident() / 1024:.1f} MiB", flush=True)
        screener.assess(as_another(cases[number % CHILDREN], number))
    print(f"{(time.process_time() - start) / (calls + 1) * 1e3:.2f} ms of processor time each")


def as_another(case: dict[str, Any], number: int) -> dict[str, Any]:
    """The case under ids of its own, and with a number in its notes, so that no text comes twice."""
    visits = [
        {**visit, "visit_id": f"N{number}-{place}", "note": f"{visit['note']} {number}."}
        for place, visit in enumerate(case["visits"])
    ]
    return {**case, "child_id": f"X{number}", "household_id": f"HX{number}", "visits": visits}


def resident(process: int | str = "self") -> int:
    """KiB of memory that a process holds (Linux)."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError("no VmRSS in /proc")


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        measure_memory(int(sys.argv[2]) if len(sys.argv) > 2 else 200_000)
    else:
        print(verdicts(rows(*map(int, sys.argv[1:]))))

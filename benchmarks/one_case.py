"""Assess one child with three notes again and again, beside JSON of the same case and result.

python benchmarks/one_case.py [calls]      default 1,000 calls, in one warm process
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from carescreen import Case, Screener

EXAMPLE = Path(__file__).parents[1] / "examples" / "case.json"
THIRD_VISIT = {
    "visit_id": "N000103",
    "visit_date": "2026-10-28",
    "child_seen": "yes",
    "note": "奶奶说妈妈上周打过电话。孩子有点咳嗽，还没去看医生。",
    "parent_contact_gap_days": 4,
}


def laps(work: Callable[[], object], calls: int) -> list[float]:
    """Milliseconds of each call, ascending."""
    found = []
    for _ in range(calls):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1e3)
    return sorted(found)


def main() -> None:
    """Print two rows, assessment and reference, and how many times longer the first takes."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    values = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    values["visits"].append(THIRD_VISIT)
    screener = Screener.load(pack="cn-rural", model="evidence")
    found = screener.assess(values).model_dump(mode="json")

    def as_json() -> None:
        json.loads(json.dumps(values)), json.loads(json.dumps(found))

    rows = {
        "assess": lambda: screener.assess(Case.model_validate(values)),
        "json.loads(json.dumps) of both": as_json,
    }
    medians = []
    for name, work in rows.items():
        laps(work, 50)
        times = laps(work, calls)
        medians.append(times[len(times) // 2])
        print(f"{name}: median {medians[-1]:.2f} ms, p99 {times[len(times) * 99 // 100]:.2f} ms")
    print(f"ratio of medians {medians[0] / medians[1]:.0f}")


if __name__ == "__main__":
    main()

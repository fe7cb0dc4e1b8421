"""Rank a synthetic county from CSV on all cores, beside pandas.read_csv of the same files.

python benchmarks/run.py [children]      default 100,000 children, 3 visits each
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

CARESCREEN = [sys.executable, "-c", "from carescreen.cli import main; main()"]


def timed(*arguments: str) -> float:
    """Wall seconds of one command."""
    start = time.perf_counter()
    subprocess.run([*CARESCREEN, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def read_csv(folder: Path) -> float:
    """Median seconds of three reads of the county's tables."""
    laps = []
    for _ in range(3):
        start = time.perf_counter()
        for name in ("children", "visits", "households", "outcomes", "decisions"):
            pd.read_csv(folder / f"{name}.csv", low_memory=False)
        laps.append(time.perf_counter() - start)
    return sorted(laps)[1]


def main() -> None:
    """Print one row: synth, rank, reference, ratio, memory."""
    children = sys.argv[1] if len(sys.argv) > 1 else "100000"
    with tempfile.TemporaryDirectory() as folder:
        county, lists = Path(folder) / "county", Path(folder) / "lists"
        made = timed("synth", "--children", children, "--out", str(county))
        reference = read_csv(county)
        ranked = timed("rank", str(county), "--as-of", "2026-11-01", "--out", str(lists))
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    print(f"children {children}: synth {made:.1f} s, rank {ranked:.1f} s")
    print(f"pandas.read_csv of the same files {reference:.2f} s, ratio {ranked / reference:.1f}")
    print(f"largest single process {largest:.2f} GiB")


if __name__ == "__main__":
    main()

"""Ranking on Spark: seconds of executor cores and bytes shuffled, from Spark's own counts.

    make bench-spark          20,000 synthetic children on local[2]

Prints one row a stage that matters, the totals a child, and how many cores would rank 10^8 children
in a night by that: computed, not run. A figure holds for the machine it was measured on alone; the
one-machine rank of the same county stands beside it as the reference, and the load of the machine.
Memory and processor time of Spark's processes are looked up twice a second, on Linux alone: memory
of a process that came and went in between is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

from carescreen.caseload import Caseload
from carescreen.screener import Screener
from carescreen.spark import rank
from carescreen.synthetic import make_county

AS_OF = "2026-11-01"
TABLES = ("children", "visits", "households", "outcomes", "decisions")
NIGHT_HOURS, COUNTRY = 8, 100_000_000


def session(log: Path) -> SparkSession:
    """Two cores of this machine; Spark writes what it counts into its event log."""
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    log.mkdir()
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.log.level": "ERROR",
        "spark.ui.showConsoleProgress": "false",
        # Joins by shuffle, as they must be where the ids of all children do not fit an executor.
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": log.as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


class Watch:
    """What Java and the Python processes of Spark took: processor seconds, and memory by process."""

    def __init__(self, java: int) -> None:
        self.java, self.seconds = java, 0.0
        self.peaks: dict[int, int] = {}  # kB of each Python process, at most

    def look(self) -> None:
        """Once, at those that are there; what has ended is in the times of its parent."""
        ticks = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_python = b"pyspark.daemon" in (folder / "cmdline").read_bytes()
                if is_python or int(folder.name) == self.java:
                    ticks += sum(
                        map(int, (folder / "stat").read_text().rsplit(")")[-1].split()[11:15])
                    )
                if is_python:
                    lines = (folder / "status").read_text().splitlines()
                    peak = next(line for line in lines if line.startswith("VmHWM:"))
                    self.peaks[int(folder.name)] = int(peak.split()[1])
            except (OSError, StopIteration):  # it has ended
                continue
        self.seconds = max(self.seconds, ticks / os.sysconf("SC_CLK_TCK"))


@contextmanager
def watched(java: int) -> Iterator[Watch]:
    """Looks twice a second, and at the end."""
    watch, over = Watch(java), threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            watch.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
        watch.look()


def stages(log: Path) -> list[dict[str, float]]:
    """What Spark counted of each stage that ran: seconds of its tasks, bytes written to shuffle."""
    found = []
    for line in next(path for path in log.iterdir() if path.is_file()).open(encoding="utf-8"):
        event = json.loads(line)
        if event["Event"] == "SparkListenerStageCompleted":
            info = event["Stage Info"]
            counts = {entry["Name"]: entry.get("Value", 0) for entry in info["Accumulables"]}
            seconds = float(counts.get("internal.metrics.executorRunTime", 0)) / 1000
            written = float(counts.get("internal.metrics.shuffle.write.bytesWritten", 0))
            tasks = info["Number of Tasks"]
            found.append({"tasks": tasks, "seconds": seconds, "written": written})
    return found


def main() -> None:
    """Make the county, rank it on Spark and on one core, print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=20_000)
    count = parser.parse_args().children
    warnings.filterwarnings("ignore")
    county = make_county(children=count, seed=7)
    with tempfile.TemporaryDirectory() as folder:
        for name in TABLES:
            getattr(county, name).to_parquet(Path(folder) / f"{name}.parquet")
        print(
            f"{count:,} synthetic children, {len(county.visits):,} visits, local[2], load {load()}"
        )
        of_spark(folder, count)
        of_one(folder, count)


def load() -> str:
    """How many programs want the cores, over the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def of_spark(folder: str, count: int) -> None:
    """Rank on Spark and write both files; rows of stages, then totals."""
    log = Path(folder) / "log"
    spark = session(log)
    frames = {name: spark.read.parquet(f"{folder}/{name}.parquet") for name in TABLES}
    began = time.perf_counter()
    java = spark.sparkContext._gateway.proc.pid
    with watched(java) as watch, rank(**frames, as_of=AS_OF) as ranked:
        ranked.frame().write.parquet(f"{folder}/ranking")
        took = time.perf_counter() - began
        buckets = ranked.buckets
    spark.stop()
    rows = stages(log)
    rows.sort(key=lambda row: -row["seconds"])
    print("stage            tasks   core seconds   shuffle bytes a child")
    for place, row in enumerate(rows[:8]):
        written = row["written"] / count
        print(f"{place + 1:<16} {row['tasks']:>5} {row['seconds']:>14.1f} {written:>23,.0f}")
    seconds, written = (sum(row[name] for row in rows) for name in ("seconds", "written"))
    print(f"{buckets} buckets, {took:.1f} s by the clock, {seconds:.1f} core seconds in all stages")
    peaks = ", ".join(f"{kb / 1024:,.0f}" for kb in sorted(watch.peaks.values(), reverse=True)[:4])
    print(f"most memory of Python processes, MiB: {peaks or 'not looked up'}; load {load()}")
    busy = watch.seconds / count * 10_000
    print(f"processor seconds of Java and Python, from their start: {watch.seconds:.1f}")
    print(f"    per 10,000 children {busy:.1f}")
    print(f"shuffled: {written / count:,.0f} bytes a child, compressed")
    per_10k = seconds / count * 10_000
    print(f"core seconds per 10,000 children: {per_10k:.1f}")
    cores = seconds / count * COUNTRY / (NIGHT_HOURS * 3600)
    print(f"computed, not run: 10^8 children in {NIGHT_HOURS} hours: {cores:,.0f} cores")


def of_one(folder: str, count: int) -> None:
    """The reference: one process over the same Parquet files, without writing lists."""
    began, busy = time.perf_counter(), time.process_time()
    screener = Screener.load()
    screener.rank(Caseload.read(folder), AS_OF)
    took, busy = time.perf_counter() - began, time.process_time() - busy
    print(f"one process, the same files: {took:.1f} s, {took / count * 10_000:.1f} per 10,000")
    print(f"    processor seconds {busy:.1f}, per 10,000 children {busy / count * 10_000:.1f}")


if __name__ == "__main__":
    main()

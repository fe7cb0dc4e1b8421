"""Ranking on Spark: seconds of executor cores and bytes shuffled, from Spark's own counts.

    make bench-spark          20,000 synthetic children on local[2]

Prints one row a stage that matters, the totals a child, and how many cores would rank 10^8 children
in a night by that: computed, not run. A figure holds for the machine it was measured on alone; the
one-machine rank of the same county stands beside it as the reference.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
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
        print(f"{count:,} synthetic children, {len(county.visits):,} visits, local[2]")
        of_spark(folder, count)
        of_one(folder, count)


def of_spark(folder: str, count: int) -> None:
    """Rank on Spark and write both files; rows of stages, then totals."""
    log = Path(folder) / "log"
    spark = session(log)
    frames = {name: spark.read.parquet(f"{folder}/{name}.parquet") for name in TABLES}
    began = time.perf_counter()
    with rank(**frames, as_of=AS_OF) as ranked:
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
    print(f"shuffled: {written / count:,.0f} bytes a child, compressed")
    per_10k = seconds / count * 10_000
    print(f"core seconds per 10,000 children: {per_10k:.1f}")
    cores = seconds / count * COUNTRY / (NIGHT_HOURS * 3600)
    print(f"computed, not run: 10^8 children in {NIGHT_HOURS} hours: {cores:,.0f} cores")


def of_one(folder: str, count: int) -> None:
    """The reference: one process over the same Parquet files, without writing lists."""
    began = time.perf_counter()
    screener = Screener.load()
    screener.rank(Caseload.read(folder), AS_OF)
    took = time.perf_counter() - began
    print(f"one process, the same files: {took:.1f} s, {took / count * 10_000:.1f} per 10,000")


if __name__ == "__main__":
    main()

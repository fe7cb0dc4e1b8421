"""Spark with two executor processes, and what happens when one of them, or its Python, is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from clusters import LINE, assert_same, cluster, on_spark
from pyspark.sql import SparkSession

from carescreen.caseload import Caseload
from carescreen.ranking import Ranking
from carescreen.screener import Screener
from carescreen.spark import rank
from carescreen.synthetic import make_county

AS_OF = "2026-11-01"
NAMES = ("children", "visits", "households", "outcomes", "decisions")
BUCKETS = 11  # no other step has as many tasks: this is how the tests know the work on buckets


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with cluster("local-cluster[2,1,1024]") as session:
        yield session


@pytest.fixture(scope="module")
def county() -> dict[str, pd.DataFrame]:
    made = make_county(children=300, seed=4, dirty=True)
    return {name: getattr(made, name) for name in NAMES}


@pytest.fixture(scope="module")
def one(county: dict[str, pd.DataFrame]) -> Ranking:
    return Screener.load().rank(Caseload(**county), AS_OF)


def executors(spark: SparkSession) -> dict[int, int]:
    """The process of each executor that answers, and that of a Python worker of it."""

    def who(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            time.sleep(0.5)  # long enough for every executor to get one
            worker = os.getpid()
            executor = worker
            while "CoarseGrainedExecutorBackend" not in _command(executor):
                executor = _parent(executor)
            yield pa.RecordBatch.from_pydict({"executor": [executor], "worker": [worker]})

    spread = spark.range(8, numPartitions=8)
    rows = spread.mapInArrow(who, "executor bigint, worker bigint").collect()
    return {row["executor"]: row["worker"] for row in rows}


def _command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")


def _parent(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("PPid:")).split()[1])


def test_two_executor_processes_give_the_bytes_of_one_machine(
    spark: SparkSession, county: dict[str, pd.DataFrame], one: Ranking
) -> None:
    assert len(executors(spark)) == 2
    with rank(**on_spark(spark, county), as_of=AS_OF, buckets=BUCKETS, row_column=LINE) as ranked:
        assert_same(ranked, one)


@pytest.mark.parametrize("what", ["executor", "its Python"])
def test_a_process_killed_in_the_middle_of_the_work_changes_nothing(
    spark: SparkSession, county: dict[str, pd.DataFrame], one: Ranking, what: str
) -> None:
    executor, worker = next(iter(executors(spark).items()))
    killed = threading.Event()

    def kill() -> None:
        tracker = spark.sparkContext.statusTracker()
        while not killed.is_set():
            for stage in tracker.getActiveStageIds():
                info = tracker.getStageInfo(stage)
                if info and info.numTasks == BUCKETS and info.numCompletedTasks >= 2:
                    os.kill(executor if what == "executor" else worker, signal.SIGKILL)
                    killed.set()
                    return
            time.sleep(0.02)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    with rank(**on_spark(spark, county), as_of=AS_OF, buckets=BUCKETS, row_column=LINE) as ranked:
        was_killed = killed.is_set()
        killed.set()
        thread.join()
        assert was_killed, "the work was over before anything could be killed"
        assert_same(ranked, one, quotes=(True,))


def test_an_executor_killed_after_the_work_takes_what_it_kept_along_and_nothing_changes(
    spark: SparkSession, county: dict[str, pd.DataFrame], one: Ranking
) -> None:
    with rank(**on_spark(spark, county), as_of=AS_OF, buckets=BUCKETS, row_column=LINE) as ranked:
        os.kill(next(iter(executors(spark))), signal.SIGKILL)
        assert_same(ranked, one, quotes=(False,))


def test_steps_in_a_folder_give_the_same_bytes(
    spark: SparkSession, county: dict[str, pd.DataFrame], one: Ranking, tmp_path: Path
) -> None:
    frames = on_spark(spark, county)
    folder = str(tmp_path / "steps")
    with rank(**frames, as_of=AS_OF, buckets=3, row_column=LINE, work_folder=folder) as ranked:
        os.kill(next(iter(executors(spark))), signal.SIGKILL)
        assert_same(ranked, one, quotes=(True,))

"""Small clusters of this machine, tables as Spark data frames, and both engines' bytes side by side."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyspark
from pyspark.sql import DataFrame, SparkSession

from carescreen.cells import cell_text
from carescreen.ranking import Ranking
from carescreen.results import write_csv
from carescreen.spark import Ranked

ROOT = Path(__file__).parents[2]
LINE = "line"  # the column of row numbers


@contextmanager
def cluster(master: str) -> Iterator[SparkSession]:
    """A session of its own; "local-cluster[2,1,1024]" has two executor processes."""
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(master)
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(map(str, (ROOT, Path(__file__).parent))),
        "spark.executorEnv.OMP_NUM_THREADS": "1",
        "spark.log.level": "ERROR",
        "spark.ui.showConsoleProgress": "false",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


def on_spark(
    spark: SparkSession, frames: dict[str, pd.DataFrame], numbered: bool = True
) -> dict[str, DataFrame]:
    """Tables as data frames of texts, each row with the number that one machine gives it."""
    return {name: _texts(spark, frame, numbered) for name, frame in frames.items()}


def _texts(spark: SparkSession, frame: pd.DataFrame, numbered: bool) -> DataFrame:
    columns = [[cell_text(cell) or None for cell in frame[name]] for name in frame]
    rows = list(zip(*columns, range(1, len(frame) + 1), strict=True))
    types = ", ".join(f"`{name}` string" for name in frame)
    made = spark.createDataFrame(rows, f"{types}, {LINE} bigint")
    return made if numbered else made.drop(LINE)


def shuffled(frames: dict[str, pd.DataFrame], seed: int) -> dict[str, pd.DataFrame]:
    """The same rows in another order."""
    return {name: frame.sample(frac=1.0, random_state=seed) for name, frame in frames.items()}


def assert_same(ranked: Ranked, one: Ranking, quotes: tuple[bool, ...] = (True, False)) -> None:
    """The same bytes of every file that Spark gives, and the same counts and sentences."""
    for with_quotes in quotes:
        rows = ranked.lines(quotes=with_quotes).collect()
        line = one.json_line if with_quotes else one.public_json_line
        assert [row["jsonl"].encode() for row in rows] == [line(place) for place in range(len(one))]
        csv = "".join(f"{text}\n" for text in [ranked.header, *(row["csv"] for row in rows)])
        assert csv.encode() == csv_bytes(one.export_frame(names=with_quotes))
    assert csv_bytes(ranked.rejected_frame()) == csv_bytes(one.rejected)
    assert ranked.profile() == one.profile
    assert ranked.notices == one.notices
    assert ranked.run == one.run
    assert ranked.children == len(one)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as the command writes it."""
    with tempfile.TemporaryDirectory() as folder:
        write_csv(frame, Path(folder) / "table.csv")
        return (Path(folder) / "table.csv").read_bytes()

"""`rank`: a caseload of Spark data frames in, every child in order out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from carescreen.counted import Count, in_words
from carescreen.errors import CaseloadError
from carescreen.ranking import Run, draw_seed
from carescreen.screener import Screener, day_of, of_model, require_count
from carescreen.spark.buckets import bucketed
from carescreen.spark.columns import ALL, CHILD, NOTICE, PART, ddl
from carescreen.spark.failures import said_plainly
from carescreen.spark.given import Given, given_tables
from carescreen.spark.order import Chairs, ranked, seated, sorted_children
from carescreen.spark.ranked import Ranked
from carescreen.spark.recipe import recipe_of
from carescreen.spark.work import Task

BUCKET_CHILDREN = 5_000  # what is lost with an executor in the middle of a bucket


def rank(
    children: DataFrame,
    visits: DataFrame | None = None,
    households: DataFrame | None = None,
    outcomes: DataFrame | None = None,
    decisions: DataFrame | None = None,
    *,
    as_of: str | date | np.datetime64,
    pack: str | Path = "cn-rural",
    model: str | Path = "evidence",
    capacity: int | None = None,
    first_run: bool = False,
    buckets: int | None = None,
    row_column: str | None = None,
    work_folder: str | None = None,
) -> Ranked:
    """Rank every child known by `as_of` as `Screener.rank` does, on the executors of Spark.

    The data frames have the columns of `Caseload`, and are read more than once: give such as say
    the same each time. A time with a zone is read in the zone of the session. `buckets` of whole
    households, and of whole lists, are the pieces of work: the result does not depend on how many,
    nor on the order of rows, nor on executors that die on the way.
    `row_column` names the column in which every table has the number of its row, for `rejected`.
    `work_folder` is where steps in between are written as Parquet, on storage that outlives an
    executor; without one the executors keep them, and what a lost one kept is worked out again.

    CaseloadError where a table lacks a column or no child was known, UsageError for an argument and
    for executors whose carescreen, libraries, pack or model are others than the driver's.
    """
    frames = {
        "children": children,
        "visits": visits,
        "households": households,
        "outcomes": outcomes,
        "decisions": decisions,
    }
    day = day_of(as_of)
    recipe, screener = recipe_of(pack, model)
    seats = screener.seats(capacity)
    if buckets is not None:
        require_count("buckets is a number of pieces of work", buckets)
    given = given_tables(frames, screener.rules.indicators, row_column)
    n = buckets or _bucket_count(children)
    keep = _Keep(children.sparkSession, work_folder)
    task = Task({name: table.layout for name, table in given.items()}, recipe, day, first_run)
    with said_plainly():
        found = keep(_worked(bucketed(given, recipe, day, n), task, n), "found")
        said = _said(found)
        if not said.children:
            raise CaseloadError(f"no child was known by {day}: nothing to rank")
        run = screener.run(day, seats, first_run, said.synthetic)
        chairs = Chairs(seats, screener.rules.settings.random_share, draw_seed(run))
        ordered = keep(sorted_children(found.where(F.col("kind") == CHILD)), "order")
        placed = keep(seated(ranked(ordered), chairs, n), "seats")
        placed.count()
    notices = _notices(given, said, screener, run)
    return Ranked(
        run, seats, notices, said.children, n, screener, found, placed, tuple(keep.frames)
    )


def _bucket_count(children: DataFrame) -> int:
    """So many that a bucket is small, and that every core gets some even of a small caseload."""
    count = int(children.count())
    cores = int(children.sparkSession.sparkContext.defaultParallelism)
    return max(1, -(-count // BUCKET_CHILDREN), min(4 * cores, -(-count // 250)))


def _worked(rows: DataFrame, task: Task, n: int) -> DataFrame:
    # A number of one's own: Spark would put small buckets together, and their work after each other.
    parts = rows.repartition(n, "bucket").groupBy("bucket")
    return parts.applyInArrow(task.bucket_work(), ddl(ALL))


class _Keep:
    """Keeps a data frame so that it is worked out once: on the executors, or in a folder."""

    def __init__(self, spark: SparkSession, folder: str | None) -> None:
        self.spark, self.folder = spark, folder
        self.frames: list[DataFrame] = []

    def __call__(self, frame: DataFrame, name: str) -> DataFrame:
        if self.folder is not None:
            path = f"{self.folder.rstrip('/')}/{name}"
            frame.write.parquet(path)
            return self.spark.read.parquet(path)
        self.frames.append(frame.persist(StorageLevel.DISK_ONLY))
        return frame


class _Said(NamedTuple):
    """What all buckets together say: children, buckets, whether one is invented, and what is counted."""

    children: int
    parts: int
    synthetic: bool
    counts: list[tuple[Count, int]]


def _said(found: DataFrame) -> _Said:
    total = F.sum("number").alias("total")
    by = ("kind", "notice_kind", "notice_table", "before", "after")
    rows = found.groupBy(*by).agg(F.count("*").alias("rows"), total).collect()
    of = {row["kind"]: row for row in rows if row["kind"] != NOTICE}
    counts = [
        (
            Count(row["notice_kind"], row["notice_table"], row["before"], row["after"]),
            row["total"],
        )
        for row in rows
        if row["kind"] == NOTICE
    ]
    part = of[PART]
    children = of[CHILD]["rows"] if CHILD in of else 0
    return _Said(children, part["rows"], bool(part["total"]), counts)


def _notices(
    given: Mapping[str, Given], said: _Said, screener: Screener, run: Run
) -> tuple[str, ...]:
    left_out = [str(column) for table in given.values() for column in table.left_out]
    counted = in_words(said.counts, said.parts)
    return (*left_out, *counted, *of_model(screener.model, run))

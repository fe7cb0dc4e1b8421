"""Ranked: what a run on Spark found, kept in Spark until somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from carescreen.checked import REJECTED_COLUMNS
from carescreen.profile import profile_of
from carescreen.profile_bins import Tally
from carescreen.ranking import COLUMNS as CSV_COLUMNS
from carescreen.ranking import Ranking, Run, coded_rows, head_texts, selected_by
from carescreen.recordstore import BODY, PUBLIC_BODY, RecordStore
from carescreen.results import csv_lines
from carescreen.screener import Screener
from carescreen.sheet import Sheet
from carescreen.spark import columns as of_bucket
from carescreen.spark.failures import said_plainly

NOT_LOOKED_FOR = (
    "ranked on Spark: children who may be recorded twice were not looked for, since two such rows "
    "can stand in any two households; duplicates.csv of this run says nothing."
)
_DAYS = "date"
_TYPES = {
    **{name: of_bucket.COLUMNS.get(name, "") for name in CSV_COLUMNS},
    **dict.fromkeys(("within_capacity",), of_bucket.FLAG),
    **dict.fromkeys(("selected_by", "record"), of_bucket.TEXT),
    **dict.fromkeys(("selection_probability",), of_bucket.NUMBER),
    **dict.fromkeys(("rank", "days_since_seen"), of_bucket.WHOLE),
    "due_on": _DAYS,
}
_LINES = {"rank": of_bucket.WHOLE, "csv": of_bucket.TEXT, "jsonl": of_bucket.TEXT}


@dataclass(frozen=True, repr=False)
class Ranked:
    """Every child of a caseload in order, as Spark data frames.

    run, capacity, notices, children  as of one machine; `children` is how many there are
    buckets                           into how many buckets of households the caseload was cut

    Nothing is collected unless `to_ranking`, `profile` or `rejected_frame` is called. What executors
    found is kept on their disks until `close()`, or the end of a `with`.
    """

    run: Run
    capacity: int
    notices: tuple[str, ...]
    children: int
    buckets: int
    screener: Screener
    found: DataFrame
    seats: DataFrame
    kept: tuple[DataFrame, ...]

    def frame(self, *, quotes: bool = False) -> DataFrame:
        """One row a child in rank order: the columns of ranking.csv, and `record`.

        `record` is the child's line of ranking.jsonl. With `quotes`, words of notes and the names
        of sensitive rules are in both: it then stays in the office.
        """
        return self._written(_TYPES, _frame_of, quotes)

    def lines(self, *, quotes: bool = False) -> DataFrame:
        """One row a child in rank order: rank, and its line of ranking.csv and of ranking.jsonl.

        The bytes of one machine without the line's end; ranking.csv begins with `header`.
        """
        return self._written(_LINES, _lines_of, quotes)

    @property
    def header(self) -> str:
        """The first line of ranking.csv, which begins with the mark by which Excel knows UTF-8."""
        return "\ufeff" + ",".join(CSV_COLUMNS)

    def rejected(self) -> DataFrame:
        """What could not be used, as rejected.csv has it; `row` is null without `row_column`."""
        file = F.array(*(F.lit(name) for name in _FILES))
        rows = self.found.where(F.col("kind") == of_bucket.FINDING)
        ordered = rows.orderBy(F.array_position(file, F.col("file")), "row", *_TIES)
        return ordered.select(*REJECTED_COLUMNS)

    def rejected_frame(self) -> pd.DataFrame:
        """The same on the driver."""
        found = self.rejected().toArrow()
        texts = of_bucket.sheet_of(found.drop_columns(["row"])).to_frame()
        row = pd.array(found.column("row").to_pylist(), dtype="Int64")
        is_numbered = not row.isna().any()
        texts["row"] = row.astype("int64") if is_numbered else row
        return texts[list(REJECTED_COLUMNS)]

    def profile(self) -> dict[str, Any]:
        """The counts of profile.json, added up by Spark and collected."""
        rows = self.found.where(F.col("kind") == of_bucket.TALLY).select("key", "tally")
        width = 64
        sums = [F.sum(F.get("tally", F.lit(place))).alias(f"n{place}") for place in range(width)]
        total = rows.groupBy("key").agg(F.max(F.size("tally")).alias("size"), *sums)
        tally: Tally = {}
        with said_plainly():
            for row in total.toLocalIterator():
                numbers = [row[f"n{place}"] for place in range(row["size"])]
                tally[tuple(json.loads(row["key"]))] = np.array(numbers, dtype=np.int64)
        return profile_of(tally, self.screener.rules, self.screener.features.sensitive)

    def to_ranking(self) -> Ranking:
        """Everything on the driver, as a Ranking of one machine: for what fits there.

        Its list of children who may be recorded twice is empty, and its notices say so.
        """
        with said_plainly():
            table = (
                self.found.where(F.col("kind") == of_bucket.CHILD)
                .select(*of_bucket.COLUMNS)
                .toArrow()
            )
            rejected, profile = self.rejected_frame(), self.profile()
        share = self.screener.rules.settings.random_share
        rows, store = of_bucket.packed_again(table)
        return Ranking(
            rows,
            store,
            self.run,
            rejected,
            (*self.notices, NOT_LOOKED_FOR),
            self.capacity,
            share,
            codes=self.screener.codes,
            profile=profile,
        )

    def close(self) -> None:
        """Let go of what the executors keep; its data frames are then worked out anew when used."""
        for frame in self.kept:
            frame.unpersist()

    def __enter__(self) -> Ranked:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        """Counts only: a record must not reach a log or a traceback."""
        return f"Ranked({self.children} children in {self.buckets} buckets)"

    @cached_property
    def _joined(self) -> DataFrame:
        rows = self.found.where(F.col("kind") == of_bucket.CHILD).select(*of_bucket.COLUMNS)
        return rows.join(self.seats, "child_id").orderBy("rank")

    def _written(
        self,
        types: dict[str, str],
        made: Callable[[Sheet, RecordStore, bool], dict[str, Any]],
        quotes: bool,
    ) -> DataFrame:
        """The rows in rank order, each batch by the function that writes them on one machine."""

        def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                if batch.num_rows:
                    rows, store = of_bucket.packed_again(pa.Table.from_batches([batch]))
                    columns = made(_placed(rows), store, quotes)
                    yield from of_bucket.table_of(types, columns, len(rows)).to_batches()

        return self._joined.mapInArrow(write, of_bucket.ddl(types))


_FILES = ("children", "visits", "households", "outcomes", "decisions")
_TIES = ("field", "expected", "place")


def _placed(rows: Sheet) -> Sheet:
    by = selected_by(rows, rows["within_capacity"], rows["drawn"])
    return rows.with_columns(selected_by=by)


def _named(rows: Sheet, quotes: bool) -> Sheet:
    """The columns of ranking.csv, with neutral codes in place of sensitive rules unless `quotes`."""
    return coded_rows(rows, quotes).only(CSV_COLUMNS)


def _records(rows: Sheet, store: RecordStore, quotes: bool) -> list[str]:
    bodies = store.texts(rows, BODY if quotes else PUBLIC_BODY)
    return [(head + body).decode() for head, body in zip(head_texts(rows), bodies, strict=True)]


def _frame_of(rows: Sheet, store: RecordStore, quotes: bool) -> dict[str, Any]:
    named = _named(rows, quotes)
    columns: dict[str, Any] = {name: named[name] for name in named}
    columns["due_on"] = rows["due_on"].astype("datetime64[D]")
    columns["days_since_seen"] = pd.array(rows["days_since_seen"], dtype="Int64")
    return {**columns, "record": _records(rows, store, quotes)}


def _lines_of(rows: Sheet, store: RecordStore, quotes: bool) -> dict[str, Any]:
    lines = csv_lines(_named(rows, quotes).to_frame())
    return {"rank": rows["rank"], "csv": lines, "jsonl": _records(rows, store, quotes)}

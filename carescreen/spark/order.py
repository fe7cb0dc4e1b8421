"""The order of all children and the seats of each list, worked out by Spark.

Seats are given list by list, by the very function of one machine, over buckets of whole lists. The
order is a distributed sort by the keys of `carescreen.ranking.order_of`, all of them integers, truth
values, whole days and at last the child's id, compared byte by byte, which is the order of code
points: no two children tie, so no run of the sort can differ from another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from carescreen.plan import give_seats
from carescreen.spark.columns import FLAG, NUMBER, TEXT, WHOLE, ddl, sheet_of, table_of

_LOW_BITS = (1 << 33) - 1  # of monotonically_increasing_id: the row within its partition
_SEATED = {
    "child_id": TEXT,
    "rank": WHOLE,
    "within_capacity": FLAG,
    "just_below": FLAG,
    "drawn": FLAG,
    "selection_probability": NUMBER,
}
OF_ORDER = (
    *("child_id", "group", "household", "tier_code", "waits", "needs_data"),
    *("score_micro", "days_since_seen"),
)


@dataclass(frozen=True)
class Chairs:
    """How many seats each list has, the share drawn by lot, and what the draw starts from."""

    capacity: int
    random_share: float
    seed: str


def sorted_children(children: DataFrame) -> DataFrame:
    """Children in the order of the list, each with its partition and its row in it.

    To be kept (persisted or written) before it is used: a second run may cut the partitions anew.
    """
    unseen = F.coalesce("days_since_seen", F.lit(float("inf")))
    ordered = children.select(*OF_ORDER).orderBy(
        F.col("tier_code").asc(),
        F.col("waits").asc(),
        F.col("needs_data").desc(),
        F.col("score_micro").desc(),
        unseen.desc(),
        F.col("child_id").asc(),
    )
    place = F.monotonically_increasing_id().bitwiseAND(F.lit(_LOW_BITS))
    return ordered.select("*", F.spark_partition_id().alias("part"), place.alias("place"))


def ranked(ordered: DataFrame) -> DataFrame:
    """Kept sorted children with their rank: what stands in the partitions before, and their own row."""
    counts = {row["part"]: row["count"] for row in ordered.groupBy("part").count().collect()}
    before, total = [], 0
    for part in range(max(counts, default=-1) + 1):
        before.append(total)
        total += counts.get(part, 0)
    starts = F.array(*(F.lit(start).cast("bigint") for start in before or [0]))
    first = F.element_at(starts, F.col("part") + 1)
    return ordered.withColumn("rank", first + F.col("place") + 1).drop("part", "place")


def seated(children: DataFrame, chairs: Chairs, n: int) -> DataFrame:
    """Each ranked child's rank and seat, from `n` buckets of whole lists."""
    bucket = F.pmod(F.xxhash64("group"), F.lit(n)).cast("int")
    keys = children.select(
        "child_id", "group", "household", "tier_code", "waits", "rank", bucket.alias("lists")
    )
    return keys.groupBy("lists").applyInArrow(_seats_of(chairs), ddl(_SEATED))


def _seats_of(chairs: Chairs) -> Callable[[pa.Table], pa.Table]:
    def seats(table: pa.Table) -> pa.Table:
        rows = sheet_of(table)
        rows = rows.take(np.argsort(rows["rank"], kind="stable"))
        given = give_seats(rows, chairs.capacity, chairs.random_share, chairs.seed)
        columns = {
            "child_id": rows["child_id"],
            "rank": rows["rank"],
            "within_capacity": given.within,
            "just_below": given.just_below,
            "drawn": given.drawn,
            "selection_probability": given.selection_probability,
        }
        return table_of(_SEATED, columns, len(rows))

    return seats

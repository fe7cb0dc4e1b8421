"""Law 6 on Spark: the bytes of one machine, whatever the buckets and the order of rows."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from clusters import LINE, assert_same, cluster, on_spark, shuffled
from pyspark.sql import SparkSession

from carescreen.caseload import Caseload
from carescreen.screener import Screener
from carescreen.spark import rank
from carescreen.synthetic import make_county

AS_OF = "2026-11-01"
NAMES = ("children", "visits", "households", "outcomes", "decisions")


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with cluster("local[2]") as session:
        yield session


@pytest.fixture(scope="module")
def county() -> dict[str, pd.DataFrame]:
    made = make_county(children=240, seed=3, dirty=True)
    return {name: getattr(made, name) for name in NAMES}


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.load("cn-rural", "evidence")


@pytest.mark.parametrize("buckets", [1, 3, 40])
def test_a_county_has_the_bytes_of_one_machine(
    spark: SparkSession, county: dict[str, pd.DataFrame], screener: Screener, buckets: int
) -> None:
    one = screener.rank(Caseload(**county), AS_OF, capacity=5)
    frames = on_spark(spark, county)
    with rank(**frames, as_of=AS_OF, capacity=5, buckets=buckets, row_column=LINE) as ranked:
        assert ranked.buckets == buckets
        assert_same(ranked, one)


def test_the_order_of_rows_changes_nothing(
    spark: SparkSession, county: dict[str, pd.DataFrame], screener: Screener
) -> None:
    one = screener.rank(Caseload(**county), AS_OF)
    frames = on_spark(spark, county)
    mixed = {name: frame.orderBy("line", ascending=False) for name, frame in frames.items()}
    with rank(**mixed, as_of=AS_OF, buckets=5, row_column=LINE) as ranked:
        assert_same(ranked, one, quotes=(True,))
    other = on_spark(spark, shuffled(county, seed=5))
    with rank(**other, as_of=AS_OF, buckets=5) as ranked:
        rows = ranked.lines(quotes=True).collect()
        assert [row["jsonl"].encode() for row in rows] == [
            one.json_line(place) for place in range(len(one))
        ]

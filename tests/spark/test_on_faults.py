"""What a person reads when a data frame or an executor is not as it must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
from clusters import LINE, assert_same, cluster, on_spark
from pyspark.sql import SparkSession

from carescreen.caseload import Caseload
from carescreen.errors import CaseloadError, UsageError
from carescreen.screener import Screener
from carescreen.spark import rank
from carescreen.spark.failures import said_plainly
from carescreen.spark.recipe import Recipe, recipe_of

AS_OF = "2026-11-01"
CHILDREN = {
    "child_id": ["C1", "C2"],
    "village_id": ["V1", "V1"],
    "birth_date": ["2018-01-01", "2019-05-05"],
}


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with cluster("local[2]") as session:
        yield session


def frames(**tables: dict[str, list[object]]) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(table, dtype=object) for name, table in tables.items()}


@pytest.mark.parametrize(
    ("children", "said"),
    [
        ({"child_id": ["C1"], "birth_date": [None]}, "children has no column 'village_id'"),
        ({"child_id": ["C1"], "village_id": ["V1"]}, "children has no column 'birth_date'"),
        (
            {"child_id": ["C1"], "village_id": ["V1"], "birth_dat": ["2018-01-01"]},
            "did you mean 'birth_date'",
        ),
        ({"child_id": [], "village_id": [], "birth_date": []}, "children has no rows"),
    ],
)
def test_a_data_frame_without_what_it_must_have(
    spark: SparkSession, children: dict[str, list[object]], said: str
) -> None:
    with pytest.raises(CaseloadError, match=said):
        rank(**on_spark(spark, frames(children=children)), as_of=AS_OF)


def test_a_data_frame_of_pandas_and_a_missing_row_column(spark: SparkSession) -> None:
    with pytest.raises(CaseloadError, match="wanted a Spark DataFrame"):
        rank(pd.DataFrame(CHILDREN), as_of=AS_OF)
    given = on_spark(spark, frames(children=dict(CHILDREN)), numbered=False)
    with pytest.raises(CaseloadError, match="which row_column names"):
        rank(**given, as_of=AS_OF, row_column=LINE)
    with pytest.raises(UsageError, match="buckets is a number of pieces of work"):
        rank(**given, as_of=AS_OF, buckets=0)


def test_rows_without_keys_columns_nobody_knows_and_other_types_go_as_on_one_machine(
    spark: SparkSession,
) -> None:
    """Null ids, blank rows, ids with white space, ids as numbers, a column of notes by another name."""
    tables = frames(
        children={
            "child_id": ["1", " 2 ", None, "9007199254740993", None],
            "village_id": ["V1", "V1", "V1", None, None],
            "household_id": ["7", "7 ", "7", None, None],
            "birth_date": ["2018-01-01", "2019-05-05", "2015-01-01", "2012-02-02", None],
            "Sex": ["female", None, None, None, "x"],
        },
        visits={
            "visit_id": ["N1", "N1", None, "N3", "N4"],
            "child_id": ["1", "2", "5", None, "9007199254740993"],
            "visit_date": ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04", None],
            "what she saw": ["孩子被打，身上有伤。" * 3] * 5,
        },
        households={"household_id": ["7", None]},
    )
    one = Screener.load().rank(Caseload(**tables), AS_OF)
    given = on_spark(spark, tables)
    visits = given["visits"].withColumn("child_id", given["visits"]["child_id"].cast("bigint"))
    with rank(**{**given, "visits": visits}, as_of=AS_OF, buckets=5, row_column=LINE) as ranked:
        assert_same(ranked, one)


def test_an_executor_of_another_version_is_refused_and_named(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, screener = recipe_of("cn-rural", "evidence")
    other = tuple((name, "0.0.9" if name == "numpy" else made) for name, made in own.made_of)
    wrong: Recipe = replace(own, made_of=other)
    monkeypatch.setattr("carescreen.spark.run.recipe_of", lambda *_: (wrong, screener))
    given = on_spark(spark, frames(children=dict(CHILDREN)))
    with pytest.raises(UsageError, match="another version than the driver of numpy"):
        rank(**given, as_of=AS_OF)


def test_a_library_that_executors_lack_is_named(spark: SparkSession) -> None:
    def look(batches: Iterator[object]) -> Iterator[object]:
        import no_such_library  # noqa: F401

        yield from batches

    with pytest.raises(UsageError, match="have no library 'no_such_library'"), said_plainly():
        spark.range(1).mapInArrow(look, "id bigint").collect()


def test_no_child_known_by_the_day(spark: SparkSession) -> None:
    late = {**CHILDREN, "recorded_at": ["2027-01-01", "2027-01-01"]}
    with pytest.raises(CaseloadError, match="nothing to rank"):
        rank(**on_spark(spark, frames(children=late)), as_of=AS_OF)


def test_on_the_driver_it_is_a_ranking_that_says_what_it_does_not_know(
    spark: SparkSession,
) -> None:
    tables = frames(children=dict(CHILDREN))
    with rank(**on_spark(spark, tables), as_of=AS_OF) as ranked:
        ranking = ranked.to_ranking()
        rows = ranked.frame(quotes=True).collect()
    one = Screener.load().rank(Caseload(**tables), AS_OF)
    assert ranking.records() == one.records()
    assert [row["record"].encode() for row in rows] == [one.json_line(0), one.json_line(1)]
    assert "recorded twice were not looked for" in ranking.notices[-1]

"""Law 6 on Spark, over the caseloads of the law tests: what real tables have, and worse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import reduce
from pathlib import Path

import pytest
from caseloads import DAYS, Row, Tables, tables
from clusters import LINE, assert_same, cluster, on_spark
from hypothesis import Phase, given, settings
from pyspark.sql import SparkSession

from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.screener import Screener
from carescreen.spark import rank
from carescreen.spark.recipe import recipe_of
from carescreen.steps import AdditiveTables, StepTable

PACK = Path(__file__).parents[1] / "laws" / "pack"
_TITLE = {"en": "Debts", "zh": "债"}
MODEL = AdditiveTables(
    intercept=-2_345_678,
    features=(
        StepTable("debts", "number", (0, 10, 99_999), (5.0, 50.0), missing=-3, title=_TITLE),
    ),
)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with cluster("local[2]") as session:
        yield session


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    write_model(folder, SavedModel(MODEL, Manifest(name="small", made_by="evidence")))
    return folder


@pytest.fixture(scope="module")
def screener(model: Path) -> Screener:
    return Screener.load(PACK, model)


@pytest.fixture(scope="module")
def drawn() -> Tables:
    """Four dozen drawn caseloads side by side, since a run on Spark has a price of its own.

    Two and two share households, and half of them visit_ids, over whatever buckets they fall into.
    """
    found: list[Tables] = []

    @settings(max_examples=48, phases=[Phase.generate])
    @given(tables(DAYS[0]))
    def draw(one: Tables) -> None:
        found.append(one)

    draw()
    return reduce(Tables.joined, (_apart(one, place) for place, one in enumerate(found)))


def _apart(found: Tables, place: int) -> Tables:
    marks = {"child_id": place, "other_child_id": place, "household_id": place // 2}
    if place % 2:
        marks["visit_id"] = place

    def change(rows: tuple[Row, ...]) -> list[Row]:
        return [
            {name: _marked(cell, marks.get(name)) for name, cell in row.items()} for row in rows
        ]

    return found.mapped(change)


def _marked(cell: object, mark: int | None) -> object:
    return cell if mark is None or cell is None else f"{cell}-{mark}"


def test_folders_of_ones_own_travel_and_shipped_ones_do_not(model: Path) -> None:
    own, _ = recipe_of(PACK, model)
    assert (own.pack, own.model) == ("sent/rules/pack", "sent/models/small")
    assert {"sent/rules/pack/pack.yaml", "sent/models/small/model.json"} <= {
        name for name, _ in own.files
    }
    shipped, _ = recipe_of("cn-rural", "evidence")
    assert (shipped.pack, shipped.model, shipped.files) == ("cn-rural", "evidence", ())


@pytest.mark.parametrize(("as_of", "buckets"), [(DAYS[0], 7), (DAYS[1], 2), (DAYS[2], 30)])
def test_drawn_caseloads_have_the_bytes_of_one_machine(
    spark: SparkSession, screener: Screener, model: Path, drawn: Tables, as_of: date, buckets: int
) -> None:
    """The pack and the model are folders of their own here: they travel to the executors."""
    one = screener.rank(drawn.caseload(), as_of, capacity=3)
    frames = on_spark(spark, drawn.frames())
    options = {"as_of": as_of, "pack": PACK, "model": model, "capacity": 3, "buckets": buckets}
    with rank(**frames, **options, row_column=LINE) as ranked:
        assert_same(ranked, one)

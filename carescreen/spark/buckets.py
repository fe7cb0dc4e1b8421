"""Whole households into buckets: every row that can say something of a child goes where it goes.

A bucket is a hash of the household; a child without one is a household of its own. Visits, outcomes
and decisions go with their child. Ids are compared as one machine compares them, by the same
function (`clean_ids`: a number is its digits, white space around an id is no part of it).

A child of several rows that name different households belongs to the one that its newest row known
by the day names. Which that is the checks of one machine say, over the rows of such children alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from carescreen.block import household_keys
from carescreen.caseload import Caseload
from carescreen.checks import clean_ids
from carescreen.spark.given import Given, Layout
from carescreen.spark.recipe import Recipe

SHARED = "shared"  # beside the tables: ids that visits of children of several buckets share
_OWN = "child:"  # as carescreen.block.household_keys marks a household of one child


def bucketed(given: Mapping[str, Given], recipe: Recipe, day: np.datetime64, n: int) -> DataFrame:
    """All rows: `bucket`, and a struct column a table of which one is not null in each row."""
    children = _with_home(given["children"], recipe, day)
    homes = children.where("id is not null").select("id", "home").dropDuplicates(["id"])
    parts = {"children": children.select(_bucket("home", n), "t")}
    for name in ("visits", "outcomes", "decisions"):
        if name in given:
            rows = given[name].rows.withColumn("id", _id(given[name], "child_id"))
            rows = rows.join(homes, "id", "left").withColumn("home", _home_of(F.col("home")))
            if name == "visits":
                rows = rows.withColumn("visit", _id(given[name], "visit_id"))
                parts[SHARED] = _shared(rows.select(_bucket("home", n), "id", "visit"))
            parts[name] = rows.select(_bucket("home", n), "t")
    if "households" in given:
        rows = given["households"].rows.withColumn("home", _id(given["households"], "household_id"))
        parts["households"] = rows.select(_bucket("home", n), "t")
    named = [part.withColumnRenamed("t", name) for name, part in parts.items()]
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), named)


def _home_of(home: Column) -> Column:
    """The household; one of its own for a child without, and for one that no row of children names."""
    return F.coalesce(home, F.concat(F.lit(_OWN), F.col("id")))


def _bucket(key: str, n: int) -> Column:
    """A row without a key is of no child: it is reported, from whatever bucket it is in."""
    anywhere = F.xxhash64(F.to_json(F.col("t"))) if key == "home" else F.lit(0)
    hashed = F.when(F.col(key).isNull(), anywhere).otherwise(F.xxhash64(key))
    return F.pmod(hashed, F.lit(n)).cast("int").alias("bucket")


def _id(given: Given, name: str) -> Column:
    """A column of ids as one machine reads them."""
    if name not in given.layout.columns:
        return F.lit(None).cast("string")
    cell = given.cell(name)
    # A whole number as its digits: pandas would make it a float where some are missing.
    is_plain = isinstance(given.type_of(name), T.IntegralType | T.StringType)
    return _ids_of(cell.cast("string") if is_plain else cell)


def _ids_of(cell: Column) -> Column:
    def read(cells: pd.Series) -> pd.Series:
        return pd.Series(clean_ids(cells), dtype=object)

    read.__annotations__ = {"cells": pd.Series, "return": pd.Series}
    column: Column = F.pandas_udf(read, "string")(cell)
    return column


def _with_home(children: Given, recipe: Recipe, day: np.datetime64) -> DataFrame:
    """Rows of children with `id` and `home`: the same home for all rows of a child."""
    rows = children.rows.withColumns(
        {"id": _id(children, "child_id"), "home": _id(children, "household_id")}
    )
    if "household_id" not in children.layout.columns:
        return rows.withColumn("home", _home_of(F.col("home")))
    of_child = Window.partitionBy("id")
    rows = rows.withColumns(
        {"first": F.min("home").over(of_child), "last": F.max("home").over(of_child)}
    )
    is_one = F.col("id").isNull() | F.col("first").eqNullSafe(F.col("last"))
    several = rows.where(~is_one)
    chosen = several.groupBy("id").applyInArrow(
        chosen_home(children.layout, recipe, day), "id string, chosen string"
    )
    rows = rows.withColumn("home", F.when(is_one, F.col("first"))).join(chosen, "id", "left")
    return rows.withColumn("home", _home_of(F.coalesce("home", "chosen")))


def chosen_home(
    layout: Layout, recipe: Recipe, day: np.datetime64
) -> Callable[[pa.Table], pa.Table]:
    """What says to which household children of several rows belong, as known by a day."""

    def choose(rows: pa.Table) -> pa.Table:
        table = layout.table(rows.column("t").combine_chunks())
        caseload = Caseload.of_part({"children": table})
        known = caseload.check(recipe.screener().rules.indicators).known_by(day)
        children = known.sheets["children"]
        found = {"id": children["child_id"], "chosen": household_keys(children)}
        return pa.table({name: pa.array(values, pa.string()) for name, values in found.items()})

    return choose


def _shared(visits: DataFrame) -> DataFrame:
    """Ids of visits of several children, in each bucket that has one of them."""
    named = visits.where("visit is not null and id is not null").distinct()
    ids = named.groupBy("visit").agg(
        F.min("id").alias("one"), F.max("id").alias("other"), F.collect_set("bucket").alias("in")
    )
    several = ids.where("one != other").select("visit", F.explode("in").alias("bucket"))
    return several.select("bucket", F.struct("visit").alias("t"))

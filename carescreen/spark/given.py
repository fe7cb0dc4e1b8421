"""The data frames of a caseload as they were given: names, what is read of them, and their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from carescreen.caseload import columns_left_out, is_read, no_children, require_structure
from carescreen.checked import LeftOut
from carescreen.errors import CaseloadError
from carescreen.fields import TABLES
from carescreen.indicators import Indicator
from carescreen.tables import Table, arrow_frame, checked_names, is_blank

_LOOKED_AT = 2000  # rows of an unknown column that are looked at, to say whether it holds notes
_NO_TEXTS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Layout:
    """How a table's struct is read again: its name and the names of its fields c0, c1, …

    `is_numbered`: whether its rows have numbers of their own, by which a person finds them.
    """

    name: str
    columns: tuple[str, ...]
    is_numbered: bool

    def table(self, structs: pa.StructArray) -> Table:
        """The rows that a struct column has, without blank ones."""
        content = pa.Table.from_arrays(structs.flatten(), names=_fields_of(structs))
        row, more = content.column("row"), content.column("more")
        frame = arrow_frame(content.drop_columns(["row", "more"]), self.columns)
        blank = ~np.asarray(more.to_pylist(), dtype=bool)
        for name in frame:
            blank &= is_blank(frame[name])
        numbers = np.arange(1, len(frame) + 1)
        if self.is_numbered:
            numbers = np.array([number or 0 for number in row.to_pylist()], dtype=np.int64)
        return Table(self.name, frame[~blank].reset_index(drop=True), numbers[~blank])


def _fields_of(structs: pa.StructArray) -> list[str]:
    return [structs.type.field(place).name for place in range(structs.type.num_fields)]


@dataclass(frozen=True)
class Given:
    """One table: `rows` have one column `t`, a struct of what is read (c0, c1, …), `row` and `more`.

    `more` says that a column which is not read holds something: the row is then not blank.
    """

    layout: Layout
    rows: DataFrame
    left_out: tuple[LeftOut, ...]

    def cell(self, name: str) -> Column:
        """A column by its name."""
        return F.col(f"t.c{self.layout.columns.index(name)}")

    def type_of(self, name: str) -> T.DataType:
        """The type of a column in Spark."""
        kind: T.DataType = self.rows.select(self.cell(name)).schema[0].dataType
        return kind


def given_tables(
    frames: Mapping[str, DataFrame | None],
    indicators: Mapping[str, Indicator],
    row_column: str | None,
) -> dict[str, Given]:
    """The tables that were given; CaseloadError where one lacks a column that it must have."""
    found = {name: frame for name, frame in frames.items() if frame is not None}
    for name, frame in found.items():
        if not isinstance(frame, DataFrame):
            raise CaseloadError(f"{name} is a {type(frame).__name__}: wanted a Spark DataFrame.")
    names = {name: checked_names(name, frame.columns) for name, frame in found.items()}
    for name, columns in names.items():
        if row_column is not None and row_column not in columns:
            raise CaseloadError(
                f"{name} has no column '{row_column}', which row_column names: wanted the number "
                "of each row in its file, in every table."
            )
    require_structure({name: _empty(name, columns) for name, columns in names.items()})
    if found["children"].isEmpty():
        raise no_children("children")
    return {
        name: _given(name, frame, names[name], indicators, row_column)
        for name, frame in found.items()
    }


def _empty(name: str, columns: list[str]) -> Table:
    return Table(name, pd.DataFrame({column: [] for column in columns}, dtype=object), _NO_TEXTS)


def _given(
    name: str,
    frame: DataFrame,
    columns: list[str],
    indicators: Mapping[str, Indicator],
    row_column: str | None,
) -> Given:
    # Names of one's own, since Spark tells neither capitals nor dots apart.
    plain = frame.toDF(*(f"c{place}" for place in range(len(columns))))
    own = {column: f"c{place}" for place, column in enumerate(columns) if column != row_column}
    read = [column for column in own if is_read(column, TABLES[name], indicators)]
    unread = [column for column in own if column not in read]
    more = F.lit(False)
    for column in unread:
        more = more | _is_filled(plain, own[column])
    row = F.lit(None) if row_column is None else F.col(f"c{columns.index(row_column)}")
    cells = [F.col(own[column]).alias(f"c{place}") for place, column in enumerate(read)]
    struct = F.struct(*cells, row.cast("bigint").alias("row"), more.alias("more"))
    layout = Layout(name, tuple(read), row_column is not None)
    left_out = _left_out(name, plain, own, unread, indicators)
    return Given(layout, plain.select(struct.alias("t")), tuple(left_out))


def _is_filled(frame: DataFrame, name: str) -> Column:
    kind, cell = frame.schema[name].dataType, F.col(name)
    if isinstance(kind, T.StringType):
        return F.coalesce(cell.rlike(r"(?U)\S"), F.lit(False))
    if isinstance(kind, T.FloatType | T.DoubleType):
        return cell.isNotNull() & ~F.isnan(cell)
    return cell.isNotNull()


def _left_out(
    name: str,
    plain: DataFrame,
    own: Mapping[str, str],
    unread: list[str],
    indicators: Mapping[str, Indicator],
) -> list[LeftOut]:
    """What was not read and why; unknown texts of visits are looked at, lest they be the notes."""
    if not unread:
        return []
    table = _empty(name, list(own))
    if "note" in TABLES[name].names and "note" not in own:
        cells = plain.select(*(own[column] for column in unread)).limit(_LOOKED_AT).toArrow()
        sample = arrow_frame(cells, unread)
        filled = {column: sample.get(column, pd.Series(dtype=object)) for column in own}
        table = Table(name, pd.DataFrame(filled), np.arange(1, cells.num_rows + 1))
    return columns_left_out(name, table, indicators)

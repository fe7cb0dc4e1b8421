"""What executors hand back, as one Arrow table a bucket: its columns, and Sheets from and into it.

A bucket gives rows of several kinds, told apart by `kind`; the columns of the other kinds are null.

    child    a child of `carescreen.ranking.block_rows`, in no order yet
    tally    a count of `carescreen.profile`: its key as JSON, its numbers
    finding  a field that was not used: file, row, field, expected, action, and its place in the bucket
    notice   a count of `carescreen.counted` of this bucket
    part     once a bucket; `number` is 1 where one of its children is invented
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carescreen.pack import TIERS
from carescreen.ranking import BlockRows
from carescreen.recordstore import (
    BODY,
    KINDS,
    PLACES,
    PUBLIC_BODY,
    RecordStore,
    joined_rows,
    packed,
)
from carescreen.recordtexts import TEXT_COLUMNS
from carescreen.sheet import Sheet, is_none, objects

CHILD, TALLY, FINDING, NOTICE, PART = "child", "tally", "finding", "notice", "part"

_TEXTS = (
    *("child_id", "household_id", "village_id", "county_id", "province_id", "caseworker_id"),
    *("household", "group", "tier", "state"),
    *TEXT_COLUMNS,
)
_TIMES = (
    *("taken_on", "moved_on", "turns_18_on", "due_on", "entered_at", "amended_at", "decided_at"),
)
_FLAGS = ("by_rule", "by_person", "waits", "is_adult", "needs_data", "to_answer")
_NUMBERS = ("score", "probability", "probability_low", "probability_high", "days_since_seen")
_SHORT = tuple(f"{part}_{tier}" for part in ("open", "closed") for tier in TIERS)

TEXT, TIME, FLAG, NUMBER, WHOLE, SMALL = (
    *("string", "timestamp_ntz", "boolean", "double", "bigint", "smallint"),
)
COLUMNS: dict[str, str] = {  # of a child, by their types in Spark
    **dict.fromkeys(_TEXTS, TEXT),
    **dict.fromkeys(_TIMES, TIME),
    **dict.fromkeys(_FLAGS, FLAG),
    **dict.fromkeys(_NUMBERS, NUMBER),
    **dict.fromkeys(("tier_code", "score_micro", "undated"), WHOLE),
    **dict.fromkeys(_SHORT, SMALL),
    **dict.fromkeys(KINDS, TEXT),  # packed by a block, kinds of carescreen.recordstore
}
_BESIDE: dict[str, str] = {
    **dict.fromkeys(("key", "file", "field", "expected", "action"), TEXT),
    **dict.fromkeys(("before", "after"), TEXT),
    **dict.fromkeys(("row", "place", "notice_kind", "notice_table", "number"), WHOLE),
    "tally": "array<bigint>",
}
ALL: dict[str, str] = {"kind": TEXT, **COLUMNS, **_BESIDE}

_ARROW: dict[str, pa.DataType] = {
    TEXT: pa.string(),
    TIME: pa.timestamp("us"),
    FLAG: pa.bool_(),
    NUMBER: pa.float64(),
    WHOLE: pa.int64(),
    SMALL: pa.int16(),
    "date": pa.date32(),
    "array<bigint>": pa.list_(pa.int64()),
}


def ddl(types: Mapping[str, str]) -> str:
    """Columns and their types as a schema that Spark reads."""
    return ", ".join(f"`{name}` {kind}" for name, kind in types.items())


def table_of(types: Mapping[str, str], columns: Mapping[str, Any], count: int) -> pa.Table:
    """An Arrow table of these types; columns that are not given are null."""
    arrays = []
    for name, kind in types.items():
        if name in columns:
            arrays.append(pa.array(columns[name], type=_ARROW[kind], from_pandas=True))
        else:
            arrays.append(pa.nulls(count, _ARROW[kind]))
    return pa.Table.from_arrays(arrays, names=list(types))


def children_table(block: BlockRows) -> pa.Table:
    """Rows of a block as rows of kind child; a public body that is the body itself is null."""
    rows, store = joined_rows([block.rows], [block.texts])
    bodies, public = store.texts(rows, BODY), store.texts(rows, PUBLIC_BODY)
    texts = {
        BODY: [text.decode() for text in bodies],
        PUBLIC_BODY: [
            None if text == own else text.decode() for text, own in zip(public, bodies, strict=True)
        ],
    }
    assert set(rows) - set(PLACES) | set(KINDS) == set(COLUMNS), "a block gives what stands here"
    columns = {name: rows[name] for name in COLUMNS if name not in KINDS}
    for name in _TIMES:
        columns[name] = rows[name].astype("datetime64[us]")
    return table_of(ALL, {**columns, **texts, "kind": [CHILD] * len(rows)}, len(rows))


def other_table(kind: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of another kind."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row[name] for row in rows] for name in names}
    return table_of(ALL, {**columns, "kind": [kind] * len(rows)}, len(rows))


def sheet_of(table: pa.Table) -> Sheet:
    """Columns of an Arrow table as the engine has them: texts objects, dates datetime64[s]."""
    columns = {name: _values(table.column(name)) for name in table.column_names}
    return Sheet(columns, table.num_rows)


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return objects(column.to_pylist())
    if pa.types.is_timestamp(kind):
        return np.asarray(column.to_numpy()).astype("datetime64[s]")
    if pa.types.is_boolean(kind):
        return np.array(column.to_pylist(), dtype=bool)
    return np.asarray(column.to_numpy())


def packed_again(rows: Sheet) -> tuple[Sheet, RecordStore]:
    """Children and their texts as a block of one machine has them."""
    public = np.where(is_none(rows[PUBLIC_BODY]), rows[BODY], rows[PUBLIC_BODY])
    texts = {BODY: rows[BODY], PUBLIC_BODY: public}
    data, places = packed(
        {kind: [text.encode() for text in column] for kind, column in texts.items()}, len(rows)
    )
    plain = rows.only([name for name in rows if name not in KINDS])
    return joined_rows([plain.with_columns(**{n: places[n] for n in places})], [data])


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """Tables of one schema, one after the other."""
    return pa.concat_tables(list(tables)).combine_chunks()

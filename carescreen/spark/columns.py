"""What executors hand back, as one Arrow table a bucket: its columns, and Sheets from and into it.

A bucket gives rows of several kinds, told apart by `kind`; the columns of the other kinds are null.

    child    a child of `carescreen.ranking.block_rows`, in no order yet
    tally    a count of `carescreen.profile`: its key as JSON, its numbers
    finding  a field that was not used: file, row, field, expected, action, and its place in the bucket
    notice   a count of `carescreen.counted` of this bucket
    part     once a bucket; `number` is 1 where one of its children is invented

The records of a child travel as `carescreen.recordstore` packs them, one value of bytes beside their
sizes: nobody makes texts of them on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carescreen.pack import TIERS
from carescreen.ranking import BlockRows
from carescreen.recordstore import PLACES, SIZES, RecordStore, joined_rows
from carescreen.recordtexts import TEXT_COLUMNS
from carescreen.sheet import Sheet

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

_PACKED = "texts"  # the records of a child, one behind the other

TEXT, TIME, FLAG, NUMBER, WHOLE, SIZE, SMALL, BYTES = (
    *("string", "timestamp_ntz", "boolean", "double", "bigint", "int", "smallint", "binary"),
)
COLUMNS: dict[str, str] = {  # of a child, by their types in Spark
    **dict.fromkeys(_TEXTS, TEXT),
    **dict.fromkeys(_TIMES, TIME),
    **dict.fromkeys(_FLAGS, FLAG),
    **dict.fromkeys(_NUMBERS, NUMBER),
    **dict.fromkeys(("tier_code", "score_micro", "undated"), WHOLE),
    **dict.fromkeys(_SHORT, SMALL),
    **dict.fromkeys(SIZES, SIZE),
    _PACKED: BYTES,
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
    SIZE: pa.int32(),
    SMALL: pa.int16(),
    BYTES: pa.binary(),
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
    """Rows of a block as rows of kind child."""
    rows = block.rows
    assert set(rows) - set(PLACES) == set(COLUMNS) - {*SIZES, _PACKED}, "a block gives what is here"
    columns = {name: rows[name] for name in COLUMNS if name != _PACKED}
    for name in _TIMES:
        columns[name] = rows[name].astype("datetime64[us]")
    columns[_PACKED] = _cut(block)
    return table_of(ALL, {**columns, "kind": [CHILD] * len(rows)}, len(rows))


def _cut(block: BlockRows) -> pa.Array:
    """The packed records of a block child by child, without a copy; an error from 2 GiB on."""
    starts = np.append(block.rows["text_at"], len(block.texts)).astype(np.int64)
    assert (np.diff(starts) >= 0).all(), "rows stand as their records do"
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(block.texts)]
    return pa.Array.from_buffers(pa.large_binary(), len(block.rows), buffers).cast(pa.binary())


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
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    if pa.types.is_timestamp(column.type):
        return values.astype("datetime64[s]")
    return values.astype(bool) if pa.types.is_boolean(column.type) else values


def packed_again(table: pa.Table) -> tuple[Sheet, RecordStore]:
    """Children and their records as blocks of one machine have them, from rows of COLUMNS and more."""
    blocks, parts = [], []
    for batch in table.to_batches():
        texts = batch.column(_PACKED).cast(pa.large_binary())
        _, starts, data = texts.buffers()
        at = np.frombuffer(starts, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        rows = sheet_of(pa.Table.from_batches([batch.drop_columns([_PACKED])]))
        part = np.zeros(len(rows), dtype=np.int32)
        blocks.append(rows.with_columns(text_part=part, text_at=at[:-1] - at[0]))
        parts.append(data.slice(at[0], at[-1] - at[0]).to_pybytes())
    return joined_rows(blocks, parts)


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """Tables of one schema, one after the other."""
    return pa.concat_tables(list(tables)).combine_chunks()

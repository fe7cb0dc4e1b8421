"""How each table of a folder is read piece by piece: decided once, from its beginning.

What a reader decides for a whole file is decided here in the same way: encoding, delimiter, which
columns stay text, columns that nobody knows. A file that is not as its beginning promised is found
out while it is cut or read, and the folder is then read as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.caseload import (
    columns_left_out,
    require_structure,
)
from carescreen.caseload_folder import table_files
from carescreen.checked import LeftOut
from carescreen.checks import clean_ids
from carescreen.fields import TABLES
from carescreen.indicators import Indicator
from carescreen.mapping import TableMapping, apply_mapping
from carescreen.pieces.csvrows import NotInPieces, Range, RowsOf, cells_of, ranges_of, rows_in
from carescreen.sheet import Ints, objects
from carescreen.tables import (
    LOOKED_AT_ROWS,
    Table,
    arrow_frame,
    csv_beginning,
    parquet_columns,
    parquet_frame,
    read_csv_rows,
    without_blank_rows,
)

Ids = NDArray[np.object_]

_PLAIN_CODECS = {"utf-8-sig": "utf-8", "gb18030": "gb18030"}
_BATCH_ROWS = 50_000
_PLAIN = bytes(sorted({*range(0x21, 0x7F)} - {0x22}))  # of an id that is its own clean form
# Beside its own id, the id of each row that decides where the row goes.
KEYS = {
    "children": ("child_id", "household_id"),
    "households": ("household_id",),
    "visits": ("child_id",),
    "outcomes": ("child_id",),
    "decisions": ("child_id",),
}


class Batch(Protocol):
    """Some rows of a table as they are cut."""

    def __len__(self) -> int: ...

    def keys(self) -> list[Ids]:
        """The ids of each row that decide where it goes: KEYS of its table."""

    def parts(self, order: Ints, bounds: Ints) -> list[bytes]:
        """The rows in an order, part p being those from bounds[p] to before bounds[p + 1]."""


class Layout(Protocol):
    """How one table is read piece by piece."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def beginning(self) -> Table:
        """Its first rows."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know about how it is read."""

    def ranges(self) -> Sequence[Any]:
        """What one job each cuts: parts of the file."""

    def batches(self, part: Any) -> Iterator[Batch]:
        """The rows of such a part, in the order of the file."""

    def table(self, parts: Sequence[bytes], rows: Ints) -> Table:
        """Parts of batches again, as reading the whole file gives these rows; `rows` from 0."""


@dataclass(frozen=True)
class CsvLayout:
    """A CSV file: its delimiter and codec, raw column names, and which of them stay text."""

    name: str
    path: Path
    delimiter: str
    codec: str
    columns: tuple[str, ...]
    as_text: frozenset[str]
    mapping: TableMapping
    beginning: Table
    notices: tuple[str, ...]

    def ranges(self) -> list[Range]:
        """Ranges of bytes."""
        return ranges_of(self.path)

    def batches(self, part: Range) -> Iterator[Batch]:
        """The rows that begin in a range, at once."""
        yield _CsvBatch(self, rows_in(self.path, part, self.delimiter.encode()))

    def table(self, parts: Sequence[bytes], rows: Ints) -> Table:
        """Rows of the file; its first line is row 1."""
        options: dict[str, Any] = {"sep": self.delimiter, "names": list(self.columns)}
        frame = read_csv_rows(self.path, b"".join(parts), self.codec, options, self.as_text)
        if len(frame) != len(rows):
            raise NotInPieces
        return _mapped(Table(self.path.name, frame, rows + 2), self.mapping)


@dataclass(frozen=True, repr=False)  # it holds records
class _CsvBatch:
    layout: CsvLayout
    rows: RowsOf

    def __len__(self) -> int:
        return len(self.rows)

    def keys(self) -> list[Ids]:
        layout, places = self.layout, key_places(self.layout)
        wanted = [max(place, 0) for place in places]
        cells = cells_of(self.rows, wanted, layout.delimiter.encode(), layout.codec)
        blank = [b""] * len(self)
        return [
            self._ids(column if place >= 0 else blank)
            for column, place in zip(cells, places, strict=True)
        ]

    def parts(self, order: Ints, bounds: Ints) -> list[bytes]:
        data, starts = self.rows.data, self.rows.starts[order].tolist()
        ends = self.rows.ends[order].tolist()
        rows = [data[start:end] for start, end in zip(starts, ends, strict=True)]
        return [b"".join(rows[first:end]) for first, end in pairwise(bounds.tolist())]

    def _ids(self, cells: list[bytes]) -> Ids:
        """Ids as checking gives them: without white space around, None where there is none."""
        if not cells:
            return objects([])
        joined = b"\n".join(cells)
        if not joined.translate(None, _PLAIN + b"\n"):
            return objects([text or None for text in joined.decode("ascii").split("\n")])
        return clean_ids(
            pd.Series([cell.decode(self.layout.codec) for cell in cells], dtype=object)
        )


def key_places(layout: CsvLayout | ParquetLayout) -> list[int]:
    """Places of the columns of KEYS; -1 for one that the file has not."""
    ours = {layout.mapping.columns.get(name, name): n for n, name in enumerate(layout.columns)}
    return [ours.get(name, -1) for name in KEYS[layout.name]]


def _mapped(table: Table, mapping: TableMapping) -> Table:
    return replace(apply_mapping(without_blank_rows(table), mapping), notices=())


def layouts_of(
    folder: Path, mapping: str | Path | None, indicators: Mapping[str, Indicator]
) -> tuple[dict[str, Layout], list[LeftOut]]:
    """The layout of each table of a folder, and the columns that are not read.

    NotInPieces where a table is neither a CSV file of one plain encoding nor a Parquet file.
    CaseloadError as reading the folder as a whole gives it.
    """
    files = table_files(folder, mapping)
    layouts = {name: _layout(name, path, found) for name, (path, found) in files.items()}
    require_structure({name: layout.beginning for name, layout in layouts.items()})
    left_out = [
        column
        for name, layout in layouts.items()
        for column in columns_left_out(name, layout.beginning, indicators)
    ]
    return layouts, left_out


def _layout(name: str, path: Path, mapping: TableMapping) -> Layout:
    makers: dict[str, Callable[[str, Path, TableMapping], Layout]] = {
        ".csv": _csv_layout,
        ".parquet": _parquet_layout,
    }
    make = makers.get(path.suffix.casefold())
    if make is None:
        raise NotInPieces
    return make(name, path, mapping)


def _csv_layout(name: str, path: Path, mapping: TableMapping) -> CsvLayout:
    start = csv_beginning(path, mapping.exact_columns(TABLES[name].exact))
    if start.codec not in _PLAIN_CODECS:
        raise NotInPieces
    beginning = apply_mapping(without_blank_rows(start.table), mapping)
    return CsvLayout(
        name=name,
        path=path,
        delimiter=start.delimiter,
        codec=_PLAIN_CODECS[start.codec],
        columns=tuple(start.columns),
        as_text=frozenset(start.as_text),
        mapping=mapping,
        beginning=replace(beginning, notices=()),
        notices=beginning.notices,
    )


@dataclass(frozen=True)
class ParquetLayout:
    """A Parquet file: its columns, of which those of an index of pandas are not read."""

    name: str
    path: Path
    columns: tuple[str, ...]
    mapping: TableMapping
    beginning: Table
    notices: tuple[str, ...]

    def ranges(self) -> list[int]:
        """Groups of rows as the file has them."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            return list(range(file.num_row_groups))

    def batches(self, part: int) -> Iterator[Batch]:
        """The rows of a group, a few at a time: a group can be the whole file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, [part], use_threads=False):
                yield _ParquetBatch(self, pa.Table.from_batches([batch]))

    def table(self, parts: Sequence[bytes], rows: Ints) -> Table:
        """Rows of the file; the first is row 1."""
        import pyarrow as pa

        found = [pa.ipc.open_stream(part).read_all() for part in parts if part]
        if found:
            frame = parquet_frame(pa.concat_tables(found), self.columns)
        else:
            frame = _parquet_start(self.path, self.columns).iloc[:0]
        return _mapped(Table(self.path.name, frame, rows + 1), self.mapping)


@dataclass(frozen=True, repr=False)  # it holds records
class _ParquetBatch:
    layout: ParquetLayout
    content: Any  # an Arrow table

    def __len__(self) -> int:
        return int(self.content.num_rows)

    def keys(self) -> list[Ids]:
        places = key_places(self.layout)
        return [
            clean_ids(arrow_frame(self.content.select([place]), ["id"])["id"])
            if place >= 0
            else objects([None] * len(self))
            for place in places
        ]

    def parts(self, order: Ints, bounds: Ints) -> list[bytes]:
        import pyarrow as pa

        rows, found = self.content.take(order).combine_chunks(), []
        for first, end in pairwise(bounds.tolist()):
            sink = pa.BufferOutputStream()
            if first < end:
                with pa.ipc.new_stream(sink, rows.schema) as stream:
                    stream.write_table(rows.slice(first, end - first))
            found.append(sink.getvalue().to_pybytes())
        return found


def _parquet_layout(name: str, path: Path, mapping: TableMapping) -> ParquetLayout:
    columns = parquet_columns(path)
    frame = _parquet_start(path, columns)
    table = Table(path.name, frame, np.arange(1, len(frame) + 1))
    beginning = apply_mapping(without_blank_rows(table), mapping)
    return ParquetLayout(
        name, path, columns, mapping, replace(beginning, notices=()), beginning.notices
    )


def _parquet_start(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if any(pa.types.is_dictionary(kind) for kind in file.schema_arrow.types):
            raise NotInPieces  # each batch has words of its own
        batch = next(file.iter_batches(LOOKED_AT_ROWS, use_threads=False), None)
        empty = file.schema_arrow.empty_table()
    content = empty if batch is None else pa.Table.from_batches([batch])
    return parquet_frame(content, columns)

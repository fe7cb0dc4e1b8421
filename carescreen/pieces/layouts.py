"""How each table of a folder is read piece by piece: decided once, from its beginning.

What a reader decides for a whole file is decided here in the same way: encoding, delimiter, which
columns stay text, columns that nobody knows. A file that is not as its beginning promised is found
out while it is cut or read, and the folder is then read as a whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.caseload import columns_left_out, require_structure
from carescreen.caseload_folder import table_files
from carescreen.checked import LeftOut
from carescreen.checks import clean_ids
from carescreen.fields import TABLES, Field
from carescreen.indicators import Indicator
from carescreen.mapping import TableMapping, apply_mapping, mapped_cells
from carescreen.pieces.csvrows import NotInPieces, Range, RowsOf, cells_of, ranges_of, rows_in
from carescreen.pieces.guesses import require_one_meaning
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


@dataclass(frozen=True)
class Layout(ABC):
    """How one table is read piece by piece: its file, the columns there, its first rows as read.

    notices  what a person should know about how it is read
    """

    name: str
    path: Path
    columns: tuple[str, ...]
    mapping: TableMapping
    beginning: Table
    notices: tuple[str, ...]

    @abstractmethod
    def ranges(self) -> Sequence[Any]:
        """What one job each cuts: parts of the file."""

    @abstractmethod
    def batches(self, part: Any) -> Iterator[Batch]:
        """The rows of such a part, in the order of the file."""

    @abstractmethod
    def table(self, parts: Sequence[bytes], rows: Ints) -> Table:
        """Parts of batches again, as reading the whole file gives these rows; `rows` from 0."""

    def key_places(self) -> list[int]:
        """Places of the columns of KEYS; -1 for one that the file has not."""
        ours = {self.mapping.columns.get(name, name): n for n, name in enumerate(self.columns)}
        return [ours.get(name, -1) for name in KEYS[self.name]]

    def mapped(self, frame: pd.DataFrame, rows: Ints) -> Table:
        """Cells as read, and the rows they are of, under our names."""
        table = without_blank_rows(Table(self.path.name, frame, rows))
        return replace(apply_mapping(table, self.mapping), notices=())


@dataclass(frozen=True)
class CsvLayout(Layout):
    """A CSV file, its delimiter and codec.

    `guessed` are the columns of which a reader of the whole may take some cells for numbers.
    """

    delimiter: str
    codec: str
    guessed: Mapping[str, Field | Indicator]

    def ranges(self) -> list[Range]:
        """Ranges of bytes."""
        return ranges_of(self.path, self.delimiter.encode())

    def batches(self, part: Range) -> Iterator[Batch]:
        """The rows that begin in a range, at once."""
        yield _CsvBatch(self, rows_in(self.path, part, self.delimiter.encode()))

    def table(self, parts: Sequence[bytes], rows: Ints) -> Table:
        """Rows of the file; its first line is row 1."""
        data = b"".join(parts)
        frame = read_csv_rows(self.path, data, self.codec, self.delimiter, self.columns)
        if len(frame) != len(rows):
            raise NotInPieces
        for name, known in self.guessed.items():
            require_one_meaning(frame[name], known)
        return self.mapped(frame, rows + 2)


@dataclass(frozen=True, repr=False)  # it holds records
class _CsvBatch:
    layout: CsvLayout
    rows: RowsOf

    def __len__(self) -> int:
        return len(self.rows)

    def keys(self) -> list[Ids]:
        layout, places = self.layout, self.layout.key_places()
        wanted = [max(place, 0) for place in places]
        cells = cells_of(self.rows, wanted, layout.delimiter.encode())
        blank = [b""] * len(self)
        return [
            self._ids(column if place >= 0 else blank, layout.mapping.values.get(name))
            for name, column, place in zip(KEYS[layout.name], cells, places, strict=True)
        ]

    def parts(self, order: Ints, bounds: Ints) -> list[bytes]:
        data, starts = self.rows.data, self.rows.starts[order].tolist()
        ends = self.rows.ends[order].tolist()
        rows = [data[start:end] for start, end in zip(starts, ends, strict=True)]
        return [b"".join(rows[first:end]) for first, end in pairwise(bounds.tolist())]

    def _ids(self, cells: list[bytes], words: Mapping[str, str] | None) -> Ids:
        """Ids as checking gives them: without white space around, None where there is none."""
        if not cells:
            return objects([])
        joined = b"\n".join(cells)
        if not words and not joined.translate(None, _PLAIN + b"\n"):
            texts = joined.decode("ascii").split("\n")
            if len(texts) == len(cells):  # a quoted cell can hold a line end
                return objects([text or None for text in texts])
        decoded = [cell.decode(self.layout.codec) for cell in cells]
        return _clean_ids(pd.Series(decoded, dtype=object), words)


def _clean_ids(column: pd.Series, words: Mapping[str, str] | None) -> Ids:
    return clean_ids(mapped_cells(column, words) if words else column)


def layouts_of(
    folder: Path, mapping: str | Path | None, indicators: Mapping[str, Indicator]
) -> tuple[dict[str, Layout], list[LeftOut]]:
    """The layout of each table of a folder, and the columns that are not read.

    NotInPieces where a table is neither a CSV file of one plain encoding nor a Parquet file.
    CaseloadError as reading the folder as a whole gives it.
    """
    files = table_files(folder, mapping)
    layouts = {
        name: _layout(name, path, found, indicators) for name, (path, found) in files.items()
    }
    require_structure({name: layout.beginning for name, layout in layouts.items()})
    left_out = [
        column
        for name, layout in layouts.items()
        for column in columns_left_out(name, layout.beginning, indicators)
    ]
    return layouts, left_out


def _layout(
    name: str, path: Path, mapping: TableMapping, indicators: Mapping[str, Indicator]
) -> Layout:
    ending = path.suffix.casefold()
    if ending == ".csv":
        return _csv_layout(name, path, mapping, indicators)
    if ending == ".parquet":
        return _parquet_layout(name, path, mapping)
    raise NotInPieces


def _csv_layout(
    name: str, path: Path, mapping: TableMapping, indicators: Mapping[str, Indicator]
) -> CsvLayout:
    start = csv_beginning(path, mapping.exact_columns(TABLES[name].exact))
    if start.codec not in _PLAIN_CODECS:
        raise NotInPieces
    beginning = apply_mapping(start.table, mapping)
    known: dict[str, Field | Indicator] = {**indicators, **TABLES[name].by_name}
    ours = {column: mapping.columns.get(column, column) for column in start.columns}
    return CsvLayout(
        name=name,
        path=path,
        columns=tuple(start.columns),
        mapping=mapping,
        beginning=replace(beginning, notices=()),
        notices=beginning.notices,
        delimiter=start.delimiter,
        codec=_PLAIN_CODECS[start.codec],
        guessed={
            column: known[name]
            for column, name in ours.items()
            if column not in start.as_text and name in known
        },
    )


@dataclass(frozen=True)
class ParquetLayout(Layout):
    """A Parquet file; columns of an index of pandas are not read."""

    def ranges(self) -> list[int]:
        """Groups of rows as the file has them."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            return list(range(file.num_row_groups))

    def batches(self, part: int) -> Iterator[Batch]:
        """The rows of a group, a few at a time: a group can be the whole file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with _whole_where_arrow_cannot(), pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, [part], use_threads=False):
                yield _ParquetBatch(self, pa.Table.from_batches([batch]))

    def table(self, parts: Sequence[bytes], rows: Ints) -> Table:
        """Rows of the file; the first is row 1."""
        import pyarrow as pa

        with _whole_where_arrow_cannot():
            found = [pa.ipc.open_stream(part).read_all() for part in parts if part]
            if found:
                frame = parquet_frame(pa.concat_tables(found), self.columns)
            else:
                frame = _parquet_start(self.path, self.columns).iloc[:0]
        return self.mapped(frame, rows + 1)


@dataclass(frozen=True, repr=False)  # it holds records
class _ParquetBatch:
    layout: ParquetLayout
    content: Any  # an Arrow table

    def __len__(self) -> int:
        return int(self.content.num_rows)

    def keys(self) -> list[Ids]:
        values, found = self.layout.mapping.values, []
        for name, place in zip(KEYS[self.layout.name], self.layout.key_places(), strict=True):
            if place < 0:
                found.append(objects([None] * len(self)))
                continue
            with _whole_where_arrow_cannot():
                column = arrow_frame(self.content.select([place]), ["id"])["id"]
            found.append(_clean_ids(column, values.get(name)))
        return found

    def parts(self, order: Ints, bounds: Ints) -> list[bytes]:
        import pyarrow as pa

        found = []
        with _whole_where_arrow_cannot():
            rows = self.content.take(order).combine_chunks()
        for first, end in pairwise(bounds.tolist()):
            sink = pa.BufferOutputStream()
            if first < end:
                with pa.ipc.new_stream(sink, rows.schema) as stream:
                    stream.write_table(rows.slice(first, end - first))
            found.append(sink.getvalue().to_pybytes())
        return found


@contextmanager
def _whole_where_arrow_cannot() -> Iterator[None]:
    """NotInPieces where Arrow cannot read a file, or cannot do with a type what pieces need."""
    import pyarrow as pa

    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError):
        raise NotInPieces from None


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

    found, filled = [], 0
    with _whole_where_arrow_cannot(), pq.ParquetFile(path) as file:
        if any(pa.types.is_dictionary(kind) for kind in file.schema_arrow.types):
            raise NotInPieces  # each batch has words of its own
        for batch in file.iter_batches(LOOKED_AT_ROWS, use_threads=False):
            found.append(pa.Table.from_batches([batch]))
            frame = parquet_frame(found[-1], columns)
            filled += len(without_blank_rows(Table(path.name, frame, np.arange(len(frame)))).rows)
            if filled >= LOOKED_AT_ROWS:
                break
        content = pa.concat_tables([file.schema_arrow.empty_table(), *found])
        return parquet_frame(content, columns)

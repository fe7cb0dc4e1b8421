"""One table file of any format, read as it stands: CSV, Parquet, XLSX or JSON Lines.

Nothing is interpreted here. Texts that must stay as written (ids with leading zeros, notes) are
named by the caller; other columns may come back as numbers where all of their cells are. A blank
cell is an empty text or a missing value; words such as NA or None stay words.
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.cells import cell_text
from carescreen.encoding import (
    UNREADABLE,
    Encoding,
    encoding_of_start,
    encoding_of_whole,
    read_bytes,
)
from carescreen.errors import CaseloadError, MissingExtra, did_you_mean
from carescreen.sheet import objects

_Found = TypeVar("_Found")

SUFFIXES = (".csv", ".parquet", ".xlsx", ".jsonl")
_SAMPLE_ROWS = 1000
LOOKED_AT_ROWS = 2000  # as many as are looked at for what an unknown column holds
_HEADER_BYTES = 1 << 18
# A number must be the same whatever the format it was read from: pandas 3 reads CSV so by itself.
_PRECISION = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
# A blank stays a blank, and a line of nothing is a row: both are told apart and counted later.
_AS_IT_STANDS: dict[str, Any] = {
    "index_col": False,
    "na_filter": False,
    "skip_blank_lines": False,
    **_PRECISION,
}
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons"}


@dataclass(frozen=True)
class Table:
    """A table as read.

    file      the name that messages use (a file name, or the table's name for a DataFrame)
    frame     the data rows; blank rows are left out
    rows      int64, the row of each data row as a person counts it: the header of a CSV or XLSX
              file is row 1; JSON Lines and Parquet start at 1, and so do DataFrames
    damaged   (row, column) of cells that hold bytes no encoding explains
    """

    file: str
    frame: pd.DataFrame
    rows: NDArray[np.int64]
    notices: tuple[str, ...] = ()
    damaged: tuple[tuple[int, str], ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """The column names."""
        return list(map(str, self.frame))

    def column(self, name: str) -> pd.Series:
        """The cells of a column."""
        return self.frame[name]


@dataclass(frozen=True, repr=False)  # its values are records
class GivenRows:
    """A table of rows that a program gives as plain values by column name, as `Table` otherwise.

    cells   the values of each column, None where a row has no such column; blank rows are left out
    """

    file: str
    cells: Mapping[str, list[object]]
    rows: NDArray[np.int64]
    notices: tuple[str, ...] = ()
    damaged: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(
        cls, name: str, rows: Sequence[Mapping[str, object]], columns: Sequence[str] = ()
    ) -> GivenRows:
        """Rows under the names that occur in them, and `columns` where they do not."""
        found = dict.fromkeys([*(key for row in rows for key in row), *columns])
        kept = [number for number, row in enumerate(rows, start=1) if not _is_blank_row(row)]
        filled = [rows[number - 1] for number in kept]
        cells = {
            clean: [row.get(key) for row in filled]
            for clean, key in zip(checked_names(name, list(found)), found, strict=True)
        }
        return cls(name, cells, np.array(kept, dtype=np.int64))

    @cached_property
    def names(self) -> list[str]:
        """The column names."""
        return list(self.cells)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a data frame."""
        return pd.DataFrame(dict(self.cells))

    def column(self, name: str) -> NDArray[np.object_]:
        """The cells of a column."""
        return objects(self.cells[name])


def _is_blank_row(row: Mapping[str, object]) -> bool:
    return not any(
        (cell if type(cell) is str else cell_text(cell)).strip() for cell in row.values()
    )


def find_table(folder: Path, name: str) -> Path | None:
    """The one file of a table in a folder, such as children.csv; None where there is none.

    CaseloadError where two formats of the same table stand side by side.
    """
    found = sorted(
        path
        for path in folder.iterdir()
        if path.stem.casefold() == name and path.suffix.casefold() in SUFFIXES
    )
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise CaseloadError(
            f"{folder.name} holds the table {name} {len(found)} times ({names}): "
            "keep one, or name it with 'file:' in mapping.yaml."
        )
    return found[0] if found else None


def read_table(path: str | Path, exact: Collection[str] = (), ending: str = "") -> Table:
    """Read one file; the ending of its name says how, or `ending` where it stands aside as yet.

    `exact` names columns whose texts must stay as written. CaseloadError says in one sentence what
    is wrong with a file that cannot be read, without showing any of its values; MissingExtra says
    which optional library a format needs.
    """
    path = Path(path)
    if path.is_dir():
        raise CaseloadError(f"{path.name} is a folder: wanted a file.")
    if not path.exists():
        raise CaseloadError(f"{path} does not exist: wanted a table file.")
    readers: dict[str, Callable[[Path, Collection[str]], Table]] = {
        ".csv": _read_csv,
        ".parquet": _read_parquet,
        ".xlsx": _read_xlsx,
        ".jsonl": _read_jsonl,
    }
    reader = readers.get((ending or path.suffix).casefold())
    if reader is None:
        raise CaseloadError(
            f"{path.name} has an ending that is not read; wanted {', '.join(SUFFIXES)}."
        )
    return without_blank_rows(reader(path, exact))


def from_frame(name: str, frame: pd.DataFrame) -> Table:
    """A DataFrame as a table; its own rows and values are not changed."""
    if not isinstance(frame, pd.DataFrame):
        raise CaseloadError(f"{name} is a {type(frame).__name__}: wanted a pandas DataFrame.")
    names = checked_names(name, [str(column) for column in frame.columns])
    frame = frame.reset_index(drop=True).set_axis(names, axis=1)
    return without_blank_rows(Table(name, frame, _numbered(len(frame), 1)))


def is_blank(column: pd.Series) -> NDArray[np.bool_]:
    """Which cells hold nothing: missing, empty or white space only."""
    if isinstance(column.dtype, pd.StringDtype):
        return np.asarray(column.fillna("").str.strip().eq("").to_numpy(dtype=bool))
    if column.dtype == object:
        return np.array([not cell_text(cell).strip() for cell in column], dtype=bool)
    return np.asarray(column.isna().to_numpy(dtype=bool))


# --- CSV ---------------------------------------------------------------------------------------


def _read_csv(path: Path, exact: Collection[str]) -> Table:
    encoding = encoding_of_start(path)
    try:
        return _parse_csv(path, encoding, exact)
    except UnicodeDecodeError:
        return _parse_csv(path, encoding_of_whole(path), exact)


def _parse_csv(path: Path, encoding: Encoding, exact: Collection[str]) -> Table:
    delimiter, names = csv_header(path, encoding)
    file = _csv_file(path, encoding, delimiter, names)
    frame = _exact_frame(file, exact)
    rows = _numbered(len(frame), 2)
    notices = (*encoding.notices(path.name), *_csv_notices(path, encoding, delimiter, names))
    damaged = _damaged_cells(frame, rows) if encoding.is_damaged else ()
    return Table(path.name, frame, rows, notices, damaged)


def _csv_file(path: Path, encoding: Encoding, delimiter: str, names: list[str]) -> _CsvFile:
    options: dict[str, Any] = {
        "sep": delimiter,
        "names": checked_names(path.name, names),
        "header": 0,
        **_AS_IT_STANDS,
        "encoding": encoding.codec,
    }
    if encoding.text is None:
        return _CsvFile(path, options)
    options["encoding"] = "utf-8"
    return _CsvFile(path, options, encoding.text.encode("utf-8", "replace"))


@dataclass(frozen=True, repr=False)  # its values are records
class CsvBeginning:
    """How a CSV file is read, as its beginning says: `table` has its first rows.

    `as_text` names the columns whose cells stay as written; other cells may come back as numbers.
    """

    delimiter: str
    codec: str
    columns: list[str]
    as_text: set[str]
    table: Table


def csv_beginning(path: Path, exact: Collection[str]) -> CsvBeginning:
    """The beginning of a CSV file; errors as `read_table` has them for what stands there."""
    encoding = encoding_of_start(path)
    delimiter, names = csv_header(path, encoding)
    file = _csv_file(path, encoding, delimiter, names)
    notices = (*encoding.notices(path.name), *_csv_notices(path, encoding, delimiter, names))
    forced = _forced_texts(file, exact) | {name for name in exact if name in file.names}
    codec = encoding.codec if encoding.text is None else "mixed"
    table = replace(_first_rows(file), notices=notices)
    return CsvBeginning(delimiter, codec, file.names, forced, table)


def _first_rows(file: _CsvFile) -> Table:
    """Rows from the first one, at least LOOKED_AT_ROWS that are not blank where there are so many."""
    wanted = LOOKED_AT_ROWS
    while True:
        texts = file.read(nrows=wanted, dtype=str)
        table = without_blank_rows(Table(file.path.name, texts, _numbered(len(texts), 2)))
        if len(texts) < wanted or len(table.rows) >= LOOKED_AT_ROWS:
            return table
        wanted *= 4


def read_csv_rows(
    path: Path, data: bytes, codec: str, delimiter: str, names: Sequence[str]
) -> pd.DataFrame:
    """Some rows of a CSV file, without its first line, given as bytes: all columns as text.

    Two lines of words stand before them. A row is then too long, and the first one is not read in
    another way, as in the whole file; and no column can be taken for one of numbers.
    """
    if not data:
        return pd.DataFrame(columns=list(names), dtype=object)
    line = delimiter.join(["x"] * len(names)).encode() + b"\n"
    options = {"sep": delimiter, "names": list(names), "header": 0, **_AS_IT_STANDS}
    # Else types are guessed a stretch at a time.
    options |= {"encoding": codec, "low_memory": False}
    frame = _call_pandas(path, io.BytesIO(line + line + data), options)
    return frame.iloc[1:].reset_index(drop=True)


@dataclass(frozen=True)
class _CsvFile:
    """A CSV file, the options pandas reads it with, and its bytes in UTF-8 if it is in several."""

    path: Path
    options: dict[str, Any]
    data: bytes | None = None

    @property
    def names(self) -> list[str]:
        """The column names."""
        return list(self.options["names"])

    def read(self, **more: Any) -> pd.DataFrame:
        """The rows; CaseloadError says what is wrong with the file."""
        source = self.path if self.data is None else io.BytesIO(self.data)
        return _call_pandas(self.path, source, {**self.options, **more})


def _exact_frame(file: _CsvFile, exact: Collection[str]) -> pd.DataFrame:
    """Read fast, with types inferred, but keep as text what a number would not give back.

    Reading all columns as text costs ten times as much (100 MB: 1.8 s against 0.18 s).
    """
    forced = _forced_texts(file, exact)
    frame = file.read(dtype=dict.fromkeys(forced, str))
    late = {name for name in exact if name in frame and not _is_text(frame[name])}
    if late:  # looked like text in the sample, but some stretch of the file holds only numbers
        frame = file.read(dtype=dict.fromkeys(forced | late, str))
    return frame


def _forced_texts(file: _CsvFile, exact: Collection[str]) -> set[str]:
    """Columns that look like numbers and are not the same when they are read as such."""
    sample = file.read(nrows=_SAMPLE_ROWS)
    texts = file.read(nrows=_SAMPLE_ROWS, dtype=str)
    return {
        name
        for name in file.names
        if not _is_text(sample[name])
        and (name in exact or not (sample[name].astype(str) == texts[name]).all())
    }


def _is_text(column: pd.Series) -> bool:
    if isinstance(column.dtype, pd.StringDtype):
        return True
    return bool(column.dtype == object and pd.api.types.infer_dtype(column) in ("string", "empty"))


def _call_pandas(path: Path, source: Path | io.BytesIO, options: dict[str, Any]) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame: pd.DataFrame = pd.read_csv(source, **options)
            return frame
    except pd.errors.ParserWarning:
        raise CaseloadError(
            f"{path.name} has rows with more cells than its first line has column names: "
            "wanted one name for each column."
        ) from None
    except pd.errors.ParserError as error:
        if "out of memory" in str(error):
            raise MemoryError from None
        raise CaseloadError(f"{path.name} {_parser_problem(str(error))}") from None
    except OSError as error:
        raise CaseloadError(f"{path.name} cannot be read: {error.strerror}.") from None


def _parser_problem(message: str) -> str:
    ragged = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if ragged:
        wanted, line, saw = ragged.groups()
        return (
            f"has {saw} cells in line {line}, where its first line names {wanted} columns: put "
            'texts that contain the delimiter in double quotes ("…").'
        )
    unclosed = re.search(r"EOF inside string starting at row (\d+)", message)
    if unclosed:
        row = int(unclosed.group(1)) + 1
        return f'has a double quote that opens near row {row} and is never closed: add the ".'
    return "cannot be parsed as CSV: save it again as CSV (UTF-8) from the program it came from."


def csv_header(path: Path, encoding: Encoding) -> tuple[str, list[str]]:
    """The delimiter and the column names of the first line."""
    if encoding.text is None:
        text = read_bytes(path, _HEADER_BYTES).decode(encoding.codec, "replace")
    else:
        text = encoding.text[:_HEADER_BYTES]
    # pandas ends a line at \r, \n or \r\n, whichever comes.
    line = text.replace("\r\n", "\n").replace("\r", "\n")
    by_delimiter = {}
    for delimiter in _DELIMITERS:
        try:
            by_delimiter[delimiter] = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
        except csv.Error:
            raise CaseloadError(f"{path.name} has no readable line of column names.") from None
    best = max(_DELIMITERS, key=lambda delimiter: len(by_delimiter[delimiter]))
    return best, by_delimiter[best]


def _csv_notices(
    path: Path, encoding: Encoding, delimiter: str, names: Sequence[str]
) -> Iterable[str]:
    if delimiter != ",":
        yield f"{path.name} separates its cells with {_DELIMITERS[delimiter]}."
    tail = _last_line(path) if encoding.codec != "utf-16" else b""
    if tail and tail.count(b'"') == 0 and tail.count(delimiter.encode()) < len(names) - 1:
        yield f"{path.name} ends in the middle of a row; the file may have been cut off."


def _last_line(path: Path) -> bytes:
    """The bytes after the last line end: empty where the file ends with one, as it should."""
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        file.seek(max(0, file.tell() - _HEADER_BYTES))
        return file.read().replace(b"\r", b"\n").rpartition(b"\n")[2].strip()


def _damaged_cells(frame: pd.DataFrame, rows: NDArray[np.int64]) -> tuple[tuple[int, str], ...]:
    found = []
    for name in frame:
        column = frame[name]
        if _is_text(column):
            hit = column.str.contains(UNREADABLE, regex=False).to_numpy(dtype=bool)
            found += [(int(row), str(name)) for row in rows[hit]]
    return tuple(sorted(found))


# --- other formats -----------------------------------------------------------------------------


def _read_parquet(path: Path, exact: Collection[str]) -> Table:
    del exact  # Parquet declares its types: a text is a text
    with _parquet_file(path) as file:
        names = _parquet_names(path, file)
        content = file.read()
    frame = parquet_frame(content, names)
    return Table(path.name, frame, _numbered(len(frame), 1))


def parquet_columns(path: Path) -> tuple[str, ...]:
    """The column names of a Parquet file; errors as `read_table` has them."""
    with _parquet_file(path) as file:
        return tuple(_parquet_names(path, file))


def _parquet_names(path: Path, file: Any) -> list[str]:
    return checked_names(path.name, list(file.schema_arrow.names))


@contextmanager
def _parquet_file(path: Path) -> Iterator[Any]:
    """A Parquet file, open; CaseloadError where it cannot be read."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra(f"Reading {path.name}", "pyarrow", "parquet") from None
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError):
        raise CaseloadError(
            f"{path.name} cannot be read as Parquet: it is damaged or cut off. Write it again."
        ) from None


def parquet_frame(content: Any, names: Sequence[str]) -> pd.DataFrame:
    """What a Parquet file holds under some names, without what was an index of pandas."""
    frame = arrow_frame(content, names)
    return frame[[name for name in names if not name.startswith("__index_level_")]]


def arrow_frame(content: Any, names: Sequence[str]) -> pd.DataFrame:
    """An Arrow table as a data frame under some names; whole numbers stay whole."""
    import pyarrow as pa

    integers = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),  # a float would round the long numbers that ids can be
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
    }
    frame: pd.DataFrame = content.to_pandas(ignore_metadata=True, types_mapper=integers.get)
    return frame.set_axis(list(names), axis=1)


def _read_xlsx(path: Path, exact: Collection[str]) -> Table:
    del exact  # cells carry their types
    return _table_of_cells(path, *read_book(path, lambda book: _sheet_cells(book, path)))


def read_book(path: Path, read: Callable[[Any], _Found]) -> _Found:
    """What `read` takes from an openpyxl workbook, read-only, with values in place of formulas.

    CaseloadError where the file is no workbook or cannot be read; MissingExtra without openpyxl.
    """
    try:
        import openpyxl
    except ImportError:
        raise MissingExtra(f"Reading {path.name}", "openpyxl", "xlsx") from None
    _require_workbook(path)
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and drop-down lists that it leaves out; cells are all read.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                return read(book)
            finally:
                book.close()
    except CaseloadError:
        raise
    except Exception:  # a damaged workbook fails with whatever the zip or XML layer met first
        raise CaseloadError(
            f"{path.name} cannot be read as XLSX: it is damaged, cut off or protected by a "
            "password. Save it again as .xlsx."
        ) from None


def _require_workbook(path: Path) -> None:
    """CaseloadError for a file that is no workbook at all, whatever its name says."""
    start = read_bytes(path, 4096)
    if not start:
        raise CaseloadError(f"{path.name} is empty: wanted a first row of column names.")
    if start.startswith(b"PK"):
        return
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        looks = "an old Excel file, or one with a password; save it as .xlsx without one"
    elif b"\0" in start:
        looks = "damaged, or of another program; save it again as .xlsx"
    elif any(mark in start.partition(b"\n")[0] for mark in (b",", b";", b"\t")):
        looks = "CSV; name it .csv, or save it as .xlsx"
    else:
        looks = "plain text; save it as .xlsx"
    raise CaseloadError(f"{path.name} cannot be read as XLSX: it looks like {looks}.")


def _sheet_cells(book: Any, path: Path) -> tuple[int, list[tuple[Any, ...]]]:
    """The number of sheets, and the cells of the sheet named like the table (else the first)."""
    wanted = path.stem.casefold()
    named = [sheet for sheet in book.worksheets if sheet.title.strip().casefold() == wanted]
    sheet = named[0] if named else book.worksheets[0]
    return (1 if named else len(book.worksheets)), cells_of(sheet)


def cells_of(sheet: Any) -> list[tuple[Any, ...]]:
    """The values of every row of a sheet of a workbook."""
    sheet.reset_dimensions()  # some programs write a wrong size, which would hide cells
    return list(sheet.iter_rows(values_only=True))


def _table_of_cells(path: Path, sheets: int, cells: list[tuple[Any, ...]]) -> Table:
    while cells and all(cell is None for cell in cells[-1]):
        cells.pop()
    if not cells:
        raise CaseloadError(f"{path.name} is empty: wanted a first row of column names.")
    header = ["" if cell is None else str(cell) for cell in cells[0]]
    while header and not header[-1].strip():
        header.pop()
    names = checked_names(path.name, header)
    if any(cell is not None for row in cells[1:] for cell in row[len(names) :]):
        raise CaseloadError(f"{path.name} has cells in a column without a name in its first row.")
    padding = (None,) * len(names)
    body = [(*row, *padding)[: len(names)] for row in cells[1:]]
    notices = (f"{path.name} has {sheets} sheets; only the first was read.",) if sheets > 1 else ()
    frame = pd.DataFrame(body, columns=names, dtype=object)
    return Table(path.name, frame, _numbered(len(body), 2), notices)


def _read_jsonl(path: Path, exact: Collection[str]) -> Table:
    del exact  # JSON tells texts from numbers
    encoding = encoding_of_start(path)
    data = read_bytes(path)
    try:
        text = encoding.decode(data)
    except UnicodeDecodeError:
        encoding = encoding_of_whole(path)
        text = encoding.decode(data)
    records, rows = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            records.append(_json_object(path, number, line))
            rows.append(number)
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [record.get(name) for record in records] for name in names}
    frame = pd.DataFrame(columns, dtype=object).set_axis(checked_names(path.name, names), axis=1)
    numbers = np.array(rows, dtype=np.int64)
    damaged = _damaged_cells(frame, numbers) if encoding.is_damaged else ()
    return Table(path.name, frame, numbers, encoding.notices(path.name), damaged)


def _json_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise CaseloadError(
            f"{path.name}, line {number}, is not a JSON object: wanted one "
            '{"column": value, …} on each line.'
        )
    return record


# --- shared ------------------------------------------------------------------------------------


def checked_names(file: str, names: Sequence[str]) -> list[str]:
    """Column names without white space around them; each must be there, once."""
    clean = [name.strip().lstrip("\ufeff") for name in names]
    if not any(clean):
        raise CaseloadError(f"{file} has no column names in its first line.")
    empty = [place for place, name in enumerate(clean, start=1) if not name]
    if empty:
        raise CaseloadError(f"{file} has no name for column {empty[0]} in its first line.")
    if len(set(clean)) < len(clean):
        twice = next(name for place, name in enumerate(clean) if name in clean[:place])
        raise CaseloadError(
            f"{file} has two columns with the same name (columns {clean.index(twice) + 1} and "
            f"{len(clean) - clean[::-1].index(twice)}): rename or remove one."
        )
    return clean


def _numbered(count: int, first: int) -> NDArray[np.int64]:
    return np.arange(first, first + count, dtype=np.int64)


def without_blank_rows(table: Table) -> Table:
    """Leave out rows in which no cell holds anything, such as the empty lines of a CSV file."""
    blank = np.ones(len(table.frame), dtype=bool)
    for name in table.frame:
        left = np.flatnonzero(blank)
        blank[left] = is_blank(table.frame[name].iloc[left])
        if not blank.any():
            return table
    if not len(blank):
        return table
    return Table(
        table.file,
        table.frame[~blank].reset_index(drop=True),
        table.rows[~blank],
        table.notices,
        table.damaged,
    )


def require_columns(table: Table | GivenRows, name: str, wanted: Sequence[str]) -> None:
    """CaseloadError unless the table has the wanted columns; it suggests a near name of the file.

    Names are shown only where they are near a known one: a file without a header would otherwise
    show a child's record.
    """
    for column in wanted:
        if column in table.names:
            continue
        rest = [other for other in table.names if other not in wanted]
        near = [other for other in rest if did_you_mean(other.casefold(), [column])]
        if near:
            raise CaseloadError(
                f"{table.file} has no column '{column}' but a column '{near[0]}'; did you mean "
                f"'{column}'? Rename it, or map it in mapping.yaml."
            )
        raise CaseloadError(
            f"{table.file} has no column '{column}'; the table {name} needs "
            f"{', '.join(wanted)}. Add it, or map its name in mapping.yaml."
        )


def no_such_column(table: Table, wanted: str) -> str:
    """The sentence for a column that a person named and the file has not.

    The file is right here and the word is wrong; its columns are shown only where one is near.
    """
    hint = did_you_mean(wanted, [str(name) for name in table.frame])
    return f"{table.file} has no column '{wanted}'{hint or '; see the first line of the file.'}"

"""Rewriting a table file with some cells of one column blank, and every other cell as it was.

CSV (in any encoding that is read, line by line in two) and JSON Lines keep every other byte; Parquet
keeps its schema, metadata, row groups and compression. A workbook is not rewritten: what formulas,
pivot tables and shared texts it keeps elsewhere would be lost, or would keep the words. What is written
is read back and held against what stood there before it takes the place of the old file.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.decisions_file import sync_folder
from carescreen.encoding import Encoding, encoding_of_start, encoding_of_whole, read_bytes
from carescreen.errors import OutputError
from carescreen.results_place import replaced_file
from carescreen.tables import Table, csv_header, read_table

_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_SPACE = re.compile(r"\s*")


def require_rewritable(path: Path) -> None:
    """OutputError, with what to do instead, for a format that is not rewritten."""
    if path.suffix.casefold() not in _WRITERS:
        raise OutputError(
            f"{path} is a workbook, which cannot be rewritten without loss; nothing was changed. "
            f"Save its sheet as {path.stem}.csv (CSV UTF-8), take the workbook away, and run this again"
        )


def blank_cells(path: Path, column: str, rows: Collection[int]) -> None:
    """Replace a table file by one in which the cells of a column are blank in some rows.

    `column` is the file's own name for it; `rows` count as `Table.rows` do. OutputError, and nothing
    is changed, where the file cannot be rewritten with everything else as it was.
    """
    require_rewritable(path)
    write = _WRITERS[path.suffix.casefold()]
    before = _as_texts(path)
    with replaced_file(path) as aside:
        write(path, aside, column, frozenset(rows))
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        _require_same(before, _as_texts(aside, path.suffix), column, rows, path)
    sync_folder(path.parent)


def _as_texts(path: Path, ending: str = "") -> Table:
    """A table with all texts as written."""
    first = read_table(path, ending=ending)
    return read_table(path, exact=first.names, ending=ending)


def _require_same(
    before: Table, after: Table, column: str, rows: Collection[int], path: Path
) -> None:
    """OutputError unless two tables differ in nothing but blank cells of a column in some rows.

    A row that held nothing else is blank as a whole now, and so is left out.
    """
    touched = np.isin(before.rows, list(rows))
    stays = np.isin(before.rows, after.rows)
    same = before.names == after.names and bool((stays | touched).all())
    same = same and np.array_equal(before.rows[stays], after.rows)
    for name in before.names if same else ():
        old = _cells(before.frame[name][stays])
        if name == column:
            new = _cells(after.frame[name])
            was = touched[stays]
            same &= bool((old == new)[~was].all()) and not any(map(_is_text, new[was]))
        else:
            same &= bool((old == _cells(after.frame[name])).all())
    if not same:
        raise OutputError(
            f"{path} cannot be rewritten with all other cells as they are; nothing was changed. Save it "
            f"as CSV (UTF-8) under the name {path.stem}.csv, and run this again"
        )


def _cells(column: pd.Series) -> Any:
    """Cells that can be compared one by one, whatever they are."""
    texts = [cell if isinstance(cell, str) else repr(cell) for cell in column]
    return np.array([*texts, ""], dtype=object)[:-1]


def _is_text(cell: str) -> bool:
    return bool(cell) and cell not in ("None", "nan", "<NA>")


# --- CSV -----------------------------------------------------------------------------------------


def _write_csv(path: Path, aside: Path, column: str, rows: Collection[int]) -> None:
    encoding = _encoding_of(path)
    delimiter, names = csv_header(path, encoding)
    place = [name.strip().lstrip("\ufeff") for name in names].index(column)
    text, back = _byte_for_byte(path)
    aside.write_bytes(back("".join(_blanked(text, delimiter, place, rows))))


def _encoding_of(path: Path) -> Encoding:
    encoding = encoding_of_start(path)
    if encoding.text is not None:
        return encoding
    try:
        encoding.decode(read_bytes(path))
    except UnicodeDecodeError:
        return encoding_of_whole(path)
    return encoding


def _byte_for_byte(path: Path) -> tuple[str, Callable[[str], bytes]]:
    """A file's bytes as a text in which delimiters, quotes and line ends stand out, and the way back.

    In UTF-8 and in GB18030 no byte of another character looks like one of those, so that each byte
    can stand for a character, whatever encoding its line is in.
    """
    data = read_bytes(path)
    codec = _UTF_16.get(data[:2])
    if codec is None:
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        return data[len(mark) :].decode("latin-1"), lambda text: mark + text.encode("latin-1")
    mark, body = data[:2], data[2:].decode(codec, "surrogatepass")
    return body, lambda text: mark + text.encode(codec, "surrogatepass")


def _blanked(text: str, delimiter: str, place: int, rows: Collection[int]) -> Iterator[str]:
    """The pieces of a CSV text, with the cells at a place of some rows blank.

    Cells begin and end where the reader sees them: a quote counts at the beginning of a cell, and
    every line is a row, blank ones too; the first is row 1.
    """
    mark = re.escape(delimiter)
    cell = re.compile(rf'("[^"]*(?:""[^"]*)*"|)([^{mark}\r\n]*)({mark}|\r\n|\r|\n|\Z)')
    row, number, kept = 1, 0, 0
    for found in cell.finditer(text):
        if row in rows and number == place:
            yield text[kept : found.start()] + ('""' if found[1] else "")
            kept = found.end(2)
        if found[3] == delimiter:
            number += 1
        else:
            row, number = row + 1, 0
    yield text[kept:]


# --- JSON Lines ----------------------------------------------------------------------------------


def _write_jsonl(path: Path, aside: Path, column: str, rows: Collection[int]) -> None:
    encoding, data = _encoding_of(path), read_bytes(path)
    codec = _UTF_16.get(data[:2])
    if codec is not None:
        lines = data[2:].decode(codec).split("\n")
        changed = [
            _without_value(line, column) if row in rows else line
            for row, line in enumerate(lines, start=1)
        ]
        aside.write_bytes(data[:2] + "\n".join(changed).encode(codec))
        return
    parts = data.split(b"\n")
    texts = encoding.text.split("\n") if encoding.text is not None else None
    for row in rows:
        line = parts[row - 1]
        codec = _codec_of(line, encoding.codec, texts[row - 1] if texts else None, path, row)
        parts[row - 1] = _without_value(line.decode(codec), column).encode(codec)
    aside.write_bytes(b"\n".join(parts))


def _codec_of(line: bytes, main: str, text: str | None, path: Path, row: int) -> str:
    """The encoding in which a line was read, and which gives the same bytes back."""
    for codec in dict.fromkeys((main.removesuffix("-sig"), "utf-8", "gb18030")):
        try:
            read = line.decode(codec)
        except UnicodeDecodeError:
            continue
        if read.encode(codec) == line and text in (None, read, read.removeprefix("\ufeff")):
            return codec
    raise OutputError(
        f"{path.name}, line {row}, holds bytes that no encoding explains; nothing was changed. Save the "
        "file as UTF-8 from the program it came from, and run this again"
    )


def _without_value(line: str, column: str) -> str:
    """A JSON object with the value of one key an empty text."""
    pieces, kept = [], 0
    for start, end in _values(line, column):
        pieces.append(line[kept:start] + '""')
        kept = end
    return "".join([*pieces, line[kept:]])


def _values(line: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Where the values of a key stand in a JSON object: more than once where it is given again."""
    read = json.JSONDecoder().raw_decode
    at = line.index("{") + 1
    while True:
        at = _after_space(line, at)
        if line[at] == "}":
            return
        if line[at] == ",":
            at = _after_space(line, at + 1)
        key, at = read(line, at)
        start = _after_space(line, _after_space(line, at) + 1)
        _value, at = read(line, start)
        if key.strip().lstrip("\ufeff") == wanted:
            yield start, at


def _after_space(line: str, at: int) -> int:
    found = _SPACE.match(line, at)
    assert found is not None  # it matches nothing, too
    return found.end()


# --- Parquet -------------------------------------------------------------------------------------


def _write_parquet(path: Path, aside: Path, column: str, rows: Collection[int]) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema, groups = file.schema_arrow, file.metadata.num_row_groups
        place = [name.strip().lstrip("\ufeff") for name in schema.names].index(column)
        packed = _compressions(file.metadata)
        first = 1
        with pq.ParquetWriter(aside, schema, compression=packed) as writer:
            for number in range(groups):
                group = file.read_row_group(number)
                blank = np.isin(np.arange(first, first + group.num_rows), list(rows))
                first += group.num_rows
                cells = _without_cells(group.column(place), blank, schema.field(place))
                writer.write_table(
                    group.set_column(place, schema.field(place), cells),
                    row_group_size=max(1, group.num_rows),
                )


def _compressions(metadata: Any) -> str | dict[str, str]:
    if not metadata.num_row_groups:
        return "NONE"
    columns = [metadata.row_group(0).column(number) for number in range(metadata.num_columns)]
    return {one.path_in_schema: one.compression.replace("UNCOMPRESSED", "NONE") for one in columns}


def _without_cells(cells: Any, blank: Any, field: Any) -> Any:
    """A column with some cells null, or empty where the file allows no null; dictionaries anew."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_coded = pa.types.is_dictionary(field.type)
    plain = cells.cast(field.type.value_type) if is_coded else cells
    nothing = pa.scalar(None if field.nullable else "", type=plain.type)
    changed = pc.if_else(pa.array(blank), nothing, plain)
    if not is_coded:
        return changed
    return changed.combine_chunks().dictionary_encode().cast(field.type)


_WRITERS: dict[str, Callable[[Path, Path, str, Collection[int]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}

"""How each table of a folder is read piece by piece: decided once, from its beginning.

What a reader decides for a whole file is decided here in the same way: encoding, delimiter, which
columns stay text, columns that nobody knows. A file that is not as its beginning promised is found
out while it is cut or read, and the folder is then read as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.caseload import (
    columns_left_out,
    require_structure,
    table_files,
)
from carescreen.checked import LeftOut
from carescreen.checks import clean_ids
from carescreen.fields import TABLES
from carescreen.indicators import Indicator
from carescreen.mapping import TableMapping, apply_mapping
from carescreen.pieces.csvrows import NotInPieces
from carescreen.sheet import Ints, objects
from carescreen.tables import Table, csv_beginning, read_csv_rows, without_blank_rows

_PLAIN_CODECS = {"utf-8-sig": "utf-8", "gb18030": "gb18030"}
_PLAIN = bytes(sorted({*range(0x21, 0x7F)} - {0x22}))  # of an id that is its own clean form
# Beside its own id, the id of each row that decides where the row goes.
KEYS = {
    "children": ("child_id", "household_id"),
    "households": ("household_id",),
    "visits": ("child_id",),
    "outcomes": ("child_id",),
    "decisions": ("child_id",),
}


@dataclass(frozen=True)
class Layout:
    """One CSV file: its delimiter and codec, raw column names, which of them stay text, our names."""

    name: str
    path: Path
    delimiter: str
    codec: str
    columns: tuple[str, ...]
    as_text: frozenset[str]
    mapping: TableMapping
    beginning: Table
    notices: tuple[str, ...]

    def key_columns(self) -> list[int]:
        """Places of the columns of KEYS; -1 for one that the file has not."""
        ours = {self.mapping.columns.get(name, name): n for n, name in enumerate(self.columns)}
        return [ours.get(name, -1) for name in KEYS[self.name]]

    def table(self, data: bytes, rows: Ints) -> Table:
        """Some rows of the file, given as its bytes, as reading the whole of it gives them."""
        options: dict[str, Any] = {"sep": self.delimiter, "names": list(self.columns)}
        frame = read_csv_rows(self.path, data, self.codec, options, self.as_text)
        if len(frame) != len(rows):
            raise NotInPieces
        table = without_blank_rows(Table(self.path.name, frame, rows))
        return replace(apply_mapping(table, self.mapping), notices=())

    def ids(self, cells: list[bytes]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        """Ids as checking gives them: without white space around, None where there is none."""
        joined = b"\n".join(cells)
        if not joined.translate(None, _PLAIN + b"\n"):
            return objects([text or None for text in joined.decode("ascii").split("\n")])
        return clean_ids(pd.Series([cell.decode(self.codec) for cell in cells], dtype=object))


def layouts_of(
    folder: Path, mapping: str | Path | None, indicators: Mapping[str, Indicator]
) -> tuple[dict[str, Layout], list[LeftOut]]:
    """The layout of each table of a folder, and the columns that are not read.

    NotInPieces where a table is no CSV file of one plain encoding. CaseloadError as reading the
    folder as a whole gives it.
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
    if path.suffix.casefold() != ".csv":
        raise NotInPieces
    exact = mapping.exact_columns(TABLES[name].exact)
    start = csv_beginning(path, exact)
    if start.codec not in _PLAIN_CODECS:
        raise NotInPieces
    beginning = apply_mapping(without_blank_rows(start.table), mapping)
    return Layout(
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

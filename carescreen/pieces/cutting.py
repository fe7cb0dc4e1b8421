"""Cutting tables into pieces on disk: each range of a file becomes one file, its rows by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carescreen.pieces.csvrows import Range, RowsOf, cells_of, ranges_of, rows_in
from carescreen.pieces.homes import Homes
from carescreen.pieces.layouts import Layout
from carescreen.sheet import Ints


@dataclass(frozen=True, repr=False)
class Cut:
    """One range of a table, cut: the rows of piece p are bytes[p] to bytes[p + 1] of the file.

    rows   the place of each row in its range, by piece; those of piece p from bounds[p]
    count  how many rows the range has
    """

    path: Path
    bytes: Ints
    bounds: Ints
    rows: NDArray[np.int32]
    count: int


@dataclass(frozen=True)
class CutPlan:
    """What every process that cuts needs."""

    layouts: Mapping[str, Layout]
    homes: Homes | None
    folder: Path


def keys_of(plan: CutPlan, name: str, part: Range) -> tuple[list[NDArray[np.object_]], RowsOf]:
    """The ids that decide where the rows of a range go (KEYS of the table), and the rows."""
    layout = plan.layouts[name]
    delimiter = layout.delimiter.encode()
    rows = rows_in(layout.path, part, delimiter)
    places = layout.key_columns()
    cells = cells_of(rows, [max(place, 0) for place in places], delimiter, layout.codec)
    blank = [b""] * len(rows)
    found = [cells[n] if place >= 0 else blank for n, place in enumerate(places)]
    return [layout.ids(column) for column in found], rows


def child_keys(plan: CutPlan, name: str, part: Range) -> list[NDArray[np.object_]]:
    """The ids of children and households of a range of the table of children."""
    return keys_of(plan, name, part)[0]


def cut(plan: CutPlan, name: str, part: Range) -> Cut:
    """Write the rows of a range aside, sorted by piece."""
    assert plan.homes is not None
    keys, rows = keys_of(plan, name, part)
    places = plan.homes.households if name == "households" else plan.homes.children
    piece = places.of_ids(keys[0], plan.homes.count)
    order = np.argsort(piece, kind="stable")
    path = plan.folder / f"{name}-{part.start}"
    data = rows.data
    starts, ends = rows.starts[order], rows.ends[order]
    with path.open("wb") as file:
        file.write(
            b"".join([data[s:e] for s, e in zip(starts.tolist(), ends.tolist(), strict=True)])
        )
    bounds = np.searchsorted(piece[order], np.arange(plan.homes.count + 1))
    sizes = np.concatenate([[0], np.cumsum(ends - starts)])
    return Cut(path, sizes[bounds], bounds, order.astype(np.int32), len(rows))


@dataclass(frozen=True, repr=False)
class CutTable:
    """All ranges of a table, cut."""

    cuts: Sequence[Cut]

    def piece(self, number: int) -> tuple[bytes, Ints]:
        """The rows of a piece as bytes, and the row of each in its file (the first line is row 1)."""
        parts, rows, before = [], [], 2
        for found in self.cuts:
            first, end = found.bytes[number], found.bytes[number + 1]
            if first < end:
                with found.path.open("rb") as file:
                    file.seek(int(first))
                    parts.append(file.read(int(end - first)))
                own = slice(found.bounds[number], found.bounds[number + 1])
                rows.append(found.rows[own].astype(np.int64) + before)
            before += found.count
        return b"".join(parts), np.concatenate([np.zeros(0, dtype=np.int64), *rows])


def ranges_of_tables(layouts: Mapping[str, Layout]) -> list[tuple[str, Range]]:
    """Every range of every table: one job each."""
    return [(name, part) for name, layout in layouts.items() for part in ranges_of(layout.path)]

"""Cutting tables into pieces on disk: each part of a file becomes one file, its rows by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.pieces.homes import Homes
from carescreen.pieces.layouts import Ids, Layout
from carescreen.sheet import Ints


@dataclass(frozen=True, repr=False)
class Cut:
    """Some rows of a table, cut: those of piece p are bytes[p] to bytes[p + 1] of the file.

    rows   the place of each row in the batch, by piece; those of piece p from bounds[p]
    count  how many rows the batch has
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


def child_keys(plan: CutPlan, name: str, part: Any, number: int) -> list[list[Ids]]:
    """The ids of children and households of a part of the table of children, batch by batch."""
    del number
    return [batch.keys() for batch in plan.layouts[name].batches(part)]


def cut(plan: CutPlan, name: str, part: Any, number: int) -> list[Cut]:
    """Write the rows of a part of a table aside, sorted by piece; `number` is its own."""
    assert plan.homes is not None
    places = plan.homes.households if name == "households" else plan.homes.children
    path, count, found, before = plan.folder / f"{name}-{number}", plan.homes.count, [], 0
    with path.open("wb") as file:
        for batch in plan.layouts[name].batches(part):
            piece = places.of_ids(batch.keys()[0], count)
            order = np.argsort(piece, kind="stable")
            bounds = np.searchsorted(piece[order], np.arange(count + 1))
            parts = batch.parts(order, bounds)
            file.writelines(parts)
            at = np.array(list(accumulate(map(len, parts), initial=before)), dtype=np.int64)
            found.append(Cut(path, at, bounds, order.astype(np.int32), len(batch)))
            before = int(at[-1])
    return found


@dataclass(frozen=True, repr=False)
class CutTable:
    """A table, cut: its batches in the order of its file."""

    cuts: Sequence[Cut]

    def piece(self, number: int) -> tuple[list[bytes], Ints]:
        """The rows of a piece as parts of batches, and the place of each row in its file, from 0."""
        parts, rows, before = [], [np.zeros(0, dtype=np.int64)], 0
        for found in self.cuts:
            first, end = found.bytes[number], found.bytes[number + 1]
            if first < end:
                with found.path.open("rb") as file:
                    file.seek(int(first))
                    parts.append(file.read(int(end - first)))
                own = slice(found.bounds[number], found.bounds[number + 1])
                rows.append(found.rows[own].astype(np.int64) + before)
            before += found.count
        return parts, np.concatenate(rows)

    def remove(self) -> None:
        """Take away its files: every piece was read."""
        for path in {found.path for found in self.cuts}:
            path.unlink()


def jobs_of(layouts: Mapping[str, Layout]) -> list[tuple[str, Any, int]]:
    """Every part of every table, numbered within it: one job each."""
    return [
        (name, part, number)
        for name, layout in layouts.items()
        for number, part in enumerate(layout.ranges())
    ]

"""ranking.csv and ranking.jsonl: every child in rank order, written by one or more processes.

The bytes are those of `results.write_csv` over `Ranking.export_frame`, and of `Ranking.json_line`, a
row at a time: tests compare them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.cells import GUARDED_STARTS, guarded
from carescreen.processes import in_processes
from carescreen.ranking import COLUMNS, Ranking, coded_rows, head_texts
from carescreen.recordstore import BODY, PUBLIC_BODY, RecordStore
from carescreen.sheet import Sheet

_CHUNK = 5_000  # children of one job: some 20 MB of records

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, repr=False)  # its values are records
class _Source:
    """What every process that writes needs."""

    rows: Sheet
    store: RecordStore
    quotes: bool
    bodies: str
    records: Path

    def chunk(self, first: int) -> Sheet:
        return self.rows.between(first, min(first + _CHUNK, len(self.rows)))


def write_ranking(ranking: Ranking, folder: Path, *, quotes: bool, processes: int = 1) -> None:
    """Write both files into a folder; with `quotes`, names and words of notes are in them."""
    rows, store = ranking.packed()
    source = _Source(
        rows=rows,
        store=store,
        quotes=quotes,
        bodies=BODY if quotes else PUBLIC_BODY,
        records=folder / "ranking.jsonl",
    )
    firsts = range(0, len(rows), _CHUNK)
    workers = min(processes, len(firsts))
    at, ends = 0, []
    with (folder / "ranking.csv").open("wb") as file:
        file.write(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\n")
        for lines, size in in_processes(_lines, source, ((first,) for first in firsts), workers):
            file.write(lines)
            ends.append(at)
            at += size
    with source.records.open("wb") as file:
        file.truncate(at)
    jobs = zip(firsts, ends, strict=True)
    for _ in in_processes(_records, source, jobs, workers):
        pass


def _lines(source: _Source, first: int) -> tuple[bytes, int]:
    """The lines of ranking.csv of a chunk, and how many bytes its records take."""
    rows = source.chunk(first)
    heads = head_texts(rows)
    bodies = source.store.sizes(rows, source.bodies)
    size = sum(map(len, heads)) + int(bodies.sum()) + len(rows)
    return csv_rows(coded_rows(rows, source.quotes)), size


def _records(source: _Source, first: int, at: int) -> None:
    """Write the records of a chunk to their place in ranking.jsonl."""
    rows = source.chunk(first)
    pieces = [b""] * (3 * len(rows))
    pieces[0::3] = head_texts(rows)
    pieces[1::3] = source.store.texts(rows, source.bodies)
    pieces[2::3] = [b"\n"] * len(rows)
    with source.records.open("r+b") as file:
        file.seek(at)
        file.write(b"".join(pieces))


def csv_rows(rows: Sheet) -> bytes:
    """Rows as lines of ranking.csv."""
    columns = [_csv_cells(name, rows[name]) for name in COLUMNS]
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(zip(*columns, strict=True))
    return lines.getvalue().encode()


def _csv_cells(name: str, column: NDArray[Any]) -> Iterator[object] | list[Any]:
    """A column as the cells of a CSV file."""
    if name == "score":
        return [f"{value:.6f}" for value in column.tolist()]
    if column.dtype.kind == "M":
        days = np.datetime_as_string(column.astype("datetime64[D]")).tolist()
        return ["" if text == "NaT" else text for text in days]
    if name == "days_since_seen":
        return ["" if value != value else int(value) for value in column.tolist()]
    if column.dtype.kind == "f":
        return ["" if value != value else value for value in column.tolist()]
    return _guarded(column) if column.dtype.kind == "O" else column.tolist()


def _guarded(column: NDArray[np.object_]) -> list[Any]:
    return [
        guarded(text) if text and text[0] in GUARDED_STARTS else text for text in column.tolist()
    ]

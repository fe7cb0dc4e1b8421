"""ranking.csv and ranking.jsonl: every child in rank order, written by one or more processes.

The bytes are those of `results.write_csv` over `Ranking.export_frame`, and of `Ranking.json_line`, a
row at a time: tests compare them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.cells import GUARDED_STARTS, guarded
from carescreen.processes import in_processes
from carescreen.ranking import COLUMNS, Ranking, coded_rows, head_texts, size_of_heads
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
    bodies = source.store.sizes(rows, source.bodies)
    size = size_of_heads(rows) + int(bodies.sum()) + len(rows)
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
    if not len(rows):
        return b""
    columns = [_csv_cells(name, rows[name]) for name in COLUMNS]
    texts = [cells for name, cells in zip(COLUMNS, columns, strict=True) if _is_text(rows[name])]
    if all(map(_is_plain, texts)):
        # No cell is guarded or quoted: what csv.writer would write, in half of its time.
        return ("\n".join(map(",".join, zip(*columns, strict=True))) + "\n").encode()
    guarded_columns = (
        _guarded(cells) if _is_text(rows[name]) else cells
        for name, cells in zip(COLUMNS, columns, strict=True)
    )
    quoted = io.StringIO()
    csv.writer(quoted, lineterminator="\n").writerows(zip(*guarded_columns, strict=True))
    return quoted.getvalue().encode()


def _is_text(column: NDArray[Any]) -> bool:
    return column.dtype.kind == "O"


def _is_plain(cells: list[str]) -> bool:
    """Whether no cell of a column is quoted in a CSV file, or guarded: one look at all of them."""
    text = "\n" + "\n".join(cells)
    if any(mark in text for mark in ',"\r') or text.count("\n") != len(cells):
        return False
    return not any(start in text and "\n" + start in text for start in GUARDED_STARTS)


def _csv_cells(name: str, column: NDArray[Any]) -> list[str]:
    """A column as the cells of a CSV file, neither quoted nor guarded."""
    if name == "score":
        return [f"{value:.6f}" for value in column.tolist()]
    if column.dtype.kind == "M":
        days = column.astype("datetime64[D]").astype(np.int64).tolist()
        texts = {day: str(np.datetime64(day, "D")).replace("NaT", "") for day in set(days)}
        return [texts[day] for day in days]
    if name == "days_since_seen":
        return ["" if value != value else str(int(value)) for value in column.tolist()]
    if column.dtype.kind == "f":
        return ["" if value != value else repr(value) for value in column.tolist()]
    if _is_text(column):
        return ["" if text is None else text for text in column.tolist()]
    return list(map(str, column.tolist()))


def _guarded(cells: list[str]) -> list[str]:
    return [guarded(text) if text[:1] in GUARDED_STARTS else text for text in cells]

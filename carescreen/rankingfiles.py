"""ranking.csv and ranking.jsonl: every child in rank order, the latter written by several processes.

The bytes are those of `results.write_csv` over `Ranking.export_frame`, and of `Ranking.json_line`, a
row at a time: tests compare them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from carescreen.cells import GUARDED_STARTS, guarded_all
from carescreen.processes import in_processes
from carescreen.ranking import COLUMNS, Ranking, coded_rows, head_texts
from carescreen.recordstore import BODY, PLACES, PUBLIC_BODY, RecordStore
from carescreen.sheet import Sheet

_CHUNK = 2_000  # children of one job: some 7 MB of records


@dataclass(frozen=True, repr=False)  # its values are records
class _Source:
    """What every process that writes records needs: where their bodies are, and where they go."""

    store: RecordStore
    kind: str
    path: Path


def write_ranking(ranking: Ranking, folder: Path, *, quotes: bool, processes: int = 1) -> None:
    """Write both files into a folder; with `quotes`, names and words of notes are in them.

    This process writes ranking.csv and gives the heads of the records to the worker processes, which
    put them before their bodies. These look at no text of a row: each would copy the memory it lies in.
    """
    kind = BODY if quotes else PUBLIC_BODY
    source = _Source(ranking.packed()[1], kind, folder / "ranking.jsonl")
    source.path.write_bytes(b"")
    with (folder / "ranking.csv").open("wb") as file:
        jobs = _chunks(ranking, file, source, quotes)
        for _ in in_processes(_write_records, source, jobs, processes):
            pass


def _chunks(
    ranking: Ranking, file: BinaryIO, source: _Source, quotes: bool
) -> Iterator[tuple[Sheet, list[bytes], int]]:
    """Write ranking.csv, and give the records of some children at a time with their heads and place."""
    rows, store = ranking.packed()
    file.write(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\n")
    at = 0
    for first in range(0, len(rows), _CHUNK):
        chunk = rows.between(first, min(first + _CHUNK, len(rows)))
        file.write(csv_rows(coded_rows(chunk, quotes)))
        heads = head_texts(chunk)
        yield chunk.only(PLACES), heads, at
        at += sum(map(len, heads)) + int(store.sizes(chunk, source.kind).sum()) + len(chunk)


def _write_records(source: _Source, places: Sheet, heads: list[bytes], at: int) -> None:
    """Write the records of some children to their place in ranking.jsonl."""
    pieces = [b"\n"] * (3 * len(places))
    pieces[0::3] = heads
    pieces[1::3] = source.store.texts(places, source.kind)
    with source.path.open("r+b") as file:
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
        guarded_all(cells) if _is_text(rows[name]) else cells
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

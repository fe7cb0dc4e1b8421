"""The rows of a large CSV file by ranges of its bytes, so that several processes can share it.

A row ends at a line end outside of double quotes. Which quotes are open at the beginning of a range
follows from how many stand before it. That is what pandas does too, as long as a quote that opens
stands at the beginning of a cell: `NotInPieces` where one does not, or where lines end in another way.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carescreen.sheet import Ints

RANGE_BYTES = 8 << 20
_MORE_BYTES = 1 << 16
_QUOTED = re.compile(rb'"([^"]*(?:""[^"]*)*)"?(.*)', re.DOTALL)
_QUOTE, _NEWLINE, _RETURN = b'"'[0], b"\n"[0], b"\r"[0]


class NotInPieces(Exception):  # no error: the table is then read as a whole
    """A table that cannot be cut safely."""


@dataclass(frozen=True)
class Range:
    """Bytes of a file from `start` to before `end`; `is_quoted`: whether a quote is open at `start`."""

    start: int
    end: int
    is_quoted: bool


@dataclass(frozen=True, repr=False)  # it holds records
class RowsOf:
    """The rows that begin in a range: bytes, and where each row begins and ends, with its line end."""

    data: bytes
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.starts)


def ranges_of(path: Path, delimiter: bytes, size: int | None = None) -> list[Range]:
    """The file below its first row, in ranges of about `size` (RANGE_BYTES) bytes."""
    with path.open("rb") as file:
        first = _end_of_header(file.read(1 << 20), delimiter)
        file.seek(first)
        ranges, start, quotes = [], first, 0
        while data := file.read(size or RANGE_BYTES):
            ranges.append(Range(start, start + len(data), quotes % 2 == 1))
            start += len(data)
            quotes += int(np.count_nonzero(np.frombuffer(data, np.uint8) == _QUOTE))
    if quotes % 2:
        raise NotInPieces
    return ranges


def _end_of_header(data: bytes, delimiter: bytes) -> int:
    """Where the second row begins."""
    mark = len(data) - len(data.removeprefix(codecs.BOM_UTF8))
    view = np.frombuffer(b"\n" + data[mark:], dtype=np.uint8)  # as if a line ended before it
    ends = np.flatnonzero(view == _NEWLINE)[1:]
    quotes = np.flatnonzero(view == _QUOTE)
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    if not len(outside):
        raise NotInPieces
    first = int(outside[0])
    _require_plain_quotes(view, quotes[quotes < first], False, delimiter)
    if b"\r" in data[: first - 1 + mark].rstrip(b"\r"):
        raise NotInPieces
    return first + mark


def rows_in(path: Path, part: Range, delimiter: bytes) -> RowsOf:
    """The rows that begin in a range, the last one to its end beyond it."""
    with path.open("rb") as file:
        file.seek(part.start - 1)
        data = file.read(part.end - part.start + 1)
        while True:
            ends = _row_ends(data, part.is_quoted, delimiter)
            last = len(data) and bool(len(ends)) and ends[-1] >= part.end - part.start
            if last:
                break
            more = file.read(_MORE_BYTES)
            if not more:
                if data[-1:] != b"\n":
                    data += b"\n"
                    ends = _row_ends(data, part.is_quoted, delimiter)
                break
            data += more
    if b"\0" in data:  # the rest of its cell is lost
        raise NotInPieces
    # A row begins behind a row's end; the byte before the range is such an end or is not.
    begin = ends + 1
    starts = begin[begin <= part.end - part.start]
    following = ends[1:]
    starts = starts[: len(following)]
    return RowsOf(data, starts, following[: len(starts)] + 1)


def _row_ends(data: bytes, is_quoted: bool, delimiter: bytes) -> Ints:
    """Where rows end: the line ends outside of quotes."""
    view = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(view == _NEWLINE)
    quotes = np.flatnonzero(view[1:] == _QUOTE) + 1  # the first byte is before the range
    if is_quoted or len(quotes):
        _require_plain_quotes(view, quotes, is_quoted, delimiter)
        before = np.searchsorted(quotes, ends) + int(is_quoted)
        ends = ends[before % 2 == 0]
    returns = data.count(b"\r")  # a byte is counted much faster than two
    if returns and returns != data.count(b"\r\n"):
        _require_no_lone_return(view, quotes, is_quoted)
    return ends


def _require_plain_quotes(
    view: NDArray[np.uint8], quotes: Ints, is_quoted: bool, delimiter: bytes
) -> None:
    """Each quote that opens stands behind a delimiter, a line end, or a quote that it doubles."""
    opening = quotes[int(is_quoted) :: 2]
    before = view[opening - 1]
    if not np.isin(before, [delimiter[0], _NEWLINE, _QUOTE]).all():
        raise NotInPieces


def _require_no_lone_return(view: NDArray[np.uint8], quotes: Ints, is_quoted: bool) -> None:
    """pandas ends a row at a carriage return alone too."""
    returns = np.flatnonzero(view[:-1] == _RETURN)
    lone = returns[view[returns + 1] != _NEWLINE]
    before = np.searchsorted(quotes, lone) + int(is_quoted)
    if (before % 2 == 0).any():
        raise NotInPieces


def cells_of(rows: RowsOf, columns: Sequence[int], delimiter: bytes) -> list[list[bytes]]:
    """The cells of some columns, one list a column; b"" where a row is too short.

    Those of plain rows are found by the places of delimiters, all at once; a row with quotes before
    them, or in which they are the last ones, is split by itself.
    """
    data, last = rows.data, max(columns) + 1
    view = np.frombuffer(data, dtype=np.uint8)
    delimiters = np.append(np.flatnonzero(view == delimiter[0]), np.repeat(len(data), last))
    first = np.searchsorted(delimiters, rows.starts)  # of each row
    beyond = delimiters[first + last - 1]
    quotes = np.append(np.flatnonzero(view == _QUOTE), len(data))
    plain = (beyond < rows.ends) & (quotes[np.searchsorted(quotes, rows.starts)] >= beyond)
    others = np.flatnonzero(~plain).tolist()
    split = [_split(data[rows.starts[n] : rows.ends[n]], last, delimiter) for n in others]
    found = []
    for column in columns:
        begin = delimiters[first + column - 1] + 1 if column else rows.starts
        bounds = zip(begin.tolist(), delimiters[first + column].tolist(), strict=True)
        cells = [data[start:end] for start, end in bounds]
        for row, own in zip(others, split, strict=True):
            cells[row] = own[column]
        found.append(cells)
    return found


def _split(line: bytes, last: int, delimiter: bytes) -> list[bytes]:
    """The cells of a row, `last` of them at least."""
    if b'"' in line:
        return _quoted_cells(line, delimiter) + [b""] * last
    cells = line.split(delimiter, last)
    if len(cells) <= last:  # the last cell has the line's end
        cells[-1] = cells[-1].rstrip(b"\r\n")
    return cells + [b""] * last


def _quoted_cells(line: bytes, delimiter: bytes) -> list[bytes]:
    """The cells of a row with plain quotes; no byte of a character of several is a quote."""
    cells: list[bytes] = []
    is_open = False
    for part in line.removesuffix(b"\n").removesuffix(b"\r").split(delimiter):
        if is_open:
            cells[-1] += delimiter + part
        else:
            cells.append(part)
        is_open ^= part.count(b'"') % 2 == 1
    return [_unquoted(cell) if cell[:1] == b'"' else cell for cell in cells]


def _unquoted(cell: bytes) -> bytes:
    inside, behind = _QUOTED.fullmatch(cell).groups()  # type: ignore[union-attr]  # it begins so
    return bytes(inside.replace(b'""', b'"') + behind)

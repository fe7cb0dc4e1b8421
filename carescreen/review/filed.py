"""Records that stay in their file until each is asked for.

A list of 100,000 children is two gigabytes of Python objects and a few hundred megabytes of lines.
What a list is cut and counted by is known without reading a record: its FIELDS.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, overload

import numpy as np

from carescreen.review.reading import Record
from carescreen.sheet import Ints, Sheet

FIELDS = (
    *("child_id", "household_id", "village_id", "caseworker_id", "tier", "state", "due_on"),
    "within_capacity",
)
_CHUNK = 1 << 22


class LinesFile:
    """A file of lines, opened when the first is read; what is sent to another process is its path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def read(self, start: int, length: int) -> bytes:
        """Some bytes of it, from one on."""
        if self._file is None:
            self._file = self.path.open("rb")
        self._file.seek(start)
        return self._file.read(length)

    def close(self) -> None:
        """Close it; a later reading opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": None}


class FiledRecords(Sequence[Record]):
    """Some records of a file with one JSON record a line, each parsed whenever it is asked for.

    rows   one row a record: FIELDS as the record has them, `line` (its number in the file), and
           `start` and `length` of that line in bytes
    added  by the number of the line what is said of the child beside its record, and put into it
    """

    def __init__(
        self, lines: LinesFile, rows: Sheet, added: Mapping[int, Mapping[str, Any]]
    ) -> None:
        self.lines, self.rows, self.added = lines, rows, added

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> FiledRecords: ...
    def __getitem__(self, place: int | slice) -> Record | FiledRecords:
        if isinstance(place, slice):
            return FiledRecords(self.lines, self.rows.take(place), self.added)
        start, length = self.rows["start"][place], self.rows["length"][place]
        record = parsed(self.lines.read(int(start), int(length)))
        record.update(self.added.get(int(self.rows["line"][place]), {}))
        return record

    def __iter__(self) -> Iterator[Record]:
        return (self[place] for place in range(len(self)))

    def __add__(self, other: FiledRecords) -> FiledRecords:
        assert self.lines is other.lines
        assert self.added is other.added
        return FiledRecords(self.lines, Sheet.joined([self.rows, other.rows]), self.added)

    def __repr__(self) -> str:
        """Their number only: a record must not reach a log or a traceback."""
        return f"FiledRecords({len(self)})"

    def take(self, places: Iterable[int]) -> FiledRecords:
        """Those at some places, in that order."""
        chosen = np.fromiter(places, dtype=np.int64)
        return FiledRecords(self.lines, self.rows.take(chosen), self.added)

    def field(self, name: str) -> list[Any]:
        """One of FIELDS of each record, without reading it; days as dates."""
        return list(self.rows[name].tolist())

    def __getstate__(self) -> dict[str, Any]:
        """For another process: with no more of what is added than is said of these."""
        lines = self.rows["line"].tolist()
        added = {line: dict(said) for line in lines if (said := self.added.get(line))}
        return {"lines": self.lines, "rows": self.rows, "added": added}


def parsed(line: bytes) -> dict[str, Any]:
    """A record from its line."""
    return dict(json.loads(line.decode("utf-8", "surrogatepass")))


def line_starts(file: BinaryIO) -> Ints:
    """Where each line of a file begins, and last where the file ends."""
    found, base = [np.zeros(1, dtype=np.int64)], 0
    while chunk := file.read(_CHUNK):
        found.append(np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n")) + base + 1)
        base += len(chunk)
    starts = np.concatenate(found)
    return starts if starts[-1] == base else np.append(starts, base)

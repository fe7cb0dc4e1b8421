"""The record of each child as JSON, packed: whole, and as it may leave the office.

A caseload has some kilobytes of them a child. One bytes object or one file of a block holds them all,
and a row of a block keeps where its own begin and how long they are, so that a million children can
be put in order in little memory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from io import FileIO
from operator import eq
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.sheet import Sheet

# In the order in which a child's texts are packed.
BODY, PUBLIC_BODY = "body", "public_body"
KINDS = (BODY, PUBLIC_BODY)
_SIZES = {kind: f"{kind}_size" for kind in KINDS}
SIZES = tuple(_SIZES.values())
PLACES = ("text_part", "text_at", *SIZES)
_ABSENT, _SAME = -2, -1  # in place of a size: not kept; the same bytes as the kind before
_BEFORE = {PUBLIC_BODY: BODY}

Part = bytes | Path

_MOST_OPEN = 200  # files at a time: a process may have some hundreds

_ONE_AT_A_TIME = threading.Lock()


def _read_at(file: FileIO, at: int, size: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), size, at)
    with _ONE_AT_A_TIME:  # Windows has one place in a file for all threads
        file.seek(at)
        return file.read(size) or b""


def packed(texts: Mapping[str, Sequence[bytes]], count: int) -> tuple[bytes, Sheet]:
    """The texts of `count` children by kind as one bytes object, and where each begins.

    Kinds may be left out. The rows have PLACES, `text_part` 0.
    """
    kept = [kind for kind in KINDS if kind in texts]
    pieces: list[bytes] = [b""] * (len(kept) * count)
    sizes = {kind: np.full(count, _ABSENT, dtype=np.int32) for kind in KINDS}
    total = np.zeros(count, dtype=np.int64)
    for place, kind in enumerate(kept):
        own: Sequence[bytes] = texts[kind]
        size = np.fromiter(map(len, own), dtype=np.int32, count=count)
        before = texts.get(_BEFORE.get(kind, ""))
        if before is not None:
            same = np.fromiter(map(eq, own, before), dtype=bool, count=count)
            own = [b"" if is_same else text for text, is_same in zip(own, same, strict=True)]
            total -= np.where(same, size, 0)
            sizes[kind] = np.where(same, _SAME, size).astype(np.int32)
        else:
            sizes[kind] = size
        total += size
        pieces[place :: len(kept)] = own
    places: dict[str, NDArray[Any]] = {
        "text_part": np.zeros(count, dtype=np.int32),
        "text_at": np.cumsum(total) - total,
        **{_SIZES[kind]: size for kind, size in sizes.items()},
    }
    return b"".join(pieces), Sheet(places, count)


def joined_rows(rows: list[Sheet], parts: Sequence[Part]) -> tuple[Sheet, RecordStore]:
    """The rows of several blocks with PLACES, each in its own part of one store; the list is emptied."""
    counts = [len(block) for block in rows]
    columns = {name: [block[name] for block in rows] for name in rows[0]}
    rows.clear()  # so that there is never a copy of more than one column
    joined = {name: np.concatenate(columns.pop(name)) for name in list(columns)}
    joined["text_part"] = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return Sheet(joined, sum(counts)), RecordStore(parts)


class RecordStore:
    """Texts by kind of rows with PLACES; `parts` are what `packed` gave, or files that hold it."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = list(parts)
        self._open: dict[int, FileIO] = {}

    def texts(self, rows: Sheet, kind: str) -> list[bytes]:
        """One kind of text of each row; KeyError where it was not kept."""
        at, sizes = self._places(rows, kind)
        parts = rows["text_part"].tolist()
        return [
            self._read(part, first, size)
            for part, first, size in zip(parts, at.tolist(), sizes.tolist(), strict=True)
        ]

    def sizes(self, rows: Sheet, kind: str) -> NDArray[np.int64]:
        """How long one kind of text of each row is, in bytes."""
        return self._places(rows, kind)[1]

    def has(self, rows: Sheet, kind: str) -> bool:
        """Whether a kind of text was kept of these rows: of all or of none."""
        return not len(rows) or bool(rows[_SIZES[kind]][0] != _ABSENT)

    def _places(self, rows: Sheet, kind: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        at, own = rows["text_at"].copy(), rows[_SIZES[kind]].astype(np.int64)
        if (own == _ABSENT).any():
            raise KeyError(kind)
        same = own == _SAME
        for other in KINDS[: KINDS.index(kind)]:
            size = np.maximum(rows[_SIZES[other]], 0)
            at += np.where(same & (other == _BEFORE.get(kind)), 0, size)
        own[same] = rows[_SIZES[_BEFORE.get(kind, kind)]][same]
        return at, own

    def _read(self, part: int, at: int, size: int) -> bytes:
        held = self.parts[part]
        if isinstance(held, bytes):
            return held[at : at + size]
        file = self._open.get(part)
        if file is not None:
            text = _read_at(file, at, size)
        elif len(self._open) < _MOST_OPEN:
            file = self._open[part] = held.open("rb", buffering=0)
            text = _read_at(file, at, size)
        else:
            with held.open("rb", buffering=0) as file:
                text = _read_at(file, at, size)
        if len(text) != size:
            raise OSError(f"{held.name} ends before what it should hold")
        return text

    def close(self) -> None:
        """Close its files; reading opens them again."""
        while self._open:
            self._open.popitem()[1].close()

    def __del__(self) -> None:
        self.close()

    def __getstate__(self) -> dict[str, object]:
        """Another process opens the files itself."""
        return {"parts": self.parts, "_open": {}}

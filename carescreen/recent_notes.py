"""The notes of the last 90 days of each child: the text that a model's learned phrases are looked for in.

A child's text holds the notes of its own visits, the newest first, one below the other. A visit
counts if it is dated on the as-of date or up to 90 days before it and was entered by the as-of date;
of an amended visit, as it reads now. Notes of brothers and sisters, and blank ones, add nothing; a
child without any has no text, which scores 0. The 90 days are part of what a model learned, so they
are no setting of a pack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.block import Block
from carescreen.columns import Words
from carescreen.indicators import Texts
from carescreen.sheet import Ints, objects

NOTE_COLUMN = "note"  # what a caseload's model calls it; no feature of a pack may be called so
NOTE_DAYS = np.timedelta64(90, "D")
NOTE_TITLE: Texts = {"en": "Words in the notes", "zh": "走访记录中的用语"}


@dataclass(frozen=True, repr=False)  # its values are records
class RecentNotes:
    """Rows of a block's visits that count: those of child i are rows[bounds[i]:bounds[i + 1]]."""

    notes: NDArray[np.object_]
    rows: Ints
    bounds: Ints

    def of_child(self, child: int) -> list[int]:
        """Rows of one child's visits, the newest first."""
        found: list[int] = self.rows[self.bounds[child] : self.bounds[child + 1]].tolist()
        return found

    def text(self, child: int) -> str | None:
        """One child's text, None where it has none."""
        return "\n".join(self.notes[row] for row in self.of_child(child)) or None

    def texts(self) -> NDArray[np.object_]:
        """The text of every child of the block, None where it has none: objects[n]."""
        return objects([self.text(child) for child in range(len(self.bounds) - 1)])

    def words(self) -> Words:
        """The same as a column of the model."""
        texts = self.texts()
        has = np.flatnonzero([text is not None for text in texts])
        codes = np.full(len(texts), -1, dtype=np.int64)
        codes[has] = np.arange(len(has))
        return Words(codes, tuple(texts[has].tolist()))


def recent_notes(block: Block, as_of: np.datetime64) -> RecentNotes:
    """The notes that count as of a date."""
    day, known = block.visit_date, block.visit_known_at.astype("datetime64[D]")
    notes = block.visits["note"]
    counts = (day <= as_of) & (as_of - day <= NOTE_DAYS) & (known <= as_of)  # no date: never
    counts &= np.array([_says_something(note) for note in notes], dtype=bool)
    rows = np.flatnonzero(counts)[::-1]  # visits stand by child, the oldest first
    child = block.visit_child[rows]
    rows = rows[np.argsort(child, kind="stable")]
    bounds = np.searchsorted(np.sort(child), np.arange(block.n + 1))
    return RecentNotes(notes, rows.astype(np.int64), bounds.astype(np.int64))


def _says_something(note: Any) -> bool:
    return isinstance(note, str) and bool(note.strip())

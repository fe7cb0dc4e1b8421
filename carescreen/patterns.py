"""Gapped patterns over many notes at once: parts that follow each other within one clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import Pattern
from carescreen.normalise import Positions
from carescreen.scan import expand


@dataclass(frozen=True)
class Elements:
    """Words of pattern parts as found, by start: `clause` numbers the clause, `part` the part."""

    start: Positions
    end: Positions
    clause: Positions
    part: Positions

    def take(self, rows: Positions | NDArray[np.bool_]) -> Elements:
        return Elements(self.start[rows], self.end[rows], self.clause[rows], self.part[rows])


@dataclass(frozen=True)
class Matches:
    """Whole patterns as found; `anchor` is where the last part starts.

    `element_start` and `element_end`: (matches, MAX_PARTS), -1 where a pattern has fewer parts.
    """

    pattern: Positions
    start: Positions
    end: Positions
    anchor: Positions
    element_start: NDArray[np.int64]
    element_end: NDArray[np.int64]

    def take(self, rows: Positions | NDArray[np.bool_]) -> Matches:
        return Matches(
            self.pattern[rows],
            self.start[rows],
            self.end[rows],
            self.anchor[rows],
            self.element_start[rows],
            self.element_end[rows],
        )


class PatternTable:
    """Patterns prepared for search. `parts` maps each distinct part to its number."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.parts: Mapping[tuple[str, ...], int] = _number(
            part for pattern in patterns for part in pattern.parts
        )
        self._most = max((len(pattern.parts) for pattern in patterns), default=2)
        shape = len(patterns), self._most
        self._part = np.full(shape, -1, np.int64)
        self._low, self._high = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, pattern in enumerate(patterns):
            for column, part in enumerate(pattern.parts):
                self._part[row, column] = self.parts[part]
            for column, (low, high) in enumerate(pattern.gaps, start=1):
                self._low[row, column], self._high[row, column] = low, high

    def find(self, elements: Elements) -> Matches:
        """Every match; where the parts can be chosen in several ways, each way is one.

        One pattern after the other, over all notes: each of its parts is a short sorted list.
        """
        order = np.argsort(elements.part.astype(np.int16), kind="stable")  # by part, then by start
        by_part = elements.take(order)
        bounds = np.searchsorted(by_part.part, np.arange(len(self.parts) + 1))
        is_found = np.append(bounds[1:] > bounds[:-1], True)  # the last place: no such part
        possible = np.flatnonzero(is_found[self._part].all(axis=1))
        chosen, pattern = [np.zeros((0, self._most), np.int64)], [np.zeros(0, np.int64)]
        for number in possible.tolist():
            rows = self._ways(by_part, bounds, number)
            chosen.append(np.where(rows >= 0, order[rows], -1))
            pattern.append(np.full(len(rows), number, np.int64))
        return self._matches(elements, np.concatenate(chosen), np.concatenate(pattern))

    def _ways(self, by_part: Elements, bounds: Positions, number: int) -> NDArray[np.int64]:
        """Rows of `by_part` for each way to choose the parts of one pattern, -1 beyond its parts."""
        parts = self._part[number]
        ways = np.full((bounds[parts[0] + 1] - bounds[parts[0]], self._most), -1, np.int64)
        ways[:, 0] = np.arange(bounds[parts[0]], bounds[parts[0] + 1])
        for column in range(1, int((parts >= 0).sum())):
            first, beyond = bounds[parts[column]], bounds[parts[column] + 1]
            starts = by_part.start[first:beyond]
            last = ways[:, column - 1]
            end = by_part.end[last]
            low = np.searchsorted(starts, end + self._low[number, column])
            high = np.searchsorted(starts, end + self._high[number, column], side="right")
            owner, rank = expand(np.maximum(high - low, 0))
            following = first + low[owner] + rank
            same = by_part.clause[following] == by_part.clause[last[owner]]
            ways = ways[owner[same]]
            ways[:, column] = following[same]
        return ways

    def _matches(
        self, elements: Elements, chosen: NDArray[np.int64], pattern: Positions
    ) -> Matches:
        blank = chosen < 0
        starts = np.where(blank, -1, elements.start[chosen] if elements.start.size else -1)
        ends = np.where(blank, -1, elements.end[chosen] if elements.start.size else -1)
        return Matches(
            pattern,
            starts[:, 0],
            ends.max(axis=1, initial=-1),
            starts.max(axis=1, initial=-1),
            starts,
            ends,
        )


def _number(parts: object) -> dict[tuple[str, ...], int]:
    numbers: dict[tuple[str, ...], int] = {}
    for part in parts:  # type: ignore[attr-defined]  # any iterable of parts
        numbers.setdefault(part, len(numbers))
    return numbers

"""Gapped patterns over many notes at once: parts that follow each other within one clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import Pattern
from carescreen.normalise import Positions
from carescreen.scan import expand

_FAR = np.int64(1) << 40  # above any position: keeps the classes apart in one sorted key


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
        self._index_pairs()

    def _index_pairs(self) -> None:
        size = max(len(self.parts), 1)
        first, second = self._part[:, 0], self._part[:, 1]
        code = first * size + second
        order = np.argsort(code, kind="stable")
        codes, counts = np.unique(code, return_counts=True)
        self._pair = np.full(size * size, -1, np.int64)
        self._pair[codes] = np.arange(codes.size)
        self._pair_count = counts
        self._pair_first = np.cumsum(counts) - counts
        self._by_pair = order
        self._size = size
        self._reach = np.full(size, -1, np.int64)
        np.maximum.at(self._reach, first, self._high[:, 1])

    def find(self, elements: Elements) -> Matches:
        """Every match; where the parts can be chosen in several ways, each way is one."""
        first, second, pattern = self._pairs(elements)
        gap = elements.start[second] - elements.end[first]
        fits = (gap >= self._low[pattern, 1]) & (gap <= self._high[pattern, 1])
        chosen = np.full((int(fits.sum()), self._most), -1, np.int64)
        chosen[:, 0], chosen[:, 1] = first[fits], second[fits]
        pattern = pattern[fits]
        for column in range(2, self._most):
            chosen, pattern = self._extend(elements, chosen, pattern, column)
        return self._matches(elements, chosen, pattern)

    def _pairs(self, elements: Elements) -> tuple[Positions, Positions, Positions]:
        """Pairs of elements of one clause that begin some pattern: rows, rows, pattern."""
        limit = elements.end + self._reach[elements.part]
        alive = np.flatnonzero(self._reach[elements.part] >= 0)
        firsts, seconds, pairs = [], [], []
        step = 0
        while alive.size:
            step += 1
            alive = alive[alive + step < elements.start.size]
            other = alive + step
            near = (elements.start[other] <= limit[alive]) & (
                elements.clause[other] == elements.clause[alive]
            )
            alive, other = alive[near], other[near]
            pair = self._pair[elements.part[alive] * self._size + elements.part[other]]
            kept = (pair >= 0) & (elements.start[other] >= elements.end[alive])
            firsts.append(alive[kept])
            seconds.append(other[kept])
            pairs.append(pair[kept])
        if not firsts:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
        first, second, pair = (np.concatenate(parts) for parts in (firsts, seconds, pairs))
        owner, rank = expand(self._pair_count[pair])
        pattern = self._by_pair[self._pair_first[pair[owner]] + rank]
        return first[owner], second[owner], pattern

    def _extend(
        self, elements: Elements, chosen: NDArray[np.int64], pattern: Positions, column: int
    ) -> tuple[NDArray[np.int64], Positions]:
        """Add the next part to the matches whose pattern has one."""
        part = self._part[pattern, column]
        whole = part < 0
        open_rows = np.flatnonzero(~whole)
        if not open_rows.size:
            return chosen, pattern
        order = np.lexsort((elements.start, elements.part))
        key = elements.part[order] * _FAR + elements.start[order]
        last = chosen[open_rows, column - 1]
        base = part[open_rows] * _FAR + elements.end[last]
        low = np.searchsorted(key, base + self._low[pattern[open_rows], column])
        high = np.searchsorted(key, base + self._high[pattern[open_rows], column], side="right")
        owner, rank = expand(np.maximum(high - low, 0))
        following = order[low[owner] + rank]
        same = elements.clause[following] == elements.clause[last[owner]]
        grown = chosen[open_rows[owner[same]]]
        grown[:, column] = following[same]
        return (
            np.concatenate([chosen[whole], grown]),
            np.concatenate([pattern[whole], pattern[open_rows[owner[same]]]]),
        )

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

"""Gapped patterns over many notes at once: parts that follow each other within one clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import Pattern
from carescreen.normalise import Positions
from carescreen.scan import expand

GROUP = 1 << 14  # places where patterns begin that are followed at a time: few enough for the cache
_FAR = np.int64(1 << 40)  # above any position: keeps parts apart in one key


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


@dataclass(frozen=True)
class _ByPart:
    """Elements sorted by part and start, with where each part's elements are."""

    elements: Elements
    first: Positions
    count: Positions
    key: Positions  # part and start as one number, ascending

    @classmethod
    def of(cls, elements: Elements, parts: int) -> _ByPart:
        count = np.bincount(elements.part, minlength=parts)
        key = elements.part * _FAR + elements.start
        return cls(elements, count.cumsum() - count, count, key)

    def following(
        self, part: Positions, end: Positions, reach: tuple[Positions, Positions]
    ) -> tuple[Positions, Positions]:
        """From where to where the elements of a part start within a reach (low, high) of an end."""
        base = part * _FAR + end
        low = self.key.searchsorted(base + reach[0])
        return low, np.maximum(self.key.searchsorted(base + reach[1], side="right"), low)


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

        Patterns are followed together, as many at a time as begin in about GROUP places.
        """
        order = np.argsort(elements.part.astype(np.int16), kind="stable")  # by part, then by start
        found = _ByPart.of(elements.take(order), len(self.parts))
        is_found = np.ones(len(self.parts) + 1, np.bool_)  # the last place: no such part
        is_found[:-1] = found.count > 0
        possible = np.flatnonzero(is_found[self._part].all(axis=1))
        begins = found.count[self._part[possible, 0]]
        group = (begins.cumsum() - begins) // GROUP
        edges = [0, *((group[1:] != group[:-1]).nonzero()[0] + 1).tolist(), possible.size]
        parts = [self._ways(found, possible[low:high]) for low, high in pairwise(edges)]
        pattern = np.concatenate([number for number, _ in parts])
        ways = np.concatenate([rows for _, rows in parts])
        chosen = np.where(ways >= 0, order[ways], -1) if ways.size else ways
        return self._matches(elements, chosen, pattern)

    def _ways(self, found: _ByPart, patterns: Positions) -> tuple[Positions, Positions]:
        """Each way to choose the parts of some patterns: its pattern, and a row of `found` a part.

        Rows are -1 beyond the parts of a pattern. Sorted by pattern, then by row from the left.
        """
        part = self._part[patterns, 0]
        owner, rank = expand(found.count[part])
        number, last = patterns[owner], found.first[part][owner] + rank
        ways = np.full((len(number), self._most), -1, np.int64)
        ways[:, 0] = last
        for column in range(1, self._most):
            part = self._part[number, column]
            is_whole = part < 0
            if is_whole.all():
                break
            reach = self._low[number, column], self._high[number, column]
            low, high = found.following(part, found.elements.end[last], reach)
            owner, rank = expand(np.where(is_whole, 1, high - low))
            is_whole, last = is_whole[owner], last[owner]
            following = np.where(is_whole, last, low[owner] + rank)
            kept = found.elements.clause[following] == found.elements.clause[last]
            number, ways, last = number[owner[kept]], ways[owner[kept]], following[kept]
            ways[:, column] = np.where(is_whole[kept], -1, last)
        return number, ways

    def _matches(
        self, elements: Elements, chosen: NDArray[np.int64], pattern: Positions
    ) -> Matches:
        starts, ends = chosen, chosen
        if chosen.size:
            starts = np.where(chosen < 0, -1, elements.start[chosen])
            ends = np.where(chosen < 0, -1, elements.end[chosen])
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

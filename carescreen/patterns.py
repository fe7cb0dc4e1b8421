"""Gapped patterns over many notes at once: parts that follow each other within one clause.

Most words of parts are everyday ones (he, his, was), so a text holds many more of them than it holds
patterns. A pattern is therefore looked for from its part that the text holds least often, only in
clauses that seem to hold every other part, and outwards from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import Pattern
from carescreen.normalise import Positions
from carescreen.scan import Hits, expand

_MASK_BITS = 64


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

    def take(self, rows: Positions) -> Matches:
        return Matches(
            self.pattern.take(rows),
            self.start.take(rows),
            self.end.take(rows),
            self.anchor.take(rows),
            self.element_start.take(rows, axis=0),
            self.element_end.take(rows, axis=0),
        )


@dataclass(frozen=True)
class _Ways:
    """Patterns begun: the clause each lies in and a row of the elements a part, -1 where none yet."""

    pattern: Positions
    clause: Positions
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class _Clauses:
    """Clauses that hold elements: each element's, each one's rows (first, last) and parts."""

    of: Positions
    first: Positions
    last: Positions
    mask: NDArray[np.uint64]

    @classmethod
    def among(cls, number: NDArray[np.int32], masks: NDArray[np.uint64]) -> _Clauses:
        is_first = np.ones(number.size, np.bool_)
        np.not_equal(number[1:], number[:-1], out=is_first[1:])
        first = is_first.nonzero()[0]
        last = np.append(first[1:], number.size)
        return cls(is_first.cumsum() - 1, first, last, np.bitwise_or.reduceat(masks, first))


class PatternTable:
    """Patterns prepared for search. `parts` maps each distinct part to its number.

    `order[step, pattern, part]` is the part to add in turn when a pattern is looked for from a part:
    those to the right from left to right, then those to the left from right to left; -1 for none.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self.parts: Mapping[tuple[str, ...], int] = _number(
            part for pattern in patterns for part in pattern.parts
        )
        self._most = max((len(pattern.parts) for pattern in patterns), default=2)
        shape = len(patterns), self._most
        self._part = np.full(shape, -1, np.int64)
        self._low, self._high = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._order = np.full((self._most, *shape), -1, np.int64)
        for row, pattern in enumerate(patterns):
            size = len(pattern.parts)
            for column, part in enumerate(pattern.parts):
                self._part[row, column] = self.parts[part]
                order = [*range(column + 1, size), *range(column - 1, -1, -1)]
                self._order[: size - 1, row, column] = order
            for column, (low, high) in enumerate(pattern.gaps, start=1):
                self._low[row, column], self._high[row, column] = low, high
        self._is_part = self._part >= 0

    def file(self, word: Positions, part: Positions, lengths: Positions) -> None:
        """Tell which words of the scanner stand for which part, and how long each word is."""
        elements = np.unique(word)
        self._element = np.full(lengths.size + 1, -1, np.int64)  # the last: no word at all
        self._element[elements] = np.arange(elements.size)
        self._longest = int(lengths[elements].max(initial=0))
        by_word = word.argsort(kind="stable")
        self._row_element, self._row_part = self._element[word[by_word]], part[by_word]
        self._rows = np.bincount(self._row_element, minlength=elements.size)
        self._first_row = self._rows.cumsum() - self._rows
        self._stands_for = np.zeros((len(self.parts), elements.size), np.bool_)
        self._stands_for[self._row_part, self._row_element] = True
        bits = np.uint64(1) << (np.arange(len(self.parts) + 1) % _MASK_BITS).astype(np.uint64)
        bits[-1] = 0  # no such part
        self._mask = np.zeros(elements.size, np.uint64)
        np.bitwise_or.at(self._mask, self._row_element, bits[self._row_part])
        self._needs = np.bitwise_or.reduce(bits[self._part], axis=1)

    def elements(self, hits: Hits) -> Hits:
        """The hits that are words of pattern parts; `word` numbers those words only."""
        element = self._element.take(hits.word)
        return Hits(hits.start, hits.end, element).take((element >= 0).nonzero()[0])

    def find(self, elements: Hits, clause: NDArray[np.int32]) -> Matches:
        """Every match; where the parts can be chosen in several ways, each way is one.

        `clause` numbers the clause of each element.
        """
        begun = self._begun(elements, clause)
        if begun is None:
            return self._matches(elements, np.zeros(0, np.int64), self._part[:0])
        ways, columns, clauses = begun
        for step in range(self._most - 1):
            column = self._order[step].take(ways.pattern * self._most + columns)
            rows = (column >= 0).nonzero()[0]
            if not rows.size:
                break
            whole = (column < 0).nonzero()[0]
            grown, owner = self._grown(elements, clauses, ways, rows, column.take(rows), columns)
            ways = _Ways(
                np.concatenate([ways.pattern.take(whole), grown.pattern]),
                np.concatenate([ways.clause.take(whole), grown.clause]),
                np.concatenate([ways.rows.take(whole, axis=0), grown.rows]),
            )
            columns = np.concatenate([columns.take(whole), columns.take(owner)])
        return self._matches(elements, ways.pattern, ways.rows)

    def _begun(
        self, elements: Hits, clause: NDArray[np.int32]
    ) -> tuple[_Ways, Positions, _Clauses] | None:
        """Where patterns may stand: their rarest part (the column of each is given) and clauses."""
        if not elements.start.size:
            return None
        times = np.bincount(elements.word, minlength=self._mask.size)
        present = times.nonzero()[0]
        owner, rank = expand(self._rows.take(present))
        row = self._first_row.take(present).take(owner) + rank
        element, part = self._row_element.take(row), self._row_part.take(row)
        found = np.bincount(part, times.take(element), len(self.parts))
        held = np.where(self._is_part, found.take(self._part, mode="clip"), np.inf)
        possible = np.flatnonzero(held.all(axis=1))
        if not possible.size:
            return None
        column = held.take(possible, axis=0).argmin(axis=1)
        element, pattern = self._looked_for(self._part[possible, column], element, part)
        starts = np.bincount(element, minlength=times.size)
        clauses = _Clauses.among(clause, self._mask.take(elements.word))
        row, rank = expand(starts.take(elements.word))
        first = starts.cumsum() - starts
        pattern = possible.take(pattern.take(first.take(elements.word.take(row)) + rank))
        at = clauses.of.take(row)
        needs = self._needs.take(pattern)
        kept = ((clauses.mask.take(at) & needs) == needs).nonzero()[0]
        pattern, row, at = pattern.take(kept), row.take(kept), at.take(kept)
        place = np.zeros(len(self._part), np.int64)
        place[possible] = column
        columns = place.take(pattern)
        rows = np.full((kept.size, self._most), -1, np.int64)
        rows[np.arange(kept.size), columns] = row
        return _Ways(pattern, at, rows), columns, clauses

    def _looked_for(
        self, parts: Positions, element: Positions, part: Positions
    ) -> tuple[Positions, Positions]:
        """Of words and the parts they stand for: each with the places in `parts` of those parts."""
        by_part = parts.argsort(kind="stable")
        count = np.bincount(parts, minlength=len(self.parts))
        first = count.cumsum() - count
        owner, rank = expand(count.take(part))
        return element.take(owner), by_part.take(first.take(part.take(owner)) + rank)

    def _grown(
        self,
        elements: Hits,
        clauses: _Clauses,
        ways: _Ways,
        rows: Positions,
        column: Positions,
        columns: Positions,
    ) -> tuple[_Ways, Positions]:
        """Some ways with one more part each, in a column right or left of those they have.

        Also the row of `ways` each has grown from.
        """
        right = column > columns.take(rows)
        pattern = ways.pattern.take(rows)
        beside = ways.rows.take(rows * self._most + column + 1 - 2 * right)
        gap = pattern * self._most + column + ~right  # a gap belongs to the part at its right end
        low, high = self._low.take(gap), self._high.take(gap)
        start, end = elements.start.take(beside), elements.end.take(beside)
        clause = ways.clause.take(rows)
        furthest = elements.start.searchsorted(
            np.where(right, end + high + 1, start - high - self._longest)
        )
        first = np.where(right, beside + 1, np.maximum(furthest, clauses.first.take(clause)))
        last = np.where(right, np.minimum(furthest, clauses.last.take(clause)), beside)
        owner, rank = expand(np.maximum(last - first, 0))
        other = first.take(owner) + rank
        part = self._part.take(pattern * self._most + column) * self._mask.size
        kept = self._stands_for.take(part.take(owner) + elements.word.take(other)).nonzero()[0]
        owner, other = owner.take(kept), other.take(kept)
        between = np.where(
            right.take(owner),
            elements.start.take(other) - end.take(owner),
            start.take(owner) - elements.end.take(other),
        )
        kept = ((between >= low.take(owner)) & (between <= high.take(owner))).nonzero()[0]
        owner, other = owner.take(kept), other.take(kept)
        grown = ways.rows.take(rows.take(owner), axis=0)
        grown.ravel()[np.arange(kept.size) * self._most + column.take(owner)] = other
        return _Ways(pattern.take(owner), clause.take(owner), grown), rows.take(owner)

    def _matches(self, elements: Hits, pattern: Positions, rows: NDArray[np.int64]) -> Matches:
        starts, ends = rows, rows
        if rows.size:
            starts = np.where(rows < 0, -1, elements.start.take(rows))
            ends = np.where(rows < 0, -1, elements.end.take(rows))
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

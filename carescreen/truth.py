"""Evaluating condition trees over many children at once, in Kleene's three-valued logic.

A truth is held as two planes of booleans: `true`, and `possible` (true or unknown). Then `and` and
`or` act on each plane alone and `not` swaps the complements, which is Kleene's strong logic (S. C.
Kleene, Introduction to Metamathematics, 1952, section 64) at two operations a connective.

A state that nobody recorded is unknown; an event declared `unrecorded: not_observed` counts as its
baseline (`blank` of the atom); a concept without a mention is false.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from carescreen.columns import BoolArray, CaseData
from carescreen.syntax import (
    And,
    Atom,
    Node,
    Not,
    NotedTest,
    NumberOperator,
    NumberTest,
    Or,
    SetTest,
    VisitsTest,
    WordTest,
)

# Children per block: small enough that the planes of a block stay in the processor's cache.
BLOCK = 1 << 15

_ORDERS: dict[NumberOperator, np.ufunc] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True)
class Truth:
    """Three-valued truth of n children: met where `true`, cannot be told where not `known`."""

    true: BoolArray
    possible: BoolArray

    @property
    def known(self) -> BoolArray:
        """bool[n], whether it is either true or false."""
        return np.equal(self.true, self.possible)

    @property
    def unknown(self) -> BoolArray:
        """bool[n], whether it cannot be told."""
        return self.possible & ~self.true


class Reading:
    """Truths of trees over the children of some rows; each atom is worked out once and kept."""

    def __init__(self, data: CaseData, start: int = 0, stop: int | None = None) -> None:
        self._data = data
        self.start = start
        self.stop = data.n if stop is None else stop
        self._rows = slice(self.start, self.stop)
        self._atoms: dict[int, tuple[Atom, Truth]] = {}
        self._known: dict[str, tuple[BoolArray, BoolArray]] = {}
        size = self.stop - self.start
        self.never: BoolArray = np.zeros(size, dtype=np.bool_)
        self.always: BoolArray = np.ones(size, dtype=np.bool_)

    def truth(self, node: Node) -> Truth:
        """The truth of a tree for each child of the rows."""
        if isinstance(node, And | Or):
            join = np.logical_and if isinstance(node, And) else np.logical_or
            result = self.truth(node.parts[0])
            for part in node.parts[1:]:
                result = _joined(join, result, self.truth(part))
            return result
        if isinstance(node, Not):
            return _inverse(self.truth(node.part))
        kept = self._atoms.get(id(node))  # hashing an atom costs more than a comparison
        if kept is None:
            kept = self._atoms[id(node)] = (node, self._atom(node))
        return kept[1]

    def support(self, node: Node) -> Iterator[tuple[Atom, BoolArray]]:
        """Each atom with the children for whom it carries the outcome "met"."""
        yield from self._carrying(node, self.truth(node).true, wanted=True)

    def doubts(self, node: Node) -> Iterator[tuple[Atom, BoolArray]]:
        """Each atom with the children for whom its being unknown leaves the tree unknown."""
        yield from self._doubting(node, self.truth(node).unknown)

    def _carrying(
        self, node: Node, where: BoolArray, wanted: bool
    ) -> Iterator[tuple[Atom, BoolArray]]:
        if isinstance(node, Not):
            yield from self._carrying(node.part, where, not wanted)
        elif isinstance(node, And | Or):
            for part in node.parts:
                truth = self.truth(part)
                yield from self._carrying(
                    part, where & (truth.true if wanted else ~truth.possible), wanted
                )
        else:
            yield node, where

    def _doubting(self, node: Node, where: BoolArray) -> Iterator[tuple[Atom, BoolArray]]:
        if isinstance(node, Not):
            yield from self._doubting(node.part, where)
        elif isinstance(node, And | Or):
            for part in node.parts:
                yield from self._doubting(part, where & self.truth(part).unknown)
        else:
            yield node, where

    def _atom(self, atom: Atom) -> Truth:
        if isinstance(atom, NotedTest | VisitsTest):
            return self._note(atom)
        if atom.indicator is None:
            month = np.float64(_month(self._data.as_of))
            return _certain(self.always if bool(compare_number(month, atom)) else self.never)
        column = self._column(atom.indicator)
        if column is None:
            return self._unrecorded(atom.blank)
        values, known, blank = column
        hit = satisfies(values, atom, self._data.as_of)
        if atom.blank is None:
            return Truth(hit & known, hit | blank)
        return _certain(hit | blank if atom.blank else hit & known)

    def _note(self, atom: NotedTest | VisitsTest) -> Truth:
        noted = self._data.noted.get(atom.concept)
        if noted is None:
            return _certain(self.never)
        true: BoolArray = noted.true[self._rows]
        if isinstance(atom, VisitsTest):
            true = noted.visits[self._rows] >= atom.least
        return Truth(true, true | noted.unknown[self._rows])

    def _unrecorded(self, blank: bool | None) -> Truth:
        if blank is None:
            return Truth(self.never, self.always)
        return _certain(self.always if blank else self.never)

    def _column(self, name: str) -> tuple[NDArray[Any], BoolArray, BoolArray] | None:
        column = self._data.columns.get(name)
        if column is None:
            return None
        if name not in self._known:
            known = column.known[self._rows]
            self._known[name] = (known, ~known)
        return column.values[self._rows], *self._known[name]


def blocks(data: CaseData) -> Iterator[Reading]:
    """Readings that together cover all children, BLOCK at a time; one where there are none."""
    for start in range(0, max(data.n, 1), BLOCK):
        yield Reading(data, start, min(start + BLOCK, data.n))


def _certain(plane: BoolArray) -> Truth:
    return Truth(plane, plane)


def _inverse(truth: Truth) -> Truth:
    if truth.possible is truth.true:
        return _certain(~truth.true)
    return Truth(~truth.possible, ~truth.true)


def _joined(join: np.ufunc, left: Truth, right: Truth) -> Truth:
    true = cast(BoolArray, join(left.true, right.true))
    if left.possible is left.true and right.possible is right.true:
        return _certain(true)
    return Truth(true, cast(BoolArray, join(left.possible, right.possible)))


def satisfies(
    values: NDArray[Any], atom: WordTest | SetTest | NumberTest, as_of: np.datetime64
) -> BoolArray:
    """Where the values satisfy the atom; anything where they are missing."""
    if isinstance(atom, WordTest):
        found = _is_one_of(values, atom.codes)
        return found if atom.operator in ("==", "in") else ~found
    if isinstance(atom, SetTest):
        shared = np.bitwise_and(values, np.int64(atom.mask))
        return cast(BoolArray, (np.equal if atom.operator == "not in" else np.not_equal)(shared, 0))
    if atom.measure == "len":
        values = _set_sizes(values, atom.size)
    elif atom.measure == "days_since":
        values = _days_since(values, as_of)
    return compare_number(values, atom)


def _is_one_of(codes: NDArray[Any], wanted: tuple[int, ...]) -> BoolArray:
    """Where a code is wanted; a run of codes (words of a risk order) takes two comparisons."""
    low, high = min(wanted), max(wanted)
    if len(wanted) > 2 and high - low == len(wanted) - 1:
        return (codes >= np.int16(low)) & (codes <= np.int16(high))
    found = np.equal(codes, np.int16(wanted[0]))
    for code in wanted[1:]:
        found |= np.equal(codes, np.int16(code))
    return cast(BoolArray, found)


def compare_number(values: Any, atom: NumberTest) -> BoolArray:
    """Where values (an array, or one number) satisfy a number test; anything where NaN."""
    if atom.operator in ("in", "not in"):
        found = reduce(np.logical_or, [np.equal(values, number) for number in atom.numbers])
        return cast(BoolArray, found if atom.operator == "in" else np.logical_not(found))
    return cast(BoolArray, _ORDERS[atom.operator](values, atom.numbers[0]))


def _set_sizes(masks: NDArray[Any], size: int) -> NDArray[Any]:
    sizes = np.zeros(masks.shape, dtype=np.int16)
    for bit in range(size):
        sizes += (masks >> bit & 1).astype(np.int16)
    return sizes


def _days_since(dates: NDArray[Any], as_of: np.datetime64) -> NDArray[Any]:
    """Whole days from each date to the as-of date; anything where a date is missing."""
    days = as_of.astype("datetime64[D]") - dates.astype("datetime64[D]")
    return np.asarray(days.astype(np.int64))


def _month(as_of: np.datetime64) -> int:
    return int(as_of.astype("datetime64[M]").astype(np.int64)) % 12 + 1

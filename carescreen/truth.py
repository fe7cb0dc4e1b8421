"""Evaluating condition trees over many children at once, in Kleene's three-valued logic.

A truth is held as two planes of bits: `true`, and `possible` (true or unknown). Then `and` and `or`
act on each plane alone and `not` swaps the complements, which is Kleene's strong logic (S. C.
Kleene, Introduction to Metamathematics, 1952, section 64) at two operations a connective. A plane
has eight children a byte (numpy.packbits); the bits after the last child mean nothing.

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

from carescreen.columns import BoolArray, CaseData, Column
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

# Children per block, a multiple of 8: enough that a step's own cost is small beside its work, few
# enough that the planes of a block stay in the processor's cache.
BLOCK = 1 << 17

Bits = NDArray[np.uint8]

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

    true_bits: Bits
    possible_bits: Bits
    n: int

    @property
    def true(self) -> BoolArray:
        """bool[n], whether it is true."""
        return unpacked(self.true_bits, self.n)

    @property
    def false(self) -> BoolArray:
        """bool[n], whether it is false."""
        return unpacked(~self.possible_bits, self.n)

    @property
    def known(self) -> BoolArray:
        """bool[n], whether it is either true or false."""
        return unpacked(~(self.true_bits ^ self.possible_bits), self.n)


def packed(plane: BoolArray) -> Bits:
    """A plane of booleans as bits."""
    return np.packbits(plane)


def unpacked(bits: Bits, n: int) -> BoolArray:
    """The first n bits of a plane, or of each row of planes, as booleans."""
    return np.unpackbits(bits, axis=-1, count=n).view(np.bool_)


def bytes_for(n: int) -> int:
    """How many bytes a plane of n children has."""
    return -(-n // 8)


class Reading:
    """Truths of trees over the children of some rows; each atom is worked out once and kept.

    `rows` is where its children stand among all, `bytes` where its planes stand in those of all.
    """

    def __init__(self, data: CaseData, start: int = 0, stop: int | None = None) -> None:
        self._data = data
        self.rows = slice(start, data.n if stop is None else stop)
        self.n = self.rows.stop - start
        assert start % 8 == 0  # planes of all children are put together of whole bytes
        self.bytes = slice(start // 8, bytes_for(self.rows.stop))
        self._atoms: dict[int, tuple[Atom, Truth]] = {}
        self._known: dict[str, tuple[Bits, Bits]] = {}
        self.never = self._certain(np.zeros(bytes_for(self.n), dtype=np.uint8))
        self.always = _inverse(self.never)

    def truth(self, node: Node) -> Truth:
        """The truth of a tree for each child of the rows."""
        kept = self._atoms.get(id(node))  # hashing an atom costs more than a comparison
        if kept is not None:
            return kept[1]
        if isinstance(node, And):
            return self._joined(np.bitwise_and, node.parts)
        if isinstance(node, Or):
            return self._joined(np.bitwise_or, node.parts)
        if isinstance(node, Not):
            return _inverse(self.truth(node.part))
        found = self._atom(node)
        self._atoms[id(node)] = (node, found)  # holds the atom: an id is its own while it lives
        return found

    def support(self, node: Node) -> Iterator[tuple[Atom, BoolArray]]:
        """Each atom with the children for whom it carries the outcome "met"."""
        for atom, where in self._carrying(node, self.truth(node).true_bits, wanted=True):
            yield atom, unpacked(where, self.n)

    def doubts(self, node: Node) -> Iterator[tuple[Atom, BoolArray]]:
        """Each atom with the children for whom its being unknown leaves the tree unknown."""
        for atom, where in self._doubting(node, _unknown(self.truth(node))):
            yield atom, unpacked(where, self.n)

    def _carrying(self, node: Node, where: Bits, wanted: bool) -> Iterator[tuple[Atom, Bits]]:
        if isinstance(node, Not):
            yield from self._carrying(node.part, where, not wanted)
        elif isinstance(node, And | Or):
            for part in node.parts:
                truth = self.truth(part)
                yield from self._carrying(
                    part, where & (truth.true_bits if wanted else ~truth.possible_bits), wanted
                )
        else:
            yield node, where

    def _doubting(self, node: Node, where: Bits) -> Iterator[tuple[Atom, Bits]]:
        if isinstance(node, Not):
            yield from self._doubting(node.part, where)
        elif isinstance(node, And | Or):
            for part in node.parts:
                yield from self._doubting(part, where & _unknown(self.truth(part)))
        else:
            yield node, where

    def _atom(self, atom: Atom) -> Truth:
        if isinstance(atom, NotedTest | VisitsTest):
            return self._note(atom)
        if atom.indicator is None:
            month = np.float64(_month(self._data.as_of))
            return self.always if bool(compare_number(month, atom)) else self.never
        column = self._data.columns.get(atom.indicator)
        if column is None:
            return self._unrecorded(atom.blank)
        known, blank = self._recorded(atom.indicator, column)
        hit = packed(satisfies(column.values[self.rows], atom, self._data.as_of))
        if atom.blank is None:
            return Truth(hit & known, hit | blank, self.n)
        return self._certain(hit | blank if atom.blank else hit & known)

    def _note(self, atom: NotedTest | VisitsTest) -> Truth:
        noted = self._data.noted.get(atom.concept)
        if noted is None:
            return self.never
        if isinstance(atom, VisitsTest):
            true = packed(noted.visits[self.rows] >= atom.least)
        else:
            true = packed(noted.true[self.rows])
        return Truth(true, true | packed(noted.unknown[self.rows]), self.n)

    def _unrecorded(self, blank: bool | None) -> Truth:
        if blank is None:
            return Truth(self.never.true_bits, self.always.true_bits, self.n)
        return self.always if blank else self.never

    def _recorded(self, name: str, column: Column) -> tuple[Bits, Bits]:
        """Where an indicator has a value, and where it has none."""
        kept = self._known.get(name)
        if kept is None:
            known = packed(column.known[self.rows])
            kept = self._known[name] = (known, ~known)
        return kept

    def _joined(self, join: np.ufunc, parts: tuple[Node, ...]) -> Truth:
        result = self.truth(parts[0])
        for part in parts[1:]:
            result = _both(join, result, self.truth(part))
        return result

    def _certain(self, plane: Bits) -> Truth:
        return Truth(plane, plane, self.n)


def blocks(data: CaseData) -> Iterator[Reading]:
    """Readings that together cover all children, BLOCK at a time; one where there are none."""
    for start in range(0, max(data.n, 1), BLOCK):
        yield Reading(data, start, min(start + BLOCK, data.n))


def _unknown(truth: Truth) -> Bits:
    return truth.possible_bits & ~truth.true_bits


def _inverse(truth: Truth) -> Truth:
    true = ~truth.possible_bits
    if truth.possible_bits is truth.true_bits:
        return Truth(true, true, truth.n)
    return Truth(true, ~truth.true_bits, truth.n)


def _both(join: np.ufunc, left: Truth, right: Truth) -> Truth:
    true = cast(Bits, join(left.true_bits, right.true_bits))
    if left.possible_bits is left.true_bits and right.possible_bits is right.true_bits:
        return Truth(true, true, left.n)
    return Truth(true, cast(Bits, join(left.possible_bits, right.possible_bits)), left.n)


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


def _set_sizes(masks: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """How many of the first `size` bits of each mask are set."""
    narrow = masks.astype(np.min_scalar_type((1 << size) - 1))
    sizes = np.zeros(masks.shape, dtype=np.uint8)
    for bit in range(size):
        sizes += np.not_equal(narrow & narrow.dtype.type(1 << bit), 0).view(np.uint8)
    return sizes


def _days_since(dates: NDArray[Any], as_of: np.datetime64) -> NDArray[Any]:
    """Whole days from each date to the as-of date; anything where a date is missing."""
    days = as_of.astype("datetime64[D]") - dates.astype("datetime64[D]")
    return np.asarray(days.astype(np.int64))


def _month(as_of: np.datetime64) -> int:
    return int(as_of.astype("datetime64[M]").astype(np.int64)) % 12 + 1

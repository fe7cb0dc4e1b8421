"""Evaluating condition trees for one child over plain values: what truth.py does, without arrays.

For one child an array operation costs more than the comparison in it, so a single case and the
reasons of a single child are read this way. Both give the same answers (law 13; a test holds them
against each other and against a third, plain evaluator).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import date, datetime

from carescreen.columns import CaseData
from carescreen.syntax import (
    And,
    Atom,
    Node,
    Not,
    NotedTest,
    NumberTest,
    Or,
    SetTest,
    VisitsTest,
    WordTest,
)

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ChildReading:
    """Truths of trees for the child at one position: True, False, or None where it is unknown."""

    def __init__(self, data: CaseData, child: int) -> None:
        self._columns, self._noted, self._child = data.columns, data.noted, child
        self._as_of: date = data.as_of.astype("datetime64[D]").item()

    def truth(self, node: Node) -> bool | None:
        """Kleene truth of a tree."""
        if isinstance(node, And | Or):
            decisive = isinstance(node, Or)
            result: bool | None = not decisive
            for part in node.parts:
                truth = self.truth(part)
                if truth is decisive:
                    return decisive
                if truth is None:
                    result = None
            return result
        if isinstance(node, Not):
            truth = self.truth(node.part)
            return None if truth is None else not truth
        return self._atom(node)

    def carrying(self, node: Node, outcome: bool | None) -> Iterator[Atom]:
        """The atoms that carry an outcome, if the tree has it; None: that leave it unknown."""
        if self.truth(node) is not outcome:
            return
        if isinstance(node, Not):
            yield from self.carrying(node.part, None if outcome is None else not outcome)
        elif isinstance(node, And | Or):
            for part in node.parts:
                yield from self.carrying(part, outcome)
        else:
            yield node

    def _atom(self, atom: Atom) -> bool | None:
        if isinstance(atom, NotedTest | VisitsTest):
            return self._note(atom)
        if atom.indicator is None:
            return _compared(self._as_of.month, atom)
        column = self._columns.get(atom.indicator)
        if column is None or not column.known.item(self._child):
            return atom.blank
        value = column.values.item(self._child)
        if isinstance(atom, WordTest):
            return bool((value in atom.codes) == (atom.operator in ("==", "in")))
        if isinstance(atom, SetTest):
            return bool((value & atom.mask != 0) == (atom.operator != "not in"))
        if atom.measure == "len":
            return _compared(value.bit_count(), atom)
        if atom.measure == "days_since":
            return _compared((self._as_of - _day(value)).days, atom)
        return _compared(value, atom)

    def _note(self, atom: NotedTest | VisitsTest) -> bool | None:
        noted = self._noted.get(atom.concept)
        if noted is None:
            return False
        if isinstance(atom, VisitsTest):
            true = noted.visits.item(self._child) >= atom.least
        else:
            true = noted.true.item(self._child)
        return True if true else None if noted.unknown.item(self._child) else False


def _compared(value: float, atom: NumberTest) -> bool:
    if atom.operator in ("in", "not in"):
        return (value in atom.numbers) == (atom.operator == "in")
    return _ORDERS[atom.operator](value, atom.numbers[0])


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value

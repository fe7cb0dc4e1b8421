"""Evaluating condition trees for one child over plain values: what truth.py does, without arrays.

For one child an array operation costs more than the comparison in it, so a single case and the
reasons of a single child are read this way. Both give the same answers (law 13; a test holds them
against each other and against a third, plain evaluator).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from carescreen.columns import CaseData, Column
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


class _ChildValues(dict[str, Any]):
    """Recorded values as columns hold them, None where there is none, each looked up once."""

    def __init__(self, columns: Mapping[str, Column], child: int) -> None:
        super().__init__()
        self._columns, self._child = columns, child

    def __missing__(self, name: str) -> Any:
        column, child = self._columns.get(name), self._child
        known = column is not None and column.known.item(child)
        value = self[name] = column.values.item(child) if column is not None and known else None
        return value


class ChildReading:
    """Truths of trees for the child at one position: True, False, or None where it is unknown."""

    def __init__(self, data: CaseData, child: int) -> None:
        self._noted, self._child = data.noted, child
        self._as_of: date = data.as_of.astype("datetime64[D]").item()
        self._values = _ChildValues(data.columns, child)

    def truth(self, node: Node) -> bool | None:
        """Kleene truth of a tree."""
        return _READERS[node.__class__](self, node)  # two hundred a case: the quickest way to ask

    def _and(self, node: And) -> bool | None:
        return self._joined(node.parts, False)

    def _or(self, node: Or) -> bool | None:
        return self._joined(node.parts, True)

    def _joined(self, parts: Sequence[Node], decisive: bool) -> bool | None:
        """`decisive` where a part has that truth, else unknown where one is, else the other truth."""
        result: bool | None = not decisive
        for part in parts:
            truth = _READERS[part.__class__](self, part)
            if truth is decisive:
                return decisive
            if truth is None:
                result = None
        return result

    def _not(self, node: Not) -> bool | None:
        truth = self.truth(node.part)
        return None if truth is None else not truth

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

    def _word(self, atom: WordTest) -> bool | None:
        value = self._values[atom.indicator]
        if value is None:
            return atom.blank
        return (value in atom.codes) is (atom.operator in _AMONG)

    def _set(self, atom: SetTest) -> bool | None:
        value = self._values[atom.indicator]
        if value is None:
            return atom.blank
        return (value & atom.mask != 0) is (atom.operator != "not in")

    def _number(self, atom: NumberTest) -> bool | None:
        if atom.indicator is None:
            return _compared(self._as_of.month, atom)
        value = self._values[atom.indicator]
        if value is None:
            return atom.blank
        if atom.measure == "len":
            value = value.bit_count()
        elif atom.measure == "days_since":
            value = (self._as_of - _day(value)).days
        return _compared(value, atom)

    def _noted_test(self, atom: NotedTest) -> bool | None:
        noted = self._noted.get(atom.concept)
        if noted is None:
            return False
        return noted.true.item(self._child) or (None if noted.unknown.item(self._child) else False)

    def _visits_test(self, atom: VisitsTest) -> bool | None:
        noted = self._noted.get(atom.concept)
        if noted is None:
            return False
        enough = noted.visits.item(self._child) >= atom.least
        return enough or (None if noted.unknown.item(self._child) else False)


_AMONG = ("==", "in")
_READERS: dict[type, Callable[[ChildReading, Any], bool | None]] = {
    And: ChildReading._and,
    Or: ChildReading._or,
    Not: ChildReading._not,
    WordTest: ChildReading._word,
    SetTest: ChildReading._set,
    NumberTest: ChildReading._number,
    NotedTest: ChildReading._noted_test,
    VisitsTest: ChildReading._visits_test,
}


def _compared(value: float, atom: NumberTest) -> bool:
    if atom.operator in ("in", "not in"):
        return (value in atom.numbers) == (atom.operator == "in")
    return _ORDERS[atom.operator](value, atom.numbers[0])


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value

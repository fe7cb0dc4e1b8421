"""A plain reader of the condition language, to hold the fast ones against.

It walks Python's own tree of the text for one child at a time, over plain values (words, numbers,
lists of words, dates), with Kleene's tables written out. It shares no code with carescreen.parsing,
truth or truth_of_one, and knows nothing of codes, masks or arrays.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from carescreen.columns import Column, Noted
from carescreen.examples import EXAMPLE_DAY, example_data
from carescreen.indicators import Indicator

Child = Mapping[str, Any]  # as an example of a rule gives it: {"age_years": 6, "noted": {...}}
Truth = bool | None


def plain_truth(text: str, child: Child, indicators: Mapping[str, Indicator]) -> Truth:
    """True, False, or None where it cannot be told."""
    return _truth(ast.parse(text, mode="eval").body, child, indicators)


def _truth(node: ast.expr, child: Child, indicators: Mapping[str, Indicator]) -> Truth:
    if isinstance(node, ast.BoolOp):
        truths = [_truth(value, child, indicators) for value in node.values]
        return kleene_and(truths) if isinstance(node.op, ast.And) else kleene_or(truths)
    if isinstance(node, ast.UnaryOp):
        return kleene_not(_truth(node.operand, child, indicators))
    if isinstance(node, ast.Call):
        return _call(node, child, indicators)
    assert isinstance(node, ast.Compare)
    left, operator, right = node.left, node.ops[0], node.comparators[0]
    if isinstance(left, ast.Constant):
        words = _value(right.id, child, indicators)
        return None if words is None else (left.value in words) == isinstance(operator, ast.In)
    if isinstance(left, ast.Call) and left.func.id == "noted_visits":
        return _visits(left, operator, ast.literal_eval(right), child)
    value = _number_or_word(left, child, indicators)
    return None if value is None else _compared(operator, value, ast.literal_eval(right))


def kleene_and(truths: Sequence[Truth]) -> Truth:
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def kleene_or(truths: Sequence[Truth]) -> Truth:
    if any(truth is True for truth in truths):
        return True
    return None if any(truth is None for truth in truths) else False


def kleene_not(truth: Truth) -> Truth:
    return {True: False, False: True, None: None}[truth]


def _call(node: ast.Call, child: Child, indicators: Mapping[str, Indicator]) -> Truth:
    if node.func.id == "noted":
        return _noted(node, child)[0]
    words = _value(node.args[0].id, child, indicators)
    wanted = ast.literal_eval(node.args[1])
    return None if words is None else any(word in words for word in wanted)


def _noted(node: ast.Call, child: Child) -> tuple[Truth, int]:
    """(noted, on how many visits)."""
    argument = node.args[0]
    concept = argument.id if isinstance(argument, ast.Name) else argument.value
    mention = child.get("noted", {}).get(concept, "none")
    status, visits = mention, 1
    if isinstance(mention, dict):
        status, visits = mention["status"], mention.get("visits", 1)
    if status in ("affirmed", "suspected"):
        return True, visits
    return (None, 0) if status == "learned" else (False, 0)


def _visits(node: ast.Call, operator: ast.cmpop, number: int, child: Child) -> Truth:
    noted, visits = _noted(node, child)
    enough = _compared(operator, visits, number)
    return None if noted is None and not enough else enough


def _number_or_word(node: ast.expr, child: Child, indicators: Mapping[str, Indicator]) -> Any:
    day = date.fromisoformat(str(child.get("as_of", EXAMPLE_DAY)))
    if "month" in child:
        day = day.replace(month=child["month"], day=1)
    if isinstance(node, ast.Name):
        return day.month if node.id == "month" else _value(node.id, child, indicators)
    value = _value(node.args[0].id, child, indicators)
    if value is None:
        return None
    return len(set(value)) if node.func.id == "len" else (day - date.fromisoformat(str(value))).days


def _value(name: str, child: Child, indicators: Mapping[str, Indicator]) -> Any:
    value = child.get(name)
    if value in indicators[name].missing:
        value = None
    if value is None and indicators[name].type not in ("date", "datetime"):
        return indicators[name].baseline
    return value


def _compared(operator: ast.cmpop, left: Any, right: Any) -> bool:
    return {
        ast.Eq: lambda: left == right,
        ast.NotEq: lambda: left != right,
        ast.Lt: lambda: left < right,
        ast.LtE: lambda: left <= right,
        ast.Gt: lambda: left > right,
        ast.GtE: lambda: left >= right,
        ast.In: lambda: left in right,
        ast.NotIn: lambda: left not in right,
    }[type(operator)]()


@dataclass(frozen=True)
class Children:
    """Several children as of one day; a CaseData."""

    n: int
    as_of: np.datetime64
    columns: Mapping[str, Column]
    noted: Mapping[str, Noted]


def children_data(children: Sequence[Child], indicators: Mapping[str, Indicator]) -> Children:
    """Children of one day, who give the same month and as_of, as columns."""
    cases = [example_data(child, indicators) for child in children]
    names = sorted({name for case in cases for name in case.columns})
    concepts = sorted({name for case in cases for name in case.noted})
    columns = {name: _stacked([case.columns.get(name) for case in cases]) for name in names}
    noted = {
        name: Noted(
            np.array([name in case.noted and bool(case.noted[name].true[0]) for case in cases]),
            np.array([name in case.noted and bool(case.noted[name].unknown[0]) for case in cases]),
            np.array(
                [case.noted[name].visits[0] if name in case.noted else 0 for case in cases],
                dtype=np.int16,
            ),
        )
        for name in concepts
    }
    return Children(len(cases), cases[0].as_of, columns, noted)


def _stacked(parts: list[Column | None]) -> Column:
    some = next(part for part in parts if part is not None)
    missing = np.full(1, np.nan)
    if some.values.dtype.kind == "M":
        missing = np.full(1, np.datetime64("NaT", "s"))
    elif some.values.dtype.kind == "i":
        missing = np.full(1, -1, dtype=some.values.dtype)
    n = len(parts)
    return Column(
        np.concatenate([missing if part is None else part.values for part in parts]),
        np.array([part is not None for part in parts]),
        np.full(n, np.datetime64("NaT", "D")),
        np.full(n, np.datetime64("NaT", "D")),
        np.zeros(n, dtype=np.int8),
        np.full(n, -1, dtype=np.int64),
    )

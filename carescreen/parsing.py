"""From the text of a condition to its tree: a whitelist of Python's `ast` nodes, then types.

The text is parsed, never compiled or executed. Whatever is not on the whitelist is refused, and so
is a text that is too long, too deep or has too many parts; each refusal is a `Fault` with the
column of the offending word, counted from 1.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from carescreen.errors import did_you_mean
from carescreen.indicators import Indicator
from carescreen.syntax import (
    SET_OPERATORS,
    WORD_OPERATORS,
    And,
    Measure,
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
from carescreen.truth import compare_number

MAX_LENGTH = 2_000
MAX_DEPTH = 24
MAX_NODES = 400
MAX_NUMBER = 1e15  # far above any range, and exact as a float
MONTH = "month"
FUNCTIONS = ("any_in", "len", "days_since", "noted", "noted_visits")

_COMPARISONS: dict[type[ast.cmpop], NumberOperator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_NOT_COUNTED = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
# What a person types from habit, and what to write instead; looked for before parsing.
_SLIPS = {
    "&&": "write 'and'",
    "||": "write 'or'",
    "#": "a comment would hide the rest of the condition; put it in the YAML, outside the text",
    "\0": "take it out",
    "\\": "a backslash has no meaning here",
    "“": "write straight quotes: '…'",
    "”": "write straight quotes: '…'",
    "‘": "write straight quotes: '…'",
    "’": "write straight quotes: '…'",
    "（": "write ( and )",
    "）": "write ( and )",
    "，": "write a plain comma",
    "＝": "write ==",
    "＜": "write <",
    "＞": "write >",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
}


class Fault(Exception):
    """Something wrong at a column of the text; conditions.py makes a ConditionError of it."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message, self.column = message, column


def parse_tree(
    text: str,
    indicators: Mapping[str, Indicator],
    concepts: Collection[str],
    thresholds: Mapping[str, float],
) -> Node:
    """Parse and type-check; Fault names the column of what is wrong.

    `thresholds` are the numbers that a text may give by name.
    """
    if len(text) > MAX_LENGTH:
        raise Fault(
            f"the condition has {len(text):,} characters; at most {MAX_LENGTH:,} are read. "
            "Split the rule, or declare an indicator that says it",
            MAX_LENGTH,
        )
    for slip, remedy in _SLIPS.items():
        if slip in text:
            shown = slip if slip.isprintable() else f"U+{ord(slip):04X}"
            raise Fault(f"'{shown}' is not in the language: {remedy}", text.index(slip) + 1)
    line = " ".join(text.splitlines())
    start = len(line) - len(line.lstrip())
    body = _python_tree(line[start:], start)
    return _Parser(line[start:], start, indicators, concepts, thresholds).node(body)


def _python_tree(line: str, start: int) -> ast.expr:
    if not line:
        raise Fault("the condition is empty", 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # e.g. 1or 2: refused below by type, not by warning
            body = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        offset = error.offset or len(line) + 1  # Python gives 0 where the text ends too early
        raise Fault(_syntax_message(error.msg, line[offset - 1 :]), start + offset) from None
    except ValueError:
        raise Fault("a character that no condition has", 1) from None
    except (MemoryError, RecursionError):
        raise Fault(f"the condition is nested deeper than {MAX_DEPTH} levels", 1) from None
    _check_size(body)
    return body


def _syntax_message(problem: str, rest: str) -> str:
    if "nested parentheses" in problem:
        return f"the condition is nested deeper than {MAX_DEPTH} levels"
    word = (rest.split() or ["the end"])[0][:30]
    if word.startswith(("=", ":=")):
        return "a single '=' assigns; compare with '=='"
    return f"not a condition from '{word}' on; one reads like: age_years < 8 and sex == 'female'"


def _check_size(body: ast.expr) -> None:
    level: list[ast.AST] = [body]
    nodes = depth = 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if depth > MAX_DEPTH:
            raise Fault(f"the condition is nested deeper than {MAX_DEPTH} levels", 1)
        if nodes > MAX_NODES:
            raise Fault(f"the condition has more than {MAX_NODES} parts; split the rule", 1)
        children = (child for node in level for child in ast.iter_child_nodes(node))
        level = [child for child in children if not isinstance(child, _NOT_COUNTED)]


@dataclass(frozen=True)
class _Quantity:
    """A number that can be compared: of an indicator, of a set's size, of a date, the month."""

    indicator: Indicator | None
    measure: Measure
    name: str
    lowest: float
    highest: float


@dataclass(frozen=True)
class _Visits:
    """noted_visits(concept), to be compared."""

    concept: str


_Subject = Indicator | _Quantity | _Visits


@dataclass(frozen=True)
class _Parser:
    """One method per whitelisted node; everything else ends in `_refuse`."""

    line: str
    indent: int
    indicators: Mapping[str, Indicator]
    concepts: Collection[str]
    thresholds: Mapping[str, float]

    def node(self, node: ast.expr) -> Node:
        """The tree of an expression that is a condition by itself."""
        if isinstance(node, ast.BoolOp):
            kind = And if isinstance(node.op, ast.And) else Or
            return kind(tuple(self.node(value) for value in node.values))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Not(self.node(node.operand))
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.Call):
            return self._yes_no_call(node)
        raise self._refuse(node)

    def _compare(self, node: ast.Compare) -> Node:
        if len(node.ops) > 1:
            raise self._fault(node, "one comparison at a time; join two with 'and'")
        operator = _COMPARISONS.get(type(node.ops[0]))
        right = node.comparators[0]
        if operator is None:
            raise self._fault(
                node,
                "'is' is not in the language: nothing can be asked of a missing value, a rule "
                "that hangs on one becomes an open question",
            )
        if isinstance(node.left, ast.Constant):
            return self._word_first(node.left, operator, right)
        subject = self._subject(node.left)
        if isinstance(subject, _Visits):
            return self._visits(node.left, subject, operator, right)
        if isinstance(subject, _Quantity):
            return self._number_test(node.left, subject, operator, right)
        return self._word_test(node.left, subject, operator, right)

    def _subject(self, node: ast.expr) -> _Subject:
        """What stands left of a comparison."""
        if isinstance(node, ast.Name):
            if node.id == MONTH:
                return _Quantity(None, "month", MONTH, 1, 12)
            indicator = self._indicator(node)
            if indicator.type == "enum":
                return indicator
            if indicator.type in ("number", "integer"):
                low, high = indicator.range or (-math.inf, math.inf)
                return _Quantity(indicator, "value", indicator.id, low, high)
            raise self._fault(node, f"'{indicator.id}' is {_HOW_TO_TEST[indicator.type]}")
        if isinstance(node, ast.Call):
            return self._measured_call(node)
        raise self._refuse(node)

    def _word_first(self, word: ast.Constant, operator: str, right: ast.expr) -> Node:
        """'x' in set_indicator."""
        if operator not in SET_OPERATORS or not isinstance(right, ast.Name):
            raise self._fault(word, "write the indicator first, then the value: age_years < 8")
        indicator = self._indicator(right)
        if indicator.type != "set":
            raise self._fault(
                right,
                f"'{indicator.id}' is not a set of values; write the indicator first, then the "
                "value",
            )
        text = self._word(word, indicator)
        return self._set_test(word, indicator, "in" if operator == "in" else "not in", (text,))

    def _word_test(
        self, node: ast.expr, indicator: Indicator, operator: NumberOperator, right: ast.expr
    ) -> WordTest:
        if operator not in WORD_OPERATORS:
            raise self._fault(
                node,
                f"'{operator}' orders numbers, and '{indicator.id}' has words; name them: "
                f"{indicator.id} in [{_listed(indicator.values)}]",
            )
        words = tuple(self._word(item, indicator) for item in self._operands(right, operator))
        codes = tuple(indicator.values.index(word) for word in words)
        self._once(right, words)
        blank = None
        if indicator.unrecorded == "not_observed":
            blank = (indicator.baseline in words) == (operator in ("==", "in"))
        return WordTest(
            indicator.id,
            operator,
            words,
            codes,
            blank,
            self._column(node),
        )

    def _set_test(
        self, node: ast.expr, indicator: Indicator, operator: str, words: tuple[str, ...]
    ) -> SetTest:
        mask = sum(1 << indicator.values.index(word) for word in words)
        blank = operator == "not in" if indicator.unrecorded == "not_observed" else None
        kind = next(known for known in SET_OPERATORS if known == operator)
        return SetTest(indicator.id, kind, words, mask, blank, self._column(node))

    def _number_test(
        self, node: ast.expr, quantity: _Quantity, operator: NumberOperator, right: ast.expr
    ) -> NumberTest:
        items = self._operands(right, operator)
        numbers = tuple(self._number(item, quantity) for item in items)
        self._once(right, numbers)
        indicator = quantity.indicator
        test = NumberTest(
            indicator.id if indicator else None,
            quantity.measure,
            operator,
            numbers,
            blank=None,
            size=len(indicator.values) if indicator and quantity.measure == "len" else 0,
            thresholds=self._named(items),
            column=self._column(node),
        )
        baseline = _baseline_number(indicator, quantity.measure)
        if baseline is None:
            return test
        return replace(test, blank=bool(compare_number(baseline, test)))

    def _visits(
        self, node: ast.expr, visits: _Visits, operator: NumberOperator, right: ast.expr
    ) -> VisitsTest:
        number = self._plain_number(right)
        if operator not in (">=", ">") or number is None or number != int(number):
            raise self._fault(node, "write noted_visits(concept) >= 2, with a whole number")
        least = int(number) + (operator == ">")
        if least < 1:
            raise self._fault(right, "this would be met without any note; ask for at least 1")
        return VisitsTest(visits.concept, least, self._named([right]), self._column(node))

    def _yes_no_call(self, node: ast.Call) -> Node:
        """noted(c) and any_in(set, [...]), the calls that are conditions by themselves."""
        name = self._function(node)
        if name == "noted":
            (argument,) = self._arguments(node, 1)
            return NotedTest(self._concept(argument), self._column(node))
        if name == "any_in":
            first, second = self._arguments(node, 2)
            indicator = self._typed(first, ("set",), "any_in")
            words = tuple(self._word(item, indicator) for item in self._operands(second, "in"))
            self._once(second, words)
            return self._set_test(node, indicator, "any_in", words)
        raise self._fault(node, f"{name}(…) is a number; compare it: {name}(…) >= 2")

    def _measured_call(self, node: ast.Call) -> _Subject:
        """len(set), days_since(date) and noted_visits(concept), to be compared."""
        name = self._function(node)
        if name in ("noted", "any_in"):
            raise self._fault(node, f"{name}(…) is already yes or no; write it alone")
        (argument,) = self._arguments(node, 1)
        if name == "noted_visits":
            return _Visits(self._concept(argument))
        if name == "len":
            indicator = self._typed(argument, ("set",), name)
            return _Quantity(indicator, "len", name, 0, len(indicator.values))
        indicator = self._typed(argument, ("date", "datetime"), name)
        return _Quantity(indicator, "days_since", name, 0, math.inf)

    def _function(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Name):
            raise self._refuse(node.func)
        name = node.func.id
        if name not in FUNCTIONS:
            hint = did_you_mean(name, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
            raise self._fault(node, f"unknown function '{name}'{hint}")
        return name

    def _arguments(self, node: ast.Call, count: int) -> list[ast.expr]:
        if node.keywords or len(node.args) != count:
            name = self._function(node)
            wanted = "an indicator and a list" if count == 2 else "one name"
            raise self._fault(node, f"{name}(…) takes {wanted}")
        return node.args

    def _typed(self, node: ast.expr, types: tuple[str, ...], function: str) -> Indicator:
        if not isinstance(node, ast.Name):
            raise self._fault(node, f"{function}(…) takes the name of an indicator")
        indicator = self._indicator(node)
        if indicator.type not in types:
            raise self._fault(
                node,
                f"{function}(…) takes a {' or '.join(types)}; '{indicator.id}' is "
                f"{_HOW_TO_TEST[indicator.type]}",
            )
        return indicator

    def _indicator(self, node: ast.Name) -> Indicator:
        found = self.indicators.get(node.id)
        if found is not None:
            return found
        if node.id in self.concepts:
            raise self._fault(node, f"'{node.id}' is a note concept; write noted({node.id})")
        known = [*self.indicators, MONTH]
        raise self._fault(node, f"unknown indicator '{node.id}'{did_you_mean(node.id, known)}")

    def _concept(self, node: ast.expr) -> str:
        name = node.id if isinstance(node, ast.Name) else _text_of(node)
        if name is None:
            raise self._fault(node, "noted(…) takes the name of a concept")
        if name not in self.concepts:
            hint = did_you_mean(name, self.concepts)
            if name in self.indicators and not hint:
                hint = "; it is an indicator, compare it instead"
            raise self._fault(node, f"unknown concept '{name}'{hint}")
        return name

    def _operands(self, right: ast.expr, operator: str) -> list[ast.expr]:
        """The values right of a comparison: a list for `in`, else one."""
        if operator not in ("in", "not in"):
            if isinstance(right, ast.List | ast.Tuple | ast.Set):
                raise self._fault(right, f"'{operator}' takes one value; a list goes with 'in'")
            return [right]
        if not isinstance(right, ast.List):
            raise self._fault(right, "'in' takes a list in square brackets: ['a', 'b']")
        if not right.elts:
            raise self._fault(right, "the list is empty, so nothing would ever meet this")
        return right.elts

    def _word(self, node: ast.expr, indicator: Indicator) -> str:
        word = _text_of(node)
        if word is None:
            if isinstance(node, ast.Name):
                raise self._fault(node, f"put quotes around a value: '{node.id}'")
            raise self._fault(
                node, f"'{indicator.id}' has words, in quotes: {_listed(indicator.values)}"
            )
        if word in indicator.missing:
            raise self._fault(
                node,
                f"'{word}' means that '{indicator.id}' is not known, and a missing value cannot "
                "meet a rule; leave it out: a rule that hangs on it becomes an open question",
            )
        if word not in indicator.values:
            hint = did_you_mean(word, indicator.values)
            raise self._fault(
                node,
                f"'{word}' is not a value of '{indicator.id}'{hint or ';'} allowed: "
                f"{_listed(indicator.values)}",
            )
        return word

    def _number(self, node: ast.expr, quantity: _Quantity) -> float:
        number = self._plain_number(node)
        if number is None:
            raise self._not_a_number(node, quantity)
        if not quantity.lowest <= number <= quantity.highest:
            what = (
                f"threshold '{node.id}' is {number:g},"
                if isinstance(node, ast.Name)
                else f"{number:g} is"
            )
            raise self._fault(
                node,
                f"{what} outside what '{quantity.name}' can be: "
                f"{quantity.lowest:g} to {quantity.highest:g}",
            )
        return number

    def _not_a_number(self, node: ast.expr, quantity: _Quantity) -> Fault:
        hint = did_you_mean(node.id, self.thresholds) if isinstance(node, ast.Name) else ""
        return self._fault(
            node,
            f"'{quantity.name}' is a number; compare it with a number, or with a threshold of "
            f"pack.yaml by its name{hint}",
        )

    def _named(self, operands: Sequence[ast.expr]) -> tuple[str, ...]:
        """The thresholds that are named among the operands."""
        return tuple(node.id for node in operands if isinstance(node, ast.Name))

    def _plain_number(self, node: ast.expr) -> float | None:
        """A number, or the number of a named threshold; None for anything else."""
        if isinstance(node, ast.Name):
            return self.thresholds.get(node.id)
        sign = 1.0
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            node, sign = node.operand, -1.0
        if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
            return None
        number = cast("int | float", node.value)
        return sign * float(number) if abs(number) <= MAX_NUMBER else None

    def _once(self, node: ast.expr, values: tuple[object, ...]) -> None:
        for position, value in enumerate(values):
            if value in values[:position]:
                raise self._fault(node, f"{value!r} stands twice in the list")

    def _refuse(self, node: ast.expr) -> Fault:
        if isinstance(node, ast.Name):
            return self._bare_name(node)
        name = type(node).__name__
        what = _REFUSED.get(name, f"a Python {name}")
        return self._fault(
            node, f"{what} is not in the language; a condition compares indicators with values"
        )

    def _bare_name(self, node: ast.Name) -> Fault:
        try:
            indicator = self._indicator(node)
        except Fault as fault:
            return fault
        example = f" == '{indicator.values[-1]}'" if indicator.type == "enum" else ""
        return self._fault(
            node, f"'{node.id}' stands alone; compare it with a value: {node.id}{example}"
        )

    def _fault(self, node: ast.expr, message: str) -> Fault:
        return Fault(message, self._column(node))

    def _column(self, node: ast.expr) -> int:
        """1-based column in characters; `ast` counts UTF-8 bytes."""
        before = self.line.encode()[: node.col_offset].decode()
        return self.indent + len(before) + 1


_HOW_TO_TEST: Mapping[str, str] = {
    "enum": "one word: compare it with == or in",
    "set": "a set: test it with 'value' in …, any_in(…) or len(…)",
    "number": "a number: compare it with a number",
    "integer": "a number: compare it with a number",
    "date": "a date: test it with days_since(…)",
    "datetime": "a date: test it with days_since(…)",
    "string": "free text, which no condition can test",
}
_REFUSED = {
    "Attribute": "a dot",
    "Subscript": "a subscript",
    "Lambda": "a lambda",
    "NamedExpr": "an assignment",
    "JoinedStr": "an f-string",
    "ListComp": "a comprehension",
    "SetComp": "a comprehension",
    "DictComp": "a comprehension",
    "GeneratorExp": "a comprehension",
    "IfExp": "if/else",
    "BinOp": "arithmetic",
    "UnaryOp": "arithmetic",
    "Constant": "a value by itself",
    "List": "a list by itself",
    "Starred": "a star",
    "Dict": "a dictionary",
    "Await": "await",
}


def _text_of(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _baseline_number(indicator: Indicator | None, measure: Measure) -> float | None:
    """What an unrecorded event counts as; a date that is not known stays unknown."""
    if indicator is None or measure == "days_since" or indicator.baseline is None:
        return None
    baseline = indicator.baseline
    if isinstance(baseline, frozenset):
        return 0.0
    assert isinstance(baseline, float)
    return baseline

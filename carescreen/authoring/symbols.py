"""A child of whom nothing is fixed, for the solver: conditions as formulas over what may be recorded.

Every indicator has a term for its value and one for whether it is known; a set has one for each of
its words, a date the whole days since it, a concept the number of visits it was noted on and whether
learned weights alone found it. A condition becomes two formulas, as in `truth`: `true`, and
`possible` (true or unknown). What is derived together is tied together: completed years and months
of age.

Values are those that the tables let in: inside the declared range, dates up to the as-of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from carescreen.errors import MissingExtra
from carescreen.examples import LEARNED
from carescreen.indicators import Indicator
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

Term = Any  # a formula or term of the solver, which has no types of its own
AGES = ("age_years", "age_months")  # completed years and months of one age (derived.py)
MAX_DAYS = 36_500  # a date lies within a hundred years
MAX_VISITS = 100
_YEAR = 2026  # of the month that a found child is seen in; any year without a leap day


@cache
def solver_library() -> Any:
    """The z3 module; MissingExtra says how to install it."""
    try:
        import z3
    except ImportError:
        raise MissingExtra("proving a pack", "z3-solver", "prove") from None
    return z3


@dataclass(frozen=True)
class Planes:
    """A condition of one child as formulas: met where `true`, undecided where only `possible`."""

    true: Term
    possible: Term


@dataclass(frozen=True)
class Field:
    """What may be recorded for an indicator: whether it is, and the term of its value.

    `value` is the position of an enum's word, a number, the days since a date, or for a set a
    mapping from each word to whether it is in it.
    """

    known: Term
    value: Any


@dataclass(frozen=True)
class Mentions:
    """What notes say of a concept: on how many visits, and whether learned weights found it too."""

    visits: Term
    learned: Term


@dataclass(frozen=True)
class SymbolicChild:
    """Every child at once; `with_fields` gives a second one that differs in a part."""

    indicators: Mapping[str, Indicator]
    fields: Mapping[str, Field]
    notes: Mapping[str, Mentions]
    month: Term

    @classmethod
    def of(cls, indicators: Mapping[str, Indicator], concepts: Iterable[str]) -> SymbolicChild:
        """A child with a free term for each of the indicators and concepts."""
        z3 = solver_library()
        return cls(
            indicators,
            {name: free_field(indicators[name], "") for name in indicators},
            {name: free_mentions(name, "") for name in sorted(concepts)},
            z3.Int("month"),
        )

    def with_fields(self, changed: Mapping[str, Field]) -> SymbolicChild:
        """The same child with other fields."""
        return replace(self, fields={**self.fields, **changed})

    def with_notes(self, notes: Mapping[str, Mentions]) -> SymbolicChild:
        """The same child with other notes."""
        return replace(self, notes=notes)

    def domain(self) -> list[Term]:
        """What holds of every child that the tables let in."""
        z3 = solver_library()
        found = [z3.And(self.month >= 1, self.month <= 12)]
        for name, one in self.fields.items():
            found += field_domain(self.indicators[name], one)
        for mentions in self.notes.values():
            found += [mentions.visits >= 0, mentions.visits <= MAX_VISITS]
        return [*found, *age_ties(self)]

    def planes(self, node: Node) -> Planes:
        """A condition as formulas, in Kleene's logic."""
        z3 = solver_library()
        if isinstance(node, Not):
            part = self.planes(node.part)
            return Planes(z3.Not(part.possible), z3.Not(part.true))
        if isinstance(node, And | Or):
            join = z3.And if isinstance(node, And) else z3.Or
            parts = [self.planes(part) for part in node.parts]
            return Planes(
                join([part.true for part in parts]), join([part.possible for part in parts])
            )
        return self._atom(node)

    def _atom(self, atom: Atom) -> Planes:
        z3 = solver_library()
        if isinstance(atom, NotedTest | VisitsTest):
            mentions = self.notes[atom.concept]
            true = mentions.visits >= (atom.least if isinstance(atom, VisitsTest) else 1)
            return Planes(true, z3.Or(true, z3.And(mentions.learned, mentions.visits == 0)))
        if atom.indicator is None:
            holds = _compared(self.month, atom)
            return Planes(holds, holds)
        one = self.fields[atom.indicator]
        holds = _holds(one.value, atom)
        if atom.blank is None:
            return Planes(z3.And(one.known, holds), z3.Or(z3.Not(one.known), holds))
        true = z3.Or(z3.Not(one.known), holds) if atom.blank else z3.And(one.known, holds)
        return Planes(true, true)

    def given(self, model: Any) -> dict[str, Any]:
        """A child that the solver found, as an example of a rule gives one."""
        month = model.eval(self.month, model_completion=True).as_long()
        given: dict[str, Any] = {"month": month}
        for name, one in self.fields.items():
            if _is_true(model, one.known):
                given[name] = _found_value(model, self.indicators[name], one.value, month)
        noted = {}
        for concept, mentions in self.notes.items():
            visits = model.eval(mentions.visits, model_completion=True).as_long()
            if visits:
                noted[concept] = {"status": "affirmed", "visits": visits}
            elif _is_true(model, mentions.learned):
                noted[concept] = {"status": LEARNED}
        return {**given, "noted": noted} if noted else given


def age_ties(child: SymbolicChild) -> list[Term]:
    """That completed years and months are of one age."""
    if not all(name in child.fields for name in AGES):
        return []
    years, months = (child.fields[name] for name in AGES)
    return [
        years.known == months.known,
        12 * years.value <= months.value,
        months.value <= 12 * years.value + 11,
    ]


def free_field(indicator: Indicator, mark: str) -> Field:
    """A field of which nothing is fixed; `mark` tells the terms of one child from another's."""
    z3 = solver_library()
    name = f"{indicator.id}{mark}"
    if indicator.type == "set":
        value: Any = {word: z3.Bool(f"{name}:{word}") for word in indicator.values}
    elif indicator.type == "number" and indicator.id not in AGES:
        value = z3.Real(name)
    else:
        value = z3.Int(name)
    return Field(z3.Bool(f"{name}?"), value)


def free_mentions(concept: str, mark: str) -> Mentions:
    """Mentions of which nothing is fixed."""
    z3 = solver_library()
    return Mentions(z3.Int(f"noted {concept}{mark}"), z3.Bool(f"learned {concept}{mark}"))


def field_domain(indicator: Indicator, one: Field) -> list[Term]:
    """What the tables let in for a field."""
    if indicator.type in ("set", "string"):
        return []
    if indicator.type == "enum":
        return [one.value >= 0, one.value < len(indicator.values)]
    if indicator.type in ("date", "datetime"):
        return [one.value >= 0, one.value <= MAX_DAYS]
    low, high = indicator.range or (-1e9, 1e9)
    return [one.value >= _number(low), one.value <= _number(high)]


def rises(indicator: Indicator, calm: Field, worse: Field) -> Term | None:
    """That a value is strictly more concerning than another; None where no order is declared."""
    z3 = solver_library()
    if indicator.risk_order is not None:
        ranks = [indicator.risk_order.index(word) for word in indicator.values]
        return _ranked(worse.value, ranks) > _ranked(calm.value, ranks)
    if indicator.risk_direction is None:
        return None
    low, high = (calm, worse) if indicator.risk_direction == "up" else (worse, calm)
    if indicator.type == "set":
        return z3.And([z3.Implies(low.value[w], high.value[w]) for w in indicator.values])
    return low.value < high.value


def equals(indicator: Indicator, one: Field, wanted: Any) -> Term:
    """That a field is recorded with a value, given as in an example of a rule."""
    z3 = solver_library()
    if indicator.type == "enum":
        holds = one.value == indicator.values.index(wanted)
    elif indicator.type == "set":
        holds = z3.And([one.value[word] == (word in wanted) for word in indicator.values])
    else:
        holds = one.value == _number(float(wanted))
    return z3.And(one.known, holds)


def _holds(value: Any, atom: WordTest | SetTest | NumberTest) -> Term:
    z3 = solver_library()
    if isinstance(atom, WordTest):
        found = z3.Or([value == code for code in atom.codes])
        return found if atom.operator in ("==", "in") else z3.Not(found)
    if isinstance(atom, SetTest):
        found = z3.Or([value[word] for word in atom.words])
        return z3.Not(found) if atom.operator == "not in" else found
    if atom.measure == "len":
        value = z3.Sum([z3.If(inside, 1, 0) for inside in value.values()])
    return _compared(value, atom)


def _compared(value: Term, atom: NumberTest) -> Term:
    z3 = solver_library()
    first = _number(atom.numbers[0])
    if atom.operator in ("in", "not in"):
        found = z3.Or([value == _number(number) for number in atom.numbers])
        return found if atom.operator == "in" else z3.Not(found)
    return {
        "==": lambda: value == first,
        "!=": lambda: value != first,
        "<": lambda: value < first,
        "<=": lambda: value <= first,
        ">": lambda: value > first,
        ">=": lambda: value >= first,
    }[atom.operator]()


def _number(number: float) -> Term:
    """A number exactly: whole ones as integers, others as fractions."""
    z3 = solver_library()
    exact = Fraction(number).limit_denominator(10**9)
    return z3.IntVal(exact.numerator) if exact.denominator == 1 else z3.Q(*exact.as_integer_ratio())


def _ranked(code: Term, ranks: list[int]) -> Term:
    """The rank of an enum's code in its risk order."""
    z3 = solver_library()
    if ranks == sorted(ranks):
        return code
    term: Term = z3.IntVal(ranks[-1])
    for position in range(len(ranks) - 1):
        term = z3.If(code == position, ranks[position], term)
    return term


def _is_true(model: Any, term: Term) -> bool:
    z3 = solver_library()
    return bool(z3.is_true(model.eval(term, model_completion=True)))


def _found_value(model: Any, indicator: Indicator, value: Any, month: int) -> Any:
    if indicator.type == "set":
        return [word for word, inside in value.items() if _is_true(model, inside)]
    found = model.eval(value, model_completion=True)
    if indicator.type == "enum":
        return indicator.values[found.as_long()]
    if indicator.type in ("date", "datetime"):
        return (date(_YEAR, month, 1) - timedelta(days=found.as_long())).isoformat()
    if indicator.type == "string":
        return "text"
    number = found.as_fraction() if hasattr(found, "as_fraction") else Fraction(found.as_long())
    return int(number) if number.denominator == 1 else float(number)

"""A child of whom nothing is fixed, for the solver: conditions as formulas over what may be recorded.

Every indicator has a term for its value and one for whether it is known; a set has one for each of
its words, a date the whole days since it (fewer than none for a day to come), a concept whether it
was noted, on how many visits, and whether learned weights found it. A condition becomes two
formulas, as in `truth`: `true`, and `possible` (true or unknown).

Values are those that the tables let in: inside the declared range where there is one, and what is
derived as it is derived (derived.py): an age is one number of months, visits on record are always
known, and who was seen has a visit or a date of being seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from carescreen.errors import MissingExtra
from carescreen.examples import LEARNED, MAX_VISITS
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
ALWAYS_KNOWN = ("visits_made",)
_YEAR = 2026  # of the month that a found child is seen in; any year without a leap day
_DAYS = (date(_YEAR, 1, 1) - date(2100, 12, 31)).days, (date(_YEAR, 12, 1) - date(1900, 1, 1)).days


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
    """What notes say of a concept: whether it is noted, on how many of the child's own visits, and
    whether learned weights found it. A note about the household or its guardian reaches every child
    of it, and those who were not visited on no visit of theirs.
    """

    noted: Term
    visits: Term
    learned: Term


@dataclass(frozen=True)
class SymbolicChild:
    """Every child at once; `with_fields` gives a second one that differs in a part."""

    indicators: Mapping[str, Indicator]
    fields: Mapping[str, Field]
    notes: Mapping[str, Mentions]
    shared: frozenset[str]
    month: Term

    @classmethod
    def of(
        cls,
        indicators: Mapping[str, Indicator],
        concepts: Iterable[str],
        shared: Iterable[str] = (),
    ) -> SymbolicChild:
        """A child with a free term for each of the indicators and concepts.

        `shared` are the concepts whose mentions reach a child that was not visited.
        """
        z3 = solver_library()
        notes = {name: free_mentions(name, "") for name in sorted(concepts)}
        fields = free_fields(indicators, indicators, "")
        return cls(indicators, fields, notes, frozenset(shared), z3.Int("month"))

    def with_fields(self, changed: Mapping[str, Field]) -> SymbolicChild:
        """The same child with other fields."""
        return replace(self, fields={**self.fields, **changed})

    def elsewhere(self, names: Iterable[str]) -> SymbolicChild:
        """The same child with other values, and other gaps, in these fields."""
        return self.with_fields(free_fields(self.indicators, names, "'"))

    def with_notes(self, notes: Mapping[str, Mentions]) -> SymbolicChild:
        """The same child with other notes."""
        return replace(self, notes=notes)

    def domain(self) -> list[Term]:
        """What holds of every child that the tables let in."""
        z3 = solver_library()
        found = [z3.And(self.month >= 1, self.month <= 12)]
        for name, one in self.fields.items():
            found += _field_domain(self.indicators[name], one)
        for name, mentions in self.notes.items():
            found += _mentions_domain(mentions, name in self.shared)
        return [*found, *_ties(self.fields)]

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
            note = self.notes[atom.concept]
            true = note.visits >= atom.least if isinstance(atom, VisitsTest) else note.noted
            return Planes(true, z3.Or(true, z3.And(note.learned, z3.Not(note.noted))))
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
            if _is_true(model, mentions.noted):
                noted[concept] = {"status": "affirmed", "visits": visits}
            elif _is_true(model, mentions.learned):
                noted[concept] = {"status": LEARNED}
        return {**given, "noted": noted} if noted else given


def free_fields(
    indicators: Mapping[str, Indicator], names: Iterable[str], mark: str
) -> dict[str, Field]:
    """Fields of which nothing is fixed; `mark` tells the terms of one child from another's.

    The years and the months of an age are one number: who asks for one gets both.
    """
    z3 = solver_library()
    wanted = [name for name in with_whole_ages(names) if name in indicators]
    found = {name: _free_field(indicators[name], mark) for name in wanted if name not in AGES}
    months, known = z3.Int(f"age in months{mark}"), z3.Bool(f"age{mark}?")
    ages = {"age_years": Field(known, months / 12), "age_months": Field(known, months)}
    return {name: ages[name] if name in AGES else found[name] for name in wanted}


def with_whole_ages(names: Iterable[str]) -> list[str]:
    """The names, with both of an age where one of them is there."""
    named = list(dict.fromkeys(names))
    missing = [name for name in AGES if name not in named] if set(named) & set(AGES) else []
    return named + missing


def _free_field(indicator: Indicator, mark: str) -> Field:
    z3 = solver_library()
    name = f"{indicator.id}{mark}"
    if indicator.type == "set":
        value: Any = {word: z3.Bool(f"{name}:{word}") for word in indicator.values}
    elif indicator.type == "number":
        value = z3.Real(name)
    else:
        value = z3.Int(name)
    return Field(z3.Bool(f"{name}?"), value)


def free_mentions(concept: str, mark: str) -> Mentions:
    """Mentions of which nothing is fixed."""
    z3 = solver_library()
    return Mentions(
        z3.Bool(f"noted {concept}{mark}"),
        z3.Int(f"visits noting {concept}{mark}"),
        z3.Bool(f"learned {concept}{mark}"),
    )


def no_mentions() -> Mentions:
    """That nothing is noted of a concept."""
    z3 = solver_library()
    return Mentions(z3.BoolVal(False), z3.IntVal(0), z3.BoolVal(False))


def _mentions_domain(note: Mentions, is_shared: bool) -> list[Term]:
    z3 = solver_library()
    on_a_visit = note.visits >= 1
    tie = z3.Implies(on_a_visit, note.noted) if is_shared else on_a_visit == note.noted
    return [note.visits >= 0, note.visits <= MAX_VISITS, tie]


def _ties(fields: Mapping[str, Field]) -> list[Term]:
    """What holds between values that are derived from the same visits."""
    z3 = solver_library()
    found = [fields[name].known for name in ALWAYS_KNOWN if name in fields]
    since, last = fields.get("days_since_seen"), fields.get("last_seen_on")
    if since is not None and last is not None:
        found += [since.known == last.known, since.value == last.value]
    visits, failed = fields.get("visits_made"), fields.get("failed_visits_in_row")
    if visits is not None:
        seen = [one.known for one in (since, last) if one is not None]
        found += [z3.Implies(known, visits.value >= 1) for known in seen]
    if visits is not None and failed is not None:
        found.append(
            z3.Implies(failed.known, z3.And(visits.value >= 1, visits.value >= failed.value))
        )
    return found


def _field_domain(indicator: Indicator, one: Field) -> list[Term]:
    """What the tables let in for a field; what is derived has no range but its nature."""
    if indicator.type in ("set", "string"):
        return []
    if indicator.type == "enum":
        return [one.value >= 0, one.value < len(indicator.values)]
    if indicator.kind == "derived" and indicator.type in ("number", "integer"):
        return [one.value >= 0]
    if indicator.type in ("date", "datetime"):
        return [one.value >= _DAYS[0], one.value <= _DAYS[1]]
    if indicator.range is None:
        return []
    low, high = indicator.range
    return [one.value >= _number(low), one.value <= _number(high)]


def rises(indicator: Indicator, calm: Field, worse: Field) -> Term | None:
    """That a value is more concerning than another (a set: at least as much); None without an order."""
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
    exact = Fraction(number)
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

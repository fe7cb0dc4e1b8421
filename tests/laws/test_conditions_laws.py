"""The laws that conditions stand under, over random conditions, indicators, children and gaps.

Law 4: unknown is not safe, and not guilty. Law 8: reasons are exact. Law 13: one is a batch of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.conditions import parse
from carescreen.indicators import Indicator
from carescreen.syntax import (
    MEASURES,
    NUMBER_OPERATORS,
    OPERATIONS,
    SET_OPERATORS,
    WORD_OPERATORS,
    operations_of,
)
from carescreen.truth import blocks
from carescreen.truth_of_one import ChildReading
from tests.unit.plain_conditions import Children, children_data, plain_truth

CONCEPTS = ("c0", "c1")
STATUSES = ("affirmed", "suspected", "learned", "negated", "past", "other", "hypothetical")
WORDS = ("a", "b", "c", "d")
DAYS = [f"2026-{month:02}-{day:02}" for month in (1, 6, 10) for day in (1, 17, 28)]
NOTHING: Mapping[str, Any] = {}

Fields = Mapping[str, Indicator]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def field(name: str, type: str, is_event: bool) -> Indicator:
    has_words = type in ("enum", "set")
    return Indicator(
        id=name,
        level="child",
        type=type,
        kind="event" if is_event else "state",
        title={"en": name, "zh": name},
        values=WORDS if has_words else (),
        missing=("unknown",) if type == "enum" else (),
        range=(0.0, 9.0) if type in ("number", "integer") else None,
        risk_order=WORDS if type == "enum" and is_event else None,
        risk_direction="up" if is_event and type != "enum" else None,
        unrecorded="not_observed" if is_event else "unknown",
    )


@st.composite
def indicator_sets(draw: Draw) -> Fields:
    """At least one indicator of each type that a condition can read."""
    fields = {"day": field("day", "date", is_event=False)}
    for type in ("enum", "set", "number", "integer"):
        for number in range(draw(st.integers(1, 2))):
            name = f"{type}{number}"
            fields[name] = field(name, type, draw(st.booleans()))
    return fields


def some(fields: Fields, *types: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(name for name in fields if fields[name].type in types))


words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True)


def word_atoms(operator: str) -> Callable[[Draw, Fields], str]:
    def atom(draw: Draw, fields: Fields) -> str:
        listed = operator in ("in", "not in")
        value = draw(words) if listed else draw(st.sampled_from(WORDS))
        return f"{draw(some(fields, 'enum'))} {operator} {value!r}"

    return atom


def set_atoms(operator: str) -> Callable[[Draw, Fields], str]:
    def atom(draw: Draw, fields: Fields) -> str:
        name = draw(some(fields, "set"))
        if operator == "any_in":
            return f"any_in({name}, {draw(words)!r})"
        return f"{draw(st.sampled_from(WORDS))!r} {operator} {name}"

    return atom


def number_atoms(measure: str, operator: str) -> Callable[[Draw, Fields], str]:
    def atom(draw: Draw, fields: Fields) -> str:
        subject, low, high = {
            "value": lambda: (draw(some(fields, "number", "integer")), 0, 9),
            "len": lambda: (f"len({draw(some(fields, 'set'))})", 0, 4),
            "days_since": lambda: ("days_since(day)", 0, 400),
            "month": lambda: ("month", 1, 12),
        }[measure]()
        numbers = st.integers(low, high)
        if operator in ("in", "not in"):
            return f"{subject} {operator} {draw(st.lists(numbers, min_size=1, unique=True))}"
        return f"{subject} {operator} {draw(numbers)}"

    return atom


def noted_atom(draw: Draw, fields: Fields) -> str:
    return f"noted({draw(st.sampled_from(CONCEPTS))})"


def visits_atom(draw: Draw, fields: Fields) -> str:
    return f"noted_visits({draw(st.sampled_from(CONCEPTS))}) >= {draw(st.integers(1, 3))}"


NOTE_ATOMS = {"noted": noted_atom, "noted_visits": visits_atom}
PLAIN_ATOMS = {
    **{f"word {operator}": word_atoms(operator) for operator in WORD_OPERATORS},
    **{f"set {operator}": set_atoms(operator) for operator in SET_OPERATORS},
    **{
        f"{measure} {operator}": number_atoms(measure, operator)
        for measure in MEASURES
        for operator in NUMBER_OPERATORS
    },
}
CONNECTIVES = ("and", "or", "not")


def test_the_generators_make_every_operation() -> None:
    assert {*PLAIN_ATOMS, *NOTE_ATOMS, *CONNECTIVES} == OPERATIONS


@given(data=st.data(), fields=indicator_sets())
@settings(max_examples=30)
def test_each_generator_makes_the_operation_it_is_named_after(
    data: st.DataObject, fields: Fields
) -> None:
    for name, make in {**PLAIN_ATOMS, **NOTE_ATOMS}.items():
        text = plain_atom(data.draw, fields, name, make, positive=True)
        assert name in operations_of(parse(text, fields, CONCEPTS).root)


def plain_atom(
    draw: Draw, fields: Fields, name: str, make: Callable[[Draw, Fields], str], positive: bool
) -> str:
    """An atom, put so that a missing value does not carry "met" where it stands."""
    text = make(draw, fields)
    if name.startswith("month"):
        return f"(({text}) {'and' if positive else 'or'} days_since(day) > 100)"
    blank = plain_truth(text, NOTHING, fields)
    return f"not ({text})" if blank is positive else text


def draw_condition(draw: Draw, fields: Fields, depth: int, positive: bool, notes: bool) -> str:
    kind = draw(st.sampled_from(["atom", *CONNECTIVES])) if depth else "atom"
    if kind == "atom":
        atoms = {**PLAIN_ATOMS, **(NOTE_ATOMS if notes else {})}
        name = draw(st.sampled_from(sorted(atoms)))
        return plain_atom(draw, fields, name, atoms[name], positive)
    if kind == "not":
        return f"not ({draw_condition(draw, fields, depth - 1, not positive, notes=False)})"
    parts = [
        f"({draw_condition(draw, fields, depth - 1, positive, notes)})"
        for _ in range(draw(st.integers(2, 3)))
    ]
    return f" {kind} ".join(parts)


@st.composite
def values(draw: Draw, indicator: Indicator) -> Any:
    if indicator.type == "enum":
        return draw(st.sampled_from([*WORDS, "unknown"]))
    if indicator.type == "set":
        return draw(st.lists(st.sampled_from(WORDS), unique=True))
    if indicator.type == "date":
        return draw(st.sampled_from(DAYS))
    return draw(st.integers(0, 9))


@st.composite
def children(draw: Draw, fields: Fields, month: int) -> dict[str, Any]:
    """A child with each value recorded or not, and some notes."""
    child: dict[str, Any] = {"month": month, "noted": {}}
    for name, indicator in fields.items():
        if draw(st.booleans()):
            child[name] = draw(values(indicator))
    for concept in CONCEPTS:
        if draw(st.booleans()):
            mention = {"status": draw(st.sampled_from(STATUSES)), "visits": draw(st.integers(0, 3))}
            child["noted"][concept] = mention
    return child


@st.composite
def situations(draw: Draw, count: int) -> tuple[Fields, str, list[dict[str, Any]]]:
    """Indicators, a condition over them, and children of one day."""
    fields = draw(indicator_sets())
    text = draw_condition(draw, fields, depth=3, positive=True, notes=True)
    month = draw(st.integers(1, 12))
    return fields, text, [draw(children(fields, month)) for _ in range(count)]


def truth_of(text: str, child: Mapping[str, Any], fields: Fields) -> bool | None:
    condition = parse(text, fields, CONCEPTS)
    return ChildReading(children_data([child], fields), 0).truth(condition.root)


@given(situations(count=6))
@settings(max_examples=100)
def test_all_children_at_once_and_one_by_one_and_plainly_read_come_out_the_same(
    situation: tuple[Fields, str, list[dict[str, Any]]],
) -> None:
    fields, text, cases = situation
    data, condition = children_data(cases, fields), parse(text, fields, CONCEPTS)
    truth = condition.evaluate(data)
    for place, child in enumerate(cases):
        plain = plain_truth(text, child, fields)
        assert (plain is True, plain is not None) == (truth.true[place], truth.known[place])
        assert ChildReading(data, place).truth(condition.root) is plain


@given(situations(count=6))
@settings(max_examples=60)
def test_reasons_of_all_children_at_once_are_those_of_each_one(
    situation: tuple[Fields, str, list[dict[str, Any]]],
) -> None:
    fields, text, cases = situation
    data, condition = children_data(cases, fields), parse(text, fields, CONCEPTS)
    support, doubts = condition.support(data), condition.doubts(data)
    for place in range(len(cases)):
        carrying = tuple(atom for atom, where in support if where[place])
        assert condition.true_atoms(data, place) == carrying
        doubtful = tuple(atom for atom, where in doubts if where[place])
        assert condition.unknown_atoms(data, place) == doubtful


def picked(data: Children, picks: np.ndarray) -> Children:
    """The children at some positions, each as often as it stands there."""

    def rows(part: Any, *names: str) -> Any:
        return replace(part, **{name: getattr(part, name)[picks] for name in names})

    return Children(
        len(picks),
        data.as_of,
        {name: rows(column, "values", "known") for name, column in data.columns.items()},
        {name: rows(noted, "true", "unknown", "visits") for name, noted in data.noted.items()},
    )


@given(
    situations(count=4),
    st.sampled_from([0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 200]),
    st.sampled_from([8, 64, 72]),
    st.integers(0, 99),
)
@settings(max_examples=100)
def test_any_number_of_children_in_blocks_of_any_size_come_out_as_plainly_read(
    situation: tuple[Fields, str, list[dict[str, Any]]], count: int, block: int, seed: int
) -> None:
    fields, text, cases = situation
    condition = parse(text, fields, CONCEPTS)
    picks = np.random.default_rng(seed).integers(0, len(cases), count)
    data = picked(children_data(cases, fields), picks)
    plain = [plain_truth(text, child, fields) for child in cases]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("carescreen.truth.BLOCK", block)
        truths = [reading.truth(condition.root) for reading in blocks(data)]
    true = np.concatenate([truth.true for truth in truths])
    false = np.concatenate([truth.false for truth in truths])
    known = np.concatenate([truth.known for truth in truths])
    assert true.tolist() == [plain[pick] is True for pick in picks]
    assert false.tolist() == [plain[pick] is False for pick in picks]
    assert known.tolist() == [plain[pick] is not None for pick in picks]
    single = children_data(cases, fields)
    for found, of_one in (
        (condition.support(data), condition.true_atoms),
        (condition.doubts(data), condition.unknown_atoms),
    ):
        reasons = [of_one(single, child) for child in range(len(cases))]
        for place, pick in enumerate(picks):
            assert tuple(atom for atom, where in found if where[place]) == reasons[pick]


@given(situations(count=1), st.data())
@settings(max_examples=100)
def test_completing_an_unknown_never_turns_met_into_not_met(
    situation: tuple[Fields, str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    fields, text, (child,) = situation
    before = truth_of(text, child, fields)
    missing = sorted(name for name in fields if name not in child)
    completed = dict(child)
    for name in data.draw(st.lists(st.sampled_from(missing), unique=True)) if missing else ():
        completed[name] = data.draw(values(fields[name]))
    for concept, mention in child["noted"].items():
        if mention["status"] == "learned":
            told = data.draw(st.sampled_from(["affirmed", "negated"]))
            completed["noted"] = {**completed["noted"], concept: {**mention, "status": told}}
    after = truth_of(text, completed, fields)
    if before is True:
        assert after is True
    states = {name for name in completed if name not in child and name in fields}
    if before is False and all(fields[name].unrecorded == "unknown" for name in states):
        assert after is False


@given(situations(count=1), st.data())
@settings(max_examples=100)
def test_a_missing_value_never_makes_a_rule_met(
    situation: tuple[Fields, str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    fields, text, (child,) = situation
    known = sorted(child.keys() & fields.keys())
    gone = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    blanked = {name: value for name, value in child.items() if name not in gone}
    if truth_of(text, child, fields) is not True:
        assert truth_of(text, blanked, fields) is not True
    assert truth_of(text, {"month": child["month"]}, fields) is not True


@given(situations(count=1), st.sampled_from(CONCEPTS), st.sampled_from(["affirmed", "suspected"]))
@settings(max_examples=60)
def test_one_more_raised_mention_never_turns_met_into_not_met(
    situation: tuple[Fields, str, list[dict[str, Any]]], concept: str, status: str
) -> None:
    fields, text, (child,) = situation
    visits = child["noted"].get(concept, {}).get("visits", 0) + 1
    more = {**child, "noted": {**child["noted"], concept: {"status": status, "visits": visits}}}
    if truth_of(text, child, fields) is True:
        assert truth_of(text, more, fields) is True


@given(situations(count=1))
@settings(max_examples=100)
def test_what_the_reasons_name_is_enough_to_meet_the_rule(
    situation: tuple[Fields, str, list[dict[str, Any]]],
) -> None:
    fields, text, (child,) = situation
    condition = parse(text, fields, CONCEPTS)
    reasons = condition.true_atoms(children_data([child], fields), 0)
    assert bool(reasons) == (truth_of(text, child, fields) is True)
    named = {name for atom in reasons for name in atom.indicators}
    mentioned = {atom.concept for atom in reasons}
    only = {name: value for name, value in child.items() if name in {*named, "month"}}
    only["noted"] = {name: kept for name, kept in child["noted"].items() if name in mentioned}
    if reasons:
        assert truth_of(text, only, fields) is True


@given(situations(count=1), st.data())
@settings(max_examples=100)
def test_settling_every_doubt_settles_the_rule(
    situation: tuple[Fields, str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    fields, text, (child,) = situation
    condition = parse(text, fields, CONCEPTS)
    doubts = condition.unknown_atoms(children_data([child], fields), 0)
    assert bool(doubts) == (truth_of(text, child, fields) is None)
    settled = {**child, "noted": dict(child["noted"])}
    for atom in doubts:
        for name in atom.indicators:
            told = values(fields[name]).filter(lambda value: value != "unknown")
            settled[name] = data.draw(told)
        if atom.concept:
            settled["noted"][atom.concept] = {"status": "negated"}
    assert truth_of(text, settled, fields) is not None

"""What is proved of a pack is proved of the engine: its formulas say what conditions say.

Over random conditions, indicators, children and gaps, as in the laws of the condition language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import z3
from hypothesis import given, settings

from carescreen.authoring.symbols import SymbolicChild
from carescreen.conditions import parse
from carescreen.examples import RAISED, example_data
from carescreen.truth_of_one import ChildReading
from tests.laws.test_conditions_laws import CONCEPTS, Fields, situations, truth_of


def fixed(child: SymbolicChild, recorded: Mapping[str, Any], fields: Fields) -> list[Any]:
    """That the symbolic child is this one, written out apart from the code under test."""
    wanted = [child.month == recorded["month"]]
    for name, indicator in fields.items():
        value, one = recorded.get(name), child.fields[name]
        wanted.append(one.known == (value not in (None, "unknown")))
        if value in (None, "unknown"):
            continue
        if indicator.type == "enum":
            wanted.append(one.value == indicator.values.index(value))
        elif indicator.type == "set":
            wanted += [one.value[word] == (word in value) for word in indicator.values]
        elif indicator.type == "date":
            as_of = date(2026, recorded["month"], 1)
            wanted.append(one.value == (as_of - date.fromisoformat(value)).days)
        else:
            wanted.append(one.value == value)
    for concept in CONCEPTS:
        mention = recorded["noted"].get(concept, {"status": "none"})
        noted = mention["status"] in RAISED
        wanted.append(child.notes[concept].noted == noted)
        wanted.append(child.notes[concept].visits == (mention["visits"] if noted else 0))
        wanted.append(child.notes[concept].learned == (mention["status"] == "learned"))
    return wanted


@given(situations(count=1))
@settings(max_examples=60)
def test_a_formula_is_true_and_possible_where_the_condition_is(
    situation: tuple[Fields, str, list[dict[str, Any]]],
) -> None:
    fields, text, (recorded,) = situation
    child = SymbolicChild.of(fields, CONCEPTS, shared=CONCEPTS)
    planes = child.planes(parse(text, fields, CONCEPTS).root)
    solver = z3.Solver()
    solver.add(fixed(child, recorded, fields))
    truth = truth_of(text, recorded, fields)
    assert (solver.check(planes.true) == z3.sat) == (truth is True)
    assert (solver.check(planes.possible) == z3.sat) == (truth is not False)


@given(situations(count=1))
@settings(max_examples=60)
def test_a_child_that_the_solver_finds_is_one_for_the_engine(
    situation: tuple[Fields, str, list[dict[str, Any]]],
) -> None:
    fields, text, _ = situation
    root = parse(text, fields, CONCEPTS).root
    child = SymbolicChild.of(fields, CONCEPTS, shared=CONCEPTS)
    planes = child.planes(root)
    for wanted, truth in (
        (planes.true, True),
        (z3.Not(planes.possible), False),
        (z3.And(planes.possible, z3.Not(planes.true)), None),
    ):
        solver = z3.Solver()
        solver.add(*child.domain(), wanted)
        if solver.check() == z3.sat:
            data = example_data(child.given(solver.model()), fields, CONCEPTS)
            assert ChildReading(data, 0).truth(root) is truth

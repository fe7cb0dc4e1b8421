"""Trying a rule on its own examples: what came where something else was wanted.

An example is a situation and the outcome that the rule must have in it, with the numbers of the pack
that wrote the rule. A rule shows an example of every outcome it can have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from carescreen.errors import PackError
from carescreen.examples import example_data
from carescreen.indicators import Indicator
from carescreen.rulefile import EXPECTATIONS, Example, Expect, Rule
from carescreen.syntax import atoms_of


@dataclass(frozen=True)
class Failure:
    """What is wrong with the examples of a rule; `example` counts from 1, None: one is lacking."""

    place: str
    rule: str
    example: int | None
    message: str

    def __str__(self) -> str:
        number = "" if self.example is None else f", example {self.example}:"
        return f"{self.place}: rule '{self.rule}'{number} {self.message}"


def failed_examples(
    rule: Rule, indicators: Mapping[str, Indicator], concepts: Collection[str]
) -> list[Failure]:
    """The examples of a rule that come out differently, or cannot be put."""
    tried = [_problem(rule, example, indicators, concepts) for example in rule.examples]
    return [
        Failure(example.place, rule.id, number, problem)
        for number, (example, problem) in enumerate(zip(rule.examples, tried, strict=True), start=1)
        if problem
    ]


def lacking_examples(rule: Rule) -> list[Failure]:
    """The outcomes that a rule can have and shows no example of."""
    shown = {example.expect for example in rule.examples}
    return [
        Failure(rule.place, rule.id, None, f"has no example that is {expect}")
        for expect in possible_outcomes(rule)
        if expect not in shown
    ]


def possible_outcomes(rule: Rule) -> tuple[Expect, ...]:
    """The outcomes a rule can have: one that reads only recorded events can always be told."""
    atoms = list(atoms_of(rule.condition.root))
    if any(atom.concept or (atom.indicators and atom.blank is None) for atom in atoms):
        return EXPECTATIONS
    return ("met", "not_met")


def _problem(
    rule: Rule,
    example: Example,
    indicators: Mapping[str, Indicator],
    concepts: Collection[str],
) -> str | None:
    try:
        data = example_data(example.given, indicators, concepts)
    except PackError as error:
        return str(error)
    truth = rule.as_written.evaluate(data)
    came: Expect = "met" if truth.true[0] else "not_met" if truth.known[0] else "cannot_tell"
    return None if came == example.expect else f"wanted {example.expect}, came {came}"

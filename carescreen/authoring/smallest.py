"""A counterexample put to the engine, and made as small as it still shows what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from carescreen.conditions import Condition
from carescreen.examples import example_data
from carescreen.pack import TIERS
from carescreen.rulefile import Rule
from carescreen.rules import RulePack
from carescreen.truth_of_one import ChildReading

Given = Mapping[str, Any]
Shows = Callable[[Given, Given], bool]


@dataclass(frozen=True)
class Witness:
    """The engine's own word on children that examples give."""

    pack: RulePack
    rules: tuple[Rule, ...]

    def tier(self, given: Given) -> int:
        """The position in TIERS of the highest tier of the met rules; routine where none is."""
        child = ChildReading(example_data(given, self.pack.indicators, self.pack.concepts), 0)
        met = [
            TIERS.index(rule.tier)
            for rule in self.rules
            if rule.tier is not None and child.truth(rule.condition.root) is True
        ]
        return min(met, default=len(TIERS) - 1)

    def holds(self, condition: Condition | None, given: Given) -> bool:
        """Whether a child meets a condition; None is met by all."""
        if condition is None:
            return True
        data = example_data(given, self.pack.indicators, self.pack.concepts)
        return ChildReading(data, 0).truth(condition.root) is True

    def meets(self, rule: Rule, given: Given) -> bool:
        """Whether a child meets a rule."""
        return self.holds(rule.condition, given)

    def is_lowered(self, given: Given, change: Given) -> bool:
        """Whether a change lowers the tier."""
        return self.tier({**given, **change}) > self.tier(given)


def smallest(given: Given, change: Given, shows: Shows) -> dict[str, Any]:
    """The child without whatever can be left out while `shows(child, change)` stays true.

    AssertionError where the engine does not see what the solver saw: the formulas would be wrong.
    """
    found = dict(given)
    assert shows(found, change), "the solver and the engine disagree about a child"
    for name in list(found):
        rest = {key: value for key, value in found.items() if key != name}
        if name not in change and shows(rest, change):
            found = rest
    return found

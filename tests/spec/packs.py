"""A pack under test: what it says of a child written as in a rule's examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from carescreen.examples import example_data
from carescreen.pack import TIERS
from carescreen.rulefile import Rule
from carescreen.rules import RulePack
from carescreen.yamlfile import read_yaml

SHIPPED = ("cn-rural", "international")


@dataclass(frozen=True)
class PackUnderTest:
    pack: RulePack

    @property
    def every_rule(self) -> tuple[Rule, ...]:
        return (*self.pack.rules, *self.pack.rules_off)

    def rule(self, name: str) -> Rule:
        return next(rule for rule in self.every_rule if rule.id == name)

    def met(self, given: Mapping[str, Any]) -> list[Rule]:
        outcomes = self.pack.evaluate(self._data(given))
        return [rule for rule, true in zip(outcomes.rules, outcomes.true[0], strict=True) if true]

    def met_ids(self, given: Mapping[str, Any]) -> set[str]:
        return {rule.id for rule in self.met(given)}

    def open_ids(self, given: Mapping[str, Any]) -> set[str]:
        """Rules that cannot be told."""
        outcomes = self.pack.evaluate(self._data(given))
        pairs = zip(outcomes.rules, outcomes.known[0], strict=True)
        return {rule.id for rule, known in pairs if not known}

    def tier_of(self, given: Mapping[str, Any]) -> str:
        tiers = [rule.tier for rule in self.met(given) if rule.tier is not None]
        return min(tiers, key=TIERS.index, default="routine")

    def tiers_of(self, row: Mapping[str, Any]) -> list[str]:
        """The tiers along a chain of steps, each laid over what is given."""
        return [self.tier_of({**row.get("given", {}), **step}) for step in row["chain"]]

    def lapsing_evidence(self) -> set[str]:
        """Events that an immediate or urgent rule reads and that lapse by themselves."""
        return {
            name
            for rule in self.every_rule
            if rule.tier in ("immediate", "urgent")
            for name in rule.condition.indicators
            if self.pack.indicators[name].kind == "event"
            and self.pack.indicators[name].hold == "window"
        }

    def _data(self, given: Mapping[str, Any]) -> Any:
        return example_data(given, self.pack.indicators, self.pack.concepts)


@cache
def under_test(name: str) -> PackUnderTest:
    return PackUnderTest(RulePack.load(name))


def table(name: str) -> Any:
    return read_yaml(Path(__file__).parent / name).data


def rises(tiers: Iterable[str]) -> bool:
    """Whether no step of a chain falls in tier."""
    order = [TIERS.index(tier) for tier in tiers]
    return order == sorted(order, reverse=True)


def section_of_rules_doc(heading: str) -> str:
    """The text of docs/rules.md from a heading to the next of its kind."""
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]

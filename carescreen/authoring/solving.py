"""Questions to the solver about the children of a pack: is there one for whom this holds?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from carescreen.authoring.findings import Counterexample, Failure
from carescreen.authoring.smallest import Given, Shows, Witness, smallest
from carescreen.authoring.statements import Statement
from carescreen.authoring.symbols import (
    ALWAYS_KNOWN,
    Planes,
    SymbolicChild,
    Term,
    no_mentions,
    solver_library,
    with_whole_ages,
)
from carescreen.pack import TIERS
from carescreen.review.wording import tier_word
from carescreen.rulefile import Rule
from carescreen.rules import RulePack

SECONDS = 20  # for one question; those about the shipped packs take milliseconds
ROUTINE = len(TIERS) - 1


class Undecided(Exception):
    """The solver did not settle a question within its time."""


@dataclass(frozen=True)
class Solving:
    """A pack with the rules in force on a day, over a child of whom nothing is fixed."""

    pack: RulePack
    rules: tuple[Rule, ...]
    statements: tuple[Statement, ...]

    @cached_property
    def child(self) -> SymbolicChild:
        """Every child at once, with whatever a rule or statement reads."""
        conditions = [rule.condition for rule in (*self.rules, *self.pack.rules_off)]
        conditions += [one.when for one in self.statements if one.when is not None]
        names = {name for condition in conditions for name in condition.indicators}
        names |= {name for one in self.statements for name in one.indicators}
        concepts = frozenset(name for condition in conditions for name in condition.concepts)
        declared = self.pack.indicators
        read = [name for name in with_whole_ages(sorted(names)) if name in declared]
        shared = [name for name in concepts if self.pack.concepts[name].subject != "child"]
        return SymbolicChild.of({name: declared[name] for name in read}, concepts, shared)

    @cached_property
    def planes(self) -> Mapping[str, Planes]:
        """Each rule, on or off, as formulas."""
        every = (*self.rules, *self.pack.rules_off)
        return {rule.id: self.child.planes(rule.condition.root) for rule in every}

    @cached_property
    def witness(self) -> Witness:
        """The engine's word."""
        return Witness(self.pack, self.rules)

    @cached_property
    def _solver(self) -> Any:
        solver = solver_library().Solver()
        solver.set("timeout", SECONDS * 1000)
        solver.add(self.child.domain())
        return solver

    def find(self, *wanted: Term) -> Any:
        """A model of a child for whom the formulas hold; None where there is none."""
        z3 = solver_library()
        self._solver.push()
        try:
            self._solver.add(*wanted)
            outcome = self._solver.check()
            if outcome == z3.unknown:
                raise Undecided
            return self._solver.model() if outcome == z3.sat else None
        finally:
            self._solver.pop()

    def met(self, rule: Rule, child: SymbolicChild | None = None) -> Term:
        """That a rule is met, by the child or by a second one."""
        if child is None or child is self.child:
            return self.planes[rule.id].true
        return child.planes(rule.condition.root).true

    def unmet(self, rules: Iterable[Rule], child: SymbolicChild | None = None) -> list[Term]:
        """That none of the rules is met, by the child or by a second one."""
        return [solver_library().Not(self.met(rule, child)) for rule in rules]

    def at_least(self, place: int) -> list[Rule]:
        """Rules at a tier (its position in TIERS) or above."""
        return [
            rule for rule in self.rules if rule.tier is not None and TIERS.index(rule.tier) <= place
        ]

    def readers(self, name: str) -> list[Rule]:
        """The rules that read an indicator, or the age of which it is a part."""
        names = set(with_whole_ages([name]))
        return [rule for rule in self.rules if names & rule.condition.indicators]

    def silent(self, names: Iterable[str]) -> list[Term]:
        """That nothing but these indicators, and what is always known, is recorded."""
        z3 = solver_library()
        kept = {*with_whole_ages(names), *ALWAYS_KNOWN}
        return [z3.Not(one.known) for name, one in self.child.fields.items() if name not in kept]

    def without_notes(self) -> SymbolicChild:
        """The same child with no note about anything."""
        return self.child.with_notes({name: no_mentions() for name in self.child.notes})

    def lowering(
        self,
        high: SymbolicChild,
        low: SymbolicChild,
        wanted: Sequence[Term],
        readers: Sequence[Rule],
        keeps: Shows | None = None,
    ) -> Counterexample | None:
        """A child whose tier, by a rule among the readers, falls on becoming the other one.

        `keeps` says what else has to stay true while the child is made smaller.
        """
        for place in range(ROUTINE):
            hit = [self.met(rule, high) for rule in readers if rule.tier == TIERS[place]]
            if not hit:
                continue
            unmet = self.unmet(self.at_least(place), low)
            model = self.find(*wanted, solver_library().Or(hit), *unmet)
            if model is not None:
                return self._lowered(*pair(model, high, low), keeps)
        return None

    def _lowered(self, given: Given, change: Given, keeps: Shows | None) -> Counterexample:
        def shows(given: Given, change: Given) -> bool:
            is_kept = keeps is None or keeps(given, change)
            return is_kept and self.witness.is_lowered(given, change)

        found = smallest(given, change, shows)
        after = TIERS[self.witness.tier({**found, **change})]
        return Counterexample(found, TIERS[self.witness.tier(found)], dict(change), after)


def pair(model: Any, first: SymbolicChild, second: SymbolicChild) -> tuple[Given, Given]:
    """A found child, and what a second one has in its place; None where it has nothing."""
    before, after = first.given(model), second.given(model)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return before, {name: after.get(name) for name in names}


def lowered(subject: str, title: Mapping[str, str], shown: Counterexample) -> Failure:
    """The failure that a worse value lowers the tier."""
    before, after = (tier_word(str(tier), "zh") for tier in (shown.tier, shown.tier_after))
    return Failure(
        subject,
        {
            "en": f"{title['en']}: the tier falls from {shown.tier} to {shown.tier_after}",
            "zh": f"{title['zh']}：等级由“{before}”降为“{after}”",
        },
        shown,
    )

"""What a note alone may do: whether a rule keeps to the `note_limit` of the concepts it reads.

A rule rests on notes alone where it can be met without any recorded indicator: by mentions, and by
what is always at hand (the age, other derived indicators, the month). It keeps the limits if, each
time that happens, at least one of the mentions may reach the rule's tier by itself:

    note_limit: urgent                          every tier up to urgent
    note_limit: urgent, when {age_under: 8}     the same, for a child known to be under 8
    note_limit: urgent, when {visits: 2}        the same, once noted on two visits
    no note_limit                               no tier: it informs questions and features

So `noted(c) and boarding == 'no'` needs no limit (an indicator stands beside the note), and
`age_years < 8 and noted(left_alone)` needs one of {age_under: 8} or more. A rule without a tier
(entitlement, advice) has none to reach.

The test asks the condition about an adversarial child of each age that its comparisons and limits
tell apart, of whom no indicator is recorded and every mention that falls short of the tier is held:
is it met with these notes, and not without them? No condition holds because a note is missing, so
that is the worst case, and exact; only of derived indicators other than age_years (and the month)
the worse is assumed each time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from carescreen.pack import TIERS
from carescreen.syntax import (
    And,
    Atom,
    Node,
    Not,
    NotedTest,
    NumberTest,
    Or,
    VisitsTest,
    atoms_of,
    without_notes,
)
from carescreen.truth import compare_number

AGE = "age_years"


class NoteConcept(Protocol):
    """What of a concept matters here (lexicon.Concept)."""

    @property
    def note_limit(self) -> str | None:
        """The highest tier a note alone may reach; None: none."""
        ...

    @property
    def note_limit_when(self) -> Mapping[str, int] | None:
        """{"age_under": years} or {"visits": count}, or nothing."""
        ...


def note_limit_problems(
    root: Node,
    tier: str | None,
    concepts: Mapping[str, NoteConcept],
    derived: Collection[str] = (AGE,),
) -> tuple[str, ...]:
    """A sentence for each concept by which a rule at a tier would exceed what a note alone may do.

    `derived` are the ids of indicators that are computed, not recorded. Empty: the rule keeps the
    limits.
    """
    if tier is None or not any(atom.concept for atom in atoms_of(root)):
        return ()
    used = {atom.concept: concepts[atom.concept] for atom in atoms_of(root) if atom.concept}
    rest = without_notes(root)
    blamed: set[str] = set()
    for age in _ages(root, used):
        noted = _Adversary(tier, age, used, frozenset(derived))
        silent = _Adversary(tier, age, used, frozenset())
        if noted.meets(root) and (rest is None or not silent.meets(rest)):
            blamed.update(atom.concept for atom in noted.carrying(root) if atom.concept)
    return tuple(_sentence(name, used[name], tier) for name in sorted(blamed))


def _ages(root: Node, concepts: Mapping[str, NoteConcept]) -> list[float]:
    """An age in each interval that the comparisons and limits tell apart; NaN is not known."""
    marks = {0.0}
    for atom in atoms_of(root):
        if isinstance(atom, NumberTest) and atom.indicator == AGE:
            marks.update(atom.numbers)
    for concept in concepts.values():
        if concept.note_limit_when and "age_under" in concept.note_limit_when:
            marks.add(float(concept.note_limit_when["age_under"]))
    exact = sorted(marks)
    between = [(low + high) / 2 for low, high in pairwise(exact)]
    return [*exact, *between, exact[-1] + 1.0, math.nan]


@dataclass(frozen=True)
class _Adversary:
    """A child without any recorded indicator, with every mention that is too weak for the tier.

    Each comparison of a `derived` indicator comes out as is needed, of any other it does not.
    """

    tier: str
    age: float
    concepts: Mapping[str, NoteConcept]
    derived: frozenset[str]

    def meets(self, node: Node, wanted: bool = True) -> bool:
        """Whether the child can make a node true (or false, where that is wanted)."""
        if isinstance(node, Not):
            return self.meets(node.part, not wanted)
        if isinstance(node, And | Or):
            every = isinstance(node, And) == wanted
            return (all if every else any)(self.meets(part, wanted) for part in node.parts)
        return self._atom(node, wanted)

    def carrying(self, node: Node, wanted: bool = True) -> list[Atom]:
        """The atoms by which the child makes a node come out as wanted."""
        if isinstance(node, Not):
            return self.carrying(node.part, not wanted)
        if isinstance(node, And | Or):
            parts = [part for part in node.parts if self.meets(part, wanted)]
            return [atom for part in parts for atom in self.carrying(part, wanted)]
        return [node]

    def _atom(self, atom: Atom, wanted: bool) -> bool:
        if isinstance(atom, NotedTest):
            return self._visits(atom.concept) >= 1
        if isinstance(atom, VisitsTest):
            return self._visits(atom.concept) >= atom.least
        if isinstance(atom, NumberTest) and atom.indicator == AGE and atom.measure == "value":
            return not math.isnan(self.age) and bool(compare_number(self.age, atom)) == wanted
        return bool(self.derived) and all(name in self.derived for name in atom.indicators)

    def _visits(self, concept: str) -> float:
        """On how many visits the concept can be noted without the note being enough by itself."""
        limit = self.concepts[concept].note_limit
        if limit is None or TIERS.index(limit) > TIERS.index(self.tier):
            return math.inf
        when = self.concepts[concept].note_limit_when or {}
        if "age_under" in when:
            return 0 if self.age < when["age_under"] else math.inf
        return when.get("visits", 1) - 1


def _sentence(name: str, concept: NoteConcept, tier: str) -> str:
    when = concept.note_limit_when or {}
    if concept.note_limit is None:
        reason = "a note of it alone may not put a child in any tier"
    elif TIERS.index(concept.note_limit) > TIERS.index(tier):
        reason = f"a note of it alone reaches {concept.note_limit} at most"
    elif "age_under" in when:
        reason = f"a note of it alone counts under {when['age_under']} only: {AGE} < …"
    else:
        reason = f"it must be noted on {when['visits']} visits: noted_visits({name}) >= …"
    return f"noted({name}) can put a child in '{tier}' by itself, and {reason}"

"""A rule's condition: a small typed language over declared indicators and note concepts.

    and / or / not                       sex == 'female' and not boarding == 'yes'
    words    == != in not in             injury_level in ['multiple', 'severe']
    numbers  == != < <= > >= in not in   age_years < 8
    sets     in, not in, any_in          'orphan' in child_categories; any_in(injury_sites, ['ear'])
             len                         len(home_hazards) >= 2
    dates    days_since                  days_since(registered_on) > 7
    season   month                       month in [5, 6, 7, 8, 9]   (of the as-of date)
    notes    noted, noted_visits         noted(left_alone); noted_visits(unseen_child) >= 2
    by name  a threshold of pack.yaml    left_alone_days_week >= left_alone_days

`parse` reads it with Python's own `ast` into a tree of a few known nodes (nothing is ever compiled
or executed) and checks it against the pack. What it refuses beyond syntax and types, so that a
missing value can never meet a rule: comparing with a word that means "not known"; a test that the
baseline of an unrecorded event would satisfy; a note under `not`; a condition that holds for a
child of whom nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from carescreen.columns import BoolArray, CaseData, Column, Noted
from carescreen.errors import ConditionError
from carescreen.indicators import Indicator
from carescreen.parsing import Fault, parse_tree
from carescreen.syntax import (
    Atom,
    Node,
    Not,
    NotedTest,
    NumberTest,
    VisitsTest,
    atoms_of,
    without_notes,
)
from carescreen.truth import Reading, Truth
from carescreen.truth_of_one import ChildReading

__all__ = ["Atom", "Condition", "Where", "parse"]

Where = Callable[[str], ConditionError]


@dataclass(frozen=True)
class Condition:
    """A parsed and checked condition."""

    text: str
    root: Node

    @cached_property
    def indicators(self) -> frozenset[str]:
        """Ids of the indicators it reads."""
        return frozenset(name for atom in atoms_of(self.root) for name in atom.indicators)

    @cached_property
    def concepts(self) -> frozenset[str]:
        """Ids of the note concepts it reads."""
        return frozenset(atom.concept for atom in atoms_of(self.root) if atom.concept)

    @cached_property
    def thresholds(self) -> tuple[str, ...]:
        """Names of the thresholds it reads, in the order of the text."""
        atoms = (a for a in atoms_of(self.root) if isinstance(a, NumberTest | VisitsTest))
        return tuple(dict.fromkeys(name for atom in atoms for name in atom.thresholds))

    @cached_property
    def root_without_notes(self) -> Node | None:
        """The tree with every note test false; None where it can then never be met."""
        return without_notes(self.root)

    def evaluate(self, data: CaseData) -> Truth:
        """Truth for each of `data.n` children; an indicator without a column is missing."""
        return Reading(data).truth(self.root)

    def evaluate_without_notes(self, data: CaseData) -> Truth:
        """As `evaluate`, as if no note had mentioned anything."""
        reading = Reading(data)
        if self.root_without_notes is None:
            return reading.never
        return reading.truth(self.root_without_notes)

    def support(self, data: CaseData) -> list[tuple[Atom, BoolArray]]:
        """Each atom, with bool[n]: the children for whom it carries the outcome "met"."""
        return list(Reading(data).support(self.root))

    def doubts(self, data: CaseData) -> list[tuple[Atom, BoolArray]]:
        """Each atom, with bool[n]: the children whose outcome hangs on its being unknown."""
        return list(Reading(data).doubts(self.root))

    def true_atoms(self, data: CaseData, child: int) -> tuple[Atom, ...]:
        """The atoms that carry "met" for the child at a position; empty where it is not met."""
        return tuple(ChildReading(data, child).carrying(self.root, True))

    def unknown_atoms(self, data: CaseData, child: int) -> tuple[Atom, ...]:
        """The atoms whose being unknown leaves the child at a position undecided."""
        return tuple(ChildReading(data, child).carrying(self.root, None))


def parse(
    text: str,
    indicators: Mapping[str, Indicator],
    concepts: Collection[str] = (),
    where: Where = ConditionError,
    thresholds: Mapping[str, float] = MappingProxyType({}),
) -> Condition:
    """Parse and check a condition; `thresholds` are the numbers it may give by name.

    What is wrong is raised as `where(message)`: pass a function that adds the place of the text in
    its file. The message ends with the column of the offending word inside the condition.
    """
    try:
        root = parse_tree(text, indicators, concepts, thresholds)
        _check_polarity(root, indicators, positive=True)
        _check_nothing_recorded(root)
    except Fault as fault:
        raise where(f"{fault.message} (column {fault.column} of the condition)") from None
    return Condition(" ".join(text.split()), root)


def _check_polarity(node: Node, indicators: Mapping[str, Indicator], positive: bool) -> None:
    if isinstance(node, Not):
        _check_polarity(node.part, indicators, not positive)
        for atom in atoms_of(node.part):
            if isinstance(atom, NotedTest | VisitsTest):
                raise Fault(
                    f"noted({atom.concept}) under 'not': that nobody wrote a thing down does not "
                    "mean that it did not happen; ask for what was seen instead",
                    atom.column,
                )
    elif isinstance(node, Atom):
        if node.indicators and node.blank is positive:
            raise _met_by_blank(node, indicators[node.indicators[0]])
    else:
        for part in node.parts:
            _check_polarity(part, indicators, positive)


def _met_by_blank(atom: Atom, indicator: Indicator) -> Fault:
    baseline = indicator.baseline
    if isinstance(baseline, float):
        shown = f"{baseline:g}"
    else:
        shown = f"'{baseline}'" if isinstance(baseline, str) else "an empty set"
    return Fault(
        f"this would be met by a missing value: '{indicator.id}' is an event, and where nobody "
        f"recorded it, it counts as {shown}; test for what was observed, or use a state indicator",
        atom.column,
    )


@dataclass(frozen=True)
class _NothingRecorded:
    """One child of whom nothing is recorded, in a given month."""

    as_of: np.datetime64
    n: int = 1

    @property
    def columns(self) -> Mapping[str, Column]:
        """No columns."""
        return {}

    @property
    def noted(self) -> Mapping[str, Noted]:
        """No mentions."""
        return {}


def _check_nothing_recorded(root: Node) -> None:
    seasons = [
        atom for atom in atoms_of(root) if isinstance(atom, NumberTest) and not atom.indicators
    ]
    for month in range(1, 13) if seasons else ():
        data = _NothingRecorded(np.datetime64(f"2026-{month:02}-01", "D"))
        if Reading(data).truth(root).true[0]:
            raise Fault(
                f"in month {month} this would be met by a child of whom nothing is recorded; "
                "join the month with 'and' to what was seen",
                seasons[0].column,
            )

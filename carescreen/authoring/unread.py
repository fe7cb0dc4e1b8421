"""What a pack declares and no condition of it can see.

A condition is that of a rule, switched on or off, or of a model feature; a feature can also be an
indicator's value itself, which sees everything.

    indicator  unread: in no condition, no feature, and no concept's `answered_by`
    word       of an enum: unread where every test gives it the outcome of the least concerning
               word (first in `risk_order`), or where it has no order and no test names it
               of a set: unread where no test names it and none counts the set with `len`
    concept    unread: noted in no condition
    threshold  unread: named in no condition
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from carescreen.features import FeatureSet
from carescreen.indicators import Indicator
from carescreen.rules import RulePack
from carescreen.syntax import Atom, NumberTest, SetTest, VisitsTest, WordTest, atoms_of
from carescreen.thresholds import Threshold


@dataclass(frozen=True)
class Sight:
    """What the rules and features of a pack look at.

    `whole` are the indicators whose every value counts: features that are a value, `answered_by`.
    """

    atoms: tuple[Atom, ...]
    whole: frozenset[str]

    @classmethod
    def of(cls, pack: RulePack, features: FeatureSet) -> Sight:
        """All that a pack reads."""
        conditions = [rule.condition for rule in (*pack.rules, *pack.rules_off)]
        whole = set()
        for feature in features.features:
            if isinstance(feature.source, Indicator):
                whole.add(feature.source.id)
            else:
                conditions.append(feature.source)
        atoms = dict.fromkeys(atom for one in conditions for atom in atoms_of(one.root))
        return cls(tuple(atoms), frozenset(whole))

    def of_indicator(self, name: str) -> list[Atom]:
        """The tests of one indicator."""
        return [atom for atom in self.atoms if name in atom.indicators]


def unread_indicators(pack: RulePack, sight: Sight) -> Iterator[Indicator]:
    """Indicators that somebody records and nothing reads; derived ones cost nobody a question."""
    read = sight.whole | {name for atom in sight.atoms for name in atom.indicators}
    read |= {c.answered_by.indicator for c in pack.concepts.values() if c.answered_by is not None}
    for indicator in pack.indicators.values():
        if indicator.id not in read and indicator.kind != "derived":
            yield indicator


def unread_words(pack: RulePack, sight: Sight) -> Iterator[tuple[Indicator, list[str]]]:
    """Enums and sets that are read, each with its words that no condition can see."""
    for indicator in pack.indicators.values():
        atoms = sight.of_indicator(indicator.id)
        if atoms and indicator.id not in sight.whole:
            words = _unseen(indicator, atoms)
            if words:
                yield indicator, words


def unread_concepts(pack: RulePack, sight: Sight) -> Iterator[str]:
    """Concepts that no condition asks for."""
    read = {atom.concept for atom in sight.atoms}
    return (name for name in pack.concepts if name not in read)


def unread_thresholds(pack: RulePack, sight: Sight) -> Iterator[Threshold]:
    """Thresholds that no condition names."""
    tests = (atom for atom in sight.atoms if isinstance(atom, NumberTest | VisitsTest))
    read = {name for test in tests for name in test.thresholds}
    return (one for one in pack.pack.thresholds.values() if one.id not in read)


def _unseen(indicator: Indicator, atoms: Iterable[Atom]) -> list[str]:
    if indicator.type == "set":
        return _unseen_in_set(indicator, atoms)
    tests = [atom for atom in atoms if isinstance(atom, WordTest)]
    if indicator.risk_order is None:
        named = {word for test in tests for word in test.words}
        return [word for word in indicator.values if word not in named]
    least, *others = indicator.risk_order
    return [
        word
        for word in others
        if all((word in test.words) == (least in test.words) for test in tests)
    ]


def _unseen_in_set(indicator: Indicator, atoms: Iterable[Atom]) -> list[str]:
    named: set[str] = set()
    for atom in atoms:
        if isinstance(atom, NumberTest):
            return []  # len(…) counts every word
        if isinstance(atom, SetTest):
            named.update(atom.words)
    return [word for word in indicator.values if word not in named]

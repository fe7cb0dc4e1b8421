"""The rules of a pack: loaded along its chain of parents, checked, evaluated over all children.

A child pack replaces rules by id and switches them on and off in pack.yaml; a rule marked
`default: off` stays off until switched on. What a rule says of a child is one of three: met, not
met, or cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np

from carescreen.columns import BoolArray, CaseData
from carescreen.conditions import Condition
from carescreen.errors import did_you_mean
from carescreen.indicators import Indicator
from carescreen.lexicon import Concept, check_answers, load_concepts
from carescreen.pack import Pack, Settings
from carescreen.rulefile import Entry, Example, Rule, read_entries, read_rule
from carescreen.syntax import Atom, with_shared_atoms
from carescreen.trials import failed_examples, lacking_examples
from carescreen.truth import Reading, Truth, blocks, bytes_for, unpacked
from carescreen.truth_of_one import ChildReading
from carescreen.yamlfile import YamlFile, files_in, read_yaml

__all__ = ["Example", "Rule", "RuleOutcomes", "RulePack"]


@dataclass(frozen=True)
class RuleOutcomes:
    """What each rule says of each of n children: bool arrays of shape (n, len(rules)).

    met where `true`; cannot be told where not `known`; `note_alone` marks what is met only because
    of a note. A rule that is not in force on the as-of date is not met, and known.
    """

    rules: tuple[Rule, ...]
    true: BoolArray
    known: BoolArray
    note_alone: BoolArray


@dataclass(frozen=True)
class RulePack:
    """A pack with its rules: `rules` are switched on, `rules_off` are not."""

    pack: Pack
    concepts: Mapping[str, Concept]
    rules: tuple[Rule, ...]
    rules_off: tuple[Rule, ...]

    @classmethod
    def load(cls, name: str | Path) -> RulePack:
        """Load a shipped pack by name, or any pack by the path of its folder.

        PackError names file, line and column of what is wrong. Examples are not run: see `check`.
        """
        pack = Pack.load(name)
        return cls.of(pack, load_concepts(pack))

    @classmethod
    def of(cls, pack: Pack, concepts: Mapping[str, Concept]) -> RulePack:
        """The rules of a loaded pack."""
        check_answers(pack, concepts)
        entries = _entries(pack)
        rules = [read_rule(entry, pack, concepts) for entry in entries.values()]
        _check_codes(rules, entries)
        _check_links(rules, entries)
        _check_covers(rules, entries)
        _check_switches(pack, entries)
        rules = _with_shared_atoms(rules)
        on = [rule for rule in rules if _is_on(rule, pack)]
        off = [rule for rule in rules if not _is_on(rule, pack)]
        return cls(pack, concepts, tuple(on), tuple(off))

    @property
    def indicators(self) -> Mapping[str, Indicator]:
        """Declared indicators by id."""
        return self.pack.indicators

    @property
    def settings(self) -> Settings:
        """The pack's merged settings."""
        return self.pack.settings

    @property
    def digest(self) -> str:
        """SHA-256 over every YAML file of the pack and its parents."""
        return self.pack.digest

    def rules_at(self, as_of: date) -> tuple[Rule, ...]:
        """The rules in force on a day; one that another of them `replaces` gives way to it."""
        in_force = [rule for rule in self.rules if rule.is_in_force(as_of)]
        replaced = {rule.replaces for rule in in_force}
        return tuple(rule for rule in in_force if rule.id not in replaced)

    def evaluate(self, data: CaseData) -> RuleOutcomes:
        """Every rule for every child; columns of the outcome stand in the order of `rules`."""
        planes = _of_one if data.n == 1 else _of_many
        day = data.as_of.astype("datetime64[D]").astype(date)
        true, known, alone = planes(self.rules, self._active_on(day), data)
        return RuleOutcomes(self.rules, true.T, known.T, alone.T)

    def _active_on(self, day: date) -> list[int]:
        """Positions in `rules` of those in force on a day; kept, as a service asks again and again."""
        active = self._active.get(day)
        if active is None:
            in_force = {rule.id for rule in self.rules_at(day)}
            active = [place for place, rule in enumerate(self.rules) if rule.id in in_force]
            self._active.clear()
            self._active[day] = active
        return active

    @cached_property
    def _active(self) -> dict[date, list[int]]:
        return {}

    def check(self) -> list[str]:
        """Run the examples of every rule, switched on or off; a sentence for each that fails."""
        failures = [
            failure
            for rule in (*self.rules, *self.rules_off)
            for failure in (
                *lacking_examples(rule),
                *failed_examples(rule, self.indicators, self.concepts),
            )
        ]
        return [str(failure) for failure in failures]


def _entries(pack: Pack) -> dict[str, Entry]:
    """Where each rule stands, parents' first; a child pack's rule stands in for its parent's."""
    merged: dict[str, Entry] = {}
    for folder in pack.chain:
        own: dict[str, Entry] = {}
        for path in files_in(folder / "rules"):
            for entry in read_entries(read_yaml(path)):
                if entry.id in own:
                    place = own[entry.id].place()
                    raise entry.error(f"the id is used twice; first at {place}", "id")
                own[entry.id] = entry
        merged.update(own)
    return merged


def _check_codes(rules: list[Rule], entries: Mapping[str, Entry]) -> None:
    used: dict[str, Rule] = {}
    for rule in rules:
        other = used.setdefault(rule.code, rule)
        if other is not rule:
            raise entries[rule.id].error(
                f"code '{rule.code}' is used by '{other.id}' too ({other.place})", "code"
            )


def _check_links(rules: list[Rule], entries: Mapping[str, Entry]) -> None:
    for rule in rules:
        for key, other in (("replaces", rule.replaces), ("covered_by", rule.covered_by)):
            if other is not None and (other not in entries or other == rule.id):
                hint = did_you_mean(other, set(entries) - {rule.id})
                raise entries[rule.id].error(f"{key} names no other rule: '{other}'{hint}", key)


def _check_covers(rules: list[Rule], entries: Mapping[str, Entry]) -> None:
    """No circle of rules that each say another covers them: none of them would be left to."""
    covers = {rule.id: rule.covered_by for rule in rules}
    for rule in rules:
        seen, name = [rule.id], rule.covered_by
        while name is not None and name not in seen:
            seen, name = [*seen, name], covers[name]
        if name == rule.id:
            circle = " -> ".join([*seen, name])
            raise entries[rule.id].error(
                f"rules cover each other in a circle: {circle}", "covered_by"
            )


def _check_switches(pack: Pack, entries: Mapping[str, Entry]) -> None:
    for file in pack.files:
        for side in ("on", "off"):
            _check_switch(file, side, entries)


def _check_switch(file: YamlFile, side: str, entries: Mapping[str, Entry]) -> None:
    for index, name in enumerate((file.data.get("rules") or {}).get(side) or []):
        if name not in entries:
            hint = did_you_mean(str(name), entries)
            raise file.error(
                f"switches {side} a rule that there is not: '{name}'{hint}", "rules", side, index
            )


def _with_shared_atoms(rules: list[Rule]) -> list[Rule]:
    """The rules over common atoms, each of which is then worked out once for all of them."""
    shared: dict[Atom, Atom] = {}
    trees = [with_shared_atoms(rule.condition.root, shared) for rule in rules]
    return [
        replace(rule, condition=replace(rule.condition, root=tree))
        for rule, tree in zip(rules, trees, strict=True)
    ]


def _is_on(rule: Rule, pack: Pack) -> bool:
    return rule.id in pack.rules_on or (rule.default_on and rule.id not in pack.rules_off)


_Planes = tuple[BoolArray, BoolArray, BoolArray]  # true, known, note_alone: (rules, n)


def _of_one(rules: Sequence[Rule], active: Iterable[int], data: CaseData) -> _Planes:
    """Outcomes of the active rules for one child; the others are not met, and known."""
    true, known, alone = np.zeros((3, len(rules), 1), dtype=np.bool_)
    known[:] = True
    child = ChildReading(data, 0)
    for place in active:
        condition = rules[place].condition
        truth = child.truth(condition.root)
        if truth is None:
            known[place] = False
        elif truth:
            true[place] = True
            if condition.concepts:
                rest = condition.root_without_notes
                alone[place] = rest is None or child.truth(rest) is not True
    return true, known, alone


def _of_many(rules: Sequence[Rule], active: Iterable[int], data: CaseData) -> _Planes:
    """Outcomes of the active rules for all children; the others are not met, and known."""
    true, possible = np.zeros((2, len(rules), bytes_for(data.n)), dtype=np.uint8)
    alone = np.zeros((len(rules), data.n), dtype=np.bool_)
    for reading in blocks(data):
        for place in active:
            condition = rules[place].condition
            truth = reading.truth(condition.root)
            true[place, reading.bytes] = truth.true_bits
            possible[place, reading.bytes] = truth.possible_bits
            if condition.concepts:
                alone[place, reading.rows] = _note_alone(reading, condition, truth)
    return unpacked(true, data.n), unpacked(~(true ^ possible), data.n), alone


def _note_alone(reading: Reading, condition: Condition, truth: Truth) -> BoolArray:
    """Where a condition is met, and would not be without notes."""
    if condition.root_without_notes is None:
        return truth.true
    rest = reading.truth(condition.root_without_notes)
    return unpacked(truth.true_bits & ~rest.true_bits, reading.n)

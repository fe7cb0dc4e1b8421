"""A pack with what the page needs beside it: words of both languages, the day, who wrote what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from carescreen.authoring.document_texts import words
from carescreen.authoring.words import Wording
from carescreen.indicators import Texts
from carescreen.pack import TIERS
from carescreen.review.texts import LANGUAGES
from carescreen.rulefile import LANES, Rule
from carescreen.rules import RulePack
from carescreen.yamlfile import YamlFile

NOBODY = "nobody"

State = Literal["on", "not_in_force", "off"]


@dataclass(frozen=True)
class Place:
    """Where something is written: the pack, the file inside it, the line."""

    pack: str
    file: str
    line: str


@dataclass(frozen=True)
class ShownPack:
    """A pack as of a day."""

    rules: RulePack
    day: date

    @cached_property
    def every(self) -> tuple[Rule, ...]:
        """Every rule, switched on or off: by tier and lane, those that are off last."""
        order = (*TIERS, *LANES)
        rules = (*self.rules.rules, *self.rules.rules_off)
        return tuple(sorted(rules, key=lambda rule: order.index(rule.tier or rule.lane)))

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """Every rule by id."""
        return {rule.id: rule for rule in self.every}

    @cached_property
    def wording(self) -> Mapping[str, Wording]:
        """The pack's words in each language."""
        indicators, concepts = self.rules.indicators, self.rules.concepts
        return {language: Wording(indicators, concepts, language) for language in LANGUAGES}

    @cached_property
    def _states(self) -> Mapping[str, State]:
        in_force = {rule.id for rule in self.rules.rules_at(self.day)}
        states: dict[str, State] = {rule.id: "off" for rule in self.rules.rules_off}
        for rule in self.rules.rules:
            states[rule.id] = "on" if rule.id in in_force else "not_in_force"
        return states

    def state(self, rule: Rule) -> State:
        """Whether the rule speaks of children on the day."""
        return self._states[rule.id]

    def in_words(self, say: Callable[[Wording], Any]) -> dict[str, Any]:
        """What the pack's words make of something, in each language."""
        return {language: say(wording) for language, wording in self.wording.items()}

    def readers(self, reads: Callable[[Rule], Iterable[str]], name: str) -> tuple[Rule, ...]:
        """The rules that read something by that name."""
        return tuple(rule for rule in self.every if name in reads(rule))

    def file_of(self, place: str) -> YamlFile:
        """The pack.yaml of the pack in whose folder a file:line lies."""
        path = Path(place.rpartition(":")[0])
        files = self.rules.pack.files
        around = [file for file in files if path.is_relative_to(file.path.parent)]
        return max(around, key=lambda file: len(file.path.parts))

    def place(self, place: str) -> Place:
        """A file:line of the pack, without the folders that its computer keeps it in."""
        path, _, line = place.rpartition(":")
        file = self.file_of(place)
        inside = Path(path).relative_to(file.path.parent).as_posix()
        return Place(str(file.data["id"]), inside, line)

    def without_folders(self, text: str) -> str:
        """A text that names files of the pack, without the folders before the pack's own."""
        for file in self.rules.pack.files:
            folder = file.path.parent
            text = text.replace(f"{folder}/", f"{file.data['id']}/")
        return text


def reviewer(file: YamlFile) -> str:
    """Who the pack says has reviewed it; empty where nobody has."""
    said = file.data.get("reviewed_by")
    listed = said if isinstance(said, list) else [said]
    names = [str(name).strip() for name in listed if name is not None]
    return ", ".join(name for name in names if name and name != NOBODY)


def who_reviewed(file: YamlFile) -> Texts:
    """Who has reviewed one pack, said plainly where nobody has."""
    who = reviewer(file)
    return words("reviewed_by", who=who) if who else words("reviewed_nobody")


def review_words(shown: ShownPack) -> list[Texts]:
    """Who has reviewed the pack, and which of those it extends nobody has."""
    *parents, own = shown.rules.pack.files
    said = [who_reviewed(own)]
    unread = [str(file.data["id"]) for file in parents if not reviewer(file)]
    if reviewer(own) and unread:
        said.append(words("reviewed_parent", packs=", ".join(unread)))
    return said

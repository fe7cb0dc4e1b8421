"""What a pack says of itself as a whole: `properties:` of pack.yaml, for the solver to prove.

    properties:
      - id: reportable_4_1
        title: {en: Abnormal injury to private parts, zh: 隐私部位非正常损伤}
        when: private_part_injury in ['suspected', 'disclosed', 'confirmed']
        reaches: immediate            every child that meets `when` is at that tier or above

      - id: poverty_is_not_neglect
        only: [age_years, income_support, child_categories]
        at_most: routine              a child of whom nothing else is recorded or noted stays there

      - id: sex_changes_nothing
        same_tier_whatever: [sex]     its values never change the tier

      - id: lost_contact_then_death
        worsens:                      the second never has a lower tier, all else being equal
          from: {father_status: lost_contact}
          to: {father_status: deceased, father_status_months: 0}

`when` and `only` narrow any of the four claims. A child pack replaces its parent's by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from carescreen.conditions import Condition, parse
from carescreen.errors import ConditionError, PackError, did_you_mean
from carescreen.examples import example_data
from carescreen.indicators import Indicator, Texts
from carescreen.pack import TIERS, Pack, Tier
from carescreen.yamlfile import ID, Key, YamlFile

CLAIMS = ("reaches", "at_most", "same_tier_whatever", "worsens")
PROPERTY_KEYS = {"id", "title", "when", "only", *CLAIMS}


@dataclass(frozen=True)
class Worsening:
    """Two states of one child that differ in the fields given, as an example of a rule gives them."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Statement:
    """One property; exactly one of reaches, at_most, whatever and worsens is given."""

    id: str
    title: Texts
    when: Condition | None
    only: tuple[str, ...] | None
    reaches: Tier | None
    at_most: Tier | None
    whatever: tuple[str, ...]
    worsens: Worsening | None
    place: str

    @property
    def indicators(self) -> frozenset[str]:
        """Ids of the indicators that it speaks of."""
        read = self.when.indicators if self.when is not None else frozenset()
        changed = {**self.worsens.before, **self.worsens.after} if self.worsens is not None else {}
        return read | {*(self.only or ()), *self.whatever, *changed}


def read_statements(pack: Pack, concepts: Mapping[str, object]) -> tuple[Statement, ...]:
    """The properties of a pack and its parents; PackError names the place of what is wrong."""
    found: dict[str, Statement] = {}
    for file in pack.files:
        for index in range(len(file.list_at("properties"))):
            statement = _Reader(file, index, pack, concepts).statement()
            old = found.get(statement.id)
            if old is not None and old.place.startswith(f"{file.path}:"):
                raise file.error(f"property '{statement.id}' stands twice", "properties", index)
            found[statement.id] = statement
    return tuple(found.values())


@dataclass(frozen=True)
class _Reader:
    """Reads one entry."""

    file: YamlFile
    index: int
    pack: Pack
    concepts: Mapping[str, object]

    @property
    def _key(self) -> Key:
        return ("properties", self.index)

    def statement(self) -> Statement:
        self.file.require_keys(self._key, PROPERTY_KEYS, frozenset({"id", "title"}))
        values = self.file.at(self._key)
        if sum(claim in values for claim in CLAIMS) != 1:
            raise self._error(f"a property makes one claim of: {', '.join(CLAIMS)}")
        if not ID.match(self.file.text_at(*self._key, "id")):
            raise self._error("id is small letters, digits and _", "id")
        line, _ = self.file.positions[self._key]
        return Statement(
            id=values["id"],
            title=self.file.texts_at(*self._key, "title"),
            when=self._condition(values.get("when")),
            only=self._names("only") if "only" in values else None,
            reaches=self._tier("reaches"),
            at_most=self._tier("at_most"),
            whatever=self._names("same_tier_whatever"),
            worsens=self._worsening(),
            place=f"{self.file.path}:{line}",
        )

    def _error(self, message: str, *key: str | int) -> PackError:
        name = self.file.at(self._key).get("id")
        return self.file.error(f"property '{name}': {message}", *self._key, *key)

    def _condition(self, text: Any) -> Condition | None:
        if text is None:
            return None
        if not isinstance(text, str):
            raise self._error("when is a condition, written as text", "when")
        line, column = self.file.positions[(*self._key, "when")]

        def where(message: str) -> ConditionError:
            return ConditionError(message, self.file.path, line, column)

        numbers = {known.id: known.value for known in self.pack.thresholds.values()}
        return parse(text, self.pack.indicators, list(self.concepts), where, numbers)

    def _tier(self, claim: str) -> Tier | None:
        values = self.file.at(self._key)
        value = values.get(claim)
        if claim in values and value not in TIERS:
            raise self._error(f"{claim} is '{value}'; allowed: {', '.join(TIERS)}", claim)
        return cast("Tier | None", value)

    def _names(self, key: str) -> tuple[str, ...]:
        names = self.file.words_at(*self._key, key)
        for place, name in enumerate(names):
            if name not in self.pack.indicators:
                hint = did_you_mean(name, self.pack.indicators)
                raise self._error(f"unknown indicator '{name}'{hint}", key, place)
        return tuple(names)

    def _worsening(self) -> Worsening | None:
        if "worsens" not in self.file.at(self._key):
            return None
        key = (*self._key, "worsens")
        self.file.require_keys(key, {"from", "to"}, frozenset({"from", "to"}))
        return Worsening(self._fields("from"), self._fields("to"))

    def _fields(self, side: str) -> Mapping[str, Any]:
        given = self.file.at((*self._key, "worsens", side))
        if not isinstance(given, dict):
            raise self._error(
                "wanted fields and values: {father_status: deceased}", "worsens", side
            )
        for name in given:
            if not self._can_be_set(self.pack.indicators.get(name)):
                hint = did_you_mean(name, self.pack.indicators)
                raise self._error(
                    f"'{name}' is no indicator with words or a number{hint}", "worsens", side, name
                )
        try:
            example_data(given, self.pack.indicators)
        except PackError as error:
            raise self._error(str(error), "worsens", side) from None
        return {name: self._plain(side, name, value) for name, value in given.items()}

    def _plain(self, side: str, name: str, value: Any) -> Any:
        """A recorded value, a set as the list of its words."""
        indicator = self.pack.indicators[name]
        if value is None or (isinstance(value, str) and value in indicator.missing):
            raise self._error("name what is recorded, not that nothing is", "worsens", side, name)
        return value.split(";") if indicator.type == "set" and isinstance(value, str) else value

    @staticmethod
    def _can_be_set(indicator: Indicator | None) -> bool:
        return indicator is not None and indicator.type in ("enum", "set", "number", "integer")

"""Declared indicators: what a field means, what values it may take, what a blank in it means.

A pack declares its indicators in `indicators.yaml`; a child pack adds to its parent's by id.

    kind        state    lasts until it changes; the newest value counts
                event    something seen, said or happened; the riskiest value counts, for a time
                derived  computed from dates; never read from a table (days_since_seen, age_years)
    unrecorded  unknown       a blank is unknown: a rule that hangs on it cannot tell
                not_observed  a blank counts as `baseline`, nothing observed (events only)
    hold        until_closed  the event counts until a person closes it (critical)
                until_seen    it counts until a visit, on the day or later, saw the child
                window        it counts for the pack's `event_window_days`
    family      show     the page for the family says it, whatever its value is
                hide     it does not; so is every indicator that does not say
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from carescreen.errors import PackError
from carescreen.yamlfile import ID, Key, YamlFile

IndicatorType = Literal["enum", "set", "number", "integer", "date", "datetime", "string"]
Kind = Literal["state", "event", "derived"]
Texts = Mapping[str, str]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "type": ("enum", "set", "number", "integer", "date", "datetime", "string"),
    "kind": ("state", "event", "derived"),
    "sensitivity": ("normal", "sensitive", "highly_sensitive"),
    "unrecorded": ("unknown", "not_observed"),
    "hold": ("until_closed", "until_seen", "window"),
    "risk_direction": ("up", "down"),
    "family": ("hide", "show"),
}
INDICATOR_REQUIRED = frozenset({"id", "level", "type", "kind", "title"})
INDICATOR_KEYS = {
    *INDICATOR_REQUIRED,
    *CHOICES,
    "values",
    "missing",
    "range",
    "unit",
    "risk_order",
    "value_titles",
    "why",
    "source",
}
RESERVED = frozenset({"month", "as_of", "noted", "noted_visits", "any_in", "len", "days_since"})
MAX_VALUES = 1_000
# What derived.py computes; a derived indicator of another name would be missing for ever.
COMPUTED = (
    "age_years",
    "age_months",
    "days_since_seen",
    "failed_visits_in_row",
    "last_seen_on",
    "visits_made",
)
MAX_SET_VALUES = 62  # a set is held as bits of one signed 64-bit integer


@dataclass(frozen=True)
class Indicator:
    """One declared field.

    `values` are the known values of an enum or set, without the words in `missing`. `risk_order`
    lists enum values from least to most concerning; `risk_direction` ("up" or "down") does so for
    numbers and sets. Where neither is given there is no defensible order and law 3 exempts it. `why`
    it is recorded stands in one language, the author's.
    """

    id: str
    level: str
    type: IndicatorType
    kind: Kind
    title: Texts
    values: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    unit: str | None = None
    risk_order: tuple[str, ...] | None = None
    risk_direction: Literal["up", "down"] | None = None
    unrecorded: Literal["unknown", "not_observed"] = "unknown"
    hold: Literal["until_closed", "until_seen", "window"] = "window"
    sensitivity: str = "normal"
    value_titles: Mapping[str, Texts] | None = None
    why: str | None = None
    family: Literal["hide", "show"] = "hide"

    @property
    def is_ordered(self) -> bool:
        """Whether a risk order is declared."""
        return self.risk_order is not None or self.risk_direction is not None

    @property
    def baseline(self) -> str | float | frozenset[str] | None:
        """What a blank counts as where `unrecorded` is not_observed; None where it is unknown."""
        if self.unrecorded != "not_observed":
            return None
        if self.type == "enum":
            assert self.risk_order is not None
            return self.risk_order[0]
        return frozenset() if self.type == "set" else self._calmest_number

    @property
    def _calmest_number(self) -> float:
        """The end of the range that is least concerning: the high one where less is worse."""
        low, high = self.range or (0.0, 0.0)
        return high if self.risk_direction == "down" else low

    def title_of(self, value: str, language: str) -> str:
        """The value in words, or the value itself where the pack gives none."""
        titles = (self.value_titles or {}).get(value, {})
        return titles.get(language) or value


def load_indicators(file: YamlFile) -> dict[str, Indicator]:
    """Read the `indicators:` list of a file; PackError names file, line and what is allowed."""
    file.require_keys((), {"indicators"}, frozenset({"indicators"}))
    found: dict[str, Indicator] = {}
    for index in range(len(file.list_at("indicators"))):
        indicator = _load_one(file, ("indicators", index))
        if indicator.id in found:
            raise file.error(f"indicator '{indicator.id}' is declared twice", "indicators", index)
        found[indicator.id] = indicator
    return found


def _load_one(file: YamlFile, key: Key) -> Indicator:
    file.require_keys(key, INDICATOR_KEYS, INDICATOR_REQUIRED)
    entry = file.at(key)
    _check_id(file, key, entry["id"])
    for field, allowed in CHOICES.items():
        if field in entry and entry[field] not in allowed:
            raise file.error(
                f"{field} is '{entry[field]}'; allowed: {', '.join(allowed)}", *key, field
            )
    file.text_at(*key, "level")
    missing = tuple(file.words_at(*key, "missing"))
    order = file.words_at(*key, "risk_order")
    file.words_at(*key, "source")
    indicator = Indicator(
        id=entry["id"],
        level=entry["level"],
        type=entry["type"],
        kind=entry["kind"],
        title=file.texts_at(*key, "title"),
        values=tuple(word for word in _values(file, key) if word not in missing),
        missing=missing,
        range=_range(file, key),
        unit=file.text_if_given_at(*key, "unit"),
        risk_order=tuple(order) if order else None,
        risk_direction=entry.get("risk_direction"),
        unrecorded=entry.get("unrecorded", "unknown"),
        hold=entry.get("hold", "window"),
        sensitivity=entry.get("sensitivity", "normal"),
        value_titles=_value_titles(file, key),
        why=file.text_if_given_at(*key, "why"),
        family=entry.get("family", "hide"),
    )
    _check(file, key, indicator)
    return indicator


def _check_id(file: YamlFile, key: Key, name: object) -> None:
    if not isinstance(name, str) or not ID.match(name):
        raise file.error("id is small letters, digits and _, beginning with a letter", *key, "id")
    if name in RESERVED or keyword.iskeyword(name):
        raise file.error(
            f"'{name}' is a word of conditions and examples; name the indicator otherwise",
            *key,
            "id",
        )


def _values(file: YamlFile, key: Key) -> list[str]:
    words = file.words_at(*key, "values")
    if len(words) > MAX_VALUES:
        raise file.error(f"at most {MAX_VALUES} values", *key, "values")
    for index, word in enumerate(words):
        if word in words[:index]:
            raise file.error(f"'{word}' stands twice among the values", *key, "values", index)
    return words


def _range(file: YamlFile, key: Key) -> tuple[float, float] | None:
    if file.at(key).get("range") is None:
        return None
    bounds = file.list_at(*key, "range")
    if [type(bound) in (int, float) for bound in bounds] != [True, True] or bounds[0] > bounds[1]:
        raise file.error("range is two numbers, [lowest, highest]", *key, "range")
    return float(bounds[0]), float(bounds[1])


def _value_titles(file: YamlFile, key: Key) -> Mapping[str, Texts] | None:
    if file.at(key).get("value_titles") is None:
        return None
    file.require_keys((*key, "value_titles"), set(file.words_at(*key, "values")))
    titles = file.at((*key, "value_titles"))
    return {word: file.texts_at(*key, "value_titles", word) for word in titles}


def _check(file: YamlFile, key: Key, indicator: Indicator) -> None:
    def error(message: str, field: str) -> PackError:
        return file.error(f"indicator '{indicator.id}': {message}", *key, field)

    if indicator.type in ("enum", "set") and not indicator.values:
        raise error(f"type {indicator.type} needs values", "type")
    if indicator.type == "set" and len(indicator.values) > MAX_SET_VALUES:
        raise error(f"a set has at most {MAX_SET_VALUES} values", "values")
    if indicator.risk_order is not None and sorted(indicator.risk_order) != sorted(
        indicator.values
    ):
        raise error("risk_order must list exactly the known values", "risk_order")
    if indicator.unrecorded == "not_observed":
        if indicator.kind != "event":
            raise error("only an event can count as not observed", "unrecorded")
        if indicator.type == "enum" and indicator.risk_order is None:
            raise error("an event enum needs a risk_order: its first value is the baseline", "type")
    if indicator.kind == "derived" and indicator.id not in COMPUTED:
        raise error(
            f"the program computes only {', '.join(COMPUTED)}; a field that is recorded is a state "
            "or an event",
            "kind",
        )
    if indicator.family == "show" and not _may_be_shown(indicator):
        raise error("highly sensitive values and free texts are never shown to a family", "family")
    if indicator.hold != "window" and indicator.kind != "event":
        raise error(f"only an event can be held {indicator.hold.replace('_', ' ')}", "hold")


def _may_be_shown(indicator: Indicator) -> bool:
    return indicator.sensitivity != "highly_sensitive" and indicator.type != "string"

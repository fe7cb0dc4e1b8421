"""Declared indicators: what a field means, what values it may take, what a blank in it means.

A pack declares its indicators in `indicators.yaml`; a child pack adds to its parent's by id.

    kind        state    lasts until it changes; the newest value counts
                event    something seen, said or happened; the riskiest value counts, for a time
                derived  computed from dates; never read from a table (days_since_seen, age_years)
    unrecorded  unknown       a blank is unknown: a rule that hangs on it cannot tell
                not_observed  a blank counts as `baseline`, nothing observed (events only)
    hold        until_closed  the event counts until a person closes it (critical)
                window        it counts for the pack's `event_window_days`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from carescreen.errors import PackError
from carescreen.yamlfile import YamlFile

IndicatorType = Literal["enum", "set", "number", "integer", "date", "datetime", "string"]
Kind = Literal["state", "event", "derived"]
Texts = Mapping[str, str]

_TYPES = ("enum", "set", "number", "integer", "date", "datetime", "string")
_KINDS = ("state", "event", "derived")
_SENSITIVITIES = ("normal", "sensitive", "highly_sensitive")
_KEYS = {
    "id",
    "level",
    "type",
    "kind",
    "values",
    "missing",
    "range",
    "unit",
    "risk_order",
    "risk_direction",
    "unrecorded",
    "hold",
    "sensitivity",
    "title",
    "value_titles",
    "why",
    "source",
}
MAX_SET_VALUES = 62  # a set is held as bits of one signed 64-bit integer


@dataclass(frozen=True)
class Indicator:
    """One declared field.

    `values` are the known values of an enum or set, without the words in `missing`. `risk_order`
    lists enum values from least to most concerning; `risk_direction` ("up" or "down") does so for
    numbers and sets. Where neither is given there is no defensible order and law 3 exempts it.
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
    hold: Literal["until_closed", "window"] = "window"
    sensitivity: str = "normal"
    value_titles: Mapping[str, Texts] | None = None

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
    for index, entry in enumerate(file.data["indicators"] or []):
        indicator = _load_one(file, index, entry)
        if indicator.id in found:
            raise file.error(f"indicator '{indicator.id}' is declared twice", "indicators", index)
        found[indicator.id] = indicator
    return found


def _load_one(file: YamlFile, index: int, entry: Mapping[str, object]) -> Indicator:
    key = ("indicators", index)
    file.require_keys(key, _KEYS, frozenset({"id", "level", "type", "kind", "title"}))
    _one_of(file, index, entry, "type", _TYPES)
    _one_of(file, index, entry, "kind", _KINDS)
    _one_of(file, index, entry, "sensitivity", _SENSITIVITIES)
    _one_of(file, index, entry, "unrecorded", ("unknown", "not_observed"))
    _one_of(file, index, entry, "hold", ("until_closed", "window"))
    _one_of(file, index, entry, "risk_direction", ("up", "down", None))
    missing = _words(entry.get("missing"))
    bounds = cast("list[float] | None", entry.get("range"))
    order = entry.get("risk_order")
    indicator = Indicator(
        id=str(entry["id"]),
        level=str(entry["level"]),
        type=cast(IndicatorType, entry["type"]),
        kind=cast(Kind, entry["kind"]),
        title=cast(Texts, entry["title"]),
        values=tuple(word for word in _words(entry.get("values")) if word not in missing),
        missing=missing,
        range=(float(bounds[0]), float(bounds[1])) if bounds else None,
        unit=cast("str | None", entry.get("unit")),
        risk_order=_words(order) if order is not None else None,
        risk_direction=cast(Literal["up", "down"] | None, entry.get("risk_direction")),
        unrecorded=cast(Literal["unknown", "not_observed"], entry.get("unrecorded") or "unknown"),
        hold=cast(Literal["until_closed", "window"], entry.get("hold") or "window"),
        sensitivity=str(entry.get("sensitivity") or "normal"),
        value_titles=cast("Mapping[str, Texts] | None", entry.get("value_titles")),
    )
    _check(file, index, indicator)
    return indicator


def _check(file: YamlFile, index: int, indicator: Indicator) -> None:
    def error(message: str, field: str) -> PackError:
        return file.error(f"indicator '{indicator.id}': {message}", "indicators", index, field)

    if set(indicator.title) != {"en", "zh"}:
        raise error("title needs both languages: {en: …, zh: …}", "title")
    if indicator.type in ("enum", "set") and not indicator.values:
        raise error(f"type {indicator.type} needs values", "type")
    if indicator.type == "set" and len(indicator.values) > MAX_SET_VALUES:
        raise error(f"a set has at most {MAX_SET_VALUES} values", "values")
    if indicator.risk_order is not None and set(indicator.risk_order) != set(indicator.values):
        raise error("risk_order must list exactly the known values", "risk_order")
    if indicator.unrecorded == "not_observed":
        if indicator.kind != "event":
            raise error("only an event can count as not observed", "unrecorded")
        if indicator.type == "enum" and indicator.risk_order is None:
            raise error("an event enum needs a risk_order: its first value is the baseline", "type")
    if indicator.hold == "until_closed" and indicator.kind != "event":
        raise error("only an event can be held until closed", "hold")


def _one_of(
    file: YamlFile,
    index: int,
    entry: Mapping[str, object],
    field: str,
    allowed: tuple[str | None, ...],
) -> None:
    if field in entry and entry[field] not in allowed:
        words = ", ".join(str(word) for word in allowed if word)
        raise file.error(
            f"{field} is '{entry[field]}'; allowed: {words}", "indicators", index, field
        )


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in cast("list[object]", value or []))

"""The features a pack names for its model: one column a feature, one row a child.

    features:
      - {id: child_under_one, when: age_months < 12, title: {en: ..., zh: ...}}
      - {id: father_status, indicator: father_status, title: {en: ..., zh: ...}}

`when` is a condition (conditions.py): 1.0 where it holds, 0.0 where not, NaN where it cannot be
told. `indicator` is the value itself. Features read no rules, and none may read what law 9 keeps
out of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.columns import CaseData, Values, Words
from carescreen.conditions import Condition, Where, parse
from carescreen.errors import ConditionError, PackError, did_you_mean
from carescreen.indicators import Indicator, Texts
from carescreen.lexicon import Concept, load_concepts
from carescreen.pack import Pack
from carescreen.protected import are_sexes, protected_word
from carescreen.truth import Truth, blocks
from carescreen.truth_of_one import ChildReading

_SENSITIVE = ("highly_sensitive",)  # as for rules: where a parent works is no secret


@dataclass(frozen=True)
class Feature:
    """One feature: a condition, or else the value of an indicator."""

    id: str
    title: Texts
    source: Condition | Indicator
    sensitive: bool


@dataclass(frozen=True)
class FeatureSet:
    """The features of a pack, parsed once."""

    features: tuple[Feature, ...]

    @classmethod
    def load(
        cls,
        pack: Pack,
        indicators: Mapping[str, Indicator] | None = None,
        concepts: Mapping[str, Concept] | None = None,
    ) -> FeatureSet:
        """Read a pack's features; PackError names the feature that is wrong, and what is allowed.

        Indicators and concepts are the pack's own unless given.
        """
        fields = pack.indicators if indicators is None else indicators
        known = load_concepts(pack) if concepts is None else concepts
        return cls(tuple(_feature(pack, entry, fields, known) for entry in pack.features))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Ids, in the pack's order."""
        return tuple(feature.id for feature in self.features)

    @property
    def titles(self) -> dict[str, Texts]:
        """Title of each feature in both languages."""
        return {feature.id: feature.title for feature in self.features}

    @property
    def declarations(self) -> dict[str, str]:
        """What each feature reads, in the pack's words: its condition, or the indicator's id."""
        return {
            feature.id: feature.source.text
            if isinstance(feature.source, Condition)
            else feature.source.id
            for feature in self.features
        }

    @cached_property
    def indicators(self) -> frozenset[str]:
        """Ids of the indicators that features read."""
        read = (
            feature.source.indicators
            if isinstance(feature.source, Condition)
            else frozenset([feature.source.id])
            for feature in self.features
        )
        return frozenset().union(*read)

    @cached_property
    def sensitive(self) -> frozenset[str]:
        """Ids of features that read something sensitive."""
        return frozenset(feature.id for feature in self.features if feature.sensitive)

    def values(self, data: CaseData) -> dict[str, Values]:
        """The column of each feature, one row a child, as `frame` gives them."""
        truths = _truths(self.features, data)
        return {
            feature.id: truths[feature.id]
            if isinstance(feature.source, Condition)
            else _value(feature.source, data)
            for feature in self.features
        }

    def frame(self, data: CaseData) -> pd.DataFrame:
        """One row a child, in the order of `data`.

        float64 for conditions (1.0, 0.0, NaN where it cannot be told) and numbers (NaN where not
        known); categories of str for words (NaN where not known). An event that nobody recorded
        has its baseline.
        """
        columns = {name: _series(values) for name, values in self.values(data).items()}
        return pd.DataFrame(columns, index=pd.RangeIndex(data.n))


def _feature(
    pack: Pack,
    entry: Mapping[str, Any],
    indicators: Mapping[str, Indicator],
    concepts: Mapping[str, Concept],
) -> Feature:
    name = str(entry["id"])
    if not isinstance(entry["title"], dict) or set(entry["title"]) != {"en", "zh"}:
        raise _error(pack, name, "title needs both languages: {en: …, zh: …}", "title")
    source: Condition | Indicator
    if "when" in entry:
        numbers = {threshold.id: threshold.value for threshold in pack.thresholds.values()}
        where = _condition_error(pack, name)
        source = parse(str(entry["when"]), indicators, concepts, where, numbers)
        reads, notes = source.indicators, source.concepts
    else:
        source = _indicator(pack, name, str(entry["indicator"]), indicators)
        reads, notes = frozenset([source.id]), frozenset()
    for read in sorted(reads):
        if word := _protected(indicators[read]):
            called = f"'{read}'" if word == read else f"'{read}' ({word})"
            message = f"{called} is for audits only and may not enter the model"
            raise _error(pack, name, message, "id")
    sensitive = any(indicators[read].sensitivity in _SENSITIVE for read in reads)
    return Feature(
        name,
        entry["title"],
        source,
        sensitive or any(concepts[note].sensitive for note in notes),
    )


def _protected(indicator: Indicator) -> str | None:
    """What makes an indicator a protected attribute: its id, a title or its values."""
    for name in (indicator.id, *indicator.title.values()):
        if word := protected_word(name):
            return word
    return "its values are the sexes" if are_sexes(indicator.values) else None


def _indicator(
    pack: Pack, feature: str, name: str, indicators: Mapping[str, Indicator]
) -> Indicator:
    if name not in indicators:
        message = f"unknown indicator '{name}'{did_you_mean(name, indicators)}"
        raise _error(pack, feature, message, "indicator")
    if indicators[name].type not in ("enum", "number", "integer"):
        raise _error(
            pack,
            feature,
            f"'{name}' is a {indicators[name].type}; a feature takes a number or one word, "
            "or a condition (when: …)",
            "indicator",
        )
    return indicators[name]


def _error(pack: Pack, feature: str, message: str, key: str) -> PackError:
    """A PackError at the feature in the pack.yaml that declares it last."""
    text = f"feature '{feature}': {message}"
    for file in reversed(pack.files):
        for index, entry in enumerate(file.data.get("features") or []):
            if str(entry["id"]) == feature:
                return file.error(text, "features", index, key)
    return PackError(text)


def _condition_error(pack: Pack, feature: str) -> Where:
    def error(message: str) -> ConditionError:
        place = _error(pack, feature, message, "when")
        text = f"feature '{feature}': {message}"
        return ConditionError(text, place.path, place.line, place.column)

    return error


def _truths(features: tuple[Feature, ...], data: CaseData) -> dict[str, NDArray[np.float64]]:
    conditions = {
        feature.id: feature.source for feature in features if isinstance(feature.source, Condition)
    }
    if data.n == 1:
        child = ChildReading(data, 0)
        return {name: _number(child.truth(found.root)) for name, found in conditions.items()}
    columns = {name: np.empty(data.n) for name in conditions}
    for reading in blocks(data):
        for name, condition in conditions.items():
            columns[name][reading.rows] = _numbers(reading.truth(condition.root))
    return columns


def _number(truth: bool | None) -> NDArray[np.float64]:
    return np.array([np.nan if truth is None else float(truth)])


def _numbers(truth: Truth) -> NDArray[np.float64]:
    return np.where(truth.known, truth.true, np.nan)


def _series(values: Values) -> NDArray[np.float64] | pd.Categorical[str]:
    if isinstance(values, Words):
        return pd.Categorical.from_codes(values.codes, pd.Index(values.words))
    return values


def _value(indicator: Indicator, data: CaseData) -> Values:
    """An indicator's value: numbers, or words."""
    column = data.columns.get(indicator.id)
    if indicator.type == "enum":
        codes = np.full(data.n, -1) if column is None else column.values.astype(np.int64)
        if isinstance(indicator.baseline, str):
            codes = np.where(codes < 0, indicator.values.index(indicator.baseline), codes)
        return Words(codes, indicator.values)
    numbers = np.full(data.n, np.nan) if column is None else column.values.astype(np.float64)
    if isinstance(indicator.baseline, float):
        numbers = np.where(np.isnan(numbers), indicator.baseline, numbers)
    return numbers

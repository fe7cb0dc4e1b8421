"""Everything a block of households needs besides its tables, prepared once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from carescreen.columns import BoolArray
from carescreen.features import FeatureSet
from carescreen.holding import HoldingTerms
from carescreen.indicators import Indicator, Texts
from carescreen.mentioncache import MentionCache
from carescreen.model import RiskModel
from carescreen.modelfile import SavedModel
from carescreen.notes import FoundMentions, NoteReader, Notes
from carescreen.pack import TIERS
from carescreen.recent_notes import NOTE_COLUMN, NOTE_TITLE
from carescreen.rules import RulePack
from carescreen.steps import MICRO

# What follow-ups show or count on, whether or not a rule or the model reads it.
_ALWAYS_READ = ("last_seen_on", "days_since_seen", "age_years", "prior_concerns_24m")


@dataclass(frozen=True)
class Kit:
    """A pack's rules and features, a model and a reader, with what follows from them alone.

    `saved` is the model as it was when the kit was made: one that is fitted again needs a new kit.
    """

    rules: RulePack
    features: FeatureSet
    model: RiskModel
    reader: NoteReader
    saved: SavedModel

    def is_of(self, other: Kit) -> bool:
        """Whether another kit has the very same parts."""
        return all(getattr(self, name) is getattr(other, name) for name in _PARTS)

    @cached_property
    def tier_of(self) -> NDArray[np.int64]:
        """Tier position of each rule; len(TIERS) for rules of a lane without a tier."""
        lanes = [TIERS.index(rule.tier) if rule.tier else len(TIERS) for rule in self.rules.rules]
        return np.array(lanes, dtype=np.int64)

    @cached_property
    def tier_days(self) -> NDArray[np.timedelta64]:
        """Days in which the hours of each tier fall; those of `routine` for a lane without one."""
        hours = self.rules.settings.tier_hours.model_dump()
        return np.array([_whole_days(hours[name]) for name in TIERS])

    @cached_property
    def rule_days(self) -> NDArray[np.timedelta64]:
        """Days in which the hours of each rule fall; of rules without a tier they are not asked."""
        return np.array(
            [_whole_days(rule.hours or 0) for rule in self.rules.rules], dtype="timedelta64[D]"
        )

    @cached_property
    def is_entitlement(self) -> BoolArray:
        """Which rules say that a benefit or paper is due."""
        return np.array([rule.lane == "entitlement" for rule in self.rules.rules], dtype=bool)

    @cached_property
    def indicators(self) -> Mapping[str, Indicator]:
        """The indicators that a rule or the model reads, by id: no others need be worked out."""
        read = set(_ALWAYS_READ).union(*(rule.condition.indicators for rule in self.rules.rules))
        read |= self.features.indicators
        read |= (
            {"first_visit_on"} & self.rules.indicators.keys() if "visits_made" in read else set()
        )
        return {name: found for name, found in self.rules.indicators.items() if name in read}

    @cached_property
    def rules_that_ask(self) -> Mapping[str, tuple[int, ...]]:
        """The numbers of the rules that hang on each indicator whose blank is unknown."""
        return _numbers_by_name(
            (number, name)
            for number, rule in enumerate(self.rules.rules)
            for name in rule.condition.indicators
            if name in self.indicators and self.indicators[name].unrecorded != "not_observed"
        )

    @cached_property
    def rules_that_note(self) -> Mapping[str, tuple[int, ...]]:
        """The numbers of the rules that read each note concept."""
        return _numbers_by_name(
            (number, name)
            for number, rule in enumerate(self.rules.rules)
            for name in rule.condition.concepts
        )

    @cached_property
    def concepts(self) -> HoldingTerms:
        """How long mentions of each concept hold and whom they reach."""
        return HoldingTerms(self.rules.concepts)

    @cached_property
    def intercept(self) -> float:
        """The model's intercept, log-odds."""
        return self.model.intercept_micro / MICRO

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The features of the model, in the order of its weights."""
        return self.model.feature_names

    @cached_property
    def feature_titles(self) -> Mapping[str, Texts]:
        """Title of each feature of the model in each language."""
        titles = {NOTE_COLUMN: NOTE_TITLE, **self.model.titles}
        return {name: titles.get(name, {"en": name, "zh": name}) for name in self.feature_names}

    @cached_property
    def sensitive_features(self) -> frozenset[str]:
        """Features that the pack or the model calls sensitive."""
        return frozenset(self.features.sensitive) | frozenset(self.model.sensitive)

    @cached_property
    def gives_probability(self) -> bool:
        """Whether the model's number may be called a probability (law 12)."""
        return self.model.gives_probability


_PARTS = tuple(part.name for part in fields(Kit))


@dataclass(frozen=True)
class Engine:
    """A kit as of a date; the same object in every process. `mentions` are those of earlier runs."""

    kit: Kit
    as_of: np.datetime64
    first_run: bool = False
    mentions: MentionCache | None = None

    @property
    def rules(self) -> RulePack:
        """The pack's rules."""
        return self.kit.rules

    def find(self, notes: Notes) -> FoundMentions:
        """What some notes mention, read or known from an earlier run."""
        if self.mentions is None:
            return self.kit.reader.find(notes)
        return self.mentions.find(self.kit.reader, notes)


def _whole_days(hours: int) -> np.timedelta64:
    return np.timedelta64(-(-hours // 24), "D")


def _numbers_by_name(pairs: Iterable[tuple[int, str]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for number, name in pairs:
        found[name] = (*found.get(name, ()), number)
    return found

"""What changed between two models, as data: weights level by level, phrases, calibration, manifest.

Two step functions are compared over the union of their cuts, so that cuts which differ do not hide what
is equal: on each aligned level both models have one weight, and the difference is exact in millionths.
A feature that one model lacks weighs 0 in it. The order of features and phrases changes no score and is
no difference; nor is the model's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from carescreen.modelfile import Manifest, Recalibrated, SavedModel, Window
from carescreen.modellevels import UNKNOWN, Level, ranges
from carescreen.steps import AdditiveTables, StepTable

Kind = Literal["added", "removed", "changed"]
Fact = str | int | float | None

# Of a manifest: what is compared with model.json, or is no content.
_ELSEWHERE = frozenset({"format", "name", "model_sha256", "features", "note_column"})
_TURNED: Mapping[Kind, Kind] = {"added": "removed", "removed": "added", "changed": "changed"}


@dataclass(frozen=True)
class LevelChange:
    """Values on which each of the two models has one weight, millionths of a log-odds."""

    level: Level
    old: int
    new: int

    @property
    def change(self) -> int:
        """What a score moves by, millionths."""
        return self.new - self.old


@dataclass(frozen=True)
class FactChange:
    """Something beside the weights. `what` is a key such as `calibration.slope`; None: there was none."""

    what: str
    old: Fact
    new: Fact


@dataclass(frozen=True)
class FeatureChange:
    """One feature that differs: every aligned level, the unknown one last, and what is said of it.

    A feature that was a number and became words (or the other way) is one removed and one added.
    titles: its title in each language, old and new, empty where a model lacks it. cuts: the edges of
    both models.
    """

    name: str
    kind: Kind
    titles: tuple[Mapping[str, str], Mapping[str, str]]
    cuts: tuple[float, ...]
    levels: tuple[LevelChange, ...]
    facts: tuple[FactChange, ...] = ()

    @property
    def title(self) -> Mapping[str, str]:
        """The newest title there is, by language."""
        return self.titles[1] or self.titles[0]

    @property
    def moved(self) -> tuple[LevelChange, ...]:
        """The levels whose weight differs."""
        return tuple(level for level in self.levels if level.change)

    @property
    def most(self) -> int:
        """The change of a score, farthest from 0, that this feature can make; the rise on a tie."""
        return max(
            (level.change for level in self.levels), key=lambda change: (abs(change), change)
        )


@dataclass(frozen=True)
class PhraseChange:
    """One learned phrase whose weight differs; None where a model has not learned it.

    A phrase of another note column is another phrase: all are then removed, and added.
    """

    text: str
    old: int | None
    new: int | None

    @property
    def change(self) -> int:
        """What a score moves by, millionths."""
        return (self.new or 0) - (self.old or 0)

    @property
    def reads(self) -> bool:
        """Whether a note that holds the phrase scores otherwise."""
        return bool(self.old or self.new)

    @property
    def kind(self) -> Kind:
        """Whether the phrase is new, gone or weighs something else."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"


@dataclass(frozen=True)
class ModelDifference:
    """Everything that differs between an old and a new model, the largest change first.

    intercept: millionths, old and new. facts: calibration, manifest, note column and card, in a fixed
    order. Empty tuples where nothing differs.
    """

    old: str
    new: str
    intercept: tuple[int, int]
    features: tuple[FeatureChange, ...]
    phrases: tuple[PhraseChange, ...]
    facts: tuple[FactChange, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs but names and order."""
        return not self.features and not self.phrases and not self.facts and self.same_intercept

    @property
    def same_intercept(self) -> bool:
        """Whether both start at the same score."""
        return self.intercept[0] == self.intercept[1]

    @property
    def same_scores(self) -> bool:
        """Whether every row has the score it had."""
        moved = any(feature.most for feature in self.features)
        moved = moved or any(phrase.reads for phrase in self.phrases)
        capped = any(fact.what in ("phrase_cap", "phrases_shared") for fact in self.facts)
        return self.same_intercept and not moved and not capped

    @property
    def largest(self) -> FeatureChange | None:
        """The feature that can change a score most; None where none can."""
        return next((feature for feature in self.features if feature.most), None)

    @property
    def reach(self) -> tuple[int, int]:
        """How far features and intercept together can lower and raise a score, millionths; phrases,
        which are many and seldom stand together, are left out."""
        shift = self.intercept[1] - self.intercept[0]
        spans = [[level.change for level in feature.levels] for feature in self.features]
        return shift + sum(map(min, spans)), shift + sum(map(max, spans))

    def reversed(self) -> ModelDifference:
        """The same seen from the new model: what undoing the change would do."""
        return ModelDifference(
            self.new,
            self.old,
            (self.intercept[1], self.intercept[0]),
            _largest_first([_turned(feature) for feature in self.features]),
            _strongest_first([replace(one, old=one.new, new=one.old) for one in self.phrases]),
            tuple(replace(one, old=one.new, new=one.old) for one in self.facts),
        )


def compare_models(old: SavedModel, new: SavedModel) -> ModelDifference:
    """What changed from one model to another."""
    facts = (*_calibration(old, new), *_manifest(old, new), *_rest(old, new))
    return ModelDifference(
        old.manifest.name,
        new.manifest.name,
        (old.tables.intercept, new.tables.intercept),
        _largest_first(list(_features(old.tables.features, new.tables.features))),
        _strongest_first(list(_phrases(old.tables, new.tables))),
        facts,
    )


def aligned(old: StepTable | None, new: StepTable | None) -> tuple[LevelChange, ...]:
    """Two step functions of one feature over the union of their cuts or words, the unknown level last.

    None is a function that is 0 everywhere. Both must be numbers, or both words.
    """
    tables = [table for table in (old, new) if table is not None]
    assert len({table.type for table in tables}) == 1, "numbers and words cannot be aligned"
    if tables[0].type == "category":
        levels = [
            Level("word", word=word) for word in sorted({w for t in tables for w in t.levels})
        ]
    else:
        levels = list(ranges(sorted({edge for table in tables for edge in table.edges})))
    pairs = [
        LevelChange(level, _weight(old, level), _weight(new, level)) for level in [*levels, UNKNOWN]
    ]
    return tuple(_joined(pairs))


def _weight(table: StepTable | None, level: Level) -> int:
    if table is None:
        return 0
    if level.kind == "range":
        top = np.inf if level.high is None else level.high
        return table.weights[int(np.searchsorted(table.edges, top, side="left"))]
    if level.kind == "word" and level.word in table.levels:
        return table.weights[table.levels.index(level.word)]
    return table.missing


def _joined(pairs: Sequence[LevelChange]) -> Iterator[LevelChange]:
    """Neighbouring ranges between which neither model steps, as one."""
    held = pairs[0]
    for one in pairs[1:]:
        if held.level.kind == one.level.kind == "range" and (held.old, held.new) == (
            one.old,
            one.new,
        ):
            held = replace(held, level=Level("range", held.level.low, one.level.high))
            continue
        yield held
        held = one
    yield held


def _features(old: Sequence[StepTable], new: Sequence[StepTable]) -> Iterator[FeatureChange]:
    before = {table.name: table for table in old}
    after = {table.name: table for table in new}
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was and now and was.type == now.type:
            change = _feature("changed", was, now)
            if change.facts or change.moved:
                yield change
            continue
        if was:
            yield _feature("removed", was, None)
        if now:
            yield _feature("added", None, now)


def _feature(kind: Kind, old: StepTable | None, new: StepTable | None) -> FeatureChange:
    tables = [table for table in (old, new) if table is not None]
    return FeatureChange(
        tables[0].name,
        kind,
        (old.title if old else {}, new.title if new else {}),
        tuple(sorted({edge for table in tables for edge in table.edges})),
        aligned(old, new),
        tuple(_feature_facts(old, new)) if old and new else (),
    )


def _feature_facts(old: StepTable, new: StepTable) -> Iterator[FactChange]:
    for what in ("monotone", "sensitive", "spread"):
        yield from _fact(what, getattr(old, what), getattr(new, what))
    yield from _fact("sources", ", ".join(old.sources) or None, ", ".join(new.sources) or None)
    for language in sorted(old.title.keys() | new.title.keys()):
        yield from _fact(f"title.{language}", old.title.get(language), new.title.get(language))


def _largest_first(features: list[FeatureChange]) -> tuple[FeatureChange, ...]:
    return tuple(sorted(features, key=lambda one: (-abs(one.most), one.name, one.kind)))


def _turned(feature: FeatureChange) -> FeatureChange:
    return replace(
        feature,
        kind=_TURNED[feature.kind],
        titles=(feature.titles[1], feature.titles[0]),
        levels=tuple(replace(one, old=one.new, new=one.old) for one in feature.levels),
        facts=tuple(replace(one, old=one.new, new=one.old) for one in feature.facts),
    )


def _phrases(old: AdditiveTables, new: AdditiveTables) -> Iterator[PhraseChange]:
    before, after = old.phrases.weights, new.phrases.weights
    same_column = old.note_column == new.note_column
    for text in before.keys() | after.keys():
        was, now = before.get(text), after.get(text)
        if same_column and was != now:
            yield PhraseChange(text, was, now)
        if not same_column and was is not None:
            yield PhraseChange(text, was, None)
        if not same_column and now is not None:
            yield PhraseChange(text, None, now)


def _strongest_first(phrases: list[PhraseChange]) -> tuple[PhraseChange, ...]:
    return tuple(sorted(phrases, key=lambda one: (-abs(one.change), one.text, one.kind)))


def _calibration(old: SavedModel, new: SavedModel) -> Iterator[FactChange]:
    yield from _fact("number", *(_number(model) for model in (old, new)))
    before, after = old.calibration, new.calibration
    for what in ("method", "events", "intercept", "slope", "covariance"):
        was, now = (_value(getattr(one, what, None)) for one in (before, after))
        yield from _fact(f"calibration.{what}", was, now)


def _number(model: SavedModel) -> str:
    return "probability" if model.gives_probability else "score"


def _manifest(old: SavedModel, new: SavedModel) -> Iterator[FactChange]:
    for what in Manifest.model_fields:
        if what in _ELSEWHERE:
            continue
        was, now = (getattr(model.manifest, what) for model in (old, new))
        if isinstance(was, dict):
            for name in sorted(was.keys() | now.keys()):
                yield from _fact(f"{what}.{name}", was.get(name), now.get(name))
        else:
            yield from _fact(what, _value(was), _value(now))


def _rest(old: SavedModel, new: SavedModel) -> Iterator[FactChange]:
    phrases = old.tables.phrases, new.tables.phrases
    yield from _fact("phrase_cap", *(table.cap for table in phrases))
    yield from _fact("phrases_shared", *(table.shared for table in phrases))
    yield from _fact("note_column", old.tables.note_column, new.tables.note_column)
    yield from _fact("card", *(hashlib.sha256(m.card.encode()).hexdigest() for m in (old, new)))


def _fact(what: str, old: Fact, new: Fact) -> Iterator[FactChange]:
    if old != new:
        yield FactChange(what, old, new)


def _value(value: Any) -> Fact:
    if isinstance(value, Window):
        return f"{value.first}/{value.last}"
    if isinstance(value, Recalibrated):
        return f"{value.rows:,} / {value.groups:,} / {value.events:,}"
    if isinstance(value, tuple | list):
        return ", ".join(one if isinstance(one, str) else f"{one:g}" for one in value) or None
    found: Fact = value
    return found

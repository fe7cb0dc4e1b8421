"""The features of a model as curves in words, those that move a score most first, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carescreen.errors import UsageError, did_you_mean
from carescreen.modellevels import Level, curve_of, is_yes_no
from carescreen.modelshow.words import (
    are_whole,
    cut_words,
    direction_words,
    level_words,
    title_words,
)
from carescreen.review.reasons import printable
from carescreen.steps import AdditiveTables, StepTable


@dataclass(frozen=True)
class Point:
    """One level: its words, its weight and the weight's standard error, millionths of a log-odds;
    None where the error was not worked out."""

    words: str
    level: Level
    weight: int
    error: int | None = None


@dataclass(frozen=True)
class Curve:
    """One feature. points: in the order of its numbers, of words the heaviest first; unknown is last.

    direction: "" for words, which have none. cuts: the exact edges in words, "" where the points say
    them already.
    """

    name: str
    title: str
    direction: str
    sensitive: bool
    sources: tuple[str, ...]
    points: tuple[Point, ...]
    cuts: tuple[str, ...]

    @property
    def is_category(self) -> bool:
        """Whether its levels are words."""
        return any(point.level.kind == "word" for point in self.points)

    @property
    def adds(self) -> bool:
        """Whether any level weighs anything."""
        return any(point.weight for point in self.points)

    @property
    def has_errors(self) -> bool:
        """Whether the standard errors of its weights are known."""
        return all(point.error is not None for point in self.points)

    @property
    def span(self) -> int:
        """How far apart two children can be by this feature alone, millionths."""
        weights = [point.weight for point in self.points]
        return max(weights) - min(weights)


@dataclass(frozen=True)
class Curves:
    """drawn: the curves to draw. silent: those left out since they add nothing. low and high: the
    least and greatest weight of all features, 0 among them, millionths."""

    drawn: tuple[Curve, ...]
    silent: tuple[Curve, ...]
    low: int
    high: int


def curves_of(
    tables: AdditiveTables, language: str, everything: bool = False, only: Sequence[str] = ()
) -> Curves:
    """Curves of the features that add something, of all, or of those named; the scale is the model's.

    UsageError for a name that the model does not have.
    """
    for name in only:
        if name not in tables.names:
            hint = did_you_mean(name, tables.names)
            raise UsageError(f"the model has no feature '{printable(name)}'{hint}")
    weights = [0, *(weight for table in tables.features for weight in table.look_up.tolist())]
    asked = [table for table in tables.features if not only or table.name in only]
    curves = sorted((curve(table, language) for table in asked), key=lambda one: -one.span)
    everything = everything or bool(only)
    return Curves(
        tuple(one for one in curves if one.adds or everything),
        tuple(one for one in curves if not one.adds and not everything),
        min(weights),
        max(weights),
    )


def curve(table: StepTable, language: str) -> Curve:
    """One feature in words."""
    found = curve_of(table)
    if table.type == "category":
        found = (*sorted(found[:-1], key=lambda one: (-one[1], one[0].word)), found[-1])
    words = level_words([level for level, _, _ in found], table.edges, language)
    points = [Point(said, *one) for said, one in zip(words, found, strict=True)]
    is_read_whole = are_whole(table.edges) and len(table.edges) > 1
    return Curve(
        table.name,
        title_words(table.name, table.title, language),
        _direction(table, language),
        table.sensitive,
        tuple(printable(source) for source in table.sources),
        tuple(points),
        tuple(cut_words(table.edges)) if is_read_whole else (),
    )


def _direction(table: StepTable, language: str) -> str:
    if table.type == "category":
        return ""
    return direction_words(table.monotone, language, is_yes_no(table))


def strongest(weights: Mapping[str, int]) -> list[tuple[str, int]]:
    """Phrases with their weights, the strongest first, then by their own order."""
    return sorted(weights.items(), key=lambda item: (-abs(item[1]), item[0]))

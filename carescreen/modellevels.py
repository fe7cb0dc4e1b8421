"""The levels of a step table: which values of a feature share a weight, as data and without words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from carescreen.steps import StepTable

YES_NO_CUTS = (0.5,)  # a yes/no feature is 0 or 1


@dataclass(frozen=True)
class Level:
    """Values that share a weight.

    range: low < value <= high, None where there is no bound. word: one word of a category. unknown: a
    missing value, and of a category also a word that is none of its levels.
    """

    kind: Literal["range", "word", "unknown"]
    low: float | None = None
    high: float | None = None
    word: str = ""


UNKNOWN = Level("unknown")


def ranges(edges: Sequence[float]) -> tuple[Level, ...]:
    """The ranges between ascending edges, one more than there are edges."""
    return tuple(Level("range", low, high) for low, high in pairwise([None, *edges, None]))


def levels_of(table: StepTable) -> tuple[Level, ...]:
    """A level for each weight of a table's `look_up`, the unknown one last."""
    if table.type == "category":
        return (*(Level("word", word=word) for word in table.levels), UNKNOWN)
    return (*ranges(table.edges), UNKNOWN)


def is_yes_no(table: StepTable) -> bool:
    """Whether a feature is shown as no and yes."""
    return table.type == "number" and table.edges == YES_NO_CUTS


def curve_of(table: StepTable) -> tuple[tuple[Level, int, int | None], ...]:
    """Each level with its weight and its standard error in millionths, the unknown one last.

    The error is None where it was not worked out. Neighbouring ranges of one weight are one level,
    which changes no score, and have the largest of their errors; no and yes stay two.
    """
    levels, weights = levels_of(table), table.look_up.tolist()
    errors = table.errors or (None,) * len(levels)
    found = list(zip(levels, weights, errors, strict=True))
    return tuple(found if is_yes_no(table) else _joined(found))


def _joined(
    found: Sequence[tuple[Level, int, int | None]],
) -> Iterator[tuple[Level, int, int | None]]:
    held: tuple[Level, int, int | None] | None = None
    for level, weight, error in found:
        if held and held[0].kind == level.kind == "range" and held[1] == weight:
            worst = None if error is None else max(held[2] or 0, error)
            held = (Level("range", held[0].low, level.high), weight, worst)
            continue
        if held:
            yield held
        held = (level, weight, error)
    if held:
        yield held

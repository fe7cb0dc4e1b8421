"""What two runs are compared by: one measure each, with its size and its chance if nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from carescreen.evaluation.drift import exchanged
from carescreen.evaluation.watch_settings import WatchSettings
from carescreen.evaluation.watch_shape import Shape
from carescreen.pack import TIERS

Counts = NDArray[np.int64]
Direction = Literal["up", "down", "both"]
Profile = Mapping[str, Any]
Floats = NDArray[np.float64]
NONE = float("nan")


@dataclass(frozen=True)
class Measure:
    """One thing that was compared.

    kind, name, part  what: see `watch_words`; name is an indicator, rule, concept, caseworker or village
    old, new          shares (0 to 1), means or numbers, as the kind has them
    of_old, of_new    of how many children or visits
    weeks             the newest weeks that were compared with those before; 0: all children
    chance            at most, of such a difference if nothing had changed; NaN where none is meant
    size, apart       population stability index, and Kolmogorov distance of ordered values; NaN
    low, high         of a new value that has an interval, its ends
    is_large          whether it is large enough to act on
    """

    kind: str
    name: str
    old: float
    new: float
    of_old: float
    of_new: float
    is_large: bool
    chance: float = NONE
    part: str = ""
    weeks: int = 0
    size: float = NONE
    apart: float = NONE
    low: float = NONE
    high: float = NONE


def of_children(old: Profile, new: Profile, settings: WatchSettings) -> Iterator[Measure]:
    """Measures of all children as of both days."""
    compare = _Children(old, new, settings)
    everyone = compare.listed
    yield from compare.shares("unlisted", "children", ["unlisted"], compare.known, "up")
    yield from compare.shares("needs_data", "children", ["needs_data"], everyone, "up")
    yield from compare.shares("question", "children", ["has_question"], everyone, "both")
    yield from compare.shares("tier", "tier", TIERS, everyone, "both")
    for kind in ("rule_open", "rule_unknown"):
        names = sorted(_names(old, new, kind))
        yield from compare.shares(kind, kind, names, everyone, "both")
    names = sorted(_names(old, new, "known"))
    yield from compare.shares("missing", "known", names, everyone, "down")
    yield from compare.distribution("score", "", old.get("score", {}), new.get("score", {}))
    for name in names:
        parts = (side.get("value", {}).get(name, {}) for side in (old, new))
        yield from compare.distribution("values", name, *parts)


def _names(old: Profile, new: Profile, part: str) -> set[str]:
    return {*old.get(part, {}), *new.get(part, {})}


class _Children:
    """Compares counts by groups of households."""

    def __init__(self, old: Profile, new: Profile, settings: WatchSettings) -> None:
        self.sides, self.settings = (old, new), settings
        self.groups = int(old["groups"])
        self.listed = self._both("children", "listed")
        unlisted = self._both("children", "unlisted")
        self.known = (self.listed[0] + unlisted[0], self.listed[1] + unlisted[1])

    def _both(self, part: str, name: str) -> tuple[Counts, Counts]:
        old, new = (
            np.array(side.get(part, {}).get(name, [0] * self.groups), dtype=np.int64)
            for side in self.sides
        )
        return old, new

    def shares(
        self,
        kind: str,
        part: str,
        names: Sequence[str],
        of: tuple[Counts, Counts],
        alarms: Direction,
    ) -> Iterator[Measure]:
        """The share of children with each of some things."""
        if not names:
            return
        pairs = [self._both(part, name) for name in names]
        old, new = (np.stack([pair[side] for pair in pairs], axis=1) for side in (0, 1))
        chances = exchanged(old, of[0], new, of[1])
        of_old, of_new = (float(counts.sum()) for counts in of)
        for place, name in enumerate(names):
            before, after = (
                float(has[:, place].sum()) / count if count else NONE
                for has, count in ((old, of_old), (new, of_new))
            )
            yield Measure(
                kind,
                name,
                before,
                after,
                of_old,
                of_new,
                goes(before, after, alarms) and self.settings.is_large(before, after, of_new),
                float(chances[place]),
            )

    def distribution(
        self, kind: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Measure]:
        """Which values those have who have any."""
        words = sorted({*old, *new})
        if len(words) < 2:
            return
        none = [0] * self.groups
        tables = [
            np.array([side.get(word, none) for word in words], dtype=np.int64).T
            for side in (old, new)
        ]
        shape = Shape(words, *(table.sum(axis=0) for table in tables))
        of = [table.sum(axis=1) for table in tables]
        chances = exchanged(shape.tested(tables[0]), of[0], shape.tested(tables[1]), of[1])
        yield of_shape(kind, name, shape, chances, self.settings)


def goes(old: float, new: float, alarms: Direction) -> bool:
    """Whether a share moved in the direction that is an alarm."""
    return alarms == "both" or (new > old if alarms == "up" else new < old)


def of_shape(
    kind: str, name: str, shape: Shape, chances: Floats, settings: WatchSettings, weeks: int = 0
) -> Measure:
    """The measure of a distribution, given the chance of each of its parts."""
    found = shape.figures
    return Measure(
        kind,
        name,
        found.old,
        found.new,
        float(shape.old.sum()),
        float(shape.new.sum()),
        bool(found.size >= settings.stability),
        min(float(chances.min(initial=1.0)) * max(len(chances), 1), 1.0),
        part=found.part,
        weeks=weeks,
        size=found.size,
        apart=found.apart,
    )

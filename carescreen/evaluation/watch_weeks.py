"""Measures of the newest weeks' visits against the weeks before them.

The newest weeks are read from the new run, the weeks before from the old one as it saw them: a column
that an export has lost is lost in all weeks of the new run. Two lengths are compared, the weeks since
the old run and the newest four, so that weekly runs see at once what is plain and within a month
what is not; the smaller chance counts double.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from carescreen.evaluation.drift import (
    PRIOR_WEEKS,
    by_weeks,
    count_dispersions,
    dispersions,
    fewer,
)
from carescreen.evaluation.watch_measures import (
    Counts,
    Direction,
    Measure,
    Profile,
    goes,
    of_shape,
)
from carescreen.evaluation.watch_settings import WatchSettings
from carescreen.evaluation.watch_shape import Shape

MOST_WEEKS = 4
SILENT_WEEKS = (1, 2, 4)
# Fewer notes of one writer have no mean length: with 5 to 10, one short day is an alarm (simulated).
LEAST_NOTES = 20


@dataclass(frozen=True)
class Window:
    """The newest weeks that are compared, and the first week of the old run that none of them overlaps."""

    newest: int
    first: int


def windows(days: int) -> list[Window]:
    """What is compared of runs so many days apart."""
    since = min(max(days // 7, 1), MOST_WEEKS)
    return [
        Window(weeks, max(math.ceil(weeks - days / 7), 0)) for weeks in sorted({since, MOST_WEEKS})
    ]


def of_visits(
    old: Profile, new: Profile, chosen: Sequence[Window], settings: WatchSettings
) -> tuple[list[Measure], bool]:
    """Measures of visits, and whether the old run has enough weeks to compare with."""
    found: dict[tuple[str, str, str], list[Measure]] = {}
    compared = False
    for window in chosen:
        compare = _Weeks(old, new, window, settings)
        if np.count_nonzero(compare.made[0]) < settings.least_weeks or not compare.made[1].sum():
            continue
        compared = True
        for measure in compare.all():
            part = "" if np.isfinite(measure.size) else measure.part
            found.setdefault((measure.kind, measure.name, part), []).append(measure)
    measures = [_most_telling(each, len(chosen)) for each in found.values()]
    return [*measures, *_silent(new, settings)], compared


def _most_telling(measures: Sequence[Measure], tried: int) -> Measure:
    """The window whose difference is least by chance, large ones before others."""
    best = min(measures, key=lambda one: (not one.is_large, one.chance))
    return replace(best, chance=min(best.chance * tried, 1.0))


class _Weeks:
    """Compares counts by week."""

    def __init__(self, old: Profile, new: Profile, window: Window, settings: WatchSettings) -> None:
        self.sides, self.window, self.settings = (old, new), window, settings
        self.made = self._both("visits", "made")

    def all(self) -> Iterator[Measure]:
        """Every measure of visits."""
        old, new = self.sides
        noted = self._both("visits", "with_note")
        yield from self.shares("seen", [("visits", "seen")], self.made, "down")
        yield from self.shares("noted", [("visits", "with_note")], self.made, "down")
        columns = sorted({*old.get("filled", {}), *new.get("filled", {})})
        yield from self.shares("filled", [("filled", name) for name in columns], self.made, "down")
        yield from self.shares("mention", _mentions(old, new), noted, "both")
        yield from self.distribution("length", "", *self._parts("length"))
        yield from self.distribution("language", "", *self._parts("language"))
        for name in columns:
            given = [side.get("given", {}).get(name, {}) for side in self.sides]
            yield from self.distribution("given", name, *given)
        yield from self.numbers()
        for level in ("worker", "village"):
            yield from self.writers(level)

    def _parts(self, part: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return self.sides[0].get(part, {}), self.sides[1].get(part, {})

    def _cut(self, old: object, new: object) -> tuple[Counts, Counts]:
        """The weeks before as the old run saw them, and the newest weeks of the new one."""
        before, after = (np.array(counts, dtype=np.int64) for counts in (old, new))
        return before[self.window.first :], after[: self.window.newest]

    def _both(self, *key: str) -> tuple[Counts, Counts]:
        old, new = (_at(side, key) for side in self.sides)
        return self._cut(old, new)

    def shares(
        self,
        kind: str,
        keys: Sequence[tuple[str, ...]],
        of: tuple[Counts, Counts],
        alarms: Direction,
    ) -> Iterator[Measure]:
        """The share of visits with each of some things; keys end in what is named."""
        if not keys or not of[0].sum() or not of[1].sum():
            return
        pairs = [self._both(*key) for key in keys]
        before = np.stack([pair[0] for pair in pairs], axis=1)
        after = np.array([pair[1].sum() for pair in pairs], dtype=np.float64)
        of_old, of_new = float(of[0].sum()), float(of[1].sum())
        spread = dispersions(before, np.repeat(of[0][:, None], len(keys), axis=1))
        chances = by_weeks(before, of[0], after, of_new, spread)
        for place, key in enumerate(keys):
            old, new = float(before[:, place].sum()) / of_old, float(after[place]) / of_new
            large = goes(old, new, alarms) and self.settings.is_large(old, new, of_new)
            name, part = key[1] if key[0] != "visits" else "", "".join(key[2:])
            chance = float(chances[place])
            weeks = self.window.newest
            yield Measure(kind, name, old, new, of_old, of_new, large, chance, part, weeks)

    def distribution(
        self, kind: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Measure]:
        """Which values those visits have that have any."""
        words = sorted({*old, *new})
        if len(words) < 2:
            return
        cut = [self._cut(old.get(word, _NOTHING), new.get(word, _NOTHING)) for word in words]
        before = np.stack([pair[0] for pair in cut], axis=1)
        after = np.array([[pair[1].sum() for pair in cut]], dtype=np.int64)
        if not before.sum() or not after.sum():
            return
        shape = Shape(words, before.sum(axis=0), after[0])
        tested = shape.tested(before)
        of = before.sum(axis=1)
        spread = dispersions(tested, np.repeat(of[:, None], tested.shape[1], axis=1))
        now = shape.tested(after)[0].astype(np.float64)
        chances = by_weeks(tested, of, now, float(after.sum()), spread)
        yield of_shape(kind, name, shape, chances, self.settings, self.window.newest)

    def numbers(self) -> Iterator[Measure]:
        """Visits a week, fewer than before."""
        before, after = self.made
        spread = float(count_dispersions(before[:, None])[0])
        chance = fewer(before, float(after.sum()), self.window.newest, spread)
        old, new = float(before.mean()), float(after.mean())
        large = new < old / self.settings.ratio
        weeks = self.window.newest
        yield Measure("visits", "", old, new, len(before), weeks, large, chance, weeks=weeks)

    def writers(self, level: str) -> Iterator[Measure]:
        """Notes of each caseworker or village: at how many visits, and how long."""
        old, new = self._parts(level)
        names = sorted({*old} & {*new})
        for name in names:
            keys = [(level, name, "with_note")]
            of = self._both(level, name, "visits")
            for measure in self.shares("noted", keys, of, "down"):
                yield replace(measure, kind=f"{level}_noted", part="")
        yield from self._lengths(level, names)

    def _lengths(self, level: str, names: Sequence[str]) -> Iterator[Measure]:
        """Mean lengths (geometric, in characters) against those of the weeks before."""
        found = [
            (name, _Lengths(*(self._both(level, name, what) for what in _LENGTH_COUNTS)))
            for name in names
        ]
        found = [(name, one) for name, one in found if one.is_enough]
        free = sum(one.free for _, one in found)
        family = sum(one.chi2 for _, one in found) / free if free else 1.0
        for name, one in found:
            old, new = (float(np.exp(mean / 1000.0)) for mean in one.means)
            large = new <= self.settings.note_length * old
            chance = one.chance(family)
            weeks = self.window.newest
            kind = f"{level}_length"
            yield Measure(kind, name, old, new, *one.counts, large, chance, weeks=weeks)


class _Lengths:
    """Logarithms of one writer's note lengths, in thousandths, by week."""

    def __init__(
        self,
        count: tuple[Counts, Counts],
        total: tuple[Counts, Counts],
        squares: tuple[Counts, Counts],
    ) -> None:
        self.weekly = count[0], total[0]
        self.counts = float(count[0].sum()), float(count[1].sum())
        self.is_enough = min(self.counts) >= LEAST_NOTES
        if self.is_enough:
            self.means = total[0].sum() / self.counts[0], total[1].sum() / self.counts[1]
            spread = squares[0].sum() / self.counts[0] - self.means[0] ** 2
            self.variance = max(float(spread), 1.0)

    @property
    def free(self) -> int:
        """Weeks with notes, but one."""
        return max(int((self.weekly[0] > 0).sum()) - 1, 0)

    @property
    def chi2(self) -> float:
        """How much the means of the weeks before differ among themselves."""
        count, total = self.weekly
        has = count > 0
        away = total[has] / count[has] - self.means[0]
        return float((count[has] * away**2).sum() / self.variance)

    def chance(self, family: float) -> float:
        """Of means as different as these; `family` is the dispersion of all writers."""
        free = self.free + PRIOR_WEEKS
        dispersion = max((self.chi2 + PRIOR_WEEKS * family) / free, 1.0)
        error = np.sqrt(self.variance * dispersion * sum(1.0 / count for count in self.counts))
        return float(2.0 * stats.t.sf(abs(self.means[1] - self.means[0]) / error, free))


def _silent(new: Profile, settings: WatchSettings) -> Iterator[Measure]:
    """Caseworkers (villages, where nobody is named) of whom nothing came in for some weeks."""
    level = "worker" if new.get("worker") else "village"
    writers = new.get(level, {})
    names = sorted(writers)
    if not names:
        return
    counts = np.array([writers[name]["with_note"] for name in names], dtype=np.int64).T
    tried = [(weeks, _silence(counts, weeks)) for weeks in SILENT_WEEKS]
    for place, name in enumerate(names):
        weeks, chances = min(tried, key=lambda one: one[1][place])
        before, after = counts[weeks:, place], counts[:weeks, place]
        large = (
            not after.sum() and np.count_nonzero(counts[weeks:].sum(axis=1)) >= settings.least_weeks
        )
        chance = min(float(chances[place]) * len(SILENT_WEEKS), 1.0)
        yield Measure(
            f"{level}_silent",
            name,
            float(before.mean()),
            float(after.mean()),
            len(before),
            weeks,
            bool(large),
            chance,
            weeks=weeks,
        )


def _silence(counts: Counts, weeks: int) -> list[float]:
    """Of each writer the chance of no note in the newest weeks; 1 where there is one."""
    before, after = counts[weeks:], counts[:weeks].sum(axis=0)
    spread = count_dispersions(before)
    return [
        1.0 if after[place] else fewer(before[:, place], 0.0, weeks, float(spread[place]))
        for place in range(counts.shape[1])
    ]


_LENGTH_COUNTS = ("with_note", "log_length", "log_length_2")
_NOTHING = [0] * 13


def _at(side: Mapping[str, Any], key: Sequence[str]) -> object:
    found: Any = side
    for name in key:
        found = found.get(name, {})
    return found or _NOTHING


def _mentions(old: Profile, new: Profile) -> list[tuple[str, ...]]:
    pairs = {
        (concept, status)
        for side in (old, new)
        for concept, statuses in side.get("mention", {}).items()
        for status in statuses
    }
    return [("mention", concept, status) for concept, status in sorted(pairs)]

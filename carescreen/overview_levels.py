"""The counts of one date by place, from the whole programme down to a village."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from carescreen.overview import COUNTS, DONE
from carescreen.overview_places import PLACES

Level = Literal["whole", "province", "county", "village"]
LEVELS: tuple[Level, ...] = ("whole", "province", "county", "village")
Key = tuple[str | None, ...]  # province, county, village: as many as the level has


@dataclass(frozen=True)
class Place:
    """A place with its counts; `counts` holds None where there was no list before.

    median_days  days since the children of a village were last seen, None for larger places: it
                 cannot be added up
    """

    key: Key
    counts: dict[str, int | None]
    median_days: float | None
    parts: tuple[Place, ...] = ()

    @property
    def level(self) -> Level:
        """What kind of place it is."""
        return LEVELS[len(self.key)]

    @property
    def name(self) -> str | None:
        """Its id; None where the records do not say it, and for the whole."""
        return self.key[-1] if self.key else None

    def count(self, name: str) -> int:
        """A count that every date has."""
        return self.counts[name] or 0

    def at(self, level: Level) -> list[Place]:
        """The places of one level in it, in the order of their names."""
        if self.level == level:
            return [self]
        return [place for part in self.parts for place in part.at(level)]


def whole_of(table: pd.DataFrame) -> Place:
    """The programme as a tree of places, from the rows of one date of a table of counts."""
    rows = table.to_dict("records")
    villages = [
        Place(
            tuple(row[name] for name in PLACES),
            {name: None if pd.isna(row[name]) else int(row[name]) for name in COUNTS},
            None if pd.isna(row["median_days"]) else float(row["median_days"]),
        )
        for row in rows
    ]
    return _joined((), villages)


def _joined(key: Key, villages: list[Place]) -> Place:
    """A place of the villages in it, with the places between the two."""
    depth = len(key) + 1
    groups: dict[Key, list[Place]] = {}
    for village in villages:
        groups.setdefault(village.key[:depth], []).append(village)
    is_lowest = depth == len(PLACES)
    parts = [group[0] if is_lowest else _joined(inner, group) for inner, group in groups.items()]
    return Place(key, _sums(parts), None, tuple(parts))


def _sums(parts: list[Place]) -> dict[str, int | None]:
    counts: dict[str, int | None] = {}
    for name in COUNTS:
        known = [part.counts[name] for part in parts]
        has_none = name in DONE and all(count is None for count in known)
        counts[name] = None if has_none else sum(count or 0 for count in known)
    return counts

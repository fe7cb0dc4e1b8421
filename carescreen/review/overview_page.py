"""The programme overview as a page shows it: a block for each place that has parts, with its plots.

A level with one place alone is passed over: a programme of one county begins with its villages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from carescreen.overview import CLOSED, COUNTS, OPEN, dates_of
from carescreen.overview_levels import Key, Level, Place, whole_of
from carescreen.pack import TIERS
from carescreen.review.info import ListInfo
from carescreen.review.plots import Bar, Chart, bar, chart
from carescreen.review.texts import Texts, both, both_counted

MOST_COMPARED = 40  # places whose bars stand side by side; the table has them all

_FILLS = ("solid", "dense", "wide", "dotted", "blank")
_LEVEL_TEXTS: Mapping[Level, str] = {
    "province": "overview_by_province",
    "county": "overview_by_county",
    "village": "overview_by_village",
}


@dataclass(frozen=True)
class Row:
    """A place in the table of a block.

    block   number of its own block, None for a village
    pages   where the village's children are listed: addresses, "" for this page
    """

    place: Place
    block: int | None
    pages: tuple[str, ...]
    concerns: Bar
    seen: Bar

    @property
    def name(self) -> Texts:
        """Its id, or that the records do not say it."""
        return _name(self.place)

    @property
    def concern_total(self) -> int:
        """Open concerns of all tiers."""
        return sum(self.place.count(name) for name in OPEN)


@dataclass(frozen=True)
class Block:
    """A place with its numbers, plots and parts; `trail` leads to it from the whole."""

    number: int
    place: Place
    trail: tuple[tuple[int, Texts], ...]
    by: Texts
    rows: tuple[Row, ...]
    opened: Bar
    closed: Bar
    seen: Bar
    charts: tuple[Chart, ...]
    runs: tuple[tuple[str, Place], ...]

    @property
    def name(self) -> Texts:
        """Its id, or "all places"."""
        return _name(self.place)

    @property
    def has_medians(self) -> bool:
        """Whether its parts are villages, of which a median is known."""
        return any(row.place.median_days is not None for row in self.rows)

    @property
    def compared(self) -> tuple[Row, ...]:
        """The parts whose bars are drawn side by side; none where they are too many."""
        return self.rows if 1 < len(self.rows) <= MOST_COMPARED else ()


def with_overview(
    info: ListInfo,
    counts: pd.DataFrame | None,
    villages: Iterable[str],
    is_part: bool = False,
) -> dict[str, Any]:
    """What page.html.j2 needs to show the overview beside the records that are on the page.

    `villages` are those of its records; a page that is one of several shows no others.
    """
    listed = dict.fromkeys(villages, ("",))
    return _values(info, counts, set(listed) if is_part else None, listed)


def contents_overview(
    info: ListInfo, counts: pd.DataFrame | None, pages: Mapping[str, Collection[str]]
) -> dict[str, Any]:
    """What index.html.j2 needs to show the overview; `pages` are the villages of each address."""
    listed: dict[str, list[str]] = {}
    for address, villages in pages.items():
        for village in villages:
            listed.setdefault(village, []).append(address)
    return _values(info, counts, None, listed)


def _values(
    info: ListInfo,
    counts: pd.DataFrame | None,
    villages: Collection[str] | None,
    listed: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    return {
        "overview": [] if counts is None else overview_blocks(counts, villages, listed),
        "on_paper": lambda tier: hours_on_paper(tier, info.tier_hours),
    }


def overview_blocks(
    counts: pd.DataFrame, villages: Collection[str] | None, pages: Mapping[str, Sequence[str]]
) -> list[Block]:
    """The blocks of a page, the whole first; none where nothing is counted.

    `villages` are those that the page shows, None for all. `pages` says at which addresses the
    children of a village are listed.
    """
    shown = counts if villages is None else counts[counts["village_id"].isin(list(villages))]
    if not len(shown):
        return []
    runs = [(day, whole_of(shown[shown["as_of"] == day])) for day in dates_of(shown)]
    history = [(day, {place.key: place for place in _all(whole)}) for day, whole in runs]
    return list(_Blocks(history, pages).of(runs[-1][1]))


def hours_on_paper(tier: str, hours: Mapping[str, int]) -> Texts:
    """What stands for a tier on paper: how soon the programme wants it seen, or a letter."""
    if tier not in hours:
        letter = "ABCD"[TIERS.index(tier)]
        return {"zh": letter, "en": letter}
    if hours[tier] % 24:
        return both_counted("overview_within_hours", hours[tier])
    return both_counted("overview_within_days", hours[tier] // 24)


def _all(place: Place) -> Iterator[Place]:
    yield place
    for part in place.parts:
        yield from _all(part)


def _name(place: Place) -> Texts:
    if not place.key:
        return both("overview_whole")
    if place.name is None:
        return both("overview_not_said")
    return {"zh": place.name, "en": place.name}


def _parts(place: Place) -> tuple[Place, ...]:
    """The parts of a place that are worth comparing: a part that is alone gives way to its own."""
    parts = place.parts
    while len(parts) == 1 and parts[0].parts:
        parts = parts[0].parts
    return parts


class _Blocks:
    """Makes the blocks of a page and numbers them."""

    def __init__(
        self,
        history: Sequence[tuple[str, Mapping[Key, Place]]],
        pages: Mapping[str, Sequence[str]],
    ) -> None:
        self.history, self.pages = history, pages
        self.numbers: dict[Key, int] = {}

    def of(self, place: Place, trail: tuple[tuple[int, Texts], ...] = ()) -> Iterator[Block]:
        """The block of a place, then those of its parts."""
        number = self._number(place)
        parts = _parts(place)
        yield self._block(place, number, trail, parts)
        for part in parts:
            if part.parts:
                yield from self.of(part, (*trail, (number, _name(place))))

    def _number(self, place: Place) -> int:
        return self.numbers.setdefault(place.key, len(self.numbers))

    def _block(
        self,
        place: Place,
        number: int,
        trail: tuple[tuple[int, Texts], ...],
        parts: Sequence[Place],
    ) -> Block:
        most = max(sum(part.count(name) for name in OPEN) for part in parts)
        runs = tuple(
            (day, places[place.key]) for day, places in self.history if place.key in places
        )
        return Block(
            number=number,
            place=place,
            trail=trail,
            by=both(_LEVEL_TEXTS[parts[0].level]),
            rows=tuple(self._row(part, most) for part in parts),
            opened=_tier_bar(place, OPEN, "overview_open"),
            closed=_tier_bar(place, CLOSED, "overview_closed"),
            seen=_seen_bar(place),
            charts=tuple(_charts(runs)),
            runs=runs[::-1],
        )

    def _row(self, place: Place, most: int) -> Row:
        is_village = not place.parts
        return Row(
            place=place,
            block=None if is_village else self._number(place),
            pages=tuple(self.pages.get(place.name or "", ())) if is_village else (),
            concerns=_tier_bar(place, OPEN, "overview_open", most),
            seen=_seen_bar(place),
        )


def _tier_bar(place: Place, names: Sequence[str], title: str, scale: int | None = None) -> Bar:
    parts = [
        (both(f"tier_{tier}"), fill, place.count(name))
        for tier, fill, name in zip(TIERS, _FILLS[:4], names, strict=True)
    ]
    return bar(both(title), parts, scale)


def _seen_bar(place: Place) -> Bar:
    within = [place.count(name) for name in ("seen_30", "seen_90", "seen_180")]
    never = place.count("never_seen")
    counts = (
        *(within[0], within[1] - within[0], within[2] - within[1]),
        *(place.count("children") - never - within[2], never),
    )
    labels = (
        *("overview_seen_0_30", "overview_seen_31_90", "overview_seen_91_180"),
        *("overview_seen_over_180", "overview_never_seen"),
    )
    parts = [
        (both(label), fill, count)
        for label, fill, count in zip(labels, _FILLS, counts, strict=True)
    ]
    return bar(both("overview_last_seen"), parts)


def _charts(runs: Sequence[tuple[str, Place]]) -> Iterator[Chart]:
    dates = [day for day, _ in runs]
    over = {name: [place.counts[name] for _, place in runs] for name in COUNTS}
    ordinary = zip(over["overdue"], over["overdue_routine"], strict=True)
    urgent_late = [(late or 0) - (routine or 0) for late, routine in ordinary]
    wanted: tuple[tuple[str, list[tuple[Texts, str, Sequence[int | None]]]], ...] = (
        (
            "overview_overdue",
            [
                (both("overview_overdue"), "solid", over["overdue"]),
                (both("overview_overdue_other"), "dashed", urgent_late),
            ],
        ),
        (
            "overview_seen_90",
            [
                (both("overview_seen_90"), "solid", over["seen_90"]),
                (both("index_children"), "dashed", over["children"]),
            ],
        ),
        (
            "overview_open",
            [
                (both(f"tier_{tier}"), kind, over[f"open_{tier}"])
                for tier, kind in zip(TIERS, ("solid", "dashed", "dots"), strict=False)
            ],
        ),
    )
    for title, series in wanted:
        drawn = chart(both(title), dates, series)
        if drawn is not None:
            yield drawn

"""Bars and lines of a page as numbers for its SVG: drawn when the page is made, without a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from carescreen.review.texts import LANGUAGES, Texts, both, items


@dataclass(frozen=True)
class Segment:
    """A part of a bar: what it counts, and where it is drawn, in hundredths of the width."""

    label: Texts
    fill: str
    count: int
    x: str
    width: str


@dataclass(frozen=True)
class Bar:
    """Parts of a whole side by side, told apart by pattern and named with their counts."""

    title: Texts
    segments: tuple[Segment, ...]
    total: int

    @property
    def description(self) -> Texts:
        """Each part with its count, for those who do not see it."""
        return listed([(segment.label, segment.count) for segment in self.segments])


@dataclass(frozen=True)
class Line:
    """One count over the runs: a path within a square of 100, and where its points are."""

    label: Texts
    kind: str
    path: str
    dots: str
    last: int


@dataclass(frozen=True)
class Chart:
    """Lines on one scale from 0 to `top`, from the first date to the last."""

    title: Texts
    lines: tuple[Line, ...]
    top: int
    first_on: str
    last_on: str

    @property
    def description(self) -> Texts:
        """From when to when, and the newest count of each line."""
        found = listed([(line.label, line.last) for line in self.lines])
        since = both("overview_from_to", first=self.first_on, last=self.last_on)
        return {name: f"{since[name]} {found[name]}" for name in LANGUAGES}


def bar(title: Texts, parts: Sequence[tuple[Texts, str, int]], scale: int | None = None) -> Bar:
    """A bar of (label, fill, count), as long as the total, or as its share of `scale`."""
    total = sum(count for *_, count in parts)
    per_cent, x, segments = 100 / max(scale or total, 1), 0.0, []
    for label, fill, count in parts:
        width = count * per_cent
        segments.append(Segment(label, fill, count, f"{x:.2f}%", f"{width:.2f}%"))
        x += width
    return Bar(title, tuple(segments), total)


def chart(
    title: Texts, dates: Sequence[str], series: Sequence[tuple[Texts, str, Sequence[int | None]]]
) -> Chart | None:
    """Lines of (label, kind, count by date); None where there are not two dates to join.

    A date on which a place was not counted breaks its line.
    """
    if len(dates) < 2:
        return None
    top = max([count or 0 for *_, counts in series for count in counts] + [1])
    days = [date.fromisoformat(day).toordinal() for day in dates]
    places = [100 * (day - days[0]) / (days[-1] - days[0]) for day in days]
    lines = tuple(
        Line(label, kind, *_drawn(places, counts, top), counts[-1] or 0)
        for label, kind, counts in series
    )
    return Chart(title, lines, top, dates[0], dates[-1])


def _drawn(places: Sequence[float], counts: Sequence[int | None], top: int) -> tuple[str, str]:
    path, dots, joined = [], [], False
    for x, count in zip(places, counts, strict=True):
        if count is not None:
            at = f"{x:.1f} {100 - 100 * count / top:.1f}"
            path.append(f"{'L' if joined else 'M'}{at}")
            dots.append(f"M{at}h0")
        joined = count is not None
    return "".join(path), "".join(dots)


def listed(parts: Sequence[tuple[Texts, int]]) -> Mapping[str, str]:
    """Labels with their counts, as one enumeration in each language."""
    return {
        language: items([f"{label[language]} {count:,}" for label, count in parts], language)
        for language in LANGUAGES
    }

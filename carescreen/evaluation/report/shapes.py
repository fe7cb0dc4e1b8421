"""Scales, lines, bands and labels of an SVG. Numbers are rounded to tenths: same figures, same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from carescreen.modelshow.drawing import Label, round_step
from carescreen.modelshow.words import plain_number

WIDTH = 360
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 20, 38


@dataclass(frozen=True)
class Axis:
    """Where values lie between two places, with round ticks."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """The place of a value; of one outside, the nearer end."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start), 1)


@dataclass(frozen=True)
class Mark:
    """A path with a class of the style sheet."""

    path: str
    kind: str


@dataclass(frozen=True)
class Text:
    """A label with a class of the style sheet."""

    label: Label
    kind: str


@dataclass(frozen=True)
class Chart:
    """A drawing: marks from the back to the front. key: (class, words) of its lines.

    description: its figures in words, for those who do not see it.
    """

    key: str
    title: str
    description: str
    height: int
    marks: tuple[Mark, ...]
    texts: tuple[Text, ...]
    legend: tuple[tuple[str, str], ...] = ()
    note: str = ""


def axis(low: float, high: float, start: float, end: float, parts: int = 5) -> Axis:
    """An axis with round ends that hold both values.

    >>> axis(0.0, 0.87, 0, 100).ticks
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    if not high > low:
        high = low + 1.0
    step = round_step((high - low) / parts)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(k * step, 9) for k in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], start, end, ticks)


def line(points: Sequence[tuple[float, float]]) -> str:
    """A path through points."""
    return "".join(f"{'L' if place else 'M'}{x} {y}" for place, (x, y) in enumerate(points))


def band(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]) -> str:
    """The area between two lines."""
    return f"{line([*upper, *reversed(lower)])}Z" if upper else ""


def whisker(x1: float, x2: float, y: float) -> str:
    """A flat line with ends."""
    return f"M{x1} {y}H{x2}M{x1} {round(y - 3, 1)}V{round(y + 3, 1)}M{x2} {round(y - 3, 1)}V{round(y + 3, 1)}"


def upright(x: float, y1: float, y2: float) -> str:
    """An upright line with ends."""
    return f"M{x} {y1}V{y2}M{round(x - 3, 1)} {y1}H{round(x + 3, 1)}M{round(x - 3, 1)} {y2}H{round(x + 3, 1)}"


def dot(x: float, y: float) -> str:
    """A point, drawn by the round end of a line of no length."""
    return f"M{x} {y}h0"


def grid(across: Axis, up: Axis, *, hundred: tuple[bool, bool]) -> tuple[list[Mark], list[Text]]:
    """Lines and words of the ticks; hundred: whether an axis is of shares (across, up)."""
    marks = [Mark(f"M{across.start} {up.at(tick)}H{across.end}", "tick") for tick in up.ticks]
    texts = [
        Text(Label(across.start - 5, up.at(tick) + 3.5, tick_words(tick, hundred[1])), "left")
        for tick in up.ticks
    ]
    texts += [
        Text(Label(across.at(tick), up.start + 14, tick_words(tick, hundred[0])), "below")
        for tick in across.ticks
    ]
    return marks, texts


def tick_words(value: float, hundred: bool) -> str:
    """A tick's number; of a share, so many of 100."""
    shown = plain_number(round(value * 100.0, 6) if hundred else value)
    return shown.replace("-", "−")

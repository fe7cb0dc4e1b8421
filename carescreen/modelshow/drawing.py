"""A curve as the geometry of an SVG: steps over equal widths, the unknown level apart, a zero line.

Levels have equal widths, since the first and last have no end and the others may differ a thousandfold.
All curves of one model share the vertical scale. Numbers are rounded to tenths of a unit, so that the
same model gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Literal

from carescreen.modelshow.curves import Curve, Curves, Point
from carescreen.modelshow.words import plain_number, weight_words
from carescreen.review.reasons import columns, shorten
from carescreen.steps import MICRO

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 6, 20, 40
GAP, APART = 12, 54  # before the unknown level, and its width
LETTER = 5.6  # width of a column of text
TICKS = 5  # about so many parts of the scale


@dataclass(frozen=True)
class Scale:
    """The vertical scale of every drawing: log-odds of its ends, and of its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def y(self, micro: float) -> float:
        """Where a weight in millionths is drawn."""
        share = (self.high - micro / MICRO) / (self.high - self.low)
        return round(TOP + share * (HEIGHT - TOP - BOTTOM), 1)


@dataclass(frozen=True)
class Label:
    """A text at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Block:
    """The area between a level and the zero line."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """What is drawn of one curve.

    steps: path of the known levels; unknown: path of the unknown one. ticks: (y, words). figures:
    weights above their levels, empty where there is no room. names: words under the levels (`named`), cuts
    under the edges, or the levels' numbers in the table (`numbered`).
    """

    steps: str
    unknown: str
    zero: float
    blocks: tuple[Block, ...]
    ticks: tuple[Label, ...]
    figures: tuple[Label, ...]
    names: tuple[Label, ...]
    named: bool
    numbered: bool
    divider: float
    unknown_at: float


def scale_of(curves: Curves) -> Scale:
    """A scale over all weights of a model with round ticks, 0 among them."""
    low, high = curves.low / MICRO, curves.high / MICRO
    if low == high:
        return Scale(0.0, 1.0, (0.0, 1.0))
    step = round_step((high - low) / TICKS)
    first, last = floor(low / step), ceil(high / step)
    return Scale(
        first * step, last * step, tuple(round(k * step, 9) for k in range(first, last + 1))
    )


def round_step(least: float) -> float:
    """The smallest round step (1, 2, 2.5 or 5 at any power of ten) that is not below `least`.

    >>> round_step(0.17), round_step(30)
    (0.2, 50.0)
    """
    power = 10.0 ** floor(log10(least))
    return next(
        step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= least * 0.999
    )


def drawing_of(curve: Curve, scale: Scale) -> Drawing:
    """The geometry of one curve."""
    *known, unknown = curve.points
    right = WIDTH - RIGHT - APART - GAP
    slot = (right - LEFT) / max(len(known), 1)
    starts = [round(LEFT + place * slot, 1) for place in range(len(known) + 1)]
    apart = WIDTH - RIGHT - APART
    names, kind = _names(curve, known, starts, slot)
    ends = list(zip(known, starts, starts[1:], strict=False))
    ends.append((unknown, apart, apart + APART))
    return Drawing(
        steps=_steps(known, starts, scale, joined=not curve.is_category),
        unknown=f"M{apart} {scale.y(unknown.weight)}H{apart + APART}",
        zero=scale.y(0),
        blocks=tuple(_block(*end, scale) for end in ends),
        ticks=tuple(Label(LEFT - 6, scale.y(tick * MICRO), _signed(tick)) for tick in scale.ticks),
        figures=tuple(_figure(*end, scale) for end in ends if end[2] - end[1] >= 7 * LETTER),
        names=names,
        named=kind == "words",
        numbered=kind == "numbers",
        divider=apart - GAP / 2,
        unknown_at=apart + APART / 2,
    )


def true_minus(words: str) -> str:
    """A signed number with the minus sign that printing has for it."""
    return words.replace("-", "−")


def _signed(value: float) -> str:
    return true_minus(("+" if value > 0 else "") + plain_number(value))


def _steps(points: Sequence[Point], starts: Sequence[float], scale: Scale, joined: bool) -> str:
    path = []
    for place, point in enumerate(points):
        y = scale.y(point.weight)
        path.append(f"V{y}" if joined and place else f"M{starts[place]} {y}")
        path.append(f"H{starts[place + 1]}")
    return "".join(path)


def _block(point: Point, left: float, right: float, scale: Scale) -> Block:
    y, zero = scale.y(point.weight), scale.y(0)
    return Block(left, min(y, zero), round(right - left, 1), round(abs(zero - y), 1))


def _figure(point: Point, left: float, right: float, scale: Scale) -> Label:
    y = scale.y(point.weight) + (14 if point.weight < 0 else -5)
    return Label(round((left + right) / 2, 1), round(y, 1), true_minus(weight_words(point.weight)))


def _names(
    curve: Curve, known: Sequence[Point], starts: Sequence[float], slot: float
) -> tuple[tuple[Label, ...], Literal["words", "cuts", "numbers"]]:
    """Words under the levels where they fit; else the cuts of numbers, and of words their number."""
    y = HEIGHT - BOTTOM + 15
    middles = [round((left + right) / 2, 1) for left, right in pairwise(starts)]
    words = [point.words for point in known]
    if max(map(columns, words), default=0) * LETTER <= slot - 4:
        return tuple(Label(x, y, word) for x, word in zip(middles, words, strict=True)), "words"
    if not curve.is_category and len(known) > 1:
        cuts = [
            plain_number(point.level.high) for point in known[:-1] if point.level.high is not None
        ]
        every = ceil((max(map(columns, cuts)) + 1.5) * LETTER / slot)
        marks = list(zip(starts[1:], cuts, strict=False))[::every]
        return tuple(Label(x, y, cut) for x, cut in marks), "cuts"
    if len(known) == 1:
        return (Label(middles[0], y, shorten(words[0], int(slot / LETTER))),), "words"
    every = ceil(4 * LETTER / slot)
    numbers = list(enumerate(middles, 1))[::every]
    return tuple(Label(x, y, str(number)) for number, x in numbers), "numbers"

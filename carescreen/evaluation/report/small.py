"""Small cells: which counts are small, and which rows must go with them so that none comes back."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from carescreen.evaluation.judged import SMALL_CELL

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_COUNTED = (
    "confirmed|cases?|child|events?|judged|of(?! 100)|outcomes?|random|visits?|例|个|名|次|条|人"
)
_ALONE = re.compile(
    rf"(?<![\w.,:±≤–-])[1-{SMALL_CELL}](?=\s?(?:{_COUNTED}))|(?<=confirmed )[1-{SMALL_CELL}](?![\d.,])"
)
_OF = re.compile(r"\b(?P<part>[\d,]+) of (?P<whole>[\d,]+)\b")


def is_small(counts: Floats) -> Flags:
    """Whether a count is 1 to SMALL_CELL, after rounding to whole ones; NaN is not.

    >>> is_small(np.array([0.0, 0.6, 7.4, 8.0, np.nan])).tolist()
    [False, True, True, False, False]
    """
    whole = np.rint(np.nan_to_num(counts))
    return np.asarray((whole >= 1) & (whole <= SMALL_CELL))


def rows_to_blank(counts: Floats, also: Flags | None = None) -> Flags:
    """Which rows of a table to blank; counts[row, k] add up over the rows to numbers that are known.

    Rows go with the small ones until the blanked ones together hold more than SMALL_CELL, or none,
    of everything that is counted. also: rows to blank whatever they count.

    >>> rows_to_blank(np.array([[100.0, 40.0], [90.0, 5.0], [80.0, 9.0]])).tolist()
    [False, True, True]
    >>> rows_to_blank(np.array([[100.0, 40.0], [90.0, 30.0]])).tolist()
    [False, False]
    """
    counts = np.nan_to_num(counts)
    blank = np.asarray(is_small(counts).any(axis=1))
    if also is not None:
        blank = np.asarray(blank | also)
    while blank.any() and not blank.all():
        together = counts[blank].sum(axis=0)
        if blank.sum() > 1 and not is_small(together).any():
            break
        least = np.where(blank, np.inf, counts.min(axis=1))
        blank[int(np.argmin(least))] = True
    return blank


def steps_to_keep(counts: Floats, first: int = 0) -> Flags:
    """Which rows of a cumulated table to keep, such that no two kept ones differ by a small number.

    `first` is the row that is kept before all others, unless it is small itself.

    >>> steps_to_keep(np.array([[10.0], [15.0], [30.0], [34.0]]), first=1).tolist()
    [False, True, True, False]
    """
    kept: list[int] = []
    for place in dict.fromkeys((first, *range(len(counts)))):
        apart = np.abs(counts[place] - counts[kept])
        if not (is_small(counts[place]).any() or is_small(apart).any()):
            kept.append(place)
    return np.isin(np.arange(len(counts)), kept)


def without_small(sentence: str) -> str:
    """A sentence whose small counts, and parts that lack a small count of a whole, are not shown.

    >>> without_small("5 confirmed outcomes; 412 of 417 are judged; under 20 events")
    '≤7 confirmed outcomes; most of 417 are judged; under 20 events'
    """

    def part(found: re.Match[str]) -> str:
        lacking = _whole(found["whole"]) - _whole(found["part"])
        return f"most of {found['whole']}" if 1 <= lacking <= SMALL_CELL else found[0]

    return _ALONE.sub(f"≤{SMALL_CELL}", _OF.sub(part, sentence))


def _whole(digits: str) -> int:
    return int(digits.replace(",", "") or 0)

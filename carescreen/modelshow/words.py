"""Levels, weights and directions of a model's features in words, Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import floor

import numpy as np

from carescreen.modellevels import YES_NO_CUTS, Level
from carescreen.modelshow.texts import say
from carescreen.review.reasons import printable
from carescreen.steps import MICRO

LARGEST = 1e15  # beyond it, and below its inverse, numbers are written with an exponent
DIGITS = 6  # of a cut, unless two cuts would read the same
_DIRECTIONS = {1: "direction_up", -1: "direction_down", 0: "direction_free"}


def weight_words(micro: int) -> str:
    """A weight or a change as signed log-odds; six decimals where three would hide it.

    >>> weight_words(450_000), weight_words(-7), weight_words(0)
    ('+0.450', '-0.000007', '+0.000')
    """
    return f"{micro / MICRO:+.{6 if 0 < abs(micro) < 500 else 3}f}"


def error_words(micro: int) -> str:
    """A standard error in log-odds, which has no sign.

    >>> error_words(123_456)
    '0.123'
    """
    return f"{micro / MICRO:.3f}"


def plain_number(value: float, digits: int = DIGITS) -> str:
    """A number with at most so many digits that say something.

    >>> plain_number(4.0), plain_number(12.3456789), plain_number(0.1 + 0.2), plain_number(1e300)
    ('4', '12.3457', '0.3', '1e+300')
    """
    if value == floor(value) and abs(value) < LARGEST:
        return str(int(value))
    if not 1 / LARGEST < abs(value) < LARGEST:
        return f"{value:.{digits}g}"
    return np.format_float_positional(value, precision=digits, fractional=False, trim="-")


def cut_words(cuts: Sequence[float]) -> list[str]:
    """Cuts as numbers, with as many digits as tell them apart."""
    for digits in range(DIGITS, 18):
        words = [plain_number(cut, digits) for cut in cuts]
        if len(set(words)) == len(words):
            break
    return words


def are_whole(cuts: Sequence[float]) -> bool:
    """Whether cuts lie between whole numbers, as those of a count or of an age in years do.

    Fitting puts a cut midway between two values that were seen: between 3 and 4 at 3.5, between 3 and
    5 at 4. Each range must hold a whole number.
    """
    return (
        any(cut != floor(cut) for cut in cuts)
        and all(2 * cut == floor(2 * cut) and abs(cut) < LARGEST for cut in cuts)
        and all(floor(low) < floor(high) for low, high in pairwise(cuts))
    )


def level_words(levels: Sequence[Level], cuts: Sequence[float], language: str) -> list[str]:
    """Each level in words; the words of a category stand in straight quotes, which have one width in every
    terminal. cuts: all edges of the feature, which say how its numbers are written.

    >>> from carescreen.modellevels import UNKNOWN, ranges
    >>> level_words([*ranges([4.5, 9.5]), UNKNOWN], [4.5, 9.5], "en")
    ['up to 4', '5 to 9', 'over 9', 'unknown']
    >>> level_words(ranges([0.25, 4.0]), [0.25, 4.0], "en")
    ['up to 0.25', 'over 0.25 to 4', 'over 4']
    >>> level_words(ranges([0.5]), [0.5], "zh")
    ['否', '是']
    """
    figures = dict(zip(cuts, cut_words(cuts), strict=True))
    has_words = any(level.kind == "word" for level in levels)
    words = []
    for level in levels:
        if level.kind == "word":
            words.append(f"'{printable(level.word)}'")
        elif level.kind == "unknown":
            words.append(say("unknown_word" if has_words else "unknown", language))
        elif tuple(cuts) == YES_NO_CUTS and (level.low, level.high) != (None, None):
            words.append(say("no_" if level.low is None else "yes_", language))
        elif are_whole(cuts):
            words.append(_whole_range(level, language))
        else:
            words.append(_range(level, figures, language))
    return words


def _whole_range(level: Level, language: str) -> str:
    first = None if level.low is None else floor(level.low) + 1
    last = None if level.high is None else floor(level.high)
    if first is not None and first == last:
        return str(first)
    if first is not None and last is not None:
        return say("between", language, low=first, high=last)
    low = None if first is None else str(first - 1)
    return _open_range(low, None if last is None else str(last), language)


def _range(level: Level, figures: Mapping[float, str], language: str) -> str:
    low = None if level.low is None else figures[level.low]
    high = None if level.high is None else figures[level.high]
    if low is not None and high is not None:
        return say("over_to", language, low=low, high=high)
    return _open_range(low, high, language)


def _open_range(low: str | None, high: str | None, language: str) -> str:
    if high is not None:
        return say("up_to", language, high=high)
    return say("any_value", language) if low is None else say("over", language, low=low)


def direction_words(monotone: int, language: str, yes_no: bool = False) -> str:
    """The declared direction of a feature's weights."""
    key = _DIRECTIONS[monotone]
    return say(f"{key}_yes" if yes_no and monotone else key, language)


def title_words(name: str, titles: Mapping[str, str], language: str) -> str:
    """A feature's title in one language with its name, which alone stands where there is no title."""
    title = printable(titles.get(language) or next(iter(titles.values()), ""))
    shown = printable(name)
    return shown if title in ("", shown) else say("title", language, title=title, name=shown)

"""The score and what moved it, in thousandths that add up to the score as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from carescreen.review.reading import Record, contributions, is_hidden
from carescreen.review.texts import Texts, both_counted

_MICRO = 1_000_000
_A_THOUSANDTH = 1_000  # millionths


@dataclass(frozen=True)
class Factor:
    """One line under the score, in thousandths; `value` is None where it stands for several."""

    title: Texts
    value: Any
    points: int


@dataclass(frozen=True)
class Score:
    """A score in thousandths: `start` and the factors' points add up to `total`."""

    total: int
    start: int
    factors: tuple[Factor, ...]


def shown_score(record: Record) -> Score | None:
    """What a reader sees of a record's score; None where it has none.

    Weights are millionths. Each is shown in thousandths; where one is no multiple of a thousandth,
    the largest remainders are rounded up, so that what is shown adds up. Factors that redaction hid
    are one line. The largest comes first whatever its sign, and one that shows as zero is left out.
    """
    if record.get("score") is None:
        return None
    moved = contributions(record)
    total = _micro(record["score"])
    exact = [_micro(record.get("intercept") or 0.0), *(_micro(entry["points"]) for entry in moved)]
    adds_up = sum(exact) == total
    start, *points = apportioned(exact) if adds_up else [_thousandths(part) for part in exact]
    factors = _factors(moved, points)
    factors.sort(key=lambda factor: -abs(factor.points))
    return Score(_thousandths(total), start, tuple(f for f in factors if f.points))


def apportioned(millionths: Sequence[int]) -> list[int]:
    """Thousandths of each part, which add up to the thousandths of their sum.

    >>> apportioned([900_000, 225_000, 150_000]), apportioned([400, 400, -200])
    ([900, 225, 150], [1, 0, 0])
    """
    shares = [part // _A_THOUSANDTH for part in millionths]
    missing = _thousandths(sum(millionths)) - sum(shares)
    by_remainder = sorted(range(len(shares)), key=lambda i: -(millionths[i] % _A_THOUSANDTH))
    for place in by_remainder[:missing]:
        shares[place] += 1
    return shares


def folded(factors: Sequence[Factor], most: int) -> list[Factor]:
    """The first factors, and the rest as one line."""
    rest = factors[most:]
    if not rest:
        return list(factors)
    total = sum(factor.points for factor in rest)
    return [*factors[:most], Factor(both_counted("score_rest", len(rest)), None, total)]


def _factors(moved: Sequence[Record], points: Sequence[int]) -> list[Factor]:
    pairs = list(zip(moved, points, strict=True))
    named = [
        Factor(entry["title"], entry.get("value"), shown)
        for entry, shown in pairs
        if not is_hidden(entry)
    ]
    hidden = [shown for entry, shown in pairs if is_hidden(entry)]
    if hidden:
        title = both_counted("feature_hidden", len(hidden))
        named.append(Factor(title, None, sum(hidden)))
    return named


def _micro(value: float) -> int:
    return round(float(value) * _MICRO)


def _thousandths(millionths: int) -> int:
    """Rounded to the nearest, half up, so that a sum and its parts round alike."""
    return (millionths + _A_THOUSANDTH // 2) // _A_THOUSANDTH

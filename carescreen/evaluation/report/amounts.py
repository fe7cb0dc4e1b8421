"""Figures and intervals in words: shares as so many of 100, nothing where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from carescreen.modelshow.drawing import true_minus

BLANK = "–"
SHARES = frozenset({"recall", "precision", "auroc", "auroc_within_caseworker", "average_precision"})


@dataclass(frozen=True)
class Amount:
    """A figure with its interval, as a row of a table of figures has it."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, row: Mapping[str, object], stem: str = "") -> Amount:
        """From the cells value, low and high, or <stem>_value and so on."""
        names = [f"{stem}_{name}" if stem else name for name in ("value", "low", "high")]
        return cls(*(number(row.get(name)) for name in names))

    @property
    def is_known(self) -> bool:
        return not math.isnan(self.value)

    @property
    def has_interval(self) -> bool:
        return not (math.isnan(self.low) or math.isnan(self.high))


def number(value: object) -> float:
    """A cell as a number; NaN where it is none."""
    if isinstance(value, bool) or value is None:
        return math.nan
    try:
        return float(value)  # type: ignore[arg-type]  # whatever has a float, NumPy's among them
    except (TypeError, ValueError):
        return math.nan


def hundredths(value: float, signed: bool = False) -> str:
    """A share as so many of 100.

    >>> hundredths(0.634), hundredths(-0.002, signed=True), hundredths(float("nan"))
    ('63', '0', '–')
    """
    return _written(value * 100.0, 0, signed)


def decimal(value: float, digits: int = 2, signed: bool = False) -> str:
    """A number with two decimals."""
    return _written(value, digits, signed)


def count(value: float) -> str:
    """How many, with commas at thousands.

    >>> count(1234.0), count(float("nan"))
    ('1,234', '–')
    """
    return _written(value, 0, False)


def with_interval(amount: Amount, shares: bool, signed: bool = False, digits: int = 2) -> str:
    """A figure with its interval, for a table.

    >>> with_interval(Amount(0.63, 0.57, 0.69), shares=True)
    '63 (57 … 69)'
    >>> with_interval(Amount(0.93, 0.81, 1.04), shares=False)
    '0.93 (0.81 … 1.04)'
    """
    ends = [
        hundredths(end, signed) if shares else decimal(end, digits, signed)
        for end in (amount.value, amount.low, amount.high)
    ]
    return f"{ends[0]} ({ends[1]} … {ends[2]})" if amount.has_interval else ends[0]


def _written(value: float, digits: int, signed: bool) -> str:
    if math.isnan(value):
        return BLANK
    if math.isinf(value):
        return true_minus("-∞") if value < 0 else "∞"
    rounded = round(value, digits) + 0.0  # no minus before nothing
    sign = "+" if signed and rounded > 0 else ""
    return true_minus(f"{sign}{rounded:,.{digits}f}")

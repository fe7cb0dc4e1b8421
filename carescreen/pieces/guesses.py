"""Cells that mean something else as a number than as a text, and so depend on how a column is read.

A reader of a whole CSV file takes a stretch of a column for numbers where every cell of it is one: 01
is then 1, and a date 20261101.0 the date 20261101. Whether a piece would be read so depends on
rows that it has not. As good as all cells mean the same either way; where one does not,
the folder is read as a whole.
"""

from __future__ import annotations

import re

import pandas as pd

from carescreen.cells import cell_text
from carescreen.checks import Checked, check_indicator
from carescreen.fields import Field
from carescreen.indicators import Indicator
from carescreen.pieces.csvrows import NotInPieces
from carescreen.sheet import objects

# What pandas can read as a number or as true and false, and some more.
_WRITTEN = re.compile(
    r"\s*(?:[+-]?(?:[\d.]+(?:e[+-]?\d*)?|inf|infinity|nan)|true|false)\s*", re.ASCII | re.IGNORECASE
)
_SAME = re.compile(r"0|-?[1-9]\d{0,14}", re.ASCII)  # a whole number that a float holds, too


def require_one_meaning(column: pd.Series, known: Field | Indicator) -> None:
    """NotInPieces where a cell of a column of texts means something else once it is a number."""
    for text in column.unique().tolist():
        if _SAME.fullmatch(text) or not _WRITTEN.fullmatch(text):
            continue
        number = _as_number(text)
        if number != text and not _is_same(_checked(text, known), _checked(number, known)):
            raise NotInPieces


def _as_number(text: str) -> str:
    """A cell as it is written after it was read as a number, or as true or false."""
    word = text.strip().casefold()
    if word in ("true", "false"):
        return word
    try:
        return cell_text(float(word))
    except ValueError:
        return text


def _checked(text: str, known: Field | Indicator) -> Checked:
    cell = objects([text])
    return known.check(cell) if isinstance(known, Field) else check_indicator(cell, known)


def _is_same(one: Checked, other: Checked) -> bool:
    first, second = one.values[0], other.values[0]
    both_missing = first != first and second != second  # NaN and NaT
    return bool(one.bad[0] == other.bad[0] and (first == second or both_missing))

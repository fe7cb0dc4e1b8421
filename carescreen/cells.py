"""One cell of a table as the text a person would have written, whatever type it came in."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.sheet import objects

# A spreadsheet takes a text that begins so for a formula; some take the full-width signs for it too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
GUARDED_STARTS = (*FORMULA_STARTS, "'")  # no other text is changed by `guarded`


def guarded(text: str) -> str:
    """A text as a CSV holds it that people open in a spreadsheet: an apostrophe before a formula.

    A text that looks guarded already gets one more, so that `unguarded` gives every text back.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("C0012")
    ("'=1+1", "''=1+1", 'C0012')
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def guarded_all(cells: Iterable[object]) -> list[Any]:
    """Cells of a table with `guarded` texts; hardly any of them is changed by it."""
    return [
        guarded(cell) if isinstance(cell, str) and cell[:1] in GUARDED_STARTS else cell
        for cell in cells
    ]


def unguarded(text: str) -> str:
    """A text as it was before `guarded`.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'s-Hertogenbosch")
    ('=1+1', "'=1+1", "'s-Hertogenbosch")
    """
    is_guarded = text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS)
    return text[1:] if is_guarded else text


def unguarded_all(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Many texts as they were before `guarded`; hardly any of them was changed by it."""
    return objects([unguarded(text) if text[:1] == "'" else text for text in texts])


def cell_text(cell: object) -> str:
    """One cell as the text a person would have written; '' where nothing is known.

    >>> [cell_text(cell) for cell in (12.0, True, None, ["a", "b"])]
    ['12', 'true', '', 'a;b']
    """
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
        return ";".join(sorted(cell_text(part) for part in cell)) if len(cell) else "none"
    if isinstance(cell, dict):
        return json.dumps(cell, ensure_ascii=False, default=str, sort_keys=True)
    if isinstance(cell, Decimal):  # before isna(), which a signalling NaN would stop
        return "" if cell.is_nan() else str(cell)
    if cell is None or pd.isna(cell):  # type: ignore[call-overload]  # any scalar
        return ""
    return _number_or_date_text(cell)


def _number_or_date_text(cell: object) -> str:
    if isinstance(cell, datetime):  # a pandas Timestamp is one
        return cell.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(cell, np.datetime64):
        return str(cell.astype("datetime64[s]"))
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Integral):
        return str(int(cell))
    if isinstance(cell, Real):
        number = float(cell)
        whole = math.isfinite(number) and number == int(number)
        return str(int(number)) if whole else repr(number)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell)

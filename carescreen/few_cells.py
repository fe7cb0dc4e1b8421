"""The cells of a table of few rows, read one by one as plain values: checks.py without arrays.

For a case alone an array operation a column costs more than reading its one cell. So the cells of all
columns are read first, and become arrays together, one for each type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from carescreen.cells import cell_text
from carescreen.checks import (
    MISSING_DATE,
    YES_NO_CODES,
    Checked,
    enum_words,
    is_within,
    number_of,
    plain,
    read_time,
    set_bits,
    set_mask,
    whole,
)
from carescreen.fields import Field
from carescreen.indicators import Indicator
from carescreen.sheet import FEW, frozen, is_unmarked

_Cells = Sequence[Any]  # as a program gives them
_Read = tuple[list[Any], list[int]]  # a value a cell, and which cells could not be used
_EXACT = 2**53  # smaller whole numbers are floats without loss
_NONE_BAD = frozen(np.zeros(FEW, dtype=bool))


class Reader(NamedTuple):
    """The type that a column becomes, what reads its cells, and what they are of."""

    dtype: str
    read: Callable[[_Cells, Any], _Read]
    what: Field | Indicator


def checked_few(
    cells: Mapping[str, _Cells], readers: Mapping[str, Reader], count: int
) -> dict[str, Checked]:
    """The columns that there are readers of, of `count` cells each, as their own checks give them."""
    by_type = dict[str, list[str]]()
    for name in cells:
        if name in readers:
            by_type.setdefault(readers[name].dtype, []).append(name)
    checked, none_bad = dict[str, Checked](), _NONE_BAD[:count]
    for dtype, names in by_type.items():
        found = [readers[name].read(cells[name], readers[name].what) for name in names]
        rows = [values for values, _ in found]
        is_clean = dtype != "id" or is_unmarked([text for row in rows for text in row])
        for name, (_, bad), values in zip(names, found, _stacked(rows, dtype), strict=True):
            if bad:
                checked[name] = Checked(values, np.isin(np.arange(count), bad), False)
            else:
                checked[name] = Checked(values, none_bad, is_clean)
    return checked


def reader_of(what: Field | Indicator) -> Reader:
    """How the cells of a field or an indicator are read."""
    dtype, read = _READERS[what.kind if isinstance(what, Field) else what.type]
    return Reader(dtype, read, what)


def _stacked(columns: list[list[Any]], dtype: str) -> Any:
    """Lists of one type as the rows of one array; dates lose their time."""
    if dtype in ("id", "object"):
        table = np.empty((len(columns), len(columns[0])), dtype=object)
        table[:] = columns
        return table
    if dtype == "date":
        days = np.array(columns, dtype="datetime64[s]").astype("datetime64[D]")
        return days.astype("datetime64[s]")
    return np.array(columns, dtype=dtype)


def _text(cell: object) -> str:
    return cell if type(cell) is str else cell_text(cell)


def _ids(cells: _Cells, _: object) -> _Read:
    found = [None if cell is None else whole(_text(cell)).strip() or None for cell in cells]
    return found, []


def _texts(cells: _Cells, _: object) -> _Read:
    texts = [_text(cell) for cell in cells]
    return [text if text.strip() else None for text in texts], []


def _words(cells: _Cells, field: Field) -> _Read:
    return _codes(cells, _words_by_case(field.words), None)


def _yes_no(cells: _Cells, _: object) -> _Read:
    return _codes(cells, YES_NO_CODES, -1)


def _enum(cells: _Cells, indicator: Indicator) -> _Read:
    return _codes(cells, enum_words(indicator.values, indicator.missing), -1)


def _codes(cells: _Cells, known: Mapping[str, Any], missing: object) -> _Read:
    """The code of each cell's word."""
    found, bad = [], []
    for place, cell in enumerate(cells):
        if cell is None:
            found.append(missing)
            continue
        text = _text(cell)
        code = known.get(plain(text))
        if code is None:
            code = missing
            if text.strip():
                bad.append(place)
        found.append(code)
    return found, bad


@lru_cache(maxsize=64)
def _words_by_case(words: tuple[str, ...]) -> Mapping[str, str]:
    return {word.casefold(): word for word in words}


def _set(cells: _Cells, indicator: Indicator) -> _Read:
    bits, missing = set_bits(indicator.values, indicator.missing)
    found, bad = [], []
    for place, cell in enumerate(cells):
        text = _text(cell)
        if not text.strip():
            found.append(-1)
            continue
        mask, is_wrong = set_mask(text, bits, missing)
        found.append(mask)
        if is_wrong:
            bad.append(place)
    return found, bad


def _number(cells: _Cells, what: Field | Indicator) -> _Read:
    if isinstance(what, Field):
        bounds, is_whole = what.bounds, False
    else:
        bounds, is_whole = what.range or (-math.inf, math.inf), what.type == "integer"
    found, bad = [], []
    for place, cell in enumerate(cells):
        kind = type(cell)
        if kind is float or (kind is int and -_EXACT < cell < _EXACT):
            number = cell + 0.0  # -0.0 is 0 as a text
            is_blank = number != number
        else:
            text = _text(cell)
            is_blank = not text.strip()
            number = math.nan if is_blank else number_of(text)
        if not is_blank and not is_within(number, *bounds, is_whole):
            number = math.nan
            bad.append(place)
        found.append(number)
    return found, bad


def _times(cells: _Cells, _: object) -> _Read:
    found, bad = [], []
    for place, cell in enumerate(cells):
        text = "" if cell is None else _text(cell)
        if text.strip():
            time, is_wrong = read_time(text)
            if is_wrong:
                bad.append(place)
            found.append(time)
        else:
            found.append(MISSING_DATE)
    return found, bad


_READERS: Mapping[str, tuple[str, Callable[[_Cells, Any], _Read]]] = {
    "id": ("id", _ids),
    "string": ("id", _ids),
    "text": ("object", _texts),
    "word": ("object", _words),
    "yes_no": ("int16", _yes_no),
    "enum": ("int16", _enum),
    "set": ("int64", _set),
    "number": ("float64", _number),
    "integer": ("float64", _number),
    "date": ("date", _times),
    "time": ("datetime64[s]", _times),
    "datetime": ("datetime64[s]", _times),
}

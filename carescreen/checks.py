"""Checking and encoding one column at a time: each distinct text once, then spread over the rows.

Every check takes a column of a table as read and gives a `Checked`: an array of encoded values, and
which rows held something that could not be used (they get the missing value). A blank cell is
missing and never wrong.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.cells import cell_text
from carescreen.indicators import Indicator
from carescreen.sheet import FEW, is_unmarked, objects, put_in_place

BoolArray = NDArray[np.bool_]

Read = Callable[[str], tuple[object, bool]]  # a filled cell's value, and whether it is of no use
Cells = pd.Series | NDArray[np.object_]  # a column as read from a file, or given as plain values

# Dates outside are typing slips: nobody on these lists was born before, and no later date can be
# meant. Fixed, so that the same input gives the same output whenever it is read.
EARLIEST, LATEST = np.datetime64("1900-01-01", "s"), np.datetime64("2100-12-31T23:59:59", "s")
A_DATE = "a date such as 2026-11-01, between 1900 and 2100"
YES_NO = ("no", "yes")  # the code of a word is its position

_YES = frozenset({"yes", "y", "true", "1", "1.0", "是"})
_NO = frozenset({"no", "n", "false", "0", "0.0", "否"})
YES_NO_CODES = {**dict.fromkeys(_NO, 0), **dict.fromkeys(_YES, 1)}
_NOTHING = frozenset({"none", "无", "没有"})  # an empty set written out, or its value `none`
_SET_BREAK = re.compile(r"[;,|、；，]")
_PLAIN = bytes([*range(0x21, 0x7F)]) + b"\n"  # of ids that stay as they are, one a line
_SPACE = re.compile(r"\s")
_HALF = re.compile("[\ud800-\udfff]")
MISSING_DATE = np.datetime64("NaT", "s")


class Checked(NamedTuple):
    """`values`: the encoded column; `bad`: rows whose cell could not be used.

    `is_clean` where it is known that none is bad.
    """

    values: NDArray[Any]
    bad: BoolArray
    is_clean: bool = False


@dataclass(frozen=True)
class Distinct:
    """A column as codes into its distinct texts; -1 where the cell is blank."""

    codes: NDArray[np.int64]
    texts: NDArray[np.object_]

    def spread(self, values: NDArray[Any], missing: object) -> NDArray[Any]:
        """One value a distinct text -> one value a row; blank rows get `missing`."""
        table = np.empty(len(values) + 1, dtype=values.dtype)
        table[:-1] = values
        table[-1] = missing  # code -1 picks the last place
        return table[self.codes]


def distinct(column: Cells) -> Distinct:
    """The distinct texts of a column of any type, as a person would write them.

    Whole floats lose their ".0", true and false are words, dates are ISO dates, lists are joined
    by ";". White space around a text is kept; a text of white space only is blank.
    """
    if column.dtype == object or len(column) <= FEW:
        return _distinct_objects(column.tolist())
    if isinstance(column, pd.Series) and isinstance(column.dtype, pd.StringDtype):
        return _distinct_texts(column)
    codes, found = pd.factorize(column)
    codes = codes.astype(np.int64, copy=False)
    texts = objects([cell_text(cell) for cell in found])
    return _without_blanks(codes, texts, np.flatnonzero(texts == ""))


def _distinct_texts(column: pd.Series) -> Distinct:
    """The distinct texts of a column of nothing else; of one that is blank in most rows, faster."""
    cells: Any = column.array
    filled = cells != ""
    if not isinstance(filled, np.ndarray):
        filled = filled.fillna(True).to_numpy(dtype=bool)
    filled = np.flatnonzero(filled)
    if not len(filled):
        return Distinct(np.full(len(column), -1, dtype=np.int64), objects([]))
    few = len(filled) < len(column) // 2
    codes, found = pd.factorize(cells[filled] if few else cells)
    codes, texts = codes.astype(np.int64, copy=False), np.asarray(found.to_numpy(dtype=object))
    if few:
        codes = put_in_place(len(column), -1, filled, codes)
    blank = [place for place, text in enumerate(texts.tolist()) if not text or text.isspace()]
    return _without_blanks(codes, texts, np.array(blank, dtype=np.int64))


def _distinct_objects(cells: Iterable[object]) -> Distinct:
    places: dict[str, int] = {}
    # str() first: 1, 1.0 and True are equal as Python values but not as what a person wrote.
    codes = [
        places.setdefault(cell if type(cell) is str else cell_text(cell), len(places))
        for cell in cells
    ]
    blank = np.array([place for text, place in places.items() if not text.strip()], dtype=np.int64)
    return _without_blanks(np.array(codes, dtype=np.int64), objects(list(places)), blank)


def _without_blanks(
    codes: NDArray[np.int64], texts: NDArray[np.object_], blank: NDArray[np.int64]
) -> Distinct:
    if not len(blank):
        return Distinct(codes, texts)
    kept = np.arange(len(texts) + 1)
    kept[blank] = kept[-1] = -1  # code -1 picks the last place
    return Distinct(kept[codes], texts)


def _each(column: Cells, read: Read, missing: object, dtype: Any) -> Checked:
    """A column of which every distinct text is read by itself; blank cells are `missing`."""
    if len(column) > FEW:
        cells = distinct(column)
        of_each = _checked([read(text) for text in cells.texts], dtype)
        return Checked(cells.spread(of_each.values, missing), cells.spread(of_each.bad, False))
    blank = (missing, False)
    found = [read(text) if text.strip() else blank for text in _few_texts(column)]
    return _checked(found, dtype)


def _few_texts(column: Cells) -> list[str]:
    return [cell if type(cell) is str else cell_text(cell) for cell in column.tolist()]


def _checked(found: Sequence[tuple[object, bool]], dtype: Any) -> Checked:
    values = np.empty(len(found), dtype=dtype)
    values[:] = [value for value, _ in found]
    bad = [bad for _, bad in found]
    return Checked(values, np.array(bad, dtype=bool), is_clean=True not in bad)


def check_ids(column: Cells) -> Checked:
    """Identifiers and other short texts: object, trimmed, None where blank.

    Half a character (a lone surrogate, which no file can hold) becomes U+FFFD; clean is a column
    without such a mark and without NUL characters.
    """
    if len(column) > FEW:
        own = _plain_ids(column)
        if own is not None:
            return Checked(own, np.zeros(len(own), dtype=bool), is_clean=True)
        cells = distinct(column)
        texts = _trimmed(cells.texts)
        return Checked(cells.spread(texts, None), _none(cells), is_unmarked(texts))
    trimmed = objects([whole(text).strip() or None for text in _few_texts(column)])
    return Checked(trimmed, np.zeros(len(trimmed), dtype=bool), is_unmarked(trimmed))


def _plain_ids(column: Cells) -> NDArray[np.object_] | None:
    """Ids that nearly all differ and need nothing done to them: nothing to share. None for others."""
    if not isinstance(column, pd.Series) or not isinstance(column.dtype, pd.StringDtype):
        return None
    if column.hasnans or len(set(column.iloc[:FEW].tolist())) < FEW // 8:
        return None
    texts = column.to_numpy(dtype=object, copy=True)
    joined = "\n".join(texts)
    if not joined.isascii() or joined.encode().translate(None, _PLAIN):
        return None
    if len(texts) != joined.count("\n") + 1:
        return None
    texts[texts == ""] = None
    return texts


def clean_ids(column: Cells) -> NDArray[np.object_]:
    """Ids as a checked table has them: also without NUL characters."""
    ids = check_ids(column).values
    for place, text in enumerate(ids):
        if text is not None and "\0" in text:
            ids[place] = text.replace("\0", "").strip() or None
    return np.asarray(ids, dtype=object)


def whole(text: str) -> str:
    """A text with U+FFFD for each half of a character.

    >>> whole("C1"), whole("\\ud800x")
    ('C1', '\ufffdx')
    """
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def has_half(cell: object) -> bool:
    """Whether `whole` changes the text of a cell."""
    return _HALF.search(cell_text(cell)) is not None


def _trimmed(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    joined = "".join(texts)
    if not (_SPACE.search(joined) or (not joined.isascii() and _HALF.search(joined))):
        return texts  # as nearly all are: one look at all of them at once
    trimmed = pd.Series([whole(text) for text in texts], dtype="str").str.strip()
    return np.asarray(trimmed.to_numpy(dtype=object))


def check_texts(column: Cells) -> Checked:
    """Free text: object, exactly as written, None where blank."""
    if isinstance(column, pd.Series) and isinstance(column.dtype, pd.StringDtype):
        # Notes are all different: nothing to share.
        values = column.to_numpy(dtype=object, copy=True)
        values[column.fillna("").str.strip().eq("").to_numpy(dtype=bool)] = None
        return Checked(values, np.zeros(len(values), dtype=bool))
    return _each(column, lambda text: (text, False), None, object)


def check_words(column: Cells, words: Sequence[str]) -> Checked:
    """One of some words, in any case: object, None where blank or not one of them."""
    known = {word.casefold(): word for word in words}
    return _coded(column, known.get, None, object)


def check_yes_no(column: Cells) -> Checked:
    """A yes or no in any usual form: int16, 1 yes, 0 no, -1 blank."""
    return _coded(column, YES_NO_CODES.get, -1, np.int16)


def check_enum(column: Cells, indicator: Indicator) -> Checked:
    """An enum: int16 position in `indicator.values`, -1 missing."""
    return _coded(column, enum_words(indicator.values, indicator.missing).get, -1, np.int16)


def _coded(
    column: Cells, code_of: Callable[[str], object | None], missing: object, dtype: Any
) -> Checked:
    def read(text: str) -> tuple[object, bool]:
        code = code_of(plain(text))
        return (missing, True) if code is None else (code, False)

    return _each(column, read, missing, dtype)


def check_set(column: Cells, indicator: Indicator) -> Checked:
    """A set: int64 bit mask over `indicator.values`, -1 missing, 0 nothing of them.

    Parts that are not known are left out and make the row bad; the known parts count. "None", in
    either language, is the set's value `none` where it declares one, and else the empty set.
    """
    bits, missing = set_bits(indicator.values, indicator.missing)
    return _each(column, lambda text: set_mask(text, bits, missing), -1, np.int64)


@lru_cache(maxsize=1024)
def set_bits(
    values: tuple[str, ...], missing: tuple[str, ...]
) -> tuple[Mapping[str, int], frozenset[str]]:
    """The bit of each accepted word of a set, and the words that mean that nothing is known."""
    bits = {value.casefold(): 1 << place for place, value in enumerate(values)}
    if "none" in bits:
        bits.update(dict.fromkeys(_NOTHING, bits["none"]))
    return bits, frozenset(word.casefold() for word in missing)


def set_mask(text: str, bits: Mapping[str, int], missing: frozenset[str]) -> tuple[int, bool]:
    """The bits of the known words of a filled cell, and whether another word is in it."""
    words = [word for part in _SET_BREAK.split(text) if (word := plain(part))]
    known = [bits[word] for word in words if word in bits]
    nothing = any(word in _NOTHING for word in words)
    wrong = any(word not in bits and word not in missing and word not in _NOTHING for word in words)
    mask = reduce(or_, known) if known else 0 if nothing else -1
    return mask, wrong or (not words)


def check_numbers(column: Cells, low: float, high: float, is_whole: bool = False) -> Checked:
    """Numbers within [low, high]: float64, NaN where blank or not such a number."""
    dtype = column.dtype
    if (
        isinstance(column, pd.Series)
        and pd.api.types.is_numeric_dtype(dtype)
        and not pd.api.types.is_bool_dtype(dtype)
    ):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        bad = (values < low) | (values > high) | np.isinf(values)
        if is_whole:
            bad |= np.isfinite(values) & (values != np.floor(values))
        values[bad] = np.nan
        return Checked(values, bad)

    def read(text: str) -> tuple[float, bool]:
        number = number_of(text)
        good = is_within(number, low, high, is_whole)
        return (number, False) if good else (math.nan, True)

    return _each(column, read, math.nan, np.float64)


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)


def is_within(number: float, low: float, high: float, is_whole: bool) -> bool:
    """Whether a number is one that a column may hold; NaN is not."""
    good = low <= number <= high and not math.isinf(number)
    return good and (number.is_integer() or not is_whole)


def number_of(text: str) -> float:
    """The number that a text is; NaN where it is none."""
    word = plain(text)
    return float(word) if _NUMBER.match(word) else math.nan


def check_dates(column: Cells) -> Checked:
    """Dates: datetime64[s] at midnight, NaT where blank or not a date."""
    checked = check_times(column)
    days = checked.values.astype("datetime64[D]").astype("datetime64[s]")
    return Checked(days, checked.bad, checked.is_clean)


def check_times(column: Cells) -> Checked:
    """Dates with an optional time: datetime64[s], NaT where blank or not a date.

    Read: 2026-11-01, 2026/11/1, 2026.11.1, 2026年11月1日, 20261101, each with an optional time. A
    time zone is dropped: the date is the one that was written down.
    """
    if isinstance(column, pd.Series) and pd.api.types.is_datetime64_any_dtype(column.dtype):
        plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
        values = plain.to_numpy(dtype="datetime64[s]", copy=True)
        bad = (values < EARLIEST) | (values > LATEST)
        values[bad] = MISSING_DATE
        return Checked(values, bad)
    if len(column) <= FEW:
        return _each(column, read_time, MISSING_DATE, "datetime64[s]")
    cells = distinct(column)
    found = _parse_dates(cells.texts)
    bad = np.isnat(found) | (found < EARLIEST) | (found > LATEST)
    found[bad] = MISSING_DATE
    return Checked(cells.spread(found, MISSING_DATE), cells.spread(bad, False))


def _parse_dates(texts: NDArray[np.object_]) -> NDArray[np.datetime64]:
    """The usual forms at C speed, then the rest one by one."""
    joined = "\n".join(texts)
    if joined.count("\n") == len(texts) - 1 and _ISO_LINES.fullmatch(joined):  # as nearly always
        with suppress(ValueError):  # such as a February 30
            return texts.astype("U19").astype("datetime64[s]")
    found = np.full(len(texts), MISSING_DATE)
    # pandas alone would also read "now", and a minute 5 for 05: what it reads is looked at first.
    exact = np.array([_ISO.fullmatch(text) is not None for text in texts], dtype=bool)
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
        left = np.flatnonzero(exact & np.isnat(found))
        parsed = pd.to_datetime(pd.Series(texts[left]), format=form, errors="coerce")
        found[left] = parsed.to_numpy(dtype="datetime64[s]")
    for place in np.flatnonzero(np.isnat(found)):
        found[place] = _parse_date(texts[place])
    return found


_ISO = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:[0-5]\d:[0-5]\d)?", re.ASCII)
_ISO_LINES = re.compile(rf"(?:{_ISO.pattern}(?:\n|\Z))+", re.ASCII)


@lru_cache(maxsize=4096)
def read_time(text: str) -> tuple[np.datetime64, bool]:
    """The time that a filled cell says, and whether it says none that can be used."""
    found = np.datetime64(_parse_date(text), "s")
    return (found, False) if EARLIEST <= found <= LATEST else (MISSING_DATE, True)


_TIME = (
    r"(?:[T\s]*(?P<hour>\d{1,2})[:时点](?P<minute>\d{2})分?(?::?(?P<second>\d{2})秒?(?:\.\d+)?)?"
    r"\s*(?:Z|[+-]\d{2}:?\d{2})?)?\Z"
)
_DATE_FORMS = tuple(
    re.compile(form + _TIME, re.ASCII)
    for form in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)",
        r"(?P<year>\d{4})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
    )
)


@lru_cache(maxsize=4096)
def _parse_date(text: str) -> datetime | None:
    word = unicodedata.normalize("NFKC", text).strip()
    match = next(filter(None, (form.match(word) for form in _DATE_FORMS)), None)
    if match is None:
        return None
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def check_indicator(column: Cells, indicator: Indicator) -> Checked:
    """A column of a declared indicator, encoded by its type."""
    if indicator.type == "enum":
        return check_enum(column, indicator)
    if indicator.type == "set":
        return check_set(column, indicator)
    if indicator.type in ("number", "integer"):
        low, high = indicator.range or (-math.inf, math.inf)
        return check_numbers(column, low, high, indicator.type == "integer")
    if indicator.type == "date":
        return check_dates(column)
    return check_times(column) if indicator.type == "datetime" else check_ids(column)


def expected(indicator: Indicator) -> str:
    """What a cell of an indicator may hold, in words for `rejected`."""
    if indicator.type == "enum":
        return f"one of: {', '.join((*indicator.values, *indicator.missing))}"
    if indicator.type == "set":
        return f"one or more, separated by ';', of: {', '.join(indicator.values)}"
    if indicator.type in ("number", "integer"):
        kind = "a whole number" if indicator.type == "integer" else "a number"
        return (
            kind
            + expected_range(indicator.range)
            + (f" ({indicator.unit})" if indicator.unit else "")
        )
    return A_DATE if indicator.type in ("date", "datetime") else "a text"


def expected_range(bounds: tuple[float, float] | None) -> str:
    """The words for a range, or nothing.

    >>> expected_range((0.0, 18.0))
    ' from 0 to 18'
    """
    return f" from {bounds[0]:g} to {bounds[1]:g}" if bounds else ""


@lru_cache(maxsize=1024)
def enum_words(values: tuple[str, ...], missing: tuple[str, ...]) -> Mapping[str, int]:
    """Every accepted word of an enum and its code; missing words give -1."""
    words = {value.casefold(): place for place, value in enumerate(values)}
    words.update({word.casefold(): -1 for word in missing})
    for value, synonyms in (("yes", _YES), ("no", _NO)):
        if {"yes", "no"} <= set(values):
            words = {**dict.fromkeys(synonyms, values.index(value)), **words}
    return words


def plain(text: str) -> str:
    """A word for comparison: trimmed, one case, ordinary width (ＹＥＳ -> yes)."""
    return text.strip().casefold() if text.isascii() else _plain_wide(text)


def _plain_wide(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _none(cells: Distinct) -> BoolArray:
    return np.zeros(len(cells.codes), dtype=bool)

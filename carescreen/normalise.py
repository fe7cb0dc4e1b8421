"""Notes as one long array of folded characters, one code for one character.

Folding maps each character to exactly one: full width to half width, capital to small, traditional
to simplified, any blank to a space, any line end to a newline. Positions in the array are therefore
positions in the original text, counted in Unicode code points.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.traditional import to_simplified

Codes = NDArray[np.uint16]
Positions = NDArray[np.int64]

SEPARATOR = 1  # stands between notes; a real U+0001 in a note is folded to a space
BEYOND = 0xFFFF  # every character outside the basic plane: no phrase contains one
PADDING = 16  # separators after the last note, so that windows may be read past the end

_LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"
_SAME = {
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "`": "'",
    "“": '"',
    "”": '"',
    "‐": "-",
    "‑": "-",
    "–": ",",
    "—": ",",
    "…": ",",
    "。": "。",
    "｡": "。",
    "～": "~",
}


@dataclass(frozen=True)
class Text:
    """Some notes joined: `codes` folded, with separators between and after them.

    `starts` has one position more than there are notes; note i is
    codes[starts[i] : starts[i + 1] - 1].
    """

    codes: Codes
    starts: Positions

    def note_of(self, positions: Positions) -> Positions:
        """The note each position lies in."""
        return self.starts.searchsorted(positions, side="right") - 1


def as_texts(notes: Sequence[object]) -> list[str]:
    """Each note as a str: None and NaN are empty, a number is its digits."""
    kinds = set(map(type, notes))
    if kinds <= {str}:
        return list(notes)  # type: ignore[arg-type]  # just seen: every one is a str
    return [_as_text(note) for note in notes]


def join(texts: Sequence[str]) -> Text:
    """Join and fold; lone surrogates and characters beyond the basic plane keep their one place."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(lengths + 1, out=starts[1:])
    joined = "\n".join(texts) + "\n" * (PADDING + 1)
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.int32)
    codes = fold_table().take(raw, mode="clip")
    codes[starts[1:] - 1] = SEPARATOR
    codes[int(starts[-1]) :] = SEPARATOR
    _settle_hyphens(codes)
    return Text(codes, starts)


def fold(phrases: Sequence[str]) -> list[Codes]:
    """The folded codes of each phrase; many at once cost little more than one."""
    found = join(phrases)
    starts = found.starts.tolist()
    return [found.codes[start : stop - 1] for start, stop in pairwise(starts)]


def is_word(codes: Codes) -> NDArray[np.bool_]:
    """Where a folded code is a letter or digit of the Latin script."""
    letter = (codes - np.uint16(97)) < 26
    digit = (codes - np.uint16(48)) < 10
    accented = (codes - np.uint16(0xDF)) < 0x170
    return np.asarray(letter | digit | accented)


def is_han(codes: Codes) -> NDArray[np.bool_]:
    """Where a folded code is a Chinese character."""
    return np.asarray((codes - np.uint16(0x3400)) < 0x6C00)


def order_by(*columns: NDArray[np.integer[Any]]) -> Positions:
    """The order by some columns of numbers from 0, the first one first; ties in any order.

    Packed into one number a row where they fit: one sort instead of one a column.
    """
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    if math.prod(sizes) >= 1 << 63:
        return np.lexsort(columns[::-1])
    key = columns[0].astype(np.int64)
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        key *= size
        key += column
    return key.argsort(kind="stable")  # what is found comes nearly in order


@lru_cache(maxsize=1)
def fold_table() -> Codes:
    """65,536 entries: the folded code of each character of the basic plane."""
    table = np.arange(0x10000, dtype=np.uint16)
    for code in range(0x10000):
        if not 0xD800 <= code < 0xE000 and not 0x4E00 <= code < 0xA000:
            table[code] = _folded(chr(code))
    for traditional, simplified in to_simplified().items():
        table[ord(traditional)] = ord(simplified)
    table[BEYOND] = BEYOND
    return table


def _folded(character: str) -> int:
    if character in _SAME:
        return ord(_SAME[character])
    if character in _LINE_ENDS:
        return ord("\n")
    if character.isspace() or ord(character) in (0, SEPARATOR):
        return ord(" ")
    for form in (unicodedata.normalize("NFKC", character).lower(), character.lower()):
        if len(form) == 1 and form not in " \n" and ord(form) < BEYOND:
            return ord(form)
    return ord(character)


def _as_text(note: object) -> str:
    if isinstance(note, str):
        return str(note)
    if note is None or (isinstance(note, float) and math.isnan(note)):
        return ""
    return "" if type(note).__name__ in ("NAType", "NaTType") else str(note)


def _settle_hyphens(codes: Codes) -> None:
    """A hyphen inside a word joins like a space (self-harm); any other parts clauses like a comma."""
    at = np.flatnonzero(codes == ord("-"))
    inside = is_word(codes[np.maximum(at - 1, 0)]) & is_word(codes[at + 1])
    codes[at] = np.where(inside, ord(" "), ord(","))

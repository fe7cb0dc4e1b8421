"""The grams of many notes at once: what the learned table of a note reader has weights for.

A Chinese gram is one to three neighbouring characters; an English one a word, its first four or six
letters, or two or three neighbouring words. Any digit counts as 0. A gram lies within one clause.
Each gram is one 64-bit key: Chinese grams exactly, English ones by a hash of their letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.breaks import Breaks, find_breaks
from carescreen.normalise import Codes, Positions, Text, is_han, is_word, join
from carescreen.scan import expand

Keys = NDArray[np.uint64]
BoolArray = NDArray[np.bool_]

HAN_LENGTHS = (1, 2, 3)
STEMS = (4, 6)  # first letters of a longer word that stand for all words that begin so
MOST_HAN, MOST_LATIN = 40, 200  # characters of a clause; a longer one is cut
_APOSTROPHE, _ZERO = ord("'"), ord("0")
_LONGEST = 32  # letters of a word that its hash tells apart
_WORD_BIT = np.uint64(1) << np.uint64(63)  # no Chinese gram has it


def _multipliers(count: int) -> Keys:
    """Odd numbers that spread letters over 64 bits: the splitmix64 sequence (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        x = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray((x ^ (x >> np.uint64(31))) | np.uint64(1), dtype=np.uint64)


_LETTER = _multipliers(_LONGEST)
_SECOND, _THIRD, _CUT = _multipliers(_LONGEST + 3)[_LONGEST:]


@dataclass(frozen=True)
class Clauses:
    """The clauses of a text: `start` and `end` of each, without the blanks around it.

    `note` numbers the note, `sentence` the sentence; `is_han` tells those with a Chinese character.
    """

    start: Positions
    end: Positions
    note: Positions
    sentence: Positions
    is_han: BoolArray

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.start.size)


@dataclass(frozen=True)
class Grams:
    """The grams of some clauses, in no order: `key`, the `clause`, and where it stands."""

    key: Keys
    clause: Positions
    start: Positions
    end: Positions


def find_clauses(text: Text, breaks: Breaks | None = None) -> Clauses:
    """Cut a text at sentence ends, commas, colons and brackets, and where a clause is too long."""
    codes = text.codes
    breaks = breaks or find_breaks(codes)
    start, end = np.zeros(breaks.cuts.size + 1, np.int64), np.full(breaks.cuts.size + 1, codes.size)
    start[1:], end[:-1] = breaks.cuts + 1, breaks.cuts
    solid = _Solid.of(codes)
    start, end, sentence = solid.trimmed(start, end, breaks.cut_sentence)
    most = np.where(is_han(codes.take(start)), MOST_HAN, MOST_LATIN)
    if (end - start > most).any():
        # A cut may leave a blank at its edge.
        start, end, sentence = solid.trimmed(*_cut(most, start, end, sentence))
    has_han = _up_to(is_han(codes))
    return Clauses(
        start, end, text.note_of(start), sentence, has_han.take(end) > has_han.take(start)
    )


def find_grams(codes: Codes, clauses: Clauses) -> Grams:
    """Every gram of every clause, repeated ones too."""
    codes = zeroed(codes)
    clause = np.full(codes.size, -1, np.int64)
    lengths = clauses.end - clauses.start
    inside, offset = expand(lengths)
    clause[clauses.start[inside] + offset] = inside
    parts = [_han_grams(codes, clause, length) for length in HAN_LENGTHS]
    parts += _word_grams(codes, clause, clauses)
    return Grams(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("key", "clause", "start", "end")
        )
    )


def zeroed(codes: Codes) -> Codes:
    """Every digit as 0."""
    return np.where((codes - np.uint16(_ZERO)) < 10, np.uint16(_ZERO), codes)


def keys_of(grams: Sequence[str]) -> Keys:
    """The key of each gram as it is written in a table: 打, 皮带, belt, beat*, went hungry."""
    text = join(list(grams))
    codes = zeroed(text.codes)
    start, end = text.starts[:-1], text.starts[1:] - 1
    keys = np.zeros(len(grams), np.uint64)
    has_han = np.concatenate([[0], np.cumsum(is_han(codes))])
    han = has_han[end] > has_han[start]
    for length in HAN_LENGTHS:
        rows = han & (end - start == length)
        keys[rows] = _pack(codes, start[rows], length)
    rows = np.flatnonzero(~han)
    words = _words(codes)
    first = words.start.searchsorted(start[rows])
    count = words.start.searchsorted(end[rows]) - first
    is_stem = codes[np.maximum(end[rows] - 1, 0)] == ord("*")
    for length in (1, 2, 3):
        of = count == length
        keys[rows[of]] = _several(words.hash, first[of], length)
    stems = _cut_key(
        words.hash[first[is_stem]], words.end[first[is_stem]] - words.start[first[is_stem]]
    )
    keys[rows[is_stem]] = stems
    return keys


@dataclass(frozen=True)
class _Words:
    start: Positions
    end: Positions
    hash: Keys
    letters: Keys  # of each position in a word, one after the other: its share of the hash


@dataclass(frozen=True)
class _Solid:
    """Where characters stand that a clause may begin or end with, and how many up to each place."""

    at: Positions
    up_to: NDArray[np.int32]

    @classmethod
    def of(cls, codes: Codes) -> _Solid:
        solid = is_word(codes) | is_han(codes) | (codes >= 0xD800)
        return cls(solid.nonzero()[0], _up_to(solid))

    def trimmed(
        self, start: Positions, end: Positions, sentence: Positions
    ) -> tuple[Positions, Positions, Positions]:
        """Clauses without the blanks and signs around them; those of nothing else are left out."""
        first, last = self.up_to.take(start), self.up_to.take(end)
        kept = (last > first).nonzero()[0]
        first, last = first.take(kept), last.take(kept)
        return self.at.take(first), self.at.take(last - 1) + 1, sentence.take(kept)


def _up_to(marks: BoolArray) -> NDArray[np.int32]:
    """How many marks lie before each place."""
    count = np.zeros(marks.size + 1, np.int32)
    marks.cumsum(dtype=np.int32, out=count[1:])
    return count


def _cut(
    most: Positions, start: Positions, end: Positions, sentence: Positions
) -> tuple[Positions, Positions, Positions]:
    owner, rank = expand(-(-(end - start) // most))
    begin = start[owner] + rank * most[owner]
    return begin, np.minimum(begin + most[owner], end[owner]), sentence[owner]


def _han_grams(codes: Codes, clause: Positions, length: int) -> Grams:
    usable = codes.size - length + 1
    chinese = is_han(codes) | (codes == _ZERO)
    whole = chinese[:usable] & (clause[:usable] >= 0)
    has_han = is_han(codes)[:usable].copy()
    for step in range(1, length):
        whole &= chinese[step : usable + step] & (clause[:usable] == clause[step : usable + step])
        has_han |= is_han(codes)[step : usable + step]
    at = np.flatnonzero(whole & has_han)
    return Grams(_pack(codes, at, length), clause[at], at, at + length)


def _pack(codes: Codes, at: Positions, length: int) -> Keys:
    key = codes[at].astype(np.uint64)
    for step in range(1, length):
        key |= codes[at + step].astype(np.uint64) << np.uint64(16 * step)
    return key


def find_words(codes: Codes) -> tuple[Positions, Positions]:
    """Where runs of letters and digits begin and end, an apostrophe between two letters among them."""
    letter = is_word(codes)
    apostrophe = np.flatnonzero(codes == _APOSTROPHE)
    apostrophe = apostrophe[(apostrophe > 0) & (apostrophe < codes.size - 1)]
    letter[apostrophe] = letter[apostrophe - 1] & letter[apostrophe + 1]
    edge = np.flatnonzero(letter[1:] != letter[:-1]) + 1
    if letter.size and letter[0]:
        edge = np.concatenate([[0], edge])
    return edge[::2], edge[1::2]


def _words(codes: Codes) -> _Words:
    """The words of a text, each with the hash of its letters."""
    start, end = find_words(codes)
    at, place = expand(end - start)
    at = start.take(at) + place
    share = codes[at].astype(np.uint64) * _LETTER[np.minimum(place, _LONGEST - 1)]
    first = (end - start).cumsum() - (end - start)
    total = np.add.reduceat(share, first) if start.size else np.zeros(0, np.uint64)
    return _Words(start, end, total | _WORD_BIT, share)


def _word_grams(codes: Codes, clause: Positions, clauses: Clauses) -> list[Grams]:
    words = _words(codes)
    if not words.start.size:
        return []
    kept = clause[words.start] >= 0
    where = np.where(kept, clause[words.start], -1)
    english = kept & ~clauses.is_han[np.maximum(where, 0)]
    parts = [_grams(words, where, np.flatnonzero(kept), 1)]
    for length in (2, 3):
        rows = np.flatnonzero(english[: english.size - length + 1])
        rows = rows[where[rows] == where[rows + length - 1]]
        parts.append(_grams(words, where, rows, length))
    lengths = words.end - words.start
    first = lengths.cumsum() - lengths
    for letters in STEMS:
        rows = np.flatnonzero(english & (lengths > letters))
        total = np.zeros(rows.size, np.uint64)
        for step in range(letters):
            total += words.letters[first[rows] + step]
        key = _cut_key(total | _WORD_BIT, np.full(rows.size, letters))
        start = words.start[rows]
        parts.append(Grams(key, where[rows], start, start + letters))
    return parts


def _grams(words: _Words, where: Positions, rows: Positions, length: int) -> Grams:
    key = _several(words.hash, rows, length)
    return Grams(key, where[rows], words.start[rows], words.end[rows + length - 1])


def _several(hashes: Keys, rows: Positions, length: int) -> Keys:
    key = hashes[rows].copy()
    for step, factor in zip(range(1, length), (_SECOND, _THIRD), strict=False):
        key += hashes[rows + step] * factor
    return np.asarray(key | _WORD_BIT, dtype=np.uint64)


def _cut_key(hashes: Keys, letters: Positions) -> Keys:
    mixed = hashes * _CUT + letters.astype(np.uint64)
    return np.asarray(mixed | _WORD_BIT, dtype=np.uint64)

"""Which grams of a table stand in many notes: as `grams` finds them, without writing down the others.

Half the grams of a note weigh nothing, so a gram is looked up by what its place shows at a glance:
a Chinese one by its one, two or three codes, an English one by the numbers of its words. Three
characters are asked for only where the first two begin some gram, two words only where both are words
of grams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csc_matrix  # type: ignore[import-untyped]  # no stubs

from carescreen.grams import HAN_LENGTHS, STEMS, BoolArray, Clauses, Keys, find_words, zeroed
from carescreen.keyindex import SPREAD, KeyIndex, Rows
from carescreen.normalise import Codes, Positions, is_han, join
from carescreen.scan import expand, windows_of

_ZERO = ord("0")
_STAR = ord("*")
_WINDOW = 4
_MASKS = np.array([(1 << (16 * size)) - 1 for size in range(_WINDOW + 1)], np.uint64)
_WORD_BITS = 21  # of a word's number: three make a key
MANY = 4_000  # grams of a text, from which counting takes less time than sorting
MOST_LETTERS = 64  # of a word that are told apart: as many windows as there are factors
# Powers of an odd number: no few letters more in one window make up for some in the next.
_FACTORS = [np.uint64(pow(SPREAD, power, 1 << 64)) for power in range(1, 17)]

# Of some grams: how many words (characters, where negative) each has, the places, the rows.
_Part = tuple[int, Positions, Rows]
_NONE: _Part = -1, np.zeros(0, np.int64), np.zeros(0, np.int32)


@dataclass(frozen=True)
class Known:
    """The grams of a table that stand in a text: the `row` of each, and where it stands.

    `row` is by clause: those of clause i are numbers `first[i]` to `first[i + 1]`. Where a gram stands
    is told when asked: few of them are.
    """

    row: Rows
    first: Rows
    _order: Positions  # of each gram, which of those as they were found it is
    _at: Positions  # as they were found: the place of the first character, the number of the first word
    _behind: Positions  # where the grams of each length end among those
    _length: Positions
    _places: Places

    def spans(self, gram: Positions) -> tuple[Positions, Positions]:
        """Where some grams begin and end."""
        found = self._order.take(gram)
        kind = self._behind.searchsorted(found, side="right")
        start, length = self._at.take(found), self._length.take(kind)
        end = start - length
        rows = (length > 0).nonzero()[0]
        word = start.take(rows)
        start[rows] = self._places.start.take(word)
        end[rows] = self._places.end.take(word + length.take(rows) - 1)
        return start, end

    def of(self, clause: Positions) -> tuple[Positions, Positions]:
        """The grams of some clauses: which of `clause` each is of, and its number."""
        first = self.first.take(clause)
        owner, rank = expand(self.first.take(clause + 1) - first)
        return owner, first.take(owner) + rank


class Places:
    """Where the grams of some clauses stand, known ones or not, without a list of them."""

    def __init__(self, codes: Codes, clauses: Clauses) -> None:
        self.codes = zeroed(codes)
        self.clauses = clauses
        begins = np.zeros(codes.size, np.bool_)
        begins[clauses.start] = True
        self.clause = begins.cumsum(dtype=np.int32)  # of each position within one; the first is 1
        han = is_han(self.codes)
        chinese = han | (self.codes == _ZERO)
        joined = chinese[:-1] & chinese[1:] & ~begins[1:]  # a cut may part two characters
        pairs = joined & (han[:-1] | han[1:])
        self.han = han, pairs, joined[:-1] & joined[1:] & (pairs[:-1] | han[2:])
        self.start, self.end = find_words(self.codes)
        self.length = self.end - self.start
        self.of = self.clause.take(self.start) - 1
        self.english = ~clauses.is_han.take(self.of)
        self.two = self.english[:-1] & (self.of[1:] == self.of[:-1])
        self.three = np.zeros_like(self.two)
        self.three[:-1] = self.two[:-1] & self.two[1:]

    @cached_property
    def windows(self) -> Keys:
        """Four characters from each position as one number."""
        return windows_of(self.codes)

    def number(self) -> Positions:
        """How many grams each clause has."""
        single, pairs, triples = (mask.view(np.uint8) for mask in self.han)
        count = single.copy()
        count[:-1] += pairs
        count[:-2] += triples
        words = np.ones(self.start.size, np.uint8)
        words[:-1] += self.two
        words[:-1] += self.three
        for letters in STEMS:
            words += self.english & (self.length > letters)
        count[self.start] += words
        return np.add.reduceat(count, self.clauses.start, dtype=np.int64)

    def number_within(self, clause: Positions, start: Positions, end: Positions) -> Positions:
        """How many grams of some clauses lie within a span each."""
        start = np.maximum(start, self.clauses.start.take(clause))
        until = np.minimum(end, self.clauses.end.take(clause))
        owner, rank = expand(np.maximum(until - start, 0))
        at = start.take(owner) + rank
        total = np.zeros(clause.size, np.int64)

        def add(owner: Positions, stands: BoolArray, ends: Positions) -> None:
            inside = (stands & (ends <= end.take(owner))).nonzero()[0]
            total[:] += np.bincount(owner.take(inside), minlength=total.size)

        if self.han[0].take(at).any():
            for length, mask in zip(HAN_LENGTHS, self.han, strict=True):
                add(owner, mask.take(at), at + length)
        first = self.start.searchsorted(start)
        owner, rank = expand(np.maximum(self.start.searchsorted(until) - first, 0))
        if not owner.size:
            return total
        word = first.take(owner) + rank
        some = np.ones(self.start.size, np.bool_)
        for length, stands in enumerate((some, self.two, self.three)):
            real = (word + length < some.size).nonzero()[0]
            own = word.take(real)
            add(owner.take(real), stands.take(own), self.end.take(own + length))
        for letters in STEMS:
            stands = self.english.take(word) & (self.length.take(word) > letters)
            add(owner, stands, self.start.take(word) + letters)
        return total


class GramIndex:
    """The grams of some languages' tables, numbered through, prepared for search.

    A gram with Chinese characters counts in a Chinese clause, one of several words and a stem in
    an English one, and a word where its table is the clause's own.
    """

    def __init__(self, tables: Sequence[tuple[str, Sequence[str]]]) -> None:
        text = join([gram for _, grams in tables for gram in grams])
        codes = zeroed(text.codes)
        windows = windows_of(codes)
        start, end = text.starts[:-1], text.starts[1:] - 1
        sizes = [len(grams) for _, grams in tables]
        chinese = np.repeat(np.array([name == "zh" for name, _ in tables], np.bool_), sizes)
        has_han = np.concatenate([[0], np.cumsum(is_han(codes))])
        han = has_han[end] > has_han[start]
        self._file_han(codes, windows, start, end, np.flatnonzero(han & chinese))
        begin, until = find_words(codes)
        first = begin.searchsorted(start)
        count = np.where(han, 0, begin.searchsorted(end) - first)
        is_stem = (codes[np.maximum(end - 1, 0)] == _STAR) & (count > 0)
        length = until - begin
        stems = np.flatnonzero(is_stem & ~chinese)
        self._stems = [
            _rows_of(_stem_keys(windows, begin[first[rows]], letters), rows)
            for letters in STEMS
            for rows in [stems[length[first[stems]] == letters]]
        ]
        count[is_stem | (chinese & (count > 1)) | (count > 3)] = 0
        self._file_words(_word_keys(windows, begin, length), first, count, chinese)

    def _file_han(
        self, codes: Codes, windows: Keys, start: Positions, end: Positions, rows: Positions
    ) -> None:
        single, pairs, triples = (rows[end[rows] - start[rows] == size] for size in HAN_LENGTHS)
        self._single = np.full(0x10000, -1, np.int32)
        self._single[codes[start[single]]] = single
        begins = windows[start[triples]]
        self._pairs = _pairs(windows[start[pairs]] & _MASKS[2], pairs, begins & _MASKS[2])
        self._triples = _rows_of(begins & _MASKS[3], triples)

    def _file_words(
        self, keys: Keys, first: Positions, count: Positions, chinese: BoolArray
    ) -> None:
        used = np.zeros(keys.size, np.bool_)
        owner, rank = expand(count)
        used[first[owner] + rank] = True
        known, number = np.unique(keys[used], return_inverse=True)
        assert known.size < 1 << _WORD_BITS
        word = np.zeros(keys.size, np.int64)
        word[used] = number
        self._words = KeyIndex(known, np.arange(known.size))
        single, pairs, triples = (np.flatnonzero(count == size) for size in (1, 2, 3))
        # In a Chinese clause, and in an English one.
        self._word_row = np.full((known.size, 2), -1, np.int32)
        self._word_row[word[first[single]], (~chinese[single]).astype(np.int64)] = single
        of_pairs, of_triples = (_several(word, first[rows], 2) for rows in (pairs, triples))
        self._word_pairs = _pairs(of_pairs, pairs, of_triples)
        self._word_triples = _rows_of(_several(word, first[triples], 3), triples)

    def find(self, places: Places) -> Known:
        """The grams of the tables that stand in a text."""
        parts = [_NONE, *self._han_grams(places), *self._word_grams(places)]
        clause = [
            places.clause.take(at) - 1 if length < 0 else places.of.take(at)
            for length, at, _ in parts
        ]
        order, first = by_owner(np.concatenate(clause), places.clauses.size)
        row = np.concatenate([row for _, _, row in parts])
        return Known(
            row.take(order),
            first,
            order,
            np.concatenate([at for _, at, _ in parts]),
            np.array([at.size for _, at, _ in parts]).cumsum(),
            np.array([length for length, _, _ in parts]),
            places,
        )

    def _han_grams(self, places: Places) -> Iterator[_Part]:
        single, pairs, triples = places.han
        at = single.nonzero()[0]
        if not at.size:
            return
        row = self._single.take(places.codes.take(at))
        hit = (row >= 0).nonzero()[0]
        yield -1, at.take(hit), row.take(hit)
        asked = pairs.copy()
        asked[:-1] |= triples  # 00 is a word, and begins 00岁
        at = asked.nonzero()[0]
        which, row, goes_on = _split(*self._pairs.find(places.windows.take(at) & _MASKS[2]))
        hit = (row >= 0).nonzero()[0]
        yield -2, at.take(which.take(hit)), row.take(hit)
        at = at.take(which.take(goes_on))
        at = at.take(triples.take(at).nonzero()[0])
        which, row = self._triples.find(places.windows.take(at) & _MASKS[3])
        yield -3, at.take(which), row

    def _word_grams(self, places: Places) -> Iterator[_Part]:
        start, length, windows = places.start, places.length, places.windows
        if not start.size:
            return
        which, found = self._words.find(_word_keys(windows, start, length))
        row = self._word_row.ravel().take(found * 2 + places.english.take(which))
        hit = (row >= 0).nonzero()[0]
        yield 1, which.take(hit), row.take(hit)
        if not places.english.any():
            return
        word = np.full(start.size, -1, np.int64)
        word[which] = found
        both = word >= 0
        at = (places.two & both[:-1] & both[1:]).nonzero()[0]
        which, row, goes_on = _split(*self._word_pairs.find(_several(word, at, 2)))
        hit = (row >= 0).nonzero()[0]
        yield 2, at.take(which.take(hit)), row.take(hit)
        at = at.take(which.take(goes_on))
        at = at.take(places.three.take(at).nonzero()[0])
        at = at.take(both.take(at + 2).nonzero()[0])
        which, row = self._word_triples.find(_several(word, at, 3))
        yield 3, at.take(which), row
        for letters, index in zip(STEMS, self._stems, strict=True):
            at = start.take((places.english & (length > letters)).nonzero()[0])
            which, row = index.find(_stem_keys(windows, at, letters))
            yield -letters, at.take(which), row


def by_owner(owner: Rows, size: int) -> tuple[Positions, Rows]:
    """The order by owner, in which ties stay, and where each one's begin.

    Many are sorted by counting, which NumPy does not offer: a matrix with an entry a column is
    brought to rows.
    """
    if owner.size > MANY:
        number = np.arange(owner.size + 1, dtype=np.int32)
        by_row = csc_matrix((number[:-1], owner, number), (size, owner.size)).tocsr()
        return by_row.indices.astype(np.int64), by_row.indptr
    first = np.zeros(size + 1, np.int32)
    np.bincount(owner, minlength=size).cumsum(out=first[1:])
    return owner.argsort(kind="stable"), first


def _rows_of(keys: Keys, rows: Positions) -> KeyIndex:
    kept, first = np.unique(keys, return_index=True)
    return KeyIndex(kept, rows[first])


def _pairs(keys: Keys, rows: Positions, begins: Keys) -> KeyIndex:
    """The row of each pair, twice it and one more where some three begin with it; -1 is no row."""
    known = np.unique(np.concatenate([keys, begins]))
    values = np.full(known.size, -2, np.int64)
    values[known.searchsorted(keys[::-1])] = rows[::-1] * 2
    values[known.searchsorted(begins)] |= 1
    return KeyIndex(known, values)


def _split(which: Positions, value: Rows) -> tuple[Positions, Rows, Positions]:
    """Which pairs were found, their rows, and the numbers of those that three may begin with."""
    return which, value >> 1, (value & 1).nonzero()[0]


def _several(word: Positions, at: Positions, length: int) -> Keys:
    """The key of some neighbouring words, exactly: the number of each."""
    key = word.take(at) + 1
    for step in range(1, length):
        key <<= _WORD_BITS
        key |= word.take(at + step)
    return key.view(np.uint64)


def _word_keys(windows: Keys, start: Positions, length: Positions) -> Keys:
    """A hash of the letters of each word, four at a time; the first 64 and how many there are."""
    key = (windows.take(start) & _MASKS.take(length, mode="clip")) * _FACTORS[0]
    rows = (length > _WINDOW).nonzero()[0]
    for step, factor in enumerate(_FACTORS[1:], start=1):
        if not rows.size:
            return key
        left = length.take(rows) - _WINDOW * step
        letters = windows.take(start.take(rows) + _WINDOW * step)
        key[rows] += (letters & _MASKS.take(left, mode="clip")) * factor
        rows = rows.take((left > _WINDOW).nonzero()[0])
    key[rows] += length.take(rows).astype(np.uint64)
    return key


def _stem_keys(windows: Keys, start: Positions, letters: int) -> Keys:
    return _word_keys(windows, start, np.full(start.size, letters))

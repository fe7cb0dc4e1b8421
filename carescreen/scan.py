"""Finding thousands of words in many notes at once.

Each word is filed under its first characters in one table of buckets, and each place of a text asks
the table for what could begin there. Short Latin words ask only from a word start to a word end, so
that a bucket proposes little else than what stands there; the rest is verified in windows of four
characters. Latin words match whole words: the boundary is part of the match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.normalise import PADDING, Codes, Positions, fold, is_word

BoolArray = NDArray[np.bool_]
Windows = NDArray[np.uint64]
_WINDOW = 4
_LATIN = 2 * _WINDOW  # characters of a Latin word that its bucket knows
_HAN = _WINDOW  # the same for a Chinese one: two characters tell as much as a short Latin word
_MIXED = 2  # the same for a short one that begins in Latin and does not end so
_BUCKET_BITS = 17
_BEGINS, _ALONE = 1, 2  # a character begins Chinese words, is one by itself
assert PADDING >= 2 * _LATIN


@dataclass(frozen=True)
class Hits:
    """Where words were found, by start: `word` is the position in the scanner's list of words."""

    start: Positions
    end: Positions
    word: Positions

    def take(self, rows: Positions) -> Hits:
        return Hits(self.start.take(rows), self.end.take(rows), self.word.take(rows))


def expand(counts: Positions) -> tuple[Positions, Positions]:
    """For counts [2, 0, 1]: owners [0, 0, 2] and numbers within the owner [0, 1, 0]."""
    owner = np.arange(counts.size).repeat(counts)
    first = counts.cumsum() - counts
    return owner, np.arange(owner.size) - first.take(owner)


@dataclass(frozen=True)
class _Asked:
    """Places of a text and the first characters there, eight as two windows, cut to some length."""

    at: Positions
    head: Windows
    tail: Windows

    @classmethod
    def cut(cls, windows: Windows, at: Positions, lengths: Positions) -> _Asked:
        """The first characters at some places, each cut to its length of at most eight."""
        head = windows.take(at) & _HEAD_MASKS.take(lengths)
        return cls(at, head, windows.take(at + _WINDOW) & _TAIL_MASKS.take(lengths))

    def buckets(self) -> Positions:
        mixed = self.head * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= self.tail * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed >>= np.uint64(64 - _BUCKET_BITS)
        return mixed.view(np.int64)

    def take(self, rows: Positions) -> _Asked:
        return _Asked(self.at.take(rows), self.head.take(rows), self.tail.take(rows))


class _Shelf:
    """Words filed under their first characters, as many as `filed` says for each."""

    def __init__(self, windows: Windows, offset: Positions, filed: Positions, words: Positions):
        asked = _Asked.cut(windows, offset[words], filed[words])
        bucket = asked.buckets()
        order = bucket.argsort(kind="stable")
        self._words = words[order]
        self._head, self._tail = asked.head[order], asked.tail[order]
        self._count = np.bincount(bucket, minlength=1 << _BUCKET_BITS)
        self._first = self._count.cumsum() - self._count
        self._used = self._count > 0

    def find(self, asked: _Asked) -> tuple[Positions, Positions]:
        """Places and the words whose filed characters stand there, for each asking place."""
        bucket = asked.buckets()
        rows = self._used.take(bucket).nonzero()[0]
        asked, bucket = asked.take(rows), bucket.take(rows)
        owner, rank = expand(self._count.take(bucket))
        row = self._first.take(bucket).take(owner) + rank
        same = self._head.take(row) == asked.head.take(owner)
        same &= self._tail.take(row) == asked.tail.take(owner)
        kept = same.nonzero()[0]
        return asked.at.take(owner.take(kept)), self._words.take(row.take(kept))


class Scanner:
    """Finds every occurrence of every word, overlapping ones too."""

    def __init__(self, words: Sequence[str]) -> None:
        folded = fold(words)
        assert all(codes.size for codes in folded)
        self.lengths = np.array([codes.size for codes in folded], np.int64)
        text = np.concatenate([*folded, np.zeros(2 * _LATIN, np.uint16)])
        self._offset = self.lengths.cumsum() - self.lengths
        self._windows = windows_of(text)
        self._ends_latin = is_word(text[self._offset + self.lengths - 1])
        self._number_bits = len(words).bit_length()
        self._shelve(text)

    def _shelve(self, text: Codes) -> None:
        latin = is_word(text[self._offset])
        single = (self.lengths == 1) & ~latin
        self._single = np.full(0x10000, -1, np.int64)
        self._single[text[self._offset[single]]] = single.nonzero()[0]
        self._begins = np.zeros(0x10000, np.uint8)
        self._begins[text[self._offset[~latin & ~single]]] = _BEGINS
        self._begins[text[self._offset[single]]] |= _ALONE
        closed = latin & self._ends_latin & (self.lengths <= _LATIN)
        filed = np.minimum(self.lengths, np.where(latin, _LATIN, _HAN))
        mixed = latin & ~closed & (self.lengths < _LATIN)  # few: Latin, then Chinese
        filed[mixed] = np.minimum(self.lengths[mixed], _MIXED)
        self._filed = filed

        def shelf(kind: BoolArray) -> _Shelf:
            return _Shelf(self._windows, self._offset, filed, kind.nonzero()[0])

        self._closed = shelf(closed)
        self._mixed = shelf(mixed)
        self._open = shelf(latin & ~closed & ~mixed)
        self._mixes = np.zeros(0x10000, np.bool_)  # what follows the Latin beginning of a mixed one
        for word in mixed.nonzero()[0]:
            codes = text[self._offset[word] : self._offset[word] + self.lengths[word]]
            self._mixes[codes[~is_word(codes)][0]] = True
        self._han = shelf(~latin & ~single)
        self._pairs = np.zeros(0x10000, np.uint8)  # a bit for each length some word is filed by
        words = (~latin & ~single).nonzero()[0]
        first = self._offset[words]
        pairs = _pair_key(text[first], text[first + 1])
        np.bitwise_or.at(self._pairs, pairs, np.left_shift(1, filed[words]).astype(np.uint8))

    def find(self, codes: Codes) -> Hits:
        """All occurrences in folded codes that end with PADDING separators."""
        usable = codes.size - PADDING + 1
        word_like = is_word(codes)
        windows = windows_of(codes)
        begins, ends = _latin_words(word_like)
        mixed = begins.take(self._mixes.take(codes.take(ends)).nonzero()[0])
        begins_han = self._begins.take(codes[:usable])
        alone = ((begins_han & _ALONE) != 0).nonzero()[0]  # found much faster among truths
        han = self._han_spans(codes, ((begins_han & _BEGINS) != 0).nonzero()[0])
        found = [
            self._closed.find(_Asked.cut(windows, *_closed_spans(begins, ends))),
            self._rest(windows, word_like, self._open, begins, np.full(begins.size, _LATIN)),
            self._rest(windows, word_like, self._mixed, mixed, np.full(mixed.size, _MIXED)),
            self._rest(windows, word_like, self._han, *han),
            (alone, self._single.take(codes.take(alone))),
        ]
        key = np.concatenate([at for at, _ in found]) << self._number_bits
        key |= np.concatenate([word for _, word in found])
        key.sort(kind="stable")  # a few ascending runs: merged, not sorted anew
        start, word = key >> self._number_bits, key & ((1 << self._number_bits) - 1)
        return Hits(start, start + self.lengths.take(word), word)

    def _han_spans(self, codes: Codes, at: Positions) -> tuple[Positions, Positions]:
        """Places whose first two characters begin Chinese words, and how many those are filed by."""
        pairs = self._pairs.take(_pair_key(codes.take(at), codes.take(at + 1)))
        rows = [((pairs & (1 << length)) != 0).nonzero()[0] for length in range(2, _HAN + 1)]
        lengths = np.arange(2, _HAN + 1).repeat([row.size for row in rows])
        return at.take(np.concatenate(rows)), lengths

    def _rest(
        self,
        windows: Windows,
        word_like: BoolArray,
        shelf: _Shelf,
        at: Positions,
        lengths: Positions,
    ) -> tuple[Positions, Positions]:
        """Places in `at` where a word of the shelf stands: to its last character and boundary.

        `lengths` says how many characters the words there are filed by.
        """
        if not at.size:
            return at, at
        at, word = shelf.find(_Asked.cut(windows, at, lengths))
        kept = self._whole(windows, at, word)
        at, word = at.take(kept), word.take(kept)
        cut = self._ends_latin.take(word) & word_like.take(at + self.lengths.take(word))
        kept = (~cut).nonzero()[0]
        return at.take(kept), word.take(kept)

    def _whole(self, windows: Windows, at: Positions, word: Positions) -> Positions:
        """Rows whose word stands there in full; the characters it is filed under are known to."""
        whole = np.ones(at.size, np.bool_)
        done = self._filed.take(word)
        left = self.lengths.take(word) - done
        rows = (left > 0).nonzero()[0]
        here, there = (at + done).take(rows), (self._offset.take(word) + done).take(rows)
        left = left.take(rows)
        while rows.size:
            differs = windows.take(here, mode="clip") ^ self._windows.take(there)
            same = (differs & _HEAD_MASKS.take(left, mode="clip")) == 0
            whole[rows] = same
            on = (same & (left > _WINDOW)).nonzero()[0]
            rows, left = rows.take(on), left.take(on) - _WINDOW
            here, there = here.take(on) + _WINDOW, there.take(on) + _WINDOW
        return np.asarray(whole.nonzero()[0])


# The last entry of the first stays full, for whatever is longer than a window.
_MASKS = [(1 << (16 * size)) - 1 for size in range(2 * _WINDOW + 1)]
_HEAD_MASKS = np.array([mask & 0xFFFF_FFFF_FFFF_FFFF for mask in _MASKS], np.uint64)
_TAIL_MASKS = np.array([mask >> 64 for mask in _MASKS], np.uint64)


def windows_of(codes: Codes) -> Windows:
    """Four characters from each position as one number; the last three positions have none."""
    step = codes.itemsize
    return np.ascontiguousarray(
        np.ndarray((codes.size - _WINDOW + 1,), np.uint64, np.ascontiguousarray(codes), 0, (step,))
    )


def _latin_words(word_like: BoolArray) -> tuple[Positions, Positions]:
    """Where each run of Latin letters and digits begins and ends."""
    edges = (word_like[1:] != word_like[:-1]).nonzero()[0] + 1
    if word_like[0]:
        edges = np.concatenate([[0], edges])
    return edges[::2], edges[1::2]


def _closed_spans(begins: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Places and lengths of what reaches from a word start to a word end in at most _LATIN characters.

    Words part by at least one character, so no more than half as many words fit.
    """
    at, lengths = [], []
    for further in range(_LATIN // 2):
        length = ends[further:] - begins[: max(begins.size - further, 0)]
        rows = (length <= _LATIN).nonzero()[0]
        at.append(begins.take(rows))
        lengths.append(length.take(rows))
    return np.concatenate(at), np.concatenate(lengths)


def _pair_key(first: Codes, second: Codes) -> NDArray[np.uint16]:
    """A bucket below 65,536 for two characters."""
    return np.asarray(first * np.uint16(40503) ^ second, dtype=np.uint16)

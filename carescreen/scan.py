"""Finding thousands of words in many notes at once.

A word that starts with a Latin letter is looked up by the first letters of its first word, at word
starts only; a Chinese one by its first two characters; both through one table of buckets. What a
bucket proposes is verified in windows of four characters. Latin words match whole words: the
boundary is part of the match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.normalise import PADDING, Codes, Positions, fold, is_word

BoolArray = NDArray[np.bool_]
_BUCKETS = 1 << 16
_WINDOW = 4
assert PADDING >= 2 * _WINDOW


@dataclass(frozen=True)
class Hits:
    """Where words were found, by start: `word` is the position in the scanner's list of words."""

    start: Positions
    end: Positions
    word: Positions


def expand(counts: Positions) -> tuple[Positions, Positions]:
    """For counts [2, 0, 1]: owners [0, 0, 2] and numbers within the owner [0, 1, 0]."""
    owner = np.arange(counts.size).repeat(counts)
    first = counts.cumsum() - counts
    return owner, np.arange(owner.size) - first[owner]


class Scanner:
    """Finds every occurrence of every word, overlapping ones too."""

    def __init__(self, words: Sequence[str]) -> None:
        folded = fold(words)
        assert all(codes.size for codes in folded)
        self.lengths = np.array([codes.size for codes in folded], np.int64)
        self._text = np.concatenate([*folded, np.zeros(_WINDOW, np.uint16)])
        self._offset = self.lengths.cumsum() - self.lengths
        windows = _windows(self._text)
        self._head = windows[self._offset] & _mask(self.lengths)
        self._tail_at = np.maximum(self.lengths - _WINDOW, 0)
        self._tail = windows[self._offset + self._tail_at] & _mask(self.lengths)
        self._windows = windows
        self._ends_latin = is_word(self._text[self._offset + self.lengths - 1])
        self._bucket_words()

    def _bucket_words(self) -> None:
        latin = is_word(self._text[self._offset])
        single = (self.lengths == 1) & ~latin
        self._single = np.full(0x10000, -1, np.int64)
        self._single[self._text[self._offset[single]]] = single.nonzero()[0]
        two = self._text[self._offset], self._text[self._offset + 1]
        bucket = np.where(latin, _latin_key(self._head), _pair_key(*two))
        kept = ~single
        self._han_table = np.zeros(_BUCKETS, np.bool_)
        self._han_table[bucket[kept & ~latin]] = True
        self._latin_table = np.zeros(_BUCKETS, np.bool_)
        self._latin_table[bucket[latin]] = True
        order = np.argsort(bucket[kept], kind="stable")
        self._members = kept.nonzero()[0][order]
        counts = np.bincount(bucket[kept].astype(np.int64), minlength=_BUCKETS)
        self._first = counts.cumsum() - counts
        self._count = counts

    def find(self, codes: Codes) -> Hits:
        """All occurrences in folded codes that end with PADDING separators."""
        usable = codes.size - PADDING + 1
        word_like = is_word(codes)
        windows = _windows(codes)
        starts, words = [], []
        for positions, bucket in self._candidates(codes, windows, word_like, usable):
            owner, rank = expand(self._count[bucket])
            found = self._members[self._first[bucket[owner]] + rank]
            at = positions[owner]
            kept = self._verify(windows, word_like, at, found)
            starts.append(at[kept])
            words.append(found[kept])
        single = self._single.take(codes[:usable])
        at = (single >= 0).nonzero()[0]
        start = np.concatenate([*starts, at])
        word = np.concatenate([*words, single[at]])
        order = start.argsort(kind="stable")
        start, word = start[order], word[order]
        return Hits(start, start + self.lengths[word], word)

    def _candidates(
        self, codes: Codes, windows: NDArray[np.uint64], word_like: BoolArray, usable: int
    ) -> list[tuple[Positions, NDArray[np.uint16]]]:
        begins = word_like[:usable].copy()
        begins[1:] &= ~word_like[: usable - 1]
        at = begins.nonzero()[0]
        keys = _latin_key(windows[at])
        hit = self._latin_table[keys]
        latin = at[hit], keys[hit]
        pairs = _pair_key(codes[:usable], codes[1 : usable + 1])
        at = np.flatnonzero(self._han_table.take(pairs))
        at = at[~word_like[at]]
        return [latin, (at, pairs[at])]

    def _verify(
        self, windows: NDArray[np.uint64], word_like: BoolArray, at: Positions, word: Positions
    ) -> Positions:
        """Positions in `at` where the proposed word really stands, with its Latin end at a word end."""
        length = self.lengths[word]
        mask = _MASKS[np.minimum(length, _WINDOW)]
        kept = np.flatnonzero(
            ((windows[at] & mask) == self._head[word])
            & (
                (windows[np.minimum(at + self._tail_at[word], windows.size - 1)] & mask)
                == self._tail[word]
            )
        )
        done = _WINDOW
        while True:
            longer = self.lengths[word[kept]] > done + _WINDOW
            if not longer.any():
                break
            check = kept[longer]
            same = windows[at[check] + done] == self._windows[self._offset[word[check]] + done]
            wrong = np.zeros(kept.size, np.bool_)
            wrong[longer] = ~same
            kept = kept[~wrong]
            done += _WINDOW
        cut = self._ends_latin[word[kept]] & word_like[at[kept] + self.lengths[word[kept]]]
        return np.asarray(kept[~cut], dtype=np.int64)


_MASKS = np.array([0, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF], np.uint64)


def _mask(lengths: Positions) -> NDArray[np.uint64]:
    return _MASKS[np.minimum(lengths, _WINDOW)]


def _windows(codes: Codes) -> NDArray[np.uint64]:
    """Four characters from each position as one number; the last three positions have none."""
    wide = np.zeros(codes.size, np.uint32)
    wide[:-1] = codes[:-1]
    wide[:-1] |= codes[1:].astype(np.uint32) << np.uint32(16)
    windows = wide.astype(np.uint64)
    windows[:-2] |= wide[2:].astype(np.uint64) << np.uint64(32)
    return windows


def _pair_key(first: Codes, second: Codes) -> NDArray[np.uint16]:
    """A bucket below 65,536 for two characters."""
    return np.asarray(first * np.uint16(40503) ^ second, dtype=np.uint16)


def _latin_key(windows: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """A bucket for the first word of a window, cut after four letters: the same for 'no' and 'no '."""
    if not windows.size:
        return np.zeros(0, np.uint16)
    codes = windows.view(np.uint16).reshape(-1, _WINDOW)
    alive = is_word(codes)
    key = codes[:, 0] * np.uint16(31)
    still = np.ones(len(codes), np.bool_)
    for column in range(1, _WINDOW):
        still = still & alive[:, column]
        key = np.asarray(key * np.uint16(40503) + codes[:, column] * still, dtype=np.uint16)
    return key

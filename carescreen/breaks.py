"""Where sentences and clauses of many notes end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from carescreen.normalise import SEPARATOR, Codes, Positions, is_han, is_word

_HARD = "。!?;\n"
_SOFT = ",()"
_COLON = ":"
_COLON_END, _SOFT_END, _HARD_END = 1, 2, 3


@dataclass(frozen=True)
class Breaks:
    """Where sentences (`hard`) and clauses (`soft`, which has the hard ones too) end, by position.

    Clauses and sentences are numbered by how many such ends lie before them. A colon parts clauses too
    where words are weighed, not where a phrase is looked for: `cuts` has both.
    """

    hard: Positions
    soft: Positions
    clause: NDArray[np.int32]  # of each position
    sentence: Positions  # of each clause
    cuts: Positions
    cut_sentence: Positions  # of what stands before each cut, and behind the last

    def sentence_of(self, positions: Positions) -> Positions:
        """The number of the sentence each position lies in."""
        return self.sentence.take(self.clause.take(positions))


def find_breaks(codes: Codes) -> Breaks:
    """Sentence ends 。！？；, a full stop before a blank, line ends; clause ends also ， ( ) and a
    blank between two Chinese characters."""
    kind = _kinds().take(codes)
    stops = (codes == ord(".")).nonzero()[0]
    after = codes.take(stops + 1, mode="clip")
    kind[stops[~is_word(after) & (after != ord("."))]] = _HARD_END
    han = is_han(codes)
    blanks = (codes[1:-1] == ord(" ")) & han[:-2] & han[2:]
    kind[blanks.nonzero()[0] + 1] = _SOFT_END
    cuts = (kind != 0).nonzero()[0]  # found much faster among truths
    ends = kind.take(cuts)
    is_soft = (ends != _COLON_END).nonzero()[0]
    soft = cuts.take(is_soft)
    clause = np.zeros(codes.size + 1, np.int32)
    (kind > _COLON_END).cumsum(dtype=np.int32, out=clause[1:])
    is_hard = ends == _HARD_END
    cut_sentence = np.zeros(cuts.size + 1, np.int64)
    is_hard.cumsum(out=cut_sentence[1:])
    sentence = np.zeros(soft.size + 1, np.int64)
    sentence[1:] = cut_sentence.take(is_soft + 1)
    return Breaks(cuts.take(is_hard.nonzero()[0]), soft, clause, sentence, cuts, cut_sentence)


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    table = np.zeros(0x10000, np.uint8)
    table[[ord(character) for character in _SOFT]] = _SOFT_END
    table[ord(_COLON)] = _COLON_END
    table[[SEPARATOR, *map(ord, _HARD)]] = _HARD_END
    return table

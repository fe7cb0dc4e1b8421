"""Where sentences and clauses of many notes end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from carescreen.normalise import SEPARATOR, Codes, Positions, is_han, is_word

_HARD = "。!?;\n"
_SOFT = ",()"
_SOFT_END, _HARD_END = 1, 2


@dataclass(frozen=True)
class Breaks:
    """Where sentences (`hard`) and clauses (`soft`, which has the hard ones too) end, by position.

    Clauses and sentences are numbered by how many such ends lie before them.
    """

    hard: Positions
    soft: Positions
    clause: NDArray[np.int32]  # of each position
    sentence: Positions  # of each clause

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
    is_end = kind > 0
    soft = is_end.nonzero()[0]
    clause = np.zeros(codes.size + 1, np.int32)
    is_end.cumsum(dtype=np.int32, out=clause[1:])
    is_hard = kind.take(soft) == _HARD_END
    sentence = np.concatenate([[0], is_hard.cumsum()])
    return Breaks(soft.take(is_hard.nonzero()[0]), soft, clause, sentence)


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    table = np.zeros(0x10000, np.uint8)
    table[[ord(character) for character in _SOFT]] = _SOFT_END
    table[[SEPARATOR, *map(ord, _HARD)]] = _HARD_END
    return table

"""Which value each of many 64-bit keys has, asked for all at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carescreen.normalise import Positions

Keys = NDArray[np.uint64]
Rows = NDArray[np.int32]

SPREAD = 0x9E3779B97F4A7C15  # odd; spreads neighbouring keys over 64 bits
_STEP = 0x5851F42D4C957F2D
_ROOM = 3  # slots a key: few meet, and the table still fits the cache


class KeyIndex:
    """A value for each of some distinct keys: hash tables, each for the keys that met in the last.

    No key is 0, which stands for an empty slot.
    """

    def __init__(self, keys: Keys, values: Positions) -> None:
        self._levels: list[tuple[np.uint64, np.uint64, Keys, Rows, NDArray[np.bool_]]] = []
        factor = SPREAD
        while keys.size:
            bits = max(4, (_ROOM * keys.size).bit_length())
            shift = np.uint64(64 - bits)
            slot = _slots(keys, np.uint64(factor), shift)
            owner = np.full(1 << bits, -1, np.int64)
            owner[slot[::-1]] = np.arange(keys.size)[::-1]  # of keys that meet, the first stays
            met = owner[slot] != np.arange(keys.size)
            crowded = np.zeros(1 << bits, np.bool_)
            crowded[slot[met]] = True
            filed, value = np.zeros(1 << bits, np.uint64), np.zeros(1 << bits, np.int32)
            filed[slot[~met]], value[slot[~met]] = keys[~met], values[~met]
            self._levels.append((np.uint64(factor), shift, filed, value, crowded))
            keys, values = keys[met], values[met]
            factor = (factor * _STEP + 2) % (1 << 64) | 1

    def find(self, keys: Keys) -> tuple[Positions, Rows]:
        """Which of some keys have a value, in their order, and the values."""
        which, values = [], []
        asked = None
        for factor, shift, filed, value, crowded in self._levels:
            slot = _slots(keys, factor, shift)
            same = filed.take(slot) == keys
            hit = same.nonzero()[0]
            which.append(hit if asked is None else asked.take(hit))
            values.append(value.take(slot.take(hit)))
            if hit.size == keys.size:
                break
            missed = (~same).nonzero()[0]
            missed = missed.take(crowded.take(slot.take(missed)).nonzero()[0])
            if not missed.size:
                break
            keys, asked = keys.take(missed), missed if asked is None else asked.take(missed)
        if len(which) == 1:
            return which[0], values[0]
        of = np.concatenate([np.zeros(0, np.int64), *which])
        order = of.argsort(kind="stable")
        return of.take(order), np.concatenate([np.zeros(0, np.int32), *values]).take(order)


def _slots(keys: Keys, factor: np.uint64, shift: np.uint64) -> Positions:
    slot = keys * factor
    slot >>= shift
    return slot.view(np.int64)

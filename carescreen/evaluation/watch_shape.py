"""A distribution over values, merged so that each part holds enough to be compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.evaluation.drift import distance, stability

Counts = NDArray[np.int64]
LEAST_BIN, LEAST_WORD = (
    0.05,
    0.02,
)  # of both runs together: rarer values join the next, or one another


@dataclass(frozen=True)
class Figures:
    """Two distributions in numbers.

    old, new  medians (the lower end of its bin) of numbers, else shares of `part`
    part      the value whose share differs most; "" for numbers
    size      population stability index; apart: Kolmogorov distance of numbers, else total variation
    """

    old: float
    new: float
    part: str
    size: float
    apart: float


class Shape:
    """Values in their order, and which of them are counted together.

    `words` are lower ends of bins ("<0" for all below) or names; `old` and `new` how many have each.
    """

    def __init__(self, words: Collection[str], old: Counts, new: Counts) -> None:
        self.words, self.old, self.new = list(words), old, new
        self.is_ordered = all(_is_number(word) for word in words)
        numbers = np.array([_number(word) if self.is_ordered else 0.0 for word in words])
        self.order = np.lexsort((np.array(self.words, dtype=str), numbers))
        share = (old / max(old.sum(), 1) + new / max(new.sum(), 1))[self.order] / 2.0
        self.place = _bins(share) if self.is_ordered else _rare_together(share)

    def parts(self, table: Counts) -> Counts:
        """Counts by merged part, of counts (rows, values)."""
        merged = np.zeros((len(table), int(self.place.max()) + 1), dtype=np.int64)
        np.add.at(merged.T, self.place, table.T[self.order])
        return merged

    def tested(self, table: Counts) -> Counts:
        """What is compared: numbers up to the end of each bin, or each part."""
        merged = self.parts(table)
        return np.cumsum(merged, axis=1)[:, :-1] if self.is_ordered else merged

    @property
    def figures(self) -> Figures:
        """Both distributions in numbers."""
        old, new = (self.parts(counts[None, :])[0] for counts in (self.old, self.new))
        size = stability(old, new)
        if self.is_ordered:
            return Figures(
                self._median(self.old), self._median(self.new), "", size, distance(old, new)
            )
        shares = [counts / max(counts.sum(), 1) for counts in (self.old, self.new)]
        most = int(np.argmax(np.abs(shares[1] - shares[0])))
        apart = float(np.abs(shares[1] - shares[0]).sum()) / 2.0
        return Figures(
            float(shares[0][most]), float(shares[1][most]), self.words[most], size, apart
        )

    def _median(self, counts: Counts) -> float:
        if not counts.sum():
            return float("nan")
        below = np.cumsum(counts[self.order]) / counts.sum()
        return _number(self.words[self.order[int(np.searchsorted(below, 0.5))]])


def _is_number(word: str) -> bool:
    try:
        _number(word)
    except ValueError:
        return False
    return True


def _number(word: str) -> float:
    return -1.0 if word == "<0" else float(word)


def _bins(share: NDArray[np.float64]) -> Counts:
    """Neighbouring bins are joined until each has LEAST_BIN of all."""
    place, number, filled = np.zeros(len(share), dtype=np.int64), 0, 0.0
    for at, part in enumerate(share.tolist()):
        place[at] = number
        filled += part
        if filled >= LEAST_BIN:
            number, filled = number + 1, 0.0
    if filled and number and place[-1] == number:  # what is left joins the bin before
        place[place == number] = number - 1
    return place


def _rare_together(share: NDArray[np.float64]) -> Counts:
    common = share >= LEAST_WORD
    place = np.cumsum(common) - 1
    return np.asarray(np.where(common, place, common.sum()), dtype=np.int64)

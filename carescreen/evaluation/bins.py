"""Bins of predictions with about equally many children, and the error that they show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carescreen.evaluation.cluster_draws import Statistic, summed
from carescreen.evaluation.metrics import Codes, Flags, Floats, kish

MOST_BINS = 10
LEAST_IN_BIN = 20


@dataclass(frozen=True)
class Bins:
    """Judged rows in bins of their prediction, 0 .. B - 1 (equal predictions stay together)."""

    place: Codes
    probability: Floats
    event: Flags
    weight: Floats

    @property
    def size(self) -> int:
        """How many bins there are."""
        return int(self.place.max(initial=-1)) + 1

    def of(self, amount: Floats) -> Floats:
        """Weighted mean of an amount a row, in each bin."""
        return np.asarray(
            np.bincount(self.place, self.weight * amount) / np.bincount(self.place, self.weight)
        )

    def count(self) -> Codes:
        """Rows of each bin."""
        return np.bincount(self.place, minlength=self.size)

    def effective(self) -> Floats:
        """Rows of equal weight that tell as much, in each bin."""
        return np.array([kish(self.weight[self.place == k]) for k in range(self.size)])

    def squared_error(self, cluster: Codes) -> float:
        """Mean squared distance of the share of events from the mean prediction, over bins, freed
        of what chance adds; so it can lie below 0.

        From each bin's squared distance its variance is taken, here over whole clusters and with
        weights. With rows of their own and one prediction a bin that is Kumar, Liang & Ma, Verified
        Uncertainty Calibration, NeurIPS 2019, section 5 (after Bröcker 2012, Ferro & Fricker 2012):
        (observed - p)^2 - observed (1 - observed) / (n - 1). Plain binned errors grow with noise.
        """
        gap = self.event - self.probability
        distance = self.of(gap)
        total = np.bincount(self.place, self.weight)
        pair, own = np.unique(cluster * self.size + self.place, return_inverse=True)
        sums = np.bincount(own, self.weight * (gap - distance[self.place]))
        bin_of = pair % self.size
        clusters = np.bincount(bin_of, minlength=self.size)
        noise = np.bincount(bin_of, sums**2) / total**2 * clusters / np.maximum(clusters - 1, 1)
        return float((distance**2 - noise) @ total / total.sum())

    def statistic(self) -> Statistic:
        """The plain squared error, then the share of events in each bin."""

        def of(events: Floats, expected: Floats, total: Floats) -> Floats:
            there = total > 0.0
            blank = np.full(total.shape, np.nan)
            observed = np.divide(events, total, out=blank, where=there)
            squares = (events - expected) ** 2
            error = np.divide(squares, total, out=np.zeros(total.shape), where=there).sum(axis=0)
            return np.vstack([error / np.maximum(total.sum(axis=0), 1e-300), observed])

        amounts = (self.weight * self.event, self.weight * self.probability, self.weight)
        return Statistic(tuple(summed(self.place, amount, self.size) for amount in amounts), of)


def equal_bins(probability: Floats, event: Flags, weight: Floats) -> Bins:
    """At most 10 bins of about as many rows, each of about 20 rows or more."""
    bins = max(1, min(MOST_BINS, len(probability) // LEAST_IN_BIN))
    _, place, counts = np.unique(probability, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2.0
    coarse = np.minimum((middle * bins / max(len(probability), 1)).astype(np.intp), bins - 1)
    return Bins(np.unique(coarse, return_inverse=True)[1][place], probability, event, weight)

"""Resampling of whole clusters (households, counties), fast enough for every figure.

A figure that depends on rows only through totals needs no copied rows: a draw is how often each
cluster came (multinomial counts), and its totals are one matrix product. All figures of a call
share the draws, so differences between methods are paired. Cluster bootstrap: Field & Welsh,
J R Stat Soc B 2007;69:369-90.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array  # type: ignore[import-untyped]  # no stubs

from carescreen.evaluation.metrics import Codes, Floats

DRAWS = 2_000
CELLS = 1_000_000  # counts held at once: 8 MB, which a processor keeps near
MOST_AT_ONCE = 250

Totals = Any  # csr_array or Floats, (totals, rows): what each row adds to each total


@dataclass(frozen=True)
class Statistic:
    """Figures of totals. `of` gets a (totals, draws) array for each of `totals`, and returns
    (figures, draws); NaN where a draw has nothing to tell."""

    totals: tuple[Totals, ...]
    of: Callable[..., Floats]

    def point(self) -> Floats:
        """The figures of the rows as they are, one each."""
        sums = [np.asarray(part.sum(axis=1)).reshape(-1, 1) for part in self.totals]
        return self.of(*sums)[:, 0]


def leave_out(statistics: Sequence[Statistic], cluster: Codes) -> list[Floats]:
    """(figures, clusters) of each statistic without each cluster 0 .. G - 1 in turn: a jackknife,
    for clusters that are too few to draw from."""
    size = int(cluster.max(initial=-1)) + 1
    others = 1.0 - np.eye(size)
    return [
        statistic.of(*(_by_cluster(part, cluster, size) @ others for part in statistic.totals))
        for statistic in statistics
    ]


def draw(
    statistics: Sequence[Statistic], cluster: Codes, draws: int = DRAWS, seed: int = 0
) -> list[Floats]:
    """(figures, draws) of each statistic under resampling of clusters 0 .. G - 1 (one a row)."""
    size = int(cluster.max(initial=-1)) + 1
    parts = [[_by_cluster(part, cluster, size) for part in s.totals] for s in statistics]
    found: list[list[Floats]] = [[] for _ in statistics]
    for counts in counts_of_draws(size, draws, np.random.default_rng(seed)):
        for own, statistic, values in zip(parts, statistics, found, strict=True):
            values.append(statistic.of(*(part @ counts for part in own)))
    return [np.concatenate(values, axis=1) for values in found]


def counts_of_draws(size: int, draws: int, random_state: np.random.Generator) -> Iterator[Floats]:
    """How often each of `size` clusters came, (clusters, some draws) at a time."""
    at_once = max(1, min(MOST_AT_ONCE, CELLS // max(size, 1)))
    for start in range(0, draws, at_once):
        width = min(at_once, draws - start)
        chosen = random_state.integers(0, size, (size, width))
        flat = np.bincount((chosen * width + np.arange(width)).ravel(), minlength=size * width)
        yield flat.reshape(size, width).astype(np.float64)


def _by_cluster(part: Totals, cluster: Codes, size: int) -> csr_array:
    rows = np.arange(len(cluster))
    member = csr_array((np.ones(len(cluster)), (rows, cluster)), shape=(len(cluster), size))
    return csr_array(csr_array(part) @ member)


def summed(place: Codes, amount: Floats, size: int) -> csr_array:
    """Totals of rows that add `amount` to one place each, 0 .. size - 1."""
    rows = np.arange(len(place))
    return csr_array((amount, (place, rows)), shape=(size, len(place)))


def codes(values: NDArray[np.object_]) -> Codes:
    """Numbers 0 .. of values in the order of what they say, whatever the order of rows."""
    return np.asarray(pd.factorize(values, sort=True)[0], dtype=np.intp)

"""Resampling whole clusters: one multinomial weight a row and draw, without copying rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cluster_weights(
    cluster: NDArray[np.intp], draws: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """How often each row is in each of `draws` samples of whole clusters, drawn with replacement.

    cluster: integers[n], equal for rows that are drawn together. Each draw takes as many clusters
    as there are, so weights are multinomial (Efron and Tibshirani 1993, chapter 8, for clusters).
    """
    if not len(cluster):
        return
    numbers, place = np.unique(cluster, return_inverse=True)
    for _ in range(draws):
        taken = rng.integers(0, len(numbers), len(numbers))
        yield np.bincount(taken, minlength=len(numbers)).astype(np.float64)[place]

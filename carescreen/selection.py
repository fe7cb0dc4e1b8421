"""How much each judged child counts: for those who were not chosen, and for those who were not told.

A child drawn with chance p stands for 1 / p children like it (Horvitz and Thompson, J Am Stat Assoc
1952;47:663-85). A visit that could not tell, or saw nobody, is missing: its weight goes to judged
visits that are alike (inverse probability of being told, in strata; Little and Rubin, Statistical
Analysis with Missing Data, 2002, ch. 3). Both are capped, because one row that speaks for a hundred
makes a figure that nobody could repeat; a cap leaves some of the bias in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carescreen.sheet import Bools, Ints

MOST_FOR_CHANCE = 20.0  # a child drawn with a chance under 1 in 20 counts as one of 1 in 20
MOST_FOR_TOLD = 3.0  # judged visits of a stratum speak for at most two others each
LEAST_TOLD = 20  # a stratum of fewer judged visits takes the share told of all
SCORE_PARTS = 3

Floats = NDArray[np.float64]


def chance_weights(probability: Floats) -> Floats:
    """1 / p, at most MOST_FOR_CHANCE; 1 where no chance is recorded (NaN)."""
    known = np.where(np.isnan(probability), 1.0, probability)
    return np.asarray(np.minimum(1.0 / known, MOST_FOR_CHANCE))


def strata(score: Floats, at_random: Bools) -> Ints:
    """Coarse groups of visits that are alike: the third of the score, and whether drawn at random."""
    if not len(score):
        return np.zeros(0, dtype=np.int64)
    cuts = np.quantile(score, np.arange(1, SCORE_PARTS) / SCORE_PARTS)
    third = np.searchsorted(np.unique(cuts), score, side="left")
    return np.asarray(2 * third + at_random, dtype=np.int64)


def told_weights(told: Bools, weight: Floats, stratum: Ints) -> Floats:
    """1 / the share of a stratum's weight that was told, at most MOST_FOR_TOLD; one entry a visit.

    A stratum with fewer than LEAST_TOLD judged visits takes the share of all. Entries of visits that
    were not told mean nothing.
    """
    overall = _share(told, weight)
    factor = np.full(len(told), overall)
    for number in np.unique(stratum):
        own = stratum == number
        if int(told[own].sum()) >= LEAST_TOLD:
            factor[own] = _share(told[own], weight[own])
    return np.asarray(np.minimum(1.0 / np.maximum(factor, 1e-9), MOST_FOR_TOLD))


def effective(weight: Floats) -> Floats:
    """Weights that add up to the rows they are worth, Kish's (sum w)^2 / sum w^2.

    So that a few heavy rows do not outvote the prior as if they were many.
    """
    return np.asarray(weight * (weight.sum() / np.square(weight).sum()))


def _share(told: Bools, weight: Floats) -> float:
    return float(weight[told].sum() / weight.sum()) if weight.sum() else 1.0

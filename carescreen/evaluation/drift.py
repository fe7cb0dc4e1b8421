"""Whether counts of two runs differ by more than chance, and by how much. No random numbers.

Two references, since what is compared changes in two ways.

    children  Mostly the same ones are in both runs. Were nothing changed, the labels OLD and NEW could
              be exchanged within any group of households: the difference is a sum of one part a group,
              and each part could as well have the other sign. The chance of a sum as far from 0
              is at most 2 exp(-t^2/2) with t = sum / sqrt(sum of squares) (Hoeffding, J Am Stat Assoc
              1963;58:13-30; the permutation test of Fisher's Design of Experiments, 1935, section 21).
              An exact bound for any number of groups, and only groups of whole households are needed.
    weeks     The visits of the newest weeks against those of the weeks before, by Fisher's exact test
              on counts divided by their dispersion: how much more than chance the earlier weeks
              differ among themselves (quasi-likelihood: McCullagh & Nelder, Generalized Linear
              Models, 1989, section 4.5; control charts for such shares: Laney, Quality Engineering
              2002;14:531-7). A week of other workers, or a holiday, is then no alarm.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # no stubs

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

# The dispersion of one measure is averaged with that of its family, which counts as so many weeks
# (judgement; the idea of Smyth, Stat Appl Genet Mol Biol 2004;3:3): 12 weeks alone say little of it.
PRIOR_WEEKS = 20


def exchanged(old: Counts, old_of: Counts, new: Counts, new_of: Counts) -> Floats:
    """The chance, at most, of shares as different as these if OLD and NEW could be exchanged.

    `old` and `new` are (groups, parts), what has each part; `old_of` and `new_of` (groups,), of how
    many. One value a part; 1 where a run has nobody.

    >>> exchanged(np.full((64, 1), 5), np.full(64, 10), np.full((64, 1), 5), np.full(64, 10))
    array([1.])
    """
    parts = old.shape[1]
    old_all, new_all = int(old_of.sum()), int(new_of.sum())
    if not old_all or not new_all:
        return np.ones(parts)
    share = (old.sum(axis=0) + new.sum(axis=0)) / (old_all + new_all)
    of_new = (new - share * new_of[:, None]) / new_all
    difference = of_new - (old - share * old_of[:, None]) / old_all
    total, spread = difference.sum(axis=0), (difference**2).sum(axis=0)
    t2 = np.divide(total**2, spread, out=np.zeros(parts), where=spread > 0)
    return np.asarray(np.minimum(2.0 * np.exp(-t2 / 2.0), 1.0))


def by_weeks(old: Counts, old_of: Counts, new: Floats, new_of: float, dispersion: Floats) -> Floats:
    """The chance of shares of the newest weeks as different as these from those of the weeks before.

    `old` is (weeks, parts), `old_of` (weeks,), `new` (parts,) and `new_of` a number, of visits.
    `dispersion` (parts,) is at least 1 (`dispersions`). Two-sided, one value a part.
    """
    before, before_of = old.sum(axis=0), int(old_of.sum())
    # Each cell is rounded, so that the four of them stay a table.
    cells = (new, new_of - new, before, before_of - before)
    found, without, had, had_not = (np.rint(cell / dispersion) for cell in cells)
    everyone, has, drawn = found + without + had + had_not, found + had, found + without
    lower = stats.hypergeom.cdf(found, everyone, has, drawn)
    upper = stats.hypergeom.sf(found - 1, everyone, has, drawn)
    p = np.minimum(2.0 * np.minimum(lower, upper), 1.0)
    return np.asarray(np.where(np.isfinite(p), p, 1.0), dtype=np.float64)


def dispersions(shares: Counts, of: Counts) -> Floats:
    """How much more than by chance weeks differ, at least 1: (weeks, parts) of (weeks, parts) visits.

    Pearson's chi-square over its degrees of freedom, averaged with that of all parts together.
    """
    total_of = of.sum(axis=0)
    share = np.divide(shares.sum(axis=0), total_of, out=np.zeros(of.shape[1]), where=total_of > 0)
    expected = of * share
    spread = expected * (1.0 - share)
    chi2 = np.divide(
        (shares - expected) ** 2, spread, out=np.zeros(spread.shape), where=spread > 0
    ).sum(axis=0)
    free = np.where(share * (1.0 - share) > 0, np.maximum((of > 0).sum(axis=0) - 1, 0), 0)
    family = chi2.sum() / free.sum() if free.sum() else 1.0
    found: Floats = np.maximum((chi2 + PRIOR_WEEKS * family) / (free + PRIOR_WEEKS), 1.0)
    return found


def fewer(before: Counts, now: float, weeks: int, dispersion: float) -> float:
    """The chance of so few in the newest `weeks` as `now`, when the weeks before had `before` each.

    Given the sum of both, the newest weeks' part is binomial (Przyborowski & Wilenski, Biometrika
    1940;31:313-23); counts are divided by the dispersion.

    >>> f"{fewer(np.full(12, 10), 0, 4, 1.0):.2g}"  # (12 / 16) ** 120
    '1e-15'
    """
    found = math.floor(now / dispersion)
    every = round((before.sum() + now) / dispersion)
    return float(stats.binom.cdf(found, max(every, found), weeks / (weeks + len(before))))


def count_dispersions(counts: Counts) -> Floats:
    """How much more than Poisson counts (weeks, parts) of weeks differ, at least 1 a part."""
    mean = counts.mean(axis=0)
    chi2 = np.divide((counts - mean) ** 2, mean, out=np.zeros(counts.shape), where=mean > 0).sum(
        axis=0
    )
    free = np.where(mean > 0, len(counts) - 1, 0)
    family = chi2.sum() / free.sum() if free.sum() else 1.0
    found: Floats = np.maximum((chi2 + PRIOR_WEEKS * family) / (free + PRIOR_WEEKS), 1.0)
    return found


def stability(old: Counts, new: Counts) -> float:
    """Population stability index of two distributions, less what chance alone would give it.

    The sum of (q - p) ln(q / p) over the parts (Siddiqi, Credit Risk Scorecards, 2006: under 0.1
    stable, over 0.25 another population). Of n and m values in B parts chance gives it about
    (B - 1)(1/n + 1/m) (Yurdakul & Naranjo, J Risk Model Validation 2020;14:89-100), which is
    taken off. Half a value stands in an empty part. NaN where a run has none.
    """
    if not old.sum() or not new.sum():
        return float("nan")
    p, q = (np.maximum(part, 0.5) / np.maximum(part, 0.5).sum() for part in (old, new))
    by_chance = (len(old) - 1) * (1.0 / old.sum() + 1.0 / new.sum())
    return float(max(((q - p) * np.log(q / p)).sum() - by_chance, 0.0))


def distance(old: Counts, new: Counts) -> float:
    """The largest difference of the two distribution functions (Kolmogorov), parts in their order."""
    if not old.sum() or not new.sum():
        return float("nan")
    return float(np.abs(np.cumsum(old) / old.sum() - np.cumsum(new) / new.sum()).max())


def holm(p: Floats) -> Floats:
    """Adjusted for so many comparisons, whatever hangs on what (Holm, Scand J Stat 1979;6:65-70).

    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted

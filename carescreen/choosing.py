"""How far to move from the prior: several answers tried out of sample, and averaged by how they did.

Two things are not known beforehand: how much of the prior holds here (its weights times `strength`)
and how far single weights may lie from it (the spreads times `multiple`). Each pair is fitted, scored
on rows it did not learn from, and weighs in the average by its likelihood there times how likely the
strength was beforehand (Yao et al., Bayesian Anal 2018;13:917-1007 call this pseudo-BMA). With few
events several answers stay in play, with many one remains. An average of additive models is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from carescreen.calibration import Floats, Rows
from carescreen.fitting import (
    Basis,
    Fitted,
    Levels,
    Tally,
    fit_steps,
    level_variances,
    scaled,
    together,
)

MULTIPLES = (0.25, 0.5, 1.0, 2.0)  # of the spreads
STRENGTHS = (0.0, 0.5, 1.0, 1.5)  # of a prior's weights
STRENGTH_SPREAD = 0.7  # log-likelihood beforehand: normal around 1; docs/model.md has the table
FEW = (1.0, 0.5)  # strength and multiple where there are too few events to tell
LEAST_SHARE = 0.01  # answers of less are left out


@dataclass(frozen=True)
class CodedRows:
    """Rows to learn from: codes of their levels, 0/1 labels, weights."""

    codes: NDArray[np.intp]
    y: Floats
    weight: Floats

    def tally(self, rows: Rows | None = None) -> Tally:
        """The rows (all by default), those of equal codes and label counted once."""
        if rows is None:
            return together(self.codes, self.y, self.weight)
        return together(self.codes[rows], self.y[rows], self.weight[rows])


@dataclass(frozen=True)
class Answer:
    """A strength and a multiple, the bases they make, and what they scored out of sample.

    loss: mean log loss of the tested rows. out_of_fold: log-odds[n], NaN for rows no fold tested.
    folds: one fit a fold. share: weight in the average, 0 to 1.
    """

    strength: float
    multiple: float
    bases: tuple[Basis, ...]
    out_of_fold: Floats
    folds: tuple[Fitted, ...]
    loss: float
    share: float = 0.0


@dataclass(frozen=True)
class Choice:
    """The answers that count, best first; their shares add up to 1."""

    answers: tuple[Answer, ...]

    @property
    def best(self) -> Answer:
        """The one with the largest share."""
        return self.answers[0]

    @property
    def out_of_fold(self) -> Floats:
        """Average log-odds out of sample, NaN for rows no fold tested."""
        parts = np.array([one.share * one.out_of_fold for one in self.answers])
        return np.asarray(parts.sum(axis=0))

    def fit(self, rows: CodedRows, base: float) -> tuple[Levels, tuple[Floats, ...]]:
        """The averaged model of all rows, and the variances of its levels: those of the best answer
        and between the answers."""
        tally = rows.tally()
        fits = [fit_steps(tally, one.bases, base, one.multiple) for one in self.answers]
        levels = [fit.levels for fit in fits]
        shares = np.array([one.share for one in self.answers])
        mean = averaged(levels, shares)
        own = level_variances(tally, fits[0], self.best.multiple)
        between = (
            shares @ (np.array([one.weights[k] for one in levels]) - mean.weights[k]) ** 2
            for k in range(len(mean.weights))
        )
        return mean, tuple(v + w for v, w in zip(own, between, strict=True))


def averaged(levels: Sequence[Levels], shares: Floats) -> Levels:
    """The weighted mean of models with the same levels."""
    weights = tuple(
        shares @ np.array([one.weights[k] for one in levels]) for k in range(len(levels[0].weights))
    )
    return Levels(float(shares @ np.array([one.intercept for one in levels])), weights)


def choose(
    rows: CodedRows,
    bases: tuple[Basis, ...],
    base: float,
    folds: Sequence[tuple[Rows, Rows]],
    enough: bool,
) -> Choice:
    """Try every pair by cross-fitting; with too few events, or nothing to test on, take FEW."""
    has_prior = any(basis.prior.any() for basis in bases)
    pairs: Sequence[tuple[float, float]] = (FEW,)
    if enough and folds:
        pairs = list(product(STRENGTHS if has_prior else (1.0,), MULTIPLES))
    tallies = [rows.tally(train) for train, _ in folds]
    tried = [_answer(rows, bases, base, folds, tallies, *pair) for pair in pairs]
    return Choice(_shared(tried, rows))


def _answer(
    rows: CodedRows,
    bases: tuple[Basis, ...],
    base: float,
    folds: Sequence[tuple[Rows, Rows]],
    tallies: Sequence[Tally],
    strength: float,
    multiple: float,
) -> Answer:
    moved = tuple(scaled(basis, strength) for basis in bases)
    scores, fits = np.full(len(rows.y), np.nan), []
    for (_, test), tally in zip(folds, tallies, strict=True):
        fits.append(fit_steps(tally, moved, base, multiple))
        scores[test] = fits[-1].logit(rows.codes[test])
    losses, weights = _losses(scores, rows)
    loss = float(np.average(losses, weights=weights)) if weights.any() else float("inf")
    return Answer(strength, multiple, moved, scores, tuple(fits), loss)


def _losses(scores: Floats, rows: CodedRows) -> tuple[Floats, Floats]:
    """Log loss of each tested row, and its weight."""
    tested = ~np.isnan(scores)
    score, y = scores[tested], rows.y[tested]
    return np.logaddexp(0.0, score) - y * score, rows.weight[tested]


def _shared(tried: Sequence[Answer], rows: CodedRows) -> tuple[Answer, ...]:
    """The answers with their shares, the small ones left out."""
    count = float(_losses(tried[0].out_of_fold, rows)[1].sum())
    if len(tried) == 1 or count == 0.0:
        return (replace(tried[0], share=1.0),)
    cost = np.array(
        [count * one.loss + ((one.strength - 1.0) / STRENGTH_SPREAD) ** 2 / 2.0 for one in tried]
    )
    share = shares_of(cost)
    order = np.argsort(-share, kind="stable")
    return tuple(replace(tried[k], share=float(share[k])) for k in order if share[k] > 0.0)


def shares_of(cost: Floats) -> Floats:
    """Shares, adding up to 1, of answers whose negative log-likelihoods are `cost`."""
    share: Floats = np.exp(cost.min() - cost)
    share /= share.sum()
    share[share < LEAST_SHARE] = 0.0
    share /= share.sum()
    return share

"""Fitting the weights of learned phrases: ridge logistic regression on top of a given score.

The score of the step tables is the offset, so phrases learn only what the fields do not say. The
spread of the weights is chosen by cross-fitting; "no phrases" is one of the choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carescreen.calibration import Floats, Rows, chance, log_loss
from carescreen.ngrams import MAX_PHRASES, PhraseTable, candidate_phrases, phrase_positions
from carescreen.steps import MICRO

PHRASE_SPREADS = (0.05, 0.1, 0.2, 0.4)  # standard deviations, log-odds, of one phrase's weight
MAX_STEPS = 1_000


@dataclass(frozen=True)
class PhraseRows:
    """Which phrases each note holds: `matrix` is sparse 0/1, (notes, phrases)."""

    phrases: tuple[str, ...]
    matrix: Any


@dataclass(frozen=True)
class PhraseChoice:
    """The spread that did best out of sample (0: no phrases) and the combined scores it gave."""

    spread: float
    out_of_fold: Floats


def phrase_rows(notes: pd.Series) -> PhraseRows:
    """Find the candidate phrases of a column of notes."""
    from scipy.sparse import csr_array  # type: ignore[import-untyped]  # no stubs

    phrases = candidate_phrases(notes)
    starts, places = phrase_positions(notes, phrases)
    shape = (len(notes), len(phrases))
    matrix = csr_array((np.ones(len(places)), places, starts), shape=shape)
    return PhraseRows(tuple(phrases), matrix)


def choose_phrases(
    rows: PhraseRows,
    offsets: Sequence[Floats],
    tabular: Floats,
    y: Floats,
    weight: Floats,
    folds: Sequence[tuple[Rows, Rows]],
) -> PhraseChoice:
    """Cross-fit each spread; `offsets` are each fold's tabular scores of all rows and `tabular` the
    out-of-fold ones. With no fold there is nothing to choose by, and no phrase is used."""
    best = PhraseChoice(0.0, tabular)
    tested = ~np.isnan(tabular)
    if not tested.any() or not rows.phrases:
        return best
    least = log_loss(tabular[tested], y[tested], weight[tested])
    for spread in PHRASE_SPREADS:
        scores = tabular.copy()
        for (train, test), offset in zip(folds, offsets, strict=True):
            fitted = fit_phrases(rows, offset, y, weight, train, spread)
            scores[test] = offset[test] + fitted.intercept + rows.matrix[test] @ fitted.weights
        loss = log_loss(scores[tested], y[tested], weight[tested])
        if loss < least:
            best, least = PhraseChoice(spread, scores), loss
    return best


@dataclass(frozen=True)
class PhraseFit:
    """Weights (log-odds) of the candidate phrases, zero where not kept; a shift of the intercept."""

    weights: Floats
    intercept: float


def fit_phrases(
    rows: PhraseRows, offset: Floats, y: Floats, weight: Floats, train: Rows, spread: float
) -> PhraseFit:
    """Fit on the training rows, keep the MAX_PHRASES that say most, fit those again."""
    matrix = rows.matrix[train]
    fitted = _ridge(matrix, offset[train], y[train], weight[train], spread)
    count = matrix.shape[1]
    if count <= MAX_PHRASES:
        return fitted
    share = np.asarray(matrix.mean(axis=0)).ravel()
    says = np.abs(fitted.weights) * np.sqrt(share * (1.0 - share))
    kept = np.sort(np.argsort(-says, kind="stable")[:MAX_PHRASES])
    again = _ridge(matrix[:, kept], offset[train], y[train], weight[train], spread)
    weights = np.zeros(count)
    weights[kept] = again.weights
    return PhraseFit(weights, again.intercept)


def _ridge(matrix: Any, offset: Floats, y: Floats, weight: Floats, spread: float) -> PhraseFit:
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # no stubs

    precision = 1.0 / spread**2
    transposed = matrix.T.tocsr()

    def loss(theta: Floats) -> tuple[float, Floats]:
        logit = offset + theta[0] + matrix @ theta[1:]
        value = weight @ (np.logaddexp(0.0, logit) - y * logit)
        residual = weight * (chance(logit) - y)
        slope = transposed @ residual + precision * theta[1:]
        return (
            float(value + 0.5 * precision * theta[1:] @ theta[1:]),
            np.concatenate([[residual.sum()], slope]),
        )

    found = minimize(
        loss,
        np.zeros(matrix.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_STEPS, "ftol": 1e-14, "gtol": 1e-9 * weight.sum()},
    )
    return PhraseFit(found.x[1:], float(found.x[0]))


def phrase_table(rows: PhraseRows, fitted: PhraseFit, slope: float) -> PhraseTable:
    """The weights as integers, by phrase; those that round to nothing are left out."""
    micro = np.rint(fitted.weights * slope * MICRO).astype(np.int64).tolist()
    return PhraseTable(
        {text: value for text, value in zip(rows.phrases, micro, strict=True) if value != 0}
    )

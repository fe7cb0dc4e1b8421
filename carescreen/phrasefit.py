"""Fitting the weights of learned phrases together with the step tables.

The weights are a ridge logistic regression: each is normal around 0 with one spread, and a note's
phrases share what they add (ngrams.py), so the spread is that of a whole note. Steps and phrases
are fitted in turns, each with the other's score as its offset, until neither moves: the problem is
convex and its penalty separates, so the turns end where fitting both at once would (Bertsekas,
Nonlinear Programming, 1999, section 2.7). Several spreads are tried out of sample, "no phrases"
among them, and averaged as the step tables are (choosing.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.calibration import Floats, Rows, chance, log_loss
from carescreen.choosing import Answer, CodedRows, averaged, shares_of
from carescreen.fitting import Fitted, Levels, Tally, fit_steps
from carescreen.ngrams import (
    MAX_PHRASES,
    SHORT,
    PhraseTable,
    candidate_phrases,
    phrase_positions,
)
from carescreen.steps import MICRO

PHRASE_SPREADS = (0.5, 1.0, 1.7)  # standard deviations, log-odds, of what a note adds
MAX_STEPS = 500
TURNS = 8
SAMPLE = 300  # notes
STILL = 1e-4  # log-odds: a turn that moves no score by more is the last


@dataclass(frozen=True)
class PhraseRows:
    """Which phrases each note holds: `matrix` is sparse 0/1, (notes, phrases)."""

    phrases: tuple[str, ...]
    matrix: Any

    def shared(self, kept: Rows) -> Any:
        """The columns of `kept`, each note's entries as `PhraseTable.shared` has them."""
        part = self.matrix[:, kept]
        held = np.maximum(np.asarray(part.sum(axis=1)).ravel(), SHORT)
        return part.multiply((1.0 / np.sqrt(held))[:, None]).tocsr()


def phrase_rows(notes: pd.Series, beginnings: bool = True) -> PhraseRows:
    """Find the candidate phrases of a column of notes; see `candidate_phrases`."""
    from scipy.sparse import csr_array  # type: ignore[import-untyped]  # no stubs

    phrases = candidate_phrases(notes, beginnings)
    starts, places = phrase_positions(notes, phrases)
    shape = (len(notes), len(phrases))
    matrix = csr_array((np.ones(len(places)), places, starts), shape=shape)
    return PhraseRows(tuple(phrases), matrix)


@dataclass(frozen=True)
class PhraseFit:
    """Weights (log-odds) of the kept candidates, `kept` their numbers; a shift of the intercept."""

    kept: Rows
    weights: Floats
    intercept: float = 0.0

    def logit(self, rows: PhraseRows) -> Floats:
        """What each note adds, log-odds."""
        if not len(self.kept):
            return np.zeros(rows.matrix.shape[0])
        added: Floats = self.intercept + rows.shared(self.kept) @ self.weights
        return added


@dataclass(frozen=True)
class Both:
    """Step tables and phrases fitted together."""

    steps: Fitted
    phrases: PhraseFit

    def logit(self, codes: NDArray[np.intp], notes: PhraseRows) -> Floats:
        """Log-odds of rows."""
        return self.steps.logit(codes) + self.phrases.logit(notes)


def fit_both(
    rows: CodedRows,
    train: Rows,
    multiple: float,
    notes: PhraseRows,
    spread: float,
    start: Fitted,
    kept: Rows | None = None,
) -> Both:
    """The most probable step tables and phrases of the training rows; `kept` are the numbers of
    the phrases to weigh, by default those that say most."""
    y, weight, codes = rows.y[train], rows.weight[train], rows.codes[train]
    here = PhraseRows(notes.phrases, notes.matrix[train])
    steps = start
    if kept is None:
        kept = _kept(here, steps.logit(codes), y, weight, spread)
    matrix = here.shared(kept)
    found, before = PhraseFit(kept, np.zeros(len(kept))), np.full(len(y), np.inf)
    for _ in range(TURNS):
        found = _ridge(matrix, kept, steps.logit(codes), y, weight, spread, found)
        adds = found.intercept + matrix @ found.weights
        steps = fit_steps(Tally(codes, y, weight, adds), start.bases, start.base, multiple, steps)
        now = steps.logit(codes) + adds
        if np.abs(now - before).max() < STILL:
            break
        before = now
    return Both(steps, found)


def _kept(rows: PhraseRows, offset: Floats, y: Floats, weight: Floats, spread: float) -> Rows:
    """Numbers of the MAX_PHRASES phrases that say most."""
    every = np.arange(rows.matrix.shape[1])
    if len(every) <= MAX_PHRASES:
        return every
    fitted = _ridge(rows.shared(every), every, offset, y, weight, spread, None)
    share = np.asarray(rows.matrix.mean(axis=0)).ravel()
    says = np.abs(fitted.weights) * np.sqrt(share * (1.0 - share))
    return np.sort(np.argsort(-says, kind="stable")[:MAX_PHRASES])


def _ridge(
    matrix: Any,
    kept: Rows,
    offset: Floats,
    y: Floats,
    weight: Floats,
    spread: float,
    start: PhraseFit | None,
) -> PhraseFit:
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

    first = np.zeros(matrix.shape[1] + 1)
    if start is not None:
        first = np.append(start.intercept, start.weights)
    options = {"maxiter": MAX_STEPS, "ftol": 1e-14, "gtol": 1e-9 * weight.sum()}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options=options)
    return PhraseFit(kept, found.x[1:], float(found.x[0]))


@dataclass(frozen=True)
class PhraseChoice:
    """The spreads that count with their shares, largest share first (0: no phrases), and the
    averaged scores they gave out of sample, log-odds[n], NaN for rows no fold tested."""

    shares: tuple[tuple[float, float], ...]
    out_of_fold: Floats

    @property
    def uses_phrases(self) -> bool:
        """Whether any phrase weighs: not where none at all did best, for what is not needed
        should not have to be read."""
        return self.shares[0][0] > 0.0

    def fit(self, rows: CodedRows, base: float, answer: Answer, notes: PhraseRows) -> Together:
        """The averaged model of all rows, on the step tables of `answer`."""
        every = np.arange(len(rows.y))
        alone = fit_steps(rows.tally(), answer.bases, base, answer.multiple)
        codes, y, weight = rows.codes, rows.y, rows.weight
        widest = max(spread for spread, _ in self.shares)
        kept = _kept(notes, alone.logit(codes), y, weight, widest)
        none = Both(alone, PhraseFit(kept, np.zeros(len(kept))))
        fits = [
            fit_both(rows, every, answer.multiple, notes, spread, alone, kept) if spread else none
            for spread, _ in self.shares
        ]
        share = np.array([part for _, part in self.shares])
        wording = PhraseFit(
            kept,
            np.asarray(share @ np.array([both.phrases.weights for both in fits])),
            float(share @ np.array([both.phrases.intercept for both in fits])),
        )
        levels = averaged([both.steps.levels for both in fits], share)
        return Together(levels, wording, fits[0].steps, self.shares[0][0])


@dataclass(frozen=True)
class Together:
    """Averaged levels and phrases; `steps` and `spread` are those of the phrases' best answer."""

    levels: Levels
    phrases: PhraseFit
    steps: Fitted
    spread: float

    def logit(self, codes: NDArray[np.intp], notes: PhraseRows) -> Floats:
        """Log-odds of rows."""
        return self.levels.logit(codes) + self.phrases.logit(notes)


def choose_phrases(
    notes: PhraseRows, answer: Answer, rows: CodedRows, folds: Sequence[tuple[Rows, Rows]]
) -> PhraseChoice:
    """Cross-fit each spread on top of the step tables of `answer`, fold by fold.
    With no fold there is nothing to choose by, and no phrase is used."""
    tabular = answer.out_of_fold
    tested = ~np.isnan(tabular)
    if not tested.any() or not notes.phrases:
        return PhraseChoice(((0.0, 1.0),), tabular)
    y, weight = rows.y[tested], rows.weight[tested]
    scores, starts = {0.0: tabular}, list(answer.folds)
    for spread in PHRASE_SPREADS:
        scores[spread] = tabular.copy()
        for number, (train, test) in enumerate(folds):
            both = fit_both(rows, train, answer.multiple, notes, spread, starts[number])
            here = PhraseRows(notes.phrases, notes.matrix[test])
            scores[spread][test] = both.logit(rows.codes[test], here)
            starts[number] = both.steps
    losses = [weight.sum() * log_loss(score[tested], y, weight) for score in scores.values()]
    shares = shares_of(np.array(losses))
    order = np.argsort(-shares, kind="stable")
    spreads = np.array(list(scores))
    out_of_fold = np.sum(
        [s * part for s, part in zip(shares, scores.values(), strict=True)], axis=0
    )
    return PhraseChoice(
        tuple((float(spreads[k]), float(shares[k])) for k in order if shares[k]), out_of_fold
    )


def note_variance(
    notes: PhraseRows, found: PhraseFit, logit: Floats, weight: Floats, spread: float
) -> float:
    """Mean variance, log-odds squared, of what a note of SHORT or more phrases adds.

    Laplace's approximation, averaged over at most SAMPLE of the notes: a single number, since the
    variances of two thousand phrases that overlap say little one by one.
    """
    matrix = notes.shared(found.kept)
    informative = weight * chance(logit) * (1.0 - chance(logit))
    curvature = (matrix.T @ matrix.multiply(informative[:, None]).tocsr()).toarray()
    curvature[np.diag_indices_from(curvature)] += 1.0 / spread**2
    full = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    some = np.flatnonzero(full > 0.0)[:SAMPLE]
    rows = matrix[some].toarray()
    spent = np.einsum("np,np->n", rows, np.linalg.solve(curvature, rows.T).T)
    return float(spent.sum() / full[some].sum()) if len(some) else 0.0


def phrase_table(rows: PhraseRows, fitted: PhraseFit, slope: float, variance: float) -> PhraseTable:
    """The weights as integers, by phrase; those that round to nothing stay, since notes share."""
    micro = np.rint(fitted.weights * slope * MICRO).astype(np.int64).tolist()
    texts = [rows.phrases[number] for number in fitted.kept.tolist()]
    error = round(float(np.sqrt(variance)) * slope * MICRO)
    return PhraseTable(dict(zip(texts, micro, strict=True)), shared=True, error=error)

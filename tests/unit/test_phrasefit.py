"""Phrases fitted in turns with step tables, against both at once by scipy; whole-number shares."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from test_fitting import MONOTONE, PRIOR, bounds_of, loss_of, rows

from carescreen.calibration import random_folds
from carescreen.choosing import CodedRows, choose
from carescreen.fitting import Basis, Tally, build_bases, codes_of, fit_steps
from carescreen.ngrams import MICRO, SHORT, PhraseTable, note_phrases, part_of
from carescreen.phrasefit import (
    PhraseChoice,
    PhraseRows,
    choose_phrases,
    fit_both,
    note_variance,
    phrase_rows,
)

WORDS = ("hungry", "bruise", "tidy", "没饭吃", "很干净", "at school", "left alone")


def noted(n: int = 240) -> tuple[CodedRows, tuple[Basis, ...], PhraseRows]:
    X, y = rows(n)
    rng = np.random.default_rng(7)
    picked = [rng.choice(WORDS, rng.integers(0, 5), replace=False) for _ in range(n)]
    y = np.where([("hungry" in one) and rng.random() < 0.6 for one in picked], 1.0, y)
    notes = pd.Series(["; ".join(one) if len(one) else None for one in picked])
    bases = build_bases(X, PRIOR, MONOTONE, None)
    return CodedRows(codes_of(X, bases), y, np.ones(n)), bases, phrase_rows(notes)


@pytest.mark.parametrize(("multiple", "spread"), [(0.5, 0.5), (2.0, 1.7)])
def test_fitting_in_turns_ends_where_both_at_once_would(multiple, spread):
    data, bases, notes = noted()
    every = np.arange(len(data.y))
    start = fit_steps(data.tally(), bases, -0.5, multiple)
    both = fit_both(data, every, multiple, notes, spread, start)
    matrix = notes.shared(both.phrases.kept).toarray()
    steps = len(start.parameters)

    def loss(theta: np.ndarray) -> float:
        adds = matrix @ theta[steps:]
        tally = Tally(data.codes, data.y, data.weight, adds)
        of_steps = loss_of(tally, bases, -0.5, multiple, theta[:steps])
        return of_steps + float(theta[steps:] @ theta[steps:]) / (2 * spread**2)

    bounds = [*bounds_of(bases), *[(-np.inf, np.inf)] * matrix.shape[1]]
    least = minimize(
        loss,
        np.zeros(steps + matrix.shape[1]),
        bounds=bounds,
        options={"maxiter": 5_000, "maxfun": 10**6, "ftol": 1e-15, "gtol": 1e-8},
    )
    logit = start.__class__(least.x[:steps], bases, -0.5).logit(data.codes)
    assert both.logit(data.codes, notes) == pytest.approx(
        logit + matrix @ least.x[steps:], abs=1e-3
    )
    found = np.r_[both.steps.parameters[1:], both.phrases.weights]
    assert found == pytest.approx(np.delete(least.x, 0), abs=1e-3)
    assert loss(_as_one(both)) <= least.fun + 1e-6


def _as_one(both) -> np.ndarray:
    """Parameters of both, their two intercepts as one."""
    theta = np.r_[both.steps.parameters, both.phrases.weights]
    theta[0] += both.phrases.intercept
    return theta


def test_phrases_count_where_they_do_best_out_of_sample_and_only_there():
    data, bases, notes = noted()
    folds = random_folds(data.y, np.arange(len(data.y)), 0)
    best = choose(data, bases, -0.5, folds, enough=True).best
    found = choose_phrases(notes, best, data, folds)
    assert found.uses_phrases
    assert sum(share for _, share in found.shares) == pytest.approx(1.0)
    noise = np.random.default_rng(3).permutation(len(data.y))
    other = PhraseRows(notes.phrases, notes.matrix[noise])
    assert not choose_phrases(other, best, data, folds).uses_phrases


def test_the_averaged_phrases_are_the_average_of_those_fitted_one_by_one():
    data, bases, notes = noted()
    every = np.arange(len(data.y))
    folds = random_folds(data.y, every, 0)
    best = choose(data, bases, -0.5, folds, enough=True).best
    wording = PhraseChoice(((1.0, 0.75), (0.0, 0.25)), best.out_of_fold)
    found = wording.fit(data, -0.5, best, notes)
    alone = fit_steps(data.tally(), best.bases, -0.5, best.multiple)
    both = fit_both(data, every, best.multiple, notes, 1.0, alone)
    wanted = 0.75 * both.logit(data.codes, notes) + 0.25 * alone.logit(data.codes)
    assert found.logit(data.codes, notes) == pytest.approx(wanted, abs=1e-8)


def test_without_a_fold_or_a_phrase_no_phrase_is_used():
    data, bases, notes = noted()
    none = choose(data, bases, -0.5, [], enough=True).best
    assert choose_phrases(notes, none, data, []).shares == ((0.0, 1.0),)
    folds = random_folds(data.y, np.arange(len(data.y)), 0)
    best = choose(data, bases, -0.5, folds, enough=True).best
    empty = PhraseRows((), notes.matrix[:, :0])
    assert choose_phrases(empty, best, data, folds).shares == ((0.0, 1.0),)


def test_the_variance_of_a_note_is_that_of_its_weights_around_the_fit():
    data, bases, notes = noted()
    every, spread = np.arange(len(data.y)), 1.0
    start = fit_steps(data.tally(), bases, -0.5, 1.0)
    both = fit_both(data, every, 1.0, notes, spread, start)
    logit = both.logit(data.codes, notes)
    matrix = notes.shared(both.phrases.kept).toarray()
    p = 1.0 / (1.0 + np.exp(-logit))
    curvature = matrix.T @ (matrix * (p * (1 - p))[:, None]) + np.eye(matrix.shape[1]) / spread**2
    of_notes = np.einsum("np,pq,nq->n", matrix, np.linalg.inv(curvature), matrix)
    full = (matrix**2).sum(axis=1)  # 1 of a note that says as much as a long one
    found = note_variance(notes, both.phrases, logit, data.weight, spread)
    assert found == pytest.approx(of_notes[full > 0].sum() / full[full > 0].sum(), rel=1e-9)


# --- whole numbers -----------------------------------------------------------------------------


@given(held=st.integers(0, 10_000))
def test_a_notes_phrases_share_by_the_root_of_their_number(held):
    exact = MICRO / np.sqrt(max(held, SHORT))
    assert abs(part_of(held) - exact) <= 0.5
    assert part_of(held) == part_of(SHORT) or held > SHORT


TABLES = st.dictionaries(
    st.sampled_from(sorted(note_phrases("hungry again; 没饭吃, left alone at school"))),
    st.integers(-3_000_000, 3_000_000),
    max_size=12,
)
NOTES = st.lists(st.sampled_from([*WORDS, "again", "grandmother"]), max_size=25).map(" ".join)


@given(weights=TABLES, note=NOTES, cap=st.none() | st.integers(1, 2_000_000))
def test_what_each_phrase_adds_is_its_share_rounded_half_up_and_adds_up(weights, note, cap):
    table = PhraseTable(weights, shared=True)
    held = sorted(set(weights) & note_phrases(note))
    part = part_of(len(held))
    rounded = {p: (Fraction(weights[p] * part, MICRO) + Fraction(1, 2)).__floor__() for p in held}
    assert table.shares(note) == rounded
    capped = replace(table, cap=cap)
    shares, notes = capped.shares(note), pd.Series([note, None])
    assert capped.score_micro(notes).tolist() == [sum(shares.values()), 0]
    if cap is not None:
        assert sum(shares.values()) == np.clip(sum(rounded.values()), -cap, cap)
        assert all(abs(shares[p]) <= abs(rounded[p]) for p in held)

"""Several strengths and spreads, averaged by how they did out of sample."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from test_fitting import MONOTONE, PRIOR, rows

from carescreen.calibration import random_folds
from carescreen.choosing import (
    FEW,
    LEAST_SHARE,
    MULTIPLES,
    STRENGTH_SPREAD,
    STRENGTHS,
    Choice,
    CodedRows,
    choose,
    shares_of,
)
from carescreen.fitting import Basis, build_bases, codes_of, fit_steps, level_variances, scaled
from carescreen.model import RiskModel

BASE = -0.4


@pytest.fixture(scope="module")
def coded() -> tuple[CodedRows, tuple[Basis, ...]]:
    X, y = rows(200)
    bases = build_bases(X, PRIOR, MONOTONE, None)
    return CodedRows(codes_of(X, bases), y, np.ones(len(y))), bases


@pytest.fixture(scope="module")
def chosen(coded) -> Choice:
    data, bases = coded
    return choose(data, bases, BASE, random_folds(data.y, np.arange(200), 0), enough=True)


def _plain_shares(data: CodedRows, bases: tuple[Basis, ...]) -> dict[tuple[float, float], float]:
    """Each pair's share, from fits and sums written out."""
    cost = {}
    for strength, multiple in product(STRENGTHS, MULTIPLES):
        moved = tuple(scaled(basis, strength) for basis in bases)
        total = 0.0
        for train, test in random_folds(data.y, np.arange(len(data.y)), 0):
            fit = fit_steps(data.tally(train), moved, BASE, multiple)
            p = 1.0 / (1.0 + np.exp(-fit.logit(data.codes[test])))
            total -= np.log(np.where(data.y[test] == 1, p, 1 - p)).sum()
        cost[strength, multiple] = total + (strength - 1) ** 2 / (2 * STRENGTH_SPREAD**2)
    share = {pair: np.exp(min(cost.values()) - one) for pair, one in cost.items()}
    kept = {pair: one for pair, one in share.items() if one / sum(share.values()) >= LEAST_SHARE}
    return {pair: one / sum(kept.values()) for pair, one in kept.items()}


def test_shares_are_the_likelihoods_out_of_sample_times_the_belief_in_the_strength(coded, chosen):
    wanted = _plain_shares(*coded)
    found = {(one.strength, one.multiple): one.share for one in chosen.answers}
    assert found == pytest.approx(wanted, abs=1e-8)
    assert len(found) > 2, "the example keeps several"
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_the_averaged_tables_are_the_average_of_those_fitted_one_by_one(coded, chosen):
    data, bases = coded
    levels, variances = chosen.fit(data, BASE)
    wanted = _plain_shares(data, bases)
    alone = {
        (strength, multiple): fit_steps(
            data.tally(), tuple(scaled(basis, strength) for basis in bases), BASE, multiple
        )
        for strength, multiple in wanted
    }
    assert levels.intercept == pytest.approx(
        sum(share * alone[pair].levels.intercept for pair, share in wanted.items()), abs=1e-8
    )
    best = max(wanted, key=wanted.__getitem__)
    own = level_variances(data.tally(), alone[best], best[1])
    for place, weights in enumerate(levels.weights):
        parts = np.array([alone[pair].levels.weights[place] for pair in wanted])
        share = np.array(list(wanted.values()))
        assert weights == pytest.approx(share @ parts, abs=1e-8)
        between = share @ (parts - share @ parts) ** 2
        assert variances[place] == pytest.approx(own[place] + between, abs=1e-8)


def test_a_fitted_models_weights_are_that_average_times_its_slope():
    """Through RiskModel: the order of its rows and its rounding are all that comes in between."""
    X, y = rows(400)
    X = X.fillna(dict.fromkeys(X.select_dtypes("number"), 0.0))  # unknown is bounded besides
    model = RiskModel(prior=PRIOR, monotone=MONOTONE).fit(X, y)
    bases = build_bases(X, PRIOR, MONOTONE, None)
    data = CodedRows(codes_of(X, bases), y, np.ones(len(y)))
    logit = np.zeros(len(y))
    for strength, multiple, share, _ in model.report_.answers:
        moved = tuple(scaled(basis, strength) for basis in bases)
        logit += share * fit_steps(data.tally(), moved, 0.0, multiple).logit(data.codes)
    slope = model.report_.calibration.slope
    shift = model.report_.calibration.intercept
    assert slope != 1.0
    assert model.decision_function(X) == pytest.approx(shift + slope * logit, abs=2e-5)


def test_no_row_is_scored_out_of_sample_by_what_learned_from_it(coded):
    """Other labels of the tested rows leave their scores as they are."""
    data, bases = coded
    folds = random_folds(data.y, np.arange(200) // 2, 0)
    first = choose(data, bases, BASE, folds, enough=True)
    for _, test in folds[:2]:
        y = data.y.copy()
        y[test] = 1.0 - y[test]
        again = choose(CodedRows(data.codes, y, data.weight), bases, BASE, folds, enough=True)
        before = {(a.strength, a.multiple): a.out_of_fold[test] for a in first.answers}
        for one in again.answers:
            if (one.strength, one.multiple) in before:
                pair = one.strength, one.multiple
                assert one.out_of_fold[test] == pytest.approx(before[pair], abs=1e-12)


def test_with_too_few_events_or_nothing_to_test_on_it_stays_near_the_prior(coded):
    data, bases = coded
    folds = random_folds(data.y, np.arange(200), 0)
    for found in (choose(data, bases, BASE, folds, False), choose(data, bases, BASE, [], True)):
        assert [(a.strength, a.multiple, a.share) for a in found.answers] == [(*FEW, 1.0)]


def test_without_a_prior_there_is_no_strength_to_try():
    X, y = rows(200)
    bases = build_bases(X, None, {}, None)
    data = CodedRows(codes_of(X, bases), y, np.ones(len(y)))
    found = choose(data, bases, 0.0, random_folds(y, np.arange(200), 0), enough=True)
    assert {answer.strength for answer in found.answers} == {1.0}


def test_shares_are_likelihoods_that_add_up_and_small_ones_are_left_out():
    assert shares_of(np.log([1.0, 2.0, 4.0])) == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert shares_of(np.array([1e6, 1e6 + 50.0])).tolist() == [1.0, 0.0]
    assert shares_of(np.array([0.0, -np.log(0.005)]))[1] == 0.0

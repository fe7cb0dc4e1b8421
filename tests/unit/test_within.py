"""Statistics within workers, against plain loops over rows and pairs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_array

from carescreen.calibration import chance
from carescreen.phrase_weights import SHIFT_SPREAD, weights_within
from carescreen.within import (
    auroc_within,
    benjamini_hochberg,
    change_of,
    effects_within,
    recall_at,
    worker_intercepts,
)


def rows(seed: int, n: int = 400, workers: int = 12, phrases: int = 5):
    rng = np.random.default_rng(seed)
    worker = rng.integers(0, workers, n)
    matrix = (rng.random((n, phrases)) < 0.3).astype(float)
    offset = rng.normal(-1.0, 0.5, n)
    y = (rng.random(n) < chance(offset + (worker % 3 - 1.0) + matrix[:, 0])).astype(float)
    return matrix, offset, y, rng.integers(1, 3, n).astype(float), worker, np.arange(n) // 2


def test_effects_are_the_score_test_with_an_intercept_a_worker_worked_out_the_long_way() -> None:
    matrix, offset, y, weight, worker, house = rows(1)
    y[worker == 4] = 0.0  # tells nothing
    found = effects_within(csr_array(matrix), offset, y, weight, worker, house)
    told = worker != 4
    shift = np.zeros(12)
    _, own = np.unique(worker[told], return_inverse=True)
    shift[np.unique(worker[told])] = worker_intercepts(offset[told], y[told], weight[told], own)
    p = chance(offset + shift[worker])
    for place in range(5):
        centred = np.zeros(len(y))
        score = information = model = 0.0
        for one in np.unique(worker[told]):
            mine = worker == one
            v = weight[mine] * p[mine] * (1 - p[mine])
            centred[mine] = matrix[mine, place] - v @ matrix[mine, place] / v.sum()
            spare = mine.sum() / (mine.sum() - 1)
            score += (weight * (y - p) * matrix[:, place])[mine].sum()
            information += v @ centred[mine] ** 2
            model += spare * (v * weight[mine]) @ centred[mine] ** 2
        size = np.bincount(worker)
        part = centred * weight * (y - p) * np.sqrt(size / (size - 1))[worker] * told
        robust = sum(part[house == one].sum() ** 2 for one in np.unique(house))
        assert found.score[place] == pytest.approx(score)
        assert found.information[place] == pytest.approx(information)
        assert found.variance[place] == pytest.approx(max(robust, model))


def test_where_nothing_can_be_told_there_is_no_effect() -> None:
    matrix, offset, y, weight, worker, house = rows(2)
    matrix[:, 1], matrix[:, 2] = 0.0, 1.0
    matrix[:, 3] = worker % 2  # whose note it is
    found = effects_within(csr_array(matrix), offset, y, weight, worker, house)
    assert found.information[1:4] == pytest.approx(0.0, abs=1e-9)
    none = effects_within(csr_array(matrix), offset, 0.0 * y, weight, worker, house)
    assert none.estimate.tolist() == [0.0] * 5
    assert none.chance_above().tolist() == [0.5] * 5


def test_a_planted_effect_lies_in_its_interval_about_as_often_as_said() -> None:
    """The one-step estimate from no effect, for an effect that is not large."""
    inside = []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        worker = np.repeat(np.arange(20), 40)
        held = (rng.random(800) < 0.2 + 0.4 * (worker % 2)).astype(float)  # a habit too
        offset = np.full(800, -1.0)
        y = (rng.random(800) < chance(offset + 2.0 * (worker % 2) - 1.0 + 0.4 * held)).astype(float)
        house = np.arange(800) // 2
        found = effects_within(csr_array(held[:, None]), offset, y, np.ones(800), worker, house)
        inside.append(abs(found.estimate[0] - 0.4) < 1.96 * found.error[0])
    assert 0.89 <= np.mean(inside) <= 0.99


def test_auroc_within_counts_pairs_of_one_worker() -> None:
    rng = np.random.default_rng(3)
    score, worker = rng.integers(0, 4, 60).astype(float), rng.integers(0, 5, 60)
    y, weight = (rng.random(60) < 0.4).astype(float), rng.integers(0, 3, 60).astype(float)
    good = total = 0.0
    for i, j in product(range(60), repeat=2):
        if y[i] == 1 and y[j] == 0 and worker[i] == worker[j]:
            total += weight[i] * weight[j]
            better = (score[i] > score[j]) + 0.5 * (score[i] == score[j])
            good += weight[i] * weight[j] * better
    assert auroc_within(score, y, worker)(weight) == pytest.approx(good / total)
    assert np.isnan(auroc_within(score, 0 * y, worker)(weight))


def test_recall_counts_events_among_the_best_and_shares_ties() -> None:
    score = np.array([3.0, 2.0, 2.0, 1.0, 0.0])
    y, among = np.array([1.0, 1.0, 0.0, 1.0, 1.0]), np.array([True, True, True, True, False])
    figure = recall_at(score, y, among, share=0.4)  # two of five: the first, and one of two
    assert figure(np.ones(5)) == pytest.approx((1.0 + 0.5) / 3)
    assert figure(np.array([1.0, 0.0, 0.0, 1.0, 3.0])) == pytest.approx((1.0 + 1.0) / 2)


def test_a_figure_that_does_not_change_has_no_error() -> None:
    _, offset, y, weight, worker, house = rows(4)
    figure = auroc_within(offset, y, worker)
    change = change_of(figure, figure, weight, house, seed=0)
    assert (change.difference, change.low, change.high, change.error) == (0.0, 0.0, 0.0, 0.0)


def test_benjamini_hochberg_rejects_up_to_the_last_that_passes() -> None:
    p = np.array([0.03, 0.5, 0.001, 0.02, 0.9])
    assert benjamini_hochberg(p, 0.05).tolist() == [True, False, True, True, False]
    assert not benjamini_hochberg(np.full(50, 0.04), 0.01).any()
    assert benjamini_hochberg(np.zeros(0), 0.05).tolist() == []


def test_weights_are_where_no_allowed_change_lowers_the_penalised_loss() -> None:
    matrix, offset, y, weight, worker, _ = rows(5)
    matrix[:, 1] = (y == 0) * (matrix[:, 1] + (np.arange(len(y)) % 3 == 0) > 0)  # lowers
    spread, most = 0.4, 0.5
    found = weights_within(csr_array(matrix), offset, y, weight, worker, spread, most)
    assert found[1] == 0.0
    assert (found >= 0).all()
    assert (found <= most).all()
    assert found[0] == most

    def loss(theta: np.ndarray) -> float:
        logit = offset + theta[worker] + matrix @ theta[12:]
        fit = weight @ (np.logaddexp(0.0, logit) - y * logit)
        return (
            fit
            + 0.5 * (theta[:12] ** 2).sum() / SHIFT_SPREAD**2
            + 0.5 * (theta[12:] ** 2).sum() / spread**2
        )

    from scipy.optimize import minimize

    bounds = [(None, None)] * 12 + [(0.0, most)] * 5
    plain = minimize(loss, np.zeros(17), method="L-BFGS-B", bounds=bounds, tol=1e-12)
    assert found == pytest.approx(plain.x[12:], abs=2e-4)

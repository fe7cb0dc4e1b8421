"""Calibration: maps, intervals, measures and folds, against scikit-learn and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from carescreen.calibration import (
    DRIFT_SPREAD,
    MAX_SLOPE,
    MIN_SLOPE,
    SLOPE_SPREAD,
    CalibrationMap,
    calibration_slope,
    chance,
    clustered_covariance,
    design_effect,
    drift,
    fit_intercept,
    fit_map,
    forward_folds,
    level_design_effect,
    likely_slope,
    method_for,
    observed_over_expected,
    random_folds,
)
from carescreen.errors import ModelError


def _simulated(n: int, intercept: float, slope: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    score = rng.normal(-1.0, 1.2, n)
    y = (rng.random(n) < chance(intercept + slope * score)).astype(float)
    return score, y


def test_calibration_slope_equals_scikit_learns_unpenalised_regression():
    score, y = _simulated(800, 0.4, 0.7)
    weight = np.random.default_rng(1).integers(1, 4, 800).astype(float)
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
    reference.fit(score[:, None], y, sample_weight=weight)
    slope = calibration_slope(y, score, weight)
    assert slope == pytest.approx(reference.coef_[0, 0], abs=1e-5)


def test_the_fitted_map_is_the_most_probable_one():
    score, y = _simulated(500, -0.3, 1.4)
    fitted = fit_map(score, y)
    residual = y - chance(fitted.logit(score))
    assert abs(residual.sum()) < 1e-9
    assert residual @ score == pytest.approx((fitted.slope - 1.0) / SLOPE_SPREAD**2, abs=1e-4)


def test_few_events_turn_the_slope_little_and_many_as_far_as_they_say():
    few, many = (np.mean([fit_map(*_simulated(n, 0.0, 0.5, seed)).slope for seed in range(8)])
                 for n in (200, 20_000))  # fmt: skip
    assert 0.55 < few < 0.8
    assert many == pytest.approx(0.5, abs=0.03)


def test_recalibrating_on_45_events_is_nearer_the_truth_than_maximum_likelihood():
    """Root mean square of the slope's error, over slopes as far from 1 as is expected."""
    errors = []
    for seed in range(60):
        truth = float(np.random.default_rng(seed).normal(1.0, SLOPE_SPREAD))
        score, y = _simulated(180, 0.0, truth, seed)
        if y.sum() >= 45:
            errors.append([fit_map(score, y).slope - truth, calibration_slope(y, score) - truth])
    ours, likelihood = np.sqrt(np.mean(np.square(errors), axis=0))
    assert ours < 0.9 * likelihood


def test_intercept_alone_makes_expected_equal_observed():
    score, y = _simulated(300, 0.8, 1.0)
    shift = fit_intercept(score, y, np.ones(300))
    assert observed_over_expected(y, chance(score + shift)) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize(
    ("events", "method"),
    [(0, "none"), (19, "none"), (20, "intercept"), (44, "intercept"), (45, "intercept+slope")],
)
def test_events_decide_what_is_estimated(events, method):
    assert method_for(events) == method
    score = np.linspace(-2, 2, 400)
    y = np.zeros(400)
    y[np.linspace(5, 395, events).astype(int)] = 1.0
    fitted = fit_map(score, y)
    assert fitted.method == method
    assert fitted.events == events
    assert (fitted.slope == 1.0) or method == "intercept+slope"
    assert (fitted.intercept == 0.0) or method != "none"


@pytest.mark.parametrize("rows", [200, 20_000])
def test_separated_labels_and_reversed_scores_stay_within_the_slopes_bounds(rows):
    score = np.linspace(-3, 3, rows)
    y = (score > 0).astype(float)
    assert 2.0 < fit_map(score, y).slope <= MAX_SLOPE
    assert fit_map(-score, y).slope == MIN_SLOPE


def test_a_constant_score_is_calibrated_by_its_intercept():
    y = np.r_[np.ones(50), np.zeros(150)]
    fitted = fit_map(np.zeros(200), y)
    assert chance(fitted.logit(np.zeros(1)))[0] == pytest.approx(0.25)


def test_one_class_is_refused_with_a_sentence():
    with pytest.raises(ModelError, match="both labels"):
        fit_intercept(np.zeros(5), np.ones(5), np.ones(5))


def test_covariance_equals_the_model_based_one_when_the_model_is_true():
    score, y = _simulated(40_000, 0.2, 0.9)
    fitted = fit_map(score, y)
    p = chance(fitted.logit(score))
    design = np.column_stack([np.ones_like(score), score])
    expected = np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)
    assert fitted.covariance == pytest.approx(
        (expected[0, 0], expected[0, 1], expected[1, 1]), rel=0.05
    )


def test_rows_that_repeat_inside_a_group_add_no_certainty():
    score, y = _simulated(600, 0.0, 1.0)
    once = fit_map(score, y, groups=np.arange(600))
    repeated = fit_map(np.tile(score, 4), np.tile(y, 4), groups=np.tile(np.arange(600), 4))
    assert repeated.covariance == pytest.approx(once.covariance, rel=1e-6)
    assert repeated.slope == pytest.approx(once.slope, abs=1e-6)


def test_the_design_effect_counts_likeness_and_weights():
    score, y = _simulated(600, 0.0, 1.0)
    one, alone = np.ones(600), np.arange(600)
    assert design_effect(score, y, one, None) == pytest.approx(1.0)
    assert design_effect(score, y, one, alone) == pytest.approx(1.0)
    assert design_effect(score, y, 2 * one, alone) == pytest.approx(2.0)
    pairs = (np.tile(score, 2), np.tile(y, 2), np.ones(1200))
    assert design_effect(*pairs, np.tile(alone, 2)) == pytest.approx(2.0)
    assert design_effect(*pairs, np.arange(1200)) == pytest.approx(1.0)


def test_the_design_effect_is_the_variance_of_sums_over_groups_to_that_over_rows():
    rng = np.random.default_rng(0)
    codes, groups, residual = rng.integers(0, 4, 60), rng.integers(0, 9, 60), rng.normal(size=60)
    residual += rng.normal(size=9)[groups]
    centred = (codes[:, None] == np.arange(4)) - np.bincount(codes) / 60
    alone = sum(np.sum((z * residual) ** 2) for z in centred.T)
    grouped = sum(sum((z * residual)[groups == g].sum() ** 2 for g in range(9)) for z in centred.T)
    assert grouped > alone
    assert level_design_effect(codes, residual, groups) == pytest.approx(grouped / alone)


def test_the_design_effect_of_copies_is_their_number_and_of_single_rows_is_1():
    rng = np.random.default_rng(0)
    codes, residual = rng.integers(0, 3, 50), rng.normal(size=50)
    copied = level_design_effect(np.tile(codes, 4), np.tile(residual, 4), np.tile(np.arange(50), 4))
    assert copied == pytest.approx(4.0)
    assert level_design_effect(codes, residual, np.arange(50)) == pytest.approx(1.0)
    assert level_design_effect(codes, residual, np.arange(50) // 50 * 0) == 1.0
    assert level_design_effect(codes, np.zeros(50), np.arange(50)) == 1.0


def test_a_slope_that_was_not_estimated_widens_the_interval_away_from_the_middle():
    score = np.linspace(-2, 2, 400)
    y = (np.arange(400) % 20 == 0).astype(float)
    variance = clustered_covariance(score, score, y, np.ones(400), None, "intercept")
    fitted = CalibrationMap(covariance=variance)
    low, high = fitted.interval(np.array([0.0, 3.0])).T
    middle, far = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert far > middle


def test_maps_applied_one_after_the_other_are_one_map():
    first = CalibrationMap(0.3, 0.8)
    second = CalibrationMap(-0.2, 1.5, (0.04, 0.01, 0.02))
    both = second.after(first)
    score = np.linspace(-4, 4, 9)
    assert both.logit(score) == pytest.approx(second.logit(first.logit(score)))
    assert both.interval(score) == pytest.approx(second.interval(first.logit(score)))


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 2.0])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(ModelError, match="between 0 and 1"):
        CalibrationMap().interval(np.zeros(1), level)


def test_slope_measures_overconfidence():
    score, y = _simulated(20_000, 0.0, 1.0)
    assert calibration_slope(y, score) == pytest.approx(1.0, abs=0.05)
    assert calibration_slope(y, 2 * score) == pytest.approx(0.5, abs=0.03)
    assert np.isnan(calibration_slope(y, np.zeros_like(score)))


def test_chance_neither_overflows_nor_loses_its_ends():
    assert chance(np.array([-1e6, 0.0, 1e6])).tolist() == [0.0, 0.5, 1.0]


def test_random_folds_keep_groups_whole_and_spread_events():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 90, 400)
    y = (rng.random(400) < 0.2).astype(float)
    folds = random_folds(y, groups, seed=3)
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == list(range(400))
    events = [y[test].sum() for _, test in folds]
    assert max(events) - min(events) <= 6
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])


def test_forward_folds_learn_only_from_earlier_rows_of_other_groups():
    rng = np.random.default_rng(0)
    time = rng.integers(0, 40, 500)
    groups = rng.integers(0, 300, 500)
    y = (rng.random(500) < 0.3).astype(float)
    folds = forward_folds(y, groups, time)
    assert len(folds) == 4
    for train, test in folds:
        assert time[train].max() < time[test].min()
        assert not set(groups[train]) & set(groups[test])


def test_folds_that_cannot_learn_both_labels_are_left_out():
    y = np.r_[np.zeros(20), 1.0, 1.0]
    assert random_folds(y, np.arange(22), seed=0) == [] or all(
        y[train].sum() >= 2 for train, _ in random_folds(y, np.arange(22), seed=0)
    )


# --- slope out of sample, and the newest period ------------------------------------------------


def _minimum(loss, size: int) -> np.ndarray:
    found = minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-9, "maxiter": 5_000})
    return found.x


def test_the_slope_out_of_sample_is_the_most_probable_one_with_an_intercept_a_fold():
    score, y = _simulated(300, 0.3, 0.6)
    fold, weight = np.arange(300) % 3, np.random.default_rng(2).integers(1, 4, 300) * 1.0

    def loss(theta: np.ndarray) -> float:
        logit = theta[0] * score + theta[1:][fold]
        own = weight @ (np.logaddexp(0.0, logit) - y * logit)
        return own + (theta[0] - 1.0) ** 2 / (2 * SLOPE_SPREAD**2)

    wanted = _minimum(loss, 4)[0]
    assert likely_slope(score, y, weight, fold) == pytest.approx(wanted, abs=1e-4)
    assert 0.5 < wanted < 0.9


def test_the_slope_out_of_sample_leans_on_1_with_few_rows_and_on_the_rows_with_many():
    for n, low, high in ((40, 0.6, 1.1), (20_000, 0.45, 0.55)):
        score, y = _simulated(n, 0.0, 0.5)
        found = likely_slope(score, y, np.ones(n), np.arange(n) % 5)
        assert low < found < high


def test_the_newest_period_moves_by_the_most_probable_shift():
    logit, y = _simulated(200, 0.5, 1.0)
    weight = np.random.default_rng(2).integers(1, 4, 200) * 1.0

    def loss(theta: np.ndarray) -> float:
        own = weight @ (np.logaddexp(0.0, logit + theta[0]) - y * (logit + theta[0]))
        return own + theta[0] ** 2 / (2 * DRIFT_SPREAD**2)

    assert drift(logit, y, weight) == pytest.approx(_minimum(loss, 1)[0], abs=1e-5)


def test_the_newest_period_moves_nothing_where_it_is_as_expected_and_all_with_many_rows():
    y = np.r_[np.ones(50), np.zeros(150)]
    assert drift(np.full(200, np.log(1 / 3)), y, np.ones(200)) == pytest.approx(0.0, abs=1e-12)
    many = drift(np.full(200, -2.0), y, np.full(200, 1e6))
    assert many == pytest.approx(2.0 + np.log(1 / 3), abs=1e-4)
    assert drift(np.zeros(0), np.zeros(0), np.zeros(0)) == 0.0

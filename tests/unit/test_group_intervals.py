"""Figures and intervals of groups against published examples and plain implementations."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from carescreen.evaluation.arms import (
    Arms,
    Partition,
    of_ratio,
    of_share,
    ratio_arms,
    share_arms,
    slope_arms,
)
from carescreen.evaluation.cluster_draws import counts_of_draws
from carescreen.evaluation.differences import Differences, benjamini_hochberg, byar, holm, wilson


def two_arms(first: tuple[int, int], second: tuple[int, int]) -> Arms:
    (a, m), (b, n) = first, second
    size = np.array([[m, n]], dtype=float)
    share = np.array([[a / m, b / n]])
    return Arms(share, size, size, share * size, size * 1e6, np.zeros(1))


def test_newcombes_published_differences_are_reproduced() -> None:
    # Newcombe, Stat Med 1998;17:873-90, table II, method 10
    for first, second, low, high in [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
    ]:
        found = Differences(two_arms(first, second), wilson).interval(0.05)
        assert [round(float(limit[0]), 4) for limit in found] == [low, high]


def test_limits_of_observed_over_expected_are_close_to_the_exact_poisson_limits() -> None:
    count = np.array([20.0, 60.0, 300.0])
    low, high = byar(np.ones(3), count, np.full(3, 1.96))
    assert low == pytest.approx(stats.chi2.ppf(0.025, 2 * count) / 2 / count, rel=0.005)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2 / count, rel=0.005)


def test_the_p_value_is_the_level_at_which_the_interval_touches_zero() -> None:
    differences = Differences(two_arms((56, 70), (48, 80)), wilson)
    low, high = differences.interval(differences.p_value)
    assert min(abs(low[0]), abs(high[0])) < 1e-9


def test_holm_and_benjamini_hochberg_agree_with_their_definitions_and_with_their_intervals() -> (
    None
):
    rng = np.random.default_rng(3)
    for _ in range(50):
        p = rng.random(12) ** 4
        p[rng.integers(0, 12)] = np.nan
        known = ~np.isnan(p)
        adjusted, level = benjamini_hochberg(p, 0.05)
        assert adjusted[known] == pytest.approx(stats.false_discovery_control(p[known]))
        assert ((adjusted <= 0.05) == (p <= level))[known].all()
        adjusted, level = holm(p, 0.05)
        ordered = np.sort(p[known])
        steps = np.maximum.accumulate(ordered * np.arange(11, 0, -1)).clip(max=1.0)
        assert np.sort(adjusted[known]) == pytest.approx(steps)
        assert ((adjusted <= 0.05) == (p <= level))[known].all()


def clustered(seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(300), 4)
    level = rng.integers(0, 2, len(cluster))
    chance = 1 / (1 + np.exp(-(rng.normal(0, 1.2, 300)[cluster] + 0.3 * level)))
    value = (rng.random(len(cluster)) < chance).astype(float)
    return cluster, level, value, rng.choice([1.0, 5.0], len(cluster))


def test_the_clustered_spread_of_a_difference_is_that_of_resampled_households() -> None:
    cluster, level, value, weight = clustered(1)
    lump = np.zeros(len(value))
    arms = share_arms(of_share(weight, value, lump), Partition(level, 2), cluster)
    p, size, r = arms.estimate[1], arms.size[1], arms.correlation[1]
    own, other = np.sqrt(p * (1 - p) / size)
    ours = np.sqrt(own**2 + other**2 - 2 * r * own * other)
    house = np.unique(cluster, return_inverse=True)[1]
    counts = counts_of_draws(house.max() + 1, 1000, np.random.default_rng(2))
    weights = (drawn[house] for part in counts for drawn in part.T)
    drawn = [
        np.average(value[level == 1], weights=(w * weight)[level == 1])
        - np.average(value[level == 0], weights=(w * weight)[level == 0])
        for w in weights
    ]
    assert ours == pytest.approx(np.std(drawn), rel=0.08)


def test_shares_and_ratios_are_weighted_sums() -> None:
    cluster, level, value, weight = clustered(4)
    expected = np.full(len(value), 0.25)
    arms = ratio_arms(of_ratio(weight, value, expected), Partition(level, 2), cluster)
    one = level == 1
    assert arms.estimate[1] == pytest.approx(
        [
            (weight * value)[one].sum() / (weight * expected)[one].sum(),
            (weight * value)[~one].sum() / (weight * expected)[~one].sum(),
        ]
    )


def test_the_slope_of_each_group_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    logit = rng.normal(-1, 1, 4000)
    level = rng.integers(0, 2, 4000)
    truth = np.where(level == 1, 0.5, 1.2) * logit
    y = (rng.random(4000) < 1 / (1 + np.exp(-truth))).astype(float)
    arms = slope_arms(np.ones(4000), y, logit, Partition(level, 2), np.arange(4000), 45)
    for side, rows in enumerate((level == 1, level == 0)):
        plain = LogisticRegression(C=1e9, tol=1e-8).fit(logit[rows, None], y[rows])
        assert arms.estimate[1, side] == pytest.approx(plain.coef_[0, 0], abs=2e-3)


def test_predictions_that_separate_the_labels_have_no_slope() -> None:
    logit = np.linspace(-3, 3, 400)
    y = (logit > 0).astype(float)
    level = np.arange(400) % 2
    arms = slope_arms(np.ones(400), y, logit, Partition(level, 2), np.arange(400), 45)
    assert np.isnan(arms.estimate).all()

"""References of watch: against permutations, SciPy, published examples, and on simulated counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from carescreen.evaluation.drift import (
    by_weeks,
    dispersions,
    distance,
    exchanged,
    fewer,
    holm,
    stability,
)
from carescreen.evaluation.watch_calibration import observed_to_expected
from carescreen.evaluation.watch_shape import Shape
from carescreen.evaluation.watch_weeks import Window, windows


def test_the_bound_is_never_under_what_swapping_labels_gives() -> None:
    rng = np.random.default_rng(3)
    for change in (0.0, 0.02, 0.06):
        old_of, new_of = rng.integers(20, 40, 16), rng.integers(20, 40, 16)
        old = rng.binomial(old_of, 0.2)
        new = rng.binomial(new_of, 0.2 + change)
        share = (old.sum() + new.sum()) / (old_of.sum() + new_of.sum())
        part = (new - share * new_of) / new_of.sum() - (old - share * old_of) / old_of.sum()
        signs = np.array(np.meshgrid(*[[-1, 1]] * 16)).reshape(16, -1)
        plain = np.mean(np.abs(part @ signs) >= abs(part.sum()) - 1e-15)
        assert part.sum() == pytest.approx(new.sum() / new_of.sum() - old.sum() / old_of.sum())
        [bound] = exchanged(old[:, None], old_of, new[:, None], new_of)
        assert plain <= bound <= max(6 * plain, 0.2)


def test_children_who_stay_as_they_are_make_a_change_surer() -> None:
    of = np.full(64, 30)
    old = np.full((64, 1), 6)
    [small] = exchanged(old, of, old + 1, of)
    rng = np.random.default_rng(1)
    [apart] = exchanged(rng.binomial(30, 0.2, (64, 1)), of, rng.binomial(30, 0.233, (64, 1)), of)
    assert small < 1e-13
    assert apart > small


def test_weeks_without_dispersion_are_fishers_exact_test() -> None:
    old, of = np.array([[3], [5], [4]]), np.array([40, 45, 38])
    [found] = by_weeks(old, of, np.array([9.0]), 42, np.ones(1))
    table = [[9, 33], [12, 111]]
    ends = [stats.fisher_exact(table, side).pvalue for side in ("less", "greater")]
    assert found == pytest.approx(2 * min(ends))


def test_weeks_that_differ_among_themselves_make_the_newest_less_sure() -> None:
    of = np.full(12, 50)
    calm, wild = np.full((12, 1), 25), np.array([[5], [45]] * 6)
    spread = [dispersions(one, np.repeat(of[:, None], 1, axis=1)) for one in (calm, wild)]
    chances = [
        by_weeks(one, of, np.array([10.0]), 50, each)[0]
        for one, each in zip((calm, wild), spread, strict=True)
    ]
    assert spread[0][0] == 1.0
    assert chances[0] < 1e-4 < 0.2 < chances[1]


def test_false_alarms_of_weeks_stay_under_their_level() -> None:
    """Weeks whose share varies more than by chance (beta-binomial), nothing changed."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        of = rng.integers(30, 70, 13)
        share = rng.beta(12, 28, (13, 20))
        counts = rng.binomial(of[:, None], share)
        spread = dispersions(counts[1:], np.repeat(of[1:, None], 20, axis=1))
        chances = by_weeks(counts[1:], of[1:], counts[0].astype(float), of[0], spread)
        found.append(chances.min() * 20 <= 0.05)
    assert np.mean(found) <= 0.07


def test_fewer_is_a_binomial_tail() -> None:
    before = np.array([10, 12, 9, 11])
    plain = stats.binom.cdf(3, 45, 2 / 6)
    assert fewer(before, 3, 2, 1.0) == pytest.approx(plain)
    assert fewer(before, 3, 2, 4.0) > plain


def test_stability_index_of_a_worked_example() -> None:
    """Three parts: (q - p) ln(q / p) by hand, less (3 - 1)(1/1000 + 1/1000)."""
    old, new = np.array([500, 300, 200]), np.array([400, 300, 300])
    plain = -0.1 * np.log(0.8) + 0.1 * np.log(1.5)
    assert stability(old, new) == pytest.approx(plain - 0.004)
    assert distance(old, new) == pytest.approx(0.1)
    assert np.isnan(stability(old, np.zeros(3, dtype=np.int64)))


def test_holm_as_published() -> None:
    """The example of R's p.adjust."""
    p = np.array([0.01, 0.02, 0.03, 0.04, 0.05])
    assert holm(p) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])


def test_numbers_are_compared_in_their_order_and_words_by_themselves() -> None:
    numbers = Shape(["10", "2", "<0", "0"], np.array([10, 40, 10, 40]), np.array([10, 40, 10, 40]))
    assert [numbers.words[k] for k in numbers.order] == ["<0", "0", "2", "10"]
    assert numbers.figures.old == 0.0
    words = Shape(["no", "rare", "yes"], np.array([90, 1, 9]), np.array([60, 1, 39]))
    assert (words.figures.part, words.figures.old, words.figures.new) == ("no", 0.9, 0.6)
    one = Shape(["5"], np.array([10]), np.array([10]))
    assert one.tested(np.array([[10]])).shape == (1, 0)


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (7, [Window(1, 0), Window(4, 3)]),
        (1, [Window(1, 1), Window(4, 4)]),
        (30, [Window(4, 0)]),
        (14, [Window(2, 0), Window(4, 2)]),
    ],
)
def test_weeks_before_never_overlap_the_newest(days: int, found: list[Window]) -> None:
    assert windows(days) == found
    assert all(window.first * 7 + days >= window.newest * 7 for window in found)


def test_observed_to_expected_has_its_interval() -> None:
    """Garwood's interval of 36 events; wider by households of which all or none are events."""
    event, chance = np.arange(120) < 36, np.full(120, 0.3)
    alone = np.array([f"h{k}" for k in range(120)], dtype=object)
    together = np.array([f"h{k // 3}" for k in range(120)], dtype=object)
    ratio, low, high = observed_to_expected(event, chance, alone)
    assert (ratio, low, high) == pytest.approx((1.0, 25.214 / 36, 49.839 / 36), abs=1e-4)
    assert observed_to_expected(event, chance, together)[1] < low
    assert all(np.isnan(observed_to_expected(event, np.zeros(120), alone)))


def test_the_interval_covers_where_households_share_their_fate() -> None:
    rng = np.random.default_rng(9)
    covered = []
    for _ in range(300):
        chance = np.repeat(rng.uniform(0.05, 0.4, 80), 2)
        household = np.repeat([f"h{k}" for k in range(80)], 2).astype(object)
        drawn = np.repeat(rng.random(80), 2)
        own = np.where(rng.random(160) < 0.5, drawn, rng.random(160))
        _, low, high = observed_to_expected(own < chance, chance, household)
        covered.append(low <= 1.0 <= high)
    assert np.mean(covered) >= 0.93

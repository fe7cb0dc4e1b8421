"""Villages and workers: drawn together, never called unfair on noise."""

import numpy as np
import pandas as pd
import pytest

from carescreen.evaluation.groups import audit_groups
from carescreen.evaluation.places import (
    PlaceSpread,
    beta_binomial,
    design_effect,
    overlap,
    place_spread,
)
from carescreen.evaluation.verdicts import FAIR, NOT_ENOUGH, UNFAIR
from tests.unit.small_counties import SEATS, fair_county

# Tumours among rats of 71 experiments: Gelman et al., Bayesian Data Analysis, table 5.1.
TUMOURS = [0] * 14 + [1] * 8 + [2] * 9 + [1, 5, 2, 5, 3, 2, 7, 7, 3, 3, 2, 9, 10] + [4] * 7
TUMOURS += [10, 4, 4, 4, 5, 11, 12, 5, 5, 6, 5, 6, 6, 6, 6, 16, 15, 15, 9, 4]
RATS = [20] * 7 + [19] * 4 + [18, 18, 17, 20, 20, 20, 20, 19, 19, 18, 18, 25, 24, 23] + [20] * 6
RATS += [10, 49, 19, 46, 27, 17, 49, 47, 20, 20, 13, 48, 50] + [20] * 7
RATS += [48, 19, 19, 19, 22, 46, 49, 20, 20, 23, 19, 22, 20, 20, 20, 52, 46, 47, 24, 14]


def test_the_posterior_of_the_published_rat_experiments_is_reproduced() -> None:
    found = beta_binomial(np.array(TUMOURS, dtype=float), np.array(RATS, dtype=float))
    assert found.weight @ found.a == pytest.approx(2.4, abs=0.1)  # section 5.3
    assert found.weight @ found.b == pytest.approx(14.3, abs=0.5)


def spread_of(
    places: int, each: int, seed: int, truth: float = 0.0, homes: bool = False
) -> tuple[PlaceSpread, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(places), each)
    rate = np.clip(0.35 + truth * rng.normal(size=places), 0.02, 0.98)
    household = np.arange(len(place)) // 2
    u = rng.random(len(place))
    u = u[household * 2] if homes else u
    value = (u < rate[place]).astype(float)
    found = place_spread(
        "missed_need",
        "village_id",
        np.array([f"v{k:03}" for k in place], dtype=object),
        household,
        np.ones(len(place)),
        value,
        margin=0.10,
        alpha=0.005,
        least=20,
        rng=rng,
    )
    return found, pd.DataFrame({"place": place, "value": value})


def naive_unfair(rows: pd.DataFrame, seed: int) -> float:
    """Share of places called unfair if places are resampled: a place's own rate has no error."""
    rng = np.random.default_rng(seed)
    rate = rows.groupby("place")["value"].mean().to_numpy()
    mean = np.array([rng.choice(rate, len(rate)).mean() for _ in range(500)])
    low, high = np.quantile(mean, [0.025, 0.975])
    apart = (rate - high > 0) | (rate - low < 0)
    return float((apart & (np.abs(rate - rate.mean()) > 0.10)).mean())


def test_fair_villages_are_not_called_unfair_where_resampling_villages_would() -> None:
    called, naive = [], []
    for seed in range(5):
        found, rows = spread_of(30, 20, seed)
        called.append(np.mean([p.verdict == UNFAIR for p in found.places]))
        naive.append(naive_unfair(rows, seed))
    assert max(called) == 0.0
    assert np.mean(naive) > 0.25


def test_the_spread_of_true_rates_is_found() -> None:
    inside = 0
    for seed in range(8):
        found, _ = spread_of(40, 60, seed, truth=0.12)
        inside += found.low < 0.12 < found.high
        assert found.verdict == UNFAIR
    assert inside >= 6


def test_many_events_and_no_differences_are_called_fair_and_few_are_not() -> None:
    assert spread_of(30, 250, 1)[0].verdict == FAIR
    assert spread_of(30, 8, 1)[0].verdict == NOT_ENOUGH
    few, _ = spread_of(5, 3, 1)
    assert np.isnan(few.spread)


def test_brothers_and_sisters_count_as_fewer_children() -> None:
    alike, _ = spread_of(30, 40, 2, homes=True)
    apart, _ = spread_of(30, 40, 2)
    assert alike.design == pytest.approx(2.0, abs=0.3)
    assert apart.design == pytest.approx(1.0, abs=0.15)


def test_unequal_weights_make_a_place_worth_fewer_events() -> None:
    place = np.repeat([0, 1], 100)
    weight = np.where(np.arange(200) % 2, 9.0, 1.0)
    value = (np.random.default_rng(1).random(200) < 0.4).astype(float)
    rng = np.random.default_rng(0)
    design = design_effect(weight, value, place, np.arange(200), rng)
    assert design == pytest.approx(100 * 4100 / 500**2 * np.ones(2), rel=0.15)


def test_one_village_that_truly_fails_is_found_once_it_has_the_events() -> None:
    windows = fair_county(3, windows=8, rate=0.2)
    bad = windows["village_id"] == "v010"
    windows.loc[bad, "order"] = np.where(windows.loc[bad, "event"] == True, -9.0, 9.0)  # noqa: E712
    found = audit_groups(windows, capacity=SEATS, attributes=["sex"])
    called = {p.name for s in found.places for p in s.places if p.verdict == UNFAIR}
    assert called == {"v010", "w010"}


def test_one_worker_a_village_makes_the_two_inseparable_and_the_shares_are_counted() -> None:
    alone = overlap(fair_county(1, villages=25, workers=25, windows=1))
    assert alone.is_inseparable
    assert (alone.workers_with_one_village, alone.villages_with_one_worker) == (1.0, 1.0)
    shared = overlap(fair_county(1, windows=1))
    assert not shared.is_inseparable
    assert shared.workers_with_one_village == 0.8

"""Weights for children who were not chosen and visits that were not told, against a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from carescreen.selection import (
    MOST_FOR_CHANCE,
    MOST_FOR_TOLD,
    chance_weights,
    effective,
    strata,
    told_weights,
)


def test_a_child_drawn_with_a_chance_stands_for_its_like_up_to_the_cap() -> None:
    found = chance_weights(np.array([1.0, 0.5, 0.12, 0.001, np.nan]))
    assert found.tolist() == pytest.approx([1.0, 2.0, 1 / 0.12, MOST_FOR_CHANCE, 1.0])


def test_weights_recover_how_many_there_are_where_chance_and_silence_depend_on_the_score() -> None:
    """20,000 children: who scores high is chosen more often and tells less often."""
    rng = np.random.default_rng(3)
    score = rng.normal(size=20_000)
    event = rng.random(20_000) < 1 / (1 + np.exp(3 - score))
    high = score > np.quantile(score, 2 / 3)
    chance = np.where(high, 1.0, 0.2)
    chosen = rng.random(20_000) < chance
    told = chosen & (rng.random(20_000) < np.where(high, 0.55, 0.95))
    weight, at_random = chance_weights(chance), chance < 1
    factor = np.zeros(20_000)
    factor[chosen] = told_weights(
        told[chosen], weight[chosen], strata(score[chosen], at_random[chosen])
    )
    plain = event[told].mean()
    by_chance = np.average(event[told], weights=weight[told])
    both = np.average(event[told], weights=(weight * factor)[told])
    assert abs(both - event.mean()) < 0.006
    assert abs(plain - event.mean()) > 0.02
    assert abs(by_chance - event.mean()) > abs(both - event.mean())


def test_a_stratum_with_few_told_takes_the_share_of_all() -> None:
    told = np.array([True] * 60 + [False] * 20 + [True] * 5 + [False] * 15)
    stratum = np.repeat([0, 1], [80, 20])
    found = told_weights(told, np.ones(100), stratum)
    assert found[0] == pytest.approx(80 / 60)
    assert found[80] == pytest.approx(100 / 65)


def test_a_share_told_that_is_tiny_is_capped() -> None:
    told = np.zeros(1000, dtype=bool)
    told[:30] = True
    assert told_weights(told, np.ones(1000), np.zeros(1000, dtype=int)).max() == MOST_FOR_TOLD


def test_alike_is_the_third_of_the_score_and_whether_drawn() -> None:
    found = strata(np.array([0.0, 1, 2, 0, 1, 2]), np.array([False] * 3 + [True] * 3))
    assert len(set(found.tolist())) == 6
    assert len(set(strata(np.zeros(6), np.zeros(6, dtype=bool)).tolist())) == 1


def test_heavy_rows_add_up_to_what_they_are_worth() -> None:
    assert effective(np.ones(7)).sum() == pytest.approx(7)
    found = effective(np.array([10.0, 1, 1]))
    assert found.sum() == pytest.approx(144 / 102)
    assert found[0] / found[1] == pytest.approx(10)

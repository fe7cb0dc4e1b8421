"""Fitting step tables: the plain penalised likelihood, minimised by scipy, is the reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from carescreen import fitting
from carescreen.calibration import chance
from carescreen.fitting import (
    Basis,
    Fitted,
    Tally,
    build_bases,
    codes_of,
    fit_steps,
    level_variances,
    scaled,
    step_tables,
    together,
)
from carescreen.steps import AdditiveTables, StepTable

PRIOR = AdditiveTables(
    0,
    (
        StepTable("flag", "number", (0, 800_000), (0.5,), monotone=1, spread=300_000),
        StepTable("count", "number", (0, 200_000, 300_000), (1.5, 3.5), spread=400_000),
    ),
)
MONOTONE = {"count": 1, "gap": -1}


def rows(n: int = 300, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "flag": (rng.random(n) < 0.3) * 1.0,
            "count": rng.integers(0, 6, n) * 1.0,
            "gap": rng.integers(0, 8, n) * 1.0,
            "place": rng.choice(["hill", "river", "town"], n, p=[0.6, 0.3, 0.1]),
        }
    )
    X.loc[rng.random(n) < 0.2, "gap"] = np.nan
    logit = -1.0 + 1.2 * X["flag"] - 0.2 * X["count"] - 0.1 * X["gap"].fillna(9.0)
    return X, (rng.random(n) < chance(logit.to_numpy())).astype(float)


def tally_of(n: int = 300, prior: AdditiveTables | None = PRIOR) -> tuple[Tally, tuple[Basis, ...]]:
    X, y = rows(n)
    bases = build_bases(X, prior, MONOTONE, None)
    return together(codes_of(X, bases), y, np.ones(n)), bases


def loss_of(tally: Tally, bases: tuple[Basis, ...], base: float, multiple: float, theta) -> float:
    """The penalised negative log-likelihood, parameter by parameter."""
    logit, at, penalty = np.full(len(tally.y), base + theta[0]), 1, 0.0
    logit = logit + tally.offset
    for basis, column in zip(bases, tally.codes.T, strict=True):
        own = theta[at : at + basis.look_up.shape[1]]
        at += len(own)
        logit += (basis.prior + basis.look_up @ own)[column]
        penalty += float(basis.precision @ own**2) / multiple**2 / 2.0
    return float(tally.weight @ (np.logaddexp(0.0, logit) - tally.y * logit)) + penalty


def bounds_of(bases: tuple[Basis, ...]) -> list[tuple[float, float]]:
    low = np.concatenate([b.lower for b in bases])
    high = np.concatenate([b.upper for b in bases])
    return [(-np.inf, np.inf), *zip(low, high, strict=True)]


@pytest.mark.parametrize("multiple", [0.25, 1.0, 2.0])
@pytest.mark.parametrize("strength", [0.0, 1.5])
def test_a_fit_is_the_minimum_of_the_penalised_likelihood_within_its_bounds(multiple, strength):
    tally, bases = tally_of()
    bases = tuple(scaled(basis, strength) for basis in bases)
    found = fit_steps(tally, bases, -0.5, multiple).parameters
    least = minimize(
        lambda theta: loss_of(tally, bases, -0.5, multiple, theta),
        np.zeros(len(found)),
        bounds=bounds_of(bases),
        options={"maxiter": 2_000, "maxfun": 200_000, "ftol": 1e-15, "gtol": 1e-9},
    )
    assert found == pytest.approx(least.x, abs=1e-4)
    assert loss_of(tally, bases, -0.5, multiple, found) <= least.fun + 1e-9
    at_bounds = sum(np.isclose(found, b).sum() for b in zip(*bounds_of(bases), strict=True))
    assert 0 < at_bounds < len(found), "the example has bounds that hold and others that do not"


@pytest.mark.parametrize("multiple", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("base", [-2.0, -0.5, 0.0])
def test_a_fit_ends_at_its_top_to_the_last_digits(multiple, base):
    """So that a processor's last bits, or how many threads add up, leave no trace in a millionth."""
    tally, bases = tally_of()
    found = fit_steps(tally, bases, base, multiple).parameters
    again = fit_steps(tally, bases, base, multiple, Fitted(found, bases, base)).parameters
    other = fit_steps(tally, bases, base, multiple, Fitted(found + 0.3, bases, base)).parameters
    assert again == pytest.approx(found, abs=1e-12)
    assert other == pytest.approx(found, abs=1e-12)


def test_a_table_too_wide_to_write_out_is_fitted_alike(monkeypatch):
    tally, bases = tally_of()
    whole = fit_steps(tally, bases, 0.0, 1.0).parameters
    monkeypatch.setattr(fitting, "WIDE", 0)
    assert fit_steps(tally, bases, 0.0, 1.0).parameters == pytest.approx(whole, abs=1e-12)


def test_rows_counted_once_with_their_weights_fit_as_rows_one_by_one():
    X, y = rows()
    bases = build_bases(X, PRIOR, MONOTONE, None)
    weight = np.random.default_rng(1).integers(1, 4, len(y)) * 1.0
    codes = codes_of(X, bases)
    one_by_one = fit_steps(Tally(codes, y, weight), bases, 0.0, 1.0)
    counted = fit_steps(together(codes, y, weight), bases, 0.0, 1.0)
    assert counted.parameters == pytest.approx(one_by_one.parameters, abs=1e-12)


def test_an_offset_counts_as_much_as_a_prior_of_that_size():
    tally, bases = tally_of()
    shift = bases[0].prior[tally.codes[:, 0]]
    without = (Basis(**{**vars(bases[0]), "prior": np.zeros(3)}), *bases[1:])
    moved = Tally(tally.codes, tally.y, tally.weight, shift)
    with_prior = fit_steps(tally, bases, 0.0, 1.0).parameters
    assert fit_steps(moved, without, 0.0, 1.0).parameters == pytest.approx(with_prior, abs=1e-9)


def test_a_scaled_prior_keeps_its_directions():
    _, bases = tally_of()
    for strength in (0.0, 0.5, 1.5):
        for basis in bases:
            found = scaled(basis, strength)
            assert found.prior == pytest.approx(strength * basis.prior)
            at_least = found.prior + found.look_up @ np.where(
                np.isfinite(found.lower), found.lower, 0.0
            )
            if basis.table.monotone > 0:
                assert (np.diff(at_least[:-1]) > -1e-12).all()


@pytest.mark.parametrize("rare", [False, True])
def test_standard_errors_are_those_of_a_bootstrap(rare):
    """Of rows drawn anew, with spreads so wide that the prior hardly holds."""
    n, draws = 3_000, 150
    X, y = rows(n, seed=3)
    bases = build_bases(X[["flag", "place"]], None, {}, None)
    codes, multiple = codes_of(X, bases), 4.0
    fitted = fit_steps(together(codes, y, np.ones(n)), bases, 0.0, multiple)
    wanted = level_variances(together(codes, y, np.ones(n)), fitted, multiple)
    rng, found = np.random.default_rng(4), []
    shares = [
        np.bincount(column, minlength=len(b.look_up)) / n
        for column, b in zip(codes.T, bases, strict=True)
    ]
    for _ in range(draws):
        drawn = rng.integers(0, n, n)
        again = fit_steps(
            together(codes[drawn], y[drawn], np.ones(n)), bases, 0.0, multiple, fitted
        )
        found.append([w - s @ w for w, s in zip(again.levels.weights, shares, strict=True)])
    for place, variance in enumerate(wanted):
        spread = np.std([one[place] for one in found], axis=0)[:-1]
        level = int(np.argmin(shares[place][:-1])) if rare else int(np.argmax(shares[place]))
        assert np.sqrt(variance[level]) == pytest.approx(spread[level], rel=0.25)


def test_tables_round_to_millionths_keep_their_order_and_start_a_flag_at_0():
    tally, bases = tally_of()
    fit = fit_steps(tally, bases, 0.0, 1.0)
    errors = level_variances(tally, fit, 1.0)
    tables = step_tables(bases, fit.levels, errors, 0.25, 0.9)
    flag, count = tables.features[:2]
    assert flag.weights[0] == 0
    assert (np.diff(count.weights) >= 0).all()
    logit = 0.25 + 0.9 * fit.logit(tally.codes)
    scored = np.full(len(logit), tables.intercept)
    for table, column in zip(tables.features, tally.codes.T, strict=True):
        scored = scored + table.look_up[column]
    assert scored / 1e6 == pytest.approx(logit, abs=5e-6)
    assert flag.errors == tuple(round(e * 0.9 * 1e6) for e in np.sqrt(errors[0]))


def test_nothing_moves_without_rows_that_vary():
    X = pd.DataFrame({"same": np.ones(40), "blank": np.full(40, np.nan)})
    bases = build_bases(X, None, {}, None)
    y = (np.arange(40) < 10) * 1.0
    fit = fit_steps(Tally(codes_of(X, bases), y, np.ones(40)), bases, 0.0, 1.0)
    assert isinstance(fit, Fitted)
    assert fit.levels.intercept == pytest.approx(np.log(10 / 30))
    assert not any(weights.any() for weights in fit.levels.weights)

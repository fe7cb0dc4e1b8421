"""Intervals cover the true probability, shrink with more rows and are wider for what is rare."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from measures import columns
from worlds import FLAGS, WORDS, Mixed, World

from carescreen.calibration import chance
from carescreen.model import RiskModel
from carescreen.steps import MICRO, AdditiveTables, StepTable

LEVEL, LOW, HIGH = 0.95, 0.90, 0.98
RUNS = {200: 80, 600: 80, 2_000: 60, 10_000: 24}
RUNS_WITH_NOTES = {200: 40, 600: 40, 2_000: 24, 10_000: 6}
TITLE = "Intervals at level .95: rows whose true probability they cover, mean over runs"
PRIOR_SPREAD = 0.3


def _prior(rng: np.random.Generator, truth: np.ndarray) -> AdditiveTables:
    """Weights of the flags from which the truth lies as far as their spread says."""
    believed = truth - rng.normal(0.0, PRIOR_SPREAD, len(truth))
    spread = round(PRIOR_SPREAD * MICRO)
    return AdditiveTables(
        0,
        tuple(
            StepTable(name, "number", (0, round(weight * MICRO)), (0.5,), spread=spread)
            for name, weight in zip(FLAGS, believed, strict=True)
        ),
    )


def _model_and_world(kind: str, rng: np.random.Generator):
    mixed = Mixed.drawn(rng, correlation=0.7 if kind == "correlated" else 0.0)
    if kind == "with a prior":
        return RiskModel(prior=_prior(rng, mixed.flags)), mixed.world(rng)
    if kind == "with a note":
        mixed = replace(mixed, words=rng.normal(0.0, 0.5, len(WORDS)))
        return RiskModel(note_column="note"), mixed.world(rng)
    return RiskModel(), mixed.world(rng)


def _run(kind: str, n: int, run: int) -> tuple[float, float, float, float]:
    """Coverage and mean width, of all rows and of those in the rarest place."""
    rng = np.random.default_rng([run, n, sum(kind.encode())])
    model, world = _model_and_world(kind, rng)
    sample, test = world.draw(n, rng), world.draw(3_000, rng)
    model.fit(sample.X, sample.y)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # a place too rare in 200 rows scores as missing
        low, high = model.predict_interval(test.X, LEVEL).T
    covered = (low <= test.chance) & (test.chance <= high)
    width, rare = np.log(high / (1 - high)) - np.log(low / (1 - low)), test.X["place"] == "rare"
    return (
        covered.mean(),
        (high - low).mean(),
        covered[rare].mean(),
        width[rare].mean() / width.mean(),
    )


GROUPED = "Intervals where rows of a group are alike (groups told to fit), 40 runs a row"


def _in_copies(rng: np.random.Generator, mixed: Mixed, world: World):
    """Each of 1,000 rows six times."""
    order = np.repeat(np.arange(1_000), 6)
    sample, test = world.draw(1_000, rng).take(order), world.draw(3_000, rng)
    return sample.X, sample.y, order, test.X, test.chance


def _in_households(rng: np.random.Generator, mixed: Mixed, world: World):
    """500 households of three: what was recorded is shared but for the age, and each has a risk of
    its own, normal with 1 log-odds, that nothing recorded tells. The truth is the mean over it."""
    order = np.repeat(np.arange(500), 3)
    X, test = world.draw(500, rng).take(order).X, world.draw(3_000, rng)
    X["age"] = rng.integers(0, 18, 1_500) * 1.0
    logit = world.intercept + mixed.truth(X) + rng.normal(size=500)[order]
    risks = np.random.default_rng(0).normal(size=400)
    return (
        X,
        rng.random(1_500) < chance(logit),
        order,
        test.X,
        np.mean([chance(test.logit + risk) for risk in risks], axis=0),
    )


@pytest.mark.parametrize("draw", [_in_copies, _in_households])
def test_intervals_cover_the_truth_where_rows_of_a_group_are_alike(draw, measured):
    covered = []
    for run in range(40):
        rng = np.random.default_rng([run, 99])
        mixed = Mixed.drawn(rng)
        X, y, groups, X_test, truth = draw(rng, mixed, mixed.world(rng))
        told = RiskModel().fit(X, y * 1, groups=groups).predict_interval(X_test, LEVEL)
        untold = RiskModel().fit(X, y * 1).predict_interval(X_test, LEVEL)
        covered.append([np.mean((i[:, 0] <= truth) & (truth <= i[:, 1])) for i in (told, untold)])
    cover, without = columns(covered)
    name = draw.__name__.replace("_", " ").strip()
    measured(GROUPED, {"rows": name, "covered": cover, "covered, groups not told": without})
    assert cover.lies_within(LOW, HIGH)
    assert draw is _in_households or cover.is_over(without.value + 0.2)


@pytest.mark.parametrize("kind", ["independent", "correlated", "with a prior", "with a note"])
def test_intervals_cover_the_truth_shrink_and_are_wider_for_rare_levels(kind, measured):
    widths = []
    for n, runs in (RUNS_WITH_NOTES if kind == "with a note" else RUNS).items():
        cover, width, rare_cover, rare_width = columns([_run(kind, n, run) for run in range(runs)])
        measured(
            TITLE,
            {
                "features": kind,
                "rows": f"{n:,}",
                "covered": cover,
                "mean width": f"{width.value:.3f}",
                "covered, rare place": rare_cover,
                "its width to the mean's": f"{rare_width.value:.2f}",
            },
        )
        widths.append(width.value)
        assert cover.lies_within(LOW, HIGH)
        assert rare_width.is_over(1.0) or n == 200
    assert (np.diff(widths) < 0).all()

"""Planted effects are found; directions hold and cost nothing; boosting sees little more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from measures import Mean, columns, expected_loss, logit_of, slope
from scipy.stats import spearmanr
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from worlds import ENOUGH, FLAGS, Mixed, Sample

from carescreen.calibration import calibration_slope
from carescreen.model import RiskModel
from carescreen.steps import MICRO

FOUND = "Planted effects of six yes/no features: estimate - truth, log-odds, 40 runs a row (12 of 10,000)"
PLANTED = np.array([-0.5, 0.0, 0.3, 0.6, 0.9, 1.2])
RUNS = 40


def _step(model: RiskModel, name: str) -> float:
    table = next(table for table in model.tables_.features if table.name == name)
    return (table.weights[-1] - table.weights[0]) / MICRO


def _found(n: int, correlation: float, run: int) -> np.ndarray:
    rng = np.random.default_rng([run, n, round(10 * correlation)])
    mixed = replace(Mixed.drawn(rng, correlation), flags=rng.permutation(PLANTED))
    sample = mixed.world(rng).draw(n, rng)
    model = RiskModel().fit(sample.X, sample.y)
    found = np.array([_step(model, name) for name in FLAGS])
    order = np.argsort(mixed.flags)
    return np.append(found[order], spearmanr(found, mixed.flags).statistic)


@pytest.mark.parametrize("n", [2_000, 10_000])
@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_planted_effects_are_recovered_in_size_and_order(n, correlation, measured):
    found = np.array([_found(n, correlation, run) for run in range(RUNS if n < 5_000 else 12)])
    bias = [Mean.of(column) for column in (found[:, :-1] - PLANTED).T]
    rank = Mean.of(found[:, -1])
    row = {"features": "correlated" if correlation else "independent", "rows": f"{n:,}"}
    row |= {f"{planted:+.1f}": one for planted, one in zip(PLANTED, bias, strict=True)}
    measured(FOUND, row | {"rank correlation": f"{rank.value:.3f}"})
    bound = 0.15 if n == 2_000 else 0.06
    assert all(one.lies_within(-bound, bound) for one in bias)
    assert rank.lies_within(0.9 if n == 2_000 else 0.97, 1.0)


# --- directions --------------------------------------------------------------------------------

DIRECTIONS = "Declared directions: mean log loss over the truth's, 40 runs"


def _directed(run: int) -> tuple[float, float, float]:
    """Losses of a fit with no direction, with the right ones, and with the wrong ones."""
    rng = np.random.default_rng([run, 5])
    mixed = replace(Mixed.drawn(rng), flags=np.abs(PLANTED), gap=0.8)
    world = mixed.world(rng)
    sample, test = world.draw(1_500, rng), world.draw(ENOUGH // 4, rng)
    losses = []
    for sign in (0, 1, -1):
        model = RiskModel(monotone=dict.fromkeys((*FLAGS, "gap"), sign)).fit(sample.X, sample.y)
        for table in model.tables_.features:
            if table.name in (*FLAGS, "gap"):
                assert (np.diff(table.weights) * sign >= 0).all()
        losses.append(expected_loss(logit_of(model, test), test) - expected_loss(test.logit, test))
    free, right, wrong = losses
    return free, right, wrong


def test_a_right_direction_helps_and_a_wrong_one_is_kept_all_the_same(measured):
    runs = np.array([_directed(run) for run in range(RUNS)])
    free, right, wrong = (Mean.of(column) for column in runs.T)
    names = ("not declared", "declared rightly", "declared wrongly")
    row = {k: f"{v.value:.4f}" for k, v in zip(names, (free, right, wrong), strict=True)}
    measured(DIRECTIONS, row)
    assert Mean.of(runs[:, 0] - runs[:, 1]).is_over(0.0)
    assert wrong.value > free.value


# --- boosting ----------------------------------------------------------------------------------

BOOSTING = "Beside HistGradientBoosting without restrictions, the better of two settings a run"
WITHIN = 0.01  # AUROC


def _boosted(sample: Sample, test: Sample) -> list[np.ndarray]:
    """Log-odds by the default settings, and by small slow trees."""
    settings = ({}, {"learning_rate": 0.05, "max_leaf_nodes": 6, "max_iter": 120})
    X, X_test = (one.X.assign(place=one.X["place"].astype("category")) for one in (sample, test))
    models = (
        HistGradientBoostingClassifier(
            random_state=0, categorical_features="from_dtype", early_stopping=False, **one
        )
        for one in settings
    )
    return [model.fit(X, sample.y).decision_function(X_test) for model in models]


def _beside_boosting(n: int, interaction: float, run: int) -> tuple[float, ...]:
    """AUROC, loss and slope of the additive model and of the better boosting."""
    rng = np.random.default_rng([run, n, round(10 * interaction)])
    world = replace(Mixed.drawn(rng), interaction=interaction).world(rng)
    sample, test = world.draw(n, rng), world.draw(2 * ENOUGH, rng)
    model = RiskModel().fit(sample.X, sample.y)
    boosted = _boosted(sample, test)
    auroc = [roc_auc_score(test.y, logit) for logit in boosted]
    best = boosted[int(np.argmax(auroc))]
    own = logit_of(model, test)
    least = expected_loss(test.logit, test)
    return (
        float(roc_auc_score(test.y, own)),
        max(auroc),
        expected_loss(own, test) - least,
        expected_loss(best, test) - least,
        slope(model, test),
        calibration_slope(test.chance, best),
    )


@pytest.mark.parametrize("n", [3_000, 10_000])
@pytest.mark.parametrize("interaction", [0.0, 0.5])
def test_with_thousands_of_rows_boosting_is_hardly_better(n, interaction, measured):
    runs = np.array([_beside_boosting(n, interaction, run) for run in range(15)])
    own, best, loss, best_loss, turned, best_turned = columns(runs.tolist())
    behind = Mean.of(runs[:, 1] - runs[:, 0])
    measured(
        BOOSTING,
        {
            "truth": "mild interactions" if interaction else "additive",
            "rows": f"{n:,}",
            "AUROC": f"{own.value:.4f}",
            "boosting's": f"{best.value:.4f}",
            "behind": f"{behind.value:+.4f} ± {behind.reach:.4f}",
            "loss over the truth's": f"{loss.value:.4f}",
            "boosting's loss": f"{best_loss.value:.4f}",
            "slope": turned,
            "boosting's slope": best_turned,
        },
    )
    assert behind.value + behind.reach < WITHIN
    assert loss.value <= best_loss.value
    further = Mean.of(np.abs(runs[:, 4] - 1.0) - np.abs(runs[:, 5] - 1.0))
    assert not further.is_over(0.0), "no worse calibrated, for all that can be told"

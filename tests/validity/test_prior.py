"""A prior helps where it is right and yields where it is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from measures import Mean, expected_loss, logit_of
from worlds import ENOUGH, evidence, evidence_world

from carescreen.model import RiskModel

RUNS, RATE = 200, 0.1
WITHIN = 0.002  # of the better of evidence alone and fit alone, in mean log loss
TITLE = "Mean log loss over that of the truth, 200 runs a row, ± its Monte-Carlo error"


def _evidence_alone(X: pd.DataFrame, y: np.ndarray) -> RiskModel:
    """The shipped model, recalibrated as far as the events allow."""
    model = RiskModel.load("evidence")
    model.recalibrate(_all_columns(X), y)
    return model


def _all_columns(X: pd.DataFrame) -> pd.DataFrame:
    """With the features that weigh 0, which the worlds leave out."""
    return X.reindex(columns=RiskModel.load("evidence").feature_names, fill_value=0.0)


def _run(kind: str, events: int, run: int) -> tuple[float, float, float]:
    """Loss over the truth's of: evidence alone, fit alone, fit from the prior."""
    rng = np.random.default_rng([run, events, sum(kind.encode())])
    world = evidence_world(kind, rng).at_rate(RATE, rng)
    sample, test = world.draw_events(events, RATE, rng), world.draw(ENOUGH // 4, rng)
    assert sample.y.sum() == events
    directions = {table.name: table.monotone for table in evidence().features}
    alone = _evidence_alone(sample.X, sample.y)
    fit = RiskModel(monotone=directions).fit(sample.X, sample.y)
    both = RiskModel(prior=evidence()).fit(sample.X, sample.y)
    least = expected_loss(test.logit, test)
    test_of_all = replace(test, X=_all_columns(test.X))
    return (
        expected_loss(logit_of(alone, test_of_all), test) - least,
        expected_loss(logit_of(fit, test), test) - least,
        expected_loss(logit_of(both, test), test) - least,
    )


@pytest.mark.parametrize("kind", ["right", "half", "strong", "none", "wrong"])
@pytest.mark.parametrize("events", [20, 45, 100, 300])
def test_a_fit_from_a_prior_is_near_the_better_of_evidence_and_fit(kind, events, measured):
    runs = np.array([_run(kind, events, run) for run in range(RUNS)])
    alone, fit, both = (Mean.of(column) for column in runs.T)
    better = int(runs.mean(axis=0)[:2].argmin())
    more = Mean.of(runs[:, 2] - runs[:, better])
    measured(
        TITLE,
        {
            "prior": kind,
            "events": events,
            "evidence alone": f"{alone.value:.4f}",
            "fit alone": f"{fit.value:.4f}",
            "fit from the prior": f"{both.value:.4f}",
            "over the better": f"{more.value:+.4f} ± {more.reach:.4f}",
        },
    )
    assert more.value + more.reach <= WITHIN

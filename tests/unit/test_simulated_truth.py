"""A few runs, with wide bounds, of what `make validity` measures on simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from measures import expected_loss, expected_over, logit_of, slope
from worlds import Mixed, evidence, evidence_world

from carescreen.model import RiskModel


def test_fits_are_calibrated_and_their_intervals_cover_the_truth():
    over, turned, covered = [], [], []
    for run in range(10):
        rng = np.random.default_rng([run, 1])
        world = Mixed.drawn(rng, correlation=0.5).world(rng)
        sample, test = world.draw(800, rng), world.draw(2_000, rng)
        model = RiskModel().fit(sample.X, sample.y)
        low, high = model.predict_interval(test.X).T
        over.append(expected_over(model, test))
        turned.append(slope(model, test))
        covered.append(np.mean((low <= test.chance) & (test.chance <= high)))
    assert 0.9 < np.mean(over) < 1.1
    assert 0.8 < np.median(turned) < 1.25
    assert 0.88 < np.mean(covered) < 0.99


@pytest.mark.parametrize("kind", ["right", "wrong"])
def test_a_prior_helps_where_it_is_right_and_yields_where_it_is_wrong(kind):
    more = []
    for run in range(8):
        rng = np.random.default_rng([run, 2])
        world = evidence_world(kind, rng).at_rate(0.1, rng)
        sample, test = (
            world.draw_events(100 if kind == "wrong" else 20, 0.1, rng),
            world.draw(2_000, rng),
        )
        directions = {table.name: table.monotone for table in evidence().features}
        alone = RiskModel(monotone=directions).fit(sample.X, sample.y)
        both = RiskModel(prior=evidence()).fit(sample.X, sample.y)
        losses = [expected_loss(logit_of(model, test), test) for model in (both, alone)]
        more.append(losses[0] - losses[1])
    assert np.mean(more) < (-0.001 if kind == "right" else 0.002)


def test_labels_turned_into_noise_leave_hardly_any_weight():
    rng = np.random.default_rng(3)
    sample = Mixed.drawn(rng).world(rng).draw(1_500, rng)
    model = RiskModel().fit(sample.X, rng.permutation(sample.y))
    assert np.std(model.decision_function(sample.X)) < 0.2

"""A model that is moved to another place: what so many events there allow, and what they mend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from measures import columns, expected_over, slope
from worlds import ENOUGH, Mixed, World

from carescreen.model import RiskModel

TITLE = "Moved to a place with 2.4 times the odds and effects 0.6 as strong, 60 runs a row"
RUNS = 60
METHODS = {19: "none", 20: "intercept", 44: "intercept", 45: "intercept+slope"}
METHODS |= {100: "intercept+slope", 300: "intercept+slope"}

# 45 events tell a slope to about .2 and it is normal around 1 beforehand: most of the way from .6
# back to 1 takes more of them.
SLOPES = {45: (0.7, 1.1), 100: (0.8, 1.1), 300: (0.9, 1.1)}


def _moved(run: int, events: int) -> tuple[float, ...]:
    rng = np.random.default_rng([run, events])
    mixed = Mixed.drawn(rng)
    mixed = replace(mixed, places=np.array([0.0, 0.0, 0.6, -0.6]))
    home = mixed.world(rng)
    sample = home.draw(3_000, rng)
    there = World(mixed.rows, lambda X: 0.6 * mixed.truth(X)).at_rate(0.3, rng)
    model = RiskModel().fit(sample.X, sample.y)
    new, test = there.draw_events(events, 0.3, rng), there.draw(ENOUGH // 2, rng)
    plain = expected_over(model, test), slope(model, test)
    before = model.saved_.files()["model.json"]
    change = model.recalibrate(new.X, new.y)
    assert (change.method, change.events) == (METHODS[events], events)
    assert (model.saved_.files()["model.json"] == before) == (events == 19)
    assert (change.slope == 1.0) or events >= 45
    return *plain, expected_over(model, test), slope(model, test)


@pytest.mark.parametrize("events", METHODS)
def test_recalibration_does_what_the_events_allow_and_mends_it(events, measured):
    runs = [_moved(run, events) for run in range(RUNS)]
    over, turned, over_after, turned_after = columns(runs)
    measured(
        TITLE,
        {
            "events": events,
            "estimated": METHODS[events],
            "O/E": over,
            "O/E after": over_after,
            "slope": turned,
            "slope after": turned_after,
        },
    )
    if METHODS[events] == "none":
        return
    assert over_after.lies_within(0.95, 1.05)
    if METHODS[events] == "intercept+slope":
        assert turned_after.lies_within(*SLOPES[events])

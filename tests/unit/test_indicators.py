"""What a blank in an event counts as."""

from __future__ import annotations

import pytest

from carescreen.indicators import Indicator


@pytest.mark.parametrize(
    ("direction", "bounds", "nothing"),
    [("up", (0.0, 7.0), 0.0), ("down", (60.0, 250.0), 250.0), ("down", (-6.0, 6.0), 6.0)],
)
def test_an_event_that_nobody_measured_counts_as_the_calm_end_of_its_range(
    direction: str, bounds: tuple[float, float], nothing: float
) -> None:
    measured = Indicator(
        "arm", "health", "number", "event", {"en": "Arm", "zh": "上臂围"},
        range=bounds, risk_direction=direction, unrecorded="not_observed",
    )  # fmt: skip
    assert measured.baseline == nothing

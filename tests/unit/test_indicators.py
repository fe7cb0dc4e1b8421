"""What a blank in an event counts as, and what may be called derived."""

from __future__ import annotations

import pytest

from carescreen.errors import PackError
from carescreen.indicators import Indicator, load_indicators
from carescreen.yamlfile import parse_yaml


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


def test_a_derived_indicator_that_the_program_does_not_compute_is_refused() -> None:
    text = (
        "indicators: [{id: shoe_size, level: child, type: number, kind: derived, "
        "title: {en: Shoe size, zh: 鞋码}}]"
    )
    with pytest.raises(PackError, match="the program computes only age_years, age_months"):
        load_indicators(parse_yaml(text))

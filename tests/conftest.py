"""Settings of Hypothesis for every test: the same examples each time, and no clock.

pytest                              "ci": fixed examples, a few dozen each
HYPOTHESIS_PROFILE=search pytest    many random examples, to look for counterexamples
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "search", parent=settings.get_profile("ci"), derandomize=False, max_examples=500
)
settings.register_profile(
    "glance",
    parent=settings.get_profile("ci"),
    phases=[Phase.explicit, Phase.generate],  # no time spent on making a counterexample smaller
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

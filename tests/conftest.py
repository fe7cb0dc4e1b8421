"""Settings of Hypothesis for every test, and what every test that reads notes may share.

The same examples each time, and no clock:

pytest                              "ci": fixed examples, a few dozen each
HYPOTHESIS_PROFILE=search pytest    many random examples, to look for counterexamples
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# Before NumPy is there: tests run in a process a core, and threads that wait for each other cost time.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from carescreen import notes  # noqa: E402
from carescreen.learned import LearnedTable, digest_of, load_learned  # noqa: E402

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


@cache
def _read_once(folder: Path, digest: str) -> LearnedTable:
    return load_learned(folder)


@pytest.fixture(scope="session", autouse=True)
def _tables_of_a_reader_are_read_once() -> Iterator[None]:
    """Sixteen megabytes of text make the same tables each time, a second of work for each command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notes, "load_learned", lambda folder: _read_once(folder, digest_of(folder)))
        yield

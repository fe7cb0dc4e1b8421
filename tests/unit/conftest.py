"""The shipped screener, for the tests that only read with it."""

from __future__ import annotations

import pytest

from carescreen.screener import Screener
from tests.shipped import shipped_screener


@pytest.fixture(scope="session")
def screener() -> Screener:
    return shipped_screener()

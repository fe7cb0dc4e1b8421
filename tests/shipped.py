"""What is shipped, loaded once for all the tests that only read with it."""

from __future__ import annotations

from functools import cache

from carescreen.screener import Screener


@cache
def shipped_screener() -> Screener:
    """The shipped pack and model; a test that changes a screener loads its own."""
    return Screener.load()

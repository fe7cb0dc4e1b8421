"""Skips these tests, and says why, where pyspark or Java is not there: `make test-spark` has both."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

_MISSING = (
    "pyspark is not installed: make test-spark"
    if find_spec("pyspark") is None
    else "Spark needs Java 17 or newer"
    if shutil.which("java") is None
    else ""
)
collect_ignore_glob = ["test_on_*.py", "clusters.py"] if _MISSING else []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spark warns of pandas 3 whenever it makes a data frame; its sockets are left to its end."""
    for item in items:
        if "tests/spark" in item.path.as_posix():
            item.add_marker(pytest.mark.filterwarnings("ignore::FutureWarning:pyspark"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )

"""What holds without Spark: the rest of carescreen does not need it, and says what to install."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

_BLOCKED = """
import sys
sys.modules["pyspark"] = None
from carescreen.errors import MissingExtra
try:
    import carescreen.spark
except MissingExtra as error:
    print(error)
"""


def test_without_pyspark_the_error_says_which_extra_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", _BLOCKED], capture_output=True, text=True)
    assert done.stdout.strip() == (
        "Ranking on Spark needs the library pyspark, which is not installed. "
        "Install it with: pip install 'carescreen[spark]'"
    )


def test_the_rest_of_carescreen_loads_no_spark() -> None:
    code = "import sys, carescreen.screener, carescreen.results; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.skipif(
    find_spec("pyspark") is not None, reason="pyspark is here: test_on_*.py in this folder run"
)
def test_ranking_on_spark() -> None:
    pytest.skip("pyspark is not installed: `make test-spark` installs it and runs these tests")

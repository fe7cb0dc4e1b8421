"""A run that is ended at any moment leaves the old list or the new one, whole, and no process.

CARESCREEN_FAULTS=all takes twenty moments of each way to end a run, with worker processes; a minute and
a half each.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from carescreen.results_place import aside_prefix
from tests.faults.county import digests, left_aside, rank, write_county
from tests.system.command import run

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="forks, and looks at processes in /proc"
)
ALL = os.environ.get("CARESCREEN_FAULTS") == "all"
MOMENTS = 20
STOPPED = "carescreen: stopped; nothing was half-written"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_county(tmp_path_factory.mktemp("county"))


def ended(county: Path, place: Path, how: str, processes: int, times: int) -> list[dict[str, Any]]:
    """How runs ended; then a run that is left alone takes away whatever they left."""
    shutil.copytree(county, place)
    words = [sys.executable, "-m", "tests.faults.killing", place, how, processes, times, 8]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == times
    assert {row["list"] for row in rows} <= {"old", "new"}, rows
    assert all(row["gone"] for row in rows)
    run(*rank(place))
    assert left_aside(place) == []
    return rows


def test_a_run_killed_at_twenty_moments_leaves_the_old_list_or_the_new_one(
    county, tmp_path
) -> None:
    rows = ended(
        county, tmp_path / "here", "kill", 1, MOMENTS
    )  # a second each where nothing else works
    assert {row["code"] for row in rows} <= {-9, 0}
    assert sum(row["list"] == "old" for row in rows) >= MOMENTS // 4  # or this would say nothing
    assert any(row["aside"] for row in rows)


@pytest.mark.parametrize(
    ("how", "code"), [("kill", -9), ("kill all", -9), ("terminate", 143), ("interrupt", 130)]
)
def test_a_run_that_is_ended_leaves_no_worker_process(county, tmp_path, how, code) -> None:
    rows = ended(county, tmp_path / "here", how, 2, MOMENTS if ALL else 1)
    assert {row["code"] for row in rows} <= {code, 0}
    assert any(row["workers"] for row in rows)
    if code > 0:
        assert not any(row["aside"] for row in rows)
        assert all(STOPPED in row["said"] for row in rows if row["code"])


def test_a_run_whose_terminal_is_closed_leaves_nothing_aside(county, tmp_path) -> None:
    rows = ended(county, tmp_path / "here", "hang up", 1, MOMENTS if ALL else 2)
    assert {row["code"] for row in rows} <= {143, 0, -1}  # -1: before the command had begun
    assert not any(row["aside"] for row in rows)


def test_a_run_whose_worker_process_dies_says_what_to_do_and_leaves_the_old_list(
    county, tmp_path
) -> None:
    rows = ended(county, tmp_path / "here", "kill a worker", 2, MOMENTS if ALL else 1)
    failed = [row for row in rows if row["code"]]
    assert failed
    for row in failed:
        assert (row["code"], row["list"], row["aside"]) == (1, "old", [])
        assert "a worker process was ended" in row["said"]
        assert "--processes 1" in row["said"]
        assert "Traceback" not in row["said"]


def test_what_a_killed_run_of_another_day_left_goes_too(county, tmp_path) -> None:
    """Whoever names folders by the day writes to another one the next time."""
    shutil.copytree(county, tmp_path, dirs_exist_ok=True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    node = aside_prefix(tmp_path / "lists").rpartition("@")[2].rstrip("-")
    left = tmp_path / f".lists-2026-10-18.part-{gone.pid}@{node}-abcd1234"
    alive = tmp_path / f".lists-2026-10-18.part-{os.getpid()}@{node}-abcd1234"
    elsewhere = tmp_path / f".lists-2026-10-18.part-{gone.pid}@another-abcd1234"
    mine = tmp_path / ".lists.mine"
    for folder in (left, alive, elsewhere, mine):
        folder.mkdir()
        (folder / "ranking.csv").write_text("child_id\n")
    run(*rank(tmp_path))
    assert left_aside(tmp_path) == sorted(path.name for path in (alive, elsewhere, mine))
    assert digests(mine)

"""A disk that is full, or may not be written: a sentence, what was there stands, nothing is left aside."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.county import OLD_DAY, digests, left_aside, rank, write_county
from tests.system.command import Ended, called, run

ALL = os.environ.get("CARESCREEN_FAULTS") == "all"  # every file, and more disks
ENDS_IN_A_SENTENCE = 6  # the exit code of what cannot be written
# A run writes tables of some bytes (handovers.csv) up to some megabytes (ranking.jsonl).
LIMITS = (0, 60, 120, 1_000, 3_000, 20_000, 60_000, 100_000, 200_000, 600_000, 1_000_000)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_county(tmp_path_factory.mktemp("county"))


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file can grow over a size: the system refuses a write in the middle, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def require_sentence(ended: Ended) -> None:
    """One sentence about room, without a trace of the program's inside or of a child."""
    assert ended.code == ENDS_IN_A_SENTENCE, ended.err or ended.out
    assert ended.err.startswith("carescreen: ")
    assert len(ended.err.strip().splitlines()) == 1
    assert "no room" in ended.err
    assert "Make room" in ended.err
    assert "Traceback" not in ended.err
    assert "in carescreen itself" not in ended.err
    assert "C0" not in ended.err


@pytest.mark.parametrize("limit", LIMITS)
def test_a_list_that_does_not_fit_leaves_the_old_one(county, limit) -> None:
    before = digests(county)
    with files_up_to(limit):
        ended = called(*rank(county))
    require_sentence(ended)
    assert digests(county) == before
    assert left_aside(county) == []


def on_a_small_disk(what: str, place: Path) -> list[dict]:
    """What `tests.faults.small_disk` found, where this machine lets a test mount a disk of its own."""
    words = ["unshare", "-m", sys.executable, "-m", "tests.faults.small_disk", what, str(place)]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no program unshare, so no disk can be mounted for this test alone")
    if done.returncode == 77:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()[-200:]}")
    if done.returncode == 1 and "unshare" in done.stderr:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_disk_that_fills_up_at_any_point_leaves_the_old_list(county, tmp_path) -> None:
    rows = on_a_small_disk("full", county)
    assert [row["code"] for row in rows[:-1]] == [6] * (len(rows) - 1)
    assert rows[-1]["code"] == 0, "with room enough it is written"
    for row in rows[:-1]:
        require_sentence(Ended(row["code"], "", row["said"]))
        assert row["stands"]
        assert row["aside"] == []


def test_a_disk_that_may_only_be_read_leaves_the_old_list(county) -> None:
    for row in on_a_small_disk("read-only", county):
        assert row["code"] == 6, row["said"]
        assert "Read-only" in row["said"]
        assert "Traceback" not in row["said"]
        assert row["stands"]
        assert row["aside"] == []


@pytest.mark.skipif(not ALL, reason="CARESCREEN_FAULTS=all runs it")
def test_a_temporary_folder_without_room_is_not_needed(county, tmp_path) -> None:
    """What children's records pass through is the folder of the lists alone."""
    for row in on_a_small_disk("temporary", county):
        assert row["code"] == 0, row["said"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EIO])
def test_a_folder_that_cannot_be_made_is_told_in_words(county, monkeypatch, number) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise OSError(number, "refused by the system")

    before = digests(county)
    monkeypatch.setattr("carescreen.results_place.tempfile.mkdtemp", refuse)
    ended = called(*rank(county))
    assert ended.code == ENDS_IN_A_SENTENCE
    assert "lists cannot be written" in ended.err
    assert "what was there stands" in ended.err
    assert digests(county) == before


def test_a_place_where_the_system_lets_nobody_write_is_told_in_words(county) -> None:
    words = ("rank", county / "county", "--as-of", OLD_DAY, "--processes", 1)
    assert "cannot be written" in run(*words, "--out", "/proc/lists", code=6)
    (county / "afile").write_text("x")
    assert "is a file" in run(*words, "--out", county / "afile", code=6)
    (county / "afile").unlink()


class Refusing:
    """Opens files as ever, but from the n-th on none that is to be written below a folder."""

    def __init__(self, below: Path, number: int) -> None:
        self.below, self.left, self.open = str(below), number, io.open

    def __call__(self, file: object, mode: str = "r", *more: object, **named: object) -> object:
        is_written = any(letter in mode for letter in "wax")
        if is_written and not isinstance(file, int) and str(file).startswith(self.below):
            self.left -= 1
            if self.left <= 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        return self.open(file, mode, *more, **named)  # type: ignore[call-overload]


def refused_at(number: int, county: Path, words: tuple[object, ...]) -> tuple[Ended, bool]:
    """How a command ended that has room for n - 1 files, and whether there were more."""
    opening = Refusing(county, number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", opening)
        patch.setattr("builtins.open", opening)
        return called(*words), opening.left <= 0


def test_a_disk_with_room_for_only_some_of_the_files_leaves_the_old_list(county, tmp_path) -> None:
    place = tmp_path / "here"
    shutil.copytree(county, place)
    before = digests(place)
    number = 1
    while True:
        ended, was_refused = refused_at(number, place, rank(place))
        if not was_refused:
            break
        require_sentence(ended)
        assert digests(place) == before, number
        assert left_aside(place) == [], number
        number += 1 if ALL else 4
    assert ended.code == 0
    assert number > 12, "a run writes more files than that"


def commands(place: Path) -> dict[str, tuple[object, ...]]:
    """A command each that writes, beside rank."""
    county, lists = place / "county", place / "lists"
    months = ("--from", "2026-01-01", "--to", "2026-06-30", "--every", "90d", "--horizon", "90d")
    workers = place / "kept" / "workers.csv"
    with (lists / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["concerns"])
    child = ("--child", row["child_id"], "--rule", row["concerns"].split(";")[0])
    closing = (*child, "--reason", "moved out", "--by", "W01")
    second = ("--confirmed-by", "S01", "--out", county / "decisions.csv")
    return {
        "close": ("decisions", "close", lists, *closing, *second),
        "synth": ("synth", "--children", 100, "--out", place / "other"),
        "check": ("check", county, "--rejected", place / "rejected.csv"),
        "plan": ("plan", lists, "--workers", workers, "--out", place / "plan"),
        "overview": ("review", "overview", lists, "--out", place / "overview.csv"),
        "evaluate": ("evaluate", county, *months, "--reference", "none", "--out", place / "report"),
    }


@contextmanager
def nothing_made_anew() -> Iterator[None]:
    """No file or folder aside can be made, as on a disk that may only be read."""

    def refuse(*_: object, **__: object) -> object:
        raise OSError(errno.EROFS, "Read-only file system")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.mkdtemp", refuse)
        patch.setattr("tempfile.mkstemp", refuse)
        yield


@pytest.mark.parametrize("name", ["synth", "check", "plan", "overview", "evaluate", "close"])
@pytest.mark.parametrize("disk", ["full", "read-only"])
def test_other_commands_that_may_not_write_say_it_and_leave_nothing(
    county, tmp_path, name, disk
) -> None:
    place = tmp_path / "here"
    shutil.copytree(county, place)
    (place / "kept").mkdir()
    text = "caseworker_id,children_max,visits_per_week\n" + "".join(
        f"W{number:02},200,20\n" for number in range(1, 5)
    )
    (place / "kept" / "workers.csv").write_text(text)
    before = digests(place)
    with files_up_to(0) if disk == "full" else nothing_made_anew():
        ended = called(*commands(place)[name])
    assert ended.code == ENDS_IN_A_SENTENCE, (ended.err, ended.out)
    assert "Traceback" not in ended.err
    assert "in carescreen itself" not in ended.err
    assert ("File too large" if disk == "full" else "Read-only file system") in ended.err
    assert digests(place) == before
    assert left_aside(place) == []

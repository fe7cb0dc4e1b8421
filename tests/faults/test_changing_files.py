"""A table that changes while it is read: a clear error, or a list of one state of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from carescreen import caseload as caseload_module
from carescreen import results
from carescreen.caseload import Caseload
from carescreen.errors import CaseloadError
from carescreen.results import file_digests, read_run
from tests.faults.county import digests, left_aside, rank, write_county
from tests.system.command import called, run

TOLD = "visits.csv was changed while it was read"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_county(tmp_path_factory.mktemp("county"))


@pytest.fixture
def place(county: Path, tmp_path: Path) -> Path:
    shutil.copytree(county, tmp_path / "here")
    return tmp_path / "here"


def appended(path: Path) -> None:
    with path.open("a") as file:
        file.write("N999999,C0001\n")


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    other = path.with_name("other.tmp")
    shutil.copy2(path, other)  # the same bytes and times: another file all the same
    other.replace(path)


def overwritten(path: Path) -> None:
    """The same file and size, other words."""
    text = path.read_bytes()
    with path.open("r+b") as file:
        file.write(text.replace(b"2026-10", b"2026-09"))


def removed(path: Path) -> None:
    path.unlink()


CHANGES = [appended, cut_off, emptied, replaced, overwritten, removed]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_changes_while_the_folder_is_read_is_named(
    place: Path, monkeypatch, change: Callable[[Path], None], when: str
) -> None:
    """Before it is read itself, and after, while the next table is read."""
    read, visits = caseload_module.read_table, place / "county" / "visits.csv"

    def slowly(path: Path, *more: object) -> object:
        if path.name == "visits.csv" and when == "before":
            change(visits)
        found = read(path, *more)
        if path.name == "visits.csv" and when == "after":
            change(visits)
        return found

    before = digests(place / "lists")
    monkeypatch.setattr(caseload_module, "read_table", slowly)
    ended = called(*rank(place))
    assert ended.code == CaseloadError.exit_code, ended.err
    assert TOLD in ended.err
    assert "Traceback" not in ended.err
    assert digests(place / "lists") == before
    assert left_aside(place) == []


def test_a_list_says_of_what_it_was_made_though_a_table_changes_later(
    place: Path, monkeypatch
) -> None:
    """Whoever records a decision while the night's run works changes nothing about that run."""
    visits = place / "county" / "visits.csv"
    as_read = file_digests(place / "county")
    write = results.write_results

    def later(*words: object, **named: object) -> None:
        appended(visits)
        write(*words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(results, "write_results", later)
    run(*rank(place))
    assert read_run(place / "lists")["inputs"] == as_read
    assert file_digests(place / "county") != as_read


def test_a_file_beside_the_tables_may_come_and_change(place: Path, monkeypatch) -> None:
    read, log = caseload_module.read_table, place / "county" / "export.log"
    log.write_text("begun\n")

    def slowly(path: Path, *more: object) -> object:
        log.write_text(log.read_text() + "more\n")
        return read(path, *more)

    monkeypatch.setattr(caseload_module, "read_table", slowly)
    run(*rank(place))


def test_a_caseload_knows_whether_its_files_are_still_the_same(place: Path) -> None:
    caseload = Caseload.read(place / "county")
    caseload.require_unchanged()
    appended(place / "county" / "visits.csv")
    with pytest.raises(CaseloadError, match=TOLD):
        caseload.require_unchanged()


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="a file that opens and cannot be read"
)
@pytest.mark.parametrize("table", ["visits.csv", "outcomes.csv"])
def test_a_table_that_cannot_be_read_is_named(place: Path, table: str) -> None:
    (place / "county" / table).unlink()
    (place / "county" / table).symlink_to("/proc/self/mem")
    before = digests(place / "lists")
    assert f"{table} cannot be read" in run(*rank(place), code=3)
    assert digests(place / "lists") == before


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="a file that opens and cannot be read"
)
def test_a_file_beside_the_tables_that_cannot_be_read_stops_nothing(place: Path) -> None:
    (place / "county" / "dump").symlink_to("/proc/self/mem")
    run(*rank(place))

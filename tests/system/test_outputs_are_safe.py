"""What a command may overwrite, what a killed one leaves, and who ends with it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest

from carescreen.results_place import aside_prefix
from tests.system.command import run

RANK = ("--as-of", "2026-11-01", "--processes", 1)


def write_county(folder: Path, children: int = 3) -> Path:
    folder.mkdir(parents=True)
    numbers = range(children)
    pd.DataFrame(
        {
            "child_id": [f"C{number}" for number in numbers],
            "village_id": "V1",
            "household_id": [f"H{number}" for number in numbers],
            "birth_date": "2018-03-01",
        }
    ).to_csv(folder / "children.csv", index=False)
    pd.DataFrame(
        {
            "visit_id": [f"N{number}" for number in numbers],
            "child_id": [f"C{number}" for number in numbers],
            "visit_date": "2026-10-20",
            "note": "昨天被打了",
        }
    ).to_csv(folder / "visits.csv", index=False)
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


# --- the folder of a run -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["notes.txt", "decisions.csv", "list/mine.html", "more/a.txt"])
def test_a_run_does_not_replace_a_folder_with_anything_of_somebody_else(tmp_path, name) -> None:
    county, out = write_county(tmp_path / "county"), tmp_path / "lists"
    run("rank", county, *RANK, "--out", out)
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("years of work")
    before = everything(out)
    message = run("rank", county, *RANK, "--out", out, code=6)
    assert Path(name).parts[0] in message
    assert "nothing was written" in message
    assert everything(out) == before


def test_a_run_does_not_replace_a_folder_with_a_run_json_of_another_program(tmp_path) -> None:
    county, out = write_county(tmp_path / "county"), tmp_path / "lists"
    out.mkdir()
    (out / "run.json").write_text('{"format": "other/1"}')
    run("rank", county, *RANK, "--out", out, code=6)
    assert everything(out) == {"run.json": b'{"format": "other/1"}'}


@pytest.mark.parametrize("inside", [".", "county", "a/county"])
def test_a_run_does_not_replace_the_folder_its_input_lies_in(tmp_path, inside) -> None:
    out = tmp_path / "lists"
    county = write_county(out / inside)
    before = everything(out)
    message = run("rank", county, *RANK, "--out", out, code=6)
    assert "would be replaced" in message
    assert everything(out) == before


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path) -> None:
    county, real, link = write_county(tmp_path / "county"), tmp_path / "disk", tmp_path / "lists"
    real.mkdir()
    link.symlink_to(real)
    run("rank", county, *RANK, "--out", link)
    run("rank", county, *RANK, "--out", link)
    assert link.is_symlink()
    assert (real / "ranking.csv").is_file()


def test_a_synthetic_county_is_written_through_a_link(tmp_path) -> None:
    real, link = tmp_path / "disk", tmp_path / "county"
    real.mkdir()
    link.symlink_to(real)
    for _ in range(2):
        run("synth", "--children", 20, "--out", link)
    assert link.is_symlink()
    assert (real / "children.csv").is_file()


@pytest.mark.parametrize("out", [".", "..", "/"])
@pytest.mark.parametrize("command", ["rank", "synth"])
def test_the_folder_one_stands_in_is_never_replaced(tmp_path, command, out) -> None:
    county, here = write_county(tmp_path / "county"), tmp_path / "a" / "b"
    here.mkdir(parents=True)
    words = ["rank", county] if command == "rank" else ["synth", "--children", 20]
    assert "cannot be replaced" in run(*words, "--out", out, code=6, cwd=here)


@pytest.mark.parametrize(
    ("out", "words"), [("afile/sub", "afile is a file"), ("afile", "afile is a file")]
)
def test_a_file_in_the_way_of_a_folder_is_named(tmp_path, out, words) -> None:
    county = write_county(tmp_path / "county")
    (tmp_path / "afile").write_text("x")
    message = run("rank", county, *RANK, "--out", tmp_path / out, code=6)
    assert words in message
    assert "old one" not in message


# --- other files ---------------------------------------------------------------------------------


def test_rejected_rows_are_not_written_over_an_input_or_another_file(tmp_path) -> None:
    county = write_county(tmp_path / "county")
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    before = everything(tmp_path)
    assert "an input" in run("check", county, "--rejected", county / "children.csv", code=6)
    assert "another" in run("check", county, "--rejected", tmp_path / "mine.csv", code=6)
    assert "is a folder" in run("check", county, "--rejected", tmp_path, code=6)
    assert everything(tmp_path) == before
    for _ in range(2):  # its own file it writes again
        run("check", county, "--rejected", county / "rejected.csv")


def test_mentions_are_not_written_over_the_notes(tmp_path) -> None:
    county = write_county(tmp_path / "county")
    visits = county / "visits.csv"
    columns = ("--text-column", "note", "--id-column", "visit_id")
    before = everything(tmp_path)
    run("notes", "read", visits, *columns, "--out", visits, code=6)
    run("notes", "read", visits, *columns, "--out", county / "children.csv", code=6)
    assert everything(tmp_path) == before
    mentions = tmp_path / "m.csv"
    for _ in range(2):
        run("notes", "read", visits, *columns, "--out", mentions)
    columns = ("--text-column", "text", "--id-column", "id")
    run("notes", "read", mentions, *columns, "--out", mentions, code=6)


# --- killed runs ---------------------------------------------------------------------------------

STOPPED = """
import os, signal, sys
import carescreen.results as results
from carescreen.cli import main
def stop(*_):
    os.kill(os.getpid(), signal.{signal})
results.write_lists = stop
sys.argv = ["carescreen", *{arguments!r}]
main()
"""


def stopped(arguments: list[str], name: str) -> int:
    code = STOPPED.format(signal=name, arguments=arguments)
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_run_that_is_told_to_stop_leaves_nothing(tmp_path, name, code) -> None:
    county = write_county(tmp_path / "county")
    words = ["rank", str(county), *map(str, RANK), "--out", str(tmp_path / "lists")]
    assert stopped(words, name) == code
    assert [path.name for path in tmp_path.iterdir()] == ["county"]


def test_what_a_killed_run_leaves_is_taken_away_by_the_next(tmp_path) -> None:
    county = write_county(tmp_path / "county")
    words = ["rank", str(county), *map(str, RANK), "--out", str(tmp_path / "lists")]
    assert stopped(words, "SIGKILL") == -signal.SIGKILL
    assert len(leftovers(tmp_path)) == 2  # of the run's work, and of the list
    old = tmp_path / ".lists.part-abcd1234"  # without a process in its name, and old
    old.mkdir()
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    kept = Path(tempfile.mkdtemp(dir=tmp_path, prefix=aside_prefix(tmp_path / "lists")))
    run(*words)
    assert leftovers(tmp_path) == [kept.name]  # of a process that still runs


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if int(parent) == pid:
                found.append(int(entry.name))
    return found


def wait_until(condition, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


BUSY = """
import os, sys, time
import pandas as pd
import carescreen.processes as processes
from carescreen import Caseload, Screener

def busy(done):
    open(done, "w").close()
    time.sleep(600)

import joblib
work = joblib.delayed(processes._watched)(os.getpid(), busy, sys.argv[1])
joblib.Parallel(n_jobs=2)([work, work])
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_worker_processes_end_when_the_run_is_killed(tmp_path) -> None:
    started = tmp_path / "started"
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(started)])
    assert wait_until(started.exists)
    workers = children_of(process.pid)
    assert workers
    process.kill()
    process.wait()
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_tables_alone_are_written_without_pages_and_pages_over_them_later(tmp_path) -> None:
    county = write_county(tmp_path / "county")
    said = run("rank", county, *RANK, "--no-pages", "--out", tmp_path / "lists")
    assert said.rstrip().endswith("ranking.csv")
    names = {path.name for path in (tmp_path / "lists").iterdir()}
    assert {"ranking.csv", "ranking.jsonl", "run.json"} < names
    assert not names & {"list.html", "list", "list.xlsx"}
    run("rank", county, *RANK, "--out", tmp_path / "lists")
    assert (tmp_path / "lists" / "list.html").exists()

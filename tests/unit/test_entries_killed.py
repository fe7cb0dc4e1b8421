"""An import killed at any moment loses nothing that it had said was in, and a second one completes it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from carescreen.countylog_check import check_log
from carescreen.entries import content_id
from carescreen.entries_import import import_entries

KILLS = 50
ENTRIES = 20  # in each file
# One process that has everything loaded forks a child for each import and kills it after a while:
# loading Python anew fifty times would take a minute, and be where most of the kills happened.
SCRIPT = """
import os, random, signal, sys, time
from datetime import datetime
from pathlib import Path
from carescreen import RulePack
from carescreen.entries_import import import_entries

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
pack, chance = RulePack.load("cn-rural"), random.Random(7)


def bring(number):
    started = time.perf_counter()
    path = folder / f"{number}.json"
    import_entries([path], folder / "county", pack=pack, now=datetime(2026, 11, 5))
    return time.perf_counter() - started


bring("first")
usual = bring("second")
for number in range(kills):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        bring(number)
        os.write(write, b"in")
        os._exit(0)
    os.close(write)
    time.sleep(chance.uniform(0.1, 1.8) * usual)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(number, os.read(read, 9).decode(), sep=",", flush=True)
    os.close(read)
    if number % 2:  # what the next import finds is now repaired, now as the kill left it
        bring(number - 1)
        usual = bring(number)
"""


def entry(file: str, number: int) -> dict[str, str]:
    return {
        "entry_id": content_id(file, str(number)),
        "child_id": f"C{number}",
        "decided_at": "2026-11-03 14:05:00",
        "decided_by": f"W{file}",
        "decision": "outcome" if number % 2 else "wrong_information",
        "result": "confirmed" if number % 2 else "",
        "reason": "有一句话，和\n另一句" * 5,
    }


def write(folder: Path, file: str) -> list[str]:
    """Write a file of entries and give their ids; one more is about a child that nobody knows."""
    entries = [entry(file, number) for number in range(ENTRIES)]
    bad = {**entry(file, ENTRIES), "child_id": "C9999"}
    data = {"format": "carescreen-decisions/1", "run_id": "r", "entries": [*entries, bad]}
    (folder / f"{file}.json").write_text(json.dumps(data), encoding="utf-8")
    return [made["entry_id"] for made in entries]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
def test_nothing_acknowledged_is_lost_and_a_second_import_completes_the_first(tmp_path) -> None:
    county = tmp_path / "county"
    county.mkdir()
    children = "".join(f"C{number},V1,2018-03-01\n" for number in range(ENTRIES))
    (county / "children.csv").write_text("child_id,village_id,birth_date\n" + children)
    (county / "visits.csv").write_text("visit_id,child_id,visit_date\n")
    files = ["first", "second", *map(str, range(KILLS))]
    wanted = [name for file in files for name in write(tmp_path, file)]

    told = []
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(KILLS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as work:
        assert work.stdout is not None
        for line in work.stdout:
            number, said = line.strip().split(",")
            told.append(said)
            if said:  # what was acknowledged is whole in the file, at once
                there = Counter(row["entry_id"] for row in rows(county / "decisions.csv"))
                ids = [entry(number, place)["entry_id"] for place in range(ENTRIES)]
                assert {there[name] for name in ids} == {1}
    assert work.returncode == 0

    assert len(told) == KILLS
    assert 1 <= told.count("in") <= KILLS - 5  # both happened, or this would say nothing
    assert Counter(row["entry_id"] for row in rows(county / "decisions.csv")) == Counter(wanted)
    outcomes = Counter(
        (row["child_id"], row["assessed_by"]) for row in rows(county / "outcomes.csv")
    )
    assert len(outcomes) == len(files) * ENTRIES // 2
    assert set(outcomes.values()) == {1}
    assert len(rows(county / "decisions_rejected.csv")) == len(files)
    import_entries(
        [tmp_path / "first.json"], county
    )  # takes what a kill kept out of the log into it
    report = check_log(county)
    assert not report.unknown
    assert report.steps >= len(files) - KILLS
    assert [path.name for path in county.iterdir() if path.name.startswith(".")] == []

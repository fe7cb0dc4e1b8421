"""review expire as a person runs it: what it says, what it changes, once and never by halves."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from carescreen.results_place import aside_prefix
from tests.system.command import run

CHILDREN = "child_id,village_id,birth_date\nC0815,V1,2017-03-01\nC0816,V1,2018-05-01\n"
OLD, HELD, YOUNG = "家里很整洁", "昨天被爸爸打了", "孩子很好"
VISITS = (
    "编号,child_id,走访日期,记录,备注\r\n"
    f'N1,C0815,2024-03-01,"{OLD}，""都好""",=1+1\r\n'
    f"N2,C0815,2023-03-02,{HELD},甲\r\n"
    f"N3,C0816,2024-10-20,{YOUNG},乙\r\n"
)
AFTER = VISITS.replace(f'"{OLD}，""都好"""', '""')
MAPPING = "tables: {visits: {columns: {编号: visit_id, 走访日期: visit_date, 记录: note}}}\n"
DAY = ("--as-of", "2025-06-01")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    (folder / "children.csv").write_text(CHILDREN, encoding="utf-8")
    (folder / "visits.csv").write_bytes(VISITS.encode("gb18030"))
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return folder


def expire(county: Path, *more: object, code: int = 0) -> str:
    said = run("review", "expire", county, *more, code=code)
    for secret in ("C0815", "C0816", "N1", "N2", OLD, HELD, YOUNG, "打了"):
        assert secret not in said
    return said


def log(county: Path) -> list[dict[str, str]]:
    with (county / "retention_log.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_without_carry_out_it_only_counts(county: Path) -> None:
    before = {path.name: path.read_bytes() for path in county.iterdir()}
    said = expire(county, *DAY)
    assert "1  to be removed, without a mention of a risk" in said
    assert "1  kept: still needed" in said
    assert "1  kept: not old enough" in said
    assert "Nothing was changed; add --carry-out to do it." in said
    assert {path.name: path.read_bytes() for path in county.iterdir()} == before


def test_it_blanks_what_is_due_through_the_mapping_and_says_so_in_the_log(county: Path) -> None:
    said = expire(county, *DAY, "--carry-out")
    assert f"Notes removed from {county / 'visits.csv'}: 1; folders removed: 0" in said
    assert (county / "visits.csv").read_bytes() == AFTER.encode("gb18030")
    rows = log(county)
    assert [row["step"] for row in rows] == ["begun", "done"]
    for row in rows:
        assert row["as_of"] == "2025-06-01"
        assert (row["pack"], row["unflagged_note_months"]) == ("cn-rural", "12")
        assert (row["unflagged_notes_removed"], row["flagged_notes_removed"]) == ("1", "0")
        assert row["notes_still_needed"] == "1"
    text = (county / "retention_log.csv").read_text(encoding="utf-8")
    assert "C081" not in text
    assert "N1" not in text

    everything = {path.name: path.read_bytes() for path in county.iterdir()}
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    prefix = aside_prefix(county / "log.jsonl").replace(str(os.getpid()), str(gone.pid))
    (county / f"{prefix}abcd1234").write_text("C0815")  # of one that was killed at its last step
    assert "Nothing to do" in expire(county, *DAY, "--carry-out")
    assert {path.name: path.read_bytes() for path in county.iterdir()} == everything
    expire(county, "--as-of", "2025-06-02", "--carry-out")  # another day is another row
    assert [row["as_of"] for row in log(county)] == ["2025-06-01", "2025-06-01", "2025-06-02"]


def test_a_day_to_come_is_only_looked_at(county: Path) -> None:
    expire(county, "--as-of", "2099-01-01")
    said = expire(county, "--as-of", "2099-01-01", "--carry-out", code=2)
    assert "before their time is over" in said
    assert (county / "visits.csv").read_bytes() == VISITS.encode("gb18030")


def test_a_workbook_is_named_with_what_to_do_instead(tmp_path: Path) -> None:
    import pandas as pd

    (tmp_path / "children.csv").write_text(CHILDREN, encoding="utf-8")
    rows = [{"visit_id": "N1", "child_id": "C0815", "visit_date": "2024-03-01", "note": OLD}]
    pd.DataFrame(rows).to_excel(tmp_path / "visits.xlsx", index=False)
    assert "1  to be removed" in expire(tmp_path, *DAY)
    said = expire(tmp_path, *DAY, "--carry-out", code=6)
    assert "Save its sheet as visits.csv" in said
    assert names(tmp_path) == ["children.csv", "visits.xlsx"]


# --- lists and plans -------------------------------------------------------------------------------


def rank(county: Path, out: Path, *more: object) -> Path:
    run("rank", county, "--as-of", "2025-06-01", "--processes", 1, "--out", out, *more)
    return out


def set_expiry(folder: Path, day: str) -> None:
    path = folder / "run.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    assert said["quotes"]
    path.write_text(json.dumps({**said, "expires": day}), encoding="utf-8")


def test_lists_with_quotes_go_once_their_day_is_over_and_others_are_named(county: Path) -> None:
    lists = county.parent / "lists"
    over, still, plain, mixed = (lists / name for name in ("over", "still", "plain", "mixed"))
    for folder in (over, still, mixed):
        rank(county, folder, "--quotes")
    rank(county, plain)
    set_expiry(over, "2025-05-31")
    set_expiry(mixed, "2025-05-31")
    set_expiry(still, "2025-06-01")
    (mixed / "mine.txt").write_text("years of work")
    (lists / ".over.part-1@x-abc").mkdir()

    said = expire(county, *DAY, "--lists", lists)
    assert f"{over}: quotes, its day is over; to be removed." in said
    assert f"{still}: quotes, expires on 2025-06-01; kept until then." in said
    assert f"{plain}: no quotes, no day of expiry." in said
    assert "mine.txt" in said
    expire(county, *DAY, "--lists", lists, "--carry-out")
    assert [name for name in names(lists) if not name.startswith(".")] == [
        "mixed",
        "plain",
        "still",
    ]
    assert log(county)[-1]["folders_removed"] == "1"
    assert "mine.txt" in names(mixed)
    assert "ranking.jsonl" in names(mixed)


def test_a_folder_that_carescreen_did_not_write_is_no_list(county: Path) -> None:
    other = county.parent / "other"
    other.mkdir()
    (other / "run.json").write_text('{"format": "other/1", "quotes": true}')
    said = expire(county, *DAY, "--lists", other, code=2)
    assert "no folder that `rank` or `plan` wrote" in said
    assert names(other) == ["run.json"]


# --- killed ----------------------------------------------------------------------------------------

KILLS = 20
# One process that has everything loaded forks a child for each carrying-out and kills it after a while.
SCRIPT = """
import os, random, signal, sys, time
from datetime import date, datetime
from pathlib import Path
from carescreen import Screener
from carescreen.retention_expiry import carry_out, expiry_of

county, kills = Path(sys.argv[1]), int(sys.argv[2])
screener, chance = Screener.load(), random.Random(7)
old = (county / "visits.csv").read_bytes()


def expiry():
    return expiry_of(county, screener, date(2025, 6, 1))


def usual():
    due, started = expiry(), time.perf_counter()
    carry_out(due, "W1", datetime(2026, 11, 1))
    return time.perf_counter() - started


usual()
new = (county / "visits.csv").read_bytes()
assert new != old
(county / "visits.csv").write_bytes(old)
took = usual()
for number in range(kills):
    (county / "visits.csv").write_bytes(old)
    due = expiry()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        carry_out(due, "W1", datetime(2026, 11, 1))
        os.write(write, b"done")
        os._exit(0)
    os.close(write)
    if number == 0:  # one that ends, whatever the machine is busy with
        os.waitpid(child, 0)
    else:
        time.sleep(chance.uniform(0.05, 1.5) * took if number > 1 else 0)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    said = os.read(read, 9).decode()
    os.close(read)
    found = (county / "visits.csv").read_bytes()
    print("old" if found == old else "new" if found == new else "half", said, sep=",", flush=True)
    carry_out(expiry(), "W1", datetime(2026, 11, 1))
    assert (county / "visits.csv").read_bytes() == new
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
def test_a_killed_one_leaves_the_old_table_or_the_new_and_the_next_completes_it(
    county: Path,
) -> None:
    more = "".join(f"M{n},C0816,2024-03-01,{OLD * 20},丙\r\n" for n in range(500))
    (county / "visits.csv").write_bytes((VISITS + more).encode("gb18030"))
    command = [sys.executable, "-c", SCRIPT, str(county), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = [line.split(",") for line in done.stdout.split()]
    assert len(told) == KILLS
    assert told[0] == ["new", "done"]
    assert {found for found, _said in told} <= {"old", "new"}
    assert all(found == "new" for found, said in told if said)
    rows = log(county)
    assert rows[-1]["step"] == "done"
    assert [row["step"] for row in rows].count("begun") > 1
    assert [name for name in names(county) if name.startswith(".")] == []

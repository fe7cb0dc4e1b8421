"""The county's log: a line a step, no child in it, and what no longer fits is found."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from carescreen import countylog
from carescreen.countylog import GENESIS, line_hash
from carescreen.countylog_check import check_log, list_against
from carescreen.decisions import Decision, append
from carescreen.decisions_file import locked
from carescreen.entries import write_entries
from carescreen.entries_import import import_entries
from carescreen.errors import LogFault, OutputError, UsageError
from carescreen.rules import RulePack

RUN = "bc7d4b438fde"
NOW = datetime(2026, 11, 5, 10)
TOLD = "奶奶说"


@pytest.fixture(scope="module")
def pack() -> RulePack:
    return RulePack.load("cn-rural")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    children = "".join(f"C{number},V1,2018-03-01\n" for number in range(9))
    (folder / "children.csv").write_text("child_id,village_id,birth_date\n" + children)
    (folder / "visits.csv").write_text("visit_id,child_id,visit_date\n")
    return folder


def bring(county: Path, pack: RulePack, day: int, *children: str, run_id: str = RUN) -> None:
    """Import a visit and an outcome for some children."""
    at = datetime(2026, 11, day, 9, 5, 7)
    entries = [
        Decision(child, "张三", word, at, visited_on=f"2026-11-0{day}", result=result, reason=TOLD)
        for child in children
        for word, result in (("visited", ""), ("outcome", "confirmed"))
    ]
    path = write_entries(county.parent / f"out{day}", entries, run_id=run_id)
    import_entries([path], county, pack=pack, now=NOW)


@pytest.fixture
def imported(county: Path, pack: RulePack) -> Path:
    """A county after three imports."""
    bring(county, pack, 1, "C1", "C2")
    bring(county, pack, 2, "C3")
    bring(county, pack, 3, "C4", "C9")  # nobody knows C9
    return county


def lines(county: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (county / "log.jsonl").read_bytes().splitlines()]


def rewrite(county: Path, name: str, change: Callable[[list[list[str]]], None]) -> None:
    """Change the cells of a table as a spreadsheet would: with a mark, and Windows line ends."""
    path = county / name
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)


def test_each_import_is_one_line_that_holds_the_hash_of_the_one_before(imported: Path) -> None:
    found = lines(imported)
    assert [step["step"] for step in found] == [1, 2, 3]
    assert [step["what"] for step in found] == ["import"] * 3
    raw = (imported / "log.jsonl").read_bytes().splitlines()
    wanted = [GENESIS, *map(line_hash, raw[:-1])]
    assert [step["previous"] for step in found] == wanted
    assert found[0]["facts"] == {"added": 4, "conflicts": 0, "rejected": 0, "runs": [RUN]}
    tables = {entry["name"]: entry for entry in found[1]["tables"]}  # type: ignore[union-attr]
    assert (tables["decisions.csv"]["before"], tables["decisions.csv"]["after"]) == (4, 6)
    assert (tables["outcomes.csv"]["before"], tables["outcomes.csv"]["after"]) == (2, 3)
    assert "decisions_rejected.csv" in {entry["name"] for entry in found[2]["tables"]}  # type: ignore[union-attr]


def test_no_id_name_or_text_of_a_child_stands_in_the_log(imported: Path, pack: RulePack) -> None:
    bring(imported, pack, 4, "C5", run_id="C5 was beaten")  # a file may call its run as it likes
    text = (imported / "log.jsonl").read_text(encoding="utf-8")
    for private in ("C1", "C5", "C9", TOLD, "张三", "beaten"):
        assert private not in text
    assert lines(imported)[-1]["facts"]["other_runs"] == 1  # type: ignore[index]


def test_an_import_that_adds_nothing_writes_no_line(imported: Path, pack: RulePack) -> None:
    before = (imported / "log.jsonl").read_bytes()
    path = next((imported.parent / "out1").iterdir())
    import_entries([path], imported, pack=pack, now=NOW)
    assert (imported / "log.jsonl").read_bytes() == before


def test_a_whole_log_says_so(imported: Path) -> None:
    report = check_log(imported)
    assert report.steps == 3
    assert report.last_hash == line_hash((imported / "log.jsonl").read_bytes().splitlines()[-1])
    assert not report.unknown
    assert not report.found
    assert check_log(imported, report.last_hash) == report


def test_closing_one_concern_is_a_step_too(imported: Path) -> None:
    closing = Decision("C1", "S1", "close", NOW, reason="x", rule="cn_x", run_id=RUN)
    append(closing, imported / "decisions.csv")
    assert lines(imported)[-1]["what"] == "close"
    assert check_log(imported).steps == 4


# --- what a spreadsheet does -----------------------------------------------------------------------


def test_saved_again_by_a_spreadsheet_a_table_still_fits(imported: Path) -> None:
    def as_excel(rows: list[list[str]]) -> None:
        place = rows[0].index("decided_at")
        for row in rows:
            row.append(row.pop(0))  # columns moved
        for row in rows[1:]:
            row[place - 1] = (
                row[place - 1].replace("-0", "/").replace("-", "/")
            )  # 2026/11/1 09:05:07

    rewrite(imported, "decisions.csv", as_excel)
    assert not check_log(imported).unknown


def test_rows_added_by_hand_are_said_and_logged_by_the_next_import(
    imported: Path, pack: RulePack
) -> None:
    rewrite(imported, "decisions.csv", lambda rows: rows.extend([rows[1], rows[2]]))
    assert check_log(imported).unknown == {"decisions.csv": 2}
    bring(imported, pack, 4, "C5")
    report = check_log(imported)
    assert not report.unknown
    assert report.found == {"decisions.csv": 2}
    assert [step["what"] for step in lines(imported)] == ["import"] * 3 + ["found", "import"]


def change_cell(rows: list[list[str]]) -> None:
    rows[5][rows[0].index("reason")] += "。"


TAMPERED: dict[str, tuple[Callable[[list[list[str]]], None], str]] = {
    "a changed row": (change_cell, "step 2 .* rows 5 to 6 are not"),
    "a removed row": (lambda rows: rows.pop(1) and None, "step 1 .* rows 1 to 4 are not"),
    "the last row removed": (lambda rows: rows.pop() and None, "step 3 .* has 7 rows and had 8"),
    "two rows swapped": (lambda rows: rows.insert(1, rows.pop(2)), "step 1 .* rows 1 to 4 are not"),
    "a row put in": (lambda rows: rows.insert(2, rows[1]), "step 1 .* rows 1 to 4 are not"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_table_that_was_tampered_with_is_found(imported: Path, name: str) -> None:
    change, message = TAMPERED[name]
    rewrite(imported, "decisions.csv", change)
    with pytest.raises(LogFault, match=message):
        check_log(imported)


def test_no_later_import_hides_a_changed_row(imported: Path, pack: RulePack) -> None:
    rewrite(imported, "outcomes.csv", lambda rows: rows.pop(1) and None)
    bring(imported, pack, 4, "C5")
    with pytest.raises(LogFault, match=r"step 1 .* does not fit outcomes.csv"):
        check_log(imported)
    assert lines(imported)[3]["tables"][0]["how"] == "changed"  # type: ignore[index]


def test_a_table_that_is_gone_is_found(imported: Path) -> None:
    (imported / "outcomes.csv").unlink()
    with pytest.raises(LogFault, match=r"outcomes.csv: the file is gone"):
        check_log(imported)


def test_how_an_outcome_was_chosen_may_be_filled_in_later(imported: Path) -> None:
    def fill(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            row[rows[0].index("selected_by")] = "rule"

    rewrite(imported, "outcomes.csv", fill)
    assert check_log(imported).steps == 3


# --- the log itself --------------------------------------------------------------------------------

EDITS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "an edited line": (
        lambda raw: [raw[0].replace(b'"added":4', b'"added":5'), *raw[1:]],
        "line 1",
    ),
    "an edited last line": (lambda raw: [*raw[:2], raw[2].replace(b"import", b"closed")], "line 3"),
    "a removed line": (lambda raw: [raw[0], raw[2]], "step 3 .* does not follow"),
    "the first removed": (lambda raw: raw[1:], "step 2 .* does not follow"),
    "two swapped": (lambda raw: [raw[1], raw[0], raw[2]], "step 2 .* does not follow"),
    "one twice": (lambda raw: [raw[0], raw[1], raw[1], raw[2]], "step 2 .* does not follow"),
    "no JSON": (lambda raw: [raw[0], b"{" + raw[1], raw[2]], "line 2"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_log_is_found(imported: Path, name: str) -> None:
    edit, message = EDITS[name]
    path = imported / "log.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in edit(path.read_bytes().splitlines())))
    with pytest.raises(LogFault, match=message):
        check_log(imported)


def test_without_its_last_lines_a_log_is_whole_but_a_hash_kept_elsewhere_tells(
    imported: Path,
) -> None:
    kept = check_log(imported).last_hash
    path = imported / "log.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in path.read_bytes().splitlines()[:2]))
    assert check_log(imported).unknown == {"decisions.csv": 2, "outcomes.csv": 1}
    with pytest.raises(LogFault, match=r"no step .* has the hash that was kept"):
        check_log(imported, kept)


def test_an_edited_log_stops_no_import_and_stays_found(imported: Path, pack: RulePack) -> None:
    path = imported / "log.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"added":4', b'"added":5'))
    bring(imported, pack, 4, "C5")
    with pytest.raises(LogFault, match="line 1"):
        check_log(imported)


def test_no_log_and_somebody_elses_file_are_one_clear_line(county: Path, pack: RulePack) -> None:
    with pytest.raises(UsageError, match=r"has no log\.jsonl"):
        check_log(county)
    (county / "log.jsonl").write_text("my diary\n")
    with pytest.raises(OutputError, match="is not a log of carescreen; nothing was changed"):
        bring(county, pack, 1, "C1")
    assert not (county / "decisions.csv").exists()


# --- other steps -----------------------------------------------------------------------------------


def test_a_step_that_changes_earlier_rows_on_purpose_says_so_before(imported: Path) -> None:
    with locked(imported):
        countylog.complete(imported)
        countylog.append(imported, "expire", {}, rewrites=["decisions.csv"])
    rewrite(imported, "decisions.csv", change_cell)
    assert check_log(imported).begun == ("decisions.csv",)  # killed in between: no fault
    with locked(imported):
        countylog.append(imported, "expire", {"texts": 1})
    report = check_log(imported)
    assert report.begun == ()
    rewrite(imported, "decisions.csv", change_cell)
    with pytest.raises(LogFault, match=r"step 5 .* rows 1 to 8 are not"):
        check_log(imported)


def test_a_list_knows_whether_its_tables_and_its_log_are_the_same(
    imported: Path, pack: RulePack, tmp_path: Path
) -> None:
    from carescreen.results import file_digests

    lists = tmp_path / "lists"
    lists.mkdir()
    run = {"format": "carescreen-run/1", "run_id": RUN, "inputs": file_digests(imported)}
    (lists / "run.json").write_text(json.dumps(run))
    assert list_against(imported, lists) == (RUN, [])
    bring(imported, pack, 4, "C5")
    assert list_against(imported, lists) == (RUN, ["decisions.csv", "outcomes.csv"])
    (imported / "log.jsonl").unlink()
    bring(imported, pack, 5, "C6")
    with pytest.raises(LogFault, match="not the one that list"):
        list_against(imported, lists)


KILLED = """
import os, signal, sys
from datetime import datetime
from carescreen import countylog
from carescreen.entries_import import import_entries

if sys.argv[3] == "before the log":
    countylog.append = lambda *_a, **_k: os.kill(os.getpid(), signal.SIGKILL)
else:
    countylog.sync_folder = lambda *_a: os.kill(os.getpid(), signal.SIGKILL)
import_entries([sys.argv[1]], sys.argv[2], now=datetime(2026, 11, 5, 10))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
@pytest.mark.parametrize("when", ["before the log", "after the log"])
def test_an_import_killed_beside_its_line_is_completed_by_the_next(
    imported: Path, pack: RulePack, when: str
) -> None:
    at = datetime(2026, 11, 4, 9)
    entry = Decision("C6", "W1", "visited", at, visited_on="2026-11-04")
    path = write_entries(imported.parent / "killed", [entry], run_id=RUN)
    command = [sys.executable, "-c", KILLED, str(path), str(imported), when]
    done = subprocess.run(command, check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    is_logged = when == "after the log"
    assert check_log(imported).unknown == ({} if is_logged else {"decisions.csv": 1})
    bring(imported, pack, 4, "C7")
    report = check_log(imported)
    assert not report.unknown
    assert report.found == ({} if is_logged else {"decisions.csv": 1})


@pytest.mark.parametrize("change", [{"at": None}, {"what": "found", "tables": [1]}, {"tables": 7}])
def test_a_line_of_another_form_is_a_fault_though_its_seal_is_right(
    imported: Path, change: dict[str, object]
) -> None:
    found = lines(imported)
    last = {name: value for name, value in {**found[-1], **change}.items() if value is not None}
    last["seal"] = countylog.seal_of(last)
    kept = [json.dumps(line, ensure_ascii=False) for line in (*found[:-1], last)]
    (imported / countylog.FILE).write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(LogFault):
        check_log(imported)


def test_a_table_that_a_ranking_reads_from_elsewhere_is_said(imported: Path) -> None:
    assert check_log(imported).elsewhere == ()
    (imported / "other.csv").write_bytes((imported / "decisions.csv").read_bytes())
    (imported / "mapping.yaml").write_text("tables: {decisions: {file: other.csv}}\n")
    assert check_log(imported).elsewhere == ("decisions.csv",)

"""decisions import and report on the command line: what is said, what is written, and the exit code."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from carescreen.entries import content_id
from tests.system.command import called

CHILDREN = (
    "child_id,village_id,caseworker_id,birth_date\nC0815,V1,W1,2018-03-01\nC0816,V1,W1,2019-05-01\n"
)
VISITS = (
    "visit_id,child_id,visit_date,note\nN1,C0815,2026-10-20,昨天被打了\nN2,C0816,2026-10-25,都好\n"
)


def run(*words: object, folder: Path, code: int = 0) -> tuple[str, str]:
    streams = called(*words, cwd=folder).well(code)
    for secret in ("C0815", "C0816", "被打"):
        assert secret not in "".join(streams)
    return streams


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "county").mkdir()
    (tmp_path / "county" / "children.csv").write_text(CHILDREN, encoding="utf-8")
    (tmp_path / "county" / "visits.csv").write_text(VISITS, encoding="utf-8")
    return tmp_path


def export(path: Path, **changes: Any) -> dict[str, str]:
    values = {
        "child_id": "C0815",
        "decided_at": "2026-11-01 14:05:00",
        "decided_by": "W1",
        "decision": "acknowledge",
        **changes,
    }
    entry = {"entry_id": content_id(*map(str, values.values())), **values}
    data = {"format": "carescreen-decisions/1", "run_id": "r", "entries": [entry]}
    path.write_text(json.dumps(data), encoding="utf-8")
    return entry


def ranked(place: Path, as_of: str) -> dict[str, dict[str, str]]:
    run("rank", "county", "--as-of", as_of, "--processes", 1, "--out", "lists", folder=place)
    with (place / "lists" / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["child_id"]: row for row in csv.DictReader(file)}


def test_a_list_goes_out_comes_back_and_shows_on_the_next_one(place: Path) -> None:
    before = ranked(place, "2026-11-01")
    assert before["C0815"]["state"] == "new"
    book = load_workbook(place / "lists" / "list.xlsx")
    sheet = book["list"]
    column = {str(cell.value).split("\n")[1]: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        for name, value in {
            "Decision": "同意",
            "Decided by": "W1",
            "Decided on": date(2026, 11, 2),
        }.items():
            if sheet.cell(row, column["Child"]).value == "C0815":
                sheet.cell(row, column[name]).value = value
    book.save(place / "back.xlsx")
    words = ("decisions", "import", "back.xlsx", "--into", "county", "--list", "lists")
    said, noted = run(*words, "--at", "2026-11-02 18:00", folder=place)
    assert "Added: 1; there already: 0; in conflict: 0; rejected: 0" in said
    assert noted == ""
    assert "Added: 0; there already: 1" in run(*words, folder=place)[0]
    assert ranked(place, "2026-11-02")["C0815"]["state"] == "acknowledged"
    assert ranked(place, "2026-11-01")["C0815"]["state"] == "new"  # it was not known by then


def test_entries_of_a_list_that_was_replaced_come_back_late(place: Path) -> None:
    first = ranked(place, "2026-10-26")["C0815"]
    run_of = [json.loads((place / "lists" / "run.json").read_text("utf-8"))["run_id"]]
    ranked(place, "2026-11-01")
    found = {"decision": "outcome", "result": "confirmed", "visited_on": "2026-10-28"}
    export(place / "late.json", run_id=run_of[0], **found)
    words = ("decisions", "import", "late.json", "--into", "county", "--list", "lists")
    assert run(*words, folder=place)[1] == ""
    with (place / "county" / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert first["selected_by"]
    assert [row[name] for name in ("selected_by", "selection_probability")] == [
        first["selected_by"],
        first["selection_probability"],
    ]
    export(place / "unknown.json", run_id="gone", **found)
    told = run(
        "decisions", "import", "unknown.json", "--into", "county", "--list", "lists", folder=place
    )[1]
    assert "another list than those given: 1." in told
    assert "give the folder of that list" in told


def test_what_is_rejected_is_said_by_its_reason_and_the_rest_is_imported(place: Path) -> None:
    export(place / "good.json")
    export(place / "bad.json", child_id="C4711")
    words = ("decisions", "import", "good.json", "bad.json", "--into", "county")
    said, noted = run(*words, folder=place)
    assert "Added: 1; there already: 0; in conflict: 0; rejected: 1" in said
    assert "1  no child of this county has this id" in noted
    assert "decisions_rejected.csv" in noted


def test_a_conflict_is_said_and_the_exit_code_says_so_too(place: Path) -> None:
    first = export(place / "a.json", reason="one")
    export(place / "b.json", reason="two", entry_id=first["entry_id"])
    words = ("decisions", "import", "a.json", "b.json", "--into", "county")
    said, told = run(*words, folder=place, code=8)
    assert "Added: 1; there already: 0; in conflict: 1; rejected: 0" in said
    assert told.count("\n") == 1
    assert "decisions_conflicts.csv" in told


def test_people_who_differ_are_counted(place: Path) -> None:
    rule = {"rule": "cn_under8_unattended", "reason": "x"}
    export(place / "a.json", decision="close", **rule)
    export(place / "b.json", decision="override", tier="urgent", decided_by="W2", **rule)
    said, _ = run("decisions", "import", "a.json", "b.json", "--into", "county", folder=place)
    assert "Differs: 1 (two people" in said


def test_the_report_counts_and_its_export_masks(place: Path) -> None:
    export(place / "a.json", decision="override", tier="urgent", reason="x")
    run("decisions", "import", "a.json", "--into", "county", folder=place)
    said, _ = run("decisions", "report", "county", folder=place)
    assert "(no rule named)" in said
    assert "no target" in said
    run("decisions", "report", "county", "--export", "report.csv", folder=place)
    text = (place / "report.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[1] == "(no rule named),7 or fewer,0,0,0"
    assert "W1" not in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "--into", "county"], 2, "FILES"),
        (["import", "good.json"], 2, "--into"),
        (["import", "gone.json", "--into", "county"], 2, "gone.json cannot be read: No such file"),
        (["import", "county", "--into", "county"], 2, "county cannot be read: Is a directory"),
        (["import", "county/visits.csv", "--into", "county"], 2, "no columns for decisions"),
        (["import", "good.json", "--into", "nowhere"], 3, "nowhere does not exist"),
        (["import", "good.json", "--into", "county", "--list", "county"], 2, "no run.json"),
        (["import", "good.json", "--into", "county", "--pack", "cn-rurl"], 4, "did you mean"),
        (["import", "good.json", "--into", "county", "--at", "soon"], 2, "--at wants a date"),
        (["report", "nowhere"], 3, "nowhere does not exist"),
        (["report", "county", "--export", "county/visits.csv"], 6, "nothing was written"),
    ],
)
def test_a_mistake_is_one_clear_line_and_changes_nothing(
    place: Path, arguments: list[str], code: int, words: str
) -> None:
    export(place / "good.json")
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    said, told = run("decisions", *arguments, folder=place, code=code)
    assert words in told
    assert (said, told.count("\n")) == ("", 1)
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before

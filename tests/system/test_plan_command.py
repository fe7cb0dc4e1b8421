"""carescreen plan from a ranking to its folder: what is written, for whom, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from carescreen.cli_plan import plan as plan_command
from carescreen.entries_plan import read_seats
from carescreen.plan_files import (
    BACKLOG_COLUMNS,
    BELOW_COLUMNS,
    PLAN_COLUMNS,
    VISIT_COLUMNS,
    file_names,
)
from tests.system.command import run

NOTE = "昨天被打了"
FORMULA = "=1+1"


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Path:
    """Forty households of two children in two villages; the first five have a note of violence."""
    folder = tmp_path_factory.mktemp("plan") / "county"
    folder.mkdir()
    numbers = range(80)
    ids = [FORMULA if number == 0 else f"C{number:02}" for number in numbers]
    pd.DataFrame(
        {
            "child_id": ids,
            "village_id": [f"V{number // 40}" for number in numbers],
            "household_id": [f"H{number // 2:02}" for number in numbers],
            "caseworker_id": ["" if number == 79 else f"W{number // 40}" for number in numbers],
            "birth_date": "2018-03-01",
        }
    ).to_csv(folder / "children.csv", index=False)
    pd.DataFrame(
        {
            "visit_id": [f"N{number}" for number in numbers],
            "child_id": ids,
            "visit_date": [f"2026-10-{number % 28 + 1:02}" for number in numbers],
            "child_seen": "yes",
            "note": [NOTE if number in (0, 2, 4, 6, 8) else "" for number in numbers],
        }
    ).to_csv(folder / "visits.csv", index=False)
    pd.DataFrame(
        {
            "child_id": ["C04"],
            "decided_at": ["2026-10-30 09:00:00"],
            "decided_by": ["W0"],
            "decision": ["conflict"],
        }
    ).to_csv(folder / "decisions.csv", index=False)
    return folder


PACK = "format: carescreen-pack/1\nid: drawn\nversion: 0.1.0\nextends: cn-rural\n"


@pytest.fixture(scope="module")
def lists(county) -> Path:
    """The ranking under a pack that draws half of the seats."""
    pack = county.parent / "pack"
    pack.mkdir()
    settings = "title: {en: Drawn, zh: 抽}\nsettings: {random_share: 0.5}\n"
    (pack / "pack.yaml").write_text(PACK + settings, encoding="utf-8")
    out = county.parent / "lists"
    run("rank", county, "--as-of", "2026-11-01", "--pack", pack, "--out", out)
    return out


@pytest.fixture(scope="module")
def workers(county) -> Path:
    path = county.parent / "workers.csv"
    path.write_text(
        "caseworker_id,visits_per_week,villages,supervisor_id\nW0,3,V0,S1\nW1,4,V1;V0,S1\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def plan(county, lists, workers) -> Path:
    out = county.parent / "plan"
    run("plan", lists, "--workers", workers, "--county", county, "--out", out)
    return out


def words(path: Path) -> str:
    """The text of a file, or of the parts of a workbook."""
    if path.suffix != ".xlsx":
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as book:
        return "".join(book.read(name).decode("utf-8") for name in book.namelist())


def rows_of(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_has_its_files_and_each_its_columns(plan) -> None:
    assert sorted(str(path.relative_to(plan)) for path in plan.rglob("*.*")) == [
        "alarms.csv",
        "backlog.csv",
        "below.csv",
        "handover.csv",
        "list.html",
        "list.xlsx",
        "list/0001-W0.html",
        "list/0002-W1.html",
        "list/supervisor.html",
        "plan.csv",
        "plan.json",
        "visits/W0.csv",
        "visits/W1.csv",
    ]
    assert tuple(rows_of(plan / "plan.csv")[0]) == PLAN_COLUMNS
    assert tuple(rows_of(plan / "below.csv")[0]) == BELOW_COLUMNS
    assert tuple(rows_of(plan / "visits/W0.csv")[0]) == VISIT_COLUMNS
    head = (plan / "backlog.csv").read_text(encoding="utf-8-sig")
    assert head.strip() == ",".join(BACKLOG_COLUMNS)


def test_every_child_is_in_the_plan_or_below_the_line_once(plan) -> None:
    found = [
        child
        for name in ("plan.csv", "below.csv")
        for row in rows_of(plan / name)
        for child in row["children"].split(";")
    ]
    assert sorted(found) == sorted([f"'{FORMULA}", *(f"C{number:02}" for number in range(1, 80))])
    shown = [row["child_id"] for who in "01" for row in rows_of(plan / f"visits/W{who}.csv")]
    assert len(shown) == len(set(shown))
    planned = [row["children"].split(";") for row in rows_of(plan / "plan.csv")]
    assert sorted(shown) == sorted(child for children in planned for child in children)


def test_more_immediate_visits_than_seats_are_an_alarm_with_who_has_room(plan, lists) -> None:
    (alarm,) = rows_of(plan / "alarms.csv")
    assert alarm["worker_id"] == "W0"
    assert alarm["immediate_and_urgent"] == "4"  # one of five went to W1: a conflict of interest
    assert alarm["room_nearby"] == "W1:1"
    assert "W0：立即和紧急的走访有 4 次，本周名额 3 个，超出 1 个。" in alarm["alarm_zh"]
    summary = json.loads((plan / "plan.json").read_text(encoding="utf-8"))
    assert summary["alarms"][0]["over"] == 1
    assert summary["run_id"] == json.loads((lists / "run.json").read_text("utf-8"))["run_id"]


def test_a_visitors_file_says_neither_that_a_visit_was_drawn_nor_of_a_conflict(plan) -> None:
    rows = rows_of(plan / "plan.csv")
    drawn = [row for row in rows if row["why"] == "random"]
    assert drawn
    assert all(0 < float(row["selection_probability"]) < 1 for row in drawn)
    assert all("随机" in row["reason_zh"] and "random" in row["reason_en"] for row in drawn)
    (moved,) = [row for row in rows if row["route"] == "conflict"]
    assert (moved["worker_id"], moved["instead_of"], moved["household_id"]) == ("W1", "W0", "H02")
    theirs = "".join(path.read_text("utf-8") for path in (plan / "visits").iterdir())
    for word in ("random", "随机", "conflict", "利害", "probability", "W0"):
        assert word not in theirs
    by_household = {row["household_id"]: row for row in rows_of(plan / "visits/W1.csv")}
    assert by_household[drawn[0]["household_id"]]["why"] == "order"
    assert "H02" in by_household


def test_a_visit_shows_every_child_of_the_household_with_its_own_score_and_reasons(plan) -> None:
    rows = [row for row in rows_of(plan / "visits/W0.csv") if row["household_id"] == "H00"]
    assert [row["child_id"] for row in rows] == [f"'{FORMULA}", "C01"]
    assert rows[0]["tier"] == "immediate"
    assert rows[0]["reasons"].startswith("rule:")
    assert len({row["order"] for row in rows}) == 1
    assert {row["reason_en"] for row in rows} != {""}


def test_no_words_of_a_note_and_no_names_of_sensitive_rules_leave(plan, county, workers) -> None:
    quoted, out = county.parent / "quoted", county.parent / "plan_of_quoted"
    run("rank", county, "--as-of", "2026-11-01", "--quotes", "--out", quoted)
    run("plan", quoted, "--workers", workers, "--no-pages", "--out", out)
    assert not {"list.html", "list", "list.xlsx"} & {path.name for path in out.iterdir()}
    sensitive = [
        concern["rule"]
        for line in (quoted / "ranking.jsonl").read_text("utf-8").splitlines()
        for concern in json.loads(line)["concerns"]
        if concern["sensitive"]
    ]
    assert sensitive
    assert sensitive[0] in (quoted / "ranking.csv").read_text("utf-8")
    for folder in (plan, out):
        text = "".join(map(words, folder.rglob("*.*")))
        assert NOTE not in text
        assert not [name for name in sensitive if name in text]


def test_the_same_input_gives_the_same_bytes_in_any_order_of_workers(
    plan, county, lists, tmp_path
) -> None:
    other = tmp_path / "workers.csv"
    other.write_text(
        "supervisor_id,caseworker_id,visits_per_week,villages\nS1,W1,4,V0;V1\nS1,W0,3,V0\n",
        encoding="utf-8",
    )
    out = tmp_path / "plan"
    run("plan", lists, "--workers", other, "--county", county, "--out", out)
    names = sorted(path.relative_to(plan) for path in plan.rglob("*.*"))
    assert names == sorted(path.relative_to(out) for path in out.rglob("*.*"))
    assert all((plan / name).read_bytes() == (out / name).read_bytes() for name in names)


def test_a_plan_replaces_an_earlier_one_but_nothing_of_somebody_else(
    plan, lists, workers, tmp_path
) -> None:
    out = tmp_path / "plan"
    shutil.copytree(plan, out)
    run("plan", lists, "--workers", workers, "--out", out)
    assert len(rows_of(out / "plan.csv")) > 0
    mine = out / "visits" / "W0 done.csv"
    mine.write_text("a week's work")
    said = run("plan", lists, "--workers", workers, "--out", out, code=6)
    assert "W0 done.csv" in said
    assert mine.read_text() == "a week's work"
    assert "nothing was written" in run("plan", lists, "--workers", workers, "--out", lists, code=6)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_first_run_puts_old_concerns_into_the_supervisors_backlog(county, workers, tmp_path):
    old, out = tmp_path / "lists", tmp_path / "plan"
    run("rank", county, "--as-of", "2026-11-20", "--first-run", "--out", old)
    run("plan", old, "--workers", workers, "--out", out)
    rows = rows_of(out / "backlog.csv")
    assert {row["supervisor_id"] for row in rows} == {"S1"}
    assert f"'{FORMULA}" in {row["child_id"] for row in rows}


@pytest.mark.parametrize(
    ("line", "more", "code", "words"),
    [
        ("W0,x,,", [], 2, "workers.csv, row 2: visits_per_week wants"),
        ("W0,3,2026-11-09,2026-11-02", [], 2, "row 2: the leave ends on 2026-11-02, before"),
        ("W0,3,2026-10-09,", [], 2, "row 2: away when the week begins"),
        ("W0,3,,", ["--from", "2026-10-01"], 2, "--from is 2026-10-01, before the ranking's date"),
        ("W0,3,,", ["--from", "soon"], 2, "--from wants a date"),
        ("W0,3,,", ["--county", "nowhere"], 2, "nowhere is no folder"),
    ],
)
def test_a_mistake_is_one_clear_line_and_nothing_is_written(
    lists, tmp_path, line, more, code, words
) -> None:
    path = tmp_path / "workers.csv"
    path.write_text(f"caseworker_id,visits_per_week,away_from,away_until\n{line}\n")
    said = run("plan", lists, "--workers", path, *more, "--out", tmp_path / "plan", code=code)
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "plan").exists()


def test_a_ranking_of_an_earlier_version_is_to_be_made_again(lists, workers, tmp_path) -> None:
    old = tmp_path / "lists"
    shutil.copytree(lists, old)
    frame = pd.read_csv(old / "ranking.csv", dtype=str).drop(columns="waits")
    frame.to_csv(old / "ranking.csv", index=False)
    said = run("plan", old, "--workers", workers, "--out", tmp_path / "plan", code=2)
    assert "rank again" in said
    said = run("plan", tmp_path, "--workers", workers, "--out", tmp_path / "plan", code=2)
    assert "give the folder that `rank` wrote" in said


def test_outcomes_of_planned_visits_say_the_word_that_the_ranking_has(plan, lists) -> None:
    seats = read_seats(plan).seats
    of_ranking = {row["child_id"]: row for row in rows_of(lists / "ranking.csv")}
    compared = set()
    for visit in json.loads((plan / "plan.json").read_text(encoding="utf-8"))["visits"]:
        lead = visit["children"][0]["child_id"]
        word = of_ranking[f"'{lead}" if lead == FORMULA else lead]["selected_by"]
        if visit["why"] != "random" and word not in ("", "random"):
            compared.add(word)
            assert seats[lead].selected_by == word
    assert len(compared) > 1


def test_file_names_are_plain_and_tell_every_list_apart() -> None:
    ids = ["W01", "w01", "../etc", "a b", "a_b", "con", "supervisor", "村医", "x" * 300, ""]
    names = file_names(ids)
    assert len({name.casefold() for name in names}) == len(ids)
    assert all("/" not in name and "." not in name and len(name) <= 60 for name in names)
    assert names[7] == "村医"
    assert names[-1] == "supervisor"
    assert names[5] != "con"


def test_a_returned_workbook_of_the_plan_is_imported_with_the_list_it_was_made_of(
    plan, county, lists, tmp_path
) -> None:
    shutil.copytree(county, tmp_path / "county")
    book = load_workbook(plan / "list.xlsx")
    sheet = book["list"]
    place = {str(cell.value).split("\n")[1]: cell.column for cell in sheet[1]}
    children = {sheet.cell(row, place["Child"]).value: row for row in range(2, sheet.max_row + 1)}
    other = next(child for child in children if child and child not in (FORMULA, "C01"))
    said = {
        FORMULA: {
            "Decision": "同意",
            "Visited on": date(2026, 11, 3),
            "What the visit found": "it is so",
        },
        other: {"Decision": "同意"},
    }
    for child, cells in said.items():
        for name, value in {**cells, "Decided by": "W0", "Decided on": date(2026, 11, 3)}.items():
            sheet.cell(children[child], place[name]).value = value
    book.save(tmp_path / "back.xlsx")
    words = ("decisions", "import", tmp_path / "back.xlsx", "--into", tmp_path / "county")
    words += ("--list", lists, "--pack", county.parent / "pack", "--at", "2026-11-03 18:00")
    told = run(*words)
    assert "rejected: 0" in told
    assert "Outcomes added: 1" in told
    assert "another list" not in told
    rows = pd.read_csv(tmp_path / "county/decisions.csv", dtype=str, encoding="utf-8-sig")
    run_id = json.loads((lists / "run.json").read_text("utf-8"))["run_id"]
    assert set(rows["run_id"][rows["decision"] == "agree"]) == {run_id}
    outcomes = pd.read_csv(tmp_path / "county/outcomes.csv", dtype=str, encoding="utf-8-sig")
    assert outcomes["selected_by"].tolist() == [
        "rule"
    ]  # how the ranking chose it, which the workbook does not say
    assert "Added: 0" in run(*words)


def test_a_workbook_that_is_left_out_is_said_in_a_line(
    lists, workers, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("carescreen.plan_pages.BOOK_CHILDREN", 5)
    words = [str(lists), "--workers", str(workers), "--out", str(tmp_path / "plan")]
    done = CliRunner().invoke(plan_command, words)
    assert done.exit_code == 0
    assert "no list.xlsx: the lists have more than 5 children; use the pages" in done.output
    assert not (tmp_path / "plan/list.xlsx").exists()
    done = CliRunner().invoke(plan_command, [*words, "--no-pages"])
    assert "list.xlsx" not in done.output

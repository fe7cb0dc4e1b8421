"""`carescreen review list`: a written ranking and a plan in the terminal, for people and scripts."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from tests.system.command import CARESCREEN, run

AS_OF = "2026-11-01"


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review-list")
    run("synth", "--children", 300, "--seed", 5, "--out", folder / "county")
    run(
        *("rank", folder / "county", "--as-of", AS_OF, "--out", folder / "lists"),
        *("--processes", 1),
    )
    children = pd.read_csv(folder / "county" / "children.csv", dtype=str)
    workers = children["caseworker_id"].dropna().unique()
    table = pd.DataFrame({"caseworker_id": workers, "visits_per_week": 10})
    table.to_csv(folder / "workers.csv", index=False)
    run("plan", folder / "lists", "--workers", folder / "workers.csv", "--out", folder / "plan")
    return folder / "lists"


def written(lists: Path) -> list[dict[str, str]]:
    with (lists / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def shown(*arguments: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("review", "list", *arguments, "--json").splitlines()]


def test_the_table_has_the_first_in_rank_order_and_says_how_many_follow(lists: Path) -> None:
    lines = run("review", "list", lists, "--language", "en").splitlines()
    assert lines[0].startswith("SYNTHETIC: List as of 1 Nov 2026: 20 shown of 300 that match")
    assert [line.split()[:2] for line in lines[2:-1]] == [
        [row["rank"], row["child_id"]] for row in written(lists)[:20]
    ]
    assert lines[-1] == "280 more not shown: --top 0 shows them all."


def test_all_of_them_are_there_for_scripts(lists: Path) -> None:
    rows = shown(lists)
    assert [str(row["rank"]) for row in rows] == [row["rank"] for row in written(lists)]
    assert [";".join(row["concerns"]) for row in rows] == [r["concerns"] for r in written(lists)]


@pytest.mark.parametrize(
    ("arguments", "is_wanted"),
    [
        (("--tier", "urgent"), lambda row: row["tier"] == "urgent"),
        (
            ("--tier", "urgent", "--tier", "priority"),
            lambda row: row["tier"] in ("urgent", "priority"),
        ),
        (("--overdue",), lambda row: "" < row["due_on"] < AS_OF),
        (("--village", "V01"), lambda row: row["village_id"] == "V01"),
        (("--caseworker", "W02"), lambda row: row["caseworker_id"] == "W02"),
        (("--state", "acknowledged"), lambda row: row["state"] == "acknowledged"),
        (
            ("--tier", "routine", "--overdue", "--village", "V02"),
            lambda row: (
                row["tier"] == "routine"
                and "" < row["due_on"] < AS_OF
                and row["village_id"] == "V02"
            ),
        ),
    ],
)
def test_it_shows_who_is_asked_for(lists: Path, arguments, is_wanted) -> None:
    expected = [row["child_id"] for row in written(lists) if is_wanted(row)]
    assert [row["child_id"] for row in shown(lists, *arguments)] == expected


def test_a_plan_is_shown_visit_by_visit(lists: Path) -> None:
    folder = lists.parent / "plan"
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    expected = [
        (visit["worker_id"], visit["day"], visit["order"], child["child_id"])
        for visit in plan["visits"]
        for child in visit["children"]
    ]
    rows = shown(folder)
    names = ("caseworker_id", "day", "order", "child_id")
    assert [tuple(row[name] for name in names) for row in rows] == expected
    lines = run("review", "list", folder, "--language", "en", "--top", 0).splitlines()
    assert len(lines) == len(expected) + 2
    assert "are below the line." in lines[0]


def test_reasons_are_words_in_both_languages_and_sensitive_ones_codes(lists: Path) -> None:
    english = run("review", "list", lists, "--top", 0, "--language", "en")
    chinese = run("review", "list", lists, "--top", 0, "--language", "zh")
    for line in (lists / "ranking.jsonl").read_text(encoding="utf-8").splitlines():
        for concern in json.loads(line)["concerns"][:1]:
            is_hidden = not concern["rule"]
            assert (concern["code"] if is_hidden else concern["title"]["en"]) in english
            assert (concern["code"] if is_hidden else concern["title"]["zh"]) in chinese


def test_a_closed_pipe_is_no_error(lists: Path) -> None:
    command = [*CARESCREEN, "review", "list", str(lists), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_folder_of_another_kind_or_one_that_was_changed_is_refused_in_one_line(
    lists: Path, tmp_path: Path
) -> None:
    assert "give the folder that `rank` wrote" in run("review", "list", tmp_path, code=2)
    (tmp_path / "plan.json").write_text("[]", encoding="utf-8")
    assert "make the plan again" in run("review", "list", tmp_path, code=2)
    (tmp_path / "plan.json").unlink()
    (tmp_path / "run.json").write_bytes((lists / "run.json").read_bytes())
    (tmp_path / "ranking.csv").write_text("rank,child_id\nx,C1\n", encoding="utf-8")
    assert "rank again" in run("review", "list", tmp_path, code=2)


def test_help_has_an_example() -> None:
    assert "Example: carescreen review list lists" in run("review", "list", "--help")

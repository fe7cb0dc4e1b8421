"""Import, rank and plan on a county in which children change hands, leave and are recorded twice."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from carescreen.decisions import Decision
from carescreen.entries import write_entries
from tests.system.command import run

NOTE = "昨天被打了"
WORKERS = "caseworker_id,visits_per_week,villages,supervisor_id\nW0,12,V0,S1\nW1,12,V1,S1\n"
BIRTHS = {"C09": "2008-01-05"}  # came of age
MOVED = Decision("C02", "W0", "moved", datetime(2026, 11, 3, 9), reason="to Dongguan")
GRAVE = Decision("C00", "W0", "moved", datetime(2026, 11, 3, 9), reason="nobody knows")
SAME = Decision(
    "C05", "S1", "same_child", datetime(2026, 11, 3, 9), reason="papers", other_child_id="C15"
)


def write_county(folder: Path, whose: dict[str, str]) -> None:
    """Twenty children, each a household, in two villages; the first has a note of violence."""
    ids = [f"C{number:02}" for number in range(20)]
    pd.DataFrame(
        {
            "child_id": ids,
            "village_id": [f"V{number // 10}" for number in range(20)],
            "household_id": [f"H{number:02}" for number in range(20)],
            "caseworker_id": [whose.get(one, f"W{int(one[1:]) // 10}") for one in ids],
            "birth_date": [BIRTHS.get(one, f"2018-03-{int(one[1:]) + 1:02}") for one in ids],
        }
    ).to_csv(folder / "children.csv", index=False)
    pd.DataFrame(
        {
            "visit_id": [f"N{number}" for number in range(20)],
            "child_id": ids,
            "visit_date": "2026-10-10",
            "child_seen": "yes",
            "note": [NOTE if one == "C00" else "" for one in ids],
            "food_short_days_month": ["8" if one in ("C02", "C09") else "" for one in ids],
        }
    ).to_csv(folder / "visits.csv", index=False)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A list of 1 November, then entries and a transfer, a list of 8 November and its plan."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "county").mkdir()
    (folder / "workers.csv").write_text(WORKERS, encoding="utf-8")
    write_county(folder / "county", {})
    run("rank", folder / "county", "--as-of", "2026-11-01", "--out", folder / "lists")
    run_id = json.loads((folder / "lists" / "run.json").read_text(encoding="utf-8"))["run_id"]
    entries = write_entries(folder / "sent", [MOVED, GRAVE, SAME], run_id)
    write_county(folder / "county", {"C07": "W1", "C08": "W9"})
    said = run(
        *("decisions", "import", entries, "--into", folder / "county"),
        *("--list", folder / "lists", "--at", "2026-11-05"),
    )
    assert "Added: 3" in said
    run("rank", folder / "county", "--as-of", "2026-11-08", "--out", folder / "lists")
    told = run(
        *("plan", folder / "lists", "--workers", folder / "workers.csv"),
        *("--county", folder / "county", "--out", folder / "plan", "--language", "en"),
    )
    (folder / "told.txt").write_text(told, encoding="utf-8")
    return folder


def visit_of(place: Path, child: str) -> dict[str, str]:
    rows = read(place / "plan" / "plan.csv")
    return next(row for row in rows if child in row["children"].split(";"))


def test_everybody_is_in_the_ranking_and_nothing_is_lowered(place: Path) -> None:
    rows = {row["child_id"]: row for row in read(place / "lists" / "ranking.csv")}
    assert len(rows) == 20
    assert (rows["C00"]["tier"], rows["C00"]["state"]) == ("immediate", "moved")
    assert (rows["C02"]["tier"], rows["C02"]["state"]) == ("priority", "moved")
    assert (rows["C09"]["tier"], rows["C09"]["state"]) == ("priority", "aged_out")


def test_an_immediate_child_that_moved_is_visited_and_the_others_are_handed_over(
    place: Path,
) -> None:
    assert visit_of(place, "C00")["why"] == "rule"
    rows = read(place / "plan" / "handover.csv")
    assert {(row["child_id"], row["why"], row["supervisor_id"]) for row in rows} == {
        ("C02", "moved", "S1"),
        ("C09", "aged_out", "S1"),
    }
    told = (place / "told.txt").read_text(encoding="utf-8")
    assert "2 for the supervisor to hand over" in told
    summary = json.loads((place / "plan" / "plan.json").read_text(encoding="utf-8"))
    assert [row["child_id"] for row in summary["handover"]] == [row["child_id"] for row in rows]


def test_a_child_recorded_twice_in_two_villages_is_one_visit(place: Path) -> None:
    rows = read(place / "plan" / "plan.csv")
    (row,) = [row for row in rows if {"C05", "C15"} & set(row["children"].split(";"))]
    assert set(row["children"].split(";")) == {"C05", "C15"}
    assert "One child is recorded twice here" in row["reason_en"]


def test_who_was_handed_over_and_who_left_is_said_in_the_plan(place: Path) -> None:
    handed = {row["child_id"]: row for row in read(place / "lists" / "handovers.csv")}
    assert set(handed) == {"C07", "C08"}
    seen = visit_of(place, "C08")
    told = (place / "told.txt").read_text(encoding="utf-8")
    assert "who have no row any more: 1; their households (1)" in told
    assert (seen["worker_id"], seen["route"], seen["instead_of"]) == ("W0", "left", "W9")
    assert "W9 has no row among the caseworkers any more" in seen["reason_en"]
    assert "Handed over from W0 (village V0), by 8 Nov 2026." in seen["reason_en"]
    (visit,) = [
        row for row in read(place / "plan" / "visits" / "W0.csv") if row["child_id"] == "C08"
    ]
    assert "W9已不在工作人员表中" in visit["reason_zh"]


def test_no_message_or_plan_names_where_a_child_went(place: Path) -> None:
    for path in place.rglob("*"):
        if path.is_file() and "county" not in path.parts and "sent" not in path.parts:
            assert b"Dongguan" not in path.read_bytes(), path

"""Ids that spreadsheets or encodings stumble over go through rank and plan."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from carescreen.cells import guarded
from carescreen.results import _written_record
from tests.system.command import run

IDS = ("child_id", "village_id", "county_id", "caseworker_id", "household_id")
HALF = "\ud800x"


def ranked_and_planned(folder: Path, children: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of ranking.csv, after a plan was made of them."""
    county, lists = folder / "county", folder / "lists"
    county.mkdir()
    visits = [
        {"visit_id": f"N{place}", "child_id": child["child_id"], "visit_date": "2026-10-20"}
        for place, child in enumerate(children)
    ]
    for name, rows in (("children", children), ("visits", visits)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (county / f"{name}.jsonl").write_text(text, encoding="utf-8")
    run("rank", county, "--as-of", "2026-11-01", "--out", lists)
    workers = folder / "workers.csv"
    workers.write_text("caseworker_id,visits_per_week\nW1,3\n", encoding="utf-8")
    run("plan", lists, "--workers", workers, "--out", folder / "plan")
    with (lists / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def child(number: int, **ids: str) -> dict[str, str]:
    usual = {
        "child_id": f"C{number}",
        "village_id": "V1",
        "county_id": "K1",
        "caseworker_id": "W1",
        "household_id": "H1",
        "birth_date": "2018-03-01",
    }
    return {**usual, **ids}


@pytest.mark.parametrize("count", [3, 80])
def test_half_a_character_in_an_id_stops_nothing(tmp_path: Path, count: int) -> None:
    odd = [child(place, **{name: HALF}) for place, name in enumerate(IDS)]
    alike = [child(9, **dict.fromkeys(IDS[1:], HALF)), child(10, **dict.fromkeys(IDS[1:], HALF))]
    rest = [child(number) for number in range(11, 11 + count)]
    rows = ranked_and_planned(tmp_path, [*odd, *alike, *rest])
    assert len(rows) == len(IDS) + 2 + count
    assert sum(row["child_id"] == "\ufffdx" for row in rows) == 1
    with (tmp_path / "lists" / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        told = [row for row in csv.DictReader(file) if "U+FFFD" in row["action"]]
    assert len(told) > len(IDS)


def test_an_id_with_an_apostrophe_of_its_own_is_planned_and_found_again(tmp_path: Path) -> None:
    ids = ["=1", "'=1", "''=1", "＝1"]
    rows = ranked_and_planned(
        tmp_path, [child(place, child_id=name) for place, name in enumerate(ids)]
    )
    assert {row["child_id"] for row in rows} == {guarded(name) for name in ids}
    for name in ids:
        assert _written_record(tmp_path / "lists", name)["child_id"] == name

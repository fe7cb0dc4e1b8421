"""Where a child stood on the list before, and the visits that a record holds."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.results import write_results
from carescreen.results_before import positions_before
from carescreen.screener import Screener

CHILDREN = pd.DataFrame(
    {
        "child_id": ["C1", "C2", "=C3"],
        "village_id": ["V1", "V1", "V1"],
        "birth_date": ["2018-05-01"] * 3,
    }
)
VISITS = pd.DataFrame(
    {
        "visit_id": ["N1", "N2", "N3", "N4", "N5"],
        "child_id": ["C1"] * 5,
        "visit_date": ["2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-11-20"],
        "child_seen": ["yes", "yes", "no", None, "yes"],
    }
)


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.load()


def write(screener: Screener, folder: Path, as_of: str) -> None:
    ranking = screener.rank(Caseload(children=CHILDREN, visits=VISITS), as_of)
    write_results(ranking, folder, quotes=False, made_by="tester", language="en")


def test_a_record_holds_the_newest_visits_known_by_then(screener: Screener) -> None:
    record = screener.rank(Caseload(children=CHILDREN, visits=VISITS), "2026-11-01").record("C1")
    assert record["recent_visits"] == [
        {"visit_id": "N4", "date": "2026-08-01", "seen": None},
        {"visit_id": "N3", "date": "2026-07-01", "seen": "no"},
        {"visit_id": "N2", "date": "2026-06-01", "seen": "yes"},
    ]


def test_the_list_says_where_a_child_stood_on_the_list_it_replaces(
    screener: Screener, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-10-01")
    assert "On the list before" not in (folder / "list.html").read_text(encoding="utf-8")
    before = positions_before(folder, "2026-11-01", {"C1", "=C3"})
    assert set(before) == {"C1", "=C3"}
    assert before["C1"]["as_of"] == "2026-10-01"
    write(screener, folder, "2026-11-01")
    page = (folder / "list.html").read_text(encoding="utf-8")
    assert "On the list before" in page
    rank, tier = before["C1"]["rank"], before["C1"]["tier"].capitalize()
    assert f"{rank} ({tier}, 1 Oct 2026)" in page


def test_a_list_of_the_same_or_a_later_date_is_no_list_before(
    screener: Screener, tmp_path: Path
) -> None:
    write(screener, tmp_path / "lists", "2026-11-01")
    assert positions_before(tmp_path / "lists", "2026-11-01", {"C1"}) == {}
    assert positions_before(tmp_path / "lists", "2026-10-01", {"C1"}) == {}


@pytest.mark.parametrize("run", ["", "[]", "{}", '{"as_of": "2026-01-01"}'])
def test_a_folder_that_holds_no_whole_list_says_nothing(tmp_path: Path, run: str) -> None:
    (tmp_path / "run.json").write_text(run, encoding="utf-8")
    assert positions_before(tmp_path, "2026-11-01", {"C1"}) == {}
    (tmp_path / "ranking.csv").write_text("child_id,rank\nC1,x\n", encoding="utf-8")
    run = json.dumps({"as_of": "2026-01-01"})
    (tmp_path / "run.json").write_text(run, encoding="utf-8")
    assert positions_before(tmp_path, "2026-11-01", {"C1"}) == {}

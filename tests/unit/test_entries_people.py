"""Importing what people say of who a child is and where: checked against the county's children."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from carescreen.decisions import COLUMNS, Decision
from carescreen.entries import write_entries
from carescreen.entries_import import REJECTED_COLUMNS, import_entries
from carescreen.rules import RulePack

NOW = datetime(2026, 11, 5, 12)
AT = datetime(2026, 11, 3, 9)


@pytest.fixture(scope="module")
def pack() -> RulePack:
    return RulePack.load("cn-rural")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    children = {"child_id": ["C1", "C2"], "village_id": "V1", "birth_date": "2016-05-01"}
    pd.DataFrame(children).to_csv(folder / "children.csv", index=False)
    (folder / "visits.csv").write_text("visit_id,child_id,visit_date\n", encoding="utf-8")
    return folder


def same(other: str, **more: str) -> Decision:
    values = {"reason": "papers", "other_child_id": other, **more}
    return Decision("C1", "S1", "same_child", AT, **values)


def bring(county: Path, pack: RulePack, *decisions: Decision):
    path = write_entries(county.parent / "sent.json", decisions, "run-1")
    return import_entries([path], county, pack=pack, now=NOW)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_other_child_is_recorded_and_importing_again_adds_nothing(county, pack) -> None:
    for added in (1, 0):
        assert bring(county, pack, same("C2")).added == added
    (row,) = rows(county / "decisions.csv")
    assert (row["decision"], row["other_child_id"], row["result"]) == ("same_child", "C2", "")


def test_another_answer_is_added_beside_the_first(county, pack) -> None:
    bring(county, pack, same("C2"))
    assert bring(county, pack, same("C2", result="different")).added == 1
    assert [row["result"] for row in rows(county / "decisions.csv")] == ["", "different"]


def test_another_child_that_the_county_does_not_know_is_rejected(county, pack) -> None:
    report = bring(county, pack, same("C9"))
    assert dict(report.problems) == {"no child of this county has the id in other_child_id": 1}
    (row,) = rows(county / "decisions_rejected.csv")
    assert row["other_child_id"] == "C9"


def test_files_from_before_there_was_another_child_are_added_to(county, pack) -> None:
    before = {name: "" for name in REJECTED_COLUMNS if name != "other_child_id"}
    for name, columns in (
        ("decisions_rejected.csv", before),
        ("decisions.csv", [name for name in COLUMNS if name != "other_child_id"]),
    ):
        with (county / name).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerow(columns)
    assert bring(county, pack, same("C2"), same("C9")).added == 1
    assert rows(county / "decisions.csv")[0]["other_child_id"] == "C2"
    assert rows(county / "decisions_rejected.csv")[0]["other_child_id"] == "C9"


def test_an_entry_without_another_child_keeps_the_id_it_had(county, tmp_path) -> None:
    """Made of the fields of an entry as they were before `other_child_id`: a second writing adds none."""
    path = write_entries(tmp_path / "a.json", [Decision("C1", "W1", "agree", AT)], "run-1")
    assert ID_BEFORE in path.read_text(encoding="utf-8")


ID_BEFORE = "36767a281606fd42754a50108403874d"

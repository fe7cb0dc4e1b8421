"""What changed since the list that a run replaces: who, which concerns, and why as far as it tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.results import write_results
from carescreen.results_changes import COLUMNS
from carescreen.screener import Screener

Row = dict[str, Any]
BEATEN = "奶奶说孩子身上有伤，是被爸爸打的"
HUNGRY = "孩子常饿肚子"
QUIET = "家里一切正常"
FIRST, SECOND = "2026-10-01", "2026-11-01"
INPUTS = {"children.csv": "a", "visits.csv": "b"}


def child(name: str, **cells: Any) -> Row:
    born = {"birth_date": "2016-03-01", "recorded_at": "2026-01-01", "caseworker_id": "W1"}
    return {"child_id": name, "village_id": "V1", **born, **cells}


def visit(name: str, on: str, note: str = QUIET, **cells: Any) -> Row:
    row = {"visit_id": f"N-{name}-{on}", "child_id": name, "visit_date": on, "recorded_at": on}
    return {**row, "child_seen": "yes", "note": note, **cells}


def caseload(
    children: list[Row], visits: list[Row], decisions: list[Row] | None = None
) -> Caseload:
    frames = {
        "children": children,
        "visits": visits,
        **({"decisions": decisions} if decisions else {}),
    }
    return Caseload(**{name: pd.DataFrame(rows, dtype=object) for name, rows in frames.items()})


def write(
    screener: Screener,
    folder: Path,
    load: Caseload,
    as_of: str,
    *,
    quotes: bool = False,
    inputs: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Write a list and read its changes."""
    write_results(
        screener.rank(load, as_of),
        folder,
        quotes=quotes,
        made_by="tester",
        language="en",
        inputs=INPUTS if inputs is None else inputs,
    )
    return pd.read_csv(folder / "changes.csv", dtype=str, keep_default_na=False)


def changed(
    screener: Screener, folder: Path, before: Caseload, after: Caseload, **options: Any
) -> dict[str, Row]:
    """The rows by child of the second of two lists."""
    write(screener, folder, before, FIRST)
    found = write(screener, folder, after, SECOND, **options)
    return {row["child_id"]: row for row in found.to_dict("records")}


def test_a_first_list_has_no_changes(screener: Screener, tmp_path: Path) -> None:
    load = caseload([child("C1")], [visit("C1", "2026-09-01", BEATEN)])
    found = write(screener, tmp_path / "lists", load, FIRST)
    assert list(found.columns) == list(COLUMNS)
    assert found.empty
    page = (tmp_path / "lists" / "list" / "supervisor.html").read_text("utf-8")
    assert '<section class="since"' not in page


def test_a_new_record_opens_a_concern_and_raises(screener: Screener, tmp_path: Path) -> None:
    old = [visit("C1", "2026-09-20"), visit("C2", "2026-09-20")]
    new = [*old, visit("C1", "2026-10-20", BEATEN)]
    children = [child("C1"), child("C2")]
    before, after = caseload(children, old), caseload(children, new)
    row = changed(screener, tmp_path / "lists", before, after)["C1"]
    assert (row["tier_before"], row["why"]) == ("routine", "new_record")
    assert row["tier"] != "routine"
    assert row["opened"]
    assert not row["closed"]
    assert row["why_en"] == "There is a new record of the child or its home."
    assert row["why_zh"] == "孩子或家庭有新的记录。"
    rules = {rule.id for rule in screener.rules.rules}
    assert not rules & set(row["opened"].split(";"))  # codes, never a sensitive rule's name
    page = (tmp_path / "lists" / "list" / "supervisor.html").read_text("utf-8")
    assert "Since the list of" in page
    assert "More urgent than before: 1 (new record 1)" in page
    own = next((tmp_path / "lists" / "list").glob("0001-*.html")).read_text("utf-8")
    assert "More urgent than before" not in own


def test_an_amended_record_is_named_as_such(screener: Screener, tmp_path: Path) -> None:
    first = visit("C1", "2026-09-20", HUNGRY + "，" + "没人管孩子")
    edit = {**first, "note": BEATEN, "recorded_at": "2026-10-12"}
    before, after = (caseload([child("C1")], rows) for rows in ([first], [first, edit]))
    assert changed(screener, tmp_path / "lists", before, after)["C1"]["why"] == "amended_record"


def test_a_decision_is_named_as_such(screener: Screener, tmp_path: Path) -> None:
    visits = [visit("C1", "2026-09-20", BEATEN)]
    raised = {
        "child_id": "C1",
        "decided_at": "2026-10-10 09:00:00",
        "decided_by": "S1",
        "decision": "close",
        "concept": "physical_abuse",
        "visit_id": "N-C1-2026-09-20",
        "reason": "x",
    }
    before = caseload([child("C1")], visits)
    after = caseload([child("C1")], visits, [raised])
    row = changed(screener, tmp_path / "lists", before, after)["C1"]
    assert row["why"] == "decision"
    assert row["closed"]


@pytest.mark.parametrize(
    ("recorded", "inputs", "why"),
    [
        ("2026-07-10", INPUTS, "window_over"),
        ("2026-07-10", {**INPUTS, "visits.csv": "other"}, "window_over"),
        (None, INPUTS, "window_over"),  # nobody says when it was entered; the table is the same
        (None, {**INPUTS, "visits.csv": "other"}, "not_known"),
        (None, {}, "not_known"),
    ],
)
def test_time_alone_is_a_reason_only_where_nothing_can_have_come_in_unseen(
    screener: Screener, tmp_path: Path, recorded: str | None, inputs: dict[str, str], why: str
) -> None:
    """An event that counted on 1 October is more than 90 days old on 1 November."""
    visits = [visit("C1", "2026-07-10", recorded_at=recorded, food_short_days_month="10")]
    load = caseload([child("C1"), child("C2")], visits)
    found = changed(screener, tmp_path / "lists", load, load, inputs=inputs)
    assert found["C1"]["closed"]
    assert found["C1"]["why"] == why
    assert found["C2"]["why"] == "older"  # never seen: due from the list's own date


def test_who_is_new_and_who_is_gone_have_a_row(screener: Screener, tmp_path: Path) -> None:
    seen = [visit("C1", "2026-09-20")]
    before = caseload([child("C1"), child("=C2", caseworker_id="W2")], seen)
    after = caseload([child("C1"), child("C3", recorded_at="2026-10-20")], seen)
    found = changed(screener, tmp_path / "lists", before, after)
    assert found["C3"]["tier_before"] == ""
    assert found["C3"]["why"] == "new_record"
    gone = found["'=C2"]  # guarded against a spreadsheet
    assert (gone["tier"], gone["caseworker_id"], gone["why"]) == ("", "W2", "not_known")


def test_other_settings_are_a_reason_and_a_list_with_quotes_is_compared_by_codes(
    screener: Screener, tmp_path: Path
) -> None:
    load = caseload([child("C1")], [visit("C1", "2026-09-20", BEATEN)])
    folder = tmp_path / "lists"
    write(screener, folder, load, SECOND, quotes=True)
    assert write(screener, folder, load, SECOND).empty
    run = json.loads((folder / "run.json").read_text())
    run["model"]["digest"] = "another"
    (folder / "run.json").write_text(json.dumps(run))
    rows = pd.read_csv(folder / "ranking.csv", dtype=str, keep_default_na=False)
    rows["tier"] = "priority"
    rows["concerns"] = "XX9"
    rows.to_csv(folder / "ranking.csv", index=False)
    found = write(screener, folder, load, SECOND)
    assert list(found["why"]) == ["settings_changed"]
    assert list(found["closed"]) == ["not_in_pack"]


def test_what_was_entered_after_the_list_was_made_on_its_own_day_is_new(
    screener: Screener, tmp_path: Path
) -> None:
    """The list of the day before it was over knew less than its date says."""
    folder = tmp_path / "lists"
    old = [visit("C1", "2026-09-20")]
    write(screener, folder, caseload([child("C1")], old), FIRST)
    run = json.loads((folder / "run.json").read_text())
    run["made_at"] = "2026-10-01T08:00:00"
    (folder / "run.json").write_text(json.dumps(run))
    late = visit("C1", "2026-10-01", BEATEN, recorded_at="2026-10-01 15:00:00")
    found = write(screener, folder, caseload([child("C1")], [*old, late]), FIRST)
    assert list(found["why"]) == ["new_record"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "ranking.csv").write_text("a,b\n1,2\n"),
        lambda folder: (folder / "ranking.csv").write_bytes(b"\xff\xfe\x00"),
        lambda folder: (folder / "run.json").write_text('{"carescreen-run/": 1}'),
        lambda folder: (folder / "ranking.csv").unlink(),
    ],
    ids=["other columns", "no text", "no date", "gone"],
)
def test_a_list_that_cannot_be_read_is_no_history(
    screener: Screener, tmp_path: Path, spoil: Any
) -> None:
    load = caseload([child("C1")], [visit("C1", "2026-09-20", BEATEN)])
    write(screener, tmp_path / "lists", load, FIRST)
    spoil(tmp_path / "lists")
    assert write(screener, tmp_path / "lists", load, SECOND).empty


def test_a_list_of_an_earlier_day_than_the_one_before_compares_with_nothing(
    screener: Screener, tmp_path: Path
) -> None:
    load = caseload([child("C1")], [visit("C1", "2026-09-20", BEATEN)])
    write(screener, tmp_path / "lists", load, SECOND)
    assert write(screener, tmp_path / "lists", load, FIRST).empty

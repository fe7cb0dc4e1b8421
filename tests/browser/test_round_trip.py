"""From the list to the county's tables and back: what a page exports is imported and seen next time."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from carescreen.entries_import import import_entries
from tests.browser.pages import Opener, exported, fill, open_card, record
from tests.system.command import run

pytest_plugins = ("tests.browser.chromium",)

TODAY = date.today()  # what the browser's clock says is when it was decided


def records(lists: Path) -> dict[str, Any]:
    lines = (lists / "ranking.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["child_id"]: record for record in map(json.loads, lines)}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("round")
    run("synth", "--children", "200", "--villages", "3", "--seed", "7", "--out", folder / "county")
    run("rank", folder / "county", "--as-of", str(TODAY), "--quotes", "--out", folder / "lists")
    return folder


def test_what_a_page_exports_is_on_the_next_list(county: Path, visit: Opener) -> None:
    before = records(county / "lists")
    found = sorted(before.values(), key=lambda record: record["rank"])
    closed = next(r for r in found if r["tier"] == "urgent" and r["concerns"])
    listed = [r for r in found if r["tier"] == "routine" and r["within_capacity"] is not False]
    taken, raised = listed[:2]
    page = visit(county / "lists" / "list.html")
    card = open_card(page, closed["child_id"])
    card.locator('li.concern [data-do="close"]').first.click()
    fill(card, reason="visited; lives with the aunt now")
    card = open_card(page, taken["child_id"])
    card.locator('.recorder [data-do="agree"]').click()
    record(card, "visited", visited_on=str(TODAY))
    record(card, "outcome", result="not_confirmed", visited_on=str(TODAY))
    card = open_card(page, raised["child_id"])
    record(card, "raise", tier="priority", reason_code="new_information", reason="the teacher rang")
    name, whole = exported(page)
    path = county / name
    path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    report = import_entries([path], county / "county", lists=[county / "lists"])
    assert (report.added, report.rejected, report.conflicts, report.outcomes) == (5, 0, 0, 1)
    again = import_entries([path], county / "county", lists=[county / "lists"])
    assert (again.added, again.known) == (0, 5)
    tomorrow = TODAY + timedelta(days=1)
    run("rank", county / "county", "--as-of", str(tomorrow), "--quotes", "--out", county / "next")
    after = records(county / "next")
    assert after[raised["child_id"]]["tier"] == "priority"
    assert after[taken["child_id"]]["state"] == "acknowledged"
    shut = {entry["rule"] for entry in after[closed["child_id"]]["closed_concerns"]}
    assert closed["concerns"][0]["rule"] in shut

"""A list that went out as a workbook and came back, sorted, filtered and filled in by hand."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import follow_up_records as made
import pytest
from openpyxl import load_workbook

from carescreen.entries import Entry, content_id
from carescreen.entries_import import read_entries
from carescreen.errors import UsageError
from carescreen.review.info import ListInfo
from carescreen.review.texts import text
from carescreen.review.xlsx import write_xlsx
from carescreen.review.xlsx_choices import DECISIONS, choice_text

Filled = dict[str, dict[str, Any]]
WHO = {"decided_by": "W1", "decided_on": date(2026, 11, 3)}
CHILDREN = [
    made.record(child_id="C1", tier="urgent"),
    made.record(child_id="C2", tier="routine"),
    made.record(child_id="C3", tier="immediate"),
    made.record(child_id="=C4", tier="priority"),
]


class Sheet:
    """The sheet `list` of a workbook by child and by the name of a column."""

    def __init__(self, path: Path) -> None:
        self.path, self.book = path, load_workbook(path)
        self.sheet = self.book["list"]

    def place(self, name: str) -> int:
        words = text(f"sheet_{name}", "en")
        return next(c.column for c in self.sheet[1] if words in str(c.value).split("\n"))

    def fill(self, child: str, **cells: Any) -> None:
        rows = self.sheet.iter_rows(min_col=self.place("child"), max_col=self.place("child"))
        row = next(cell.row for (cell,) in rows if cell.value == child)
        for name, value in cells.items():
            self.sheet.cell(row, self.place(name)).value = value

    def read(self) -> list[Entry]:
        self.book.save(self.path)
        return read_entries(self.path)


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return sent_out(tmp_path, "en")


def sent_out(tmp_path: Path, language: str) -> Sheet:
    info = ListInfo(as_of="2026-11-01", pack="P", run_id="run-1", language=language)
    write_xlsx(CHILDREN, tmp_path / "list.xlsx", info)
    return Sheet(tmp_path / "list.xlsx")


def test_an_empty_workbook_comes_back_without_entries(sheet: Sheet) -> None:
    assert sheet.read() == []


@pytest.mark.parametrize("said_in", ["en", "zh"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("decision", [word for word in DECISIONS if word not in ("plan", "close")])
def test_each_decision_is_understood_in_both_languages(
    tmp_path: Path, language: str, said_in: str, decision: str
) -> None:
    sheet = sent_out(tmp_path, language)
    sheet.fill("C1", decision=choice_text(decision, said_in), remark="因为", **WHO)
    (entry,) = sheet.read()
    assert entry.fault == ""
    word, _, result = (
        decision.partition("_") if decision.startswith("referral") else (decision, "", "")
    )
    more = {f"result={result}"} if result else set()
    assert {name: value for name, value in entry.values.items() if value} == {
        "entry_id": content_id("run-1", "C1", decision, "2026-11-03", "W1", "因为", *more),
        "child_id": "C1",
        "decided_at": "2026-11-03 00:00:00",
        "decided_by": "W1",
        "decision": "override" if word == "raise" else word,
        "reason": "因为",
        "run_id": "run-1",
        **({"visited_on": "2026-11-03"} if word in ("visited", "could_not_see") else {}),
        **{"raise": {"tier": "immediate"}, "lower": {"tier": "priority"}}.get(word, {}),
        **({"result": result} if result else {}),
    }


def test_the_same_row_read_twice_is_the_same_entry_and_a_changed_one_another(sheet: Sheet) -> None:
    sheet.fill("C1", decision="agree", **WHO)
    first, again = sheet.read(), sheet.read()
    sheet.fill("C1", remark="said more")
    assert first[0].values == again[0].values
    assert sheet.read()[0].values["entry_id"] != first[0].values["entry_id"]


def test_rows_in_another_order_and_columns_too_say_the_same(sheet: Sheet) -> None:
    sheet.fill("C1", decision="agree", **WHO)
    sheet.fill("=C4", decision="visited", **WHO)
    before = {entry.values["child_id"]: entry.values for entry in sheet.read()}
    cells = [[cell.value for cell in row] for row in sheet.sheet.iter_rows()]
    head, body = cells[0], cells[1:][::-1]
    for number, row in enumerate([head, *body], start=1):
        for place, value in enumerate(row[::-1], start=1):
            cell = sheet.sheet.cell(number, place)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    after = {entry.values["child_id"]: entry.values for entry in sheet.read()}
    assert after == before
    assert set(after) == {"C1", "=C4"}


@pytest.mark.parametrize(
    "when", [datetime(2026, 11, 3), "2026-11-03", "2026/11/3", "2026年11月3日"]
)
def test_a_day_is_read_however_it_was_typed(sheet: Sheet, when: Any) -> None:
    sheet.fill("C1", decision="agree", decided_by="W1", decided_on=when)
    (entry,) = sheet.read()
    assert entry.values["decided_at"] == "2026-11-03 00:00:00"
    assert entry.values["entry_id"] == content_id("run-1", "C1", "agree", "2026-11-03", "W1", "")


@pytest.mark.parametrize(
    ("child", "cells", "words"),
    [
        ("C1", {"decision": "yes", **WHO}, "not a decision of the drop-down list"),
        ("C1", {"remark": "she moved", **WHO}, "a remark without a decision"),
        ("C1", {"decision": "agree", "decided_on": date(2026, 11, 3)}, "decided_by is missing"),
        ("C1", {"decision": "agree", "decided_by": "W1"}, "day of the decision is missing"),
        ("C1", {"decision": "agree", "decided_by": "W1", "decided_on": "soon"}, "not a date"),
        ("C1", {"decision": "wrong information", **WHO}, "needs a reason"),
        ("C1", {"decision": "lower", **WHO}, "needs a reason"),
        ("C3", {"decision": "raise", "remark": "x", **WHO}, "in the highest tier already"),
        ("C2", {"decision": "lower", "remark": "x", **WHO}, "in the lowest tier already"),
        ("C1", {"decision": "raise", "remark": "x", "tier": "?", **WHO}, "cannot be read"),
        ("C1", {"decision": "agree", **WHO, "key": "C2"}, "sorted in part, or typed over"),
    ],
)
def test_what_a_row_lacks_is_said(
    sheet: Sheet, child: str, cells: dict[str, Any], words: str
) -> None:
    sheet.fill(child, **cells)
    (entry,) = sheet.read()
    assert words in entry.fault
    assert entry.raw.startswith(f"{child}\n")


def test_a_tier_held_lower_at_immediate_says_so_to_the_import(sheet: Sheet) -> None:
    sheet.fill("C3", decision="lower", remark="x", **WHO)
    (entry,) = sheet.read()
    assert (entry.listed_tier, entry.values["tier"]) == ("immediate", "urgent")


def test_a_name_filled_down_a_column_alone_is_no_entry(sheet: Sheet) -> None:
    for child in ("C1", "C2", "C3"):
        sheet.fill(child, **WHO)
    assert sheet.read() == []


def test_a_workbook_of_another_kind_is_refused(sheet: Sheet) -> None:
    del sheet.book["about"]
    with pytest.raises(UsageError, match="does not name the run"):
        sheet.read()


def test_a_list_without_one_of_its_headings_is_refused(sheet: Sheet) -> None:
    sheet.sheet.cell(1, sheet.place("decided_by")).value = "?"
    with pytest.raises(UsageError, match="no column 'Decided by'"):
        sheet.read()


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(UsageError, match="Nothing was imported"):
        read_entries(path)

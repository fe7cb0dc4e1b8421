"""What one row of a returned workbook says: an entry for each thing, and each only once for good."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import follow_up_records as made
import pandas as pd
import pytest
from test_entries_workbook import WHO, Sheet

from carescreen.entries import Entry
from carescreen.entries_import import REJECTED, import_entries
from carescreen.review.info import ListInfo
from carescreen.review.xlsx import write_xlsx
from carescreen.review.xlsx_choices import OUTCOMES, REASON_CODES, choices

CHILDREN = [
    made.record(child_id="C1", tier="urgent", concerns=[made.UNATTENDED]),
    made.record(child_id="C3", tier="immediate", concerns=[made.VIOLENCE, made.UNATTENDED]),
    made.record(child_id="=C4", tier="priority"),
]
NEW = (
    *("reason_code", "close", "visited_on", "outcome", "review_on", "confirmed_by"),
    "open",
)


def sent_out(tmp_path: Path, language: str = "en") -> Sheet:
    info = ListInfo(as_of="2026-11-01", pack="P", run_id="run-1", language=language)
    write_xlsx(CHILDREN, tmp_path / "list.xlsx", info)
    return Sheet(tmp_path / "list.xlsx")


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return sent_out(tmp_path)


def told(entries: list[Entry]) -> dict[str, dict[str, str]]:
    """What entries hold beside whose they are, by decision."""
    plain = {"entry_id", "child_id", "decided_at", "decided_by", "run_id", "decision"}
    return {
        entry.values["decision"]: {
            name: value for name, value in entry.values.items() if value and name not in plain
        }
        for entry in entries
    }


def test_several_things_in_one_row_are_an_entry_each(sheet: Sheet) -> None:
    sheet.fill(
        "C3",
        decision="agree",
        remark="with her aunt now",
        visited_on=date(2026, 11, 2),
        outcome="it is so",
        review_on=date(2026, 12, 1),
        close=" g03",
        confirmed_by="S1",
        **WHO,
    )
    entries = sheet.read()
    reason = {"reason": "with her aunt now"}
    assert [entry.fault for entry in entries] == [""] * 5
    assert told(entries) == {
        "agree": reason,
        "close": {**reason, "rule": "G03", "confirmed_by": "S1"},
        "outcome": {**reason, "visited_on": "2026-11-02", "result": "confirmed"},
        "plan": {**reason, "review_on": "2026-12-01"},
        "visited": {**reason, "visited_on": "2026-11-02"},
    }
    assert len({entry.values["entry_id"] for entry in entries}) == 5


@pytest.mark.parametrize("said_in", ["en", "zh"])
@pytest.mark.parametrize("place", range(len(OUTCOMES)))
def test_an_outcome_is_understood_in_both_languages(sheet: Sheet, said_in: str, place: int) -> None:
    sheet.fill("C1", outcome=choices("outcome", said_in)[place], **WHO)
    (entry,) = sheet.read()
    assert (entry.fault, entry.values["result"]) == ("", OUTCOMES[place])


@pytest.mark.parametrize("said_in", ["en", "zh"])
@pytest.mark.parametrize("place", range(len(REASON_CODES)))
def test_a_reason_from_the_list_is_a_reason(sheet: Sheet, said_in: str, place: int) -> None:
    code = choices("reason_code", said_in)[place]
    sheet.fill("C1", decision="lower", reason_code=code, **WHO)
    (entry,) = sheet.read()
    assert entry.values["reason_code"] == REASON_CODES[place]
    wants_words = REASON_CODES[place] == "other"
    assert entry.fault == ("a decision to lower needs a reason" if wants_words else "")


@pytest.mark.parametrize("decision", ["plan", "look again on a date", "定日期再看"])
@pytest.mark.parametrize("when", [datetime(2026, 12, 1), "2026/12/1", "2026年12月1日"])
def test_a_plan_needs_only_its_day_or_says_it_with_the_decision(
    sheet: Sheet, decision: str, when: Any
) -> None:
    sheet.fill("C1", review_on=when, **WHO)
    (alone,) = sheet.read()
    assert (alone.fault, told([alone])) == ("", {"plan": {"review_on": "2026-12-01"}})
    sheet.fill("C1", decision=decision)
    (both,) = sheet.read()
    assert both.values == alone.values


@pytest.mark.parametrize("decision", [None, "visited", "已走访"])
def test_a_day_of_a_visit_is_a_visit_once(sheet: Sheet, decision: str | None) -> None:
    sheet.fill("C1", decision=decision, visited_on=date(2026, 11, 2), **WHO)
    (entry,) = sheet.read()
    assert told([entry]) == {"visited": {"visited_on": "2026-11-02"}}


def test_a_visit_on_the_day_of_the_decision_is_the_same_entry_with_its_day_and_without(
    sheet: Sheet,
) -> None:
    sheet.fill("C1", decision="visited", **WHO)
    (without,) = sheet.read()
    sheet.fill("C1", visited_on=WHO["decided_on"])
    (with_day,) = sheet.read()
    assert with_day.values == without.values


def test_an_outcome_not_seen_makes_the_day_one_on_which_the_child_was_not_seen(
    sheet: Sheet,
) -> None:
    sheet.fill("C1", outcome="child not seen", visited_on=date(2026, 11, 2), **WHO)
    assert set(told(sheet.read())) == {"outcome", "could_not_see"}


@pytest.mark.parametrize(
    ("decision", "outcome"), [("visited", "child not seen"), ("could not see", "it is so")]
)
def test_a_decision_and_an_outcome_that_contradict_are_both_set_aside(
    sheet: Sheet, decision: str, outcome: str
) -> None:
    sheet.fill("C1", decision=decision, outcome=outcome, **WHO)
    faults = [entry.fault for entry in sheet.read()]
    assert len(faults) == 2
    assert all("differ on whether the child was seen" in fault for fault in faults)


def test_more_in_a_row_leaves_what_was_taken_over_before(sheet: Sheet) -> None:
    sheet.fill("C3", decision="lower", visited_on=date(2026, 11, 2), remark="x", **WHO)
    before = {e.values["decision"]: e.values["entry_id"] for e in sheet.read()}
    sheet.fill("C3", confirmed_by="S1", outcome="could not tell", review_on=date(2026, 12, 1))
    after = {e.values["decision"]: e.values["entry_id"] for e in sheet.read()}
    assert set(after) == {"lower", "visited", "outcome", "plan"}
    assert after["visited"] == before["visited"]
    assert after["lower"] != before["lower"]  # it now names who agrees


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"decision": "close"}, "the code of the concern to close is missing"),
        ({"close": "G03"}, "a decision to close needs a reason"),
        ({"close": "G99", "remark": "x"}, "shows no open concern with the code"),
        ({"close": "+G03", "remark": "x"}, "shows no open concern with the code"),
        ({"outcome": "fine"}, "not an outcome of the drop-down list"),
        ({"visited_on": "last week"}, "the day of the visit is not a date"),
        ({"visited_on": date(2026, 11, 9)}, "visited_on lies after the day"),
        ({"review_on": "soon"}, "the day to look again is not a date"),
        ({"decision": "plan"}, "a plan says on which day"),
        ({"decision": "raise", "reason_code": "because"}, "reason_code is not one of"),
        ({"decision": "lower", "remark": "x", "confirmed_by": "w1"}, "somebody else than who"),
        ({"reason_code": "misread"}, "a remark without a decision"),
        ({"decision": "nonsense"}, "not a decision of the drop-down list"),
    ],
)
def test_what_is_incomplete_is_said_with_its_row(
    sheet: Sheet, cells: dict[str, Any], words: str
) -> None:
    sheet.fill("C1", **cells, **WHO)
    (entry,) = sheet.read()
    assert words in entry.fault
    assert entry.place == 2
    assert all(str(value)[:10] in entry.raw for value in cells.values())


def test_one_wrong_thing_in_a_row_leaves_the_others(sheet: Sheet) -> None:
    sheet.fill("C1", decision="nonsense", outcome="it is so", review_on="soon", **WHO)
    faults = {entry.values["decision"]: bool(entry.fault) for entry in sheet.read()}
    assert faults == {"": True, "outcome": False, "plan": True}


def test_what_is_wrong_with_the_row_is_wrong_with_all_of_it(sheet: Sheet) -> None:
    sheet.fill("C1", outcome="it is so", review_on=date(2026, 12, 1), key="C3", **WHO)
    assert [("sorted in part" in entry.fault) for entry in sheet.read()] == [True, True]
    sheet.fill("C1", key="C1", decided_on=None)
    assert ["day of the decision" in entry.fault for entry in sheet.read()] == [True, True]


def test_a_workbook_of_before_there_were_these_columns_reads_the_same(sheet: Sheet) -> None:
    sheet.fill("C1", decision="visited", remark="x", **WHO)
    sheet.fill("=C4", decision="raise", remark="y", **WHO)
    today = [entry.values for entry in sheet.read()]
    for name in NEW:
        sheet.sheet.delete_cols(sheet.place(name))
    assert [entry.values for entry in sheet.read()] == today


def test_the_import_takes_all_of_a_row_and_keeps_what_is_incomplete(tmp_path: Path) -> None:
    sheet = sent_out(tmp_path)
    county = tmp_path / "county"
    county.mkdir()
    pd.DataFrame(
        {"child_id": ["C1", "C3", "=C4"], "village_id": "V1", "birth_date": "2018-01-01"}
    ).to_csv(county / "children.csv", index=False)
    pd.DataFrame(columns=["visit_id", "child_id", "visit_date"]).to_csv(
        county / "visits.csv", index=False
    )
    sheet.fill("C3", decision="lower", remark="=HYPERLINK(1)", outcome="it is not so", **WHO)
    sheet.sheet.cell(3, sheet.place("remark")).data_type = "s"
    sheet.fill("=C4", visited_on=date(2026, 11, 2), decided_by="W1", decided_on=date(2026, 11, 3))
    sheet.fill("C1", review_on="soon", **WHO)
    sheet.read()
    now = datetime(2026, 11, 5)
    report = import_entries([sheet.path], county, now=now)
    assert (report.added, report.outcomes) == (2, 1)
    assert sorted(report.problems) == [
        "at immediate, to lower needs a second person (confirmed_by)",
        "the day to look again is not a date such as 2026-11-03",
    ]
    rejected = pd.read_csv(county / REJECTED, dtype=str, keep_default_na=False)
    assert sorted(rejected["row"]) == ["2", "3"]
    assert set(rejected["reason"]) == {"", "'=HYPERLINK(1)"}
    assert "review_on: soon" in "".join(rejected["raw"])
    sheet.fill("C3", confirmed_by="S1")
    sheet.read()
    again = import_entries([sheet.path], county, now=now)
    assert (again.added, again.known, again.rejected) == (1, 2, 1)

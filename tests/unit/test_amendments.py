"""A later row of a visit amends it: which rows do, what then speaks, and what an edit cannot undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.screener import Screener

Row = dict[str, Any]
BEATEN = "奶奶说孩子身上有伤，是被爸爸打的"
HUNGRY = "孩子常饿肚子"
QUIET = "家里一切正常，孩子在写作业"


def visit(recorded_at: str | None, note: str = QUIET, **cells: Any) -> Row:
    """A row of the visit N1 to C1 on 5 October."""
    row = {"visit_id": "N1", "child_id": "C1", "visit_date": "2026-10-05", "child_seen": "yes"}
    return {**row, "recorded_at": recorded_at, "note": note, **cells}


def caseload(*visits: Row, decisions: tuple[Row, ...] = ()) -> Caseload:
    children = [
        {"child_id": name, "village_id": "V1", "birth_date": "2016-03-01"} for name in ("C1", "C2")
    ]
    frames = {"visits": pd.DataFrame(visits, dtype=object)}
    if decisions:
        frames["decisions"] = pd.DataFrame(decisions, dtype=object)
    return Caseload(children=pd.DataFrame(children), **frames)


@dataclass(frozen=True)
class Case:
    """Two rows of one visit_id, and how many of them are left to speak."""

    name: str
    first: Row
    second: Row
    speak: int
    reported: int = 0


CASES = (
    Case("a later row amends", visit("2026-10-05"), visit("2026-10-09", HUNGRY), 1),
    Case("by its hour", visit("2026-10-05 09:00:00"), visit("2026-10-05 09:30:00", HUNGRY), 1),
    Case("no recorded_at", visit(None), visit(None, HUNGRY), 2, 2),
    Case("one has none", visit(None), visit("2026-10-09", HUNGRY), 2, 2),
    Case("at one time", visit("2026-10-09"), visit("2026-10-09", HUNGRY), 2, 2),
    Case("another child", visit("2026-10-05"), visit("2026-10-09", HUNGRY, child_id="C2"), 2, 2),
    Case(
        "another day",
        visit("2026-10-05"),
        visit("2026-10-09", HUNGRY, visit_date="2026-10-08"),
        2,
        2,
    ),
    Case("an exact copy", visit("2026-10-05"), visit("2026-10-05"), 1),
    Case(
        "a date put right", visit("2026-10-06", HUNGRY, visit_date="5/40"), visit("2026-10-09"), 1
    ),
    Case("a date lost", visit("2026-10-05"), visit("2026-10-09", HUNGRY, visit_date="5/40"), 2, 2),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_which_rows_of_one_visit_id_amend_another(
    screener: Screener, case: Case, turned: bool
) -> None:
    rows = (case.second, case.first) if turned else (case.first, case.second)
    checked = caseload(*rows).check(screener.rules.indicators)
    assert len(checked.visits) == case.speak
    shared = checked.rejected[checked.rejected["field"] == "visit_id"]
    assert len(shared) == case.reported
    if case.speak == 1 and case.name != "an exact copy":
        assert list(checked.visits["note"]) == [case.second["note"]]
        assert list(checked.more_visits["note"]) == [case.first["note"]]
        assert any("a later row of the same visit amends: 1." in one for one in checked.notices)


def test_a_date_put_right_needs_no_data_any_more_and_dates_the_earlier_wording(
    screener: Screener,
) -> None:
    wrong = visit("2026-10-06", BEATEN, visit_date="5/40")
    load = caseload(wrong, visit("2026-10-09"))
    before = screener.rank(load, "2026-10-08").record("C1")
    assert before["needs_data_reasons"] == ["visit_row_rejected"]
    after = screener.rank(load, "2026-10-09").record("C1")
    assert not after["needs_data"]
    assert {entry["date"] for entry in quotes(after)} == {"2026-10-05"}


def quotes(record: Row) -> list[Row]:
    return [item for found in record["concerns"] for item in found["evidence"] if "quote" in item]


def concepts(record: Row) -> set[str]:
    return {item["concept"] for item in record["mentions"] if item["held"]}


def test_an_amended_note_ranks_anew_and_the_day_before_it_did_not(screener: Screener) -> None:
    load = caseload(visit("2026-10-05", HUNGRY), visit("2026-10-20", QUIET))
    old, new = (screener.rank(load, day).record("C1") for day in ("2026-10-19", "2026-10-20"))
    assert concepts(old)
    assert not concepts(new)
    assert not quotes(new)
    turned = caseload(visit("2026-10-05", QUIET), visit("2026-10-20", BEATEN))
    old, new = (screener.rank(turned, day).record("C1") for day in ("2026-10-19", "2026-10-20"))
    assert not quotes(old)
    assert "physical_abuse" in concepts(new)
    assert not any("earlier_wording" in item for item in quotes(new))


def test_a_visit_that_was_amended_is_one_visit(screener: Screener) -> None:
    load = caseload(
        visit("2026-10-05", child_seen="no"),
        visit("2026-10-06", child_seen="no"),
        visit("2026-10-07", child_seen="yes"),
    )
    record = screener.rank(load, "2026-10-10").record("C1")
    assert record["recent_visits"] == [{"visit_id": "N1", "date": "2026-10-05", "seen": "yes"}]
    assert record["days_since_seen"] == 5


def test_what_was_written_of_abuse_stays_when_one_person_edits_it_out(screener: Screener) -> None:
    load = caseload(visit("2026-10-05", BEATEN), visit("2026-10-20", "没有挨打，" + QUIET))
    old, new = (screener.rank(load, day).record("C1") for day in ("2026-10-19", "2026-10-25"))
    assert new["tier"] == old["tier"] != "routine"
    assert new["due_on"] == old["due_on"]
    found = [item for item in quotes(new) if item["concept"] == "physical_abuse"]
    assert [item["earlier_wording"] for item in found] == [True] * len(found) != []
    assert all(item["clause"] in BEATEN and item["visit_id"] == "N1" for item in found)
    words = screener.rank(load, "2026-10-25").explain("C1", "en")
    assert "in an earlier wording (the record was amended since)" in words
    assert "修改前的记录" in screener.rank(load, "2026-10-25").explain("C1", "zh")


def misread(at: str) -> Row:
    return {
        "child_id": "C1",
        "decided_at": at,
        "decided_by": "W1",
        "decision": "close",
        "concept": "physical_abuse",
        "visit_id": "N1",
        "reason": "另一名孩子",
    }


@pytest.mark.parametrize(
    ("notes", "decided", "counts"),
    [
        ((BEATEN, QUIET), "2026-10-20 10:00:00", False),  # the edit was right: a person says so
        ((BEATEN, BEATEN + "。"), "2026-10-08 10:00:00", True),  # raised again since
        ((BEATEN, BEATEN + "。"), "2026-10-20 10:00:00", False),
        ((BEATEN, QUIET), "2026-10-08 10:00:00", False),  # closed as it was, and not raised again
    ],
    ids=["closed after the edit", "raised again", "closed since", "closed before"],
)
def test_a_misread_note_is_closed_as_it_was_known(
    screener: Screener, notes: tuple[str, str], decided: str, counts: bool
) -> None:
    load = caseload(
        visit("2026-10-05 18:00:00", notes[0]),
        visit("2026-10-09 18:00:00", notes[1]),
        decisions=(misread(decided),),
    )
    record = screener.rank(load, "2026-10-25").record("C1")
    assert ("physical_abuse" in concepts(record)) == counts


def test_of_several_earlier_wordings_the_newest_that_raises_it_counts(screener: Screener) -> None:
    load = caseload(
        visit("2026-10-05", BEATEN),
        visit("2026-10-06", BEATEN + "，手臂青紫"),
        visit("2026-10-07", QUIET),
    )
    record = screener.rank(load, "2026-10-25").record("C1")
    starts = {(item["concept"], item["start"]) for item in quotes(record)}
    assert len(starts) == len(quotes(record))
    assert all(item["earlier_wording"] for item in quotes(record))


@pytest.mark.parametrize(
    ("indicator", "value", "stays"),
    [("violence_by_caregiver", "severe", True), ("left_alone_days_week", "7", False)],
)
def test_a_grave_event_stays_and_others_follow_the_edit(
    screener: Screener, indicator: str, value: str, stays: bool
) -> None:
    known = screener.rules.indicators[indicator]
    top = known.risk_order[-1] if known.risk_order else value
    load = caseload(
        visit("2026-10-05", **{indicator: top}), visit("2026-10-20", **{indicator: None})
    )
    record = screener.rank(load, "2026-10-25").record("C1")
    read = [
        item
        for found in [*record["concerns"], *record["advice"]]
        for item in found["evidence"]
        if item.get("indicator") == indicator
    ]
    assert bool(read) == stays
    assert all(item["earlier_wording"] for item in read)


def test_what_weights_alone_find_takes_the_place_of_nothing_that_words_say() -> None:
    from carescreen.block import make_block
    from carescreen.holding import ChildMentions, HoldingTerms
    from carescreen.rules import RulePack
    from carescreen.wordings import still_said

    rules = RulePack.load("cn-rural")
    checked = caseload(visit("2026-10-05", BEATEN), visit("2026-10-09")).check(rules.indicators)
    names = ("children", "visits", "households", "outcomes", "decisions", "more_visits")
    block = make_block(**{name: checked.sheets[name] for name in names})
    terms = HoldingTerms(rules.concepts)
    number = terms.names.index("physical_abuse")

    def mentions(*found: tuple[int, int]) -> ChildMentions:
        """(wording, found_by) of mentions of abuse; wording 0 is the visit as it stands."""
        count, whole = len(found), np.zeros(len(found), dtype=np.int64)
        day = np.full(count, np.datetime64("2026-10-05"))
        return ChildMentions(
            child=whole,
            visit=np.array([wording for wording, _ in found]),
            date=day,
            known_at=day.astype("datetime64[s]"),
            concept=np.full(count, number, dtype=np.int16),
            status=np.zeros(count, dtype=np.int8),
            found_by=np.array([by for _, by in found], dtype=np.int8),
            start=whole,
            end=whole + 1,
            reached=np.zeros(count, dtype=bool),
        )

    def kept(*found: tuple[int, int]) -> list[tuple[int, int]]:
        left = still_said(block, mentions(*found), terms)
        return list(zip(left.visit.tolist(), left.found_by.tolist(), strict=True))

    words, weights = 0, 2
    assert kept((0, weights), (1, words)) == [(0, weights), (1, words)]
    assert kept((0, words), (1, words)) == [(0, words)]
    assert kept((0, words), (1, weights)) == [(0, words)]
    assert kept((1, weights)) == [(1, weights)]


def test_an_earlier_wording_that_counts_is_kept_when_old_notes_go(screener: Screener) -> None:
    from datetime import date

    from carescreen.retention import due_notes

    load = caseload(visit("2026-10-05", BEATEN), visit("2026-10-09", QUIET))
    assert due_notes(screener, load, date(2030, 1, 1)).rows == (2,)
    closed = caseload(
        visit("2026-10-05", BEATEN),
        visit("2026-10-09", QUIET),
        decisions=(misread("2026-10-20 10:00:00"),),
    )
    assert due_notes(screener, closed, date(2030, 1, 1)).rows == (2, 1)

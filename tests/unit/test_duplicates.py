"""Two rows that may be one child are a question; only a person's answer has an effect."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pandas as pd
import pytest

from carescreen import Caseload
from carescreen.decisions import fault_of
from carescreen.duplicates import MAX_ALIKE, groups_of
from carescreen.entries import FIELDS

AS_OF = "2026-11-01"
WORDS = {  # what lasts, recorded of both
    "hukou_registered": "yes",
    "father_status": "away_working",
    "mother_status": "away_working",
    "primary_caregiver_type": "grandparent",
    "boarding": "no",
}


def child(child_id: str, household: str | None = "H1", **more: Any) -> dict[str, Any]:
    return {
        "child_id": child_id,
        "village_id": "V1",
        "household_id": household,
        "birth_date": "2016-05-01",
        "sex": "female",
        **more,
    }


def said(one: str, other: str, result: str = "", at: str = "2026-10-20", **more) -> dict[str, str]:
    return {
        "child_id": one,
        "other_child_id": other,
        "decision": "same_child",
        "decided_at": at,
        "decided_by": "S1",
        "reason": "her papers",
        "result": result,
        **more,
    }


def pairs(screener, children, *decisions, as_of=AS_OF) -> list[tuple[str, ...]]:
    ranking = ranked(screener, children, *decisions, as_of=as_of)
    return [(pair.status, *pair.children, pair.why) for pair in ranking.duplicates.pairs]


def ranked(screener, children, *decisions, as_of=AS_OF):
    caseload = Caseload(
        children=pd.DataFrame(children),
        decisions=pd.DataFrame(decisions) if decisions else None,
    )
    return screener.rank(caseload, as_of)


# --- who is asked about --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "is_asked"),
    [
        ({}, True),
        ({"sex": "unknown"}, True),
        ({"sex": "male"}, False),
        ({"birth_date": "2016-05-02"}, False),
        ({"birth_date": None}, False),
        ({"household_id": "H2"}, False),
        ({"household_id": None}, False),
    ],
)
def test_two_rows_of_a_household_with_one_birth_date_and_sex(screener, other, is_asked) -> None:
    found = pairs(screener, [child("C1"), {**child("C2"), **other}])
    assert found == ([("asked", "C1", "C2", "household")] if is_asked else [])


@pytest.mark.parametrize(
    ("other", "is_asked"),
    [
        ({}, True),
        ({"boarding": "yes"}, False),
        ({"boarding": None}, False),  # too little is recorded of both
        ({"village_id": "V2"}, False),
        ({"sex": "unknown"}, False),
        ({"muac_mm": "140"}, True),  # a measurement is not who she is
    ],
)
def test_two_rows_of_a_village_that_agree_in_all_that_lasts(screener, other, is_asked) -> None:
    rows = [child("C1", "H1", **WORDS), {**child("C2", None, **WORDS), **other}]
    assert pairs(screener, rows) == ([("asked", "C1", "C2", "village")] if is_asked else [])


def test_a_birth_date_that_many_rows_share_stands_for_a_year_and_asks_nothing(screener) -> None:
    rows = [child(f"C{number}", f"H{number}", **WORDS) for number in range(MAX_ALIKE + 1)]
    assert pairs(screener, rows) == []
    assert len(pairs(screener, rows[:-1])) == MAX_ALIKE * (MAX_ALIKE - 1) // 2


def test_a_question_changes_nothing_in_the_ranking(screener) -> None:
    rows = [child("C1"), child("C2")]
    lines = ranked(screener, rows).to_frame()
    apart = ranked(screener, [rows[0], child("C2", sex="male")]).to_frame()
    columns = ["tier", "state", "within_capacity", "due_on"]
    pd.testing.assert_frame_equal(lines[columns], apart[columns])


# --- what people say -----------------------------------------------------------------------------


def test_an_answer_ends_the_question_and_the_newest_answer_counts(screener) -> None:
    rows = [child("C1"), child("C2")]
    same, twins = said("C1", "C2"), said("C2", "C1", "different", "2026-10-25")
    assert pairs(screener, rows, same) == [("same", "C1", "C2", "person")]
    assert pairs(screener, rows, twins) == []
    for answers in permutations([same, twins]):
        assert pairs(screener, rows, *answers) == []
    again = said("C1", "C2", at="2026-10-28")
    assert pairs(screener, rows, same, twins, again) == [("same", "C1", "C2", "person")]


def test_of_two_answers_at_one_second_the_one_that_tells_apart_counts(screener) -> None:
    answers = [said("C1", "C2"), said("C1", "C2", "different")]
    for order in permutations(answers):
        assert pairs(screener, [child("C1"), child("C2", "H2")], *order) == []


def test_an_answer_that_is_not_known_yet_is_none(screener) -> None:
    rows = [child("C1"), child("C2", "H2")]
    assert pairs(screener, rows, said("C1", "C2", at="2026-11-02")) == []
    assert pairs(screener, rows, said("C1", "C2", recorded_at="2026-11-02")) == []


def test_an_answer_about_a_child_that_is_not_known_is_none(screener) -> None:
    rows = [child("C1"), child("C2", recorded_at="2026-11-05")]
    assert pairs(screener, rows, said("C1", "C2"), said("C1", "C1")) == []


def test_chains_are_one_group_and_ask_nothing_within_it(screener) -> None:
    rows = [child("C1"), child("C2"), child("C3"), child("C4", "H4")]
    ranking = ranked(screener, rows, said("C1", "C2"), said("C3", "C2"))
    assert {pair.status for pair in ranking.duplicates.pairs} == {"same"}
    assert ranking.duplicates.others() == {
        "C1": ("C2", "C3"),
        "C2": ("C1", "C3"),
        "C3": ("C1", "C2"),
    }


def test_two_that_are_told_apart_and_both_one_child_with_a_third_are_shown(screener) -> None:
    rows = [child(name, f"H{name}") for name in ("C1", "C2", "C3")]
    answers = [said("C1", "C2"), said("C2", "C3"), said("C1", "C3", "different")]
    assert ("contradicts", "C1", "C3", "person") in pairs(screener, rows, *answers)


def test_both_rows_stay_and_nothing_of_either_is_lowered(screener) -> None:
    rows = [child("C1"), child("C2", "H2")]
    columns = ["child_id", "tier", "state", "due_on", "score", "within_capacity", "rank"]
    before = ranked(screener, rows).to_frame()[columns]
    after = ranked(screener, rows, said("C1", "C2")).to_frame()[columns]
    pd.testing.assert_frame_equal(before, after)


def test_groups_do_not_depend_on_the_order_of_pairs() -> None:
    links = [("B", "C"), ("D", "E"), ("A", "B"), ("E", "F"), ("C", "D")]
    for order in permutations(links):
        assert groups_of(order) == [("A", "B", "C", "D", "E", "F")]


# --- the words of a decision ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({}, ""),
        ({"result": "different"}, ""),
        ({"result": "twins"}, "result of same_child is not one of different"),
        ({"reason": ""}, "same_child needs a reason"),
        ({"other_child_id": ""}, "same_child names the other number of the child"),
        ({"other_child_id": "C1"}, "other_child_id is the child_id itself"),
        ({"decision": "moved"}, ""),
        ({"decision": "moved", "reason": ""}, "moved says where the child went"),
        ({"decision": "moved", "reason": "", "result": "returned"}, ""),
        ({"decision": "moved", "result": "different"}, "result of moved is not one of returned"),
    ],
)
def test_what_keeps_a_row_from_being_a_decision(more, fault) -> None:
    row = dict.fromkeys(FIELDS, "") | said("C1", "C2") | more
    found = fault_of(row)
    assert found.startswith(fault) if fault else found == ""

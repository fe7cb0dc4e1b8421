"""Children who moved away or came of age keep their tier; who has to act is what changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from carescreen import Caseload
from carescreen.departure import turning_18
from carescreen.review.people import lines_of

AS_OF = "2026-11-01"
GRAVE = "爸爸打了孩子，身上有淤青"
HUNGRY = {"food_short_days_month": "8"}  # a concern at priority


def child(child_id: str = "C1", birth: str | None = "2016-05-01", **more: Any) -> dict[str, Any]:
    return {"child_id": child_id, "village_id": "V1", "birth_date": birth, **more}


def decided(word: str, at: str = "2026-10-20 10:00:00", **more: str) -> dict[str, str]:
    return {
        "child_id": "C1",
        "decided_at": at,
        "decided_by": "W1",
        "decision": word,
        "reason": "to her aunt in V9",
        **more,
    }


def ranked(screener, children, *decisions, note="", visit=None, as_of=AS_OF, **more):
    visits = pd.DataFrame(
        [
            {
                "visit_id": "N1",
                "child_id": "C1",
                "visit_date": "2026-10-10",
                "child_seen": "yes",
                "note": note,
                **(visit or {}),
            }
        ]
    )
    caseload = Caseload(
        children=pd.DataFrame(children),
        visits=visits,
        decisions=pd.DataFrame(decisions) if decisions else None,
    )
    return screener.rank(caseload, as_of, capacity=5, **more)


def row(ranking, child_id: str = "C1") -> dict[str, Any]:
    return ranking.to_frame().set_index("child_id").loc[child_id].to_dict()


def priority(screener, *decisions, children=None, **more):
    return ranked(screener, children or [child()], *decisions, visit=HUNGRY, **more)


# --- moved away ----------------------------------------------------------------------------------


def test_a_move_changes_neither_tier_nor_concerns_nor_due_date_but_waits_for_a_supervisor(
    screener,
) -> None:
    before, after = row(priority(screener)), row(priority(screener, decided("moved")))
    assert before["tier"] == "priority"
    for name in ("tier", "concerns", "due_on", "score"):
        assert after[name] == before[name]
    assert (before["state"], before["waits"], before["within_capacity"]) == ("new", False, True)
    assert (after["state"], after["waits"], after["within_capacity"]) == ("moved", True, False)
    assert len(priority(screener, decided("moved")).listed()) == 1


def test_an_immediate_child_that_moved_stays_on_the_list(screener) -> None:
    found = row(ranked(screener, [child()], decided("moved"), note=GRAVE))
    assert found["tier"] == "immediate"
    assert (found["state"], found["waits"], found["within_capacity"]) == ("moved", False, True)


def test_a_routine_child_that_moved_is_still_listed_for_the_supervisor(screener) -> None:
    ranking = ranked(screener, [child()], decided("moved"))
    assert row(ranking)["tier"] == "routine"
    assert ranking.listed() == [0]


@pytest.mark.parametrize(
    ("more", "children"),
    [
        ([decided("moved", "2026-10-25", result="returned", reason="")], None),
        ([], [child(recorded_at="2026-10-21", caseworker_id="W9")]),
    ],
    ids=["returned", "entered anew"],
)
def test_a_move_ends(screener, more, children) -> None:
    found = priority(screener, decided("moved"), *more, children=children)
    assert row(found)["state"] == "new"
    assert found.record("C1")["moved_on"] is None


def test_a_row_entered_before_the_move_does_not_end_it(screener) -> None:
    found = priority(
        screener, decided("moved"), children=[child(recorded_at="2026-10-20 09:00:00")]
    )
    assert row(found)["state"] == "moved"


def test_newer_evidence_does_not_end_a_move(screener) -> None:
    found = ranked(
        screener,
        [child()],
        decided("moved", "2026-10-01"),
        visit={"visit_date": "2026-10-20", **HUNGRY},
    )
    assert (row(found)["tier"], row(found)["state"]) == ("priority", "moved")


def test_a_move_that_is_recorded_later_than_the_lists_date_is_not_known(screener) -> None:
    assert row(priority(screener, decided("moved", "2026-11-02")))["state"] == "new"
    late = decided("moved", recorded_at="2026-11-02")
    assert row(priority(screener, late))["state"] == "new"


def test_of_two_moves_the_newest_counts_and_of_two_at_one_second_the_return(screener) -> None:
    back = decided("moved", "2026-10-05", result="returned")
    assert row(priority(screener, back, decided("moved")))["state"] == "moved"
    at_once = decided("moved", result="returned")
    for pair in ([decided("moved"), at_once], [at_once, decided("moved")]):
        assert row(priority(screener, *pair))["state"] == "new"


def test_when_what_was_open_is_closed_after_the_move_the_supervisors_page_leaves_it(
    screener,
) -> None:
    rules = priority(screener).record("C1")["concerns"]
    closings = [
        decided("close", "2026-10-25", rule=entry["rule"], confirmed_by="S2") for entry in rules
    ]
    ranking = priority(screener, decided("moved"), *closings)
    found = row(ranking)
    assert (found["tier"], found["state"], found["waits"]) == ("routine", "closed", True)
    assert ranking.listed() == []
    earlier = [{**closing, "decided_at": "2026-10-15"} for closing in closings]
    assert row(priority(screener, decided("moved"), *earlier))["state"] == "moved"


def test_where_to_is_for_the_office_and_the_day_may_leave_it(screener) -> None:
    ranking = priority(screener, decided("moved"))
    assert ranking.record("C1")["moved_to"] == "to her aunt in V9"
    (public,) = ranking.public_records([0])
    assert "moved_to" not in public
    assert public["moved_on"] == "2026-10-20"
    assert "aunt" not in ranking.public_json_line(0).decode()


# --- coming of age -------------------------------------------------------------------------------

ADULT = "2008-11-01"  # turns 18 on the list's date
MINOR = "2008-11-02"


def test_at_18_a_child_keeps_its_tier_and_waits_for_a_supervisor(screener) -> None:
    young = row(priority(screener, children=[child(birth=MINOR)]))
    old = priority(screener, children=[child(birth=ADULT)])
    assert (young["tier"], young["state"], young["waits"]) == ("priority", "new", False)
    assert (row(old)["tier"], row(old)["state"], row(old)["waits"]) == (
        "priority",
        "aged_out",
        True,
    )
    assert old.listed() == [0]


def test_an_immediate_child_of_18_stays_on_the_list(screener) -> None:
    found = row(ranked(screener, [child(birth=ADULT)], note="孩子说不想活了"))
    assert found["tier"] in ("immediate", "urgent")
    assert found["within_capacity"]
    assert found["state"] == "new"


def test_an_adult_with_nothing_open_is_ranked_and_takes_no_seat(screener) -> None:
    ranking = ranked(screener, [child(birth="2001-01-01"), child("C2", "2016-01-01")])
    assert len(ranking) == 2
    assert not row(ranking)["within_capacity"]
    assert row(ranking, "C2")["within_capacity"]


def test_an_unknown_age_is_not_18(screener) -> None:
    found = priority(screener, children=[child(birth=None)])
    assert (row(found)["state"], row(found)["waits"]) == ("new", False)


def test_an_age_in_years_is_the_youngest_that_the_child_can_be(screener) -> None:
    for age, state in (("17", "new"), ("18", "aged_out")):
        told = child(birth=None, age_years=age, recorded_at="2026-10-01")
        assert row(priority(screener, children=[told]))["state"] == state


def test_while_data_needs_to_be_put_right_the_birth_date_may_be_what_is_wrong(screener) -> None:
    twice = [
        child(birth=ADULT, recorded_at="2026-09-01"),
        child(birth="2016-05-01", recorded_at="2026-08-01"),
    ]
    found = row(priority(screener, children=twice))
    assert found["needs_data"]
    assert (found["state"], found["waits"]) == ("new", False)


@pytest.mark.parametrize(
    ("birth", "turns"),
    [
        ("2008-11-01", "2026-11-01"),
        ("2008-12-05", "2026-12-05"),
        ("2009-01-30", "2027-01-30"),
        ("2009-01-31", None),  # 91 days ahead
        (None, None),
    ],
)
def test_turning_18_is_said_from_90_days_before(screener, birth, turns) -> None:
    assert ranked(screener, [child(birth=birth)]).record("C1")["turns_18_on"] == turns


def test_who_was_born_on_29_february_turns_18_on_1_march_when_completed_years_say_so(
    screener,
) -> None:
    days = turning_18(np.array(["2008-02-29", "2004-02-29", "NaT"], dtype="datetime64[D]"))
    assert days.astype(str).tolist() == ["2026-03-01", "2022-03-01", "NaT"]
    for as_of, age in (("2026-02-28", 17), ("2026-03-01", 18)):
        found = ranked(
            screener, [child(birth="2008-02-29")], visit={"visit_date": "2026-01-05"}, as_of=as_of
        )
        assert found.record("C1")["age_years"] == age


def test_a_card_says_when_a_child_turns_or_turned_18(screener) -> None:
    def said(birth: str) -> str:
        record = ranked(screener, [child(birth=birth)]).record("C1")
        return " ".join(words["en"] for words in lines_of(record, date(2026, 11, 1)))

    assert said("2008-12-05") == "Turns 18 on 5 Dec 2026: plan what follows."
    assert said("2008-10-05").startswith("Turned 18 on 5 Oct 2026: hand over")
    assert "Check the birth date" not in said("2008-10-05")
    assert "Check the birth date" in said("1919-05-01")
    assert said("2016-05-01") == ""


def test_on_a_first_run_a_move_and_coming_of_age_come_before_the_backlog(screener) -> None:
    old = {"visit_date": "2026-09-20", **HUNGRY}
    for children, decisions, state in (
        ([child()], [], "backlog"),
        ([child()], [decided("moved")], "moved"),
        ([child(birth=ADULT)], [], "aged_out"),
    ):
        found = ranked(screener, children, *decisions, visit=old, first_run=True)
        assert (row(found)["state"], row(found)["waits"]) == (state, True)


def test_one_case_alone_says_the_same(screener) -> None:
    case = {
        **child(birth=ADULT),
        "visits": [{"visit_id": "N1", "visit_date": "2026-10-10", "child_seen": "yes"}],
        "decisions": [{k: v for k, v in decided("moved").items() if k != "child_id"}],
    }
    found = screener.assess(case, AS_OF)
    assert (found.state, str(found.moved_on), found.moved_to) == (
        "moved",
        "2026-10-20",
        "to her aunt in V9",
    )
    assert str(found.turns_18_on) == "2026-11-01"

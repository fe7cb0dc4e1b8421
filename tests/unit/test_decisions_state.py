"""Decisions that are not about taking a follow-up on leave the line of a child as it was."""

from __future__ import annotations

import pandas as pd
import pytest

from carescreen import Caseload, Screener
from carescreen.fields import DECISIONS, FOLLOW_UP_DECISIONS

TOLD = [word for word in DECISIONS if word not in (*FOLLOW_UP_DECISIONS, "moved")]
AS_OF = "2026-11-01"
EARLIER = {
    "acknowledge": ({}, "acknowledged"),
    "agree": ({}, "acknowledged"),
    "plan": ({"review_on": "2026-11-20"}, "planned"),
    "override": ({"tier": "priority"}, "acknowledged"),
}


def line(screener: Screener, *rows: dict[str, str]) -> pd.DataFrame:
    children = pd.DataFrame(
        {
            "child_id": ["C1", "C2"],
            "village_id": ["V1", "V1"],
            "birth_date": ["2016-01-01", "2015-01-01"],
        }
    )
    visits = pd.DataFrame(
        {"visit_id": ["N1"], "child_id": ["C2"], "visit_date": ["2026-10-20"], "note": ["都好"]}
    )
    decisions = pd.DataFrame(
        [{"child_id": "C1", "decided_by": "W1", "reason": "x", **row} for row in rows]
    )
    caseload = Caseload(children=children, visits=visits, decisions=decisions)
    return screener.rank(caseload, as_of=AS_OF, capacity=1).to_frame()


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("earlier", EARLIER)
def test_what_is_told_later_does_not_hide_what_was_decided(screener, earlier, told) -> None:
    more, state = EARLIER[earlier]
    before = {"decided_at": "2026-10-25", "decision": earlier, **more}
    after = {
        "decided_at": "2026-10-28 09:00:00",
        "decision": told,
        "tier": "immediate",
        "review_on": "2026-12-24",
        "visited_on": "2026-10-28",
        "result": "confirmed",
    }
    alone, both = line(screener, before), line(screener, before, after)
    assert alone.set_index("child_id").loc["C1", "state"] == state
    pd.testing.assert_frame_equal(both, alone)


@pytest.mark.parametrize("told", TOLD)
def test_what_is_told_alone_leaves_a_follow_up_new(screener, told) -> None:
    row = {"decided_at": "2026-10-28", "decision": told, "tier": "immediate", "confirmed_by": "S1"}
    frame = line(screener, row).set_index("child_id")
    assert frame.loc["C1", "state"] == "new"
    assert frame.loc["C1", "tier"] == "routine"


def test_a_later_plan_still_replaces_an_earlier_acknowledgement(screener) -> None:
    rows = (
        {"decided_at": "2026-10-25", "decision": "acknowledge"},
        {"decided_at": "2026-10-26", "decision": "plan", "review_on": "2026-11-20"},
        {"decided_at": "2026-10-27", "decision": "visited", "visited_on": "2026-10-27"},
    )
    assert line(screener, *rows).set_index("child_id").loc["C1", "state"] == "planned"

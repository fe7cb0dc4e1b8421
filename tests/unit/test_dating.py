"""Since when evidence dates: a table of situations, each with the dates of the concern it raises."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from carescreen import Caseload, Screener

AS_OF = "2026-11-01"
Row = dict[str, Any]


def visit(on: str, **cells: Any) -> Row:
    return {"visit_id": f"N{on}", "child_id": "C1", "visit_date": on, **cells}


def record_of(screener: Screener, visits: list[Row], decisions: list[Row] | None = None) -> Row:
    """The record of one child of ten with these visits."""
    children = pd.DataFrame([{"child_id": "C1", "village_id": "V1", "birth_date": "2016-01-01"}])
    caseload = Caseload(
        children=children,
        visits=pd.DataFrame(visits) if visits else None,
        decisions=pd.DataFrame(decisions) if decisions else None,
    )
    return screener.rank(caseload, as_of=AS_OF).record("C1")


def dates_of(record: Row, rule: str) -> tuple[str, str]:
    concern = next(entry for entry in record["concerns"] if entry["rule"] == rule)
    return concern["first_on"], concern["last_on"]


@pytest.mark.parametrize(
    ("rule", "visits", "first", "last"),
    [
        pytest.param(
            "cn_suspected_dropout",
            [
                visit("2026-09-01", on_dropout_ledger="suspected"),
                visit("2026-10-30", on_dropout_ledger="dropout"),
            ],
            *("2026-09-01", "2026-10-30"),
            id="a state that worsens dates from when it first met the rule",
        ),
        pytest.param(
            "cn_suspected_dropout",
            [
                visit("2026-08-01", on_dropout_ledger="suspected"),
                visit("2026-09-01", on_dropout_ledger="no"),
                visit("2026-10-01", on_dropout_ledger="suspected"),
            ],
            *("2026-10-01", "2026-10-01"),
            id="a state that had ended dates from when it began again",
        ),
        pytest.param(
            "cn_suicide_risk",
            [
                visit("2025-01-01", suicide_thoughts="past"),
                visit("2026-10-31", suicide_thoughts="current"),
            ],
            *("2026-10-31", "2026-10-31"),
            id="an event dates from what met the rule, not from a milder one",
        ),
        pytest.param(
            "cn_child_not_seen",
            [
                visit("2026-09-01", child_seen="no"),
                visit("2026-09-10", child_seen="no"),
                visit("2026-10-25", child_seen="no", access_refused="yes"),
            ],
            *("2026-09-01", "2026-10-25"),
            id="either part of an 'or' is enough: the older one dates",
        ),
        pytest.param(
            "cn_family_violence",
            [visit("2026-09-01", note="爸爸用皮带打他"), visit("2026-10-01", note="又挨打了")],
            *("2026-09-01", "2026-10-01"),
            id="notes date from the oldest mention that holds",
        ),
    ],
)
def test_a_concern_dates_from_the_oldest_evidence_that_meets_its_rule(
    screener: Screener, rule: str, visits: list[Row], first: str, last: str
) -> None:
    assert dates_of(record_of(screener, visits), rule) == (first, last)


HIT = visit("2026-09-01", violence_by_caregiver="suspected", recorded_at="2026-09-01")


@pytest.mark.parametrize(
    ("later", "decided_at", "is_open"),
    [
        ({}, "2026-10-10", False),
        # Seen before the decision and entered after it: nobody could have decided on it.
        (visit("2026-10-03", recorded_at="2026-10-25"), "2026-10-10", True),
        (visit("2026-10-03", recorded_at="2026-10-03"), "2026-10-10", False),
        # On the day of the decision the hour tells, where both have one.
        (visit("2026-10-10", recorded_at="2026-10-10 17:00"), "2026-10-10 09:00", True),
        (visit("2026-10-10", recorded_at="2026-10-10 08:00"), "2026-10-10 09:00", False),
        (visit("2026-10-10", recorded_at="2026-10-10 17:00"), "2026-10-10", False),
    ],
)
def test_a_closing_covers_what_was_known_by_then(
    screener: Screener, later: Row, decided_at: str, is_open: bool
) -> None:
    visits = [HIT, {**later, "violence_by_caregiver": "confirmed"}] if later else [HIT]
    closing = {
        "child_id": "C1",
        "decided_at": decided_at,
        "decided_by": "W1",
        "decision": "close",
        "rule": "cn_family_violence",
        "confirmed_by": "S1",
        "reason": "visited",
    }
    record = record_of(screener, visits, [closing])
    assert (record["tier"] == "immediate") is is_open
    if is_open:  # what was closed no longer dates
        assert dates_of(record, "cn_family_violence")[0] == later["visit_date"]


def test_an_override_is_due_from_its_day_and_outlasts_later_decisions(screener: Screener) -> None:
    base = {"child_id": "C1", "decided_by": "S1"}
    raised = {**base, "decided_at": "2026-10-20", "decision": "override", "tier": "immediate"}
    agreed = {**base, "decided_at": "2026-10-21", "decision": "agree"}
    plan = {**base, "decided_at": "2026-10-22", "decision": "plan", "review_on": "2027-01-01"}
    for decisions in ([raised], [raised, agreed], [raised, agreed, plan]):
        record = record_of(screener, [], decisions)
        assert (record["tier"], record["due_on"]) == ("immediate", "2026-10-21")
        assert record["selected_by"] == "person"
        assert record["raised_by_person"] == {"tier": "immediate", "date": "2026-10-20"}
    ended = {**base, "decided_at": "2026-10-25", "decision": "override", "tier": "routine"}
    assert record_of(screener, [], [raised, ended])["tier"] == "routine"


@pytest.mark.parametrize(
    ("closing", "is_open"),
    [
        ({}, True),  # "resolved", by one person: not enough for what could reach immediate
        ({"confirmed_by": "s1"}, True),  # the same person in other letters
        ({"confirmed_by": "S2"}, False),
        ({"visit_id": "N2026-10-20"}, False),  # "misread": the worker may clear it
        ({"visit_id": "N2026-10-19"}, True),
    ],
)
def test_a_concept_that_reaches_immediate_is_resolved_by_two(
    screener: Screener, closing: Row, is_open: bool
) -> None:
    decision = {
        "child_id": "C1",
        "decided_at": "2026-10-21",
        "decided_by": "S1",
        "decision": "close",
        "concept": "physical_abuse",
        "reason": "x",
        **closing,
    }
    record = record_of(screener, [visit("2026-10-20", note="爸爸用皮带打他")], [decision])
    assert (record["tier"] == "immediate") is is_open

"""Law 4: unknown is not safe, and not guilty.

A missing value never makes a rule met. A rule whose outcome hangs on a missing state becomes an open
question; an event that is not recorded counts as not observed. Completing an unknown state never
turns met into not met.

As worded the last sentence needs a limit, kept here as a test: two recorded answers that end a held
mention (`answered_by`) may, together, turn a rule from met to not met. That is what they are for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import plain_ranking
from caseloads import ENUMS, Row, Tables, day, days, mentions_in, tables
from engine import by_child, met, tier
from hypothesis import assume, given
from hypothesis import strategies as st
from plain_ranking import TIERS, Facts, PlainPack

from carescreen.screener import Screener

# The answer that ends a held mention: without it the mention holds, which is not a missing value's
# doing. Its own test is below.
ANSWER = "left_alone_now"
RECORDED = sorted({*ENUMS, "last_meal_on"} - {ANSWER})
STATES = ("sex", "special_care", "home_water", "debts", "helpers", "papers")


@given(data=st.data(), as_of=days(), name=st.sampled_from(RECORDED))
def test_a_missing_value_never_makes_a_rule_met(
    screener: Screener, data: st.DataObject, as_of: date, name: str
) -> None:
    found = data.draw(tables(as_of))
    blank = data.draw(st.sampled_from([None, "", "unknown", "?"]))
    gone = found.mapped(lambda rows: [_with(row, name, blank) for row in rows])
    before = by_child(screener, found, as_of)
    for child, record in by_child(screener, gone, as_of).items():
        assert met(record) <= met(before[child])


def _with(row: Row, name: str, value: str | None) -> Row:
    return {**row, name: value} if name in row else row


@given(data=st.data(), as_of=days())
def test_a_rule_that_hangs_on_a_missing_state_becomes_an_open_question(
    screener: Screener, plain_pack: PlainPack, data: st.DataObject, as_of: date
) -> None:
    """Asked are entitlements and what would raise the tier, of fields that the tables have."""
    found = data.draw(tables(as_of, ties=False))
    found = found.changed("children", 0, **dict.fromkeys((*STATES, "last_meal_on")))
    records = by_child(screener, found, as_of)
    for child in plain_ranking.known_children(found, mentions_in, plain_pack, as_of):
        _, undecided = plain_ranking.met_rules(child, plain_pack, as_of)
        record = records[child.id]
        asked = {entry["rule"] for entry in record["open_questions"]}
        for rule in undecided:
            if "lane" in rule or TIERS.index(rule["tier"]) < tier(record):
                assert rule["id"] in asked


@given(data=st.data(), as_of=days())
def test_an_event_not_recorded_counts_as_not_observed(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """Writing down what is least concerning of every event changes no rule, tier or score."""
    quiet = {
        name: one.baseline if isinstance(one.baseline, str) else "0"
        for name, one in screener.rules.indicators.items()
        if one.unrecorded == "not_observed" and one.type != "set" and name != ANSWER
    }
    found = data.draw(tables(as_of))
    told = replace(found, visits=tuple({**quiet, **_known(row)} for row in found.visits))
    before = by_child(screener, found, as_of)
    for child, record in by_child(screener, told, as_of).items():
        for part in ("tier", "score", "state"):
            assert record[part] == before[child][part]
        assert met(record) == met(before[child])


def _known(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


@given(data=st.data(), as_of=days(), name=st.sampled_from(STATES))
def test_completing_an_unknown_state_never_turns_met_into_not_met(
    screener: Screener, plain_pack: PlainPack, data: st.DataObject, as_of: date, name: str
) -> None:
    found = data.draw(tables(as_of, ties=False))
    unknown = [
        child.id
        for child in plain_ranking.known_children(found, mentions_in, plain_pack, as_of)
        if Facts(child, plain_pack, as_of).value(name).value is None
    ]
    assume(unknown)
    child = data.draw(st.sampled_from(unknown))
    value = data.draw(st.sampled_from(ENUMS[name]))
    rows = [{**row, name: value} if row["child_id"] == child else row for row in found.children]
    before = by_child(screener, found, as_of)[child]
    after = by_child(screener, replace(found, children=tuple(rows)), as_of)[child]
    assert met(before) <= met(after)
    assert tier(after) <= tier(before)


def test_counterexample_two_answers_that_end_a_mention_may_turn_met_into_not_met(
    screener: Screener,
) -> None:
    as_of = date(2026, 3, 15)
    child: Row = {"child_id": "C1", "village_id": "V1", "birth_date": "2022-01-01"}
    visits: list[Row] = [
        {
            "visit_id": f"N{ago}",
            "child_id": "C1",
            "visit_date": day(as_of, ago),
            "child_seen": "yes",
        }
        for ago in (30, 20, 10)
    ]
    visits[0]["note"] = "常常一个人在家"
    silent = Tables((child,), tuple(visits))
    once = silent.changed("visits", 1, left_alone_now="no")
    twice = once.changed("visits", 2, left_alone_now="no")
    assert "alone_young" in met(by_child(screener, silent, as_of)["C1"])
    assert "alone_young" in met(by_child(screener, once, as_of)["C1"])
    assert "alone_young" not in met(by_child(screener, twice, as_of)["C1"])

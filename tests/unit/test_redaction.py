"""What leaves the office: no note text, and a code in place of a sensitive concern."""

from __future__ import annotations

import copy
from typing import Any

import follow_up_records as made
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.review.reading import display_code, is_hidden
from carescreen.review.reasons import neutral_line
from carescreen.review.redaction import redact

IDS = st.sampled_from(["alpha1", "beta2", "gamma3", "delta4", "epsilon5"])
FLAGS = st.sampled_from([True, False, None])


def secret_of(record: made.Record) -> set[str]:
    """Every text of a record that a redacted copy may not hold, worked out the long way."""
    secret: set[str] = set()
    for key in ("concerns", "closed_concerns", "open_questions", "entitlements", "mentions"):
        for entry in record[key]:
            for item in [entry, *entry.get("evidence", [])]:
                secret |= {item[name] for name in ("quote", "clause") if item.get(name)}
            if entry.get("sensitive") is not False:
                for item in [entry, *entry.get("evidence", [])]:
                    ids = (item.get(name) for name in ("rule", "concept", "indicator"))
                    secret |= {name for name in ids if name}
                    secret |= set((item.get("title") or {}).values())
    return secret


def leaks(record: made.Record) -> set[str]:
    left = made.strings(redact(record))
    return {word for word in secret_of(record) if any(word in text for text in left)}


def test_no_quote_and_nothing_of_a_sensitive_concern_is_left_anywhere() -> None:
    for record in made.county():
        assert leaks(record) == set()


def test_the_sample_really_has_secrets() -> None:
    secret = secret_of(made.busy_child())
    assert {"cn_dv_household", "dv_exposure", "家中有暴力", "动手打了妈妈", "一个人在家"} <= secret


def test_a_sensitive_concern_keeps_tier_code_and_a_neutral_title() -> None:
    concern = redact(made.busy_child())["concerns"][0]
    assert concern == {
        "tier": "immediate",
        "note_alone": True,  # with the date: which note to read today
        "first_on": "2026-10-28",
        "last_on": "2026-10-28",
        "rule": "",
        "code": "G11",
        "title": {
            "en": "A concern your supervisor will explain",
            "zh": "由督导当面说明的关注事项",
        },
        "sensitive": True,
        "evidence": [],
    }


def test_an_ordinary_concern_keeps_law_and_evidence_without_the_words_of_the_note() -> None:
    concern = redact(made.busy_child())["concerns"][1]
    assert concern["source"] == [made.LAW]
    assert [item.get("value") for item in concern["evidence"]] == ["7", "3", None]
    assert concern["evidence"][2]["status"] == "affirmed"
    assert "quote" not in concern["evidence"][2]
    assert "clause" not in concern["evidence"][2]


def test_sensitive_mentions_become_a_count() -> None:
    redacted = redact(made.busy_child())
    assert redacted["sensitive_mentions"] == 1
    assert [entry["concept"] for entry in redacted["mentions"]] == [
        "left_alone",
        "school_absence",
        "bullying",
    ]


def test_contributions_still_add_up_to_the_score() -> None:
    record = made.busy_child()
    redacted = redact(record)
    points = [entry["points"] for entry in redacted["contributions"]]
    assert points == [entry["points"] for entry in record["contributions"]]
    assert redacted["contributions"][0]["title"]["en"] == "A factor your supervisor will explain"
    assert "intimate_partner_violence" not in made.strings(redacted)


def test_a_sensitive_question_is_not_asked_in_words() -> None:
    asked = redact(made.busy_child())["open_questions"]
    assert asked[3]["question"]["en"].startswith("One matter is still open.")
    assert asked[3]["code"] == "G21"


def test_an_entry_that_does_not_say_whether_it_is_sensitive_counts_as_sensitive() -> None:
    unsaid = {key: value for key, value in made.UNATTENDED.items() if key != "sensitive"}
    redacted = redact(made.record(concerns=[unsaid]))
    assert "cn_under8_unattended" not in made.strings(redacted)


def test_a_closed_sensitive_matter_is_not_named() -> None:
    closed = {**made.CLOSED, "sensitive": True}
    redacted = redact(made.record(closed_concerns=[closed]))
    assert redacted["closed_concerns"][0]["title"]["en"].startswith("A closed matter")
    assert redacted["closed_concerns"][0]["decided_at"] == "2026-06-30"


def test_what_a_sensitive_concern_rests_on_is_hidden_under_an_ordinary_one_too() -> None:
    shared = {**made.UNATTENDED, "evidence": [made.ALONE, made.FIGHT]}
    redacted = redact(made.record(concerns=[made.VIOLENCE, shared], mentions=[made.FIGHT]))
    assert "dv_exposure" not in made.strings(redacted)
    assert [item["concept"] for item in redacted["concerns"][1]["evidence"]] == ["left_alone"]


def test_a_field_nobody_has_allowed_stays_inside() -> None:
    redacted = redact(made.record(family_name="Wang", visits=[{"note": "secret"}]))
    assert "Wang" not in made.strings(redacted)
    assert "secret" not in made.strings(redacted)


def test_the_record_itself_is_not_changed() -> None:
    record = made.busy_child()
    before = copy.deepcopy(record)
    redact(record)
    assert record == before


def test_redacting_twice_is_redacting_once() -> None:
    for record in made.county():
        once = redact(record)
        assert redact(once) == once


def test_the_neutral_line_is_the_same_before_and_after() -> None:
    for record in made.county():
        for language in ("zh", "en"):
            assert neutral_line(redact(record), language) == neutral_line(record, language)


def test_what_redaction_hid_is_known_as_hidden() -> None:
    record, redacted = made.busy_child(), redact(made.busy_child())
    for key in ("concerns", "contributions"):
        assert not any(is_hidden(entry) for entry in record[key])
        assert is_hidden(redacted[key][0])
    assert not is_hidden(redacted["concerns"][1])


def test_a_concern_without_a_code_still_gets_a_neutral_one() -> None:
    assert display_code({"rule": "cn_dv_household"}) == "G??"


@st.composite
def entry(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    name = draw(IDS)
    made_up: dict[str, Any] = {
        kind: f"id_{name}",
        "title": {"en": f"title {name}", "zh": f"标题{name}"},
        "status": "affirmed",
        "quote": f"words of {name}",
        "clause": f"all words of {name}",
        "question": {"en": "Who cares for the child?", "zh": "谁照看孩子？"},
        "points": 0.1,
        "code": draw(st.sampled_from(["G01", "G02"])),
        "tier": "priority",
    }
    flag = draw(FLAGS)
    return made_up if flag is None else {**made_up, "sensitive": flag}


@st.composite
def concern(draw: st.DrawFn) -> dict[str, Any]:
    evidence = draw(st.lists(st.one_of(entry("concept"), entry("indicator")), max_size=3))
    return {**draw(entry("rule")), "evidence": evidence}


@st.composite
def any_record(draw: st.DrawFn) -> dict[str, Any]:
    return made.record(
        concerns=draw(st.lists(concern(), max_size=3)),
        entitlements=draw(st.lists(concern(), max_size=2)),
        closed_concerns=draw(st.lists(entry("rule"), max_size=2)),
        open_questions=draw(st.lists(entry("rule"), max_size=2)),
        contributions=draw(st.lists(entry("feature"), max_size=2)),
        mentions=draw(st.lists(entry("concept"), max_size=3)),
    )


@settings(max_examples=60, deadline=None)
@given(any_record())
def test_whatever_a_record_holds_nothing_secret_is_left(record: dict[str, Any]) -> None:
    assert leaks(record) == set()
    assert redact(redact(record)) == redact(record)

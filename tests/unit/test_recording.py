"""What can be recorded on the page: the words of the exchange format, and two-person cases."""

from __future__ import annotations

from carescreen.fields import ENTRY_FIELDS
from carescreen.pack import TIERS
from carescreen.review.recording import CHOICES, CLOSINGS, spoken_keys
from carescreen.review.texts import texts_of

DECISIONS = {
    *("acknowledge", "agree", "plan", "override", "lower", "close", "visited", "could_not_see"),
    *("outcome", "wrong_information", "referral", "correction", "conflict"),
    *("moved", "same_child"),
}


def test_every_decision_of_the_exchange_format_has_a_form_besides_her_own_concern() -> None:
    assert {choice.decision for choice in (*CHOICES, *CLOSINGS)} == DECISIONS


def test_every_field_of_a_form_is_a_field_of_an_entry() -> None:
    asked = {field.name for choice in (*CHOICES, *CLOSINGS) for field in choice.fields}
    assert asked <= set(ENTRY_FIELDS)


def test_every_choice_and_field_has_its_text() -> None:
    known = texts_of("en")
    assert [key for _, key in spoken_keys() if key not in known] == []
    labels = [field.label for choice in (*CHOICES, *CLOSINGS) for field in choice.fields]
    assert [label for label in labels if label not in known] == []


def test_raise_and_lower_need_a_reason_from_the_list_and_one_in_words() -> None:
    found = {choice.key: choice for choice in CHOICES}
    for key in ("raise", "lower"):
        needed = {field.name for field in found[key].fields if field.required}
        assert {"tier", "reason_code", "reason"} <= needed


def test_nobody_raises_above_immediate_lowers_below_routine_or_lets_urgent_wait() -> None:
    found = {choice.key: choice for choice in CHOICES}
    assert found["raise"].tiers == TIERS[1:]
    assert found["lower"].tiers == TIERS[:-1]
    assert found["plan"].tiers == ("priority", "routine")


def test_closing_and_lowering_ask_for_a_second_person() -> None:
    found = {choice.key: choice for choice in (*CHOICES, *CLOSINGS)}
    for key in ("lower", "close"):
        assert any(field.name == "confirmed_by" and field.required for field in found[key].fields)

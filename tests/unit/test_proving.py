"""Proving a pack: each property fails where it should, with the smallest child that shows it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from carescreen.authoring.findings import Failure, Proof
from carescreen.authoring.proving import prove
from carescreen.errors import PackError
from carescreen.rules import RulePack
from tests.unit.small_pack import CONCEPTS, INDICATORS, PACK, rule, write_pack

DAY = date(2026, 11, 1)
TITLE = "title: {en: A promise, zh: 承诺}"


def proofs(tmp_path: Path, *rules: str, more: str = "") -> list[Proof]:
    """The proofs of a pack of these rules, with further keys of pack.yaml."""
    folder = write_pack(tmp_path / "small", *rules, pack=PACK + more)
    return list(prove(RulePack.load(folder), DAY).proofs)


def failing(tmp_path: Path, *rules: str, more: str = "") -> tuple[str, Failure]:
    """The one property that fails, and its one failure."""
    ((title, failures),) = [
        (proof.title["en"], proof.failures)
        for proof in proofs(tmp_path, *rules, more=more)
        if proof.failures
    ]
    (failure,) = failures
    return title, failure


def stated(text: str) -> str:
    return f"properties:\n  - id: promise\n    {TITLE}\n    {text}\n"


def test_a_sound_pack_has_every_property(tmp_path: Path) -> None:
    found = proofs(
        tmp_path,
        rule("harm", "sexual_harm in ['suspected', 'confirmed']", tier="tier: immediate"),
        rule("alone", "age_years < 8 and (unattended == 'yes' or noted(left_alone))", code="X2"),
    )
    assert [proof.failures for proof in found] == [()] * 6


def test_a_rule_that_no_child_can_meet_is_named(tmp_path: Path) -> None:
    title, failure = failing(
        tmp_path, rule("young", "age_years < 5 and unattended == 'yes' and age_years >= 8")
    )
    assert title == "Every rule can be met"
    assert failure.subject == "young"
    assert "all.yaml:2" in failure.text["en"]


def test_a_rule_that_is_off_can_be_unreachable_too(tmp_path: Path) -> None:
    off = "    default: off\n    examples: [{given: {}, expect: not_met}]\n"
    title, failure = failing(
        tmp_path, rule("off", "len(hazards) >= 1 and contact_gap > 3 and contact_gap < 4", more=off)
    )
    assert (title, failure.subject) == ("Every rule can be met", "off")


@pytest.mark.parametrize("tier", ["urgent", "immediate"])
def test_a_rule_in_anothers_shadow_fails_unless_it_says_so(tmp_path: Path, tier: str) -> None:
    wide = rule("wide", "age_years < 8 and unattended == 'yes'", tier=f"tier: {tier}")
    title, failure = failing(
        tmp_path, wide, rule("narrow", "age_years < 5 and unattended == 'yes'", code="X2")
    )
    assert title.startswith("No rule stands in another's shadow")
    assert failure.subject == "narrow"
    assert "say covered_by: wide" in failure.text["en"]


def test_a_cover_that_is_named_is_remarked_on(tmp_path: Path) -> None:
    said = "    covered_by: wide\n    examples: [{given: {}, expect: not_met}]\n"
    found = proofs(
        tmp_path,
        rule("wide", "age_years < 8 and unattended == 'yes'"),
        rule("narrow", "age_years < 5 and unattended == 'yes'", code="X2", more=said),
    )
    assert not any(proof.failures for proof in found)
    assert found[1].remarks[0]["en"] == "narrow is covered by wide, as it says"


def test_a_cover_that_is_none_fails(tmp_path: Path) -> None:
    said = "    covered_by: narrow\n    examples: [{given: {}, expect: not_met}]\n"
    _, failure = failing(
        tmp_path,
        rule("wide", "age_years < 8 and unattended == 'yes'", more=said),
        rule("narrow", "age_years < 5 and sexual_harm == 'confirmed'", code="X2"),
    )
    assert failure.subject == "wide"
    assert "says covered_by: narrow, and is not" in failure.text["en"]


def test_a_lower_tier_covers_nothing(tmp_path: Path) -> None:
    found = proofs(
        tmp_path,
        rule("wide", "age_years < 8 and unattended == 'yes'", tier="tier: priority"),
        rule("narrow", "age_years < 5 and unattended == 'yes'", code="X2"),
    )
    assert not found[1].failures


def test_rules_that_cover_only_together_are_all_named(tmp_path: Path) -> None:
    _, failure = failing(
        tmp_path,
        rule("low", "contact_gap >= 1 and contact_gap < 10"),
        rule("high", "contact_gap >= 5", code="X2"),
        rule("some", "contact_gap >= 2 and age_years < 9", code="X3"),
    )
    assert failure.subject == "some"
    assert "high" in failure.text["en"]
    assert "low" in failure.text["en"]


def test_a_part_that_changes_nothing_is_remarked_on_and_does_not_fail(tmp_path: Path) -> None:
    found = proofs(tmp_path, rule("young", "age_years < 8 and age_years < 12 and nights_away >= 1"))
    assert not any(proof.failures for proof in found)
    assert [remark["en"] for remark in found[2].remarks] == [
        "young: nothing changes without: Age: under 12"
    ]


def test_a_worse_value_that_lowers_the_tier_is_shown_by_a_smallest_child(tmp_path: Path) -> None:
    title, failure = failing(
        tmp_path,
        rule("hint", "sexual_harm == 'suspected'", tier="tier: immediate"),
        rule("known", "sexual_harm == 'confirmed'", code="X2"),
    )
    assert title == "More evidence of harm never lowers the tier"
    assert failure.subject == "sexual_harm"
    found = failure.counterexample
    assert found is not None
    assert (found.tier, found.tier_after) == ("immediate", "urgent")
    assert found.given == {"sexual_harm": "suspected"}
    assert found.change == {"sexual_harm": "confirmed"}


@pytest.mark.parametrize(
    ("when", "name"),
    [
        ("nights_away in [2, 3]", "nights_away"),
        ("nights_away == 2 and age_years < 9", "nights_away"),
        ("len(hazards) == 1", "hazards"),
    ],
)
def test_numbers_and_sets_that_grow_worse_count_too(tmp_path: Path, when: str, name: str) -> None:
    title, failure = failing(tmp_path, rule("odd", when))
    assert (title, failure.subject) == ("More evidence of harm never lowers the tier", name)
    assert failure.counterexample is not None
    assert failure.counterexample.tier_after == "routine"


def test_another_rule_that_takes_over_keeps_the_property(tmp_path: Path) -> None:
    found = proofs(
        tmp_path,
        rule("some", "nights_away in [1, 2]"),
        rule("many", "nights_away > 2", code="X2"),
    )
    assert not any(proof.failures for proof in found)


def test_indicators_without_an_order_are_said_to_be_exempt(tmp_path: Path) -> None:
    found = proofs(tmp_path, rule("gap", "contact_gap > 30 and boarding == 'no'"))
    assert "boarding, contact_gap" in found[3].remarks[0]["en"]


def test_rules_that_replaced_or_ended_ones_hid_are_not_counted(tmp_path: Path) -> None:
    ended = "    in_force: [2020-01-01, 2021-01-01]\n    examples: [{given: {}, expect: not_met}]\n"
    found = proofs(
        tmp_path,
        rule("wide", "age_years < 8 and unattended == 'yes'", more=ended),
        rule("narrow", "age_years < 5 and unattended == 'yes'", code="X2"),
    )
    assert not any(proof.failures for proof in found)


# Statements


HARM = "sexual_harm in ['suspected', 'confirmed']"
HARM_RULE = rule("harm", HARM, tier="tier: immediate")


@pytest.mark.parametrize(
    "text",
    [
        f"when: {HARM}\n    reaches: immediate",
        "only: [age_years, contact_gap]\n    at_most: routine",
        f"when: {HARM}\n    at_most: immediate",
        "same_tier_whatever: [sex, boarding]",
        "worsens: {from: {sexual_harm: none}, to: {sexual_harm: confirmed}}",
        "when: age_years < 8\n    worsens: {from: {nights_away: 0}, to: {nights_away: 3}}",
    ],
)
def test_a_statement_that_is_true_holds(tmp_path: Path, text: str) -> None:
    found = proofs(tmp_path, HARM_RULE, more=stated(text))
    assert found[-1].title["en"] == "A promise"
    assert found[-1].failures == ()


@pytest.mark.parametrize(
    ("text", "given", "tiers"),
    [
        ("when: nights_away >= 3\n    reaches: urgent", {"nights_away": 3}, ("routine", None)),
        (f"when: {HARM}\n    at_most: urgent", {"sexual_harm": "suspected"}, ("immediate", None)),
        (
            "only: [age_years, sexual_harm]\n    at_most: routine",
            {"sexual_harm": "suspected"},
            ("immediate", None),
        ),
        (
            "worsens: {from: {sexual_harm: confirmed}, to: {sexual_harm: none}}",
            {"sexual_harm": "confirmed"},
            ("immediate", "routine"),
        ),
    ],
)
def test_a_statement_that_is_false_is_shown_by_a_child(
    tmp_path: Path, text: str, given: dict[str, Any], tiers: tuple[str, str | None]
) -> None:
    _, failure = failing(tmp_path, HARM_RULE, more=stated(text))
    found = failure.counterexample
    assert found is not None
    assert found.given.keys() == given.keys()
    assert (found.tier, found.tier_after) == tiers


def test_a_tier_that_hangs_on_what_should_not_matter_is_shown(tmp_path: Path) -> None:
    _, failure = failing(
        tmp_path,
        rule("girls", "sex == 'female' and nights_away >= 1"),
        more=stated("same_tier_whatever: [sex]"),
    )
    assert failure.counterexample is not None
    assert failure.counterexample.given["sex"] == "female"
    assert failure.counterexample.tier_after == "routine"


def test_a_statement_about_children_that_there_cannot_be_fails(tmp_path: Path) -> None:
    _, failure = failing(
        tmp_path,
        HARM_RULE,
        more=stated("when: age_years < 3 and age_years >= 5\n    reaches: immediate"),
    )
    assert failure.text["en"] == "no child is in this situation"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("properties: {a: 1}\n", "properties is a list"),
        ("properties: [1]\n", "wanted a mapping"),
        (f"properties:\n  - {{id: a, {TITLE}}}\n", "makes one claim of: reaches, at_most"),
        (stated("reaches: immediate\n    at_most: routine"), "makes one claim"),
        (stated("reaches: red"), "reaches is 'red'; allowed: immediate, urgent"),
        (stated("when: age_yeras < 3\n    reaches: urgent"), "unknown indicator 'age_yeras'"),
        (stated("only: [age_yeras]\n    at_most: routine"), "did you mean 'age_years'"),
        (stated("only: age_years\n    at_most: routine"), "only is a list"),
        (stated("worsens: {from: {}}"), "missing key 'to'"),
        (stated("worsens: {from: {sexx: male}, to: {}}"), "did you mean 'sex'"),
        (stated("worsens: {from: {sex: mal}, to: {}}"), "did you mean 'male'"),
        (stated("worsens: {from: {registered_on: 2026-01-01}, to: {}}"), "words or a number"),
        (stated("reches: urgent"), "unknown key 'reches'; did you mean 'reaches'?"),
        (stated("reaches: urgent") + f"  - id: promise\n    {TITLE}\n    reaches: urgent\n", "twice"),
        ("properties:\n  - {id: a, title: A, reaches: urgent}\n", "title needs both languages"),
    ],
)  # fmt: skip
def test_a_wrong_statement_is_refused_with_its_place(tmp_path: Path, more: str, says: str) -> None:
    with pytest.raises(PackError, match=r"pack\.yaml:\d+") as raised:
        proofs(tmp_path, HARM_RULE, more=more)
    assert says in str(raised.value)


# What a model of children must not forget


AGE_MONTHS = """  - id: age_months
    level: child
    type: integer
    kind: derived
    range: [0, 216]
    title: {en: Months, zh: 月龄}
  - id: visits_made
    level: service
    type: integer
    kind: derived
    range: [0, 1000]
    risk_direction: down
    title: {en: Visits, zh: 走访次数}
"""
CARER = """  - id: carer_drinks
    title: {en: Carer drinks, zh: 照料人酗酒}
    polarity: risk
    severity: high
    subject: guardian
"""


def promise(tmp_path: Path, when: str, text: str) -> tuple[Failure, ...]:
    """What breaks a promise of a pack with one rule, whose age has months too."""
    folder = write_pack(
        tmp_path / "small",
        rule("it", when),
        pack=PACK + stated(text),
        indicators=INDICATORS + AGE_MONTHS,
        concepts=CONCEPTS + CARER,
    )
    return prove(RulePack.load(folder), DAY).proofs[-1].failures


YOUNG = "age_years < 8 and unattended == 'yes'"


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (YOUNG, "only: [age_years, unattended]\n    at_most: routine"),
        (YOUNG, "only: [age_months, unattended]\n    at_most: routine"),
        (YOUNG, "same_tier_whatever: [age_years]"),
        (YOUNG, "same_tier_whatever: [age_months]"),
        (YOUNG, "worsens: {from: {age_years: 5}, to: {age_years: 9}}"),
        ("sex == 'female'", "only: [age_years]\n    same_tier_whatever: [sex]"),
        ("sex == 'female'", "when: sex == 'male'\n    same_tier_whatever: [sex]"),
        (
            "noted_visits(carer_drinks) >= 1 and unattended == 'yes'",
            "when: noted(carer_drinks) and unattended == 'yes'\n    reaches: urgent",
        ),
        (
            "visits_made == 0 and days_since(registered_on) > 7",
            "only: [registered_on]\n    at_most: routine",
        ),
        ("days_since(registered_on) < 7", "only: [registered_on]\n    at_most: routine"),
        (
            "unattended == 'yes' and age_years <= 18",
            "when: unattended == 'yes' and age_years >= 14\n    reaches: urgent",
        ),
        (
            "contact_gap > 20",
            "when: contact_gap > 20\n    worsens: {from: {contact_gap: 9}, to: {contact_gap: 30}}",
        ),
    ],
)  # fmt: skip
def test_a_promise_that_the_engine_would_break_does_not_hold(
    tmp_path: Path, when: str, text: str
) -> None:
    assert promise(tmp_path, when, text)


def test_a_child_that_is_shown_is_one_the_statement_is_about(tmp_path: Path) -> None:
    text = "when: boarding == 'yes'\n    worsens: {from: {contact_gap: 9}, to: {contact_gap: 30}}"
    (failure,) = promise(tmp_path, "contact_gap in [9, 10]", text)
    assert failure.counterexample is not None
    assert dict(failure.counterexample.given) == {"boarding": "yes", "contact_gap": 9}


@pytest.mark.parametrize("value", ["unknown", "null", "~"])
def test_a_worsening_names_what_is_recorded(tmp_path: Path, value: str) -> None:
    with pytest.raises(PackError, match="name what is recorded"):
        promise(tmp_path, YOUNG, f"worsens: {{from: {{sex: {value}}}, to: {{sex: male}}}}")


def test_a_set_in_a_worsening_may_be_written_as_one_text(tmp_path: Path) -> None:
    (failure,) = promise(
        tmp_path, "hazards_count".replace("hazards_count", "len(hazards) == 1"),
        "worsens: {from: {hazards: fire}, to: {hazards: fire;fall}}",
    )  # fmt: skip
    assert failure.counterexample is not None
    assert failure.counterexample.tier_after == "routine"


def test_a_rule_that_has_to_be_seen_to_sooner_is_in_no_shadow(tmp_path: Path) -> None:
    sooner = "    hours: 12\n    examples: [{given: {}, expect: not_met}]\n"
    found = proofs(
        tmp_path,
        rule("wide", "age_years < 8 and unattended == 'yes'"),
        rule("narrow", "age_years < 5 and unattended == 'yes'", code="X2", more=sooner),
    )
    assert not any(proof.failures for proof in found)


def test_rules_that_cover_each_other_are_refused(tmp_path: Path) -> None:
    said = "    covered_by: {}\n    examples: [{{given: {{}}, expect: not_met}}]\n"
    with pytest.raises(PackError, match="cover each other in a circle: one -> two -> one"):
        proofs(
            tmp_path,
            rule("one", YOUNG, more=said.format("two")),
            rule("two", YOUNG, code="X2", more=said.format("one")),
        )


def test_a_rule_that_nobody_can_meet_stands_in_no_shadow(tmp_path: Path) -> None:
    found = proofs(
        tmp_path,
        rule("harm", HARM, tier="tier: immediate"),
        rule("never", "age_years < 3 and age_years > 5", code="X2"),
    )
    assert [bool(proof.failures) for proof in found[:2]] == [True, False]

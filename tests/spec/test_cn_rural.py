"""The cn-rural pack: situations in sentences, worsening chains, and what only this pack settles.

`situations.yaml` is the reference; this file only runs it.
"""

from __future__ import annotations

import itertools
import re
from datetime import date
from typing import Any

import pytest

from carescreen.authoring.proving import prove
from tests.spec.packs import rises, section_of_rules_doc, table, under_test

TABLE = table("situations.yaml")
SITUATIONS = [*TABLE["reportable"], *TABLE["serious"], *TABLE["ordinary"]]
PACK = under_test("cn-rural")
NINE = [f"4({number})" for number in range(1, 10)]


# Situations


@pytest.mark.parametrize("row", SITUATIONS, ids=lambda row: row["en"])
def test_a_situation_gets_its_tier(row: dict[str, Any]) -> None:
    assert PACK.tier_of(row["given"]) == row["expect"], PACK.met_ids(row["given"])


@pytest.mark.parametrize("row", TABLE["reportable"], ids=lambda row: row["en"])
def test_a_reportable_situation_names_its_item(row: dict[str, Any]) -> None:
    assert row["mandatory"] in {rule.mandatory for rule in PACK.met(row["given"])}


def test_the_table_is_long_enough_and_in_both_languages() -> None:
    assert len(TABLE["reportable"]) + len(TABLE["serious"]) >= 30
    assert len(TABLE["ordinary"]) >= 10
    assert {row["mandatory"] for row in TABLE["reportable"]} == set(NINE)
    for row in SITUATIONS:
        assert re.search(r"[A-Za-z]{3}", row["en"])
        assert re.search(r"[一-鿿]{3}", row["zh"])


@pytest.mark.parametrize("row", TABLE["combinations"], ids=lambda row: row["item"])
def test_every_combination_of_a_reportable_situation_is_immediate(row: dict[str, Any]) -> None:
    for values in itertools.product(*row["each"].values()):
        given = dict(zip(row["each"], values, strict=True))
        assert PACK.tier_of(given) == "immediate", given


@pytest.mark.parametrize("row", TABLE["worsening"], ids=lambda row: row["what"])
def test_a_case_does_not_fall_in_tier_as_it_worsens(row: dict[str, Any]) -> None:
    assert rises(PACK.tiers_of(row)), PACK.tiers_of(row)


def test_a_parent_who_dies_does_not_end_an_entitlement() -> None:
    lost = {"mother_status": "lost_contact", "mother_status_months": 8}
    benefits = {"child_benefit_status": ["none"]}
    away = {"father_status": "lost_contact", "father_status_months": 8, **lost, **benefits}
    dead = {"father_status": "deceased", "mother_status": "deceased", **benefits}
    assert "cn_de_facto_unattended" in PACK.met_ids(away)
    assert "cn_orphan_allowance" in PACK.met_ids(dead)


def test_an_explained_injury_is_not_an_unexplained_one() -> None:
    assert "cn_unexplained_injury" not in PACK.met_ids({"injury_level": "multiple_explained"})


def test_none_beside_a_benefit_is_not_none() -> None:
    ticked = {"child_categories": ["poverty"], "child_benefit_status": ["none", "temporary_relief"]}
    assert PACK.met(ticked) == []


# Missing values


@pytest.mark.parametrize("row", TABLE["not_asked"], ids=lambda row: row["en"])
def test_a_blank_does_not_become_a_question_nobody_can_act_on(row: dict[str, Any]) -> None:
    assert not PACK.open_ids(row["given"]) & set(row["rules"])


@pytest.mark.parametrize("row", TABLE["asked"], ids=lambda row: row["en"])
def test_a_blank_in_a_lasting_state_becomes_a_question(row: dict[str, Any]) -> None:
    assert set(row["rules"]) <= PACK.open_ids(row["given"])
    assert PACK.tier_of(row["given"]) == "routine"


# Evidence that lapses by itself


MAY_LAPSE = (  # each with its reason in docs/rules.md
    {"injury_level", "bullying", "consecutive_absent_days", "unattended_at_visit"}
    | {"left_alone_days_week", "home_hazards", "nights_away_90d", "bad_behaviours"}
)  # fmt: skip


def test_evidence_of_an_immediate_or_urgent_rule_holds_until_a_person_closes_it() -> None:
    assert PACK.lapsing_evidence() == MAY_LAPSE


def test_every_concern_that_may_lapse_has_its_reason_in_the_documentation() -> None:
    section = section_of_rules_doc("What lapses by itself")
    assert {name for name in MAY_LAPSE if f"`{name}`" not in section} == set()


# What the rules carry


def test_one_matter_is_asked_in_the_same_words() -> None:
    same = (
        ("cn_under16_lives_alone", "cn_guardian_absent_or_refuses", "cn_under8_unattended"),
        ("cn_under16_lives_alone", "cn_alone_overnight", "cn_boarder_home_empty"),
        ("cn_carer_lost_capacity", "cn_entrusted_care_weak"),
        ("cn_no_parent_left", "cn_parent_died"),
        ("cn_de_facto_unattended", "cn_orphan_allowance", "cn_difficulty_not_registered"),
        ("cn_guardianship_poor", "cn_guardianship_reassess"),
        ("cn_mental_screen_red", "cn_mood_abnormal"),
        ("cn_visit_interval", "cn_returned_street_quarterly"),
    )
    for first, *others in same:
        assert all(PACK.rule(other).ask == PACK.rule(first).ask for other in others)


def test_every_rule_has_a_first_day() -> None:
    assert all(rule.in_force[0] is not None for rule in PACK.every_rule)


def test_where_a_text_says_at_once_the_rule_says_so_and_that_it_gives_no_hours() -> None:
    for rule in PACK.every_rule:
        if rule.mandatory is not None:
            assert rule.how_soon is not None, rule.id
        if rule.how_soon is not None and rule.tier == "immediate":
            assert "no number of hours" in rule.how_soon["en"]
            assert "没有规定小时数" in rule.how_soon["zh"]


def test_the_nine_situations_each_have_a_rule() -> None:
    immediate = {rule.mandatory for rule in PACK.pack.rules if rule.tier == "immediate"}
    assert set(NINE) <= immediate


def test_papers_and_benefits_have_no_tier() -> None:
    for name in ("cn_no_hukou", "cn_de_facto_unattended", "cn_disability_certificate"):
        assert PACK.rule(name).lane == "entitlement"
    for name in ("cn_entrusted_care_undocumented", "cn_economic_shock"):
        assert PACK.rule(name).lane == "entitlement"
    assert PACK.rule("cn_home_hazard").lane == "advice"


def test_what_a_file_without_quotes_names_at_immediate_is_need_and_not_blame() -> None:
    """Every other immediate rule, about harm by somebody, is a code in such a file."""
    immediate = [rule for rule in PACK.pack.rules if rule.tier == "immediate"]
    assert {rule.id for rule in immediate if not rule.sensitive} == {
        "cn_carer_lost_capacity",
        "cn_emergency_guardian_gap",
        "cn_guardian_absent_or_refuses",
        "cn_medical_emergency",
        "cn_severe_malnutrition_measured",
        "cn_under16_lives_alone",
        "cn_unseen_and_absent",
    }


# The whole pack


def test_what_is_promised_of_the_whole_pack_is_proved() -> None:
    found = prove(PACK.pack, date(2026, 11, 1))
    assert [proof.title["en"] for proof in found.proofs if proof.failures] == []
    nine = {proof.title["en"][:4] for proof in found.proofs}
    assert set(NINE) <= nine

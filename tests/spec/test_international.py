"""The international pack: situations in sentences, worsening chains, and what it settles.

`international.yaml` is the reference; this file only runs it.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from carescreen import Screener
from carescreen.authoring.proving import prove
from tests.spec.packs import rises, section_of_rules_doc, table, under_test

TABLE = table("international.yaml")
SITUATIONS = [*TABLE["serious"], *TABLE["ordinary"]]
PACK = under_test("international")


@pytest.mark.parametrize("row", SITUATIONS, ids=lambda row: row["en"])
def test_a_situation_gets_its_tier(row: dict[str, Any]) -> None:
    assert PACK.tier_of(row["given"]) == row["expect"], PACK.met_ids(row["given"])


def test_every_text_of_the_table_stands_in_both_languages() -> None:
    for row in (*SITUATIONS, *TABLE["asked"], *TABLE["not_asked"]):
        assert re.search(r"[A-Za-z]{3}", row["en"])
        assert re.search(r"[一-鿿]{3}", row["zh"])


@pytest.mark.parametrize("row", TABLE["worsening"], ids=lambda row: row["what"])
def test_a_case_does_not_fall_in_tier_as_it_worsens(row: dict[str, Any]) -> None:
    assert rises(PACK.tiers_of(row)), PACK.tiers_of(row)


@pytest.mark.parametrize("row", TABLE["not_asked"], ids=lambda row: row["en"])
def test_a_blank_does_not_become_a_question_nobody_can_act_on(row: dict[str, Any]) -> None:
    assert not PACK.open_ids(row["given"]) & set(row["rules"])


@pytest.mark.parametrize("row", TABLE["asked"], ids=lambda row: row["en"])
def test_a_blank_in_a_lasting_state_becomes_a_question(row: dict[str, Any]) -> None:
    assert set(row["rules"]) <= PACK.open_ids(row["given"])
    assert PACK.tier_of(row["given"]) == row.get("tier", "routine")


@pytest.mark.parametrize("row", SITUATIONS, ids=lambda row: row["en"])
def test_a_past_concern_a_small_age_or_a_disability_raises_nobody(row: dict[str, Any]) -> None:
    for more in ({"prior_concerns_24m": 5}, {"disability_level": "level_1"}):
        assert PACK.tier_of({**row["given"], **more}) == row["expect"]


def test_every_serious_matter_has_a_rule_that_is_on() -> None:
    """Left to a programme to switch on, they would be missing: there is no other pack beneath."""
    assert {
        "intl_sexual_harm",
        "intl_caregiver_violence",
        "intl_abandoned",
        "intl_missing_trafficked",
        "intl_used_by_others",
    } <= {rule.id for rule in PACK.pack.rules if rule.tier == "immediate"}


def test_a_bruise_is_a_reason_for_a_doctor_to_look_and_no_finding() -> None:
    rule = PACK.rule("intl_bruise_ten4")
    assert "doctor" in rule.act["en"]
    assert "医生" in rule.act["zh"]
    for texts in (rule.title, rule.ask, rule.act):
        assert not re.search(r"abus|maltreat", texts["en"], re.I)
        assert "虐待" not in texts["zh"]


def test_hours_are_settings_that_a_rule_never_sets_itself() -> None:
    hours = PACK.pack.settings.tier_hours.model_dump()
    assert all(rule.hours == hours[rule.tier] for rule in PACK.every_rule if rule.tier)


def test_one_matter_is_asked_in_the_same_words() -> None:
    same = (
        ("intl_no_care", "intl_boarder_home_empty", "intl_home_alone"),
        ("intl_no_care", "intl_inadequate_supervision"),
        ("intl_sexual_harm", "intl_child_pregnancy"),
        ("intl_suicide_imminent", "intl_suicide_recent"),
        ("intl_sam", "intl_mam"),
        ("intl_chronic_absence", "intl_absence_streak"),
        ("intl_contact_interval", "intl_case_review"),
    )
    for first, *others in same:
        assert all(PACK.rule(other).ask == PACK.rule(first).ask for other in others)


# Evidence that lapses by itself


MAY_LAPSE = (  # each with its reason in docs/rules.md
    {"injury_level", "unattended_at_visit", "left_alone_days_week", "left_with_child_days_week"}
    | {"home_hazards", "nights_away_90d", "bad_behaviours"}
)  # fmt: skip


def test_evidence_of_an_immediate_or_urgent_rule_holds_until_a_person_closes_it() -> None:
    assert PACK.lapsing_evidence() == MAY_LAPSE


def test_every_concern_that_may_lapse_has_its_reason_in_the_documentation() -> None:
    section = section_of_rules_doc("What lapses by itself")
    assert {name for name in MAY_LAPSE if f"`{name}`" not in section} == set()


# What the documentation says


def test_the_documentation_counts_the_rules_and_names_only_those_there_are() -> None:
    section = section_of_rules_doc("The pack `international`")
    on, off = len(PACK.pack.rules), len(PACK.pack.rules_off)
    assert f"{on + off} rules, {on} on and {off} off" in section
    for name in re.findall(r"`(intl_\w+)`", section):
        assert name in {rule.id for rule in PACK.every_rule} or name in LEFT_OUT
    assert set(LEFT_OUT) <= set(re.findall(r"`(intl_\w+)`", section))


LEFT_OUT = (
    "intl_first_response_levels",
    "intl_prior_concerns",
    "intl_upward_override",
    "intl_vulnerability_uplift",
)


def test_the_evidence_model_runs_on_the_pack() -> None:
    screener = Screener.load(pack="international", model="evidence")
    assert screener.features.names == Screener.load().features.names


def test_what_a_file_without_quotes_names_at_immediate_is_need_and_not_blame() -> None:
    """Every other immediate rule, about harm by somebody, is a code in such a file."""
    immediate = [rule for rule in PACK.pack.rules if rule.tier == "immediate"]
    assert {rule.id for rule in immediate if not rule.sensitive} == {
        "intl_carer_lost_capacity",
        "intl_no_care",
        "intl_sam",
    }


# The whole pack


def test_what_is_promised_of_the_whole_pack_is_proved() -> None:
    found = prove(PACK.pack, date(2026, 11, 1))
    assert [proof.title["en"] for proof in found.proofs if proof.failures] == []
    section = section_of_rules_doc("What is proved")
    assert (
        f"`international` promises {len(PACK.pack.pack.files[-1].data['properties'])} things"
        in section
    )

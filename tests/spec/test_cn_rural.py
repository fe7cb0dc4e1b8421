"""The cn-rural pack: situations in sentences, worsening chains, and what every rule must carry.

`situations.yaml` is the reference; this file only runs it.
"""

from __future__ import annotations

import itertools
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carescreen.authoring.proving import prove
from carescreen.columns import FROM_CHILDREN, Column, Noted
from carescreen.examples import example_data
from carescreen.indicators import Indicator
from carescreen.pack import TIERS
from carescreen.rulefile import Rule
from carescreen.rules import RulePack
from carescreen.syntax import NumberTest, atoms_of
from carescreen.yamlfile import read_yaml

TABLE = read_yaml(Path(__file__).parent / "situations.yaml").data
SITUATIONS = [*TABLE["reportable"], *TABLE["serious"], *TABLE["ordinary"]]
AS_OF = np.datetime64("2026-07-15", "D")
NINE = [f"4({number})" for number in range(1, 10)]


@cache
def pack() -> RulePack:
    return RulePack.load("cn-rural")


def every_rule() -> list[Rule]:
    return [*pack().rules, *pack().rules_off]


def met(given: dict[str, Any]) -> list[Rule]:
    data = example_data(given, pack().indicators, pack().concepts)
    outcomes = pack().evaluate(data)
    return [rule for rule, true in zip(outcomes.rules, outcomes.true[0], strict=True) if true]


def tier_of(given: dict[str, Any]) -> str:
    tiers = [rule.tier for rule in met(given) if rule.tier is not None]
    return min(tiers, key=TIERS.index, default="routine")


# Situations


@pytest.mark.parametrize("row", SITUATIONS, ids=lambda row: row["en"])
def test_a_situation_gets_its_tier(row: dict[str, Any]) -> None:
    assert tier_of(row["given"]) == row["expect"], [rule.id for rule in met(row["given"])]


@pytest.mark.parametrize("row", TABLE["reportable"], ids=lambda row: row["en"])
def test_a_reportable_situation_names_its_item(row: dict[str, Any]) -> None:
    assert row["mandatory"] in {rule.mandatory for rule in met(row["given"])}


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
        assert tier_of(given) == "immediate", given


@pytest.mark.parametrize("row", TABLE["worsening"], ids=lambda row: row["what"])
def test_a_case_does_not_fall_in_tier_as_it_worsens(row: dict[str, Any]) -> None:
    tiers = [TIERS.index(tier_of({**row["given"], **step})) for step in row["chain"]]
    assert tiers == sorted(tiers, reverse=True), [TIERS[tier] for tier in tiers]


def test_a_parent_who_dies_does_not_end_an_entitlement() -> None:
    lost = {"mother_status": "lost_contact", "mother_status_months": 8}
    benefits = {"child_benefit_status": ["none"]}
    away = met({"father_status": "lost_contact", "father_status_months": 8, **lost, **benefits})
    dead = met({"father_status": "deceased", "mother_status": "deceased", **benefits})
    assert "cn_de_facto_unattended" in {rule.id for rule in away}
    assert "cn_orphan_allowance" in {rule.id for rule in dead}


# Missing values


def test_a_child_of_whom_nothing_is_known_meets_no_rule() -> None:
    for month in range(1, 13):
        assert met({"month": month}) == []


def test_an_explained_injury_is_not_an_unexplained_one() -> None:
    assert "cn_unexplained_injury" not in {
        rule.id for rule in met({"injury_level": "multiple_explained"})
    }


def test_neither_sex_nor_disability_nor_poverty_changes_a_tier() -> None:
    concern = {"age_years": 15, "bullying": "serious"}
    weak = {"age_years": 15, "online_bullying": "yes"}
    for given in (concern, weak):
        plain = tier_of(given)
        for more in (
            {"sex": "female", "child_categories": ["left_behind"]},
            {"disability_level": "level_1"},
            {"income_support": "dibao"},
        ):
            assert tier_of({**given, **more}) == plain


def open_rules(given: dict[str, Any]) -> set[str]:
    outcomes = pack().evaluate(example_data(given, pack().indicators, pack().concepts))
    return {
        rule.id for rule, known in zip(outcomes.rules, outcomes.known[0], strict=True) if not known
    }


@pytest.mark.parametrize("row", TABLE["not_asked"], ids=lambda row: row["en"])
def test_a_blank_does_not_become_a_question_nobody_can_act_on(row: dict[str, Any]) -> None:
    assert not open_rules(row["given"]) & set(row["rules"])


@pytest.mark.parametrize("row", TABLE["asked"], ids=lambda row: row["en"])
def test_a_blank_in_a_lasting_state_becomes_a_question(row: dict[str, Any]) -> None:
    assert set(row["rules"]) <= open_rules(row["given"])
    assert tier_of(row["given"]) == "routine"


# Evidence that lapses by itself


MAY_LAPSE = (  # each with its reason in docs/rules.md
    {"injury_level", "bullying", "consecutive_absent_days", "unattended_at_visit"}
    | {"left_alone_days_week", "home_hazards", "nights_away_90d", "bad_behaviours"}
)  # fmt: skip


def test_evidence_of_an_immediate_or_urgent_rule_holds_until_a_person_closes_it() -> None:
    lapsing = {
        name
        for rule in every_rule()
        if rule.tier in ("immediate", "urgent")
        for name in rule.condition.indicators
        if pack().indicators[name].kind == "event" and pack().indicators[name].hold == "window"
    }
    assert lapsing == MAY_LAPSE


def test_every_concern_that_may_lapse_has_its_reason_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    section = text.split("## What lapses by itself")[1].split("\n## ")[0]
    assert {name for name in MAY_LAPSE if f"`{name}`" not in section} == set()


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
    asked = {rule.id: rule.ask for rule in every_rule()}
    for first, *others in same:
        assert all(asked[other] == asked[first] for other in others)


def test_none_beside_a_benefit_is_not_none() -> None:
    ticked = {"child_categories": ["poverty"], "child_benefit_status": ["none", "temporary_relief"]}
    assert met(ticked) == []


# What every rule carries


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: rule.id)
def test_a_rule_can_be_read_asked_traced_and_tested(rule: Rule) -> None:
    for texts in (rule.title, rule.ask, rule.act):
        assert re.search(r"[A-Za-z]{3}", texts["en"])
        assert re.search(r"[一-鿿]{2}", texts["zh"])
        assert not re.search(r"[一-鿿]", texts["en"])
    assert all(entry["law"] and entry["article"] and entry["title"] for entry in rule.source)
    assert len(rule.examples) >= 3
    assert {"met", "not_met"} <= {example.expect for example in rule.examples}
    assert all(set(example.text) == {"en", "zh"} for example in rule.examples)
    assert rule.in_force[0] is not None


def test_every_example_holds() -> None:
    assert pack().check() == []


def test_no_rule_tells_a_worker_to_examine_or_question_a_child() -> None:
    order = re.compile(r"(?<!not )\b(examine|interrogate|question|undress) (the|a) child", re.I)
    for rule in every_rule():
        for text in (*rule.ask.values(), *rule.act.values()):
            assert not order.search(text), rule.id
            assert not re.search(r"(?<!不)(?<!不得)(检查身体|盘问|讯问|查验)", text), rule.id


SUPERVISORS = (
    {"sexual_harm", "private_part_injury", "online_sexual_contact", "pregnancy_or_abortion"}
    | {"suicide_thoughts", "suicide_plan", "self_harm_or_poisoning_injury"}
)  # fmt: skip


def test_questions_on_sexual_harm_and_suicide_go_to_the_supervisor() -> None:
    for rule in every_rule():
        if rule.condition.indicators & SUPERVISORS and rule.id != _ABOUT_A_THING:
            assert "supervisor" in rule.ask["en"], rule.id
            assert "督导" in rule.ask["zh"], rule.id
            assert re.search(r"not (ask|for) the child|or asks the child", rule.ask["en"]), rule.id


_ABOUT_A_THING = "cn_pesticide_within_reach_at_risk"  # asks where the pesticide is kept


def test_no_text_names_a_colour_for_a_tier_or_promises_certainty() -> None:
    words = re.compile(r"\b(red|orange|yellow|green|100 ?%)|红色|橙色|黄色|绿色|红级", re.I)
    for rule in every_rule():
        for texts in (rule.title, rule.ask, rule.act, *[e.text for e in rule.examples]):
            assert not any(words.search(text) for text in texts.values()), rule.id


def test_a_threshold_that_no_source_gives_says_why() -> None:
    for rule in every_rule():
        assert (rule.threshold_by is None) == (rule.threshold_reason is None)


def test_where_a_text_says_at_once_the_rule_says_so_and_that_it_gives_no_hours() -> None:
    for rule in every_rule():
        if rule.mandatory is not None:
            assert rule.how_soon is not None, rule.id
        if rule.how_soon is not None:
            assert "no number of hours" in rule.how_soon["en"]
            assert "没有规定小时数" in rule.how_soon["zh"]


def test_a_number_that_a_rule_reads_by_name_is_the_programmes() -> None:
    read = {threshold.id for rule in every_rule() for threshold in rule.thresholds}
    assert read == set(pack().pack.thresholds)
    assert all(rule.threshold_by == "programme" for rule in every_rule() if rule.thresholds)


def test_the_nine_situations_each_have_a_rule() -> None:
    immediate = {rule.mandatory for rule in pack().rules if rule.tier == "immediate"}
    assert set(NINE) <= immediate


def test_papers_and_benefits_have_no_tier() -> None:
    lanes = {rule.id: rule.lane for rule in every_rule()}
    for name in ("cn_no_hukou", "cn_de_facto_unattended", "cn_disability_certificate"):
        assert lanes[name] == "entitlement"
    for name in ("cn_entrusted_care_undocumented", "cn_economic_shock"):
        assert lanes[name] == "entitlement"
    assert lanes["cn_home_hazard"] == "advice"


# Law 3 over many cases at once


def _numbers(indicator: Indicator) -> list[float]:
    """The values at which some rule changes its mind, and their neighbours, in range."""
    low, high = indicator.range or (0.0, 10.0)
    edges = {
        number + step
        for rule in every_rule()
        for atom in atoms_of(rule.condition.root)
        if isinstance(atom, NumberTest) and atom.indicator == indicator.id
        for number in atom.numbers
        for step in (-1, 0, 1)
    }
    return sorted({low, high, *(edge for edge in edges if low <= edge <= high)})


def _random_values(indicator: Indicator, n: int, random: np.random.Generator) -> np.ndarray:
    # A few recorded fields a child: with many, random values put everyone at immediate.
    missing = random.random(n) > np.resize([0.02, 0.05, 0.1, 0.2], n)
    if indicator.type == "enum":
        codes = random.integers(0, len(indicator.values), n)
        return np.where(missing, -1, codes).astype(np.int16)
    if indicator.type == "set":
        masks = random.integers(0, 1 << len(indicator.values), n)
        masks &= random.integers(0, 1 << len(indicator.values), n)
        return np.where(missing, -1, masks).astype(np.int64)
    return np.where(missing, np.nan, random.choice(_numbers(indicator), n))


class _Children:
    """Random children: a CaseData without notes."""

    def __init__(self, n: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.n, self.as_of = n, AS_OF
        self.noted: dict[str, Noted] = {}
        self.columns = {
            name: _column(indicator, _random_values(indicator, n, random))
            for name, indicator in pack().indicators.items()
            if indicator.type in ("enum", "set", "number", "integer")
        }

    def tiers(self) -> np.ndarray:
        outcomes = pack().evaluate(self)
        order = [TIERS.index(rule.tier) if rule.tier else len(TIERS) - 1 for rule in outcomes.rules]
        return np.where(outcomes.true, np.array(order), len(TIERS) - 1).min(axis=1)


def _column(indicator: Indicator, values: np.ndarray) -> Column:
    known = ~np.isnan(values) if values.dtype.kind == "f" else values >= 0
    n, never = len(values), np.full(len(values), np.datetime64("NaT", "D"))
    table = np.where(known, FROM_CHILDREN, 0).astype(np.int8)
    return Column(values, known, never, never, table, np.full(n, -1, dtype=np.int64))


def _worse(indicator: Indicator, values: np.ndarray) -> np.ndarray:
    """One step up the declared risk order, where there is one; a missing event worsens too."""
    if indicator.type == "enum":
        assert indicator.risk_order is not None
        order = [indicator.values.index(word) for word in indicator.risk_order]
        place = {code: position for position, code in enumerate(order)}
        start = 0 if indicator.unrecorded == "not_observed" else None
        steps = {code: order[min(position + 1, len(order) - 1)] for code, position in place.items()}
        steps[-1] = -1 if start is None else order[1]
        return np.array([steps[int(code)] for code in values], dtype=np.int16)
    if indicator.type == "set":
        return np.where(values < 0, -1, values | 1)
    edges = np.array(_numbers(indicator))
    up = indicator.risk_direction == "up"
    position = np.searchsorted(edges, np.where(np.isnan(values), edges[0], values))
    moved = edges[np.clip(position + (1 if up else -1), 0, len(edges) - 1)]
    return np.where(np.isnan(values), np.nan, moved)


ORDERED = sorted(
    name
    for name, indicator in pack().indicators.items()
    if indicator.is_ordered and indicator.type in ("enum", "set", "number", "integer")
)


def test_moving_any_indicator_up_its_risk_order_never_lowers_the_tier() -> None:
    children = _Children(40_000, seed=3)
    before = children.tiers()
    assert len(set(before.tolist())) == len(TIERS)
    columns = children.columns
    for name in ORDERED:
        indicator = pack().indicators[name]
        worse = _column(indicator, _worse(indicator, np.asarray(columns[name].values)))
        children.columns = {**columns, name: worse}
        fell = np.flatnonzero(children.tiers() > before)
        assert len(fell) == 0, f"{name}: {len(fell)} children fell in tier"


def test_what_a_file_without_quotes_names_at_immediate_is_need_and_not_blame() -> None:
    """Every other immediate rule, about harm by somebody, is a code in such a file."""
    named = {rule.id for rule in pack().rules if rule.tier == "immediate" and not rule.sensitive}
    assert named == {
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
    found = prove(pack(), date(2026, 11, 1))
    assert [proof.title["en"] for proof in found.proofs if proof.failures] == []
    nine = {proof.title["en"][:4] for proof in found.proofs}
    assert set(NINE) <= nine

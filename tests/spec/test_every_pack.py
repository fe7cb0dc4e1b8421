"""What the rules of every shipped pack carry, and what holds for all of them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from carescreen.pack import TIERS
from carescreen.rulefile import Rule
from tests.spec.packs import SHIPPED, PackUnderTest, under_test
from tests.spec.random_children import RandomChildren, ordered

RULES = [rule for name in SHIPPED for rule in under_test(name).every_rule]


@pytest.fixture(params=SHIPPED)
def tested(request: pytest.FixtureRequest) -> PackUnderTest:
    return under_test(request.param)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_can_be_read_asked_traced_and_tested(rule: Rule) -> None:
    for texts in (rule.title, rule.ask, rule.act):
        assert re.search(r"[A-Za-z]{3}", texts["en"])
        assert re.search(r"[一-鿿]{2}", texts["zh"])
        assert not re.search(r"[一-鿿]", texts["en"])
    assert all(entry["law"] and entry["article"] and entry["title"] for entry in rule.source)
    assert len(rule.examples) >= 3
    assert {"met", "not_met"} <= {example.expect for example in rule.examples}
    assert all(set(example.text) == {"en", "zh"} for example in rule.examples)


def test_every_example_holds(tested: PackUnderTest) -> None:
    assert tested.pack.check() == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_rule_tells_a_worker_to_examine_or_question_a_child(rule: Rule) -> None:
    order = re.compile(r"(?<!not )\b(examine|interrogate|question|undress) (the|a) child", re.I)
    for text in (*rule.ask.values(), *rule.act.values()):
        assert not order.search(text)
        assert not re.search(r"(?<!不)(?<!不得)(检查身体|盘问|讯问|查验)", text)


SUPERVISORS = (
    {"sexual_harm", "private_part_injury", "online_sexual_contact", "pregnancy_or_abortion"}
    | {"suicide_thoughts", "suicide_plan", "self_harm_or_poisoning_injury"}
)  # fmt: skip
ABOUT_A_THING = "cn_pesticide_within_reach_at_risk"  # asks where the pesticide is kept


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_questions_on_sexual_harm_and_suicide_go_to_the_supervisor(rule: Rule) -> None:
    if rule.condition.indicators & SUPERVISORS and rule.id != ABOUT_A_THING:
        assert "supervisor" in rule.ask["en"]
        assert "督导" in rule.ask["zh"]
        assert re.search(r"not (ask|for) the child|or asks the child", rule.ask["en"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_text_names_a_colour_for_a_tier_or_promises_certainty(rule: Rule) -> None:
    words = re.compile(r"\b(red|orange|yellow|green|100 ?%)|红色|橙色|黄色|绿色|红级", re.I)
    for texts in (rule.title, rule.ask, rule.act, *[e.text for e in rule.examples]):
        assert not any(words.search(text) for text in texts.values())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_threshold_that_no_source_gives_says_why(rule: Rule) -> None:
    assert (rule.threshold_by is None) == (rule.threshold_reason is None)


def test_a_number_that_a_rule_reads_by_name_is_the_programmes(tested: PackUnderTest) -> None:
    read = {threshold.id for rule in tested.every_rule for threshold in rule.thresholds}
    assert read == set(tested.pack.pack.thresholds)
    assert all(rule.threshold_by == "programme" for rule in tested.every_rule if rule.thresholds)


def test_what_a_note_alone_may_do_some_rule_that_is_on_does(tested: PackUnderTest) -> None:
    concepts = tested.pack.concepts.values()
    read = {name for rule in tested.pack.rules for name in rule.condition.concepts}
    assert {concept.id for concept in concepts if concept.note_limit} <= read


def test_a_child_of_whom_nothing_is_known_meets_no_rule(tested: PackUnderTest) -> None:
    for month in range(1, 13):
        assert tested.met({"month": month}) == []


def test_neither_sex_nor_disability_nor_poverty_changes_a_tier(tested: PackUnderTest) -> None:
    for concern in (
        {"age_years": 15, "bullying": "serious"},
        {"age_years": 15, "online_bullying": "yes"},
        {"age_years": 2, "age_months": 26, "injury_level": "single_unexplained"},
    ):
        for more in (
            {"sex": "female", "child_categories": ["left_behind"]},
            {"disability_level": "level_1"},
            {"income_support": "dibao"},
        ):
            assert tested.tier_of({**concern, **more}) == tested.tier_of(concern)


def test_moving_any_indicator_up_its_risk_order_never_lowers_the_tier(
    tested: PackUnderTest,
) -> None:
    children = RandomChildren(tested, 40_000, seed=3)
    columns, before = children.columns, children.tiers()
    assert len(set(before.tolist())) == len(TIERS)
    for name in ordered(tested):
        children.columns = columns
        children.worsen(name)
        fell = np.flatnonzero(children.tiers() > before)
        assert len(fell) == 0, f"{name}: {len(fell)} children fell in tier"

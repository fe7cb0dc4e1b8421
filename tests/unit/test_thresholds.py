"""Named thresholds: numbers that the programme answers for, changed without copying a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from carescreen.conditions import parse
from carescreen.errors import ConditionError, PackError
from carescreen.rules import RulePack
from tests.unit.small_pack import PACK, rule, write_pack

CHILD = PACK.replace("id: small", "id: child") + "extends: small\n"
BOTH = "reason: {en: Ours, zh: 自定}"
THRESHOLDS = f"thresholds: {{small_child: {{value: 6, title: {{en: Small, zh: 幼}}, {BOTH}}}}}\n"
EXAMPLES = (
    "    examples: [{given: {age_years: 5}, expect: met}, "
    "{given: {age_years: 6}, expect: not_met}, {given: {}, expect: cannot_tell}]\n"
)


def parent(tmp_path: Path, thresholds: str = THRESHOLDS, when: str = "age_years < small_child"):
    return write_pack(
        tmp_path / "small", rule("young", when, more=EXAMPLES), pack=PACK + thresholds
    )


def child(tmp_path: Path, thresholds: str) -> RulePack:
    pack = CHILD + thresholds
    folder = write_pack(tmp_path / "child", pack=pack, indicators=None, concepts=None)
    return RulePack.load(folder)


def test_a_condition_reads_a_number_by_its_name(tmp_path: Path) -> None:
    (young,) = RulePack.load(parent(tmp_path)).rules
    assert [(known.id, known.value) for known in young.thresholds] == [("small_child", 6.0)]
    assert young.thresholds[0].reason == {"en": "Ours", "zh": "自定"}
    assert young.threshold_by == "programme"
    assert young.condition.text == "age_years < small_child"
    assert young.condition.thresholds == ("small_child",)


def test_a_child_pack_changes_the_number_and_not_the_rule(tmp_path: Path) -> None:
    parent(tmp_path)
    changed = child(tmp_path, f"thresholds: {{small_child: {{value: 4, {BOTH}}}}}\n")
    (young,) = changed.rules
    assert young.thresholds[0].value == 4
    assert young.thresholds[0].title == {"en": "Small", "zh": "幼"}
    assert changed.check() == [], "examples are about the numbers of the pack that wrote them"
    assert young.as_written != young.condition


def test_a_number_that_stays_the_same_needs_no_second_condition(tmp_path: Path) -> None:
    parent(tmp_path)
    (young,) = child(tmp_path, f"thresholds: {{small_child: {{value: 6, {BOTH}}}}}\n").rules
    assert young.as_written == young.condition


@pytest.mark.parametrize(
    ("thresholds", "says"),
    [
        ("thresholds: [small_child]\n", "thresholds is a mapping"),
        ("thresholds: {small_child: 4}\n", "wanted a mapping"),
        (f"thresholds: {{smal_child: {{value: 4, {BOTH}}}}}\n", "did you mean 'small_child'"),
        ("thresholds: {small_child: {value: 4}}\n", "missing key 'reason'"),
        ("thresholds: {small_child: {value: 4, reason: ours}}\n", "reason needs both languages"),
        (f"thresholds: {{small_child: {{value: yes, {BOTH}}}}}\n", "value is a number"),
        (f"thresholds: {{small_child: {{value: true, {BOTH}}}}}\n", "value is a number"),
        (f"thresholds: {{small_child: {{valu: 4, {BOTH}}}}}\n", "did you mean 'value'"),
        (
            f"thresholds: {{age_years: {{value: 4, {BOTH}}}}}\n",
            "it means something else in a condition",
        ),
        (f"thresholds: {{Small: {{value: 4, {BOTH}}}}}\n", "small letters"),
        (f"thresholds: {{month: {{value: 4, {BOTH}}}}}\n", "something else in a condition"),
        (f"thresholds: {{small_child: {{value: 40, {BOTH}}}}}\n", "outside what 'age_years'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, thresholds: str, says: str) -> None:
    parent(tmp_path)
    with pytest.raises(PackError, match="yaml:") as raised:
        child(tmp_path, thresholds)
    assert says in str(raised.value)


def test_an_unknown_name_where_a_number_stands_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConditionError, match=r"by its name; did you mean 'small_child'\?"):
        RulePack.load(parent(tmp_path, when="age_years < smal_child"))


def test_visits_and_lists_take_names_too(tmp_path: Path) -> None:
    indicators = RulePack.load(parent(tmp_path)).indicators
    numbers = {"two": 2.0, "half": 0.5}
    visits = parse("noted_visits(x) >= two", indicators, ["x"], thresholds=numbers)
    assert visits.root.least == 2
    listed = parse("age_years in [two, 3]", indicators, thresholds=numbers)
    assert listed.root.numbers == (2.0, 3.0)
    with pytest.raises(ConditionError, match="with a whole number"):
        parse("noted_visits(x) >= half", indicators, ["x"], thresholds=numbers)


def test_a_number_that_cannot_be_is_named_where_it_was_set(tmp_path: Path) -> None:
    parent(tmp_path)
    with pytest.raises(ConditionError) as raised:
        child(tmp_path, f"thresholds: {{small_child: {{value: 40, {BOTH}}}}}\n")
    assert "threshold 'small_child' is 40, outside what 'age_years' can be" in str(raised.value)
    assert f"set in {tmp_path / 'child' / 'pack.yaml'}:" in str(raised.value)

"""Loading, checking and evaluating the rules of a pack."""

import time
from datetime import date
from pathlib import Path

import pytest

from carescreen.errors import ConditionError, PackError
from carescreen.examples import example_data
from carescreen.rules import RulePack
from tests.unit.plain_conditions import children_data
from tests.unit.small_pack import EXAMPLES, PACK, rule, write_pack

ALONE = "age_years < 8 and (unattended == 'yes' or noted(left_alone))"
ASK = "    ask: {en: Who looks after the child?, zh: 谁照看孩子?}\n"
ACT = "    act:"
HARM = "sexual_harm != 'none' or noted(sexual_abuse)"


def refusal(folder: Path) -> str:
    with pytest.raises(PackError) as caught:
        RulePack.load(folder)
    return str(caught.value)


def of_one(
    tmp_path: Path, when: str = ALONE, tier: str = "tier: urgent", more: str = ""
) -> RulePack:
    return RulePack.load(write_pack(tmp_path / "small", rule("alone", when, tier=tier, more=more)))


def test_a_rule_carries_all_that_a_reader_needs(tmp_path: Path) -> None:
    (loaded,) = of_one(tmp_path).rules
    assert (loaded.id, loaded.code, loaded.lane, loaded.tier) == ("alone", "X1", "tier", "urgent")
    assert loaded.hours == 72
    assert loaded.how_soon is None
    assert loaded.title == {"en": "A concern", "zh": "关注事项"}
    assert loaded.source == (
        {
            "law": "某法",
            "title": None,
            "number": None,
            "article": "21",
            "url": "https://example.org/law",
            "verified": True,
        },
    )
    assert loaded.in_force == (None, None)
    assert not loaded.sensitive
    assert loaded.default_on
    assert loaded.condition.indicators == {"age_years", "unattended"}
    assert loaded.place.endswith("all.yaml:2")


def test_every_optional_key_is_read(tmp_path: Path) -> None:
    more = (
        "    default: off\n    mandatory: 4(1)\n    hours: 12\n    how_soon: {en: At once, zh: 立即}\n"
        "    threshold_by: programme\n    threshold_reason: {en: Ours, zh: 自定}\n"
        "    in_force: [2021-06-01, null]\n    sensitive: true\n    covered_by: other\n" + EXAMPLES
    )
    folder = write_pack(
        tmp_path / "small",
        rule("alone", ALONE, more=more),
        rule("other", "age_years < 9", code="X2", more="    replaces: alone\n" + EXAMPLES),
    )
    pack = RulePack.load(folder)
    (off,) = pack.rules_off
    assert (off.default_on, off.mandatory, off.hours) == (False, "4(1)", 12)
    assert off.how_soon == {"en": "At once", "zh": "立即"}
    assert (off.threshold_by, off.threshold_reason) == ("programme", {"en": "Ours", "zh": "自定"})
    assert off.in_force == (date(2021, 6, 1), None)
    assert off.sensitive
    assert off.covered_by == "other"
    assert [loaded.replaces for loaded in pack.rules] == ["alone"]


@pytest.mark.parametrize("lane", ["entitlement", "advice"])
def test_a_lane_has_no_tier_and_no_hours(tmp_path: Path, lane: str) -> None:
    (loaded,) = of_one(tmp_path, tier=f"lane: {lane}").rules
    assert (loaded.lane, loaded.tier, loaded.hours) == (lane, None, None)


def test_hours_come_from_the_settings_of_the_programme(tmp_path: Path) -> None:
    pack = PACK + "settings: {tier_hours: {urgent: 48}}\n"
    folder = write_pack(tmp_path / "small", rule("alone", ALONE), pack=pack)
    assert RulePack.load(folder).rules[0].hours == 48


@pytest.mark.parametrize("when", [HARM, "sexual_harm == 'confirmed'", "noted(sexual_abuse)"])
def test_a_rule_that_reads_something_highly_sensitive_is_sensitive(
    tmp_path: Path, when: str
) -> None:
    assert of_one(tmp_path, when, tier="tier: immediate").rules[0].sensitive


def test_a_sensitive_rule_cannot_be_declared_otherwise(tmp_path: Path) -> None:
    more = "    sensitive: false\n" + EXAMPLES
    folder = write_pack(tmp_path / "small", rule("harm", HARM, tier="tier: immediate", more=more))
    assert "cannot be sensitive: false" in refusal(folder)


@pytest.mark.parametrize(
    ("change", "says", "line"),
    [
        (("tier: urgent", "tier: red"), "tier is 'red'; allowed: immediate, urgent", 5),
        (("tier: urgent", "lane: money"), "lane is 'money'; allowed: entitlement, advice", 5),
        (("tier: urgent", "tier: urgent\n    lane: advice"), "either a tier", 2),
        (("    tier: urgent\n", ""), "either a tier", 2),
        (("code: X1", "code: a much too long code"), "code is up to 8 letters", 3),
        (("code: X1", "code: 12"), "code is up to 8 letters", 3),
        (("id: alone", "id: Alone!"), "id is small letters", 2),
        (("{en: A concern, zh: 关注事项}", "{en: A concern}"), "title needs both languages", 4),
        (("{en: See the child, zh: 见到孩子}", "See the child"), "act needs both languages", 9),
        ((ASK, ""), "missing key 'ask'", 2),
        (("act:", "axt:"), "unknown key 'axt'; did you mean 'act'?", 9),
        (("verified: true", "verified: maybe"), "verified is true or false", 10),
        (("https://example.org/law", "javascript:alert(1)"), "url starts with https://", 10),
        (("law: 某法", "laws: 某法"), "unknown key 'laws'; did you mean 'law'?", 10),
        (('[{law: 某法, article: "21", url: "https://example.org/law", verified: true}]', "[]"),
         "source is a list with at least one text", 10),
        (("expect: not_met", "expect: perhaps"), "expect is 'perhaps'; allowed: met, not_met", 11),
        (("given: {}", "given: []"), "given is a mapping", 11),
        (("given: {}", "gifen: {}"), "unknown key 'gifen'; did you mean 'given'?", 11),
        (("[{given: {}, expect: not_met}]", "[]"), "examples is a list", 11),
        (("    act:", "    hours: 0\n    act:"), "hours is a whole number", 9),
        (("    act:", "    how_soon: now\n    act:"), "how_soon needs both languages", 9),
        (("    act:", "    default: no\n    act:"), "default is 'no'; allowed: on, off", 9),
        (("    act:", "    sensitive: yes\n    act:"), "sensitive is true or false", 9),
        (("    act:", "    threshold_by: programme\n    act:"), "goes with threshold_reason", 2),
        (("    act:", "    in_force: 2021\n    act:"), "in_force is [first day, last", 9),
        (("    act:", "    in_force: [2021-13-01, null]\n    act:"), "in_force is [first day", 9),
        ((ACT, "    in_force: [2022-01-01, 2021-01-01]\n" + ACT), "ends before it begins", 9),
        (("    act:", "    replaces: alone\n    act:"), "replaces names no other rule", 9),
        (("    act:", "    covered_by: olone\n    act:"), "covered_by names no other rule", 9),
        (("age_years < 8", "age_yeras < 8"), "unknown indicator 'age_yeras'; did you mean", 6),
        (("age_years < 8", "age_years < 12"), "counts under 8 only", 6),
        (("age_years < 8", "__import__('os').x < 8"), "a dot is not in the language", 6),
        (("when: >-\n      " + ALONE, "when: 3"), "when is a condition, written as text", 6),
        (("  - id: alone", "  - [alone]\n  - id: alone"), "wanted a mapping, found a list", 2),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_with_file_and_line(
    tmp_path: Path, change: tuple[str, str], says: str, line: int
) -> None:
    text = rule("alone", ALONE)
    assert change[0] in text
    message = refusal(write_pack(tmp_path / "small", text.replace(*change)))
    assert says in message
    assert f"all.yaml:{line}:" in message


def test_a_refused_condition_names_the_rule_and_the_column(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "small", rule("alone", "age_years < 8 and sex == 'femal'"))
    with pytest.raises(ConditionError) as caught:
        RulePack.load(folder)
    assert (caught.value.line, caught.value.column) == (6, 11)
    assert "rule 'alone': 'femal' is not a value of 'sex'" in str(caught.value)
    assert "(column 26 of the condition)" in str(caught.value)


def test_an_id_is_used_once_in_a_pack(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "small", rule("alone", ALONE))
    (folder / "rules" / "more.yaml").write_text("rules:" + rule("alone", ALONE), encoding="utf-8")
    message = refusal(folder)
    assert "more.yaml:2:" in message
    assert "the id is used twice; first at" in message
    assert "all.yaml:2" in message


def test_a_code_is_used_once_in_a_pack(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "small", rule("alone", ALONE), rule("other", "age_years < 9"))
    assert "rule 'other': code 'X1' is used by 'alone' too" in refusal(folder)


def test_a_condition_of_ten_megabytes_is_refused_at_once(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "small", rule("alone", "age_years < 8 or " * 600_000))
    start = time.perf_counter()
    assert "bytes; at most" in refusal(folder)
    assert time.perf_counter() - start < 5


def test_a_file_without_rules_is_an_empty_pack(tmp_path: Path) -> None:
    assert RulePack.load(write_pack(tmp_path / "small")).rules == ()


def test_a_file_of_rules_holds_nothing_else(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "small")
    (folder / "rules" / "all.yaml").write_text("rules: {a: b}", encoding="utf-8")
    assert "rules is a list" in refusal(folder)
    (folder / "rules" / "all.yaml").write_text("ruels: []", encoding="utf-8")
    assert "unknown key 'ruels'; did you mean 'rules'?" in refusal(folder)


def family(tmp_path: Path, switches: str = "", *child_rules: str) -> RulePack:
    """A parent pack of three rules, one of them off, and a child pack that extends it."""
    write_pack(
        tmp_path / "small",
        rule("alone", ALONE),
        rule("young", "age_years < 6", code="X2"),
        rule("old", "age_years >= 16", code="X3", more="    default: off\n" + EXAMPLES),
    )
    pack = PACK.replace("id: small", "id: child") + "extends: small\n" + switches
    folder = write_pack(tmp_path / "child", *child_rules, pack=pack, indicators=None, concepts=None)
    return RulePack.load(folder)


def test_a_child_pack_has_its_parents_rules(tmp_path: Path) -> None:
    pack = family(tmp_path)
    assert [loaded.id for loaded in pack.rules] == ["alone", "young"]
    assert [loaded.id for loaded in pack.rules_off] == ["old"]
    assert pack.pack.id == "child"
    assert set(pack.concepts) == {"left_alone", "sexual_abuse", "unseen_child", "school_absence"}
    assert pack.settings.capacity == 20
    assert len(pack.digest) == 64


def test_a_child_pack_replaces_a_rule_by_id_in_its_place(tmp_path: Path) -> None:
    pack = family(tmp_path, "", rule("alone", "age_years < 5", code="Y1"))
    assert [loaded.id for loaded in pack.rules] == ["alone", "young"]
    assert pack.rules[0].condition.text == "age_years < 5"
    assert "child" in pack.rules[0].place


def test_a_child_pack_switches_rules_on_and_off(tmp_path: Path) -> None:
    pack = family(tmp_path, "rules: {on: [old], off: [young]}\n")
    assert [loaded.id for loaded in pack.rules] == ["alone", "old"]
    assert [loaded.id for loaded in pack.rules_off] == ["young"]


def test_a_switch_for_a_rule_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"switches off .* not: 'yuong'; did you mean 'young'\?"):
        family(tmp_path, "rules: {off: [yuong]}\n")


def test_a_childs_code_may_not_clash_with_its_parents(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="code 'X2' is used by"):
        family(tmp_path, "", rule("new", "age_years < 5", code="X2"))


def test_only_the_rules_in_force_count(tmp_path: Path) -> None:
    until = "    in_force: [2020-01-01, 2026-10-31]\n" + EXAMPLES
    since = "    in_force: [2026-11-01, null]\n    replaces: open\n" + EXAMPLES
    folder = write_pack(
        tmp_path / "small",
        rule("past", "age_years < 8", code="X1", more=until),
        rule("new", "age_years < 9", code="X2", more=since),
        rule("open", "age_years < 7", code="X3"),
    )
    pack = RulePack.load(folder)

    def ids(day: str) -> list[str]:
        return [loaded.id for loaded in pack.rules_at(date.fromisoformat(day))]

    assert ids("2019-12-31") == ["open"]
    assert ids("2026-10-31") == ["past", "open"]
    assert ids("2026-11-01") == ["new"]  # it replaces the open one from its first day
    outcomes = pack.evaluate(example_data({"age_years": 6, "as_of": "2026-11-01"}, pack.indicators))
    assert outcomes.true.tolist() == [[False, True, False]]
    assert outcomes.known.all()
    unknown = pack.evaluate(children_data([{"as_of": "2026-11-01"}] * 9, pack.indicators))
    assert not unknown.true.any()
    assert unknown.known.tolist() == [[True, False, True]] * 9


CHILDREN = [
    {"age_years": 6, "unattended": "yes"},
    {"age_years": 6, "noted": {"left_alone": "suspected"}},
    {"age_years": 6, "unattended": "yes", "noted": {"left_alone": "affirmed"}},
    {"age_years": 6, "noted": {"left_alone": "learned"}},
    {"age_years": 12, "unattended": "yes"},
    {"unattended": "yes"},
    {},
]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_outcomes_say_met_known_and_by_a_note_alone(tmp_path: Path, one_by_one: bool) -> None:
    folder = write_pack(
        tmp_path / "small",
        rule("alone", ALONE),
        rule("abuse", "noted(sexual_abuse)", code="X2", tier="tier: immediate"),
    )
    pack = RulePack.load(folder)
    batches = [[child] for child in CHILDREN] if one_by_one else [CHILDREN]
    outcomes = [pack.evaluate(children_data(batch, pack.indicators)) for batch in batches]
    true = [met for outcome in outcomes for met in outcome.true[:, 0].tolist()]
    known = [told for outcome in outcomes for told in outcome.known[:, 0].tolist()]
    alone = [only for outcome in outcomes for only in outcome.note_alone[:, 0].tolist()]
    assert true == [True, True, True, False, False, False, False]
    assert known == [True, True, True, False, True, False, True]
    assert alone == [False, True, False, False, False, False, False]
    for outcome in outcomes:
        assert outcome.rules == pack.rules
        assert outcome.known[:, 1].all()
        assert not outcome.true[:, 1].any()


def test_a_rule_of_notes_only_is_met_by_a_note_alone(tmp_path: Path) -> None:
    pack = of_one(tmp_path, "noted(sexual_abuse)", tier="tier: immediate")
    noted = {"noted": {"sexual_abuse": "affirmed"}}
    for children in ([noted], [noted, {}]):
        outcomes = pack.evaluate(children_data(children, pack.indicators))
        assert outcomes.true[0, 0]
        assert outcomes.note_alone[0, 0]


@pytest.mark.parametrize("count", [2, 7, 8, 9, 16, 17, 33])
def test_a_caseload_of_several_blocks_comes_out_as_each_child_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    folder = write_pack(
        tmp_path / "small",
        rule("alone", ALONE),
        rule("abuse", "noted(sexual_abuse)", code="X2", tier="tier: immediate"),
        rule("home", "age_years < 8 and not boarding == 'yes'", code="X3"),
    )
    pack = RulePack.load(folder)
    monkeypatch.setattr("carescreen.truth.BLOCK", 8)
    children = (CHILDREN * 5)[:count]
    together = pack.evaluate(children_data(children, pack.indicators))
    for place, child in enumerate(children):
        one = pack.evaluate(children_data([child], pack.indicators))
        for name in ("true", "known", "note_alone"):
            found = getattr(together, name)
            assert found.shape == (count, 3)
            assert found[place].tolist() == getattr(one, name)[0].tolist()


def test_a_pack_without_children_or_rules_gives_empty_outcomes(tmp_path: Path) -> None:
    pack = of_one(tmp_path)
    data = children_data(CHILDREN, pack.indicators)
    none = type(data)(0, data.as_of, {}, {})
    assert pack.evaluate(none).true.shape == (0, 1)
    empty = RulePack(pack.pack, pack.concepts, (), ())
    assert empty.evaluate(data).true.shape == (7, 0)


GOOD = """    examples:
      - {given: {age_years: 6, unattended: yes}, expect: met, en: Six and alone, zh: 六岁独自在家}
      - {given: {age_years: 6, noted: {left_alone: affirmed}}, expect: met}
      - {given: {age_years: 12, unattended: yes}, expect: not_met}
      - {given: {unattended: yes}, expect: cannot_tell}
"""


def test_examples_that_hold_pass_the_check(tmp_path: Path) -> None:
    pack = of_one(tmp_path, more=GOOD)
    assert pack.check() == []
    assert pack.rules[0].examples[0].text == {"en": "Six and alone", "zh": "六岁独自在家"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("age_years: 12", "age_years: 7"), "example 3: wanted not_met, came met"),
        (("{unattended: yes}, expect: c", "{}, expect: c"), "wanted cannot_tell, came not_met"),
        (("age_years: 12", "age_yaers: 12"), "unknown indicator 'age_yaers'; did you mean"),
        (("age_years: 12", "age_years: -1"), "age_years takes a number from 0"),
        (("age_years: 12", "age_years: twelve"), "age_years takes a number"),
        (("12, unattended: yes", "12, unattended: often"), "takes one of yes, no, not 'often'"),
        (("left_alone:", "left_aloen:"), "unknown concept 'left_aloen'; did you mean"),
        (("affirmed", "maybe"), "noted left_alone takes one of affirmed, suspected, learned"),
        (("affirmed", "{status: affirmed, visits: -1}"), "takes a number of visits from 0"),
        (("affirmed", "{status: affirmed, times: 2}"), "noted left_alone takes one of"),
        (("{left_alone: affirmed}", "[left_alone]"), "noted takes a mapping"),
        (("age_years: 12", "month: 13"), "month is a number from 1 to 12"),
        (("age_years: 12", "as_of: soon"), "as_of takes a date such as"),
        (("age_years: 12", "registered_on: soon"), "registered_on takes a date such as"),
        (("age_years: 12", "hazards: 3"), "hazards takes a list of values"),
        (("age_years: 12", "hazards: [smoke]"), "hazards takes one of fire, fall, poison"),
        (("cannot_tell", "not_met"), "has no example that is cannot_tell"),
    ],
)  # fmt: skip
def test_an_example_that_fails_is_named_with_its_line(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    assert change[0] in GOOD
    failures = of_one(tmp_path, more=GOOD.replace(*change)).check()
    assert any(says in failure and "all.yaml:" in failure for failure in failures)


def test_the_examples_of_rules_that_are_off_are_checked_too(tmp_path: Path) -> None:
    more = "    default: off\n" + GOOD.replace("age_years: 12", "age_years: 7")
    assert any(
        "wanted not_met, came met" in failure for failure in of_one(tmp_path, more=more).check()
    )


def test_a_rule_of_recorded_events_only_needs_no_example_that_cannot_be_told(
    tmp_path: Path,
) -> None:
    more = """    examples:
      - {given: {unattended: yes}, expect: met}
      - {given: {}, expect: not_met}
"""
    assert of_one(tmp_path, "unattended == 'yes'", more=more).check() == []


def test_an_examples_values_are_read_as_a_table_would_be() -> None:
    from carescreen.indicators import load_indicators
    from carescreen.yamlfile import parse_yaml
    from tests.unit.small_pack import INDICATORS

    fields = load_indicators(parse_yaml(INDICATORS))
    given = {"hazards": "fire;poison", "sex": "unknown", "boarding": None, "scheme": "a"}
    data = example_data({**given, "nights_away": 2, "month": 7}, fields)
    assert data.columns["hazards"].values.tolist() == [5]
    assert data.columns.keys() == {"hazards", "scheme", "nights_away"}
    assert str(data.as_of) == "2026-07-01"
    assert example_data({"hazards": []}, fields).columns["hazards"].known.all()

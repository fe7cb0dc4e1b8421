"""Checking a pack: what fails it, and what is only told to its author."""

import re
import textwrap
from datetime import date
from pathlib import Path

import pytest

from carescreen.authoring.checking import Finding, Report, check_pack
from carescreen.authoring.layout import report_lines
from carescreen.rules import RulePack
from tests.unit.small_pack import PACK, rule, write_pack

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 1)
GOOD = """    examples:
      - {given: {age_years: 6, unattended: yes}, expect: met, en: Six and alone, zh: 六岁独自在家}
      - {given: {age_years: 12, unattended: yes}, expect: not_met, en: Twelve, zh: 十二岁}
      - {given: {unattended: yes}, expect: cannot_tell, en: Age not known, zh: 年龄不详}
"""
ALONE = "age_years < 8 and unattended == 'yes'"


def report_of(tmp_path: Path, *rules: str, pack: str = PACK) -> Report:
    folder = write_pack(tmp_path / "small", *rules, pack=pack)
    return check_pack(RulePack.load(folder), TODAY)


def told(report: Report, message: str) -> list[str]:
    return [finding.subject for finding in report.notices if message in finding.message]


def test_a_sound_pack_has_no_errors_and_is_counted(tmp_path: Path) -> None:
    off = "    default: off\n" + GOOD
    report = report_of(
        tmp_path,
        rule("alone", ALONE, more=GOOD),
        rule("help", ALONE, code="X2", tier="lane: advice", more=GOOD),
        rule("rest", ALONE, code="X3", tier="tier: routine", more=off),
    )
    assert report.errors == ()
    assert (report.pack, report.version, report.examples) == ("small", "0.1.0", 9)
    assert (report.on, report.off) == ({"urgent": 1, "advice": 1}, {"routine": 1})


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("age_years: 12", "age_years: 7", (13, ", example 2", "wanted not_met, came met")),
        ("age_years: 12", "age_yaers: 12", (13, ", example 2", "unknown indicator 'age_yaers'")),
        ("expect: cannot_tell", "expect: not_met", (2, "", "has no example that is cannot_tell")),
        (", zh: 十二岁", "", (13, ", example 2", "is not told in words: zh")),
        (", en: Twelve, zh: 十二岁", "", (13, ", example 2", "is not told in words: en, zh")),
        ("      - {given: {unattended: yes}, expect: cannot_tell, en: Age not known, zh: 年龄不详}\n",
         "", (2, "", "has 2 examples; at least 3 are wanted")),
    ],
)  # fmt: skip
def test_an_error_names_the_place_the_rule_and_what_is_wrong(
    tmp_path: Path, old: str, new: str, finding: tuple[int, str, str]
) -> None:
    assert old in GOOD
    line, about, message = finding
    report = report_of(tmp_path, rule("alone", ALONE, more=GOOD.replace(old, new)))
    place = f"{tmp_path / 'small' / 'rules' / 'all.yaml'}:{line}"
    found = [(each.place, each.subject) for each in report.errors if message in each.message]
    assert found == [(place, f"rule 'alone'{about}")]


def test_indicators_and_concepts_that_nothing_reads_are_told(tmp_path: Path) -> None:
    features = (
        "features:\n"
        "  - {id: boards, indicator: boarding, title: {en: Boards, zh: 寄宿}}\n"
        "  - {id: away, when: nights_away > 3, title: {en: Away, zh: 外宿}}\n"
        "  - {id: absent, when: noted(school_absence), title: {en: Absent, zh: 缺课}}\n"
    )
    report = report_of(tmp_path, rule("alone", ALONE, more=GOOD), pack=PACK + features)
    assert told(report, "indicators that no rule") == [
        "sex", "sexual_harm", "contact_gap", "hazards", "registered_on", "scheme"
    ]  # fmt: skip
    assert told(report, "concepts that") == ["left_alone", "sexual_abuse", "unseen_child"]
    at = {finding.subject: finding.place for finding in report.notices}
    assert at["sex"].endswith("indicators.yaml:15")
    assert at["left_alone"].endswith("concepts.yaml:3")


@pytest.mark.parametrize(
    ("when", "unseen"),
    [
        ("sexual_harm == 'confirmed'", ["sexual_harm (suspected)"]),
        ("sexual_harm != 'none'", []),
        ("sexual_harm in ['suspected', 'confirmed']", []),
        ("sexual_harm == 'confirmed' or sexual_harm == 'suspected'", []),
        ("sex == 'male'", ["sex (female)"]),
        ("sex != 'male'", ["sex (female)"]),
        ("sex == 'male' or sex == 'female'", []),
        ("'fire' in hazards", ["hazards (fall, poison)"]),
        ("any_in(hazards, ['fire', 'fall'])", ["hazards (poison)"]),
        ("'fire' in hazards or len(hazards) >= 2", []),
        ("contact_gap > 30", []),
    ],
)
def test_values_that_change_nothing_are_told(tmp_path: Path, when: str, unseen: list[str]) -> None:
    report = report_of(tmp_path, rule("it", when, tier="tier: immediate"))
    assert told(report, "values that change no rule") == unseen


def test_a_feature_that_is_an_indicators_value_sees_every_word(tmp_path: Path) -> None:
    features = "features: [{id: s, indicator: sexual_harm, title: {en: S, zh: 性}}]\n"
    rules = rule("it", "sexual_harm == 'confirmed'", tier="tier: immediate")
    report = report_of(tmp_path, rules, pack=PACK + features)
    assert told(report, "values that change no rule") == []


def test_rules_that_are_off_over_or_on_unread_sources_are_told(tmp_path: Path) -> None:
    report = report_of(
        tmp_path,
        rule("off", ALONE, more="    default: off\n" + GOOD),
        rule("past", ALONE, code="X2", more="    in_force: [null, 2026-10-31]\n" + GOOD),
        rule("last", ALONE, code="X3", more="    in_force: [null, 2026-11-01]\n" + GOOD),
        rule("hearsay", ALONE, code="X4", more=GOOD).replace("verified: true", "verified: false"),
    )
    assert told(report, "switched off") == ["off"]
    assert told(report, "no longer in force") == ["past"]
    assert told(report, "nobody has verified") == ["hearsay"]


def test_thresholds_and_files_that_nothing_reads_are_told(tmp_path: Path) -> None:
    thresholds = (
        "thresholds:\n"
        "  small: {value: 8, title: {en: Small, zh: 小}, reason: {en: Ours, zh: 自定}}\n"
        "  tall: {value: 12, title: {en: Tall, zh: 高}, reason: {en: Ours, zh: 自定}}\n"
    )
    write_pack(tmp_path / "small", rule("it", "age_years < small"), pack=PACK + thresholds)
    for name in ("indicator.yaml", "lexicon.fr.yaml", "rules/more.yml", "rules/old/all.yaml"):
        (tmp_path / "small" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "small" / name).write_text("")
    report = check_pack(RulePack.load(tmp_path / "small"), TODAY)
    assert told(report, "thresholds that no rule") == ["tall"]
    assert told(report, "files that nothing reads") == [
        "indicator.yaml", "lexicon.fr.yaml", "rules/more.yml", "rules/old/all.yaml"
    ]  # fmt: skip


def test_the_pack_that_the_documentation_shows_is_sound(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    files = re.findall(r"^`(\S+\.yaml)`:\n\n((?:    .*\n)+)", text, re.M)
    assert [name for name, _ in files] == ["pack.yaml", "rules/own.yaml"]
    for name, block in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(block), encoding="utf-8")
    pack = RulePack.load(tmp_path)
    assert {"my_river_hamlet", "cn_vaccination_overdue"} <= {rule.id for rule in pack.rules}
    assert check_pack(pack, TODAY).errors == ()


def test_the_report_wraps_names_and_never_prints_one_a_line() -> None:
    notices = [Finding("notice", "a:1", f"indicator_{n}", "not read") for n in range(30)]
    error = Finding("error", "a.yaml:7", "rule 'x'", "has 1 example")
    report = Report("small", "0.1", {"urgent": 2}, {}, 1, (error, *notices))
    lines = list(report_lines(report, width=60))
    assert lines[:5] == [
        "small 0.1: 2 rules on, 0 off, 1 example, 1 error, 30 notices",
        "  on:  urgent 2",
        "errors",
        "  a.yaml:7: rule 'x' has 1 example",
        "notices",
    ]
    assert lines[5].startswith("  not read (30): indicator_0, indicator_1,")
    assert len(lines) < 20
    assert all(len(line) <= 60 for line in lines)


@pytest.mark.parametrize(("begins", "gaps"), [("2026-02-01", []), ("2026-02-02", ["new"])])
def test_days_on_which_neither_an_article_nor_its_amendment_counts_are_told(
    tmp_path: Path, begins: str, gaps: list[str]
) -> None:
    amended = f"    in_force: [{begins}, null]\n    replaces: old\n" + GOOD
    report = report_of(
        tmp_path,
        rule("old", ALONE, more="    in_force: [null, 2026-01-31]\n" + GOOD),
        rule("new", ALONE, code="X2", more=amended),
    )
    assert told(report, "neither counts") == gaps


def test_rules_whose_numbers_a_pack_changes_are_told(tmp_path: Path) -> None:
    number = "{value: 8, title: {en: Small, zh: 小}, reason: {en: Ours, zh: 自定}}"
    mine = "thresholds: {small: {value: 6, reason: {en: Mine, zh: 本地}}}\n"
    write_pack(
        tmp_path / "small",
        rule("it", "age_years < small and unattended == 'yes'", more=GOOD),
        rule("other", ALONE, code="X2", more=GOOD),
        pack=PACK + f"thresholds: {{small: {number}}}\n",
    )
    child = PACK.replace("id: small", "id: child") + "extends: small\n" + mine
    write_pack(tmp_path / "child", pack=child, indicators=None, concepts=None)
    report = check_pack(RulePack.load(tmp_path / "child"), TODAY)
    assert told(report, "whose numbers this pack changes") == ["it"]
    assert report.errors == ()

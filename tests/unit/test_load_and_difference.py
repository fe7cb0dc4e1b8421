"""What a pack asks for on a caseload, and what a change of it does: against plain counts."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from carescreen.authoring.difference import compare_packs, compare_rankings
from carescreen.authoring.difference_layout import move_lines, pack_lines
from carescreen.authoring.load import Load, measure_load
from carescreen.authoring.load_layout import load_lines
from carescreen.caseload import Caseload
from carescreen.errors import UsageError
from carescreen.pack import TIERS
from carescreen.ranking import Ranking
from carescreen.screener import Screener
from carescreen.synthetic import make_county
from tests.shipped import shipped_screener

EARLIER, DAY = date(2026, 10, 4), date(2026, 11, 1)
MINE = """
format: carescreen-pack/1
id: mine
version: 0.1.0
title: {en: Mine, zh: 本地}
extends: cn-rural
settings: {capacity: 15, tier_hours: {urgent: 48}}
thresholds:
  contact_gap_days: {value: 21, reason: {en: Ours, zh: 自定}}
rules: {off: [cn_home_hazard, cn_dv_household], on: [cn_vaccination_overdue]}
"""


@cache
def county() -> Caseload:
    made = make_county(children=400, villages=3, months=18, visits_per_child=12, seed=3)
    tables = made.children, made.visits, made.households, made.outcomes, made.decisions
    children, visits, households, outcomes, decisions = tables
    return Caseload(
        children=children,
        visits=visits,
        households=households,
        outcomes=outcomes,
        decisions=decisions if len(decisions) else None,
    )


@cache
def ranking_of(day: date) -> Ranking:
    return shipped_screener().rank(county(), day)


@cache
def measured() -> Load:
    return measure_load(shipped_screener(), county(), [DAY, EARLIER])


@pytest.fixture
def mine(tmp_path: Path) -> Screener:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "pack.yaml").write_text(MINE, encoding="utf-8")
    return Screener.load(pack=tmp_path / "mine", model="evidence")


# The load


def test_tiers_rules_and_workers_are_counted_as_the_ranking_has_them() -> None:
    load, ranking = measured(), ranking_of(DAY)
    assert {tier.tier: tier.children for tier in load.tiers} == ranking.tier_counts()
    records = ranking.records()
    parts = ("concerns", "entitlements", "advice")
    met = Counter(entry["rule"] for r in records for part in parts for entry in r[part])
    assert {one.rule.id: one.children for one in load.rules if one.children} == dict(met)
    asked = Counter(entry["rule"] for r in records for entry in r["open_questions"])
    assert {one.rule.id: one.asked for one in load.rules if one.asked} == {
        rule: count for rule, count in asked.items() if rule is not None
    }
    assert load.workers["children"].sum() == load.children == len(records)
    assert load.workers["immediate"].sum() == ranking.tier_counts()["immediate"]


def test_a_rule_that_alone_puts_a_child_in_a_tier_is_counted_so() -> None:
    alone: Counter[str] = Counter()
    for record in ranking_of(DAY).records():
        deciding = [e["rule"] for e in record["concerns"] if e["tier"] == record["tier"]]
        alone.update(deciding if len(deciding) == 1 else [])
    assert {one.rule.id: one.alone for one in measured().rules if one.alone} == dict(alone)


def test_new_work_is_what_was_not_open_on_the_first_day() -> None:
    earlier = {
        record["child_id"]: {entry["rule"] for entry in record["concerns"]}
        for record in ranking_of(EARLIER).records()
    }
    new: Counter[str] = Counter()
    for record in ranking_of(DAY).records():
        deciding = {e["rule"] for e in record["concerns"] if e["tier"] == record["tier"]}
        if deciding - earlier.get(record["child_id"], set()):
            new[record["tier"]] += 1
    load = measured()
    assert load.days == ("2026-10-04", "2026-11-01")
    for tier in load.tiers:
        assert tier.new_a_week == pytest.approx(new[tier.tier] / 4)
    a_week = load.workers["new_urgent_a_week"].sum()
    assert a_week == pytest.approx((new["immediate"] + new["urgent"]) / 4)


def test_half_of_capacity_is_the_limit() -> None:
    most = measured().workers["new_urgent_a_week"].max()
    assert most > 0
    assert measured().over == 0
    assert measure_load(shipped_screener(), county(), [EARLIER, DAY], capacity=1).over == int(
        (measured().workers["new_urgent_a_week"] > 0.5).sum()
    )


def test_one_day_has_no_new_work_and_nothing_over() -> None:
    load = measure_load(shipped_screener(), county(), [DAY], capacity=1)
    assert load.over == 0
    assert all(tier.new_a_week is None for tier in load.tiers)
    assert load.workers["new_urgent_a_week"].isna().all()


@pytest.mark.parametrize("days", [[], [DAY, DAY], [EARLIER, DAY, DAY]])
def test_other_days_are_refused(days: list[date]) -> None:
    with pytest.raises(UsageError, match="on two at least a week apart"):
        measure_load(shipped_screener(), county(), days)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_names_no_child(language: str) -> None:
    text = "\n".join(load_lines(measured(), language))
    assert text.startswith({"en": "SYNTHETIC: ", "zh": "合成数据："}[language])
    assert not any(child in text for child in ranking_of(DAY).to_frame()["child_id"])
    over = measure_load(shipped_screener(), county(), [EARLIER, DAY], capacity=1)
    assert {"en": "TOO MUCH", "zh": "过多"}[language] in "\n".join(load_lines(over, language))


# The difference


def test_a_pack_does_not_differ_from_itself() -> None:
    difference = compare_packs(shipped_screener().rules, shipped_screener().rules)
    assert difference.rules == difference.settings == ()
    assert list(pack_lines(difference, "en", 100)) == ["nothing differs"]
    moves = compare_rankings(shipped_screener(), shipped_screener(), county(), DAY)
    assert len(moves.moved) == 0


def test_rules_settings_and_numbers_that_differ_are_said_in_words(mine: Screener) -> None:
    lines = list(pack_lines(compare_packs(shipped_screener().rules, mine.rules), "en", 200))
    assert lines[0].startswith("- H03 cn_dv_household")
    assert "- N02 cn_home_hazard: A hazard at home that can be fixed [Advice]" in lines
    assert any(line.startswith("+ L05 cn_vaccination_overdue") for line in lines)
    gap = lines.index(
        "~ G11 cn_parent_contact_gap: No contact with an absent parent for over 30 days"
    )
    assert lines[gap + 1].endswith("over which someone looks in: 30 -> 21")
    assert "~ setting tier_hours.urgent: 72 -> 48" in lines
    assert "~ setting capacity: 20 -> 15" in lines
    assert sum("tier_hours" in line or "hours" in line for line in lines) == 1


def test_who_moves_is_counted_as_both_rankings_have_it(mine: Screener) -> None:
    moves = compare_rankings(shipped_screener(), mine, county(), DAY)
    old, new = (
        ranking.to_frame().assign(listed=ranking.listed_by_order()).set_index("child_id")
        for ranking in (ranking_of(DAY), mine.rank(county(), DAY))
    )
    for before in TIERS:
        for after in TIERS:
            pairs = (old["tier"] == before) & (new["tier"].reindex(old.index) == after)
            assert moves.tiers.loc[before, after] == pairs.sum()
    entered = new["listed"].reindex(old.index) & ~old["listed"]
    assert moves.workers["entered"].sum() == entered.sum()
    rows = moves.moved.set_index("child_id")
    assert set(rows.index[rows["tier_old"] != rows["tier_new"]]) == set(
        old.index[old["tier"] != new["tier"].reindex(old.index)]
    )
    gap = moves.rules.set_index("rule").loc["cn_parent_contact_gap"]
    assert gap["new"] > gap["old"]
    assert not any(str(child) in line for line in move_lines(moves, "zh") for child in old.index)


def extending(tmp_path: Path, text: str, lexicon: str = "") -> Screener:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "pack.yaml").write_text(
        "format: carescreen-pack/1\nid: other\nversion: 0.1.0\ntitle: {en: O, zh: 他}\n" + text,
        encoding="utf-8",
    )
    if lexicon:
        (folder / "lexicon.en.yaml").write_text(lexicon, encoding="utf-8")
    return Screener.load(pack=folder, model="evidence")


def test_a_pack_that_changes_nothing_moves_nobody(tmp_path: Path) -> None:
    same = extending(tmp_path, "extends: cn-rural\n")
    assert list(pack_lines(compare_packs(shipped_screener().rules, same.rules), "en", 100)) == [
        "nothing differs"
    ]
    moves = compare_rankings(shipped_screener(), same, county(), DAY)
    assert len(moves.moved) == 0
    assert moves.workers["entered"].sum() == moves.workers["left"].sum() == 0


def test_other_words_of_notes_are_a_difference_too(tmp_path: Path) -> None:
    lexicon = (
        "format: carescreen-lexicon/1\nlanguage: en\n"
        "concepts:\n  dv_exposure:\n    phrases: {add: [exercise books on the table]}\n"
    )
    other = extending(tmp_path, "extends: cn-rural\n", lexicon)
    (line,) = pack_lines(compare_packs(shipped_screener().rules, other.rules), "en", 100)
    assert line == "~ words of notes that differ: dv_exposure"


def test_a_pack_without_rules_lists_everybody_at_routine(tmp_path: Path) -> None:
    bare = extending(tmp_path, "extends: base\n")
    load = measure_load(bare, county(), [DAY])
    tiers = {tier.tier: tier.children for tier in load.tiers}
    assert tiers["immediate"] == tiers["urgent"] == 0
    assert load.rules == ()

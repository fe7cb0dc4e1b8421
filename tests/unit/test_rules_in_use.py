"""Rules in use: counts against a plain count over records, and what may not be said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.errors import UsageError
from carescreen.evaluation.rules_in_use import RulesInUse, rules_in_use, wilson
from carescreen.evaluation.rules_in_use_words import rule_lines
from carescreen.evaluation.watch_words import Titles
from carescreen.ranking import Ranking
from carescreen.results import write_results
from carescreen.rules import RulePack
from carescreen.screener import Screener
from carescreen.synthetic import make_county

DAYS = ("2026-06-01", "2026-08-01")


@pytest.fixture(scope="module")
def rankings() -> dict[str, Ranking]:
    county = make_county(children=300, villages=4, visits_per_child=6, seed=3)
    caseload = Caseload(county.children, county.visits, county.households)
    screener = Screener.load()
    return {day: screener.rank(caseload, day) for day in DAYS}


@pytest.fixture(scope="module")
def folders(rankings: dict[str, Ranking], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("lists")
    for day, ranking in rankings.items():
        write_results(ranking, place / day, quotes=False, made_by="tester", language="en")
    return [place / day for day in reversed(DAYS)]


@pytest.fixture(scope="module")
def rules() -> RulePack:
    return RulePack.load("cn-rural")


def outcomes(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["child_id", "outcome_date", "result"])
    return table.assign(outcome_date=pd.to_datetime(table["outcome_date"]))


def decisions(*rows: dict[str, str]) -> pd.DataFrame:
    names = (
        "child_id",
        "decided_at",
        "decision",
        "rule",
        "concept",
        "visit_id",
        "tier",
        "reason_code",
    )
    table = pd.DataFrame([{name: row.get(name) for name in names} for row in rows], columns=names)
    return table.assign(decided_at=pd.to_datetime(table["decided_at"]))


def with_rule(ranking: Ranking, rule: str) -> list[str]:
    """Children of whom a record says that a rule is open."""
    return [
        record["child_id"]
        for record in ranking.records()
        if rule in {one["rule"] for lane in ("concerns", "entitlements") for one in record[lane]}
    ]


def row_of(found: RulesInUse, rule: str) -> pd.Series:
    return found.rules.set_index("rule").loc[rule]


def test_counts_are_those_of_a_plain_count(
    rankings: dict[str, Ranking], folders: list[Path], rules: RulePack
) -> None:
    found = rules_in_use(folders, rules, outcomes(), decisions())
    for rule in rules.rules:
        if rule.lane == "advice":
            continue
        now = with_rule(rankings[DAYS[1]], rule.id)
        ever = {*now, *with_rule(rankings[DAYS[0]], rule.id)}
        row = row_of(found, rule.id)
        assert (row["open"], row["fired"]) == (len(now), len(ever))
        assert (row["verdict"] == "never") == (not ever)
    early = found.over_time[found.over_time["as_of"] == DAYS[0]].set_index("rule")["open"]
    assert early["cn_visit_interval"] == len(with_rule(rankings[DAYS[0]], "cn_visit_interval"))


def test_an_outcome_counts_once_for_the_newest_list_before_it(
    rankings: dict[str, Ranking], folders: list[Path], rules: RulePack
) -> None:
    rule = "cn_visit_interval"
    both = [
        c for c in with_rule(rankings[DAYS[0]], rule) if c in with_rule(rankings[DAYS[1]], rule)
    ]
    one, other, third, *_ = both
    told = outcomes(
        (one, "2026-08-05", "confirmed"),
        (one, "2026-08-09", "not_confirmed"),  # not the first
        (
            other,
            "2026-08-01",
            "not_confirmed",
        ),  # the list of that day was not there: the first list's
        (third, "2026-12-05", "confirmed"),  # more than 90 days later
        (third, "2026-08-03", "could_not_tell"),
        ("nobody", "2026-08-03", "confirmed"),
    )
    row = row_of(rules_in_use(folders, rules, told, decisions()), rule)
    assert (row["judged"], row["confirmed"]) == (2, 1)
    assert np.isnan(row["confirmed_share"])


def test_what_people_did_about_a_rule_that_was_open(
    rankings: dict[str, Ranking], folders: list[Path], rules: RulePack
) -> None:
    rule = next(
        one
        for one in rules.rules
        if one.tier == "priority" and len(with_rule(rankings[DAYS[1]], one.id)) >= 4
    )
    first, second, third, fourth, *_ = with_rule(rankings[DAYS[1]], rule.id)
    stranger = next(
        one["child_id"] for one in rankings[DAYS[1]].records() if one["tier"] == "routine"
    )
    day = {"decided_at": "2026-08-02"}
    said = decisions(
        {**day, "child_id": first, "decision": "close", "rule": rule.id, "reason_code": "misread"},
        {**day, "child_id": second, "decision": "close", "rule": rule.id},
        {**day, "child_id": stranger, "decision": "close", "rule": rule.id},
        {**day, "child_id": third, "decision": "lower", "tier": "routine"},
        {**day, "child_id": third, "decision": "lower", "tier": "priority"},
        {**day, "child_id": fourth, "decision": "override", "tier": "immediate"},
        {"child_id": fourth, "decided_at": "2026-01-01", "decision": "close", "rule": rule.id},
    )
    row = row_of(rules_in_use(folders, rules, outcomes(), said), rule.id)
    assert [row[name] for name in ("closed", "misread", "lowered", "raised")] == [2, 1, 1, 1]


def test_a_rule_that_is_open_for_everyone_is_named(
    folders: list[Path], rules: RulePack, tmp_path: Path
) -> None:
    found = rules_in_use(folders, rules, outcomes(), decisions())
    assert row_of(found, "cn_visit_interval")["verdict"] in ("everyone", "not_enough", "")
    for row in found.rules.to_dict("records"):
        assert (row["verdict"] == "everyone") == (row["low"] > 0.5)


@pytest.mark.parametrize(("language", "word"), [("zh", "规则使用情况"), ("en", "Rules in use")])
def test_the_table_reads_in_both_languages(
    folders: list[Path], rules: RulePack, language: str, word: str
) -> None:
    found = rules_in_use(folders, rules, outcomes(), decisions())
    said = list(rule_lines(found, Titles.of_pack("cn-rural"), language))
    assert said[0].startswith(word)
    assert not re.search(r"\bnan\b", "\n".join(said))


def test_a_small_count_has_no_share() -> None:
    assert np.isnan(wilson(3, 19)).all()
    assert wilson(0, 20)[2] == pytest.approx(0.1611, abs=1e-4)  # Wilson, z^2 / (n + z^2)


def test_mistakes_are_one_line(folders: list[Path], rules: RulePack, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one folder"):
        rules_in_use([], rules, outcomes(), decisions())
    with pytest.raises(UsageError, match="lists of one day"):
        rules_in_use([folders[0], folders[0]], rules, outcomes(), decisions())
    with pytest.raises(UsageError, match=r"holds no run\.json"):
        rules_in_use([tmp_path], rules, outcomes(), decisions())

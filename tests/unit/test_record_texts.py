"""Record texts where they are rare or hard: every part there can be, odd texts, and a whole county.

`assert_same_texts` holds them against the plain ones byte for byte; what a test adds is that the
part in question is there. Every child here is made up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from caseloads import Row, Tables
from law_pack import PACK
from plain_record_texts import Record, assert_same_texts

from carescreen.caseload import Caseload
from carescreen.fields import DECISIONS, REASON_CODES
from carescreen.followups import follow_up
from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.ngrams import PhraseTable
from carescreen.recordtexts_template import Template, gap, id_texts, json_bytes, text_bytes
from carescreen.review.redaction import hidden_words, words_of
from carescreen.rules import RulePack
from carescreen.screener import Partition, Screener, day_of
from carescreen.steps import AdditiveTables, StepTable
from carescreen.synthetic import make_county
from tests.shipped import shipped_screener

AS_OF = date(2026, 3, 15)
PARTS = ("concerns", "entitlements", "advice", "closed_concerns", "open_questions")
ODD = '%s %b %% "quoted" \\ back \x07 \u2028 <b> 😀'


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Screener:
    """The small pack, with a model of numbers, one sensitive feature and learned phrases."""
    phrases = {"挨打": 200_001, "一个人": 150_000, "饿肚子": 99_999, "吵架": 5, "home": 70_000}
    features = (
        StepTable("hit", "number", (0, 450_001), (0.5,), missing=7, sensitive=True),
        StepTable("debts", "number", (0, 10, 99_999), (5.0, 50.0), missing=-3, monotone=1),
        StepTable("very_young", "number", (0, 333_333), (0.5,), missing=111_111),
    )
    folder = tmp_path_factory.mktemp("models") / "spoken"
    tables = AdditiveTables(-1_234_567, features, "note", PhraseTable(phrases, cap=500_000))
    write_model(folder, SavedModel(tables, Manifest(name="spoken", made_by="fit")))
    return Screener.load(PACK, folder)


def child(number: int, **cells: object) -> Row:
    return {
        "child_id": f"C{number}",
        "village_id": "V1",
        "household_id": "H1",
        "birth_date": "2020-05-01",
        **cells,
    }


def visit(name: str, number: int, day: str, note: str | None = None, **cells: object) -> Row:
    return {"visit_id": name, "child_id": f"C{number}", "visit_date": day, "note": note, **cells}


def decided(number: int, decision: str, day: str = "2026-03-10", **cells: object) -> Row:
    row = {"child_id": f"C{number}", "decided_at": day, "decided_by": "S1", "decision": decision}
    return {**row, **cells}


def everything() -> Tables:
    """A few children of whom together all is said that a record can say."""
    beaten = "孩子又挨打。常常一个人在家。父母吵架。常饿肚子。She was beaten"
    visits = (
        visit("N1", 1, "2026-03-01", beaten, recorded_at="2026-03-02", hit_seen="yes"),
        visit("N1", 1, "2026-03-01", "写错了", recorded_at="2026-03-12", child_seen="yes"),
        visit("N2", 1, "2026-03-05", "常饿肚子。常饿肚子", mood="despair"),
        visit("N3", 2, "2026-03-06", "perhaps home alone。" * 25, marks="bruise;burn"),
        visit(ODD, 3, "2026-03-07", f"父母吵架 {ODD}。常饿肚子", debts="-0", child_seen="no"),
        visit("N5", 3, "2026-02-30", "未见到孩子", marks="bite;burn"),
        visit("N6", 4, "2026-02-01", "child not seen", alone_days="2", left_alone_now="yes"),
        visit("N7", 4, "2026-02-02", "未见到孩子", child_seen="no"),
        visit("N8", 4, "2026-02-03", "没有挨打", debts="0", helpers="0"),
    )
    decisions = (
        decided(1, "correction", reason=f"not so {ODD}"),
        decided(1, "wrong_information", "2026-03-11", reason="别的孩子"),
        decided(1, "correction", "2026-03-12", result="kept", reason="looked"),
        decided(2, "correction", reason="open"),
        decided(2, "conflict"),
        decided(3, "lower", tier="routine", reason_code="misread", reason=ODD),
        decided(3, "own_concern", result="yes", reason="worried"),
        decided(4, "close", rule="alone_young", confirmed_by="S2"),
        decided(4, "close", rule="quarrels_weigh"),
        decided(5, "moved", reason=f"to her aunt {ODD}"),
        decided(6, "override", tier="urgent"),
        decided(1, "acknowledge", "2026-01-02"),
        decided(4, "visited", visited_on="2026-03-09"),
    )
    children = (
        child(1, sex="female"),
        child(2, special_care="yes", alone_days="7", papers="hukou;allowance"),
        child(3, debts="20.5", prior_concerns_24m="2"),
        child(4, household_id="H2", birth_date="2021-03-15", last_meal_on="2026-01-01"),
        child(5, household_id="H3", birth_date="2008-04-01"),
        child(6, household_id=None, birth_date="not a date", alone_days="?"),
        child(7, household_id="H4", caseworker_id=ODD, data_origin="synthetic"),
    )
    homes = ({"household_id": "H1", "debts": "99", "helpers": "0", "home_water": "none"},)
    return Tables(children, visits, homes, (), decisions)


@pytest.mark.parametrize("first_run", [False, True])
def test_everything_that_a_record_can_hold(spoken: Screener, first_run: bool) -> None:
    found = everything().caseload()
    seen = assert_same_texts(spoken, found, AS_OF, first_run=first_run)
    for part in (*PARTS[:1], *PARTS[3:], "contributions", "mentions", "recent_visits"):
        assert any(record[part] for record in seen), part
    for part in ("disputes", "conflicts", "told", "taken_on_before", "moved_to"):
        assert any(record.get(part) for record in seen), part
    for part in ("raised_by_person", "turns_18_on", "needs_data_reasons", "synthetic"):
        assert any(record[part] for record in seen), part
    assert max(len(record["mentions"]) for record in seen) > 20
    lines = [entry for record in seen for entry in record["contributions"]]
    assert any("words" in line for line in lines)
    mentions = [mention for record in seen for mention in record["mentions"]]
    assert any(mention.get("earlier_wording") for mention in mentions)
    concerns = [concern for record in seen for concern in record["concerns"]]
    items = [item for concern in concerns for item in concern["evidence"]]
    assert any(item.get("earlier_wording") for item in items if "indicator" in item)
    whys = {entry["why"] for record in seen for entry in record["open_questions"]}
    assert {"state_unknown", "sibling_mention"} <= whys


def test_half_a_character_in_a_note(spoken: Screener) -> None:
    """A note from a data frame may hold one; JSON keeps it as it stands."""
    rows = (visit("N1", 1, "2026-03-01", "常饿肚子\ud800半个字"), visit("N2", 1, "2026-03-02"))
    seen = assert_same_texts(spoken, Tables((child(1),), rows).caseload(), AS_OF)
    assert any("\ud800" in mention["clause"] for mention in seen[0]["mentions"])


def test_a_block_of_one_child_and_of_few_say_the_same(spoken: Screener) -> None:
    for size in (1, 2):
        assert_same_texts(spoken, everything().caseload(), AS_OF, block_children=size)


def test_a_block_in_which_something_was_told_of_everybody(spoken: Screener) -> None:
    """Told of in another order than the children stand in."""
    children = tuple(child(number, birth_date=f"20{10 + number}-05-01") for number in range(1, 5))
    rows = [decided(number, "visited", f"2026-03-0{9 - number}") for number in (3, 1, 4, 2)]
    found = Tables(children, decisions=tuple(rows))
    seen = assert_same_texts(spoken, found.caseload(), AS_OF)
    assert all(record["told"] for record in seen)


def test_a_block_in_which_nothing_is_recorded(spoken: Screener) -> None:
    bare = Tables(({"child_id": "C1", "village_id": "V1", "birth_date": "2015-01-01"},))
    assert_same_texts(spoken, bare.caseload(), AS_OF)


def county_with_decisions(children: int) -> Caseload:
    """A synthetic county in which people recorded all sorts of things of one child in three."""
    county, rng = make_county(children, seed=8, dirty=True), np.random.default_rng(8)
    ids = county.children["child_id"].to_numpy()
    n = children // 3
    some = [f"2026-{month:02}-{day:02} 09:00:00" for month in (7, 9, 10) for day in range(1, 29)]
    more = pd.DataFrame(
        {
            "child_id": rng.choice(ids, n),
            "decided_at": rng.choice(some, n),
            "decided_by": rng.choice(["S1", "S2"], n),
            "decision": rng.choice([*DECISIONS, "acknowledge", "correction", "lower"], n),
            "tier": rng.choice(["urgent", "priority"], n),
            "reason": rng.choice(["", "她说的", ODD], n),
            "reason_code": rng.choice(REASON_CODES, n),
            "result": rng.choice(["", "yes", "kept", "done"], n),
        }
    )
    decisions = pd.concat([county.decisions.astype(object), more], ignore_index=True)
    return Caseload(county.children, county.visits, county.households, county.outcomes, decisions)


@pytest.fixture(scope="module")
def county() -> Caseload:
    return county_with_decisions(2_000)


def test_a_county_of_the_shipped_pack(county: Caseload) -> None:
    seen = assert_same_texts(shipped_screener(), county, date(2026, 11, 1), block_children=900)
    assert len(seen) > 1_900
    assert sum(bool(record.get("told")) for record in seen) > 50
    assert sum(map(hides_more_than_what_is_sensitive, seen)) > 5


def test_what_a_sensitive_entry_names_is_hidden_in_all_others(county: Caseload) -> None:
    """Every second rule and third concept sensitive: names are hidden in entries that are not."""
    shipped = shipped_screener()
    screener = Screener(half_sensitive(shipped.rules), shipped.model, shipped.reader)
    seen = assert_same_texts(screener, county, date(2026, 11, 1))
    assert sum(map(hides_more_than_what_is_sensitive, seen)) > 40


def half_sensitive(rules: RulePack) -> RulePack:
    """A pack whose every second rule and concept is sensitive, whatever they are about."""
    changed = [replace(rule, sensitive=place % 2 == 0) for place, rule in enumerate(rules.rules)]
    concepts = {
        name: replace(concept, sensitive=place % 3 == 0)
        for place, (name, concept) in enumerate(rules.concepts.items())
    }
    return replace(rules, rules=tuple(changed), concepts=concepts)


def hides_more_than_what_is_sensitive(record: Record) -> bool:
    """Whether an entry that is not sensitive, or its evidence, names what a sensitive one names."""
    hidden = set(hidden_words(record))
    plain = [
        entry
        for part in (*PARTS, "contributions", "mentions")
        for entry in record[part]
        if not entry["sensitive"]
    ]
    items = [item for entry in plain for item in entry.get("evidence", ())]
    return any(not hidden.isdisjoint(words_of(entry)) for entry in (*plain, *items))


def test_what_meets_a_rule_for_a_block_is_what_meets_it_for_each_child(county: Caseload) -> None:
    """The plain records ask for one child (`true_atoms`), their texts for a block (`support`)."""
    screener = shipped_screener()
    engine = screener.engine("2026-11-01")
    known = county.check(screener.rules.indicators).known_by(day_of("2026-11-01"))
    block, needs, since = Partition(known, 10_000).block(0)
    found = follow_up(engine, block, np.array([bool(own) for own in needs]), since)
    compared = 0
    for number, rule in enumerate(engine.rules.rules):
        support = rule.condition.support(found.cases)
        for at in np.flatnonzero(found.outcomes.true[:, number]).tolist():
            carried = tuple(atom for atom, where in support if where[at])
            assert carried == rule.condition.true_atoms(found.cases, at)
            compared += 1
    assert compared > 1_000


def test_a_template_keeps_percent_signs_quotes_and_the_order_of_its_gaps() -> None:
    entry = {"b": gap("two"), "a": ODD, "c": [gap("one")], "d": None}
    template = Template.of(entry)
    assert template.gaps == ("two", "one")
    values = {"one": [b"1", json_bytes(ODD)], "two": [b"null", b'"%s"']}
    assert template.fill(values, 2) == [
        json_bytes({"b": None, "a": ODD, "c": [1], "d": None}),
        json_bytes({"b": "%s", "a": ODD, "c": [ODD], "d": None}),
    ]


@pytest.mark.parametrize("text", ["", ODD, "\ud800", "a\x00b", "\x7f\u2029", "没人管"])
def test_a_text_alone_is_encoded_as_any_value(text: str) -> None:
    assert text_bytes(text) == json_bytes(text)


@pytest.mark.parametrize(
    "ids",
    [
        [],
        [None],
        [""],
        ["V1", "V2"],
        ["V1", None],
        ["", "V1"],
        ["V1\nV2"],
        ["V1\nV2", None],
        ['V"1', "V2"],
        ["V\\1"],
        ["访1", "V2"],
        ["V\x7f", "V\t"],
    ],
)
def test_ids_are_written_as_json_one_by_one(ids: list[str | None]) -> None:
    assert id_texts(ids) == [json_bytes(name) for name in ids]

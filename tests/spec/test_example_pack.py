"""The example of a pack for another place: it loads by its path and does what its README says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from carescreen import NoteReader, Screener
from tests.spec.packs import PackUnderTest, under_test

FOLDER = Path(__file__).parents[2] / "examples" / "pack_elsewhere"


def example() -> PackUnderTest:
    return under_test(str(FOLDER))


def test_every_example_holds() -> None:
    assert example().pack.check() == []


def test_it_has_what_its_parents_have_and_changes_what_it_names() -> None:
    parent = under_test("international").pack
    pack = example().pack
    on, off = ({rule.id for rule in rules} for rules in (pack.rules, pack.rules_off))
    own = {"ex_work_under_14", "ex_work_under_16", "ex_birth_certificate"}
    assert on | off == {rule.id for rule in (*parent.rules, *parent.rules_off)} | own
    assert on - {rule.id for rule in parent.rules} == own | {
        "intl_home_alone",
        "intl_contact_interval",
    }
    assert {rule.id for rule in parent.rules} - on == {"intl_chronic_absence"}
    assert set(pack.indicators) - set(parent.indicators) == {"birth_certificate"}


def test_settings_that_it_does_not_name_are_the_parents() -> None:
    parent, own = under_test("international").pack.settings, example().pack.settings
    named = {
        "tier_hours": parent.tier_hours.model_copy(update={"urgent": 48, "priority": 120}),
        "event_window_days": 60,
        "mention_window_days": 60,
        "capacity": 12,
        "random_share": 0.1,
        "lift_probability": 0.2,
        "open_questions": 2,
    }
    assert own == parent.model_copy(update=named)


def test_the_replaced_rule_draws_the_line_of_the_act() -> None:
    given = {"age_years": 9, "left_alone_days_week": 1}
    assert "intl_small_child_alone" in example().met_ids(given)
    assert "intl_small_child_alone" not in under_test("international").met_ids(given)


def test_an_amended_article_counts_from_its_first_day() -> None:
    given = {"age_years": 13, "works_for_employer": "yes"}
    assert "ex_work_under_14" in example().met_ids({**given, "as_of": "2026-06-30"})
    amended = example().met_ids({**given, "as_of": "2026-07-01"})
    assert "ex_work_under_16" in amended
    assert "ex_work_under_14" not in amended
    before = {rule.id for rule in example().pack.rules_at(date(2026, 6, 30))}
    assert "ex_work_under_16" not in before


def test_the_law_that_it_cites_is_marked_as_invented() -> None:
    for rule in example().every_rule:
        if FOLDER.as_posix() in Path(rule.place).as_posix():
            for source in rule.source:
                assert "INVENTED" in source["law"]
                assert source["verified"] is False


def test_its_words_are_found_in_notes() -> None:
    note = "Amina was left to mind the hut while her parents were at the market."
    found = NoteReader.load(FOLDER).read([note])
    assert "left_alone" in set(found["concept"])
    assert "left_alone" not in set(NoteReader.load("international").read([note])["concept"])


def test_the_evidence_model_runs_on_it() -> None:
    Screener.load(pack=FOLDER, model="evidence")

"""The page for the family shows what is declared showable, and nothing tells of what is hidden."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen import Caseload
from carescreen.errors import PackError, UsageError
from carescreen.family import (
    asks_to_talk_first,
    family_page,
    household_of,
    shown_benefits,
    shown_indicators,
)
from carescreen.fields import DECISIONS
from carescreen.indicators import Indicator, load_indicators
from carescreen.review.family import FamilyPage, family_html
from carescreen.review.texts import texts_of
from carescreen.rules import RulePack
from carescreen.yamlfile import parse_yaml, read_yaml
from tests.shipped import shipped_screener

ROOT = Path(__file__).parents[2]
AS_OF = date(2026, 11, 20)

# Decided one by one: only what the family told itself, or what stands in papers that it holds.
SHOWN = {
    *("age_years", "sex", "hukou_registered", "boarding", "primary_caregiver_age"),
    *("entrusted_care_agreed", "entrusted_care_notified", "dependants_per_caregiver"),
    *("disability_level", "disability_certificate", "rehab_received", "vaccination_up_to_date"),
    *("school_enrolled", "income_support", "child_benefit_status", "economic_shock_90d"),
    *("housing_unsafe", "disaster_affected_30d"),
}


Row = dict[str, str]


def tables(**more: list[Row]) -> dict[str, list[Row]]:
    """A child of whom one visit of November, and one of its brother, saw something harmless."""
    plain: dict[str, list[Row]] = {
        "children": [
            {"child_id": "C1", "village_id": "V1", "household_id": "H1", "caseworker_id": "W1",
             "birth_date": "2016-05-01", "recorded_at": "2026-02-03", "sex": "female",
             "hukou_registered": "no", "school_enrolled": "", "risk_level": ""},
            {"child_id": "C2", "village_id": "V1", "household_id": "H1", "caseworker_id": "W1",
             "birth_date": "2012-05-01", "recorded_at": "2026-02-03", "sex": "male",
             "hukou_registered": "yes", "school_enrolled": "yes", "risk_level": ""},
        ],
        "visits": [
            {"visit_id": "N1", "child_id": "C1", "visit_date": "2026-11-05", "child_seen": "yes",
             "boarding": "yes", "household_dv": "", "note": "都好", "worker_concern": ""},
            {"visit_id": "N2", "child_id": "C2", "visit_date": "2026-10-05", "child_seen": "yes",
             "boarding": "no", "household_dv": "", "note": "", "worker_concern": ""},
        ],
        "households": [
            {"household_id": "H1", "recorded_at": "2026-02-03", "income_support": "dibao"},
        ],
        "decisions": [],
    }  # fmt: skip
    return {name: [*rows, *more.get(name, [])] for name, rows in plain.items()}


def household(found: dict[str, list[Row]], child: str = "C1", as_of: date = AS_OF):
    frames = {name: pd.DataFrame(rows) for name, rows in found.items() if rows}
    known = Caseload(**frames).check(shipped_screener().rules.indicators).known_by(as_of)
    return household_of(shipped_screener(), known, child, as_of)


def page_of(found: dict[str, list[Row]], language: str = "en", as_of: date = AS_OF) -> str:
    return family_html(family_page(household(found, as_of=as_of), as_of), language)


def words_of(page: str) -> str:
    """What a person reads of a page: without style, script and the other language."""
    body = page.split("<body>")[1].split('<template id="words">')[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


# --- default deny --------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", ["rules/base", "examples/pack_elsewhere"])
def test_every_shipped_indicator_says_deliberately_whether_it_is_shown(pack: str) -> None:
    entries = read_yaml(ROOT / pack / "indicators.yaml").data["indicators"]
    assert [entry["id"] for entry in entries if "family" not in entry] == []


@pytest.mark.parametrize("pack", ["cn-rural", "international"])
def test_these_indicators_are_shown_and_no_others(pack: str) -> None:
    assert set(shown_indicators(RulePack.load(pack))) == SHOWN


def one_indicator(**more: str) -> str:
    entry = {"id": "x", "level": "child", "type": "integer", "kind": "state", **more}
    fields = ", ".join(f"{name}: {value}" for name, value in entry.items())
    return f"indicators: [{{{fields}, title: {{en: X, zh: 某}}}}]"


def test_an_indicator_that_does_not_say_is_hidden() -> None:
    assert load_indicators(parse_yaml(one_indicator()))["x"].family == "hide"
    assert load_indicators(parse_yaml(one_indicator(family="show")))["x"].family == "show"


@pytest.mark.parametrize(
    "more",
    [
        {"family": "show", "sensitivity": "highly_sensitive"},
        {"family": "show", "type": "string"},
        {"family": "perhaps"},
    ],
)
def test_what_is_highly_sensitive_or_free_text_cannot_be_declared_showable(more) -> None:
    with pytest.raises(PackError):
        load_indicators(parse_yaml(one_indicator(**more)))


def test_a_benefit_is_named_only_where_its_rule_reads_what_the_page_shows() -> None:
    rules = RulePack.load("cn-rural")
    found = shown_benefits(rules)
    assert {rule.code for rule in found} == {"B04", "B05", "B06", "B08", "B09"}
    for rule in found:
        assert rule.condition.indicators <= SHOWN
        assert not rule.condition.concepts


def test_the_page_has_no_place_for_anything_else() -> None:
    assert set(FamilyPage.__dataclass_fields__) == {
        *("child_id", "as_of", "recorded", "last_seen", "help", "said_before", "answer_days"),
        "synthetic",
    }


# --- nothing tells of what is hidden -------------------------------------------------------------

HIDDEN = sorted(
    name
    for name, indicator in RulePack.load("cn-rural").indicators.items()
    if indicator.family == "hide" and indicator.kind != "derived"
)
NOTES = [
    "昨天被打了",
    "他说不想活了",
    "隔壁王婶举报没人管孩子",
    "The neighbour reported that he is beaten",
    "",
]


def words_for(indicator: Indicator) -> list[str]:
    """Cells that an indicator may have."""
    low, high = indicator.range or (0, 0)
    numbers = [f"{low:g}", f"{high:g}"]
    plain = {"string": ["王婶说的"], "date": ["2026-11-02"], "datetime": ["2026-11-02 10:00"]}
    return list(indicator.values) or plain.get(indicator.type, numbers)


@st.composite
def hidden_facts(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Rows that say what a family must not see: of visits, households, children and decisions."""
    indicators = shipped_screener().rules.indicators

    def values(count: int) -> Row:
        names = draw(st.lists(st.sampled_from(HIDDEN), max_size=count, unique=True))
        return {name: draw(st.sampled_from(words_for(indicators[name]))) for name in names}

    def visit(number: int) -> Row:
        """A visit in a month in which the child was seen anyway, or one that did not see it."""
        child = draw(st.sampled_from(["C1", "C2"]))
        return {
            "visit_id": f"X{number}",
            "child_id": child,
            "visit_date": draw(st.sampled_from(["2026-11-06", "2026-11-01", "2026-11-19"])),
            "child_seen": "no" if child == "C2" else draw(st.sampled_from(["yes", "no", ""])),
            "caseworker_id": draw(st.sampled_from(["W1", "W9"])),
            "worker_concern": draw(st.sampled_from(["yes", "no", ""])),
            "note": draw(st.sampled_from(NOTES)),
            "boarding": draw(st.sampled_from(["", "yes"])) if child == "C1" else "",
            **values(4),
        }

    def decision(_: int) -> Row:
        word = draw(st.sampled_from([word for word in DECISIONS if word != "correction"]))
        return {
            "child_id": draw(st.sampled_from(["C1", "C2"])),
            "decided_at": "2026-11-07 10:00:00",
            "decided_by": draw(st.sampled_from(["W1", "王芳"])),
            "decision": word,
            "rule": draw(st.sampled_from(["", "cn_dv_household", "cn_family_violence"])),
            "tier": draw(st.sampled_from(["", "immediate"])),
            "reason": draw(st.sampled_from(["", "邻居说的"])),
            "result": draw(st.sampled_from(["", "confirmed", "ended"])),
            "confirmed_by": draw(st.sampled_from(["", "S1"])),
            "review_on": "2026-12-01",
            "visited_on": "2026-11-07",
        }

    return {
        "visits": [visit(n) for n in range(draw(st.integers(0, 3)))],
        "decisions": [decision(n) for n in range(draw(st.integers(0, 3)))],
        "households": [{"household_id": "H1", "recorded_at": "2026-11-07", **values(3)}],
    }


@cache
def plain_page(language: str) -> str:
    return page_of(tables(), language)


@given(hidden_facts())
def test_pages_of_records_that_differ_only_in_hidden_facts_are_the_same_bytes(hidden) -> None:
    for language in ("zh", "en"):
        assert page_of(tables(**hidden), language) == plain_page(language)


@given(hidden_facts())
def test_so_are_those_of_disputes_that_differ_only_in_their_words(hidden) -> None:
    asked = {"child_id": "C1", "decided_at": "2026-11-08 09:00:00", "decision": "correction"}
    plain = {**asked, "decided_by": "W1", "reason": "出生日期"}
    told = {**asked, "decided_by": "W9", "reason": "他打我，是王婶说的", "rule": "cn_dv_household"}
    more = {**hidden, "decisions": [*hidden["decisions"], told]}
    assert page_of(tables(**more)) == page_of(tables(decisions=[plain]))


def test_the_brothers_records_and_who_visits_leave_no_trace() -> None:
    found = tables()
    found["children"][1] |= {"school_enrolled": "no", "birth_date": "2010-01-01"}
    found["children"][0] |= {"caseworker_id": "W7", "risk_level": "high"}
    found["visits"][0] |= {"caseworker_id": "W7", "note": "孩子身上有伤", "visit_id": "secret"}
    assert page_of(found) == page_of(tables())


def test_what_a_hidden_fact_does_to_the_list_does_not_reach_the_page() -> None:
    """The same visit that makes the child immediate on the list."""
    violence = {"visit_id": "X1", "child_id": "C1", "visit_date": "2026-11-06", "child_seen": "yes",
                "household_dv": "confirmed", "violence_by_caregiver": "confirmed"}  # fmt: skip
    house = household(tables(visits=[violence]))
    assert house.records[house.child]["concerns"]
    assert page_of(tables(visits=[violence])) == page_of(tables())


# --- what it says --------------------------------------------------------------------------------


def test_it_says_what_is_recorded_since_when_and_what_is_not_known() -> None:
    words = words_of(page_of(tables()))
    assert "Child's number: C1" in words
    assert "Age in completed years 10 years (worked out from the date of birth)" in words
    assert "Sex Girl (written down in February 2026)" in words
    assert "Boarding at school Yes (written down in November 2026)" in words
    assert "Income support Minimum living allowance (written down in February 2026)" in words
    assert "Enrolled in school we do not know" in words
    assert "We last saw the child in November 2026." in words
    assert "we can help you with this: Not registered" in words
    assert "If you tell us on the day of this sheet, you have it by 5 Dec 2026." in words
    assert "What you told us before" not in words
    chinese = words_of(page_of(tables(), "zh"))
    assert "是否寄宿 是 （2026年11月记的）" in chinese
    assert "是否在学 我们还不知道" in chinese
    assert "我们最近一次见到孩子，是在2026年11月。" in chinese


def test_what_the_programme_does_not_collect_is_no_line() -> None:
    assert "Disability" not in page_of(tables())


def test_a_child_whom_nobody_saw_is_said_to_be_so() -> None:
    found = tables()
    found["visits"][0]["child_seen"] = "no"
    assert "We have not written down yet that we saw the child." in page_of(found)


def asked(at: str, **more: str) -> Row:
    return {"child_id": "C1", "decided_at": at, "decided_by": "W1", "decision": "correction",
            "reason": "x", **more}  # fmt: skip


def test_what_was_disputed_stands_with_its_answer() -> None:
    rows = [
        asked("2026-09-01 10:00:00"),
        asked("2026-09-10 10:00:00", result="kept", decided_by="S1"),
        asked("2026-10-01 10:00:00"),
        asked("2026-11-18 10:00:00"),
    ]
    words = words_of(page_of(tables(decisions=rows[:3])))
    assert (
        "On 1 Sep 2026 you told us that something is not right. We answered on 10 Sep 2026: it stays"
        in words
    )
    assert (
        "On 1 Oct 2026 you told us that something is not right. We have not answered yet, and we are late."
        in words
    )
    done = asked("2026-10-20 10:00:00", result="corrected", decided_by="S1")
    words = words_of(page_of(tables(decisions=[*rows, done])))
    assert "We answered on 20 Oct 2026: you are right, we are changing it." in words
    assert "We have not answered yet. You get our answer by 3 Dec 2026." in words


def test_a_workers_word_that_something_is_wrong_is_no_dispute_of_the_family() -> None:
    wrong = asked("2026-11-08 09:00:00") | {"decision": "wrong_information"}
    assert page_of(tables(decisions=[wrong])) == page_of(tables())


def test_nothing_recorded_later_than_the_day_is_on_it() -> None:
    late = {"visit_id": "X9", "child_id": "C1", "visit_date": "2026-12-02", "child_seen": "yes",
            "boarding": "no"}  # fmt: skip
    assert page_of(tables(visits=[late])) == page_of(tables())


def test_the_words_are_plain() -> None:
    for language in ("zh", "en"):
        texts = [text for key, text in texts_of(language).items() if key.startswith("family_")]
        whole = " ".join(texts)
        assert not re.search(
            r"system|tier|score|risk|rank|concern|data|系统|等级|风险|评分|排名|数据", whole
        )
        assert re.search("We |我们", whole)
    english = [text for key, text in texts_of("en").items() if key.startswith("family_")]
    for sentence in (part for text in english for part in re.split(r"[.!?:;](?:\s|$)", text)):
        assert len(sentence.split()) <= 22, sentence


def test_a_record_is_text_on_the_page() -> None:
    found = tables()
    for row in (*found["children"][:1], found["visits"][0]):
        row["child_id"] = "<script>alert(1)</script>"
    frames = {name: pd.DataFrame(rows) for name, rows in found.items() if rows}
    known = Caseload(**frames).check(shipped_screener().rules.indicators).known_by(AS_OF)
    house = household_of(shipped_screener(), known, "<script>alert(1)</script>", AS_OF)
    page = family_html(family_page(house, AS_OF), "zh")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_child_that_is_not_there_is_said_without_its_id() -> None:
    with pytest.raises(UsageError, match="no child with this id") as error:
        household(tables(), child="Zhang")
    assert "Zhang" not in str(error.value)


# --- whether somebody should be asked first ------------------------------------------------------

QUIET = {"visit_id": "X1", "child_id": "C1", "visit_date": "2026-11-06", "child_seen": "yes"}


@pytest.mark.parametrize(
    "more",
    [
        {"household_dv": "suspected"},
        {"sexual_harm": "disclosed"},
        {"origin_unknown_or_trafficked": "suspected"},
        {"suicide_thoughts": "current"},
        {"note": "昨天孩子被爸爸打了"},
        {"child_id": "C2", "violence_by_caregiver": "confirmed"},  # a brother in the household
    ],
)
def test_open_violence_and_the_like_in_the_household_ask_to_talk_first(more: Row) -> None:
    assert asks_to_talk_first(household(tables(visits=[QUIET | more])))


@pytest.mark.parametrize(
    "more",
    [{}, {"school_enrolled": "no"}, {"housing_unsafe": "yes"}, {"note": "孩子很好，奶奶身体也好"}],
)
def test_other_records_do_not(more: Row) -> None:
    assert not asks_to_talk_first(household(tables(visits=[QUIET | more])))


def test_a_concern_that_people_closed_does_not_ask_any_more() -> None:
    dv = QUIET | {"household_dv": "suspected"}
    closed = {"child_id": "C1", "decided_at": "2026-11-10", "decided_by": "W1", "decision": "close",
              "rule": "cn_dv_household", "reason": "lives apart", "confirmed_by": "S1"}  # fmt: skip
    both = [closed, closed | {"child_id": "C2"}]
    assert not asks_to_talk_first(household(tables(visits=[dv], decisions=both)))


def test_a_grave_note_that_was_amended_away_still_asks() -> None:
    said = {"visit_id": "N9", "child_id": "C1", "visit_date": "2026-10-20", "child_seen": "yes"}
    hit = {**said, "recorded_at": "2026-10-20", "note": "孩子说爸爸又打他"}
    fine = {**said, "recorded_at": "2026-10-25", "note": "孩子很好"}
    assert asks_to_talk_first(household(tables(visits=[hit, fine])))
    assert not asks_to_talk_first(household(tables(visits=[fine])))


def test_what_is_open_under_the_other_number_of_the_same_child_asks() -> None:
    other = {"child_id": "D1", "village_id": "V2", "household_id": "H9", "birth_date": "2016-05-01"}
    hit = {"visit_id": "N9", "child_id": "D1", "visit_date": "2026-10-20", "note": "爸爸又打她"}
    same = {
        "child_id": "D1",
        "decided_at": "2026-11-01",
        "decided_by": "S1",
        "decision": "same_child",
        "other_child_id": "C2",
        "reason": "one set of papers",
    }
    apart = tables(children=[other], visits=[hit])
    assert not asks_to_talk_first(household(apart))
    assert asks_to_talk_first(household(tables(children=[other], visits=[hit], decisions=[same])))


def test_a_child_whom_a_person_raised_asks() -> None:
    row = {"child_id": "C1", "decided_at": "2026-11-01", "decided_by": "S1", "reason": "I saw it"}
    raised = {**row, "decision": "override", "tier": "immediate"}
    assert asks_to_talk_first(household(tables(decisions=[raised])))
    assert not asks_to_talk_first(household(tables(decisions=[{**raised, "tier": "priority"}])))


def test_the_household_reads_as_the_ranking_reads_it() -> None:
    """The question is asked of the same records that the list is made of."""
    said = {"visit_id": "N9", "child_id": "C1", "visit_date": "2026-10-20", "child_seen": "yes"}
    found = tables(
        visits=[
            {**said, "recorded_at": "2026-10-20", "note": "孩子说爸爸又打他"},
            {**said, "recorded_at": "2026-10-25", "note": "孩子很好"},
        ]
    )
    frames = {name: pd.DataFrame(rows) for name, rows in found.items() if rows}
    ranked = {
        record["child_id"]: record
        for record in shipped_screener().rank(Caseload(**frames), AS_OF).records()
    }
    house = household(found)
    for child, record in zip(house.block.children["child_id"], house.records, strict=True):
        for part in ("concerns", "open_questions", "mentions"):
            assert record[part] == ranked[child][part]

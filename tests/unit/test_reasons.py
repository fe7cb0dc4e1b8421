"""Reasons in words: the paragraph, the neutral line, the code and the block for the terminal."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import follow_up_records as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.errors import UsageError
from carescreen.review.reading import contributions, days_overdue, doorstep, quote_of
from carescreen.review.reasons import (
    LINE_WIDTH,
    columns,
    neutral_line,
    paragraph,
    printable,
    read_today_tag,
    shorten,
    terminal_block,
)
from carescreen.review.redaction import redact
from carescreen.review.scoring import folded, shown_score
from carescreen.review.wording import article, chance, value_words

AS_OF = date(2026, 11, 1)
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def test_the_paragraph_says_where_the_child_stands_and_by_when() -> None:
    words = paragraph(made.busy_child(), "en", AS_OF)
    assert words.startswith(
        "C0012 is number 1 of all the children ranked: Immediate, please see the child by 29 Oct 2026 "
        "(the time limit is the programme's setting); this is overdue by 3 days."
    )
    assert paragraph(made.busy_child(), "zh", AS_OF).startswith(
        "C0012 在全部参加排序的儿童中列第 1 位：级别为立即，请在2026年10月29日前走访"
    )


def test_each_concern_comes_with_its_law_its_values_and_their_dates() -> None:
    words = paragraph(made.busy_child(), "en")
    assert "Law on the Protection of Minors (未成年人保护法), article 21" in words
    assert "Days left alone in a week: 3 days (20 Oct 2026)" in words
    assert "未成年人保护法第21条" in paragraph(made.busy_child(), "zh")
    assert "每周独自在家天数：3 天（2026年10月20日）" in paragraph(made.busy_child(), "zh")


@BOTH
def test_every_quote_is_the_exact_characters_of_the_note(language: str) -> None:
    words = paragraph(made.busy_child(), language)
    assert "“奶奶不在，一个人在家”" in words
    assert "“邻居说爸爸喝酒后动手打了妈妈”" in words
    assert made.HOSTILE in paragraph(made.hostile_child(), language)


def test_a_long_clause_is_quoted_by_the_words_that_were_found() -> None:
    item = {**made.ALONE, "clause": "很" * 300 + "一个人在家"}
    concern = {**made.UNATTENDED, "evidence": [item]}
    assert "写道“一个人在家”" in paragraph(made.record(concerns=[concern]), "zh")


def test_a_concern_that_a_note_alone_reached_asks_to_read_the_sentence_today() -> None:
    assert "Read this sentence today" in paragraph(made.note_alone_child(), "en")
    assert "今天请读这句话" in paragraph(made.note_alone_child(), "zh")
    assert "The sentence is not in this file" in paragraph(redact(made.note_alone_child()), "en")


def test_the_score_is_called_a_score_and_names_what_pushed_it() -> None:
    words = paragraph(made.busy_child(), "en")
    assert "The score is 0.500; it puts visits in order and is not a probability." in words
    assert "Raises the score: Violence between partners (+0.450), One carer for four" in words
    assert "Lowers the score: Neighbours who help (−0.260)." in words


@BOTH
def test_no_paragraph_has_a_percentage(language: str) -> None:
    calibrated = made.record(probability=0.123, probability_low=0.08, probability_high=0.18)
    for record in [*made.county(), calibrated]:
        assert "%" not in paragraph(record, language)


def test_a_chance_is_worded_with_what_it_is_a_chance_of_and_its_range() -> None:
    calibrated = made.record(probability=0.123, probability_low=0.08, probability_high=0.18)
    assert (
        "The chance that a visit now confirms a concern is about 12 in 100 (range 8 to 18 in 100)."
    ) in paragraph(calibrated, "en")
    assert "score" not in paragraph(calibrated, "en").lower()


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.0, "fewer than 1 in 100"), (1.0, "more than 99 in 100"), (None, "")],
)
def test_a_chance_is_never_none_and_never_all(probability: float | None, words: str) -> None:
    assert chance({"probability": probability}, "en") == words


def test_at_most_two_questions_are_asked_and_none_that_is_sensitive() -> None:
    step = doorstep(made.busy_child())
    assert [entry["code"] for entry in step.asked] == ["G07", "G19"]
    assert step.waiting == 1
    assert step.sensitive_codes == ("G21",)
    words = paragraph(made.busy_child(), "en")
    assert "worries you about an adult" not in words
    assert "1 open matter is not for the doorstep (G21)." in words


def test_records_that_need_putting_right_say_why() -> None:
    words = paragraph(made.needs_data_child(), "en")
    assert "the child is not in the children table" in words
    assert "routine" not in words.lower()


@BOTH
def test_every_paragraph_ends_with_what_it_is_not(language: str) -> None:
    end = {"zh": "最后由人来决定。", "en": "It is not proof, and a person decides."}[language]
    for record in made.county():
        assert paragraph(record, language).endswith(end)


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(UsageError, match="language is 'fr'"):
        paragraph(made.record(), "fr")


@BOTH
def test_the_neutral_line_names_no_concern(language: str) -> None:
    line = neutral_line(made.busy_child(), language)
    assert "G11" in line
    assert "G03" in line
    for concern in made.busy_child()["concerns"]:
        assert concern["title"][language] not in line


@BOTH
def test_a_terminal_block_is_a_few_lines_that_fit(language: str) -> None:
    for record in made.county():
        lines = terminal_block(record, language, AS_OF).split("\n")
        assert 2 <= len(lines) <= 6
        assert all(columns(line) <= LINE_WIDTH for line in lines)


@BOTH
def test_a_terminal_block_holds_no_control_character_or_direction_mark(language: str) -> None:
    block = terminal_block(made.hostile_child(), language)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", block)


def test_a_terminal_block_shows_the_sentence_that_a_tier_rests_on() -> None:
    block = terminal_block(made.busy_child(), "en", AS_OF)
    assert "Note: “邻居说爸爸喝酒后动手打了妈妈” (28 Oct 2026); read this sentence today" in block
    assert "See by 29 Oct 2026 (overdue by 3 days)" in block


def test_escape_sequences_lose_their_escape() -> None:
    assert "\x1b" not in printable("\x1b]0;title\x07 text")


def test_a_text_is_cut_by_columns_not_by_characters() -> None:
    assert shorten("一个人在家", 10) == "一个人在家"
    assert columns(shorten("一个人在家里", 10)) <= 10
    assert shorten("abcdef", 4) == "abc…"


def test_the_marked_words_are_the_occurrence_the_reader_found() -> None:
    item = {"quote": "打", "clause": "没打人，后来打人", "start": 16, "clause_start": 10}
    found = quote_of(item)
    assert found is not None
    assert (found.before, found.marked, found.after) == ("没打人，后来", "打", "人")


def test_a_quote_that_is_not_in_its_clause_is_shown_alone() -> None:
    found = quote_of({"quote": "abc", "clause": "xyz"})
    assert found is not None
    assert (found.before, found.marked, found.after) == ("", "abc", "")


def test_contributions_come_largest_first_whatever_their_sign() -> None:
    record = made.record(
        contributions=[
            {"feature": "a", "points": 0.1},
            {"feature": "b", "points": -0.4},
            {"feature": "c", "points": 0.0},
        ]
    )
    assert [entry["feature"] for entry in contributions(record)] == ["b", "a"]


def test_a_visit_due_today_is_not_overdue() -> None:
    assert days_overdue(made.record(due_on="2026-11-01"), AS_OF) == 0
    assert days_overdue(made.record(due_on="2026-10-31"), AS_OF) == 1
    assert days_overdue(made.record(due_on=None), AS_OF) == 0


def test_a_law_is_cited_in_each_language() -> None:
    assert article({"law": "教育法", "article": "art. 4(1)"}, "en") == "教育法, art. 4(1)"
    assert article({"law": "教育法", "article": "4(1)"}, "en") == "教育法, article 4(1)"
    assert article({"law": "教育法"}, "zh") == "教育法"


@pytest.mark.parametrize(
    ("place", "en", "zh"),
    [
        ("21", "Law, article 21", "Law第21条"),
        ("54-2", "Law, article 54-2", "Law第54-2条"),
        ("35(3)-(4)", "Law, article 35(3)-(4)", "Law第35(3)-(4)条"),
        ("2, 14", "Law, articles 2 and 14", "Law第2、14条"),
        ("4(1)、2、9", "Law, articles 4(1), 2 and 9", "Law第4(1)、2、9条"),
        ("7 days", "Law, 7 days", "Law 7 days"),
        ("21, note", "Law, 21, note", "Law 21, note"),
        ("认定条件", "Law (认定条件)", "Law 认定条件"),
    ],
)
def test_only_the_number_of_an_article_is_called_an_article(place: str, en: str, zh: str) -> None:
    source = {"law": "Law", "article": place}
    assert (article(source, "en"), article(source, "zh")) == (en, zh)


@pytest.mark.parametrize(
    ("law", "title", "place", "en"),
    [
        ("全国热线", "National line", "热线", "National line (全国热线：热线)"),
        ("WHO advice", "WHO advice", "SUI1, SUI2", "WHO advice, SUI1, SUI2"),
        ("WHO advice", "WHO advice", "", "WHO advice"),
        ("WHO advice", "WHO advice, 2009", "cut-offs", "WHO advice, 2009, cut-offs"),
        ("教育法", "Education Law", "4(1)", "Education Law (教育法), article 4(1)"),
        ("教育法", "", "认定条件", "教育法 (认定条件)"),
    ],
)
def test_an_english_citation_says_each_name_once_and_keeps_chinese_in_brackets(
    law: str, title: str, place: str, en: str
) -> None:
    assert article({"law": law, "title": {"en": title}, "article": place}, "en") == en


def factor(feature: str, points: float, **changes: Any) -> made.Record:
    plain = {"feature": feature, "title": made.texts(feature, feature), "points": points}
    return {**plain, "value": None, "sensitive": False, **changes}


def test_what_is_shown_of_a_score_adds_up_to_it() -> None:
    parts = [factor("a", 0.9), factor("b", 0.225), factor("c", 0.15)]
    words = paragraph(made.record(score=1.275, contributions=parts), "en")
    assert "The score is 1.275;" in words
    assert "Raises the score: a (+0.900), b (+0.225), c (+0.150)." in words


@given(
    st.integers(-2_000_000, 2_000_000),
    st.lists(st.tuples(st.integers(-2_000_000, 2_000_000), st.booleans()), max_size=12),
)
def test_whatever_the_weights_the_points_shown_add_up(
    start: int, weights: list[tuple[int, bool]]
) -> None:
    parts = [
        factor("" if hidden else f"f{n}", points / 1e6, sensitive=hidden)
        for n, (points, hidden) in enumerate(weights)
    ]
    total = start + sum(points for points, _ in weights)
    shown = shown_score({"score": total / 1e6, "intercept": start / 1e6, "contributions": parts})
    assert shown is not None
    assert shown.total == (total + 500) // 1000
    assert shown.start + sum(entry.points for entry in shown.factors) == shown.total
    for most in (1, 3):
        assert sum(entry.points for entry in folded(shown.factors, most)) == sum(
            entry.points for entry in shown.factors
        )


def test_hidden_factors_are_one_line_with_their_sum() -> None:
    parts = [factor("a", 0.9), factor("b", 0.225), factor("c", 0.15)]
    record = made.record(score=1.275, contributions=[{**p, "sensitive": True} for p in parts])
    words = paragraph(redact(record), "en")
    assert "Raises the score: 3 factors your supervisor will explain (+1.275)." in words
    block = terminal_block(redact(record), "zh")
    assert "分数 1.275：+1.275 3 个由督导当面说明的因素" in block


def test_a_starting_point_that_is_not_zero_is_said() -> None:
    record = made.record(score=0.4, intercept=0.1, contributions=[factor("a", 0.3)])
    assert "The score starts at +0.100. Raises the score: a (+0.300)." in paragraph(record, "en")
    assert "Score 0.400: start +0.100, +0.300 a" in terminal_block(record, "en")


@BOTH
def test_a_terminal_score_keeps_every_number_however_long_the_names(language: str) -> None:
    long = made.texts("A very long name of a factor " * 4, "一个很长很长的因素名称" * 6)
    parts = [factor(f"f{n}", points, title=long) for n, points in enumerate((0.9, -0.2, 0.1, 0.05))]
    lines = terminal_block(made.record(score=0.85, contributions=parts), language).split("\n")
    (line,) = [line for line in lines if "0.850" in line]
    assert re.findall(r"[+−]\d\.\d{3}", line) == ["+0.900", "−0.200", "+0.100", "+0.050"]
    assert columns(line) <= LINE_WIDTH


def test_a_child_that_was_assessed_alone_has_no_number() -> None:
    words = paragraph({**made.busy_child(), "rank": None}, "en", AS_OF)
    assert words.startswith("C0012: Immediate, please see the child by 29 Oct 2026")
    assert "number" not in words.split(".")[0]


def test_a_value_worked_out_from_others_has_no_bracket_and_an_undated_one_says_so() -> None:
    age, days_alone, _ = made.UNATTENDED["evidence"]
    concern = {**made.UNATTENDED, "evidence": [age, {**days_alone, "date": None}]}
    words = paragraph(made.record(concerns=[concern]), "en")
    assert "Age in years: 7 years; Days left alone in a week: 3 days (date not known)." in words


def test_hidden_concerns_are_one_reason_with_their_codes() -> None:
    other = {**made.VIOLENCE, "code": "G12"}
    record = redact(made.record(concerns=[made.UNATTENDED, made.VIOLENCE, other]))
    words = paragraph(record, "en")
    assert "Reason to visit: 2 concerns your supervisor will explain (G11, G12)." in words
    assert words.index("Child under 8") < words.index("2 concerns")
    assert "2 concerns your supervisor will explain [G11, G12]" in terminal_block(record, "en")


def test_a_note_that_is_not_in_the_file_is_named_by_its_date() -> None:
    record = redact(made.note_alone_child())
    assert "Read the note of 20 Oct 2026 today" in paragraph(record, "en")
    assert read_today_tag(record, "zh") == "今天请读2026年10月20日的走访记录"
    assert read_today_tag(made.note_alone_child(), "zh") == "今天请读这句话"
    assert read_today_tag(made.record(), "en") == ""


def test_one_of_a_unit_is_singular() -> None:
    value = {"value": "1", "unit": "days"}
    assert (value_words(value, "en"), value_words(value, "zh")) == ("1 day", "1 天")
    assert value_words({"value": "2.5", "unit": "hours"}, "en") == "2.5 hours"

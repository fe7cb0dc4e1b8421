"""The words of the list: complete in both languages, and fit to be read by a worried person."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import carescreen.review
from carescreen.errors import UsageError
from carescreen.review.texts import counted, day, pick, text, texts_of

CHINESE, ENGLISH = texts_of("zh"), texts_of("en")
FOLDER = Path(carescreen.review.__file__).parent
DYNAMIC = (
    *("tier_", "state_", "status_", "why_", "sheet_", "decision_", "unit_", "list_of_"),
    "table_",
    "train_",  # see carescreen/cohort_words.py
    *(
        "do_",
        "say_",
        "code_",
        "result_",
        "referral_",
        "visit_seen_",
        "moved_returned",
        "same_different",
        "people_",  # people.html.j2
        "change_",
        "since_",
        "dispute_",
        *("told_outcome", "told_referral", "told_own_concern", "told_lower", "told_visited"),
        *("told_could_not_see", "to_do_lower", "to_do_own_concern"),
        "correction_",
        *("family_unknown", "family_nothing", "family_corrected", "family_kept"),
    ),  # see carescreen/review/recording.py
)
EVERY_TEXT = [*CHINESE.values(), *ENGLISH.values()]
GUILT = re.compile(r"guilt|abuser|perpetrator|offender|施暴者|嫌疑人|犯罪|有罪", re.IGNORECASE)
COLOURS = re.compile(r"\b(red|amber|orange|yellow|green|blue)\b|[红橙黄绿蓝]色", re.IGNORECASE)


def names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    assert list(CHINESE) == list(ENGLISH)


def test_both_languages_use_the_same_names_and_say_something() -> None:
    assert [key for key in ENGLISH if names(CHINESE[key]) != names(ENGLISH[key])] == []
    assert [key for key in ENGLISH if not (CHINESE[key] and ENGLISH[key])] == []


def test_no_text_names_a_tier_by_a_colour_or_gives_a_bare_percentage() -> None:
    assert [words for words in EVERY_TEXT if COLOURS.search(words) or "%" in words] == []


def test_no_text_speaks_of_guilt() -> None:
    assert [words for words in EVERY_TEXT if GUILT.search(words)] == []


def test_every_text_is_used_somewhere() -> None:
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".py", ".j2")]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    stems = {re.sub(r"_(one|other)$", "", key) for key in ENGLISH}
    unused = [stem for stem in stems if stem not in code and not stem.startswith(DYNAMIC)]
    assert unused == []


def test_no_text_is_broken_by_a_blank_between_chinese_sentences() -> None:
    assert [words for words in CHINESE.values() if re.search(r"[。；，] ", words)] == []


def test_a_value_is_never_read_as_a_template() -> None:
    assert "{count.__class__}" in text("para_seen", "en", date="{count.__class__}")


def test_a_count_of_one_reads_as_one() -> None:
    assert counted("overdue_days", 1, "en") == "overdue by 1 day"
    assert counted("overdue_days", 2, "en") == "overdue by 2 days"
    assert counted("overdue_days", 2, "zh") == "已逾期 2 天"


def test_a_blank_date_says_that_it_is_not_recorded() -> None:
    assert day(None, "en") == "not recorded"
    assert day("2026-11-02T09:30:00", "zh") == "2026年11月2日"


def test_a_title_in_one_language_stands_in_for_the_other() -> None:
    assert pick({"zh": "上学"}, "en") == "上学"
    assert pick(None, "en") == ""


def test_an_unknown_language_names_the_ones_there_are() -> None:
    with pytest.raises(UsageError, match="allowed: zh, en"):
        text("why", "fr")

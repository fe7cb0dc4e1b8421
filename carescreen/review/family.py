"""The page for a family: in plain words what is recorded about its child, and how to correct it.

The page is made of a `FamilyPage` alone, which has no place for anything else: no reporters, notes,
tiers, scores, concerns or names. Its words are for a grandparent to whom somebody reads them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment
from markupsafe import Markup

from carescreen.review import wording
from carescreen.review.bilingual import Bilingual
from carescreen.review.pages import labels_in, page_environment, policy_of, spans
from carescreen.review.texts import LANGUAGES, Texts, both, day, pick, texts_of

GENERATOR = "carescreen review family"  # the page's own mark
BOX_LINES = 5

State = Literal["known", "derived", "unknown", "nothing"]

_TEMPLATES = Path(__file__).parent / "templates"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


@dataclass(frozen=True, repr=False)  # its values are records
class Recorded:
    """One line of what is recorded.

    value  value, value_title and unit as `wording.value_words` reads them; None where there is none
    month  such as 2026-11, in which it was recorded; None where that is not known
    state  "known"; "derived" (worked out); "unknown"; "nothing" (of an event that nobody noted)
    """

    title: Texts
    value: Mapping[str, Any] | None
    month: str | None
    state: State


@dataclass(frozen=True, repr=False)  # its values are records
class SaidBefore:
    """A correction that the family asked for: when, and "", corrected or kept with its day."""

    said_on: date | None
    result: str
    answered_on: date | None


@dataclass(frozen=True, repr=False)  # its values are records
class FamilyPage:
    """Everything that the page says about a child; `last_seen` is a month such as 2026-11."""

    child_id: str
    as_of: date
    recorded: tuple[Recorded, ...]
    last_seen: str | None
    help: tuple[Texts, ...]
    said_before: tuple[SaidBefore, ...]
    answer_days: int
    synthetic: bool = False


def family_html(page: FamilyPage, language: str) -> str:
    """The page as HTML: one file that loads nothing, opens in `language` and holds both."""
    texts_of(language)
    style, script = _asset("family.css"), _asset("language.js")
    return (
        _environment()
        .get_template("family.html.j2")
        .render(
            bilingual=Bilingual(language),
            labels=labels_in(language),
            language=language,
            generator=GENERATOR,
            policy=policy_of(style, script),
            style=Markup(style),  # noqa: S704  our own file, not data
            script=Markup(script),  # noqa: S704
            page=page,
            as_of=_dated(page.as_of),
            lines=[_line(entry) for entry in page.recorded],
            seen=_seen(page.last_seen),
            help=[_picked(title) for title in page.help],
            answer=_with_day("family_answer_by", page.as_of, page.answer_days),
            said=[_said(entry, page) for entry in page.said_before],
            box_lines=BOX_LINES,
        )
    )


def _line(entry: Recorded) -> tuple[Texts, Texts, Texts | None]:
    """Title, value, and when it was recorded."""
    title = _picked(entry.title)
    if entry.value is None:
        return title, both(f"family_{entry.state}"), None
    value: Texts = {str(lang): wording.value_words(entry.value, lang) for lang in LANGUAGES}
    if entry.state == "derived":
        return title, value, both("family_derived")
    if entry.month is None:
        return title, value, both("family_undated")
    return title, value, _with_month("family_recorded", entry.month)


def _seen(month: str | None) -> Texts:
    return _with_month("family_seen", month) if month else both("family_not_seen")


def _said(entry: SaidBefore, page: FamilyPage) -> tuple[Texts, Texts]:
    """That something was said to be wrong, and what became of it."""
    said = _with_day("family_said", entry.said_on) if entry.said_on else both("family_said_undated")
    if entry.result and entry.answered_on:
        return said, _with_day(f"family_{entry.result}", entry.answered_on)
    if entry.said_on and entry.said_on + timedelta(page.answer_days) >= page.as_of:
        return said, _with_day("family_wait", entry.said_on, page.answer_days)
    return said, both("family_late")


def _with_day(key: str, on: date, days: int = 0) -> Texts:
    """A text with the day so many days after one, and the number of days."""
    until = on + timedelta(days)
    return {lang: both(key, date=day(until, lang), days=days)[lang] for lang in LANGUAGES}


def _with_month(key: str, month: str) -> Texts:
    year, number = (int(part) for part in month.split("-"))
    words = {"zh": f"{year}年{number}月", "en": f"{_MONTHS[number - 1]} {year}"}
    return {lang: both(key, month=words[lang])[lang] for lang in LANGUAGES}


def _dated(on: date) -> Texts:
    return {lang: day(on, lang) for lang in LANGUAGES}


def _picked(texts: Texts) -> Texts:
    return {lang: pick(texts, lang) for lang in LANGUAGES}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = page_environment(_TEMPLATES)
    environment.filters["spans"] = spans
    environment.globals.update(t=both)
    return environment


def _asset(name: str) -> str:
    return "\n" + (_TEMPLATES / name).read_text(encoding="utf-8")

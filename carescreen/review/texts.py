"""Every word of the follow-up list in Chinese and English, from texts.en.yaml and texts.zh.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from carescreen.errors import UsageError
from carescreen.yamlfile import read_yaml

Language = Literal["zh", "en"]
Texts = Mapping[str, str]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LISTS = {"en": (", ", "; ", " "), "zh": ("、", "；", "")}


@cache
def texts_of(language: str) -> dict[str, str]:
    """All texts of one language by key; UsageError for a language there is no file of."""
    if language not in LANGUAGES:
        raise UsageError(f"language is '{language}'; allowed: {', '.join(LANGUAGES)}")
    data = read_yaml(Path(__file__).parent / f"texts.{language}.yaml").data
    return {str(key): str(value).strip() for key, value in data.items()}


def text(key: str, language: str, **values: object) -> str:
    """One text, its {names} filled in; a value is never read as a template.

    >>> text("overdue_days_other", "en", count=3)
    'overdue by 3 days'
    >>> text("tier_urgent", "zh")
    '紧急'
    """
    template = texts_of(language)[key]
    return template.format(**values) if values else template


def counted(stem: str, count: int, language: str, **values: object) -> str:
    """A text that has a form for one and a form for other counts.

    >>> counted("children_count", 1, "en")
    '1 child'
    """
    form = "one" if count == 1 else "other"
    return text(f"{stem}_{form}", language, count=count, **values)


def both(key: str, **values: object) -> dict[str, str]:
    """One text in every language."""
    return {language: text(key, language, **values) for language in LANGUAGES}


def both_counted(stem: str, count: int, **values: object) -> dict[str, str]:
    """A counted text in every language."""
    return {language: counted(stem, count, language, **values) for language in LANGUAGES}


def pick(texts: Texts | str | None, language: str) -> str:
    """A pack's text in one language, or in the other one where the pack gives only that.

    >>> pick({"en": "School"}, "zh")
    'School'
    """
    if texts is None or isinstance(texts, str):
        return texts or ""
    return texts.get(language) or texts.get("en") or texts.get("zh") or ""


def as_day(value: Any) -> date | None:
    """A calendar day from a date, or from ISO text with or without a time; None where blank."""
    if not value:
        return None
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    return date.fromisoformat(str(value)[:10])


def day(value: Any, language: str) -> str:
    """A date as people write it; a blank one says that it is not recorded.

    >>> day("2026-11-02", "en"), day("2026-11-02", "zh")
    ('2 Nov 2026', '2026年11月2日')
    """
    found = as_day(value)
    if found is None:
        return text("not_recorded", language)
    if language == "zh":
        return f"{found.year}年{found.month}月{found.day}日"
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def items(parts: list[str], language: str) -> str:
    """Short parts as one enumeration."""
    return _LISTS[language][0].join(parts)


def clauses(parts: list[str], language: str) -> str:
    """Longer parts, which may hold commas, as one enumeration."""
    return _LISTS[language][1].join(parts)


def sentences(parts: list[str], language: str) -> str:
    """Whole sentences, blank ones left out, as one paragraph."""
    return _LISTS[language][2].join(part for part in parts if part)

"""Short phrases that the paragraph, the page and the spreadsheet share, one language a call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from carescreen.review.reading import Record, days_overdue, display_code, entries, is_hidden
from carescreen.review.texts import counted, day, items, pick, text

# An article's number, with its paragraphs: 4(1), 244-1 and 35(3)-(4), but not "7 days".
_ARTICLE = re.compile(r"\d+(-\d+)?(\(\d+\))*(-\(\d+\))?", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff]")
_UNITS = ("hours", "days", "nights", "months", "years")
_NEEDS_DATA = {
    "duplicate_child": "needs_duplicate_child",
    "child_row_rejected": "needs_child_row_rejected",
    "visit_row_rejected": "needs_visit_row_rejected",
    "unknown_child": "needs_unknown_child",
    "note_unreadable": "needs_note_unreadable",
}


def tier_word(tier: str, language: str) -> str:
    """A tier as readers know it.

    >>> tier_word("priority", "zh")
    '优先'
    """
    return text(f"tier_{tier}", language)


def points(thousandths: int) -> str:
    """Signed points of the score, with a true minus sign.

    >>> points(450), points(-200)
    ('+0.450', '−0.200')
    """
    return f"{thousandths / 1000:+.3f}".replace("-", "−")


def score(thousandths: int) -> str:
    """A score with three decimals.

    >>> score(1275), score(0)
    ('1.275', '0.000')
    """
    return f"{thousandths / 1000:.3f}".replace("-", "−")


def chance(record: Record, language: str) -> str:
    """The calibrated chance in words, with its range; empty where there is no probability.

    Counted in 100 and never as a bare percentage; the ends are worded, because an estimate is
    neither never nor always.
    """
    probability = record.get("probability")
    if probability is None:
        return ""
    low, high = record.get("probability_low"), record.get("probability_high")
    about = _per_hundred(float(probability), language)
    if low is None or high is None:
        return about
    bounds = text("chance_range", language, low=_whole(low), high=_whole(high))
    return f"{about} ({bounds})" if language == "en" else f"{about}（{bounds}）"


def _per_hundred(probability: float, language: str) -> str:
    count = round(probability * 100)
    if count < 1:
        return text("chance_few", language)
    if count > 99:
        return text("chance_many", language)
    return text("chance_about", language, count=count)


def _whole(probability: float) -> int:
    return min(max(round(float(probability) * 100), 0), 99)


def due(record: Record, language: str, as_of: date | None = None) -> str:
    """When the child should be seen, and by how many days that has passed."""
    if not record.get("due_on"):
        return text("no_due_date", language)
    words = text("see_by_date", language, date=day(record["due_on"], language))
    late = days_overdue(record, as_of)
    if not late:
        return words
    after = counted("overdue_days", late, language)
    return f"{words} ({after})" if language == "en" else f"{words}（{after}）"


def last_seen(record: Record, language: str) -> str:
    """When the child was last seen: the day, and how long that is before the list's date."""
    days, on = record.get("days_since_seen"), record.get("last_seen_on")
    if days is None:
        return text("never_seen", language)
    ago = counted("days_ago", int(days), language) if int(days) else ""
    ago = ago or text("days_ago_today", language)
    return text("seen_date", language, date=day(on, language), ago=ago) if on else ago


def value_words(item: Record, language: str) -> str:
    """A recorded value in the pack's words, or as it was recorded, with its unit.

    >>> value_words({"value": "3", "unit": "nights"}, "zh")
    '3 晚'
    >>> value_words({"value": "1", "unit": "nights"}, "en")
    '1 night'
    """
    if item.get("value_title"):
        return pick(item["value_title"], language)
    value, unit = plain_value(item.get("value"), language), item.get("unit")
    if not unit:
        return value
    form = "one" if value == "1" else "other"
    return f"{value} {text(f'unit_{unit}_{form}', language) if unit in _UNITS else unit}"


def plain_value(value: Any, language: str) -> str:
    """A value without a title: yes and no in words, whole numbers without a fraction.

    >>> plain_value("yes", "zh"), plain_value(3.0, "en"), plain_value(None, "en")
    ('是', '3', '')
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    word = str(value)
    return text(word, language) if word in ("yes", "no", "unknown") else word


def article(source: Record, language: str) -> str:
    """The source and the place in it; only numbers such as 21, 4(1) or 244-1 are called articles.

    A source has its own name and may have titles in other languages. In English the English title
    stands first; its own name, and a place that is not in English, follow once in brackets, where
    they say more than the title. In Chinese the Chinese title stands in for a foreign name.

    >>> article({"law": "未成年人保护法", "article": "2, 14"}, "zh")
    '未成年人保护法第2、14条'
    >>> article({"law": "意见", "title": {"en": "Opinion"}, "article": "四个一"}, "en")
    'Opinion (意见：四个一)'
    >>> article({"law": "TEN-4", "title": {"en": "TEN-4", "zh": "幼儿淤青判断规则"}}, "zh")
    '幼儿淤青判断规则'
    """
    law, place = pick(source.get("law"), language), str(source.get("article") or "")
    if language == "zh" and not _HAN.search(law) and isinstance(source.get("title"), dict):
        law = source["title"].get("zh") or law
    numbers = article_numbers(place)
    placed = _articles(numbers, language) if numbers else place
    if language == "zh":
        return f"{law}{placed}" if placed != place else f"{law} {place}".rstrip()
    foreign = place if _HAN.search(place) else ""
    name = _english_name(source, law, foreign)
    if not place or foreign:
        return name
    return f"{name}, {placed}"


def article_numbers(place: str) -> list[str]:
    """The articles that a place in a source names by number; none where it is a place in words.

    >>> article_numbers("92, 94(1)"), article_numbers("7 days")
    (['92', '94(1)'], [])
    """
    return list(_article_numbers(place))


@lru_cache(maxsize=1000)
def _article_numbers(place: str) -> tuple[str, ...]:
    numbers = re.split(r"\s*[,，、;；]\s*", place)
    return tuple(numbers) if all(map(_ARTICLE.fullmatch, numbers)) else ()


def _english_name(source: Record, law: str, place: str) -> str:
    """The English title, and in brackets what only the source's own language says."""
    title = pick(source.get("title"), "en") or law
    own = [law] if law != title and _HAN.search(law) else []
    inner = "：".join([*own, *([place] if place else [])])
    return f"{title} ({inner})" if inner else title


def _articles(numbers: list[str], language: str) -> str:
    *first, last = numbers
    if not first:
        return text("law_article", language, article=last)
    return text("law_articles", language, first=items(first, language), last=last)


def concern_words(concern: Record, language: str) -> str:
    """The title of a concern, with its code where redaction has left only that."""
    title = pick(concern["title"], language)
    if not is_hidden(concern):
        return title
    return text("title_coded", language, title=title, code=display_code(concern))


def raised(record: Record, language: str) -> str:
    """That a person raised the tier, and when; empty where nobody did."""
    by_person = record.get("raised_by_person")
    if not by_person:
        return ""
    tier, on = tier_word(by_person["tier"], language), day(by_person["date"], language)
    return text("raised_by_person", language, tier=tier, date=on)


def needs_data(record: Record, language: str) -> list[str]:
    """Why a child's records need putting right, in words."""
    reasons: Sequence[str] = entries(record, "needs_data_reasons")  # type: ignore[assignment]
    keys = dict.fromkeys(_NEEDS_DATA.get(reason, "needs_other") for reason in reasons)
    return [text(key, language) for key in keys or ("needs_other",)]

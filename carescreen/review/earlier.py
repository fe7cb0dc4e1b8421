"""Where a child stood on earlier lists, as one line: 3rd on 1 Oct 2026, 14th on 1 Sep 2026."""

from __future__ import annotations

from carescreen.review import wording
from carescreen.review.reading import Record, entries
from carescreen.review.texts import clauses, day, text


def past_places(record: Record, language: str) -> str:
    """A child's places on earlier lists, the newest first; "" where it has none.

    >>> then = {"as_of": "2026-10-01", "rank": 3, "tier": "urgent"}
    >>> past_places({"past_positions": [then]}, "en")
    '3rd on 1 Oct 2026 (Urgent)'
    """
    return clauses([_place(past, language) for past in entries(record, "past_positions")], language)


def past_sentence(record: Record, language: str) -> str:
    """The same as a sentence."""
    found = past_places(record, language)
    return text("para_past", language, items=found) if found else ""


def _place(past: Record, language: str) -> str:
    rank = int(past["rank"])
    return text(
        "past_place",
        language,
        rank=ordinal(rank) if language == "en" else rank,
        tier=wording.tier_word(past["tier"], language),
        date=day(past["as_of"], language),
    )


def ordinal(number: int) -> str:
    """A place in English.

    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112, 1003)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th', '1003rd']
    """
    teens = 11 <= number % 100 <= 13
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"

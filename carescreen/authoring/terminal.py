"""What the reports of a pack share in a terminal: words for tiers and lanes, and tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from carescreen.indicators import Texts
from carescreen.pack import TIERS
from carescreen.review.wording import tier_word

_LANES: dict[str, Texts] = {
    "entitlement": {"en": "Entitlement", "zh": "待遇与手续"},
    "advice": {"en": "Advice", "zh": "提醒"},
}


def place_word(name: str, language: str) -> str:
    """A tier or lane as readers know it.

    >>> place_word("urgent", "zh"), place_word("advice", "en")
    ('紧急', 'Advice')
    """
    return tier_word(name, language) if name in TIERS else _LANES[name][language]


def table_lines(rows: list[list[str]], words: int) -> Iterator[str]:
    """Columns aligned in a terminal; the first `words` of them to the left."""
    widths = [max(_cells(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            _padded(cell, width, left=place < words)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()


def _padded(cell: str, width: int, left: bool) -> str:
    space = " " * (width - _cells(cell))
    return cell + space if left else space + cell


def _cells(text: str) -> int:
    """How many cells a text takes in a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)

"""Cards as markup, each drawn once and put on every page on which it stands.

A child stands on its caseworker's page and on the supervisor's, and drawing a card is most of the work.
A drawn card has holes for what each page says its own way: its texts, which a page numbers in the order
in which they first stand on it (carescreen.review.bilingual), the numbers of its sources, and its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Template
from markupsafe import Markup, escape

from carescreen.review.bilingual import Bilingual
from carescreen.review.cards import Setting, SourceKey, card, same_household
from carescreen.review.reading import Record, entries
from carescreen.review.texts import LANGUAGES, Texts

# No template of ours holds such a mark, and what a record says is escaped: none can come from it.
_HOLE = re.compile(r"<\?(-?\d+)>")
_PLACE = -1  # holes from 0 on are texts, those below it sources


@dataclass(frozen=True, repr=False)  # it holds a record
class Drawn:
    """A card: what stands between its holes, and the number of each hole."""

    between: Sequence[str]
    holes: Sequence[int]


class Pen:
    """Draws cards, and knows what belongs into their holes; `template` has the macro `card_item`."""

    def __init__(self, template: Template) -> None:
        self._texts: list[Texts] = []
        self._marks: dict[tuple[str, ...], Markup] = {}
        self._sources = _Sources()
        self._between: dict[str, str] = {}  # most of what stands between holes is the template's
        self._card_item: Any = template.make_module({"bilingual": self}).card_item  # type: ignore[attr-defined]

    def mark(self, texts: Texts) -> Markup:
        """A hole for a text, in place of the mark of a page; the text where all languages say it so."""
        words = tuple(texts[language] for language in LANGUAGES)
        mark = self._marks.get(words)
        if mark is None:
            if len(set(words)) == 1:
                mark = escape(words[0])
            else:
                mark = _hole(len(self._texts))
                self._texts.append(dict(zip(LANGUAGES, words, strict=True)))
            self._marks[words] = mark
        return mark

    def draw(self, record: Record, setting: Setting) -> Drawn:
        """The card of a record that the list may show."""
        markup = self._card_item(card(record, _hole(_PLACE), setting, self._sources))
        parts = _HOLE.split(str(markup))
        between = [self._between.setdefault(part, part) for part in parts[::2]]
        return Drawn(between, [int(number) for number in parts[1::2]])

    def text(self, hole: int) -> Texts:
        """The text of a hole."""
        return self._texts[hole]

    def source(self, hole: int) -> SourceKey:
        """The source of a hole."""
        return self._sources.keys_in_order[_PLACE - 1 - hole]


class _Sources(dict[SourceKey, str]):
    """A hole for each source, numbered as they come."""

    def __init__(self) -> None:
        self.keys_in_order: list[SourceKey] = []

    def __missing__(self, key: SourceKey) -> str:
        self[key] = _hole(_PLACE - 1 - len(self.keys_in_order))
        self.keys_in_order.append(key)
        return self[key]


def _hole(number: int) -> Markup:
    return Markup(f"<?{number}>")  # noqa: S704  a number


def is_drawn_alike(record: Record, one: Setting, other: Setting) -> bool:
    """Whether a card drawn for one page is also that of another page of the same list and day."""
    if one.for_supervisor != other.for_supervisor and entries(record, "conflicts"):
        return False
    return same_household(record, one.households) == same_household(record, other.households)


class CardsOnPage:
    """Puts drawn cards on one page, with its numbers of texts and sources."""

    def __init__(
        self, pen: Pen, bilingual: Bilingual, sources: Mapping[SourceKey, int], setting: Setting
    ) -> None:
        self.pen, self.setting = pen, setting
        self._fillings = _Fillings(pen, bilingual, sources)

    def card(self, record: Record, place: str) -> Markup:
        """Draw a card and put it on the page."""
        return self.put(self.pen.draw(record, self.setting), place)

    def put(self, drawn: Drawn, place: str) -> Markup:
        """A card as it stands on the page; `place` is its place in its group, as "1/25"."""
        self._fillings[_PLACE] = escape(place)
        parts = [""] * (len(drawn.between) + len(drawn.holes))
        parts[::2] = drawn.between
        parts[1::2] = map(self._fillings.__getitem__, drawn.holes)
        return Markup("".join(parts))  # noqa: S704  of escaped parts


class _Fillings(dict[int, str]):
    """What stands in each hole on one page, found when it first does."""

    def __init__(self, pen: Pen, bilingual: Bilingual, sources: Mapping[SourceKey, int]) -> None:
        self._pen, self._bilingual, self._sources = pen, bilingual, sources

    def __missing__(self, hole: int) -> str:
        if hole >= 0:
            self[hole] = self._bilingual.mark(self._pen.text(hole))
        else:
            self[hole] = str(self._sources[self._pen.source(hole)])
        return self[hole]

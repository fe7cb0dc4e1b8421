"""Texts of a page that a reader can switch between languages.

A page shows each text once, in the language it opens in, with a number; the words of the other
language stand once a page in a table that the page's own script reads. A list where every text
stood in both languages at its place was twice as large.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from carescreen.review.texts import LANGUAGES, Texts


class Bilingual:
    """The numbered texts of one page, in the order in which they first stand on it."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self._marks: dict[tuple[str, ...], Markup] = {}

    def mark(self, texts: Texts) -> Markup:
        """A text in the shown language; numbered unless it is the same in every language."""
        words = tuple(texts[language] for language in LANGUAGES)
        if len(set(words)) == 1:
            return escape(words[0])
        mark = self._marks.get(words)
        if mark is None:  # most texts of a page stand on it many times
            shown = escape(texts[self.shown])
            mark = Markup(f"<i data-w={len(self._marks)}>{shown}</i>")  # noqa: S704  escaped
            self._marks[words] = mark
        return mark

    def table(self) -> list[Texts]:
        """Every numbered text so far, by number."""
        return [dict(zip(LANGUAGES, words, strict=True)) for words in self._marks]

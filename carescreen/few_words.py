"""The words of few, short notes, as plain values: what `scan`, `breaks` and `patterns` find in many.

An array operation on a hundred characters is all overhead. Here each place of a text asks a
dictionary for the words that begin so. A test holds that few notes are read as many are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import add
from typing import NamedTuple

from carescreen.normalise import SEPARATOR, fold_table
from carescreen.patterns import PatternTable
from carescreen.vocabulary import ELEMENT, Vocabulary

_WORD = "a-z0-9\u00df-\u024e"  # normalise.is_word
HAN = "\u3400-\u9fff"  # normalise.is_han
WORD_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789") | frozenset(
    map(chr, range(0xDF, 0x24F))
)
RUN = re.compile(f"[{_WORD}]+")
WORDS = re.compile(f"[{_WORD}]+(?:'[{_WORD}]+)*")  # gramindex: an apostrophe between two letters
_APART = chr(SEPARATOR)
_HARD = frozenset("。!?;\n." + _APART)
_CUT = re.compile(f"[。!?;\n,():{_APART}]|\\.(?![.{_WORD}])|(?<=[{HAN}]) (?=[{HAN}])")
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_KEY = 2  # characters that a bucket knows, of a Latin word after its first run


class Hit(NamedTuple):
    """A word with one thing that it is for: see `vocabulary.Roles`."""

    start: int
    end: int
    kind: int
    value: int


class Match(NamedTuple):
    """A whole pattern; `words` has where each of its parts stands."""

    pattern: int
    start: int
    end: int
    anchor: int
    words: tuple[tuple[int, int], ...]


@dataclass(frozen=True, repr=False)  # its text is a record
class Page:
    """Some notes folded, a separator behind each, and where they, sentences and clauses end.

    `cuts` ends clauses where words are weighed, `soft` where a phrase is looked for (see `breaks`).
    """

    text: str
    starts: list[int]
    hard: list[int]
    soft: list[int]
    cuts: list[int]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Page:
        """Fold and join notes, each character to one."""
        starts = [0]
        for text in texts:
            starts.append(starts[-1] + len(text) + 1)
        text = _APART.join([_folded(text) for text in texts]) + _APART
        cuts, soft, hard = [], [], []
        for found in _CUT.finditer(text):
            at = found.start()
            cuts.append(at)
            character = text[at]
            if character != ":":
                soft.append(at)
            if character in _HARD:
                hard.append(at)
        return cls(text, starts, hard, soft, cuts)

    def clause_of(self, at: int) -> int:
        """The number of the clause of a place, as phrases have it."""
        return bisect_left(self.soft, at)


@lru_cache(maxsize=1)
def _fold() -> str:
    return "".join(map(chr, fold_table().tolist()))


def _folded(text: str) -> str:
    text = text.translate(_fold())  # a str is a table by position
    if not text.isascii():
        text = _BEYOND.sub("\uffff", text)
    if "-" in text:
        whole = f"{text}{_APART}"  # behind the last one, and before the first
        text = "".join(
            character
            if character != "-"
            else " "
            if at and whole[at - 1] in WORD_CHARACTERS and whole[at + 1] in WORD_CHARACTERS
            else ","
            for at, character in enumerate(text)
        )
    return text


Span = tuple[int, int]
_Parts = Mapping[int, list[Span]]  # where each part of patterns stands, by start


class _Word(NamedTuple):
    text: str
    length: int
    ends_latin: bool
    roles: tuple[tuple[int, int], ...]
    parts: tuple[int, ...]


class FewWords:
    """A vocabulary's words and patterns, filed by how they begin."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._single: dict[str, list[_Word]] = defaultdict(list)
        self._pairs: dict[str, list[_Word]] = defaultdict(list)
        self._latin: dict[str, list[_Word]] = defaultdict(list)
        for word, roles in vocabulary.roles_of_words.items():
            own = tuple((kind, value) for kind, value in roles if kind != ELEMENT)
            parts = tuple(value for kind, value in roles if kind == ELEMENT)
            filed = _Word(word, len(word), word[-1] in WORD_CHARACTERS, own, parts)
            if run := RUN.match(word):
                self._latin[word[: run.end() + _KEY]].append(filed)
            elif len(word) > 1:
                self._pairs[word[:2]].append(filed)
            else:
                self._single[word].append(filed)
        self._patterns = _FewPatterns.of(vocabulary.patterns)

    def find(self, page: Page) -> tuple[list[Hit], _Parts]:
        """What stands in a text, by start: roles, and the parts of patterns."""
        text = page.text
        roles: list[Hit] = []
        parts: dict[int, list[Span]] = {}
        for at, words in self._asked(text):
            for word, length, ends_latin, of_roles, of_parts in words:
                end = at + length
                if not text.startswith(word, at):
                    continue
                if ends_latin and text[end] in WORD_CHARACTERS:
                    continue
                for kind, value in of_roles:
                    roles.append(Hit(at, end, kind, value))
                for part in of_parts:
                    if part in parts:
                        parts[part].append((at, end))
                    else:
                        parts[part] = [(at, end)]
        return roles, parts

    def _asked(self, text: str) -> list[tuple[int, list[_Word]]]:
        """Places and words that may stand there, by place."""
        asked = [(at, words) for at, words in enumerate(map(self._single.get, text)) if words]
        pairs = map(self._pairs.get, map(add, text, text[1:]))
        asked += [(at, words) for at, words in enumerate(pairs) if words]
        latin = self._latin.get
        for found in RUN.finditer(text):
            at, end = found.span()
            for until in (end, end + 1, end + _KEY):
                if words := latin(text[at:until]):
                    asked.append((at, words))
        asked.sort(key=_first)
        return asked

    def match(self, page: Page, parts: _Parts, shields: Collection[Span]) -> list[Match]:
        """Every whole pattern in one clause, by start; each way to choose its parts is one.

        No part may lie inside a longer shield.
        """
        matches = list(self._patterns.find(page, parts, shields))
        matches.sort(key=lambda match: match.start)
        return matches


def held_by_longer(span: Span, covers: Collection[Span]) -> bool:
    """Whether a longer span holds this one."""
    start, end = span
    for cover in covers:  # noqa: SIM110  # a generator takes twice as long
        if cover[0] <= start and end <= cover[1] and cover != span:
            return True
    return False


def _first(asked: tuple[int, list[_Word]]) -> int:
    return asked[0]


@dataclass(frozen=True)
class _FewPatterns:
    """Patterns filed under the part that fewest other patterns have."""

    by_part: Mapping[int, Sequence[_Pattern]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: PatternTable) -> _FewPatterns:
        every = [
            _Pattern(row, tuple(table.parts[part] for part in pattern.parts), tuple(pattern.gaps))
            for row, pattern in enumerate(table.patterns)
        ]
        times = Counter(part for pattern in every for part in set(pattern.parts))
        filed: dict[int, list[_Pattern]] = defaultdict(list)
        for pattern in every:
            filed[min(pattern.parts, key=lambda part: times[part])].append(pattern)
        return cls(dict(filed))

    def find(self, page: Page, parts: _Parts, shields: Collection[Span]) -> Iterator[Match]:
        for part in self.by_part.keys() & parts.keys():
            for pattern in self.by_part[part]:
                for other in pattern.parts:
                    if other not in parts:
                        break
                else:
                    yield from pattern.ways(page, parts, shields)


class _Pattern(NamedTuple):
    number: int
    parts: tuple[int, ...]
    gaps: tuple[tuple[int, int], ...]

    def ways(self, page: Page, parts: _Parts, shields: Collection[Span]) -> Iterator[Match]:
        """Each way to choose a place for every part, at a distance that its gap allows."""
        free = [parts[part] for part in self.parts]
        if shields:
            free = [[at for at in places if not held_by_longer(at, shields)] for places in free]
        found: list[tuple[Span, ...]] = [(place,) for place in free[0]]
        for places, (low, high) in zip(free[1:], self.gaps, strict=True):
            grown = []
            for way in found:
                end = way[-1][1]
                for number in range(bisect_left(places, (end + low,)), len(places)):
                    if places[number][0] > end + high:
                        break
                    grown.append((*way, places[number]))
            found = grown
        for way in found:
            start, anchor = way[0][0], way[-1][0]
            if page.clause_of(start) == page.clause_of(anchor):
                yield Match(self.number, start, way[-1][1], anchor, way)

"""Which phrases may not be learned from a caseload's notes: names, places, protected attributes.

Rules catch what a list can say (data/phrases_kept_out.yaml, with reasons) and what the caseload itself
says (the ids and names of its villages and workers); capitals inside English sentences tell names
that no list has. What all of that misses, the spread over villages does: see admission.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from carescreen.errors import PackError
from carescreen.ngrams import note_phrases
from carescreen.yamlfile import YamlFile, read_yaml

FORMAT = "carescreen-kept-out/1"
PATH = Path(__file__).parent / "data" / "phrases_kept_out.yaml"
SCHEME_SHARE = 0.2  # a word of so large a share of all ids is how ids are made, and names nobody
CAPITAL_SHARE = 0.8  # of the places inside a sentence where a word stands
MIN_CAPITALS = 3  # fewer capitals are slips

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_WORD_INSIDE = re.compile(r"(?<=[a-z,] )(?P<word>[A-Za-z]+(?:'[a-z]+)?)")  # not where one begins


def language_of(phrase: str) -> str:
    """ "zh" for a phrase of Chinese characters, else "en"."""
    return "zh" if _CHINESE.match(phrase) else "en"


@dataclass(frozen=True)
class Group:
    """Words of one kind that no phrase may hold; English ones between spaces."""

    id: str
    reason: Mapping[str, str]
    en: tuple[str, ...]
    zh: tuple[str, ...]
    unless_en: tuple[str, ...]
    unless_zh: tuple[str, ...]

    def holds(self, phrase: str) -> bool:
        """Whether a phrase says one of the words."""
        if language_of(phrase) == "zh":
            for other in self.unless_zh:
                phrase = phrase.replace(other, " ")
            return any(word in phrase for word in self.zh)
        return phrase not in self.unless_en and any(
            f" {word} " in f" {phrase} " for word in self.en
        )


@dataclass(frozen=True)
class KeptOut:
    """The rules of the data file, with the names of one caseload.

    own: pieces of the ids and names of its villages and workers. capital: English words that its
    notes write with a capital inside a sentence.
    """

    groups: tuple[Group, ...]
    names: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[str, ...]]
    own: frozenset[str] = frozenset()
    capital: frozenset[str] = frozenset()

    def reason(self, phrase: str) -> str | None:
        """The id of the group that keeps a phrase out, or "names" or "places"; None: it may stay."""
        for group in self.groups:
            if group.holds(phrase):
                return group.id
        return self.names_someone(phrase)

    def names_someone(self, phrase: str) -> str | None:
        """ "names" or "places" where a phrase names a person or a place, as far as a rule can tell."""
        if language_of(phrase) == "zh":
            if note_phrases(phrase) & self.own or self._name_in_chinese.search(phrase):
                return "names"
            return "places" if self._is_place(phrase) else None
        words = set(phrase.split())
        if (
            note_phrases(phrase) & self.own
            or words & self.capital
            or words & set(self.names["titles"])
        ):
            return "names"
        return "places" if words & set(self.places["words"]) else None

    def _is_place(self, phrase: str) -> bool:
        return phrase not in self.places["unless"] and phrase.endswith(self.places["endings"])

    @cached_property
    def _name_in_chinese(self) -> re.Pattern[str]:
        """A surname with a title or given name, at a phrase's start: inside, it is mostly chance."""
        names = self.names
        surname, given = f"[{''.join(names['surnames'])}]", f"[{''.join(names['given'])}]"
        behind, before = "|".join(names["behind"]), "|".join(names["before"])
        return re.compile(f"^(?:{surname}(?:{behind}|{given})|(?:{before})(?:{surname}|{given}))")


@lru_cache(maxsize=1)
def rules_kept_out() -> KeptOut:
    """The rules of the data file alone."""
    file = read_yaml(PATH)
    if file.data.get("format") != FORMAT:
        raise PackError(f"wanted format '{FORMAT}'", PATH)
    groups = tuple(_group(file, number) for number in range(len(file.data["groups"])))
    names = {
        key: tuple(file.text_at("names", key))
        if key in ("surnames", "given")
        else tuple(file.words_at("names", key))
        for key in ("surnames", "given", "behind", "before", "titles")
    }
    places = {key: tuple(file.words_at("places", key)) for key in ("endings", "words", "unless")}
    return KeptOut(groups, names, places)


def _group(file: YamlFile, number: int) -> Group:
    def words(*key: str) -> tuple[str, ...]:
        return tuple(file.words_at("groups", number, *key))

    return Group(
        file.text_at("groups", number, "id"),
        file.texts_at("groups", number, "reason"),
        words("words", "en"),
        words("words", "zh"),
        words("unless", "en"),
        words("unless", "zh"),
    )


def kept_out_of(names: Collection[str], notes: Iterable[object]) -> KeptOut:
    """The rules with what one caseload says.

    names: ids and names of its villages and workers. notes: all notes it has.
    """
    rules = rules_kept_out()
    return KeptOut(
        rules.groups, rules.names, rules.places, _own(names), _written_with_capitals(notes)
    )


def _own(names: Collection[str]) -> frozenset[str]:
    """Pieces that tell ids and names apart; one that a fifth of them share names nobody."""
    distinct = sorted(set(names))
    counts = Counter(piece for name in distinct for piece in note_phrases(name.replace("_", " ")))
    most = max(SCHEME_SHARE * len(distinct), 1)
    return frozenset(piece for piece, count in counts.items() if count <= most)


def _written_with_capitals(notes: Iterable[object]) -> frozenset[str]:
    """English words that stand with a capital inside sentences: names, and days of the week."""
    inside: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for note in notes:
        if not isinstance(note, str):
            continue
        for match in _WORD_INSIDE.finditer(note):
            word = match.group("word")
            inside[word.lower()] += 1
            if word[0].isupper() and word.partition("'")[0] != "I":
                capital[word.lower()] += 1
    return frozenset(
        word
        for word, count in capital.items()
        if count >= MIN_CAPITALS and count >= CAPITAL_SHARE * inside[word]
    )

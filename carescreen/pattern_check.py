"""Trying a pattern: can it match, and can each of its words?

Each try writes the pattern out, a word of every part with gaps as short as they may be, and reads
it with nothing but the pattern, the shields and the exclusions of its concept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

from carescreen.lexicon import Concept, ConceptWords, LanguageWords, Lexicon, Pattern
from carescreen.notes import NoteReader

MOST_TRIED = 2_000
FILLER = (
    "·"  # neither a letter nor a character, and no end of a clause: it changes nothing around it
)
_CONCEPT = Concept("tried", {"en": "Tried", "zh": "试"}, "risk", "low", "household")

Choice = tuple[str, ...]


@dataclass(frozen=True)
class PatternTrial:
    """Whether a pattern matched at all, in how many choices tried, and its words that never did.

    `never`: in how many choices each was tried.
    """

    matches: bool
    tried: int
    never: Mapping[str, int]


def try_pattern(
    pattern: Pattern, shields: Iterable[str], exclusions: Iterable[str]
) -> PatternTrial:
    """Try every word of every part; where the short way fails, MOST_TRIED choices of the others."""
    reader = _reader(pattern, tuple(shields), tuple(exclusions))
    first = list(_diagonal(pattern))
    good = _matching(reader, pattern, first)
    if not good:
        choices = list(islice(product(*pattern.parts), MOST_TRIED))
        good = _matching(reader, pattern, choices)
        if not good:
            return PatternTrial(False, len(choices), {})
    never: dict[str, int] = {}
    for part, words in enumerate(pattern.parts):
        seen = {choice[part] for choice in good}
        for word in words:
            tries = [*_with_word(good, part, word), *_every(pattern, part, word)]
            if word not in seen and not _matching(reader, pattern, tries):
                never[word] = len(set(tries))
    return PatternTrial(True, len(first), never)


def _reader(pattern: Pattern, shields: tuple[str, ...], exclusions: tuple[str, ...]) -> NoteReader:
    words = ConceptWords(patterns=(pattern,), exclusions=exclusions)
    language = LanguageWords("zh", shields, {_CONCEPT.id: words})
    return NoteReader(Lexicon({_CONCEPT.id: _CONCEPT}, (language,)))


def _diagonal(pattern: Pattern) -> Iterator[Choice]:
    """Choices in which every word of every part stands once at least."""
    for row in range(max(map(len, pattern.parts))):
        yield tuple(part[row % len(part)] for part in pattern.parts)


def _with_word(good: list[Choice], part: int, word: str) -> Iterator[Choice]:
    for choice in good[:MOST_TRIED]:
        yield (*choice[:part], word, *choice[part + 1 :])


def _every(pattern: Pattern, part: int, word: str) -> Iterator[Choice]:
    parts = [(word,) if place == part else words for place, words in enumerate(pattern.parts)]
    return islice(product(*parts), MOST_TRIED)


def _matching(reader: NoteReader, pattern: Pattern, choices: list[Choice]) -> list[Choice]:
    """The choices that are found from their first character to their last."""
    notes = [note for choice in choices for note in _written(pattern, choice)]
    read = reader.find(notes)
    spans = zip(read.note.tolist(), read.start.tolist(), read.end.tolist(), strict=True)
    whole = {note // 2 for note, start, end in spans if start == 0 and end == len(notes[note])}
    return [choices[number] for number in sorted(whole)]


def _written(pattern: Pattern, choice: Choice) -> tuple[str, str]:
    """The words with the shortest gaps, and with one character at least where a gap allows it."""
    texts = []
    for least in (0, 1):
        text = choice[0]
        for (low, high), word in zip(pattern.gaps, choice[1:], strict=True):
            text += FILLER * max(low, min(least, high)) + word
        texts.append(text)
    return texts[0], texts[1]

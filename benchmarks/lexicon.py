"""How much longer notes take to read with more phrases, on the notes of benchmarks/notes.py.

python benchmarks/lexicon.py

The small lexicon is 671 phrases and cues of cn-rural, those that the notes hold first; the large one has
invented phrases besides, 10,000 words in all, each the beginning of one of the pack's phrases and the end
of another, none of them in the notes: so both find the same mentions. Neither has patterns or learned
weights, which would cost both the same and hide what grows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from laps import medians
from notes import NOTES, SENTENCES, some_notes
from rows import TARGETS, Row, verdicts

from carescreen.lexicon import ConceptWords, LanguageWords
from carescreen.notes import NoteReader

FEW, MANY = 671, 10_000
LAPS = 7
TEXT = " ".join(SENTENCES).lower()


def main() -> None:
    """Print the row."""
    print(verdicts(rows()))


def rows() -> list[Row]:
    """Both lexicons over the same notes."""
    whole = NoteReader.load("cn-rural").lexicon
    small = replace(whole, languages=tuple(thinned(language) for language in whole.languages))
    more = (MANY - FEW) // len(whole.languages)
    large = replace(
        small,
        languages=tuple(
            grown(few, language, more)
            for few, language in zip(small.languages, whole.languages, strict=True)
        ),
    )
    notes = some_notes(NOTES)
    readers = NoteReader(small), NoteReader(large)
    sizes = [reader.words for reader in readers]
    found = [len(reader.read(notes)) for reader in readers]
    assert found[0] == found[1], "an invented phrase is in the notes"
    few, many = medians(LAPS, *(lambda reader=reader: reader.read(notes) for reader in readers))
    note = f"{sizes[0]:,} and {sizes[1]:,} words with stops, {found[0]:,} mentions"
    return [Row(TARGETS["lexicon"], many, few, note)]


def thinned(language: LanguageWords) -> LanguageWords:
    """A language with its share of FEW phrases and cues: those in the notes, then the first ones."""
    phrases = list(_phrases(language))
    cues = [(place, word) for place, cues in enumerate(language.cues) for word in cues.words]
    every = sorted((*phrases, *cues), key=lambda entry: entry[1].lower() not in TEXT)
    kept: dict[str | int, list[str]] = defaultdict(list)
    for owner, word in every[: FEW // 2]:
        kept[owner].append(word)
    return LanguageWords(
        language.language,
        concepts={name: ConceptWords(phrases=tuple(kept[name])) for name in language.concepts},
        cues=tuple(
            replace(cues, words=tuple(kept[place]), patterns=())
            for place, cues in enumerate(language.cues)
        ),
        stops=language.stops,
    )


def grown(few: LanguageWords, whole: LanguageWords, more: int) -> LanguageWords:
    """The same with that many invented phrases, dealt out over the concepts."""
    random = np.random.default_rng(5)
    own = sorted({word for _, word in _phrases(whole)})
    added: dict[str, None] = {}
    while len(added) < more:
        one, other = (own[place] for place in random.integers(0, len(own), 2))
        word = one[: len(one) // 2 + 1] + other[len(other) // 2 :]
        if word not in own and word.lower() not in TEXT:
            added[word] = None
    names, words = list(few.concepts), list(added)
    concepts = {
        name: replace(kept, phrases=(*kept.phrases, *words[place :: len(names)]))
        for place, (name, kept) in enumerate(few.concepts.items())
    }
    return replace(few, concepts=concepts)


def _phrases(language: LanguageWords) -> Iterator[tuple[str, str]]:
    for name, words in language.concepts.items():
        yield from ((name, word) for word in words.phrases)


if __name__ == "__main__":
    main()

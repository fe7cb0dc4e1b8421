"""Checking a lexicon that loads: what can never be found, what contradicts, what does nothing.

What is said to be never found is shown by reading it: a phrase alone; a pattern in every choice of
its words, or MOST_TRIED of them, with its gaps as short as they may be.

An exclusion acts in every clause in which it stands, beside whatever words of its concept. So it
never applies where the concept has no words, and adds nothing where it holds a shorter one; of the
others only annotated notes can tell. Places are file:line, over all packs of the chain.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from carescreen.corpus import Corpus
from carescreen.lexicon import (
    Concept,
    ConceptWords,
    Entries,
    Entry,
    LanguageWords,
    Lexicon,
    Pattern,
    concept_places,
    load_entries,
    load_lexicon,
)
from carescreen.lexicon_findings import (
    CONTAINED,
    CUE_IN_PHRASE,
    EXCLUDED,
    FEW_NOTES,
    FEWEST_NOTES,
    GROWN_UP_IN_PHRASE,
    HIDDEN,
    NEGATOR_IN_PHRASE,
    NEVER_MATCHES,
    NO_WORDS,
    NOTHING_TO_EXCLUDE,
    OPPOSED,
    PART_NEVER,
    TWICE,
    TWO_CONCEPTS,
    UNSEEN_EXCLUSION,
    UNUSED_CLASS,
)
from carescreen.normalise import fold
from carescreen.note_findings import Finding
from carescreen.notes import FoundMentions, NoteReader, clause_of
from carescreen.pack import Pack
from carescreen.pattern_check import PatternTrial, try_pattern
from carescreen.yamlfile import Key

_KIND_OF_CUE = {"negated": NEGATOR_IN_PHRASE, "adult": GROWN_UP_IN_PHRASE}
_BY_WEIGHT = (CUE_IN_PHRASE, NEGATOR_IN_PHRASE, GROWN_UP_IN_PHRASE)
_CLAUSE_END = re.compile(r"[,，。.;；!！?？()（）\n]")
_LETTER = re.compile("[a-z0-9\u00df-\u024e]")  # of the Latin script, folded
_SHOWN_PATTERN = 80


def check_lexicon(pack: Pack, corpus: Corpus | None = None) -> tuple[Finding, ...]:
    """What is wrong or odd in the words of a pack and its parents.

    With annotated notes also: concepts with few of them, and exclusions that never apply in them.
    """
    lexicon = load_lexicon(pack)
    reader = NoteReader(lexicon)
    entries = load_entries(pack)
    declared = concept_places(pack)
    found: list[Finding] = []
    for words in lexicon.languages:
        found += _Check(lexicon, reader, words, entries[words.language], declared).findings()
    if corpus is not None:
        found += few_notes(corpus, lexicon.concepts, declared)
        found += _unseen_exclusions(lexicon, entries, corpus)
    return tuple(found)


@dataclass(frozen=True)
class _Word:
    """A word of a concept as it is written, as it is searched for, and where it stands."""

    concept: str
    word: str
    folded: str
    place: str


class _Check:
    """The words of one language."""

    def __init__(
        self,
        lexicon: Lexicon,
        reader: NoteReader,
        words: LanguageWords,
        entries: Entries,
        declared: Mapping[str, str],
    ) -> None:
        self.lexicon, self.reader, self.words = lexicon, reader, words
        self.entries, self.declared = entries, declared

    def findings(self) -> Iterator[Finding]:
        yield from self._without_words()
        yield from self._hidden()
        yield from self._in_two_concepts()
        yield from self._twice()
        yield from self._patterns()
        yield from self._unused_classes()
        yield from self._exclusions()
        yield from self._cues_in_phrases()

    @cached_property
    def phrases(self) -> list[_Word]:
        """Phrases, lasting ones too, each once a concept."""
        listed = (*self._words_of("phrases"), *self._words_of("lasting"))
        return list({(word.concept, word.folded): word for word in reversed(listed)}.values())[::-1]

    def _words_of(self, kind: str) -> Iterator[_Word]:
        for key, items in self.entries.lists.items():
            if key[0] == "concepts" and key[2] == kind:
                for item, folded in zip(items, folded_words(e.value for e in items), strict=True):
                    yield _Word(str(key[1]), item.value, folded, item.place)

    def _without_words(self) -> Iterator[Finding]:
        for concept in self.lexicon.concepts:
            if not _has_words(self.words.concepts.get(concept)):
                values = {"concept": concept, "language": self.words.language}
                yield Finding(NO_WORDS, self.declared[concept], values)

    @cached_property
    def hidden(self) -> list[_Word]:
        """Phrases not found, from first character to last, in a note that holds nothing else."""
        read = self.reader.find([phrase.word for phrase in self.phrases])
        length = [len(phrase.word) for phrase in self.phrases]
        whole = {
            (note, read.concepts[concept])
            for note, concept, start, end in spans_of(read)
            if start == 0 and end == length[note]
        }
        return [
            phrase
            for number, phrase in enumerate(self.phrases)
            if (number, phrase.concept) not in whole
        ]

    def _hidden(self) -> Iterator[Finding]:
        exclusions = self._by_concept("exclusions")
        for phrase in self.hidden:
            values = {"word": phrase.word, "concept": phrase.concept}
            guilty = [
                other
                for other in exclusions.get(phrase.concept, [])
                if holds(phrase.folded, other.folded)
            ]
            if guilty:
                values |= {"other": guilty[0].word, "other_place": near(phrase, guilty[0])}
            yield Finding(EXCLUDED if guilty else HIDDEN, phrase.place, values)

    def _by_concept(self, kind: str) -> dict[str, list[_Word]]:
        words: dict[str, list[_Word]] = {}
        for word in self._words_of(kind):
            words.setdefault(word.concept, []).append(word)
        return words

    def _in_two_concepts(self) -> Iterator[Finding]:
        first: dict[str, _Word] = {}
        for phrase in self.phrases:
            other = first.setdefault(phrase.folded, phrase)
            if other.concept == phrase.concept:
                continue
            polarity = {self.lexicon.concepts[name.concept].polarity for name in (phrase, other)}
            values = {"word": phrase.word, "concept": phrase.concept}
            values |= {"other": other.concept, "other_place": near(phrase, other)}
            yield Finding(OPPOSED if len(polarity) > 1 else TWO_CONCEPTS, phrase.place, values)

    def _twice(self) -> Iterator[Finding]:
        seen: dict[tuple[Key, str], Entry] = {}
        for key, items in self.entries.lists.items():
            is_pattern = key[2:3] == ("patterns",)
            folded = map(_shown, items) if is_pattern else folded_words(e.value for e in items)
            # A phrase that is also a lasting one is found once, and is one of the two.
            where = (*key[:2], "phrases") if key[2:3] == ("lasting",) else key
            for item, word in zip(items, folded, strict=True):
                first = seen.setdefault((where, word), item)
                if first is not item:
                    shown = _shown(item) if is_pattern else item.value
                    values = {"word": shown, "list": ".".join(map(str, key))}
                    values["other_place"] = near(item, first)
                    yield Finding(TWICE, item.place, values)

    def _patterns(self) -> Iterator[Finding]:
        for name, concept in self.words.concepts.items():
            exclusions = self._all_exclusions(name)
            for pattern, item in self._with_places(concept.patterns, "concepts", name):
                yield from self._pattern(name, item, self._try(pattern, exclusions))
        for cues in self.words.cues:
            for pattern, item in self._with_places(cues.patterns, "cues", cues.id):
                yield from self._pattern(cues.id, item, self._try(pattern, ()))

    def _with_places(
        self, patterns: tuple[Pattern, ...], section: str, name: str
    ) -> Iterator[tuple[Pattern, Entry]]:
        items = self.entries.lists.get((section, name, "patterns"), ())
        yield from zip(patterns, items, strict=True)

    def _all_exclusions(self, concept: str) -> tuple[str, ...]:
        """An exclusion acts on the concept whatever its language."""
        every = (words.concepts.get(concept) for words in self.lexicon.languages)
        return tuple(word for words in every if words for word in words.exclusions)

    def _try(self, pattern: Pattern, exclusions: tuple[str, ...]) -> PatternTrial:
        shields = tuple(word for words in self.lexicon.languages for word in words.shields)
        return try_pattern(pattern, shields, exclusions)

    def _pattern(self, name: str, item: Entry, trial: PatternTrial) -> Iterator[Finding]:
        values = {"word": _shown(item), "concept": name}
        if not trial.matches:
            yield Finding(NEVER_MATCHES, item.place, values | {"tried": f"{trial.tried:,}"})
            return
        for word, tried in trial.never.items():
            yield Finding(PART_NEVER, item.place, values | {"other": word, "tried": f"{tried:,}"})

    def _unused_classes(self) -> Iterator[Finding]:
        used = {
            word[1:-1]
            for key, items in self.entries.lists.items()
            if key[2:3] == ("patterns",)
            for item in items
            for part in item.value[::2]
            for word in part.split("|")
            if word.startswith("{")
        }
        for key in self.entries.lists:
            if key[0] == "classes" and key[1] not in used:
                yield Finding(UNUSED_CLASS, self.entries.places[key], {"word": str(key[1])})

    def _exclusions(self) -> Iterator[Finding]:
        for concept, exclusions in self._by_concept("exclusions").items():
            unique = list({word.folded: word for word in reversed(exclusions)}.values())[::-1]
            if not _has_words(self.words.concepts.get(concept)):
                for word in unique:
                    values = {"word": word.word, "concept": concept}
                    yield Finding(NOTHING_TO_EXCLUDE, word.place, values)
                continue
            yield from _contained(unique)

    def _cues_in_phrases(self) -> Iterator[Finding]:
        """Of cues inside each other the longest; those of status "none" only hold others back."""
        cues = {
            folded: (word, cue_set)
            for cue_set in self.words.cues
            if cue_set.status != "none"
            for word, folded in zip(cue_set.words, folded_words(cue_set.words), strict=True)
        }
        for phrase in self.phrases:
            text = (
                phrase.folded
            )  # `in` first: nearly no cue is in it, and a call takes ten times as long
            inside = [cue for cue in cues if cue in text and cue != text and holds(text, cue)]
            longest = [cue for cue in inside if not any(cue != o and cue in o for o in inside)]
            if not longest:
                continue
            kinds = {_KIND_OF_CUE.get(cues[cue][1].status, CUE_IN_PHRASE) for cue in longest}
            kind = next(kind for kind in _BY_WEIGHT if kind in kinds)
            shown = ", ".join(f"'{cues[cue][0]}' ({cues[cue][1].id})" for cue in longest)
            values = {"word": phrase.word, "concept": phrase.concept, "other": shown}
            yield Finding(kind, phrase.place, values)


def _contained(exclusions: list[_Word]) -> Iterator[Finding]:
    """Exclusions that hold another; one with a comma inside may reach another clause."""
    for word in exclusions:
        if _CLAUSE_END.search(word.folded):
            continue
        text = word.folded
        shorter = [
            o for o in exclusions if o.folded in text and o is not word and holds(text, o.folded)
        ]
        if shorter:
            values = {"word": word.word, "concept": word.concept}
            values |= {"other": shorter[0].word, "other_place": near(word, shorter[0])}
            yield Finding(CONTAINED, word.place, values)


def few_notes(
    corpus: Corpus, concepts: Mapping[str, Concept], declared: Mapping[str, str]
) -> Iterator[Finding]:
    """Concepts affirmed in fewer than FEWEST_NOTES notes of a language that the corpus has."""
    affirmed = Counter(
        (note.language, concept)
        for note in corpus.notes
        for concept in {m.concept for m in note.mentions if m.status == "affirmed"}
    )
    for language in sorted({note.language for note in corpus.notes}):
        for concept in concepts:
            count = affirmed[language, concept]
            if count < FEWEST_NOTES:
                values = {"concept": concept, "language": language, "count": str(count)}
                yield Finding(FEW_NOTES, declared[concept], values)


def _unseen_exclusions(
    lexicon: Lexicon, entries: Mapping[str, Entries], corpus: Corpus
) -> Iterator[Finding]:
    """Exclusions that, in no note, stand in a clause in which words of the concept are found."""
    clauses = _clauses_without_exclusions(lexicon, corpus)
    for language, lists in entries.items():
        for key, items in lists.lists.items():
            if key[0] != "concepts" or key[2] != "exclusions":
                continue
            text = "\n".join(clauses.get(str(key[1]), ()))
            for item, word in zip(items, folded_words(e.value for e in items), strict=True):
                of_language = any(note.language == language for note in corpus.notes)
                if of_language and not holds(text, word):
                    values = {"word": item.value, "concept": str(key[1])}
                    yield Finding(UNSEEN_EXCLUSION, item.place, values)


def _clauses_without_exclusions(lexicon: Lexicon, corpus: Corpus) -> dict[str, list[str]]:
    """By concept, the folded clauses in which it is found when nothing is excluded."""
    open_lexicon = Lexicon(
        lexicon.concepts,
        tuple(
            LanguageWords(
                words.language,
                words.shields,
                {
                    name: ConceptWords(entry.phrases, entry.lasting, entry.patterns)
                    for name, entry in words.concepts.items()
                },
            )
            for words in lexicon.languages
        ),
    )
    texts = [note.text for note in corpus.notes]
    read = NoteReader(open_lexicon).find(texts)
    folded = folded_words(texts)
    clauses: dict[str, list[str]] = {}
    for note, concept, start, end in spans_of(read):
        first, last = clause_of(texts[note], start, end)
        clauses.setdefault(read.concepts[concept], []).append(folded[note][first:last])
    return clauses


def folded_words(words: Iterable[str]) -> list[str]:
    """Words as they are searched for: width, case and traditional characters make no difference.

    >>> folded_words(["Ａ級", "No One"])
    ['a级', 'no one']
    """
    return [codes.tobytes().decode("utf-16-le") for codes in fold(list(words))]


def holds(text: str, word: str) -> bool:
    """Whether a folded word stands in a folded text, a Latin one as whole words.

    >>> holds("没人管", "没人"), holds("nobody", "no"), holds("no body", "no")
    (True, False, True)
    """
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        cut_before = _LETTER.match(word) and at and _LETTER.match(text[at - 1])
        cut_after = _LETTER.match(word[-1]) and _LETTER.match(text[end : end + 1])
        if not cut_before and not cut_after:
            return True
        at = text.find(word, at + 1)
    return False


def spans_of(read: FoundMentions) -> Iterator[tuple[int, int, int, int]]:
    """Note, number of the concept, start and end of each mention."""
    columns = read.note, read.concept, read.start, read.end
    return zip(*(column.tolist() for column in columns), strict=True)


def near(this: _Word | Entry, other: _Word | Entry) -> str:
    """The place of another word: its line alone where the file is the same."""
    file, _, line = other.place.rpartition(":")
    return f":{line}" if this.place.rpartition(":")[0] == file else other.place


def _has_words(words: ConceptWords | None) -> bool:
    return words is not None and bool(words.phrases or words.lasting or words.patterns)


def _shown(item: Entry) -> str:
    text = "[" + ", ".join(map(str, item.value)) + "]"
    return text if len(text) <= _SHOWN_PATTERN else text[:_SHOWN_PATTERN] + "…]"

"""Checking annotated notes: copies, labels that contradict each other, words lost to a tag.

Notes are compared as tokens, without punctuation: Chinese characters, words of Latin letters. Two
notes of a language are near copies where they share more than half of the runs of the shorter one
(four characters, three words). Only the rarest half of a note's runs is looked up: a note that
shares more than half must share one of those, so nothing is missed and 16,000 notes take seconds.

No finding holds words of a note.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from carescreen.corpus import AnnotatedNote, Annotation, Corpus
from carescreen.corpus_findings import (
    CONCEPT_DIFFERS,
    CUE_IN_TAG,
    EDGE,
    LABELS_DIFFER,
    LONG_TAG,
    NAME_CHANGED,
    NEAR_COPY,
    SAME_NOTE,
    STATUS_CHANGED,
    STATUS_DIFFERS,
    TWICE_IN_NOTE,
    UNTAGGED,
    WORDS_DIFFER,
)
from carescreen.lexicon import LANGUAGES, STATUSES
from carescreen.lexicon_check import folded_words
from carescreen.note_findings import Finding, Kind
from carescreen.notes import clause_of

RUN = {"zh": 4, "en": 3}  # tokens that stand together in both notes
FEWEST_RUNS = 6  # of a shorter note only an exact copy is said
LONG_ENOUGH = {"zh": 6, "en": 4}  # tokens of a tag that is looked for elsewhere
LONGEST_TAG = {"zh": 40, "en": 20}  # characters, words
LONGEST_NAME = {"zh": 3, "en": 2}  # tokens

_TOKEN = {"zh": re.compile(r"[a-z0-9\u00df-\u024e]+|[^\W_]"), "en": re.compile(r"[\w']+")}
_SENTENCE_END = re.compile(r"[。!?;\n]|\.(?=\s|$)")
_OPENING, _CLOSING = "“‘「『《〈（([【\"'", "”’」』》〉）)]】\"'"
# What a tag may not begin with. A plain negator ("no food") may be part of the concern, unless the
# tag itself is negated.
_CUES = {
    "zh": (
        "可能",
        "怀疑",
        "疑似",
        "好像",
        "似乎",
        "没有发现",
        "未发现",
        "以前",
        "曾经",
        "如果",
        "要是",
        "万一",
    ),
    "en": ("maybe ", "might ", "may have ", "possibly ", "perhaps ", "used to ", "if ", "in case "),
}
_NEGATORS = {
    "zh": ("没有", "未", "并未", "否认"),
    "en": ("no ", "not ", "never ", "denies ", "denied "),
}

Place = tuple[int, int]  # number of a note, number of a mention in it


def check_corpus(corpus: Corpus) -> tuple[Finding, ...]:
    """What is odd in annotated notes, by the order of the notes within each kind."""
    found: list[Finding] = []
    for note in corpus.notes:
        found += _in_one_note(note)
    for language in LANGUAGES:
        notes = [note for note in corpus.notes if note.language == language]
        found += _Compared(language, notes).findings()
    return tuple(found)


def _in_one_note(note: AnnotatedNote) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for mention in note.mentions:
        values = {"concept": mention.concept, "status": mention.status}
        if (mention.concept, mention.status) in seen:
            yield Finding(TWICE_IN_NOTE, note.place, values)
        seen.add((mention.concept, mention.status))
        words = note.text[mention.start : mention.end]
        if _begins_with_cue(words.lower(), note.language, mention.status):
            yield Finding(CUE_IN_TAG, note.place, values)
        length = len(words.split()) if note.language == "en" else len(words)
        if length > LONGEST_TAG[note.language]:
            yield Finding(LONG_TAG, note.place, values | {"length": str(length)})
        if _has_loose_edge(words):
            yield Finding(EDGE, note.place, values)


def _begins_with_cue(words: str, language: str, status: str) -> bool:
    return words.startswith(_CUES[language]) or (
        status == "negated" and words.startswith(_NEGATORS[language])
    )


def _has_loose_edge(words: str) -> bool:
    """A blank or punctuation at an end.

    A mark whose other half is inside may stay, and so may the apostrophe of a plural (the twins').
    """
    return (_is_loose(words[0]) and not _is_paired(words[0], words[1:], _OPENING, _CLOSING)) or (
        _is_loose(words[-1])
        and words[-1] not in "'’"
        and not _is_paired(words[-1], words[:-1], _CLOSING, _OPENING)
    )


def _is_loose(letter: str) -> bool:
    return letter.isspace() or (unicodedata.category(letter)[0] == "P" and letter not in "%‰#@&")


def _is_paired(mark: str, rest: str, these: str, others: str) -> bool:
    return mark in these and others[these.index(mark)] in rest


@dataclass(frozen=True)
class _Tokens:
    """The tokens of a note, and where each begins and ends in its text."""

    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def within(self, start: int, end: int) -> tuple[str, ...]:
        return tuple(
            word
            for word, first, last in zip(self.words, self.starts, self.ends, strict=True)
            if start <= first and last <= end
        )


class _Compared:
    """The notes of one language against each other."""

    def __init__(self, language: str, notes: Sequence[AnnotatedNote]) -> None:
        self.language, self.notes = language, notes
        self.run = RUN[language]
        self.folded = folded_words(note.text for note in notes)
        self.tokens = [_tokens(text, language) for text in self.folded]

    def findings(self) -> Iterator[Finding]:
        yield from self._copies()
        yield from self._labels()
        yield from self._other_concepts()
        yield from self._untagged()

    @cached_property
    def runs(self) -> list[frozenset[tuple[str, ...]]]:
        """The different runs of tokens of each note."""
        return [frozenset(_runs(tokens.words, self.run)) for tokens in self.tokens]

    @cached_property
    def notes_with(self) -> dict[tuple[str, ...], list[int]]:
        """The notes in which each run stands."""
        index: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, runs in enumerate(self.runs):
            for run in runs:
                index[run].append(number)
        return index

    @cached_property
    def tagged(self) -> list[list[tuple[str, ...]]]:
        """The tokens of each mention of each note."""
        return [
            [tokens.within(mention.start, mention.end) for mention in note.mentions]
            for note, tokens in zip(self.notes, self.tokens, strict=True)
        ]

    # -- copies ----------------------------------------------------------------------------------

    def _copies(self) -> Iterator[Finding]:
        """Each note that is like an earlier one, with the one that it is most like."""
        first: dict[tuple[str, ...], int] = {}
        likest: dict[int, tuple[float, int]] = {}
        for later, earlier, share in self._alike():
            likest[later] = max(likest.get(later, (0.0, 0)), (share, -earlier))
        for number, tokens in enumerate(self.tokens):
            earlier = first.setdefault(tokens.words, number)
            if earlier != number:
                same = self._labels_of(number) == self._labels_of(earlier)
                yield self._pair(SAME_NOTE if same else LABELS_DIFFER, number, earlier, 1.0)
            elif number in likest:
                share, other = likest[number]
                yield self._pair(self._likeness(number, -other), number, -other, share)

    def _alike(self) -> Iterator[tuple[int, int, float]]:
        """Later note, earlier note, and the share of the shorter one's runs that both have."""
        for number, runs in enumerate(self.runs):
            if len(runs) < FEWEST_RUNS:
                continue
            common = len(runs) // 2 + 1
            rarest = sorted(runs, key=lambda run: (len(self.notes_with[run]), run))
            near = {
                other
                for run in rarest[: len(runs) - common + 1]
                for other in self.notes_with[run]
                if (len(self.runs[other]), other) > (len(runs), number)
            }
            for other in near:
                shared = len(runs & self.runs[other])
                if shared >= common:
                    yield max(number, other), min(number, other), shared / len(runs)

    def _labels_of(self, number: int) -> list[tuple[str, str, tuple[str, ...]]]:
        mentions = self.notes[number].mentions
        return sorted(
            (mention.concept, mention.status, words)
            for mention, words in zip(mentions, self.tagged[number], strict=True)
        )

    def _likeness(self, number: int, other: int) -> Kind:
        these, those = self._labels_of(number), self._labels_of(other)
        unstated = [[(label[0], label[2]) for label in labels] for labels in (these, those)]
        if these and these != those and sorted(unstated[0]) == sorted(unstated[1]):
            return STATUS_CHANGED
        words = self.tokens[number].words, self.tokens[other].words
        return NAME_CHANGED if _differ_by_a_name(*words, LONGEST_NAME[self.language]) else NEAR_COPY

    def _pair(self, kind: Kind, number: int, other: int, share: float) -> Finding:
        values = {"other_place": self.notes[other].place, "share": f"{share:.0%}"}
        return Finding(kind, self.notes[number].place, values)

    # -- labels ----------------------------------------------------------------------------------

    def _labels(self) -> Iterator[Finding]:
        """Two concepts for the same words of the same clause; two statuses, of the same sentence."""
        concepts: dict[object, list[Place]] = defaultdict(list)
        statuses: dict[object, list[Place]] = defaultdict(list)
        for number, note in enumerate(self.notes):
            for which, mention in enumerate(note.mentions):
                clause = self._context(
                    number, mention, clause_of(note.text, mention.start, mention.end)
                )
                sentence = self._context(number, mention, _sentence(note.text, mention))
                concepts[clause].append((number, which))
                statuses[mention.concept, sentence].append((number, which))
        yield from self._differing(concepts.values(), CONCEPT_DIFFERS, "concept")
        yield from self._differing(statuses.values(), STATUS_DIFFERS, "status")

    def _context(self, number: int, mention: Annotation, part: tuple[int, int]) -> object:
        """The tokens before, in and after the mention, up to the ends of a part of the note."""
        tokens = self.tokens[number]
        return (
            tokens.within(part[0], mention.start),
            tokens.within(mention.start, mention.end),
            tokens.within(mention.end, part[1]),
        )

    def _differing(self, groups: Iterable[list[Place]], kind: Kind, what: str) -> Iterator[Finding]:
        """Each mention that differs from the first of its group; two in one note are meant."""
        for places in groups:
            first = places[0]
            for place in places[1:]:
                here, there = (getattr(self._mention(at), what) for at in (place, first))
                if here != there and place[0] != first[0]:
                    values = {"concept": self._mention(place).concept}
                    values |= {"here": here, "there": there}
                    values["other_place"] = self.notes[first[0]].place
                    yield Finding(kind, self.notes[place[0]].place, values)

    def _mention(self, place: Place) -> Annotation:
        return self.notes[place[0]].mentions[place[1]]

    @cached_property
    def long_tags(self) -> dict[tuple[str, ...], list[Place]]:
        """Where each wording that is long enough to be looked for is tagged."""
        places: dict[tuple[str, ...], list[Place]] = defaultdict(list)
        for number, tags in enumerate(self.tagged):
            for which, words in enumerate(tags):
                if len(words) >= LONG_ENOUGH[self.language]:
                    places[words].append((number, which))
        return places

    def _other_concepts(self) -> Iterator[Finding]:
        """Long words under two concepts, whatever stands around them."""
        yield from self._differing(self.long_tags.values(), WORDS_DIFFER, "concept")

    def _untagged(self) -> Iterator[Finding]:
        """Words that are tagged in one note and stand in another under no tag at all."""
        for words, places in self.long_tags.items():
            first = places[0]
            rarest = min(_runs(words, self.run), key=lambda run: len(self.notes_with[run]))
            tagged_in = {number for number, _ in places}
            for number in self.notes_with[rarest]:
                if number not in tagged_in and self._stands_untagged(words, number):
                    values = {"concept": self._mention(first).concept}
                    values["other_place"] = self.notes[first[0]].place
                    yield Finding(UNTAGGED, self.notes[number].place, values)

    def _stands_untagged(self, words: tuple[str, ...], number: int) -> bool:
        tokens = self.tokens[number]
        for at in range(len(tokens.words) - len(words) + 1):
            if tokens.words[at : at + len(words)] == words:
                start, end = tokens.starts[at], tokens.ends[at + len(words) - 1]
                mentions = self.notes[number].mentions
                if not any(m.start < end and start < m.end for m in mentions):
                    return True
        return False


def _tokens(text: str, language: str) -> _Tokens:
    found = list(_TOKEN[language].finditer(text))
    return _Tokens(
        tuple(match[0] for match in found),
        tuple(match.start() for match in found),
        tuple(match.end() for match in found),
    )


def _runs(words: tuple[str, ...], length: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(length)), strict=False)


def _differ_by_a_name(these: tuple[str, ...], those: tuple[str, ...], longest: int) -> bool:
    """Whether all that differs is one short run of tokens for another, each time the same."""
    changes = set()
    for what, a, b, c, d in SequenceMatcher(None, these, those, autojunk=False).get_opcodes():
        if what != "equal":
            changes.add((these[a:b], those[c:d]))
    return len(changes) == 1 and all(max(map(len, change)) <= longest for change in changes)


def _sentence(text: str, mention: Annotation) -> tuple[int, int]:
    first, last = 0, len(text)
    for end in _SENTENCE_END.finditer(text, 0, mention.start):
        first = end.end()
    after = _SENTENCE_END.search(text, mention.end)
    return first, after.start() if after else last


@dataclass(frozen=True)
class CorpusCounts:
    """How many notes and mentions there are; `clean` are notes that mention nothing.

    `writers`: notes and clean notes of each; `concepts`: mentions of each by language and status.
    """

    writers: dict[str, tuple[int, int]]
    languages: dict[str, tuple[int, int]]
    concepts: dict[str, Counter[tuple[str, str]]]

    @property
    def statuses(self) -> dict[str, int]:
        """Mentions of each status."""
        total: Counter[str] = Counter()
        for counts in self.concepts.values():
            for (_, status), count in counts.items():
                total[status] += count
        return {status: total[status] for status in reversed(STATUSES)}


def count_corpus(corpus: Corpus) -> CorpusCounts:
    """Counts by writer, language, concept and status."""
    concepts: dict[str, Counter[tuple[str, str]]] = {}
    for note in corpus.notes:
        for mention in note.mentions:
            of_concept = concepts.setdefault(mention.concept, Counter())
            of_concept[note.language, mention.status] += 1
    return CorpusCounts(
        _notes_and_clean((note.writer, note) for note in corpus.notes),
        _notes_and_clean((note.language, note) for note in corpus.notes),
        dict(sorted(concepts.items())),
    )


def _notes_and_clean(notes: Iterable[tuple[str, AnnotatedNote]]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for name, note in notes:
        every, clean = counts.get(name, (0, 0))
        counts[name] = every + 1, clean + (not note.mentions)
    return counts

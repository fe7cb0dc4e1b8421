"""The reader of notes once more, slow and plain: what the fast one must agree with.

One note at a time, with loops, dicts and str methods. It shares the lexicon's data with the fast
reader (concepts, words, patterns, cue sets, the table of traditional characters) and nothing else.

1. Fold the note, one character to one.
2. Cut it into sentences and clauses.
3. Find every word of the lexicon; Latin words only as whole words.
4. Phrases: the longest wins, shields hide what lies in them. Patterns: parts in order in one clause.
5. Drop mentions that an exclusion of their clause, a longer pattern or an overlap rules out.
6. Cues: those not hidden in something longer or in the words of a concern.
7. Status: per cue set the nearest cue, then the status that has precedence.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from carescreen.lexicon import Concept, CueSet, Lexicon, Pattern
from carescreen.traditional import to_simplified

LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"
LOOKALIKES = {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"'}
LOOKALIKES |= {"‐": "-", "‑": "-", "–": ",", "—": ",", "…": ",", "｡": "。", "～": "~"}
SENTENCE_ENDS = "。!?;\n"
CLAUSE_ENDS = SENTENCE_ENDS + ",()"
BEYOND = "\uffff"  # every character outside the basic plane
# Later ones win. A question without an answer is hypothetical, but a negation after it answers it.
YIELDING = ("past", "suspected", "question", "negated", "hypothetical", "other", "adult")
# What a given span may say of itself, within how many characters of its start.
INSIDE = {"past": 10**6, "suspected": 10**6, "other": 10**6, "hypothetical": 8}
TRADITIONAL = to_simplified()


@dataclass(frozen=True)
class Span:
    """Characters of a note, the end exclusive."""

    start: int
    end: int

    def holds(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def is_longer_around(self, other: Span) -> bool:
        return self != other and self.holds(other)

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Candidate:
    """A mention before its status: `fixed` are the words of the pattern that found it."""

    concept: str
    span: Span
    anchor: int  # where a cue before it must end: the start of the last part
    found_by: str
    lasting: bool = False
    fixed: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Said:
    """A mention as the reader gives it."""

    concept: str
    status: str
    start: int
    end: int
    found_by: str
    cue_start: int
    cue_end: int


@dataclass(frozen=True)
class Page:
    """A folded note with what was found in it."""

    text: str
    hits: Mapping[str, Sequence[Span]]  # by folded word
    sentence_ends: Sequence[int]
    clause_ends: Sequence[int]

    def clause_of(self, position: int) -> int:
        return sum(end < position for end in self.clause_ends)

    def found(self, words: Iterable[str]) -> list[Span]:
        """Where any of the words stands, by start."""
        spans = {span for word in words for span in self.hits.get(fold(word), ())}
        return sorted(spans, key=lambda span: (span.start, span.end))


@dataclass(frozen=True)
class Cues:
    """What may change a status in one note: per cue set its cues, and the words that stop it."""

    by_set: Mapping[str, Sequence[Span]]
    stops: Mapping[str, Sequence[Span]]  # by status, those for all included
    negators: frozenset[int]  # where any word that denies starts, hidden or not


class PlainReader:
    """Reads one note after the other."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.concepts: Mapping[str, Concept] = lexicon.concepts
        self.languages = lexicon.languages
        self.cue_sets = [cues for language in lexicon.languages for cues in language.cues]
        self.words: dict[str, list[str]] = defaultdict(list)  # by first character
        for word in sorted(set(map(fold, self._every_word()))):
            self.words[word[0]].append(word)

    def read(self, note: str) -> list[Said]:
        """The mentions of a note, by start, end and the concepts' order."""
        page = self._page(note)
        candidates, cues = self._candidates_and_cues(page)
        said = [self._said(page, candidate, cues) for candidate in candidates]
        order = {name: number for number, name in enumerate(self.concepts)}
        kept = [mention for mention in said if mention.status != "adult"]
        return sorted(kept, key=lambda m: (m.start, m.end, order[m.concept]))

    def status(self, note: str, start: int, end: int, concept: str | None) -> str:
        """The status of a span that someone else found; a grown-up's is "other"."""
        page = self._page(note)
        _, cues = self._candidates_and_cues(page)
        span = Span(start, end)
        lasting = any(
            span.holds(state)
            for language in self.languages
            for words in language.concepts.values()
            for state in page.found(words.lasting)
        )
        given = Candidate(concept or "", span, start, "phrase", lasting)
        status = self._said(page, given, cues, given=True).status
        return "other" if status == "adult" else status

    # -- words ------------------------------------------------------------------------------------

    def _every_word(self) -> Iterator[str]:
        for language in self.languages:
            yield from language.shields
            for words in language.concepts.values():
                yield from (*words.phrases, *words.lasting, *words.exclusions)
                yield from _words_of(words.patterns)
            for cues in language.cues:
                yield from (*cues.words, *_words_of(cues.patterns))
            for stops in language.stops.values():
                yield from stops

    def _page(self, note: str) -> Page:
        text = fold(note)
        hits: dict[str, list[Span]] = defaultdict(list)
        for at, character in enumerate(text):
            for word in self.words.get(character, ()):
                if text.startswith(word, at) and _stands_alone(text, at, at + len(word)):
                    hits[word].append(Span(at, at + len(word)))
        positions = range(len(text))
        sentence_ends = [at for at in positions if _ends_sentence(text, at)]
        clause_ends = [at for at in positions if at in sentence_ends or _ends_clause(text, at)]
        return Page(text, hits, sentence_ends, clause_ends)

    # -- mentions ---------------------------------------------------------------------------------

    def _candidates_and_cues(self, page: Page) -> tuple[list[Candidate], Cues]:
        shields = page.found(word for language in self.languages for word in language.shields)
        phrases = self._phrases(page, shields)
        patterned = self._patterned(page, shields)
        every = [c for c in phrases + patterned if not self._is_excluded(page, c)]
        live = [c for c in patterned if c in every]
        every = [c for c in every if not any(_words_it_away(longer, c) for longer in live)]
        kept = one_per_place(every)
        spoken_for = {(c.span.start, c.span.end) for c in kept if c.found_by == "pattern"}
        used = [word for c in live if (c.span.start, c.span.end) in spoken_for for word in c.fixed]
        return kept, self._cues(page, shields, [phrase.span for phrase in phrases], used)

    def _phrases(self, page: Page, shields: Sequence[Span]) -> list[Candidate]:
        """Phrases that neither a longer phrase nor a longer shield holds."""
        found: list[Candidate] = []
        for language in self.languages:
            for concept, words in language.concepts.items():
                for lasting, listed in enumerate((words.phrases, words.lasting)):
                    found += [
                        Candidate(concept, span, span.start, "phrase", bool(lasting))
                        for span in page.found(listed)
                    ]
        covers = [*shields, *(phrase.span for phrase in found)]
        return [c for c in found if not any(cover.is_longer_around(c.span) for cover in covers)]

    def _patterned(self, page: Page, shields: Sequence[Span]) -> list[Candidate]:
        return [
            Candidate(concept, Span(way[0].start, way[-1].end), way[-1].start, "pattern", fixed=way)
            for language in self.languages
            for concept, words in language.concepts.items()
            for pattern in words.patterns
            for way in _ways(page, shields, pattern)
        ]

    def _is_excluded(self, page: Page, candidate: Candidate) -> bool:
        clause = page.clause_of(candidate.span.start)
        return any(
            page.clause_of(word.start) == clause
            for language in self.languages
            if candidate.concept in language.concepts
            for word in page.found(language.concepts[candidate.concept].exclusions)
        )

    # -- cues -------------------------------------------------------------------------------------

    def _cues(
        self, page: Page, shields: Sequence[Span], phrases: Sequence[Span], used: Sequence[Span]
    ) -> Cues:
        found = {cues.id: self._cues_of(page, shields, cues) for cues in self.cue_sets}
        own = {
            span.start
            for cues in self.cue_sets
            if cues.status == "negated"
            for span in page.found(cues.words)
        }
        free = {
            name: [span for span in spans if not any(_runs_into(span, p) for p in phrases)]
            for name, spans in found.items()
        }
        covers = [*shields, *phrases, *(span for spans in free.values() for span in spans)]
        acting = {
            name: [
                span
                for span in spans
                if not any(cover.is_longer_around(span) for cover in covers)
                and not any(word.holds(span) for word in used)
            ]
            for name, spans in free.items()
        }
        return Cues(acting, self._stops(page), frozenset(own))

    def _cues_of(self, page: Page, shields: Sequence[Span], cues: CueSet) -> list[Span]:
        spans = set(page.found(cues.words))
        for pattern in cues.patterns:
            spans |= {Span(way[0].start, way[-1].end) for way in _ways(page, shields, pattern)}
        return list(spans)

    def _stops(self, page: Page) -> dict[str, list[Span]]:
        stops: dict[str, list[Span]] = {}
        for status in YIELDING:
            listed = [
                language.stops.get(name, ())
                for language in self.languages
                for name in ("all", status)
            ]
            stops[status] = page.found(word for words in listed for word in words)
        return stops

    # -- status -----------------------------------------------------------------------------------

    def _said(self, page: Page, candidate: Candidate, cues: Cues, *, given: bool = False) -> Said:
        status, cue = "affirmed", Span(-1, -1)
        for name in YIELDING:
            for cue_set in self.cue_sets:
                if cue_set.status == name and self._may_change(cue_set, candidate):
                    deciding = self._covering(page, candidate, cue_set, cues)
                    if deciding is None and given and name in INSIDE:
                        inside = _inside(candidate, INSIDE[name])
                        deciding = self._covering(page, inside, cue_set, cues)
                    if deciding is not None:
                        status = "hypothetical" if name == "question" else name
                        cue = deciding
        span = candidate.span
        return Said(
            candidate.concept, status, span.start, span.end, candidate.found_by, cue.start, cue.end
        )

    def _is_risk(self, name: str) -> bool:
        return name not in self.concepts or self.concepts[name].polarity == "risk"

    def _may_change(self, cue_set: CueSet, candidate: Candidate) -> bool:
        """What is lasting or protective is never past; a grown-up drops only some concepts."""
        if cue_set.concepts and candidate.concept not in cue_set.concepts:
            return False
        if cue_set.status == "past":
            return not candidate.lasting and self._is_risk(candidate.concept)
        if cue_set.status == "adult":
            concept = self.concepts.get(candidate.concept)
            return concept is not None and concept.adult_subject == "dropped"
        return True

    def _covering(
        self, page: Page, candidate: Candidate, cue_set: CueSet, cues: Cues
    ) -> Span | None:
        """The nearest cue of a set, where it reaches the mention and nothing bars its way."""
        cue = _nearest(cue_set.side, cues.by_set[cue_set.id], candidate)
        if cue is None:
            return None
        stops = cues.stops[cue_set.status]
        if cue_set.side == "before":
            first, last = cue.end, candidate.anchor
            stopped = any(first <= stop.start < last for stop in stops)
        else:
            first, last = candidate.span.end, cue.start
            # A stop that touches the cue is not between: 被打，但没发现 is denied.
            stopped = any(first < stop.end < last for stop in stops)
        passes_commas = cue_set.commas == "pass" or (
            cue_set.commas == "list" and self._is_list_item(page, candidate, cues)
        )
        ends = page.sentence_ends if passes_commas else page.clause_ends
        barred = stopped or any(first <= end < last for end in ends)
        return cue if last - first <= cue_set.reach and not barred else None

    def _is_list_item(self, page: Page, candidate: Candidate, cues: Cues) -> bool:
        """A concern right after a comma (a Latin one: within a short word) or a joining word that
        denies nothing itself."""
        start = candidate.span.start
        before = max((end for end in page.clause_ends if end < start), default=-1)
        latin = start < len(page.text) and is_word(page.text[start])
        near = 5 if latin else 0
        joins = [
            span
            for cue_set in self.cue_sets
            if cue_set.status == "join"
            for span in cues.by_set[cue_set.id]
        ]
        is_item = start - before - 1 <= near or any(0 <= start - j.end <= near for j in joins)
        return is_item and start not in cues.negators and self._is_risk(candidate.concept)


def _inside(candidate: Candidate, width: int) -> Candidate:
    """A given span as cues inside it see it: they may end, or begin, anywhere in it."""
    start, end = candidate.span.start, candidate.span.end
    return replace(candidate, span=Span(start, start), anchor=min(end, start + width))


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """One character to one; a hyphen inside a Latin word is a blank, any other a comma."""
    folded = "".join(map(_fold_one, text))
    return "".join(
        _hyphen(folded, at) if character == "-" else character
        for at, character in enumerate(folded)
    )


def _hyphen(text: str, at: int) -> str:
    inside = 0 < at < len(text) - 1 and is_word(text[at - 1]) and is_word(text[at + 1])
    return " " if inside else ","


@lru_cache(maxsize=100_000)
def _fold_one(character: str) -> str:
    if ord(character) > 0xFFFF:
        return BEYOND
    if character in TRADITIONAL or character in LOOKALIKES:
        return TRADITIONAL.get(character) or LOOKALIKES[character]
    if "一" <= character <= "\u9fff" or "\ud800" <= character <= "\udfff":
        return character
    if character in LINE_ENDS:
        return "\n"
    if character.isspace() or character in "\x00\x01":
        return " "
    for form in (unicodedata.normalize("NFKC", character).lower(), character.lower()):
        if len(form) == 1 and form not in " \n" and ord(form) < 0xFFFF:
            return form
    return character


def is_word(character: str) -> bool:
    """A small Latin letter, with or without accent, or a digit."""
    return character in "abcdefghijklmnopqrstuvwxyz0123456789" or "ß" <= character <= "Ɏ"


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _stands_alone(text: str, start: int, end: int) -> bool:
    """A Latin start or end of a word is also where the note's own word starts or ends."""
    opens = not (is_word(text[start]) and start > 0 and is_word(text[start - 1]))
    closes = not (is_word(text[end - 1]) and end < len(text) and is_word(text[end]))
    return opens and closes


def _ends_sentence(text: str, at: int) -> bool:
    following = text[at + 1 : at + 2]
    full_stop = text[at] == "." and following != "." and not (following and is_word(following))
    return full_stop or text[at] in SENTENCE_ENDS


def _ends_clause(text: str, at: int) -> bool:
    """A comma, a bracket, or a blank between two Chinese characters."""
    if text[at] in CLAUSE_ENDS:
        return True
    between = text[at] == " " and 0 < at < len(text) - 1
    return between and _is_han(text[at - 1]) and _is_han(text[at + 1])


def _words_of(patterns: Iterable[Pattern]) -> Iterator[str]:
    for pattern in patterns:
        for part in pattern.parts:
            yield from part


def _ways(page: Page, shields: Sequence[Span], pattern: Pattern) -> list[tuple[Span, ...]]:
    """Every way to choose a pattern's parts: in order, the gaps kept, all in one clause."""
    ways: list[tuple[Span, ...]] = [()]
    for number, part in enumerate(pattern.parts):
        spans = [s for s in page.found(part) if not any(sh.is_longer_around(s) for sh in shields)]
        low, high = pattern.gaps[number - 1] if number else (0, 0)
        ways = [
            (*way, span)
            for way in ways
            for span in spans
            if not way
            or (
                low <= span.start - way[-1].end <= high
                and page.clause_of(span.start) == page.clause_of(way[-1].start)
            )
        ]
    return ways


def _words_it_away(longer: Candidate, other: Candidate) -> bool:
    """A longer pattern of another concept that shares a fixed word: 爸爸拿板凳砸妈妈 hides 拿板凳砸."""
    return (
        longer.concept != other.concept
        and longer.span.is_longer_around(other.span)
        and any(word.overlaps(other.span) for word in longer.fixed)
    )


def _nearest(side: str, cues: Sequence[Span], candidate: Candidate) -> Span | None:
    """The last cue that ends before the mention's last part, or the first that starts behind it."""
    if side == "before":
        near = [cue for cue in cues if cue.end <= candidate.anchor]
        return max(near, key=lambda cue: (cue.end, cue.start), default=None)
    near = [cue for cue in cues if cue.start >= candidate.span.end]
    return min(near, key=lambda cue: (cue.start, -cue.end), default=None)


def one_per_place(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of mentions of one concept that overlap in a chain, the first and longest.

    Of several ways to find the same span, a phrase, and of patterns the one whose last word is longest.
    """
    ordered = sorted(
        candidates,
        key=lambda c: (c.span.start, -c.span.end, c.found_by != "phrase", c.anchor),
    )
    kept: list[Candidate] = []
    reach: dict[str, int] = {}
    for candidate in ordered:
        if candidate.span.start >= reach.get(candidate.concept, 0):
            kept.append(candidate)
        reach[candidate.concept] = max(reach.get(candidate.concept, 0), candidate.span.end)
    return kept


def _runs_into(cue: Span, phrase: Span) -> bool:
    """不是没 in 不是没人管: the cue ends inside a phrase that starts inside the cue."""
    return cue.start < phrase.start < cue.end < phrase.end

"""A lexicon prepared for search: each word once, with everything it is for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import ConceptWords, CueSet, Lexicon, Pattern
from carescreen.normalise import Positions, fold
from carescreen.patterns import PatternTable
from carescreen.scan import Hits, Scanner, expand

# Statuses of cue sets, from the one that yields to all to the one that wins.
PRECEDENCE = ("past", "suspected", "question", "negated", "hypothetical", "other", "adult")
PHRASE, LASTING, ELEMENT, CUE, STOP, SHIELD, EXCLUSION = range(7)
_NONE: Mapping[str, Collection[tuple[str, str]]] = {}


@dataclass(frozen=True)
class Roles:
    """Hits with what they are for, by start: `kind` one of the constants above but ELEMENT.

    `value` is the concept (PHRASE, LASTING, EXCLUSION), the cue set (CUE) or the stop list (STOP).
    """

    start: Positions
    end: Positions
    kind: NDArray[np.int8]
    value: Positions

    def of(self, *kinds: int) -> Roles:
        rows = self.kind == kinds[0]
        for kind in kinds[1:]:
            rows |= self.kind == kind
        return self.take(rows.nonzero()[0])

    def take(self, rows: Positions) -> Roles:
        return Roles(
            self.start.take(rows),
            self.end.take(rows),
            self.kind.take(rows),
            self.value.take(rows),
        )


class Vocabulary:
    """The words, patterns, cue sets and stop lists of every language of a lexicon.

    Patterns come in two rows of numbers: those below `mention_patterns` mention the concept
    `pattern_target`; the others are cues of the set `pattern_target`. Of each cue set `concerns`
    says on which concepts it acts, and `rank` where its status stands in PRECEDENCE (-1: it decides
    nothing); of each stop list `stops` gives the rank it stops, len(PRECEDENCE) for all.
    Left out are the (concept, folded phrase) that are `doubtful` in a language.
    """

    def __init__(
        self, lexicon: Lexicon, doubtful: Mapping[str, Collection[tuple[str, str]]] = _NONE
    ) -> None:
        self.concepts = tuple(lexicon.concepts)
        every = lexicon.concepts.values()
        # The last entry of both: a span of no known concept.
        self.drops_adults = np.array([*(c.adult_subject == "dropped" for c in every), False])
        self.is_risk = np.array([*(c.polarity == "risk" for c in every), True])
        number = {name: index for index, name in enumerate(self.concepts)}
        self.cue_sets: list[CueSet] = []
        self.stop_sets: list[tuple[str, str]] = []  # (language, status or "all")
        self.cue_language: list[str] = []
        self._roles: dict[str, list[tuple[int, int]]] = {}
        mentioned: list[tuple[Pattern, int]] = []
        cued: list[tuple[Pattern, int]] = []
        for language in lexicon.languages:
            for name, words in language.concepts.items():
                doubts = {word for of, word in doubtful.get(language.language, ()) if of == name}
                self._add_concept(number[name], words, doubts)
                mentioned += [(pattern, number[name]) for pattern in words.patterns]
            self._add(language.shields, SHIELD, 0)
            for cues in language.cues:
                cued += [(pattern, len(self.cue_sets)) for pattern in cues.patterns]
                self._add(cues.words, CUE, len(self.cue_sets))
                self.cue_sets.append(cues)
                self.cue_language.append(language.language)
            for status, words_ in language.stops.items():
                self._add(words_, STOP, len(self.stop_sets))
                self.stop_sets.append((language.language, status))
        self.patterns = PatternTable([pattern for pattern, _ in [*mentioned, *cued]])
        self.pattern_target = np.array([target for _, target in [*mentioned, *cued]], np.int64)
        self.mention_patterns = len(mentioned)
        for part, index in self.patterns.parts.items():
            self._add(part, ELEMENT, index)
        self._finish()

    def _add_concept(self, concept: int, words: ConceptWords, doubtful: Collection[str]) -> None:
        self._add(words.phrases, PHRASE, concept, doubtful)
        self._add(words.lasting, LASTING, concept)
        self._add(words.exclusions, EXCLUSION, concept)

    def _add(
        self, words: Iterable[str], kind: int, value: int, without: Collection[str] = ()
    ) -> None:
        for codes in fold(list(words)):
            word = "".join(map(chr, codes.tolist()))
            if word in without:
                continue
            roles = self._roles.setdefault(word, [])
            if (kind, value) not in roles:
                roles.append((kind, value))

    def _finish(self) -> None:
        self._describe_cue_sets()
        words = list(self._roles)
        self.scanner = Scanner(words)
        owner, kind, value = (
            np.array(
                [
                    (number, kind, value)
                    for number, word in enumerate(words)
                    for kind, value in self._roles[word]
                ],
                np.int64,
            )
            .reshape(-1, 3)
            .T
        )
        is_part = kind == ELEMENT
        self.patterns.file(owner[is_part], value[is_part], self.scanner.lengths)
        self._kind, self._value = kind[~is_part].astype(np.int8), value[~is_part]
        self._count = np.bincount(owner[~is_part], minlength=len(words))
        self._first = self._count.cumsum() - self._count
        self.size = len(words)

    def _describe_cue_sets(self) -> None:
        concepts = [*self.concepts, ""]

        def each(value: Callable[[CueSet], object], dtype: type) -> NDArray[Any]:
            return np.array([value(cues) for cues in self.cue_sets], dtype)

        acts = each(lambda cues: cues.status in PRECEDENCE, np.bool_)
        before = each(lambda cues: cues.side == "before", np.bool_)
        self.acts_before, self.acts_after = acts & before, acts & ~before
        self.rank = each(lambda cues: _rank(cues.status), np.int64)
        self.reach = each(lambda cues: cues.reach, np.int64)
        self.furthest = int(self.reach.max(initial=0))
        self.passes_commas = each(lambda cues: cues.commas == "pass", np.bool_)
        self.passes_lists = each(lambda cues: cues.commas == "list", np.bool_)
        self.negates = each(lambda cues: cues.status == "negated", np.bool_)
        self.joins = each(lambda cues: cues.status == "join", np.bool_)
        self.spares_lasting = each(lambda cues: cues.status == "past", np.bool_)
        self.concerns = np.array(
            [
                [not cues.concepts or name in cues.concepts for name in concepts]
                for cues in self.cue_sets
            ],
            np.bool_,
        ).reshape(-1, len(concepts))
        self.concerns[self.spares_lasting] &= self.is_risk
        self.concerns[each(lambda cues: cues.status == "adult", np.bool_)] &= self.drops_adults
        self.stops = np.array(
            [len(PRECEDENCE) if s == "all" else _rank(s) for _, s in self.stop_sets], np.int64
        )

    @property
    def roles_of_words(self) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Each folded word with all that it is for: kind and value, ELEMENT with a pattern's part."""
        return self._roles

    def roles(self, hits: Hits) -> Roles:
        """One row per hit and role, by start, but for the parts of patterns."""
        count = self._count.take(hits.word)
        rows = (count > 0).nonzero()[0]  # most words are only parts of patterns
        owner, rank = expand(count.take(rows))
        owner = rows.take(owner)
        row = self._first.take(hits.word.take(owner)) + rank
        return Roles(
            hits.start.take(owner),
            hits.end.take(owner),
            self._kind.take(row),
            self._value.take(row),
        )


def _rank(status: str) -> int:
    return PRECEDENCE.index(status) if status in PRECEDENCE else -1

"""Mentions and cues of few, short notes, as plain values: what `mentions` and `status` give of many."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from carescreen.few_words import WORD_CHARACTERS, FewWords, Hit, Match, Page, Span, held_by_longer
from carescreen.mentions import BY_PATTERN, BY_PHRASE
from carescreen.status import CODES, STATUS_CODE
from carescreen.vocabulary import (
    CUE,
    EXCLUSION,
    LASTING,
    PHRASE,
    PRECEDENCE,
    SHIELD,
    STOP,
    Vocabulary,
)

_AFFIRMED = STATUS_CODE["affirmed"]
_NEAR_LATIN = 5  # characters before a Latin list item, as in `status`


class FewMention(NamedTuple):
    """One row of `mentions.Mentions`."""

    start: int
    end: int
    anchor: int
    concept: int
    found_by: int
    lasting: bool


class Said(NamedTuple):
    """The status of a mention (negative: none) and the cue that decided it (-1: none)."""

    status: int
    cue_start: int
    cue_end: int


@dataclass(frozen=True, repr=False)  # its values are records
class FewFound:
    """What one scan of a page gives: mentions, and all roles."""

    mentions: list[FewMention]
    roles: list[Hit]
    _cues: Callable[[], list[Hit]]

    @cached_property
    def cues(self) -> list[Hit]:
        """The cues that may act: a page that mentions nothing is not asked."""
        return self._cues()


class FewMentions:
    """Finds the mentions of a page, and what its cues say of them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._words = FewWords(vocabulary)
        self._spoken = vocabulary.mention_patterns
        self._target: list[int] = vocabulary.pattern_target.tolist()
        self._before: list[bool] = vocabulary.acts_before.tolist()
        self._after: list[bool] = vocabulary.acts_after.tolist()
        self._rank: list[int] = vocabulary.rank.tolist()
        self._reach: list[int] = vocabulary.reach.tolist()
        self._furthest = vocabulary.furthest
        self._concerns: list[list[bool]] = vocabulary.concerns.tolist()
        self._spares: list[bool] = vocabulary.spares_lasting.tolist()
        self._passes: list[bool] = vocabulary.passes_commas.tolist()
        self._lists: list[bool] = vocabulary.passes_lists.tolist()
        self._negates: list[bool] = vocabulary.negates.tolist()
        self._joins: list[bool] = vocabulary.joins.tolist()
        self._stops: list[int] = vocabulary.stops.tolist()
        self.is_risk: list[bool] = vocabulary.is_risk.tolist()

    def find(self, page: Page) -> FewFound:
        """Scan a page for phrases and patterns, and for the cues outside them."""
        roles, parts = self._words.find(page)
        covers = [role for role in roles if role.kind in (PHRASE, LASTING, SHIELD)]
        spans = {(role.start, role.end) for role in covers}
        phrases = [
            role
            for role in covers
            if role.kind != SHIELD and not held_by_longer((role.start, role.end), spans)
        ]
        shields = {(role.start, role.end) for role in roles if role.kind == SHIELD}
        matches = self._words.match(page, parts, shields) if parts else []
        excluded = {
            (page.clause_of(role.start), role.value) for role in roles if role.kind == EXCLUSION
        }
        spoken = [match for match in matches if match.pattern < self._spoken]
        if excluded:
            spoken = [
                match
                for match in spoken
                if (page.clause_of(match.start), self._target[match.pattern]) not in excluded
            ]
        mentions = [
            FewMention(at, end, at, concept, BY_PHRASE, kind == LASTING)
            for at, end, kind, concept in phrases
            if not excluded or (page.clause_of(at), concept) not in excluded
        ]
        mentions = _one_per_place(self._with_patterns(mentions, spoken))

        def cues() -> list[Hit]:
            every = [role for role in roles if role.kind == CUE]
            every += [
                Hit(match.start, match.end, CUE, self._target[match.pattern])
                for match in matches
                if match.pattern >= self._spoken
            ]
            return _outside(every, spans, phrases, _used(spoken, mentions))

        return FewFound(mentions, roles, cues)

    def _with_patterns(
        self, mentions: list[FewMention], spoken: Sequence[Match]
    ) -> list[FewMention]:
        """Phrases and patterns, without what a longer pattern of another concept words away."""
        if not spoken:
            return mentions
        both = mentions + [
            FewMention(
                match.start,
                match.end,
                match.anchor,
                self._target[match.pattern],
                BY_PATTERN,
                False,
            )
            for match in spoken
        ]
        both.sort(key=lambda mention: mention.start)
        return [
            mention
            for mention in both
            if not any(
                match.start <= mention.start < match.end
                and mention.end <= match.end
                and mention.end - mention.start < match.end - match.start
                and mention.concept != self._target[match.pattern]
                and any(start < mention.end and end > mention.start for start, end in match.words)
                for match in spoken
            )
        ]

    def decide(self, page: Page, found: FewFound, mention: FewMention) -> Said:
        """What the cues of a page say of a mention: of those that reach it, the last in rank."""
        best: tuple[int, int, int] | None = None
        said = Said(_AFFIRMED, -1, -1)
        sentence = bisect_left(page.hard, mention.anchor)
        earliest = max(
            page.hard[sentence - 1] + 1 if sentence else 0, mention.anchor - self._furthest
        )
        last = mention.end + self._furthest
        behind = bisect_left(page.hard, mention.end)
        if behind < len(page.hard):
            last = min(last, page.hard[behind])
        for cue in found.cues:
            cue_set = cue.value
            if self._before[cue_set]:
                low, high = cue.end, mention.anchor
                if not earliest <= low <= high:
                    continue
            elif self._after[cue_set]:
                low, high = mention.end, cue.start
                if not low <= high <= last:
                    continue
            else:
                continue
            key = (self._rank[cue_set], cue_set, low - high)
            if best is not None and key < best:
                continue
            if self._acts(page, found, mention, cue_set, low, high):
                best = key
                said = Said(int(CODES[key[0]]), cue.start, cue.end)
        return said

    def _acts(
        self, page: Page, found: FewFound, mention: FewMention, cue_set: int, low: int, high: int
    ) -> bool:
        """Whether a cue concerns a mention, reaches it, and passes what lies from low to high."""
        if high - low > self._reach[cue_set] or not self._concerns[cue_set][mention.concept]:
            return False
        if mention.lasting and self._spares[cue_set]:
            return False
        barred = not self._passes[cue_set] and page.clause_of(low) != page.clause_of(high)
        if barred and not (self._lists[cue_set] and self._is_list_item(page, found, mention)):
            return False
        rank = self._rank[cue_set]
        for role in found.roles:
            if role.kind == STOP and self._stops[role.value] in (rank, len(PRECEDENCE)):
                if self._after[cue_set]:
                    if low < role.end < high:
                        return False
                elif low <= role.start < high:
                    return False
        return True

    def _is_list_item(self, page: Page, found: FewFound, mention: FewMention) -> bool:
        """A concern right behind a comma or a joining word that brings no negator of its own."""
        start = mention.start
        if not self.is_risk[mention.concept]:
            return False
        if any(
            role.start == start and role.kind == CUE and self._negates[role.value]
            for role in found.roles
        ):
            return False
        clause = page.clause_of(start)
        begin = page.soft[clause - 1] + 1 if clause else 0
        near = _NEAR_LATIN if page.text[start] in WORD_CHARACTERS else 0
        return start - begin <= near or any(
            0 <= start - cue.end <= near for cue in found.cues if self._joins[cue.value]
        )


def _one_per_place(mentions: list[FewMention]) -> list[FewMention]:
    """Of mentions of one concept that overlap in a chain, the first and longest stays."""
    if len(mentions) < 2:
        return mentions
    kept: list[FewMention] = []
    reach: dict[int, int] = {}
    for mention in sorted(mentions, key=_by_place):
        if mention.start >= reach.get(mention.concept, 0):
            kept.append(mention)
        reach[mention.concept] = max(reach.get(mention.concept, 0), mention.end)
    kept.sort(key=lambda mention: mention.start)
    return kept


def _by_place(mention: FewMention) -> tuple[int, int, int, int]:
    return mention.start, -mention.end, mention.found_by, mention.anchor


def _used(spoken: Sequence[Match], mentions: Sequence[FewMention]) -> list[Span]:
    """The fixed words of the patterns that became mentions."""
    spans = {(mention.start, mention.end) for mention in mentions if mention.found_by == BY_PATTERN}
    return [word for match in spoken if (match.start, match.end) in spans for word in match.words]


def _outside(
    cues: Sequence[Hit], covers: set[Span], phrases: Sequence[Hit], used: Sequence[Span]
) -> list[Hit]:
    """The cues that no shield, longer phrase, used pattern word or longer cue holds."""
    if phrases and cues:
        starts = [phrase.start for phrase in phrases]
        cues = [cue for cue in cues if not _runs_into(cue, phrases, starts)]
    holding = covers | {(cue.start, cue.end) for cue in cues}
    return [
        cue
        for cue in cues
        if not held_by_longer((cue.start, cue.end), holding)
        and not any(start <= cue.start and cue.end <= end for start, end in used)
    ]


def _runs_into(cue: Hit, phrases: Sequence[Hit], starts: Sequence[int]) -> bool:
    last = bisect_left(starts, cue.end) - 1
    if last < 0:
        return False
    return phrases[last].start > cue.start and phrases[last].end > cue.end


def clause_before(ends: Sequence[int], at: int) -> int:
    """The number of the clause, by the ends of all, in which a place lies, or the next; else the last."""
    return min(bisect_right(ends, at), len(ends) - 1)

"""From hits to mentions: longest first, shields and exclusions applied, one per place and concept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from carescreen.normalise import Codes, Positions, Text, is_han, is_word
from carescreen.patterns import Matches
from carescreen.scan import Hits, expand
from carescreen.vocabulary import (
    CUE,
    EXCLUSION,
    LASTING,
    PHRASE,
    SHIELD,
    Roles,
    Vocabulary,
)

FOUND_BY = ("phrase", "pattern", "learned")
BY_PHRASE, BY_PATTERN, BY_LEARNED = range(3)
_FAR = np.int64(1 << 40)  # above any position: keeps clauses or concepts apart in one key
_HARD = "。!?;\n"
_SOFT = ",()"

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Breaks:
    """Where sentences (`hard`) and clauses (`soft`, which has the hard ones too) end, by position.

    `clause` and `sentence` say of every position how many such ends lie before it.
    """

    hard: Positions
    soft: Positions
    clause: Positions
    sentence: Positions


@dataclass(frozen=True)
class Mentions:
    """Concepts as found, by start. `anchor` is where a cue before it must end: the last part's start."""

    start: Positions
    end: Positions
    anchor: Positions
    concept: Positions
    found_by: NDArray[np.int8]
    lasting: BoolArray

    def take(self, rows: Positions | BoolArray) -> Mentions:
        return Mentions(
            self.start[rows],
            self.end[rows],
            self.anchor[rows],
            self.concept[rows],
            self.found_by[rows],
            self.lasting[rows],
        )


@dataclass(frozen=True)
class Found:
    """What one scan of a text gives: mentions, the cues that may act, and all roles but pattern parts."""

    mentions: Mentions
    cues: Roles
    roles: Roles
    breaks: Breaks


def find_breaks(codes: Codes) -> Breaks:
    """Sentence ends 。！？；, a full stop before a blank, line ends; clause ends also ， ( ) and a
    blank between two Chinese characters."""
    hard = _table(_HARD)[codes]
    stops = (codes == ord(".")).nonzero()[0]
    after = codes[np.minimum(stops + 1, codes.size - 1)]
    hard[stops] = ~is_word(after) & (after != ord("."))
    soft = hard | _table(_SOFT)[codes]
    blanks = (codes == ord(" ")).nonzero()[0]
    blanks = blanks[(blanks > 0) & (blanks < codes.size - 1)]
    soft[blanks] |= is_han(codes[blanks - 1]) & is_han(codes[blanks + 1])
    return Breaks(hard.nonzero()[0], soft.nonzero()[0], _before(soft), _before(hard))


def _before(breaks: BoolArray) -> Positions:
    before = np.zeros(breaks.size + 1, np.int64)
    breaks.cumsum(out=before[1:])
    return before


def inside(
    start: Positions, end: Positions, by_start: Positions, by_end: Positions, *, longer: bool = True
) -> BoolArray:
    """Which spans lie inside one of the others (sorted by start); `longer`: a longer one."""
    if not by_start.size or not start.size:
        return np.zeros(start.size, np.bool_)
    reach = np.empty(by_end.size + 1, np.int64)
    reach[0] = -1
    np.maximum.accumulate(by_end, out=reach[1:])
    before = reach[by_start.searchsorted(start, side="left")]
    upto = reach[by_start.searchsorted(start, side="right")]
    return np.asarray((before >= end) | (upto > end) if longer else upto >= end)


def find_mentions(text: Text, vocabulary: Vocabulary) -> Found:
    """Scan a text for phrases and patterns, and for the cues outside them."""
    breaks = find_breaks(text.codes)
    hits = vocabulary.scanner.find(text.codes)
    roles = vocabulary.roles(hits)
    shields = roles.of(SHIELD)
    phrases = _phrases(roles)
    matches = _matches(vocabulary.patterns.elements(hits), shields, breaks, vocabulary)
    mentioned = matches.pattern < vocabulary.mention_patterns
    spoken = matches.take(mentioned.nonzero()[0])
    excluded = roles.of(EXCLUSION), breaks
    out = _excluded(spoken.start, vocabulary.pattern_target[spoken.pattern], *excluded)
    spoken = spoken.take((~out).nonzero()[0])
    mentions = _together(phrases, spoken, vocabulary)
    mentions = mentions.take(~_excluded(mentions.start, mentions.concept, *excluded))
    mentions = _without_worded(mentions, spoken, vocabulary)
    mentions = one_per_place(mentions)
    cues = _cues(roles, matches.take((~mentioned).nonzero()[0]), vocabulary)
    cues = _outside(cues, shields, phrases, _used(spoken, mentions))
    return Found(mentions, cues, roles, breaks)


def one_per_place(mentions: Mentions) -> Mentions:
    """Of mentions of one concept that overlap in a chain, the first and longest stays.

    Of several ways to find the same span, a phrase, and of patterns the one whose last word is longest.
    """
    if mentions.start.size < 2:
        return mentions
    kind = mentions.concept
    order = np.lexsort((mentions.anchor, mentions.found_by, -mentions.end, mentions.start, kind))
    begin = mentions.start[order] + kind[order] * _FAR
    reach = np.maximum.accumulate(mentions.end[order] + kind[order] * _FAR)
    kept = np.ones(order.size, np.bool_)
    kept[1:] = begin[1:] >= reach[:-1]
    return mentions.take(np.sort(order[kept]))


def _phrases(roles: Roles) -> Roles:
    phrases = roles.of(PHRASE, LASTING)
    covers = roles.of(PHRASE, LASTING, SHIELD)
    held = inside(phrases.start, phrases.end, covers.start, covers.end)
    return phrases.take((~held).nonzero()[0])


def _matches(parts: Hits, shields: Roles, breaks: Breaks, vocabulary: Vocabulary) -> Matches:
    rows = (~_shielded(parts, shields)).nonzero()[0]
    parts = Hits(parts.start.take(rows), parts.end.take(rows), parts.word.take(rows))
    return vocabulary.patterns.find(parts, breaks.clause.take(parts.start))


def _shielded(parts: Hits, shields: Roles) -> BoolArray:
    """Which parts lie inside a longer shield: `inside`, asked from the few shields."""
    held = np.zeros(parts.start.size, np.bool_)
    first = parts.start.searchsorted(shields.start)
    owner, rank = expand(parts.start.searchsorted(shields.end) - first)
    row = first.take(owner) + rank
    start, end = shields.start.take(owner), shields.end.take(owner)
    part_end = parts.end.take(row)
    within = (part_end <= end) & (part_end - parts.start.take(row) < end - start)
    held[row[within]] = True
    return held


def _together(phrases: Roles, matches: Matches, vocabulary: Vocabulary) -> Mentions:
    start = np.concatenate([phrases.start, matches.start])
    order = start.argsort(kind="stable")
    size = phrases.start.size, matches.start.size
    found_by = np.repeat(np.array([BY_PHRASE, BY_PATTERN], np.int8), size)
    return Mentions(
        start,
        np.concatenate([phrases.end, matches.end]),
        np.concatenate([phrases.start, matches.anchor]),
        np.concatenate([phrases.value, vocabulary.pattern_target[matches.pattern]]),
        found_by,
        np.concatenate([phrases.kind == LASTING, np.zeros(size[1], np.bool_)]),
    ).take(order)


def _without_worded(mentions: Mentions, matches: Matches, vocabulary: Vocabulary) -> Mentions:
    """Drop what lies in a longer pattern of another concept and shares a fixed word with it.

    In 爸爸拿板凳砸妈妈 the shorter 拿板凳砸 goes; in 爸爸喝醉酒打他 the gap's 喝醉酒 stays.
    """
    if not matches.start.size:
        return mentions
    first = mentions.start.searchsorted(matches.start, side="left")
    last = mentions.start.searchsorted(matches.end, side="left")
    owner, rank = expand(last - first)
    row = first[owner] + rank
    start, end = mentions.start[row], mentions.end[row]
    shorter = (end <= matches.end[owner]) & (
        end - start < matches.end[owner] - matches.start[owner]
    )
    differs = mentions.concept[row] != vocabulary.pattern_target[matches.pattern[owner]]
    shares = (
        (matches.element_start[owner] >= 0)
        & (matches.element_start[owner] < end[:, None])
        & (matches.element_end[owner] > start[:, None])
    ).any(axis=1)
    dropped = np.zeros(mentions.start.size, np.bool_)
    dropped[row[shorter & differs & shares]] = True
    return mentions.take(~dropped)


def _excluded(start: Positions, concept: Positions, exclusions: Roles, breaks: Breaks) -> BoolArray:
    """Which concepts an exclusion of their clause rules out."""
    if not exclusions.start.size:
        return np.zeros(start.size, np.bool_)
    here = breaks.clause.take(start) + concept * _FAR
    there = breaks.clause.take(exclusions.start) + exclusions.value * _FAR
    return np.asarray(np.isin(here, there))


def _cues(roles: Roles, matches: Matches, vocabulary: Vocabulary) -> Roles:
    words = roles.of(CUE)
    if not matches.start.size:
        return words
    start = np.concatenate([words.start, matches.start])
    order = start.argsort(kind="stable")
    return Roles(
        start,
        np.concatenate([words.end, matches.end]),
        np.concatenate([words.kind, np.full(matches.start.size, CUE, np.int8)]),
        np.concatenate([words.value, vocabulary.pattern_target[matches.pattern]]),
    ).take(order)


def _used(matches: Matches, mentions: Mentions) -> tuple[Positions, Positions]:
    """The fixed words of the patterns that became mentions: a cue in them is part of the concern."""
    if not matches.start.size:
        return matches.start, matches.end
    by_pattern = mentions.found_by == BY_PATTERN
    kept = np.isin(
        matches.start * _FAR + matches.end,
        mentions.start[by_pattern] * _FAR + mentions.end[by_pattern],
    )
    start, end = matches.element_start[kept].ravel(), matches.element_end[kept].ravel()
    order = start.argsort(kind="stable")
    order = order[start[order] >= 0]
    return start[order], end[order]


def _outside(
    cues: Roles, shields: Roles, phrases: Roles, used: tuple[Positions, Positions]
) -> Roles:
    """The cues that no shield, longer phrase, used pattern word or longer cue holds.

    A cue that runs into a phrase is none (不是没 before 没人管), and so holds no other.
    """
    cues = cues.take((~_runs_into(cues, phrases)).nonzero()[0])
    held = inside(cues.start, cues.end, cues.start, cues.end)
    held |= inside(cues.start, cues.end, shields.start, shields.end)
    held |= inside(cues.start, cues.end, phrases.start, phrases.end)
    held |= inside(cues.start, cues.end, *used, longer=False)
    return cues.take((~held).nonzero()[0])


def _runs_into(cues: Roles, phrases: Roles) -> BoolArray:
    if not phrases.start.size:
        return np.zeros(cues.start.size, np.bool_)
    last = phrases.start.searchsorted(cues.end, side="left") - 1
    begins_inside = (last >= 0) & (phrases.start[last] > cues.start)
    return np.asarray(begins_inside & (phrases.end[last] > cues.end))


@lru_cache(maxsize=2)
def _table(characters: str) -> BoolArray:
    table = np.zeros(0x10000, np.bool_)
    table[[ord(character) for character in characters]] = True
    table[1] = characters == _HARD  # the separator between notes ends a sentence
    return table

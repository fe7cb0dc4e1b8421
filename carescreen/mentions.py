"""From hits to mentions: longest first, shields and exclusions applied, one per place and concept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from carescreen.breaks import Breaks, find_breaks
from carescreen.normalise import Positions, Text, order_by
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

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Mentions:
    """Concepts as found, by start. `anchor` is where a cue before it must end: the last part's start."""

    start: Positions
    end: Positions
    anchor: Positions
    concept: Positions
    found_by: NDArray[np.int8]
    lasting: BoolArray

    def take(self, rows: Positions) -> Mentions:
        return Mentions(
            self.start.take(rows),
            self.end.take(rows),
            self.anchor.take(rows),
            self.concept.take(rows),
            self.found_by.take(rows),
            self.lasting.take(rows),
        )


_Table = TypeVar("_Table", Hits, Roles, Matches, Mentions)


@dataclass(frozen=True)
class Found:
    """What one scan of a text gives: mentions, the cues that may act, and all roles but pattern parts."""

    mentions: Mentions
    cues: Roles
    roles: Roles
    breaks: Breaks


def inside(
    start: Positions, end: Positions, by_start: Positions, by_end: Positions, *, longer: bool = True
) -> BoolArray:
    """Which spans lie inside one of the others (sorted by start); `longer`: a longer one."""
    if not by_start.size or not start.size:
        return np.zeros(start.size, np.bool_)
    reach = np.empty(by_end.size + 1, np.int64)
    reach[0] = -1
    np.maximum.accumulate(by_end, out=reach[1:])
    upto = reach.take(by_start.searchsorted(start, side="right"))
    if not longer:
        return np.asarray(upto >= end)
    before = reach.take(by_start.searchsorted(start, side="left"))
    return np.asarray((before >= end) | (upto > end))


def find_mentions(text: Text, vocabulary: Vocabulary) -> Found:
    """Scan a text for phrases and patterns, and for the cues outside them."""
    breaks = find_breaks(text.codes)
    hits = vocabulary.scanner.find(text.codes)
    roles = vocabulary.roles(hits)
    shields, covers = roles.of(SHIELD), roles.of(PHRASE, LASTING, SHIELD)
    phrases = _phrases(covers)
    matches = _matches(vocabulary.patterns.elements(hits), shields, breaks, vocabulary)
    mentioned = matches.pattern < vocabulary.mention_patterns
    spoken = matches.take(mentioned.nonzero()[0])
    excluded = roles.of(EXCLUSION), breaks
    out = _excluded(spoken.start, vocabulary.pattern_target[spoken.pattern], *excluded)
    spoken = _without(spoken, out)
    out = _excluded(phrases.start, phrases.value, *excluded)
    mentions = _together(_without(phrases, out), spoken, vocabulary)
    mentions = _without_worded(mentions, spoken, vocabulary)
    mentions = one_per_place(mentions)
    cues = _cues(roles, matches.take((~mentioned).nonzero()[0]), vocabulary)
    cues = _outside(cues, covers, phrases, _used(spoken, mentions))
    return Found(mentions, cues, roles, breaks)


def one_per_place(mentions: Mentions) -> Mentions:
    """Of mentions of one concept that overlap in a chain, the first and longest stays.

    Of several ways to find the same span, a phrase, and of patterns the one whose last word is longest.
    """
    if mentions.start.size < 2:
        return mentions
    kind = mentions.concept
    length = mentions.end - mentions.start
    behind = mentions.anchor - mentions.start
    order = order_by(kind, mentions.start, length.max() - length, mentions.found_by, behind)
    apart = kind.take(order) * _FAR
    begin = mentions.start.take(order) + apart
    reach = np.maximum.accumulate(mentions.end.take(order) + apart)
    kept = np.ones(order.size, np.bool_)
    np.greater_equal(begin[1:], reach[:-1], out=kept[1:])
    return mentions.take(np.sort(order.take(kept.nonzero()[0]), kind="stable"))


def _without(table: _Table, out: BoolArray) -> _Table:
    """The rows of a table that are not out: often none is, and then nothing is copied."""
    return table.take((~out).nonzero()[0]) if out.any() else table


def _phrases(covers: Roles) -> Roles:
    phrases = covers.of(PHRASE, LASTING)
    held = inside(phrases.start, phrases.end, covers.start, covers.end)
    return _without(phrases, held)


def _matches(parts: Hits, shields: Roles, breaks: Breaks, vocabulary: Vocabulary) -> Matches:
    parts = _without(parts, _shielded(parts, shields))
    matches = vocabulary.patterns.find(parts, breaks.clause.take(parts.start))
    if not matches.start.size:
        return matches
    return matches.take(matches.start.argsort(kind="stable"))


def _shielded(parts: Hits, shields: Roles) -> BoolArray:
    """Which parts lie inside a longer shield: `inside`, asked from the few shields."""
    held = np.zeros(parts.start.size, np.bool_)
    if not shields.start.size:
        return held
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
    row = first.take(owner) + rank
    start, end = mentions.start.take(row), mentions.end.take(row)
    around = matches.start.take(owner), matches.end.take(owner)
    target = vocabulary.pattern_target.take(matches.pattern).take(owner)
    shorter = (end <= around[1]) & (end - start < around[1] - around[0])
    shorter &= mentions.concept.take(row) != target
    rows = shorter.nonzero()[0]
    if not rows.size:
        return mentions
    row, owner, start, end = row.take(rows), owner.take(rows), start.take(rows), end.take(rows)
    shares = np.zeros(rows.size, np.bool_)
    for from_, to in zip(matches.element_start.T, matches.element_end.T, strict=True):
        shares |= (from_.take(owner) < end) & (to.take(owner) > start)  # an end of -1 is no part
    dropped = np.zeros(mentions.start.size, np.bool_)
    dropped[row.take(shares.nonzero()[0])] = True
    return _without(mentions, dropped)


def _excluded(start: Positions, concept: Positions, exclusions: Roles, breaks: Breaks) -> BoolArray:
    """Which concepts an exclusion of their clause rules out."""
    if not exclusions.start.size:
        return np.zeros(start.size, np.bool_)
    clause, there = breaks.clause.take(start), breaks.clause.take(exclusions.start)
    excludes = np.zeros(breaks.soft.size + 1, np.bool_)
    excludes[there] = True
    excluded = excludes.take(clause)
    rows = excluded.nonzero()[0]
    here = clause.take(rows) + concept.take(rows) * _FAR
    keys = np.sort(there + exclusions.value * _FAR)
    excluded[rows] = keys.take(keys.searchsorted(here), mode="clip") == here
    return excluded


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
    by_pattern = (mentions.found_by == BY_PATTERN).nonzero()[0]
    start, end = mentions.start.take(by_pattern), mentions.end.take(by_pattern)
    first = matches.start.searchsorted(start)
    owner, rank = expand(matches.start.searchsorted(start, side="right") - first)
    row = first.take(owner) + rank
    kept = np.zeros(matches.start.size, np.bool_)
    kept[row[matches.end.take(row) == end.take(owner)]] = True
    rows = kept.nonzero()[0]
    starts = matches.element_start.take(rows, axis=0).ravel()
    ends = matches.element_end.take(rows, axis=0).ravel()
    real = (starts >= 0).nonzero()[0]
    order = real.take(starts.take(real).argsort(kind="stable"))
    return starts.take(order), ends.take(order)


def _outside(
    cues: Roles, covers: Roles, phrases: Roles, used: tuple[Positions, Positions]
) -> Roles:
    """The cues that no shield, longer phrase, used pattern word or longer cue holds.

    A cue that runs into a phrase is none (不是没 before 没人管), and so holds no other.
    """
    cues = _without(cues, _runs_into(cues, phrases))
    start = np.concatenate([cues.start, covers.start])
    order = start.argsort(kind="stable")
    end = np.concatenate([cues.end, covers.end]).take(order)
    held = inside(cues.start, cues.end, start.take(order), end)
    held |= inside(cues.start, cues.end, *used, longer=False)
    return _without(cues, held)


def _runs_into(cues: Roles, phrases: Roles) -> BoolArray:
    if not phrases.start.size:
        return np.zeros(cues.start.size, np.bool_)
    last = phrases.start.searchsorted(cues.end, side="left") - 1
    begins_inside = (last >= 0) & (phrases.start[last] > cues.start)
    return np.asarray(begins_inside & (phrases.end[last] > cues.end))

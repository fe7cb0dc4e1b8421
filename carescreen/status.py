"""What is said of a mention: affirmed, suspected, negated, past, other or hypothetical.

A cue set acts on the mentions within its reach, behind its cues or before them, unless a sentence
end, stop word or (unless the set passes them) comma lies between; of its cues the nearest counts.
Among the statuses that cover a mention the last of PRECEDENCE decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import STATUSES
from carescreen.mentions import BoolArray, Found, Mentions
from carescreen.normalise import Codes, Positions, is_word, order_by
from carescreen.scan import expand
from carescreen.vocabulary import CUE, PRECEDENCE, STOP, Vocabulary

STATUS_CODE = {status: code for code, status in enumerate(STATUSES)}
ALL = np.iinfo(np.int32).max
# What a given span may say of itself ("perhaps hit by his uncle"), and within how many characters of
# its start: an "if" opens it. A negator in it is part of the concern (没人管).
SAID_INSIDE = {"past": ALL, "suspected": ALL, "other": ALL, "hypothetical": 8}
DROPPED = -1  # the words are about a grown-up: nothing is mentioned
CODES = np.array(
    [
        STATUS_CODE["hypothetical"] if name == "question" else STATUS_CODE.get(name, DROPPED)
        for name in PRECEDENCE
    ],
    np.int8,
)
_FAR = np.int64(1 << 40)  # above any position: keeps statuses apart in one key
_FARTHEST = np.iinfo(np.int64).max
_FAR_BEFORE = np.array([-(1 << 40)])


@dataclass(frozen=True)
class Decided:
    """Status code of each mention (DROPPED: none), and the cue that decided it (-1: none)."""

    status: NDArray[np.int8]
    cue_start: Positions
    cue_end: Positions


@dataclass(frozen=True)
class _Pairs:
    """Mentions with cues that may act on them, and from where to where the text between runs."""

    mention: Positions
    cue: Positions
    low: Positions
    high: Positions

    def take(self, rows: Positions) -> _Pairs:
        return _Pairs(
            self.mention.take(rows),
            self.cue.take(rows),
            self.low.take(rows),
            self.high.take(rows),
        )


def decide(
    found: Found,
    mentions: Mentions,
    codes: Codes,
    vocabulary: Vocabulary,
    *,
    given: bool = False,
) -> Decided:
    """The status of each mention; of a given span the cues inside it count too (SAID_INSIDE)."""
    size = mentions.start.size
    status = np.full(size, STATUS_CODE["affirmed"], np.int8)
    cue_start, cue_end = np.full(size, -1), np.full(size, -1)
    if not (size and found.cues.start.size):
        return Decided(status, cue_start, cue_end)
    pairs = _both(_behind(found, mentions, vocabulary), _ahead(found, mentions, vocabulary))
    if given:
        pairs = _both(pairs, _inside(found, mentions, vocabulary))
    pairs = _reached(pairs, found, mentions, codes, vocabulary)
    pairs = _unstopped(pairs, found, vocabulary)
    mention, cue, gap = pairs.mention, pairs.cue, pairs.high - pairs.low
    cue_set = found.cues.value.take(cue)
    rank = vocabulary.rank.take(cue_set)
    nearness = vocabulary.furthest - gap
    order = order_by(mention, rank, cue_set, nearness)  # the one that decides comes last
    ordered = mention.take(order)
    is_last = np.ones(order.size, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_last[:-1])
    last = order.take(is_last.nonzero()[0])
    mention = mention.take(last)
    status[mention] = CODES.take(rank.take(last))
    cue_start[mention] = found.cues.start.take(cue.take(last))
    cue_end[mention] = found.cues.end.take(cue.take(last))
    return Decided(status, cue_start, cue_end)


def _behind(found: Found, mentions: Mentions, vocabulary: Vocabulary) -> _Pairs:
    """Mentions behind cues that look ahead, in one sentence and within the widest reach."""
    cues = vocabulary.acts_before.take(found.cues.value).nonzero()[0]
    cues = cues.take(found.cues.end.take(cues).argsort(kind="stable"))
    end = found.cues.end.take(cues)
    begin = np.concatenate([[0], found.breaks.hard + 1]).take(
        found.breaks.sentence_of(mentions.anchor)
    )
    first = end.searchsorted(np.maximum(begin, mentions.anchor - vocabulary.furthest))
    last = end.searchsorted(mentions.anchor, side="right")
    mention, rank = expand(np.maximum(last - first, 0))
    row = first.take(mention) + rank
    return _Pairs(mention, cues.take(row), end.take(row), mentions.anchor.take(mention))


def _ahead(found: Found, mentions: Mentions, vocabulary: Vocabulary) -> _Pairs:
    """Mentions before cues that look back, in one sentence and within the widest reach."""
    cues = vocabulary.acts_after.take(found.cues.value).nonzero()[0]
    start = found.cues.start.take(cues)
    until = np.append(found.breaks.hard, _FAR).take(found.breaks.sentence_of(mentions.end))
    first = start.searchsorted(mentions.end)
    last = start.searchsorted(np.minimum(until, mentions.end + vocabulary.furthest), side="right")
    mention, rank = expand(np.maximum(last - first, 0))
    row = first.take(mention) + rank
    return _Pairs(mention, cues.take(row), mentions.end.take(mention), start.take(row))


def _inside(found: Found, mentions: Mentions, vocabulary: Vocabulary) -> _Pairs:
    """Given spans with the cues inside them that may speak of them (SAID_INSIDE)."""
    none = np.zeros(0, np.int64)
    pairs = _Pairs(none, none, none, none)
    for name, within in SAID_INSIDE.items():
        last = np.minimum(mentions.end, mentions.start + within)
        spans = replace(mentions, end=mentions.start, anchor=last)
        some = _both(_behind(found, spans, vocabulary), _ahead(found, spans, vocabulary))
        own = vocabulary.rank.take(found.cues.value.take(some.cue)) == PRECEDENCE.index(name)
        pairs = _both(pairs, some.take(own.nonzero()[0]))
    return pairs


def _reached(
    pairs: _Pairs, found: Found, mentions: Mentions, codes: Codes, vocabulary: Vocabulary
) -> _Pairs:
    """The pairs whose cue concerns the mention, reaches it and passes the commas between."""
    cue_set = found.cues.value.take(pairs.cue)
    reached = pairs.high - pairs.low <= vocabulary.reach.take(cue_set)
    reached &= vocabulary.concerns[cue_set, mentions.concept.take(pairs.mention)]
    reached &= ~(mentions.lasting.take(pairs.mention) & vocabulary.spares_lasting.take(cue_set))
    comma = found.breaks.clause.take(pairs.low) != found.breaks.clause.take(pairs.high)
    comma &= ~vocabulary.passes_commas.take(cue_set)
    rows = (reached & comma & vocabulary.passes_lists.take(cue_set)).nonzero()[0]
    if rows.size:
        comma[rows] = ~_list_items(pairs.mention.take(rows), mentions, found, codes, vocabulary)
    return pairs.take((reached & ~comma).nonzero()[0])


def _both(some: _Pairs, others: _Pairs) -> _Pairs:
    return _Pairs(
        np.concatenate([some.mention, others.mention]),
        np.concatenate([some.cue, others.cue]),
        np.concatenate([some.low, others.low]),
        np.concatenate([some.high, others.high]),
    )


def _unstopped(pairs: _Pairs, found: Found, vocabulary: Vocabulary) -> _Pairs:
    """The pairs with no stop word between: one for all cue sets, or one for the cue's status.

    A stop word behind a cue stops it where it starts; one before a cue, where it ends.
    """
    stops = found.roles.of(STOP)
    if not (stops.start.size and pairs.cue.size):
        return pairs
    stopped = vocabulary.stops.take(stops.value)
    for_all = (stopped == len(PRECEDENCE)).nonzero()[0]
    for_one = ((stopped >= 0) & (stopped < len(PRECEDENCE))).nonzero()[0]
    cue_set = found.cues.value.take(pairs.cue)
    apart = vocabulary.rank.take(cue_set) * _FAR
    after = vocabulary.acts_after.take(cue_set)
    stopped_cue = np.zeros(pairs.cue.size, np.bool_)
    for side, at, shift in ((~after, stops.start, 0), (after, stops.end, 1)):
        rows = side.nonzero()[0]
        if rows.size:
            low, high, far = pairs.low.take(rows) + shift, pairs.high.take(rows), apart.take(rows)
            every = np.sort(at.take(for_all), kind="stable")
            own = np.sort(at.take(for_one) + stopped.take(for_one) * _FAR, kind="stable")
            stopped_cue[rows] = _any_between(every, low, high)
            stopped_cue[rows] |= _any_between(own, low + far, high + far)
    return pairs.take((~stopped_cue).nonzero()[0])


def _any_between(positions: Positions, low: Positions, high: Positions) -> BoolArray:
    """Which ranges, from low to before high, hold one of some ascending positions."""
    if not positions.size:
        return np.zeros(low.size, np.bool_)
    next_one = np.append(positions, _FARTHEST).take(positions.searchsorted(low))
    return np.asarray(next_one < high)


def _list_items(
    rows: Positions, mentions: Mentions, found: Found, codes: Codes, vocabulary: Vocabulary
) -> BoolArray:
    """Concerns right behind a comma or a joining word that bring no negator of their own.

    (没有挨打，不想活; "no cough, fever or rash")
    """
    start = mentions.start.take(rows)
    clause = np.concatenate([[0], found.breaks.soft + 1]).take(found.breaks.clause.take(start))
    near = np.where(is_word(codes.take(start)), 5, 0)
    words = found.roles.of(CUE)
    own = words.start.take(vocabulary.negates.take(words.value).nonzero()[0])
    own_negator = own.searchsorted(start) < own.searchsorted(start, side="right")
    joins = np.sort(found.cues.end.take(vocabulary.joins.take(found.cues.value).nonzero()[0]))
    behind = joins.searchsorted(start, side="right")
    joined = start - np.concatenate([_FAR_BEFORE, joins]).take(behind) <= near
    is_risk = vocabulary.is_risk.take(mentions.concept.take(rows))
    return np.asarray(((start - clause <= near) | joined) & ~own_negator & is_risk)

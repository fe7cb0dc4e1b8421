"""What is said of a mention: affirmed, suspected, negated, past, other or hypothetical.

A cue set acts on the mentions within its reach, behind its cues or before them, unless a sentence
end, stop word or (unless the set passes them) comma lies between; of its cues the nearest counts.
Among the statuses that cover a mention the last of PRECEDENCE decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import STATUSES
from carescreen.mentions import BoolArray, Found, Mentions
from carescreen.normalise import Codes, Positions, is_word, order_by
from carescreen.scan import expand
from carescreen.vocabulary import CUE, PRECEDENCE, STOP, Vocabulary

STATUS_CODE = {status: code for code, status in enumerate(STATUSES)}
DROPPED = -1  # the words are about a grown-up: nothing is mentioned
_CODES = np.array(
    [
        STATUS_CODE["hypothetical"] if name == "question" else STATUS_CODE.get(name, DROPPED)
        for name in PRECEDENCE
    ],
    np.int8,
)
_FAR = np.int64(1 << 40)  # above any position: keeps statuses apart in one key


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


def decide(found: Found, mentions: Mentions, codes: Codes, vocabulary: Vocabulary) -> Decided:
    """The status of each mention."""
    size = mentions.start.size
    status = np.full(size, STATUS_CODE["affirmed"], np.int8)
    cue_start, cue_end = np.full(size, -1), np.full(size, -1)
    if not size:
        return Decided(status, cue_start, cue_end)
    behind = _reached(_behind(found, mentions, vocabulary), found, mentions, codes, vocabulary)
    behind = behind.take(_unstopped(behind, found, vocabulary, after=False).nonzero()[0])
    ahead = _reached(_ahead(found, mentions, vocabulary), found, mentions, codes, vocabulary)
    ahead = ahead.take(_unstopped(ahead, found, vocabulary, after=True).nonzero()[0])
    mention = np.concatenate([behind.mention, ahead.mention])
    cue = np.concatenate([behind.cue, ahead.cue])
    gap = np.concatenate([behind.high - behind.low, ahead.high - ahead.low])
    cue_set = found.cues.value.take(cue)
    rank = vocabulary.rank.take(cue_set)
    nearness = vocabulary.furthest - gap
    order = order_by(mention, rank, cue_set, nearness)  # the one that decides comes last
    mention = mention.take(order)
    is_last = np.ones(order.size, np.bool_)
    np.not_equal(mention[1:], mention[:-1], out=is_last[:-1])
    last = order.take(is_last.nonzero()[0])
    mention = mention.take(is_last.nonzero()[0])
    status[mention] = _CODES.take(rank.take(last))
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
    comma[rows] = ~_list_items(pairs.mention.take(rows), mentions, found, codes, vocabulary)
    return pairs.take((reached & ~comma).nonzero()[0])


def _unstopped(pairs: _Pairs, found: Found, vocabulary: Vocabulary, *, after: bool) -> BoolArray:
    """Which pairs have no stop word between: one for all cue sets, or one for the cue's status.

    A stop word behind a cue stops it where it starts; one before a cue, where it ends.
    """
    stops = found.roles.of(STOP)
    at = stops.end if after else stops.start
    rank = vocabulary.stops.take(stops.value)
    pair_rank = vocabulary.rank.take(found.cues.value.take(pairs.cue))
    low, high = (pairs.low + 1, pairs.high) if after else (pairs.low, pairs.high)
    free = np.ones(pairs.cue.size, np.bool_)
    for key, base in ((len(PRECEDENCE), np.int64(0)), (-1, pair_rank * _FAR)):
        rows = ((rank == key) if key >= 0 else (rank >= 0) & (rank < len(PRECEDENCE))).nonzero()[0]
        keys = at.take(rows) + (0 if key >= 0 else rank.take(rows) * _FAR)
        keys.sort(kind="stable")
        free &= keys.searchsorted(base + low) >= keys.searchsorted(base + high)
    return free


def _list_items(
    rows: Positions, mentions: Mentions, found: Found, codes: Codes, vocabulary: Vocabulary
) -> BoolArray:
    """Concerns that directly follow a comma and bring no negator of their own (没有挨打，不想活)."""
    start = mentions.start.take(rows)
    clause = np.concatenate([[0], found.breaks.soft + 1]).take(found.breaks.clause.take(start))
    near = np.where(is_word(codes.take(start)), 5, 0)
    words = found.roles.of(CUE)
    own = words.start.take(vocabulary.negates.take(words.value).nonzero()[0])
    own_negator = own.searchsorted(start) < own.searchsorted(start, side="right")
    is_risk = vocabulary.is_risk.take(mentions.concept.take(rows))
    return np.asarray((start - clause <= near) & ~own_negator & is_risk)

"""What is said of a mention: affirmed, suspected, negated, past, other or hypothetical.

Each cue set acts on its own: the nearest cue before (or after) a mention covers it when the mention
lies within the cue's reach and no sentence end, stop word or (unless the set passes them) comma lies
between. Among the statuses that cover a mention the first of PRECEDENCE decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.lexicon import STATUSES
from carescreen.mentions import BoolArray, Found, Mentions
from carescreen.normalise import Codes, Positions, is_word
from carescreen.vocabulary import CUE, STOP, Roles, Vocabulary

STATUS_CODE = {status: code for code, status in enumerate(STATUSES)}
# From the one that yields to all to the one that wins.
PRECEDENCE = ("past", "suspected", "question", "negated", "hypothetical", "other", "adult")
DROPPED = -1  # the words are about a grown-up: nothing is mentioned
_NONE = np.int64(-1)
_BEFORE, _BEYOND = np.array([-1]), np.array([np.iinfo(np.int64).max])


@dataclass(frozen=True)
class Decided:
    """Status code of each mention (DROPPED: none), and the cue that decided it (-1: none)."""

    status: NDArray[np.int8]
    cue_start: Positions
    cue_end: Positions


@dataclass(frozen=True)
class _Cover:
    """Which mentions one cue set covers, and with which cue."""

    covered: BoolArray
    cue: Positions


def decide(found: Found, mentions: Mentions, codes: Codes, vocabulary: Vocabulary) -> Decided:
    """The status of each mention."""
    status = np.full(mentions.start.size, STATUS_CODE["affirmed"], np.int8)
    cue_start = np.full(mentions.start.size, _NONE)
    cue_end = np.full(mentions.start.size, _NONE)
    if not mentions.start.size:
        return Decided(status, cue_start, cue_end)
    present = np.flatnonzero(np.bincount(found.cues.value)).tolist()
    for name in PRECEDENCE:
        code = STATUS_CODE["hypothetical"] if name == "question" else STATUS_CODE.get(name, DROPPED)
        for index in present:
            if vocabulary.cue_sets[index].status != name:
                continue
            cover = _cover(index, found, mentions, codes, vocabulary)
            covered = cover.covered & vocabulary.concerns[index][mentions.concept]
            if name == "past":
                covered &= ~mentions.lasting & vocabulary.is_risk[mentions.concept]
            elif name == "adult":
                covered &= vocabulary.drops_adults[mentions.concept]
            status[covered] = code
            cue_start[covered] = found.cues.start[cover.cue[covered]]
            cue_end[covered] = found.cues.end[cover.cue[covered]]
    return Decided(status, cue_start, cue_end)


def _cover(
    index: int, found: Found, mentions: Mentions, codes: Codes, vocabulary: Vocabulary
) -> _Cover:
    rows = (found.cues.value == index).nonzero()[0]
    cues = vocabulary.cue_sets[index]
    stops = _stops(index, found.roles, vocabulary)
    sides = {"before": _cover_before, "after": _cover_after}
    narrow = found.breaks.hard if cues.commas == "pass" else found.breaks.soft
    cover = sides[cues.side](rows, found.cues, mentions, cues.reach, (narrow, stops))
    if cues.commas != "list":
        return cover
    wide = sides[cues.side](rows, found.cues, mentions, cues.reach, (found.breaks.hard, stops))
    listed = _list_items(mentions, found, codes, vocabulary)
    return _Cover(cover.covered | (wide.covered & listed), cover.cue)


def _cover_before(
    rows: Positions,
    cues: Roles,
    mentions: Mentions,
    reach: int,
    barriers: tuple[Positions, Roles],
) -> _Cover:
    """Cues before a mention: the nearest one reaches furthest, because all have one reach."""
    order = np.argsort(cues.end[rows], kind="stable")
    end = cues.end[rows[order]]
    far = end + reach
    breaks, stops = barriers
    far = np.minimum(far, _next(breaks, end))
    far = np.minimum(far, _next(stops.start, end))
    nearest = end.searchsorted(mentions.anchor, side="right") - 1
    covered = (nearest >= 0) & (far[nearest] >= mentions.anchor)
    return _Cover(covered, rows[order[nearest]])


def _cover_after(
    rows: Positions,
    cues: Roles,
    mentions: Mentions,
    reach: int,
    barriers: tuple[Positions, Roles],
) -> _Cover:
    start = cues.start[rows]
    breaks, stops = barriers
    far = np.maximum(start - reach, _previous(breaks, start) + 1)
    far = np.maximum(far, _previous(np.sort(stops.end), start))
    nearest = start.searchsorted(mentions.end, side="left")
    found = nearest < start.size
    nearest = np.minimum(nearest, start.size - 1)
    return _Cover(found & (far[nearest] <= mentions.end), rows[nearest])


def _stops(index: int, roles: Roles, vocabulary: Vocabulary) -> Roles:
    """The stop words that end the reach of a cue set: those for all and those for its status."""
    stops = roles.of(STOP)
    return stops.take(vocabulary.stopped_by[index][stops.value].nonzero()[0])


def _next(sorted_positions: Positions, at: Positions) -> Positions:
    padded = np.concatenate([sorted_positions, _BEYOND])
    return padded[sorted_positions.searchsorted(at, side="left")]


def _previous(sorted_positions: Positions, at: Positions) -> Positions:
    padded = np.concatenate([_BEFORE, sorted_positions])
    return padded[sorted_positions.searchsorted(at, side="left")]


def _list_items(
    mentions: Mentions, found: Found, codes: Codes, vocabulary: Vocabulary
) -> BoolArray:
    """Concerns that directly follow a comma and bring no negator of their own (没有挨打，不想活)."""
    gap = mentions.start - _previous(found.breaks.soft, mentions.start) - 1
    near = np.where(is_word(codes[mentions.start]), 5, 0)
    words = found.roles.of(CUE)
    own = words.start[vocabulary.negates[words.value]]
    own_negator = _previous(own, mentions.start + 1) == mentions.start
    return np.asarray((gap <= near) & ~own_negator & vocabulary.is_risk[mentions.concept])

"""Phrases and learned weights in one: which mentions a note has, and what is said of each.

The pack's phrases and patterns are explicit: each gives its concept points where it stands. A clause
that passes the concept's threshold without one is a learned mention, of the whole clause. A phrase
below the threshold goes where what stands around it speaks against it (a goat is beaten); alone, or
in a plain sentence, it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from carescreen.learned import SIDES, LearnedTable, Read
from carescreen.lexicon import STATUSES
from carescreen.mentions import BY_LEARNED, Found, Mentions
from carescreen.normalise import Positions, Text
from carescreen.status import STATUS_CODE, Decided, decide
from carescreen.vocabulary import Vocabulary

OVERRULED = 1000  # thousandths of a log-odds
_RAISED = np.array([status in ("affirmed", "suspected") for status in STATUSES])

BoolArray = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Joined:
    """Mentions and what is said of each; the status of a dropped one is negative."""

    mentions: Mentions
    decided: Decided


def read_together(
    text: Text, found: Found, vocabulary: Vocabulary, learned: LearnedTable
) -> Joined:
    """The mentions of a text by phrases, patterns and learned weights."""
    spoken = found.mentions
    read = learned.read(text, found.breaks)
    if not read.clauses.size:
        return Joined(spoken, decide(found, spoken, text.codes, vocabulary))
    columns = learned.columns_of(vocabulary.concepts)
    at = clause_at(read, spoken.start)
    rows = np.flatnonzero(columns.take(spoken.concept) >= 0)
    places = Spoken(rows, at.take(rows), columns.take(spoken.concept.take(rows)))
    stands = ~_spoken_against(spoken, read, places, learned)
    clause, column = _learned_places(read, places, stands.take(rows), learned)
    back = np.full(len(learned.concepts), -1, np.int64)
    back[columns[columns >= 0]] = np.flatnonzero(columns >= 0)
    real = back.take(column) >= 0
    clause, column = clause[real], column[real]
    begin, until = learned.core(read, clause, column)
    begin = np.where(begin < 0, read.clauses.start.take(clause), begin)
    until = np.where(until < 0, read.clauses.end.take(clause), until)
    # Cues act on the words that carry the concept; the mention is the whole clause.
    kept = np.flatnonzero(stands)
    cores = _of_clauses(begin, until, back.take(column))
    both = _one_after_another(spoken.take(kept), cores)
    there = np.concatenate([at.take(kept), clause])
    decided = _decided(read, found, both, there, text, vocabulary, learned)
    is_learned = both.found_by == BY_LEARNED
    whole = replace(
        both,
        start=np.where(is_learned, read.clauses.start.take(there), both.start),
        end=np.where(is_learned, read.clauses.end.take(there), both.end),
    )
    return Joined(whole, decided)


def _one_after_another(some: Mentions, others: Mentions) -> Mentions:
    names = [field.name for field in fields(Mentions)]
    parts = ((getattr(some, name), getattr(others, name)) for name in names)
    return Mentions(*(np.concatenate(part) for part in parts))


@dataclass(frozen=True)
class Spoken:
    """Phrases of concepts that the table knows: their rows, clauses and columns."""

    rows: Positions
    clause: Positions
    column: Positions


def _spoken_against(
    spoken: Mentions, read: Read, places: Spoken, learned: LearnedTable
) -> BoolArray:
    """Phrases below the threshold because of what stands around them, not because they are short.

    A phrase that would score no better alone always stands: the words are certain.
    """
    against = np.zeros(spoken.start.size, np.bool_)
    all_ = np.ones(places.rows.size, np.bool_)
    margin = learned.margins_at(read, places.clause, places.column, all_)
    has_table = read.language.take(places.clause) >= 0
    low = np.flatnonzero((margin < 0) & has_table)
    rows, clause, column = places.rows.take(low), places.clause.take(low), places.column.take(low)
    if not rows.size:
        return against
    start, end = spoken.start.take(rows), spoken.end.take(rows)
    own = learned.alone(read, clause, column, start, end)
    around = learned.scores_at(read, clause, column) - own
    against[rows] = around < -learned.slack(read, clause)
    return against


@dataclass(frozen=True)
class Weighed:
    """A text's clauses, and how far each is above each concept's threshold.

    `margin` is (clauses, columns of the table); thousandths of a log-odds.
    """

    read: Read
    margin: Floats


def weigh(text: Text, found: Found, vocabulary: Vocabulary, learned: LearnedTable) -> Weighed:
    """Score the clauses of a text, phrases counted in."""
    read = learned.read(text, found.breaks)
    spoken = found.mentions
    margin = learned.scores(read) - learned.thresholds(read)
    if read.clauses.size and spoken.start.size:
        column = learned.columns_of(vocabulary.concepts).take(spoken.concept)
        rows = np.flatnonzero(column >= 0)
        place = clause_at(read, spoken.start.take(rows)), column.take(rows)
        margin[place] = learned.margins_at(read, *place, np.ones(rows.size, np.bool_))
    return Weighed(read, margin)


def clause_at(read: Read, start: Positions) -> Positions:
    """The clause in which each position lies, or the next one; else the last."""
    return np.minimum(read.clauses.end.searchsorted(start, side="right"), read.clauses.size - 1)


def _learned_places(
    read: Read, places: Spoken, stands: BoolArray, learned: LearnedTable
) -> tuple[Positions, Positions]:
    """Clauses and columns over the threshold without a phrase; of neighbours the highest one."""
    size = read.clauses.size
    clause, column = learned.nearly_over(read)
    spoken = places.column * size + places.clause
    key = np.concatenate([column * size + clause, spoken])
    mark = np.zeros(key.size, np.int8)  # of each: whether a phrase is there, and one that stands
    mark[clause.size :] = 1 + stands
    order = key.argsort(kind="stable")
    key, mark = key.take(order), mark.take(order)
    is_first = np.ones(key.size, np.bool_)
    np.not_equal(key[1:], key[:-1], out=is_first[1:])
    first = is_first.nonzero()[0]
    if not first.size:
        return first, first
    key, mark = key.take(first), np.maximum.reduceat(mark, first)
    column = key // size
    clause = key - column * size
    height = learned.margins_at(read, clause, column, mark > 0)
    height[mark > 1] = np.inf
    kept = (height >= 0).nonzero()[0]
    return _highest(clause.take(kept), column.take(kept), height.take(kept), read.clauses.note)


def _highest(
    clause: Positions, column: Positions, height: Floats, note: Positions
) -> tuple[Positions, Positions]:
    """Of neighbouring clauses of a column the first highest, unless a phrase (inf) is among them."""
    if not clause.size:
        return clause, column
    begins = np.ones(clause.size, np.bool_)
    begins[1:] = (
        (column[1:] != column[:-1])
        | (clause[1:] > clause[:-1] + 1)
        | (note.take(clause[1:]) != note.take(clause[:-1]))
    )
    first = np.flatnonzero(begins)
    run = np.cumsum(begins) - 1
    highest = np.maximum.reduceat(height, first)
    best = np.flatnonzero(height == highest.take(run))
    run = run.take(best)
    is_first = np.ones(best.size, np.bool_)
    np.not_equal(run[1:], run[:-1], out=is_first[1:])
    best = best[is_first]
    best = best[height[best] < np.inf]
    return clause[best], column[best]


def _of_clauses(start: Positions, end: Positions, concept: Positions) -> Mentions:
    size = start.size
    found_by, lasting = np.full(size, BY_LEARNED, np.int8), np.zeros(size, np.bool_)
    return Mentions(start, end, start, concept, found_by, lasting)


def _decided(
    read: Read,
    found: Found,
    mentions: Mentions,
    clause: Positions,
    text: Text,
    vocabulary: Vocabulary,
    learned: LearnedTable,
) -> Decided:
    """What the cues and the learned weights together say of some mentions."""
    by_cue = decide(found, mentions, text.codes, vocabulary)
    dropped = by_cue.status < 0
    said = np.where(dropped, STATUS_CODE["affirmed"], by_cue.status)
    about = learned.columns_of(vocabulary.concepts).take(mentions.concept)
    totals = learned.status_totals(read, clause, about, said)
    status = totals.argmax(axis=1).astype(np.int8)
    is_risk = vocabulary.is_risk.take(mentions.concept)
    asked = is_risk & (mentions.found_by != BY_LEARNED) & _RAISED[said] & ~_RAISED[status]
    rows = np.flatnonzero(asked)
    if rows.size:
        kept = rows[_stand(read, mentions.take(rows), clause.take(rows), totals[rows], learned)]
        status[kept] = said[kept]
    differs = status != said
    column = learned.first_status + SIDES.index("here") * len(STATUSES) + status.astype(np.int64)
    rows = np.flatnonzero(differs & (status != STATUS_CODE["affirmed"]))
    start, end = np.where(differs, -1, by_cue.cue_start), np.where(differs, -1, by_cue.cue_end)
    start[rows], end[rows] = learned.core(read, clause.take(rows), column.take(rows), share=0.99)
    return Decided(np.where(dropped, by_cue.status, status).astype(np.int8), start, end)


def _stand(
    read: Read, mentions: Mentions, clause: Positions, totals: Floats, learned: LearnedTable
) -> BoolArray:
    """Of concerns in the pack's words that the cues let stand, those that only their own words put aside.

    In the notes learned from, a harm is named plainly where it is denied, and described where it was
    seen. So plain words alone must not be taken for a denial: what stands around them has to say so,
    by OVERRULED, because a child not seen is the worse mistake.
    """
    around = totals - learned.own_words(read, clause, mentions.start, mentions.end)
    stands = around[:, _RAISED].max(axis=1) + OVERRULED > around[:, ~_RAISED].max(axis=1)
    return np.asarray(stands, dtype=np.bool_)

"""Mentions that reach a child, and which of them still hold as of a date.

A mention about the child reaches the visited child; one about the household or the guardian
reaches every child of the household. How long a raised mention holds:

    high and critical concepts  until a person closes it, or (where the concept says which question
                                answers it) until two later visits that saw the child answered "no"
    other concepts              `mention_window_days`; a newer "negated" or "past" clears it
    hold: until_seen            until a visit on the day or later saw the child

A person closes a mention by its concept: as misread, with the visit it stands in, for everyone it
reaches; or as resolved, without one, for the child. What could reach immediate by itself is
resolved by two people. A closing covers what was known by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.block import (
    Block,
    Days,
    Ints,
    Times,
    covered_until,
    has_second_person,
    rows_of,
)
from carescreen.columns import BoolArray, Noted
from carescreen.indicators import Indicator
from carescreen.lexicon import Concept
from carescreen.pack import Settings

STATUSES = ("affirmed", "suspected", "negated", "past", "other", "hypothetical")
RAISED = (0, 1)  # positions in STATUSES: suspicion is enough
CLEARING = (2, 3)
FOUND_BY = ("phrase", "pattern", "learned")
LEARNED = 2
ANSWERS_TO_CLEAR = 2


@dataclass(frozen=True)
class ChildMentions:
    """One entry a mention and child it reaches, sorted by child, then newest visit first.

    `visit` is the row of the block's visits; `concept`, `status` and `found_by` are positions in
    the pack's concepts, STATUSES and FOUND_BY; `reached` is False for the visited child itself.
    """

    child: Ints
    visit: Ints
    date: Days
    known_at: Times
    concept: NDArray[np.int16]
    status: NDArray[np.int8]
    found_by: NDArray[np.int8]
    start: Ints
    end: Ints
    reached: BoolArray

    def take(self, index: Ints | BoolArray | slice) -> ChildMentions:
        """The entries at an index, mask or slice."""
        return ChildMentions(*(getattr(self, field.name)[index] for field in fields(self)))

    @property
    def raised(self) -> BoolArray:
        """Affirmed or suspected."""
        return np.isin(self.status, RAISED)

    def of_child(self, child: int) -> slice:
        """Where the entries of one child stand."""
        lo, hi = np.searchsorted(self.child, [child, child + 1])
        return slice(int(lo), int(hi))

    def for_children(self, positions: Ints) -> ChildMentions:
        """Entries of the children at `positions` (repeats allowed), renumbered in that order."""
        rows, child = rows_of(self.child, positions)
        taken = self.take(rows)
        return ChildMentions(child, *(getattr(taken, field.name) for field in fields(self)[1:]))


def spread_mentions(
    block: Block, found: pd.DataFrame, concepts: Mapping[str, Concept]
) -> ChildMentions:
    """Mentions of the block's notes (`found.note` is the row in block.visits) by child reached."""
    visit = found["note"].to_numpy(dtype=np.int64)
    direct = ChildMentions(
        child=block.visit_child[visit],
        visit=visit,
        date=block.visit_date[visit],
        known_at=block.visit_known_at[visit],
        concept=_codes(list(concepts), found["concept"]).astype(np.int16),
        status=_codes(STATUSES, found["status"]).astype(np.int8),
        found_by=_codes(FOUND_BY, found["found_by"]).astype(np.int8),
        start=found["start"].to_numpy(dtype=np.int64),
        end=found["end"].to_numpy(dtype=np.int64),
        reached=np.zeros(len(found), dtype=bool),
    )
    shared = np.array([item.subject != "child" for item in concepts.values()], dtype=bool)
    index, member = _household_members(block, direct.child, shared[direct.concept])
    spread = replace(direct.take(index), child=member, reached=np.ones(len(member), dtype=bool))
    joined = ChildMentions(
        *(
            np.concatenate([getattr(direct, field.name), getattr(spread, field.name)])
            for field in fields(ChildMentions)
        )
    )
    return joined.take(_newest_first(joined))


def _codes(words: list[str] | tuple[str, ...], column: pd.Series) -> Ints:
    return np.asarray(pd.Index(words).get_indexer(pd.Index(column.astype(object))), dtype=np.int64)


def _newest_first(mentions: ChildMentions) -> Ints:
    """Order by child, newest visit first (undated ones before), then place in the note."""
    newest = np.where(np.isnat(mentions.date), np.datetime64("9999-12-31", "D"), mentions.date)
    days = newest.astype("datetime64[D]").astype(np.int64)
    return np.lexsort((mentions.concept, mentions.start, -mentions.visit, -days, mentions.child))


def _household_members(block: Block, child: Ints, shared: BoolArray) -> tuple[Ints, Ints]:
    """For each shared mention, the other children of the household: (mention index, child)."""
    order = np.argsort(block.household, kind="stable")
    sorted_house = block.household[order]
    index = np.flatnonzero(shared)
    house = block.household[child[index]]
    rows, owner = rows_of(sorted_house, house)
    members, repeated = order[rows], index[owner]
    others = members != child[repeated]
    return repeated[others], members[others].astype(np.int64)


def held(
    block: Block,
    mentions: ChildMentions,
    concepts: Mapping[str, Concept],
    indicators: Mapping[str, Indicator],
    settings: Settings,
    as_of: np.datetime64,
) -> BoolArray:
    """Which raised mentions hold as of the date."""
    fresh = _within(mentions.date, as_of, settings.mention_window_days)
    fresh &= ~_cleared_later(block.n, len(concepts), mentions)
    until_closed = np.array([item.hold == "until_closed" for item in concepts.values()], dtype=bool)
    until_seen = np.array([item.hold == "until_seen" for item in concepts.values()], dtype=bool)
    by_hold = np.where(
        until_seen[mentions.concept],
        ~_seen_since(block, mentions),
        until_closed[mentions.concept] | fresh,
    )
    holds = mentions.raised & by_hold
    for number, item in enumerate(concepts.values()):
        if item.answered_by is not None and item.hold == "until_closed":
            of_concept = mentions.concept == number
            holds &= ~(of_concept & _answered(block, mentions, item, indicators))
    return holds & ~_closed_by_person(block, mentions, concepts)


def _seen_since(block: Block, mentions: ChildMentions) -> BoolArray:
    """Whether a visit on the day of the mention or later saw the child it reaches."""
    seen = (block.visits["child_seen"].to_numpy() == 1) & ~np.isnat(block.visit_date)
    last = np.full(block.n, np.datetime64("NaT", "D"))
    np.fmax.at(last, block.visit_child[seen], block.visit_date[seen])
    return np.asarray(last[mentions.child] >= mentions.date)


def _within(date: Days, as_of: np.datetime64, days: int) -> BoolArray:
    age = (as_of - date).astype("timedelta64[D]").astype(np.int64)
    return np.asarray(np.isnat(date) | (age <= days))


def _cleared_later(n: int, concepts: int, mentions: ChildMentions) -> BoolArray:
    """Whether a newer negated or past mention of the concept exists; on equal dates it holds."""
    newest = np.full(n * concepts, np.datetime64("NaT", "D"))
    key = mentions.child * concepts + mentions.concept
    clearing = np.isin(mentions.status, CLEARING) & ~np.isnat(mentions.date)
    np.fmax.at(newest, key[clearing], mentions.date[clearing])
    return np.asarray(newest[key] > mentions.date)


def _answered(
    block: Block,
    mentions: ChildMentions,
    concept: Concept,
    indicators: Mapping[str, Indicator],
) -> BoolArray:
    """Whether two later visits that saw the child answered the concept's question with "no"."""
    assert concept.answered_by is not None
    indicator = indicators[concept.answered_by.indicator]
    if indicator.id not in block.visits:
        return np.zeros(len(mentions.child), dtype=bool)
    no = str(concept.answered_by.value)
    wanted = indicator.values.index(no) if indicator.type == "enum" else float(no)
    answers = (block.visits[indicator.id].to_numpy() == wanted) & (
        block.visits["child_seen"].to_numpy() == 1
    )
    answers &= ~np.isnat(block.visit_date)
    child, date = block.visit_child[answers], block.visit_date[answers]
    everyone = np.arange(block.n)
    stop = np.searchsorted(child, everyone, side="right")
    enough = stop - np.searchsorted(child, everyone, side="left") >= ANSWERS_TO_CLEAR
    last_but_one = np.full(block.n, np.datetime64("NaT", "D"))
    last_but_one[enough] = date[stop[enough] - ANSWERS_TO_CLEAR]
    return np.asarray(last_but_one[mentions.child] > mentions.date)


@dataclass(frozen=True)
class _Closings:
    """Decisions that close a concept: positions in the block, and until when they cover evidence.

    `visit` numbers the visit that is named together with the household of the child, -1 where none
    is; `of_visit` numbers the block's visits in the same way. A visit is one of its household only:
    what is decided in another home, under an id used twice, says nothing of it.
    """

    child: Ints
    concept: Ints
    visit: Ints
    until: Times
    confirmed: BoolArray
    of_visit: Ints


def _closed_by_person(
    block: Block, mentions: ChildMentions, concepts: Mapping[str, Concept]
) -> BoolArray:
    """Mentions that a decision closes by concept: as misread in one visit, or as resolved."""
    if not len(block.decisions) or "concept" not in block.decisions:
        return np.zeros(len(mentions.child), dtype=bool)
    found, count = _closings(block, concepts), len(concepts)
    grave = np.array([item.note_limit == "immediate" for item in concepts.values()], dtype=bool)
    misread = found.visit >= 0
    resolved = ~misread & (found.confirmed | ~grave[found.concept])
    by_visit, by_child = found.visit * count + found.concept, found.child * count + found.concept
    visit = found.of_visit[mentions.visit]
    closed = _covered(by_visit[misread], found.until[misread], visit * count, mentions)
    return closed | _covered(
        by_child[resolved], found.until[resolved], mentions.child * count, mentions
    )


def _closings(block: Block, concepts: Mapping[str, Concept]) -> _Closings:
    rows = block.decisions
    rows = rows[(rows["decision"] == "close") & rows["decided_at"].notna()]
    concept = np.asarray(pd.Index(list(concepts)).get_indexer(pd.Index(rows["concept"])))
    child = np.asarray(pd.Index(block.children["child_id"]).get_indexer(pd.Index(rows["child_id"])))
    valid = (concept >= 0) & (child >= 0)
    rows = rows[valid]
    named = rows["visit_id"] if "visit_id" in rows else pd.Series(None, index=rows.index)
    ids = pd.concat([block.visits["visit_id"], named], ignore_index=True).astype(object)
    codes = pd.factorize(ids)[0].astype(np.int64)
    child = child[valid].astype(np.int64)
    house = block.household[np.concatenate([block.visit_child, child])]
    codes = np.where(codes < 0, -1, codes + house * (len(ids) + 1))
    return _Closings(
        child,
        concept[valid].astype(np.int64),
        codes[len(block.visits) :],
        covered_until(rows["decided_at"]),
        has_second_person(rows),
        codes[: len(block.visits)],
    )


def _covered(key: Ints, until: Times, owner: Ints, mentions: ChildMentions) -> BoolArray:
    """Whether a closing of its owner and concept covers what was known of each mention."""
    wanted = owner + mentions.concept
    keys, place = np.unique(key, return_inverse=True)
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    newest = np.full(len(keys), np.datetime64("NaT", "s"))
    np.fmax.at(newest, place, until)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray((keys[at] == wanted) & ~(mentions.known_at > newest[at]))


def noted_columns(
    n: int, mentions: ChildMentions, holds: BoolArray, concepts: Mapping[str, Concept]
) -> dict[str, Noted]:
    """Held raised mentions by concept; a concept that no child has is left out."""
    kept = mentions.take(holds)
    explicit = kept.found_by != LEARNED
    found: dict[str, Noted] = {}
    for number in np.unique(kept.concept).tolist():
        of_concept = kept.concept == number
        sure = of_concept & explicit
        true, learned = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        true[kept.child[sure]] = True
        learned[kept.child[of_concept & ~explicit]] = True
        own = sure & ~kept.reached  # a visit to a brother is not another visit to this child
        pairs = np.unique(np.stack([kept.child[own], kept.visit[own]]), axis=1)
        visits = np.bincount(pairs[0], minlength=n).astype(np.int16)
        found[list(concepts)[number]] = Noted(true, learned & ~true, visits)
    return found

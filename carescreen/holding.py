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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from carescreen.block import (
    Block,
    Days,
    Times,
    covered_until,
    has_second_person,
    last_seen_by_visit,
    rows_of,
)
from carescreen.columns import BoolArray, Noted
from carescreen.indicators import Indicator
from carescreen.lexicon import STATUSES as READ_STATUSES
from carescreen.lexicon import Concept
from carescreen.notes import FoundMentions
from carescreen.pack import Settings
from carescreen.sheet import Ints, numbered, objects, places

STATUSES = ("affirmed", "suspected", "negated", "past", "other", "hypothetical")
_STATUS = np.array([STATUSES.index(name) for name in READ_STATUSES], dtype=np.int8)
RAISED = (0, 1)  # positions in STATUSES: suspicion is enough
CLEARING = (2, 3)
FOUND_BY = ("phrase", "pattern", "learned")
LEARNED = 2
ANSWERS_TO_CLEAR = 2


@dataclass(frozen=True, repr=False)  # its values are records
class ChildMentions:
    """One entry a mention and child it reaches, sorted by child, then newest visit first.

    `visit` is the row of the block's wordings; `concept`, `status` and `found_by` are positions in
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
        return ChildMentions(
            self.child[index],
            self.visit[index],
            self.date[index],
            self.known_at[index],
            self.concept[index],
            self.status[index],
            self.found_by[index],
            self.start[index],
            self.end[index],
            self.reached[index],
        )

    @property
    def raised(self) -> BoolArray:
        """Affirmed or suspected."""
        return (self.status >= RAISED[0]) & (self.status <= RAISED[-1])

    def of_child(self, child: int) -> slice:
        """Where the entries of one child stand."""
        lo, hi = np.searchsorted(self.child, [child, child + 1])
        return slice(int(lo), int(hi))

    def for_children(self, positions: Ints) -> ChildMentions:
        """Entries of the children at `positions` (repeats allowed), renumbered in that order."""
        rows, child = rows_of(self.child, positions)
        return replace(self.take(rows), child=child)


class HoldingTerms:
    """How long mentions of each concept hold and whom they reach: one entry a concept of a pack."""

    def __init__(self, concepts: Mapping[str, Concept]) -> None:
        every = list(concepts.values())
        self.names = tuple(concepts)
        self.shared = np.array([item.subject != "child" for item in every], dtype=bool)
        self.until_closed = np.array([item.hold == "until_closed" for item in every], dtype=bool)
        self.until_seen = np.array([item.hold == "until_seen" for item in every], dtype=bool)
        self.critical = np.array([_is_critical(item) for item in every], dtype=bool)
        self.grave = np.array([item.note_limit == "immediate" for item in every], dtype=bool)
        self.answered = {
            number: item
            for number, item in enumerate(every)
            if item.answered_by is not None and item.hold == "until_closed"
        }
        self._numbers: dict[tuple[str, ...], NDArray[np.int16]] = {}

    def number_of(self, names: tuple[str, ...]) -> NDArray[np.int16]:
        """The position here of each concept of a reader."""
        if names not in self._numbers:
            place = {name: number for number, name in enumerate(self.names)}
            numbers = np.array([place[name] for name in names], dtype=np.int16)
            self._numbers[names] = numbers
        return self._numbers[names]


def _is_critical(concept: Concept) -> bool:
    return concept.severity == "critical" and concept.polarity == "risk"


def spread_mentions(block: Block, found: FoundMentions, terms: HoldingTerms) -> ChildMentions:
    """Mentions of the block's notes (`found.note` is the row in its wordings) by child reached."""
    visit = found.note
    direct = ChildMentions(
        child=block.wordings.child[visit],
        visit=visit,
        date=block.wordings.date[visit],
        known_at=block.wordings.known_at[visit],
        concept=terms.number_of(found.concepts)[found.concept],
        status=_STATUS[found.status],
        found_by=found.found_by,
        start=found.start,
        end=found.end,
        reached=np.zeros(len(visit), dtype=bool),
    )
    index, member = _household_members(block, direct.child, terms.shared[direct.concept])
    if len(index):
        spread = replace(direct.take(index), child=member, reached=np.ones(len(member), dtype=bool))
        direct = _joined(direct, spread)
    return direct.take(_newest_first(direct, len(block.visits)))


def _joined(first: ChildMentions, second: ChildMentions) -> ChildMentions:
    return ChildMentions(
        *(
            np.concatenate([getattr(first, field.name), getattr(second, field.name)])
            for field in fields(ChildMentions)
        )
    )


def _newest_first(mentions: ChildMentions, visits: int) -> Ints:
    """Order by child, newest visit first (undated ones before), then place in the note.

    What stood in an earlier wording comes after the visits of its day.
    """
    newest = np.where(np.isnat(mentions.date), np.datetime64("9999-12-31", "D"), mentions.date)
    days = newest.astype("datetime64[D]").astype(np.int64)
    visit = mentions.visit
    is_earlier = visit >= visits
    order = (mentions.concept, mentions.start, -visit, is_earlier, -days, mentions.child)
    return np.lexsort(order)


def _household_members(block: Block, child: Ints, shared: BoolArray) -> tuple[Ints, Ints]:
    """For each shared mention, the other children of the household: (mention index, child)."""
    index = np.flatnonzero(shared)
    if not len(index) or block.n == 1:
        return index[:0], index[:0]
    order = np.argsort(block.household, kind="stable")
    sorted_house = block.household[order]
    house = block.household[child[index]]
    rows, owner = rows_of(sorted_house, house)
    members, repeated = order[rows], index[owner]
    others = members != child[repeated]
    return repeated[others], members[others].astype(np.int64)


def held(
    block: Block,
    mentions: ChildMentions,
    terms: HoldingTerms,
    indicators: Mapping[str, Indicator],
    settings: Settings,
    as_of: np.datetime64,
) -> BoolArray:
    """Which raised mentions hold as of the date."""
    if not len(mentions.child):
        return np.zeros(0, dtype=bool)
    fresh = _within(mentions.date, as_of, settings.mention_window_days)
    fresh &= ~_cleared_later(block.n, len(terms.names), mentions)
    by_hold = terms.until_closed[mentions.concept] | fresh
    until_seen = terms.until_seen[mentions.concept]
    if until_seen.any():
        by_hold = np.where(until_seen, ~_seen_since(block, mentions), by_hold)
    holds = mentions.raised & by_hold
    for number in _present(mentions.concept[holds]):
        if number in terms.answered:
            of_concept = mentions.concept == number
            holds &= ~(of_concept & _answered(block, mentions, terms.answered[number], indicators))
    return holds & ~_closed_by_person(block, mentions, terms)


def _seen_since(block: Block, mentions: ChildMentions) -> BoolArray:
    """Whether a visit on the day of the mention or later saw the child it reaches."""
    return np.asarray(last_seen_by_visit(block)[mentions.child] >= mentions.date)


def _within(date: Days, as_of: np.datetime64, days: int) -> BoolArray:
    age = (as_of - date).astype("timedelta64[D]").astype(np.int64)
    return np.asarray(np.isnat(date) | (age <= days))


def _cleared_later(n: int, concepts: int, mentions: ChildMentions) -> BoolArray:
    """Whether a newer negated or past mention of the concept exists; on equal dates it holds."""
    clearing = (mentions.status >= CLEARING[0]) & (mentions.status <= CLEARING[-1])
    clearing &= ~np.isnat(mentions.date)
    if not clearing.any():
        return clearing
    newest = np.full(n * concepts, np.datetime64("NaT", "D"))
    key = mentions.child * concepts + mentions.concept.astype(np.int64)
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
    answers = (block.visits[indicator.id] == wanted) & (block.visits["child_seen"] == 1)
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


def _closed_by_person(block: Block, mentions: ChildMentions, terms: HoldingTerms) -> BoolArray:
    """Mentions that a decision closes by concept: as misread in one visit, or as resolved."""
    if not len(block.decisions) or "concept" not in block.decisions:
        return np.zeros(len(mentions.child), dtype=bool)
    found, count = _closings(block, terms), len(terms.names)
    misread = found.visit >= 0
    resolved = ~misread & (found.confirmed | ~terms.grave[found.concept])
    by_visit, by_child = found.visit * count + found.concept, found.child * count + found.concept
    visit = found.of_visit[mentions.visit]
    closed = _covered(by_visit[misread], found.until[misread], visit * count, mentions)
    return closed | _covered(
        by_child[resolved], found.until[resolved], mentions.child * count, mentions
    )


def _closings(block: Block, terms: HoldingTerms) -> _Closings:
    rows = block.decisions
    concept = places(objects(terms.names), rows["concept"])
    child = block.decision_child
    valid = (rows["decision"] == "close") & ~np.isnat(rows["decided_at"])
    valid &= (concept >= 0) & (child >= 0)
    rows, child = rows.take(valid), child[valid]
    named = rows["visit_id"] if "visit_id" in rows else np.full(len(rows), None)
    wordings = block.wordings
    ids, count = np.concatenate([wordings.rows["visit_id"], named]), len(wordings.rows)
    codes, _ = numbered(ids)
    house = block.household[np.concatenate([wordings.child, child])]
    codes = np.where(codes < 0, -1, codes + house * (len(ids) + 1))
    return _Closings(
        child,
        concept[valid],
        codes[count:],
        covered_until(rows["decided_at"]),
        has_second_person(rows),
        codes[:count],
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
    n: int, mentions: ChildMentions, holds: BoolArray, names: Sequence[str]
) -> dict[str, Noted]:
    """Held raised mentions by concept; a concept that no child has is left out."""
    kept = mentions.take(holds)
    explicit = kept.found_by != LEARNED
    found: dict[str, Noted] = {}
    for number in _present(kept.concept):
        of_concept = kept.concept == number
        sure = of_concept & explicit
        true, learned = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        true[kept.child[sure]] = True
        learned[kept.child[of_concept & ~explicit]] = True
        own = sure & ~kept.reached  # a visit to a brother is not another visit to this child
        visits = _distinct_visits(n, kept.child[own], kept.visit[own])
        found[names[number]] = Noted(true, learned & ~true, visits)
    return found


def _present(concepts: NDArray[np.int16]) -> list[int]:
    """The concepts that occur, in their order."""
    found: list[int] = np.flatnonzero(np.bincount(concepts)).tolist()
    return found


def _distinct_visits(n: int, child: Ints, visit: Ints) -> NDArray[np.int16]:
    """How many visits each child has here; entries are sorted by child, then by visit."""
    is_new = np.ones(len(child), dtype=bool)
    is_new[1:] = (child[1:] != child[:-1]) | (visit[1:] != visit[:-1])
    return np.bincount(child[is_new], minlength=n).astype(np.int16)

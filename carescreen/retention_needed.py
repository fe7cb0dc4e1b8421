"""Which notes an open matter still rests on: their text stays, however old it is.

A mention is needed while it holds, unless a person closed what it could support: a rule that reads its
concept, for evidence known by then, while no rule that reads it is open or undecided for the child. So
is a "negated" or "past" mention that keeps an older raised one from holding.

What this does not see is seen by `changed_households`: children are ranked with and without the notes, and
where anything but a quote of a settled matter would change, the household keeps its notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.columns import BoolArray
from carescreen.engine import Engine
from carescreen.followups import FollowUps, rule_closings
from carescreen.holding import CLEARING
from carescreen.records import Record, records
from carescreen.sheet import Ints

# What a record says that no removed note may change; the rest shows mentions and settled matters.
_SAID = (
    *("age_years", "last_seen_on", "recent_visits", "raised_by_person", "concerns"),
    *("open_questions", "entitlements", "advice", "contributions"),
)
_BY_CHILD = ("tier", "rule_tier", "due_on", "score", "waits")
_NAMELESS = "no-id-"  # a visit without an id is named by its content, and so by its note


def needed_rows(engine: Engine, found: FollowUps, removable: BoolArray) -> Ints:
    """Rows of the visits table, among those that could go, of notes that are needed.

    `removable` says of each wording of the block's visits whether it is old enough.
    """
    mentions, block = found.mentions, found.cases.block
    old = removable[mentions.visit]
    settled = _settled(engine, found)
    needed = found.holds & ~settled
    gone = np.zeros(len(removable), dtype=bool)
    gone[mentions.visit[old]] = True
    gone[mentions.visit[old & needed]] = False
    needed |= _keeps_cleared(engine, found, gone)
    visits = np.unique(mentions.visit[old & needed])
    return np.asarray(block.wordings.rows["row"][visits], dtype=np.int64)


def _settled(engine: Engine, found: FollowUps) -> BoolArray:
    """Mentions whose matter a person closed by a rule, and that nothing open or undecided reads."""
    mentions, rules = found.mentions, engine.rules.rules
    settled = np.zeros(len(mentions.child), dtype=bool)
    child, rule, _day, until = rule_closings(engine, found.cases.block)
    if not len(child):
        return settled
    covered = np.full(found.open.shape, np.datetime64("NaT", "s"))
    covered[child, rule] = until
    asks = found.open | ~found.outcomes.known
    for number, name in enumerate(engine.kit.concepts.names):
        reading = [place for place, one in enumerate(rules) if name in one.condition.concepts]
        rows = np.flatnonzero(mentions.concept == number)
        if not reading or not len(rows):
            continue
        own = mentions.child[rows]
        known = mentions.known_at[rows, None]
        closed = ~np.isnat(covered[own][:, reading]) & ~(known > covered[own][:, reading])
        settled[rows] = closed.any(axis=1) & ~asks[own][:, reading].any(axis=1)
    return settled & ~_asks_about_siblings(engine, found)


def _asks_about_siblings(engine: Engine, found: FollowUps) -> BoolArray:
    """Mentions that make a question about the other children of the household (records.py)."""
    concepts = list(engine.rules.concepts.values())
    serious = np.array(
        [one.subject == "child" and one.severity in ("critical", "high") for one in concepts],
        dtype=bool,
    )
    house = found.cases.block.household
    has_others = np.bincount(house)[house] > 1
    return np.asarray(serious[found.mentions.concept] & has_others[found.mentions.child])


def _keeps_cleared(engine: Engine, found: FollowUps, gone: BoolArray) -> BoolArray:
    """Clearing mentions with an older raised one that stays and, but for them, might hold."""
    mentions, terms = found.mentions, engine.kit.concepts
    days = np.timedelta64(engine.rules.settings.mention_window_days, "D")
    by_window = ~(terms.until_closed | terms.until_seen)[mentions.concept]
    clears = by_window & (mentions.status >= CLEARING[0]) & (mentions.status <= CLEARING[-1])
    stays = by_window & mentions.raised & ~gone[mentions.visit]
    stays &= engine.as_of - mentions.date <= days
    key = mentions.child * len(terms.names) + mentions.concept
    oldest = np.full(found.cases.n * len(terms.names), np.datetime64("NaT", "D"))
    np.fmin.at(oldest, key[stays], mentions.date[stays])
    return np.asarray(clears & (oldest[key] < mentions.date))


def changed_households(engine: Engine, before: FollowUps, after: FollowUps, removed: Ints) -> Ints:
    """Rows of removed notes of households in which a child would not rank and read the same.

    `removed` are rows of the visits table; `after` is of the same children without those notes.
    """
    block, wordings = before.cases.block, before.cases.block.wordings
    is_removed = np.isin(wordings.rows["row"], removed)
    house = block.household
    touched = np.isin(house, house[wordings.child[is_removed]])
    differs = (before.open != after.open).any(axis=1)
    for name in _BY_CHILD:
        differs |= ~_same(getattr(before, name), getattr(after, name))
    differs |= _state_differs(before, after)
    look = np.flatnonzero(touched & ~differs)
    pairs = zip(
        records(engine, before, look.tolist()), records(engine, after, look.tolist()), strict=True
    )
    for child, (old, new) in zip(look.tolist(), pairs, strict=True):
        differs[child] = _said(old) != _said(new)
    kept = is_removed & np.isin(house, house[differs])[wordings.child]
    return np.asarray(wordings.rows["row"][kept], dtype=np.int64)


def _same(old: NDArray[Any], new: NDArray[Any]) -> BoolArray:
    missing = np.isnat(old) & np.isnat(new) if old.dtype.kind == "M" else np.zeros(len(old), bool)
    return np.asarray((old == new) | missing)


def _state_differs(before: FollowUps, after: FollowUps) -> BoolArray:
    """A settled matter that is no longer shown makes a "closed" follow-up a "new" one at routine."""
    return np.asarray((before.state != after.state) & (before.state != "closed"))


def _said(record: Record) -> Record:
    return {name: _plain(record[name]) for name in _SAID}


def _plain(value: Any) -> Any:
    """A part of a record without the names that visits have by their content."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return _NAMELESS if isinstance(value, str) and value.startswith(_NAMELESS) else value

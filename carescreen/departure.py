"""Children who moved away or came of age: they keep their tier, and a supervisor hands them over.

Where a child went and how old it is changes no concern, no tier and no due date. It changes who can
act: below urgent the child asks its caseworker for no visit and waits for a supervisor, in the state
`moved` or `aged_out`. Immediate and urgent never wait: a child lost on the way is the gravest case.

    moved     a decision `moved` stands until one with the result `returned`, or until the child's row
              was entered anew, with its new village or caseworker; newer evidence does not end it
    closed    a child that moved and had nothing left open when somebody closed a concern later on
    aged_out  the child is known to be 18 or older; an age that is not known is not 18, and while the
              child's data needs to be put right, its birth date may be what is wrong
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.block import (
    NO_DATE,
    Block,
    Days,
    Times,
    covered_until,
    newest_decisions,
    to_days,
)
from carescreen.columns import BoolArray
from carescreen.fields import RETURNED
from carescreen.pack import TIERS

ADULT_AGE = 18  # 未成年人保护法 article 2: a minor is a person under 18
SOON = np.timedelta64(90, "D")  # so long before it a card says that the child turns 18
FOR_HANDOVER = ("moved", "aged_out")  # states in which a supervisor hands a child over

_PRIORITY, _ROUTINE = TIERS.index("priority"), TIERS.index("routine")
_NO_TIME = np.datetime64("NaT", "s")


@dataclass(frozen=True, repr=False)  # its values are records
class Departures:
    """One entry a child of a block, in its order.

    moved_on     the day of the decision `moved` that stands; NaT where none does
    moved_to     where to, in the words of who decided; None where none stands
    closed_since whether somebody closed something of the child after it
    turns_18_on  the day on which the child turns 18 where it is over, or near enough that somebody
                 plans what follows; NaT elsewhere, and where the birth date is not known
    is_adult     whether it is known to be 18 or older
    """

    moved_on: Days
    moved_to: NDArray[np.object_]
    closed_since: BoolArray
    turns_18_on: Days
    is_adult: BoolArray


def departures_of(block: Block, age: NDArray[np.float64], as_of: np.datetime64) -> Departures:
    """Who moved away and who came of age; `age` in completed years, NaN where it is not known."""
    at, to = _moves(block)
    turning = turning_18(to_days(block.children["birth_date"]))
    return Departures(
        moved_on=to_days(at),
        moved_to=to,
        closed_since=_newest_closing(block) > at,
        turns_18_on=np.where(turning <= as_of + SOON, turning, NO_DATE),
        is_adult=np.asarray(age >= ADULT_AGE),  # NaN is not
    )


def turning_18(birth: Days) -> Days:
    """The day on which each child turns 18: for 29 February, 1 March in a common year."""
    month = birth.astype("datetime64[M]")
    day = birth - month.astype("datetime64[D]")
    found: Days = (month + np.timedelta64(12 * ADULT_AGE, "M")).astype("datetime64[D]") + day
    return found


def mark_moved(
    found: Departures, tier: NDArray[np.int64], state: NDArray[np.object_], waits: BoolArray
) -> None:
    """Give children who moved away their state, in place; below urgent they wait."""
    moved = ~np.isnat(found.moved_on)
    waits[moved & (tier >= _PRIORITY)] = True
    done = moved & (tier == _ROUTINE) & found.closed_since
    state[moved] = "moved"
    state[done] = "closed"


def mark_adults(
    found: Departures,
    tier: NDArray[np.int64],
    needs_data: BoolArray,
    state: NDArray[np.object_],
    waits: BoolArray,
) -> None:
    """Let children of 18 or more wait for a supervisor, in place, where they are below urgent."""
    old = found.is_adult & np.isnat(found.moved_on) & ~needs_data & (tier >= _PRIORITY)
    state[old] = "aged_out"
    waits[old] = True


def _moves(block: Block) -> tuple[Times, NDArray[np.object_]]:
    """When the newest decision `moved` that stands was made, and its reason."""
    at, to = np.full(block.n, _NO_TIME), np.full(block.n, None, dtype=object)
    rows = block.decisions
    if not len(rows):
        return at, to
    child, newest = newest_decisions(block, rows["decision"] == "moved", ("result",))
    if not len(child):
        return at, to
    entered = block.children["recorded_at"][child]
    stands = ~(entered > covered_until(newest["decided_at"]))
    if "result" in newest:
        stands &= newest["result"] != RETURNED
    at[child[stands]] = newest["decided_at"][stands]
    if "reason" in newest:
        to[child[stands]] = newest["reason"][stands]
    return at, to


def _newest_closing(block: Block) -> Times:
    """When something of each child was last closed; NaT where nothing was."""
    at = np.full(block.n, _NO_TIME)
    rows = block.decisions
    if len(rows):
        child, newest = newest_decisions(block, rows["decision"] == "close")
        at[child] = newest["decided_at"]
    return at

"""When something was last put down about each child or its home: what may have moved it since a list.

A day without a time stands for its end, since nobody knows that it was earlier.
"""

from __future__ import annotations

import numpy as np

from carescreen.block import Block, Times, covered_until, known_at
from carescreen.sheet import Bools, Ints, Sheet

TABLES = ("children", "households", "visits", "outcomes")  # the bits of `undated`, in this order


def newest(block: Block) -> Sheet:
    """One row a child of a block, of all that is recorded in its home.

    entered_at, amended_at, decided_at  datetime64[s] of the newest record, amendment of a visit and
                                        decision; NaT where there is none with a date
    undated                             bits of TABLES: which have a row without `recorded_at`
    """
    entered, amended, undated = _nothing(block.n), _nothing(block.n), np.zeros(block.n, np.int64)
    at_home = np.flatnonzero(block.household_row >= 0)
    person = block.outcome_child
    visit_child, first = _first_known(block)
    outcome = known_at(block.outcomes["outcome_date"], block.outcomes["recorded_at"])
    house_at = block.households["recorded_at"][block.household_row[at_home]]
    child_at = block.children["recorded_at"]
    more_at = block.more_children["recorded_at"]
    visit_at = block.visits["recorded_at"]
    everyone = np.arange(block.n)
    for bit, child, at, recorded in (
        (0, everyone, child_at, child_at),
        (0, block.more_child, more_at, more_at),
        (1, at_home, house_at, house_at),
        (2, visit_child, first, visit_at),
        (3, person, outcome, block.outcomes["recorded_at"]),
    ):
        _add(entered, child, at)
        inside = np.isnat(recorded) & (child >= 0)
        np.bitwise_or.at(undated, child[inside], 1 << bit)
    changed = _is_amended(block)
    _add(amended, block.visit_child[changed], visit_at[changed])
    decided, rows = _nothing(block.n), block.decisions
    _add(
        decided,
        block.decision_child,
        known_at(rows["decided_at"], rows["recorded_at"]),
    )
    return Sheet(
        {
            "entered_at": _of_home(block.household, entered),
            "amended_at": _of_home(block.household, amended),
            "decided_at": _of_home(block.household, decided),
            "undated": _bits_of_home(block.household, undated),
        }
    )


def _nothing(n: int) -> Times:
    return np.full(n, np.datetime64("NaT", "s"))


def _add(newest_at: Times, child: Ints, at: Times) -> None:
    inside = child >= 0
    np.fmax.at(newest_at, child[inside], covered_until(at[inside]))


def _is_amended(block: Block) -> Bools:
    return np.asarray(np.isin(block.visit_place, block.more_visit_place), dtype=bool)


def _first_known(block: Block) -> tuple[Ints, Times]:
    """The child of each visit, and when the first wording of it was known."""
    first = block.visit_known_at.copy()
    if not len(block.more_visits):
        return block.visit_child, first
    place = np.concatenate([block.visit_place, block.more_visit_place])
    oldest = np.full(int(place.max(initial=0)) + 1, np.datetime64("NaT", "s"))
    np.fmin.at(oldest, place, block.wordings.known_at)
    return block.visit_child, oldest[block.visit_place]


def _of_home(household: Ints, at: Times) -> Times:
    found = _nothing(int(household.max(initial=-1)) + 1)
    np.fmax.at(found, household, at)
    return found[household]


def _bits_of_home(household: Ints, bits: Ints) -> Ints:
    found = np.zeros(int(household.max(initial=-1)) + 1, dtype=np.int64)
    np.bitwise_or.at(found, household, bits)
    return found[household]

"""Who is on this week's list: capacity, the random share, and who fell just below the line.

Immediate and urgent are always in and use capacity first; what is left goes down the order. Without
a caseworker the village is the group. A programme can keep a share of the seats for households
drawn at random from below the line, with the probability recorded, so that misses can be estimated.
Where the share is not a whole number of seats, chance decides whether one more is kept: a small
group has its draw in some weeks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.sheet import Bools, Ints, Sheet, numbered

JUST_BELOW = 3  # children named as "just below the line" in each group
URGENT = 1  # position of "urgent" in TIERS: this tier and above are never cut

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Seats:
    """For each child, in ranking order.

    selection_probability  of being on the list, over the draw and over how many seats it got: 1
                           where the order alone decides; NaN for those who could not be on it
    """

    within: Bools
    drawn: Bools
    just_below: Bools
    selection_probability: Floats


def give_seats(rows: Sheet, capacity: int, random_share: float, seed: str) -> Seats:
    """Fill each group's capacity from rows in ranking order.

    `rows` need group, tier_code, waits (planned for later, closed or in the backlog: takes no
    seat unless drawn) and household (a key). Deterministic: the draw orders households by a hash
    of `seed` and the household.
    """
    group, names = numbered(rows["group"])
    return fill_lists(rows, Lists(group, names, np.full(len(names), capacity)), random_share, seed)


@dataclass(frozen=True)
class Lists:
    """Whose list each row is on, and how many seats each list has.

    group     for each row the number of its list
    names     for each list the name that chance knows it by
    capacity  for each list its seats
    """

    group: Ints
    names: NDArray[np.object_]
    capacity: Ints


def fill_lists(rows: Sheet, lists: Lists, random_share: float, seed: str) -> Seats:
    """As `give_seats`, where each list has a capacity of its own; `rows` need no group."""
    line = _line(rows, lists)
    kept = np.round(lists.capacity * random_share, 9)
    whole = np.floor(kept).astype(np.int64)
    part = kept - whole
    lots = _Lots.of(rows["household"], line.candidate & (kept > 0)[lists.group], seed)
    fewer = _filled(line, whole, lots)
    if not part.any():
        return _seats(line, fewer, fewer.chance)
    more = _filled(line, whole + (part > 0), lots)
    more_lists = np.array([_fraction(seed, str(name)) for name in lists.names]) < part
    gets_more, chance_of_more = more_lists[lists.group], part[lists.group]
    chosen = _Filling(
        np.where(gets_more, more.by_order, fewer.by_order),
        np.where(gets_more, more.drawn, fewer.drawn),
        (1.0 - chance_of_more) * fewer.chance + chance_of_more * more.chance,
    )
    return _seats(line, chosen, chosen.chance)


@dataclass(frozen=True)
class _Line:
    """What does not depend on the draw: groups, who is always in, seats that are left."""

    group: Ints
    always: Bools
    candidate: Bools
    place: Ints
    left: Ints


@dataclass(frozen=True)
class _Filling:
    """Who gets a seat by order and by the draw, and everybody's chance of one."""

    by_order: Bools
    drawn: Bools
    chance: Floats


def _line(rows: Sheet, lists: Lists) -> _Line:
    waits = rows["waits"]
    always = (rows["tier_code"] <= URGENT) & ~waits
    used = np.bincount(lists.group[always], minlength=len(lists.names))
    candidate = ~always & ~waits
    place = place_in_group(lists.group, candidate)
    left = np.maximum(lists.capacity - used, 0)
    return _Line(lists.group, always, candidate, place, left)


def _filled(line: _Line, kept: Ints, lots: _Lots) -> _Filling:
    """The seats of each group where `kept` of them are for the draw."""
    kept_seats = np.minimum(kept, line.left)
    by_order = line.candidate & (line.place < (line.left - kept_seats)[line.group])
    drawn, chance = _draw(lots, line.group, line.candidate & ~by_order, kept_seats)
    return _Filling(by_order, drawn, np.where(line.always | by_order, 1.0, chance))


def _seats(line: _Line, filling: _Filling, chance: Floats) -> Seats:
    within = line.always | filling.by_order | filling.drawn
    below = line.candidate & ~within
    return Seats(
        within=within,
        drawn=filling.drawn,
        just_below=below & (place_in_group(line.group, below) < JUST_BELOW),
        selection_probability=np.where(chance > 0, chance, np.nan),
    )


def place_in_group(group: Ints, wanted: Bools) -> Ints:
    """How many wanted rows of the same group come before each row."""
    order = np.argsort(group, kind="stable")
    count: Ints = np.cumsum(wanted[order]) - wanted[order]
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    place = np.empty(len(group), dtype=np.int64)
    place[order] = count - np.repeat(count[first], np.diff(first, append=len(group)))
    return place


@dataclass(frozen=True)
class _Lots:
    """The number of each row's household, and the lot that chance gives each household."""

    household: Ints
    lot: NDArray[np.uint64]

    @classmethod
    def of(cls, household: NDArray[np.object_], wanted: Bools, seed: str) -> _Lots:
        """Lots for the households of wanted rows; the others have the lot 0."""
        number, names = numbered(household)
        lot = np.zeros(len(names), dtype=np.uint64)
        some = np.unique(number[wanted])
        lot[some] = [int.from_bytes(_hash(seed, str(name))[:8]) for name in names[some]]
        return cls(number, lot)


def _draw(lots: _Lots, group: Ints, eligible: Bools, seats: Ints) -> tuple[Bools, Floats]:
    """Simple random sampling of households without replacement: `seats` of each group's.

    The second array is each row's chance, 0 for those who are not in the draw.
    """
    drawn, probability = np.zeros(len(group), dtype=bool), np.zeros(len(group))
    rows = np.flatnonzero(eligible & (seats > 0)[group])
    if not len(rows):
        return drawn, probability
    house = lots.household[rows]
    key = group[rows] * len(lots.lot) + house
    _, first, ticket = np.unique(key, return_index=True, return_inverse=True)
    of = group[rows][first]
    order = np.lexsort((lots.lot[house[first]], of))
    place = np.empty(len(first), dtype=np.int64)
    place[order] = np.arange(len(first)) - np.searchsorted(of[order], of[order])
    size = np.bincount(of, minlength=len(seats))[of]
    drawn[rows] = (place < seats[of])[ticket]
    probability[rows] = np.minimum(seats[of] / size, 1.0)[ticket]
    return drawn, probability


def _hash(seed: str, household: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{household}".encode("utf-8", "surrogatepass")).digest()


def _fraction(seed: str, group: str) -> float:
    """A number in [0, 1) that chance gives a group."""
    return int.from_bytes(_hash(seed, f"group:{group}")[:8]) / 2.0**64

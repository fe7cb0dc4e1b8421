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
import pandas as pd
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
    line = _line(rows, group, capacity, len(names))
    whole, part = divmod(round(capacity * random_share, 9), 1.0)
    fewer = _filled(line, rows, int(whole), seed)
    if part == 0.0:
        return _seats(line, fewer, fewer.chance)
    more = _filled(line, rows, int(whole) + 1, seed)
    gets_more = np.array([_fraction(seed, str(name)) < part for name in names], dtype=bool)[group]
    chosen = _Filling(
        np.where(gets_more, more.by_order, fewer.by_order),
        np.where(gets_more, more.drawn, fewer.drawn),
        (1.0 - part) * fewer.chance + part * more.chance,
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


def _line(rows: Sheet, group: Ints, capacity: int, groups: int) -> _Line:
    waits = rows["waits"]
    always = (rows["tier_code"] <= URGENT) & ~waits
    used = np.bincount(group[always], minlength=groups)
    candidate = ~always & ~waits
    place = _place_in_group(group, candidate)
    return _Line(group, always, candidate, place, np.maximum(capacity - used, 0))


def _filled(line: _Line, rows: Sheet, kept: int, seed: str) -> _Filling:
    """The seats of each group where `kept` of them are for the draw."""
    kept_seats = np.minimum(kept, line.left)
    by_order = line.candidate & (line.place < (line.left - kept_seats)[line.group])
    eligible = line.candidate & ~by_order
    drawn, chance = _draw(rows["household"], line.group, eligible, kept_seats, seed)
    return _Filling(by_order, drawn, np.where(line.always | by_order, 1.0, chance))


def _seats(line: _Line, filling: _Filling, chance: Floats) -> Seats:
    within = line.always | filling.by_order | filling.drawn
    below = line.candidate & ~within
    return Seats(
        within=within,
        drawn=filling.drawn,
        just_below=below & (_place_in_group(line.group, below) < JUST_BELOW),
        selection_probability=np.where(chance > 0, chance, np.nan),
    )


def _place_in_group(group: Ints, wanted: Bools) -> Ints:
    """How many wanted rows of the same group come before each row."""
    order = np.argsort(group, kind="stable")
    count: Ints = np.cumsum(wanted[order]) - wanted[order]
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    place = np.empty(len(group), dtype=np.int64)
    place[order] = count - np.repeat(count[first], np.diff(first, append=len(group)))
    return place


def _draw(
    household: NDArray[np.object_],
    group: Ints,
    eligible: Bools,
    seats: Ints,
    seed: str,
) -> tuple[Bools, Floats]:
    """Simple random sampling of households without replacement: `seats` of each group's.

    The second array is each child's chance, 0 for those who are not in the draw.
    """
    drawn, probability = np.zeros(len(group), dtype=bool), np.zeros(len(group))
    if not seats.any() or not eligible.any():
        return drawn, probability
    rows = np.flatnonzero(eligible)
    table = pd.DataFrame({"group": group[rows], "household": household[rows]})
    households = table.drop_duplicates().copy()
    households["draw"] = [_hash(seed, name) for name in households["household"]]
    households = households.sort_values(["group", "draw", "household"], ignore_index=True)
    size = households.groupby("group")["household"].transform("size").to_numpy()
    place = households.groupby("group").cumcount().to_numpy()
    taken = seats[households["group"].to_numpy()]
    households["drawn"] = place < taken
    households["probability"] = np.minimum(taken / size, 1.0)
    merged = table.merge(households, on=["group", "household"], how="left")
    drawn[rows] = merged["drawn"].to_numpy(dtype=bool)
    probability[rows] = merged["probability"].to_numpy(dtype=np.float64)
    return drawn, probability


def _hash(seed: str, household: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{household}".encode("utf-8", "surrogatepass")).digest()


def _fraction(seed: str, group: str) -> float:
    """A number in [0, 1) that chance gives a group."""
    return int.from_bytes(_hash(seed, f"group:{group}")[:8]) / 2.0**64

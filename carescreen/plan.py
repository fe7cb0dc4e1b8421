"""Who is on this week's list: capacity, the random share, and who fell just below the line.

Immediate and urgent are always in and use capacity first; what is left goes down the order. Without
a caseworker the village is the group. A programme can keep a share of the seats for households
drawn at random from below the line, with the probability recorded, so that misses can be estimated.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

JUST_BELOW = 3  # children named as "just below the line" in each group
URGENT = 1  # position of "urgent" in TIERS: this tier and above are never cut


@dataclass(frozen=True)
class Seats:
    """For each child, in ranking order.

    selection_probability  1 in the list by order; the draw's probability for those who were in the
                           draw, drawn or not; NaN for those who were in neither
    """

    within: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    just_below: NDArray[np.bool_]
    selection_probability: NDArray[np.float64]


def give_seats(frame: pd.DataFrame, capacity: int, random_share: float, seed: str) -> Seats:
    """Fill each group's capacity from a frame in ranking order.

    `frame` needs group, tier_code, waits (planned for later, closed or in the backlog: takes no
    seat unless drawn) and household (a key). Deterministic: the draw orders households by a hash
    of `seed` and the household.
    """
    n = len(frame)
    group = pd.factorize(frame["group"].astype(object), use_na_sentinel=False)[0]
    waits = frame["waits"].to_numpy(dtype=bool)
    always = (frame["tier_code"].to_numpy() <= URGENT) & ~waits
    groups = int(group.max()) + 1 if n else 0
    used = np.bincount(group[always], minlength=groups)
    left = np.maximum(capacity - used, 0)
    reserved = np.minimum(int(np.floor(capacity * random_share + 0.5)), left)
    candidate = ~always & ~waits
    place = _place_in_group(group, candidate)
    by_order = candidate & (place < (left - reserved)[group])
    within = always | by_order
    eligible = ~within & ~waits
    drawn, probability = _draw(frame, group, eligible, reserved, seed)
    below = eligible & ~drawn
    return Seats(
        within=within | drawn,
        drawn=drawn,
        just_below=below & (_place_in_group(group, below) < JUST_BELOW),
        selection_probability=np.where(within, 1.0, probability),
    )


def _place_in_group(group: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many wanted rows of the same group come before each row."""
    count = pd.Series(wanted.astype(np.int64)).groupby(group).cumsum().to_numpy()
    return np.asarray(count - wanted, dtype=np.int64)


def _draw(
    frame: pd.DataFrame,
    group: NDArray[np.int64],
    eligible: NDArray[np.bool_],
    seats: NDArray[np.int64],
    seed: str,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Simple random sampling of households without replacement: `seats` of each group's."""
    drawn = np.zeros(len(frame), dtype=bool)
    probability = np.full(len(frame), np.nan)
    if not seats.any() or not eligible.any():
        return drawn, probability
    rows = np.flatnonzero(eligible)
    table = pd.DataFrame({"group": group[rows], "household": frame["household"].to_numpy()[rows]})
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
    probability[probability == 0] = np.nan
    return drawn, probability


def _hash(seed: str, household: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{household}".encode("utf-8", "surrogatepass")).digest()

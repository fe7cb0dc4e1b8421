"""Seats: who is on the list at a capacity, and the random share below the line."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from carescreen.plan import Seats, give_seats
from carescreen.sheet import Sheet

IMMEDIATE, URGENT, PRIORITY, ROUTINE = range(4)


def rows(tiers, *, group="W1", waits=None, households=None) -> pd.DataFrame:
    n = len(tiers)
    return pd.DataFrame(
        {
            "group": [group] * n if isinstance(group, str) else group,
            "tier_code": tiers,
            "waits": waits or [False] * n,
            "household": households or [f"H{i}" for i in range(n)],
        }
    )


def seats_of(frame: pd.DataFrame, capacity: int, share: float, seed: str) -> Seats:
    return give_seats(Sheet.of_frame(frame), capacity, share, seed)


def test_immediate_and_urgent_are_in_even_beyond_capacity() -> None:
    seats = seats_of(rows([IMMEDIATE] * 3 + [URGENT] * 2 + [ROUTINE]), 2, 0.0, "s")
    assert seats.within.tolist() == [True] * 5 + [False]


def test_what_is_left_goes_down_the_order() -> None:
    seats = seats_of(rows([URGENT, PRIORITY, PRIORITY, ROUTINE, ROUTINE]), 3, 0.0, "s")
    assert seats.within.tolist() == [True, True, True, False, False]
    assert seats.just_below.tolist() == [False, False, False, True, True]


def test_each_group_has_its_own_capacity() -> None:
    frame = rows([ROUTINE] * 4, group=["W1", "W2", "W1", "W2"])
    assert seats_of(frame, 1, 0.0, "s").within.tolist() == [True, True, False, False]


def test_who_waits_takes_no_seat() -> None:
    frame = rows([PRIORITY, PRIORITY, ROUTINE], waits=[True, False, False])
    assert seats_of(frame, 1, 0.0, "s").within.tolist() == [False, True, False]


def test_children_of_a_drawn_household_come_together_with_their_probability() -> None:
    frame = rows([ROUTINE] * 12, households=[f"H{i // 2}" for i in range(12)])
    seats = seats_of(frame, 4, 0.25, "s")
    assert seats.within.sum() == 3 + 2
    drawn = frame.loc[seats.drawn, "household"]
    assert drawn.nunique() == 1
    by_order = 3  # of 4 seats one is kept for the draw
    eligible = frame["household"][by_order:].nunique()
    assert np.allclose(seats.selection_probability[seats.drawn], 1 / eligible)


def test_the_draw_is_uniform_over_households() -> None:
    frame = rows([ROUTINE] * 11)
    hits = np.zeros(11)
    for seed in range(800):
        hits += seats_of(frame, 2, 0.5, str(seed)).drawn
    share = hits[1:] / 800
    assert hits[0] == 0
    assert np.all(np.abs(share - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 800))


def test_a_part_of_a_seat_is_a_chance_of_one_and_the_probability_says_so() -> None:
    """Of 3 seats 0.3 are for the draw: the third by order has a seat unless the draw takes it."""
    frame, weeks = rows([ROUTINE] * 8), 1000
    found = [seats_of(frame, 3, 0.1, str(week)) for week in range(weeks)]
    within = np.mean([seats.within for seats in found], axis=0)
    stated = found[0].selection_probability
    assert np.allclose(stated, [1, 1, 0.7 + 0.3 / 6, *[0.3 / 6] * 5])
    assert np.all(np.abs(within - stated) <= 4 * np.sqrt(stated * (1 - stated) / weeks))
    assert all(seats.within.sum() == 3 for seats in found)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=30).map(sorted),
    st.integers(1, 8),
    st.sampled_from([0.0, 0.1, 0.5]),
)
def test_seats_never_exceed_capacity_unless_the_urgent_alone_do(tiers, capacity, share) -> None:
    seats = seats_of(rows(tiers), capacity, share, "s")
    urgent = sum(tier <= URGENT for tier in tiers)
    assert seats.within.sum() <= max(capacity, urgent)
    assert seats.within.sum() >= min(capacity, len(tiers))
    assert seats.within[:urgent].all()
    assert not (seats.just_below & seats.within).any()

"""Alarms: who has more immediate and urgent visits than seats, and which neighbours have room.

An alarm takes nothing off a list: somebody decides who goes. Neighbours are workers of a village
that the list has pressing visits in, then those of the same supervisor. A neighbour's room are her
seats that no immediate or urgent visit of her own holds; the free ones among them cost nobody a
visit. What one alarm is offered is not offered to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from carescreen.plan_routes import People
from carescreen.sheet import Bools, Ints, Sheet

MOST_OFFERS = 5


@dataclass(frozen=True)
class Offer:
    """Seats of a neighbour (a place among people); of them `free` hold no visit at all."""

    person: int
    seats: int
    free: int


@dataclass(frozen=True)
class Alarm:
    """One list with `pressing` visits for `capacity` seats."""

    person: int
    pressing: int
    capacity: int
    offers: tuple[Offer, ...]

    @property
    def over(self) -> int:
        """By how many visits the list is over."""
        return self.pressing - self.capacity

    @property
    def uncovered(self) -> int:
        """Visits for which no neighbour has room."""
        return self.over - sum(offer.seats for offer in self.offers)


def alarms_of(
    rows: Sheet, person: Ints, pressing: Bools, within: Bools, people: People
) -> tuple[Alarm, ...]:
    """The alarms of a week's lists, in the order of people."""
    count = len(people.ids)
    held = np.bincount(person[pressing], minlength=count)
    used = np.bincount(person[within], minlength=count)
    room = np.maximum(people.capacity - held, 0)
    free = np.maximum(people.capacity - used, 0)
    by_boss: dict[int, list[int]] = {}
    for number in range(people.workers):
        by_boss.setdefault(int(people.supervisor[number]), []).append(number)
    alarms = []
    for number in np.flatnonzero(held > people.capacity).tolist():
        mine = rows["village_id"][pressing & (person == number)]
        boss = int(people.supervisor[number]) if number < people.workers else number
        near = [w for village in dict.fromkeys(mine) for w in people.villages.get(str(village), ())]
        found = tuple(
            _offers(
                int(held[number] - people.capacity[number]),
                [list(dict.fromkeys(near)), by_boss.get(boss, [])],
                room,
                free,
            )
        )
        alarms.append(Alarm(number, int(held[number]), int(people.capacity[number]), found))
    return tuple(alarms)


def _offers(wanted: int, circles: list[list[int]], room: Ints, free: Ints) -> Iterator[Offer]:
    """Take room from the nearest circle first, in it from who has most; changes room and free."""
    offers = 0
    for circle in circles:
        for person in sorted(circle, key=lambda number: (-room[number], number)):
            seats = min(wanted, int(room[person]))
            if seats == 0 or offers == MOST_OFFERS:
                break
            at_no_cost = min(seats, int(free[person]))
            yield Offer(person, seats, at_no_cost)
            room[person] -= seats
            free[person] -= at_no_cost
            wanted, offers = wanted - seats, offers + 1

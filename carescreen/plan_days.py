"""Which day of the week each visit is made: what is pressing in time, and a village in one trip.

Each day has the same number of places. First the immediate visits, on the first day, and the urgent
ones, on the day they are due or before, where the visitor already is in that village if she can.
Then the rest, village by village in order of need: on days on which she goes there anyway, else on
one day that has places for all of it, else on the emptiest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from carescreen.pack import TIERS
from carescreen.plan_visits import Week
from carescreen.sheet import Bools, Ints, Sheet, numbered

_IMMEDIATE, _URGENT = TIERS.index("immediate"), TIERS.index("urgent")


def days_of(rows: Sheet, person: Ints, present: Bools, week: Week) -> Ints:
    """For each visit the number of its working day in the week.

    `rows` are the visits that are in, in order of need, `person` whose list each is on, and
    `present` (people, working days) who is there when. Who is never there counts as there.
    """
    until = _until(rows, week).tolist()
    village, _ = numbered(rows["village_id"])
    order = np.argsort(person, kind="stable")
    cuts = np.flatnonzero(np.diff(person[order])) + 1
    day = np.zeros(len(person), dtype=np.int64)
    for mine in np.split(order, cuts):
        if len(mine):
            there = present[person[mine[0]]]
            days = np.flatnonzero(there if there.any() else ~there)
            visits = [(village[row], until[row]) for row in mine.tolist()]
            day[mine] = days[_spread(visits, days.tolist())]
    return day


def _until(rows: Sheet, week: Week) -> Ints:
    """The working day by which a visit is made; the last one where it is not pressing: -1."""
    due = np.fmax(rows["due_on"], np.datetime64(week.days[0]))
    days = np.array(week.days, dtype="datetime64[D]")
    by_due = np.searchsorted(days, due, side="right") - 1
    tier = rows["tier_code"]
    return np.where(tier == _IMMEDIATE, 0, np.where(tier == _URGENT, by_due, -1))


def _spread(visits: Sequence[tuple[int, int]], days: Sequence[int]) -> list[int]:
    """For each visit (village, working day by which) of one list the place of its day in `days`."""
    trips = _Trips(len(days), -(-len(visits) // len(days)))
    found = [-1] * len(visits)
    for place, (village, until) in enumerate(visits):
        if until >= 0:
            in_time = sum(day <= until for day in days)
            found[place] = trips.in_time(village, max(in_time, 1))
    rest: dict[int, list[int]] = {}
    for place, (village, until) in enumerate(visits):
        if until < 0:
            rest.setdefault(village, []).append(place)
    for village, waiting in rest.items():
        for already, place in enumerate(waiting):
            found[place] = trips.with_room(village, len(waiting) - already)
    return found


class _Trips:
    """How full each day is, and on which days there is a trip to which village."""

    def __init__(self, days: int, places: int) -> None:
        self.left = [places] * days
        self.to: dict[int, list[int]] = {}

    def in_time(self, village: int, days: int) -> int:
        """A day among the first few: of a trip with a place, else one with a place, else any."""
        trips = [day for day in self.to.get(village, ()) if day < days and self.left[day] > 0]
        open_days = trips or [day for day in range(days) if self.left[day] > 0]
        return self._take(village, min(open_days, default=self._emptiest(days)))

    def with_room(self, village: int, count: int) -> int:
        """A day with a place, for a visit that is the first of `count` still to be made there."""
        trips = [day for day in self.to.get(village, ()) if self.left[day] > 0]
        whole = trips or [day for day, left in enumerate(self.left) if left >= count]
        return self._take(village, min(whole, default=self._emptiest(len(self.left))))

    def _emptiest(self, days: int) -> int:
        return max(range(days), key=lambda day: (self.left[day], -day))

    def _take(self, village: int, day: int) -> int:
        self.left[day] -= 1
        trips = self.to.setdefault(village, [])
        if day not in trips:
            trips.append(day)
        return day

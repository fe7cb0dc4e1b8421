"""A week's plan: visits that can be carried out, from a ranking and a table of caseworkers.

    children of a ranking -> visits (a household each) -> whose list -> seats -> days, alarms

Every child is in exactly one place: PLAN (visited this week), BELOW (its list is full), BACKLOG (an
old concern of the first run, for the supervisor), HANDOVER (moved away or come of age, for the
supervisor) or WAITING (planned for a later date, or moved away with nothing left to do).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from carescreen.departure import FOR_HANDOVER
from carescreen.duplicates import Ids
from carescreen.plan import URGENT, Lists, Seats, fill_lists
from carescreen.plan_alarms import Alarm, alarms_of
from carescreen.plan_days import days_of
from carescreen.plan_routes import Conflict, Routes, routes_of
from carescreen.plan_visits import Visits, Week, visits_of
from carescreen.plan_workers import Workers
from carescreen.sheet import Bools, Ints, Sheet, objects

PLACES = ("plan", "below", "backlog", "waiting", "handover")
PLAN, BELOW, BACKLOG, WAITING, HANDOVER = range(len(PLACES))
WHY = ("rule", "overdue", "order", "random")
RULE, OVERDUE, ORDER, RANDOM = range(len(WHY))


@dataclass(frozen=True, repr=False)  # its values are records
class WeekPlan:
    """The plan; arrays without another note have one entry a visit, in the order of `visits`.

    heads    the ranking's children it was made from, in its order
    planned  rows of the visits that are in, list by list, each in the order in which it is made
    day      of each planned visit the number of its working day
    place    of each child one of PLACES
    why      one of WHY; of no meaning where a visit is not in
    """

    heads: Sheet
    week: Week
    visits: Visits
    routes: Routes
    seats: Seats
    planned: Ints
    day: Ints
    place: Ints
    why: Ints
    alarms: tuple[Alarm, ...]

    @property
    def below(self) -> Ints:
        """Rows of the visits below the line, list by list, in order of need."""
        rows = np.flatnonzero(~self.visits.rows["waits"] & ~self.seats.within)
        return rows[np.argsort(self.routes.person[rows], kind="stable")]

    @property
    def backlog(self) -> Ints:
        """Places in the ranking of the children whose old concerns go to the supervisor."""
        return np.flatnonzero(self.place == BACKLOG)

    @property
    def handover(self) -> Ints:
        """Places in the ranking of the children whom the supervisor hands over."""
        return np.flatnonzero(self.place == HANDOVER)


def plan_week(
    heads: Sheet,
    workers: Workers,
    week: Week,
    *,
    random_share: float = 0.0,
    seed: str = "",
    conflicts: Iterable[Conflict] = (),
    same: Iterable[Ids] = (),
) -> WeekPlan:
    """Plan a week from a ranking's children (see `visits_of`) and the caseworkers.

    `random_share` of a list's seats goes to households drawn at random from below its line; `seed`
    decides the draw; `same` are pairs of child_ids that are one child. UsageError where a worker is
    away and nobody covers.
    """
    visits = visits_of(heads, week, same)
    rows = visits.rows
    routes = routes_of(heads, visits, workers, week, conflicts)
    people, person = routes.people, routes.person
    lists = Lists(person, objects(people.ids), people.capacity)
    seats = fill_lists(rows, lists, random_share, seed)
    pressing = (rows["tier_code"] <= URGENT) & ~rows["waits"]
    inside = np.flatnonzero(seats.within)
    day = days_of(rows.take(inside), person[inside], people.present, week)
    village = rows["village_id"][inside].astype(str)
    order = np.lexsort((inside, village, day, person[inside]))
    return WeekPlan(
        heads=heads,
        week=week,
        visits=visits,
        routes=routes,
        seats=seats,
        planned=inside[order],
        day=day[order],
        place=_places(heads, visits, seats),
        why=np.select([pressing, seats.drawn, rows["late"] > 0], [RULE, RANDOM, OVERDUE], ORDER),
        alarms=alarms_of(rows, person, pressing, seats.within, people),
    )


def _places(heads: Sheet, visits: Visits, seats: Seats) -> Ints:
    visit = visits.of_house[visits.house]
    inside: Bools = (visit >= 0) & seats.within[visit] if len(seats.within) else visit >= 0
    waits, state = heads["waits"], heads["state"]
    leaves = waits & np.isin(state, objects(FOR_HANDOVER))
    return np.select(
        [waits & (state == "backlog"), leaves, waits, inside],
        [BACKLOG, HANDOVER, WAITING, PLAN],
        BELOW,
    )

"""Whose list each visit is on: the caseworker's, who covers, another of the village, a supervisor's.

It does not depend on how much a week holds, so more capacity never moves a visit to another list.

    OWN         the caseworker of the household's most urgent child
    VILLAGE     the child has no caseworker: a worker of the village
    LEFT        its caseworker has no row any more: a worker of the village
    COVER       the caseworker is away: the whole week, or until after a pressing visit is due
    CONFLICT    she must not visit (kin, cadre): another worker of the village, or the supervisor
    SUPERVISOR  nobody else can
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carescreen.block import household_keys
from carescreen.plan import URGENT
from carescreen.plan_visits import Visits, Week
from carescreen.plan_workers import Worker, Workers
from carescreen.sheet import Bools, Ints, Sheet, numbered, objects, places

ROUTES = ("own", "village", "cover", "conflict", "supervisor", "left")
OWN, VILLAGE, COVER, CONFLICT, SUPERVISOR, LEFT = range(len(ROUTES))
NOBODY = -1
NO_NAME = ""  # the list of the supervisor whom no row names

Conflict = tuple[str, str]  # (who must not visit, child_id)


@dataclass(frozen=True, repr=False)
class People:
    """Whoever has a list: workers by id, other supervisors by id, the unnamed one.

    capacity     visits this week: a week's, less what falls on days of leave
    present      (people, working days of the week)
    supervisor   of each the place of the supervisor, the unnamed one where no row says
    villages     for each village the places of its workers
    """

    ids: tuple[str, ...]
    workers: int
    capacity: Ints
    present: Bools
    supervisor: Ints
    villages: dict[str, tuple[int, ...]]

    @property
    def unnamed(self) -> int:
        """The place of the list that belongs to no named supervisor."""
        return len(self.ids) - 1

    def first_day(self, person: int) -> int:
        """The first working day on which somebody is there; the number of days if on none."""
        days = np.flatnonzero(self.present[person])
        return int(days[0]) if len(days) else self.present.shape[1]


@dataclass(frozen=True, repr=False)
class Routes:
    """For each visit: whose list (a place in `people`), which of ROUTES, and instead of whom."""

    people: People
    person: Ints
    route: Ints
    instead_of: Ints
    notices: tuple[str, ...]


def routes_of(
    heads: Sheet, visits: Visits, workers: Workers, week: Week, conflicts: Iterable[Conflict]
) -> Routes:
    """Put every visit on somebody's list.

    `conflicts` are (who must not visit, child_id). What a supervisor says is about the child's caseworker;
    a name that nobody in the table has may be that of whoever would go, and so is about her and about
    who has the visit in her place. UsageError where a worker is away and nobody covers.
    """
    rows = visits.rows
    own = _own(rows, workers)
    people = people_of(workers, week, rows, own)
    person, route = own.copy(), np.full(len(own), OWN, dtype=np.int64)
    lacking = np.flatnonzero(own < 0)
    person[lacking], route[lacking] = _of_village(rows, lacking, people)
    instead_of = np.full(len(own), NOBODY, dtype=np.int64)
    _hand_over(rows, workers, week, people, (person, route, instead_of))
    barred, unknown = _barred(heads, visits, workers, conflicts, person)
    _reroute(rows, people, barred, (person, route, instead_of))
    notices = (*_notices(workers, rows, own, unknown), *_unassigned(people, person, route))
    return Routes(people, person, route, instead_of, notices)


Written = tuple[Ints, Ints, Ints]  # person, route, instead_of: changed in place


def _own(rows: Sheet, workers: Workers) -> Ints:
    wanted = rows["caseworker_id"].copy()
    wanted[wanted == None] = NO_NAME  # noqa: E711  element by element
    return places(objects([worker.id for worker in workers.rows]), wanted)


def people_of(workers: Workers, week: Week, rows: Sheet, own: Ints) -> People:
    """Everybody who has a list this week."""
    ids = [worker.id for worker in workers.rows]
    count = len(ids)
    ids += [name for name in workers.supervisors if name not in set(ids)]
    ids.append(NO_NAME)
    place = {name: number for number, name in enumerate(ids)}
    days = len(week.days)
    present = np.ones((len(ids), days), dtype=bool)
    capacity = np.zeros(len(ids), dtype=np.int64)
    only = place[workers.supervisors[0]] if len(workers.supervisors) == 1 else len(ids) - 1
    supervisor = np.full(len(ids), len(ids) - 1, dtype=np.int64)
    supervisor[:count] = only
    for number, worker in enumerate(workers.rows):
        if worker.leave is not None:
            present[number] = [not worker.leave.covers(day) for day in week.days]
        capacity[number] = worker.visits_per_week * int(present[number].sum()) // days
        if worker.supervisor_id:
            supervisor[number] = place[worker.supervisor_id]
    villages = _villages(workers, rows, own)
    return People(tuple(ids), count, capacity, present, supervisor, villages)


def _villages(workers: Workers, rows: Sheet, own: Ints) -> dict[str, tuple[int, ...]]:
    """Workers of each village: as the table says, else where their children live."""
    says_none = np.array([not worker.villages for worker in workers.rows], dtype=bool)
    mine = np.flatnonzero((own >= 0) & says_none[own])
    pairs = pd.DataFrame({"village": rows["village_id"][mine], "worker": own[mine]})
    found: dict[str, set[int]] = {}
    for village, worker in pairs.drop_duplicates().itertuples(index=False, name=None):
        found.setdefault(str(village), set()).add(int(worker))
    for number, row in enumerate(workers.rows):
        for village in row.villages:
            found.setdefault(village, set()).add(number)
    return {village: tuple(sorted(numbers)) for village, numbers in found.items()}


def _of_village(rows: Sheet, lacking: Ints, people: People) -> tuple[Ints, Ints]:
    """A worker of the village for each visit that has none; where there are several, by a hash.

    A household keeps its worker from week to week that way.
    """
    person = np.full(len(lacking), int(people.supervisor[0]), dtype=np.int64)
    route = np.full(len(lacking), SUPERVISOR, dtype=np.int64)
    if not len(lacking):
        return person, route
    village, names = pd.factorize(rows["village_id"][lacking])
    lot = pd.util.hash_array(rows["household"][lacking].astype(object), categorize=False)
    chosen = [people.villages.get(str(name), ()) for name in names]
    for number, workers in enumerate(chosen):
        if workers:
            here = np.flatnonzero(village == number)
            person[here] = np.array(workers)[(lot[here] % len(workers)).astype(np.int64)]
            route[here] = VILLAGE
    has_left = rows["caseworker_id"][lacking] != None  # noqa: E711  element by element
    route[has_left & (route == VILLAGE)] = LEFT
    return person, route


def _hand_over(rows: Sheet, workers: Workers, week: Week, people: People, written: Written) -> None:
    """Give the visits of who is away at the beginning of the week to who covers.

    All of them if she is away the whole week; else the immediate and urgent ones that are due
    before she is back.
    """
    person, route, instead_of = written
    first = np.array([people.first_day(number) for number in range(len(people.ids))])
    if not first.any():
        return
    back = np.array([*week.days, np.datetime64("9999-12-31")], dtype="datetime64[D]")[first]
    due = np.fmax(rows["due_on"], np.datetime64(week.days[0]))
    pressing = (rows["tier_code"] <= URGENT) & ~rows["waits"]
    goes = (first[person] == len(week.days)) | (pressing & (due < back[person]))
    goes &= first[person] > 0
    for number in np.unique(person[goes]).tolist():
        mine = np.flatnonzero(goes & (person == number))
        cover = _who_covers(workers, people, number, len(mine))
        person[mine], instead_of[mine] = cover, number
        route[mine] = COVER


def _who_covers(workers: Workers, people: People, away: int, count: int) -> int:
    """The first along the row of covers who is there on the first day; else the supervisor."""
    place = {name: number for number, name in enumerate(people.ids)}
    seen, number = {away}, away
    while number < people.workers and workers.rows[number].covered_by:
        number = place[workers.rows[number].covered_by]
        if number in seen:
            break
        if people.first_day(number) == 0:
            return number
        seen.add(number)
    worker = workers.rows[away]
    boss = int(people.supervisor[away])
    if not worker.supervisor_id or people.first_day(boss) > 0:
        _nobody_covers(workers, worker, count)
    return boss


def _nobody_covers(workers: Workers, worker: Worker, count: int) -> None:
    workers.refuse(
        worker,
        f"away when the week begins, with {count} visit{'s' if count != 1 else ''} to hand over, "
        "and nobody who is there covers; give covered_by or supervisor_id",
    )


Barred = set[tuple[int, int]]  # (person, household): must not meet


def _barred(
    heads: Sheet, visits: Visits, workers: Workers, conflicts: Iterable[Conflict], person: Ints
) -> tuple[Barred, int]:
    """Who must not visit which household, and how many ids of the table name none.

    `person` is of each visit whose list it is on so far.
    """
    said = [(number, one) for number, w in enumerate(workers.rows) for one in w.conflict_with]
    ids = objects([one for _, one in said])
    found: Barred = set()
    named = np.zeros(len(ids), dtype=bool)
    number, keys = numbered(household_keys(heads))
    first = np.unique(number, return_index=True)[1]
    for known, house in ((keys, visits.house[first]), (heads["child_id"], visits.house)):
        place = places(known, ids)
        named |= place >= 0
        found |= {(said[n][0], int(house[at])) for n, at in enumerate(place.tolist()) if at >= 0}
    return found | _decided(heads, visits, workers, list(conflicts), person), int((~named).sum())


def _decided(
    heads: Sheet, visits: Visits, workers: Workers, conflicts: Sequence[Conflict], person: Ints
) -> Barred:
    ids = objects([worker.id for worker in workers.rows])
    child = places(heads["child_id"], objects([one for _, one in conflicts]))
    who = places(ids, objects([name for name, _ in conflicts]))
    found: Barred = set()
    for (name, _), at, worker in zip(conflicts, child.tolist(), who.tolist(), strict=True):
        if at < 0:
            continue
        house, meant = int(visits.house[at]), [worker]
        if worker < 0:
            row = int(visits.of_house[house])
            meant = [int(places(ids, objects([heads["caseworker_id"][at] or NO_NAME]))[0])]
            is_known = name in workers.supervisors
            meant += [int(person[row])] if row >= 0 and not is_known else []
        found |= {(one, house) for one in meant if one >= 0}
    return found


def _reroute(rows: Sheet, people: People, barred: Barred, written: Written) -> None:
    """Move a visit off the list of somebody who must not make it; the reason stays with the route."""
    person, route, instead_of = written
    houses = np.array(sorted({house for _, house in barred}), dtype=np.int64)
    for row in np.flatnonzero(np.isin(rows["house"], houses)).tolist():
        house, before = int(rows["house"][row]), int(person[row])
        if (before, house) in barred:
            person[row] = _somebody_else(
                str(rows["village_id"][row]), house, before, people, barred
            )
            route[row], instead_of[row] = CONFLICT, before


def _somebody_else(village: str, house: int, before: int, people: People, barred: Barred) -> int:
    for other in people.villages.get(village, ()):
        if (other, house) not in barred and people.first_day(other) == 0:
            return other
    boss, seen = int(people.supervisor[before]), {before}
    while (boss, house) in barred and boss not in seen:
        seen.add(boss)
        boss = int(people.supervisor[boss])
    return people.unnamed if (boss, house) in barred else boss


def _unassigned(people: People, person: Ints, route: Ints) -> tuple[str, ...]:
    """How many households only a supervisor has: somebody must be found for each."""
    is_left = (person >= people.workers) & np.isin(route, (CONFLICT, SUPERVISOR))
    if not is_left.any():
        return ()
    return (
        f"households that no caseworker can visit (a conflict of interest, or nobody in the village): "
        f"{int(is_left.sum()):,}; they are on the supervisor's list, who finds somebody",
    )


def _notices(workers: Workers, rows: Sheet, own: Ints, unknown: int) -> tuple[str, ...]:
    found = list(workers.notices)
    strangers = np.flatnonzero((own < 0) & (rows["caseworker_id"] != None))  # noqa: E711
    if len(strangers):
        count = len(set(rows["caseworker_id"][strangers].tolist()))
        found.append(
            f"{workers.file}: caseworkers of the ranking who have no row any more: {count:,}; their "
            f"households ({len(strangers):,}) go to a worker of the village, or to the supervisor "
            "(instead_of in plan.csv says whose they were)"
        )
    if unknown:
        found.append(
            f"{workers.file}: ids in conflict_with that name no household or child of this "
            f"ranking: {unknown:,}"
        )
    return tuple(found)

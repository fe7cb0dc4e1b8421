"""From a ranking's children to visits: children of one household are one visit.

So are households in which one child is recorded twice: both its rows are of one visit.

A visit has the tier, due date and place of its most urgent child; the others of the household are
seen on the same way. Order of need: tier; what is overdue before the rest of its tier; a routine
visit that is not due before the week is over after those that are; then the ranking's order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from carescreen.block import household_keys
from carescreen.departure import FOR_HANDOVER
from carescreen.duplicates import Ids, groups_of
from carescreen.pack import TIERS
from carescreen.sheet import Bools, Ints, Sheet, numbered, objects, places

WEEK_DAYS = 7
_ROUTINE = TIERS.index("routine")


@dataclass(frozen=True)
class Week:
    """Seven days from `start`, and which of them are working days."""

    start: date
    days: tuple[date, ...]

    @classmethod
    def of(cls, start: date, working_days: int = 5) -> Week:
        """The week from a day on; working days are the first so many of Monday to Sunday."""
        days = (start + timedelta(days=ahead) for ahead in range(WEEK_DAYS))
        return cls(start, tuple(day for day in days if day.weekday() < working_days))

    @property
    def last(self) -> date:
        """The last of the seven days."""
        return self.start + timedelta(days=WEEK_DAYS - 1)


@dataclass(frozen=True, repr=False)  # its values are records
class Visits:
    """The visits there could be, in order of need.

    house     for each child of the ranking the number of its household
    of_house  for each household the row of its visit; -1 where all its children wait for a date
    rows      one row a visit: household (key), house, lead (place of its most urgent child in the
              ranking), household_id, village_id, caseworker_id and tier_code of
              that child, due_on (datetime64[D]), late (days past the due date), waits (all it has is for
              a supervisor: backlog, moved away, come of age)
    """

    house: Ints
    of_house: Ints
    rows: Sheet

    def children(self, visits: Ints) -> list[Ints]:
        """For each of some visits the places of its children in the ranking, in its order."""
        order = np.argsort(self.house, kind="stable")
        ends = np.cumsum(np.bincount(self.house, minlength=len(self.of_house)))
        starts = np.concatenate([[0], ends])
        house = self.rows["house"][visits]
        bounds = zip(starts[house].tolist(), ends[house].tolist(), strict=True)
        return [order[first:beyond] for first, beyond in bounds]


def visits_of(heads: Sheet, week: Week, same: Iterable[Ids] = ()) -> Visits:
    """The visits of a ranking.

    `heads` are its children in rank order: child_id, household_id, village_id, caseworker_id
    (None missing), tier_code, state, waits, due_on (datetime64[D], NaT missing). `same` are pairs of
    child_ids that are one child.
    """
    house, names = numbered(_joined(household_keys(heads), heads["child_id"], same))
    has_active = np.zeros(len(names), dtype=bool)
    has_active[house[~heads["waits"]]] = True
    is_supervisors = np.isin(heads["state"], objects(["backlog", *FOR_HANDOVER]))
    asks = np.where(has_active[house], ~heads["waits"], is_supervisors)
    first = _first(house, asks, len(names))
    some = np.flatnonzero(first >= 0)
    due = _earliest_due(heads, house, asks, first)[some]
    lead, waits = first[some], ~has_active[some]
    tier, late = heads["tier_code"][lead], _late(due, week)
    later = (tier == _ROUTINE) & (due > np.datetime64(week.last))
    order = np.lexsort((lead, np.select([late > 0, ~later], [0, 1], 2), tier, waits))
    lead = lead[order]
    rows = Sheet(
        {
            "household": names[some][order],
            "house": some[order],
            "lead": lead,
            **{name: heads[name][lead] for name in _OF_LEAD},
            "due_on": due[order],
            "late": late[order],
            "waits": waits[order],
        }
    )
    of_house = np.full(len(names), -1, dtype=np.int64)
    of_house[rows["house"]] = np.arange(len(rows))
    return Visits(house, of_house, rows)


def _joined(
    keys: NDArray[np.object_], ids: NDArray[np.object_], same: Iterable[Ids]
) -> NDArray[np.object_]:
    """The households, those of one child under the first of their keys."""
    pairs = list(same)
    place = places(ids, objects([one for pair in pairs for one in pair])).reshape(-1, 2)
    known = place[(place >= 0).all(axis=1)].tolist()
    key_of = {
        key: group[0]
        for group in groups_of((keys[one], keys[other]) for one, other in known)
        for key in group
    }
    return objects([key_of.get(key, key) for key in keys]) if key_of else keys


_OF_LEAD = ("household_id", "village_id", "caseworker_id", "tier_code")


def _first(house: Ints, wanted: Bools, count: int) -> Ints:
    """The place of each household's first wanted child; -1 where it has none."""
    first = np.full(count, -1, dtype=np.int64)
    rows = np.flatnonzero(wanted)[::-1]
    first[house[rows]] = rows  # of several values for one place the last stands: the first child
    return first


def _earliest_due(heads: Sheet, house: Ints, asks: Bools, first: Ints) -> NDArray[np.datetime64]:
    """The earliest due date among the children of a household that have its tier; NaT for none."""
    tier = heads["tier_code"]
    rows = np.flatnonzero(asks & (tier == tier[first[house]]))
    due = np.full(len(first), np.datetime64("NaT", "D"))
    np.fmin.at(due, house[rows], heads["due_on"][rows])
    return due


def _late(due: NDArray[np.datetime64], week: Week) -> Ints:
    """Days by which a due date lies before the week; 0 where it does not or is not known."""
    days = (np.datetime64(week.start) - due).astype(np.int64)
    return np.where(np.isnat(due), 0, np.maximum(days, 0))

"""From a ranking's children to visits: children of one household are one visit.

A visit has the tier, due date and place of its most urgent child; the others of the household are
seen on the same way. Order of need: tier; what is overdue before the rest of its tier; a routine
visit that is not due before the week is over after those that are; then the ranking's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from carescreen.block import household_keys
from carescreen.pack import TIERS
from carescreen.sheet import Bools, Ints, Sheet, numbered

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
              that child, due_on (datetime64[D]), late (days past the due date), waits (all it has is backlog)
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


def visits_of(heads: Sheet, week: Week) -> Visits:
    """The visits of a ranking.

    `heads` are its children in rank order: child_id, household_id, village_id, caseworker_id
    (None missing), tier_code, state, waits, due_on (datetime64[D], NaT missing).
    """
    house, names = numbered(household_keys(heads))
    has_active = np.zeros(len(names), dtype=bool)
    has_active[house[~heads["waits"]]] = True
    asks = np.where(has_active[house], ~heads["waits"], heads["state"] == "backlog")
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

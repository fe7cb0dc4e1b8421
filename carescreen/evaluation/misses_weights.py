"""How many children each judged child stands for, on its side of the line.

Of known selection are children who were drawn, or had a seat for certain, with the chance recorded;
and all children where everybody was visited. Nobody else's outcome is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.metrics import Codes, Flags, Floats
from carescreen.selection import strata, told_weights


@dataclass(frozen=True)
class Visits:
    """Child-windows of the estimate, one entry each.

    chance    of being visited, for those of known selection who were attempted; NaN for the others
    told      of these, whether somebody could judge (False where not attempted)
    at_random drawn at random and attempted
    event     confirmed (False where not told)
    listed    share of a seat, ties averaged: 0 to 1
    score     places visits that are alike together, for failed ones
    household numbers
    place     numbers of counties, 0 where not known
    cell      numbers of counties and windows
    """

    chance: Floats
    told: Flags
    at_random: Flags
    event: Flags
    listed: Floats
    score: Floats
    household: Codes
    place: Codes
    cell: Codes

    def only(self, rows: Codes | Flags) -> Visits:
        """Some of the child-windows."""
        return Visits(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @property
    def below(self) -> Floats:
        """Share of each child that is below the line."""
        return 1.0 - self.listed


def side_weights(visits: Visits, *, is_listed: bool) -> Floats:
    """What each judged child counts on one side of the line; 0 for all others, float[n].

    Failed visits give their weight to judged ones alike (`told_weights`). Whoever had a seat for
    certain stands for such children alone; those drawn stand for the rest of the side, in each
    county by itself where LEAST_EVENTS were drawn and judged there, in the others together. So
    weights add up to the children there are (Sarndal, Swensson and Wretman 1992, 7.6), and chances
    need only be right beside each other. The rest of the list has children with a seat for certain
    whom nobody tried to see: they too are taken to be like the drawn ones of the list, and only
    where none of those was judged, like the others with a seat for certain.
    """
    side = visits.listed if is_listed else visits.below
    base = _told(visits)
    certain = visits.chance >= 1.0
    weight = np.zeros(len(side))
    for rows in _classes(visits):
        own = side[rows]
        sure, drawn = certain[rows], ~certain[rows]
        of_sure = float(own[sure].sum())
        for_sure, for_drawn = _shares(own, base[rows], sure, float(own.sum()) - of_sure, is_listed)
        weight[rows] = _scaled(base[rows] * sure, own, of_sure + for_sure)
        weight[rows] += _scaled(base[rows] * drawn, own, for_drawn)
    return weight


def _told(visits: Visits) -> Floats:
    """1 / chance, and the weight of failed visits put on judged ones; 0 where not judged."""
    rows = np.flatnonzero(~np.isnan(visits.chance))
    weight = np.zeros(len(visits.chance))
    told, chance = visits.told[rows], 1.0 / visits.chance[rows]
    alike = strata(visits.score[rows], visits.at_random[rows])
    weight[rows] = np.where(told, chance * told_weights(told, chance, alike), 0.0)
    return weight


def _classes(visits: Visits) -> list[Codes]:
    """Rows of each county with enough drawn and judged below the line, and of all the others."""
    drawn = visits.told & (visits.chance < 1.0)
    enough = np.bincount(visits.place, visits.below * drawn) >= LEAST_EVENTS
    number = np.where(enough[visits.place], visits.place, -1)
    return [np.flatnonzero(number == k) for k in np.unique(number)]


def _shares(
    side: Floats, base: Floats, sure: Flags, rest: float, is_listed: bool
) -> tuple[float, float]:
    """How much of the rest of a side goes to those with a seat for certain, and to the drawn.

    No count of the drawn decides: where chance drew few of the list, that would be the case in
    which those seen for certain, who have more events, stood for more than themselves.
    """
    is_drawn = float((base * ~sure) @ side) > 0.0
    return (0.0, rest) if is_drawn or not is_listed else (rest, 0.0)


def _scaled(weight: Floats, side: Floats, total: float) -> Floats:
    """Weights that add up to `total` on the side."""
    own = float(weight @ side)
    return weight * (total / own) if own > 0.0 else np.zeros(len(weight))

"""Visits that were amended: of several rows of one visit, the newest one speaks.

A row amends another of the same visit_id, child_id and visit_date (or one whose date could not be
used) that was recorded before it. Rows without `recorded_at`, or recorded at the same time, have no
order; rows of another child or another day are other visits under a shared id. None of these amends
anything: they all stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carescreen.sheet import Bools, Ints, Sheet, some

Times = NDArray[np.datetime64]

_NO_TIME = np.datetime64("NaT", "s")


def amended(visits: Sheet, visit: Ints, child: Ints) -> tuple[Bools, Sheet]:
    """(which rows a later one amends, those rows: the earlier wordings of visits).

    `visit` and `child` are equal where the ids are. An earlier wording without a date gets that of
    the row that put it right.
    """
    out, recorded = np.zeros(len(visits), dtype=bool), visits["recorded_at"]
    shared = np.bincount(visit)[visit] > 1 if len(visit) else out
    twins = np.flatnonzero(shared & ~np.isnat(recorded))
    if not len(twins):
        return out, visits.take(slice(0))
    at, day = recorded[twins], visits["visit_date"][twins]
    of_child = _pairs(visit[twins], child[twins])
    of_day = _pairs(of_child, day.astype(np.int64))
    out[twins] = at < _newest(of_day, at)
    undated = np.isnat(day)
    if some(undated):
        dated = _newest(of_child, np.where(undated, _NO_TIME, at))
        right = undated & (dated > at)
        out[twins[right]] = True
        by_newest = _newest(of_child, np.where(at == dated, day, _NO_TIME))
        dates = visits["visit_date"].copy()
        dates[twins[right]] = by_newest[right]
        visits = visits.with_columns(visit_date=dates)
    return out, visits.take(out)


def _pairs(one: Ints, other: Ints) -> Ints:
    """A number for each distinct pair."""
    return np.unique(np.stack([one, other]), axis=1, return_inverse=True)[1].ravel()


def _newest(group: Ints, at: Times) -> Times:
    """The newest time in the group of each row; NaT where it has none."""
    found = np.full(int(group.max()) + 1, _NO_TIME)
    np.fmax.at(found, group, at)
    return found[group]

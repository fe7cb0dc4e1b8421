"""What visits found: one row a child and day on which somebody judged, and what may be taken from it.

An outcome counts as judged if it says confirmed or not_confirmed. could_not_tell and not_seen are
missing, never 0; so is the judgement of somebody who is recorded to have seen the rank (`saw_rank`),
for it may follow the list instead of the child. Where nobody recorded that, it is taken.

The day is that of the visit that was judged: of `visit_id` where the visits table has it, else of the
newest visit that saw the child in the WRITTEN_DAYS before, else `outcome_date`. What that visit itself
wrote down must not count as known before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carescreen.caseload import CheckedCaseload
from carescreen.fields import RESULTS
from carescreen.sheet import Bools, Ints, Sheet, is_none, numbered, objects, places

CONFIRMED, NOT_CONFIRMED, COULD_NOT_TELL, SAW_RANK, NOT_SEEN = range(5)
# The same order says which row of one child and day counts: what was told before what was not.
STATUSES = ("confirmed", "not_confirmed", "could_not_tell", "saw_rank", "not_seen")
_AMONG_TOLD = np.array([0, 0, 1, 2, 3])
WRITTEN_DAYS = 14  # a judgement without a visit_id belongs to a visit at most so long before it
_BITS, _EPOCH = 30, 1 << 28
_DAY_BITS = (1 << _BITS) - 1
_OLDEST = np.iinfo(np.int64).min

Days = NDArray[np.datetime64]


def visits_judged(known: CheckedCaseload) -> Sheet:
    """One row a child and day on which outcomes were recorded, sorted by day and child_id.

    child_id     object
    on           datetime64[D], the day of the visit that was judged
    status       int64, position in STATUSES
    probability  float64, the chance with which the child was chosen; NaN where nobody recorded what
                 chose it (`selected_by`) or with which chance: then a chance on record is not its own
    at_random    bool, chosen at random
    rows         int64, how many rows of the table it was made of

    Of several rows the one that tells more counts, then the newest, then the one that confirms. Rows
    without a result or a date are left out.
    """
    rows = known.sheets["outcomes"]
    result = _positions(rows["result"], RESULTS)
    rows, result = rows.take(result >= 0), result[result >= 0]
    on, status = _days_of_visits(known, rows), _statuses(rows, result)
    recorded = rows["recorded_at"]
    newness = np.where(np.isnat(recorded), _OLDEST, recorded.astype(np.int64))
    child = _positions(rows["child_id"], sorted(set(rows["child_id"].tolist())))
    by = _positions(rows["selected_by"], sorted({*rows["selected_by"].tolist()} - {None}))
    ties = (np.nan_to_num(rows["selection_probability"], nan=2.0), by)
    order = np.lexsort((*ties, status, ~newness, _AMONG_TOLD[status], child, on))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(child[order]) != 0) | (on[order][1:] != on[order][:-1])
    counts = np.diff(np.append(np.flatnonzero(first), len(order)))
    chosen = order[first]
    return Sheet(
        {
            "child_id": rows["child_id"][chosen],
            "on": on[chosen],
            "status": status[chosen],
            "probability": _chances(rows)[chosen],
            "at_random": np.asarray(rows["selected_by"] == "random", dtype=bool)[chosen],
            "rows": counts.astype(np.int64),
        }
    )


def is_told(status: Ints) -> Bools:
    """Whether a status is confirmed or not_confirmed."""
    return np.asarray(status <= NOT_CONFIRMED, dtype=bool)


def first_seen(judged: Sheet, after: np.datetime64, within: int) -> Sheet:
    """Of each child the first judged visit that saw it, after a day and at most `within` days later.

    One that could not tell is the first all the same: a later one does not speak in its place.
    """
    ahead = (judged["on"] - after).astype(np.int64)
    inside = judged.take((ahead > 0) & (ahead <= within) & (judged["status"] != NOT_SEEN))
    _, first = np.unique(inside["child_id"].astype(str), return_index=True)
    return inside.take(np.sort(first))


def _positions(values: NDArray[np.object_], words: tuple[str, ...] | list[str]) -> Ints:
    return places(objects(list(words)), values)


def _statuses(rows: Sheet, result: Ints) -> Ints:
    """Position in STATUSES of each row, from its result and from what its judge had seen."""
    order = [STATUSES.index(name) for name in RESULTS]
    status = np.array(order, dtype=np.int64)[result]
    return np.where(is_told(status) & (rows["saw_rank"] == 1), SAW_RANK, status)


def _chances(rows: Sheet) -> NDArray[np.float64]:
    """The recorded chance of being chosen, where somebody also recorded what chose the child."""
    chance = rows["selection_probability"]
    own = ~is_none(rows["selected_by"]) & (chance > 0)
    return np.where(own, chance, np.nan)


def _days_of_visits(known: CheckedCaseload, rows: Sheet) -> Days:
    """The day of the visit that each row judges: of the visit it names, else of one shortly before."""
    own: Days = rows["outcome_date"].astype("datetime64[D]")
    visits = known.sheets["visits"]
    visits = visits.take(~np.isnat(visits["visit_date"]))
    child = numbered(np.concatenate([visits["child_id"], rows["child_id"]]))[0]
    visit = numbered(np.concatenate([visits["visit_id"], rows["visit_id"]]))[0]
    visited = visits["visit_date"].astype("datetime64[D]")
    places_of = child[: len(visits)], child[len(visits) :]
    named = _named(places_of, (visit[: len(visits)], visit[len(visits) :]), visited)
    seen = visits["child_seen"] == 1
    before = DaysOfChildren(places_of[0][seen], visited[seen]).newest(places_of[1], own)
    near = (rows["result"] != "not_seen") & (own - before <= np.timedelta64(WRITTEN_DAYS, "D"))
    day = np.where(np.isnat(named) & near, before, named)
    return np.fmin(own, day)


def _named(child: tuple[Ints, Ints], visit: tuple[Ints, Ints], visited: Days) -> Days:
    """The first day of the visit that each row names by its child and visit_id; NaT where of none."""
    found = np.full(len(child[1]), np.datetime64("NaT", "D"))
    key = child[0] << _BITS | (visit[0] + 1), child[1] << _BITS | (visit[1] + 1)
    order = np.lexsort((visited, key[0]))
    place = np.searchsorted(key[0][order], key[1])
    inside = (place < len(order)) & (visit[1] >= 0)
    same = np.zeros(len(found), dtype=bool)
    same[inside] = key[0][order][place[inside]] == key[1][inside]
    found[same] = visited[order][place[same]]
    return found


class DaysOfChildren:
    """Days by child, to ask which of them lies next to another day."""

    def __init__(self, child: Ints, day: Days) -> None:
        self._keys = np.unique(_key(child, day))

    def newest(self, child: Ints, until: Days) -> Days:
        """Each child's last day up to and with another day; NaT where it has none."""
        return self._at(np.searchsorted(self._keys, _key(child, until), "right") - 1, child)

    def next(self, child: Ints, after: Days) -> Days:
        """Each child's first day after another day; NaT where it has none."""
        return self._at(np.searchsorted(self._keys, _key(child, after), "right"), child)

    def _at(self, place: Ints, child: Ints) -> Days:
        found = np.full(len(child), np.datetime64("NaT", "D"))
        inside = (place >= 0) & (place < len(self._keys))
        key = self._keys[place[inside]]
        days = ((key & _DAY_BITS) - _EPOCH).astype("datetime64[D]")
        found[inside] = np.where(key >> _BITS == child[inside], days, np.datetime64("NaT", "D"))
        return found


def _key(child: Ints, day: Days) -> Ints:
    """Child and day as one number that sorts by both."""
    return np.asarray((child << _BITS) | (day.astype(np.int64) + _EPOCH), dtype=np.int64)

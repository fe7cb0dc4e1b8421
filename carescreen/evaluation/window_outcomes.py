"""What visits found of each child inside the horizon of an as-of date."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.outcomes import CONFIRMED, NOT_SEEN, first_seen, is_told
from carescreen.sheet import Ints, Sheet, places


def outcomes_of(
    ids: NDArray[np.object_], judged: Sheet, day: np.datetime64, horizon: int
) -> dict[str, NDArray[Any]]:
    """One entry a child, from the rows of `visits_judged`:

    event                  object: True confirmed, False not confirmed by the first visit that saw the
                           child, None where it could not tell or there was none
    attempted              bool, whether a visit tried to see it at all
    at_random              bool, whether that visit was drawn at random
    selection_probability  float64, with which chance it was chosen; NaN where nobody recorded it
    """
    inside = judged.take(_is_inside(judged, day, horizon))
    tried = np.full(len(ids), -1, dtype=np.int64)
    rows = _first(inside)
    place = places(ids, inside["child_id"][rows])
    tried[place[place >= 0]] = rows[place >= 0]
    seen = first_seen(inside, day, horizon)
    told = seen.take(is_told(seen["status"]))
    event = np.full(len(ids), None, dtype=object)
    own = places(ids, told["child_id"])
    event[own[own >= 0]] = (told["status"] == CONFIRMED)[own >= 0].astype(object)
    return {
        "event": event,
        "attempted": tried >= 0,
        "at_random": np.append(inside["at_random"], False)[tried],
        "selection_probability": np.append(inside["probability"], np.nan)[tried],
    }


def _is_inside(judged: Sheet, day: np.datetime64, horizon: int) -> NDArray[np.bool_]:
    ahead = (judged["on"] - day).astype(np.int64)
    return np.asarray((ahead > 0) & (ahead <= horizon))


def _first(inside: Sheet) -> Ints:
    """Of each child the first visit that saw it; where none did, the first that tried."""
    child = inside["child_id"].astype(str)
    failed = inside["status"] == NOT_SEEN
    order = np.lexsort((inside["on"], failed, child))
    first = np.ones(len(order), dtype=bool)
    first[1:] = child[order][1:] != child[order][:-1]
    return order[first]

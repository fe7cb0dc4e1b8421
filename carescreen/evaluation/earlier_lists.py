"""The list that was there before: what each child's place on it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.errors import UsageError
from carescreen.evaluation.metrics import Floats
from carescreen.results_before import places_written
from carescreen.sheet import places


def read_lists(folder: str | Path) -> pd.DataFrame:
    """as_of, child_id and rank of every list that a folder of `rank` knows: its own and earlier ones.

    UsageError where it holds none.
    """
    found = places_written(Path(folder))
    if not len(found):
        raise UsageError(
            f"{folder} holds no list: wanted a folder that `carescreen rank --out` wrote, with "
            "ranking.csv and run.json in it"
        )
    return found[["as_of", "child_id", "rank"]]


def newest_before(lists: pd.DataFrame, as_of: np.datetime64) -> pd.DataFrame | None:
    """The rows of the newest list of an earlier day; None where there is none."""
    days = lists["as_of"].to_numpy(dtype="datetime64[D]")
    earlier = days < as_of
    if not earlier.any():
        return None
    newest: pd.DataFrame = lists[days == days[earlier].max()]
    return newest


def places_on(listed: pd.DataFrame | None, ids: NDArray[np.object_]) -> Floats:
    """Where each child stood, larger is earlier; NaN, so last, who was not on it."""
    if listed is None:
        return np.full(len(ids), np.nan)
    place = places(listed["child_id"].to_numpy(dtype=object), ids)
    rank = np.append(listed["rank"].to_numpy(dtype=np.float64), np.nan)
    return -rank[place]

"""Counts of earlier runs, carried forward from the folder that a run replaces.

A folder that holds no run, or files that cannot be read, mean that there is no history: a run is
written whether or not there was one before it.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.cells import unguarded, unguarded_all
from carescreen.errors import UsageError
from carescreen.overview import COLUMNS, COUNTS, DONE, dates_of, is_due, overview, typed
from carescreen.overview_places import PLACES
from carescreen.sheet import Sheet

FILE = "overview.csv"
KEPT_DATES = 26  # half a year of weekly runs

_LIST = ("child_id", "state", "waits", "due_on", "days_since_seen")
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, pd.errors.ParserError)


def overview_with_history(rows: Sheet, as_of: str, folder: Path) -> pd.DataFrame:
    """Counts of a run, after those of earlier dates that `folder` holds; KEPT_DATES at most.

    A run of the same date replaces the one there, and takes over what was done since the list before
    it: that list is gone by then. Nothing of a later date is carried forward.
    """
    due = due_before(folder, as_of)
    now, before = overview(rows, np.datetime64(as_of, "D"), due), history(folder)
    if due is None:
        now = _with_done_of(now, before[before["as_of"] == as_of])
    before = before[before["as_of"] < as_of]
    kept = dates_of(before)[-(KEPT_DATES - 1) :]
    earlier = before[before["as_of"].isin(kept)]
    return pd.concat([earlier, now], ignore_index=True) if len(earlier) else now


def _with_done_of(now: pd.DataFrame, same_day: pd.DataFrame) -> pd.DataFrame:
    """The counts with what the replaced run of the same day says about the list before it."""
    if same_day[list(DONE)].isna().all(axis=None):
        return now
    places = list(PLACES)
    known = same_day[[*places, *DONE]]
    found = now.drop(columns=list(DONE)).merge(known, how="left", on=places)
    return typed(found.fillna(dict.fromkeys(DONE, 0)))


def history(folder: Path) -> pd.DataFrame:
    """The counts that a run's folder holds, by date and place; no rows where it holds none."""
    try:
        table = read_overview(folder / FILE)
    except _UNREADABLE:
        return typed(pd.DataFrame(columns=list(COLUMNS)))
    return table


def counts_of_run(folder: Path) -> pd.DataFrame:
    """The counts of a written run, without those of earlier runs; UsageError where it has none."""
    path = folder / FILE
    if not path.is_file():
        raise UsageError(f"{folder} holds no {FILE}; give the folder that `rank` wrote")
    try:
        table = read_overview(path)
        return table[table["as_of"] == dates_of(table)[-1]].reset_index(drop=True)
    except (*_UNREADABLE, IndexError):
        raise UsageError(f"{path} is not as `rank` writes it today; rank again") from None


def read_overview(path: Path) -> pd.DataFrame:
    """A written table of counts; OSError, ValueError or KeyError where it is not as it was written."""
    texts = dict.fromkeys(("as_of", *PLACES), str)
    table = pd.read_csv(path, encoding="utf-8-sig", dtype=texts, keep_default_na=False)
    for day in set(table["as_of"]):
        date.fromisoformat(day)
    for name in PLACES:
        table[name] = [unguarded(text) if text else None for text in table[name]]
    for name in (*COUNTS, "median_days"):
        table[name] = pd.to_numeric(table[name].replace("", None))
    if table[[name for name in COUNTS if name not in DONE]].isna().any(axis=None):
        raise ValueError("a count is missing")
    return typed(table[list(COLUMNS)])


def due_before(folder: Path, as_of: str) -> pd.Series[Any] | None:
    """When each child that was due on the list in `folder` had last been seen, by child_id.

    None where that folder holds no list of an earlier date.
    """
    try:
        before = str(json.loads((folder / "run.json").read_text(encoding="utf-8"))["as_of"])
        if before >= as_of:
            return None
        rows = _written_rows(folder / "ranking.csv")
        day = np.datetime64(before, "D")
        due = rows.take(is_due(rows, day))
    except _UNREADABLE:
        return None
    days = due["days_since_seen"]
    seen = day - np.where(np.isnan(days), 0, days).astype("timedelta64[D]")
    seen[np.isnan(days)] = np.datetime64("NaT")
    return pd.Series(seen.astype("datetime64[s]"), index=due["child_id"])


def _written_rows(path: Path) -> Sheet:
    types: dict[Any, Any] = {"child_id": str, "state": "category", "due_on": "category"}
    frame = pd.read_csv(
        path,
        encoding="utf-8-sig",
        usecols=list(_LIST),
        dtype=types,
        keep_default_na=False,
        na_values={"days_since_seen": [""]},
    )
    days = frame["due_on"].cat.categories.to_numpy(dtype=str)
    days = np.array([text or "NaT" for text in days], dtype="datetime64[D]")
    return Sheet(
        {
            "child_id": unguarded_all(frame["child_id"].to_numpy(dtype=object)),
            "state": frame["state"].to_numpy(dtype=object),
            "waits": frame["waits"].to_numpy(dtype=bool),
            "due_on": days[frame["due_on"].cat.codes.to_numpy()],
            "days_since_seen": frame["days_since_seen"].to_numpy(dtype=np.float64),
        }
    )

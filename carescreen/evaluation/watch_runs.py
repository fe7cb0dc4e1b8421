"""Two folders of `rank` to be compared: read, and refused where they cannot be."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.cells import unguarded_all
from carescreen.errors import UsageError
from carescreen.profile import FILE, FORMAT, coded
from carescreen.profile_children import GROUPS
from carescreen.profile_visits import WEEKS
from carescreen.results import read_run

LEAST_SHARED = 0.5  # of the smaller run's children: with fewer in common it is another county

_READ = ("child_id", "household_id", "village_id", "tier", "probability", "days_since_seen")
_SEATS = ("within_capacity", "selected_by")


@dataclass(frozen=True, repr=False)  # its rows are records
class WatchedRun:
    """One folder of `rank`: run.json, profile.json, and of ranking.csv what is compared child by child.

    `children` has child_id, household_id, village_id, tier, probability (NaN where none is given),
    days_since_seen (NaN: never), within_capacity and selected_by; `rejected` are the file and
    field of what could not be used.
    """

    folder: Path
    run: Mapping[str, Any]
    profile: Mapping[str, Any]
    children: pd.DataFrame
    rejected: pd.DataFrame

    @property
    def as_of(self) -> date:
        """The day as of which it ranks."""
        return date.fromisoformat(str(self.run["as_of"]))

    @property
    def random_share(self) -> float:
        """The share of seats that the pack keeps for chance."""
        return float(self.run["settings"].get("random_share", 0.0))


def read_watched(folder: Path) -> WatchedRun:
    """A folder of `rank`; UsageError where it is none, or one of before there were profiles."""
    run = read_run(folder)
    try:
        return WatchedRun(folder, run, _profile(folder), _children(folder), _rejected(folder))
    except UsageError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error):
        raise UsageError(f"{folder} is not as `rank` wrote it; rank again") from None


def read_pair(old: Path, new: Path) -> tuple[WatchedRun, WatchedRun]:
    """Two runs of one county, the older first; UsageError says why they cannot be compared."""
    before, after = read_watched(old), read_watched(new)
    if before.as_of > after.as_of:
        raise UsageError(
            f"{old} is as of {before.as_of}, later than {new} as of {after.as_of}: "
            "give the older run first"
        )
    if before.as_of == after.as_of:
        raise UsageError(
            f"both runs are as of {after.as_of}: watch compares a run with an earlier one"
        )
    ids = [set(side.children["child_id"]) for side in (before, after)]
    shared, smaller = len(ids[0] & ids[1]), min(map(len, ids))
    if shared < LEAST_SHARED * smaller:
        raise UsageError(
            f"the two runs have {shared:,} of {smaller:,} children in common: they are of different "
            "counties, or child_id is written in another way since"
        )
    if before.profile["names"] != after.profile["names"]:
        return _coded(before), _coded(after)
    return before, after


def _coded(side: WatchedRun) -> WatchedRun:
    """The run with codes for what is sensitive: one of the two was written without names."""
    if not side.profile["names"]:
        return side
    profile = {**coded(side.profile), "names": False}
    return WatchedRun(side.folder, side.run, profile, side.children, side.rejected)


def _profile(folder: Path) -> Mapping[str, Any]:
    path = folder / FILE
    if not path.is_file():
        raise UsageError(
            f"{folder} holds no {FILE}: it was ranked before there was one; rank again to compare"
        )
    profile = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(profile, dict) or profile.get("format") != FORMAT:
        raise UsageError(f"{path} is not of the format {FORMAT}; rank again")
    _require_whole(profile)
    return profile


def _require_whole(profile: Mapping[str, Any]) -> None:
    """ValueError or KeyError where a profile is not as it was written."""
    if not isinstance(profile["names"], bool) or profile["groups"] != GROUPS:
        raise ValueError("not as a run writes it")
    if not all("digest" in about for about in profile["rules"].values()):
        raise ValueError("not as a run writes it")
    for part in ("visits", "children", "tier"):
        profile[part].values()
    counts = {part: said for part, said in profile.items() if part not in _ABOUT}
    for part, said in counts.items():
        length = GROUPS if part in _BY_GROUP else WEEKS
        if not all(_are_counts(one, length) for one in _leaves(said)):
            raise ValueError("not as a run writes it")


_ABOUT = ("format", "groups", "weeks", "rules", "names", "sensitive")
_BY_GROUP = (
    *("children", "tier", "score", "rule_open", "rule_closed", "rule_unknown"),
    *("known", "value"),
)


def _leaves(said: object) -> Iterator[object]:
    if isinstance(said, dict):
        for part in said.values():
            yield from _leaves(part)
    else:
        yield said


def _are_counts(said: object, length: int) -> bool:
    return isinstance(said, list) and len(said) == length and all(type(one) is int for one in said)


def _children(folder: Path) -> pd.DataFrame:
    texts = ("child_id", "household_id", "village_id", "tier", "selected_by")
    types: dict[Any, Any] = dict.fromkeys(texts, str)
    rows = pd.read_csv(
        folder / "ranking.csv",
        encoding="utf-8-sig",
        usecols=[*_READ, *_SEATS],
        dtype=types,
        keep_default_na=False,
        na_values={"probability": [""], "days_since_seen": [""]},
    )
    for name in ("child_id", "household_id", "village_id"):
        rows[name] = unguarded_all(rows[name].to_numpy(dtype=object))
    for name in ("probability", "days_since_seen"):
        rows[name] = rows[name].astype(np.float64)
    rows["within_capacity"] = rows["within_capacity"].astype(str) == "True"
    return rows


def _rejected(folder: Path) -> pd.DataFrame:
    return pd.read_csv(
        folder / "rejected.csv",
        encoding="utf-8-sig",
        usecols=["file", "field"],
        dtype=str,
        keep_default_na=False,
    )

"""Where children stood on earlier lists: positions.csv, carried on from the folder a run replaces.

A row is a child's place on one list: `child_id, as_of, rank, tier, listed`, and what an entry that
comes back late for that list is held against: `run_id, selected_by, selection_probability`, blank
where a file of before there were such columns has none. The table of a run has the children on its
list and those who were listed on one of the lists before, for at most twelve lists; what is newer
than the run is never in it. A file that cannot be read is no history, and no error: a list is
written whether or not there was one before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.cells import unguarded_all
from carescreen.pack import TIERS

Position = dict[str, Any]

FILE = "positions.csv"
SEAT = ("run_id", "selected_by", "selection_probability")
COLUMNS = ("child_id", "as_of", "rank", "tier", "listed", *SEAT)
MOST_LISTS = 12

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def positions_table(
    folder: Path, as_of: str, now: pd.DataFrame, listed: Sequence[int]
) -> pd.DataFrame:
    """The rows of positions.csv of a run that replaces `folder`; the same again for the same run.

    now     child_id, rank, tier, run_id, selected_by and selection_probability (a number, or missing)
            of every child of the run, in rank order
    listed  the places in it of those on the list

    A child that this day's list had in `folder` keeps its row, so that ranking again loses none.
    """
    written = written_positions(folder)
    earlier = _last(_earlier(written, folder, as_of), MOST_LISTS - 1)
    on_list = set(now["child_id"].iloc[list(listed)])
    this_day = written["child_id"][written["as_of"] == as_of]
    wanted = {*on_list, *earlier["child_id"][earlier["listed"]], *this_day}
    own = now.loc[now["child_id"].isin(wanted), ["child_id", "rank", "tier", *SEAT]]
    chances = pd.Series(
        [_chance_text(chance) for chance in own["selection_probability"]], own.index, dtype=object
    )
    own = own.assign(
        as_of=as_of, listed=own["child_id"].isin(on_list), selection_probability=chances
    )
    carried = earlier[earlier["is_written"] | earlier["child_id"].isin(wanted)]
    table = pd.concat([carried[list(COLUMNS)], own[list(COLUMNS)]], ignore_index=True)
    table["listed"] = np.where(table["listed"], "yes", "no")
    return table.sort_values(["as_of", "rank", "child_id"], ignore_index=True)


def _chance_text(chance: float) -> str:
    """A chance as ranking.csv writes it, so that it is the same text on whichever way it came."""
    return "" if np.isnan(chance) else str(float(chance))


class PastPositions(Mapping[str, list[Position]]):
    """Each child's places before a day, the newest first, made when they are asked for.

    As columns: a list of 100,000 children has a million places on the lists before.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        rows = rows.sort_values("as_of", ascending=False, kind="stable")
        number, children = pd.factorize(rows["child_id"].to_numpy(dtype=object))
        self._places = {str(child): place for place, child in enumerate(children)}
        order = np.argsort(number, kind="stable")
        self._starts = np.searchsorted(number[order], np.arange(len(children) + 1))
        self._rank = rows["rank"].to_numpy()[order]
        self._day, self._tier = (
            pd.Categorical(rows[name].to_numpy(dtype=object)[order]) for name in ("as_of", "tier")
        )

    def __getitem__(self, child: str) -> list[Position]:
        place = self._places[child]
        rows = slice(self._starts[place], self._starts[place + 1])
        columns = (self._day[rows].tolist(), self._rank[rows].tolist(), self._tier[rows].tolist())
        return [
            {"as_of": day, "rank": rank, "tier": tier}
            for day, rank, tier in zip(*columns, strict=True)
        ]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def past_positions(table: pd.DataFrame, as_of: str, wanted: Collection[str]) -> PastPositions:
    """Each wanted child's places (`as_of`, `rank`, `tier`) before a day, the newest first."""
    before = table[table["child_id"].isin(set(wanted))]
    return PastPositions(before[_is_before(before["as_of"], as_of)])


def positions_before(folder: Path, as_of: str, wanted: Collection[str]) -> PastPositions:
    """Each wanted child's places on the lists before a day, as `folder` knows them.

    Empty where the folder holds no list, one that cannot be read, or none of an earlier day.
    """
    earlier = _last(_earlier(written_positions(folder), folder, as_of), MOST_LISTS - 1)
    return past_positions(earlier, as_of, wanted)


def places_written(folder: Path) -> pd.DataFrame:
    """The rows of every list that a folder knows, its own and those before it; none where it has none."""
    tables = _own_list(folder), written_positions(folder)
    rows = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    return rows.drop_duplicates(["child_id", "as_of"])


def written_positions(folder: Path) -> pd.DataFrame:
    """The positions.csv of a folder; no rows where there is none that is whole."""
    try:
        rows = _texts(folder / FILE, [name for name in COLUMNS if name not in SEAT])
        return _checked(rows.assign(listed=rows["listed"] == "yes"))
    except (OSError, ValueError, KeyError, TypeError):
        return _none()


def _earlier(written: pd.DataFrame, folder: Path, as_of: str) -> pd.DataFrame:
    """What a folder knows of the days before one: its positions.csv (`is_written`), and every child
    of its own list that has no row there.
    """
    tables = written.assign(is_written=True), _own_list(folder).assign(is_written=False)
    rows = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    rows = rows[_is_before(rows["as_of"], as_of)]
    return rows.drop_duplicates(["child_id", "as_of"])


def _is_before(days: pd.Series, as_of: str) -> pd.Series:
    """Which days are before one; there are few, so that each is compared once."""
    return days.isin([day for day in days.unique() if day < as_of])


def _last(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    days = sorted(rows["as_of"].unique())[-count:]
    return rows[rows["as_of"].isin(days)]


def _own_list(folder: Path) -> pd.DataFrame:
    """The list of a folder as rows of positions, of every child."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        names = ("child_id", "rank", "tier", "state", "within_capacity")
        rows = _texts(folder / "ranking.csv", names).assign(
            as_of=str(run["as_of"]), run_id=str(run.get("run_id", ""))
        )
        within = rows["within_capacity"].astype(str) == "True"  # it may be read as a truth value
        listed = within | (rows["state"] == "backlog")
        return _checked(rows.assign(listed=listed))
    except (OSError, ValueError, KeyError, TypeError):
        return _none()


def _texts(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Columns of a CSV file: ids and seats as texts, words by their few values, ranks as they are.

    Those of SEAT are blank where it has none; without one of the others it is refused (ValueError).
    """
    header = pd.read_csv(path, encoding="utf-8-sig", nrows=0).columns
    used = [*names, *(name for name in SEAT if name in header and name not in names)]
    types: dict[Any, Any] = dict.fromkeys(used, "category") | {"rank": "int64"}
    types |= {name: object for name in ("child_id", *SEAT) if name in used}
    rows = pd.read_csv(path, encoding="utf-8-sig", usecols=used, dtype=types, na_filter=False)
    return rows.assign(**{name: "" for name in SEAT if name not in used})


def _checked(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with ids as the ranking has them; ValueError where a cell is not what it must be."""
    days, tiers = set(rows["as_of"].unique()), set(rows["tier"].unique())
    if not all(map(_DAY.fullmatch, days)) or not tiers <= set(TIERS):
        raise ValueError("not as a run writes it")
    plain = unguarded_all(rows["child_id"].to_numpy(dtype=object))
    return rows.assign(child_id=pd.Series(plain, rows.index, dtype=object))[list(COLUMNS)]


def _none() -> pd.DataFrame:
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    return empty.astype({"rank": "int64", "listed": bool})

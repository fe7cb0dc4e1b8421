"""Children whose caseworker or village is another one than on the list that a run replaces.

Only what is shown depends on the list before: tiers, states and the order come from the tables alone,
so that the same tables give the same ranking (law 6). A handover is shown for SHOWN, and is carried
from list to list in handovers.csv, so that one made at night is not gone the next morning.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from carescreen.cells import unguarded_all

FILE = "handovers.csv"
SHOWN = timedelta(days=28)


@dataclass(frozen=True, repr=False)  # its values are records
class Handover:
    """One child that another person has now; ids are "" where there is none.

    last_on     the date of the last list on which the earlier caseworker had the child
    noticed_on  the date of the first list without her
    """

    child_id: str
    from_caseworker_id: str
    from_village_id: str
    caseworker_id: str
    village_id: str
    last_on: str
    noticed_on: str

    @property
    def now(self) -> tuple[str, str]:
        """Whose the child is now, and where."""
        return self.caseworker_id, self.village_id

    @property
    def before(self) -> tuple[str, str]:
        """Whose the child was, and where."""
        return self.from_caseworker_id, self.from_village_id


COLUMNS = tuple(field.name for field in fields(Handover))
_WHOSE = ["caseworker_id", "village_id"]


def handovers_since(folder: Path, as_of: str, people: pd.DataFrame) -> list[Handover]:
    """The handovers to show on a list as of a day that replaces the one in `folder`.

    `people` has child_id, caseworker_id and village_id of every child, in the order of the answer.
    A child of whom the list before did not know whose it is was handed over by nobody. Empty where
    the folder holds no list, one of a later day, or one that cannot be read.
    """
    try:
        before = str(json.loads((folder / "run.json").read_text(encoding="utf-8"))["as_of"])
        first = str(date.fromisoformat(as_of) - SHOWN)
        if before > as_of:
            return []
        earlier = _read(folder / "ranking.csv", ["child_id", *_WHOSE])
    except (OSError, ValueError, KeyError, TypeError):
        return []
    now = people[["child_id", *_WHOSE]].fillna("").astype(str)
    moved = now.merge(earlier, on="child_id", suffixes=("", "_before"))
    differs = [
        (moved[f"{name}_before"] != moved[name]) & (moved[f"{name}_before"] != "")
        for name in _WHOSE
    ]
    moved = moved[differs[0] | differs[1]]
    found = {entry.child_id: entry for entry in read_handovers(folder)}
    found = {child: entry for child, entry in found.items() if first <= entry.noticed_on <= as_of}
    for child, to, place, by, village in moved.itertuples(index=False, name=None):
        found[child] = Handover(child, by, village, to, place, before, as_of)
    of_them = now[now["child_id"].isin(list(found))].itertuples(index=False, name=None)
    whose = {child: (by, village) for child, by, village in of_them}  # in the order of the answer
    order = {child: number for number, child in enumerate(whose)}
    stand = [e for e in found.values() if whose.get(e.child_id) == e.now and e.now != e.before]
    return sorted(stand, key=lambda entry: order[entry.child_id])


def read_handovers(folder: Path) -> list[Handover]:
    """What handovers.csv in a run's folder says; nothing where there is none that can be read."""
    try:
        frame = _read(folder / FILE, list(COLUMNS))
        rows = [Handover(*row) for row in frame.itertuples(index=False, name=None)]
        return [row for row in rows if date.fromisoformat(row.noticed_on)]
    except (OSError, ValueError, KeyError):
        return []


def frame_of(handovers: Sequence[Handover]) -> pd.DataFrame:
    """Handovers as the table that handovers.csv holds."""
    rows = [[getattr(entry, name) for name in COLUMNS] for entry in handovers]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _read(path: Path, names: list[str]) -> pd.DataFrame:
    """Columns of a table of ours as texts, without the apostrophes of a spreadsheet."""
    frame = pd.read_csv(path, encoding="utf-8-sig", usecols=names, dtype=str, na_filter=False)
    frame = frame[names]
    for name in names:
        frame[name] = unguarded_all(frame[name].to_numpy(dtype=object))
    return frame

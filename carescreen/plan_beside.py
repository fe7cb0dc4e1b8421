"""What `rank` says beside the records of its list, for the pages of a plan made from it.

Read from the ranking's folder; a file that cannot be read there means that there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.departure import FOR_HANDOVER
from carescreen.duplicates import Duplicates
from carescreen.overview_before import history
from carescreen.pack import TIERS
from carescreen.plan_ranking import WrittenRanking
from carescreen.plan_records import Record, WrittenRecords
from carescreen.results_before import PastPositions, past_positions, written_positions
from carescreen.results_changes import since_of
from carescreen.results_people import RunPeople, read_pairs
from carescreen.review.html import Office
from carescreen.review.people import is_adult
from carescreen.sheet import Ints
from carescreen.waiting import say_waiting, waiting_before

_PRIORITY = TIERS.index("priority")
_ROW = ("child_id", "village_id", "caseworker_id", "tier", "state")
_DAYS = ("taken_on", "moved_on", "turns_18_on")


@dataclass(frozen=True, repr=False)  # its values are records
class Beside:
    """What a ranking's folder holds beside the records.

    past      where children stood on the lists before, by child_id
    waiting   since when immediate follow-ups wait, by child_id
    concerns  how many concerns are open of each child that is recorded twice
    counts    the programme in numbers; no rows where the folder does not say them
    """

    ranking: WrittenRanking
    people: RunPeople
    past: PastPositions
    waiting: dict[str, str]
    concerns: dict[str, int]
    counts: pd.DataFrame

    def annotate(self, records: Collection[Record]) -> None:
        """Say on each record what `rank` said of it when it wrote its pages."""
        self.people.annotate(records, self.concerns)
        say_waiting(records, self.waiting, str(self.ranking.as_of))
        for record in records:
            record["past_positions"] = self.past.get(str(record["child_id"]), [])

    def office(self) -> Office:
        """What the supervisor's pages show beside the children, as `rank` shows it on its own."""
        return Office(self.counts, self.people.sections(), since_of(self.ranking.run))


def beside(ranking: WrittenRanking, records: WrittenRecords, shown: Ints) -> Beside:
    """What a ranking's folder says; places on earlier lists are those of the children `shown`."""
    folder, as_of = ranking.folder, str(ranking.as_of)
    people, concerns = _people(ranking, records)
    wanted = set(ranking.heads["child_id"][shown].tolist())
    return Beside(
        ranking=ranking,
        people=people,
        past=past_positions(written_positions(folder), as_of, wanted),
        waiting=waiting_before(folder),
        concerns=concerns,
        counts=history(folder),
    )


def _people(ranking: WrittenRanking, records: WrittenRecords) -> tuple[RunPeople, dict[str, int]]:
    """Who changes hands, comes of age or is recorded twice, and the concerns of the last of these."""
    ids = ranking.heads["child_id"]
    known = set(ids.tolist())
    pairs = tuple(pair for pair in read_pairs(ranking.folder) if known.issuperset(pair.children))
    others = Duplicates(pairs).others()
    handed = tuple(entry for child, entry in ranking.handed.items() if child in known)
    named = {entry.child_id for entry in handed} | {c for pair in pairs for c in pair.children}
    chosen = np.array([child in named for child in ids.tolist()], dtype=bool)
    rows: dict[str, dict[str, Any]] = {}
    concerns: dict[str, int] = {}
    for place in np.flatnonzero(chosen | _may_be_adult_or_moved(ranking)):
        (record,) = records.at(np.array([place]))
        row = _row(record, str(ranking.heads["state"][place]))
        if chosen[place] or row["is_adult"] or row["state"] == "moved":
            rows[row["child_id"]] = row
        if row["child_id"] in others:
            concerns[row["child_id"]] = len(record["concerns"])
    return RunPeople(ranking.as_of, rows, handed, pairs, others), concerns


def _may_be_adult_or_moved(ranking: WrittenRanking) -> np.ndarray:
    """Who waits for a handover, and those who come of age without: urgent ones, and with bad data."""
    found = np.isin(ranking.heads["state"], FOR_HANDOVER)
    found |= ranking.heads["tier_code"] < _PRIORITY
    return np.asarray(found | _needs_data(ranking.folder, len(found)))


def _needs_data(folder: Path, count: int) -> np.ndarray:
    nothing = np.zeros(count, dtype=bool)
    try:
        words = pd.read_csv(
            folder / "ranking.csv",
            encoding="utf-8-sig",
            usecols=["needs_data"],
            dtype="category",
            na_filter=False,
        )["needs_data"]
    except (OSError, ValueError, KeyError):
        return nothing
    return np.asarray(words.astype(str) == "True") if len(words) == count else nothing


def _row(record: Record, state: str) -> dict[str, Any]:
    days = {name: _day(record.get(name)) for name in _DAYS}
    more = {"state": state, "is_adult": is_adult(record)}
    return {**{name: record[name] for name in _ROW}, **days, **more}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None

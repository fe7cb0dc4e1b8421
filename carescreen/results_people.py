"""What a run's folder and pages say of children who change hands, leave, or are recorded twice.

handovers.csv   who has another caseworker or village than on an earlier list
duplicates.csv  who may be, and who is said to be, recorded twice
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.cells import unguarded
from carescreen.duplicates import ASKED, CONTRADICTS, SAME, Ids, Pair
from carescreen.overview import OPEN
from carescreen.pack import TIERS
from carescreen.ranking import Ranking
from carescreen.results_handover import Handover, handovers_since
from carescreen.review.people import (
    Handed,
    Line,
    People,
    Two,
    both_dated,
    is_doubtful,
    is_taken_before,
)
from carescreen.review.texts import Texts, both
from carescreen.sheet import objects

DUPLICATES = "duplicates.csv"
DUPLICATE_COLUMNS = (
    *("status", "child_id", "other_child_id", "why", "decided_on", "village_id"),
    *("other_village_id", "caseworker_id", "other_caseworker_id", "tier", "other_tier"),
)
_WHY = ("household", "village", "person")  # two rows are, or may be, one child
_TAKEN_ON = ("acknowledged", "planned")


@dataclass(frozen=True, repr=False)  # its values are records
class RunPeople:
    """The people of one run: `rows` of each child by its id, handovers, and a ranking's pairs."""

    as_of: date
    rows: dict[str, dict[str, Any]]
    handovers: tuple[Handover, ...]
    pairs: tuple[Pair, ...]
    others: dict[str, tuple[str, ...]]

    def annotate(self, records: Iterable[dict[str, Any]], concerns: dict[str, int]) -> None:
        """Say on each record what `said` says of its child."""
        handed = {entry.child_id: entry for entry in self.handovers}
        for record in records:
            record.update(self._said(str(record["child_id"]), handed, concerns))

    def said(self, concerns: dict[str, int]) -> dict[str, dict[str, Any]]:
        """By its id, from whom a child came and where else it is recorded; nothing of most children.

        `concerns` are the numbers of open concerns of the children that `others` names.
        """
        handed = {entry.child_id: entry for entry in self.handovers}
        return {child: self._said(child, handed, concerns) for child in {**handed, **self.others}}

    def _said(
        self, child: str, handed: dict[str, Handover], concerns: dict[str, int]
    ) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if child in handed:
            entry = handed[child]
            said["handed_over"] = {
                "from_caseworker_id": entry.from_caseworker_id,
                "from_village_id": entry.from_village_id,
                "last_on": entry.last_on,
                "noticed_on": entry.noticed_on,
            }
        if child in self.others:
            said["also_recorded"] = [
                {"child_id": o, "tier": self.rows[o]["tier"], "concerns": concerns[o]}
                for o in self.others[child]
            ]
        return said

    def duplicate_frame(self) -> pd.DataFrame:
        """The pairs as the table that duplicates.csv holds."""
        names = ("village_id", "caseworker_id", "tier")
        rows = [
            [
                pair.status,
                *pair.children,
                pair.why,
                pair.decided_on,
                *(self.rows[child][name] or "" for name in names for child in pair.children),
            ]
            for pair in self.pairs
        ]
        return pd.DataFrame(rows, columns=list(DUPLICATE_COLUMNS), dtype=object)

    def sections(self) -> People:
        """What the supervisor's page shows."""
        pairs = {
            status: [self._two(pair) for pair in self.pairs if pair.status == status]
            for status in (ASKED, SAME, CONTRADICTS)
        }
        moved = (row for row in self.rows.values() if row["state"] == "moved")
        adults = (row for row in self.rows.values() if row["is_adult"] and row["state"] != "moved")
        return People(
            handed=list(self._handed()),
            moved=[_line(row, [both_dated("people_moved_on", row["moved_on"])]) for row in moved],
            adults=[_line(row, list(_adult_words(row, self.as_of))) for row in adults],
            asked=pairs[ASKED],
            same=pairs[SAME],
            contradicts=pairs[CONTRADICTS],
        )

    def _handed(self) -> Iterator[Handed]:
        groups: dict[tuple[tuple[str, str], tuple[str, str]], list[Handover]] = {}
        for entry in self.handovers:
            groups.setdefault((entry.before, entry.now), []).append(entry)
        for (before, now), found in sorted(groups.items()):
            children = tuple(entry.child_id for entry in found)
            waiting = sum(not self._is_taken_on(entry) for entry in found)
            yield Handed(before, now, children, waiting)

    def _is_taken_on(self, entry: Handover) -> bool:
        """Whether the new caseworker took the follow-up on, or there is none to take on."""
        row = self.rows[entry.child_id]
        if row["tier"] == TIERS[-1] and row["state"] not in _TAKEN_ON:
            return True
        taken_on = row["taken_on"]
        handed = {"last_on": entry.last_on}
        return taken_on is not None and not is_taken_before(str(taken_on), handed)

    def _two(self, pair: Pair) -> Two:
        one, other = (self.rows[child] for child in pair.children)
        by_person = pair.why == "person"
        return Two(
            pair.children,
            (one["village_id"] or "", other["village_id"] or ""),
            (one["tier"], other["tier"]),
            both_dated("people_why_person", pair.decided_on)
            if by_person
            else both(f"people_why_{pair.why}"),
        )


def people_of(ranking: Ranking, folder: Path) -> RunPeople:
    """The people of a ranking whose run is to replace the one in `folder`, if there is one."""
    frame = ranking.people()
    handovers = handovers_since(folder, ranking.run.as_of, frame)
    pairs = ranking.duplicates.pairs
    wanted = {child for pair in pairs for child in pair.children}
    wanted.update(entry.child_id for entry in handovers)
    shown = frame["child_id"].isin(wanted) | frame["is_adult"] | (frame["state"] == "moved")
    return RunPeople(
        as_of=date.fromisoformat(ranking.run.as_of),
        rows={str(row["child_id"]): row for row in _plain_rows(frame[shown])},
        handovers=tuple(handovers),
        pairs=pairs,
        others=ranking.duplicates.others(),
    )


def read_pairs(folder: Path) -> tuple[Pair, ...]:
    """Every pair that duplicates.csv in a run's folder says; none where it cannot be read."""
    try:
        return _written_pairs(folder)
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return ()


def _written_pairs(folder: Path) -> tuple[Pair, ...]:
    with (folder / DUPLICATES).open(encoding="utf-8-sig", newline="") as file:
        return tuple(_pair(row) for row in csv.DictReader(file))


def _pair(row: dict[str, str]) -> Pair:
    if row["status"] not in (ASKED, SAME, CONTRADICTS) or row["why"] not in _WHY:
        raise ValueError("not as a run writes it")
    if row["why"] == "person":
        date.fromisoformat(row["decided_on"])
    ids = unguarded(row["child_id"]), unguarded(row["other_child_id"])
    return Pair(ids, row["status"], row["why"], row["decided_on"])


def read_same(folder: Path) -> tuple[Ids, ...]:
    """The pairs that a run's folder says are one child; none where it has no duplicates.csv.

    ValueError or KeyError for a file that is not as `rank` writes it: a plan must not pass over it.
    """
    if not (folder / DUPLICATES).exists():
        return ()
    return tuple(pair.children for pair in _written_pairs(folder) if pair.status == SAME)


def concerns_counted(ranking: Ranking, people: RunPeople) -> dict[str, int]:
    """How many concerns are open of each child that is recorded twice."""
    rows = ranking.of_overview()
    rows = rows.take(np.isin(rows["child_id"], objects(list(people.others))))
    counts = np.sum([rows[name] for name in OPEN], axis=0).tolist()
    return dict(zip(rows["child_id"].tolist(), counts, strict=True))


def _plain_rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    ready = frame.copy()
    for name in ("taken_on", "moved_on", "turns_18_on"):
        ready[name] = ready[name].dt.date.astype(object).where(ready[name].notna(), None)
    names = [str(name) for name in ready]
    for values in ready.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def _line(row: dict[str, Any], words: Sequence[Texts]) -> Line:
    return Line(
        str(row["child_id"]),
        str(row["village_id"] or ""),
        str(row["caseworker_id"] or ""),
        str(row["tier"]),
        tuple(words),
    )


def _adult_words(row: dict[str, Any], as_of: date) -> Iterator[Texts]:
    turned_on = row["turns_18_on"]
    yield both_dated("people_turned_18", turned_on) if turned_on else both("line_adult")
    if turned_on and is_doubtful(turned_on, as_of):
        yield both("line_doubtful_age")
    if row["tier"] == TIERS[-1]:
        yield both("people_nothing_open")

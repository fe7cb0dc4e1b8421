"""The records of a list, read from the ranking.jsonl that is being written, and what is added to them.

What is known only beside the list that a run replaces is said of a child when its record is read:
where it stood before, from whom it came, where else it is recorded, since when it waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.ranking import Ranking
from carescreen.results_before import PastPositions, past_positions
from carescreen.results_people import RunPeople, concerns_counted
from carescreen.review.filed import FIELDS, FiledRecords, LinesFile, line_starts
from carescreen.sheet import Ints
from carescreen.waiting import say_waiting, waiting_before

Said = dict[str, Any]


class Beside(Mapping[int, Said]):
    """What is said of the children of a list beside their records, by their positions.

    waiting  since when immediate follow-ups wait that nobody has taken on, by child_id
    """

    def __init__(
        self, ids: Mapping[int, str], past: PastPositions, people: Mapping[str, Said], waiting: Said
    ) -> None:
        self._ids, self._past, self._people, self.waiting = ids, past, people, waiting

    def __getitem__(self, position: int) -> Said:
        child = self._ids[position]
        said: Said = {"past_positions": self._past.get(child, [])}
        if child in self.waiting:
            said["waiting_since"] = self.waiting[child]
        return said | self._people.get(child, {})

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def beside_of(ranking: Ranking, people: RunPeople, positions: pd.DataFrame, folder: Path) -> Beside:
    """What is said of a ranking's list that replaces the one in `folder`.

    `positions` is its table of where children stood (carescreen.results_before).
    """
    listed = ranking.listed()
    ids = dict(zip(listed, ranking.columns("child_id")["child_id"][listed].tolist(), strict=True))
    return Beside(
        ids,
        past_positions(positions, ranking.run.as_of, list(ids.values())),
        people.said(concerns_counted(ranking, people)),
        _waiting(ranking, listed, folder),
    )


def _waiting(ranking: Ranking, listed: Sequence[int], folder: Path) -> dict[str, str]:
    """Since when each child of the list waits whose follow-up is immediate and new."""
    before, as_of = waiting_before(folder), ranking.run.as_of
    heads = ranking.columns("tier", "state").take(np.array(listed, dtype=np.int64))
    may_wait = (heads["tier"] == "immediate") & (heads["state"] == "new")
    since = {}
    for place in np.flatnonzero(may_wait).tolist():
        (record,) = ranking.kept_records([listed[place]])  # one at a time: they may be thousands
        say_waiting([record], before, as_of)
        since[str(record["child_id"])] = record["waiting_since"]
    return since


def filed_records(
    ranking: Ranking, lines: LinesFile, added: Mapping[int, Said]
) -> tuple[FiledRecords, FiledRecords]:
    """The list's records, and those of `ranking.to_answer()`, in the ranking.jsonl of a ranking."""
    with lines.path.open("rb") as file:
        starts = line_starts(file)
    return (
        _filed(ranking, lines, starts, ranking.listed(), added),
        _filed(ranking, lines, starts, ranking.to_answer(), added),
    )


def _filed(
    ranking: Ranking,
    lines: LinesFile,
    starts: Ints,
    positions: Sequence[int],
    added: Mapping[int, Said],
) -> FiledRecords:
    line = np.array(positions, dtype=np.int64)
    fields = ranking.columns(*FIELDS).take(line)
    rows = fields.with_columns(
        due_on=fields["due_on"].astype("datetime64[D]"),
        line=line,
        start=starts[line],
        length=starts[line + 1] - starts[line],
    )
    return FiledRecords(lines, rows, added)

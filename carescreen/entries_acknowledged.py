"""How soon immediate follow-ups were taken on, as far as lists and decisions show it.

From decisions alone nobody can tell what was not taken on: it takes the lists that showed it. A
follow-up counts from the day of the first list that showed it at immediate with nobody having taken
it on. It is no measure of anyone's work: what was decided and not imported yet is not in it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from carescreen.cells import cell_text, unguarded
from carescreen.checks import check_times
from carescreen.errors import UsageError
from carescreen.fields import FOLLOW_UP_DECISIONS
from carescreen.results import read_run
from carescreen.waiting import waiting_before, waits_for_somebody

IN_TIME = timedelta(days=1)  # by the end of the day after the list's
NO_LISTS = (
    "How many immediate follow-ups were acknowledged within a day cannot be told from decisions alone: "
    "give the lists, each with --list."
)


@dataclass(frozen=True)
class Acknowledged:
    """Counts of immediate follow-ups that a list showed as not taken on.

    in_time   taken on on the day of the list or the day after
    later     taken on after that
    missing   nothing recorded, and that time is over;  waiting: it is not over
    """

    in_time: int
    later: int
    missing: int
    waiting: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.in_time + self.later + self.missing + self.waiting


def acknowledged_of(
    decisions: pd.DataFrame, lists: Sequence[Path], today: date
) -> Acknowledged | None:
    """The counts for some lists' folders; None without any. UsageError for what is no list."""
    if not lists:
        return None
    taken = _taken_on(decisions)
    counts = {"in_time": 0, "later": 0, "missing": 0, "waiting": 0}
    for child, since in _follow_ups(lists, taken):
        first = next((day for day in taken.get(child, ()) if day >= since), None)
        counts[_word(first, since, today)] += 1
    return Acknowledged(**counts)


def _word(first: date | None, since: date, today: date) -> str:
    if first is None:
        return "waiting" if today <= since + IN_TIME else "missing"
    return "in_time" if first <= since + IN_TIME else "later"


def _taken_on(decisions: pd.DataFrame) -> dict[str, list[date]]:
    """The days on which each child's follow-up was taken on or closed, in order."""
    found: dict[str, list[date]] = {}
    if not len(decisions):
        return found
    words = [cell_text(cell).strip().casefold() for cell in decisions["decision"]]
    days = check_times(decisions["decided_at"]).values.astype("datetime64[D]").tolist()
    for child, word, day in zip(decisions["child_id"], words, days, strict=True):
        if word in FOLLOW_UP_DECISIONS and day is not None:
            found.setdefault(cell_text(child).strip(), []).append(day)
    return {child: sorted(days) for child, days in found.items()}


def _follow_ups(lists: Sequence[Path], taken: dict[str, list[date]]) -> Iterator[tuple[str, date]]:
    """Each follow-up once, by child and the day since which it waits, over lists in their order."""
    newest: dict[str, date] = {}
    for since, child in sorted({row for folder in lists for row in _waiting(folder)}):
        before = newest.get(child)
        if before is None or any(before <= day < since for day in taken.get(child, ())):
            newest[child] = since
            yield child, since


def _waiting(folder: Path) -> Iterator[tuple[date, str]]:
    as_of = date.fromisoformat(str(read_run(folder)["as_of"]))
    carried = waiting_before(folder)
    try:
        with (folder / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if waits_for_somebody(row):
                    child = unguarded(row["child_id"])
                    since = carried.get(child)
                    yield (date.fromisoformat(since) if since else as_of), child
    except (OSError, KeyError, ValueError, csv.Error):
        raise UsageError(f"{folder} is not as `rank` wrote it; rank again") from None


def acknowledged_words(found: Acknowledged | None) -> str:
    """The counts as a sentence for a terminal."""
    if found is None:
        return NO_LISTS
    if not found.total:
        return "The lists show no immediate follow-up that nobody had taken on."
    return (
        f"Immediate follow-ups that the lists showed as not taken on: {found.total:,}. Taken on by the "
        f"end of the next day: {found.in_time:,}; later: {found.later:,}; nothing recorded: "
        f"{found.missing:,}; the day is not over: {found.waiting:,}. Decisions that were not imported "
        "are not in it."
    )

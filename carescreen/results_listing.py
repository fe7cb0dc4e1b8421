"""Reading back a written ranking, or a week's plan, child by child, by what is asked for."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from carescreen.cells import unguarded
from carescreen.errors import UsageError
from carescreen.results import read_run
from carescreen.review.reading import entries
from carescreen.review.terminal import Listing

_PLAN = "carescreen-plan/1"

Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """Which children are asked for; an empty choice asks for all."""

    caseworkers: Collection[str] = ()
    villages: Collection[str] = ()
    tiers: Collection[str] = ()
    states: Collection[str] = ()
    overdue: bool = False

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Whether a child is among them."""
        chosen = (
            (self.caseworkers, row["caseworker_id"]),
            (self.villages, row["village_id"]),
            (self.tiers, row["tier"]),
            (self.states, row["state"]),
        )
        return all(not some or value in some for some, value in chosen) and (
            not self.overdue or row["days_overdue"] > 0
        )


def read_listing(folder: Path, wanted: Wanted, most: int | None, words: bool = True) -> Listing:
    """The first `most` children of a folder that are asked for; None for all of them.

    Without `words` the concerns of a row are codes alone, which spares reading the full records.
    UsageError where the folder holds neither a ranking nor a plan as they are written.
    """
    if is_plan(folder):
        return _plan_listing(folder / "plan.json", wanted, most)
    run = read_run(folder)
    try:
        as_of = date.fromisoformat(str(run["as_of"]))
        rows = list(_ranking_rows(folder / "ranking.csv", as_of))
        places = [place for place, row in enumerate(rows) if wanted.takes(row)]
        shown = places[:most]
        return Listing(
            as_of=str(as_of),
            rows=[rows[place] for place in shown],
            concerns=_concerns(folder / "ranking.jsonl", shown)
            if words
            else [_coded(rows[place]["concerns"]) for place in shown],
            found=len(places),
            total=len(rows),
            synthetic=bool(run["synthetic"]),
        )
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise UsageError(f"{folder} is not as `rank` wrote it; rank again") from None


def is_plan(folder: Path) -> bool:
    """Whether a folder holds a week's plan and no ranking."""
    return (folder / "plan.json").is_file() and not (folder / "run.json").exists()


def _ranking_rows(path: Path, as_of: date) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield {
                "rank": int(row["rank"]),
                "child_id": unguarded(row["child_id"]),
                "village_id": unguarded(row["village_id"]),
                "caseworker_id": unguarded(row["caseworker_id"]),
                **_urgency(row, as_of),
                "concerns": [code for code in row["concerns"].split(";") if code],
            }


def _urgency(row: Mapping[str, Any], as_of: date) -> Row:
    due = date.fromisoformat(row["due_on"]) if row["due_on"] else None
    return {
        "tier": row["tier"],
        "state": row["state"],
        "due_on": str(due) if due else None,
        "days_overdue": max((as_of - due).days, 0) if due else 0,
    }


def _concerns(path: Path, places: Sequence[int]) -> list[Sequence[Mapping[str, Any]]]:
    """The concerns of the records at some places, which are in order."""
    found, read = [], 0
    with path.open("rb") as lines:
        for place in places:
            line = next(islice(lines, place - read, None), b"")
            read = place + 1
            record = json.loads(line.decode("utf-8", "surrogatepass"))
            found.append(entries(record, "concerns"))
    return found


def _coded(codes: Sequence[str]) -> list[Mapping[str, Any]]:
    return [{"code": code} for code in codes]


def _plan_listing(path: Path, wanted: Wanted, most: int | None) -> Listing:
    try:
        plan = plan_of(path)
        rows = list(_plan_rows(plan))
        found = [row for row in rows if wanted.takes(row)]
        shown = found[:most]
        days = plan["week"]["days"]
        return Listing(
            as_of=str(plan["as_of"]),
            rows=shown,
            concerns=[_coded(row["concerns"]) for row in shown],
            found=len(found),
            total=len(rows),
            synthetic=bool(plan["synthetic"]),
            week=(str(days[0]), str(days[-1])),
            below=int(plan["counts"]["children_below"]),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise UsageError(f"{path} is not as `plan` wrote it; make the plan again") from None


def plan_of(path: Path) -> dict[str, Any]:
    """What a plan.json holds; OSError, ValueError, KeyError or TypeError where it is none."""
    plan = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    if plan["format"] != _PLAN:
        raise ValueError("another format")
    return dict(plan)


def _plan_rows(plan: Mapping[str, Any]) -> Iterator[Row]:
    as_of = date.fromisoformat(str(plan["as_of"]))
    for visit in plan["visits"]:
        for child in visit["children"]:
            parts = str(child["reasons"]).split(";")
            yield {
                "day": str(visit["day"]),
                "order": int(visit["order"]),
                "child_id": str(child["child_id"]),
                "village_id": visit["village_id"],
                "caseworker_id": visit["worker_id"] or "supervisor",
                **_urgency(child, as_of),
                "concerns": [part[5:] for part in parts if part.startswith("rule:")],
                "rank": int(child["rank"]),
            }

"""How a week's plan chose whom to visit, read back for the outcomes of its visits.

A visit is made to a household: each of its children is seen whenever the visit is made, and never
otherwise. So each has the household's chance, also one that waits for a date of its own.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from carescreen.cells import unguarded
from carescreen.errors import UsageError
from carescreen.results_listing import plan_of

_ROUTINE = "routine"


@dataclass(frozen=True)
class Seat:
    """By what and how likely a child was chosen, as `outcomes` has it; "" where it was not."""

    selected_by: str
    selection_probability: str


@dataclass(frozen=True, repr=False)  # its values are records
class PlanSeats:
    """The seats of one week's plan.

    pack   of the ranking it was made from; "" where an earlier version did not say it
    start  first of its seven days
    seats  by child_id: of a visit, or below the line (chosen by nothing; the chance that the draw
           gave, blank where it gave none). Who waits or is with the supervisor, and lives with
           nobody who is visited, has none
    tiers  by child_id, of the visits' children and of the backlog
    """

    run_id: str
    pack: str
    start: date
    seats: Mapping[str, Seat]
    tiers: Mapping[str, str]


def read_seats(folder: Path) -> PlanSeats:
    """The seats of a folder that `plan` wrote; UsageError where it is not as written."""
    try:
        plan = plan_of(folder / "plan.json")
        return PlanSeats(
            run_id=str(plan["run_id"]),
            pack=str(plan.get("pack") or ""),
            start=date.fromisoformat(str(plan["week"]["from"])),
            seats={**dict(_below(folder / "below.csv")), **dict(_planned(plan["visits"]))},
            tiers=dict(_tiers(plan)),
        )
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise UsageError(f"{folder} is not as `plan` wrote it; make the plan again") from None


def plans_by_run(plans: Iterable[PlanSeats]) -> dict[str, list[PlanSeats]]:
    """The plans of each run by their week; UsageError where two of one week give other seats."""
    found: dict[str, list[PlanSeats]] = defaultdict(list)
    for plan in sorted(plans, key=lambda one: one.start):
        of_run = found[plan.run_id]
        if of_run and of_run[-1].start == plan.start and of_run[-1].seats != plan.seats:
            raise UsageError(
                f"two plans of the list {plan.run_id} for the week from {plan.start} differ; give "
                "the one that was worked from"
            )
        of_run.append(plan)
    return dict(found)


def plan_on(plans: Sequence[PlanSeats], day: date | None) -> PlanSeats | None:
    """The plan whose week a day lies in, else the newest before it; None where there is none.

    `plans` are in order of their weeks, all as long: of those that began by then it is the last.
    """
    begun = [plan for plan in plans if day is not None and plan.start <= day]
    return begun[-1] if begun else None


def _planned(visits: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Seat]]:
    for visit in visits:
        lead = next(child for child in visit["children"] if child["rank"] == visit["rank"])
        by = "random" if visit["why"] == "random" else _by_order(lead)
        seat = Seat(by, str(float(visit["selection_probability"])))
        for child in visit["children"]:
            yield str(child["child_id"]), seat


def _by_order(lead: Mapping[str, Any]) -> str:
    """The word that a ranking has for what put its most urgent child where it stands."""
    kinds = {reason.partition(":")[0] for reason in str(lead["reasons"]).split(";")}
    if lead["tier"] != _ROUTINE:
        return "person" if "person" in kinds else "rule"
    return "needs_data" if "needs_data" in kinds else "score"


def _below(path: Path) -> Iterator[tuple[str, Seat]]:
    with path.open(encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
        for row in csv.DictReader(file):
            seat = Seat("", row["selection_probability"])
            for child in unguarded(row["children"]).split(";"):
                yield child, seat


def _tiers(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rows = [*plan["backlog"], *(child for visit in plan["visits"] for child in visit["children"])]
    for row in rows:
        yield str(row["child_id"]), str(row["tier"])

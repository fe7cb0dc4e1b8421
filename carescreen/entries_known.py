"""What entries are held against: the county's children, the pack's rules, the lists they answer."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from carescreen.caseload import Caseload
from carescreen.cells import cell_text, unguarded
from carescreen.decisions import day_in, is_misread
from carescreen.entries import Entry
from carescreen.entries_plan import PlanSeats, Seat, plan_on, plans_by_run, read_seats
from carescreen.errors import OutputError, UsageError
from carescreen.mapping import FILE as MAPPING_FILE
from carescreen.mapping import load_mapping
from carescreen.results import read_run
from carescreen.results_before import written_positions
from carescreen.results_listing import is_plan
from carescreen.rules import RulePack
from carescreen.tables import find_table

DEFAULT_PACK = "cn-rural"
_TABLES = ("children", "visits", "households", "outcomes", "decisions")
_IMMEDIATE = "immediate"


_NO_SEAT = Seat("", "")


@dataclass(frozen=True)
class Listing:
    """Where a child stood in a list: its tier, and the seat that the list gave it.

    The seat is None where another may have chosen who was visited: see `_earlier_listings`.
    """

    tier: str
    seat: Seat | None


@dataclass(frozen=True, repr=False)  # its values are records
class Known:
    """What an import knows of a county.

    children  every child_id that its tables name
    rules     tier of each rule by id, "" where it has none; `codes` their neutral codes
    concepts  whether resolving a note concept needs a second person, by its name
    listings  positions in the given lists, and in those before them as far as their folders still
              say it, by (run_id, child_id)
    runs      the run_ids of the given lists and of the plans
    plans     the weeks' plans among them, by run_id
    """

    children: frozenset[str]
    rules: Mapping[str, str]
    codes: Mapping[str, str]
    concepts: Mapping[str, bool]
    listings: Mapping[tuple[str, str], Listing]
    runs: frozenset[str]
    plans: Mapping[str, Sequence[PlanSeats]]

    def seat_of(self, outcome: Mapping[str, str]) -> Seat | None:
        """How the child of an outcome was chosen, by the plan of its day or else by its list.

        None where neither says it.
        """
        run, child = outcome.get("run_id", ""), outcome["child_id"]
        plan = plan_on(self.plans.get(run, ()), day_in(outcome["outcome_date"]))
        if plan is not None:
            return plan.seats.get(child)
        listing = self.listings.get((run, child))
        return listing.seat if listing else None

    def is_answer(self, entry: Entry) -> bool:
        """Whether an entry answers a list that is known, of which its child's place is."""
        values = entry.values
        if values["run_id"] in self.runs:
            return True
        listing = self.listings.get((values["run_id"], values["child_id"]))
        return listing is not None and listing.seat is not None

    def named(self, entry: Entry) -> dict[str, str]:
        """An entry's values, a rule's neutral code replaced by the id that the tables use."""
        rule = entry.values["rule"]
        return {**entry.values, "rule": self.codes.get(rule, rule)}

    def fault_of(self, entry: Entry, now: datetime) -> str:
        """What keeps an entry from being taken over, without a value of it; "" where nothing."""
        if entry.fault:
            return entry.fault
        values = self.named(entry)
        if values["child_id"] not in self.children:
            return "no child of this county has this id"
        if values["decision"] == "same_child" and values["other_child_id"] not in self.children:
            return "no child of this county has the id in other_child_id"
        if values["rule"] and values["rule"] not in self.rules:
            return "the pack has no such rule"
        if values["concept"] and values["concept"] not in self.concepts:
            return "the pack has no such note concept"
        decided = day_in(values["decided_at"])
        if decided is not None and decided > now.date():
            return "decided_at lies in the future"
        if self._needs_second_person(values, entry.listed_tier) and not values["confirmed_by"]:
            return f"at immediate, to {values['decision']} needs a second person (confirmed_by)"
        return ""

    def _needs_second_person(self, values: Mapping[str, str], listed_tier: str) -> bool:
        by_rule = self.rules.get(values["rule"], "") == _IMMEDIATE
        if values["decision"] == "close":
            of_notes = self.concepts.get(values["concept"], False) and not is_misread(values)
            return by_rule or of_notes
        if values["decision"] != "lower":
            return False
        listed = self.listings.get((values["run_id"], values["child_id"]))
        return by_rule or _IMMEDIATE in (listed_tier, listed.tier if listed else "")


def known_of(
    county: Path, lists: Sequence[Path] = (), pack: str | Path | RulePack | None = None
) -> Known:
    """Read what is known of a county's folder; the pack is that of the lists where none is given.

    CaseloadError, PackError or UsageError where one of them cannot be read; OutputError where the
    county keeps its decisions or outcomes in a way that rows cannot be added to.
    """
    _require_plain_tables(county)
    caseload = Caseload.read(county)
    plans = [read_seats(folder) for folder in lists if is_plan(folder)]
    rankings = [(folder, read_run(folder)) for folder in lists if not is_plan(folder)]
    packs = {str(run["pack"]["id"]) for _, run in rankings} | {plan.pack for plan in plans}
    rules = pack if isinstance(pack, RulePack) else RulePack.load(pack or _pack_of(packs - {""}))
    every = (*rules.rules, *rules.rules_off)
    children = _ids(frame for frame in (caseload.children, caseload.visits, caseload.outcomes))
    return Known(
        children=children,
        rules={rule.id: rule.tier or "" for rule in every},
        codes={rule.code: rule.id for rule in every},
        concepts={
            name: concept.note_limit == _IMMEDIATE for name, concept in rules.concepts.items()
        },
        listings={
            **{
                (plan.run_id, child): Listing(tier, _NO_SEAT)  # its seats are of its week alone
                for plan in plans
                for child, tier in plan.tiers.items()
            },
            **dict(_earlier_listings([folder for folder, _ in rankings], plans)),
            **{
                (str(run["run_id"]), child): listing
                for folder, run in rankings
                for child, listing in _listings(folder)
            },
        },
        runs=frozenset(
            {plan.run_id for plan in plans} | {str(run["run_id"]) for _, run in rankings}
        ),
        plans=plans_by_run(plans),
    )


def _pack_of(packs: Collection[str]) -> str:
    if len(packs) > 1:
        raise UsageError(
            f"the lists were made with different packs ({', '.join(sorted(packs))}); import the files "
            "of each list by themselves"
        )
    return next(iter(packs), DEFAULT_PACK)


def _ids(frames: Iterable[pd.DataFrame]) -> frozenset[str]:
    found = {cell_text(cell).strip() for frame in frames for cell in frame["child_id"].unique()}
    return frozenset(found - {""})


def _listings(folder: Path) -> list[tuple[str, Listing]]:
    """Each child of a written ranking with its position."""
    try:
        with (folder / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
            return [
                (
                    unguarded(row["child_id"]),
                    Listing(row["tier"], Seat(row["selected_by"], row["selection_probability"])),
                )
                for row in csv.DictReader(file)
            ]
    except (OSError, KeyError, ValueError, csv.Error):
        raise UsageError(f"{folder} is not as `rank` wrote it; rank again") from None


def _earlier_listings(
    folders: Iterable[Path], plans: Sequence[PlanSeats]
) -> Iterator[tuple[tuple[str, str], Listing]]:
    """By (run_id, child_id), the places on lists that a folder held before: its positions.csv.

    What is filled in once stays. So where weeks are planned and the plan of such a list is not
    given, its seats are not taken for how the child was chosen: the plan chose who was visited.
    """
    planned = {plan.run_id for plan in plans}
    names = ("run_id", "child_id", "tier", "selected_by", "selection_probability")
    for folder in folders:
        rows = written_positions(folder)
        for run, child, tier, by, chance in zip(*(rows[name] for name in names), strict=True):
            if run:
                seat = Seat(str(by), str(chance)) if not planned or run in planned else None
                yield (str(run), str(child)), Listing(str(tier), seat)


def _require_plain_tables(county: Path) -> None:
    """Rows can be added to decisions.csv and outcomes.csv under our own column names only."""
    if not county.is_dir():
        return  # reading the caseload says so
    path = county / MAPPING_FILE
    mapping = load_mapping(path, _TABLES) if path.exists() else None
    for name in ("decisions", "outcomes"):
        if mapping is not None and name in mapping.tables:
            raise OutputError(
                f"{path} renames the table {name}, so that rows cannot be added to it; nothing was "
                f"imported. Keep {name}.csv under carescreen's own column names"
            )
        kept = find_table(county, name)
        if kept is not None and kept.name != f"{name}.csv":
            raise OutputError(
                f"{county} keeps its {name} in {kept.name}; nothing was imported. Save it as "
                f"{name}.csv"
            )

"""The output folder of a week's plan: written aside and renamed, the same bytes for the same input.

plan.csv     every visit of the week, one row each     alarms.csv   lists that are over, who has room
below.csv    every household below the line            backlog.csv  old concerns of a first run
handover.csv who moved away or came of age, for the supervisor
visits/      a file for each list, for the visitor: one row a child, visit by visit
list/        the same as pages, and supervisor.html  list.html  the pages' table of contents
list.xlsx    the same as a workbook, all lists in one, to fill in and import
plan.json    all of it but what is below the line, for supervisors

What is kept from a visitor (that a visit was drawn, and a conflict of interest) is in plan.csv,
plan.json and the supervisor's pages alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from carescreen.cells import GUARDED_STARTS, guarded
from carescreen.errors import OutputError
from carescreen.pack import TIERS
from carescreen.plan_lists import (
    WeekLists,
    alarm_sentence,
    day_text,
    day_texts,
    file_names,
    running,
)
from carescreen.plan_pages import BOOK, Tell, write_plan_pages
from carescreen.plan_ranking import WrittenRanking
from carescreen.plan_week import PLACES, WeekPlan
from carescreen.results_place import replaced_folder, require_folder
from carescreen.review.texts import LANGUAGES
from carescreen.review.visit_words import VisitReason, below_reason, handover_reason, visit_reason

PLAN_FORMAT = "carescreen-plan/1"
PLAN_FILES = (
    *("plan.csv", "below.csv", "alarms.csv", "backlog.csv", "handover.csv", "visits"),
    *("list.html", "list", BOOK),
    "plan.json",
)
OURS = (PLAN_FILES, "plan.json", '"carescreen-plan/')

Row = Sequence[object]


def require_plan_folder(folder: Path, read: Sequence[Path]) -> Path:
    """The place of a plan's folder; OutputError where none may be written.

    A file in `visits` that the plan standing there did not write is somebody's, too.
    """
    place = require_folder(folder, *OURS, read)
    inside = place / "visits"
    if inside.is_dir():
        known = _files_of(place / "plan.json")
        strange = [one for one in sorted(inside.glob("*.csv")) if f"visits/{one.name}" not in known]
        if strange:
            raise OutputError(
                f"{folder} holds '{strange[0].name}' in visits, which no plan wrote; nothing was "
                "written. Move that away, or choose another folder"
            )
    return place


def _files_of(path: Path) -> set[str]:
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return {str(entry["file"]) for entry in written["lists"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def write_plan(
    plan: WeekPlan,
    ranking: WrittenRanking,
    folder: Path,
    read: Sequence[Path] = (),
    *,
    pages_in: str | None = None,
    tell: Tell = lambda _what, _done, _total: None,
) -> None:
    """Write a plan's folder; an existing one is replaced only if it holds an earlier plan.

    `read` are files and folders of the input: none may lie in it. `pages_in` is the language that the
    pages open in; None writes tables only. `tell` hears how many lists have theirs. UsageError where pages
    cannot be made of the ranking.
    """
    require_plan_folder(folder, read)
    lists = WeekLists(plan, ranking.same, ranking.handed)
    tables = _Tables(lists, ranking)
    with replaced_folder(folder, *OURS, read) as aside:
        _write_rows(aside / "plan.csv", PLAN_COLUMNS, tables.plan_rows())
        _write_safe(aside / "below.csv", BELOW_COLUMNS, tables.below_rows())
        _write_rows(aside / "alarms.csv", ALARM_COLUMNS, tables.alarm_rows())
        _write_rows(aside / "backlog.csv", BACKLOG_COLUMNS, tables.backlog_rows())
        _write_rows(aside / "handover.csv", HANDOVER_COLUMNS, tables.handover_rows())
        (aside / "visits").mkdir()
        for person, name in tables.files.items():
            _write_rows(aside / name, VISIT_COLUMNS, tables.visit_rows(person))
        with (aside / "plan.json").open("w", encoding="utf-8", errors="surrogatepass") as file:
            file.writelines(_json_lines(tables.summary() | _quoted(ranking, pages_in)))
        if pages_in is not None:
            write_plan_pages(lists, ranking, aside, pages_in, tell)


def _quoted(ranking: WrittenRanking, pages_in: str | None) -> dict[str, Any]:
    """Whether the folder has quotes; with them who made the ranking, and when it and the folder expire."""
    quotes = ranking.has_quotes and pages_in is not None
    said = ("made_by", "expires") if quotes else ()
    return {"quotes": quotes, **{name: ranking.run.get(name) for name in said}}


PLAN_COLUMNS = (
    *("worker_id", "list", "day", "order", "household_id", "village_id", "children", "tier"),
    *("due_on", "days_overdue", "why", "route", "instead_of", "selection_probability", "rank"),
    *("reason_zh", "reason_en"),
)
VISIT_COLUMNS = (
    *("day", "order", "household_id", "village_id", "child_id", "tier", "state", "due_on", "score"),
    *("reasons", "why", "reason_zh", "reason_en"),
)
BELOW_COLUMNS = (
    *("worker_id", "place_below", "just_below", "household_id", "village_id", "children", "tier"),
    *("due_on", "days_overdue", "selection_probability", "rank", "reason_zh", "reason_en"),
)
ALARM_COLUMNS = (
    *("worker_id", "immediate_and_urgent", "capacity", "over", "room_nearby", "uncovered"),
    *("alarm_zh", "alarm_en"),
)
BACKLOG_COLUMNS = (
    *("supervisor_id", "household_id", "village_id", "caseworker_id", "child_id", "tier"),
    *("due_on", "rank"),
)
HANDOVER_COLUMNS = (*BACKLOG_COLUMNS, "why", "reason_zh", "reason_en")


class _Tables:
    """The rows of each file, from one plan."""

    def __init__(self, lists: WeekLists, ranking: WrittenRanking) -> None:
        self.lists, self.ranking, self.plan = lists, ranking, lists.plan
        self.people = self.plan.routes.people
        every = np.concatenate([*lists.children, np.zeros(0, dtype=np.int64)])
        self.reasons = ranking.reasons(every)
        self.due_of = dict(
            zip(every.tolist(), day_texts(self.plan.heads["due_on"][every]), strict=True)
        )
        names = file_names(self.people.ids)
        self.files = {number: f"visits/{names[number]}.csv" for number in lists.written}

    def words(self, reason: VisitReason) -> tuple[str, str]:
        """The reason in Chinese and in English."""
        return _words(reason, self.plan.week.start)

    def plan_rows(self) -> Iterator[Row]:
        ids, heads, visit = self.people.ids, self.plan.heads, self.lists.visit
        for place, children in enumerate(self.lists.children):
            reason, person = self.lists.why[place], int(self.lists.person[place])
            yield (
                ids[person],
                self.lists.kind(person),
                self.lists.days[place],
                int(self.lists.order[place]),
                visit["household_id"][place],
                visit["village_id"][place],
                ";".join(heads["child_id"][children].tolist()),
                reason.tier,
                self.lists.due[place],
                int(visit["late"][place]),
                reason.why,
                reason.route,
                reason.instead_of,
                reason.probability,
                int(visit["lead"][place]) + 1,
                *self.words(reason),
            )

    def visit_rows(self, person: int) -> Iterator[Row]:
        """One list as its visitor sees it."""
        heads, visit = self.plan.heads, self.lists.visit
        for place in range(self.lists.starts[person], self.lists.starts[person + 1]):
            reason = self.lists.why[place].for_visitor(self.plan.week.start)
            for child in self.lists.children[place].tolist():
                yield (
                    self.lists.days[place],
                    int(self.lists.order[place]),
                    visit["household_id"][place],
                    visit["village_id"][place],
                    heads["child_id"][child],
                    TIERS[heads["tier_code"][child]],
                    heads["state"][child],
                    self.due_of[child],
                    _Number(heads["score"][child]),
                    self.reasons[child],
                    reason.why,
                    *self.words(reason),
                )

    def below_rows(self) -> Iterator[Row]:
        """Every household below the line, list by list; its cells are safe already."""
        rows = self.plan.below
        below, heads = self.plan.visits.rows.take(rows), self.plan.heads
        person = self.plan.routes.person[rows]
        chance, place = self.plan.seats.selection_probability[rows], running(person)
        columns: list[list[Any]] = [
            [self.people.ids[number] for number in person.tolist()],
            place.tolist(),
            np.where(self.plan.seats.just_below[rows], "yes", "no").tolist(),
            below["household_id"].tolist(),
            below["village_id"].tolist(),
            _joined(heads["child_id"], self.plan.visits.children(rows)),
            [TIERS[code] for code in below["tier_code"].tolist()],
            day_texts(below["due_on"]),
            below["late"].tolist(),
            ["" if one != one else round(one, 6) for one in chance.tolist()],
            (below["lead"] + 1).tolist(),
            *([_below_words(one, language) for one in place.tolist()] for language in LANGUAGES),
        ]
        return zip(*map(_safe_column, columns), strict=True)

    def alarm_rows(self) -> Iterator[Row]:
        for alarm in self.plan.alarms:
            room = ";".join(f"{self.lists.name(o.person)}:{o.seats}" for o in alarm.offers)
            yield (
                self.people.ids[alarm.person],
                alarm.pressing,
                alarm.capacity,
                alarm.over,
                room,
                alarm.uncovered,
                *(alarm_sentence(self.plan, alarm, language) for language in LANGUAGES),
            )

    def backlog_rows(self) -> Iterator[Row]:
        """Old concerns of a first run, for the supervisors."""
        return (self._supervisors(child) for child in self.plan.backlog.tolist())

    def handover_rows(self) -> Iterator[Row]:
        """Who moved away or came of age, and waits for a supervisor to hand it over."""
        for child in self.plan.handover.tolist():
            state = str(self.plan.heads["state"][child])
            words = (handover_reason(state, language) for language in LANGUAGES)
            yield (*self._supervisors(child), state, *words)

    def _supervisors(self, child: int) -> Row:
        heads, visits = self.plan.heads, self.plan.visits
        person = int(self.plan.routes.person[visits.of_house[visits.house[child]]])
        boss = int(self.people.supervisor[person])
        return (
            self.people.ids[boss],
            *(heads[name][child] for name in ("household_id", "village_id", "caseworker_id")),
            heads["child_id"][child],
            TIERS[heads["tier_code"][child]],
            day_text(heads["due_on"][child]),
            child + 1,
        )

    def summary(self) -> dict[str, Any]:
        """What plan.json holds."""
        plan, run = self.plan, self.ranking.run
        return {
            "format": PLAN_FORMAT,
            "run_id": run["run_id"],
            "as_of": run["as_of"],
            "pack": run["pack"].get("id"),
            "synthetic": run["synthetic"],
            "week": {"from": str(plan.week.start), "days": [str(day) for day in plan.week.days]},
            "random_share": self.ranking.random_share,
            "counts": plan_counts(plan),
            "notices": list(plan.routes.notices),
            "alarms": [dict(zip(ALARM_COLUMNS, row, strict=True)) for row in self.alarm_rows()],
            "lists": list(self._lists()),
            "visits": list(self._visits()),
            "backlog": [
                dict(zip(BACKLOG_COLUMNS, row, strict=True)) for row in self.backlog_rows()
            ],
            "handover": [
                dict(zip(HANDOVER_COLUMNS, row, strict=True)) for row in self.handover_rows()
            ],
        }

    def _lists(self) -> Iterator[dict[str, Any]]:
        rows, person = self.plan.visits.rows, self.plan.routes.person
        near = np.flatnonzero(self.plan.seats.just_below)
        named: dict[int, list[str | None]] = {}
        for row in near.tolist():
            shown = self.plan.heads["child_id"][rows["lead"][row]]
            named.setdefault(int(person[row]), []).append(rows["household_id"][row] or shown)
        below = np.bincount(person[self.plan.below], minlength=len(self.people.ids))
        for number, file in self.files.items():
            boss = int(self.people.supervisor[number])
            yield {
                "worker_id": self.people.ids[number],
                "list": self.lists.kind(number),
                "supervisor_id": self.people.ids[boss] if boss != number else "",
                "capacity": int(self.people.capacity[number]),
                "visits": int(self.lists.starts[number + 1] - self.lists.starts[number]),
                "below": int(below[number]),
                "just_below": named.get(number, []),
                "file": file,
            }

    def _visits(self) -> Iterator[dict[str, Any]]:
        heads = self.plan.heads
        for place, row in enumerate(self.plan_rows()):
            visit = dict(zip(PLAN_COLUMNS, row, strict=True))
            visit["children"] = [
                {
                    "child_id": heads["child_id"][child],
                    "tier": TIERS[heads["tier_code"][child]],
                    "state": heads["state"][child],
                    "due_on": self.due_of[child],
                    "score": float(heads["score"][child]),
                    "reasons": self.reasons[child],
                    "rank": child + 1,
                }
                for child in self.lists.children[place].tolist()
            ]
            yield visit


def plan_counts(plan: WeekPlan) -> dict[str, int]:
    """How many visits and children there are in each place; no ids."""
    place = np.bincount(plan.place, minlength=len(PLACES))
    return {
        "visits": len(plan.planned),
        "children_in_plan": int(place[0]),
        "households_below": len(plan.below),
        "children_below": int(place[1]),
        "children_in_backlog": int(place[2]),
        "children_waiting": int(place[3]),
        "children_to_hand_over": int(place[4]),
        "alarms": len(plan.alarms),
    }


class _Number(str):
    """A text that is a number: no apostrophe, though it may begin with a minus sign."""

    __slots__ = ()


def _write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Rows as CSV; a cell that begins like a formula gets an apostrophe."""
    _write_safe(path, columns, ([_safe(cell) for cell in row] for row in rows))


def _write_safe(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """UTF-8 CSV that Excel opens as such."""
    with path.open("w", encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _safe_column(cells: list[Any]) -> list[Any]:
    """The cells of a column as `_safe` has them; hardly any column needs it, and this finds out fast."""
    first = {cell[:1] for cell in cells if type(cell) is str}
    return cells if first.isdisjoint(GUARDED_STARTS) else [_safe(cell) for cell in cells]


def _safe(cell: object) -> object:
    return guarded(cell) if type(cell) is str else cell


def _json_lines(summary: dict[str, Any]) -> Iterator[str]:
    """A JSON object with each entry of a list on a line of its own."""
    yield "{\n"
    for number, (name, value) in enumerate(summary.items()):
        yield (",\n" if number else "") + json.dumps(name) + ": "
        if isinstance(value, list):
            yield "[" + ",".join("\n  " + json.dumps(one, ensure_ascii=False) for one in value)
            yield "\n]" if value else "]"
        else:
            yield json.dumps(value, ensure_ascii=False)
    yield "\n}\n"


@cache
def _below_words(place: int, language: str) -> str:
    return below_reason(place, language)


@cache
def _words(reason: VisitReason, as_of: date) -> tuple[str, str]:
    zh, en = (visit_reason(reason, language, as_of) for language in LANGUAGES)
    return zh, en


def _joined(ids: np.ndarray, groups: Sequence[np.ndarray]) -> list[str]:
    return [ids[one[0]] if len(one) == 1 else ";".join(ids[one].tolist()) for one in groups]

"""The output folder of a week's plan: written aside and renamed, the same bytes for the same input.

plan.csv     every visit of the week, one row each     alarms.csv   lists that are over, who has room
below.csv    every household below the line            backlog.csv  old concerns of a first run
handover.csv who moved away or came of age, for the supervisor
visits/      a file for each list, for the visitor: one row a child, visit by visit
plan.json    all of it but what is below the line, for supervisors

What is kept from a visitor (that a visit was drawn, and a conflict of interest) is in plan.csv and
plan.json alone.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from carescreen.cells import FORMULA_STARTS, guarded
from carescreen.errors import OutputError
from carescreen.pack import TIERS
from carescreen.plan_alarms import Alarm
from carescreen.plan_ranking import WrittenRanking
from carescreen.plan_routes import NOBODY, ROUTES
from carescreen.plan_week import PLACES, WHY, WeekPlan
from carescreen.results_place import replaced_folder, require_folder
from carescreen.review.texts import LANGUAGES
from carescreen.review.visit_words import (
    VisitReason,
    alarm_words,
    below_reason,
    handover_reason,
    visit_reason,
)

UNNAMED = "supervisor"  # the list of the supervisor whom no row names
PLAN_FORMAT = "carescreen-plan/1"
PLAN_FILES = (
    *("plan.csv", "below.csv", "alarms.csv", "backlog.csv", "handover.csv", "visits"),
    "plan.json",
)
OURS = (PLAN_FILES, "plan.json", '"carescreen-plan/')
_PLAIN = re.compile(r"[^\W_][\w-]{0,39}")
_STRANGE = re.compile(r"[^\w-]+")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d|supervisor", re.I)  # names of Windows, ours

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
    plan: WeekPlan, ranking: WrittenRanking, folder: Path, read: Sequence[Path] = ()
) -> None:
    """Write a plan's folder; an existing one is replaced only if it holds an earlier plan.

    `read` are files and folders of the input: none may lie in it.
    """
    require_plan_folder(folder, read)
    pages = _Pages(plan, ranking)
    with replaced_folder(folder, *OURS, read) as aside:
        _write_rows(aside / "plan.csv", PLAN_COLUMNS, pages.plan_rows())
        _write_safe(aside / "below.csv", BELOW_COLUMNS, pages.below_rows())
        _write_rows(aside / "alarms.csv", ALARM_COLUMNS, pages.alarm_rows())
        _write_rows(aside / "backlog.csv", BACKLOG_COLUMNS, pages.backlog_rows())
        _write_rows(aside / "handover.csv", HANDOVER_COLUMNS, pages.handover_rows())
        (aside / "visits").mkdir()
        for person, name in pages.files.items():
            _write_rows(aside / name, VISIT_COLUMNS, pages.visit_rows(person))
        with (aside / "plan.json").open("w", encoding="utf-8", errors="surrogatepass") as file:
            file.writelines(_json_lines(pages.summary()))


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


class _Pages:
    """The rows of each file, from one plan."""

    def __init__(self, plan: WeekPlan, ranking: WrittenRanking) -> None:
        self.plan, self.ranking = plan, ranking
        self.people = plan.routes.people
        planned = plan.planned
        self.children = plan.visits.children(planned)
        every = np.concatenate([*self.children, np.zeros(0, dtype=np.int64)])
        self.reasons = ranking.reasons(every)
        self.twice = {child for pair in ranking.same for child in pair}
        self.visit = plan.visits.rows.take(planned)
        self.person = plan.routes.person[planned]
        self.due = _day_texts(self.visit["due_on"])
        days = [str(day) for day in plan.week.days]
        self.days = [days[number] for number in plan.day.tolist()]
        self.order = _running(self.person)
        self.starts = np.searchsorted(self.person, np.arange(len(self.people.ids) + 1))
        self.files = self._files()
        self.why = [self._reason(place) for place in range(len(planned))]
        self.due_of = dict(
            zip(every.tolist(), _day_texts(plan.heads["due_on"][every]), strict=True)
        )

    def _files(self) -> dict[int, str]:
        """The file of each list: of every worker, and of supervisors who have visits."""
        count = len(self.people.ids)
        has = np.bincount(self.person, minlength=count) > 0
        has[: self.people.workers] = True
        names = file_names(self.people.ids)
        return {n: f"visits/{names[n]}.csv" for n in np.flatnonzero(has).tolist()}

    def kind(self, person: int) -> str:
        """Whose list it is."""
        return "caseworker" if person < self.people.workers else "supervisor"

    def name(self, person: int) -> str:
        """The id of a list; the supervisor's whom no row names is called so."""
        return self.people.ids[person] or UNNAMED

    def _reason(self, place: int) -> VisitReason:
        """Why the visit at a place of the plan is in, with all that is kept from the visitor."""
        row = self.plan.planned[place]
        children = self.plan.heads["child_id"][self.children[place]].tolist()
        handed = [self.ranking.handed[child] for child in children if child in self.ranking.handed]
        return VisitReason(
            why=WHY[self.plan.why[row]],
            tier=TIERS[self.visit["tier_code"][place]],
            due_on=date.fromisoformat(self.due[place]) if self.due[place] else None,
            children=len(self.children[place]),
            route=ROUTES[self.plan.routes.route[row]],
            instead_of=self._instead_of(place),
            probability=round(float(self.plan.seats.selection_probability[row]), 6),
            handed=(*handed[0].before, handed[0].noticed_on) if handed else None,
            is_twice=len(self.twice.intersection(children)) > 1,
        )

    def _instead_of(self, place: int) -> str:
        """Who does not make the visit at a place of the plan, or whose the child was."""
        row = self.plan.planned[place]
        instead = int(self.plan.routes.instead_of[row])
        if instead != NOBODY:
            return self.name(instead)
        whose = str(self.visit["caseworker_id"][place] or "")
        has_left = ROUTES[self.plan.routes.route[row]] in ("left", "supervisor")
        return whose if has_left and whose not in self.people.ids else ""

    def words(self, reason: VisitReason) -> tuple[str, str]:
        """The reason in Chinese and in English."""
        return _words(reason, self.plan.week.start)

    def plan_rows(self) -> Iterator[Row]:
        ids, heads, visit = self.people.ids, self.plan.heads, self.visit
        for place, children in enumerate(self.children):
            reason, person = self.why[place], int(self.person[place])
            yield (
                ids[person],
                self.kind(person),
                self.days[place],
                int(self.order[place]),
                visit["household_id"][place],
                visit["village_id"][place],
                ";".join(heads["child_id"][children].tolist()),
                reason.tier,
                self.due[place],
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
        heads, visit = self.plan.heads, self.visit
        for place in range(self.starts[person], self.starts[person + 1]):
            reason = self.why[place].for_visitor()
            for child in self.children[place].tolist():
                yield (
                    self.days[place],
                    int(self.order[place]),
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
        chance, place = self.plan.seats.selection_probability[rows], _running(person)
        columns: list[list[Any]] = [
            [self.people.ids[number] for number in person.tolist()],
            place.tolist(),
            np.where(self.plan.seats.just_below[rows], "yes", "no").tolist(),
            below["household_id"].tolist(),
            below["village_id"].tolist(),
            _joined(heads["child_id"], self.plan.visits.children(rows)),
            [TIERS[code] for code in below["tier_code"].tolist()],
            _day_texts(below["due_on"]),
            below["late"].tolist(),
            ["" if one != one else round(one, 6) for one in chance.tolist()],
            (below["lead"] + 1).tolist(),
            *([_below_words(one, language) for one in place.tolist()] for language in LANGUAGES),
        ]
        return zip(*map(_safe_column, columns), strict=True)

    def alarm_rows(self) -> Iterator[Row]:
        for alarm in self.plan.alarms:
            room = ";".join(f"{self.name(o.person)}:{o.seats}" for o in alarm.offers)
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
            _day_text(heads["due_on"][child]),
            child + 1,
        )

    def summary(self) -> dict[str, Any]:
        """What plan.json holds."""
        plan, run = self.plan, self.ranking.run
        return {
            "format": PLAN_FORMAT,
            "run_id": run["run_id"],
            "as_of": run["as_of"],
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
                "list": self.kind(number),
                "supervisor_id": self.people.ids[boss] if boss != number else "",
                "capacity": int(self.people.capacity[number]),
                "visits": int(self.starts[number + 1] - self.starts[number]),
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
                for child in self.children[place].tolist()
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


def alarm_sentence(plan: WeekPlan, alarm: Alarm, language: str) -> str:
    """An alarm in words."""
    ids = plan.routes.people.ids
    offers = [(ids[offer.person], offer.seats, offer.free) for offer in alarm.offers]
    return alarm_words(ids[alarm.person], alarm.pressing, alarm.capacity, offers, language)


def file_names(lists: Sequence[str]) -> list[str]:
    """Names of lists as file names: an id where that is plain, else with what tells it apart.

    Letter case tells no two files apart on some systems.

    >>> file_names(["W01", "W/1", "w7", "W7", ""])
    ['W01', 'W_1-cadd4e1d', 'w7-c43a2fc9', 'W7-ecd4e1a1', 'supervisor']
    """
    times = Counter(name.casefold() for name in lists)
    return [
        name if _is_plain(name) and times[name.casefold()] == 1 else _told_apart(name)
        for name in lists
    ]


def _is_plain(name: str) -> bool:
    return bool(_PLAIN.fullmatch(name)) and not _RESERVED.fullmatch(name)


def _told_apart(name: str) -> str:
    if not name:
        return UNNAMED
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return _STRANGE.sub("_", name)[:40] + f"-{digest}"


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
    return cells if first.isdisjoint(FORMULA_STARTS) else [_safe(cell) for cell in cells]


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


def _running(person: np.ndarray) -> np.ndarray:
    """1, 2, 3 … within each person, where persons come one after the other."""
    return np.arange(1, len(person) + 1) - np.searchsorted(person, person)


def _joined(ids: np.ndarray, groups: Sequence[np.ndarray]) -> list[str]:
    return [ids[one[0]] if len(one) == 1 else ";".join(ids[one].tolist()) for one in groups]


def _day_text(day: np.datetime64) -> str:
    return "" if np.isnat(day) else str(day)


def _day_texts(days: np.ndarray) -> list[str]:
    known, number = np.unique(days, return_inverse=True)
    texts = [_day_text(day) for day in known]
    return [texts[one] for one in number.tolist()]

"""The records of a week's lists: lines of a written ranking, each with the visit it belongs to.

Lines are read by their place; no more of them are held than a caller asks for at a time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from carescreen.errors import UsageError
from carescreen.plan_lists import WeekLists
from carescreen.plan_ranking import WrittenRanking
from carescreen.review.filed import line_starts
from carescreen.review.texts import LANGUAGES, Texts
from carescreen.review.visit_words import VisitReason, visit_reason, visitor_reason
from carescreen.sheet import Ints

_SEAT = ("selected_by", "selection_probability")  # of the ranking's own seats: a plan gives others
# Who is far behind the others on the list, or was, is likely to have been drawn.
_KEPT_FROM_VISITORS = ("rank", "past_positions")

Record = dict[str, Any]


class WrittenRecords:
    """The records of ranking.jsonl by place in the ranking.

    UsageError where the file is not as `rank` wrote it beside the ranking.
    """

    def __init__(self, ranking: WrittenRanking, path: Path, file: BinaryIO) -> None:
        self._ranking, self._path, self._file = ranking, path, file
        self._starts = line_starts(file)[:-1]
        if len(self._starts) != len(ranking.heads):
            raise _another(path)

    def at(self, places: Ints) -> list[Record]:
        """The records at some places."""
        return [self._record(place) for place in places.tolist()]

    def _record(self, place: int) -> Record:
        self._file.seek(int(self._starts[place]))
        try:
            record: Record = json.loads(self._file.readline().decode("utf-8", "surrogatepass"))
            child = record["child_id"]
        except (ValueError, KeyError, TypeError):
            raise _another(self._path) from None
        if child != self._ranking.heads["child_id"][place]:
            raise _another(self._path)
        return record


def _another(path: Path) -> UsageError:
    return UsageError(f"{path} is not as `rank` writes it today; rank again")


@contextmanager
def written_records(ranking: WrittenRanking) -> Iterator[WrittenRecords]:
    """The records of a ranking, open; UsageError where its file is not as `rank` wrote it."""
    path = ranking.folder / "ranking.jsonl"
    try:
        file = path.open("rb")
    except OSError:
        raise _another(path) from None
    with file:
        yield WrittenRecords(ranking, path, file)


class ListedRecords:
    """Who stands on each list of a week, and their records for the visitor or for the supervisor."""

    def __init__(self, lists: WeekLists, records: WrittenRecords) -> None:
        self.lists, self._records = lists, records
        self._below = _below(lists)
        self._backlog = _backlog(lists, self._below)

    def count(self, person: int) -> int:
        """How many children a list has, with those below the line and with the supervisor."""
        return len(self._places(person))

    def count_own(self, person: int) -> int:
        """How many children a visitor sees on a list: of her visits, and just below the line."""
        return len(self._places(person)) - sum(map(len, self.backlog(person)))

    def everyone(self) -> Ints:
        """The places in the ranking of all children on any list."""
        people = range(len(self.lists.people.ids))
        return np.concatenate([*map(self._places, people), np.zeros(0, dtype=np.int64)])

    def of(self, person: int) -> ListOfOne:
        """The records of one list, read once."""
        places = self._places(person)
        records = self._records.at(places)
        return ListOfOne(self, person, dict(zip(places.tolist(), records, strict=True)))

    def _places(self, person: int) -> Ints:
        starts = self.lists.starts
        visited = self.lists.children[starts[person] : starts[person + 1]]
        parts = [*visited, *self._below.get(person, []), *self._backlog.get(person, [])]
        return np.concatenate([*parts, np.zeros(0, dtype=np.int64)])

    def below(self, person: int) -> list[Ints]:
        """Children of each household just below a list's line."""
        return self._below.get(person, [])

    def backlog(self, person: int) -> list[Ints]:
        """Children of each household with the supervisor that stand nowhere else on its list."""
        return self._backlog.get(person, [])


class ListOfOne:
    """The records of one list."""

    def __init__(self, listed: ListedRecords, person: int, found: dict[int, Record]) -> None:
        self._listed, self._lists, self._person = listed, listed.lists, person
        self._found = found

    @property
    def records(self) -> Collection[Record]:
        """All of them as they were read; what is added to one stands on every list made of it."""
        return self._found.values()

    def for_visitor(self) -> tuple[Record, ...]:
        """Her visits, and who is just below the line, without what is kept from her."""
        start = self._lists.plan.week.start
        words = (one.for_visitor(start) for one in self._reasons())
        planned = self._visits((reason, _visitor_words(reason, start)) for reason in words)
        return tuple(_without(one, _KEPT_FROM_VISITORS) for one in (*planned, *self._below()))

    def for_supervisor(self) -> tuple[Record, ...]:
        """All visits with all their reasons, who is just below the line, and the backlog."""
        start = self._lists.plan.week.start
        planned = self._visits((one, _words(one, start)) for one in self._reasons())
        return (*planned, *self._below(), *self._backlog())

    def _reasons(self) -> list[VisitReason]:
        starts = self._lists.starts
        return self._lists.why[starts[self._person] : starts[self._person + 1]]

    def _visits(self, reasons: Iterable[tuple[VisitReason, Texts]]) -> Iterator[Record]:
        first = self._lists.starts[self._person]
        names = self._lists.plan.heads["child_id"]
        for place, (reason, words) in enumerate(reasons, start=first):
            children = self._lists.children[place]
            visit = {
                "day": self._lists.days[place],
                "order": int(self._lists.order[place]),
                "children": names[children].tolist(),
                "reason": words,
                "why": "order" if reason.why == "random" else reason.why,
            }
            for child in children.tolist():
                yield self._seated(child, visit, within=True)

    def _below(self) -> Iterator[Record]:
        for place, children in enumerate(self._listed.below(self._person), start=1):
            for child in children.tolist():
                yield self._seated(child, {"below": place}, within=False)

    def _backlog(self) -> Iterator[Record]:
        for children in self._listed.backlog(self._person):
            for child in children.tolist():
                yield self._seated(child, None, within=False)

    def _seated(self, child: int, visit: dict[str, Any] | None, *, within: bool) -> Record:
        record = _without(self._found[child], _SEAT)
        below = visit is not None and not within
        seat = {"within_capacity": within, "just_below": below}
        return {**record, **seat, **({"visit": visit} if visit else {})}


def _without(record: Record, keys: Iterable[str]) -> Record:
    left_out = set(keys)
    return {key: value for key, value in record.items() if key not in left_out}


def _below(lists: WeekLists) -> dict[int, list[Ints]]:
    plan, found = lists.plan, dict[int, list[Ints]]()
    rows = plan.below[plan.seats.just_below[plan.below]]
    people = plan.routes.person[rows].tolist()
    for person, children in zip(people, plan.visits.children(rows), strict=True):
        found.setdefault(person, []).append(children)
    return found


def _backlog(lists: WeekLists, below: dict[int, list[Ints]]) -> dict[int, list[Ints]]:
    """Children with the supervisor by list and household, the backlog first, in the ranking's order."""
    plan = lists.plan
    shown = [*lists.children, *(one for found in below.values() for one in found)]
    everyone = np.concatenate([*shown, np.zeros(0, dtype=np.int64)])
    rest = np.concatenate([np.setdiff1d(one, everyone) for one in (plan.backlog, plan.handover)])
    found: dict[int, dict[tuple[int, int], list[int]]] = {}
    for child in rest.tolist():
        house, part = int(plan.visits.house[child]), int(plan.place[child])
        person = int(plan.routes.person[plan.visits.of_house[house]])
        found.setdefault(person, {}).setdefault((part, house), []).append(child)
    return {
        person: [np.array(children) for children in houses.values()]
        for person, houses in found.items()
    }


@cache
def _words(reason: VisitReason, start: date) -> Texts:
    return {language: visit_reason(reason, language, start) for language in LANGUAGES}


@cache
def _visitor_words(reason: VisitReason, start: date) -> Texts:
    return {language: visitor_reason(reason, language, start) for language in LANGUAGES}

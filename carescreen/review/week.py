"""A week's plan as pages: a visitor's own, the supervisor's of all lists, and a table of contents.

A visitor's page is made of her records alone, and what is kept from a visitor is in none of them; the
supervisor's page says it. Each record of a visit carries it under `visit` (see `visits_of`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from markupsafe import Markup

from carescreen.pack import TIERS
from carescreen.plan_visits import Week
from carescreen.review.drawn import CardsOnPage
from carescreen.review.html import (
    PAGE_CHILDREN,
    SUPERVISOR_CHILDREN,
    Office,
    office_values,
    own_address,
)
from carescreen.review.info import ListInfo
from carescreen.review.listing import Group, permitted, pieces
from carescreen.review.one_page import frame_values, page_values, write_page
from carescreen.review.reading import Record, days_overdue
from carescreen.review.texts import (
    LANGUAGES,
    Texts,
    both,
    both_counted,
    day,
    text,
)

_WEEKDAYS = (
    *("weekday_mon", "weekday_tue", "weekday_wed", "weekday_thu", "weekday_fri", "weekday_sat"),
    "weekday_sun",
)


@dataclass(frozen=True)
class WeekList:
    """One list of a week, for a visitor or for the supervisor.

    records  as a page may show them, in the order in which they stand there: visits, what is just
             below the line, the backlog, who moved away or came of age. A record of a visit has
             `visit` with day, order (number of the visit on its list), children (ids), reason (in
             both languages) and why; one just below the line has `visit` with `below`; the others
             have none.
    seats    visits that the week holds
    alarm    a sentence, where immediate and urgent exceed the seats
    """

    kind: Literal["caseworker", "supervisor"]
    name: str
    records: tuple[Record, ...]
    seats: int
    alarm: Texts | None = None

    @property
    def visits(self) -> int:
        """How many visits it has."""
        return len({visit["order"] for visit in map(_visit, self.records) if "order" in visit})


@dataclass(frozen=True)
class Row:
    """A line of the table of contents; counts are of the children who are visited."""

    kind: str
    name: str
    address: str
    piece: Texts | None
    visits: int
    seats: int
    tiers: Mapping[str, int]
    late: int
    over: bool


@dataclass(frozen=True)
class Part:
    """A supervisor's page: its address, its number among several (0 for one alone), its lists."""

    address: str
    number: int
    first: str
    last: str
    count: int

    @property
    def words(self) -> Texts:
        if not self.number:
            return both("all_on_one_page")
        return both("all_on_one_page_part", number=self.number, first=self.first, last=self.last)


@dataclass(frozen=True)
class _Visit:
    """The children of one household, with what stands above them."""

    head: tuple[Texts, ...]
    reason: Texts | None
    number: str
    records: tuple[Record, ...]
    on_page: CardsOnPage

    def cards(self) -> Iterator[Markup]:
        for place, record in enumerate(self.records, start=1):
            several = len(self.records) > 1 and self.number
            number = f"{self.number}.{place}" if several else self.number
            yield self.on_page.card(record, number)


@dataclass(frozen=True)
class _Day:
    date: str
    words: Texts
    visits: tuple[_Visit, ...]

    @property
    def count(self) -> Texts:
        return both_counted("visits_count", len(self.visits))


@dataclass(frozen=True)
class _Section:
    """A list as the template walks over it."""

    group: Group
    words: Texts
    alarm: Texts | None
    days: tuple[_Day, ...]
    below: tuple[_Visit, ...]
    backlog: tuple[_Visit, ...]
    handover: tuple[_Visit, ...]

    @property
    def below_words(self) -> Texts:
        return both_counted("below_fold", len(self.below))

    @property
    def backlog_words(self) -> Texts:
        return both_counted("backlog_fold", sum(len(one.records) for one in self.backlog))

    @property
    def handover_words(self) -> Texts:
        return both_counted("handover_fold", sum(len(one.records) for one in self.handover))


def write_own_pages(
    mine: WeekList, number: int, file_name: str, folder: Path, info: ListInfo, week: Week
) -> list[Row]:
    """Write a visitor's page: her own concern first, her visits by day, who is just below the line.

    `number` and `file_name` tell the lists of a plan apart. More than PAGE_CHILDREN are cut into
    several pages, between visits. Redaction and errors as in `write_html`.
    """
    mine = _permitted(mine, info)
    rows = []
    for piece in pieces(_group(mine), PAGE_CHILDREN, _visit_key):
        address = own_address(number, file_name, piece)
        kept_as = f"plan {week.start} {file_name} {piece.before}"
        values = _values([(piece, mine)], replace(info, capacity=mine.seats), week, kept_as)
        write_page("week.html.j2", values | {"asks_first": True}, folder / address)
        rows.append(_row(mine, piece, address, week.start))
    return rows


def write_supervisor_pages(
    lists: Sequence[WeekList],
    number: int,
    folder: Path,
    info: ListInfo,
    week: Week,
    office: Office | None = None,
) -> list[Part]:
    """Write the supervisor's page of some lists, with their alarms and all that visitors are not told.

    `number` is that of the page, or 0 for one that has all lists; a list of more than
    SUPERVISOR_CHILDREN, given alone, takes several numbers. Each shows what is of `office`.
    """
    office = office or Office()
    shown = [_permitted(one, info) for one in lists]
    cut = [(piece, one) for one in shown for piece in _supervisor_pieces(one)]
    pages = [cut] if len(lists) > 1 or not number else [[piece] for piece in cut]
    parts = []
    for place, page in enumerate(pages):
        address = f"list/supervisor-{number + place}.html" if number else "list/supervisor.html"
        kept_as = f"plan {week.start} {address}"
        values = _values(page, info, week, kept_as, for_supervisor=True)
        own_number = number and number + place
        values |= office_values(office, info, values["facts"], own_number)
        write_page("week.html.j2", values, folder / address)
        names = [one.name for _, one in page] or [""]
        count = sum(group.count for group, _ in page)
        parts.append(Part(address, own_number, names[0], names[-1], count))
    return parts


def _supervisor_pieces(one: WeekList) -> list[Group]:
    return pieces(_group(one), SUPERVISOR_CHILDREN, _visit_key)


def write_contents(
    rows: Sequence[Row], parts: Sequence[Part], folder: Path, info: ListInfo, week: Week
) -> None:
    """Write list.html: which page is whose."""
    values = frame_values(info, ("language.js",)) | {"rows": rows, "parts": parts}
    write_page("week_index.html.j2", values | {"week": _week_words(week)}, folder / "list.html")


def _permitted(one: WeekList, info: ListInfo) -> WeekList:
    return replace(one, records=tuple(permitted(one.records, info)))


def _group(one: WeekList) -> Group:
    return Group(one.kind, one.name, one.records)


def _values(
    cut: Sequence[tuple[Group, WeekList]],
    info: ListInfo,
    week: Week,
    kept_as: str,
    *,
    for_supervisor: bool = False,
) -> dict[str, Any]:
    groups = [group for group, _ in cut]
    values = page_values(groups, info, kept_as, week.start, for_supervisor=for_supervisor)
    on_page = values["on_page"]
    return values | {
        "week": _week_words(week),
        "week_days": [(str(one), _day_words(one)) for one in week.days],
        "for_supervisor": for_supervisor,
        "groups": [_section(group, one, on_page) for group, one in cut],
    }


def _section(group: Group, one: WeekList, on_page: CardsOnPage) -> _Section:
    by_day: dict[str, list[_Visit]] = {}
    rest: dict[str, list[_Visit]] = {"below": [], "backlog": [], "handover": []}
    for key, found in groupby(group.records, _visit_key):
        records = tuple(found)
        if key[0] == "visit":
            shown = _planned(records, on_page)
            by_day.setdefault(str(_visit(records[0])["day"]), []).append(shown)
        else:
            rest[key[0]].append(_Visit(_household(records), None, "", records, on_page))
    days = (
        _Day(day, _day_words(date.fromisoformat(day)), tuple(visits))
        for day, visits in by_day.items()
    )
    parts = (tuple(visits) for visits in rest.values())
    return _Section(group, _list_words(one), one.alarm, tuple(days), *parts)


def _visit(record: Record) -> Mapping[str, Any]:
    found: Mapping[str, Any] = record.get("visit") or {}
    return found


def _visit_key(record: Record) -> tuple[str, Any]:
    """What the records of one household have in common: where it stands, and which it is."""
    visit = _visit(record)
    if "order" in visit:
        return "visit", visit["order"]
    if "below" in visit:
        return "below", visit["below"]
    part = "backlog" if record["state"] == "backlog" else "handover"
    return part, record.get("household_id") or record["child_id"]


def _planned(records: tuple[Record, ...], on_page: CardsOnPage) -> _Visit:
    visit = _visit(records[0])
    dated: Texts = {language: day(visit["day"], language) for language in LANGUAGES}
    number = str(visit["order"])
    head: tuple[Texts, ...] = (both("visit_number", number=number), dated, *_household(records))
    return _Visit(head, visit["reason"], number, records, on_page)


def _household(records: Sequence[Record]) -> tuple[Texts, ...]:
    first = records[0]
    house, village = first.get("household_id"), first.get("village_id")
    return (
        both("visit_household", household=house) if house else both("visit_no_household"),
        *((both("visit_village", village=village),) if village else ()),
        both_counted("children_count", len(records)),
    )


def _list_words(one: WeekList) -> Texts:
    counts = both_counted("visits_count", one.visits)
    seats = both_counted("seats_count", one.seats)
    return {
        language: text("visits_of_seats", language, visits=counts[language], seats=seats[language])
        for language in LANGUAGES
    }


def _day_words(one: date) -> Texts:
    weekday = both(_WEEKDAYS[one.weekday()])
    return {
        language: text("weekday_date", language, weekday=weekday[language], date=day(one, language))
        for language in LANGUAGES
    }


def _week_words(week: Week) -> Texts:
    return {
        language: text(
            "week_value",
            language,
            first=day(week.days[0], language),
            last=day(week.days[-1], language),
        )
        for language in LANGUAGES
    }


def _row(mine: WeekList, piece: Group, address: str, today: date) -> Row:
    visited = [record for record in piece.records if "order" in _visit(record)]
    tiers = {tier: sum(record["tier"] == tier for record in visited) for tier in TIERS}
    late = sum(days_overdue(record, today) > 0 for record in visited)
    visits = len({_visit_key(record) for record in visited})
    return Row(
        mine.kind,
        mine.name,
        address,
        piece.piece_words,
        visits,
        mine.seats,
        tiers,
        late,
        mine.alarm is not None,
    )

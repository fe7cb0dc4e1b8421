"""The follow-up list as pages: single files that load nothing, work offline and print.

A page for each caseworker, the supervisor's with everybody, and a table of contents; what one page is
made of says carescreen.review.one_page. Who is on which page is known before a record is read, so that
the pages of different caseworkers are written apart, and no more records are held than a page has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from carescreen.pack import TIERS
from carescreen.review.cards import Setting
from carescreen.review.drawn import Drawn, Pen, is_drawn_alike
from carescreen.review.filed import FiledRecords
from carescreen.review.info import ListInfo
from carescreen.review.listing import (
    Group,
    field,
    groups,
    permitted,
    pieces,
    places_of,
    shown,
    taken,
)
from carescreen.review.one_page import (
    PAGE_SCRIPTS,
    Cards,
    Facts,
    facts_of,
    frame_values,
    look,
    new_pen,
    page_values,
    write_page,
)
from carescreen.review.overview_page import contents_overview, with_overview
from carescreen.review.people import People
from carescreen.review.reading import Record, days_overdue
from carescreen.review.since import Since
from carescreen.review.texts import Texts, as_day, both, texts_of

PAGE_CHILDREN = 500  # some 3 MB: what an old phone still opens in a few seconds
SUPERVISOR_CHILDREN = 5_000  # some 25 MB: opens within a second or two on a desk

_PEOPLE_SCRIPTS = (*PAGE_SCRIPTS, "people.js")
_SUPERVISOR = "list/supervisor"  # what its pages' addresses begin with
_WHOLE = f"{_SUPERVISOR}.html"


def write_html(records: Sequence[Record], path: Path | str, info: ListInfo) -> None:
    """Write the list of one or more caseworkers or villages as one page.

    Records come in the ranking's order. Without `info.quotes` each is redacted first, whatever the
    caller passes. OutputError where the file cannot be written; an earlier file then stays whole.
    """
    texts_of(info.language)
    write_page("page.html.j2", page_values(groups(records, info.group), info), Path(path))


@dataclass(frozen=True)
class Office:
    """What a supervisor sees beside the children, nothing where there is none.

    counts  the programme by village, run by run (carescreen.overview): the overview
    people  who changes hands, comes of age or may be recorded twice
    since   how many came new, rose and were closed since the list before
    besides children of no list whom the supervisor's page shows nevertheless
    """

    counts: pd.DataFrame | None = None
    people: People | None = None
    since: Since | None = None
    besides: Sequence[Record] = ()


def write_pages(
    records: Sequence[Record], folder: Path, info: ListInfo, office: Office | None = None
) -> None:
    """Write list.html and the folder `list` of pages into a folder.

    `list` has a page for each caseworker (or village), which first asks for her own concern, and
    supervisor.html with all of them; the first one, where there are several, shows `office.people`. More
    than SUPERVISOR_CHILDREN are cut into supervisor-1.html and so on, between caseworkers where none
    has so many; a caseworker's page is cut beyond PAGE_CHILDREN, as many as a phone opens. Beyond
    them list.html is a table of contents, else the whole list. The pages of everyone have the
    programme's overview. Redaction and errors as in `write_html`.
    """
    pages = Pages(records, info, office or Office())
    (folder / "list").mkdir()
    for job in pages.jobs:
        write_part(job, folder, info)
    pages.write_first(folder)


@dataclass(frozen=True, repr=False)  # it holds records
class _Whose:
    """A group of the supervisor's pages, or a piece of it, and what of it is somebody's own list.

    number  of its own page or pages; 0 where those are not written with it
    is_own  of each record whether it stands there; the others are on the supervisor's page alone
    """

    group: Group
    number: int
    is_own: Sequence[bool]

    @property
    def own(self) -> Group:
        """The group as its own page has it."""
        places = [place for place, own in enumerate(self.is_own) if own]
        return Group(self.group.kind, self.group.name, taken(self.group.records, places))


@dataclass(frozen=True, repr=False)
class PagesJob:
    """Pages that are written together: a supervisor's page, and the own pages of those who are on it.

    address, number, office  of the supervisor's page; no address where only own pages are written
    """

    whose: tuple[_Whose, ...]
    address: str = ""
    number: int = 0
    office: Office = Office()


class Pages:
    """The pages of a list: jobs that can be done in any order, by any process, and list.html."""

    def __init__(self, records: Sequence[Record], info: ListInfo, office: Office) -> None:
        texts_of(info.language)
        self.records, self.info, self.office = records, info, office
        self._groups = list(self._everyone())
        self._parts = _parts(
            [piece for whose in self._groups for piece in pieces(whose.group, SUPERVISOR_CHILDREN)]
        )

    @property
    def jobs(self) -> Iterator[PagesJob]:
        """What `write_part` writes."""
        by_name = {(whose.group.kind, whose.group.name): whose for whose in self._groups}
        for place, part in enumerate(self._parts):
            number = place + 1 if len(self._parts) > 1 else 0
            whose = (by_name[group.kind, group.name] for group in part.groups)
            yield PagesJob(
                tuple(
                    one if group.whole is None else _Whose(group, 0, ())
                    for group, one in zip(part.groups, whose, strict=True)
                ),
                part.address,
                number,
                self._office_of(part, number),
            )
        for one in self._groups:
            if one.group.count > SUPERVISOR_CHILDREN:
                yield PagesJob((one,))

    def write_first(self, folder: Path) -> None:
        """Write list.html: the whole list, or what stands on which page."""
        info, office = self.info, self.office
        if len(self.records) <= PAGE_CHILDREN:
            page = page_values([one.own for one in self._groups if one.number], info)
            page |= with_overview(info, office.counts, _villages(self.records))
            write_page("page.html.j2", page, folder / "list.html")
            return
        rows = [
            _Row(piece, address, as_day(info.as_of))
            for one in self._groups
            if one.number
            for piece, address in _own_pages(one)
        ]
        contents = frame_values(info, ("language.js", "overview.js"))
        contents |= {"pages": rows, "parts": self._parts}
        villages = {part.address: part.villages for part in self._parts}
        contents |= contents_overview(info, office.counts, villages)
        write_page("index.html.j2", contents, folder / "list.html")

    def _everyone(self) -> Iterator[_Whose]:
        records, besides = self.records, self.office.besides
        if isinstance(records, FiledRecords) and isinstance(besides, FiledRecords):
            every: Sequence[Record] = records + besides
        else:
            every = [*records, *besides]
        number = 0
        for kind, name, places in places_of(every, self.info.group):
            is_own = [place < len(records) for place in places]
            number += any(is_own)
            group = Group(kind, name, taken(every, places))
            yield _Whose(group, number if any(is_own) else 0, is_own)

    def _office_of(self, part: _Part, number: int) -> Office:
        """What a supervisor's page shows beside its children: the people stand on the first."""
        counts = self.office.counts
        if number and counts is not None:
            counts = counts[counts["village_id"].isin(part.villages)]
        people = self.office.people if number <= 1 else None
        return Office(counts, people, self.office.since)


def write_part(job: PagesJob, folder: Path, info: ListInfo) -> None:
    """Write the pages of a job into a folder that has a folder `list`.

    The cards of a list that fits on one page are drawn once for its own and the supervisor's page.
    """
    pen, as_of = new_pen(), as_day(info.as_of)
    facts = Facts(as_of)
    everywhere = Setting(as_of, _households(job), for_supervisor=True)
    drawn: list[list[Drawn] | None] = []
    for whose in job.whose:
        if whose.group.count > PAGE_CHILDREN or not job.address:
            if whose.number:
                _write_own(whose, folder, info)
            drawn.append(None)
            if job.address:
                for record in shown(whose.group.records, info):
                    facts.add(record)
            continue
        records = permitted(whose.group.records, info)
        cards: dict[int, Drawn] = {}
        if whose.number:
            cards = _write_own_of(whose, records, pen, everywhere, folder, info)
        for record in records:
            facts.add(record)
        drawn.append(
            [
                cards[place] if place in cards else pen.draw(record, everywhere)
                for place, record in enumerate(records)
            ]
        )
    if job.address:
        groups = [whose.group for whose in job.whose]
        cards_of_all = Cards(pen, drawn, facts)
        page = page_values(groups, info, job.address, for_supervisor=True, cards=cards_of_all)
        page |= office_values(job.office, info, facts, job.number)
        write_page("page.html.j2", page, folder / job.address)


def _write_own(whose: _Whose, folder: Path, info: ListInfo) -> None:
    for piece, address in _own_pages(whose):
        own = page_values([piece], info, address) | {"asks_first": True}
        write_page("page.html.j2", own, folder / address)


def _write_own_of(
    whose: _Whose,
    records: Sequence[Record],
    pen: Pen,
    everywhere: Setting,
    folder: Path,
    info: ListInfo,
) -> dict[int, Drawn]:
    """Write the own page of a list from the records of its group; its cards by their place there.

    Without those that look otherwise on the page of `everywhere`.
    """
    places = [place for place, own in enumerate(whose.is_own) if own]
    own = [records[place] for place in places]
    facts = facts_of(own, everywhere.as_of)
    setting = Setting(everywhere.as_of, facts.households)
    drawn = [pen.draw(record, setting) for record in own]
    group = Group(whose.group.kind, whose.group.name, own)
    address = own_address(whose.number, _file_name(group.name), group)
    page = page_values([group], info, address, cards=Cards(pen, [drawn], facts))
    write_page("page.html.j2", page | {"asks_first": True}, folder / address)
    found = zip(places, drawn, own, strict=True)
    return {place: one for place, one, of in found if is_drawn_alike(of, setting, everywhere)}


def _own_pages(whose: _Whose) -> Iterator[tuple[Group, str]]:
    """The pieces of somebody's own list, and the address of each."""
    for piece in pieces(whose.own, PAGE_CHILDREN):
        yield piece, own_address(whose.number, _file_name(piece.name), piece)


def _households(job: PagesJob) -> dict[str, list[str]]:
    """The children of each household that stand on a supervisor's page."""
    found: dict[str, list[str]] = {}
    for whose in job.whose:
        records = whose.group.records
        homes, children = field(records, "household_id"), field(records, "child_id")
        for home, child in zip(homes, children, strict=True):
            if home:
                found.setdefault(str(home), []).append(str(child))
    return found


def office_values(office: Office, info: ListInfo, facts: Facts, number: int) -> dict[str, Any]:
    """What a supervisor's page shows beside its children, whose facts are given.

    `number` is that of the page among several, 0 for one alone. The first has `office.people`.
    """
    values = with_overview(info, office.counts, facts.villages, is_part=number > 0)
    if office.people and number <= 1:
        values |= look(_PEOPLE_SCRIPTS) | {"people": office.people}
    return values | {"since": office.since}


def own_address(number: int, name: str, piece: Group) -> str:
    """The address of a caseworker's page, or of a piece of it; `name` is a part of a file name."""
    stem = f"list/{number:04d}-{name}"
    return f"{stem}.html" if piece.whole is None else f"{stem}-from-{piece.before + 1}.html"


@dataclass(frozen=True)
class _Part:
    """A page of the supervisor: groups, with all their records."""

    groups: tuple[Group, ...]
    address: str

    @property
    def villages(self) -> set[str]:
        return {village for group in self.groups for village in _villages(group.records)}

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def words(self) -> Texts:
        if self.address == _WHOLE:
            return both("all_on_one_page")
        names = self.groups[0].name, self.groups[-1].name
        number = self.address.removesuffix(".html").rpartition("-")[2]
        return both("all_on_one_page_part", number=number, first=names[0], last=names[1])


def _parts(cut: Sequence[Group]) -> list[_Part]:
    """The supervisor's pages: one, or as many as SUPERVISOR_CHILDREN a page make."""
    if sum(group.count for group in cut) <= SUPERVISOR_CHILDREN:
        return [_Part(tuple(cut), _WHOLE)]
    parts: list[list[Group]] = [[]]
    for group in cut:
        size = sum(other.count for other in parts[-1])
        if parts[-1] and size + group.count > SUPERVISOR_CHILDREN:
            parts.append([])
        parts[-1].append(group)
    return [
        _Part(tuple(part), f"{_SUPERVISOR}-{number}.html")
        for number, part in enumerate(parts, start=1)
    ]


def _villages(records: Sequence[Record]) -> set[str]:
    return {str(village) for village in field(records, "village_id") if village}


def _file_name(name: str) -> str:
    """A group's name as part of a file name: letters, digits and hyphens of any script."""
    return re.sub(r"[^\w-]+", "_", name)[:40] or "no-group"


@dataclass(frozen=True)
class _Row:
    """A line of the table of contents."""

    group: Group
    address: str
    as_of: date | None

    @property
    def tiers(self) -> dict[str, int]:
        tiers = Counter(map(str, field(self.group.records, "tier")))
        return {tier: tiers[tier] for tier in TIERS}

    @property
    def late(self) -> int:
        due = field(self.group.records, "due_on")
        return sum(days_overdue({"due_on": day}, self.as_of) > 0 for day in due)

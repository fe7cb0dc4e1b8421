"""The follow-up list as pages: single files that load nothing, work offline and print.

Every text of a record is escaped by the template engine; the page's policy allows its own inline
style and script by their hashes and nothing else, so that a note can neither run nor fetch.

Each card stands in a `noscript`: where scripts are off a browser shows it, and where they run it
keeps it as text until the card is shown, so that a page of thousands of children opens at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from carescreen.fields import ENTRY_FIELDS, ENTRY_FORMAT
from carescreen.pack import TIERS
from carescreen.review.bilingual import Bilingual
from carescreen.review.cards import Card, Setting, card, sources_cited
from carescreen.review.disputes import to_do
from carescreen.review.info import ListInfo
from carescreen.review.listing import (
    Group,
    Note,
    groups,
    notes,
    permitted,
    pieces,
    written_aside,
)
from carescreen.review.overview_page import contents_overview, with_overview
from carescreen.review.pages import labels_in, page_environment, policy_of, spans
from carescreen.review.people import MOST_ROWS, People
from carescreen.review.reading import Record, days_overdue
from carescreen.review.recording import (
    CHOICES,
    CLOSINGS,
    SUPERVISOR_CHOICES,
    Choice,
    spoken_keys,
)
from carescreen.review.since import Since
from carescreen.review.texts import (
    LANGUAGES,
    Texts,
    as_day,
    both,
    both_counted,
    counted,
    day,
    pick,
    texts_of,
)

PAGE_CHILDREN = 500  # some 3 MB: what an old phone still opens in a few seconds
SEARCHED_CHILDREN = 20  # beyond these a page has a field to find a code in
SUPERVISOR_CHILDREN = 5_000  # some 25 MB: opens within a second or two on a desk

_TEMPLATES = Path(__file__).parent / "templates"
_PAGE_SCRIPTS = (
    *("language.js", "list.js", "entries.js", "record.js", "bar.js", "own.js"),
    "overview.js",
)
_PEOPLE_SCRIPTS = (*_PAGE_SCRIPTS, "people.js")
_STYLES = ("list.css", "overview.css")


def write_html(records: Sequence[Record], path: Path | str, info: ListInfo) -> None:
    """Write the list of one or more caseworkers or villages as one page.

    Records come in the ranking's order. Without `info.quotes` each is redacted first, whatever the
    caller passes. OutputError where the file cannot be written; an earlier file then stays whole.
    """
    texts_of(info.language)
    shown = permitted(records, info)
    write_page("page.html.j2", page_values(groups(shown, info.group), info), Path(path))


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
    office = office or Office()
    shown = permitted(records, info)
    cut = groups(shown, info.group)
    (folder / "list").mkdir()
    rows = []
    for number, group in enumerate(cut, start=1):
        for piece in pieces(group, PAGE_CHILDREN):
            address = own_address(number, _file_name(group.name), piece)
            own = page_values([piece], info, address) | {"asks_first": True}
            write_page("page.html.j2", own, folder / address)
            rows.append(_Row(piece, address, as_day(info.as_of)))
    everyone = groups([*shown, *permitted(office.besides, info)], info.group)
    parts = _parts([piece for group in everyone for piece in pieces(group, SUPERVISOR_CHILDREN)])
    for part in parts:
        page = page_values(part.groups, info, part.address, for_supervisor=True)
        number = parts.index(part) + 1 if len(parts) > 1 else 0
        page |= office_values(office, info, part.records, number, page["calibrated"])
        write_page("page.html.j2", page, folder / part.address)
    if len(shown) <= PAGE_CHILDREN:
        page = page_values(cut, info) | with_overview(info, office.counts, shown)
        write_page("page.html.j2", page, folder / "list.html")
        return
    contents = frame_values(info, ("language.js", "overview.js")) | {"pages": rows, "parts": parts}
    contents |= contents_overview(
        info, office.counts, {part.address: part.records for part in parts}
    )
    write_page("index.html.j2", contents, folder / "list.html")


def office_values(
    office: Office, info: ListInfo, records: Sequence[Record], number: int, calibrated: bool
) -> dict[str, Any]:
    """What a supervisor's page shows beside its children.

    `number` is that of the page among several, 0 for one alone. The first has `office.people`.
    """
    values = with_overview(info, office.counts, records, is_part=number > 0)
    if office.people and number <= 1:
        values |= frame_values(info, _PEOPLE_SCRIPTS, calibrated) | {"people": office.people}
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
    def records(self) -> list[Record]:
        return [record for group in self.groups for record in group.records]

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


_SUPERVISOR = "list/supervisor"  # what its pages' addresses begin with
_WHOLE = f"{_SUPERVISOR}.html"


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


def write_page(template: str, values: dict[str, Any], path: Path) -> None:
    """Write a page of a template: whole or not at all."""
    page = _environment().get_template(template)
    with (
        written_aside(path) as aside,
        aside.open("w", encoding="utf-8", errors="replace", newline="\n") as file,
    ):
        for part in page.generate(values):
            file.write(part)


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
        return _tier_counts(self.group.records)

    @property
    def late(self) -> int:
        return _late_count(self.group.records, self.as_of)


@dataclass(frozen=True)
class _Section:
    """A group as the template walks over it: its cards are made one at a time."""

    group: Group
    setting: Setting
    notes: Mapping[int, Note]

    def cards(self) -> Iterator[tuple[Note | None, Card]]:
        """Each card, with the sentence that stands before it."""
        for number, record in enumerate(self.group.records):
            place = f"{self.group.before + number + 1}/{self.group.whole_count}"
            yield self.notes.get(number), card(record, place, self.setting)


def page_values(
    cut: Sequence[Group],
    info: ListInfo,
    name: str = "list.html",
    today: date | None = None,
    *,
    for_supervisor: bool = False,
) -> dict[str, Any]:
    """What page.html.j2 shows; under `name` a device keeps what was recorded on the page.

    What is overdue is counted by `today`, else by the list's own date. What is for the supervisor
    alone (conflicts of interest, answers to disputes) is left out unless the page is.
    """
    records = [record for group in cut for record in group.records]
    as_of, sources = today or as_day(info.as_of), sources_cited(records)
    numbers = {key: number for number, key in enumerate(sources, start=1)}
    setting = Setting(as_of, _households(records), numbers, for_supervisor)
    calibrated = any(record.get("probability") is not None for record in records)
    return frame_values(info, _PAGE_SCRIPTS, calibrated) | {
        **_recording((*CHOICES, *SUPERVISOR_CHOICES) if for_supervisor else CHOICES),
        "to_do": to_do(records, as_day(info.as_of)) if for_supervisor else None,
        "calibrated": calibrated,
        "people": None,
        "most_rows": MOST_ROWS,
        "page_name": name,
        "asks_first": False,
        "overview": (),
        "since": None,
        "tier_counts": _tier_counts(records),
        "villages": sorted({str(r["village_id"]) for r in records if r.get("village_id")}),
        "late_count": _late_count(records, as_of),
        "total": len(records),
        "setting": setting,
        "searched": len(records) > SEARCHED_CHILDREN,
        "groups": [_Section(group, setting, notes(group, info)) for group in cut],
        "sources": list(sources.values()),
    }


def _recording(choices: Sequence[Choice]) -> dict[str, Any]:
    """What the forms of a page are made of."""
    return {
        "choices": choices,
        "closings": CLOSINGS,
        "sayings": dict.fromkeys(spoken_keys(choices)),
        "entry_fields": " ".join(ENTRY_FIELDS),
        "exchange_format": ENTRY_FORMAT,
    }


def _tier_counts(records: Sequence[Record]) -> dict[str, int]:
    tiers = Counter(str(record["tier"]) for record in records)
    return {tier: tiers[tier] for tier in TIERS}


def _late_count(records: Sequence[Record], as_of: date | None) -> int:
    return sum(days_overdue(record, as_of) > 0 for record in records)


def frame_values(
    info: ListInfo, scripts: Sequence[str], calibrated: bool = False
) -> dict[str, Any]:
    """What every page has: head, language switch, where the list comes from, legend."""
    style, script = "".join(map(_asset, _STYLES)), "".join(map(_asset, scripts))
    return {
        "bilingual": Bilingual(info.language),
        "info": info,
        "language": info.language,
        "policy": policy_of(style, script),
        "style": Markup(style),  # noqa: S704  our own file, not data
        "script": Markup(script),  # noqa: S704
        "pack": {language: pick(info.pack, language) for language in LANGUAGES},
        "standing": both("standing_probability" if calibrated else "standing_score"),
        "tiers": TIERS,
        "labels": labels_in(info.language),
        "hours": lambda tier: _hours(tier, info),
    }


def _households(records: Sequence[Record]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in records:
        if record.get("household_id"):
            found.setdefault(str(record["household_id"]), []).append(str(record["child_id"]))
    return found


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """The templates, read and compiled once; what changes from page to page is in the context."""
    environment = page_environment(_TEMPLATES)
    environment.filters.update(spans=spans, two_levels_down=_two_levels_down)
    environment.globals.update(
        t=both,
        n=both_counted,
        n_score=lambda score: both("score_value", score=score),
        dated=lambda value: {language: day(value, language) for language in LANGUAGES},
    )
    return environment


def _two_levels_down(part: Markup) -> Markup:
    """Our own markup, its headings two levels further down: for what stands in a day and a visit."""
    source = str(part)
    for level in (3, 4, 5):
        source = source.replace(f"<h{level}", f'<h{level} aria-level="{min(level + 2, 6)}"')
    return Markup(source)  # noqa: S704  text in it is escaped: a heading's tag is the template's


def _hours(tier: str, info: ListInfo) -> Texts:
    words, hours = both(f"tier_{tier}"), info.tier_hours[tier]
    return {
        language: counted("hours_tier", hours, language, tier=words[language])
        for language in LANGUAGES
    }


def _asset(name: str) -> str:
    return "\n" + (_TEMPLATES / name).read_text(encoding="utf-8")

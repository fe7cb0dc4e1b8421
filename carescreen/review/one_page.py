"""One page of a follow-up list: what its template is given, and writing it.

Every text of a record is escaped by the template engine; the page's policy allows its own inline
style and script by their hashes and nothing else, so that a note can neither run nor fetch.

Each card stands in a `noscript`: where scripts are off a browser shows it, and where they run it
keeps it as text until the card is shown, so that a page of thousands of children opens at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from carescreen.fields import ENTRY_FIELDS, ENTRY_FORMAT
from carescreen.pack import TIERS
from carescreen.review.bilingual import Bilingual
from carescreen.review.cards import Setting, Source, SourceKey, add_sources
from carescreen.review.disputes import may_be_to_do, to_do
from carescreen.review.drawn import CardsOnPage, Drawn, Pen
from carescreen.review.info import ListInfo
from carescreen.review.listing import Group, Note, notes, shown, written_aside
from carescreen.review.pages import labels_in, page_environment, policy_of, spans
from carescreen.review.people import MOST_ROWS
from carescreen.review.reading import Record, days_overdue
from carescreen.review.recording import (
    CHOICES,
    CLOSINGS,
    SUPERVISOR_CHOICES,
    Choice,
    spoken_keys,
)
from carescreen.review.texts import (
    LANGUAGES,
    Texts,
    as_day,
    both,
    both_counted,
    counted,
    day,
    pick,
)

SEARCHED_CHILDREN = 20  # beyond these a page has a field to find a code in

_TEMPLATES = Path(__file__).parent / "templates"
PAGE_SCRIPTS = (
    *("language.js", "list.js", "entries.js", "record.js", "bar.js", "own.js"),
    "overview.js",
)
_STYLES = ("list.css", "overview.css")


def write_page(template: str, values: dict[str, Any], path: Path) -> None:
    """Write a page of a template: whole or not at all."""
    page = _environment().get_template(template)
    with (
        written_aside(path) as aside,
        aside.open("w", encoding="utf-8", errors="replace", newline="\n") as file,
    ):
        for part in page.generate(values):
            file.write(part)


def new_pen() -> Pen:
    """A pen for the cards of one page, or of pages on which the same cards stand."""
    return Pen(_environment().get_template("card.html.j2"))


@dataclass
class Facts:
    """What a page says of its records as a whole, added up record by record.

    as_of    the day by which a follow-up is overdue
    asked    records about whom a supervisor may have something to do
    """

    as_of: date | None
    total: int = 0
    late: int = 0
    is_calibrated: bool = False
    tiers: Counter[str] = field(default_factory=Counter)
    villages: set[str] = field(default_factory=set)
    households: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[SourceKey, Source] = field(default_factory=dict)
    asked: list[Record] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count one record."""
        self.total += 1
        self.late += days_overdue(record, self.as_of) > 0
        self.is_calibrated |= record.get("probability") is not None
        self.tiers[str(record["tier"])] += 1
        if record.get("village_id"):
            self.villages.add(str(record["village_id"]))
        if record.get("household_id"):
            home = self.households.setdefault(str(record["household_id"]), [])
            home.append(str(record["child_id"]))
        add_sources(self.sources, record)
        if may_be_to_do(record):
            self.asked.append(record)

    @property
    def sources_in_order(self) -> dict[SourceKey, Source]:
        """Each source once, in the order in which a page numbers them."""
        return dict(sorted(self.sources.items()))


def facts_of(records: Iterable[Record], as_of: date | None) -> Facts:
    """The facts of some records."""
    facts = Facts(as_of)
    for record in records:
        facts.add(record)
    return facts


@dataclass(frozen=True)
class _Section:
    """A group as the template walks over it.

    drawn  its cards, where they are drawn already
    """

    group: Group
    notes: Mapping[int, Note]
    info: ListInfo
    on_page: CardsOnPage
    drawn: Sequence[Drawn] | None

    def cards(self) -> Iterator[tuple[Note | None, Drawn, str]]:
        """The sentence that stands before each card, the card, and its place.

        The template puts a card on the page: its texts are numbered after those of the sentence.
        """
        for number, drawn in enumerate(self._drawn()):
            place = f"{self.group.before + number + 1}/{self.group.whole_count}"
            yield self.notes.get(number), drawn, place

    def _drawn(self) -> Iterable[Drawn]:
        if self.drawn is not None:
            return self.drawn
        pen, setting = self.on_page.pen, self.on_page.setting
        return (pen.draw(record, setting) for record in shown(self.group.records, self.info))


@dataclass(frozen=True)
class Cards:
    """Cards that are drawn already: with which pen, those of each group (or None), and their facts."""

    pen: Pen
    drawn: Sequence[Sequence[Drawn] | None]
    facts: Facts


def page_values(
    cut: Sequence[Group],
    info: ListInfo,
    name: str = "list.html",
    today: date | None = None,
    *,
    for_supervisor: bool = False,
    cards: Cards | None = None,
) -> dict[str, Any]:
    """What page.html.j2 shows; under `name` a device keeps what was recorded on the page.

    What is overdue is counted by `today`, else by the list's own date. What is for the supervisor
    alone (conflicts of interest, answers to disputes) is left out unless the page is. Records are
    redacted as they are read unless the list has quotes; `cards` are those drawn before.
    """
    as_of = today or as_day(info.as_of)
    if cards is None:
        records = (record for group in cut for record in shown(group.records, info))
        cards = Cards(new_pen(), [None] * len(cut), facts_of(records, as_of))
    facts, sources = cards.facts, cards.facts.sources_in_order
    values = frame_values(info, PAGE_SCRIPTS, facts.is_calibrated)
    numbers = {key: number for number, key in enumerate(sources, start=1)}
    setting = Setting(as_of, facts.households, for_supervisor)
    on_page = CardsOnPage(cards.pen, values["bilingual"], numbers, setting)
    return values | {
        **_recording((*CHOICES, *SUPERVISOR_CHOICES) if for_supervisor else CHOICES),
        "to_do": to_do(facts.asked, as_day(info.as_of)) if for_supervisor else None,
        "calibrated": facts.is_calibrated,
        "people": None,
        "most_rows": MOST_ROWS,
        "page_name": name,
        "asks_first": False,
        "overview": (),
        "since": None,
        "tier_counts": {tier: facts.tiers[tier] for tier in TIERS},
        "villages": sorted(facts.villages),
        "late_count": facts.late,
        "total": facts.total,
        "facts": facts,
        "on_page": on_page,
        "searched": facts.total > SEARCHED_CHILDREN,
        "groups": [
            _Section(group, notes(group, info), info, on_page, drawn)
            for group, drawn in zip(cut, cards.drawn, strict=True)
        ],
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


def frame_values(
    info: ListInfo, scripts: Sequence[str], calibrated: bool = False
) -> dict[str, Any]:
    """What every page has: head, language switch, where the list comes from, legend."""
    return look(scripts) | {
        "bilingual": Bilingual(info.language),
        "info": info,
        "language": info.language,
        "pack": {language: pick(info.pack, language) for language in LANGUAGES},
        "standing": both("standing_probability" if calibrated else "standing_score"),
        "tiers": TIERS,
        "labels": labels_in(info.language),
        "hours": lambda tier: _hours(tier, info),
    }


def look(scripts: Sequence[str]) -> dict[str, Any]:
    """The style, the scripts and the policy of a page."""
    style, script = "".join(map(_asset, _STYLES)), "".join(map(_asset, scripts))
    return {
        "policy": policy_of(style, script),
        "style": Markup(style),  # noqa: S704  our own file, not data
        "script": Markup(script),  # noqa: S704
    }


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


@lru_cache(maxsize=32)
def _asset(name: str) -> str:
    return "\n" + (_TEMPLATES / name).read_text(encoding="utf-8")

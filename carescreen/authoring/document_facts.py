"""What the page says of a pack as a whole: counts, settings, thresholds, the laws it cites."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from carescreen.authoring.document_pack import ShownPack, who_reviewed
from carescreen.authoring.document_texts import words
from carescreen.indicators import Texts
from carescreen.pack import TIERS
from carescreen.review.texts import LANGUAGES, pick
from carescreen.review.wording import article, article_numbers
from carescreen.rulefile import LANES, Rule
from carescreen.thresholds import Threshold

STATES = ("on", "not_in_force", "off")


@dataclass(frozen=True)
class Link:
    """A pack of the chain."""

    id: str
    version: str
    title: Texts
    review: Texts
    is_last: bool


@dataclass(frozen=True)
class Row:
    """How many rules a tier or lane has, in the order of STATES."""

    title: Texts
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """In any state."""
        return sum(self.counts)


@dataclass(frozen=True)
class ThresholdEntry:
    """A named number, the pack that gave it last, and the rules that read it."""

    threshold: Threshold
    pack: str
    rules: tuple[Rule, ...]

    @property
    def number(self) -> str:
        """The number as people write it."""
        return f"{self.threshold.value:g}"


@dataclass(frozen=True)
class Law:
    """A cited text: its names, and for each place in it the rules that rest on it."""

    name: Texts
    number: str | None
    addresses: tuple[str, ...]
    verified: bool
    places: tuple[tuple[str, tuple[Rule, ...]], ...]


def group_title(name: str) -> Texts:
    """A tier or lane in words."""
    return words(f"tier_{name}" if name in TIERS else f"lane_{name}")


def chain(shown: ShownPack) -> tuple[Link, ...]:
    """The packs that build on each other, parents first."""
    files = shown.rules.pack.files
    return tuple(
        Link(
            id=str(file.data["id"]),
            version=str(file.data["version"]),
            title={language: pick(file.data["title"], language) for language in LANGUAGES},
            review=who_reviewed(file),
            is_last=file is files[-1],
        )
        for file in files
    )


def counts(shown: ShownPack) -> tuple[Row, ...]:
    """The rules of each tier and lane by state; those without any rule left out."""
    found: Counter[tuple[str, str]] = Counter(
        (rule.tier or rule.lane, shown.state(rule)) for rule in shown.every
    )
    rows = [
        Row(group_title(name), tuple(found[name, state] for state in STATES))
        for name in (*TIERS, *LANES)
    ]
    return tuple(row for row in rows if row.total)


def counts_total(rows: tuple[Row, ...]) -> Row:
    """All of them."""
    sums = (sum(row.counts[place] for row in rows) for place in range(len(STATES)))
    return Row(words("counts_total"), tuple(sums))


def verified_words(shown: ShownPack) -> Texts:
    """How many rules rest on sources that were all read."""
    total = len(shown.every)
    read = sum(all(source["verified"] for source in rule.source) for rule in shown.every)
    return words("counts_verified", total=total, verified=read, other=total - read)


def settings(shown: ShownPack) -> Iterator[tuple[Texts, Texts]]:
    """Each setting of the programme with its value."""
    now = shown.rules.settings
    for tier in TIERS:
        title = words("setting_hours", tier=words(f"tier_{tier}"))
        yield title, words("hours", count=getattr(now.tier_hours, tier))
    yield words("setting_event_window"), words("days", count=now.event_window_days)
    yield words("setting_mention_window"), words("days", count=now.mention_window_days)
    yield words("setting_backlog"), words("days", count=now.backlog_days)
    kept = now.retention
    for name, months in (
        ("setting_notes_unflagged", kept.unflagged_note_months),
        ("setting_notes_flagged", kept.flagged_note_months),
    ):
        yield words(name), words("months", count=months) if months else words("kept_for_good")
    yield words("setting_capacity"), words("visits", count=now.capacity)
    share = now.random_share
    yield words("setting_random"), _in_hundred(share) if share else words("none_at_random")
    lift = now.lift_probability
    yield words("setting_lift"), words("off") if lift is None else _in_hundred(lift)
    yield words("setting_questions"), words("questions", count=now.open_questions)


def thresholds(shown: ShownPack) -> tuple[ThresholdEntry, ...]:
    """The named numbers, in the order in which the packs declare them."""
    return tuple(
        ThresholdEntry(
            threshold,
            shown.place(threshold.place).pack,
            shown.readers(lambda rule: rule.condition.thresholds, threshold.id),
        )
        for threshold in shown.rules.pack.thresholds.values()
    )


def laws(shown: ShownPack) -> tuple[Law, ...]:
    """The cited texts, those that most rules rest on first."""
    cited: dict[str, list[tuple[Rule, Mapping[str, Any]]]] = {}
    for rule in shown.every:
        for source in rule.source:
            cited.setdefault(str(source["law"]), []).append((rule, source))
    order = sorted(cited.values(), key=lambda uses: -len({rule.id for rule, _ in uses}))
    return tuple(map(_law, order))


def _law(uses: list[tuple[Rule, Mapping[str, Any]]]) -> Law:
    places: dict[str, dict[str, Rule]] = {}
    for rule, source in uses:
        place = source["article"] or ""
        for number in article_numbers(place) or [place]:
            places.setdefault(number, {})[rule.id] = rule
    sources = [source for _, source in uses]
    first = sources[0]
    return Law(
        name={language: article({**first, "article": None}, language) for language in LANGUAGES},
        number=None if first["number"] is None else str(first["number"]),
        addresses=tuple(dict.fromkeys(str(s["url"]) for s in sources if s["url"] is not None)),
        verified=all(source["verified"] for source in sources),
        places=tuple(
            (place, tuple(places[place].values())) for place in sorted(places, key=_order)
        ),
    )


def _order(place: str) -> tuple[bool, list[int], str]:
    """Articles by number, then places in words."""
    numbers = [int(number) for number in re.findall(r"\d+", place, re.ASCII)]
    return not article_numbers(place), numbers, place


def _in_hundred(share: float) -> Texts:
    return words("in_hundred", count=f"{share * 100:g}")

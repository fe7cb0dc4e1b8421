"""What people recorded of a child lately, in plain words: on its card, and for the supervisor.

The words that somebody wrote stand on a page only where the page has quotes: they are free text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from carescreen.review.reading import Record, entries
from carescreen.review.texts import LANGUAGES, Texts, as_day, both, day, text

DAYS_FOR_SUPERVISOR = 28
_TO_LOOK_AT = ("lower", "own_concern")
_VISITS = ("visited", "could_not_see")


@dataclass(frozen=True)
class Line:
    """One thing recorded: who, when and what; `quote` is what the person wrote."""

    words: Texts
    quote: str


@dataclass(frozen=True)
class OfChild:
    """A line of the supervisor's page about one child."""

    child_id: str
    village: str
    words: Texts


@dataclass(frozen=True)
class ToldList:
    """Lines of one kind, the newest first."""

    title: Texts
    lines: tuple[OfChild, ...]


def lines_told(record: Record) -> tuple[Line, ...]:
    """Everything a record repeats of what was recorded, the newest first."""
    return tuple(
        Line(_words(_key(entry), entry), str(entry.get("reason") or ""))
        for entry in entries(record, "told")
    )


def has_visits(record: Record) -> bool:
    """Whether a visit is among what was recorded."""
    return any(entry["decision"] in _VISITS for entry in entries(record, "told"))


def is_to_look_at(record: Record, as_of: date) -> bool:
    """Whether somebody lately held the child lower than listed, or was worried about it."""
    return any(True for kind in _TO_LOOK_AT for _ in _lately(record, kind, as_of))


def told_lists(records: Sequence[Record], as_of: date | None) -> tuple[ToldList, ...]:
    """For the supervisor: who held whom lower than listed, and who was worried about whom.

    Of each person the newest word about a child; for DAYS_FOR_SUPERVISOR days.
    """
    if as_of is None:
        return ()
    found = (_list(records, kind, as_of) for kind in _TO_LOOK_AT)
    return tuple(told for told in found if told.lines)


def _list(records: Sequence[Record], kind: str, as_of: date) -> ToldList:
    pairs = [(record, entry) for record in records for entry in _lately(record, kind, as_of)]
    pairs.sort(key=lambda pair: str(pair[1]["decided_on"]), reverse=True)
    lines = tuple(
        OfChild(
            str(record["child_id"]),
            str(record.get("village_id") or ""),
            _words(f"to_do_{kind}_line", entry),
        )
        for record, entry in pairs
    )
    return ToldList(both(f"to_do_{kind}", days=DAYS_FOR_SUPERVISOR), lines)


def _lately(record: Record, kind: str, as_of: date) -> Iterable[Record]:
    """The newest word of each person of one kind, where it is not too old and says something."""
    newest: dict[str, Record] = {}
    for entry in entries(record, "told"):
        if entry["decision"] == kind:
            newest.setdefault(str(entry.get("by")).casefold(), entry)
    for entry in newest.values():
        said_on = as_day(entry.get("decided_on"))
        is_late = said_on is None or (as_of - said_on).days > DAYS_FOR_SUPERVISOR
        if not is_late and (kind != "own_concern" or entry.get("result") == "yes"):
            yield entry


def _key(entry: Record) -> str:
    result = entry.get("result")
    return f"told_{entry['decision']}" + (f"_{result}" if result else "")


def _words(key: str, entry: Record) -> Texts:
    return {language: _in_words(key, entry, language) for language in LANGUAGES}


def _in_words(key: str, entry: Record, language: str) -> str:
    tier, code = entry.get("tier"), entry.get("reason_code")
    return text(
        key,
        language,
        who=str(entry.get("by") or ""),
        date=day(entry.get("decided_on"), language),
        visited=day(entry.get("visited_on"), language),
        tier=text(f"tier_{tier}" if tier else "not_recorded", language),
        code=text(f"code_{code}" if code else "told_no_code", language),
    )

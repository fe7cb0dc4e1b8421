"""What a family or a worker says is wrong, as a list shows it; who should not visit; who waits.

The words of a dispute stand on a page only where the page has quotes: they are free text. A conflict
of interest stands on the supervisor's page alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from carescreen.review.reading import Record, entries
from carescreen.review.texts import LANGUAGES, Texts, both, both_counted, day
from carescreen.review.told import ToldList, told_lists


@dataclass(frozen=True)
class Said:
    """One dispute as a card shows it: who says it since when, its words, and the answer."""

    title: Texts
    words: str
    answer: Texts
    answer_words: str


@dataclass(frozen=True)
class Asked:
    """A child of the supervisor's page about whom something is to be answered, since when."""

    child_id: str
    village: str
    titles: tuple[Texts, ...]


@dataclass(frozen=True)
class ToDo:
    """What the supervisor's page begins with.

    waiting  how many children at the highest tier nobody has taken on; None where there are none
    told     who lately held a child lower than listed, and who was worried about one
    """

    asked: tuple[Asked, ...]
    waiting: Texts | None
    told: tuple[ToldList, ...] = ()


def has_open_dispute(record: Record) -> bool:
    """Whether somebody says that a record of the child is wrong and nobody has answered."""
    return any(not entry.get("result") for entry in entries(record, "disputes"))


def said_otherwise(record: Record) -> tuple[Said, ...]:
    """Every dispute of a child, those that wait for an answer first."""
    found = sorted(entries(record, "disputes"), key=lambda entry: bool(entry.get("result")))
    return tuple(_said(entry) for entry in found)


def dispute_tags(record: Record) -> tuple[Texts, ...]:
    """One line for each kind of open dispute: since when the oldest waits."""
    oldest: dict[str, Record] = {}
    for entry in entries(record, "disputes"):
        if not entry.get("result"):
            oldest.setdefault(str(entry["kind"]), entry)
    return tuple(_since(entry) for entry in oldest.values())


def conflict_words(record: Record) -> tuple[Texts, ...]:
    """Who has a conflict of interest about a child, for the supervisor."""
    return tuple(
        _dated("conflict_since", entry.get("since"), who=entry.get("by") or "")
        for entry in entries(record, "conflicts")
    )


def waiting_words(record: Record) -> Texts | None:
    """Since when nobody has taken an immediate follow-up on; None where somebody has."""
    since = record.get("waiting_since")
    return _dated("waiting_since", since) if since else None


def to_do(records: Iterable[Record], as_of: date | None = None) -> ToDo | None:
    """What the supervisor has to answer among some records; None where there is nothing.

    `as_of` is the list's day: without it nothing counts as told lately.
    """
    found = list(records)
    asked = tuple(_asked(record) for record in found if has_open_dispute(record))
    since = sorted(str(r["waiting_since"]) for r in found if r.get("waiting_since"))
    told = told_lists(found, as_of)
    if not (asked or since or told):
        return None
    return ToDo(asked, _waiting(since) if since else None, told)


def may_be_to_do(record: Record) -> bool:
    """Whether `to_do` may have something to say of a record."""
    return bool(record.get("waiting_since") or record.get("disputes") or record.get("told"))


def _asked(record: Record) -> Asked:
    return Asked(str(record["child_id"]), str(record.get("village_id") or ""), dispute_tags(record))


def _waiting(since: Sequence[str]) -> Texts:
    words = {language: day(since[0], language) for language in LANGUAGES}
    counted = both_counted("waiting_count", len(since), date="{date}")
    return {language: counted[language].replace("{date}", words[language]) for language in words}


def _said(entry: Record) -> Said:
    result = str(entry.get("result") or "")
    answer = (
        _dated(f"dispute_{result}", entry.get("answered_on")) if result else both("dispute_open")
    )
    return Said(
        _since(entry), str(entry.get("words") or ""), answer, str(entry.get("answer") or "")
    )


def _since(entry: Record) -> Texts:
    return _dated(f"dispute_{entry['kind']}", entry.get("said_on"))


def _dated(key: str, value: object, **values: str) -> Texts:
    """A text with a date in it, as each language writes dates."""
    return {
        language: both(key, date=day(value, language), **values)[language] for language in LANGUAGES
    }

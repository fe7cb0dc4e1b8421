"""Children who change hands, move away, come of age or stand in the list twice, in words.

On a card these are lines of its own child. The supervisor's page has a section of each, so that
nobody falls between two caseworkers; a question ("recorded twice, or twins?") stands there alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from carescreen.departure import ADULT_AGE
from carescreen.review import wording
from carescreen.review.reading import Record, entries
from carescreen.review.texts import LANGUAGES, Texts, as_day, both, both_counted, day, text

DOUBTFUL_AGE = 25
MOST_ROWS = 200  # of a section; the table in the run's folder has them all
_DOUBTFUL = timedelta(days=round((DOUBTFUL_AGE - ADULT_AGE) * 365.2425))


@dataclass(frozen=True, repr=False)  # its values are records
class Line:
    """One child of a section: who and where, its tier, and what is said of it."""

    child_id: str
    village: str
    caseworker: str
    tier: str
    words: tuple[Texts, ...]

    @property
    def tier_words(self) -> Texts:
        """Its tier as readers know it."""
        return both(f"tier_{self.tier}")


@dataclass(frozen=True, repr=False)
class Handed:
    """Children who went from one caseworker (and village) to another."""

    before: tuple[str, str]
    now: tuple[str, str]
    children: tuple[str, ...]
    not_taken_on: int

    @property
    def words(self) -> Texts:
        """From whom to whom, and how many."""
        return {
            language: text(
                "people_handed",
                language,
                before=whose(*self.before, language),
                now=whose(*self.now, language),
                count=len(self.children),
            )
            for language in LANGUAGES
        }

    @property
    def open_words(self) -> Texts | None:
        """How many nobody has taken on since; None where that is none."""
        return both("people_not_taken_on", count=self.not_taken_on) if self.not_taken_on else None


@dataclass(frozen=True, repr=False)
class Two:
    """Two rows that are or may be one child."""

    children: tuple[str, str]
    where: tuple[str, str]
    tiers: tuple[str, str]
    why: Texts

    @property
    def is_moved(self) -> bool:
        """Whether the two rows stand in different villages."""
        return self.where[0] != self.where[1]

    @property
    def tier_words(self) -> tuple[Texts, Texts]:
        """The tier of each."""
        return both(f"tier_{self.tiers[0]}"), both(f"tier_{self.tiers[1]}")


@dataclass(frozen=True, repr=False)
class People:
    """The sections of the supervisor's page; each is in the order of the ranking or of ids."""

    handed: Sequence[Handed] = ()
    moved: Sequence[Line] = ()
    adults: Sequence[Line] = ()
    asked: Sequence[Two] = ()
    same: Sequence[Two] = ()
    contradicts: Sequence[Two] = ()

    def __bool__(self) -> bool:
        return any(len(getattr(self, name)) for name in self.__dataclass_fields__)


def tags_of(record: Record) -> Iterator[Texts]:
    """Short marks of a closed card."""
    if record.get("handed_over"):
        yield both("tag_handed_over")
    if record.get("moved_on"):
        yield both("tag_moved")
    if is_adult(record):
        yield both("tag_adult")
    if record.get("also_recorded"):
        yield both("tag_twice")


def lines_of(record: Record, as_of: date | None) -> Iterator[Texts]:
    """What a card says of who the child is with, where it is, its coming of age and its other row."""
    if record.get("handed_over"):
        yield from _handed_lines(record, record["handed_over"])
    if record.get("moved_on"):
        yield both_dated("line_moved", record["moved_on"])
        if record.get("moved_to"):
            yield both("line_moved_to", to=record["moved_to"])
    yield from _age_lines(record, as_of)
    for other in entries(record, "also_recorded"):
        yield _other_row(other)


def _handed_lines(record: Record, handed: Record) -> Iterator[Texts]:
    before = handed["from_caseworker_id"], handed["from_village_id"]
    yield {
        language: text(
            "line_handed",
            language,
            who=whose(*before, language),
            date=day(handed["noticed_on"], language),
        )
        for language in LANGUAGES
    }
    taken_on = record.get("taken_on")
    if is_taken_before(taken_on, handed):
        yield both_dated("line_taken_before", taken_on)


def is_taken_before(taken_on: str | None, handed: Record) -> bool:
    """Whether a follow-up was taken on by whom the child was with before, and not since.

    The list before is the last that the earlier caseworker had; a decision of its day is hers.
    """
    return bool(taken_on) and str(taken_on) <= str(handed["last_on"])


def _age_lines(record: Record, as_of: date | None) -> Iterator[Texts]:
    on = as_day(record.get("turns_18_on"))
    if on and as_of and on > as_of:
        yield both_dated("line_turns_18", on)
    elif on:
        yield both_dated("line_turned_18", on)
        if is_doubtful(on, as_of):
            yield both("line_doubtful_age")
    elif is_adult(record):
        yield both("line_adult")


def is_adult(record: Record) -> bool:
    """Whether a child is known to be 18 or older; an age that is not known is not 18."""
    return (record.get("age_years") or 0) >= ADULT_AGE


def is_doubtful(turned_on: date, as_of: date | None) -> bool:
    """Whether a child came of age so long ago that its birth date is more likely wrong."""
    return as_of is not None and as_of - turned_on >= _DOUBTFUL


def _other_row(other: Record) -> Texts:
    count = int(other["concerns"])
    return {
        language: text(
            "line_twice",
            language,
            other=other["child_id"],
            tier=wording.tier_word(other["tier"], language),
            concerns=both_counted("people_concerns", count)[language],
        )
        for language in LANGUAGES
    }


def both_dated(key: str, on: object) -> Texts:
    """One text with a date in it, in every language."""
    return {language: text(key, language, date=day(on, language)) for language in LANGUAGES}


def whose(caseworker: str, village: str, language: str) -> str:
    """A caseworker and her village, or that there is none."""
    who = caseworker or text("people_nobody", language)
    return text("people_who", language, who=who, village=village) if village else who

"""The records a list may show, the groups it is cut into, and writing its file in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from carescreen.errors import OutputError
from carescreen.review.filed import FiledRecords
from carescreen.review.info import GroupBy, ListInfo
from carescreen.review.reading import Record
from carescreen.review.redaction import redact
from carescreen.review.texts import Texts, both, both_counted, sentences

_Kind = Literal["caseworker", "village", "none"]


@dataclass(frozen=True)
class Group:
    """The records of one caseworker, or of one village.

    First the visits of this week, then those below the line, then the supervisor's backlog, then who
    moved away or came of age; within each part the records keep the ranking's order. A piece of a
    long group knows the whole, and how many of its records come before.
    """

    kind: Literal["caseworker", "supervisor", "village", "none"]
    name: str
    records: Sequence[Record]
    whole: Group | None = None
    before: int = 0

    @property
    def count(self) -> int:
        """How many children it has."""
        return len(self.records)

    @property
    def whole_count(self) -> int:
        """How many children the whole group has."""
        return (self.whole or self).count

    @property
    def piece_words(self) -> Texts | None:
        """Which of the whole group's children a piece has; None for a whole group."""
        if self.whole is None:
            return None
        first, last = self.before + 1, self.before + self.count
        return both("piece", first=first, last=last, whole=self.whole.count)


def pieces(group: Group, most: int, keep: Callable[[Record], object] | None = None) -> list[Group]:
    """A group cut into pieces of at most `most` records, in order; itself where it is no longer.

    Records next to each other for which `keep` gives the same stay in one piece.
    """
    if group.count <= most:
        return [group]
    found, first = [], 0
    while first < group.count:
        beyond = min(first + most, group.count)
        whole = group.records
        while (
            keep and first < beyond < group.count and keep(whole[beyond]) == keep(whole[beyond - 1])
        ):
            beyond -= 1
        beyond = beyond if beyond > first else min(first + most, group.count)
        found.append(Group(group.kind, group.name, whole[first:beyond], group, first))
        first = beyond
    return found


@dataclass(frozen=True)
class Note:
    """A sentence that stands before a record of a group: where the week ends, or that it is full."""

    words: Texts
    ends_week: bool


def permitted(records: Iterable[Record], info: ListInfo) -> list[Record]:
    """The records as this list may show them: redacted unless it says that it holds quotes."""
    return list(records) if info.quotes else [redact(record) for record in records]


def shown(records: Iterable[Record], info: ListInfo) -> Iterator[Record]:
    """The same one after the other: not more of them than one is held."""
    return iter(records) if info.quotes else map(redact, records)


def field(records: Sequence[Record], name: str) -> list[Any]:
    """One field of each record (of carescreen.review.filed.FIELDS), None where a record lacks it."""
    if isinstance(records, FiledRecords):
        return records.field(name)
    return [record.get(name) for record in records]


def taken(records: Sequence[Record], places: Sequence[int]) -> Sequence[Record]:
    """The records at some places."""
    if isinstance(records, FiledRecords):
        return records.take(places)
    return tuple(records[place] for place in places)


def groups(records: Sequence[Record], by: GroupBy) -> list[Group]:
    """Cut records into groups by name; without a caseworker the village is the group."""
    return [
        Group(kind, name, taken(records, places)) for kind, name, places in places_of(records, by)
    ]


def places_of(records: Sequence[Record], by: GroupBy) -> list[tuple[_Kind, str, list[int]]]:
    """The groups of `groups`: kind, name, and the places of their records among all of them."""
    found: dict[tuple[_Kind, str], list[int]] = {}
    whose = zip(field(records, "caseworker_id"), field(records, "village_id"), strict=True)
    for place, (caseworker, village) in enumerate(whose):
        found.setdefault(_group_of(caseworker, village, by), []).append(place)
    order = ("caseworker", "village", "none")
    keys = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    part = _parts(records)
    return [(*key, sorted(found[key], key=part.__getitem__)) for key in keys]


_WEEK, _BELOW, _BACKLOG, _HANDOVER = range(4)
_LINES = ("", "line_below", "line_backlog", "line_handover")
SUPERVISORS = {"backlog": _BACKLOG, "moved": _HANDOVER, "aged_out": _HANDOVER}  # by state


def _parts(records: Sequence[Record]) -> list[int]:
    seats = zip(field(records, "within_capacity"), field(records, "state"), strict=True)
    return [
        _WEEK if within is not False else SUPERVISORS.get(str(state), _BELOW)
        for within, state in seats
    ]


def notes(group: Group, info: ListInfo) -> dict[int, Note]:
    """Sentences between the records of a group, by the place of the record that they precede.

    Seats are a caseworker's, so a list cut by village does not say that a week is full.
    """
    if group.whole is not None:
        whole = {place - group.before: note for place, note in notes(group.whole, info).items()}
        return {place: note for place, note in whole.items() if 0 <= place < group.count}
    parts = _parts(group.records)
    found: dict[int, Note] = {}
    week, grave = parts.count(_WEEK), _never_cut(group, parts)
    if info.group == "caseworker" and 0 < info.capacity < grave:
        found[0] = Note(both("line_over", count=grave, capacity=info.capacity), ends_week=False)
    for part in {_BACKLOG, _HANDOVER}.intersection(parts):
        found[parts.index(part)] = Note(both(_LINES[part]), ends_week=True)
    if 0 < week < len(parts):
        found[week] = Note(_line_words(week, _LINES[parts[week]]), ends_week=True)
    return found


def _never_cut(group: Group, parts: Sequence[int]) -> int:
    tiers = zip(parts, field(group.records, "tier"), strict=True)
    return sum(part == _WEEK and tier in ("immediate", "urgent") for part, tier in tiers)


def _line_words(week: int, follows: str) -> Texts:
    end, after = both_counted("line_end", week), both(follows)
    return {language: sentences([end[language], after[language]], language) for language in end}


def _group_of(caseworker: object, village: object, by: GroupBy) -> tuple[_Kind, str]:
    if caseworker and by == "caseworker":
        return "caseworker", str(caseworker)
    return ("village", str(village)) if village else ("none", "")


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to; it takes `path`'s place only if the block succeeds."""
    aside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        aside.touch(exist_ok=False)
    except OSError as error:
        raise OutputError(f"cannot write in the folder {path.parent}: {error.strerror}") from error
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)

"""A list that was made from a week's plan: its rows visit by visit, the rest below the line.

The key `visit` of a record says on which day and as which visit its child is seen, and with whom;
`{"below": 1}` that it fell just below the line. A list without a plan has no such key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from carescreen.review.filed import FiledRecords
from carescreen.review.info import ListInfo
from carescreen.review.listing import Group, Note, groups
from carescreen.review.reading import Record
from carescreen.review.texts import both, both_counted, sentences

_VISIT, _BELOW, _OTHER = range(3)


def is_planned(records: Sequence[Record]) -> bool:
    """Whether a list was made from a plan; the records in the file of a ranking never are."""
    if isinstance(records, FiledRecords):
        return False
    return any(record.get("visit") for record in records)


def visit_groups(records: Sequence[Record], info: ListInfo) -> list[Group]:
    """The groups of a list, each by day and visit; the children of a visit keep their order."""
    found = groups(records, info.group)
    return [replace(group, records=tuple(sorted(group.records, key=_place))) for group in found]


def visit_notes(group: Group) -> dict[int, Note]:
    """Sentences between the records of a group: where its week ends, and what follows."""
    parts = [_part(record) for record in group.records]
    end = next((place for place, part in enumerate(parts) if part != _VISIT), None)
    if not end:
        return {}
    visits = len({_place(record)[:3] for record in group.records[:end]})
    week = both_counted("line_end", visits)
    after = both("line_below") if parts[end] == _BELOW else dict.fromkeys(week, "")
    words = {language: sentences([week[language], after[language]], language) for language in week}
    return {end: Note(words, ends_week=True)}


def _part(record: Record) -> int:
    visit = record.get("visit") or {}
    return _BELOW if "below" in visit else _VISIT if visit.get("day") else _OTHER


def _place(record: Record) -> tuple[int, str, int]:
    visit: Any = record.get("visit") or {}
    order = visit.get("below") if "below" in visit else visit.get("order")
    day = visit.get("day") or ""
    return _part(record), str(day) if isinstance(day, str | date) else "", int(order or 0)

"""The columns of the workbook: what stands on paper, what stays on the screen, what is filled in.

The columns that print stand together: they name no tier and no concern, since paper lies about.
The tier stands before them, so that the screen has it at the left edge; decisions stand after them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from carescreen.review import wording
from carescreen.review.info import ListInfo
from carescreen.review.reading import (
    Record,
    codes,
    days_overdue,
    display_code,
    doorstep,
    shown_concerns,
)
from carescreen.review.reasons import neutral_line, nothing_recorded, paragraph
from carescreen.review.scoring import shown_score
from carescreen.review.texts import as_day, clauses, items, pick, text


@dataclass(frozen=True)
class Column:
    """One column; `read` gives a text, a number, a date or None from (record, place, info).

    filled_in  "text" or "date" where the column is left empty for a person to fill in
    planned    stands only in a list that was made from a week's plan
    """

    key: str
    width: int
    read: Callable[[Record, int, ListInfo], Any] = lambda *_: None
    printed: bool = False
    wrapped: bool = True
    hidden: bool = False
    filled_in: str = ""
    planned: bool = False


def columns_of(planned: bool) -> tuple[Column, ...]:
    """The columns of a list, in their order; a list from a plan has some more."""
    return tuple(column for column in _COLUMNS if planned or not column.planned)


def printed_places(columns: Sequence[Column]) -> tuple[int, int]:
    """The first and the last of the columns that print."""
    places = [place for place, column in enumerate(columns) if column.printed]
    return places[0], places[-1]


def place_of(columns: Sequence[Column], key: str) -> int:
    """Where a column stands."""
    return [column.key for column in columns].index(key)


def open_codes(record: Record) -> str:
    """The codes of a child's open concerns, for the check of a closing that comes back."""
    return ";".join(codes(record))


def _field(name: str) -> Callable[[Record, int, ListInfo], Any]:
    return lambda record, _place, _info: record.get(name)


def _day_of(name: str) -> Callable[[Record, int, ListInfo], Any]:
    return lambda record, _place, _info: as_day(record.get(name))


def _tier(record: Record, _place: int, info: ListInfo) -> str:
    return wording.tier_word(record["tier"], info.language)


def _days_late(record: Record, _place: int, info: ListInfo) -> int | None:
    return days_overdue(record, as_day(info.as_of)) or None


def _reason(record: Record, _place: int, info: ListInfo) -> str:
    return neutral_line(record, info.language)


def _questions(record: Record, _place: int, info: ListInfo) -> str:
    asked = [pick(question["question"], info.language) for question in doorstep(record).asked]
    return "\n".join(asked)


def _state(record: Record, _place: int, info: ListInfo) -> str:
    return text(f"state_{record.get('state') or 'new'}", info.language)


def _concerns(record: Record, _place: int, info: ListInfo) -> str:
    """Each concern with its code, by which it can be closed."""
    language = info.language
    titles = [
        text(
            "title_coded",
            language,
            title=pick(concern["title"], language),
            code=display_code(concern),
        )
        for concern in shown_concerns(record)
    ]
    return clauses(titles, language) or nothing_recorded(record, language)


def _score(record: Record, _place: int, _info: ListInfo) -> float | None:
    shown = shown_score(record)
    return None if shown is None else shown.total / 1000


def _details(record: Record, _place: int, info: ListInfo) -> str:
    return paragraph(record, info.language, as_day(info.as_of))


def _visit(record: Record) -> Record:
    visit: Record = record.get("visit") or {}
    return visit


def _visit_day(record: Record, _place: int, info: ListInfo) -> Any:
    visit = _visit(record)
    return text("just_below_tag", info.language) if "below" in visit else as_day(visit.get("day"))


def _visit_number(record: Record, _place: int, _info: ListInfo) -> Any:
    return _visit(record).get("order")


def _together(record: Record, _place: int, info: ListInfo) -> str:
    children = [str(child) for child in _visit(record).get("children") or ()]
    return items(children, info.language) if len(children) > 1 else ""


def _visit_why(record: Record, _place: int, info: ListInfo) -> str:
    return pick(_visit(record).get("reason"), info.language)


_COLUMNS = (
    Column("tier", 10, _tier),
    Column("day", 11, _visit_day, printed=True, planned=True),
    Column("visit", 7, _visit_number, printed=True, planned=True),
    Column("order", 8, lambda _record, place, _info: place, printed=True),
    Column("child", 9, _field("child_id"), printed=True),
    Column("together", 14, _together, printed=True, planned=True),
    Column("household", 10, _field("household_id"), printed=True),
    Column("village", 8, _field("village_id"), printed=True),
    Column("caseworker", 11, _field("caseworker_id"), printed=True),
    Column("due", 11, _day_of("due_on"), printed=True),
    Column("late", 9, _days_late, printed=True),
    Column("last_seen", 11, _day_of("last_seen_on"), printed=True),
    Column("age", 6, _field("age_years"), printed=True),
    Column("reason", 16, _reason, printed=True),
    Column("questions", 36, _questions, printed=True),
    Column("visited_on", 11, printed=True, filled_in="date"),
    Column("outcome", 14, printed=True, filled_in="text"),
    Column("remark", 24, printed=True, filled_in="text"),
    Column("decision", 16, filled_in="text"),
    Column("reason_code", 18, filled_in="text"),
    Column("close", 14, filled_in="text"),
    Column("review_on", 11, filled_in="date"),
    Column("decided_by", 11, filled_in="text"),
    Column("decided_on", 11, filled_in="date"),
    Column("confirmed_by", 20, filled_in="text"),
    Column("rank", 12, _field("rank")),
    Column("state", 16, _state),
    Column("concerns", 46, _concerns),
    Column("score", 9, _score),
    Column("visit_why", 36, _visit_why, planned=True),
    # A paragraph a row would push the next child off the screen, so it does not count for heights.
    Column("details", 60, _details, wrapped=False),
    # The child as it was written: tells a row that was sorted in part, or typed over, when it is back.
    Column("key", 9, _field("child_id"), wrapped=False, hidden=True),
    Column("open", 9, lambda record, *_: open_codes(record), wrapped=False, hidden=True),
)

"""The follow-up list as a workbook: one sheet to work from, one that says what it is.

Every text is written as text, so that a cell which starts like a formula stays what it says. The
same records and head give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from math import ceil
from pathlib import Path
from typing import Any

import xlsxwriter

from carescreen.cells import FORMULA_STARTS
from carescreen.review import wording
from carescreen.review.info import ListInfo
from carescreen.review.listing import Group, Note, groups, notes, permitted, written_aside
from carescreen.review.reading import Record, days_overdue, doorstep, shown_concerns
from carescreen.review.reasons import columns, neutral_line, nothing_recorded, paragraph
from carescreen.review.scoring import shown_score
from carescreen.review.texts import (
    LANGUAGES,
    as_day,
    clauses,
    counted,
    day,
    pick,
    sentences,
    text,
)
from carescreen.review.wording import concern_words

# What the drop-down offers; "raise" is an override to the next tier.
DECISIONS = (
    *("agree", "visited", "could_not_see", "wrong_information"),
    *("raise", "lower", "conflict"),
)
FORMAT = "carescreen-list/1"  # in the hidden column of `about`, above the run's id
LINE_HEIGHT = 16  # points, for text of 11
HEADING_HEIGHT = 45
ABOUT_WIDTH = 60
MOST_HEIGHT = 400  # Excel's own limit is 409
CELL_LIMIT = 32_000  # characters; Excel drops a cell with more than 32,767

_A4 = 9
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,  # note text must not pass through the machine's temporary folder
}


@dataclass(frozen=True)
class _Column:
    """One column; `read` gives a text, a number, a date or None from (record, place, info)."""

    key: str
    width: int
    read: Callable[[Record, int, ListInfo], Any]
    printed: bool = True
    wrapped: bool = True
    hidden: bool = False


_COLUMNS = (
    _Column("order", 8, lambda _record, place, _info: place),
    _Column("child", 9, lambda record, _place, _info: record["child_id"]),
    _Column("household", 10, lambda record, _place, _info: record.get("household_id")),
    _Column("village", 8, lambda record, _place, _info: record.get("village_id")),
    _Column("caseworker", 11, lambda record, _place, _info: record.get("caseworker_id")),
    _Column(
        "tier", 10, lambda record, _place, info: wording.tier_word(record["tier"], info.language)
    ),
    _Column("due", 11, lambda record, _place, _info: as_day(record.get("due_on"))),
    _Column("late", 9, lambda record, _place, info: _days_late(record, info)),
    _Column("last_seen", 11, lambda record, _place, _info: as_day(record.get("last_seen_on"))),
    _Column("age", 6, lambda record, _place, _info: record.get("age_years")),
    _Column("reason", 16, lambda record, _place, info: neutral_line(record, info.language)),
    _Column("questions", 36, lambda record, _place, info: _questions(record, info)),
    _Column("decision", 15, lambda *_: None),
    _Column("remark", 20, lambda *_: None),
    _Column("decided_by", 11, lambda *_: None),
    _Column("decided_on", 11, lambda *_: None),
    _Column("rank", 12, lambda record, _place, _info: record.get("rank"), printed=False),
    _Column(
        "state",
        16,
        lambda record, _place, info: text(f"state_{record.get('state') or 'new'}", info.language),
        printed=False,
    ),
    _Column("concerns", 46, lambda record, _place, info: _concerns(record, info), printed=False),
    _Column("score", 9, lambda record, _place, _info: _score(record), printed=False),
    _Column(
        "details",
        60,
        lambda record, _place, info: paragraph(record, info.language, as_day(info.as_of)),
        printed=False,
        wrapped=False,  # a paragraph a row would push the next child off the screen
    ),
    # Tells a row that was sorted in part, or whose child was typed over, when the list comes back.
    _Column(
        "key",
        9,
        lambda record, _place, _info: record["child_id"],
        printed=False,
        wrapped=False,
        hidden=True,
    ),
)


def write_xlsx(records: Sequence[Record], path: Path | str, info: ListInfo) -> None:
    """Write the list as a workbook with the sheets `list` and `about`.

    Records come in the ranking's order. Without `info.quotes` each is redacted first, whatever the
    caller passes. OutputError where the file cannot be written; an earlier file then stays whole.
    """
    shown = permitted(records, info)
    with written_aside(Path(path)) as aside:
        book = xlsxwriter.Workbook(str(aside), _OPTIONS)
        as_of = as_day(info.as_of)
        assert as_of is not None
        book.set_properties({"created": datetime.combine(as_of, time()), "title": "carescreen"})
        formats = _formats(book)
        _write_list(book.add_worksheet("list"), shown, info, formats)
        _write_about(book.add_worksheet("about"), shown, info, formats)
        book.close()


def _formats(book: Any) -> dict[str, Any]:
    plain = {"valign": "top", "font_size": 11}
    ruled = {**plain, "bottom": 7}
    boxed = {**plain, "left": 1, "right": 1, "bottom": 1}
    day_only = {"num_format": "yyyy-mm-dd", "align": "left"}
    return {
        "head": book.add_format({**plain, "bold": True, "text_wrap": True, "bottom": 2}),
        "text": book.add_format({**ruled, "text_wrap": True}),
        "line": book.add_format({**ruled, "align": "left"}),
        "quoted": book.add_format({**ruled, "text_wrap": True, "quote_prefix": True}),
        "date": book.add_format({**ruled, **day_only}),
        "score": book.add_format({**ruled, "num_format": "0.000", "align": "left"}),
        "note": book.add_format({**plain, "bold": True}),
        "rule_off": book.add_format({**plain, "bold": True, "top": 5}),
        "free": book.add_format({**boxed, "text_wrap": True}),
        "free_date": book.add_format({**boxed, **day_only}),
    }


def _write_list(
    sheet: Any, records: Sequence[Record], info: ListInfo, formats: Mapping[str, Any]
) -> None:
    _write_headings(sheet, info, formats)
    row = 0
    for group in groups(records, info.group):
        between = notes(group, info)
        for place, record in enumerate(group.records):
            if place in between:
                row += 1
                _write_note(sheet, row, group, between[place], info, formats)
            row += 1
            _write_record(sheet, row, record, place + 1, info, formats)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(row, 1), len(_COLUMNS) - 1)
    _add_choices(sheet, max(row, 1), info)
    _set_up_printing(sheet, max(row, 1), info)


def _write_headings(sheet: Any, info: ListInfo, formats: Mapping[str, Any]) -> None:
    most = 1
    for place, column in enumerate(_COLUMNS):
        words = _heading(column.key, info.language)
        sheet.set_column(place, place, column.width, None, {"hidden": column.hidden})
        sheet.write_string(0, place, words, formats["head"])
        most = max(most, lines_of(words, column.width))
    sheet.set_row(0, max(HEADING_HEIGHT, most * LINE_HEIGHT))


def _write_note(
    sheet: Any,
    row: int,
    group: Group,
    note: Note,
    info: ListInfo,
    formats: Mapping[str, Any],
) -> None:
    """A sentence across the sheet; it names its group, since a workbook has no group headings."""
    style = formats["rule_off" if note.ends_week else "note"]
    for place in range(1, len(_COLUMNS)):
        sheet.write_blank(row, place, None, style)
    sheet.write_string(row, 0, cell_text(_note_words(group, note, info.language)), style)
    sheet.set_row(row, LINE_HEIGHT)


def _note_words(group: Group, note: Note, language: str) -> str:
    if group.kind == "none":
        return note.words[language]
    kind = text(f"list_of_{group.kind}", language)
    return text("sheet_note", language, group=f"{kind} {group.name}", words=note.words[language])


def _write_record(
    sheet: Any,
    row: int,
    record: Record,
    place: int,
    info: ListInfo,
    formats: Mapping[str, Any],
) -> None:
    most = 1
    for number, column in enumerate(_COLUMNS):
        value = column.read(record, place, info)
        _write_cell(sheet, row, number, value, column, formats)
        if column.wrapped and isinstance(value, str):
            most = max(most, lines_of(value, column.width))
    sheet.set_row(row, min(most * LINE_HEIGHT, MOST_HEIGHT))


def lines_of(words: str, width: int) -> int:
    """How many lines a text takes in a column; Chinese characters are twice as wide as others.

    A tenth is added for lines that end early because the next word does not fit.

    >>> lines_of("一二三四五六", 10), lines_of("a\\nb", 10), lines_of("", 10)
    (2, 2, 1)
    """
    return sum(max(ceil(columns(line) * 1.1 / width), 1) for line in words.split("\n"))


def _write_cell(
    sheet: Any, row: int, place: int, value: Any, column: _Column, formats: Mapping[str, Any]
) -> None:
    if column.key in ("decision", "remark", "decided_by"):
        sheet.write_blank(row, place, None, formats["free"])
    elif column.key == "decided_on":
        sheet.write_blank(row, place, None, formats["free_date"])
    elif value is None or value == "":
        sheet.write_blank(row, place, None, formats["text"])
    elif isinstance(value, date):
        sheet.write_datetime(row, place, datetime.combine(value, time()), formats["date"])
    elif isinstance(value, int | float):
        style = "score" if column.key == "score" else "line"
        sheet.write_number(row, place, value, formats[style])
    else:
        words = cell_text(value)
        plain = "text" if column.wrapped else "line"
        style = "quoted" if words.startswith(FORMULA_STARTS) else plain
        sheet.write_string(row, place, words, formats[style])


def cell_text(value: object) -> str:
    """A text that a workbook can hold: no character XML forbids, cut before Excel would drop it.

    >>> cell_text("a\\x00b")
    'a b'
    """
    words = _NOT_IN_XML.sub(" ", str(value))
    return words if len(words) <= CELL_LIMIT else words[:CELL_LIMIT] + "…"


def _heading(key: str, first: str) -> str:
    """A heading in both languages, the list's own first."""
    ordered = sorted(LANGUAGES, key=lambda language: language != first)
    return "\n".join(text(f"sheet_{key}", language) for language in ordered)


def choice_text(decision: str, language: str) -> str:
    """What the drop-down shows for a decision.

    >>> choice_text("could_not_see", "en"), choice_text("could_not_see", "zh")
    ('could not see', '没见到')
    """
    return text(f"decision_{decision}", language)


def _place_of(key: str) -> int:
    return [column.key for column in _COLUMNS].index(key)


def _add_choices(sheet: Any, last: int, info: ListInfo) -> None:
    place = _place_of("decision")
    sheet.data_validation(
        1,
        place,
        last,
        place,
        {
            "validate": "list",
            "source": [choice_text(decision, info.language) for decision in DECISIONS],
            "input_title": text("sheet_decision", "zh") + " / " + text("sheet_decision", "en"),
            "input_message": "\n".join(text("sheet_decision_help", lang) for lang in LANGUAGES),
        },
    )
    place = _place_of("decided_on")
    earliest = {"validate": "date", "criteria": ">=", "value": date(2000, 1, 1)}
    sheet.data_validation(1, place, last, place, earliest)


def _set_up_printing(sheet: Any, last: int, info: ListInfo) -> None:
    """Only the columns up to the empty ones print: no name of a concern and no score on paper."""
    printed = sum(column.printed for column in _COLUMNS)
    sheet.print_area(0, 0, last, printed - 1)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer("&C&P / &N")
    if info.quotes:
        words = [text(key, info.language) for key in ("quotes_banner", "quotes_care")]
        sheet.set_header("&L" + sentences(words, info.language).replace("&", "&&"))


def _questions(record: Record, info: ListInfo) -> str:
    asked = [pick(question["question"], info.language) for question in doorstep(record).asked]
    return "\n".join(asked)


def _concerns(record: Record, info: ListInfo) -> str:
    language = info.language
    titles = [concern_words(concern, language) for concern in shown_concerns(record)]
    return clauses(titles, language) or nothing_recorded(record, language)


def _days_late(record: Record, info: ListInfo) -> int | None:
    return days_overdue(record, as_day(info.as_of)) or None


def _score(record: Record) -> float | None:
    shown = shown_score(record)
    return None if shown is None else shown.total / 1000


def _write_about(
    sheet: Any, records: Sequence[Record], info: ListInfo, formats: Mapping[str, Any]
) -> None:
    sheet.set_column(0, 1, ABOUT_WIDTH)
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    for row, (zh, en) in enumerate(_about(records, info)):
        style = formats["head"] if row == 0 else formats["text"]
        ordered = (zh, en) if info.language == "zh" else (en, zh)
        for place, words in enumerate(ordered):
            sheet.write_string(row, place, cell_text(words), style)
        sheet.set_row(row, LINE_HEIGHT * max(lines_of(words, ABOUT_WIDTH) for words in ordered))
    sheet.set_column(2, 2, None, None, {"hidden": True})
    for row, words in enumerate((FORMAT, info.run_id)):
        sheet.write_string(row, 2, cell_text(words), formats["text"])


def _about(records: Sequence[Record], info: ListInfo) -> list[tuple[str, str]]:
    """Rows of (Chinese, English)."""
    calibrated = any(record.get("probability") is not None for record in records)
    keys = ["sheet_about_title"]
    keys += ["synthetic_banner"] if info.synthetic else []
    keys += ["quotes_banner", "quotes_care"] if info.quotes else ["no_quotes_note"]
    keys += ["standing_probability" if calibrated else "standing_score", "legend_words"]
    keys += [
        "legend_order",
        "sheet_paper",
        "sheet_decision_help",
        "sheet_decision_steps",
        "ask_care",
    ]
    rows = [(text(key, "zh"), text(key, "en")) for key in keys]
    return [*rows, *_origin(info), *_hours(info)]


def _origin(info: ListInfo) -> list[tuple[str, str]]:
    facts: list[tuple[str, dict[str, str]]] = [
        ("as_of", {language: day(info.as_of, language) for language in LANGUAGES}),
        ("pack", {lang: f"{pick(info.pack, lang)} {info.pack_version}" for lang in LANGUAGES}),
        ("model", dict.fromkeys(LANGUAGES, info.model)),
        ("run", dict.fromkeys(LANGUAGES, info.run_id)),
        ("made_by", dict.fromkeys(LANGUAGES, info.made_by)),
    ]
    if info.expires:
        facts.append(("expires", {language: day(info.expires, language) for language in LANGUAGES}))
    return [
        (f"{text(key, 'zh')}：{words['zh']}", f"{text(key, 'en')}: {words['en']}")
        for key, words in facts
        if words["en"]
    ]


def _hours(info: ListInfo) -> list[tuple[str, str]]:
    if not info.tier_hours:
        return []
    rows = [(text("hours_note", "zh"), text("hours_note", "en"))]
    for tier, hours in info.tier_hours.items():
        zh, en = (
            counted("hours_tier", hours, language, tier=wording.tier_word(tier, language))
            for language in LANGUAGES
        )
        rows.append((zh, en))
    return rows

"""The follow-up list as a workbook: one sheet to work from, one that says what it is.

Every text is written as text, so that a cell which starts like a formula stays what it says. The
same records and head give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from math import ceil
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from carescreen.cells import FORMULA_STARTS
from carescreen.review.info import ListInfo
from carescreen.review.listing import Group, Note, groups, notes, shown, written_aside
from carescreen.review.reading import Record, codes
from carescreen.review.reasons import columns
from carescreen.review.texts import LANGUAGES, as_day, sentences, text
from carescreen.review.xlsx_about import about_rows, hour_rows
from carescreen.review.xlsx_choices import add_choices
from carescreen.review.xlsx_columns import Column, columns_of, place_of, printed_places
from carescreen.review.xlsx_visits import is_planned, visit_groups, visit_notes

FORMAT = "carescreen-list/1"  # in the hidden column of `about`, above the run's id
LINE_HEIGHT = 16  # points, for text of 11
HEADING_HEIGHT = 45
ABOUT_WIDTH = 60
LEAST_HEIGHT = 24  # room for a line in handwriting
MOST_HEIGHT = 400  # Excel's own limit is 409
IN_MEMORY = 20_000  # records; some 200 MB. Beyond them texts stand in their cells, not in one table
CELL_LIMIT = 32_000  # characters; Excel drops a cell with more than 32,767

_A4 = 9
_CODES_COLUMN = 3  # of `about`
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_xlsx(records: Sequence[Record], path: Path | str, info: ListInfo) -> None:
    """Write the list as a workbook with the sheets `list` and `about`.

    Records come in the ranking's order; those made from a week's plan are put in the order of its
    visits. Without `info.quotes` each is redacted first, whatever the caller passes. OutputError
    where the file cannot be written; an earlier file then stays whole.
    """
    path = Path(path)
    with written_aside(path) as aside, _options(len(records), path.parent) as options:
        book = xlsxwriter.Workbook(str(aside), options)
        as_of = as_day(info.as_of)
        assert as_of is not None
        book.set_properties({"created": datetime.combine(as_of, time()), "title": "carescreen"})
        formats = _formats(book)
        written = _write_list(book.add_worksheet("list"), records, info, formats)
        about = book.add_worksheet("about")
        _write_about(about, written, info, formats)
        if info.quotes:
            about.activate()  # who made it and when it expires is what opens
        _close(book)


def _close(book: xlsxwriter.Workbook) -> None:
    """Write the file; OSError where the system refuses it, which the library gives another name."""
    try:
        book.close()
    except FileCreateError as error:
        raise OSError(*error.args[0].args) from None


@contextmanager
def _options(count: int, folder: Path) -> Iterator[dict[str, Any]]:
    """How a workbook of so many records is made, in memory or row by row with files in a folder.

    Note text must not pass through the machine's temporary folder.
    """
    if count <= IN_MEMORY:
        yield {**_OPTIONS, "in_memory": True}
        return
    with TemporaryDirectory(dir=folder, prefix=".rows-") as rows:
        yield {**_OPTIONS, "constant_memory": True, "tmpdir": rows}


@dataclass
class _Written:
    """What the sheet `about` is made of: the codes of all concerns, and whether there is a probability.

    count  how many records were written
    """

    count: int = 0
    codes: set[str] = field(default_factory=set)
    is_calibrated: bool = False

    @property
    def every_code(self) -> list[str]:
        return sorted(self.codes)

    def add(self, record: Record) -> None:
        self.count += 1
        self.codes.update(codes(record))
        self.is_calibrated |= record.get("probability") is not None


def write_visits_xlsx(
    lists: Iterable[tuple[str, Sequence[Record]]], path: Path | str, info: ListInfo
) -> None:
    """Write the lists of a week's plan as one workbook: (whose, records with the key `visit`) each.

    In the column for caseworkers stands whose list it is, to filter by: a child may be visited by
    somebody else than its own caseworker.
    """
    records = [{**record, "caseworker_id": whose} for whose, found in lists for record in found]
    write_xlsx(records, path, info)


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
        # As text, so that what a person types stays as typed: 007, =1+1, -.
        "free": book.add_format({**boxed, "text_wrap": True, "num_format": "@"}),
        "free_date": book.add_format({**boxed, **day_only}),
    }


def _write_list(
    sheet: Any,
    records: Sequence[Record],
    info: ListInfo,
    formats: Mapping[str, Any],
) -> _Written:
    written = _Written()
    planned = is_planned(records)
    shape = columns_of(planned)
    _write_headings(sheet, shape, info, formats)
    row = 0
    for group in visit_groups(records, info) if planned else groups(records, info.group):
        between = visit_notes(group) if planned else notes(group, info)
        for place, record in enumerate(shown(group.records, info)):
            written.add(record)
            if place in between:
                row += 1
                _write_note(sheet, row, shape, group, between[place], info, formats)
            row += 1
            _write_record(sheet, row, shape, record, place + 1, info, formats)
    last = max(row, 1)
    sheet.freeze_panes(1, place_of(shape, "child") + 1)
    sheet.autofilter(0, 0, last, len(shape) - 1)
    letter = chr(ord("A") + _CODES_COLUMN)
    count = len(written.codes)
    source = f"=about!${letter}$1:${letter}${count}" if count else ""
    add_choices(sheet, shape, last, info.language, source)
    _set_up_printing(sheet, shape, last, info)
    return written


def _write_headings(
    sheet: Any, shape: Sequence[Column], info: ListInfo, formats: Mapping[str, Any]
) -> None:
    most = 1
    for place, column in enumerate(shape):
        words = _heading(column.key, info.language)
        sheet.set_column(place, place, column.width, None, {"hidden": column.hidden})
        sheet.write_string(0, place, words, formats["head"])
        most = max(most, lines_of(words, column.width))
    sheet.set_row(0, max(HEADING_HEIGHT, most * LINE_HEIGHT))


def _write_note(
    sheet: Any,
    row: int,
    shape: Sequence[Column],
    group: Group,
    note: Note,
    info: ListInfo,
    formats: Mapping[str, Any],
) -> None:
    """A sentence across the sheet; it names its group, since a workbook has no group headings."""
    style = formats["rule_off" if note.ends_week else "note"]
    first, _last = printed_places(shape)
    for place in range(len(shape)):
        sheet.write_blank(row, place, None, style)
    sheet.write_string(row, first, cell_text(_note_words(group, note, info.language)), style)
    sheet.set_row(row, LINE_HEIGHT)


def _note_words(group: Group, note: Note, language: str) -> str:
    if group.kind == "none":
        return note.words[language]
    kind = text(f"list_of_{group.kind}", language)
    return text("sheet_note", language, group=f"{kind} {group.name}", words=note.words[language])


def _write_record(
    sheet: Any,
    row: int,
    shape: Sequence[Column],
    record: Record,
    place: int,
    info: ListInfo,
    formats: Mapping[str, Any],
) -> None:
    most = 1
    for number, column in enumerate(shape):
        value = column.read(record, place, info)
        _write_cell(sheet, row, number, value, column, formats)
        if column.wrapped and isinstance(value, str):
            most = max(most, lines_of(value, column.width))
    sheet.set_row(row, min(max(most * LINE_HEIGHT, LEAST_HEIGHT), MOST_HEIGHT))


def lines_of(words: str, width: int) -> int:
    """How many lines a text takes in a column; Chinese characters are twice as wide as others.

    A tenth is added for lines that end early because the next word does not fit.

    >>> lines_of("一二三四五六", 10), lines_of("a\\nb", 10), lines_of("", 10)
    (2, 2, 1)
    """
    return sum(max(ceil(columns(line) * 1.1 / width), 1) for line in words.split("\n"))


def _write_cell(
    sheet: Any, row: int, place: int, value: Any, column: Column, formats: Mapping[str, Any]
) -> None:
    if column.filled_in:
        sheet.write_blank(
            row, place, None, formats["free_date" if column.filled_in == "date" else "free"]
        )
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


def _set_up_printing(sheet: Any, shape: Sequence[Column], last: int, info: ListInfo) -> None:
    """Only columns without a tier, the name of a concern or a score print: paper lies about."""
    first, final = printed_places(shape)
    sheet.print_area(0, first, last, final)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer("&C&P / &N")
    if info.quotes:
        words = [text(key, info.language) for key in ("quotes_banner", "quotes_care")]
        sheet.set_header("&L" + sentences(words, info.language).replace("&", "&&"))


def _write_about(sheet: Any, written: _Written, info: ListInfo, formats: Mapping[str, Any]) -> None:
    sheet.set_column(0, 1, ABOUT_WIDTH)
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    printed = about_rows(info, written.is_calibrated)
    cells = []
    for row, (zh, en) in enumerate([*printed, *hour_rows(info)]):
        style = formats["head"] if row == 0 else formats["text"]
        ordered = (zh, en) if info.language == "zh" else (en, zh)
        cells += [(row, place, words, style) for place, words in enumerate(ordered)]
        sheet.set_row(row, LINE_HEIGHT * max(lines_of(words, ABOUT_WIDTH) for words in ordered))
    sheet.print_area(0, 0, len(printed) - 1, 1)
    sheet.set_column(2, _CODES_COLUMN, None, None, {"hidden": True})
    for place, column in ((2, (FORMAT, info.run_id)), (_CODES_COLUMN, written.every_code)):
        cells += [(row, place, words, formats["text"]) for row, words in enumerate(column)]
    if written.count > IN_MEMORY:  # then what is above the last row that was written is left out
        cells.sort(key=itemgetter(0))
    for row, place, words, style in cells:
        sheet.write_string(row, place, cell_text(words), style)

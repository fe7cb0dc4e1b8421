"""Entries from a returned list.xlsx: whatever was sorted, filtered or put in another order.

Rows are read from the sheet `list` under its headings, in either language; the run is named on the
sheet `about`. What a row says (a decision, a visit, what it found, when to look again, a concern to
close) becomes an entry each: see `entries_row`. A workbook of before there were these columns has
fewer headings and reads the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from carescreen.cells import cell_text
from carescreen.entries import Entry
from carescreen.entries_row import COLUMNS, SAID, Row, entries_of
from carescreen.errors import CaseloadError, UsageError
from carescreen.review.texts import LANGUAGES, text
from carescreen.review.xlsx import FORMAT
from carescreen.tables import cells_of, read_book

_WANTED = ("child", "decision", "remark", "decided_by", "decided_on")


def read_workbook(path: Path) -> list[Entry]:
    """The entries of a returned workbook, in its order.

    UsageError where the file is not such a list; MissingExtra without openpyxl.
    """
    try:
        run_id, rows = read_book(path, _run_and_rows)
    except CaseloadError as error:
        raise UsageError(f"{error} Nothing was imported") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if run_id is None:
        raise UsageError(
            f"{path} is not a list that carescreen wrote: its sheet 'about' does not name the run. "
            "Nothing was imported; fill in the workbook itself, not a copy of its rows"
        )
    places = _places(rows[0] if rows else ())
    missing = [name for name in _WANTED if name not in places]
    if missing:
        raise UsageError(
            f"{path} has no column '{text(f'sheet_{missing[0]}', 'en')}' on its sheet 'list'; "
            "nothing was imported, put the heading back"
        )
    return [
        entry
        for row in _rows(rows, places)
        if any(row[name] for name in SAID)
        for entry in entries_of(path.name, run_id, row)
    ]


def _run_and_rows(book: Any) -> tuple[str | None, list[tuple[Any, ...]]]:
    sheets = {sheet.title.strip().casefold(): sheet for sheet in book.worksheets}
    if "list" not in sheets or "about" not in sheets:
        return None, []
    about = [[cell_text(cell).strip() for cell in row] for row in cells_of(sheets["about"])]
    below = (after[row.index(FORMAT) :] for row, after in pairwise(about) if FORMAT in row)
    run_id = next(below, [""])[:1]
    return next(iter(run_id), None) or None, cells_of(sheets["list"])


def _places(head: Sequence[Any]) -> dict[str, int]:
    """The place of each column that is read, by the words of its heading in any language."""
    words = {text(f"sheet_{name}", lang): name for name in COLUMNS for lang in LANGUAGES}
    found: dict[str, int] = {}
    for place, cell in enumerate(head):
        for line in cell_text(cell).replace("\r", "\n").split("\n"):
            if line.strip() in words:
                found.setdefault(words[line.strip()], place)
    return found


def _rows(rows: Sequence[Sequence[Any]], places: Mapping[str, int]) -> Iterator[Row]:
    for number, cells in enumerate(rows[1:], start=2):
        found = {name: _cell(cells[place]) for name, place in places.items() if place < len(cells)}
        yield Row(number, found)


def _cell(value: Any) -> str:
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        value = value.date()
    return value.isoformat() if type(value) is date else cell_text(value).strip()

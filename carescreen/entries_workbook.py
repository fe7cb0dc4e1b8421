"""Entries from a returned list.xlsx: whatever was sorted, filtered or put in another order.

Rows are read from the sheet `list` under its headings, in either language; the run is named on the
sheet `about`. A row speaks where it holds a decision or a remark. `raise` and `lower` mean by one
step from the tier in which the row shows the child.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from carescreen.cells import cell_text
from carescreen.entries import Entry, content_id, entry_of, moment_text
from carescreen.errors import CaseloadError, UsageError
from carescreen.pack import TIERS
from carescreen.review.texts import LANGUAGES, text
from carescreen.review.xlsx import DECISIONS, FORMAT
from carescreen.tables import cells_of, read_book

_WANTED = ("child", "decision", "remark", "decided_by", "decided_on")
_READ = (*_WANTED, "tier", "key")


@dataclass(frozen=True, repr=False)  # its values are records
class _Row:
    """One row of the sheet `list` as trimmed text by column; the decision as its word."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


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
    spoken = (row for row in _rows(rows, places) if row["decision"] or row["remark"])
    return [_entry(path.name, run_id, row) for row in spoken]


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
    words = {text(f"sheet_{name}", lang): name for name in _READ for lang in LANGUAGES}
    found: dict[str, int] = {}
    for place, cell in enumerate(head):
        for line in cell_text(cell).replace("\r", "\n").split("\n"):
            if line.strip() in words:
                found.setdefault(words[line.strip()], place)
    return found


def _rows(rows: Sequence[Sequence[Any]], places: Mapping[str, int]) -> Iterator[_Row]:
    for number, cells in enumerate(rows[1:], start=2):
        found = {name: _cell(cells[place]) for name, place in places.items() if place < len(cells)}
        yield _Row(number, found)


def _cell(value: Any) -> str:
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        value = value.date()
    return value.isoformat() if type(value) is date else cell_text(value).strip()


def _entry(file: str, run_id: str, row: _Row) -> Entry:
    decision = _decision_words().get(_folded(row["decision"]), "")
    tier = _tier_words().get(_folded(row["tier"]), "")
    decided_on = moment_text(row["decided_on"]).removesuffix(" 00:00:00") or row["decided_on"]
    values = {
        "child_id": row["child"],
        "decided_at": decided_on,
        "decided_by": row["decided_by"],
        "decision": "override" if decision == "raise" else decision,
        "reason": row["remark"],
        "run_id": run_id,
    }
    if decision in ("raise", "lower"):
        values["tier"] = _step(tier, -1 if decision == "raise" else 1)
    if decision in ("visited", "could_not_see"):
        values["visited_on"] = decided_on[:10]
    values["entry_id"] = content_id(
        run_id, row["child"], decision, decided_on, row["decided_by"], row["remark"]
    )
    said = "\n".join(row[name] for name in _WANTED)
    fault = _fault(row, decision, tier)
    return entry_of(file, row.number, values, fault=fault, raw=said, listed_tier=tier)


def _fault(row: _Row, decision: str, tier: str) -> str:
    """What is wrong with a row before the words of its entry are looked at; "" where nothing is."""
    if row["key"] and row["key"] != row["child"]:
        return "the child is not the one that the row was written for: it was sorted in part, or typed over"
    if not row["decision"]:
        return "a remark without a decision"
    if not decision:
        return "not a decision of the drop-down list"
    if not row["decided_on"]:
        return "the day of the decision is missing"
    if decision in ("raise", "lower") and not tier:
        return "the tier in the row cannot be read, so that a step from it is not known"
    if decision == "raise" and tier == TIERS[0]:
        return "the child is in the highest tier already"
    if decision == "lower" and tier == TIERS[-1]:
        return "the child is in the lowest tier already"
    return ""


def _step(tier: str, by: int) -> str:
    """The tier above (-1) or below (1); "" where there is none."""
    place = TIERS.index(tier) + by if tier else -1
    return TIERS[place] if 0 <= place < len(TIERS) else ""


def _folded(words: str) -> str:
    return " ".join(words.casefold().split())


@cache
def _decision_words() -> dict[str, str]:
    """Each word for a decision, in any language and as its own name."""
    return _words_of("decision", DECISIONS)


@cache
def _tier_words() -> dict[str, str]:
    return _words_of("tier", TIERS)


def _words_of(kind: str, names: Sequence[str]) -> dict[str, str]:
    return {
        _folded(word): name
        for name in names
        for word in (name, *(text(f"{kind}_{name}", language) for language in LANGUAGES))
    }

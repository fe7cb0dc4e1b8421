"""retention_log.csv of a county: when its retention settings were carried out, and how much went.

Counts only, no ids. `begun` is written before the visits table is replaced and `done` after everything, so
that a carrying-out that was killed shows as one that was begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from carescreen.cells import guarded
from carescreen.decisions_file import Row, read_rows, replace_rows

LOG = "retention_log.csv"
SETTINGS = ("as_of", "pack", "unflagged_note_months", "flagged_note_months")
COUNTS = (
    *("unflagged_notes_removed", "flagged_notes_removed", "notes_still_needed"),
    *("notes_without_a_date", "folders_removed"),
)
COLUMNS = ("at", "by", "step", *SETTINGS, *COUNTS)


def add(county: Path, row: Mapping[str, str]) -> None:
    """Add a row; the others stay. OutputError where the file is none of ours."""
    rows, columns = _rows(county)
    columns = [*columns, *(name for name in COLUMNS if name not in columns)]
    rows.append({name: guarded(row.get(name, "")) for name in COLUMNS})
    replace_rows(county / LOG, columns, rows)


def is_done(county: Path, settings: Mapping[str, str]) -> bool:
    """Whether the last row says that just these settings were carried out as of this day."""
    rows, _columns = _rows(county)
    if not rows or rows[-1]["step"] != "done":
        return False
    return all(rows[-1].get(name, "") == guarded(settings[name]) for name in SETTINGS)


def require_log(county: Path) -> None:
    """OutputError where rows cannot be added, before anything is removed."""
    _rows(county)


def _rows(county: Path) -> tuple[list[Row], list[str]]:
    return read_rows(county / LOG, COLUMNS, "retention")

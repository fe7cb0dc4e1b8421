"""Carrying out the retention settings of a pack in a county's folder and among its lists.

`expiry_of` works out what is due and changes nothing; `carry_out` does it: the visits table is replaced
whole, under the lock that an import takes, and what was done is added to retention_log.csv.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from carescreen import countylog
from carescreen.caseload import Caseload
from carescreen.caseload_folder import table_file
from carescreen.decisions_file import locked
from carescreen.errors import OutputError
from carescreen.pack import Retention
from carescreen.results import file_digests
from carescreen.results_place import remove_unfinished
from carescreen.retention import Due, due_notes, old_reasons
from carescreen.retention_cells import blank_cells, require_rewritable
from carescreen.retention_folders import Written, remove, written_in
from carescreen.retention_log import SETTINGS, add, is_done, require_log
from carescreen.screener import Screener


@dataclass(frozen=True)
class Expiry:
    """What is due in a county as of a day, and where.

    table, column  the file of the visits and its own name for the note
    reasons        decisions with a reason in words that are older than a flagged note may be
    digests        SHA-256 of the county's files when this was worked out
    """

    county: Path
    as_of: date
    pack: str
    retention: Retention
    due: Due
    reasons: int
    written: tuple[Written, ...]
    table: Path
    column: str
    digests: Mapping[str, str]

    @property
    def over(self) -> tuple[Written, ...]:
        """Folders whose day is over and that may be removed."""
        return tuple(one for one in self.written if one.is_over(self.as_of) and not one.trouble)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is due."""
        return not self.due.rows and not self.over

    def settings(self) -> dict[str, str]:
        """The settings as the log has them."""
        months = (self.retention.unflagged_note_months, self.retention.flagged_note_months)
        values = (str(self.as_of), self.pack, *(str(one) if one else "never" for one in months))
        return dict(zip(SETTINGS, values, strict=True))

    def counts(self) -> dict[str, str]:
        """The counts as the log has them."""
        return {
            "unflagged_notes_removed": str(len(self.due.unflagged)),
            "flagged_notes_removed": str(len(self.due.flagged)),
            "notes_still_needed": str(self.due.needed),
            "notes_without_a_date": str(self.due.undated),
            "folders_removed": str(len(self.over)),
        }


def expiry_of(
    county: Path,
    screener: Screener,
    as_of: date,
    lists: Sequence[Path] = (),
    mapping: Path | None = None,
) -> Expiry:
    """What the settings of a screener's pack ask for in a county's folder as of a day.

    CaseloadError where the county cannot be read, UsageError for a folder of lists that is none.
    """
    written = tuple(written_in(lists))
    digests = file_digests(county) if county.is_dir() else {}
    caseload = Caseload.read(county, mapping)
    table, renamed = table_file(county, "visits", mapping)
    assert table is not None  # a caseload cannot be read without
    theirs = (theirs for theirs, ours in renamed.columns.items() if ours == "note")
    retention = screener.rules.settings.retention
    return Expiry(
        county=county,
        as_of=as_of,
        pack=screener.rules.pack.id,
        retention=retention,
        due=due_notes(screener, caseload, as_of),
        reasons=old_reasons(caseload.decisions, as_of, retention.flagged_note_months),
        written=written,
        table=table,
        column=next(theirs, "note"),
        digests=digests,
    )


def carry_out(expiry: Expiry, by: str, now: datetime) -> bool:
    """Remove what is due and say so in the log; whether anything was written.

    Nothing is written where nothing is due and the log has it already. OutputError where a file cannot
    be rewritten, or was changed since the expiry was worked out; then nothing was changed.
    """
    county, settings = expiry.county, expiry.settings()
    stamp = {"at": now.isoformat(sep=" ", timespec="seconds"), "by": by}
    with locked(county):
        require_log(county)
        if expiry.is_nothing and is_done(county, settings):
            remove_unfinished(county / countylog.FILE)  # whatever is written does so otherwise
            return False
        row = {**stamp, **settings, **expiry.counts()}
        if not expiry.is_nothing:
            _require_unchanged(expiry)
            add(county, {**row, "step": "begun"})
        if expiry.due.rows:
            blank_cells(expiry.table, expiry.column, expiry.due.rows)
        for one in expiry.over:
            remove(one)
        add(county, {**row, "step": "done"})
        countylog.complete(county)
        countylog.append(county, "expire", _facts(expiry))
    return True


def _facts(expiry: Expiry) -> dict[str, int]:
    """What the county's log says of an expiry."""
    return {"notes": len(expiry.due.rows), "folders": len(expiry.over)}


def _require_unchanged(expiry: Expiry) -> None:
    if expiry.due.rows:
        require_rewritable(expiry.table)
    if file_digests(expiry.county) != expiry.digests:
        raise OutputError(
            f"the tables in {expiry.county} were changed meanwhile; nothing was removed, run this again"
        )

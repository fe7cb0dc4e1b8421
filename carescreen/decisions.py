"""What people decided: the words of a decision, and adding one to a decisions file.

A decision table is append-only: a later row speaks for the child from then on, earlier ones stay.

    agree, acknowledge  the follow-up is taken on
    plan                a review date is set (`review_on`)
    override            a person raises the tier (`tier`); what rules demand is not lowered by it
    close               a rule's concern (`rule`) or a misread note concept (`concept`, `visit_id`)
                        is closed for evidence dated up to the decision; newer evidence reopens it

Closing a concern at immediate needs a second person (`confirmed_by`).
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from carescreen.errors import OutputError, UsageError, did_you_mean
from carescreen.results_place import replaced_file

DECISIONS = ("agree", "acknowledge", "plan", "override", "close")
COLUMNS = (
    "child_id",
    "decided_at",
    "decided_by",
    "decision",
    "rule",
    "concept",
    "visit_id",
    "tier",
    "review_on",
    "reason",
    "confirmed_by",
    "run_id",
    "recorded_at",
)


@dataclass(frozen=True)
class Decision:
    """One row of the decisions table; `decided_at` is a local date and time."""

    child_id: str
    decided_by: str
    decision: str
    decided_at: datetime
    reason: str = ""
    rule: str = ""
    concept: str = ""
    visit_id: str = ""
    tier: str = ""
    review_on: str = ""
    confirmed_by: str = ""
    run_id: str = ""

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            hint = did_you_mean(self.decision, DECISIONS) or f"; one of {', '.join(DECISIONS)}"
            raise UsageError(f"'{self.decision}' is not a decision{hint}")
        if self.decision == "close" and not (self.rule or self.concept):
            raise UsageError("a closing names the rule or the note concept that it closes")
        if not self.reason.strip() and self.decision in ("close", "override"):
            raise UsageError(f"a decision to {self.decision} needs a reason")
        if self.confirmed_by and self.confirmed_by == self.decided_by:
            raise UsageError("the second person must be somebody else than who decides")

    def row(self) -> dict[str, str]:
        """The row as text, by column."""
        stamp = self.decided_at.isoformat(sep=" ", timespec="seconds")
        values = {name: str(getattr(self, name, "")) for name in COLUMNS}
        return {**values, "decided_at": stamp, "recorded_at": stamp}


def append(decision: Decision, path: Path) -> int:
    """Add one decision to a CSV file; earlier rows and their columns stay. Returns the row count.

    The file is written aside and renamed, so that a crash leaves the old one whole.
    """
    rows, columns = _read(path)
    columns = [*columns, *(name for name in COLUMNS if name not in columns)]
    rows.append(decision.row())
    _replace(path, columns, rows)
    return len(rows)


def _read(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    if not path.exists():
        return [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
            columns = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OutputError(
            f"{path} cannot be read as a UTF-8 CSV of decisions ({type(error).__name__}); "
            "nothing was changed"
        ) from None
    if any(None in row or None in row.values() for row in rows):
        raise OutputError(f"{path} has a row with too few or too many cells; nothing was changed")
    lacking = [name for name in COLUMNS[:4] if columns and name not in columns]
    if lacking:
        raise OutputError(
            f"{path} is not a decisions file: it has no column {lacking[0]}; nothing was changed"
        )
    return rows, columns


def _replace(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with replaced_file(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())

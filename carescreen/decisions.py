"""What people decided: the words of a decision, and adding one to a decisions file.

A decision table is append-only: a later row speaks for the child from then on, earlier ones stay.

    agree, acknowledge  the follow-up is taken on
    plan                a review date is set (`review_on`)
    override            a person raises the tier (`tier`); what rules demand is not lowered by it
    close               a rule's concern (`rule`) or a misread note concept (`concept`, `visit_id`)
                        is closed for evidence dated up to the decision; newer evidence reopens it

Two say who the child is and where. They lower nothing and drop nobody:

    moved               the child moved away (`reason`: where to; `result` returned ends it): below
                        urgent it waits for a supervisor to hand it over
    same_child          `other_child_id` is the same child (`result` different: it is not): both rows
                        stay, and a plan makes one visit of both

The others say what was thought, done and found. They change no tier, no due date and no state:

    own_concern         her own concern before she saw the list (`result` yes or no)
    lower               she holds a lower tier right (`tier`): reported to the supervisor
    visited             the child was seen (`visited_on`)
    could_not_see       somebody came and the child was not seen (`visited_on`)
    outcome             what was found (`result`); becomes a row of the outcomes table too
    wrong_information   what is recorded is wrong
    referral            a referral was made; `result` is "", accepted, refused or done
    correction          the family asks for a correction; annotates, overwrites nothing. With
                        `result` corrected or kept it is the answer, which see `disputes`
    conflict            conflict of interest: somebody else should visit, until one with `result`
                        ended (see `conflicts`)

Closing a concern at immediate needs a second person (`confirmed_by`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from carescreen import countylog
from carescreen.decisions_file import locked, read_rows, replace_rows
from carescreen.errors import UsageError, did_you_mean
from carescreen.fields import (
    CONFLICT_RESULTS,
    CORRECTION_RESULTS,
    DECISIONS,
    DIFFERENT,
    REASON_CODES,
    REFERRAL_RESULTS,
    RESULTS,
    RETURNED,
)
from carescreen.pack import TIERS

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
    "entry_id",
    "visited_on",
    "result",
    "reason_code",
    "sampled_for_review",
    "other_child_id",
)
REQUIRED = COLUMNS[:4]

_NEED_REASON = frozenset(
    {"close", "override", "lower", "wrong_information", "referral", "correction"}
    | {"moved", "same_child"}
)
_RESULTS = {
    "own_concern": ("yes", "no"),
    "outcome": RESULTS,
    "referral": ("", *REFERRAL_RESULTS),
    "correction": ("", *CORRECTION_RESULTS),
    "conflict": ("", *CONFLICT_RESULTS),
    "moved": ("", RETURNED),
    "same_child": ("", DIFFERENT),
}
_REASON_WANTED = {
    "moved": "moved says where the child went, in words (reason)",
    "same_child": "same_child needs a reason",
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Decision:
    """One row of the decisions table; `decided_at` is a local date and time, "" is "not said".

    UsageError where it says too little to be used, or something that cannot be. Whether the child,
    the rule and a second person are there is checked where it is imported.

    >>> Decision("C1", "W1", "visited", datetime(2026, 11, 3, 14), visited_on="2026-11-03").tier
    ''
    """

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
    visited_on: str = ""
    result: str = ""
    reason_code: str = ""
    entry_id: str = ""
    other_child_id: str = ""

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            hint = did_you_mean(self.decision, DECISIONS) or f"; one of {', '.join(DECISIONS)}"
            raise UsageError(f"'{self.decision}' is not a decision{hint}")
        fault = fault_of(self.row())
        if fault:
            raise UsageError(fault)

    def row(self) -> dict[str, str]:
        """The row as text, by column."""
        stamp = self.decided_at.isoformat(sep=" ", timespec="seconds")
        values = {name: str(getattr(self, name, "")) for name in COLUMNS}
        return {**values, "decided_at": stamp, "recorded_at": stamp}


def fault_of(row: Mapping[str, str]) -> str:
    """What keeps a row from being a decision, in words that show no value of it; "" where nothing.

    `row` has the columns of COLUMNS as trimmed text; `decided_at` is a date with or without a time.
    """
    decision = row["decision"]
    if decision not in DECISIONS:
        return "not a decision" if decision else "no decision is given"
    return next(filter(None, (check(decision, row) for check in _CHECKS)), "")


def is_misread(row: Mapping[str, str]) -> bool:
    """Whether a row says that a note's concept was misread: the worker's own to clear."""
    by_note = bool(row["concept"]) and row["decision"] == "close"
    return by_note and (bool(row["visit_id"]) or row["reason_code"] == "misread")


def day_in(text: str) -> date | None:
    """The day of a text that begins with one, such as 2026-11-03; None where it does not."""
    try:
        return date.fromisoformat(text[:10]) if _DAY.fullmatch(text[:10]) else None
    except ValueError:
        return None


def _names_who(_decision: str, row: Mapping[str, str]) -> str:
    missing = next((name for name in ("child_id", "decided_by") if not row[name].strip()), "")
    return f"{missing} is missing" if missing else ""


def _names_what_it_closes(decision: str, row: Mapping[str, str]) -> str:
    if decision == "close" and not (row["rule"] or row["concept"]):
        return "a closing names the rule or the note concept that it closes"
    return ""


def _gives_a_reason(decision: str, row: Mapping[str, str]) -> str:
    """A reason in words; where a tier is held wrong, a code that says something is one too."""
    code = row["reason_code"]
    if code and code not in REASON_CODES:
        return f"reason_code is not one of {', '.join(REASON_CODES)}"
    said = (
        row["reason"].strip()
        or (decision in ("override", "lower") and code not in ("", "other"))
        or (decision == "moved" and row["result"] == RETURNED)
    )
    if said or decision not in _NEED_REASON:
        return ""
    return _REASON_WANTED.get(decision, f"a decision to {decision} needs a reason")


def _names_a_tier(decision: str, row: Mapping[str, str]) -> str:
    if decision in ("override", "lower") and row["tier"] not in TIERS:
        return f"a decision to {decision} names a tier: {', '.join(TIERS)}"
    return ""


def _gives_its_days(decision: str, row: Mapping[str, str]) -> str:
    if decision == "plan" and not _is_day(row["review_on"]):
        return "a plan says on which day it is looked at again (review_on, such as 2026-11-03)"
    if row["visited_on"] and not _is_day(row["visited_on"]):
        return "visited_on is not a date such as 2026-11-03"
    if decision in ("visited", "could_not_see") and not row["visited_on"]:
        return "the day of the visit is missing (visited_on)"
    visited, decided = day_in(row["visited_on"]), day_in(row["decided_at"])
    if visited and decided and visited > decided:
        return "visited_on lies after the day on which it was recorded"
    return ""


def _is_day(text: str) -> bool:
    return len(text) == 10 and day_in(text) is not None


def _gives_a_result(decision: str, row: Mapping[str, str]) -> str:
    allowed = _RESULTS.get(decision)
    if allowed is None or row["result"] in allowed:
        return ""
    return f"result of {decision} is not one of {', '.join(filter(None, allowed))}"


def _names_another_child(decision: str, row: Mapping[str, str]) -> str:
    if decision != "same_child":
        return ""
    if not row["other_child_id"]:
        return "same_child names the other number of the child (other_child_id)"
    is_itself = row["other_child_id"] == row["child_id"]
    return "other_child_id is the child_id itself; it names another child" if is_itself else ""


def _is_confirmed_by_another(_decision: str, row: Mapping[str, str]) -> str:
    second = row["confirmed_by"].casefold()
    if second and second == row["decided_by"].casefold():
        return "the second person must be somebody else than who decides"
    return ""


_CHECKS: tuple[Callable[[str, Mapping[str, str]], str], ...] = (
    _names_who,
    _names_what_it_closes,
    _gives_a_reason,
    _names_a_tier,
    _gives_its_days,
    _gives_a_result,
    _names_another_child,
    _is_confirmed_by_another,
)


def append(decision: Decision, path: Path) -> int:
    """Add one decision to a CSV file; earlier rows and their columns stay. Returns the row count.

    The folder's log gets a line. The file is written aside and renamed, so that a crash leaves the
    old one whole; whoever else writes into its folder at the same time waits.
    """
    with locked(path.parent):
        rows, columns = read_rows(path, REQUIRED)
        countylog.complete(path.parent, (path.name,))
        columns = [*columns, *(name for name in COLUMNS if name not in columns)]
        rows.append(decision.row())
        replace_rows(path, columns, rows)
        countylog.append(path.parent, decision.decision, {"added": 1, "runs": [decision.run_id]})
    return len(rows)

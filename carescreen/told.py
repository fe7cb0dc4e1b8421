"""What people recorded about a child lately: seen or not, found, referred, held lower, worried.

It repeats what was told, so that whoever recorded it finds it on the next list. It changes no tier,
score or order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from carescreen.block import Block, to_days
from carescreen.fields import REASON_CODES, REFERRAL_RESULTS, RESULTS
from carescreen.pack import TIERS
from carescreen.sheet import Sheet, objects, places

DECISIONS = ("visited", "could_not_see", "outcome", "referral", "lower", "own_concern")
MOST = 8  # of one child, the newest
DAYS = 90  # back from the as-of date
_RESULTS: dict[str, tuple[str, ...]] = {
    "outcome": RESULTS,
    "referral": REFERRAL_RESULTS,
    "own_concern": ("yes", "no"),
}

Record = dict[str, Any]


def told_of(block: Block, as_of: np.datetime64) -> dict[int, list[Record]]:
    """What was recorded of the children of a block that have such decisions, the newest first.

    By the child's position. `reason` is free text and may hold anything. A decision without a date
    is left out: it may be of any age.
    """
    rows = _lately(block.decisions, as_of)
    found: dict[int, list[tuple[tuple[str, ...], Record]]] = {}
    if not len(rows):
        return {}
    child = places(block.children["child_id"], rows["child_id"])
    for place, row in enumerate(rows.rows()):
        if child[place] >= 0:
            entry = _entry(row)
            key = (str(rows["decided_at"][place]), *map(str, entry.values()))
            found.setdefault(int(child[place]), []).append((key, entry))
    return {number: _newest(entries) for number, entries in found.items()}


def _newest(entries: list[tuple[tuple[str, ...], Record]]) -> list[Record]:
    """The newest first; of the same second in an order that the order of rows does not change."""
    ordered = sorted(entries, key=lambda entry: entry[0], reverse=True)
    return [entry for _, entry in ordered[:MOST]]


def _lately(rows: Sheet, as_of: np.datetime64) -> Sheet:
    if not len(rows):
        return rows
    since = as_of.astype("datetime64[D]") - np.timedelta64(DAYS, "D")
    days = to_days(rows["decided_at"])
    return rows.take(np.isin(rows["decision"], objects(DECISIONS)) & (days >= since))


def _entry(row: Record) -> Record:
    return {
        "decision": row["decision"],
        "decided_on": _day(row["decided_at"]),
        "by": _text(row["decided_by"]),
        "visited_on": _day(row.get("visited_on")),
        "result": _one_of(row.get("result"), _RESULTS.get(row["decision"], ())),
        "tier": _one_of(row.get("tier"), TIERS),
        "reason_code": _one_of(row.get("reason_code"), REASON_CODES),
        "reason": _text(row.get("reason")),
    }


def _one_of(value: object, words: tuple[str, ...]) -> str:
    """The word where it is one of these; a table made by hand may hold free text there."""
    word = _text(value)
    return word if word in words else ""


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _day(value: object) -> str | None:
    """The day of a date or of ISO text; None where there is none."""
    words = _text(value)[:10]
    return words if words and words != "NaT" else None

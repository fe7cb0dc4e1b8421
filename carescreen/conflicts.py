"""Conflicts of interest that people recorded, and which of them are not over.

`conflict` says that somebody else should visit; `conflict` with `result` ended says that it is over.
Said by X, it ends what X recorded about the child by then; where X recorded none, all of the
child's. What is recorded later stands again. Letter case tells nobody apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from carescreen.block import Times, covered_until, sortable, to_days
from carescreen.sheet import Sheet

ENDED = "ended"


def open_conflicts(
    child: Sequence[object], by: Sequence[object], at: Times, result: Sequence[object]
) -> list[int]:
    """Positions, in their order, of the rows whose conflict is not over.

    All rows are decisions `conflict`: whom they are about, who said so, when (datetime64[s]) and
    their result. A conflict without a date is older than any end; an end without one ends nothing.

    >>> days = np.array(["2026-10-01", "2026-10-02", "2026-10-05"], dtype="datetime64[s]")
    >>> open_conflicts(["C1", "C1", "C1"], ["W1", "W2", "W1"], days, ["", "", "ended"])
    [1]
    """
    is_end = [_plain(word) == ENDED for word in result]
    standing: dict[str, dict[str, list[int]]] = {}  # rows by child and by who said them
    for row in _in_time(at, is_end):
        about, who = standing.setdefault(str(child[row]), {}), _plain(by[row])
        if not is_end[row]:
            about.setdefault(who, []).append(row)
            continue
        for rows in [about[who]] if who in about else about.values():
            rows.clear()
    return sorted(row for about in standing.values() for rows in about.values() for row in rows)


def _in_time(at: Times, is_end: Sequence[bool]) -> list[int]:
    """Rows by time, an end of a day without a time after what that day says; useless ends left out."""
    ends = np.array(is_end, dtype=bool)
    when = np.where(ends, covered_until(at), at)
    order = np.lexsort((ends, np.where(np.isnat(when), np.iinfo(np.int64).min, when.view("int64"))))
    return [row for row in order.tolist() if not (ends[row] and np.isnat(at[row]))]


def _plain(value: object) -> str:
    return "" if value is None else str(value).strip().casefold()


def conflicts_in(decisions: Sheet) -> Sheet:
    """The rows of a checked decisions table whose conflict is not over, by time and who said so."""
    if not len(decisions):
        return decisions
    said = decisions.take(decisions["decision"] == "conflict")
    rows = open_conflicts(
        said["child_id"].tolist(),
        said["decided_by"].tolist(),
        said["decided_at"],
        said["result"].tolist(),
    )
    found = said.take(np.array(rows, dtype=np.int64))
    by = np.array([str(name or "") for name in found["decided_by"]], dtype=str)
    return found.take(np.lexsort((by, sortable(to_days(found["decided_at"])))))

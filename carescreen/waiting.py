"""Since when nobody has taken an immediate follow-up on: carried from list to list.

A list can be answered from the day it is made as of. So a child waits since the first list that
showed it at immediate with nobody having taken it on, unless somebody took it on in between. What is
carried stands in waiting.csv (child_id, waiting_since) of the list's folder.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.block import NO_DATE, Block, Days, to_days
from carescreen.cells import unguarded
from carescreen.sheet import objects, places

FILE = "waiting.csv"
COLUMNS = ("child_id", "waiting_since")

TAKEN_ON = ("acknowledge", "agree", "plan", "override")  # a person has it in hand

Record = dict[str, Any]


def taken_on(block: Block) -> Days:
    """The newest day on which somebody took each child's follow-up on; NaT where nobody did."""
    newest = np.full(block.n, NO_DATE)
    rows = block.decisions
    if len(rows):
        rows = rows.take(np.isin(rows["decision"], objects(TAKEN_ON)))
        child = places(block.children["child_id"], rows["child_id"])
        np.fmax.at(newest, child[child >= 0], to_days(rows["decided_at"])[child >= 0])
    return newest


def waits_for_somebody(record: Mapping[str, Any]) -> bool:
    """Whether a follow-up is immediate and nobody has taken it on (nor is it in the backlog)."""
    return bool(record["tier"] == "immediate" and record["state"] == "new")


def say_waiting(records: Iterable[Record], before: Mapping[str, str], as_of: str) -> None:
    """Say on each record that waits since when, by what `before` holds of the list that it replaces.

    What a list itself carries on says the same as that list.
    """
    for record in records:
        if not waits_for_somebody(record):
            continue
        since = before.get(str(record["child_id"]), as_of)
        taken_on = record.get("taken_on_before") or ""
        record["waiting_since"] = as_of if taken_on >= since or since > as_of else since


def waiting_before(folder: Path) -> dict[str, str]:
    """Since when each child waited on the list in a folder; none where it cannot be read."""
    try:
        with (folder / FILE).open(encoding="utf-8-sig", newline="") as file:
            return {
                unguarded(row["child_id"]): row["waiting_since"]
                for row in csv.DictReader(file)
                if len(row["waiting_since"] or "") == len("2026-11-01")
            }
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return {}


def waiting_frame(since: Mapping[str, str]) -> pd.DataFrame:
    """What is carried to the next list: since when each child that waits does, by its id."""
    return pd.DataFrame(list(since.items()), columns=list(COLUMNS), dtype=object)

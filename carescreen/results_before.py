"""Where children stood on the list before: read from the folder that the new run replaces."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from carescreen.cells import unguarded

Position = dict[str, Any]


def positions_before(folder: Path, as_of: str, wanted: Collection[str]) -> dict[str, Position]:
    """The place and tier (`as_of`, `rank`, `tier`) of each wanted child on the list in `folder`.

    Empty where the folder holds no list, one that cannot be read, or none of an earlier date: a
    list is written whether or not there was one before it.
    """
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        before = str(run["as_of"])
        if before >= as_of:
            return {}
        with (folder / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
            return {
                child: {"as_of": before, "rank": int(row["rank"]), "tier": row["tier"]}
                for row in csv.DictReader(file)
                if (child := unguarded(row["child_id"])) in wanted
            }
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return {}

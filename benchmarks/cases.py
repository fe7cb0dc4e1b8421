"""Cases of invented children with three visits each, as a service would be sent them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pandas as pd

from carescreen.synthetic import make_county

AS_OF = "2026-11-01"
VISITS = 3
_OF_RECORD = ("child_id", "household_id")


def synthetic_cases(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """`count` cases of a synthetic county, half of them with notes in Chinese, half in English.

    Each has its household, the newest VISITS visits with a note, and no decisions yet.
    """
    county = make_county(children=count * 3, visits_per_child=4.0, seed=seed, as_of=AS_OF)
    homes = {row["household_id"]: row for row in _rows(county.households)}
    visits = defaultdict(list)
    for row in _rows(county.visits.sort_values(["visit_date", "visit_id"])):
        if row.get("note"):
            visits[row["child_id"]].append(_without(row, _OF_RECORD))
    cases = []
    for child in _rows(county.children):
        own = visits[child["child_id"]][-VISITS:]
        if len(own) == VISITS and len(cases) < count:
            home = _without(homes.get(child.get("household_id"), {}), _OF_RECORD)
            cases.append({**child, "as_of": AS_OF, "household": home, "visits": own})
    assert len(cases) == count, "a county of three times as many children has enough of them"
    return cases


def _without(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON would carry them: a blank cell is left out."""
    texts = frame.astype(object).where(frame.notna(), None)
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in texts.to_dict("records")
    ]

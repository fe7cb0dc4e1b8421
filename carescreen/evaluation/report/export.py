"""metrics.json: every figure with its interval, counts and whether there was enough evidence.

NaN is null. Keys stand in the order of the tables; the same evaluation gives the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from carescreen.evaluation.judged import SMALL_CELL
from carescreen.evaluation.report.checklist import LISTS, items_of, sources
from carescreen.evaluation.report.content import Content
from carescreen.review.texts import LANGUAGES

FORMAT = "carescreen-evaluation/1"
_TABLES = (
    *("windows", "figures", "differences", "by_capacity", "calibration", "bins", "curve"),
    *("histogram", "net_benefit", "groups", "places", "misses", "rules"),
)


def metrics_text(content: Content) -> str:
    """The content as JSON text."""
    return json.dumps(metrics(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def metrics(content: Content) -> dict[str, Any]:
    """The content as plain values."""
    return {
        "format": FORMAT,
        "synthetic": content.is_synthetic,
        "stays_in_office": content.for_office,
        "small_cells": None
        if content.for_office
        else {"not_shown_up_to": SMALL_CELL, "rows_with_blanks": content.hidden},
        "left_out": list(content.left_out),
        "capacity": content.capacity,
        "methods": list(content.methods),
        "facts": plain(content.facts),
        "totals": plain(content.totals),
        **({"effective_events": plain(content.effective_events)} if content.for_office else {}),
        **{name: _records(getattr(content, name)) for name in _TABLES},
        "place_words": plain(content.place_words),
        "miss_words": plain(content.miss_words),
        "leak": plain(content.leak),
        "notices": plain(content.notices),
        "rule_titles": plain(content.titles),
        "checklists": {name: _items(name, content) for name in LISTS},
        "sources": sources(),
    }


def _items(name: str, content: Content) -> list[dict[str, Any]]:
    """The state of every item: measured, partly (the programme adds to it) or blank."""
    states = []
    for item in items_of(name, content, LANGUAGES[0]):
        state = "blank" if item.is_blank else "partly" if item.rest else "measured"
        states.append({"number": item.number, "state": state})
    return states


def _records(table: pd.DataFrame | None) -> list[dict[str, Any]] | None:
    if table is None:
        return None
    return [{str(k): plain(v) for k, v in row.items()} for row in table.to_dict("records")]


def plain(value: object) -> Any:
    """A value of a table or of facts as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence | np.ndarray):
        return [plain(one) for one in value]
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return None if value is pd.NaT else str(value)

"""Figures as they may leave: so few digits that counts cannot be solved for from them.

With weights of few kinds (1, and 1 / the chance of a draw), a weighted share with all its digits tells
how many of each kind there are. Shares keep two decimals, other figures two decimals or two digits;
counts stay whole.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carescreen.evaluation.report.content import Content

SHARE_DECIMALS = 2
DIGITS = 2
_COUNTS = frozenset(
    {
        *("children", "children_others", "judged", "rows", "rows_others", "events"),
        *("events_others", "counties", "children_with_event", "capacity", "events_listed"),
        *("events_below", "random_visits", "failed", "listed_only_events", "open", "unknown"),
        *("fired", "confirmed", "closed", "misread", "lowered", "raised"),
    }
)
_SETTINGS = frozenset({"threshold", "margin"})  # chosen, not measured
_NO_SHARES = frozenset(  # columns
    {
        *("visits_per_event_listed", "visits_per_event_below", "more_visits", "more_events"),
        *("p", "adjusted_p", "by_chance", "visit_all"),
    }
)
_SHARE_MEASURES = frozenset(
    {
        *("recall", "precision", "auroc", "auroc_within_caseworker", "average_precision"),
        *("observed_in_bin", "observed_on_curve"),
        *("missed_need", "selection_rate", "mention_rate", "question_rate"),
    }
)
_ALWAYS_SHARES = frozenset({"predicted", "visited"})
_TABLES = (
    *("windows", "figures", "differences", "by_capacity", "calibration", "bins", "curve"),
    *("net_benefit", "groups", "misses", "rules"),
)


def rounded(content: Content) -> Content:
    """The content with every figure rounded; steps of the histogram are settings and stay."""
    tables = {name: getattr(content, name) for name in _TABLES}
    known: dict[str, Any] = {
        name: rounded_table(table) for name, table in tables.items() if table is not None
    }
    return replace(content, **known)


def rounded_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table of figures rounded: columns by what they are, rows by their measure if there is one."""
    if not len(table):
        return table
    is_share = (
        table["measure"].isin(_SHARE_MEASURES).to_numpy(dtype=bool)
        if "measure" in table
        else np.ones(len(table), dtype=bool)
    )
    changed = {}
    for name in [str(name) for name in table if table[name].dtype.kind == "f"]:
        values = table[name].to_numpy(dtype=np.float64)
        if name in _COUNTS:
            changed[name] = np.round(values)
        elif name not in _SETTINGS:
            shares = is_share & (name not in _NO_SHARES) | (name in _ALWAYS_SHARES)
            few = np.array([significant(value) for value in values], dtype=np.float64)
            changed[name] = np.where(shares, np.round(values, SHARE_DECIMALS), few) + 0.0
    return table.assign(**changed)


def significant(value: float) -> float:
    """Two decimals; from 10 on, and under 0.1, two digits.

    >>> significant(1234.0), significant(4.6528), significant(-0.01234), significant(float("nan"))
    (1200.0, 4.65, -0.012, nan)
    """
    if not math.isfinite(value) or value == 0.0:
        return value
    place = math.floor(math.log10(abs(value)))
    return round(value, 2) if place in (-1, 0) else float(f"{value:.{DIGITS - 1}e}")

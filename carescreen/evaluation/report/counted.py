"""Figures in which every judged row counts once: what shares of rows, and so counts of them, are.

A share times events is a count only without weights. What may leave the office is decided by counts of
rows, so a weighted evaluation is measured once more without its weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carescreen.evaluation.capacities import recall_by_capacity
from carescreen.evaluation.decision_curve import net_benefit
from carescreen.evaluation.evaluated import Evaluation
from carescreen.evaluation.metrics import Floats
from carescreen.evaluation.order import use
from carescreen.evaluation.report.content import Content, dated, days_of

_DRAWS = 2  # intervals are not looked at
OF_FIGURES = ("part", "of", "method", "measure")
OF_CAPACITY = ("method", "capacity")
OF_BENEFIT = ("method", "measure", "threshold")


@dataclass(frozen=True)
class Counted:
    """Tables with the keys of those of a report, every row counting once."""

    figures: pd.DataFrame
    by_capacity: pd.DataFrame
    net_benefit: pd.DataFrame


def counted(found: Evaluation, content: Content) -> Counted:
    """The tables without weights; those of the content itself where there are none."""
    if not content.is_weighted:
        return Counted(content.figures, content.by_capacity, content.net_benefit)
    judged, capacity = found.backtest.judged, found.backtest.capacity
    curve, benefit = content.by_capacity, content.net_benefit
    if len(curve):
        methods = list(dict.fromkeys(curve["method"]))
        seats = [int(number) for number in dict.fromkeys(curve["capacity"])]
        curve = recall_by_capacity(judged, methods, seats, draws=_DRAWS)
    if len(benefit):
        chances = list(dict.fromkeys(benefit["method"]))
        limits = [float(number) for number in dict.fromkeys(benefit["threshold"])]
        benefit = net_benefit(judged, chances, thresholds=limits, draws=_DRAWS).figures
    seated = use(judged, content.methods, capacity, draws=_DRAWS).figures
    return Counted(dated(seated, days_of(judged)), curve, benefit)


def beside(
    table: pd.DataFrame, other: pd.DataFrame, keys: Sequence[str], name: str = "value"
) -> Floats:
    """A column of another table in the rows of this one that have the same keys; NaN for none."""
    if not len(other):
        return np.full(len(table), np.nan)
    known = dict(zip(keys_of(other, keys), other[name].astype(float), strict=True))
    return np.array([known.get(key, np.nan) for key in keys_of(table, keys)], dtype=np.float64)


def keys_of(table: pd.DataFrame, names: Sequence[str]) -> list[tuple[str, ...]]:
    """The cells that tell rows apart, as words: None and NaN alike in each row."""
    rows = table[list(names)].itertuples(index=False, name=None)
    return [
        tuple("" if cell is None or cell != cell else str(cell) for cell in row) for row in rows
    ]

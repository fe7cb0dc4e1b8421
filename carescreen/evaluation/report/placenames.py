"""Columns that name a place, a worker or a household, by their name or by where their values occur."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from carescreen.evaluation.report.tables import PAIR

COLUMNS = frozenset({"village_id", "caseworker_id", "household_id", "child_id", "group"})
MOST_VALUES = 5  # judgement: an attribute with more, each in one place only, names places
_PLACES = ("village_id", "caseworker_id")


def naming_places(judged: pd.DataFrame, attributes: Sequence[str]) -> tuple[str, ...]:
    """Audit attributes whose every value occurs in one village only, or with one worker only, while
    there are several of them and more than MOST_VALUES values: a village's name in other words."""
    places = [
        judged[name] for name in _PLACES if name in judged and judged[name].dropna().nunique() > 1
    ]
    return tuple(
        name
        for name in attributes
        if name in judged
        and name not in COLUMNS
        and judged[name].dropna().nunique() > MOST_VALUES
        and any(_one_each(judged[name], place) for place in places)
    )


def _one_each(values: pd.Series, place: pd.Series) -> bool:
    """Whether each value is of one place; children of an unknown place tell nothing of that."""
    known = values.notna() & place.notna()
    if not known.any():
        return False
    kinds = place[known].astype(str).groupby(values[known].astype(str)).nunique()
    return bool((kinds == 1).all())


def is_about_a_place(name: object, left_out: Sequence[str]) -> bool:
    """Whether an attribute, or one of a pair, is such a column."""
    return any(one in COLUMNS or one in left_out for one in str(name).split(PAIR))

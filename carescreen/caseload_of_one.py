"""The tables of a case alone, without the questions that only several rows or bad ones raise.

Most cases that a service is sent hold nothing that could not be used, nothing from after the day, and no
two rows of one visit: then no row needs to be compared with another, and the encoded tables are what
`check`, `known_by` and `Partition` would give. For any other case those decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from carescreen.caseload import Caseload
from carescreen.fields import TABLES
from carescreen.indicators import Indicator
from carescreen.sheet import Sheet, some

_ONE_DAY = np.timedelta64(1, "D")


def plain_tables(
    caseload: Caseload, indicators: Mapping[str, Indicator], day: np.datetime64
) -> dict[str, Sheet] | None:
    """The encoded tables of one child and its household; None where rows must be looked at again."""
    tables = caseload.encoded_whole(indicators)
    if tables is None or len(tables["children"]) != 1:
        return None
    children, homes = tables["children"], tables["households"]
    if len(homes) != 1 or homes["household_id"][0] != children["household_id"][0]:
        return None
    next_day = (day + _ONE_DAY).astype("datetime64[s]")
    child_id = children["child_id"][0]
    for name, table in tables.items():
        if not len(table):
            continue
        fields = TABLES[name]
        if fields.key == "child_id" and table["child_id"].tolist().count(child_id) < len(table):
            return None
        if any(some(table[column] >= next_day) for column in fields.known_on):
            return None
        if fields.date and some(np.isnat(table[fields.date])):
            return None
    is_plain = _is_plain_child(children, next_day) and _are_plain(tables["visits"], children)
    return tables if is_plain else None


def _is_plain_child(children: Sheet, next_day: np.datetime64) -> bool:
    """Whether a child's birth date and age can stand as they are."""
    birth, recorded = children["birth_date"][0], children["recorded_at"][0]
    if np.isnat(birth):
        return bool(np.isnan(children["age_years"][0])) or not np.isnat(recorded)
    day_recorded = recorded.astype("datetime64[D]")
    return bool(birth < next_day) and not bool(birth.astype("datetime64[D]") > day_recorded)


def _are_plain(visits: Sheet, children: Sheet) -> bool:
    """Whether visits have an id each, and none is dated before the birth or after its entry."""
    ids = visits["visit_id"].tolist()
    if None in ids or len(set(ids)) < len(ids):
        return False
    dates = visits["visit_date"]
    if some(dates < children["birth_date"][0]):
        return False
    recorded = visits["recorded_at"]
    return not some(dates.astype("datetime64[D]") > recorded.astype("datetime64[D]") + _ONE_DAY)

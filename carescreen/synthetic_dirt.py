"""A few bad rows as real exports have them, for tests of reading and checking."""

from __future__ import annotations

import pandas as pd


def add_dirt(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Copies of the tables with bad cells and rows: a known handful, always the same kinds.

    children    a doubled child_id, a missing one, a birth date after the as-of date, an
                impossible date, a word outside the list
    visits      an unknown child, a missing child_id, an impossible date, a visit before birth,
                a number out of range, a doubled visit_id
    households  a negative distance
    """
    return tables | {
        "children": _dirty_children(tables["children"]),
        "visits": _dirty_visits(tables["visits"], tables["children"]),
        "households": _dirty_households(tables["households"]),
    }


def _dirty_children(children: pd.DataFrame) -> pd.DataFrame:
    bad = pd.concat([children.iloc[:1]] * 5, ignore_index=True)
    bad["child_id"] = [children["child_id"].iloc[0], None, "C-late", "C-never", "C-word"]
    bad.loc[2, "birth_date"] = "2099-01-01"
    bad.loc[3, "birth_date"] = "2020-02-31"
    bad.loc[4, "sex"] = "girl?"
    return pd.concat([children, bad], ignore_index=True)


def _dirty_visits(visits: pd.DataFrame, children: pd.DataFrame) -> pd.DataFrame:
    if visits.empty:
        return visits
    bad = pd.concat([visits.iloc[:1]] * 6, ignore_index=True)
    bad["visit_id"] = ["N-a", "N-b", "N-c", "N-d", "N-e", visits["visit_id"].iloc[0]]
    bad.loc[0, "child_id"] = "C-nobody"
    bad.loc[1, "child_id"] = None
    bad.loc[2, "visit_date"] = "2026-13-45"
    bad.loc[3, "visit_date"] = "1990-01-01"
    bad.loc[4, "left_alone_days_week"] = 99
    bad.loc[4, "child_id"] = children["child_id"].iloc[-1]
    return pd.concat([visits, bad], ignore_index=True)


def _dirty_households(households: pd.DataFrame) -> pd.DataFrame:
    bad = households.iloc[:1].copy()
    bad["household_id"] = "H-bad"
    bad["open_water_near_m"] = -5
    return pd.concat([households, bad], ignore_index=True)

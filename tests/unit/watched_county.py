"""A synthetic county as it would have been exported on a day, and the folder of its list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from carescreen.caseload import Caseload
from carescreen.results import write_results
from carescreen.screener import Screener
from carescreen.synthetic import County


@dataclass(frozen=True)
class Export:
    """The tables of one day."""

    children: pd.DataFrame
    visits: pd.DataFrame
    households: pd.DataFrame
    outcomes: pd.DataFrame
    decisions: pd.DataFrame


Change = Callable[[Export], Export]


def exported(county: County, day: str) -> Export:
    """What was there by a day. A row that was overwritten since stands as if it had been entered before."""
    until = pd.Timestamp(day)

    def overwritten(table: pd.DataFrame) -> pd.DataFrame:
        entered = pd.to_datetime(table["recorded_at"])
        before = entered.where(entered <= until, until - pd.Timedelta(days=20))
        return table.assign(recorded_at=before.dt.strftime("%Y-%m-%d"))

    def by_then(table: pd.DataFrame) -> pd.DataFrame:
        return table[pd.to_datetime(table["recorded_at"]) <= until].copy()

    children = county.children[~(pd.to_datetime(county.children["registered_on"]) > until)]
    return Export(
        overwritten(children),
        by_then(county.visits),
        overwritten(county.households),
        by_then(county.outcomes),
        by_then(county.decisions),
    )


def write_run(screener: Screener, export: Export, day: str, folder: Path) -> Path:
    """Rank an export and write its folder."""
    tables = export.children, export.visits, export.households, export.outcomes, export.decisions
    ranking = screener.rank(Caseload(*tables), day)
    write_results(ranking, folder, quotes=False, made_by="tester", language="en")
    return folder


def with_visits(export: Export, **columns: pd.Series) -> Export:
    """The export with columns of visits replaced."""
    return replace(export, visits=export.visits.assign(**columns))


def newer_than(export: Export, day: str) -> pd.Series:
    """Which visits were entered after a day."""
    return pd.to_datetime(export.visits["recorded_at"]) > pd.Timestamp(day)

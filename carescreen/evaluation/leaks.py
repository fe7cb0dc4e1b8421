"""A leak test: what was recorded after an as-of date must change nothing at that date.

It changes every row that was dated or recorded later, adds later visits, late entries, edits, outcomes
and decisions to many children, and compares what every method says and who each child is. What it finds
makes every figure of a backtest worthless. It cannot see a table without entry dates that was edited
(the notice `undated` says which), a table of groups from elsewhere, or lists that were given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from carescreen.caseload import Caseload
from carescreen.evaluation.audit_columns import audit_attributes, default_attributes
from carescreen.evaluation.backtest import Refit, WindowRows
from carescreen.evaluation.child_windows import Asked
from carescreen.fields import TABLES
from carescreen.indicators import Indicator
from carescreen.model import RiskModel
from carescreen.screener import Screener
from carescreen.sheet import Sheet

MOST_ROWS = 2_000  # of each table, that get later ones beside them
_LATER = 7  # days after the as-of date
_PLACES = ("village_id", "household_id", "caseworker_id", "county_id", "province_id")
_ALARM = "孩子身上有伤，说爸爸打的，不敢回家。 He says his father beats him, bruises on both arms."


def find_leaks(
    screener: Screener,
    caseload: Caseload,
    as_of: str | date | np.datetime64,
    *,
    attributes: Sequence[str] | None = None,
    reference: RiskModel | None = None,
    refit: Refit | None = None,
) -> tuple[str, ...]:
    """Names of the columns of `child_windows` that later records change; none where nothing leaks.

    "child_id" where other children are there. Rows without any date are known at every date, and are
    no leak. Arguments as for `backtest`.
    """
    day = np.datetime64(str(as_of), "D")
    indicators = screener.rules.indicators
    wanted = default_attributes(indicators) if attributes is None else attributes
    asked = Asked(audit_attributes(indicators, wanted), reference)
    both = []
    for one in (caseload, with_later_records(caseload, indicators, day)):
        windows = WindowRows(screener, one.check(indicators), asked, refit, None, _LATER)
        both.append(windows.rows_at(day))
    return _different(*both)


def _different(before: Sheet | None, after: Sheet | None) -> tuple[str, ...]:
    if before is None or after is None:
        return () if before is after else ("child_id",)
    frames = [
        sheet.to_frame().sort_values("child_id", ignore_index=True) for sheet in (before, after)
    ]
    if not frames[0]["child_id"].equals(frames[1]["child_id"]):
        return ("child_id",)
    return tuple(str(name) for name in frames[0] if not frames[0][name].equals(frames[1][name]))


def with_later_records(
    caseload: Caseload, indicators: Mapping[str, Indicator], day: np.datetime64
) -> Caseload:
    """The caseload with other and more records of after a day."""
    frames = {name: getattr(caseload, name) for name in TABLES}
    return Caseload(
        **{name: _tampered(name, frame, indicators, day) for name, frame in frames.items()}
    )


def _tampered(
    name: str, frame: pd.DataFrame, indicators: Mapping[str, Indicator], day: np.datetime64
) -> pd.DataFrame:
    fields = TABLES[name]
    dated = [column for column in fields.known_on if column in frame]
    if not len(frame) or not dated:
        return frame
    frame = frame.astype(dict.fromkeys(frame, object))
    later = np.zeros(len(frame), dtype=bool)
    for column in dated:
        later |= (_days(frame[column]) > day).to_numpy(dtype=bool)
    changed = frame.copy()
    changed.loc[later] = _alarming(changed[later], indicators)
    step = max(len(frame) // MOST_ROWS, 1)
    return pd.concat([changed, *_later_rows(name, frame.iloc[::step], dated, indicators, day)])


def _later_rows(
    name: str,
    some: pd.DataFrame,
    dated: Sequence[str],
    indicators: Mapping[str, Indicator],
    day: np.datetime64,
) -> list[pd.DataFrame]:
    """Rows dated later, and where an entry date is kept also late entries and edits of rows there are."""
    on = str(day + np.timedelta64(_LATER, "D"))
    worse = _alarming(some, indicators)
    found = []
    if TABLES[name].date in dated:
        found.append(worse.assign(**dict.fromkeys(dated, on)))
    if "recorded_at" in dated:
        found.append(worse.assign(recorded_at=on))
    if "visit_id" in some and name == "visits":
        # An edit keeps the id of what it changes; whatever else is new has one of its own.
        new = [rows.assign(visit_id=rows["visit_id"].map("{}-later".format)) for rows in found]
        found = [*new, *found[-1:]] if "recorded_at" in dated else new
    return found


def _alarming(rows: pd.DataFrame, indicators: Mapping[str, Indicator]) -> pd.DataFrame:
    """The rows saying the worst of everything, of other families elsewhere."""
    said: dict[str, Any] = {}
    for column in rows:
        indicator = indicators.get(str(column))
        if indicator is not None and indicator.type == "enum":
            said[str(column)] = max(indicator.values, key=lambda word: _risk(indicator, word))
        elif indicator is not None and indicator.type in ("number", "integer"):
            said[str(column)] = str(int(indicator.range[1])) if indicator.range else "9"
        elif column in _PLACES:
            said[str(column)] = "later"
    words = {
        "note": _ALARM,
        "result": "confirmed",
        "worker_concern": "yes",
        "child_seen": "no",
        "decision": "close",
    }
    return rows.assign(**said, **{name: word for name, word in words.items() if name in rows})


def _risk(indicator: Indicator, word: str) -> int:
    order = indicator.risk_order or indicator.values
    return order.index(word) if word in order else -1


def _days(column: pd.Series) -> pd.Series:
    found: pd.Series = pd.to_datetime(column, errors="coerce", format="mixed", utc=True)
    days: pd.Series = found.dt.tz_localize(None).astype("datetime64[s]")
    return days

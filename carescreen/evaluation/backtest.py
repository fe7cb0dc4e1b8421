"""Backtest: rank at past dates with what was known then, and compare with what visits found later.

Outcomes exist only for children who were visited, mostly because a list or a worker chose them: the
figures describe those children. Children without a judged outcome are left out of numerators and
denominators, never counted as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.caseload import Caseload, CheckedCaseload
from carescreen.errors import CaseloadError, UsageError
from carescreen.evaluation.cluster_draws import codes, draw
from carescreen.evaluation.intervals import NONE, share
from carescreen.evaluation.judged import LEAST_EVENTS as LEAST_EVENTS
from carescreen.evaluation.metrics import Estimate, Floats, inclusion
from carescreen.evaluation.ranks import rank_statistic, seat_statistic
from carescreen.outcomes import CONFIRMED, first_seen, is_told, visits_judged
from carescreen.pack import TIERS
from carescreen.ranking import Ranking
from carescreen.screener import Screener
from carescreen.sheet import Sheet

METHODS = ("carescreen", "rules_only", "score_only", "longest_unseen", "worker_concern", "random")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Backtest:
    """What a backtest found.

    windows  one row a window: as_of, until, children, judged, events
    metrics  one row a method: auroc, recall and precision at capacity, each with low and high;
             NaN where there is not enough evidence (`LEAST_EVENTS`)
    notices  what a reader must know, as sentences
    """

    windows: pd.DataFrame
    metrics: pd.DataFrame
    capacity: int
    notices: tuple[str, ...]

    @property
    def events(self) -> int:
        """Confirmed outcomes over all windows."""
        return int(self.windows["events"].sum())

    @property
    def is_enough(self) -> bool:
        """Whether there are enough confirmed outcomes for any figure."""
        return self.events >= LEAST_EVENTS


def backtest(
    screener: Screener,
    caseload: Caseload,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    every_days: int = 90,
    horizon_days: int = 90,
    capacity: int | None = None,
    random_state: int = 0,
    progress: Progress | None = None,
) -> Backtest:
    """Rank at each as-of date from `start`, and judge by outcomes inside the horizon.

    Windows must not overlap (an event would count twice): `every_days` is at least `horizon_days`.
    `start` and `end` default to what the outcomes cover. A window without a judged outcome is left
    out, and said. Intervals resample households.
    """
    if every_days < horizon_days or horizon_days < 1:
        raise UsageError(
            f"windows would overlap: every {every_days} days with a horizon of {horizon_days}; "
            "an event would count more than once"
        )
    checked = caseload.check(screener.rules.indicators)
    outcomes = _judged(checked)
    every = _as_of_days(outcomes, start, end, every_days, horizon_days)
    days = _judged_days(outcomes, every, horizon_days)
    seats = screener.rules.settings.capacity if capacity is None else capacity
    parts, windows = [], []
    for number, day in enumerate(days, start=1):
        ranking = screener.rank(checked, as_of=day, capacity=seats)
        part = _window(ranking, checked.known_by(day), outcomes, day, horizon_days)
        parts.append(part.assign(window=number))
        windows.append(_window_row(part, day, horizon_days))
        if progress is not None:
            progress("windows", number, len(days))
    table = pd.concat(parts, ignore_index=True)
    metrics = pd.DataFrame(list(_metrics(table, seats, random_state)))
    notices = _notices(table, len(every) - len(days))
    return Backtest(pd.DataFrame(windows), metrics, seats, notices)


def _judged(checked: CheckedCaseload) -> Sheet:
    """Judged visits; CaseloadError where none says confirmed or not."""
    judged = visits_judged(checked)
    if not is_told(judged["status"]).any():
        raise CaseloadError(
            "a backtest needs outcomes: no row of the outcomes table has a date and the result "
            "confirmed or not_confirmed"
        )
    return judged


def _as_of_days(
    outcomes: Sheet,
    start: str | date | None,
    end: str | date | None,
    every: int,
    horizon: int,
) -> NDArray[np.datetime64]:
    days = outcomes["on"][is_told(outcomes["status"])]
    first = days.min() if start is None else _day("start", start)
    last = days.max() if end is None else _day("end", end)
    chosen = np.arange(first, last - _days(horizon - 1), _days(every))
    if not len(chosen):
        raise UsageError(
            f"no whole window of {horizon} days fits between {first} and {last}; "
            "choose earlier dates or a shorter horizon"
        )
    return chosen


def _day(name: str, given: str | date) -> np.datetime64:
    try:
        day: np.datetime64 = np.datetime64(given, "D")
    except ValueError:
        day = np.datetime64("NaT", "D")
    if np.isnat(day):
        raise UsageError(f"{name} wants a date such as 2026-11-01; got '{given}'")
    return day


def _judged_days(
    outcomes: Sheet, days: NDArray[np.datetime64], horizon: int
) -> NDArray[np.datetime64]:
    """The as-of dates with a judged outcome inside the horizon."""
    on = np.sort(outcomes["on"][is_told(outcomes["status"])])
    inside = np.searchsorted(on, days + _days(horizon), "right") > np.searchsorted(
        on, days, "right"
    )
    if not inside.any():
        raise UsageError(
            f"no judged outcome lies within {horizon} days after {days[0]} or a later as-of date; "
            "choose dates that the outcomes cover"
        )
    return days[inside]


def _window(
    ranking: Ranking,
    known: CheckedCaseload,
    outcomes: Sheet,
    day: np.datetime64,
    horizon: int,
) -> pd.DataFrame:
    """All children at one as-of date: what each method says, and the first outcome after it."""
    frame = ranking.to_frame()
    event = _events(frame["child_id"], first_seen(outcomes, day, horizon))
    tier = frame["tier"].map({name: k for k, name in enumerate(TIERS)}).to_numpy(dtype=np.float64)
    unseen = frame["days_since_seen"].fillna(np.inf).to_numpy(dtype=np.float64)
    group = frame["caseworker_id"].where(frame["caseworker_id"].notna(), frame["village_id"])
    household = frame["household_id"].where(frame["household_id"].notna(), frame["child_id"])
    return pd.DataFrame(
        {
            "event": event,
            "judged": [value is True or value is False for value in event],
            "group": group.astype(object),
            "household": household.astype(object),
            "carescreen": -frame["rank"].to_numpy(dtype=np.float64),
            "rules_only": -tier,
            "score_only": frame["score"].to_numpy(dtype=np.float64),
            "longest_unseen": np.minimum(unseen, 1e6),
            "worker_concern": _worker_concern(frame["child_id"], known),
            "random": np.zeros(len(frame)),
        }
    )


def _events(ids: pd.Series, found: Sheet) -> NDArray[np.object_]:
    """Whether each child's first visit confirmed a concern; missing where it was not told."""
    told = found.take(is_told(found["status"]))
    is_event = pd.Series(told["status"] == CONFIRMED, index=told["child_id"])
    return ids.map(is_event).to_numpy(dtype=object)


def _worker_concern(ids: pd.Series, known: CheckedCaseload) -> NDArray[np.float64]:
    """The worker's own yes at the child's newest visit by the date; 0 where she said nothing."""
    visits = known.visits
    if "worker_concern" not in visits:
        return np.zeros(len(ids))
    said = visits["worker_concern"].to_numpy() == 1
    table = pd.DataFrame(
        {"child_id": visits["child_id"], "on": visits["visit_date"].to_numpy(), "said": said}
    )
    newest = table.sort_values(["on", "said"]).drop_duplicates("child_id", keep="last")
    answer = ids.map(newest.set_index("child_id")["said"])
    return np.asarray(answer.eq(True).to_numpy(), dtype=np.float64)


def _days(count: int) -> np.timedelta64:
    return np.timedelta64(count, "D")


def _window_row(part: pd.DataFrame, day: np.datetime64, horizon: int) -> dict[str, object]:
    return {
        "as_of": str(day),
        "until": str(day + _days(horizon)),
        "children": len(part),
        "judged": int(part["judged"].sum()),
        "events": int((part["event"] == True).sum()),  # noqa: E712  # object column with missing
    }


def _metrics(table: pd.DataFrame, seats: int, seed: int) -> Iterator[dict[str, object]]:
    judged = table["judged"].to_numpy(dtype=bool)
    event = (table["event"].to_numpy(dtype=object) == True)[judged]  # noqa: E712  # as above
    window = codes(table["window"].to_numpy(dtype=object)[judged])
    groups = codes((table["group"].astype(str) + "|" + table["window"].astype(str)).to_numpy())
    ones = np.ones(len(event))
    chosen, statistics = [], []
    for method in METHODS:
        score = table[method].to_numpy(dtype=np.float64)
        chosen.append(inclusion(score, groups, seats)[judged])
        statistics.append(rank_statistic(score[judged], event, ones, window))
        statistics.append(seat_statistic(chosen[-1], event, ones))
    enough = int(event.sum()) >= LEAST_EVENTS
    household = codes(table["household"].to_numpy(dtype=object)[judged])
    drawn = draw(statistics, household, seed=seed) if enough else []
    for k, method in enumerate(METHODS):
        row: dict[str, object] = {"method": method, "judged": len(event), "events": event.sum()}
        found = dict.fromkeys(("auroc", "recall", "precision"), NONE)
        if enough:
            points = [statistic.point() for statistic in statistics[2 * k : 2 * k + 2]]
            found = _found(points, drawn[2 * k : 2 * k + 2], event.sum(), chosen[k].sum())
        for name, figure in found.items():
            row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        yield row


def _found(
    points: list[Floats], drawn: list[Floats], events: float, seated: float
) -> dict[str, Estimate]:
    return {
        "auroc": share(points[0][0], drawn[0][0], events),
        "recall": share(points[1][0], drawn[1][0], events),
        "precision": share(points[1][1], drawn[1][1], seated),
    }


def _notices(table: pd.DataFrame, skipped: int) -> tuple[str, ...]:
    events = int((table["event"] == True).sum())  # noqa: E712  # object column with missing
    judged = int(table["judged"].sum())
    notices = [
        f"{judged:,} of {len(table):,} child-windows have a judged outcome; the figures describe "
        "those, and visits chosen by a list overstate how well it does"
    ]
    if skipped:
        notices.append(f"windows without any judged outcome, left out: {skipped}")
    if events < LEAST_EVENTS:
        notices.append(
            f"not enough evidence: {events} confirmed outcomes, at least {LEAST_EVENTS} are needed"
        )
    return tuple(notices)

"""Backtest: rank at past dates with what was known then, and compare with what visits found later.

The dates are at least a horizon apart, so that an event counts once: overlapping windows would count
it in each and make intervals too narrow. Outcomes exist only for children who were visited, mostly
because a list or a worker chose them: the figures describe those children. Children without a judged
outcome take places in the order and are in no figure; they are never counted as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.caseload import Caseload, CheckedCaseload
from carescreen.errors import CaseloadError, UsageError
from carescreen.evaluation.audit_columns import audit_attributes, default_attributes, joined_groups
from carescreen.evaluation.child_windows import Asked, date_rows, with_orders
from carescreen.evaluation.earlier_lists import newest_before, places_on
from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.notices import Notice, too_few
from carescreen.evaluation.open_rules import OpenRules
from carescreen.evaluation.order import discrimination, use
from carescreen.evaluation.window_outcomes import outcomes_of
from carescreen.evaluation.window_weights import window_weights
from carescreen.model import RiskModel
from carescreen.outcomes import is_told, visits_judged
from carescreen.screener import Screener
from carescreen.sheet import Sheet

METHODS = (
    *("carescreen", "rules_only", "score_only", "frozen", "previous_list"),
    *("worker_concern", "longest_unseen", "random"),
)
WEIGHT = "weight"  # the column that says how many children a judged row speaks for
DRAWS = 500  # of the short table; `evaluate` draws more
Fold = Literal["county", "village"]
Progress = Callable[[str, int, int], None]


class Refit(Protocol):
    """Models that are fitted anew at each date, on what was known by its end."""

    @property
    def folds(self) -> Fold | None:
        """What a model's own outcomes are kept from: its county, or its village; None for nothing."""

    def at(
        self, screener: Screener, known: CheckedCaseload, as_of: np.datetime64
    ) -> Sequence[tuple[RiskModel | None, NDArray[np.object_] | None]]:
        """Pairs of a model and the children it scores (None: all); no model where too little is known."""


@dataclass(frozen=True, repr=False)  # its rows are records
class Backtest:
    """What a backtest found.

    judged    one row a child and window (JudgedWindows of docs/evaluation.md)
    windows   one row a window: as_of, until, children, judged, events
    methods   the columns of `judged` that put children in order
    attributes  the columns of `judged` that groups are made by
    opened    which rules are open for whom at each date
    facts     what it was made with: pack, model, dates, days, row counts
    notices   what a reader must know
    """

    judged: pd.DataFrame
    windows: pd.DataFrame
    capacity: int
    methods: tuple[str, ...]
    attributes: tuple[str, ...]
    opened: tuple[OpenRules, ...]
    facts: Mapping[str, Any]
    notices: tuple[Notice, ...]

    @property
    def events(self) -> int:
        """Confirmed outcomes over all windows."""
        return int(self.windows["events"].sum())

    @property
    def is_enough(self) -> bool:
        """Whether there are enough confirmed outcomes for any figure."""
        return self.events >= LEAST_EVENTS

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row a method: auroc, recall and precision at capacity, each with low and high; NaN
        where there is not enough evidence. Intervals (95%) resample households."""
        found = [
            discrimination(self.judged, self.methods, by=(), weight=WEIGHT, draws=DRAWS),
            use(self.judged, self.methods, self.capacity, by=(), weight=WEIGHT, draws=DRAWS),
        ]
        figures = pd.concat([one.figures for one in found], ignore_index=True)
        return pd.DataFrame([_short_row(name, figures) for name in self.methods])


def _short_row(method: str, figures: pd.DataFrame) -> dict[str, object]:
    own = figures[figures["method"] == method].set_index("measure")
    row: dict[str, object] = {"method": method}
    row |= {name: own.loc["auroc", name] for name in ("judged", "events")}
    for name in ("auroc", "recall", "precision"):
        row |= {name: own.loc[name, "value"]}
        row |= {f"{name}_{end}": own.loc[name, end] for end in ("low", "high")}
    return row


def backtest(
    screener: Screener,
    caseload: Caseload | CheckedCaseload,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    every_days: int = 90,
    horizon_days: int = 90,
    capacity: int | None = None,
    attributes: Sequence[str] | None = None,
    groups: pd.DataFrame | None = None,
    reference: RiskModel | None = None,
    refit: Refit | None = None,
    lists: pd.DataFrame | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Rank at each as-of date from `start`, and judge by outcomes inside the horizon.

    Windows must not overlap: `every_days` is at least `horizon_days`. `start` and `end` default to
    what the outcomes cover; windows without a judged outcome are left out, and said.

    attributes  audit attributes: ids of the pack's indicators, "name=id", or "name=id!value" for
                yes and no; None for sex and disability, where the pack has them
    groups      further ones from elsewhere: one row a child_id, household_id or village_id
    reference   a model never fitted again, in order beside the screener's own as "frozen"
    refit       models fitted anew at each date (`carescreen.cohort_refit`); the screener's own model
                is then the reference unless another is given
    lists       as_of, child_id, rank of the lists that there were (`read_lists`); without them the
                order of `every_days` earlier is the previous list

    CaseloadError where no outcome is judged; UsageError for dates, days or groups that cannot be.
    """
    if every_days < horizon_days or horizon_days < 1:
        raise UsageError(
            f"windows would overlap: every {every_days} days with a horizon of {horizon_days}; "
            "an event would count more than once"
        )
    checked = (
        caseload.check(screener.rules.indicators) if isinstance(caseload, Caseload) else caseload
    )
    outcomes = _judged(checked)
    every = _as_of_days(outcomes, start, end, every_days, horizon_days)
    days = _judged_days(outcomes, every, horizon_days)
    if reference is None and refit is not None:
        reference = screener.model
    same = reference is not None and refit is None and reference.digest == screener.model.digest
    indicators = screener.rules.indicators
    wanted = default_attributes(indicators) if attributes is None else attributes
    asked = Asked(audit_attributes(indicators, wanted), None if same else reference)
    windows = WindowRows(screener, checked, asked, refit, lists, every_days)
    parts, opened, summary = _gathered(windows, days, outcomes, horizon_days, progress)
    table = pd.concat(parts, ignore_index=True)
    table[WEIGHT] = window_weights(table)
    judged, others = joined_groups(table, groups, asked.attributes)
    facts = _facts(screener, checked, summary, (every_days, horizon_days), asked, refit)
    notices = [
        *_notices(judged, outcomes, len(every) - len(parts), days[-1] + _days(horizon_days)),
        *windows.notices(),
        *([Notice("same_reference")] if same else []),
        *_in_sample(screener.model, asked.reference, refit, days[0]),
        *([Notice("one_list")] if judged["group"].isna().all() else []),
        *_undated(checked),
        *_covered(judged, others),
        *([Notice("synthetic")] if facts["data_origin"] == "synthetic" else []),
    ]
    return Backtest(
        judged=judged,
        windows=pd.DataFrame(summary),
        capacity=screener.rules.settings.capacity if capacity is None else capacity,
        methods=tuple(name for name in METHODS if name in judged),
        attributes=(*asked.attributes, *others),
        opened=tuple(opened),
        facts=facts,
        notices=tuple(notices),
    )


def _gathered(
    windows: WindowRows,
    days: NDArray[np.datetime64],
    outcomes: Sheet,
    horizon: int,
    progress: Progress | None,
) -> tuple[list[pd.DataFrame], list[OpenRules], list[dict[str, object]]]:
    """The judged rows, open rules and summary of each date; CaseloadError before any child."""
    parts, opened, summary = [], [], []
    for number, day in enumerate(days, start=1):
        at = windows.at(day)
        if progress is not None:
            progress("as-of dates", number, len(days))
        if at is None:
            continue
        rows, rules = at
        found = outcomes_of(rows["child_id"], outcomes, day, horizon)
        parts.append(_frame(rows.with_columns(**found), number, day))
        opened.append(rules)
        summary.append(_window_row(parts[-1], day, horizon))
    if not parts:
        raise CaseloadError(f"no child was known by {days[-1]}: choose later dates")
    return parts, opened, summary


class WindowRows:
    """The rows of one date after another, each with the list before it."""

    def __init__(
        self,
        screener: Screener,
        checked: CheckedCaseload,
        asked: Asked,
        refit: Refit | None,
        lists: pd.DataFrame | None,
        every_days: int,
    ) -> None:
        self.screener, self.checked, self.asked = screener, checked, asked
        self.refit, self.lists, self.every = refit, lists, _days(every_days)
        self.fitted = self.windows = self.without_list = 0
        self.last: tuple[np.datetime64, pd.DataFrame] | None = None

    def at(self, day: np.datetime64) -> tuple[Sheet, OpenRules] | None:
        """The rows of a date, with `previous_list`, and the rules open at it; None before any child."""
        found = self._rows(day)
        if found is None:
            return None
        rows, opened = found
        before = self._before(day)
        self.windows += 1
        self.without_list += before is None
        self.last = day, _as_list(rows)
        return rows.with_columns(previous_list=places_on(before, rows["child_id"])), opened

    def rows_at(self, day: np.datetime64) -> Sheet | None:
        """The rows of a date alone."""
        found = self._rows(day, count=False)
        return None if found is None else found[0]

    def _before(self, day: np.datetime64) -> pd.DataFrame | None:
        if self.lists is not None:
            return newest_before(self.lists, day)
        if self.last is not None and self.last[0] == day - self.every:
            return self.last[1]
        found = self._rows(day - self.every, count=False)
        return None if found is None else _as_list(found[0])

    def _rows(self, day: np.datetime64, count: bool = True) -> tuple[Sheet, OpenRules] | None:
        known = self.checked.known_by(day)
        if self.refit is None:
            found = date_rows(self.screener, known, day, self.asked)
            return None if found is None else (with_orders(found[0], self.asked), found[1])
        parts, is_fitted = [], False
        for model, children in self.refit.at(self.screener, known, day):
            is_fitted |= model is not None and model.manifest_.made_by == "fit"
            own = self.screener
            if model is not None:
                own = Screener(own.rules, model, own.reader)
            part = date_rows(own, known, day, self.asked, children)
            parts += [] if part is None else [part]
        if not parts:
            return None
        self.fitted += count and is_fitted
        rows = with_orders(Sheet.joined([rows for rows, _ in parts]), self.asked)
        return rows, OpenRules.joined([opened for _, opened in parts])

    def notices(self) -> Iterator[Notice]:
        """What a reader must know of how the rows came about."""
        if self.refit is not None:
            yield Notice("refitted", {"fitted": self.fitted, "windows": self.windows})
            if self.refit.folds is not None:
                yield Notice("folds", {"place": self.refit.folds})
        if self.lists is None:
            yield Notice("previous_is_own", {"days": int(self.every.astype(int))})
        if self.without_list:
            yield Notice("previous_missing", {"count": self.without_list})


def _as_list(rows: Sheet) -> pd.DataFrame:
    return pd.DataFrame({"child_id": rows["child_id"], "rank": -rows["order"]})


def _frame(rows: Sheet, number: int, day: np.datetime64) -> pd.DataFrame:
    """One date's rows of JudgedWindows."""
    frame = rows.with_columns(carescreen=rows["order"]).to_frame()
    frame["household_id"] = frame.pop("household")
    frame.insert(0, "window", number)
    frame.insert(1, "as_of", day)
    return frame


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


def _days(count: int) -> np.timedelta64:
    return np.timedelta64(count, "D")


def _window_row(part: pd.DataFrame, day: np.datetime64, horizon: int) -> dict[str, object]:
    told = part["event"].notna()
    return {
        "as_of": str(day),
        "until": str(day + _days(horizon)),
        "children": len(part),
        "judged": int(told.sum()),
        "events": int(part.loc[told, "event"].astype(bool).sum()),
    }


def _facts(
    screener: Screener,
    checked: CheckedCaseload,
    windows: Sequence[Mapping[str, object]],
    days: tuple[int, int],
    asked: Asked,
    refit: Refit | None,
) -> dict[str, Any]:
    from carescreen import __version__

    pack, model = screener.rules.pack, screener.model
    origin = checked.sheets["children"]["data_origin"]
    return {
        "carescreen": __version__,
        "pack": pack.id,
        "pack_version": pack.version,
        "pack_digest": pack.digest,
        "model": model.name,
        "model_digest": model.digest,
        "reference": None if asked.reference is None else asked.reference.name,
        "refit": "no" if refit is None else "past",
        "folds": None if refit is None else refit.folds,
        "start": windows[0]["as_of"],
        "end": windows[-1]["until"],
        "every_days": days[0],
        "horizon_days": days[1],
        "data_origin": "synthetic" if bool((origin == "synthetic").any()) else "real",
        "tables": dict(sorted(checked.read_counts.items())),
    }


def _in_sample(
    model: RiskModel, reference: RiskModel | None, refit: Refit | None, first: np.datetime64
) -> Iterator[Notice]:
    """Models that learned from outcomes of the windows they are scored on."""
    models = {} if refit is not None else {model.name: model}
    if reference is not None:
        models[reference.name] = reference
    for name, one in models.items():
        learned = one.manifest_.data_window
        if learned is not None and np.datetime64(learned.last, "D") >= first:
            yield Notice("in_sample", {"model": name, "last": learned.last, "first": str(first)})


def _covered(judged: pd.DataFrame, attributes: Sequence[str]) -> Iterator[Notice]:
    """How many children a table of groups speaks of."""
    if attributes:
        children = judged.drop_duplicates("child_id")
        found = int(children[list(attributes)].notna().any(axis=1).sum())
        yield Notice("in_groups_file", {"found": found, "children": len(children)})


def _undated(checked: CheckedCaseload) -> Iterator[Notice]:
    """Tables whose rows have no entry date: what was put in later cannot be told from what was there."""
    names = [
        name
        for name in ("children", "households", "visits")
        if len(checked.sheets[name]) and np.isnat(checked.sheets[name]["recorded_at"]).all()
    ]
    if names:
        yield Notice("undated", {"tables": ", ".join(names)})


def _notices(
    judged: pd.DataFrame, outcomes: Sheet, skipped: int, until: np.datetime64
) -> Iterator[Notice]:
    told = judged["event"].dropna().astype(bool)
    events = int(told.sum())
    yield Notice("judged_only", {"judged": len(told), "children": len(judged)})
    bare = int((judged["event"].notna() & judged["selection_probability"].isna()).sum())
    if bare:
        yield Notice("no_chance", {"bare": bare, "judged": len(told)})
    if skipped:
        yield Notice("windows_left_out", {"count": skipped})
    if events in (0, len(told)):
        yield Notice("one_class", {"result": "confirmed" if events else "not_confirmed"})
    if events < LEAST_EVENTS:
        yield too_few(events)
    last = outcomes["on"].max()
    if last < until:
        yield Notice("beyond_the_data", {"last": str(last)})
    if judged["probability"].isna().all():
        yield Notice("no_probability")

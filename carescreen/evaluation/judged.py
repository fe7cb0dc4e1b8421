"""Judged children and windows as arrays, and the parts of them that a figure is given for.

The table has one row a child and as-of window (columns: docs/evaluation.md). All its children hold
places in a list; only the judged ones count in a figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.errors import NotCalibrated, UsageError
from carescreen.evaluation.cluster_draws import codes
from carescreen.evaluation.metrics import Codes, Flags, Floats, kish

LEAST_EVENTS = 20  # fewer events of an outcome are "not enough evidence" for any figure
SMALL_CELL = 7  # counts up to it do not leave the office
LEAST_COUNTIES = 2  # with LEAST_EVENTS each, before an interval over counties is given
ALL = "all"

Capacity = int | Mapping[object, int]


@dataclass(frozen=True)
class Rows:
    """The table in an order of its own (window, child), so that the caller's order never matters.

    event, weight and judged have one entry a row: weight is 0 and event False where nobody judged,
    or the row's weight is missing.
    """

    table: pd.DataFrame
    judged: Flags
    event: Flags
    weight: Floats
    numbers: dict[str, tuple[Codes, NDArray[np.object_]]] = field(default_factory=dict, repr=False)

    def column(self, name: str) -> Floats:
        """A numeric column."""
        return self.table[name].to_numpy(dtype=np.float64)

    def words(self, name: str) -> NDArray[np.object_]:
        """A column of words or numbers, None where nothing is recorded."""
        column = self.table[name].astype(object)
        return column.where(column.notna(), None).to_numpy(dtype=object)

    def number(self, name: str) -> tuple[Codes, NDArray[np.object_]]:
        """Numbers of a column's values in their own order, -1 where nothing is recorded, and the
        values. They are found once."""
        if name not in self.numbers:
            number, values = pd.factorize(self.words(name), sort=True)
            self.numbers[name] = (number.astype(np.intp), np.asarray(values, dtype=object))
        return self.numbers[name]

    def parts(self, by: Sequence[str]) -> Iterator[Part]:
        """All judged rows, then those of each value of each column of `by`, None last."""
        own = np.flatnonzero(self.judged)
        yield Part(self, ALL, None, own)
        for name in by:
            number, values = self.number(name)
            of_own = number[own]
            for k in [*np.unique(of_own[of_own >= 0]), *([-1] if (of_own < 0).any() else [])]:
                yield Part(self, name, None if k < 0 else values[k], own[of_own == k])


@dataclass(frozen=True)
class Part:
    """Judged rows that one set of figures is about: those whose column `part` says `value`."""

    rows: Rows
    part: str
    value: object
    chosen: Codes

    @property
    def event(self) -> Flags:
        """Whether each row's outcome was confirmed."""
        return self.rows.event[self.chosen]

    @property
    def weight(self) -> Floats:
        """What each row counts."""
        return self.rows.weight[self.chosen]

    def column(self, name: str) -> Floats:
        """A numeric column of these rows."""
        return self.rows.column(name)[self.chosen]

    def cluster(self, name: str) -> Codes:
        """Numbers of households or counties; a row without one is a cluster of its own."""
        number = self.rows.number(name)[0][self.chosen]
        alone = np.flatnonzero(number < 0)
        number[alone] = number.max(initial=-1) + 1 + np.arange(len(alone))
        return np.unique(number, return_inverse=True)[1]

    def strata(self, *names: str) -> Codes:
        """Numbers of the combinations of columns; -1 where one of them is not known."""
        together = np.zeros(len(self.chosen), dtype=np.intp)
        known = np.ones(len(self.chosen), dtype=bool)
        for name in names:
            number = self.rows.number(name)[0][self.chosen]
            known &= number >= 0
            together = together * (number.max(initial=0) + 2) + number + 1
        return np.where(known, np.unique(together, return_inverse=True)[1], -1)

    def only(self, keep: Flags) -> Part:
        """The rows for which `keep` holds."""
        return Part(self.rows, self.part, self.value, self.chosen[keep])

    def is_enough(self, least: int = LEAST_EVENTS, *, others: bool = True) -> bool:
        """Whether there are `least` events, and as many weighed down to rows of equal weight; and
        where `others`, as many rows without one."""
        kinds = [self.event, ~self.event] if others else [self.event]
        return all(min(k.sum(), round(kish(self.weight[k]), 6)) >= least for k in kinds)

    def counties(self) -> Codes | None:
        """The county of each row, if each has one and enough counties have enough events."""
        if "county_id" not in self.rows.table:
            return None
        number = self.rows.number("county_id")[0][self.chosen]
        if not len(number) or number.min() < 0:
            return None
        county = np.unique(number, return_inverse=True)[1]
        enough = np.bincount(county, self.event) >= LEAST_EVENTS
        return county if enough.sum() >= LEAST_COUNTIES else None


def read(table: pd.DataFrame, columns: Sequence[str], weight: str | None = None) -> Rows:
    """The table's rows, checked. A row whose weight is missing counts as not judged."""
    _check(
        table, ["window", "child_id", "household_id", "event", *columns, *filter(None, [weight])]
    )
    order = np.lexsort(
        (
            codes(table["child_id"].to_numpy(dtype=object)),
            codes(table["window"].to_numpy(dtype=object)),
        )
    )
    ordered = table.iloc[order].reset_index(drop=True)
    if ordered.duplicated(["window", "child_id"]).any():
        raise UsageError("the table of judged windows has a child twice in one window")
    said = ordered["event"].astype(object)
    judged = said.isin([True, False]).to_numpy(dtype=bool)
    amount = np.ones(len(ordered)) if weight is None else ordered[weight].to_numpy(np.float64)
    if np.isinf(amount).any() or (amount < 0.0).any():
        raise UsageError(f"weights in '{weight}' must be 0 or larger, and finite")
    judged = judged & (amount > 0.0)
    event = judged & said.eq(True).to_numpy(dtype=bool)
    return Rows(ordered, judged, event, np.where(judged, amount, 0.0))


def _check(table: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [name for name in dict.fromkeys(columns) if name not in table]
    if missing:
        raise UsageError(
            f"the table of judged windows lacks {', '.join(missing)}; it has one row a child and "
            "window, with the columns that docs/evaluation.md lists"
        )


def lists(rows: Rows) -> tuple[Codes, NDArray[np.object_]]:
    """The list each row stands in, 0 .. L - 1: its group's in its window; and the group of each
    list. Rows without a group share one."""
    (group, names), (window, _) = rows.number("group"), rows.number("window")
    pair = window * (group.max(initial=0) + 2) + group + 1
    _, first, number = np.unique(pair, return_index=True, return_inverse=True)
    known = np.array([*names, None], dtype=object)  # a missing group is -1: the last
    return number.astype(np.intp), known[group[first]]


def seats_of(capacity: Capacity, groups: NDArray[np.object_]) -> int | NDArray[np.int64]:
    """Seats of each list. A mapping must name every group."""
    if not isinstance(capacity, Mapping):
        if capacity < 1:
            raise UsageError(f"capacity is {capacity}; a list has at least one seat")
        return capacity
    missing = [group for group in groups if group not in capacity]
    if missing:
        raise UsageError(
            f"no capacity is given for {len(set(missing))} of the groups (caseworkers or villages)"
        )
    return np.array([capacity[group] for group in groups], dtype=np.int64)


def known_chances(
    table: pd.DataFrame, columns: Sequence[str], by: Sequence[str], weight: str | None
) -> Rows:
    """Rows as `read` has them, judged where every column holds a probability."""
    rows = read(table, [*columns, *by], weight)
    chances = np.stack([rows.column(name) for name in columns])
    if ((chances < 0.0) | (chances > 1.0)).any():
        raise UsageError(f"{', '.join(columns)}: a probability lies between 0 and 1")
    known = rows.judged & ~np.isnan(chances).any(axis=0)
    if rows.judged.any() and not known.any():
        raise NotCalibrated(
            "no judged child has a probability: calibration and net benefit are measured only of "
            "a calibrated model; fit or recalibrate it first"
        )
    return Rows(rows.table, known, rows.event & known, np.where(known, rows.weight, 0.0))


def is_small_cell(counts: Floats) -> Flags:
    """Whether a count is of at most SMALL_CELL and not 0; what shared places make of one is too."""
    return np.asarray((counts > 0.0) & (counts < SMALL_CELL + 0.5))

"""The columns of a case alone, chosen from its recordings as plain values: cases.py without arrays.

For one child an array operation costs more than the choice in it, and most indicators are recorded in
one row or in the same few visits: what they have in common is worked out once. Where several tables
record an indicator, or two recordings of one day need the order of risk, cases.py decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.block import NO_DATE, Block, Days, last_seen_by_visit, sortable
from carescreen.columns import FROM_NOWHERE, Column, Recordings
from carescreen.indicators import Indicator
from carescreen.observations import Observations, Source, baseline_risk, is_event
from carescreen.sheet import frozen

_KNOWN, _NOT_KNOWN = frozen(np.ones(1, dtype=bool)), frozen(np.zeros(1, dtype=bool))
_NO_DAY = frozen(np.full(1, NO_DATE))
_NOWHERE = frozen(np.full(1, FROM_NOWHERE, dtype=np.int8))
_NO_ROW = frozen(np.full(1, -1, dtype=np.int64))
_MISSING = {"i": -1, "M": np.datetime64("NaT", "s"), "f": np.nan}


class ChildColumns:
    """Columns of the one child of a block without a cut-off; None where arrays must decide."""

    def __init__(
        self, block: Block, tables: Sequence[Source], window_days: int, as_of: np.datetime64
    ) -> None:
        self._block, self._as_of, self._window_days = block, as_of, window_days
        self._rows: dict[
            str, _Rows | None
        ] = {}  # by indicator; None where several tables record it
        for table in tables:
            rows = _Rows(table) if table.ordered else None
            for name in table.sheet:
                self._rows[name] = None if name in self._rows else rows

    def column(self, indicator: Indicator) -> Column | None:
        """The value of an indicator that some table records, with where it came from."""
        rows = self._rows[indicator.id]
        if rows is None:
            return None
        values = rows.values(indicator)
        amounts = values.tolist()
        known = _known(amounts, values.dtype.kind)
        if not known:
            return _missing_column(values.dtype, is_event(indicator))
        if len(known) > 1 and rows.has_ties(known):
            return None
        if not is_event(indicator):
            return _state(rows.part(known), values, amounts)
        if values.dtype.kind == "M":
            return None
        return self._event(rows, indicator, values, amounts, known)

    def _event(
        self,
        rows: _Rows,
        indicator: Indicator,
        values: NDArray[Any],
        amounts: list[Any],
        known: tuple[int, ...],
    ) -> Column:
        """The riskiest value that holds, and when anything above the baseline was observed."""
        holding = self._holding(rows, indicator.hold)
        risk = {place: _risk(amounts[place], indicator) for place in known if holding[place]}
        if not risk:
            return _missing_column(values.dtype, is_event=True)
        days, baseline = rows.days, baseline_risk(indicator)
        order = sorted(risk, key=lambda place: (risk[place], days[place]))
        dated = [place for place in order if rows.is_dated[place]]
        raised = [place for place in dated if risk[place] > baseline]
        newest = max(raised or dated, key=days.__getitem__, default=None)
        oldest = min(raised, key=days.__getitem__, default=None)
        part, last = rows.part(tuple(order)), len(order) - 1
        kept = values[part.at]
        chosen = kept[last:]
        if indicator.type == "set":
            chosen = np.bitwise_or.reduce(kept, keepdims=True)
        return Column(
            chosen,
            _KNOWN,
            rows.day(oldest),
            rows.day(newest),
            part.table[last:],
            part.row[last:],
            Recordings(part.child, part.date, part.known_at, kept),
            is_event=True,
        )

    def _holding(self, rows: _Rows, hold: str) -> list[bool]:
        """Which rows' events still count."""
        found = rows.holding.get(hold)
        if found is None:
            date = rows.source.entries.date
            if hold == "window":
                age = (self._as_of - date).astype("timedelta64[D]").astype(np.int64)
                found = (np.isnat(date) | (age <= self._window_days)).tolist()
            elif hold == "until_seen":
                found = (~(last_seen_by_visit(self._block)[0] >= date)).tolist()
            else:
                found = [True] * len(date)
            rows.holding[hold] = found
        return found


@dataclass(frozen=True, repr=False)  # its values are records
class _Part:
    """What recordings in the same rows have in common, whatever indicator they are of."""

    at: Any  # a list of rows, or a slice of all of them
    child: NDArray[np.int64]
    date: Days
    known_at: NDArray[np.datetime64]
    table: NDArray[np.int8]
    row: NDArray[np.int64]


class _Rows:
    """The rows of one table about the child, and what was worked out about some of them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.days: list[int] = sortable(source.entries.date).tolist()
        self.is_dated = [not missing for missing in np.isnat(source.entries.date).tolist()]
        self.holding: dict[str, list[bool]] = {}
        self._parts: dict[tuple[int, ...], _Part] = {}

    def values(self, indicator: Indicator) -> NDArray[Any]:
        """The values of an indicator in each row."""
        values, at = self.source.sheet[indicator.id], self.source.at
        return values if at is None else values[at]

    def has_ties(self, places: tuple[int, ...]) -> bool:
        """Whether some rows, in their order, are of one day."""
        days = [self.days[place] for place in places]
        return len(set(days)) < len(days)

    def day(self, place: int | None) -> Days:
        """The date of one row."""
        return _NO_DAY if place is None else self.source.entries.date[place : place + 1]

    def part(self, places: tuple[int, ...]) -> _Part:
        """Some rows, in the order that they are named."""
        if places not in self._parts:
            whole = places == tuple(range(len(self.days)))
            self._parts[places] = _part(self.source.entries, slice(None) if whole else list(places))
        return self._parts[places]


def _part(of: Observations, at: Any) -> _Part:
    return _Part(at, of.child[at], of.date[at], of.known_at[at], of.table[at], of.row[at])


def _known(amounts: list[Any], kind: str) -> tuple[int, ...]:
    """The rows in which a value is known."""
    if kind == "i":
        return tuple([place for place, amount in enumerate(amounts) if amount >= 0])
    if kind == "M":
        return tuple([place for place, amount in enumerate(amounts) if amount is not None])
    return tuple([place for place, amount in enumerate(amounts) if amount == amount])


def _state(part: _Part, values: NDArray[Any], amounts: list[Any]) -> Column:
    """The newest value, held since the first of the recordings of it without another between."""
    kept = values[part.at]
    last = start = len(kept) - 1
    if last:
        amounts = kept.tolist()
        while start and amounts[start - 1] == amounts[last]:
            start -= 1
    return Column(
        kept[last:],
        _KNOWN,
        part.date[start : start + 1],
        part.date[last:],
        part.table[last:],
        part.row[last:],
        Recordings(part.child, part.date, part.known_at, kept),
    )


def _risk(amount: Any, indicator: Indicator) -> float:
    """As `observations.risk_of`, of one value."""
    if indicator.type == "enum" and indicator.risk_order is not None:
        return indicator.risk_order.index(indicator.values[amount])
    if indicator.type == "set":
        amount = amount.bit_count()
    return float(amount if indicator.risk_direction == "up" else -amount)


@lru_cache(maxsize=64)
def _missing_column(dtype: np.dtype[Any], is_event: bool) -> Column:
    """A column in which nothing is known."""
    none = np.zeros(0, dtype=np.int64)
    return Column(
        frozen(np.full(1, _MISSING[dtype.kind], dtype=dtype)),
        _NOT_KNOWN,
        _NO_DAY,
        _NO_DAY,
        _NOWHERE,
        _NO_ROW,
        Recordings(
            none, none.astype("datetime64[D]"), none.astype("datetime64[s]"), none.astype(dtype)
        ),
        is_event,
    )

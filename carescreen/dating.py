"""Since when a met rule's evidence dates, and when the newest of it was known.

Of a condition that is met, `or` dates from the oldest of its parts that are met, `and` from the day
the last of its parts was there. A comparison dates

    of a state    from the beginning of the time in which every recording met it
    of an event   from the oldest recording that met it while it counts
    of notes      from the oldest mention that holds

so that evidence which did not meet the rule makes nothing overdue, and worse evidence does not push
a due date forward. Under `repeat_children` with a cut-off, what was known by it does not date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from carescreen.block import Days, Times, known_after
from carescreen.cases import Cases
from carescreen.columns import FROM_DATES, BoolArray, Column
from carescreen.holding import ChildMentions
from carescreen.rules import RuleOutcomes
from carescreen.sheet import Ints, every, some
from carescreen.syntax import And, Atom, Node, Not, NotedTest, NumberTest, Or, VisitsTest
from carescreen.truth import Reading, satisfies
from carescreen.truth_of_one import ChildReading


@dataclass(frozen=True, repr=False)  # its values are records
class Dates:
    """For each child, NaT where there is no date: since when, last seen, and newest known.

    `first_on` and `last_on` are datetime64[D]; `known_at` is datetime64[s].
    """

    first_on: Days
    last_on: Days
    known_at: Times

    def where(self, wanted: BoolArray) -> Dates:
        """The same, NaT for the other children."""
        if every(wanted):
            return self
        return Dates(
            np.where(wanted, self.first_on, _NAT),
            np.where(wanted, self.last_on, _NAT),
            np.where(wanted, self.known_at, _NAT_TIME),
        )


_NAT, _NAT_TIME = np.datetime64("NaT", "D"), np.datetime64("NaT", "s")


def rule_dates(
    outcomes: RuleOutcomes,
    cases: Cases,
    mentions: ChildMentions,
    holds: BoolArray,
    concepts: Sequence[str],
) -> Dates:
    """Dates of shape (n, rules), NaT where a rule is not met or nothing of it has a date."""
    shape = outcomes.true.shape
    found = Dates(np.full(shape, _NAT), np.full(shape, _NAT), np.full(shape, _NAT_TIME))
    reader = _Reader(cases, mentions.take(holds), {name: i for i, name in enumerate(concepts)})
    for number in np.flatnonzero(outcomes.true.any(axis=0)).tolist():
        met = outcomes.true[:, number]
        dates = reader.dates(outcomes.rules[number].condition.root, met, wanted=True)
        found.first_on[:, number] = dates.first_on
        found.last_on[:, number] = dates.last_on
        found.known_at[:, number] = dates.known_at
    return found


@dataclass
class _Reader:
    """Dates of the parts of conditions for the children of a block; `mentions` are held ones."""

    cases: Cases
    mentions: ChildMentions
    concepts: Mapping[str, int]
    _reading: Reading | ChildReading = field(init=False)  # the second for a case alone
    _nothing: Dates = field(init=False)  # shared: never changed

    def __post_init__(self) -> None:
        alone = self.cases.n == 1
        self._reading = ChildReading(self.cases, 0) if alone else Reading(self.cases)
        self._nothing = self._none()

    def dates(self, node: Node, where: BoolArray, wanted: bool) -> Dates:
        """Dates by which a node comes out as wanted for the children at `where`."""
        if not some(where):
            return self._nothing
        if isinstance(node, Not):
            return self.dates(node.part, where, not wanted)
        if not isinstance(node, And | Or):
            return self._atom(node, wanted).where(where)
        parts = [
            self.dates(part, where & self._comes_out(part, wanted), wanted) for part in node.parts
        ]
        # What every part must meet is there when the last one is; else the oldest one is enough.
        return self._joined(parts, np.fmax if isinstance(node, And) is wanted else np.fmin)

    def _comes_out(self, node: Node, wanted: bool) -> BoolArray:
        """Which children a node is certainly met for, or certainly not met."""
        if isinstance(self._reading, ChildReading):
            return np.array([self._reading.truth(node) is wanted])
        truth = self._reading.truth(node)
        return truth.true if wanted else truth.false

    def _atom(self, atom: Atom, wanted: bool) -> Dates:
        if isinstance(atom, NotedTest | VisitsTest):
            return self._noted(self.concepts[atom.concept])
        column = self.cases.columns.get(atom.indicator) if atom.indicator else None
        if column is None:
            return self._nothing
        is_age = isinstance(atom, NumberTest) and atom.measure == "days_since"
        if column.recordings is None or is_age:
            return self._of_column(column)
        return self._recorded(column, atom, wanted)

    def _none(self) -> Dates:
        n = self.cases.n
        return Dates(np.full(n, _NAT), np.full(n, _NAT), np.full(n, _NAT_TIME))

    def _of_column(self, column: Column) -> Dates:
        """Dates of a value as a whole: what was computed has no recording that meets a test."""
        known = column.last_on.astype("datetime64[s]")
        return Dates(column.first_on, column.last_on, known)

    def _noted(self, concept: int) -> Dates:
        rows = self.mentions.concept == concept
        child, date = self.mentions.child[rows], self.mentions.date[rows]
        return self._spread(child, date, date, self.mentions.known_at[rows])

    def _recorded(self, column: Column, atom: Atom, wanted: bool) -> Dates:
        assert column.recordings is not None
        found = column.recordings
        assert not isinstance(atom, NotedTest | VisitsTest)
        meets = satisfies(found.values, atom, self.cases.as_of) == wanted
        computed = column.source_table == FROM_DATES  # counted from outcomes, not from recordings
        if some(computed):
            meets &= ~computed[found.child]
        if self.cases.block.cutoff is not None:
            meets &= known_after(found.child, found.known_at, self.cases.block.cutoff)
        if not column.is_event:
            meets &= _in_last_run(found.child, meets)
        child, date = found.child[meets], found.date[meets]
        dates = self._spread(child, date, date, found.known_at[meets])
        # A set may meet a test only with all that was seen together: then the whole value dates.
        together = np.full(self.cases.n, column.is_event)
        together[child] = False
        together |= computed
        if not some(together):
            return dates
        return self._joined([dates, self._of_column(column).where(together)], np.fmin)

    def _spread(self, child: Ints, first: Days, last: Days, known_at: Times) -> Dates:
        """The oldest and newest dates of each child's rows, which are sorted by child."""
        blank = self._nothing
        dates = Dates(blank.first_on.copy(), blank.last_on.copy(), blank.known_at.copy())
        if not len(child):
            return dates
        start = np.flatnonzero(np.append(True, child[1:] != child[:-1]))
        of = child[start]
        dates.first_on[of] = np.fmin.reduceat(first, start)
        dates.last_on[of] = np.fmax.reduceat(last, start)
        dates.known_at[of] = np.fmax.reduceat(known_at, start)
        return dates

    def _joined(self, parts: Iterable[Dates], first: np.ufunc) -> Dates:
        """The dates of several parts as one: the first or last beginning, and the newest."""
        found = [part for part in parts if part is not self._nothing]
        if len(found) < 2:
            return found[0] if found else self._nothing
        return Dates(
            _reduced(first, [part.first_on for part in found]),
            _reduced(np.fmax, [part.last_on for part in found]),
            _reduced(np.fmax, [part.known_at for part in found]),
        )


def _in_last_run(child: Ints, meets: BoolArray) -> BoolArray:
    """Which rows, sorted by child and time, have no row after them that does not meet the test."""
    if every(meets):
        return meets
    missed = np.where(meets, -1, np.arange(len(child)))
    last = np.full(np.bincount(child).size, -1, dtype=np.int64)
    start = np.flatnonzero(np.append(True, child[1:] != child[:-1]))
    last[child[start]] = np.maximum.reduceat(missed, start)
    return np.asarray(np.arange(len(child)) > last[child])


def _reduced(pick: np.ufunc, values: list[NDArray[np.datetime64]]) -> NDArray[np.datetime64]:
    return np.asarray(reduce(pick, values))

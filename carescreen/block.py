"""Tables of whole households by position, and what is known when: what cases are built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.checked import content_hash
from carescreen.sheet import FEW, Bools, Ints, Sheet, is_none, numbered, objects, places, some

Days = NDArray[np.datetime64]
Times = NDArray[np.datetime64]

NO_DATE = np.datetime64("NaT", "D")
# Sorts before any date a person can enter; stands for "no date" where NaT would not sort.
LONG_AGO = np.datetime64("0001-01-01", "D")
NO_HOUSEHOLD = "child:"  # before the id of a child, where it has no household
_NO_DATES = np.full(1, NO_DATE)  # a child alone: a copy takes a tenth of the time
_DAY, _SECOND = np.timedelta64(86_400, "s"), np.timedelta64(1, "s")


@dataclass(frozen=True, repr=False)  # its values are records
class Block:
    """Tables of whole households, by position: what cases are built from.

    children    one row a child; `household` codes 0..h-1, children of one household together
    visits      sorted by child, date, visit_id; `visit_child` is each row's child position and
                `visit_place` its place in that order, one for visits that share an id
    households  `household_row` is each child's row in it, -1 none
    more_*      further rows of children and households that have several, sorted by the position
                in `more_child` and by the row of households in `more_household`
    more_visits earlier wordings of amended visits, the oldest first; `more_visit_child` is the
                position of the child and `more_visit_place` the place of the visit
    cutoff      datetime64[s] a child: events and mentions known by then do not count (NaT: all do)
    """

    children: Sheet
    visits: Sheet
    households: Sheet
    outcomes: Sheet
    decisions: Sheet
    more_children: Sheet
    more_households: Sheet
    visit_child: Ints
    visit_place: Ints
    household_row: Ints
    household: Ints
    more_child: Ints
    more_household: Ints
    more_visits: Sheet
    more_visit_child: Ints
    more_visit_place: Ints
    cutoff: Times | None = None

    @property
    def n(self) -> int:
        """Number of children."""
        return len(self.children)

    @cached_property
    def visit_known_at(self) -> Times:
        """When each visit was known: the later of its date and its entry."""
        return known_at(self.visits["visit_date"], self.visits["recorded_at"])

    @cached_property
    def visit_date(self) -> Days:
        """Date of each visit, NaT where none is known."""
        return to_days(self.visits["visit_date"])

    @cached_property
    def last_seen_on(self) -> Days:
        """The newest visit that saw each child; NaT where none did."""
        seen = self.visits["child_seen"] == 1
        return extreme_date(self.n, self.visit_child, self.visit_date, seen, np.fmax)

    @cached_property
    def outcome_child(self) -> Ints:
        """The position of the child of each outcome; -1 where it is none of the block."""
        return places(self.children["child_id"], self.outcomes["child_id"])

    @cached_property
    def decision_child(self) -> Ints:
        """The position of the child of each decision; -1 where it is none of the block."""
        return places(self.children["child_id"], self.decisions["child_id"])

    @cached_property
    def wordings(self) -> Wordings:
        """The visits and, after them, the earlier wordings of those that were amended."""
        if not len(self.more_visits):
            known = self.visit_known_at
            return Wordings(self.visits, self.visit_child, self.visit_date, known)
        rows = Sheet.joined([self.visits, self.more_visits])
        child = np.concatenate([self.visit_child, self.more_visit_child])
        known = known_at(rows["visit_date"], rows["recorded_at"])
        return Wordings(rows, child, to_days(rows["visit_date"]), known)


@dataclass(frozen=True, repr=False)  # its values are records
class Wordings:
    """Rows of visits as they stand and as they stood: child's position, date, when known."""

    rows: Sheet
    child: Ints
    date: Days
    known_at: Times


def to_days(dates: Times) -> Days:
    """A date column as datetime64[D], NaT where missing."""
    return dates.astype("datetime64[D]")


def known_at(date: Times, recorded_at: Times) -> Times:
    """The later of when a thing was so and when it was entered; NaT where neither is known."""
    later: Times = np.fmax(date, recorded_at)
    return later


def covered_until(decided_at: Times) -> Times:
    """Up to when evidence is covered by a decision: its second, or its day where no time is given.

    Midnight is how a date without a time is read; what was entered on that day is then covered.
    """
    day = decided_at.astype("datetime64[D]").astype("datetime64[s]")
    return np.asarray(np.where(decided_at == day, day + (_DAY - _SECOND), decided_at))


def known_after(child: Ints, known_at: Times, cutoff: Times | None) -> NDArray[np.bool_]:
    """Which records became known after the cut-off of their child; all do where it has none.

    What has no date was there to be decided on: a cut-off covers it.
    """
    if cutoff is None:
        return np.ones(len(child), dtype=bool)
    limit = cutoff[child]
    return np.asarray(np.isnat(limit) | (known_at > limit))


def has_second_person(decisions: Sheet) -> Bools:
    """Whether somebody else than who decided confirmed a decision; letter case tells nobody apart."""
    if "confirmed_by" not in decisions:
        return np.zeros(len(decisions), dtype=bool)
    pairs = zip(decisions["decided_by"], decisions["confirmed_by"], strict=True)
    return np.array(
        [bool(second) and second.casefold() != (who or "").casefold() for who, second in pairs],
        dtype=bool,
    )


def newest_decisions(
    block: Block, wanted: Bools, ties: Sequence[str] = ("tier", "decision")
) -> tuple[Ints, Sheet]:
    """The newest wanted decision of each child that has any: its position and, so ordered, the rows.

    Of several at one second, the last by the review date and the columns in `ties` counts.
    """
    decisions = block.decisions
    child = block.decision_child
    valid = np.flatnonzero(wanted & (child >= 0) & ~np.isnat(decisions["decided_at"]))
    child, rows = child[valid], decisions.take(valid)
    words = [sorted_numbers(rows[name])[0] for name in ties if name in rows]
    review = [sortable(rows["review_on"])] if "review_on" in rows else []
    order = np.lexsort((*review, *words, rows["decided_at"], child))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = child[order][1:] != child[order][:-1]
    return child[order[last]], rows.take(order[last])


def make_block(
    children: Sheet,
    visits: Sheet,
    households: Sheet,
    outcomes: Sheet,
    decisions: Sheet,
    more_children: Sheet | None = None,
    more_households: Sheet | None = None,
    more_visits: Sheet | None = None,
) -> Block:
    """Index tables of whole households by child position, in an order no input order can change.

    A child without household_id is a household of its own.
    """
    if len(children) > 1:
        children = children.take(np.argsort(children["child_id"], kind="stable"))
    visit_child = places(children["child_id"], visits["child_id"])
    order, place = _visit_order(visits, visit_child)
    more_children, more_child = _further(more_children, children, "child_id")
    more_households, more_household = _further(more_households, households, "household_id")
    visits, visit_child = visits.take(order), visit_child[order]
    earlier = _earlier(more_visits, children, visits, visit_child, place)
    return Block(
        children=children,
        visits=visits,
        households=households,
        outcomes=outcomes,
        decisions=decisions,
        more_children=more_children,
        more_households=more_households,
        visit_child=visit_child,
        visit_place=place,
        household_row=places(households["household_id"], children["household_id"]),
        household=numbered(household_keys(children))[0],
        more_child=more_child,
        more_household=more_household,
        more_visits=earlier[0],
        more_visit_child=earlier[1],
        more_visit_place=earlier[2],
    )


def household_keys(children: Sheet) -> NDArray[np.object_]:
    """The household of each child; without a household_id a child is one of its own."""
    return or_else(children["household_id"], NO_HOUSEHOLD, children["child_id"])


def or_else(
    ids: NDArray[np.object_], mark: str, others: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Each id, and where there is none another one behind a mark."""
    missing = is_none(ids)
    if not some(missing):
        return ids
    filled = ids.copy()
    filled[missing] = objects([mark + (other or "") for other in others[missing]])
    return filled


def _further(more: Sheet | None, table: Sheet, key: str) -> tuple[Sheet, Ints]:
    """Further rows sorted by the position of their id, and that position."""
    if more is None or not len(more):
        return table.take(slice(0)) if more is None else more, np.zeros(0, dtype=np.int64)
    position = places(table[key], more[key])
    order = np.argsort(position, kind="stable")
    return more.take(order), position[order]


def _earlier(
    more: Sheet | None, children: Sheet, visits: Sheet, visit_child: Ints, visit_place: Ints
) -> tuple[Sheet, Ints, Ints]:
    """Earlier wordings by child and visit, the oldest first; the child and the visit of each."""
    if more is None or not len(more):
        nothing = np.zeros(0, dtype=np.int64)
        return visits.take(slice(0)) if more is None else more, nothing, nothing
    child = places(children["child_id"], more["child_id"])
    codes, _ = numbered(np.concatenate([visits["visit_id"], more["visit_id"]]))
    days = np.concatenate([visits["visit_date"], more["visit_date"]]).astype(np.int64)
    keys = np.stack([np.concatenate([visit_child, child]), codes, days])
    same = np.unique(keys, axis=1, return_inverse=True)[1].ravel()
    place_of = np.full(int(same.max()) + 1, -1, dtype=np.int64)
    place_of[same[: len(visits)]] = visit_place
    place = place_of[same[len(visits) :]]
    order = np.lexsort((_content(more), more["recorded_at"], place, child))
    return more.take(order), child[order], place[order]


def _visit_order(visits: Sheet, visit_child: Ints) -> tuple[Ints, Ints]:
    """Positions that sort visits by child, date and visit_id, and the place of each in that order.

    Visits that share an id go by their content, so that their order in the file does not matter;
    they have one place, so that no value of one hands the last word to another.
    """
    dates = sortable(to_days(visits["visit_date"]))
    if len(visits) > FEW and _are_distinct(visits["visit_id"]):
        return _by_day(visits["visit_id"], dates, visit_child), np.arange(len(visits))
    tie, is_one = sorted_numbers(visits["visit_id"])
    if is_one:
        return np.lexsort((tie, dates, visit_child)), np.arange(len(visits), dtype=np.int64)
    order = np.lexsort((_content(visits), tie, dates, visit_child))
    keys = np.stack([visit_child, dates, tie])[:, order]
    return order, np.cumsum(np.any(np.diff(keys, axis=1, prepend=-1) != 0, axis=0))


def _are_distinct(ids: NDArray[np.object_]) -> bool:
    """Whether there is an id in each row, and no id twice."""
    found = set(ids.tolist())
    return len(found) == len(ids) and None not in found


def _by_day(ids: NDArray[np.object_], dates: Ints, child: Ints) -> Ints:
    """Positions that sort rows by child, date and id; only ids of one child and day are compared."""
    order = np.lexsort((dates, child))
    same = (np.diff(child[order]) == 0) & (np.diff(dates[order]) == 0)
    if not some(same):
        return order
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    rows = order[tied]
    order[tied] = rows[np.lexsort((sorted_numbers(ids[rows])[0], dates[rows], child[rows]))]
    return order


def _content(visits: Sheet) -> NDArray[np.uint64]:
    """A hash of each row, the same in whatever order the table has its columns."""
    return content_hash(visits.only(sorted(visits)))


def sorted_numbers(ids: NDArray[np.object_]) -> tuple[Ints, bool]:
    """The place of each id among the distinct ones in their order, and whether all are distinct."""
    if len(ids) <= FEW and not is_none(ids).any():
        distinct = {name: place for place, name in enumerate(sorted(set(ids)))}
        return np.array([distinct[name] for name in ids], np.int64), len(distinct) == len(ids)
    tie = pd.factorize(ids, sort=True, use_na_sentinel=True)[0]
    return np.asarray(tie, np.int64), not bool(pd.Series(tie).duplicated().any())


def sortable(days: Days) -> Ints:
    return np.where(np.isnat(days), LONG_AGO, days).astype("datetime64[D]").astype(np.int64)


def last_seen_by_visit(block: Block) -> Days:
    """The newest visit that saw each child; NaT where none did; not to be written to."""
    return block.last_seen_on


def repeat_children(block: Block, positions: Ints, cutoff: Times) -> Block:
    """A block whose rows are the children at `positions` (repeats allowed), each with a cut-off.

    Used to ask what is still met by evidence recorded after a decision.
    """
    rows, visit_child = rows_of(block.visit_child, positions)
    more, more_child = rows_of(block.more_child, positions)
    earlier, earlier_child = rows_of(block.more_visit_child, positions)
    return Block(
        children=block.children.take(positions),
        visits=block.visits.take(rows),
        households=block.households,
        outcomes=block.outcomes,
        decisions=block.decisions,
        more_children=block.more_children.take(more),
        more_households=block.more_households,
        visit_child=visit_child,
        visit_place=block.visit_place[rows],
        household_row=block.household_row[positions],
        household=block.household[positions],
        more_child=more_child,
        more_household=block.more_household,
        more_visits=block.more_visits.take(earlier),
        more_visit_child=earlier_child,
        more_visit_place=block.more_visit_place[earlier],
        cutoff=cutoff,
    )


def rows_of(owner: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Rows of each wanted owner in a table sorted by owner, and which wanted one each is for."""
    starts = np.searchsorted(owner, wanted, side="left")
    counts = np.searchsorted(owner, wanted, side="right") - starts
    return ranges(starts, counts), np.repeat(np.arange(len(wanted), dtype=np.int64), counts)


def ranges(starts: Ints, counts: Ints) -> Ints:
    """The positions start, start + 1, … of each range, one range after the other."""
    offsets = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    return np.asarray(np.arange(counts.sum()) + offsets, dtype=np.int64)


def no_dates(n: int) -> Days:
    """A date column in which nothing is known."""
    return _NO_DATES.copy() if n == 1 else np.full(n, NO_DATE)


def extreme_date(
    n: int, child: Ints, date: Days, wanted: NDArray[np.bool_], pick: np.ufunc
) -> Days:
    """The first (fmin) or last (fmax) known date of the wanted records of each child."""
    use = wanted & ~np.isnat(date)
    result = no_dates(n)
    pick.at(result, child[use], date[use])
    return result

"""Labelled rows of a caseload: what was known of a child at a date, and what the next visit found.

One row for each judged visit, at the last date of a grid that lies strictly before it: so no event
counts twice, and many children share one date. Features are those that `rank` works out for that
date (law 7). The label is that of the first visit that saw the child after the date; a visit that
could not tell, or a child that nobody saw within HORIZON_DAYS, is missing, and its weight goes to
judged visits that are alike (selection.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.block import Block, household_keys
from carescreen.caseload import CheckedCaseload
from carescreen.engine import Engine, Kit
from carescreen.errors import UsageError
from carescreen.followups import build_cases
from carescreen.outcomes import (
    CONFIRMED,
    COULD_NOT_TELL,
    NOT_SEEN,
    SAW_RANK,
    Days,
    DaysOfChildren,
    is_told,
    visits_judged,
)
from carescreen.processes import in_processes
from carescreen.recent_notes import recent_notes
from carescreen.screener import Screener
from carescreen.selection import chance_weights, strata, told_weights
from carescreen.sheet import Bools, Ints, Sheet, is_none, numbered, objects, places
from carescreen.steps import MICRO, AdditiveTables

HORIZON_DAYS = 90
EVERY_DAYS = 30
# Why an outcome makes no row, in the order in which the reasons are asked for.
REASONS = (
    "unusable",  # no date
    "later",  # dated or recorded after the training's own as-of date
    "no_result",
    "same_visit",  # another outcome of the same child and day counts
    "saw_rank",
    "not_first",  # another visit saw the child between the date of the row and this one
    "seen_later",  # it saw nobody, and a judged visit soon after did
    "not_on_record",  # the child was not known yet at the date of the row
    "could_not_tell",
    "not_seen",
)
MISSING = ("could_not_tell", "not_seen")  # the last of them: their weight goes to others

Floats = NDArray[np.float64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, repr=False)  # its values are records
class Cohort:
    """Labelled rows, sorted by date and child.

    X             one column a feature, as `FeatureSet.frame` gives them
    y             1.0 confirmed, 0.0 not
    child_id      object
    as_of         datetime64[D], the date of the row's features
    group         object: rows of children who ever shared a household have the same
    note          object: the text of the child's notes of the last 90 days, None where there is none
    worker        object: the child's caseworker, village: its village; None where not known
    probability   float64, with which chance the child was chosen; NaN where not known
    at_random     bool
    told          float64, weight for visits alike that were not told
    outcomes      how many outcomes were read; left_out: how many of them make no row, by REASONS
    synthetic     children or outcomes are marked as invented
    """

    X: pd.DataFrame
    y: Floats
    child_id: NDArray[np.object_]
    as_of: Days
    group: NDArray[np.object_]
    note: NDArray[np.object_]
    worker: NDArray[np.object_]
    village: NDArray[np.object_]
    probability: Floats
    at_random: Bools
    told: Floats
    outcomes: int
    left_out: Mapping[str, int]
    synthetic: bool

    @property
    def weight(self) -> Floats:
        """What each row counts: for those not chosen, and for those not told."""
        return np.asarray(chance_weights(self.probability) * self.told)

    @property
    def known(self) -> Bools:
        """Rows of known selection: with a recorded chance of having been chosen."""
        return ~np.isnan(self.probability)

    @property
    def events(self) -> int:
        """Rows whose visit confirmed a concern."""
        return int(self.y.sum())

    @property
    def known_events(self) -> int:
        """Events of known selection, which law 12 counts."""
        return int(self.y[self.known].sum())

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: NDArray[np.intp] | Bools) -> Cohort:
        """Some of the rows, as if there were no others."""
        arrays = {
            name: getattr(self, name)[rows]
            for name in ("y", "child_id", "as_of", "group", "note", "worker", "village")
        }
        more = {name: getattr(self, name)[rows] for name in ("probability", "at_random", "told")}
        X = self.X.loc[rows] if rows.dtype == bool else self.X.iloc[rows]
        return replace(self, X=X.reset_index(drop=True), **arrays, **more)


def read_cohort(
    screener: Screener,
    caseload: CheckedCaseload,
    as_of: date | np.datetime64,
    *,
    every_days: int = EVERY_DAYS,
    alike_by: AdditiveTables | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> Cohort:
    """The labelled rows that were known by the end of a day.

    `every_days` is the grid's step, counted from 1970-01-01: the same rows come of every later date.
    `alike_by` scores visits to tell which are alike. UsageError where there is no outcome at all.
    """
    if not 1 <= every_days <= HORIZON_DAYS:
        raise UsageError(f"every-days is 1 to {HORIZON_DAYS} days; got {every_days}")
    known = caseload.known_by(as_of)
    judged = visits_judged(known)
    left_out = _not_judged(caseload, known, judged)
    if not len(judged):
        raise UsageError(_no_outcome(left_out, as_of))
    day = _grid_before(judged["on"], every_days)
    units, reasons = _units(known, judged, day)
    found = _features(screener, caseload, units, processes, progress)
    left_out |= {name: int((reasons == name).sum()) for name in REASONS[4:7]}
    left_out["not_on_record"] = len(units) - len(found.units)
    return _cohort(found, alike_by, left_out, int(caseload.read_counts["outcomes"]), known)


def _not_judged(caseload: CheckedCaseload, known: CheckedCaseload, judged: Sheet) -> dict[str, int]:
    read, usable = caseload.read_counts["outcomes"], len(caseload.sheets["outcomes"])
    by_then, told = len(known.sheets["outcomes"]), int(judged["rows"].sum())
    counts = (read - usable, usable - by_then, by_then - told, told - len(judged))
    return dict(zip(REASONS[:4], counts, strict=True))


def _no_outcome(left_out: Mapping[str, int], as_of: date | np.datetime64) -> str:
    if not sum(left_out.values()):
        return (
            "training needs outcomes, and the caseload has none: add a table outcomes with child_id, "
            "outcome_date and result (confirmed, not_confirmed, could_not_tell, not_seen)"
        )
    if left_out["later"]:
        return f"no outcome was known by {as_of}: all are dated or recorded later; give a later --as-of"
    return "no row of the outcomes table has a date and a known result (see: carescreen check)"


def _grid_before(on: Days, every: int) -> Days:
    """The last date of the grid strictly before each day."""
    return ((on.astype(np.int64) - 1) // every * every).astype("datetime64[D]")


def _units(known: CheckedCaseload, judged: Sheet, day: Days) -> tuple[Sheet, NDArray[np.object_]]:
    """The judged visits that speak for a child at a date, told or missing; why the others do not."""
    child, seen = _days_seen(known, judged)
    first = seen.next(child, day)
    status = judged["status"]
    reasons = np.full(len(judged), None, dtype=object)
    nobody = status == NOT_SEEN
    reasons[(status != NOT_SEEN) & (first < judged["on"])] = "not_first"
    reasons[nobody & _speaks_later(judged, child, day)] = "seen_later"
    reasons[status == SAW_RANK] = "saw_rank"
    units = judged.with_columns(as_of=day, child=child).take(is_none(reasons))
    return _one_each(units, reasons), reasons


def _one_each(units: Sheet, reasons: NDArray[np.object_]) -> Sheet:
    """One visit a child and date: a child that two visits of one date missed is missing once."""
    order = np.lexsort((units["on"], units["child"], units["as_of"]))
    units = units.take(order)
    again = np.zeros(len(units), dtype=bool)
    same = units["child"][1:] == units["child"][:-1]
    again[1:] = same & (units["as_of"][1:] == units["as_of"][:-1])
    place = np.flatnonzero(is_none(reasons))[order]
    reasons[place[again]] = "seen_later"
    return units.take(~again)


def _days_seen(known: CheckedCaseload, judged: Sheet) -> tuple[Ints, DaysOfChildren]:
    """A number for the child of each judged visit, and the days on which any visit saw a child."""
    visits = known.sheets["visits"]
    visits = visits.take((visits["child_seen"] == 1) & ~np.isnat(visits["visit_date"]))
    child = numbered(np.concatenate([judged["child_id"], visits["child_id"]]))[0]
    own = judged["status"] != NOT_SEEN
    days = DaysOfChildren(
        np.concatenate([child[: len(judged)][own], child[len(judged) :]]),
        np.concatenate([judged["on"][own], visits["visit_date"].astype("datetime64[D]")]),
    )
    return child[: len(judged)], days


def _speaks_later(judged: Sheet, child: Ints, day: Days) -> Bools:
    """Whether a judged visit saw the child within the horizon of a date."""
    saw = judged["status"] != NOT_SEEN
    first = DaysOfChildren(child[saw], judged["on"][saw]).next(child, day)
    return np.asarray(first - day <= np.timedelta64(HORIZON_DAYS, "D"), dtype=bool)


@dataclass(frozen=True, repr=False)
class _Found:
    """Units whose child was on record at their date, with its features, home, notes, worker and
    village then."""

    units: Sheet
    X: pd.DataFrame
    told: Sheet


def _features(
    screener: Screener,
    caseload: CheckedCaseload,
    units: Sheet,
    processes: int,
    progress: Progress | None,
) -> _Found:
    days = np.unique(units["as_of"])

    def jobs() -> Iterator[tuple[np.datetime64, Block, Sheet]]:
        for day in days:
            wanted = units.take(units["as_of"] == day)
            for block in screener.blocks_with(caseload, day, wanted["child_id"]):
                yield day, block, wanted

    parts: list[_Found] = []
    kit = screener.engine(days[0]).kit if len(days) else None
    for part in in_processes(_features_of_block, kit, jobs(), processes):
        parts.append(part)
        if progress is not None:
            progress("dates", len(parts), max(len(days), len(parts)))
    if not parts:
        raise UsageError(
            "no child with an outcome was on record at the date before its visit: recorded_at of the "
            "children table lies after all of them"
        )
    return _Found(
        Sheet.joined([part.units for part in parts]),
        pd.concat([part.X for part in parts], ignore_index=True),
        Sheet.joined([part.told for part in parts]),
    )


def _features_of_block(kit: Kit, day: np.datetime64, block: Block, wanted: Sheet) -> _Found:
    return block_features(Engine(kit, day, first_run=False), block, wanted)


def block_features(engine: Engine, block: Block, wanted: Sheet) -> _Found:
    """The features of the wanted children of a block, worked out for all of it at once."""
    cases, _, _ = build_cases(engine, block)
    frame = engine.kit.features.frame(cases)
    place = places(block.children["child_id"], wanted["child_id"])
    inside = place >= 0
    rows, notes = place[inside], recent_notes(block, engine.as_of)
    told = {
        "home": household_keys(block.children)[rows],
        "note": objects([notes.text(row) for row in rows.tolist()]),
        "worker": block.children["caseworker_id"][rows],
        "village": block.children["village_id"][rows],
    }
    return _Found(wanted.take(inside), frame.iloc[rows].reset_index(drop=True), Sheet(told))


def _cohort(
    found: _Found,
    alike_by: AdditiveTables | None,
    left_out: dict[str, int],
    outcomes: int,
    known: CheckedCaseload,
) -> Cohort:
    order = np.lexsort((found.units["child_id"].astype(str), found.units["as_of"]))
    units, X = found.units.take(order), found.X.iloc[order].reset_index(drop=True)
    child = found.told.take(order)
    status = units["status"]
    told = is_told(status)
    score = np.zeros(len(units)) if alike_by is None else alike_by.score_micro(X) / MICRO
    factor = told_weights(
        told, chance_weights(units["probability"]), strata(score, units["at_random"])
    )
    left_out["could_not_tell"] = int((status == COULD_NOT_TELL).sum())
    left_out["not_seen"] = int((status == NOT_SEEN).sum())
    rows = units.take(told)
    return Cohort(
        X=X.loc[told].reset_index(drop=True),
        y=(rows["status"] == CONFIRMED).astype(np.float64),
        child_id=rows["child_id"],
        as_of=rows["as_of"],
        group=_families(rows["child_id"], child["home"][told]),
        note=child["note"][told],
        worker=child["worker"][told],
        village=child["village"][told],
        probability=rows["probability"],
        at_random=rows["at_random"],
        told=factor[told],
        outcomes=outcomes,
        left_out=MappingProxyType({name: left_out[name] for name in REASONS}),
        synthetic=any(
            bool((known.sheets[name]["data_origin"] == "synthetic").any())
            for name in ("children", "outcomes")
        ),
    )


def _families(child_id: NDArray[np.object_], home: NDArray[np.object_]) -> NDArray[np.object_]:
    """Of each row the smallest child_id among all that a chain of shared households joins."""
    ids = objects(sorted(set(child_id.tolist())))
    house, homes = numbered(home)
    smallest = places(ids, child_id)
    child, before = smallest, None
    while before is None or (smallest != before).any():
        before = smallest
        for member, count in ((house, len(homes)), (child, len(ids))):
            least = np.full(count, len(ids), dtype=np.int64)
            np.minimum.at(least, member, smallest)
            smallest = least[member]
    return ids[smallest]

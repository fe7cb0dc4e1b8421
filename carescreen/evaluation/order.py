"""Discrimination and use: does a method put the children who need a visit early, and in a seat?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd

from carescreen.evaluation.cluster_draws import DRAWS
from carescreen.evaluation.figures import Measure, Measured, Trial, measured
from carescreen.evaluation.intervals import NAN, share
from carescreen.evaluation.judged import LEAST_EVENTS, Capacity, Part, lists, read, seats_of
from carescreen.evaluation.metrics import Codes, Flags, Floats, inclusion, kish, tie_bounds
from carescreen.evaluation.ranks import rank_statistic, seat_statistic

BY = ("window",)
SHARE = (0.0, 1.0)


def discrimination(
    table: pd.DataFrame,
    methods: Sequence[str],
    *,
    by: Sequence[str] = BY,
    weight: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Measured:
    """How well each method orders the judged children.

    table: one row a child and window; methods: columns of it, larger comes earlier (NaN last);
    by: columns whose values get figures of their own; weight: a column with what each row counts,
    such as 1 / selection probability (a row without one is left out).

    auroc                    pairs of an event and a non-event of one window that are in the right
                             order, ties half. Children of two windows never stood in one list.
    auroc_within_caseworker  the same, pairs of one caseworker in one window: without what differs
                             between caseworkers, such as how much they write down
    average_precision        mean over events of the precision down to the event, in its window

    Enough: 20 events and 20 judged without one (as many after weighing); within caseworkers, such
    as have both in one window. Errors: UsageError (a column is missing, a child twice in a window).
    """
    own = ["caseworker_id"] if "caseworker_id" in table else []
    rows = read(table, [*methods, *by, *own], weight)
    return measured(
        ((part, list(_orders(part, methods, bool(own)))) for part in rows.parts(by)), draws, seed
    )


def _orders(part: Part, methods: Sequence[str], has_caseworkers: bool) -> Iterator[Trial]:
    enough = part.is_enough()
    interval = partial(share, size=kish(part.weight[part.event]))
    window = part.strata("window")
    inside = part.strata("caseworker_id", "window") if has_caseworkers else np.full(len(window), -1)
    told = _with_both(part, inside) if len(inside) else part.event
    within = part.only(told).is_enough()
    weight = np.where(told, part.weight, 0.0)
    for method in methods:
        score = part.column(method)
        pooled = rank_statistic(score, part.event, part.weight, window)
        yield Trial(
            method,
            pooled,
            [
                Measure("auroc", 0, interval, SHARE, enough),
                Measure("average_precision", 1, interval, SHARE, enough),
            ],
        )
        yield Trial(
            method,
            rank_statistic(score, part.event, weight, inside),
            [Measure("auroc_within_caseworker", 0, interval, SHARE, within)],
        )


def _with_both(part: Part, stratum: Codes) -> Flags:
    """Rows of strata that have an event and a non-event."""
    shifted = stratum + 1
    events = np.bincount(shifted, part.event)
    others = np.bincount(shifted, ~part.event)
    return np.asarray((stratum >= 0) & ((events > 0) & (others > 0))[shifted])


def use(
    table: pd.DataFrame,
    methods: Sequence[str],
    capacity: Capacity,
    *,
    by: Sequence[str] = BY,
    weight: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Measured:
    """What the seats of each list would have found: each group (caseworker, else village) in each
    window visits the first `capacity` of its children.

    capacity: seats of every list, or seats by group. Other arguments: `discrimination`.

    recall     share of the events that had a seat
    precision  share of the judged children with a seat who had an event

    value is the mean over random orders of ties; `worst` and `best` say how far ties at the line
    could move it (not an interval). All children take seats; the judged alone are counted.
    Enough: 20 events, and for precision 20 judged children with a seat. Errors: UsageError.
    """
    rows = read(table, [*methods, "group", *by], weight)
    list_of, groups = lists(rows)
    seats = seats_of(capacity, groups)
    gain = np.where(rows.event, rows.weight, -rows.weight)
    seated = {}
    for method in methods:
        score = rows.column(method)
        bounds = tie_bounds(score, list_of, seats, gain)
        seated[method] = (inclusion(score, list_of, seats), *bounds)
    parts = (
        (part, [_seats(part, method, *seated[method]) for method in methods])
        for part in rows.parts(by)
    )
    return measured(parts, draws, seed)


def _seats(part: Part, method: str, chance: Floats, well: Floats, badly: Floats) -> Trial:
    event, weight = part.event, part.weight
    chance = chance[part.chosen]
    of_ties = {
        "worst": seat_statistic(badly[part.chosen], event, weight).point(),
        "best": seat_statistic(well[part.chosen], event, weight).point(),
    }
    enough = part.is_enough(others=False)
    seated = kish(weight * chance)
    both = enough and seated >= LEAST_EVENTS

    def measure(name: str, place: int, size: float, is_enough: bool) -> Measure:
        bounds = {side: ends[place] if is_enough else NAN for side, ends in of_ties.items()}
        interval = partial(share, size=size)
        return Measure(name, place, interval, SHARE, is_enough, also=bounds)

    return Trial(
        method,
        seat_statistic(chance, event, weight),
        [
            measure("recall", 0, kish(weight[event]), enough),
            measure("precision", 1, seated, both),
        ],
    )

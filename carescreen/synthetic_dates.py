"""When children of a synthetic county are visited, and for what reason.

Rounds of ROUND_DAYS are counted back from the as-of date. In each, households are drawn by chance,
with one chance for all, and every child of a drawn household is visited on one day of the round:
that is what recall over all children can be estimated from. Other visits are the usual ones, spread
over the months, and those to families of whom school or neighbours told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carescreen.synthetic_concerns import Concerns
from carescreen.synthetic_people import Bools, Children, CountyPlan, Floats, Ints

USUAL, TOLD, DRAWN, LISTED, WORRIED = range(5)  # why a visit was made; the last two follow another
ROUND_DAYS = 90
DRAWN_CHANCE, DRAWN_SHARE = 0.12, 0.25  # of households a round; of all visits, at most
NEVER_VISITED = 0.012
HARD_TO_REACH, LEAST_REACHED = 8.0, 0.3  # usual visits: share lost for a risk of 1, share left
TOLD_AFTER = ((0.9, 15.0), (0.7, 60.0))  # chance that somebody tells of a concern, mean days after
MONTHLY = (0.94, 0.92, 1.00, 1.02, 1.03, 1.02, 1.00, 0.98, 1.02, 1.03, 1.03, 1.01)  # January first
# What one visit of a kind brings with it in visits that follow it up: from counties made so.
AFTER_USUAL, AFTER_TOLD = 0.10, 0.95


@dataclass(frozen=True)
class Dates:
    """Visits to be made: arrays by visit, `why` one of USUAL and so on."""

    child: Ints
    days_ago: Ints
    why: Ints

    def take(self, rows: Ints | Bools) -> Dates:
        """Some of the visits."""
        return Dates(self.child[rows], self.days_ago[rows], self.why[rows])


def usual_and_told(
    plan: CountyPlan, rng: np.random.Generator, children: Children, concerns: Concerns
) -> Dates:
    """All visits that neither chance nor an earlier visit asked for."""
    told = _told(plan, rng, children, concerns)
    drawn = drawn_chance(plan) * np.minimum(children.on_record, plan.span).sum() / ROUND_DAYS
    rest = plan.visits_per_child * children.n - len(told.child) * (1 + AFTER_TOLD)
    total = max(rest / (1 + AFTER_USUAL) - drawn, 0.0)
    usual = _usual(plan, rng, children, concerns.risk, total)
    return Dates(
        np.concatenate([usual.child, told.child]),
        np.concatenate([usual.days_ago, told.days_ago]),
        np.concatenate([usual.why, told.why]),
    )


def drawn_chance(plan: CountyPlan) -> float:
    """With which a household is drawn in a round: as recorded with every outcome of a drawn visit."""
    rounds = plan.span / ROUND_DAYS
    return float(min(DRAWN_CHANCE, round(DRAWN_SHARE * plan.visits_per_child / rounds, 4)))


def drawn(plan: CountyPlan, rng: np.random.Generator, children: Children, followed: Dates) -> Dates:
    """One visit to each child of the households drawn in each round.

    A child that was visited in the round because a list or a worker chose it (`followed`) is not
    visited again: that visit already told.
    """
    rounds, homes = -(-plan.span // ROUND_DAYS), int(children.home.max()) + 1
    chosen = rng.random((homes, rounds)) < drawn_chance(plan)
    on_day = rng.integers(0, ROUND_DAYS, (homes, rounds)) + ROUND_DAYS * np.arange(rounds)
    already = np.zeros((children.n, rounds), dtype=bool)
    already[followed.child, followed.days_ago // ROUND_DAYS] = True
    child, number = np.nonzero(chosen[children.home] & ~already)
    days_ago = on_day[children.home[child], number]
    there = days_ago < np.minimum(children.on_record[child], plan.span)
    return Dates(child, days_ago, np.full(len(child), DRAWN)).take(there)


def following(rng: np.random.Generator, before: Dates, why: Ints, wait: tuple[int, int]) -> Dates:
    """A visit some days after each of these, where that is not after the as-of date."""
    days_ago = before.days_ago - rng.integers(*wait, len(before.child))
    return Dates(before.child, days_ago, why).take(days_ago >= 0)


def _told(
    plan: CountyPlan, rng: np.random.Generator, children: Children, concerns: Concerns
) -> Dates:
    """Visits during the spells of which somebody tells, the more the more visits there are at all."""
    child, days = [], []
    for chance, after in TOLD_AFTER:
        likely = chance * min(1.0, plan.visits_per_child / 3)
        row, spell = np.nonzero((concerns.kind >= 0) & (rng.random(concerns.kind.shape) < likely))
        days_ago = concerns.begin[row, spell] - rng.exponential(after, len(row)).astype(np.int64)
        there = days_ago < np.minimum(children.on_record[row], plan.span)
        there &= days_ago >= concerns.end[row, spell]
        child.append(row[there])
        days.append(days_ago[there])
    visited = np.concatenate(child)
    return Dates(visited, np.concatenate(days), np.full(len(visited), TOLD))


def _usual(
    plan: CountyPlan, rng: np.random.Generator, children: Children, risk: Floats, total: float
) -> Dates:
    """About `total` visits, each child's at like distances over the time that it is on record.

    Families at high risk are harder to reach, and are visited less.
    """
    covered = np.minimum(children.on_record, plan.span)
    mean = covered * np.clip(1.0 - HARD_TO_REACH * risk, LEAST_REACHED, None)
    mean *= total / max(mean.sum(), 1.0)
    often = mean / (1 - NEVER_VISITED) >= 1
    counts = rng.poisson(np.where(often, mean / (1 - NEVER_VISITED) - 1, mean)) + often
    counts[(rng.random(children.n) < NEVER_VISITED) & often] = 0
    child = np.repeat(np.arange(children.n), counts)
    place = np.arange(len(child)) - np.repeat(np.cumsum(counts) - counts, counts)
    part = (place + rng.random(len(child))) / counts[child]
    days_ago = _season(plan, part * covered[child] / plan.span)
    days_ago = np.minimum(days_ago, children.on_record[child] - 1)
    return Dates(child, days_ago, np.full(len(child), USUAL))


def _season(plan: CountyPlan, part: Floats) -> Ints:
    """Days before the as-of date by part of all visits since: somewhat fewer in winter."""
    day = plan.as_of - np.arange(plan.span).astype("timedelta64[D]")
    month = day.astype("datetime64[M]").astype(np.int64) % 12
    until = np.cumsum(np.array(MONTHLY)[month])
    days_ago = np.searchsorted(until, part * until[-1], side="right")
    return np.asarray(np.minimum(days_ago, plan.span - 1), dtype=np.int64)

"""Visits of a synthetic county: when, who was seen, what was noticed, ticked and written down.

A worker notices a true concern with her own chance. Mostly she fills the form and ticks what she
noticed, and mostly she writes a sentence; now and then she ticks a suspicion that comes to nothing.
Weekly lists are worked through: a family with a concern is visited soon after it began, and again
after it ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carescreen.synthetic_concerns import CONCERN_TYPES, Concerns
from carescreen.synthetic_events import CODE, Ticks, make_events
from carescreen.synthetic_people import (
    Bools,
    Children,
    CountyPlan,
    Days,
    Floats,
    Ints,
    Words,
    Workers,
    draw,
)
from carescreen.synthetic_records import ORIGIN, iso_days

TICKED, WRITTEN, HEDGED = 0.92, 0.80, 0.30  # of noticed concerns; ticked where the form is filled
NO_FORM = 0.05  # of visits, and more with workers who leave blanks
TOLD, TOLD_AGAIN, SEEN_LATELY = 0.92, 0.50, 0.72
RECENT_DAYS = 38
# Suspicions on a form that turn out to be nothing, at this share of visits, and which they are.
MISTAKEN_SHARE = 0.018
MISTAKEN = {
    "injury_unexplained": 2.5,
    "physical_abuse": 5.0,
    "sexual_abuse": 0.7,
    "self_harm_suicide": 2.0,
    "guardian_lost": 1.0,
    "dv_exposure": 2.0,
    "runaway_street": 1.0,
    "left_alone": 3.0,
    "bullying": 4.0,
    "mental_distress": 4.0,
    "neglect": 3.0,
    "dropout_absence": 2.0,
    "malnutrition": 2.0,
    "conduct_problem": 2.0,
}


@dataclass(frozen=True)
class Visits:
    """Visits in order of date; arrays by visit.

    `kind` is the code of the true concern on that day, -1 none; `noticed` where the worker saw
    it, `form` where she filled one in, `ticked` the code that it shows (a concern she noticed, or
    a mistake), `written` where she put it into the note, `hedged` where she was not sure.
    """

    child: Ints
    days_ago: Ints
    seen: Words
    kind: Ints
    noticed: Bools
    form: Bools
    ticked: Ints
    written: Bools
    hedged: Bools

    @property
    def n(self) -> int:
        """Number of visits."""
        return len(self.child)

    @property
    def mistaken(self) -> Bools:
        """Where the form shows what is not there."""
        return (self.ticked >= 0) & (self.kind < 0)

    @property
    def on_file(self) -> Bools:
        """Where a true concern stands in the form or in the note."""
        return self.noticed & (self.written | (self.ticked >= 0))


def make_visits(
    plan: CountyPlan, workers: Workers, children: Children, concerns: Concerns
) -> Visits:
    """When each child was visited, whether it was seen, and what the worker noticed."""
    rng = plan.rng(8)
    child, days_ago = _dates(plan, rng, concerns, plan.as_of - children.birth)
    worker = children.village[child]
    n = len(child)
    kind = concerns.type_at(child, days_ago)
    hidden = kind == CODE["unseen_child"]
    seen = _seen(rng, child, days_ago, hidden, workers.blank[worker])
    met = (seen != "no") | hidden | (rng.random(n) < 0.25)  # a neighbour tells of some
    noticed = (kind >= 0) & met & (rng.random(n) < workers.notices[worker])
    form = met & (rng.random(n) >= NO_FORM + 0.6 * workers.blank[worker])
    ticked = np.where(noticed & form & (rng.random(n) < TICKED), kind, -1)
    mistaken = _mistaken(rng, children.age[child])
    ticked = np.where((kind < 0) & form & (seen == "yes"), mistaken, ticked)
    return Visits(
        child=child,
        days_ago=days_ago,
        seen=seen,
        kind=kind,
        noticed=noticed,
        form=form,
        ticked=ticked,
        written=noticed & (rng.random(n) < WRITTEN),
        hedged=rng.random(n) < HEDGED,
    )


def _mistaken(rng: np.random.Generator, age: Floats) -> Ints:
    """A type suspected wrongly at a few visits, -1 at the others; only types that fit the age."""
    words = draw(rng, MISTAKEN, len(age))
    codes = np.full(len(age), -1, dtype=np.int64)
    slips = rng.random(len(age)) < MISTAKEN_SHARE
    for name in MISTAKEN:
        low, high = CONCERN_TYPES[name].ages
        codes[slips & (words == name) & (age >= low) & (age <= high)] = CODE[name]
    return codes


def _seen(
    rng: np.random.Generator, child: Ints, days_ago: Ints, hidden: Bools, blank: Floats
) -> Words:
    """yes, no, or None where not noted. After a visit in vain the next is mostly arranged."""
    n = len(child)
    vain = rng.random(n) < 1.0 - rng.beta(30, 2.0, int(child.max(initial=-1)) + 1)[child]
    order = np.lexsort((-days_ago, child))
    again = np.zeros(n, dtype=bool)
    again[order[1:]] = vain[order[:-1]] & (child[order[1:]] == child[order[:-1]])
    vain &= ~(again & (rng.random(n) < 0.85))
    usual = np.where(vain, "no", "yes").astype(object)
    seen = np.where(hidden, draw(rng, {"no": 0.9, "yes": 0.1}, n), usual)
    return np.where(rng.random(n) < 0.4 * blank, None, seen)


def _dates(
    plan: CountyPlan, rng: np.random.Generator, concerns: Concerns, lived: Days
) -> tuple[Ints, Ints]:
    """Child and days before as-of of each visit, oldest first.

    A child with a concern is likely visited once it has begun, because school or neighbours tell,
    and most others were visited lately. An earlier concern was seen while it lasted and after.
    """
    n, mean = len(concerns.current), plan.visits_per_child
    counts = rng.poisson(mean, n) if mean < 1 else 1 + rng.poisson(mean / 0.988 - 1, n)
    counts[rng.random(n) < 0.012] = 0
    was = concerns.earlier >= 0
    counts[was & (counts > 0) & (mean >= 1)] += 1
    child = np.repeat(np.arange(n), counts)
    days_ago = (rng.random(len(child)) ** 1.5 * plan.months * 30.4).astype(np.int64)
    first = np.cumsum(counts) - counts
    told = concerns.current >= 0
    since = np.where(told, concerns.onset + 1, RECENT_DAYS) * rng.random(n)
    lately = (counts > 0) & (rng.random(n) < np.where(told, TOLD, SEEN_LATELY))
    lasted = concerns.earlier_to + rng.random(n) * (concerns.earlier_from - concerns.earlier_to)
    lasted = np.minimum(lasted, np.maximum(plan.months * 30.4 - 1, concerns.earlier_to))
    again = told & ~was & (counts > 1) & (rng.random(n) < TOLD_AGAIN)
    after = np.maximum(concerns.earlier_to - rng.integers(2, 25, n), 0)
    for place, days, where in (
        (0, since, lately),
        (1, (concerns.onset + 1) * rng.random(n), again),
        (1, lasted, was & (counts > 1) & (rng.random(n) < 0.85)),
        (2, after, was & (counts > 2)),
    ):
        days_ago[first[where] + place] = days[where].astype(np.int64)
    days_ago = np.minimum(days_ago, lived.astype(np.int64)[child])  # nobody is visited unborn
    order = np.lexsort((child, -days_ago))
    return child[order], days_ago[order]


def make_visits_table(
    plan: CountyPlan,
    workers: Workers,
    children: Children,
    visits: Visits,
    notes: Words,
    ids: dict[str, Words],
) -> pd.DataFrame:
    """The visits table: one row a visit, indicators mostly blank as in life."""
    rng, n = plan.rng(9), visits.n
    worker = children.village[visits.child]
    day = plan.as_of - visits.days_ago.astype("timedelta64[D]")
    late = rng.random(n) < workers.late[worker]
    wait = np.where(late, rng.integers(1, 21, n), 0)
    columns: dict[str, Any] = {
        "visit_id": ids["visit"],
        "child_id": ids["child"][visits.child],
        "visit_date": iso_days(day),
        "recorded_at": iso_days(day + np.minimum(wait, visits.days_ago).astype("timedelta64[D]")),
        "caseworker_id": ids["worker"][worker],
        "child_seen": visits.seen,
        "worker_concern": _worker_concern(rng, workers.blank[worker], visits),
        "note": notes,
    }
    month = (day.astype("datetime64[M]").astype(np.int64) % 12) + 1
    columns |= make_events(Ticks(rng, visits.ticked), children, visits, month)
    columns["data_origin"] = np.full(n, ORIGIN, dtype=object)
    series = {
        name: pd.Series(values, dtype=object) if isinstance(values, np.ndarray) else values
        for name, values in columns.items()
    }
    return pd.DataFrame(series, copy=False)


def _worker_concern(rng: np.random.Generator, blank: Floats, visits: Visits) -> Words:
    worried = visits.noticed & (rng.random(visits.n) < 0.9) | visits.mistaken
    worried |= rng.random(visits.n) < 0.008
    said = np.where(worried, "yes", "no").astype(object)
    return np.where(rng.random(visits.n) < blank, None, said)

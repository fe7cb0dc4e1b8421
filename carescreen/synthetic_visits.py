"""Visits of a synthetic county: when, who was seen, what was noticed, ticked and written down.

A worker notices a true concern with her own chance, which goes up and down while it lasts and is
lower while it begins. Mostly she fills the form and ticks what she noticed, and mostly she writes a
sentence; of early signs she ticks fewer and is less sure. Now and then she ticks a suspicion that
comes to nothing. Whatever she raised is followed up within weeks, and again while she sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from carescreen.synthetic_concerns import CONCERN_TYPES, Concerns
from carescreen.synthetic_dates import (
    LISTED,
    TOLD,
    USUAL,
    WORRIED,
    Dates,
    drawn,
    following,
    usual_and_told,
)
from carescreen.synthetic_events import CODE, Ticks, make_events
from carescreen.synthetic_people import (
    Bools,
    Children,
    CountyPlan,
    Floats,
    Ints,
    Words,
    Workers,
    draw,
)
from carescreen.synthetic_records import ORIGIN, iso_days

TICKED, WRITTEN, HEDGED = 0.92, 0.80, 0.30  # of noticed concerns; ticked where the form is filled
TICKED_EARLY, HEDGED_EARLY, NOTICED_EARLY = 0.55, 0.60, 0.90  # the last a factor
EARLY_DAYS = 21  # of a concern
UP_AND_DOWN, PERIOD_DAYS = 0.10, 50.0  # how far noticing swings, and how slowly
AVOIDING = 0.08  # more visits in vain while something is wrong
TRIED_AGAIN = 0.85  # of visits in vain, soon
ARRANGED = 0.92  # of visits after one in vain, and the child is seen
HEARSAY = 0.75
ALONE_TOLD = 0.35  # of forms of children without an adult
STRAY = 0.008  # of visits: the worker worries about something that is nowhere written
NO_FORM = 0.05  # of visits, and more with workers who leave blanks
SOON, FIRST_WAIT, NEXT_WAIT = (3, 21), (5, 26), (20, 46)  # days until a visit that follows another
AGAIN = 0.60  # of visits that saw a concern go on, followed by another
MOST_FOLLOWING = 3
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

    `why` the reason for the visit (see synthetic_dates), `kind` the code of the true concern on
    that day, -1 none; `noticed` where the worker saw it, `form` where she filled one in, `ticked`
    the code that it shows (a concern she noticed, or a mistake), `written` where she put it into
    the note, `hedged` where she was not sure, `worried` where she says that she is
    concerned, `entered` the days before the as-of date on which the record was entered,
    `alone` where the form says that no adult lives with the child.
    """

    child: Ints
    days_ago: Ints
    why: Ints
    seen: Words
    kind: Ints
    noticed: Bools
    form: Bools
    ticked: Ints
    written: Bools
    hedged: Bools
    worried: Bools
    entered: Ints
    alone: Bools

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

    @property
    def raised(self) -> Bools:
        """Where anything, right or wrong, calls for another visit."""
        return self.worried | self.written | (self.ticked >= 0)

    @property
    def dates(self) -> Dates:
        """When and why."""
        return Dates(self.child, self.days_ago, self.why)

    def take(self, rows: Ints | Bools) -> Visits:
        """Some of the visits."""
        return Visits(*(getattr(self, field.name)[rows] for field in fields(Visits)))


def joined_visits(parts: list[Visits]) -> Visits:
    """Visits of several kinds, in the order given."""
    names = [field.name for field in fields(Visits)]
    return Visits(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def make_visits(
    plan: CountyPlan, workers: Workers, children: Children, concerns: Concerns
) -> Visits:
    """When each child was visited and why, whether it was seen, and what the worker noticed."""
    rng = plan.rng(8)

    def look(dates: Dates) -> Visits:
        return _look(rng, workers, children, concerns, dates)

    def with_following(first: Visits) -> list[Visits]:
        vain = (first.seen == "no") & ~first.raised & (rng.random(first.n) < TRIED_AGAIN)
        tried = first.take(vain).dates
        parts = [first, look(following(rng, tried, tried.why * 0 + USUAL, SOON))]
        before = joined_visits(parts)
        due, wait = before.take(before.raised), FIRST_WAIT
        for _ in range(MOST_FOLLOWING):
            why = np.where(due.ticked >= 0, LISTED, WORRIED)
            after = look(following(rng, due.dates, why, wait))
            parts.append(after)
            due, wait = after.take(after.noticed & (rng.random(after.n) < AGAIN)), NEXT_WAIT
        return parts

    parts = with_following(look(usual_and_told(plan, rng, children, concerns)))
    followed = joined_visits(parts)
    followed = followed.take(followed.why >= LISTED)
    parts += with_following(look(drawn(plan, rng, children, followed.dates)))
    visits = joined_visits(parts)
    return _arranged(rng, visits.take(np.lexsort((visits.child, -visits.days_ago))))


def _arranged(rng: np.random.Generator, visits: Visits) -> Visits:
    """Most visits after one in vain are arranged, and see the child, unless it is kept from sight."""
    order = np.argsort(visits.child, kind="stable")
    vain = (visits.seen == "no") & (visits.kind != CODE["unseen_child"])
    after = np.zeros(visits.n, dtype=bool)
    after[order[1:]] = vain[order[:-1]] & (np.diff(visits.child[order]) == 0)
    meets = vain & after & (rng.random(visits.n) < ARRANGED)
    return replace(visits, seen=np.where(meets, "yes", visits.seen))


def _look(
    rng: np.random.Generator,
    workers: Workers,
    children: Children,
    concerns: Concerns,
    dates: Dates,
) -> Visits:
    """What a worker sees, ticks and means to write at these visits."""
    child, days_ago, n = dates.child, dates.days_ago, len(dates.child)
    worker, spell = children.village[child], concerns.spell_at(child, days_ago)
    kind = np.where(spell >= 0, concerns.kind[child, spell], -1)
    hidden = kind == CODE["unseen_child"]
    seen = _seen(rng, dates, kind >= 0, hidden, workers.blank[worker])
    met = (seen != "no") | hidden | (rng.random(n) < 0.25)  # a neighbour tells of some
    early = (spell >= 0) & (concerns.begin[child, spell] - days_ago < EARLY_DAYS)
    plain = np.where(early, NOTICED_EARLY, 1.0) * _up_and_down(child, days_ago)
    noticed = (kind >= 0) & met & (rng.random(n) < workers.notices[worker] * plain)
    form = met & (rng.random(n) >= NO_FORM + 0.6 * workers.blank[worker])
    fills = rng.random(n) < np.where(early, TICKED_EARLY, TICKED)
    ticked = np.where(noticed & form & fills, kind, -1)
    mistaken = _mistaken(rng, children.age[child])
    ticked = np.where((kind < 0) & form & (seen == "yes"), mistaken, ticked)
    worried = noticed & (rng.random(n) < 0.9) | (kind < 0) & (ticked >= 0)
    late = rng.random(n) < workers.late[worker]
    no_adult = np.isin(children.carer, ["self", "sibling_minor"])[child]
    return Visits(
        child=child,
        days_ago=days_ago,
        why=dates.why,
        seen=seen,
        kind=kind,
        noticed=noticed,
        form=form,
        ticked=ticked,
        written=noticed & (rng.random(n) < WRITTEN),
        hedged=rng.random(n) < np.where(early, HEDGED_EARLY, HEDGED),
        worried=worried | (rng.random(n) < STRAY),
        entered=np.maximum(days_ago - np.where(late, rng.integers(1, 21, n), 0), 0),
        alone=no_adult & form & (rng.random(n) < ALONE_TOLD),
    )


def _up_and_down(child: Ints, days_ago: Ints) -> Floats:
    """How plain a concern is on a day, from 1 - 2 x UP_AND_DOWN to 1, each child at its own time."""
    phase = days_ago / PERIOD_DAYS + child * 0.618034
    return np.asarray(1.0 - UP_AND_DOWN + UP_AND_DOWN * np.sin(2 * np.pi * phase))


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
    rng: np.random.Generator, dates: Dates, wrong: Bools, hidden: Bools, blank: Floats
) -> Words:
    """yes, no, or None where not noted. Families with something wrong are harder to find.

    Where somebody told, the worker mostly talks with the adults first, while the child is at school.
    """
    child, n = dates.child, len(dates.child)
    often = 1.0 - rng.beta(30, 2.0, int(child.max(initial=-1)) + 1)[child]
    vain = rng.random(n) < often + AVOIDING * wrong
    usual = np.where(vain, "no", "yes").astype(object)
    seen = np.where(hidden, draw(rng, {"no": 0.9, "yes": 0.1}, n), usual)
    unsaid = np.where(dates.why == TOLD, np.maximum(HEARSAY, 0.4 * blank), 0.4 * blank)
    return np.where(rng.random(n) < unsaid, None, seen)


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
    columns: dict[str, Any] = {
        "visit_id": ids["visit"],
        "child_id": ids["child"][visits.child],
        "visit_date": iso_days(day),
        "recorded_at": iso_days(plan.as_of - visits.entered.astype("timedelta64[D]")),
        "caseworker_id": ids["worker"][worker],
        "child_seen": visits.seen,
        "worker_concern": _worker_concern(rng, workers.blank[worker], visits),
        "note": notes,
    }
    month = (day.astype("datetime64[M]").astype(np.int64) % 12) + 1
    columns |= make_events(Ticks(rng, visits.ticked), children, visits, month)
    columns["lives_without_adult"] = Ticks(rng, visits.ticked).word(
        visits.alone, {"yes": 1}, np.full(n, None, dtype=object)
    )
    columns["data_origin"] = np.full(n, ORIGIN, dtype=object)
    series = {
        name: pd.Series(values, dtype=object) if isinstance(values, np.ndarray) else values
        for name, values in columns.items()
    }
    return pd.DataFrame(series, copy=False)


def _worker_concern(rng: np.random.Generator, blank: Floats, visits: Visits) -> Words:
    said = np.where(visits.worried, "yes", "no").astype(object)
    return np.where(rng.random(visits.n) < blank, None, said)

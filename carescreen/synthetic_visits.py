"""Visits of a synthetic county: when, who was seen, what was noticed, what came of it.

A worker notices a true concern with her own chance, ticks an indicator for most of what she
notices and writes a sentence for most; now and then she ticks what is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carescreen.synthetic_concerns import CONCERN_TYPES, TYPE_NAMES, Concerns
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
from carescreen.synthetic_records import ORIGIN, SUSPICION, iso_days, make_ids, whole_numbers

TICKED, WRITTEN, HEDGED = 0.75, 0.85, 0.30  # of noticed concerns
RANDOM_SHARE = 0.12  # of visits not chosen for a reason, judged by a second person
CODE = {name: code for code, name in enumerate(CONCERN_TYPES)}


@dataclass(frozen=True)
class Visits:
    """Visits in order of date; arrays by visit.

    `kind` is the code of the true concern on that day, -1 none; `noticed` where the worker saw
    it, `written` where she put it into the note, `hedged` where she was not sure.
    """

    child: Ints
    days_ago: Ints
    seen: Words
    kind: Ints
    noticed: Bools
    ticked: Bools
    written: Bools
    hedged: Bools

    @property
    def n(self) -> int:
        """Number of visits."""
        return len(self.child)


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
    home_often = rng.beta(30, 2.0, children.n)[child]
    usual = np.where(rng.random(n) < home_often, "yes", "no")
    seen = np.where(hidden, draw(rng, {"no": 0.9, "yes": 0.1}, n), usual)
    seen = np.where(rng.random(n) < 0.4 * workers.blank[worker], None, seen)
    met = (seen != "no") | hidden | (rng.random(n) < 0.25)  # a neighbour tells of some
    noticed = (kind >= 0) & met & (rng.random(n) < workers.notices[worker])
    return Visits(
        child=child,
        days_ago=days_ago,
        seen=seen,
        kind=kind,
        noticed=noticed,
        ticked=noticed & (rng.random(n) < TICKED),
        written=noticed & (rng.random(n) < WRITTEN),
        hedged=rng.random(n) < HEDGED,
    )


def _dates(
    plan: CountyPlan, rng: np.random.Generator, concerns: Concerns, lived: Days
) -> tuple[Ints, Ints]:
    """Child and days before as-of of each visit, oldest first.

    More visits are recent; a child with a concern is likely (3 of 4) visited once it has begun,
    because school or neighbours tell.
    """
    n = len(concerns.current)
    mean = plan.visits_per_child
    counts = rng.poisson(mean, n) if mean < 1 else 1 + rng.poisson(mean / 0.988 - 1, n)
    counts[rng.random(n) < 0.012] = 0
    child = np.repeat(np.arange(n), counts)
    days_ago = (rng.random(len(child)) ** 1.7 * plan.months * 30.4).astype(np.int64)
    first = np.cumsum(counts) - counts
    told = (concerns.current >= 0) & (counts > 0) & (rng.random(n) < 0.75)
    since = (rng.random(n) * (concerns.onset + 1)).astype(np.int64)
    days_ago[first[told]] = np.minimum(days_ago[first[told]], since[told])
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
        "visit_id": make_ids("N", n, 6),
        "child_id": ids["child"][visits.child],
        "visit_date": iso_days(day),
        "recorded_at": iso_days(day + np.minimum(wait, visits.days_ago).astype("timedelta64[D]")),
        "caseworker_id": ids["worker"][worker],
        "child_seen": visits.seen,
        "worker_concern": _worker_concern(rng, workers.blank[worker], visits),
        "note": notes,
    }
    columns |= _events(rng, Ticks(rng, visits), children, workers.blank[worker], day)
    columns["data_origin"] = np.full(n, ORIGIN, dtype=object)
    series = {
        name: pd.Series(values, dtype=object) if isinstance(values, np.ndarray) else values
        for name, values in columns.items()
    }
    return pd.DataFrame(series, copy=False)


def _worker_concern(rng: np.random.Generator, blank: Floats, visits: Visits) -> Words:
    worried = visits.noticed & (rng.random(visits.n) < 0.9) | (rng.random(visits.n) < 0.012)
    said = np.where(worried, "yes", "no").astype(object)
    return np.where(rng.random(visits.n) < blank, None, said)


@dataclass(frozen=True)
class Ticks:
    """Fills event columns: what a noticed concern writes over what every visit may write."""

    rng: np.random.Generator
    visits: Visits

    def of(self, *names: str, share: float = 1.0) -> Bools:
        """Where a ticked concern of one of these types writes this field."""
        kinds = np.isin(self.visits.kind, [CODE[name] for name in names])
        return self.visits.ticked & kinds & (self.rng.random(self.visits.n) < share)

    def word(self, rows: Bools, shares: dict[str, float], usual: Words) -> Words:
        """A drawn word in these rows, the usual cell elsewhere."""
        cells = usual.copy()
        cells[rows] = draw(self.rng, shares, int(rows.sum()))
        return cells

    def number(self, rows: Bools, low: int, high: int, usual: Floats) -> Floats:
        """A whole number from low to high in these rows, the usual cell elsewhere."""
        cells = usual.copy()
        cells[rows] = self.rng.integers(low, high + 1, int(rows.sum()))
        return cells

    def usual(self, word: str | None, known: Bools, false_share: float, false_word: str) -> Words:
        """What a visit without concern writes: blank, `word`, or rarely what is not there."""
        cells = np.where(known, word, None)
        cells[self.rng.random(self.visits.n) < false_share] = false_word
        return cells


def _events(
    rng: np.random.Generator, tick: Ticks, children: Children, blank: Floats, day: Days
) -> dict[str, Any]:
    n = tick.visits.n
    asked = (tick.visits.seen != "no") & (rng.random(n) > 0.25 + 0.75 * blank)
    age = children.age[tick.visits.child]
    columns = _safety_events(tick, asked, rng)
    columns |= _care_events(tick, asked, rng, children)
    columns |= _mind_events(tick, asked & (age >= 8))
    columns |= _school_events(tick, asked & (age >= 6), rng)
    columns |= _home_events(tick, asked, rng, (day.astype("datetime64[M]").astype(int) % 12) + 1)
    return columns


def _safety_events(tick: Ticks, asked: Bools, rng: np.random.Generator) -> dict[str, Any]:
    n = tick.visits.n
    hurt = tick.of("injury_unexplained") | tick.of("physical_abuse", share=0.4)
    injuries = {"single_unexplained": 0.8, "multiple": 0.2}
    minor = asked & (rng.random(n) < 0.03)
    injury = np.where(minor, "single_explained", tick.usual("none", asked, 0.0003, "multiple"))
    none = tick.usual("none", asked & (rng.random(n) < 0.7), 0.0002, "suspected")
    quiet = np.full(n, None, dtype=object)
    bullied = {"repeated": 0.5, "serious": 0.15, "occasional": 0.35}
    teased = tick.usual("none", asked & (rng.random(n) < 0.5), 0.006, "occasional")
    sexual = {"suspected": 0.75, "disclosed": 0.25}
    married = {"betrothed": 0.6, "cohabiting": 0.4}
    return {
        "injury_level": tick.word(hurt, injuries, injury),
        "violence_by_caregiver": tick.word(tick.of("physical_abuse"), SUSPICION, none),
        "sexual_harm": tick.word(tick.of("sexual_abuse"), sexual, quiet),
        "pregnancy_or_abortion": tick.word(tick.of("child_pregnancy"), {"yes": 1}, quiet),
        "missing_now": tick.word(tick.of("trafficking_missing"), {"yes": 1}, quiet),
        "bullying": tick.word(tick.of("bullying"), bullied, teased),
        "online_sexual_contact": tick.word(tick.of("online_risk"), {"suspected": 1}, quiet),
        "marriage_status": tick.word(tick.of("child_marriage"), married, quiet),
        "works_for_employer": tick.word(tick.of("child_labour"), {"yes": 1}, quiet),
    }


def _care_events(
    tick: Ticks, asked: Bools, rng: np.random.Generator, children: Children
) -> dict[str, Any]:
    child, n = tick.visits.child, tick.visits.n
    quiet = np.full(n, None, dtype=object)
    alone = tick.of("left_alone")
    loose = children.unsupervised[child] & (rng.random(n) < 0.4)
    usual_days = np.where(loose, rng.integers(1, 3, n), 0).astype(np.float64)
    days = np.where(asked & (rng.random(n) < 0.6), usual_days, np.nan)
    gap = np.floor(children.contact_gap[child] * rng.lognormal(0, 0.25, n))
    ask_gap = asked & children.left_behind[child] & (rng.random(n) < 0.6)
    refused = tick.of("abandonment", share=0.6)
    left = tick.of("abandonment", share=0.7)
    return {
        "left_alone_days_week": whole_numbers(tick.number(alone, 2, 6, days)),
        "unattended_at_visit": tick.word(
            alone & (rng.random(n) < 0.5),
            {"yes": 1},
            tick.usual("no", asked & (rng.random(n) < 0.5), 0.0005, "yes"),
        ),
        "parent_contact_gap_days": whole_numbers(np.where(ask_gap, gap, np.nan)),
        "caregiver_refuses_duties": tick.word(refused, {"yes": 1}, quiet),
        "abandoned": tick.word(left, {"suspected": 0.8, "confirmed": 0.2}, quiet),
        "emergency_guardian_gap": tick.word(
            tick.of("guardian_lost", share=0.35), {"yes": 1}, quiet
        ),
        "access_refused": tick.word(tick.of("unseen_child", share=0.5), {"yes": 1}, quiet),
    }


def _mind_events(tick: Ticks, asked: Bools) -> dict[str, Any]:
    thoughts = {"past": 0.20, "past_month": 0.50, "current": 0.30}
    low = tick.of("mental_distress", "emotional_abuse") | tick.of("bullying", share=0.4)
    mood = tick.usual("no", asked, 0.006, "yes")
    loss = np.full(tick.visits.n, None, dtype=object)
    calm = tick.usual("none", asked & (tick.rng.random(tick.visits.n) < 0.3), 0.0, "past")
    return {
        "mood_change": tick.word(low, {"yes": 1}, mood),
        "recent_loss_90d": tick.word(tick.of("mental_distress", share=0.35), {"yes": 1}, loss),
        "suicide_thoughts": tick.word(tick.of("self_harm_suicide"), thoughts, calm),
        "self_harm_12m": tick.word(tick.of("self_harm_suicide", share=0.5), {"yes": 1}, loss),
    }


def _school_events(tick: Ticks, asked: Bools, rng: np.random.Generator) -> dict[str, Any]:
    n = tick.visits.n
    quiet = np.full(n, None, dtype=object)
    absent = np.where(rng.random(n) < 0.06, rng.integers(1, 4, n), 0).astype(np.float64)
    usual = np.where(asked & (rng.random(n) < 0.5), absent, np.nan)
    bad = {"truancy": 0.4, "bad_company;truancy": 0.3, "smoking_drinking": 0.3}
    away = np.full(n, np.nan)
    return {
        "consecutive_absent_days": whole_numbers(
            tick.number(tick.of("dropout_absence"), 5, 40, usual)
        ),
        "bad_behaviours": tick.word(tick.of("conduct_problem"), bad, quiet),
        "nights_away_90d": whole_numbers(tick.number(tick.of("runaway_street"), 1, 9, away)),
    }


def _home_events(
    tick: Ticks, asked: Bools, rng: np.random.Generator, month: Ints
) -> dict[str, Any]:
    n = tick.visits.n
    quiet = np.full(n, None, dtype=object)
    summer = (month >= 5) & (month <= 9)
    swims = tick.usual("no", asked & summer & (rng.random(n) < 0.6), 0.0008, "yes")
    signs = np.where(asked & (rng.random(n) < 0.12), rng.integers(0, 2, n), np.nan)
    food = np.where(asked & (rng.random(n) < 0.3), rng.integers(0, 2, n), np.nan)
    starved = tick.of("malnutrition", share=0.12)
    return {
        "swims_unsupervised": tick.word(tick.of("water_hazard"), {"yes": 1}, swims),
        "neglect_signs": whole_numbers(tick.number(tick.of("neglect"), 2, 6, signs)),
        "food_short_days_month": whole_numbers(
            tick.number(tick.of("malnutrition") | tick.of("neglect", share=0.2), 3, 12, food)
        ),
        "severe_malnutrition_seen": tick.word(starved, {"suspected": 1}, quiet),
    }


def make_outcomes(plan: CountyPlan, visits: Visits, table: pd.DataFrame) -> pd.DataFrame:
    """What a second person judged: visits with a worker's concern, and a random share of others."""
    rng, n = plan.rng(10), visits.n
    worried = table["worker_concern"].to_numpy() == "yes"
    judged = (visits.days_ago > 14) & (worried | (rng.random(n) < RANDOM_SHARE))
    rows = np.flatnonzero(judged)
    wait = np.minimum(rng.integers(0, 12, len(rows)), visits.days_ago[rows])
    day = plan.as_of - (visits.days_ago[rows] - wait).astype("timedelta64[D]")
    result = _results(rng, visits.kind[rows] >= 0, visits.seen[rows] == "no")
    concern = np.where(result == "confirmed", np.append(TYPE_NAMES, None)[visits.kind[rows]], None)
    frame = {
        "child_id": table["child_id"].to_numpy()[rows],
        "outcome_date": iso_days(day),
        "result": result,
        "visit_id": table["visit_id"].to_numpy()[rows],
        "concern": concern,
        "selected_by": np.where(worried[rows], "rule", "random"),
        "selection_probability": pd.Series(np.where(worried[rows], 1.0, RANDOM_SHARE)),
        "recorded_at": iso_days(day),
        "data_origin": np.full(len(rows), ORIGIN, dtype=object),
    }
    series = {
        name: pd.Series(values, dtype=object) if isinstance(values, np.ndarray) else values
        for name, values in frame.items()
    }
    return pd.DataFrame(series)


def _results(rng: np.random.Generator, present: Bools, unseen: Bools) -> Words:
    n = len(present)
    there = draw(rng, {"confirmed": 0.88, "not_confirmed": 0.08, "could_not_tell": 0.04}, n)
    absent = draw(rng, {"confirmed": 0.008, "not_confirmed": 0.95, "could_not_tell": 0.042}, n)
    return np.where(unseen, "not_seen", np.where(present, there, absent))

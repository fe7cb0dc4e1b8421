"""What a visit's form says in a synthetic county: indicator columns of the visits table.

A ticked concern writes the fields that belong to it; every other filled form says mostly "none".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from carescreen.synthetic_concerns import CONCERN_TYPES
from carescreen.synthetic_people import Bools, Children, Floats, Ints, Words, draw
from carescreen.synthetic_records import SUSPICION, join_sets, whole_numbers

CODE = {name: code for code, name in enumerate(CONCERN_TYPES)}


class Forms(Protocol):
    """What is known of each visit's form (see synthetic_visits.Visits)."""

    @property
    def child(self) -> Ints:
        """Child position."""

    @property
    def form(self) -> Bools:
        """Where a form was filled in."""

    @property
    def seen(self) -> Words:
        """Whether the child was seen."""


@dataclass(frozen=True)
class Ticks:
    """Fills event columns: what a ticked concern (`shown`) writes over what every visit may."""

    rng: np.random.Generator
    shown: Ints

    @property
    def n(self) -> int:
        """Number of visits."""
        return len(self.shown)

    @property
    def quiet(self) -> Words:
        """A column that is blank unless something is ticked."""
        return np.full(self.n, None, dtype=object)

    def of(self, *names: str, share: float = 1.0) -> Bools:
        """Where a ticked concern of one of these types writes this field."""
        kinds = np.isin(self.shown, [CODE[name] for name in names])
        return kinds & self.some(share)

    def some(self, share: float) -> Bools:
        """A random share of all visits."""
        return np.asarray(self.rng.random(self.n) < share)

    def word(self, rows: Bools, shares: dict[str, float], usual: Words) -> Words:
        """A drawn word in these rows, the usual cell elsewhere."""
        cells = usual.copy()
        cells[rows] = draw(self.rng, shares, int(rows.sum()))
        return cells

    def yes(self, *names: str, share: float = 1.0) -> Words:
        """yes where one of these types is ticked, blank elsewhere."""
        return self.word(self.of(*names, share=share), {"yes": 1}, self.quiet)

    def number(self, rows: Bools, low: int, high: int, usual: Floats) -> Floats:
        """A whole number from low to high in these rows, the usual cell elsewhere."""
        cells = usual.copy()
        cells[rows] = self.rng.integers(low, high + 1, int(rows.sum()))
        return cells


def make_events(tick: Ticks, children: Children, visits: Forms, month: Ints) -> dict[str, Any]:
    """Event columns by name; `month` (1 to 12) of each visit."""
    asked = visits.form & (visits.seen != "no")
    age = children.age[visits.child]
    columns = _safety_events(tick, asked)
    columns |= _care_events(tick, asked, children, visits.child)
    columns |= _mind_events(tick, asked & (age >= 8))
    columns |= _school_events(tick, asked & (age >= 6))
    columns |= _home_events(tick, asked, (month >= 5) & (month <= 9))
    columns |= _found_wrong(tick, age)
    columns |= _hazards(tick, asked, children, visits.child)
    return columns


def _no_or_blank(tick: Ticks, asked: Bools, share: float, word: str = "no") -> Words:
    """The harmless word where the question was asked (a share of filled forms), else blank."""
    cells = tick.quiet
    cells[asked & tick.some(share)] = word
    return cells


def _safety_events(tick: Ticks, asked: Bools) -> dict[str, Any]:
    hurt = tick.of("injury_unexplained") | tick.of("physical_abuse", share=0.4)
    injuries = {"single_unexplained": 0.8, "multiple": 0.2}
    injury = _no_or_blank(tick, asked, 1.0, "none")
    injury = tick.word(asked & tick.some(0.03), {"single_explained": 1}, injury)
    violent = tick.of("physical_abuse") | tick.of("emotional_abuse", share=0.45)
    none = _no_or_blank(tick, asked, 0.7, "none")
    calm = _no_or_blank(tick, asked, 0.5, "none")
    bullied = {"repeated": 0.6, "serious": 0.2, "occasional": 0.2}
    teased = tick.word(asked & tick.some(0.006), {"occasional": 1}, calm)
    return {
        "injury_level": tick.word(hurt, injuries, injury),
        "violence_by_caregiver": tick.word(violent, SUSPICION, none),
        "household_dv": tick.word(tick.of("dv_exposure"), SUSPICION, tick.quiet),
        "sexual_harm": tick.word(
            tick.of("sexual_abuse"), {"suspected": 0.75, "disclosed": 0.25}, tick.quiet
        ),
        "pregnancy_or_abortion": tick.yes("child_pregnancy"),
        "missing_now": tick.yes("trafficking_missing"),
        "bullying": tick.word(tick.of("bullying"), bullied, teased),
        "online_sexual_contact": tick.word(tick.of("online_risk"), {"suspected": 1}, tick.quiet),
        "marriage_status": tick.word(
            tick.of("child_marriage"), {"betrothed": 0.6, "cohabiting": 0.4}, tick.quiet
        ),
        "works_for_employer": tick.yes("child_labour"),
    }


def _care_events(tick: Ticks, asked: Bools, children: Children, child: Ints) -> dict[str, Any]:
    rng, n = tick.rng, tick.n
    alone = tick.of("left_alone")
    loose = children.unsupervised[child] & tick.some(0.15)
    usual_days = np.where(loose, 1, 0).astype(np.float64)
    days = np.where(asked & tick.some(0.6), usual_days, np.nan)
    gap = np.floor(children.contact_gap[child] * rng.lognormal(0, 0.25, n))
    ask_gap = asked & children.left_behind[child] & tick.some(0.6)
    left = tick.of("abandonment", share=0.8)
    return {
        "left_alone_days_week": whole_numbers(tick.number(alone, 2, 6, days)),
        "unattended_at_visit": tick.word(
            alone & tick.some(0.5), {"yes": 1}, _no_or_blank(tick, asked, 0.5)
        ),
        "alone_overnight": tick.yes("left_alone", share=0.3),
        "parent_contact_gap_days": whole_numbers(np.where(ask_gap, gap, np.nan)),
        "caregiver_refuses_duties": tick.yes("abandonment", share=0.6),
        "abandoned": tick.word(left, {"suspected": 0.8, "confirmed": 0.2}, tick.quiet),
        "emergency_guardian_gap": tick.yes("guardian_lost", share=0.85),
        "access_refused": tick.yes("unseen_child", share=0.7),
    }


def _mind_events(tick: Ticks, asked: Bools) -> dict[str, Any]:
    thoughts = {"past": 0.10, "past_month": 0.45, "current": 0.45}
    low = tick.of("mental_distress", "emotional_abuse") | tick.of("bullying", share=0.4)
    mood = tick.word(asked & tick.some(0.004), {"yes": 1}, _no_or_blank(tick, asked, 1.0))
    calm = _no_or_blank(tick, asked, 0.3, "none")
    return {
        "mood_change": tick.word(low, {"yes": 1}, mood),
        "recent_loss_90d": tick.yes("mental_distress", share=0.75),
        "suicide_thoughts": tick.word(tick.of("self_harm_suicide"), thoughts, calm),
        "self_harm_12m": tick.yes("self_harm_suicide", share=0.5),
    }


def _school_events(tick: Ticks, asked: Bools) -> dict[str, Any]:
    rng, n = tick.rng, tick.n
    absent = np.where(tick.some(0.06), rng.integers(1, 4, n), 0).astype(np.float64)
    usual = np.where(asked & tick.some(0.5), absent, np.nan)
    bad = {"truancy": 0.4, "bad_company;truancy": 0.3, "smoking_drinking": 0.3}
    serious = {"theft_robbery_damage": 0.6, "assault": 0.3, "weapon": 0.1}
    gone = tick.of("dropout_absence")
    ledger = {"suspected": 0.7, "dropout": 0.3}
    return {
        "consecutive_absent_days": whole_numbers(tick.number(gone, 5, 40, usual)),
        "on_dropout_ledger": tick.word(gone & tick.some(0.4), ledger, tick.quiet),
        "bad_behaviours": tick.word(tick.of("conduct_problem"), bad, tick.quiet),
        "serious_bad_behaviours": tick.word(
            tick.of("conduct_problem", share=0.3), serious, tick.quiet
        ),
        "nights_away_90d": whole_numbers(
            tick.number(tick.of("runaway_street"), 1, 9, np.full(n, np.nan))
        ),
    }


def _home_events(tick: Ticks, asked: Bools, summer: Bools) -> dict[str, Any]:
    rng, n = tick.rng, tick.n
    swims = _no_or_blank(tick, asked & summer, 0.6)
    signs = np.where(asked & tick.some(0.12), rng.integers(0, 2, n), np.nan)
    food = np.where(asked & tick.some(0.3), rng.integers(0, 2, n), np.nan)
    hungry = tick.of("malnutrition") | tick.of("neglect", share=0.35)
    starved = tick.of("malnutrition", share=0.12)
    return {
        "swims_unsupervised": tick.word(tick.of("water_hazard"), {"yes": 1}, swims),
        "neglect_signs": whole_numbers(tick.number(tick.of("neglect"), 2, 6, signs)),
        "food_short_days_month": whole_numbers(tick.number(hungry, 3, 12, food)),
        "severe_malnutrition_seen": tick.word(starved, {"suspected": 1}, tick.quiet),
    }


POORLY_CARED_FOR = ("neglect", "abandonment", "guardian_incapacity", "guardian_substance")


def _found_wrong(tick: Ticks, age: Floats) -> dict[str, Any]:
    """What is otherwise on file from the child's registration, where a visit found it to be wrong."""
    untreated = tick.of("illness_untreated", share=0.8)
    low = tick.of("mental_distress", "self_harm_suicide", share=0.5) & (age >= 10)
    screened = {"green": 0.2, "yellow": 0.35, "orange": 0.35, "red": 0.10}
    thin = tick.of("malnutrition", share=0.35) & (age < 5)
    drinks = {"suspected": 0.7, "confirmed": 0.3}
    bad = {"fair": 0.4, "poor": 0.6}
    return {
        "caregiver_substance": tick.word(
            tick.of("guardian_substance", share=0.85), drinks, tick.quiet
        ),
        "caregiver_capacity": tick.word(
            tick.of("guardian_incapacity"), {"limited": 0.75, "none": 0.25}, tick.quiet
        ),
        "guardianship_grade": tick.word(tick.of(*POORLY_CARED_FOR, share=0.8), bad, tick.quiet),
        "dv_warning_letter": tick.yes("dv_exposure", share=0.06),
        "serious_illness": tick.word(untreated, {"yes": 1}, tick.quiet),
        "treatment_received": tick.word(untreated, {"no": 1}, tick.quiet),
        "rehab_received": tick.word(
            tick.of("disability_unmet", share=0.6) & (age < 8), {"no": 1}, tick.quiet
        ),
        "muac_mm": whole_numbers(tick.number(thin, 108, 140, np.full(tick.n, np.nan))),
        "mh_screen_level": tick.word(low, screened, tick.quiet),
    }


HAZARDS = {
    "electric": 0.045,
    "fire": 0.020,
    "carbon_monoxide": 0.010,
    "scald": 0.015,
    "fall": 0.025,
    "poison": 0.012,
    "landslide_flood": 0.006,
}
HAZARDS_TOLD, SHOCK, DISASTER = 0.4, 0.004, 0.0015  # of forms


def _hazards(tick: Ticks, asked: Bools, children: Children, child: Ints) -> dict[str, Any]:
    """Hazards of the home, which stay, and what befell the family lately; told at some visits."""
    homes = int(children.home.max()) + 1
    masks = np.zeros(homes, dtype=np.int64)
    for bit, share in enumerate(HAZARDS.values()):
        masks |= (tick.rng.random(homes) < share).astype(np.int64) << bit
    words = join_sets(masks, tuple(HAZARDS), None)[children.home[child]]
    shock = _no_or_blank(tick, asked, 0.3)
    words[~(asked & tick.some(HAZARDS_TOLD))] = None
    return {
        "home_hazards": words,
        "economic_shock_90d": tick.word(asked & tick.some(SHOCK), {"yes": 1}, shock),
        "disaster_affected_30d": tick.word(asked & tick.some(DISASTER), {"yes": 1}, tick.quiet),
    }

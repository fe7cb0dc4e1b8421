"""What the synthetic county's workers have on file about children and households, with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carescreen.synthetic_concerns import EXAMPLE_ONSET
from carescreen.synthetic_people import (
    GONE,
    Bools,
    Children,
    CountyPlan,
    Days,
    Floats,
    Homes,
    Ints,
    Words,
    Workers,
    draw,
    example_home,
)

ORIGIN = "synthetic"
SUSPICION = {"suspected": 0.50, "disclosed": 0.35, "confirmed": 0.15}
DRINK_ON_FILE = 0.6  # of households where somebody drinks, suspected when the child was registered
NO_YES = np.array(["no", "yes"], dtype=object)


def make_ids(prefix: str, count: int, width: int) -> Words:
    """C0001, C0002 …: at least `width` digits, more where the count needs them."""
    digits = max(width, len(str(count)))
    return np.array(
        [f"{prefix}{number:0{digits}d}" for number in range(1, count + 1)], dtype=object
    )


VILLAGES_PER_COUNTY = 16  # the programme has 1,893 villages in some 120 counties
COUNTIES_PER_PROVINCE = 8


def make_places(villages: int) -> dict[str, Words]:
    """The county and the province of each village: neighbours share one.

    A demo has three counties in two provinces from 12 villages on, so that there are levels to see.
    """
    counties = max(min(3, villages // 4), -(-villages // VILLAGES_PER_COUNTY))
    provinces = max(min(2, counties), -(-counties // COUNTIES_PER_PROVINCE))
    county = np.arange(villages) * counties // villages
    province = county * provinces // counties
    return {
        "county": make_ids("CO", counties, 2)[county],
        "province": make_ids("PR", provinces, 2)[province],
    }


def iso_days(days: Days) -> Words:
    """ISO dates as words, None for NaT; equal dates share one string."""
    unique, inverse = np.unique(days, return_inverse=True)
    words = np.datetime_as_string(unique, unit="D").astype(object)
    words[np.isnat(unique)] = None
    return words[inverse]


def whole_numbers(values: Floats) -> pd.api.extensions.ExtensionArray:
    """Whole numbers that may be missing (NaN), written to CSV without a decimal point."""
    missing = np.isnan(values)
    filled = np.where(missing, 0, values).astype(np.int32)
    return pd.arrays.IntegerArray(filled, missing)


def yes_where(condition: Bools) -> Words:
    """yes or no, in words."""
    return NO_YES[condition.astype(np.int64)]


def join_sets(masks: Ints, words: Sequence[str], if_empty: str | None) -> Words:
    """Bit masks as 'a;b': one string per distinct mask; `if_empty` for a mask of 0."""
    unique, inverse = np.unique(masks, return_inverse=True)
    cells = [";".join(w for bit, w in enumerate(words) if mask >> bit & 1) for mask in unique]
    table = np.array([cell or if_empty for cell in cells], dtype=object)
    return table[inverse]


@dataclass(frozen=True)
class Recorder:
    """Leaves fields out as each row's worker does: `blank` is her share of empty fields."""

    rng: np.random.Generator
    blank: Floats

    def known(self, share: float = 1.0) -> Bools:
        """Where a value is recorded at all; `share` for a field that few workers fill."""
        return np.asarray(self.rng.random(len(self.blank)) >= 1.0 - share * (1.0 - self.blank))

    def words(self, values: Words, share: float = 1.0, unknown: bool = True) -> Words:
        """Words where recorded; otherwise blank or, half the time, the word unknown."""
        gap = np.where(self.rng.random(len(values)) < 0.5, "unknown" if unknown else None, None)
        return np.where(self.known(share), values, gap)

    def numbers(self, values: Floats, share: float = 1.0) -> pd.api.extensions.ExtensionArray:
        """Whole numbers where recorded; otherwise blank."""
        return whole_numbers(np.where(self.known(share), values, np.nan))


def make_households(
    plan: CountyPlan,
    workers: Workers,
    homes: Homes,
    children: Children,
    ids: Words,
) -> pd.DataFrame:
    """The households table: one row a household, what was on file when its first child was registered.

    What is wrong since stands in the forms of visits. The example household is recorded lately.
    """
    rng, n = plan.rng(6), homes.n
    note = Recorder(rng, workers.blank[homes.village])
    ago = np.zeros(n, dtype=np.int64)
    np.maximum.at(ago, children.home, children.on_record)
    violence = note.words(_full("none", n), 0.6)
    example = example_home(homes.children)
    if example is not None:
        violence[example], ago[example] = "disclosed", rng.integers(0, EXAMPLE_ONSET)
    frame = {
        "household_id": ids,
        "recorded_at": iso_days(plan.as_of - ago.astype("timedelta64[D]")),
        "income_support": note.words(homes.income),
        "housing_unsafe": note.words(yes_where(rng.random(n) < 0.020)),
        "open_water_near_m": note.numbers(_water(rng, n), 0.7),
        "pesticide_accessible": note.words(yes_where(rng.random(n) < 0.05), 0.6),
        "household_dv": violence,
        "data_origin": _full(ORIGIN, n),
    }
    return pd.DataFrame(_objects(frame))


def _full(word: str | None, n: int) -> Words:
    return np.full(n, word, dtype=object)


def _objects(columns: dict[str, Any]) -> dict[str, Any]:
    """Word columns as plain object columns: the same in every pandas, None where blank."""
    return {
        name: pd.Series(values, dtype=object) if isinstance(values, np.ndarray) else values
        for name, values in columns.items()
    }


def _water(rng: np.random.Generator, n: int) -> Floats:
    """Metres to open water, to the nearest ten."""
    return np.clip(np.round(rng.lognormal(np.log(900), 0.9, n), -1), 10, 5000)


def make_children_table(
    plan: CountyPlan,
    workers: Workers,
    homes: Homes,
    children: Children,
    ids: dict[str, Words],
) -> pd.DataFrame:
    """The children table: one row a child, what was on file when it was registered.

    What is wrong since stands in the forms of visits, so that the row is known from the start.
    """
    rng, n = plan.rng(7), children.n
    note = Recorder(rng, workers.blank[children.village])
    registered_on = plan.as_of - children.on_record.astype("timedelta64[D]")
    frame = {
        "child_id": ids["child"],
        "village_id": ids["village"][children.village],
        "county_id": ids["county"][children.village],
        "province_id": ids["province"][children.village],
        "household_id": ids["household"][children.home],
        "caseworker_id": ids["worker"][children.village],
        "birth_date": iso_days(children.birth),
        "recorded_at": iso_days(registered_on),
        "sex": np.where(children.female, "female", "male"),
        "registered_on": iso_days(registered_on),
        "first_visit_on": iso_days(registered_on + rng.integers(0, 7, n).astype("timedelta64[D]")),
    }
    frame |= _welfare(rng, note, homes, children)
    frame |= _care(rng, note, homes, children)
    frame |= _health(rng, note, children)
    frame |= _school(rng, note, children)
    frame["data_origin"] = _full(ORIGIN, n)
    return pd.DataFrame(_objects(frame))


CATEGORIES = ("left_behind", "orphan", "de_facto_unattended", "poverty", "disability")
BENEFITS = ("orphan_allowance", "de_facto_unattended_allowance", "disability_living")
LOST = ("deceased", "declared_missing")


def _welfare(
    rng: np.random.Generator, note: Recorder, homes: Homes, children: Children
) -> dict[str, Any]:
    n = children.n
    poor = np.isin(homes.income[children.home], ["dibao", "dibao_edge", "tekun"])
    orphan = np.isin(children.father, LOST) & np.isin(children.mother, LOST)
    gone = (*GONE, "serious_illness", "severe_disability")
    alone = np.isin(children.father, gone) & np.isin(children.mother, gone) & ~orphan
    groups = (children.left_behind, orphan, alone, poor, children.disability)
    paid = (
        orphan & (rng.random(n) < 0.90),
        alone & (rng.random(n) < 0.70),
        children.disability & (rng.random(n) < 0.75),
    )
    shift = [group.astype(np.int64) << bit for bit, group in enumerate(groups)]
    benefit = [group.astype(np.int64) << bit for bit, group in enumerate(paid)]
    categories = join_sets(np.sum(shift, axis=0), CATEGORIES, "none")
    benefits = join_sets(np.sum(benefit, axis=0), BENEFITS, "none")
    return {
        "hukou_registered": note.words(yes_where(children.registered)),
        "child_categories": np.where(note.known(), categories, None),
        "child_benefit_status": np.where(note.known(0.8), benefits, None),
    }


def _care(
    rng: np.random.Generator,
    note: Recorder,
    homes: Homes,
    children: Children,
) -> dict[str, Any]:
    n, home = children.n, children.home
    months = rng.integers(1, 60, n).astype(np.float64)
    away = children.left_behind
    substance = np.where(
        (homes.alcohol & (rng.random(homes.n) < DRINK_ON_FILE))[home], "suspected", "none"
    )
    agreed = (rng.random(homes.n) < 0.72)[home]
    no_adult = np.isin(children.carer, ["self", "sibling_minor"])
    return {
        "father_status": note.words(children.father),
        "father_status_months": note.numbers(_months(children.father, months), 0.6),
        "mother_status": note.words(children.mother),
        "mother_status_months": note.numbers(_months(children.mother, months), 0.6),
        "primary_caregiver_type": note.words(children.carer),
        "primary_caregiver_age": note.numbers(np.where(no_adult, np.nan, children.carer_age), 0.9),
        "caregiver_capacity": note.words(children.capacity, 0.75),
        "caregiver_substance": note.words(substance.astype(object), 0.6),
        "caregiver_gambling": note.words(
            yes_where(homes.gambling[home] & (rng.random(n) < 0.6)), 0.4
        ),
        "caregiver_violence_history": note.words(
            np.where(children.carer_violent & (rng.random(n) < 0.4), "suspected", "none"), 0.4
        ),
        "caregiver_mental_illness": note.words(_unwell(rng, children), 0.5),
        "entrusted_care_agreed": np.where(away, note.words(yes_where(agreed), 0.7), None),
        "entrusted_care_notified": np.where(
            away, note.words(yes_where(agreed & (rng.random(n) < 0.85)), 0.6), None
        ),
        "parent_visit_gap_days": note.numbers(
            np.where(away, np.floor(rng.lognormal(np.log(110), 0.8, n)).clip(0, 2500), np.nan), 0.6
        ),
        "lives_without_adult": np.where(no_adult, None, note.words(_full("no", n), 0.9)),
        "guardianship_grade": _grade(rng, note, children.capacity),
        "prior_concerns_24m": note.numbers(children.prior.astype(np.float64), 0.8),
    }


def _months(status: Words, months: Floats) -> Floats:
    return np.where(status == "at_home", np.nan, months)


def _unwell(rng: np.random.Generator, children: Children) -> Words:
    kind = draw(rng, {"managed": 0.65, "unmanaged": 0.35}, children.n)
    return np.where(children.carer_unwell, kind, "none")


def _grade(rng: np.random.Generator, note: Recorder, capacity: Words) -> Words:
    usual = draw(rng, {"good": 0.80, "fair": 0.20}, len(capacity))
    limited = draw(rng, {"good": 0.05, "fair": 0.95}, len(capacity))
    return note.words(np.where(capacity == "adequate", usual, limited), 0.5)


def _health(rng: np.random.Generator, note: Recorder, children: Children) -> dict[str, Any]:
    n, age, ill = children.n, children.age, children.illness
    got = np.where(children.treated, draw(rng, {"yes": 0.85, "partly": 0.15}, n), "no")
    got = np.where(ill, got, "not_needed")
    degree = {"level_4": 0.35, "level_3": 0.3, "level_2": 0.2, "level_1": 0.15}
    level = np.where(children.disability, draw(rng, degree, n), "none")
    certified = yes_where(rng.random(n) < 0.88)
    therapy = yes_where(rng.random(n) < 0.70)
    special = children.disability & (rng.random(n) < 0.5) | ill & (rng.random(n) < 0.3)
    screen = draw(rng, {"green": 0.95, "yellow": 0.05}, n)
    measured = np.where(age < 5, rng.normal(152, 9.0, n).round(), np.nan)
    return {
        "needs_special_care": note.words(yes_where(special), 0.7),
        "serious_illness": note.words(yes_where(ill), 0.9),
        "treatment_received": note.words(got.astype(object), 0.8),
        "disability_level": note.words(level),
        "disability_certificate": np.where(children.disability, note.words(certified), None),
        "rehab_received": np.where(children.disability & (age < 8), note.words(therapy, 0.8), None),
        "vaccination_up_to_date": np.where(
            age < 8, note.words(yes_where(rng.random(n) >= 0.025), 0.8), None
        ),
        "muac_mm": note.numbers(np.clip(measured, 126, 210), 0.35),
        "mh_screen_level": np.where(age >= 10, note.words(screen, 0.5, False), None),
    }


def _school(rng: np.random.Generator, note: Recorder, children: Children) -> dict[str, Any]:
    n, age = children.n, children.age
    pupil = (age >= 6) & (age < 16)
    older = draw(rng, {"yes": 0.82, "graduated_compulsory": 0.17, "no": 0.01}, n)
    enrolled = np.where(age >= 16, older, yes_where(children.in_school))
    rate = np.clip(1.0 - rng.gamma(1.4, 0.013, n), 0, 1).round(2)
    keeps = pupil & children.in_school & note.known(0.5)
    boarder = rng.random(n) < np.where(age >= 12, 0.55, 0.08)
    ledger = np.where(children.in_school, "no", "dropout")
    return {
        "school_enrolled": np.where(age >= 6, note.words(enrolled), None),
        "boarding": np.where(age >= 6, note.words(yes_where(boarder & (age >= 6)), 0.8), None),
        "attendance_rate": pd.Series(np.where(keeps, rate, np.nan)),
        "on_dropout_ledger": np.where(pupil, note.words(ledger, 0.4), None),
    }

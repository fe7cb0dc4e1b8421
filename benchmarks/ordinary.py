"""How many ordinary left-behind children a pack puts in a tier: a list that calls everyone urgent
calls no one.

python benchmarks/ordinary.py [PACK ...]      default: cn-rural international

Everybody here is INVENTED. The children are left behind and nothing is wrong beyond what is common:
each field is drawn by itself with the share below, and nobody is harmed, missing, without a carer or
at risk of suicide. Two rounds: every field recorded, and a third of the fields left blank.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from carescreen.caseload import Caseload
from carescreen.screener import Screener

CHILDREN = 20_000
AS_OF = np.datetime64("2026-07-15", "D")  # in season for open water
BLANK = 0.33

# What is common among left-behind children. Of a share marked [..] the source is named in
# docs/synthetic.md; the others are a judgement, on the high side.
STATES: dict[str, dict[str, float]] = {
    "father_status": {
        "away_working": 0.86,
        "at_home": 0.10,
        "divorced_absent": 0.03,
        "deceased": 0.01,
    },
    "mother_status": {
        "away_working": 0.72,
        "at_home": 0.22,
        "divorced_absent": 0.05,
        "deceased": 0.01,
    },
    "primary_caregiver_type": {
        "grandparent": 0.89,
        "parent": 0.07,
        "other_kin": 0.04,
    },  # [census 2016]
    "caregiver_capacity": {"adequate": 0.92, "limited": 0.08},
    "caregiver_substance": {"none": 0.985, "suspected": 0.015},
    "caregiver_gambling": {"no": 0.98, "yes": 0.02},
    "caregiver_violence_history": {"none": 1.0},
    "caregiver_mental_illness": {"none": 0.98, "managed": 0.02},
    "lives_without_adult": {"no": 1.0},
    "boarding": {"no": 0.70, "yes": 0.30},
    "needs_special_care": {"no": 0.98, "yes": 0.02},
    "hukou_registered": {"yes": 0.99, "no": 0.01},
    "disability_level": {"none": 0.98, "level_4": 0.01, "level_2": 0.01},
    "disability_certificate": {"yes": 0.6, "no": 0.4},
    "rehab_received": {"not_needed": 0.9, "yes": 0.05, "no": 0.05},
    "serious_illness": {"no": 0.98, "yes": 0.02},
    "treatment_received": {"not_needed": 0.9, "yes": 0.08, "partly": 0.02},
    "vaccination_up_to_date": {"yes": 0.95, "no": 0.05},
    "school_enrolled": {"yes": 1.0},
    "on_dropout_ledger": {"no": 1.0},
    "income_support": {"none": 0.86, "dibao": 0.09, "dibao_edge": 0.04, "none_eligible": 0.01},
    "housing_unsafe": {"no": 0.97, "yes": 0.03},
    "pesticide_accessible": {"no": 0.75, "yes": 0.25},
    "entrusted_care_agreed": {"yes": 0.6, "no": 0.4},
    "entrusted_care_notified": {"yes": 0.5, "no": 0.5},
    "sex": {"female": 0.455, "male": 0.545},  # [counted 2018]
    "risk_level": {"none": 0.9, "low": 0.1},
}
EVENTS: dict[str, dict[str, float]] = {
    "unattended_at_visit": {"no": 0.97, "yes": 0.03},
    "injury_level": {"none": 0.91, "single_explained": 0.08, "multiple_explained": 0.01},  # [8.9%]
    "bullying": {"none": 0.85, "occasional": 0.15},
    "mood_change": {"no": 0.95, "yes": 0.05},
    "recent_loss_90d": {"no": 0.97, "yes": 0.03},
    "economic_shock_90d": {"no": 0.97, "yes": 0.03},
    "online_bullying": {"no": 0.995, "yes": 0.005},
}
NUMBERS = {  # (share of zero, highest otherwise)
    "left_alone_days_week": (0.92, 3),
    "left_with_child_days_week": (0.95, 3),
    "food_short_days_month": (0.98, 4),
    "consecutive_absent_days": (0.93, 4),
}


def main() -> None:
    """Print the share of each tier for each pack."""
    packs = sys.argv[1:] or ["cn-rural", "international"]
    for blank in (0.0, BLANK):
        caseload = ordinary(blank)
        for pack in packs:
            ranking = Screener.load(pack=pack, model="evidence").rank(caseload, AS_OF, processes=2)
            counts = ranking.tier_counts()
            shares = ", ".join(f"{tier} {n / CHILDREN:.1%}" for tier, n in counts.items())
            print(f"INVENTED ordinary children, {blank:.0%} of fields blank; {pack}: {shares}")


def ordinary(blank: float) -> Caseload:
    """A caseload of ordinary left-behind children, each seen once."""
    rng = np.random.default_rng(20)
    ids = np.array([f"K{number:06}" for number in range(CHILDREN)], dtype=object)
    children = pd.DataFrame(
        {
            "child_id": ids,
            "village_id": [f"V{number // 170:04}" for number in range(CHILDREN)],
            "birth_date": AS_OF - rng.integers(200, 365 * 17, CHILDREN).astype("timedelta64[D]"),
            "recorded_at": "2026-07-01",
            **{name: drawn(rng, shares) for name, shares in STATES.items()},
            "primary_caregiver_age": rng.normal(63, 8, CHILDREN).round().clip(30, 95),
            "dependants_per_caregiver": rng.choice([1.0, 2, 3, 5], CHILDREN, p=[0.3, 0.4, 0.25, 0.05]),
            "parent_contact_gap_days": np.minimum(rng.exponential(6, CHILDREN).round(), 60),
            "father_status_months": rng.integers(7, 60, CHILDREN).astype(float),
            "mother_status_months": rng.integers(7, 60, CHILDREN).astype(float),
            "open_water_near_m": rng.exponential(1500, CHILDREN).round().clip(0, 5000),
            "child_benefit_status": "none",
            "child_categories": "left_behind",
        }
    )  # fmt: skip
    hazards = rng.choice(
        ["", "fire", "electric", "scald;fall"], CHILDREN, p=[0.8, 0.08, 0.08, 0.04]
    )
    visits = pd.DataFrame(
        {
            "visit_id": [f"N{number:06}" for number in range(CHILDREN)],
            "child_id": ids,
            "visit_date": "2026-07-10",
            "child_seen": "yes",
            **{name: drawn(rng, shares) for name, shares in EVENTS.items()},
            **{name: counted(rng, *shape) for name, shape in NUMBERS.items()},
            "home_hazards": hazards,
        }
    )
    for table, kept in ((children, 4), (visits, 4)):
        for name in table.columns[kept:]:
            table[name] = table[name].astype(object).mask(rng.random(CHILDREN) < blank)
    return Caseload(children=children, visits=visits)


def drawn(rng: np.random.Generator, shares: dict[str, float]) -> np.ndarray:
    """Words with their shares."""
    return rng.choice(np.array(list(shares), dtype=object), CHILDREN, p=list(shares.values()))


def counted(rng: np.random.Generator, zero: float, highest: int) -> np.ndarray:
    """Numbers that are mostly 0."""
    return np.where(rng.random(CHILDREN) < zero, 0, rng.integers(1, highest + 1, CHILDREN)) * 1.0


if __name__ == "__main__":
    main()

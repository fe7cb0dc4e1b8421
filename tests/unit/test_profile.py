"""profile.json: against a plain count, and the same however the caseload is cut."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.profile import coded, profile_text
from carescreen.profile_bins import EDGES
from carescreen.screener import Screener
from carescreen.synthetic import County, make_county

AS_OF = "2026-11-01"


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.load()


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(children=240, villages=4, visits_per_child=6, seed=5, dirty=True)


@pytest.fixture(scope="module")
def caseload(county: County) -> Caseload:
    return Caseload(
        county.children, county.visits, county.households, county.outcomes, county.decisions
    )


@pytest.fixture(scope="module")
def profile(screener: Screener, caseload: Caseload) -> dict[str, Any]:
    return screener.rank(caseload, AS_OF).profile


def test_blocks_and_the_order_of_rows_change_no_byte(
    screener: Screener, county: County, profile: dict[str, Any]
) -> None:
    shuffled = Caseload(
        county.children.sample(frac=1, random_state=1),
        county.visits.sample(frac=1, random_state=2),
        county.households.sample(frac=1, random_state=3),
        county.outcomes.sample(frac=1, random_state=4),
        county.decisions.sample(frac=1, random_state=5),
    )
    again = screener.rank(shuffled, AS_OF, block_children=50).profile
    assert profile_text(again, names=True) == profile_text(profile, names=True)


def test_children_are_counted_as_their_records_say(
    screener: Screener, caseload: Caseload, profile: dict[str, Any]
) -> None:
    records = screener.rank(caseload, AS_OF).records()
    listed = [one for one in records if "unknown_child" not in one["needs_data_reasons"]]
    tiers = Counter(one["tier"] for one in listed)
    lanes = ("concerns", "entitlements", "advice")
    rules = Counter(entry["rule"] for one in listed for lane in lanes for entry in one[lane])
    closed = Counter(entry["rule"] for one in listed for entry in one["closed_concerns"])
    assert sum(profile["children"]["listed"]) == len(listed)
    assert sum(profile["children"]["unlisted"]) == len(records) - len(listed)
    assert {tier: sum(counts) for tier, counts in profile["tier"].items()} == {
        tier: tiers.get(tier, 0) for tier in profile["tier"]
    }
    for part, plain in (("rule_open", rules), ("rule_closed", closed)):
        assert {name: sum(n) for name, n in profile[part].items() if sum(n)} == dict(plain)


def test_visits_are_counted_by_the_week_in_which_they_became_known(
    caseload: Caseload, screener: Screener, profile: dict[str, Any]
) -> None:
    visits = (
        caseload.check(screener.rules.indicators).known_by(pd.Timestamp(AS_OF).to_numpy()).visits
    )
    weeks: Counter[int] = Counter()
    noted: Counter[int] = Counter()
    for day, recorded, note in zip(
        visits["visit_date"], visits["recorded_at"], visits["note"], strict=True
    ):
        known = max(stamp for stamp in (day, recorded) if not pd.isna(stamp))
        week = (date.fromisoformat(AS_OF) - known.date()).days // 7
        weeks[week] += 1
        noted[week] += isinstance(note, str) and bool(note.strip())
    assert profile["visits"]["made"] == [weeks[week] for week in range(13)]
    assert profile["visits"]["with_note"] == [noted[week] for week in range(13)]
    by_worker = [sum(counts) for counts in zip(*_of(profile, "worker", "visits"), strict=True)]
    assert by_worker == profile["visits"]["made"]


def _of(profile: dict[str, Any], level: str, what: str) -> list[list[int]]:
    return [counts[what] for counts in profile[level].values()]


def test_a_code_stands_for_what_is_sensitive_and_counts_stay(profile: dict[str, Any]) -> None:
    before = json.dumps(profile, sort_keys=True)
    hidden = coded(profile)
    assert json.dumps(profile, sort_keys=True) == before
    assert sorted(map(str, hidden["mention"].values())) == sorted(
        map(str, profile["mention"].values())
    )
    names = {*profile["sensitive"], *(n for n, one in profile["rules"].items() if one["sensitive"])}
    assert names
    assert not {name for name in names if f'"{name}"' in profile_text(profile, names=False)}


def test_a_unit_moves_numbers_by_whole_decades() -> None:
    """Six bins in a factor of ten: 1.2 m, 120 cm and 1200 mm have bins of one name but the decade."""
    assert len(EDGES) == 60
    assert EDGES[6] / EDGES[0] == pytest.approx(10.0)

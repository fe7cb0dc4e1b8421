"""Law 2: rules are a floor.

A child's tier is at least the tier of each met rule that no person has closed. Once calibrated, the
model can lift routine to priority at a probability the programme sets; it never lowers a tier.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import plain_ranking
import pytest
from caseloads import days, mentions_in, tables, told
from engine import by_child, tier
from hypothesis import given
from hypothesis import strategies as st
from law_pack import MODEL, PACK
from plain_ranking import PlainPack

from carescreen.calibration import CalibrationMap
from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.pack import TIERS
from carescreen.screener import Screener

LIFT = 0.12


@given(data=st.data(), as_of=days())
def test_the_tier_is_at_least_that_of_each_met_rule_nobody_closed(
    screener: Screener, plain_pack: PlainPack, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of, ties=False))
    records = by_child(screener, found, as_of)
    for child in plain_ranking.known_children(found, mentions_in, plain_pack, as_of):
        met, _ = plain_ranking.met_rules(child, plain_pack, as_of)
        open_tiers = [
            entry.rule["tier"] for entry in met if not entry.closed and "tier" in entry.rule
        ]
        for name in open_tiers:
            assert tier(records[child.id]) <= TIERS.index(name)


TOLD_AGAIN = ("disputes", "conflicts", "told")  # parts of a record that repeat what was told


@given(data=st.data(), as_of=days())
def test_nothing_that_a_person_merely_tells_changes_more_than_its_repetition(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """A lower tier held right, a visit, an outcome, a correction: none moves a child or hides a plan."""
    found = data.draw(tables(as_of))
    ids = sorted({row["child_id"] for row in found.children})
    more = data.draw(st.lists(told(as_of, ids), min_size=1, max_size=3))
    changed = replace(found, decisions=(*found.decisions, *more))
    before, after = (by_child(screener, one, as_of) for one in (found, changed))
    assert _without_told(after) == _without_told(before)


def _without_told(records: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        child: {key: value for key, value in record.items() if key not in TOLD_AGAIN}
        for child, record in records.items()
    }


@pytest.fixture(scope="module")
def lifting(tmp_path_factory: pytest.TempPathFactory) -> Screener:
    """The small pack with a lift and a model that has outcomes enough for probabilities."""
    folder = tmp_path_factory.mktemp("lifting")
    shutil.copytree(PACK, folder / "pack")
    head = folder / "pack" / "pack.yaml"
    text = head.read_text("utf-8")
    head.write_text(text.replace("  capacity: 2", f"  capacity: 2\n  lift_probability: {LIFT}"))
    calibration = CalibrationMap(0.0, 1.0, (0.01, 0.0, 0.01), 120, "intercept+slope")
    manifest = Manifest(name="lifting", made_by="fit", events=120, events_of_known_selection=100)
    write_model(folder / "model", SavedModel(MODEL, manifest, calibration))
    return Screener.load(folder / "pack", folder / "model")


@given(data=st.data(), as_of=days())
def test_the_model_lifts_routine_to_priority_and_changes_no_other_tier(
    screener: Screener, lifting: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    without = by_child(screener, found, as_of)
    for name, record in by_child(lifting, found, as_of).items():
        is_lifted = without[name]["tier"] == "routine" and record["probability"] >= LIFT
        assert record["tier"] == ("priority" if is_lifted else without[name]["tier"])


def test_some_children_are_lifted_and_some_are_not(lifting: Screener, tmp_path: Path) -> None:
    """The property above is not empty."""
    from caseloads import Tables

    found = Tables(
        (
            {"child_id": "C1", "village_id": "V1", "prior_concerns_24m": "2", "age_years": "12"},
            {"child_id": "C2", "village_id": "V1", "age_years": "12"},
        )
    )
    tiers = {name: r["tier"] for name, r in by_child(lifting, found, date(2026, 3, 15)).items()}
    assert tiers == {"C1": "priority", "C2": "routine"}

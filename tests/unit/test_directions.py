"""Which features a fit may use, and which way they may go (laws 3 and 9)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carescreen.circumstances import off_by_default
from carescreen.directions import directions
from carescreen.evidence import SOURCE, read_evidence
from carescreen.features import FeatureSet
from carescreen.pack import find_folder
from carescreen.rules import RulePack


def features(tmp_path: Path, **reads: tuple[str, str]) -> tuple[FeatureSet, RulePack]:
    """A pack that extends cn-rural and names more features: (when or indicator, what it reads)."""
    (tmp_path / "pack").mkdir()
    text = (
        "format: carescreen-pack/1\nid: other\nversion: 0.1.0\nextends: cn-rural\n"
        "title: {en: Other, zh: 另一个}\nfeatures:\n"
    )
    for name, (how, what) in reads.items():
        entry = {"id": name, how: what, "title": {"en": "A", "zh": "甲"}}
        text += f"  - {json.dumps(entry, ensure_ascii=False)}\n"
    (tmp_path / "pack" / "pack.yaml").write_text(text, "utf-8")
    rules = RulePack.load(tmp_path / "pack")
    return FeatureSet.load(rules.pack, rules.indicators), rules


WAYS = {
    "household_dv in ['disclosed', 'confirmed']": 1,
    "household_dv == 'disclosed'": 2,
    "muac_mm < 115": 1,
    "left_alone_days_week >= 2": 1,
    "left_alone_days_week == 2": 2,
    "noted(neglect)": 1,
    "noted(protective_care)": 0,
    "father_status == 'away_working'": 0,
    "age_years < 3 and noted(neglect)": 1,
}


@pytest.mark.parametrize(("when", "way"), WAYS.items())
def test_a_condition_goes_the_way_that_evidence_of_harm_pushes_it(
    tmp_path: Path, when: str, way: int
) -> None:
    found, rules = features(tmp_path, x=("when", when))
    ways = directions(found, rules.indicators, rules.concepts)
    assert (ways.known.get("x", 0), "x" in ways.without) == (
        (way, False) if way != 2 else (0, True)
    )


def test_values_go_by_their_declared_order_and_ordered_words_cannot(tmp_path: Path) -> None:
    found, rules = features(
        tmp_path,
        alone=("indicator", "left_alone_days_week"),
        arm=("indicator", "muac_mm"),
        violence=("indicator", "household_dv"),
        carer=("indicator", "primary_caregiver_type"),
    )
    ways = directions(found, rules.indicators, rules.concepts)
    assert {name: ways.known.get(name) for name in ("alone", "arm", "carer")} == {
        "alone": 1,
        "arm": -1,
        "carer": None,
    }
    assert ways.without == ("violence",)


@pytest.mark.parametrize(
    ("how", "reads", "off"),
    [
        ("when", "father_status == 'imprisoned'", True),
        ("when", "father_status in ['away_working', 'deceased']", True),
        ("when", "father_status == 'away_working'", False),
        ("when", "father_status != 'away_working'", True),  # all the rest, the ill and poor too
        ("indicator", "mother_status", True),
        ("when", "income_support == 'dibao'", True),
        ("when", "any_in(child_categories, ['poverty', 'street'])", True),
        ("when", "any_in(child_categories, ['street'])", False),
        ("when", "noted(economic_hardship)", True),
        ("when", "noted(neglect)", False),
        ("when", "disability_level == 'level_1' and noted(neglect)", True),
    ],
)
def test_circumstances_that_call_for_support_are_off_whatever_a_pack_calls_them(
    tmp_path: Path, how: str, reads: str, off: bool
) -> None:
    found, _ = features(tmp_path, plain=(how, reads))
    assert ("plain" in off_by_default(found)) is off


def test_they_are_those_that_the_evidence_model_leaves_out() -> None:
    rules = RulePack.load("cn-rural")
    off = off_by_default(FeatureSet.load(rules.pack, rules.indicators))
    evidence, _ = read_evidence(find_folder("models", "evidence", "model.json") / SOURCE)
    assert off == {factor.id for factor in evidence.factors if factor.status == "off_by_default"}

"""Law 9: no protected attribute in the model.

Sex, ethnicity, religion: audits only. Disability, parental illness or offending, poverty, single
parenthood have weight 0 unless a programme turns one on with a recorded reason. A rule may use sex
only where the cited law does, and only to raise.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from caseloads import Row, Tables, days, tables
from engine import by_child, tier
from hypothesis import given
from hypothesis import strategies as st
from law_pack import PACK

from carescreen.errors import PackError
from carescreen.evidence import main
from carescreen.features import FeatureSet
from carescreen.model import RiskModel
from carescreen.modelfile import read_model
from carescreen.pack import Pack, shipped_folder
from carescreen.rules import RulePack
from carescreen.screener import Screener

PROTECTED = ("sex", "ethnicity", "religion")
# Features of the shipped evidence model that stand for disability, parental illness or offending,
# poverty and single parenthood.
OFF_BY_DEFAULT = (
    "caregiver_mental_illness",
    "caregiver_poor_health",
    "caregiver_criminal_or_jailed",
    "low_income",
    "single_parent",
    "child_disability_chronic",
)


@given(data=st.data(), as_of=days(), sexes=st.lists(st.sampled_from(["female", "male", None])))
def test_sex_never_changes_a_score(
    screener: Screener, data: st.DataObject, as_of: date, sexes: list[str | None]
) -> None:
    found = data.draw(tables(as_of))
    other = _with_sexes(found, sexes or [None])
    before = by_child(screener, found, as_of)
    for name, record in by_child(screener, other, as_of).items():
        assert record["score"] == before[name]["score"]
        assert record["contributions"] == before[name]["contributions"]


def _with_sexes(found: Tables, sexes: list[str | None]) -> Tables:
    def sexed(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple({**row, "sex": sexes[number % len(sexes)]} for number, row in enumerate(rows))

    return replace(found, children=sexed(found.children), visits=sexed(found.visits))


@given(data=st.data(), as_of=days(), sex=st.sampled_from(["female", "male"]))
def test_a_rule_may_use_sex_only_to_raise(
    screener: Screener, data: st.DataObject, as_of: date, sex: str
) -> None:
    """Whatever a child's sex, its tier is at least what it would be were it not known."""
    found = data.draw(tables(as_of))
    not_known = by_child(screener, _with_sexes(found, [None]), as_of)
    for name, record in by_child(screener, _with_sexes(found, [sex]), as_of).items():
        assert tier(record) <= tier(not_known[name])


@pytest.mark.parametrize(
    ("name", "title", "values"),
    [
        *((name, "A", "a, b") for name in PROTECTED),
        ("sex_of_child", "A", "a, b"),
        ("child_gender_code", "A", "a, b"),
        ("is_male", "A", "a, b"),
        ("ethnic_minority", "A", "a, b"),
        ("minzu", "A", "a, b"),
        ("religious_household", "A", "a, b"),
        ("x1", "性别", "a, b"),
        ("x1", "儿童民族", "a, b"),
        ("x1", "家庭宗教信仰", "a, b"),
        ("x1", "A", "male, female"),
        ("x1", "A", "男, 女"),
    ],
)
@pytest.mark.parametrize("how", ["indicator: {name}", "when: {name} == '{value}'"])
def test_a_pack_cannot_make_a_protected_attribute_a_feature(
    tmp_path: Path, name: str, title: str, values: str, how: str
) -> None:
    with pytest.raises(PackError, match="audits only"):
        _features_with(tmp_path, name, title, values, how)


@pytest.mark.parametrize("name", ["sexual_abuse", "gender_violence", "sex_trafficking", "sixth"])
def test_a_harm_that_names_sex_is_no_protected_attribute(tmp_path: Path, name: str) -> None:
    features = _features_with(tmp_path, name, "性别暴力", "a, b", "indicator: {name}")
    assert features.names == ("x",)


def _features_with(folder: Path, name: str, title: str, values: str, how: str) -> FeatureSet:
    """The features of a pack whose only one reads an indicator declared so."""
    shutil.copytree(PACK, folder / "pack")
    (folder / "pack" / "indicators.yaml").write_text(
        "indicators:\n"
        f"  - {{id: {name}, level: child, type: enum, kind: state, values: [{values}],"
        f" title: {{en: A, zh: {title}}}}}\n",
        "utf-8",
    )
    head = folder / "pack" / "pack.yaml"
    text = head.read_text("utf-8")
    reads = how.format(name=name, value=values.split(", ")[0])
    feature = f"  - {{id: x, {reads}, title: {{en: X, zh: X}}}}\n"
    head.write_text(text[: text.index("features:")] + "features:\n" + feature, "utf-8")
    return FeatureSet.load(Pack.load(folder / "pack"))


def test_the_shipped_model_weighs_no_protected_attribute() -> None:
    model = read_model("evidence")
    assert not {table.name for table in model.tables.features} & set(PROTECTED)
    for table in model.tables.features:
        if table.name in OFF_BY_DEFAULT:
            assert table.name not in model.manifest.switched_on
            assert set(table.weights) == {0}
            assert table.missing == 0
    assert {table.name for table in model.tables.features} >= set(OFF_BY_DEFAULT)


@pytest.mark.parametrize("factor", OFF_BY_DEFAULT)
def test_a_programme_that_turns_one_on_has_the_reason_in_manifest_and_card(
    tmp_path: Path, factor: str
) -> None:
    source = shipped_folder("models") / "evidence" / "evidence.yaml"
    main([str(tmp_path / "mine"), "--source", str(source), "--on", f"{factor}=the board, 3 May"])
    model = read_model(tmp_path / "mine")
    assert model.manifest.switched_on == {factor: "the board, 3 May"}
    assert f"`{factor}`: the board, 3 May" in model.card
    on = {table.name for table in model.tables.features if any(table.weights)}
    assert on & set(OFF_BY_DEFAULT) == {factor}


def _outcomes(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Every circumstance known, and outcomes that follow poverty alone."""
    rng = np.random.default_rng(seed)
    names = [table.name for table in read_model("evidence").tables.features]
    X = pd.DataFrame((rng.random((400, 12)) < 0.3).astype(float), columns=names)
    return X, (rng.random(400) < np.where(X["low_income"] == 1, 0.6, 0.1)).astype(int)


@pytest.mark.parametrize("seed", [0, 1])
def test_outcomes_never_turn_a_circumstance_on(seed: int) -> None:
    X, y = _outcomes(seed)
    model = RiskModel(prior="evidence").fit(X, y)
    again = RiskModel(prior=model).fit(X, y)
    tables = RiskModel(prior=read_model("evidence").tables).fit(X, y)
    for fitted in (model, again, tables):
        assert set(fitted.manifest_.held) == set(OFF_BY_DEFAULT)
        assert not fitted.contributions(X)[list(OFF_BY_DEFAULT)].to_numpy().any()
        assert not fitted.manifest_.switched_on
        assert "Held at 0, as in the prior: `low_income`" in fitted.saved_.card


def test_a_circumstance_that_is_held_at_0_widens_no_interval() -> None:
    """Whether poverty is known, and which it is, says nothing to the model."""
    X, y = _outcomes(0)
    model = RiskModel(prior="evidence").fit(X, y)
    blank = X.assign(**dict.fromkeys(OFF_BY_DEFAULT, np.nan))
    assert model.predict_interval(X).tolist() == model.predict_interval(blank).tolist()


def test_a_circumstance_that_was_turned_on_moves_and_keeps_its_reason(tmp_path: Path) -> None:
    X, y = _outcomes(0)
    source = shipped_folder("models") / "evidence" / "evidence.yaml"
    main([str(tmp_path / "on"), "--source", str(source), "--on", "low_income=the board, 3 May"])
    model = RiskModel(prior=tmp_path / "on").fit(X, y)
    model.save(tmp_path / "mine")
    saved = read_model(tmp_path / "mine")
    assert saved.manifest.switched_on == {"low_income": "the board, 3 May"}
    assert "`low_income`: the board, 3 May" in saved.card
    assert model.contributions(X)["low_income"].max() > 300_000
    assert set(saved.manifest.held) == set(OFF_BY_DEFAULT) - {"low_income"}


def test_no_feature_of_the_shipped_pack_reads_a_protected_attribute() -> None:
    rules = RulePack.load("cn-rural")
    for feature in FeatureSet.load(rules.pack, rules.indicators).features:
        read = getattr(feature.source, "indicators", frozenset([getattr(feature.source, "id", "")]))
        assert not read & set(PROTECTED)


def test_shipped_rules_that_read_sex_cite_a_law() -> None:
    for rule in RulePack.load("cn-rural").rules:
        if "sex" in rule.condition.indicators:
            assert any(source["article"] for source in rule.source)

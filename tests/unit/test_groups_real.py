"""Known facts of real tables, as the comparison of groups tells them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from carescreen.evaluation.groups import GroupAudit, audit_groups
from carescreen.evaluation.verdicts import UNFAIR, Comparison

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
COMPAS = REAL / "compas_le_2014_04.csv"
COSTA_RICA = REAL / "costa_rica_poverty.parquet"


def one_window(table: pd.DataFrame, event: np.ndarray, **columns: object) -> pd.DataFrame:
    """Every row a child of its own household, judged, in one window and one capacity group."""
    ids = [f"p{k:05}" for k in range(len(table))]
    return table.assign(
        window=1,
        child_id=ids,
        household_id=ids,
        village_id="all",
        caseworker_id="all",
        group="all",
        event=pd.Series(event.astype(bool).tolist(), dtype=object, index=table.index),
        **columns,
    )


def of(found: GroupAudit, measure: str, attribute: str) -> Comparison:
    (only,) = (c for c in found.comparisons if (c.measure, c.attribute) == (measure, attribute))
    return only


@pytest.fixture(scope="module")
def compas() -> pd.DataFrame:
    if not COMPAS.exists():
        pytest.skip("needs ../shared/data/real/compas_le_2014_04.csv")
    people = pd.read_csv(COMPAS)
    people = people[people["race"].isin(["African-American", "Caucasian"])]
    by_decile = people.groupby("decile_score")["two_year_recid"].transform("mean")
    return people.assign(order=people["decile_score"].astype(float), probability=by_decile)


def audited(people: pd.DataFrame, event: np.ndarray) -> GroupAudit:
    medium_or_high = int((people["decile_score"] >= 5).sum())  # the threshold that was published
    return audit_groups(
        one_window(people, event), capacity=medium_or_high, attributes=["race"], pairs=[]
    )


def test_compas_false_negatives_and_false_positives_differ_by_race(compas: pd.DataFrame) -> None:
    """ProPublica (Larson et al. 2016) found 28% against 48% false negatives and 45% against 23%
    false positives; this table holds those screened early enough to be followed for two years."""
    event = compas["two_year_recid"].to_numpy() == 1
    missed = of(audited(compas, event), "missed_need", "race")
    assert missed.group == "Caucasian"
    assert (round(missed.value, 3), round(missed.value_others, 3)) == (0.501, 0.257)
    assert missed.verdict == UNFAIR
    harmless = of(audited(compas, ~event), "missed_need", "race")  # 1 - false positives
    assert (round(1 - harmless.value, 3), round(1 - harmless.value_others, 3)) == (0.241, 0.461)
    assert harmless.verdict == UNFAIR


def test_compas_selection_differs_and_calibration_hardly_does(compas: pd.DataFrame) -> None:
    found = audited(compas, compas["two_year_recid"].to_numpy() == 1)
    selection = of(found, "selection_rate", "race")
    assert (round(selection.value, 3), round(selection.value_others, 3)) == (0.317, 0.583)
    assert selection.verdict == UNFAIR
    for measure in ("observed_expected", "calibration_slope"):
        calibration = of(found, measure, "race")
        assert calibration.verdict != UNFAIR
        assert 0.85 < calibration.value < 1.15
        assert 0.85 < calibration.value_others < 1.15


@pytest.fixture(scope="module")
def costa_rica() -> pd.DataFrame:
    if not COSTA_RICA.exists():
        pytest.skip("needs ../shared/data/real/costa_rica_poverty.parquet")
    pytest.importorskip("pyarrow")
    heads = pd.read_parquet(COSTA_RICA).query("parentesco1 == 1").reset_index(drop=True)
    poor = heads["Target"].to_numpy() < 4
    features = heads[["rooms", "hogar_nin", "hogar_adul", "overcrowding", "escolari", "age"]]
    features = (features - features.mean()) / features.std()
    folds = GroupKFold(5).split(features, poor, heads["idhogar"])
    chance = cross_val_predict(
        LogisticRegression(), features, poor, cv=list(folds), method="predict_proba"
    )[:, 1]
    return one_window(
        heads,
        poor,
        order=chance,
        probability=chance,
        area=np.where(heads["area1"] == 1, "urban", "rural"),
        head=np.where(heads["male"] == 1, "man", "woman"),
    )


def test_costa_rica_by_area_and_sex_of_head(costa_rica: pd.DataFrame) -> None:
    """Poverty is higher in the country: 42% against 31% of households. A third of seats given by
    household figures alone goes more to the country, and misses more of the poor in towns."""
    seats = len(costa_rica) // 3
    found = audit_groups(costa_rica, capacity=seats, attributes=["area", "head"])
    listed = costa_rica["order"].rank(ascending=False) <= seats
    poor = costa_rica["Target"] < 4
    for attribute, group in (("area", "rural"), ("head", "man"), ("head", "woman")):
        rows = costa_rica[attribute] == group
        missed = of(found, "missed_need", attribute)
        mine = missed.value if missed.group == group else missed.value_others
        assert mine == pytest.approx(1 - listed[rows & poor].mean())
    rural = of(found, "observed_expected", "area")
    assert (rural.group, rural.children) == ("rural", 500)
    assert rural.events / rural.children == pytest.approx(0.418)
    assert rural.events_others / rural.children_others == pytest.approx(0.309, abs=5e-4)
    assert rural.value == pytest.approx(
        poor[costa_rica["area"] == "rural"].sum()
        / costa_rica.loc[costa_rica["area"] == "rural", "probability"].sum()
    )
    assert of(found, "selection_rate", "area").difference > 0.10
    assert of(found, "missed_need", "area").difference < -0.10
    assert of(found, "missed_need", "area").verdict == UNFAIR

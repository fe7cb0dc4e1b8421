"""Known facts of a real table: COMPAS decile scores of people screened until April 2014, as
ProPublica published them (Larson, Mattu, Kirchner & Angwin 2016; Dieterich et al. 2016)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carescreen.evaluation import discrimination, reliability, use
from carescreen.evaluation.logistic import fit

PATH = Path(__file__).parents[3] / "shared" / "data" / "real" / "compas_le_2014_04.csv"

pytestmark = pytest.mark.skipif(not PATH.exists(), reason=f"{PATH.name} is not at hand")


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    """Everyone is one household; `chance` is the decile's own, by a logistic regression on all."""
    read = pd.read_csv(PATH)
    ids = [f"p{k:05d}" for k in range(len(read))]
    decile, event = read["decile_score"].to_numpy(float), read["two_year_recid"] == 1
    design = np.column_stack([np.ones(len(read)), decile])
    beta = fit(design, np.zeros(len(read)), event.to_numpy(), np.ones(len(read))).coefficients
    return pd.DataFrame(
        {
            "window": 0,
            "child_id": ids,
            "household_id": ids,
            "group": "county",
            "event": event.astype(object),
            "race": read["race"].to_numpy(dtype=object),
            "decile": decile,
            "chance": 1 / (1 + np.exp(-design @ beta)),
        }
    )


def by_race(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Rows of a measure, by race."""
    return frame[(frame["measure"] == measure) & (frame["part"] == "race")].set_index("of")


def test_the_decile_orders_about_seventy_percent_of_pairs_and_alike_in_both_large_groups(
    people: pd.DataFrame,
) -> None:
    figures = discrimination(people, ["decile"], by=("race",), draws=200).figures
    overall = figures[(figures["measure"] == "auroc") & (figures["part"] == "all")].iloc[0]
    assert overall["value"] == pytest.approx(0.71, abs=0.005)
    assert overall["low"] > 0.69
    groups = by_race(figures, "auroc")
    assert abs(groups.loc["African-American", "value"] - groups.loc["Caucasian", "value"]) < 0.03
    assert not groups.loc["Native American", "enough"]
    assert np.isnan(groups.loc["Asian", "value"])


def test_at_one_line_misses_differ_by_group_while_calibration_hardly_does(
    people: pd.DataFrame,
) -> None:
    line = int((people["decile"] >= 5).sum())
    recall = by_race(use(people, ["decile"], line, by=("race",), draws=200).figures, "recall")
    assert recall.loc["African-American", "value"] == pytest.approx(1 - 0.257, abs=0.001)
    assert recall.loc["Caucasian", "value"] == pytest.approx(1 - 0.501, abs=0.001)
    assert recall.loc["African-American", "low"] > recall.loc["Caucasian", "high"]
    found = reliability(people, ["chance"], by=("race",), draws=200).figures
    ratio = by_race(found, "observed_over_expected")
    assert ratio.loc["African-American", "value"] == pytest.approx(1.0, abs=0.06)
    assert ratio.loc["Caucasian", "value"] == pytest.approx(1.0, abs=0.08)
    slope = by_race(found, "slope")
    assert (slope.loc[["African-American", "Caucasian"], "low"] < 1.0).all()
    assert (slope.loc[["African-American", "Caucasian"], "high"] > 1.0).all()

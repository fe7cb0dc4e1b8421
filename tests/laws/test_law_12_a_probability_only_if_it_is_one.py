"""Law 12: a number is called a probability only if it is one.

Until the model's manifest records at least 100 outcome events of known selection, the ranking's
probability stays empty and the list says "score". The evidence model refuses `predict_proba`.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from caseloads import Tables, days, tables
from engine import by_child, files
from fitted import table
from hypothesis import given
from hypothesis import strategies as st
from law_pack import MODEL

from carescreen.calibration import CalibrationMap
from carescreen.errors import NotCalibrated
from carescreen.model import RiskModel
from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.screener import Screener

NUMBERS = ("probability", "probability_low", "probability_high")
CALIBRATION = CalibrationMap(-0.1, 0.9, (0.02, 0.0, 0.03), 250, "intercept+slope")


def with_model(
    screener: Screener, known: int, calibration: CalibrationMap | None = CALIBRATION
) -> Screener:
    """The same screener with a model whose manifest records some events."""
    manifest = Manifest(name="m", made_by="fit", events=known + 50, events_of_known_selection=known)
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder) / "m", SavedModel(MODEL, manifest, calibration))
        model = RiskModel.load(Path(folder) / "m")
    return Screener(screener.rules, model, screener.reader)


@given(data=st.data(), as_of=days(), known=st.sampled_from([0, 1, 20, 45, 98, 99]))
def test_below_100_known_events_the_probability_stays_empty(
    screener: Screener, data: st.DataObject, as_of: date, known: int
) -> None:
    calibrated = with_model(screener, known)
    for record in by_child(calibrated, data.draw(tables(as_of)), as_of).values():
        assert [record[name] for name in NUMBERS] == [None, None, None]


@given(data=st.data(), as_of=days(), known=st.sampled_from([100, 101, 5000]))
def test_from_100_known_events_on_it_is_a_probability_with_an_interval(
    screener: Screener, data: st.DataObject, as_of: date, known: int
) -> None:
    calibrated = with_model(screener, known)
    for record in by_child(calibrated, data.draw(tables(as_of)), as_of).values():
        chance, low, high = (record[name] for name in NUMBERS)
        assert 0 < low <= chance <= high < 1


@given(data=st.data(), as_of=days())
def test_events_without_a_calibration_give_no_probability(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    uncalibrated = with_model(screener, 500, None)
    for record in by_child(uncalibrated, data.draw(tables(as_of)), as_of).values():
        assert [record[name] for name in NUMBERS] == [None, None, None]


@pytest.mark.parametrize("how", ["groups", "time"])
def test_a_fit_that_nothing_out_of_sample_calibrated_gives_no_probability(how: str) -> None:
    """All rows of one household, or of one day: no fold can be made, however many events there are."""
    X, y = table(400)
    whole = {how: np.zeros(len(y))}
    model = RiskModel().fit(X[["age", "debts"]], y, known_selection=np.ones(len(y), bool), **whole)
    assert model.manifest_.events_of_known_selection >= 100
    assert model.calibration_.method == "none"
    assert not model.gives_probability
    model.recalibrate(X, y)
    assert not model.gives_probability  # outcomes of unknown selection
    model.recalibrate(X, y, known_selection=np.ones(len(y), bool))
    assert model.gives_probability


def test_the_files_leave_the_columns_blank(screener: Screener) -> None:
    found = Tables(({"child_id": "C1", "village_id": "V1"},))
    ranking = screener.rank(found.caseload(), date(2026, 3, 15))
    header, row = files(ranking, quotes=True)["ranking.csv"].decode("utf-8-sig").splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert [cells[name] for name in NUMBERS] == ["", "", ""]
    assert cells["score"]


def test_the_shipped_evidence_model_refuses_a_probability(screener: Screener) -> None:
    model = RiskModel.load("evidence")
    assert not model.gives_probability
    what_to_do = r"decision_function for the order, or give it outcomes: recalibrate\(X, y\)"
    for ask in (model.predict_proba, model.predict, model.predict_interval):
        with pytest.raises(NotCalibrated, match=what_to_do):
            ask(_one_row(model))


def _one_row(model: RiskModel) -> object:
    import pandas as pd

    return pd.DataFrame({name: [0.0] for name in model.feature_names})

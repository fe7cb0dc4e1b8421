"""Small fitted models, made once, and random rows for them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from carescreen.calibration import chance
from carescreen.model import RiskModel

DIRECTIONS = {"debts": 1, "helpers": -1}
NUMBERS = ("debts", "helpers", "age")
PLACES = ("hill", "river", "town")
WORDS = ("hungry", "bruise", "tidy", "school", "没人管", "做饭", "很干净", "alone")


def table(n: int = 300, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers with blanks, words, notes in two languages, and labels that depend on them."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "debts": rng.exponential(20.0, n).round(1),
            "helpers": rng.integers(0, 5, n).astype(float),
            "age": rng.integers(0, 18, n).astype(float),
            "place": rng.choice(PLACES, n),
            "note": [", ".join(rng.choice(WORDS, 3, replace=False)) for _ in range(n)],
        }
    )
    X.loc[rng.random(n) < 0.1, "debts"] = np.nan
    logit = 0.03 * X["debts"].fillna(20.0) - 0.3 * X["helpers"] + (X["place"] == "river")
    logit += X["note"].str.contains("hungry|没人管") * 1.5 - 1.5
    return X, (rng.random(n) < chance(logit.to_numpy(dtype=float))).astype(int)


@cache
def with_fields() -> RiskModel:
    """Numbers and words, two declared directions."""
    X, y = table()
    return RiskModel(monotone=DIRECTIONS).fit(X.drop(columns="note"), y)


@cache
def with_notes() -> RiskModel:
    """A note column too, whose phrases share what a note adds."""
    X, y = table()
    model = RiskModel(monotone=DIRECTIONS, note_column="note").fit(X, y)
    assert model.tables_.phrases.shared
    assert len(model.tables_.phrases.weights) > 5
    return model


@cache
def with_capped_notes() -> RiskModel:
    """The same with a cap that most notes reach."""
    model, tables = RiskModel(note_column="note"), with_notes().tables_
    phrases = replace(tables.phrases, cap=100_001)
    model._adopt(replace(with_notes().saved_, tables=replace(tables, phrases=phrases)))
    model._columns = tables.names
    return model


@cache
def recalibrated() -> RiskModel:
    """The first, moved to other outcomes."""
    X, y = table(300, seed=1)
    model = RiskModel(monotone=DIRECTIONS).fit(*_fields(table()))
    model.recalibrate(X.drop(columns="note"), 1 - y)  # the opposite: its slope is at its bound
    return model


def _fields(rows: tuple[pd.DataFrame, np.ndarray]) -> tuple[pd.DataFrame, np.ndarray]:
    return rows[0].drop(columns="note"), rows[1]


@cache
def from_evidence() -> tuple[RiskModel, pd.DataFrame]:
    """A fit from the evidence model to outcomes that follow poverty, and its rows."""
    rng = np.random.default_rng(0)
    names = RiskModel.load("evidence").feature_names
    X = pd.DataFrame((rng.random((400, len(names))) < 0.3).astype(float), columns=list(names))
    y = (rng.random(400) < np.where(X["low_income"] == 1, 0.6, 0.1)).astype(int)
    return RiskModel(prior="evidence").fit(X, y), X


MODELS = (with_fields, with_notes, with_capped_notes, recalibrated)

VALUES = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, 17.0, 1e300, -1e300, 5e-324]),
    st.floats(-50.0, 200.0),
)
NOTES = st.none() | st.lists(st.sampled_from([*WORDS, "İ", "hun", "gry", "\n", "x" * 40])).map(
    " ".join
)


@st.composite
def rows(draw: st.DrawFn) -> pd.DataFrame:
    """One to six rows of any known and unknown values; every word was seen in training."""
    count = draw(st.integers(1, 6))
    columns: dict[str, object] = {
        name: np.array(draw(_some(VALUES, count)), dtype=float) for name in NUMBERS
    }
    columns["place"] = pd.Series(
        draw(_some(st.none() | st.sampled_from(PLACES), count)), dtype=object
    )
    columns["note"] = pd.Series(draw(_some(NOTES, count)), dtype=object)
    return pd.DataFrame(columns)


def _some(values: st.SearchStrategy[object], count: int) -> st.SearchStrategy[list[object]]:
    return st.lists(values, min_size=count, max_size=count)

"""What RiskModel cannot fit or score: a sentence on what is wrong and what to do, never a cell."""

from __future__ import annotations

import datetime
import time as clock
import traceback
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow
import pytest

from carescreen.errors import ModelError
from carescreen.model import RiskModel
from carescreen.steps import UnusableTable

N = 60
SECRET = "".join(["Wang", "Xiao", "Ming"])  # a cell: no message and no traceback may show it


def table(n: int = N) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "age": rng.integers(0, 18, n).astype(float),
            "gap": rng.exponential(30.0, n),
            "place": rng.choice(["hill", "river"], n),
        }
    )
    return X, (rng.random(n) < 0.3 + 0.3 * (X["place"] == "river")).astype(int).to_numpy()


def refused(message: str, act) -> None:
    """Assert that `act` is refused with a message, and that no cell shows anywhere."""
    with pytest.raises(UnusableTable, match=message) as error:
        act()
    assert isinstance(error.value, ModelError)
    assert isinstance(error.value, ValueError)
    assert SECRET not in "".join(traceback.format_exception(error.value))


def objects(*values: object) -> pd.Series:
    return pd.Series((list(values) * N)[:N], dtype=object)


def arrow(value: object, kind: pyarrow.DataType) -> pd.Series:
    return pd.Series([value] * N, dtype=pd.ArrowDtype(kind))


DAY = datetime.date(2025, 1, 1)


# --- one column --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            np.r_[np.inf, -np.inf, np.zeros(N - 2)],
            r"'c' holds an infinite value \(inf\) in 2 of 60",
        ),
        (objects(float("inf"), 1), "'c' holds an infinite value .* in 30 of 60 rows"),
        (objects(10**400, 1), "'c' holds a number that is too large"),
        (pd.Timestamp("2025-01-01"), "'c' holds dates or times. Turn them into a number first"),
        (pd.Timestamp("2025-01-01", tz="Asia/Shanghai"), "holds dates or times"),
        (pd.Timedelta("3D"), "holds dates or times"),
        (pd.Series(pd.period_range("2020-01", periods=N, freq="M")), "holds dates or times"),
        (objects(DAY, None), "holds dates or times"),
        (objects(datetime.time(9)), "holds dates or times"),
        (arrow(DAY, pyarrow.date32()), "holds dates or times"),
        (arrow(datetime.datetime(2025, 1, 1), pyarrow.timestamp("us")), "holds dates or times"),
        (objects(1, 2.0, SECRET, None, True), "'c' mixes 36 numbers with 12 words. Make it one"),
        (objects([SECRET], None), "'c' holds 30 values that are neither numbers nor words"),
        (objects({"name": SECRET}), "holds 60 values that are neither"),
        (objects(SECRET.encode()), "holds 60 values that are neither"),
        (objects(SECRET, DAY), "holds 30 values that are neither"),
        (pd.arrays.IntervalArray.from_breaks(range(N + 1)), "holds 60 values that are neither"),
        (np.full(N, 1j), "Complex data not supported"),
    ],
)
def test_a_column_that_is_neither_numbers_nor_words_is_refused(column, message):
    X, y = table()
    refused(message, lambda: RiskModel().fit(X.assign(c=column), y))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (SECRET, "'age' was wanted as numbers and holds words"),
        (objects(1.0, SECRET), "'age' was wanted as numbers and holds words"),
        (pd.Categorical([SECRET] * N), "'age' was wanted as numbers and holds words"),
        (objects([SECRET]), "'age' was wanted as numbers"),
        (np.full(N, np.inf), "'age' holds an infinite value .* in 60 of 60 rows"),
        (pd.Timestamp("2025-01-01"), "'age' holds dates or times"),
    ],
)
def test_the_same_holds_for_rows_to_score_and_to_recalibrate_on(column, message):
    X, y = table()
    model = RiskModel().fit(X, y)
    spoilt = X.assign(age=column)
    for ask in (model.predict_proba, model.contributions, model.predict_interval):
        refused(message, lambda ask=ask: ask(spoilt))
    refused("column 'age'", lambda: model.recalibrate(spoilt, y))


@pytest.mark.parametrize(
    ("column", "count"),
    [
        (SECRET, "1 of them, in 60 rows"),
        (objects("hill", SECRET), "1 of them, in 30 rows"),
        (objects("hill", [SECRET]), "1 of them, in 30 rows"),
        (1.0, "1 of them, in 60 rows"),
        (pd.Categorical(["a", "b"] * 30, categories=["unused", "a", "b"]), "2 of them, in 60"),
    ],
)
def test_words_not_seen_in_training_score_as_missing_and_are_counted_not_shown(column, count):
    X, y = table()
    model = RiskModel().fit(X, y)
    with pytest.warns(UserWarning, match=rf"column 'place' holds words .*\({count}") as warned:
        score = model.contributions(X.assign(place=column))["place"]
    assert SECRET not in str(warned[0].message)
    (place,) = [t for t in model.tables_.features if t.name == "place"]
    assert set(score) <= {place.missing, *place.weights}
    assert place.missing in set(score)


def test_columns_that_say_nothing_weigh_nothing():
    X, y = table()
    nothing = {
        "blank": np.nan,
        "no words": pd.Categorical([None] * N, categories=["a"]),
        "no dates": pd.Series([pd.NaT] * N),
        "no objects": objects(None),
        "same": 1,
        "same word": "x",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = RiskModel().fit(X.assign(**nothing), y)
    assert set(model.report_.constant) == {*nothing}
    assert not model.contributions(X.assign(**nothing))[[*nothing]].to_numpy().any()


def test_huge_and_neighbouring_numbers_are_fitted():
    X, y = table(200)
    tiny = np.nextafter(1.0, 2.0)
    X = X.assign(huge=np.where(y == 1, 1e308, -1e308), near=np.where(X["age"] > 5, tiny, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = RiskModel().fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X[[]], "the table has no column"),
        (lambda X: X[["age"]] * np.nan, "every column is blank or has one value only"),
        (lambda X: pd.DataFrame({"a": [None] * N, "b": [pd.NaT] * N}), "every column is blank"),
        (lambda X: X[["age"]] * 0, "every column is blank or has one value only"),
        (lambda X: X.set_axis(["a", "b", "a"], axis=1), "column 'a' occurs twice"),
        (lambda X: X.set_axis([0, "0", 1], axis=1), "column '0' occurs twice"),
        (lambda X: X.set_axis(["a", "b", ""], axis=1), "column number 3 has a name of 0 char"),
        (lambda X: X.set_axis(["a" * 201, "b", "c"], axis=1), "number 1 has a name of 201 char"),
        (lambda X: pd.concat({"a": X}, axis=1), "2 header rows"),
        (lambda X: pd.DataFrame(np.zeros((N, 5_001))), "5001 columns; at most 5,000"),
        (lambda X: X["place"], "Series of 1 dimensions: wanted rows and columns"),
        (lambda X: X["place"].tolist(), "list of 1 dimensions"),
        (lambda X: SECRET, "str of 0 dimensions"),
        (lambda X: {"a": [SECRET]}, "dict of 0 dimensions"),
        (lambda X: None, "NoneType of 0 dimensions"),
        (lambda X: np.zeros((N, 2, 2)), "ndarray of 3 dimensions"),
        (lambda X: np.full((N, 2), np.inf), "column 'x0' holds an infinite value"),
        (lambda X: [[SECRET, 1]] * (N - 1) + [[2, 1]], "'x0' mixes 1 numbers with 59 words"),
    ],
)
def test_a_table_that_cannot_be_fitted_is_refused(spoil, message):
    X, y = table()
    refused(message, lambda: RiskModel().fit(spoil(X), y))


@pytest.mark.parametrize("rows", [0, 3])
def test_a_handful_of_rows_is_refused(rows):
    X, _ = table()
    refused(
        f"{rows} rows with {min(rows, 2)} events .* at least 5 rows",
        lambda: RiskModel().fit(X[:rows], [0, 1, 1][:rows]),
    )


def test_a_table_without_rows_scores_to_nothing():
    X, y = table()
    model = RiskModel().fit(X, y)
    assert model.predict_proba(X[:0]).shape == (0, 2)
    assert model.predict_interval(X[:0]).shape == (0, 2)
    assert model.contributions(X[:0]).shape == (0, 3)
    refused("'age' is not among the table's columns", lambda: model.predict(X[["gap", "place"]]))


@pytest.mark.parametrize(("y", "events"), [([0] * N, 0), ([0] * 50 + [1] * 10, 10), ([], 0)])
def test_recalibrating_on_too_little_changes_nothing_and_says_so(y, events):
    X, labels = table()
    model = RiskModel().fit(X, labels)
    before = model.saved_.files()
    change = model.recalibrate(X[: len(y)], y)
    assert (change.method, change.events, change.intercept, change.slope) == ("none", events, 0, 1)
    assert "Nothing was changed" in change.statement
    assert model.saved_.files() == before


# --- labels, and what else belongs to the rows -------------------------------------------------


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (lambda y: np.zeros(N), "60 rows with 0 events .only one class came"),
        (lambda y: np.ones(N), "60 rows with 60 events .only one class came"),
        (lambda y: (np.arange(N) == 0) * 1, "60 rows with 1 events .too few"),
        (lambda y: np.where(y, "yes", SECRET), "labels must be 0 .* never guessed"),
        (lambda y: y.astype(str), "labels must be 0"),
        (lambda y: y + 1, "in many forms 1 is yes and 2 is no"),
        (lambda y: 2 * y - 1, "labels must be 0"),
        (lambda y: y * 0.5, "labels must be 0"),
        (lambda y: np.arange(N) % 3, "Only binary classification is supported"),
        (lambda y: pd.Series([pd.Timestamp("2025-01-01")] * N), "labels must be 0"),
        (lambda y: np.where(y == 1, np.nan, 0.0), "of 60 labels are missing .NaN.. Leave these"),
        (lambda y: [None, *y[1:].tolist()], "1 of 60 labels are missing"),
        (lambda y: pd.array([pd.NA, *(y[1:] == 1)], dtype="boolean"), "1 of 60 labels are missing"),
        (lambda y: pd.Series(["yes", None] * 30), "30 of 60 labels are missing"),
        (lambda y: y[:-1], "one entry per row"),
        (lambda y: np.column_stack([y, y]), r"y has shape \(60, 2\)"),
        (lambda y: 1, r"y has shape \(\)"),
        (lambda y: None, "requires y"),
    ],
)
def test_labels_that_are_not_0_and_1_are_refused(label, message):
    X, y = table()
    refused(message, lambda: RiskModel().fit(X, label(y)))


@pytest.mark.parametrize(
    ("companions", "message"),
    [
        ({"groups": [1, 2]}, "groups has shape"),
        ({"groups": [(1, 2)] * N}, r"groups has shape \(60, 2\)"),
        ({"groups": 1}, r"groups has shape \(\)"),
        ({"groups": [None] * N}, "groups has 60 blank"),
        ({"groups": np.r_[np.nan, np.ones(N - 1)]}, "groups has 1 blank entries; fill them in"),
        ({"groups": pd.array([pd.NA] + [1] * (N - 1), dtype="Int64")}, "groups has 1 blank"),
        ({"time": [np.nan] * N}, "time has 60 blank"),
        ({"time": pd.Series([pd.NaT] + [pd.Timestamp(DAY)] * (N - 1))}, "time has 1 blank"),
        ({"time": [SECRET] * N}, "time has 60 of 60 entries that are neither numbers nor dates"),
        ({"time": ["2025-01-31", "31/01/2025"] * 30}, "time has 30 of 60 entries"),
        ({"time": np.full(N, np.inf)}, "time holds an infinite number"),
        ({"sample_weight": np.zeros(N)}, "not all zero"),
        ({"sample_weight": -np.ones(N)}, "not negative"),
        ({"sample_weight": np.full(N, np.nan)}, "must be finite"),
        ({"sample_weight": [SECRET] * N}, "sample_weight must be one number per row"),
        ({"sample_weight": np.r_[np.zeros(N - 4), np.ones(4)]}, "4 rows with"),
        ({"known_selection": np.ones(N)}, "True or False"),
        ({"known_selection": [None] * N}, "True or False"),
    ],
)
def test_what_belongs_to_the_rows_is_refused_where_it_is_wrong(companions, message):
    X, y = table()
    refused(message, lambda: RiskModel().fit(X, y, **companions))


MONTHS = pd.date_range("2025-01-31 23:00", periods=N, freq="MS")


@pytest.mark.parametrize(
    "time",
    [
        MONTHS,
        MONTHS.tz_localize("Asia/Shanghai"),
        MONTHS.strftime("%Y-%m-%dT%H:%M").tolist(),
        [stamp.date() for stamp in MONTHS],
        pd.Series(MONTHS.date, dtype=object),
        MONTHS.to_period("M"),
    ],
    ids=["dates", "time zone", "text", "days", "objects", "months"],
)
def test_times_are_ordered_as_dates_whatever_they_came_as(time):
    X, y = table()
    wanted = RiskModel().fit(X, y, time=np.arange(N))
    model = RiskModel().fit(X, y, time=time)
    assert model.tables_ == wanted.tables_
    assert wanted.manifest_.data_window is None
    assert model.manifest_.data_window.first == "2025-02-01"
    assert model.manifest_.data_window.last == "2030-01-01"


# --- notes -------------------------------------------------------------------------------------


NOTES = ["child hungry", 3, "fine", None]  # in too few rows for a phrase, so that fits are quick


@pytest.mark.parametrize(
    "notes",
    [
        objects(None),
        objects(float("nan"), ""),
        objects("  ", "\n"),
        objects(1.5, 110),
        pd.Series(NOTES, dtype=object),
        pd.Series(NOTES[::2], dtype="string[pyarrow]"),
        pd.Series(pd.Categorical(NOTES[::2])),
        pd.Series(["没人管 left alone " * 10_000]),
    ],
    ids=["blank", "empty", "spaces", "numbers", "mixed", "arrow", "categories", "very long"],
)
def test_notes_may_be_blank_numbers_or_very_long(notes):
    X, y = table()
    model = RiskModel(note_column="note").fit(X.assign(note=notes), y)
    assert model.note_column == "note"
    assert model.predict_proba(X.assign(note=None)).shape == (N, 2)


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        (objects([SECRET], "fine"), "note_column 'note' holds 30 values that are not text"),
        (objects({SECRET: 1}), "note_column 'note' holds 60 values that are not text"),
        (objects(SECRET.encode()), "note_column 'note' holds 60 values that are not text"),
        (pd.Timestamp("2025-01-01"), "note_column 'note' holds 60 values that are not text"),
    ],
)
def test_notes_that_are_no_text_are_refused(notes, message):
    X, y = table()
    refused(message, lambda: RiskModel(note_column="note").fit(X.assign(note=notes), y))


def test_blank_notes_and_nothing_else_are_nothing_to_learn_from():
    _, y = table()
    notes = pd.DataFrame({"note": objects(None)})
    refused("nothing to learn", lambda: RiskModel(note_column="note").fit(notes, y))


# --- parameters --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"monotone": {"agee": 1}}, "did you mean 'age'"),
        ({"monotone": {"age": 2}}, "wanted"),
        ({"monotone": {"age": "up"}}, r"wanted \+1, -1 or 0"),
        ({"monotone": ["age"]}, "monotone must map columns"),
        ({"monotone": {"place": 1}}, "no order"),
        ({"note_column": "notes"}, "note_column 'notes'"),
        ({"note_column": 3}, "wanted a column's name"),
        ({"prior": "evidence"}, "prior_maltreatment"),
        ({"prior": "nothing"}, "no model 'nothing'"),
    ],
)
def test_wrong_parameters_are_refused_when_fitting(parameters, message):
    X, y = table()
    with pytest.raises(ModelError, match=message):
        RiskModel(**parameters).fit(X, y)


# --- size --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_fitted_and_scored_in_seconds():
    X, y = table(100_000)
    started = clock.process_time()
    model = RiskModel(monotone={"age": 1}).fit(X, y)
    assert model.predict_proba(X).shape == (100_000, 2)
    assert model.manifest_.rows == 100_000
    assert clock.process_time() - started < 60


def test_whole_numbers_of_any_exactness_are_one_column():
    X, y = table()
    mixed = objects(1, 2.0, Decimal(3), True, None)
    model = RiskModel().fit(X.assign(c=mixed), y)
    (c,) = [t for t in model.tables_.features if t.name == "c"]
    assert (c.type, c.edges) == ("number", (1.5, 2.5))

"""RiskModel keeps the scikit-learn contract; docs/model.md gives the reason for each deviation."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

from carescreen.calibration import chance
from carescreen.model import RiskModel
from carescreen.steps import UnusableTable

# Checks that bring labels other than 0 and 1, which RiskModel refuses.
OTHER_LABELS = (
    "check_estimators_dtypes",
    "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array",
    "check_sample_weights_shape",
    "check_sample_weights_not_overwritten",
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
)
# Fits 420 steps on 38 rows for a minute; what holds instead is tested below on small tables.
OTHER_WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
ANOTHER_RUNTIME = "check_array_api_input"  # needs SCIPY_ARRAY_API


class TwoLabels(RiskModel):
    """RiskModel for labels of any two values, the second in order being the event."""

    def fit(self, X, y, groups=None, time=None, sample_weight=None, known_selection=None):
        labels, coded = np.unique(np.asarray(y), return_inverse=True)
        y = coded if len(labels) == 2 else y
        super().fit(X, y, groups, time, sample_weight, known_selection)
        self.classes_ = labels
        return self


def _checks(model: RiskModel) -> dict:
    return {check.func.__name__: check for _, check in estimator_checks_generator(model)}


CHECKS = _checks(RiskModel())


def test_the_deviations_are_checks_that_exist_and_stand_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "model.md").read_text("utf-8")
    for name in (*OTHER_LABELS, OTHER_WEIGHTS):
        assert name in CHECKS
        assert f"`{name}`" in page


DEVIATIONS = {*OTHER_LABELS, OTHER_WEIGHTS, ANOTHER_RUNTIME}


@pytest.mark.parametrize("name", sorted(CHECKS.keys() - DEVIATIONS))
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_contract(name):
    CHECKS[name](RiskModel())


@pytest.mark.parametrize("name", OTHER_LABELS)
@pytest.mark.filterwarnings("ignore")
def test_a_check_that_brings_other_labels_fails_for_them_alone(name):
    with pytest.raises(ValueError, match=r"labels must be|type pandas\.Series"):
        CHECKS[name](RiskModel())
    _checks(TwoLabels())[name](TwoLabels())


# --- parameters, pipelines, searches -----------------------------------------------------------


def table(n: int = 300, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, flags and words with blanks, and labels that depend on them."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "gap": rng.integers(0, 9, n).astype(float),
            "violence": rng.random(n) < 0.2,
            "place": rng.choice(["hill", "river", "town"], n),
        }
    )
    X.loc[rng.random(n) < 0.15, "gap"] = np.nan
    logit = -1.5 + 0.1 * X["gap"].fillna(4.0) + 1.2 * X["violence"] + (X["place"] == "river")
    return X, (rng.random(n) < chance(logit.to_numpy(dtype=float))).astype(int)


def test_parameters_are_got_set_and_cloned():
    model = RiskModel(monotone={"gap": 1}, note_column="note", prior="evidence", random_state=4)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(random_state=5, monotone=None).get_params() == {
        "monotone": None,
        "note_column": "note",
        "prior": "evidence",
        "random_state": 5,
    }
    with pytest.raises(ValueError, match="Invalid parameter 'spread'"):
        model.set_params(spread=1)
    nested = RiskModel(prior=RiskModel(random_state=1))
    assert nested.get_params()["prior__random_state"] == 1


def test_an_unfitted_model_says_so():
    for ask in ("predict", "predict_proba", "predict_interval", "decision_function", "recalibrate"):
        with pytest.raises(NotFittedError):
            getattr(RiskModel(), ask)(*table(10)[: 2 if ask == "recalibrate" else 1])


def test_it_ends_a_pipeline_whose_steps_give_data_frames():
    X, y = table()
    columns = ColumnTransformer(
        [("fill", SimpleImputer(), ["gap"]), ("as it is", "passthrough", ["violence", "place"])],
        verbose_feature_names_out=False,
    )
    pipeline = make_pipeline(columns, RiskModel(monotone={"gap": 1})).set_output(transform="pandas")
    pipeline.fit(X, y)
    assert pipeline[-1].feature_names_in_.tolist() == ["gap", "violence", "place"]
    (words,) = [t for t in pipeline[-1].tables_.features if t.name == "place"]
    assert words.levels == ("hill", "river", "town")
    assert pipeline.predict_proba(X).shape == (300, 2)


def test_a_pipeline_that_gives_arrays_of_objects_keeps_words_and_numbers_apart():
    X, y = table()
    columns = ColumnTransformer([("all", "passthrough", ["place", "gap"])])
    columns.set_output(transform="default")
    model = make_pipeline(columns, FunctionTransformer(np.asarray), RiskModel()).fit(X, y)[-1]
    assert [(t.name, t.type) for t in model.tables_.features] == [
        ("x0", "category"),
        ("x1", "number"),
    ]


def test_it_is_searched_and_cross_validated_with_groups():
    X, y = table(150)
    groups = np.arange(150) // 3
    search = GridSearchCV(
        RiskModel(),
        {"monotone": [None, {"gap": 1}]},
        scoring="neg_log_loss",
        cv=GroupKFold(3),
    ).fit(X, y, groups=groups)
    assert search.best_params_["monotone"] in (None, {"gap": 1})
    with config_context(enable_metadata_routing=False):
        scores = cross_val_score(RiskModel(), X, y, groups=groups, cv=GroupKFold(3))
    assert scores.shape == (3,)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_groups_times_and_weights_are_routed_to_every_fit(in_pipeline):
    X, y = table()
    groups = np.arange(300) // 3
    with config_context(enable_metadata_routing=True):
        model = RiskModel().set_fit_request(groups=True, time=True, sample_weight=True)
        model.set_score_request(sample_weight=True)
        found = cross_validate(
            Pipeline([("model", model)]) if in_pipeline else model,
            X,
            y,
            cv=GroupKFold(3),
            params={
                "groups": groups,
                "time": pd.date_range("2025-01-01", periods=300),
                "sample_weight": np.arange(300) % 5,
            },
            return_estimator=True,
        )
    for fitted in found["estimator"]:
        model = fitted[-1] if in_pipeline else fitted
        assert 60 <= model.report_.groups <= 67
        assert 150 <= model.manifest_.rows <= 170  # of 200, a fifth of them with weight 0
        assert model.manifest_.data_window is not None


@pytest.mark.parametrize("module", [pickle, joblib])
def test_the_object_itself_can_be_pickled(module, tmp_path):
    X, y = table()
    with (tmp_path / "model").open("wb") as file:
        module.dump(RiskModel(monotone={"gap": 1}).fit(X, y), file)
    with (tmp_path / "model").open("rb") as file:
        again = module.load(file)
    fitted = RiskModel(monotone={"gap": 1}).fit(X, y)
    assert again.saved_.files() == fitted.saved_.files()
    assert again.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()
    assert clone(again).get_params() == fitted.get_params()


# --- columns -----------------------------------------------------------------------------------


def test_columns_are_found_by_name_in_any_order_and_extra_ones_are_ignored():
    X, y = table()
    model = RiskModel().fit(X, y)
    assert model.n_features_in_ == 3
    assert model.feature_names_in_.tolist() == list(X.columns)
    other = X.assign(more=1)[["more", *reversed(X.columns)]]
    assert model.score_micro(other).tolist() == model.score_micro(X).tolist()


def test_an_array_is_taken_in_the_order_of_fit_with_the_usual_warning():
    X, y = table()
    X = X.assign(note="nothing")[["note", *X.columns]]
    model = RiskModel(note_column="note").fit(X, y)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but RiskModel"):
        scores = model.score_micro(X.to_numpy(dtype=object))
    assert scores.tolist() == model.score_micro(X).tolist()


def test_an_array_of_another_width_is_refused_in_the_usual_words():
    values = np.random.default_rng(0).normal(size=(40, 3))
    model = RiskModel().fit(values, np.arange(40) % 2)
    assert not hasattr(model, "feature_names_in_")
    with pytest.raises(ValueError, match="X has 2 features, but RiskModel is expecting 3 features"):
        model.predict_proba(values[:, :2])


NUMBERS = [0.0, 1.0, 2.0, None, 4.0]
WORDS = ["hill", "river", "town", None, "river"]


@pytest.mark.parametrize(
    ("values", "forms"),
    [
        (
            NUMBERS,
            {
                "Int64": lambda values: pd.array(values, dtype="Int64"),
                "Float32": lambda values: pd.array(values, dtype="Float32"),
                "float32": lambda values: np.array(values, dtype="float32"),
                "arrow": lambda values: pd.array(values, dtype="int64[pyarrow]"),
                "objects": lambda values: pd.Series(values, dtype=object),
                "Decimal": lambda values: pd.Series(
                    [None if pd.isna(value) else Decimal(int(value)) for value in values]
                ),
            },
        ),
        (
            [0.0, 1.0, None, 1.0],
            {
                "boolean": lambda values: pd.array(values, dtype="boolean"),
                "objects": lambda values: pd.Series(
                    [None if pd.isna(value) else bool(value) for value in values], dtype=object
                ),
            },
        ),
        (
            WORDS,
            {
                "string": lambda values: pd.array(values, dtype="string"),
                "arrow": lambda values: pd.array(values, dtype="string[pyarrow]"),
                "ArrowDtype": lambda values: pd.array(
                    values, dtype=pd.ArrowDtype(pyarrow.string())
                ),
                "dictionary": lambda values: pd.array(
                    values,
                    dtype=pd.ArrowDtype(pyarrow.dictionary(pyarrow.int8(), pyarrow.string())),
                ),
                "unused categories": lambda values: pd.Categorical(
                    values, categories=["unused", "town", "river", "hill"]
                ),
                "ordered": lambda values: pd.Categorical(
                    values, categories=["town", "river", "hill"], ordered=True
                ),
            },
        ),
    ],
    ids=["numbers", "flags", "words"],
)
def test_a_value_counts_the_same_in_whatever_form_it_comes(values, forms):
    y = np.random.default_rng(0).integers(0, 2, 100)
    repeated = (values * 100)[:100]
    plain = pd.DataFrame({"c": pd.Series(repeated, dtype=object)})
    model = RiskModel().fit(plain, y)
    for name, form in forms.items():
        X = pd.DataFrame({"c": form(repeated)})
        assert model.score_micro(X).tolist() == model.score_micro(plain).tolist(), name
        assert RiskModel().fit(X, y).saved_.files() == model.saved_.files(), name


def test_category_numbers_are_the_same_words_whole_or_not():
    y = np.arange(60) % 2
    whole = pd.DataFrame({"c": pd.Categorical([1, 2, 3] * 20)})
    floats = pd.DataFrame({"c": pd.Categorical([1.0, 2.0, 3.0] * 20)})
    model = RiskModel().fit(whole, y)
    assert model.tables_.features[0].levels == ("1", "2", "3")
    assert model.score_micro(floats).tolist() == model.score_micro(whole).tolist()


# --- labels and weights ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["int8", "float32", "bool", "object", "Int64", "boolean", "category"]
)
def test_labels_are_0_and_1_in_any_type(kind):
    X, y = table(60)
    model = RiskModel().fit(X, pd.Series(y).astype(kind))
    assert model.classes_.tolist() == [0, 1]
    assert model.saved_.files() == RiskModel().fit(X, y).saved_.files()


def test_a_row_of_weight_0_is_no_row():
    X, y = table()
    weight = np.arange(300) % 3 > 0
    groups = np.arange(300) // 2
    left = RiskModel().fit(X[weight], y[weight], groups=groups[weight])
    model = RiskModel().fit(X, y, groups=groups, sample_weight=weight)
    assert model.saved_.files() == left.saved_.files()


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("forward", [False, True])
def test_a_whole_weight_is_that_many_rows_of_one_group(times, forward):
    """The same weight for all; with different ones the folds differ, being dealt by rows."""
    X, y = table(400)
    groups, rows = np.arange(400), np.repeat(np.arange(400), times)
    time = groups // 20
    model = RiskModel().fit(
        X, y, groups=groups, sample_weight=np.full(400, times), time=time if forward else None
    )
    repeated = RiskModel().fit(
        X.iloc[rows], y[rows], groups=groups[rows], time=time[rows] if forward else None
    )
    assert model.predict_proba(X) == pytest.approx(repeated.predict_proba(X), abs=1e-6)
    assert model.predict_interval(X) == pytest.approx(repeated.predict_interval(X), abs=1e-6)


def test_weights_make_no_events_out_of_nothing():
    X, _ = table(60)
    y = (np.arange(60) % 6 == 0).astype(int)
    model = RiskModel().fit(X, y, sample_weight=np.full(60, 1000.0))
    assert model.report_.events == 10
    assert "too few to calibrate" in model.report_.statement


def test_other_labels_are_refused_with_the_line_to_write():
    X, y = table(60)
    with pytest.raises(UnusableTable, match=r"y = \(result == 'confirmed'\)"):
        RiskModel().fit(X, np.where(y, "confirmed", "not_confirmed"))

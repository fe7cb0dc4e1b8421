"""What one would use instead of RiskModel, each fitted on some rows of a table as it would be used.

A fit takes a problem and the numbers of its training rows, and gives a function from rows to
probabilities. Where rows belong together (a household, a case), those that calibrate or stop a baseline
are of other groups than those it learns from, as RiskModel's are: without that, boosting learns the
household by heart and is calibrated on it. The explainable boosting machine is left out, and said to
be, where it is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.tables import FOLDS, Problem
from carescreen import RiskModel

Predict = Callable[[pd.DataFrame], np.ndarray]
Fit = Callable[[Problem, np.ndarray], Predict]
OURS = "carescreen"
BAGS = 14  # outer bags of an EBM, as they come
WIDE, WIDE_BAGS = 100, 4  # columns from which it has fewer, and how many
NO_EBM = (
    "interpret-core is not installed, so there is no row for an explainable boosting machine: "
    "pip install 'carescreen[bench]'"
)


def has_ebm() -> bool:
    """Whether the explainable boosting machine is at hand."""
    return find_spec("interpret") is not None


def fits() -> dict[str, Fit]:
    """Every method that is at hand, RiskModel last."""
    every: dict[str, Fit] = {
        "base rate": base_rate,
        "tf-idf + logistic": logistic,
        "hist. boosting": boosting,
    }
    return every | ({"ebm": ebm} if has_ebm() else {}) | {OURS: carescreen}


def base_rate(problem: Problem, train: np.ndarray) -> Predict:
    """The share of events among the training rows."""
    rate = problem.y[train].mean()
    return lambda X: np.full(len(X), rate)


def _columns(problem: Problem) -> tuple[list[str], list[str]]:
    X = problem.X.drop(columns=[problem.note] if problem.note else [])
    numbers = X.select_dtypes("number").columns.tolist()
    return numbers, [name for name in X if name not in numbers]


def logistic(problem: Problem, train: np.ndarray) -> Predict:
    """Logistic regression on scaled numbers, one column a word, and TF-IDF of the note."""
    numbers, words = _columns(problem)
    parts: list = [
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=5), words),
    ]
    if problem.note:
        parts.append(
            (TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), problem.note)
        )
    model = make_pipeline(make_column_transformer(*parts), LogisticRegression(max_iter=5000))
    model.fit(_filled(problem, problem.X.iloc[train]), problem.y[train])
    return lambda X: model.predict_proba(_filled(problem, X))[:, 1]


def _filled(problem: Problem, X: pd.DataFrame) -> pd.DataFrame:
    return X.assign(**{problem.note: X[problem.note].fillna("")}) if problem.note else X


def boosting(problem: Problem, train: np.ndarray) -> Predict:
    """Histogram gradient boosting with cross-fitted sigmoid calibration."""
    numbers, words = _columns(problem)
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
    parts: list = [("passthrough", numbers), (OrdinalEncoder(min_frequency=5, **unknown), words)]
    if problem.note:
        text = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        parts.append((make_pipeline(text, TruncatedSVD(50, random_state=0)), problem.note))
    model = make_pipeline(
        make_column_transformer(*parts),
        CalibratedClassifierCV(
            HistGradientBoostingClassifier(random_state=0), cv=_parts(problem, train)
        ),
    )
    model.fit(_filled(problem, problem.X.iloc[train]), problem.y[train])
    return lambda X: model.predict_proba(_filled(problem, X))[:, 1]


def _parts(problem: Problem, train: np.ndarray) -> int | list[tuple[np.ndarray, np.ndarray]]:
    """Folds to calibrate by: whole groups where there are any."""
    if problem.groups is None:
        return FOLDS
    rows = np.zeros(len(train))
    return list(GroupKFold(FOLDS).split(rows, problem.y[train], problem.groups[train]))


def _bags(problem: Problem, train: np.ndarray) -> np.ndarray | None:
    """Rows an EBM learns from (1) and stops by (-1) in each outer bag, whole groups; None: its own."""
    if problem.groups is None:
        return None
    parts = GroupShuffleSplit(outer_bags(problem), test_size=0.15, random_state=0)
    bags = np.ones((outer_bags(problem), len(train)), dtype=np.int8)
    for bag, (_, held) in zip(bags, parts.split(train, groups=problem.groups[train]), strict=True):
        bag[held] = -1
    return bags.T


def ebm(problem: Problem, train: np.ndarray) -> Predict:
    """Explainable boosting machine without interactions, on 50 components of the note's TF-IDF."""
    from interpret.glassbox import ExplainableBoostingClassifier

    table = _with_components(problem, train)
    model = ExplainableBoostingClassifier(
        interactions=0, random_state=0, n_jobs=1, outer_bags=outer_bags(problem)
    )
    model.fit(table(problem.X.iloc[train]), problem.y[train], bags=_bags(problem, train))
    return lambda X: model.predict_proba(table(X))[:, 1]


def outer_bags(problem: Problem) -> int:
    """Fewer than the default for a table that is wide."""
    return WIDE_BAGS if problem.X.shape[1] > WIDE else BAGS


def _with_components(problem: Problem, train: np.ndarray) -> Callable[[pd.DataFrame], pd.DataFrame]:
    if not problem.note:
        return lambda X: X
    text = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    notes = _filled(problem, problem.X)[problem.note]
    svd = TruncatedSVD(50, random_state=0).fit(text.fit_transform(notes.iloc[train]))

    def table(X: pd.DataFrame) -> pd.DataFrame:
        parts = svd.transform(text.transform(_filled(problem, X)[problem.note]))
        more = pd.DataFrame(parts, index=X.index).add_prefix("note_")
        return pd.concat([X.drop(columns=[problem.note]), more], axis=1)

    return table


def carescreen(problem: Problem, train: np.ndarray) -> Predict:
    """RiskModel as it comes, with the table's clusters and times."""
    groups = None if problem.groups is None else problem.groups[train]
    when = None if problem.time is None else problem.time[train]
    model = RiskModel(note_column=problem.note, random_state=0)
    model.fit(problem.X.iloc[train], problem.y[train], groups=groups, time=when)
    return lambda X: model.predict_proba(X)[:, 1]

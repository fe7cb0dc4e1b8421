"""How well RiskModel does on public tables, beside what one would use instead.

python benchmarks/model_quality.py [name of a table ...]

Baselines in the same run: the base rate, TF-IDF with logistic regression, histogram gradient boosting
with cross-fitted sigmoid calibration, and an explainable boosting machine where it is installed.
Differences are paired over the same rows; intervals are bootstrap percentiles over clusters.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.tables import Problem, problems
from carescreen import RiskModel

DRAWS = 2_000
Fit = Callable[[Problem, np.ndarray], Callable[[pd.DataFrame], np.ndarray]]


def base_rate(problem: Problem, train: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    rate = problem.y[train].mean()
    return lambda X: np.full(len(X), rate)


def _columns(problem: Problem) -> tuple[list[str], list[str]]:
    X = problem.X.drop(columns=[problem.note] if problem.note else [])
    numbers = X.select_dtypes("number").columns.tolist()
    return numbers, [name for name in X if name not in numbers]


def logistic(problem: Problem, train: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
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


def boosting(problem: Problem, train: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    numbers, words = _columns(problem)
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
    parts: list = [("passthrough", numbers), (OrdinalEncoder(min_frequency=5, **unknown), words)]
    if problem.note:
        text = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        parts.append((make_pipeline(text, TruncatedSVD(50, random_state=0)), problem.note))
    model = make_pipeline(
        make_column_transformer(*parts),
        CalibratedClassifierCV(HistGradientBoostingClassifier(random_state=0), cv=5),
    )
    model.fit(_filled(problem, problem.X.iloc[train]), problem.y[train])
    return lambda X: model.predict_proba(_filled(problem, X))[:, 1]


def ebm(problem: Problem, train: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    from interpret.glassbox import ExplainableBoostingClassifier

    text, svd = None, None

    def table(X: pd.DataFrame) -> pd.DataFrame:
        if text is None:
            return X
        parts = svd.transform(text.transform(X[problem.note].fillna("")))
        more = pd.DataFrame(parts, index=X.index).add_prefix("note_")
        return pd.concat([X.drop(columns=[problem.note]), more], axis=1)

    if problem.note:
        text = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        rows = text.fit_transform(problem.X[problem.note].iloc[train].fillna(""))
        svd = TruncatedSVD(50, random_state=0).fit(rows)
    model = ExplainableBoostingClassifier(interactions=0, random_state=0, n_jobs=1)
    model.fit(table(problem.X.iloc[train]), problem.y[train])
    return lambda X: model.predict_proba(table(X))[:, 1]


def carescreen(problem: Problem, train: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    groups = None if problem.groups is None else problem.groups[train]
    when = None if problem.time is None else problem.time[train]
    model = RiskModel(note_column=problem.note, random_state=0)
    model.fit(problem.X.iloc[train], problem.y[train], groups=groups, time=when)
    return lambda X: model.predict_proba(X)[:, 1]


FITS: dict[str, Fit] = {
    "base rate": base_rate,
    "tf-idf + logistic": logistic,
    "hist. boosting": boosting,
    "ebm": ebm,
    "carescreen": carescreen,
}


@dataclass(frozen=True)
class Judged:
    """Labels of the judged rows, what each model said of them, and their clusters."""

    y: np.ndarray
    chances: dict[str, np.ndarray]
    clusters: np.ndarray


def judged(problem: Problem) -> Judged:
    """Fit every model on each split and let it say its chances of the rest."""
    chances: dict[str, np.ndarray] = {}
    for name, fit in FITS.items():
        start, parts = time.perf_counter(), []
        for split in problem.splits:
            predict = fit(problem, split.train)
            parts.append(predict(problem.X.iloc[split.test]))
        chances[name] = np.clip(np.concatenate(parts), 1e-9, 1 - 1e-9)
        print(f"    {name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    tested = problem.tested
    clusters = np.arange(len(tested)) if problem.groups is None else problem.groups[tested]
    return Judged(problem.y[tested], chances, clusters)


def resamples(clusters: np.ndarray) -> list[np.ndarray]:
    """Row numbers of each draw: whole clusters with replacement."""
    rng = np.random.default_rng(0)
    number = pd.factorize(clusters)[0]
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(number.max() + 2))
    rows = [order[a:b] for a, b in pairwise(starts)]
    return [
        np.concatenate([rows[one] for one in rng.integers(0, len(rows), len(rows))])
        for _ in range(DRAWS)
    ]


def interval(values: list[float]) -> str:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return f"{low:+.4f} to {high:+.4f}"


def slope(y: np.ndarray, chance: np.ndarray) -> float:
    from carescreen.calibration import calibration_slope

    if not 0 < y.mean() < 1:
        return float("nan")
    return calibration_slope(y.astype(float), np.log(chance / (1 - chance)))


def ici(y: np.ndarray, chance: np.ndarray) -> float:
    """Integrated calibration index: mean distance from a smooth of outcome on log-odds.

    Austin and Steyerberg, Stat Med 2019;38:4051. The smooth is a logistic regression on a
    cubic spline that is linear beyond its knots.
    """
    from sklearn.preprocessing import SplineTransformer

    logit = np.log(chance / (1 - chance))[:, None]
    if np.ptp(logit) < 1e-9:
        return float(abs(y.mean() - chance.mean()))
    spline = make_pipeline(
        SplineTransformer(4, knots="quantile", extrapolation="linear"),
        LogisticRegression(C=100, max_iter=2000),
    )
    smooth = spline.fit(logit, y).predict_proba(logit)[:, 1]
    return float(np.abs(smooth - chance).mean())


def report(problem: Problem) -> None:
    """Print a table for one problem."""
    said = judged(problem)
    y, draws = said.y, resamples(said.clusters)
    print(f"\n{problem.name}: {len(y)} rows judged, {y.sum()} events, {len(draws)} draws")
    print(f"  {'':18} AUROC  Brier   O/E (95%)             slope (95%)           ICI")
    for name, chance in said.chances.items():
        oe = [y[d].sum() / chance[d].sum() for d in draws]
        row = f"  {name:18} {roc_auc_score(y, chance):.3f}  {brier_score_loss(y, chance):.4f} "
        row += f" {y.sum() / chance.sum():.2f} {interval(oe):20}"
        if np.ptp(chance) > 1e-9 and name == "carescreen":
            slopes = [slope(y[d], chance[d]) for d in draws[:500]]
            row += f"  {slope(y, chance):.2f} {interval(slopes)}"
        elif np.ptp(chance) > 1e-9:
            row += f"  {slope(y, chance):.2f}" + " " * 19
        print(row + f"  {ici(y, chance):.4f}")
    compare(said, draws)


def compare(said: Judged, draws: list[np.ndarray]) -> None:
    """Paired differences from the best baseline by Brier and by AUROC."""
    y, ours = said.y, said.chances["carescreen"]
    others = {name: chance for name, chance in said.chances.items() if name != "carescreen"}
    best = min(others, key=lambda name: brier_score_loss(y, others[name]))
    loss = (ours - y) ** 2 - (others[best] - y) ** 2
    whole = ((others[best] - y) ** 2).mean()
    print(
        f"  Brier against {best}: {loss.mean() / whole:+.2%} of it, "
        f"{interval([loss[d].mean() for d in draws])}"
    )
    best = max(others, key=lambda name: roc_auc_score(y, others[name]))
    gain = roc_auc_score(y, ours) - roc_auc_score(y, others[best])
    gains = [
        roc_auc_score(y[d], ours[d]) - roc_auc_score(y[d], others[best][d])
        for d in draws
        if 0 < y[d].mean() < 1
    ]
    print(f"  AUROC against {best}: {gain:+.4f}, {interval(gains)}")


def main() -> None:
    """Report on the named tables, or on all."""
    warnings.filterwarnings("ignore")
    for problem in problems():
        if len(sys.argv) == 1 or problem.name.split()[0] in sys.argv[1:]:
            report(problem)


if __name__ == "__main__":
    main()

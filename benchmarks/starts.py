"""Ways to start from a prior and move with outcomes, compared by model_methods.py.

Each takes the same rows and prior, and gives the log-odds of any rows and how many numbers a reviewer
has to read. All but "fit alone" start from the prior. The steps hold its directions on prior and change
together. Boosting can hold a direction only of what it adds, and could then never weaken a prior that is
too strong, so the boosted ways hold none: they may turn a harm into a protection, which law 3 forbids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor

from benchmarks.rivals import has_ebm
from carescreen import RiskModel
from carescreen.calibration import (
    CalibrationMap,
    Floats,
    calibration_slope,
    chance,
    fit_intercept,
    fit_map,
    random_folds,
)
from carescreen.fitting import build_bases, codes_of, fit_steps, together
from carescreen.steps import MICRO, AdditiveTables

RATE, ROUNDS, PATIENCE = 0.1, 200, 15  # of boosting
FEWEST_IN_LEAF = 5


@dataclass(frozen=True)
class Task:
    """Rows to learn from, and the prior."""

    X: pd.DataFrame
    y: np.ndarray
    prior: AdditiveTables

    @property
    def directions(self) -> dict[str, int]:
        """Declared direction of each feature of the prior that has one."""
        return {table.name: table.monotone for table in self.prior.features if table.monotone}

    def before(self, X: pd.DataFrame) -> Floats:
        """The prior's score of rows, log-odds."""
        return self.prior.score_micro(X) / MICRO

    def shifted(self) -> float:
        """The shift of the prior's scores that makes expected equal observed."""
        return fit_intercept(self.before(self.X), self.y.astype(float), np.ones(len(self.y)))


@dataclass(frozen=True)
class Learned:
    """Log-odds of rows, and how many weights a reviewer reads."""

    logit: Callable[[pd.DataFrame], Floats]
    weights: int


Start = Callable[[Task], Learned]


def starts() -> dict[str, Start]:
    """Every way that is at hand."""
    every: dict[str, Start] = {
        "prior, recalibrated": recalibrated,
        "Cox: intercept and slope": cox,
        "fit alone": alone,
        "steps, one spread": one_spread,
        "as shipped": shipped,
        "boosted stumps": stumps,
    }
    return every | ({"EBM, init_score": ebm} if has_ebm() else {})


def recalibrated(task: Task) -> Learned:
    """The prior's scores, with what the events in hand allow."""
    y = task.y.astype(float)
    found = fit_map(task.before(task.X), y)
    if found.method == "none":  # the rate at least: a prior has none
        found = CalibrationMap(task.shifted())
    return Learned(lambda X: found.logit(task.before(X)), _weights(task.prior))


def cox(task: Task) -> Learned:
    """Maximum likelihood of intercept and slope, however few the events."""
    score, y = task.before(task.X), task.y.astype(float)
    slope = calibration_slope(y, score)
    slope = 1.0 if np.isnan(slope) else float(np.clip(slope, 0.0, 10.0))
    shift = fit_intercept(score, y, np.ones(len(y)), slope)
    return Learned(lambda X: shift + slope * task.before(X), _weights(task.prior))


def alone(task: Task) -> Learned:
    """RiskModel without a prior, with its directions."""
    return _of_model(RiskModel(monotone=task.directions, random_state=0).fit(task.X, task.y))


def shipped(task: Task) -> Learned:
    """RiskModel from the prior: strengths and spreads averaged by how they did out of sample."""
    return _of_model(RiskModel(prior=task.prior, random_state=0).fit(task.X, task.y))


def _of_model(model: RiskModel) -> Learned:
    return Learned(
        lambda X: model.calibration_.logit(model.decision_function(X)), _weights(model.tables_)
    )


def one_spread(task: Task) -> Learned:
    """Penalised steps from the prior at its full strength, each with its own spread: no choosing."""
    bases = build_bases(task.X, task.prior, {}, None)
    tally = together(codes_of(task.X, bases), task.y.astype(float), np.ones(len(task.y)))
    fitted = fit_steps(tally, bases, task.prior.intercept / MICRO, 1.0)
    count = sum(len(set(weights.round(6))) for weights in fitted.levels.weights)
    return Learned(lambda X: fitted.logit(codes_of(X, bases)), count)


def _weights(tables: AdditiveTables) -> int:
    """Different weights of each feature that has any."""
    return sum(len(set(t.look_up.tolist())) for t in tables.features if t.look_up.any())


def stumps(task: Task) -> Learned:
    """Newton boosting of additive stumps from the prior's score; rounds by cross-fitting."""
    columns = _numbers(task.X).columns
    Z, y = _numbers(task.X).to_numpy(), task.y.astype(float)
    offset = task.shifted() + task.before(task.X)
    rounds = _rounds(Z, y, offset)
    boosted = _Boosting(Z, y, offset)
    for _ in range(rounds):
        boosted.step()

    def logit(X: pd.DataFrame) -> Floats:
        numbers = _numbers(X).reindex(columns=columns, fill_value=0.0).to_numpy()
        return task.shifted() + task.before(X) + boosted.predict(numbers)

    return Learned(logit, _weights(task.prior) + boosted.steps())


def _numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Words as one column each."""
    return pd.get_dummies(X, dtype=float)


def _rounds(Z: np.ndarray, y: Floats, offset: Floats) -> int:
    """The number of rounds with the least loss on folds left out; 0 where nothing helps."""
    folds = [(a, b) for a, b in random_folds(y, np.arange(len(y)), 0) if len(b)]
    parts = [(_Boosting(Z[train], y[train], offset[train]), test) for train, test in folds]
    scores = [offset[test].copy() for _, test in parts]
    losses = [_loss(scores, parts, y)]
    while len(losses) <= ROUNDS and len(losses) - int(np.argmin(losses)) <= PATIENCE:
        for (boosted, test), score in zip(parts, scores, strict=True):
            score += boosted.step()(Z[test])
        losses.append(_loss(scores, parts, y))
    return int(np.argmin(losses))


def _loss(scores: list[Floats], parts: list, y: Floats) -> float:
    """Sum of log losses over the folds."""
    return sum(
        float(np.sum(np.logaddexp(0.0, score) - y[test] * score))
        for score, (_, test) in zip(scores, parts, strict=True)
    )


class _Boosting:
    """Stumps so far, and the score of the rows they learn from."""

    def __init__(self, Z: np.ndarray, y: Floats, offset: Floats) -> None:
        self.Z, self.y, self.score = Z, y, offset.copy()
        self.trees: list[DecisionTreeRegressor] = []

    def step(self) -> Callable[[np.ndarray], Floats]:
        """Add a stump on the Newton residuals; what it adds to rows."""
        p = chance(self.score)
        informative = np.maximum(p * (1.0 - p), 1e-6)
        tree = DecisionTreeRegressor(
            max_depth=1,
            min_samples_leaf=FEWEST_IN_LEAF,
            random_state=0,
        )
        tree.fit(self.Z, (self.y - p) / informative, sample_weight=informative)
        self.trees.append(tree)
        self.score += RATE * tree.predict(self.Z)
        return lambda Z: RATE * tree.predict(Z)

    def predict(self, Z: np.ndarray) -> Floats:
        """What all stumps add to rows."""
        return sum((RATE * tree.predict(Z) for tree in self.trees), np.zeros(len(Z)))

    def steps(self) -> int:
        """Different cuts."""
        cuts = {(int(t.tree_.feature[0]), float(t.tree_.threshold[0])) for t in self.trees}
        return len(cuts)


def ebm(task: Task) -> Learned:
    """An explainable boosting machine from the prior's score, without interactions."""
    from interpret.glassbox import ExplainableBoostingClassifier

    shift = task.shifted()
    model = ExplainableBoostingClassifier(interactions=0, random_state=0, n_jobs=1)
    model.fit(task.X, task.y, init_score=shift + task.before(task.X))
    read = sum(len(np.unique(np.round(scores, 6))) for scores in model.term_scores_)

    def logit(X: pd.DataFrame) -> Floats:
        return np.asarray(model.decision_function(X, init_score=shift + task.before(X)))

    return Learned(logit, _weights(task.prior) + read)

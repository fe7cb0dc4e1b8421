"""A model moved to a place with another base rate, and recalibrated there on 45 events.

python benchmarks/model_moved.py [draws]      default 200

Each draw takes rows of the new place until they hold 45 events, recalibrates (RiskModel.recalibrate)
and is judged on the other rows by the debiased expected calibration error. Beside it: the model as
it came; maximum likelihood of intercept and slope on the same rows; the true slope with the
intercept from the same rows, which is what 45 events allow at best; and the true parameters. Of
simulated places they are known, of real ones they are a fit of all rows of the place.
"""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from benchmarks.measures import debiased_ece
from benchmarks.tables import Move, moves
from carescreen import RiskModel
from carescreen.calibration import CalibrationMap, Floats, chance, fit_intercept

EVENTS, DRAWS = 45, 200
CLOSE = 0.01  # how far from recalibration with the true parameters
LEARNT, JUDGED, OFFERED = 4_000, 20_000, 6_000  # simulated rows


@dataclass(frozen=True)
class Place:
    """A fitted model, rows of a new place to draw from and to judge by (the same rows, or apart),
    clusters of the former, and the true map of the model's log-odds there."""

    name: str
    model: RiskModel
    X: pd.DataFrame
    y: np.ndarray
    clusters: np.ndarray
    truth: CalibrationMap
    apart: tuple[pd.DataFrame, np.ndarray] | None = None


def main() -> None:
    """Print a row for each place."""
    warnings.filterwarnings("ignore")
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS
    print(
        f"moved to another place, recalibrated on {EVENTS} events, {draws} draws: mean ECE, debiased"
    )
    print(f"  {'':48} plain   max.lik. shipped (s.e.)     true slope  true    wanted")
    for place in (*simulated(), *real()):
        report(place, draws)


def report(place: Place, draws: int) -> None:
    """One row: mean errors, and whether they are what is wanted."""
    errors = [errors_of(place, np.random.default_rng([7, draw])) for draw in range(draws)]
    plain, likelihood, ours, best, true = np.mean(errors, axis=0)
    spread = np.std(errors, axis=0)[2] / np.sqrt(draws)
    third = "yes" if ours <= plain / 3 else f"no ({ours / plain:.2f})"
    close = (
        "yes" if ours <= true + CLOSE else f"no (+{ours - true:.4f}, at best +{best - true:.4f})"
    )
    print(
        f"  {place.name:48} {plain:.4f}  {likelihood:.4f}   {ours:.4f} ({spread:.4f})  {best:.4f}"
        f"      {true:.4f}  <= a third: {third}; within {CLOSE} of true: {close}",
        flush=True,
    )


def errors_of(place: Place, rng: np.random.Generator) -> list[float]:
    """ECE of the plain model, maximum likelihood, RiskModel.recalibrate, the true slope with an
    estimated intercept, and the true parameters."""
    drawn, rest = draw(place, rng)
    X, y = place.X.iloc[drawn], place.y[drawn].astype(float)
    judged, labels = place.apart or (place.X.iloc[rest], place.y[rest])
    moved = copy.copy(place.model)
    moved.recalibrate(X, y.astype(int), groups=place.clusters[drawn])
    before, score = log_odds(place.model, X), log_odds(place.model, judged)
    known = place.truth.slope
    maps = [
        CalibrationMap(),
        likelihood(before, y),
        None,
        CalibrationMap(fit_intercept(before, y, np.ones(len(y)), known), known),
        place.truth,
    ]
    said = [
        moved.predict_proba(judged)[:, 1] if m is None else chance(m.logit(score)) for m in maps
    ]
    return [debiased_ece(labels, one) for one in said]


def draw(place: Place, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of clusters in random order until they hold EVENTS events, and the rest."""
    _, number = np.unique(place.clusters, return_inverse=True)
    position = rng.permutation(number.max() + 1)[number]
    order = np.argsort(position, kind="stable")
    reached = np.searchsorted(np.cumsum(place.y[order]), EVENTS)
    last = position[order[reached]]
    return np.flatnonzero(position <= last), np.flatnonzero(position > last)


def likelihood(score: Floats, y: Floats) -> CalibrationMap:
    """Intercept and slope by maximum likelihood."""
    found = LogisticRegression(C=np.inf, tol=1e-8).fit(score[:, None], y)
    return CalibrationMap(float(found.intercept_[0]), float(found.coef_[0, 0]))


def log_odds(model: RiskModel, X: pd.DataFrame) -> Floats:
    """Calibrated log-odds of rows."""
    return model.calibration_.logit(model.decision_function(X))


def simulated() -> Iterator[Place]:
    """Places that differ from a simulated one by a shift and a factor of the log-odds."""
    for rate in (0.05, 0.1):
        rng = np.random.default_rng(1)
        X = people(rng, LEARNT)
        start = fit_intercept(harm(X), np.full(len(X), rate), np.ones(len(X)))
        model = RiskModel(random_state=0).fit(X, happens(rng, start + harm(X)))
        for times in (0.5, 2.0):
            for slope in (1.0, 0.7):
                yield new_place(rng, model, rate, times, slope, start)


def new_place(
    rng: np.random.Generator,
    model: RiskModel,
    rate: float,
    times: float,
    slope: float,
    start: float,
) -> Place:
    """True log-odds there: shift + slope times those of the first place."""
    far = people(rng, JUDGED)
    there = slope * (start + harm(far))
    shift = fit_intercept(there, np.full(JUDGED, rate * times), np.ones(JUDGED))
    near = people(rng, OFFERED)
    y = happens(rng, shift + slope * (start + harm(near)))
    return Place(
        f"simulated {rate:.0%} to {rate * times:.1%}, slope {slope:g}",
        model,
        near,
        y,
        np.arange(OFFERED),
        CalibrationMap(shift, slope),
        (far, happens(rng, shift + there)),
    )


def people(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Eight yes/no features, an amount, an age and a word."""
    yes = rng.random((rows, 8)) < np.array([0.35, 0.25, 0.2, 0.3, 0.15, 0.1, 0.4, 0.5])
    return (
        pd.DataFrame(yes.astype(float))
        .add_prefix("yes_")
        .assign(
            days=rng.exponential(30, rows),
            age=rng.integers(0, 18, rows).astype(float),
            work=rng.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]),
        )
    )


def harm(X: pd.DataFrame) -> Floats:
    """Their true log-odds, up to a shift."""
    weights = np.array([0.9, 0.6, 0.5, 0.4, 0.7, -0.5, 0.2, 0.0])
    found = X.filter(like="yes_").to_numpy() @ weights
    found = found + 0.8 * np.minimum(X["days"], 90) / 90 + 0.6 * (X["age"] < 6)
    return np.asarray(found + X["work"].map({"a": 0.0, "b": 0.3, "c": 0.8}), dtype=float)


def happens(rng: np.random.Generator, score: Floats) -> np.ndarray:
    """Labels drawn from log-odds."""
    return (rng.random(len(score)) < chance(score)).astype(int)


def real() -> Iterator[Place]:
    """Public tables: another sex, age, region or kind of hospital as the other place."""
    for move in moves():
        yield real_place(move)


def real_place(move: Move) -> Place:
    """The model of one place, and the best map of its log-odds in the other."""
    problem, here, there = move.problem, move.here, move.there
    groups = problem.groups if problem.groups is not None else np.arange(len(problem.y))
    model = RiskModel(note_column=problem.note, random_state=0)
    model.fit(problem.X.iloc[here], problem.y[here], groups=groups[here])
    X, y = problem.X.iloc[there], problem.y[there]
    truth = likelihood(log_odds(model, X), y.astype(float))
    rates = f"{problem.y[here].mean():.0%} to {y.mean():.0%}, slope {truth.slope:.2g}"
    return Place(f"{move.name}, {rates}", model, X, y, groups[there], truth)


if __name__ == "__main__":
    main()

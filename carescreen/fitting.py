"""Fitting step tables: penalised logistic regression on steps, starting from a prior model.

Each feature becomes steps (one per edge), a missing level and, for words, one level each. The
change from the prior is fitted by maximum a posteriori: a step's change is normal around 0 with the
prior's spread, so with few events the model stays at the prior and with many the data decide
(Held et al., BMC Med Res Methodol 2012;12:99 found this to cope best with prior-data conflict).
Monotone directions are bounds on prior + change. The problem is convex: it has one solution,
found by projected Newton steps (Bertsekas, SIAM J Control Optim 1982;20:221-246).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.calibration import Floats, Rows, chance, log_loss
from carescreen.steps import (
    MICRO,
    AdditiveTables,
    StepTable,
    UnusableTable,
    category_words,
    is_category,
    number_values,
)

BINS = 24  # most levels of a numeric feature
RARE_CATEGORY = 5  # a word of fewer rows scores as missing: too few to tell
DEFAULT_SPREAD = 1.0  # log-odds between the lowest and the highest level, where no prior says
SPREADS = (0.25, 0.5, 1.0, 2.0)  # multiples of the spread that cross-fitting chooses among
FEW_EVENTS_SPREAD = 0.5  # the multiple used when there are too few events to choose
NEWTON_STEPS = 200


@dataclass(frozen=True)
class Basis:
    """How one feature's levels move with its parameters.

    prior: weight (log-odds) of each level before fitting, the missing level last. look_up: matrix
    (levels, parameters), so that prior + look_up @ parameters are the levels' fitted weights.
    precision: 1 / variance of each parameter. lower: least value that keeps the declared direction.
    """

    table: StepTable
    prior: Floats
    look_up: Floats
    precision: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Tally:
    """Rows with the same codes and label, counted once with their summed weight."""

    codes: NDArray[np.intp]
    y: Floats
    weight: Floats


@dataclass(frozen=True)
class Fitted:
    """Parameters of a fit: the intercept's change first, then each feature's."""

    parameters: Floats
    bases: tuple[Basis, ...]

    def level_changes(self) -> list[Floats]:
        """Change of each level of each feature, log-odds."""
        ends = np.cumsum([1, *(basis.look_up.shape[1] for basis in self.bases)])
        return [
            basis.look_up @ self.parameters[start:end]
            for basis, (start, end) in zip(self.bases, pairwise(ends), strict=True)
        ]

    def logit(self, codes: NDArray[np.intp], base: float) -> Floats:
        """Log-odds of rows, given their codes and the prior's intercept."""
        score = np.full(len(codes), base + self.parameters[0])
        for column, basis, change in zip(codes.T, self.bases, self.level_changes(), strict=True):
            score += (basis.prior + change)[column]
        return score


def build_bases(
    X: pd.DataFrame, prior: AdditiveTables | None, monotone: Mapping[str, int], note: str | None
) -> tuple[Basis, ...]:
    """A basis for each column but the note; a feature of the prior keeps its edges and words."""
    known = {table.name: table for table in prior.features} if prior else {}
    return tuple(
        _basis(X[name], known.get(str(name)), monotone.get(str(name)))
        for name in X.columns
        if name != note
    )


def _basis(column: pd.Series, prior: StepTable | None, direction: int | None) -> Basis:
    as_words = prior.type == "category" if prior else is_category(column)
    if as_words:
        if direction:
            raise UnusableTable(
                f"column '{column.name}' holds words, which have no order; "
                f"take it out of `monotone`, or turn it into numbers"
            )
        return _category_basis(column, prior)
    return _number_basis(column, prior, direction)


def _spread(prior: StepTable | None) -> float:
    return prior.spread / MICRO if prior and prior.spread else DEFAULT_SPREAD


def _number_basis(column: pd.Series, prior: StepTable | None, direction: int | None) -> Basis:
    values = number_values(column)
    old = prior or StepTable(str(column.name), "number", (0,))
    edges = np.union1d(_edges(values), np.asarray(old.edges, dtype=np.float64))
    sign = old.monotone if direction is None else cast(Literal[-1, 0, 1], direction)
    table = replace(
        old,
        edges=tuple(edges.tolist()),
        weights=(0,) * (len(edges) + 1),
        monotone=sign,
        title=old.title or {"en": old.name, "zh": old.name},
    )
    counts = np.bincount(table.codes(column), minlength=len(edges) + 2)
    levels = np.searchsorted(np.asarray(old.edges), [*edges, np.inf], side="left")
    before = np.append(old.look_up[levels], old.missing) / MICRO
    steps = np.tril(np.ones((len(edges) + 1, len(edges))), -1)
    centred = steps - (counts[:-1] @ steps) / max(int(counts[:-1].sum()), 1)
    look_up = np.vstack([centred, np.zeros(len(edges))])
    rise = np.diff(before[:-1])
    precision = np.full(len(edges), len(edges) / _spread(prior) ** 2)
    basis = Basis(
        table,
        before,
        look_up,
        precision,
        -rise if sign > 0 else np.full(len(edges), -np.inf),
        -rise if sign < 0 else np.full(len(edges), np.inf),
    )
    return _with_missing(basis, int(counts[-1]), len(values), _spread(prior))


def _edges(values: Floats) -> Floats:
    """Cuts midway between neighbouring values: all of them if few, else at quantiles."""
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if len(distinct) < 2:
        return np.empty(0)
    cuts = distinct[:-1] / 2.0 + distinct[1:] / 2.0  # halves first: no overflow
    if len(cuts) >= BINS:
        share = np.cumsum(counts)[:-1] / counts.sum()
        wanted = np.arange(1, BINS) / BINS
        cuts = cuts[np.unique(np.searchsorted(share, wanted).clip(max=len(cuts) - 1))]
    return np.unique(cuts)


def _category_basis(column: pd.Series, prior: StepTable | None) -> Basis:
    words, positions = category_words(column)
    counts = np.bincount(positions[positions >= 0], minlength=len(words))
    frequent = [word for word, count in zip(words, counts, strict=True) if count >= RARE_CATEGORY]
    old = prior or StepTable(str(column.name), "category", ())
    levels = (*old.levels, *(word for word in frequent if word not in old.levels))
    table = replace(
        old,
        levels=levels,
        weights=(0,) * len(levels),
        title=old.title or {"en": old.name, "zh": old.name},
    )
    fresh = len(levels) - len(old.levels)
    before = np.array([*old.weights, *[0] * fresh, old.missing]) / MICRO
    varies = len(words) > 1 or (positions < 0).any()
    look_up = np.vstack([np.eye(len(levels)), np.zeros(len(levels))])[:, : len(levels) * varies]
    precision = np.full(look_up.shape[1], 1.0 / _spread(prior) ** 2)
    free = np.full(look_up.shape[1], np.inf)
    basis = Basis(table, before, look_up, precision, -free, free)
    rare = int(counts.sum()) - sum(counts[words.index(word)] for word in frequent)
    missing = int((positions < 0).sum()) + rare
    return _with_missing(basis, missing, len(positions), _spread(prior))


def _with_missing(basis: Basis, missing: int, rows: int, spread: float) -> Basis:
    """Add the missing level's own parameter, if some rows are missing and some are not."""
    if missing in (0, rows):
        return basis
    own = np.zeros((len(basis.look_up), 1))
    own[-1] = 1.0
    return replace(
        basis,
        look_up=np.hstack([basis.look_up, own]),
        precision=np.append(basis.precision, 1.0 / spread**2),
        lower=np.append(basis.lower, -np.inf),
        upper=np.append(basis.upper, np.inf),
    )


def codes_of(X: pd.DataFrame, bases: Sequence[Basis]) -> NDArray[np.intp]:
    """Level of every row in every feature, (n, features)."""
    columns = [_quiet_codes(basis.table, X[basis.table.name]) for basis in bases]
    return np.column_stack(columns) if columns else np.empty((len(X), 0), dtype=np.intp)


def _quiet_codes(table: StepTable, column: pd.Series) -> NDArray[np.intp]:
    """Codes in training, where a rare word is meant to score as missing."""
    if table.type == "category":
        column = column.astype(object).where(column.astype(str).isin(table.levels))
    return table.codes(column)


def together(codes: NDArray[np.intp], y: Floats, weight: Floats) -> Tally:
    """Rows of equal codes and label added up; sorted, so that row order leaves no trace."""
    keys = np.column_stack([codes, y.astype(np.intp)])
    distinct, place = np.unique(keys, axis=0, return_inverse=True)
    summed = np.bincount(place.ravel(), weight, minlength=len(distinct))
    return Tally(distinct[:, :-1], distinct[:, -1].astype(np.float64), summed.astype(np.float64))


def fit_steps(
    tally: Tally,
    bases: tuple[Basis, ...],
    base: float,
    multiple: float,
    start: Fitted | None = None,
) -> Fitted:
    """The most probable change from the prior, with its spreads times `multiple`."""
    problem = _Problem(tally, bases, base, multiple)
    first = start.parameters if start else np.zeros(len(problem.precision))
    return Fitted(problem.solve(first), bases)


class _Problem:
    """The penalised likelihood of one fit, with its bounds."""

    def __init__(
        self, tally: Tally, bases: tuple[Basis, ...], base: float, multiple: float
    ) -> None:
        self.tally, self.bases = tally, bases
        self.offset = base + sum(
            (basis.prior[column] for basis, column in zip(bases, tally.codes.T, strict=True)),
            np.zeros(len(tally.y)),
        )
        self.columns = [np.ascontiguousarray(column) for column in tally.codes.T]
        own = [basis.precision / multiple**2 for basis in bases]
        self.precision = np.concatenate([[0.0], *own])
        self.lower = np.concatenate([[-np.inf], *(basis.lower for basis in bases)])
        self.upper = np.concatenate([[np.inf], *(basis.upper for basis in bases)])

    def solve(self, start: Floats) -> Floats:
        theta = np.clip(start, self.lower, self.upper)
        tolerance = 1e-11 * self.tally.weight.sum()
        value = self.value(theta)
        for _ in range(NEWTON_STEPS):
            gradient, curvature = self.derivatives(theta)
            held = ((theta <= self.lower) & (gradient > 0)) | (
                (theta >= self.upper) & (gradient < 0)
            )
            free = np.flatnonzero(~held)
            if np.abs(gradient[free]).max(initial=0.0) <= tolerance:
                break
            step = np.zeros_like(theta)
            step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
            moved = self._search(theta, step, gradient, value)
            if moved is None:
                break
            theta, value = moved
        return theta

    def _search(
        self, theta: Floats, step: Floats, gradient: Floats, value: float
    ) -> tuple[Floats, float] | None:
        """Halve the projected step until it lowers the loss enough (Armijo)."""
        for power in range(40):
            candidate = np.clip(theta - step / 2.0**power, self.lower, self.upper)
            new = self.value(candidate)
            if new < value - 1e-4 * max(float(gradient @ (theta - candidate)), 0.0):
                return candidate, new
        return None

    def value(self, theta: Floats) -> float:
        logit = self._logit(theta)
        loss = self.tally.weight @ (np.logaddexp(0.0, logit) - self.tally.y * logit)
        return float(loss + 0.5 * (self.precision @ theta**2))

    def _logit(self, theta: Floats) -> Floats:
        logit: Floats = self.offset + theta[0]
        changes = Fitted(theta, self.bases).level_changes()
        for column, change in zip(self.columns, changes, strict=True):
            logit += change[column]
        return logit

    def derivatives(self, theta: Floats) -> tuple[Floats, Floats]:
        """Gradient and curvature, from sums over levels and pairs of levels: no wide matrix."""
        p = chance(self._logit(theta))
        residual = self.tally.weight * (p - self.tally.y)
        informative = self.tally.weight * p * (1.0 - p)
        gradient = self.precision * theta
        gradient[0] += residual.sum()
        curvature = np.diag(self.precision + 1e-12)
        curvature[0, 0] += informative.sum()
        for basis, column, place in self._features():
            levels = len(basis.look_up)
            gradient[place] += basis.look_up.T @ np.bincount(column, residual, levels)
            cross = basis.look_up.T @ np.bincount(column, informative, levels)
            curvature[0, place] = curvature[place, 0] = cross
        self._add_pairs(curvature, informative)
        return gradient, curvature

    def _features(self) -> list[tuple[Basis, NDArray[np.intp], slice]]:
        ends = np.cumsum([1, *(basis.look_up.shape[1] for basis in self.bases)])
        places = [slice(start, end) for start, end in pairwise(ends)]
        return list(zip(self.bases, self.columns, places, strict=True))

    def _add_pairs(self, curvature: Floats, informative: Floats) -> None:
        features = self._features()
        for number, (one, column, place) in enumerate(features):
            for other, column2, place2 in features[: number + 1]:
                levels, levels2 = len(one.look_up), len(other.look_up)
                pairs = np.bincount(column * levels2 + column2, informative, levels * levels2)
                block = one.look_up.T @ pairs.reshape(levels, levels2) @ other.look_up
                curvature[place, place2] += block
                if one is not other:
                    curvature[place2, place] += block.T


@dataclass(frozen=True)
class Choice:
    """The multiple of the spread that did best out of sample, and the scores it gave there.

    out_of_fold: log-odds[n], NaN for rows that no fold tested. losses: mean log loss by multiple.
    models: one fitted model a fold.
    """

    multiple: float
    out_of_fold: Floats
    losses: dict[float, float]
    models: tuple[Fitted, ...]


def cross_fit(
    codes: NDArray[np.intp],
    y: Floats,
    weight: Floats,
    bases: tuple[Basis, ...],
    base: float,
    folds: Sequence[tuple[Rows, Rows]],
    multiples: Sequence[float],
) -> Choice:
    """Score each fold's test rows with a model of its training rows, for each multiple."""
    scores = {multiple: np.full(len(y), np.nan) for multiple in multiples}
    models: dict[float, list[Fitted]] = {multiple: [] for multiple in multiples}
    for train, test in folds:
        tally = together(codes[train], y[train], weight[train])
        fitted: Fitted | None = None
        for multiple in multiples:
            fitted = fit_steps(tally, bases, base, multiple, fitted)
            scores[multiple][test] = fitted.logit(codes[test], base)
            models[multiple].append(fitted)
    tested = ~np.isnan(scores[multiples[0]])
    losses = {
        multiple: log_loss(score[tested], y[tested], weight[tested]) if tested.any() else np.inf
        for multiple, score in scores.items()
    }
    best = min(multiples, key=lambda multiple: losses[multiple])
    return Choice(best, scores[best], losses, tuple(models[best]))


def step_tables(fitted: Fitted, base: float, intercept: float, slope: float) -> AdditiveTables:
    """The fitted model as integer tables, with its calibration put into the weights.

    Rounding keeps the order of two weights, so a monotone table stays monotone. A yes/no feature
    is written with 0 for "no", the rest goes to the intercept; others are 0 on average.
    """
    tables = [
        _rounded(basis, (basis.prior + change) * slope)
        for basis, change in zip(fitted.bases, fitted.level_changes(), strict=True)
    ]
    start = round((intercept + slope * (base + float(fitted.parameters[0]))) * MICRO)
    shifts = [_zero_of(table) for table in tables]
    moved = (_moved(table, shift) for table, shift in zip(tables, shifts, strict=True))
    return AdditiveTables(start + sum(shifts), tuple(moved))


def _rounded(basis: Basis, levels: Floats) -> StepTable:
    steps = levels[:-1]
    if basis.table.monotone > 0:
        steps = np.maximum.accumulate(steps)
    elif basis.table.monotone < 0:
        steps = np.minimum.accumulate(steps)
    weights = [round(float(value) * MICRO) for value in steps]
    return replace(basis.table, weights=tuple(weights), missing=round(float(levels[-1]) * MICRO))


def _zero_of(table: StepTable) -> int:
    return table.weights[0] if table.type == "number" and len(table.weights) == 2 else 0


def _moved(table: StepTable, shift: int) -> StepTable:
    weights = tuple(weight - shift for weight in table.weights)
    return replace(table, weights=weights, missing=table.missing - shift)

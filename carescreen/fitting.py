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

from carescreen.calibration import Floats, chance
from carescreen.steps import (
    MAX_ERROR,
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
NEWTON_STEPS = 200
NEAR = 1e-5  # log-odds: from here one Newton step leaves an error of about its square
WIDE = 10_000_000  # most numbers of a design matrix that is written out whole


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
    """Rows to fit; those of the same codes and label may be counted once with their summed weight.

    offset: log-odds[n] that something else adds to each row's score, 0 where nothing does.
    """

    codes: NDArray[np.intp]
    y: Floats
    weight: Floats
    offset: Floats | float = 0.0


@dataclass(frozen=True)
class Levels:
    """A model before it is rounded: the intercept, and the weight (log-odds) of each level of each
    feature, the missing level last."""

    intercept: float
    weights: tuple[Floats, ...]

    def logit(self, codes: NDArray[np.intp]) -> Floats:
        """Log-odds of rows, given the codes of their levels."""
        score = np.full(len(codes), self.intercept)
        for column, weights in zip(codes.T, self.weights, strict=True):
            score += weights[column]
        return score


@dataclass(frozen=True)
class Fitted:
    """Parameters of a fit: the intercept's change first, then each feature's; `base` is the
    prior's intercept."""

    parameters: Floats
    bases: tuple[Basis, ...]
    base: float

    def changes(self) -> list[Floats]:
        """Change of each level of each feature, log-odds."""
        ends = np.cumsum([1, *(basis.look_up.shape[1] for basis in self.bases)])
        return [
            basis.look_up @ self.parameters[start:end]
            for basis, (start, end) in zip(self.bases, pairwise(ends), strict=True)
        ]

    @property
    def levels(self) -> Levels:
        """What the fit comes to."""
        weights = (b.prior + change for b, change in zip(self.bases, self.changes(), strict=True))
        return Levels(self.base + float(self.parameters[0]), tuple(weights))

    def logit(self, codes: NDArray[np.intp]) -> Floats:
        """Log-odds of rows, given the codes of their levels."""
        return self.levels.logit(codes)


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
    return Fitted(problem.solve(first), bases, base)


def level_variances(tally: Tally, fitted: Fitted, multiple: float) -> tuple[Floats, ...]:
    """Variance of each level's weight, log-odds squared, around its feature's mean over the rows.

    Laplace's approximation: the inverse curvature of the penalised likelihood at its top. The mean
    over all rows is left out: how well the rate is known is for the calibration to say.
    """
    problem = _Problem(tally, fitted.bases, fitted.base, multiple)
    curvature = problem.derivatives(fitted.parameters)[1]
    covariance: Floats = np.linalg.pinv(curvature, hermitian=True).astype(np.float64)
    ends = np.cumsum([1, *(basis.look_up.shape[1] for basis in fitted.bases)])
    return tuple(
        _variances(basis, covariance[start:end, start:end], column, tally.weight, multiple)
        for basis, column, (start, end) in zip(
            fitted.bases, tally.codes.T, pairwise(ends), strict=True
        )
    )


def _variances(
    basis: Basis, covariance: Floats, column: NDArray[np.intp], weight: Floats, multiple: float
) -> Floats:
    look_up = basis.look_up
    share = np.bincount(column, weight, len(look_up)) / weight.sum()
    centred = look_up - share @ look_up
    variances: Floats = np.einsum("lp,pq,lq->l", centred, covariance, centred)
    if share[-1] == 0.0 and not look_up[-1].any():  # nothing was missing: as open as beforehand
        variances[-1] += (multiple * _spread(basis.table)) ** 2
    return np.maximum(variances, 0.0)


def scaled(basis: Basis, strength: float) -> Basis:
    """The basis with its prior's weights times `strength`."""
    return replace(
        basis,
        prior=basis.prior * strength,
        lower=_times(basis.lower, strength),
        upper=_times(basis.upper, strength),
    )


def _times(bound: Floats, strength: float) -> Floats:
    """A finite bound times `strength`; no bound stays none."""
    finite = np.isfinite(bound)
    return np.where(finite, np.where(finite, bound, 0.0) * strength, bound)


def _fits(bases: Sequence[Basis], rows: int) -> bool:
    wide: int = sum(basis.look_up.shape[1] for basis in bases)
    return rows * wide <= WIDE


def _design(bases: Sequence[Basis], columns: Sequence[NDArray[np.intp]]) -> Floats:
    """What each parameter adds to each row, (rows, parameters)."""
    parts = [basis.look_up[column] for basis, column in zip(bases, columns, strict=True)]
    return np.hstack(parts) if parts else np.empty((0, 0))


class _Problem:
    """The penalised likelihood of one fit, with its bounds."""

    def __init__(
        self, tally: Tally, bases: tuple[Basis, ...], base: float, multiple: float
    ) -> None:
        self.tally, self.bases = tally, bases
        self.offset = sum(
            (basis.prior[column] for basis, column in zip(bases, tally.codes.T, strict=True)),
            np.zeros(len(tally.y)) + base + tally.offset,
        )
        self.columns = [np.ascontiguousarray(column) for column in tally.codes.T]
        self.design = _design(bases, self.columns) if _fits(bases, len(tally.y)) else None
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
            step = np.zeros_like(theta)
            step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
            if np.abs(gradient[free]).max(initial=0.0) <= tolerance:
                # One step more: its error is the square of the last, far below a millionth.
                return np.clip(theta - step, self.lower, self.upper)
            moved = self._search(theta, step, gradient, value)
            if moved is None:
                # So near that the loss, to a float's last bits, tells no better from worse.
                near = np.abs(step).max(initial=0.0) < NEAR
                return np.clip(theta - step, self.lower, self.upper) if near else theta
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
        changes = Fitted(theta, self.bases, 0.0).changes()
        for column, change in zip(self.columns, changes, strict=True):
            logit += change[column]
        return logit

    def derivatives(self, theta: Floats) -> tuple[Floats, Floats]:
        """Gradient and curvature; many rows are summed over pairs of levels, without a wide matrix.

        The curvature only shapes the steps: where they end is told by the gradient alone.
        """
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
        if self.design is not None:
            curvature[1:, 1:] += self.design.T @ (informative[:, None] * self.design)
        else:
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


def step_tables(
    bases: Sequence[Basis],
    levels: Levels,
    variances: Sequence[Floats],
    intercept: float,
    slope: float,
) -> AdditiveTables:
    """The fitted model as integer tables, with its calibration put into the weights.

    Rounding keeps the order of two weights, so a monotone table stays monotone. A yes/no feature
    is written with 0 for "no", the rest goes to the intercept; others are 0 on average.
    """
    tables = [
        _rounded(basis, weights * slope, np.sqrt(variance) * slope)
        for basis, weights, variance in zip(bases, levels.weights, variances, strict=True)
    ]
    start = round((intercept + slope * levels.intercept) * MICRO)
    shifts = [_zero_of(table) for table in tables]
    moved = (_moved(table, shift) for table, shift in zip(tables, shifts, strict=True))
    return AdditiveTables(start + sum(shifts), tuple(moved))


def _rounded(basis: Basis, levels: Floats, errors: Floats) -> StepTable:
    steps = levels[:-1]
    if basis.table.monotone > 0:
        steps = np.maximum.accumulate(steps)
    elif basis.table.monotone < 0:
        steps = np.minimum.accumulate(steps)
    return replace(
        basis.table,
        weights=tuple(round(float(value) * MICRO) for value in steps),
        missing=round(float(levels[-1]) * MICRO),
        errors=tuple(min(round(float(value) * MICRO), MAX_ERROR) for value in errors),
    )


def _zero_of(table: StepTable) -> int:
    return table.weights[0] if table.type == "number" and len(table.weights) == 2 else 0


def _moved(table: StepTable, shift: int) -> StepTable:
    weights = tuple(weight - shift for weight in table.weights)
    return replace(table, weights=weights, missing=table.missing - shift)

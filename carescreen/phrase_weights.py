"""Weights of phrases within workers: ridge logistic regression with an intercept for each worker.

The score of the step tables is the offset. Weights lie between 0 and a bound, so a phrase can only
raise; a worker's intercept takes what is her habit, and is thrown away. The problem is convex; it is
solved by projected Newton steps in which the workers' intercepts are eliminated (their part of the
curvature is diagonal).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from carescreen.calibration import Floats, chance
from carescreen.within import Codes, indicator

SHIFT_SPREAD = 3.0  # log-odds; keeps a worker's intercept finite where all rows have one label
NEWTON_STEPS = 100
HALVINGS = 40


def weights_within(
    matrix: Any,
    offset: Floats,
    y: Floats,
    weight: Floats,
    worker: Codes,
    spread: float,
    most: float,
) -> Floats:
    """Weights of phrases, log-odds within [0, most], float64[m].

    matrix: sparse 0/1 (rows, phrases). offset: log-odds[n]. worker: integers, any. spread: standard
    deviation of a weight before the data, log-odds.
    """
    _, own = np.unique(worker, return_inverse=True)
    problem = _Problem(matrix.tocsr(), offset, y, weight, own, spread, most)
    return problem.solve()


@dataclass(frozen=True, repr=False)
class _Problem:
    """The penalised likelihood of weights and of one shift a worker."""

    matrix: Any
    offset: Floats
    y: Floats
    weight: Floats
    worker: Codes
    spread: float
    most: float

    def solve(self) -> Floats:
        shift = np.zeros(int(self.worker.max(initial=-1)) + 1)
        weights = np.zeros(self.matrix.shape[1])
        value = self.value(shift, weights)
        by_worker = indicator(self.worker)
        for _ in range(NEWTON_STEPS):
            step = self.step(by_worker, shift, weights)
            for halved in 0.5 ** np.arange(HALVINGS):
                next_shift = shift - halved * step[0]
                next_weights = np.clip(weights - halved * step[1], 0.0, self.most)
                lower = self.value(next_shift, next_weights)
                if lower < value:
                    break
            else:
                break
            shift, weights, gain, value = next_shift, next_weights, value - lower, lower
            if gain < 1e-12 * abs(value):
                break
        return weights

    def value(self, shift: Floats, weights: Floats) -> float:
        logit = self.offset + shift[self.worker] + self.matrix @ weights
        loss = self.weight @ (np.logaddexp(0.0, logit) - self.y * logit)
        penalty = shift @ shift / SHIFT_SPREAD**2 + weights @ weights / self.spread**2
        return float(loss + 0.5 * penalty)

    def step(self, by_worker: Any, shift: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Newton's step of the shifts and of the weights that are free to move."""
        from scipy.sparse import diags_array  # type: ignore[import-untyped]  # no stubs

        p = chance(self.offset + shift[self.worker] + self.matrix @ weights)
        residual, informative = self.weight * (p - self.y), self.weight * p * (1.0 - p)
        bent = diags_array(informative) @ self.matrix
        of_shift = by_worker @ residual + shift / SHIFT_SPREAD**2
        own = by_worker @ informative + SHIFT_SPREAD**-2
        both = (by_worker @ bent).toarray()
        slope = self.matrix.T @ residual + weights / self.spread**2
        reduced = slope - both.T @ (of_shift / own)
        curved = (self.matrix.T @ bent).toarray() - both.T @ (both / own[:, None])
        curved += np.eye(len(weights)) / self.spread**2
        at_bound = ((weights <= 0.0) & (reduced > 0)) | ((weights >= self.most) & (reduced < 0))
        free = np.flatnonzero(~at_bound)
        moved = np.zeros_like(weights)
        moved[free] = np.linalg.solve(curved[np.ix_(free, free)], reduced[free])
        return (of_shift - both @ moved) / own, moved

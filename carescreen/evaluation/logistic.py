"""Logistic regressions that calibration is measured with, and their draws in one step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carescreen.calibration import chance, log_loss
from carescreen.evaluation.metrics import Codes, Flags, Floats

STEPS = 25
ENDED = 1e-6  # log-odds that the last step moves any row; the next would move 1e-12
LEAST_LOGIT, MOST_LOGIT = -30.0, 30.0  # of probabilities 0 and 1


def logit(probability: Floats) -> Floats:
    """Log-odds of probabilities; of 0 and 1 those of 1e-13 from them."""
    with np.errstate(divide="ignore"):
        found = np.log(probability) - np.log1p(-probability)
    return np.asarray(np.clip(found, LEAST_LOGIT, MOST_LOGIT))


@dataclass(frozen=True)
class Fit:
    """A fitted logistic regression: design[n, k], coefficients[k] (NaN where there are none), and
    what each row adds to the score and to the information (k + k * k totals, a row a column)."""

    design: Floats
    coefficients: Floats
    totals: Floats

    def redrawn(self, sums: Floats) -> Floats:
        """Coefficients (k, draws) of draws, from their totals (k + k * k, draws).

        One Newton step from the fit, in place of fitting every draw anew: Moulton & Zeger, Comput
        Stat Data Anal 1991;11:53-63. Of the rows as they are it is the fit itself.
        """
        k = len(self.coefficients)
        information = sums[k:].T.reshape(-1, k, k)
        usable = np.linalg.cond(information) < 1e12
        information[~usable] = np.eye(k)
        step = np.linalg.solve(information, sums[:k].T[:, :, None])[:, :, 0]
        step[~usable] = np.nan
        return np.asarray((self.coefficients + step).T)

    def covariance(self, cluster: Codes) -> Floats:
        """Covariance (k, k), robust to likeness inside clusters (sandwich; Liang & Zeger,
        Biometrika 1986;73:13-22)."""
        k = len(self.coefficients)
        inverse = np.linalg.pinv(self.totals[k:].sum(axis=1).reshape(k, k))
        sums = np.stack([np.bincount(cluster, row) for row in self.totals[:k]])
        few = len(sums[0]) / max(len(sums[0]) - 1, 1)
        return np.asarray(inverse @ (sums @ sums.T * few) @ inverse)


def fit(design: Floats, offset: Floats, event: Flags, weight: Floats) -> Fit:
    """Maximum likelihood by Newton's steps, each halved until it helps. Where steps never end, the
    labels are separated and there is no estimate."""
    beta = np.zeros(design.shape[1])
    y, loss, moved = event.astype(np.float64), np.inf, np.inf
    for _ in range(STEPS):
        p = chance(offset + design @ beta)
        information = (design * (weight * p * (1.0 - p))[:, None]).T @ design
        step = np.linalg.lstsq(information, design.T @ (weight * (y - p)), rcond=None)[0]
        while (new := log_loss(offset + design @ (beta + step), y, weight)) > loss + 1e-15:
            step = step / 2.0
        beta, loss, moved = beta + step, new, float(np.abs(design @ step).max())
        if moved < ENDED:
            break
    if not moved < ENDED:
        beta = np.full_like(beta, np.nan)
    return Fit(design, beta, _totals(design, chance(offset + design @ beta), y, weight))


def _totals(design: Floats, p: Floats, y: Floats, weight: Floats) -> Floats:
    score = design * (weight * (y - p))[:, None]
    pairs = design[:, :, None] * design[:, None, :]
    information = pairs * (weight * p * (1.0 - p))[:, None, None]
    return np.ascontiguousarray(np.hstack([score, information.reshape(len(y), -1)]).T)

"""What the benchmarks of the model measure by: losses, calibration, and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import ndtr
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer

from carescreen.calibration import calibration_slope

DRAWS = 2_000
BINS = 10
Measure = Callable[[np.ndarray, np.ndarray], float]


def logit(chance: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities."""
    return np.log(chance / (1 - chance))


def log_loss(y: np.ndarray, chance: np.ndarray) -> float:
    """Mean negative log-likelihood; y may be labels or true probabilities."""
    return float(-np.mean(y * np.log(chance) + (1 - y) * np.log1p(-chance)))


def brier(y: np.ndarray, chance: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.mean((chance - y) ** 2))


def auroc(y: np.ndarray, chance: np.ndarray) -> float:
    """Area under the ROC curve by ranks; NaN where only one label came."""
    events = int(y.sum())
    if events in (0, len(y)):
        return float("nan")
    _, place, counts = np.unique(chance, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((rank[y == 1].sum() - events * (events + 1) / 2) / (events * (len(y) - events)))


def slope(y: np.ndarray, chance: np.ndarray) -> float:
    """Calibration slope; NaN where there is none."""
    if not 0 < y.mean() < 1 or np.ptp(chance) < 1e-9:
        return float("nan")
    return calibration_slope(y.astype(float), logit(chance))


def observed_over_expected(y: np.ndarray, chance: np.ndarray) -> float:
    """Events over the sum of probabilities."""
    return float(y.sum() / chance.sum())


def ici(y: np.ndarray, chance: np.ndarray) -> float:
    """Integrated calibration index: mean distance from a smooth of outcome on log-odds.

    Austin and Steyerberg, Stat Med 2019;38:4051. The smooth is a logistic regression on a
    cubic spline that is linear beyond its knots.
    """
    score = logit(chance)[:, None]
    if np.ptp(score) < 1e-9 or not 0 < y.mean() < 1:
        return float(abs(y.mean() - chance.mean()))
    spline = make_pipeline(
        SplineTransformer(4, knots="quantile", extrapolation="linear"),
        LogisticRegression(C=100, max_iter=2000),
    )
    smooth = spline.fit(score, y).predict_proba(score)[:, 1]
    return float(np.abs(smooth - chance).mean())


def debiased_ece(y: np.ndarray, chance: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error over bins of equally many rows, less what chance alone adds to it.

    Kumar, Liang and Ma, NeurIPS 2019 ("Verified uncertainty calibration") and their package: twice
    the plain estimate, less its mean where each bin's observed rate is drawn again from a normal
    distribution. That mean is known (a folded normal), so nothing is drawn here. The estimate is
    not truncated: it may fall below 0 where a model is calibrated. Some bias stays.
    """
    parts = np.array_split(np.argsort(chance, kind="stable"), bins)
    share = np.array([len(part) for part in parts]) / len(y)
    rate = np.array([y[part].mean() for part in parts])
    off = np.abs(rate - np.array([chance[part].mean() for part in parts]))
    error = np.sqrt(rate * (1 - rate) / (share * len(y)))
    scaled = np.divide(off, error, out=np.full(bins, np.inf), where=error > 0)
    folded = error * np.sqrt(2 / np.pi) * np.exp(-(scaled**2) / 2)
    folded = folded + off * (1 - 2 * ndtr(-scaled))
    return float(share @ (2 * off - folded))


def resamples(clusters: np.ndarray, draws: int = DRAWS) -> list[np.ndarray]:
    """Row numbers of each bootstrap draw: whole clusters with replacement."""
    rng = np.random.default_rng(0)
    number = pd.factorize(clusters)[0]
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(number.max() + 2))
    rows = [order[a:b] for a, b in pairwise(starts)]
    return [
        np.concatenate([rows[one] for one in rng.integers(0, len(rows), len(rows))])
        for _ in range(draws)
    ]


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Ends of the 95% interval of bootstrap draws, those without a value left out."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)

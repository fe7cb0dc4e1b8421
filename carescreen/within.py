"""What holds within workers: effects of phrases, AUROC, and recall where little is written.

How a worker writes differs between workers, and so does how many concerns she records; a phrase
that only tells whose note it is predicts well and says nothing of the child. Everything here
compares children of one worker, so that a worker's habits cancel out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carescreen.calibration import Floats, chance

Codes = NDArray[np.int64]

CHUNK = 256  # phrases at a time: bounds the table of households by phrases
NEWTON_STEPS = 50
DRAWS = 200  # bootstrap samples of households


@dataclass(frozen=True)
class Effects:
    """The effect of each phrase within workers, log-odds: estimate and standard error, float64[m].

    Sums of scores and of their variances can be added over parts of the rows, as cross-fitting does.
    """

    score: Floats
    information: Floats
    variance: Floats

    def __add__(self, other: Effects) -> Effects:
        return Effects(
            self.score + other.score,
            self.information + other.information,
            self.variance + other.variance,
        )

    @property
    def estimate(self) -> Floats:
        """One step from no effect: score over information; 0 where nothing can be told."""
        return _ratio(self.score, self.information)

    @property
    def error(self) -> Floats:
        """Standard error of the estimate; infinite where nothing can be told."""
        spread = np.sqrt(self.variance)
        return np.divide(
            spread, self.information, out=np.full_like(spread, np.inf), where=self.information > 0
        )

    @property
    def z(self) -> Floats:
        """Score over its standard deviation; 0 where nothing can be told."""
        return _ratio(self.score, np.sqrt(self.variance))

    def chance_above(self) -> Floats:
        """One-sided p-value of no effect against one that raises, float64[m]."""
        from scipy.special import ndtr  # type: ignore[import-untyped]  # no stubs

        values: Floats = ndtr(-self.z)
        return values


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return ratio


def effects_within(
    matrix: Any, offset: Floats, y: Floats, weight: Floats, worker: Codes, household: Codes
) -> Effects:
    """Score test of each phrase on top of an offset, with an intercept for every worker.

    matrix: sparse 0/1 (rows, phrases). offset: log-odds[n]. worker, household: integers from 0.
    Workers whose rows all have one label tell nothing and are left out. The variance is the larger
    of the model's and of one clustered by household (a child with several rows, brothers and
    sisters); each worker's rows count n / (n - 1) for the intercept that was fitted to them.
    """
    told = np.flatnonzero(_told(y, weight, worker))
    held = matrix[told].tocsc()
    y, weight = y[told], weight[told]
    _, worker = np.unique(worker[told], return_inverse=True)
    _, household = np.unique(household[told], return_inverse=True)
    p = chance(offset[told] + worker_intercepts(offset[told], y, weight, worker)[worker])
    size = np.bincount(worker).astype(np.float64)
    parts = _Rows(
        indicator(worker),
        indicator(household),
        residual=weight * (y - p),
        informative=weight * p * (1.0 - p),
        weight=weight,
        spare=(size / np.maximum(size - 1.0, 1.0))[worker],
    )
    found = [parts.effects(held[:, part]) for part in _chunks(held.shape[1])]
    return Effects(*(np.concatenate(columns) for columns in _columns(found)))


@dataclass(frozen=True, repr=False)
class _Rows:
    """What every phrase's effect needs of the rows; the first two sum rows by worker, household."""

    by_worker: Any
    by_house: Any
    residual: Floats
    informative: Floats
    weight: Floats
    spare: Floats

    def effects(self, held: Any) -> Effects:
        from scipy.sparse import diags_array  # type: ignore[import-untyped]  # no stubs

        carried = (self.by_worker @ diags_array(self.informative) @ held).toarray()
        total = (self.by_worker @ self.informative)[:, None]
        mean = carried / total
        counted = self.informative * self.weight * self.spare
        about = (self.by_worker @ diags_array(counted) @ held).toarray()
        summed = (self.by_worker @ counted)[:, None]
        by_model = (about - 2.0 * mean * about + mean**2 * summed).sum(axis=0)
        of_house = self.by_house @ diags_array(self.residual * np.sqrt(self.spare))
        own = (of_house @ held).toarray() - (of_house @ self.by_worker.T) @ mean
        return Effects(
            score=np.asarray(self.residual @ held),
            information=(carried - carried * mean).sum(axis=0),
            variance=np.maximum((own**2).sum(axis=0), by_model),
        )


def indicator(codes: Codes) -> Any:
    """Sparse 0/1 (groups, rows), which sums rows by group; codes from 0."""
    from scipy.sparse import csr_array

    shape = (int(codes.max(initial=-1)) + 1, len(codes))
    return csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=shape)


def _columns(parts: list[Effects]) -> tuple[list[Floats], list[Floats], list[Floats]]:
    none = np.zeros(0)
    return (
        [none, *(part.score for part in parts)],
        [none, *(part.information for part in parts)],
        [none, *(part.variance for part in parts)],
    )


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def _told(y: Floats, weight: Floats, worker: Codes) -> NDArray[np.bool_]:
    """Rows of workers who have both labels."""
    events = np.bincount(worker, weight * y)
    others = np.bincount(worker, weight * (1.0 - y))
    told: NDArray[np.bool_] = ((events > 0) & (others > 0))[worker]
    return told


def worker_intercepts(offset: Floats, y: Floats, weight: Floats, worker: Codes) -> Floats:
    """The shift of each worker that makes expected equal observed events; each must have both labels.

    Newton's steps, each at most 2 log-odds long, so that none runs away.
    """
    shift = np.zeros(int(worker.max(initial=-1)) + 1)
    for _ in range(NEWTON_STEPS):
        p = chance(offset + shift[worker])
        gap = np.bincount(worker, weight * (y - p), len(shift))
        slope = np.bincount(worker, weight * p * (1.0 - p), len(shift))
        step = np.clip(gap / np.maximum(slope, 1e-12), -2.0, 2.0)
        shift += step
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return shift


def benjamini_hochberg(p: Floats, rate: float) -> NDArray[np.bool_]:
    """Which hypotheses to reject at a false discovery rate (J R Stat Soc B 1995;57:289-300)."""
    order = np.argsort(p, kind="stable")
    allowed = rate * np.arange(1, len(p) + 1) / max(len(p), 1)
    passing = np.flatnonzero(p[order] <= allowed)
    chosen = np.zeros(len(p), dtype=bool)
    if len(passing):
        chosen[order[: passing[-1] + 1]] = True
    return chosen


Figure = Callable[[Floats], float]  # of rows with these weights


def auroc_within(score: Floats, y: Floats, worker: Codes) -> Figure:
    """Chance that an event outranks a non-event of the same worker, ties half, over all such pairs.

    Pairs count by the product of their weights. NaN where no worker has both labels. Rows are put
    in order once; the figure is then asked for weights[n].
    """
    order = np.lexsort((score, worker))
    w, s, event = worker[order], score[order], y[order]
    ends = np.append((w[1:] != w[:-1]) | (s[1:] != s[:-1]), True)
    tie = np.cumsum(np.append(0, ends[:-1]))
    own = w[ends]
    first = np.append(True, own[1:] != own[:-1])
    start = np.maximum.accumulate(np.where(first, np.arange(len(own)), 0))

    def figure(weight: Floats) -> float:
        counted = weight[order]
        events, others = np.bincount(tie, counted * event), np.bincount(tie, counted * (1 - event))
        before = np.cumsum(others) - others
        pairs = float(events @ np.bincount(own, others)[own])
        lower = before - before[start] + others / 2.0
        return float(events @ lower) / pairs if pairs else float("nan")

    return figure


def recall_at(score: Floats, y: Floats, among: NDArray[np.bool_], share: float) -> Figure:
    """Share of the events of some rows that stand in the best `share` of all rows; ties by chance."""
    order = np.argsort(-score, kind="stable")
    s, asked = score[order], (y * among)[order]
    ends = np.append(s[1:] != s[:-1], True)
    tie = np.cumsum(np.append(0, ends[:-1]))

    def figure(weight: Floats) -> float:
        counted = weight[order]
        size = np.bincount(tie, counted)
        room = share * counted.sum() - (np.cumsum(size) - size)
        inside = np.divide(room, size, out=np.zeros_like(size), where=size > 0).clip(0.0, 1.0)
        total = float(counted @ asked)
        return float((counted * asked) @ inside[tie]) / total if total else float("nan")

    return figure


@dataclass(frozen=True)
class Change:
    """A figure without and with phrases; `low` and `high` are the 95% interval of the difference.

    `error` is the standard deviation of the difference over bootstrap samples of households.
    """

    without: float
    with_phrases: float
    low: float
    high: float
    error: float

    @property
    def difference(self) -> float:
        """How much the phrases add."""
        return self.with_phrases - self.without


def change_of(
    without: Figure, with_phrases: Figure, weight: Floats, household: Codes, seed: int
) -> Change:
    """A figure without and with phrases, compared over the same samples of whole households."""
    houses = int(household.max(initial=-1)) + 1
    rng = np.random.default_rng(seed)
    gaps = []
    for _ in range(DRAWS if houses else 0):
        drawn = np.bincount(rng.integers(0, houses, houses), minlength=houses)[household] * weight
        gaps.append(with_phrases(drawn) - without(drawn))
    known = np.array([gap for gap in gaps if not np.isnan(gap)])
    low, high, error = float("nan"), float("nan"), float("nan")
    if len(known) > DRAWS / 2:
        low, high = np.quantile(known, [0.025, 0.975]).tolist()
        error = float(known.std())
    return Change(without(weight), with_phrases(weight), low, high, error)

"""How many events a few random visits stand for, and how sure that makes a recall.

An event seen by chance p stands for 1 / p (Horvitz and Thompson, J Am Stat Assoc 1952;47:663-85).
Such a weighted count of rare events has gamma limits (Fay and Feuer, Stat Med 1997;16:791-801); the
limits of events on the list and below it are melded into those of their ratio (Fay, Proschan and
Brittain, Biometrics 2015;71:146-56).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, gammaincinv  # type: ignore[import-untyped]  # no stubs

from carescreen.errors import UsageError
from carescreen.evaluation.intervals import NONE, TAIL
from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.metrics import Codes, Estimate, Floats

HALF_WIDTH = 0.10  # 10 points up or down
QUANTILE = 1.959964  # of a two-sided 95% interval
GRID = 1_000  # quantiles that stand for the spread of one side
STEPS = 50  # halvings of the range of recall


@dataclass(frozen=True)
class Spread:
    """`seen` events and a gamma-distributed number of unseen ones (none: shape 0)."""

    seen: float
    shape: float = 0.0
    scale: float = 0.0

    @classmethod
    def of(cls, seen: float, mean: float, variance: float) -> Spread:
        """With mean and variance of the unseen; the mean alone where nothing varies."""
        if mean <= 0.0 or variance <= 0.0:
            return cls(seen + mean)
        return cls(seen, mean**2 / variance, variance / mean)

    def quantiles(self) -> Floats:
        """At the middles of GRID equal steps."""
        if not self.shape:
            return np.array([self.seen])
        middles = (np.arange(GRID) + 0.5) / GRID
        return np.asarray(self.seen + self.scale * gammaincinv(self.shape, middles))

    def reaches(self, number: Floats) -> Floats:
        """Chance of at least so many events."""
        if not self.shape:
            return (number <= self.seen).astype(np.float64)
        return np.asarray(gammaincc(self.shape, np.maximum(number - self.seen, 0.0) / self.scale))


@dataclass(frozen=True)
class Total:
    """Events of one side of the line.

    seen      events that somebody saw: the total is no smaller
    unseen    estimate of those that nobody saw
    variance  of the estimate, over draws of households
    lump      what one more event would add: the largest weight of a judged child
    """

    seen: float
    unseen: float
    variance: float
    lump: float

    @property
    def value(self) -> float:
        """Estimate of all events."""
        return self.seen + self.unseen

    @property
    def size(self) -> float:
        """How many independent events of equal weight would tell as much; infinite if all are seen."""
        return self.unseen**2 / self.variance if self.variance > 0.0 else math.inf

    def lower(self) -> Spread:
        """The distribution whose 2.5% quantile is the lower 95% limit."""
        return Spread.of(self.seen, self.unseen, self.variance)

    def upper(self) -> Spread:
        """The same for the upper limit: with one more event, as heavy as the heaviest."""
        return Spread.of(self.seen, self.unseen + self.lump, self.variance + self.lump**2)


def of_draw(weight: Floats, side: Floats, event: Floats, household: Codes) -> Total:
    """Events of one side among the children there are, from some of them.

    All arrays have one entry a judged child: weight (1: stands for itself alone), side (share of it
    that is on this side, 0 to 1), event (0 or 1), household (numbers). A household is drawn as one,
    so its children count together: variance = sum over households of (1 - 1 / w) (sum w (e - r))^2,
    with r the rate of the side (Hajek's ratio; Sarndal, Swensson and Wretman 1992, 5.7). Without a
    judged child there is nothing: 0 events, variance 0.
    """
    seen, value = float(side @ event), float((weight * side) @ event)
    mass = _by_household(household, weight * side)
    apart = mass - _by_household(household, side)
    share = np.divide(apart, mass, out=np.zeros_like(mass), where=mass > 0.0)
    rate = value / mass.sum() if mass.sum() > 0.0 else 0.0
    off = _by_household(household, weight * side * (event - rate))
    variance = float(np.maximum(share, 0.0) @ off**2)
    unseen = max(value - seen, 0.0)
    own = weight[side > 0.0] - 1.0
    lump = float(own.max(initial=0.0))
    return Total(seen, unseen, variance if unseen > 1e-9 else 0.0, lump if lump > 1e-9 else 0.0)


def of_all(weight: Floats, side: Floats, event: Floats, household: Codes) -> Total:
    """Events of one side where everybody was visited, as a count that chance could have made other.

    With weights of 1 and one child a household the limits of recall are Clopper and Pearson's.
    """
    value = float((weight * side) @ event)
    variance = float(np.square(_by_household(household, weight * side * event)).sum())
    return Total(0.0, value, variance, float((weight[side > 0.0]).max(initial=1.0)))


def recall_of(listed: Total, below: Total) -> Estimate:
    """Share of all events that are on the list, with a 95% interval; NaN without any event."""
    everything = listed.value + below.value
    if everything <= 0.0:
        return NONE
    recall = listed.value / everything
    low = _quantile(listed.lower(), below.upper(), TAIL)
    high = _quantile(listed.upper(), below.lower(), 1.0 - TAIL)
    return Estimate(recall, min(low, recall), max(high, recall))


def visits_needed(
    recall: float, prevalence_below: float, half_width: float = HALF_WIDTH, design: float = 1.0
) -> int:
    """Children to see at random below the line until recall is known to `half_width`, 95% sure.

    recall: about what is expected, above 0 and below 1 (0.5 asks for most); prevalence_below: share
    of children below the line who would be confirmed; design: how many children tell as much as one
    alone, since brothers and sisters are alike. Never fewer than bring LEAST_EVENTS events.

    With the events on the list known, recall = A / (A + M) moves by recall (1 - recall) for each
    log unit of M, and M rests on m events, whose log has the variance design / m. So m = design
    (1.96 recall (1 - recall) / half_width)^2, and m / prevalence_below visits bring m events.

    >>> visits_needed(0.5, 0.034)  # about 700
    707
    >>> visits_needed(0.8, 0.02)
    1000
    """
    for name, value in (("recall", recall), ("prevalence_below", prevalence_below)):
        if not 0.0 < value < 1.0:
            raise UsageError(f"{name} lies between 0 and 1; got {value}")
    if half_width <= 0.0 or design < 1.0:
        raise UsageError("half_width must be above 0 and design at least 1")
    events = design * (QUANTILE * recall * (1.0 - recall) / half_width) ** 2
    return math.ceil(max(events, LEAST_EVENTS) / prevalence_below - 1e-9)


def _by_household(household: Codes, values: Floats) -> Floats:
    """Sums. Of no child there is none; NumPy would make whole numbers of it, which cannot divide."""
    return np.bincount(household, values).astype(np.float64)


def _quantile(listed: Spread, below: Spread, level: float) -> float:
    """Quantile of listed / (listed + below)."""
    ends, number = [0.0, 1.0], listed.quantiles()
    for _ in range(STEPS):
        middle = sum(ends) / 2.0
        under = below.reaches(number * (1.0 - middle) / middle).mean()
        ends[0 if under < level else 1] = middle
    return sum(ends) / 2.0

"""Fair, unfair or not enough evidence: one rule for every comparison, and what each means in words."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

Verdict = Literal["fair", "unfair", "not enough evidence"]
Family = Literal["primary", "exploratory"]
Language = Literal["en", "zh"]

FAIR: Verdict = "fair"
UNFAIR: Verdict = "unfair"
NOT_ENOUGH: Verdict = "not enough evidence"

LEVEL_QUANTILE = 1.959964  # of a two-sided 95% interval
POWER_QUANTILE = 1.281552  # of 0.90: a chance of 80% that both ends fall inside, Julious 2004


@dataclass(frozen=True)
class Comparison:
    """A group's figure beside that of the others, and what can be said of the difference.

    Figures are NaN where an arm is empty or too small to show (`reason` says why).

    family        primary: declared before anybody looked; exploratory: a hint to look into
    children      children of the group, rows child-windows and events those it rests on; the three
                  with _others are of everyone else
    value         the group's figure (a share from 0 to 1; a ratio or slope around 1)
    difference    group minus others, with its 95% interval low to high
    adjusted_*    the interval that allows for all comparisons of the family; p and adjusted_p alike
    cluster       what may be alike and was kept together: household or village
    more_events   how many more events of the group would tell (`more_needed`); NaN: told already
    """

    measure: str
    attribute: str
    group: str
    family: Family
    verdict: Verdict
    reason: str
    children: int
    children_others: int
    rows: int
    rows_others: int
    events: float
    events_others: float
    value: float
    value_others: float
    difference: float
    low: float
    high: float
    adjusted_low: float
    adjusted_high: float
    p: float
    adjusted_p: float
    margin: float
    cluster: str
    more_events: float

    @classmethod
    def columns(cls) -> list[str]:
        """Names of the tidy table's columns."""
        return [field.name for field in fields(cls)]


def judged(
    difference: float, low: float, high: float, adjusted: tuple[float, float], margin: float
) -> Verdict:
    """Fair: the whole interval within the margin. Unfair: the adjusted interval excludes 0 and the
    estimate exceeds the margin. Everything else, NaN included, is not enough evidence.

    >>> judged(0.01, -0.04, 0.06, (-0.07, 0.09), 0.10)
    'fair'
    >>> judged(0.21, 0.12, 0.30, (0.05, 0.37), 0.10)
    'unfair'
    >>> judged(0.21, 0.01, 0.41, (-0.09, 0.51), 0.10)
    'not enough evidence'
    """
    if low > -margin and high < margin:
        return FAIR
    excludes = adjusted[0] > 0.0 or adjusted[1] < 0.0
    return UNFAIR if excludes and abs(difference) > margin else NOT_ENOUGH


def more_needed(events: float, others: float, spread: float, design: float, margin: float) -> float:
    """How many more events a group needs to be told fair with a chance of 80% if it truly is.

    spread: variance of one event's value (share: pooled p (1 - p); ratio: its square); design: the
    design effect; others: events of the others, which are taken to grow alike. Source: Julious,
    Stat Med 2004;23:1921-86, equivalence of two arms with no true difference,
    n = (z(0.975) + z(0.90))^2 spread (1 + 1 / ratio) / margin^2. 0: there are enough for that, and
    the difference lies too near the margin to tell.

    >>> more_needed(50, 150, 0.25, 1.0, 0.10)
    301.0

    NaN where the others have no event: there is nothing to compare with.
    """
    if others <= 0.0:
        return math.nan
    ratio = others / events if events > 0 else math.inf
    wanted = (LEVEL_QUANTILE + POWER_QUANTILE) ** 2 * spread * design * (1 + 1 / ratio) / margin**2
    return float(max(math.ceil(wanted - events), 0)) if math.isfinite(wanted) else math.nan

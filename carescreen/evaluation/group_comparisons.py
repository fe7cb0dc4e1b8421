"""Groups compared with the others, measure by measure, and the verdicts that allow for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from carescreen.evaluation.arms import Additive, Arms, Partition
from carescreen.evaluation.differences import Differences, benjamini_hochberg, holm
from carescreen.evaluation.group_measures import MARGINS, Measure
from carescreen.evaluation.groupings import NOTE_LENGTH, Grouping, People, Units
from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.verdicts import NOT_ENOUGH, Comparison, Family, judged, more_needed

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

LEAST_VILLAGES = 40  # fewer villages give no trustworthy interval across villages
PRIMARY_MEASURE = "missed_need"
OF_READING = ("mention_rate", "question_rate")
# A false "unfair" anywhere in at most 5% of audits where nothing is wrong: families share the 5%.
ALPHA_PRIMARY, ALPHA_EXPLORATORY = 0.02, 0.02
NAN = float("nan")


@dataclass(frozen=True)
class _Draft:
    """A comparison before its family is adjusted, and what its adjusted interval is made of."""

    comparison: Comparison
    differences: Differences
    place: int


@dataclass(frozen=True)
class _Setting:
    """One measure and grouping: units with their group, sums of each, judged rows off the list."""

    measure: Measure
    grouping: Grouping
    codes: Rows
    units: Units
    parts: Additive
    outside: Floats | None
    people: People

    @property
    def levels(self) -> int:
        return len(self.grouping.labels)

    def differences(self, cluster: Rows, cluster_of_rows: Rows) -> Differences:
        """Each group less the others, clusters kept together."""
        measure, grouping = self.measure, self.grouping
        if measure.name == "calibration_slope":
            return Differences(
                measure.slopes(grouping.codes, self.levels, cluster_of_rows), measure.limits
            )
        inside = self.codes >= 0
        partition = Partition(self.codes[inside], self.levels)
        arms = measure.arms(self.parts.among(inside), partition, cluster[inside])
        return Differences(arms, measure.limits)


def comparisons(
    found: Sequence[Measure], sets: Sequence[Grouping], people: People, primary: Sequence[str]
) -> Iterator[Comparison]:
    """Every measure for every grouping, with verdicts. Slopes are not compared for pairs, nor what was
    read in notes by their length."""
    drafts = [draft for setting in _settings(found, sets, people) for draft in _drafts(setting)]
    drafts = [_declared(draft, primary, sets) for draft in drafts]
    p = np.array([draft.comparison.p for draft in drafts], dtype=np.float64)
    first = np.array([draft.comparison.family == "primary" for draft in drafts], dtype=bool)
    adjusted, level = np.full(len(p), np.nan), np.full(len(p), np.nan)
    adjusted[first], level[first] = holm(p[first], ALPHA_PRIMARY)
    adjusted[~first], level[~first] = benjamini_hochberg(p[~first], ALPHA_EXPLORATORY)
    for draft, own, alpha in zip(drafts, adjusted, level, strict=True):
        yield draft.comparison if np.isnan(own) else _with_verdict(draft, own, alpha)


def _settings(
    found: Sequence[Measure], sets: Sequence[Grouping], people: People
) -> Iterator[_Setting]:
    """Sums by child serve every grouping in which no child changes its group."""
    own = [grouping.codes[people.first] for grouping in sets]
    follows = [
        bool((codes[people.unit] == grouping.codes).all())
        for codes, grouping in zip(own, sets, strict=True)
    ]
    for measure in found:
        by_child = measure.parts.summed(people.unit[measure.rows], len(people.first))
        for grouping, codes, is_by_child in zip(sets, own, follows, strict=True):
            if measure.name == "calibration_slope" and grouping.is_pair:
                continue
            if measure.name in OF_READING and grouping.attribute == NOTE_LENGTH:
                continue  # longer notes say more: that is no unfairness
            if is_by_child:
                outside = measure.outside
                if outside is not None:
                    outside = np.bincount(people.unit, outside, len(people.first)).astype(
                        np.float64
                    )
                yield _Setting(measure, grouping, codes, people.children, by_child, outside, people)
            else:
                by_row = measure.parts.summed(measure.rows, len(people.unit))
                yield _Setting(
                    measure, grouping, grouping.codes, people.rows, by_row, measure.outside, people
                )


def _declared(draft: _Draft, primary: Sequence[str], sets: Sequence[Grouping]) -> _Draft:
    """Missed need of the attributes declared beforehand is primary; the rest is exploratory."""
    found = draft.comparison
    missing = {g.labels[1] for g in sets if g.is_missing}
    first = found.measure == PRIMARY_MEASURE and found.attribute in primary
    family: Family = "primary" if first and found.group not in missing else "exploratory"
    return replace(draft, comparison=replace(found, family=family))


def _drafts(setting: _Setting) -> Iterator[_Draft]:
    people, units = setting.people, setting.units
    children, outside = _children(setting), _outside(setting)
    household = setting.differences(units.household, people.rows.household)
    crossing = _crossing(setting)
    across = None
    if crossing.max(initial=0) >= LEAST_VILLAGES and units.village is not None:
        assert people.rows.village is not None
        across = setting.differences(units.village, people.rows.village)
    for k in setting.grouping.compared:
        by_village = across is not None and crossing[k] >= LEAST_VILLAGES
        chosen = across if across is not None and by_village else household
        draft = _draft(setting, k, chosen, children[k], outside[k])
        cluster = "village" if by_village else "household"
        yield replace(draft, comparison=replace(draft.comparison, cluster=cluster))


def _crossing(setting: _Setting) -> Rows:
    """In how many villages both the group and others have rows of the measure."""
    village, levels = setting.units.village, setting.levels
    if village is None or village.max(initial=-1) + 1 < LEAST_VILLAGES:
        return np.zeros(levels, dtype=np.intp)
    there = (setting.codes >= 0) & (setting.parts.rows > 0)
    count = int(village.max()) + 1
    key = village[there] * levels + setting.codes[there]
    table = np.bincount(key, minlength=count * levels).reshape(count, levels)
    both = (table > 0) & (table < table.sum(axis=1, keepdims=True))
    return np.asarray(both.sum(axis=0), dtype=np.intp)


def _children(setting: _Setting) -> Rows:
    """Children in each group and in the others, [levels, 2]; one who changed groups is in both."""
    levels, inside = setting.levels, setting.codes >= 0
    key = np.flatnonzero(np.bincount(setting.units.child[inside] * levels + setting.codes[inside]))
    own = np.bincount(key % levels, minlength=levels)
    groups = np.bincount(key // levels)
    alone = np.bincount((key % levels)[groups[key // levels] == 1], minlength=levels)
    return np.column_stack([own, np.count_nonzero(groups) - alone]).astype(np.intp)


def _outside(setting: _Setting) -> Floats:
    """Judged child-windows off the list in each arm; infinite where a measure needs none."""
    if setting.outside is None:
        return np.full((setting.levels, 2), np.inf)
    inside = setting.codes >= 0
    own = np.bincount(setting.codes[inside], setting.outside[inside], setting.levels)
    return np.column_stack([own, own.sum() - own])


def _draft(
    setting: _Setting, k: int, differences: Differences, children: Rows, outside: Floats
) -> _Draft:
    measure, arms = setting.measure, differences.arms
    evidence, events, pooled = _evidence(measure, arms, k)
    reason = _reason(arms, k, evidence, outside)
    low, high = differences.ordinary
    known = (*arms.estimate[k], differences.value[k], low[k], high[k], differences.p_value[k])
    value, others, difference, below, above, p = (NAN if reason else float(x) for x in known)
    margin = MARGINS[measure.name]
    comparison = Comparison(
        measure=measure.name,
        attribute=setting.grouping.attribute,
        group=setting.grouping.labels[k],
        family="exploratory",
        verdict=NOT_ENOUGH,
        reason=reason,
        children=int(children[0]),
        children_others=int(children[1]),
        rows=int(arms.rows[k, 0]),
        rows_others=int(arms.rows[k, 1]),
        events=float(events[0]),
        events_others=float(events[1]),
        value=value,
        value_others=others,
        difference=difference,
        low=below,
        high=above,
        adjusted_low=NAN,
        adjusted_high=NAN,
        p=p,
        adjusted_p=NAN,
        margin=margin,
        cluster="household",
        more_events=_more(measure, arms, k, events, pooled),
    )
    return _Draft(comparison, differences, k)


def _evidence(measure: Measure, arms: Arms, k: int) -> tuple[Floats, Floats, float]:
    """What must reach LEAST_EVENTS in each arm, the events to report, and the pooled figure.

    A rate over all child-windows needs 20 that would be in, and 20 out, if the groups were alike:
    asking for 20 that are in would never judge a group that is left out altogether.
    """
    rows = arms.rows[k]
    pooled = float(np.nansum(arms.estimate[k] * rows) / rows.sum()) if rows.sum() else 0.0
    if measure.is_rate:
        return rows * min(pooled, 1.0 - pooled), arms.events[k], pooled
    events = rows if measure.name == PRIMARY_MEASURE else arms.events[k]
    return events, events, pooled


def _reason(arms: Arms, k: int, evidence: Floats, outside: Floats) -> str:
    if evidence.min() < LEAST_EVENTS:
        return f"fewer than {LEAST_EVENTS} events in an arm"
    if outside.min() < LEAST_EVENTS:
        return f"fewer than {LEAST_EVENTS} random visits outside the list in an arm"
    if np.isnan(arms.estimate[k]).any() or np.isnan(arms.size[k]).any():
        return "too few events or too little spread of predictions in an arm"
    return ""


def _more(measure: Measure, arms: Arms, k: int, events: Floats, pooled: float) -> float:
    """How many more events (child-windows, of a rate) would tell; NaN for a slope."""
    if measure.name == "calibration_slope":
        return NAN
    count = arms.rows[k] if measure.is_rate else events
    spread = pooled * (1.0 - pooled)
    if measure.name == "observed_expected":
        spread = pooled**2
    size = arms.size[k, 0]
    design = float(count[0] / size) if np.isfinite(size) and size > 0 < count[0] else 1.0
    margin = MARGINS[measure.name]
    return more_needed(float(count[0]), float(count[1]), spread, max(design, 1.0), margin)


def _with_verdict(draft: _Draft, adjusted_p: float, alpha: float) -> Comparison:
    found = draft.comparison
    limits = draft.differences.interval(alpha)
    low, high = (float(limit[draft.place]) for limit in limits)
    verdict = judged(found.difference, found.low, found.high, (low, high), found.margin)
    return replace(
        found,
        adjusted_low=low,
        adjusted_high=high,
        adjusted_p=float(adjusted_p),
        verdict=verdict,
        more_events=found.more_events if verdict == NOT_ENOUGH else NAN,
    )

"""Figures as a tidy table: one row a part, method and measure, with its interval and its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carescreen.evaluation.cluster_draws import Statistic, draw, leave_out
from carescreen.evaluation.intervals import NAN, NONE, of_few, percentile
from carescreen.evaluation.judged import Part
from carescreen.evaluation.metrics import Estimate, Floats

Row = dict[str, object]


@dataclass(frozen=True)
class Measured:
    """What was measured, NaN where there is not enough evidence.

    figures      part ("all", or the column that rows are taken by), of (its value; None where it is
                 not recorded), method, measure, value, low, high (95%, over households),
                 county_low, county_high (95%, over counties; NaN without enough of them), counties,
                 judged, events (rows), enough
    differences  the same of the first method minus each other one, `against`, by the same draws
    """

    figures: pd.DataFrame
    differences: pd.DataFrame


@dataclass(frozen=True)
class Measure:
    """One figure of a statistic: its place in what the statistic returns, how its interval is
    made, what it can be, whether a part has enough evidence for it, and further cells of its row
    (`key` says which of several it is, such as a threshold). One that noise can only lengthen is not
    `compared`: it has no interval over counties and no difference from another method."""

    name: str
    place: int = 0
    interval: Callable[[float, Floats], Estimate] = percentile
    bounds: tuple[float, float] = (-np.inf, np.inf)
    enough: bool = True
    compared: bool = True
    key: Mapping[str, object] = field(default_factory=dict)
    also: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Trial:
    """A method's statistic on a part, and the measures to read off it."""

    method: str
    statistic: Statistic
    measures: Sequence[Measure]


@dataclass(frozen=True)
class _Drawn:
    """A measure with its point and its draws; none where there is not enough evidence."""

    method: str
    measure: Measure
    point: float
    households: Floats | None
    counties: Floats | None


def measured(parts: Iterable[tuple[Part, Sequence[Trial]]], draws: int, seed: int) -> Measured:
    """Every trial's figures with intervals, and how the first method differs from each other."""
    figures, differences = [], []
    for part, trials in parts:
        drawn = list(_draw(part, trials, draws, seed))
        county = part.counties()
        evidence: Row = {
            "counties": 0 if county is None else int(county.max()) + 1,
            "judged": len(part.chosen),
            "events": int(part.event.sum()),
        }
        place: Row = {"part": part.part, "of": part.value}
        figures += [place | _figure(one, evidence) for one in drawn]
        differences += [place | row for row in _differences(drawn, evidence)]
    return Measured(_frame(figures), _frame(differences))


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    if len(frame):
        frame["of"] = pd.Series([row["of"] for row in rows], dtype=object)
    return frame


def _draw(part: Part, trials: Sequence[Trial], draws: int, seed: int) -> Iterator[_Drawn]:
    some = [trial for trial in trials if any(m.enough for m in trial.measures)]
    statistics = [trial.statistic for trial in some]
    county = part.counties() if some else None
    over_households = draw(statistics, part.cluster("household_id"), draws, seed) if some else []
    over_counties = leave_out(statistics, county) if county is not None else None
    for trial in trials:
        number = some.index(trial) if trial in some else -1
        points = trial.statistic.point() if number >= 0 else None
        for m in trial.measures:
            if points is None or not m.enough:
                yield _Drawn(trial.method, m, NAN, None, None)
                continue
            over = over_counties if m.compared else None
            counties = None if over is None else over[number][m.place]
            point = float(points[m.place])
            yield _Drawn(trial.method, m, point, over_households[number][m.place], counties)


def _figure(one: _Drawn, evidence: Row) -> Row:
    m = one.measure
    found = NONE if one.households is None else m.interval(one.point, one.households)
    over = _over(one.point, one.counties, m.bounds)
    named: Row = {"method": one.method, **m.key, "measure": m.name}
    return named | _cells(found, over) | dict(m.also) | evidence | {"enough": m.enough}


def _differences(drawn: Sequence[_Drawn], evidence: Row) -> Iterator[Row]:
    """The first method's figures minus the others' of the same name and key."""
    first = {
        (one.measure.name, *one.measure.key.values()): one
        for one in drawn
        if one.method == drawn[0].method and one.measure.compared
    }
    for other in drawn:
        m = other.measure
        one = first.get((m.name, *m.key.values()))
        if one is None or other.method == one.method:
            continue
        named: Row = {"method": one.method, "against": other.method, **m.key, "measure": m.name}
        found, over = _difference(one, other)
        enough = one.measure.enough and m.enough
        yield named | _cells(found, over) | evidence | {"enough": enough}


def _difference(one: _Drawn, other: _Drawn) -> tuple[Estimate, Estimate]:
    if one.households is None or other.households is None:
        return NONE, NONE
    value = one.point - other.point
    width = one.measure.bounds[1] - one.measure.bounds[0]
    counties = (
        None if one.counties is None or other.counties is None else one.counties - other.counties
    )
    found = percentile(value, one.households - other.households)
    return found, _over(value, counties, (-width, width))


def _over(point: float, counties: Floats | None, bounds: tuple[float, float]) -> Estimate:
    if counties is None:
        return NONE
    return of_few(point, counties, *bounds)


def _cells(found: Estimate, over: Estimate) -> Row:
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "county_low": over.low,
        "county_high": over.high,
    }

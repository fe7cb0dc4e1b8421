"""For whom does the list fail: every declared group beside the others, each with a verdict.

A difference is unfair only where its interval, adjusted for all comparisons, excludes 0 and the
estimate exceeds 10 points; fair only where its whole 95% interval lies within 10 points; otherwise
there is not enough evidence. Under `LEAST_EVENTS` events in an arm nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.errors import UsageError
from carescreen.evaluation.arms import Arms
from carescreen.evaluation.differences import Differences, benjamini_hochberg, holm
from carescreen.evaluation.group_measures import MARGINS, Measure, listed_at, measures
from carescreen.evaluation.groupings import Grouping, groupings
from carescreen.evaluation.places import Overlap, PlaceSpread, overlap, place_spread
from carescreen.evaluation.verdicts import NOT_ENOUGH, Comparison, Family, judged, more_needed

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

LEAST_EVENTS = 20  # as in backtest: fewer events in an arm are not enough evidence
LEAST_VILLAGES = 40  # fewer villages give no trustworthy interval across villages
PRIMARY = ("sex", "disability", "remoteness")
PRIMARY_MEASURE = "missed_need"
# A false "unfair" anywhere in at most 5% of audits where nothing is wrong: the families share it.
ALPHA_PRIMARY, ALPHA_EXPLORATORY, ALPHA_PLACES = 0.02, 0.02, 0.01
SMALL_CELL = 7


@dataclass(frozen=True)
class GroupAudit:
    """What was found for every group.

    comparisons  one a measure and group; `to_frame` gives them as one tidy table
    places       spread over villages and workers, with what can be said of each
    overlap      whether village and worker can be told apart
    notices      what a reader must know, as sentences
    """

    comparisons: tuple[Comparison, ...]
    places: tuple[PlaceSpread, ...]
    overlap: Overlap
    notices: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a comparison, with the columns of `Comparison`."""
        return pd.DataFrame([asdict(c) for c in self.comparisons], columns=Comparison.columns())

    def places_frame(self) -> pd.DataFrame:
        """One row a village or worker: for the office only, as it names them."""
        rows = [
            {"measure": spread.measure, "attribute": spread.attribute, **asdict(place)}
            for spread in self.places
            for place in spread.places
        ]
        return pd.DataFrame(rows)

    def leaving_office(self) -> pd.DataFrame:
        """The tidy table with every row blanked that rests on 1 to 7 children or events in an arm.

        So is a row whose share would give such a number away: 1 to 7 missed, or 1 to 7 not missed.
        """
        frame = self.to_frame()
        counts = frame[["children", "children_others", "events", "events_others"]].to_numpy(float)
        hidden = np.column_stack([counts, _given_away(frame)])
        small = ((hidden > 0.0) & (hidden < SMALL_CELL + 0.5)).any(axis=1)
        figures = list(frame.select_dtypes("number").columns.drop("margin"))
        frame[figures] = frame[figures].astype(float)
        frame.loc[small, figures] = np.nan
        frame.loc[small, "reason"] = f"{SMALL_CELL} or fewer: not shown"
        return frame


def audit_groups(
    windows: pd.DataFrame,
    *,
    capacity: int,
    attributes: Sequence[str],
    primary: Sequence[str] = PRIMARY,
    pairs: Sequence[tuple[str, str]] | None = None,
    order: str = "order",
    reading: pd.DataFrame | None = None,
    random_state: int = 0,
) -> GroupAudit:
    """Compare every group with the others on missed need, selection, calibration and reading.

    windows: JudgedWindows (docs/evaluation.md), one row a child and as-of window. capacity: visits
    a capacity group and window. attributes: declared audit attributes, columns of windows; those in
    `primary` are judged on missed need with Holm's correction, all else is exploratory
    (Benjamini-Hochberg). pairs: None for all. reading: window, child_id, mentions, open_questions.
    Judged rows weigh 1 / selection_probability. The same rows in another order give the same bytes.
    """
    lacking = [name for name in attributes if name not in windows]
    if lacking:
        raise UsageError(f"windows have no column for the audit attribute '{lacking[0]}'")
    if not len(windows):
        raise UsageError("a comparison of groups needs child-windows; the table has no row")
    windows = windows.sort_values(["window", "child_id"], ignore_index=True)
    listed = listed_at(windows, capacity, order)
    found = list(measures(windows, listed, reading))
    sets = list(groupings(windows, attributes, pairs))
    codes = _Codes.of(windows)
    drafts = [
        draft
        for measure in found
        for grouping in sets
        if not (measure.name == "calibration_slope" and grouping.is_pair)
        for draft in _drafts(measure, grouping, codes, primary)
    ]
    spreads = _spreads(windows, found, codes, random_state)
    notices = tuple(_notices(windows, attributes, found[0]))
    return GroupAudit(tuple(_adjusted(drafts)), spreads, overlap(windows), notices)


@dataclass(frozen=True)
class _Codes:
    """Numbers of children, households and villages, in the order of their ids."""

    child: Rows
    household: Rows
    village: Rows | None

    @classmethod
    def of(cls, windows: pd.DataFrame) -> _Codes:
        child = windows["child_id"].astype(str)
        household = windows["household_id"]
        whole = ("h" + household.astype(str)).where(household.notna(), "c" + child)
        village = windows.get("village_id")
        return cls(
            _numbers(child),
            _numbers(whole),
            None if village is None or village.isna().any() else _numbers(village.astype(str)),
        )


def _numbers(column: pd.Series) -> Rows:
    codes: Rows = pd.factorize(column, sort=True)[0].astype(np.intp)
    return codes


@dataclass(frozen=True)
class _Draft:
    """A comparison before the family is adjusted, with what its adjusted interval is made of."""

    comparison: Comparison
    differences: Differences
    place: int


def _drafts(
    measure: Measure, grouping: Grouping, codes: _Codes, primary: Sequence[str]
) -> Iterator[_Draft]:
    levels = len(grouping.labels)
    children = _children(grouping, codes.child)
    outside = _outside(measure, grouping)
    household = Differences(measure.arms(grouping.codes, levels, codes.household), measure.limits)
    across, crossing = _across_villages(measure, grouping, codes)
    first = measure.name == PRIMARY_MEASURE and not (grouping.is_pair or grouping.is_missing)
    family: Family = "primary" if first and grouping.attribute in primary else "exploratory"
    for k in grouping.compared:
        by_village = across is not None and crossing[k] >= LEAST_VILLAGES
        chosen = across if across is not None and by_village else household
        draft = _draft(measure, grouping, k, chosen, children[k], outside[k])
        cluster = "village" if by_village else "household"
        yield replace(draft, comparison=replace(draft.comparison, family=family, cluster=cluster))


def _across_villages(
    measure: Measure, grouping: Grouping, codes: _Codes
) -> tuple[Differences | None, Rows]:
    """The same differences with villages kept together, and in how many villages both arms are."""
    levels = len(grouping.labels)
    if codes.village is None or codes.village.max() + 1 < LEAST_VILLAGES:
        return None, np.zeros(levels, dtype=np.intp)
    rows = measure.rows[grouping.codes[measure.rows] >= 0]
    count = int(codes.village.max()) + 1
    table = np.bincount(
        codes.village[rows] * levels + grouping.codes[rows], minlength=count * levels
    )
    table = table.reshape(count, levels)
    both = (table > 0) & (table < table.sum(axis=1, keepdims=True))
    crossing = both.sum(axis=0)
    if crossing.max(initial=0) < LEAST_VILLAGES:
        return None, crossing
    return Differences(
        measure.arms(grouping.codes, levels, codes.village), measure.limits
    ), crossing


def _children(grouping: Grouping, child: Rows) -> Rows:
    """Children in each group and in the others, [levels, 2]; one who changed groups is in both."""
    levels = len(grouping.labels)
    inside = grouping.codes >= 0
    key = np.flatnonzero(np.bincount(child[inside] * levels + grouping.codes[inside]))
    own = np.bincount(key % levels, minlength=levels)
    groups = np.bincount(key // levels)
    alone = np.bincount((key % levels)[groups[key // levels] == 1], minlength=levels)
    return np.column_stack([own, np.count_nonzero(groups) - alone]).astype(np.intp)


def _outside(measure: Measure, grouping: Grouping) -> Floats:
    """Judged child-windows off the list in each arm; infinite where a measure needs none."""
    levels = len(grouping.labels)
    if measure.outside is None:
        return np.full((levels, 2), np.inf)
    inside = grouping.codes >= 0
    own = np.bincount(grouping.codes[inside], measure.outside[inside], levels)
    return np.column_stack([own, own.sum() - own])


def _draft(
    measure: Measure,
    grouping: Grouping,
    k: int,
    differences: Differences,
    children: Rows,
    outside: Floats,
) -> _Draft:
    arms = differences.arms
    evidence, events, pooled = _evidence(measure, arms, k)
    reason = _reason(arms, k, evidence, outside)
    low, high = differences.ordinary
    known = (*arms.estimate[k], differences.value[k], low[k], high[k], differences.p_value[k])
    value, others, difference, below, above, p = (
        float("nan") if reason else float(figure) for figure in known
    )
    margin = MARGINS[measure.name]
    comparison = Comparison(
        measure=measure.name,
        attribute=grouping.attribute,
        group=grouping.labels[k],
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
        adjusted_low=float("nan"),
        adjusted_high=float("nan"),
        p=p,
        adjusted_p=float("nan"),
        margin=margin,
        cluster="household",
        more_events=_more(measure, arms, k, events, pooled, margin),
    )
    return _Draft(comparison, differences, k)


def _evidence(measure: Measure, arms: Arms, k: int) -> tuple[Floats, Floats, float]:
    """What must reach LEAST_EVENTS in each arm, the events to report, and the pooled figure.

    A rate over all child-windows needs 20 that would be in, and 20 out, if the groups were alike:
    asking for 20 that are in would never judge a group that is left out altogether.
    """
    rows = arms.rows[k]
    with np.errstate(invalid="ignore"):
        pooled = float(np.nansum(arms.estimate[k] * rows) / rows.sum()) if rows.sum() else 0.0
    if measure.is_rate:
        return rows * min(pooled, 1.0 - pooled), arms.events[k], pooled
    events = rows if measure.name == PRIMARY_MEASURE else arms.events[k]
    return events, events, pooled


def _reason(arms: Arms, k: int, evidence: Floats, outside: Floats) -> str:
    if evidence.min() < LEAST_EVENTS:
        return f"fewer than {LEAST_EVENTS} events in an arm"
    if outside.min() < LEAST_EVENTS:
        return f"fewer than {LEAST_EVENTS} judged visits outside the list in an arm"
    if np.isnan(arms.estimate[k]).any() or np.isnan(arms.size[k]).any():
        return "too few events or too little spread of predictions in an arm"
    return ""


def _more(
    measure: Measure, arms: Arms, k: int, events: Floats, pooled: float, margin: float
) -> float:
    """How many more events (child-windows, of a rate) would tell; NaN for a slope."""
    if measure.name == "calibration_slope":
        return float("nan")
    count = arms.rows[k] if measure.is_rate else events
    spread = pooled * (1.0 - pooled)
    if measure.name == "observed_expected":
        both = arms.estimate[k]
        spread = float(np.nanmean(both)) ** 2 if not np.isnan(both).all() else 1.0
    size = arms.size[k, 0]
    design = float(count[0] / size) if size > 0 and np.isfinite(size) and count[0] > 0 else 1.0
    return more_needed(float(count[0]), float(count[1]), spread, max(design, 1.0), margin)


def _adjusted(drafts: Sequence[_Draft]) -> Iterator[Comparison]:
    """Comparisons with the interval, p and verdict that allow for their family."""
    p = np.array([draft.comparison.p for draft in drafts], dtype=np.float64)
    first = np.array([draft.comparison.family == "primary" for draft in drafts], dtype=bool)
    adjusted, level = np.full(len(p), np.nan), np.full(len(p), np.nan)
    adjusted[first], level[first] = holm(p[first], ALPHA_PRIMARY)
    adjusted[~first], level[~first] = benjamini_hochberg(p[~first], ALPHA_EXPLORATORY)
    for draft, own, alpha in zip(drafts, adjusted, level, strict=True):
        yield draft.comparison if np.isnan(own) else _with_verdict(draft, own, alpha)


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
        more_events=found.more_events if verdict == NOT_ENOUGH else float("nan"),
    )


def _spreads(
    windows: pd.DataFrame, found: Sequence[Measure], codes: _Codes, random_state: int
) -> tuple[PlaceSpread, ...]:
    """Villages and workers on missed need and mention rates; they share their level evenly."""
    rng = np.random.default_rng(random_state)
    wanted = [
        (measure, column)
        for measure in found
        for column in ("village_id", "caseworker_id")
        if measure.name in (PRIMARY_MEASURE, "mention_rate") and column in windows
    ]
    return tuple(
        place_spread(
            measure.name,
            column,
            windows[column].to_numpy(dtype=object)[measure.rows],
            codes.household[measure.rows],
            measure.weight,
            measure.value,
            margin=MARGINS[measure.name],
            alpha=ALPHA_PLACES / len(wanted),
            least=_least_rows(measure),
            rng=rng,
        )
        for measure, column in wanted
    )


def _least_rows(measure: Measure) -> int:
    """Rows a place needs: events, or child-windows of which LEAST_EVENTS would be in and out."""
    if not measure.is_rate or not len(measure.rows):
        return LEAST_EVENTS
    rate = float(measure.value.mean())
    return int(np.ceil(LEAST_EVENTS / max(min(rate, 1.0 - rate), 1e-9)))


def _given_away(frame: pd.DataFrame) -> Floats:
    """How many rows of each arm have the share's value and how many have not; 0 where no share."""
    is_share = ~frame["measure"].isin(["observed_expected", "calibration_slope"]).to_numpy()
    rows = frame[["rows", "rows_others"]].to_numpy(dtype=np.float64)
    value = np.nan_to_num(frame[["value", "value_others"]].to_numpy(dtype=np.float64))
    counts: Floats = np.rint(np.column_stack([rows * value, rows * (1.0 - value)]))
    return np.where(is_share[:, None], counts, 0.0)


def _notices(windows: pd.DataFrame, attributes: Sequence[str], missed: Measure) -> Iterator[str]:
    for name in attributes:
        values = windows[name].dropna().astype(str).nunique()
        if values < 2:
            yield f"{name}: {values} recorded value, so there is no other group to compare with"
    if len(missed.rows) == 0:
        yield "no confirmed outcome: missed need and calibration cannot be compared"
    if "selection_probability" in windows:
        judged_rows = windows["event"].notna()
        bare = int((judged_rows & windows["selection_probability"].isna()).sum())
        if bare:
            yield (
                f"{bare:,} of {int(judged_rows.sum()):,} judged child-windows have no selection "
                "probability; they count once each and may overstate how well the list does"
            )

"""For whom does the list fail: every declared group beside the others, each with a verdict.

A difference is unfair only where its interval, adjusted for all comparisons, excludes 0 and the
estimate exceeds 10 points; fair only where its whole 95% interval lies within 10 points; otherwise
there is not enough evidence. Under `LEAST_EVENTS` events in an arm nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.errors import UsageError
from carescreen.evaluation.group_comparisons import PRIMARY_MEASURE, comparisons
from carescreen.evaluation.group_measures import MARGINS, Measure, listed_at, measures
from carescreen.evaluation.groupings import People, groupings
from carescreen.evaluation.judged import LEAST_EVENTS, SMALL_CELL, is_small_cell
from carescreen.evaluation.places import Overlap, PlaceSpread, overlap, place_spread
from carescreen.evaluation.verdicts import Comparison

Floats = NDArray[np.float64]

PRIMARY = ("sex", "disability", "remoteness")
ALPHA_PLACES = 0.01  # beside ALPHA_PRIMARY and ALPHA_EXPLORATORY: 5% in all


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
        small = is_small_cell(hidden).any(axis=1)
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
    people = People.of(windows)
    compared = tuple(comparisons(found, sets, people, primary))
    spreads = _spreads(windows, found, people, random_state)
    notices = tuple(_notices(windows, attributes, found[0]))
    return GroupAudit(compared, spreads, overlap(windows), notices)


def _spreads(
    windows: pd.DataFrame, found: Sequence[Measure], people: People, random_state: int
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
            people.rows.household[measure.rows],
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

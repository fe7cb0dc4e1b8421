"""What is compared between groups, and on which child-windows each figure rests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.calibration import SLOPE_EVENTS
from carescreen.errors import UsageError
from carescreen.evaluation.arms import (
    Additive,
    Arms,
    Partition,
    of_ratio,
    of_share,
    ratio_arms,
    share_arms,
    slope_arms,
)
from carescreen.evaluation.differences import Limits, byar, normal, wilson
from carescreen.evaluation.metrics import inclusion

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Name = Literal[
    "missed_need",
    "selection_rate",
    "observed_expected",
    "calibration_slope",
    "mention_rate",
    "question_rate",
]

MARGINS: dict[str, float] = {
    "missed_need": 0.10,
    "selection_rate": 0.10,
    "observed_expected": 0.10,
    "calibration_slope": 0.20,  # judgement: a tenth of a slope changes hardly any probability
    "mention_rate": 0.10,
    "question_rate": 0.10,
}


@dataclass(frozen=True)
class Measure:
    """One figure: rows[k] it rests on, their weight, value, and what was expected of them.

    value: missed or not, listed or not, event or not (0 to 1); expected: predicted probability
    (ratio, slope) or, of a share, the lump of `Additive`. outside[n]: judged and not on the list,
    of all rows.
    """

    name: Name
    rows: Rows
    weight: Floats
    value: Floats
    expected: Floats
    outside: Floats | None = None

    @property
    def limits(self) -> Limits:
        """Limits of one arm's figure."""
        if self.name == "calibration_slope":
            return normal
        return byar if self.name == "observed_expected" else wilson

    @property
    def is_rate(self) -> bool:
        """Whether it counts child-windows, not confirmed outcomes."""
        return self.name in ("selection_rate", "mention_rate", "question_rate")

    @property
    def parts(self) -> Additive:
        """What the figure is made of, one unit for each of `rows`."""
        make = of_ratio if self.name in ("observed_expected", "calibration_slope") else of_share
        return make(self.weight, self.value, self.expected)

    def arms(self, parts: Additive, partition: Partition, cluster: Rows) -> Arms:
        """Group and others of every level of a partition of units, with their clusters."""
        if self.name == "observed_expected":
            return ratio_arms(parts, partition, cluster)
        return share_arms(parts, partition, cluster)

    def slopes(self, codes: Rows, levels: int, cluster: Rows) -> Arms:
        """Calibration slopes; codes and cluster are of all child-windows, codes -1 left out."""
        inside = codes[self.rows] >= 0
        rows = self.rows[inside]
        chance = self.expected[inside]
        return slope_arms(
            self.weight[inside],
            self.value[inside],
            np.log(chance / (1.0 - chance)),
            Partition(codes[rows], levels),
            cluster[rows],
            SLOPE_EVENTS,
        )


def listed_at(windows: pd.DataFrame, capacity: int, order: str = "order") -> Floats:
    """Chance of each child-window to be on the list: the `capacity` first of its capacity group.

    order: name of the column that orders the list, larger = earlier; ties are broken at random.
    """
    if capacity < 1:
        raise UsageError(f"capacity is {capacity}; at least 1 visit a caseworker is needed")
    names = windows["group"].astype(str) + "|" + windows["window"].astype(str)
    groups = np.unique(names.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    return inclusion(windows[order].to_numpy(dtype=np.float64), groups, capacity)


def weights(windows: pd.DataFrame) -> Floats:
    """The column `weight`; without it 1 / selection_probability, and 1 where that is not recorded."""
    if "weight" in windows:
        return windows["weight"].to_numpy(dtype=np.float64)
    if "selection_probability" not in windows:
        return np.ones(len(windows))
    chance = windows["selection_probability"].to_numpy(dtype=np.float64)
    known = ~np.isnan(chance)
    if ((chance[known] <= 0.0) | (chance[known] > 1.0)).any():
        raise UsageError("selection_probability must lie above 0 and at most at 1, in every row")
    return np.where(known, 1.0 / np.where(known, chance, 1.0), 1.0)


def measures(
    windows: pd.DataFrame, listed: Floats, reading: pd.DataFrame | None
) -> Iterator[Measure]:
    """Every measure that the windows allow; the note reader's where `reading` is given."""
    weight = weights(windows)
    said = windows["event"].to_numpy(dtype=object)
    event = np.array([value is True or value is np.True_ for value in said], dtype=bool)
    judged = event | np.array([value is False or value is np.False_ for value in said], dtype=bool)
    yield _missed(windows, event, judged, weight, listed)
    everyone = np.arange(len(windows))
    yield Measure("selection_rate", everyone, np.ones(len(windows)), listed, np.ones(len(windows)))
    yield from _calibration(windows, event, judged, weight)
    if reading is not None:
        yield from _reading(windows, reading)


def _missed(
    windows: pd.DataFrame,
    event: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    weight: Floats,
    listed: Floats,
) -> Measure:
    """Missed need; a lump is the weight of a typical judged row that was not on the list.

    Evidence of who was missed are visits outside the list that chance chose, or those of a window
    in which everybody was visited: whom workers choose may be whom they never overlook.
    """
    outside = judged * (1.0 - listed) * _by_chance(windows)
    place = np.unique(windows["group"].astype(str).to_numpy(dtype=str), return_inverse=True)[1]
    square, plain = (np.bincount(place, outside * weight**power) for power in (2, 1))
    whole = square.sum() / plain.sum() if plain.sum() else 1.0
    lump = np.where(plain > 0, square / np.where(plain > 0, plain, 1.0), whole)[place]
    rows = np.flatnonzero(event)
    return Measure("missed_need", rows, weight[rows], 1.0 - listed[rows], lump[rows], outside)


def _by_chance(windows: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether each visit was drawn at random, or one of a window that saw everybody; all where the
    table does not say how visits were chosen."""
    if "at_random" not in windows:
        return np.ones(len(windows), dtype=bool)
    drawn = windows["at_random"].eq(True).to_numpy(dtype=bool)
    if "attempted" not in windows:
        return drawn
    window = np.unique(windows["window"].to_numpy(), return_inverse=True)[1]
    whole = np.bincount(window, ~windows["attempted"].eq(True).to_numpy(dtype=bool)) == 0
    return np.asarray(drawn | whole[window])


def _calibration(
    windows: pd.DataFrame, event: NDArray[np.bool_], judged: NDArray[np.bool_], weight: Floats
) -> Iterator[Measure]:
    if "probability" not in windows:
        return
    chance = windows["probability"].to_numpy(dtype=np.float64)
    rows = np.flatnonzero(judged & (chance > 0.0) & (chance < 1.0))
    if len(rows):
        parts = (rows, weight[rows], event[rows].astype(np.float64), chance[rows])
        yield Measure("observed_expected", *parts)
        yield Measure("calibration_slope", *parts)


def _reading(windows: pd.DataFrame, reading: pd.DataFrame) -> Iterator[Measure]:
    """Whether a child-window's notes gave a mention, and its record an open question.

    reading: window, child_id, mentions, open_questions (counts). Mentions are compared among
    child-windows that have a note: who has none is compared under note length.
    """
    keys = ["window", "child_id"]
    if reading.duplicated(keys).any():
        raise UsageError("reading must have one row a window and child_id; some have several")
    found = windows[keys].merge(reading, on=keys, how="left", validate="one_to_one")
    noted = np.ones(len(windows), dtype=bool)
    if "note_length" in windows:
        noted = windows["note_length"].to_numpy(dtype=np.float64) > 0.0
    whats: tuple[tuple[Name, str, NDArray[np.bool_]], ...] = (
        ("mention_rate", "mentions", noted),
        ("question_rate", "open_questions", np.ones(len(windows), dtype=bool)),
    )
    for name, column, among in whats:
        if column in found:
            count = found[column].to_numpy(dtype=np.float64)
            rows = np.flatnonzero(among & ~np.isnan(count))
            ones = np.ones(len(rows))
            yield Measure(name, rows, ones, (count[rows] > 0.0).astype(np.float64), ones)

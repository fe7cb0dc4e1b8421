"""Values as a few words that can be counted: numbers in bins that every run shares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from carescreen.columns import BoolArray
from carescreen.indicators import Indicator

Tally = dict[tuple[str, ...], NDArray[np.int64]]  # counts by group or week, by what is counted

# Six bins in a factor of ten: a unit that changes (m, cm, mm) moves every value by whole decades.
STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
EDGES = np.array([step * 10.0**power for power in range(-3, 7) for step in STEPS])
SCORE_WIDTH = 250_000  # millionths of a log-odds: a quarter


def labelled(
    indicator: Indicator, values: NDArray[np.generic], known: BoolArray
) -> Iterator[tuple[str, BoolArray]]:
    """Each value that occurs, as a word, and which rows have it; dates and texts have none.

    Numbers are named by the lower end of their bin, "0" alone and negative ones together.
    """
    if indicator.sensitivity == "highly_sensitive":
        return
    if indicator.type == "enum":
        for code in np.unique(values[known]).tolist():
            yield indicator.values[code], known & (values == code)
    elif indicator.type == "set":
        masks = np.asarray(values, dtype=np.int64)
        for bit, name in enumerate(indicator.values):
            has = known & ((masks >> bit & 1) == 1)
            if has.any():
                yield name, has
    elif indicator.type in ("number", "integer"):
        yield from _of_numbers(np.asarray(values, dtype=np.float64), known)


def _of_numbers(values: NDArray[np.float64], known: BoolArray) -> Iterator[tuple[str, BoolArray]]:
    known = known & ~np.isnan(values)
    places = np.searchsorted(EDGES, values, side="right")
    places = np.where(values < 0, -1, places)
    for place in np.unique(places[known]).tolist():
        name = "<0" if place < 0 else "0" if place == 0 else f"{EDGES[place - 1]:g}"
        yield name, known & (places == place)

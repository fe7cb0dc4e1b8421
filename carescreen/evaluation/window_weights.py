"""How many children each judged child-window speaks for, so that figures are about all children.

Visits that were certain (a rule, a worker, a list) speak for themselves. Those drawn at random speak for
all others of their county and window, each in proportion to 1 / its chance (Hajek; Särndal, Swensson and
Wretman, Model Assisted Survey Sampling, 1992, 5.7): so it does not matter that a recorded chance is of
one week's list and the window has many. A visit that saw nobody, or could not tell, gives its weight to
judged ones that are alike (`selection.told_weights`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.evaluation.cluster_draws import codes
from carescreen.evaluation.metrics import Codes, Flags, Floats
from carescreen.selection import strata, told_weights

LEAST_DRAWN = 20  # random visits before a county's window is weighed by itself


def window_weights(windows: pd.DataFrame) -> Floats:
    """float64[n], from window, county_id, event, attempted, at_random, selection_probability and score.

    1 for child-windows that nobody tried to see. Without random visits of known chance every visit
    speaks for itself.
    """
    chance = windows["selection_probability"].to_numpy(dtype=np.float64)
    tried = windows["attempted"].to_numpy(dtype=bool)
    drawn = tried & windows["at_random"].to_numpy(dtype=bool) & (chance < 1.0)
    weight = np.ones(len(windows))
    weight[drawn] = 1.0 / chance[drawn]
    cell = _cells(windows, drawn)
    weight[drawn] *= _scale(cell, weight, tried, drawn)[cell][drawn]
    told = tried & windows["event"].notna().to_numpy(dtype=bool)
    alike = strata(windows["score"].to_numpy(dtype=np.float64)[tried], drawn[tried])
    weight[tried] *= told_weights(told[tried], weight[tried], alike)
    return weight


def _cells(windows: pd.DataFrame, drawn: Flags) -> Codes:
    """County and window of each row; the window alone where too few were drawn in the county, and all
    windows together where too few were drawn in the window."""
    window = codes(windows["window"].to_numpy(dtype=object))
    county = codes(windows["county_id"].fillna("").astype(str).to_numpy(dtype=object))
    both = window * (county.max(initial=0) + 1) + county
    enough = np.bincount(both, drawn)[both] >= LEAST_DRAWN
    enough_in_window = np.bincount(window, drawn & ~enough)[window] >= LEAST_DRAWN
    first = both.max(initial=-1) + 1
    cell = np.where(enough, both, np.where(enough_in_window, first + window, -1))
    cell = np.where(cell < 0, first + window.max(initial=-1) + 1, cell)
    return np.unique(cell, return_inverse=True)[1]


def _scale(cell: Codes, weight: Floats, tried: Flags, drawn: Flags) -> NDArray[np.float64]:
    """For each cell, the children who were not certain over those that the draw stands for."""
    others = np.bincount(cell, ~(tried & ~drawn)).astype(np.float64)
    stands_for = np.bincount(cell, np.where(drawn, weight, 0.0))
    return np.divide(others, stands_for, out=np.ones(len(others)), where=stands_for > 0.0)

"""What is counted on two lists child by child: who appeared and vanished, the random share, rejections."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from carescreen.evaluation.watch_measures import NONE, Measure
from carescreen.evaluation.watch_runs import WatchedRun
from carescreen.evaluation.watch_settings import WatchSettings

LEAST_VILLAGE = 10  # children that a village had, to be called lost
LEAST_DRAWN = 5  # seats by chance, to be missed


def of_lists(old: WatchedRun, new: WatchedRun, settings: WatchSettings) -> Iterator[Measure]:
    """Measures that need no reference: nobody may leave a list by chance."""
    yield from _come_and_gone(old, new, settings)
    yield from _random_share(old, new)
    yield from _drawn_and_seen(old, new)
    yield from _rejections(old, new, settings)


def _come_and_gone(old: WatchedRun, new: WatchedRun, settings: WatchSettings) -> Iterator[Measure]:
    before, after = old.children, new.children
    gone = ~before["child_id"].isin(after["child_id"])
    come = ~after["child_id"].isin(before["child_id"])
    n_old, n_new = len(before), len(after)
    is_gone = gone.sum() >= max(settings.vanished_least, settings.vanished * n_old)
    is_come = come.sum() >= max(settings.appeared_least, settings.appeared * n_new)
    yield Measure("vanished", "", 0.0, float(gone.sum()), n_old, n_new, bool(is_gone))
    yield Measure("appeared", "", 0.0, float(come.sum()), n_old, n_new, bool(is_come))
    yield from _villages_lost(before["village_id"], gone.to_numpy(dtype=bool), settings)


def _villages_lost(
    village: pd.Series, gone: NDArray[np.bool_], settings: WatchSettings
) -> Iterator[Measure]:
    number, names = pd.factorize(village)
    had = np.bincount(number, minlength=len(names))
    lost = np.bincount(number[gone], minlength=len(names))
    is_lost = (had >= LEAST_VILLAGE) & (lost >= settings.village_lost * had)
    for place in np.flatnonzero(is_lost).tolist():
        name, count = str(names[place]), float(had[place])
        yield Measure("village_lost", name, 0.0, float(lost[place]), count, count, True)


def _random_share(old: WatchedRun, new: WatchedRun) -> Iterator[Measure]:
    """Seats by chance among all seats; none where there were some is an alarm, and so is a share of 0."""
    drawn = [int((side.children["selected_by"] == "random").sum()) for side in (old, new)]
    seats = [int(side.children["within_capacity"].sum()) for side in (old, new)]
    is_off = old.random_share > 0 and new.random_share == 0
    is_missing = new.random_share > 0 and drawn[0] >= LEAST_DRAWN and drawn[1] == 0
    large = is_off or is_missing
    yield Measure("random", "", drawn[0], drawn[1], seats[0], seats[1], large)


def _drawn_and_seen(old: WatchedRun, new: WatchedRun) -> Iterator[Measure]:
    """Of children listed a run ago, seen since: those drawn by chance against the others of their tiers.

    A visitor who leaves out those whom chance drew makes misses invisible. Fisher's exact test.
    """
    days = (new.as_of - old.as_of).days
    listed = old.children[old.children["within_capacity"]]
    since = new.children.set_index("child_id")["days_since_seen"]
    seen = listed["child_id"].map(since).to_numpy(dtype=np.float64) < days
    drawn = (listed["selected_by"] == "random").to_numpy()
    alike = listed["tier"].isin(listed.loc[drawn, "tier"]).to_numpy() & ~drawn
    n_drawn, n_alike = int(drawn.sum()), int(alike.sum())
    if n_drawn < LEAST_DRAWN or n_alike < LEAST_DRAWN:
        return
    has, has_alike = int(seen[drawn].sum()), int(seen[alike].sum())
    table = [[has, n_drawn - has], [has_alike, n_alike - has_alike]]
    chance = float(stats.fisher_exact(table, alternative="less").pvalue)
    share, share_alike = has / n_drawn, has_alike / n_alike
    large = share_alike - share >= 0.2
    yield Measure("drawn_seen", "", share_alike, share, n_alike, n_drawn, large, chance)


def _rejections(old: WatchedRun, new: WatchedRun, settings: WatchSettings) -> Iterator[Measure]:
    before, after = (side.rejected.value_counts(["file", "field"]) for side in (old, new))
    for key in sorted({*before.index, *after.index}):
        was, now = int(before.get(key, 0)), int(after.get(key, 0))
        large = now - was >= max(settings.rejected, was / 2)
        yield Measure("rejected", str(key[0]), was, now, NONE, NONE, large, part=str(key[1]))

"""Recall over all children, from a random share, holds the truth that an invented programme knows:
for several base rates, households alike, failed visits, uneven shares; and on synthetic counties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from programmes import Programme, programme

from carescreen.caseload import Caseload
from carescreen.evaluation.misses import KNOWN, Missed, misses
from carescreen.pack import TIERS
from carescreen.plan import give_seats
from carescreen.screener import Screener
from carescreen.sheet import Sheet
from carescreen.synthetic import make_county

Measured = Callable[[str, dict[str, object]], None]

RUNS = 100
TITLE = "What the list misses: 95% intervals that held the true recall"
LEAST = 0.95 - 3 * np.sqrt(0.95 * 0.05 / RUNS)  # fewer would not be chance

CASES = {
    "10% of seats": Programme(),
    "5% of seats": Programme(share=0.05, base=-2.7),
    "3% of seats": Programme(share=0.03, base=-2.1),
    "about 20 events": Programme(lists=36),
    "rare events": Programme(base=-4.6, lists=150),
    "common events": Programme(base=-1.8),
    "low recall": Programme(effect=0.3, base=-2.9),
    "high recall": Programme(lists=80, share=0.2, effect=2.2, base=-4.2, likeness=0.8),
    "households very alike": Programme(base=-5.4, effect=0.5, shared=2.5, likeness=1.0),
    "unequal chances (1 to 4)": Programme(share=0.05, base=-3.2, uneven=True),
    "half of the seats": Programme(lists=25, share=0.5),
    "a list half as long": Programme(capacity=10),
    "households of three": Programme(home=3),
    "another order than that of the seats": Programme(home=3, other=1.0),
    "1 in 5 seats for certain not tried": Programme(other=1.0, skipped=0.2),
    "1 in 5 visits fails": Programme(failed=0.2),
    "fails twice as often with an event": Programme(failed=0.15, hidden=0.9),
}
BIASED = {"fails twice as often with an event"}


@pytest.mark.parametrize("name", CASES)
def test_intervals_hold_the_recall_over_all_children(name: str, measured: Measured) -> None:
    like = CASES[name]
    found, true = [], []
    for seed in range(RUNS):
        windows, truth = programme(like, seed)
        found.append(misses(windows, capacity=like.capacity or like.seats).all)
        true.append(truth)
    row, covered = _row(name, found, np.array(true))
    measured(TITLE, row)
    if name not in BIASED:
        assert covered >= LEAST


def _row(name: str, found: list[Missed], true: np.ndarray) -> tuple[dict[str, object], float]:
    told = np.array([part.verdict in KNOWN for part in found])
    low, high, recall = (
        np.array([getattr(part, side) for part in found])[told]
        for side in ("low", "high", "recall")
    )
    held = (low <= true[told]) & (true[told] <= high)
    naive = np.nanmean([part.listed_only_recall for part in found])
    row: dict[str, object] = {
        "programme": name,
        "true recall": f"{true.mean():.2f}",
        "random visits": f"{np.mean([part.random_visits for part in found]):.0f}",
        "events of them": f"{np.mean([part.events_below for part in found]):.0f}",
        "told": f"{told.sum()} of {len(found)}",
        "held": f"{held.mean():.3f}",
        "too high": f"{(low > true[told]).mean():.3f}",
        "too low": f"{(high < true[told]).mean():.3f}",
        "estimate less true": f"{(recall - true[told]).mean():+.3f}",
        "half width": f"{(high - low).mean() / 2:.3f}",
        "not drawn at random say": f"{naive:.2f}",
    }
    return row, float(held.mean())


COUNTIES, QUARTERS, WEEKS, SEATS, SHARE, FAILED = (1, 2, 3), 60, 13, 20, 0.1, 0.05


@pytest.mark.parametrize("seed", COUNTIES)
def test_it_finds_the_recall_of_a_synthetic_county(seed: int, measured: Measured) -> None:
    county = make_county(children=8_000, seed=seed)
    tables = {name: getattr(county, name) for name in ("children", "visits", "households")}
    caseload = Caseload(**tables, outcomes=county.outcomes, decisions=county.decisions)
    heads = Screener.load().rank(caseload, as_of="2026-11-01", capacity=SEATS).to_frame()
    heads = heads.merge(county.truth[["child_id", "true_concern"]], on="child_id")
    place = heads.groupby("caseworker_id")["rank"].rank()
    event = heads["true_concern"] == 1
    true = float((event & (place <= SEATS)).sum() / event.sum())
    found = [misses(_quarter(heads, number), capacity=SEATS).all for number in range(QUARTERS)]
    row, _ = _row(f"synthetic county {seed}", found, np.full(QUARTERS, true))
    measured(TITLE, row)
    told = [part for part in found if part.verdict in KNOWN]
    assert len(told) >= QUARTERS / 3
    assert np.mean([part.low <= true <= part.high for part in told]) >= 0.85
    assert np.mean([part.listed_only_recall for part in found]) > true + 0.05


def _quarter(heads: pd.DataFrame, number: int) -> pd.DataFrame:
    """What a quarter of weekly lists of one ranking finds, a few visits failing."""
    rng = np.random.default_rng(number)
    rows = Sheet(
        {
            "group": heads["caseworker_id"].to_numpy(dtype=object),
            "household": heads["household_id"].to_numpy(dtype=object),
            "tier_code": heads["tier"].map({name: k for k, name in enumerate(TIERS)}).to_numpy(),
            "waits": heads["waits"].to_numpy(dtype=bool),
        }
    )
    weeks = [give_seats(rows, SEATS, SHARE, f"{number}:{week}") for week in range(WEEKS)]
    sure = weeks[0].within & ~weeks[0].drawn
    drawn = np.any([week.drawn for week in weeks], axis=0) & ~sure
    chance = 1.0 - (1.0 - np.nan_to_num(weeks[0].selection_probability)) ** WEEKS
    told = (sure | drawn) & (rng.random(len(heads)) >= FAILED)
    event = np.where(told, heads["true_concern"] == 1, None)
    return pd.DataFrame(
        {
            "window": 0,
            "child_id": heads["child_id"],
            "household_id": heads["household_id"],
            "group": heads["caseworker_id"],
            "event": event,
            "attempted": sure | drawn,
            "at_random": drawn,
            "selection_probability": np.where(sure | drawn, chance, np.nan),
            "order": -heads["rank"].astype(float),
            "score": heads["score"],
        }
    )

"""Intervals of the evaluation's figures hold what they say, on households and counties that are
alike inside, with few events and with many, and where the true distance is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.special import logit as log_odds

from carescreen.evaluation import discrimination, net_benefit, reliability, use

Measured = Callable[[str, dict[str, object]], None]

# Nodes for the mean over what households share (normal, spread HOUSEHOLD)
NODES, MASS = np.polynomial.hermite_e.hermegauss(40)
HOUSEHOLD, EFFECT, BASE = 0.8, 1.2, -3.2
AT_RANDOM = 200_000  # children of which the truth is taken
LIST, SEATS = 50, 8


def _true_chance(score: np.ndarray) -> np.ndarray:
    """Chance of an event at a score, over households, by steps in a table."""
    grid = np.linspace(-7.0, 7.0, 1401)
    chance = expit(BASE + EFFECT * grid[:, None] + HOUSEHOLD * NODES) @ MASS / MASS.sum()
    return np.interp(score, grid, chance)


def county(rng: np.random.Generator, children: int, spread: float = 1.0) -> pd.DataFrame:
    """Two children a household, alike in score and in what nobody sees. probability is true where
    spread is 1; its log-odds are divided by it."""
    household = np.arange(children) // 2
    homes = children // 2
    score = (
        np.sqrt(0.3) * rng.normal(size=children) + np.sqrt(0.7) * rng.normal(size=homes)[household]
    )
    shared = HOUSEHOLD * rng.normal(size=homes)[household]
    true = _true_chance(score)
    return pd.DataFrame(
        {
            "window": 0,
            "child_id": np.char.mod("c%07d", np.arange(children)).astype(object),
            "household_id": np.char.mod("h%07d", household).astype(object),
            "group": np.char.mod("w%05d", np.arange(children) // LIST).astype(object),
            "event": (rng.random(children) < expit(BASE + EFFECT * score + shared)).astype(object),
            "score": score,
            "noisy": score + rng.normal(size=children),
            "true": true,
            "probability": expit(log_odds(true) / spread),
        }
    )


def figures(table: pd.DataFrame, draws: int, seed: int) -> Iterator[tuple[str, pd.Series]]:
    """Every figure and difference of a county, by name."""
    methods = ["score", "noisy"]
    order = discrimination(table, methods, by=(), draws=draws, seed=seed)
    seats = use(table, methods, SEATS, by=(), draws=draws, seed=seed)
    calibration = reliability(table, by=(), draws=draws, seed=seed)
    worth = net_benefit(table, thresholds=[0.1], draws=draws, seed=seed)
    for found in (order, seats):
        for _, row in found.figures[found.figures["method"] == "score"].iterrows():
            yield row["measure"], row
        for _, row in found.differences.iterrows():
            yield f"{row['measure']}, difference", row
    for frame in (calibration.figures, worth.figures):
        for _, row in frame.iterrows():
            yield row["measure"], row


def truth(spread: float) -> dict[str, float]:
    """The figures of very many children; distances from the true chances."""
    table = county(np.random.default_rng(99), AT_RANDOM, spread)
    found = {name: float(row["value"]) for name, row in figures(table, 2, 0) if row["enough"]}
    gap = (table["true"] - table["probability"]).to_numpy()
    bins = np.argsort(np.argsort(table["probability"].to_numpy())) * 10 // AT_RANDOM
    in_bin = np.bincount(bins, gap) / np.bincount(bins)
    return found | {"ici": np.abs(gap).mean(), "ece": np.sqrt(np.mean(in_bin**2))}


# children, spread, runs; the tails are as wide as so few runs need
CASES = [(400, 1.0, 300), (1_200, 1.0, 300), (4_000, 1.0, 150), (4_000, 1.6, 150)]


@pytest.mark.parametrize(("children", "spread", "runs"), CASES)
def test_household_intervals_cover_at_least_ninety_percent(
    children: int, spread: float, runs: int, measured: Measured
) -> None:
    true = truth(spread)
    held: dict[str, list[bool]] = {}
    events = []
    for run in range(runs):
        table = county(np.random.default_rng([run, children]), children, spread)
        events.append(int(table["event"].sum()))
        for name, row in figures(table, 400, run):
            if row["enough"] and name in true:
                held.setdefault(name, []).append(row["low"] <= true[name] <= row["high"])
    title = "95% intervals of the evaluation: share that hold the truth"
    for name, hits in held.items():
        covered = float(np.mean(hits))
        row_of_table = {
            "figure": name,
            "children": str(children),
            "events": f"{np.mean(events):.0f}",
            "predictions": "true" if spread == 1.0 else "too near the middle",
            "held": f"{covered:.3f}",
            "of": str(len(hits)),
        }
        measured(title, row_of_table)
        if len(hits) >= runs / 2:
            allowed = 3.0 * np.sqrt(0.92 * 0.08 / len(hits))
            assert covered >= 0.92 - allowed, f"{name}: {covered:.3f} of {len(hits)}"


@pytest.mark.parametrize("counties", [2, 4, 10])
def test_county_intervals_cover_where_counties_differ(counties: int, measured: Measured) -> None:
    held, within_households, runs = [], [], 300
    for run in range(runs):
        rng = np.random.default_rng([run, counties])
        shift = 0.5 * rng.normal(size=counties)
        parts = []
        for k in range(counties):
            table = county(rng, 700)
            more = rng.random(700) < expit(BASE + EFFECT * table["score"].to_numpy() + shift[k])
            named = {name: f"{k}-" + table[name] for name in ("child_id", "household_id")}
            parts.append(table.assign(county_id=f"k{k:02d}", event=more.astype(object), **named))
        whole = pd.concat(parts, ignore_index=True)
        found = reliability(whole, by=(), draws=300, seed=run).figures
        row = found[found["measure"] == "observed_over_expected"].iloc[0]
        if np.isfinite(row["county_low"]):
            held.append(row["county_low"] <= COUNTY_TRUTH <= row["county_high"])
            within_households.append(row["low"] <= COUNTY_TRUTH <= row["high"])
    covered = float(np.mean(held))
    row_of_table = {
        "counties": str(counties),
        "over counties": f"{covered:.3f}",
        "over households": f"{np.mean(within_households):.3f}",
        "of": str(len(held)),
    }
    title = "95% intervals of observed / expected where counties differ"
    measured(title, row_of_table)
    assert covered >= 0.92 - 3.0 * np.sqrt(0.92 * 0.08 / len(held))
    assert np.mean(within_households) < covered


def _county_truth() -> float:
    """Observed over expected of counties without number."""
    score = np.random.default_rng(1).normal(size=200_000)
    shift = 0.5 * NODES
    events = expit(BASE + EFFECT * score[:, None] + shift) @ MASS / MASS.sum()
    return float(events.sum() / _true_chance(score).sum())


COUNTY_TRUTH = _county_truth()

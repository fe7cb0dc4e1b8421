"""Invented programmes whose every outcome is known: lists with a random share, drawn as `plan` does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from carescreen.plan import give_seats
from carescreen.sheet import Sheet

ROUTINE = 3


@dataclass(frozen=True)
class Programme:
    """What an invented programme is like.

    lists, size    caseworkers, and children of each
    windows        draws of a list one after the other, the households the same
    seats          of a list; `share` of them go to the draw
    base           log-odds of an event at a mean score; `effect` of the score; `shared` by a household
    likeness       part of the score that a household has in common
    failed         share of visits that nobody could judge; `hidden`: as log-odds by how much more often
                   where there was something to find
    uneven         lists of an odd number keep four times the share
    capacity       seats that recall is about; None: as many as there are
    home           children of every household; None: two on average
    skipped        share of children with a seat for certain whom nobody tried to see
    other          spread of what another order than that of the seats adds; recall is about that order
    """

    lists: int = 60
    size: int = 100
    windows: int = 4
    seats: int = 20
    share: float = 0.10
    base: float = -3.4
    effect: float = 1.0
    shared: float = 0.8
    likeness: float = 0.5
    failed: float = 0.0
    hidden: float = 0.0
    uneven: bool = False
    capacity: int | None = None
    home: int | None = None
    skipped: float = 0.0
    other: float = 0.0


def programme(like: Programme, seed: int) -> tuple[pd.DataFrame, float]:
    """Judged windows, and the recall of the list at its capacity had everybody been visited."""
    rng = np.random.default_rng(seed)
    people = _people(like, rng)
    parts = [_window(like, people, number, rng) for number in range(like.windows)]
    table = pd.concat(parts, ignore_index=True)
    place = table.groupby(["window", "group"])["order"].rank(ascending=False, method="first")
    listed = place <= (like.capacity or like.seats)
    truth = table.pop("truth")
    return table, float((listed & truth).sum() / truth.sum())


def _people(like: Programme, rng: np.random.Generator) -> pd.DataFrame:
    """Children in households, each household on one list."""
    n = like.lists * like.size
    group = np.arange(n) // like.size
    first = rng.random(n) < 0.5
    if like.home:
        first = np.arange(n) % like.size % like.home == 0
    first[:: like.size] = True
    home = np.cumsum(first) - 1
    homes = int(home[-1]) + 1
    common = rng.normal(size=homes)[home]
    score = np.sqrt(like.likeness) * common + np.sqrt(1 - like.likeness) * rng.normal(size=n)
    unseen = like.shared * rng.normal(size=homes)[home]
    return pd.DataFrame({"group": group, "home": home, "score": score, "unseen": unseen})


def _window(
    like: Programme, people: pd.DataFrame, number: int, rng: np.random.Generator
) -> pd.DataFrame:
    n = len(people)
    score = 0.8 * people["score"].to_numpy() + 0.6 * rng.normal(size=n)
    truth = rng.random(n) < expit(like.base + like.effect * score + people["unseen"].to_numpy())
    within, drawn, chance = _seats(like, people, score, f"{number}:{rng.integers(1 << 30)}")
    if like.skipped:
        within &= drawn | (rng.random(n) >= like.skipped)
    fails = rng.random(n) < expit(_log_odds(like.failed) + like.hidden * truth)
    order = score + like.other * rng.normal(size=n) if like.other else score
    event = np.full(n, None, dtype=object)
    told = within & ~fails
    event[told] = truth[told]
    return pd.DataFrame(
        {
            "window": number,
            "child_id": np.char.mod("c%06d", np.arange(n)).astype(object),
            "household_id": np.char.mod("h%06d", people["home"].to_numpy()).astype(object),
            "group": np.char.mod("w%04d", people["group"].to_numpy()).astype(object),
            "county_id": np.char.mod("k%d", people["group"].to_numpy() % 2).astype(object),
            "event": event,
            "attempted": within,
            "at_random": drawn,
            "selection_probability": np.where(within, chance, np.nan),
            "order": order,
            "score": score,
            "truth": truth,
        }
    )


def _seats(
    like: Programme, people: pd.DataFrame, score: np.ndarray, seed: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """On the list, drawn, and the chance of both, by the package's own draw."""
    n = len(people)
    within, drawn, chance = np.zeros(n, bool), np.zeros(n, bool), np.full(n, np.nan)
    odd = people["group"].to_numpy() % 2 == 1
    for some, share in ((odd, like.share * (4 if like.uneven else 1)), (~odd, like.share)):
        rows = np.flatnonzero(some)
        rows = rows[np.argsort(-score[rows], kind="stable")]
        sheet = Sheet(
            {
                "group": np.char.mod("w%04d", people["group"].to_numpy()[rows]).astype(object),
                "household": people["home"].to_numpy()[rows].astype(str).astype(object),
                "tier_code": np.full(len(rows), ROUTINE),
                "waits": np.zeros(len(rows), dtype=bool),
            }
        )
        found = give_seats(sheet, like.seats, share, seed)
        within[rows], drawn[rows] = found.within, found.drawn
        chance[rows] = found.selection_probability
    return within, drawn, chance


def _log_odds(share: float) -> float:
    return float(np.log(share / (1.0 - share))) if share > 0.0 else -np.inf

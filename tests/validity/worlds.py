"""Simulated tables of which the truth is known. Everything here is SYNTHETIC: what a fit does on it
says whether the method is right, and nothing about children."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.calibration import Floats, chance, fit_intercept
from carescreen.model import RiskModel
from carescreen.steps import MICRO, AdditiveTables

ENOUGH = 20_000  # rows to set the intercept by, and to measure on


@dataclass(frozen=True)
class Sample:
    """Rows, their true log-odds and labels drawn from them."""

    X: pd.DataFrame
    logit: Floats
    y: NDArray[np.int64]

    @property
    def chance(self) -> Floats:
        """True probability of each row."""
        return chance(self.logit)

    def take(self, rows: NDArray[np.intp] | slice) -> Sample:
        """Some of the rows."""
        X = self.X.iloc[rows].reset_index(drop=True)
        return Sample(X, self.logit[rows], self.y[rows])


@dataclass(frozen=True)
class World:
    """A population: how rows are drawn, and the true log-odds of rows."""

    rows: Callable[[np.random.Generator, int], pd.DataFrame]
    truth: Callable[[pd.DataFrame], Floats]
    intercept: float = 0.0

    def at_rate(self, rate: float, rng: np.random.Generator) -> World:
        """The world with the intercept that makes `rate` of the rows events."""
        score = self.truth(self.rows(rng, ENOUGH))
        shift = fit_intercept(score, np.full(ENOUGH, rate), np.ones(ENOUGH))
        return replace(self, intercept=shift)

    def draw(self, n: int, rng: np.random.Generator) -> Sample:
        """A sample of n rows."""
        X = self.rows(rng, n)
        logit = self.intercept + self.truth(X)
        return Sample(X, logit, (rng.random(n) < chance(logit)).astype(np.int64))

    def draw_events(self, events: int, rate: float, rng: np.random.Generator) -> Sample:
        """Rows as they come, until one more event would be too many: exactly `events` of them.
        (So events / rows is an unbiased estimate of the rate; up to the last event it is not.)"""
        sample = self.draw(int(4 * (events + 10) / rate), rng)
        at = np.flatnonzero(sample.y)
        assert len(at) > events, "the batch is four times as long as it has to be on average"
        return sample.take(np.arange(at[events]))


# --- the evidence model's features -----------------------------------------------------------

COMMON = (0.35, 0.25, 0.2, 0.3, 0.15, 0.5)  # share of rows with each feature


@cache
def evidence() -> AdditiveTables:
    """The shipped evidence model without the circumstances that it holds at 0 (law 9): those no
    fit from it may use, whatever the outcomes say, so they tell nothing about the method."""
    tables = RiskModel.load("evidence").tables_
    kept = tuple(table for table in tables.features if table.look_up.any())
    assert len(kept) == len(COMMON)
    return replace(tables, features=kept)


def evidence_world(kind: str, rng: np.random.Generator) -> World:
    """Where the truth lies within half the prior's own spreads (right), is half as strong (half),
    twice as strong (strong), nothing to speak of (none), or has other signs and places (wrong)."""
    features = evidence().features
    weight = np.array([table.weights[1] for table in features]) / MICRO
    spread = np.array([table.spread or 0 for table in features]) / MICRO
    true = {
        "right": weight + rng.normal(0.0, spread) / 2.0,
        "half": weight / 2.0,
        "strong": weight * 2.0,
        "none": rng.normal(0.0, 0.1, len(weight)),
        "wrong": rng.permutation(weight) * rng.choice([-1.0, 1.0], len(weight)),
    }[kind]
    names = [table.name for table in features]

    def rows(own: np.random.Generator, n: int) -> pd.DataFrame:
        return pd.DataFrame((own.random((n, len(names))) < COMMON) * 1.0, columns=names)

    return World(rows, lambda X: X.to_numpy() @ true)


# --- a mixed table -----------------------------------------------------------------------------

FLAGS = tuple(f"flag{number}" for number in range(6))
CUTS = np.array([0.3, 0.8, 1.2, 0.5, 1.0, 1.5])  # of normal values: 38% to 7% of rows
PLACES, SHARES = ("hill", "river", "town", "rare"), (0.5, 0.3, 0.15, 0.05)
WORDS = ("hungry", "bruise", "cold", "alone", "quiet", "tidy", "school", "dinner", "garden", "rain")


@dataclass(frozen=True)
class Mixed:
    """Effects of a table of yes/no flags, two numbers, words and, perhaps, a note.

    correlation: of the normal values behind the flags. interaction: log-odds that two flags, and a
    flag at a young age, add together beyond what each adds.
    """

    flags: Floats
    gap: float
    young: float
    places: Floats
    correlation: float = 0.0
    interaction: float = 0.0
    words: Floats | None = None

    @classmethod
    def drawn(cls, rng: np.random.Generator, correlation: float = 0.0) -> Mixed:
        """Effects of the size that screening tables have."""
        return cls(
            flags=rng.normal(0.0, 0.5, len(FLAGS)),
            gap=rng.normal(0.0, 0.6),
            young=rng.normal(0.0, 0.5),
            places=rng.normal(0.0, 0.4, len(PLACES)),
            correlation=correlation,
        )

    def rows(self, rng: np.random.Generator, n: int) -> pd.DataFrame:
        """n rows."""
        own = rng.normal(size=(n, len(FLAGS))) * np.sqrt(1.0 - self.correlation**2)
        shown = own + self.correlation * rng.normal(size=(n, 1)) > CUTS
        X = pd.DataFrame(shown * 1.0, columns=list(FLAGS))
        X["gap"] = rng.exponential(30.0, n)
        X["age"] = rng.integers(0, 18, n) * 1.0
        X["place"] = rng.choice(PLACES, n, p=SHARES)
        if self.words is not None:
            X["note"] = _notes(rng, n)
        return X

    def truth(self, X: pd.DataFrame) -> Floats:
        """Log-odds without the intercept."""
        flags, young = X[list(FLAGS)].to_numpy(), (X["age"] < 6).to_numpy()
        logit: Floats = flags @ self.flags + self.young * young
        logit += self.gap * np.minimum(X["gap"].to_numpy(), 90.0) / 90.0
        logit += self.places[[PLACES.index(place) for place in X["place"]]]
        both = flags[:, 0] * flags[:, 1] + flags[:, 3] * young
        logit += self.interaction * both
        if self.words is not None:
            found = [[word in note.split() for word in WORDS] for note in X["note"]]
            logit += np.array(found) @ self.words
        return logit

    def world(self, rng: np.random.Generator, rate: float = 0.15) -> World:
        """The population of these effects."""
        return World(self.rows, self.truth).at_rate(rate, rng)


def _notes(rng: np.random.Generator, n: int) -> Sequence[str]:
    """Notes of three to five of WORDS in any order."""
    return [
        " ".join(rng.choice(WORDS, int(length), replace=False))
        for length in rng.integers(3, 6, size=n)
    ]

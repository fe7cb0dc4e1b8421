"""The trial of phrases: chosen and weighed on the training part of each fold, judged on the other.

Chosen are phrases that raise the risk among children of one worker about whom she wrote about as much
(Benjamini-Hochberg at 5%, one-sided). One that
is chosen in at least half of the training parts is admitted if it also raises, on the rows held out,
with p < .05. The rate of false discoveries is thus controlled in each training part; the rows held
out only confirm, since each of them trains for the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.calibration import Floats, Rows, fit_intercept, log_loss, random_folds
from carescreen.ngrams import PhraseTable
from carescreen.phrase_gates import UsedRows
from carescreen.phrase_limits import PHRASE_CAP
from carescreen.phrase_weights import weights_within
from carescreen.phrasefit import PHRASE_SPREADS
from carescreen.steps import MICRO
from carescreen.within import Effects, benjamini_hochberg, effects_within

RATE = 0.05  # false discovery rate of one training part
HELD_OUT_P = 0.05
MIN_EVENTS = 20  # fewest for anything (DESIGN "Model")
CAP = PHRASE_CAP / MICRO


@dataclass
class Trial:
    """Candidates chosen and weighed on the training part of each fold, and judged on the other."""

    used: UsedRows
    matrix: Any
    seed: int

    def __post_init__(self) -> None:
        used, count = self.used, self.matrix.shape[1]
        self.folds = [
            fold for fold in self._dealt() if used.y[fold[0]].sum() >= MIN_EVENTS and len(fold[1])
        ]
        self.every = self._effects(np.arange(used.n))
        none = np.zeros(count)
        self.held_out = Effects(none, none, none)
        self.votes = np.zeros(count, dtype=np.int64)
        self.chosen: list[Rows] = []
        for train, test in self.folds:
            effects = self._effects(train)
            chosen = benjamini_hochberg(effects.chance_above(), RATE)
            part = self._effects(test)
            self.held_out += Effects(
                *(np.where(chosen, x, 0.0) for x in (part.score, part.information, part.variance))
            )
            self.votes += chosen
            self.chosen.append(np.flatnonzero(chosen))

    @property
    def lowering(self) -> int:
        """How many candidates lower within workers, as surely as others are admitted."""
        down = replace(self.every, score=-self.every.score)
        return int(benjamini_hochberg(down.chance_above(), RATE).sum())

    def admitted(self) -> NDArray[np.bool_]:
        """Chosen in at least half of the training parts, and above 0 where held out."""
        often = (self.votes * 2 >= len(self.folds)) & (self.votes > 0)
        return np.asarray(often & (self.held_out.chance_above() < HELD_OUT_P))

    def _dealt(self) -> list[tuple[Rows, Rows]]:
        used = self.used
        if used.folds is not None:
            return used.folds
        return random_folds(used.y, used.household.astype(np.intp), self.seed) if used.n else []

    def _effects(self, rows: Rows) -> Effects:
        used = self.used
        return effects_within(
            self.matrix[rows],
            used.offset[rows],
            used.y[rows],
            used.weight[rows],
            used.alike[rows],
            used.household[rows],
        )

    def choose(self) -> tuple[float, tuple[float, float], Floats]:
        """The spread of weights with the least held-out log loss (0: no phrases), the losses
        without and with them, and the scores it gave."""
        used = self.used
        least = without = self._loss(used.offset)
        best, scores = 0.0, used.offset
        for spread in PHRASE_SPREADS if any(map(len, self.chosen)) else ():
            tried = used.offset.copy()
            for (train, test), chosen in zip(self.folds, self.chosen, strict=True):
                weights = self.weigh(chosen, train, spread)
                points = np.clip(self.matrix[:, chosen] @ weights, 0.0, CAP)
                shift = self._shift(points, train)
                tried[test] = used.offset[test] + points[test] + shift
            loss = self._loss(tried)
            if loss < least:
                best, least, scores = spread, loss, tried
        return best, (without, least), scores

    def _loss(self, scores: Floats) -> float:
        tested = self.tested()
        if not len(tested):
            return float("nan")
        used = self.used
        return log_loss(scores[tested], used.y[tested], used.weight[tested])

    def tested(self) -> Rows:
        """Rows that some fold held out."""
        return np.unique(np.concatenate([np.zeros(0, np.intp), *(test for _, test in self.folds)]))

    def weigh(self, places: Rows, rows: Rows, spread: float) -> Floats:
        """Weights of some candidates, log-odds, never below 0: ridge, with a shift a worker."""
        if not len(places) or spread == 0.0:
            return np.zeros(len(places))
        used = self.used
        return weights_within(
            self.matrix[rows][:, places],
            used.offset[rows],
            used.y[rows],
            used.weight[rows],
            used.alike[rows],
            spread,
            CAP,
        )

    def shift(self, table: PhraseTable) -> float:
        """What the intercept falls by, so that phrases leave the mean risk as it was."""
        if not table.weights:
            return 0.0
        points = table.score_micro(pd.Series(self.used.notes, dtype=object)) / MICRO
        return self._shift(points, np.arange(self.used.n))

    def _shift(self, points: Floats, rows: Rows) -> float:
        used = self.used
        before = fit_intercept(used.offset[rows], used.y[rows], used.weight[rows])
        after = fit_intercept((used.offset + points)[rows], used.y[rows], used.weight[rows])
        return after - before

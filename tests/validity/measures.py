"""What is measured on simulated truth: with the true probabilities in hand, a label's own noise
need not be waited for, so a few dozen runs tell much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from worlds import Sample

from carescreen.calibration import Floats, calibration_slope
from carescreen.model import RiskModel


@dataclass(frozen=True)
class Mean:
    """Mean over runs, and half of its 95% Monte-Carlo interval."""

    value: float
    reach: float

    @classmethod
    def of(cls, runs: Iterable[float]) -> Mean:
        """From one number a run."""
        values = np.array(list(runs))
        assert len(values) > 1
        return cls(float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values))))

    def lies_within(self, low: float, high: float) -> bool:
        """Whether the interval reaches into the bounds: no evidence that they are broken."""
        return self.value + self.reach >= low and self.value - self.reach <= high

    def is_over(self, bound: float) -> bool:
        """Whether the whole interval lies over a bound."""
        return self.value - self.reach > bound

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.reach:.3f}"


def logit_of(model: RiskModel, sample: Sample) -> Floats:
    """Calibrated log-odds that a model gives."""
    logit: Floats = model.calibration_.logit(model.decision_function(sample.X))
    return logit


def expected_loss(logit: Floats, sample: Sample) -> float:
    """Mean log loss of predictions, expected over labels."""
    return float(np.mean(np.logaddexp(0.0, logit) - sample.chance * logit))


def expected_over(model: RiskModel, sample: Sample) -> float:
    """True events over those predicted: 1 is calibrated in the large."""
    return float(sample.chance.sum() / model.predict_proba(sample.X)[:, 1].sum())


def slope(model: RiskModel, sample: Sample) -> float:
    """Slope of the truth on the predicted log-odds: under 1 is overconfident."""
    return calibration_slope(sample.chance, logit_of(model, sample))


def columns(runs: Sequence[Sequence[float]]) -> list[Mean]:
    """The mean of each number that every run gave."""
    return [Mean.of(column) for column in zip(*runs, strict=True)]

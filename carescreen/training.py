"""One training run: choose by cross-fitting, fit all rows, calibrate, report.

The rows that choose and calibrate are always scored by a model that did not learn from them, nor
from any row of their group, nor (when times are given) from a later one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from carescreen.calibration import (
    MIN_EVENTS,
    SLOPE_SPREAD,
    CalibrationMap,
    Floats,
    fit_map,
    forward_folds,
    random_folds,
)
from carescreen.fitting import (
    FEW_EVENTS_SPREAD,
    SPREADS,
    Basis,
    Choice,
    Fitted,
    codes_of,
    cross_fit,
    fit_steps,
    step_tables,
    together,
)
from carescreen.labelled import LabelledRows
from carescreen.modelcard import fitted_card
from carescreen.modelfile import Manifest, SavedModel, Window, software_versions
from carescreen.phrasefit import (
    PhraseChoice,
    PhraseRows,
    choose_phrases,
    fit_phrases,
    phrase_rows,
    phrase_table,
)
from carescreen.steps import MICRO, AdditiveTables

STATEMENTS: dict[str, str] = {
    "none": (
        "{events} events are too few to calibrate: at least 20 are wanted for the intercept and "
        "45 for the slope. Nothing was changed."
    ),
    "intercept": "{events} events moved the intercept; from 45 on the slope is estimated too.",
    "intercept+slope": "{events} events set both the intercept and the slope.",
}


@dataclass(frozen=True)
class FitReport:
    """What a fit rests on and what it chose.

    spread: multiple of the prior's spreads, losses: mean out-of-fold log loss of each multiple.
    phrase_spread: 0 where no phrase is used. tested: rows scored out of sample. constant: columns
    that had one value and so weigh nothing. calibration: what could be estimated, and from what.
    """

    rows: int
    groups: int
    events: int
    spread: float
    losses: Mapping[float, float]
    phrase_spread: float
    tested: int
    calibration: CalibrationMap
    constant: tuple[str, ...]

    @property
    def statement(self) -> str:
        """One sentence on how far the probabilities can be trusted."""
        return STATEMENTS[self.calibration.method].format(events=self.calibration.events)

    def facts(self) -> dict[str, str]:
        """What the card says of the fit, line by line."""
        tried = ", ".join(f"{multiple:g}: {loss:.5f}" for multiple, loss in self.losses.items())
        return {
            "Rows": f"{self.rows:,} in {self.groups:,} groups, {self.events:,} events",
            "Scored out of sample": f"{self.tested:,} rows",
            "Spread of changes, times the prior's": f"{self.spread:g} (log loss {tried})",
            "Learned phrases": f"spread {self.phrase_spread:g}" if self.phrase_spread else "none",
            "Columns with one value": ", ".join(self.constant) or "none",
            "Calibration": self.statement,
        }


class Training:
    """One fit: choose by cross-fitting, fit all rows, calibrate on rows scored out of sample."""

    def __init__(
        self, data: LabelledRows, bases: tuple[Basis, ...], intercept: int, seed: int
    ) -> None:
        self.data, self.bases, self.base = data, bases, intercept / MICRO
        self.codes = codes_of(data.X, bases)
        self.folds = (
            random_folds(data.y, data.groups, seed)
            if data.time is None
            else forward_folds(data.y, data.groups, data.time)
        )

    def run(self, note_column: str | None) -> tuple[SavedModel, FitReport]:
        """The fitted model and the report on it."""
        data = self.data
        choice = self._choose()
        fitted = fit_steps(
            together(self.codes, data.y, data.weight), self.bases, self.base, choice.multiple
        )
        notes = phrase_rows(data.X[note_column]) if note_column else None
        wording = self._choose_phrases(notes, choice)
        calibration = self._calibrate(wording.out_of_fold)
        tables = self._tables(fitted, notes, wording, calibration)
        tables = replace(tables, note_column=note_column)
        report = self._report(choice, wording, calibration)
        card = fitted_card(tables, report.facts())
        return SavedModel(tables, self._manifest(), _after_folding(calibration), card), report

    def _choose(self) -> Choice:
        enough = self.data.events >= MIN_EVENTS
        multiples: Sequence[float] = SPREADS if enough else (FEW_EVENTS_SPREAD,)
        data = self.data
        return cross_fit(
            self.codes, data.y, data.weight, self.bases, self.base, self.folds, multiples
        )

    def _choose_phrases(self, notes: PhraseRows | None, choice: Choice) -> PhraseChoice:
        if notes is None:
            return PhraseChoice(0.0, choice.out_of_fold)
        offsets = [fold.logit(self.codes, self.base) for fold in choice.models]
        data = self.data
        return choose_phrases(notes, offsets, choice.out_of_fold, data.y, data.weight, self.folds)

    def _calibrate(self, out_of_fold: Floats) -> CalibrationMap:
        tested, data = ~np.isnan(out_of_fold), self.data
        if not data.y[tested].any() or data.y[tested].all():
            return _untested(data)
        return fit_map(
            out_of_fold[tested], data.y[tested], data.weight[tested], data.groups[tested]
        )

    def _tables(
        self,
        fitted: Fitted,
        notes: PhraseRows | None,
        wording: PhraseChoice,
        calibration: CalibrationMap,
    ) -> AdditiveTables:
        a, b = calibration.intercept, calibration.slope
        tables = step_tables(fitted, self.base, a, b)
        if notes is None or wording.spread == 0.0:
            return tables
        data = self.data
        offset = fitted.logit(self.codes, self.base)
        every = np.arange(len(data.y))
        phrases = fit_phrases(notes, offset, data.y, data.weight, every, wording.spread)
        return replace(
            tables,
            intercept=tables.intercept + round(phrases.intercept * b * MICRO),
            phrases=phrase_table(notes, phrases, b),
        )

    def _report(
        self, choice: Choice, wording: PhraseChoice, calibration: CalibrationMap
    ) -> FitReport:
        data = self.data
        return FitReport(
            rows=len(data.y),
            groups=data.group_count,
            events=data.events,
            spread=choice.multiple,
            losses=choice.losses,
            phrase_spread=wording.spread,
            tested=int((~np.isnan(wording.out_of_fold)).sum()),
            calibration=calibration,
            constant=tuple(b.table.name for b in self.bases if not b.precision.size),
        )

    def _manifest(self) -> Manifest:
        data = self.data
        return Manifest(
            name="model",
            made_by="fit",
            data_window=Window(first=data.window[0], last=data.window[1]) if data.window else None,
            rows=len(data.y),
            groups=data.group_count,
            events=data.events,
            events_of_known_selection=data.known_events,
            software=dict(software_versions()),
        )


def _untested(data: LabelledRows) -> CalibrationMap:
    """No row could be scored out of sample: the identity, as uncertain as the base rate is."""
    others = len(data.y) - data.events
    shift = 1.0 / max(data.events, 1) + 1.0 / max(others, 1)
    return CalibrationMap(covariance=(shift, 0.0, SLOPE_SPREAD**2), events=0)


def _after_folding(calibration: CalibrationMap) -> CalibrationMap:
    """The identity, with the uncertainty the calibration had before it went into the weights."""
    a, b = calibration.intercept, calibration.slope
    in_intercept, both, in_slope = calibration.covariance
    moved = (
        in_intercept - 2.0 * both * a / b + in_slope * (a / b) ** 2,
        both / b - in_slope * a / b**2,
        in_slope / b**2,
    )
    return CalibrationMap(0.0, 1.0, moved, calibration.events, calibration.method)

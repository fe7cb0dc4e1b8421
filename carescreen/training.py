"""One training run: choose by cross-fitting, fit all rows, calibrate, report.

The rows that choose and calibrate are always scored by a model that did not learn from them, nor
from any row of their group, nor (when times are given) from a later one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from carescreen.calibration import (
    MIN_EVENTS,
    SLOPE_SPREAD,
    CalibrationMap,
    Floats,
    chance,
    drift,
    fit_intercept,
    fit_map,
    forward_folds,
    level_design_effect,
    likely_slope,
    random_folds,
)
from carescreen.choosing import Choice, CodedRows, choose
from carescreen.fitting import (
    Basis,
    Levels,
    Tally,
    codes_of,
    level_variances,
    step_tables,
)
from carescreen.labelled import LabelledRows
from carescreen.modelcard import fitted_card
from carescreen.modelfile import Manifest, SavedModel, Window, software_versions
from carescreen.ngrams import PhraseTable
from carescreen.phrasefit import (
    PhraseChoice,
    PhraseRows,
    choose_phrases,
    note_variance,
    phrase_rows,
    phrase_table,
)
from carescreen.steps import MAX_ERROR, MICRO

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

    answers: strength of the prior, multiple of the spreads, share in the average and mean log loss
    out of sample of each answer that counts (choosing.py), the one with the largest share first.
    phrase_spreads: spread of what a note adds and its share in the average (0: no phrases).
    tested: rows scored out of sample. constant: columns that had one value and so weigh nothing.
    calibration: what could be estimated, and from what.
    """

    rows: int
    groups: int
    events: int
    answers: tuple[tuple[float, float, float, float], ...]
    phrase_spreads: tuple[tuple[float, float], ...]
    tested: int
    calibration: CalibrationMap
    constant: tuple[str, ...]

    @property
    def statement(self) -> str:
        """One sentence on how far the probabilities can be trusted."""
        return STATEMENTS[self.calibration.method].format(events=self.calibration.events)

    def facts(self) -> dict[str, str]:
        """What the card says of the fit, line by line."""
        tried = "; ".join(
            f"{strength:g} of the prior, spreads x {multiple:g}: share {share:.2f}, loss {loss:.5f}"
            for strength, multiple, share, loss in self.answers
        )
        facts = {
            "Rows": f"{self.rows:,} in {self.groups:,} groups, {self.events:,} events",
            "Scored out of sample": f"{self.tested:,} rows",
            "Averaged over": tried,
            "Columns with one value": ", ".join(self.constant) or "none",
            "Calibration": self.statement,
        }
        if self.phrase_spreads[0][0] > 0.0:
            facts["Spreads of the note, with their shares"] = ", ".join(
                f"{spread:g} ({share:.2f})" for spread, share in self.phrase_spreads
            )
        return facts


@dataclass(frozen=True)
class _Model:
    """A model of all rows before it is calibrated: `logit` is its score of each of them."""

    levels: Levels
    variances: tuple[Floats, ...]
    logit: Floats
    phrases: PhraseTable


class Training:
    """One fit: choose by cross-fitting, fit all rows, calibrate on rows scored out of sample."""

    def __init__(
        self, data: LabelledRows, bases: tuple[Basis, ...], intercept: int, seed: int
    ) -> None:
        self.data, self.bases, self.base = data, bases, intercept / MICRO
        self.rows = CodedRows(codes_of(data.X, bases), data.y, data.weight)
        self.folds = (
            random_folds(data.y, data.groups, seed)
            if data.time is None
            else forward_folds(data.y, data.groups, data.time)
        )

    def run(self, note_column: str | None) -> tuple[SavedModel, FitReport, Floats]:
        """The fitted model, the report on it, and calibrated log-odds of the rows by models that did
        not learn from them (NaN where no fold tested one)."""
        enough = self.data.events >= MIN_EVENTS
        choice = choose(self.rows, self.bases, self.base, self.folds, enough)
        notes = phrase_rows(self.data.X[note_column]) if note_column else None
        wording = PhraseChoice(((0.0, 1.0),), choice.out_of_fold)
        if notes is not None:
            found_in_notes = choose_phrases(notes, choice.best, self.rows, self.folds)
            wording = found_in_notes if found_in_notes.uses_phrases else wording
        slope, found = self._slope(wording.out_of_fold)
        if notes is None or not wording.uses_phrases:
            model = self._of_fields(choice)
        else:
            model = self._with_notes(choice, notes, wording, slope)
        model = self._clustered(self._unknown_between(model))
        calibration = self._calibrate(model, slope, found)
        tables = step_tables(
            self.bases, model.levels, model.variances, calibration.intercept, calibration.slope
        )
        tables = replace(tables, note_column=note_column, phrases=model.phrases)
        report = self._report(choice, wording, calibration)
        card = fitted_card(tables, report.facts())
        certain = _after_folding(calibration).rounded()
        saved = SavedModel(tables, self._manifest(), certain, card)
        return saved, report, calibration.logit(wording.out_of_fold)

    def _of_fields(self, choice: Choice) -> _Model:
        levels, variances = choice.fit(self.rows, self.base)
        return _Model(levels, variances, levels.logit(self.rows.codes), PhraseTable())

    def _with_notes(
        self, choice: Choice, notes: PhraseRows, wording: PhraseChoice, slope: float
    ) -> _Model:
        rows, best = self.rows, choice.best
        both = wording.fit(rows, self.base, best, notes)
        logit, levels = both.logit(rows.codes, notes), both.levels
        own = Tally(rows.codes, rows.y, rows.weight, both.phrases.logit(notes))
        variance = note_variance(notes, both.phrases, logit, rows.weight, both.spread)
        return _Model(
            replace(levels, intercept=levels.intercept + both.phrases.intercept),
            level_variances(own, both.steps, best.multiple),
            logit,
            phrase_table(notes, both.phrases, slope, variance),
        )

    def _unknown_between(self, model: _Model) -> _Model:
        """The model in which a missing value of a feature with a direction weighs no less than its
        lowest level and no more than its highest: unknown is neither safer than the safest answer
        nor worse than the worst."""
        weights = tuple(
            np.append(w[:-1], np.clip(w[-1], w[:-1].min(), w[:-1].max()))
            if basis.table.monotone
            else w
            for basis, w in zip(self.bases, model.levels.weights, strict=True)
        )
        levels = replace(model.levels, weights=weights)
        moved = levels.logit(self.rows.codes) - model.levels.logit(self.rows.codes)
        return replace(model, levels=levels, logit=model.logit + moved)

    def _clustered(self, model: _Model) -> _Model:
        """The model with errors as wide as rows that are alike in their groups make them."""
        data = self.data
        if data.group_count == len(data.y) and (data.weight == 1.0).all():
            return model
        logit = model.logit + fit_intercept(model.logit, data.y, data.weight)
        residual = data.weight * (data.y - chance(logit))
        effects = [
            level_design_effect(codes, residual, data.groups, data.weight)
            for codes in self.rows.codes.T
        ]
        variances = tuple(v * e for v, e in zip(model.variances, effects, strict=True))
        # What its note adds to each row; rounded, so that equal notes are equal to the last bit.
        says = np.round(model.logit - model.levels.logit(self.rows.codes), 6)
        fifth = np.searchsorted(np.quantile(says, (0.2, 0.4, 0.6, 0.8)), says)
        wider = level_design_effect(fifth, residual, data.groups, data.weight) ** 0.5
        error = min(round(model.phrases.error * wider), MAX_ERROR)
        return replace(model, variances=variances, phrases=replace(model.phrases, error=error))

    def _slope(self, out_of_fold: Floats) -> tuple[float, CalibrationMap]:
        """The slope to multiply scores with, and what a plain recalibration of the scores out of
        sample finds: its covariance is the calibration's."""
        tested, data = ~np.isnan(out_of_fold), self.data
        if not data.y[tested].any() or data.y[tested].all():
            return 1.0, _untested(data)
        score, y, weight = out_of_fold[tested], data.y[tested], data.weight[tested]
        found = fit_map(score, y, weight, data.groups[tested])
        if found.method != "intercept+slope":
            return 1.0, found
        return likely_slope(score, y, weight, self._fold_of()[tested]), found

    def _calibrate(self, model: _Model, slope: float, found: CalibrationMap) -> CalibrationMap:
        """The intercept so that all rows' events are as expected, moved by the newest period."""
        if found.method == "none":
            return found
        data, score = self.data, slope * model.logit
        shift = fit_intercept(score, data.y, data.weight)
        if data.time is not None:
            newest = self.folds[-1][1]
            shift += drift(shift + score[newest], data.y[newest], data.weight[newest])
        return replace(found, intercept=shift, slope=slope)

    def _fold_of(self) -> NDArray[np.intp]:
        number = np.zeros(len(self.data.y), dtype=np.intp)
        for fold, (_, test) in enumerate(self.folds):
            number[test] = fold
        return number

    def _report(
        self, choice: Choice, wording: PhraseChoice, calibration: CalibrationMap
    ) -> FitReport:
        data = self.data
        return FitReport(
            rows=len(data.y),
            groups=data.group_count,
            events=data.events,
            answers=tuple((a.strength, a.multiple, a.share, a.loss) for a in choice.answers),
            phrase_spreads=wording.shares,
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

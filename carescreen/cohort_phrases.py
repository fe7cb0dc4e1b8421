"""Learned phrases of a caseload's notes, put on top of the model that its fields gave.

They are admitted by their effect within workers (admission.py), on scores of the fields that did not
learn from the row. The intercept is then set again, so that all events are as expected.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd

from carescreen.admission import NoteRows, learn_phrases
from carescreen.calibration import CalibrationMap, Floats, fit_intercept
from carescreen.cohort import Cohort
from carescreen.modelfile import SavedModel
from carescreen.phrase_report import PhraseReport
from carescreen.recent_notes import NOTE_COLUMN
from carescreen.selection import effective
from carescreen.steps import MICRO
from carescreen.threads import one_thread


@dataclass(frozen=True)
class Wording:
    """What became of the phrases: a model with them (or as it was), and the report."""

    saved: SavedModel
    report: PhraseReport


def with_phrases(
    saved: SavedModel,
    cohort: Cohort,
    X: pd.DataFrame,
    out_of_fold: Floats,
    struck: Collection[str] = (),
) -> Wording:
    """The model with the phrases that may enter, and with none of those in `struck`.

    X: the features that entered the fit, out_of_fold: their scores out of sample, calibrated; both
    in the cohort's order. The manifest keeps what was struck, so that it stays out.
    """
    weight = effective(cohort.weight)
    rows = NoteRows(
        cohort.note,
        cohort.y,
        weight,
        out_of_fold,
        cohort.worker,
        cohort.child_id,
        cohort.village,
        cohort.group,
    )
    with one_thread():
        learned = learn_phrases(rows, struck=struck)
    manifest = saved.manifest.model_copy(update={"struck_phrases": sorted(set(struck))})
    if not learned.table.weights:
        return Wording(replace(saved, manifest=manifest), learned.report)
    tables = learned.added_to(saved.tables)
    score = tables.score_micro(X.assign(**{NOTE_COLUMN: cohort.note})) / MICRO
    calibration = _again(saved.calibration, score, cohort, weight)
    return Wording(SavedModel(tables, manifest, calibration), learned.report)


def _again(
    before: CalibrationMap | None, score: Floats, cohort: Cohort, weight: Floats
) -> CalibrationMap | None:
    """The intercept so that all events are as expected. The slope stays: one that follows the
    outcomes would stretch what the cap has cut."""
    if before is None:
        return None
    shift = fit_intercept(before.slope * score, cohort.y, weight)
    return replace(before, intercept=shift).rounded()

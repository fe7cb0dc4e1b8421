"""RiskModel: an additive, monotone, calibrated risk model that can be read line by line.

    model = RiskModel.load("evidence")                      # a score, no probability
    model = RiskModel(prior="evidence").fit(X, y, groups=household, time=visit_date)
    model.predict_proba(X); model.contributions(X); model.save("models/mine")

score = intercept + a weight per feature, all integers (steps.py), so contributions are exact.
`fit` starts at the prior, if there is one, and moves with the outcomes (fitting.py); its
probabilities are calibrated on rows that the scoring model did not learn from (calibration.py).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, check_random_state

from carescreen.calibration import MIN_EVENTS, CalibrationMap, Floats, Method, chance, fit_map
from carescreen.errors import ModelError, NotCalibrated
from carescreen.fitting import build_bases
from carescreen.labelled import LabelledRows, as_table, check_monotone, labelled_rows
from carescreen.modelcard import recalibrated_card
from carescreen.modelfile import (
    PROBABILITY_EVENTS,
    Recalibrated,
    SavedModel,
    read_model,
    write_model,
)
from carescreen.ngrams import PhraseTable
from carescreen.steps import MICRO, AdditiveTables, Micro
from carescreen.threads import one_thread
from carescreen.training import STATEMENTS, Training


@dataclass(frozen=True)
class Recalibration:
    """What a recalibration changed: logit P = intercept + slope * the logit before it.

    known_events: those of known selection among its events, which alone law 12 counts now.
    """

    method: Method
    events: int
    intercept: float
    slope: float
    known_events: int

    @property
    def statement(self) -> str:
        """What was done, why not more, and what the number may be called now."""
        done = STATEMENTS[self.method].format(events=self.events)
        if self.method == "none":
            return done
        called = "a chance" if self.known_events >= PROBABILITY_EVENTS else "a score"
        return (
            f"{done} {self.known_events} of them are of known selection, so lists show {called} "
            f"({PROBABILITY_EVENTS} are wanted, all in one recalibration)."
        )


@dataclass(frozen=True)
class _Start:
    """Where a fit starts: the prior's tables, what it had turned on, and what it holds at 0."""

    tables: AdditiveTables
    switched_on: Mapping[str, str]
    held: tuple[str, ...]

    @classmethod
    def of(cls, prior: str | Path | AdditiveTables | RiskModel) -> _Start:
        """Of tables alone, what evidence speaks of and weighs nothing is taken as turned off."""
        if isinstance(prior, AdditiveTables):
            off = (t.name for t in prior.features if t.sources and not t.look_up.any())
            return cls(prior, {}, tuple(off))
        if isinstance(prior, RiskModel) and not hasattr(prior, "saved_"):
            raise ModelError(
                "the prior RiskModel is not fitted (scikit-learn's clone unfits it). "
                "Give its name, its folder or its `tables_` instead."
            )
        saved = prior.saved_ if isinstance(prior, RiskModel) else read_model(prior)
        return cls(saved.tables, saved.manifest.switched_on, tuple(saved.manifest.held))


def _with_circumstances(saved: SavedModel, start: _Start) -> SavedModel:
    """The model with what its prior had turned on, and what it holds at 0, on record (law 9).

    What is held at 0 was decided, not estimated: it has no error, and widens no interval.
    """
    lines = [f"- Switched on, `{name}`: {reason}" for name, reason in start.switched_on.items()]
    lines += [f"- Held at 0, as in the prior: `{name}`" for name in start.held]
    if not lines:
        return saved
    record = {"switched_on": dict(start.switched_on), "held": list(start.held)}
    card = "\n".join([saved.card.rstrip(), "", "## Circumstances", "", *lines, ""])
    features = (replace(t, errors=()) if t.name in start.held else t for t in saved.tables.features)
    tables = replace(saved.tables, features=tuple(features))
    return replace(
        saved, tables=tables, manifest=saved.manifest.model_copy(update=record), card=card
    )


class RiskModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Additive, monotone risk of a yes/no outcome, for any table with an optional note column.

    monotone: feature -> +1 (risk never falls as the value rises), -1 or 0; a prior's directions
    hold for features not named. note_column: a column of free text whose phrases are learned.
    prior: a shipped model's name, a folder, AdditiveTables or a fitted RiskModel to start from; its
    features must be columns of X, and those it holds at 0 stay there (law 9). random_state:
    seed of the folds (None means 0: the same table always gives the same bytes, whatever its row
    order).

    Numbers, booleans and words are used as they are; NaN has a weight of its own.
    """

    def __init__(
        self,
        monotone: Mapping[str, int] | None = None,
        note_column: str | None = None,
        prior: str | Path | AdditiveTables | RiskModel | None = None,
        random_state: int | None = None,
    ) -> None:
        self.monotone = monotone
        self.note_column = note_column
        self.prior = prior
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        known_selection: ArrayLike | None = None,
    ) -> Self:
        """Fit on labelled rows.

        X: (n, features). y: 0/1[n]. groups: rows that belong together (a child, a household) and
        are never split between learning and calibrating. time: dates or numbers; if given, each
        period is scored by a model of earlier ones. known_selection: which rows were chosen for a
        visit with a recorded probability; only their events count towards law 12.
        Raises UnusableTable (a ModelError and ValueError) for a table it cannot learn from.

        `out_of_fold_` then has calibrated log-odds of the rows by models that did not learn from
        them, float64[n], NaN for those that no fold tested; `report_` says what the fit rests on.
        """
        data = labelled_rows(X, y, groups, time, sample_weight, known_selection, self.note_column)
        data.require_both_labels()
        start = self._start(data.X)
        if start and start.held:
            data = replace(data, X=data.X.assign(**dict.fromkeys(start.held, np.nan)))
        prior = start.tables if start else None
        monotone = check_monotone(self.monotone, data.X)
        bases = build_bases(data.X, prior, monotone, self.note_column)
        noted = self.note_column is not None and data.X[self.note_column].notna().any()
        if not noted and not any(basis.precision.size for basis in bases):
            data.refuse("every column is blank or has one value only, so there is nothing to learn")
        training = Training(data, bases, prior.intercept if prior else 0, self._seed())
        with one_thread():
            saved, self.report_, out_of_fold = training.run(self.note_column)
        self.out_of_fold_ = np.full(len(np.asarray(y)), np.nan)
        self.out_of_fold_[data.order] = out_of_fold
        self._adopt(_with_circumstances(saved, start) if start else saved)
        self._remember_input(X, data)
        return self

    def _seed(self) -> int:
        if self.random_state is None:
            return 0
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _start(self, X: pd.DataFrame) -> _Start | None:
        if self.prior is None:
            return None
        start = _Start.of(self.prior)
        if start.tables.note_column is not None:
            raise ModelError("a prior with learned phrases cannot be a start; use one without")
        start.tables.require_columns(X)
        return start

    def _adopt(self, saved: SavedModel) -> None:
        self.saved_ = saved
        self.tables_ = saved.tables
        self.calibration_ = saved.calibration
        self.manifest_ = saved.manifest
        self.classes_ = np.array([0, 1])

    def _remember_input(self, X: Any, data: LabelledRows) -> None:
        self.n_features_in_ = data.X.shape[1]
        self._columns = tuple(
            data.X.columns
        )  # an array at prediction has its columns in this order
        if isinstance(X, pd.DataFrame) and all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _table(self, X: pd.DataFrame | ArrayLike) -> pd.DataFrame:
        check_is_fitted(self, "tables_")
        if not isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_"):
            warnings.warn(
                "X does not have valid feature names, but RiskModel was fitted with feature names; "
                "its columns are taken in the order of fit",
                UserWarning,
                stacklevel=3,
            )
        return as_table(X, self.note_column, names=self._columns)

    def score_micro(self, X: pd.DataFrame | ArrayLike) -> Micro:
        """Score of each row in millionths of a log-odds, int64[n], exact."""
        return self._tables().score_micro(self._table(X))

    def _tables(self) -> AdditiveTables:
        check_is_fitted(self, "tables_")
        tables: AdditiveTables = self.tables_
        return tables

    def chances_of(self, score: Micro, variance: Micro) -> Floats:
        """Probability and the ends of its interval, float64[n, 3], of scores in millionths and
        their variances in millionths squared."""
        calibration, score_log_odds = self._calibration(), score / MICRO
        risk = chance(calibration.logit(score_log_odds))
        ends = calibration.interval(score_log_odds, of_score=variance / MICRO**2)
        return np.column_stack([risk, ends])

    def decision_function(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Score of each row as log-odds, float64[n]: exactly `score_micro` / 1,000,000."""
        return self.score_micro(X) / MICRO

    def contributions(self, X: pd.DataFrame | ArrayLike) -> pd.DataFrame:
        """Millionths of a log-odds per feature, int64; with `intercept_micro` they add up to
        `score_micro` exactly. The note column's phrases one by one: `phrase_contributions`."""
        return self._tables().contributions(self._table(X))

    def phrase_contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """One row per learned phrase found: row label, phrase, millionths of a log-odds."""
        tables = self._tables()
        if tables.note_column is None:
            return PhraseTable().contributions(pd.Series([], dtype=object))
        return tables.phrases.contributions(self._table(X)[tables.note_column])

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Probability of 0 and of 1, float64[n, 2]; NotCalibrated for a score without outcomes."""
        risk = chance(self._calibration().logit(self.decision_function(X)))
        return np.column_stack([1.0 - risk, risk])

    def predict(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.int64]:
        """1 where the probability is at least one half."""
        logit = self._calibration().logit(self.decision_function(X))
        return self.classes_[(logit >= 0.0).astype(np.intp)]

    def predict_interval(self, X: pd.DataFrame | ArrayLike, level: float = 0.95) -> Floats:
        """Lower and upper probability, float64[n, 2].

        Method: a normal interval of the log-odds. Its variance is that of the calibration, clustered
        by `groups`, plus that of the row's own levels and note (Laplace's approximation at the fit,
        and between the answers averaged): it widens where few rows were alike. It describes how
        well the probability is known, not how children differ.
        """
        variance = self._tables().variance_micro(self._table(X)) / MICRO**2
        return self._calibration().interval(self.decision_function(X), level, variance)

    def _calibration(self) -> CalibrationMap:
        check_is_fitted(self, "tables_")
        if self.calibration_ is None:
            raise NotCalibrated(
                f"the model '{self.name}' was made without local outcomes, so it gives a score and "
                f"no probability. Use decision_function for the order, or give it outcomes: "
                f"recalibrate(X, y) with at least {MIN_EVENTS} events, or "
                f"RiskModel(prior='{self.name}').fit(X, y)."
            )
        calibration: CalibrationMap = self.calibration_
        return calibration

    def recalibrate(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        known_selection: ArrayLike | None = None,
    ) -> Recalibration:
        """Fit the probability to new outcomes; the scores and their order stay as they are.

        Under 20 events nothing changes and the report says so; 20 to 44 move the intercept, more
        the slope too. Use rows that the model has not learned from.

        What the number may be called rests on these rows from then on, and on them alone: with
        fewer than 100 events of known selection among them a probability is a score again. Outcomes
        of earlier calls are not added, so none counts twice; give all of the place's in one call.
        """
        data = labelled_rows(
            self._table(X), y, groups, None, sample_weight, known_selection, self.note_column
        )
        if data.events < MIN_EVENTS:
            return Recalibration("none", data.events, 0.0, 1.0, data.known_events)
        before: CalibrationMap = self.calibration_ or CalibrationMap()
        logit = before.logit(self.decision_function(data.X))
        with one_thread():
            change = fit_map(logit, data.y, data.weight, data.groups)
        self._adopt(self._recalibrated(change.after(before).rounded(), data))
        known = data.known_events
        return Recalibration(change.method, change.events, change.intercept, change.slope, known)

    def _recalibrated(self, calibration: CalibrationMap, data: LabelledRows) -> SavedModel:
        on = Recalibrated(rows=len(data.y), groups=data.group_count, events=data.events)
        known = data.known_events
        changes = {"events_of_known_selection": known, "recalibrated_on": on}
        rests_on = f"{on.rows:,} rows in {on.groups:,} groups with {on.events:,} events"
        return replace(
            self.saved_,
            calibration=calibration,
            manifest=self.manifest_.model_copy(update=changes),
            card=recalibrated_card(self.saved_.card, rests_on, known, PROBABILITY_EVENTS),
        )

    def save(self, folder: str | Path) -> None:
        """Write model.json, manifest.json and CARD.md; a model there is replaced whole."""
        check_is_fitted(self, "tables_")
        name = Path(folder).name or self.name
        manifest = self.manifest_.model_copy(update={"name": name})
        write_model(folder, replace(self.saved_, manifest=manifest))

    @classmethod
    def load(cls, name: str | Path) -> RiskModel:
        """Load a shipped model by name, or any by its folder; ModelError says what is wrong."""
        return cls.of(read_model(name))

    @classmethod
    def of(cls, saved: SavedModel) -> RiskModel:
        """The model that a folder's content makes, in memory."""
        model = cls(note_column=saved.tables.note_column)
        model._adopt(saved)
        model._columns = saved.tables.names
        model.n_features_in_ = len(saved.tables.names)
        model.feature_names_in_ = np.asarray(saved.tables.names, dtype=object)
        return model

    @property
    def name(self) -> str:
        """The model's name, as its manifest gives it."""
        return str(self.manifest_.name)

    @property
    def data_origin(self) -> str | None:
        """ "synthetic" where the model was made from invented children, else None."""
        origin: str | None = self.manifest_.data_origin
        return origin

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns the model needs."""
        return self._tables().names

    @property
    def intercept_micro(self) -> int:
        """The intercept, millionths of a log-odds."""
        return self._tables().intercept

    @property
    def titles(self) -> dict[str, dict[str, str]]:
        """Title of each feature in each language."""
        return {table.name: dict(table.title) for table in self._tables().features}

    def steps(self, feature: str) -> list[tuple[str, float]]:
        """What each level of a feature adds to the score, in log-odds, in words."""
        table = next(part for part in self._tables().features if part.name == feature)
        if table.type == "category":
            names = [f"'{level}'" for level in table.levels]
        else:
            bounds = ["", *(f"over {edge:g}" for edge in table.edges)]
            names = [bounds[0] or f"up to {table.edges[0]:g}", *bounds[1:]] if table.edges else [""]
        names.append("unknown")
        return [(n, weight / 1e6) for n, weight in zip(names, table.look_up.tolist(), strict=True)]

    @property
    def sensitive(self) -> frozenset[str]:
        """Features whose names are left out of exports without quotes."""
        return frozenset(table.name for table in self._tables().features if table.sensitive)

    @property
    def digest(self) -> str:
        """SHA-256 over the model's files but its card: what decides its scores and claims."""
        files = self.saved_.files()
        return hashlib.sha256(files["model.json"] + files["manifest.json"]).hexdigest()

    @property
    def gives_probability(self) -> bool:
        """Whether its number may be shown as a probability: calibrated, and at least 100 outcome
        events of known selection on record (law 12)."""
        check_is_fitted(self, "saved_")
        return bool(self.saved_.gives_probability)

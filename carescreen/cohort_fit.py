"""From the labelled rows of a caseload to a model: what may enter, the fit, and what may be claimed.

    trained = train_model(rules, NoteReader.load(rules.pack), caseload, as_of, prior="evidence")
    trained.saved, trained.cohort, trained.report, trained.check, trained.stage

Sensitive circumstances stay at 0 unless turned on with a reason (law 9): their columns never enter
the fit, and the model lists them with weight 0. So do features that can keep no direction (law 3).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from carescreen.caseload import Caseload
from carescreen.circumstances import off_by_default
from carescreen.cohort import EVERY_DAYS, Cohort, Floats, Progress, read_cohort
from carescreen.cohort_check import ForwardCheck, Rows, forward_check
from carescreen.cohort_phrases import with_phrases
from carescreen.conditions import Condition
from carescreen.directions import directions
from carescreen.errors import UsageError, did_you_mean
from carescreen.evidence import SOURCE, build, read_evidence
from carescreen.features import Feature, FeatureSet
from carescreen.indicators import Indicator
from carescreen.labelled import MIN_OF_EACH, MIN_ROWS
from carescreen.model import RiskModel
from carescreen.modelfile import PROBABILITY_EVENTS, Manifest, SavedModel, software_versions
from carescreen.notes import NoteReader
from carescreen.pack import find_folder
from carescreen.phrase_report import PhraseReport
from carescreen.rules import RulePack
from carescreen.screener import Screener
from carescreen.selection import effective
from carescreen.steps import AdditiveTables, StepTable, UnusableTable
from carescreen.training import FitReport

Prior = Literal["evidence", "none"]
# prior: the prior's weights as they are; score: fitted, not calibrated; intercept, slope: calibrated
# so far; unknown_selection: enough events, too few of them chosen with a known chance; probability.
Stage = Literal["prior", "score", "intercept", "slope", "unknown_selection", "probability"]


@dataclass(frozen=True, repr=False)  # its cohort holds records
class Trained:
    """A trained model and what it rests on.

    held: features kept at 0 because of law 9; undirected: because of law 3. report: of the fit, None
    where the prior's weights were taken as they are. check: on later rows of other families, without
    phrases. phrases: None where none were asked for, or no row could be scored out of sample.
    """

    saved: SavedModel
    cohort: Cohort
    report: FitReport | None
    check: ForwardCheck | None
    phrases: PhraseReport | None
    held: tuple[str, ...]
    undirected: tuple[str, ...]
    prior: Prior
    as_of: date
    every_days: int

    @property
    def stage(self) -> Stage:
        """How far the outcomes carry it."""
        calibration = self.saved.calibration
        if self.report is None:
            return "prior"
        if calibration is None:
            return "score"
        if self.saved.gives_probability:
            return "probability"
        if self.cohort.events >= PROBABILITY_EVENTS:
            return "unknown_selection"
        return "intercept" if calibration.method == "intercept" else "slope"


@dataclass(frozen=True)
class Entering:
    """What enters a fit: features by name, their directions, and the prior's tables for them."""

    names: tuple[str, ...]
    monotone: Mapping[str, int]
    prior: AdditiveTables | None
    held: tuple[str, ...]
    undirected: tuple[str, ...]


def train_model(
    rules: RulePack,
    reader: NoteReader,
    caseload: Caseload,
    as_of: date,
    *,
    prior: Prior = "evidence",
    switched_on: Mapping[str, str] | None = None,
    every_days: int = EVERY_DAYS,
    phrases: bool = False,
    struck: Collection[str] = (),
    processes: int = 1,
    progress: Progress | None = None,
) -> Trained:
    """Train on what was known of a caseload by a day.

    `phrases` lets phrases of the notes in that hold within workers, but for those in `struck`.
    `switched_on` maps features that are off by default to the reason why a programme turns them on.
    UsageError where nothing can be learned and there is no prior to keep to.
    """
    features = FeatureSet.load(rules.pack, rules.indicators)
    on = dict(switched_on or {})
    entering = what_enters(rules, features, prior, on)
    nothing = RiskModel.of(SavedModel(AdditiveTables(0, ()), Manifest(name="none", made_by="fit")))
    screener = Screener(rules, nothing, reader)
    cohort = read_cohort(
        screener,
        caseload.check(rules.indicators),
        as_of,
        every_days=every_days,
        alike_by=entering.prior,
        processes=processes,
        progress=progress,
    )
    fitted = fit_or_prior(cohort, entering)
    saved, report, wording = fitted.saved, fitted.report, None
    if phrases and fitted.out_of_fold is not None:
        X = cohort.X[list(entering.names)]
        wording = with_phrases(saved, cohort, X, fitted.out_of_fold, struck)
        saved = wording.saved
    return Trained(
        saved=completed(saved, cohort, features, entering, on),
        cohort=cohort,
        report=report,
        check=None if report is None else _check(cohort, entering),
        phrases=None if wording is None else wording.report,
        held=entering.held,
        undirected=entering.undirected,
        prior=prior,
        as_of=as_of,
        every_days=every_days,
    )


def what_enters(
    rules: RulePack, features: FeatureSet, prior: Prior, on: Mapping[str, str]
) -> Entering:
    """The features that a fit may use; UsageError for a switch that turns nothing on."""
    if not features.names:
        raise UsageError(
            f"pack '{rules.pack.id}' names no features, so a model has nothing to read; add "
            "features: to its pack.yaml, or extend a pack that has them"
        )
    source = find_folder("models", "evidence", "model.json") / SOURCE
    factors = read_evidence(source)[0].factors
    off = off_by_default(features) | (
        {factor.id for factor in factors if factor.status == "off_by_default"} & {*features.names}
    )
    _check_switches(on, features.names, off)
    ways = directions(features, rules.indicators, rules.concepts)
    held = tuple(name for name in features.names if name in off and name not in on)
    free = [name for name in features.names if name not in {*held, *ways.without}]
    tables = None
    if prior == "evidence":
        known = {factor.id for factor in factors}
        tables = build(source, {name: why for name, why in on.items() if name in known}).tables
        tables = _prior_for(tables, features, free, rules.pack.id)
    return Entering(
        tuple(free), {n: w for n, w in ways.known.items() if n in free}, tables, held, ways.without
    )


def _check_switches(on: Mapping[str, str], names: Sequence[str], off: frozenset[str]) -> None:
    for name, reason in on.items():
        if name not in names:
            raise UsageError(f"--on: the pack names no feature '{name}'{did_you_mean(name, names)}")
        if name not in off:
            raise UsageError(f"--on: '{name}' is in the model anyway; these are off: {_list(off)}")
        if not reason.strip():
            raise UsageError(
                f"--on: turning '{name}' on needs a reason, which the model's manifest and card "
                f'record: --on {name}="why"'
            )


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _prior_for(
    tables: AdditiveTables, features: FeatureSet, free: Sequence[str], pack: str
) -> AdditiveTables:
    missing = [name for name in tables.names if name not in features.names]
    if missing:
        raise UsageError(
            f"the evidence model reads '{missing[0]}', which pack '{pack}' does not name: add it to "
            "the pack's features, or train with --prior none"
        )
    kept = tuple(table for table in tables.features if table.name in free)
    return replace(tables, features=kept)


@dataclass(frozen=True)
class Fitted:
    """The fitted model, its report, and scores out of sample; or the prior as it is, without."""

    saved: SavedModel
    report: FitReport | None = None
    out_of_fold: Floats | None = None


def fit_or_prior(cohort: Cohort, entering: Entering) -> Fitted:
    """The fitted model; the prior as it is where the outcomes are too few."""
    events, others = cohort.events, len(cohort) - cohort.events
    why = ""
    if len(cohort) < MIN_ROWS or min(events, others) < MIN_OF_EACH:
        why = (
            f"{len(cohort)} judged visits, of which {events} confirmed a concern: wanted at least "
            f"{MIN_ROWS} visits, {MIN_OF_EACH} that confirmed one and {MIN_OF_EACH} that did not"
        )
    if cohort.events and not others:
        raise UsageError(f"only one class: every judged visit confirmed a concern ({why})")
    if not why and entering.names:
        try:
            model = fit_rows(cohort, entering, np.arange(len(cohort)))
        except UnusableTable as error:
            why = str(error)
        else:
            scores = None if np.isnan(model.out_of_fold_).all() else model.out_of_fold_
            return Fitted(_calibrated_or_not(model.saved_), model.report_, scores)
    if entering.prior is None:
        raise UsageError(
            f"too little to learn from without a prior: {why or 'no feature may enter'}; "
            "train with --prior evidence, or wait for more outcomes"
        )
    return Fitted(SavedModel(entering.prior, _of_prior(cohort)))


def _calibrated_or_not(saved: SavedModel) -> SavedModel:
    """Without what could not be estimated: a number that nothing was calibrated on is a score."""
    calibration = saved.calibration
    if calibration is not None and calibration.method != "none":
        return saved
    return replace(saved, calibration=None)


def _of_prior(cohort: Cohort) -> Manifest:
    return Manifest(
        name="model",
        made_by="evidence",
        rows=len(cohort),
        groups=len(set(cohort.group.tolist())),
        events=cohort.events,
        events_of_known_selection=cohort.known_events,
        software=dict(software_versions()),
    )


def fit_rows(cohort: Cohort, entering: Entering, rows: Rows) -> RiskModel:
    """A model of some rows of a cohort; their weights add up to the rows that they are worth."""
    model = RiskModel(prior=entering.prior, monotone=dict(entering.monotone))
    return model.fit(
        _table(cohort.X[list(entering.names)].iloc[rows]),
        cohort.y[rows],
        groups=cohort.group[rows],
        time=cohort.as_of[rows].astype("datetime64[s]"),
        sample_weight=effective(cohort.weight[rows]),
        known_selection=cohort.known[rows],
    )


def _table(X: pd.DataFrame) -> pd.DataFrame:
    return X.reset_index(drop=True)


def _check(cohort: Cohort, entering: Entering) -> ForwardCheck | None:
    def predict(earlier: Rows, test: Rows) -> Floats:
        model = fit_rows(cohort, entering, earlier)
        return model.predict_proba(_table(cohort.X[list(entering.names)].iloc[test]))[:, 1]

    return forward_check(cohort, predict)


def with_held(tables: AdditiveTables, features: FeatureSet, prior_titles: bool) -> AdditiveTables:
    """All features of a pack in its order: those that did not enter have weight 0."""
    fitted = {table.name: table for table in tables.features}
    complete = []
    for feature in features.features:
        table = fitted.get(feature.id)
        if table is None:
            complete.append(_nothing(feature))
            continue
        named = table if prior_titles and table.sources else replace(table, title=feature.title)
        complete.append(replace(named, sensitive=named.sensitive or feature.sensitive))
    return replace(tables, features=tuple(complete))


def _nothing(feature: Feature) -> StepTable:
    """A table that adds nothing, whatever the value."""
    source = feature.source
    if isinstance(source, Indicator) and source.type == "enum":
        words = source.values
        return StepTable(
            feature.id,
            "category",
            (0,) * len(words),
            levels=words,
            title=feature.title,
            sensitive=True,
        )
    edges = (0.5,) if isinstance(source, Condition) else ()
    return StepTable(
        feature.id, "number", (0,) * (len(edges) + 1), edges, title=feature.title, sensitive=True
    )


def completed(
    saved: SavedModel,
    cohort: Cohort,
    features: FeatureSet,
    entering: Entering,
    on: Mapping[str, str],
) -> SavedModel:
    """A fitted model with every feature of the pack, and what it was made of."""
    tables = with_held(saved.tables, features, prior_titles=entering.prior is not None)
    manifest = _manifest(saved, cohort, features, entering, on)
    return replace(saved, tables=tables, manifest=manifest)


def _manifest(
    saved: SavedModel,
    cohort: Cohort,
    features: FeatureSet,
    entering: Entering,
    on: Mapping[str, str],
) -> Manifest:
    return saved.manifest.model_copy(
        update={
            "switched_on": dict(sorted(on.items())),
            "held": list(entering.held),
            "data_origin": "synthetic" if cohort.synthetic else None,
            "declared": features.declarations,
        }
    )

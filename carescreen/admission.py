"""Which learned phrases a caseload's model may use, and their weights.

A worker's style predicts recorded concerns, so a phrase enters only if its effect holds within
workers. The gates, in their order (docs/model.md says why for each):

    struck        a person struck it, or it is the struck one under another name
    few           fewer than 20 workers or 50 children
    by rule       names, places, sex, ethnicity, religion, sensitive circumstances (phrase_names.py)
    few villages  nearly all of its notes come from few villages: a place or a person
    same notes    another phrase, longer, stands in nearly the same notes
    within        it raises the risk among children of one worker about whom she wrote about as much:
                  Benjamini-Hochberg at 5% in at least half of the training parts, and again
                  (one-sided p < .05) on the rows held out

Weights are shrunk (ridge), never below 0, and all phrases of a note together add at most half a
log-odds. Phrases are used only if they lower the held-out log loss, and if children of workers who
write little do not lose recall by them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.calibration import Floats, Rows
from carescreen.errors import UsageError
from carescreen.ngrams import MAX_PHRASES, PhraseTable
from carescreen.phrase_context import context_of
from carescreen.phrase_gates import MIN_WORKERS, Gates, UsedRows
from carescreen.phrase_limits import PHRASE_CAP
from carescreen.phrase_names import kept_out_of, language_of
from carescreen.phrase_report import (
    FEW_TERSE,
    NO_GAIN,
    NO_PHRASE,
    TERSE_LOSE,
    PhraseFacts,
    PhraseReport,
)
from carescreen.phrase_trial import MIN_EVENTS, Trial
from carescreen.phrasefit import PhraseRows, phrase_rows
from carescreen.recent_notes import NOTE_COLUMN
from carescreen.sheet import is_none
from carescreen.steps import MICRO, AdditiveTables
from carescreen.within import Change, Codes, Figure, auroc_within, change_of, recall_at

LIST_SHARE = 0.2  # of all children, as a list's capacity
MOST_TOLERATED = 0.02  # recall that terse workers' children may lose by chance, at most


@dataclass(frozen=True, repr=False)  # its values are records
class NoteRows:
    """Labelled rows of a caseload, arrays of one length n, in any order.

    notes: each row's text as `recent_notes` gives it as of the row's date, None where there is none.
    y: 0/1. weight: not negative. offset: log-odds of the step tables, out of sample and calibrated
    as they are saved (the cap is in their units); rows where it is NaN are not used. worker, child, village,
    household: ids; a row without a worker counts for its village, one without a household for its
    child. folds: (train, test) row numbers that split no household; None: dealt by household.
    """

    notes: NDArray[np.object_]
    y: Floats
    weight: Floats
    offset: Floats
    worker: NDArray[np.object_]
    child: NDArray[np.object_]
    village: NDArray[np.object_]
    household: NDArray[np.object_]
    folds: Sequence[tuple[Rows, Rows]] | None = None


@dataclass(frozen=True, repr=False)
class LearnedPhrases:
    """Phrases to put into a model, and what is known of them.

    table: capped; empty where none is used. intercept: log-odds to add to the step tables' own.
    out_of_fold: the rows' scores with phrases that did not learn from them (NaN where the offset
    is), in the order given: what the calibration rests on.
    """

    table: PhraseTable
    intercept: float
    out_of_fold: Floats
    report: PhraseReport

    def added_to(self, tables: AdditiveTables) -> AdditiveTables:
        """The step tables with these phrases; as they are where none is used."""
        if not self.table.weights:
            return tables
        return replace(
            tables,
            intercept=tables.intercept + round(self.intercept * MICRO),
            note_column=NOTE_COLUMN,
            phrases=self.table,
        )


def learn_phrases(
    rows: NoteRows,
    *,
    names: Collection[str] = (),
    struck: Collection[str] = (),
    share: float = LIST_SHARE,
    seed: int = 0,
) -> LearnedPhrases:
    """Admit and weigh the phrases of labelled rows.

    names: ids and names of the caseload's villages and workers, which no phrase may hold (those in
    `rows` count too). struck: phrases that a person struck, now or before. share: the best part of
    all children that a list holds. The result does not depend on the order of rows. UsageError where
    arrays differ in length or a fold splits a household.
    """
    used, order = _usable(rows)
    found = phrase_rows(pd.Series(used.notes, dtype=object), beginnings=False)
    gates = Gates(used, found, struck, kept_out_of({*names, *used.ids()}, used.notes))
    kept = gates.kept()
    trial = Trial(used, found.matrix[:, kept], seed)
    spread, loss, scores = trial.choose()
    admitted = np.flatnonzero(trial.admitted())[:MAX_PHRASES] if spread else np.zeros(0, np.intp)
    judged = _judge(used, scores, share, seed)
    rejected = _rejected(trial, spread, judged)
    if rejected:
        admitted, spread, scores = admitted[:0], 0.0, used.offset
    weights = trial.weigh(admitted, np.arange(used.n), spread)
    micro = np.rint(weights * MICRO).astype(np.int64)
    texts = [found.phrases[kept[place]] for place in admitted]
    table = PhraseTable(_above_zero(texts, micro), cap=PHRASE_CAP)
    report = PhraseReport(
        candidates=len(found.phrases),
        left_out=gates.left_out,
        tested=len(kept),
        lowering=trial.lowering,
        phrases=tuple(_facts(used, found, gates, trial, kept, admitted, table)),
        spread=spread,
        log_loss=loss,
        auroc=judged.auroc,
        terse=judged.terse,
        terse_workers=judged.workers,
        terse_events=judged.events,
        tolerance=judged.tolerance,
        share=share,
        rejected=rejected,
        struck=tuple(sorted(set(struck))),
    )
    out_of_fold = np.full(len(rows.y), np.nan)
    out_of_fold[order] = scores
    return LearnedPhrases(table, trial.shift(table), out_of_fold, report)


def _above_zero(texts: list[str], micro: NDArray[np.int64]) -> dict[str, int]:
    pairs = zip(texts, micro.tolist(), strict=True)
    return {text: weight for text, weight in sorted(pairs) if weight > 0}


def _usable(rows: NoteRows) -> tuple[UsedRows, Rows]:
    """The rows with an offset, in canonical order, and their positions among those given."""
    columns = {name: getattr(rows, name) for name in _ARRAYS}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise UsageError(
            f"learn_phrases wants arrays of one length, came lengths {sorted(lengths)}: give one "
            f"entry per labelled row in each of {', '.join(_ARRAYS)}"
        )
    columns["worker"] = _filled(rows.worker, "village:", rows.village)
    columns["household"] = _filled(rows.household, "child:", rows.child)
    hashes = pd.util.hash_pandas_object(pd.DataFrame(columns), index=False).to_numpy()
    order = np.argsort(hashes, kind="stable")
    order = order[~np.isnan(rows.offset[order])]
    coded = {name: _coded(columns[name][order]) for name in ("worker", "child", "household")}
    village, village_ids = _coded(_filled(rows.village, "worker:", columns["worker"])[order])
    used = UsedRows(
        notes=rows.notes[order],
        y=rows.y[order].astype(np.float64),
        weight=rows.weight[order].astype(np.float64),
        offset=rows.offset[order].astype(np.float64),
        worker=coded["worker"][0],
        child=coded["child"][0],
        village=village,
        household=coded["household"][0],
        worker_ids=coded["worker"][1],
        village_ids=village_ids,
        folds=None if rows.folds is None else _moved(rows.folds, order, len(rows.y)),
    )
    _require_whole_households(used)
    return used, order


_ARRAYS = ("notes", "y", "weight", "offset", "worker", "child", "village", "household")


def _filled(
    ids: NDArray[np.object_], mark: str, others: NDArray[np.object_]
) -> NDArray[np.object_]:
    missing = is_none(ids)
    filled = ids.astype(object)
    filled[missing] = [f"{mark}{other or ''}" for other in others[missing]]
    return filled


def _coded(ids: NDArray[np.object_]) -> tuple[Codes, NDArray[np.object_]]:
    codes, found = pd.factorize(ids.astype(str), sort=True)
    return codes.astype(np.int64), np.asarray(found, dtype=object)


def _moved(folds: Sequence[tuple[Rows, Rows]], order: Rows, n: int) -> list[tuple[Rows, Rows]]:
    """Folds of the rows given as folds of the rows used."""
    place = np.full(n, -1, dtype=np.intp)
    place[order] = np.arange(len(order))
    moved = [(np.sort(place[train]), np.sort(place[test])) for train, test in folds]
    return [(train[train >= 0], test[test >= 0]) for train, test in moved]


def _require_whole_households(used: UsedRows) -> None:
    for train, test in used.folds or []:
        if len(np.intersect1d(used.household[train], used.household[test])):
            raise UsageError(
                "a fold has rows of one household on both sides: deal folds by whole households "
                "(carescreen.calibration.random_folds), or leave them to learn_phrases"
            )


@dataclass(frozen=True)
class _Judgement:
    """Held-out figures without and with phrases; None where there is nothing to compare."""

    auroc: Change | None
    terse: Change | None
    workers: int
    events: int

    @property
    def tolerance(self) -> float:
        """The recall that may be lost: one standard error of the difference, and at most .02."""
        return min(self.terse.error, MOST_TOLERATED) if self.terse else 0.0

    @property
    def loses(self) -> bool:
        """Whether terse workers' children lose more recall than chance explains."""
        return self.terse is not None and not self.terse.difference >= -self.tolerance


def _judge(used: UsedRows, scores: Floats, share: float, seed: int) -> _Judgement:
    terse = _writes_little(used)
    events = int(used.y[terse].sum())
    workers = len(np.unique(used.worker[terse]))
    if scores is used.offset:
        return _Judgement(None, None, workers, events)

    def changed(figure: Callable[[Floats], Figure]) -> Change:
        pair = figure(used.offset), figure(scores)
        return change_of(*pair, used.weight, used.household, seed)

    return _Judgement(
        changed(lambda score: auroc_within(score, used.y, used.worker)),
        changed(lambda score: recall_at(score, used.y, terse, share)),
        workers,
        events,
    )


def _writes_little(used: UsedRows) -> NDArray[np.bool_]:
    """Rows of the third of workers whose notes are shortest: median words and characters a text."""
    medians = pd.Series(used.lengths).groupby(used.worker).median().to_numpy()
    if not len(medians):
        return np.zeros(used.n, dtype=bool)
    short: NDArray[np.bool_] = (medians <= np.quantile(medians, 1 / 3))[used.worker]
    return short


def _rejected(trial: Trial, spread: float, judged: _Judgement) -> str:
    """Why no phrase is used, or "" where they are."""
    if not trial.admitted().any():
        return NO_PHRASE
    if spread == 0.0:
        return NO_GAIN
    if judged.events < MIN_EVENTS:
        return FEW_TERSE
    return TERSE_LOSE if judged.loses else ""


def _facts(
    used: UsedRows,
    found: PhraseRows,
    gates: Gates,
    trial: Trial,
    kept: Rows,
    admitted: Rows,
    table: PhraseTable,
) -> Iterator[PhraseFacts]:
    """What a person sees of each phrase that is used, the heaviest first."""
    facts = []
    columns = found.matrix[:, kept].tocsc()
    for place in admitted.tolist():
        text, candidate = found.phrases[kept[place]], kept[place]
        if text not in table.weights:
            continue
        effect, error = float(trial.every.estimate[place]), float(trial.every.error[place])
        holding = columns.indices[columns.indptr[place] : columns.indptr[place + 1]]
        facts.append(
            PhraseFacts(
                text=text,
                language=language_of(text),
                weight=table.weights[text],
                rows=int(gates.rows[candidate]),
                children=int(gates.children[candidate]),
                workers=int(gates.workers[candidate]),
                villages=int(gates.villages[candidate]),
                effect=effect,
                low=effect - 1.96 * error,
                high=effect + 1.96 * error,
                held_out=float(trial.held_out.estimate[place]),
                context=context_of(
                    text, used.notes[holding], used.worker[holding], MIN_WORKERS, gates.rules
                ),
            )
        )
    yield from sorted(facts, key=lambda one: (-one.weight, one.text))

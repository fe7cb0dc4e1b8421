"""Models fitted anew at each date of a backtest, on what was known by then.

    backtest(screener, caseload, refit=Refit("evidence", folds="village"))

With folds a child is scored by a model that saw no outcome of its own county, or of its own fifth of
the villages: what a model is worth where nobody has judged anything yet. A family's outcomes are kept
out with those of any of its children. Few outcomes leave the prior as it is, as in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.caseload import CheckedCaseload
from carescreen.cohort import EVERY_DAYS, Cohort, read_cohort
from carescreen.cohort_fit import Entering, Prior, completed, fit_or_prior, what_enters
from carescreen.errors import UsageError
from carescreen.evaluation.backtest import Fold
from carescreen.features import FeatureSet
from carescreen.model import RiskModel
from carescreen.outcomes import visits_judged
from carescreen.screener import Screener
from carescreen.sheet import Ints, Sheet, numbered, places

PARTS = 5  # of the villages, or of counties where there are more


@dataclass(frozen=True)
class Refit:
    """How models are fitted anew: from which prior, and what each is kept from."""

    prior: Prior = "evidence"
    folds: Fold | None = None
    every_days: int = EVERY_DAYS

    def at(
        self, screener: Screener, known: CheckedCaseload, as_of: np.datetime64
    ) -> Sequence[tuple[RiskModel | None, NDArray[np.object_] | None]]:
        """A model and the children it scores, fold by fold; None for "as the screener has it".

        UsageError where there are fewer than two counties, or villages, to make folds of.
        """
        children = known.sheets["children"]
        fold = None if self.folds is None else _fold_of(children, self.folds)
        if not len(visits_judged(known)):
            return [(None, None)]
        rules = screener.rules
        features = FeatureSet.load(rules.pack, rules.indicators)
        entering = what_enters(rules, features, self.prior, {})
        cohort = read_cohort(
            screener, known, as_of, every_days=self.every_days, alike_by=entering.prior
        )
        if fold is None:
            return [(_model(cohort, features, entering), None)]
        found = []
        for number in np.unique(fold).tolist():
            own = fold == number
            others = cohort.take(_without(cohort, children["child_id"][own]))
            found.append((_model(others, features, entering), children["child_id"][own]))
        return found


def _model(cohort: Cohort, features: FeatureSet, entering: Entering) -> RiskModel | None:
    """The model of some rows; None where they cannot give one and there is no prior to keep to."""
    try:
        fitted = fit_or_prior(cohort, entering)
    except UsageError:
        return None
    return RiskModel.of(completed(fitted.saved, cohort, features, entering, {}))


def _without(cohort: Cohort, children: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Rows of families of which none of these children is one."""
    own = places(children, cohort.child_id) >= 0
    families = np.unique(cohort.group[own].astype(str))
    return ~np.isin(cohort.group.astype(str), families)


def _fold_of(children: Sheet, folds: Fold) -> Ints:
    """The fold of each child: places go to PARTS folds, the largest first, each to the smallest.

    Children whose place is not known make a fold of their own.
    """
    place, names = numbered(children[f"{folds}_id"])
    if len(names) < 2:
        raise UsageError(
            f"folds by {folds} need two; the children table names {len(names)} in {folds}_id"
        )
    size = np.bincount(place[place >= 0], minlength=len(names))
    order = sorted(range(len(names)), key=lambda k: (-size[k], str(names[k])))
    filled = np.zeros(min(PARTS, len(names)), dtype=np.int64)
    fold_of = np.full(len(names) + 1, -1, dtype=np.int64)  # the last: not known
    for k in order:
        fold_of[k] = int(np.argmin(filled))
        filled[fold_of[k]] += size[k]
    return fold_of[place]

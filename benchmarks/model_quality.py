"""How well RiskModel does on public tables, beside what one would use instead.

python benchmarks/model_quality.py [name of a table ...]

Baselines in the same run: the base rate, TF-IDF with logistic regression, histogram gradient boosting
with cross-fitted sigmoid calibration, and an explainable boosting machine where it is installed.
Differences are paired over the same rows; intervals are bootstrap percentiles over clusters.
Tables with times are judged once more, over several windows: one split is noisy.
"""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np

from benchmarks.measures import (
    DRAWS,
    Measure,
    auroc,
    bounds,
    brier,
    ici,
    log_loss,
    observed_over_expected,
    resamples,
    slope,
)
from benchmarks.rivals import BAGS, NO_EBM, OURS, Fit, fits, has_ebm, outer_bags
from benchmarks.tables import Problem, problems

SLOW = 300  # bootstrap draws of what is fitted anew in each
WINDOWS = (0.35, 0.45, 0.55, 0.65, 0.75, 0.85)  # of the rows in time: learn before, judge the next
AHEAD = 0.15
AUROC_LOSS, BRIER_LOSS, ABOVE_BASE = 0.01, 0.01, 0.01  # at most: absolute, relative, absolute
# Which of a table's figures have a criterion; the others are printed as they are.
WANTED: dict[str, tuple[str, ...]] = {
    "neiss": ("auroc", "brier", "o/e", "slope"),
    "tx serious": ("auroc", "brier", "o/e", "slope"),
    "tx abuse_neglect": ("brier", "o/e"),
    "mi_sir": ("base rate",),
    "costa_rica": ("brier",),
    "student": ("brier",),
    "compas": ("brier",),
}


def main() -> None:
    """Report on the named tables, or on all."""
    warnings.filterwarnings("ignore")
    if not has_ebm():
        print(NO_EBM)
    for problem in problems():
        if len(sys.argv) == 1 or problem.name.split()[0] in sys.argv[1:]:
            report(problem)
            if problem.time is not None:
                forward(problem)


@dataclass(frozen=True)
class Judged:
    """Labels of the judged rows, what each model said of them, and bootstrap draws of them."""

    y: np.ndarray
    chances: dict[str, np.ndarray]
    draws: list[np.ndarray]

    def others(self) -> dict[str, np.ndarray]:
        """What the baselines said."""
        return {name: chance for name, chance in self.chances.items() if name != OURS}

    def drawn(self, measure: Measure, chance: np.ndarray, draws: int = DRAWS) -> list[float]:
        """A measure in each draw."""
        return [measure(self.y[rows], chance[rows]) for rows in self.draws[:draws]]


def judged(problem: Problem) -> Judged:
    """Fit every model on each split and let it say its chances of the rest."""
    chances = {}
    for name, fit in fits().items():
        start = time.perf_counter()
        parts = [said(fit, problem, split.train, split.test) for split in problem.splits]
        chances[name] = np.concatenate(parts)
        print(f"    {name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    tested = problem.tested
    clusters = np.arange(len(tested)) if problem.groups is None else problem.groups[tested]
    return Judged(problem.y[tested], chances, resamples(clusters))


def said(fit: Fit, problem: Problem, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Chances of the test rows, away from 0 and 1 so that a log loss is finite."""
    return np.clip(fit(problem, train)(problem.X.iloc[test]), 1e-9, 1 - 1e-9)


def report(problem: Problem) -> None:
    """Print a table for one problem, then what is wanted of it."""
    found = judged(problem)
    y = found.y
    print(f"\n{problem.name}: {len(y)} rows judged, {y.sum()} events, {DRAWS} draws")
    bags = outer_bags(problem)
    if bags != BAGS and has_ebm():
        print(f"  (the EBM has {bags} outer bags here in place of {BAGS}: the table is wide)")
    print(f"  {'':18} AUROC  Brier   O/E    slope  ICI")
    for name, chance in found.chances.items():
        print(
            f"  {name:18} {auroc(y, chance):.3f}  {brier(y, chance):.4f}  "
            f"{observed_over_expected(y, chance):.2f}  {slope(y, chance):6.2f}  {ici(y, chance):.4f}"
        )
    wanted = WANTED[problem.name]
    against_best(found, "auroc" in wanted, "brier" in wanted)
    calibration(found, wanted)
    if "base rate" in wanted:
        against_base_rate(found)
    sys.stdout.flush()


def against_best(found: Judged, bound_auroc: bool, bound_brier: bool) -> None:
    """Paired losses against the best baseline by each measure."""
    y, ours, others = found.y, found.chances[OURS], found.others()
    best = max(others, key=lambda name: auroc(y, others[name]))
    lost = auroc(y, others[best]) - auroc(y, ours)
    theirs, mine = found.drawn(auroc, others[best]), found.drawn(auroc, ours)
    ends = bounds(np.subtract(theirs, mine).tolist())
    wanted = f"; wanted < {AUROC_LOSS}: {verdict(lost, ends, AUROC_LOSS)}" if bound_auroc else ""
    print(f"  AUROC lost to {best}: {lost:+.4f} ({ends[0]:+.4f} to {ends[1]:+.4f}){wanted}")
    best = min(others, key=lambda name: brier(y, others[name]))
    theirs, mine = found.drawn(brier, others[best]), found.drawn(brier, ours)
    lost = brier(y, ours) / brier(y, others[best]) - 1
    ends = bounds((np.divide(mine, theirs) - 1).tolist())
    wanted = (
        f"; wanted < {BRIER_LOSS:.0%}: {verdict(lost, ends, BRIER_LOSS)}" if bound_brier else ""
    )
    print(f"  Brier lost to {best}: {lost:+.2%} ({ends[0]:+.2%} to {ends[1]:+.2%}){wanted}")


def verdict(lost: float, ends: tuple[float, float], most: float) -> str:
    """What the loss and its interval show."""
    if lost < most:
        sure = "; better, the interval says" if ends[1] < 0 else ""
        return "met" + ("; the whole interval is" if 0 <= ends[1] < most else sure)
    return "missed" + ("" if ends[0] > most else ", and the interval cannot tell")


def calibration(found: Judged, wanted: tuple[str, ...]) -> None:
    """RiskModel's observed over expected, slope and ICI with their intervals."""
    y, ours = found.y, found.chances[OURS]
    measures: dict[str, tuple[Measure, int]] = {
        "o/e": (observed_over_expected, DRAWS),
        "slope": (slope, SLOW),
        "ici": (ici, SLOW),
    }
    parts = []
    for name, (measure, draws) in measures.items():
        low, high = bounds(found.drawn(measure, ours, draws))
        part = f"{name} {measure(y, ours):.3f} ({low:.3f} to {high:.3f})"
        if name in wanted:
            part += f"; wanted to include 1: {'met' if low <= 1 <= high else 'missed'}"
        parts.append(part)
    print("  " + "\n  ".join(parts))


def against_base_rate(found: Judged) -> None:
    """Brier score beside the base rate's, over whole clusters."""
    base, ours = found.chances["base rate"], found.chances[OURS]
    more = brier(found.y, ours) - brier(found.y, base)
    low, high = bounds(np.subtract(found.drawn(brier, ours), found.drawn(brier, base)).tolist())
    met = "met" if high <= ABOVE_BASE else "missed"
    print(
        f"  Brier above the base rate's: {more:+.4f} ({low:+.4f} to {high:+.4f}); "
        f"wanted the upper end <= {ABOVE_BASE}: {met}"
    )


def forward(problem: Problem) -> None:
    """Means over several windows: each model learns from all before and is judged by what follows."""
    parts = windows(problem)
    losses = (log_loss, brier, auroc)
    means = {}
    for name, fit in fits().items():
        rows = []
        for train, test in parts:
            chance = said(fit, problem, train, test)
            rows.append([loss(problem.y[test], chance) for loss in losses])
        means[name] = np.nanmean(rows, axis=0)
    events = [int(problem.y[test].sum()) for _, test in parts]
    print(
        f"  forward in time, mean of {len(parts)} windows of {min(events)} to {max(events)} events"
    )
    for name, (loss, square, area) in means.items():
        print(f"  {name:18} log loss {loss:.4f}  Brier {square:.4f}  AUROC {area:.3f}", flush=True)


def windows(problem: Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) row numbers; rows of one time stay together."""
    assert problem.time is not None
    ordered = np.sort(problem.time)
    found = []
    for share in WINDOWS:
        first = ordered[int(len(ordered) * share)]
        last = ordered[min(int(len(ordered) * (share + AHEAD)), len(ordered) - 1)]
        test = np.flatnonzero((problem.time >= first) & (problem.time < last))
        found.append((np.flatnonzero(problem.time < first), test))
    return found


if __name__ == "__main__":
    main()

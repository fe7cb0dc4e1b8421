"""Ways to start from a prior and move with outcomes, compared along learning curves.

python benchmarks/model_methods.py [runs] [name of a world or table ...]      default 6 runs

Simulated worlds say how the prior relates to the truth; one person in ten has the outcome. Printed is
the mean excess of the log loss over the truth's, in thousandths, with its Monte Carlo standard error:
what the method has yet to learn. With no events every way that starts from the prior is the prior, and
the rate is given to all. On public tables it is the log loss of later or left-out rows, with priors that
are coarse judgements of the kind one finds in a handbook, written before looking at the tables.
The steps hold the prior's directions, so a prior of the wrong sign can be left and not turned round; the
boosted ways hold none (starts.py says why).
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.measures import log_loss
from benchmarks.rivals import NO_EBM, has_ebm
from benchmarks.starts import Learned, Task, starts
from benchmarks.tables import REAL, Split, at_hand, compas, neiss, student
from carescreen.calibration import Floats, chance, fit_intercept
from carescreen.steps import MICRO, AdditiveTables, StepTable

EVENTS = (10, 20, 45, 100, 300, 1000, 3000)
RUNS = 6
FEWER = {1000: 2, 3000: 1}  # runs where each takes long, and differs little
PER_EVENT, JUDGED, RATE = 10, 5_000, 0.1
CLOSE = 2.0  # thousandths: shipped, from the better of the prior and the fit alone
PRIOR = (0.9, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15)  # shaped as the evidence model's
SPREAD = 0.35
SHARES = np.array([0.15, 0.25, 0.2, 0.3, 0.15, 0.2, 0.3, 0.2, 0.5, 0.3])


@dataclass(frozen=True)
class Row:
    """One fit: method, events, what it lost (thousandths), CPU seconds, weights to read."""

    method: str
    events: int
    lost: float
    seconds: float
    weights: int


def main() -> None:
    """Print a table for each world and each public table, then the means over the worlds."""
    warnings.filterwarnings("ignore")
    words = sys.argv[1:]
    runs = int(words.pop(0)) if words and words[0].isdigit() else RUNS
    if not has_ebm():
        print(NO_EBM)
    every = []
    for name, world in WORLDS.items():
        if not words or name in words:
            rows = [row for events in EVENTS for row in curve(world, events, runs)]
            show(f"{name}: excess log loss, thousandths", rows, without_events(world, runs))
            closeness(rows)
            every += rows
    if every:
        show("mean of the worlds", every, "")
        readability(every)
    for study in studies():
        if not words or study.name in words:
            show(f"{study.name}: log loss, thousandths", list(learning(study, runs)), "")


World = Callable[[np.random.Generator], tuple[np.ndarray, float]]


def right(_: np.random.Generator) -> tuple[np.ndarray, float]:
    """Weights as the prior has them; nothing else weighs."""
    return np.array(PRIOR), 0.0


def off(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Off by the stated spread."""
    return np.array(PRIOR) + rng.normal(0.0, SPREAD, len(PRIOR)), 0.0


def half(_: np.random.Generator) -> tuple[np.ndarray, float]:
    """Half as strong."""
    return np.array(PRIOR) / 2, 0.0


def useless(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Weights that have nothing to do with the prior's."""
    return np.abs(rng.normal(0.0, 0.4, len(PRIOR))), 0.0


def wrong(_: np.random.Generator) -> tuple[np.ndarray, float]:
    """Wrong in sign."""
    return -np.array(PRIOR), 0.0


def bent(_: np.random.Generator) -> tuple[np.ndarray, float]:
    """As the prior, with two curves and an interaction that it does not know."""
    return np.array(PRIOR), 1.0


WORLDS: dict[str, World] = {
    "right": right,
    "off by its spread": off,
    "half as strong": half,
    "useless": useless,
    "wrong in sign": wrong,
    "bent": bent,
}


def prior() -> AdditiveTables:
    """Yes/no features that raise, with their spread; days and age are unknown to it."""
    return AdditiveTables(
        0, tuple(raises(f"yes_{place}", weight) for place, weight in enumerate(PRIOR))
    )


def raises(name: str, weight: float, cut: float = 0.5, sign: int = 1) -> StepTable:
    """A number that changes the log-odds by `weight` above a cut."""
    weights = (0, round(weight * MICRO)) if sign > 0 else (round(weight * MICRO), 0)
    spread = round(SPREAD * MICRO)
    return StepTable(name, "number", weights, (cut,), monotone=1 if sign > 0 else -1, spread=spread)


def people(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Simulated rows."""
    yes = (rng.random((rows, len(PRIOR))) < SHARES).astype(float)
    return (
        pd.DataFrame(yes)
        .add_prefix("yes_")
        .assign(days=rng.exponential(30, rows).round(), age=rng.integers(0, 18, rows).astype(float))
    )


def truth(X: pd.DataFrame, weights: np.ndarray, bend: float) -> Floats:
    """True log-odds up to a shift."""
    score = X.filter(like="yes_").to_numpy() @ weights
    curves = np.sin(X["days"] / 15) * 0.5 + 0.8 * (X["age"] < 3) - 0.5 * (X["age"] > 14)
    both = 0.7 * X["yes_0"] * X["yes_8"] - 0.5 * X["yes_3"] * X["yes_6"]
    return np.asarray(score + bend * (curves + both), dtype=float)


@dataclass(frozen=True)
class Drawn:
    """Rows to learn from with labels, and rows to judge by with their true chances."""

    X: pd.DataFrame
    y: np.ndarray
    far: pd.DataFrame
    chance: Floats


def drawn(world: World, events: int, run: int) -> Drawn:
    """One run of a world."""
    rng = np.random.default_rng([run, events])
    weights, bend = world(rng)
    far, near = people(rng, JUDGED), people(rng, events * PER_EVENT)
    score = truth(far, weights, bend)
    shift = fit_intercept(score, np.full(JUDGED, RATE), np.ones(JUDGED))
    y = rng.random(len(near)) < chance(shift + truth(near, weights, bend))
    return Drawn(near, y.astype(int), far, chance(shift + score))


def curve(world: World, events: int, runs: int) -> Iterator[Row]:
    """Every method on the same runs."""
    for run in range(min(FEWER.get(events, runs), runs)):
        one = drawn(world, events, run)
        best = log_loss(one.chance, one.chance)
        for method, learned, seconds in learnt(Task(one.X, one.y, prior())):
            lost = log_loss(one.chance, chance(learned.logit(one.far))) - best
            yield Row(method, events, lost * 1e3, seconds, learned.weights)


def learnt(task: Task) -> Iterator[tuple[str, Learned, float]]:
    """Each method's fit and its CPU seconds."""
    for method, start in starts().items():
        begin = time.process_time()
        yield method, start(task), time.process_time() - begin


def without_events(world: World, runs: int) -> str:
    """The prior and nothing, the rate given."""
    lost = []
    for run in range(runs):
        one = drawn(world, 1, run)
        score = prior().score_micro(one.far) / MICRO
        shift = fit_intercept(score, one.chance, np.ones(JUDGED))
        rate = np.full(JUDGED, one.chance.mean())
        lost.append([log_loss(one.chance, chance(shift + score)), log_loss(one.chance, rate)])
        lost[-1] = (np.array(lost[-1]) - log_loss(one.chance, one.chance)) * 1e3
    with_prior, alone = np.mean(lost, axis=0)
    return f"no events: the prior {with_prior:.1f}, nothing {alone:.1f}"


def show(title: str, rows: list[Row], beside: str) -> None:
    """A line a method, a column a number of events: mean (standard error)."""
    table = pd.DataFrame(rows)
    columns = sorted(table["events"].unique())
    print(f"\n{title} (standard error); {beside}" if beside else f"\n{title} (standard error)")
    print(f"  {'events':24}" + "".join(f"{column:>15,}" for column in columns))
    for method in table["method"].unique():
        cells = []
        for column in columns:
            lost = table.loc[(table["method"] == method) & (table["events"] == column), "lost"]
            error = lost.std(ddof=1) / np.sqrt(len(lost)) if len(lost) > 1 else np.nan
            cells.append(f"{lost.mean():8.1f} ({error:.1f})".rjust(15))
        print(f"  {method:24}" + "".join(cells), flush=True)


def closeness(rows: list[Row]) -> None:
    """How far the shipped way is from the better of the prior and the fit alone, at its furthest."""
    mean = pd.DataFrame(rows).groupby(["events", "method"])["lost"].mean().unstack()
    better = mean[["prior, recalibrated", "fit alone"]].min(axis=1)
    behind = mean["as shipped"] - better
    print(
        f"  as shipped behind the better of the two: at most {behind.max():+.1f}, "
        f"at {behind.idxmax():,} events (wanted at most {CLOSE:g})"
    )


def readability(rows: list[Row]) -> None:
    """CPU seconds and weights to read of each method, where there are 300 and 3,000 events."""
    table = pd.DataFrame(rows)
    print("\nCPU seconds of a fit and weights to read, at 300 and at the most events")
    for method in table["method"].unique():
        cells = []
        for events in (300, int(table["events"].max())):
            part = table[(table["method"] == method) & (table["events"] == events)]
            cells.append(f"{part['seconds'].median():7.2f} s {part['weights'].median():5.0f}")
        print(f"  {method:24}" + "   ".join(cells))


@dataclass(frozen=True)
class Study:
    """A public table, a coarse prior, and how to part it: (run -> rows to draw from, to judge)."""

    name: str
    X: pd.DataFrame
    y: np.ndarray
    prior: AdditiveTables
    part: Callable[[int], Split]
    events: tuple[int, ...]


def studies() -> Iterator[Study]:
    """Compas and NEISS (without notes) judged by later rows; student by a random half."""
    if not at_hand():
        return
    recidivism = compas()
    X = recidivism.X.assign(juvenile=recidivism.X.filter(like="juv_").sum(axis=1))
    believed = (
        raises("age", 0.7, cut=24.5, sign=-1),
        raises("priors_count", 0.8, cut=2.5),
        raises("juvenile", 0.4),
    )
    yield Study(
        "compas",
        X,
        recidivism.y,
        AdditiveTables(0, believed),
        lambda _: recidivism.splits[0],
        (10, 20, 45, 100, 300),
    )
    school = student()
    low = (pd.read_csv(REAL / "uci_student_por.csv")["G3"] < 12).to_numpy().astype(int)
    believed = (
        raises("failures", 1.0),
        raises("absences", 0.4, cut=9.5),
        raises("studytime", 0.4, cut=1.5, sign=-1),
        raises("Dalc", 0.3, cut=2.5),
        raises("Medu", 0.3, cut=2.5, sign=-1),
    )
    yield Study("student", school.X, low, AdditiveTables(0, believed), _halves(low), (10, 20, 45))
    injured = neiss()
    believed = (raises("age_years", 0.6, cut=1.5, sign=-1),)
    head = StepTable(
        "Body_Part", "category", (round(0.3 * MICRO),), levels=("HEAD",), spread=350_000
    )
    yield Study(
        "neiss",
        injured.X.drop(columns=["Narrative"]),
        injured.y,
        AdditiveTables(0, (*believed, head)),
        lambda _: injured.splits[0],
        (10, 20, 45),
    )


def _halves(y: np.ndarray) -> Callable[[int], Split]:
    def part(run: int) -> Split:
        order = np.random.default_rng([5, run]).permutation(len(y))
        return Split(order[: len(y) // 2], order[len(y) // 2 :])

    return part


def learning(study: Study, runs: int) -> Iterator[Row]:
    """Every method on random rows that hold a number of events; none with fewer than 2."""
    for events in study.events:
        for run in range(runs):
            split = study.part(run)
            order = np.random.default_rng([run, events]).permutation(split.train)
            rows = order[: 1 + int(np.searchsorted(np.cumsum(study.y[order]), events))]
            task = Task(study.X.iloc[rows], study.y[rows], study.prior)
            y = study.y[split.test]
            for method, learned, seconds in learnt(task):
                said = np.clip(chance(learned.logit(study.X.iloc[split.test])), 1e-9, 1 - 1e-9)
                yield Row(method, events, log_loss(y, said) * 1e3, seconds, learned.weights)


if __name__ == "__main__":
    main()

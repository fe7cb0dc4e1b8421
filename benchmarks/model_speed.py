"""How fast the model scores and fits, each row beside a reference measured in the same run.

python benchmarks/model_speed.py

Medians of things run in turn, since a busy machine is busy for all. One thread unless OMP_NUM_THREADS
and OPENBLAS_NUM_THREADS say otherwise (`make bench-model` says 1).
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from laps import medians
from rows import TARGETS, Row, verdicts
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from carescreen import RiskModel
from carescreen.calibration import chance
from carescreen.steps import MICRO, AdditiveTables, StepTable

CHILDREN, FEATURES, LEVELS = 800_000, 40, 17
BLOCK = 10_000  # children, as ranking has them
ROUNDS, LEAVES = 1_500, 8  # of the boosting whose curves become tables


def main() -> None:
    """Print every row."""
    warnings.filterwarnings("ignore")
    print(verdicts(rows()))
    fit(100_000, 20, laps=3)
    fit(5_000, 128, laps=1)  # a lap takes minutes


def rows() -> list[Row]:
    """What has a target."""
    return [score_from_codes(), look_up_a_boosting()]


def score_from_codes() -> Row:
    """Score and all contributions from the codes of the levels, beside a sum of as many numbers."""
    rng = np.random.default_rng(0)
    tables = tuple(
        StepTable(
            f"f{number}",
            "number",
            tuple(rng.integers(-MICRO, MICRO, LEVELS - 1).tolist()),
            tuple(range(LEVELS - 2)),
        )
        for number in range(FEATURES)
    )
    model = AdditiveTables(0, tables)
    codes = [rng.integers(0, LEVELS, (FEATURES, BLOCK)) for _ in range(CHILDREN // BLOCK)]
    matrix = rng.normal(size=(CHILDREN, FEATURES))

    def score() -> None:
        for block in codes:
            model.score_of(model.weights_at(block, BLOCK).T)

    seconds, reference = medians(15, score, matrix.sum)
    note = f"{CHILDREN:,} x {FEATURES}, in blocks of {BLOCK:,}"
    return Row(TARGETS["score"], seconds, reference, note)


def look_up_a_boosting() -> Row:
    """Tables read from an additive boosting, beside its predict_proba; one log-odds apart at most
    1e-12, where the tables hold floats; as millionths they differ by the rounding."""
    X, y = _county(100_000, 20)
    values = X.to_numpy()
    fitted = HistGradientBoostingClassifier(
        interaction_cst="no_interactions", max_iter=ROUNDS, max_leaf_nodes=LEAVES,
        early_stopping=False, random_state=0,
    ).fit(values, y)  # fmt: skip
    curves, start = curves_of(fitted, values.shape[1])
    tables = [
        StepTable(f"f{number}", "number", tuple(np.rint(steps * MICRO).astype(int).tolist()), edges)
        for number, (edges, steps) in enumerate(curves)
    ]
    model = AdditiveTables(round(start * MICRO), tuple(tables))
    named = {f"f{number}": np.ascontiguousarray(values[:, number]) for number in range(20)}

    def with_floats() -> np.ndarray:
        score = np.full(len(values), start)
        for table, (_, steps) in zip(tables, curves, strict=True):
            score += steps[table.codes_of(named[table.name])]
        return chance(score)

    def with_tables() -> np.ndarray:
        return chance(model.score_of(model.weights_of(named, len(values))) / MICRO)

    said = fitted.predict_proba(values)[:, 1]
    seconds, reference = medians(3, with_tables, lambda: fitted.predict_proba(values))
    print(
        f"tables read from a boosting and its predict_proba, furthest apart: "
        f"{np.abs(with_floats() - said).max():.1e} as floats (wanted 1e-12), "
        f"{np.abs(with_tables() - said).max():.1e} as whole millionths"
    )
    return Row(TARGETS["look-up"], seconds, reference, f"{ROUNDS:,} rounds, 100,000 x 20")


def curves_of(
    fitted: HistGradientBoostingClassifier, columns: int
) -> tuple[list[tuple[tuple[float, ...], np.ndarray]], float]:
    """Edges and steps (log-odds) of each feature of an additive boosting, and its intercept.

    A tree that reads one feature only is a step function; their sum is one step table.
    """
    trees: list[list[np.ndarray]] = [[] for _ in range(columns)]
    start = float(fitted._baseline_prediction.ravel()[0])
    for (tree,) in fitted._predictors:
        splits = tree.nodes[tree.nodes["is_leaf"] == 0]
        if len(splits):
            trees[int(splits["feature_idx"][0])].append(tree.nodes)
        else:
            start += float(tree.nodes["value"][0])
    return [_curve(nodes) for nodes in trees], start


def _curve(trees: list[np.ndarray]) -> tuple[tuple[float, ...], np.ndarray]:
    cuts = [nodes["num_threshold"][nodes["is_leaf"] == 0] for nodes in trees]
    edges = np.unique(np.concatenate([*cuts, np.empty(0)]))
    edges = edges[np.isfinite(edges)]
    inside = np.append(edges, np.inf)  # a value at an edge goes left, as in the trees
    return tuple(edges.tolist()), sum((_leaves(n, inside) for n in trees), np.zeros(len(inside)))


def _leaves(nodes: np.ndarray, values: np.ndarray) -> np.ndarray:
    place = np.zeros(len(values), dtype=np.intp)
    while not (leaf := nodes["is_leaf"][place].astype(bool)).all():
        left = values <= nodes["num_threshold"][place]
        onward = np.where(left, nodes["left"][place], nodes["right"][place])
        place = np.where(leaf, place, onward)
    return nodes["value"][place]


def fit(rows: int, columns: int, laps: int) -> None:
    """A whole fit (cross-fitting, averaging, calibration), beside one logistic regression and one
    boosting of the same table."""
    X, y = _county(rows, columns)
    values = (X.to_numpy() - X.to_numpy().mean(axis=0)) / X.to_numpy().std(axis=0)
    seconds, logistic, boosting = medians(
        laps,
        lambda: RiskModel(random_state=0).fit(X, y),
        lambda: LogisticRegression(max_iter=5000).fit(values, y),
        lambda: HistGradientBoostingClassifier(
            interaction_cst="no_interactions", max_iter=ROUNDS, early_stopping=False, random_state=0
        ).fit(values, y),
        warm_ups=0,
    )
    print(
        f"fit of {rows:,} x {columns} (median of {laps}): {seconds:.1f} s; a logistic regression "
        f"{logistic:.2f} s, ratio {seconds / logistic:.0f}; an additive boosting of {ROUNDS:,} rounds "
        f"{boosting:.1f} s, ratio {seconds / boosting:.2f} (no target)",
        flush=True,
    )


def _county(rows: int, columns: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Half of the columns yes/no, half amounts to one decimal; one in ten has the outcome."""
    rng = np.random.default_rng(0)
    half = columns // 2
    yes = (rng.random((rows, half)) < rng.uniform(0.05, 0.5, half)).astype(float)
    amounts = rng.normal(size=(rows, columns - half)).round(1)
    log_odds = -3.2 + yes @ rng.normal(0.2, 0.4, half)
    log_odds += np.tanh(amounts) @ rng.normal(0.0, 0.4, columns - half)
    X = pd.DataFrame(np.hstack([yes, amounts])).add_prefix("f")
    return X, (rng.random(rows) < chance(log_odds)).astype(int)


if __name__ == "__main__":
    main()

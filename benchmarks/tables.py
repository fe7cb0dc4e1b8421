"""Public tables with a yes/no outcome that nobody here wrote, split as they would be used.

Read from the folder of measuring data beside the repository; nothing of them is copied into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

REAL = Path(__file__).parents[2] / "shared" / "data" / "real"
FOLDS = 5
_TELLS = re.compile(r"\b(admit\w*|observ\w*|obs|transfer\w*)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to judge by; `test` rows of one cluster may be alike."""

    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Problem:
    """A table X with its note column, labels y, clusters, times and how it is split."""

    name: str
    X: pd.DataFrame
    y: np.ndarray
    splits: tuple[Split, ...]
    note: str | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None

    @property
    def tested(self) -> np.ndarray:
        """Numbers of the rows that are judged, in the order of the splits."""
        return np.concatenate([split.test for split in self.splits])


@dataclass(frozen=True)
class Move:
    """A table, and the rows of one place and of another with another base rate."""

    name: str
    problem: Problem
    here: np.ndarray
    there: np.ndarray


def at_hand() -> bool:
    """Whether the folder is there; if not, says so."""
    if not REAL.is_dir():
        print(f"There is no folder {REAL}: nothing is measured on public tables.")
    return REAL.is_dir()


def problems() -> Iterator[Problem]:
    """Every table; none where the folder is not at hand."""
    if not at_hand():
        return
    makers: tuple[Callable[[], Problem], ...] = (
        neiss,
        lambda: texas("serious"),
        lambda: texas("abuse_neglect"),
        michigan,
        costa_rica,
        student,
        compas,
    )
    for make in makers:
        yield make()


def neiss() -> Problem:
    """Injuries of children: 2017-18 to learn from, 2019 to judge by; tell-tale words masked."""
    data = pd.read_parquet(REAL / "neiss_children.parquet")
    year = pd.to_datetime(data["Treatment_Date"])
    X = data[["age_years", "Sex", "Body_Part", "Narrative"]].copy()
    X["Narrative"] = X["Narrative"].map(lambda text: _TELLS.sub(" ", text))
    cut = Split(np.flatnonzero(year.dt.year < 2019), np.flatnonzero(year.dt.year == 2019))
    return Problem(
        "neiss", X, _labels(data["outcome_serious"]), (cut,), "Narrative", None, _days(year)
    )


def texas(outcome: str) -> Problem:
    """Injuries in child care, the last third of the time to judge by."""
    data = pd.read_parquet(REAL / "tx_childcare_injuries.parquet")
    data = data.sort_values("intake", kind="stable", ignore_index=True)
    columns = ["Operation Type", "Type of Injury", "Injury Caused By", "Incident Location", "note"]
    if outcome == "abuse_neglect":
        columns.remove("Injury Caused By")  # "Discipline" nearly gives it away
    place = len(data) * 2 // 3
    cut = data["intake"].iloc[place]
    later = (data["intake"] >= cut).to_numpy()
    split = Split(np.flatnonzero(~later), np.flatnonzero(later))
    name = f"tx {outcome}"
    return Problem(
        name, data[columns], _labels(data[outcome]), (split,), "note", None, _days(data["intake"])
    )


def michigan() -> Problem:
    """Allegations against foster carers and homes, cross-fitted by case."""
    data = pd.read_parquet(REAL / "mi_sir_allegations.parquet")
    y, groups = _labels(data["established"]), pd.factorize(data["investigation"])[0]
    X = data[["program", "allegation"]].copy()
    return Problem("mi_sir", X, y, _folds(y, groups), "allegation", groups)


def costa_rica() -> Problem:
    """Poverty by the indicators of a household, cross-fitted by household."""
    data = pd.read_parquet(REAL / "costa_rica_poverty.parquet")
    y, groups = _labels(data["Target"] < 4), pd.factorize(data["idhogar"])[0]
    left_out = [
        name for name in data if name in ("Id", "idhogar", "Target", "agesq") or name[:3] == "SQB"
    ]
    X = data.drop(columns=left_out)
    for name in ("dependency", "edjefe", "edjefa"):
        X[name] = pd.to_numeric(X[name].replace({"yes": 1, "no": 0}), errors="coerce")
    return Problem("costa_rica", X.astype(float), y, _folds(y, groups), None, groups)


def student() -> Problem:
    """Failing a school year, without the marks that are part of it; cross-fitted."""
    data = pd.read_csv(REAL / "uci_student_por.csv")
    y = _labels(data["G3"] < 10)
    X = data.drop(columns=["school", "G1", "G2", "G3"])
    return Problem("student", X, y, _folds(y, np.arange(len(y))))


def compas() -> Problem:
    """Two-year recidivism, the last third of the time to judge by."""
    data = pd.read_csv(REAL / "compas_le_2014_04.csv")
    day = pd.to_datetime(data["compas_screening_date"])
    data, day = data.iloc[np.argsort(day, kind="stable")], day.sort_values(kind="stable")
    columns = ["age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count"]
    X = data[[*columns, "c_charge_degree"]].reset_index(drop=True)
    later = (day >= day.iloc[len(day) * 2 // 3]).to_numpy()
    split = Split(np.flatnonzero(~later), np.flatnonzero(later))
    return Problem("compas", X, _labels(data["two_year_recid"]), (split,), None, None, _days(day))


def moves() -> Iterator[Move]:
    """Parts of the tables that differ in their base rate; what parts them is no feature.

    Student: girls to boys, a mark under 12 (under 10 has 32 events, too few to draw from). Compas: 35
    and over to under. Costa Rica: the central region to the others. NEISS, without its notes: 9 and
    over to under 6; other hospitals to children's.
    """
    if not at_hand():
        return
    data = pd.read_csv(REAL / "uci_student_por.csv")
    low = replace(student(), y=_labels(data["G3"] < 12))
    yield _move("student, boys", low, data["sex"] == "M", "sex")
    recidivism = compas()
    yield _move("compas, under 35", recidivism, recidivism.X["age"] < 35, "age")
    poor = costa_rica()
    regions = [f"lugar{number}" for number in range(1, 7)]
    yield _move("costa_rica, regions", poor, poor.X["lugar1"] != 1, *regions)
    injured = _without_note(neiss())
    age = injured.X["age_years"]
    yield _move("neiss, under 6", injured, age < 6, "age_years", here=age >= 9)
    stratum = pd.read_parquet(REAL / "neiss_children.parquet")["Stratum"]
    yield _move("neiss, children's hospitals", injured, stratum == "C")


def _move(
    name: str, problem: Problem, there: pd.Series, *parting: str, here: pd.Series | None = None
) -> Move:
    here = ~there if here is None else here
    kept = replace(problem, X=problem.X.drop(columns=list(parting)))
    return Move(name, kept, np.flatnonzero(here), np.flatnonzero(there))


def _without_note(problem: Problem) -> Problem:
    return replace(problem, X=problem.X.drop(columns=[problem.note]), note=None)


def _labels(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=np.int64)


def _days(column: pd.Series) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]").astype(np.int64)


def _folds(y: np.ndarray, groups: np.ndarray) -> tuple[Split, ...]:
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return tuple(Split(*pair) for pair in folds.split(np.zeros(len(y)), y, groups))

"""Public tables with a yes/no outcome that nobody here wrote, split as they would be used.

Read from the folder of measuring data beside the repository; nothing of them is copied into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


def problems() -> Iterator[Problem]:
    """Every table that is at hand."""
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


def _labels(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=np.int64)


def _days(column: pd.Series) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]").astype(np.int64)


def _folds(y: np.ndarray, groups: np.ndarray) -> tuple[Split, ...]:
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return tuple(Split(*pair) for pair in folds.split(np.zeros(len(y)), y, groups))

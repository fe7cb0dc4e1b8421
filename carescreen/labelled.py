"""Labelled rows: a table, its labels, groups and times, checked and in one canonical order.

The order depends on the rows' contents only, so the same table in any row order fits the same
model. Messages name columns and counts, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, column_or_1d

from carescreen.calibration import Floats
from carescreen.errors import did_you_mean
from carescreen.steps import UnusableTable, is_category, number_values

MIN_ROWS = 5
MIN_OF_EACH = 2  # rows of each label: with one, no fold can both learn and test


@dataclass(frozen=True)
class LabelledRows:
    """Rows in canonical order. y: 0/1 floats[n]. groups: integers[n]. time: ranks[n] or None.

    window: first and last day, if time was given as dates. known_events: events among the rows of
    known selection.
    """

    X: pd.DataFrame
    y: Floats
    weight: Floats
    groups: NDArray[np.intp]
    time: NDArray[np.int64] | None
    window: tuple[str, str] | None
    known_events: int

    @property
    def events(self) -> int:
        """Rows with label 1 and some weight."""
        return int(np.count_nonzero((self.y == 1) & (self.weight > 0)))

    @property
    def group_count(self) -> int:
        """Distinct groups."""
        return len(np.unique(self.groups))

    def refuse(self, reason: str) -> NoReturn:
        """Raise UnusableTable with the table's size and a reason."""
        raise UnusableTable(f"this table of {len(self.y)} rows cannot be fitted: {reason}")


def as_table(
    X: pd.DataFrame | ArrayLike, note_column: str | None, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """X as a table with columns named by text; an array's columns are `names`, or x0, x1 ...

    Raises UnusableTable for anything but a two-dimensional table.
    """
    if isinstance(X, pd.DataFrame):
        return _named(X, note_column)
    try:
        values = check_array(
            X, dtype=np.float64, ensure_all_finite="allow-nan", estimator="RiskModel"
        )
    except ValueError as error:
        raise UnusableTable(str(error)) from None
    if names is not None and len(names) != values.shape[1]:
        raise UnusableTable(
            f"X has {values.shape[1]} features, but RiskModel is expecting {len(names)} features "
            f"as input"
        )
    columns = names if names is not None else [f"x{i}" for i in range(values.shape[1])]
    return _named(pd.DataFrame(values, columns=list(columns)), note_column)


def _named(X: pd.DataFrame, note_column: str | None) -> pd.DataFrame:
    named = X.set_axis([str(name) for name in X.columns], axis=1)
    twice = named.columns[named.columns.duplicated()]
    if len(twice):
        raise UnusableTable(f"column '{twice[0]}' occurs twice; rename one of the two")
    if note_column is not None and note_column not in named.columns:
        raise UnusableTable(
            f"note_column '{note_column}' is not among the table's columns"
            f"{did_you_mean(note_column, named.columns)}"
        )
    if named.shape[1] == 0:
        raise UnusableTable("the table has no column: 0 feature(s) (at least 1 is required)")
    return named


def check_monotone(monotone: Mapping[str, int] | None, X: pd.DataFrame) -> dict[str, int]:
    """The declared directions, each a known column with -1, 0 or +1."""
    for name, direction in (monotone or {}).items():
        if name not in X.columns:
            raise UnusableTable(
                f"monotone names '{name}', which is not a column{did_you_mean(name, X.columns)}"
            )
        if direction not in (-1, 0, 1):
            raise UnusableTable(f"monotone['{name}'] is {direction!r}; wanted +1, -1 or 0")
    return dict(monotone or {})


def labelled_rows(
    X: pd.DataFrame | ArrayLike,
    y: ArrayLike,
    groups: ArrayLike | None,
    time: ArrayLike | None,
    sample_weight: ArrayLike | None,
    known_selection: ArrayLike | None,
    note_column: str | None,
) -> LabelledRows:
    """Check everything that belongs to the rows and put it in canonical order."""
    table = _plain(as_table(X, note_column), note_column)
    labels = _labels(y, len(table))
    weight = _weights(sample_weight, len(table))
    group = np.arange(len(table)) if groups is None else _ranks(groups, "groups", len(table))
    moment = None if time is None else _ranks(time, "time", len(table))
    known = _flags(known_selection, len(table))
    keys = table.assign(**{"\0y": labels, "\0weight": weight, "\0known": known})
    keys["\0group"] = 0 if groups is None else group
    keys["\0time"] = 0 if moment is None else moment
    order = np.argsort(pd.util.hash_pandas_object(keys, index=False).to_numpy(), kind="stable")
    return LabelledRows(
        X=table.iloc[order].reset_index(drop=True),
        y=labels[order],
        weight=weight[order],
        groups=group if groups is None else group[order],
        time=None if moment is None else moment[order],
        window=_window(time),
        known_events=int(labels[known].sum()),
    )


def _plain(X: pd.DataFrame, note_column: str | None) -> pd.DataFrame:
    """Numbers as float64 and words as text, so that equal values look equal."""
    columns: dict[str, Any] = {}
    for name in X.columns:
        column = X[name]
        if name == note_column or (is_category(column) and not column.isna().all()):
            words = column.astype(object)
            columns[name] = words.where(words.isna(), words.map(str)).where(words.notna(), None)
        else:
            columns[name] = number_values(column) + 0.0
    return pd.DataFrame(columns, index=X.index)


def _labels(y: ArrayLike, rows: int) -> Floats:
    if y is None:
        raise UnusableTable("RiskModel requires y to be passed, but the target y is None")
    values = np.asarray(column_or_1d(y, warn=True))
    _same_length(values, "y", rows)
    if values.dtype.kind not in "buif" or not np.isin(values, (0, 1)).all():
        raise UnusableTable(
            "labels must be 0 (no) and 1 (yes), or False and True, with none missing. "
            "Unknown label type: leave out rows without an outcome and turn words into 0 and 1. "
            "Only binary classification is supported."
        )
    labels = values.astype(np.float64)
    ones = int(labels.sum())
    if rows < MIN_ROWS or min(ones, rows - ones) < MIN_OF_EACH:
        kind = "only one class came" if ones in (0, rows) else "too few to learn from"
        raise UnusableTable(
            f"{rows} rows with {ones} events ({kind}): wanted at least {MIN_ROWS} rows "
            f"(samples), {MIN_OF_EACH} of each class, 0 and 1. Until there are outcomes, use the "
            f"evidence model."
        )
    return labels


def _same_length(values: NDArray[Any], name: str, rows: int) -> None:
    if values.ndim != 1 or len(values) != rows:
        raise UnusableTable(
            f"X has {rows} rows and {name} has shape {values.shape}: wanted one entry per row "
            f"(inconsistent numbers of samples)"
        )


def _weights(sample_weight: ArrayLike | None, rows: int) -> Floats:
    if sample_weight is None:
        return np.ones(rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    _same_length(weight, "sample_weight", rows)
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise UnusableTable("sample_weight must be finite, not negative and not all zero")
    return weight


def _ranks(values: ArrayLike, name: str, rows: int) -> NDArray[np.intp]:
    """Position of each entry among the sorted distinct ones."""
    column = pd.Series(np.asarray(values))
    _same_length(column.to_numpy(), name, rows)
    if column.isna().any():
        raise UnusableTable(f"{name} has {int(column.isna().sum())} blank entries; fill them in")
    if column.dtype == object:
        column = column.map(str)
    return np.unique(column.to_numpy(), return_inverse=True)[1].astype(np.intp)


def _flags(known_selection: ArrayLike | None, rows: int) -> NDArray[np.bool_]:
    if known_selection is None:
        return np.zeros(rows, dtype=np.bool_)
    flags = np.asarray(known_selection)
    _same_length(flags, "known_selection", rows)
    if flags.dtype != np.bool_:
        raise UnusableTable("known_selection must be True or False for each row")
    return flags


def _window(time: ArrayLike | None) -> tuple[str, str] | None:
    """First and last day of times given as dates."""
    if time is None:
        return None
    values = pd.Series(np.asarray(time))
    if not pd.api.types.is_datetime64_any_dtype(values):
        return None
    return values.min().date().isoformat(), values.max().date().isoformat()

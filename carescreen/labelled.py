"""Labelled rows: a table, its labels, groups and times, checked and in one canonical order.

The order depends on the rows' contents only, so the same table in any row order fits the same
model. Messages name columns and counts, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, column_or_1d

from carescreen.calibration import Floats
from carescreen.errors import did_you_mean
from carescreen.steps import (
    UnusableTable,
    is_category,
    kind_counts,
    kind_of,
    number_values,
    word_of,
)

MIN_ROWS = 5
MIN_OF_EACH = 2  # rows of each label: with one, no fold can both learn and test
MAX_COLUMNS = 5_000  # as many as a model's folder may name
MAX_NAME = 200  # characters of a column's name, as in a model's folder


@dataclass(frozen=True)
class LabelledRows:
    """Rows in canonical order. y: 0/1 floats[n]. groups: integers[n]. time: ranks[n] or None.

    window: first and last day, if time was given as dates. known_events: events among the rows of
    known selection. order: where each row stood among those given.
    """

    X: pd.DataFrame
    y: Floats
    weight: Floats
    groups: NDArray[np.intp]
    time: NDArray[np.int64] | None
    window: tuple[str, str] | None
    known_events: int
    order: NDArray[np.intp]

    @property
    def events(self) -> int:
        """Rows with label 1 and some weight."""
        return int(np.count_nonzero((self.y == 1) & (self.weight > 0)))

    @property
    def group_count(self) -> int:
        """Distinct groups."""
        return len(np.unique(self.groups))

    def require_both_labels(self) -> None:
        """Raise UnusableTable unless there are rows enough of each label to learn from."""
        rows, ones = len(self.y), int(self.y.sum())
        if rows >= MIN_ROWS and min(ones, rows - ones) >= MIN_OF_EACH:
            return
        kind = "only one class came" if ones in (0, rows) else "too few to learn from"
        raise UnusableTable(
            f"{rows} rows with {ones} events ({kind}): wanted at least {MIN_ROWS} rows "
            f"(samples), {MIN_OF_EACH} of each class, 0 and 1. Until there are outcomes, use the "
            f"evidence model."
        )

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
    values = _two_dimensional(X)
    if names is not None and len(names) != values.shape[1]:
        raise UnusableTable(
            f"X has {values.shape[1]} features, but RiskModel is expecting {len(names)} features "
            f"as input"
        )
    columns = names if names is not None else [f"x{i}" for i in range(values.shape[1])]
    return _named(pd.DataFrame(values, columns=list(columns)).infer_objects(), note_column)


def _two_dimensional(X: ArrayLike) -> NDArray[Any]:
    """An array of rows and columns; scikit-learn's own message on this would print the array."""
    values: Any = X
    if not hasattr(X, "ndim"):
        values = np.asarray(X, dtype=object if isinstance(X, list | tuple) else None)
    if values.ndim != 2:
        raise UnusableTable(
            f"X is a {type(X).__name__} of {values.ndim} dimensions: wanted rows and columns, best "
            f"a DataFrame. Reshape your data, such as X.reshape(-1, 1) for a single column."
        )
    try:
        checked: NDArray[Any] = check_array(
            values, dtype=None, ensure_all_finite=False, estimator="RiskModel"
        )
    except ValueError as error:
        raise UnusableTable(str(error)) from None
    return checked


def _named(X: pd.DataFrame, note_column: str | None) -> pd.DataFrame:
    if X.columns.nlevels > 1:
        raise UnusableTable(
            f"the table has {X.columns.nlevels} header rows: wanted one name per column"
        )
    named = X.set_axis([str(name) for name in X.columns], axis=1)
    twice = named.columns[named.columns.duplicated()]
    if len(twice):
        raise UnusableTable(f"column '{twice[0]}' occurs twice; rename one of the two")
    if note_column is not None and not isinstance(note_column, str):
        raise UnusableTable(f"note_column is {note_column!r}; wanted a column's name, as text")
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
    if not isinstance(monotone or {}, Mapping):
        raise UnusableTable("monotone must map columns to +1, -1 or 0, such as {'age': 1}")
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
    """Check everything that belongs to the rows and put it in canonical order.

    A row of weight 0 is left out: it is the same as no row.
    """
    table = _plain(as_table(X, note_column), note_column)
    labels = _labels(y, len(table))
    weight = _weights(sample_weight, len(table))
    group = np.arange(len(table)) if groups is None else _ranks(groups, "groups", len(table))
    moments, days = (None, None) if time is None else _moments(time, len(table))
    moment = None if moments is None else np.unique(moments, return_inverse=True)[1]
    known = _flags(known_selection, len(table))
    keys = table.assign(**{"\0y": labels, "\0weight": weight, "\0known": known})
    keys["\0group"] = 0 if groups is None else group
    keys["\0time"] = 0 if moment is None else moment
    order = np.argsort(pd.util.hash_pandas_object(keys, index=False).to_numpy(), kind="stable")
    order = order[weight[order] > 0]
    return LabelledRows(
        X=table.iloc[order].reset_index(drop=True),
        y=labels[order],
        weight=weight[order],
        groups=np.arange(len(order)) if groups is None else group[order],
        time=None if moment is None else moment[order],
        window=None if days is None or not len(order) else _window(days[order]),
        known_events=int(labels[order][known[order]].sum()),
        order=order,
    )


def _plain(X: pd.DataFrame, note_column: str | None) -> pd.DataFrame:
    """Numbers as float64 and words as text, so that equal values look equal."""
    if X.shape[1] > MAX_COLUMNS:
        raise UnusableTable(
            f"the table has {X.shape[1]} columns; at most {MAX_COLUMNS:,} are taken"
        )
    columns: dict[str, Any] = {}
    for number, name in enumerate(X.columns, 1):
        if not 1 <= len(name) <= MAX_NAME:
            raise UnusableTable(
                f"column number {number} has a name of {len(name)} "
                f"characters; wanted 1 to {MAX_NAME}"
            )
        if name == note_column:
            columns[name] = _notes(X[name])
        elif is_category(X[name]) and not X[name].isna().all():
            columns[name] = _words(X[name])
        else:
            columns[name] = number_values(X[name]) + 0.0
    return pd.DataFrame(columns, index=X.index)


def _notes(column: pd.Series) -> pd.Series:
    others = kind_counts(column)[2] if kind_of(column) != "words" else 0
    if others:
        raise UnusableTable(
            f"note_column '{column.name}' holds {others} values that are not text. Turn them into "
            f"text, or leave the cell blank where there is no note."
        )
    return _as_text(column)


def _words(column: pd.Series) -> pd.Series:
    if kind_of(column) == "words":
        return _as_text(column)
    numbers, words, others = kind_counts(column)
    if others:
        raise UnusableTable(
            f"column '{column.name}' holds {others} values that are neither numbers nor words. "
            f"Turn them into one of the two."
        )
    raise UnusableTable(
        f"column '{column.name}' mixes {numbers} numbers with {words} words. Make it one kind: "
        f"pd.to_numeric(column, errors='coerce') if it is a number (words become blank), "
        f"column.map(str, na_action='ignore') if it is a word."
    )


def _as_text(column: pd.Series) -> pd.Series:
    words = column.astype(object)
    return words.where(words.isna(), words.map(word_of)).where(words.notna(), None)


def _labels(y: ArrayLike, rows: int) -> Floats:
    if y is None:
        raise UnusableTable("RiskModel requires y to be passed, but the target y is None")
    try:
        values = np.asarray(column_or_1d(y, warn=True))
    except (TypeError, ValueError):
        raise UnusableTable(
            f"y has shape {np.shape(y)}: wanted one label per row, in one column"
        ) from None
    _same_length(values, "y", rows)
    missing = int(pd.isna(values).sum())
    if missing:
        raise UnusableTable(
            f"{missing} of {rows} labels are missing (NaN). Leave these rows out: what nobody "
            f"found out is neither a yes nor a no. Input y contains NaN."
        )
    if not _zero_or_one(values):
        raise UnusableTable(
            f"labels must be 0 (it did not happen) and 1 (it did), or False and True; among {rows} "
            f"there is something else. Say yourself which value is the event, such as "
            f"y = (result == 'confirmed'): words have no order and in many forms 1 is yes and 2 "
            f"is no, so it is never guessed. Unknown label type: neither 0 nor 1. Only binary "
            f"classification is supported."
        )
    return values.astype(np.float64)


def _zero_or_one(values: NDArray[Any]) -> bool:
    if values.dtype == object:
        return all(isinstance(value, Number | np.bool_) and value in (0, 1) for value in values)
    return values.dtype.kind in "buif" and bool(np.isin(values, (0, 1)).all())


def _same_length(values: NDArray[Any], name: str, rows: int) -> None:
    if values.ndim != 1 or len(values) != rows:
        raise UnusableTable(
            f"X has {rows} rows and {name} has shape {values.shape}: wanted one entry per row "
            f"(inconsistent numbers of samples)"
        )


def _weights(sample_weight: ArrayLike | None, rows: int) -> Floats:
    if sample_weight is None:
        return np.ones(rows)
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):  # their messages may show an entry
        raise UnusableTable("sample_weight must be one number per row, none missing") from None
    _same_length(weight, "sample_weight", rows)
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise UnusableTable("sample_weight must be finite, not negative and not all zero")
    return weight


def _ranks(values: ArrayLike, name: str, rows: int) -> NDArray[np.intp]:
    """Position of each entry among the sorted distinct ones."""
    column = _companion(values, name, rows)
    words = np.asarray(column)
    if words.dtype == object:
        words = column.map(str).to_numpy()
    return np.unique(words, return_inverse=True)[1].astype(np.intp)


def _companion(values: ArrayLike, name: str, rows: int) -> pd.Series:
    """One entry per row, none blank."""
    entries: Any = values if hasattr(values, "ndim") else np.asarray(values)
    if entries.ndim != 1 or len(entries) != rows:
        _same_length(np.asarray(entries), name, rows)
    column = pd.Series(entries).reset_index(drop=True)
    if column.isna().any():
        raise UnusableTable(f"{name} has {int(column.isna().sum())} blank entries; fill them in")
    return column


def _moments(time: ArrayLike, rows: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """When each row was, as numbers or datetime64 (UTC), and its local day if time was dates."""
    column = _companion(time, "time", rows)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.start_time
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise UnusableTable("time holds an infinite number (inf)")
        return numbers, None
    moments = pd.to_datetime(column, format="ISO8601", utc=True, errors="coerce")
    wrong = int(moments.isna().sum())
    if wrong:
        raise UnusableTable(
            f"time has {wrong} of {rows} entries that are neither numbers nor dates as in "
            f"2025-01-31 or 2025-01-31T09:30"
        )
    zone = getattr(column.dtype, "tz", None)
    days = moments.dt.tz_convert(zone or "UTC").dt.tz_localize(None)
    return moments.dt.tz_localize(None).to_numpy(), days.to_numpy(dtype="datetime64[D]")


def _flags(known_selection: ArrayLike | None, rows: int) -> NDArray[np.bool_]:
    if known_selection is None:
        return np.zeros(rows, dtype=np.bool_)
    flags = np.asarray(known_selection)
    _same_length(flags, "known_selection", rows)
    if flags.dtype == object and all(isinstance(flag, bool | np.bool_) for flag in flags):
        flags = flags.astype(np.bool_)
    if flags.dtype != np.bool_:
        raise UnusableTable("known_selection must be True or False for each row")
    return flags


def _window(days: NDArray[Any]) -> tuple[str, str]:
    """First and last of some days."""
    return str(days.min()), str(days.max())

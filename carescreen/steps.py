"""Additive step tables: one readable integer table per feature, and exact scoring with them.

score = intercept + a weight per feature (+ a weight per learned phrase found in the note), all
integers in millionths of a log-odds. Integer sums are exact in any order: contributions
add up to the score to the last digit, however the rows were ordered or split (laws 6 and 8).

Only numpy and pandas are needed here: a shipped model scores without scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Number
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.columns import Values, Words
from carescreen.errors import ModelError, did_you_mean
from carescreen.ngrams import PhraseTable

MICRO = 1_000_000
MAX_WEIGHT = 50 * MICRO  # 50 log-odds: beyond any probability a float can tell from 0 or 1
MAX_ERROR = 10 * MICRO  # so that the squares of thousands still add up in 64 bits

Micro = NDArray[np.int64]
Weights = NDArray[np.signedinteger[Any]]
Texts = Mapping[str, str]


class UnusableTable(ModelError, ValueError):  # a leaf named after what is wrong
    """A table that cannot be fitted or scored; a ValueError too, as scikit-learn asks."""


@dataclass(frozen=True)
class StepTable:
    """One feature's weights, in millionths of a log-odds.

    number: `edges` ascend strictly; level = how many edges lie below the value: `weights` has one
    more entry than `edges`. category: `levels` are its words, one weight each. A missing value, and
    a word that is not among the levels, gets `missing`. `monotone` +1 / -1 says that the weights
    never fall / rise with the level. `spread` is the standard deviation, in millionths, by which a
    later fit expects the weight to be off (None: not stated). `sources` are ids of the evidence.
    `errors` are standard errors, in millionths, of the weights and of the missing one, around the
    feature's mean; empty where they were not worked out.
    """

    name: str
    type: Literal["number", "category"]
    weights: tuple[int, ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    missing: int = 0
    monotone: Literal[-1, 0, 1] = 0
    title: Texts = field(default_factory=dict)
    sensitive: bool = False
    spread: int | None = None
    sources: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()

    def codes(self, column: pd.Series) -> NDArray[np.intp]:
        """Position of each value in `look_up`; the last position is "missing"."""
        if self.type == "category":
            return self._category_codes(*category_words(column))
        return self._number_codes(number_values(column))

    def codes_of(self, values: Values) -> NDArray[np.intp]:
        """The same for a column that the engine made itself."""
        if isinstance(values, Words) and self.type == "category":
            return self._category_codes(values.words, values.codes)
        if isinstance(values, Words) or self.type == "category":
            return self.codes(_series(self.name, values))
        return self._number_codes(values)

    def _number_codes(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        codes = self._edges.searchsorted(values, side="left")
        codes[np.isnan(values)] = len(self.weights)
        return codes

    def _category_codes(
        self, words: Sequence[str], codes: NDArray[np.integer[Any]]
    ) -> NDArray[np.intp]:
        """From each row's position among some words, -1 where it has none."""
        index, missing = self._level_numbers, len(self.weights)
        known = np.array([*(index.get(word, missing) for word in words), missing], dtype=np.intp)
        unseen = [code for code, word in enumerate(words) if word not in index]
        rows = int(np.isin(codes, unseen).sum()) if unseen else 0
        if rows:
            count = int(np.isin(unseen, codes).sum())
            warnings.warn(
                f"column '{self.name}' holds words that were rare or unseen when the model was "
                f"fitted ({count} of them, in {rows} rows); they score as missing",
                UserWarning,
                stacklevel=2,
            )
        return np.asarray(known[codes])

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        return np.array(self.edges, dtype=np.float64)

    @cached_property
    def _level_numbers(self) -> Mapping[str, int]:
        return {level: code for code, level in enumerate(self.levels)}

    @cached_property
    def look_up(self) -> Micro:
        """The weights with the missing one last."""
        return np.array([*self.weights, self.missing], dtype=np.int64)

    @cached_property
    def variances(self) -> Micro:
        """Variance of each level, the missing one last, millionths of a log-odds squared."""
        return np.array(self.errors or [0] * (len(self.weights) + 1), dtype=np.int64) ** 2

    def score_micro(self, column: pd.Series) -> Micro:
        """Weight of each row, int64[n]."""
        return self.look_up[self.codes(column)]


@dataclass(frozen=True)
class AdditiveTables:
    """A whole model: intercept, step tables and learned phrases; frozen, so it is safe to share."""

    intercept: int
    features: tuple[StepTable, ...]
    note_column: str | None = None
    phrases: PhraseTable = field(default_factory=PhraseTable)

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in their order, the note column last."""
        return (*(table.name for table in self.features), *self._note_name)

    @property
    def _note_name(self) -> tuple[str, ...]:
        return (self.note_column,) if self.note_column is not None else ()

    def require_columns(self, X: pd.DataFrame) -> None:
        """Raise unless X has every feature; extra columns are allowed and ignored."""
        for name in self.names:
            if name not in X.columns:
                hint = did_you_mean(name, map(str, X.columns))
                raise UnusableTable(
                    f"the model's feature '{name}' is not among the table's columns{hint}. "
                    f"Add the column (blank cells count as missing) or use another model."
                )

    def columns(self, X: pd.DataFrame) -> Iterable[tuple[str, Micro]]:
        """Each feature's weights, int64[n], one feature at a time."""
        self.require_columns(X)
        for table in self.features:
            yield table.name, table.score_micro(X[table.name])
        if self.note_column is not None:
            yield self.note_column, self.phrases.score_micro(X[self.note_column])

    def weights_of(self, features: Mapping[str, Values], n: int) -> Weights:
        """Weight of each feature in each of n rows, (n, features), of columns the engine made."""
        codes = [table.codes_of(features[table.name]) for table in self.features]
        weights = self.weights_at(codes, n)
        if self.note_column is not None:
            notes = _series(self.note_column, features[self.note_column])
            weights = np.vstack([weights, self.phrases.score_micro(notes)])
        return weights.T

    def weights_at(self, codes: Sequence[NDArray[np.intp]], n: int) -> Weights:
        """Weight of each step table in each of n rows, (tables, n), of the codes of their levels.

        One row a table, and 32 bits wherever every possible sum fits into them: a look-up is bound
        by the memory it writes.
        """
        weights = np.empty((len(self.features), n), dtype=self._width)
        for row, look_up, code in zip(weights, self._look_ups, codes, strict=True):
            look_up.take(code, out=row, mode="clip")  # "raise" would write a copy first
        return weights

    def score_of(self, weights: Weights) -> Micro:
        """Score of each row, int64[n], of its weights (n, features)."""
        total: Micro = weights.sum(axis=1, dtype=weights.dtype).astype(np.int64)
        return total + self.intercept

    @cached_property
    def _width(self) -> type[np.signedinteger[Any]]:
        largest = sum(int(np.abs(table.look_up).max()) for table in self.features)
        return np.int32 if largest <= np.iinfo(np.int32).max else np.int64

    @cached_property
    def _look_ups(self) -> tuple[Weights, ...]:
        return tuple(table.look_up.astype(self._width) for table in self.features)

    def variance_of(self, features: Mapping[str, Values], n: int) -> Micro:
        """Variance of each row's score around the mean row's, int64[n], millionths squared."""
        total = np.zeros(n, dtype=np.int64)
        for table in self.features:
            total += table.variances[table.codes_of(features[table.name])]
        if self.note_column is not None:
            notes = _series(self.note_column, features[self.note_column])
            total += self.phrases.variance_micro(notes)
        return total

    def variance_micro(self, X: pd.DataFrame) -> Micro:
        """The same for the rows of a table."""
        self.require_columns(X)
        total = np.zeros(len(X), dtype=np.int64)
        for table in self.features:
            total += table.variances[table.codes(X[table.name])]
        if self.note_column is not None:
            total += self.phrases.variance_micro(X[self.note_column])
        return total

    def score_micro(self, X: pd.DataFrame) -> Micro:
        """Score of each row, int64[n], millionths of a log-odds."""
        score = np.full(len(X), self.intercept, dtype=np.int64)
        for _, weights in self.columns(X):
            score += weights
        return score

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """Weight of each feature in each row, int64[n, features]; with the intercept they add up
        to `score_micro` exactly. The note column is the sum over its phrases."""
        return pd.DataFrame(dict(self.columns(X)), index=X.index, dtype=np.int64)


def _series(name: str, values: Values) -> pd.Series:
    """Numbers as they are, words as texts, None where none is known."""
    if isinstance(values, Words):
        texts = np.array([*values.words, None], dtype=object)[values.codes]
        return pd.Series(texts, name=name, dtype=object)
    return pd.Series(values, name=name)


Kind = Literal["numbers", "words", "dates", "mixed", "other"]
# As pandas.api.types.infer_dtype names what it finds.
_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")
_DATES = ("datetime64", "datetime", "date", "timedelta64", "timedelta", "time", "period")


def kind_of(column: pd.Series) -> Kind:
    """What a column's known values are; one without any counts as numbers."""
    dtype: Any = column.dtype
    if pd.api.types.is_numeric_dtype(dtype):
        return "numbers"
    if isinstance(dtype, pd.CategoricalDtype) or (
        pd.api.types.is_string_dtype(dtype) and not pd.api.types.is_object_dtype(dtype)
    ):
        return "words"
    found = pd.api.types.infer_dtype(column.astype(object).dropna(), skipna=False)
    if found in _NUMBERS:
        return "numbers"
    if found in _DATES:
        return "dates"
    return "words" if found == "string" else _mixture(column)


def _mixture(column: pd.Series) -> Kind:
    numbers, words, others = kind_counts(column)
    if others:
        return "other"
    return "mixed" if numbers and words else "words" if words else "numbers"


def kind_counts(column: pd.Series) -> tuple[int, int, int]:
    """Known values of a column that are numbers, words, and neither."""
    types = column.astype(object).dropna().map(type)
    numbers = int(types.map(lambda found: issubclass(found, Number | np.bool_)).sum())
    words = int(types.map(lambda found: issubclass(found, str)).sum())
    return numbers, words, len(types) - numbers - words


def number_values(column: pd.Series) -> NDArray[np.float64]:
    """Numbers of a column as float64, NaN where missing; infinite values and words are refused."""
    values = _as_floats(column)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise UnusableTable(
            f"column '{column.name}' holds an infinite value (inf) in {infinite} of {len(values)} "
            f"rows. Leave the cell blank if it is not known."
        )
    return values


def _as_floats(column: pd.Series) -> NDArray[np.float64]:
    kind = kind_of(column)
    if kind == "dates":
        raise UnusableTable(
            f"column '{column.name}' holds dates or times. Turn them into a number first, such "
            f"as the days since another date."
        )
    if kind != "numbers" and not column.isna().all():
        raise UnusableTable(
            f"column '{column.name}' was wanted as numbers and holds words. "
            f"Turn it into numbers, or into 1 and 0 for yes and no."
        )
    if pd.api.types.is_complex_dtype(column):
        raise UnusableTable(
            f"column '{column.name}' holds complex numbers. Complex data not supported."
        )
    try:
        values: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError):  # their messages may show a cell
        raise UnusableTable(
            f"column '{column.name}' holds a number that is too large, or is none."
        ) from None
    return values


def is_category(column: pd.Series) -> bool:
    """Whether a column's values are words: category or text dtype, or objects that are no numbers
    and no dates."""
    return kind_of(column) not in ("numbers", "dates")


def category_words(column: pd.Series) -> tuple[list[str], NDArray[np.intp]]:
    """The distinct words of a column, sorted, and each row's position among them (-1 missing)."""
    try:
        codes, values = pd.factorize(column, use_na_sentinel=True)
    except TypeError:  # lists and the like, which have no hash
        codes, values = pd.factorize(column.map(str, na_action="ignore"), use_na_sentinel=True)
    words = [word_of(value) for value in values]
    ordered = sorted(set(words))
    place = {word: position for position, word in enumerate(ordered)}
    positions = np.array([place[word] for word in words] + [-1], dtype=np.intp)
    return ordered, positions[codes]


def word_of(value: object) -> str:
    """A category as text; a whole number is written alike whether it came as 1 or as 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

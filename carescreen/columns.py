"""What is known of many children at once: one array per indicator, one per note concept.

These are the values that travel from cases to conditions, features and reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]

# Where a value came from (Column.source_table).
FROM_NOWHERE, FROM_CHILDREN, FROM_HOUSEHOLDS, FROM_VISITS, FROM_DATES = range(5)
SOURCE_TABLES = ("", "children", "households", "visits", "derived")


@dataclass(frozen=True, repr=False)  # its values are records
class Recordings:
    """Every recording of an indicator that counts, by child; of a state in the order of time.

    child     int64, position of the child; sorted
    date      datetime64[D], when it was so; NaT where no date is known
    known_at  datetime64[s], when it was known: the later of date and recorded_at
    values    as in Column
    """

    child: NDArray[np.int64]
    date: NDArray[np.datetime64]
    known_at: NDArray[np.datetime64]
    values: NDArray[np.generic]


@dataclass(frozen=True, repr=False)  # its values are records
class Column:
    """The value of one indicator for each of n children, as of a date.

    values        enum: int16 position in `Indicator.values`, -1 missing; set: int64 bit mask,
                  -1 missing; number and integer: float64, NaN missing; dates: datetime64[s], NaT
    known         bool, whether there is a value
    first_on      datetime64[D], since when the value has held (states) or the oldest time it was
                  observed within its window (events); NaT where no date is known
    last_on       datetime64[D], when it was last recorded
    source_table  int8, one of FROM_*;  source_row  int64, row position in that table, -1 none
    recordings    what the value was chosen from; None for what is computed
    is_event      whether the riskiest recording counts, not the newest
    """

    values: NDArray[np.generic]
    known: BoolArray
    first_on: NDArray[np.datetime64]
    last_on: NDArray[np.datetime64]
    source_table: NDArray[np.int8]
    source_row: NDArray[np.int64]
    recordings: Recordings | None = None
    is_event: bool = False


@dataclass(frozen=True, repr=False)  # its values are records
class Noted:
    """Whether each of n children has a held, raised mention of one concept.

    true     found by a phrase or pattern, affirmed or suspected
    unknown  found only by learned weights: to be confirmed
    visits   int16, number of distinct visits with such a phrase or pattern mention
    """

    true: BoolArray
    unknown: BoolArray
    visits: NDArray[np.int16]


@dataclass(frozen=True)
class Words:
    """A column of words: int64 position of each row's word in `words`, -1 where none is known."""

    codes: NDArray[np.int64]
    words: tuple[str, ...]


Values = NDArray[np.float64] | Words  # numbers, NaN where missing, or words


class CaseData(Protocol):
    """What a condition reads: a missing key means that nobody recorded it."""

    @property
    def n(self) -> int:
        """Number of children."""
        ...

    @property
    def as_of(self) -> np.datetime64:
        """The as-of date, datetime64[D]."""
        ...

    @property
    def columns(self) -> Mapping[str, Column]:
        """Columns by indicator id."""
        ...

    @property
    def noted(self) -> Mapping[str, Noted]:
        """Note concepts by concept id."""
        ...

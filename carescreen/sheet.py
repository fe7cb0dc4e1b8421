"""A table inside the engine: NumPy columns by name, and looking up ids in them.

Reading files and handing out results is pandas' work; between the two a table is this, because a
data frame of one row costs as much as one of ten thousand, and a single case is such a table.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEW = 64  # up to so many values a plain loop costs less than one call of pandas


class Sheet:
    """Columns of one length by name; nothing of it is ever changed."""

    __slots__ = ("_columns", "_length")

    def __init__(self, columns: Mapping[str, NDArray[Any]], length: int | None = None) -> None:
        self._columns = dict(columns)
        self._length = len(next(iter(columns.values()))) if length is None else length

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> Sheet:
        """A data frame's columns; texts become objects, None where they are missing."""
        columns = {}
        for name in frame:
            values = frame[name].to_numpy()
            if isinstance(frame[name].dtype, pd.StringDtype) or values.dtype == object:
                values = values.astype(object)
                values[frame[name].isna().to_numpy()] = None
            columns[str(name)] = values
        return cls(columns, len(frame))

    @classmethod
    def joined(cls, parts: Sequence[Sheet]) -> Sheet:
        """The rows of several sheets with the same columns, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def __len__(self) -> int:
        return self._length

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name]

    def __repr__(self) -> str:
        """Counts only: a record must not reach a log or a traceback."""
        return f"Sheet({len(self)} rows, {len(self._columns)} columns)"

    def take(self, rows: Ints | Bools | slice) -> Sheet:
        """The rows at positions (repeats allowed), in a mask, or of a slice (not copied)."""
        columns = {name: values[rows] for name, values in self._columns.items()}
        return Sheet(columns, None if columns else self._length)

    def moved(self, rows: Ints) -> Sheet:
        """The rows at positions, taken column by column out of this sheet, which is empty after it.

        For large ones that nobody needs any more: there is never a copy of more than one column.
        """
        columns = {name: self._columns.pop(name)[rows] for name in list(self._columns)}
        return Sheet(columns, len(rows))

    def between(self, first: int, beyond: int) -> Sheet:
        """The rows from one position to before another, not copied."""
        whole = first == 0 and beyond == self._length
        return self if whole else self.take(slice(first, beyond))

    def kept(self, wanted: Bools) -> Sheet:
        """The rows in a mask; the sheet itself where that is all of them."""
        return self if every(wanted) else self.take(wanted)

    def with_columns(self, **columns: NDArray[Any]) -> Sheet:
        """The same rows with some columns replaced or added."""
        return Sheet({**self._columns, **columns}, self._length)

    def only(self, names: Sequence[str]) -> Sheet:
        """The same rows with some of the columns."""
        return Sheet({name: self._columns[name] for name in names}, self._length)

    def rows(self) -> list[dict[str, Any]]:
        """Each row's values by name, as plain Python values."""
        columns = [values.tolist() for values in self._columns.values()]
        return [dict(zip(self._columns, row, strict=True)) for row in zip(*columns, strict=True)]

    def to_frame(self) -> pd.DataFrame:
        """A data frame with columns of exactly these types (pandas would turn texts into `str`)."""
        index = pd.RangeIndex(self._length)
        series = {
            name: pd.Series(values, index=index, dtype=values.dtype, copy=True)
            for name, values in self._columns.items()
        }
        return pd.DataFrame(series, index=index, copy=False)


NO_ROWS = Sheet({}, 0)


def some(mask: Bools) -> bool:
    """Whether any entry is true: what `mask.any()` says, in a third of the time of a short one."""
    return bool(np.count_nonzero(mask))


def every(mask: Bools) -> bool:
    """Whether all entries are true."""
    return bool(np.count_nonzero(mask) == mask.size)


def objects(values: Sequence[object]) -> NDArray[np.object_]:
    """Any values as one array of objects."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def frozen(values: NDArray[Any]) -> NDArray[Any]:
    """An array that is shared, and so must never be written to."""
    values.flags.writeable = False
    return values


def is_none(values: NDArray[np.object_]) -> Bools:
    """Which values of a column of texts are missing."""
    return np.asarray(values == None, dtype=bool)  # noqa: E711  element by element


def is_unmarked(values: Iterable[str | None]) -> bool:
    """Whether no text of a column holds a NUL or a replacement character."""
    joined = "\n".join(filter(None, values))
    return "\0" not in joined and (joined.isascii() or "\ufffd" not in joined)


def places(ids: NDArray[np.object_], wanted: NDArray[np.object_]) -> Ints:
    """The position of each wanted id among distinct ids; -1 where it is not among them."""
    if len(ids) + len(wanted) <= FEW:
        place = {name: number for number, name in enumerate(ids.tolist())}
        return np.array([place.get(name, -1) for name in wanted.tolist()], dtype=np.int64)
    index = pd.Index(ids, dtype=object)
    return np.asarray(index.get_indexer(pd.Index(wanted, dtype=object)), dtype=np.int64)


def numbered(values: NDArray[np.object_]) -> tuple[Ints, NDArray[np.object_]]:
    """A number for each distinct value in the order they come, -1 for None; and those values."""
    if len(values) > FEW:
        codes, found = pd.factorize(values)
        return codes.astype(np.int64, copy=False), np.asarray(found, dtype=object)
    number: dict[Hashable, int] = {}
    numbers = [
        -1 if name is None else number.setdefault(name, len(number)) for name in values.tolist()
    ]
    return np.array(numbers, dtype=np.int64), objects(list(number))


def put_in_place(n: int, missing: Any, rows: Ints, values: NDArray[Any]) -> NDArray[Any]:
    """n values, those at `rows` given and the others missing."""
    spread = np.full(n, missing, dtype=values.dtype)
    spread[rows] = values
    return spread


def row_keys(table: NDArray[Any]) -> list[bytes]:
    """The bytes of each row of a table: the same where rows are the same."""
    rows = np.ascontiguousarray(table)
    width = rows.itemsize * rows.shape[1]
    whole = rows.tobytes()
    if not width:
        return [b""] * len(rows)
    return [whole[at : at + width] for at in range(0, len(whole), width)]

"""Which children are compared with which: levels of an attribute, pairs, thirds of note length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.errors import UsageError

Codes = NDArray[np.intp]

MOST_LEVELS = 60  # groups of one attribute; China counts 56 nationalities
NOT_RECORDED = "not recorded"
NO_NOTES = "no notes"
THIRDS = ("shortest third", "middle third", "longest third")
NOTE_LENGTH, LANGUAGE = "note_length", "language"


@dataclass(frozen=True)
class Grouping:
    """Child-windows put into groups by one attribute or by two.

    codes[n]: number of the group, -1 left out; labels: names by number; compared: the groups that
    are each compared with all others (of two groups only the smaller: the other is its mirror).
    """

    attribute: str
    labels: tuple[str, ...]
    codes: Codes
    compared: tuple[int, ...]
    is_pair: bool = False
    is_missing: bool = False


@dataclass(frozen=True)
class Units:
    """Numbers of child, household and village of n units; village None where one is not known."""

    child: Codes
    household: Codes
    village: Codes | None


@dataclass(frozen=True)
class People:
    """Who the child-windows belong to, row by row and child by child.

    rows: of each child-window; children: of each unit, a child in one household and village;
    unit[n]: unit of each child-window; first: a child-window of each unit.
    """

    rows: Units
    children: Units
    unit: Codes
    first: Codes

    @classmethod
    def of(cls, windows: pd.DataFrame) -> People:
        """Number children, households and villages in the order of their ids.

        A child without a household is a household of its own.
        """
        child = windows["child_id"].astype(str)
        known = windows["household_id"].notna()
        household = ("h" + windows["household_id"].astype(str)).where(known, "c" + child)
        village = windows.get("village_id")
        a, b = _numbers(child), _numbers(household)
        c = None if village is None or village.isna().any() else _numbers(village.astype(str))
        home = b if c is None else b * (c.max() + 1) + c
        _, first, unit = np.unique(
            a * (home.max() + 1) + home, return_index=True, return_inverse=True
        )
        children = Units(a[first], b[first], None if c is None else c[first])
        return cls(Units(a, b, c), children, unit, first)


def _numbers(column: pd.Series) -> Codes:
    codes: Codes = pd.factorize(column, sort=True)[0].astype(np.intp)
    return codes


def groupings(
    windows: pd.DataFrame, attributes: Sequence[str], pairs: Sequence[tuple[str, str]] | None
) -> Iterator[Grouping]:
    """Every attribute, pair (None: all pairs of attributes), note length and language.

    Where a value is not recorded the row is in no group of that attribute; the rows without one are
    a group of their own, compared with those that have one.
    """
    own = {name: _levels(windows[name], name) for name in attributes}
    for name, (codes, labels) in own.items():
        yield from _grouped(name, codes, labels)
    wanted = list(combinations(attributes, 2)) if pairs is None else list(pairs)
    for first, second in wanted:
        yield from _crossed(first, second, own)
    if NOTE_LENGTH in windows:
        yield from _grouped(NOTE_LENGTH, thirds(windows), THIRDS, NO_NOTES)
    if LANGUAGE in windows:
        codes, labels = _levels(windows[LANGUAGE], LANGUAGE)
        yield from _grouped(LANGUAGE, codes, labels, among=_has_note(windows) | (codes >= 0))


def thirds(windows: pd.DataFrame) -> Codes:
    """0, 1 or 2 for the third a note length lies in, among rows of its window and language.

    -1 where there is no note. Equal lengths share a third. A language of its own, because a Chinese
    sentence has fewer characters than the same one in English.
    """
    known = windows[NOTE_LENGTH].notna() & (windows[NOTE_LENGTH] > 0)
    language = windows[LANGUAGE].fillna("").astype(str) if LANGUAGE in windows else ""
    keys = windows.assign(spoken=language).loc[known, ["window", "spoken", NOTE_LENGTH]]
    rank = keys.groupby(["window", "spoken"])[NOTE_LENGTH].rank(pct=True)
    codes = np.full(len(windows), -1, dtype=np.intp)
    place = np.ceil(rank.to_numpy(dtype=np.float64) * 3.0 - 1e-9) - 1.0
    codes[known.to_numpy(dtype=bool)] = np.clip(place, 0, 2).astype(np.intp)
    return codes


def _levels(column: pd.Series, name: str) -> tuple[Codes, tuple[str, ...]]:
    known = column.notna().to_numpy(dtype=bool)
    labels, place = np.unique(column[known].astype(str).to_numpy(dtype=str), return_inverse=True)
    if len(labels) > MOST_LEVELS:
        raise UsageError(
            f"the audit attribute '{name}' has {len(labels)} values; at most {MOST_LEVELS} can be "
            "compared: put them into groups first"
        )
    codes = np.full(len(column), -1, dtype=np.intp)
    codes[known] = place
    return codes, tuple(str(label) for label in labels)


def _has_note(windows: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows with a note: of the others no language can be recorded."""
    if NOTE_LENGTH not in windows:
        return np.ones(len(windows), dtype=bool)
    return windows[NOTE_LENGTH].to_numpy(dtype=np.float64) > 0.0


def _grouped(
    name: str,
    codes: Codes,
    labels: Sequence[str],
    missing: str = NOT_RECORDED,
    among: NDArray[np.bool_] | None = None,
) -> Iterator[Grouping]:
    """The groups that codes make, and those of `among` without one."""
    sizes = np.bincount(codes[codes >= 0], minlength=len(labels))
    there = np.flatnonzero(sizes)
    if len(there) == 2:
        there = there[[int(np.argmin(sizes[there]))]]
    if np.count_nonzero(sizes) > 1:
        yield Grouping(name, tuple(labels), codes, tuple(int(k) for k in there))
    lacks = codes < 0 if among is None else (codes < 0) & among
    if np.count_nonzero(sizes) and lacks.any():
        unknown = np.where(codes >= 0, 0, np.where(lacks, 1, -1)).astype(np.intp)
        yield Grouping(name, ("recorded", missing), unknown, (1,), is_missing=True)


def _crossed(
    first: str, second: str, own: dict[str, tuple[Codes, tuple[str, ...]]]
) -> Iterator[Grouping]:
    unknown = {first, second} - set(own)
    if unknown:
        raise UsageError(f"the pair {first} × {second} names '{min(unknown)}', no audit attribute")
    (a, a_labels), (b, b_labels) = own[first], own[second]
    known = (a >= 0) & (b >= 0)
    codes = np.where(known, a * len(b_labels) + b, -1).astype(np.intp)
    labels = tuple(f"{one} × {two}" for one in a_labels for two in b_labels)
    sizes = np.bincount(codes[known], minlength=len(labels))
    there = tuple(int(k) for k in np.flatnonzero(sizes))
    table = sizes.reshape(len(a_labels), len(b_labels))
    if min((table.sum(axis=1) > 0).sum(), (table.sum(axis=0) > 0).sum()) > 1:
        yield Grouping(f"{first} × {second}", labels, codes, there, is_pair=True)

"""In which piece each child and household is: whole households, and all rows of a child, together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.block import NO_HOUSEHOLD, or_else
from carescreen.pieces.csvrows import NotInPieces
from carescreen.sheet import Ints, is_none, numbered

Hashes = NDArray[np.uint64]


def hashes_of(ids: NDArray[np.object_], key: str = "carescreen-pieces") -> Hashes:
    """A 64-bit hash of each id; `key` has 16 characters at most, and makes another hash of it."""
    return np.asarray(pd.util.hash_array(ids, hash_key=key[:16].ljust(16), categorize=False))


@dataclass(frozen=True)
class _Places:
    """Numbers of pieces by the hash of an id, sorted by hash."""

    hashes: Hashes
    pieces: NDArray[np.int32]

    @classmethod
    def of(cls, ids: NDArray[np.object_], pieces: Ints) -> _Places:
        """NotInPieces where two ids have one hash."""
        hashes = hashes_of(ids)
        order = np.argsort(hashes)
        if (np.diff(hashes[order]) == 0).any():
            raise NotInPieces
        return cls(hashes[order], pieces[order].astype(np.int32))

    def of_ids(self, ids: NDArray[np.object_], count: int) -> NDArray[np.int32]:
        """The piece of each id; one that is not known goes by its hash, 0 where there is none."""
        missing = is_none(ids)
        hashes = hashes_of(np.where(missing, "", ids))
        place = np.searchsorted(self.hashes, hashes)
        place[place == len(self.hashes)] = 0
        known = self.hashes[place] == hashes if len(self.hashes) else np.zeros(len(ids), dtype=bool)
        elsewhere = (hashes % np.uint64(count)).astype(np.int32)
        found = np.where(known, self.pieces[place] if len(self.pieces) else 0, elsewhere)
        return np.where(missing, 0, found).astype(np.int32)


@dataclass(frozen=True)
class Homes:
    """The piece of each child and household of a caseload."""

    count: int
    children: _Places
    households: _Places

    @classmethod
    def of(cls, children: NDArray[np.object_], households: NDArray[np.object_], size: int) -> Homes:
        """From the ids of each row of children: pieces of about `size` rows.

        A child whose rows name several households holds them together: which of them it is of
        depends on the day.
        """
        named = ~is_none(children)
        children, households = children[named], households[named]
        keys = or_else(households, NO_HOUSEHOLD, children)
        if any(key.startswith(NO_HOUSEHOLD) for key in households[~is_none(households)]):
            raise NotInPieces  # it may be that of a child whom only visits name
        own, home_ids = numbered(keys)
        child, child_ids = numbered(children)
        home = _held_together(own, child, len(home_ids))
        counts = np.bincount(home, minlength=len(home_ids))
        first = np.cumsum(counts) - counts
        piece_of_home = first // size
        of_child = np.zeros(len(child_ids), dtype=np.int64)
        of_child[child] = piece_of_home[home]
        of_home = np.zeros(len(home_ids), dtype=np.int64)
        of_home[own] = piece_of_home[home]
        is_household = np.zeros(len(home_ids), dtype=bool)
        is_household[own[~is_none(households)]] = True
        return cls(
            int(piece_of_home[counts > 0].max(initial=0)) + 1,
            _Places.of(child_ids, of_child),
            _Places.of(home_ids[is_household], of_home[is_household]),
        )


def _held_together(home: Ints, child: Ints, homes: int) -> Ints:
    """The home of each row, one for all that some child names: the one that comes first."""
    order = np.lexsort((home, child))
    again = child[order][1:] == child[order][:-1]
    differs = again & (home[order][1:] != home[order][:-1])
    if not differs.any():
        return home
    parent = list(range(homes))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    one, other = home[order][:-1][differs], home[order][1:][differs]
    for first, second in zip(one.tolist(), other.tolist(), strict=True):
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    roots = np.array([root(place) for place in range(homes)], dtype=np.int64)
    return roots[home]

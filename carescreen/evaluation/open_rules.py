"""Which rules are open for which children at a date, and which cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.columns import BoolArray
from carescreen.engine import Engine
from carescreen.followups import FollowUps
from carescreen.sheet import places


@dataclass(frozen=True, repr=False)  # its rows are records
class OpenRules:
    """Of n children and the rules of a pack.

    children  object[n], child_id;  rules  ids of the rules
    opened    bool[n, rules], met and not closed;  unknown  bool[n, rules], cannot be told
    """

    day: np.datetime64
    rules: tuple[str, ...]
    children: NDArray[np.object_]
    opened: BoolArray
    unknown: BoolArray

    @classmethod
    def of_follow_ups(cls, engine: Engine, found: FollowUps) -> OpenRules:
        """Those of a block of households."""
        ids = tuple(rule.id for rule in engine.rules.rules)
        children = found.cases.block.children["child_id"]
        return cls(engine.as_of, ids, children, found.open, ~found.outcomes.known)

    @classmethod
    def joined(cls, parts: Sequence[OpenRules]) -> OpenRules:
        """Those of several blocks of one date."""
        return cls(
            parts[0].day,
            parts[0].rules,
            np.concatenate([part.children for part in parts]),
            np.concatenate([part.opened for part in parts]),
            np.concatenate([part.unknown for part in parts]),
        )

    def of(self, children: NDArray[np.object_]) -> OpenRules:
        """Those of some of the children."""
        own = places(children, self.children) >= 0
        return OpenRules(
            self.day, self.rules, self.children[own], self.opened[own], self.unknown[own]
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a child and rule that is open for it: child_id, day, rule."""
        child, rule = np.nonzero(self.opened)
        return pd.DataFrame(
            {
                "child_id": self.children[child],
                "day": self.day,
                "rule": np.array(self.rules, dtype=object)[rule],
            }
        )

    def open_counts(self) -> dict[str, int]:
        """For how many children each rule is open."""
        return dict(zip(self.rules, self.opened.sum(axis=0).tolist(), strict=True))

    def unknown_counts(self) -> dict[str, int]:
        """Of how many children each rule cannot be told."""
        return dict(zip(self.rules, self.unknown.sum(axis=0).tolist(), strict=True))

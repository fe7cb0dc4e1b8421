"""Random children of a pack, and the same children with one indicator a step worse."""

from __future__ import annotations

import numpy as np

from carescreen.columns import FROM_CHILDREN, Column, Noted
from carescreen.indicators import Indicator
from carescreen.pack import TIERS
from carescreen.syntax import NumberTest, atoms_of
from tests.spec.packs import PackUnderTest

AS_OF = np.datetime64("2026-07-15", "D")
TYPES = ("enum", "set", "number", "integer")


class RandomChildren:
    """Random children: a CaseData without notes."""

    def __init__(self, tested: PackUnderTest, n: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.tested, self.n, self.as_of = tested, n, AS_OF
        self.noted: dict[str, Noted] = {}
        self.columns = {
            name: _column(indicator, self._random_values(indicator, random))
            for name, indicator in tested.pack.indicators.items()
            if indicator.type in TYPES
        }

    def tiers(self) -> np.ndarray:
        outcomes = self.tested.pack.evaluate(self)
        order = [TIERS.index(rule.tier) if rule.tier else len(TIERS) - 1 for rule in outcomes.rules]
        return np.where(outcomes.true, np.array(order), len(TIERS) - 1).min(axis=1)

    def worsen(self, name: str) -> None:
        """Every child one step up the declared risk order, where there is one."""
        indicator = self.tested.pack.indicators[name]
        values = np.asarray(self.columns[name].values)
        self.columns = {**self.columns, name: _column(indicator, self._worse(indicator, values))}

    def _random_values(self, indicator: Indicator, random: np.random.Generator) -> np.ndarray:
        # A few recorded fields a child: with many, random values put everyone at immediate.
        missing = random.random(self.n) > np.resize([0.02, 0.05, 0.1, 0.2], self.n)
        if indicator.type == "enum":
            codes = random.integers(0, len(indicator.values), self.n)
            return np.where(missing, -1, codes).astype(np.int16)
        if indicator.type == "set":
            masks = random.integers(0, 1 << len(indicator.values), self.n)
            masks &= random.integers(0, 1 << len(indicator.values), self.n)
            return np.where(missing, -1, masks).astype(np.int64)
        return np.where(missing, np.nan, random.choice(self._numbers(indicator), self.n))

    def _numbers(self, indicator: Indicator) -> list[float]:
        """The values at which some rule changes its mind, and their neighbours, in range."""
        low, high = indicator.range or (0.0, 10.0)
        step = 0.01 if high <= 1 else 1
        edges = {
            number + away
            for rule in self.tested.every_rule
            for atom in atoms_of(rule.condition.root)
            if isinstance(atom, NumberTest) and atom.indicator == indicator.id
            for number in atom.numbers
            for away in (-step, 0, step)
        }
        return sorted({low, high, *(edge for edge in edges if low <= edge <= high)})

    def _worse(self, indicator: Indicator, values: np.ndarray) -> np.ndarray:
        """A missing event worsens too."""
        if indicator.type == "enum":
            assert indicator.risk_order is not None
            order = [indicator.values.index(word) for word in indicator.risk_order]
            last = len(order) - 1
            steps = {code: order[min(place + 1, last)] for place, code in enumerate(order)}
            steps[-1] = order[1] if indicator.unrecorded == "not_observed" else -1
            return np.array([steps[int(code)] for code in values], dtype=np.int16)
        if indicator.type == "set":
            return np.where(values < 0, -1, values | 1)
        edges = np.array(self._numbers(indicator))
        step = 1 if indicator.risk_direction == "up" else -1
        position = np.searchsorted(edges, np.where(np.isnan(values), edges[0], values))
        moved = edges[np.clip(position + step, 0, len(edges) - 1)]
        return np.where(np.isnan(values), np.nan, moved)


def ordered(tested: PackUnderTest) -> list[str]:
    """Indicators with a declared risk order."""
    indicators = tested.pack.indicators.items()
    return sorted(name for name, one in indicators if one.is_ordered and one.type in TYPES)


def _column(indicator: Indicator, values: np.ndarray) -> Column:
    known = ~np.isnan(values) if values.dtype.kind == "f" else values >= 0
    n, never = len(values), np.full(len(values), np.datetime64("NaT", "D"))
    source = np.where(known, FROM_CHILDREN, 0).astype(np.int8)
    return Column(values, known, never, never, source, np.full(n, -1, dtype=np.int64))

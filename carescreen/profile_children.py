"""Counts of children as of a date, by group of households: values, rules, tiers, scores."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from carescreen.block import household_keys
from carescreen.columns import BoolArray
from carescreen.engine import Engine
from carescreen.followups import ROUTINE, FollowUps
from carescreen.pack import TIERS
from carescreen.profile_bins import SCORE_WIDTH, Tally, labelled
from carescreen.sheet import Ints, numbered

GROUPS = 64


def count_children(
    engine: Engine, found: FollowUps, listed: BoolArray, needs_data: BoolArray
) -> Tally:
    """Counts by group of a block's children; `listed` are those with a row in the children table."""
    group = _groups(found)
    count = _Counter(group, listed)
    children = count.of(np.ones(len(group), dtype=bool))
    tally: Tally = {
        ("children", "listed"): children,
        ("children", "unlisted"): np.bincount(group[~listed], minlength=GROUPS),
        ("children", "needs_data"): count.of(needs_data),
    }
    for code, tier in enumerate(TIERS):
        tally["tier", tier] = count.of(found.tier == code)
    bins = found.score // SCORE_WIDTH
    for number in np.unique(bins[listed]).tolist():
        tally["score", f"{number * SCORE_WIDTH / 1e6:g}"] = count.of(bins == number)
    return {**tally, **_rules(engine, found, count), **_indicators(engine, found, count)}


class _Counter:
    """Counts listed children by group."""

    def __init__(self, group: Ints, listed: BoolArray) -> None:
        self.group, self.listed = group, listed

    def of(self, has: BoolArray) -> NDArray[np.int64]:
        """How many listed children of each group have it."""
        return np.bincount(self.group[self.listed & has], minlength=GROUPS)


def _groups(found: FollowUps) -> Ints:
    """Each child's group, by its household alone: the same in every run and on every machine."""
    number, names = numbered(household_keys(found.cases.block.children))
    keys = [zlib.crc32(str(name).encode("utf-8", "surrogatepass")) % GROUPS for name in names]
    return np.array(keys, dtype=np.int64)[number]


def _rules(engine: Engine, found: FollowUps, count: _Counter) -> Tally:
    """Whom each rule is open for, closed for and cannot be told of, and who has any such question."""
    tally: Tally = {}
    unknown = ~found.outcomes.known
    for number, rule in enumerate(engine.rules.rules):
        tally["rule_open", rule.id] = count.of(found.open[:, number])
        tally["rule_closed", rule.id] = count.of(found.closed[:, number])
        tally["rule_unknown", rule.id] = count.of(unknown[:, number])
    with_tier = engine.kit.tier_of <= ROUTINE
    tally["children", "has_question"] = count.of(np.asarray(unknown[:, with_tier].any(axis=1)))
    return tally


def _indicators(engine: Engine, found: FollowUps, count: _Counter) -> Tally:
    """Who has a value of each indicator that rules or model read, and which."""
    tally: Tally = {}
    for name, column in found.cases.columns.items():
        tally["known", name] = count.of(column.known)
        indicator = engine.rules.indicators[name]
        for word, has in labelled(indicator, column.values, column.known):
            tally["value", name, word] = count.of(has)
    return tally

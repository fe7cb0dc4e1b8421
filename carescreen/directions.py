"""Which way each feature goes when a child's risk goes up: what a fit must keep for law 3.

More evidence of harm (a raised mention, an indicator further up its declared order) must never lower
a score. A condition that such evidence can only make true may only add (+1), one that it can only
make false may only take away (-1). One that it can make both (`injury == 'single'`), and words with
an order, cannot keep the law by a direction: they weigh nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from carescreen.conditions import Condition
from carescreen.features import Feature, FeatureSet
from carescreen.indicators import Indicator
from carescreen.lexicon import Concept
from carescreen.syntax import And, Atom, Node, Not, NumberTest, Or, SetTest, WordTest

BOTH = 2  # rises on some evidence and falls on other


@dataclass(frozen=True)
class Directions:
    """known: +1 or -1 by feature, for those that have one. without: features that can keep none."""

    known: Mapping[str, int]
    without: tuple[str, ...]


def directions(
    features: FeatureSet, indicators: Mapping[str, Indicator], concepts: Mapping[str, Concept]
) -> Directions:
    """The direction of each feature that evidence of harm can move."""
    found = {feature.id: _direction(feature, indicators, concepts) for feature in features.features}
    return Directions(
        {name: way for name, way in found.items() if way in (1, -1)},
        tuple(name for name, way in found.items() if way == BOTH),
    )


def _direction(
    feature: Feature, indicators: Mapping[str, Indicator], concepts: Mapping[str, Concept]
) -> int:
    source = feature.source
    if isinstance(source, Condition):
        ways = {way for way in _ways(source.root, 1, indicators, concepts) if way}
        return ways.pop() if len(ways) == 1 else (BOTH if ways else 0)
    if source.type == "enum":
        return BOTH if source.is_ordered else 0
    return _of_order(source)


def _of_order(indicator: Indicator) -> int:
    return {"up": 1, "down": -1, None: 0}[indicator.risk_direction]


def _ways(
    node: Node, sign: int, indicators: Mapping[str, Indicator], concepts: Mapping[str, Concept]
) -> Iterator[int]:
    """For each atom, which way the whole goes when the evidence that it reads goes up."""
    if isinstance(node, Not):
        yield from _ways(node.part, -sign, indicators, concepts)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from _ways(part, sign, indicators, concepts)
    elif node.concept:
        yield sign if concepts[node.concept].polarity == "risk" else 0
    else:
        for name in node.indicators:
            way = _of_atom(node, indicators[name])
            yield way if way == BOTH else sign * way


def _of_atom(atom: Atom, indicator: Indicator) -> int:
    """+1 where the atom becomes true as the indicator goes up its order, -1 false, BOTH either."""
    if not indicator.is_ordered:
        return 0
    if isinstance(atom, WordTest):
        return _of_words(atom, indicator)
    if isinstance(atom, SetTest):
        own = -1 if atom.operator == "not in" else 1
        return own * _of_order(indicator)
    assert isinstance(atom, NumberTest)
    own = {">": 1, ">=": 1, "<": -1, "<=": -1}.get(atom.operator, BOTH)
    return BOTH if own == BOTH else own * _of_order(indicator)


def _of_words(atom: WordTest, indicator: Indicator) -> int:
    if indicator.risk_order is None:
        return 0
    meets = [
        (word in atom.words) == (atom.operator in ("==", "in")) for word in indicator.risk_order
    ]
    if meets == sorted(meets):
        return 1
    return -1 if meets == sorted(meets, reverse=True) else BOTH

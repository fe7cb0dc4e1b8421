"""Which counts of a table that leaves the office are masked, so that no small one can be worked out.

A count of 1 to FEW is shown as "7 or fewer". That alone is not enough: where it is the only masked
part of a sum, the others and the total give it away. So further counts are not shown at all
(complementary suppression), as few and as small ones as a greedy search finds.

The counts are the flow of a network, each along an edge, and every sum is a node that as much
enters as leaves. A masked count is safe where the flow could go round a circle through it, one
more or one less, and every count would still be as the table says it is: then there is another
table, with another number in that place, that looks the same. Tables with one hierarchy of places
and one partition of each place are such networks (L. H. Cox, Network models for complementary cell
suppression, Journal of the American Statistical Association 90, 1995). So this holds against
whoever solves all sums at once, and not only against who looks at one sum.

An edge may stand in no table and yet be what two counts of it differ by (hidden): it costs nothing
to change, and where it is small it must be as safe as a masked one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

FEW = 7  # up to so many are not told apart in what leaves the office

# What a circle costs: the fewer and the smaller counts it takes away, the better.
_STEP = 1
_MASKS_NOTHING = FEW + 1  # a circle as cheap as this takes no number away
_LARGEST = 1_000_000
_OPENS_FEW = 2 * _LARGEST  # "7 or fewer" says more than "not shown"
_SHOWS_ITS_REASON = 4 * _LARGEST  # "not shown" for 8 would let 7 be ruled out
_HIDES_ZERO = 16 * _LARGEST  # nobody stands behind a zero


class Shown(IntEnum):
    """How a count is shown: the number, "7 or fewer", or not at all."""

    NUMBER = 0
    AS_FEW = 1
    NOT = 2


@dataclass(frozen=True)
class Edge:
    """A count of the table; it flows from one sum into another.

    least   below this it cannot be, whatever else is masked
    hidden  it stands in no table
    total   of a hidden one: the edge that it can change with while all else of its sum stays
    """

    tail: int
    head: int
    count: int
    least: int = 0
    hidden: bool = False
    total: int | None = None

    @property
    def is_small(self) -> bool:
        """Whether it must not be worked out."""
        return 0 < self.count <= FEW


def how_shown(edges: Sequence[Edge]) -> list[Shown]:
    """How each count is shown, so that none of 1 to FEW can be worked out.

    At every node the counts that enter and those that leave have the same sum, or differ by what
    does not change.
    """
    shown = [_at_first(edge) for edge in edges]
    network = _Network(edges, shown)
    safe: set[int] = set()
    small = [number for number, edge in enumerate(edges) if edge.is_small]
    for number in sorted(small, key=lambda number: edges[number].hidden):
        if number in safe or edges[number].total in safe:
            continue
        circle = network.cheapest_circle(number)
        for place, change in circle:
            network.mask(place, change)
        safe.update(place for place, _ in circle)
    return shown


def _at_first(edge: Edge) -> Shown:
    if edge.hidden:
        return Shown.NOT
    return Shown.AS_FEW if edge.is_small else Shown.NUMBER


class _Network:
    """The counts as edges between sums, each with how it is shown so far."""

    def __init__(self, edges: Sequence[Edge], shown: list[Shown]) -> None:
        self.edges, self.shown = edges, shown
        self.at: dict[int, list[int]] = {}
        for number, edge in enumerate(edges):
            self.at.setdefault(edge.tail, []).append(number)
            self.at.setdefault(edge.head, []).append(number)

    def cheapest_circle(self, number: int) -> list[tuple[int, int]]:
        """Counts that can change by one together with this one: (place, +1 or -1) of each."""
        edge = self.edges[number]
        found = []
        for change, start, end in ((1, edge.head, edge.tail), (-1, edge.tail, edge.head)):
            own = self._cost(number, change)
            path = None if own is None else self._path(start, end, number)
            if own is None or path is None:
                continue
            found.append((own + path[0], [(number, change), *path[1]]))
            if own + path[0] < _MASKS_NOTHING:
                break
        return min(found)[1]

    def mask(self, place: int, change: int) -> None:
        """Show a count so that one more, or one less, would look the same."""
        state, count = self.shown[place], self.edges[place].count
        if state is Shown.NUMBER or (state is Shown.AS_FEW and not 1 <= count + change <= FEW):
            self.shown[place] = Shown.NOT

    def _path(self, start: int, end: int, without: int) -> tuple[int, list[tuple[int, int]]] | None:
        """The cheapest way (Dijkstra) along which the flow can change, and its cost.

        It is looked for from the end where fewer counts meet: what flows in from outside, or out of
        the table, meets thousands.
        """
        forward = len(self.at[start]) <= len(self.at[end])
        first, last = (start, end) if forward else (end, start)
        came: dict[int, tuple[int, int, int]] = {}  # by node: from where, along what, how
        cost = {first: 0}
        waiting, done = [(0, first)], set[int]()
        while waiting:
            spent, node = heapq.heappop(waiting)
            if node == last:
                return spent, list(_way_back(came, first, last))
            if node in done:
                continue
            done.add(node)
            for place in self.at[node]:
                edge = self.edges[place]
                goes_out = edge.tail == node
                change = 1 if goes_out == forward else -1
                price = self._cost(place, change) if place != without else None
                after = edge.head if goes_out else edge.tail
                if price is not None and spent + price < cost.get(after, spent + price + 1):
                    cost[after] = spent + price
                    came[after] = node, place, change
                    if after == last and price == _STEP:  # nothing that waits is cheaper
                        return spent + price, list(_way_back(came, first, last))
                    heapq.heappush(waiting, (spent + price, after))
        return None

    def _cost(self, place: int, change: int) -> int | None:
        """What it takes to show a count so that it could be one more or less; None where it cannot."""
        edge, state = self.edges[place], self.shown[place]
        count = edge.count
        if count + change < edge.least:
            return None
        if edge.hidden:
            return _STEP
        if state is Shown.AS_FEW:
            return _STEP if 1 <= count + change <= FEW else _OPENS_FEW
        cost = _STEP if state is Shown.NOT else _STEP + min(count, _LARGEST)
        if count == 0:
            return cost + (_HIDES_ZERO if state is Shown.NUMBER else 0)
        return cost + (_SHOWS_ITS_REASON if count + change == FEW else 0)


def _way_back(
    came: dict[int, tuple[int, int, int]], start: int, end: int
) -> Iterator[tuple[int, int]]:
    node = end
    while node != start:
        node, place, change = came[node]
        yield place, change

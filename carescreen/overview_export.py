"""The counts of a run as they may leave the office: small ones masked, and what would give them away.

Counts that have a sum in common are cut into parts that do not overlap (seen within 30 days, 31 to
90 …), so that no difference of two of them is a count that nobody masked. The masks are those of all
levels at once: tables of villages, counties and provinces can be handed out together.

Parts of which each is a child (FAMILIES) are at most the children of the place. What is left of
these is in no table, but masked as if it were: 9 children, 8 of them overdue, would say what "7 or
fewer" others are.

Zero stays zero: no child stands behind it, and a manager must tell "none" from "few". The tables of
English hospital statistics do the same (hesonline.org.uk, Tailored summary tables: an asterisk for
small numbers, beside zeros that are shown, with sub-totals changed where they would give them away).
A median is shown where at least FEW + 1 children stand behind it (NHS Digital, Disclosure control
methodology for Hospital Episode Statistics, 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from carescreen.overview import CONCERNS, DONE, STATES
from carescreen.overview_levels import Key, Level, Place, whole_of
from carescreen.overview_masking import FEW, Edge, Shown, how_shown
from carescreen.overview_places import PLACES

AS_FEW = f"{FEW} or fewer"
NOT_SHOWN = "not shown"
NOT_SAID = "not said"
BANDS = ("seen_0_30", "seen_31_90", "seen_91_180", "seen_over_180", "never_seen")
OTHERS = (
    *("due_7_days", "overdue_routine", "overdue_other", "done", "not_done"),
    *(*CONCERNS, *STATES),
)
# No child is in two parts of one of these; what remains of the children is its rest.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "not_due": ("due_7_days", "overdue_routine", "overdue_other"),
    "not_due_before": ("done", "not_done"),
    "neither_planned_nor_backlog": ("planned", "backlog"),
    "needs_no_data": ("needs_data",),
}
_REST_OF = {name: rest for rest, names in FAMILIES.items() for name in (rest, *names)}
_LEVEL_DEPTH: Mapping[Level, int] = {"province": 1, "county": 2, "village": 3}

Cell = tuple[Key, str]  # a place and a column


def export_overview(table: pd.DataFrame, level: Level) -> pd.DataFrame:
    """A row for each place of a level, as text; `table` holds the counts of one date by village.

    Columns: as_of, the ids of the place and of those it lies in, children, BANDS, OTHERS, and for
    villages median_days. A count is a number, AS_FEW, NOT_SHOWN, or blank where there was no list
    before.
    """
    whole = whole_of(table)
    shown = masked_cells(whole)
    depth = _LEVEL_DEPTH[level]
    as_of = str(table["as_of"].iloc[0])
    rows = []
    for place in whole.at(level):
        row = {"as_of": as_of}
        row |= {PLACES[n]: place.key[n] or NOT_SAID for n in range(depth)}
        counts = parts_of(place)
        row |= {
            name: _text(counts[name], shown.get((place.key, name)))
            for name in ("children", *BANDS, *OTHERS)
        }
        if level == "village":
            row["median_days"] = _median(place)
        rows.append(row)
    return pd.DataFrame(rows, dtype=object)


def parts_of(place: Place) -> dict[str, int | None]:
    """The exported counts of a place: those that overlap cut into parts."""
    count = place.count
    parts: dict[str, int | None] = {
        "children": count("children"),
        "seen_0_30": count("seen_30"),
        "seen_31_90": count("seen_90") - count("seen_30"),
        "seen_91_180": count("seen_180") - count("seen_90"),
        "seen_over_180": count("children") - count("never_seen") - count("seen_180"),
        "never_seen": count("never_seen"),
        "due_7_days": count("due") - count("overdue"),
        "overdue_routine": count("overdue_routine"),
        "overdue_other": count("overdue") - count("overdue_routine"),
        **{name: count(name) for name in (*CONCERNS, *STATES)},
    }
    due_before, done = (place.counts[name] for name in DONE)
    is_known = due_before is not None and done is not None
    parts["done"] = done
    parts["not_done"] = due_before - done if is_known else None  # type: ignore[operator]
    return parts


def rests_of(place: Place) -> dict[str, int]:
    """The children that are in no part of a family, by FAMILIES; none for what is blank.

    Below 0 where a run of the same day took over what was done, and has fewer children.
    """
    parts = parts_of(place)
    found = {}
    for rest, names in FAMILIES.items():
        counts = [count for name in names if (count := parts[name]) is not None]
        if len(counts) == len(names):
            found[rest] = place.count("children") - sum(counts)
    return found


def masked_cells(whole: Place) -> dict[Cell, Shown]:
    """How the counts of every place of every level are shown, and NOT for the rests of FAMILIES."""
    found = _Cells()
    found.add_tree(whole, None)
    return dict(zip(found.cells, how_shown(found.edges), strict=True))


class _Cells:
    """The counts as edges of a network (see overview_masking).

    Bands flow from the whole down to the villages, meet there, and flow back up as children. A
    family's parts and its rest flow down and meet at the villages too. Children are in one network
    alone, that of the bands: a circle within a family leaves them as they are, and where a circle of
    bands changes them, the rests change with them, none below 0. Other counts flow down and leave at
    the villages.
    """

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.edges: list[Edge] = []
        self._nodes: dict[object, int] = {}

    def add_tree(self, place: Place, above: Key | None) -> None:
        """Add a place's counts, and those of all its parts."""
        rests = rests_of(place)
        children = len(self.edges)  # parts_of begins with them
        for name, count in parts_of(place).items():
            if count is None:
                continue
            upper, lower = self._ends(place, above, name)
            if name == "children":
                spare = min((rest for rest in rests.values() if rest >= 0), default=count)
                edge = Edge(lower, upper, count, least=count - spare)
            else:
                edge = Edge(upper, lower, count)
            self._add(place, name, edge)
        for name, count in rests.items():
            least = 0 if count >= 0 else count - 1
            ends = self._ends(place, above, name)
            self._add(place, name, Edge(*ends, count, least, hidden=True, total=children))
        for part in place.parts:
            self.add_tree(part, place.key)

    def _add(self, place: Place, name: str, edge: Edge) -> None:
        self.cells.append((place.key, name))
        self.edges.append(edge)

    def _ends(self, place: Place, above: Key | None, name: str) -> tuple[int, int]:
        upper = self._node(("outside",) if above is None else (above, name))
        return upper, self._node(self._lower(place, name))

    @staticmethod
    def _lower(place: Place, name: str) -> tuple[object, ...]:
        if place.parts:
            return (place.key, name)
        if name in ("children", *BANDS):
            return (place.key,)
        return (place.key, _REST_OF[name]) if name in _REST_OF else ("outside",)

    def _node(self, name: object) -> int:
        return self._nodes.setdefault(name, len(self._nodes))


def _text(count: int | None, state: Shown | None) -> str:
    if count is None or state is None:
        return ""
    if state is Shown.NUMBER:
        return str(count)
    return AS_FEW if state is Shown.AS_FEW else NOT_SHOWN


def _median(place: Place) -> str:
    seen = place.count("children") - place.count("never_seen")
    if place.median_days is None:
        return ""
    return f"{place.median_days:g}" if seen > FEW else NOT_SHOWN


def counts_shown(table: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """How many cells of an exported table are masked, by what stands in them."""
    for mark in (AS_FEW, NOT_SHOWN):
        yield mark, int((table == mark).to_numpy().sum())

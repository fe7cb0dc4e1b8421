"""Children who are recorded twice, or may be: what a supervisor is asked, and what people said.

    asked        two rows that may be one child, or twins: a question from which nothing follows
    same         a person said that they are one child: both rows stay, each names the other, and a
                 plan makes one visit of both
    contradicts  a person said that they are two, and yet both are one child with a third

Two rows may be one child where they agree in household, birth date and, as far as it is known, sex; or
in village, birth date, known sex and in every other word recorded of both children, at least MIN_SAME.
A birth date that more than MAX_ALIKE rows of one place share stands for "some day in that year".
The newest decision `same_child` about two rows settles them, and asks no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.fields import DIFFERENT
from carescreen.indicators import Indicator
from carescreen.sheet import Ints, Sheet, is_none, places

MIN_SAME = 5  # words besides sex that must be recorded of both, and be the same
MAX_ALIKE = 4
SAME_CHILD = "same_child"  # the decision that two rows are one child, or are not
ASKED, SAME, CONTRADICTS = "asked", "same", "contradicts"

Ids = tuple[str, str]  # of two children, in their order


@dataclass(frozen=True, repr=False)  # its values are records
class Pair:
    """Two child_ids; `why` is household, village or person, `decided_on` a date where it is person."""

    children: Ids
    status: str
    why: str
    decided_on: str = ""


@dataclass(frozen=True, repr=False)
class Duplicates:
    """The pairs of a caseload as of a date, in the order of their ids."""

    pairs: tuple[Pair, ...] = ()

    def of(self, status: str) -> list[Pair]:
        """The pairs of one status."""
        return [pair for pair in self.pairs if pair.status == status]

    def others(self) -> dict[str, tuple[str, ...]]:
        """For each child that is said to be recorded twice its other child_ids."""
        groups = groups_of(pair.children for pair in self.of(SAME))
        return {
            child: tuple(other for other in group if other != child)
            for group in groups
            for child in group
        }


def groups_of(pairs: Iterable[Ids]) -> list[tuple[str, ...]]:
    """Ids that are linked, however many steps apart, as groups in the order of their ids.

    >>> groups_of([("B", "C"), ("X", "Y"), ("A", "B")])
    [('A', 'B', 'C'), ('X', 'Y')]
    """
    group: dict[str, set[str]] = {}
    for one, other in pairs:
        joined = group.get(one, {one}) | group.get(other, {other})
        group.update(dict.fromkeys(joined, joined))
    return sorted({tuple(sorted(members)) for members in group.values()})


def duplicates_of(
    children: Sheet, decisions: Sheet, indicators: Mapping[str, Indicator]
) -> Duplicates:
    """Who may be and who is recorded twice, from one row a child and the decisions known by then."""
    said = dict(_said(children, decisions))
    same = [ids for ids, (is_same, _) in said.items() if is_same]
    group = {child: number for number, g in enumerate(groups_of(same)) for child in g}
    pairs = [Pair(ids, SAME, "person", said[ids][1]) for ids in same]
    for ids, (is_same, day) in said.items():
        if not is_same and _are_together(ids, group):
            pairs.append(Pair(ids, CONTRADICTS, "person", day))
    for ids, why in _alike(children, indicators):
        if ids not in said and not _are_together(ids, group):
            pairs.append(Pair(ids, ASKED, why))
    return Duplicates(tuple(sorted(pairs, key=lambda pair: pair.children)))


def needed_of(
    children: Sheet, decisions: Sheet, indicators: Mapping[str, Indicator]
) -> tuple[Sheet, Sheet]:
    """The rows and columns that `duplicates_of` reads: parts of a caseload can be joined again."""
    names = ["child_id", "household_id", "village_id", "birth_date"]
    names += [name for name in ("sex", *_word_names(children, indicators)) if name in children]
    said = ["child_id", "other_child_id", "decision", "decided_at", "result"]
    is_said = decisions["decision"] == SAME_CHILD
    return (
        children.only(list(dict.fromkeys(names))),
        decisions.only([name for name in said if name in decisions]).take(is_said),
    )


def _are_together(ids: Ids, group: Mapping[str, int]) -> bool:
    return ids[0] in group and group[ids[0]] == group.get(ids[1])


def _said(children: Sheet, decisions: Sheet) -> Iterator[tuple[Ids, tuple[bool, str]]]:
    """For each two children whom people told apart or together: whether together, and when.

    Of several decisions at one second the one that tells apart counts: it takes no visit away.
    """
    if "other_child_id" not in decisions:
        return
    rows = decisions.take(decisions["decision"] == SAME_CHILD)
    known = (places(children["child_id"], rows["child_id"]) >= 0) & ~np.isnat(rows["decided_at"])
    known &= places(children["child_id"], rows["other_child_id"]) >= 0
    known &= rows["child_id"] != rows["other_child_id"]
    rows = rows.take(known)
    result = rows["result"] if "result" in rows else np.full(len(rows), None, dtype=object)
    newest: dict[Ids, tuple[Any, bool]] = {}
    columns = (rows["child_id"], rows["other_child_id"], rows["decided_at"], result)
    for one, other, at, word in zip(*columns, strict=True):
        ids = (min(one, other), max(one, other))
        found = (at, word == DIFFERENT)
        newest[ids] = max(newest.get(ids, found), found)
    for ids, (at, is_different) in newest.items():
        yield ids, (not is_different, str(at.astype("datetime64[D]")))


# --- who may be ----------------------------------------------------------------------------------


def _alike(children: Sheet, indicators: Mapping[str, Indicator]) -> Iterator[tuple[Ids, str]]:
    """Pairs of rows that may be one child, each once, and by what they are alike."""
    sex = children["sex"] if "sex" in children else np.full(len(children), -1)
    ids, seen = children["child_id"], set[Ids]()
    for rows in _sharing(children, "household_id"):
        for one, other in combinations(rows.tolist(), 2):
            if sex[one] == sex[other] or min(sex[one], sex[other]) < 0:
                seen.add(_in_order(ids[one], ids[other]))
                yield _in_order(ids[one], ids[other]), "household"
    groups = _sharing(children, "village_id")
    some = np.concatenate([*groups, np.zeros(0, dtype=np.int64)])
    words = dict(zip(some.tolist(), _words(children.take(some), indicators), strict=True))
    for rows in groups:
        for one, other in combinations(rows.tolist(), 2):
            pair = _in_order(ids[one], ids[other])
            if (
                pair not in seen
                and sex[one] == sex[other] >= 0
                and _agree(words[one], words[other])
            ):
                yield pair, "village"


def _in_order(one: str, other: str) -> Ids:
    return (one, other) if one < other else (other, one)


def _sharing(children: Sheet, place: str) -> list[Ints]:
    """Rows that share a birth date and an id of a place, as groups of two to MAX_ALIKE."""
    known = ~np.isnat(children["birth_date"]) & ~is_none(children[place])
    rows = np.flatnonzero(known)
    frame = pd.DataFrame({"on": children["birth_date"][rows], "at": children[place][rows]})
    rows = rows[frame.duplicated(keep=False).to_numpy()]
    if not len(rows):
        return []
    shared = pd.DataFrame({"on": children["birth_date"][rows], "at": children[place][rows]})
    number = shared.groupby(["on", "at"], sort=True).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    groups = np.split(rows[order], np.flatnonzero(np.diff(number[order])) + 1)
    return [group for group in groups if len(group) <= MAX_ALIKE]


def _words(children: Sheet, indicators: Mapping[str, Indicator]) -> NDArray[np.int64]:
    """(child, field): codes of the words recorded of each child that last; -1 where there is none.

    Numbers and dates are left out: they are measured or entered anew for a second row.
    """
    columns = [children[name].astype(np.int64) for name in _word_names(children, indicators)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(children), 0), np.int64)


def _word_names(children: Sheet, indicators: Mapping[str, Indicator]) -> list[str]:
    return [
        name
        for name in children
        if name in indicators
        and name != "sex"
        and indicators[name].type in ("enum", "set")
        and indicators[name].kind == "state"
    ]


def _agree(one: Ints, other: Ints) -> bool:
    both = (one >= 0) & (other >= 0)
    return bool(both.sum() >= MIN_SAME and (one[both] == other[both]).all())

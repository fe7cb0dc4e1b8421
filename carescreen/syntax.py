"""The tree of a condition: connectives over atoms, each atom about one indicator or concept.

An atom is already resolved against the pack: words are positions or bits, and `blank` is its truth
where nobody recorded the value (None: cannot be told). So a tree needs no indicators to evaluate.

    WordTest     sex == 'female'              injury_level in ['multiple', 'severe']
    SetTest      'orphan' in child_categories    any_in(injury_sites, ['ear', 'neck'])
    NumberTest   age_years < 8    len(home_hazards) >= 2    days_since(seen_on) > 7    month == 7
    NotedTest    noted(left_alone)
    VisitsTest   noted_visits(unseen_child) >= 2
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

WordOperator = Literal["==", "!=", "in", "not in"]
NumberOperator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
SetOperator = Literal["in", "not in", "any_in"]
Measure = Literal["value", "len", "days_since", "month"]

WORD_OPERATORS: tuple[WordOperator, ...] = ("==", "!=", "in", "not in")
NUMBER_OPERATORS: tuple[NumberOperator, ...] = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")
SET_OPERATORS: tuple[SetOperator, ...] = ("in", "not in", "any_in")
MEASURES: tuple[Measure, ...] = ("value", "len", "days_since", "month")

# Everything the language can say; tests hold the spec tables and the generators against it.
OPERATIONS = frozenset(
    ["and", "or", "not", "noted", "noted_visits"]
    + [f"word {operator}" for operator in WORD_OPERATORS]
    + [f"set {operator}" for operator in SET_OPERATORS]
    + [f"{measure} {operator}" for measure in MEASURES for operator in NUMBER_OPERATORS]
)


class _ReadsIndicator:
    """Of an atom about an indicator; the month alone needs none."""

    indicator: str | None

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicator it reads."""
        return (self.indicator,) if self.indicator else ()

    @property
    def concept(self) -> str | None:
        """It reads no note."""
        return None


class _ReadsNotes:
    """Of an atom about a note concept: no mention is false."""

    blank: ClassVar[bool] = False

    @property
    def indicators(self) -> tuple[str, ...]:
        """It reads no indicator."""
        return ()


@dataclass(frozen=True)
class WordTest(_ReadsIndicator):
    """An enum indicator against words; `codes` are their positions in `Indicator.values`."""

    indicator: str
    operator: WordOperator
    words: tuple[str, ...]
    codes: tuple[int, ...]
    blank: bool | None
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class SetTest(_ReadsIndicator):
    """A set indicator against words; `mask` has a bit for each, as in Column.values.

    "in" and "any_in" hold where at least one of the words is in the set; "not in" where none is.
    """

    indicator: str
    operator: SetOperator
    words: tuple[str, ...]
    mask: int
    blank: bool | None
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class NumberTest(_ReadsIndicator):
    """A number against numbers.

    measure "value" is the indicator's number; "len" how many of the set's `size` values are in it;
    "days_since" whole days from its date to the as-of date; "month" the month of the as-of date, 1
    to 12, which needs no indicator. `thresholds` are the names by which the text gave numbers.
    """

    indicator: str | None
    measure: Measure
    operator: NumberOperator
    numbers: tuple[float, ...]
    blank: bool | None
    size: int = 0
    thresholds: tuple[str, ...] = ()
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class NotedTest(_ReadsNotes):
    """A held mention of a concept: true, unknown (found only by learned weights) or false."""

    concept: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class VisitsTest(_ReadsNotes):
    """Mentions of a concept on at least `least` distinct visits.

    Where fewer are sure and one was found only by learned weights it cannot be told. `thresholds` is
    the name by which the text gave the number.
    """

    concept: str
    least: int
    thresholds: tuple[str, ...] = ()
    column: int = field(default=0, compare=False)


Atom = WordTest | SetTest | NumberTest | NotedTest | VisitsTest
NOTE_ATOMS = (NotedTest, VisitsTest)


@dataclass(frozen=True)
class And:
    """True where every part is; false where any part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """True where any part is; false where every part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """True where the part is false; unknown where it is unknown."""

    part: Node


Node = And | Or | Not | Atom


def atoms_of(node: Node) -> Iterator[Atom]:
    """Every atom of a tree, left to right."""
    if isinstance(node, Not):
        yield from atoms_of(node.part)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from atoms_of(part)
    else:
        yield node


def without_notes(node: Node) -> Node | None:
    """The tree with every note test false, or None where it can then never be met.

    Exact because a note test never stands under `not`.
    """
    if isinstance(node, NOTE_ATOMS):
        return None
    if isinstance(node, And | Or):
        parts = [without_notes(part) for part in node.parts]
        kept = tuple(part for part in parts if part is not None)
        if not kept or (isinstance(node, And) and len(kept) < len(parts)):
            return None
        return kept[0] if len(kept) == 1 else type(node)(kept)
    return node


def with_shared_atoms(node: Node, shared: dict[Atom, Atom]) -> Node:
    """The same tree, built of the atoms in `shared` where it has equal ones; new ones are added.

    So that trees read together know each other's atoms by identity.
    """
    if isinstance(node, Not):
        return Not(with_shared_atoms(node.part, shared))
    if isinstance(node, And | Or):
        return type(node)(tuple(with_shared_atoms(part, shared) for part in node.parts))
    return shared.setdefault(node, node)


def operations_of(node: Node) -> frozenset[str]:
    """Which of OPERATIONS a tree uses."""
    if isinstance(node, Not):
        return operations_of(node.part) | {"not"}
    if isinstance(node, And | Or):
        name = "and" if isinstance(node, And) else "or"
        return frozenset([name]).union(*(operations_of(part) for part in node.parts))
    if isinstance(node, WordTest):
        return frozenset([f"word {node.operator}"])
    if isinstance(node, SetTest):
        return frozenset([f"set {node.operator}"])
    if isinstance(node, NumberTest):
        return frozenset([f"{node.measure} {node.operator}"])
    return frozenset(["noted" if isinstance(node, NotedTest) else "noted_visits"])

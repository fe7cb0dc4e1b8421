"""What a record asks: the undecided rules above a child's tier, and how brothers and sisters are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carescreen.engine import Engine
from carescreen.followups import IMMEDIATE, FollowUps
from carescreen.records_entries import SIBLING, Record, question_entry
from carescreen.sheet import every, row_keys, some


@dataclass(frozen=True, repr=False)  # its values are records
class Questions:
    """The undecided rules above each child's tier, most serious first, as questions.

    Children who share the same set of undecided rules share one list: child i has `lists[of[i]]`.
    `confirm` has the rules of each child that hang on a mention found only by learned weights.
    """

    lists: list[list[Record]]
    of: list[int]
    confirm: Mapping[int, set[str]]

    def of_child(self, child: int) -> list[Record]:
        """One child's questions, those that confirm a mention first."""
        return confirm_first(self.lists[self.of[child]], self.confirm.get(child, set()))


def questions_of(engine: Engine, found: FollowUps) -> Questions:
    """The questions of every child of a block, with all that a record may show of them."""
    undecided = ~found.outcomes.known
    above = engine.kit.tier_of[None, :] < found.tier[:, None]
    ask = undecided & (above | engine.kit.is_entitlement[None, :]) & _asked_for(engine, found)
    confirm = _to_confirm(engine, found)
    patterns, inverse = _unique_rows(_shown(engine, ask, list(confirm)))
    order = np.argsort(engine.kit.tier_of, kind="stable")
    pattern, place = np.nonzero(patterns[:, order])
    ends = np.cumsum(np.bincount(pattern, minlength=len(patterns))).tolist()
    numbers = order[place].tolist()
    entries = {number: question_entry(engine.rules.rules[number]) for number in set(numbers)}
    asked = [entries[number] for number in numbers]
    lists = [asked[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return Questions(lists, inverse, confirm)


def _shown(engine: Engine, ask: NDArray[np.bool_], whole: list[int]) -> NDArray[np.bool_]:
    """What is asked, (child, rule), without what no record has room for, or says in the same words.

    That leaves few different lists. Children in `whole` keep all: another order is theirs.
    """
    if len(ask) == 1:
        return ask
    order = np.argsort(engine.kit.tier_of, kind="stable")
    table = ask[:, order]
    before: dict[str, list[int]] = {}
    for place, number in enumerate(order.tolist()):
        same = before.setdefault(engine.rules.rules[number].ask.get("en", ""), [])
        for earlier in same:
            table[:, place] &= ~table[:, earlier]
        same.append(place)
    most = engine.rules.settings.open_questions
    table &= np.cumsum(table, axis=1, dtype=np.int32) <= most
    shown = np.empty_like(ask)
    shown[:, order] = table
    shown[whole] = ask[whole]
    return shown


def _asked_for(engine: Engine, found: FollowUps) -> NDArray[np.bool_]:
    """(child, rule): whether some field that the rule reads is collected here, and not known.

    A field that no table has is not collected by the programme: nobody is asked for it again and
    again. A mention to be confirmed is always asked about.
    """
    block, cases = found.cases.block, found.cases
    collected = {*block.children, *block.visits, *block.households}
    asked = np.zeros(found.open.shape, dtype=bool)
    of_all: list[int] = []  # rules that everybody is asked about
    alone = cases.n == 1
    for name, numbers in engine.kit.rules_that_ask.items():
        column = cases.columns.get(name)
        if column is None:
            of_all += numbers if name in collected else ()
        elif alone:
            of_all += () if column.known.item() else numbers
        elif not some(column.known):
            of_all += numbers
        elif not every(column.known):
            asked[:, numbers] |= ~column.known[:, None]
    asked[:, of_all] = True
    for concept, noted in cases.noted.items():
        numbers = engine.kit.rules_that_note.get(concept, ())
        asked[:, numbers] |= noted.unknown[:, None]
    return asked


def _unique_rows(table: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], list[int]]:
    """Distinct rows of a boolean table in the order they come, and the row of each."""
    if len(table) == 1:
        return table, [0]
    numbers: dict[bytes, int] = {}
    keys = row_keys(np.packbits(table, axis=1))
    inverse = [numbers.setdefault(key, len(numbers)) for key in keys]
    first = np.unique(inverse, return_index=True)[1]
    return table[first], inverse


def _to_confirm(engine: Engine, found: FollowUps) -> dict[int, set[str]]:
    """Children and rules whose outcome hangs on a mention found only by learned weights."""
    result: dict[int, set[str]] = {}
    for concept, noted in found.cases.noted.items():
        if not noted.unknown.any():
            continue
        for number in engine.kit.rules_that_note.get(concept, ()):
            for child in np.flatnonzero(noted.unknown & ~found.outcomes.known[:, number]):
                result.setdefault(int(child), set()).add(engine.rules.rules[number].id)
    return result


def confirm_first(questions: list[Record], confirm: set[str]) -> list[Record]:
    """Questions whose rule is to be confirmed say so, and come first."""
    if not confirm:
        return questions
    marked = [
        {**entry, "why": "please_confirm"} if entry["rule"] in confirm else entry
        for entry in questions
    ]
    return sorted(marked, key=lambda entry: entry["why"] != "please_confirm")


def shown_questions(questions: list[Record], sibling: bool, most: int) -> list[Record]:
    """What a record asks: about brothers and sisters first, no words twice, at most so many."""
    kept: dict[str, Record] = {}
    for entry in (SIBLING, *questions) if sibling else questions:
        if len(kept) >= most:
            break
        kept.setdefault(entry["question"]["en"], entry)
    return list(kept.values())


def siblings_to_ask_about(engine: Engine, found: FollowUps) -> NDArray[np.bool_]:
    """Children with a brother or sister about whom something serious is known that is not about them.

    Serious: a held mention about the child of a high or critical concept, or an open concern at
    immediate that this child has not.
    """
    concepts = list(engine.rules.concepts.values())
    serious = np.array(
        [c.subject == "child" and c.severity in ("critical", "high") for c in concepts], dtype=bool
    )
    mentions, house = found.mentions, found.cases.block.household
    if found.cases.n == 1:
        return np.zeros(1, dtype=bool)
    wanted = found.holds & serious[mentions.concept]
    own = np.zeros(found.cases.n, dtype=bool)
    own[mentions.child[wanted]] = True
    houses = np.bincount(house).size
    mentioned = np.bincount(house[own], minlength=houses)[house] - own > 0
    grave = found.open[:, engine.kit.tier_of == IMMEDIATE]
    in_house = np.zeros((houses, grave.shape[1]), dtype=bool)
    np.logical_or.at(in_house, house, grave)
    return np.asarray(mentioned | (in_house[house] & ~grave).any(axis=1))

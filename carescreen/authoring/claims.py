"""The statements that a pack makes of itself, each put to the solver (statements.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from carescreen.authoring.findings import Counterexample, Failure, Proof
from carescreen.authoring.smallest import Given, Shows, smallest
from carescreen.authoring.solving import Solving, lowered
from carescreen.authoring.statements import Statement
from carescreen.authoring.symbols import (
    Term,
    equals,
    solver_library,
)
from carescreen.indicators import Texts
from carescreen.pack import TIERS
from carescreen.review.wording import tier_word

_NOBODY = {"en": "no child is in this situation", "zh": "没有孩子符合所述情形"}


def prove_statement(one: Statement, solving: Solving) -> Proof:
    """One property of the pack; one about children that there cannot be fails as well."""
    narrowed = _narrowed(solving, one)
    if solving.find(*narrowed) is None:
        return Proof(one.title, 1, (Failure(one.id, _NOBODY),))
    if one.reaches is not None:
        failure = _not_reached(solving, one, narrowed)
    elif one.at_most is not None:
        failure = _exceeded(solving, one, narrowed)
    elif one.worsens is not None:
        failure = _falls(solving, one, narrowed)
    else:
        failures = [_depends(solving, one, name, narrowed) for name in one.whatever]
        found = tuple(failure for failure in failures if failure is not None)
        return Proof(one.title, len(one.whatever), found)
    return Proof(one.title, 1, () if failure is None else (failure,))


def _narrowed(solving: Solving, one: Statement) -> list[Term]:
    """That a child is one of those the statement is about."""
    z3 = solver_library()
    wanted = [] if one.when is None else [solving.child.planes(one.when.root).true]
    if one.only is not None:
        notes = solving.child.notes.values()
        wanted += solving.silent(one.only)
        wanted += [z3.Not(z3.Or(note.noted, note.learned)) for note in notes]
    return wanted


def _not_reached(solving: Solving, one: Statement, narrowed: Sequence[Term]) -> Failure | None:
    place = TIERS.index(str(one.reaches))
    text = {
        "en": f"a child in this situation stays below {one.reaches}",
        "zh": f"所述情形的孩子没有达到“{tier_word(str(one.reaches), 'zh')}”",
    }
    wanted = [*narrowed, *solving.unmet(solving.at_least(place))]
    return _shown(solving, one, wanted, text, lambda tier: tier > place)


def _exceeded(solving: Solving, one: Statement, narrowed: Sequence[Term]) -> Failure | None:
    place = TIERS.index(str(one.at_most))
    text = {
        "en": f"a child in this situation goes above {one.at_most}",
        "zh": f"所述情形的孩子超过了“{tier_word(str(one.at_most), 'zh')}”",
    }
    above = [solving.met(rule) for rule in solving.at_least(place - 1)]
    wanted = [*narrowed, solver_library().Or(above)]
    return _shown(solving, one, wanted, text, lambda tier: tier < place)


def _shown(
    solving: Solving,
    one: Statement,
    wanted: Sequence[Term],
    text: Texts,
    breaks: Callable[[int], bool],
) -> Failure | None:
    """The smallest child at a tier that breaks the statement."""
    model = solving.find(*wanted)
    if model is None:
        return None
    witness = solving.witness

    def shows(given: Given, change: Given) -> bool:
        del change
        return witness.holds(one.when, given) and breaks(witness.tier(given))

    found = smallest(solving.child.given(model), {}, shows)
    return Failure(one.id, text, Counterexample(found, TIERS[witness.tier(found)]))


def _falls(solving: Solving, one: Statement, narrowed: Sequence[Term]) -> Failure | None:
    assert one.worsens is not None
    before, after = one.worsens.before, one.worsens.after
    child, declared = solving.child, solving.pack.indicators
    second = child.elsewhere(after)
    wanted = [
        *narrowed,
        *(equals(declared[name], child.fields[name], value) for name, value in before.items()),
        *(equals(declared[name], second.fields[name], value) for name, value in after.items()),
        *second.domain(),
    ]
    if solving.find(*wanted) is None:
        return Failure(one.id, _NOBODY)
    shown = solving.lowering(child, second, wanted, solving.rules, _kept(solving, one, before))
    return None if shown is None else lowered(one.id, one.title, shown)


def _kept(solving: Solving, one: Statement, before: Given) -> Shows:
    """That a child stays one of those the statement is about while it is made smaller."""

    def keeps(given: Given, change: Given) -> bool:
        del change
        is_there = all(given.get(name) == value for name, value in before.items())
        return is_there and solving.witness.holds(one.when, given)

    return keeps


def _depends(
    solving: Solving, one: Statement, name: str, narrowed: Sequence[Term]
) -> Failure | None:
    """That the tier changes, either way, with an indicator that should not matter."""
    child = solving.child
    second, readers = child.elsewhere([name]), solving.readers(name)
    wanted = [*narrowed, *second.domain()]

    def keeps_after(given: Given, change: Given) -> bool:
        return solving.witness.holds(one.when, {**given, **change})

    shown = solving.lowering(child, second, wanted, readers, _kept(solving, one, {}))
    if shown is None:
        shown = solving.lowering(second, child, wanted, readers, keeps_after)
    return None if shown is None else lowered(one.id, one.title, shown)

"""Properties of a whole pack, proved by machine over every child that the tables let in.

    every rule can be met                     no rule is unreachable
    no rule stands in another's shadow        each can decide a tier by itself, or says `covered_by:`
    every part of a condition matters         what could be left out is remarked on, and does not fail
    more evidence of harm never lowers        law 3, for each declared risk order and each concept
    completing what is unknown ends nothing   law 4: met stays met
    a note alone reaches what it may          `note_limit` of each concept
    each statement of `properties:`           statements.py

A property fails with the smallest child that shows it, and that child is put to the engine itself, so
a counterexample is never an artefact of the formulas. What the solver does not settle within its time
counts as a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial

from carescreen.authoring.claims import prove_statement
from carescreen.authoring.findings import Counterexample, Failure, Proof, Proofs
from carescreen.authoring.smallest import Given, Witness, smallest
from carescreen.authoring.solving import ROUTINE, Solving, Undecided, lowered, pair
from carescreen.authoring.statements import read_statements
from carescreen.authoring.symbols import (
    AGES,
    Field,
    Term,
    free_mentions,
    rises,
    solver_library,
)
from carescreen.authoring.words import Wording
from carescreen.indicators import Texts
from carescreen.lexicon import load_lexicon
from carescreen.pack import TIERS
from carescreen.review.texts import LANGUAGES
from carescreen.review.wording import tier_word
from carescreen.rulefile import Rule
from carescreen.rules import RulePack
from carescreen.syntax import And, Node, Not, Or

Property = Callable[[Solving], Proof]


def prove(pack: RulePack, day: date) -> Proofs:
    """Prove the properties of a pack with the rules in force on a day; MissingExtra without z3."""
    solver_library()
    load_lexicon(pack.pack)  # a pack whose words cannot be read is no pack
    solving = Solving(pack, pack.rules_at(day), read_statements(pack.pack, pack.concepts))
    properties = [_settled(solving, title, prove_one) for title, prove_one in _PROPERTIES]
    statements = [
        _settled(solving, one.title, partial(prove_statement, one)) for one in solving.statements
    ]
    return Proofs(
        pack.pack.id,
        pack.pack.version,
        day.isoformat(),
        len(solving.rules),
        (*properties, *statements),
    )


def _settled(solving: Solving, title: Texts, prove_one: Property) -> Proof:
    try:
        return prove_one(solving)
    except Undecided:
        text = {"en": "not settled within the time allowed", "zh": "未能在限定时间内得出结论"}
        return Proof(title, 0, (Failure("", text),))


_REACHABLE = {"en": "Every rule can be met", "zh": "每条规则都可能成立"}
_UNCOVERED = {
    "en": "No rule stands in another's shadow, unless it says so",
    "zh": "没有规则被其他规则涵盖而未注明",
}
_PARTS = {"en": "Every part of a condition matters", "zh": "条件的每个部分都起作用"}
_HARM = {"en": "More evidence of harm never lowers the tier", "zh": "更多伤害迹象不会使等级下降"}
_COMPLETING = {
    "en": "Completing what is not known never ends a concern",
    "zh": "补全未知信息不会使已成立的规则不成立",
}
_NOTES = {
    "en": "A note alone reaches no more than its concept allows",
    "zh": "单凭走访记录不超过允许的等级",
}


def _reachable(solving: Solving) -> Proof:
    every = (*solving.rules, *solving.pack.rules_off)
    failures = [
        Failure(
            rule.id,
            {
                "en": f"no child can meet it ({rule.place})",
                "zh": f"没有任何孩子能符合这条规则（{rule.place}）",
            },
        )
        for rule in every
        if solving.find(solving.met(rule)) is None
    ]
    return Proof(_REACHABLE, len(every), tuple(failures))


def _uncovered(solving: Solving) -> Proof:
    failures, remarks = [], []
    for rule in solving.rules:
        covering = _covering(solving, rule)
        if rule.covered_by is not None and rule.covered_by in covering:
            remarks.append(
                {
                    "en": f"{rule.id} is covered by {rule.covered_by}, as it says",
                    "zh": f"{rule.id} 被 {rule.covered_by} 涵盖（已注明）",
                }
            )
        elif rule.covered_by is not None:
            failures.append(_wrong_cover(rule))
        elif covering:
            failures.append(_in_shadow(rule, covering))
    return Proof(_UNCOVERED, len(solving.rules), tuple(failures), tuple(remarks))


def _covering(solving: Solving, rule: Rule) -> list[str]:
    """Rules of the same lane and as soon, one of which is met wherever this one is; or none.

    Of two rules that mean the same, the one that says `covered_by:` does not cover the other.
    """
    if solving.find(solving.met(rule)) is None:
        return []  # nobody meets it: that is another property's failure
    others = [
        other
        for other in solving.rules
        if other is not rule
        and other.lane == rule.lane
        and (other.covered_by is None or other.id == rule.covered_by)
        and _is_as_soon(other, rule)
    ]
    if solving.find(solving.met(rule), *solving.unmet(others)) is not None:
        return []
    named = sorted(others, key=lambda other: other.id != rule.covered_by)
    for other in named:
        if solving.find(solving.met(rule), *solving.unmet([other])) is None:
            return [other.id]
    for other in named:  # together: leave out what is not needed
        rest = [one for one in others if one is not other]
        if solving.find(solving.met(rule), *solving.unmet(rest)) is None:
            others = rest
    return [other.id for other in others]


def _is_as_soon(other: Rule, rule: Rule) -> bool:
    if rule.tier is None or other.tier is None or rule.hours is None or other.hours is None:
        return True
    return TIERS.index(other.tier) <= TIERS.index(rule.tier) and other.hours <= rule.hours


def _in_shadow(rule: Rule, covering: Sequence[str]) -> Failure:
    names = ", ".join(covering)
    remedy = f"say covered_by: {names}" if len(covering) == 1 else "together they cover it"
    return Failure(
        rule.id,
        {
            "en": f"whenever it is met, so is {names}, as soon; {remedy}, or change it "
            f"({rule.place})",
            "zh": f"凡其成立时 {names} 也成立且等级不低；请注明 covered_by 或修改（{rule.place}）",
        },
    )


def _wrong_cover(rule: Rule) -> Failure:
    return Failure(
        rule.id,
        {
            "en": f"says covered_by: {rule.covered_by}, and is not ({rule.place})",
            "zh": f"注明 covered_by: {rule.covered_by}，但并未被其涵盖（{rule.place}）",
        },
    )


def _parts_matter(solving: Solving) -> Proof:
    z3 = solver_library()
    words = {
        language: Wording(solving.pack.indicators, solving.pack.concepts, language)
        for language in LANGUAGES
    }
    checked, remarks = 0, []
    for rule in solving.rules:
        whole = solving.planes[rule.id]
        for rest, part in _without_each_part(rule.condition.root):
            checked += 1
            left = solving.child.planes(rest)
            differs = z3.Or(whole.true != left.true, whole.possible != left.possible)
            if solving.find(differs) is None:
                remarks.append(
                    {
                        "en": f"{rule.id}: nothing changes without: {words['en'].line(part)}",
                        "zh": f"{rule.id}：去掉这一部分没有变化：{words['zh'].line(part)}",
                    }
                )
    return Proof(_PARTS, checked, (), tuple(remarks))


def _without_each_part(node: Node) -> Iterator[tuple[Node, Node]]:
    """The tree without each of its parts in turn, and that part."""
    if isinstance(node, Not):
        yield from ((Not(rest), part) for rest, part in _without_each_part(node.part))
    elif isinstance(node, And | Or):
        for place, part in enumerate(node.parts):
            before, after = node.parts[:place], node.parts[place + 1 :]
            others = (*before, *after)
            yield (others[0] if len(others) == 1 else type(node)(others)), part
            for rest, inner in _without_each_part(part):
                yield type(node)((*before, rest, *after)), inner


def _harm_never_lowers(solving: Solving) -> Proof:
    indicators, concepts = solving.pack.indicators, solving.pack.concepts
    read = {name for rule in solving.at_least(ROUTINE) for name in rule.condition.indicators}
    ordered = [name for name in sorted(read) if indicators[name].is_ordered]
    noted = sorted(solving.child.notes)
    failures = []
    for name in ordered:
        shown = _lowered_by_field(solving, name)
        failures += [lowered(name, indicators[name].title, shown)] if shown else []
    for name in noted:
        shown = _lowered_by_note(solving, name)
        failures += [lowered(name, concepts[name].title, shown)] if shown else []
    exempt = ", ".join(sorted(read - set(ordered)))
    remark = {
        "en": f"without a declared risk order, so not part of this: {exempt}",
        "zh": f"未声明风险次序、不在此列：{exempt}",
    }
    checked = len(ordered) + len(noted)
    return Proof(_HARM, checked, tuple(failures), (remark,) if exempt else ())


def _lowered_by_field(solving: Solving, name: str) -> Counterexample | None:
    indicator, child = solving.pack.indicators[name], solving.child
    second = child.elsewhere([name])
    before, after = child.fields[name], second.fields[name]
    rise = rises(indicator, before, after)
    wanted = [before.known, after.known, rise, *second.domain()]
    return solving.lowering(child, second, wanted, solving.readers(name))


def _lowered_by_note(solving: Solving, concept: str) -> Counterexample | None:
    z3 = solver_library()
    before, after = solving.child.notes[concept], free_mentions(concept, "'")
    second = solving.child.with_notes({**solving.child.notes, concept: after})
    wanted = [
        z3.Implies(before.noted, after.noted),
        after.visits >= before.visits,
        z3.Implies(before.learned, after.learned),
        *second.domain(),
    ]
    readers = [rule for rule in solving.rules if concept in rule.condition.concepts]
    return solving.lowering(solving.child, second, wanted, readers)


def _completing_ends_nothing(solving: Solving) -> Proof:
    z3 = solver_library()
    later = {
        name: Field(z3.Or(one.known, z3.Bool(f"{_whole(name)} found out")), one.value)
        for name, one in solving.child.fields.items()
        if solving.pack.indicators[name].unrecorded == "unknown"
    }
    second, witness = solving.child.with_fields(later), solving.witness
    failures = []
    for rule in solving.rules:
        unmet = solving.unmet([rule], second)
        model = solving.find(solving.met(rule), *unmet, *second.domain())
        if model is not None:
            before, change = pair(model, solving.child, second)
            found = smallest(before, change, partial(_is_ended, witness, rule))
            text = {"en": "met, until more is known", "zh": "信息补全后不再成立"}
            shown = Counterexample(found, rule.tier or rule.lane, change)
            failures.append(Failure(rule.id, text, shown))
    return Proof(_COMPLETING, len(solving.rules), tuple(failures))


def _whole(name: str) -> str:
    """One name for the two of an age: they are found out together."""
    return "age" if name in AGES else name


def _is_ended(witness: Witness, rule: Rule, given: Given, change: Given) -> bool:
    return witness.meets(rule, given) and not witness.meets(rule, {**given, **change})


def _notes_alone(solving: Solving) -> Proof:
    derived = [n for n in solving.child.fields if solving.pack.indicators[n].kind == "derived"]
    silent, quiet = solving.silent(derived), solving.without_notes()
    failures = []
    for place in range(ROUTINE):
        weak = [_too_weak(solving, name, place) for name in solving.child.notes]
        unmet = solving.unmet(solving.at_least(place), quiet)
        for rule in solving.at_least(place):
            model = solving.find(solving.met(rule), *unmet, *weak, *silent)
            if model is not None:
                text = {
                    "en": f"notes that may not reach {TIERS[place]} alone do",
                    "zh": f"单凭走访记录就达到了不允许的等级：{tier_word(TIERS[place], 'zh')}",
                }
                given, without = solving.child.given(model), {"noted": None}
                found = smallest(given, without, solving.witness.is_lowered)
                shown = Counterexample(found, TIERS[place])
                failures.append(Failure(rule.id, text, shown))
    return Proof(_NOTES, len(solving.child.notes), tuple(failures))


def _too_weak(solving: Solving, name: str, place: int) -> Term:
    """That the mentions of a concept may not reach a tier by themselves."""
    z3 = solver_library()
    concept, note = solving.pack.concepts[name], solving.child.notes[name]
    if concept.note_limit is None or TIERS.index(concept.note_limit) > place:
        return z3.BoolVal(True)
    when, age = concept.note_limit_when or {}, solving.child.fields.get("age_years")
    if "age_under" in when:
        if age is None:  # no rule reads it: never known to be under the limit
            return z3.BoolVal(True)
        under = z3.And(age.known, age.value < when["age_under"])
        return z3.Implies(under, z3.Not(note.noted))
    return note.visits < when["visits"] if "visits" in when else z3.Not(note.noted)


_PROPERTIES: tuple[tuple[Texts, Property], ...] = (
    (_REACHABLE, _reachable),
    (_UNCOVERED, _uncovered),
    (_PARTS, _parts_matter),
    (_HARM, _harm_never_lowers),
    (_COMPLETING, _completing_ends_nothing),
    (_NOTES, _notes_alone),
)

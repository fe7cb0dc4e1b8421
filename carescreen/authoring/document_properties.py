"""What a pack promises of itself, in words, and what was proved of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carescreen.authoring.document_facts import group_title
from carescreen.authoring.document_pack import ShownPack
from carescreen.authoring.document_texts import listed, words
from carescreen.authoring.findings import Counterexample, Proof, Proofs
from carescreen.authoring.statements import Statement, read_statements
from carescreen.authoring.words import Clause
from carescreen.conditions import Condition
from carescreen.indicators import Texts
from carescreen.review.texts import LANGUAGES, clauses, day


@dataclass(frozen=True)
class Failing:
    """What shows that a property does not hold."""

    words: Texts
    shown_by: tuple[Texts, ...]


@dataclass(frozen=True)
class Proved:
    """What was found about a property."""

    title: Texts
    holds: bool
    remarks: tuple[Texts, ...]
    failures: tuple[Failing, ...]


@dataclass(frozen=True)
class Promise:
    """A statement of the pack; `proved` is None where nothing was put to the prover."""

    title: Texts
    claim: Texts
    only: Texts | None
    clause: Mapping[str, Clause] | None
    proved: Proved | None


@dataclass(frozen=True)
class Promises:
    """The properties of a pack: the general ones stand here once proved."""

    own: tuple[Promise, ...]
    general: tuple[Proved, ...]
    standing: Texts


def promises(shown: ShownPack, proofs: Proofs | None) -> Promises:
    """The properties of a pack in words, with what was proved of them."""
    statements = read_statements(shown.rules.pack, shown.rules.concepts)
    if proofs is None:
        own = tuple(_promise(one, shown, None) for one in statements)
        return Promises(own, (), words("properties_not_proved"))
    proved = [_proved(proof, shown) for proof in proofs.proofs]
    first = len(proved) - len(statements)  # the general ones come first
    pairs = zip(statements, proved[first:], strict=True)
    on = {language: day(proofs.day, language) for language in LANGUAGES}
    return Promises(
        tuple(_promise(one, shown, found) for one, found in pairs),
        tuple(proved[:first]),
        words("properties_proved", day=on, total=len(proved), failed=proofs.failed),
    )


def _promise(one: Statement, shown: ShownPack, proved: Proved | None) -> Promise:
    when = one.when
    return Promise(
        title=one.title,
        claim=_claim(one, shown),
        only=None if one.only is None else words("claim_only", names=_names(one.only, shown)),
        clause=None if when is None else _clause(when, shown),
        proved=proved,
    )


def _clause(when: Condition, shown: ShownPack) -> Mapping[str, Clause]:
    return shown.in_words(lambda wording: wording.clause(when.root))


def _claim(one: Statement, shown: ShownPack) -> Texts:
    if one.reaches is not None:
        return words("claim_reaches", tier=words(f"tier_{one.reaches}"))
    if one.at_most is not None:
        return words("claim_at_most", tier=words(f"tier_{one.at_most}"))
    if one.worsens is not None:
        before, after = (_child(given, shown) for given in (one.worsens.before, one.worsens.after))
        return words("claim_worsens", before=before, after=after)
    return words("claim_whatever", names=_names(one.whatever, shown))


def _names(names: tuple[str, ...], shown: ShownPack) -> Texts:
    return listed(shown.rules.indicators[name].title for name in names)


def _child(given: Mapping[str, Any], shown: ShownPack) -> Texts:
    """What is recorded of a child, in one line."""
    said = shown.in_words(lambda wording: wording.child(given))
    nothing = words("example_nothing")
    return {
        language: clauses(said[language], language) or nothing[language] for language in LANGUAGES
    }


def _proved(proof: Proof, shown: ShownPack) -> Proved:
    failures = tuple(
        Failing(
            _about(failure.subject, failure.text, shown), _shown_by(failure.counterexample, shown)
        )
        for failure in proof.failures
    )
    return Proved(proof.title, not failures, proof.remarks, failures)


def _about(subject: str, text: Texts, shown: ShownPack) -> Texts:
    colon = {"zh": "：", "en": ": "}
    return {
        language: (subject and subject + colon[language]) + shown.without_folders(text[language])
        for language in LANGUAGES
    }


def _shown_by(found: Counterexample | None, shown: ShownPack) -> tuple[Texts, ...]:
    if found is None:
        return ()
    first = words("counterexample", child=_with_tier(found.given, found.tier, shown))
    if found.change is None:
        return (first,)
    after = _with_tier(found.change, found.tier_after or "", shown)
    return first, words("then", child=after)


def _with_tier(given: Mapping[str, Any], tier: str, shown: ShownPack) -> Texts:
    child = _child(given, shown)
    if not tier:
        return child
    reached = group_title(tier)
    return {language: f"{child[language]} → {reached[language]}" for language in LANGUAGES}

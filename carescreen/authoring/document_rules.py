"""One rule as the page shows it, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carescreen.authoring.document_pack import Place, ShownPack, State
from carescreen.authoring.document_texts import listed, words
from carescreen.authoring.words import Clause
from carescreen.errors import PackError
from carescreen.examples import example_data
from carescreen.indicators import Indicator, Texts
from carescreen.lexicon import Concept
from carescreen.pack import TIERS
from carescreen.review.texts import LANGUAGES, day
from carescreen.review.wording import article
from carescreen.rulefile import Example, Rule
from carescreen.syntax import atoms_of


@dataclass(frozen=True)
class Citation:
    """A source: what it is called and where in it, its address, whether its text was read."""

    words: Texts
    number: str | None
    url: str | None
    verified: bool


@dataclass(frozen=True)
class Situation:
    """An example: what is told, what is recorded, what the rule says."""

    text: Texts
    given: Mapping[str, list[str]]
    outcome: Texts


@dataclass(frozen=True)
class Reads:
    """Indicators that count alike, under a sentence that says how."""

    words: Texts
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True)
class RuleEntry:
    """A rule with all that the page says of it."""

    rule: Rule
    state: State
    clause: Mapping[str, Clause]
    sources: tuple[Citation, ...]
    hours: Texts
    notes: tuple[Texts, ...]
    reads: tuple[Reads, ...]
    examples: tuple[Situation, ...]
    written_for: Texts | None
    in_force: Texts
    replaces: Rule | None
    covered_by: Rule | None
    written_in: Place


def rule_entry(rule: Rule, shown: ShownPack) -> RuleEntry:
    """A rule in words."""
    place = shown.place(rule.place)
    return RuleEntry(
        rule=rule,
        state=shown.state(rule),
        clause=shown.in_words(lambda wording: wording.clause(rule.condition.root)),
        sources=tuple(map(_citation, rule.source)),
        hours=_hours(rule, shown),
        notes=tuple(_note_words(shown.rules.concepts[name], rule) for name in concepts_of(rule)),
        reads=_reads(rule, shown),
        examples=tuple(_situation(example, shown) for example in rule.examples),
        written_for=_written_for(rule, shown),
        in_force=words("in_force", words=_in_force(rule)),
        replaces=shown.by_id.get(rule.replaces or ""),
        covered_by=shown.by_id.get(rule.covered_by or ""),
        written_in=place,
    )


def concepts_of(rule: Rule) -> tuple[str, ...]:
    """The note concepts a rule reads, in the order of its condition."""
    atoms = atoms_of(rule.condition.root)
    return tuple(dict.fromkeys(atom.concept for atom in atoms if atom.concept))


def indicators_of(rule: Rule) -> tuple[str, ...]:
    """The indicators a rule reads, in the order of its condition."""
    atoms = atoms_of(rule.condition.root)
    return tuple(dict.fromkeys(name for atom in atoms for name in atom.indicators))


def _citation(source: Mapping[str, Any]) -> Citation:
    return Citation(
        words={language: article(source, language) for language in LANGUAGES},
        number=None if source["number"] is None else str(source["number"]),
        url=None if source["url"] is None else str(source["url"]),
        verified=source["verified"],
    )


def _hours(rule: Rule, shown: ShownPack) -> Texts:
    if rule.tier is None:
        return words("how_soon_none")
    usual = getattr(shown.rules.settings.tier_hours, rule.tier)
    return words("how_soon_ours" if rule.hours == usual else "how_soon_own", count=rule.hours)


def _note_words(concept: Concept, rule: Rule) -> Texts:
    title = concept.title
    if rule.tier is None:
        return words("note_no_tier", title=title)
    if concept.note_limit is None:
        return words("note_none", title=title)
    if TIERS.index(concept.note_limit) > TIERS.index(rule.tier):
        return words("note_weaker", title=title, tier=words(f"tier_{concept.note_limit}"))
    when = concept.note_limit_when or {}
    if "age_under" in when:
        return words("note_alone_age", title=title, count=when["age_under"])
    if "visits" in when:
        return words("note_alone_visits", title=title, count=when["visits"])
    return words("note_alone", title=title)


def _reads(rule: Rule, shown: ShownPack) -> tuple[Reads, ...]:
    groups: dict[str, list[Indicator]] = {}
    for name in indicators_of(rule):
        indicator = shown.rules.indicators[name]
        groups.setdefault(_counts_as(indicator), []).append(indicator)
    days = shown.rules.settings.event_window_days
    return tuple(Reads(words(key, count=days), tuple(found)) for key, found in groups.items())


def _counts_as(indicator: Indicator) -> str:
    if indicator.kind != "event":
        return f"reads_{indicator.kind}"
    if indicator.unrecorded == "unknown":
        return "reads_event_unknown"
    return f"reads_event_{indicator.hold}"


def _situation(example: Example, shown: ShownPack) -> Situation:
    try:
        example_data(example.given, shown.rules.indicators, shown.rules.concepts)
    except PackError as error:
        raise PackError(f"{example.place}: {error}; 'rules check' tells every such place") from None
    given = shown.in_words(lambda wording: wording.child(example.given))
    return Situation(example.text, given, words(example.expect))


def _written_for(rule: Rule, shown: ShownPack) -> Texts | None:
    """The numbers of the pack that wrote the rule, where this pack has changed one of them."""
    own = shown.rules.pack.thresholds_in(shown.file_of(rule.place).path.parent)
    changed = [
        own[now.id] for now in rule.thresholds if own.get(now.id, now).value != now.value
    ]  # fmt: skip
    if not changed:
        return None
    numbers: list[Texts] = [
        {language: f"{old.title[language]} {old.value:g}" for language in LANGUAGES}
        for old in changed
    ]
    return words("ours_written", numbers=listed(numbers))


def _in_force(rule: Rule) -> Texts:
    start, end = rule.in_force
    dates = {
        name: {language: day(value, language) for language in LANGUAGES}
        for name, value in (("start", start), ("end", end))
    }
    if start and end:
        return words("in_force_both", **dates)
    if start:
        return words("in_force_from", start=dates["start"])
    return words("in_force_to", end=dates["end"]) if end else words("in_force_open")

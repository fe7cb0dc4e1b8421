"""What is recorded and what notes can mention, as the page explains it: indicators and concepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from carescreen.authoring.document_pack import ShownPack
from carescreen.authoring.document_rules import concepts_of, indicators_of
from carescreen.authoring.document_texts import listed, word_or, words
from carescreen.authoring.words import Wording
from carescreen.indicators import Indicator, Texts
from carescreen.lexicon import Concept
from carescreen.review.texts import LANGUAGES, items
from carescreen.rulefile import Rule

_HAN = re.compile(r"[\u3400-\u9fff]")
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class IndicatorEntry:
    """An indicator: label and text of each fact about it, and the rules that read it."""

    indicator: Indicator
    facts: tuple[tuple[Texts, Texts], ...]
    why: Texts
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class ConceptEntry:
    """A concept: how far a note alone may go, how long it counts, and the rules that read it."""

    concept: Concept
    alone: Texts
    holds_for: Texts
    rules: tuple[Rule, ...]


def indicators(shown: ShownPack) -> list[tuple[Texts, list[IndicatorEntry]]]:
    """Every declared indicator, by what it is about."""
    groups: dict[str, list[IndicatorEntry]] = {}
    for indicator in shown.rules.indicators.values():
        entry = IndicatorEntry(
            indicator,
            tuple(_facts(indicator, shown)),
            why(indicator),
            shown.readers(indicators_of, indicator.id),
        )
        groups.setdefault(indicator.level, []).append(entry)
    return [(word_or(f"level_{level}", level), entries) for level, entries in groups.items()]


def concepts(shown: ShownPack) -> tuple[ConceptEntry, ...]:
    """The concepts that rules read."""
    every = (
        ConceptEntry(
            concept,
            _alone(concept),
            _holds_for(concept, shown),
            shown.readers(concepts_of, concept.id),
        )
        for concept in shown.rules.concepts.values()
    )
    return tuple(entry for entry in every if entry.rules)


def why(indicator: Indicator) -> Texts:
    """Why it is recorded, in the one language that the pack says it in."""
    said = indicator.why
    return {"zh" if _HAN.search(said) else "en": said} if said else {}


def _facts(indicator: Indicator, shown: ShownPack) -> Iterator[tuple[Texts, Texts]]:
    yield words("kind"), _kind(indicator, shown)
    yield words("values"), _values(indicator, shown)
    yield words("blank"), _blank(indicator, shown)
    if indicator.kind != "derived" and indicator.type not in ("date", "datetime", "string"):
        yield words("order"), _order(indicator, shown)
    level = indicator.sensitivity
    yield words("sensitivity"), words(f"sensitivity_{level}")
    yield words("family"), words(f"family_{indicator.family}")


def _kind(indicator: Indicator, shown: ShownPack) -> Texts:
    if indicator.kind != "event":
        return words(f"kind_{indicator.kind}")
    if indicator.hold != "window":
        return words(f"kind_event_{indicator.hold}")
    return words("kind_event_window", count=shown.rules.settings.event_window_days)


def _values(indicator: Indicator, shown: ShownPack) -> Texts:
    if indicator.type in ("enum", "set"):
        named = _titles(indicator, indicator.values, shown)
        return named if indicator.type == "enum" else words("type_set", words=named)
    kind = words(f"type_{indicator.type}")
    if indicator.range is None:
        return kind
    low, high = (f"{end:g}" for end in indicator.range)
    if indicator.unit is None:
        span = words("range", low=low, high=high)
    else:
        unit = word_or(f"unit_{indicator.unit}", indicator.unit)
        span = words("range_unit", low=low, high=high, unit=unit)
    return listed([kind, span])


def _titles(indicator: Indicator, values: tuple[str, ...], shown: ShownPack) -> Texts:
    def titled(wording: Wording) -> str:
        return items([wording.value(indicator, value) for value in values], wording.language)

    return shown.in_words(titled)


def _blank(indicator: Indicator, shown: ShownPack) -> Texts:
    said = words("blank_unknown")
    if indicator.unrecorded == "not_observed":
        said = words("blank_baseline", word=_baseline(indicator, shown))
    if not indicator.missing:
        return said
    also = words(
        "blank_also", words=listed(_missing(indicator, word) for word in indicator.missing)
    )
    joined = {"zh": "；", "en": "; "}
    return {language: said[language] + joined[language] + also[language] for language in LANGUAGES}


def _missing(indicator: Indicator, word: str) -> Texts:
    """A word that means "not known": in the pack's own words, or in ours where it has none."""
    titles = (indicator.value_titles or {}).get(word)
    return titles or word_or(f"missing_{word}", word)


def _baseline(indicator: Indicator, shown: ShownPack) -> Texts:
    baseline = indicator.baseline
    if isinstance(baseline, str):
        return _titles(indicator, (baseline,), shown)
    if isinstance(baseline, float):
        return dict.fromkeys(LANGUAGES, f"{baseline:g}")
    return words("nothing")


def _order(indicator: Indicator, shown: ShownPack) -> Texts:
    if indicator.risk_order is not None:
        return words("order_words", words=_titles(indicator, indicator.risk_order, shown))
    return words(f"order_{indicator.risk_direction or 'none'}")


def _alone(concept: Concept) -> Texts:
    if concept.note_limit is None:
        return words("alone_none")
    tier, when = words(f"tier_{concept.note_limit}"), concept.note_limit_when or {}
    if "age_under" in when:
        return words("alone_age", tier=tier, count=when["age_under"])
    if "visits" in when:
        return words("alone_visits", tier=tier, count=when["visits"])
    return words("alone_tier", tier=tier)


def _holds_for(concept: Concept, shown: ShownPack) -> Texts:
    said = words(f"hold_{concept.hold}", count=shown.rules.settings.mention_window_days)
    answered = concept.answered_by
    if answered is None or concept.hold != "until_closed":
        return said
    if answered.indicator not in shown.rules.indicators:
        return said
    number = _NUMBER.fullmatch(answered.value)
    value = float(answered.value) if number else answered.value
    answer = shown.in_words(lambda wording: wording.field(answered.indicator, value))
    also = words("hold_answered", answer=answer)
    joined = {"zh": "；", "en": ", "}
    return {language: said[language] + joined[language] + also[language] for language in LANGUAGES}

"""What each entry of a record says, written once: its keys, in their order.

Whoever writes records as dictionaries fills them with values; whoever writes their texts fills them
with marks, and knows by where those end up how to write the text of such an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carescreen.disputes import Dispute
from carescreen.indicators import Indicator, Texts
from carescreen.lexicon import Concept
from carescreen.rulefile import Rule

Record = dict[str, Any]

SEEN: Mapping[float, str] = {1.0: "yes", 0.0: "no"}

SIBLING_QUESTION: Texts = {
    "en": "Something was noted about another child of this household. How are the others cared for?",
    "zh": "记录里提到了本户另一名孩子的一些情况。其他孩子的照料情况如何？",
}
SIBLING: Record = {
    "rule": None,
    "code": "SIB",
    "tier": "priority",
    "question": dict(SIBLING_QUESTION),
    "why": "sibling_mention",
    "sensitive": False,
}


def visit_entry(visit_id: Any, date: Any, seen: Any) -> Record:
    """A recent visit: its day, and whether the child was seen, where that is said."""
    return {"visit_id": visit_id, "date": date, "seen": seen}


def raised_entry(tier: Any, date: Any) -> Record:
    """The tier that a person raised a child to."""
    return {"tier": tier, "date": date}


def concern_entry(
    rule: Rule, *, note_alone: Any, first_on: Any, last_on: Any, evidence: list[Record]
) -> Record:
    """A met rule, of any lane, with what meets it."""
    return {
        "rule": rule.id,
        "code": rule.code,
        "tier": rule.tier,
        "title": dict(rule.title),
        "act": dict(rule.act),
        "source": [dict(source) for source in rule.source],
        "mandatory": rule.mandatory,
        "sensitive": rule.sensitive,
        "note_alone": note_alone,
        "threshold_by": rule.threshold_by,
        "first_on": first_on,
        "last_on": last_on,
        "evidence": evidence,
    }


def value_entry(
    indicator: Indicator,
    *,
    value: Any,
    value_title: Any,
    date: Any,
    table: str,
    visit_id: Any,
    earlier: bool,
) -> Record:
    """The value of an indicator that a rule read, and where it stands."""
    return {
        "indicator": indicator.id,
        "title": dict(indicator.title),
        "value": value,
        "value_title": value_title,
        "unit": indicator.unit,
        "date": date,
        "table": table,
        "visit_id": visit_id,
        **_earlier(earlier),
    }


def mention_entry(
    concept: Concept,
    *,
    status: Any,
    quote: Any,
    start: Any,
    clause: Any,
    clause_start: Any,
    visit_id: Any,
    date: Any,
    found_by: Any,
    held: Any,
    other_child: Any,
    earlier: bool,
) -> Record:
    """A mention of a note: the exact words, and the clause around them."""
    return {
        "concept": concept.id,
        "title": dict(concept.title),
        "status": status,
        "quote": quote,
        "start": start,
        "clause": clause,
        "clause_start": clause_start,
        "visit_id": visit_id,
        "date": date,
        "found_by": found_by,
        "polarity": concept.polarity,
        "severity": concept.severity,
        "sensitive": concept.sensitive,
        "held": held,
        "other_child": other_child,
        **_earlier(earlier),
    }


def _earlier(earlier: bool) -> Record:
    """Says of what stands in an earlier wording of an amended visit that it does."""
    return {"earlier_wording": True} if earlier else {}


def closed_entry(rule: Rule, decided_at: Any) -> Record:
    """A met rule that a person closed."""
    return {
        "rule": rule.id,
        "code": rule.code,
        "title": dict(rule.title),
        "sensitive": rule.sensitive,
        "decided_at": decided_at,
    }


def question_entry(rule: Rule) -> Record:
    """The question that would settle an undecided rule."""
    return {
        "rule": rule.id,
        "code": rule.code,
        "tier": rule.tier,
        "question": dict(rule.ask),
        "why": "state_unknown",
        "sensitive": rule.sensitive,
    }


def contribution_entry(
    name: str, title: Texts, *, points: Any, sensitive: bool, **value: Any
) -> Record:
    """What one feature of the model adds: `value`, and of the notes `words`."""
    return {
        "feature": name,
        "title": dict(title),
        "points": points,
        "sensitive": sensitive,
        **value,
    }


def dispute_entry(entry: Dispute) -> Record:
    """What somebody says is wrong, and what was answered."""
    days = {"said_on": entry.said_on, "answered_on": entry.answered_on}
    return {
        "kind": entry.kind,
        "words": entry.words,
        "result": entry.result,
        "answer": entry.answer,
        **{name: str(day) if day else None for name, day in days.items()},
    }

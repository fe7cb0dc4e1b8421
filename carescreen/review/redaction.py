"""What an exported file may carry: no note text, and a code in place of a sensitive concern.

Redaction keeps what is on a list of harmless fields and drops the rest, so that a field added to
the record later stays inside until someone puts it on the list. An entry that does not say
`sensitive: false` counts as sensitive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from carescreen.review.reading import Record, display_code, entries, is_sensitive
from carescreen.review.texts import both

__all__ = ["display_code", "hidden_words", "redact", "words_of"]

_CHILD = (
    *("rank", "child_id", "household_id", "village_id", "caseworker_id", "tier", "state", "due_on"),
    *("score", "probability", "probability_low", "probability_high", "age_years"),
    *("days_since_seen", "last_seen_on", "recent_visits", "past_positions"),
    *("within_capacity", "just_below", "visit"),
    *("needs_data", "needs_data_reasons", "selected_by", "selection_probability"),
    *("intercept", "synthetic", "raised_by_person", "taken_on", "moved_on", "turns_18_on"),
    *("handed_over", "also_recorded", "conflicts", "waiting_since", "taken_on_before"),
)
_CONCERN = (
    *("rule", "code", "tier", "title", "act", "source", "sensitive", "note_alone"),
    *("first_on", "last_on", "threshold_by", "threshold_reason", "mandatory"),
)
_CLOSED = ("rule", "code", "title", "decided_at", "decision", "reason_given", "sensitive")
_QUESTION = ("rule", "code", "tier", "question", "why", "sensitive")
_VALUE = (
    "indicator",
    "title",
    "value",
    "value_title",
    "unit",
    "date",
    "table",
    "visit_id",
    "earlier_wording",
)
_MENTION = (
    *("concept", "title", "status", "visit_id", "date", "found_by"),
    *("polarity", "severity", "held", "other_child", "sensitive", "earlier_wording"),
)
_TOLD = ("decision", "decided_on", "by", "visited_on", "result", "tier", "reason_code")
_DISPUTE = ("kind", "said_on", "result", "answered_on")
_CONTRIBUTION = ("feature", "title", "points", "value", "sensitive")

# Keys under which an entry names what it is about; what one sensitive entry names is hidden in all.
_NAMES = ("rule", "concept", "indicator", "feature")
_WITH_EVIDENCE = ("concerns", "entitlements", "advice")
_LISTS = (*_WITH_EVIDENCE, "closed_concerns", "open_questions", "contributions", "mentions")


@dataclass(frozen=True)
class _Hidden:
    """Ids and titles that sensitive entries of one record use."""

    words: frozenset[str]

    def covers(self, entry: Record) -> bool:
        return not self.words.isdisjoint(words_of(entry))


def redact(record: Record) -> dict[str, Any]:
    """A copy of a record that may leave the office; the record itself is not changed.

    Sensitive concerns, questions and closed matters keep tier, code and a neutral title; sensitive
    contributions keep their points, so that they still add up to the score; so do learned phrases,
    without their words; sensitive mentions become a count; no quote or clause of a note is left.
    Idempotent.
    """
    hidden = _Hidden(frozenset(hidden_words(record)))
    kept = _only(record, _CHILD)
    for key in _WITH_EVIDENCE:
        neutral = "concern_neutral" if key == "concerns" else "help_neutral"
        kept[key] = [_concern(entry, hidden, neutral) for entry in entries(record, key)]
    for key, write in _WRITERS.items():
        kept[key] = [write(entry, hidden) for entry in entries(record, key)]
    shown = [m for m in entries(record, "mentions") if not _is_hidden(m, hidden)]
    kept["mentions"] = [_only(mention, _MENTION) for mention in shown]
    dropped = len(entries(record, "mentions")) - len(shown)
    kept["sensitive_mentions"] = int(record.get("sensitive_mentions") or 0) + dropped
    for key, fields in (("disputes", _DISPUTE), ("told", _TOLD)):  # free text may hold anything
        if record.get(key):
            kept[key] = [_only(entry, fields) for entry in record[key]]
    kept["redacted"] = True
    return kept


def hidden_words(record: Record) -> Iterable[str]:
    """Ids and titles that the sensitive entries of a record name: hidden in all of its entries."""
    neutral = _neutral_words()
    for key in _LISTS:
        for entry in entries(record, key):
            if is_sensitive(entry):
                yield from words_of(entry) - neutral
                for item in entries(entry, "evidence"):
                    yield from words_of(item) - neutral


def words_of(entry: Record) -> set[str]:
    """The id and the titles by which an entry says what it is about."""
    names = {str(entry[key]) for key in _NAMES if entry.get(key)}
    return names | {title for title in (entry.get("title") or {}).values() if title}


@cache
def _neutral_words() -> frozenset[str]:
    keys = ("concern_neutral", "closed_neutral", "help_neutral", "feature_neutral")
    return frozenset(word for key in keys for word in both(key).values())


def _is_hidden(entry: Record, hidden: _Hidden) -> bool:
    return is_sensitive(entry) or hidden.covers(entry)


def _only(entry: Record, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: entry[key] for key in keys if key in entry}


def _concern(entry: Record, hidden: _Hidden, neutral: str) -> dict[str, Any]:
    if _is_hidden(entry, hidden):
        return _neutral(entry, both(neutral))
    items = [item for item in entries(entry, "evidence") if not hidden.covers(item)]
    shown = [_only(item, _MENTION if item.get("concept") else _VALUE) for item in items]
    return {**_only(entry, _CONCERN), "evidence": shown}


def _closed(entry: Record, hidden: _Hidden) -> dict[str, Any]:
    if _is_hidden(entry, hidden):
        dates = _only(entry, ("decided_at", "decision", "reason_given"))
        return {**_neutral(entry, both("closed_neutral")), **dates}
    return _only(entry, _CLOSED)


def _question(entry: Record, hidden: _Hidden) -> dict[str, Any]:
    if _is_hidden(entry, hidden):
        return {**_neutral(entry, {}), "question": both("question_neutral"), "why": ""}
    return _only(entry, _QUESTION)


def _contribution(entry: Record, hidden: _Hidden) -> dict[str, Any]:
    if _is_hidden(entry, hidden):
        title = both("feature_neutral")
        return {
            "feature": "",
            "title": title,
            "points": entry["points"],
            "value": None,
            "sensitive": True,
        }
    kept = _only(entry, _CONTRIBUTION)
    return {**kept, "value": None} if "words" in entry else kept  # its value is words of a note


def _neutral(entry: Record, title: dict[str, str]) -> dict[str, Any]:
    return {
        **_only(entry, ("tier", "note_alone", "first_on", "last_on")),
        "rule": "",
        "code": display_code(entry),
        "title": title,
        "sensitive": True,
        "evidence": [],
    }


_WRITERS = {
    "closed_concerns": _closed,
    "open_questions": _question,
    "contributions": _contribution,
}

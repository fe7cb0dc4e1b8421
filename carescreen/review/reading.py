"""Reading a follow-up record: what is asked at the door, what moved the score, what is quoted.

A record is one line of ranking.jsonl. Keys that a record lacks read as empty, so that an earlier
run's file and a redacted record can be shown as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from carescreen.pack import TIERS
from carescreen.review.texts import as_day, both_counted

Record = Mapping[str, Any]

QUESTIONS_A_VISIT = 2  # a visit is not an interrogation
SHORT_QUOTE = 120  # characters of a clause that still read as one sentence inside a paragraph


@dataclass(frozen=True)
class Doorstep:
    """The open questions of one visit.

    asked            at most two, the highest tier first, none of them sensitive
    waiting          how many more ordinary questions there are
    sensitive_codes  codes of questions that are for the supervisor, not for the doorstep
    """

    asked: tuple[Record, ...]
    waiting: int
    sensitive_codes: tuple[str, ...]


@dataclass(frozen=True)
class Quote:
    """A clause of a note, cut at the words that were found; `marked` is exact note text."""

    before: str
    marked: str
    after: str


def entries(record: Record, key: str) -> Sequence[Record]:
    """The list under a key, empty where the record has none."""
    return record.get(key) or ()


def is_sensitive(entry: Record) -> bool:
    """Whether an entry is sensitive; one that does not say counts as sensitive.

    >>> is_sensitive({"sensitive": False}), is_sensitive({})
    (False, True)
    """
    return bool(entry.get("sensitive", True))


def is_hidden(entry: Record) -> bool:
    """Whether redaction has taken the name of an entry.

    >>> is_hidden({"rule": "", "sensitive": True}), is_hidden({"rule": "cn_a", "sensitive": True})
    (True, False)
    """
    return is_sensitive(entry) and not (entry.get("rule") or entry.get("feature"))


def display_code(concern: Record) -> str:
    """The neutral code of a concern, for files that may not name it.

    >>> display_code({"code": "G03", "rule": "cn_under8_unattended"})
    'G03'
    """
    return str(concern.get("code") or "G??")


def codes(record: Record) -> list[str]:
    """Neutral codes of the met rules, each once, in the record's order."""
    return list(dict.fromkeys(display_code(concern) for concern in entries(record, "concerns")))


def shown_concerns(record: Record, key: str = "concerns") -> list[Record]:
    """Concerns, advice or help as people read them: all that are hidden as one entry, counted."""
    found = entries(record, key)
    hidden = [entry for entry in found if is_hidden(entry)]
    if not hidden:
        return list(found)
    stem = "concern_hidden" if key == "concerns" else "help_hidden"
    merged = {
        **hidden[0],
        "title": both_counted(stem, len(hidden)),
        "code": codes_counted(display_code(entry) for entry in hidden),
    }
    place = next(number for number, entry in enumerate(found) if is_hidden(entry))
    rest = [entry for entry in found if not is_hidden(entry)]
    return [*rest[:place], merged, *rest[place:]]


def codes_counted(found: Iterable[str]) -> str:
    """Codes in their order, each once, with how often it stands there.

    >>> codes_counted(["G11", "G21", "G11"])
    'G11 ×2, G21'
    """
    counts = Counter(found)
    return ", ".join(code if n == 1 else f"{code} ×{n}" for code, n in counts.items())


def doorstep(record: Record) -> Doorstep:
    """Choose the questions of one visit: at most two, the highest tier first, none sensitive."""
    questions = sorted(entries(record, "open_questions"), key=_tier_place)
    ordinary = [question for question in questions if not is_sensitive(question)]
    sensitive = dict.fromkeys(display_code(q) for q in questions if is_sensitive(q))
    asked = tuple(ordinary[:QUESTIONS_A_VISIT])
    return Doorstep(asked, len(ordinary) - len(asked), tuple(sensitive))


def _tier_place(question: Record) -> int:
    tier = question.get("tier")
    return TIERS.index(tier) if tier in TIERS else len(TIERS)


def contributions(record: Record) -> list[Record]:
    """Contributions that are not zero, the largest first whatever their sign."""
    moved = [entry for entry in entries(record, "contributions") if entry["points"]]
    return sorted(moved, key=lambda entry: (-abs(entry["points"]), str(entry.get("feature"))))


def other_mentions(record: Record) -> list[Record]:
    """Mentions that no concern already quotes, the newest first."""
    shown = {
        _mention_key(item)
        for concern in entries(record, "concerns")
        for item in entries(concern, "evidence")
        if item.get("concept")
    }
    rest = [m for m in entries(record, "mentions") if _mention_key(m) not in shown]
    return sorted(rest, key=lambda mention: str(mention.get("date") or ""), reverse=True)


def _mention_key(mention: Record) -> tuple[Any, ...]:
    return tuple(mention.get(key) for key in ("concept", "visit_id", "clause_start", "quote"))


def quote_of(item: Record) -> Quote | None:
    """The clause of a mention with the found words set apart; None where the file holds no quote.

    `start` (offset in the note, like `clause_start`) settles which occurrence it is; without it the
    first one is taken.
    """
    quote, clause = item.get("quote") or "", item.get("clause") or ""
    if not quote:
        return None
    start = _place_in_clause(item, quote, clause)
    if start < 0:
        return Quote("", quote, "")
    end = start + len(quote)
    return Quote(clause[:start], clause[start:end], clause[end:])


def _place_in_clause(item: Record, quote: str, clause: str) -> int:
    if item.get("start") is not None and item.get("clause_start") is not None:
        start = int(item["start"]) - int(item["clause_start"])
        if start >= 0 and clause[start : start + len(quote)] == quote:
            return start
    return clause.find(quote)


def short_quote(item: Record) -> str:
    """Exact characters of the note for a line of text: a short clause, else the words found."""
    quote, clause = str(item.get("quote") or ""), str(item.get("clause") or "")
    return clause if quote in clause and len(clause) <= SHORT_QUOTE else quote


def days_overdue(record: Record, as_of: date | None) -> int:
    """Days by which the due date lies before the list's date; 0 where it does not or is blank."""
    due = as_day(record.get("due_on"))
    return max((as_of - due).days, 0) if as_of and due else 0

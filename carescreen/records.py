"""The full reasons of each follow-up, as one JSON object a child: what lists and people read.

Every concern carries the values its rule read, with dates and visits, and the exact words of notes;
contributions and intercept add up to the score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from carescreen.block import Block, to_days
from carescreen.columns import SOURCE_TABLES, Column, Values, Words
from carescreen.conditions import Atom
from carescreen.conflicts import conflicts_in
from carescreen.disputes import disputes_of
from carescreen.engine import Engine
from carescreen.followups import IMMEDIATE, ROUTINE, FollowUps
from carescreen.holding import FOUND_BY, STATUSES, ChildMentions
from carescreen.indicators import Indicator
from carescreen.ngrams import phrase_spans
from carescreen.notes import clause_of
from carescreen.pack import TIERS
from carescreen.records_entries import (
    SEEN,
    Record,
    closed_entry,
    concern_entry,
    contribution_entry,
    dispute_entry,
    mention_entry,
    raised_entry,
    value_entry,
    visit_entry,
)
from carescreen.records_questions import questions_of, shown_questions, siblings_to_ask_about
from carescreen.rules import Rule
from carescreen.sheet import places
from carescreen.steps import MICRO
from carescreen.told import told_of
from carescreen.waiting import taken_on

__all__ = [
    "MAX_MENTIONS",
    "MAX_QUOTES",
    "MAX_VISITS",
    "Record",
    "conflicts_of",
    "display_name",
    "feature_word",
    "reason_codes",
    "records",
    "value_of_notes",
    "value_words",
]

MAX_MENTIONS = 20  # a record shows the newest ones; all held ones are always among them
MAX_QUOTES = 3  # quotes under one concern, newest first
MAX_VISITS = 3  # the newest visits with a date

# The keys of a record in their order; SAID follow where somebody said something, WHOLE come last.
REASONS = (
    *("age_years", "last_seen_on", "recent_visits", "taken_on", "moved_on", "moved_to"),
    *("turns_18_on", "raised_by_person", "concerns", "closed_concerns", "open_questions"),
    *("entitlements", "advice", "intercept", "contributions", "mentions"),
)
SAID = ("disputes", "conflicts", "told", "taken_on_before")
WHOLE = ("needs_data_reasons", "synthetic")


def records(
    engine: Engine, follow_ups: FollowUps, children: Iterable[int] | None = None
) -> Iterator[Record]:
    """The part of each child's record that does not depend on its rank, in the block's order.

    Of all children, or of those at some positions.
    """
    writer = _Writer(engine, follow_ups)
    for child in range(follow_ups.cases.n) if children is None else children:
        yield writer.record(child)


class _Writer:
    """Holds what every record of a block shares."""

    def __init__(self, engine: Engine, follow_ups: FollowUps) -> None:
        self.engine, self.found = engine, follow_ups
        self.cases, self.block = follow_ups.cases, follow_ups.cases.block
        self.concepts = list(engine.rules.concepts.values())
        wordings = self.block.wordings.rows
        self.notes, self.visit_ids = wordings["note"], wordings["visit_id"]
        self.age = self.cases.number("age_years")
        self.names = engine.kit.feature_names
        self.points = follow_ups.weights
        self.questions = questions_of(engine, follow_ups)
        self.siblings = siblings_to_ask_about(engine, follow_ups)
        self.seen = self.cases.columns["last_seen_on"].last_on
        self.turns_18_on = follow_ups.leaving.turns_18_on
        self.visit_days = self.block.visit_date
        self.visit_seen = self.block.visits["child_seen"]
        bounds = np.searchsorted(self.block.visit_child, np.arange(self.cases.n + 1))
        self.visit_bounds = bounds.tolist()
        self.disputes, self.conflicts = disputes_of(self.block), conflicts_of(self.block)
        self.taken_on = taken_on(self.block)
        self.told = told_of(self.block, engine.as_of)

    def record(self, child: int) -> Record:
        """One child's reasons."""
        return {
            "age_years": None if np.isnan(self.age[child]) else int(self.age[child]),
            "last_seen_on": _date(self.seen[child]),
            "recent_visits": self._recent_visits(child),
            "taken_on": _date(self.found.taken_on[child]),
            "moved_on": _date(self.found.leaving.moved_on[child]),
            "moved_to": self.found.leaving.moved_to[child],
            "turns_18_on": _date(self.turns_18_on[child]),
            "raised_by_person": self._raised(child),
            "concerns": self._concerns(child, "tier"),
            "closed_concerns": self._closed(child),
            "open_questions": self._open_questions(child),
            "entitlements": self._concerns(child, "entitlement"),
            "advice": self._concerns(child, "advice"),
            "intercept": self.engine.kit.intercept,
            "contributions": self._contributions(child),
            "mentions": self._mentions(child),
            **self._said_otherwise(child),
        }

    def _said_otherwise(self, child: int) -> Record:
        """What people recorded, say of the records and of who should visit; no key where nobody did."""
        is_new = self.found.tier[child] == IMMEDIATE and self.found.state[child] == "new"
        said = {
            "disputes": [dispute_entry(entry) for entry in self.disputes[child]],
            "conflicts": self.conflicts[child],
            "told": self.told.get(child),
            "taken_on_before": _date(self.taken_on[child]) if is_new else None,
        }
        return {key: entries for key, entries in said.items() if entries}

    def _recent_visits(self, child: int) -> list[Record]:
        """The newest visits first: their day, and whether the child was seen, where that is said."""
        first, end = self.visit_bounds[child : child + 2]
        rows = range(end - 1, max(first, end - MAX_VISITS) - 1, -1)
        return [
            visit_entry(
                self.visit_ids[row], str(self.visit_days[row]), SEEN.get(self.visit_seen[row])
            )
            for row in rows
            if not np.isnat(self.visit_days[row])
        ]

    def _raised(self, child: int) -> Record | None:
        raised = self.found.raised
        if raised.tier[child] >= ROUTINE:
            return None
        return raised_entry(TIERS[raised.tier[child]], _date(raised.on[child]))

    def _concerns(self, child: int, lane: str) -> list[Record]:
        numbers = np.flatnonzero(self.found.open[child])
        rules = self.engine.rules.rules
        chosen = [number for number in numbers if rules[number].lane == lane]
        chosen.sort(key=lambda number: (self.engine.kit.tier_of[number], number))
        return [self._concern(child, int(number), rules[number]) for number in chosen]

    def _concern(self, child: int, number: int, rule: Rule) -> Record:
        atoms = rule.condition.true_atoms(self.cases, child)
        return concern_entry(
            rule,
            note_alone=bool(self.found.outcomes.note_alone[child, number]),
            first_on=_date(self.found.dates.first_on[child, number]),
            last_on=_date(self.found.dates.last_on[child, number]),
            evidence=self._evidence(child, atoms),
        )

    def _evidence(self, child: int, atoms: tuple[Atom, ...]) -> list[Record]:
        entries: list[Record] = []
        shown: set[str] = set()
        for atom in atoms:
            if atom.concept is not None:
                entries.extend(self._quotes(child, atom))
                continue
            for name in atom.indicators:
                if name not in shown and name in self.cases.columns:
                    shown.add(name)
                    entries.append(self._value(child, self.engine.rules.indicators[name]))
        return entries

    def _value(self, child: int, indicator: Indicator) -> Record:
        column = self.cases.columns[indicator.id]
        value, titles = value_words(indicator, column, child)
        table = SOURCE_TABLES[column.source_table[child]]
        row = int(column.source_row[child])
        return value_entry(
            indicator,
            value=value,
            value_title=titles,
            date=_date(column.last_on[child]),
            table=table,
            visit_id=self.visit_ids[row] if table == "visits" else None,
            earlier=table == "visits" and self._is_earlier(row),
        )

    def _quotes(self, child: int, atom: Atom) -> list[Record]:
        part = self.found.mentions.of_child(child)
        mentions = self.found.mentions.take(part)
        number = self.engine.kit.concepts.names.index(str(atom.concept))
        wanted = self.found.holds[part] & (mentions.concept == number)
        rows = np.flatnonzero(wanted)[:MAX_QUOTES]
        return [self._mention(mentions, int(row), True) for row in rows]

    def _mention(self, mentions: ChildMentions, row: int, holds: bool) -> Record:
        concept = self.concepts[mentions.concept[row]]
        visit, start, end = int(mentions.visit[row]), mentions.start[row], mentions.end[row]
        text = self.notes[visit]
        clause_start, clause_end = clause_of(text, int(start), int(end))
        return mention_entry(
            concept,
            status=STATUSES[mentions.status[row]],
            quote=text[start:end],
            start=int(start),
            clause=text[clause_start:clause_end],
            clause_start=clause_start,
            visit_id=self.visit_ids[visit],
            date=_date(mentions.date[row]),
            found_by=FOUND_BY[mentions.found_by[row]],
            held=holds,
            other_child=bool(mentions.reached[row]),
            earlier=self._is_earlier(visit),
        )

    def _is_earlier(self, visit: int) -> bool:
        """Whether a row of the wordings is an earlier one of an amended visit."""
        return visit >= len(self.block.visits)

    def _mentions(self, child: int) -> list[Record]:
        part = self.found.mentions.of_child(child)
        if part.start == part.stop:
            return []
        mentions = self.found.mentions.take(part)
        holds = self.found.holds[part]
        rows = np.argsort(~holds, kind="stable")[: max(MAX_MENTIONS, int(holds.sum()))]
        return [self._mention(mentions, int(row), bool(holds[row])) for row in rows]

    def _closed(self, child: int) -> list[Record]:
        rules = self.engine.rules.rules
        return [
            closed_entry(rules[number], _date(self.found.closed_on[child, number]))
            for number in np.flatnonzero(self.found.closed[child])
        ]

    def _open_questions(self, child: int) -> list[Record]:
        most = self.engine.rules.settings.open_questions
        return shown_questions(self.questions.of_child(child), bool(self.siblings[child]), most)

    def _contributions(self, child: int) -> list[Record]:
        entries: list[Record] = []
        kit = self.engine.kit
        for place in np.flatnonzero(self.points[child]).tolist():
            name = self.names[place]
            entries.append(
                contribution_entry(
                    name,
                    kit.feature_titles[name],
                    points=int(self.points[child, place]) / MICRO,
                    sensitive=name in kit.sensitive_features,
                    **self._feature_value(name, child),
                )
            )
        entries.sort(key=lambda entry: (-abs(entry["points"]), entry["feature"]))
        return entries

    def _feature_value(self, name: str, child: int) -> Record:
        """What a child's feature holds; of the notes, the words that count, as they stand there."""
        if name in self.found.features:
            return {"value": feature_word(self.found.features[name], child)}
        return value_of_notes(self.engine, self.found, child)


def value_of_notes(engine: Engine, found: FollowUps, child: int) -> Record:
    """The learned phrases that move the score of a child, shortly and each with its words."""
    words = _words_in_notes(engine, found, child)
    quotes = [f"“{entry['quote']}”" for entry in words[:MAX_QUOTES]]
    more = ["…"] if len(words) > MAX_QUOTES else []
    return {"value": " ".join((*quotes, *more)), "words": words}


def _words_in_notes(engine: Engine, found: FollowUps, child: int) -> list[Record]:
    """Each learned phrase that moves the score, quoted from the newest note that holds it.

    Their points add up to those of all phrases; the heaviest comes first.
    """
    recent, block = found.notes, found.cases.block
    assert recent is not None
    shares = engine.kit.saved.tables.phrases.shares(recent.text(child))
    left = {phrase: points for phrase, points in shares.items() if points}
    entries: list[Record] = []
    for row in recent.of_child(child):
        for phrase, (start, end) in phrase_spans(recent.notes[row], left.keys()).items():
            entries.append(
                {
                    "phrase": phrase,
                    "points": left.pop(phrase) / MICRO,
                    "quote": recent.notes[row][start:end],
                    "start": start,
                    "visit_id": block.visits["visit_id"][row],
                    "date": _date(block.visit_date[row]),
                }
            )
    assert not left, "a phrase that scores stands in some note"
    entries.sort(key=lambda entry: (-abs(entry["points"]), entry["phrase"]))
    return entries


def conflicts_of(block: Block) -> list[list[Record]]:
    """Who has a conflict of interest about each child, and since when, where it is not over."""
    found: list[list[Record]] = [[] for _ in range(block.n)]
    rows = conflicts_in(block.decisions)
    if not len(rows):
        return found
    days = to_days(rows["decided_at"])
    for row, child in enumerate(places(block.children["child_id"], rows["child_id"]).tolist()):
        if child >= 0:
            found[child].append({"by": rows["decided_by"][row], "since": _date(days[row])})
    return found


def value_words(
    indicator: Indicator, column: Column, child: int
) -> tuple[str, dict[str, str] | None]:
    """A known value as text and, for words, in both languages."""
    value = column.values[child]
    if indicator.type == "enum":
        word = indicator.values[int(value)]
        return word, _titles(indicator, [word])
    if indicator.type == "set":
        words = [word for bit, word in enumerate(indicator.values) if int(value) >> bit & 1]
        return ";".join(words), _titles(indicator, words)
    if indicator.type in ("date", "datetime"):
        return str(value.astype("datetime64[D]")), None
    return f"{float(value):g}", None


def _titles(indicator: Indicator, words: list[str]) -> dict[str, str]:
    marks: Mapping[str, str] = {"en": ", ", "zh": "、"}
    return {
        language: mark.join(indicator.title_of(word, language) for word in words)
        for language, mark in marks.items()
    }


def feature_word(values: Values, child: int) -> str:
    """What a child's feature holds: a word, yes or no, or a number."""
    if isinstance(values, Words):
        code = int(values.codes[child])
        return values.words[code] if code >= 0 else "unknown"
    value = float(values[child])
    if math.isnan(value):
        return "unknown"
    if value == 1.0:
        return "yes"
    return "no" if value == 0.0 else str(value)


def _date(day: np.datetime64) -> str | None:
    return None if np.isnat(day) else str(day)


def reason_codes(record: Record, names: bool) -> str:
    """A record's reasons as one compact text for a table cell.

    With `names` False the names of sensitive rules and features give way to their neutral code.
    """
    parts = [f"rule:{display_name(entry, 'rule', names)}" for entry in record["concerns"]]
    if record["raised_by_person"]:
        parts.append(f"person:{record['raised_by_person']['tier']}")
    for entry in record["contributions"]:
        name = display_name(entry, "feature", names)
        parts.append(f"score:{entry['points']:+.3f} {name}")
    parts += [f"ask:{display_name(entry, 'rule', names)}" for entry in record["open_questions"]]
    parts += [f"needs_data:{reason}" for reason in record["needs_data_reasons"]]
    return ";".join(parts)


def display_name(entry: Record, key: str, names: bool) -> str:
    """The id of a rule or feature, or its neutral code where it is sensitive and names stay in."""
    if entry.get("sensitive") and not names:
        return str(entry.get("code") or "sensitive")
    return str(entry[key] or entry["code"])

"""Hypothesis strategies for caseloads of the small pack in `pack/`.

A caseload is drawn as plain rows of texts, as a person would have typed them, with what real tables
have: shared households, blanks, words that mean "not known", impossible dates, late entries, twins,
visits of children nobody listed. Notes are made of fragments whose mentions are known, so that
nothing here depends on how notes are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from carescreen.caseload import Caseload
from carescreen.fields import DECISIONS, FOLLOW_UP_DECISIONS

Row = dict[str, Any]
DAYS = (date(2026, 3, 15), date(2026, 1, 31), date(2024, 6, 30))  # the last: before a rule began
REQUIRED = {
    "children": ("child_id", "village_id", "birth_date"),
    "visits": ("visit_id", "child_id", "visit_date"),
    "households": ("household_id",),
    "outcomes": ("child_id", "outcome_date", "result"),
    "decisions": ("child_id", "decided_at", "decided_by", "decision"),
}
NAMES = tuple(REQUIRED)


@dataclass(frozen=True)
class Fragment:
    """A piece of a note, and the one mention in it (concept None: none)."""

    text: str
    concept: str | None = None
    status: str = ""
    quote: str = ""
    found_by: str = "phrase"


@dataclass(frozen=True)
class PlainMention:
    """A mention of a whole note: concept, status, and where its quote starts."""

    concept: str
    status: str
    start: int
    quote: str
    found_by: str


FRAGMENTS = (
    Fragment("今天走访，家里很整洁"),
    Fragment("Visited at noon 😀"),
    Fragment("孩子又挨打", "hitting", "affirmed", "挨打"),
    Fragment("怀疑被打", "hitting", "suspected", "被打"),
    Fragment("没有挨打", "hitting", "negated", "挨打"),
    Fragment("邻居家孩子被打", "hitting", "other", "被打"),
    Fragment("She was beaten", "hitting", "affirmed", "was beaten"),
    Fragment("她說爸爸又打他", "hitting", "affirmed", "爸爸又打他", "pattern"),
    Fragment("常常一个人在家", "alone", "affirmed", "一个人在家"),
    Fragment("可能一个人在家", "alone", "suspected", "一个人在家"),
    Fragment("perhaps home alone", "alone", "suspected", "home alone"),
    Fragment("never home alone", "alone", "negated", "home alone"),
    Fragment("父母吵架", "quarrel", "affirmed", "吵架"),
    Fragment("没有吵架", "quarrel", "negated", "吵架"),
    Fragment("去年吵架", "quarrel", "past", "吵架"),
    Fragment("a loud quarrel", "quarrel", "affirmed", "loud quarrel"),
    Fragment("提醒不要吵架", "quarrel", "hypothetical", "吵架"),
    Fragment("未见到孩子", "unseen", "affirmed", "未见到孩子"),
    Fragment("child not seen", "unseen", "affirmed", "child not seen"),
    Fragment("常饿肚子", "hunger", "affirmed", "饿肚子"),
    Fragment("perhaps goes hungry", "hunger", "suspected", "goes hungry"),
    Fragment("奶奶照顾得好", "good_care", "affirmed", "照顾得好"),
)
RAISED_RISKS = tuple(
    part
    for part in FRAGMENTS
    if part.concept not in (None, "good_care") and part.status in ("affirmed", "suspected")
)
_STOP = "。"
_BY_TEXT = {part.text: part for part in FRAGMENTS}


def mentions_in(note: str) -> list[PlainMention]:
    """The mentions of a note made of fragments, by looking each sentence up."""
    found, at = [], 0
    for sentence in note.split(_STOP):
        part = _BY_TEXT.get(sentence)
        if part is not None and part.concept is not None:
            start = at + sentence.index(part.quote)
            found.append(PlainMention(part.concept, part.status, start, part.quote, part.found_by))
        at += len(sentence) + len(_STOP)
    return found


def note_of(parts: Sequence[Fragment]) -> str:
    """Fragments as one note."""
    return _STOP.join(part.text for part in parts)


@dataclass(frozen=True)
class Tables:
    """The rows of the five tables, as typed."""

    children: tuple[Row, ...]
    visits: tuple[Row, ...] = ()
    households: tuple[Row, ...] = ()
    outcomes: tuple[Row, ...] = ()
    decisions: tuple[Row, ...] = ()
    more_columns: frozenset[tuple[str, str]] = frozenset()  # (table, column) that no row need have

    @property
    def columns(self) -> frozenset[tuple[str, str]]:
        """(table, column) of every column: those of some row, and those that must be there."""
        found = {(name, key) for name in NAMES for row in getattr(self, name) for key in row}
        return self.more_columns | found | {(n, key) for n in NAMES for key in REQUIRED[n]}

    def frames(self) -> dict[str, pd.DataFrame]:
        """The tables as DataFrames, their columns in alphabetical order."""
        columns = sorted(self.columns)
        return {
            name: pd.DataFrame(
                {
                    key: pd.Series([row.get(key) for row in getattr(self, name)], dtype=object)
                    for table, key in columns
                    if table == name
                }
            )
            for name in NAMES
        }

    def caseload(self) -> Caseload:
        """The tables as a caseload."""
        return Caseload(**self.frames())

    def with_rows(self, table: str, *rows: Row) -> Tables:
        """The same tables and some more rows."""
        return replace(self, **{table: (*getattr(self, table), *rows)})

    def joined(self, other: Tables) -> Tables:
        """The rows of this and then of another caseload."""
        rows = {name: (*getattr(self, name), *getattr(other, name)) for name in NAMES}
        return Tables(**rows, more_columns=self.more_columns | other.more_columns)

    def with_columns_of(self, other: Tables) -> Tables:
        """The same rows, in tables that have the columns of another caseload as well."""
        return replace(self, more_columns=self.more_columns | other.columns)

    def changed(self, table: str, place: int, **cells: Any) -> Tables:
        """The same tables with some cells of one row changed."""
        rows = list(getattr(self, table))
        rows[place] = {**rows[place], **cells}
        return replace(self, **{table: tuple(rows)})

    def mapped(self, change: Callable[[tuple[Row, ...]], Sequence[Row]]) -> Tables:
        """The same tables with each list of rows changed."""
        return replace(self, **{name: tuple(change(getattr(self, name))) for name in NAMES})


# --- cells ---------------------------------------------------------------------------------------

PAST = (0, 1, 2, 13, 14, 15, 20, 30, 31, 45, 60, 61, 89, 90, 91, 120, 200, 400, 729, 730, 731)
HOURS = ("", "", " 09:00:00", " 17:30:00")
AGES = (1, 200, 364, 365, 3 * 365, 3 * 365 + 1, 2920, 2921, 2922, 2923, 4000, 5500)
ADULT_AGES = (6484, 6485, 6573, 6574, 6575, 9000)  # around 18 years, and around 90 days before
ENUMS = {
    "sex": ("female", "male", "unknown"),
    "special_care": ("yes", "no", "unknown", "是", "否"),
    "home_water": ("piped", "well", "none"),
    "hit_seen": ("no", "no", "yes", "unknown"),
    "mood": ("calm", "low", "despair"),
    "left_alone_now": ("no", "yes"),
    "door_shut": ("no", "yes"),
    "papers": ("hukou", "allowance", "hukou;allowance"),
    "marks": ("bruise", "burn", "bite", "bruise;bite"),
    "alone_days": ("0", "1", "2", "7"),
    "debts": ("0", "5", "20.5", "99"),
    "helpers": ("0", "1", "2", "3"),
    "prior_concerns_24m": ("0", "1", "2"),
}
WRONG = ("?", "-5", "一二三")  # no enum word, no number in a range, no date
CHILD_FIELDS = ("sex", "special_care", "papers", "alone_days", "prior_concerns_24m")
HOUSE_FIELDS = ("home_water", "debts", "helpers")
VISIT_FIELDS = (
    "sex",
    "special_care",
    "papers",
    "marks",
    "hit_seen",
    "mood",
    "alone_days",
    "left_alone_now",
    "door_shut",
    "debts",
    "helpers",
)
RULES = (
    "hitting",
    "marks",
    "alone_young",
    "unseen_twice",
    "contact_gap",
    "quarrels_weigh",
    "no_warm_meal",
    "hungry",
    "earlier_concern",
    "allowance",
)


def day(as_of: date, ago: int) -> str:
    """The date some days before the as-of date (after it, where negative)."""
    return str(as_of - timedelta(days=ago))


def _past(as_of: date, wrong: bool = True) -> st.SearchStrategy[str]:
    days = [day(as_of, ago) for ago in PAST]
    return st.sampled_from([*days, *days, "not a date", "2026-02-30"] if wrong else days)


def _cell(name: str, wrong: bool = True) -> st.SearchStrategy[str]:
    words = ENUMS[name]
    return st.sampled_from((*words, *words, *words, *WRONG) if wrong else words)


def _meal(as_of: date) -> st.SearchStrategy[str]:
    return st.sampled_from([day(as_of, ago) for ago in (3, 10, 11, 29, 30, 31, 90)])


def child_fields() -> st.SearchStrategy[Row]:
    """Some indicators of a child."""
    return st.fixed_dictionaries({}, optional={name: _cell(name) for name in CHILD_FIELDS})


def household_fields() -> st.SearchStrategy[Row]:
    """Some indicators of a household."""
    return st.fixed_dictionaries({}, optional={name: _cell(name) for name in HOUSE_FIELDS})


def visit_fields() -> st.SearchStrategy[Row]:
    """Some indicators of a visit."""
    return st.fixed_dictionaries({}, optional={name: _cell(name) for name in VISIT_FIELDS})


def notes() -> st.SearchStrategy[str]:
    """Notes of one to three fragments."""
    return st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=3).map(note_of)


def _children(as_of: date, ids: Sequence[str]) -> st.SearchStrategy[Row]:
    births = [day(as_of, ago) for ago in (*AGES, *AGES, *ADULT_AGES)]
    return st.fixed_dictionaries(
        {
            "child_id": st.sampled_from(ids),
            "village_id": st.sampled_from(["V1", "V2"]),
            "household_id": st.sampled_from(["H1", "H1", "H2", None]),
        },
        optional={
            "birth_date": st.sampled_from([*births, *births, "1989-13-01"]),
            "age_years": st.sampled_from(["2", "7", "7.5", "12", "18"]),
            "recorded_at": _past(as_of),
            "caseworker_id": st.sampled_from(["W1", "W2"]),
            "last_meal_on": _meal(as_of),
            "last_seen_on": _past(as_of),
            **{name: _cell(name) for name in CHILD_FIELDS},
        },
    )


def _visits(as_of: date, ids: Sequence[str]) -> st.SearchStrategy[Row]:
    late = st.sampled_from([0, 0, 1, 5, 30])
    return st.fixed_dictionaries(
        {
            "child_id": st.sampled_from([*ids, *ids, *ids, "C9"]),
            "visit_date": _past(as_of),
            "child_seen": st.sampled_from(["yes", "no", None]),
        },
        optional={
            "late": late,
            "hour": st.sampled_from(HOURS),
            "note": notes(),
            "last_meal_on": _meal(as_of),
            **{name: _cell(name) for name in VISIT_FIELDS},
        },
    )


def _entered(row: Row) -> Row:
    """A visit's recorded_at from how late it was entered."""
    row = dict(row)
    hour, late = row.pop("hour", ""), row.pop("late", None)
    if late is None:
        return row
    try:
        visited = date.fromisoformat(str(row["visit_date"]))
    except ValueError:
        return {**row, "recorded_at": None}
    return {**row, "recorded_at": str(visited + timedelta(days=int(late))) + hour}


def _households(as_of: date) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {"household_id": st.sampled_from(["H1", "H2", "H9"])},
        optional={"recorded_at": _past(as_of), **{name: _cell(name) for name in HOUSE_FIELDS}},
    )


def _outcomes(as_of: date, ids: Sequence[str]) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "child_id": st.sampled_from([*ids, *ids, "C8"]),
            "outcome_date": _past(as_of),
            "result": st.sampled_from(["confirmed", "confirmed", "not_confirmed", "not_seen"]),
        },
        optional={"recorded_at": _past(as_of)},
    )


def _decisions(as_of: date, ids: Sequence[str]) -> st.SearchStrategy[Row]:
    close = {
        "decision": st.just("close"),
        "rule": st.sampled_from([*RULES, "no_such_rule"]),
        "confirmed_by": st.sampled_from(["S2", "S1", None]),
    }
    resolved = {
        "decision": st.just("close"),
        "concept": st.sampled_from(["hitting", "quarrel", "unseen"]),
        "confirmed_by": st.sampled_from(["S2", "s1", None]),
    }
    misread = {**resolved, "visit_id": st.sampled_from(["N0", "N1", "N2"])}
    plan = {
        "decision": st.just("plan"),
        "review_on": st.sampled_from([day(as_of, -9), day(as_of, 5)]),
    }
    others = {"decision": st.sampled_from(["agree", "acknowledge"])}
    override = {
        "decision": st.just("override"),
        "tier": st.sampled_from(["immediate", "urgent", "priority", "routine"]),
    }
    moved = {
        "decision": st.just("moved"),
        "result": st.sampled_from([None, None, "returned"]),
        "reason": st.sampled_from(["to her aunt", None]),
    }
    base = _decided(as_of, ids)
    about_follow_ups = st.one_of(
        *(
            st.fixed_dictionaries({**base, **kind})
            for kind in (close, close, resolved, misread, plan, others, override, moved)
        )
    )
    return about_follow_ups | told(as_of, ids)


def told(as_of: date, ids: Sequence[str]) -> st.SearchStrategy[Row]:
    """What a person recorded of a child that neither takes its follow-up on nor moves the child."""
    about = (*FOLLOW_UP_DECISIONS, "moved")
    words = [decision for decision in DECISIONS if decision not in about]
    kind = {
        "decision": st.sampled_from(words),
        "tier": st.sampled_from(["immediate", "urgent", "priority", "routine", None]),
        "rule": st.sampled_from([*RULES, None]),
        "concept": st.sampled_from(["hitting", None]),
        "visit_id": st.sampled_from(["N0", None]),
        "review_on": st.sampled_from([day(as_of, 5), None]),
        "confirmed_by": st.sampled_from(["S2", None]),
        "other_child_id": st.sampled_from([*ids, None]),
    }
    return st.fixed_dictionaries({**_decided(as_of, ids), **kind})


def _decided(as_of: date, ids: Sequence[str]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "child_id": st.sampled_from(ids),
        "decided_at": st.tuples(_past(as_of), st.sampled_from(HOURS)).map("".join),
        "decided_by": st.just("S1"),
    }


@st.composite
def _amendments(draw: st.DrawFn, visits: Sequence[Row], ties: bool) -> list[Row]:
    """Later rows of some visits: another note, other values, a date put right or another day's."""
    later = ("1", "10", "40", "0", None) if ties else ("1", "10", "40")
    rows: list[Row] = []
    for visit in visits:
        if not draw(st.booleans()):
            continue
        entered = str(visit.get("recorded_at"))[:10]
        if not _is_date(entered):
            if not ties:
                continue
            entered = "2025-12-24"
        for ago in draw(st.lists(st.sampled_from(later), min_size=1, max_size=2, unique=True)):
            at = ago and str(date.fromisoformat(entered) + timedelta(days=int(ago)))
            more = {name: _cell(name) for name in VISIT_FIELDS}
            note = {"note": notes() | st.just(visit.get("note"))}
            changed = draw(st.fixed_dictionaries(note, optional=more))
            row = {**visit, **changed, "recorded_at": at}
            if not _is_date(visit["visit_date"]) and draw(st.booleans()):
                row["visit_date"] = entered
            rows.append(row)
    return rows


@st.composite
def tables(draw: st.DrawFn, as_of: date, ties: bool = True) -> Tables:
    """A caseload as typed, as seen from a day.

    With `ties` False, nothing in it is told apart only by documented tie-breaks that hash a row's
    content: an oracle cannot and need not repeat those.
    """
    ids = [f"C{number}" for number in range(1, draw(st.integers(1, 4)) + 1)]
    children = [{**draw(_children(as_of, [child])), "child_id": child} for child in ids]
    children += draw(st.lists(_children(as_of, ids), max_size=1))
    visits = [_entered(row) for row in draw(st.lists(_visits(as_of, ids), max_size=7))]
    numbers = draw(st.permutations(range(len(visits))))
    visits = [
        {"visit_id": f"N{number}", **row} for number, row in zip(numbers, visits, strict=True)
    ]
    if ties and len(visits) > 1 and draw(st.booleans()):
        visits[0]["visit_id"] = draw(st.sampled_from([None, visits[1]["visit_id"]]))
    visits += draw(_amendments(visits, ties))
    found = Tables(
        tuple(children),
        tuple(visits),
        tuple(draw(st.lists(_households(as_of), max_size=3))),
        tuple(draw(st.lists(_outcomes(as_of, ids), max_size=2))),
        tuple(draw(st.lists(_decisions(as_of, ids), max_size=3))),
    )
    return found if ties else _without_ties(found, as_of)


def _without_ties(found: Tables, as_of: date) -> Tables:
    """Give rows of one child different dates, and decisions of one child different ones."""
    seen: set[tuple[str, str, str]] = set()
    spare = iter(range(1000))

    def distinct(table: str, key: str, column: str, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        kept = []
        for row in rows:
            mark = (table, str(row.get(key)), str(row.get(column)))
            valid = _is_date(row.get(column))
            if mark in seen or not valid:
                if not valid and (table, str(row.get(key)), "undated") not in seen:
                    seen.add((table, str(row.get(key)), "undated"))
                    kept.append(row)
                    continue
                row = {**row, column: day(as_of, 1001 + next(spare))}
            seen.add((table, str(row.get(key)), str(row.get(column))))
            kept.append(row)
        return tuple(kept)

    return replace(
        found,
        children=distinct("children", "child_id", "recorded_at", found.children),
        decisions=distinct("decisions", "child_id", "decided_at", found.decisions),
    )


def _is_date(text: object) -> bool:
    try:
        date.fromisoformat(str(text)[:10])
    except ValueError:
        return False
    return True


def days() -> st.SearchStrategy[date]:
    """As-of dates."""
    return st.sampled_from(DAYS)

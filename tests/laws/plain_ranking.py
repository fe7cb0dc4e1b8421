"""A second ranking, written plainly from the design: dicts, loops and dates, one child at a time.

The engine works on whole columns; this works on one child and one rule at a time, in the words of
the design ("Values as of a date", "How long a mention holds", "State of a follow-up", "Order").
It shares no code with the engine but the reading of YAML text. What a note mentions is given to it.

Where the design is silent it follows the engine's documented choices: which of two rows of one child
says who it is, what an undated record is, since when a rule's evidence dates.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from carescreen.yamlfile import read_yaml

TIERS = ("immediate", "urgent", "priority", "routine")
ROUTINE = TIERS.index("routine")
PRIORITY = TIERS.index("priority")
IMMEDIATE = TIERS.index("immediate")
URGENT = TIERS.index("urgent")
RAISED = ("affirmed", "suspected")
CHILD, HOUSE, EARLIER, VISIT = 1, 2, 3, 4  # on one date and at one risk, the later table counts

Row = dict[str, Any]
ReadNote = Callable[[str], Iterable[Any]]  # mentions with concept, status, start, quote, found_by


@dataclass(frozen=True, repr=False)
class PlainPack:
    """A pack and a model as plain data."""

    indicators: dict[str, Row]
    concepts: dict[str, Row]
    rules: list[Row]
    features: list[Row]
    settings: Row
    model: Row

    @classmethod
    def load(cls, pack: Path, model: Path) -> PlainPack:
        """Read one folder of each (a pack without a parent)."""
        head = read_yaml(pack / "pack.yaml").data
        files = sorted((pack / "rules").glob("*.yaml"))
        rules = [rule for file in files for rule in read_yaml(file).data["rules"]]
        return cls(
            indicators={i["id"]: i for i in read_yaml(pack / "indicators.yaml").data["indicators"]},
            concepts={c["id"]: c for c in read_yaml(pack / "concepts.yaml").data["concepts"]},
            rules=[rule for rule in rules if rule.get("default") != "off"],
            features=head["features"],
            settings=head["settings"],
            model=json.loads((model / "model.json").read_text("utf-8")),
        )

    def days(self, tier: str) -> int:
        """The days in which a tier's hours fall."""
        return -(-self.settings["tier_hours"][tier] // 24)


# --- cells -----------------------------------------------------------------------------------------


def as_date(cell: Any) -> date | None:
    """A date, or None where the cell is blank or no date."""
    try:
        return date.fromisoformat(str(cell)[:10]) if cell is not None else None
    except ValueError:
        return None


def as_time(cell: Any) -> datetime | None:
    """A date with its time, midnight where none is given; None where the cell is blank or no date."""
    day = as_date(cell)
    if day is None:
        return None
    text = str(cell)
    return datetime.fromisoformat(text) if len(text) > 10 else datetime.combine(day, time())


def covered_until(cell: Any) -> datetime:
    """Up to when evidence is covered by a decision: its second, or its day where no time is given."""
    at = as_time(cell)
    assert at is not None
    return datetime.combine(at.date(), time(23, 59, 59)) if at.time() == time() else at


def known_at(happened: date | None, recorded: Any) -> datetime | None:
    """The later of when a thing was so and when it was entered."""
    days = [as_time(happened), as_time(recorded)]
    return max([day for day in days if day is not None], default=None)


def as_value(cell: Any, indicator: Row) -> Any:
    """A word, frozenset, float or date; None where missing, not known or not allowed."""
    if cell is None:
        return None
    text = str(cell).strip()
    if indicator["type"] == "enum":
        word = {"是": "yes", "否": "no"}.get(text, text)
        return word if word in indicator["values"] and word not in _missing(indicator) else None
    if indicator["type"] == "set":
        words = frozenset(text.split(";")) & frozenset(indicator["values"])
        return words or None
    if indicator["type"] == "date":
        return as_date(text)
    return _number(text, indicator)


def _missing(indicator: Row) -> list[str]:
    return indicator.get("missing") or []


def _number(text: str, indicator: Row) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    low, high = indicator["range"]
    whole = number == int(number) or indicator["type"] != "integer"
    return number if low <= number <= high and whole else None


def risk(value: Any, indicator: Row) -> float:
    """How far up the declared order of risk a value stands; 0 where none is declared."""
    if indicator.get("risk_order"):
        return float(indicator["risk_order"].index(value))
    if indicator.get("risk_direction") is None:
        return 0.0
    amount = float(len(value)) if indicator["type"] == "set" else float(value)
    return amount if indicator["risk_direction"] == "up" else -amount


def place_of(value: Any, indicator: Row) -> float:
    """A number that orders the values of an indicator."""
    if indicator["type"] == "enum":
        return float(indicator["values"].index(value))
    if indicator["type"] == "set":
        return float(sum(1 << indicator["values"].index(word) for word in value))
    return float(value.toordinal() if isinstance(value, date) else value)


def baseline(indicator: Row) -> Any:
    """What a blank counts as; None where it is not known."""
    if indicator.get("unrecorded") != "not_observed":
        return None
    if indicator["type"] == "set":
        return frozenset()
    return indicator["risk_order"][0] if indicator["type"] == "enum" else indicator["range"][0]


def is_event(indicator: Row) -> bool:
    """Whether the riskiest recording counts, not the newest: an event with a declared order."""
    ordered = indicator.get("risk_order") or indicator.get("risk_direction")
    return bool(ordered) and indicator["kind"] == "event"


def is_grave(indicator: Row) -> bool:
    """Whether no edit of a row lays an event to rest, only a person's decision."""
    lasting = indicator.get("hold") == "until_closed"
    return is_event(indicator) and lasting and indicator.get("sensitivity") == "highly_sensitive"


# --- the caseload as of a date -----------------------------------------------------------------------


@dataclass
class Child:
    """All that is known of one child: `row` says who it is, `rows` what was recorded of it."""

    id: str
    row: Row
    rows: list[Row] = field(default_factory=list)
    household: list[Row] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)
    earlier: list[Row] = field(default_factory=list)  # wordings of visits that were amended
    outcomes: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    needs_on: list[date | None] = field(default_factory=list)
    mentions: list[Row] = field(default_factory=list)

    @property
    def home(self) -> str:
        """What tells its household from others; a child without one is a household of its own."""
        return self.row.get("household_id") or f"of {self.id}"


def known_children(tables: Any, read_note: ReadNote, pack: PlainPack, as_of: date) -> list[Child]:
    """The children known by the date, each with what was dated and recorded by then."""
    children = _children(tables, as_of)
    houses = _households(tables, as_of)
    for child in children.values():
        child.household = houses.get(child.row.get("household_id"), [])
    _add_visits(children, tables, as_of)
    _add_outcomes(children, tables, as_of)
    for row in tables.decisions:
        decided = as_date(row["decided_at"])
        if row["child_id"] in children and decided and known(row, decided, as_of):
            until = covered_until(row["decided_at"])
            children[row["child_id"]].decisions.append({**row, "on": decided, "until": until})
    _add_mentions(children, read_note, pack)
    return [children[name] for name in sorted(children)]


def known(row: Row, happened: date | None, as_of: date) -> bool:
    """Nothing that happened or was recorded after the date counts; undated rows do."""
    recorded = as_date(row.get("recorded_at"))
    return not (happened and happened > as_of) and not (recorded and recorded > as_of)


def _children(tables: Any, as_of: date) -> dict[str, Child]:
    rows: dict[str, list[Row]] = {}
    needs: dict[str, set[str]] = {}
    since: dict[str, list[date | None]] = {}
    for row in tables.children:
        recorded, birth = as_date(row.get("recorded_at")), as_date(row.get("birth_date"))
        if not known(row, None, as_of):
            continue
        reasons = needs.setdefault(row["child_id"], set())
        impossible = bool(birth and recorded and birth > recorded)
        if impossible or (row.get("birth_date") is not None and birth is None):
            reasons.add("child_row_rejected")
            since.setdefault(row["child_id"], []).append(recorded)
            birth = None
        at = as_time(row.get("recorded_at"))
        new = {**row, "birth": birth, "on": recorded, "known": at}
        rows.setdefault(row["child_id"], []).append(new)
    for name, found in rows.items():
        if len(found) > 1:
            needs[name].add("duplicate_child")
            dated = sorted(row["on"] for row in found if row["on"])
            since.setdefault(name, []).append(dated[1] if len(dated) > 1 else None)
    return {
        name: Child(name, _identity(found), found, needs=needs[name], needs_on=since.get(name, []))
        for name, found in rows.items()
    }


def _identity(rows: list[Row]) -> Row:
    """The newest row; who the child is comes from older ones where it is blank."""
    newest_first = sorted(rows, key=lambda row: row["on"] or date.min, reverse=True)
    row = dict(newest_first[0])
    for name in ("village_id", "household_id", "caseworker_id", "birth"):
        row[name] = next((r[name] for r in newest_first if r.get(name) is not None), None)
    return row


def _households(tables: Any, as_of: date) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in tables.households:
        if known(row, None, as_of):
            at = as_time(row.get("recorded_at"))
            dated = {**row, "on": as_date(row.get("recorded_at")), "known": at}
            found.setdefault(row["household_id"], []).append(dated)
    return found


def _add_visits(children: dict[str, Child], tables: Any, as_of: date) -> None:
    distinct: list[Row] = []
    for row in tables.visits:
        if row not in distinct:  # an exact copy of a row says nothing new
            distinct.append(row)
    listed = set(children)
    for row in distinct:
        happened, recorded = as_date(row["visit_date"]), as_date(row.get("recorded_at"))
        refused = happened is None or row.get("visit_id") is None
        if happened and recorded and happened > recorded + timedelta(days=1):
            refused, happened = True, None  # written down before it happened: not a date
        if not known(row, happened, as_of):
            continue
        known_on = known_at(happened, row.get("recorded_at"))
        child = _child_of(children, listed, row["child_id"], known_on)
        birth = child.row.get("birth")
        if happened and birth and happened < birth:
            refused, happened = True, None
        known_on = known_at(happened, row.get("recorded_at"))
        new = {**row, "on": happened, "known": known_on, "refused": refused}
        child.visits.append({**new, "entered": as_time(row.get("recorded_at"))})
    for child in children.values():
        _set_amended_apart(child)


def _set_amended_apart(child: Child) -> None:
    """Of several rows of one visit the newest speaks; a row without a date is put right by any."""
    rows = child.visits
    for row in rows:
        newer = [other for other in rows if _amends(other, row)]
        if newer and row["on"] is None:
            dated = [other for other in newer if other["on"]]
            if dated:
                last = max(other["entered"] for other in dated)
                row["put_right"] = max(o["on"] for o in dated if o["entered"] == last)
    child.earlier = [row for row in rows if any(_amends(other, row) for other in rows)]
    child.visits = [row for row in rows if row not in child.earlier]
    for row in child.earlier:
        row["on"] = row["on"] or row.get("put_right")
        row["known"] = known_at(row["on"], row["entered"])
    for row in child.visits:
        if row["refused"]:
            child.needs.add("visit_row_rejected")
            child.needs_on.append(row["entered"].date() if row["entered"] else None)


def _amends(new: Row, old: Row) -> bool:
    """Whether a row is a later one of the same visit, on the same day or where that was unusable."""
    same = new.get("visit_id") is not None and new.get("visit_id") == old.get("visit_id")
    if not same or new["entered"] is None or old["entered"] is None:
        return False
    return new["entered"] > old["entered"] and (new["on"] == old["on"] or old["on"] is None)


def _add_outcomes(children: dict[str, Child], tables: Any, as_of: date) -> None:
    listed = {name for name, child in children.items() if "unknown_child" not in child.needs}
    for row in tables.outcomes:
        happened = as_date(row["outcome_date"])
        if not known(row, happened, as_of):
            continue
        entered = known_at(happened, row.get("recorded_at"))
        child = _child_of(children, listed, row["child_id"], entered)
        if happened is not None:
            child.outcomes.append({**row, "on": happened})


def _child_of(
    children: dict[str, Child], listed: set[str], name: str, known_on: datetime | None
) -> Child:
    """The child a row is about; one that no children row lists is known by its id only."""
    if name not in listed:
        child = children.setdefault(name, Child(name, {}))
        child.needs.add("unknown_child")
        child.needs_on.append(known_on.date() if known_on else None)
    return children[name]


def _add_mentions(children: dict[str, Child], read_note: ReadNote, pack: PlainPack) -> None:
    """A mention about the child reaches it; one about household or guardian, all of its home."""
    _read_mentions(children, read_note, pack)
    for child in children.values():
        home = [other for other in children.values() if other.home == child.home]
        for mention in child.mentions:
            mention["misread"] = _is_misread(mention, home)


def _read_mentions(children: dict[str, Child], read_note: ReadNote, pack: PlainPack) -> None:
    for child in children.values():
        for number, visit in enumerate([*child.visits, *child.earlier]):
            for found in read_note(visit.get("note") or ""):
                concept = pack.concepts[found.concept]
                if visit in child.earlier and not _still_counts(
                    visit, found, concept, child, read_note
                ):
                    continue
                about_child = concept["subject"] == "child"
                for other in children.values():
                    if other is child or (not about_child and other.home == child.home):
                        other.mentions.append(
                            {
                                "concept": found.concept,
                                "status": found.status,
                                "quote": found.quote,
                                "start": found.start,
                                "found_by": found.found_by,
                                "on": visit["on"],
                                "known": visit["known"],
                                "visit": (child.id, number),
                                "own": other is child,
                                "visit_id": visit.get("visit_id"),
                            }
                        )


def _still_counts(
    earlier: Row, found: Any, concept: Row, child: Child, read_note: ReadNote
) -> bool:
    """A critical concept in an earlier wording, until a newer one of the visit raises it as well."""
    if found.status not in RAISED or concept["severity"] != "critical":
        return False
    newer = [v for v in child.earlier if v["entered"] > earlier["entered"]] + child.visits
    return not any(
        (visit["visit_id"], visit["on"]) == (earlier["visit_id"], earlier["on"])
        and other.concept == found.concept
        and other.status in RAISED
        for visit in newer
        for other in read_note(visit.get("note") or "")
    )


# --- how long a mention holds ------------------------------------------------------------------------


def holds(mention: Row, child: Child, pack: PlainPack, as_of: date) -> bool:
    """Whether a raised mention still counts."""
    if mention["status"] not in ("affirmed", "suspected"):
        return False
    concept = pack.concepts[mention["concept"]]
    if any(_closes(decision, mention, concept) for decision in child.decisions):
        return False
    if mention["misread"]:
        return False
    if concept.get("hold") == "until_seen":
        return not _seen_since(mention, child)
    if concept.get("hold") == "until_closed":
        return not _answered_no(mention, child, concept)
    return not _is_old(mention, pack, as_of) and not _cleared(mention, child)


def _is_old(mention: Row, pack: PlainPack, as_of: date) -> bool:
    on = mention["on"]
    return on is not None and (as_of - on).days > pack.settings["mention_window_days"]


def _cleared(mention: Row, child: Child) -> bool:
    """Whether a newer mention of the concept says no, or says that it is past."""
    return any(
        other["concept"] == mention["concept"]
        and other["status"] in ("negated", "past")
        and other["on"]
        and mention["on"]
        and other["on"] > mention["on"]
        for other in child.mentions
    )


def _answered_no(mention: Row, child: Child, concept: Row) -> bool:
    question = concept.get("answered_by")
    if not question or mention["on"] is None:
        return False
    later = [
        visit
        for visit in child.visits
        if visit["on"]
        and visit["on"] > mention["on"]
        and visit.get("child_seen") == "yes"
        and visit.get(question["indicator"]) == question["value"]
    ]
    return len(later) >= 2


def _closes(decision: Row, mention: Row, concept: Row) -> bool:
    """Whether a decision closes what a concept said of one child as resolved."""
    return (
        decision["decision"] == "close"
        and decision.get("concept") == mention["concept"]
        and decision.get("visit_id") is None
        and (concept.get("note_limit") != "immediate" or _second_person(decision))
        and _was_known(mention, decision)
    )


def _is_misread(mention: Row, children: Iterable[Child]) -> bool:
    """Whether a decision says that the note of a visit was misread: for everyone it reaches."""
    return any(
        decision["decision"] == "close"
        and decision.get("concept") == mention["concept"]
        and decision.get("visit_id") is not None
        and decision["visit_id"] == mention["visit_id"]
        and _was_known(mention, decision)
        for child in children
        for decision in child.decisions
    )


def _was_known(evidence: Row, decision: Row) -> bool:
    return evidence["known"] is None or bool(evidence["known"] <= decision["until"])


def _seen_since(mention: Row, child: Child) -> bool:
    return mention["on"] is not None and any(
        visit.get("child_seen") == "yes" and visit["on"] and visit["on"] >= mention["on"]
        for visit in child.visits
    )


# --- values as of a date -----------------------------------------------------------------------------


@dataclass
class Value:
    """A value, and since when and until when it was recorded; `computed`: not from recordings."""

    value: Any
    first: date | None = None
    last: date | None = None
    computed: bool = False


@dataclass
class Facts:
    """What conditions may ask of one child; with `after`, events and mentions up to it are out."""

    child: Child
    pack: PlainPack
    as_of: date
    after: datetime | None = None

    def value(self, name: str) -> Value:
        """The value of an indicator; `value` None where it is not known."""
        derived = {
            "age_years": self._age_years,
            "age_months": self._age_months,
            "days_since_seen": self._days_since_seen,
            "failed_visits_in_row": self._failed,
            "visits_made": self._visits_made,
            "prior_concerns_24m": self._prior,
        }
        found = derived[name]() if name in derived else self._recorded(name)
        if found.value is None:
            found.value = baseline(self.pack.indicators[name])
        return found

    def recordings(self, name: str) -> list[Row]:
        """What counts of an indicator: of an event what holds, of a state all, the newest last."""
        indicator = self.pack.indicators[name]
        records = self._records(name)
        if is_event(indicator):
            return [record for record in records if self._counts(indicator, record)]
        return records

    def _records(self, name: str) -> list[Row]:
        """Every recording, the one that counts last.

        The rows of one child or household have no order: what is equally risky goes by its place.
        """
        indicator = self.pack.indicators[name]
        rows = [(row, CHILD) for row in self.child.rows]
        rows += [(row, HOUSE) for row in self.child.household]
        rows += [(visit, VISIT) for visit in self.child.visits]
        rows += [(visit, EARLIER) for visit in self.child.earlier if is_grave(indicator)]
        found = []
        for row, table in rows:
            value = as_value(row.get(name), indicator)
            if table == EARLIER and value == baseline(indicator):
                continue
            if value is not None:
                visit_id = str(row.get("visit_id"))
                place = place_of(value, indicator) if table in (CHILD, HOUSE) else 0
                at = risk(value, indicator)
                order = (row.get("on") or date.min, at, table, place, visit_id)
                record = {"on": row.get("on"), "known": row.get("known"), "value": value}
                found.append({**record, "risk": at, "order": order})
        return sorted(found, key=lambda record: record["order"])

    def _recorded(self, name: str) -> Value:
        indicator, records = self.pack.indicators[name], self.recordings(name)
        if not records:
            return Value(None)
        if is_event(indicator):
            return self._event(indicator, records)
        value, first = records[-1]["value"], records[-1]["on"]
        for record in reversed(records):
            if record["value"] != value:
                break
            first = record["on"]
        return Value(value, first, records[-1]["on"])

    def _event(self, indicator: Row, kept: list[Row]) -> Value:
        """The riskiest value that still counts; of a set, everything that does."""
        top = max(kept, key=lambda record: record["risk"])["value"]
        if indicator["type"] == "set":
            top = frozenset().union(*(record["value"] for record in kept))
        nothing = baseline(indicator)
        observed = [
            record["on"]
            for record in kept
            if record["on"]
            and (record["risk"] > 0 if nothing is None else record["value"] != nothing)
        ]
        quiet = [record["on"] for record in kept if record["on"]]
        return Value(top, min(observed, default=None), max(observed or quiet, default=None))

    def _counts(self, indicator: Row, record: Row) -> bool:
        on = record["on"]
        if self.is_covered(record):
            return False
        if indicator.get("hold") == "until_seen":
            return not _seen_since(record, self.child)
        window = self.pack.settings["event_window_days"]
        return (
            on is None
            or indicator.get("hold") == "until_closed"
            or (self.as_of - on).days <= window
        )

    def is_covered(self, evidence: Row) -> bool:
        """Whether the decision after which only newer evidence counts covers this."""
        return self.after is not None and (
            evidence["known"] is None or evidence["known"] <= self.after
        )

    def _age_months(self) -> Value:
        birth, stated = self.child.row.get("birth"), self.child.row.get("age_years")
        if birth and birth <= self.as_of:
            return Value(float(months_between(birth, self.as_of)))
        if stated is None:
            return Value(None)
        recorded = self.child.row.get("on")
        since = months_between(recorded, self.as_of) if recorded else 0
        return Value(math.floor(float(stated) * 12) + since)

    def _age_years(self) -> Value:
        months = self._age_months().value
        return Value(None if months is None else months // 12)

    def last_seen(self) -> date | None:
        """When a worker last saw the child."""
        seen = [v["on"] for v in self.child.visits if v.get("child_seen") == "yes" and v["on"]]
        stated = self._recorded("last_seen_on").value
        stated = None if stated and stated > self.as_of else stated
        return max([*seen, *([stated] if stated else [])], default=None)

    def _days_since_seen(self) -> Value:
        last = self.last_seen()
        return Value(None if last is None else float((self.as_of - last).days))

    def _failed(self) -> Value:
        """Visits in a row, up to the newest, that did not see the child."""
        told = [v for v in self.child.visits if v["on"] and v.get("child_seen") in ("yes", "no")]
        if not told:
            return Value(None)
        seen = [visit["on"] for visit in told if visit["child_seen"] == "yes"]
        failed = [
            visit["on"]
            for visit in told
            if visit["child_seen"] == "no" and (not seen or visit["on"] > max(seen))
        ]
        return Value(float(len(failed)), min(failed, default=None), max(failed, default=None))

    def _visits_made(self) -> Value:
        """Visits on record, at least one where the child was seen."""
        return Value(float(max(len(self.child.visits), self.last_seen() is not None)))

    def _prior(self) -> Value:
        """At least the confirmed outcomes of two years."""
        old = self._recorded("prior_concerns_24m")
        oldest = self.as_of - timedelta(days=730)
        confirmed = [
            outcome["on"]
            for outcome in self.child.outcomes
            if outcome["result"] == "confirmed" and outcome["on"] >= oldest
        ]
        if not confirmed or (old.value is not None and old.value >= len(confirmed)):
            return old
        return Value(float(len(confirmed)), min(confirmed), max(confirmed), computed=True)

    def held(self, concept: str) -> list[Row]:
        """Mentions of a concept that count."""
        return [
            mention
            for mention in self.child.mentions
            if mention["concept"] == concept
            and holds(mention, self.child, self.pack, self.as_of)
            and not self.is_covered(mention)
        ]


def months_between(start: date, end: date) -> int:
    """Completed calendar months, none before the start."""
    months = (end.year - start.year) * 12 + end.month - start.month - (start.day > end.day)
    return max(months, 0)


# --- conditions --------------------------------------------------------------------------------------


@dataclass
class Span:
    """Since when evidence dates, when it was last seen, and when the newest of it was known."""

    first: date | None = None
    last: date | None = None
    known: datetime | None = None


def truth(node: ast.expr, facts: Facts) -> bool | None:
    """True, False, or None where it cannot be told (Kleene)."""
    if isinstance(node, ast.BoolOp):
        parts = [truth(part, facts) for part in node.values]
        decides = isinstance(node.op, ast.Or)
        if decides in parts:
            return decides
        return None if None in parts else not decides
    if isinstance(node, ast.UnaryOp):
        inner = truth(node.operand, facts)
        return None if inner is None else not inner
    return _atom(node, facts)


def span(node: ast.expr, facts: Facts, wanted: bool = True) -> Span:
    """The dates by which a condition comes out as wanted."""
    if isinstance(node, ast.UnaryOp):
        return span(node.operand, facts, not wanted)
    if not isinstance(node, ast.BoolOp):
        return _span_of_atom(node, facts, wanted)
    spans = [span(part, facts, wanted) for part in node.values if truth(part, facts) is wanted]
    together = isinstance(node.op, ast.And) is wanted
    firsts = [found.first for found in spans if found.first]
    return Span(
        (max if together else min)(firsts, default=None),
        max([found.last for found in spans if found.last], default=None),
        max([found.known for found in spans if found.known], default=None),
    )


def _span_of_atom(node: ast.expr, facts: Facts, wanted: bool) -> Span:
    concept, _ = _noted_in(node)
    if concept is not None:
        return _span_of(facts.held(concept))
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    name = next((name for name in names if name in facts.pack.indicators), None)
    if name is None:
        return Span()
    whole = facts.value(name)
    of_whole = Span(whole.first, whole.last, as_time(whole.last))
    if name in DERIVED or whole.computed or "days_since" in names:
        return of_whole
    return _span_of_recordings(node, name, facts, wanted) or of_whole


def _span_of_recordings(node: ast.expr, name: str, facts: Facts, wanted: bool) -> Span | None:
    """Of a state the last run of recordings that meet the test; of an event all that do.

    None where no single recording of an event meets it: then the whole value does.
    """
    records = facts.recordings(name)
    meets = [_test_of(node, facts)(record["value"]) is wanted for record in records]
    meets = [ok and not facts.is_covered(r) for ok, r in zip(meets, records, strict=True)]
    if is_event(facts.pack.indicators[name]):
        found = [record for record, ok in zip(records, meets, strict=True) if ok]
        return _span_of(found) if found else None
    start = len(meets) - next((i for i, ok in enumerate(reversed(meets)) if not ok), len(meets))
    return _span_of(records[start:])


def _span_of(found: list[Row]) -> Span:
    dates = [item["on"] for item in found if item["on"]]
    known = [item["known"] for item in found if item["known"]]
    return Span(min(dates, default=None), max(dates, default=None), max(known, default=None))


def _atom(node: ast.expr, facts: Facts) -> bool | None:
    concept, least = _noted_in(node)
    if concept is not None:
        held = facts.held(concept)
        visits = {mention["visit"] for mention in held if mention["own"] or least is None}
        return len(visits) >= (least or 1)
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    name = next((name for name in names if name in facts.pack.indicators), None)
    value = facts.as_of if name is None else facts.value(name).value
    return None if value is None else _test_of(node, facts)(value)


def _test_of(node: ast.expr, facts: Facts) -> Callable[[Any], bool]:
    """What one comparison asks of a value."""
    if isinstance(node, ast.Call):  # any_in
        words = frozenset(ast.literal_eval(node.args[1]))
        return lambda value: bool(words & value)
    assert isinstance(node, ast.Compare)
    if isinstance(node.left, ast.Constant):  # 'word' in a_set
        word, inside = node.left.value, isinstance(node.ops[0], ast.In)
        return lambda value: (word in value) is inside
    right = ast.literal_eval(node.comparators[0])
    compare = COMPARE[type(node.ops[0])]
    measure = _measure(node.left, facts)
    return lambda value: bool(compare(measure(value), right))


def _measure(node: ast.expr, facts: Facts) -> Callable[[Any], Any]:
    if isinstance(node, ast.Name):
        return (lambda day: day.month) if node.id == "month" else lambda value: value
    if _called(node) == "len":
        return len
    return lambda day: (facts.as_of - day).days


def _noted_in(node: ast.expr) -> tuple[str | None, int | None]:
    """The concept of a note test, and on how many visits it wants it (None: anywhere)."""
    if isinstance(node, ast.Call) and _called(node) == "noted":
        return _name(node.args[0]), None
    counted = isinstance(node, ast.Compare) and isinstance(node.left, ast.Call)
    if counted and _called(node.left) == "noted_visits":
        return _name(node.left.args[0]), int(ast.literal_eval(node.comparators[0]))
    return None, None


COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def _called(node: ast.expr) -> str:
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return node.func.id


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else str(ast.literal_eval(node))


def parsed(text: str) -> ast.expr:
    """The tree of a condition."""
    return ast.parse(" ".join(text.split()), mode="eval").body


# --- one child's follow-up ---------------------------------------------------------------------------


@dataclass
class Met:
    """A met rule of one child: since when its evidence dates, and whether a person closed it."""

    rule: Row
    span: Span
    note_alone: bool
    closed: bool


def in_force(pack: PlainPack, as_of: date) -> list[Row]:
    """The rules of the day; one that another of them replaces gives way to it."""
    rules = []
    for rule in pack.rules:
        start, end = (as_date(edge) for edge in rule.get("in_force") or (None, None))
        if (start is None or start <= as_of) and (end is None or as_of <= end):
            rules.append(rule)
    replaced = {rule.get("replaces") for rule in rules}
    return [rule for rule in rules if rule["id"] not in replaced]


def met_rules(child: Child, pack: PlainPack, as_of: date) -> tuple[list[Met], list[Row]]:
    """The rules that are met, and those that cannot be told."""
    facts = Facts(child, pack, as_of)
    met, undecided = [], []
    for rule in in_force(pack, as_of):
        tree = parsed(rule["when"])
        outcome = truth(tree, facts)
        if outcome is None:
            undecided.append(rule)
        if outcome:
            met.append(_met(rule, tree, facts))
    return met, undecided


def _met(rule: Row, tree: ast.expr, facts: Facts) -> Met:
    without_notes = truth(tree, _WithoutNotes(facts.child, facts.pack, facts.as_of))
    whole = span(tree, facts)
    until = _closing(rule, facts.child)
    if until is None:
        return Met(rule, whole, without_notes is not True, closed=False)
    newer = Facts(facts.child, facts.pack, facts.as_of, after=until)
    again = truth(tree, newer) is True and whole.known is not None and whole.known > until
    return Met(
        rule, span(tree, newer) if again else whole, without_notes is not True, closed=not again
    )


class _WithoutNotes(Facts):
    def held(self, concept: str) -> list[Row]:
        return []


def _closing(rule: Row, child: Child) -> datetime | None:
    """Until when the newest closing of a rule covers evidence."""
    found = [
        decision["until"]
        for decision in child.decisions
        if decision["decision"] == "close"
        and decision.get("rule") == rule["id"]
        and (rule.get("tier") != "immediate" or _second_person(decision))
    ]
    return max(found, default=None)


def _second_person(decision: Row) -> bool:
    second = str(decision.get("confirmed_by") or "").casefold()
    return bool(second) and second != str(decision["decided_by"]).casefold()


def features(child: Child, pack: PlainPack, as_of: date) -> dict[str, float | None]:
    """The model's features; None where one is not known."""
    facts = Facts(child, pack, as_of)
    found: dict[str, float | None] = {}
    for feature in pack.features:
        if "indicator" in feature:
            found[feature["id"]] = facts.value(feature["indicator"]).value
        else:
            outcome = truth(parsed(feature["when"]), facts)
            found[feature["id"]] = None if outcome is None else float(outcome)
    return found


def contributions(child: Child, pack: PlainPack, as_of: date) -> dict[str, int]:
    """What each feature adds, in millionths of a log-odds."""
    values, found = features(child, pack, as_of), {}
    for table in pack.model["features"]:
        value = values[table["name"]]
        if value is None:
            found[table["name"]] = table["missing"]
        else:
            level = sum(1 for edge in table["edges"] if edge < value)
            found[table["name"]] = table["weights"][level]
    return found


def follow_up(child: Child, pack: PlainPack, as_of: date, first_run: bool) -> Row:
    """One child's line, before it has a rank."""
    met, undecided = met_rules(child, pack, as_of)
    is_open = [entry for entry in met if not entry.closed]
    tiers = [TIERS.index(entry.rule["tier"]) for entry in is_open if "tier" in entry.rule]
    by_rule = min(tiers, default=ROUTINE)
    decided = max(filter(_is_about_taking_on, child.decisions), key=_decided, default=None)
    raised, raised_on = _raised(child)
    tier = min(by_rule, raised, PRIORITY if child.needs else ROUTINE)
    facts = Facts(child, pack, as_of)
    serious = [e for e in is_open if "tier" in e.rule and TIERS.index(e.rule["tier"]) < ROUTINE]
    line = {
        "child": child,
        "tier": tier,
        "by_rule": by_rule,
        "needs": bool(child.needs),
        "score": pack.model["intercept"] + sum(contributions(child, pack, as_of).values()),
        "unseen": facts.value("days_since_seen").value,
        "raised": raised,
        "due": _due(serious, raised, raised_on, facts),
        "open": is_open,
        "closed": [entry for entry in met if entry.closed],
        "undecided": undecided,
        "state": "new",
        "waits": False,
        "taken_on": None,
        "moved": None,
        "turns_18": turns_18(child.row.get("birth")),
    }
    newest = max([entry.span.last for entry in serious if entry.span.last], default=None)
    newest_known = max([entry.span.known for entry in serious if entry.span.known], default=None)
    _decide(line, decided, newest_known, as_of)
    _move_away(line)
    old = newest is not None and (as_of - newest).days > pack.settings["backlog_days"]
    if first_run and old and line["state"] == "new" and not line["needs"] and tier < ROUTINE:
        line["state"], line["waits"] = "backlog", True
    _come_of_age(line, facts.value("age_years").value)
    return line


def _is_about_taking_on(decision: Row) -> bool:
    return decision["decision"] in ("agree", "acknowledge", "plan", "override", "close")


def _decided(decision: Row) -> datetime:
    at = as_time(decision["decided_at"])
    assert at is not None
    return at


def _raised(child: Child) -> tuple[int, date | None]:
    """The tier of the newest override, and its day; an override to routine ends an earlier one."""
    overrides = [decision for decision in child.decisions if decision["decision"] == "override"]
    newest = max(overrides, key=_decided, default=None)
    return (TIERS.index(newest["tier"]), newest["on"]) if newest else (ROUTINE, None)


def _due(serious: list[Met], raised: int, raised_on: date | None, facts: Facts) -> date:
    """The earliest of what asks for a visit, each with its hours."""
    child, pack, as_of = facts.child, facts.pack, facts.as_of
    dues = [
        (entry.span.first or as_of) + timedelta(days=_days(entry.rule, pack)) for entry in serious
    ]
    if raised < ROUTINE and raised_on:
        dues.append(raised_on + timedelta(days=pack.days(TIERS[raised])))
    if child.needs:
        since = min([on for on in child.needs_on if on], default=as_of)
        dues.append(since + timedelta(days=pack.days("priority")))
    if dues:
        return min(dues)
    last = facts.last_seen()
    return as_of if last is None else last + timedelta(days=pack.days("routine"))


def _days(rule: Row, pack: PlainPack) -> int:
    return -(-int(rule["hours"]) // 24) if "hours" in rule else pack.days(rule["tier"])


def _decide(line: Row, decided: Row | None, newest: datetime | None, as_of: date) -> None:
    """new -> acknowledged -> planned -> closed; newer evidence makes a follow-up new again."""
    stands = decided is not None and not (newest is not None and newest > decided["until"])
    if decided is not None and stands:
        if decided["decision"] in ("agree", "acknowledge", "override"):
            line["state"], line["taken_on"] = "acknowledged", decided["on"]
        if decided["decision"] == "plan":
            line["state"], line["taken_on"] = "planned", decided["on"]
            review = as_date(decided.get("review_on"))
            if review and review > as_of and line["tier"] >= PRIORITY:
                line["waits"], line["due"] = True, review
    if line["closed"] and line["tier"] == ROUTINE and line["state"] == "new":
        line["state"] = "closed"


def _move_away(line: Row) -> None:
    """A decision `moved` stands until `returned`, or until the child's row was entered anew.

    Below urgent the child waits for a supervisor; with nothing open, until somebody closed a concern
    after it.
    """
    child = line["child"]
    moves = [decision for decision in child.decisions if decision["decision"] == "moved"]
    newest = max(moves, key=_decided, default=None)
    if newest is None or newest.get("result") == "returned":
        return
    entered = child.row.get("known")
    if entered is not None and entered > newest["until"]:
        return
    line["moved"], line["state"] = newest, "moved"
    line["waits"] = line["waits"] or line["tier"] >= PRIORITY
    closings = [_decided(d) for d in child.decisions if d["decision"] == "close"]
    if line["tier"] == ROUTINE and any(at > _decided(newest) for at in closings):
        line["state"] = "closed"


def _come_of_age(line: Row, age: float | None) -> None:
    """At 18 a child waits for a supervisor, unless it is immediate or urgent or its data is wrong."""
    if age is None or age < 18 or line["moved"] or line["needs"] or line["tier"] < PRIORITY:
        return
    line["state"], line["waits"] = "aged_out", True


def turns_18(birth: date | None) -> date | None:
    """The day of turning 18; who was born on 29 February does so on 1 March in a common year."""
    if birth is None:
        return None
    try:
        return birth.replace(year=birth.year + 18)
    except ValueError:
        return date(birth.year + 18, 3, 1)


# --- the list ----------------------------------------------------------------------------------------


def rank(
    tables: Any,
    read_note: ReadNote,
    pack: PlainPack,
    as_of: date,
    capacity: int,
    first_run: bool = False,
) -> list[Row]:
    """Every child known by the date in order, with who is within capacity and what was asked."""
    children = known_children(tables, read_note, pack, as_of)
    lines = [follow_up(child, pack, as_of, first_run) for child in children]
    lines.sort(key=_order)
    _give_seats(lines, capacity)
    for number, line in enumerate(lines, start=1):
        line["rank"] = number
        line["questions"] = _questions(line, children, pack, collected(tables), as_of)
    return lines


def _order(line: Row) -> tuple[Any, ...]:
    unseen = float("inf") if line["unseen"] is None else line["unseen"]
    return (
        line["tier"],
        line["waits"],
        not line["needs"],
        -line["score"],
        -unseen,
        line["child"].id,
    )


def _give_seats(lines: list[Row], capacity: int) -> None:
    """Immediate and urgent first and never cut; then the order; by caseworker, else by village."""
    left: dict[Any, int] = {}
    for line in lines:
        group = _group(line)
        left.setdefault(group, capacity)
        line["within"] = line["tier"] <= URGENT and not line["waits"]
        left[group] -= line["within"]
    below: dict[Any, int] = {}
    for line in lines:
        group = _group(line)
        if not line["within"] and not line["waits"] and left[group] > 0:
            line["within"] = True
            left[group] -= 1
        is_below = not line["within"] and not line["waits"]
        line["just_below"] = is_below and below.get(group, 0) < 3
        below[group] = below.get(group, 0) + is_below
        by = "rule" if line["by_rule"] < ROUTINE else "needs_data" if line["needs"] else "score"
        by = "person" if line["raised"] < line["by_rule"] else by
        line["selected_by"] = by if line["within"] else ""


def _group(line: Row) -> tuple[str, Any]:
    row = line["child"].row
    if row.get("caseworker_id"):
        return "worker", row["caseworker_id"]
    return "village", row.get("village_id")


DERIVED = frozenset(
    {"age_years", "age_months", "days_since_seen", "failed_visits_in_row", "visits_made"}
)


def collected(tables: Any) -> frozenset[str]:
    """The fields that the programme collects: some table has a column for them."""
    tables_of_fields = ("children", "visits", "households")
    return DERIVED | {name for table, name in tables.columns if table in tables_of_fields}


def _questions(
    line: Row, children: list[Child], pack: PlainPack, fields: frozenset[str], as_of: date
) -> list[str | None]:
    """Rules that cannot be told and would change something; a sibling's concern first (None).

    Nobody is asked for what the programme does not collect.
    """
    facts = Facts(line["child"], pack, as_of)
    asked: list[Row] = [
        rule
        for rule in line["undecided"]
        if rule.get("lane") == "entitlement"
        or ("tier" in rule and TIERS.index(rule["tier"]) < line["tier"])
    ]
    asked = [rule for rule in asked if fields & _not_known(rule, facts)]
    asked.sort(key=lambda rule: TIERS.index(rule["tier"]) if "tier" in rule else len(TIERS))
    ids: list[str | None] = [rule["id"] for rule in asked]
    child = line["child"]
    siblings = [other for other in children if _is_sibling(other, child)]
    if any(_tells_of(other, child, pack, as_of) for other in siblings):
        ids.insert(0, None)
    return ids[: pack.settings["open_questions"]]


def _not_known(rule: Row, facts: Facts) -> set[str]:
    """The indicators of a rule whose values are not known."""
    names = {node.id for node in ast.walk(parsed(rule["when"])) if isinstance(node, ast.Name)}
    names &= facts.pack.indicators.keys()
    return {name for name in names if facts.value(name).value is None}


def _is_sibling(other: Child, child: Child) -> bool:
    return other is not child and other.home == child.home


def _tells_of(child: Child, sibling: Child, pack: PlainPack, as_of: date) -> bool:
    """Whether something serious is known of a child that is not known of its sibling."""
    mentioned = any(
        pack.concepts[mention["concept"]]["subject"] == "child"
        and pack.concepts[mention["concept"]]["severity"] in ("critical", "high")
        and holds(mention, child, pack, as_of)
        for mention in child.mentions
    )
    return mentioned or bool(_grave(child, pack, as_of) - _grave(sibling, pack, as_of))


def _grave(child: Child, pack: PlainPack, as_of: date) -> set[str]:
    met, _ = met_rules(child, pack, as_of)
    return {m.rule["id"] for m in met if not m.closed and m.rule.get("tier") == "immediate"}

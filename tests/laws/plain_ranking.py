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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from carescreen.yamlfile import read_yaml

TIERS = ("immediate", "urgent", "priority", "routine")
ROUTINE = TIERS.index("routine")
PRIORITY = TIERS.index("priority")
IMMEDIATE = TIERS.index("immediate")
URGENT = TIERS.index("urgent")
CHILD, HOUSE, VISIT = 1, 2, 3  # on one date and at one risk, the later table counts

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


def is_ordered(indicator: Row) -> bool:
    """Whether a risk order is declared."""
    return bool(indicator.get("risk_order") or indicator.get("risk_direction"))


# --- the caseload as of a date -----------------------------------------------------------------------


@dataclass
class Child:
    """All that is known of one child: `row` says who it is, `rows` what was recorded of it."""

    id: str
    row: Row
    rows: list[Row] = field(default_factory=list)
    household: list[Row] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)
    outcomes: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
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
            children[row["child_id"]].decisions.append({**row, "on": decided})
    _add_mentions(children, read_note, pack)
    return [children[name] for name in sorted(children)]


def known(row: Row, happened: date | None, as_of: date) -> bool:
    """Nothing that happened or was recorded after the date counts; undated rows do."""
    recorded = as_date(row.get("recorded_at"))
    return not (happened and happened > as_of) and not (recorded and recorded > as_of)


def _children(tables: Any, as_of: date) -> dict[str, Child]:
    rows: dict[str, list[Row]] = {}
    needs: dict[str, set[str]] = {}
    for row in tables.children:
        recorded, birth = as_date(row.get("recorded_at")), as_date(row.get("birth_date"))
        if not known(row, None, as_of):
            continue
        reasons = needs.setdefault(row["child_id"], set())
        impossible = bool(birth and recorded and birth > recorded)
        if impossible or (row.get("birth_date") is not None and birth is None):
            reasons.add("child_row_rejected")
            birth = None
        rows.setdefault(row["child_id"], []).append({**row, "birth": birth, "on": recorded})
    for name, found in rows.items():
        if len(found) > 1:
            needs[name].add("duplicate_child")
    return {
        name: Child(name, _identity(found), found, needs=needs[name])
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
            dated = {**row, "on": as_date(row.get("recorded_at"))}
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
        child = _child_of(children, listed, row["child_id"])
        birth = child.row.get("birth")
        if happened and birth and happened < birth:
            refused, happened = True, None
        if refused:
            child.needs.add("visit_row_rejected")
        child.visits.append({**row, "on": happened})


def _add_outcomes(children: dict[str, Child], tables: Any, as_of: date) -> None:
    listed = {name for name, child in children.items() if "unknown_child" not in child.needs}
    for row in tables.outcomes:
        happened = as_date(row["outcome_date"])
        if not known(row, happened, as_of):
            continue
        child = _child_of(children, listed, row["child_id"])
        if happened is not None:
            child.outcomes.append({**row, "on": happened})


def _child_of(children: dict[str, Child], listed: set[str], name: str) -> Child:
    """The child a row is about; one that no children row lists is known by its id only."""
    if name not in listed:
        children.setdefault(name, Child(name, {})).needs.add("unknown_child")
    return children[name]


def _add_mentions(children: dict[str, Child], read_note: ReadNote, pack: PlainPack) -> None:
    """A mention about the child reaches it; one about household or guardian, all of its home."""
    for child in children.values():
        for number, visit in enumerate(child.visits):
            for found in read_note(visit.get("note") or ""):
                about_child = pack.concepts[found.concept]["subject"] == "child"
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
                                "visit": (child.id, number),
                                "visit_id": visit.get("visit_id"),
                            }
                        )


# --- how long a mention holds ------------------------------------------------------------------------


def holds(mention: Row, child: Child, pack: PlainPack, as_of: date) -> bool:
    """Whether a raised mention still counts."""
    if mention["status"] not in ("affirmed", "suspected"):
        return False
    if _misread(mention, child):
        return False
    concept = pack.concepts[mention["concept"]]
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


def _misread(mention: Row, child: Child) -> bool:
    return any(
        decision["decision"] == "close"
        and decision.get("concept") == mention["concept"]
        and (mention["on"] is None or mention["on"] <= decision["on"])
        and decision.get("visit_id") in (None, mention["visit_id"])
        for decision in child.decisions
    )


# --- values as of a date -----------------------------------------------------------------------------


@dataclass
class Value:
    """A value, and since when and until when it was recorded."""

    value: Any
    first: date | None = None
    last: date | None = None


@dataclass
class Facts:
    """What conditions may ask of one child; with `after`, events and mentions up to it are out."""

    child: Child
    pack: PlainPack
    as_of: date
    after: date | None = None

    def value(self, name: str) -> Value:
        """The value of an indicator; `value` None where it is not known."""
        derived = {
            "age_years": self._age_years,
            "age_months": self._age_months,
            "days_since_seen": self._days_since_seen,
            "failed_visits_in_row": self._failed,
            "prior_concerns_24m": self._prior,
        }
        found = derived[name]() if name in derived else self._recorded(name)
        if found.value is None:
            found.value = baseline(self.pack.indicators[name])
        return found

    def _records(self, name: str) -> list[tuple[date | None, Any, float, int, float, str]]:
        """(date, value, risk, table, place, visit_id) of each recording, the one that counts last.

        The rows of one child or household have no order: what is equally risky goes by its place.
        """
        indicator = self.pack.indicators[name]
        rows = [(row, CHILD) for row in self.child.rows]
        rows += [(row, HOUSE) for row in self.child.household]
        rows += [(visit, VISIT) for visit in self.child.visits]
        found = []
        for row, table in rows:
            value = as_value(row.get(name), indicator)
            if value is not None:
                visit_id = str(row.get("visit_id"))
                place = place_of(value, indicator) if table != VISIT else 0
                found.append((row.get("on"), value, risk(value, indicator), table, place, visit_id))
        return sorted(found, key=lambda r: (r[0] or date.min, *r[2:]))

    def _recorded(self, name: str) -> Value:
        indicator, records = self.pack.indicators[name], self._records(name)
        if indicator["kind"] == "event" and is_ordered(indicator):
            return self._event(indicator, records)
        if not records:
            return Value(None)
        value, first = records[-1][1], records[-1][0]
        for on, earlier, *_ in reversed(records):
            if earlier != value:
                break
            first = on
        return Value(value, first, records[-1][0])

    def _event(self, indicator: Row, records: list[Any]) -> Value:
        """The riskiest value that still counts; of a set, everything that does."""
        kept = [record for record in records if self._counts(indicator, record[0])]
        if not kept:
            return Value(None)
        top = max(kept, key=lambda record: record[2])[1]
        if indicator["type"] == "set":
            top = frozenset().union(*(record[1] for record in kept))
        nothing = baseline(indicator)
        observed = [
            record[0]
            for record in kept
            if record[0] and (record[2] > 0 if nothing is None else record[1] != nothing)
        ]
        quiet = [record[0] for record in kept if record[0]]
        return Value(top, min(observed, default=None), max(observed or quiet, default=None))

    def _counts(self, indicator: Row, on: date | None) -> bool:
        if self.after is not None and (on is None or on <= self.after):
            return False
        window = self.pack.settings["event_window_days"]
        return (
            on is None
            or indicator.get("hold") == "until_closed"
            or (self.as_of - on).days <= window
        )

    def _age_months(self) -> Value:
        birth, stated = self.child.row.get("birth"), self.child.row.get("age_years")
        if birth and birth <= self.as_of:
            return Value(float(months_between(birth, self.as_of)))
        if stated is None:
            return Value(None)
        recorded = self.child.row.get("on")
        since = months_between(recorded, self.as_of) if recorded else 0
        return Value(float(stated) * 12 + since)

    def _age_years(self) -> Value:
        months = self._age_months().value
        return Value(None if months is None else months // 12)

    def last_seen(self) -> date | None:
        """When a worker last saw the child."""
        seen = [v["on"] for v in self.child.visits if v.get("child_seen") == "yes" and v["on"]]
        stated = self._recorded("last_seen_on").value
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
        return Value(float(len(confirmed)), min(confirmed), max(confirmed))

    def held(self, concept: str) -> list[Row]:
        """Mentions of a concept that count."""
        return [
            mention
            for mention in self.child.mentions
            if mention["concept"] == concept
            and holds(mention, self.child, self.pack, self.as_of)
            and (self.after is None or (mention["on"] is not None and mention["on"] > self.after))
        ]


def months_between(start: date, end: date) -> int:
    """Completed calendar months, none before the start."""
    months = (end.year - start.year) * 12 + end.month - start.month - (start.day > end.day)
    return max(months, 0)


# --- conditions --------------------------------------------------------------------------------------


@dataclass
class Reason:
    """One comparison or note test that carries the outcome: its dates, and whether it is a note."""

    is_note: bool
    first: date | None
    last: date | None
    concept: str | None = None


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
    return _atom(node, facts)[0]


def reasons(node: ast.expr, facts: Facts, wanted: bool = True) -> list[Reason]:
    """The comparisons by which a condition comes out as wanted."""
    if isinstance(node, ast.BoolOp):
        parts = [part for part in node.values if truth(part, facts) is wanted]
        return [reason for part in parts for reason in reasons(part, facts, wanted)]
    if isinstance(node, ast.UnaryOp):
        return reasons(node.operand, facts, not wanted)
    return [_atom(node, facts)[1]]


def _atom(node: ast.expr, facts: Facts) -> tuple[bool | None, Reason]:
    if isinstance(node, ast.Call) and _called(node) == "noted":
        return _noted(node, facts, 1)
    if isinstance(node, ast.Call):  # any_in
        value = facts.value(_name(node.args[0]))
        words = frozenset(ast.literal_eval(node.args[1]))
        return _tested(value, lambda known: bool(words & known))
    assert isinstance(node, ast.Compare)
    if isinstance(node.left, ast.Constant):  # 'word' in a_set
        word = node.left.value
        return _tested(facts.value(_name(node.comparators[0])), lambda known: word in known)
    if isinstance(node.left, ast.Call) and _called(node.left) == "noted_visits":
        return _noted(node.left, facts, ast.literal_eval(node.comparators[0]))
    right = ast.literal_eval(node.comparators[0])
    return _tested(_left(node.left, facts), lambda known: COMPARE[type(node.ops[0])](known, right))


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


def _left(node: ast.expr, facts: Facts) -> Value:
    if isinstance(node, ast.Name):
        return Value(facts.as_of.month) if node.id == "month" else facts.value(node.id)
    assert isinstance(node, ast.Call)
    found = facts.value(_name(node.args[0]))
    if found.value is None:
        return found
    if _called(node) == "len":
        return Value(len(found.value), found.first, found.last)
    return Value((facts.as_of - found.value).days, found.first, found.last)


def _tested(value: Value, test: Callable[[Any], bool]) -> tuple[bool | None, Reason]:
    outcome = None if value.value is None else test(value.value)
    return outcome, Reason(False, value.first, value.last)


def _noted(node: ast.Call, facts: Facts, visits: int) -> tuple[bool, Reason]:
    concept = _name(node.args[0])
    held = facts.held(concept)
    dates = [mention["on"] for mention in held if mention["on"]]
    reason = Reason(True, min(dates, default=None), max(dates, default=None), concept)
    return len({mention["visit"] for mention in held}) >= visits, reason


def _called(node: ast.Call) -> str:
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
    first: date | None
    last: date | None
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
    found = reasons(tree, facts)
    notes = [reason.first for reason in found if reason.is_note and reason.first]
    began = [reason.first for reason in found if not reason.is_note and reason.first]
    first = min([*notes, *([max(began)] if began else [])], default=None)
    last = max([reason.last for reason in found if reason.last], default=None)
    without_notes = truth(tree, _WithoutNotes(facts.child, facts.pack, facts.as_of))
    alone = any(reason.is_note for reason in found) and without_notes is not True
    return Met(rule, first, last, alone, _is_closed(rule, tree, facts, last))


class _WithoutNotes(Facts):
    def held(self, concept: str) -> list[Row]:
        return []


def _is_closed(rule: Row, tree: ast.expr, facts: Facts, last: date | None) -> bool:
    """Whether a decision closes the rule and nothing newer than the decision opens it again."""
    decisions = [
        decision["on"]
        for decision in facts.child.decisions
        if decision["decision"] == "close"
        and decision.get("rule") == rule["id"]
        and (rule.get("tier") != "immediate" or _second_person(decision))
    ]
    if not decisions:
        return False
    on = max(decisions)
    newer = Facts(facts.child, facts.pack, facts.as_of, after=on)
    return not (truth(tree, newer) is True and last is not None and last > on)


def _second_person(decision: Row) -> bool:
    return decision.get("confirmed_by") not in (None, decision["decided_by"])


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
    decided = max(child.decisions, key=lambda decision: decision["on"], default=None)
    raised = [TIERS.index(decided["tier"])] if decided and decided["decision"] == "override" else []
    tier = min([by_rule, *raised, *([PRIORITY] if child.needs else [])])
    facts = Facts(child, pack, as_of)
    serious = [e for e in is_open if "tier" in e.rule and TIERS.index(e.rule["tier"]) < ROUTINE]
    line = {
        "child": child,
        "tier": tier,
        "by_rule": by_rule,
        "needs": bool(child.needs),
        "score": pack.model["intercept"] + sum(contributions(child, pack, as_of).values()),
        "unseen": facts.value("days_since_seen").value,
        "due": _due(serious, tier, facts, pack),
        "open": is_open,
        "closed": [entry for entry in met if entry.closed],
        "undecided": undecided,
        "state": "new",
        "waits": False,
    }
    newest = max([entry.last for entry in serious if entry.last], default=None)
    _decide(line, decided, newest, as_of)
    old = newest is not None and (as_of - newest).days > pack.settings["backlog_days"]
    if first_run and old and line["state"] == "new" and not line["needs"] and tier < ROUTINE:
        line["state"], line["waits"] = "backlog", True
    return line


def _due(serious: list[Met], tier: int, facts: Facts, pack: PlainPack) -> date:
    """The oldest open evidence plus the hours in which its rule asks for a visit."""
    dues = [
        (entry.first or facts.as_of) + timedelta(days=_days(entry.rule, pack)) for entry in serious
    ]
    if dues:
        return min(dues)
    if tier < ROUTINE:
        return facts.as_of + timedelta(days=pack.days(TIERS[tier]))
    last = facts.last_seen()
    return facts.as_of if last is None else last + timedelta(days=pack.days("routine"))


def _days(rule: Row, pack: PlainPack) -> int:
    return -(-int(rule["hours"]) // 24) if "hours" in rule else pack.days(rule["tier"])


def _decide(line: Row, decided: Row | None, newest: date | None, as_of: date) -> None:
    """new -> acknowledged -> planned -> closed; newer evidence makes a follow-up new again."""
    stands = decided is not None and not (newest is not None and newest > decided["on"])
    if decided is not None and stands:
        if decided["decision"] in ("agree", "acknowledge", "override"):
            line["state"] = "acknowledged"
        if decided["decision"] == "plan":
            line["state"] = "planned"
            review = as_date(decided.get("review_on"))
            if review and review > as_of and line["tier"] >= PRIORITY:
                line["waits"], line["due"] = True, review
    if line["closed"] and line["tier"] == ROUTINE and line["state"] == "new":
        line["state"] = "closed"


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
        line["selected_by"] = by if line["within"] else ""


def _group(line: Row) -> tuple[str, Any]:
    row = line["child"].row
    if row.get("caseworker_id"):
        return "worker", row["caseworker_id"]
    return "village", row.get("village_id")


DERIVED = frozenset({"age_years", "age_months", "days_since_seen", "failed_visits_in_row"})


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
    if any(_serious(other, pack, as_of) for other in children if _is_sibling(other, line["child"])):
        ids.insert(0, None)
    return ids[: pack.settings["open_questions"]]


def _not_known(rule: Row, facts: Facts) -> set[str]:
    """The indicators of a rule whose values are not known."""
    names = {node.id for node in ast.walk(parsed(rule["when"])) if isinstance(node, ast.Name)}
    names &= facts.pack.indicators.keys()
    return {name for name in names if facts.value(name).value is None}


def _is_sibling(other: Child, child: Child) -> bool:
    return other is not child and other.home == child.home


def _serious(child: Child, pack: PlainPack, as_of: date) -> bool:
    """Whether a serious mention about the child itself holds."""
    return any(
        pack.concepts[mention["concept"]]["subject"] == "child"
        and pack.concepts[mention["concept"]]["severity"] in ("critical", "high")
        and holds(mention, child, pack, as_of)
        for mention in child.mentions
    )

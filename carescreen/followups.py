"""From the tables of a block of households to its follow-ups: what is open, how urgent, since when.

This is the one function that every engine runs (one process, several, a cluster): it sees whole
households and nothing outside them, so blocks can be cut anywhere between households.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.cases import (
    NO_DATE,
    Block,
    Cases,
    Days,
    Ints,
    build_columns,
    repeat_children,
)
from carescreen.columns import BoolArray, CaseData
from carescreen.conditions import Atom
from carescreen.features import FeatureSet
from carescreen.holding import (
    ChildMentions,
    after_cutoff,
    held,
    noted_columns,
    spread_mentions,
)
from carescreen.model import RiskModel
from carescreen.notes import NoteReader
from carescreen.pack import TIERS
from carescreen.rules import RuleOutcomes, RulePack

ROUTINE = TIERS.index("routine")
PRIORITY = TIERS.index("priority")
IMMEDIATE = TIERS.index("immediate")


@dataclass(frozen=True)
class Engine:
    """Everything a block needs besides its tables; the same object in every process."""

    rules: RulePack
    features: FeatureSet
    model: RiskModel
    reader: NoteReader
    as_of: np.datetime64
    first_run: bool = False

    @cached_property
    def tier_of(self) -> NDArray[np.int64]:
        """Tier position of each rule; len(TIERS) for rules of a lane without a tier."""
        lanes = [TIERS.index(rule.tier) if rule.tier else len(TIERS) for rule in self.rules.rules]
        return np.array(lanes, dtype=np.int64)


@dataclass(frozen=True)
class Support:
    """What a met rule rests on for one child: the atoms that are true, and their dates."""

    atoms: tuple[Atom, ...]
    first_on: np.datetime64
    last_on: np.datetime64


@dataclass(frozen=True)
class FollowUps:
    """One entry a child of the block, in the block's order.

    `open` and `closed` are (child, rule) tables of met rules; `support` has an entry for each met
    pair. Dates are datetime64[D], NaT where there is none; scores are millionths of a log-odds.
    """

    cases: Cases
    mentions: ChildMentions
    holds: BoolArray
    outcomes: RuleOutcomes
    open: BoolArray
    closed: BoolArray
    support: dict[tuple[int, int], Support]
    tier: NDArray[np.int64]
    rule_tier: NDArray[np.int64]
    state: NDArray[np.object_]
    waits: BoolArray
    due_on: Days
    features: pd.DataFrame
    score: Ints
    probability: NDArray[np.float64]


def follow_up(engine: Engine, block: Block, needs_data: BoolArray) -> FollowUps:
    """Evaluate rules and model for every child of a block."""
    cases, mentions, holds = build_cases(engine, block)
    outcomes = engine.rules.evaluate(cases)
    support = _supports(engine, cases, mentions, holds, outcomes)
    closed = _closed(engine, block, mentions, holds, outcomes, support)
    is_open = outcomes.true & ~closed
    features = engine.features.frame(cases)
    score = np.asarray(engine.model.score_micro(features), dtype=np.int64)
    rule_tier = _rule_tier(engine, is_open)
    decided = _latest_decisions(block)
    tier = np.minimum(rule_tier, np.where(needs_data, PRIORITY, ROUTINE))
    tier = np.minimum(tier, _overridden(decided, block.n))
    probability = _probability(engine, features, block.n)
    tier = np.minimum(tier, _lifted(engine, probability))
    due_on, newest = _due(engine, block, cases, is_open, support, tier)
    state, waits = _states(engine, decided, closed, tier, newest, needs_data, due_on)
    return FollowUps(
        cases=cases,
        mentions=mentions,
        holds=holds,
        outcomes=outcomes,
        open=is_open,
        closed=closed,
        support=support,
        tier=tier,
        rule_tier=rule_tier,
        state=state,
        waits=waits,
        due_on=due_on,
        features=features,
        score=score,
        probability=probability,
    )


def build_cases(engine: Engine, block: Block) -> tuple[Cases, ChildMentions, BoolArray]:
    """Cases of a block with its notes read: (cases, mentions, which mentions hold)."""
    concepts, indicators = engine.rules.concepts, engine.rules.indicators
    settings = engine.rules.settings
    found = engine.reader.read(block.visits["note"])
    mentions = spread_mentions(block, found, concepts)
    holds = held(block, mentions, concepts, indicators, settings, engine.as_of)
    cases = Cases(
        block,
        engine.as_of,
        build_columns(block, indicators, settings, engine.as_of),
        noted_columns(block.n, mentions, holds, concepts),
    )
    return cases, mentions, holds


def _rule_tier(engine: Engine, is_open: BoolArray) -> NDArray[np.int64]:
    tiers = np.where(is_open, engine.tier_of[None, :], ROUTINE)
    return np.asarray(tiers.min(axis=1, initial=ROUTINE), dtype=np.int64)


def _probability(engine: Engine, features: pd.DataFrame, n: int) -> NDArray[np.float64]:
    """Probability and its interval, (n, 3); NaN until the model may give one (law 12)."""
    if not engine.model.gives_probability:
        return np.full((n, 3), np.nan)
    interval = np.asarray(engine.model.predict_interval(features), dtype=np.float64)
    chance = np.asarray(engine.model.predict_proba(features), dtype=np.float64)[:, 1]
    return np.column_stack([chance, interval])


def _lifted(engine: Engine, probability: NDArray[np.float64]) -> NDArray[np.int64]:
    """The model may lift routine to priority, never higher, once it gives probabilities (law 2)."""
    threshold = engine.rules.settings.lift_probability
    if threshold is None:
        return np.full(len(probability), ROUTINE, dtype=np.int64)
    return np.where(probability[:, 0] >= threshold, PRIORITY, ROUTINE)


def _supports(
    engine: Engine,
    cases: Cases,
    mentions: ChildMentions,
    holds: BoolArray,
    outcomes: RuleOutcomes,
) -> dict[tuple[int, int], Support]:
    """What each met (child, rule) pair rests on."""
    concepts = {name: number for number, name in enumerate(engine.rules.concepts)}
    children, rules = np.nonzero(outcomes.true)
    found = {}
    for child, number in zip(children.tolist(), rules.tolist(), strict=True):
        atoms = tuple(engine.rules.rules[number].condition.true_atoms(cases, child))
        dates = [_atom_dates(cases, mentions, holds, concepts, atom, child) for atom in atoms]
        found[child, number] = _support(atoms, dates)
    return found


def _atom_dates(
    cases: Cases,
    mentions: ChildMentions,
    holds: BoolArray,
    concepts: dict[str, int],
    atom: Atom,
    child: int,
) -> tuple[np.datetime64, np.datetime64, bool]:
    """(first, last, is evidence seen on a day) of one true atom."""
    if atom.concept is not None:
        part = mentions.of_child(child)
        rows = holds[part] & (mentions.concept[part] == concepts[atom.concept])
        dates = mentions.date[part][rows]
        dates = dates[~np.isnat(dates)]
        return (dates.min(), dates.max(), True) if len(dates) else (NO_DATE, NO_DATE, True)
    columns = [cases.columns[name] for name in atom.indicators if name in cases.columns]
    first = [column.first_on[child] for column in columns]
    last = [column.last_on[child] for column in columns]
    return _latest(first), _latest(last), False


def _latest(dates: list[np.datetime64]) -> np.datetime64:
    known = [date for date in dates if not np.isnat(date)]
    return max(known) if known else NO_DATE


def _support(
    atoms: tuple[Atom, ...], dates: list[tuple[np.datetime64, np.datetime64, bool]]
) -> Support:
    """First: the latest beginning of what the rule needed together. Last: the newest evidence.

    A note is evidence on its own, so the oldest note counts when it came before the rest.
    """
    noted = [first for first, _, is_note in dates if is_note and not np.isnat(first)]
    began = _latest([first for first, _, is_note in dates if not is_note])
    first = min([*noted, *([] if np.isnat(began) else [began])], default=NO_DATE)
    return Support(atoms, first, _latest([last for _, last, _ in dates]))


def _closed(
    engine: Engine,
    block: Block,
    mentions: ChildMentions,
    holds: BoolArray,
    outcomes: RuleOutcomes,
    support: dict[tuple[int, int], Support],
) -> BoolArray:
    """Met rules that a decision closes: met no longer by evidence newer than the decision."""
    closed = np.zeros_like(outcomes.true)
    child, rule, decided = _closings(engine, block)
    met = outcomes.true[child, rule] if len(child) else np.zeros(0, dtype=bool)
    child, rule, decided = child[met], rule[met], decided[met]
    if not len(child):
        return closed
    since = _cases_since(engine, block, mentions, holds, child, decided)
    again = engine.rules.evaluate(since).true[np.arange(len(child)), rule]
    newest = np.array(
        [support[pair].last_on for pair in zip(child.tolist(), rule.tolist(), strict=True)],
        dtype="datetime64[D]",
    )
    closed[child, rule] = ~(again & (newest > decided))
    return closed


def _cases_since(
    engine: Engine,
    block: Block,
    mentions: ChildMentions,
    holds: BoolArray,
    child: Ints,
    decided: Days,
) -> CaseData:
    """Each child as it stands on evidence dated after its decision."""
    part = repeat_children(block, child, decided)
    order = np.flatnonzero(holds)
    kept = mentions.take(order).for_children(child)
    settings, indicators = engine.rules.settings, engine.rules.indicators
    return Cases(
        part,
        engine.as_of,
        build_columns(part, indicators, settings, engine.as_of),
        noted_columns(part.n, kept, after_cutoff(kept, decided), engine.rules.concepts),
    )


def _closings(engine: Engine, block: Block) -> tuple[Ints, Ints, Days]:
    """(child, rule, date) of the newest closing of each rule; immediate needs a second person."""
    empty = np.zeros(0, dtype=np.int64)
    rows = block.decisions
    if not len(rows) or "rule" not in rows:
        return empty, empty, np.zeros(0, dtype="datetime64[D]")
    position = pd.Index(block.children["child_id"])
    ids = pd.Index([rule.id for rule in engine.rules.rules])
    child = np.asarray(position.get_indexer(pd.Index(rows["child_id"])), dtype=np.int64)
    rule = np.asarray(ids.get_indexer(pd.Index(rows["rule"])), dtype=np.int64)
    valid = (rows["decision"] == "close").to_numpy(dtype=bool) & (child >= 0) & (rule >= 0)
    valid &= rows["decided_at"].notna().to_numpy()
    second = _has_second_person(rows)
    valid &= second | (engine.tier_of[np.maximum(rule, 0)] != IMMEDIATE)
    table = pd.DataFrame(
        {
            "child": child[valid],
            "rule": rule[valid],
            "at": rows["decided_at"].to_numpy(dtype="datetime64[s]")[valid],
        }
    )
    newest = table.groupby(["child", "rule"], as_index=False)["at"].max()
    return (
        newest["child"].to_numpy(dtype=np.int64),
        newest["rule"].to_numpy(dtype=np.int64),
        newest["at"].to_numpy(dtype="datetime64[s]").astype("datetime64[D]"),
    )


def _has_second_person(rows: pd.DataFrame) -> BoolArray:
    if "confirmed_by" not in rows:
        return np.zeros(len(rows), dtype=bool)
    other = rows["confirmed_by"].notna() & (rows["confirmed_by"] != rows["decided_by"])
    return other.to_numpy(dtype=bool)


def _latest_decisions(block: Block) -> pd.DataFrame:
    """The newest decision of each child (all its columns), indexed by child position."""
    rows = block.decisions
    if not len(rows):
        return rows.assign(child=pd.Series(dtype=np.int64)).set_index("child")
    position = pd.Index(block.children["child_id"])
    rows = rows.assign(child=position.get_indexer(pd.Index(rows["child_id"])))
    rows = rows[(rows["child"] >= 0) & rows["decided_at"].notna()]
    by = ["child", "decided_at", *(n for n in ("decision", "tier", "review_on") if n in rows)]
    rows = rows.sort_values(by, kind="stable", na_position="first")
    return rows.drop_duplicates("child", keep="last").set_index("child")


def _overridden(decided: pd.DataFrame, n: int) -> NDArray[np.int64]:
    """The tier a person raised a child to; it holds until the next decision about the child."""
    tier = np.full(n, ROUTINE, dtype=np.int64)
    if len(decided) and "tier" in decided:
        raised = decided[(decided["decision"] == "override") & decided["tier"].isin(TIERS)]
        tier[raised.index.to_numpy(dtype=np.int64)] = [TIERS.index(t) for t in raised["tier"]]
    return tier


def _due(
    engine: Engine,
    block: Block,
    cases: Cases,
    is_open: BoolArray,
    support: dict[tuple[int, int], Support],
    tier: NDArray[np.int64],
) -> tuple[Days, Days]:
    """(due date, newest open evidence) of each child.

    Due is the oldest open evidence plus the hours of its rule, so a nightly run does not push it
    forward; routine is due `routine` hours after the child was last seen, at once if never seen.
    """
    hours = engine.rules.settings.tier_hours.model_dump()
    days = {name: np.timedelta64(-(-value // 24), "D") for name, value in hours.items()}
    seen = cases.columns["last_seen_on"].last_on
    due = np.where(np.isnat(seen), engine.as_of, seen + days["routine"])
    waiting = tier < ROUTINE
    tier_days = np.array([days[name] for name in TIERS])
    due[waiting] = engine.as_of + tier_days[tier[waiting]]
    newest = np.full(block.n, NO_DATE)
    oldest = np.full(block.n, NO_DATE)
    for (child, number), part in support.items():
        if not is_open[child, number] or engine.tier_of[number] >= ROUTINE:
            continue
        newest[child] = np.fmax(newest[child], part.last_on)
        since = engine.as_of if np.isnat(part.first_on) else part.first_on
        hours_of_rule = engine.rules.rules[number].hours
        assert hours_of_rule is not None  # a rule with a tier has hours
        rule_due = since + np.timedelta64(-(-hours_of_rule // 24), "D")
        oldest[child] = np.fmin(oldest[child], rule_due)
    has_evidence = ~np.isnat(oldest)
    due[has_evidence] = oldest[has_evidence]
    return due.astype("datetime64[D]"), newest


def _states(
    engine: Engine,
    decided: pd.DataFrame,
    closed: BoolArray,
    tier: NDArray[np.int64],
    newest: Days,
    needs_data: BoolArray,
    due_on: Days,
) -> tuple[NDArray[np.object_], BoolArray]:
    """(state, whether the follow-up waits); a plan for later moves `due_on` to its review date."""
    n = len(tier)
    state = np.full(n, "new", dtype=object)
    waits = np.zeros(n, dtype=bool)
    if len(decided):
        _decided_states(engine, decided, newest, tier, state, waits, due_on)
    done = closed.any(axis=1) & (tier == ROUTINE) & (state == "new")
    state[done] = "closed"
    if engine.first_run:
        age = (engine.as_of - newest).astype("timedelta64[D]").astype(np.int64)
        old = ~np.isnat(newest) & (age > engine.rules.settings.backlog_days)
        old &= (state == "new") & ~needs_data & (tier < ROUTINE)
        state[old] = "backlog"
        waits |= old
    return state, waits


def _decided_states(
    engine: Engine,
    decided: pd.DataFrame,
    newest: Days,
    tier: NDArray[np.int64],
    state: NDArray[np.object_],
    waits: BoolArray,
    due_on: Days,
) -> None:
    """A plan for later makes a follow-up wait, but never an immediate or urgent one."""
    index = decided.index.to_numpy(dtype=np.int64)
    at = decided["decided_at"].to_numpy(dtype="datetime64[s]").astype("datetime64[D]")
    stands = ~(newest[index] > at)  # newer evidence makes the follow-up new again
    word = decided["decision"].to_numpy(dtype=object)
    taken_on = stands & np.isin(word, ["agree", "acknowledge", "override"])
    state[index[taken_on]] = "acknowledged"
    planned = stands & (word == "plan")
    state[index[planned]] = "planned"
    if "review_on" in decided:
        review = decided["review_on"].to_numpy(dtype="datetime64[s]").astype("datetime64[D]")
        later = planned & (review > engine.as_of) & (tier[index] >= PRIORITY)
        waits[index[later]] = True
        due_on[index[later]] = review[later]

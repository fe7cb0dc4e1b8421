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

from carescreen.block import (
    NO_DATE,
    Block,
    Days,
    Ints,
    Times,
    covered_until,
    has_second_person,
    known_after,
    repeat_children,
    to_days,
)
from carescreen.cases import Cases, build_columns
from carescreen.columns import BoolArray
from carescreen.dating import Dates, rule_dates
from carescreen.features import FeatureSet
from carescreen.holding import (
    ChildMentions,
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

    @cached_property
    def tier_days(self) -> NDArray[np.timedelta64]:
        """Days in which the hours of each tier fall; those of `routine` for a lane without one."""
        hours = self.rules.settings.tier_hours.model_dump()
        return np.array([_whole_days(hours[name]) for name in TIERS])

    @cached_property
    def rule_days(self) -> NDArray[np.timedelta64]:
        """Days in which the hours of each rule fall; of rules without a tier they are not asked."""
        return np.array([_whole_days(rule.hours or 0) for rule in self.rules.rules])


@dataclass(frozen=True)
class Raised:
    """Tiers that people raised children to: the newest override of each child; ROUTINE for none."""

    tier: NDArray[np.int64]
    on: Days


@dataclass(frozen=True)
class FollowUps:
    """One entry a child of the block, in the block's order.

    `open` and `closed` are (child, rule) tables of met rules, `dates` those of their evidence, and
    `closed_on` the day of the decision that closes. Scores are millionths of a log-odds.
    """

    cases: Cases
    mentions: ChildMentions
    holds: BoolArray
    outcomes: RuleOutcomes
    open: BoolArray
    closed: BoolArray
    closed_on: Days
    dates: Dates
    tier: NDArray[np.int64]
    rule_tier: NDArray[np.int64]
    raised: Raised
    state: NDArray[np.object_]
    waits: BoolArray
    due_on: Days
    features: pd.DataFrame
    score: Ints
    probability: NDArray[np.float64]


def follow_up(engine: Engine, block: Block, needs_data: BoolArray, needs_since: Days) -> FollowUps:
    """Evaluate rules and model for every child of a block.

    `needs_since` is the day since which the data of a child in `needs_data` needs to be put right.
    """
    cases, mentions, holds = build_cases(engine, block)
    outcomes = engine.rules.evaluate(cases)
    dates = rule_dates(outcomes, cases, mentions, holds, list(engine.rules.concepts))
    closed, closed_on = _close(engine, block, mentions, holds, outcomes, dates)
    is_open = outcomes.true & ~closed
    features = engine.features.frame(cases)
    score = np.asarray(engine.model.score_micro(features), dtype=np.int64)
    rule_tier = _rule_tier(engine, is_open)
    decided, raised = _latest_decisions(block), _raised(block)
    tier = np.minimum(rule_tier, np.where(needs_data, PRIORITY, ROUTINE))
    tier = np.minimum(tier, raised.tier)
    probability = _probability(engine, features, block.n)
    tier = np.minimum(tier, _lifted(engine, probability))
    serious = is_open & (engine.tier_of < ROUTINE)[None, :]
    due_on = _due(engine, cases, serious, dates, tier, raised, (needs_data, needs_since))
    newest = _newest(serious, dates)
    state, waits = _states(engine, decided, closed, tier, newest, needs_data, due_on)
    return FollowUps(
        cases=cases,
        mentions=mentions,
        holds=holds,
        outcomes=outcomes,
        open=is_open,
        closed=closed,
        closed_on=closed_on,
        dates=dates,
        tier=tier,
        rule_tier=rule_tier,
        raised=raised,
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


def _close(
    engine: Engine,
    block: Block,
    mentions: ChildMentions,
    holds: BoolArray,
    outcomes: RuleOutcomes,
    dates: Dates,
) -> tuple[BoolArray, Days]:
    """(closed, day of the decision): met rules that are met no longer by what was known later.

    A rule that is open again dates from what was known after its closing: `dates` is changed so.
    """
    closed, closed_on = np.zeros_like(outcomes.true), np.full(outcomes.true.shape, NO_DATE)
    child, rule, decided, until = _closings(engine, block)
    met = outcomes.true[child, rule] if len(child) else np.zeros(0, dtype=bool)
    child, rule, decided, until = child[met], rule[met], decided[met], until[met]
    if not len(child):
        return closed, closed_on
    part = repeat_children(block, child, until)
    order = np.flatnonzero(holds)
    kept = mentions.take(order).for_children(child)
    newer = known_after(kept.child, kept.known_at, until)
    since = Cases(
        part,
        engine.as_of,
        build_columns(part, engine.rules.indicators, engine.rules.settings, engine.as_of),
        noted_columns(part.n, kept, newer, engine.rules.concepts),
    )
    again = engine.rules.evaluate(since)
    rows = np.arange(len(child))
    found = rule_dates(again, since, kept, newer, list(engine.rules.concepts))
    is_open = again.true[rows, rule] & (dates.known_at[child, rule] > until)
    closed[child, rule] = ~is_open
    closed_on[child[~is_open], rule[~is_open]] = decided[~is_open]
    for whole, later in (
        (dates.first_on, found.first_on),
        (dates.last_on, found.last_on),
        (dates.known_at, found.known_at),
    ):
        whole[child[is_open], rule[is_open]] = later[rows[is_open], rule[is_open]]
    return closed, closed_on


def _closings(engine: Engine, block: Block) -> tuple[Ints, Ints, Days, Times]:
    """(child, rule, day, until when it covers) of the newest closing of each rule.

    At tier immediate a closing counts only with a second person.
    """
    rows = block.decisions
    if not len(rows) or "rule" not in rows:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, np.zeros(0, "datetime64[D]"), np.zeros(0, "datetime64[s]")
    position = pd.Index(block.children["child_id"])
    ids = pd.Index([rule.id for rule in engine.rules.rules])
    child = np.asarray(position.get_indexer(pd.Index(rows["child_id"])), dtype=np.int64)
    rule = np.asarray(ids.get_indexer(pd.Index(rows["rule"])), dtype=np.int64)
    valid = (rows["decision"] == "close").to_numpy(dtype=bool) & (child >= 0) & (rule >= 0)
    valid &= rows["decided_at"].notna().to_numpy()
    valid &= has_second_person(rows) | (engine.tier_of[np.maximum(rule, 0)] != IMMEDIATE)
    until = covered_until(rows["decided_at"])
    table = pd.DataFrame({"child": child[valid], "rule": rule[valid], "until": until[valid]})
    newest = table.groupby(["child", "rule"], as_index=False)["until"].max()
    times = newest["until"].to_numpy(dtype="datetime64[s]")
    return (
        newest["child"].to_numpy(dtype=np.int64),
        newest["rule"].to_numpy(dtype=np.int64),
        times.astype("datetime64[D]"),
        times,
    )


def _latest_decisions(block: Block) -> pd.DataFrame:
    """The newest decision of each child (all its columns), indexed by child position."""
    return _newest_rows(block, block.decisions)


def _newest_rows(block: Block, rows: pd.DataFrame) -> pd.DataFrame:
    if not len(rows):
        return rows.assign(child=pd.Series(dtype=np.int64)).set_index("child")
    position = pd.Index(block.children["child_id"])
    rows = rows.assign(child=position.get_indexer(pd.Index(rows["child_id"])))
    rows = rows[(rows["child"] >= 0) & rows["decided_at"].notna()]
    by = ["child", "decided_at", *(n for n in ("decision", "tier", "review_on") if n in rows)]
    rows = rows.sort_values(by, kind="stable", na_position="first")
    return rows.drop_duplicates("child", keep="last").set_index("child")


def _raised(block: Block) -> Raised:
    """The newest override of each child; it holds until a newer one, and one to routine ends it."""
    n = block.n
    found = Raised(np.full(n, ROUTINE, dtype=np.int64), np.full(n, NO_DATE))
    rows = block.decisions
    if not len(rows) or "tier" not in rows:
        return found
    newest = _newest_rows(block, rows[(rows["decision"] == "override") & rows["tier"].isin(TIERS)])
    index = newest.index.to_numpy(dtype=np.int64)
    found.tier[index] = [TIERS.index(tier) for tier in newest["tier"]]
    found.on[index] = to_days(newest["decided_at"])
    return found


def _whole_days(hours: int) -> np.timedelta64:
    return np.timedelta64(-(-hours // 24), "D")


def _due(
    engine: Engine,
    cases: Cases,
    serious: BoolArray,
    dates: Dates,
    tier: NDArray[np.int64],
    raised: Raised,
    needs: tuple[BoolArray, Days],
) -> Days:
    """When each follow-up is due: the earliest of what asks for it, each with its hours.

    Concerns count from their evidence, an override from the decision, data to be put right from when
    that was known: so a nightly run does not push a date forward. What has no date counts from the
    as-of date. Routine is due `routine` hours after the child was last seen, at once if never seen.
    """
    began = np.where(np.isnat(dates.first_on), engine.as_of, dates.first_on)
    due = np.where(serious, began + engine.rule_days[None, :], NO_DATE)
    asked = _across(np.fmin, due)
    by_person = raised.on + engine.tier_days[raised.tier]
    asked = np.fmin(asked, np.where(raised.tier < ROUTINE, by_person, NO_DATE))
    needs_data, since = needs
    put_right = np.where(np.isnat(since), engine.as_of, since) + engine.tier_days[PRIORITY]
    asked = np.fmin(asked, np.where(needs_data, put_right, NO_DATE))
    seen = cases.columns["last_seen_on"].last_on
    routine = np.where(np.isnat(seen), engine.as_of, seen + engine.tier_days[ROUTINE])
    otherwise = np.where(tier < ROUTINE, engine.as_of + engine.tier_days[tier], routine)
    return np.where(np.isnat(asked), otherwise, asked).astype("datetime64[D]")


def _newest(serious: BoolArray, dates: Dates) -> tuple[Days, Times]:
    """(last day, newest known) of each child's open serious evidence."""
    last = np.where(serious, dates.last_on, NO_DATE)
    known = np.where(serious, dates.known_at, np.datetime64("NaT", "s"))
    return (
        _across(np.fmax, last),
        _across(np.fmax, known),
    )


def _across(pick: np.ufunc, table: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The first (fmin) or last (fmax) known date of each row; NaT where it has none."""
    found = np.full(len(table), "NaT", dtype=table.dtype)
    for column in table.T:
        found = pick(found, column)
    return found


def _states(
    engine: Engine,
    decided: pd.DataFrame,
    closed: BoolArray,
    tier: NDArray[np.int64],
    newest: tuple[Days, Times],
    needs_data: BoolArray,
    due_on: Days,
) -> tuple[NDArray[np.object_], BoolArray]:
    """(state, whether the follow-up waits); a plan for later moves `due_on` to its review date."""
    n = len(tier)
    state = np.full(n, "new", dtype=object)
    waits = np.zeros(n, dtype=bool)
    if len(decided):
        _decided_states(engine, decided, newest[1], tier, state, waits, due_on)
    done = closed.any(axis=1) & (tier == ROUTINE) & (state == "new")
    state[done] = "closed"
    if engine.first_run:
        age = (engine.as_of - newest[0]).astype("timedelta64[D]").astype(np.int64)
        old = ~np.isnat(newest[0]) & (age > engine.rules.settings.backlog_days)
        old &= (state == "new") & ~needs_data & (tier < ROUTINE)
        state[old] = "backlog"
        waits |= old
    return state, waits


def _decided_states(
    engine: Engine,
    decided: pd.DataFrame,
    newest: Times,
    tier: NDArray[np.int64],
    state: NDArray[np.object_],
    waits: BoolArray,
    due_on: Days,
) -> None:
    """A plan for later makes a follow-up wait, but never an immediate or urgent one."""
    index = decided.index.to_numpy(dtype=np.int64)
    until = covered_until(decided["decided_at"])
    stands = ~(newest[index] > until)  # newer evidence makes the follow-up new again
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

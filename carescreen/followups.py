"""From the tables of a block of households to its follow-ups: what is open, how urgent, since when.

This is the one function that every engine runs (one process, several, a cluster): it sees whole
households and nothing outside them, so blocks can be cut anywhere between households.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from carescreen.block import (
    NO_DATE,
    Block,
    Days,
    Times,
    covered_until,
    has_second_person,
    known_after,
    newest_decisions,
    no_dates,
    repeat_children,
    to_days,
)
from carescreen.cases import Cases, build_columns
from carescreen.columns import BoolArray, Values
from carescreen.dating import Dates, rule_dates
from carescreen.departure import Departures, departures_of, mark_adults, mark_moved
from carescreen.derived import COMPUTED_FROM
from carescreen.engine import Engine
from carescreen.fields import FOLLOW_UP_DECISIONS
from carescreen.holding import (
    ChildMentions,
    held,
    noted_columns,
    spread_mentions,
)
from carescreen.indicators import Indicator
from carescreen.pack import TIERS
from carescreen.recent_notes import RecentNotes, recent_notes
from carescreen.rules import RuleOutcomes
from carescreen.sheet import Ints, objects, places
from carescreen.steps import Weights
from carescreen.wordings import still_said

ROUTINE = TIERS.index("routine")
PRIORITY = TIERS.index("priority")
IMMEDIATE = TIERS.index("immediate")


@dataclass(frozen=True)
class Raised:
    """Tiers that people raised children to: the newest override of each child; ROUTINE for none."""

    tier: NDArray[np.int64]
    on: Days


@dataclass(frozen=True, repr=False)  # its values are records
class FollowUps:
    """One entry a child of the block, in the block's order.

    `open` and `closed` are (child, rule) tables of met rules, `dates` those of their evidence, and
    `closed_on` the day of the decision that closes. `taken_on` is the day of the decision that took a
    follow-up on, where it stands. `notes` are those the model looks for phrases in, None where it
    looks for none. Scores and `weights`, of shape (n, features of the model), are
    millionths of a log-odds.
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
    taken_on: Days
    leaving: Departures
    needs_data: BoolArray
    waits: BoolArray
    due_on: Days
    features: Mapping[str, Values]
    notes: RecentNotes | None
    weights: Weights
    score: Ints
    probability: NDArray[np.float64]


def follow_up(engine: Engine, block: Block, needs_data: BoolArray, needs_since: Days) -> FollowUps:
    """Evaluate rules and model for every child of a block.

    `needs_since` is the day since which the data of a child in `needs_data` needs to be put right.
    """
    cases, mentions, holds = build_cases(engine, block)
    outcomes = engine.rules.evaluate(cases)
    dates = rule_dates(outcomes, cases, mentions, holds, engine.kit.concepts.names)
    closed, closed_on = _close(engine, block, mentions, holds, outcomes, dates)
    is_open = outcomes.true & ~closed
    features = engine.kit.features.values(cases)
    model = engine.kit.saved.tables
    notes, spoken = _spoken(model.note_column, block, engine.as_of)
    read = {**features, **spoken}
    weights = model.weights_of(read, block.n)
    score = model.score_of(weights)
    rule_tier = _rule_tier(engine, is_open)
    raised = _raised(block)
    tier = np.minimum(rule_tier, np.where(needs_data, PRIORITY, ROUTINE))
    tier = np.minimum(tier, raised.tier)
    probability = _probability(engine, block, score, read)
    tier = np.minimum(tier, _lifted(engine, probability))
    serious = is_open & (engine.kit.tier_of < ROUTINE)[None, :]
    due_on = _due(engine, cases, serious, dates, tier, raised, (needs_data, needs_since))
    newest = _newest(serious, dates)
    leaving = departures_of(block, cases.number("age_years"), engine.as_of)
    n = block.n
    states = _States(
        np.full(n, "new", dtype=object), no_dates(n), tier, due_on, np.zeros(n, dtype=bool)
    )
    _set_states(engine, block, states, (closed, newest, needs_data), leaving)
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
        state=states.state,
        taken_on=states.taken_on,
        leaving=leaving,
        needs_data=needs_data,
        waits=states.waits,
        due_on=due_on,
        features=features,
        notes=notes,
        weights=weights,
        score=score,
        probability=probability,
    )


def _spoken(
    column: str | None, block: Block, as_of: np.datetime64
) -> tuple[RecentNotes | None, dict[str, Values]]:
    """The notes in which the model looks for phrases, and its column of them; none without one."""
    if column is None:
        return None, {}
    notes = recent_notes(block, as_of)
    return notes, {column: notes.words()}


def build_cases(engine: Engine, block: Block) -> tuple[Cases, ChildMentions, BoolArray]:
    """Cases of a block with its notes read: (cases, mentions, which mentions hold)."""
    concepts, settings = engine.kit.concepts, engine.rules.settings
    found = engine.find(block.wordings.rows["note"])
    mentions = still_said(block, spread_mentions(block, found, concepts), concepts)
    holds = held(block, mentions, concepts, engine.rules.indicators, settings, engine.as_of)
    cases = Cases(
        block,
        engine.as_of,
        build_columns(block, engine.kit.indicators, settings, engine.as_of),
        noted_columns(block.n, mentions, holds, concepts.names),
    )
    return cases, mentions, holds


def _rule_tier(engine: Engine, is_open: BoolArray) -> NDArray[np.int64]:
    tiers = np.where(is_open, engine.kit.tier_of[None, :], ROUTINE)
    return np.asarray(tiers.min(axis=1, initial=ROUTINE), dtype=np.int64)


def _probability(
    engine: Engine, block: Block, score: Ints, read: Mapping[str, Values]
) -> NDArray[np.float64]:
    """Probability and its interval, (n, 3); NaN until the model may give one (law 12).

    A model of invented children gives one for invented children only.
    """
    if not engine.kit.gives_probability:
        return np.full((len(score), 3), np.nan)
    variance = engine.kit.saved.tables.variance_of(read, len(score))
    chances = engine.kit.model.chances_of(score, variance)
    if engine.kit.saved.manifest.data_origin == "synthetic":
        chances[block.children["data_origin"] != "synthetic"] = np.nan
    return chances


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
    child, rule, decided, until = rule_closings(engine, block)
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
        build_columns(part, _read_by(engine, rule), engine.rules.settings, engine.as_of),
        noted_columns(part.n, kept, newer, engine.kit.concepts.names),
    )
    rows = np.arange(len(child))
    again = _only(engine.rules.evaluate(since), rows, rule)
    found = rule_dates(again, since, kept, newer, engine.kit.concepts.names)
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


def _read_by(engine: Engine, numbers: Ints) -> dict[str, Indicator]:
    """The indicators that some rules read, or that what they read is computed from."""
    rules = [engine.rules.rules[number] for number in np.unique(numbers)]
    read = set(COMPUTED_FROM).union(*(rule.condition.indicators for rule in rules))
    return {name: found for name, found in engine.kit.indicators.items() if name in read}


def _only(outcomes: RuleOutcomes, rows: Ints, rule: Ints) -> RuleOutcomes:
    """The outcomes with no rule met but one of each row."""
    true = np.zeros_like(outcomes.true)
    true[rows, rule] = outcomes.true[rows, rule]
    return replace(outcomes, true=true)


def rule_closings(engine: Engine, block: Block) -> tuple[Ints, Ints, Days, Times]:
    """(child, rule, day, until when it covers) of the newest closing of each rule.

    At tier immediate a closing counts only with a second person.
    """
    rows = block.decisions
    if not len(rows) or "rule" not in rows or not engine.rules.rules:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, np.zeros(0, "datetime64[D]"), np.zeros(0, "datetime64[s]")
    child = block.decision_child
    closes = np.flatnonzero((rows["decision"] == "close") & (child >= 0))
    child, rows = child[closes], rows.take(closes)
    rule = places(objects([rule.id for rule in engine.rules.rules]), rows["rule"])
    valid = (rule >= 0) & ~np.isnat(rows["decided_at"])
    valid &= has_second_person(rows) | (engine.kit.tier_of[np.maximum(rule, 0)] != IMMEDIATE)
    until = covered_until(rows["decided_at"])[valid]
    child, rule = child[valid], rule[valid]
    order = np.lexsort((until, rule, child))
    child, rule, until = child[order], rule[order], until[order]
    newest = np.ones(len(order), dtype=bool)
    newest[:-1] = (child[1:] != child[:-1]) | (rule[1:] != rule[:-1])
    return child[newest], rule[newest], to_days(until[newest]), until[newest]


def _raised(block: Block) -> Raised:
    """The newest override of each child; it holds until a newer one, and one to routine ends it."""
    n = block.n
    found = Raised(np.full(n, ROUTINE, dtype=np.int64), np.full(n, NO_DATE))
    rows = block.decisions
    if not len(rows) or "tier" not in rows:
        return found
    is_tier = np.array([tier in TIERS for tier in rows["tier"]], dtype=bool)
    index, newest = newest_decisions(block, (rows["decision"] == "override") & is_tier)
    found.tier[index] = [TIERS.index(tier) for tier in newest["tier"]]
    found.on[index] = to_days(newest["decided_at"])
    return found


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
    due = np.where(serious, began + engine.kit.rule_days[None, :], NO_DATE)
    asked = _across(np.fmin, due)
    by_person = raised.on + engine.kit.tier_days[raised.tier]
    asked = np.fmin(asked, np.where(raised.tier < ROUTINE, by_person, NO_DATE))
    needs_data, since = needs
    put_right = np.where(np.isnat(since), engine.as_of, since) + engine.kit.tier_days[PRIORITY]
    asked = np.fmin(asked, np.where(needs_data, put_right, NO_DATE))
    seen = cases.columns["last_seen_on"].last_on
    routine = np.where(np.isnat(seen), engine.as_of, seen + engine.kit.tier_days[ROUTINE])
    otherwise = np.where(tier < ROUTINE, engine.as_of + engine.kit.tier_days[tier], routine)
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
    if not table.shape[1]:
        return np.full(len(table), "NaT", dtype=table.dtype)
    return np.asarray(pick.reduce(table, axis=1))


@dataclass(frozen=True, repr=False)
class _States:
    """What decisions say of each child; changed in place. A plan for later moves `due_on`."""

    state: NDArray[np.object_]
    taken_on: Days
    tier: NDArray[np.int64]
    due_on: Days
    waits: BoolArray


def _set_states(
    engine: Engine,
    block: Block,
    states: _States,
    found: tuple[BoolArray, tuple[Days, Times], BoolArray],
    leaving: Departures,
) -> None:
    """Set what each follow-up's state is and whether it waits.

    `found` are closed concerns (child, rule), the newest open evidence, and who needs data.
    """
    (closed, newest, needs_data), state, tier = found, states.state, states.tier
    if len(block.decisions):
        _set_decided(engine, block, newest[1], states)
    state[closed.any(axis=1) & (tier == ROUTINE) & (state == "new")] = "closed"
    mark_moved(leaving, tier, state, states.waits)
    if engine.first_run:
        age = (engine.as_of - newest[0]).astype("timedelta64[D]").astype(np.int64)
        old = ~np.isnat(newest[0]) & (age > engine.rules.settings.backlog_days)
        old &= (state == "new") & ~needs_data & (tier < ROUTINE)
        state[old] = "backlog"
        states.waits[old] = True
    mark_adults(leaving, tier, needs_data, state, states.waits)


def _set_decided(engine: Engine, block: Block, newest: Times, states: _States) -> None:
    """A plan for later makes a follow-up wait, but never an immediate or urgent one.

    What else a person recorded (a visit, an outcome, a correction, a lower tier held right) is not
    about taking it on: it neither takes it on nor undoes that somebody has.
    """
    about = np.isin(block.decisions["decision"], objects(FOLLOW_UP_DECISIONS))
    index, decided = newest_decisions(block, about)
    until = covered_until(decided["decided_at"])
    stands = ~(newest[index] > until)  # newer evidence makes the follow-up new again
    word = decided["decision"]
    taken_on = stands & np.isin(word, objects(["agree", "acknowledge", "override"]))
    states.state[index[taken_on]] = "acknowledged"
    planned = stands & (word == "plan")
    states.state[index[planned]] = "planned"
    is_on = taken_on | planned
    states.taken_on[index[is_on]] = to_days(decided["decided_at"][is_on])
    if "review_on" in decided:
        review = to_days(decided["review_on"])
        later = planned & (review > engine.as_of) & (states.tier[index] >= PRIORITY)
        states.waits[index[later]] = True
        states.due_on[index[later]] = review[later]

"""Everything that is measured of a backtest, for one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import pandas as pd

from carescreen.evaluation.backtest import WEIGHT, Backtest, Progress
from carescreen.evaluation.decision_curve import net_benefit
from carescreen.evaluation.figures import Measured
from carescreen.evaluation.groups import GroupAudit, audit_groups
from carescreen.evaluation.misses import Misses, misses
from carescreen.evaluation.notices import Notice
from carescreen.evaluation.order import discrimination, use
from carescreen.evaluation.reliability import Reliability, reliability
from carescreen.evaluation.rules_in_use import RuleList, RulesInUse, count_rules
from carescreen.rules import RulePack

T = TypeVar("T")
MANY_ROWS, DRAWS, DRAWS_OF_MANY = 300_000, 2_000, 500


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    order, use    the methods' orders and what their seats would have found (all, and by window)
    reliability, net_benefit   None: the model gives no probability
    groups        None: no attribute is declared
    misses        None: nothing was drawn at random, or outcomes are of one kind
    rules         what became of each rule
    """

    backtest: Backtest
    order: Measured
    use: Measured
    reliability: Reliability | None
    net_benefit: Measured | None
    groups: GroupAudit | None
    misses: Misses | None
    rules: RulesInUse

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader must know."""
        return self.backtest.notices


def evaluate(
    found: Backtest,
    rules: RulePack,
    outcomes: pd.DataFrame,
    decisions: pd.DataFrame,
    *,
    more: Sequence[Notice] = (),
    random_state: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a backtest; `rules`, `outcomes` and `decisions` are those it was made with, and `more`
    what else a reader must know.

    Intervals (95%) resample households 2,000 times, 500 times from 300,000 child-windows on. The
    same backtest gives the same figures.
    """
    tell = _Steps(progress)
    draws = DRAWS if len(found.judged) <= MANY_ROWS else DRAWS_OF_MANY
    methods, windows = found.methods, found.judged
    notices = [*found.notices, *more]
    order = tell(
        "order",
        lambda: discrimination(windows, methods, weight=WEIGHT, draws=draws, seed=random_state),
    )
    seats = tell(
        "seats",
        lambda: use(
            windows, methods, found.capacity, weight=WEIGHT, draws=draws, seed=random_state
        ),
    )
    chances, benefit = tell("probabilities", lambda: _of_chances(found, draws, random_state))
    groups = tell("groups", lambda: _groups(found, random_state))
    if groups is None:
        notices.append(Notice("no_groups"))
    missed = tell("misses", lambda: _misses(found))
    if not _can_tell_misses(found.judged):
        notices.append(Notice("no_random_share"))
    lists = [RuleList.of(opened) for opened in found.opened]
    table = tell("rules", lambda: count_rules(lists, rules, outcomes, decisions))
    return Evaluation(
        replace(found, notices=tuple(notices)),
        order,
        seats,
        chances,
        benefit,
        groups,
        missed,
        table,
    )


class _Steps:
    """Tells how far the measuring is."""

    COUNT = 6

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.done = progress, 0

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        if self.progress is not None:
            self.progress(name, self.done, self.COUNT)
        found = work()
        self.done += 1
        if self.progress is not None:
            self.progress(name, self.done, self.COUNT)
        return found


def _of_chances(
    found: Backtest, draws: int, seed: int
) -> tuple[Reliability | None, Measured | None]:
    """What probabilities are worth; nothing where no judged child has one."""
    known = found.judged["probability"].notna() & found.judged["event"].notna()
    if not known.any():
        return None, None
    by = ("window", *found.attributes)
    chances = reliability(found.judged, by=by, weight=WEIGHT, draws=draws, seed=seed)
    return chances, net_benefit(found.judged, weight=WEIGHT, draws=draws, seed=seed)


def _groups(found: Backtest, seed: int) -> GroupAudit | None:
    if not found.attributes:
        return None
    reading = found.judged[["window", "child_id", "mentions", "open_questions"]]
    return audit_groups(
        found.judged,
        capacity=found.capacity,
        attributes=found.attributes,
        reading=reading[found.judged["note_length"].notna()],
        random_state=seed,
    )


def _misses(found: Backtest) -> Misses | None:
    """What the list misses; nothing where it cannot be told, or outcomes are of one kind."""
    if not _can_tell_misses(found.judged) or found.judged["event"].dropna().nunique() < 2:
        return None
    return misses(found.judged, capacity=found.capacity)


def _can_tell_misses(windows: pd.DataFrame) -> bool:
    """Whether visits were drawn at random with a known chance, or everybody was seen."""
    drawn = windows["at_random"] & windows["selection_probability"].notna()
    return bool(drawn.any() or windows["attempted"].all())

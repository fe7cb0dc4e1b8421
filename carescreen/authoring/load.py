"""How much a pack asks for on a caseload: children for each rule and tier, and visits against capacity.

A list that calls everyone urgent calls no one. With two as-of dates the new urgent work is counted:
children at immediate or urgent on the second day for a rule that was not open for them on the first.
It may take half of a caseworker's visits (URGENT_SHARE): the rest is for those who wait, for planned
visits and for the random share, without which nobody learns what the list misses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from carescreen.caseload import Caseload
from carescreen.errors import UsageError
from carescreen.pack import TIERS
from carescreen.ranking import Ranking
from carescreen.rulefile import Rule
from carescreen.screener import Screener

URGENT_SHARE = 0.5  # of capacity, for new immediate and urgent follow-ups; a programme's choice
WEEK = 7
WORKER_COLUMNS = ("worker", "children", "immediate", "urgent", "due", "new_urgent_a_week")
_URGENT = TIERS.index("urgent")
_PARTS = ("concerns", "entitlements", "advice")


@dataclass(frozen=True)
class RuleLoad:
    """One rule: children it is open for, those in its tier by it alone, those it asks about."""

    rule: Rule
    children: int
    alone: int
    asked: int


@dataclass(frozen=True)
class TierLoad:
    """One tier: children in it, those due within a week, new ones a week (None with one date)."""

    tier: str
    children: int
    due: int
    new_a_week: float | None


@dataclass(frozen=True)
class Load:
    """What a pack asks for on the (last) day, by the rules in force then.

    `workers` has a row for each caseworker, or village where no caseworker is known: children,
    immediate, urgent, due, new_urgent_a_week (NaN with one date). `over` counts those whose new
    urgent work exceeds URGENT_SHARE of capacity. `rejected` rows and fields could not be used.
    """

    days: tuple[str, ...]
    synthetic: bool
    capacity: int
    children: int
    tiers: tuple[TierLoad, ...]
    rules: tuple[RuleLoad, ...]
    workers: pd.DataFrame
    notices: tuple[str, ...]
    rejected: int

    @property
    def most(self) -> float:
        """New immediate and urgent follow-ups a worker and week that capacity allows."""
        return self.capacity * URGENT_SHARE

    @property
    def over(self) -> int:
        """Workers with more of them than that; 0 with one date."""
        return int((self.workers["new_urgent_a_week"] > self.most).sum())


def measure_load(
    screener: Screener,
    caseload: Caseload,
    days: Sequence[date],
    capacity: int | None = None,
    *,
    processes: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Load:
    """Rank on one day or on two, and count; UsageError for other numbers of days."""
    days = sorted(days)
    if len(days) not in (1, 2) or (len(days) == 2 and (days[1] - days[0]).days < WEEK):
        raise UsageError("a load is measured on one as-of date, or on two at least a week apart")
    checked = caseload.check(screener.rules.indicators)
    rankings = [
        screener.rank(checked, day, capacity, processes=processes, progress=progress)
        for day in days
    ]
    now = list(_children(rankings[-1]))
    new = _new(rankings, now)
    weeks = (days[-1] - days[0]).days / WEEK or None
    return Load(
        days=tuple(day.isoformat() for day in days),
        synthetic=rankings[-1].run.synthetic,
        capacity=rankings[-1].capacity,
        children=len(now),
        tiers=_tiers(now, new, weeks, days[-1]),
        rules=_rules(screener.rules.rules_at(days[-1]), now),
        notices=rankings[-1].notices,
        rejected=len(rankings[-1].rejected),
        workers=_workers(now, new, weeks, days[-1]),
    )


@dataclass(frozen=True)
class _Child:
    """What of a record is counted."""

    id: str
    group: str
    tier: str
    due_on: str | None
    waits: bool
    open: frozenset[str]
    deciding: tuple[str, ...]
    asked: frozenset[str]

    @classmethod
    def of(cls, record: dict[str, object], group: str) -> _Child:
        concerns, questions = record["concerns"], record["open_questions"]
        assert isinstance(concerns, list)
        assert isinstance(questions, list)
        parts = [entries for part in _PARTS if isinstance(entries := record[part], list)]
        return cls(
            id=str(record["child_id"]),
            group=group,
            tier=str(record["tier"]),
            due_on=None if record["due_on"] is None else str(record["due_on"]),
            waits=record["state"] in ("planned", "backlog"),
            open=frozenset(str(entry["rule"]) for entries in parts for entry in entries),
            deciding=tuple(
                str(entry["rule"]) for entry in concerns if entry["tier"] == record["tier"]
            ),
            asked=frozenset(str(entry["rule"]) for entry in questions if entry["rule"]),
        )


def _children(ranking: Ranking) -> Iterator[_Child]:
    for position, group in enumerate(ranking.groups()):
        yield _Child.of(ranking.records([position])[0], str(group))


def _new(rankings: Sequence[Ranking], now: Sequence[_Child]) -> set[str]:
    """Children in a tier for a rule that was not open for them on the first day."""
    if len(rankings) < 2:
        return set()
    before = {child.id: child.open for child in _children(rankings[0])}
    return {child.id for child in now if set(child.deciding) - before.get(child.id, frozenset())}


def _tiers(
    now: Sequence[_Child], new: set[str], weeks: float | None, day: date
) -> tuple[TierLoad, ...]:
    return tuple(
        TierLoad(
            tier,
            len(children := [child for child in now if child.tier == tier]),
            sum(_is_due(child, day) for child in children),
            None if weeks is None else sum(child.id in new for child in children) / weeks,
        )
        for tier in TIERS
    )


def _is_due(child: _Child, day: date) -> bool:
    """Whether a follow-up that does not wait is due within a week."""
    if child.due_on is None or child.waits:
        return False
    return (date.fromisoformat(child.due_on) - day).days <= WEEK


def _rules(rules: Sequence[Rule], now: Sequence[_Child]) -> tuple[RuleLoad, ...]:
    met = Counter(name for child in now for name in child.open)
    alone = Counter(child.deciding[0] for child in now if len(child.deciding) == 1)
    asked = Counter(name for child in now for name in child.asked)
    return tuple(
        RuleLoad(rule, met[rule.id], alone[rule.id] if rule.tier else 0, asked[rule.id])
        for rule in rules
    )


def _workers(now: Sequence[_Child], new: set[str], weeks: float | None, day: date) -> pd.DataFrame:
    serious = [TIERS.index(child.tier) <= _URGENT for child in now]
    table = pd.DataFrame(
        {
            "worker": [child.group for child in now],
            "children": 1,
            "immediate": [child.tier == "immediate" for child in now],
            "urgent": [child.tier == "urgent" for child in now],
            "due": [_is_due(child, day) for child in now],
            "new_urgent_a_week": [
                child.id in new and is_serious
                for child, is_serious in zip(now, serious, strict=True)
            ],
        }
    )
    workers = table.groupby("worker", as_index=False).sum()
    a_week = workers["new_urgent_a_week"].to_numpy(dtype=np.float64)
    workers["new_urgent_a_week"] = (
        np.full(len(workers), np.nan) if weeks is None else a_week / weeks
    )
    return workers[list(WORKER_COLUMNS)]

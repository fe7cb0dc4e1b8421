"""Laws of a week's plan: who is always in, that nobody gets lost, what capacity and chance may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.plan import URGENT
from carescreen.plan_visits import Week
from carescreen.plan_week import (
    BACKLOG,
    BELOW,
    PLAN,
    WAITING,
    WeekPlan,
    plan_week,
)
from carescreen.plan_workers import Leave, Worker, Workers
from carescreen.sheet import Sheet, objects

WEEK = Week.of(date(2026, 11, 1))
IDS = ("W0", "W1", "W2", "W3")
VILLAGES = ("V0", "V1", "V2")
LEAVES = (
    None,
    None,
    Leave(date(2026, 10, 1), None),
    Leave(date(2026, 10, 20), date(2026, 11, 3)),
    Leave(date(2026, 11, 5), date(2026, 11, 30)),
)


@st.composite
def children(draw: st.DrawFn) -> Sheet:
    """A ranking's children, in an order that a ranking can have."""
    states = st.sampled_from(
        [*["new"] * 3, *("acknowledged", "planned", "backlog", "moved", "aged_out")]
    )
    child = st.tuples(
        st.integers(0, 3),  # tier
        states,
        st.sampled_from(["H0", "H1", "H2", "H3", "H4", "H5", "H6", "H7", None]),
        st.sampled_from(VILLAGES),
        st.sampled_from([*IDS, None, "X9"]),
        st.integers(-40, 40),  # days until it is due
    )
    rows = draw(st.lists(child, min_size=1, max_size=30))
    known = [(tier, _waits(tier, state), *rest) for tier, state, *rest in rows]
    order = sorted(range(len(rows)), key=lambda n: (known[n][0], known[n][1] != ""))
    ranked = [known[n] for n in order]
    due = [np.datetime64("2026-11-01") + row[5] for row in ranked]
    return Sheet(
        {
            "child_id": objects([f"C{n}" for n in order]),
            "household_id": objects([row[2] for row in ranked]),
            "village_id": objects([row[3] for row in ranked]),
            "caseworker_id": objects([row[4] for row in ranked]),
            "tier_code": np.array([row[0] for row in ranked]),
            "state": objects([row[1] or "new" for row in ranked]),
            "waits": np.array([row[1] != "" for row in ranked]),
            "due_on": np.array(due, dtype="datetime64[D]"),
        }
    )


def _waits(tier: int, state: str) -> str:
    """The state of a follow-up that waits, where it may: '' where it does not."""
    if state in ("planned", "moved", "aged_out") and tier > URGENT:
        return state
    return state if state == "backlog" and tier < 3 else ""


@st.composite
def teams(draw: st.DrawFn) -> Workers:
    """Caseworkers, some of them away; whoever is has a supervisor."""
    count = draw(st.integers(1, len(IDS)))
    rows = []
    for number in range(count):
        leave = draw(st.sampled_from(LEAVES))
        cover = draw(st.sampled_from(["", *(name for name in IDS[:count] if name != IDS[number])]))
        boss = draw(st.sampled_from(["S1", "S2"] if leave else ["", "S1", "S2"]))
        rows.append(
            Worker(
                id=IDS[number],
                visits_per_week=draw(st.integers(0, 6)),
                villages=tuple(draw(st.sets(st.sampled_from(VILLAGES), max_size=2))),
                leave=leave,
                covered_by=cover,
                conflict_with=tuple(draw(st.sets(st.sampled_from(["H0", "H1", "C3"]), max_size=2))),
                supervisor_id=boss,
                row=number + 2,
            )
        )
    return Workers("workers.csv", tuple(rows))


SHARES = st.sampled_from([0.0, 0.05, 0.3, 0.5])
CONFLICTS = st.lists(
    st.tuples(st.sampled_from([*IDS, "S1"]), st.sampled_from(["C0", "C1", "C2"])), max_size=2
)


SAME = st.lists(
    st.tuples(*[st.integers(0, 12).map("C{}".format)] * 2).filter(lambda ids: ids[0] != ids[1]),
    max_size=3,
)


def made(
    heads: Sheet, workers: Workers, share: float = 0.0, conflicts=(), seed: str = "s", same=()
):
    return plan_week(
        heads, workers, WEEK, random_share=share, seed=seed, conflicts=conflicts, same=same
    )


def households(plan: WeekPlan) -> set[str]:
    return set(plan.visits.rows["household"][plan.planned].tolist())


@given(children(), teams(), SHARES, CONFLICTS, SAME)
def test_nobody_at_immediate_or_urgent_is_left_out_of_every_list(
    heads, workers, share, conflicts, same
):
    plan = made(heads, workers, share, conflicts, same=same)
    pressing = (heads["tier_code"] <= URGENT) & ~heads["waits"]
    assert (plan.place[pressing] == PLAN).all()
    backlog = heads["state"] == "backlog"
    assert (plan.place[backlog & heads["waits"]] == BACKLOG).all()
    assert ((plan.routes.person >= 0) & (plan.routes.person < len(plan.routes.people.ids))).all()


@given(children(), teams(), SHARES, CONFLICTS, SAME)
def test_every_follow_up_that_is_due_is_in_exactly_one_place(
    heads, workers, share, conflicts, same
):
    plan = made(heads, workers, share, conflicts, same=same)
    found = plan.visits.children(plan.planned) + plan.visits.children(plan.below)
    times = np.bincount(np.concatenate([*found, np.zeros(0, int)]), minlength=len(heads))
    due = ~heads["waits"]
    assert (times[due] == 1).all()
    assert (times <= 1).all()
    assert (np.isin(plan.place, [PLAN, BELOW]) == due).all()
    leaves = np.isin(heads["state"], ["moved", "aged_out"]) & heads["waits"]
    assert set(plan.handover.tolist()) == set(np.flatnonzero(leaves).tolist())
    assert (plan.visits.of_house[plan.visits.house[leaves]] >= 0).all()  # somebody's to hand over
    assert set(plan.backlog.tolist()) == set(np.flatnonzero(plan.place == BACKLOG).tolist())
    assert (heads["state"][plan.place == WAITING] == "planned").all()
    assert len(set(plan.planned.tolist())) == len(plan.planned)
    assert (
        sorted([*plan.planned, *plan.below]) == np.flatnonzero(~plan.visits.rows["waits"]).tolist()
    )


@given(children(), teams(), SHARES, CONFLICTS)
def test_only_immediate_and_urgent_exceed_capacity_and_then_there_is_an_alarm(
    heads, workers, share, conflicts
):
    plan = made(heads, workers, share, conflicts)
    rows, people, person = plan.visits.rows, plan.routes.people, plan.routes.person
    alarmed = {alarm.person: alarm for alarm in plan.alarms}
    for one in range(len(people.ids)):
        mine = plan.planned[person[plan.planned] == one]
        pressing = int((rows["tier_code"][mine] <= URGENT).sum())
        seats = int(people.capacity[one])
        assert len(mine) <= max(seats, pressing)
        assert (one in alarmed) == (pressing > seats)
        waiting = int((person[plan.below] == one).sum())
        assert len(mine) >= min(seats, len(mine) + waiting)  # no seat is left empty
    offered = [offer for alarm in plan.alarms for offer in alarm.offers]
    for alarm in plan.alarms:
        assert alarm.uncovered >= 0
    for one in {offer.person for offer in offered}:
        mine = plan.planned[person[plan.planned] == one]
        pressing = int((rows["tier_code"][mine] <= URGENT).sum())
        taken = sum(offer.seats for offer in offered if offer.person == one)
        free = sum(offer.free for offer in offered if offer.person == one)
        assert taken <= int(people.capacity[one]) - pressing
        assert free <= int(people.capacity[one]) - len(mine)


@given(children(), teams(), SHARES, CONFLICTS, st.integers(1, 4), st.integers(0, 3))
def test_more_capacity_never_takes_a_visit_away(heads, workers, share, conflicts, more, who):
    less = made(heads, workers, share, conflicts)
    rows = list(workers.rows)
    who %= len(rows)
    rows[who] = replace(rows[who], visits_per_week=rows[who].visits_per_week + more)
    plan = made(heads, replace(workers, rows=tuple(rows)), share, conflicts)
    assert households(less) <= households(plan)


@given(children(), teams(), CONFLICTS, SAME)
def test_nobody_visits_a_household_she_must_not(heads, workers, conflicts, same):
    plan = made(heads, workers, 0.3, conflicts, same=same)
    ids = plan.routes.people.ids
    barred = {(w.id, one) for w in workers.rows for one in w.conflict_with}
    barred |= {pair for pair in conflicts if pair[0] in {w.id for w in workers.rows}}
    for row in plan.planned.tolist():
        who = ids[plan.routes.person[row]]
        (seen,) = plan.visits.children(np.array([row]))
        names = {heads[name][child] for child in seen for name in ("child_id", "household_id")}
        assert not {(who, name) for name in names} & barred


@given(children(), teams(), SHARES, SAME)
def test_a_child_that_is_recorded_twice_is_one_visit_and_takes_one_seat(
    heads, workers, share, same
):
    plan, apart = made(heads, workers, share, same=same), made(heads, workers, share)
    place = {child: number for number, child in enumerate(heads["child_id"])}
    for one, other in same:
        if one in place and other in place:
            assert plan.visits.house[place[one]] == plan.visits.house[place[other]]
    assert len(plan.visits.rows) <= len(apart.visits.rows)
    of = plan.visits.of_house[plan.visits.house]
    most_urgent = plan.visits.rows["tier_code"][of]
    active = ~heads["waits"]
    assert (most_urgent[active] <= heads["tier_code"][active]).all()  # nobody is seen later for it
    both = made(heads, workers, share, same=[*same, *((b, a) for a, b in reversed(same))])
    assert (both.planned == plan.planned).all()


@given(children(), teams())
def test_visits_are_on_days_when_the_visitor_is_there(heads, workers):
    plan = made(heads, workers)
    people, person = plan.routes.people, plan.routes.person
    for row, day in zip(plan.planned.tolist(), plan.day.tolist(), strict=True):
        there = people.present[person[row]]
        assert there[day] or not there.any()


@given(children(), teams(), SHARES, CONFLICTS, st.randoms(use_true_random=False))
def test_the_order_of_workers_and_conflicts_changes_nothing(heads, workers, share, conflicts, dice):
    shuffled = list(conflicts)
    dice.shuffle(shuffled)
    one, other = made(heads, workers, share, conflicts), made(heads, workers, share, shuffled)
    for name in ("planned", "day", "place", "why"):
        assert (getattr(one, name) == getattr(other, name)).all()
    assert one.alarms == other.alarms


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_recorded_probability_is_the_frequency_of_being_in(share) -> None:
    weeks, n = 1500, 14
    heads = Sheet(
        {
            "child_id": objects([f"C{number}" for number in range(n)]),
            "household_id": objects(
                [f"H{number // 2}" if number > 3 else None for number in range(n)]
            ),
            "village_id": objects(["V1"] * n),
            "caseworker_id": objects(["W1"] * n),
            "tier_code": np.array([1, 2, *[3] * (n - 2)]),
            "state": objects(["new"] * n),
            "waits": np.zeros(n, dtype=bool),
            "due_on": np.full(n, np.datetime64("2026-11-03")),
        }
    )
    workers = Workers("workers.csv", (Worker("W1", 4, row=2),))
    plans = [made(heads, workers, share, seed=str(week)) for week in range(weeks)]
    frequency = np.mean([plan.seats.within for plan in plans], axis=0)
    stated = plans[0].seats.selection_probability
    chance = np.nan_to_num(stated)
    assert ((chance > 0) & (chance < 1)).sum() >= 6
    assert all(np.array_equal(plan.seats.selection_probability, stated) for plan in plans)
    assert np.all(np.abs(frequency - chance) <= 4 * np.sqrt(chance * (1 - chance) / weeks))
    assert all(len(plan.planned) == 4 for plan in plans)
    assert chance.sum() == pytest.approx(4)  # as many seats as there are, week by week

"""A week's plan by small examples: who goes where, in which order, on which day, and who is asked."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from carescreen.errors import UsageError
from carescreen.plan_routes import ROUTES
from carescreen.plan_visits import Week
from carescreen.plan_week import PLACES, WHY, WeekPlan, plan_week
from carescreen.plan_workers import Leave, Worker, Workers
from carescreen.sheet import Sheet, objects

SUNDAY = date(2026, 11, 1)
WEEK = Week.of(SUNDAY)
TIERS = {"immediate": 0, "urgent": 1, "priority": 2, "routine": 3}
AWAY = Leave(date(2026, 10, 1), date(2026, 12, 1))


def child(tier: str, due: str = "2026-11-05", **more) -> dict:
    values = {"household_id": None, "village_id": "V1", "caseworker_id": "W1", "state": "new"}
    return {**values, "tier_code": TIERS[tier], "due_on": due, "waits": False, **more}


def heads(*children: dict) -> Sheet:
    texts = ("household_id", "village_id", "caseworker_id", "state")
    return Sheet(
        {
            "child_id": objects([f"C{number}" for number in range(len(children))]),
            **{name: objects([one[name] for one in children]) for name in texts},
            "tier_code": np.array([one["tier_code"] for one in children]),
            "waits": np.array([one["waits"] for one in children], dtype=bool),
            "due_on": np.array([one["due_on"] for one in children], dtype="datetime64[D]"),
        }
    )


def worker(name: str, visits: int = 10, **more) -> Worker:
    return Worker(name, visits, **{"row": 2, **more})


def plan(rows: Sheet, *workers: Worker, week: Week = WEEK, **more) -> WeekPlan:
    return plan_week(rows, Workers("workers.csv", workers), week, **more)


def seen(made: WeekPlan) -> list[tuple[str, list[str]]]:
    """(whose list, children) of each visit, in order."""
    ids, names = made.routes.people.ids, made.heads["child_id"]
    lists = [ids[person] for person in made.routes.person[made.planned].tolist()]
    visits = [names[one].tolist() for one in made.visits.children(made.planned)]
    return list(zip(lists, visits, strict=True))


def route(made: WeekPlan, row: int = 0) -> tuple[str, str]:
    """(whose list, route) of a possible visit."""
    return made.routes.people.ids[made.routes.person[row]], ROUTES[made.routes.route[row]]


# --- households ----------------------------------------------------------------------------------


def test_children_of_a_household_are_one_visit_at_the_tier_and_date_of_the_most_urgent() -> None:
    made = plan(
        heads(
            child("urgent", "2026-11-04", household_id="H1"),
            child("urgent", "2026-11-03", household_id="H1"),
            child("routine", "2026-09-01", household_id="H1"),
            child("routine", household_id="H2"),
        ),
        worker("W1", 2),
    )
    assert seen(made) == [("W1", ["C0", "C1", "C2"]), ("W1", ["C3"])]
    assert made.visits.rows["tier_code"].tolist() == [1, 3]
    assert str(made.visits.rows["due_on"][0]) == "2026-11-03"


def test_a_child_that_waits_is_seen_with_its_household_but_asks_for_no_visit() -> None:
    waiting = child("priority", household_id="H1", state="planned", waits=True)
    alone = child("priority", household_id="H2", state="planned", waits=True)
    made = plan(heads(waiting, alone, child("routine", household_id="H1")), worker("W1", 5))
    assert seen(made) == [("W1", ["C0", "C2"])]
    assert [PLACES[place] for place in made.place] == ["waiting", "waiting", "plan"]


def test_the_backlog_of_a_first_run_is_the_supervisors() -> None:
    old = child("immediate", state="backlog", waits=True)
    made = plan(heads(old, child("routine")), worker("W1", 5, supervisor_id="S1"))
    assert seen(made) == [("W1", ["C1"])]
    assert made.backlog.tolist() == [0]


# --- order ---------------------------------------------------------------------------------------


def test_what_is_overdue_comes_before_the_rest_of_its_tier_but_not_before_a_higher_tier() -> None:
    made = plan(
        heads(
            child("priority"),
            child("priority", "2026-10-31"),
            child("routine"),
            child("routine", "2026-10-20"),
        ),
        worker("W1", 3),
    )
    assert made.visits.rows["lead"].tolist() == [1, 0, 3, 2]
    assert [WHY[made.why[row]] for row in range(3)] == ["overdue", "order", "overdue"]
    assert [PLACES[place] for place in made.place] == ["plan", "plan", "below", "plan"]


def test_a_routine_visit_that_is_not_due_this_week_comes_after_those_that_are() -> None:
    made = plan(heads(child("routine", "2026-11-20"), child("routine", "2026-11-07")), worker("W1"))
    assert made.visits.rows["lead"].tolist() == [1, 0]


def test_a_due_date_is_overdue_on_the_day_after_it() -> None:
    made = plan(heads(child("routine", "2026-11-01"), child("routine", "2026-10-31")), worker("W1"))
    assert made.visits.rows["late"].tolist() == [1, 0]
    assert made.visits.rows["lead"].tolist() == [1, 0]


# --- whose list ----------------------------------------------------------------------------------


def test_without_a_caseworker_the_villages_worker_goes_else_it_is_the_supervisors() -> None:
    rows = heads(
        child("urgent", caseworker_id=None, village_id="V2"),
        child("urgent", caseworker_id="W9", village_id="V2"),
        child("urgent", caseworker_id=None, village_id="V3"),
    )
    made = plan(rows, worker("W1"), worker("W2", villages=("V2",), supervisor_id="S1"))
    assert [route(made, row) for row in range(3)] == [
        ("W2", "village"),
        ("W2", "left"),
        ("S1", "supervisor"),
    ]
    assert "who have no row any more: 1; their households" in made.routes.notices[0]
    (alarm,) = made.alarms
    assert made.routes.people.ids[alarm.person] == "S1"
    assert (alarm.pressing, alarm.capacity) == (1, 0)


def test_a_worker_whose_villages_are_not_given_works_where_her_children_live() -> None:
    made = plan(heads(child("urgent"), child("urgent", caseworker_id=None)), worker("W1"))
    assert route(made, 1) == ("W1", "village")


def test_several_workers_of_a_village_share_who_has_no_caseworker_and_keep_them() -> None:
    rows = heads(*(child("urgent", caseworker_id=None, household_id=f"H{n}") for n in range(60)))
    both = worker("W1", villages=("V1",)), worker("W2", villages=("V1",))
    made = plan(rows, *both)
    assert 15 <= (made.routes.person == 0).sum() <= 45
    fewer = plan(rows.take(np.arange(1, 60)), *both)
    assert (fewer.routes.person == made.routes.person[1:]).all()


def test_who_is_away_all_week_hands_over_everything_along_the_row_of_covers() -> None:
    away = worker("W1", leave=AWAY, covered_by="W2"), worker("W2", leave=AWAY, covered_by="W3")
    made = plan(heads(child("urgent"), child("routine")), *away, worker("W3", 1))
    assert seen(made) == [("W3", ["C0"])]
    assert route(made, 1) == ("W3", "cover")
    assert made.routes.instead_of.tolist() == [0, 0]
    assert made.routes.people.capacity[:3].tolist() == [0, 0, 1]


def test_who_is_back_in_the_week_hands_over_only_what_is_due_before() -> None:
    until_wednesday = Leave(date(2026, 10, 1), date(2026, 11, 4))
    rows = heads(
        child("immediate", "2026-10-01"),
        child("urgent", "2026-11-05"),
        child("priority", "2026-10-01"),
    )
    made = plan(rows, worker("W1", 10, leave=until_wednesday, covered_by="W2"), worker("W2"))
    assert [route(made, row) for row in range(3)] == [("W2", "cover"), ("W1", "own"), ("W1", "own")]
    assert made.routes.people.capacity[0] == 4  # two days of five
    days = {WEEK.days[day].day for day in made.day[made.routes.person[made.planned] == 0]}
    assert days <= {5, 6}


def test_who_goes_away_later_in_the_week_keeps_her_visits_and_makes_them_before() -> None:
    from_wednesday = Leave(date(2026, 11, 4), None)
    rows = heads(*[child("urgent", "2026-11-06")] * 3)
    made = plan(rows, worker("W1", 10, leave=from_wednesday, covered_by="W2"), worker("W2"))
    assert {list_ for list_, _ in seen(made)} == {"W1"}
    assert set(made.day.tolist()) <= {0, 1}


def test_where_nobody_covers_the_supervisor_does_and_without_one_it_is_a_mistake() -> None:
    rows = heads(child("urgent"))
    made = plan(rows, worker("W1", leave=AWAY, supervisor_id="S1"))
    assert route(made) == ("S1", "cover")
    circle = worker("W1", leave=AWAY, covered_by="W2"), worker("W2", leave=AWAY, covered_by="W1")
    with pytest.raises(UsageError, match=r"^workers.csv, row 2: away .* 1 visit to hand over"):
        plan(rows, *circle)
    with pytest.raises(UsageError, match="give covered_by or supervisor_id"):
        plan(rows, worker("W1", leave=AWAY))
    assert seen(plan(rows, worker("W1"), worker("W2", leave=AWAY))) == [("W1", ["C0"])]


@pytest.mark.parametrize("named", ["H1", "C1"])
def test_a_conflict_of_interest_moves_the_household_to_another_worker_of_the_village(named) -> None:
    rows = heads(child("urgent", household_id="H1"), child("routine", household_id="H1"))
    kin = worker("W1", conflict_with=(named,), villages=("V1",), supervisor_id="S1")
    made = plan(rows, kin, worker("W2", villages=("V1",)))
    assert route(made) == ("W2", "conflict")
    assert route(plan(rows, kin)) == ("S1", "conflict")
    cover = worker("W3", conflict_with=(named,), supervisor_id="S1")
    handed = plan(rows, worker("W1", leave=AWAY, covered_by="W3", villages=("V1",)), cover)
    assert route(handed) == ("S1", "conflict")


def test_a_decided_conflict_counts_for_who_said_it_or_for_the_caseworker() -> None:
    rows = heads(child("urgent", household_id="H1"), child("urgent"))
    team = worker("W1", villages=("V1",)), worker("W2", villages=("V1",))
    for who in ("W1", "S1"):
        assert route(plan(rows, *team, conflicts=[(who, "C0")])) == ("W2", "conflict")
    other = plan(rows, *team, conflicts=[("W2", "C0"), ("W1", "C_unknown")])
    assert [route(other, row) for row in range(2)] == [("W1", "own"), ("W1", "own")]


def test_a_conflict_under_a_name_that_nobody_has_counts_for_whoever_would_go() -> None:
    """Somebody who covers may have written her name in place of her code."""
    rows = heads(child("urgent", household_id="H1"))
    away = worker("W1", leave=AWAY, covered_by="W3", villages=("V1",), supervisor_id="S1")
    team = away, worker("W3", supervisor_id="S1")
    assert route(plan(rows, *team)) == ("W3", "cover")
    assert route(plan(rows, *team, conflicts=[("王芳", "C0")])) == ("S1", "conflict")
    assert route(plan(rows, *team, conflicts=[("S1", "C0")])) == ("W3", "cover")


def test_what_no_caseworker_can_visit_is_said() -> None:
    rows = heads(child("priority", household_id="H1"))
    kin = worker("W1", conflict_with=("H1",), villages=("V1",), supervisor_id="S1")
    said = " ".join(plan(rows, kin).routes.notices)
    assert "no caseworker can visit" in said
    assert "no caseworker can visit" not in " ".join(plan(rows, worker("W1")).routes.notices)


# --- capacity ------------------------------------------------------------------------------------


def test_an_alarm_says_by_how_many_and_who_has_room_in_the_village_first() -> None:
    rows = heads(
        *[child("urgent")] * 4,
        child("urgent", caseworker_id="W2", village_id="V2"),
        child("routine", caseworker_id="W2", village_id="V2"),
        child("routine", caseworker_id="W3", village_id="V3"),
    )
    made = plan(
        rows,
        worker("W1", 1, villages=("V1",), supervisor_id="S1"),
        worker("W2", 2, villages=("V2", "V1"), supervisor_id="S2"),
        worker("W3", 3, villages=("V3",), supervisor_id="S1"),
        worker("W4", 9, villages=("V4",), supervisor_id="S2"),
    )
    (alarm,) = made.alarms
    assert (alarm.pressing, alarm.capacity, alarm.over, alarm.uncovered) == (4, 1, 3, 0)
    assert [(one.person, one.seats, one.free) for one in alarm.offers] == [(1, 1, 0), (2, 2, 2)]


def test_two_alarms_are_not_offered_the_same_seat() -> None:
    rows = heads(*[child("urgent")] * 2, *[child("urgent", caseworker_id="W2")] * 2)
    made = plan(rows, worker("W1", 1), worker("W2", 1), worker("W3", 1, villages=("V1",)))
    assert [alarm.uncovered for alarm in made.alarms] == [0, 1]


# --- days ----------------------------------------------------------------------------------------


def days(made: WeekPlan) -> list[tuple[str, int]]:
    villages = made.visits.rows["village_id"][made.planned].tolist()
    return list(zip(villages, made.day.tolist(), strict=True))


def test_a_village_is_one_trip_where_it_fits_into_a_day() -> None:
    rows = heads(*(child("priority", village_id=f"V{n % 5}") for n in range(10)))
    made = plan(rows, worker("W1", 10))
    assert days(made) == [(f"V{n // 2}", n // 2) for n in range(10)]


def test_a_village_too_large_for_a_day_is_spread_and_no_day_is_overfull() -> None:
    rows = heads(*[child("priority")] * 8, *[child("priority", village_id="V2")] * 2)
    made = plan(rows, worker("W1", 10))
    assert np.bincount(made.day).tolist() == [2, 2, 2, 2, 2]
    assert len({day for village, day in days(made) if village == "V2"}) == 1


def test_immediate_is_on_the_first_day_and_urgent_by_its_due_date() -> None:
    rows = heads(
        *[child("immediate", "2026-11-04")] * 3,
        *[child("urgent", "2026-11-04", village_id="V2")] * 2,
        *[child("urgent", "2026-10-04", village_id="V3")] * 2,
        *[child("routine", village_id="V2")] * 3,
    )
    made = plan(rows, worker("W1", 10))
    assert [day for village, day in days(made) if village == "V1"] == [0, 0, 0]
    assert [day for village, day in days(made) if village == "V3"] == [0, 0]
    urgent = made.visits.rows["due_on"][made.planned] == np.datetime64("2026-11-04")
    assert (made.day[urgent] <= 2).all()


def test_a_week_from_a_wednesday_has_its_five_working_days_too() -> None:
    assert [day.day for day in Week.of(date(2026, 11, 4)).days] == [4, 5, 6, 9, 10]
    assert len(Week.of(SUNDAY, 6).days) == 6
    assert len(Week.of(SUNDAY, 7).days) == 7


# --- who changes hands ---------------------------------------------------------------------------


def test_a_child_recorded_twice_is_one_visit_of_both_households_and_takes_one_seat() -> None:
    rows = heads(
        child("urgent", household_id="H1", village_id="V1"),
        child("priority", household_id="H3"),
        child("routine", household_id="H2", village_id="V2", caseworker_id="W2"),
        child("routine", household_id="H2", village_id="V2", caseworker_id="W2"),
    )
    team = worker("W1", 2), worker("W2", 2)
    assert len(seen(plan(rows, *team))) == 3
    made = plan(rows, *team, same=[("C3", "C0")])
    assert seen(made) == [("W1", ["C0", "C2", "C3"]), ("W1", ["C1"])]
    assert [PLACES[place] for place in made.place] == ["plan"] * 4
    assert made.visits.rows["household_id"][0] == "H1"


def test_links_over_a_third_row_are_one_visit_and_unknown_ids_are_passed_over() -> None:
    rows = heads(*(child("priority", household_id=f"H{number}") for number in range(3)))
    made = plan(rows, worker("W1"), same=[("C2", "C1"), ("C0", "C1"), ("C0", "gone")])
    assert seen(made) == [("W1", ["C0", "C1", "C2"])]


def test_who_must_not_visit_one_of_two_joined_households_visits_neither() -> None:
    rows = heads(child("urgent", household_id="H1"), child("routine", household_id="H2"))
    kin = worker("W1", conflict_with=("H2",), villages=("V1",))
    made = plan(rows, kin, worker("W2", villages=("V1",)), same=[("C0", "C1")])
    assert seen(made) == [("W2", ["C0", "C1"])]
    assert route(made) == ("W2", "conflict")


@pytest.mark.parametrize("state", ["moved", "aged_out"])
def test_who_waits_for_a_handover_is_the_supervisors_and_asks_for_no_visit(state) -> None:
    leaves = child("priority", household_id="H1", state=state, waits=True)
    made = plan(heads(leaves, child("routine")), worker("W1", 5, supervisor_id="S1"))
    assert seen(made) == [("W1", ["C1"])]
    assert [PLACES[place] for place in made.place] == ["handover", "plan"]
    assert made.handover.tolist() == [0]


def test_an_immediate_child_that_moved_is_visited() -> None:
    made = plan(heads(child("immediate", state="moved")), worker("W1", 0))
    assert seen(made) == [("W1", ["C0"])]


def test_a_sibling_that_stays_is_visited_and_who_moved_is_shown_with_it() -> None:
    moved = child("priority", household_id="H1", state="moved", waits=True)
    made = plan(heads(moved, child("routine", household_id="H1")), worker("W1"))
    assert seen(made) == [("W1", ["C0", "C1"])]
    assert [PLACES[place] for place in made.place] == ["handover", "plan"]


def test_a_caseworker_without_a_row_has_left_and_one_that_was_never_named_has_not() -> None:
    rows = heads(child("urgent", caseworker_id="W9"), child("urgent", caseworker_id=None))
    made = plan(rows, worker("W1", villages=("V1",)))
    assert [route(made, row) for row in range(2)] == [("W1", "left"), ("W1", "village")]

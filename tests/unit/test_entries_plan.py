"""How a plan chose whom to visit, as the outcomes of its visits have it: the household's chance."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import follow_up_records as made
import pytest
from test_plan_pages import SUNDAY, TIERS, written

from carescreen.entries_import import ImportReport, import_entries
from carescreen.entries_plan import read_seats
from carescreen.errors import UsageError
from carescreen.plan_files import write_plan
from carescreen.plan_ranking import WrittenRanking, read_ranking
from carescreen.plan_visits import Week
from carescreen.plan_week import plan_week
from carescreen.plan_workers import Worker, Workers

RUN = "0123456789ab"
SHARE = 0.375  # of four seats one and a half: chance decides whether one or two are drawn
MONDAY, LATER = date(2026, 11, 2), date(2026, 11, 9)


PACK = {"id": "cn-rural", "title": made.texts("County", "县"), "version": "1", "digest": "d"}
WAITING = ("C27", "C31", "C33", "C37")  # the other child of each is drawn in some weeks


@pytest.fixture(scope="module")
def ranking(tmp_path_factory) -> WrittenRanking:
    folder = tmp_path_factory.mktemp("seats") / "lists"
    return written(folder, people(), pack=PACK, quotes=False)


def people() -> list[made.Record]:
    """Twenty households of two children, by turns W1's and W2's; two of them immediate, two overdue."""
    found = []
    for number in range(40):
        house = number // 2
        child = made.busy_child() if number in (0, 2) else made.record()
        about = {
            "child_id": f"C{number:02}",
            "household_id": f"H{house:02}",
            "village_id": "V1",
            "caseworker_id": f"W{house % 2 + 1}",
            "due_on": "2026-10-20" if house in (4, 5) else "2026-11-20",
            "score": 1 - number / 100,
            "state": "backlog" if f"C{number:02}" in WAITING else "new",
            "raised_by_person": None,
            "selected_by": "random",
            "selection_probability": 0.0625,
        }
        found.append({**child, **about})
    order = sorted(found, key=lambda one: (TIERS.index(one["tier"]), -one["score"]))
    return [{**one, "rank": place} for place, one in enumerate(order, start=1)]


def made_plan(
    ranking: WrittenRanking, folder: Path, seed: str = "a", start: date = SUNDAY, seats: int = 4
) -> Path:
    rows = [Worker(name, seats, ("V1",), None, "", supervisor_id="S1") for name in ("W1", "W2")]
    workers = Workers("workers.csv", tuple(rows))
    plan = plan_week(
        ranking.heads, workers, Week.of(start), random_share=SHARE, seed=seed, same=ranking.same
    )
    write_plan(plan, ranking, folder)
    return folder


def visits(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / "plan.json").read_text(encoding="utf-8"))["visits"])


def below(folder: Path) -> list[dict[str, str]]:
    with (folder / "below.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def children_of(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for visit in visits(folder):
        for child in visit["children"]:
            yield child["child_id"], visit


# --- what is read ----------------------------------------------------------------------------------


def test_every_child_of_a_visit_has_the_chance_of_its_household(ranking, tmp_path) -> None:
    seats = read_seats(made_plan(ranking, tmp_path / "plan")).seats
    found = list(children_of(tmp_path / "plan"))
    assert {visit["why"] for _, visit in found} == {"rule", "overdue", "order", "random"}
    for child, visit in found:
        assert seats[child].selection_probability == str(visit["selection_probability"])
        assert (seats[child].selected_by == "random") == (visit["why"] == "random")
    assert len(found) > len(visits(tmp_path / "plan"))


def test_who_waits_has_the_chance_of_the_household_with_which_it_is_seen(ranking, tmp_path) -> None:
    drawn = 0
    for number in range(40):
        folder = made_plan(ranking, tmp_path / "plan", f"draw {number}")
        for child, visit in children_of(folder):
            if child not in WAITING:
                continue
            drawn += 1
            seat = read_seats(folder).seats[child]
            assert seat.selected_by == "random"
            assert 0 < float(seat.selection_probability) == visit["selection_probability"] < 1
    assert drawn


def test_below_the_line_nothing_chose_a_child_though_the_draw_might_have(ranking, tmp_path) -> None:
    seats = read_seats(made_plan(ranking, tmp_path / "plan")).seats
    rows = below(tmp_path / "plan")
    assert rows
    for row in rows:
        for child in row["children"].split(";"):
            assert seats[child].selected_by == ""
            assert 0 < float(seats[child].selection_probability) < 1
            assert seats[child].selection_probability == row["selection_probability"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tier": "priority", "concerns": [{"rule": "r", "code": "r"}]}, "rule"),
        ({"tier": "priority", "raised_by_person": {"tier": "priority"}}, "person"),
        ({"tier": "routine", "needs_data_reasons": ["never_seen"]}, "needs_data"),
        ({"tier": "routine"}, "score"),
    ],
)
def test_a_seat_by_order_says_what_put_the_most_urgent_child_there(changes, word, tmp_path) -> None:
    first, second = people()[-2:]
    blank = {"concerns": [], "contributions": [], "needs_data_reasons": [], "open_questions": []}
    first = {**first, **blank, "state": "new", "household_id": "H", "rank": 1, **changes}
    second = {**second, **blank, "tier": "routine", "household_id": "H", "rank": 2}
    codes = [f"rule:{one['rule']}" for one in first["concerns"]]
    codes += [f"person:{first['tier']}"] if first["raised_by_person"] else []
    codes += [f"needs_data:{one}" for one in first["needs_data_reasons"]]
    people_of = [{**first, "reasons": ";".join(codes)}, {**second, "reasons": "needs_data:x"}]
    alone = written(tmp_path / "lists", people_of, quotes=False)
    seats = read_seats(made_plan(alone, tmp_path / "plan")).seats
    assert {seats[one["child_id"]].selected_by for one in (first, second)} == {word}


def test_a_plan_that_is_not_whole_is_said_so(ranking, tmp_path) -> None:
    folder = made_plan(ranking, tmp_path / "plan")
    (folder / "below.csv").unlink()
    with pytest.raises(UsageError, match="make the plan again"):
        read_seats(folder)


# --- what an import takes of it --------------------------------------------------------------------


@pytest.fixture
def tables(tmp_path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    rows = "".join(f"{one['child_id']},V1,2018-03-01\n" for one in people())
    (folder / "children.csv").write_text("child_id,village_id,birth_date\n" + rows)
    (folder / "visits.csv").write_text("visit_id,child_id,visit_date\nN1,C00,2026-10-20\n")
    return folder


def bring(tables: Path, lists: list[Path], *found: tuple[str, str]) -> ImportReport:
    """Import a confirmed outcome for each (child_id, day)."""
    plain = {"decided_at": "2026-11-20 09:00:00", "decided_by": "W1", "decision": "outcome"}
    entries = [
        {**plain, "entry_id": f"{number:032x}", "child_id": child, "visited_on": day}
        | {"result": "confirmed"}
        for number, (child, day) in enumerate(found)
    ]
    data = {"format": "carescreen-decisions/1", "made_at": "x", "run_id": RUN, "entries": entries}
    path = tables.parent / "decisions.json"
    path.write_text(json.dumps(data))
    return import_entries([path], tables, lists=lists, pack="cn-rural", now=datetime(2026, 11, 21))


def chosen(tables: Path) -> list[tuple[str, str]]:
    with (tables / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [(row["selected_by"], row["selection_probability"]) for row in rows]


def test_the_plan_goes_before_the_list_and_alone_does_for_it(ranking, tables, tmp_path) -> None:
    folder = made_plan(ranking, tmp_path / "plan")
    drawn = next(child for child, visit in children_of(folder) if visit["why"] == "random")
    out = below(folder)[0]
    other = out["children"].split(";")[0]
    found = [(drawn, "2026-11-03"), (other, "2026-11-03")]
    report = bring(tables, [folder], *found)
    assert (report.outcomes, report.unlisted) == (2, 0)
    (by, chance), left = chosen(tables)
    assert (by, 0 < float(chance) < 1) == ("random", True)
    assert left == ("", out["selection_probability"])
    (tables / "outcomes.csv").unlink()
    bring(tables, [ranking.folder, folder], *found)
    assert chosen(tables) == [(by, chance), left]
    (tables / "outcomes.csv").unlink()
    bring(tables, [ranking.folder], *found)
    assert chosen(tables) == [("random", "0.0625")] * 2  # of the ranking's own seats


def test_of_several_weeks_that_of_the_visit_counts_else_the_newest_before(
    ranking, tables, tmp_path
) -> None:
    first = made_plan(ranking, tmp_path / "one", start=MONDAY, seats=4)
    second = made_plan(ranking, tmp_path / "two", start=LATER, seats=6)
    child = below(second)[0]["children"].split(";")[0]
    ours = [read_seats(folder).seats[child].selection_probability for folder in (first, second)]
    assert ours[0] != ours[1]
    days = ("2026-11-01", "2026-11-02", "2026-11-08", "2026-11-09", "2026-11-19")
    bring(tables, [second, first], *((child, day) for day in days))
    assert [chance for _, chance in chosen(tables)] == ["", ours[0], ours[0], ours[1], ours[1]]
    bring(tables, [ranking.folder, second, first], (child, days[0]))
    assert chosen(tables)[0] == ("random", "0.0625")  # before any plan: as on the list


def test_of_an_earlier_list_seats_are_not_taken_where_its_plan_is_lacking(
    ranking, tables, tmp_path
) -> None:
    """Its plan chose who was visited, and what is filled in once stays."""
    now = tmp_path / "now"
    shutil.copytree(ranking.folder, now)
    run = json.loads((now / "run.json").read_text("utf-8")) | {"run_id": "now"}
    (now / "run.json").write_text(json.dumps(run))
    (now / "positions.csv").write_text(
        "child_id,as_of,rank,tier,listed,run_id,selected_by,selection_probability\n"
        f"C06,2026-10-25,1,routine,yes,{RUN},score,1.0\n"
    )
    old = made_plan(ranking, tmp_path / "old", start=MONDAY)
    plan = made_plan(read_ranking(now), tmp_path / "plan", start=LATER)
    visit = ("C06", "2026-11-01")  # before its plan's week: as on the list
    assert bring(tables, [now, plan], visit).unlisted == 1
    assert chosen(tables) == [("", "")]
    assert bring(tables, [now, plan, old], visit).unlisted == 0
    assert chosen(tables) == [("score", "1.0")]


def test_two_plans_of_one_week_that_differ_are_refused(ranking, tables, tmp_path) -> None:
    one, same = (made_plan(ranking, tmp_path / name) for name in ("one", "same"))
    other = made_plan(ranking, tmp_path / "other", seats=6)
    bring(tables, [one, same], ("C01", "2026-11-03"))
    with pytest.raises(UsageError, match="differ"):
        bring(tables, [one, other], ("C02", "2026-11-03"))


def test_a_plan_alone_knows_who_is_immediate(ranking, tables, tmp_path) -> None:
    folder = made_plan(ranking, tmp_path / "plan")
    child = next(
        child["child_id"]
        for visit in visits(folder)
        for child in visit["children"]
        if child["tier"] == "immediate"
    )
    plain = {"decided_at": "2026-11-03 09:00:00", "decided_by": "W1", "decision": "lower"}
    lower = {**plain, "entry_id": "f" * 32, "child_id": child, "tier": "urgent", "reason": "seen"}
    data = {"format": "carescreen-decisions/1", "made_at": "x", "run_id": RUN, "entries": [lower]}
    path = tmp_path / "lower.json"
    path.write_text(json.dumps(data))
    report = import_entries([path], tables, lists=[folder], now=datetime(2026, 11, 21))
    assert [problem for problem in report.problems if "second person" in problem]


# --- what it is for --------------------------------------------------------------------------------


def test_weighted_by_their_chance_the_outcomes_tell_how_many_there_are(ranking, tmp_path) -> None:
    """Over many draws the sum of 1/probability over what visits found is the number there is.

    The share among the visited is not that of all, and without who was only seen along one is missed.
    """
    ids = [one["child_id"] for one in people()]
    confirmed = {*ids[:8], *ids[11::3], *WAITING}  # more of them at the top than below
    weighted, without_waiting, plain = [], [], []
    for number in range(120):
        folder = made_plan(ranking, tmp_path / "plan", f"draw {number}")
        seats = read_seats(folder).seats
        found = {
            child: 1 / float(seat.selection_probability)
            for child, seat in seats.items()
            if seat.selected_by and child in confirmed
        }
        weighted.append(sum(found.values()))
        without_waiting.append(sum(found[child] for child in found if child not in WAITING))
        plain.append(len(found) / sum(bool(seat.selected_by) for seat in seats.values()))
    assert _errors(weighted, len(confirmed)) < 3
    assert _errors(without_waiting, len(confirmed)) > 4
    assert _errors(plain, len(confirmed) / len(ids)) > 4


def _errors(estimates: list[float], truth: float) -> float:
    """By how many standard errors the mean of estimates is off."""
    return abs(mean(estimates) - truth) / (stdev(estimates) / sqrt(len(estimates)))

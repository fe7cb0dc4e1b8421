"""A week's plan as pages: which records stand on whose list, and what a visitor's page never holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import follow_up_records as made
import numpy as np
import pytest
from test_html import Page

from carescreen.errors import UsageError
from carescreen.plan_lists import WeekLists
from carescreen.plan_pages import write_plan_pages
from carescreen.plan_ranking import WrittenRanking, read_ranking
from carescreen.plan_records import ListedRecords, written_records
from carescreen.plan_routes import CONFLICT, COVER, OWN
from carescreen.plan_visits import Week
from carescreen.plan_week import ORDER, OVERDUE, RANDOM, WeekPlan, plan_week
from carescreen.plan_workers import Leave, Worker, Workers
from carescreen.ranking import COLUMNS
from carescreen.results import write_csv

SUNDAY = date(2026, 11, 1)
TIERS = ("immediate", "urgent", "priority", "routine")
CHOSEN = {"selected_by": "random", "selection_probability": 0.0625}


def county() -> list[made.Record]:
    """Twelve households of two children: W1's first six, W2's the others; the 24th waits for a date.

    The first household of W1 is hers no more (a conflict); one child of it is immediate.
    """
    found = []
    for number in range(24):
        worker = "W1" if number < 12 else "W2"
        child = made.busy_child() if number in (0, 12) else made.record()
        found.append(
            {
                **child,
                "child_id": f"C{number:02}",
                "household_id": f"H{number // 2:02}",
                "village_id": "V1",
                "caseworker_id": worker,
                "due_on": "2026-10-20" if number % 6 == 4 else "2026-11-20",
                "score": 1 - number / 100,
                **CHOSEN,
            }
        )
    order = sorted(found, key=lambda one: (TIERS.index(one["tier"]), -one["score"]))
    return [{**one, "rank": place} for place, one in enumerate(order, start=1)]


def written(folder: Path, records: list[made.Record], **changes: Any) -> WrittenRanking:
    """A run's folder as far as a plan reads it."""
    folder.mkdir(parents=True)
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (folder / "ranking.jsonl").write_text("".join(lines), encoding="utf-8")
    frame = made_frame(records)
    write_csv(frame, folder / "ranking.csv")
    run = {
        "format": "carescreen-run/1",
        "run_id": "0123456789ab",
        "as_of": str(SUNDAY),
        "synthetic": True,
        "quotes": True,
        "made_by": "analyst-7",
        "expires": "2026-12-01",
        "pack": {"title": made.texts("County", "县"), "version": "1", "digest": "d"},
        "model": {"name": "evidence"},
        "settings": {"random_share": 0.5, "tier_hours": dict.fromkeys(TIERS, 24)},
    }
    (folder / "run.json").write_text(json.dumps({**run, **changes}), encoding="utf-8")
    return read_ranking(folder)


def made_frame(records: list[made.Record]) -> Any:
    import pandas as pd

    rows = [{**dict.fromkeys(COLUMNS, ""), **one} for one in records]
    for row in rows:
        row["waits"] = str(row["state"] == "backlog")
    return pd.DataFrame([{name: row[name] for name in COLUMNS} for row in rows])


def planned(ranking: WrittenRanking, **leave: Leave) -> WeekPlan:
    rows = [
        Worker(name, 4, ("V1",), leave.get(name), "W2" if name in leave else "", supervisor_id="S1")
        for name in ("W1", "W2")
    ]
    week = Week.of(SUNDAY)
    workers = Workers("workers.csv", tuple(rows))
    return plan_week(ranking.heads, workers, week, random_share=0.5, seed="a")


def with_a_conflict(plan: WeekPlan) -> WeekPlan:
    """The same plan where the first visit of W2's list was taken from W1 for a conflict."""
    row = plan.planned[plan.routes.person[plan.planned] == 1][0]
    route, instead = plan.routes.route.copy(), plan.routes.instead_of.copy()
    route[row], instead[row] = CONFLICT, 0
    return replace(plan, routes=replace(plan.routes, route=route, instead_of=instead))


def without_what_is_kept(plan: WeekPlan) -> WeekPlan:
    """The same visits as if none had been drawn and nobody had a conflict of interest."""
    late = plan.visits.rows["late"] > 0
    why = np.where(plan.why == RANDOM, np.where(late, OVERDUE, ORDER), plan.why)
    route = np.where(plan.routes.route == CONFLICT, OWN, plan.routes.route)
    instead = np.where(plan.routes.route == CONFLICT, -1, plan.routes.instead_of)
    seats = replace(
        plan.seats,
        drawn=np.zeros_like(plan.seats.drawn),
        selection_probability=np.ones_like(plan.seats.selection_probability),
    )
    routes = replace(plan.routes, route=route, instead_of=instead)
    return replace(plan, why=why, routes=routes, seats=seats)


def pages(plan: WeekPlan, ranking: WrittenRanking, folder: Path, language: str = "en") -> Path:
    folder.mkdir()
    write_plan_pages(WeekLists(plan), ranking, folder, language)
    return folder


def own_pages(folder: Path) -> dict[str, str]:
    found = sorted((folder / "list").glob("0*.html"))
    return {path.name: path.read_text(encoding="utf-8") for path in found}


@pytest.fixture
def ranking(tmp_path: Path) -> WrittenRanking:
    return written(tmp_path / "lists", county())


def test_a_visitors_page_is_the_same_to_the_byte_whether_or_not_a_visit_was_drawn_or_rerouted(
    ranking: WrittenRanking, tmp_path: Path
) -> None:
    plan = with_a_conflict(planned(ranking))
    rows = plan.planned
    assert (plan.why[rows] == RANDOM).any()
    assert (plan.why[rows][plan.visits.rows["late"][rows] > 0] == RANDOM).any()
    plain = written(tmp_path / "plain", [{**one, **NEVER} for one in county()])
    told = pages(plan, ranking, tmp_path / "told")
    untold = pages(without_what_is_kept(plan), plain, tmp_path / "untold")
    assert own_pages(told) == own_pages(untold)
    assert list(own_pages(told)) == ["0001-W1.html", "0002-W2.html"]
    assert (told / "list.html").read_text() == (untold / "list.html").read_text()
    supervisors = (told / "list/supervisor.html").read_text()
    assert supervisors != (untold / "list/supervisor.html").read_text()
    assert "drawn at random" in supervisors
    assert "W1 has a conflict of interest" in supervisors


NEVER = {"selected_by": "score", "selection_probability": 1.0}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_word_of_a_draw_or_a_conflict_is_in_the_source_of_a_visitors_page(
    ranking: WrittenRanking, tmp_path: Path, language: str
) -> None:
    plan = with_a_conflict(planned(ranking))
    own = own_pages(pages(plan, ranking, tmp_path / "plan", language))
    words = (
        "random",
        "随机",
        "抽取",
        "drawn at",
        "0.0625",
        "625",
        "Do not tell",
        "不要告诉",
        "probability",
    )
    for source in own.values():
        shown = source.split("<style>")[0] + source.split("</style>")[1].split("<script>")[0]
        plain = shown.replace("It is not a probability", "").replace("not a probability", "")
        assert [word for word in words if word in plain] == []
    assert "W1" not in own["0002-W2.html"]


def test_a_visit_has_its_children_and_each_record_says_which_visit_it_belongs_to(
    ranking: WrittenRanking,
) -> None:
    lists = WeekLists(planned(ranking))
    with written_records(ranking) as records:
        found = ListedRecords(lists, records).of(0)
        mine, all_of_it = found.for_visitor(), found.for_supervisor()
    visits = [one["visit"] for one in mine if "order" in one["visit"]]
    below = [one for one in mine if "below" in one["visit"]]
    assert len(visits) == 8
    assert len(below) == 4
    for visit in visits:
        assert set(visit) == {"day", "order", "children", "reason", "why"}
        assert visit["why"] in ("rule", "overdue", "order")
        assert set(visit["reason"]) == {"zh", "en"}
    assert visits[0]["children"] == ["C00", "C01"]
    assert [one["visit"]["below"] for one in below] == [1, 1, 2, 2]
    assert all(one["just_below"] and not one["within_capacity"] for one in below)
    hidden = {"selected_by", "selection_probability", "rank"}
    assert not any(hidden & set(one) for one in mine)
    assert [one["child_id"] for one in all_of_it] == [one["child_id"] for one in mine]


def test_a_page_has_the_visits_by_day_a_household_each_and_who_is_below_folded(
    ranking: WrittenRanking, tmp_path: Path
) -> None:
    source = own_pages(pages(planned(ranking), ranking, tmp_path / "plan"))["0001-W1.html"]
    parsed = Page(source)
    assert parsed.stack == []
    assert parsed.count("li", "visit") == 6
    assert parsed.count("details", "fold") == 1
    assert source.index("Visit 1") < source.index('data-child="C00"') < source.index("Visit 2")
    folded = re.findall(r'data-child="(.*?)"', source.split('class="fold')[1])
    with written_records(ranking) as records:
        mine = ListedRecords(WeekLists(planned(ranking)), records).of(0).for_visitor()
    assert folded == [one["child_id"] for one in mine if "below" in one["visit"]]
    assert "Immediate: always visited" in source
    assert "Household H00" in source
    assert parsed.elements[-1][0] == "script"
    assert 'class="own needs-script"' in source
    levels = re.findall(r'<h[345] aria-level="(\d)"', source)
    assert {"5", "6"} <= set(levels)


def test_a_visitor_is_told_whom_she_covers(ranking: WrittenRanking, tmp_path: Path) -> None:
    plan = planned(ranking, W1=Leave(date(2026, 10, 1), None))
    assert (plan.routes.route[plan.planned] == COVER).any()
    own = own_pages(pages(plan, ranking, tmp_path / "plan"))
    assert "W1 is away; you cover." in own["0002-W2.html"]
    assert "No visits this week." in own["0001-W1.html"]


def test_the_backlog_is_on_the_supervisors_page_alone(tmp_path: Path) -> None:
    records = county()
    old = [one for one in records if one["household_id"] == "H05"]
    rest = [one for one in records if one["household_id"] != "H05"]
    ranked = [*rest, *({**one, "state": "backlog"} for one in old)]
    ranking = written(tmp_path / "lists", [{**o, "rank": n} for n, o in enumerate(ranked, 1)])
    folder = pages(planned(ranking), ranking, tmp_path / "plan")
    supervisors = (folder / "list/supervisor.html").read_text(encoding="utf-8")
    assert "Backlog, from before the first run: 2 children" in supervisors
    assert supervisors.count('data-child="C10"') == 1
    assert not any('data-child="C10"' in source for source in own_pages(folder).values())


def test_a_plan_does_not_renew_who_made_a_list_with_quotes_and_when_it_expires(
    ranking: WrittenRanking, tmp_path: Path
) -> None:
    source = own_pages(pages(planned(ranking), ranking, tmp_path / "plan"))["0001-W1.html"]
    assert "analyst-7" in source
    assert 'data-expires="2026-12-01"' in source
    assert 'data-run="0123456789ab"' in source
    old = written(tmp_path / "old", county(), expires=None)
    with pytest.raises(UsageError, match="rank again"):
        pages(planned(old), old, tmp_path / "refused")


def test_a_list_without_quotes_redacts_whatever_the_ranking_holds(tmp_path: Path) -> None:
    ranking = written(tmp_path / "lists", county(), quotes=False)
    quote = county()[0]["concerns"][0]["evidence"][0]["quote"]
    assert quote in (tmp_path / "lists/ranking.jsonl").read_text(encoding="utf-8")
    folder = pages(planned(ranking), ranking, tmp_path / "plan")
    for path in folder.rglob("*.html"):
        assert quote not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", ["", "{}\n", "not json\n"])
def test_a_ranking_whose_records_are_not_its_own_is_refused_without_a_name(
    ranking: WrittenRanking, tmp_path: Path, wrong: str
) -> None:
    lines = (ranking.folder / "ranking.jsonl").read_text(encoding="utf-8").splitlines(True)
    (ranking.folder / "ranking.jsonl").write_text("".join([*lines[1:], wrong or lines[0]]))
    with pytest.raises(UsageError, match=r"ranking\.jsonl is not as `rank` writes it") as refused:
        pages(planned(ranking), ranking, tmp_path / "plan")
    assert "C0" not in str(refused.value)


def test_what_is_recorded_is_kept_for_each_page_of_each_week(
    ranking: WrittenRanking, tmp_path: Path
) -> None:
    folder = pages(planned(ranking), ranking, tmp_path / "plan")
    kept = [
        re.findall(r'data-kept-as="(.*?)"', path.read_text(encoding="utf-8"))[0]
        for path in sorted((folder / "list").iterdir())
    ]
    assert len(set(kept)) == 3
    assert all(name.startswith("plan 2026-11-01 ") for name in kept)


def test_a_long_list_is_cut_into_pages_between_visits(
    ranking: WrittenRanking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carescreen.review.week.PAGE_CHILDREN", 5)
    monkeypatch.setattr("carescreen.review.week.SUPERVISOR_CHILDREN", 15)
    monkeypatch.setattr("carescreen.plan_pages.SUPERVISOR_CHILDREN", 15)
    folder = pages(planned(ranking), ranking, tmp_path / "plan")
    names = sorted(path.name for path in (folder / "list").iterdir())
    assert names[:3] == ["0001-W1-from-1.html", "0001-W1-from-5.html", "0001-W1-from-9.html"]
    assert names[-2:] == ["supervisor-1.html", "supervisor-2.html"]
    for path in (folder / "list").glob("0*.html"):
        parsed = Page(path.read_text(encoding="utf-8"))
        assert parsed.count("li", "card") == 4
        assert "of 12" in parsed.text
    contents = (folder / "list.html").read_text(encoding="utf-8")
    assert all(f'href="list/{name}"' in contents for name in names)

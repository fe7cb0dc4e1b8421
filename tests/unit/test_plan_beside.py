"""What `rank` says beside its records stands on a plan's pages as it stands on the list's own."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_plan_pages import own_pages, pages, planned
from test_results_people import child, decided

from carescreen import Caseload, Screener, results, results_changes
from carescreen.plan_beside import beside
from carescreen.plan_lists import WeekLists
from carescreen.plan_ranking import WrittenRanking, read_ranking
from carescreen.plan_records import ListedRecords, written_records
from carescreen.results import write_results
from carescreen.waiting import waits_for_somebody
from tests.shipped import shipped_screener

SAID = ("past_positions", "waiting_since", "handed_over", "also_recorded")
FILES = ("positions.csv", "waiting.csv", "handovers.csv", "overview.csv")
SECTIONS = ("since", "overview", "people")


def people(caseworker: str) -> list[dict[str, Any]]:
    """Children of two caseworkers: one handed over, one moved, three of age, one recorded twice,
    and two who may be one.
    """
    return [
        child("C1", caseworker),
        child("C2", birth_date="2007-05-01"),  # of age, and below urgent
        child("C3"),
        child("C4", "W2", village_id="V2"),
        child("C5", household_id="H1", birth_date="2016-05-20"),
        child("C6", household_id="H1", birth_date="2016-05-20"),
        child("C7", birth_date="2007-06-01"),  # of age and raised to immediate
        child("C8", birth_date="1907-05-01"),  # its data needs to be put right
        child("C9", "W2"),
    ]


SAYINGS = (
    decided("C3", "moved", "2026-09-28"),
    decided("C1", "same_child", "2026-09-29", other_child_id="C4"),
    decided("C7", "override", "2026-09-29", tier="immediate"),
)
BEATEN = {"visit_id": "N", "child_id": "C9", "visit_date": "2026-09-26", "note": "昨天被打了"}


def write_list(screener: Screener, folder: Path, as_of: str, caseworker: str) -> None:
    children = people(caseworker)
    visits = [{**BEATEN, "child_seen": "yes", "food_short_days_month": "0"}]
    for one in children:
        seen = {"child_id": one["child_id"], "visit_id": f"N-{one['child_id']}"}
        seen |= {"visit_date": "2026-09-25", "child_seen": "yes", "food_short_days_month": "8"}
        visits.append(seen)
    caseload = Caseload(
        children=pd.DataFrame(children),
        visits=pd.DataFrame(visits),
        decisions=pd.DataFrame(SAYINGS),
    )
    ranking = screener.rank(caseload, as_of)
    write_results(ranking, folder, quotes=False, made_by="tester", language="en")


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> tuple[WrittenRanking, dict[str, Any]]:
    """Two lists in one folder, a week apart, and the records as `rank` drew them on the second."""
    folder = tmp_path_factory.mktemp("beside") / "lists"
    screener, drawn = shipped_screener(), []
    write_list(screener, folder, "2026-10-25", "W1")
    with pytest.MonkeyPatch.context() as patch:
        pages = results.Pages
        patch.setattr(results, "Pages", lambda r, *rest: (drawn.extend(r), pages(r, *rest))[1])
        write_list(screener, folder, "2026-11-01", "W2")
    return read_ranking(folder), {one["child_id"]: one for one in drawn}


def supervisors(folder: Path) -> str:
    return (folder / "list/supervisor.html").read_text(encoding="utf-8")


def section(source: str, name: str) -> str:
    """The words of a section of a page, in the language it opens in."""
    end = '<section class="filters' if name == "overview" else "</section>"  # it has sections in it
    found = re.search(rf'<section class="{name}".*?{end}', source, re.S)
    assert found, name
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", found.group())))


def annotated(ranking: WrittenRanking) -> tuple[dict[str, Any], dict[str, Any]]:
    """Records by child as the supervisor and as visitors see them."""
    lists = WeekLists(planned(ranking), ranking.same, ranking.handed)
    everything, own = {}, {}
    with written_records(ranking) as records:
        listed = ListedRecords(lists, records)
        also = beside(ranking, records, listed.everyone())
        for person in range(len(lists.people.ids)):
            found = listed.of(person)
            also.annotate(found.records)
            everything |= {one["child_id"]: one for one in found.for_supervisor()}
            own |= {one["child_id"]: one for one in found.for_visitor()}
    return everything, own


def test_a_record_of_a_plan_says_what_rank_says_of_it(ranked: Any) -> None:
    ranking, drawn = ranked
    found, _ = annotated(ranking)
    both = sorted(set(found) & set(drawn))
    assert both == [f"C{n}" for n in range(1, 10)]
    for name in SAID:
        assert any(drawn[one].get(name) for one in both), name
        for one in both:
            assert found[one].get(name) == drawn[one].get(name), (name, one)
    waiting = [one for one in both if waits_for_somebody(found[one])]
    assert {found[one]["waiting_since"] for one in waiting} == {"2026-10-25"}


def test_a_visitor_does_not_see_where_a_child_stood_before_who_may_have_been_drawn(
    ranked: Any, tmp_path: Path
) -> None:
    everything, own = annotated(ranked[0])
    assert any(one["past_positions"] for one in everything.values())
    assert not any("past_positions" in one for one in own.values())
    assert any("handed_over" in one for one in own.values())
    folder = pages(planned(ranked[0]), ranked[0], tmp_path / "plan")
    assert "On earlier lists" in supervisors(folder)
    assert not any("On earlier lists" in source for source in own_pages(folder).values())


@pytest.mark.parametrize("name", SECTIONS)
def test_the_supervisors_page_of_a_plan_has_what_the_lists_own_has(
    ranked: Any, tmp_path: Path, name: str
) -> None:
    ranking, _ = ranked
    folder = pages(planned(ranking), ranking, tmp_path / "plan")
    theirs, ours = supervisors(ranking.folder), supervisors(folder)
    assert section(ours, name) == section(theirs, name)
    for source in (*own_pages(folder).values(), (folder / "list.html").read_text("utf-8")):
        for other in SECTIONS:
            assert f'<section class="{other}"' not in source


def test_every_child_that_came_of_age_is_named_whatever_else_is_with_it(
    ranked: Any, tmp_path: Path
) -> None:
    ranking, _ = ranked
    words = section(supervisors(pages(planned(ranking), ranking, tmp_path / "plan")), "people")
    adults = words.split("18 or older", 1)[1]
    assert [one for one in ("C2", "C7", "C8") if one in adults] == ["C2", "C7", "C8"]
    assert "Recorded twice, or twins?" in words


def test_several_pages_have_the_overview_of_their_own_villages_and_the_first_the_people(
    ranked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranking, _ = ranked
    monkeypatch.setattr("carescreen.review.week.SUPERVISOR_CHILDREN", 6)
    monkeypatch.setattr("carescreen.plan_pages.SUPERVISOR_CHILDREN", 6)
    folder = pages(planned(ranking), ranking, tmp_path / "plan")
    first, second = (
        (folder / f"list/supervisor-{number}.html").read_text("utf-8") for number in (1, 2)
    )
    assert '<section class="people"' in first
    assert '<section class="people"' not in second
    for source in (first, second):
        assert section(source, "since") == section(supervisors(ranking.folder), "since")
        assert '<section class="overview"' in source


@pytest.mark.parametrize("broken", [None, "", "child_id\nC1\n", "\x00\xff,\n'"])
def test_a_file_that_cannot_be_read_means_that_there_is_nothing_to_say(
    ranked: Any, tmp_path: Path, broken: str | None
) -> None:
    for path in ranked[0].folder.iterdir():
        if path.is_file() and path.name not in FILES:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    if broken is not None:
        for name in FILES:
            (tmp_path / name).write_text(broken, encoding="latin-1")
    run = json.loads((tmp_path / "run.json").read_text("utf-8"))
    (tmp_path / "run.json").write_text(json.dumps({**run, "since": broken}))
    ranking = read_ranking(tmp_path)
    found, _ = annotated(ranking)
    assert not any(one["past_positions"] or "handed_over" in one for one in found.values())
    source = supervisors(pages(planned(ranking), ranking, tmp_path / "plan"))
    assert '<section class="overview"' not in source
    assert '<section class="since"' not in source


@pytest.mark.parametrize(
    "change",
    [
        {"as_of": "soon"},
        {"counts": {"new": "many"}},
        {"counts": ["new"]},
        {"reasons": {}},
        {"reasons": {"new": {"decision": "x"}}},
    ],
)
def test_changes_in_run_json_that_are_not_as_they_were_written_are_none(
    change: dict[str, Any],
) -> None:
    said = {"as_of": "2026-10-25", "counts": {"new": 2}, "reasons": {"new": {"decision": 2}}}
    found = results_changes.since_of({"since": said})
    assert found is not None
    assert dict(found.counts) == {"new": 2}
    assert results_changes.since_of({"since": {**said, **change}}) is None


def test_pairs_of_children_whom_the_ranking_does_not_have_are_left_out(
    ranked: Any, tmp_path: Path
) -> None:
    for path in ranked[0].folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "duplicates.csv").open("a", encoding="utf-8") as file:
        file.write("same,C1,C77,person,2026-09-29,,,,,,\n")
    found, _ = annotated(read_ranking(tmp_path))
    assert [one["child_id"] for one in found["C1"]["also_recorded"]] == ["C4"]

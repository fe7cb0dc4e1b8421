"""What a run's folder and pages say of children who change hands or are recorded twice."""

from __future__ import annotations

import json
import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from carescreen import Caseload
from carescreen.results import write_results
from carescreen.results_handover import read_handovers
from carescreen.results_people import read_same

HUNGRY = "8"  # days a month short of food: a concern at priority


def child(child_id: str, caseworker: str | None = "W1", **more: Any) -> dict[str, Any]:
    return {
        "child_id": child_id,
        "village_id": "V1",
        "caseworker_id": caseworker,
        "birth_date": f"2016-05-{len(child_id) + ord(child_id[-1]) % 20:02}",
        **more,
    }


def decided(child_id: str, word: str, at: str, **more: str) -> dict[str, str]:
    row = {"child_id": child_id, "decision": word, "decided_at": at, "decided_by": "W1"}
    return {**row, "reason": "moved in with an uncle", **more}


def write(screener, folder: Path, as_of: str, children, *decisions, quotes: bool = False):
    visits = [
        {
            "visit_id": f"N-{one['child_id']}",
            "child_id": one["child_id"],
            "visit_date": "2026-09-25",
            "child_seen": "yes",
            "food_short_days_month": HUNGRY,
        }
        for one in children
    ]
    caseload = Caseload(
        children=pd.DataFrame(children),
        visits=pd.DataFrame(visits),
        decisions=pd.DataFrame(decisions) if decisions else None,
    )
    ranking = screener.rank(caseload, as_of)
    write_results(ranking, folder, quotes=quotes, made_by="tester", language="en")
    return ranking


def handed(folder: Path) -> list[tuple[str, str, str, str]]:
    return [
        (e.child_id, e.from_caseworker_id, e.caseworker_id, e.noticed_on)
        for e in read_handovers(folder)
    ]


def words(page: Path) -> str:
    """What a page says in the language it opens in, without its table of the other one."""
    text = page.read_text(encoding="utf-8")
    body = re.sub(r"<(script|style|template)\b.*?</\1>", " ", text, flags=re.S)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body)))


def supervisor(folder: Path) -> str:
    return words(folder / "list" / "supervisor.html")


# --- handovers -----------------------------------------------------------------------------------


def test_a_child_with_another_caseworker_is_handed_over(screener, tmp_path) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-10-01", [child("C1"), child("C2"), child("C3", None)])
    assert handed(folder) == []
    now = [child("C1", "W7"), child("C2"), child("C3", None, village_id="V2")]
    write(screener, folder, "2026-10-08", now)
    assert sorted(handed(folder)) == [
        ("C1", "W1", "W7", "2026-10-08"),
        ("C3", "", "", "2026-10-08"),
    ]
    page = supervisor(folder)
    assert "New on this list: handed over from W1 (village V1), by 8 Oct 2026." in page
    assert "W1 (village V1) → W7 (village V1): 1" in page
    assert "no caseworker (village V1) → no caseworker (village V2): 1" in page


def test_a_child_whom_nobody_had_is_handed_over_by_nobody(screener, tmp_path) -> None:
    write(screener, tmp_path / "lists", "2026-10-01", [child("C1", None)])
    write(screener, tmp_path / "lists", "2026-11-01", [child("C1", "W2")])
    assert handed(tmp_path / "lists") == []


def test_a_handover_is_carried_for_28_days_and_ends_when_it_is_undone(screener, tmp_path) -> None:
    folder, now = tmp_path / "lists", [child("C1", "W7")]
    write(screener, folder, "2026-10-01", [child("C1")])
    for as_of in ("2026-10-02", "2026-10-03", "2026-10-30"):
        write(screener, folder, as_of, now)
        assert handed(folder) == [("C1", "W1", "W7", "2026-10-02")]
    write(screener, folder, "2026-10-31", now)
    assert handed(folder) == []


def test_writing_a_days_list_again_keeps_its_handovers(screener, tmp_path) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-10-01", [child("C1"), child("C2")])
    write(screener, folder, "2026-10-08", [child("C1", "W7"), child("C2", "W7")])
    write(screener, folder, "2026-10-08", [child("C1", "W7"), child("C2", "W8")])
    assert sorted(handed(folder)) == [
        ("C1", "W1", "W7", "2026-10-08"),
        ("C2", "W7", "W8", "2026-10-08"),
    ]


@pytest.mark.parametrize("broken", ["", "child_id\nC1\n", "\x00\xff"])
def test_a_history_that_cannot_be_read_is_none(screener, tmp_path, broken) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-10-01", [child("C1")])
    (folder / "handovers.csv").write_text(broken, encoding="latin-1")
    write(screener, folder, "2026-10-08", [child("C1", "W7")])
    assert handed(folder) == [("C1", "W1", "W7", "2026-10-08")]
    (folder / "ranking.csv").write_text(broken, encoding="latin-1")
    write(screener, folder, "2026-10-09", [child("C1", "W8")])
    assert handed(folder) == []


def test_a_list_of_a_later_date_is_no_history(screener, tmp_path) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-10-08", [child("C1")])
    write(screener, folder, "2026-10-01", [child("C1", "W7")])
    assert handed(folder) == []


def test_the_list_before_changes_no_byte_of_the_ranking(screener, tmp_path) -> None:
    """Law 6: the same tables give the same ranking, whatever folder it replaces."""
    now = [child("C1", "W7"), child("C2")]
    write(screener, tmp_path / "one", "2026-10-01", [child("C1"), child("C2")])
    for folder in ("one", "other"):
        write(screener, tmp_path / folder, "2026-10-08", now)
    for name in ("ranking.csv", "ranking.jsonl"):
        one, other = ((tmp_path / f / name).read_bytes() for f in ("one", "other"))
        assert one == other


def test_what_was_taken_on_before_the_handover_is_not_taken_on_by_the_new_caseworker(
    screener, tmp_path
) -> None:
    folder, now = tmp_path / "lists", [child("C1", "W7"), child("C2", "W7")]
    taken = [decided(one, "acknowledge", "2026-09-30") for one in ("C1", "C2")]
    write(screener, folder, "2026-10-01", [child("C1"), child("C2")], *taken)
    again = decided("C2", "acknowledge", "2026-10-05 08:00:00")
    ranking = write(screener, folder, "2026-10-08", now, *taken, again)
    states = ranking.to_frame().set_index("child_id")["state"].to_dict()
    assert states == {"C1": "acknowledged", "C2": "acknowledged"}  # nothing is changed silently
    page = supervisor(folder)
    assert page.count("It was taken on before the handover (30 Sep 2026).") == 1
    assert "not yet taken on: 1" in page


def test_a_caseworkers_page_shows_her_own_handovers_and_no_section(screener, tmp_path) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-10-01", [child("C1"), child("C2", "W2")])
    write(screener, folder, "2026-10-08", [child("C1", "W7"), child("C2", "W2")])
    (own,) = (folder / "list").glob("*W7*.html")
    (other,) = (folder / "list").glob("*W2*.html")
    assert "handed over from W1" in words(own)
    assert "handed over from" not in words(other)
    assert "Who changes hands" not in words(own)
    assert "Who changes hands" in supervisor(folder)


# --- moved away, come of age ---------------------------------------------------------------------


def test_the_supervisors_page_lists_who_moved_and_who_came_of_age(screener, tmp_path) -> None:
    children = [child("C1"), child("C2", birth_date="2008-05-01"), child("C3")]
    moved = decided("C1", "moved", "2026-09-28")
    write(screener, tmp_path / "lists", "2026-10-01", children, moved)
    page = supervisor(tmp_path / "lists")
    for part in (
        "Moved away: hand over",
        "recorded on 28 Sep 2026",
        "Moved away (recorded on 28 Sep 2026). Hand over",
        "18 or older",
        "turned 18 on 1 May 2026",
    ):
        assert part in page
    assert "uncle" not in page


def test_with_quotes_the_card_says_where_to(screener, tmp_path) -> None:
    moved = decided("C1", "moved", "2026-09-28")
    write(screener, tmp_path / "lists", "2026-10-01", [child("C1")], moved, quotes=True)
    assert "Where to: moved in with an uncle" in supervisor(tmp_path / "lists")


def test_those_who_wait_for_a_supervisor_stand_under_a_line_of_their_own(
    screener, tmp_path
) -> None:
    children = [child("C1"), child("C2")]
    write(screener, tmp_path / "l", "2026-10-01", children, decided("C1", "moved", "2026-09-28"))
    page = (tmp_path / "l" / "list" / "supervisor.html").read_text(encoding="utf-8")
    places = [page.index('data-child="C2"'), page.index("These moved away or are 18 or older.")]
    assert places == sorted([*places, page.index('data-child="C1"')])[:2]


def test_a_page_without_anybody_has_no_section(screener, tmp_path) -> None:
    write(screener, tmp_path / "lists", "2026-10-01", [child("C1"), child("C2")])
    assert "Who changes hands" not in supervisor(tmp_path / "lists")


# --- recorded twice ------------------------------------------------------------------------------


def test_a_question_is_for_the_supervisor_alone(screener, tmp_path) -> None:
    twins = [child(name, household_id="H1", birth_date="2016-05-01") for name in ("C1", "C2")]
    write(screener, tmp_path / "lists", "2026-10-01", twins)
    page = supervisor(tmp_path / "lists")
    assert "Recorded twice, or twins?" in page
    assert "same household and birth date" in page
    (own,) = (tmp_path / "lists" / "list").glob("*W1*.html")
    assert "twins" not in words(own)
    frame = pd.read_csv(tmp_path / "lists" / "duplicates.csv", encoding="utf-8-sig")
    assert frame["status"].tolist() == ["asked"]
    assert read_same(tmp_path / "lists") == ()


def test_each_card_names_the_other_row_with_its_tier_and_concerns(screener, tmp_path) -> None:
    children = [child("C1"), child("=C2", "W2", village_id="V2")]
    same = decided("C1", "same_child", "2026-09-29", other_child_id="=C2")
    write(screener, tmp_path / "lists", "2026-10-01", children, same)
    assert read_same(tmp_path / "lists") == (("=C2", "C1"),)
    (own,) = (tmp_path / "lists" / "list").glob("*W1*.html")
    assert "Also recorded as =C2 (Priority there, 1 concern): see there too." in words(own)
    (other,) = (tmp_path / "lists" / "list").glob("*W2*.html")
    assert "Also recorded as C1 (Priority there, 1 concern): see there too." in words(other)


def test_what_a_page_shows_of_it_is_text(screener, tmp_path) -> None:
    nasty = "<script>alert(1)</script>"
    children = [child("C1", nasty), child(nasty, "W2")]
    folder = tmp_path / "lists"
    write(screener, folder, "2026-10-01", children)
    now = [child("C1", "W2"), child(nasty, "W2", village_id=nasty)]
    same = decided("C1", "same_child", "2026-09-29", other_child_id=nasty)
    moved = decided("C1", "moved", "2026-09-29", reason=nasty)
    write(screener, folder, "2026-10-08", now, same, moved, quotes=True)
    for page in (folder / "list").glob("*.html"):
        assert nasty not in page.read_text(encoding="utf-8")
    assert json.loads((folder / "run.json").read_text())["as_of"] == str(date(2026, 10, 8))

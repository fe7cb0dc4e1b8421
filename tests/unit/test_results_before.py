"""Where a child stood on the list before, and the visits that a record holds."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.ranking import Ranking
from carescreen.results import write_csv, write_results
from carescreen.results_before import (
    MOST_LISTS,
    past_positions,
    positions_before,
    positions_table,
)
from carescreen.review.earlier import ordinal
from carescreen.screener import Screener

CHILDREN = pd.DataFrame(
    {
        "child_id": ["C1", "C2", "=C3"],
        "village_id": ["V1", "V1", "V1"],
        "birth_date": ["2018-05-01"] * 3,
    }
)
VISITS = pd.DataFrame(
    {
        "visit_id": ["N1", "N2", "N3", "N4", "N5"],
        "child_id": ["C1"] * 5,
        "visit_date": ["2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-11-20"],
        "child_seen": ["yes", "yes", "no", None, "yes"],
    }
)


SEAT = ("r", "score", "1.0")

MANY = pd.DataFrame(
    {
        "child_id": [f"C{number:02}" for number in range(20)],
        "village_id": "V1",
        "birth_date": [f"{2009 + number // 2}-05-01" for number in range(20)],
    }
)


def write(
    screener: Screener,
    folder: Path,
    as_of: str,
    children: pd.DataFrame = CHILDREN,
    capacity: int | None = None,
) -> Ranking:
    ranking = screener.rank(Caseload(children=children, visits=VISITS), as_of, capacity)
    write_results(ranking, folder, quotes=False, made_by="tester", language="en")
    return ranking


def rows_of(folder: Path) -> list[tuple[str, ...]]:
    with (folder / "positions.csv").open(encoding="utf-8-sig", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


def test_a_record_holds_the_newest_visits_known_by_then(screener: Screener) -> None:
    record = screener.rank(Caseload(children=CHILDREN, visits=VISITS), "2026-11-01").record("C1")
    assert record["recent_visits"] == [
        {"visit_id": "N4", "date": "2026-08-01", "seen": None},
        {"visit_id": "N3", "date": "2026-07-01", "seen": "no"},
        {"visit_id": "N2", "date": "2026-06-01", "seen": "yes"},
    ]


def test_the_list_says_where_a_child_stood_on_the_lists_before(
    screener: Screener, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-09-01")
    assert "On earlier lists" not in (folder / "list.html").read_text(encoding="utf-8")
    write(screener, folder, "2026-10-01")
    before = positions_before(folder, "2026-11-01", {"C1", "=C3"})
    assert set(before) == {"C1", "=C3"}
    assert [place["as_of"] for place in before["C1"]] == ["2026-10-01", "2026-09-01"]
    ranking = write(screener, folder, "2026-11-01")
    line = "; ".join(
        f"{ordinal(place['rank'])} on {day} ({place['tier'].capitalize()})"
        for place, day in zip(before["C1"], ("1 Oct 2026", "1 Sep 2026"), strict=True)
    )
    page = (folder / "list.html").read_text(encoding="utf-8")
    assert "On earlier lists" in page
    assert line in page
    assert f"On earlier lists: {line}." in ranking.explain("C1", lists=folder)
    assert "以前各份名单中：2026年10月1日第 " in ranking.explain("C1", "zh", lists=folder)
    assert "On earlier lists" not in ranking.explain("C1")


def test_the_table_has_a_row_a_child_and_list_safe_for_a_spreadsheet(
    screener: Screener, tmp_path: Path
) -> None:
    write(screener, tmp_path, "2026-10-01")
    write(screener, tmp_path, "2026-11-01")
    rows = rows_of(tmp_path)
    assert [row[:2] for row in rows if row[0] == "'=C3"] == [
        ("'=C3", "2026-10-01"),
        ("'=C3", "2026-11-01"),
    ]
    assert len(rows) == len({row[:2] for row in rows}) == 6
    assert {row[4] for row in rows} == {"yes"}


def test_ranking_again_as_of_the_same_day_gives_the_same_bytes(
    screener: Screener, tmp_path: Path
) -> None:
    for day in ("2026-09-01", "2026-10-01", "2026-11-01"):
        write(screener, tmp_path, day)
    once = (tmp_path / "positions.csv").read_bytes()
    for _ in range(2):
        write(screener, tmp_path, "2026-11-01")
        assert (tmp_path / "positions.csv").read_bytes() == once


def test_ranking_again_with_fewer_seats_loses_no_row(screener: Screener, tmp_path: Path) -> None:
    write(screener, tmp_path, "2026-10-01", MANY, 4)
    write(screener, tmp_path, "2026-11-01", MANY, 8)
    wide = {row[:2] for row in rows_of(tmp_path)}
    write(screener, tmp_path, "2026-11-01", MANY, 1)
    narrow = rows_of(tmp_path)
    assert {row[:2] for row in narrow} == wide
    assert sum(row[4] == "no" for row in narrow if row[1] == "2026-11-01") >= 4
    once = (tmp_path / "positions.csv").read_bytes()
    write(screener, tmp_path, "2026-11-01", MANY, 1)
    assert (tmp_path / "positions.csv").read_bytes() == once


def test_a_child_newly_listed_has_its_place_on_the_list_before(
    screener: Screener, tmp_path: Path
) -> None:
    write(screener, tmp_path, "2026-10-01", MANY, 1)
    first = {row[0] for row in rows_of(tmp_path)}
    write(screener, tmp_path, "2026-11-01", MANY, 8)
    new = {row[0] for row in rows_of(tmp_path)} - first
    assert new
    earlier = {row[0]: row[4] for row in rows_of(tmp_path) if row[1] == "2026-10-01"}
    assert {earlier[child] for child in new} == {"no"}


def test_a_run_of_an_earlier_day_carries_only_what_is_earlier(
    screener: Screener, tmp_path: Path
) -> None:
    for day in ("2026-08-01", "2026-10-01", "2026-11-01"):
        write(screener, tmp_path, day)
    write(screener, tmp_path, "2026-09-15")
    assert sorted({row[1] for row in rows_of(tmp_path)}) == ["2026-08-01", "2026-09-15"]
    assert "2026-10" not in (tmp_path / "list.html").read_text(encoding="utf-8")


def frame(*ids: str, run_id: str = "r") -> pd.DataFrame:
    places = {"child_id": ids, "rank": range(1, len(ids) + 1), "tier": "routine"}
    seats = {"run_id": run_id, "selected_by": "score", "selection_probability": 1.0}
    return pd.DataFrame({**places, **seats})


def as_run(folder: Path, as_of: str, now: pd.DataFrame, listed: list[int]) -> pd.DataFrame:
    """A run's folder as far as the positions go: they were listed, or were not."""
    table = positions_table(folder, as_of, now, listed)
    write_csv(table, folder / "positions.csv")
    within = [place in listed for place in range(len(now))]
    write_csv(
        now.drop(columns="run_id").assign(state="new", within_capacity=within),
        folder / "ranking.csv",
    )
    run = {"as_of": as_of, "run_id": now["run_id"].iloc[0]}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return table


def test_twelve_lists_are_kept_and_no_more(tmp_path: Path) -> None:
    days = [f"2026-{month:02}-{day:02}" for month in range(1, 6) for day in (1, 8, 15)]
    for day in days:
        table = as_run(tmp_path, day, frame("A", "B"), [0])
    assert sorted(set(table["as_of"])) == days[-MOST_LISTS:]
    assert list(table["as_of"][table["child_id"] == "A"]) == days[-MOST_LISTS:]
    assert set(table["child_id"]) == {"A"}
    assert len(past_positions(table, days[-1], {"A"})["A"]) == MOST_LISTS - 1


def test_a_child_that_was_listed_is_followed_for_twelve_lists_and_then_left(
    tmp_path: Path,
) -> None:
    days = [str(date(2026, 1, 1) + timedelta(days=7 * week)) for week in range(26)]
    as_run(tmp_path, days[0], frame("A", "B"), [0, 1])
    followed = [
        "B" in set(as_run(tmp_path, day, frame("A", "B"), [0]).query("as_of == @day")["child_id"])
        for day in days[1:]
    ]
    assert followed == [True] * (MOST_LISTS - 1) + [False] * (len(followed) - MOST_LISTS + 1)
    assert set(as_run(tmp_path, "2027-01-01", frame("A", "B"), [0])["child_id"]) == {"A"}


def test_a_folder_of_before_there_was_a_history_gives_its_own_list(tmp_path: Path) -> None:
    as_run(tmp_path, "2026-10-01", frame("A", "B", "C"), [0])
    (tmp_path / "positions.csv").unlink()
    table = positions_table(tmp_path, "2026-11-01", frame("C", "B", "A"), [0])
    assert table.to_dict("split")["data"] == [
        ["A", "2026-10-01", 1, "routine", "yes", *SEAT],
        ["C", "2026-10-01", 3, "routine", "no", *SEAT],
        ["C", "2026-11-01", 1, "routine", "yes", *SEAT],
        ["A", "2026-11-01", 3, "routine", "no", *SEAT],
    ]


@pytest.mark.parametrize("run", ["", "[]", "{}", '{"as_of": "2026-01-01"}', '{"as_of": 7}'])
def test_a_folder_that_holds_no_whole_list_says_nothing(tmp_path: Path, run: str) -> None:
    (tmp_path / "run.json").write_text(run, encoding="utf-8")
    assert positions_before(tmp_path, "2026-11-01", {"C1"}) == {}
    (tmp_path / "ranking.csv").write_text("child_id,rank\nC1,x\n", encoding="utf-8")
    assert positions_before(tmp_path, "2026-11-01", {"C1"}) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"child_id,as_of\nC1,2026-01-01\n",
        b"child_id,as_of,rank,tier,listed\nC1,2026-01-01,x,urgent,yes\n",
        b"child_id,as_of,rank,tier,listed\nC1,1.1.2026,1,urgent,yes\n",
        b"child_id,as_of,rank,tier,listed\nC1,2026-01-01,1,dire,yes\n",
        b'child_id,as_of,rank,tier,listed\n"C1,2026-01-01,1,urgent,yes\n',
    ],
)
def test_a_history_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "positions.csv").write_bytes(content)
    assert positions_before(tmp_path, "2026-11-01", {"C1"}) == {}
    table = positions_table(tmp_path, "2026-11-01", frame("C1", "C2"), [1])
    assert table.to_dict("split")["data"] == [["C2", "2026-11-01", 2, "routine", "yes", *SEAT]]


# --- how the children were chosen ------------------------------------------------------------------


def test_each_row_says_how_its_list_chose_the_child_as_ranking_csv_said_it(
    screener: Screener, tmp_path: Path
) -> None:
    said: dict[tuple[str, str], tuple[str, ...]] = {}
    many = pd.concat([MANY.assign(child_id=f"{part}" + MANY["child_id"]) for part in "ABCD"])
    for day, seats in (("2026-09-01", 60), ("2026-10-01", 40), ("2026-11-01", 60)):
        ranking = write(screener, tmp_path, day, many, seats)
        with (tmp_path / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                seat = (row["selected_by"], row["selection_probability"])
                said[row["child_id"], day] = (ranking.run.run_id, *seat)
    rows = rows_of(tmp_path)
    assert {row[1] for row in rows} == {"2026-09-01", "2026-10-01", "2026-11-01"}
    assert {row[6] for row in rows} > {"random", ""}  # drawn, and below the line
    assert all(row[5:] == said[row[0], row[1]] for row in rows)


def test_a_positions_file_of_before_there_were_seats_still_reads(tmp_path: Path) -> None:
    (tmp_path / "positions.csv").write_text(
        "child_id,as_of,rank,tier,listed\nA,2026-10-01,1,urgent,yes\n", encoding="utf-8"
    )
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    table = positions_table(tmp_path, "2026-11-01", frame("A"), [0])
    assert table.to_dict("split")["data"] == [
        ["A", "2026-10-01", 1, "urgent", "yes", "", "", ""],
        ["A", "2026-11-01", 1, "routine", "yes", *SEAT],
    ]


@pytest.mark.parametrize("run_id", ["012345678901", "1234567890e1", "aaaaaaaaaaaa"])
def test_a_seat_is_carried_on_to_the_letter_and_none_stays_none(
    tmp_path: Path, run_id: str
) -> None:
    now = frame("A", "B", run_id=run_id)
    now = now.assign(selected_by=["rule", ""], selection_probability=[0.1 + 0.2, None])
    table = as_run(tmp_path, "2026-10-01", now, [0, 1])
    assert table["selection_probability"].tolist() == ["0.30000000000000004", ""]
    later = positions_table(tmp_path, "2026-11-01", frame("A", "B", run_id="s"), [0, 1])
    before = later[later["as_of"] == "2026-10-01"]
    assert before.to_dict("list") == table.to_dict("list")

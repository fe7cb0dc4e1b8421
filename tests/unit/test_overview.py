"""The programme in numbers: against a plain count over the records, and over several runs."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.overview import CLOSED, COLUMNS, COUNTS, DUE_DAYS, OPEN
from carescreen.overview_before import KEPT_DATES, history
from carescreen.overview_places import places_of
from carescreen.pack import TIERS
from carescreen.ranking import Ranking
from carescreen.results import write_results
from carescreen.screener import Screener
from carescreen.sheet import Sheet, objects
from carescreen.synthetic import County, make_county

AS_OF = "2026-11-01"


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(children=400, villages=12, seed=3, dirty=True)


def caseload_of(county: County) -> Caseload:
    return Caseload(
        county.children, county.visits, county.households, county.outcomes, county.decisions
    )


def write(ranking: Ranking, folder: Path) -> pd.DataFrame:
    write_results(ranking, folder, quotes=False, made_by="tester", language="en")
    return history(folder)


def plain_counts(
    records: list[dict[str, Any]], as_of: str, tiers: dict[str, str | None]
) -> dict[str, Counter[str]]:
    """What overview.csv counts, child by child and in plain Python; `tiers` by rule."""
    today, found = date.fromisoformat(as_of), dict[str, Counter[str]]()
    for record in records:
        count = found.setdefault(record["village_id"], Counter())
        count["children"] += 1
        days = record["days_since_seen"]
        for limit in (30, 90, 180):
            count[f"seen_{limit}"] += days is not None and days <= limit
        count["never_seen"] += days is None
        due_on = date.fromisoformat(record["due_on"])
        supervisors = record["state"] in ("backlog", "moved", "aged_out")
        is_grave = record["tier"] in ("immediate", "urgent")
        asks = not supervisors or (is_grave and record["state"] != "backlog")
        count["due"] += asks and due_on <= today + timedelta(days=DUE_DAYS)
        count["overdue"] += asks and due_on < today
        count["overdue_routine"] += asks and due_on < today and record["tier"] == "routine"
        for tier in TIERS:
            count[f"open_{tier}"] += sum(c["tier"] == tier for c in record["concerns"])
            count[f"closed_{tier}"] += sum(
                tiers[c["rule"]] == tier for c in record["closed_concerns"]
            )
        count["needs_data"] += record["needs_data"]
        for state in ("planned", "backlog"):
            count[state] += record["state"] == state
    return found


@pytest.mark.parametrize("first_run", [False, True])
def test_every_count_is_what_a_plain_count_over_the_records_says(
    screener: Screener, county: County, tmp_path: Path, first_run: bool
) -> None:
    moved = pd.DataFrame(
        {
            "child_id": county.children["child_id"].iloc[::5],
            "decided_at": "2026-10-30",
            "decided_by": "W1",
            "decision": "moved",
            "reason": "to town",
        }
    )
    caseload = Caseload(
        county.children,
        county.visits,
        county.households,
        county.outcomes,
        pd.concat([county.decisions, moved], ignore_index=True),
    )
    ranking = screener.rank(caseload, AS_OF, first_run=first_run)
    assert {"moved", "new"} <= set(ranking.to_frame()["state"])
    table = write(ranking, tmp_path / "lists")
    tiers = {rule.id: rule.tier for rule in screener.rules.rules}
    wanted = plain_counts(ranking.records(), AS_OF, tiers)
    assert sum(count["open_urgent"] for count in wanted.values()) > 0
    assert sum(count["closed_urgent"] for count in wanted.values()) > 0
    assert (sum(count["backlog"] for count in wanted.values()) > 0) is first_run
    assert list(table.columns) == list(COLUMNS)
    rows = {row["village_id"]: row for row in table.to_dict("records")}
    assert set(rows) == set(wanted)
    for village, count in wanted.items():
        for name in COUNTS:
            if name not in ("due_before", "done"):
                assert rows[village][name] == count[name], (village, name)
    assert table[["due_before", "done"]].isna().all(axis=None)


def test_the_median_is_of_the_children_that_were_seen(
    screener: Screener, county: County, tmp_path: Path
) -> None:
    ranking = screener.rank(caseload_of(county), AS_OF)
    table = write(ranking, tmp_path / "lists").set_index("village_id")
    days = [
        record["days_since_seen"]
        for record in ranking.records()
        if record["village_id"] == "V01" and record["days_since_seen"] is not None
    ]
    assert table.loc["V01", "median_days"] == np.median(days)


def test_places_stand_beside_the_village_as_the_children_table_says_them(
    screener: Screener, county: County, tmp_path: Path
) -> None:
    table = write(screener.rank(caseload_of(county), AS_OF), tmp_path / "lists")
    said = county.children[["province_id", "county_id", "village_id"]].drop_duplicates()
    found = table[["province_id", "county_id", "village_id"]].dropna()
    assert sorted(map(tuple, found.to_numpy())) == sorted(map(tuple, said.to_numpy()))


def rows_of(villages: list[str | None], counties: list[str | None], provinces: Any) -> Sheet:
    return Sheet(
        {
            "village_id": objects(villages),
            "county_id": objects(counties),
            "province_id": objects(provinces),
        }
    )


def test_a_statistical_area_code_says_county_and_province_where_nothing_else_does() -> None:
    villages = ["522701100201", "522701100201", "5227011002", "52270110020x", None]
    found = places_of(rows_of(villages, [None, "K1", None, None, None], [None, "P1", *[None] * 3]))
    assert found["county_id"].tolist() == ["522701", "K1", None, None, None]
    assert found["province_id"].tolist() == ["52", "P1", None, None, None]


def test_a_child_without_a_county_is_counted_where_all_others_of_its_village_are() -> None:
    found = places_of(
        rows_of(
            ["V1", "V1", "V2", "V2", "V2", "V3"],
            ["K1", None, "K1", "K2", None, None],
            ["P1", None, "P1", None, None, None],
        )
    )
    assert found["county_id"].tolist() == ["K1", "K1", "K1", "K2", None, None]
    assert found["province_id"].tolist() == ["P1", "P1", "P1", "P1", "P1", None]


def test_the_newest_row_of_a_child_says_its_county(screener: Screener, tmp_path: Path) -> None:
    children = pd.DataFrame(
        {
            "child_id": ["C1", "C1", "C2"],
            "village_id": ["V1", "V2", "V2"],
            "county_id": ["K1", "K2", None],
            "birth_date": ["2018-05-01"] * 3,
            "recorded_at": ["2026-05-01", "2026-06-01", "2026-06-01"],
        }
    )
    table = write(screener.rank(Caseload(children=children), AS_OF), tmp_path / "lists")
    assert table[["county_id", "village_id", "children"]].to_numpy().tolist() == [["K2", "V2", 2]]


CHILDREN = pd.DataFrame(
    {
        "child_id": ["C1", "C2", "=C3"],
        "village_id": ["V1", "V1", "=V2"],
        "birth_date": ["2018-05-01"] * 3,
    }
)


def visits(*rows: tuple[str, str, str]) -> pd.DataFrame:
    columns = ["child_id", "visit_date", "recorded_at"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["visit_id"] = [f"N{number}" for number in range(len(frame))]
    frame["child_seen"] = "yes"
    return frame


EARLY = visits(("C1", "2026-05-01", "2026-05-01"))
LATER = visits(
    ("C1", "2026-05-01", "2026-05-01"),
    ("C1", "2026-09-20", "2026-10-05"),  # before the first list, but entered after it
    ("=C3", "2026-10-10", "2026-10-10"),
)


def run(screener: Screener, folder: Path, as_of: str, seen: pd.DataFrame) -> pd.DataFrame:
    return write(screener.rank(Caseload(children=CHILDREN, visits=seen), as_of), folder)


def done(table: pd.DataFrame, as_of: str) -> dict[str, tuple[int, int]]:
    rows = table[table["as_of"] == as_of].fillna(-1)
    return {row["village_id"]: (row["done"], row["due_before"]) for row in rows.to_dict("records")}


def test_done_is_who_was_due_on_the_list_before_and_has_been_seen_since(
    screener: Screener, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    first = run(screener, folder, "2026-10-01", EARLY)
    assert done(first, "2026-10-01") == {"V1": (-1, -1), "=V2": (-1, -1)}
    assert first["due"].tolist() == [1, 2]
    second = run(screener, folder, "2026-11-01", LATER)
    assert done(second, "2026-11-01") == {"V1": (1, 2), "=V2": (1, 1)}
    assert done(second, "2026-10-01") == done(first, "2026-10-01")


def test_ranking_again_for_the_same_day_replaces_its_counts_and_keeps_what_was_done(
    screener: Screener, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    run(screener, folder, "2026-10-01", EARLY)
    once = run(screener, folder, "2026-11-01", LATER)
    again = run(screener, folder, "2026-11-01", LATER)
    pd.testing.assert_frame_equal(once, again)


def test_counts_of_earlier_dates_are_carried_forward_and_later_ones_are_not(
    screener: Screener, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    days = ["2026-08-01", "2026-09-01", "2026-10-01"]
    for day in days:
        table = run(screener, folder, day, EARLY)
    assert sorted(set(table["as_of"])) == days
    assert len(table) == 6
    back = run(screener, folder, "2026-09-15", EARLY)
    assert sorted(set(back["as_of"])) == ["2026-08-01", "2026-09-01", "2026-09-15"]


def test_half_a_year_of_weeks_is_kept(screener: Screener, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    table = run(screener, folder, "2026-01-01", EARLY)
    row = pd.read_csv(folder / "overview.csv", dtype=str, encoding="utf-8-sig").iloc[:1]
    days = [date(2026, 1, 1) + timedelta(weeks=week) for week in range(30)]
    many = pd.concat([row.assign(as_of=str(day)) for day in days])
    many.to_csv(folder / "overview.csv", index=False, encoding="utf-8-sig")
    table = run(screener, folder, AS_OF, EARLY)
    kept = sorted(set(table["as_of"]))
    assert len(kept) == KEPT_DATES
    assert kept == [*map(str, days[-KEPT_DATES + 1 :]), AS_OF]


@pytest.mark.parametrize("text", ["", "as_of\nx\n", "as_of,village_id\n2026-01-01,V1\n"])
def test_a_history_that_cannot_be_read_is_no_history(
    screener: Screener, tmp_path: Path, text: str
) -> None:
    folder = tmp_path / "lists"
    run(screener, folder, "2026-10-01", EARLY)
    (folder / "overview.csv").write_text(text, encoding="utf-8")
    table = run(screener, folder, AS_OF, EARLY)
    assert set(table["as_of"]) == {AS_OF}
    assert len(table) == 2


def test_concerns_are_counted_at_every_tier() -> None:
    assert len(OPEN) == len(CLOSED) == len(TIERS) == 4

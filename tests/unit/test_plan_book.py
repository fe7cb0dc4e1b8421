"""A week's plan as a workbook: all lists as their visitors see them, and what it never tells."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from test_plan_pages import (
    NEVER,
    county,
    own_pages,
    pages,
    planned,
    with_a_conflict,
    without_what_is_kept,
    written,
)
from test_xlsx import column

from carescreen.plan_lists import WeekLists
from carescreen.plan_ranking import WrittenRanking
from carescreen.plan_records import ListedRecords, written_records

BY_W1 = {"conflicts": [{"by": "W1", "since": "2026-10-30"}]}


@pytest.fixture
def ranking(tmp_path: Path) -> WrittenRanking:
    records = [{**one, **BY_W1} if one["household_id"] == "H00" else one for one in county()]
    return written(tmp_path / "lists", records)


def words(book: Path) -> str:
    with zipfile.ZipFile(book) as archive:
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_the_workbook_has_each_list_in_the_order_of_its_page(
    ranking: WrittenRanking, tmp_path: Path
) -> None:
    plan = planned(ranking)
    book = load_workbook(pages(plan, ranking, tmp_path / "plan") / "list.xlsx")
    lists = WeekLists(plan)
    with written_records(ranking) as records:
        listed = ListedRecords(lists, records)
        wanted = [(lists.name(p), listed.of(p).for_visitor()) for p in lists.written]
    assert [cell.value for cell in column(book, "Child")] == [
        one["child_id"] for _, found in wanted for one in found
    ]
    assert [cell.value for cell in column(book, "Caseworker")] == [
        name for name, found in wanted for _ in found
    ]
    assert [cell.value for cell in column(book, "Visit number")] == [
        one["visit"].get("order") for _, found in wanted for one in found
    ]


def test_a_workbook_is_the_same_to_the_byte_whether_or_not_a_visit_was_drawn_or_rerouted(
    ranking: WrittenRanking, tmp_path: Path
) -> None:
    plan = with_a_conflict(planned(ranking))
    plain = written(tmp_path / "plain", [{**one, **NEVER} for one in county()])
    told = pages(plan, ranking, tmp_path / "told") / "list.xlsx"
    untold = pages(without_what_is_kept(plan), plain, tmp_path / "untold") / "list.xlsx"
    assert told.read_bytes() == untold.read_bytes()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_word_of_a_draw_or_a_conflict_or_a_place_among_all_is_in_it(
    ranking: WrittenRanking, tmp_path: Path, language: str
) -> None:
    plan = with_a_conflict(planned(ranking))
    book = pages(plan, ranking, tmp_path / "plan", language) / "list.xlsx"
    found = words(book)
    for word in (
        "random",
        "drawn",
        "随机",
        "抽取",
        "0.0625",
        "Do not tell",
        "不要告诉",
        "2026-10-30",
    ):
        assert word not in found
    assert {cell.value for cell in column(load_workbook(book), "Place among all children")} == {
        None
    }


def test_without_quotes_there_is_none_in_it(tmp_path: Path) -> None:
    ranking = written(tmp_path / "lists", county(), quotes=False)
    quote = county()[0]["concerns"][0]["evidence"][0]["quote"]
    assert quote not in words(pages(planned(ranking), ranking, tmp_path / "plan") / "list.xlsx")
    quoted = written(tmp_path / "quoted", county())
    assert quote in words(pages(planned(quoted), quoted, tmp_path / "other") / "list.xlsx")


@pytest.mark.parametrize(("most", "is_there"), [(23, False), (24, True)])
def test_lists_that_are_too_long_have_pages_alone(
    ranking: WrittenRanking,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    is_there: bool,
) -> None:
    monkeypatch.setattr("carescreen.plan_pages.BOOK_CHILDREN", most)
    plan: Any = planned(ranking)
    folder = pages(plan, ranking, tmp_path / "plan")
    assert (folder / "list.xlsx").exists() == is_there
    assert len(own_pages(folder)) == 2

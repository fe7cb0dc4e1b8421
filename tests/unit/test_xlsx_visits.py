"""The workbook of a list that was made from a week's plan: visit by visit, then what is below."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import follow_up_records as made
import pytest
from openpyxl import load_workbook
from test_xlsx import column, info, paper

from carescreen.pack import TIERS
from carescreen.review.texts import text
from carescreen.review.xlsx import write_visits_xlsx, write_xlsx

WHY = made.texts("Immediate: always visited.", "立即：一定走访。")


def visit(day: str, order: int, *children: str) -> dict[str, Any]:
    return {"day": day, "order": order, "children": list(children), "reason": WHY, "why": "rule"}


def planned() -> list[made.Record]:
    """In the order of the ranking, which is not that of the week."""
    return [
        made.record(rank=1, child_id="C1", visit=visit("2026-11-03", 2, "C1", "=C5")),
        made.record(rank=2, child_id="C2", visit=visit("2026-11-02", 1, "C2")),
        made.record(rank=3, child_id="C3", visit={"below": 2}),
        made.record(rank=4, child_id="C4", visit={"below": 1}),
        made.record(rank=5, child_id="=C5", visit=visit("2026-11-03", 2, "C1", "=C5")),
        made.record(rank=6, child_id="C6", visit=visit("2026-11-03", 10, "C6")),
        made.record(rank=7, child_id="C7", caseworker_id="W2", visit=visit("2026-11-02", 1, "C7")),
    ]


def written(tmp_path: Path, **changes: Any) -> Any:
    write_xlsx(planned(), tmp_path / "list.xlsx", info(**changes))
    return load_workbook(tmp_path / "list.xlsx")


@pytest.mark.parametrize("quotes", [True, False])
def test_rows_stand_by_day_and_visit_and_what_is_below_comes_last(
    tmp_path: Path, quotes: bool
) -> None:
    book = written(tmp_path, quotes=quotes)
    found = [
        (child.value, day.value, number.value)
        for child, day, number in zip(
            column(book, "Child"), column(book, "Day"), column(book, "Visit number"), strict=True
        )
    ]
    monday, tuesday = datetime(2026, 11, 2), datetime(2026, 11, 3)
    below = text("just_below_tag", "en")
    assert found == [
        ("C2", monday, 1),
        ("C1", tuesday, 2),
        ("=C5", tuesday, 2),
        ("C6", tuesday, 10),
        ("C4", below, None),
        ("C3", below, None),
        ("C7", monday, 1),
    ]


def test_a_row_names_the_children_that_are_seen_together(tmp_path: Path) -> None:
    cells = column(written(tmp_path), "Children of this visit")
    assert [cell.value for cell in cells] == [None, "C1, =C5", "C1, =C5", *[None] * 4]
    assert column(written(tmp_path), "Why this week")[0].value == WHY["en"]
    assert column(written(tmp_path, language="zh"), "Why this week")[0].value == WHY["zh"]


def test_the_week_ends_with_the_number_of_visits_not_of_children(tmp_path: Path) -> None:
    sheet = written(tmp_path)["list"]
    notes = [row[1].value for row in sheet.iter_rows(min_row=2) if row[0].value is None]
    assert notes == [
        "Caseworker W1: The 3 visits of this week end here. The next ones fell just below the line."
    ]


def test_the_days_and_visits_print_and_the_reason_with_its_tier_does_not(tmp_path: Path) -> None:
    printed = " ".join(paper(written(tmp_path)))
    assert "Children of this visit" in printed
    assert "2026-11-03" in printed
    for tier in TIERS:
        assert text(f"tier_{tier}", "en").casefold() not in printed.casefold()


def test_an_id_like_a_formula_is_text_among_the_children_of_a_visit(tmp_path: Path) -> None:
    record = made.record(child_id="=C5", visit=visit("2026-11-02", 1, "=C5", "C1"))
    write_xlsx([record], tmp_path / "list.xlsx", info())
    (cell,) = column(load_workbook(tmp_path / "list.xlsx"), "Children of this visit")
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", "=C5, C1", True)


def test_a_list_without_a_plan_has_no_such_columns(tmp_path: Path) -> None:
    write_xlsx([made.record()], tmp_path / "list.xlsx", info())
    with pytest.raises(AssertionError, match="Visit number"):
        column(load_workbook(tmp_path / "list.xlsx"), "Visit number")


def test_the_same_records_in_any_order_of_reading_give_the_same_bytes(tmp_path: Path) -> None:
    write_xlsx(planned(), tmp_path / "a.xlsx", info())
    write_xlsx(planned(), tmp_path / "b.xlsx", info())
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_whose_list_it_is_stands_in_the_column_to_filter_by(tmp_path: Path) -> None:
    away = made.record(child_id="C1", caseworker_id="W1", visit=visit("2026-11-02", 1, "C1"))
    other = made.record(child_id="C2", caseworker_id="W2", visit=visit("2026-11-02", 1, "C2"))
    write_visits_xlsx([("W2", [other]), ("W9", [away])], tmp_path / "list.xlsx", info())
    book = load_workbook(tmp_path / "list.xlsx")
    assert [cell.value for cell in column(book, "Caseworker")] == ["W2", "W9"]
    assert book["list"].auto_filter.ref == "A1:AG3"

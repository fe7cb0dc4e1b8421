"""A list in the terminal: aligned in both languages, cut to a width, and saying what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from carescreen.review.reasons import columns
from carescreen.review.terminal import LEAST_WHY, Listing, table_lines

HIDDEN = {"rule": "", "code": "G11", "title": {"en": "A concern", "zh": "事项"}, "sensitive": True}
ALONE = {
    "rule": "cn_alone",
    "code": "G03",
    "title": {"en": "Left without care", "zh": "无人照看"},
    "sensitive": False,
}


def row(**changes: Any) -> dict[str, Any]:
    plain = {
        "rank": 1,
        "child_id": "C1",
        "village_id": "V1",
        "caseworker_id": "W1",
        "tier": "urgent",
        "state": "new",
        "due_on": "2026-11-04",
        "days_overdue": 0,
        "concerns": ["G03"],
    }
    return {**plain, **changes}


def listing(*rows: dict[str, Any], concerns: Any = None, **changes: Any) -> Listing:
    plain: dict[str, Any] = {"as_of": "2026-11-01", "found": len(rows), "total": 90}
    return Listing(rows=rows, concerns=concerns or [[ALONE]] * len(rows), **{**plain, **changes})


def test_a_row_says_place_code_tier_when_state_and_why_in_words() -> None:
    title, heads, line = table_lines(listing(row()), "en")
    assert title == "List as of 1 Nov 2026: 1 shown of 1 that match, 90 in all."
    assert heads.split() == ["Place", "Child", "Tier", "See", "by", "State", "Why"]
    assert line.split("  ")[0] == "1"
    assert "Urgent  2026-11-04  new    Left without care" in line


def test_what_is_hidden_stands_as_its_code_and_more_reasons_are_counted() -> None:
    found = [[HIDDEN, HIDDEN, ALONE, {**ALONE, "title": {"en": "Third"}}]]
    assert table_lines(listing(row(), concerns=found), "en")[2].endswith(
        "G11; Left without care; and 1 more"
    )
    assert table_lines(listing(row(), concerns=found), "zh")[2].endswith("G11；无人照看；等1项")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_columns_are_aligned_whatever_is_in_them(language: str) -> None:
    rows = [row(rank=7), row(rank=1234, child_id="孩子十二号", tier="immediate", state="backlog")]
    lines = table_lines(listing(*rows, row(days_overdue=412, due_on=None)), language)[1:]
    why = "无人照看" if language == "zh" else "Left without care"
    assert len({columns(line[: line.index(why)]) for line in lines[1:]}) == 1


@pytest.mark.parametrize("width", [20, 60, 80])
def test_reasons_are_cut_to_the_terminal_and_whole_in_a_pipe(width: int) -> None:
    long = {**ALONE, "title": {"en": "word " * 40, "zh": "字" * 90}}
    shown = listing(row(), concerns=[[long]])
    for language in ("zh", "en"):
        lines = table_lines(shown, language, width)
        assert max(map(columns, lines[1:])) <= max(width, 45 + LEAST_WHY)
        assert lines[2].endswith("…")
        assert "…" not in "".join(table_lines(shown, language))


def test_it_says_how_many_are_not_shown() -> None:
    assert table_lines(listing(row(), found=1501), "en")[-1].startswith("1,500 more not shown")
    assert "not shown" not in table_lines(listing(row()), "en")[-1]


def test_nobody_matches() -> None:
    assert table_lines(listing(found=0), "en")[1:] == ["No child matches."]


def test_a_plan_has_days_visits_and_whose_list() -> None:
    rows = [row(day="2026-11-02", order=3), row(day="2026-11-03", order=12, child_id="C2")]
    week = ("2026-11-02", "2026-11-06")
    lines = table_lines(listing(*rows, week=week, below=1200, synthetic=True), "en")
    assert lines[0] == (
        "SYNTHETIC: Plan from 2 Nov 2026 to 6 Nov 2026: 2 children shown of 2 that match, 90 in the "
        "plan; 1,200 are below the line."
    )
    assert lines[2].startswith("2026-11-02  3  W1          C1")
    assert lines[3].startswith("2026-11-03 12  W1          C2")


def test_control_characters_of_an_id_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in "".join(table_lines(listing(row(child_id="C\x1b[2J")), "en"))

"""The table of caseworkers: what a row may say, and one clear line for each mistake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from carescreen.errors import CaseloadError, UsageError
from carescreen.plan_workers import Leave, Workers

HEAD = (
    "caseworker_id,visits_per_week,villages,away_from,away_until,covered_by,conflict_with,"
    "supervisor_id\n"
)


def read(folder: Path, *lines: str, head: str = HEAD) -> Workers:
    path = folder / "workers.csv"
    path.write_text(head + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return Workers.read(path)


def test_a_row_says_where_when_and_who(tmp_path) -> None:
    line = "W1,12,V1;V2；V3,2026-11-02,2026/11/5,W2,H1;C7,S1"
    first, second = read(tmp_path, line, "W2,0,,,,,,").rows
    assert first.visits_per_week == 12
    assert first.villages == ("V1", "V2", "V3")
    assert first.leave == Leave(date(2026, 11, 2), date(2026, 11, 5))
    assert first.conflict_with == ("H1", "C7")
    assert (first.covered_by, first.supervisor_id) == ("W2", "S1")
    assert second.leave is None


def test_ids_stay_as_written_and_the_order_of_rows_does_not_matter(tmp_path) -> None:
    head = "caseworker_id,visits_per_week\n"
    rows = read(tmp_path, "02,5", "01,5", head=head).rows
    assert [row.id for row in rows] == ["01", "02"]
    assert [row.row for row in rows] == [3, 2]


def test_a_leave_includes_both_days_and_may_have_no_end() -> None:
    leave = Leave(date(2026, 11, 2), date(2026, 11, 4))
    days = [date(2026, 11, day) for day in range(1, 6)]
    assert [leave.covers(day) for day in days] == [False, True, True, True, False]
    assert Leave(date(2026, 11, 2), None).covers(date(2030, 1, 1))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "W1,many,,,,,,",
            "row 2: visits_per_week wants .* whole number from 0 to 1000; it is no such number",
        ),
        ("W1,-3,,,,,,", "row 2: visits_per_week wants .*; it is no such"),
        ("W1,2.5,,,,,,", "row 2: visits_per_week wants .*; it is no such"),
        ("W1,,,,,,,", "row 2: visits_per_week wants .*; it is blank"),
        (",5,,,,,,", "row 2: caseworker_id is blank"),
        ("W1,5,,soon,,,,", "row 2: away_from wants a date such as 2026-11-02; it is none"),
        ("W1,5,,2026-11-31,,,,", "row 2: away_from wants a date"),
        (
            "W1,5,,2026-11-09,2026-11-02,,,S",
            "row 2: the leave ends on 2026-11-02, before it begins",
        ),
        ("W1,5,,,2026-11-02,,,S", "row 2: away_until says 2026-11-02, but away_from is blank"),
        ("W1,5,,,,W1,,", "row 2: covered_by names the worker herself"),
        ("W1,5,,,,W9,,\nW33,5,,,,,,", "row 2: covered_by names somebody without a row here; add"),
        ("Berta,5,,,,Ana2,,\nAna1,5,,,,,,", "row 2: covered_by .* did you mean 'Ana1'"),
        ("W1,5,,,,,,\nW1,6,,,,,,", "row 3: this caseworker_id stands in row 2 already"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_row(tmp_path, line, words) -> None:
    with pytest.raises(UsageError, match=f"^workers.csv, {words}") as caught:
        read(tmp_path, line)
    assert "\n" not in str(caught.value)


def test_several_mistakes_say_how_many_more(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"row 2: .*\(and 2 more to correct\)"):
        read(tmp_path, "W1,x,,,,,,", "W2,y,,,,,,", "W3,z,,,,,,")


def test_no_message_shows_an_id_of_a_child(tmp_path) -> None:
    for line in ("W1,x,,,,,CHILD7,", "W1,CHILD7,,,,,,", "W1,5,,CHILD7,,,,", "W1,5,,,,CHILD7,,"):
        with pytest.raises(UsageError) as caught:
            read(tmp_path, line)
        assert "CHILD7" not in str(caught.value)
    assert "CHILD7" not in repr(read(tmp_path, "W1,5,,,,,CHILD7,"))


def test_a_column_that_is_nearly_known_is_a_mistake_and_a_strange_one_is_said(tmp_path) -> None:
    with pytest.raises(UsageError, match="column 'covered', which is not read; did you mean"):
        read(tmp_path, "W1,5,W1", head="caseworker_id,visits_per_week,covered\n")
    found = read(tmp_path, "W1,5,x", head="caseworker_id,visits_per_week,phone\n")
    assert found.notices == ("workers.csv: columns that are not read: 1",)


def test_a_table_without_what_it_must_have_says_what_that_is(tmp_path) -> None:
    with pytest.raises(CaseloadError, match="no column 'visits_per_week'"):
        read(tmp_path, "W1", head="caseworker_id\n")
    with pytest.raises(UsageError, match="has no rows"):
        read(tmp_path)

"""What an amendment may do: nothing before it was recorded, and never lay grave things to rest."""

from __future__ import annotations

from datetime import date
from typing import Any

from caseloads import Row, Tables, day, days, notes, tables, visit_fields
from engine import by_child, rank, said
from hypothesis import assume, given
from hypothesis import strategies as st

from carescreen.screener import Screener

GRAVE = ("hitting",)  # rules that stand on a critical concept or a highly sensitive event alone


@st.composite
def amendments(draw: st.DrawFn, found: Tables, recorded_at: str) -> tuple[Row, ...]:
    """Later rows of some visits that say anything else."""
    rows = draw(st.lists(st.sampled_from(found.visits), min_size=1, max_size=3))
    changed: list[dict[str, Any]] = [
        {**row, "note": draw(notes() | st.none()), **draw(visit_fields())} for row in rows
    ]
    return tuple({**row, "recorded_at": recorded_at} for row in changed)


@given(data=st.data(), as_of=days(), ahead=st.sampled_from([1, 7]))
def test_a_list_as_of_a_day_before_an_amendment_is_the_same_with_and_without_it(
    screener: Screener, data: st.DataObject, as_of: date, ahead: int
) -> None:
    found = data.draw(tables(as_of))
    assume(found.visits)
    more = data.draw(amendments(found, day(as_of, -ahead)))
    amended = found.with_rows("visits", *more)
    without = found.with_columns_of(amended)
    assert said(rank(screener, amended, as_of)) == said(rank(screener, without, as_of))


@given(data=st.data(), as_of=days())
def test_no_edit_of_a_visit_closes_a_grave_concern(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """One that is open stays open, whatever the visit says from now on."""
    found = data.draw(tables(as_of))
    assume(found.visits)
    more = data.draw(amendments(found, day(as_of, 0) + " 23:00:00"))
    before = by_child(screener, found, as_of)
    after = by_child(screener, found.with_rows("visits", *more), as_of)
    for name, record in before.items():
        is_open = {entry["rule"] for entry in record["concerns"]} & {*GRAVE}
        assert is_open <= {entry["rule"] for entry in after[name]["concerns"]}

"""Law 7: as of means known by then.

Nothing that happened, or was recorded (`recorded_at`), after the as-of date influences anything; late
entries count from when they were entered.

Two limits of the wording, kept here as tests. Which columns a table has is no event and has no date:
a field counts as collected once its column is there. A date after the day on which it was written
down is a slip of the pen, not news of the future: the row stays, without its date, and its child
needs data.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from caseloads import (
    DAYS,
    RULES,
    Row,
    Tables,
    child_fields,
    day,
    days,
    household_fields,
    notes,
    tables,
    visit_fields,
)
from engine import by_child, rank, said
from hypothesis import assume, given
from hypothesis import strategies as st

from carescreen.screener import Screener

LATER = (1, 2, 30, 400)


@st.composite
def later_rows(draw: st.DrawFn, as_of: date) -> Tables:
    """Rows of every table that are dated, or were recorded, after the as-of date."""
    ids = st.sampled_from(["C1", "C2", "C7"])
    later = st.sampled_from([day(as_of, -ahead) for ahead in LATER])
    earlier = st.sampled_from([day(as_of, ago) for ago in (0, 1, 20, 300)])
    stamps = st.one_of(
        st.fixed_dictionaries({"on": later, "recorded_at": st.none()}),
        st.fixed_dictionaries({"on": earlier, "recorded_at": later}),
    )

    def dated(name: str, **cells: st.SearchStrategy[Any]) -> tuple[Row, ...]:
        rows = draw(st.lists(st.fixed_dictionaries({"stamp": stamps, **cells}), max_size=2))
        return tuple(
            {
                **{key: value for key, value in row.items() if key not in ("stamp", "more")},
                **row.get("more", {}),
                name: row["stamp"]["on"],
                "recorded_at": row["stamp"]["recorded_at"],
            }
            for row in rows
        )

    def recorded(**cells: st.SearchStrategy[Any]) -> tuple[Row, ...]:
        rows = draw(st.lists(st.fixed_dictionaries({"recorded_at": later, **cells}), max_size=2))
        return tuple({**row.pop("more", {}), **row} for row in rows)

    visits = dated(
        "visit_date",
        visit_id=st.sampled_from(["N0", "N70", "N71"]),
        child_id=ids,
        child_seen=st.sampled_from(["yes", "no"]),
        note=notes(),
        more=visit_fields(),
    )
    return Tables(
        children=recorded(child_id=ids, village_id=st.just("V9"), more=child_fields()),
        visits=visits,
        households=recorded(household_id=st.sampled_from(["H1", "H2"]), more=household_fields()),
        outcomes=dated("outcome_date", child_id=ids, result=st.just("confirmed")),
        decisions=dated(
            "decided_at",
            child_id=ids,
            decided_by=st.just("S1"),
            decision=st.sampled_from(["close", "plan", "override", "agree"]),
            rule=st.sampled_from(RULES),
            confirmed_by=st.just("S2"),
            tier=st.just("immediate"),
            review_on=st.just(str(as_of + timedelta(days=50))),
        ),
    )


@given(data=st.data(), as_of=days())
def test_nothing_dated_or_recorded_later_changes_a_byte(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """Neither adding later rows nor changing them; every table has the same columns."""
    found = data.draw(tables(as_of))
    one, other = data.draw(later_rows(as_of)), data.draw(later_rows(as_of))
    found = found.with_columns_of(one).with_columns_of(other)
    wanted = said(rank(screener, found, as_of))
    assert said(rank(screener, found.joined(one), as_of)) == wanted
    assert said(rank(screener, other.joined(found), as_of)) == wanted


@given(data=st.data(), as_of=days())
def test_a_late_entry_counts_from_the_day_it_was_entered(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """Ranked before that day as if it were not there; from that day on as if entered in time.

    What a person decided in between covers a timely entry and not a late one: none did.
    """
    found = data.draw(tables(as_of))
    decided = [row for row in found.decisions if row["decided_at"] < day(as_of, 1)]
    found = replace(found, decisions=tuple(decided))
    entered = as_of + timedelta(days=data.draw(st.sampled_from([1, 10])))
    visit = {
        "visit_id": "N80",
        "child_id": "C1",
        "visit_date": day(as_of, 2),
        "child_seen": "yes",
        "note": "孩子又挨打",
        "marks": "burn;bite",
    }
    late = found.with_rows("visits", {**visit, "recorded_at": str(entered)})
    timely = found.with_rows("visits", {**visit, "recorded_at": day(as_of, 1)})
    without = found.with_columns_of(late)
    assert said(rank(screener, late, as_of)) == said(rank(screener, without, as_of))
    assert said(rank(screener, late, entered)) == said(rank(screener, timely, entered))


@given(data=st.data(), as_of=days())
def test_changing_what_was_entered_later_changes_nothing(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """A caseload as of an earlier day, with half of its rows stamped as entered after that day."""
    found = data.draw(tables(as_of))
    assume(found.visits)
    after = day(as_of, -1)
    stamped = replace(
        found,
        visits=tuple({**row, "recorded_at": after} for row in found.visits),
        households=tuple({**row, "recorded_at": after} for row in found.households),
        outcomes=tuple({**row, "recorded_at": after} for row in found.outcomes),
        decisions=tuple({**row, "recorded_at": after} for row in found.decisions),
    )
    kept = Tables(found.children).with_columns_of(stamped)
    assert said(rank(screener, stamped, as_of)) == said(rank(screener, kept, as_of))


def test_limit_a_date_after_its_own_entry_is_a_slip_and_not_the_future(screener: Screener) -> None:
    as_of = DAYS[0]
    visit = {
        "visit_id": "N1",
        "child_id": "C1",
        "visit_date": day(as_of, -40),
        "recorded_at": day(as_of, 5),
        "note": "孩子又挨打",
    }
    found = Tables(({"child_id": "C1", "village_id": "V1"},), (visit,))
    record = by_child(screener, found, as_of)["C1"]
    assert record["needs_data_reasons"] == ["visit_row_rejected"]
    assert [concern["rule"] for concern in record["concerns"]] == ["hitting"]


def test_limit_a_new_column_is_a_field_that_is_now_collected(screener: Screener) -> None:
    as_of = DAYS[0]
    found = Tables(({"child_id": "C1", "village_id": "V1", "birth_date": "2015-01-01"},))
    asked = [q["rule"] for q in by_child(screener, found, as_of)["C1"]["open_questions"]]
    wider = found.changed("children", 0, papers=None)
    asked_wider = [q["rule"] for q in by_child(screener, wider, as_of)["C1"]["open_questions"]]
    assert "allowance" not in asked
    assert "allowance" in asked_wider

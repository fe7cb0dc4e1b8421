"""Law 1: everyone in, everyone out.

Each child_id of the input has exactly one row in the ranking; a child whose rows were rejected is
at priority or above as "needs data" with the reason, never dropped.

As worded the law is false in two ways, kept here as tests: a child first recorded after the as-of
date is not in the list (law 7 would break), and a child that only a decision names is not either
(a decision is what a person did about a child, not a record of one).
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from caseloads import DAYS, Row, Tables, day, days, tables
from engine import Record, by_child, rank, tier
from hypothesis import given
from hypothesis import strategies as st
from plain_ranking import as_date

from carescreen.errors import CaseloadError
from carescreen.pack import TIERS
from carescreen.screener import Screener

PRIORITY = TIERS.index("priority")
DIRTY = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.integers(-(10**12), 10**12),
    st.floats(),
    st.booleans(),
    st.sampled_from(["C1", " C1 ", "C2", "Ｃ1", "2026-03-01", "2026/3/1", "45678", "=1+1", "yes"]),
)
COLUMNS = {
    "children": ("child_id", "village_id", "birth_date", "household_id", "recorded_at", "sex"),
    "visits": ("visit_id", "child_id", "visit_date", "recorded_at", "note", "hit_seen", "marks"),
    "households": ("household_id", "recorded_at", "debts"),
    "outcomes": ("child_id", "outcome_date", "result"),
    "decisions": ("child_id", "decided_at", "decided_by", "decision", "rule", "review_on", "tier"),
}


def known_by(row: Row, as_of: date, *dates: str) -> bool:
    """Whether nothing of a row is dated or recorded after the day; what is no date does not date."""
    found = [as_date(row.get(name)) for name in (*dates, "recorded_at")]
    return not any(on is not None and on > as_of for on in found)


@given(data=st.data(), as_of=days())
def test_each_child_known_by_the_date_has_exactly_one_row(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    rows = [row for row in found.children if known_by(row, as_of)]
    rows += [row for row in found.visits if known_by(row, as_of, "visit_date")]
    rows += [row for row in found.outcomes if known_by(row, as_of, "outcome_date")]
    ranking = rank(screener, found, as_of)
    ids = ranking.to_frame()["child_id"].tolist() if ranking else []
    assert sorted(ids) == sorted({row["child_id"] for row in rows})


@given(data=st.data(), as_of=days())
def test_a_child_whose_row_was_rejected_needs_data_at_priority_or_above(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    name = found.children[0]["child_id"]
    reason, broken = data.draw(
        st.sampled_from(
            [
                ("child_row_rejected", _broken_birth(found)),
                ("visit_row_rejected", _broken_visit(found, name)),
                ("duplicate_child", found.with_rows("children", _twin(found))),
                ("unknown_child", _without_child(found, name, as_of)),
            ]
        )
    )
    record = by_child(screener, broken, as_of)[name]
    assert record["needs_data"]
    assert reason in record["needs_data_reasons"]
    assert tier(record) <= PRIORITY
    assert f"needs_data:{reason}" in _reasons(screener, broken, as_of, name)


def _broken_birth(found: Tables) -> Tables:
    return found.changed("children", 0, birth_date="31.12.", recorded_at=None)


def _broken_visit(found: Tables, name: str) -> Tables:
    row = {"visit_id": "N99", "child_id": name, "visit_date": "soon"}
    kept = found.changed("children", 0, recorded_at=None)
    return kept.with_rows("visits", row)


def _twin(found: Tables) -> Row:
    return {**found.children[0], "village_id": "V7", "recorded_at": None}


def _without_child(found: Tables, name: str, as_of: date) -> Tables:
    others = tuple(row for row in found.children if row["child_id"] != name)
    somebody: Row = {"child_id": "C99", "village_id": "V1"}
    visit = {"visit_id": "N99", "child_id": name, "visit_date": day(as_of, 3)}
    left = Tables((*others, somebody), found.visits, found.households)
    return left.with_rows("visits", visit)


def _reasons(screener: Screener, found: Tables, as_of: date, name: str) -> str:
    ranking = rank(screener, found, as_of)
    assert ranking is not None
    frame = ranking.to_frame().set_index("child_id")
    return str(frame.loc[name, "reasons"])


@st.composite
def dirty_tables(draw: st.DrawFn) -> Tables:
    """Tables in which any cell may hold anything."""
    return Tables(
        **{
            name: tuple(
                draw(
                    st.lists(
                        st.fixed_dictionaries(dict.fromkeys(columns, DIRTY)),
                        min_size=name == "children",
                        max_size=3,
                    )
                )
            )
            for name, columns in COLUMNS.items()
        }
    )


@given(found=dirty_tables())
def test_whatever_the_cells_hold_every_child_is_listed_once(
    screener: Screener, found: Tables
) -> None:
    wanted = {_id(row) for row in (*found.children, *found.visits, *found.outcomes)} - {""}
    try:
        ranking = screener.rank(found.caseload(), "2999-12-31")
    except CaseloadError:
        assert not {_id(row) for row in found.children} - {""} or not wanted
        return
    ids = ranking.to_frame()["child_id"].tolist()
    assert sorted(ids) == sorted(wanted)


def _id(row: Row) -> str:
    """A child_id as the text a person would have written."""
    cell: Any = row["child_id"]
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and math.isfinite(cell) and cell == int(cell):
        return str(int(cell))
    return str(cell).strip()


@pytest.mark.parametrize("as_of", DAYS)
def test_counterexample_a_child_recorded_later_or_named_by_a_decision_only_is_not_listed(
    screener: Screener, as_of: date
) -> None:
    found = Tables(
        (
            {"child_id": "C1", "village_id": "V1"},
            {"child_id": "C2", "village_id": "V1", "recorded_at": day(as_of, -1)},
        ),
        decisions=(
            {
                "child_id": "C3",
                "decided_at": day(as_of, 3),
                "decided_by": "S1",
                "decision": "agree",
            },
        ),
    )
    records: dict[str, Record] = by_child(screener, found, as_of)
    assert list(records) == ["C1"]

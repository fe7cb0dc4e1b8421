"""Law 13: one is a batch of one.

`assess` equals `rank` of a caseload with that child alone.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from caseloads import Row, Tables, days, tables
from engine import by_child, cells
from hypothesis import assume, given
from hypothesis import strategies as st

from carescreen.assessment import Assessment, Case
from carescreen.screener import Screener

SETS = ("papers", "marks")


@given(data=st.data(), as_of=days())
def test_assessing_a_child_equals_ranking_it_alone(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    alone = _alone(data.draw(tables(as_of)))
    records = by_child(screener, alone, as_of)
    assume(records)
    record = next(iter(records.values()))
    assessment = screener.assess(_case(alone), as_of)
    wanted = Assessment.model_validate(
        {
            **record,
            "as_of": assessment.as_of,
            "pack": "laws",
            "model": "small",
            "rejected": assessment.rejected,
            "explanation": assessment.explanation,
        }
    )
    assert assessment == wanted


def _alone(found: Tables) -> Tables:
    """The first child with everything about it, and no column that is blank for it."""
    child = cells(found.children[0])
    child.setdefault("household_id", f"H-{child['child_id']}")
    name, house = child["child_id"], child["household_id"]
    homes = [cells(row) for row in found.households if row["household_id"] == house]
    return Tables(
        (child,),
        tuple(_visit(row) for row in found.visits if row["child_id"] == name),
        tuple(homes[:1]),
        tuple(cells(row) for row in found.outcomes if row["child_id"] == name),
        tuple(cells(row) for row in found.decisions if row["child_id"] == name),
    )


def _visit(row: Row) -> Row:
    return cells({**row, "visit_id": row["visit_id"] or "N50"})


def _case(alone: Tables) -> Case:
    child = {name: _typed(name, value) for name, value in alone.children[0].items()}
    house = alone.households[0] if alone.households else {}
    return Case.model_validate(
        {
            **child,
            "household": {name: value for name, value in house.items() if name != "household_id"},
            "visits": [_inner(row) for row in alone.visits],
            "outcomes": [_inner(row) for row in alone.outcomes],
            "decisions": [_inner(row) for row in alone.decisions],
        }
    )


def _inner(row: Row) -> Row:
    return {name: _typed(name, value) for name, value in row.items() if name != "child_id"}


def _typed(name: str, value: Any) -> Any:
    """Sets as JSON lists, as a service would send them."""
    return str(value).split(";") if name in SETS and value != "?" else value

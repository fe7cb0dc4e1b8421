"""Labelled rows of a caseload: the same as a plain reader finds child by child, and law 7.

The plain reader goes through children, dates and rows one by one, and takes each child's features from
what a list as of its row's date is made of.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from caseloads import Row, Tables, day, days, tables
from hypothesis import assume, given
from hypothesis import strategies as st
from test_law_07_as_of_means_known_by_then import later_rows

from carescreen.checked import CheckedCaseload
from carescreen.cohort import HORIZON_DAYS, Cohort, read_cohort
from carescreen.errors import UsageError
from carescreen.outcomes import WRITTEN_DAYS
from carescreen.screener import Screener

EVERY = (1, 7, 30, 90)
RESULTS = ("confirmed", "not_confirmed", "confirmed", "not_confirmed", "could_not_tell", "not_seen")


class PlainRow(NamedTuple):
    child_id: str
    as_of: str
    y: float
    probability: float | None
    features: tuple[object, ...]


@st.composite
def judged_tables(draw: st.DrawFn, as_of: date) -> Tables:
    """A caseload with many outcomes, most of them of its visits."""
    found = draw(tables(as_of))
    ids = st.sampled_from(["C1", "C2", "C3"])
    ago = st.sampled_from([0, 1, 2, 13, 14, 15, 30, 60, 61, 89, 90, 91, 120])
    own = st.fixed_dictionaries(
        {"child_id": ids, "ago": ago, "result": st.sampled_from(RESULTS)},
        optional={
            "visit_id": st.sampled_from(["N0", "N1", "N2", "N3", "N9"]),
            "late": st.sampled_from([0, 1, 40]),
            "selected_by": st.sampled_from(["random", "rule"]),
            "selection_probability": st.sampled_from(["0.1", "1", "0", "?"]),
            "saw_rank": st.sampled_from(["yes", "no"]),
        },
    )
    rows = [_outcome(as_of, row) for row in draw(st.lists(own, min_size=1, max_size=8))]
    seen = [
        {**row, "child_seen": draw(st.sampled_from(["yes", "no", None]))} for row in found.visits
    ]
    return replace(found, visits=tuple(seen), outcomes=(*found.outcomes, *rows))


def _outcome(as_of: date, row: Row) -> Row:
    ago, late = row.pop("ago"), row.pop("late", None)
    row["outcome_date"] = day(as_of, ago)
    return row if late is None else {**row, "recorded_at": day(as_of, ago - late)}


def checked(screener: Screener, found: Tables) -> CheckedCaseload:
    return found.caseload().check(screener.rules.indicators)


def cohort(screener: Screener, found: Tables, as_of: date, every: int) -> Cohort | None:
    """The cohort, or None where there is nothing to learn from."""
    try:
        return read_cohort(screener, checked(screener, found), as_of, every_days=every)
    except UsageError:
        return None


def rows_of(found: Cohort | None) -> list[PlainRow]:
    if found is None:
        return []
    return [
        PlainRow(
            found.child_id[number],
            str(found.as_of[number]),
            float(found.y[number]),
            _plain(found.probability[number]),
            tuple(_plain(value) for value in found.X.iloc[number]),
        )
        for number in range(len(found))
    ]


def _plain(value: Any) -> object:
    return None if pd.isna(value) else value


# --- the plain reader ----------------------------------------------------------------------------


def plain_rows(screener: Screener, found: Tables, as_of: date, every: int) -> list[PlainRow]:
    """Every row, child by child and date by date."""
    whole = checked(screener, found)
    known = whole.known_by(as_of)
    visits, outcomes = known.visits.to_dict("records"), known.outcomes.to_dict("records")
    rows = []
    for child in sorted({row["child_id"] for row in outcomes}):
        own = [v for v in visits if v["child_id"] == child and not pd.isna(v["visit_date"])]
        judged = [
            (_day_of(row, own), row)
            for row in outcomes
            if row["child_id"] == child and isinstance(row["result"], str)
        ]
        for at in sorted({on for on, _ in judged}):
            row = _row(child, at, judged, own, every)
            if row is None:
                continue
            features = _features(screener, whole, child, date.fromisoformat(row.as_of))
            if features is not None:
                rows.append(row._replace(features=features))
    return sorted(rows, key=lambda row: (row.as_of, row.child_id))


def _row(
    child: str, at: date, judged: list[tuple[date, Row]], visits: list[Row], every: int
) -> PlainRow | None:
    """The row of a child's judged visit on a day, without features; None where it makes none."""
    grid = date(1970, 1, 1) + timedelta(days=((at - date(1970, 1, 1)).days - 1) // every * every)
    seen = {v["visit_date"].date() for v in visits if v["child_seen"] == 1}
    seen |= {on for on, row in judged if row["result"] != "not_seen"}
    if any(grid < on < at for on in seen):
        return None
    told = [
        row
        for on, row in judged
        if on == at and row["result"] in ("confirmed", "not_confirmed") and row["saw_rank"] != 1
    ]
    if not told:
        return None
    newest = max(_stamp(row) for row in told)
    best = [row for row in told if _stamp(row) == newest]
    best = [row for row in best if row["result"] == "confirmed"] or best
    row = min(best, key=lambda r: (_chance_or(r, 2.0), r["selected_by"] or ""))
    known = row["selected_by"] is not None and _chance_or(row, 0.0) > 0
    probability = float(row["selection_probability"]) if known else None
    return PlainRow(child, str(grid), float(row["result"] == "confirmed"), probability, ())


def _stamp(row: Row) -> pd.Timestamp:
    return pd.Timestamp("1900-01-01") if pd.isna(row["recorded_at"]) else row["recorded_at"]


def _chance_or(row: Row, other: float) -> float:
    return other if pd.isna(row["selection_probability"]) else float(row["selection_probability"])


def _day_of(row: Row, visits: list[Row]) -> date:
    own = row["outcome_date"].date()
    dates = [v["visit_date"].date() for v in visits if v["visit_id"] == row["visit_id"]]
    if dates:
        return min(own, min(dates))
    if row["result"] == "not_seen":
        return own
    since = own - timedelta(days=WRITTEN_DAYS)
    seen = [v["visit_date"].date() for v in visits if v["child_seen"] == 1]
    return max((on for on in seen if since <= on <= own), default=own)


def _features(
    screener: Screener, whole: CheckedCaseload, child: str, at: date
) -> tuple[object, ...] | None:
    for _, found in screener.follow_ups(whole, at):
        block = found.cases.block
        place = np.flatnonzero(block.children["child_id"] == child)
        if len(place):
            frame = screener.features.frame(found.cases)
            return tuple(_plain(value) for value in frame.iloc[place[0]])
    return None


@given(data=st.data(), as_of=days(), every=st.sampled_from(EVERY))
def test_the_rows_are_those_of_each_child_alone(
    screener: Screener, data: st.DataObject, as_of: date, every: int
) -> None:
    found = data.draw(judged_tables(as_of))
    result = cohort(screener, found, as_of, every)
    assert rows_of(result) == plain_rows(screener, found, as_of, every)
    if result is not None:
        assert len(result) + sum(result.left_out.values()) == result.outcomes == len(found.outcomes)


@given(data=st.data(), as_of=days(), every=st.sampled_from(EVERY))
def test_nothing_dated_or_recorded_after_the_training_date_changes_a_row(
    screener: Screener, data: st.DataObject, as_of: date, every: int
) -> None:
    found, later = data.draw(judged_tables(as_of)), data.draw(later_rows(as_of))
    found = found.with_columns_of(later)
    wanted = rows_of(cohort(screener, found, as_of, every))
    assert rows_of(cohort(screener, found.joined(later), as_of, every)) == wanted
    assert rows_of(cohort(screener, later.joined(found), as_of, every)) == wanted


@given(data=st.data(), as_of=days(), every=st.sampled_from(EVERY))
def test_nothing_after_the_date_of_a_row_changes_its_features_or_its_label(
    screener: Screener, data: st.DataObject, as_of: date, every: int
) -> None:
    """What came between a row's date and the training: visits that saw nobody, values, decisions."""
    found = data.draw(judged_tables(as_of))
    rows = rows_of(cohort(screener, found, as_of, every))
    assume(rows)
    row = data.draw(st.sampled_from(rows))
    later = data.draw(later_rows(date.fromisoformat(row.as_of)))
    unseen = tuple(
        {**visit, "child_seen": "no", "visit_id": f"L{number}"}
        for number, visit in enumerate(later.visits)
    )
    later = replace(later, visits=unseen, outcomes=())
    wanted = rows_of(cohort(screener, found.with_columns_of(later), as_of, every))
    assert row.child_id in {other.child_id for other in wanted}
    again = rows_of(cohort(screener, found.joined(later), as_of, every))
    kept = [other for other in wanted if (other.child_id, other.as_of) == row[:2]]
    assert [other for other in again if (other.child_id, other.as_of) == row[:2]] == kept


@given(data=st.data(), as_of=days(), every=st.sampled_from(EVERY))
def test_every_row_lies_before_its_visit_and_families_stay_together(
    screener: Screener, data: st.DataObject, as_of: date, every: int
) -> None:
    found = data.draw(judged_tables(as_of))
    result = cohort(screener, found, as_of, every)
    assume(result is not None)
    assert result is not None
    groups: dict[str, set[str]] = {}
    for child, group in zip(result.child_id, result.group, strict=True):
        groups.setdefault(child, set()).add(group)
    assert all(len(own) == 1 for own in groups.values())
    assert set(groups) <= {row["child_id"] for row in found.outcomes}
    assert len({*zip(result.child_id, result.as_of.astype(str), strict=True)}) == len(result)
    assert (result.as_of < np.datetime64(as_of)).all()
    assert ((result.told >= 1) & (result.told <= 3)).all()


def test_the_number_of_processes_changes_no_row(screener: Screener) -> None:
    children = [
        {"child_id": f"C{n}", "village_id": "V1", "household_id": f"H{n // 2}"} for n in range(20)
    ]
    outcomes = [
        {
            "child_id": f"C{n}",
            "outcome_date": f"2026-0{1 + n % 3}-{10 + n % 9}",
            "result": RESULTS[n % 6],
        }
        for n in range(20)
    ]
    whole = checked(screener, Tables(tuple(children), outcomes=tuple(outcomes)))
    one, two = (
        read_cohort(screener, whole, date(2026, 4, 1), every_days=7, processes=processes)
        for processes in (1, 2)
    )
    assert rows_of(one) == rows_of(two)
    assert len(one) > 10


def test_children_who_ever_shared_a_household_are_one_family(screener: Screener) -> None:
    """C1 and C2 live together; C2 then moves to C3."""
    as_of = date(2026, 3, 15)
    children = tuple(
        {"child_id": name, "village_id": "V1", "household_id": home, "recorded_at": since}
        for name, home, since in (
            ("C1", "H1", "2025-01-01"),
            ("C2", "H1", "2025-01-01"),
            ("C2", "H2", "2026-01-05"),
            ("C3", "H2", "2025-01-01"),
            ("C4", None, "2025-01-01"),
        )
    )
    outcomes = tuple(
        {"child_id": name, "outcome_date": on, "result": "confirmed"}
        for name, on in (
            *(("C1", "2025-12-01"), ("C2", "2025-12-02"), ("C2", "2026-02-20")),
            *(("C3", "2026-02-21"), ("C4", "2026-02-22")),
        )
    )
    result = cohort(screener, Tables(children, outcomes=outcomes), as_of, 30)
    assert result is not None
    assert dict(zip(result.child_id, result.group, strict=True)) == {
        "C1": "C1",
        "C2": "C1",
        "C3": "C1",
        "C4": "C4",
    }


@pytest.mark.parametrize("every", [0, HORIZON_DAYS + 1])
def test_a_grid_wider_than_the_horizon_is_refused(screener: Screener, every: int) -> None:
    found = Tables(({"child_id": "C1", "village_id": "V1"},))
    with pytest.raises(UsageError, match="1 to 90 days"):
        read_cohort(screener, checked(screener, found), date(2026, 3, 15), every_days=every)

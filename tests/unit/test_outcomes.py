"""What visits found: which row of a day counts, which day it is, and what is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.caseload import Caseload
from carescreen.outcomes import (
    CONFIRMED,
    COULD_NOT_TELL,
    NOT_CONFIRMED,
    NOT_SEEN,
    SAW_RANK,
    DaysOfChildren,
    first_seen,
    is_told,
    visits_judged,
)
from carescreen.sheet import Sheet

VISITS = [
    {"visit_id": "N1", "child_id": "C1", "visit_date": "2026-01-10", "child_seen": "yes"},
    {"visit_id": "N1", "child_id": "C2", "visit_date": "2026-01-02", "child_seen": "yes"},
    {"visit_id": "N2", "child_id": "C1", "visit_date": "2026-02-10", "child_seen": "no"},
]


def judged(*outcomes: dict[str, object], visits: list[dict[str, str]] = VISITS) -> Sheet:
    children = pd.DataFrame(
        {"child_id": ["C1", "C2"], "village_id": "V1", "birth_date": "2018-01-01"}
    )
    table = pd.DataFrame(
        [{"child_id": "C1", "outcome_date": "2026-01-20", **row} for row in outcomes]
    )
    return visits_judged(Caseload(children, pd.DataFrame(visits), outcomes=table).check({}))


@pytest.mark.parametrize(
    ("row", "day"),
    [
        ({"visit_id": "N1"}, "2026-01-10"),
        (
            {"visit_id": "N1", "outcome_date": "2026-01-05"},
            "2026-01-05",
        ),  # never after the judgement
        ({"visit_id": "N9"}, "2026-01-10"),  # no such visit: as without an id
        ({}, "2026-01-10"),  # the newest visit that saw the child, at most 14 days before
        ({"outcome_date": "2026-01-24"}, "2026-01-10"),
        ({"outcome_date": "2026-01-25"}, "2026-01-25"),
        ({"outcome_date": "2026-02-12"}, "2026-02-12"),  # the visit of the 10th saw nobody
        ({"result": "not_seen"}, "2026-01-20"),
    ],
)
def test_an_outcome_is_dated_by_the_visit_that_was_judged(row: dict[str, str], day: str) -> None:
    assert judged({"result": "confirmed", **row})["on"].astype(str).tolist() == [day]


def test_a_visit_id_counts_for_its_own_child_only() -> None:
    found = judged({"child_id": "C2", "visit_id": "N1", "result": "confirmed"})
    assert found["on"].astype(str).tolist() == ["2026-01-02"]


@pytest.mark.parametrize(
    ("results", "status"),
    [
        (["confirmed"], CONFIRMED),
        (["not_confirmed"], NOT_CONFIRMED),
        (["could_not_tell"], COULD_NOT_TELL),
        (["not_seen"], NOT_SEEN),
        (["not_seen", "could_not_tell"], COULD_NOT_TELL),
        (["could_not_tell", "not_confirmed"], NOT_CONFIRMED),
        (["confirmed", "not_confirmed"], CONFIRMED),  # equally new: the one that confirms
    ],
)
def test_of_one_day_the_row_that_tells_most_counts(results: list[str], status: int) -> None:
    for order in (results, results[::-1]):
        found = judged(*({"result": result, "outcome_date": "2026-01-10"} for result in order))
        assert found["status"].tolist() == [status]
        assert found["rows"].tolist() == [len(results)]


def test_a_newer_judgement_of_a_visit_takes_the_place_of_an_older_one() -> None:
    rows = [
        {"result": "confirmed", "recorded_at": "2026-01-21"},
        {"result": "not_confirmed", "recorded_at": "2026-01-22"},
    ]
    for order in (rows, rows[::-1]):
        assert judged(*order)["status"].tolist() == [NOT_CONFIRMED]


def test_who_is_recorded_to_have_seen_the_rank_tells_nothing() -> None:
    assert judged({"result": "confirmed", "saw_rank": "yes"})["status"].tolist() == [SAW_RANK]
    for other in ("no", "", None):
        assert judged({"result": "confirmed", "saw_rank": other})["status"].tolist() == [CONFIRMED]


def test_rows_without_a_result_or_date_are_left_out() -> None:
    found = judged({"result": "perhaps"}, {"result": "confirmed", "outcome_date": "?"})
    assert len(found) == 0


@pytest.mark.parametrize(
    ("cells", "known"),
    [
        ({"selected_by": "random", "selection_probability": 0.1}, True),
        ({"selected_by": "rule", "selection_probability": 1}, True),
        ({"selected_by": "rule"}, False),
        ({"selection_probability": 0.1}, False),  # drawn for nothing: somebody else chose the child
        ({"selected_by": "random", "selection_probability": 0}, False),
        ({"selected_by": "random", "selection_probability": 1.5}, False),
    ],
)
def test_a_chance_is_known_where_what_chose_the_child_is_recorded_too(
    cells: dict[str, object], known: bool
) -> None:
    chance = judged({"result": "confirmed", **cells})["probability"]
    assert (not np.isnan(chance[0])) is known


def test_the_first_visit_that_saw_a_child_speaks_even_where_it_could_not_tell() -> None:
    found = judged(
        {"result": "not_seen", "outcome_date": "2026-03-01"},
        {"result": "could_not_tell", "outcome_date": "2026-03-05"},
        {"result": "confirmed", "outcome_date": "2026-03-09"},
    )
    after = np.datetime64("2026-02-20")
    assert first_seen(found, after, 90)["status"].tolist() == [COULD_NOT_TELL]
    assert not is_told(first_seen(found, after, 90)["status"]).any()
    assert first_seen(found, np.datetime64("2026-03-05"), 90)["status"].tolist() == [CONFIRMED]
    assert first_seen(found, np.datetime64("2026-03-05"), 4)["status"].tolist() == [CONFIRMED]
    assert len(first_seen(found, np.datetime64("2026-03-05"), 3)) == 0


DAY = st.integers(-30_000, 30_000)


@given(
    st.lists(st.tuples(st.integers(0, 3), DAY), max_size=12),
    st.lists(st.tuples(st.integers(0, 4), DAY), min_size=1, max_size=5),
)
def test_the_neighbouring_days_of_a_child_are_its_own(
    known: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    child, day = (
        (np.array(column, dtype=np.int64) for column in zip(*known, strict=True))
        if known
        else (
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
        )
    )
    days = DaysOfChildren(child, day.astype("datetime64[D]"))
    who, when = (np.array(column, dtype=np.int64) for column in zip(*asked, strict=True))
    newest = days.newest(who, when.astype("datetime64[D]"))
    after = days.next(who, when.astype("datetime64[D]"))
    for place, (one, at) in enumerate(asked):
        before = max((d for c, d in known if c == one and d <= at), default=None)
        later = min((d for c, d in known if c == one and d > at), default=None)
        for found, wanted in ((newest[place], before), (after[place], later)):
            assert np.isnat(found) if wanted is None else found.astype(np.int64) == wanted

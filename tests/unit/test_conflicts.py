"""Conflicts of interest: what stands, what ended it, and what was known by a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.conflicts import open_conflicts
from carescreen.decisions import Decision, fault_of
from carescreen.plan_ranking import read_conflicts
from carescreen.review.recording import CHOICES, SUPERVISOR_CHOICES

Said = tuple[str, str, str, str]  # child, who, when, result

TABLE: dict[str, tuple[list[Said], list[int]]] = {
    "one stands": ([("C1", "W1", "2026-10-01", "")], [0]),
    "who recorded it ends it": (
        [("C1", "W1", "2026-10-01 09:00", ""), ("C1", "W1", "2026-10-02 09:00", "ended")],
        [],
    ),
    "who recorded one ends no other": (
        [("C1", "W1", "2026-10-01", ""), ("C1", "W2", "2026-10-01", ""), ("C1", "W1", "2026-10-02", "ended")],
        [1],
    ),
    "who recorded none ends all of the child's": (
        [("C1", "W1", "2026-10-01", ""), ("C1", "W2", "2026-10-01", ""), ("C1", "S1", "2026-10-02", "ended")],
        [],
    ),
    "and none of another child's": (
        [("C1", "W1", "2026-10-01", ""), ("C2", "W1", "2026-10-01", ""), ("C1", "S1", "2026-10-02", "ended")],
        [1],
    ),
    "what is recorded later stands again": (
        [("C1", "W1", "2026-10-01", ""), ("C1", "W1", "2026-10-02", "ended"), ("C1", "W1", "2026-10-03", "")],
        [2],
    ),
    "an end said twice ends nobody else's": (
        [("C1", "W1", "2026-10-01", ""), ("C1", "W2", "2026-10-01", ""),
         ("C1", "W1", "2026-10-02", "ended"), ("C1", "W1", "2026-10-03", "ended")],
        [1],
    ),
    "an end of a day without a time covers that day": (
        [("C1", "W1", "2026-10-02 15:00", ""), ("C1", "W1", "2026-10-02", "ended")],
        [],
    ),
    "letter case tells nobody apart": (
        [("C1", "wang", "2026-10-01", ""), ("C1", "Li", "2026-10-01", ""),
         ("C1", "Wang", "2026-10-02", "ended")],
        [1],
    ),
    "an end before it ends nothing": (
        [("C1", "W1", "2026-10-03", ""), ("C1", "W1", "2026-10-02", "ended")],
        [0],
    ),
    "one without a date is older than any end": (
        [("C1", "W1", "NaT", ""), ("C1", "W1", "2026-10-02", "ended")],
        [],
    ),
    "an end without a date ends nothing": (
        [("C1", "W1", "2026-10-01", ""), ("C1", "W1", "NaT", "ended")],
        [0],
    ),
}  # fmt: skip


def standing(rows: list[Said]) -> list[int]:
    child, by, at, result = (list(column) for column in zip(*rows, strict=True))
    return open_conflicts(child, by, np.array(at, dtype="datetime64[s]"), result)


@pytest.mark.parametrize("name", TABLE)
def test_what_stands(name: str) -> None:
    rows, wanted = TABLE[name]
    assert standing(rows) == wanted


SAID = st.tuples(
    st.sampled_from(["C1", "C2"]),
    st.sampled_from(["W1", "W2", "S1"]),
    st.sampled_from(["2026-10-01", "2026-10-01 09:00", "2026-10-02 09:00", "NaT"]),
    st.sampled_from(["", "ended"]),
)


@given(st.lists(SAID, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Said], random) -> None:
    mixed = list(rows)
    random.shuffle(mixed)
    assert sorted(rows[row] for row in standing(rows)) == sorted(
        mixed[row] for row in standing(mixed)
    )


@pytest.fixture
def county(tmp_path: Path) -> Path:
    pd.DataFrame(
        [
            ("C1", "2026-10-01 09:00:00", "W1", "conflict", "", "2026-10-02"),
            ("C2", "2026-10-01 09:00:00", "W2", "Conflict", "", "2026-10-02"),
            ("C1", "2026-10-20 09:00:00", "S1", "conflict", "ended", "2026-11-05"),
            ("C3", "2026-10-20 09:00:00", "W3", "conflict", "", "2026-11-05"),
            ("C4", "2026-11-03 09:00:00", "W4", "conflict", "", ""),
        ],
        columns=["child_id", "decided_at", "decided_by", "decision", "result", "recorded_at"],
    ).to_csv(tmp_path / "decisions.csv", index=False)
    (tmp_path / "children.csv").write_text("child_id,village_id\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("as_of", "wanted"),
    [
        (date(2026, 9, 1), []),
        (date(2026, 11, 1), [("W1", "C1"), ("W2", "C2")]),  # the end was not recorded yet
        (date(2026, 11, 4), [("W1", "C1"), ("W2", "C2"), ("W4", "C4")]),
        (date(2026, 11, 5), [("W2", "C2"), ("W3", "C3"), ("W4", "C4")]),
    ],
)
def test_a_plan_goes_by_what_was_decided_and_recorded_by_its_day(
    county: Path, as_of: date, wanted: list[tuple[str, str]]
) -> None:
    assert read_conflicts(county, as_of) == wanted


def test_a_table_without_results_holds_conflicts_that_stand(tmp_path: Path) -> None:
    (tmp_path / "children.csv").write_text("child_id,village_id\n", encoding="utf-8")
    (tmp_path / "decisions.csv").write_text(
        "child_id,decided_at,decided_by,decision\nC1,2026-10-01,W1,conflict\n", encoding="utf-8"
    )
    assert read_conflicts(tmp_path, date(2026, 11, 1)) == [("W1", "C1")]


def test_a_result_is_one_of_the_words_or_nothing() -> None:
    at = pd.Timestamp("2026-10-01").to_pydatetime()
    row = Decision("C1", "W1", "conflict", at, result="ended").row()
    assert fault_of(row) == ""
    assert fault_of({**row, "result": "over"}) == "result of conflict is not one of ended"
    assert fault_of({**row, "decision": "correction", "reason": "x", "result": "kept"}) == ""
    assert "corrected, kept" in fault_of(
        {**row, "decision": "correction", "reason": "x", "result": "ended"}
    )


def test_only_the_supervisors_page_can_end_a_conflict_or_answer() -> None:
    assert {choice.key for choice in SUPERVISOR_CHOICES} == {"answer", "conflict_ended"}
    assert not {"answer", "conflict_ended"} & {choice.key for choice in CHOICES}

"""Sheets: columns together, and ids looked up alike whether there are few or many of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.caseload import Caseload
from carescreen.errors import CaseloadError
from carescreen.indicators import Indicator
from carescreen.sheet import FEW, Sheet, numbered, objects, places

TITLE = {"en": "x", "zh": "x"}
INDICATORS = {
    "at_school": Indicator("at_school", "education", "enum", "state", TITLE, ("yes", "no")),
    "nights": Indicator("nights", "care", "integer", "state", TITLE, range=(0.0, 7.0)),
    "marks": Indicator("marks", "safety", "set", "event", TITLE, ("ear", "neck")),
}
IDS = st.lists(st.sampled_from(["a", "b", "c", "", "2", None]), max_size=5)


def test_a_sheet_takes_rows_and_gives_columns_of_exactly_their_types() -> None:
    sheet = Sheet({"id": objects(["a", None]), "n": np.array([1, 2], dtype=np.int16)})
    taken = sheet.take(np.array([1, 1, 0]))
    assert (len(taken), taken["n"].tolist(), taken["id"].tolist()) == (
        3,
        [2, 2, 1],
        [None] * 2 + ["a"],
    )
    assert taken.to_frame().dtypes.tolist() == [np.dtype(object), np.dtype(np.int16)]
    assert sheet.rows() == [{"id": "a", "n": 1}, {"id": None, "n": 2}]


def test_a_data_frame_taken_from_a_sheet_shares_nothing_with_it() -> None:
    sheet = Sheet({"n": np.array([1, 2])})
    frame = sheet.to_frame()
    frame.loc[0, "n"] = 9
    assert sheet["n"].tolist() == [1, 2]


def test_a_sheet_shows_counts_only() -> None:
    assert repr(Sheet({"note": objects(["secret"])})) == "Sheet(1 rows, 1 columns)"


@given(ids=IDS, wanted=IDS)
def test_few_ids_are_found_as_many_are(ids: list[str | None], wanted: list[str | None]) -> None:
    distinct = [name for name in dict.fromkeys(ids) if name is not None]
    more = [f"more-{number}" for number in range(FEW)]
    few = places(objects(distinct), objects(wanted))
    many = places(objects(distinct + more), objects(wanted))
    assert few.tolist() == many.tolist()


@given(values=IDS)
def test_few_values_are_numbered_as_many_are(values: list[str | None]) -> None:
    codes, found = numbered(objects(values))
    many, more = numbered(objects(values * (FEW + 1)))
    assert many.tolist()[: len(values)] == codes.tolist()
    assert more.tolist() == found.tolist()


CELLS = st.sampled_from(["yes", "NO", " ", None, 1, 1.0, 2.5, True, "8", "ear;neck", "ear;x", "三"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"child_id": st.sampled_from(["C1", " C2", "", None])},
        optional={"village_id": CELLS, "at_school": CELLS, "nights": CELLS, "marks": CELLS},
    ),
    min_size=1,
    max_size=4,
)


@given(rows=ROWS, dates=st.lists(st.sampled_from(["2020-05-14", "14.5.20", None, ""]), min_size=4))
def test_rows_are_checked_as_the_data_frame_of_them(
    rows: list[dict[str, object]], dates: list[str | None]
) -> None:
    born = [
        {"village_id": "V1", **row, "birth_date": day}
        for row, day in zip(rows, dates, strict=False)
    ]
    given_rows = Caseload.of_rows(born).check(INDICATORS)
    in_frame = Caseload(pd.DataFrame(born, dtype=object)).check(INDICATORS)
    for name in given_rows.sheets:
        of_frame = in_frame.sheets[name].to_frame()
        ordered = given_rows.sheets[name].to_frame()[list(of_frame)]
        pd.testing.assert_frame_equal(ordered, of_frame)
    pd.testing.assert_frame_equal(given_rows.rejected, in_frame.rejected)
    assert given_rows.notices == in_frame.notices


def test_a_table_given_as_rows_has_the_columns_it_must_have() -> None:
    children = [{"child_id": "C1", "village_id": "V1", "birth_date": "2020-05-14"}]
    caseload = Caseload.of_rows(children, visits=[{"child_id": "C1"}], outcomes=[])
    assert {"visit_id", "visit_date"} <= set(caseload.visits)
    assert list(caseload.outcomes) == ["child_id", "outcome_date", "result"]
    with pytest.raises(CaseloadError, match="birth_date"):
        Caseload.of_rows([{"child_id": "C1", "village_id": "V1"}])

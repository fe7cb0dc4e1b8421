"""The apostrophe before a formula: no text starts as one, and every text comes back as it was."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carescreen.cells import FORMULA_STARTS, guarded, unguarded
from carescreen.results import write_csv

texts = st.one_of(
    st.text(st.sampled_from(["'", *FORMULA_STARTS, "C", "1", " ", "\ud800"]), max_size=6), st.text()
)


@given(text=texts)
@example(text="'=1")
def test_every_text_comes_back_and_none_is_a_formula(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(FORMULA_STARTS)


@given(one=texts, other=texts)
def test_two_texts_never_become_one(one: str, other: str) -> None:
    assert (guarded(one) == guarded(other)) == (one == other)


@pytest.mark.parametrize("text", ["'s-Hertogenbosch", "'", "''", "C=1", "", "O'=1"])
def test_what_no_spreadsheet_computes_stays_as_it_is(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@pytest.mark.parametrize("dtype", [object, "str"])
def test_a_written_table_has_the_same_apostrophes(tmp_path: Path, dtype: str) -> None:
    ids = ["=1", "'=1", "''＝1", "＠x", "'s", "C1"]
    write_csv(pd.DataFrame({"id": pd.Series([*ids, None], dtype=dtype)}), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [row["id"] for row in csv.DictReader(file)]
    assert found == [*map(guarded, ids), ""]
    assert [unguarded(text) for text in found] == [*ids, ""]

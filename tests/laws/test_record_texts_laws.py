"""The texts that a ranking is written from are those of the plain records, byte for byte.

`carescreen.recordtexts` writes a block's records from shared texts; `records`, `redact` and json do
so child by child (tests/laws/plain_record_texts.py).
"""

from __future__ import annotations

from datetime import date

from caseloads import days, tables, told
from hypothesis import given
from hypothesis import strategies as st
from plain_record_texts import assert_same_texts

from carescreen.screener import Screener


@given(data=st.data(), as_of=days(), first_run=st.booleans())
def test_record_texts_are_those_of_plain_records(
    screener: Screener, data: st.DataObject, as_of: date, first_run: bool
) -> None:
    found = data.draw(tables(as_of))
    ids = sorted({row["child_id"] for row in found.children})
    found = found.with_rows("decisions", *data.draw(st.lists(told(as_of, ids), max_size=3)))
    assert_same_texts(screener, found.caseload(), as_of, first_run=first_run)

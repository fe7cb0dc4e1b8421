"""The texts that a ranking is written from are those of the plain records, byte for byte.

`carescreen.recordtexts` writes a block's records from shared texts; `records`, `redact` and json do
so child by child (tests/laws/plain_record_texts.py).
"""

from __future__ import annotations

from datetime import date

import pytest
from caseloads import days, tables, told
from hypothesis import given
from hypothesis import strategies as st
from law_pack import PACK
from plain_record_texts import assert_same_texts

from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.ngrams import PhraseTable
from carescreen.screener import Screener
from carescreen.steps import AdditiveTables, StepTable

PHRASES = PhraseTable(
    {"挨打": 200_001, "一个人": 150_000, "饿肚子": 99_999, "noon": 7}, cap=300_000
)
MODEL = AdditiveTables(
    intercept=-1_234_567,
    features=(StepTable("hit", "number", (0, 450_001), (0.5,), missing=7, sensitive=True),),
    note_column="note",
    phrases=PHRASES,
)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Screener:
    """The engine over the small pack, with a model that looks for phrases."""
    folder = tmp_path_factory.mktemp("models") / "spoken"
    write_model(folder, SavedModel(MODEL, Manifest(name="spoken", made_by="fit")))
    return Screener.load(PACK, folder)


@given(data=st.data(), as_of=days())
def test_record_texts_quote_the_words_that_move_a_score(
    spoken: Screener, data: st.DataObject, as_of: date
) -> None:
    assert_same_texts(spoken, data.draw(tables(as_of)).caseload(), as_of)


@given(data=st.data(), as_of=days(), first_run=st.booleans())
def test_record_texts_are_those_of_plain_records(
    screener: Screener, data: st.DataObject, as_of: date, first_run: bool
) -> None:
    found = data.draw(tables(as_of))
    ids = sorted({row["child_id"] for row in found.children})
    found = found.with_rows("decisions", *data.draw(st.lists(told(as_of, ids), max_size=3)))
    assert_same_texts(screener, found.caseload(), as_of, first_run=first_run)

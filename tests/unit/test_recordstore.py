"""Packed texts come back as they went in, from memory and from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.recordstore import BODY, KINDS, PUBLIC_BODY, joined_rows, packed

TEXTS = st.sampled_from([b"", b"a", b"bc", "孩子".encode(), b'{"x":1}'])


@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=6),
    kinds=st.sets(st.sampled_from(KINDS), min_size=1),
    split=st.integers(0, 6),
    order=st.randoms(use_true_random=False),
    in_file=st.booleans(),
)
def test_texts_come_back(tmp_path_factory, rows, kinds, split, order, in_file) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("store")
    sheets, parts = [], []
    for number, block in enumerate((rows[:split], rows[split:])):
        texts = {
            kind: [row[place] for row in block] for place, kind in enumerate(KINDS) if kind in kinds
        }
        data, places = packed(texts, len(block))
        sheets.append(places)
        path = folder / str(number)
        path.write_bytes(data)
        parts.append(path if in_file else data)
    found, store = joined_rows(sheets, parts)
    mixed = np.array(order.sample(range(len(rows)), len(rows)), dtype=np.int64)
    for place, kind in enumerate(KINDS):
        if kind in kinds:
            wanted = [rows[row][place] for row in mixed]
            assert store.texts(found.take(mixed), kind) == wanted
            assert store.sizes(found.take(mixed), kind).tolist() == [len(text) for text in wanted]
        elif rows:
            with pytest.raises(KeyError):
                store.texts(found, kind)


def test_the_same_text_is_kept_once() -> None:
    data, _ = packed({BODY: [b"long"], PUBLIC_BODY: [b"long"]}, 1)
    assert data == b"long"


def test_a_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    data, places = packed({BODY: [b"long"]}, 1)
    path = tmp_path / "texts"
    path.write_bytes(data[:2])
    rows, store = joined_rows([places], [path])
    with pytest.raises(OSError, match="texts ends before what it should hold"):
        store.texts(rows, BODY)


def test_more_files_than_may_be_open_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carescreen.recordstore._MOST_OPEN", 2)
    parts, blocks = [], []
    for number in range(5):
        content, rows = packed({BODY: [b"%d" % number, b"x" * number]}, 2)
        parts.append(tmp_path / f"texts-{number}")
        parts[-1].write_bytes(content)
        blocks.append(rows)
    rows, store = joined_rows(blocks, parts)
    wanted = [text for number in range(5) for text in (b"%d" % number, b"x" * number)]
    assert store.texts(rows, BODY) == wanted
    assert len(store._open) == 2
    store.close()

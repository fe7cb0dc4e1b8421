"""A ranking with mentions from a cache is, byte for byte, the ranking without one."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from caseloads import DAYS, days, tables
from engine import files, rank, said
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.screener import Screener


@settings(max_examples=25)
@given(data=st.data(), as_of=days(), size=st.sampled_from([1, 2, 10_000]))
def test_an_empty_a_full_and_another_cache_change_nothing(
    screener: Screener, data: st.DataObject, as_of: date, size: int
) -> None:
    found, others = data.draw(tables(as_of)), data.draw(tables(as_of))
    wanted = said(rank(screener, found, as_of))
    with tempfile.TemporaryDirectory() as folder:
        options = {"mentions_cache": Path(folder) / "mentions", "block_children": size}
        rank(screener, others, as_of, **options)
        for _ in range(2):  # of other notes, then of just these
            assert said(rank(screener, found, as_of, **options)) == wanted


@settings(max_examples=2)
@given(data=st.data(), quotes=st.booleans())
def test_worker_processes_with_a_cache_write_the_same_files(
    screener: Screener, data: st.DataObject, quotes: bool
) -> None:
    as_of = DAYS[0]
    found = data.draw(tables(as_of))
    plain = rank(screener, found, as_of)
    if plain is None:
        return
    wanted = files(plain, quotes=quotes)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "mentions"
        for processes in (2, 1, 2):
            ranking = rank(
                screener,
                found,
                as_of,
                processes=processes,
                block_children=1,
                mentions_cache=cache,
            )
            assert ranking is not None
            assert files(ranking, quotes=quotes) == wanted
            assert cache.is_file()

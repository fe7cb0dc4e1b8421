"""What the scripts of this folder share: a process that reads a note reader's tables only once."""

from __future__ import annotations

from functools import cache

from carescreen import notes
from carescreen.learned import digest_of, load_learned
from carescreen.screener import Screener

BLOCK_CHILDREN = 100  # so that a small county has blocks for several worker processes


def read_tables_once() -> None:
    """Sixteen megabytes of text make the same tables each time, a second of work for each run."""
    read = cache(lambda folder, _digest: load_learned(folder))
    notes.load_learned = lambda folder: read(folder, digest_of(folder))  # type: ignore[assignment]


def cut_into_small_blocks() -> None:
    """Let a county of some hundred children be work for several processes."""
    assert Screener.rank.__kwdefaults__ is not None
    Screener.rank.__kwdefaults__["block_children"] = BLOCK_CHILDREN

"""What a run saves by knowing the mentions of notes read before: processor seconds, one process.

python benchmarks/mentions_cache.py FOLDER     a caseload's folder, such as `carescreen synth` writes
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from carescreen.mentioncache import MentionCache, keys_of
from carescreen.notes import NoteReader

BLOCK = 30_000  # notes: those of some ten thousand children
SHARE_NEW = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder with visits.csv")
    path = parser.parse_args().folder / "visits.csv"
    notes = pd.read_csv(path, usecols=["note"], dtype=str)["note"].fillna("").tolist()
    reader = NoteReader.load("cn-rural")
    distinct = len(set(notes))
    print(f"{len(notes):,} notes, {distinct:,} of them distinct")
    for block in blocks(notes[:BLOCK]):
        reader.find(block)
    print_speed("read, no cache", len(notes), seconds(lambda: found(reader, notes)))
    hashing = seconds(lambda: keys_of(notes, bytes(16)))
    print_speed("of it, as much as hashing", len(notes), hashing)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "mentions"
        print_speed(
            "first run, cache written", len(notes), seconds(lambda: run(reader, notes, cache))
        )
        size = cache.stat().st_size
        print(f"{'':26}{size:,} bytes, {size / distinct:.0f} a distinct note")
        print_speed("all known", len(notes), seconds(lambda: run(reader, notes, cache)))
        nightly = with_new(notes)
        print_speed(
            "one in a hundred new", len(notes), seconds(lambda: run(reader, nightly, cache))
        )


def found(reader: NoteReader, notes: list[str]) -> None:
    for block in blocks(notes):
        reader.find(block)


def run(reader: NoteReader, notes: list[str], path: Path) -> None:
    """Open, read, write: all that a run does more with a cache than without."""
    cache = MentionCache.open(path, reader)
    for block in blocks(notes):
        cache.find(reader, block)
    cache.write([cache.taken()])


def blocks(notes: list[str]) -> list[list[str]]:
    return [notes[first : first + BLOCK] for first in range(0, len(notes), BLOCK)]


def with_new(notes: list[str]) -> list[str]:
    random = np.random.default_rng(3)
    changed = list(notes)
    for at in random.choice(len(notes), int(len(notes) * SHARE_NEW), replace=False).tolist():
        changed[at] = f"{at} {changed[at]}"
    return changed


def seconds(step: Callable[[], object]) -> float:
    begin = time.process_time()
    step()
    return time.process_time() - begin


def print_speed(what: str, notes: int, took: float) -> None:
    print(f"{what:26}{took:6.2f} s  {notes / took:>10,.0f} notes/s")


if __name__ == "__main__":
    main()

"""Rank synthetic counties of several sizes from CSV on all cores, beside pandas.read_csv of the tables.

python benchmarks/run.py [children ...] [--laps 3]      default 8,100 and 81,000, three visits each

Of each size: the time of making the county, of reading its tables with pandas (each lap in turn with the
run it is compared with), of `carescreen rank --no-pages` by the clock and by the processors, its peak of
memory over all processes, the seconds of its steps, and the list files alone, from one more run that
writes them. Then the exponent of time over the number of children, as it is and without the start-up,
which is what a county of 20 children takes. At the largest size also the same tables as Parquet, and the
night after, with one note in a hundred new, with and without a cache of mentions; their lists must be the
same, byte for byte, as without.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from laps import lap
from rows import TARGETS, Row, table, verdicts
from watched import MEMORY_IS_MEASURED, Watched, watch

CARESCREEN = [sys.executable, "-c", "from carescreen.cli import main; main()"]
TABLES = ("children", "visits", "households", "outcomes", "decisions")
SIZES = (8_100, 81_000)
LAPS = 3
FEWEST = 20  # children of the county that shows what does not grow
SHARE_NEW = 0.01
LISTS = "write lists"  # the step of run.json that writes pages and workbook
HEADS = (
    *("children", "visits", "MB", "synth s", "read_csv s", "rank s", "ratio", "processor s"),
    *("peak PSS GiB", "peak RSS GiB", "list files s"),
)


@dataclass(frozen=True)
class Ranked:
    """A run of `carescreen rank`: what it took, its steps in seconds, and a digest of its list."""

    watched: Watched
    steps: dict[str, float]
    digest: str


@dataclass(frozen=True)
class County:
    """What one size took: seconds, megabytes, the median run."""

    children: int
    visits: int
    megabytes: float
    made: float
    read: float
    ranked: Ranked
    lists: float

    @property
    def seconds(self) -> float:
        """Of ranking, by the clock."""
        return self.ranked.watched.seconds

    def cells(self) -> tuple[str, ...]:
        """A line of the table, in the order of HEADS."""
        took = self.ranked.watched
        return (
            *(f"{self.children:,}", f"{self.visits:,}", f"{self.megabytes:.0f}"),
            *(f"{self.made:.1f}", f"{self.read:.2f}", f"{took.seconds:.1f}"),
            *(f"{took.seconds / self.read:.1f}", f"{took.processor:.1f}"),
            *(_gib(took.shared_once), _gib(took.each_whole), f"{self.lists:.1f}"),
        )


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("children", type=_count, nargs="*", default=SIZES)
    parser.add_argument("--laps", type=int, default=LAPS)
    asked = parser.parse_args()
    print(verdicts(rows(asked.children, asked.laps)))


def rows(sizes: Sequence[int] = SIZES, laps: int = LAPS) -> list[Row]:
    """Print what the sizes took; the rows of the largest, and of growth."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make(FEWEST, work / "few")
        start_up = middle(rank(work / "few", work) for _ in range(laps)).watched.seconds
        counties = []
        for children in sorted(set(sizes)):
            if counties:
                shutil.rmtree(work / "county")
            counties.append(measure(children, work, laps))
        show(counties, start_up)
        with_parquet(work, counties[-1], laps)
        next_night(work, laps)
    largest = counties[-1]
    memory = largest.ranked.watched.shared_once
    size = f"{largest.children:,} synthetic children"
    factor = growth(counties, start_up)
    return [
        Row(TARGETS["programme"], largest.seconds, largest.read, f"{size}, --no-pages"),
        Row(TARGETS["memory"], memory, note=size),
        Row(TARGETS["growth"], factor, note="fitted, without start-up"),
    ]


def measure(children: int, work: Path, laps: int) -> County:
    """Make a county in `work`, read it and rank it."""
    county = work / "county"
    made = make(children, county)
    reads: list[float] = []

    def in_turn() -> Ranked:
        reads.append(lap(lambda: read_csv(county)))
        return rank(county, work)

    ranked = middle(in_turn() for _ in range(laps))
    lists = rank(county, work, pages=True).steps[LISTS]
    paths = [county / f"{name}.csv" for name in TABLES]
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    visits = len(pd.read_csv(county / "visits.csv", usecols=["visit_id"]))
    return County(children, visits, megabytes, made, statistics.median(reads), ranked, lists)


def make(children: int, folder: Path) -> float:
    """Seconds of making a synthetic county."""
    command = ["synth", "--children", str(children), "--out", str(folder)]
    return watch([*CARESCREEN, *command]).seconds


def read_csv(county: Path) -> None:
    """The reference: every table once, as pandas reads it by itself."""
    for name in TABLES:
        pd.read_csv(county / f"{name}.csv", low_memory=False)


def rank(county: Path, work: Path, *more: str, pages: bool = False) -> Ranked:
    """Rank a folder into a new one, which is looked at and taken away."""
    lists = work / "lists"
    arguments = ["rank", str(county), "--as-of", "2026-11-01", "--out", str(lists), *more]
    watched = watch([*CARESCREEN, *arguments, *([] if pages else ["--no-pages"])])
    steps = json.loads((lists / "run.json").read_text(encoding="utf-8"))["timings_seconds"]
    digest = hashlib.sha256()
    for name in ("ranking.csv", "ranking.jsonl"):
        with (lists / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    shutil.rmtree(lists)
    return Ranked(watched, steps, digest.hexdigest())


def middle(runs: Iterable[Ranked]) -> Ranked:
    """The run in the middle by the clock, of an odd number; the same list each time."""
    found = sorted(runs, key=lambda one: one.watched.seconds)
    assert len({one.digest for one in found}) == 1, "the same tables gave different lists"
    return found[len(found) // 2]


def show(counties: Sequence[County], start_up: float) -> None:
    """Print the table of sizes, their steps, and how time grows."""
    print(table(HEADS, [county.cells() for county in counties]))
    if not MEMORY_IS_MEASURED:
        print("memory was not measured: only Linux says what all processes hold")
    for county in counties:
        steps = ", ".join(f"{name} {took:.1f}" for name, took in county.ranked.steps.items())
        print(f"{county.children:,} children, seconds of steps: {steps}")
    print(f"start-up ({FEWEST} children): {start_up:.1f} s")
    for said, less in (("as it is", 0.0), ("without start-up", start_up)):
        factor = growth(counties, less)
        if factor is not None:
            print(
                f"rank, {said}: children^{math.log10(factor):.3f}, {factor:.1f}x for 10x children"
            )


def growth(counties: Sequence[County], start_up: float) -> float | None:
    """Factor of time for ten times as many children, by least squares on logarithms.

    None of fewer than two sizes, or where a size takes no longer than starting up does.
    """
    seconds = np.array([county.seconds for county in counties]) - start_up
    if len(counties) < 2 or (seconds <= 0).any():
        return None
    children = np.log10([county.children for county in counties])
    slope = np.polyfit(children, np.log10(seconds), 1)[0]
    return float(10**slope)


def with_parquet(work: Path, county: County, laps: int) -> None:
    """Print how the same tables are ranked as Parquet; why not, without pyarrow."""
    if find_spec("pyarrow") is None:
        print("Parquet: not measured, pyarrow is not installed")
        return
    folder = work / "parquet"
    folder.mkdir()
    for name in TABLES:
        path, texts = work / "county" / f"{name}.csv", {"keep_default_na": False, "na_values": [""]}
        frame = pd.read_csv(path, low_memory=False, **texts)
        frame.to_parquet(folder / f"{name}.parquet")
    found = middle(rank(folder, work) for _ in range(laps))
    took = found.watched
    print(
        f"Parquet: rank {took.seconds:.1f} s, {took.seconds / county.seconds:.2f} of CSV, "
        f"{took.seconds / county.read:.1f} times read_csv, peak PSS {_gib(took.shared_once)} GiB; "
        f"{_same(found, county.ranked)}"
    )


def next_night(work: Path, laps: int) -> None:
    """Print the run after one note in a hundred became another, with and without a cache."""
    night, kept, cache = work / "night", work / "mentions.kept", work / "mentions.cache"
    first = rank(work / "county", work, "--mentions-cache", str(kept))
    with_new_notes(work / "county", night)

    def with_cache() -> Ranked:
        shutil.copyfile(kept, cache)
        return rank(night, work, "--mentions-cache", str(cache))

    pairs = [(with_cache(), rank(night, work)) for _ in range(laps)]
    cached, plain = (middle(runs) for runs in zip(*pairs, strict=True))
    print(
        f"the night after, {SHARE_NEW:.0%} of the notes new: with --mentions-cache {_took(cached)}, "
        f"without {_took(plain)}; the first run with one {_took(first)}, "
        f"{kept.stat().st_size / 1e6:.1f} MB; {_same(cached, plain)}"
    )


def with_new_notes(county: Path, night: Path) -> None:
    """A copy of a county in which one note in a hundred is another."""
    night.mkdir()
    for name in TABLES:
        os.link(county / f"{name}.csv", night / f"{name}.csv")
    visits = pd.read_csv(county / "visits.csv", dtype=str, keep_default_na=False)
    new = visits.index[visits["note"] != ""].to_series().sample(frac=SHARE_NEW, random_state=3)
    visits.loc[new, "note"] = "Visited. " + visits.loc[new, "note"]
    (night / "visits.csv").unlink()
    visits.to_csv(night / "visits.csv", index=False)


def _took(run: Ranked) -> str:
    return f"{run.watched.seconds:.1f} s ({run.watched.processor:.1f} s of processors)"


def _same(one: Ranked, other: Ranked) -> str:
    return "the same list" if one.digest == other.digest else "ANOTHER LIST"


def _gib(amount: float | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _count(text: str) -> int:
    return int(text.replace(",", ""))


if __name__ == "__main__":
    main()

"""Processor time a child of the texts that a ranking is written from, beside the plain way.

python benchmarks/record_texts.py [children]      default 10,000 synthetic children, one block

The plain way reads a record as dictionaries, encodes it, redacts a copy and encodes that; it stands in
tests/laws/plain_record_texts.py and gives the same bytes, which is checked first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path += [str(Path(__file__).parents[1] / "tests" / "laws")]

from plain_record_texts import plain_record_texts

from carescreen import Caseload, Screener
from carescreen.followups import follow_up
from carescreen.recordtexts import record_texts
from carescreen.screener import Partition, day_of
from carescreen.synthetic import make_county

AS_OF = "2026-11-01"
TIMES = 5


def main(children: int) -> None:
    screener = Screener.load()
    made = make_county(children)
    tables = (made.children, made.visits, made.households, made.outcomes, made.decisions)
    engine = screener.engine(AS_OF)
    known = Caseload(*tables).check(screener.rules.indicators).known_by(day_of(AS_OF))
    block, needs, since = Partition(known, children).block(0)
    found = follow_up(engine, block, np.array([bool(own) for own in needs], dtype=bool), since)
    plain, texts = plain_record_texts(engine, found, needs), record_texts(engine, found, needs)
    assert (texts.private, texts.public) == (plain.private, plain.public)
    assert texts.columns == plain.columns
    size = sum(map(len, plain.public)) / block.n
    print(
        f"{block.n:,} synthetic children, {size:,.0f} bytes of public JSON each; median of {TIMES}"
    )
    show(
        "public texts and columns", block.n, lambda: record_texts(engine, found, needs, ("public",))
    )
    show("public and private ones", block.n, lambda: record_texts(engine, found, needs))
    show("the plain way, both", block.n, lambda: plain_record_texts(engine, found, needs))


def show(what: str, children: int, work: Callable[[], object]) -> None:
    """Print the median processor time a child."""
    spent = []
    for _ in range(TIMES):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    print(f"  {what:28s}{np.median(spent) / children * 1e6:8.1f} µs a child")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)

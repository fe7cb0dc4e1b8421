"""How fast rules are read, each row beside a reference measured in the same run.

python benchmarks/rules.py [children]      default 810,000 children

For many children the reference is numpy.nansum over the same indicators as one float64 matrix of
children x indicators, NaN where missing. Two caseloads: "recorded" misses a quarter of the states
and leaves most events unrecorded, as programmes do; "dense" has a random value nearly everywhere,
where nansum is at its fastest. The pack's rules read notes too, which the reference has not. A
second set of rules has more to do for each indicator: 60 made-up ones of four comparisons each,
over the 40 indicators that most comparisons read.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from laps import lap, medians
from rows import TARGETS, Row, verdicts

from carescreen.columns import FROM_CHILDREN, Column, Noted
from carescreen.conditions import Condition
from carescreen.indicators import Indicator
from carescreen.rules import RulePack
from carescreen.screener import BLOCK_CHILDREN, Screener
from carescreen.syntax import And, Not, Or, atoms_of

CHILDREN = 810_000
AS_OF = np.datetime64("2026-07-15", "D")
PACKS = ("base", "cn-rural", "international")
CASE = Path(__file__).parent.parent / "examples" / "case.json"
LOAD = """
import time
from carescreen.rules import RulePack
begin = time.perf_counter()
RulePack.load({pack!r})
print(time.perf_counter() - begin)
"""


@dataclass(frozen=True)
class Children:
    """Random children; a CaseData."""

    n: int
    as_of: np.datetime64
    columns: Mapping[str, Column]
    noted: Mapping[str, Noted]


@dataclass(frozen=True)
class Shares:
    """What share of the children has no value, by the kind of the indicator."""

    state: float
    event: float
    derived: float


RECORDED = Shares(state=0.25, event=0.95, derived=0.01)
DENSE = Shares(state=0.02, event=0.02, derived=0.02)


def main() -> None:
    """Print every row."""
    n = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else CHILDREN
    pack = RulePack.load("cn-rural")
    found = [*rows_of(pack, n), *rows(n)]
    print(verdicts(found))
    for name in PACKS:
        load_times(name)
    one_child(pack)
    one_assessment()


def rows(n: int = CHILDREN) -> list[Row]:
    """The made-up rules over both caseloads."""
    return rows_of(made_up(RulePack.load("cn-rural")), n, "made-up")


def rows_of(pack: RulePack, n: int, title: str = "") -> list[Row]:
    """All rules of a pack over a caseload as programmes record it, and over a dense one."""
    named = (("recorded", RECORDED), ("dense", DENSE))
    return [
        many_children(pack, f"{title or pack.pack.id}, {name}", children(pack, n, shares))
        for name, shares in named
    ]


def many_children(pack: RulePack, name: str, data: Children) -> Row:
    """All rules over all children, beside nansum over the same values."""
    matrix = as_matrix(data)
    blocks = [
        part_of(data, slice(start, start + BLOCK_CHILDREN))
        for start in range(0, data.n, BLOCK_CHILDREN)
    ]
    seconds, reference, in_blocks = medians(
        7,
        lambda: pack.evaluate(data),
        lambda: np.nansum(matrix),
        lambda: [pack.evaluate(block) for block in blocks],
    )
    outcomes = pack.evaluate(data)
    print(
        f"{name}: {len(pack.rules)} rules x {len(data.columns)} indicators and {len(data.noted)} "
        f"concepts x {data.n:,} children ({outcomes.true.mean():.0%} met, "
        f"{1 - outcomes.known.mean():.0%} cannot be told)\n"
        f"    at once {seconds:.3f} s; in blocks of {BLOCK_CHILDREN:,}, as ranking does, "
        f"{in_blocks:.3f} s"
    )
    return Row(TARGETS["rules"], seconds, reference, f"{name}, {data.n:,} children")


def as_matrix(data: Children) -> np.ndarray:
    """float64 (children, indicators), NaN where missing."""
    matrix = np.empty((data.n, len(data.columns)))
    for place, column in enumerate(data.columns.values()):
        matrix[:, place] = np.where(column.known, column.values, np.nan)
    return matrix


def load_times(name: str) -> None:
    """Loading a pack in a new process, its imports aside, and again in this one."""
    command = [sys.executable, "-c", LOAD.format(pack=name)]
    cold = [
        float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        for _ in range(5)
    ]
    (warm,) = medians(9, lambda: RulePack.load(name))
    print(
        f"load {name:<9} new process {statistics.median(cold) * 1e3:.0f} ms, "
        f"warm {warm * 1e3:.0f} ms"
    )


def one_child(pack: RulePack) -> None:
    """All rules for one child, over many different children."""
    many = children(pack, 2000, RECORDED)
    singles = [part_of(many, slice(number, number + 1)) for number in range(many.n)]
    laps = [lap(lambda child=child: pack.evaluate(child)) for child in singles]
    print(f"rules of one child: {spread(laps)}")


def one_assessment() -> None:
    """One case in, one assessment out: notes, rules, model and reasons."""
    screener, text = Screener.load(), CASE.read_bytes()
    screener.assess(text)
    laps = [lap(lambda: screener.assess(text)) for _ in range(300)]
    print(f"assess {CASE.parent.name}/{CASE.name}: {spread(laps)}")


def spread(laps: list[float]) -> str:
    """Median and 99th percentile in milliseconds."""
    median, tail = np.percentile(laps, [50, 99]) * 1e3
    return f"median {median:.3f} ms, p99 {tail:.3f} ms ({len(laps)} runs)"


def made_up(pack: RulePack, count: int = 60, reads: int = 40) -> RulePack:
    """Rules of random comparisons, drawn from the pack's over the indicators most of them read."""
    random = np.random.default_rng(7)
    every = {atom for rule in pack.rules for atom in atoms_of(rule.condition.root)}
    uses = Counter(name for atom in every for name in atom.indicators)
    most = sorted(uses, key=lambda name: (-uses[name], name))[:reads]
    atoms = sorted((atom for atom in every if {*atom.indicators} & {*most}), key=repr)
    rounds = -(-4 * count // len(atoms))
    order = np.concatenate([random.permutation(len(atoms)) for _ in range(rounds)])
    quads = [
        [atoms[place] for place in order[start : start + 4]] for start in range(0, 4 * count, 4)
    ]
    trees = [Or((And((a, b)), And((c, Not(d))))) for a, b, c, d in quads]
    rules = zip(pack.rules, trees, strict=False)
    return replace(
        pack, rules=tuple(replace(rule, condition=Condition("", tree)) for rule, tree in rules)
    )


def children(pack: RulePack, n: int, shares: Shares) -> Children:
    """Children with random values of what the rules read, and notes of every concept they read."""
    random = np.random.default_rng(7)
    reads = sorted({name for rule in pack.rules for name in rule.condition.indicators})
    concepts = sorted({name for rule in pack.rules for name in rule.condition.concepts})
    columns = {name: column(pack.indicators[name], n, shares, random) for name in reads}
    return Children(n, AS_OF, columns, {name: noted(n, random) for name in concepts})


def column(indicator: Indicator, n: int, shares: Shares, random: np.random.Generator) -> Column:
    """Random values in the declared range, missing as often as the indicator's kind is."""
    known = random.random(n) >= getattr(shares, indicator.kind)
    return of_values(values(indicator, known, random), known)


def values(indicator: Indicator, known: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """As columns.Column encodes them."""
    if indicator.type == "enum":
        codes = random.integers(0, len(indicator.values), len(known), dtype=np.int16)
        return np.where(known, codes, np.int16(-1))
    if indicator.type == "set":
        masks = random.integers(0, 1 << len(indicator.values), len(known))
        return np.where(known, masks & random.permutation(masks), -1)
    low, high = indicator.range or (0.0, 30.0)
    if indicator.type == "number":
        return np.where(known, random.uniform(low, high, len(known)), np.nan)
    return np.where(known, random.integers(int(low), int(high) + 1, len(known)), np.nan)


def of_values(found: np.ndarray, known: np.ndarray) -> Column:
    """A column of values; rules do not read where they came from."""
    n = len(known)
    day = np.full(n, np.datetime64("NaT", "D"))
    table, row = np.full(n, FROM_CHILDREN, dtype=np.int8), np.zeros(n, dtype=np.int64)
    return Column(found, known, day, day, table, row)


def noted(n: int, random: np.random.Generator) -> Noted:
    """Two children in a hundred with a mention, one with a learned one."""
    true = random.random(n) < 0.02
    visits = np.where(true, random.integers(1, 4, n), 0).astype(np.int16)
    return Noted(true, ~true & (random.random(n) < 0.01), visits)


def part_of(data: Children, rows: slice) -> Children:
    """Some of the children, alone."""
    columns = {
        name: of_values(column.values[rows], column.known[rows])
        for name, column in data.columns.items()
    }
    notes = {
        name: Noted(kept.true[rows], kept.unknown[rows], kept.visits[rows])
        for name, kept in data.noted.items()
    }
    n = len(range(data.n)[rows])
    return replace(data, n=n, columns=columns, noted=notes)


if __name__ == "__main__":
    main()

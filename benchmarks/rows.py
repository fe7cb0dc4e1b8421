"""What carescreen is to be measured by: each figure beside a reference of the same run, and a bound.

Machines differ and are noisy, so a bound is a ratio wherever there is something to compare with.
`targets.py` measures and prints all of them; docs/scale.md lists them, and a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["at most times", "at least times as fast", "at most ms", "at most GiB"]
_SAID = {
    "at most times": "≤ {:g}x",
    "at least times as fast": "≥ {:g}x as fast",
    "at most ms": "≤ {:g} ms",
    "at most GiB": "≤ {:g} GiB",
}


@dataclass(frozen=True)
class Target:
    """A bound on the time of `what` in times of its reference, or on an amount by itself."""

    what: str
    reference: str
    bound: float
    kind: Kind = "at most times"

    def __str__(self) -> str:
        return _SAID[self.kind].format(self.bound)


TARGETS = {
    "read notes": Target("read notes, one process", "grep -F -c -f over the same bytes", 6),
    "lexicon": Target("read notes with 10,000 phrases", "with 671 phrases", 1.5),
    "rules": Target("60 rules x 40 indicators", "numpy.nansum of the same values", 2),
    "score": Target("score and contributions from codes", "one sum over the matrix", 4),
    "look-up": Target(
        "table look-up of a boosting", "its predict_proba", 25, "at least times as fast"
    ),
    "validate": Target("validate 25 fields", "one sum over as many numbers", 5),
    "programme": Target("rank a county, tables to lists", "pandas.read_csv of the tables", 4),
    "memory": Target("memory of ranking it, all processes", "none", 2, "at most GiB"),
    "growth": Target("time as the caseload grows 10x", "itself", 10.5),
    "one child": Target("assess one child, median", "none", 3, "at most ms"),
    "one child, p99": Target("assess one child, p99", "none", 10, "at most ms"),
    "import": Target("import carescreen", "import numpy", 1.5),
}


@dataclass(frozen=True)
class Row:
    """A target and what was measured, with the reference in the same unit: seconds, ms or GiB.

    `measured` is None where it could not be; `note` says why, or what exactly was measured.
    """

    target: Target
    measured: float | None
    reference: float | None = None
    note: str = ""

    @property
    def value(self) -> float | None:
        """What the bound is compared with."""
        if self.measured is None or self.reference is None:
            return self.measured
        if self.target.kind == "at least times as fast":
            return self.reference / self.measured
        return self.measured / self.reference

    @property
    def verdict(self) -> str:
        """Met, or missed and by how much of the bound."""
        value, bound = self.value, self.target.bound
        if value is None:
            return "not measured"
        over = bound / value if self.target.kind == "at least times as fast" else value / bound
        return "met" if over <= 1 else f"missed: {over:.3g} times the bound"

    def cells(self) -> tuple[str, ...]:
        """The row as texts, in the order of HEADS."""
        unit = {"at most ms": "ms", "at most GiB": "GiB"}.get(self.target.kind, "s")
        plain = self.reference is None and self.target.kind == "at most times"
        return (
            f"{self.target.what}{f' ({self.note})' if self.note else ''}",
            self.target.reference,
            _amount(self.measured, "x" if plain else unit),
            _amount(self.reference, unit),
            "" if self.value is None or self.reference is None else f"{self.value:.3g}",
            str(self.target),
            self.verdict,
        )


HEADS = ("what", "reference", "measured", "reference", "ratio", "wanted", "")


def _amount(value: float | None, unit: str) -> str:
    """Three digits and the unit; nothing where there is no amount."""
    if value is None:
        return ""
    if unit == "s" and value < 0.1:
        value, unit = value * 1e3, "ms"
    return f"{value:.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells under their heads, as a Markdown table whose columns are as wide as they must."""
    every = [heads, *lines]
    widths = [max(len(line[place]) for line in every) for place in range(len(heads))]
    rule = ["-" * width for width in widths]
    said = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in (heads, rule, *lines)
    ]
    return "\n".join(f"| {line} |" for line in said)


def verdicts(rows: Sequence[Row]) -> str:
    """All rows as one table."""
    return table(HEADS, [row.cells() for row in rows])

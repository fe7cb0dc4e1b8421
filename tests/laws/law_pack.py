"""The small pack of the law tests and the weights of a model over its features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from carescreen.steps import AdditiveTables, StepTable

PACK = Path(__file__).parent / "pack"
MODEL = AdditiveTables(
    intercept=-2_345_678,
    features=tuple(
        replace(table, title={"en": table.name, "zh": table.name})
        for table in (
            StepTable("hit", "number", (0, 450_001), (0.5,), missing=7, sensitive=True),
            StepTable("debts", "number", (0, 10, 99_999), (5.0, 50.0), missing=-3, monotone=1),
            StepTable("few_helpers", "number", (0, 120_000), (0.5,), missing=60_000),
            StepTable("quarrels", "number", (0, 210_003), (0.5,)),
            StepTable("prior", "number", (0, 300_000, 500_000), (0.5, 1.5), monotone=1),
            StepTable("no_water", "number", (0, 1), (0.5,)),
            StepTable("very_young", "number", (0, 333_333), (0.5,), missing=111_111),
        )
    ),
)

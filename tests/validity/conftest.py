"""Slow statistics: `make validity` runs them and prints what they measured, as docs/model.md has it.

A test writes a row into a table by `measured`; the tables are printed at the end, whichever process
ran the test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Measured = Callable[[str, dict[str, object]], None]


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Put a row, column by column, into the table of a title."""

    def put(title: str, row: dict[str, object]) -> None:
        record_property("measured", (title, {name: str(value) for name, value in row.items()}))

    return put


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print each table in Markdown, its rows in the order of the tests."""
    reports = [
        report
        for outcome in ("passed", "failed", "xfailed")
        for report in terminalreporter.getreports(outcome)
        if hasattr(report, "user_properties")
    ]
    tables: dict[str, list[dict[str, str]]] = {}
    for report in reports:
        for name, value in report.user_properties:
            if name == "measured":
                tables.setdefault(value[0], []).append(value[1])
    for title, rows in tables.items():
        header = list(rows[0])
        print(f"\n{title}\n", "| " + " | ".join(header) + " |", sep="\n")
        print("| " + " | ".join("---" for _ in header) + " |")
        for row in sorted(rows, key=lambda row: [_by_size(row[name]) for name in header]):
            print("| " + " | ".join(row[name] for name in header) + " |")


def _by_size(cell: str) -> tuple[int, float, str]:
    """Numbers by size, then words as they are."""
    try:
        return 0, float(cell.replace(",", "")), ""
    except ValueError:
        return 1, 0.0, cell

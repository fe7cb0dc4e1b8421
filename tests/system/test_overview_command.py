"""carescreen review overview: from a ranking to the table that may leave the office."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.system.command import run


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("overview")
    run("synth", "--children", 300, "--villages", 8, "--out", place / "county")
    for day in ("2026-10-01", "2026-11-01"):
        run("rank", place / "county", "--as-of", day, "--out", place / "lists")
    return place / "lists"


@pytest.mark.parametrize(("level", "rows"), [("village", 8), ("county", 2), ("province", 2)])
def test_the_table_has_the_newest_run_and_no_small_count(
    lists: Path, tmp_path: Path, level: str, rows: int
) -> None:
    out = tmp_path / "out.csv"
    said = run("review", "overview", lists, "--level", level, "--out", out)
    assert f"Wrote {rows} rows ({level}) to {out}; masked: " in said
    table = pd.read_csv(out, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    assert len(table) == rows
    assert set(table["as_of"]) == {"2026-11-01"}
    counts = table.drop(columns=["as_of", *table.filter(regex="_id$|median").columns])
    shown = [cell for column in counts for cell in counts[column]]
    assert "7 or fewer" in shown
    assert all(re.fullmatch(r"0|[89]|\d{2,}|7 or fewer|not shown", cell) for cell in shown)


def test_the_tables_of_the_run_stay_as_they_are(lists: Path) -> None:
    before = (lists / "overview.csv").read_bytes()
    out = lists / "overview.csv"
    said = run("review", "overview", lists, "--out", out, code=6)
    assert "is an input of this command" in said
    assert (lists / "overview.csv").read_bytes() == before


def test_a_folder_that_is_no_run_is_one_clear_line(tmp_path: Path) -> None:
    said = run("review", "overview", tmp_path, "--out", tmp_path / "o.csv", code=2)
    assert "holds no overview.csv; give the folder that `rank` wrote" in said


def test_every_command_of_the_group_has_help_with_an_example() -> None:
    assert "overview" in run("review", "--help")
    assert "Example: carescreen review overview" in run("review", "overview", "--help")

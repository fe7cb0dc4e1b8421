"""carescreen watch and rules use: as a cron job and a person run them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.system.command import run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county and its lists of two weeks."""
    place = tmp_path_factory.mktemp("watch")
    size = ("--children", 300, "--villages", 3, "--visits-per-child", 6)
    run("synth", *size, "--out", place / "county")
    for day in ("2026-06-14", "2026-06-21"):
        run("rank", place / "county", "--as-of", day, "--out", place / day, "--processes", 1)
    return place


def test_a_quiet_week_ends_with_0_and_is_written_for_programs(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "watch.json"
    given = (place / "2026-06-14", place / "2026-06-21", "--json", out, "--language", "en")
    said = run("watch", *given, "--caseload", place / "county")
    assert "No alarms: " in said
    assert "Both runs were made from the same tables" in said
    assert "The earlier run gives no probabilities" in said
    data = json.loads(out.read_text(encoding="utf-8"))
    assert (data["quiet"], data["alarms"]) == (True, [])
    assert len(data["measures"]) > 200


def test_an_alarm_ends_with_3(place: Path, tmp_path: Path) -> None:
    county = tmp_path / "county"
    county.mkdir()
    for path in (place / "county").glob("*.csv"):
        table = pd.read_csv(path, dtype=str)
        if path.stem == "children":
            table["father_status"] = None
        table.to_csv(county / path.name, index=False)
    run("rank", county, "--as-of", "2026-06-21", "--out", tmp_path / "new", "--processes", 1)
    page = tmp_path / "watch.html"
    given = (place / "2026-06-14", tmp_path / "new", "--html", page)
    said = run("watch", *given, code=3)
    assert "father_status" in said
    assert "father_status" in page.read_text(encoding="utf-8")
    assert "建议：看看导出里这一栏是否还在" in said


def test_a_mistake_ends_with_2_and_one_line(place: Path, tmp_path: Path) -> None:
    old, new = place / "2026-06-14", place / "2026-06-21"
    for given, words in (
        ((new, old), "give the older run first"),
        ((old, tmp_path), "holds no run.json; give the folder that `rank` wrote"),
        ((old, new, "--caseload", tmp_path), "--caseload: "),
        ((old, new, "--settings", tmp_path / "none.yaml"), "none.yaml"),
    ):
        said = run("watch", *given, code=2)
        assert words in said
        assert len(said.splitlines()) == 1


def test_rules_in_use_are_told_and_written(place: Path, tmp_path: Path) -> None:
    lists = (place / "2026-06-14", place / "2026-06-21")
    out = tmp_path / "rules.csv"
    given = ("--caseload", place / "county", "--language", "en", "--out", out)
    said = run("rules", "use", *lists, *given)
    assert said.startswith("Rules in use: 2 lists, 2026-06-14 to 2026-06-21; ")
    assert "Never fired on any list" in said
    table = pd.read_csv(out, encoding="utf-8-sig")
    assert {"rule", "open", "low", "high", "judged", "confirmed", "verdict"} <= set(table)


@pytest.mark.parametrize("command", [("watch",), ("rules", "use")])
def test_each_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    assert f"Example: carescreen {' '.join(command)}" in run(*command, "--help")

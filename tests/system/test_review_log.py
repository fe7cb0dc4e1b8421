"""`carescreen review verify-log` as a person runs it, and `changes.csv` beside it."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.system.command import run


def test_a_log_is_checked_against_its_tables_and_lists(tmp_path: Path) -> None:
    county, lists = tmp_path / "county", tmp_path / "lists"
    run("synth", "--children", 60, "--visits-per-child", 3, "--seed", 7, "--out", county)
    run("rank", county, "--as-of", "2026-10-01", "--out", lists)
    with (lists / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["concerns"])
    rule = row["concerns"].split(";")[0]
    close = ("decisions", "close", lists, "--child", row["child_id"], "--rule", rule)
    words = ("--reason", "seen", "--confirmed-by", "S9", "--at", "2026-10-02")
    assert "no log.jsonl" in run("review", "verify-log", county, code=2)
    run(*close, *words, "--out", county / "decisions.csv")

    said = run("review", "verify-log", county, "--list", lists)
    assert said.startswith("Whole: 2 steps from ")
    assert "changed since: decisions.csv." in said
    assert row["child_id"] not in said + (county / "log.jsonl").read_text(encoding="utf-8")

    run("rank", county, "--as-of", "2026-11-01", "--out", lists)
    assert "the tables are the same" in run("review", "verify-log", county, "--list", lists)
    with (lists / "changes.csv").open(encoding="utf-8-sig", newline="") as file:
        changed = {line["child_id"]: line["why"] for line in csv.DictReader(file)}
    assert "decision" in changed[row["child_id"]].split(";")

    table = county / "decisions.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("seen", "SEEN"), encoding="utf-8")
    said = run("review", "verify-log", county, code=9)
    assert said.startswith("carescreen: step ")
    assert said.count("\n") == 1

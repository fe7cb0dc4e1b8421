"""How many immediate follow-ups were taken on within a day: what lists and decisions can show."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from carescreen.entries_acknowledged import Acknowledged, acknowledged_of, acknowledged_words
from carescreen.errors import UsageError

TODAY = date(2026, 11, 30)


def a_list(folder: Path, as_of: str, *new: str, carried: dict[str, str] | None = None) -> Path:
    """A list on which some children are immediate and new; C8 is taken on, C9 is urgent."""
    folder.mkdir()
    run = {"format": "carescreen-run/1", "as_of": as_of}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    rows = [f"{child},immediate,new" for child in new]
    rows += ["C8,immediate,acknowledged", "C9,urgent,new"]
    text = "\n".join(["child_id,tier,state", *rows, ""])
    (folder / "ranking.csv").write_text(text, encoding="utf-8")
    if carried is not None:
        lines = [f"{child},{day}" for child, day in carried.items()]
        text = "\n".join(["child_id,waiting_since", *lines, ""])
        (folder / "waiting.csv").write_text(text, encoding="utf-8")
    return folder


def decided(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["child_id", "decided_at", "decision"])


def test_each_follow_up_is_in_time_late_missing_or_not_due_yet(tmp_path: Path) -> None:
    folder = a_list(tmp_path / "a", "2026-11-01", "C1", "C2", "C3", "'=C4")
    decisions = decided(
        ("C1", "2026-11-02 23:59:00", "acknowledge"),
        ("C2", "2026-11-03 00:01:00", "agree"),
        ("C3", "2026-11-01 10:00:00", "visited"),
        ("=C4", "2026-11-01", "close"),
    )
    assert acknowledged_of(decisions, [folder], TODAY) == Acknowledged(2, 1, 1, 0)
    assert acknowledged_of(decisions, [folder], date(2026, 11, 2)) == Acknowledged(2, 1, 0, 1)


def test_what_was_decided_before_the_list_takes_nothing_on(tmp_path: Path) -> None:
    folder = a_list(tmp_path / "a", "2026-11-01", "C1")
    earlier = decided(("C1", "2026-10-31", "acknowledge"))
    assert acknowledged_of(earlier, [folder], TODAY) == Acknowledged(0, 0, 1, 0)


def test_a_follow_up_on_several_lists_counts_once_from_the_first(tmp_path: Path) -> None:
    lists = [
        a_list(tmp_path / "b", "2026-11-08", "C1", "C2"),
        a_list(tmp_path / "a", "2026-11-01", "C1"),
    ]
    decisions = decided(("C1", "2026-11-09", "acknowledge"), ("C2", "2026-11-09", "acknowledge"))
    assert acknowledged_of(decisions, lists, TODAY) == Acknowledged(1, 1, 0, 0)


def test_what_comes_again_after_it_was_taken_on_is_another_one(tmp_path: Path) -> None:
    lists = [
        a_list(tmp_path / "a", "2026-11-01", "C1"),
        a_list(tmp_path / "b", "2026-11-08", "C1"),
    ]
    decisions = decided(("C1", "2026-11-02", "agree"))
    assert acknowledged_of(decisions, lists, TODAY) == Acknowledged(1, 0, 1, 0)


def test_a_list_that_replaced_others_knows_since_when(tmp_path: Path) -> None:
    folder = a_list(tmp_path / "a", "2026-11-08", "C1", carried={"C1": "2026-11-01"})
    decisions = decided(("C1", "2026-11-08", "agree"))
    assert acknowledged_of(decisions, [folder], TODAY) == Acknowledged(0, 1, 0, 0)


def test_without_a_list_nothing_is_claimed(tmp_path: Path) -> None:
    assert acknowledged_of(decided(), [], TODAY) is None
    assert "cannot be told" in acknowledged_words(None)
    empty = acknowledged_of(decided(), [a_list(tmp_path / "a", "2026-11-01")], TODAY)
    assert "no immediate follow-up" in acknowledged_words(empty)


def test_a_folder_that_is_no_list_is_refused(tmp_path: Path) -> None:
    folder = a_list(tmp_path / "a", "2026-11-01")
    (folder / "ranking.csv").write_text("child_id\nC1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not as `rank` wrote it"):
        acknowledged_of(decided(), [folder], TODAY)

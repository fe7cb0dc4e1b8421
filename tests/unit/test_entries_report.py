"""What people changed, by rule and by worker; what leaves the office is masked."""

from __future__ import annotations

import pandas as pd

from carescreen.entries_report import (
    NO_TARGET,
    WHOLE_CHILD,
    Count,
    counts_of,
    export_counts,
    table_of,
)


def decisions(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows)


MADE = decisions(
    *({"decision": "close", "rule": "r1", "decided_by": "S1"} for _ in range(8)),
    {"decision": "Override", "tier": "urgent", "decided_by": "W1"},
    {"decision": "lower", "rule": "r1", "decided_by": "W1"},
    {"decision": "close", "concept": "left_alone", "visit_id": "N1", "decided_by": "W2"},
    {"decision": "close", "concept": "left_alone", "decided_by": "W2"},
    {"decision": "visited", "rule": "r2", "decided_by": "W3"},
)


def test_each_kind_is_counted_by_rule_and_by_worker() -> None:
    assert counts_of(MADE) == [
        Count("rule", WHOLE_CHILD, 1, 0, 0, 0),
        Count("rule", "note: left_alone", 0, 0, 1, 1),
        Count("rule", "r1", 0, 1, 8, 0),
        Count("worker", "S1", 0, 0, 8, 0),
        Count("worker", "W1", 1, 1, 0, 0),
        Count("worker", "W2", 0, 0, 1, 1),
    ]


def test_columns_that_an_older_file_lacks_are_blank() -> None:
    old = decisions({"decision": "override", "decided_by": "W1"})
    assert counts_of(old)[0] == Count("rule", WHOLE_CHILD, 1, 0, 0, 0)
    assert counts_of(pd.DataFrame()) == []


def test_what_is_exported_masks_small_counts_and_names_no_worker() -> None:
    exported = export_counts(counts_of(MADE))
    assert exported.loc[exported["rule"] == "r1"].to_numpy().tolist() == [
        ["r1", "0", "7 or fewer", "8", "0"]
    ]
    words = exported.to_csv()
    for worker in ("S1", "W1", "W2"):
        assert worker not in words


def test_the_table_says_that_it_is_no_target() -> None:
    shown = table_of(counts_of(MADE))
    assert shown.endswith(NO_TARGET)
    assert "by worker" in shown
    assert "Nobody" in table_of([])

"""What people changed, by rule and by worker; what leaves the office is masked."""

from __future__ import annotations

import pandas as pd

from carescreen.entries_report import (
    NO_TARGET,
    UNNAMED,
    WHOLE_CHILD,
    Count,
    counts_of,
    export_counts,
    table_of,
)
from carescreen.rules import RulePack

PLAIN, SENSITIVE = "cn_under8_unattended", "cn_dv_household"


def decisions(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows)


MADE = decisions(
    *({"decision": "close", "rule": PLAIN, "decided_by": "S1"} for _ in range(8)),
    {"decision": "Override", "tier": "urgent", "decided_by": "W1"},
    {"decision": "lower", "rule": PLAIN, "decided_by": "W1"},
    {"decision": "close", "concept": "left_alone", "visit_id": "N1", "decided_by": "W2"},
    {"decision": "close", "concept": "left_alone", "decided_by": "W2"},
    {"decision": "visited", "rule": "r2", "decided_by": "W3"},
)


def test_each_kind_is_counted_by_rule_and_by_worker() -> None:
    assert counts_of(MADE) == [
        Count("rule", WHOLE_CHILD, 1, 0, 0, 0),
        Count("rule", PLAIN, 0, 1, 8, 0),
        Count("rule", "note: left_alone", 0, 0, 1, 1),
        Count("worker", "S1", 0, 0, 8, 0),
        Count("worker", "W1", 1, 1, 0, 0),
        Count("worker", "W2", 0, 0, 1, 1),
    ]


def test_columns_that_an_older_file_lacks_are_blank() -> None:
    old = decisions({"decision": "override", "decided_by": "W1"})
    assert counts_of(old)[0] == Count("rule", WHOLE_CHILD, 1, 0, 0, 0)
    assert counts_of(pd.DataFrame()) == []


def test_what_is_exported_masks_small_counts_and_names_no_worker() -> None:
    exported = export_counts(counts_of(MADE), RulePack.load("cn-rural"))
    assert exported.loc[exported["rule"] == PLAIN].to_numpy().tolist() == [
        [PLAIN, "0", "7 or fewer", "8", "0"]
    ]
    words = exported.to_csv()
    for worker in ("S1", "W1", "W2"):
        assert worker not in words


def test_sensitive_rules_and_concepts_leave_the_office_as_codes() -> None:
    pack = RulePack.load("cn-rural")
    code = next(rule.code for rule in pack.rules if rule.id == SENSITIVE)
    made = decisions(
        *({"decision": "close", "rule": SENSITIVE, "decided_by": "S1"} for _ in range(9)),
        *({"decision": "close", "concept": "dv_exposure", "decided_by": "S1"} for _ in range(5)),
        *({"decision": "close", "rule": "of_another_pack", "decided_by": "S1"} for _ in range(4)),
    )
    exported = export_counts(counts_of(made), pack)
    assert exported.to_numpy().tolist() == [
        [UNNAMED, "0", "0", "9", "0"],  # added up before they are masked
        [code, "0", "0", "9", "0"],
    ]


def test_the_table_says_that_it_is_no_target() -> None:
    shown = table_of(counts_of(MADE))
    assert shown.endswith(NO_TARGET)
    assert "by worker" in shown
    assert "Nobody" in table_of([])

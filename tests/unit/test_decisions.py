"""Decisions are appended, never lost, and a file that is not understood is left alone."""

import csv
from datetime import datetime

import pytest

from carescreen.decisions import Decision, append
from carescreen.errors import OutputError, UsageError


def close(**changes) -> Decision:
    values = {
        "child_id": "C1",
        "decided_by": "W1",
        "decision": "close",
        "decided_at": datetime(2026, 11, 1, 9, 30),
        "reason": "seen, all well",
        "rule": "cn_dv_household",
    }
    return Decision(**{**values, **changes})


def test_rows_are_appended_and_columns_kept(tmp_path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("child_id,decided_at,decided_by,decision,own\nC9,2026-01-01,W9,agree,x\n")
    assert append(close(), path) == 2
    with path.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first["own"] == "x"
    assert second["decided_at"] == "2026-11-01 09:30:00"
    assert second["rule"] == "cn_dv_household"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decision": "clsoe"}, "did you mean 'close'"),
        ({"rule": ""}, "names the rule"),
        ({"reason": "  "}, "needs a reason"),
        ({"confirmed_by": "W1"}, "somebody else"),
    ],
)
def test_a_decision_that_says_too_little_is_refused(changes, words) -> None:
    with pytest.raises(UsageError, match=words):
        close(**changes)


@pytest.mark.parametrize(
    "content",
    [
        b"child_id,village_id\nC1,V1\n",
        b"a,b\n1,2\n",
        b"child_id,b\nC1\n",
        b"child_id,b\nC1,2,3\n",
        b"child_id\n\xff\xfe\n",
    ],
)
def test_a_file_that_is_not_understood_is_left_as_it_was(tmp_path, content) -> None:
    path = tmp_path / "decisions.csv"
    path.write_bytes(content)
    with pytest.raises(OutputError):
        append(close(), path)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["decisions.csv"]


def test_a_link_to_a_decisions_file_stays_and_its_rights_too(tmp_path) -> None:
    real, link = tmp_path / "shared.csv", tmp_path / "decisions.csv"
    real.write_text("child_id,decided_at,decided_by,decision\n")
    real.chmod(0o664)
    link.symlink_to(real)
    assert append(close(), link) == 1
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o664
    assert "cn_dv_household" in real.read_text()

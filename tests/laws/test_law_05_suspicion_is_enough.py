"""Law 5: suspicion is enough.

Suspected counts as affirmed in `noted`. A negated mention never counts, and is shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from caseloads import FRAGMENTS, Row, Tables, days, mentions_in, tables
from engine import by_child, met, micro
from hypothesis import given
from hypothesis import strategies as st

from carescreen.records import MAX_MENTIONS
from carescreen.screener import Screener

SWAPS = {
    "常常一个人在家": "可能一个人在家",
    "孩子又挨打": "怀疑被打",
    "She was beaten": "怀疑被打",
    "常饿肚子": "perhaps goes hungry",
}
NEGATED = [part.text for part in FRAGMENTS if part.status == "negated"]


def _rewritten(found: Tables, sentences: dict[str, str | None]) -> Tables:
    """The same notes with some sentences replaced (None: left out)."""
    return replace(found, visits=tuple(_with_note(row, sentences) for row in found.visits))


def _with_note(row: Row, sentences: dict[str, str | None]) -> Row:
    if not row.get("note"):
        return row
    parts = [sentences.get(part, part) for part in str(row["note"]).split("。")]
    return {**row, "note": "。".join(part for part in parts if part is not None)}


@given(data=st.data(), as_of=days())
def test_suspected_counts_as_affirmed(screener: Screener, data: st.DataObject, as_of: date) -> None:
    found = data.draw(tables(as_of))
    before = by_child(screener, found, as_of)
    after = by_child(screener, _rewritten(found, dict(SWAPS)), as_of)
    for child, record in before.items():
        assert met(after[child]) == met(record)
        for part in ("rank", "tier", "state", "due_on", "score", "within_capacity"):
            assert after[child][part] == record[part]


@given(data=st.data(), as_of=days())
def test_a_negated_mention_never_counts(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """Without its negated mentions a caseload meets the same rules or more."""
    found = data.draw(tables(as_of))
    silent = _rewritten(found, dict.fromkeys(NEGATED))
    without = by_child(screener, silent, as_of)
    for child, record in by_child(screener, found, as_of).items():
        assert met(record) <= met(without[child])
        assert micro(record["score"]) <= micro(without[child]["score"])


@given(data=st.data(), as_of=days())
def test_a_negated_mention_is_shown(screener: Screener, data: st.DataObject, as_of: date) -> None:
    """Among the mentions of the record (the newest of them where there are very many).

    What an amended note no longer says is no mention of it.
    """
    found = data.draw(tables(as_of))
    records = by_child(screener, found, as_of)
    for row in found.visits:
        record = records.get(row["child_id"])
        if record is None or len(record["mentions"]) >= MAX_MENTIONS or _is_later(row, as_of):
            continue
        if any(_may_amend(other, row) for other in found.visits):
            continue
        shown = {(m["quote"], m["status"], m["start"], m["held"]) for m in record["mentions"]}
        for mention in mentions_in(row.get("note") or ""):
            if mention.status == "negated":
                assert (mention.quote, "negated", mention.start, False) in shown


def _may_amend(other: Row, row: Row) -> bool:
    same = all(other.get(name) == row.get(name) for name in ("visit_id", "child_id"))
    return same and str(other.get("recorded_at")) > str(row.get("recorded_at"))


def _is_later(row: Row, as_of: date) -> bool:
    dates = (str(row.get(name) or "") for name in ("visit_date", "recorded_at"))
    return any(text[:4].isdigit() and text > str(as_of) for text in dates)

"""No child's place changes when old notes go: tier, open concerns and questions, score, due date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from caseloads import Tables, day, days, notes, tables
from engine import by_child
from hypothesis import given
from hypothesis import strategies as st

from carescreen.pack import Retention
from carescreen.retention import Due, due_notes
from carescreen.screener import Screener

MAY_GO = ("mentions", "closed_concerns", "rank", "state")
# Months (unflagged, flagged), mostly short, so that many of the drawn notes are old enough.
MONTHS = st.sampled_from([(1, 1), (1, 1), (1, 2), (2, 6), (12, 24), (None, 3), (3, 0)])
AGO = (31, 61, 90, 92, 200, 400, 730, 731, 900)
WINDOWS = st.sampled_from([90, 30, 1000])  # with the last, an old "negated" clears an older mention


def with_settings(
    screener: Screener, months: tuple[int | None, int | None], window: int
) -> Screener:
    """The same screener with other settings of retention and of how long mentions hold."""
    retention = Retention(unflagged_note_months=months[0], flagged_note_months=months[1])
    settings = {"retention": retention, "mention_window_days": window}
    changed = screener.rules.settings.model_copy(update=settings)
    pack = replace(screener.rules.pack, settings=changed)
    return Screener(replace(screener.rules, pack=pack), screener.model, screener.reader)


@st.composite
def old_tables(draw: st.DrawFn, as_of: date) -> Tables:
    """A caseload with some more old notes in it."""
    found = draw(tables(as_of))
    ids = sorted({row["child_id"] for row in found.children})
    row = st.fixed_dictionaries(
        {
            "child_id": st.sampled_from(ids),
            "visit_date": st.sampled_from([day(as_of, ago) for ago in AGO]),
            "note": notes(),
            "child_seen": st.sampled_from(["yes", "no", None]),
        }
    )
    rows = draw(st.lists(row, min_size=1, max_size=5))
    return found.with_rows(
        "visits", *({"visit_id": f"X{number}", **one} for number, one in enumerate(rows))
    )


def without(found: Tables, due: Due) -> Tables:
    """The tables with the due notes blank."""
    for row in due.rows:
        found = found.changed("visits", row - 1, note="")
    return found


def said(records: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Records without what may go, and without names that visits have by their content."""
    return {
        child: {name: _plain(value) for name, value in record.items() if name not in MAY_GO}
        for child, record in records.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return "" if isinstance(value, str) and value.startswith("no-id-") else value


@given(data=st.data(), as_of=days(), months=MONTHS, window=WINDOWS)
def test_no_child_ranks_or_reads_otherwise_once_its_old_notes_are_gone(
    screener: Screener,
    data: st.DataObject,
    as_of: date,
    months: tuple[int | None, int | None],
    window: int,
) -> None:
    found = data.draw(old_tables(as_of))
    engine = with_settings(screener, months, window)
    due = due_notes(engine, found.caseload(), as_of)
    kept = without(found, due)
    before, after = by_child(engine, found, as_of), by_child(engine, kept, as_of)
    assert said(after) == said(before)
    for child, record in before.items():
        states = record["state"], after[child]["state"]
        assert states[0] == states[1] or states == ("closed", "new")


@given(data=st.data(), as_of=days(), months=MONTHS, window=WINDOWS)
def test_removing_what_is_due_leaves_nothing_due(
    screener: Screener,
    data: st.DataObject,
    as_of: date,
    months: tuple[int | None, int | None],
    window: int,
) -> None:
    found = data.draw(old_tables(as_of))
    engine = with_settings(screener, months, window)
    due = due_notes(engine, found.caseload(), as_of)
    again = due_notes(engine, without(found, due).caseload(), as_of)
    assert again == Due((), (), due.needed, due.undated, due.younger)


@given(data=st.data(), as_of=days(), months=MONTHS)
def test_no_floor_sinks_later_on_because_a_note_is_gone(
    screener: Screener, data: st.DataObject, as_of: date, months: tuple[int | None, int | None]
) -> None:
    """Law 2 on a later day, when the same records have grown older."""
    found = data.draw(old_tables(as_of))
    engine = with_settings(screener, months, 90)
    due = due_notes(engine, found.caseload(), as_of)
    later = as_of + timedelta(days=data.draw(st.sampled_from([1, 40, 400])))
    before, after = (by_child(engine, kept, later) for kept in (found, without(found, due)))
    for child, record in before.items():
        open_now = {entry["rule"] for entry in record["concerns"]}
        assert {entry["rule"] for entry in after[child]["concerns"]} == open_now
        assert (after[child]["tier"], after[child]["due_on"]) == (record["tier"], record["due_on"])

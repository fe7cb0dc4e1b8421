"""Which notes go, told as situations: one child or household each, and a note of so many months."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.errors import PackError, UsageError
from carescreen.pack import Pack, Retention
from carescreen.retention import due_notes, months_before, old_reasons, require_past
from carescreen.screener import Screener

AS_OF = date(2026, 11, 1)
HIT, WELL, DENIED = "昨天被爸爸打了", "孩子很好，家里整洁", "没有被打"


def due(screener: Screener, *visits: dict[str, Any], **tables: list[dict[str, Any]]) -> Any:
    """What is due of the notes of C1 (and C2, where given as a sibling)."""
    children = tables.get("children") or [
        {"child_id": "C1", "village_id": "V1", "household_id": "H1", "birth_date": "2017-03-01"}
    ]
    rows = [
        {"visit_id": f"N{number}", "child_id": "C1", **row} for number, row in enumerate(visits)
    ]
    decisions = tables.get("decisions") or []
    given = {"visits": rows, **({"decisions": decisions} if decisions else {})}
    caseload = Caseload(
        children=pd.DataFrame(children), **{name: pd.DataFrame(one) for name, one in given.items()}
    )
    found = due_notes(screener, caseload, AS_OF)
    return {
        "unflagged": [row - 1 for row in found.unflagged],
        "flagged": [row - 1 for row in found.flagged],
        "needed": found.needed,
        "undated": found.undated,
        "younger": found.younger,
    }


def nothing(**more: Any) -> dict[str, Any]:
    return {"unflagged": [], "flagged": [], "needed": 0, "undated": 0, "younger": 0, **more}


def visit(day: str | None, note: str = WELL, **more: Any) -> dict[str, Any]:
    return {"visit_date": day, "note": note, "child_seen": "yes", **more}


def close(**more: Any) -> dict[str, Any]:
    row = {"child_id": "C1", "decided_at": "2024-09-10", "decided_by": "S1", "decision": "close"}
    return {**row, "reason": "已核实", "confirmed_by": "S2", **more}


def test_a_note_without_a_mention_goes_on_the_day_its_twelve_months_are_over(
    screener: Screener,
) -> None:
    assert due(screener, visit("2025-11-01"), visit("2025-11-02")) == nothing(
        unflagged=[0], younger=1
    )


def test_months_count_from_the_entry_where_that_is_later(screener: Screener) -> None:
    late = visit("2025-10-01", recorded_at="2026-01-15 09:00:00")
    assert due(screener, late) == nothing(younger=1)


def test_a_note_that_was_entered_after_the_day_is_none_of_it(screener: Screener) -> None:
    assert due(screener, visit("2024-01-01", HIT, recorded_at="2026-11-02")) == nothing()


def test_a_mention_that_nobody_closed_keeps_its_note_for_good(screener: Screener) -> None:
    assert due(screener, visit("2019-05-01", HIT)) == nothing(needed=1)


def test_a_mention_that_holds_keeps_its_note_where_no_rule_is_met_by_it_now(
    screener: Screener,
) -> None:
    """A rule may be met by it later: with another answer, or in another pack."""
    assert due(screener, visit("2019-05-01", "孩子常常饿肚子，没饭吃")) == nothing(needed=1)


def test_a_note_that_was_misread_goes_after_twenty_four_months(screener: Screener) -> None:
    misread = [
        close(concept="physical_abuse", visit_id=name, reason_code="misread")
        for name in ("N0", "N1")
    ]
    visits = visit("2024-09-01", HIT), visit("2024-12-01", HIT)
    decisions = [misread[0], {**misread[1], "decided_at": "2024-12-05"}]
    assert due(screener, *visits, decisions=decisions) == nothing(flagged=[0], younger=1)


def test_a_closed_concern_no_longer_needs_the_notes_it_rested_on(screener: Screener) -> None:
    rules = [
        rule.id for rule in screener.rules.rules if "physical_abuse" in rule.condition.concepts
    ]
    closed = [close(rule=rule) for rule in rules]
    assert due(screener, visit("2024-09-01", HIT), decisions=closed) == nothing(flagged=[0])
    alone = [{**row, "confirmed_by": ""} for row in closed]  # no second person: not closed
    assert due(screener, visit("2024-09-01", HIT), decisions=alone) == nothing(needed=1)
    early = [{**row, "decided_at": "2024-08-10"} for row in closed]  # decided before the note
    assert due(screener, visit("2024-09-01", HIT), decisions=early) == nothing(needed=1)


def test_a_closed_mention_still_asks_about_brothers_and_sisters(screener: Screener) -> None:
    rules = [
        rule.id for rule in screener.rules.rules if "physical_abuse" in rule.condition.concepts
    ]
    both = [
        {"child_id": name, "village_id": "V1", "household_id": "H1", "birth_date": "2017-03-01"}
        for name in ("C1", "C2")
    ]
    closed = [close(rule=rule) for rule in rules]
    found = due(screener, visit("2024-09-01", HIT), decisions=closed, children=both)
    assert found == nothing(needed=1)


def test_a_mention_of_ninety_days_goes_after_twenty_four_months(screener: Screener) -> None:
    window = [name for name, one in screener.rules.concepts.items() if one.hold == "window"]
    note = "孩子最近上课不认真，成绩下降，经常逃学"
    found = screener.reader.read([note])
    assert set(found["concept"]) <= set(window)
    assert len(found)
    visits = visit("2024-11-01", note), visit("2024-11-02", note)
    assert due(screener, *visits) == nothing(flagged=[0], younger=1)


def test_a_denial_that_ends_nothing_goes_before_the_mention_it_denies(screener: Screener) -> None:
    """Physical abuse holds until a person closes it, so what a later note says clears nothing."""
    visits = visit("2025-01-10", HIT), visit("2025-02-10", DENIED)
    found = due(screener, *visits)
    assert (found["unflagged"], found["flagged"]) == ([1], [])


def test_a_denial_stays_while_the_older_mention_that_it_ends_would_hold_without_it(
    screener: Screener,
) -> None:
    note, denied = "孩子最近逃学", "现在没有逃学"
    first, then = (screener.reader.read([text]) for text in (note, denied))
    assert (list(first["status"]), list(then["status"])) == (["affirmed"], ["negated"])
    settings = screener.rules.settings.model_copy(update={"mention_window_days": 900})
    pack = replace(screener.rules.pack, settings=settings)
    long = Screener(replace(screener.rules, pack=pack), screener.model, screener.reader)
    visits = visit("2025-01-10", note), visit("2025-02-10", denied)
    assert due(long, *visits) == nothing(needed=1, younger=1)
    assert due(screener, *visits) == nothing(unflagged=[1], younger=1)
    older = visit("2024-10-10", note), visit("2025-02-10", denied)  # both are old enough: both go
    assert due(long, *older) == nothing(unflagged=[1], flagged=[0])


def test_a_note_without_any_date_stays_and_is_counted(screener: Screener) -> None:
    assert due(screener, visit(None), visit("not a date")) == nothing(undated=2)


def test_a_note_whose_row_names_no_child_goes_all_the_same(screener: Screener) -> None:
    rows = visit("2025-01-10", child_id=None), visit("2025-01-10", HIT, child_id="")
    assert due(screener, *rows) == nothing(unflagged=[0], younger=1)


def test_a_note_with_bytes_nobody_can_read_is_no_reason_to_call_its_child_whole(
    screener: Screener, tmp_path: Any
) -> None:
    """Its child is listed as needing data, and would no longer be once the note were gone."""
    (tmp_path / "children.csv").write_text("child_id,village_id,birth_date\nC1,V1,2018-01-01\n")
    good = "N2,C1,2025-01-10,家里的老人说孩子很好\n".encode()
    (tmp_path / "visits.csv").write_bytes(
        b"visit_id,child_id,visit_date,note\nN1,C1,2025-01-10,\xe5\xa5\n" + good
    )
    found = due_notes(screener, Caseload.read(tmp_path), AS_OF)
    assert found.rows == ()
    assert found.needed == 2


def test_months_of_zero_or_null_are_never(screener: Screener) -> None:
    retention = Retention(unflagged_note_months=0, flagged_note_months=None)
    settings = screener.rules.settings.model_copy(update={"retention": retention})
    pack = replace(screener.rules.pack, settings=settings)
    never = Screener(replace(screener.rules, pack=pack), screener.model, screener.reader)
    assert due(never, visit("2018-01-01"), visit("2019-01-01", HIT)) == nothing(younger=2)


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        ("2026-11-01", 12, "2025-11-01"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-02-29", 24, "2022-02-28"),
    ],
)
def test_months_are_those_of_the_calendar(day: str, months: int, earlier: str) -> None:
    assert str(months_before(np.datetime64(day), months)) == earlier


def test_notes_are_never_removed_as_of_a_day_to_come() -> None:
    with pytest.raises(UsageError, match="before their time is over"):
        require_past(date(2026, 11, 2), date(2026, 11, 1))
    require_past(AS_OF, AS_OF)


def test_old_reasons_are_counted() -> None:
    rows = [
        {"decided_at": "2024-11-01 09:00:00", "reason": "已核实"},
        {"decided_at": "2024-11-02", "reason": "已核实"},
        {"decided_at": "2020-01-01", "reason": " "},
    ]
    assert old_reasons(pd.DataFrame(rows), AS_OF, 24) == 1
    assert old_reasons(pd.DataFrame(rows), AS_OF, None) == 0


def test_a_pack_may_set_one_of_the_months_and_takes_the_other_from_its_parent(
    tmp_path: Any,
) -> None:
    text = "format: carescreen-pack/1\nid: own\nversion: '1'\ntitle: {en: Own, zh: 自有}\nextends: cn-rural\n"
    (tmp_path / "own").mkdir()
    path = tmp_path / "own" / "pack.yaml"
    path.write_text(
        text + "settings: {retention: {unflagged_note_months: null}}\n", encoding="utf-8"
    )
    assert Pack.load(tmp_path / "own").settings.retention == Retention(
        unflagged_note_months=None, flagged_note_months=24
    )
    for wrong in (
        "{unflagged_months: 3}",
        "{flagged_note_months: -1}",
        "{flagged_note_months: '9'}",
    ):
        path.write_text(text + f"settings: {{retention: {wrong}}}\n", encoding="utf-8")
        with pytest.raises(PackError, match=r"pack\.yaml:6"):
            Pack.load(tmp_path / "own")


def test_the_shipped_packs_say_how_long() -> None:
    for name in ("cn-rural", "international"):
        kept = Pack.load(name).settings.retention
        assert (kept.unflagged_note_months, kept.flagged_note_months) == (12, 24)

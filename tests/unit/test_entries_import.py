"""What becomes of each entry: added once, known again, in conflict, set aside, and never lost."""

from __future__ import annotations

import csv
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen import Caseload, RulePack
from carescreen.decisions import DECISIONS, REASON_CODES, Decision
from carescreen.entries import FIELDS, content_id, write_entries
from carescreen.entries_import import ImportReport, import_entries, is_sampled
from carescreen.errors import CaseloadError, OutputError, UsageError

NOW = datetime(2026, 11, 5, 8, 0)
GRAVE, ORDINARY = "cn_family_violence", "cn_under8_unattended"
RUN = "run-1"
PLAIN = {
    "child_id": "C1",
    "decided_at": "2026-11-03 14:05:00",
    "decided_by": "W1",
    "decision": "acknowledge",
}
FILES = ("decisions", "outcomes", "decisions_conflicts", "decisions_rejected")


@pytest.fixture(scope="module")
def pack() -> RulePack:
    return RulePack.load("cn-rural")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return make_county(tmp_path / "county")


def make_county(folder: Path) -> Path:
    folder.mkdir()
    children = "child_id,village_id,birth_date\n" + "".join(
        f"{name},V1,2018-03-01\n" for name in ("C1", "C2", "=C3", "孩子4")
    )
    (folder / "children.csv").write_text(children, encoding="utf-8")
    (folder / "visits.csv").write_text("visit_id,child_id,visit_date\nN1,C1,2026-10-20\n")
    return folder


def entry(**changes: Any) -> dict[str, Any]:
    """An entry that can be used; its id follows from what it says unless it is given."""
    values = {**PLAIN, **changes}
    return {"entry_id": content_id(json.dumps(values, sort_keys=True)), **values}


def exchange(path: Path, *entries: Any, run_id: str = RUN) -> Path:
    data = {"format": "carescreen-decisions/1", "made_at": "x", "run_id": run_id}
    path.write_text(json.dumps({**data, "entries": entries}, ensure_ascii=True), encoding="utf-8")
    return path


def bring(county: Path, pack: RulePack, *entries: Any, **more: Any) -> ImportReport:
    path = exchange(county.parent / "decisions.json", *entries)
    return import_entries([path], county, pack=pack, now=NOW, **more)


def rows(county: Path, name: str = "decisions") -> list[dict[str, str]]:
    path = county / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- each status of an entry -----------------------------------------------------------------------

USABLE = {
    "her own concern": {"decision": "own_concern", "result": "yes"},
    "acknowledged": {},
    "agreed": {"decision": "agree", "rule": ORDINARY},
    "planned": {"decision": "plan", "review_on": "2026-12-01"},
    "raised, with a code": {
        "decision": "override",
        "tier": "urgent",
        "reason_code": "worse_than_listed",
    },
    "raised, in words": {"decision": "override", "tier": "urgent", "reason": "新情况"},
    "lowered": {"decision": "lower", "tier": "routine", "reason_code": "known_to_be_safe"},
    "lowered at immediate by two": {
        "decision": "lower",
        "tier": "urgent",
        "reason": "seen",
        "rule": GRAVE,
        "confirmed_by": "S1",
    },
    "closed": {"decision": "close", "rule": ORDINARY, "reason": "resolved"},
    "closed at immediate by two": {
        "decision": "close",
        "rule": GRAVE,
        "reason": "resolved",
        "confirmed_by": "S1",
    },
    "misread, by one, though the words are grave": {
        "decision": "close",
        "concept": "physical_abuse",
        "visit_id": "N1",
        "reason": "about a cousin",
    },
    "resolved by two": {
        "decision": "close",
        "concept": "physical_abuse",
        "reason": "resolved",
        "confirmed_by": "S1",
    },
    "visited": {"decision": "visited", "visited_on": "2026-11-03"},
    "not seen": {"decision": "could_not_see", "visited_on": "2026-11-02"},
    "found": {"decision": "outcome", "result": "could_not_tell", "visited_on": "2026-11-03"},
    "wrong": {"decision": "wrong_information", "reason": "=1+1"},
    "referred": {"decision": "referral", "reason": "民政所", "result": "accepted"},
    "corrected": {"decision": "correction", "reason": "her mother says\nit was in May"},
    "conflict": {"decision": "conflict"},
    "moved": {"decision": "moved", "reason": "to her aunt in V2"},
    "back": {"decision": "moved", "result": "returned"},
    "one child": {"decision": "same_child", "other_child_id": "C2", "reason": "her papers"},
    "twins": {
        "decision": "same_child",
        "other_child_id": "C2",
        "result": "different",
        "reason": "saw both",
    },
    "a day without a time": {"decided_at": "2026-11-05"},
    "a child whose id looks like a formula": {"child_id": "=C3"},
}


@pytest.mark.parametrize("name", USABLE)
def test_an_entry_that_can_be_used_becomes_one_row(county, pack, name) -> None:
    given = entry(**USABLE[name])
    report = bring(county, pack, given)
    assert (report.added, report.rejected, report.conflicts) == (1, 0, 0)
    (row,) = rows(county)
    wanted = {**given, "run_id": RUN, "decided_at": row["decided_at"]}
    assert {field: row[field] for field in wanted} == wanted
    assert row["decided_at"].startswith(given["decided_at"])
    assert row["recorded_at"] == "2026-11-05 08:00:00"
    Caseload.read(county)  # and the table can be read


UNUSABLE = {
    "unknown child": ({"child_id": "C9"}, "no child of this county"),
    "no child": ({"child_id": " "}, "child_id is missing"),
    "nobody decided": ({"decided_by": ""}, "decided_by is missing"),
    "unknown decision": ({"decision": "aknowledge"}, "not a decision"),
    "no decision": ({"decision": ""}, "no decision"),
    "unknown rule": ({"rule": "cn_no_such_rule"}, "no such rule"),
    "unknown concept": (
        {"decision": "close", "concept": "nonsense", "visit_id": "N1", "reason": "x"},
        "no such note concept",
    ),
    "a closing of nothing": ({"decision": "close", "reason": "x"}, "names the rule"),
    "a closing without a reason": ({"decision": "close", "rule": ORDINARY}, "needs a reason"),
    "raised without a reason": ({"decision": "override", "tier": "urgent"}, "needs a reason"),
    "raised for another reason": (
        {"decision": "override", "tier": "urgent", "reason_code": "other"},
        "needs a reason",
    ),
    "lowered without a reason": ({"decision": "lower", "tier": "routine"}, "needs a reason"),
    "wrong without a reason": ({"decision": "wrong_information"}, "needs a reason"),
    "a referral to nobody": ({"decision": "referral"}, "needs a reason"),
    "a correction of nothing": ({"decision": "correction"}, "needs a reason"),
    "an unknown reason code": ({"reason_code": "bored"}, "reason_code is not one of"),
    "raised to nothing": ({"decision": "override", "reason": "x"}, "names a tier"),
    "lowered to no tier": ({"decision": "lower", "tier": "low", "reason": "x"}, "names a tier"),
    "a plan without a day": ({"decision": "plan"}, "review_on"),
    "a plan on no day": ({"decision": "plan", "review_on": "2026-02-30"}, "review_on"),
    "a visit on no day": ({"decision": "visited"}, "day of the visit is missing"),
    "a visit on some day": ({"decision": "visited", "visited_on": "soon"}, "visited_on is not"),
    "a visit to come": ({"decision": "visited", "visited_on": "2026-11-04"}, "visited_on lies"),
    "an outcome without a result": ({"decision": "outcome"}, "result of outcome"),
    "an outcome of no kind": ({"decision": "outcome", "result": "fine"}, "result of outcome"),
    "no own concern": ({"decision": "own_concern", "result": "maybe"}, "result of own_concern"),
    "a referral that went nowhere": (
        {"decision": "referral", "reason": "x", "result": "lost"},
        "result of referral",
    ),
    "tomorrow": ({"decided_at": "2026-11-06 00:00:00"}, "lies in the future"),
    "no date": ({"decided_at": ""}, "decided_at is missing"),
    "an unreadable date": ({"decided_at": "soon"}, "decided_at is not a date"),
    "a time elsewhere": ({"decided_at": "2026-11-03T06:05:00Z"}, "decided_at is not a date"),
    "closed at immediate by one": (
        {"decision": "close", "rule": GRAVE, "reason": "x"},
        "second person",
    ),
    "closed at immediate by the same": (
        {"decision": "close", "rule": GRAVE, "reason": "x", "confirmed_by": "w1"},
        "somebody else",
    ),
    "lowered at immediate by one": (
        {"decision": "lower", "tier": "urgent", "rule": GRAVE, "reason": "x"},
        "second person",
    ),
    "resolved by one": (
        {"decision": "close", "concept": "physical_abuse", "reason": "x"},
        "second person",
    ),
    "no id": ({"entry_id": ""}, "32 hex digits"),
    "a short id": ({"entry_id": "abc"}, "32 hex digits"),
    "a number": ({"reason": 5}, "reason is not a text"),
    "nothing": ({"rule": None}, "rule is not a text"),
    "a field too many": ({"reasn": "x"}, "no entry has; did you mean 'reason'"),
    "half a character": ({"reason": "\ud800"}, "no text may hold"),
    "a NUL": ({"reason": "a\0b"}, "no text may hold"),
    "a book": ({"reason": "长" * 10_001}, "longer than"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_entry_that_cannot_be_used_is_set_aside_and_stops_no_other(county, pack, name) -> None:
    changes, words = UNUSABLE[name]
    given = {**entry(), **changes}
    report = bring(county, pack, given, entry(child_id="C2"))
    assert (report.read, report.added, report.rejected) == (2, 1, 1)
    assert [row["child_id"] for row in rows(county)] == ["C2"]
    (row,) = rows(county, "decisions_rejected")
    assert words in row["problem"]
    assert (row["file"], row["row"]) == ("decisions.json", "1")
    for field, value in changes.items():
        if isinstance(value, str) and field in row and value.isprintable():
            assert row[field] == value.strip()


def test_what_is_no_entry_at_all_is_set_aside_as_it_came(county, pack) -> None:
    report = bring(county, pack, ["C1", "孩子"], entry())
    assert (report.added, report.rejected) == (1, 1)
    assert rows(county, "decisions_rejected")[0]["raw"] == '["C1", "孩子"]'


def test_a_rejected_entry_is_taken_over_once_the_child_is_known(county, pack) -> None:
    given = entry(child_id="C9")
    assert bring(county, pack, given).rejected == 1
    assert bring(county, pack, given).rejected == 1
    assert len(rows(county, "decisions_rejected")) == 1
    with (county / "children.csv").open("a") as file:
        file.write("C9,V1,2019-01-01\n")
    assert bring(county, pack, given).added == 1


def test_an_entry_that_is_there_already_is_counted_and_not_written_again(county, pack) -> None:
    assert bring(county, pack, entry(), entry()).added == 1
    before = (county / "decisions.csv").stat()
    report = bring(county, pack, entry())
    assert (report.added, report.known, report.total) == (0, 1, 1)
    assert (county / "decisions.csv").stat() == before


def test_a_file_that_a_spreadsheet_saved_with_other_dates_is_still_the_same(county, pack) -> None:
    bring(county, pack, entry())
    path = county / "decisions.csv"
    path.write_text(path.read_text("utf-8").replace("2026-11-03 14:05:00", "2026/11/3 14:05"))
    assert bring(county, pack, entry()).known == 1


def test_the_same_id_with_other_content_is_kept_aside_and_what_is_recorded_stands(
    county, pack
) -> None:
    first, other = entry(reason="one"), {**entry(reason="one"), "reason": "two"}
    bring(county, pack, first)
    for _ in range(2):
        report = bring(county, pack, other)
        assert (report.added, report.conflicts) == (0, 1)
    assert [row["reason"] for row in rows(county)] == ["one"]
    (row,) = rows(county, "decisions_conflicts")
    assert (row["kind"], row["reason"]) == ("same_id", "two")


def test_older_rows_and_columns_of_their_own_stay(county, pack) -> None:
    old = "child_id,decided_at,decided_by,decision,own\nC2,2026-01-01,W9,agree,x\n"
    (county / "decisions.csv").write_text(old)
    bring(county, pack, entry())
    first, second = rows(county)
    assert (first["own"], first["entry_id"], second["own"]) == ("x", "", "")


# --- people who differ -----------------------------------------------------------------------------

CLOSE = {"decision": "close", "rule": ORDINARY, "reason": "x"}
RAISE = {"decision": "override", "tier": "immediate", "reason": "x"}
LOWER = {"decision": "lower", "tier": "routine", "reason": "x"}
FOUND = {"decision": "outcome", "visit_id": "N1"}


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (CLOSE, {**RAISE, "rule": ORDINARY}, True),
        (CLOSE, RAISE, True),
        (RAISE, LOWER, True),
        (CLOSE, {"decision": "agree", "rule": ORDINARY}, True),
        (
            {**FOUND, "result": "confirmed"},
            {**FOUND, "result": "not_confirmed"},
            True,
        ),
        (CLOSE, {"decision": "agree"}, False),
        (CLOSE, {**RAISE, "rule": "cn_out_of_school"}, False),
        (CLOSE, LOWER, False),
        (CLOSE, CLOSE, False),
        (CLOSE, {"decision": "acknowledge"}, False),
        (CLOSE, {**RAISE, "decided_by": "w1"}, False),
        (CLOSE, {**RAISE, "run_id": "run-2"}, False),
        (CLOSE, {**RAISE, "child_id": "C2"}, False),
        ({**FOUND, "result": "confirmed"}, {**FOUND, "result": "could_not_tell"}, False),
    ],
)
def test_two_people_who_differ_are_both_kept_and_shown(county, pack, one, other, differ) -> None:
    if other.get("rule") == "cn_out_of_school":
        other = {**other, "rule": next(r.id for r in pack.rules if r.id != ORDINARY)}
    given = [entry(**one), entry(**{"decided_by": "W2", **other})]
    for order in (given, given[::-1]):
        report = bring(county, pack, *order)
        assert report.differs == int(differ)
    assert len(rows(county)) == 2
    shown = rows(county, "decisions_conflicts")
    assert sorted(row["decided_by"] for row in shown) == (["W1", "W2"] if differ else [])
    assert {row["kind"] for row in shown} <= {"differs"}


# --- misread notes ---------------------------------------------------------------------------------


def test_a_tenth_of_the_misread_notes_is_marked_for_review(county, pack) -> None:
    misread = {"decision": "close", "concept": "left_alone", "visit_id": "N1"}
    given = [entry(**misread, reason=str(number)) for number in range(200)]
    report = bring(county, pack, *given, entry(**CLOSE))
    assert report.misread == 200
    assert 8 <= report.sampled <= 35
    marked = {row["entry_id"] for row in rows(county) if row["sampled_for_review"] == "yes"}
    assert marked == {e["entry_id"] for e in given if is_sampled(e["entry_id"])}
    assert len(marked) == report.sampled


def test_the_share_of_sampled_entries_is_a_tenth() -> None:
    assert 900 < sum(is_sampled(content_id(str(number))) for number in range(10_000)) < 1_100


# --- outcomes --------------------------------------------------------------------------------------


def listing(folder: Path, pack: RulePack) -> Path:
    folder.mkdir()
    run = {"format": "carescreen-run/1", "run_id": RUN, "pack": {"id": "cn-rural"}}
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "ranking.csv").write_text(
        "\ufeffchild_id,tier,selected_by,selection_probability\n"
        "C1,urgent,rule,1.0\nC2,immediate,rule,1.0\n'=C3,routine,random,0.125\n",
        encoding="utf-8",
    )
    return folder


def test_outcomes_become_rows_with_how_the_child_was_chosen(county, pack, tmp_path) -> None:
    lists = listing(tmp_path / "lists", pack)
    given = [
        entry(
            child_id="=C3", decision="outcome", result="confirmed",
            visited_on="2026-11-02", visit_id="N7",
        ),
        entry(child_id="C1", decision="outcome", result="not_seen", run_id="run-0"),
    ]  # fmt: skip
    for _ in range(2):
        report = bring(county, pack, *given, lists=[lists])
    assert (report.outcomes, report.known, report.unlisted) == (0, 2, 1)
    first, second = rows(county, "outcomes")
    assert first == {
        "child_id": "=C3",
        "outcome_date": "2026-11-02",
        "result": "confirmed",
        "visit_id": "N7",
        "assessed_by": "W1",
        "basis": "visit",
        "selected_by": "random",
        "selection_probability": "0.125",
        "run_id": RUN,
        "recorded_at": "2026-11-05 08:00:00",
    }
    assert (second["outcome_date"], second["basis"]) == ("2026-11-03", "")
    assert (second["selected_by"], second["selection_probability"]) == ("", "")


def test_how_a_child_was_chosen_is_added_when_the_list_comes_later(county, pack, tmp_path) -> None:
    given = entry(decision="outcome", result="confirmed")
    assert bring(county, pack, given).outcomes == 1
    assert rows(county, "outcomes")[0]["selected_by"] == ""
    report = bring(county, pack, given, lists=[listing(tmp_path / "lists", pack)])
    (row,) = rows(county, "outcomes")
    assert (row["selected_by"], row["selection_probability"]) == ("rule", "1.0")
    assert report.outcomes == 0


def test_outcomes_that_were_there_stay_as_they_are(county, pack) -> None:
    path = county / "outcomes.csv"
    path.write_text("child_id,outcome_date,result,own\nC2,2026-01-01,confirmed,x\n")
    bring(county, pack, entry(decision="outcome", result="confirmed"))
    first, second = rows(county, "outcomes")
    assert (first["own"], first["run_id"], second["own"]) == ("x", "", "")


def test_lowering_a_child_that_its_list_shows_at_immediate_needs_two(
    county, pack, tmp_path
) -> None:
    lists = [listing(tmp_path / "lists", pack)]
    alone = entry(child_id="C2", **LOWER)
    report = bring(county, pack, alone, entry(child_id="C1", **LOWER), lists=lists)
    assert (report.added, report.rejected) == (1, 1)
    assert "second person" in rows(county, "decisions_rejected")[0]["problem"]
    both = entry(child_id="C2", **LOWER, confirmed_by="S1")
    assert bring(county, pack, both, lists=lists).added == 1


def replaced(folder: Path, pack: RulePack, columns: str = "") -> Path:
    """The folder of a list that replaced those of the runs old-1 and old-2."""
    folder = listing(folder, pack)
    seats = [
        ("C1", "2026-10-20", "9", "immediate", "no", "old-1", "", "0.25"),
        ("C2", "2026-10-20", "1", "immediate", "yes", "old-1", "person", "1.0"),
        ("'=C3", "2026-10-27", "2", "routine", "yes", "old-2", "random", "0.5"),
        ("C2", "2026-11-01", "1", "urgent", "yes", RUN, "score", "0.75"),
    ]
    columns = columns or ",run_id,selected_by,selection_probability"
    count = 5 + columns.count(",")
    lines = ["child_id,as_of,rank,tier,listed" + columns, *(",".join(row[:count]) for row in seats)]
    (folder / "positions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return folder


def chosen(county: Path) -> list[tuple[str, str]]:
    return [(row["selected_by"], row["selection_probability"]) for row in rows(county, "outcomes")]


def test_a_late_entry_for_a_replaced_list_has_the_seat_that_list_gave(
    county, pack, tmp_path
) -> None:
    given = [
        entry(child_id=child, decision="outcome", result="confirmed", run_id=run)
        for child, run in (
            ("C2", "old-1"),
            ("=C3", "old-2"),
            ("C1", "old-1"),  # below the line of that list: nothing chose it
            ("C1", "old-2"),  # not known of that list
            ("C2", RUN),  # the list that is there says it itself
        )
    ]
    report = bring(county, pack, *given, lists=[replaced(tmp_path / "lists", pack)])
    assert chosen(county) == [
        ("person", "1.0"),
        ("random", "0.5"),
        ("", "0.25"),
        ("", ""),
        ("rule", "1.0"),
    ]
    assert (report.added, report.unlisted) == (5, 1)


def test_lowering_a_child_that_a_replaced_list_showed_at_immediate_needs_two(
    county, pack, tmp_path
) -> None:
    lists = [replaced(tmp_path / "lists", pack)]
    late = {**LOWER, "child_id": "C2", "run_id": "old-1"}
    report = bring(county, pack, entry(**late), lists=lists)
    assert (report.added, report.rejected) == (0, 1)
    assert "second person" in rows(county, "decisions_rejected")[0]["problem"]
    assert bring(county, pack, entry(**late, confirmed_by="S1"), lists=lists).added == 1


def test_a_history_of_before_there_were_seats_knows_no_earlier_list(county, pack, tmp_path) -> None:
    folder = replaced(tmp_path / "lists", pack, columns=",own")
    given = entry(child_id="C2", decision="outcome", result="confirmed", run_id="old-1")
    assert bring(county, pack, given, lists=[folder]).unlisted == 1
    assert chosen(county) == [("", "")]
    folder.joinpath("positions.csv").write_bytes(b"\xff")
    assert bring(county, pack, given, lists=[folder]).unlisted == 1


def test_a_rule_may_be_named_by_the_code_that_a_list_shows(county, pack) -> None:
    code = next(rule.code for rule in pack.rules if rule.id == ORDINARY)
    bring(county, pack, entry(**{**CLOSE, "rule": code}))
    assert rows(county)[0]["rule"] == ORDINARY


# --- any order, any repetition ---------------------------------------------------------------------

POOL = [
    entry(),
    entry(**CLOSE),
    entry(**RAISE, decided_by="W2"),
    entry(child_id="C2", decision="outcome", result="confirmed"),
    entry(child_id="C2", decision="outcome", result="not_confirmed", decided_by="W2"),
    entry(decision="close", concept="left_alone", visit_id="N1", reason="misread"),
    entry(child_id="C9"),
    entry(child_id="孩子4", decision="wrong_information", reason='=HYPERLINK("x"),\n"y"'),
    {**entry(), "entry_id": "no"},
]


def state(county: Path) -> dict[str, Any]:
    """The rows of every file without where they came from."""
    return {
        name: sorted(
            tuple(sorted((k, v) for k, v in row.items() if k not in ("file", "row")))
            for row in rows(county, name)
        )
        for name in FILES
    }


@given(data=st.data())
def test_any_order_and_any_repetition_of_files_gives_the_same_rows(
    tmp_path_factory, pack, data
) -> None:
    folder = tmp_path_factory.mktemp("any")
    files = data.draw(st.lists(st.lists(st.sampled_from(POOL), max_size=5), min_size=1, max_size=4))
    paths = [exchange(folder / f"{n}.json", *entries) for n, entries in enumerate(files)]
    again = data.draw(st.permutations([*paths, *data.draw(st.lists(st.sampled_from(paths)))]))
    once, often = make_county(folder / "once"), make_county(folder / "often")
    import_entries(paths, once, pack=pack, now=NOW)
    for path in again:
        import_entries([path], often, pack=pack, now=NOW)
    assert state(often) == state(once)
    wanted = {e["entry_id"] for entries in files for e in entries}
    kept = {
        row["entry_id"] for name in ("decisions", "decisions_rejected") for row in rows(once, name)
    }
    assert kept == wanted


@given(order=st.permutations(["one", "two", "three"]))
def test_whichever_of_one_id_comes_first_nothing_that_was_said_is_lost(
    tmp_path_factory, pack, order
) -> None:
    folder = tmp_path_factory.mktemp("one")
    county = make_county(folder / "county")
    for reason in order:
        path = exchange(folder / "f.json", {**entry(), "reason": reason})
        import_entries([path], county, pack=pack, now=NOW)
    assert [row["reason"] for row in rows(county)] == [order[0]]
    assert {row["reason"] for row in rows(county, "decisions_conflicts")} == set(order[1:])


# --- from Python, and files that are refused -------------------------------------------------------


def test_decisions_written_from_python_come_back(county, pack, tmp_path) -> None:
    given = [
        Decision("C1", "W1", "visited", datetime(2026, 11, 3, 14), visited_on="2026-11-03"),
        Decision("C2", "W1", "conflict", datetime(2026, 11, 3, 15), reason="我表姐家"),
    ]
    path = write_entries(tmp_path / "new" / "folder", given, RUN)
    assert path.parent == tmp_path / "new" / "folder"
    assert re.fullmatch(r"decisions-run-1-\d{8}-\d{6}\.json", path.name)
    again = write_entries(tmp_path / "again.json", given, RUN)
    report = import_entries([path, again], county, pack=pack, now=NOW)
    assert (report.added, report.known) == (2, 2)
    assert [row["reason"] for row in rows(county)] == ["", "我表姐家"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"format": "carescreen-decisions/2", "run_id": "r", "entries": []}',
        b'{"format": "carescreen-decisions/1", "entries": []}',
        b'{"format": "carescreen-decisions/1", "run_id": "r", "entries": {}}',
        b'{"format": "carescreen-decisions/1", "run_id": "r", "run_id": "s", "entries": []}',
        b'{"format": "carescreen-decisions/1", "run_id": "\xff", "entries": []}',
        b"PK\x03\x04",
        b"child_id\nC1\n",
    ],
)
def test_a_file_that_is_none_is_refused_before_anything_is_written(
    county, pack, tmp_path, content
) -> None:
    bad, good = tmp_path / "bad.json", exchange(tmp_path / "good.json", entry())
    bad.write_bytes(content)
    before = sorted(county.iterdir())
    with pytest.raises(UsageError, match=r"bad\.json.*[Nn]othing was imported"):
        import_entries([good, bad], county, pack=pack, now=NOW)
    assert sorted(county.iterdir()) == before


@pytest.mark.parametrize("content", [b"", b"child_id\nC1\n", "编号\n孩子4\n".encode("gb18030")])
def test_a_csv_of_the_list_is_told_what_to_give_instead(county, pack, tmp_path, content) -> None:
    path = tmp_path / "list.CSV"
    path.write_bytes(content)
    with pytest.raises(
        UsageError, match=r"no columns for decisions.*decisions-\*\.json.*list\.xlsx"
    ):
        import_entries([path], county, pack=pack, now=NOW)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("decisions.jsonl", '{"child_id": "C1"}\n'),
        ("mapping.yaml", "tables:\n  decisions:\n    columns: {编号: child_id}\n"),
        ("decisions.csv", "a,b\n1,2\n"),
        ("outcomes.csv", "child_id,outcome_date\n"),
        ("decisions_rejected.csv", "mine\n1\n"),
        ("decisions_conflicts.csv", "mine\n1\n"),
    ],
)
def test_a_county_that_keeps_such_a_table_otherwise_is_left_as_it_was(
    county, pack, name, content
) -> None:
    (county / name).write_text(content, encoding="utf-8")
    before = {path: path.read_bytes() for path in county.iterdir()}
    with pytest.raises((OutputError, CaseloadError)):
        bring(county, pack, entry(), entry(child_id="C9"))
    assert {path: path.read_bytes() for path in county.iterdir()} == before


def test_an_entry_shows_no_record_in_a_traceback(county, pack) -> None:
    from carescreen.entries_import import read_entries

    (found,) = read_entries(exchange(county / "x.json", entry(reason="secret")))
    assert repr(found) == "Entry(x.json, 1)"


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_imports_at_the_same_time_wait_for_each_other(county, pack, tmp_path) -> None:
    files = [
        exchange(tmp_path / f"{n}.json", *(entry(reason=f"{n}.{m}") for m in range(20)))
        for n in range(12)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda file: import_entries([file], county, pack=pack, now=NOW), files))
    assert len({row["reason"] for row in rows(county)}) == len(rows(county)) == 240


def test_the_python_lines_of_the_docs_run(county, tmp_path, monkeypatch) -> None:
    text = (Path(__file__).parents[2] / "docs" / "review.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.S)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    lines = code[1].replace("C0012", "C1").replace(', lists=["lists"]', f", now={NOW!r}")
    found: dict[str, Any] = {}
    exec(lines.replace("datetime.datetime(", "datetime("), found)
    assert found["report"].added == 1


def test_the_docs_name_every_decision_reason_and_file() -> None:
    text = (Path(__file__).parents[2] / "docs" / "review.md").read_text(encoding="utf-8")
    for word in (*DECISIONS, *REASON_CODES, *FIELDS, *(f"{name}.csv" for name in FILES)):
        assert word in text

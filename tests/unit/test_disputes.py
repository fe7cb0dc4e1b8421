"""What is said to be wrong stands at the child until it is answered, and changes nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen import Caseload, Screener
from carescreen.results import write_results
from carescreen.review.redaction import redact
from tests.shipped import shipped_screener

CHILDREN = pd.DataFrame(
    {
        "child_id": ["C1", "C2", "C3"],
        "village_id": ["V1"] * 3,
        "caseworker_id": ["W1"] * 3,
        "birth_date": ["2016-01-01", "2015-01-01", "2014-01-01"],
        "household_dv": ["confirmed", "", ""],
    }
)
VISITS = pd.DataFrame(
    {"visit_id": ["N1"], "child_id": ["C2"], "visit_date": ["2026-10-20"], "note": ["都好"]}
)
WORDS, ANSWER = "邻居王婶说的不对", "学校证明属实"
AS_OF = "2026-11-08"


def said(child: str, at: str, decision: str = "correction", **more: str) -> dict[str, str]:
    row = {"child_id": child, "decided_at": at, "decision": decision, "decided_by": "W1"}
    return {**row, "reason": WORDS, **more}


ASKED = said("C3", "2026-11-03 14:00:00")
KEPT = said("C3", "2026-11-05 09:00:00", result="kept", reason=ANSWER, decided_by="S1")


@pytest.fixture
def screener() -> Screener:
    return shipped_screener()


def rank(screener: Screener, *rows: dict[str, str], capacity: int = 20):
    decisions = pd.DataFrame(list(rows)) if rows else None
    caseload = Caseload(children=CHILDREN, visits=VISITS, decisions=decisions)
    return screener.rank(caseload, as_of=AS_OF, capacity=capacity)


def test_a_dispute_is_open_until_it_is_answered(screener: Screener) -> None:
    before = rank(screener, ASKED).record("C3")["disputes"]
    open_one = {
        "kind": "correction",
        "words": WORDS,
        "result": "",
        "answer": "",
        "said_on": "2026-11-03",
        "answered_on": None,
    }
    assert before == [open_one]
    answered = {"result": "kept", "answer": ANSWER, "answered_on": "2026-11-05"}
    assert rank(screener, ASKED, KEPT).record("C3")["disputes"] == [{**open_one, **answered}]


def test_an_answer_is_to_everything_said_by_then_and_to_nothing_later(screener: Screener) -> None:
    wrong = said("C3", "2026-11-04", "wrong_information")
    again = said("C3", "2026-11-06 10:00:00")
    found = rank(screener, again, KEPT, wrong, ASKED).record("C3")["disputes"]
    assert [(entry["kind"], entry["result"]) for entry in found] == [
        ("correction", "kept"),
        ("wrong_information", "kept"),
        ("correction", ""),
    ]


def test_an_answer_of_a_day_without_a_time_covers_that_day(screener: Screener) -> None:
    same_day = {**KEPT, "decided_at": "2026-11-03", "result": "corrected"}
    assert rank(screener, ASKED, same_day).record("C3")["disputes"][0]["result"] == "corrected"


def test_an_answer_recorded_later_is_not_known_yet(screener: Screener) -> None:
    late = {**KEPT, "recorded_at": "2026-11-20"}
    assert rank(screener, ASKED, late).record("C3")["disputes"][0]["result"] == ""


def test_a_child_about_whom_nothing_is_disputed_has_no_such_key(screener: Screener) -> None:
    record = rank(screener, ASKED).record("C2")
    assert not {"disputes", "conflicts"} & record.keys()


DECISIONS = st.lists(
    st.builds(
        said,
        st.sampled_from(["C1", "C2", "C3"]),
        st.sampled_from(["2026-11-03", "2026-11-03 14:00:00", "2026-11-05 09:00:00"]),
        st.sampled_from(["correction", "wrong_information", "conflict"]),
        result=st.sampled_from(["", "corrected", "kept", "ended"]),
        reason=st.sampled_from([WORDS, "x", ""]),
        decided_by=st.sampled_from(["W1", "S1"]),
    ),
    max_size=6,
)


@given(DECISIONS, st.randoms(use_true_random=False))
def test_none_of_it_changes_a_tier_a_score_or_an_order(rows, random) -> None:
    screener = shipped_screener()
    plain, told = rank(screener), rank(screener, *rows)
    pd.testing.assert_frame_equal(told.to_frame(), plain.to_frame())
    random.shuffle(rows)
    mixed = rank(screener, *rows)
    lines = [[ranking.json_line(n) for n in range(3)] for ranking in (told, mixed)]
    assert lines[0] == lines[1]


def test_words_do_not_leave_the_office(screener: Screener) -> None:
    ranking = rank(screener, ASKED, KEPT)
    assert WORDS in str(ranking.record("C3"))
    public = [ranking.public_json_line(place).decode() for place in range(len(ranking))]
    assert not re.search(f"{WORDS}|{ANSWER}", "".join(public))
    [kept] = redact(ranking.record("C3"))["disputes"]
    assert kept == {
        "kind": "correction",
        "said_on": "2026-11-03",
        "result": "kept",
        "answered_on": "2026-11-05",
    }


def written(ranking, folder: Path, quotes: bool) -> Path:
    write_results(ranking, folder, quotes=quotes, made_by="tester", language="en")
    return folder


OWN = "list/0001-W1.html"
SUPERVISOR = "list/supervisor.html"


@pytest.mark.parametrize("quotes", [False, True])
def test_the_next_list_says_it_at_the_child(screener, tmp_path: Path, quotes: bool) -> None:
    folder = written(rank(screener, ASKED), tmp_path / "lists", quotes)
    for name in (OWN, SUPERVISOR, "list.html"):
        page = (folder / name).read_text(encoding="utf-8")
        assert "The family says that something recorded is wrong (since 3 Nov 2026)." in page
        assert "Not yet answered." in page
        assert (WORDS in page) is quotes


def test_the_supervisor_sees_what_waits_for_an_answer_even_of_a_child_on_no_list(
    screener: Screener, tmp_path: Path
) -> None:
    rows = [
        {"child_id": f"K{n}", "village_id": "V1", "caseworker_id": "W1", "birth_date": "2014-01-01"}
        for n in range(30)
    ]
    decisions = pd.DataFrame([said("K29", "2026-11-03", "wrong_information")])
    caseload = Caseload(children=pd.DataFrame(rows), visits=VISITS, decisions=decisions)
    ranking = screener.rank(caseload, as_of=AS_OF, capacity=2)
    listed = {ranking.records([place])[0]["child_id"] for place in ranking.listed()}
    assert "K29" not in listed
    folder = written(ranking, tmp_path / "lists", quotes=False)
    supervisor = (folder / SUPERVISOR).read_text(encoding="utf-8")
    assert 'data-child="K29"' in supervisor
    section = supervisor.split('class="to-do"')[1].split("</section>")[0]
    assert "<bdi>K29</bdi>" in section
    assert "A worker says that something recorded is wrong (since 3 Nov 2026)." in section
    for name in (OWN, "list.html"):
        page = (folder / name).read_text(encoding="utf-8")
        assert "K29" not in page
        assert 'class="to-do"' not in page


def test_a_conflict_stands_on_the_supervisors_page_alone(
    screener: Screener, tmp_path: Path
) -> None:
    who = "陈回避"
    conflict = said("C1", "2026-11-03", "conflict", decided_by=who)
    ended = said("C1", "2026-11-05", "conflict", decided_by="S1", result="ended")
    folder = written(rank(screener, conflict), tmp_path / "lists", quotes=True)
    supervisor = (folder / SUPERVISOR).read_text(encoding="utf-8")
    assert f"Recorded by {who} on 3 Nov 2026." in supervisor
    assert 'data-has="conflict"' in supervisor
    assert 'data-do="conflict_ended"' in supervisor
    for name in (OWN, "list.html"):
        page = (folder / name).read_text(encoding="utf-8")
        assert who not in page
        assert "data-has" not in page
        assert 'data-do="conflict_ended"' not in page
        assert 'data-do="answer"' not in page
        assert "Conflict of interest" not in page
    over = written(rank(screener, conflict, ended), tmp_path / "over", quotes=True)
    assert who not in (over / SUPERVISOR).read_text(encoding="utf-8")

"""What people recorded stands on the next list in plain words, and changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from carescreen import Caseload
from carescreen.cli import group
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
WORDS, AS_OF = "县医院王医生", "2026-11-08"
OWN, SUPERVISOR = "list/0001-W1.html", "list/supervisor.html"


def said(decision: str, at: str = "2026-11-03 14:00:00", **more: str) -> dict[str, str]:
    row = {"child_id": "C3", "decided_at": at, "decision": decision, "decided_by": "W1"}
    return {**row, "reason": WORDS, **more}


VISITED = said("visited", visited_on="2026-11-02")
REFERRED = said("referral", "2026-11-04", result="accepted")
LOWERED = said("lower", "2026-11-05", tier="routine", reason_code="already_helped", child_id="C1")
WORRIED = said("own_concern", "2026-11-06", result="yes", child_id="C2")
CALM = said("own_concern", "2026-11-07", result="no", child_id="C2")


def rank(*rows: dict[str, str], children: pd.DataFrame = CHILDREN, capacity: int = 20):
    decisions = pd.DataFrame(list(rows)) if rows else None
    caseload = Caseload(children=children, visits=VISITS, decisions=decisions)
    return shipped_screener().rank(caseload, as_of=AS_OF, capacity=capacity)


def told(*rows: dict[str, str]) -> list[dict[str, object]]:
    return rank(*rows).record("C3").get("told", [])


def test_a_record_repeats_what_was_recorded_the_newest_first() -> None:
    shared = {"by": "W1", "tier": "", "reason_code": "", "reason": WORDS}
    assert told(VISITED, REFERRED) == [
        {
            "decision": "referral",
            "decided_on": "2026-11-04",
            "visited_on": None,
            "result": "accepted",
            **shared,
        },
        {
            "decision": "visited",
            "decided_on": "2026-11-03",
            "visited_on": "2026-11-02",
            "result": "",
            **shared,
        },
    ]


def test_nothing_told_is_no_key_and_other_decisions_are_not_repeated() -> None:
    assert "told" not in rank().record("C3")
    others = [said(word) for word in ("agree", "wrong_information", "correction", "conflict")]
    assert "told" not in rank(*others).record("C3")


@pytest.mark.parametrize(
    ("more", "is_shown"),
    [
        ({"decided_at": "2026-08-10"}, True),  # 90 days before the list
        ({"decided_at": "2026-08-09"}, False),
        ({"decided_at": "2026-11-09"}, False),
        ({"recorded_at": "2026-11-20"}, False),
        ({"decided_at": ""}, False),
    ],
)
def test_only_what_is_lately_recorded_and_known_by_then_is_repeated(more, is_shown: bool) -> None:
    assert bool(told({**REFERRED, **more})) is is_shown


def test_the_newest_eight_are_kept() -> None:
    days = [f"2026-10-{day:02}" for day in range(10, 20)]
    found = told(*(said("referral", day) for day in days))
    assert [entry["decided_on"] for entry in found] == days[:1:-1]


def test_free_text_where_a_word_belongs_is_not_repeated() -> None:
    [entry] = told(said("lower", tier=WORDS, reason_code=WORDS, result=WORDS, reason=""))
    assert WORDS not in str(entry)


def test_the_words_do_not_leave_the_office() -> None:
    ranking = rank(VISITED, REFERRED)
    assert WORDS in str(ranking.record("C3"))
    public = b"".join(ranking.public_json_line(place) for place in range(len(ranking)))
    assert WORDS.encode() not in public
    kept = redact(ranking.record("C3"))["told"]
    whole = ranking.record("C3")["told"]
    assert kept == [{k: v for k, v in entry.items() if k != "reason"} for entry in whole]


ROWS = st.lists(
    st.builds(
        said,
        st.sampled_from(["visited", "could_not_see", "outcome", "referral", "lower"]),
        st.sampled_from(["2026-11-03", "2026-11-03 14:00:00", "2026-11-05 09:00:00"]),
        child_id=st.sampled_from(["C1", "C2", "C3"]),
        tier=st.sampled_from(["routine", "priority"]),
        visited_on=st.sampled_from(["2026-11-02", ""]),
        result=st.sampled_from(["", "confirmed", "done"]),
        reason=st.sampled_from([WORDS, "x", ""]),
        decided_by=st.sampled_from(["W1", "S1"]),
    ),
    max_size=6,
)


@given(ROWS, st.randoms(use_true_random=False))
def test_none_of_it_changes_a_tier_a_score_or_an_order(rows, random) -> None:
    plain, after = rank(), rank(*rows)
    pd.testing.assert_frame_equal(after.to_frame(), plain.to_frame())
    random.shuffle(rows)
    mixed = rank(*rows)
    lines = [[ranking.json_line(n) for n in range(3)] for ranking in (after, mixed)]
    assert lines[0] == lines[1]


def pages(ranking, folder: Path, quotes: bool = False, language: str = "en") -> dict[str, str]:
    write_results(ranking, folder, quotes=quotes, made_by="tester", language=language)
    return {name: (folder / name).read_text("utf-8") for name in (OWN, SUPERVISOR, "list.html")}


def card_of(page: str, child: str) -> str:
    return page.split(f'data-child="{child}"')[1].split("</noscript>")[0]


@pytest.mark.parametrize("quotes", [False, True])
def test_the_card_says_it_in_plain_words_and_the_paper_does_not(tmp_path, quotes: bool) -> None:
    for page in pages(rank(VISITED, REFERRED), tmp_path / "lists", quotes).values():
        screen, paper = card_of(page, "C3").split('class="paper sheet"')
        assert "3 Nov 2026, W1: visited on 2 Nov 2026, the child was seen." in screen
        assert "2026年11月4日，W1：已转介，对方已接收。" in page
        assert "A visit counts as made once it stands in the visits table." in screen
        assert (WORDS in screen) is quotes
        assert "W1" not in paper
        assert "Recorded so far" not in paper


@pytest.mark.parametrize("decision", ["visited", "could_not_see", "outcome", "referral", "lower"])
@pytest.mark.parametrize("result", ["", "confirmed", "not_seen", "could_not_tell", "refused"])
def test_every_decision_has_a_sentence_whatever_its_columns_hold(
    tmp_path, decision, result
) -> None:
    page = pages(rank(said(decision, result=result)), tmp_path / "lists")[OWN]
    assert "3 Nov 2026, W1:" in card_of(page, "C3")


def to_do(page: str) -> str:
    return page.split('class="to-do"')[1].split("</section>")[0] if 'class="to-do"' in page else ""


def test_the_supervisor_reads_who_holds_a_tier_lower_and_who_is_worried(tmp_path: Path) -> None:
    found = pages(rank(LOWERED, WORRIED), tmp_path / "lists")
    section = to_do(found[SUPERVISOR])
    assert "W1, 5 Nov 2026: to “Routine” (reason: help is being given already)" in section
    assert section.index("<bdi>C1</bdi>") < section.index("<bdi>C2</bdi>")
    assert "W1, 6 Nov 2026" in section
    assert not to_do(found[OWN])
    assert not to_do(found["list.html"])


@pytest.mark.parametrize(
    ("rows", "is_shown"),
    [
        ([WORRIED], True),
        ([WORRIED, CALM], False),
        ([WORRIED, {**CALM, "decided_by": "W2"}], True),
        ([{**WORRIED, "decided_at": "2026-10-11"}], True),  # 28 days before the list
        ([{**WORRIED, "decided_at": "2026-10-10"}], False),
        ([VISITED, REFERRED], False),
    ],
)
def test_a_worry_stands_there_for_28_days_unless_the_same_person_says_otherwise(
    tmp_path: Path, rows, is_shown: bool
) -> None:
    section = to_do(pages(rank(*rows), tmp_path / "lists")[SUPERVISOR])
    assert ("Worried about a child" in section) is is_shown


def test_a_worry_about_a_child_of_no_list_stands_on_the_supervisors_page_alone(
    tmp_path: Path,
) -> None:
    children = pd.DataFrame(
        {
            "child_id": [f"K{n}" for n in range(30)],
            "village_id": "V1",
            "caseworker_id": "W1",
            "birth_date": "2014-01-01",
        }
    )
    ranking = rank({**WORRIED, "child_id": "K29"}, children=children, capacity=2)
    assert "K29" not in {record["child_id"] for record in ranking.records(ranking.listed())}
    found = pages(ranking, tmp_path / "lists")
    assert "<bdi>K29</bdi>" in to_do(found[SUPERVISOR])
    assert 'data-child="K29"' in found[SUPERVISOR]
    assert "K29" not in found[OWN] + found["list.html"]


def test_a_plans_pages_say_the_same(tmp_path: Path) -> None:
    pages(rank(VISITED, LOWERED, WORRIED), tmp_path / "lists")
    workers = tmp_path / "workers.csv"
    workers.write_text("caseworker_id,visits_per_week,villages\nW1,5,V1\n", "utf-8")
    folder = tmp_path / "plan"
    asked = ["plan", str(tmp_path / "lists"), "--workers", str(workers), "--out", str(folder)]
    done = CliRunner().invoke(group, [*asked, "--language", "en"])
    assert done.exit_code == 0, done.output
    supervisor, own = ((folder / name).read_text("utf-8") for name in (SUPERVISOR, OWN))
    assert "W1, 5 Nov 2026: to “Routine”" in to_do(supervisor)
    assert "<bdi>C2</bdi>" in to_do(supervisor)
    assert not to_do(own)
    for page in (supervisor, own):
        assert "visited on 2 Nov 2026, the child was seen." in card_of(page, "C3")


def test_the_form_says_that_what_is_found_becomes_history(tmp_path: Path) -> None:
    page = pages(rank(), tmp_path / "lists")[OWN]
    form = page.split('data-form="outcome"')[1].split("</form>")[0]
    assert "What is found to need action counts as history for 24 months." in form
    assert "24 个月内作为以往记录计入" in page

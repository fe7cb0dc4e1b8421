"""Since when an immediate follow-up waits to be taken on, carried from list to list."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from carescreen import Caseload, Screener
from carescreen.results import write_results
from carescreen.waiting import waiting_before

CHILDREN = pd.DataFrame(
    {
        "child_id": ["=C1", "C2", "C3"],
        "village_id": ["V1"] * 3,
        "caseworker_id": ["W1"] * 3,
        "birth_date": ["2016-01-01"] * 3,
    }
)
SEEN = {
    "visit_id": "N1",
    "child_id": "=C1",
    "visit_date": "2026-10-01",
    "violence_by_caregiver": "confirmed",
}
AGAIN = {**SEEN, "visit_id": "N2", "visit_date": "2026-11-12"}  # fmt: skip
TAKEN = {"child_id": "=C1", "decided_at": "2026-11-10", "decided_by": "W1", "decision": "agree"}


def write(screener, folder: Path, as_of: str, *visits: dict[str, str], decisions=()) -> str:
    caseload = Caseload(
        children=CHILDREN,
        visits=pd.DataFrame(list(visits)),
        decisions=pd.DataFrame(list(decisions)) if decisions else None,
    )
    ranking = screener.rank(caseload, as_of)
    write_results(ranking, folder, quotes=False, made_by="tester", language="en")
    return (folder / "list.html").read_text(encoding="utf-8")


def line(day: str) -> str:
    return f"Not yet taken on by anybody; on the list at this tier since {day}."


def test_it_waits_since_the_first_list_that_showed_it(screener: Screener, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    page = write(screener, folder, "2026-11-01", SEEN)
    assert page.count('class="waiting"') == 1
    assert line("1 Nov 2026") in page
    assert line("1 Nov 2026") in write(screener, folder, "2026-11-08", SEEN)
    assert waiting_before(folder) == {"=C1": "2026-11-01"}
    supervisor = (folder / "list" / "supervisor.html").read_text(encoding="utf-8")
    assert "1 child at the highest tier is not yet taken on by anybody" in supervisor


def test_it_waits_no_longer_once_somebody_took_it_on(screener: Screener, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-11-01", SEEN)
    page = write(screener, folder, "2026-11-11", SEEN, decisions=[TAKEN])
    assert "Not yet taken on" not in page
    assert waiting_before(folder) == {}


def test_new_evidence_after_that_waits_from_its_own_first_list(
    screener: Screener, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-11-01", SEEN)
    page = write(screener, folder, "2026-11-15", SEEN, AGAIN, decisions=[TAKEN])
    assert line("15 Nov 2026") in page


def test_the_same_list_written_again_says_the_same(screener: Screener, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    write(screener, folder, "2026-11-01", SEEN)
    write(screener, folder, "2026-11-08", SEEN)
    assert line("1 Nov 2026") in write(screener, folder, "2026-11-08", SEEN)
    assert line("1 Oct 2026") in write(screener, folder, "2026-10-01", SEEN)  # a list of before


@pytest.mark.parametrize("text", ["", "child_id\nC1\n", "child_id,waiting_since\nC1,soon\n"])
def test_what_cannot_be_read_means_no_history(tmp_path: Path, text: str) -> None:
    assert waiting_before(tmp_path) == {}
    (tmp_path / "waiting.csv").write_text(text, encoding="utf-8")
    assert waiting_before(tmp_path) == {}

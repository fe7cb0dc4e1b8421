"""A ranking writes its list where a program asks for it: private unless it is told otherwise."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from carescreen import Caseload, Ranking
from tests.shipped import shipped_screener

NOTE = "爸爸用皮带打他"


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    children = pd.DataFrame(
        {"child_id": ["C1"], "village_id": ["V1"], "birth_date": ["2016-01-01"]}
    )
    visits = pd.DataFrame(
        {"visit_id": ["N1"], "child_id": ["C1"], "visit_date": ["2026-10-20"], "note": [NOTE]}
    )
    return shipped_screener().rank(Caseload(children=children, visits=visits), as_of="2026-11-01")


@pytest.mark.parametrize("quotes", [False, True])
def test_the_page_and_the_workbook_quote_only_when_asked(
    ranking: Ranking, tmp_path: Path, quotes: bool
) -> None:
    ranking.to_html(tmp_path / "list.html", quotes=quotes, language="en")
    ranking.to_excel(tmp_path / "list.xlsx", quotes=quotes)
    page = (tmp_path / "list.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "list.xlsx") as book:
        sheets = "".join(book.read(name).decode("utf-8") for name in book.namelist())
    for text in (page, sheets):
        assert "C1" in text
        assert ("用皮带打" in text) is quotes

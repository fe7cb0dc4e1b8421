"""carescreen review family: the page, the one line before it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.system.command import run

DAY = ("--as-of", "2026-11-20")
ASKED = "talk to the child-protection lead"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    pd.DataFrame(
        {
            "child_id": ["C1", "C2"],
            "village_id": ["V1", "V1"],
            "household_id": ["H1", "H2"],
            "birth_date": ["2016-05-01", "2016-05-01"],
            "hukou_registered": ["no", "no"],
        }
    ).to_csv(folder / "children.csv", index=False)
    pd.DataFrame(
        {
            "visit_id": ["N1", "N2"],
            "child_id": ["C1", "C2"],
            "visit_date": ["2026-11-05", "2026-11-05"],
            "child_seen": ["yes", "yes"],
            "note": ["", "昨天孩子被爸爸打了"],
            "household_dv": ["", "confirmed"],
        }
    ).to_csv(folder / "visits.csv", index=False)
    return folder


def family(county: Path, child: str, out: Path, *more: str, code: int = 0) -> str:
    return run("review", "family", county, "--child", child, *DAY, "--out", out, *more, code=code)


def test_it_writes_one_page_that_loads_nothing(county: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    said = family(county, "C1", out)
    assert said == f"{out}: the page for the family, with what was recorded by 2026-11-20.\n"
    page = out.read_text(encoding="utf-8")
    assert 'data-language="zh"' in page
    assert "http://" not in page
    assert "https://" not in page
    assert out.stat().st_mode & 0o077 == 0  # for its owner alone
    family(county, "C1", out, "--language", "en")  # its own earlier page gives way
    assert 'data-language="en"' in out.read_text(encoding="utf-8")


def test_where_it_could_do_harm_it_asks_first_and_the_page_tells_nothing(
    county: Path, tmp_path: Path
) -> None:
    quiet, grave = tmp_path / "quiet.html", tmp_path / "grave.html"
    said = family(county, "C2", grave, code=10)
    assert said.count("\n") == 1
    assert ASKED in said
    assert "--confirmed-by" in said
    assert not grave.exists()
    family(county, "C2", grave, "--confirmed-by", "  ", code=10)
    assert not grave.exists()
    said = family(county, "C2", grave, "--confirmed-by", "Li Qiang")
    assert [line for line in said.splitlines() if ASKED in line] != []
    assert "C2" not in said
    assert ASKED not in family(county, "C1", quiet)
    page = grave.read_text(encoding="utf-8")
    assert "Li Qiang" not in page
    assert page.replace("C2", "C1") == quiet.read_text(encoding="utf-8")


def test_what_it_is_told_says_no_reason(county: Path, tmp_path: Path) -> None:
    said = family(county, "C2", tmp_path / "page.html", code=10)
    for word in ("violence", "sexual", "dv", "abuse", "concern", "suicide"):
        assert word not in said.casefold()


def test_somebody_elses_page_and_the_input_are_never_replaced(county: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.html"
    out.write_text("<html>mine</html>", encoding="utf-8")
    assert "nothing was written" in family(county, "C1", out, code=6)
    assert out.read_text(encoding="utf-8") == "<html>mine</html>"
    assert "input" in family(county, "C1", county / "children.csv", code=6)


def test_a_child_that_is_not_there_is_one_line_without_its_id(county: Path, tmp_path: Path) -> None:
    said = family(county, "Zhang-77", tmp_path / "page.html", code=2)
    assert "no child with this id" in said
    assert "Zhang" not in said
    assert not (tmp_path / "page.html").exists()


def test_what_comes_back_from_the_family_stands_on_the_next_list_and_page(
    county: Path, tmp_path: Path
) -> None:
    pd.DataFrame(
        {
            "child_id": ["C1"],
            "decided_at": ["2026-11-08 10:00:00"],
            "decided_by": ["W1"],
            "decision": ["correction"],
            "reason": ["上过户口了"],
        }
    ).to_csv(county / "decisions.csv", index=False)
    out, lists = tmp_path / "page.html", tmp_path / "lists"
    family(county, "C1", out, "--language", "en", "--answer-within", "7")
    page = out.read_text(encoding="utf-8")
    assert "On 8 Nov 2026 you told us that something is not right." in page
    assert "we are late" in page
    assert "上过户口了" not in page
    run("rank", county, *DAY, "--out", lists, "--language", "en")
    listed = (lists / "list" / "supervisor.html").read_text(encoding="utf-8")
    assert "The family says that something recorded is wrong (since 8 Nov 2026)." in listed
    assert "上过户口了" not in listed

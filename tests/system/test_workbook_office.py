"""The workbook in LibreOffice: it opens, prints and is saved there, and comes back whole."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from carescreen.entries_import import read_entries
from carescreen.review.texts import text
from tests.system.command import run

SOFFICE = shutil.which("soffice")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed"),
]


def converted(path: Path, into: str, folder: Path) -> Path:
    """What LibreOffice makes of a workbook, in a profile of its own."""
    subprocess.run(
        [
            str(SOFFICE),
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--convert-to", into, "--outdir", str(folder), str(path)),
        ],
        capture_output=True,
        check=True,
        timeout=180,
    )
    return folder / f"{path.stem}.{into.split(':')[0]}"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    run("synth", "--children", 200, "--seed", 3, "--out", folder / "county")
    run(
        *("rank", folder / "county", "--as-of", "2026-11-01", "--out", folder / "lists"),
        *("--language", "zh", "--processes", 1),
    )
    return folder


def test_a_workbook_that_libreoffice_saved_brings_back_what_was_filled_in(
    county: Path, tmp_path: Path
) -> None:
    book = load_workbook(county / "lists" / "list.xlsx")
    sheet = book["list"]
    place = {
        name: next(
            cell.column
            for cell in sheet[1]
            if text(f"sheet_{name}", "en") in str(cell.value).split("\n")
        )
        for name in (
            *("child", "visited_on", "outcome", "remark", "decision", "review_on", "decided_by"),
            *("decided_on", "confirmed_by", "tier"),
        )
    }
    row = next(r for r in range(2, sheet.max_row) if sheet.cell(r, place["tier"]).value)
    child = sheet.cell(row, place["child"]).value
    filled = {
        "visited_on": date(2026, 11, 2),
        "outcome": "情况属实",
        "remark": "=1+1 是家里人写的",
        "decision": "调低" if sheet.cell(row, place["tier"]).value != "常规" else "调高",
        "review_on": date(2026, 12, 1),
        "decided_by": "007",
        "decided_on": date(2026, 11, 3),
        "confirmed_by": "S1",
    }
    for name, value in filled.items():
        sheet.cell(row, place[name]).value = value
    sheet.cell(row, place["remark"]).data_type = "s"
    book.save(tmp_path / "filled.xlsx")
    (tmp_path / "out").mkdir()
    saved = converted(tmp_path / "filled.xlsx", "xlsx", tmp_path / "out")
    before, after = read_entries(tmp_path / "filled.xlsx"), read_entries(saved)
    assert [entry.values for entry in after] == [entry.values for entry in before]
    assert [entry.fault for entry in after] == [""] * 4
    assert {entry.values["child_id"] for entry in after} == {child}
    assert {entry.values["decided_by"] for entry in after} == {"007"}
    assert "=1+1 是家里人写的" in {entry.values["reason"] for entry in after}
    shutil.copytree(county / "county", tmp_path / "county")
    out = run(
        *("decisions", "import", saved, "--into", tmp_path / "county"),
        *("--list", county / "lists", "--at", "2026-11-05"),
    )
    assert "Added: 4" in out
    outcomes = pd.read_csv(tmp_path / "county" / "outcomes.csv", dtype=str)
    assert ((outcomes["child_id"] == child) & (outcomes["outcome_date"] == "2026-11-02")).any()


def test_libreoffice_keeps_lists_dates_filter_and_titles(county: Path, tmp_path: Path) -> None:
    # Frozen panes are not looked at: without a window LibreOffice drops those of any workbook.
    saved = load_workbook(converted(county / "lists" / "list.xlsx", "xlsx", tmp_path))["list"]
    ours = load_workbook(county / "lists" / "list.xlsx")["list"]
    assert saved.auto_filter.ref == ours.auto_filter.ref
    assert saved.print_title_rows == ours.print_title_rows
    kinds = sorted(str(rule.type) for rule in saved.data_validations.dataValidation)
    assert kinds.count("list") == 4
    assert kinds.count("date") == 3
    due = next(cell for cell in saved[1] if "See by" in str(cell.value))
    assert any(saved.cell(row, due.column).is_date for row in range(2, saved.max_row))


def test_the_sheet_as_csv_shows_dates_and_no_error(county: Path, tmp_path: Path) -> None:
    utf_8 = "csv:Text - txt - csv (StarCalc):44,34,76"
    table = converted(county / "lists" / "list.xlsx", utf_8, tmp_path).read_text(encoding="utf-8")
    assert "2026-" in table
    for sign in ("#NAME?", "#REF!", "#VALUE!", "Err:"):
        assert sign not in table


def test_the_printed_sheet_is_landscape_and_fits(county: Path, tmp_path: Path) -> None:
    page = converted(county / "lists" / "list.xlsx", "pdf", tmp_path)
    told = shutil.which("pdfinfo")
    if told is None:
        pytest.skip("pdfinfo (poppler) is not installed")
    facts = subprocess.run([told, page], capture_output=True, text=True, check=True).stdout
    size = next(line for line in facts.splitlines() if line.startswith("Page size"))
    width, height = (float(part) for part in size.split()[2:5:2])
    assert width > height

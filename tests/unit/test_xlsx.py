"""The follow-up list as a workbook: what spreadsheet users expect, and nothing that runs."""

from __future__ import annotations

import warnings
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import follow_up_records as made
import pytest
from openpyxl import load_workbook

from carescreen.pack import TIERS
from carescreen.review.info import ListInfo
from carescreen.review.texts import text, texts_of
from carescreen.review.xlsx import CELL_LIMIT, LINE_HEIGHT, cell_text, write_xlsx
from carescreen.review.xlsx_choices import (
    LONGEST_LIST,
    LONGEST_TITLE,
    REASON_CODES,
    choices,
)


def info(**changes: Any) -> ListInfo:
    plain: dict[str, Any] = {
        "as_of": "2026-11-01",
        "pack": made.texts("Rural county", "农村县"),
        "run_id": "run-1",
        "made_by": "analyst-7",
        "expires": "2026-12-01",
        "quotes": True,
        "language": "en",
        "tier_hours": {"immediate": 24},
    }
    return ListInfo(**{**plain, **changes})


def written(tmp_path: Path, records: list[made.Record], **changes: Any) -> Any:
    write_xlsx(records, tmp_path / "list.xlsx", info(**changes))
    return load_workbook(tmp_path / "list.xlsx")


def column(book: Any, name: str) -> list[Any]:
    """The cells under an English heading, without the rows that are a sentence."""
    rows = list(book["list"].iter_rows())
    for place, cell in enumerate(rows[0]):
        if name in cell.value.split("\n"):
            return [row[place] for row in rows[1:] if row[0].value is not None]
    raise AssertionError(name)


def rules_of(sheet: Any) -> dict[str, Any]:
    """The drop-downs and checks of a sheet by the words of their column in English."""
    heads = {
        cell.column_letter: next(
            word for word in cell.value.split("\n") if word in ENGLISH_HEADINGS
        )
        for cell in sheet[1]
    }
    return {
        heads[str(rule.sqref).split(":")[0].rstrip("0123456789")]: rule
        for rule in sheet.data_validations.dataValidation
    }


ENGLISH_HEADINGS = {words for key, words in texts_of("en").items() if key.startswith("sheet_")}


def texts_in(book: Any) -> str:
    return "\n".join(
        str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value
    )


def test_there_is_a_row_a_child_under_headings_in_both_languages(tmp_path: Path) -> None:
    book = written(tmp_path, made.county())
    assert book.sheetnames == ["list", "about"]
    assert [cell.value for cell in column(book, "Child")] == [
        "C0012",
        "C0013",
        "C0090",
        "=1+1<img src=x onerror=alert(1)>",
        "C0044",
    ]


def test_a_heading_stands_first_in_the_lists_language(tmp_path: Path) -> None:
    assert written(tmp_path, [])["list"]["C1"].value == "Child\n儿童编号"
    assert written(tmp_path, [], language="zh")["list"]["C1"].value == "儿童编号\nChild"


def test_rows_are_as_high_as_their_longest_text(tmp_path: Path) -> None:
    long = made.question("G07", "urgent", "Who looks after the child? " * 12, "谁照看孩子？" * 20)
    records = [made.record(open_questions=[long]), made.record(child_id="C2")]
    for language in ("en", "zh"):
        sheet = written(tmp_path, records, language=language)["list"]
        assert sheet.row_dimensions[1].height >= 45
        assert sheet.row_dimensions[2].height >= 5 * LINE_HEIGHT
        assert sheet.row_dimensions[3].height <= 3 * LINE_HEIGHT
    huge = made.question("G07", "urgent", "word " * 5_000, "字" * 9_000)
    sheet = written(tmp_path, [made.record(open_questions=[huge])])["list"]
    assert sheet.row_dimensions[2].height < 409


def test_the_end_of_the_week_is_a_line_with_a_sentence(tmp_path: Path) -> None:
    sheet = written(tmp_path, made.county(), capacity=1)["list"]
    first = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert first[0].value == (
        "Caseworker W1: 2 children must be seen this week: more than one week's visits (1). "
        "None is cut."
    )
    assert first[4].value == (
        "Caseworker W1: The 3 visits of this week end here. The next ones fell just below the line."
    )
    assert first[4].border.top.style == "thick"
    assert [cell.value for cell in first[1:4]] == [1, 2, 3]


def test_the_score_is_the_one_that_the_details_add_up_to(tmp_path: Path) -> None:
    book = written(tmp_path, [made.busy_child()])
    (score,) = column(book, "Score")
    assert (score.value, score.number_format) == (0.5, "0.000")
    (details,) = column(book, "Details")
    assert "(+0.450)" in details.value
    assert "C0012 is number 1 of all the children ranked" in details.value
    assert column(book, "Place among all children")[0].value == 1


def test_hidden_concerns_are_counted_with_their_codes(tmp_path: Path) -> None:
    other = {**made.VIOLENCE, "code": "G12"}
    records = [made.record(concerns=[made.VIOLENCE, other, other, made.UNATTENDED])]
    book = written(tmp_path, records, quotes=False)
    assert column(book, "Concerns")[0].value == (
        "3 concerns your supervisor will explain (G11, G12 ×2); "
        "Child under 8 left without care (G03)"
    )


def test_header_is_frozen_filtered_and_wide_enough(tmp_path: Path) -> None:
    sheet = written(tmp_path, made.county())["list"]
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref == "A1:AC7"
    assert all(size.width >= 6 for size in sheet.column_dimensions.values())


def test_a_list_with_quotes_opens_where_it_says_who_made_it_and_until_when(tmp_path: Path) -> None:
    book = written(tmp_path, made.county(), quotes=True, made_by="analyst-7", expires="2026-12-01")
    assert book.active.title == "about"
    said = " ".join(str(cell.value) for row in book["about"] for cell in row)
    assert "analyst-7" in said
    assert written(tmp_path, made.county(), quotes=False).active.title == "list"


def test_dates_are_dates(tmp_path: Path) -> None:
    due = column(written(tmp_path, made.county()), "See by")
    assert due[0].value == datetime(2026, 10, 29)
    assert due[0].is_date
    assert due[4].value is None


def test_a_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "https://example.org", "1e5"]
    records = [made.record(child_id=name) for name in names]
    cells = column(written(tmp_path, records), "Child")
    assert [cell.data_type for cell in cells] == ["s"] * len(names)
    assert [cell.value for cell in cells] == names
    assert [cell.quotePrefix for cell in cells] == [True] * 5 + [False] * 2
    assert all(cell.hyperlink is None for cell in cells)


def test_no_formula_and_no_link_is_anywhere(tmp_path: Path) -> None:
    written(tmp_path, made.county())
    with zipfile.ZipFile(tmp_path / "list.xlsx") as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                content = archive.read(name).decode("utf-8")
                assert "<f>" not in content
                assert "<hyperlink" not in content


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_filled_in_is_picked_from_lists_in_the_lists_language(
    tmp_path: Path, language: str
) -> None:
    rules = rules_of(written(tmp_path, made.county(), language=language)["list"])
    offered = {name: rules[name].formula1 for name in ("Decision", "What the visit found")}
    assert offered["Decision"] == '"' + ",".join(choices("decision", language)) + '"'
    assert offered["What the visit found"] == '"' + ",".join(choices("outcome", language)) + '"'
    assert rules["Why (from the list)"].formula1.count(",") == len(REASON_CODES) - 1
    for name in ("Visited on", "Look again on", "Decided on"):
        assert rules[name].type == "date"
    assert rules["Decision"].type == "list"
    assert all(str(rule.sqref).endswith("7") for rule in rules.values())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_lists_and_messages_fit_into_what_excel_takes(tmp_path: Path, language: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the writer leaves out what is too long, and warns
        rules = rules_of(written(tmp_path, made.county(), language=language)["list"])
    for name, rule in rules.items():
        assert len(rule.formula1 or "") <= LONGEST_LIST, name
        assert 0 < len(rule.prompt) <= LONGEST_LIST, name
        assert 0 < len(rule.promptTitle) <= LONGEST_TITLE, name
        assert len(rule.error or "") <= LONGEST_LIST, name
        assert {"\u4e00" <= char <= "\u9fff" for char in rule.prompt} == {True, False}, name


def test_no_choice_holds_a_comma_which_would_cut_it_in_two() -> None:
    every = [choices(key, lang) for key in ("decision", "outcome", "reason_code") for lang in LANGS]
    assert [word for words in every for word in words if "," in word] == []
    assert all(len(set(words)) == len(words) for words in every)


def test_the_concern_to_close_is_picked_from_the_codes_of_the_list(tmp_path: Path) -> None:
    book = written(tmp_path, made.county())
    source = rules_of(book["list"])["Close which concern (code)"].formula1
    cells = book["about"][source.removeprefix("about!").replace("$", "")]
    assert [cell.value for (cell,) in cells] == ["G03", "G11"]
    assert book["about"].column_dimensions["C"].hidden  # and D with it


def test_a_list_without_concerns_has_no_codes_to_pick(tmp_path: Path) -> None:
    rules = rules_of(written(tmp_path, [made.record()])["list"])
    assert rules["Close which concern (code)"].type is None


def test_what_a_person_types_into_an_empty_cell_stays_as_typed(tmp_path: Path) -> None:
    book = written(tmp_path, made.county())
    for name in ("Why", "Decided by", "Second person (where two are needed)", "Decision"):
        assert {cell.number_format for cell in column(book, name)} == {"@"}
    for name in ("Visited on", "Look again on", "Decided on"):
        assert {cell.number_format for cell in column(book, name)} == {"yyyy-mm-dd"}


def test_what_the_reading_back_needs_is_there_and_hidden(tmp_path: Path) -> None:
    book = written(tmp_path, made.county())
    assert [book["about"][cell].value for cell in ("C1", "C2")] == ["carescreen-list/1", "run-1"]
    assert book["about"].column_dimensions["C"].hidden
    keys, children = column(book, "Key"), column(book, "Child")
    assert [cell.value for cell in keys] == [cell.value for cell in children]
    assert column(book, "Key (codes)")[0].value == "G11;G03"
    assert book["list"].column_dimensions[keys[0].column_letter].hidden


@pytest.mark.parametrize("language", ["en", "zh"])
def test_paper_shows_days_overdue_and_neither_a_tier_nor_a_concern(
    tmp_path: Path, language: str
) -> None:
    book = written(tmp_path, made.county(), capacity=1, language=language)
    printed = " ".join(paper(book))
    assert [cell.value for cell in column(book, "Days overdue")] == [3, None, None, None, None]
    assert "Days overdue" in printed
    tiers = [text(f"tier_{tier}", lang) for tier in TIERS for lang in LANGS]
    for word in ("Violence", "without care", "家庭暴力", *tiers):
        assert word.casefold() not in printed.casefold()
    assert column(book, "Tier")[0].value == text("tier_immediate", language)
    assert book["list"].print_title_rows == "$1:$1"
    setup = book["list"].page_setup
    assert (setup.orientation, setup.fitToWidth or 1, setup.fitToHeight) == ("landscape", 1, 0)
    assert book["list"].sheet_properties.pageSetUpPr.fitToPage


def paper(book: Any) -> list[str]:
    """Every text in the print areas, headers and footers of a workbook."""
    found = []
    for sheet in book:
        area = sheet.print_area.split("!")[1].replace("$", "")
        found += [str(cell.value) for row in sheet[area] for cell in row if cell.value is not None]
        found += [str(sheet.oddHeader.left.text), str(sheet.oddFooter.center.text)]
    return found


LANGS = ("zh", "en")


def test_a_file_without_quotes_redacts_whatever_it_is_given(tmp_path: Path) -> None:
    words = texts_in(written(tmp_path, made.county(), quotes=False))
    for secret in ("动手打了妈妈", "一个人在家", "Violence", "反家庭暴力法"):
        assert secret not in words
    assert "A concern your supervisor will explain" in words
    assert "left out of this file" in words


def test_the_about_sheet_says_what_the_list_is(tmp_path: Path) -> None:
    book = written(tmp_path, made.county(), synthetic=True)
    words = "\n".join(str(cell.value) for row in book["about"].iter_rows() for cell in row)
    assert "Synthetic data." in words
    assert "合成数据" in words
    assert "It is not a probability" in words
    assert "This file contains quotes from visit notes" in words
    assert "Made by: analyst-7" in words
    assert "Expires: 1 Dec 2026" in words
    assert "Immediate: within 24 hours" in words


def test_a_printed_sheet_of_a_file_with_quotes_says_that_it_is_confidential(tmp_path: Path) -> None:
    header = written(tmp_path, made.county())["list"].oddHeader.left.text
    assert "Show it to nobody outside this work." in header
    assert written(tmp_path, made.county(), quotes=False)["list"].oddHeader.left.text is None


def test_the_reason_is_written_in_the_lists_language(tmp_path: Path) -> None:
    assert column(written(tmp_path, made.county()), "Reason")[0].value == "Codes G11, G03."
    chinese = written(tmp_path, made.county(), language="zh")
    assert column(chinese, "Reason")[0].value == "代码 G11、G03。"


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    write_xlsx(made.county(), tmp_path / "a.xlsx", info())
    write_xlsx(made.county(), tmp_path / "b.xlsx", info())
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_text_that_a_workbook_cannot_hold_is_made_to_fit(tmp_path: Path) -> None:
    assert cell_text("a\x00\ud800\ufffeb") == "a   b"
    assert len(cell_text("长" * 50_000)) == CELL_LIMIT + 1
    book = written(tmp_path, [made.record(child_id="a\x0b\ud800b")])
    assert column(book, "Child")[0].value == "a  b"


def test_an_empty_list_is_still_a_workbook(tmp_path: Path) -> None:
    assert written(tmp_path, [])["list"].max_row == 1

"""Reading one table file: every format gives the same table, every bad file one clear sentence."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.errors import CaseloadError, MissingExtra
from carescreen.tables import find_table, from_frame, read_table

COLUMNS = ["visit_id", "child_id", "visit_date", "note"]
ROWS = [
    ["0001", "C1", "2026-05-01", "奶奶说, 孩子\n很好"],
    ["0002", "NA", "2026-05-02", 'she said "no"'],
    ["0003", "None", "2026-05-03", ""],
]
EXACT = {"visit_id", "child_id", "note"}


def write(folder: Path, suffix: str) -> Path:
    path = folder / f"visits{suffix}"
    frame = pd.DataFrame(ROWS, columns=COLUMNS)
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".xlsx":
        frame.to_excel(path, index=False, engine="openpyxl")
    else:
        frame.to_json(path, orient="records", lines=True, force_ascii=False)
    return path


def texts(frame: pd.DataFrame) -> list[list[str]]:
    return [["" if pd.isna(cell) else str(cell) for cell in row] for row in frame.to_numpy()]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx", ".jsonl"])
def test_every_format_gives_the_same_texts(tmp_path, suffix):
    table = read_table(write(tmp_path, suffix), EXACT)
    assert list(table.frame) == COLUMNS
    assert texts(table.frame) == ROWS


@pytest.mark.parametrize(
    ("suffix", "first"), [(".csv", 2), (".xlsx", 2), (".jsonl", 1), (".parquet", 1)]
)
def test_a_row_is_counted_as_a_person_sees_it_in_the_file(tmp_path, suffix, first):
    table = read_table(write(tmp_path, suffix), EXACT)
    assert table.rows.tolist() == [first, first + 1, first + 2]


def test_blank_lines_of_a_csv_are_left_out_but_counted(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text("visit_id,child_id\nV1,C1\n\n , \nV2,C2\n\n", encoding="utf-8")
    table = read_table(path, {"visit_id", "child_id"})
    assert table.frame["visit_id"].tolist() == ["V1", "V2"]
    assert table.rows.tolist() == [2, 5]


def test_ids_of_digits_keep_their_leading_zeros_wherever_they_stand(tmp_path):
    path = tmp_path / "children.csv"
    ids = [f"{number:06d}" for number in range(5000)] + ["A1"] + ["000007"] * 3000
    pd.DataFrame({"child_id": ids, "x": 1}).to_csv(path, index=False)
    assert read_table(path, {"child_id"}).frame["child_id"].tolist() == ids


def test_a_column_that_a_number_would_not_give_back_stays_text(tmp_path):
    path = tmp_path / "children.csv"
    path.write_text("code,number\n007,1.5\n012,2\n", encoding="utf-8")
    table = read_table(path)
    assert table.frame["code"].tolist() == ["007", "012"]


@pytest.mark.parametrize(
    ("codec", "said"),
    [("utf-8", []), ("utf-8-sig", []), ("gb18030", ["GB18030"]), ("utf-16", ["UTF-16"])],
)
def test_a_csv_is_read_in_the_encoding_it_was_saved_in(tmp_path, codec, said):
    path = tmp_path / "visits.csv"
    path.write_text("visit_id,note\nV1,孩子在家\nV2,爷爷住院了，没人做饭\n", encoding=codec)
    table = read_table(path, {"note"})
    assert table.frame["note"].tolist() == ["孩子在家", "爷爷住院了，没人做饭"]
    assert list(table.frame) == ["visit_id", "note"]
    assert len(table.notices) == len(said)
    assert all(word in table.notices[0] for word in said)
    assert table.damaged == ()


def test_jsonl_in_gb18030_is_read_and_said(tmp_path):
    path = tmp_path / "visits.jsonl"
    path.write_bytes('{"visit_id": "V1", "note": "孩子一个人在家过夜"}\n'.encode("gb18030"))
    table = read_table(path)
    assert table.frame["note"].tolist() == ["孩子一个人在家过夜"]
    assert "GB18030" in table.notices[0]


@pytest.mark.parametrize(
    ("text", "codec"),
    [("奶奶说孩子在学校很好", "utf-8"), ("奶奶说孩子在学校很好，没有问题", "gb18030")],
)
def test_a_lone_bad_byte_is_shown_as_such_and_its_row_and_column_are_named(tmp_path, text, codec):
    path = tmp_path / "visits.csv"
    good = text.encode(codec)
    path.write_bytes(b"visit_id,note\nV1," + good + b"\nV2,ab\xff\nV3," + good + b"\n")
    table = read_table(path, {"note"})
    assert table.frame["note"].tolist() == [text, "ab\ufffd", text]
    assert table.damaged == ((3, "note"),)


NOTES = ["奶奶说孩子在学校很好", "孩子一个人在家过夜", "she is fine", "爸爸又打他了"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(("most", "other"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_file_of_two_encodings_is_read_line_by_line_and_said(tmp_path, suffix, most, other):
    codecs = [most, most, most, other]
    lines = [
        (f"V{n},{note}" if suffix == ".csv" else json.dumps({"note": note}, ensure_ascii=False))
        for n, note in enumerate(NOTES)
    ]
    encoded = [line.encode(codec) for line, codec in zip(lines, codecs, strict=True)]
    path = tmp_path / f"visits{suffix}"
    path.write_bytes(b"\n".join([b"visit_id,note"][: suffix == ".csv"] + encoded) + b"\n")
    table = read_table(path, {"note"})
    assert table.frame["note"].tolist() == NOTES
    assert table.damaged == ()
    assert "mixes two encodings" in table.notices[0]
    assert other.upper() in table.notices[0]


def test_a_rare_name_alone_on_its_line_is_read_in_a_file_of_gb18030(tmp_path):
    path = tmp_path / "visits.csv"
    rows = "".join(f"V{n},{note}\n" for n, note in enumerate(NOTES))
    path.write_bytes(f"visit_id,note\n{rows}V9,堃\nV10,路\n".encode("gb18030"))
    table = read_table(path, {"note"})
    assert table.frame["note"].tolist() == [*NOTES, "堃", "路"]
    assert table.damaged == ()


def test_a_file_in_an_encoding_that_is_not_read_has_all_its_notes_named(tmp_path):
    path = tmp_path / "visits.csv"
    notes = ["奶奶說孩子在學校很好，沒有問題", "爸爸又打他了，身上有傷"]
    path.write_bytes(f"visit_id,note\nV1,{notes[0]}\nV2,{notes[1]}\n".encode("big5"))
    table = read_table(path, {"note"})
    assert table.damaged == ((2, "note"), (3, "note"))
    assert "neither UTF-8 nor GB18030" in table.notices[0]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("header", ["visit_id,note", "编号,记录", "记录"])
def test_utf_16_without_its_mark_is_said(tmp_path, codec, header):
    path = tmp_path / "visits.csv"
    path.write_bytes(f"{header}\nV1,孩子在家\n".encode(codec))
    with pytest.raises(CaseloadError, match="looks like UTF-16"):
        read_table(path)


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        (b"visit_id,note\nV1,x\n", "CSV"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel"),
        (b"hello", "plain"),
    ],
)
def test_a_workbook_that_is_none_is_said_with_what_it_looks_like(tmp_path, content, looks):
    path = tmp_path / "visits.xlsx"
    path.write_bytes(content)
    with pytest.raises(CaseloadError, match=looks):
        read_table(path)


def test_a_bad_byte_late_in_a_long_file_is_found(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_bytes(b"visit_id,note\n" + b"V1,\xe5\xa5\xb6 abc\n" * 200_000 + b"V2,caf\xe9 x\n")
    table = read_table(path, {"note"})
    assert table.damaged == ((200_002, "note"),)


def test_a_stray_western_letter_is_not_taken_for_chinese(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_bytes("visit_id,note\nV1,Mr Müller came\n".encode("latin-1"))
    table = read_table(path, {"note"})
    assert table.frame["note"].tolist() == ["Mr M\ufffdller came"]
    assert table.damaged == ((2, "note"),)


@pytest.mark.parametrize(("delimiter", "word"), [("\t", "tabs"), (";", "semicolons")])
def test_another_delimiter_is_read_and_said(tmp_path, delimiter, word):
    path = tmp_path / "visits.csv"
    path.write_text(f"visit_id{delimiter}note\nV1{delimiter}a, b\n", encoding="utf-8")
    table = read_table(path)
    assert table.frame["note"].tolist() == ["a, b"]
    assert word in table.notices[0]


def test_a_csv_that_ends_in_the_middle_of_a_row_is_said(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text("visit_id,child_id,note\nV1,C1,fine\nV2", encoding="utf-8")
    assert "cut off" in read_table(path).notices[0]


def test_numbers_read_from_csv_are_the_numbers_that_were_written(tmp_path):
    path = tmp_path / "a.csv"
    numbers = [0.1 + 0.2, 1 / 3, 0.85, 123456.789, 5e-7]
    path.write_text("\n".join(["x", *map(repr, numbers)]), encoding="utf-8")
    assert read_table(path).frame["x"].tolist() == numbers


BAD_FILES = [
    ("empty.csv", b"", "is empty"),
    ("blank.csv", b" \r\n\n", "is empty"),
    ("empty.xlsx", b"", "is empty"),
    ("empty.parquet", b"", "cannot be read as Parquet"),
    ("empty.jsonl", b"", "is empty"),
    ("twice.csv", b"a,b,a\n1,2,3\n", "two columns with the same name (columns 1 and 3)"),
    ("unnamed.csv", b"a,,c\n1,2,3\n", "no name for column 2"),
    ("long.csv", b"a,b\n1,2\n3,4,5\n", "3 cells in line 3"),
    ("all_long.csv", b"a,b\n1,2,3\n3,4,5\n", "more cells than"),
    ("quote.csv", b'a,b\n1,"x\n2,y\n', "never closed"),
    ("renamed.csv", b"PK\x03\x04rest", "looks like a zip or Excel file"),
    ("renamed2.csv", b"PAR1rest", "looks like a Parquet file"),
    ("broken.jsonl", b'{"a": 1}\n{"a": \n', "line 2"),
    ("list.jsonl", b"[1, 2]\n", "line 1"),
    ("deep.jsonl", b"[" * 100_000 + b"\n", "line 1"),
    ("text.xlsx", b"not a workbook", "cannot be read as XLSX"),
    ("text.parquet", b"not a table", "cannot be read as Parquet"),
    ("old.xls", b"\xd0\xcf\x11\xe0", "an ending that is not read"),
]


@pytest.mark.parametrize(("name", "content", "said"), BAD_FILES, ids=[row[0] for row in BAD_FILES])
def test_a_file_that_cannot_be_read_gives_one_clear_sentence(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CaseloadError) as caught:
        read_table(path)
    message = str(caught.value)
    assert said in message
    assert name in message
    assert "\n" not in message


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_file_gives_one_clear_sentence(tmp_path, suffix, share):
    path = write(tmp_path, suffix)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CaseloadError, match="cut off"):
        read_table(path)


def test_a_folder_or_nothing_in_place_of_a_file_is_said(tmp_path):
    (tmp_path / "children.csv").mkdir()
    with pytest.raises(CaseloadError, match="is a folder"):
        read_table(tmp_path / "children.csv")
    with pytest.raises(CaseloadError, match="does not exist"):
        read_table(tmp_path / "visits.csv")


@pytest.mark.parametrize(
    ("suffix", "module", "extra"),
    [(".parquet", "pyarrow.parquet", "parquet"), (".xlsx", "openpyxl", "xlsx")],
)
def test_a_missing_library_says_which_extra_to_install(
    tmp_path, monkeypatch, suffix, module, extra
):
    path = write(tmp_path, suffix)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"carescreen\[{extra}\]"):
        read_table(path)


def test_two_files_of_one_table_are_an_error(tmp_path):
    write(tmp_path, ".csv")
    write(tmp_path, ".xlsx")
    with pytest.raises(CaseloadError, match=r"visits\.csv and visits\.xlsx"):
        find_table(tmp_path, "visits")


def test_a_table_is_found_whatever_the_case_of_its_name(tmp_path):
    (tmp_path / "Children.CSV").write_text("child_id\nC1\n", encoding="utf-8")
    assert find_table(tmp_path, "children") == tmp_path / "Children.CSV"
    assert find_table(tmp_path, "visits") is None


def test_the_sheet_named_like_the_table_is_read(tmp_path):
    path = tmp_path / "visits.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="cover", index=False)
        pd.DataFrame(ROWS, columns=COLUMNS).to_excel(book, sheet_name="Visits", index=False)
    table = read_table(path)
    assert list(table.frame) == COLUMNS
    assert table.notices == ()


def test_of_several_sheets_without_that_name_the_first_is_read_and_said(tmp_path):
    path = tmp_path / "visits.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        pd.DataFrame(ROWS, columns=COLUMNS).to_excel(book, sheet_name="x", index=False)
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="y", index=False)
    table = read_table(path)
    assert list(table.frame) == COLUMNS
    assert "2 sheets" in table.notices[0]


def test_long_integers_of_parquet_with_blanks_keep_every_digit(tmp_path):
    path = tmp_path / "children.parquet"
    ids = pd.array([522301201501011234, None], dtype="Int64")
    pd.DataFrame({"child_id": ids}).to_parquet(path)
    assert str(read_table(path).frame["child_id"].iloc[0]) == "522301201501011234"


def test_the_index_of_a_pandas_parquet_is_read_as_a_column(tmp_path):
    path = tmp_path / "children.parquet"
    pd.DataFrame({"child_id": ["C1"], "x": [1]}).set_index("child_id").to_parquet(path)
    assert set(read_table(path).frame) == {"child_id", "x"}


def test_a_dataframe_is_taken_over_without_being_changed():
    frame = pd.DataFrame({" child_id ": ["C1", None]}, index=["x", "y"])
    table = from_frame("children", frame)
    assert list(table.frame) == ["child_id"]
    assert list(frame) == [" child_id "]
    assert table.rows.tolist() == [1]


def test_something_that_is_no_dataframe_is_said():
    with pytest.raises(CaseloadError, match="wanted a pandas DataFrame"):
        from_frame("children", [{"child_id": "C1"}])


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".jsonl"]))
def test_no_bytes_at_all_break_the_reader_without_a_clear_sentence(
    tmp_path_factory, content, suffix
):
    path = tmp_path_factory.mktemp("bytes") / f"visits{suffix}"
    path.write_bytes(content)
    message = ""
    try:
        read_table(path)
    except CaseloadError as error:
        message = str(error)
    assert "\n" not in message


@settings(max_examples=40, deadline=None)
@given(
    notes=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), min_size=1, max_size=5
    )
)
def test_texts_come_back_from_csv_and_jsonl_as_they_were_written(tmp_path_factory, notes):
    folder = tmp_path_factory.mktemp("texts")
    frame = pd.DataFrame({"visit_id": [f"V{i}" for i in range(len(notes))], "note": notes})
    frame.to_csv(folder / "a.csv", index=False)
    lines = [json.dumps(row, ensure_ascii=False) for row in frame.to_dict("records")]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for name in ("a.csv", "a.jsonl"):
        assert read_table(folder / name, {"visit_id", "note"}).frame["note"].tolist() == notes

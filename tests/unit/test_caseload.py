"""A caseload: read from folders and DataFrames, checked value by value, as known by a date."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.caseload import Caseload, CheckedCaseload
from carescreen.errors import CaseloadError
from carescreen.indicators import Indicator
from carescreen.pack import Pack

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "chinese_export"
FORMS = ROOT.parent / "shared" / "data" / "forms"

TITLE = {"en": "x", "zh": "x"}
INDICATORS = {
    indicator.id: indicator
    for indicator in (
        Indicator("sex", "child", "enum", "state", TITLE, ("female", "male"), ("unknown",)),
        Indicator("at_school", "education", "enum", "state", TITLE, ("yes", "no"), ("unknown",)),
        Indicator("days_alone", "supervision", "integer", "event", TITLE, range=(0.0, 7.0)),
        Indicator("sites", "safety", "set", "event", TITLE, ("ear", "neck")),
        Indicator("assessed_on", "care", "date", "state", TITLE),
        Indicator("unsafe", "household", "enum", "state", TITLE, ("yes", "no")),
        Indicator("days_since_seen", "service", "integer", "derived", TITLE),
    )
}

CHILDREN = {"child_id": ["C1", "C2"], "village_id": "V1", "birth_date": "2018-03-01"}
VISITS = {"visit_id": ["T1", "T2"], "child_id": ["C1", "C2"], "visit_date": "2026-05-01"}


def table(columns: dict[str, object]) -> pd.DataFrame:
    length = max(len(cells) for cells in columns.values() if isinstance(cells, list))
    return pd.DataFrame(columns, index=range(length))


def check(children=None, visits=None, **tables: dict[str, object]) -> CheckedCaseload:
    """The standard two children and visits, with columns replaced or added."""
    caseload = Caseload(
        table({**CHILDREN, **(children or {})}),
        table({**VISITS, **(visits or {})}),
        **{name: table(columns) for name, columns in tables.items()},
    )
    return caseload.check(INDICATORS)


def rejected(checked: CheckedCaseload) -> list[tuple[str, int, str]]:
    frame = checked.rejected
    return list(zip(frame["file"], frame["row"].tolist(), frame["field"], strict=True))


def needs(checked: CheckedCaseload) -> list[tuple[str, str]]:
    return list(zip(checked.needs_data["child_id"], checked.needs_data["reason"], strict=True))


def days(column: pd.Series) -> list[str]:
    return [str(day) for day in column.to_numpy(dtype="datetime64[D]")]


def write_county(folder: Path, children: str | None = None, visits: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    children = children or "child_id,village_id,birth_date\nC1,V1,2018-03-01\nC2,V1,2019-05-05\n"
    visits = visits or "visit_id,child_id,visit_date,note\nT1,C1,2026-05-01,fine\n"
    (folder / "children.csv").write_text(children, encoding="utf-8")
    (folder / "visits.csv").write_text(visits, encoding="utf-8")
    return folder


# --- reading -----------------------------------------------------------------------------------


def test_a_folder_gives_all_five_tables_with_the_columns_they_must_have(tmp_path):
    caseload = Caseload.read(write_county(tmp_path / "county"))
    assert len(caseload.children) == 2
    assert len(caseload.visits) == 1
    for name, column in (
        ("households", "household_id"),
        ("outcomes", "result"),
        ("decisions", "decision"),
    ):
        assert column in getattr(caseload, name)
        assert len(getattr(caseload, name)) == 0
    assert caseload.describe()["children"] == {"file": "children.csv", "rows": 2, "columns": 3}
    assert list(caseload.rejected) == ["file", "row", "field", "expected", "action"]
    assert len(caseload.needs_data) == 0


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet", ".jsonl"])
def test_every_format_gives_the_same_checked_caseload(tmp_path, suffix):
    from_csv = Caseload.read(write_county(tmp_path / "csv")).check(INDICATORS)
    other = tmp_path / "other"
    other.mkdir()
    for name in ("children", "visits"):
        frame = pd.read_csv(tmp_path / "csv" / f"{name}.csv", dtype=str)
        if suffix == ".xlsx":
            frame.to_excel(other / f"{name}.xlsx", index=False, engine="openpyxl")
        elif suffix == ".parquet":
            frame.to_parquet(other / f"{name}.parquet")
        else:
            frame.to_json(other / f"{name}.jsonl", orient="records", lines=True)
    read = Caseload.read(other).check(INDICATORS)
    for name in ("children", "visits"):
        expected, found = (getattr(each, name).drop(columns="row") for each in (from_csv, read))
        pd.testing.assert_frame_equal(expected, found)


# Files that differ from those of `write_county`; None: not there.
BAD_FOLDERS = [
    ({"children.csv": None}, "no table children: wanted children.csv, children.parquet"),
    ({"children.csv": None, "child.csv": "a"}, "did you mean 'child.csv'?"),
    ({"children.csv": None, "children.xls": "a"}, "children.xls is not read"),
    ({"children.csv": ""}, "children.csv is empty"),
    ({"children.csv": "child_id,village_id,birth_date\n"}, "children.csv has no rows"),
    ({"children.csv": "village_id,birth_date\nV1,2018-01-01\n"}, "no column 'child_id'"),
    ({"children.csv": "childid,village_id,birth_date\nC1,V1,2018-01-01\n"}, "mean 'child_id'?"),
    ({"children.csv": "child_id,village_id,birth_dat\nC1,V1,2018-01-01\n"}, "mean 'birth_date'?"),
    ({"children.csv": "CHILD_ID,village_id,birth_date\nC1,V1,2018-01-01\n"}, "mean 'child_id'?"),
    ({"children.csv": "child_id,village_id\nC1,V1\n"}, "no column 'birth_date'"),
    ({"children.csv": "child_id,village_id,age_years\nC1,V1,6\n"}, "no column 'recorded_at'"),
    ({"visits.csv": "visit_id,child_id\nT1,C1\n"}, "no column 'visit_date'"),
    ({"visits.csv": None}, "no table visits"),
    ({"outcomes.csv": "child_id,outcome_date\nC1,2026-01-01\n"}, "no column 'result'"),
    ({"households.xlsx": "text"}, "households.xlsx cannot be read as XLSX"),
    ({"mapping.yaml": "tables: {visits: {file: 走访.csv}}"}, "has no file '走访.csv'"),
    ({"mapping.yaml": "table: {}"}, "did you mean 'tables'?"),
]


@pytest.mark.parametrize(("files", "said"), BAD_FOLDERS, ids=[said for _, said in BAD_FOLDERS])
def test_a_folder_that_cannot_be_read_gives_one_clear_sentence(tmp_path, files, said):
    folder = write_county(tmp_path / "county")
    for name, text in files.items():
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(CaseloadError) as caught:
        Caseload.read(folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_or_is_a_file_is_said(tmp_path):
    with pytest.raises(CaseloadError, match="does not exist"):
        Caseload.read(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(CaseloadError, match="is a file"):
        Caseload.read(tmp_path / "file")


def test_a_file_without_a_header_shows_none_of_its_values(tmp_path):
    folder = write_county(tmp_path, children="王小明,槐树坪,2018-03-01\n李小红,槐树坪,2019-01-01\n")
    with pytest.raises(CaseloadError) as caught:
        Caseload.read(folder)
    assert "王小明" not in str(caught.value)
    assert "槐树坪" not in str(caught.value)


def test_the_mapping_of_the_folder_is_used_and_another_can_be_given(tmp_path):
    folder = write_county(tmp_path / "county", visits="走访,儿童,日期\nT1,C1,2026-05-01\n")
    text = "tables: {visits: {columns: {走访: visit_id, 儿童: child_id, 日期: visit_date}}}"
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CaseloadError, match="no column 'visit_id'"):
        Caseload.read(folder)
    assert Caseload.read(folder, tmp_path / "other.yaml").visits["child_id"].tolist() == ["C1"]
    (folder / "mapping.yaml").write_text(text, encoding="utf-8")
    assert Caseload.read(folder).visits["child_id"].tolist() == ["C1"]


def test_unreadable_bytes_are_reported_by_file_row_and_field(tmp_path):
    folder = write_county(tmp_path / "county")
    (folder / "visits.csv").write_bytes(
        b"visit_id,child_id,visit_date,note\nT1,C1,2026-05-01,ok\nT2,C2,2026-05-01,ab\xff\n"
    )
    assert rejected(Caseload.read(folder)) == [("visits.csv", 3, "note")]
    checked = Caseload.read(folder).check(INDICATORS)
    assert rejected(checked) == [("visits.csv", 3, "note")]
    assert checked.visits["note"].tolist() == ["ok", "ab\ufffd"]


def test_a_caseload_shows_counts_and_no_record_when_printed():
    checked = check()
    assert repr(checked) == "CheckedCaseload(2 children, 2 visits)"
    assert repr(Caseload(table(CHILDREN))) == "Caseload(2 children, 0 visits)"


# --- encoding ----------------------------------------------------------------------------------


def test_the_encoding_of_columns_is_what_other_modules_build_on():
    checked = check(
        {"household_id": ["H1", None], "sex": ["male", ""], "assessed_on": ["2026-01-02", None]},
        {
            "child_seen": ["是", None],
            "worker_concern": ["no", "yes"],
            "days_alone": ["3", ""],
            "sites": ["ear;neck", ""],
            "note": [" as written ", "  "],
            "recorded_at": ["2026-05-02 08:30", ""],
        },
    )
    children, visits = checked.children, checked.visits
    assert children["child_id"].dtype == object
    assert children["household_id"].tolist() == ["H1", None]
    assert children["birth_date"].dtype == "datetime64[s]"
    assert children["sex"].dtype == np.int16
    assert children["sex"].tolist() == [1, -1]
    assert days(children["assessed_on"]) == ["2026-01-02", "NaT"]
    assert children["age_years"].isna().all()
    assert visits["child_seen"].tolist() == [1, -1]
    assert visits["child_seen"].dtype == np.int16
    assert visits["worker_concern"].tolist() == [0, 1]
    assert visits["days_alone"].dtype == np.float64
    assert visits["sites"].tolist() == [3, -1]
    assert visits["sites"].dtype == np.int64
    assert visits["note"].tolist() == [" as written ", None]
    assert visits["note"].dtype == object
    assert visits["recorded_at"].dtype == "datetime64[s]"
    assert visits["row"].tolist() == [1, 2]
    assert visits["row"].dtype == np.int64
    assert len(checked.rejected) == 0
    assert len(checked.needs_data) == 0


def test_dataframes_of_any_type_are_understood():
    children = pd.DataFrame(
        {
            "child_id": [1, 2],
            "village_id": pd.Categorical(["V1", "V2"]),
            "birth_date": pd.to_datetime(["2018-03-01", "2019-03-01"]),
            "at_school": [True, False],
            "sex": pd.Categorical(["male", "female"]),
        },
        index=["a", "b"],
    )
    visits = pd.DataFrame(
        {
            "visit_id": [10.0, 11.0],
            "child_id": pd.array([1, 2], dtype="Int64"),
            "visit_date": [pd.Timestamp("2026-05-01 23:00", tz="Asia/Shanghai")] * 2,
            "child_seen": pd.array([True, None], dtype="boolean"),
            "days_alone": np.array([3, 9], dtype=np.int8),
        }
    )
    checked = Caseload(children, visits).check(INDICATORS)
    assert checked.children["child_id"].tolist() == ["1", "2"]
    assert checked.children["at_school"].tolist() == [0, 1]
    assert checked.children["sex"].tolist() == [1, 0]
    assert checked.visits["visit_id"].tolist() == ["10", "11"]
    assert checked.visits["child_id"].tolist() == ["1", "2"]
    assert checked.visits["child_seen"].tolist() == [1, -1]
    assert days(checked.visits["visit_date"]) == ["2026-05-01"] * 2
    assert rejected(checked) == [("visits", 2, "days_alone")]
    assert list(children.index) == ["a", "b"]


def test_a_word_that_means_missing_in_other_programs_is_an_id_like_any_other(tmp_path):
    folder = write_county(
        tmp_path,
        children="child_id,village_id,birth_date\nNA,None,2018-01-01\nnull,nan,2018-01-01\n",
        visits="visit_id,child_id,visit_date\nT1,NA,2026-01-01\n",
    )
    checked = Caseload.read(folder).check(INDICATORS)
    assert checked.children["child_id"].tolist() == ["NA", "null"]
    assert checked.children["village_id"].tolist() == ["None", "nan"]
    assert len(checked.needs_data) == 0


def test_an_unknown_column_is_left_out_and_said_with_a_near_name():
    checked = check(visits={"noet": "x", "chld_seen": "yes", "shoe_size": "31"})
    assert not {"noet", "chld_seen", "shoe_size"} & set(checked.visits)
    said = "\n".join(checked.notices)
    assert "column 'noet' is not known and was left out; did you mean 'note'?" in said
    assert "did you mean 'child_seen'?" in said
    assert "column 'shoe_size' is not known and was left out." in said


def test_a_computed_indicator_is_not_read_from_a_table():
    checked = check({"days_since_seen": 3})
    assert "days_since_seen" not in checked.children
    assert any("'days_since_seen' is computed" in notice for notice in checked.notices)


def test_other_columns_of_decisions_and_outcomes_are_kept_as_text():
    checked = check(
        decisions={
            "child_id": ["C1"],
            "decided_at": "2026-05-02 10:00",
            "decided_by": "W1",
            "decision": "Close",
            "rule": "cn_x",
            "ticket": 7,
        }
    )
    assert checked.decisions["ticket"].tolist() == ["7"]
    assert checked.decisions["decision"].tolist() == ["close"]
    assert checked.decisions["decided_at"].tolist() == [pd.Timestamp("2026-05-02 10:00")]


# --- what is rejected --------------------------------------------------------------------------

BAD_VALUES = [
    ("children", "sex", "boy"),
    ("children", "assessed_on", "2026-02-30"),
    ("children", "recorded_at", "last week"),
    ("children", "age_years", "-1"),
    ("visits", "child_seen", "perhaps"),
    ("visits", "worker_concern", "2"),
    ("visits", "days_alone", "8"),
    ("visits", "days_alone", "2.5"),
    ("visits", "sites", "tail"),
    ("visits", "recorded_at", "2026-13-40"),
]


@pytest.mark.parametrize(("name", "field", "value"), BAD_VALUES)
def test_a_bad_optional_value_becomes_missing_and_is_reported(name, field, value):
    checked = check(**{name: {field: ["", value]}})
    assert rejected(checked) == [(name, 2, field)]
    column = getattr(checked, name)[field]
    assert pd.isna(column[1]) or column[1] == -1
    assert len(checked.needs_data) == 0
    assert value not in " ".join(checked.rejected["expected"] + checked.rejected["action"])


def test_a_known_part_of_a_set_counts_and_the_rest_is_reported():
    checked = check(visits={"sites": ["ear;tail", ""]})
    assert checked.visits["sites"].tolist() == [1, -1]
    assert rejected(checked) == [("visits", 1, "sites")]


@pytest.mark.parametrize("date", ["2026-13-40", "", "2017-01-01", "2026-05-04"])
def test_a_visit_without_a_usable_date_stays_with_its_note(date):
    checked = check(
        visits={"visit_date": ["2026-05-01", date], "recorded_at": "2026-05-02", "note": "seen"}
    )
    assert days(checked.visits["visit_date"]) == ["2026-05-01", "NaT"]
    assert checked.visits["note"].tolist() == ["seen", "seen"]
    assert rejected(checked) == [("visits", 2, "visit_date")]
    assert needs(checked) == [("C2", "visit_row_rejected")]


def test_a_visit_written_down_the_evening_before_by_the_clock_of_a_server_is_fine():
    checked = check(visits={"recorded_at": "2026-04-30 23:50"})
    assert len(checked.rejected) == 0


def test_a_visit_without_an_id_is_kept_under_one_made_of_its_content():
    rows = {"visit_id": [None, ""], "note": ["a", "b"]}
    checked = check(visits=rows)
    ids = checked.visits["visit_id"].tolist()
    assert len(set(ids)) == 2
    assert all(name.startswith("no-id-") for name in ids)
    assert needs(checked) == [("C1", "visit_row_rejected"), ("C2", "visit_row_rejected")]
    turned = Caseload(table(CHILDREN), table({**VISITS, **rows}).iloc[::-1]).check(INDICATORS)
    assert sorted(turned.visits["visit_id"]) == sorted(ids)


def test_a_row_without_a_child_goes_out_and_is_reported():
    checked = check(
        {"child_id": ["C1", None]},
        {"child_id": [" ", "C1"]},
        households={"household_id": [None, "H1"], "unsafe": "no"},
    )
    assert checked.children["child_id"].tolist() == ["C1"]
    assert checked.visits["visit_id"].tolist() == ["T2"]
    assert checked.households["household_id"].tolist() == ["H1"]
    assert rejected(checked) == [
        ("children", 2, "child_id"),
        ("visits", 1, "child_id"),
        ("households", 1, "household_id"),
    ]


@pytest.mark.parametrize("date", ["2018-13-40", "2026-06-01"])
def test_a_child_whose_birth_date_cannot_be_used_is_kept_and_needs_data(date):
    checked = check(
        {"birth_date": ["2018-03-01", date], "recorded_at": "2026-01-01", "sex": "male"}
    )
    assert days(checked.children["birth_date"]) == ["2018-03-01", "NaT"]
    assert checked.children["sex"].tolist() == [1, 1]
    assert rejected(checked) == [("children", 2, "birth_date")]
    assert needs(checked) == [("C2", "child_row_rejected")]


def test_an_unknown_age_is_counted_not_rejected():
    checked = check({"birth_date": ["2018-03-01", ""]})
    assert len(checked.rejected) == 0
    assert "children: children whose age is not known: 1." in checked.notices
    by_age = check({"birth_date": ["2018-03-01", ""], "age_years": 6, "recorded_at": "2026-01-01"})
    assert by_age.notices == []


def test_the_newest_row_of_a_child_says_who_it_is_and_the_others_stay_as_records():
    checked = check(
        {
            "child_id": ["C1", "C1", "C2"],
            "recorded_at": ["2026-03-01", "2026-01-01", "2026-01-01"],
            "birth_date": [None, "2018-03-01", "2019-01-01"],
            "household_id": ["H2", "H1", "H3"],
            "sex": ["female", "male", "male"],
        }
    )
    assert checked.children["child_id"].tolist() == ["C1", "C2"]
    assert checked.children["household_id"].tolist() == ["H2", "H3"]
    assert days(checked.children["birth_date"]) == ["2018-03-01", "2019-01-01"]
    assert checked.children["sex"].tolist() == [0, 1]
    assert checked.more_children["sex"].tolist() == [1]
    assert checked.summary()["tables"]["children"]["rows_used"] == 3
    assert rejected(checked) == [("children", 2, "child_id")]
    assert needs(checked) == [("C1", "duplicate_child")]


@pytest.mark.parametrize("turn", [1, -1])
def test_two_rows_of_a_child_with_one_date_are_told_apart_by_content_not_by_order(turn):
    children = table({**CHILDREN, "child_id": "C1", "sex": ["male", "female"]}).iloc[::turn]
    kept = Caseload(children).check(INDICATORS).children["sex"].tolist()
    assert kept == Caseload(children.iloc[::-1]).check(INDICATORS).children["sex"].tolist()


def test_an_exact_copy_of_a_visit_is_left_out_and_counted():
    checked = check(visits={"visit_id": "T1", "child_id": "C1", "note": ["same", "same"]})
    assert checked.visits["row"].tolist() == [1]
    assert checked.notices == ["visits: exact copies of a visit left out: 1."]
    assert len(checked.rejected) == 0


def test_visits_that_share_an_id_but_differ_are_all_kept_and_reported():
    checked = check(visits={"visit_id": "T1", "note": ["a", "b"]})
    assert checked.visits["note"].tolist() == ["a", "b"]
    assert rejected(checked) == [("visits", 1, "visit_id"), ("visits", 2, "visit_id")]
    assert len(checked.needs_data) == 0


def test_of_two_rows_of_a_household_the_newest_counts():
    checked = check(
        households={
            "household_id": ["H1", "H1", "H1"],
            "recorded_at": ["2026-01-01", "2026-03-01", "2026-03-01"],
            "unsafe": ["yes", "no", "no"],
        }
    )
    assert checked.households["unsafe"].tolist() == [1]
    assert rejected(checked) == [("households", 1, "household_id")]


def test_a_child_that_only_visits_or_outcomes_name_is_added_by_its_id():
    checked = check(
        visits={"child_id": ["C1", "C9"]},
        outcomes={"child_id": ["C8", "C7"], "outcome_date": ["2026-05-01", "bad"], "result": ""},
    )
    assert checked.children["child_id"].tolist() == ["C1", "C2", "C7", "C8", "C9"]
    assert checked.children["row"].tolist() == [1, 2, 0, 0, 0]
    assert checked.children["village_id"].tolist() == ["V1", "V1", None, None, None]
    assert needs(checked) == [(child, "unknown_child") for child in ("C7", "C8", "C9")]
    assert checked.outcomes["child_id"].tolist() == ["C8"]


def test_a_decision_about_a_child_of_no_table_adds_nobody_and_is_counted():
    checked = check(
        decisions={
            "child_id": ["C9"],
            "decided_at": "2026-05-01",
            "decided_by": "W",
            "decision": "agree",
        }
    )
    assert "C9" not in checked.children["child_id"].tolist()
    assert checked.notices == [
        "decisions: decisions about children who are not in the children table: 1."
    ]


def test_a_bad_word_of_an_outcome_is_missing_and_a_bad_date_takes_the_row_out():
    checked = check(
        outcomes={
            "child_id": ["C1", "C1", "C2"],
            "outcome_date": ["2026-05-01", "2026-99-01", "2026-05-03"],
            "result": ["Confirmed", "confirmed", "perhaps"],
            "selection_probability": ["0.5", "", "1.5"],
        }
    )
    assert checked.outcomes["result"].tolist() == ["confirmed", None]
    assert rejected(checked) == [
        ("outcomes", 2, "outcome_date"),
        ("outcomes", 3, "result"),
        ("outcomes", 3, "selection_probability"),
    ]


def test_the_summary_counts_without_naming_a_child():
    summary = check(visits={"child_id": ["C1", "C9"], "days_alone": ["8", "9"]}).summary()
    assert summary["tables"]["children"] == {"file": "children", "rows_read": 2, "rows_used": 2}
    assert summary["tables"]["visits"] == {"file": "visits", "rows_read": 2, "rows_used": 2}
    assert {"file": "visits", "field": "days_alone", "count": 2} in summary["rejected"]
    assert summary["needs_data"] == {"unknown_child": 1}
    assert "C9" not in json.dumps(summary)


# --- as of a date ------------------------------------------------------------------------------


def test_rows_dated_or_recorded_after_the_day_do_not_count():
    checked = check(
        {"recorded_at": ["2026-01-01", ""]},
        {
            "visit_id": ["T1", "T2", "T3", "T4"],
            "child_id": "C1",
            "visit_date": ["2026-05-01", "2026-05-01", "2026-05-03", "bad"],
            "recorded_at": ["2026-05-01 23:59", "2026-05-02 00:00", "", ""],
        },
    )
    known = checked.known_by("2026-05-01")
    assert known.visits["visit_id"].tolist() == ["T1", "T4"]
    assert checked.known_by("2026-05-03").visits["visit_id"].tolist() == ["T1", "T2", "T3", "T4"]
    assert any("after 2026-05-01" in notice for notice in known.notices)
    assert checked.known_by("2026-12-31") is checked


def test_a_child_recorded_later_is_listed_only_if_a_visit_already_named_it():
    checked = check({"recorded_at": "2026-06-01"}, {"visit_date": ["2026-05-01", "2026-07-01"]})
    assert needs(checked) == []
    known = checked.known_by("2026-05-15")
    assert known.children["child_id"].tolist() == ["C1"]
    assert needs(known) == [("C1", "unknown_child")]
    assert known.children["birth_date"].isna().all()


def test_what_is_recorded_later_is_no_reason_to_need_data_now():
    checked = check(
        {
            "child_id": ["C1", "C1", "C2"],
            "recorded_at": ["2026-01-01", "2026-06-01", "2026-06-01"],
            "birth_date": ["2018-03-01", "2025-12-01", "bad"],
            "sex": ["male", "female", ""],
        },
        {"visit_date": ["2025-05-01", "bad"], "recorded_at": ["", "2026-06-01"]},
    )
    assert needs(checked) == [
        ("C1", "duplicate_child"),
        ("C1", "visit_row_rejected"),
        ("C2", "child_row_rejected"),
        ("C2", "visit_row_rejected"),
    ]
    known = checked.known_by("2026-05-01")
    assert needs(known) == []
    assert known.children["sex"].tolist() == [1]
    assert days(known.visits["visit_date"]) == ["2025-05-01"]


def test_decisions_outcomes_and_households_of_later_do_not_count():
    checked = check(
        households={"household_id": ["H1", "H1"], "recorded_at": ["2026-01-01", "2026-06-01"]},
        outcomes={"child_id": ["C1"], "outcome_date": "2026-06-01", "result": "confirmed"},
        decisions={
            "child_id": ["C1", "C1"],
            "decided_at": ["2026-05-01 18:00", "2026-05-02 08:00"],
            "decided_by": "W",
            "decision": "agree",
        },
    )
    known = checked.known_by("2026-05-01")
    assert len(known.outcomes) == 0
    assert len(known.decisions) == 1
    assert days(known.households["recorded_at"]) == ["2026-01-01"]


# --- what a person should look at --------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("note", "note_unreadable"),
        ("visit_id", "visit_row_rejected"),
        ("visit_date", "visit_row_rejected"),
    ],
)
def test_a_child_with_a_damaged_cell_of_a_visit_needs_data(tmp_path, column, reason):
    folder = write_county(tmp_path / "county")
    cells = {"visit_id": b"T2", "child_id": b"C2", "visit_date": b"2026-05-01", "note": b"ab"}
    cells[column] += b"\xff"
    line = b",".join(cells.values())
    (folder / "visits.csv").write_bytes(b"visit_id,child_id,visit_date,note\n" + line + b"\n")
    checked = Caseload.read(folder).check(INDICATORS)
    assert needs(checked) == [("C2", reason)]
    assert needs(checked.known_by("2026-04-30")) == (
        [] if column != "visit_date" else needs(checked)
    )


@pytest.mark.parametrize("name", ["nots", "NOTE", "记录", "remarks"])
def test_a_column_that_is_very_likely_the_notes_is_suspected(name):
    checked = check(visits={name: ["孩子一个人在家过夜", "奶奶说孩子在学校很好"]})
    assert [(column.column, column.is_suspect) for column in checked.left_out] == [(name, True)]
    assert str(checked.left_out[0]) in checked.notices


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("phone", ["13912345678", "13812345678"]),
        ("child_name", ["王小明", "李小红"]),
        ("office", ["V1-2", ""]),
        ("days_since_seen", [3, 4]),
    ],
)
def test_another_column_is_left_out_and_not_suspected(column, cells):
    checked = check(visits={"note": "fine", "child_seen": "yes", column: cells})
    assert [(left.column, left.is_suspect) for left in checked.left_out] == [(column, False)]


def test_long_text_beside_the_notes_is_not_suspected():
    checked = check(visits={"note": "fine", "记录": "孩子一个人在家过夜，门反锁着"})
    assert not checked.left_out[0].is_suspect


def test_a_slip_in_the_name_of_an_indicator_of_a_child_is_suspected():
    assert check({"at_scool": "yes"}).left_out[0].is_suspect


def test_visits_without_a_row_are_said():
    checked = Caseload(table(CHILDREN)).check(INDICATORS)
    assert checked.notices == ["visits has no rows: no child counts as visited."]


def test_a_birth_date_after_the_as_of_date_is_missing_for_that_run_and_needs_data():
    checked = check({"birth_date": ["2018-03-01", "2031-01-01"]})
    known = checked.known_by("2026-11-01")
    assert days(known.children["birth_date"]) == ["2018-03-01", "NaT"]
    assert needs(known) == [("C2", "child_row_rejected")]
    assert "children: birth dates after 2026-11-01, set to missing: 1." in known.notices
    assert days(checked.known_by("2031-01-01").children["birth_date"])[1] == "2031-01-01"


def test_an_age_without_the_date_of_its_recording_is_rejected_row_by_row():
    checked = check({"birth_date": ["2018-03-01", ""], "age_years": 9, "recorded_at": ""})
    assert rejected(checked) == [("children", 2, "age_years")]
    assert "recorded_at" in checked.rejected["expected"].iloc[0]


@pytest.mark.parametrize(
    "columns",
    [
        {"birth_date": ["2018-03-01", "1980-05-05"]},
        {"birth_date": ["2018-03-01", ""], "age_years": 99, "recorded_at": "2026-01-01"},
        {"birth_date": ["2018-03-01", ""], "age_years": 24.5, "recorded_at": "2026-01-01"},
    ],
)
def test_someone_of_twenty_five_or_more_is_listed_and_counted(columns):
    known = check(columns).known_by("2026-11-01")
    assert known.children["child_id"].tolist() == ["C1", "C2"]
    assert sum("people of 25 or more on 2026-11-01" in notice for notice in known.notices) == 1
    assert not any("people of 25" in n for n in check(columns).known_by("2004-01-01").notices)


def test_a_nul_in_an_id_is_left_out_and_reported():
    checked = check(visits={"child_id": ["C1", "C\x002"]})
    assert checked.visits["child_id"].tolist() == ["C1", "C2"]
    assert rejected(checked) == [("visits", 2, "child_id")]
    assert needs(checked) == []


def test_the_files_that_were_read_are_known(tmp_path):
    folder = write_county(tmp_path / "county")
    names = {path.name for path in Caseload.read(folder).files}
    assert {"children.csv", "visits.csv"} <= names
    assert Caseload(table(CHILDREN)).files == ()


# --- laws --------------------------------------------------------------------------------------

IDS = st.sampled_from(["C1", "C2", "C3", "", None])
DATES = st.sampled_from(["2026-01-01", "2026-05-01", "2026/5/2", "2017-01-01", "bad", "", None])
JUNK = st.one_of(st.text(max_size=6), st.none(), st.integers(), st.floats(), st.booleans())
CHILD_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "child_id": IDS,
            "village_id": st.sampled_from(["V1", ""]),
            "birth_date": DATES,
            "recorded_at": DATES,
            "sex": st.sampled_from(["male", "female", "x", ""]),
        }
    ),
    min_size=1,
    max_size=6,
)
VISIT_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "visit_id": st.sampled_from(["T1", "T2", "", None]),
            "child_id": st.sampled_from(["C1", "C3", "C9", ""]),
            "visit_date": DATES,
            "recorded_at": DATES,
            "note": st.sampled_from(["a", "b", ""]),
        }
    ),
    max_size=6,
)
AS_OF = st.sampled_from(["2025-12-31", "2026-01-01", "2026-05-01", "2026-12-31"])


def build(children, visits) -> CheckedCaseload | None:
    frame = pd.DataFrame(children, dtype=object)
    if not frame.replace("", None).notna().any(axis=None):
        return None  # nothing but blank rows: an empty table, which is an error
    visit_columns = ["visit_id", "child_id", "visit_date", "recorded_at", "note"]
    return Caseload(frame, pd.DataFrame(visits, columns=visit_columns, dtype=object)).check(
        INDICATORS
    )


def content(checked: CheckedCaseload) -> list[object]:
    tables = [checked.children, checked.visits]
    rows = [sorted(map(str, frame.drop(columns="row").to_numpy().tolist())) for frame in tables]
    return [*rows, needs(checked), sorted(checked.rejected["field"]), sorted(checked.notices)]


@settings(max_examples=max(30, settings().max_examples), deadline=None)
@given(children=CHILD_ROWS, visits=VISIT_ROWS, as_of=AS_OF, random=st.randoms())
def test_the_order_of_rows_changes_nothing(children, visits, as_of, random):
    one = build(children, visits)
    if one is None:
        return
    random.shuffle(children)
    random.shuffle(visits)
    other = build(children, visits)
    assert content(one) == content(other)
    assert content(one.known_by(as_of)) == content(other.known_by(as_of))


@settings(max_examples=max(30, settings().max_examples), deadline=None)
@given(children=CHILD_ROWS, visits=VISIT_ROWS)
def test_every_child_of_the_input_has_exactly_one_row(children, visits):
    checked = build(children, visits)
    if checked is None:
        return
    named = {row["child_id"] for row in children + visits} - {"", None}
    assert sorted(checked.children["child_id"]) == sorted(named)
    assert set(checked.needs_data["child_id"]) <= named


@settings(max_examples=max(30, settings().max_examples), deadline=None)
@given(children=CHILD_ROWS, visits=VISIT_ROWS, as_of=AS_OF)
def test_as_of_a_date_equals_an_input_without_the_later_rows(children, visits, as_of):
    checked = build(children, visits)
    if checked is None:
        return

    def is_known(*cells):
        known = [cell.replace("/5/2", "-05-02") for cell in cells if cell and cell != "bad"]
        return all(cell <= as_of for cell in known)

    earlier_children = [row for row in children if is_known(row["recorded_at"])]
    # A row whose visit_date was refused for lying after recorded_at is known by its recorded_at.
    refused = {place for file, place, field in rejected(checked) if field == "visit_date"}
    unusable = {
        number
        for number, row in enumerate(visits, start=1)
        if number in refused
        and row["recorded_at"] not in ("", None, "bad")
        and not is_known(row["visit_date"])
    }
    earlier_visits = [
        row
        for number, row in enumerate(visits, start=1)
        if is_known(row["recorded_at"]) and (number in unusable or is_known(row["visit_date"]))
    ]
    earlier = build(earlier_children, earlier_visits) if earlier_children else None
    if earlier is None:
        return
    known, earlier = checked.known_by(as_of), earlier.known_by(as_of)
    assert needs(known) == needs(earlier)
    for name in ("children", "visits"):
        frames = [getattr(each, name).drop(columns="row") for each in (known, earlier)]
        found, expected = (sorted(map(str, frame.to_numpy().tolist())) for frame in frames)
        assert found == expected


@settings(max_examples=max(30, settings().max_examples), deadline=None)
@given(cells=st.lists(JUNK, min_size=2, max_size=2), name=st.sampled_from(sorted(INDICATORS)))
def test_junk_in_an_optional_field_never_raises_and_never_drops_a_child(cells, name):
    checked = check({name: cells}, {name: cells, "child_seen": cells, "note": cells})
    assert checked.children["child_id"].tolist() == ["C1", "C2"]
    assert len(checked.visits) == 2
    assert len(checked.needs_data) == 0


# --- real shapes -------------------------------------------------------------------------------


def test_the_chinese_export_is_read_through_its_mapping():
    checked = Caseload.read(EXAMPLE).check(Pack.load("cn-rural").indicators)
    children = checked.children.set_index("child_id")
    assert len(children) == 13
    assert checked.notices[0] == "儿童档案.csv is not UTF-8; it was read as GB18030."
    assert children.loc["0001", "village_id"] == "槐树坪村"
    assert days(children["birth_date"])[:4] == [
        "2018-05-02",
        "2021-11-19",
        "2012-09-08",
        "2010-01-23",
    ]
    assert set(checked.visits["data_origin"]) == {"synthetic"}
    assert checked.visits["note"].str.contains("爷爷住院了").sum() == 1
    assert checked.visits["child_seen"].value_counts().to_dict() == {1: 17, 0: 3}
    assert rejected(checked) == [
        ("儿童档案.csv", 13, "birth_date"),
        ("走访记录.csv", 19, "visit_date"),
        ("走访记录.csv", 20, "child_id"),
    ]
    assert needs(checked) == [
        ("0010", "visit_row_rejected"),
        ("0012", "child_row_rejected"),
        ("0099", "unknown_child"),
    ]


def test_a_field_survey_export_is_read_through_a_mapping(tmp_path):
    """Statutory child records of another system; their day-first dates are refused, not guessed."""
    source = FORMS / "uk_csc_synthetic" / "ssda903_header.csv"
    if not source.exists():
        pytest.skip("the shared sample forms are not on this machine")
    frame = pd.read_csv(source, dtype=str)
    frame = frame.assign(village=frame.iloc[:, 0].str[:1])
    frame.to_csv(tmp_path / "header.csv", index=False)
    (tmp_path / "visits.csv").write_text("visit_id,child_id,visit_date\n", encoding="utf-8")
    columns = {frame.columns[0]: "child_id", "village": "village_id", "DOB": "birth_date"}
    mapping = {"children": {"file": "header.csv", "columns": columns}}
    (tmp_path / "mapping.yaml").write_text(json.dumps({"tables": mapping}), encoding="utf-8")
    checked = Caseload.read(tmp_path).check(INDICATORS)
    assert sorted(checked.children["child_id"]) == sorted(frame.iloc[:, 0].str.strip().unique())
    assert set(checked.needs_data["reason"]) == {"child_row_rejected"}

"""Checking one column: what each kind of field accepts, what it gives, what it refuses."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.cells import cell_text
from carescreen.checks import (
    check_dates,
    check_enum,
    check_ids,
    check_numbers,
    check_set,
    check_texts,
    check_times,
    check_words,
    check_yes_no,
    expected,
)
from carescreen.indicators import Indicator
from carescreen.sheet import FEW

TITLE = {"en": "x", "zh": "x"}
STATUS = Indicator("status", "care", "enum", "state", TITLE, ("home", "away"), ("unknown",))
ENROLLED = Indicator("enrolled", "education", "enum", "state", TITLE, ("yes", "no", "deferred"))
SITES = Indicator("sites", "safety", "set", "event", TITLE, ("ear", "neck", "limb"), ("unknown",))
MUAC = Indicator("muac", "health", "number", "state", TITLE, range=(60.0, 250.0), unit="mm")
DAYS = Indicator("days", "care", "integer", "event", TITLE, range=(0.0, 7.0))


def column(*cells: object) -> pd.Series:
    return pd.Series(list(cells), dtype=object)


def days(checked: np.ndarray) -> list[str]:
    return [str(value.astype("datetime64[D]")) for value in checked]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  as it is ", "  as it is "),
        (None, ""),
        (float("nan"), ""),
        (pd.NaT, ""),
        (pd.NA, ""),
        (True, "true"),
        (np.bool_(False), "false"),
        (12, "12"),
        (12.0, "12"),
        (12.5, "12.5"),
        (float("inf"), "inf"),
        (np.int64(7), "7"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 11, 1), "2026-11-01"),
        (datetime(2026, 11, 1, 9, 5), "2026-11-01 09:05:00"),
        (pd.Timestamp("2026-11-01 09:05", tz="Asia/Shanghai"), "2026-11-01 09:05:00"),
        (np.datetime64("2026-11-01"), "2026-11-01T00:00:00"),
        (["b", "a"], "a;b"),
        ([], "none"),
        (b"ab", "ab"),
        ({"a": 1}, '{"a": 1}'),
    ],
    ids=repr,
)
def test_a_cell_of_any_type_is_the_text_a_person_would_write(cell, text):
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01",
        "2026-11-1",
        "2026/11/1",
        "2026/11/01",
        "2026.11.01",
        "2026年11月1日",
        "2026年11月01号",
        "2026 年 11 月 1 日",
        "20261101",
        "２０２６－１１－０１",
        " 2026-11-01 ",
        "2026-11-01 09:30",
        "2026-11-01 09:30:15",
        "2026-11-01T09:30:15",
        "2026-11-01T09:30:15.123",
        "2026-11-01T23:30:15Z",
        "2026-11-01T00:30:15+08:00",
        "2026/11/1 9:30",
        "2026年11月1日 9:30",
        "2026年11月1日9时30分",
        "20261101 09:30",
        datetime(2026, 11, 1, 9, 30),
        date(2026, 11, 1),
        20261101,
        pd.Timestamp("2026-11-01 23:59"),
    ],
    ids=repr,
)
def test_a_date_is_read_in_every_usual_form(text):
    checked = check_dates(column(text))
    assert days(checked.values) == ["2026-11-01"]
    assert not checked.bad.any()


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-40",
        "2026-02-30",
        "2025-02-29",
        "2026年2月30日",
        "20261341",
        "2026-00-10",
        "26-11-01",
        "01/11/2026",
        "2026",
        "2026-11",
        "2026-11-01 25:00",
        "2026-11-01x",
        "2026/11-01",
        "1899-12-31",
        "2101-01-01",
        "0001-01-01",
        "99999-01-01",
        "yesterday",
        "45962",
        True,
    ],
    ids=repr,
)
def test_an_impossible_or_ambiguous_date_is_refused(text):
    checked = check_dates(column(text, "2026-11-01", ""))
    assert checked.bad.tolist() == [True, False, False]
    assert np.isnat(checked.values).tolist() == [True, False, True]


def test_many_dates_are_read_as_few_are():
    forms = ["2026-11-01", "2026/11/1", "2026-13-40", "2026-11-01 09:30:00", "", "2026年11月1日"]
    many = [f"2020-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]
    assert len(many) > FEW
    together = check_times(column(*forms, *many))
    alone = check_times(column(*forms))
    assert together.bad[: len(forms)].tolist() == alone.bad.tolist()
    assert np.array_equal(together.values[: len(forms)], alone.values, equal_nan=True)
    assert not together.bad[len(forms) :].any()


def test_a_time_keeps_its_clock_and_a_date_does_not():
    cells = column("2026-11-01 09:30:15")
    assert check_times(cells).values[0] == np.datetime64("2026-11-01T09:30:15")
    assert check_dates(cells).values[0] == np.datetime64("2026-11-01T00:00:00")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Shanghai"])
def test_dates_of_pandas_are_taken_as_they_are(unit, zone):
    stamps = pd.Series(pd.to_datetime(["2026-11-01 23:59:59", None])).dt.as_unit(unit)
    checked = check_dates(stamps.dt.tz_localize(zone) if zone else stamps)
    assert checked.values.dtype == "datetime64[s]"
    assert days(checked.values) == ["2026-11-01", "NaT"]


def test_yes_and_no_are_understood_in_every_usual_form():
    yes = column("yes", "YES", " Y ", "是", "true", "1", 1, 1.0, True, "ＹＥＳ")
    no = column("no", "No", "n", "否", "FALSE", "0", 0, 0.0, False)
    assert check_yes_no(yes).values.tolist() == [1] * len(yes)
    assert check_yes_no(no).values.tolist() == [0] * len(no)
    other = check_yes_no(column("maybe", "", None, "2"))
    assert other.values.tolist() == [-1, -1, -1, -1]
    assert other.bad.tolist() == [True, False, False, True]
    assert other.values.dtype == np.int16


def test_an_enum_becomes_the_position_of_its_value():
    checked = check_enum(column("home", "AWAY", " away ", "unknown", "", None, "hme"), STATUS)
    assert checked.values.tolist() == [0, 1, 1, -1, -1, -1, -1]
    assert checked.bad.tolist() == [False] * 6 + [True]
    assert checked.values.dtype == np.int16


def test_an_enum_with_yes_and_no_takes_every_form_of_them():
    checked = check_enum(column("是", True, 0, "否", "deferred", "x"), ENROLLED)
    assert checked.values.tolist() == [0, 0, 1, 1, 2, -1]
    assert checked.bad.tolist() == [False] * 5 + [True]


def test_a_set_is_a_bit_mask_and_keeps_its_known_parts():
    cells = column("ear;limb", "ear, neck", "ear|neck", "ear、neck", "EAR", "", "unknown", "none")
    assert check_set(cells, SITES).values.tolist() == [5, 3, 3, 3, 1, -1, -1, 0]
    assert not check_set(cells, SITES).bad.any()
    wrong = check_set(column("ear;tail", "tail", ";", ["ear", "limb"], []), SITES)
    assert wrong.values.tolist() == [1, -1, -1, 5, 0]
    assert wrong.bad.tolist() == [True, True, True, False, False]
    assert wrong.values.dtype == np.int64


def test_nothing_in_either_language_is_the_value_none_where_a_set_declares_it():
    benefits = Indicator(
        id="benefits", level="household", type="set", kind="state",
        title={"en": "Benefits", "zh": "待遇"}, values=("allowance", "relief", "none"),
    )  # fmt: skip
    checked = check_set(column("none", "无", "没有", [], "无；relief", "relief", ""), benefits)
    assert checked.values.tolist() == [4, 4, 4, 4, 6, 2, -1]
    assert not checked.bad.any()
    assert check_set(column("无", "没有"), SITES).values.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("cell", "value", "bad"),
    [
        ("115", 115.0, False),
        (" 115.5 ", 115.5, False),
        ("１１５", 115.0, False),
        ("1.15e2", 115.0, False),
        (115, 115.0, False),
        (Decimal("115"), 115.0, False),
        ("", None, False),
        (None, None, False),
        ("59.9", None, True),
        ("251", None, True),
        ("1,15", None, True),
        ("1_15", None, True),
        ("0x73", None, True),
        ("nan", None, True),
        ("inf", None, True),
        ("9" * 400, None, True),
        ("1e999", None, True),
        ("a lot", None, True),
        (True, None, True),
        (float("inf"), None, True),
    ],
)
def test_a_number_is_read_exactly_and_within_its_range(cell, value, bad):
    low, high = MUAC.range
    checked = check_numbers(column(cell), low, high)
    assert checked.bad.tolist() == [bad]
    assert (None if np.isnan(checked.values[0]) else checked.values[0]) == value


def test_a_number_column_is_checked_like_its_texts():
    numbers = [60.0, 59.9, 250.0, np.nan, np.inf, 100.5]
    for dtype in ("float64", "Float64"):
        checked = check_numbers(pd.Series(numbers, dtype=dtype), 60.0, 250.0)
        assert checked.bad.tolist() == [False, True, False, False, True, False]
    whole = check_numbers(pd.Series(numbers), 60.0, 250.0, is_whole=True)
    assert whole.bad.tolist() == [False, True, False, False, True, True]


def test_ids_are_trimmed_and_texts_are_not():
    cells = column(" C1 ", "　C2　", "NA", "None", " ", 7, 7.0)
    assert check_ids(cells).values.tolist() == ["C1", "C2", "NA", "None", None, "7", "7"]
    assert check_texts(cells).values.tolist()[:5] == [" C1 ", "　C2　", "NA", "None", None]


def test_words_are_found_in_any_case():
    checked = check_words(column("Close", " agree", "shut", ""), ("agree", "close"))
    assert checked.values.tolist() == ["close", "agree", None, None]
    assert checked.bad.tolist() == [False, False, True, False]


@pytest.mark.parametrize("dtype", ["str", "string", "category", object])
def test_a_column_means_the_same_in_every_text_type(dtype):
    cells = (["home", "away", "", None, " home", "other"] * (FEW + 1))[: FEW * 6]
    checked = check_enum(pd.Series(cells, dtype=dtype), STATUS)
    assert checked.values[:6].tolist() == [0, 1, -1, -1, 0, -1]
    assert checked.bad[:6].tolist() == [False] * 5 + [True]
    texts = check_texts(pd.Series(cells, dtype=dtype)).values[:6].tolist()
    assert texts == ["home", "away", None, None, " home", "other"]
    assert check_ids(pd.Series(cells, dtype=dtype)).values[4] == "home"


def test_what_is_expected_is_said_without_any_value_of_a_record():
    assert expected(STATUS) == "one of: home, away, unknown"
    assert expected(MUAC) == "a number from 60 to 250 (mm)"
    assert expected(DAYS) == "a whole number from 0 to 7"
    assert "separated by ';'" in expected(SITES)


@settings(max_examples=80, deadline=None)
@given(
    cells=st.lists(
        st.one_of(
            st.text(max_size=12),
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.datetimes(),
            st.dates(),
            st.decimals(),
            st.lists(st.text(max_size=3), max_size=3),
            st.binary(max_size=4),
            st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
        ),
        max_size=80,
    )
)
def test_no_cell_of_any_kind_raises(cells):
    junk = column(*cells)
    for check in (check_ids, check_texts, check_dates, check_times, check_yes_no):
        assert len(check(junk).values) == len(cells)
    for check, indicator in ((check_enum, STATUS), (check_set, SITES)):
        assert len(check(junk, indicator).values) == len(cells)
    assert len(check_numbers(junk, 0, 10).values) == len(cells)


@pytest.mark.parametrize("dtype", ["str", "string", object])
@pytest.mark.parametrize("filled", [0, 3, 90])
def test_a_long_column_is_read_as_its_cells_one_by_one(dtype: object, filled: int) -> None:
    cells = ["yes", " ", "不", "No ", "", "2026-02-30", "\u3000"]
    texts = [cells[n % len(cells)] if n < filled else "" for n in range(100)]
    for missing in ("", None):
        column = pd.Series([text or missing for text in texts], dtype=dtype)  # type: ignore[call-overload]
        checked = [check(column) for check in (check_yes_no, check_ids, check_dates)]
        single = [
            [check(column.iloc[n : n + 1]) for n in range(100)]
            for check in (check_yes_no, check_ids, check_dates)
        ]
        for whole, alone in zip(checked, single, strict=True):
            assert whole.values.tolist() == [own.values[0] for own in alone] or np.array_equal(
                whole.values, np.concatenate([own.values for own in alone]), equal_nan=True
            )
            assert whole.bad.tolist() == [bool(own.bad[0]) for own in alone]


def test_days_beside_one_that_is_none_are_read() -> None:
    texts = [f"2026-01-{n % 28 + 1:02}" for n in range(80)]
    wrong = {3: "2026-02-30", 7: "2026-01-01\n2026-01-02", 9: "2026-01-05 24:00:00"}
    for place, text in wrong.items():
        checked = check_dates(pd.Series([*texts[:place], text, *texts[place:]], dtype="str"))
        assert np.flatnonzero(checked.bad).tolist() == [place]
        kept = np.delete(checked.values, place)
        assert kept.astype("datetime64[D]").astype(str).tolist() == texts

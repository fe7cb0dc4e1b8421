"""A child alone: its columns and its cells as the ways for many children give them, array by array."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import carescreen.cases
from carescreen.assessment import Case
from carescreen.block import Block, make_block
from carescreen.caseload_of_one import plain_tables
from carescreen.cases import build_columns
from carescreen.checks import check_indicator
from carescreen.columns import Column, Recordings
from carescreen.few_cells import checked_few, reader_of
from carescreen.fields import Field
from carescreen.indicators import Indicator
from carescreen.screener import BLOCK_CHILDREN, Partition, Screener
from carescreen.sheet import objects
from carescreen.synthetic import make_county

AS_OF = np.datetime64("2026-11-01", "D")
TITLE = {"en": "x", "zh": "x"}
KINDS = (
    Indicator("status", "care", "enum", "state", TITLE, ("home", "away"), ("unknown",)),
    Indicator("enrolled", "education", "enum", "state", TITLE, ("yes", "no", "deferred")),
    Indicator("sites", "safety", "set", "event", TITLE, ("ear", "neck", "none"), ("unknown",)),
    Indicator("muac", "health", "number", "state", TITLE, range=(60.0, 250.0)),
    Indicator("days", "care", "integer", "event", TITLE, range=(-3.0, 7.0)),
    Indicator("amount", "care", "number", "state", TITLE),
    Indicator("on", "care", "date", "state", TITLE),
    Indicator("at", "care", "datetime", "state", TITLE),
    Indicator("name", "care", "string", "state", TITLE),
)
CELLS = st.one_of(
    st.sampled_from(
        ["home", " HOME", "Ｙｅｓ", "unknown", "是", "ear;neck", "none", "ear、foot", "", "  ", "x"]
    ),
    st.sampled_from(
        ["2026-11-01", "2026年1月3日 8:30", "2026-13-01", "1890-01-01", "C\x001", "a\ud800"]
    ),
    st.sampled_from([None, True, False, 3, -3, 2**70, 61.5, -0.0, 1e300]),
    st.floats(),
    st.integers(),
    st.text(max_size=6),
    st.lists(st.sampled_from(["ear", "neck", "foot"]), max_size=2),
)


@given(column=st.lists(CELLS, min_size=1, max_size=4))
@pytest.mark.parametrize("indicator", KINDS, ids=lambda kind: kind.type + "_" + kind.id)
def test_few_cells_are_read_as_many_are(indicator: Indicator, column: list[Any]) -> None:
    few = checked_few({"x": column}, {"x": reader_of(indicator)}, len(column))["x"]
    many = check_indicator(objects([*column, *[None] * 100]), indicator)
    assert few.values.dtype == many.values.dtype
    assert _is_same(few.values, many.values[: len(column)])
    assert few.bad.tolist() == many.bad[: len(column)].tolist()
    assert not (few.is_clean and few.bad.any())


@given(column=st.lists(CELLS, min_size=1, max_size=4))
@pytest.mark.parametrize("kind", ["id", "text", "date", "time", "yes_no", "word", "number"])
def test_few_cells_of_a_field_are_read_as_many_are(kind: Any, column: list[Any]) -> None:
    field = Field("x", kind, words=("home", "Away"), bounds=(0.0, 120.0))
    few = checked_few({"x": column}, {"x": reader_of(field)}, len(column))["x"]
    many = field.check(objects([*column, *[None] * 100]))
    assert few.values.dtype == many.values.dtype
    assert _is_same(few.values, many.values[: len(column)])
    assert few.bad.tolist() == many.bad[: len(column)].tolist()


def test_columns_of_a_child_alone_are_those_that_arrays_choose(
    screener: Screener, monkeypatch: pytest.MonkeyPatch
) -> None:
    indicators, settings = screener.rules.indicators, screener.rules.settings
    blocks = [_block_of(screener, child) for child in _cases(60)]
    fast = [build_columns(block, indicators, settings, AS_OF) for block in blocks]
    monkeypatch.setattr(carescreen.cases.ChildColumns, "column", lambda *_: None)
    for block, found in zip(blocks, fast, strict=True):
        plain = build_columns(block, indicators, settings, AS_OF)
        assert list(found) == list(plain)
        for name, column in plain.items():
            _require_same(found[name], column)


def test_a_case_without_bad_cells_needs_no_row_compared(screener: Screener) -> None:
    for child in _cases(30):
        caseload = Case.model_validate(child).to_caseload()
        plain = plain_tables(caseload, screener.rules.indicators, AS_OF)
        assert plain is not None
        known = caseload.check(screener.rules.indicators).known_by(AS_OF)
        whole, codes, _ = Partition(known, BLOCK_CHILDREN).block(0)
        assert codes == [()]
        _require_same_block(make_block(**plain), whole)


@pytest.mark.parametrize(
    "changes",
    [
        {"child_id": "C1", "birth_date": "2026-11-02"},
        {"birth_date": "not a date"},
        {"birth_date": "2020-01-02", "recorded_at": "2020-01-01"},
        {"birth_date": None, "age_years": 7.0},
        {"recorded_at": "2026-11-02"},
        {"visits": [{"visit_id": "N1", "visit_date": "2026-11-02"}]},
        {"visits": [{"visit_id": "N1", "visit_date": "?"}]},
        {"visits": [{"visit_id": " ", "visit_date": "2026-10-02"}]},
        {"visits": [{"visit_id": "N1", "visit_date": "2019-12-31"}]},
        {"visits": [{"visit_id": "N1", "visit_date": "2026-10-09", "recorded_at": "2026-10-01"}]},
        {"visits": [{"visit_id": "N1", "visit_date": "2026-10-02"}] * 2},
        {"outcomes": [{"outcome_date": "2026-12-02", "result": "confirmed"}]},
        {"decisions": [{"decided_at": "", "decided_by": "W", "decision": "agree"}]},
        {"sex": "neither"},
    ],
    ids=str,
)
def test_a_case_that_raises_a_question_is_looked_at_row_by_row(
    screener: Screener, changes: dict[str, Any]
) -> None:
    child = {"child_id": "C1", "village_id": "V", "birth_date": "2020-01-01", "visits": []}
    case = Case.model_validate({**child, **changes})
    assert plain_tables(case.to_caseload(), screener.rules.indicators, AS_OF) is None


def _cases(count: int) -> list[dict[str, Any]]:
    """Cases of invented children with all their visits."""
    county = make_county(children=count, visits_per_child=5.0, seed=3, as_of=str(AS_OF))
    homes = {row["household_id"]: row for row in _filled(county.households)}
    visits = _filled(county.visits)
    return [
        {
            **child,
            "household": {
                name: value
                for name, value in homes.get(child.get("household_id"), {}).items()
                if name != "household_id"
            },
            "visits": [
                {name: value for name, value in row.items() if name != "household_id"}
                for row in visits
                if row["child_id"] == child["child_id"]
            ],
        }
        for child in _filled(county.children)
    ]


def _filled(frame: Any) -> list[dict[str, Any]]:
    texts = frame.astype(object).where(frame.notna(), None)
    rows = texts.to_dict("records")
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _block_of(screener: Screener, child: dict[str, Any]) -> Block:
    known = Case.model_validate(child).to_caseload().check(screener.rules.indicators)
    return Partition(known.known_by(AS_OF), BLOCK_CHILDREN).block(0)[0]


def _is_same(one: Any, other: Any) -> bool:
    if one.dtype == object:
        return bool(one.tolist() == other.tolist())
    kept = ~np.isnan(one) if one.dtype.kind == "f" else slice(None)
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fM") and bool(
        one.dtype.kind != "f" or (np.signbit(one[kept]) == np.signbit(other[kept])).all()
    )


def _require_same(one: Column, other: Column) -> None:
    for part in fields(Column):
        here, there = getattr(one, part.name), getattr(other, part.name)
        if isinstance(there, np.ndarray):
            assert here.dtype == there.dtype, part.name
            assert _is_same(here, there), part.name
        elif isinstance(there, Recordings):
            for name in ("child", "date", "known_at", "values"):
                mine, theirs = getattr(here, name), getattr(there, name)
                assert mine.dtype == theirs.dtype, name
                assert _is_same(mine, theirs), name
        else:
            assert here == there, part.name


def _require_same_block(one: Block, other: Block) -> None:
    for name in ("children", "visits", "households", "outcomes", "decisions"):
        here, there = getattr(one, name), getattr(other, name)
        assert list(here) == list(there)
        assert len(here) == len(there)
        assert all(_is_same(here[column], there[column]) for column in there)
    for name in ("visit_child", "visit_place", "household_row", "household"):
        assert _is_same(getattr(one, name), getattr(other, name)), name

"""The value rules of cases as tables: newest state, riskiest event, dates, where they came from."""

import numpy as np
import pandas as pd
import pytest

from carescreen.block import make_block, repeat_children
from carescreen.cases import build_columns
from carescreen.columns import FROM_CHILDREN, FROM_HOUSEHOLDS, FROM_VISITS
from carescreen.indicators import Indicator
from carescreen.pack import Settings
from carescreen.sheet import Sheet

TITLE = {"en": "x", "zh": "x"}
AS_OF = np.datetime64("2026-11-01", "D")
NONE = np.datetime64("NaT", "D")

CARER = Indicator(
    "carer", "care", "enum", "state", TITLE, ("good", "limited", "none"), ("unknown",),
    risk_order=("good", "limited", "none"),
)  # fmt: skip
HARM = Indicator(
    "harm", "safety", "enum", "event", TITLE, ("no", "suspected", "confirmed"),
    risk_order=("no", "suspected", "confirmed"), unrecorded="not_observed", hold="until_closed",
)  # fmt: skip
ALONE = Indicator(
    "alone_days", "care", "integer", "event", TITLE, range=(0, 7), risk_direction="up",
    unrecorded="not_observed",
)  # fmt: skip
SITES = Indicator(
    "sites", "safety", "set", "event", TITLE, ("ear", "neck", "limb"), risk_direction="up",
    unrecorded="not_observed",
)  # fmt: skip
REFUSED = Indicator(
    "refused", "service", "enum", "event", TITLE, ("no", "yes"),
    risk_order=("no", "yes"), unrecorded="not_observed", hold="until_seen",
)  # fmt: skip
ALL = {indicator.id: indicator for indicator in (CARER, HARM, ALONE, SITES, REFUSED)}


def dates(values) -> pd.Series:
    return pd.Series(values, dtype="datetime64[s]")


def block_of(child=None, visits=(), household=None, more=(), more_homes=()):
    child = {"child_id": "C1", "household_id": "H1", "village_id": "V", "caseworker_id": "W",
             "birth_date": None, "recorded_at": None, **(child or {})}  # fmt: skip
    children = pd.DataFrame([child])
    for name in ("birth_date", "recorded_at"):
        children[name] = dates(children[name].tolist())
    columns = ["visit_id", "child_id", "visit_date", "recorded_at", "child_seen", "note"]
    rows = [{"visit_id": f"N{i}", "child_id": "C1", "child_seen": -1, "note": None, **visit}
            for i, visit in enumerate(visits)]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns + [k for k in ALL if any(k in v for v in visits)])
    for name in ("visit_date", "recorded_at"):
        table[name] = dates(table[name].tolist())
    for name in ALL:
        if name in table:
            missing = np.nan if name == "alone_days" else -1
            table[name] = table[name].fillna(missing)
            if name != "alone_days":
                table[name] = table[name].astype(np.int64)
    houses = pd.DataFrame([{"household_id": "H1", "recorded_at": None, **(household or {})}])
    houses["recorded_at"] = dates(houses["recorded_at"].tolist())
    outcomes = pd.DataFrame(columns=["child_id", "outcome_date", "result"])
    outcomes["outcome_date"] = dates([])
    empty = pd.DataFrame(columns=["child_id", "decided_at", "decided_by", "decision"])
    again = pd.DataFrame([{**child, **row} for row in more], columns=children.columns)
    again["recorded_at"] = dates(again["recorded_at"].tolist())
    homes_again = pd.DataFrame([{"household_id": "H1", **row} for row in more_homes])
    if len(homes_again):
        homes_again["recorded_at"] = dates(homes_again["recorded_at"].tolist())
    tables = (children, table, houses, outcomes, empty, again, homes_again)
    return make_block(*map(Sheet.of_frame, tables))


def column(block, name, settings=None):
    return build_columns(block, ALL, settings or Settings(), AS_OF)[name]


@pytest.mark.parametrize(
    ("visits", "value", "first_on", "last_on"),
    [
        ([("2026-01-01", 0), ("2026-02-01", 1)], 1, "2026-02-01", "2026-02-01"),
        ([("2026-01-01", 1), ("2026-02-01", 1)], 1, "2026-01-01", "2026-02-01"),
        ([("2026-02-01", 0), ("2026-02-01", 2)], 2, "2026-02-01", "2026-02-01"),  # riskier
        ([("2026-02-01", 2), ("2026-03-01", -1)], 2, "2026-02-01", "2026-02-01"),  # blank
        ([(None, 2), ("2026-01-01", 0)], 0, "2026-01-01", "2026-01-01"),  # undated is oldest
        ([(None, 2)], 2, None, None),
    ],
)
def test_a_state_is_its_newest_value(visits, value, first_on, last_on) -> None:
    got = column(block_of(visits=[{"visit_date": d, "carer": v} for d, v in visits]), "carer")
    assert got.values[0] == value
    assert got.known[0]
    assert str(got.first_on[0]) == str(first_on or "NaT")
    assert str(got.last_on[0]) == str(last_on or "NaT")


@pytest.mark.parametrize(
    ("child_on", "house_on", "visit_on", "value", "source"),
    [
        ("2026-01-01", "2026-02-01", "2026-03-01", 2, FROM_VISITS),
        ("2026-01-01", "2026-04-01", "2026-03-01", 1, FROM_HOUSEHOLDS),
        ("2026-05-01", "2026-04-01", "2026-03-01", 0, FROM_CHILDREN),
        (None, None, "2020-01-01", 2, FROM_VISITS),
        ("2026-03-01", "2026-03-01", "2026-03-01", 2, FROM_VISITS),  # the riskiest of one day
    ],
)
def test_the_newest_table_speaks(child_on, house_on, visit_on, value, source) -> None:
    block = block_of(
        child={"recorded_at": child_on, "carer": 0},
        household={"recorded_at": house_on, "carer": 1},
        visits=[{"visit_date": visit_on, "carer": 2}],
    )
    got = column(block, "carer")
    assert (got.values[0], got.source_table[0]) == (value, source)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(
    ("rows", "carer", "harm"),
    [
        ([("2026-05-01", 0, 0), ("2026-01-01", 2, 2)], 0, 2),  # newest state, riskiest event
        ([("2026-05-01", 0, 1), ("2026-05-01", 2, 0)], 2, 1),  # one day: the riskier of each
        ([("2026-05-01", -1, 0), ("2026-01-01", 1, 0)], 1, 0),  # a blank replaces nothing
        ([(None, 0, 2), ("2026-01-01", 1, -1)], 1, 2),  # undated is oldest, and an event holds
    ],
)
def test_each_row_of_a_child_or_household_is_a_record_of_it(rows, carer, harm, turn) -> None:
    found = [{"recorded_at": on, "carer": c, "harm": h} for on, c, h in rows][::turn]
    of_child = block_of(child=found[0], more=found[1:])
    of_house = block_of(household=found[0], more_homes=found[1:])
    for block in (of_child, of_house):
        for got in (block, repeat_children(block, np.array([0, 0]), np.array([NONE, NONE]))):
            assert set(column(got, "carer").values) == {carer}
            assert set(column(got, "harm").values) == {harm}


@pytest.mark.parametrize(
    ("indicator", "visits", "value", "first_on", "last_on"),
    [
        # until closed: the riskiest ever
        ("harm", [("2020-01-01", 2), ("2026-10-01", 1)], 2, "2020-01-01", "2026-10-01"),
        ("harm", [("2026-09-01", 1), ("2026-10-01", 0)], 1, "2026-09-01", "2026-09-01"),
        ("harm", [("2026-10-01", 0)], 0, None, "2026-10-01"),
        # window: 90 days
        ("alone_days", [("2026-08-03", 5), ("2026-10-01", 2)], 5, "2026-08-03", "2026-10-01"),
        ("alone_days", [("2026-08-02", 5), ("2026-10-01", 2)], 2, "2026-10-01", "2026-10-01"),
        ("alone_days", [(None, 5)], 5, None, None),
        # sets are united
        ("sites", [("2026-10-01", 1), ("2026-10-02", 4)], 5, "2026-10-01", "2026-10-02"),
    ],
)
def test_an_event_is_its_riskiest_value_while_it_holds(
    indicator, visits, value, first_on, last_on
) -> None:
    got = column(block_of(visits=[{"visit_date": d, indicator: v} for d, v in visits]), indicator)
    assert got.values[0] == value
    assert str(got.first_on[0]) == str(first_on or "NaT")
    assert str(got.last_on[0]) == str(last_on or "NaT")


def test_an_event_out_of_its_window_is_not_recorded() -> None:
    got = column(block_of(visits=[{"visit_date": "2026-01-01", "alone_days": 5}]), "alone_days")
    assert not got.known[0]


def test_a_cutoff_covers_events_up_to_it() -> None:
    block = block_of(
        visits=[{"visit_date": "2026-09-01", "harm": 2}, {"visit_date": "2026-10-01", "harm": 1}]
    )
    cut = repeat_children(block, np.array([0, 0]), np.array(["2026-09-01", "NaT"], "M8[D]"))
    assert column(cut, "harm").values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("birth", "months", "years"),
    [
        ("2020-11-01", 72, 6),
        ("2020-11-02", 71, 5),
        ("2024-02-29", 32, 2),
        ("2026-11-01", 0, 0),
        ("2026-12-01", None, None),  # after the as-of date
        (None, None, None),
    ],
)
def test_age_counts_completed_months_and_years(birth, months, years) -> None:
    block = block_of(child={"birth_date": birth})
    for name, wanted in (("age_months", months), ("age_years", years)):
        got = column(block, name)
        assert got.known[0] == (wanted is not None)
        assert wanted is None or got.values[0] == wanted


def test_a_stated_age_grows_with_time_and_is_the_youngest_possible() -> None:
    block = block_of(child={"age_years": 7.0, "recorded_at": "2025-10-01"})
    assert column(block, "age_years").values[0] == 8
    block = block_of(child={"age_years": 7.0, "recorded_at": "2025-12-01"})
    assert column(block, "age_years").values[0] == 7


@pytest.mark.parametrize(
    ("seen", "failed"),
    [
        ([1, 0, 0], 2),
        ([0, 0, 1], 0),
        ([1, 0, -1, 0], 2),  # a blank is neither
        ([0, 0], 2),
        ([1], 0),
        ([-1, -1], None),
        ([], None),
    ],
)
def test_failed_visits_in_a_row(seen, failed) -> None:
    visits = [{"visit_date": f"2026-0{i + 1}-01", "child_seen": s} for i, s in enumerate(seen)]
    got = column(block_of(visits=visits), "failed_visits_in_row")
    assert got.known[0] == (failed is not None)
    assert failed is None or got.values[0] == failed


def test_a_child_seen_on_the_day_of_a_failed_visit_was_seen() -> None:
    visits = [
        {"visit_date": "2026-10-01", "child_seen": 1, "visit_id": "N1"},
        {"visit_date": "2026-10-01", "child_seen": 0, "visit_id": "N2"},
    ]
    assert column(block_of(visits=visits), "failed_visits_in_row").values[0] == 0


def test_days_since_seen_counts_from_the_last_visit_that_saw_the_child() -> None:
    visits = [
        {"visit_date": "2026-10-01", "child_seen": 1},
        {"visit_date": "2026-10-20", "child_seen": 0},
        {"visit_date": "2026-10-25"},
    ]
    assert column(block_of(visits=visits), "days_since_seen").values[0] == 31
    assert not column(block_of(visits=visits[1:]), "days_since_seen").known[0]


@pytest.mark.parametrize(
    ("refused_on", "seen_on", "holds"),
    [
        ("2026-03-01", None, True),
        ("2026-03-01", "2026-02-28", True),
        ("2026-03-01", "2026-03-01", False),
        ("2020-03-01", "2026-03-01", False),
        ("2020-03-01", None, True),
        (None, "2026-03-01", True),  # an event without a date holds
    ],
)
def test_an_event_until_seen_is_over_once_a_visit_saw_the_child(refused_on, seen_on, holds) -> None:
    visits = [{"visit_date": refused_on, "refused": 1}]
    visits += [{"visit_date": seen_on, "child_seen": 1}] if seen_on else []
    got = column(block_of(visits=visits), "refused")
    assert bool(got.known[0] and got.values[0] == 1) is holds

"""The condition language as tables, its reference: a condition, what is given, what it says.

What a rule may not say is in tests/unit/test_conditions.py.
"""

from typing import Any

import pytest

from carescreen.conditions import parse
from carescreen.examples import example_data
from carescreen.indicators import load_indicators
from carescreen.syntax import OPERATIONS, operations_of
from carescreen.yamlfile import parse_yaml
from tests.unit.plain_conditions import plain_truth

MET, NOT_MET, CANNOT_TELL = "met", "not_met", "cannot_tell"

CONCEPTS = ("left_alone", "unseen_child")

INDICATORS = load_indicators(
    parse_yaml("""
indicators:
  - id: age_years
    level: child
    type: number
    kind: derived
    range: [0, 18]
    title: {en: Age, zh: 年龄}
  - id: sex
    level: child
    type: enum
    kind: state
    values: [female, male, unknown]
    missing: [unknown]
    title: {en: Sex, zh: 性别}
  - id: carer
    level: care
    type: enum
    kind: state
    values: [parent, grandparent, sibling, none, unknown]
    missing: [unknown]
    title: {en: Carer, zh: 照料人}
  - id: violence            # an event: nobody recorded it means that none was observed
    level: child
    type: enum
    kind: event
    values: [none, suspected, confirmed, unknown]
    missing: [unknown]
    risk_order: [none, suspected, confirmed]
    unrecorded: not_observed
    title: {en: Violence, zh: 暴力}
  - id: contact_gap
    level: care
    type: integer
    kind: state
    range: [0, 3650]
    title: {en: Gap, zh: 间隔}
  - id: nights_away         # an event counted from 0
    level: child
    type: integer
    kind: event
    range: [0, 90]
    risk_direction: up
    unrecorded: not_observed
    title: {en: Nights away, zh: 夜不归宿}
  - id: groups
    level: child
    type: set
    kind: state
    values: [orphan, poor, ill]
    title: {en: Groups, zh: 类别}
  - id: hazards             # a set of events
    level: home
    type: set
    kind: event
    values: [fire, fall, poison]
    risk_direction: up
    unrecorded: not_observed
    title: {en: Hazards, zh: 隐患}
  - {id: registered_on, level: child, type: date, kind: state, title: {en: Registered, zh: 登记}}
""")
)

Row = tuple[str, dict[str, Any], str]

WORDS: list[Row] = [
    ("sex == 'female'", {"sex": "female"}, MET),
    ("sex == 'female'", {"sex": "male"}, NOT_MET),
    ("sex == 'female'", {}, CANNOT_TELL),
    ("sex == 'female'", {"sex": "unknown"}, CANNOT_TELL),
    ("sex != 'female'", {"sex": "male"}, MET),
    ("sex != 'female'", {"sex": "female"}, NOT_MET),
    ("sex != 'female'", {}, CANNOT_TELL),
    ("carer in ['sibling', 'none']", {"carer": "none"}, MET),
    ("carer in ['sibling', 'none']", {"carer": "parent"}, NOT_MET),
    ("carer in ['sibling', 'none']", {}, CANNOT_TELL),
    ("carer not in ['parent', 'grandparent']", {"carer": "sibling"}, MET),
    ("carer not in ['parent', 'grandparent']", {"carer": "parent"}, NOT_MET),
    ("carer not in ['parent', 'grandparent']", {"carer": "unknown"}, CANNOT_TELL),
]

EVENTS: list[Row] = [
    ("violence == 'confirmed'", {"violence": "confirmed"}, MET),
    ("violence == 'confirmed'", {"violence": "suspected"}, NOT_MET),
    ("violence == 'confirmed'", {}, NOT_MET),
    ("violence == 'confirmed'", {"violence": "unknown"}, NOT_MET),
    ("violence != 'none'", {"violence": "suspected"}, MET),
    ("violence != 'none'", {}, NOT_MET),
    ("not violence == 'none'", {"violence": "suspected"}, MET),
    ("not violence == 'none'", {}, NOT_MET),
    ("nights_away >= 1", {"nights_away": 1}, MET),
    ("nights_away >= 1", {"nights_away": 0}, NOT_MET),
    ("nights_away >= 1", {}, NOT_MET),
    ("'fire' in hazards", {}, NOT_MET),
    ("not 'fire' not in hazards", {"hazards": ["fire"]}, MET),
    ("not 'fire' not in hazards", {}, NOT_MET),
    ("len(hazards) >= 1", {}, NOT_MET),
]

NUMBERS: list[Row] = [
    ("contact_gap == 30", {"contact_gap": 30}, MET),
    ("contact_gap == 30", {"contact_gap": 31}, NOT_MET),
    ("contact_gap != 30", {"contact_gap": 31}, MET),
    ("contact_gap != 30", {"contact_gap": 30}, NOT_MET),
    ("contact_gap != 30", {}, CANNOT_TELL),
    ("age_years < 8", {"age_years": 7}, MET),
    ("age_years < 8", {"age_years": 8}, NOT_MET),
    ("age_years < 8", {}, CANNOT_TELL),
    ("age_years <= 8", {"age_years": 8}, MET),
    ("age_years <= 8", {"age_years": 8.5}, NOT_MET),
    ("age_years > 8", {"age_years": 9}, MET),
    ("age_years > 8", {"age_years": 8}, NOT_MET),
    ("age_years >= 8", {"age_years": 8}, MET),
    ("age_years >= 8", {"age_years": 7}, NOT_MET),
    ("age_years in [7, 15]", {"age_years": 15}, MET),
    ("age_years in [7, 15]", {"age_years": 8}, NOT_MET),
    ("age_years in [7, 15]", {}, CANNOT_TELL),
    ("age_years not in [7, 15]", {"age_years": 8}, MET),
    ("age_years not in [7, 15]", {"age_years": 7}, NOT_MET),
    ("age_years not in [7, 15]", {}, CANNOT_TELL),
]

SETS: list[Row] = [
    ("'orphan' in groups", {"groups": ["orphan", "ill"]}, MET),
    ("'orphan' in groups", {"groups": ["ill"]}, NOT_MET),
    ("'orphan' in groups", {"groups": []}, NOT_MET),
    ("'orphan' in groups", {}, CANNOT_TELL),
    ("'orphan' not in groups", {"groups": []}, MET),
    ("'orphan' not in groups", {"groups": "orphan;poor"}, NOT_MET),
    ("'orphan' not in groups", {}, CANNOT_TELL),
    ("any_in(groups, ['poor', 'ill'])", {"groups": ["ill"]}, MET),
    ("any_in(groups, ['poor', 'ill'])", {"groups": ["orphan"]}, NOT_MET),
    ("any_in(groups, ['poor', 'ill'])", {}, CANNOT_TELL),
    ("len(groups) == 2", {"groups": ["orphan", "ill"]}, MET),
    ("len(groups) == 2", {"groups": ["orphan"]}, NOT_MET),
    ("len(groups) == 2", {}, CANNOT_TELL),
    ("len(groups) != 2", {"groups": []}, MET),
    ("len(groups) != 2", {"groups": ["orphan", "ill"]}, NOT_MET),
    ("len(groups) < 1", {"groups": []}, MET),
    ("len(groups) < 1", {"groups": ["ill"]}, NOT_MET),
    ("len(groups) <= 1", {"groups": ["ill"]}, MET),
    ("len(groups) <= 1", {"groups": ["ill", "poor"]}, NOT_MET),
    ("len(groups) > 1", {"groups": ["ill", "poor"]}, MET),
    ("len(groups) > 1", {"groups": ["ill"]}, NOT_MET),
    ("len(groups) >= 1", {"groups": ["ill"]}, MET),
    ("len(groups) >= 1", {"groups": []}, NOT_MET),
    ("len(groups) in [0, 3]", {"groups": ["ill", "poor", "orphan"]}, MET),
    ("len(groups) in [0, 3]", {"groups": ["ill"]}, NOT_MET),
    ("len(groups) not in [0, 3]", {"groups": ["ill"]}, MET),
    ("len(groups) not in [0, 3]", {"groups": []}, NOT_MET),
]

TODAY = {"as_of": "2026-11-01"}
DATES: list[Row] = [
    ("days_since(registered_on) == 1", {**TODAY, "registered_on": "2026-10-31"}, MET),
    ("days_since(registered_on) == 1", {**TODAY, "registered_on": "2026-11-01"}, NOT_MET),
    ("days_since(registered_on) == 1", TODAY, CANNOT_TELL),
    ("days_since(registered_on) != 1", {**TODAY, "registered_on": "2026-11-01"}, MET),
    ("days_since(registered_on) != 1", {**TODAY, "registered_on": "2026-10-31"}, NOT_MET),
    ("days_since(registered_on) > 7", {**TODAY, "registered_on": "2026-10-24"}, MET),
    ("days_since(registered_on) > 7", {**TODAY, "registered_on": "2026-10-25"}, NOT_MET),
    ("days_since(registered_on) > 7", TODAY, CANNOT_TELL),
    ("days_since(registered_on) >= 7", {**TODAY, "registered_on": "2026-10-25"}, MET),
    ("days_since(registered_on) >= 7", {**TODAY, "registered_on": "2026-10-26"}, NOT_MET),
    ("days_since(registered_on) < 7", {**TODAY, "registered_on": "2026-10-26"}, MET),
    ("days_since(registered_on) < 7", {**TODAY, "registered_on": "2026-10-25"}, NOT_MET),
    ("days_since(registered_on) <= 7", {**TODAY, "registered_on": "2026-10-25"}, MET),
    ("days_since(registered_on) <= 7", {**TODAY, "registered_on": "2025-10-25"}, NOT_MET),
    ("days_since(registered_on) in [0, 1]", {**TODAY, "registered_on": "2026-11-01"}, MET),
    ("days_since(registered_on) in [0, 1]", {**TODAY, "registered_on": "2026-10-30"}, NOT_MET),
    ("days_since(registered_on) not in [0, 1]", {**TODAY, "registered_on": "2026-10-30"}, MET),
    ("days_since(registered_on) not in [0, 1]", {**TODAY, "registered_on": "2026-11-01"}, NOT_MET),
]

SEASONS: list[Row] = [
    ("age_years < 8 and month == 7", {"age_years": 6, "month": 7}, MET),
    ("age_years < 8 and month == 7", {"age_years": 6, "month": 8}, NOT_MET),
    ("age_years < 8 and month == 7", {"month": 7}, CANNOT_TELL),
    ("age_years < 8 and month == 7", {"month": 8}, NOT_MET),
    ("age_years < 8 and month != 7", {"age_years": 6, "month": 8}, MET),
    ("age_years < 8 and month != 7", {"age_years": 6, "month": 7}, NOT_MET),
    ("age_years < 8 and month < 7", {"age_years": 6, "month": 6}, MET),
    ("age_years < 8 and month < 7", {"age_years": 6, "month": 7}, NOT_MET),
    ("age_years < 8 and month <= 7", {"age_years": 6, "month": 7}, MET),
    ("age_years < 8 and month <= 7", {"age_years": 6, "month": 8}, NOT_MET),
    ("age_years < 8 and month > 7", {"age_years": 6, "month": 8}, MET),
    ("age_years < 8 and month > 7", {"age_years": 6, "month": 7}, NOT_MET),
    ("age_years < 8 and month >= 7", {"age_years": 6, "month": 7}, MET),
    ("age_years < 8 and month >= 7", {"age_years": 6, "month": 6}, NOT_MET),
    ("age_years < 8 and month in [5, 6, 7, 8, 9]", {"age_years": 6, "as_of": "2026-05-31"}, MET),
    (
        "age_years < 8 and month in [5, 6, 7, 8, 9]",
        {"age_years": 6, "as_of": "2026-04-30"},
        NOT_MET,
    ),
    ("age_years < 8 and month not in [1, 2]", {"age_years": 6, "month": 3}, MET),
    ("age_years < 8 and month not in [1, 2]", {"age_years": 6, "month": 2}, NOT_MET),
]

NOTES: list[Row] = [
    ("noted(left_alone)", {"noted": {"left_alone": "affirmed"}}, MET),
    ("noted('left_alone')", {"noted": {"left_alone": "suspected"}}, MET),  # suspicion is enough
    ("noted(left_alone)", {"noted": {"left_alone": "learned"}}, CANNOT_TELL),  # please confirm
    ("noted(left_alone)", {"noted": {"left_alone": "negated"}}, NOT_MET),
    ("noted(left_alone)", {"noted": {"left_alone": "past"}}, NOT_MET),
    ("noted(left_alone)", {"noted": {"left_alone": "other"}}, NOT_MET),
    ("noted(left_alone)", {"noted": {"left_alone": "hypothetical"}}, NOT_MET),
    ("noted(left_alone)", {}, NOT_MET),
    ("noted_visits(unseen_child) >= 2", {"noted": {"unseen_child": "affirmed"}}, NOT_MET),
    (
        "noted_visits(unseen_child) >= 2",
        {"noted": {"unseen_child": {"status": "affirmed", "visits": 2}}},
        MET,
    ),
    (
        "noted_visits(unseen_child) > 2",
        {"noted": {"unseen_child": {"status": "affirmed", "visits": 2}}},
        NOT_MET,
    ),
    ("noted_visits(unseen_child) >= 2", {"noted": {"unseen_child": "learned"}}, CANNOT_TELL),
    ("noted_visits(unseen_child) >= 2", {}, NOT_MET),
]

# Kleene's strong tables. T, F and U are a state that is yes, no and not known.
LOGIC: list[Row] = [
    ("sex == 'female' and age_years < 8", {"sex": "female", "age_years": 7}, MET),
    ("sex == 'female' and age_years < 8", {"sex": "female", "age_years": 8}, NOT_MET),
    ("sex == 'female' and age_years < 8", {"sex": "female"}, CANNOT_TELL),
    ("sex == 'female' and age_years < 8", {"sex": "male"}, NOT_MET),  # one no decides
    ("sex == 'female' and age_years < 8", {"age_years": 8}, NOT_MET),
    ("sex == 'female' and age_years < 8", {}, CANNOT_TELL),
    ("sex == 'female' or age_years < 8", {"sex": "female"}, MET),  # one yes decides
    ("sex == 'female' or age_years < 8", {"age_years": 7}, MET),
    ("sex == 'female' or age_years < 8", {"sex": "male", "age_years": 8}, NOT_MET),
    ("sex == 'female' or age_years < 8", {"sex": "male"}, CANNOT_TELL),
    ("sex == 'female' or age_years < 8", {}, CANNOT_TELL),
    ("not sex == 'female'", {"sex": "male"}, MET),
    ("not sex == 'female'", {"sex": "female"}, NOT_MET),
    ("not sex == 'female'", {}, CANNOT_TELL),
    ("not (sex == 'female' and age_years < 8)", {"age_years": 8}, MET),
    ("not (sex == 'female' or age_years < 8)", {"age_years": 8}, CANNOT_TELL),
    ("not not sex == 'female'", {"sex": "female"}, MET),
    ("age_years < 8 or age_years >= 8", {}, CANNOT_TELL),  # Kleene does not reason by cases
    # 'and' binds tighter than 'or'
    ("sex == 'female' or sex == 'male' and age_years < 8", {"sex": "female"}, MET),
    ("(sex == 'female' or sex == 'male') and age_years < 8", {"sex": "female"}, CANNOT_TELL),
]

TABLES = {
    "words": WORDS,
    "events": EVENTS,
    "numbers": NUMBERS,
    "sets": SETS,
    "dates": DATES,
    "seasons": SEASONS,
    "notes": NOTES,
    "logic": LOGIC,
}
ROWS = [pytest.param(*row, id=f"{name}-{row[0]}") for name, rows in TABLES.items() for row in rows]
OUTCOME = {True: MET, False: NOT_MET, None: CANNOT_TELL}


@pytest.mark.parametrize(("text", "given", "outcome"), ROWS)
def test_the_condition_says(text: str, given: dict[str, Any], outcome: str) -> None:
    truth = parse(text, INDICATORS, CONCEPTS).evaluate(example_data(given, INDICATORS, CONCEPTS))
    assert OUTCOME[bool(truth.true[0]) if truth.known[0] else None] == outcome


@pytest.mark.parametrize(("text", "given", "outcome"), ROWS)
def test_the_plain_reader_says_the_same(text: str, given: dict[str, Any], outcome: str) -> None:
    assert OUTCOME[plain_truth(text, given, INDICATORS)] == outcome


def test_the_tables_show_every_operation_met_and_not_met() -> None:
    for outcome in (MET, NOT_MET):
        shown = [
            operations_of(parse(text, INDICATORS, CONCEPTS).root)
            for rows in TABLES.values()
            for text, _, said in rows
            if said == outcome
        ]
        assert frozenset().union(*shown) == OPERATIONS

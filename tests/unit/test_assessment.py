"""One case: a slip of the pen in it is said in plain words and never left out in silence."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from carescreen import Caseload, Screener
from carescreen.assessment import Case
from carescreen.calibration import CalibrationMap
from carescreen.errors import UsageError

CASE = {
    "child_id": "C1",
    "birth_date": "2018-03-01",
    "as_of": "2026-11-01",
    "mother_status": "away_working",
    "household": {"income_support": "dibao"},
    "visits": [{"visit_id": "N1", "visit_date": "2026-10-20", "note": "好"}],
}
VISIT = CASE["visits"][0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mother_statuss": "dead"}, "'mother_statuss'.*did you mean 'mother_status'"),
        ({"househld": {}}, "did you mean 'household'"),
        ({"vists": [VISIT]}, "did you mean 'visits'"),
        ({"visits": [{**VISIT, "noote": "x"}]}, r"visits\[0\] has the key 'noote'.*mean 'note'"),
        ({"household": {"income_suport": "x"}}, "household has.*mean 'income_support'"),
        ({"visits": [{**VISIT, "child_id": "C2"}]}, r"visits\[0\] has another child_id"),
        ({"household": {"household_id": "H2"}}, "another household_id"),
        ({"mother_status": {"a": 1}}, "mother_status: wanted a word"),
    ],
)
def test_a_key_that_means_nothing_is_refused_with_what_it_may_mean(screener, changes, words):
    with pytest.raises(UsageError, match=words):
        screener.assess({**CASE, **changes})


def test_a_mapping_is_assessed_as_the_case_it_describes(screener):
    own = {**CASE, "visits": [{**VISIT, "child_id": "C1"}]}
    assert screener.assess(own) == screener.assess(Case.model_validate(CASE))


def test_who_changes_an_assessment_changes_no_later_one(screener):
    case = {**CASE, "visits": [{**VISIT, "note": "孩子一个人在家，晚上才有人回来。"}]}
    first = screener.assess(case)
    wanted = first.model_dump_json()
    for found in (*first.concerns, *first.entitlements, *first.advice):
        for source in found.source:
            for value in source.values():
                if isinstance(value, dict):
                    value.clear()
            source.clear()
        found.title.clear()
    for mention in first.mentions:
        mention["title"].clear()
    assert screener.assess(case).model_dump_json() == wanted


def test_an_assessment_follows_a_model_that_is_recalibrated():
    own = Screener.load()
    before = own.assess(CASE)
    saved = own.model.saved_
    manifest = saved.manifest.model_copy(update={"events_of_known_selection": 500})
    calibrated = CalibrationMap(events=500, method="intercept+slope")
    own.model._adopt(replace(saved, calibration=calibrated, manifest=manifest))
    after = own.assess(CASE)
    assert before.probability is None
    assert after.probability == pytest.approx(1 / (1 + math.exp(-after.score)))


def test_an_id_is_read_without_the_blanks_around_it(screener):
    assert screener.assess({**CASE, "child_id": " C1 "}).child_id == "C1"


SECRET = "欧阳小草7391"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"visits": [{**VISIT, "visit_date": 20261101}]},
         "visits[0].visit_date: wanted a date such as 2026-11-01, came a number"),
        ({"child_id": 12}, "child_id: wanted a text, came a number"),
        ({"visits": {"note": SECRET}}, "visits: wanted a list, came an object"),
        ({"visits": [{**VISIT, "child_seen": SECRET}]},
         "visits[0].child_seen: wanted yes or no, came a text"),
        ({"age_years": SECRET}, "age_years: wanted a number, came a text"),
        ({"visits": [{"visit_date": "2026-10-01"}]}, "visits[0].visit_id is missing: wanted a text"),
        ({"household": [SECRET]}, "household: wanted an object, came a list"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_said_in_plain_words_without_the_value(changes, words):
    text = json.dumps({**CASE, **changes}, ensure_ascii=False)
    for given in (text, {**CASE, **changes}):
        with pytest.raises(UsageError) as caught:
            Case.read(given)
        assert str(caught.value) == words


def test_what_is_no_json_is_said_with_its_place():
    with pytest.raises(UsageError, match="not valid JSON, line 1 column 13"):
        Case.read(b'{"child_id": ')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"caseload": pd.DataFrame()}, "wants a Caseload, came a DataFrame"),
        ({"capacity": "x"}, "whole number"),
        ({"capacity": 2.5}, "whole number"),
        ({"capacity": 0}, "whole number"),
        ({"processes": 0}, "whole number"),
        ({"as_of": ""}, "must be a date"),
        ({"as_of": "2026-11-01 12:00"}, "must be a date"),
    ],
)
def test_a_wrong_argument_of_rank_is_refused_in_one_sentence(screener, arguments, words):
    children = pd.DataFrame({"child_id": ["C1"], "village_id": "V1", "birth_date": "2018-03-01"})
    given = {"caseload": Caseload(children), "as_of": "2026-11-01", **arguments}
    with pytest.raises(UsageError, match=words):
        screener.rank(**given)


def test_an_example_case_passes(screener):
    path = Path(__file__).parents[2] / "examples" / "case.json"
    assert screener.assess(Case.read(path.read_bytes())).child_id == "C0012"


def test_null_is_asked_about_and_a_field_left_out_is_not_collected(screener) -> None:
    case = {"child_id": "C1", "birth_date": "2018-01-01", "as_of": "2026-11-01"}
    asked = {
        name: {question.rule for question in screener.assess(given).open_questions}
        for name, given in {"null": {**case, "hukou_registered": None}, "left out": case}.items()
    }
    assert "cn_no_hukou" in asked["null"]
    assert "cn_no_hukou" not in asked["left out"]


def test_a_case_and_its_assessment_are_shown_without_their_values() -> None:
    case = Case.model_validate(
        {
            "child_id": "C-secret",
            "birth_date": "2018-03-01",
            "as_of": "2026-11-01",
            "visits": [{"visit_id": "N1", "visit_date": "2026-10-20", "note": "昨天被打了"}],
        }
    )
    found = Screener.load("cn-rural").assess(case)
    for shown in (case, case.visits[0], found, *found.concerns):
        for text in (repr(shown), str(shown), f"{shown}"):
            assert "secret" not in text
            assert "被打" not in text
            assert "2018" not in text


SECRET = "欧阳小草7391"


@pytest.mark.parametrize(
    "changes",
    [
        {SECRET: "yes"},
        {"C0012": "yes"},
        {"household": {SECRET: "yes"}},
        {"household": {SECRET: {"a": 1}}},
        {"visits": [{**VISIT, SECRET: "yes"}]},
        {"outcomes": [{SECRET: {"a": 1}}]},
        {"as_of": SECRET},
        {"as_of": "C0012"},
    ],
)
def test_no_error_repeats_a_key_or_a_date_that_may_be_a_persons_id(screener, changes):
    with pytest.raises(UsageError) as refused:
        screener.assess({**CASE, **changes})
    assert SECRET not in str(refused.value)
    assert "C0012" not in str(refused.value)


def test_without_quotes_an_assessment_holds_what_a_list_may_that_leaves_the_office(screener):
    note = f"{SECRET}说孩子一个人在家，又被打了，胳膊上有青紫。"
    case = {**CASE, "visits": [{**VISIT, "note": note}], "household": {"household_dv": "current"}}
    whole, private = screener.assess(case), screener.assess(case, quotes=False)
    assert private.redacted
    assert not whole.redacted
    assert private.tier == whole.tier
    assert [c.points for c in private.contributions] == [c.points for c in whole.contributions]
    assert [(c.code, c.tier) for c in private.concerns] == [
        (c.code, c.tier) for c in whole.concerns
    ]
    text = private.model_dump_json()
    for words in (SECRET, "被打", "青紫", "一个人在家"):
        assert words not in text
    for concern in whole.concerns:
        assert not (concern.sensitive and concern.rule in text)

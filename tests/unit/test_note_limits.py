"""What a note alone may do, rule by rule."""

from dataclasses import dataclass

import pytest

from carescreen.conditions import parse
from carescreen.indicators import load_indicators
from carescreen.note_limits import note_limit_problems
from carescreen.yamlfile import parse_yaml
from tests.unit.small_pack import INDICATORS as INDICATORS_YAML

INDICATORS = load_indicators(parse_yaml(INDICATORS_YAML))
DERIVED = ("age_years", "days_since_seen")


@dataclass(frozen=True)
class Limit:
    note_limit: str | None = None
    note_limit_when: dict[str, int] | None = None


CONCEPTS = {
    "abuse": Limit("immediate"),
    "pregnancy": Limit("immediate", {"age_under": 14}),
    "runaway": Limit("urgent"),
    "left_alone": Limit("urgent", {"age_under": 8}),
    "unseen": Limit("urgent", {"visits": 2}),
    "absence": Limit(),
}


def problems(text: str, tier: str | None) -> tuple[str, ...]:
    return note_limit_problems(parse(text, INDICATORS, CONCEPTS).root, tier, CONCEPTS, DERIVED)


@pytest.mark.parametrize(
    ("tier", "text"),
    [
        ("immediate", "noted(abuse)"),
        ("routine", "noted(abuse)"),
        ("urgent", "noted(runaway)"),
        ("priority", "noted(runaway)"),
        ("immediate", "age_years < 14 and noted(pregnancy)"),
        ("immediate", "age_years < 12 and noted(pregnancy)"),
        ("immediate", "age_years <= 12 and noted(pregnancy)"),
        ("immediate", "not age_years >= 14 and noted(pregnancy)"),
        ("urgent", "age_years in [3, 4, 5] and noted(left_alone)"),
        ("urgent", "unattended == 'yes' or age_years < 8 and noted(left_alone)"),
        ("urgent", "age_years < 8 or noted(left_alone) and boarding == 'no'"),
        ("urgent", "noted_visits(unseen) >= 2"),
        ("urgent", "noted_visits(unseen) > 2"),
        ("urgent", "noted(unseen) and noted_visits(unseen) >= 2"),
        # an indicator beside the note: it is not alone
        ("immediate", "noted(absence) and boarding == 'no'"),
        ("immediate", "noted(runaway) and nights_away >= 1"),
        ("immediate", "(noted(absence) or noted(runaway)) and not boarding == 'yes'"),
        # a mention that may reach the tier by itself, with any other
        ("immediate", "noted(abuse) and noted(absence)"),
        ("immediate", "noted(abuse) and (noted(absence) or noted(runaway))"),
        # a lane without a tier has none to reach
        (None, "noted(absence)"),
        # no note at all
        ("immediate", "age_years < 8 and unattended == 'yes'"),
    ],
)
def test_these_rules_keep_to_what_a_note_alone_may_do(tier: str | None, text: str) -> None:
    assert problems(text, tier) == ()


@pytest.mark.parametrize(
    ("tier", "text", "says"),
    [
        ("priority", "noted(absence)", "may not put a child in any tier"),
        ("routine", "noted_visits(absence) >= 9", "may not put a child in any tier"),
        ("immediate", "noted(runaway)", "reaches urgent at most"),
        ("immediate", "age_years < 3 and noted(runaway)", "reaches urgent at most"),
        ("immediate", "noted(pregnancy)", "counts under 14 only"),
        ("immediate", "age_years <= 14 and noted(pregnancy)", "counts under 14 only"),
        ("immediate", "age_years < 15 and noted(pregnancy)", "counts under 14 only"),
        ("immediate", "age_years in [13, 14] and noted(pregnancy)", "counts under 14 only"),
        ("priority", "age_years < 12 and noted(left_alone)", "counts under 8 only"),
        ("urgent", "age_years < 8 or noted(left_alone)", "counts under 8 only"),
        ("urgent", "noted(unseen)", "must be noted on 2 visits"),
        ("urgent", "noted_visits(unseen) >= 1", "must be noted on 2 visits"),
        ("urgent", "noted(unseen) and noted(absence)", "must be noted on 2 visits"),
        # what is derived from dates stands beside every child
        ("urgent", "noted(absence) and days_since_seen > 30", "may not put a child in any tier"),
        ("urgent", "noted(absence) and month in [6, 7]", "may not put a child in any tier"),
        ("urgent", "noted(absence) and not days_since_seen < 9", "may not put a child in any tier"),
        ("urgent", "days_since_seen > 30 or noted(absence)", "may not put a child in any tier"),
        ("urgent", "age_years < 6 or noted(absence)", "may not put a child in any tier"),
        # an alternative without the indicator
        ("urgent", "noted(absence) and (boarding == 'no' or age_years < 6)", "in any tier"),
    ],
)
def test_these_rules_would_let_a_note_do_too_much(tier: str, text: str, says: str) -> None:
    assert any(says in problem for problem in problems(text, tier))


def test_each_concept_to_blame_is_named_once() -> None:
    found = problems("noted(absence) and noted_visits(absence) >= 2 or noted(runaway)", "immediate")
    assert [problem.split(" ")[0] for problem in found] == ["noted(absence)", "noted(runaway)"]


def test_many_alternatives_cost_no_more_than_their_length() -> None:
    text = " and ".join(["(noted(abuse) or noted(absence))"] * 50)
    assert problems(text, "immediate")

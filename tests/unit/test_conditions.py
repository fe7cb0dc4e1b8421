"""What a condition may not say, where it says so, and how it is read back."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from carescreen.conditions import Condition, parse
from carescreen.errors import ConditionError
from carescreen.examples import example_data
from carescreen.indicators import MAX_SET_VALUES, load_indicators
from carescreen.parsing import MAX_LENGTH
from carescreen.yamlfile import parse_yaml
from tests.unit.plain_conditions import children_data
from tests.unit.small_pack import INDICATORS as INDICATORS_YAML

INDICATORS = load_indicators(parse_yaml(INDICATORS_YAML))
CONCEPTS = ("left_alone", "sexual_abuse", "unseen_child")


def condition(text: str) -> Condition:
    return parse(text, INDICATORS, CONCEPTS)


def refusal(text: str) -> str:
    with pytest.raises(ConditionError) as caught:
        condition(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("__import__('os').system('true')", "a dot is not in the language"),
        ("__import__('os') == 1", "unknown function '__import__'"),
        ("open('x') == 1", "unknown function 'open'"),
        ("age_years.__class__ == 1", "a dot is not in the language"),
        ("age_years.real < 8", "a dot is not in the language"),
        ("(lambda: 1)() == 1", "a lambda is not in the language"),
        ("lambda: age_years < 8", "a lambda is not in the language"),
        ("(n := 3) < 8", "an assignment is not in the language"),
        ("f'{age_years}' == '8'", "an f-string is not in the language"),
        ("[n for n in hazards] == []", "a comprehension is not in the language"),
        ("any(n for n in hazards)", "unknown function 'any'; did you mean 'any_in'?"),
        ("{'a': 1} == 1", "a dictionary is not in the language"),
        ("hazards[0] == 'fire'", "a subscript is not in the language"),
        ("age_years + 1 < 8", "arithmetic is not in the language"),
        ("-age_years < 8", "arithmetic is not in the language"),
        ("age_years < 8 if sex == 'male' else age_years < 7", "if/else is not in the language"),
        ("noted(*left_alone)", "takes the name of a concept"),
        ("noted(concept='left_alone')", "noted(…) takes one name"),
        ("await age_years", "await is not in the language"),
        ("True", "a value by itself is not in the language"),
        ("1 or 2", "a value by itself is not in the language"),
        ("'yes'", "a value by itself is not in the language"),
        ("...", "a value by itself is not in the language"),
        ("age_years is 8", "'is' is not in the language"),
        ("registered_on is None", "nothing can be asked of a missing value"),
        ("age_years < 8 and", "not a condition from 'the end' on"),
        ("age_years < 8; age_years > 9", "not a condition from"),
        ("age_years < 8) or (sex == 'male'", "not a condition from ')' on"),
        ("age_years = 8", "a single '=' assigns; compare with '=='"),
        ("age_years < 8 && sex == 'male'", "write 'and'"),
        ("sex == ‘male’", "write straight quotes"),
        ("（age_years < 8）", "write ( and )"),
        ("sex == 'male' # boys", "a comment would hide the rest"),
        ("sex == '\\x6dale'", "a backslash has no meaning here"),
        ("sex == 'male'\x00", "'U+0000' is not in the language"),
        ("", "the condition is empty"),
        ("   ", "the condition is empty"),
    ],
)
def test_what_is_not_in_the_language_is_refused_in_words(text: str, says: str) -> None:
    assert says in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "not " * 60 + "age_years < 8",
        "(" * 250 + "age_years < 8" + ")" * 250,
        "-" * 1500 + "1 < age_years",
        "noted(" * 90 + "left_alone" + ")" * 90,
        "[" * 190 + "]" * 190,
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert "nested deeper than 24 levels" in refusal(text)


def test_a_long_text_is_refused_before_it_is_parsed() -> None:
    assert f"at most {MAX_LENGTH:,} are read" in refusal("age_years < 8 or " * 1_000_000)


def test_a_text_with_very_many_parts_is_refused() -> None:
    assert "more than 400 parts" in refusal(f"age_years in [{','.join('1' * 500)}]")


def test_huge_numbers_are_refused() -> None:
    assert "compare it with a number" in refusal("age_years < 1e999")
    assert "outside what 'age_years' can be" in refusal("age_years < 999")
    assert "compare it with a number" in refusal(f"age_years < {'9' * 1900}")


def test_reading_a_condition_imports_and_warns_of_nothing() -> None:
    before = set(sys.modules)
    refusal("__import__('antigravity').x == 1")
    refusal("1or 2")
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("age_yeras < 8", "unknown indicator 'age_yeras'; did you mean 'age_years'?"),
        ("noted(left_aloen)", "unknown concept 'left_aloen'; did you mean 'left_alone'?"),
        ("noted(boarding)", "unknown concept 'boarding'; it is an indicator, compare it instead"),
        ("left_alone", "'left_alone' is a note concept; write noted(left_alone)"),
        ("left_alone == 'yes'", "write noted(left_alone)"),
        ("sex == 'femal'", "'femal' is not a value of 'sex'; did you mean 'female'?"),
        ("sex == 'zzz'", "allowed: 'female', 'male'"),
        ("sex == female", "put quotes around a value: 'female'"),
        ("sex == 'unknown'", "a missing value cannot meet a rule"),
        ("sex in ['male', 'unknown']", "a missing value cannot meet a rule"),
        ("unattended != 'unknown'", "a missing value cannot meet a rule"),
        ("sex < 'female'", "'<' orders numbers, and 'sex' has words"),
        ("sex == 3", "'sex' has words, in quotes"),
        ("sex == None", "'sex' has words, in quotes"),
        ("sex == ['male']", "a list goes with 'in'"),
        ("sex in 'male'", "'in' takes a list in square brackets"),
        ("sex in ('male', 'female')", "'in' takes a list in square brackets"),
        ("sex in []", "the list is empty"),
        ("sex in ['male', 'male']", "'male' stands twice in the list"),
        ("sex", "'sex' stands alone; compare it with a value: sex == 'male'"),
        ("age_years == '8'", "'age_years' is a number; compare it with a number"),
        ("age_years == True", "'age_years' is a number; compare it with a number"),
        ("age_years < contact_gap", "'age_years' is a number; compare it with a number"),
        ("age_years in [7, '8']", "'age_years' is a number; compare it with a number"),
        ("age_years < 80", "80 is outside what 'age_years' can be: 0 to 18"),
        ("age_years < -1", "-1 is outside what 'age_years' can be"),
        ("len(hazards) >= 9", "9 is outside what 'len' can be: 0 to 3"),
        ("contact_gap > 1 and month == 13", "13 is outside what 'month' can be: 1 to 12"),
        ("7 <= age_years < 16", "one comparison at a time; join two with 'and'"),
        ("8 > age_years", "write the indicator first, then the value: age_years < 8"),
        ("'male' in sex", "'sex' is not a set of values"),
        ("hazards == 'fire'", "'hazards' is a set: test it with 'value' in …"),
        ("'smoke' in hazards", "'smoke' is not a value of 'hazards'"),
        ("any_in(hazards, 'fire')", "'in' takes a list in square brackets"),
        ("any_in(hazards)", "any_in(…) takes an indicator and a list"),
        ("any_in(sex, ['male'])", "any_in(…) takes a set; 'sex' is one word"),
        ("any_in(hazards, ['fire']) == 1", "any_in(…) is already yes or no; write it alone"),
        ("len(hazards)", "len(…) is a number; compare it: len(…) >= 2"),
        ("len(sex) >= 1", "len(…) takes a set; 'sex' is one word"),
        ("len('fire') >= 1", "len(…) takes the name of an indicator"),
        ("registered_on > 7", "'registered_on' is a date: test it with days_since(…)"),
        ("days_since(sex) > 7", "days_since(…) takes a date or datetime; 'sex' is one word"),
        ("days_since(registered_on)", "days_since(…) is a number; compare it"),
        ("scheme == 'a'", "'scheme' is free text, which no condition can test"),
        ("noted(left_alone) == 'yes'", "noted(…) is already yes or no; write it alone"),
        ("noted_visits(unseen_child) == 2", "write noted_visits(concept) >= 2"),
        ("noted_visits(unseen_child) < 2", "write noted_visits(concept) >= 2"),
        ("noted_visits(unseen_child) >= 1.5", "with a whole number"),
        ("noted_visits(unseen_child) >= 0", "this would be met without any note"),
    ],
)
def test_wrong_names_values_and_types_are_refused_with_the_remedy(text: str, says: str) -> None:
    assert says in refusal(text)


@pytest.mark.parametrize(
    ("text", "baseline"),
    [
        ("unattended == 'no'", "'no'"),
        ("unattended != 'yes'", "'no'"),
        ("unattended not in ['yes']", "'no'"),
        ("not unattended == 'yes'", "'no'"),
        ("age_years < 8 and not (boarding == 'yes' or unattended == 'yes')", "'no'"),
        ("nights_away < 3", "0"),
        ("nights_away in [0, 9]", "0"),
        ("not nights_away >= 3", "0"),
        ("'fire' not in hazards", "an empty set"),
        ("not any_in(hazards, ['fire'])", "an empty set"),
        ("len(hazards) < 2", "an empty set"),
    ],
)
def test_a_condition_that_a_missing_value_would_meet_is_refused(text: str, baseline: str) -> None:
    message = refusal(text)
    assert "this would be met by a missing value" in message
    assert f"it counts as {baseline}" in message


@pytest.mark.parametrize(
    "text",
    [
        "month == 7",
        "month in [5, 6]",
        "month not in [5]",
        "age_years < 8 or month > 6",
        "not month == 3",
    ],
)
def test_a_condition_met_by_a_child_of_whom_nothing_is_recorded_is_refused(text: str) -> None:
    assert "a child of whom nothing is recorded" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "not noted(left_alone)",
        "not not noted(left_alone)",
        "not (age_years < 8 or noted(left_alone))",
        "not noted_visits(unseen_child) >= 2",
    ],
)
def test_a_note_may_not_stand_under_not(text: str) -> None:
    assert "under 'not'" in refusal(text)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("age_yeras < 8", 1),
        ("  age_yeras < 8", 3),
        ("age_years < 8 and sex == 'femal'", 26),
        ("age_years < 8\n  and sex == 'femal'", 28),
        ("noted('独自') or age_yeras < 8", 7),
        ("sex == 'male' or noted(left_alone) or noted(x)", 45),
        ("  age_years < 8 and = 7", 21),
    ],
)
def test_a_refusal_tells_the_column_in_characters(text: str, column: int) -> None:
    assert f"(column {column} of the condition)" in refusal(text)


def test_the_caller_adds_the_place_in_its_file() -> None:
    with pytest.raises(ConditionError, match=r"^rules\.yaml:7:11: rule 'x': unknown indicator"):
        parse(
            "age_yeras < 8",
            INDICATORS,
            where=lambda message: ConditionError(f"rule 'x': {message}", "rules.yaml", 7, 11),
        )


def test_a_condition_names_what_it_reads() -> None:
    parsed = condition("(age_years < 8 or 'fire' in hazards) and month == 7 and noted(left_alone)")
    assert parsed.indicators == {"age_years", "hazards"}
    assert parsed.concepts == {"left_alone"}
    assert parsed.text.startswith("(age_years < 8 or")


def names(atoms: tuple) -> list[str]:
    return [atom.concept or ",".join(atom.indicators) for atom in atoms]


def test_the_atoms_that_carry_met_are_those_of_the_branches_that_are_true() -> None:
    parsed = condition(
        "(age_years < 8 or sex == 'female') and (noted(left_alone) or boarding == 'no')"
    )
    data = example_data({"age_years": 6, "sex": "male", "boarding": "no"}, INDICATORS)
    assert names(parsed.true_atoms(data, 0)) == ["age_years", "boarding"]
    assert parsed.unknown_atoms(data, 0) == ()


def test_under_not_the_atoms_that_are_false_carry_met() -> None:
    parsed = condition("not (age_years < 8 and boarding == 'yes')")
    data = example_data({"age_years": 6, "boarding": "no"}, INDICATORS)
    assert names(parsed.true_atoms(data, 0)) == ["boarding"]


def test_the_atoms_in_doubt_are_those_that_would_decide() -> None:
    parsed = condition(
        "age_years < 8 and (boarding == 'yes' or noted(left_alone)) or sex == 'male'"
    )
    data = example_data(
        {"age_years": 6, "sex": "female", "noted": {"left_alone": "learned"}}, INDICATORS
    )
    assert parsed.true_atoms(data, 0) == ()
    assert names(parsed.unknown_atoms(data, 0)) == ["boarding", "left_alone"]


def test_a_condition_that_is_not_met_has_neither() -> None:
    parsed = condition("age_years < 8 and boarding == 'yes'")
    data = example_data({"age_years": 9}, INDICATORS)
    assert parsed.true_atoms(data, 0) == ()
    assert parsed.unknown_atoms(data, 0) == ()


def test_support_and_doubts_give_the_same_for_all_children_at_once() -> None:
    parsed = condition("(age_years < 8 or sex == 'female') and not boarding == 'yes'")
    children = [
        {"age_years": 6, "boarding": "no"},
        {"sex": "female"},
        {"age_years": 9, "sex": "male"},
        {},
    ]
    data = children_data(children, INDICATORS)
    for found, of_one in (
        (parsed.support, parsed.true_atoms),
        (parsed.doubts, parsed.unknown_atoms),
    ):
        for child in range(len(children)):
            assert of_one(data, child) == tuple(atom for atom, where in found(data) if where[child])


def test_without_notes_a_condition_is_as_if_nothing_were_mentioned() -> None:
    parsed = condition(
        "age_years < 8 and (noted(left_alone) or unattended == 'yes') or boarding == 'no'"
    )
    noted = {"noted": {"left_alone": "affirmed"}}
    children = [
        {"age_years": 6, **noted},
        {"age_years": 6, "unattended": "yes", **noted},
        {"boarding": "no"},
        {"age_years": 6, "boarding": "yes"},
    ]
    data = children_data(children, INDICATORS)
    assert parsed.evaluate(data).true.tolist() == [True, True, True, False]
    alone = parsed.evaluate_without_notes(data)
    assert alone.true.tolist() == [False, True, True, False]
    assert alone.known.tolist() == [False, True, True, True]


def test_a_condition_of_notes_only_is_never_met_without_them() -> None:
    parsed = condition("age_years < 8 and noted(left_alone)")
    data = example_data({"age_years": 6, "noted": {"left_alone": "affirmed"}}, INDICATORS)
    assert parsed.root_without_notes is None
    assert parsed.evaluate(data).true.all()
    assert not parsed.evaluate_without_notes(data).true.any()
    assert parsed.evaluate_without_notes(data).known.all()


def test_no_children_give_empty_truths() -> None:
    data = children_data([{"age_years": 6}], INDICATORS)
    none = type(data)(0, data.as_of, {}, {})
    assert condition("age_years < 8 and month == 7").evaluate(none).true.shape == (0,)


@pytest.mark.parametrize("size", [1, 8, 9, 33, MAX_SET_VALUES])
def test_the_values_of_a_set_of_any_size_are_counted(size: int) -> None:
    words = [f"w{number}" for number in range(size)]
    large = {"seen": replace(INDICATORS["hazards"], id="seen", values=tuple(words))}
    children = [{"seen": some} for some in ([], words[-1:], words[:1], words)]
    found = parse(f"len(seen) == {size}", large).evaluate(children_data(children, large))
    assert found.true.tolist() == [size == len(child["seen"]) for child in children]


def test_a_date_with_a_time_counts_whole_days() -> None:
    data = example_data({"as_of": "2026-11-01", "registered_on": "2026-10-25"}, INDICATORS)
    data.columns["registered_on"].values[0] = np.datetime64("2026-10-25T23:59:59")
    assert condition("days_since(registered_on) == 7").evaluate(data).true.all()
    assert condition("days_since(registered_on) == 7").true_atoms(data, 0)

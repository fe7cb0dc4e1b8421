"""What changed between two models: exact, the same from both sides, nothing where nothing differs."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given

from carescreen.calibration import CalibrationMap
from carescreen.modeldiff import FactChange, LevelChange, aligned, compare_models
from carescreen.modelfile import Recalibrated, SavedModel, Window
from carescreen.modellevels import UNKNOWN, Level
from carescreen.modelshow.differing import difference_lines
from carescreen.ngrams import PhraseTable
from carescreen.steps import StepTable
from tests.unit.small_models import AGE, PLACE, VIOLENCE, models, rich, saved

VALUES = (0.0, 0.5, 0.6, 1.0, 1.2, 1.5, 2.0, 2.25, 3.0, 7.0, 9.0, None)
ROWS = pd.DataFrame(
    {
        "n1": VALUES,
        "n2": VALUES[::-1],
        "w": ["hill", "river", "town", "sea", "moon", None] * 2,
        "both": VALUES,
        "note": ["a b 没人", "b", "没人 a", None] * 3,
        "text": ["a b", None, "a", "b 没人"] * 3,
    }
)


def change_of(level_changes: tuple[LevelChange, ...], value: object) -> int:
    """The change at a value, by reading the levels as a person would."""
    (found,) = [one for one in level_changes if holds(one.level, value, level_changes)]
    return found.change


def holds(level: Level, value: object, every: tuple[LevelChange, ...]) -> bool:
    words = [one.level.word for one in every if one.level.kind == "word"]
    if value is None or value != value or (isinstance(value, str) and value not in words):
        return level == UNKNOWN
    if level.kind == "range":
        low = float("-inf") if level.low is None else level.low
        high = float("inf") if level.high is None else level.high
        return low < value <= high
    return level.word == value and level.kind == "word"


@given(model=models())
def test_a_model_does_not_differ_from_itself(model: SavedModel) -> None:
    found = compare_models(model, model)
    assert found.same
    assert found.same_scores
    assert found.reach == (0, 0)
    assert found.largest is None
    assert not found.features + found.phrases + found.facts


@given(old=models(), new=models())
def test_the_difference_is_the_same_from_both_sides_with_signs_turned(
    old: SavedModel, new: SavedModel
) -> None:
    there, back = compare_models(old, new), compare_models(new, old)
    assert there.reversed() == back
    assert there.reach == (-back.reach[1], -back.reach[0])
    assert [one.change for one in there.phrases] == [-one.change for one in back.phrases]
    by_name = {(one.name, one.kind != "changed"): one for one in back.features}
    for feature in there.features:
        if not any(other.name == feature.name and other is not feature for other in there.features):
            other = by_name[feature.name, feature.kind != "changed"]
            changes = [-one.change for one in other.levels]
            assert [one.change for one in feature.levels] == changes


@given(old=models(), new=models())
def test_aligned_levels_add_up_to_the_difference_of_scores_exactly(
    old: SavedModel, new: SavedModel
) -> None:
    kinds = {t.type for m in (old, new) for t in m.tables.features if t.name == "both"}
    X = ROWS.assign(both=ROWS["w"]) if kinds == {"category"} else ROWS
    if len(kinds) == 2:  # no column can be scored by both
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        wanted = (new.tables.score_micro(X) - old.tables.score_micro(X)).tolist()
    found = compare_models(old, new)
    gone = PhraseTable({one.text: one.old for one in found.phrases if one.old is not None})
    come = PhraseTable({one.text: one.new for one in found.phrases if one.new is not None})
    sums = come.score_micro(X[new.tables.note_column]) - gone.score_micro(X[old.tables.note_column])
    sums += found.intercept[1] - found.intercept[0]
    for feature in found.features:
        sums += [change_of(feature.levels, value) for value in X[feature.name]]
    assert sums.tolist() == wanted
    assert not found.same_scores or not any(wanted)


def test_steps_with_other_cuts_differ_only_where_a_value_scores_otherwise() -> None:
    finer = replace(AGE, edges=(4.5, 7.0, 9.5, 20.0), weights=(-400_000, -100_000, 0, 0, 900_000))
    changes = [(one.level.low, one.level.high, one.change) for one in aligned(AGE, finer)]
    assert changes == [
        (None, 4.5, 0),
        (4.5, 7.0, 0),
        (7.0, 9.5, 100_000),
        (9.5, 20.0, 0),
        (20.0, None, 0),
        (None, None, 0),
    ]
    cut_in_two = replace(
        AGE, edges=(4.5, 7.0, 9.5, 20.0), weights=(-400_000, *[-100_000] * 2, 0, 900_000)
    )
    assert compare_models(saved(AGE), saved(cut_in_two)).same


def test_the_largest_change_comes_first_and_is_named() -> None:
    old = saved(AGE, VIOLENCE, PLACE)
    less = replace(VIOLENCE, weights=(0, 250_000))
    far = replace(PLACE, weights=(-200_000, 700_000, 0))
    found = compare_models(old, saved(replace(AGE, missing=60_000), less, far))
    assert [one.name for one in found.features] == ["place", "violence", "age"]
    assert [one.most for one in found.features] == [600_000, -200_000, 10_000]
    assert found.largest is found.features[0]
    assert found.reach == (-200_000, 610_000)


def test_a_word_that_only_one_model_knows_was_unknown_to_the_other() -> None:
    new = StepTable("place", "category", (5, 9), levels=("river", "sea"), missing=3)
    found = {one.level.word: (one.old, one.new) for one in aligned(PLACE, new)}
    assert found == {
        "hill": (-200_000, 3),
        "river": (100_000, 5),
        "sea": (-7, 9),
        "town": (0, 3),
        "": (-7, 3),
    }


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"rows": 5}, [("rows", 0, 5)]),
        ({"events": 5, "events_of_known_selection": 4}, None),
        ({"data_window": Window(first="2024-01-01", last="2025-01-01")}, None),
        (
            {"recalibrated_on": Recalibrated(rows=1_500, groups=9, events=30)},
            [("recalibrated_on", None, "1,500 / 9 / 30")],
        ),
        ({"software": {"numpy": "2"}}, [("software.numpy", None, "2")]),
        ({"switched_on": {"income": "board"}}, [("switched_on.income", None, "board")]),
        ({"made_by": "evidence"}, [("made_by", "fit", "evidence")]),
        ({"phrases": {}}, [("note_column", None, "note")]),
        (
            {"calibration": CalibrationMap(0.5, 1.0, (0.0, 0.0, 0.0), 100, "intercept")},
            [
                ("calibration.method", None, "intercept"),
                ("calibration.events", None, 100),
                ("calibration.intercept", None, 0.5),
                ("calibration.slope", None, 1.0),
                ("calibration.covariance", None, "0, 0, 0"),
            ],
        ),
    ],
)
def test_what_a_model_rests_on_is_compared(change: dict, facts: list | None) -> None:
    found = compare_models(saved(), saved(**change))
    assert found.same_scores
    assert not found.same
    if facts is not None:
        assert found.facts == tuple(FactChange(*fact) for fact in facts)
    assert len(found.facts) == len(facts) if facts else len(change)


def test_a_score_that_becomes_a_probability_is_said() -> None:
    map_ = CalibrationMap(events=100, method="intercept+slope")
    old = saved(calibration=map_, events_of_known_selection=99)
    new = saved(calibration=map_, events_of_known_selection=100)
    assert FactChange("number", "score", "probability") in compare_models(old, new).facts
    lines = list(difference_lines(compare_models(old, new), "en", 100))
    assert "~ what its number may be called: score -> probability" in lines


def test_names_and_order_are_no_difference() -> None:
    assert compare_models(saved(AGE, PLACE), saved(PLACE, AGE, name="other")).same


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_change_has_its_words(language: str) -> None:
    other = replace(AGE, monotone=0, sensitive=True, spread=300_000, sources=(), title={"en": "x"})
    words = StepTable("violence", "category", (3,), levels=("a",))
    for old, new in ((rich(), saved(other, words, card="")), (saved(other, words), rich())):
        text = "\n".join(difference_lines(compare_models(old, new), language, 100, everything=True))
        assert "没人管" in text
        assert "None" not in text
        assert "{" not in text


def test_the_lines_of_a_difference() -> None:
    old = saved(AGE, VIOLENCE)
    new = saved(replace(AGE, weights=(-400_000, 0, 0, 900_000)), PLACE, name="new", intercept=0)
    assert list(difference_lines(compare_models(old, new), "en", 100)) == [
        "small -> new",
        "The largest change of a score that one feature can make: -0.450 (Violence at home (violence), at",
        "yes).",
        "All features and the intercept together: from +1.350 to +2.200.",
        "~ intercept -2.000 -> +0.000 (+2.000)",
        "- Violence at home (violence): removed, -0.450 at most",
        "    yes  +0.450 -> +0.000  (-0.450)",
        "+ place: added, -0.200 at most",
        "    'hill'                    +0.000 ->    -0.200     (-0.200)",
        "    'river'                   +0.000 ->    +0.100     (+0.100)",
        "    unknown, or another word  +0.000 -> -0.000007  (-0.000007)",
        "~ Age in years (age): +0.100 at most",
        "    5 to 9  -0.100 -> +0.000  (+0.100)",
    ]
    assert list(difference_lines(compare_models(old, old), "zh", 80))[1:] == ["没有差别"]

"""Phrases of notes: where they stand, how the cap is shared out, what a model's folder keeps of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.errors import ModelError
from carescreen.model import RiskModel
from carescreen.modelfile import Manifest, SavedModel, read_model, write_model
from carescreen.ngrams import PhraseTable, capped, note_phrases, phrase_spans
from carescreen.screener import Screener
from carescreen.steps import AdditiveTables

NOTES = st.text(alphabet="没人管 Leftİaσ'ΑΣ,.\n。😀3", max_size=30)
POINTS = st.lists(st.integers(-400_000, 400_000), max_size=8)


@settings(max_examples=200)
@given(points=POINTS, cap=st.integers(1, 900_000))
def test_capped_points_add_up_to_the_capped_sum_and_none_changes_its_sign_or_grows(
    points: list[int], cap: int
) -> None:
    kept = capped(points, cap)
    assert sum(kept) == max(min(sum(points), cap), -cap)
    for before, after in zip(points, kept, strict=True):
        assert before * after >= 0
        assert abs(after) <= abs(before)


@settings(max_examples=200)
@given(note=NOTES)
def test_every_phrase_of_a_note_is_found_where_it_stands_and_no_other(note: str) -> None:
    phrases = note_phrases(note)
    spans = phrase_spans(note, phrases | {"nowhere"})
    assert spans.keys() == phrases
    for phrase, (start, end) in spans.items():
        words = phrase.removesuffix("*").split()
        lowered = note[start:end].lower()
        assert lowered.startswith(words[0])
        assert words[-1] in lowered


@settings(max_examples=60)
@given(notes=st.lists(NOTES, max_size=4), cap=st.integers(1, 40))
def test_a_table_scores_what_its_contributions_add_up_to(notes: list[str], cap: int) -> None:
    table = PhraseTable(
        {"没人": 9, "人管": 17, "没人管": -5, "left": 20, "lef": -30, "a": 3}, cap=cap
    )
    column = pd.Series([*notes, None], dtype=object)
    sums = table.contributions(column).groupby("row")["micro"].sum()
    wanted = sums.reindex(range(len(column)), fill_value=0)
    score = table.score_micro(column)
    assert score.tolist() == wanted.tolist()
    assert abs(score).max(initial=0) <= cap


@given(parts=st.lists(NOTES, max_size=4))
def test_notes_below_each_other_hold_what_each_of_them_holds(parts: list[str]) -> None:
    assert note_phrases("\n".join(parts)) == set().union(*map(note_phrases, parts))


def saved(**changes: object) -> SavedModel:
    phrases = PhraseTable({"没人管": 300_000, "left alone": 250_000}, cap=500_000)
    tables = AdditiveTables(0, (), note_column="note", phrases=phrases)
    manifest = Manifest(name="m", made_by="fit", struck_phrases=["饿"])
    return SavedModel(replace(tables, **changes), manifest)


def test_the_cap_and_what_was_struck_are_kept_in_the_folder(tmp_path: Path) -> None:
    write_model(tmp_path / "m", saved())
    back = read_model(tmp_path / "m")
    assert back.tables == saved().tables
    assert back.manifest.struck_phrases == ["饿"]
    model = RiskModel.load(tmp_path / "m")
    X = pd.DataFrame({"note": ["没人管 left alone", ""]})
    assert model.score_micro(X).tolist() == [500_000, 0]
    assert model.phrase_contributions(X)["micro"].tolist() == [227_273, 272_727]


def test_a_model_without_a_cap_or_struck_phrases_is_written_as_before(tmp_path: Path) -> None:
    plain = saved(phrases=PhraseTable({"没人管": 1}))
    files = replace(plain, manifest=Manifest(name="m", made_by="fit")).files()
    assert "phrase_cap" not in json.loads(files["model.json"])
    assert "struck_phrases" not in json.loads(files["manifest.json"])


def test_a_cap_that_is_no_cap_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m", saved(phrases=PhraseTable({"没人管": 1}, cap=0)))
    with pytest.raises(ModelError, match=r"phrase_cap"):
        read_model(tmp_path / "m")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"note_column": "narrative"}, "the column 'narrative'.*trained on another table"),
        ({"phrases": PhraseTable({"没人管": 1})}, "not held to half a log-odds"),
        ({"phrases": PhraseTable({"没人管": 1}, cap=500_001)}, "not held to half a log-odds"),
        ({"phrases": PhraseTable({"没人管": -1}, cap=500_000)}, "may only raise it"),
        ({"phrases": PhraseTable({"她说": 1, "his": 1}, cap=500_000)}, "2 of .* speak of sex"),
    ],
)
def test_a_screener_refuses_phrases_that_are_not_a_caseloads(
    changes: dict[str, object], reason: str, tmp_path: Path
) -> None:
    write_model(tmp_path / "m", saved(**changes))
    with pytest.raises(ModelError, match=reason):
        Screener.load("base", tmp_path / "m")

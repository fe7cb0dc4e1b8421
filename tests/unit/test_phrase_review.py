"""Learned phrases as a table for a person, and what she struck in it; rules that keep phrases out."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from carescreen.errors import CaseloadError, OutputError
from carescreen.phrase_context import context_of
from carescreen.phrase_names import kept_out_of, language_of, rules_kept_out
from carescreen.phrase_report import PhraseFacts
from carescreen.phrase_review import COLUMNS, YES, read_review, write_review

FACTS = PhraseFacts(
    text="没人管",
    language="zh",
    weight=123_456,
    rows=80,
    children=70,
    workers=30,
    villages=29,
    effect=-0.5,
    low=-0.7,
    high=0.3,
    held_out=0.4,
    context="…夜里没人管…",
)
PHRASES = (
    FACTS,
    replace(FACTS, text="left alone", language="en", context="=left alone"),
    replace(FACTS, text="hungry", language="en", context=""),
)


def filled(path: Path, marks: list[str], encoding: str = "utf-8-sig", mark: str = ",") -> Path:
    """The review with the column `strike` filled in, saved as a spreadsheet might."""
    write_review(path, PHRASES)
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = list(csv.reader(file))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=mark)
        writer.writerows(
            [head, *([*row[:-1], word] for row, word in zip(rows, marks, strict=True))]
        )
    return path


def test_the_table_says_of_each_phrase_what_a_person_must_know(tmp_path: Path) -> None:
    path = tmp_path / "new" / "review.csv"
    write_review(path, PHRASES)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    head, first, second, _third = csv.reader(data.decode("utf-8-sig").splitlines())
    assert [name.split(" ")[0] for name in head] == list(COLUMNS)
    assert all(" " in name for name in head)  # and in Chinese
    wanted = ["没人管", "zh", "0.123456", "80", "70", "30", "29", "-0.500", "-0.700", "0.300"]
    assert first == [*wanted, "…夜里没人管…", ""]
    assert second[-2] == "'=left alone"  # no formula
    write_review(path, PHRASES)
    assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mark", sorted(YES))
def test_a_yes_in_any_of_its_forms_strikes(mark: str, tmp_path: Path) -> None:
    review = read_review(filled(tmp_path / "r.csv", [f" {mark.upper()} ", "no", ""]))
    assert review.struck == {"没人管"}
    assert review.unknown_rows == ()


@pytest.mark.parametrize(("encoding", "mark"), [("gb18030", ","), ("utf-8", ";"), ("utf-8", "\t")])
def test_what_a_spreadsheet_makes_of_the_file_is_read(
    encoding: str, mark: str, tmp_path: Path
) -> None:
    review = read_review(filled(tmp_path / "r.csv", ["是", "", "x"], encoding, mark))
    assert review.struck == {"没人管", "hungry"}


def test_phrases_that_are_not_the_models_are_told_and_struck_all_the_same(tmp_path: Path) -> None:
    path = filled(tmp_path / "r.csv", ["x", "", "x"])
    review = read_review(path, known={"没人管", "left alone"})
    assert review.struck == {"没人管", "hungry"}
    assert review.unknown_rows == (4,)
    assert "Rows 4 name phrases" in review.told()
    assert "第 4 行" in review.told("zh")


def test_a_mark_that_is_neither_yes_nor_no_strikes_nothing_and_is_told(tmp_path: Path) -> None:
    path = filled(tmp_path / "r.csv", ["x", "maybe", "?"])
    with pytest.raises(CaseloadError, match=r"row 3, 4: wanted yes .*Nothing was struck"):
        read_review(path)


def test_a_file_that_is_no_review_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("phrase,weight\n没人管,1\n", encoding="utf-8")
    with pytest.raises(CaseloadError, match="has no column 'strike'"):
        read_review(path)


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_review(tmp_path / "file" / "review.csv", PHRASES)


# --- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        ("她说", "sex"),
        ("left her", "sex"),
        ("苗族", "ethnicity"),
        ("土家语", "ethnicity"),
        ("信佛", "religion"),
        ("at church", "religion"),
        ("低保户", "circumstances"),
        ("single mother", "circumstances"),
        ("王奶奶", "names"),
        ("张伟", "names"),
        ("小明", "names"),
        ("mr wang", "names"),
        ("大坪村", "places"),
        ("the village", "places"),
        *((word, None) for word in ("没人管", "奶奶", "子女", "家族", "全村", "老人", "高兴")),
        *((word, None) for word in ("left alone", "black eye", "other", "here", "themselves")),
    ],
)
def test_a_rule_says_why_a_phrase_is_kept_out(phrase: str, reason: str | None) -> None:
    assert rules_kept_out().reason(phrase) == reason


def test_every_group_says_why_in_both_languages_and_its_exceptions_are_none_of_it() -> None:
    rules = rules_kept_out()
    assert {group.id for group in rules.groups} >= {"sex", "ethnicity", "religion"}
    for group in rules.groups:
        assert group.reason.keys() == {"en", "zh"}
        assert all(group.holds(word) for word in (*group.en, *group.zh))
        assert not any(group.holds(word) for word in (*group.unless_en, *group.unless_zh))


def test_names_are_known_from_the_caseload_and_from_capitals_inside_sentences() -> None:
    notes = ["Then Maria came, and Maria left. Left alone", "saw Maria", "He was left, Left again"]
    ids = ["village_012", "village_013", "长岭坡", "Ekaterina P", "village_014"]
    rules = kept_out_of(ids, notes)
    assert rules.reason("maria came") == "names"
    assert rules.reason("left alone") is None
    assert rules.reason("去长岭") == "names"
    assert rules.reason("ekaterina") == "names"
    assert "village" not in rules.own


def test_language_of_a_phrase() -> None:
    assert [language_of(phrase) for phrase in ("没人", "left alone")] == ["zh", "en"]


# --- an example that quotes nobody ---------------------------------------------------------------


def example(phrase: str, notes: list[str], least: int = 3) -> str:
    return context_of(phrase, notes, np.arange(len(notes)), least, rules_kept_out())


def test_an_example_grows_only_by_what_enough_workers_write() -> None:
    notes = ["奶奶说夜里没人管", "说夜里没人管孩子", "爷爷说夜里没人管", "没人管"]
    assert example("没人管", notes) == "…说夜里没人管…"
    assert example("没人管", notes, least=4) == ""
    alone = [
        "was left alone at night. Maria said",
        "was left alone at night!",
        "left alone at night",
    ]
    assert example("left alone", alone) == "…left alone at night…"


def test_one_worker_who_writes_a_thing_often_is_one_worker() -> None:
    notes = ["说没人管", "说没人管", "说没人管"]
    assert context_of("没人管", notes, np.zeros(3, dtype=np.int64), 2, rules_kept_out()) == ""


def test_an_example_names_nobody() -> None:
    assert example("没人管", ["张伟家没人管孩子"] * 5) == "…家没人管孩子…"
    assert (
        example("left alone", ["Mr Wang left alone at night"] * 5) == "…wang left alone at night…"
    )
    rules = kept_out_of([], ["so Wang left and Wang came. The Wang"] * 3)
    notes = ["old Wang left alone at night"] * 5
    assert context_of("left alone", notes, np.arange(5), 3, rules) == "…left alone at night…"

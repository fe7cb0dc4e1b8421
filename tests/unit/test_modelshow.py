"""A model as people read it: levels in words, bars that line up, a page that is safe and complete."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from html import unescape
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.errors import OutputError, UsageError
from carescreen.modelfile import Recalibrated, SavedModel, read_model
from carescreen.modelshow.card import read_card
from carescreen.modelshow.curves import curve, curves_of
from carescreen.modelshow.drawing import drawing_of, scale_of
from carescreen.modelshow.facts import fact_rows, standing
from carescreen.modelshow.lines import wrapped
from carescreen.modelshow.page import model_page, write_page
from carescreen.modelshow.terminal import model_lines
from carescreen.modelshow.texts import texts_of
from carescreen.review.reasons import columns
from carescreen.steps import AdditiveTables, StepTable
from tests.unit.small_models import AGE, CARD, PLACE, SILENT, VIOLENCE, models, numbers, rich, saved

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert(1)</script>\"'&amp;\x1b[31m\u202e"


def page_of(model: SavedModel, language: str = "en", **options: object) -> str:
    return model_page(model, language, **options)[0]


def drawings(page: str) -> list[ElementTree.Element]:
    """Every SVG of a page, by a strict parser."""
    return [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", page, re.S)]


def heights(path: str) -> list[float]:
    """The height of each level that a path of steps draws."""
    return [float(y) for y in re.findall(r"(?:V|M[\d.]+ )([\d.]+)H", path)]


# --- levels in words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "en", "zh"),
    [
        (AGE, "up to 4|5 to 9|10 to 20|over 20|unknown", "不超过4|5至9|10至20|超过20|未知"),
        (VIOLENCE, "no|yes|unknown", "否|是|未知"),
        (SILENT, "no|yes|unknown", "否|是|未知"),
        (
            PLACE,
            "'river'|'town'|'hill'|unknown, or another word",
            "'river'|'town'|'hill'|未知或其他用词",
        ),
        (StepTable("x", "number", (3,)), "any value|unknown", "任何数值|未知"),
        (
            StepTable("x", "number", (1, 2, 3), (0.25, 100_000.125)),
            "up to 0.25|over 0.25 to 100000|over 100000|unknown",
            "不超过0.25|超过0.25，至100000|超过100000|未知",
        ),
        (  # equal neighbours are one level, and the numbers stay whole
            StepTable("x", "number", (1, 1, 2), (4.5, 6.5)),
            "up to 6|over 6|unknown",
            "不超过6|超过6|未知",
        ),
        (  # two cuts that six digits would not tell apart
            StepTable("x", "number", (1, 2, 3), (0.1234567, 0.1234568)),
            "up to 0.1234567|over 0.1234567 to 0.1234568|over 0.1234568|unknown",
            "不超过0.1234567|超过0.1234567，至0.1234568|超过0.1234568|未知",
        ),
        (  # no whole number lies between 4 and 4.5
            StepTable("x", "number", (1, 2, 3), (4.0, 4.5)),
            "up to 4|over 4 to 4.5|over 4.5|unknown",
            "不超过4|超过4，至4.5|超过4.5|未知",
        ),
    ],
)
def test_levels_are_words_that_a_person_reads(table: StepTable, en: str, zh: str) -> None:
    for language, wanted in (("en", en), ("zh", zh)):
        assert "|".join(point.words for point in curve(table, language).points) == wanted


def test_both_languages_have_the_same_texts_with_the_same_names() -> None:
    names = {
        lang: {k: set(re.findall(r"{\w+}", v)) for k, v in texts_of(lang).items()}
        for lang in ("en", "zh")
    }
    assert names["en"] == names["zh"]
    assert all(text for language in ("en", "zh") for text in texts_of(language).values())


def test_what_moves_a_score_most_comes_first_and_what_adds_nothing_last() -> None:
    found = curves_of(rich().tables, "en")
    assert [one.name for one in found.drawn] == ["age", "violence", "place"]
    assert [one.name for one in found.silent] == ["income"]
    assert (found.low, found.high) == (-400_000, 900_000)
    assert [one.name for one in curves_of(rich().tables, "en", only=["income"]).drawn] == ["income"]


def test_a_feature_that_is_not_there_is_corrected() -> None:
    with pytest.raises(UsageError, match="no feature 'agge'; did you mean 'age'"):
        list(model_lines(rich(), "en", 80, only=["agge"]))


# --- in the terminal -------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_zero_lines_are_one_below_the_other(
    language: str, width: int
) -> None:
    wide = StepTable(
        "wide", "number", tuple(range(-12_000, 12_000, 1_000)), tuple(i + 0.5 for i in range(23))
    )
    lines = list(model_lines(saved(AGE, VIOLENCE, PLACE, wide), language, width))
    assert max(map(columns, lines)) <= width
    bars = [line for line in lines if re.search(r"[+-]\d+\.\d+ .*\|#*$", line)]
    assert len(bars) == 5 + 3 + 4 + 25
    assert len({columns(line.partition("|")[0]) for line in bars}) == 1


@given(table=numbers("x"), width=st.integers(30, 130))
def test_bars_never_shrink_where_weights_grow(table: StepTable, width: int) -> None:
    lines = list(model_lines(saved(table, AGE), "en", width, only=["x"]))
    drawn = [
        (float(weight), bar)
        for weight, bar in re.findall(r"([+-]\d+\.\d+)  (.*\|#*)$", "\n".join(lines), re.M)
    ]
    lengths = sorted(
        (weight, right.count("#") - left.count("#"))
        for weight, (left, _, right) in ((weight, bar.partition("|")) for weight, bar in drawn)
    )
    assert len(lengths) >= 2
    assert all(a <= b for (_, a), (_, b) in pairwise(lengths))
    assert all(
        (weight > 0) == (length > 0) and (weight < 0) == (length < 0) for weight, length in lengths
    )


def test_what_it_rests_on_is_said_in_words() -> None:
    text = "\n".join(model_lines(rich(), "en", 120))
    for words in (
        "intercept: -2.000",
        "calibration: intercept +0.010 (standard error 0.200), slope 1.020 (0.300), from 240 events:",
        "data window: 2024-01-01 to 2025-12-31",
        "12,345 in 900 groups, with 240 events, 123 of known selection",
        "switched on: income: board of 2026-03-01",
        "never falls as the value rises; sources: lee2020, other2021",
        "yes never weighs less than no; sensitive; no source is named",
        "features that add nothing to any score: income; --all draws them",
        "learned phrases of note: 3, the strongest first\n    没人管     +0.300",
        "Its data are SYNTHETIC: nothing here was seen by anybody.",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("known", "calibrated", "en", "zh"),
    [
        (99, True, "a score and no probability: the manifest records 99", "是分数，不是概率"),
        (100, True, "may be called a probability", "可以称为概率"),
        (
            100,
            False,
            "a score and no probability: it has not been calibrated",
            "没有用本地结果校准过",
        ),
    ],
)
def test_a_probability_is_named_only_where_it_is_one(known, calibrated, en, zh) -> None:
    model = replace(
        rich(), manifest=rich().manifest.model_copy(update={"events_of_known_selection": known})
    )
    model = model if calibrated else replace(model, calibration=None)
    assert en in standing(model, "en")[1]
    assert zh in standing(model, "zh")[1]


@pytest.mark.parametrize(
    ("language", "learned", "since"),
    [
        (
            "en",
            "12,345 in 900 groups, with 240 events",
            "80 in 7 groups, with 30 events, 12 of known",
        ),
        ("zh", "12,345行，900组，240例事件", "80行，7组，30例事件，其中选取方式已知的12例"),
    ],
)
def test_what_the_weights_and_what_the_probability_rest_on_are_told_apart(language, learned, since):
    on = Recalibrated(rows=80, groups=7, events=30)
    changes = {"recalibrated_on": on, "events_of_known_selection": 12}
    model = replace(rich(), manifest=rich().manifest.model_copy(update=changes))
    facts = [words for _, words in fact_rows(model, language)]
    assert learned in facts
    assert any(words.startswith(since) for words in facts)


@pytest.mark.parametrize(("language", "word"), [("en", "SYNTHETIC"), ("zh", "合成数据")])
def test_what_was_made_from_invented_children_is_called_so(language: str, word: str) -> None:
    invented = rich().manifest.model_copy(update={"data_origin": "synthetic"})
    model = replace(rich(), manifest=invented, card="")
    assert word in "\n".join(model_lines(model, language, 80))
    assert word in page_of(model, language)
    assert word not in page_of(replace(rich(), card=""), language)


def test_only_the_strongest_of_many_words_and_phrases_are_printed() -> None:
    many = StepTable(
        "carer",
        "category",
        tuple(range(1_000, 31_000, 1_000)),
        levels=tuple(f"c{i:02}" for i in range(30)),
    )
    model = saved(many, phrases={f"p{i:02}": i * 1_000 for i in range(1, 31)})
    text = "\n".join(model_lines(model, "en", 100))
    assert "6 more words, from +0.001 to +0.006; --feature carer shows them" in text
    assert "10 more phrases; --all shows them" in text
    assert "'c05'" not in text
    assert "'c06'" in text
    whole = "\n".join(model_lines(model, "en", 100, everything=True))
    assert "'c00'" in whole
    assert "p01" in whole


def test_lines_are_broken_by_columns() -> None:
    assert wrapped("孩子今天没有去学校", 10) == ["孩子今天没", "有去学校"]
    assert wrapped("one two", 3) == ["one", "two"]
    assert wrapped("", 10) == [""]


def test_signs_that_steer_a_terminal_do_not_reach_it() -> None:
    model = saved(
        replace(AGE, title={"en": NASTY}, sources=(NASTY,)), phrases={NASTY: 1}, name=NASTY
    )
    model = replace(model, card=CARD.replace("No probability", NASTY))
    for line in model_lines(model, "en", 80):
        assert not set(line) & {"\x1b", "\u202e"}


def test_a_card_gives_what_the_model_is_not_and_its_sources() -> None:
    card = read_card(CARD)
    assert card.not_it == (
        "Its data are SYNTHETIC: nothing here was seen by anybody.",
        "No probability.",
    )
    assert card.sources == {"lee2020": "OR 2 -> 0.693 log-odds. Lee, 2020."}
    assert read_card("## What it is not\n\nOne.\nStill one.\n\nTwo.").not_it == (
        "One. Still one.",
        "Two.",
    )
    assert read_card("").not_it == ()


# --- on the page -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_feature_has_a_drawing_with_a_title_a_description_and_a_table(language: str) -> None:
    page = page_of(rich(), language, everything=True)
    found = drawings(page)
    assert len(found) == page.count("<article") == 4
    for svg in found:
        ids = svg.attrib["aria-labelledby"].split()
        assert [svg.find("title").attrib["id"], svg.find("desc").attrib["id"]] == ids
        assert svg.find("title").text
        assert svg.find("desc").text
    title = {"en": "Age in years (age)", "zh": "周岁年龄（age）"}[language]
    assert found[0].find("title").text == title
    assert "−0.400" in found[0].find("desc").text
    assert "−0.400</td>" in page


@given(model=models())
def test_every_drawing_is_well_formed_and_stays_inside(model: SavedModel) -> None:
    for svg in drawings(page_of(model, everything=True)):
        for node in svg.iter():
            if node.tag == "path":
                assert all(-1 <= float(n) <= 361 for n in re.findall(r"[\d.]+", node.attrib["d"]))
            if node.tag == "rect":
                assert float(node.attrib["height"]) >= 0


@given(table=numbers("x"))
def test_a_monotone_feature_is_drawn_monotone(table: StepTable) -> None:
    curves = curves_of(AdditiveTables(0, (table, AGE)), "en", everything=True)
    (shown,) = [one for one in curves.drawn if one.name == "x"]
    ys = heights(drawing_of(shown, scale_of(curves)).steps)
    assert len(ys) == len(shown.points) - 1
    if table.monotone:  # y runs downwards
        assert all((a - b) * table.monotone >= 0 for a, b in pairwise(ys))
    weights = [point.weight for point in shown.points[:-1]]
    assert [a > b for a, b in pairwise(ys)] == [a < b for a, b in pairwise(weights)]


def test_all_drawings_of_a_model_have_one_scale() -> None:
    found = drawings(page_of(rich(), everything=True))
    scales = [
        [n.text for n in svg.iter("text") if n.attrib.get("class") == "left"] for svg in found
    ]
    assert scales[0] == ["−0.5", "0", "+0.5", "+1"]
    assert all(scale == scales[0] for scale in scales)
    zeros = {
        n.attrib["d"] for svg in found for n in svg.iter("path") if n.attrib["class"] == "zero"
    }
    assert len(zeros) == 1
    alone = drawings(page_of(rich(), only=["violence"]))
    assert [n.text for n in alone[0].iter("text") if n.attrib.get("class") == "left"] == scales[0]


def test_names_with_markup_are_escaped_everywhere() -> None:
    word = replace(PLACE, name=NASTY, levels=("<b>", NASTY, "z"), sources=(NASTY,))
    titled = replace(AGE, title={"en": NASTY})
    model = saved(
        titled, word, replace(SILENT, title={"en": NASTY}), phrases={NASTY: 5}, name=NASTY
    )
    model = replace(
        model,
        card=CARD.replace("No probability", NASTY).replace("lee2020", "lee2020`: <img>\n- `x"),
    )
    page = page_of(model)
    assert "<script" not in page
    assert "<b>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert len(drawings(page)) == 2


def test_a_page_loads_and_runs_nothing() -> None:
    page = page_of(read_model("evidence"), "zh")
    assert "default-src 'none'; style-src 'sha256-" in unescape(page)
    assert not re.search(r"<script|\son\w+=|\sstyle=|src=|@import|url\(|href=\"(?!#)", page)


def test_the_page_of_the_shipped_model_says_what_it_is_not_and_where_weights_come_from() -> None:
    page, count = model_page(read_model("evidence"), "en")
    assert count == 6
    for words in (
        "No probability: it gives a score",
        "Not validated: no child",
        "is a score and no probability: the manifest records 0 outcome events",
        "No child&#39;s outcome was used",
        "Features that add nothing to any score",
        "Hindley N, Ramchandani PG, Jones DPH.",
    ):
        assert words in page
    assert set(re.findall(r'href="#([\w-]+)"', page)) <= set(re.findall(r'id="([\w-]+)"', page))


def test_a_card_that_does_not_say_what_the_model_is_not_shows_as_a_gap() -> None:
    assert "does not say what the model is not" in page_of(saved(card="# x"))
    assert "没有说明模型不是什么" in page_of(saved(card="# x"), "zh")


def test_phrases_stand_in_a_table_the_strongest_first() -> None:
    section = page_of(rich()).split('id="phrases"')[1]
    assert re.findall(r'<th scope="row">(.+?)</th>', section) == ["没人管", "hungry", "tidy"]
    assert 'id="phrases"' not in page_of(rich(), only=["age"])
    assert 'id="phrases"' not in page_of(saved())


def test_a_page_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "m.html"
    assert write_page(rich(), target, "en") == 3
    first = target.read_bytes()
    assert write_page(rich(), target, "en") == 3
    assert target.read_bytes() == first
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    other = tmp_path / "letter.html"
    other.write_text("mine")
    with pytest.raises(OutputError, match="no page written by this command"):
        write_page(rich(), other, "en")
    assert other.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.html", "m.html"]

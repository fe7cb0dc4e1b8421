"""An evaluation as people read it: every figure is in metrics.json, small cells nowhere that leaves."""

from __future__ import annotations

import json
import math
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import carescreen.evaluation.report as package
from carescreen.errors import OutputError
from carescreen.evaluation import discrimination, net_benefit, reliability, use
from carescreen.evaluation.capacities import recall_by_capacity
from carescreen.evaluation.evaluated import Evaluation
from carescreen.evaluation.groups import audit_groups
from carescreen.evaluation.notices import Notice
from carescreen.evaluation.report import write_report
from carescreen.evaluation.report.amounts import Amount, hundredths
from carescreen.evaluation.report.checklist import LISTS, answer, items_of
from carescreen.evaluation.report.content import Content, content_of, content_of_figures
from carescreen.evaluation.report.export import metrics, metrics_text
from carescreen.evaluation.report.masking import leaving_office
from carescreen.evaluation.report.method import fact_rows
from carescreen.evaluation.report.page import report_page
from carescreen.evaluation.report.placenames import is_about_a_place
from carescreen.evaluation.report.rounding import significant
from carescreen.evaluation.report.small import is_small, rows_to_blank, steps_to_keep
from carescreen.evaluation.report.summary import slope_fit, standing, summary, summary_lines
from carescreen.evaluation.report.tables import differences_table
from carescreen.evaluation.report.texts import texts_of
from carescreen.yamlfile import read_yaml
from tests.unit.simulated_evaluation import METHODS, evaluation, judged_windows, rules

FOLDER = Path(package.__file__).parent
NASTY = "<script>alert(1)</script>\"'&amp;‮"
LANGUAGES = ("en", "zh")


def few() -> Evaluation:
    """So few judged that hardly anything can be told, and most cells are small."""
    return evaluation(3, windows=3, judged=0.03)


def bare() -> Evaluation:
    """What is left where nothing but order and use was measured."""
    nothing = {"reliability": None, "net_benefit": None, "groups": None, "misses": None}
    none = replace(rules(), rules=pd.DataFrame(columns=["rule", "verdict"]))
    return replace(evaluation(), **nothing, rules=none)


def with_facts(**facts: object) -> Evaluation:
    found = evaluation()
    backtest = found.backtest
    return replace(found, backtest=replace(backtest, facts={**backtest.facts, **facts}))


@cache
def every_page() -> tuple[tuple[str, Content], ...]:
    contents = [
        make(found)
        for found in (evaluation(), few(), bare())
        for make in (content_of, leaving_office)
    ]
    return tuple(
        (report_page(content, language), content)  # type: ignore[arg-type]
        for content in contents
        for language in LANGUAGES
    )


def words_of(page: str) -> str:
    """What a reader sees, drawings and style aside."""
    seen = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", page, flags=re.S)
    return unescape(re.sub(r"<[^>]+>", " ", seen))


# --- words -----------------------------------------------------------------------------------


def names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_have_the_same_keys_and_names() -> None:
    english, chinese = texts_of("en"), texts_of("zh")
    assert list(english) == list(chinese)
    assert [key for key in english if names(english[key]) != names(chinese[key])] == []
    silent = ("chart_note_capacity", "chart_note_histogram")
    assert [k for k in english if not (english[k] and chinese[k]) and k not in silent] == []


def test_every_text_is_used_and_every_text_that_is_used_is_there() -> None:
    source = "".join(
        path.read_text("utf-8") for path in (*FOLDER.glob("*.py"), *FOLDER.rglob("*.j2"))
    )
    dynamic = ("ask_", "answer_", "attribute_", "axis_", "beside_", "chart_", "column_", "data_")
    dynamic += ("domain_", "empty_", "fact_", "family_", "find_", "folds_", "group_", "limit_")
    dynamic += ("list_", "measure_", "method_", "note_", "origin_", "part_", "refit_", "right_")
    dynamic += ("rule_", "said_", "section_", "table_", "term_")
    unused = [k for k in texts_of("en") if f'"{k}"' not in source and f"'{k}'" not in source]
    assert [key for key in unused if not key.startswith(dynamic)] == []


def test_no_word_names_a_tier_by_colour_or_promises() -> None:
    for language in LANGUAGES:
        every = " ".join(texts_of(language).values())
        assert "100%" not in every
        assert not re.search(r"\b(red|green|yellow|orange)\b|[红绿黄橙]色", every)


# --- the page --------------------------------------------------------------------------------


def test_no_page_shows_a_missing_value_as_python_writes_it() -> None:
    for page, _ in every_page():
        assert not re.search(r"\b(nan|NaN|None|NaT|inf|True|False)\b", words_of(page))
        assert "{" not in words_of(page)
        assert not re.search(r'd="[^"]*(nan|inf)', page)


def test_a_page_loads_and_runs_nothing_and_its_drawings_are_whole() -> None:
    for page, _ in every_page():
        assert "<script" not in page
        assert not re.search(r'(?:src|href)=(?!"#)|url\(|@import', page)
        assert "default-src 'none'" in unescape(page)
        for drawing in re.findall(r"<svg.*?</svg>", page, re.S):
            ElementTree.fromstring(drawing)
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        named = " ".join(re.findall(r'aria-labelledby="([^"]+)"', page)).split()
        assert set(named) <= set(ids)
        assert {link[1:] for link in re.findall(r'href="(#[^"]+)"', page)} <= set(ids)


def test_all_that_there_is_to_see_is_drawn() -> None:
    page = report_page(content_of(evaluation()), "en")
    keys = ("methods", "capacity", "windows", "reliability", "histogram", "benefit", "groups")
    assert [key for key in keys if f'id="chart-{key}"' not in page] == []


def test_words_of_a_record_cannot_become_a_tag() -> None:
    found = with_facts(pack=NASTY)
    groups = content_of(found).groups
    assert groups is not None
    content = replace(
        content_of(found), groups=groups.assign(group=NASTY), notices={"en": (NASTY,)}
    )
    assert "<script" not in report_page(content, "en")


def test_synthetic_data_are_called_so_at_the_top_and_real_ones_are_not() -> None:
    for language in LANGUAGES:
        said = texts_of(language)["page_synthetic"]
        page = report_page(content_of(evaluation()), language)  # type: ignore[arg-type]
        assert said in page[: page.index("<main>")]
        real = with_facts(data_origin="real")
        assert said not in report_page(content_of(real), language)  # type: ignore[arg-type]
    assert metrics(content_of(evaluation()))["synthetic"] is True
    assert metrics(content_of(with_facts(data_origin="real")))["synthetic"] is False


def test_a_leak_stands_first_on_the_page_and_in_the_terminal() -> None:
    found = evaluation()
    leak = Notice("leak", {"day": "2025-04-01", "columns": "score"})
    backtest = replace(found.backtest, notices=(*found.backtest.notices, leak))
    leaking = replace(found, backtest=backtest)
    for language in LANGUAGES:
        sentence = leak.sentence(language)  # type: ignore[arg-type]
        page = report_page(content_of(leaking), language)  # type: ignore[arg-type]
        assert page.count(sentence) == 1
        assert page.index(sentence) < page.index("<main>")
        assert next(summary_lines(leaking, language)) == sentence  # type: ignore[arg-type]


def test_the_terminal_says_what_the_page_says() -> None:
    lines = list(summary_lines(evaluation(), "en"))
    page = words_of(report_page(content_of(evaluation()), "en"))
    assert [line for line in lines if line.removeprefix("  - ") not in page] == []


def test_a_page_says_at_the_top_whether_it_may_leave_the_office() -> None:
    found = evaluation()
    inside, outside = report_page(content_of(found), "en"), report_page(leaving_office(found), "en")
    assert "stays in the office" in inside[: inside.index("<main>")]
    assert "Made to leave the office" in outside[: outside.index("<main>")]


def test_blanks_of_the_checklists_are_visible() -> None:
    content = content_of(evaluation())
    blank = {name: [i for i in items_of(name, content, "en") if i.is_blank] for name in LISTS}
    page = report_page(content, "en")
    for name in LISTS:
        of = len(items_of(name, content, "en"))
        assert f"{len(blank[name])} of {of} items are blank" in page
    assert page.count('<span class="blank">to be filled in') == sum(map(len, blank.values()))
    unknown = with_facts(model=None, model_digest=None)
    assert '<dd><span class="blank">' in report_page(content_of(unknown), "en")


def test_the_checklists_have_every_item_once_in_both_languages() -> None:
    data, content = read_yaml(FOLDER / "checklist.yaml").data, content_of(evaluation())
    numbers = [str(row["number"]) for row in data["tripod"]]
    assert len(numbers) == len(set(numbers)) == 52
    assert {int(re.match(r"\d+", n)[0]) for n in numbers} == set(range(1, 28))  # type: ignore[index]
    assert [str(row["number"])[0] for row in data["probast"]] == [
        *"11",
        *"222",
        *"333333",
        *"4" * 9,
    ]
    for row in (*data["tripod"], *data["probast"]):
        assert row["en"]
        assert row["zh"]
        for language in LANGUAGES:
            if "answer" in row:
                assert answer(row["answer"], content, language)


def test_what_was_not_measured_leaves_its_items_blank() -> None:
    blank = {i.number for i in items_of("tripod", content_of(bare()), "en") if i.is_blank}
    assert {"14", "23b"} <= blank
    assert "23a" not in blank


# --- the answers -----------------------------------------------------------------------------


def said(found: Evaluation, key: str, language: str = "en") -> str:
    answers = {a.key: a for a in summary(content_of(found), language)}  # type: ignore[arg-type]
    return " ".join(answers[key].sentences)


def test_the_first_answer_is_recall_at_capacity_with_its_interval() -> None:
    figures = evaluation().use.figures
    row = figures[(figures["part"] == "all") & (figures["measure"] == "recall")].iloc[0]
    ends = [hundredths(row[name]) for name in ("value", "low", "high")]
    assert "Of 100 children whose concern was confirmed, {} had".format(*ends) in said(
        evaluation(), "find"
    )
    assert f"({ends[1]} to {ends[2]})" in said(evaluation(), "find")


def test_with_few_outcomes_it_says_how_many_more_are_needed() -> None:
    events = int(content_of(few()).events)
    assert 0 < events < 20
    assert f"{events} confirmed outcomes, at least 20 are needed; {20 - events} more" in said(
        few(), "find"
    )
    assert f"还差 {20 - events} 例" in said(few(), "find", "zh")


def test_outcomes_that_count_very_differently_are_not_many() -> None:
    found = evaluation()
    weight = np.ones(len(found.backtest.judged))
    event = found.backtest.judged["event"].eq(True).to_numpy()
    weight[np.flatnonzero(event)[:2]] = 1_000.0
    judged = found.backtest.judged.assign(weight=weight)
    table = use(judged, METHODS, 16, weight="weight", draws=10)
    content = content_of(replace(found, backtest=replace(found.backtest, judged=judged), use=table))
    (answer_found, *_) = (a for a in summary(content, "en") if a.key == "find")
    assert "tell no more than 2 of equal weight" in answer_found.sentences[0]


def test_groups_of_too_few_are_one_sentence_with_how_many_there_are() -> None:
    groups = content_of(few()).groups
    assert groups is not None
    own = groups[(groups["measure"] == "missed_need") & (groups["attribute"] == "sex")].iloc[0]
    words = f"sex = {texts_of('en')['group_' + own['group']]} ({own['events']:.0f}, others"
    assert words in said(few(), "fair")


def test_what_was_not_measured_is_said_and_what_to_do_about_it() -> None:
    assert "nobody knows" in said(bare(), "missed")
    assert "random_share" in said(bare(), "next")
    assert "nobody can say for whom" in said(bare(), "fair")
    assert "scores, not probabilities" in said(bare(), "right")


@pytest.mark.parametrize(
    ("amount", "word"),
    [
        (Amount(0.08, 0.03, 0.13), "better"),
        (Amount(-0.08, -0.13, -0.03), "worse"),
        (Amount(0.01, -0.03, 0.04), "alike"),
        (Amount(0.01, -0.08, 0.10), "unknown"),
        (Amount(math.nan, math.nan, math.nan), "unknown"),
    ],
)
def test_a_difference_is_called_by_its_interval(amount: Amount, word: str) -> None:
    assert standing(amount) == word


def with_notices(*notices: Notice) -> Evaluation:
    found = evaluation()
    backtest = replace(found.backtest, notices=(*found.backtest.notices, *notices))
    return replace(found, backtest=backtest)


OWN = Notice("previous_is_own", {"days": 90})
MISSING = Notice("previous_missing", {"count": 3})


def test_the_same_list_of_earlier_is_called_so_and_is_nothing_of_before() -> None:
    content = content_of(with_notices(OWN))
    for language, own, name in (
        ("en", "the same list, 90 days old", "the previous list"),
        ("zh", "同一份名单，90天前的", "以前的名单"),
    ):
        lines = next(a for a in summary(content, language) if a.key == "better").sentences  # type: ignore[arg-type]
        assert "90" in lines[0]
        assert "--lists" in lines[0]
        worker = texts_of(language)["method_worker_concern"]
        first = next(line for line in lines if line.startswith((own, worker)))
        assert first.startswith(worker)
        page = report_page(content, language)  # type: ignore[arg-type]
        drawn = page[page.index('id="methods"') : page.index('id="notices"')]
        assert own in drawn
        assert name not in drawn
        terminal = " ".join(summary_lines(with_notices(OWN), language))  # type: ignore[arg-type]
        assert own in terminal
    assert "previous_list" not in set(content.by_capacity["method"])
    assert "previous_list" in set(content_of(evaluation()).by_capacity["method"])


def test_without_any_way_of_before_it_says_so_though_there_is_the_list_of_earlier() -> None:
    content = content_of_figures(with_notices(OWN))
    alone = replace(content, methods=("carescreen", "previous_list", "random"))
    lines = next(a for a in summary(alone, "en") if a.key == "better").sentences
    assert texts_of("en")["better_none"] in lines


def test_lists_that_were_not_there_are_called_neither_better_nor_worse() -> None:
    for found in (with_notices(MISSING), with_notices(OWN, MISSING)):
        content = content_of(found)
        for language, words in (
            ("en", "not compared: 3 of 4 windows had no earlier list"),
            ("zh", "没有比较：4 期中有 3 期之前没有名单"),
        ):
            lines = next(a for a in summary(content, language) if a.key == "better").sentences  # type: ignore[arg-type]
            name = content.previous.name("previous_list", language)
            (line,) = (line for line in lines if line.startswith(name))
            assert words in line
        table = differences_table(content, "en")
        (row,) = (r for r in table.rows if r[0] == content.previous.name("previous_list", "en"))
        assert set(row[1:]) == {"not compared"}
        assert "previous_list" not in set(content.by_capacity["method"])


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        *((0.85, 1.2, "fit"), (0.6, 1.4, "unknown"), (0.9, 1.4, "unknown")),
        *((0.5, 0.9, "wide"), (1.1, 1.6, "narrow"), (math.nan, math.nan, "unknown")),
    ],
)
def test_a_slope_fits_only_where_its_whole_interval_is_near_one(
    low: float, high: float, word: str
) -> None:
    assert slope_fit(Amount(1.0, low, high)) == word


def test_weighted_figures_are_called_estimates_with_the_counts_they_rest_on() -> None:
    found = weighted()
    row = content_of_figures(found).figure("carescreen", "recall")
    events, judged = (f"{row[name]:,.0f}" for name in ("events", "judged"))
    english, chinese = said(found, "find"), said(found, "find", "zh")
    assert english.count("If all children had been visited") == 2
    assert english.count(f"Estimated from {events} confirmed outcomes of {judged} judged") == 2
    assert "Of 100 judged children with a seat" not in english
    assert chinese.count("假如所有孩子都走访过") == 2
    assert chinese.count(f"依据 {judged} 条有判定的记录估计，其中 {events} 例") == 2
    assert texts_of("en")["better_weighted"] in said(found, "better")
    assert texts_of("en")["better_weighted"] not in said(evaluation(), "better")


def test_sentences_of_method_say_what_is_done() -> None:
    english = texts_of("en")
    for key in ("said_judged", "answer_outcome"):
        assert "saw the child" in english[key]
        assert "first visit that could tell" not in english[key]
        assert "第一次见到孩子的走访" in texts_of("zh")[key]
    for language in LANGUAGES:
        texts = texts_of(language)
        assert "MOVER" in texts["said_intervals"]
        assert "5" in texts["folds_county"]
    for key in ("said_judged", "answer_missing"):
        assert "count in no figure" not in english[key]
        assert "misses" in english[key]
    assert "gamma" in english["said_intervals"]
    assert "stand for them" in english["limit_judged"]


# --- the figures -----------------------------------------------------------------------------


def numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for one in value.values():
            yield from numbers_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from numbers_in(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def test_every_figure_of_a_table_is_a_rounded_figure_of_the_json() -> None:
    for page, content in every_page():
        found = list(numbers_in(json.loads(metrics_text(content))))
        known = {f"{abs(round(scale * x, d)) + 0.0:,.{d}f}" for x in found for scale, d in FORMS}
        part = page[page.index('id="methods"') : page.index('id="checklists"')]
        tables = re.findall(r'<td class="number">(.*?)</td>', part)
        shown = [n for cell in tables for n in re.findall(r"[\d,]+(?:\.\d+)?(?![\d-])", cell)]
        dates = re.compile(r"\d{4}-\d\d-\d\d")
        cells = [cell for cell in tables if not dates.search(cell)]
        shown = [n for cell in cells for n in re.findall(r"\d[\d,]*(?:\.\d+)?", cell)]
        assert len(shown) > 20
        assert sorted(set(shown) - known) == []


FORMS = ((100.0, 0), (1.0, 0), (1.0, 2), (1.0, 3))


def test_the_json_is_strict_and_the_same_whatever_the_order_of_rows() -> None:
    found = evaluation()
    text = metrics_text(content_of(found))
    assert "NaN" not in text
    read = json.loads(text)
    assert read["format"] == "carescreen-evaluation/1"
    missing = [row for row in read["figures"] if row["county_low"] is None]
    assert missing
    backtest = found.backtest
    shuffled = replace(backtest, judged=backtest.judged.sample(frac=1.0, random_state=1))
    assert metrics_text(content_of(replace(found, backtest=shuffled))) == text


@pytest.mark.parametrize("weight", [None, "weight"])
def test_recall_at_other_capacities_is_that_of_use(weight: str | None) -> None:
    table = judged_windows(2, windows=2)
    table["weight"] = np.random.default_rng(0).choice([1.0, 3.0, 20.0], len(table))
    methods = ["carescreen", "rules_only", "random"]
    curve = recall_by_capacity(table, methods, [3, 16, 40], weight=weight, draws=10)
    for seats, own in curve.groupby("capacity"):
        figures = use(table, methods, int(seats), by=(), weight=weight, draws=10).figures
        recall = figures[figures["measure"] == "recall"]
        for name in ("value", "worst", "best"):
            np.testing.assert_allclose(own[name], recall[name])


def test_recall_at_other_capacities_needs_twenty_events() -> None:
    table = judged_windows(3, windows=3, judged=0.03)
    assert recall_by_capacity(table, ["carescreen"], [5])["value"].isna().all()


# --- what leaves the office ------------------------------------------------------------------

COUNTS = arrays(
    np.int64, st.tuples(st.integers(1, 8), st.integers(1, 3)), elements=st.integers(0, 40)
)


@given(COUNTS)
def test_no_blanked_row_comes_back_by_subtraction(counts: np.ndarray) -> None:
    blank = rows_to_blank(counts.astype(float))
    assert not is_small(counts[~blank].astype(float)).any()
    if blank.any() and not blank.all():
        assert blank.sum() > 1
        assert not is_small(counts[blank].sum(axis=0).astype(float)).any()
    if not is_small(counts.astype(float)).any():
        assert not blank.any()


@given(COUNTS, st.integers(0, 7))
def test_no_two_kept_steps_differ_by_a_small_number(counts: np.ndarray, first: int) -> None:
    total = np.cumsum(counts, axis=0).astype(float)
    kept = total[steps_to_keep(total, min(first, len(total) - 1))]
    assert not is_small(kept).any()
    assert not any(is_small(np.abs(a - b)).any() for a in kept for b in kept)


@pytest.mark.parametrize("found", [evaluation, few], ids=["many", "few"])
def test_no_small_count_leaves_nor_one_that_a_share_gives_away(found: Any) -> None:
    read = metrics(leaving_office(found()))
    assert read["small_cells"]["rows_with_blanks"] > 0
    for row in read["windows"]:
        counts = [row[name] for name in ("children", "judged", "events") if row[name] is not None]
        for count in (*counts, *np.abs(np.diff(counts))):
            assert not 1 <= count <= 7
    for row in read["figures"]:
        if row["value"] is not None:
            assert not is_small(np.array([row["events"], row["judged"] - row["events"]])).any()
        if row["measure"] == "recall" and row["value"] is not None:
            hits = row["value"] * row["events"]
            assert not is_small(np.array([hits, row["events"] - hits])).any()
    for row in (*read["bins"], *read["histogram"]):
        for name in ("children", "children_with_event"):
            assert row.get(name) is None or not 1 <= row[name] <= 7
    for row in read["groups"]:
        assert all(not 1 <= row[n] <= 7 for n in ("children", "events") if row[n] is not None)
    for row in read["rules"]:
        for name in ("open", "unknown", "fired", "judged", "confirmed", "closed", "misread"):
            assert row[name] is None or not 1 <= row[name] <= 7


def test_no_two_capacities_and_no_two_thresholds_lie_a_few_children_apart() -> None:
    read = metrics(leaving_office(evaluation()))
    assert len(read["by_capacity"]) > 3
    for method in {row["method"] for row in read["by_capacity"]}:
        rows = [row for row in read["by_capacity"] if row["method"] == method]
        hits = np.array([row["value"] * row["events"] for row in rows])
        assert not is_small(np.abs(hits[:, None] - hits)).any()
    rows = [row for row in read["net_benefit"] if row["measure"] == "net_benefit"]
    assert 3 < len(rows) < len(content_of(evaluation()).net_benefit) / 2
    visited = np.array([row["visited"] * row["judged"] for row in rows])
    value = np.array([row["value"] * row["judged"] for row in rows])
    odds = np.array([row["threshold"] / (1 - row["threshold"]) for row in rows])
    found = (value + visited * odds) / (1 + odds)
    for counts in (found, visited - found):
        assert not is_small(np.abs(counts[:, None] - counts)).any()


def test_a_few_without_a_probability_cannot_be_had_from_two_tables() -> None:
    found = evaluation()
    assert found.reliability is not None
    figures = found.reliability.figures.copy()
    figures.loc[figures["part"] == "all", "judged"] -= 3
    of_all = replace(found, reliability=replace(found.reliability, figures=figures))
    content = leaving_office(of_all)
    assert content.calibration["hidden"].all()
    empty = [len(table) for table in (content.bins, content.curve, content.net_benefit)]
    assert empty == [0, 0, 0]
    assert texts_of("en")["hidden"] in " ".join(
        line for a in summary(content, "en") if a.key == "right" for line in a.sentences
    )
    figures = found.reliability.figures.copy()
    figures.loc[(figures["part"] == "window") & (figures["of"] == 2), "judged"] -= 3
    of_one = replace(found, reliability=replace(found.reliability, figures=figures))
    table = leaving_office(of_one).calibration
    gone = table[(table["measure"] == "brier") & table["hidden"]]
    assert len(gone) == 2  # that window and another, so that the others do not give it back


def test_totals_go_where_one_of_them_lacks_a_few_of_another() -> None:
    found = evaluation()
    windows = found.backtest.windows.copy()
    windows["judged"] = windows["children"]
    windows.loc[0, "judged"] -= 5
    content = leaving_office(replace(found, backtest=replace(found.backtest, windows=windows)))
    assert all(math.isnan(total) for total in content.totals.values())
    assert "not shown" in dict(fact_rows(content, "en"))["judged"]


def test_what_is_blanked_of_a_window_cannot_be_had_from_the_others() -> None:
    found = evaluation()
    backtest = found.backtest
    windows = backtest.windows.copy()
    windows.loc[1, "events"] = 4
    content = leaving_office(replace(found, backtest=replace(backtest, windows=windows)))
    hidden = content.windows["hidden"]
    assert hidden.sum() == 2  # of the four, so that neither is what the others lack
    assert content.windows.loc[hidden, ["judged", "events"]].isna().to_numpy().all()
    for table in (content.figures, content.differences):
        gone = table["of"].isin(set(backtest.windows.loc[hidden, "as_of"]))
        assert gone.any()
        assert table.loc[gone, "value"].isna().all()
        assert table.loc[~gone & (table["part"] == "all"), "value"].notna().all()


def test_a_pair_goes_as_a_whole_and_single_groups_cannot_be_had_from_the_others() -> None:
    content = leaving_office(evaluation(5, windows=1, judged=0.5))
    groups = content.groups
    assert groups is not None
    assert groups["hidden"].any()
    for (_, attribute), own in groups.groupby(["measure", "attribute"]):
        if " × " in attribute:
            assert own["hidden"].all() or not own["hidden"].any()
        elif len(own) > 1:
            assert own["hidden"].sum() != 1


def test_nobody_and_no_place_is_named_in_what_leaves(tmp_path: Path) -> None:
    found = with_facts(folder="/home/v001", county="K1")
    write_report(found, tmp_path / "out", for_office=False)
    for path in (tmp_path / "out").iterdir():
        text = path.read_text("utf-8-sig")
        assert not re.search(r"\b[cvwh]\d{3,5}\b", text), path.name
    read = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert read["places"] is None
    assert not read["stays_in_office"]
    assert "county" not in read["facts"]


def weighted(seed: int = 1, chance: float = 0.12, **options: Any) -> Evaluation:
    """An evaluation in which those drawn at random stand for 1 / chance children, the others for one."""
    found = evaluation(seed, **options)
    judged = found.backtest.judged
    judged = judged.assign(weight=np.where(judged["at_random"], 1.0 / chance, 1.0))
    return replace(
        found,
        backtest=replace(found.backtest, judged=judged),
        order=discrimination(judged, METHODS, weight="weight", draws=50),
        use=use(judged, METHODS, found.backtest.capacity, weight="weight", draws=50),
        net_benefit=net_benefit(judged, weight="weight", draws=50),
    )


def digits_of(value: float) -> int:
    return len(repr(value).split(".")[1]) if "." in repr(value) and value % 1 else 0


def test_no_figure_that_leaves_has_the_digits_to_solve_for_counts(tmp_path: Path) -> None:
    read = metrics(leaving_office(weighted()))
    assert "effective_events" not in read
    assert "effective_events" in metrics(content_of(weighted()))
    shares = ("recall", "precision", "auroc", "missed_need", "selection_rate", "observed_in_bin")
    ends = ("value", "low", "high", "worst", "best", "difference", "county_low", "value_others")
    for table in ("figures", "differences", "by_capacity", "bins", "groups"):
        for row in read[table]:
            for name in ends:
                value = row.get(name)
                if value is not None and row.get("measure", "recall") in shares:
                    assert digits_of(value) <= 2, (table, name, row)
    for table in ("calibration", "net_benefit", "misses"):
        for row in read[table]:
            for name, value in row.items():
                if isinstance(value, float) and name != "threshold":
                    assert value in (round(value, 2), float(f"{value:.1e}")), row
    write_report(weighted(), tmp_path / "out", for_office=False)
    for name in ("methods.csv", "groups.csv"):
        assert not re.search(r"0\.[1-9]\d{2,}", (tmp_path / "out" / name).read_text("utf-8"))


def test_a_rounded_figure_is_written_with_its_digits_alone() -> None:
    assert [repr(significant(value)) for value in (7.71e-25, 0.01234, 45.67, 1234.0)] == [
        *("7.7e-25", "0.012", "46.0", "1200.0")
    ]


def test_small_counts_are_found_though_rows_have_weights() -> None:
    found = weighted()
    judged = found.backtest.judged
    shown = leaving_office(found)
    plain = use(judged, METHODS, found.backtest.capacity, draws=2).figures
    keys = ["part", "method", "measure"]
    of_all = plain[(plain["part"] == "all") & (plain["measure"] == "recall")].set_index(keys)
    seen = 0
    rows = shown.figures[(shown.figures["part"] == "all") & (shown.figures["measure"] == "recall")]
    for row in rows[~rows["hidden"]].to_dict("records"):
        once = of_all.loc[tuple(row[key] for key in keys)]
        hits = once["value"] * once["events"]
        assert not is_small(np.array([hits, once["events"] - hits])).any()
        seen += 1
    assert seen
    read = metrics(shown)
    seats = sorted({row["capacity"] for row in read["by_capacity"]})
    curve = recall_by_capacity(judged, ["carescreen"], seats, draws=2)
    kept = {row["capacity"] for row in read["by_capacity"] if row["method"] == "carescreen"}
    own = curve[curve["capacity"].isin(kept)]
    hits = (own["value"] * own["events"]).to_numpy()
    assert not is_small(np.abs(hits[:, None] - hits)).any()


def test_a_seat_count_that_weights_hide_is_blanked() -> None:
    """Of a window, 5 events have no seat: with weights, the share times events says more."""
    found = weighted(windows=1)
    judged = found.backtest.judged.copy()
    events = np.flatnonzero(judged["event"].eq(True))
    order = np.where(judged["event"].eq(True), 1e6, judged["carescreen"].rank())
    order[events[:5]] = -1.0
    judged["carescreen"] = order
    judged.loc[judged.index[events[:5]], "weight"] = 1.0 / 0.12
    capacity = int(judged[judged["event"].eq(True)].groupby("group").size().max())
    figures = use(judged, METHODS, capacity, weight="weight", draws=20)
    backtest = replace(found.backtest, judged=judged, capacity=capacity)
    row = leaving_office(replace(found, backtest=backtest, use=figures)).figure(
        "carescreen", "recall"
    )
    assert row["hidden"]


def test_what_leaves_says_not_enough_without_saying_how_little_outcomes_tell() -> None:
    found = evaluation()
    weight = np.ones(len(found.backtest.judged))
    weight[np.flatnonzero(found.backtest.judged["event"].eq(True))[:2]] = 1_000.0
    judged = found.backtest.judged.assign(weight=weight)
    table = use(judged, METHODS, 16, weight="weight", draws=10)
    backtest = replace(found.backtest, judged=judged)
    content = leaving_office(replace(found, backtest=backtest, use=table))
    (answer_found, *_) = (a for a in summary(content, "en") if a.key == "find")
    assert "must not stand for very different numbers" in answer_found.sentences[0]


def with_attributes(**columns: Any) -> Evaluation:
    """An evaluation of groups by further columns; columns: of judged windows to a column."""
    found = evaluation()
    judged = found.backtest.judged.copy()
    for name, column in columns.items():
        judged[name] = column(judged)
    attributes = ("sex", *columns)
    backtest = replace(found.backtest, judged=judged, attributes=attributes)
    groups = audit_groups(judged, capacity=16, attributes=list(attributes))
    by = ["window", *columns]
    chances = reliability(judged, by=by, draws=20)
    return replace(found, backtest=backtest, groups=groups, reliability=chances)


def in_other_words(judged: pd.DataFrame) -> pd.Series:
    return "王家" + judged["village_id"].astype(str).str[1:] + "湾"


def halves(judged: pd.DataFrame) -> pd.Series:
    return pd.Series(np.where(np.arange(len(judged)) % 2, "yes", "no"), judged.index)


def test_a_column_that_names_villages_in_other_words_does_not_leave(tmp_path: Path) -> None:
    found = with_attributes(村=in_other_words, nearest=lambda j: "w" + j["caseworker_id"])
    for language in LANGUAGES:
        folder = tmp_path / language
        write_report(found, folder, for_office=False, language=language)  # type: ignore[arg-type]
        for path in folder.iterdir():
            text = path.read_text("utf-8-sig")
            assert "王家" not in text, path.name
            assert "ww0" not in text, path.name
        page = words_of((folder / "report.html").read_text("utf-8"))
        assert texts_of(language)["groups_left_out"].split("{")[0] in page
    assert metrics(leaving_office(found))["left_out"] == ["村", "nearest"]
    inside = content_of(found)
    assert inside.groups is not None
    assert "村" in set(inside.groups["attribute"])
    assert inside.left_out == ()


def test_columns_are_left_out_by_their_whole_name_alone() -> None:
    found = with_attributes(ethnic_group=halves, migrant_worker=halves, village_school=halves)
    content = leaving_office(found)
    assert content.groups is not None
    names = {"ethnic_group", "migrant_worker", "village_school"}
    assert names <= set(content.groups["attribute"])
    assert names <= set(content.calibration["part"])
    exact = ("village_id", "caseworker_id", "household_id", "group")
    assert all(is_about_a_place(f"sex × {name}", ()) for name in exact)
    assert not is_about_a_place("county_id", ())


def test_a_primary_attribute_that_names_places_is_said_to_be_left_out() -> None:
    found = with_attributes(remoteness=in_other_words)
    answers = {a.key: a.sentences for a in summary(leaving_office(found), "en")}
    assert "remoteness: " + texts_of("en")["fair_left_out"] in answers["fair"]


# --- the folder ------------------------------------------------------------------------------


def test_it_writes_a_folder_and_the_same_bytes_again(tmp_path: Path) -> None:
    paths = write_report(evaluation(), tmp_path / "report")
    assert [p.name for p in paths] == ["report.html", "metrics.json", "methods.csv", "groups.csv"]
    first = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_report(evaluation(), tmp_path / "report")] == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report"]
    methods = pd.read_csv(paths[2])
    assert set(methods["method"]) == set(METHODS)


def test_without_groups_there_is_no_table_of_them(tmp_path: Path) -> None:
    assert "groups.csv" not in {p.name for p in write_report(bare(), tmp_path / "report")}


def test_it_writes_over_nothing_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "report.html").write_text("mine")
    with pytest.raises(OutputError, match="no earlier result"):
        write_report(evaluation(), tmp_path / "mine")
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        write_report(evaluation(), tmp_path / "mine")
    assert (tmp_path / "mine" / "report.html").read_text() == "mine"


def test_what_goes_wrong_leaves_the_earlier_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path, *_) = write_report(evaluation(), tmp_path / "report")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("carescreen.evaluation.report.folder.write_csv", full)
    with pytest.raises(OutputError, match="what was there stands"):
        write_report(evaluation(), tmp_path / "report")
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report"]

"""The page of a model in a real browser: on a phone, with axe, and on paper."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from carescreen.modelshow.page import write_page
from carescreen.steps import StepTable
from tests.browser.pages import PHONE, Opener
from tests.browser.test_access import AXE
from tests.unit.small_models import AGE, PLACE, VIOLENCE, rich

pytest_plugins = ("tests.browser.chromium",)


@pytest.fixture(scope="module")
def model_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of feature, one with 30 long words and one with 24 ranges."""
    many = tuple(f"照护人的第{i}种情况，写得很长" for i in range(30))
    words = StepTable("carer", "category", tuple(range(-450_000, 450_000, 30_000)), levels=many)
    weights, edges = tuple(range(-720_000, 720_000, 60_000)), tuple(i + 0.5 for i in range(23))
    ranges = StepTable("days", "number", weights, edges, monotone=1)
    model = rich()
    tables = replace(model.tables, features=(AGE, VIOLENCE, PLACE, words, ranges))
    path = tmp_path_factory.mktemp("model") / "model.html"
    write_page(replace(model, tables=tables), path, "zh")
    return path


def test_it_fits_a_phone_and_its_words_are_large_enough(visit: Opener, model_page: Path) -> None:
    page = visit(model_page, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("svg").count() == 5
    heights = page.locator("svg text").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().height)"
    )
    assert min(heights) >= 8
    outside = (
        "nodes => nodes.filter(svg => { const box = svg.getBoundingClientRect();"
        "return [...svg.querySelectorAll('text')].some(text => { const t = text.getBoundingClientRect();"
        "return t.left < box.left - 1 || t.right > box.right + 1 || t.bottom > box.bottom + 1; }); }).length"
    )
    assert page.locator("svg").evaluate_all(outside) == 0


def test_words_under_a_drawing_do_not_run_into_each_other(visit: Opener, model_page: Path) -> None:
    page = visit(model_page)
    touching = (
        "nodes => nodes.flatMap(svg => { const y = node => Math.round(node.getBoundingClientRect().top);"
        "const all = [...svg.querySelectorAll('text:not(.figure)')].map(n => n.getBoundingClientRect());"
        "return all.flatMap((a, i) => all.slice(i + 1).filter(b => a.left < b.right && b.left < a.right"
        " && a.top + 3 < b.bottom && b.top + 3 < a.bottom)); }).length"
    )
    assert page.locator("svg").evaluate_all(touching) == 0


def test_axe_finds_nothing_serious(visit: Opener, model_page: Path) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    page = visit(model_page)
    page.evaluate((files(package) / "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate(AXE) == []


def test_on_paper_a_drawing_and_its_table_stand_side_by_side(
    visit: Opener, model_page: Path
) -> None:
    page = visit(model_page)
    page.emulate_media(media="print")
    first = page.locator(".feature:not(.long) .curve").first
    drawing, table = first.locator("figure").bounding_box(), first.locator("table").bounding_box()
    assert drawing["x"] + drawing["width"] <= table["x"] + 1
    assert abs(drawing["y"] - table["y"]) < 20

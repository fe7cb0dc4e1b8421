"""The report of an evaluation in a real browser: on a phone, with axe, and on paper."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from carescreen.evaluation.report import write_report
from carescreen.evaluation.verdicts import Language
from carescreen.evaluation.watch import Alarm
from carescreen.evaluation.watch_page import write_watch_page
from tests.browser.pages import PHONE, Opener
from tests.browser.test_access import AXE
from tests.unit.simulated_evaluation import evaluation
from tests.unit.test_watch_page import KINDS, TITLES, compared, measure

pytest_plugins = ("tests.browser.chromium",)


@pytest.fixture(scope="module", params=["zh", "en"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page in one language; the English one as it may leave the office."""
    folder = tmp_path_factory.mktemp("report") / "out"
    language = request.param
    return write_report(evaluation(), folder, language=language, for_office=language == "zh")[0]


def test_it_fits_a_phone_and_its_drawings_hold_their_words(visit: Opener, report: Path) -> None:
    page = visit(report, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    heights = page.locator(".chart > svg text").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().height)"
    )
    assert min(heights) >= 8
    outside = (
        "nodes => nodes.filter(svg => { const box = svg.getBoundingClientRect();"
        "return [...svg.querySelectorAll('text')].some(text => { const t = text.getBoundingClientRect();"
        "return t.left < box.left - 1 || t.right > box.right + 1 || t.bottom > box.bottom + 1; }); })"
        ".map(svg => svg.getAttribute('aria-labelledby'))"
    )
    assert page.locator(".chart > svg").evaluate_all(outside) == []


def test_words_of_a_drawing_do_not_run_into_each_other(visit: Opener, report: Path) -> None:
    page = visit(report)
    touching = (
        "nodes => nodes.flatMap(svg => {"
        "const all = [...svg.querySelectorAll('text')].map(n => [n.textContent, n.getBoundingClientRect()]);"
        "return all.flatMap(([s, a], i) => all.slice(i + 1).filter(([t, b]) => a.left < b.right"
        " && b.left < a.right && a.top + 4 < b.bottom && b.top + 4 < a.bottom)"
        ".map(([t, b]) => s + ' | ' + t)); })"
    )
    assert page.locator(".chart > svg").evaluate_all(touching) == []


def test_axe_finds_nothing_serious(visit: Opener, report: Path) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    axe = (files(package) / "axe.min.js").read_text(encoding="utf-8")
    for settings in ({}, PHONE):
        page = visit(report, **settings)
        page.evaluate(axe)
        assert page.evaluate(AXE) == []


def test_on_paper_no_table_is_cut_off(visit: Opener, report: Path) -> None:
    page = visit(report, viewport={"width": 703, "height": 1000})  # A4 less its margins
    page.emulate_media(media="print")
    over = (
        "nodes => nodes.filter(node => node.querySelector('table').getBoundingClientRect().right"
        " > document.documentElement.clientWidth + 1).map(node => node.getAttribute('aria-labelledby'))"
    )
    assert page.locator(".wide").evaluate_all(over) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_watch_fits_a_phone_and_axe_finds_nothing_serious(
    visit: Opener, tmp_path: Path, language: Language
) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    path = tmp_path / "watch.html"
    alarms = (Alarm(measure(kind), is_expected=False) for kind in KINDS)
    write_watch_page(compared(*alarms), TITLES, path, language)
    page = visit(path, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate((files(package) / "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate(AXE) == []

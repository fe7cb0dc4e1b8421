"""The page for a family in a browser and on paper; answering it on the supervisor's page."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from carescreen.review.family import FamilyPage, Recorded, SaidBefore, family_html
from carescreen.review.html import write_pages
from tests.browser.pages import PHONE, Opener, exported, info, open_card, record
from tests.browser.test_access import AXE
from tests.unit import follow_up_records as made

pytest_plugins = ("tests.browser.chromium",)

YES = {"value": "yes", "value_title": made.texts("Yes", "是"), "unit": None}
FULL = FamilyPage(
    child_id=made.HOSTILE,
    as_of=date(2026, 11, 1),
    recorded=(
        *[Recorded(made.texts("Boarding at school", "是否寄宿"), YES, "2026-10", "known")] * 9,
        Recorded(made.texts("Age", "年龄"), {"value": "10", "unit": "years"}, None, "derived"),
        *[Recorded(made.texts("Enrolled in school", "是否在学"), None, None, "unknown")] * 8,
    ),
    last_seen="2026-10",
    help=(made.texts("Not registered", "未登记户口"),) * 3,
    said_before=(
        SaidBefore(date(2026, 9, 1), "kept", date(2026, 9, 9)),
        SaidBefore(date(2026, 10, 30), "", None),
    ),
    answer_days=15,
)


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(family_html(FULL, "zh"), encoding="utf-8")
    return path


def test_it_reads_on_a_phone_in_both_languages(visit: Opener, page_file: Path) -> None:
    page = visit(page_file, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").inner_text() == "我们记下的孩子情况"
    assert made.HOSTILE in page.locator(".whose bdi").text_content()
    page.locator('[data-language-button="en"]').tap()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").inner_text() == "What we have written down about your child"
    assert page.title() == page.locator("h1").inner_text()
    assert not re.search("[\u4e00-\u9fff]", page.locator("main").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.locator("main p, main dd, main li").evaluate_all(
        "nodes => Math.min(...nodes.map(node => parseFloat(getComputedStyle(node).fontSize)))"
    )
    assert sizes >= 18  # for old eyes


def test_it_reads_without_scripts(visit: Opener, page_file: Path) -> None:
    page = visit(page_file, java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator(".switch").is_hidden()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_serious(visit: Opener, page_file: Path, language: str) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    axe = (files(package) / "axe.min.js").read_text(encoding="utf-8")
    for settings in (PHONE, {}):
        page = visit(page_file, **settings)
        page.locator(f'[data-language-button="{language}"]').click()
        page.evaluate(axe)
        assert page.evaluate(AXE) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_paper_it_is_one_sheet_with_room_to_write(
    visit: Opener, page_file: Path, language: str
) -> None:
    page = visit(page_file)
    page.locator(f'[data-language-button="{language}"]').click()
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2  # both sides of one
    page.emulate_media(media="print")
    assert page.locator(".switch").is_hidden()
    lines = page.locator(".box div b")
    assert lines.count() == 5
    assert lines.first.bounding_box()["height"] >= 35  # room for a hand


def test_the_supervisor_answers_and_ends_a_conflict_on_her_page(
    visit: Opener, tmp_path: Path
) -> None:
    disputed = made.record(
        child_id="D1",
        caseworker_id="W1",
        disputes=[{"kind": "correction", "said_on": "2026-10-30", "words": "在上学", "result": ""}],
        conflicts=[{"by": "W1", "since": "2026-10-30"}],
    )
    write_pages([disputed, made.record(child_id="D2", caseworker_id="W1")], tmp_path, info())
    page = visit(tmp_path / "list" / "supervisor.html", **PHONE)
    assert "D1" in page.locator(".to-do").inner_text()
    assert "D2" not in page.locator(".to-do").inner_text()
    other = open_card(page, "D2", "Li Qiang")
    for key in ("answer", "conflict_ended"):
        assert other.locator(f'.recorder [data-do="{key}"]').count() == 0
    card = open_card(page, "D1", "Li Qiang")
    assert "Recorded by W1 on 30 Oct 2026." in card.inner_text()
    record(card, "answer", result="corrected", reason="the school says so")
    card.locator('.recorder [data-do="conflict_ended"]').click()
    card.locator("form.record [type=submit]").click()
    said = card.locator(".said").inner_text()
    assert "Answer what is said to be wrong · it is being corrected · the school says so" in said
    assert "The conflict of interest is over · ended" in said
    _, whole = exported(page)
    values = ("decision", "result", "reason", "decided_by")
    assert [tuple(entry[name] for name in values) for entry in whole["entries"]] == [
        ("correction", "corrected", "the school says so", "Li Qiang"),
        ("conflict", "ended", "", "Li Qiang"),
    ]
    own = visit(tmp_path / "list" / "0001-W1.html", **PHONE)
    own.locator("[data-own-skip]").click()
    card = open_card(own, "D1")
    assert "The family says that something recorded is wrong" in card.inner_text()
    assert "Recorded by W1" not in card.inner_text()
    assert card.locator('.recorder [data-do="answer"]').count() == 0

"""For every hand, eye and ear: keyboard, finger, axe; and as large as a county."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from carescreen.review.html import write_html, write_pages
from tests.browser.pages import (
    OWN_PAGE,
    PHONE,
    Opener,
    info,
    many,
    open_card,
    pending,
)
from tests.unit import follow_up_records as made

pytest_plugins = ("tests.browser.chromium",)


def test_a_form_is_worked_by_keyboard_alone(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html")
    card = open_card(page, "C0013")
    button = card.locator('.recorder [data-do="visited"]')
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.name") == "visited_on"
    page.keyboard.press("Escape")
    assert card.locator("form.record").count() == 0
    assert button.evaluate("node => node === document.activeElement")
    page.keyboard.press("Enter")
    card.locator("form.record [type=submit]").focus()
    page.keyboard.press("Enter")
    assert pending(page) == 1
    assert button.evaluate("node => node === document.activeElement")
    status = page.locator("[data-pending]").locator("xpath=ancestor::*[@aria-live='polite']")
    assert status.count() == 1


def test_buttons_are_as_large_as_a_finger(visit: Opener, lists: Path) -> None:
    page = visit(lists / OWN_PAGE, **PHONE)
    small = (
        "nodes => nodes.map(node => node.getBoundingClientRect())"
        ".filter(box => box.width && (box.height < 43.5 || box.width < 43.5)).length"
    )
    wanted = "button, select, input:not([type=radio]):not([type=checkbox]), textarea, .chip"
    assert page.locator(wanted).evaluate_all(small) == 0
    page.locator("[data-own-skip]").click()
    card = open_card(page, "C0013")
    card.locator('.recorder [data-do="raise"]').click()
    page.locator("[data-entries]").click()
    assert page.locator(wanted).evaluate_all(small) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


AXE = (
    "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations"
    ".filter(v => ['serious', 'critical'].includes(v.impact))"
    ".map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(', ')))"
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_serious(visit: Opener, lists: Path, language: str) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    axe = (files(package) / "axe.min.js").read_text(encoding="utf-8")
    page = visit(lists / OWN_PAGE, **PHONE)
    page.locator(f'[data-language-button="{language}"]').tap()
    page.evaluate(axe)
    assert page.evaluate(AXE) == []
    page.locator("[data-own-skip]").tap()
    card = open_card(page, "C0012")
    card.locator('.recorder [data-do="agree"]').tap()
    card.locator('.recorder [data-do="lower"]').tap()
    page.locator("[data-entries]").tap()
    assert page.evaluate(AXE) == []


def test_axe_finds_nothing_serious_on_the_supervisors_pages(
    visit: Opener, lists: Path, tmp_path: Path
) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    axe = (files(package) / "axe.min.js").read_text(encoding="utf-8")
    write_pages([*many()] * 5, tmp_path, info())
    for path in (lists / "list/supervisor.html", tmp_path / "list.html"):
        page = visit(path)
        page.evaluate(axe)
        assert page.evaluate(AXE) == []


def test_five_thousand_children_take_a_browser_less_than_two_seconds(
    visit: Opener, tmp_path: Path
) -> None:
    full = [made.busy_child(), made.note_alone_child(), made.record(), made.record()]
    children = [
        {
            **full[n % 4],
            "child_id": f"K{n}",
            "household_id": f"H{n}",
            "caseworker_id": f"W{n // 20}",
        }
        for n in range(5_000)
    ]
    write_html(children, tmp_path / "supervisor.html", info())
    write_html([], tmp_path / "empty.html", info())
    page = visit(tmp_path / "empty.html")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # whatever else runs here
    page.goto((tmp_path / "supervisor.html").as_uri())
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    metrics = session.send("Performance.getMetrics")["metrics"]
    seconds = next(m["value"] for m in metrics if m["name"] == "TaskDuration")
    assert 0 < seconds < 2
    assert page.locator("summary").count() == 50
    took = (
        "() => { const start = performance.now();"
        "document.querySelector('[data-page-step=\"1\"]').click(); document.body.offsetHeight;"
        "return performance.now() - start; }"
    )
    assert page.evaluate(took) < 1_000

"""The programme overview in the supervisor's page: switch, way down, both languages, phone, paper."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from carescreen.overview import COLUMNS, COUNTS, typed
from carescreen.review.html import Office, write_pages
from tests.browser.pages import PHONE, Opener, info, many
from tests.browser.test_access import AXE

pytest_plugins = ("tests.browser.chromium",)

PLACES = {"V0": ("P1", "K1"), "V1": ("P1", "K2"), "V2": ("P2", "K3"), "V9": ("P2", "K3")}
DAYS = ("2026-09-01", "2026-10-01", "2026-11-01")


def counts() -> pd.DataFrame:
    """Three runs over four villages in three counties and two provinces; V9 has nobody listed."""
    rows = []
    for place, day in enumerate(DAYS):
        for number, (village, (province, county)) in enumerate(PLACES.items()):
            row: dict[str, Any] = dict.fromkeys(COUNTS, 0)
            row |= {"as_of": day, "province_id": province, "county_id": county}
            row |= {"village_id": village, "median_days": 20.0 + number}
            row |= {"children": 40, "seen_30": 10 + place, "seen_90": 20 + 5 * place}
            row |= {"seen_180": 36, "never_seen": 2, "due": 12, "overdue": 9 - place}
            row |= {"overdue_routine": 5, "open_urgent": 1 + number, "open_routine": 6}
            row |= {"closed_priority": 3, "due_before": 10, "done": 4 + number}
            if place == 0:
                row |= {"due_before": None, "done": None}
            rows.append(row)
    return typed(pd.DataFrame(rows, columns=list(COLUMNS)))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("overview")
    write_pages(many(), folder, info(), Office(counts()))
    return folder


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many children that list.html is a table of contents."""
    folder = tmp_path_factory.mktemp("contents")
    write_pages([*many()] * 5, folder, info(), Office(counts()))
    return folder


def tap(page: Any, view: str) -> None:
    page.locator(f'[data-view-button="{view}"]').click()


def open_row(page: Any, name: str) -> None:
    page.locator(".numbers button.down:visible").get_by_text(name, exact=True).click()


def column(page: Any, number: int) -> list[str]:
    rows = page.locator(".place:visible table.numbers:not(.plain) tbody tr:visible")
    return [row.locator("th, td").nth(number).inner_text() for row in rows.all()]


def test_one_tap_leads_from_the_list_to_the_overview_and_back(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html")
    assert page.locator("#list").is_visible()
    assert page.locator("#overview").is_hidden()
    tap(page, "overview")
    assert page.locator("#overview").is_visible()
    assert page.locator("#list").is_hidden()
    assert page.locator(".filters").is_hidden()
    pressed = page.locator('[data-view-button="overview"]').get_attribute("aria-pressed")
    assert pressed == "true"
    tap(page, "list")
    assert page.locator("#list").is_visible()
    assert page.locator("#overview").is_hidden()


def test_rows_lead_down_to_the_list_of_a_village(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html")
    page.locator("[data-late-filter]").check(force=True)
    tap(page, "overview")
    assert column(page, 0) == ["P1", "P2"]
    open_row(page, "P1")
    assert column(page, 0) == ["K1", "K2"]
    assert page.evaluate("document.activeElement.textContent").startswith("P1")
    open_row(page, "K2")
    assert column(page, 0) == ["V1"]
    page.locator(".trail:visible button").first.click()
    assert column(page, 0) == ["P1", "P2"]
    open_row(page, "P1")
    open_row(page, "K2")
    open_row(page, "V1")
    assert page.locator("#list").is_visible()
    assert page.locator("[data-village-filter]").input_value() == "V1"
    assert not page.locator("[data-late-filter]").is_checked()
    cards = page.locator(".card:visible")
    shown = cards.evaluate_all("nodes => nodes.map(node => node.dataset.child)")
    assert len(shown) == 40
    assert all(int(child[1:]) % 3 == 1 for child in shown)


def test_a_province_of_one_county_leads_to_its_villages_at_once(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html")
    tap(page, "overview")
    open_row(page, "P2")
    assert column(page, 0) == ["V2", "V9"]
    assert page.locator(".place:visible button.down:visible").all_inner_texts() == ["V2"]


def test_a_column_is_sorted_by_its_numbers_and_back(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html")
    tap(page, "overview")
    open_row(page, "P2")
    head = page.locator(".place:visible table.numbers:not(.plain) th[aria-sort]")
    done = head.filter(has_text="Done").first
    done.locator("button").click()
    assert column(page, 0) == ["V9", "V2"]
    assert done.get_attribute("aria-sort") == "descending"
    done.locator("button").click()
    assert column(page, 0) == ["V2", "V9"]
    assert done.get_attribute("aria-sort") == "ascending"
    head.first.locator("button").click()
    assert head.first.get_attribute("aria-sort") == "ascending"
    assert done.get_attribute("aria-sort") == "none"


def test_rates_stand_with_their_counts_and_plots_with_their_numbers(
    visit: Opener, pages: Path
) -> None:
    page = visit(pages / "list/supervisor.html")
    tap(page, "overview")
    words = page.locator("#overview").inner_text()
    assert "120 / 160" in words
    assert "22 / 40" in words
    assert "%" not in words
    for plot in page.locator(".place:visible svg[role=img]").all():
        ids = plot.get_attribute("aria-labelledby").split()
        texts = [page.locator(f"#{name}").text_content() for name in ids]
        assert all(texts)
        assert re.search(r"\d", texts[1])
    page.locator(".place:visible .runs summary").click()
    runs = page.locator(".place:visible table.plain tbody tr")
    assert [row.locator("th").inner_text() for row in runs.all()] == [*DAYS[::-1]]
    assert runs.last.locator("td").nth(6).inner_text() == "–"


def test_lines_join_the_runs(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html")
    tap(page, "overview")
    paths = page.locator(".place:visible .chart .line")
    drawn = [path.get_attribute("d") for path in paths.all()]
    assert len(drawn) == 7  # overdue, other than routine; seen, children; three tiers
    assert all(len(re.findall("[ML]", path)) == 3 for path in drawn)


@pytest.mark.parametrize("device", [PHONE, {}])
def test_both_languages_are_whole_and_nothing_is_wider_than_the_screen(
    visit: Opener, pages: Path, device: dict[str, Any]
) -> None:
    page = visit(pages / "list/supervisor.html", **device)
    tap(page, "overview")
    page.locator('[data-language-button="zh"]').click()
    words = page.locator("#overview").inner_text()
    assert "未结的关注事项" in words
    assert not re.search(r"[A-Za-z]{3,}", words)
    assert page.locator(".place:visible title").first.text_content() == "未结的关注事项"
    width = page.evaluate("window.innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_buttons_of_the_overview_are_as_large_as_a_finger(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html", **PHONE)
    tap(page, "overview")
    small = (
        "nodes => nodes.map(node => node.getBoundingClientRect())"
        ".filter(box => box.width && (box.height < 43.5 || box.width < 43.5)).length"
    )
    assert page.locator("button, summary").evaluate_all(small) == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_serious_in_the_overview(
    visit: Opener, pages: Path, contents: Path, language: str
) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    axe = (files(package) / "axe.min.js").read_text(encoding="utf-8")
    for path in (pages / "list/supervisor.html", contents / "list.html"):
        page = visit(path, **PHONE)
        page.locator(f'[data-language-button="{language}"]').tap()
        tap(page, "overview")
        page.locator(".place:visible .runs summary").click()
        page.evaluate(axe)
        assert page.evaluate(AXE) == []


def test_paper_has_no_tier_words(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html")
    tap(page, "overview")
    page.emulate_media(media="print")
    words = page.locator("#overview").inner_text()
    assert "within 3 days" in words
    assert not re.search("immediate|urgent|priority|routine", words, re.IGNORECASE)


def test_without_scripts_list_and_overview_are_both_there(visit: Opener, pages: Path) -> None:
    page = visit(pages / "list/supervisor.html", java_script_enabled=False)
    assert page.locator("#list").is_visible()
    assert page.locator("#overview").is_visible()
    assert page.locator(".place:visible").count() == 5
    assert page.locator("#overview button:visible").count() == 0


def test_the_table_of_contents_leads_to_the_page_that_has_the_village(
    visit: Opener, contents: Path
) -> None:
    page = visit(contents / "list.html")
    tap(page, "overview")
    open_row(page, "P2")
    link = page.locator(".place:visible a.down:visible")
    assert link.all_inner_texts() == ["V2"]
    link.click()
    page.wait_for_url("**/list/supervisor.html#village=V2")
    assert page.locator("#list").is_visible()
    assert page.locator("[data-village-filter]").input_value() == "V2"


def test_a_caseworkers_page_has_no_overview(pages: Path) -> None:
    source = (pages / "list/0001-W7.html").read_text(encoding="utf-8")
    assert 'id="overview"' not in source
    assert "data-view-button=" not in source

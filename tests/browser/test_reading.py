"""The list in a real browser: reasons, filters, pages, languages, paper, and no scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.pages import (
    OWN_PAGE,
    PHONE,
    Opener,
    open_card,
    shown_children,
)
from tests.unit import follow_up_records as made

pytest_plugins = ("tests.browser.chromium",)


def test_a_reason_is_read_with_the_words_of_the_note_marked(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html", **PHONE)
    card = page.locator('.card[data-child="C0012"]')
    card.locator("summary").tap()
    assert card.locator(".concern-title").first.inner_text().startswith("Violence in the household")
    assert card.locator("mark").first.inner_text() == "动手打了妈妈"
    assert "Read this sentence today" in card.inner_text()


def test_filters_and_pages_show_the_children_they_name(visit: Opener, lists: Path) -> None:
    page = visit(lists / "many.html")
    assert len(shown_children(page)) == 50
    page.locator('[data-page-step="1"]').click()
    page.locator('[data-page-step="1"]').click()
    assert len(shown_children(page)) == 20
    page.locator("[data-late-filter]").check(force=True)
    assert len(shown_children(page)) == 12
    page.locator("[data-group-filter]").select_option(label="W8")
    assert shown_children(page) == []
    assert page.locator(".nothing").is_visible()
    page.locator("[data-group-filter]").select_option(label="W7")
    page.locator("[data-village-filter]").select_option("V0")
    assert shown_children(page) == ["K000", "K030", "K060", "K090"]
    assert page.locator("[data-shown]").inner_text() == "4"
    page.locator('[data-tier-filter="routine"]').uncheck(force=True)
    assert shown_children(page) == []


def test_the_language_switch_reaches_cards_forms_and_entries(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html")
    card = open_card(page, "C0013")
    card.locator('.recorder [data-do="acknowledge"]').click()
    card.locator('.recorder [data-do="raise"]').click()
    page.locator("[data-entries]").click()
    page.locator('[data-language-button="zh"]').click()
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert "为什么在名单上" in card.inner_text()
    assert card.locator("form.record option").all_inner_texts()[:2] == ["请选择", "立即"]
    assert "已知悉" in page.locator(".entry-list").inner_text()
    assert page.locator("[data-export]").inner_text() == "导出"
    other = page.locator('.card[data-child="C0012"]')
    other.locator("summary").click()
    other.locator(".recorder").wait_for()
    assert "我的决定和了解到的情况" in other.inner_text()


def test_hostile_notes_and_ids_are_text(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html")
    child = made.hostile_child()
    card = page.locator(".card").nth(3)
    card.locator("summary").click()
    assert card.get_attribute("data-child") == child["child_id"]
    assert card.locator("h3").inner_text() == child["child_id"]
    assert card.locator("mark").first.evaluate("node => node.textContent") == made.HOSTILE
    assert page.locator(".card img, .card script, .card b b").count() == 0
    long = card.locator("blockquote.long bdi").evaluate("node => node.textContent")
    assert long == child["mentions"][1]["quote"]
    assert len(long) > 10_000


def test_without_scripts_the_list_reads_and_nothing_can_be_recorded(
    visit: Opener, lists: Path
) -> None:
    page = visit(lists / OWN_PAGE, java_script_enabled=False)
    assert page.locator("summary:visible").count() == 4
    page.locator("summary").first.click()
    assert "Violence in the household" in page.locator(".card").first.inner_text()
    assert page.locator("button:visible, input:visible, textarea:visible").count() == 0
    assert page.locator(".own").is_hidden()


def test_on_paper_are_all_children_of_all_pages_and_nothing_of_the_recording(
    visit: Opener, lists: Path
) -> None:
    page = visit(lists / "many.html")
    open_card(page, "K000").locator('[data-do="agree"]').click()
    page.pdf()  # a browser says beforeprint here
    page.emulate_media(media="print")
    assert page.locator(".sheet").count() == 120
    assert page.locator(".card:visible").count() == 120
    for part in (".dock", ".recorder", ".recorded", ".filters", ".body", ".reasons"):
        assert page.locator(f"{part}:visible").count() == 0, part


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "immediate|urgent|priority|routine"), ("zh", "立即|紧急|优先|常规")],
)
def test_paper_names_no_tier(visit: Opener, lists: Path, language: str, words: str) -> None:
    page = visit(lists / "list/supervisor.html")
    page.locator(f'[data-language-button="{language}"]').click()
    assert re.search(words, page.locator("body").inner_text(), re.IGNORECASE)
    page.emulate_media(media="print")
    printed = page.locator("body").inner_text()
    assert "C0090" in printed
    assert not re.search(words, printed, re.IGNORECASE), printed

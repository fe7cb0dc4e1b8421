"""The supervisor's page in a browser: who changes hands, and answering "recorded twice, or twins?"."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from carescreen.review.html import Office, write_pages
from carescreen.review.people import Handed, Line, People, Two
from carescreen.review.texts import both
from tests.browser.pages import (
    PHONE,
    Opener,
    exported,
    info,
    open_card,
    pending,
    record,
)
from tests.unit import follow_up_records as made

pytest_plugins = ("tests.browser.chromium",)

PAGE = "list/supervisor.html"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    handed = {
        "from_caseworker_id": "W07",
        "from_village_id": "V003",
        "last_on": "2026-10-25",
        "noticed_on": "2026-11-01",
    }
    county = [
        made.record(child_id="C0001", handed_over=handed, taken_on="2026-10-20"),
        made.record(child_id="C0002", turns_18_on="2026-12-05", age_years=17),
        made.record(
            child_id="C0003",
            also_recorded=[{"child_id": "C0451", "tier": "urgent", "concerns": 2}],
        ),
        made.record(
            child_id="C0004",
            state="moved",
            within_capacity=False,
            moved_on="2026-10-28",
            moved_to="to her aunt <b>in V9</b>",
        ),
    ]
    why = both("people_why_household")
    people = People(
        handed=[Handed(("W07", "V003"), ("W1", "V1"), ("C0001",), 1)],
        moved=[Line("C0004", "V1", "W1", "routine", ())],
        asked=[
            Two((f"C{number}", f"C{number}b"), ("V1", "V1"), ("routine", "urgent"), why)
            for number in range(3)
        ],
    )
    write_pages(county, folder, info(), Office(people=people))
    return folder


def test_a_question_is_answered_with_the_other_number_filled_in(visit: Opener, pages: Path) -> None:
    page = visit(pages / PAGE)
    pair = page.locator('.pair[data-child="C1"]')
    button = pair.locator('[data-do="same_child"]')
    button.click()
    assert pair.locator("[name=other_child_id]").input_value() == "C1b"
    assert not pair.locator("[name=other_child_id]").is_editable()
    pair.locator("[data-who]").fill("Zhao Li")
    pair.locator("[name=result]").select_option("different")
    pair.locator("[name=reason]").fill("saw both of them")
    pair.locator("[type=submit]").click()
    assert pending(page) == 1
    said = pair.locator(".pair-said")
    assert "two children" in said.inner_text()
    assert "C1b" in said.inner_text()
    page.locator('.pair[data-child="C2"] [data-do]').click()
    assert page.locator("form.record").count() == 1
    (entry,) = exported(page)[1]["entries"]
    assert (entry["child_id"], entry["decision"], entry["other_child_id"], entry["result"]) == (
        "C1",
        "same_child",
        "C1b",
        "different",
    )
    assert entry["decided_by"] == "Zhao Li"


def test_an_answer_can_be_taken_back_until_it_is_exported(visit: Opener, pages: Path) -> None:
    page = visit(pages / PAGE)
    pair = page.locator('.pair[data-child="C0"]')
    pair.locator("[data-do]").click()
    pair.locator("[data-who]").fill("Zhao Li")
    pair.locator("[name=reason]").fill("one set of papers")
    pair.locator("[type=submit]").click()
    pair.locator(".pair-said button").click()
    assert pending(page) == 0
    assert not pair.locator(".pair-said").is_visible()


def test_a_move_is_recorded_on_a_card_and_asks_where_to(visit: Opener, pages: Path) -> None:
    page = visit(pages / PAGE)
    card = open_card(page, "C0002")
    record(card, "moved", reason="   ")
    assert pending(page) == 0  # blanks say nothing
    card.locator("form.record [name=reason]").fill("to an uncle in V8")
    card.locator("form.record [type=submit]").click()
    assert pending(page) == 1
    (entry,) = exported(page)[1]["entries"]
    assert (entry["decision"], entry["reason"], entry["result"]) == (
        "moved",
        "to an uncle in V8",
        "",
    )


def test_cards_say_who_the_child_was_with_and_what_comes(visit: Opener, pages: Path) -> None:
    page = visit(pages / PAGE)
    said = {
        "C0001": ["handed over from W07 (village V003), by 1 Nov 2026", "before the handover"],
        "C0002": ["Turns 18 on 5 Dec 2026: plan what follows."],
        "C0003": ["Also recorded as C0451 (Urgent there, 2 concerns): see there too."],
        "C0004": ["Moved away (recorded on 28 Oct 2026)", "to her aunt <b>in V9</b>"],
    }
    for child, sentences in said.items():
        words = open_card(page, child).inner_text()
        assert [one for one in sentences if one not in words] == []
    page.locator('[data-language-button="zh"]').click()
    # Not inner_text: of a card that is scrolled away a browser may not have laid out its text.
    assert "由W07（村：V003）移交" in page.locator('.card[data-child="C0001"]').text_content()
    assert "重复登记，还是双胞胎？" in page.locator(".people").text_content()


def test_the_sections_fit_a_phone_and_axe_finds_nothing_serious(visit: Opener, pages: Path) -> None:
    page = visit(pages / PAGE, **PHONE)
    page.locator('.pair[data-child="C1"] [data-do]').click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    page.evaluate((files(package) / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('.people').then(result => result.violations)")
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_nothing_of_the_sections_is_printed_and_without_scripts_they_read(
    visit: Opener, pages: Path
) -> None:
    page = visit(pages / PAGE)
    page.emulate_media(media="print")
    assert not page.locator(".people").is_visible()
    plain = visit(pages / PAGE, java_script_enabled=False)
    assert "Moved away: hand over" in plain.locator(".people").inner_text()
    assert not plain.locator(".pair button").first.is_visible()

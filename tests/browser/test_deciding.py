"""Her own concern, what she decides and finds, and the file that takes it along."""

from __future__ import annotations

import json
import re
from pathlib import Path

from carescreen.fields import ENTRY_FIELDS
from carescreen.review.html import write_html
from tests.browser.pages import (
    OWN_PAGE,
    PHONE,
    Opener,
    exported,
    fill,
    info,
    open_card,
    pending,
    record,
)
from tests.unit import follow_up_records as made

pytest_plugins = ("tests.browser.chromium",)

NASTY = "<script>alert(1)</script> \"'&amp; =1+1 \u202etxet\u202c " + "长" * 3000
WITHOUT_STORAGE = (
    "Object.defineProperty(window, 'localStorage', "
    "{ get() { throw new DOMException('denied', 'SecurityError'); } });"
)


def test_her_own_concern_is_asked_before_she_sees_the_list(visit: Opener, lists: Path) -> None:
    page = visit(lists / OWN_PAGE, **PHONE)
    assert page.locator(".own").is_visible()
    assert page.locator("#list").is_hidden()
    asked = page.locator(".own-code").all_inner_texts()
    assert asked == ["C0012", "C0013", "C0090", made.hostile_child()["child_id"]]
    words = page.locator("body").inner_text()
    assert not re.search("Immediate|Urgent|Priority|overdue|Violence", words)
    row = page.locator('.own-child[data-child="C0012"]')
    row.locator("input[value=yes]").check(force=True)
    page.locator('.own-child[data-child="C0013"] input[value=no]').check(force=True)
    page.locator(".own [type=submit]").tap()
    assert page.locator(".own").is_visible()  # no name yet
    assert page.locator(".own [data-who]").evaluate("node => node === document.activeElement")
    page.locator(".own [data-who]").fill("Wang Fang")
    page.locator(".own [type=submit]").tap()
    assert page.locator("#list").is_visible()
    assert page.locator(".own").is_hidden()
    _, whole = exported(page)
    assert [(e["child_id"], e["decision"], e["result"]) for e in whole["entries"]] == [
        ("C0012", "own_concern", "yes"),
        ("C0013", "own_concern", "no"),
    ]
    assert {entry["decided_by"] for entry in whole["entries"]} == {"Wang Fang"}
    page.reload()
    assert page.locator("#list").is_visible()
    assert page.locator(".own").is_hidden()


def test_her_own_concern_can_be_skipped_and_records_nothing(visit: Opener, lists: Path) -> None:
    page = visit(lists / OWN_PAGE)
    page.locator(".own-child input[value=yes]").first.check(force=True)
    page.locator("[data-own-skip]").click()
    assert page.locator("#list").is_visible()
    assert pending(page) == 0


def test_every_decision_is_recorded_and_exported_as_entries(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html", **PHONE)
    card = open_card(page, "C0012")
    for key in ("acknowledge", "agree"):
        card.locator(f'.recorder [data-do="{key}"]').click()
    record(card, "visited", visited_on="2026-11-03")
    record(card, "could_not_see", visited_on="2026-11-02", reason="nobody at home")
    record(card, "outcome", result="confirmed", visited_on="2026-11-03")
    lower = {"tier": "urgent", "reason_code": "already_helped", "reason": "aunt stays now"}
    record(card, "lower", **lower, confirmed_by="Li Qiang")
    record(card, "referral", reason="civil affairs office", result="accepted")
    record(card, "wrong_information", reason="the birth date")
    record(card, "correction", reason="the father says he works in town")
    record(card, "conflict", reason="my cousin")
    card.locator('li.concern [data-do="close"]').first.click()
    fill(card, reason="adults live apart", confirmed_by="Li Qiang")
    card.locator('li[data-concept] [data-do="misread"]').first.click()
    fill(card)
    other = open_card(page, "C0013")
    record(other, "raise", tier="immediate", reason_code="new_information", reason=NASTY)
    plain = open_card(page, "=1+1<img src=x onerror=alert(1)>".replace('"', '\\"'))
    record(plain, "plan", review_on="2099-01-05")
    assert pending(page) == 14
    name, whole = exported(page)
    assert re.fullmatch(r"decisions-run-1-\d{14}\.json", name)
    assert whole["format"] == "carescreen-decisions/1"
    assert whole["run_id"] == "run-1"
    entries = whole["entries"]
    assert all(tuple(entry) == ENTRY_FIELDS for entry in entries)
    assert all(isinstance(value, str) for entry in entries for value in entry.values())
    assert len({entry["entry_id"] for entry in entries}) == 14
    for entry in entries:
        assert re.fullmatch(r"[0-9a-f]{32}", entry["entry_id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", entry["decided_at"])
        assert (entry["decided_by"], entry["run_id"]) == ("Wang Fang", "run-1")
    said = [{k: v for k, v in entry.items() if v and k not in ALWAYS} for entry in entries]
    concept = made.VIOLENCE["evidence"][0]
    assert said == [
        {"decision": "acknowledge"},
        {"decision": "agree"},
        {"decision": "visited", "visited_on": "2026-11-03"},
        {"decision": "could_not_see", "visited_on": "2026-11-02", "reason": "nobody at home"},
        {"decision": "outcome", "visited_on": "2026-11-03", "result": "confirmed"},
        {"decision": "lower", **lower, "confirmed_by": "Li Qiang"},
        {"decision": "referral", "reason": "civil affairs office", "result": "accepted"},
        {"decision": "wrong_information", "reason": "the birth date"},
        {"decision": "correction", "reason": "the father says he works in town"},
        {"decision": "conflict", "reason": "my cousin"},
        {
            "decision": "close",
            "rule": "cn_dv_household",
            "reason": "adults live apart",
            "confirmed_by": "Li Qiang",
        },
        {
            "decision": "close",
            "concept": concept["concept"],
            "visit_id": concept["visit_id"],
            "reason_code": "misread",
            "reason": "This sentence was misread",
        },
        {
            "decision": "override",
            "tier": "immediate",
            "reason_code": "new_information",
            "reason": NASTY,
        },
        {"decision": "plan", "review_on": "2099-01-05"},
    ]
    assert [entry["child_id"] for entry in entries[-2:]] == [
        "C0013",
        made.hostile_child()["child_id"],
    ]


ALWAYS = ("entry_id", "child_id", "decided_at", "decided_by", "run_id")


def test_what_was_typed_is_shown_as_text(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html")
    card = open_card(page, "C0013", name="<b>Wang</b>")
    record(card, "wrong_information", reason=NASTY)
    page.locator("[data-entries]").click()
    for place in (card.locator(".said"), page.locator(".entry-list")):
        assert NASTY.split("长")[0].strip() in place.evaluate("node => node.textContent")
        assert place.locator("script, img, b").count() == 0
    assert card.locator(".signed bdi").evaluate("node => node.textContent") == "<b>Wang</b>"


def test_an_entry_is_taken_back_before_it_is_exported_and_stays_afterwards(
    visit: Opener, lists: Path
) -> None:
    page = visit(lists / "list.html")
    card = open_card(page, "C0013")
    for key in ("acknowledge", "agree"):
        card.locator(f'.recorder [data-do="{key}"]').click()
    page.locator("[data-entries]").click()
    page.locator(".entry-list button").first.click()
    assert pending(page) == 1
    _, first = exported(page)
    assert [entry["decision"] for entry in first["entries"]] == ["agree"]
    assert pending(page) == 0
    assert page.locator("[data-export]").is_disabled()
    assert page.locator(".entry-list li").count() == 1
    assert page.locator(".entry-list button").count() == 0
    assert "exported" in page.locator(".entry-list").inner_text()
    assert json.loads(page.locator(".copy textarea").input_value()) == first
    card.locator('.recorder [data-do="acknowledge"]').click()
    _, second = exported(page)
    assert [entry["decision"] for entry in second["entries"]] == ["acknowledge"]
    _, again = exported(page, "[data-export-again]")
    assert again["entries"] == first["entries"] + second["entries"]


def test_entries_outlive_the_page_and_stay_with_their_page(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html")
    open_card(page, "C0013").locator('.recorder [data-do="agree"]').click()
    page.reload()
    assert pending(page) == 1
    card = page.locator('.card[data-child="C0013"]')
    assert "recorded: I take this on" in card.locator("summary").inner_text()
    assert (
        open_card(page, "C0013")
        .locator(".signed")
        .inner_text()
        .startswith("Recorded by: Wang Fang")
    )
    page.goto((lists / "list/supervisor.html").as_uri())
    assert pending(page) == 0


def test_where_nothing_can_be_stored_the_page_still_records_and_says_so(
    visit: Opener, lists: Path
) -> None:
    page = visit(lists / "list.html", prepare=WITHOUT_STORAGE)
    open_card(page, "C0013").locator('.recorder [data-do="agree"]').click()
    open_card(page, "C0012").locator('.recorder [data-do="agree"]').click()
    page.locator("[data-entries]").click()
    assert page.locator("[data-storage]").is_visible()
    _, whole = exported(page)
    assert [entry["child_id"] for entry in whole["entries"]] == ["C0013", "C0012"]


def test_nobody_records_without_a_name_a_reason_or_the_second_person(
    visit: Opener, lists: Path
) -> None:
    page = visit(lists / "list.html")
    card = page.locator('.card[data-child="C0012"]')
    card.locator("summary").click()
    card.locator('.recorder [data-do="agree"]').click()
    assert pending(page) == 0
    assert card.locator("[data-who]").evaluate("node => node === document.activeElement")
    page.locator(".told", has_text=re.compile(r"\S")).wait_for(state="attached")
    assert page.locator(".told").inner_text() == "Please write your name first."
    card.locator("[data-who]").fill("Wang Fang")
    lower = {"tier": "urgent", "reason_code": "other"}
    record(card, "lower", **lower, reason="   ", confirmed_by="Li Qiang")
    assert pending(page) == 0
    fill(card, reason="help is there", confirmed_by="Wang Fang")
    assert pending(page) == 0
    fill(card, confirmed_by="Li Qiang")
    assert pending(page) == 1


def test_only_steps_that_a_tier_allows_are_offered(visit: Opener, lists: Path) -> None:
    page = visit(lists / "list.html")
    offered = {}
    for child in ("C0012", "C0013", "C0044"):
        card = open_card(page, child)
        offered[child] = {
            key
            for key in ("raise", "lower", "plan")
            if card.locator(f'.recorder [data-do="{key}"]').count()
        }
    assert offered == {
        "C0012": {"lower"},
        "C0013": {"raise", "lower"},
        "C0044": {"raise", "lower", "plan"},
    }
    card = page.locator('.card[data-child="C0013"]')
    card.locator('.recorder [data-do="lower"]').click()
    options = card.locator("form.record [name=tier] option").all_inner_texts()
    assert options == ["Please choose", "Priority", "Routine"]
    assert card.locator("form.record [name=confirmed_by]").count() == 0


def test_a_file_without_quotes_can_record_and_close_by_code(visit: Opener, tmp_path: Path) -> None:
    write_html(made.county(), tmp_path / "list.html", info(quotes=False))
    page = visit(tmp_path / "list.html")
    card = open_card(page, "C0012")
    card.locator('li.concern [data-do="close"]').first.click()
    fill(card, reason="adults live apart", confirmed_by="Li Qiang")
    _, whole = exported(page)
    assert whole["entries"][0]["rule"] == "G11"

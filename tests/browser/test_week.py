"""A week's plan in a real browser: visits by day, a code that is looked for, and the way back."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from carescreen.entries_import import import_entries
from carescreen.review.html import write_pages
from tests.browser.pages import (
    PHONE,
    Opener,
    exported,
    info,
    open_card,
    pending,
    record,
)
from tests.browser.test_access import AXE
from tests.system.command import run
from tests.unit import follow_up_records as made

pytest_plugins = ("tests.browser.chromium",)

WORKERS = (
    "caseworker_id,visits_per_week,away_from,covered_by,supervisor_id\n"
    "W01,16,,,S1\nW02,25,2026-01-01,W01,S1\nW03,25,,,S1\n"
)
OWN = "list/0001-W01.html"
SUPERVISOR = "list/supervisor.html"


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county of today, its ranking with quotes, and the plan of three caseworkers, one away."""
    folder = tmp_path_factory.mktemp("week")
    run("synth", "--children", "600", "--villages", "3", "--seed", "7", "--out", folder / "county")
    today = str(date.today())
    run("rank", folder / "county", "--as-of", today, "--quotes", "--out", folder / "lists")
    (folder / "workers.csv").write_text(WORKERS, encoding="utf-8")
    options = ("--county", folder / "county", "--days", "7", "--language", "en")
    run(
        *("plan", folder / "lists", "--workers", folder / "workers.csv", *options),
        *("--out", folder / "plan"),
    )
    return folder


def planned(week: Path) -> list[dict[str, Any]]:
    whole = json.loads((week / "plan/plan.json").read_text(encoding="utf-8"))
    return [visit for visit in whole["visits"] if visit["worker_id"] == "W01"]


def codes(page: Any) -> list[str]:
    """The children shown, also those that the browser has not drawn yet."""
    script = "cards => cards.filter(c => c.checkVisibility()).map(c => c.dataset.child)"
    return page.locator(".card").evaluate_all(script)


def below(page: Any) -> list[str]:
    return page.locator(".fold .card").evaluate_all("cards => cards.map(c => c.dataset.child)")


def skip_own(page: Any) -> None:
    page.locator("[data-own-skip]").click()


def test_a_page_shows_each_visit_with_its_household_and_all_its_children(
    visit: Opener, week: Path
) -> None:
    page = visit(week / "plan" / OWN, **PHONE)
    assert page.locator(".visit:visible").count() == 0  # her own concern comes first
    skip_own(page)
    for found in planned(week):
        box = page.locator(".visit", has_text=f"Household {found['household_id']} ").first
        children = [child["child_id"] for child in found["children"]]
        assert box.locator(".card h3").all_text_contents() == children
        assert f"Visit {found['order']} ·" in box.locator("h4").first.inner_text()
    covered = next(found for found in planned(week) if found["route"] == "cover")
    why = page.locator(".visit", has_text=covered["household_id"]).first.locator(".visit-why")
    assert why.inner_text().endswith("W02 is away; you cover.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_day_is_filtered_and_what_is_below_the_line_is_folded(visit: Opener, week: Path) -> None:
    page = visit(week / "plan" / OWN)
    skip_own(page)
    visits = planned(week)
    first = visits[0]["day"]
    page.locator("[data-day-filter]").select_option(first)
    wanted = [c["child_id"] for v in visits if v["day"] == first for c in v["children"]]
    assert codes(page) == wanted
    assert page.locator(".day:visible").count() == 1
    assert page.locator(".fold:visible").count() == 0
    page.locator("[data-day-filter]").select_option("")
    fold = page.locator(".fold")
    assert set(codes(page)).isdisjoint(below(page))
    fold.locator("summary").first.click()
    assert set(codes(page)) >= set(below(page))


def test_a_code_is_found_as_it_is_typed_also_where_it_is_folded(visit: Opener, week: Path) -> None:
    page = visit(week / "plan" / OWN)
    skip_own(page)
    field = page.get_by_label("Find a child or household by its code")
    field.focus()
    code = page.locator(".fold .card").first.get_attribute("data-child")
    page.keyboard.type(code.lower()[-4:])
    page.locator(".fold").first.and_(page.locator("[open]")).wait_for(state="attached")
    assert codes(page) == [code]
    assert page.locator("[data-shown]").inner_text() == "1"
    page.keyboard.press("Escape")
    assert field.input_value() == ""
    assert len(codes(page)) > 1
    house = planned(week)[0]
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in house["household_id"])
    field.fill(f" {wide} ")
    wanted = [child["child_id"] for child in house["children"]]
    assert codes(page) == wanted
    field.fill("nobody")
    assert page.locator(".nothing").is_visible()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Show all again").press("Enter")
    assert field.input_value() == ""
    assert field.evaluate("node => node === document.activeElement")
    assert len(codes(page)) > 1


def test_the_search_goes_over_all_pages_of_a_long_list(visit: Opener, lists: Path) -> None:
    page = visit(lists / "many.html")
    page.locator('[data-page-step="1"]').click()
    page.locator("[data-code-filter]").fill("11")
    assert sorted(codes(page)) == ["K011", *(f"K11{n}" for n in range(10))]
    assert page.locator(".pager").is_hidden()
    short = visit(lists / "list.html")
    assert short.locator("[data-code-filter]").count() == 0


def test_the_children_of_a_visit_stay_on_one_page(visit: Opener, week: Path) -> None:
    page = visit(week / "plan" / SUPERVISOR)
    cut = page.locator(".visit:visible").evaluate_all(
        "visits => visits.filter(v => v.querySelector('.card.off-page')).length"
    )
    assert cut == 0
    assert page.locator(".card:not(.off-page)").count() >= 50


@pytest.mark.parametrize("name", [OWN, SUPERVISOR])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_serious_and_every_target_fits_a_finger(
    visit: Opener, week: Path, name: str, language: str
) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    axe = (files(package) / "axe.min.js").read_text(encoding="utf-8")
    page = visit(week / "plan" / name, **PHONE)
    page.locator(f'[data-language-button="{language}"]').tap()
    if name == OWN:
        page.locator("[data-own-skip]").tap()
        page.locator(".fold > summary").tap()
    page.locator(".card summary").first.tap()
    page.evaluate(axe)
    assert page.evaluate(AXE) == []
    small = (
        "nodes => nodes.map(node => node.getBoundingClientRect())"
        ".filter(box => box.width && (box.height < 43.5 || box.width < 43.5)).length"
    )
    wanted = "button, select, input:not([type=radio]):not([type=checkbox]), .chip, summary"
    assert page.locator(wanted).evaluate_all(small) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_axe_finds_nothing_serious_on_the_contents(visit: Opener, week: Path) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    page = visit(week / "plan/list.html", **PHONE)
    page.evaluate((files(package) / "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate(AXE) == []
    page.get_by_role("link", name="W03").tap()
    page.wait_for_url("**/0003-W03.html")


def test_the_language_switch_reaches_visits_days_and_the_search(visit: Opener, week: Path) -> None:
    page = visit(week / "plan" / OWN)
    skip_own(page)
    page.locator('[data-language-button="zh"]').click()
    found = planned(week)[0]
    head = page.locator(".visit h4").first.inner_text()
    assert head.startswith("第 1 次走访")
    assert f"家庭 {found['household_id']}" in head
    assert "星期" in page.locator(".day h3").first.inner_text()
    assert "星期" in page.locator("[data-day-filter] option").nth(1).inner_text()
    assert page.get_by_label("按儿童或家庭编号查找").is_visible()
    assert page.locator(".visit-why").first.inner_text().endswith("。")


def test_without_scripts_the_visits_read_and_on_paper_the_folded_ones_too(
    visit: Opener, week: Path
) -> None:
    page = visit(week / "plan" / OWN, java_script_enabled=False)
    count = sum(len(found["children"]) for found in planned(week))
    assert page.locator(".day .card summary:visible").count() == count
    assert page.locator("[data-code-filter]").is_hidden()
    page = visit(week / "plan" / OWN)
    skip_own(page)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".card:visible").count() == page.locator(".card").count()
    for part in (".dock", ".filters", ".visit-why", ".own"):
        assert page.locator(f"{part}:visible").count() == 0, part


def test_what_is_recorded_on_a_plans_page_offline_is_imported_as_of_its_ranking(
    visit: Opener, week: Path, tmp_path: Path
) -> None:
    page = visit(week / "plan" / OWN)
    page.context.set_offline(True)
    skip_own(page)
    one, other = (found["children"][0] for found in planned(week)[:2])
    card = open_card(page, one["child_id"])
    card.locator('.recorder [data-do="agree"]').click()
    today = str(date.today())
    record(card, "visited", visited_on=today)
    card = open_card(page, other["child_id"])
    record(card, "outcome", result="not_confirmed", visited_on=today)
    name, whole = exported(page)
    assert whole["run_id"] == json.loads((week / "lists/run.json").read_text("utf-8"))["run_id"]
    (tmp_path / name).write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    report = import_entries([tmp_path / name], week / "county", lists=[week / "lists"])
    assert (report.added, report.rejected, report.outcomes, report.unlisted) == (3, 0, 1, 0)
    page.reload()
    assert page.locator(".entry-list").count() == 1
    assert "recorded" in page.locator(f'.card[data-child="{one["child_id"]}"]').text_content()
    page.goto((week / "lists/list/0001-W01.html").as_uri())
    page.locator("[data-own-skip]").click()
    assert pending(page) == 0
    assert page.locator(".recorded").count() == 0


def test_a_list_of_two_thousand_children_opens_on_a_phone_in_three_seconds(
    visit: Opener, tmp_path: Path
) -> None:
    full = [made.busy_child(), made.note_alone_child(), made.record(), made.record()]
    children = [{**full[n % 4], "child_id": f"K{n}", "household_id": f"H{n}"} for n in range(2_000)]
    write_pages([{**one, "caseworker_id": "W1"} for one in children], tmp_path, info())
    page = visit(tmp_path / "list.html", **PHONE)
    assert page.locator("table a").count() == 4
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # whatever else runs here
    before = busy(session)
    page.goto((tmp_path / "list/0001-W1-from-1501.html").as_uri())
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert 0 < busy(session) - before < 3
    assert page.locator(".own-child").count() == 500
    page.locator("[data-own-skip]").click()
    assert "1501" in page.locator("h2 small").inner_text()
    assert page.locator(".card .number").first.inner_text() == "1501/2000"


def busy(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

"""The supervisor's page of a plan in a real browser: its overview, what changed, who changes hands."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.browser.pages import DESK, PHONE, Opener
from tests.browser.test_access import AXE
from tests.browser.test_week import WORKERS
from tests.system.command import run

pytest_plugins = ("tests.browser.chromium",)

SUPERVISOR, OWN = "list/supervisor.html", "list/0001-W01.html"
BEFORE, NOW = "2026-10-25", "2026-11-01"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan of a county whose W01 hands three children over to W03 between two lists."""
    folder = tmp_path_factory.mktemp("supervisor")
    run("synth", "--children", "400", "--villages", "3", "--seed", "7", "--out", folder / "county")
    run("rank", folder / "county", "--as-of", BEFORE, "--out", folder / "lists")
    table = folder / "county/children.csv"
    rows = pd.read_csv(table, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    rows.loc[rows.index[rows["caseworker_id"] == "W01"][:3], "caseworker_id"] = "W03"
    rows.to_csv(table, index=False)
    run("rank", folder / "county", "--as-of", NOW, "--out", folder / "lists")
    (folder / "workers.csv").write_text(WORKERS, encoding="utf-8")
    words = ("--workers", folder / "workers.csv", "--language", "en", "--out", folder / "plan")
    run("plan", folder / "lists", *words)
    return folder / "plan"


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_opens_on_the_week_and_shows_the_programme_when_asked(
    visit: Opener, plan: Path, screen: dict[str, Any]
) -> None:
    page = visit(plan / SUPERVISOR, **screen)
    assert page.locator(".visit:visible").count()
    assert page.locator(".since li:visible").count()
    assert "W03" in page.locator('[data-part="handovers"]').inner_text()
    page.locator('[data-view-button="overview"]').click()
    assert page.locator(".overview .plot:visible").count()
    for part in (".visit", ".people", ".alarms", ".filters"):
        assert page.locator(f"{part}:visible").count() == 0, part
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["viewport"]["width"]


def test_a_village_of_the_overview_leads_to_all_its_visits_whatever_day_was_chosen(
    visit: Opener, plan: Path
) -> None:
    page = visit(plan / SUPERVISOR)
    page.locator("[data-day-filter]").select_option(index=1)
    page.locator('[data-view-button="overview"]').click()
    way = page.locator("[data-go-village]").first
    village = way.get_attribute("data-go-village")
    way.click()
    assert page.locator("[data-village-filter]").input_value() == village
    assert page.locator("[data-day-filter]").input_value() == ""
    wanted = page.locator(f'.card[data-village="{village}"]').count()
    assert page.locator("[data-shown]").inner_text() == str(wanted)


@pytest.mark.parametrize("view", ["list", "overview"])
def test_axe_finds_nothing_serious(visit: Opener, plan: Path, view: str) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe: pip install '.[dev]'")
    page = visit(plan / SUPERVISOR, **PHONE)
    page.locator(f'[data-view-button="{view}"]').click()
    page.evaluate((files(package) / "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate(AXE) == []


def test_a_visitors_page_has_none_of_it(visit: Opener, plan: Path) -> None:
    page = visit(plan / OWN)
    for part in (".overview", ".since", ".people", "[data-view-button]"):
        assert page.locator(part).count() == 0, part

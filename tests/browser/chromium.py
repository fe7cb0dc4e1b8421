"""A real Chromium for the tests of this folder; they are skipped, with the reason, where none is.

A plugin that each test file names: a second conftest.py would shadow the one of all tests.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carescreen.review.html import write_html, write_pages
from tests.browser.pages import DESK, Opener, info, many
from tests.unit import follow_up_records as made

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="browser tests need playwright: pip install '.[dev]'"
    )
    asked = os.environ.get("CARESCREEN_CHROMIUM")
    found = asked or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here: install one, or name it in CARESCREEN_CHROMIUM")
    with playwright.sync_playwright() as driver:
        # The sandbox of Chromium does not start for root, as which containers run tests; a process
        # that only pretends to be a graphics card draws nothing that a test looks at.
        settings = ["--no-sandbox", "--disable-gpu"]
        started = driver.chromium.launch(executable_path=found, args=settings)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Opener]:
    """Open a file as a person does; the test fails if it asked for anything or a script failed."""
    contexts, wrong = [], []

    def opened(path: Path, *, prepare: str = "", **settings: Any) -> Any:
        context = browser.new_context(**{"accept_downloads": True, **DESK, **settings})
        contexts.append(context)
        if prepare:
            context.add_init_script(prepare)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(f"script failed: {error}"))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: wrong.extend(_foreign(asked.url)))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def _foreign(address: str) -> list[str]:
    return [] if address.startswith(("file:", "blob:")) else [f"asked for {address}"]


@pytest.fixture(scope="session")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    write_pages(made.county(), folder, info())
    write_html(many(), folder / "many.html", info())
    return folder

"""Lists to look at in a browser, and what a person does on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carescreen.review.info import ListInfo
from tests.unit import follow_up_records as made

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
OWN_PAGE = "list/0001-W1.html"

Opener = Callable[..., Any]  # opens a file, with the settings of a browser context


def info(**changes: Any) -> ListInfo:
    plain: dict[str, Any] = {
        "as_of": "2026-11-01",
        "pack": made.texts("Rural county", "农村县"),
        "run_id": "run-1",
        "made_by": "analyst-7",
        "expires": "2099-12-01",
        "quotes": True,
        "language": "en",
        "capacity": 20,
        "tier_hours": {"immediate": 24, "urgent": 72, "priority": 168, "routine": 2160},
    }
    return ListInfo(**{**plain, **changes})


def many() -> list[made.Record]:
    """120 routine children of two caseworkers and three villages, every tenth overdue."""
    return [
        made.record(
            child_id=f"K{number:03d}",
            household_id=f"H{number:03d}",
            caseworker_id=f"W{number % 2 + 7}",
            village_id=f"V{number % 3}",
            due_on="2026-10-01" if number % 10 == 0 else "2026-12-01",
        )
        for number in range(120)
    ]


def open_card(page: Any, child: str, name: str = "Wang Fang") -> Any:
    """Open a child's card, and say who records."""
    card = page.locator(f'.card[data-child="{child}"]')
    card.locator("summary").click()
    card.locator(".recorder").wait_for()
    field = card.locator("[data-who]")
    if field.is_visible():
        field.fill(name)
        field.blur()
    return card


def record(card: Any, key: str, **values: str) -> None:
    card.locator(f'.recorder [data-do="{key}"]').click()
    fill(card, **values)


def fill(card: Any, **values: str) -> None:
    form = card.locator("form.record")
    for name, value in values.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("[type=submit]").click()


def pending(page: Any) -> int:
    return int(page.locator("[data-pending]").inner_text())


def exported(page: Any, button: str = "[data-export]") -> tuple[str, dict[str, Any]]:
    with page.expect_download() as wait:
        page.locator(button).click()
    path = wait.value.path()
    return wait.value.suggested_filename, json.loads(Path(path).read_text(encoding="utf-8"))


def shown_children(page: Any) -> list[str]:
    return page.locator(".card:visible h3").all_inner_texts()

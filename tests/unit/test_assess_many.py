"""One shared screener and many assessments: from many threads at once, and one after another."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from carescreen import Screener

EXAMPLE = json.loads((Path(__file__).parents[2] / "examples" / "case.json").read_text("utf-8"))
NOTES = (
    "孩子一个人在家，门反锁着，晚上才有人回来。",
    "奶奶说他被打了，胳膊上有青紫。没有发现别的情况。",
    "Grandmother said nobody feeds her; she was not seen today.",
    "He may have been hit by his uncle. School says he is doing well.",
    "",
)
DAYS = ("2026-10-25", "2026-11-01", "2021-05-31")  # in and out of the time a rule is in force


def case_of(number: int) -> dict[str, Any]:
    """A case under its own id, of one of fifteen kinds, with an id's number in its notes."""
    visits = [
        {
            **visit,
            "visit_id": f"N{number}-{place}",
            "note": f"{NOTES[(number + place) % 5]}{number}",
        }
        for place, visit in enumerate(EXAMPLE["visits"])
    ]
    return {
        **EXAMPLE,
        "child_id": f"X{number}",
        "household_id": f"HX{number}",
        "as_of": DAYS[number % 3],
        "recorded_at": "2020-09-01",
        "primary_caregiver_age": 40 + number % 40,
        "visits": visits,
    }


@pytest.fixture
def threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_threads_that_share_a_screener_get_what_one_by_one_gives(
    screener: Screener, threads_take_turns_often: None
) -> None:
    cases = [case_of(number % 30) for number in range(120)]  # each four times, at once or not
    alone = [screener.assess(case).model_dump_json() for case in cases[:30]]
    shared = Screener.load()  # cold: what is made when first asked for is made in threads too
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda case: shared.assess(case).model_dump_json(), cases))
    assert found == alone * 4
    assert len(set(alone)) == 30


def test_nothing_is_kept_of_cases_that_were_assessed(screener: Screener) -> None:
    def held_after(numbers: range) -> int:
        for number in numbers:
            screener.assess(case_of(number), quotes=number % 2 == 0)
        gc.collect()
        return sys.getallocatedblocks()

    before = held_after(range(60))  # what is kept once: words, tables by date
    assert held_after(range(1000, 1300)) - before < 300, "less than a block for each assessment"

"""The commands of the README, one after the other as they stand, and what they then show."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.system.command import called

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line) for line in re.findall(r"^    carescreen (.+)$", TEXT, re.M)]
EXAMPLE = next(words for words in COMMANDS if words[:2] == ["decisions", "close"])
CHILD, RULE = EXAMPLE[EXAMPLE.index("--child") + 1], EXAMPLE[EXAMPLE.index("--rule") + 1]


def run(words: list[str], folder: Path) -> str:
    return called(*words, cwd=folder).well(0)[0]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder, {" ".join(words[:2]): run(words, folder) for words in COMMANDS}


def codes(folder: Path, part: str) -> list[str]:
    lines = (folder / "ranking.jsonl").read_text(encoding="utf-8").splitlines()
    record = next(r for r in map(json.loads, lines) if r["child_id"] == CHILD)
    return [entry["rule"] or entry["code"] for entry in record[part]]


def test_the_closed_concern_is_closed_when_the_same_list_is_made_again(place) -> None:
    from carescreen import RulePack

    folder, said = place
    rule = next(rule for rule in RulePack.load("cn-rural").rules if rule.id == RULE)
    names = {rule.id, rule.code}
    assert names & set(codes(folder / "lists", "concerns"))
    assert "counts in lists as of 2026-11-01 or later" in said["decisions close"]
    assert "as open" not in said["decisions close"]
    again = next(words for words in COMMANDS if words[0] == "rank")
    for as_of in ("2026-11-01", "2026-11-20"):
        words = [as_of if word == "2026-11-01" else word for word in again]
        run(words, folder)
        assert not names & set(codes(folder / "lists", "concerns"))
        assert names & set(codes(folder / "lists", "closed_concerns"))


def test_the_evaluation_gives_figures_and_no_blanks(place) -> None:
    text = place[1]["evaluate county"]
    assert "名单能找到需要上门的孩子吗" in text
    assert "比以前的做法好吗" in text
    assert "NaN" not in text
    assert (place[0] / "report" / "report.html").is_file()


def test_the_plan_of_the_page_on_plans_is_the_one_that_is_made(place) -> None:
    page = " ".join((ROOT / "docs" / "plan.md").read_text(encoding="utf-8").split())
    folder, _ = place
    plan = json.loads((folder / "plan" / "plan.json").read_text(encoding="utf-8"))
    assert plan["alarms"]
    assert all(f"ALARM {alarm['alarm_en']}" in page for alarm in plan["alarms"])
    shown = next(visit for visit in plan["visits"] if visit["household_id"] == "H0146")
    names = ("worker_id", "day", "order", "household_id", "tier", "due_on", "why", "route")
    assert " ".join(str(shown[name]) for name in (*names, "instead_of")) in page
    assert shown["reason_en"] in page


def test_the_check_of_a_county_says_that_everything_can_be_used(place) -> None:
    assert "everything can be used" in place[1]["check county"]

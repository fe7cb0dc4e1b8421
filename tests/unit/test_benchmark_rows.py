"""What `make bench` holds its figures against is what docs/scale.md says, and what it prints of them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.rows import TARGETS, Row, verdicts

DOCS = Path(__file__).parents[2] / "docs" / "scale.md"


def test_the_page_lists_every_target_and_no_other() -> None:
    lines = DOCS.read_text(encoding="utf-8").split("| what | reference, in the same run | wanted |")
    said = [line for line in lines[1].split("\n\n")[0].splitlines() if line[:3] not in ("", "| -")]
    assert said == [f"| {one.what} | {one.reference} | {one} |" for one in TARGETS.values()]


def test_a_ratio_is_met_at_its_bound_and_missed_above_it() -> None:
    score = TARGETS["score"]
    assert Row(score, 0.4, 0.1).verdict == "met"
    assert Row(score, 0.8, 0.1).verdict == "missed: 2 times the bound"


def test_faster_than_a_reference_is_the_other_way_round() -> None:
    look_up = TARGETS["look-up"]
    assert Row(look_up, 0.1, 3.0).verdict == "met"
    assert Row(look_up, 0.1, 1.25).verdict == "missed: 2 times the bound"


def test_an_amount_stands_against_its_bound_alone() -> None:
    assert Row(TARGETS["memory"], 1.9).verdict == "met"
    assert Row(TARGETS["one child"], 4.5).verdict == "missed: 1.5 times the bound"


def test_what_could_not_be_measured_is_neither_met_nor_missed() -> None:
    assert Row(TARGETS["memory"], None, note="not on this system").verdict == "not measured"


def test_the_table_has_units_and_the_ratio() -> None:
    lines = verdicts([Row(TARGETS["import"], 0.02, 0.2), Row(TARGETS["growth"], 9.8)]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert cells == [
        ["import carescreen", "import numpy", "20 ms", "0.2 s", "0.1", "≤ 1.5x", "met"],
        ["time as the caseload grows 10x", "itself", "9.8 x", "", "", "≤ 10.5x", "met"],
    ]

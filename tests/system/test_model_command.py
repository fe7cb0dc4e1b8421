"""`carescreen model` as a person runs it: a drawing as wide as the terminal, a page, a difference."""

from __future__ import annotations

import os
from pathlib import Path

from carescreen.modelfile import write_model
from carescreen.review.reasons import columns
from tests.system.command import run
from tests.unit.small_models import AGE, VIOLENCE, saved


def test_a_drawing_follows_the_width_of_the_terminal(monkeypatch) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "50")
    narrow = run("model", "show", "--feature", "prior_maltreatment", "--feature", "low_income")
    bar = next(line for line in narrow.splitlines() if "+0.900  |" in line)
    assert bar.endswith("|" + "#" * (50 - columns(bar.partition("|")[0]) - 1))
    assert "家庭享受低保等救助（low_income）" in narrow


def test_a_page_is_written_and_a_foreign_file_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "model.html"
    said = run("model", "show", "evidence", "--language", "en", "--html", page)
    assert said == f"6 features of evidence written to {page}\n"
    assert "<svg" in page.read_text(encoding="utf-8")
    page.write_text("mine", encoding="utf-8")
    assert "is no page written by this command" in run("model", "show", "--html", page, code=6)
    assert page.read_text(encoding="utf-8") == "mine"


def test_a_difference_is_said_and_is_no_failure(tmp_path: Path) -> None:
    write_model(tmp_path / "a", saved(AGE))
    write_model(tmp_path / "b", saved(AGE, VIOLENCE, name="second"))
    said = run("model", "diff", tmp_path / "a", tmp_path / "b", "--language", "en")
    assert "+ Violence at home (violence): added, +0.450 at most" in said
    assert run("model", "diff", "evidence", "evidence") == "evidence -> evidence\n没有差别\n"


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    write_model(tmp_path / "m", saved(AGE))
    (tmp_path / "m" / "model.json").write_text("{", encoding="utf-8")
    assert "damaged or changed" in (
        said := run("model", "diff", "evidence", tmp_path / "m", code=5)
    )
    assert said.count("\n") == 1
    said = run("model", "show", "evidence", "--feature", "low_incom", code=2)
    assert said == "carescreen: the model has no feature 'low_incom'; did you mean 'low_income'?\n"

"""`model train` as a person runs it: from a caseload to a list, and every mistake in one line."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from judged_county import AS_OF, county, write

from carescreen.cli import main
from carescreen.model import RiskModel
from carescreen.modelfile import read_model

CHANCE = "chance that a visit now confirms a concern"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[object]:
    """Runs the command in this process: what it says on both streams, and its exit code."""

    def command(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["carescreen", *map(str, arguments)])
        capsys.readouterr()
        ended = 0
        try:
            main()
        except SystemExit as stop:
            ended = int(stop.code or 0)
        said = "".join(capsys.readouterr())
        assert ended == code, said
        assert "Traceback" not in said
        return said

    return command


def test_from_outcomes_to_a_list_that_says_the_chance(run, tmp_path) -> None:
    place, mine = write(county(600, chance=0.5), tmp_path / "county"), tmp_path / "models" / "mine"
    said = run("model", "train", place, "--out", mine, "--as-of", AS_OF, "--language", "en")
    assert "Read 600 outcomes" in said
    assert f"What lists may show: the {CHANCE}" in said
    assert {path.name for path in mine.iterdir()} == {"model.json", "manifest.json", "CARD.md"}
    assert RiskModel.load(mine).gives_probability
    lists = tmp_path / "lists"
    run("rank", place, "--as-of", AS_OF, "--model", mine, "--processes", 1, "--out", lists)
    table = pd.read_csv(lists / "ranking.csv")
    assert table["probability"].between(0, 1).all()
    assert (table["probability_low"] <= table["probability"]).all()
    page = (lists / "list.html").read_text("utf-8")
    assert CHANCE in page
    assert "现在走访会证实有需要关注的情况的可能性" in page
    assert "learned from invented children" not in page


def test_too_few_outcomes_give_a_score_and_say_why_in_both_languages(run, tmp_path) -> None:
    tables = county(120, chance=0.5)
    place, mine = write(tables, tmp_path / "county"), tmp_path / "mine"
    said = run("model", "train", place, "--out", mine, "--as-of", AS_OF)
    assert "名单上可以写的是分数" in said
    lists = tmp_path / "lists"
    run("rank", place, "--as-of", AS_OF, "--model", mine, "--processes", 1, "--out", lists)
    assert pd.read_csv(lists / "ranking.csv")["probability"].isna().all()
    assert CHANCE not in (lists / "list.html").read_text("utf-8")


MISTAKES = [
    ("no outcomes", {"outcomes": None}, [], "training needs outcomes"),
    ("no rows", {"outcomes": []}, [], "training needs outcomes"),
    ("one class", {"outcomes": [("confirmed", 20)]}, [], "only one class"),
    ("none told", {"outcomes": [("not_seen", 9)]}, ["--prior", "none"], "without a prior"),
    ("no result", {"outcomes": [("perhaps", 9)]}, [], "a known result"),
    ("too early", {}, ["--as-of", "2024-01-01"], "no outcome was known by 2024-01-01"),
    ("a switch", {}, ["--on", "low_income"], "FEATURE=REASON"),
    ("no such feature", {}, ["--on", "low_incom=why"], "did you mean 'low_income'"),
    ("a wide grid", {}, ["--every-days", "91"], "91 is not in the range"),
    ("no features", {}, ["--pack", "PACK"], "names no features"),
    ("other features", {}, ["--pack", "LAWS"], "train with --prior none"),
]


@pytest.mark.parametrize(
    ("change", "options", "words"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES]
)
def test_a_mistake_is_one_clear_line(run, tmp_path, change, options, words) -> None:
    tables = county(40)
    if "outcomes" in change:
        wanted = change["outcomes"]
        parts = [tables["outcomes"].head(n).assign(result=result) for result, n in wanted or []]
        tables["outcomes"] = pd.concat(parts) if parts else tables["outcomes"].head(0)
        if wanted is None:
            del tables["outcomes"]
    place = write(tables, tmp_path / "county")
    laws = Path(__file__).parents[1] / "laws" / "pack"
    packs = {"PACK": featureless(tmp_path), "LAWS": laws}
    options = [packs.get(option, option) for option in options]
    out = tmp_path / "mine"
    said = run("model", "train", place, "--out", out, "--as-of", AS_OF, *options, code=2)
    assert words in said
    assert said.strip().count("\n") == 0
    assert not out.exists()


def featureless(tmp_path: Path) -> Path:
    """The pack of the law tests without its features."""
    shutil.copytree(Path(__file__).parents[1] / "laws" / "pack", tmp_path / "pack")
    path = tmp_path / "pack" / "pack.yaml"
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("features:")], "utf-8")
    return tmp_path / "pack"


def test_a_folder_that_holds_something_else_is_not_replaced(run, tmp_path) -> None:
    place = write(county(60), tmp_path / "county")
    said = run("model", "train", place, "--out", place, "--as-of", AS_OF, code=6)
    assert "holds something else than a model" in said
    assert (place / "children.csv").exists()


def test_help_has_an_example(run) -> None:
    assert "Example: carescreen model train county --out models/mine" in run(
        "model", "train", "--help"
    )


# --- models/synthetic ----------------------------------------------------------------------------


def test_the_shipped_synthetic_model_says_what_it_is() -> None:
    saved = read_model("synthetic")
    assert saved.manifest.data_origin == "synthetic"
    assert saved.gives_probability
    assert "not for use on real children" in saved.card
    assert "supports no claim" in saved.card
    for table in saved.tables.features:  # law 9
        if table.name in ("low_income", "single_parent", "child_disability_chronic"):
            assert {*table.weights, table.missing} == {0}
    assert sum(len(content) for content in saved.files().values()) < 40_000


@pytest.mark.parametrize("origin", ["synthetic", None])
def test_it_gives_a_chance_for_invented_children_only_and_every_list_says_so(
    run, tmp_path, origin
) -> None:
    place, lists = write(county(30, origin=origin), tmp_path / "county"), tmp_path / "lists"
    said = run(
        *("rank", place, "--as-of", AS_OF, "--model", "synthetic"),
        *("--processes", 1, "--out", lists),
    )
    assert "learned from invented children" in said
    probability = pd.read_csv(lists / "ranking.csv")["probability"]
    assert probability.notna().all() if origin else probability.isna().all()
    page = (lists / "list.html").read_text("utf-8")
    assert "is not for use on real children" in page
    assert "不能用于真实的孩子" in page
    assert (CHANCE in page) is bool(origin)

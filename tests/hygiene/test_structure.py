"""The package's shape: import order, public names, light import, what may not stand in it."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import carescreen

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "carescreen"

# Each module may import only modules of an earlier line (docs/design.md draws the flow).
ORDER = [
    "errors threads",
    "processes results_place filestate",
    "yamlfile",
    "indicators",
    "thresholds",
    "pack",
    "columns sheet",
    "recordstore",
    "cells encoding",
    "tables mapping checks",
    "amendments counted",
    "fields checked few_cells",
    "caseload",
    "duplicates outcomes selection",
    "normalise traditional",
    "breaks",
    "lexicon",
    "scan grams",
    "patterns",
    "vocabulary",
    "mentions",
    "status",
    "keyindex",
    "gramindex",
    "learned",
    "together",
    "few_words",
    "few_mentions few_learned",
    "few_notes",
    "notes",
    "mentioncache",
    "suggestions",
    "note_findings",
    "corpus corpus_findings lexicon_findings pattern_check",
    "lexicon_check",
    "corpus_check",
    "block",
    "observations derived recency recent_notes conflicts disputes waiting told",
    "cases",
    "holding",
    "wordings",
    "syntax",
    "truth",
    "parsing",
    "conditions",
    "note_limits examples",
    "rulefile",
    "trials",
    "rules",
    "dating departure",
    "protected",
    "features",
    "directions circumstances",
    "ngrams steps calibration",
    "phrase_names phrase_limits within",
    "phrase_context phrase_report phrase_weights",
    "evidence fitting labelled modelcard modelfile modellevels choosing phrasefit training",
    "phrase_gates phrase_trial",
    "admission phrase_review",
    "modeldiff",
    "model",
    "readerfile learning",
    "engine",
    "followups",
    "plan",
    "records",
    "overview",
    "profile",
    "review",
    "recordtexts",
    "ranking",
    "assessment",
    "rankingfiles",
    "results",
    "modelshow",
    "plan_ranking",
    "plan_lists",
    "plan_records",
    "plan_beside",
    "plan_pages",
    "plan_files",
    "screener",
    "pieces",
    "family",
    "decisions countylog",
    "entries",
    "retention",
    "authoring",
    "evaluation",
    "cohort",
    "synthetic",
    "spark",
    "cli",
]


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def top_name(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_at_load(path: Path) -> set[str]:
    """Names of carescreen modules that a file imports when it is loaded, not inside functions."""
    names: set[str] = set()
    pending: list[ast.AST] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("carescreen."):
            names.add(node.module.split(".")[1])
        if isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("carescreen.")}
        pending.extend(ast.iter_child_nodes(node))
    return names


def rank_of(name: str) -> int:
    for place, line in enumerate(ORDER):
        if name in line.split():
            return place
    family = [place for place, line in enumerate(ORDER) if name.split("_")[0] in line.split()]
    assert family, f"module {name} has no place in the import order: put it into ORDER"
    return family[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_only_what_comes_before_them(path: Path) -> None:
    own = top_name(path)
    if own in ("__init__", "__main__"):
        return
    for name in imported_at_load(path) - {own}:
        assert rank_of(name) <= rank_of(own), f"{own} must not import {name}"


def test_rules_and_model_never_import_each_other() -> None:
    for path in modules():
        if top_name(path) in ("rules", "conditions"):
            assert not imported_at_load(path) & {"model", "evidence", "calibration", "steps"}
        if top_name(path) in ("model", "evidence", "calibration", "steps"):
            assert not imported_at_load(path) & {"rules", "conditions"}


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(carescreen.__all__) == [
        "Assessment",
        "CarescreenError",
        "Case",
        "Caseload",
        "NotCalibrated",
        "NoteReader",
        "Ranking",
        "RiskModel",
        "RulePack",
        "Screener",
        "__version__",
        "backtest",
    ]
    assert all(hasattr(carescreen, name) for name in carescreen.__all__)


def test_import_carescreen_loads_neither_pandas_nor_scikit_learn() -> None:
    code = (
        "import sys, carescreen; "
        "sys.exit(', '.join(n for n in ('numpy', 'pandas', 'sklearn', 'jinja2', 'yaml') "
        "if n in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
    assert done.returncode == 0


def test_nothing_in_the_package_evaluates_text_or_unpickles() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "__import__"), path
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "marshal", "shelve", "dill"}, path


COLOURS = re.compile(r"\b(red|orange|yellow|green|blue|purple)[ _-]?(tier|level|risk|list)\b", re.I)


@pytest.mark.parametrize("folder", ["carescreen", "rules", "models", "docs", "examples"])
def test_no_colour_names_for_tiers_and_never_a_hundred_percent(folder: str) -> None:
    for path in (ROOT / folder).rglob("*"):
        if path.suffix in (".py", ".yaml", ".md", ".j2", ".html", ".json"):
            text = path.read_text(encoding="utf-8")
            assert not COLOURS.search(text), path
            assert "100%" not in text.replace("width:100%", "").replace("width: 100%", "").replace(
                "height:100%", ""
            ).replace("size-adjust:100%", "").replace("height: 100%", ""), path


def test_long_functions_and_modules_stay_rare() -> None:
    lengths = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 700, f"{path.name} is too long: split it by noun"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lengths.append(node.end_lineno - node.lineno + 1)
    assert max(lengths) <= 75
    assert sum(length <= 25 for length in lengths) / len(lengths) > 0.8


def test_no_two_test_files_have_one_name_and_none_imports_a_conftest() -> None:
    """pytest and the tests find each other by file name alone, and which of several conftest.py a plain
    `import conftest` gives depends on what else is run."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    names = [path.name for path in files if path.name != "conftest.py"]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom | ast.Import):
                found = {getattr(node, "module", None)} | {one.name for one in node.names}
                assert not any(str(name).split(".")[-1] == "conftest" for name in found), path


def test_files_and_folders_of_tests_can_be_named_together() -> None:
    places = ["tests/unit/test_thresholds.py", "tests/laws", "tests/validity", "tests/hygiene"]
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *places]
    done = subprocess.run(collect, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2_000:]


def test_no_text_holds_both_sides_of_a_merge() -> None:
    folders = ("carescreen", "docs", "tests", "benchmarks", "examples", "rules", "models")
    paths = [path for name in folders for path in (ROOT / name).rglob("*") if path.is_file()]
    paths += [path for path in ROOT.iterdir() if path.is_file()]
    text_ends = {".py", ".md", ".yaml", ".toml", ".json", ".csv", ".j2", ".css", ""}
    for path in paths:
        if path.suffix in text_ends:
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not re.search(r"^(<{7}|>{7}) ", text, re.MULTILINE), path

"""The wheel carries packs, models and templates, and ranks in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment that has the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("empty") / "environment"
    venv.create(folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    # This environment's pip fills the other; what is never imported there need not be compiled.
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install")
    run(*pip, "--quiet", "--no-input", "--no-compile", wheel)
    return programs


def run(*command: str | Path, where: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command without this environment's paths; its errors are the test's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command], cwd=where, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_wheel_carries_its_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "carescreen/py.typed" in names
    assert "carescreen/_shipped/rules/cn-rural/pack.yaml" in names
    assert "carescreen/_shipped/rules/base/lexicon.en.yaml" in names
    assert "carescreen/_shipped/models/evidence/model.json" in names
    assert "carescreen/review/texts.zh.yaml" in names
    assert any(name.startswith("carescreen/review/templates/") for name in names)


@pytest.mark.slow
def test_an_installed_wheel_ranks_in_an_empty_environment(installed: Path, tmp_path: Path) -> None:
    place = run(
        installed / "python", "-c", "import carescreen; print(carescreen.__file__)", where=tmp_path
    )
    assert str(ROOT) not in place.stdout
    carescreen = installed / "carescreen"
    run(carescreen, "synth", "--children", "60", "--out", "county", where=tmp_path)
    run(
        *(carescreen, "rank", "county", "--as-of", "2026-11-01", "--out", "lists", "--quotes"),
        where=tmp_path,
    )
    lines = (tmp_path / "lists" / "ranking.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 60
    assert {path.name for path in (tmp_path / "lists").iterdir()} == {
        *("ranking.csv", "ranking.jsonl", "rejected.csv", "list.html", "list", "list.xlsx"),
        *("overview.csv", "changes.csv", "handovers.csv", "duplicates.csv", "positions.csv"),
        *("waiting.csv", "run.json", "profile.json", "PRIVATE.txt"),
    }


@pytest.mark.slow
def test_the_wheel_says_which_extra_a_format_needs(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "children.parquet").write_bytes(b"PAR1")
    (tmp_path / "visits.csv").write_text("visit_id,child_id,visit_date\n", encoding="utf-8")
    done = subprocess.run(
        [installed / "carescreen", "check", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 7
    assert "pip install 'carescreen[parquet]'" in done.stderr
    assert done.stderr.count("\n") == 1

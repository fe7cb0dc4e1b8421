"""The wheel carries packs, models and templates, and ranks away from the repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_its_data(wheel) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "carescreen/py.typed" in names
    assert "carescreen/_shipped/rules/cn-rural/pack.yaml" in names
    assert "carescreen/_shipped/rules/base/lexicon.en.yaml" in names
    assert "carescreen/_shipped/models/evidence/model.json" in names
    assert "carescreen/review/texts.zh.yaml" in names
    assert any(name.startswith("carescreen/review/templates/") for name in names)


@pytest.mark.slow
def test_an_installed_wheel_ranks_away_from_the_repository(wheel, tmp_path) -> None:
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "-t", target, wheel],
        check=True,
        capture_output=True,
    )
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import carescreen; "
        f"assert carescreen.__file__.startswith({str(target)!r}), carescreen.__file__; "
        "from carescreen.cli import main; main()"
    )
    for arguments in (
        ["synth", "--children", "60", "--out", "county"],
        ["rank", "county", "--as-of", "2026-11-01", "--processes", "1", "--out", "lists"],
    ):
        done = subprocess.run(
            [sys.executable, "-I", "-c", code, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "lists" / "ranking.csv").is_file()

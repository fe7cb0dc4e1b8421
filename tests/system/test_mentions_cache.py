"""`carescreen rank --mentions-cache`: the same list, and a file that gets in nobody's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.command import run


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mentions") / "county"
    run("synth", "--children", 60, "--seed", 5, "--out", folder)
    return folder


def ranked(county: Path, out: Path, *options: object, code: int = 0) -> str:
    words = ("--as-of", "2026-11-01", "--processes", 1, "--out", out, *options)
    return run("rank", county, *words, code=code)


def test_the_list_is_the_same_and_a_damaged_file_is_a_note(county: Path, tmp_path: Path) -> None:
    cache, out = tmp_path / "mentions", tmp_path / "lists"
    said = {}
    for name in ("without", "first", "again", "damaged"):
        if name == "damaged":
            cache.write_bytes(cache.read_bytes()[:-9])
        told = ranked(county, out, *([] if name == "without" else ["--mentions-cache", cache]))
        said[name] = [(out / file).read_bytes() for file in ("ranking.csv", "ranking.jsonl")]
        assert ("made anew" in told) == (name == "damaged")
    assert said["without"] == said["first"] == said["again"] == said["damaged"]


def test_it_lies_neither_in_the_list_nor_among_the_tables(county: Path, tmp_path: Path) -> None:
    out = tmp_path / "lists"
    told = ranked(county, out, "--mentions-cache", out / "mentions", code=6)
    assert "would be replaced" in told
    told = ranked(county, out, "--mentions-cache", county / "mentions", code=6)
    assert "with the tables" in told
    assert not out.exists()

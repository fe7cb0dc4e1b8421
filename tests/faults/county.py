"""A county small enough that ranking it takes a second, and what a folder of lists holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.system.command import run

CHILDREN = 600
OLD_DAY, DAY = "2026-10-25", "2026-11-01"


def write_county(place: Path) -> Path:
    """An invented county in place/county, and the list of a week ago in place/lists."""
    run("synth", "--children", CHILDREN, "--seed", 7, "--out", place / "county")
    run(*rank(place, OLD_DAY))
    return place


def rank(place: Path, day: str = DAY, processes: int = 1) -> tuple[object, ...]:
    """The words of a run over place/county into place/lists."""
    words = ("rank", place / "county", "--as-of", day, "--out", place / "lists")
    return (*words, "--processes", processes)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder, hidden ones too, by its place in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def said(folder: Path) -> dict[str, str]:
    """The same without run.json, which holds the times that a run took."""
    return {name: found for name, found in digests(folder).items() if name != "run.json"}


def left_aside(place: Path) -> list[str]:
    """What is beside the county and its lists, and was not put there by a test."""
    known = ("county", "lists", "kept", "said.txt")
    return sorted(path.name for path in place.iterdir() if path.name not in known)

"""What an executor makes its engine from: names or files of pack and model, and what they must be.

Pack, model and reader are loaded once in each process, from what is installed there; a pack or model
of one's own travels as the files of its folder. The process refuses to work with anything that is
not, to the byte, what the driver has: one executor with another version would otherwise rank its
children by other rules, and nobody would see it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

import carescreen
from carescreen.engine import Engine
from carescreen.errors import UsageError
from carescreen.pack import shipped_folder
from carescreen.screener import Screener

Files = tuple[tuple[str, bytes], ...]  # relative path, content

_SENT = "sent/"
_LIBRARIES = ("numpy", "pandas", "pyarrow")


@dataclass(frozen=True, repr=False)  # it holds whole files
class Recipe:
    """`pack` and `model` are shipped names, or folders within `files`; `made_of` says what by."""

    pack: str
    model: str
    files: Files
    made_of: tuple[tuple[str, str], ...]

    def screener(self) -> Screener:
        """The screener of this process; UsageError where it is not the driver's."""
        return _screener(self)

    def engine(self, day: np.datetime64, first_run: bool) -> Engine:
        """The engine of this process as of a day."""
        return Engine(self.screener().engine(day).kit, day, first_run)

    def __hash__(self) -> int:
        return hash(self.made_of)


def recipe_of(pack: str | Path, model: str | Path) -> tuple[Recipe, Screener]:
    """The recipe of a pack and a model on the driver, and the screener it makes."""
    screener = Screener.load(pack, model)
    files: dict[str, bytes] = {}
    place = ""
    for folder in screener.rules.pack.chain:
        place = _place("rules", folder, files)
    source = Path(model)
    is_folder = (source / "model.json").is_file()
    return (
        Recipe(
            pack=place,
            model=_place("models", source, files) if is_folder else str(model),
            files=tuple(files.items()),
            made_of=tuple(_made_of(screener).items()),
        ),
        screener,
    )


def _place(kind: Literal["rules", "models"], folder: Path, files: dict[str, bytes]) -> str:
    """The name of a shipped folder, or the one under which its files travel."""
    if folder.resolve().parent == shipped_folder(kind).resolve():
        return folder.resolve().name
    name = f"{_SENT}{kind}/{folder.resolve().name}"
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        files[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return name


def _made_of(screener: Screener) -> dict[str, str]:
    """Digests and versions that decide every byte of a ranking."""
    return {
        "carescreen": carescreen.__version__,
        "the code of carescreen": _code_digest(),
        **{name: version(name) for name in _LIBRARIES},
        "the pack": screener.rules.pack.digest,
        "the model": screener.model.digest,
        "the note reader": screener.reader.digest,
    }


@lru_cache(maxsize=1)
def _code_digest() -> str:
    total = hashlib.sha256()
    folder = Path(carescreen.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


@lru_cache(maxsize=1)  # one run at a time: another pack or model takes its place
def _screener(recipe: Recipe) -> Screener:
    with tempfile.TemporaryDirectory(prefix="carescreen-") as folder:
        for name, content in recipe.files:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        own = {name: _found(Path(folder), name) for name in (recipe.pack, recipe.model)}
        screener = Screener.load(own[recipe.pack], own[recipe.model])
        _require_same(dict(recipe.made_of), _made_of(screener))
    return screener


def _found(folder: Path, name: str) -> str:
    return str(folder / name) if name.startswith(_SENT) else name


def _require_same(wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    for name, value in wanted.items():
        if found[name] != value:
            raise UsageError(
                f"an executor has another version than the driver of {name}: {found[name][:12]} "
                f"in place of {value[:12]}. Install the same carescreen and libraries on both, "
                "best as one archive of the whole environment (docs/scale.md)"
            )

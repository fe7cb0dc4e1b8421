"""Written lists and plans whose quotes may not be kept any longer: found, named and removed.

A list with quotes says when it expires. Once that day is over its folder goes as a whole, and only if it
holds nothing but what carescreen wrote into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from carescreen import plan_files, results
from carescreen.errors import OutputError, UsageError
from carescreen.results_place import remove_folder, remove_unfinished, require_folder

_KINDS = (results.OURS, plan_files.OURS)


@dataclass(frozen=True)
class Written:
    """A folder that carescreen wrote.

    expires   the last day on which it may be there; None where it has no quotes and so no such day
    trouble   why it may not be removed, "" where it may
    """

    folder: Path
    expires: date | None
    trouble: str
    ours: tuple[tuple[str, ...], str, str]

    def is_over(self, as_of: date) -> bool:
        """Whether its day is over."""
        return self.expires is not None and self.expires < as_of


def written_in(folders: Iterable[Path]) -> list[Written]:
    """The lists and plans that folders are, or hold; UsageError for a folder without any."""
    found: dict[Path, Written] = {}
    for folder in folders:
        remove_unfinished(folder)
        here = list(_found(folder))
        if not here:
            raise UsageError(
                f"{folder} is no folder that `rank` or `plan` wrote, and holds none; give one that is"
            )
        found.update((one.folder.resolve(), one) for one in here)
    return list(found.values())


def remove(written: Written) -> None:
    """Take a written folder away; OutputError where it holds anything else."""
    remove_folder(written.folder, *written.ours)


def _found(folder: Path) -> Iterator[Written]:
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    for place in (folder, *inside):
        one = _written(place)
        if one is not None:
            yield one


def _written(folder: Path) -> Written | None:
    """What carescreen wrote as a folder; None where it is something else."""
    if folder.is_symlink() or not folder.is_dir():
        return None
    for ours in _KINDS:
        _names, marker, mark = ours
        said = _read(folder / marker)
        if str(said.get("format", "")).startswith(mark.strip('"')):
            return Written(folder, _expires(said), _trouble(folder, ours), ours)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _expires(said: dict[str, Any]) -> date | None:
    """The day a folder says; of one with quotes that says none, so many days after it was made."""
    if not said.get("quotes"):
        return None
    try:
        if said.get("expires"):
            return date.fromisoformat(str(said["expires"]))
        made = datetime.fromisoformat(str(said["made_at"])).date()
    except (ValueError, KeyError):
        return date.min  # it has quotes and no day that can be read
    return made + timedelta(days=results.EXPIRES_AFTER_DAYS)


def _trouble(folder: Path, ours: tuple[tuple[str, ...], str, str]) -> str:
    try:
        require_folder(folder, *ours)
    except OutputError as error:
        return str(error)
    return ""

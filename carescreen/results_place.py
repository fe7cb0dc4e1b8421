"""Putting a finished folder or file in place: whole or not at all, and never over somebody's own.

What is written stands aside first, under a name that begins with a dot and holds the number of the
process; a killed process leaves it, and the next one that writes to the same place takes it away.
"""

from __future__ import annotations

import csv
import errno
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from carescreen.errors import OutputError

_DAY_SECONDS = 86_400
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_HEAD_BYTES = 2_000  # of a page, enough to hold what made it
_SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # file managers make them
_INSIDE = {  # folders in a result, and the names of what is in them
    "list": re.compile(r"(\d{4,}-.*|supervisor(-\d+)?)\.html\Z"),
    "visits": re.compile(r"[^.].*\.csv\Z"),
}


@contextmanager
def replaced_folder(
    folder: Path, ours: Collection[str], marker: str, mark: str, inputs: Sequence[Path] = ()
) -> Iterator[Path]:
    """A fresh folder beside the wanted one that takes its place when the block ends without error.

    The old folder is kept until the new one stands. A folder is replaced only if it is empty or
    holds nothing but names in `ours`, among them a file `marker` that contains `mark`; anything
    else is somebody's and left alone with an OutputError. A link stays, and what it leads to is
    replaced. None of `inputs` may lie in it.
    """
    folder = require_folder(folder, ours, marker, mark, inputs)
    previous = folder.with_name(f".{folder.name}.previous")
    old = folder.exists()
    aside: Path | None = None
    try:
        aside = _folder_beside(folder)
        yield aside
        aside.chmod(0o755)
        if folder.exists():
            shutil.rmtree(previous, ignore_errors=True)
            folder.rename(previous)
        aside.rename(folder)
        shutil.rmtree(previous, ignore_errors=True)
    except (OSError, OutputError) as error:
        # A page that could not be written names its place aside, which nobody knows.
        refused = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(refused, OSError):
            raise
        stands = "what was there stands" if old else "nothing was written"
        raise OutputError(f"{folder} {_cannot(refused)}; {stands}. {_remedy(refused)}") from None
    finally:
        if aside is not None and aside.exists():
            shutil.rmtree(aside, ignore_errors=True)
        _restore(folder, previous)


def require_folder(
    folder: Path, ours: Collection[str], marker: str, mark: str, inputs: Sequence[Path] = ()
) -> Path:
    """The real place of a folder that `replaced_folder` may write; OutputError where it may not."""
    folder = place_of(folder)
    for path in inputs:
        place = path.resolve()
        if folder == place or folder in place.parents:
            raise OutputError(
                f"the input {path} lies in {folder}, which would be replaced; nothing was "
                "written, choose another folder"
            )
    _restore(folder, folder.with_name(f".{folder.name}.previous"))
    _require_ours(folder, ours, marker, mark)
    return folder


def remove_folder(folder: Path, ours: Collection[str], marker: str, mark: str) -> None:
    """Take away a folder that `replaced_folder` may replace; OutputError where it may not.

    It is renamed first, so that a killed process leaves no half of it under its name.
    """
    place = require_folder(folder, ours, marker, mark)
    try:
        aside = _folder_beside(place)
        place.rename(aside / place.name)
        shutil.rmtree(aside)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be removed ({error.strerror or error}); remove it by hand"
        ) from None


def _folder_beside(target: Path) -> Path:
    """A new folder, for its owner alone, for what is not finished; what killed processes left goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(target)
    return Path(tempfile.mkdtemp(dir=target.parent, prefix=aside_prefix(target)))


def remove_unfinished(folder: Path) -> None:
    """Take away what killed processes left beside a folder: it may hold children's records."""
    with suppress(OSError):
        _remove_stale(place_of(folder))


@contextmanager
def unfinished_beside(folder: Path) -> Iterator[Path]:
    """A folder for what a run needs while it works, beside the one that it writes; taken away after.

    It holds children's records, so it lies where they belong, for its owner alone.
    """
    folder = place_of(folder)
    stands = "what was there stands" if folder.exists() else "nothing was written"
    work: Path | None = None
    try:
        work = _folder_beside(folder)
        yield work
    except OSError as error:
        raise OutputError(f"{folder} {_cannot(error)}; {stands}. {_remedy(error)}") from None
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """A file beside the wanted one that takes its place when the block ends without error.

    A link stays, and what it leads to is replaced. A new file is for its owner alone to read: it may
    hold words of notes. An earlier one keeps its rights.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "no ordinary file"
        raise OutputError(f"{path} is {what}; give the name of a file to write")
    path = place_of(path)
    aside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=aside_prefix(path))
        os.close(handle)
        aside = Path(name)
        yield aside
        if path.exists():
            aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"{path} {_cannot(error)}. {_remedy(error)}") from None
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def require_own_csv(path: Path, header: Sequence[str], inputs: Sequence[Path]) -> None:
    """OutputError unless a CSV file may be written: new, or an earlier one of ours; never an input.

    `header` are the columns that we write; a file is ours where its first line is just that.
    """
    _require_no_input(path, inputs)
    if path.is_file() and path.stat().st_size and _first_row(path) != list(header):
        raise OutputError(
            f"{path} is there already and was not written by this command (its first line is "
            "another); nothing was written, choose another file"
        )


def require_own_page(path: Path, generator: str, inputs: Sequence[Path]) -> None:
    """OutputError unless a page may be written: new, or an earlier one of ours; never an input.

    A file is ours where its head names `generator` as what made it.
    """
    _require_no_input(path, inputs)
    mark = f'<meta name="generator" content="{generator}">'
    if path.is_file() and path.stat().st_size and mark not in _beginning(path):
        raise OutputError(
            f"{path} is there already and is no page written by this command; nothing was written, "
            "choose another file"
        )


def _require_no_input(path: Path, inputs: Sequence[Path]) -> None:
    if path.exists() and any(other.exists() and path.samefile(other) for other in inputs):
        raise OutputError(
            f"{path} is an input of this command; nothing was written, choose another file"
        )


def _cannot(error: OSError) -> str:
    if error.errno in _FULL:
        return f"cannot be written, as there is no room left for it ({error.strerror})"
    return f"cannot be written ({error.strerror or type(error).__name__})"


def _remedy(error: OSError) -> str:
    if error.errno in _FULL:
        return "Make room on that disk and run this again, or choose a place on another"
    return "Choose another place, or have its rights changed"


def aside_prefix(target: Path) -> str:
    """The beginning of names for what is not finished: whose process on which computer writes it."""
    node = re.sub(r"[^A-Za-z0-9]+", "", platform.node())[:30]
    return f".{target.name}.part-{os.getpid()}@{node}-"


def _first_row(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _beginning(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def place_of(target: Path) -> Path:
    """The real place of an output, links followed; OutputError where nothing can be put there."""
    try:
        place = Path(target).resolve()
    except (OSError, RuntimeError):
        raise OutputError(f"{target} is a link that leads nowhere; choose another name") from None
    here = Path.cwd().resolve()
    if not place.name or place == here or place in here.parents:
        what = "the top folder" if not place.name else "the folder you are in, or one around it"
        raise OutputError(f"{target} is {what}, which cannot be replaced; name a new one in it")
    blocking = next((part for part in place.parents if part.exists() and not part.is_dir()), None)
    if blocking is not None:
        raise OutputError(
            f"{blocking} is a file, so nothing can be put into it: choose another name"
        )
    return place


def _require_ours(folder: Path, ours: Collection[str], marker: str, mark: str) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; give a folder to write into")
    found = sorted(folder.iterdir())
    if not found:
        return
    strange = [path.name for path in found if not _is_ours(path, ours)]
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise OutputError(
            f"{folder} holds '{strange[0]}'{more}, which no run writes; nothing was written. Move "
            "that away, or choose another folder"
        )
    if not _is_marked(folder / marker, mark):
        raise OutputError(
            f"{folder} is not empty and holds no earlier result ({marker}); "
            "nothing was written, choose another folder"
        )


def _is_ours(path: Path, ours: Collection[str]) -> bool:
    if path.name in _SYSTEM_FILES:
        return path.is_file()
    if path.name not in ours or path.is_symlink():
        return False
    if path.is_dir():
        names = _INSIDE.get(path.name)
        return names is not None and all(
            inside.is_file() and (names.match(inside.name) or inside.name in _SYSTEM_FILES)
            for inside in path.iterdir()
        )
    return bool(path.suffix)


def _is_marked(path: Path, mark: str) -> bool:
    try:
        return mark in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _restore(folder: Path, previous: Path) -> None:
    """Put back the old folder that a killed run had moved away."""
    if previous.is_dir() and not folder.exists():
        previous.rename(folder)


_UNFINISHED = re.compile(r"\.(?P<target>.+)\.part-(?:(?P<pid>\d+)@(?P<node>\w*)-)?\w+\Z", re.DOTALL)


def _remove_stale(target: Path) -> None:
    """Take away what killed processes left beside a target: it may hold children's records.

    What a process of this computer left that runs no more goes whatever it was to become: the next
    run may be of another day, and write under another name. Else it goes after a day, and only if it
    was to become this target.
    """
    here = _node_of(aside_prefix(target))
    for path in target.parent.iterdir():
        found = _UNFINISHED.match(path.name)
        if found is None or path.is_symlink():
            continue
        is_gone = found["node"] == here and not _is_running(int(found["pid"]))
        is_old = found["target"] == target.name and _age_seconds(path) > _DAY_SECONDS
        if is_gone or is_old:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(
                missing_ok=True
            )


def _node_of(prefix: str) -> str:
    return prefix.rpartition("@")[2].rstrip("-")


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _is_running(pid: int) -> bool:
    """Whether a process of this computer still runs; where that cannot be told, it does."""
    if os.name == "nt":  # there os.kill would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

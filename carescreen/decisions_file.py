"""CSV files that are only ever added to: read as they stand, replaced whole, one writer at a time."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from carescreen.errors import OutputError
from carescreen.results_place import replaced_file

Row = dict[str, str]

WAIT_SECONDS = 60.0  # for another writer of the same folder
_LOOK_AGAIN = 0.05


def read_rows(
    path: Path, required: Sequence[str], kind: str = "decisions"
) -> tuple[list[Row], list[str]]:
    """(rows, columns) of a UTF-8 CSV file as text; ([], []) where there is no file.

    OutputError, and nothing is changed, where it cannot be read as a CSV with the required columns.
    """
    if not path.exists():
        return [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
            columns = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OutputError(
            f"{path} cannot be read as a UTF-8 CSV of {path.stem} ({type(error).__name__}); "
            "nothing was changed"
        ) from None
    if any(None in row or None in row.values() for row in rows):
        raise OutputError(f"{path} has a row with too few or too many cells; nothing was changed")
    lacking = [name for name in required if columns and name not in columns]
    if lacking:
        raise OutputError(
            f"{path} is not a file of {kind}: it has no column {lacking[0]}; nothing was changed"
        )
    return rows, columns


def replace_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Write all rows aside and put them in place; returns when they would outlast a power cut."""
    with replaced_file(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """A renaming lasts once the folder is written too; some file systems cannot, and need not."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While the block runs, no other process of carescreen adds to files of this folder.

    The system drops the lock of a killed process. OutputError where another one holds it for a
    minute. Where folders cannot be locked (Windows, some shared drives) nothing is held back.
    """
    if sys.platform == "win32" or not folder.is_dir():
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _wait_for_lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _wait_for_lock(handle: int, folder: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise OutputError(
                    f"another program has been writing to {folder} for a minute; nothing was "
                    "changed, try again when it is done"
                ) from None
            time.sleep(_LOOK_AGAIN)
        except OSError:
            return  # this file system has no locks
        else:
            return

"""Files that must not change while they are read: how they stood before, looked at again after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from carescreen.errors import CaseloadError

_State = tuple[int, int, int, int] | None


@dataclass(frozen=True)
class FileStates:
    """How some files stood at a moment: what a look at the folder tells, none of them is opened.

    A file counts as changed where another file has its name, or where its size or the time of its
    last change (to the nanosecond) is another: whoever writes into a file cannot help changing one.
    """

    states: tuple[tuple[Path, _State], ...]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FileStates:
        """The states of files now; one that is not there may not come either."""
        return cls(tuple((path, _state(path)) for path in paths))

    def require_unchanged(self) -> None:
        """CaseloadError names the first file that is not as it was."""
        for path, state in self.states:
            if _state(path) != state:
                raise CaseloadError(
                    f"{path.name} was changed while it was read, so what was read of it may be part "
                    "old and part new; nothing was written. Wait until whatever writes it is done, "
                    "and run this again"
                )


def _state(path: Path) -> _State:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

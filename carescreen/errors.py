"""Errors a user can fix. One base, one leaf per thing to fix, each with its exit code.

    CarescreenError            1   anything below; catch this one
    ├── UsageError             2   an option, argument or date that cannot be used
    ├── CaseloadError          3   a table that cannot be read, or lacks what it must have
    ├── CorpusError            3   a file of annotated notes that is wrong: file, line, what is wanted
    ├── PackError              4   a pack file that is wrong: file, line, column, what is allowed
    │   └── ConditionError     4   a rule's condition that cannot be parsed or typed
    ├── ModelError             5   a model folder that is missing, tampered with or does not fit
    │   └── NotCalibrated      5   a probability was asked of a score that has none yet
    ├── OutputError            6   a folder or file that cannot be written
    ├── MissingExtra           7   an optional library that is not installed
    ├── EntryConflict          8   entries that contradict what is recorded; the others are imported
    ├── LogFault               9   a county's log, or a table it knows, is not as it was written
    ├── TalkFirst             10   a page that waits until a person has been asked; nothing is written
    └── TooLittleMemory        1   memory that ran out, or a worker process that the system ended

Messages say what was wanted, what came and what to do. They may show a value of a pack or model
file; they never show a value of a child's record, nor the words of a note.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

LONGEST = 1_000  # characters of a message that shows a value


class CarescreenError(Exception):
    """Base of every error a user can fix."""

    exit_code = 1


class UsageError(CarescreenError):
    """An option, argument or date that cannot be used."""

    exit_code = 2


class CaseloadError(CarescreenError):
    """A table that cannot be read, or lacks a column it must have."""

    exit_code = 3


class CorpusError(CarescreenError):
    """A file of annotated notes is wrong; the message starts with file:line where they are known."""

    exit_code = 3

    def __init__(
        self, message: str, path: Path | str | None = None, line: int | None = None
    ) -> None:
        self.path, self.line = path, line
        place = ":".join(str(part) for part in (path, line) if part is not None)
        text = _in_one_line(message)
        super().__init__(f"{place}: {text}" if place else text)


class PackError(CarescreenError):
    """A pack file is wrong; the message starts with file:line:column where they are known."""

    exit_code = 4

    def __init__(
        self,
        message: str,
        path: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.path, self.line, self.column = path, line, column
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        text = _in_one_line(message)
        super().__init__(f"{place}: {text}" if place else text)


def _in_one_line(message: str) -> str:
    """A message as one line of bounded length: the value that it shows may be anything."""
    plain = "".join(letter if letter.isprintable() else " " for letter in message)
    half = LONGEST // 2
    return plain if len(plain) <= LONGEST else f"{plain[:half]} … {plain[-half:]}"


class ConditionError(PackError):
    """A rule's condition cannot be parsed, or does not fit the declared indicators."""


class ModelError(CarescreenError):
    """A model folder is missing, truncated, tampered with, newer, or does not fit the data."""

    exit_code = 5

    def __init__(self, message: str) -> None:
        super().__init__(_in_one_line(message))


class NotCalibrated(ModelError):
    """A probability was asked of a model whose score is not one yet."""


class OutputError(CarescreenError):
    """A folder or file cannot be written."""

    exit_code = 6


class MissingExtra(CarescreenError):
    """An optional library is not installed."""

    exit_code = 7

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the library {library}, which is not installed. "
            f"Install it with: pip install 'carescreen[{extra}]'"
        )


class EntryConflict(CarescreenError):
    """Entries came again with other content: what is recorded stands, the others are set aside."""

    exit_code = 8


class LogFault(CarescreenError):
    """A county's log, or a table that it knows, is not as it was written."""

    exit_code = 9


class TalkFirst(CarescreenError):
    """A page is not written before the child-protection lead was asked; it says no reason."""

    exit_code = 10


class TooLittleMemory(CarescreenError):
    """Memory ran out, here or in a worker process, which the system then ends without a word."""


def did_you_mean(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """A sentence part that suggests the nearest known word, or nothing.

    `likeness` from 0 to 1 says how near it must be.

    >>> did_you_mean("birth_dat", ["birth_date", "village_id"])
    "; did you mean 'birth_date'?"
    >>> did_you_mean("xyz", ["birth_date"])
    ''
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f"; did you mean '{near[0]}'?" if near else ""

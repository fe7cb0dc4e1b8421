"""The command as a person runs it: its words, what it says, its exit code, and no traceback.

`run` and `called` call the whole program in this process. `alone` starts one of its own, which takes a
second or two: for what only a process can show.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from carescreen.cli import main

CARESCREEN = [sys.executable, "-c", "from carescreen.cli import main; main()"]


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed on each stream."""

    code: object
    out: str
    err: str

    def well(self, code: int) -> tuple[str, str]:
        """(standard output, standard error), after it ended with the exit code."""
        assert self.code == code, self.err or self.out
        assert "Traceback" not in self.out + self.err
        return self.out, self.err


def run(*words: object, code: int = 0, cwd: Path | None = None) -> str:
    """What a command prints, on both streams, after it ended with the exit code."""
    return "".join(called(*words, cwd=cwd).well(code))


def called(*words: object, cwd: Path | None = None) -> Ended:
    """The command in this process."""
    out, err = _stream(), _stream()
    code: object = 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd or Path.cwd()),
        _as_command(words),
    ):
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code
    return _ended(code, _bytes_of(out), _bytes_of(err))


def alone(*words: object, cwd: Path | None = None, **environment: str) -> Ended:
    """The command in a process of its own."""
    done = subprocess.run(
        [*CARESCREEN, *map(str, words)],
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )
    return _ended(done.returncode, done.stdout, done.stderr)


def _stream() -> io.TextIOWrapper:
    """A stream as a process has it, whose encoding a command may change."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _bytes_of(stream: io.TextIOWrapper) -> bytes:
    stream.seek(0)
    return stream.buffer.read()


@contextlib.contextmanager
def _as_command(words: tuple[object, ...]) -> Iterator[None]:
    """The program's arguments; afterwards they and the handlers of signals are as before."""
    signals = (signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else []))
    arguments, handlers = sys.argv, [signal.getsignal(one) for one in signals]
    sys.argv = ["carescreen", *map(str, words)]
    try:
        yield
    finally:
        sys.argv = arguments
        for one, handler in zip(signals, handlers, strict=True):
            signal.signal(one, handler)


def _ended(code: object, *streams: bytes) -> Ended:
    return Ended(code, *(data.decode("utf-8", "replace") for data in streams))

"""The command as a person runs it: a process of its own, what it says, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

CARESCREEN = [sys.executable, "-c", "from carescreen.cli import main; main()"]


def run(*arguments: object, code: int = 0, **options: Any) -> str:
    """What a command prints, on both streams, after it ended with the exit code."""
    done = subprocess.run(
        [*CARESCREEN, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        **options,
    )
    assert done.returncode == code, done.stderr or done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    return done.stdout + done.stderr

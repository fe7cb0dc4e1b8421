"""A command with its wall time, processor time and peak memory, each over all of its processes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MEMORY_IS_MEASURED = sys.platform == "linux"
_EVERY_SECONDS = 0.1
_GIB = 2**20  # of KiB


@dataclass(frozen=True)
class Watched:
    """Seconds by the clock and of the processors; GiB at the peak of the sum over processes.

    `shared_once` counts memory that processes share once (PSS), `each_whole` in each of them (RSS).
    Both are None on systems other than Linux.
    """

    seconds: float
    processor: float
    shared_once: float | None
    each_whole: float | None


def watch(command: Sequence[str]) -> Watched:
    """Run a command to its end; CalledProcessError if it fails, and what it said on stderr."""
    before = _processor_of_children()
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        pss = rss = 0
        while True:
            if MEMORY_IS_MEASURED:
                sums = [_memory(one) for one in _tree(process.pid)]
                pss = max(pss, sum(one[0] for one in sums))
                rss = max(rss, sum(one[1] for one in sums))
            try:
                _, said = process.communicate(timeout=_EVERY_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.stderr.buffer.write(said)
        raise subprocess.CalledProcessError(process.returncode, command)
    memory = (pss / _GIB, rss / _GIB) if MEMORY_IS_MEASURED else (None, None)
    return Watched(seconds, _processor_of_children() - before, *memory)


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree(process: int) -> Iterator[int]:
    """A process and all below it that are still there."""
    yield process
    try:
        threads = os.listdir(f"/proc/{process}/task")  # noqa: PTH208
        below = [Path(f"/proc/{process}/task/{one}/children").read_text() for one in threads]
    except OSError:  # it has ended
        return
    for child in " ".join(below).split():
        yield from _tree(int(child))


def _memory(process: int) -> tuple[int, int]:
    """KiB of PSS and RSS; 0 of a process that has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    found = dict(line.split()[:2] for line in lines[1:])
    return int(found.get("Pss:", 0)), int(found.get("Rss:", 0))

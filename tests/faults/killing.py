"""Starts a run again and again and ends each at a drawn moment; says what it left, a line of JSON each.

python -m tests.faults.killing PLACE HOW PROCESSES TIMES SEED

PLACE holds county/ and the list of a week ago, lists/, which it keeps as kept/. One process that has
everything loaded forks a child for each run: starting Python anew would take most of the time, and
most of the kills.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from carescreen.cli import main
from tests.faults.county import digests, left_aside, rank, said
from tests.faults.loaded import cut_into_small_blocks, read_tables_once
from tests.system.command import run

LONGEST = 120.0  # seconds a run may take to begin its work, or its workers to end
HOW = {
    "kill": (os.kill, signal.SIGKILL),
    "kill all": (os.killpg, signal.SIGKILL),  # as when the machine's supervisor ends a session
    "terminate": (os.kill, signal.SIGTERM),
    "interrupt": (os.killpg, signal.SIGINT),  # Ctrl-C reaches every process of the terminal
    "hang up": (os.killpg, signal.SIGHUP),
    "kill a worker": (os.kill, signal.SIGKILL),
}


def start(place: Path, processes: int) -> int:
    """A run as a process of its own; its number."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    said_to = os.open(place / "said.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(said_to, 1)
    os.dup2(said_to, 2)
    sys.argv = ["carescreen", *map(str, rank(place, processes=processes))]
    main()
    sys.exit(0)  # out of the loop that called this, so that the run ends as any process


def workers_of(pid: int) -> set[int]:
    """The processes that work for a run, without those that look after its semaphores."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            words = _words_of(int(entry.name))
            if int(parent) == pid and words and "resource_tracker" not in words:
                found.add(int(entry.name))
    return found


def _words_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet taken notice of does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def seconds_of(place: Path, processes: int) -> float:
    """How long a run takes that is left alone."""
    begun = time.monotonic()
    _pid, status = os.waitpid(start(place, processes), 0)
    assert os.waitstatus_to_exitcode(status) == 0, (place / "said.txt").read_text()
    return time.monotonic() - begun


def ended_at(place: Path, how: str, processes: int, moment: float) -> tuple[int, set[int]]:
    """(exit code, workers that were there) of a run that is ended after some seconds.

    With worker processes these are counted from when there are any.
    """
    send, name = HOW[how]
    pid = start(place, processes)
    until = time.monotonic() + LONGEST
    while processes > 1 and not workers_of(pid) and is_alive(pid) and time.monotonic() < until:
        time.sleep(0.01)  # what comes before there are workers is tried with one process
    time.sleep(moment)
    workers = workers_of(pid)
    pids = sorted(workers)[:1] if how == "kill a worker" else [pid]
    for one in pids:
        with contextlib.suppress(ProcessLookupError):
            send(one, name)
    _pid, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), workers


def are_gone(workers: set[int]) -> bool:
    """Whether all workers ended, waited for."""
    until = time.monotonic() + LONGEST
    while any(map(is_alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    return not any(map(is_alive, workers))


def state(place: Path, old: dict[str, str], new: dict[str, str]) -> str:
    """Which list stands after a run was ended: the old one, or the new one, whole; or something else."""
    lists = place / "lists"
    if not lists.is_dir():
        return "none"
    if digests(lists) == old:
        return "old"
    summary = json.loads((lists / "run.json").read_text())
    return "new" if said(lists) == new and summary["run_id"] else "half"


def told(place: Path, how: str, processes: int, times: int, seed: int) -> None:
    """Print how each run ended, at moments drawn one from each of `times` equal parts of its length."""
    lists, kept = place / "lists", place / "kept"
    draw = random.Random(seed)
    shutil.copytree(lists, kept)
    run(*rank(place))  # everything is loaded now
    new = said(lists)
    shutil.rmtree(lists)
    shutil.copytree(kept, lists)
    old = digests(lists)
    length = seconds_of(place, processes)
    assert said(lists) == new
    for number in range(times):
        shutil.rmtree(lists, ignore_errors=True)
        shutil.copytree(kept, lists)
        moment = length * (number + draw.random()) / times * (1 if processes == 1 else 0.5)
        if how == "kill a worker" and times == 1:
            moment = 0.0  # as soon as there is one: a run that is over has none
        code, workers = ended_at(place, how, processes, moment)
        row = {
            "moment": round(moment / length, 3),
            "code": code,
            "workers": len(workers),
            "gone": are_gone(workers),
            "list": state(place, old, new),
            "aside": left_aside(place),
            "said": (place / "said.txt").read_text(),
        }
        print(json.dumps(row))


if __name__ == "__main__":
    read_tables_once()
    cut_into_small_blocks()
    told(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))

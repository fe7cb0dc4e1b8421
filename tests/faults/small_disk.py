"""Ranks onto a disk of a few megabytes of its own, in memory; says how each run ended, a line of JSON each.

unshare -m python -m tests.faults.small_disk full|read-only|temporary PLACE

Only this process and its children see the disk, and it goes with them. Ends with 77 where the system
mounts none.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.county import DAY, digests
from tests.faults.loaded import cut_into_small_blocks, read_tables_once
from tests.system.command import called

STEPS = 12 if os.environ.get("CARESCREEN_FAULTS") == "all" else 3
NO_MOUNT = 77


def mount(disk: Path, *options: str) -> None:
    """Mount, or mount again with other options."""
    words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(disk)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr)
        sys.exit(NO_MOUNT)


def size_of(folder: Path) -> int:
    """Bytes of whole pages that a folder's files take."""
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.rglob("*"))


def ranked(county: Path, disk: Path, processes: int = 1) -> dict[str, object]:
    """How a run ended, and whether the list on the disk is as it was."""
    before = digests(disk)
    out = ("--out", disk / "lists", "--processes", processes)
    ended = called("rank", county, "--as-of", DAY, *out)
    return {
        "code": ended.code,
        "said": ended.err,
        "stands": digests(disk) == before,
        "aside": sorted(path.name for path in disk.iterdir() if path.name != "lists"),
    }


def main(what: str, place: Path, disk: Path) -> None:
    """Print what was found."""
    mount(disk, "size=64m")
    shutil.copytree(place / "lists", disk / "lists")
    taken = size_of(disk)
    rows = []
    if what == "full":
        for step in range(STEPS):
            mount(disk, "remount", f"size={taken + 8192 + taken * step // STEPS}")
            rows.append(ranked(place / "county", disk))
        mount(disk, "remount", "size=64m")
        rows.append(ranked(place / "county", disk))
    elif what == "read-only":
        mount(disk, "remount", "ro")
        rows.append(ranked(place / "county", disk))
    else:
        mount(disk / "lists", "size=4096")  # for temporary files: room for none
        (disk / "lists" / "full").write_bytes(bytes(4096))
        os.environ["TMPDIR"] = tempfile.tempdir = str(disk / "lists")
        (disk / "out").mkdir()
        for processes in (1, 2):
            rows.append(ranked(place / "county", disk / "out", processes))
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    read_tables_once()
    cut_into_small_blocks()
    with tempfile.TemporaryDirectory() as folder:
        try:
            main(sys.argv[1], Path(sys.argv[2]), Path(folder))
        finally:
            subprocess.run(["umount", "-R", folder], capture_output=True)

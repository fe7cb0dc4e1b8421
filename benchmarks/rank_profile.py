"""Where the time of ranking a large folder goes, in one process: shares of the steps, by a profile.

python benchmarks/rank_profile.py COUNTY        such as `carescreen synth --children 81000` makes

Processor time a child comes from a run without the profile, which slows small calls more than large ones.
Nothing is written but the pieces; a step's share has everything that it calls.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path

from carescreen.pieces import rank_folder
from carescreen.screener import Screener

AS_OF = "2026-11-01"
STEPS = {
    "cutting into pieces": ("pieces/run.py", "cut"),
    "ranking pieces, of which": ("pieces/piece.py", "ranked_piece"),
    "- reading CSV": ("tables.py", "read_csv_rows"),
    "- cells that could be taken in two ways": ("pieces/guesses.py", "require_one_meaning"),
    "- checks of every cell": ("caseload.py", "check"),
    "- notes": ("engine.py", "find"),
    "- follow-ups, with the notes": ("followups.py", "follow_up"),
    "- record texts": ("recordtexts.py", "record_texts"),
    "- counts for the profile of a run": ("profile.py", "block_tally"),
    "putting in order": ("pieces/run.py", "ranking"),
}


def ranked(screener: Screener, county: Path) -> int:
    """Rank the county's children, public texts alone; how many they are."""
    with tempfile.TemporaryDirectory() as work:
        return len(rank_folder(screener, county, AS_OF, work_folder=work, kinds=("public",)))


def main() -> None:
    """Print microseconds of processor time a child, and the share of each step."""
    county, screener = Path(sys.argv[1]), Screener.load()
    begin = time.process_time()
    children = ranked(screener, county)
    seconds = time.process_time() - begin
    profile = cProfile.Profile()
    profile.runcall(ranked, screener, county)
    spent = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # it is there
    print(f"{children:,} children, {seconds / children * 1e6:.0f} µs of processor time each")
    total = sum(entry[2] for entry in spent.values())
    for step, (file, function) in STEPS.items():
        share = sum(
            entry[3]
            for (path, _, name), entry in spent.items()
            if name == function and path.endswith(f"carescreen/{file}")
        )
        print(
            f"{step}: {share / total:.0%}, {share / total * seconds / children * 1e6:.0f} µs a child"
        )


if __name__ == "__main__":
    main()

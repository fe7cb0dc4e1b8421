"""Every figure that carescreen is to be measured by, beside its reference, as one table at the end.

python benchmarks/targets.py [--children 8100 81000]

Some ten minutes on two quiet cores. One thread in each process unless OMP_NUM_THREADS says otherwise
(`make bench` says 1). A busy machine is busy for reference and measured alike, but not in each lap: run it
again before believing a small miss.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import imports
import lexicon
import model_speed
import notes
import one_case
import run
import validate
from rows import TARGETS, Row, verdicts

import rules
from carescreen.notes import NoteReader


def main() -> None:
    """Print what each part says, then all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--children", type=int, nargs="+", default=run.SIZES)
    sizes = parser.parse_args().children
    warnings.filterwarnings("ignore")
    parts: dict[str, Callable[[], list[Row]]] = {
        "read notes": lambda: notes.rows(NoteReader.load("cn-rural")),
        "lexicon": lexicon.rows,
        "rules": rules.rows,
        "model": model_speed.rows,
        "validate": validate.rows,
        "whole programme": lambda: run.rows(sizes),
        "one child": one_case.rows,
        "import": imports.rows,
    }
    found = []
    for name, rows in parts.items():
        print(f"== {name}", flush=True)
        begin = time.perf_counter()
        found += rows()
        print(f"   ({time.perf_counter() - begin:.0f} s)", flush=True)
    assert {row.target.what for row in found} == {target.what for target in TARGETS.values()}
    print(f"\n{verdicts(found)}")


if __name__ == "__main__":
    main()

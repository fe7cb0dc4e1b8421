"""How long `import carescreen` takes in a new process, beside `import numpy` in another.

python benchmarks/imports.py

Each process times its own import, so that starting Python is in neither. Fails if carescreen loads pandas
or scikit-learn on import.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from rows import TARGETS, Row, verdicts

LAPS = 9
CODE = """
import sys, time
begin = time.perf_counter()
import {name}
took = time.perf_counter() - begin
heavy = sorted({{"pandas", "sklearn"}} & set(sys.modules))
if heavy:
    sys.exit("import {name} loads " + " and ".join(heavy))
print(took)
"""


def main() -> None:
    """Print the row."""
    print(verdicts(rows()))


def rows() -> list[Row]:
    """Medians of processes in turn, after one of each that does not count."""
    pairs = [(seconds("carescreen"), seconds("numpy")) for _ in range(LAPS + 1)][1:]
    own, reference = (statistics.median(laps) for laps in zip(*pairs, strict=True))
    return [Row(TARGETS["import"], own, reference, "loads neither pandas nor scikit-learn")]


def seconds(name: str) -> float:
    """Of importing a module in a new process."""
    done = subprocess.run([sys.executable, "-c", CODE.format(name=name)], stdout=subprocess.PIPE)
    done.check_returncode()
    return float(done.stdout)


if __name__ == "__main__":
    main()

"""How long values of a large table take to check, beside one sum over as many numbers.

python benchmarks/validate.py [rows]      default 800,000

`Caseload.check` of a children table of 25 fields that is already in memory: ids of child and village, a
birth date and 22 declared numbers, floats within their range but for one in a thousand, a tenth missing.
With it come the keys, the count of children and the report of what was not as expected. The reference is
numpy.sum over a matrix of rows x 25 floats. A second table has words of declared lists instead of half of
the numbers.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from laps import medians
from rows import TARGETS, Row, verdicts

from carescreen.caseload import Caseload
from carescreen.indicators import Indicator

ROWS, FIELDS = 800_000, 25
OTHERS = 3  # of these: child_id, village_id, birth_date
LAPS = 3
WORDS = ("none", "suspected", "confirmed")


def main() -> None:
    """Print both rows."""
    print(verdicts(rows(int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else ROWS)))


def rows(count: int = ROWS) -> list[Row]:
    """Numbers alone, and half of them words."""
    numbers = [f"number_{place}" for place in range(FIELDS - OTHERS)]
    words = [f"word_{place}" for place in range(FIELDS // 2)]
    mixed = numbers[: FIELDS - OTHERS - len(words)] + words
    return [
        checked(count, numbers, "numbers"),
        checked(count, mixed, f"{len(words)} of them words"),
    ]


def checked(count: int, fields: list[str], what: str) -> Row:
    """A table of those fields."""
    random = np.random.default_rng(1)
    indicators = {name: declared(name) for name in fields}
    frame = pd.DataFrame({name: column(name, count, random) for name in fields})
    frame["child_id"] = [f"C{number:07}" for number in range(count)]
    frame["village_id"] = [f"V{number // 170:04}" for number in range(count)]
    frame["birth_date"] = np.datetime64("2012-01-01") + random.integers(0, 4000, count)
    matrix = random.random((count, FIELDS))
    caseload = Caseload(frame)
    seconds, reference = medians(LAPS, lambda: caseload.check(indicators), matrix.sum)
    return Row(TARGETS["validate"], seconds, reference, f"{count:,} rows, {what}")


def declared(name: str) -> Indicator:
    """An indicator of a child: a number from 0 to 100, or one of WORDS."""
    if name.startswith("word"):
        return Indicator(name, "child", "enum", "state", {"en": name}, values=WORDS)
    return Indicator(name, "child", "number", "state", {"en": name}, range=(0.0, 100.0))


def column(name: str, count: int, random: np.random.Generator) -> np.ndarray:
    """Random values, one in ten missing and one number in a thousand out of its range."""
    missing = random.random(count) < 0.1
    if name.startswith("word"):
        return np.where(missing, None, np.array(WORDS, dtype=object)[random.integers(0, 3, count)])
    return np.where(missing, np.nan, random.uniform(0.0, 100.1, count))


if __name__ == "__main__":
    main()

"""A small county with one earlier visit and one judged visit a child, and a known truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

FIRST = np.datetime64("2025-01-05")
AS_OF = "2026-06-30"


def county(
    children: int = 600, seed: int = 0, *, chance: float | None = None, origin: str | None = None
) -> dict[str, pd.DataFrame]:
    """Tables by name: two children a household, violence at home triples the odds of a concern.

    Support by the state raises them as much, which a model must not use. `chance` is recorded as the
    chance with which each child was drawn; None leaves the selection unrecorded.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"C{number:04}" for number in range(children)], dtype=object)
    homes = np.array([f"H{number // 2:04}" for number in range(children)], dtype=object)
    violent = rng.random(children) < 0.3
    poor = rng.random((children + 1) // 2)[np.arange(children) // 2] < 0.4
    first = FIRST + rng.integers(0, 300, children).astype("timedelta64[D]")
    judged = first + rng.integers(45, 200, children).astype("timedelta64[D]")
    risk = 1 / (1 + np.exp(-(-2.0 + 1.1 * violent + 1.1 * poor)))
    result = np.where(rng.random(children) < risk, "confirmed", "not_confirmed")
    result[rng.random(children) < 0.05] = "could_not_tell"
    tables = {
        "children": {
            "child_id": ids,
            "village_id": "V1",
            "household_id": homes,
            "birth_date": "2018-01-01",
        },
        "households": {
            "household_id": np.unique(homes.astype(str)),
            "income_support": np.where(poor[::2], "dibao", "none"),
            "recorded_at": "2025-01-01",
        },
        "visits": {
            "visit_id": np.concatenate(
                [np.char.add("A", ids.astype(str)), np.char.add("B", ids.astype(str))]
            ),
            "child_id": np.concatenate([ids, ids]),
            "visit_date": np.concatenate([first, judged]).astype(str),
            "child_seen": "yes",
            "household_dv": np.concatenate(
                [np.where(violent, "disclosed", "none"), [""] * children]
            ),
        },
        "outcomes": {
            "child_id": ids,
            "outcome_date": (judged + np.timedelta64(3, "D")).astype(str),
            "visit_id": np.char.add("B", ids.astype(str)),
            "result": result,
        },
    }
    if chance is not None:
        tables["outcomes"] |= {"selected_by": "random", "selection_probability": chance}
    frames = {name: pd.DataFrame(columns) for name, columns in tables.items()}
    return {
        name: frame.assign(data_origin=origin) if origin else frame
        for name, frame in frames.items()
    }


def write(tables: Mapping[str, pd.DataFrame], folder: Path) -> Path:
    """The tables as CSV files of a folder."""
    folder.mkdir(parents=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder

"""Invented counties of child-windows in which nothing is unfair, unless a test plants it."""

import numpy as np
import pandas as pd

ATTRIBUTES = ["sex", "disability", "remoteness", "ethnicity", "left_behind", "poverty"]
SEATS = 16  # a third of a worker's 48 children


def fair_county(
    seed: int,
    *,
    villages: int = 30,
    workers: int = 25,
    windows: int = 4,
    rate: float = 0.12,
    children: int = 48,
) -> pd.DataFrame:
    """JudgedWindows in which the score knows no attribute; every child-window is judged.

    `children` a worker; brothers and sisters come in pairs and share risk; a child's risk lasts
    over windows. The first `villages - workers` workers have two villages.
    """
    rng = np.random.default_rng(seed)
    double = villages - workers
    sizes = [children // 2 if v % workers < double else children for v in range(villages)]
    village = np.repeat(np.arange(villages), sizes)
    count = len(village)
    household = np.arange(count) // 2
    homes = household.max() + 1
    risk = rng.normal(0, 1, count) + rng.normal(0, 0.5, homes)[household]
    child = pd.DataFrame(
        {
            "child_id": [f"c{k:05}" for k in range(count)],
            "household_id": [f"h{k:05}" for k in household],
            "village_id": [f"v{k:03}" for k in village],
            "caseworker_id": [f"w{k:03}" for k in village % workers],
            "sex": rng.choice(["girl", "boy"], count),
            "disability": rng.choice(["yes", "no"], count, p=[0.08, 0.92]),
            "remoteness": np.where(village % 3 == 0, "remote", "near"),
            "ethnicity": rng.choice(["a", "b", "c"], count, p=[0.6, 0.3, 0.1]),
            "left_behind": rng.choice(["yes", "no"], count, p=[0.4, 0.6]),
            "poverty": rng.choice(["yes", "no"], homes, p=[0.3, 0.7])[household],
            "language": rng.choice(["zh", "en"], homes, p=[0.8, 0.2])[household],
        }
    )
    child["group"] = child["caseworker_id"]
    chance = 1 / (1 + np.exp(-(np.log(rate / (1 - rate)) - 0.4 + risk)))
    parts = [
        child.assign(
            window=window,
            event=pd.Series((rng.random(count) < chance).tolist(), dtype=object),
            order=risk + rng.normal(0, 1, count),
            probability=chance,
            note_length=np.ceil(rng.gamma(3, 40, count)),
            selection_probability=1.0,
        )
        for window in range(windows)
    ]
    return pd.concat(parts, ignore_index=True)


def read_notes(windows: pd.DataFrame, seed: int, halved: np.ndarray | None = None) -> pd.DataFrame:
    """Mentions and open questions of each child-window; two passages a note, each of which holds a
    mention by chance, and one passage only where `halved`."""
    rng = np.random.default_rng(seed)
    codes = pd.factorize(windows["household_id"])[0]
    chance = 1 / (1 + np.exp(-(rng.normal(-0.4, 0.5, codes.max() + 1)[codes])))
    passages = rng.random((len(windows), 2)) < chance[:, None]
    if halved is not None:
        passages[halved, 1] = False
    return windows[["window", "child_id"]].assign(
        mentions=passages.sum(axis=1), open_questions=rng.binomial(2, 0.2, len(windows))
    )


def under_recorded(
    windows: pd.DataFrame, group: np.ndarray, seed: int, part: float = 0.5
) -> pd.DataFrame:
    """A part of the group's child-windows put to the end of the list, as if nothing was known."""
    rng = np.random.default_rng(seed)
    hidden = group & (rng.random(len(windows)) < part)
    return windows.assign(order=np.where(hidden, -9.0, windows["order"]))

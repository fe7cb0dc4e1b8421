"""An Evaluation of an invented county, made by the real measures, for reports to be made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from carescreen.evaluation import discrimination, net_benefit, reliability, use
from carescreen.evaluation.backtest import Backtest
from carescreen.evaluation.evaluated import Evaluation
from carescreen.evaluation.groups import audit_groups
from carescreen.evaluation.misses import misses
from carescreen.evaluation.notices import Notice
from carescreen.evaluation.rules_in_use import RulesInUse
from tests.unit.small_counties import fair_county, read_notes

METHODS = (
    *("carescreen", "rules_only", "score_only", "longest_unseen", "worker_concern"),
    *("previous_list", "random"),
)
ATTRIBUTES = ("sex", "disability", "remoteness", "ethnicity", "poverty")
FACTS: Mapping[str, object] = {
    "pack": "cn-rural",
    "pack_version": "1.0",
    "pack_digest": "8c1f0e" * 10,
    "model": "evidence",
    "model_digest": "5a02bd" * 10,
    "reference": None,
    "carescreen": "0.1.0",
    "every_days": 90,
    "horizon_days": 90,
    "data_origin": "synthetic",
    "tables": {"children": 1152, "visits": 4608, "outcomes": 3210},
    "start": "2025-01-01",
    "end": "2025-12-27",
    "refit": "no",
    "folds": None,
}


def judged_windows(seed: int = 1, *, windows: int = 4, judged: float = 0.7) -> pd.DataFrame:
    """JudgedWindows with every method's column; a part of the rows was judged."""
    rng = np.random.default_rng(seed)
    table = fair_county(seed, windows=windows)
    n, p = len(table), table["probability"].to_numpy()
    seen = rng.random(n) < judged
    truth = np.log(p / (1 - p))
    drawn = seen & (rng.random(n) < 0.3)
    tier = np.digitize(-truth + rng.normal(0, 1, n), [0.5, 1.5, 2.5])
    score = truth + rng.normal(0, 1.0, n)
    order = (3 - tier) * 100 + score
    return table.assign(
        as_of=pd.Timestamp("2025-01-01") + pd.to_timedelta(table["window"] * 90, unit="D"),
        event=table["event"].where(seen, None),
        at_random=drawn,
        selection_probability=np.where(drawn, 0.3, np.nan),
        tier=tier,
        score=score,
        order=order,
        carescreen=order,
        rules_only=-tier.astype(float),
        score_only=score,
        longest_unseen=rng.integers(0, 200, n).astype(float),
        worker_concern=(rng.random(n) < np.sqrt(p)).astype(float),
        previous_list=truth + rng.normal(0, 1.5, n),
        random=np.zeros(n),
        county_id="K1",
        attempted=seen | (rng.random(n) < 0.3),
    )


def rules() -> RulesInUse:
    """Rules in use: one that is small, one that never fires, one that fires for everyone."""
    nan = np.nan
    table = pd.DataFrame(
        {
            "rule": ["left_alone", "rare_rule", "never_rule", "every_rule"],
            "lane": "urgent",
            "tier": "urgent",
            "children": 1152,
            "open": [212, 5, 0, 1100],
            "unknown": [40, 12, 0, 0],
            "share": [0.184, 0.0043, 0.0, 0.955],
            "low": [0.163, 0.0019, 0.0, 0.941],
            "high": [0.207, 0.0101, 0.0033, 0.966],
            "verdict": ["", "", "never", "everyone"],
            "fired": [212.0, 5.0, 0.0, 1100.0],
            "judged": [140.0, 3.0, 0.0, 800.0],
            "confirmed": [44.0, 1.0, 0.0, 101.0],
            "confirmed_share": [0.314, nan, nan, 0.126],
            "confirmed_low": [0.243, nan, nan, 0.105],
            "confirmed_high": [0.395, nan, nan, 0.151],
            "closed": [19.0, 0.0, 0.0, 45.0],
            "misread": [9.0, 0.0, 0.0, 8.0],
            "lowered": [12.0, 0.0, 0.0, 40.0],
            "raised": [8.0, 0.0, 0.0, 0.0],
        }
    )
    return RulesInUse(table, pd.DataFrame(), pd.DataFrame(), {"judged": 0.0}, ())


@cache
def evaluation(seed: int = 1, *, windows: int = 4, judged: float = 0.7) -> Evaluation:
    """Everything measured, with few draws."""
    table = judged_windows(seed, windows=windows, judged=judged)
    rows = [
        {
            "as_of": str(day.date()),
            "until": str((day + pd.Timedelta(days=90)).date()),
            "children": len(part),
            "judged": int(part["event"].notna().sum()),
            "events": int(part["event"].eq(True).sum()),
        }
        for day, part in table.groupby("as_of")
    ]
    told = {"judged": int(table["event"].notna().sum()), "children": len(table)}
    backtest = Backtest(
        judged=table,
        windows=pd.DataFrame(rows),
        capacity=16,
        methods=METHODS,
        attributes=ATTRIBUTES,
        opened=(),
        facts=FACTS,
        notices=(Notice("judged_only", told), Notice("synthetic")),
    )
    return Evaluation(
        backtest,
        discrimination(table, METHODS, draws=100),
        use(table, METHODS, backtest.capacity, draws=100),
        reliability(table, draws=100),
        net_benefit(table, thresholds=[k / 50 for k in range(1, 26)], draws=100),
        audit_groups(
            table,
            capacity=backtest.capacity,
            attributes=list(ATTRIBUTES),
            reading=read_notes(table, seed),
        ),
        misses(table, capacity=backtest.capacity),
        rules(),
    )

"""Plan a week for a whole programme, beside pandas.read_csv of the same ranking.csv.

python benchmarks/plan.py [children] [caseworkers]      default 900,000 and 2,000

The ranking is invented: ids, tiers and scores drawn at random, in the columns that `rank` writes. Every
child has the same full record, some 3 KB in ranking.jsonl, which the pages are made of. The plan's folder
is written without pages, then with them.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.plan_files import write_plan
from carescreen.plan_ranking import read_ranking
from carescreen.plan_visits import Week
from carescreen.plan_week import plan_week
from carescreen.plan_workers import Workers
from carescreen.ranking import COLUMNS

AS_OF = np.datetime64("2026-11-01")
TIERS = ("immediate", "urgent", "priority", "routine")
SHARES = (0.004, 0.016, 0.08, 0.9)  # of the tiers


def write_ranking(folder: Path, children: int, workers: int) -> None:
    """A run's ranking.csv and run.json for children of two-child households."""
    rng = np.random.default_rng(11)
    tier = np.sort(rng.choice(4, children, p=SHARES))
    house = rng.integers(0, children // 2, children)
    village = house % workers
    frame = pd.DataFrame(dict.fromkeys(COLUMNS, ""), index=range(children))
    frame["rank"] = np.arange(1, children + 1)
    frame["child_id"] = [f"C{number:07}" for number in rng.permutation(children)]
    frame["household_id"] = [f"H{number:07}" for number in house]
    frame["village_id"] = [f"V{number:04}" for number in village]
    frame["caseworker_id"] = [f"W{number:04}" if number % 50 else "" for number in village]
    frame["tier"] = np.array(TIERS)[tier]
    frame["state"] = "new"
    frame["due_on"] = (AS_OF + rng.integers(-40, 30, children)).astype(str)
    frame["score"] = [f"{value:.6f}" for value in rng.normal(0, 1, children)]
    frame["reasons"] = "rule:cn_under8_unattended;score:+0.450 prior_concern;ask:cn_no_hukou"
    frame["waits"] = "False"
    frame.to_csv(folder / "ranking.csv", index=False, encoding="utf-8-sig")
    _write_records(frame, folder / "ranking.jsonl")
    run = {
        "format": "carescreen-run/1",
        "run_id": "0" * 12,
        "as_of": str(AS_OF),
        "synthetic": True,
        "quotes": False,
        "pack": {"digest": "d", "title": "Invented", "version": "1"},
        "model": {"name": "invented"},
        "settings": {"random_share": 0.05, "tier_hours": dict.fromkeys(TIERS, 24)},
    }
    (folder / "run.json").write_text(json.dumps(run))


def _write_records(frame: pd.DataFrame, path: Path) -> None:
    """A line a child: what its row says, and the same concerns, questions and score for all."""
    heads = frame[["rank", "child_id", "household_id", "village_id", "caseworker_id"]]
    rows = zip(*(heads[name] for name in heads), frame["tier"], frame["due_on"], strict=True)
    body = json.dumps(_body(), ensure_ascii=False)[1:]
    with path.open("w", encoding="utf-8") as file:
        for rank, child, house, village, worker, tier, due in rows:
            ids = {"rank": rank, "child_id": child, "household_id": house, "village_id": village}
            said = {"caseworker_id": worker, "tier": tier, "due_on": due}
            file.write(json.dumps({**ids, **said})[:-1] + ", " + body + "\n")


def _body() -> dict[str, Any]:
    title = {"zh": "监护人不在身边", "en": "No carer lives with the child"}
    law = {
        "law": "未成年人保护法",
        "title": {"en": "Law on minors"},
        "article": "22",
        "verified": True,
    }
    value = {
        "title": title,
        "value": "no",
        "date": "2026-10-20",
        "table": "visits",
        "visit_id": "N1",
    }
    named = {"rule": "cn_x", "code": "G02", "title": title, "sensitive": False, "tier": "urgent"}
    concern = {**named, "act": title, "source": [law], "evidence": [value, value]}
    question = {**named, "question": title, "why": ""}
    factor = {"feature": "x", "title": title, "points": 0.45, "value": "yes", "sensitive": False}
    seen = {"visit_id": "N000001", "date": "2026-10-06", "seen": "yes"}
    return {
        "state": "new",
        "score": 1.35,
        "intercept": 0.0,
        "age_years": 9,
        "synthetic": True,
        "last_seen_on": "2026-10-06",
        "days_since_seen": 26,
        "needs_data": False,
        "within_capacity": True,
        "just_below": False,
        "recent_visits": [seen] * 3,
        "concerns": [concern] * 2,
        "open_questions": [question] * 2,
        "contributions": [factor] * 3,
        "mentions": [],
        "closed_concerns": [],
        "redacted": True,
    }


def write_workers(path: Path, workers: int) -> None:
    """A table of caseworkers, one a village; a tenth are away and covered by the next."""
    number = np.arange(workers)
    away = number % 10 == 3
    pd.DataFrame(
        {
            "caseworker_id": [f"W{one:04}" for one in number],
            "visits_per_week": 20,
            "villages": [f"V{one:04};V{one + 1:04}" for one in number],
            "away_from": np.where(away, "2026-11-01", ""),
            "covered_by": [f"W{(one + 1) % workers:04}" if away[one] else "" for one in number],
            "supervisor_id": [f"S{one // 20:03}" for one in number],
        }
    ).to_csv(path, index=False)


def main() -> None:
    """Print seconds of the processor (the machine may be shared) for each step, and the ratio."""
    children = int(sys.argv[1]) if len(sys.argv) > 1 else 900_000
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_ranking(folder, children, workers)
        write_workers(folder / "workers.csv", workers)
        marks = [time.process_time()]
        pd.read_csv(folder / "ranking.csv", low_memory=False)
        marks.append(time.process_time())
        ranking, table = read_ranking(folder), Workers.read(folder / "workers.csv")
        marks.append(time.process_time())
        week = Week.of(date.fromisoformat(str(AS_OF)))
        plan = plan_week(ranking.heads, table, week, random_share=0.05, seed=ranking.seed)
        marks.append(time.process_time())
        write_plan(plan, ranking, folder / "plan")
        marks.append(time.process_time())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        write_plan(plan, ranking, folder / "pages", pages_in="en")
        marks.append(time.process_time())
        found = list((folder / "pages").rglob("*.html"))
        size = sum(page.stat().st_size for page in found) / 1e6
    reference, read, made, written, drawn = np.diff(marks)
    print(f"{children:,} children, {workers:,} caseworkers: {len(plan.planned):,} visits")
    print(f"read {read:.2f} s, plan {made:.2f} s, write {written:.2f} s")
    whole = read + made + written
    print(f"pandas.read_csv of ranking.csv {reference:.2f} s, ratio {whole / reference:.1f}")
    print(f"of planning alone {made / reference:.1f}")
    print(f"with pages write {drawn:.1f} s: {len(found):,} pages, {size:,.0f} MB")
    print(f"memory {before / 1024**2:.2f} GiB, with pages", end=" ")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB")


if __name__ == "__main__":
    main()

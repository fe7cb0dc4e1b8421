"""Real text as a caseload: it ranks, quotes exactly and loses nobody (the text is not shipped)."""

from pathlib import Path

import pandas as pd
import pytest

from carescreen import Caseload
from tests.shipped import shipped_screener

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"


def ranking_of(notes: pd.Series):
    ids = [f"R{number:04d}" for number in range(len(notes))]
    children = pd.DataFrame({"child_id": ids, "village_id": "V", "age_years": 6.0})
    children["recorded_at"] = "2026-10-01"
    visits = pd.DataFrame(
        {"visit_id": [f"N{i}" for i in ids], "child_id": ids, "visit_date": "2026-10-20"}
    )
    visits["note"] = notes.to_numpy(dtype=object)
    return shipped_screener().rank(Caseload(children=children, visits=visits), as_of="2026-11-01")


def check_quotes(ranking, notes: pd.Series) -> int:
    quotes = 0
    for record in ranking.records():
        text = notes.iloc[int(record["child_id"][1:])]
        for mention in record["mentions"]:
            start = mention["start"]
            assert text[start : start + len(mention["quote"])] == mention["quote"]
            quotes += 1
    return quotes


@pytest.mark.skipif(not REAL.is_dir(), reason="the real development data is not on this machine")
def test_state_summaries_of_child_deaths_are_read_as_grave() -> None:
    path = REAL / "pa_child_protection_narratives.parquet"
    notes = pd.read_parquet(path)["narrative"]
    ranking = ranking_of(notes)
    assert len(ranking) == len(notes)
    assert check_quotes(ranking, notes) > 0
    counts = ranking.tier_counts()
    assert counts["immediate"] + counts["urgent"] > len(notes) / 4


@pytest.mark.skipif(not REAL.is_dir(), reason="the real development data is not on this machine")
def test_messages_of_citizens_about_roads_and_noise_stay_routine() -> None:
    notes = pd.read_csv(REAL / "zh_citizen_messages.csv")["留言详情"]
    ranking = ranking_of(notes)
    assert len(ranking) == len(notes)
    check_quotes(ranking, notes)
    assert ranking.tier_counts()["routine"] > 0.9 * len(notes)

"""Phrases of a caseload's notes, from training over a person's review to a list."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import run
from judged_county import AS_OF, county, write

from carescreen.modelfile import read_model

SAID = "夜里没人管"
WORKERS = 30


def noted(children: int = 1_800) -> dict[str, pd.DataFrame]:
    """A county of which a phrase in the first visit's note raises the odds of a concern, for every
    worker alike; the rest of the notes says nothing."""
    tables = county(children, chance=0.5)
    rng = np.random.default_rng(5)
    worker = np.arange(children) // 2 % WORKERS
    told = rng.random(children) < 0.3
    filler = np.array(
        ["今天走访", "家里整洁", "地里收玉米", "visited today", "all is fine"], dtype=object
    )
    note = filler[rng.integers(0, len(filler), children)] + "，" + filler[worker % len(filler)]
    note = np.where(told, note + f"，{SAID}", note)
    tables["children"] = tables["children"].assign(
        caseworker_id=[f"W{number}" for number in worker],
        village_id=[f"V{number}" for number in worker],
    )
    visits, outcomes = tables["visits"], tables["outcomes"]
    visits["note"] = np.concatenate([note, np.full(children, "")])
    first = pd.to_datetime(visits["visit_date"][:children])
    visits.loc[children:, "visit_date"] = (first + pd.Timedelta(days=50)).astype(str).to_numpy()
    outcomes["outcome_date"] = (first + pd.Timedelta(days=52)).astype(str).to_numpy()
    risk = 1 / (1 + np.exp(2.2 - 2.0 * told))
    outcomes["result"] = np.where(rng.random(children) < risk, "confirmed", "not_confirmed")
    return tables


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(noted(), tmp_path_factory.mktemp("noted") / "county")


def train(place: Path, out: Path, *more: object) -> str:
    return run("model", "train", place, "--out", out, "--as-of", AS_OF, "--language", "en", *more)


def rows_of(review: Path) -> list[dict[str, str]]:
    with review.open(encoding="utf-8-sig", newline="") as file:
        return [{k.split(" ")[0]: v for k, v in row.items()} for row in csv.DictReader(file)]


def test_a_person_strikes_a_phrase_for_good_and_a_list_quotes_the_others(place, tmp_path) -> None:
    out, review = tmp_path / "mine", tmp_path / "phrases.csv"
    said = train(place, out, "--review", review)
    assert "strike what says nothing" in said
    found = {row["phrase"] for row in rows_of(review)}
    assert any(phrase in SAID for phrase in found), found
    assert not any("玉米" in phrase or "fine" in phrase for phrase in found)
    saved = read_model(out)
    assert saved.tables.phrases.weights.keys() == found
    assert saved.tables.phrases.cap == 500_000
    assert "Phrases, " in saved.card

    lists = tmp_path / "lists"
    run("rank", place, "--as-of", "2025-06-30", "--model", out, "--out", lists, "--quotes")
    records = [
        json.loads(line) for line in (lists / "ranking.jsonl").read_text("utf-8").splitlines()
    ]
    words = [part for one in records for part in one["contributions"] if part["feature"] == "note"]
    assert words
    assert all(0.0 < part["points"] <= 0.5 and part["value"] for part in words)
    for one in records:
        odds = np.log(one["probability"] / (1 - one["probability"]))
        assert odds == pytest.approx(one["score"] + saved.calibration.intercept, abs=1e-4)

    text = review.read_text("utf-8-sig").splitlines()
    review.write_text("\n".join([text[0], *(line + "是" for line in text[1:])]), "utf-8-sig")
    kept = review.read_bytes()
    assert f"{len(found)} phrases are struck" in train(place, out, "--review", review)
    assert review.read_bytes() == kept
    struck = read_model(out)
    assert not struck.tables.phrases.weights
    assert set(struck.manifest.struck_phrases) == found
    train(place, out, "--phrases")
    assert set(read_model(out).manifest.struck_phrases) == found
    assert not read_model(out).tables.phrases.weights


def test_without_being_asked_for_no_phrase_is_learned(place, tmp_path) -> None:
    train(place, tmp_path / "mine")
    saved = read_model(tmp_path / "mine")
    assert saved.tables.note_column is None
    assert not saved.tables.phrases.weights

"""Training on a caseload: what enters, what is claimed, the same bytes, and rows by their truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from judged_county import AS_OF, county

from carescreen.caseload import Caseload
from carescreen.cohort import REASONS
from carescreen.cohort_card import cohort_card
from carescreen.cohort_fit import Stage, Trained, train_model
from carescreen.errors import ModelError, NotCalibrated, UsageError
from carescreen.model import RiskModel
from carescreen.modelfile import SavedModel
from carescreen.notes import NoteReader
from carescreen.review.texts import LANGUAGES, text
from carescreen.rules import RulePack
from carescreen.screener import Screener

RULES = RulePack.load("cn-rural")
READER = NoteReader.load(RULES.pack)
OFF = (
    *("caregiver_mental_illness", "caregiver_criminal_or_jailed", "caregiver_poor_health"),
    *("low_income", "single_parent", "child_disability_chronic"),
)


def train(tables: Mapping[str, pd.DataFrame], as_of: str = AS_OF, **options: object) -> Trained:
    day = date.fromisoformat(as_of)
    return train_model(RULES, READER, Caseload(**tables), day, **options)  # type: ignore[arg-type]


def only(
    tables: Mapping[str, pd.DataFrame], confirmed: int, others: int
) -> dict[str, pd.DataFrame]:
    """The same county with so many outcomes of each kind."""
    outcomes = tables["outcomes"]
    kept = [
        outcomes[outcomes["result"] == result].head(count)
        for result, count in (("confirmed", confirmed), ("not_confirmed", others))
    ]
    return {**tables, "outcomes": pd.concat(kept)}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return county(600, chance=0.5)


@pytest.fixture(scope="module")
def trained(tables: dict[str, pd.DataFrame]) -> Trained:
    return train(tables)


def weights(saved: SavedModel, name: str) -> set[int]:
    table = next(table for table in saved.tables.features if table.name == name)
    return {*table.weights, table.missing}


def bytes_of(trained: Trained) -> dict[str, bytes]:
    return replace(trained.saved, card=cohort_card(trained, "x")).files()


def test_planted_risk_is_learned_and_a_probability_may_be_shown(trained: Trained) -> None:
    assert trained.stage == "probability"
    assert max(weights(trained.saved, "intimate_partner_violence")) > 500_000
    assert trained.check is not None
    assert trained.check.figures is not None
    assert trained.check.figures["auroc"].low > 0.5
    counts = trained.cohort.left_out
    assert len(trained.cohort) + sum(counts.values()) == trained.cohort.outcomes == 600


def test_circumstances_stay_at_zero_though_they_would_predict(trained: Trained) -> None:
    for name in OFF:
        assert weights(trained.saved, name) == {0}
    assert tuple(trained.saved.manifest.held) == trained.held
    assert trained.held == tuple(n for n in trained.saved.manifest.declared if n in OFF)
    assert [table.name for table in trained.saved.tables.features] == list(
        trained.saved.manifest.declared
    )


def test_turned_on_with_a_reason_one_may_weigh_and_the_reason_is_recorded(
    tables: dict[str, pd.DataFrame],
) -> None:
    found = train(tables, switched_on={"low_income": "agreed with the county on 1 June"})
    assert max(weights(found.saved, "low_income")) > 300_000
    assert found.saved.manifest.switched_on == {"low_income": "agreed with the county on 1 June"}
    assert "agreed with the county on 1 June" in cohort_card(found, "x")
    for name in set(OFF) - {"low_income"}:
        assert weights(found.saved, name) == {0}


@pytest.mark.parametrize(
    ("switched_on", "message"),
    [
        ({"low_incom": "why"}, "did you mean 'low_income'"),
        ({"mother_absent": "why"}, "is in the model anyway"),
        ({"low_income": " "}, "needs a reason"),
        ({"sex": "why"}, "names no feature 'sex'"),
    ],
)
def test_a_switch_that_turns_nothing_on_is_refused(
    tables: dict[str, pd.DataFrame], switched_on: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        train(tables, switched_on=switched_on)


def test_the_order_of_rows_changes_no_byte(
    tables: dict[str, pd.DataFrame], trained: Trained
) -> None:
    mixed = {name: frame.sample(frac=1, random_state=5) for name, frame in tables.items()}
    assert bytes_of(train(mixed)) == bytes_of(trained)


@pytest.mark.parametrize(
    ("confirmed", "others", "stage", "calibrated"),
    [
        (0, 40, "prior", False),
        (1, 40, "prior", False),
        (8, 100, "score", False),
        (60, 200, "slope", True),
    ],
)
def test_what_may_be_claimed_follows_the_number_of_events(
    tables: dict[str, pd.DataFrame], confirmed: int, others: int, stage: str, calibrated: bool
) -> None:
    found = train(only(tables, confirmed, others))
    assert (found.stage, found.cohort.events) == (stage, confirmed)
    assert not found.saved.gives_probability
    if stage == "prior":
        assert weights(found.saved, "prior_maltreatment") == {0, 900_000}
    if not calibrated:
        with pytest.raises(NotCalibrated):
            RiskModel.of(found.saved).predict_proba(found.cohort.X)
    assert (found.saved.calibration is not None) is calibrated


def test_enough_events_without_a_known_chance_give_a_score_only() -> None:
    found = train(county(700, seed=1))
    assert found.cohort.events >= 100
    assert found.cohort.known_events == 0
    assert found.stage == "unknown_selection"
    assert not found.saved.gives_probability


@pytest.mark.parametrize(
    ("confirmed", "others", "prior", "message"),
    [
        (30, 0, "evidence", "only one class"),
        (0, 30, "none", "without a prior"),
        (1, 30, "none", "without a prior"),
    ],
)
def test_too_little_to_learn_from_is_said(
    tables: dict[str, pd.DataFrame], confirmed: int, others: int, prior: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        train(only(tables, confirmed, others), prior=prior)


def test_without_a_prior_directions_come_from_the_declared_orders(
    tables: dict[str, pd.DataFrame],
) -> None:
    flipped = tables["outcomes"].replace(
        {"result": {"confirmed": "not_confirmed", "not_confirmed": "confirmed"}}
    )
    found = train({**tables, "outcomes": flipped}, prior="none")
    table = next(
        table for table in found.saved.tables.features if table.name == "intimate_partner_violence"
    )
    assert table.monotone == 1
    assert table.weights[0] == table.weights[-1] == 0  # it would take away, and may not
    assert table.title["zh"]


def test_a_model_of_invented_children_gives_no_chance_of_others() -> None:
    invented = county(700, seed=2, chance=0.5, origin="synthetic")
    found = train(invented)
    assert found.stage == "probability"
    assert found.saved.manifest.data_origin == "synthetic"
    screener = Screener(RULES, RiskModel.of(found.saved), READER)
    ranking = screener.rank(Caseload(**invented), AS_OF)
    assert ranking.to_frame()["probability"].notna().all()
    assert "learned from invented children" in " ".join(ranking.notices)
    real = {name: frame.drop(columns="data_origin") for name, frame in invented.items()}
    ranking = screener.rank(Caseload(**real), AS_OF)
    assert (
        ranking.to_frame()[["probability", "probability_low", "probability_high"]]
        .isna()
        .all(axis=None)
    )
    assert "not marked as invented" in " ".join(ranking.notices)
    some = invented["children"].assign(
        data_origin=np.where(np.arange(700) % 2, "synthetic", "field")
    )
    frame = screener.rank(Caseload(**{**invented, "children": some}), AS_OF).to_frame()
    invented_ids = set(some.loc[some["data_origin"] == "synthetic", "child_id"])
    assert (frame["probability"].notna() == frame["child_id"].isin(invented_ids)).all()


def test_one_invented_child_makes_the_model_one_of_invented_children(
    tables: dict[str, pd.DataFrame],
) -> None:
    children = tables["children"].assign(data_origin=["synthetic", *[None] * 599])
    assert train({**tables, "children": children}).saved.manifest.data_origin == "synthetic"


def test_a_model_whose_feature_reads_something_else_now_is_refused(trained: Trained) -> None:
    declared = {**trained.saved.manifest.declared, "mother_absent": "mother_status == 'deceased'"}
    manifest = trained.saved.manifest.model_copy(update={"declared": declared})
    model = RiskModel.of(replace(trained.saved, manifest=manifest))
    with pytest.raises(ModelError, match=r"'mother_absent' .* reads something else"):
        Screener(RULES, model, READER)


def test_enough_events_on_one_date_are_not_calibrated_and_give_no_probability(
    tables: dict[str, pd.DataFrame],
) -> None:
    """With one date nothing can be scored by an earlier model, however many events there are."""
    children, visits, outcomes = (tables[n].copy() for n in ("children", "visits", "outcomes"))
    visits.loc[visits["visit_id"].str.startswith("A"), "visit_date"] = "2025-02-01"
    visits.loc[visits["visit_id"].str.startswith("B"), "visit_date"] = "2025-06-15"
    outcomes["outcome_date"] = "2025-06-18"
    found = train({**tables, "children": children, "visits": visits, "outcomes": outcomes})
    assert found.cohort.known_events >= 100
    assert found.stage == "score"
    assert not found.saved.gives_probability


@pytest.mark.parametrize("stage", get_args(Stage))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stage_and_every_reason_has_its_words(stage: str, language: str) -> None:
    values = {"known": "1", "wanted": "100"}
    assert text(f"train_show_{stage}", language, **values)
    assert all(text(f"train_out_{reason}", language) for reason in REASONS)


def test_the_card_says_what_was_measured_and_leaves_blanks(trained: Trained) -> None:
    card = cohort_card(trained, "mine")
    assert f"{trained.cohort.events:,} confirmed a concern" in card
    assert "SYNTHETIC" not in card
    for heading in ("Purpose and users", "Outcome", "Predictors", "Performance", "Fairness"):
        assert f"## {heading}" in card
    assert card.count("To be filled in") >= 5
    assert "C0001" not in card

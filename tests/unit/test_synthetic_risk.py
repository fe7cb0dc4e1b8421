"""Risks of the synthetic county show: earlier visits foretell later outcomes, as far as they can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from carescreen.caseload import Caseload
from carescreen.evaluation.backtest import Backtest, backtest
from carescreen.synthetic import County, make_county
from carescreen.synthetic_dates import DRAWN_CHANCE
from carescreen.synthetic_truth import would_confirm
from tests.shipped import shipped_screener

AS_OF = np.datetime64("2026-11-01")


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(children=20_000, seed=5)


@pytest.fixture(scope="module")
def small() -> County:
    return make_county(children=2000, seed=3)


@pytest.fixture(scope="module")
def found(small: County) -> Backtest:
    tables = (small.children, small.visits, small.households, small.outcomes, small.decisions)
    return backtest(shipped_screener(), Caseload(*tables), "2025-08-08", "2026-11-01", capacity=20)


def test_a_ranking_finds_who_is_confirmed_later_and_no_better_than_one_could_hope(
    found: Backtest,
) -> None:
    auroc = found.metrics.set_index("method")["auroc"]
    assert 0.62 < auroc["carescreen"] < 0.78
    assert auroc["carescreen"] > auroc["score_only"] > 0.58
    assert auroc["carescreen"] > auroc["rules_only"] > 0.54
    assert 0.53 < auroc["worker_concern"] < auroc["carescreen"]
    # Families of concern are visited more, so that who was not seen for long is rather less at risk.
    assert 0.34 < auroc["longest_unseen"] < 0.55


def test_each_window_has_events_and_hardly_any_of_children_not_yet_on_record(
    small: County, found: Backtest
) -> None:
    assert (found.windows["events"] > 20).all()
    on_record = small.children.set_index("child_id")["recorded_at"]
    lost = judged = 0
    for as_of, until in found.windows[["as_of", "until"]].itertuples(index=False):
        day = small.outcomes["outcome_date"]
        inside = small.outcomes[(day > as_of) & (day <= until)]
        lost += int((inside["child_id"].map(on_record) > as_of).sum())
        judged += len(inside)
    assert 0 < lost < 0.03 * judged


def test_visits_are_spread_over_the_months_and_come_after_the_registration(county: County) -> None:
    visits, children = county.visits, county.children.set_index("child_id")
    month = visits["visit_date"].str[:7]
    counts = month.value_counts().sort_index().iloc[1:-1]  # the first and the last are not whole
    assert counts.max() < 1.45 * counts.min()
    assert counts.tail(6).mean() < 1.25 * counts.head(6).mean()  # a few families move in
    start = visits["child_id"].map(children["registered_on"])
    assert (visits["visit_date"] > start).all()
    assert (children["recorded_at"] <= children["registered_on"]).all()


def test_concerns_last_for_months_and_come_again_to_the_same_children(county: County) -> None:
    spells = county.truth_spells
    begin, end = (spells[name].astype("datetime64[s]") for name in ("begins_on", "lasts_until"))
    over = spells["lasts_until"] < str(AS_OF)
    days = (end - begin).dt.days[over]
    assert 90 < days.median() < 150
    assert (begin <= end).all()
    twice = spells.groupby("child_id").size() > 1
    assert 0.10 < twice.mean() < 0.40
    first_two = (
        spells.groupby("child_id")["concern_type"].agg(["nunique", "size"]).query("size == 2")
    )
    assert (first_two["nunique"] == 1).mean() > 0.5
    risk = county.truth.set_index("child_id")["true_risk"]
    assert risk[twice.index[twice]].mean() > 1.5 * risk[twice.index].mean() > 1.5 * risk.mean()


def test_signs_were_noted_before_many_a_concern_was_confirmed(county: County) -> None:
    judged = county.outcomes[county.outcomes["result"] == "confirmed"]
    visits = county.visits.set_index("visit_id")
    on = judged["visit_id"].map(visits["visit_date"])
    worried = county.visits[county.visits["worker_concern"] == "yes"]
    pairs = judged.assign(on=on).merge(worried[["child_id", "visit_date"]], on="child_id")
    before = pd.to_datetime(pairs["on"]) - pd.to_datetime(pairs["visit_date"])
    noted = pairs[(before.dt.days > 0) & (before.dt.days < 90)]["visit_id"].nunique()
    assert 0.4 < noted / len(judged) < 0.9


def test_households_are_drawn_with_the_chance_on_record_and_all_their_children_are_visited(
    county: County,
) -> None:
    outcomes = county.outcomes.assign(
        on=county.outcomes["visit_id"].map(county.visits.set_index("visit_id")["visit_date"]),
        home=county.outcomes["child_id"].map(county.children.set_index("child_id")["household_id"]),
    )
    assert set(outcomes["selected_by"]) == {"random", "rule", "worker"}
    drawn = outcomes[outcomes["selected_by"] == "random"]
    assert set(drawn["selection_probability"]) == {DRAWN_CHANCE}
    assert set(outcomes.loc[outcomes["selected_by"] != "random", "selection_probability"]) == {1.0}
    assert set(drawn["result"]) == {"confirmed", "not_confirmed", "could_not_tell", "not_seen"}
    inside = (drawn["on"] > str(AS_OF - 270)) & (drawn["on"] <= str(AS_OF - 180))
    of_round = drawn[inside]
    assert (of_round.groupby("home")["on"].nunique() == 1).all()  # one day for a household
    assert not of_round["child_id"].duplicated().any()
    assert len(of_round) / 20_000 == pytest.approx(DRAWN_CHANCE, rel=0.15)
    # The others of these households were visited for a reason in this round, or came later.
    chosen = outcomes[(outcomes["selected_by"] != "random")]
    chosen = chosen[(chosen["on"] > str(AS_OF - 270)) & (chosen["on"] <= str(AS_OF - 180))]
    day = of_round.drop_duplicates("home").set_index("home")["on"]
    others = county.children[county.children["household_id"].isin(day.index)]
    others = others[~others["child_id"].isin({*of_round["child_id"], *chosen["child_id"]})]
    assert (others["registered_on"] >= others["household_id"].map(day)).all()


def test_what_a_visit_would_have_confirmed_is_known_for_every_child(county: County) -> None:
    ids, as_of = county.children["child_id"], "2026-02-04"
    truth = would_confirm(county.truth_spells, ids, as_of)
    assert truth["child_id"].tolist() == ids.tolist()
    days = {one: set() for one in ids}
    start = np.datetime64(as_of)
    for spell in county.truth_spells.itertuples():
        first, last = np.datetime64(spell.begins_on), np.datetime64(spell.lasts_until)
        days[spell.child_id] |= {k for k in range(1, 91) if first <= start + k <= last}
    share = np.array([len(days[one]) for one in ids]) / 90
    assert (truth["ever"] == (share > 0)).all()
    expected = (share * 0.88 + (1 - share) * 0.008) / 0.96
    np.testing.assert_allclose(truth["chance"], expected, atol=1e-12)


def test_drawn_visits_estimate_how_many_of_all_concerns_a_list_would_have_had(
    county: County,
) -> None:
    """Four windows pooled; the list is of the tenth with the highest true risk."""
    risk = county.truth.set_index("child_id")["true_risk"]
    listed = set(risk.index[risk >= risk.quantile(0.9)])
    on_record = county.children.set_index("child_id")["recorded_at"]
    visited = county.visits.set_index("visit_id")["visit_date"]
    outcomes = county.outcomes.assign(on=county.outcomes["visit_id"].map(visited))
    told = outcomes[outcomes["result"].isin(["confirmed", "not_confirmed"])]
    sums = np.zeros((2, 2))  # rows: estimated, true; columns: listed, all
    for start in (str(AS_OF - 90 * k) for k in (5, 4, 3, 2)):
        end = str(np.datetime64(start) + 90)
        ids = county.children.loc[county.children["recorded_at"] <= start, "child_id"]
        truth = would_confirm(
            county.truth_spells, ids, start, outcomes=county.outcomes, visits=county.visits
        ).set_index("child_id")["chance"]
        inside = told[(told["on"] > start) & (told["on"] <= end)]
        inside = inside[inside["child_id"].map(on_record) <= start]
        first = inside.sort_values(["on", "child_id"]).drop_duplicates("child_id")
        weight = (first["result"] == "confirmed") / first["selection_probability"]
        for column, of in enumerate((listed, set(ids))):
            sums[0, column] += weight[first["child_id"].isin(of)].sum()
            sums[1, column] += truth[truth.index.isin(of)].sum()
    recall = sums[:, 0] / sums[:, 1]
    assert recall[0] == pytest.approx(recall[1], abs=0.06)
    # Families with a concern are harder to find: what was not seen is more than its share.
    assert 0.75 < sums[0, 1] / sums[1, 1] < 1.05

"""What the list misses: against worked numbers and plain formulas, and what is said where it is not
known. Coverage on many programmes: tests/validity/test_misses_coverage.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from programmes import Programme, programme
from scipy import stats

from carescreen.errors import UsageError
from carescreen.evaluation.misses import Misses, misses
from carescreen.evaluation.misses_interval import Total, of_all, of_draw, recall_of, visits_needed
from carescreen.evaluation.misses_weights import Visits, side_weights

SEATS = 10


def table(
    listed: int = 30,
    drawn: int = 25,
    visits: int = 500,
    below: int = 2_000,
    seats: int = 100,
    failed: int = 0,
    chance: float | None = None,
    county: str = "k1",
    window: int = 0,
) -> pd.DataFrame:
    """One window of lists of ten seats: `seats` seats in all, of which `listed` found an event, and
    `below` children of whom `visits` were drawn, with `drawn` events and `failed` not judged."""
    n, on = seats + below, np.arange(seats + below) < seats
    lists = seats // SEATS
    place = np.where(on, np.arange(n) % lists, (np.arange(n) - seats) % lists)
    random = ~on & (np.arange(n) < seats + visits)
    event = np.full(n, None, dtype=object)
    event[on | random] = False
    event[:listed] = True
    event[seats : seats + drawn] = True
    event[seats + visits - failed : seats + visits] = None
    probability = np.where(on, 1.0, visits / below if chance is None else chance)
    return pd.DataFrame(
        {
            "window": window,
            "child_id": np.char.mod(f"{county}c%05d", np.arange(n)).astype(object),
            "household_id": np.char.mod(f"{county}h%05d", np.arange(n)).astype(object),
            "group": np.char.mod(f"{county}w%03d", place).astype(object),
            "county_id": county,
            "event": event,
            "attempted": on | random,
            "at_random": random,
            "selection_probability": np.where(on | random, probability, np.nan),
            "order": np.where(on, 2.0, np.where(random, 1.0, 0.0)),
        }
    )


def found(windows: pd.DataFrame) -> Misses:
    return misses(windows, capacity=SEATS)


def test_an_event_below_the_line_stands_for_as_many_children_as_one_over_its_chance() -> None:
    whole = found(table()).all  # 25 events at a chance of 1 in 4: 100 missed beside 30 found
    assert whole.verdict == "estimated"
    assert whole.recall == pytest.approx(30 / 130)
    assert (whole.events_listed, whole.events_below, whole.random_visits) == (30, 25, 500)
    assert whole.visits_per_event_listed == pytest.approx(100 / 30)
    assert whole.visits_per_event_below == pytest.approx(20)


def test_limits_are_those_of_fay_and_feuer_for_the_events_nobody_saw() -> None:
    whole = found(table()).all
    weight, events, visits = 4.0, 25, 500
    unseen = (weight - 1.0) * events
    rate = events / visits  # Hajek's residuals, households of one child
    squares = events * (1.0 - rate) ** 2 + (visits - events) * rate**2
    variance = (1.0 - 1.0 / weight) * weight**2 * squares
    lump = weight - 1.0
    low = stats.gamma.ppf(0.025, unseen**2 / variance, scale=variance / unseen)
    mean, spread = unseen + lump, variance + lump**2
    high = stats.gamma.ppf(0.975, mean**2 / spread, scale=spread / mean)
    assert whole.high == pytest.approx(30 / (30 + events + low), abs=1e-6)
    assert whole.low == pytest.approx(30 / (30 + events + high), abs=1e-6)


def test_where_every_child_was_visited_recall_is_counted_with_limits_of_clopper_and_pearson() -> (
    None
):
    windows = table(listed=30, drawn=20, visits=400, below=400).assign(
        at_random=False, selection_probability=np.nan
    )
    result = found(windows)
    exact = stats.binomtest(30, 50).proportion_ci(method="exact")
    assert result.all.verdict == "counted"
    assert result.all.recall == pytest.approx(0.6)
    assert (result.all.low, result.all.high) == pytest.approx((exact.low, exact.high), abs=2e-4)
    assert np.isnan(result.all.more_visits)
    assert "drawn at random" in " ".join(result.sentences("en"))
    assert "随机排定" in "".join(result.sentences("zh"))
    unseen = windows["event"].where(np.arange(len(windows)) % 5 > 0, None)
    assert "100 of these 500 visits" in " ".join(found(windows.assign(event=unseen)).sentences())


def test_counted_places_among_estimated_ones_get_a_row_of_their_own() -> None:
    seen = table(listed=30, drawn=20, visits=400, below=400, county="k2")
    result = found(pd.concat([table(), seen.assign(at_random=False)]))
    frame = result.to_frame()
    assert frame["part"].tolist() == ["all", "seen", "county", "county"]
    assert frame["verdict"].tolist() == ["estimated", "counted", "estimated", "counted"]
    assert frame["recall"].tolist() == pytest.approx([60 / 180, 0.6, 30 / 130, 0.6])
    assert ("seen", 500.0) in {(notice.kind, notice.number) for notice in result.notices}


def test_variance_over_draws_of_households_is_that_of_many_draws() -> None:
    rng = np.random.default_rng(5)
    homes, drawn = 400, 60
    household = np.repeat(np.arange(homes), rng.integers(1, 5, homes))
    event = (rng.random(len(household)) < (rng.random(homes) < 0.15)[household] * 0.8).astype(float)
    values, variances = [], []
    for _ in range(1_500):
        own = np.isin(household, rng.choice(homes, drawn, replace=False))
        weight = np.full(int(own.sum()), len(household) / own.sum())
        total = of_draw(weight, np.ones(len(weight)), event[own], household[own])
        values.append(total.value)
        variances.append(total.variance)
    assert np.mean(values) == pytest.approx(event.sum(), rel=0.02)
    assert np.mean(variances) == pytest.approx(np.var(values), rel=0.12)


def test_limits_hold_the_truth_in_a_programme_with_brothers_and_sisters_alike() -> None:
    like = Programme(lists=40, share=0.3, base=-3.2)
    hits = []
    for seed in range(25):
        windows, truth = programme(like, seed)
        whole = misses(windows, capacity=like.seats).all
        hits.append(whole.low <= truth <= whole.high)
    assert np.mean(hits) >= 0.88


def test_a_failed_visit_is_missing_and_not_an_all_clear() -> None:
    windows = table(visits=500, drawn=25, failed=250)
    whole = found(windows).all
    assert whole.failed == 250
    assert whole.recall == pytest.approx(30 / (30 + 25 * 2_000 / 250))
    as_clear = windows.assign(
        event=windows["event"].where(windows["event"].notna() | ~windows["attempted"], False)
    )
    assert found(as_clear).all.recall > whole.recall
    assert "could not judge" in " ".join(found(windows).sentences("en"))


def test_listed_children_whom_nobody_tried_to_see_are_like_the_listed_ones_who_were_seen() -> None:
    windows = table(listed=30)
    unseen = windows.index[90:100]  # ten seats without an event, and ten with one: as many each
    windows.loc[[*unseen[:7], 0, 1, 2], ["event", "attempted"]] = [None, False]
    windows.loc[windows["event"].isna(), "selection_probability"] = np.nan
    assert found(windows).all.recall == pytest.approx(30 / 130)


def test_drawn_households_stand_for_the_rest_of_the_list_whatever_chance_drew() -> None:
    sure, homes, below, chance = 60, 30, 900, 0.1  # 30 households of three on the list, by chance
    n = sure + 3 * homes + below
    household = np.r_[np.arange(sure), sure + np.arange(n - sure) // 3]
    listed = np.arange(n) < sure + 3 * homes
    event = (np.arange(n) < sure // 2) | ((np.arange(n) >= sure) & (np.arange(n) % 10 == 0))
    estimates = []
    for seed in range(400):
        home_drawn = np.random.default_rng(seed).random(household[-1] + 1) < chance
        drawn = home_drawn[household] & (np.arange(n) >= sure)
        if not (drawn & listed).any():
            continue
        visits = _visits(sure, chance, drawn, listed, event, household)
        weight = side_weights(visits, is_listed=True)
        assert weight[:sure] == pytest.approx(np.ones(sure))
        estimates.append(weight @ (event & listed))
    assert np.mean(estimates) == pytest.approx((event & listed).sum(), rel=0.03)


def _visits(
    sure: int,
    chance: float,
    drawn: np.ndarray,
    listed: np.ndarray,
    event: np.ndarray,
    household: np.ndarray,
) -> Visits:
    n = len(drawn)
    certain = np.arange(n) < sure
    same = np.zeros(n, dtype=np.intp)
    return Visits(
        chance=np.where(certain, 1.0, np.where(drawn, chance, np.nan)),
        told=certain | drawn,
        at_random=drawn,
        event=event & (certain | drawn),
        listed=listed.astype(float),
        score=np.zeros(n),
        household=household,
        place=same,
        cell=same,
    )


def test_about_seven_hundred_visits_give_ten_points_up_or_down() -> None:
    assert 650 <= visits_needed(0.5, 0.034) <= 750
    whole = found(table(listed=400, drawn=24, visits=706, below=11_765, seats=4_000)).all
    assert whole.recall == pytest.approx(0.5, abs=0.001)
    assert 0.095 <= (whole.high - whole.low) / 2 <= 0.115
    assert visits_needed(0.95, 0.034) == 589  # 20 events are wanted however sure recall is


@pytest.mark.parametrize(
    "given", [{"recall": 1.0}, {"prevalence_below": 0.0}, {"half_width": 0.0}, {"design": 0.5}]
)
def test_visits_needed_refuses_what_has_no_answer(given: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        visits_needed(**({"recall": 0.5, "prevalence_below": 0.03} | given))


def test_under_twenty_events_it_says_not_enough_and_how_many_more_visits() -> None:
    result = found(table(drawn=8, visits=250))
    whole = result.all
    assert whole.verdict == "not enough evidence"
    assert np.isnan([whole.recall, whole.low, whole.high, whole.overstated]).all()
    assert whole.more_visits == visits_needed(0.5, 8.5 / 251) - 250
    said = " ".join(result.sentences("en"))
    assert "not enough evidence" in said
    assert f"About {whole.more_visits:,.0f} more random visits" in said
    assert "证据不足" in "".join(result.sentences("zh"))


def all_listed(county: str) -> pd.DataFrame:
    """A county where each child has a seat, some of them by chance."""
    windows = table(drawn=0, visits=0, below=0, county=county, chance=1.0)
    by_chance = np.arange(len(windows)) >= 60
    return windows.assign(at_random=by_chance, selection_probability=np.where(by_chance, 0.5, 1.0))


def test_where_nobody_is_below_the_line_it_says_so_and_gives_no_figure() -> None:
    result = found(pd.concat([table(), all_listed("k2")]))
    frame = result.to_frame().set_index("of")
    assert frame.loc["k2", "verdict"] == "nobody below the line"
    assert frame.loc["k2", ["recall", "low", "high", "more_visits"]].isna().all()
    assert frame.loc["k1", "verdict"] == "estimated"
    assert "County k2: every child had a seat, so nobody was below the line" in " ".join(
        result.sentences("en")
    )
    assert "k2：每个孩子都在名单上，名单以外没有人" in "".join(result.sentences("zh"))
    counted = found(all_listed("k1").assign(selection_probability=1.0))
    assert counted.all.verdict == "nobody below the line"
    assert np.isnan(counted.all.recall)


def test_where_no_random_visit_below_the_line_judged_it_names_no_number_of_visits() -> None:
    result = found(table(drawn=0, visits=40, failed=40))
    assert result.all.verdict == "no random visit judged"
    assert np.isnan([result.all.recall, result.all.more_visits]).all()
    assert (result.all.random_visits, result.all.failed) == (40, 40)
    said = result.sentences("en")
    assert "No random visit below the line has judged a child so far" in said[0]
    assert "more random visits would do" not in " ".join(said)
    assert "没有一次得出判断" in result.sentences("zh")[0]


def test_visits_not_drawn_at_random_overstate_and_it_says_by_how_much() -> None:
    windows = table(listed=100, seats=200, drawn=25)
    own = windows.index[-8:]  # eight events below the line that a worker came upon by herself
    windows.loc[own, "event"], windows.loc[own, "attempted"] = True, True
    result = found(windows)
    whole = result.all
    assert whole.listed_only_recall == pytest.approx(100 / 108)
    assert whole.overstated == pytest.approx(100 / 108 - 0.5)
    assert (
        "Visits not drawn at random say 93 of 100, all children 50: 43 points too many"
        in " ".join(result.sentences("en"))
    )
    assert "高估了 43 个百分点" in "".join(result.sentences("zh"))
    assert {notice.kind for notice in result.notices} == {"no_chance"}


def test_chances_of_one_weeks_list_give_the_same_recall_and_are_said() -> None:
    as_drawn, of_a_week = found(table()), found(table(chance=0.25 / 13))
    assert of_a_week.all.recall == pytest.approx(as_drawn.all.recall)
    assert [notice.kind for notice in of_a_week.notices] == ["stands_for_more"]
    assert of_a_week.notices[0].number == pytest.approx(13, rel=0.01)


def test_many_children_who_could_not_be_drawn_are_said() -> None:
    result = found(table(chance=0.9))
    assert [notice.kind for notice in result.notices] == ["stands_for_fewer"]
    assert result.all.recall == pytest.approx(found(table()).all.recall)
    assert "many could not be drawn" in result.sentences("en")[-1]
    assert "不可能被抽中" in result.sentences("zh")[-1]


def test_windows_and_counties_without_a_random_visit_are_left_out_and_said() -> None:
    bare = table(county="k2").query("~at_random")
    result = found(pd.concat([table(), bare]))
    assert result.all.recall == pytest.approx(30 / 130)
    assert result.all.children == 2_100
    assert ("unmeasured", 1_600.0) in {(n.kind, n.number) for n in result.notices}


def test_counties_pool_by_the_children_they_have_not_by_the_visits_they_made() -> None:
    many = table(drawn=25, visits=1_000, county="k1")  # 50 missed, 30 found
    few = table(drawn=25, visits=250, county="k2")  # 200 missed, 30 found
    frame = found(pd.concat([many, few])).to_frame()
    assert frame["recall"].tolist() == pytest.approx([60 / 310, 30 / 80, 30 / 230])


def test_the_same_rows_in_another_order_give_the_same_bytes() -> None:
    windows = programme(Programme(lists=20, failed=0.1), 3)[0]
    other = windows.sample(frac=1.0, random_state=1).reset_index(drop=True)
    one, two = (misses(t, capacity=20).to_frame().to_csv() for t in (windows, other))
    assert one == two


def test_what_leaves_the_office_shows_no_count_of_one_to_seven() -> None:
    small = table(drawn=5, visits=200, county="k2")
    result = found(pd.concat([table(county="k1"), small, table(county="k3", below=2_100)]))
    frame = result.leaving_office().set_index("of")
    assert frame.loc["k2", "events_below":"failed"].isna().all()
    assert frame.loc["k1", "events_below":"failed"].isna().all(), "k2 would follow from the sum"
    assert frame.loc["k3", "events_below"] == 25
    assert frame.loc["k2", "verdict"] == "not enough evidence"
    assert found(table(failed=3)).leaving_office()["failed"].isna().all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"at_random": False}, "no visit was drawn at random"),
        ({"selection_probability": np.nan}, "no random visit has a selection_probability"),
        ({"selection_probability": 0.0}, "above 0 and at most at 1"),
        ({"selection_probability": 1.5}, "above 0 and at most at 1"),
        ({"event": None}, "no child has a judged outcome"),
        ({"event": False}, "no judged child was confirmed"),
        ({"event": True}, "every judged child was confirmed"),
    ],
)
def test_what_cannot_be_estimated_is_said_plainly(change: dict[str, object], says: str) -> None:
    windows = table()
    judged = windows["event"].notna()
    for name, value in change.items():
        windows.loc[judged, name] = value
    with pytest.raises(UsageError, match=says):
        found(windows)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="attempted"):
        found(table().drop(columns="attempted"))


def test_an_order_that_says_nothing_finds_the_share_of_seats() -> None:
    windows = table().assign(order=0.0)
    assert found(windows).all.recall == pytest.approx(100 / 2_100)


def test_seats_can_differ_by_list() -> None:
    windows = table()
    names = sorted(set(windows["group"]))
    seats = {name: SEATS if number < 5 else 1 for number, name in enumerate(names)}
    fewer = misses(windows, capacity=seats).all
    assert fewer.events_listed < 30
    assert fewer.recall < found(windows).all.recall
    with pytest.raises(UsageError, match="no capacity is given"):
        misses(windows, capacity={names[0]: SEATS})


def test_recall_of_nothing_is_not_a_number() -> None:
    none = of_draw(np.ones(3), np.ones(3), np.zeros(3), np.arange(3))
    assert np.isnan(recall_of(none, none).value)


@pytest.mark.parametrize("of", [of_draw, of_all])
def test_no_judged_child_is_no_event(of: Callable[..., Total]) -> None:
    total = of(np.ones(0), np.ones(0), np.zeros(0), np.zeros(0, dtype=np.intp))
    assert (total.value, total.variance) == (0.0, 0.0)

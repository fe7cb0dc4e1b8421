"""Order, seats and ties: against scikit-learn, against loops, and what a table of them says."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from carescreen.errors import UsageError
from carescreen.evaluation import discrimination, use
from carescreen.evaluation.cluster_draws import Statistic, draw
from carescreen.evaluation.metrics import auroc, average_precision, inclusion, tie_bounds
from carescreen.evaluation.ranks import rank_statistic, seat_statistic


def windows(
    seed: int = 0, children: int = 600, count: int = 2, counties: int = 3, base: float = -2.0
) -> pd.DataFrame:
    """Children of households of about two in windows, three in four judged; `good` tells a little,
    `rough` is the same in whole numbers, `none` says nothing."""
    rng = np.random.default_rng(seed)
    household = rng.integers(0, children // 2, children)
    parts = []
    for window in range(count):
        score = rng.normal(size=children)
        event = rng.random(children) < 1 / (1 + np.exp(-base - score))
        judged = rng.random(children) < 0.75
        parts.append(
            pd.DataFrame(
                {
                    "window": window,
                    "child_id": [f"c{k:05d}" for k in range(children)],
                    "household_id": [f"h{k:05d}" for k in household],
                    "county_id": [f"k{k % counties}" for k in household],
                    "caseworker_id": [f"w{k % 20:02d}" for k in household],
                    "group": [f"w{k % 20:02d}" for k in household],
                    "sex": rng.choice(np.array(["f", "m", None], dtype=object), children),
                    "event": np.where(judged, event.astype(object), None),
                    "weight": rng.choice([1.0, 4.0], children),
                    "good": score,
                    "rough": np.round(score),
                    "none": 0.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def one(frame: pd.DataFrame, **where: object) -> pd.Series:
    """The one row whose columns say so."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


scored = st.lists(
    st.tuples(
        st.integers(0, 4), st.booleans(), st.sampled_from([0.5, 1.0, 3.0]), st.integers(0, 2)
    ),
    min_size=2,
    max_size=25,
)


def columns(rows: list[tuple[int, bool, float, int]]) -> tuple[np.ndarray, ...]:
    score, event, weight, stratum = (np.array(column) for column in zip(*rows, strict=True))
    return score.astype(float), event, weight, stratum.astype(np.intp)


@given(scored)
def test_auroc_and_average_precision_are_those_of_scikit_learn(
    rows: list[tuple[int, bool, float, int]],
) -> None:
    score, event, weight, _ = columns(rows)
    ours = rank_statistic(score, event, weight).point()
    np.testing.assert_allclose(
        ours, [auroc(score, event, weight), average_precision(score, event, weight)]
    )
    if event.any():
        assert ours[1] == pytest.approx(average_precision_score(event, score, sample_weight=weight))
    if event.any() and not event.all():
        assert ours[0] == pytest.approx(roc_auc_score(event, score, sample_weight=weight))
    else:
        assert np.isnan(ours[0])


@given(scored)
def test_inside_strata_only_pairs_of_one_stratum_count(
    rows: list[tuple[int, bool, float, int]],
) -> None:
    score, event, weight, stratum = columns(rows)
    right = pairs = precise = 0.0
    for i, j in itertools.product(range(len(rows)), repeat=2):
        if stratum[i] == stratum[j] and event[i] and not event[j]:
            pairs += weight[i] * weight[j]
            right += weight[i] * weight[j] * (np.sign(score[i] - score[j]) + 1.0) / 2.0
    for i in np.flatnonzero(event):
        down_to = (stratum == stratum[i]) & (score >= score[i])
        precise += weight[i] * weight[down_to & event].sum() / weight[down_to].sum()
    ours = rank_statistic(score, event, weight, stratum).point()
    assert ours[0] == pytest.approx(right / pairs) if pairs else np.isnan(ours[0])
    assert ours[1] == pytest.approx(precise / weight[event].sum()) if event.any() else True


@given(scored, st.integers(1, 6))
def test_recall_and_precision_at_capacity_are_those_of_all_orders_of_ties(
    rows: list[tuple[int, bool, float, int]], seats: int
) -> None:
    rows = rows[:6]
    score, event, weight, group = columns(rows)
    judged = weight > 0.5
    weight = np.where(judged, weight, 0.0)
    event = event & judged
    recalls, chosen = [], []
    for order in itertools.permutations(range(len(rows))):
        seated = np.zeros(len(rows))
        for name in set(group):
            own = sorted(
                (k for k in range(len(rows)) if group[k] == name),
                key=lambda k: -score[k] * 10 + order[k] / 10,
            )
            seated[own[:seats]] = 1.0
        chosen.append(seated)
        recalls.append((weight * seated * event).sum())
    group = np.unique(group, return_inverse=True)[1]
    np.testing.assert_allclose(inclusion(score, group, seats), np.mean(chosen, axis=0))
    best, worst = tie_bounds(score, group, seats, np.where(event, weight, -weight))
    assert (weight * best * event).sum() == pytest.approx(max(recalls))
    assert (weight * worst * event).sum() == pytest.approx(min(recalls))
    wrong = [(weight * seated * ~event).sum() for seated in chosen]
    assert (weight * best * ~event).sum() == pytest.approx(min(wrong))
    assert (weight * worst * ~event).sum() == pytest.approx(max(wrong))


def test_groups_can_have_seats_of_their_own_and_a_missing_score_comes_last() -> None:
    score = np.array([3.0, np.nan, 1.0, 5.0, 5.0])
    group = np.array([0, 0, 0, 1, 1])
    seats = np.array([2, 1])
    np.testing.assert_array_equal(inclusion(score, group, seats), [1.0, 0.0, 1.0, 0.5, 0.5])


def test_draws_are_those_of_a_table_with_copied_rows() -> None:
    table = windows(children=80, count=1)
    event = table["event"].eq(True).to_numpy()
    score, cluster = table["rough"].to_numpy(), pd.factorize(table["household_id"], sort=True)[0]
    ones, chosen = np.ones(len(table)), (table["good"] > 0.5).to_numpy(dtype=float)
    count = Statistic((np.eye(cluster.max() + 1)[cluster].T,), lambda sums: sums)
    order, seated = rank_statistic(score, event, ones), seat_statistic(chosen, event, ones)
    times, ranks, seats = draw([count, order, seated], cluster, draws=30, seed=1)
    sizes = np.bincount(cluster)
    for k in range(30):
        rows = np.repeat(
            np.arange(len(table)), np.rint(times[cluster, k] / sizes[cluster]).astype(int)
        )
        assert ranks[0, k] == pytest.approx(auroc(score[rows], event[rows]))
        assert ranks[1, k] == pytest.approx(average_precision(score[rows], event[rows]))
        found = (chosen * event)[rows].sum()
        np.testing.assert_allclose(
            seats[:, k], [found / event[rows].sum(), found / chosen[rows].sum()]
        )


def test_an_order_that_says_nothing_has_half_the_pairs_and_the_share_of_events() -> None:
    table = windows()
    figures = discrimination(table, ["none"], by=(), draws=50).figures
    row = one(figures, measure="auroc")
    assert row["value"] == row["low"] == row["high"] == 0.5
    judged = table["event"].notna()
    share = [
        w["event"].eq(True).sum() / w["event"].notna().sum() for _, w in table.groupby("window")
    ]
    value = one(figures, measure="average_precision")["value"]
    assert min(share) <= value <= max(share)
    assert one(figures, measure="auroc")["judged"] == judged.sum()


def test_a_difference_between_methods_is_paired() -> None:
    table = windows(children=1500)
    table["shifted"] = table["good"] * 2.0 + 1.0
    found = discrimination(table, ["good", "shifted", "rough"], by=(), draws=200)
    same = one(found.differences, against="shifted", measure="auroc")
    assert same["value"] == same["low"] == same["high"] == 0.0
    rough = one(found.differences, against="rough", measure="auroc")
    own = one(found.figures, method="good", measure="auroc")
    assert rough["value"] == pytest.approx(
        own["value"] - one(found.figures, method="rough", measure="auroc")["value"]
    )
    assert rough["high"] - rough["low"] < (own["high"] - own["low"]) / 2


def test_the_callers_order_of_rows_changes_no_byte() -> None:
    table = windows()
    mixed = table.sample(frac=1.0, random_state=3)
    for frame in (table, mixed):
        frame["other"] = frame["rough"] * 0.1
    for call in (
        lambda t: discrimination(
            t, ["good", "rough"], by=("window", "sex"), weight="weight", draws=60
        ),
        lambda t: use(t, ["good", "rough"], 5, by=("window", "sex"), weight="weight", draws=60),
    ):
        a, b = call(table), call(mixed)
        assert a.figures.to_csv() == b.figures.to_csv()
        assert a.differences.to_csv() == b.differences.to_csv()


def test_weights_count_as_copies_of_a_row_in_the_figure() -> None:
    table = windows(count=1)
    copies = table.loc[table.index.repeat(table["weight"].astype(int))].reset_index(drop=True)
    copies["child_id"] += "-" + copies.groupby("child_id").cumcount().astype(str)
    weighed = discrimination(table, ["rough"], by=(), weight="weight", draws=20).figures
    counted = discrimination(copies, ["rough"], by=(), draws=20).figures
    np.testing.assert_allclose(weighed["value"], counted["value"])


def test_every_window_and_value_has_figures_and_what_is_not_recorded_its_own() -> None:
    figures = use(windows(), ["good"], 5, by=("window", "sex"), draws=20).figures
    recall = figures[figures["measure"] == "recall"]
    assert list(recall["of"]) == [None, 0, 1, "f", "m", None]
    assert list(recall["part"]) == ["all", "window", "window", "sex", "sex", "sex"]
    assert (
        recall["events"].iloc[0]
        == recall["events"].iloc[1:3].sum()
        == recall["events"].iloc[3:].sum()
    )


def test_pooled_recall_is_over_the_lists_of_all_windows() -> None:
    table = windows()
    figures = use(table, ["rough"], 4, draws=20).figures
    table["seat"] = 0.0
    for _, own in table.groupby(["window", "group"]):
        line = own["rough"].sort_values(ascending=False).iloc[3]
        ties = own["rough"] == line
        table.loc[own.index[own["rough"] > line], "seat"] = 1.0
        table.loc[own.index[ties], "seat"] = (4 - (own["rough"] > line).sum()) / ties.sum()
    event, judged = table["event"].eq(True), table["event"].notna()
    row = one(figures, part="all", measure="recall")
    assert row["value"] == pytest.approx(table["seat"][event].mean())
    assert row["worst"] < row["value"] < row["best"]
    precision = one(figures, part="all", measure="precision")
    assert precision["value"] == pytest.approx(
        table["seat"][event].sum() / table["seat"][judged].sum()
    )
    last = one(figures, part="window", of=1, measure="recall")
    assert last["value"] == pytest.approx(table["seat"][event & (table["window"] == 1)].mean())


def test_within_caseworkers_what_differs_between_them_does_not_count() -> None:
    table = windows()
    table["caseworker_alone"] = table["caseworker_id"].str[1:].astype(float)
    figures = discrimination(table, ["caseworker_alone"], by=(), draws=20).figures
    assert one(figures, measure="auroc_within_caseworker")["value"] == 0.5


@pytest.mark.parametrize("events", [0, 19, 20])
def test_under_twenty_events_there_is_no_figure(events: int) -> None:
    table = windows(count=1)
    judged = np.flatnonzero(table["event"].notna())
    table.loc[judged, "event"] = False
    table.loc[judged[:events], "event"] = True
    order = discrimination(table, ["good"], by=(), draws=20)
    seats = use(table, ["good", "none"], 5, by=(), draws=20)
    row = one(order.figures, measure="auroc")
    assert row["enough"] == (events == 20) == np.isfinite(row["value"]) == np.isfinite(row["low"])
    assert row["events"] == events
    recall = one(seats.figures, method="good", measure="recall")
    assert recall["enough"] == (events == 20) == np.isfinite(recall["best"])
    assert np.isfinite(one(seats.differences, measure="recall")["value"]) == (events == 20)


def test_many_events_of_which_few_carry_the_weight_are_not_enough() -> None:
    table = windows()
    table["weight"] = 0.001
    first = table.index[table["event"].eq(True)][:5]
    table.loc[first, "weight"] = 50.0
    row = one(discrimination(table, ["good"], by=(), weight="weight").figures, measure="auroc")
    assert row["events"] > 100
    assert not row["enough"]


def test_recall_of_all_events_still_has_a_lower_end() -> None:
    table = windows(count=1)
    table["event"] = table["event"].where(table["event"].isna(), table["good"] > 1.2)
    row = one(use(table, ["good"], 20, by=(), draws=50).figures, measure="recall")
    assert row["value"] == row["high"] == 1.0
    events = row["events"]
    assert row["low"] == pytest.approx(0.025 ** (1 / events))


def test_counties_give_an_interval_where_two_have_enough_events() -> None:
    table = windows(children=900)
    wide = one(discrimination(table, ["good"], by=(), draws=200).figures, measure="auroc")
    assert wide["counties"] == 3
    assert wide["county_low"] < wide["value"] < wide["county_high"] <= 1.0
    table["county_id"] = "k0"
    alone = one(discrimination(table, ["good"], by=(), draws=200).figures, measure="auroc")
    assert alone["counties"] == 0
    assert np.isnan(alone["county_low"])
    assert (alone["low"], alone["high"]) == (wide["low"], wide["high"])


def test_what_cannot_be_used_is_said() -> None:
    table = windows(count=1)
    with pytest.raises(UsageError, match="lacks wanted"):
        discrimination(table, ["wanted"])
    with pytest.raises(UsageError, match="a child twice in one window"):
        discrimination(pd.concat([table, table.head(1)]), ["good"])
    with pytest.raises(UsageError, match="0 or larger"):
        discrimination(table.assign(weight=-1.0), ["good"], weight="weight")
    with pytest.raises(UsageError, match="at least one seat"):
        use(table, ["good"], 0)
    with pytest.raises(UsageError, match=r"no capacity is given for 19 of the groups"):
        use(table, ["good"], {"w00": 3})

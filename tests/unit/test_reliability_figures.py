"""Calibration and net benefit: against scikit-learn, a published example and plain formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from carescreen.errors import NotCalibrated, UsageError
from carescreen.evaluation import net_benefit, reliability
from carescreen.evaluation.bins import equal_bins
from carescreen.evaluation.cluster_draws import Statistic, draw
from carescreen.evaluation.logistic import fit, logit
from carescreen.evaluation.smooth import smooth, spline


def predicted(seed: int = 0, children: int = 1200, slope: float = 1.0) -> pd.DataFrame:
    """Children in pairs, of whom `probability` tells the truth where slope is 1."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.5, 1.2, children)
    return pd.DataFrame(
        {
            "window": 0,
            "child_id": [f"c{k:05d}" for k in range(children)],
            "household_id": [f"h{k // 2:05d}" for k in range(children)],
            "event": (rng.random(children) < 1 / (1 + np.exp(-truth))).astype(object),
            "weight": rng.choice([1.0, 2.0, 5.0], children),
            "sex": rng.choice(["f", "m"], children),
            "probability": 1 / (1 + np.exp(-truth / slope)),
        }
    )


def value(frame: pd.DataFrame, measure: str, column: str = "value") -> float:
    """A cell of the one row of a measure."""
    rows = frame[frame["measure"] == measure]
    assert len(rows) == 1
    return float(rows.iloc[0][column])


def arrays(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        table["probability"].to_numpy(),
        table["event"].to_numpy(dtype=bool),
        table["weight"].to_numpy(),
    )


@pytest.mark.parametrize("weight", [None, "weight"])
def test_figures_are_those_of_scikit_learn(weight: str | None) -> None:
    table = predicted(slope=1.7)
    p, y, w = arrays(table)
    w = w if weight else np.ones(len(p))
    found = reliability(table, by=(), weight=weight, draws=20).figures
    assert value(found, "observed_over_expected") == pytest.approx((w * y).sum() / (w * p).sum())
    assert value(found, "brier") == pytest.approx(brier_score_loss(y, p, sample_weight=w))
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(p)[:, None], y, sample_weight=w)
    assert value(found, "slope") == pytest.approx(model.coef_[0, 0], abs=1e-5)
    shift = value(found, "intercept")
    expected = 1 / (1 + np.exp(-logit(p) - shift))
    assert (w * expected).sum() == pytest.approx((w * y).sum())  # what defines the intercept


def test_bins_are_those_of_the_calibration_curve_by_quantiles() -> None:
    table = predicted()
    p, y, _ = arrays(table)
    bins = reliability(table, by=(), draws=20).bins
    observed, mean = calibration_curve(y, p, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(bins["value"], observed, atol=1.1 / 120)  # a row at an edge
    np.testing.assert_allclose(bins["predicted"], mean, atol=0.01)
    assert (bins["children"] == 120).all()
    assert bins["children_with_event"].sum() == y.sum()
    assert (bins["low"] <= bins["value"]).all()
    assert (bins["value"] <= bins["high"]).all()


def test_equal_predictions_stay_in_one_bin() -> None:
    p = np.repeat([0.1, 0.3], [700, 300])
    bins = equal_bins(p, np.zeros(1000, dtype=bool), np.ones(1000))
    np.testing.assert_array_equal(bins.count(), [700, 300])


def test_the_debiased_error_is_that_of_kumar_where_a_bin_has_one_prediction() -> None:
    rng = np.random.default_rng(1)
    p = np.repeat([0.1, 0.3, 0.7], 100)
    y = rng.random(300) < p + 0.1
    bins = equal_bins(p, y, np.ones(300))
    plain = 0.0
    for chance in np.unique(p):
        own = y[p == chance]
        noise = own.mean() * (1.0 - own.mean()) / (len(own) - 1.0)
        plain += len(own) / 300 * ((own.mean() - chance) ** 2 - noise)
    assert bins.squared_error(np.arange(300)) == pytest.approx(plain)


def test_the_debiased_error_is_zero_on_average_where_predictions_are_true_also_in_households() -> (
    None
):
    rng = np.random.default_rng(2)
    household = np.arange(400) // 2
    errors, plain = [], []
    for _ in range(400):
        p = rng.choice([0.1, 0.2, 0.4], 200)[household]
        y = rng.random(200)[household] < p  # both children or neither
        bins = equal_bins(p, y, np.ones(400))
        errors.append(bins.squared_error(household))
        plain.append(bins.statistic().point()[0])
    assert abs(np.mean(errors)) < 4 * np.std(errors) / 20
    assert np.mean(plain) > 10 * np.std(plain) / 20


def test_the_smooth_is_an_unpenalised_logistic_regression_on_harrells_basis() -> None:
    table = predicted(slope=1.7)
    p, y, w = arrays(table)
    found = smooth(p, y, w)
    x = logit(p)
    t = np.quantile(x, [0.05, 0.35, 0.65, 0.95])

    def cubed(v: np.ndarray) -> np.ndarray:
        return np.where(v > 0, v, 0.0) ** 3

    basis = [x]
    for j in (0, 1):
        term = cubed(x - t[j])
        term = term - cubed(x - t[2]) * (t[3] - t[j]) / (t[3] - t[2])
        term = term + cubed(x - t[3]) * (t[2] - t[j]) / (t[3] - t[2])
        basis.append(term / (t[3] - t[0]) ** 2)
    design = np.column_stack(basis)
    np.testing.assert_allclose(spline(x, t)[:, 1:], design, atol=1e-10)
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=2000, solver="newton-cholesky")
    observed = model.fit(design, y, sample_weight=w).predict_proba(design)[:, 1]
    assert found.ici() == pytest.approx(np.average(np.abs(observed - p), weights=w), abs=1e-6)
    # the statistic takes neighbours together, which hardly moves the figure
    assert found.statistic().point()[0] == pytest.approx(found.ici(), abs=1e-4)


def test_one_step_is_close_to_fitting_each_draw_anew() -> None:
    table = predicted(children=600)
    p, y, w = arrays(table)
    design = np.column_stack([np.ones(len(p)), logit(p)])
    zero, household = np.zeros(len(p)), np.arange(len(p)) // 2
    own = fit(design, zero, y, w)
    size = household.max() + 1
    count = Statistic((np.eye(size)[household].T / 2,), lambda sums: sums)
    times, slopes = draw([count, Statistic((own.totals,), own.redrawn)], household, 100, 1)
    fits = [fit(design, zero, y, w * times[household, k]) for k in range(100)]
    anew = np.array([found.coefficients[1] for found in fits])
    spread = np.std(anew)
    assert np.abs(slopes[1] - anew).mean() < spread / 8
    assert np.std(slopes[1]) == pytest.approx(spread, rel=0.1)


def test_separated_labels_have_no_slope_and_no_curve() -> None:
    table = predicted()
    table["event"] = table["probability"] > 0.5
    found = reliability(table, by=(), draws=20)
    for measure in ("slope", "ici"):
        row = found.figures[found.figures["measure"] == measure].iloc[0]
        assert not row["enough"]
        assert np.isnan(row["value"])
    assert len(found.curve) == 0
    assert np.isfinite(value(found.figures, "observed_over_expected"))


def test_certain_predictions_and_one_single_prediction_can_be_measured() -> None:
    table = predicted()
    table.loc[:9, "probability"] = 0.0
    table.loc[10:19, "probability"] = 1.0
    assert np.isfinite(value(reliability(table, by=(), draws=20).figures, "ici"))
    table["probability"] = table["event"].astype(float).mean()
    found = reliability(table, by=(), draws=20)
    assert value(found.figures, "observed_over_expected") == pytest.approx(1.0)
    assert np.isnan(value(found.figures, "slope"))
    assert value(found.figures, "ece") == 0.0


def test_under_45_events_there_is_no_slope_and_under_20_nothing() -> None:
    table = predicted()
    for events, some, slope in ((19, False, False), (44, True, False), (45, True, True)):
        table["event"] = False
        table.loc[table.index[:events], "event"] = True
        figures = reliability(table, by=(), draws=20).figures
        assert np.isfinite(value(figures, "observed_over_expected")) == some
        assert np.isfinite(value(figures, "ece")) == some
        assert np.isfinite(value(figures, "slope")) == slope
        assert np.isfinite(value(figures, "ici")) == slope


def test_a_score_is_not_a_probability() -> None:
    table = predicted().assign(probability=np.nan)
    for measure in (reliability, net_benefit):
        with pytest.raises(NotCalibrated, match="calibrated"):
            measure(table)
    with pytest.raises(UsageError, match="lies between 0 and 1"):
        reliability(predicted().assign(probability=1.2))


def test_rows_without_a_probability_are_left_out_and_the_callers_order_changes_no_byte() -> None:
    table = predicted()
    table["flat"] = table["probability"] * 0.5 + 0.1
    table.loc[:99, "flat"] = np.nan
    columns = ["probability", "flat"]
    mixed = table.sample(frac=1.0, random_state=1)
    found = reliability(table, columns, by=("sex",), weight="weight", draws=50)
    again = reliability(mixed, columns, by=("sex",), weight="weight", draws=50)
    assert set(found.figures.loc[found.figures["part"] == "all", "judged"]) == {1100}
    for name in ("figures", "differences", "bins", "curve"):
        assert getattr(found, name).to_csv() == getattr(again, name).to_csv()
    assert set(found.differences["measure"]) == {
        "observed_over_expected",
        "brier",
        "intercept",
        "slope",
    }


def family_history() -> pd.DataFrame:
    """The tutorial of decisioncurveanalysis.org: 750 patients, 105 with cancer, and a family history
    in 24 of them and 91 of the others."""
    event = np.arange(750) < 105
    history = np.where(event, np.arange(750) < 24, np.arange(750) < 105 + 91)
    ids = [f"p{k:03d}" for k in range(750)]
    return pd.DataFrame(
        {
            "window": 0,
            "child_id": ids,
            "household_id": ids,
            "event": event.astype(object),
            "probability": history.astype(float),
        }
    )


def test_net_benefit_is_that_of_the_published_tutorial() -> None:
    at = [0.05, 0.1, 0.15, 0.2, 0.3]
    figures = net_benefit(family_history(), thresholds=at, draws=20).figures
    own = figures[figures["measure"] == "net_benefit"]
    published = [0.0256140351, 0.0185185185, 0.0105882353, 0.0016666667, -0.02]
    np.testing.assert_allclose(own["value"], published, atol=1e-9)
    everyone = [0.0947368421, 0.0444444444, -0.0117647059, -0.075, -0.2285714286]
    np.testing.assert_allclose(own["visit_all"], everyone, atol=1e-9)
    np.testing.assert_allclose(own["visited"], 115 / 750)
    over = figures[figures["measure"] == "over_default"]
    np.testing.assert_allclose(
        over["value"], own["value"].to_numpy() - np.maximum(everyone, 0), atol=1e-9
    )


@pytest.mark.parametrize("weight", [None, "weight"])
def test_net_benefit_is_that_of_a_plain_count(weight: str | None) -> None:
    table = predicted(children=400)
    table["probability"] = table["probability"].round(1)
    p, y, w = arrays(table)
    w = w if weight else np.ones(len(p))
    figures = net_benefit(table, thresholds=[0.1, 0.2, 0.5], weight=weight, draws=20).figures
    own = figures[figures["measure"] == "net_benefit"]
    for t, found in zip(own["threshold"], own["value"], strict=True):
        vain = w[(p >= t) & ~y].sum() / w.sum()
        assert found == pytest.approx(w[(p >= t) & y].sum() / w.sum() - vain * t / (1 - t))


@pytest.mark.parametrize("thresholds", [[0.0], [1.0], []])
def test_a_threshold_is_a_probability(thresholds: list[float]) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        net_benefit(predicted(), thresholds=thresholds)

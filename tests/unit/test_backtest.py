"""The backtest's table by hand, its bad input, the models it fits anew, and the leak test."""

from __future__ import annotations

from string import Formatter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from carescreen import Caseload, Screener, backtest
from carescreen.checked import CheckedCaseload
from carescreen.cohort_fit import train_model
from carescreen.cohort_refit import Refit
from carescreen.errors import CarescreenError
from carescreen.evaluation.backtest import Backtest
from carescreen.evaluation.leaks import find_leaks
from carescreen.evaluation.notices import TEXTS
from carescreen.model import RiskModel
from tests.judged_county import county

DAY = "2026-01-01"


def small(**outcomes: Any) -> Caseload:
    """Five children seen in December and judged after the 1st of January."""
    ids = ["A", "B", "C", "D", "E"]
    return Caseload(
        children=pd.DataFrame(
            {
                "child_id": ids,
                "village_id": ["V1", "V1", "V1", "V2", "V2"],
                "household_id": ["H1", "H1", None, "H2", "H3"],
                "birth_date": "2018-01-01",
                "sex": ["female", "male", None, "female", "male"],
                "disability_level": ["none", "level_2", "level_4", None, "none"],
            }
        ),
        visits=pd.DataFrame(
            {
                "visit_id": [f"N{k}" for k in range(6)],
                "child_id": ["A", "B", "C", "D", "E", "A"],
                "visit_date": [*(f"2025-12-0{day}" for day in range(1, 6)), "2025-11-01"],
                "child_seen": "yes",
                "worker_concern": ["no", "yes", None, "no", None, "yes"],
                "note": ["孩子又挨打了", None, "fine, at school", None, " ", "以前也被打过"],
            }
        ),
        outcomes=pd.DataFrame(
            {
                "child_id": ["A", "B", "B", "C", "D", "A"],
                "outcome_date": [
                    *("2026-01-10", "2026-01-05", "2026-02-01"),
                    *("2026-02-02", "2026-01-20", "2025-11-05"),
                ],
                "result": [
                    *("confirmed", "not_seen", "not_confirmed"),
                    *("could_not_tell", "not_seen", "confirmed"),
                ],
                "selected_by": ["rule", "random", "rule", "random", "random", "rule"],
                "selection_probability": [1.0, 0.05, 1.0, 0.04, 0.03, 1.0],
                **outcomes,
            }
        ),
    )


def found(screener: Screener, **options: Any) -> Backtest:
    """The one window of the small caseload."""
    return backtest(screener, small(), DAY, "2026-04-01", **options)


def rows(screener: Screener, **options: Any) -> pd.DataFrame:
    """Its judged windows by child."""
    return found(screener, **options).judged.set_index("child_id").sort_index()


def test_the_first_visit_that_saw_the_child_counts_and_a_failed_one_was_tried(
    screener: Screener,
) -> None:
    table = rows(screener)
    assert table["event"].tolist() == [True, False, None, None, None]
    assert table["attempted"].tolist() == [True, True, True, True, False]
    assert table["at_random"].tolist() == [False, False, True, True, False]
    chance = table["selection_probability"].tolist()
    assert chance[:4] == [1.0, 1.0, 0.04, 0.03]
    assert np.isnan(chance[4])


def test_the_columns_say_what_was_known_at_the_date(screener: Screener) -> None:
    table = rows(screener)
    assert table["worker_concern"].tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert table["note_length"].fillna(-1).tolist() == [12.0, -1.0, 15.0, -1.0, -1.0]
    assert table["language"].tolist() == ["zh", None, "en", None, None]
    assert table.loc["A", "mentions"] > 0
    assert table["sex"].tolist() == ["female", "male", None, "female", "male"]
    assert table["disability"].tolist() == ["no", "yes", "yes", None, "no"]
    assert table["household_id"].tolist() == ["H1", "H1", "child:C", "H2", "H3"]
    assert table["group"].tolist()[:2] == ["village:V1", "village:V1"]
    assert table["longest_unseen"].tolist() == [31.0, 30.0, 29.0, 28.0, 27.0]


def test_the_previous_list_is_the_one_given_or_the_order_of_a_window_ago(
    screener: Screener,
) -> None:
    lists = pd.DataFrame(
        {
            "as_of": ["2025-12-20", "2025-12-20", "2025-11-01", "2026-01-01"],
            "child_id": ["C", "A", "B", "D"],
            "rank": [1, 2, 1, 1],
        }
    )
    table = rows(screener, lists=lists)
    assert table["previous_list"].fillna(0.0).tolist() == [-2.0, 0.0, -1.0, 0.0, 0.0]
    own = found(screener)
    assert any(notice.name == "previous_is_own" for notice in own.notices)
    # Children whose entry has no date were on record 90 days before.
    assert own.judged["previous_list"].notna().all()


def test_a_reference_stands_beside_the_model_unless_it_is_the_same(screener: Screener) -> None:
    other = RiskModel.load("synthetic")
    assert "frozen" in found(screener, reference=other).methods
    same = found(screener, reference=RiskModel.load("evidence"))
    assert "frozen" not in same.methods
    assert "same_reference" in [notice.name for notice in same.notices]


def test_groups_come_from_a_table_by_child_household_or_village(screener: Screener) -> None:
    groups = pd.DataFrame({"village_id": ["V1", "V2"], "remoteness": ["far", 3]})
    table = rows(screener, groups=groups)
    assert table["remoteness"].tolist() == ["far", "far", "far", "3", "3"]
    chinese = rows(screener, groups=groups.rename(columns={"remoteness": "偏远"}))
    assert chinese["remoteness"].tolist() == table["remoteness"].tolist()
    both = found(screener, groups=groups, attributes=["sex"])
    assert both.attributes == ("sex", "remoteness")


BAD = {
    "overlap": ({"every_days": 30}, "windows would overlap"),
    "no outcome in the horizon": ({"start": "2026-02-10", "end": "2026-12-31"}, "choose dates"),
    "horizon past the data": (
        {"start": "2026-01-01", "end": "2026-01-31"},
        "no whole window of 90 days fits between",
    ),
    "no date": ({"start": "soon"}, "start wants a date such as"),
    "a group nobody knows": ({"attributes": ["sexx"]}, "did you mean 'sex'"),
    "a group of numbers": ({"attributes": ["age_years"]}, "values are words"),
    "a word nobody knows": (
        {"attributes": ["disability=disability_level!nil"]},
        "has no value 'nil'; it has none, level_4",
    ),
    "a table without a key": (
        {"groups": pd.DataFrame({"child": ["A"], "remoteness": ["far"]})},
        "wanted one of child_id, household_id, village_id",
    ),
    "a table without a group": ({"groups": pd.DataFrame({"child_id": ["A"]})}, "at least one"),
    "a table with a child twice": (
        {"groups": pd.DataFrame({"child_id": ["A", "A"], "remoteness": ["far", "near"]})},
        "child_id twice",
    ),
    "a table of another county": (
        {"groups": pd.DataFrame({"child_id": ["X"], "remoteness": ["far"]})},
        "same county",
    ),
    "a column that is there": (
        {"groups": pd.DataFrame({"child_id": ["A"], "score": ["far"]})},
        "has already",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_said_plainly(screener: Screener, name: str) -> None:
    options, words = BAD[name]
    dates = {"start": DAY, "end": "2026-04-01"}
    with pytest.raises(CarescreenError, match=words):
        backtest(screener, small(), **(dates | options))


def test_without_a_judged_outcome_there_is_no_backtest(screener: Screener) -> None:
    caseload = small(result="could_not_tell")
    with pytest.raises(CarescreenError, match="a backtest needs outcomes"):
        backtest(screener, caseload)


def test_one_class_and_few_events_are_said_in_both_languages(screener: Screener) -> None:
    result = backtest(screener, small(result="confirmed"), DAY, "2026-04-01")
    names = [notice.name for notice in result.notices]
    assert {"one_class", "too_few_events", "no_probability"} <= set(names)
    for notice in result.notices:
        assert notice.sentence("en") != notice.sentence("zh")
        assert "{" not in notice.sentence("en") + notice.sentence("zh")
    assert not result.is_enough
    assert result.metrics["auroc"].isna().all()


def test_notices_say_the_same_numbers_in_both_languages() -> None:
    for english, chinese in TEXTS.values():
        assert fields_of(english) == fields_of(chinese)


def fields_of(text: str) -> set[str | None]:
    """Names of the numbers in a text."""
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


@pytest.fixture(scope="module")
def judged() -> Caseload:
    """A county of one village whose outcomes follow violence at home."""
    return Caseload(**county(600, chance=0.5))


def test_a_refit_is_the_model_that_training_on_that_day_gives(
    screener: Screener, judged: Caseload
) -> None:
    day = np.datetime64("2026-01-01")
    known = judged.check(screener.rules.indicators).known_by(day)
    ((model, children),) = Refit().at(screener, known, day)
    trained = train_model(screener.rules, screener.reader, judged, day.astype(object))
    assert children is None
    assert model is not None
    assert model.saved_.tables == trained.saved.tables
    assert model.saved_.calibration == trained.saved.calibration


def in_villages(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The county with its households spread over six villages."""
    house = tables["children"]["household_id"].str[1:].astype(int)
    children = tables["children"].assign(village_id=[f"V{k % 6}" for k in house])
    return {**tables, "children": children}


def test_a_fold_s_model_saw_no_outcome_of_its_own_villages(screener: Screener) -> None:
    tables = in_villages(county(600, chance=0.5))
    day = np.datetime64("2026-01-01")

    def models(outcomes: pd.DataFrame) -> dict[frozenset[str], object]:
        caseload = Caseload(**{**tables, "outcomes": outcomes})
        known = caseload.check(screener.rules.indicators).known_by(day)
        at = Refit(folds="village").at(screener, known, day)
        return {frozenset(own.tolist()): model.saved_.tables for model, own in at}

    outcomes = tables["outcomes"]
    before = models(outcomes)
    assert len(before) == 5
    assert sum(map(len, before)) == 600
    fold = next(iter(before))
    turned = outcomes["result"].map({"confirmed": "not_confirmed", "not_confirmed": "confirmed"})
    own = outcomes["child_id"].isin(fold)
    after = models(outcomes.assign(result=turned.where(own, outcomes["result"])))
    assert after[fold] == before[fold]
    assert all(after[other] != before[other] for other in before if other != fold)


def test_folds_need_two_places(screener: Screener, judged: Caseload) -> None:
    with pytest.raises(CarescreenError, match="names 1 in village_id"):
        backtest(screener, judged, refit=Refit(folds="village"))
    with pytest.raises(CarescreenError, match="names 0 in county_id"):
        backtest(screener, judged, refit=Refit(folds="county"))


def test_a_refit_runs_through_the_windows(screener: Screener) -> None:
    caseload = Caseload(**in_villages(county(600, chance=0.5)))
    result = backtest(screener, caseload, refit=Refit(folds="village"), every_days=120)
    assert "frozen" in result.methods
    assert {"refitted", "folds"} <= {notice.name for notice in result.notices}
    assert not result.judged.duplicated(["window", "child_id"]).any()
    last = result.judged[result.judged["window"] == result.judged["window"].max()]
    assert (last["order"] != last["frozen"]).any()


def test_nothing_leaks(screener: Screener, judged: Caseload) -> None:
    assert find_leaks(screener, judged, "2025-09-01", attributes=["sex"], refit=Refit()) == ()


def test_a_refit_on_all_outcomes_is_found_to_leak(screener: Screener, judged: Caseload) -> None:
    class Ahead(Refit):
        def at(self, screener: Screener, known: CheckedCaseload, as_of: np.datetime64) -> Any:
            whole = known.rows and seen[-1]
            return super().at(screener, whole, np.datetime64("2026-12-31"))

    seen: list[CheckedCaseload] = []
    plain = Caseload.check

    def remember(self: Caseload, *args: Any) -> CheckedCaseload:
        seen.append(plain(self, *args))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Caseload, "check", remember)
        leaks = find_leaks(screener, judged, "2025-09-01", refit=Ahead())
    assert "score" in leaks


def test_a_caseload_that_does_not_ask_what_was_known_is_found_to_leak(
    screener: Screener, judged: Caseload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CheckedCaseload, "known_by", lambda self, as_of: self)
    leaks = find_leaks(screener, judged, "2025-09-01")
    assert {"order", "longest_unseen"} <= set(leaks)


def test_a_model_that_learned_from_the_windows_is_named(
    screener: Screener, judged: Caseload
) -> None:
    day = np.datetime64("2026-01-01").astype(object)
    trained = train_model(screener.rules, screener.reader, judged, day)
    own = Screener(screener.rules, RiskModel.of(trained.saved), screener.reader)
    names = [notice.name for notice in backtest(own, judged).notices]
    assert "in_sample" in names
    later = [notice.name for notice in backtest(own, judged, "2026-01-02", "2026-04-02").notices]
    assert "in_sample" not in later


def test_tables_without_entry_dates_and_children_on_one_list_are_said(screener: Screener) -> None:
    notices = {notice.name: notice for notice in found(screener).notices}
    assert notices["undated"].values["tables"] == "children, visits"
    groups = pd.DataFrame({"child_id": ["A", "B"], "remoteness": ["far", None]})
    said = [str(notice) for notice in found(screener, groups=groups).notices]
    assert "1 of 5 children are in the table of groups" in said

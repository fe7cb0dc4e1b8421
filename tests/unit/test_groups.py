"""Whom the list fails: verdicts of groups on counties where the truth is known."""

import numpy as np
import pandas as pd
import pytest

from carescreen.errors import UsageError
from carescreen.evaluation.group_words import overlap_sentence, sentence, spread_sentence
from carescreen.evaluation.groupings import thirds
from carescreen.evaluation.groups import GroupAudit, audit_groups
from carescreen.evaluation.verdicts import FAIR, NOT_ENOUGH, UNFAIR, Comparison
from tests.unit.small_counties import (
    ATTRIBUTES,
    SEATS,
    fair_county,
    read_notes,
    under_recorded,
)


def audit(windows: pd.DataFrame, **more: object) -> GroupAudit:
    return audit_groups(windows, capacity=SEATS, attributes=ATTRIBUTES, **more)  # type: ignore[arg-type]


def one(found: GroupAudit, measure: str, attribute: str, group: str | None = None) -> Comparison:
    (only,) = (
        c
        for c in found.comparisons
        if (c.measure, c.attribute) == (measure, attribute) and group in (None, c.group)
    )
    return only


@pytest.fixture(scope="module")
def fair() -> GroupAudit:
    windows = fair_county(1)
    return audit(windows, reading=read_notes(windows, 1))


def test_where_nothing_is_planted_nothing_is_called_unfair(fair: GroupAudit) -> None:
    assert not [c for c in fair.comparisons if c.verdict == UNFAIR]
    assert {c.verdict for c in fair.comparisons} == {FAIR, NOT_ENOUGH}
    assert not [p for spread in fair.places for p in spread.places if p.verdict == UNFAIR]


def test_a_false_unfair_anywhere_is_rare_where_unadjusted_intervals_cry_wolf() -> None:
    wrong = plain = 0
    for seed in range(10):  # tests/validity repeats this some hundred times
        found = audit(fair_county(100 + seed, windows=2))
        frame = found.to_frame()
        wrong += bool((frame["verdict"] == UNFAIR).any())
        plain += bool(((frame["p"] < 0.05) & (frame["difference"].abs() > 0.1)).any())
    assert wrong <= 1
    assert plain >= 8


def test_figures_are_plain_shares_of_the_table(fair: GroupAudit) -> None:
    windows = fair_county(1)
    listed = windows.groupby(["window", "group"])["order"].rank(ascending=False) <= SEATS
    event = windows["event"] == True  # noqa: E712  # object column
    found = one(fair, "missed_need", "remoteness", "remote")
    for value, group in ((found.value, "remote"), (found.value_others, "near")):
        assert value == pytest.approx(1 - listed[event & (windows["remoteness"] == group)].mean())
    found = one(fair, "observed_expected", "disability", "yes")
    rows = windows["disability"] == "yes"
    assert found.value == pytest.approx(event[rows].sum() / windows["probability"][rows].sum())
    assert found.events == event[rows].sum()
    assert found.children == windows["child_id"][rows].nunique()


def test_primaries_are_the_declared_ones_on_missed_need_and_the_table_says_so(
    fair: GroupAudit,
) -> None:
    frame = fair.to_frame()
    first = frame[frame["family"] == "primary"]
    assert set(first["measure"]) == {"missed_need"}
    assert sorted(first["attribute"]) == ["disability", "remoteness", "sex"]
    assert set(frame["family"]) == {"primary", "exploratory"}
    assert {"sex × disability", "note_length", "language"} <= set(frame["attribute"])


def test_an_under_recorded_group_is_found_on_missed_need() -> None:
    windows = fair_county(2)
    found = audit(under_recorded(windows, (windows["remoteness"] == "remote").to_numpy(), 2))
    remote = one(found, "missed_need", "remoteness")
    assert remote.verdict == UNFAIR
    assert remote.family == "primary"
    assert remote.difference > 0.10
    assert remote.adjusted_low > 0.0


def test_halved_notes_are_caught_on_mention_rates() -> None:
    windows = fair_county(3)
    halved = (windows["remoteness"] == "remote").to_numpy()
    found = audit(windows, reading=read_notes(windows, 3, halved))
    assert one(found, "mention_rate", "remoteness").verdict == UNFAIR
    assert one(found, "question_rate", "remoteness").verdict == FAIR


def test_under_twenty_events_an_arm_nothing_is_said_however_large_the_difference() -> None:
    windows = fair_county(4)
    few = (windows["event"] == True) & (windows["sex"] == "girl")  # noqa: E712
    gone = few & (few.cumsum() > 19)
    windows.loc[gone, "event"] = None
    windows.loc[few, "order"] = -9.0
    girls = one(audit(windows), "missed_need", "sex")
    assert (girls.verdict, girls.events) == (NOT_ENOUGH, 19)
    assert np.isnan([girls.value, girls.difference, girls.low, girls.p]).all()
    assert girls.more_events > 0
    assert "Too few to compare" in sentence(girls)


def test_the_same_rows_in_another_order_give_the_same_bytes() -> None:
    windows = fair_county(5, windows=2)
    mixed = windows.sample(frac=1.0, random_state=0)
    assert audit(windows).to_frame().to_csv() == audit(mixed).to_frame().to_csv()
    assert audit(windows).places == audit(mixed).places


def test_events_that_chance_found_below_the_line_weigh_their_inverse_probability() -> None:
    windows = fair_county(6)
    truth = one(audit(windows), "missed_need", "left_behind")
    rank = windows.groupby(["window", "group"])["order"].rank(ascending=False)
    drawn = np.random.default_rng(6).random(len(windows)) < 0.25
    windows["selection_probability"] = np.where(rank <= SEATS, 1.0, 0.25)
    windows.loc[(rank > SEATS) & ~drawn, "event"] = None
    weighted = one(audit(windows), "missed_need", "left_behind")
    bare = one(audit(windows.assign(selection_probability=1.0)), "missed_need", "left_behind")
    assert abs(weighted.value - truth.value) < 0.08 < truth.value - bare.value
    assert weighted.high - weighted.low > 1.3 * (truth.high - truth.low)


def test_where_nobody_below_the_line_was_visited_missed_need_is_not_told() -> None:
    windows = fair_county(7)
    rank = windows.groupby(["window", "group"])["order"].rank(ascending=False)
    windows.loc[rank > SEATS, "event"] = None
    sex = one(audit(windows), "missed_need", "sex")
    assert sex.verdict == NOT_ENOUGH
    assert "outside the list" in sex.reason


def test_villages_are_kept_together_only_from_forty_on_and_for_groups_that_cross_them() -> None:
    few = audit(fair_county(8, windows=2)).to_frame()
    assert set(few["cluster"]) == {"household"}
    many = audit(fair_county(8, villages=50, workers=50, rate=0.2))
    assert one(many, "missed_need", "sex").cluster == "village"
    assert one(many, "missed_need", "remoteness").cluster == "household"


def test_a_value_that_is_not_recorded_is_a_group_of_its_own_and_of_no_other() -> None:
    windows = fair_county(9)
    windows.loc[windows["window"] >= 0, "disability"] = windows["disability"].where(
        windows.index % 5 != 0, None
    )
    found = audit(windows)
    yes = one(found, "selection_rate", "disability", "yes")
    unknown = one(found, "selection_rate", "disability", "not recorded")
    assert yes.rows + yes.rows_others == unknown.rows_others == windows["disability"].count()
    assert unknown.rows == windows["disability"].isna().sum()
    assert one(found, "missed_need", "disability", "not recorded").family == "exploratory"


def test_thirds_of_note_length_are_within_window_and_language_and_no_notes_apart() -> None:
    windows = pd.DataFrame(
        {
            "window": [1] * 7 + [2],
            "language": ["zh"] * 3 + ["en"] * 3 + ["zh", "zh"],
            "note_length": [10, 20, 30, 100, 200, 300, np.nan, 5],
        }
    )
    assert thirds(windows).tolist() == [0, 1, 2, 0, 1, 2, -1, 2]


def test_a_group_of_one_and_no_event_are_said_plainly() -> None:
    windows = fair_county(10, windows=1).assign(sex="girl")
    windows["event"] = pd.Series([False] * len(windows), dtype=object)
    found = audit(windows)
    assert any(notice.startswith("sex: 1 recorded value") for notice in found.notices)
    assert any("no confirmed outcome" in notice for notice in found.notices)
    assert not (found.to_frame().query("measure == 'missed_need'")["verdict"] != NOT_ENOUGH).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.drop(columns="sex"), "no column for the audit attribute 'sex'"),
        (lambda w: w.assign(sex=w["child_id"]), "values; at most 60"),
        (lambda w: w.assign(selection_probability=0.0), "selection_probability must lie above 0"),
        (lambda w: w.iloc[:0], "the table has no row"),
    ],
)
def test_tables_that_cannot_be_compared_are_refused(change: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        audit(change(fair_county(11, windows=1)))  # type: ignore[operator]


def test_what_leaves_the_office_shows_no_cell_of_seven_or_fewer() -> None:
    windows = fair_county(12, windows=2, rate=0.05)
    found = audit(windows)
    inside, outside = found.to_frame(), found.leaving_office()
    hidden = outside["events"].isna()
    assert hidden.any()
    shown = inside.loc[~hidden, ["children", "children_others", "events", "events_others"]]
    assert ((shown == 0) | (shown > 7)).all().all()
    shares = outside[~hidden & outside["measure"].eq("missed_need") & outside["value"].notna()]
    missed = np.rint(shares["value"] * shares["rows"])
    assert ((missed == 0) | (missed > 7)).all()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_verdict_has_words_that_say_what_it_means_and_what_would_tell(language: str) -> None:
    windows = fair_county(2)
    found = audit(under_recorded(windows, (windows["remoteness"] == "remote").to_numpy(), 2))
    for c in found.comparisons:
        text = sentence(c, language)  # type: ignore[arg-type]
        assert "nan" not in text
        assert "{" not in text
        if c.verdict == NOT_ENOUGH and c.more_events > 0:
            assert f"{c.more_events:,.0f}" in text
    for spread in found.places:
        assert "nan" not in spread_sentence(spread, language)  # type: ignore[arg-type]
    assert "80" in overlap_sentence(found.overlap, language)  # type: ignore[arg-type]


def test_the_number_of_events_that_would_tell_does_tell() -> None:
    """With that many events, alike groups are called fair about four times in five."""
    from carescreen.evaluation.arms import Arms
    from carescreen.evaluation.differences import Differences, wilson
    from carescreen.evaluation.verdicts import more_needed

    needed = 1 + more_needed(1, 3, 0.3 * 0.7, 1.0, 0.10)
    size = np.tile([needed, 3 * needed], (2000, 1))
    rng = np.random.default_rng(0)
    share = rng.binomial(size.astype(int), 0.3) / size
    arms = Arms(share, size, size, share * size, size, np.zeros(2000))
    low, high = Differences(arms, wilson).interval(0.05)
    assert ((low > -0.1) & (high < 0.1)).mean() == pytest.approx(0.80, abs=0.04)


def test_without_visits_that_chance_chose_nothing_is_called_fair_in_missed_need() -> None:
    windows = fair_county(7, rate=0.4)
    by_chance = audit(windows.assign(at_random=True))
    by_choice = audit(windows.assign(at_random=False))
    assert FAIR in {c.verdict for c in by_chance.comparisons if c.measure == "missed_need"}
    missed = [c for c in by_choice.comparisons if c.measure == "missed_need"]
    assert {c.verdict for c in missed} == {NOT_ENOUGH}
    assert any("random visits outside the list" in c.reason for c in missed)
    everybody = audit(windows.assign(at_random=False, attempted=True))
    assert FAIR in {c.verdict for c in everybody.comparisons if c.measure == "missed_need"}

"""How often groups are called unfair: where nothing is wrong, and where something is planted.

`make validity` prints what was measured; the figures of docs/evaluation.md "Groups" come from here.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from carescreen.evaluation.groups import GroupAudit, audit_groups
from carescreen.evaluation.verdicts import FAIR, UNFAIR
from tests.unit.small_counties import ATTRIBUTES, fair_county, read_notes, under_recorded
from tests.unit.test_places import naive_unfair, spread_of

Measured = Callable[[str, dict[str, object]], None]

REPETITIONS = 200
SIZES = {
    "about 200 events": {"windows": 2, "rate": 0.08},
    "about 580 events": {},
    "about 2,300 events": {"windows": 8, "rate": 0.15, "children": 80},
}


def audit(windows: pd.DataFrame, attributes: list[str], **more: object) -> GroupAudit:
    seats = round(len(windows) / windows["window"].nunique() / windows["group"].nunique() / 3)
    return audit_groups(windows, capacity=seats, attributes=attributes, **more)  # type: ignore[arg-type]


def any_unfair(found: GroupAudit) -> bool:
    places = [place.verdict for spread in found.places for place in spread.places]
    every = [c.verdict for c in found.comparisons] + [s.verdict for s in found.places] + places
    return UNFAIR in every


@pytest.mark.parametrize("size", list(SIZES))
def test_a_false_unfair_anywhere_stays_within_five_percent(size: str, measured: Measured) -> None:
    """All comparisons of an audit: 30 villages, 25 workers, 6 attributes, pairs, note reader."""
    wrong = plain = 0
    repetitions = REPETITIONS // 4 if size.startswith("about 2,300") else REPETITIONS
    for seed in range(repetitions):
        windows = fair_county(seed, **SIZES[size])  # type: ignore[arg-type]
        found = audit(windows, ATTRIBUTES, reading=read_notes(windows, seed))
        frame = found.to_frame()
        wrong += any_unfair(found)
        plain += bool(((frame["p"] < 0.05) & (frame["difference"].abs() > 0.1)).any())
    row = {"county": size, "audits": repetitions, "false unfair": wrong, "unadjusted": plain}
    measured("Audits with a false unfair anywhere", row)
    assert wrong <= 0.05 * repetitions


@pytest.mark.parametrize("part", [0.25, 0.5])
@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("rate", [0.04, 0.08, 0.16, 0.3])
def test_from_what_size_an_under_recorded_group_is_found(
    share: float, rate: float, part: float, measured: Measured
) -> None:
    """Half or a quarter of a group's child-windows are last, as if nothing was recorded."""
    told, events, gaps = [], [], []
    for seed in range(40):
        windows = fair_county(1000 + seed, rate=rate)
        children = np.random.default_rng(seed).random(windows["child_id"].nunique()) < share
        group = children[pd.factorize(windows["child_id"])[0]]
        windows = windows.assign(disability=np.where(group, "yes", "no"))
        found = audit(
            under_recorded(windows, group, seed, part), ["sex", "disability", "remoteness"]
        )
        (only,) = (
            c
            for c in found.comparisons
            if (c.measure, c.attribute) == ("missed_need", "disability")
        )
        told.append(only.verdict)
        events.append(only.events)
        gaps.append(only.difference)
    found_share = np.mean([verdict == UNFAIR for verdict in told])
    row = {"hidden": part, "share of children": share, "events": round(np.mean(events))}
    gap = round(float(np.nanmean(gaps)), 2)
    measured("Under-recorded group", row | {"difference": gap, "found": f"{found_share:.0%}"})
    assert FAIR not in told
    if part == 0.5 and np.mean(events) > 40:
        assert found_share > 0.8


@pytest.mark.parametrize("children", [12, 24, 48])
def test_halved_notes_are_caught_on_mention_rates(children: int, measured: Measured) -> None:
    caught = []
    for seed in range(30):
        windows = fair_county(2000 + seed, children=children)
        halved = (windows["remoteness"] == "remote").to_numpy()
        found = audit(windows, ATTRIBUTES, reading=read_notes(windows, seed, halved))
        (only,) = (
            c
            for c in found.comparisons
            if (c.measure, c.attribute) == ("mention_rate", "remoteness")
        )
        caught.append(only.verdict == UNFAIR)
    row = {"children a worker": children, "caught": f"{np.mean(caught):.0%}"}
    measured("Halved notes", row)
    if children >= 24:
        assert np.mean(caught) > 0.8


@pytest.mark.parametrize("events", [10, 20, 60])
def test_fair_villages_stay_fair_where_resampling_villages_calls_many_unfair(
    events: int, measured: Measured
) -> None:
    called, naive = [], []
    for seed in range(100):
        found, rows = spread_of(30, events, seed)
        called.append(np.mean([place.verdict == UNFAIR for place in found.places]))
        naive.append(naive_unfair(rows, seed))
    row = {"events a village": events, "resampled": f"{np.mean(naive):.0%}"}
    measured("Fair villages called unfair", row | {"pooled": f"{np.mean(called):.1%}"})
    assert np.mean(called) < 0.001


def test_the_interval_of_the_spread_covers_the_truth(measured: Measured) -> None:
    for truth in (0.05, 0.10, 0.15):
        found = [spread_of(30, 40, seed, truth=truth)[0] for seed in range(100)]
        covered = np.mean([f.low <= truth <= f.high for f in found])
        measured("Spread of villages", {"truth": truth, "covered": f"{covered:.0%}"})
        assert covered >= 0.88

"""How many children a judged child-window speaks for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from carescreen.evaluation.window_weights import window_weights


def table(
    children: int, certain: int, drawn: int, chance: float | np.ndarray = 0.01
) -> pd.DataFrame:
    """A window of a county: the first rows were certain to be visited, the next drawn, all judged."""
    place = np.arange(children)
    is_drawn = (place >= certain) & (place < certain + drawn)
    chances = np.full(children, np.nan)
    chances[:certain] = 1.0
    chances[is_drawn] = chance
    return pd.DataFrame(
        {
            "window": 1,
            "county_id": "K1",
            "event": pd.Series(
                [k % 3 == 0 if k < certain + drawn else None for k in place], dtype=object
            ),
            "attempted": place < certain + drawn,
            "at_random": is_drawn,
            "selection_probability": chances,
            "score": place / children,
        }
    )


@pytest.mark.parametrize("chance", [0.0098, 0.12, 0.5])
def test_the_draw_stands_for_all_who_were_not_certain_whatever_chance_is_on_record(
    chance: float,
) -> None:
    weight = window_weights(table(100, 10, 30, chance))
    assert weight[:10].tolist() == [1.0] * 10
    assert weight[10:40] == pytest.approx(3.0)
    assert weight[:40].sum() == pytest.approx(100.0)


def test_unequal_chances_keep_their_proportions() -> None:
    chances = np.where(np.arange(30) < 15, 0.1, 0.4)
    weight = window_weights(table(100, 10, 30, chances))
    assert weight[10] == pytest.approx(4.0 * weight[39])
    assert weight[:40].sum() == pytest.approx(100.0)


def test_a_failed_visit_gives_its_weight_to_judged_ones() -> None:
    rows = table(400, 40, 120)
    failed = rows.index[(rows.index >= 40) & (rows.index % 4 == 0) & rows["attempted"]]
    rows.loc[failed, "event"] = None
    weight = window_weights(rows)
    told = rows["event"].notna().to_numpy()
    assert weight[told].sum() == pytest.approx(400.0, rel=0.02)


def test_few_draws_of_a_county_are_weighed_with_the_others_of_the_window() -> None:
    small = table(50, 5, 6).assign(county_id="K2")
    rows = pd.concat([table(100, 10, 30), small], ignore_index=True)
    other = pd.concat([rows, table(60, 5, 15).assign(county_id="K3")], ignore_index=True)
    assert window_weights(rows)[10] == pytest.approx(3.0)
    weight = window_weights(other)
    assert weight[105] == pytest.approx((45 + 55) / 21)
    assert weight[155] == weight[105 + 50 + 5]


def test_without_a_draw_every_visit_speaks_for_itself() -> None:
    rows = table(100, 30, 0)
    assert window_weights(rows).tolist() == [1.0] * 100
    assert window_weights(rows.assign(selection_probability=np.nan)).tolist() == [1.0] * 100


def test_weighted_events_are_those_of_all_children() -> None:
    """10 of 100 seats; listed children are certain, the others drawn; the truth is known."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(200):
        rows = table(1000, 100, 150, 0.02)
        risk = np.where(np.arange(1000) < 100, 0.4, 0.06)
        event = rng.random(1000) < risk
        order = np.concatenate([np.arange(100), 100 + rng.permutation(900)])
        rows = rows.assign(score=np.linspace(1, 0, 1000))
        judged = np.isin(np.arange(1000), order[:250])
        rows["attempted"] = judged
        rows["at_random"] = judged & (np.arange(1000) >= 100)
        rows["selection_probability"] = np.where(
            judged, np.where(np.arange(1000) < 100, 1.0, 0.02), np.nan
        )
        rows["event"] = pd.Series(np.where(judged, event, None), dtype=object)
        weight = window_weights(rows) * judged
        found.append(((weight * event).sum(), event.sum()))
    estimated, true = np.mean(found, axis=0)
    assert estimated == pytest.approx(true, rel=0.02)

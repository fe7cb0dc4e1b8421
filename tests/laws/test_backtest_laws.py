"""The rows of a backtest: the same order as the list of that date, and law 7 for every column."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd
from caseloads import Tables, days, tables
from engine import rank
from hypothesis import given
from hypothesis import strategies as st
from test_law_07_as_of_means_known_by_then import later_rows

from carescreen.evaluation.audit_columns import Attribute
from carescreen.evaluation.child_windows import Asked, date_rows, with_orders
from carescreen.model import RiskModel
from carescreen.modelfile import Manifest, SavedModel
from carescreen.screener import Screener
from carescreen.steps import AdditiveTables, StepTable

OTHER = RiskModel.of(
    SavedModel(
        AdditiveTables(0, (StepTable("debts", "number", (0, -40, 70), (5.0, 50.0)),)),
        Manifest(name="other", made_by="fit"),
    )
)


def rows_at(screener: Screener, found: Tables, as_of: date) -> pd.DataFrame | None:
    """The rows of a date, by child."""
    words = {
        name: Attribute(indicator)
        for name, indicator in screener.rules.indicators.items()
        if indicator.type == "enum"
    }
    asked = Asked(MappingProxyType(words), OTHER)
    known = found.caseload().check(screener.rules.indicators).known_by(as_of)
    rows = date_rows(screener, known, np.datetime64(as_of), asked)
    if rows is None:
        return None
    return with_orders(rows[0], asked).to_frame().sort_values("child_id", ignore_index=True)


@given(data=st.data(), as_of=days())
def test_the_order_and_what_it_is_made_of_are_those_of_the_list(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    ranking, got = rank(screener, found, as_of), rows_at(screener, found, as_of)
    if ranking is None or got is None:
        assert ranking is None or not len(ranking)
        return
    wanted = ranking.to_frame()
    got = got.sort_values("order", ascending=False, ignore_index=True)
    for name in ("child_id", "village_id", "caseworker_id", "score"):
        pd.testing.assert_series_equal(got[name], wanted[name])
    tiers = ["immediate", "urgent", "priority", "routine"]
    assert [tiers[tier] for tier in got["tier"]] == wanted["tier"].tolist()
    unseen = wanted["days_since_seen"].fillna(1e6).to_numpy(dtype=float)
    assert got["longest_unseen"].tolist() == unseen.tolist()


@given(data=st.data(), as_of=days())
def test_nothing_dated_or_recorded_later_changes_a_column(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    later = data.draw(later_rows(as_of))
    found = found.with_columns_of(later)
    wanted = rows_at(screener, found, as_of)
    got = rows_at(screener, found.joined(later), as_of)
    if wanted is None or got is None:
        assert wanted is got
        return
    pd.testing.assert_frame_equal(wanted, got)

"""Law 3: adding a raised risk mention, or moving an indicator up its declared risk order with the
others fixed, never lowers tier or score. Indicators without a declared order are exempt and listed.
"""

from __future__ import annotations

from datetime import date

from caseloads import ENUMS, RAISED_RISKS, Row, Tables, days, tables
from engine import Record, by_child, micro, tier
from hypothesis import assume, given
from hypothesis import strategies as st

from carescreen.indicators import Indicator
from carescreen.screener import Screener

HIGHEST = {"alone_days": "7", "debts": "99", "helpers": "0", "prior_concerns_24m": "2"}
EXEMPT = {"age_years", "age_months", "last_seen_on", "sex", "papers", "last_meal_on"}


def assert_not_less(after: dict[str, Record], before: dict[str, Record]) -> None:
    """No child is in a lower tier or has a lower score than before."""
    assert after.keys() == before.keys()
    for name, record in before.items():
        assert tier(after[name]) <= tier(record)
        assert micro(after[name]["score"]) >= micro(record["score"])


@given(data=st.data(), as_of=days())
def test_a_raised_mention_more_never_lowers_tier_or_score(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    assume(found.visits)
    place = data.draw(st.integers(0, len(found.visits) - 1))
    more = data.draw(st.sampled_from(RAISED_RISKS)).text
    note = found.visits[place].get("note")
    changed = found.changed("visits", place, note=f"{note}。{more}" if note else more)
    assert_not_less(by_child(screener, changed, as_of), by_child(screener, found, as_of))


@given(data=st.data(), as_of=days())
def test_an_indicator_moved_up_its_order_never_lowers_tier_or_score(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    found = data.draw(tables(as_of))
    moves = _moves(found, screener)
    assume(moves)
    table, place, name, value = data.draw(st.sampled_from(moves))
    changed = found.changed(table, place, **{name: value})
    assert_not_less(by_child(screener, changed, as_of), by_child(screener, found, as_of))


def _moves(found: Tables, screener: Screener) -> list[tuple[str, int, str, str]]:
    """Each (table, row, indicator, riskier value) that the rows allow."""
    return [
        (table, place, name, value)
        for table in ("children", "visits", "households")
        for place, row in enumerate(getattr(found, table))
        for name, indicator in screener.rules.indicators.items()
        if indicator.is_ordered and name in ENUMS
        for value in _riskier(row, indicator)
    ]


def _riskier(row: Row, indicator: Indicator) -> list[str]:
    """Values above a row's own in the declared order; above nothing observed for a blank event."""
    now = row.get(indicator.id)
    now = {"是": "yes", "否": "no"}.get(str(now), now)
    if indicator.type == "enum":
        assert indicator.risk_order is not None
        if now not in indicator.risk_order and indicator.unrecorded != "not_observed":
            return []
        start = indicator.risk_order.index(now) if now in indicator.risk_order else 0
        return list(indicator.risk_order[start + 1 :])
    if indicator.type == "set":
        old = set(str(now).split(";")) if now else set()
        new = old & set(indicator.values) | {indicator.values[-1]}
        return [";".join(sorted(new))] if new > old else []
    return _further(now, indicator)


def _further(now: str | None, indicator: Indicator) -> list[str]:
    assert indicator.range is not None
    sign = 1 if indicator.risk_direction == "up" else -1
    try:
        value = float(str(now))
    except ValueError:
        value = float("nan")
    if not indicator.range[0] <= value <= indicator.range[1]:
        if indicator.unrecorded != "not_observed":
            return []
        value = indicator.range[0]
    values = [*ENUMS[indicator.id], HIGHEST[indicator.id]]
    return [text for text in values if sign * float(text) > sign * value]


def test_indicators_without_a_declared_order_are_exempt_and_listed(screener: Screener) -> None:
    unordered = {name for name, one in screener.rules.indicators.items() if not one.is_ordered}
    assert unordered == EXEMPT

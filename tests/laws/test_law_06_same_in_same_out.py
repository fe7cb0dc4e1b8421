"""Law 6: same in, same out.

Row order, block size, process count and engine do not change one byte of ranking.csv and
ranking.jsonl. Weights are integers, millionths of a log-odds, so sums are exact in any order.
"""

from __future__ import annotations

from datetime import date

from caseloads import DAYS, NAMES, Tables, days, tables
from engine import files, rank, said
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.screener import Screener


@given(data=st.data(), as_of=days(), size=st.sampled_from([1, 2, 3]))
def test_row_order_and_block_size_change_nothing(
    screener: Screener, data: st.DataObject, as_of: date, size: int
) -> None:
    found = data.draw(tables(as_of))
    mixed = data.draw(shuffled(found))
    wanted = said(rank(screener, found, as_of))
    assert said(rank(screener, mixed, as_of, block_children=size)) == wanted


@st.composite
def shuffled(draw: st.DrawFn, found: Tables) -> Tables:
    """The same rows in another order."""
    return Tables(**{name: tuple(draw(st.permutations(getattr(found, name)))) for name in NAMES})


@given(data=st.data(), as_of=days())
def test_rows_that_differ_in_nothing_but_one_value_change_nothing_by_their_order(
    screener: Screener, data: st.DataObject, as_of: date
) -> None:
    """Twins of every table: the same keys and dates, another value."""
    found = data.draw(tables(as_of))
    twins = Tables(
        children=({**found.children[0], "sex": "male", "village_id": "V3"},),
        visits=tuple({**row, "sex": "male", "papers": "hukou"} for row in found.visits[:2]),
        households=tuple({**row, "debts": "5"} for row in found.households[:1]),
        outcomes=tuple({**row, "result": "not_seen"} for row in found.outcomes[:1]),
        decisions=tuple(
            {**row, "decision": "plan", "review_on": "2027-01-01"} for row in found.decisions[:1]
        ),
    )
    first, last = found.joined(twins), twins.joined(found)
    assert said(rank(screener, first, as_of)) == said(rank(screener, last, as_of))


@settings(max_examples=3)
@given(data=st.data(), quotes=st.booleans())
def test_the_written_files_are_the_same_bytes(
    screener: Screener, data: st.DataObject, quotes: bool
) -> None:
    as_of = DAYS[0]
    found = data.draw(tables(as_of))
    mixed = data.draw(shuffled(found))
    first = rank(screener, found, as_of)
    second = rank(screener, mixed, as_of, block_children=1)
    if first is not None and second is not None:
        assert files(second, quotes=quotes) == files(first, quotes=quotes)


def test_two_processes_write_the_same_bytes_as_one(screener: Screener) -> None:
    as_of = DAYS[0]
    found = Tables(
        children=tuple(
            {
                "child_id": f"C{number}",
                "village_id": f"V{number % 2}",
                "household_id": f"H{number // 2}",
                "birth_date": f"20{10 + number}-05-01",
                "alone_days": str(number % 4),
            }
            for number in range(9)
        ),
        visits=tuple(
            {
                "visit_id": f"N{number}",
                "child_id": f"C{number}",
                "visit_date": f"2026-03-0{1 + number}",
                "child_seen": "yes",
                "note": "常常一个人在家。没有吵架",
            }
            for number in range(9)
        ),
    )
    one = screener.rank(found.caseload(), as_of)
    two = screener.rank(found.caseload(), as_of, processes=2, block_children=2)
    assert files(two, quotes=True) == files(one, quotes=True)


@settings(max_examples=4)
@given(data=st.data(), processes=st.sampled_from([1, 2, 3]), size=st.sampled_from([1, 2, 5]))
def test_processes_block_sizes_and_row_orders_together_change_no_byte(
    screener: Screener, data: st.DataObject, processes: int, size: int
) -> None:
    """Beside Spark, which tests/spark holds to the bytes of one process."""
    as_of = DAYS[0]
    found = data.draw(tables(as_of))
    mixed = data.draw(shuffled(found))
    one = rank(screener, found, as_of)
    many = rank(screener, mixed, as_of, processes=processes, block_children=size)
    assert (one is None) == (many is None)
    if one is not None and many is not None:
        assert files(many, quotes=True) == files(one, quotes=True)

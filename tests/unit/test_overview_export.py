"""What leaves the office of the programme's counts: no small one can be worked out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from carescreen.errors import UsageError
from carescreen.overview import COLUMNS, COUNTS, typed
from carescreen.overview_before import counts_of_run
from carescreen.overview_export import (
    AS_FEW,
    BANDS,
    FAMILIES,
    NOT_SHOWN,
    Cell,
    export_overview,
    masked_cells,
    parts_of,
)
from carescreen.overview_levels import Place, whole_of
from carescreen.overview_masking import Shown

SEEN = ("seen_30", "seen_90", "seen_180")


def table_of(*villages: tuple[str, str, str, dict[str, int]]) -> pd.DataFrame:
    """Counts of one date; what is not given is 0, and there was no list before."""
    rows = [
        {
            **dict.fromkeys(COUNTS, 0),
            "due_before": None,
            "done": None,
            "as_of": "2026-11-01",
            "province_id": province,
            "county_id": county,
            "village_id": village,
            "median_days": 20.5,
            **counts,
        }
        for province, county, village, counts in villages
    ]
    return typed(pd.DataFrame(rows, columns=list(COLUMNS)))


def village(bands: tuple[int, int, int, int, int], **others: int) -> dict[str, int]:
    """Children by when they were last seen: 0-30, 31-90, 91-180 days ago, longer ago, never."""
    within = dict(zip(SEEN, np.cumsum(bands[:3]).tolist(), strict=True))
    return {"children": sum(bands), **within, "never_seen": bands[4], **others}


def column(table: pd.DataFrame, name: str) -> list[str]:
    return [str(cell) for cell in table[name]]


def test_small_counts_are_masked_and_one_alone_takes_a_second_with_it() -> None:
    table = table_of(
        ("P1", "K1", "V1", {"planned": 3}),
        ("P1", "K1", "V2", {"planned": 30}),
        ("P1", "K1", "V3", {"planned": 12}),
        ("P1", "K1", "V4", {"planned": 0}),
    )
    assert column(export_overview(table, "village"), "planned") == [AS_FEW, "30", NOT_SHOWN, "0"]
    assert column(export_overview(table, "county"), "planned") == ["45"]


def test_zero_stays_zero_and_large_counts_stay() -> None:
    table = table_of(*(("P1", "K1", f"V{n}", village((40, 0, 20, 0, 0))) for n in range(3)))
    shown = export_overview(table, "village")
    assert column(shown, "seen_0_30") == ["40"] * 3
    assert column(shown, "never_seen") == ["0"] * 3
    assert not (shown == AS_FEW).any(axis=None)
    assert not (shown == NOT_SHOWN).any(axis=None)


def test_two_masked_counts_that_can_only_be_seven_take_a_third_with_them() -> None:
    table = table_of(
        ("P1", "K1", "V1", {"planned": 7}),
        ("P1", "K1", "V2", {"planned": 7}),
        ("P1", "K1", "V3", {"planned": 20}),
    )
    assert NOT_SHOWN in column(export_overview(table, "village"), "planned")


def test_a_difference_of_counts_is_no_way_to_a_small_one() -> None:
    table = table_of(("P1", "K1", "V1", village((50, 3, 40, 0, 0), due=14, overdue=10)))
    shown = export_overview(table, "village").iloc[0]
    assert "seen_90" not in shown
    assert shown["seen_31_90"] == AS_FEW
    assert NOT_SHOWN in (shown["seen_0_30"], shown["seen_91_180"], shown["children"])
    assert (shown["due_7_days"], "due" in shown) == (AS_FEW, False)


def test_the_children_of_a_place_do_not_give_away_the_only_small_part_of_them() -> None:
    counts = village((9, 0, 0, 0, 0), due=9, overdue=9, overdue_routine=8, planned=8, backlog=1)
    others = village((40, 0, 0, 0, 0), due=20, overdue=20, overdue_routine=20)
    table = table_of(("P1", "K1", "V1", counts), ("P1", "K1", "V2", others))
    shown = export_overview(table, "village").iloc[0]
    for large, small in (("overdue_routine", "overdue_other"), ("planned", "backlog")):
        assert (shown["children"], shown[large], shown[small]) != ("9", "8", AS_FEW)
        assert NOT_SHOWN in (shown["children"], shown[large], shown[small])


def test_a_few_children_who_are_in_no_part_are_not_what_two_numbers_differ_by() -> None:
    table = table_of(("P1", "K1", "V1", village((60, 0, 0, 0, 0), needs_data=57)))
    shown = export_overview(table, "village").iloc[0]
    assert NOT_SHOWN in (shown["children"], shown["needs_data"])


def test_more_done_than_there_are_children_is_no_error() -> None:
    table = table_of(("P1", "K1", "V1", village((9, 0, 0, 0, 0), due_before=14, done=12)))
    shown = export_overview(table, "village").iloc[0]
    assert (shown["done"], shown["not_done"]) == ("12", AS_FEW)


def test_a_median_of_few_children_is_not_shown() -> None:
    table = table_of(
        ("P1", "K1", "V1", village((5, 2, 0, 0, 40))),
        ("P1", "K1", "V2", village((8, 0, 0, 0, 0))),
    )
    assert column(export_overview(table, "village"), "median_days") == [NOT_SHOWN, "20.5"]


def test_what_was_done_is_blank_on_a_first_run() -> None:
    table = table_of(("P1", "K1", "V1", village((20, 0, 0, 0, 0))))
    assert column(export_overview(table, "village"), "done") == [""]


def test_places_that_nobody_said_are_named_so() -> None:
    table = table_of(("P1", "K1", "V1", {}), (None, None, "V2", {}))  # type: ignore[arg-type]
    assert column(export_overview(table, "county"), "county_id") == ["K1", "not said"]


def test_a_folder_without_counts_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no overview\.csv"):
        counts_of_run(tmp_path)
    (tmp_path / "overview.csv").write_text("as_of\n2026-01-01\n", encoding="utf-8")
    with pytest.raises(UsageError, match="rank again"):
        counts_of_run(tmp_path)


SMALL = st.one_of(st.integers(0, 10), st.integers(0, 40))


@st.composite
def programmes(draw: st.DrawFn) -> pd.DataFrame:
    """A few villages in up to three counties and two provinces."""
    size = draw(st.integers(1, 6))
    draw_done = draw(st.booleans())
    villages = []
    for number in range(size):
        county = draw(st.integers(0, 2))
        counts = village(tuple(draw(SMALL) for _ in BANDS))  # type: ignore[arg-type]
        left = counts["children"]
        parts = []
        for share in (SMALL, SMALL, SMALL):
            parts.append(min(draw(share), left))
            left -= parts[-1]
        counts |= {"due": sum(parts), "overdue": sum(parts[1:]), "overdue_routine": parts[1]}
        if draw_done:
            counts["due_before"] = min(draw(SMALL), counts["children"])
            counts["done"] = draw(st.integers(0, counts["due_before"]))
        counts["planned"] = min(draw(SMALL), counts["children"])
        counts["backlog"] = min(draw(SMALL), counts["children"] - counts["planned"])
        counts["needs_data"] = min(draw(SMALL), counts["children"])
        counts["open_urgent"] = draw(SMALL)
        villages.append((f"P{county // 2}", f"K{county}", f"V{number}", counts))
    return table_of(*sorted(villages, key=lambda row: row[:3]))


def sums(place: Place) -> Iterator[tuple[Cell, list[Cell]]]:
    """Every sum of the exported tables: a total and its parts."""
    yield (place.key, "children"), [(place.key, band) for band in BANDS]
    for name in parts_of(place):
        if place.parts:
            yield (place.key, name), [(part.key, name) for part in place.parts]
    for part in place.parts:
        yield from sums(part)


def everything(place: Place) -> Iterator[Place]:
    yield place
    for part in place.parts:
        yield from everything(part)


def as_it_says(table: pd.DataFrame) -> dict[Cell, int | str]:
    """All cells that the three exported tables show, and the sums over everything."""
    whole = whole_of(table)
    found: dict[Cell, int | str] = {}
    shown = masked_cells(whole)
    for place in everything(whole):
        for name, count in parts_of(place).items():
            if count is not None:
                state = shown[place.key, name]
                found[place.key, name] = {
                    Shown.NUMBER: count,
                    Shown.AS_FEW: AS_FEW,
                    Shown.NOT: NOT_SHOWN,
                }[state]
    return found


@settings(max_examples=150, deadline=None)
@given(programmes())
def test_no_small_count_is_the_only_one_missing_from_a_sum(table: pd.DataFrame) -> None:
    """Who fills in what a sum leaves open, again and again, never gets at a count of 1 to 7."""
    whole, known = whole_of(table), as_it_says(table)
    masked = {cell for cell, said in known.items() if said == AS_FEW}
    true = {(p.key, name): count for p in everything(whole) for name, count in parts_of(p).items()}
    assert masked == {cell for cell in known if 1 <= (true[cell] or 0) <= 7} - {
        cell for cell, said in known.items() if said == NOT_SHOWN
    }
    learned = True
    while learned:
        learned = False
        for total, parts in sums(whole):
            cells = [cell for cell in (total, *parts) if cell in known]
            missing = [cell for cell in cells if isinstance(known[cell], str)]
            if len(missing) == 1:
                known[missing[0]] = true[missing[0]] or 0
                learned = True
    assert not [c for c in known if not isinstance(known[c], str) and 1 <= int(known[c]) <= 7]


@settings(max_examples=40, deadline=None)
@given(programmes())
def test_solving_all_sums_at_once_gives_no_small_count_away(table: pd.DataFrame) -> None:
    """The stronger reader: linear programming over all sums, with what each masked cell can be."""
    whole, said = whole_of(table), as_it_says(table)
    true = {(p.key, name): count for p in everything(whole) for name, count in parts_of(p).items()}
    cells = {cell: number for number, cell in enumerate(said)}
    equations = []
    for total, parts in sums(whole):
        if total in cells:
            row = np.zeros(len(cells))
            row[cells[total]] = -1
            for part in parts:
                row[cells[part]] += 1
            equations.append(row)
    rests = []  # children less the parts of a family: at least 0, and never to be worked out
    for place in everything(whole):
        for family in FAMILIES.values():
            if all((place.key, part) in cells for part in family):
                row = np.zeros(len(cells))
                row[cells[place.key, "children"]] = 1
                row[[cells[place.key, part] for part in family]] = -1
                rests.append(row)
    limits = {AS_FEW: (1, 7), NOT_SHOWN: (0, None)}
    bounds = [limits[what] if isinstance(what, str) else (what, what) for what in said.values()]
    values = np.array([true[cell] or 0 for cell in cells])
    aims = [aim for aim in (*np.eye(len(cells)), *rests) if 1 <= aim @ values <= 7]
    for aim in aims:
        low, high = (
            linprog(
                sign * aim,
                A_ub=-np.array(rests),
                b_ub=np.zeros(len(rests)),
                A_eq=np.array(equations),
                b_eq=np.zeros(len(equations)),
                bounds=bounds,
            )
            for sign in (1, -1)
        )
        assert low.status == high.status == 0 or high.status == 3
        assert high.status == 3 or -high.fun - low.fun > 0.5

"""Folders made to break pieces: each gives what reading the whole gives, or the same error."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from shipped import shipped_screener

from carescreen.caseload import Caseload
from carescreen.errors import CaseloadError
from carescreen.fields import TABLES
from carescreen.pieces import rank_folder
from carescreen.pieces.csvrows import NotInPieces
from carescreen.pieces.guesses import require_one_meaning
from carescreen.ranking import Ranking
from carescreen.rankingfiles import write_ranking

AS_OF = "2026-11-01"
CHILDREN = (
    "child_id,village_id,household_id,birth_date,father_status\n"
    "C1,V1,H1,2015-01-01,away_working\nC2,V1,H1,2016-02-03,dead\n"
    "C3,V1,H2,2017-03-04,dead\nC4,V2,,2018-04-05,\n"
)
VISITS = (
    "visit_id,child_id,visit_date,child_seen,note,extra\n"
    "N1,C1,2026-10-01,yes,孩子一个人在家,x\nN1,C3,2026-10-02,no,门锁着,x\n"
    "N2,C9,2026-10-02,yes,Nobody at home,x\n,C2,2026-10-05,yes,爷爷打孩子,x\nN4,C2,oops,yes,,x\n"
)
NOTE_FIRST = "note,visit_id,child_id,visit_date\n"
MANY_SEEN = "visit_id,child_id,visit_date,child_seen\n" + "".join(
    f"A{number},C1,2026-10-01,{{}}\n" for number in range(1001)
)
MAPPED = "tables:\n  children:\n    values:\n      {}: {{{}}}\n"
LONG_LATE = "N1,C1,2026-09-01,这个孩子经常一个人在家没有人照顾\n"

FOLDERS: dict[str, dict[str, str]] = {
    "a quote in a name of a column, and one in a note": {
        "visits": VISITS.replace("extra", 'ex"tra').replace("Nobody at", '5" tall')
    },
    "a byte-order mark before a row": {"children": CHILDREN.replace("C3,", "\ufeffC3,")},
    "a line separator in a note": {
        "visits": NOTE_FIRST + '"a,b",N1,C1,2026-10-01\n在\u2028家,"N2",C3,2026-10-01\n'
    },
    "a vertical tab in a note": {
        "visits": NOTE_FIRST + '"a,b",N1,C1,2026-10-01\n在\x0b家,"N2",C3,2026-10-01\n'
    },
    "a note longer than the csv module reads": {
        "visits": NOTE_FIRST + '"a,b' + "很" * 140_000 + '",N1,C1,2026-10-01\n'
    },
    "line ends in ids": {
        "children": CHILDREN.replace("C3,", '"C\n3",').replace("H2", '"H\n2"'),
        "visits": VISITS.replace("C3", '"C\n3"'),
    },
    "NUL characters in ids": {
        "children": CHILDREN.replace("C3,", "C3\0X,"),
        "visits": VISITS.replace("C3", "C3\0Y"),
    },
    "a household like that of a child without one": {
        "children": CHILDREN.replace("H2", "child:C9")
    },
    "children of blank lines": {"children": "child_id,village_id,birth_date\n\n,,\n"},
    "children without ids": {"children": "child_id,village_id,birth_date\n,V1,\n"},
    "a child mapped to another": {"mapping": MAPPED.format("child_id", "C3: C1")},
    "a household mapped to another": {"mapping": MAPPED.format("household_id", "H2: H1")},
    "a household mapped to none": {"mapping": MAPPED.format("household_id", "H1: null")},
    "a number among words": {"visits": MANY_SEEN.format(*[1] * 1001) + "B1,C3,2026-10-02,01\n"},
    "words among numbers": {
        "visits": MANY_SEEN.format(*["yes"] * 1001) + "B1,C3,2026-10-02,01\nB2,C4,2026-10-02,1\n"
    },
    "a date with a point": {
        "visits": MANY_SEEN.format(*[1] * 1001) + "B1,C3,20261002.0,1\n",
    },
    "a row with one cell too many, blank": {"visits": VISITS.replace("C9", "C1") + "N5,C4,,,,,\n"},
    "a first row with few cells": {"visits": VISITS.replace(",yes,孩子一个人在家,x", "")},
    "blank lines before long texts": {
        "visits": "visit_id,child_id,visit_date,text\n" + "\n" * 2500 + LONG_LATE
    },
}


def said(ranking: Ranking, place: Path) -> object:
    """Everything that a ranking says."""
    files = []
    for quotes in (True, False):
        write_ranking(ranking, place, quotes=quotes)
        files += [(place / name).read_bytes() for name in ("ranking.csv", "ranking.jsonl")]
    rejected, pairs = ranking.rejected.to_dict("records"), ranking.duplicates.pairs
    return files, rejected, ranking.notices, ranking.run, ranking.profile, pairs


def assert_same(folder: Path, place: Path, size: int = 1) -> None:
    """Ranked in pieces and as a whole a folder says the same."""
    place.mkdir()
    found: list[object] = []
    for is_cut in (False, True):
        try:
            if is_cut:
                ranking = rank_folder(
                    shipped_screener(), folder, AS_OF, work_folder=place, piece_children=size
                )
            else:
                ranking = shipped_screener().rank(Caseload.read(folder), AS_OF)
            found.append(said(ranking, place))
        except CaseloadError as error:
            found.append(str(error))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_made_to_break_pieces(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "county"
    folder.mkdir()
    tables = {"children": CHILDREN, "visits": VISITS, **FOLDERS[name]}
    for table, text in tables.items():
        ending = "yaml" if table == "mapping" else "csv"
        (folder / f"{table}.{ending}").write_bytes(text.encode())
    assert_same(folder, tmp_path / "work")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("child_seen", text) for text in ("01", "+1", "1e0", " 01", "-0")),
        *(("visit_date", text) for text in ("20261101.0", "2.0261101e7")),
        ("age_years", "5e0000"),
    ],
)
def test_a_cell_that_is_another_as_a_number_is_found(name: str, text: str) -> None:
    known = {**TABLES["children"].by_name, **TABLES["visits"].by_name}[name]
    with pytest.raises(NotInPieces):
        require_one_meaning(pd.Series(["", text]), known)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("child_seen", ["1", "0", "1.0", "TRUE", "False", "yes", "是", "?", "", "2"]),
        ("visit_date", ["20261101", "2026-11-01", "inf", "3.5", "2026.11.1"]),
        (
            "age_years",
            ["1", "1.50", "007", "+3", "1e1", "inf", "inf1", "-1", "99999999999999999999"],
        ),
    ],
)
def test_cells_that_mean_the_same_as_numbers_are_cut(name: str, texts: list[str]) -> None:
    known = {**TABLES["children"].by_name, **TABLES["visits"].by_name}[name]
    require_one_meaning(pd.Series(texts), known)


def parquet_county(folder: Path) -> Path:
    """A small county in Parquet."""
    folder.mkdir()
    count = 40
    pd.DataFrame(
        {
            "child_id": [f"C{number}" for number in range(count)],
            "village_id": "V1",
            "birth_date": pd.date_range("2015-01-01", periods=count),
        }
    ).to_parquet(folder / "children.parquet")
    pd.DataFrame(
        {
            "visit_id": [f"N{number}" for number in range(count)],
            "child_id": [f"C{number % 7}" for number in range(count)],
            "visit_date": pd.date_range("2026-09-01", periods=count),
            "note": [f"爷爷打孩子{number}" for number in range(count)],
        }
    ).to_parquet(folder / "visits.parquet")
    return folder


@pytest.mark.parametrize("name", ["children", "visits"])
@pytest.mark.parametrize("at", [20, 200, 400, 800])
def test_a_damaged_parquet_file_is_said_to_be_one(tmp_path: Path, name: str, at: int) -> None:
    pytest.importorskip("pyarrow")
    folder = parquet_county(tmp_path / "county")
    path = folder / f"{name}.parquet"
    data = bytearray(path.read_bytes())
    data[at : at + 40] = bytes(byte ^ 0x5A for byte in data[at : at + 40])
    path.write_bytes(data)
    assert_same(folder, tmp_path / "work")


def test_long_whole_numbers_without_a_sign_stay_ids(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    folder = parquet_county(tmp_path / "county")
    ids = pa.array([2**63 + 1, 2**63 + 2, None, 2**63 + 3], pa.uint64())
    children = {"child_id": ids, "village_id": ["V1"] * 4, "birth_date": ["2015-01-01"] * 4}
    pq.write_table(pa.table(children), folder / "children.parquet", row_group_size=2)
    listed = shipped_screener().rank(Caseload.read(folder), AS_OF).to_frame()["child_id"]
    assert {str(2**63 + number) for number in (1, 2, 3)} <= set(listed)
    assert_same(folder, tmp_path / "work")

"""Folders that are cut into pieces: rows by ranges of bytes, formats, and what is read as a whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipped import shipped_screener

from carescreen.caseload import Caseload
from carescreen.errors import CaseloadError
from carescreen.pieces import rank_folder
from carescreen.pieces.csvrows import NotInPieces, Range, cells_of, ranges_of, rows_in
from carescreen.pieces.homes import Homes
from carescreen.sheet import objects

AS_OF = "2026-11-01"
CELLS = st.text(alphabet='a中,"\n\r 1', max_size=6)


def rows_of(path: Path, size: int) -> list[list[bytes]]:
    """The three cells of every row, range by range."""
    found: list[list[bytes]] = []
    for part in ranges_of(path, b",", size):
        rows = rows_in(path, part, b",")
        columns = cells_of(rows, [0, 1, 2], b",")
        found += [list(cells) for cells in zip(*columns, strict=True)]
    return found


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8),
    size=st.integers(1, 40),
    end=st.sampled_from(["\n", "\r\n"]),
    is_cut=st.booleans(),
)
def test_ranges_give_the_rows_of_a_plain_reader(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    size: int,
    end: str,
    is_cut: bool,
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("one", "two", "three"), *rows])
    written = text.getvalue()
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    path.write_bytes((written.removesuffix(end) if is_cut else written).encode())
    assert rows_of(path, size) == [[cell.encode() for cell in row] for row in rows]


@pytest.mark.parametrize(
    "body", ['1,5" tall,"a note\n2,b,c"\n', "1,a,b\r2,c,d\n", '1,"open,b\n', '1,"a"x"b,c"\n']
)
def test_what_a_reader_could_take_otherwise_is_not_cut(tmp_path: Path, body: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("one,two,three\n" + body, encoding="utf-8", newline="")
    with pytest.raises(NotInPieces):
        rows_of(path, 1000)


def test_a_range_without_the_beginning_of_a_row_has_none(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("one,two,three\n1,a long text,b\n", encoding="utf-8")
    assert len(rows_in(path, Range(18, 22, is_quoted=False), b",")) == 0


def test_households_that_one_child_names_are_held_together() -> None:
    children = objects(["C1", "C2", "C2", "C3", "C4", None, "C4"])
    households = objects(["H1", "H2", "H3", "H3", None, "H9", "H1"])
    homes = Homes.of(children, households, 1)
    one, two, three, four = homes.children.of_ids(objects(["C1", "C2", "C3", "C4"]), homes.count)
    assert (one, two) == (four, three)
    assert one != two
    of_houses = homes.households.of_ids(objects(["H1", "H2", "H3"]), homes.count)
    assert of_houses.tolist() == [one, two, two]
    assert homes.children.of_ids(objects([None]), homes.count).tolist() == [0]


def test_two_ids_of_one_hash_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "carescreen.pieces.homes.hashes_of", lambda ids, key="": np.zeros(len(ids), np.uint64)
    )
    with pytest.raises(NotInPieces):
        Homes.of(objects(["C1", "C2"]), objects(["H1", "H1"]), 10)


# --- folders -------------------------------------------------------------------------------------

CHILDREN = (
    "child_id,village_id,household_id,birth_date,father_status\n"
    "C1,V1,H1,2015-01-01,away_working\n"
    " C2 ,V1,H1,2016-02-03,dead\n"
    'C3,"V,1",H2,2017-03-04,oops\n'
    "\n"
    "C4,V2,,2018-04-05,\n"
)
VISITS = (
    "visit_id,child_id,visit_date,child_seen,note,extra\n"
    'N1,C1,2026-10-01,yes,"孩子一个人在家,\n没有大人",x\n'
    "N1,C3,2026-10-02,no,门锁着,x\n"
    "N2,C9,2026-10-02,yes,Nobody at home,x\n"
    ",C2,2026-10-05,yes,爷爷打孩子,x\n"
    "N4,C2,oops,yes,,x\n"
)


def written(folder: Path, encoding: str = "utf-8", change: Callable[[str], str] = str) -> Path:
    """A small county."""
    folder.mkdir()
    for name, text in (("children", CHILDREN), ("visits", VISITS)):
        (folder / f"{name}.csv").write_bytes(change(text).encode(encoding))
    return folder


FORMS: dict[str, tuple[str, Callable[[str], str], bool]] = {
    "plain": ("utf-8", str, True),
    "with a byte-order mark": ("utf-8-sig", str, True),
    "GB18030": ("gb18030", str, True),
    "lines of Windows": ("utf-8", lambda text: text.replace("\n", "\r\n"), True),
    "no last line end": ("utf-8", lambda text: text.removesuffix("\n"), True),
    "semicolons": ("utf-8", lambda t: t.replace('"V,1"', "V9").replace(",", ";"), True),
    "UTF-16": ("utf-16", str, False),
    "a quote in a cell": ("utf-8", lambda text: text.replace("门锁着", '门"锁"着'), False),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 50])
def test_every_form_of_csv_gives_what_reading_the_whole_gives(
    tmp_path: Path, form: str, size: int
) -> None:
    encoding, change, is_cut = FORMS[form]
    folder, work = written(tmp_path / "county", encoding, change), tmp_path / "work"
    work.mkdir()
    whole = shipped_screener().rank(Caseload.read(folder), AS_OF)
    cut = rank_folder(shipped_screener(), folder, AS_OF, work_folder=work, piece_children=size)
    assert any(work.glob("texts-*")) == is_cut
    assert cut.to_frame().equals(whole.to_frame())
    assert cut.records() == whole.records()
    assert cut.rejected.to_dict("records") == whole.rejected.to_dict("records")
    assert (cut.notices, cut.run) == (whole.notices, whole.run)


@pytest.mark.parametrize("size", [1, 50])
def test_parquet_gives_what_reading_the_whole_gives(tmp_path: Path, size: int) -> None:
    pytest.importorskip("pyarrow")
    folder, work = tmp_path / "county", tmp_path / "work"
    for made in (folder, work):
        made.mkdir()
    children = pd.DataFrame(
        {
            "child_id": pd.array([7, 8, None, 10, 10], dtype="Int64"),
            "village_id": ["V1", "V1", "V2", None, "V2"],
            "household_id": ["H1", "H1", "H2", " H3", "H1"],
            "birth_date": pd.to_datetime(["2015-01-01", None, "2016-02-02", "2017-03-03", None]),
            "caregiver_gambling": [True, None, False, None, None],
        }
    )
    visits = pd.DataFrame(
        {
            "visit_id": ["N1", "N2", "N1", ""],
            "child_id": [7, 8, 10, 11],
            "visit_date": ["2026-10-01", "2026-10-02", "oops", ""],
            "note": ["孩子一个人在家", "", "爷爷打孩子", None],
        }
    )
    children.to_parquet(folder / "children.parquet", row_group_size=2)
    visits.to_parquet(folder / "visits.parquet", index=True)
    whole = shipped_screener().rank(Caseload.read(folder), AS_OF)
    cut = rank_folder(shipped_screener(), folder, AS_OF, work_folder=work, piece_children=size)
    assert any(work.glob("texts-*"))
    assert cut.records() == whole.records()
    assert cut.rejected.to_dict("records") == whole.rejected.to_dict("records")
    assert (cut.notices, cut.run) == (whole.notices, whole.run)


def test_a_mapping_is_applied_to_every_piece(tmp_path: Path) -> None:
    folder, work = tmp_path / "county", tmp_path / "work"
    written(folder, change=lambda text: text.replace("child_id", "编号").replace("yes", "是的"))
    work.mkdir()
    (folder / "mapping.yaml").write_text(
        "tables:\n"
        "  children:\n    columns: {编号: child_id}\n"
        "  visits:\n    columns: {编号: child_id}\n    values:\n      child_seen: {是的: 'yes'}\n",
        encoding="utf-8",
    )
    whole = shipped_screener().rank(Caseload.read(folder), AS_OF)
    cut = rank_folder(shipped_screener(), folder, AS_OF, work_folder=work, piece_children=1)
    assert any(work.glob("texts-*"))
    assert cut.records() == whole.records()
    assert cut.notices == whole.notices


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("C2,oops,yes,,x\n", "C2,oops,yes,,x,y,z\n"),  # a row with too many cells
        ("child_id,visit_date", "kid,visit_date"),  # a table without a column that it must have
    ],
)
def test_errors_are_those_of_reading_the_whole(tmp_path: Path, old: str, new: str) -> None:
    folder = written(tmp_path / "county", change=lambda text: text.replace(old, new))
    with pytest.raises(CaseloadError) as wanted:
        shipped_screener().rank(Caseload.read(folder), AS_OF)
    with pytest.raises(CaseloadError) as found:
        rank_folder(shipped_screener(), folder, AS_OF, work_folder=tmp_path, piece_children=1)
    assert str(found.value) == str(wanted.value)


def test_nobody_known_by_the_day_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "county"
    folder.mkdir()
    (folder / "children.csv").write_text(
        "child_id,village_id,birth_date,recorded_at\nC1,V1,2015-01-01,2027-01-01\n"
    )
    (folder / "visits.csv").write_text("visit_id,child_id,visit_date\n")
    with pytest.raises(CaseloadError, match="no child was known by 2026-11-01: nothing to rank"):
        rank_folder(shipped_screener(), folder, AS_OF, work_folder=tmp_path)


def test_cells_of_short_and_quoted_rows_are_those_of_the_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b'a,b,c\n1,2,3\n4\n"5,5",6\n7,8\r\n,,\n9,"1\n1",2\n3,4,"5\n"\n')
    (part,) = ranges_of(path, b",")
    rows = rows_in(path, part, b",")
    assert cells_of(rows, [0, 1], b",") == [
        [b"1", b"4", b"5,5", b"7", b"", b"9", b"3"],
        [b"2", b"", b"6", b"8", b"", b"1\n1", b"4"],
    ]
    assert cells_of(rows, [2], b",")[0] == [b"3", b"", b"", b"", b"", b"2", b"5\n"]

"""A rewritten table: some cells of one column are blank, and every other byte or cell is as it was."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.errors import OutputError
from carescreen.retention_cells import blank_cells
from carescreen.tables import Table, read_table

HEAD = "visit_id,note,own column\r\n"


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_keeps_every_other_byte_in_any_encoding(tmp_path: Path, codec: str) -> None:
    text = (
        HEAD
        + '1,"昨天，""挨打""了\r\n第二行",=1+1\r\n\r\n2,孩子很好,"甲, 乙"\r\n3,都好，家里整洁,\r\n'
    )
    path = write(tmp_path, "visits.csv", text.encode(codec))
    blank_cells(path, "note", [2, 5])
    wanted = HEAD + '1,"",=1+1\r\n\r\n2,孩子很好,"甲, 乙"\r\n3,,\r\n'
    assert path.read_bytes() == wanted.encode(codec)


def test_csv_of_two_encodings_stays_in_both(tmp_path: Path) -> None:
    one, other = (
        "1,孩子今天在家里写作业,甲\n".encode(),
        "2,孩子在家里吃饭，都好,乙\n".encode("gb18030"),
    )
    third = "3,老人说没有问题,丙\n".encode()
    path = write(tmp_path, "visits.csv", HEAD.encode() + one * 3 + other + third)
    blank_cells(path, "note", [3, 5])
    kept = "1,,甲\n".encode()
    assert path.read_bytes() == (
        HEAD.encode() + one + kept + one + "2,,乙\n".encode("gb18030") + third
    )


@pytest.mark.parametrize("mark", [";", "\t"])
def test_csv_keeps_its_delimiter_and_a_last_line_without_an_end(tmp_path: Path, mark: str) -> None:
    text = f'id{mark}note{mark}x\n1{mark}a,"b{mark}2\n3{mark}"c{mark}d" e{mark}4'
    path = write(tmp_path, "visits.csv", text.encode())
    blank_cells(path, "note", [2, 3])
    assert path.read_text() == f'id{mark}note{mark}x\n1{mark}{mark}2\n3{mark}""{mark}4'


CELLS = st.text(st.sampled_from('ab,"\n\r;= 好\u200f'), max_size=6)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6), data=st.data())
def test_csv_as_any_writer_quotes_it_differs_in_the_blank_cells_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], data: st.DataObject
) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end, quoting=quoting)
    writer.writerows([("id", "note", "x"), *((f"C{n}", *row[1:]) for n, row in enumerate(rows))])
    path = tmp_path_factory.mktemp("cells") / "visits.csv"
    path.write_bytes(file.getvalue().encode())
    before = read_table(path, exact=("id", "note", "x"))
    chosen = data.draw(st.sets(st.sampled_from(range(2, len(rows) + 2))))
    blank_cells(path, "note", chosen)
    after = read_table(path, exact=("id", "note", "x"))
    wanted = {
        row: (name, "" if row in chosen else note, x)
        for row, name, note, x in zip(before.rows.tolist(), *_columns(before), strict=True)
    }
    kept = {row: cells for row, cells in wanted.items() if any(map(str.strip, cells))}
    assert dict(zip(after.rows.tolist(), zip(*_columns(after), strict=True), strict=True)) == kept


def _columns(table: Table) -> list[list[str]]:
    return [list(table.frame[name]) for name in ("id", "note", "x")]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_json_lines_keep_every_other_byte(tmp_path: Path, codec: str) -> None:
    lines = [
        '{"visit_id": "1",  "记录" : "昨天\\"挨打\\"了", "own": {"记录": ["x"], "n": 1.50}}',
        "",
        '{"visit_id":"2","记录":"孩子很好，家里整洁"}',
        ' { "记录" : null , "visit_id" : "3" } ',
        '{"记录": "先前", "visit_id": "4", "记录": "后来的记录"}',
    ]
    path = write(tmp_path, "visits.jsonl", "\n".join(lines).encode(codec))
    blank_cells(path, "记录", [1, 5])
    lines[0] = lines[0].replace('"昨天\\"挨打\\"了"', '""')
    lines[4] = '{"记录": "", "visit_id": "4", "记录": ""}'
    assert path.read_bytes() == "\n".join(lines).encode(codec)


def test_parquet_keeps_types_metadata_row_groups_and_compression(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "visit_id": pa.array([1, 2, None, 4], pa.int64()),
            "note": pa.array(["昨天挨打了", "好", None, "昨天挨打了"]),
            "coded": pa.array(["甲", "乙", "甲", None]).dictionary_encode(),
            "days": pa.array([[1, 2], [], None, [3]]),
            "at": pa.array([0, 1, 2, None], pa.timestamp("us", "Asia/Shanghai")),
        }
    ).replace_schema_metadata({"made by": "the county"})
    path = tmp_path / "visits.parquet"
    pq.write_table(table, path, row_group_size=2, compression="zstd")
    with pq.ParquetFile(path) as file:
        table = file.read()
    blank_cells(path, "note", [1])
    with pq.ParquetFile(path) as file:
        after = file.read()
        assert file.metadata.num_row_groups == 2
        assert file.metadata.row_group(0).column(1).compression == "ZSTD"
    assert after.schema.equals(table.schema, check_metadata=True)
    assert after["note"].to_pylist() == [None, "好", None, "昨天挨打了"]
    for name in ("visit_id", "coded", "days", "at"):
        assert after[name].equals(table[name])
    blank_cells(path, "coded", [1, 3])
    with pq.ParquetFile(path) as file:
        assert file.read()["coded"].to_pylist() == [None, "乙", None, None]
    assert "甲".encode() not in path.read_bytes()


def test_a_workbook_is_left_alone_with_what_to_do_instead(tmp_path: Path) -> None:
    path = tmp_path / "visits.xlsx"
    pd.DataFrame({"visit_id": ["1"], "note": ["好"]}).to_excel(path, index=False)
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"Save its sheet as visits\.csv"):
        blank_cells(path, "note", [2])
    assert path.read_bytes() == before


def test_what_cannot_be_read_back_the_same_is_left_alone(tmp_path: Path) -> None:
    bad = b'{"id": "1", "note": "\xff\xfe\x81"}'
    good = json.dumps({"id": "2", "note": "家里的老人说孩子很好"}, ensure_ascii=False).encode()
    path = write(tmp_path, "visits.jsonl", good + b"\n" + bad)
    with pytest.raises(OutputError, match=r"line 2.*nothing was changed"):
        blank_cells(path, "note", [2])
    assert path.read_bytes() == good + b"\n" + bad
    assert [one.name for one in tmp_path.iterdir()] == ["visits.jsonl"]


def test_a_row_that_held_nothing_but_its_note_is_blank_then(tmp_path: Path) -> None:
    path = write(tmp_path, "visits.csv", "id,note\n1,好\n,只有记录\n2,好\n".encode())
    blank_cells(path, "note", [3])
    assert path.read_text(encoding="utf-8") == "id,note\n1,好\n,\n2,好\n"

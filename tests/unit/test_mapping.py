"""mapping.yaml: foreign file, column and value names; what is wrong in it is said with its line."""

import pandas as pd
import pytest

from carescreen.errors import CaseloadError
from carescreen.mapping import TableMapping, apply_mapping, load_mapping
from carescreen.tables import from_frame

TABLES = ("children", "visits")


def load(folder, text):
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path, TABLES)


def test_a_mapping_names_file_columns_and_values(tmp_path):
    mapping = load(
        tmp_path,
        """
tables:
  visits:
    file: 走访.csv
    columns: {姓名编号: child_id}
    values: {child_seen: {见到: yes, 没见到: no, 不详: null, 1: true}}
""",
    ).of("visits")
    assert mapping.file == "走访.csv"
    assert mapping.columns == {"姓名编号": "child_id"}
    assert mapping.values == {
        "child_seen": {"见到": "yes", "没见到": "no", "不详": "", "1": "true"}
    }


def test_a_table_that_is_not_named_is_read_as_it_stands(tmp_path):
    assert load(tmp_path, "tables: {visits: {}}").of("children") == TableMapping()


BAD = [
    ("table: {}", "unknown key 'table'; did you mean 'tables'?"),
    ("tables: {visit: {}}", "unknown key 'visit'; did you mean 'visits'?"),
    ("tables: {visits: {colums: {a: b}}}", "unknown key 'colums'; did you mean 'columns'?"),
    ("tables: {visits: {columns: [a, b]}}", "wanted a mapping"),
    ("tables: {visits: {columns: {a: child_id, b: child_id}}}", "both mapped to 'child_id'"),
    ("tables: {visits: {columns: {a: null}}}", "has no name of ours"),
    ("tables: {visits: {columns: {a: [b]}}}", "needs one word"),
    ("tables: {visits: {values: {child_seen: yes}}}", "wanted a mapping"),
    ("tables: {visits: {values: [a]}}", "wanted a mapping"),
    ("tables: {visits: {file: ../visits.csv}}", "the name of a file in this folder"),
    ("tables: [visits]", "wanted a mapping"),
    ("tables: {visits: {}, visits: {}}", "duplicate key"),
    ("", "wanted a mapping"),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=[said for _, said in BAD])
def test_a_wrong_mapping_names_the_file_and_the_place(tmp_path, text, said):
    with pytest.raises(CaseloadError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value)
    assert "mapping.yaml:1:" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("table:\n  visits: {}\n", "1:1"),
        ("tables:\n  visit:\n    file: a.csv\n", "2:3"),
        ("tables:\n  visits:\n    colums:\n      a: b\n", "3:5"),
    ],
)
def test_an_unknown_key_is_reported_at_its_own_line(tmp_path, text, place):
    with pytest.raises(CaseloadError, match=f"mapping.yaml:{place}: unknown key"):
        load(tmp_path, text)


def test_messages_name_the_mapping_file_that_was_given_and_end_once(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("tables: {visits: {columns: {编号: child_id}}}", encoding="utf-8")
    mapping = load_mapping(path, TABLES).of("visits")
    table = apply_mapping(from_frame("visits", pd.DataFrame({"编码": ["C1"]})), mapping)
    assert table.notices == ("visits has no column '编号', which other.yaml names.",)
    near = TableMapping(columns={"child": "child_id"})
    table = apply_mapping(from_frame("visits", pd.DataFrame({"childs": ["C1"]})), near)
    assert table.notices[0].endswith("did you mean 'childs'?")


def test_a_mapping_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CaseloadError, match="no such file"):
        load_mapping(tmp_path / "mapping.yaml", TABLES)


def apply(frame, **mapping):
    return apply_mapping(from_frame("visits", pd.DataFrame(frame)), TableMapping(**mapping))


def test_columns_and_values_are_renamed():
    table = apply(
        {"编号": ["C1", "C2", "C3"], "见到": ["是的", "没有", " 其他 "]},
        columns={"编号": "child_id", "见到": "child_seen"},
        values={"child_seen": {"是的": "yes", "没有": "no"}},
    )
    assert list(table.frame) == ["child_id", "child_seen"]
    assert table.frame["child_seen"].tolist() == ["yes", "no", " 其他 "]


def test_each_part_of_a_cell_with_several_values_is_mapped():
    table = apply(
        {"visit_id": list("abcde"), "sites": ["耳、颈", "耳", "耳;x", "x;y", None]},
        values={"sites": {"耳": "ear", "颈": "neck"}},
    )
    assert table.frame["sites"].tolist() == ["ear;neck", "ear", "ear;x", "x;y", ""]


def test_numbers_are_mapped_by_how_they_are_written():
    table = apply({"code": [1, 2, 1]}, values={"code": {"1": "yes", "2": "no"}})
    assert table.frame["code"].tolist() == ["yes", "no", "yes"]


def test_a_column_that_the_file_lacks_is_said_with_a_near_name():
    table = apply({"姓名编码": ["C1"]}, columns={"姓名编号": "child_id"})
    assert "did you mean '姓名编码'?" in table.notices[0]


def test_values_of_an_unknown_column_are_an_error_with_a_near_name():
    with pytest.raises(CaseloadError, match="did you mean 'child_seen'"):
        apply({"child_seen": ["x"]}, values={"child_sen": {"x": "yes"}})


def test_two_columns_may_not_end_up_with_one_name():
    with pytest.raises(CaseloadError, match="remove one of the two"):
        apply({"child_id": ["C1"], "编号": ["C2"]}, columns={"编号": "child_id"})

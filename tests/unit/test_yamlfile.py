"""YAML is read strictly, with positions, and cannot cost more than its own length."""

import pytest

from carescreen.errors import PackError
from carescreen.yamlfile import MAX_BYTES, parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("seen: yes", {"seen": "yes"}),
        ("seen: [no, on, off, y]", {"seen": ["no", "on", "off", "y"]}),
        ("a: true\nb: null\nc: ~\nd:", {"a": True, "b": None, "c": None, "d": None}),
        ("a: 3\nb: -2\nc: 1.5\nd: 1e3", {"a": 3, "b": -2, "c": 1.5, "d": 1000.0}),
        ("article: '21'", {"article": "21"}),
        ("from: 2021-06-01", {"from": "2021-06-01"}),
        ("octal: 0o17", {"octal": "0o17"}),
        ("time: 12:30", {"time": "12:30"}),
        ("- a\n- {b: [c]}", ["a", {"b": ["c"]}]),
        ("text: >-\n  two\n  lines", {"text": "two lines"}),
        ("\ufeffa: 标题", {"a": "标题"}),
        ("", None),
    ],
)
def test_plain_words_stay_what_a_person_wrote(text: str, data: object) -> None:
    assert parse_yaml(text).data == data


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\na: 2", 2, 1, "duplicate key 'a'"),
        ("a:\n  - {b: 1, b: 2}", 2, 12, "duplicate key 'b'"),
        ("a: &x 1\nb: *x", 1, 4, "anchors and aliases"),
        ("a: !!python/object/apply:os.system [id]", 1, 4, "tags are not allowed"),
        ("a: 1\n---\nb: 2", 2, 1, "one document"),
        ("a:\n\tb: 1", 2, 1, "tab"),
        ("[" * 100, 1, 25, "nested deeper"),
        ("{[1]: 2}", 1, 2, "a key must be one word"),
        ("a: [1", 2, 1, ""),
    ],
)
def test_what_is_refused_is_named_with_its_place(
    text: str, line: int, column: int, words: str
) -> None:
    with pytest.raises(PackError) as caught:
        parse_yaml(text, "rules.yaml")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"rules.yaml:{line}:{column}: ")
    assert words in str(caught.value)


def test_every_value_has_its_position() -> None:
    file = parse_yaml("rules:\n  - id: x\n    when: y")
    assert file.positions[("rules", 0, "when")] == (3, 11)
    assert file.error("wrong", "rules", 0, "when").line == 3
    assert file.error("wrong", "rules", 0, "no_such_key").line == 2


def test_an_unknown_key_gets_a_suggestion() -> None:
    file = parse_yaml("titel: x")
    with pytest.raises(PackError, match="unknown key 'titel'; did you mean 'title'"):
        file.require_keys((), {"title", "tier"})


def test_a_deeply_nested_file_is_refused_at_once() -> None:
    """By our own limit, or by the parser's where that comes first."""
    with pytest.raises(PackError, match=r"nested deeper|nesting depth"):
        parse_yaml("[" * 200_000)


def test_a_file_that_is_too_large_missing_or_not_utf8_is_one_clear_error(tmp_path) -> None:
    big = tmp_path / "big.yaml"
    big.write_bytes(b"a" * (MAX_BYTES + 1))
    with pytest.raises(PackError, match="at most"):
        read_yaml(big)
    with pytest.raises(PackError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(PackError, match="found a folder"):
        read_yaml(tmp_path)
    other = tmp_path / "gb.yaml"
    other.write_bytes("a: 中文".encode("gb18030"))
    with pytest.raises(PackError, match="not UTF-8"):
        read_yaml(other)

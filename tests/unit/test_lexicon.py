"""A lexicon's files: how a child pack changes its parent's, and what each mistake is told.

Every error names the file, the line (of a block, the line where its first entry stands) and what is
allowed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from carescreen.errors import PackError
from carescreen.lexicon import concept_places, load_entries, load_lexicon
from carescreen.notes import NoteReader
from carescreen.pack import Pack

PACK = "format: carescreen-pack/1\nid: {id}\nversion: 0.1.0\ntitle: {{en: S, zh: 小}}\n"

CONCEPTS = """\
concepts:
  - id: harm
    title: {en: Harm, zh: 伤害}
    polarity: risk
    severity: high
    subject: child
    note_limit: urgent
    note_limit_when: {visits: 2}
    answered_by: {indicator: seen, value: no}
  - {id: care, title: {en: Care, zh: 照顾}, polarity: protective, severity: none, subject: child}
"""

LEXICON = """\
format: carescreen-lexicon/1
language: zh
classes:
  by: [被, 遭]
shields: [打工]
concepts:
  harm:
    phrases: [挨打]
    lasting: [去世]
    patterns:
      - ["{by}", 0-3, "打|揍"]
    exclusions: [打球]
cues:
  no:
    status: negated
    side: before
    reach: 5
    commas: stop
    words: [没有]
    concepts: [harm]
stops:
  all: [但是]
"""


def write(folder: Path, lexicon: str = LEXICON, concepts: str = CONCEPTS, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pack.yaml").write_text(PACK.format(id=folder.name) + more, encoding="utf-8")
    if concepts:
        (folder / "concepts.yaml").write_text(concepts, encoding="utf-8")
    (folder / "lexicon.zh.yaml").write_text(lexicon, encoding="utf-8")
    return folder


def write_child(tmp_path: Path, lexicon: str) -> Path:
    write(tmp_path / "base_words")
    header = "format: carescreen-lexicon/1\nlanguage: zh\n"
    return write(tmp_path / "local", header + lexicon, "", f"extends: {tmp_path / 'base_words'}\n")


def said(reader: NoteReader, note: str) -> list[tuple[str, str, str]]:
    rows = reader.read([note]).itertuples()
    return [(row.concept, row.status, note[row.start : row.end]) for row in rows]


def test_a_small_lexicon_reads_notes(tmp_path: Path) -> None:
    reader = NoteReader.load(write(tmp_path / "small"))
    assert said(reader, "他没有挨打，但是被人揍了") == [
        ("harm", "negated", "挨打"),
        ("harm", "affirmed", "被人揍"),
    ]
    assert said(reader, "他遭人打球") == []
    assert said(reader, "去打工被问") == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("carescreen-lexicon/1", "carescreen-lexicon/9", 1, "this version reads 'carescreen-lex"),
        ("language: zh", "language: en", 2, "language is 'en'; the file is for 'zh'"),
        ("stops:", "stop:", 21, "unknown key 'stop'; did you mean 'stops'?"),
        ("  harm:", "  harms:", 7, "concept 'harms' is not in concepts.yaml; did you mean 'harm'"),
        ("phrases:", "phrase:", 8, "unknown key 'phrase'; did you mean 'phrases'?"),
        ("[挨打]", "挨打", 8, "wanted a list"),
        ("[挨打]", "[110]", 8, "wanted a word or phrase of 1 to 60 characters; quote it if"),
        ("[挨打]", '[" "]', 8, "wanted a word or phrase of 1 to 60 characters"),
        ("[挨打]", f"[{'打' * 61}]", 8, "wanted a word or phrase of 1 to 60 characters"),
        ("[挨打]", "[[挨打]]", 8, "wanted a word or phrase of 1 to 60 characters"),
        ("[挨打]", "[𠮶打]", 8, "'𠮶打' has a character beyond U+FFFE"),
        ('["{by}", 0-3, "打|揍"]', "挨揍", 11, "a pattern is a list: part, gap, part …"),
        ('["{by}", 0-3, "打|揍"]', '["{by}", 0-3]', 11, "a pattern is a list: part, gap, part …"),
        ("0-3", "3", 11, "a gap is written 0-8, at most 60; found '3'"),
        ("0-3", "5-3", 11, "a gap is written 0-8, at most 60; found '5-3'"),
        ("0-3", "0-61", 11, "a gap is written 0-8, at most 60; found '0-61'"),
        ("{by}", "{bye}", 11, "no word class {bye}; did you mean 'by'?"),
        ("打|揍", "打||揍", 11, "wanted a word or phrase of 1 to 60 characters"),
        ('"打|揍"', "[打, 揍]", 11, "a part is a text, 打|揍 or {class}; quote a number"),
        ("negated", "denied", 15, "status is 'denied'; allowed: other, hypothetical, negated"),
        ("before", "left", 16, "side is 'left'; allowed: before, after"),
        ("reach: 5", "reach: 0", 17, "reach wants a number of characters from 1 to 1000"),
        ("reach: 5", "reach: true", 17, "reach wants a number of characters from 1 to 1000"),
        ("commas: stop", "commas: go", 18, "commas is 'go'; allowed: stop, list, pass"),
        ("    side: before\n", "", 15, "missing key 'side'"),
        ("concepts: [harm]", "concepts: [harm, cares]", 20, "no concept 'cares'; did you mean"),
        ("concepts: [harm]", "concepts: harm", 20, "wanted a list"),
        ("  all:", "  every:", 22, "stops are by status or 'all'; found 'every'"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_lexicon_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert LEXICON.count(old) == 1
    folder = write(tmp_path / "small", LEXICON.replace(old, new))
    with pytest.raises(PackError) as error:
        NoteReader.load(folder)
    assert error.value.path == folder / "lexicon.zh.yaml"
    assert error.value.line == line
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("- id: harm", "- id: care", 10, "concept 'care' is declared twice"),
        ("- id: harm", "- id: 7", 2, "id wants a word"),
        ("{en: Harm, zh: 伤害}", "{en: Harm}", 3, "title needs both languages: {en: …, zh: …}"),
        ("{en: Harm, zh: 伤害}", "Harm", 3, "title needs both languages: {en: …, zh: …}"),
        ("polarity: risk", "polarity: bad", 4, "polarity is 'bad'; allowed: risk, protective"),
        ("severity: high", "severity: huge", 5, "allowed: critical, high, medium, low, none"),
        ("    note_limit: urgent\n", "", 7, "note_limit_when needs a note_limit"),
        ("visits: 2", "visits: 0", 8, "visits wants a whole number above 0"),
        ("value: no}", "value: 0}", 9, "value wants a word; quote a number"),
        (", value: no", "", 9, "missing key 'value'"),
    ],
)
def test_a_mistake_in_the_concepts_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    folder = write(tmp_path / "small", concepts=CONCEPTS.replace(old, new))
    with pytest.raises(PackError) as error:
        NoteReader.load(folder)
    assert error.value.path == folder / "concepts.yaml"
    assert error.value.line == line
    assert message in str(error.value)


def test_a_child_pack_adds_removes_and_replaces_words(tmp_path: Path) -> None:
    folder = write_child(
        tmp_path,
        """\
classes: {by: {add: [挨]}}
shields: []
concepts:
  harm: {phrases: {remove: [挨打], add: [吃棍子]}}
  care: {phrases: [有人带]}
cues:
  no: {words: {add: [莫得]}, reach: 2}
""",
    )
    harm = load_lexicon(Pack.load(folder)).languages[0].concepts["harm"]
    assert harm.phrases == ("吃棍子",)
    assert harm.patterns[0].parts == (("被", "遭", "挨"), ("打", "揍"))
    reader = NoteReader.load(folder)
    assert said(reader, "莫得吃棍子，有人带") == [
        ("harm", "negated", "吃棍子"),
        ("care", "affirmed", "有人带"),
    ]
    assert said(reader, "没有在家吃棍子") == [("harm", "negated", "吃棍子")]
    assert said(reader, "没有在家里吃棍子") == [("harm", "affirmed", "吃棍子")]
    assert said(reader, "被打工") == [("harm", "affirmed", "被打")]


@pytest.mark.parametrize(
    ("lexicon", "line", "message"),
    [
        ("shields:\n  remove:\n    - 打扫\n", 5, "'打扫' is not in the parent's list"),
        ("concepts:\n  harm:\n    patterns:\n      add:\n        - [打, x, 揍]\n", 7, "found 'x'"),
        ("shields: {append: [打扫]}\n", 3, "unknown key 'append'; allowed: add, remove"),
        ("cues:\n  never: {words: [从不]}\n", 4, "missing key 'commas'"),
    ],
)
def test_a_mistake_in_a_child_pack_is_told_in_its_own_file(
    tmp_path: Path, lexicon: str, line: int, message: str
) -> None:
    folder = write_child(tmp_path, lexicon)
    with pytest.raises(PackError) as error:
        NoteReader.load(folder)
    assert error.value.path == folder / "lexicon.zh.yaml"
    assert error.value.line == line
    assert message in str(error.value)


def test_a_mistake_in_the_parent_is_told_in_the_parents_file(tmp_path: Path) -> None:
    folder = write_child(tmp_path, "concepts:\n  harm:\n    patterns: {add: [[打, 0-1, 他]]}\n")
    write(tmp_path / "base_words", LEXICON.replace("0-3", "0-99"))
    with pytest.raises(PackError, match=r"base_words.lexicon\.zh\.yaml:11:\d+: a gap is written"):
        NoteReader.load(folder)


# -- nothing that stands in a file gets past the loader as a Python error ---------------------------

WRONG: list[Any] = [None, 3, True, 1.5, "x", "", [], {}, [[]], [{}], ["y"], [3]]
WRONG += [{"add": 3}, {"remove": ["q"]}, {"q": 1}]


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(value, (*at, key))


def changed(root: Any, at: tuple[Any, ...], value: Any) -> str:
    root = copy.deepcopy(root)
    node = root
    for key in at[:-1]:
        node = node[key]
    node[at[-1]] = value
    return yaml.dump(root, Dumper=yaml.CSafeDumper, allow_unicode=True)


def loads_or_is_a_pack_error(folder: Path) -> None:
    try:
        NoteReader.load(folder).read(["没有挨打，但是被打"])
    except PackError as error:
        assert error.line
        assert error.path


@pytest.mark.parametrize("value", WRONG, ids=str)
def test_any_value_in_any_place_loads_or_is_a_pack_error(tmp_path: Path, value: Any) -> None:
    concepts = yaml.safe_load(CONCEPTS.replace("value: no", 'value: "no"'))
    for at in places(concepts):
        text = changed(concepts, at, value)
        loads_or_is_a_pack_error(write(tmp_path / "small", concepts=text))
    lexicon = yaml.safe_load(LEXICON)
    for at in places(lexicon):
        loads_or_is_a_pack_error(write(tmp_path / "small", changed(lexicon, at, value)))


# -- where each word stands --------------------------------------------------------------------------


def test_every_word_of_a_merged_lexicon_says_its_file_and_line(tmp_path: Path) -> None:
    child = write_child(
        tmp_path,
        """\
concepts:
  harm:
    phrases:
      add: [挨揍]
      remove: [挨打]
    lasting: []
""",
    )
    pack = Pack.load(child)
    entries = load_entries(pack)["zh"]
    lists = entries.lists
    of_child = child / "lexicon.zh.yaml"
    of_parent = tmp_path / "base_words" / "lexicon.zh.yaml"
    placed = {
        key: [(entry.value, entry.place) for entry in lists[key]]
        for key in (("concepts", "harm", "phrases"), ("concepts", "harm", "lasting"), ("shields",))
    }
    assert placed == {
        ("concepts", "harm", "phrases"): [("挨揍", f"{of_child}:6")],
        ("concepts", "harm", "lasting"): [],
        ("shields",): [("打工", f"{of_parent}:5")],
    }
    assert lists["concepts", "harm", "patterns"][0].place == f"{of_parent}:11"
    assert entries.places["classes", "by"] == f"{of_parent}:4"
    assert entries.places["concepts", "harm", "lasting"] == f"{of_child}:8"
    assert concept_places(pack)["care"] == f"{tmp_path / 'base_words' / 'concepts.yaml'}:10"

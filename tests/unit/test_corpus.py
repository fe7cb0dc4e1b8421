"""Annotated notes: what is read from a file, and what each mistake is told without the note's words."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carescreen.corpus import Annotation, Corpus, read_corpus
from carescreen.errors import CorpusError

CONCEPTS = ("harm", "neglect", "guardian_lost")
NOTE = "zh\t奶奶说[[harm|negated:没有人打他]]，可是[[neglect|affirmed:晚上没人管]]。\n"
SECRET = "小石头住桥东"  # stands in each wrong note; no message may hold it


def file_of(folder: Path, text: str | bytes, name: str = "voice.tsv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def words_of(corpus: Corpus) -> list[list[tuple[str, str, str]]]:
    return [
        [(m.concept, m.status, note.text[m.start : m.end]) for m in note.mentions]
        for note in corpus.notes
    ]


def test_tags_become_annotations_of_the_text_without_them(tmp_path: Path) -> None:
    path = file_of(
        tmp_path, "# an old worker, spoken\n# CC0\n" + NOTE + "zh\t下雨。\n", "zh-old.tsv"
    )
    corpus = read_corpus(path, CONCEPTS)
    first, second = corpus.notes
    assert first.text == "奶奶说没有人打他，可是晚上没人管。"
    assert first.mentions == (
        Annotation("harm", "negated", 3, 8),
        Annotation("neglect", "affirmed", 11, 16),
    )
    assert (first.writer, first.language, first.file, first.line) == ("zh-old", "zh", path, 3)
    assert (second.mentions, second.place) == ((), f"{path}:4")
    assert corpus.about == {"zh-old": ("an old worker, spoken", "CC0")}


@pytest.mark.parametrize("change", [str, lambda text: "\ufeff" + text.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path, change) -> None:
    path = file_of(tmp_path, change("# about\n" + NOTE + "\n" + NOTE))
    corpus = read_corpus(path, CONCEPTS)
    assert [note.line for note in corpus.notes] == [2, 4]
    assert corpus.notes[0].text.endswith("没人管。")


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    path = file_of(tmp_path, "zh\t一\u2028二\x85三\nen\tfour\n")
    assert [note.text for note in read_corpus(path, CONCEPTS).notes] == ["一\u2028二\x85三", "four"]


def test_a_folder_is_read_in_the_order_of_its_files(tmp_path: Path) -> None:
    file_of(tmp_path, "zh\t二\n", "zh-b.tsv")
    file_of(tmp_path, "en\tone\n", "en-a.tsv")
    file_of(tmp_path, "not a corpus", "README.md")
    file_of(tmp_path, "half-written", ".en-a.tsv")
    line = {"lang": "zh", "text": "三", "mentions": []}
    file_of(tmp_path, json.dumps(line), "zh-c.jsonl")
    notes = read_corpus(tmp_path, CONCEPTS).notes
    assert [(note.writer, note.text) for note in notes] == [
        ("en-a", "one"),
        ("zh-b", "二"),
        ("zh-c", "三"),
    ]
    files = [tmp_path / "zh-b.tsv", str(tmp_path / "zh-c.jsonl")]
    assert read_corpus(files, CONCEPTS).notes == notes[1:]


def test_json_lines_give_places_or_words(tmp_path: Path) -> None:
    mentions = [
        {"concept": "neglect", "status": "affirmed", "evidence": "没人管"},
        {"concept": "neglect", "status": "past", "evidence": "没人管"},
        {"concept": "harm", "status": "negated", "start": 0, "end": 2},
    ]
    line = {"id": "x1", "lang": "zh", "text": "挨打，没人管，又没人管", "mentions": mentions}
    corpus = read_corpus(file_of(tmp_path, json.dumps(line), "a.jsonl"), CONCEPTS)
    assert corpus.notes[0].mentions == (
        Annotation("harm", "negated", 0, 2),
        Annotation("neglect", "affirmed", 3, 6),
        Annotation("neglect", "past", 8, 11),
    )


def test_in_json_lines_two_concepts_may_share_words(tmp_path: Path) -> None:
    same = [
        {"concept": name, "status": "affirmed", "evidence": "爸爸走了"}
        for name in ("harm", "guardian_lost")
    ]
    line = {"lang": "zh", "text": "爸爸走了", "mentions": same}
    corpus = read_corpus(file_of(tmp_path, json.dumps(line), "a.jsonl"), CONCEPTS)
    assert {(m.start, m.end) for m in corpus.notes[0].mentions} == {(0, 4)}


TAG = "wanted [[concept|status:words]]"
NO_PLACE = "wanted start and end in the note: 0 <= start < end <= its length"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"zh {SECRET}", "wanted a language, a tab and a note; found no tab"),
        (f"zh\t{SECRET}\t二", "wanted a language, a tab and a note; found a second tab"),
        (f"cn\t{SECRET}", "wanted a language, zh or en; found 'cn'"),
        (f"{SECRET}\t二", "wanted a language, zh or en; found something else"),
        ("zh\t ", "the note has no text"),
        (f"zh\t{SECRET}[[harms|affirmed:打]]", "no concept 'harms'; did you mean 'harm'?"),
        (f"zh\t[[{SECRET}|affirmed:打]]", f"wanted a concept, found what cannot be one; {TAG}"),
        (f"zh\t{SECRET}[[harm|denied:打]]", "no status 'denied'; allowed: other, hypothetical, neg"),
        (f"zh\t{SECRET}[[harm|negate:打]]", "no status 'negate'; did you mean 'negated'?"),
        (f"zh\t[[harm|{SECRET}:打]]", f"wanted a status, found what cannot be one; {TAG}"),
        (f"zh\t[[harm|past:{SECRET}[[neglect|past:打]]]]", "'[[' inside a tag that is still open"),
        (f"zh\t[[harm|past:{SECRET}", "'[[' without a ']]' after it"),
        (f"zh\t{SECRET}]]", "']]' without a '[[' before it"),
        (f"zh\t[[{SECRET}]]", f"a tag without '|' after the concept; {TAG}"),
        (f"zh\t[[harm|{SECRET}]]", f"a tag without ':' after the status; {TAG}"),
        (f"zh\t[[harm|past：{SECRET}]]", f"a tag without ':' after the status; {TAG}"),
        (f"zh\t{SECRET}[[harm|past: ]]", f"a tag without words; {TAG}"),
        (f"zh\t[harm|past:{SECRET}]", f"a tag with one bracket, or none; {TAG}"),
        (f"zh\tharm|past:{SECRET}", f"a tag with one bracket, or none; {TAG}"),
        (f"zh\t一\n# {SECRET}", "wanted a language, a tab and a note; found no tab"),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_named_and_its_words_are_not_shown(
    tmp_path: Path, line: str, message: str
) -> None:
    path = file_of(tmp_path, "# about\nzh\t下雨。\n" + line + "\n")
    with pytest.raises(CorpusError) as caught:
        read_corpus(path, CONCEPTS)
    assert str(caught.value).startswith(f"{path}:{3 + line.count(chr(10))}: {message}")
    assert SECRET not in str(caught.value)
    assert caught.value.exit_code == 3


def one(**values: object) -> str:
    mention = {"concept": "harm", "status": "past", **values}
    return json.dumps({"lang": "zh", "text": SECRET, "mentions": [mention]})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"lang": "zh"', "not JSON at character 14: Expecting ',' delimiter"),
        ("[" * 100_000, "not JSON that can be read"),
        ("[]", "wanted a note as an object with lang, text, mentions"),
        ('{"lang": "zh", "text": "一"}', "a note lacks 'mentions'"),
        ('{"lang": "zh", "txt": "一"}', "a note has a key that is not known 'txt'; did you mean 'text'"),
        (f'{{"{SECRET}": 1}}', "a note has a key that is not known"),
        ('{"lang": "zh", "text": 1, "mentions": []}', "wanted a text, and a list of mentions"),
        ('{"lang": ["zh"], "text": "一", "mentions": []}', "wanted a language, zh or en; found some"),
        ('{"lang": "zh", "text": "\\ud83d", "mentions": []}', "half a character (a lone surrogate)"),
        ('{"lang": "zh", "text": "一", "mentions": [1]}', "wanted a mention as an object"),
        (one(evidence="别处的词"), "evidence wants the exact words of the note; found them nowhere"),
        (one(evidence=" "), "wanted evidence: the exact words of the note"),
        (one(evidence=SECRET, start=0), "a mention has start and end, or evidence; found both"),
        (one(), NO_PLACE),
        (one(start=0, end=7), NO_PLACE),
        (one(start=2, end=2), NO_PLACE),
        (one(start=False, end=2), NO_PLACE),
        (one(start=0, end=2, concept=["harm"]), "wanted a concept, found what cannot be one"),
        (one(start=0, end=2, concept=None), "wanted a concept, found what cannot be one"),
    ],
)  # fmt: skip
def test_an_object_that_is_wrong_is_named_and_its_words_are_not_shown(
    tmp_path: Path, line: str, message: str
) -> None:
    path = file_of(tmp_path, line, "a.jsonl")
    with pytest.raises(CorpusError) as caught:
        read_corpus(path, CONCEPTS)
    assert str(caught.value).startswith(f"{path}:1: {message}")
    assert SECRET not in str(caught.value)


def test_mentions_of_one_concept_do_not_overlap(tmp_path: Path) -> None:
    mentions = [{"concept": "harm", "status": "past", "start": at, "end": at + 2} for at in (0, 1)]
    line = json.dumps({"lang": "zh", "text": SECRET, "mentions": mentions})
    with pytest.raises(CorpusError, match="two mentions of harm overlap; cut or drop one"):
        read_corpus(file_of(tmp_path, line, "a.jsonl"), CONCEPTS)


def test_a_file_named_after_a_language_holds_no_other(tmp_path: Path) -> None:
    path = file_of(tmp_path, "en\thello\n", "zh-old.tsv")
    with pytest.raises(CorpusError, match="the file is named as one of 'zh', and the note is 'en'"):
        read_corpus(path, CONCEPTS)


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = file_of(tmp_path, "zh\t一\n".encode() + "zh\t下雨".encode("gb18030"))
    with pytest.raises(CorpusError, match=":2: not UTF-8 at byte 10 of the file; save the file as"):
        read_corpus(path, CONCEPTS)
    surrogate = file_of(tmp_path, b"zh\t\xed\xa0\xbd\n", "half.tsv")
    with pytest.raises(CorpusError, match=":1: not UTF-8 at byte 3"):
        read_corpus(surrogate, CONCEPTS)


def test_paths_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path, message in [
        (tmp_path, "no file in this folder ends in .tsv or .jsonl"),
        (tmp_path / "no.tsv", "no such file"),
        (tmp_path / "notes.csv", "wanted a folder, or a file that ends in .tsv or .jsonl"),
    ]:
        with pytest.raises(CorpusError) as caught:
            read_corpus(path, CONCEPTS)
        assert str(caught.value) == f"{path}: {message}"
    path = file_of(tmp_path, NOTE)
    with pytest.raises(CorpusError, match="the file is given twice"):
        read_corpus([path, tmp_path], CONCEPTS)


def test_the_words_of_a_note_are_not_in_its_representation(tmp_path: Path) -> None:
    corpus = read_corpus(file_of(tmp_path, NOTE), CONCEPTS)
    assert "奶奶" not in repr(corpus) + repr(corpus.notes[0])


LETTERS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="[]|\t\n\r"), min_size=1
)
TAGS = st.tuples(st.sampled_from(CONCEPTS), st.sampled_from(["past", "affirmed"]), LETTERS)
PIECES = st.lists(st.one_of(LETTERS, TAGS), min_size=1).filter(
    lambda pieces: all((p[2] if isinstance(p, tuple) else p).strip() for p in pieces)
)


@given(notes=st.lists(PIECES, min_size=1, max_size=5))
def test_whatever_is_written_in_tags_is_read_back(tmp_path_factory, notes) -> None:
    def tagged(piece: str | tuple[str, str, str]) -> str:
        return piece if isinstance(piece, str) else f"[[{piece[0]}|{piece[1]}:{piece[2]}]]"

    lines = ["en\t" + "".join(map(tagged, pieces)) for pieces in notes]
    path = file_of(tmp_path_factory.mktemp("corpus"), "\n".join(lines))
    corpus = read_corpus(path, CONCEPTS)
    plain = [[p if isinstance(p, str) else p[2] for p in pieces] for pieces in notes]
    assert [note.text for note in corpus.notes] == ["".join(pieces) for pieces in plain]
    assert words_of(corpus) == [[p for p in pieces if isinstance(p, tuple)] for pieces in notes]

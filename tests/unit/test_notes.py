"""The note reader: the same as a plain one, exact about places, and clear about what it refuses.

What it makes of sentences is in tests/spec/note_statuses.yaml; other lexicons are in
tests/unit/test_notes_any_lexicon.py; how a lexicon is loaded, in tests/unit/test_lexicon.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen import notes as notes_module
from carescreen.errors import CaseloadError, UsageError
from carescreen.lexicon import ConceptWords, Pattern
from carescreen.notes import COLUMNS, NoteReader, clause_of, mark, read_file
from carescreen.traditional import to_simplified
from tests.unit.plain_notes import PlainReader, fold

READER = NoteReader.load("base")
PLAIN = PlainReader(READER.lexicon)
CORPUS = Path(__file__).parents[3] / "shared" / "gold" / "corpus"
TAG = re.compile(r"\[\[[a-z_]+\|[a-z]+:(.*?)\]\]")
Row = tuple[str, str, int, int, str, int, int]

# -- notes put together from the lexicon's own words ----------------------------------------------

LANGUAGES = READER.lexicon.languages
CONCEPT_WORDS: list[ConceptWords] = [w for one in LANGUAGES for w in one.concepts.values()]
CUE_SETS = [cues for one in LANGUAGES for cues in one.cues]
PATTERNS: list[Pattern] = [p for one in [*CONCEPT_WORDS, *CUE_SETS] for p in one.patterns]
PHRASES = [word for one in CONCEPT_WORDS for word in (*one.phrases, *one.lasting)]
KINDS = [
    PHRASES,
    [word for one in CONCEPT_WORDS for word in one.exclusions],
    [word for one in CUE_SETS for word in one.words],
    [word for one in LANGUAGES for stops in one.stops.values() for word in stops],
    [word for one in LANGUAGES for word in one.shields],
]
FILLER = [
    *"，。？！；、（）的了他说x-?.,\n\u3000\x01",
    ", ",
    ". ",
    "3.5",
    "his ",
    "the ",
    "😀",
    "𠮶",
]
TO_TRADITIONAL = {simple: traditional for traditional, simple in to_simplified().items()}


def in_traditional(text: str) -> str:
    return "".join(TO_TRADITIONAL.get(character, character) for character in text)


def in_full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@st.composite
def pattern_in_words(draw: st.DrawFn) -> str:
    """A pattern's parts with something between them, often too much."""
    pattern = draw(st.sampled_from(PATTERNS))
    gaps = st.lists(st.sampled_from(FILLER), max_size=3).map("".join)
    first, *others = (draw(st.sampled_from(part)) for part in pattern.parts)
    return first + "".join(draw(gaps) + word for word in others)


PIECES = st.one_of(*map(st.sampled_from, [*KINDS, FILLER]), pattern_in_words())
DISGUISES: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [str, str, str.upper, in_traditional, in_full_width]
)
GLUE = st.sampled_from(["", "", "，", " ", ", ", "。"])


@st.composite
def a_note(draw: st.DrawFn) -> str:
    pieces = st.tuples(DISGUISES, PIECES, GLUE).map(lambda made: made[0](made[1]) + made[2])
    return "".join(draw(st.lists(pieces, max_size=14)))


def rows_of(frame: pd.DataFrame) -> list[Row]:
    return list(frame[list(COLUMNS[1:])].itertuples(index=False, name=None))


def plainly(note: str) -> list[Row]:
    return [
        (m.concept, m.status, m.start, m.end, m.found_by, m.cue_start, m.cue_end)
        for m in PLAIN.read(note)
    ]


# -- the same as a plain reader -------------------------------------------------------------------


@settings(max_examples=max(150, settings().max_examples))
@given(a_note())
def test_the_fast_reader_finds_what_the_plain_one_finds(note: str) -> None:
    assert rows_of(READER.read([note])) == plainly(note)


@given(a_note(), st.data())
def test_a_given_span_has_the_status_that_the_plain_reader_gives(
    note: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(note)))
    end = data.draw(st.integers(start, len(note)))
    concept = data.draw(st.sampled_from([None, *READER.concepts]))
    given_status = READER.status([note], [start], [end], [concept])[0]
    assert given_status == PLAIN.status(note, start, end, concept)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the annotated corpus is not on this machine")
def test_both_readers_agree_on_the_corpus() -> None:
    lines = [
        line.split("\t", 1)[1]
        for path in sorted(CORPUS.glob("w[0-9].tsv"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    texts = [TAG.sub(r"\1", line) for line in lines[::12]]  # all of them take half a minute
    found = READER.read(texts)
    for number, text in enumerate(texts):
        assert rows_of(found[found["note"] == number]) == plainly(text)


def test_every_phrase_alone_is_read_alike() -> None:
    some = PHRASES[::40]
    found = READER.read(some)
    for number, phrase in enumerate(some):
        assert rows_of(found[found["note"] == number]) == plainly(phrase)


# -- many notes at once ---------------------------------------------------------------------------


@given(st.lists(a_note(), max_size=6), st.sampled_from([1, 7, 40, 1000]))
def test_how_notes_are_cut_into_blocks_changes_nothing(texts: list[str], block: int) -> None:
    together = READER.read(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notes_module, "BLOCK", block)
        pd.testing.assert_frame_equal(READER.read(texts), together)


@given(st.lists(a_note(), max_size=6))
def test_a_note_among_others_says_what_it_says_alone(texts: list[str]) -> None:
    together = READER.read(texts)
    for number, text in enumerate(texts):
        assert rows_of(together[together["note"] == number]) == rows_of(READER.read([text]))


@given(st.lists(a_note(), min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=12))
def test_a_text_that_several_notes_have_says_the_same_in_each(
    texts: list[str], picks: list[int]
) -> None:
    texts = [texts[pick % len(texts)] for pick in picks]
    found = READER.find(texts)
    alone = [READER.find([text]) for text in texts]
    assert found.note.tolist() == [at for at, one in enumerate(alone) for _ in one.note]
    for name in ("concept", "status", "start", "end", "found_by", "cue_start", "cue_end"):
        values = [value for one in alone for value in getattr(one, name).tolist()]
        assert getattr(found, name).tolist() == values
        assert getattr(found, name).dtype == getattr(READER.find(["x"]), name).dtype


def test_no_word_no_cue_and_no_pattern_runs_from_one_note_into_the_next() -> None:
    found = READER.read(["没有发现", "被打", "爸爸用皮", "带抽他", "no sign of", "bruises"])
    assert found[["note", "concept", "status"]].values.tolist() == [
        [1, "physical_abuse", "affirmed"],
        [3, "physical_abuse", "affirmed"],
        [5, "injury_unexplained", "affirmed"],
    ]


def test_mentions_come_by_note_start_end_and_concept() -> None:
    texts = ["他被打，没人管，不想活", "", "Nobody feeds her. He is bullied."]
    found = READER.read(texts)
    order = list(READER.concepts)
    keys = [(r.note, r.start, r.end, order.index(r.concept)) for r in found.itertuples()]
    assert keys == sorted(keys)
    assert found["note"].tolist() == [0, 0, 0, 2, 2, 2]


# -- places ---------------------------------------------------------------------------------------


@given(a_note())
def test_spans_and_cues_lie_in_the_note_and_no_cue_overlaps_a_phrase(note: str) -> None:
    for _, _, start, end, found_by, cue_start, cue_end in rows_of(READER.read([note])):
        assert 0 <= start < end <= len(note)
        assert (cue_start, cue_end) == (-1, -1) or 0 <= cue_start < cue_end <= len(note)
        if found_by == "phrase":
            assert cue_end <= start or cue_start >= end


@pytest.mark.parametrize(
    ("note", "words", "cue"),
    [
        ("没有发现被打", "被打", "没有发现"),
        ("😀😀没有发现被打😀", "被打", "没有发现"),
        ("𠮶娃儿👨‍👩‍👧没有發現被打", "被打", "没有發現"),
        ("\ud800没有发现被打", "被打", "没有发现"),
        ("🙂 NO SIGN OF Ｂｒｕｉｓｅｓ", "Ｂｒｕｉｓｅｓ", "NO SIGN OF"),
        ("e\u0301 no\u3000sign\u00a0of bruises", "bruises", "no\u3000sign\u00a0of"),
    ],
)
def test_offsets_are_code_points_with_the_end_exclusive(note: str, words: str, cue: str) -> None:
    (found,) = READER.read([note]).itertuples()
    assert note[found.start : found.end] == words
    assert note[found.cue_start : found.cue_end] == cue
    assert found.status == "negated"


@pytest.mark.parametrize("note", ["thesti", "sticky", "assti", "stis", "ésti", "sti9"])
def test_latin_words_match_whole_words_only(note: str) -> None:
    assert READER.read([note]).empty
    assert READER.read(["an sti"])["concept"].tolist() == ["sexual_abuse"]


def test_an_excluded_concept_hides_no_other() -> None:
    # 挨 … 打 is a pattern of physical abuse around 挨骂, but 没有人打 says that it is not meant
    assert rows_of(READER.read(["挨骂没有人打"])) == [
        ("emotional_abuse", "affirmed", 0, 2, "phrase", -1, -1)
    ]


# -- what notes may be ----------------------------------------------------------------------------


def test_nothing_is_read_from_missing_notes_and_digits_from_numbers() -> None:
    texts = [None, float("nan"), pd.NA, pd.NaT, "", "   ", 110, 3.5, "被打"]
    found = READER.read(texts)
    assert found["note"].tolist() == [8]
    pd.testing.assert_frame_equal(READER.read(pd.Series(texts, dtype=object)), found)
    pd.testing.assert_frame_equal(READER.read(np.array(texts, dtype=object)), found)


def test_no_notes_give_a_table_with_the_same_columns_and_types() -> None:
    empty, some = READER.read([]), READER.read(["被打"])
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == some.dtypes.to_dict()
    assert list(empty.columns) == list(COLUMNS)


def test_one_text_instead_of_a_list_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"found one text; put it in a list: \[note\]"):
        READER.read("被打")
    with pytest.raises(UsageError, match=r"put it in a list"):
        READER.status("被打", [0], [2])


# -- spans that someone else found ----------------------------------------------------------------


LASTING = {fold(word) for words in CONCEPT_WORDS for word in words.lasting}


@given(a_note())
def test_the_status_of_a_phrase_of_the_reader_is_the_one_it_read(note: str) -> None:
    # A pattern's cue may stand between its parts, and a span that holds a phrase of a lasting state
    # counts as lasting, whatever longer phrase it is.
    mine = [row for row in READER.read([note]).itertuples() if row.found_by == "phrase"]
    words = {row.Index: fold(note[row.start : row.end]) for row in mine}
    mine = [row for row in mine if not any(word in words[row.Index] for word in LASTING)]
    starts, ends = [row.start for row in mine], [row.end for row in mine]
    status = READER.status([note] * len(mine), starts, ends, [row.concept for row in mine])
    assert status.tolist() == [row.status for row in mine]


def test_a_grown_up_as_the_subject_of_a_childs_concept_is_other() -> None:
    note = "妈妈怀孕六个月"
    assert READER.read([note]).empty
    assert READER.status([note], [2], [4], "child_pregnancy").tolist() == ["other"]
    assert READER.status([note], [2], [4], ["guardian_incapacity"]).tolist() == ["affirmed"]
    assert READER.status([note], [2], [4]).tolist() == ["affirmed"]
    assert READER.status([note], [2], [4], [None]).tolist() == ["affirmed"]


@pytest.mark.parametrize(
    ("note", "status"),
    [
        ("Teacher thinks [perhaps hit by his uncle] on Sunday.", "suspected"),
        ("[if he misses school again], we call.", "hypothetical"),
        ("[sleeps at his desk and wants to leave].", "affirmed"),
        ("[前年从树上掉下来摔断了腿]，腿长好了。", "past"),
        ("[大概一直没吃饱]。", "suspected"),
        ("[没人给他洗衣服]。", "affirmed"),
        ("[爸爸前年因病去世]，奶奶带着他。", "affirmed"),
    ],
)
def test_a_given_span_may_hold_its_cue_but_not_its_negator(note: str, status: str) -> None:
    start, end = note.index("["), note.index("]") - 1
    plain = note.replace("[", "").replace("]", "")
    assert READER.status([plain], [start], [end]).tolist() == [status]


def test_given_spans_of_many_notes_have_one_status_each() -> None:
    texts = ["没有发现异样", "可能有事", None, "Denies it", "ok"]
    starts, ends = [4, 2, 0, 7, 0], [6, 4, 0, 9, 2]
    status = READER.status(texts, iter(starts), np.array(ends))
    assert status.tolist() == ["negated", "suspected", "affirmed", "negated", "affirmed"]
    assert READER.status([], [], []).tolist() == []


@pytest.mark.parametrize(
    ("starts", "ends", "concepts", "message"),
    [
        ([0], [2, 3], None, "one start and one end per note (1), found 1 starts and 2 ends"),
        ([], [], None, "one start and one end per note (1), found 0 starts and 0 ends"),
        ([-1], [2], None, "span 0 does not lie in its note: 0 <= start <= end <= length"),
        ([2], [1], None, "span 0 does not lie in its note"),
        ([0], [3], None, "span 0 does not lie in its note"),
        ([0], [2], [], "concepts: wanted one per note (1), found 0"),
        ([0], [2], "physical_abus", "no concept 'physical_abus'; did you mean 'physical_abuse'?"),
        ([0], [2], ["zzz"], "no concept 'zzz'"),
    ],
)
def test_wrong_spans_and_concepts_are_refused(
    starts: list[int], ends: list[int], concepts: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        READER.status(["被打"], starts, ends, concepts)


# -- what is shown --------------------------------------------------------------------------------


@given(a_note())
def test_marked_pieces_joined_are_the_note(note: str) -> None:
    mentions = READER.read([note])
    pieces = mark(note, mentions)
    assert "".join(text for text, _ in pieces) == note
    assert all(text for text, _ in pieces)
    marked = sum(len(text) for text, mention in pieces if mention)
    spans = zip(mentions["start"], mentions["end"], strict=True)
    assert marked == len({at for start, end in spans for at in range(start, end)})


def test_where_mentions_overlap_the_earlier_and_longer_has_the_characters() -> None:
    mentions = pd.DataFrame(
        {"start": [1, 2, 1], "end": [3, 5, 4], "concept": ["short", "late", "long"]}
    )
    pieces = [(text, mention and mention["concept"]) for text, mention in mark("abcdef", mentions)]
    assert pieces == [("a", None), ("bcd", "long"), ("e", "late"), ("f", None)]
    assert mark("", mentions.head(0)) == []


@pytest.mark.parametrize(
    ("note", "words", "clause"),
    [
        ("奶奶不在，一个人在家。", "一个人", "一个人在家"),
        ("奶奶不在。 一个人在家 ", "一个人", "一个人在家"),
        ("He ate 3.5 eggs. He ran away, then slept", "ran away", "He ran away"),
        ("没有标点的一句话", "标点", "没有标点的一句话"),
        ("前（被打）后", "被打", "被打"),
    ],
)
def test_the_clause_lies_between_the_nearest_ends(note: str, words: str, clause: str) -> None:
    start = note.index(words)
    first, last = clause_of(note, start, start + len(words))
    assert note[first:last] == clause


def test_a_clause_without_an_end_stays_short() -> None:
    note = "字" * 1000
    assert clause_of(note, 500, 502) == (300, 702)
    assert clause_of(note, 0, 1000) == (0, 1000)


# -- files ----------------------------------------------------------------------------------------


def write_table(frame: pd.DataFrame, path: Path) -> None:
    writers = {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True, force_ascii=False),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".parquet": lambda: frame.to_parquet(path, index=False),
    }
    writers[path.suffix]()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".xlsx", ".parquet"])
def test_a_table_file_is_read_with_its_own_ids(tmp_path: Path, suffix: str) -> None:
    texts = ["😀没有发现被打", "", "可能被欺负，没人管"]
    frame = pd.DataFrame({"visit": ["007", "b", "c"], "text": texts, "more": [1, 2, 3]})
    path = tmp_path / f"visits{suffix}"
    write_table(frame, path)
    found = read_file(path, "text", "visit", READER)
    assert found.columns.tolist() == [
        "id", "concept", "status", "start", "end", "text", "found_by",
    ]  # fmt: skip
    assert found.to_numpy().tolist() == [
        ["007", "physical_abuse", "negated", 5, 7, "被打", "phrase"],
        ["c", "bullying", "suspected", 2, 5, "被欺负", "phrase"],
        ["c", "neglect", "affirmed", 6, 9, "没人管", "phrase"],
    ]


def test_a_file_without_the_wanted_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text("visit,note_text\n1,被打\n", encoding="utf-8")
    with pytest.raises(CaseloadError, match=r"visits\.csv"):
        read_file(path, "note_txt", "visit", READER)

"""Grams: each found once, in its place, in its clause, under the key of what a table writes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.grams import Clauses, find_clauses, find_grams, keys_of
from carescreen.normalise import SEPARATOR, is_han, is_word, join
from tests.unit.plain_learned import MOST, Clause, clauses_of
from tests.unit.plain_notes import fold

ODD = ["😀", "𠮷", "\x00", "\x01", "\ud800", "\udfff", "\uffff", "\u200f", "\u202e", "\u0301", "я"]
BLANKS = [" ", " ", "\t", "\u3000", "\n", "\r\n", "\r", "\x85", "\u2028", "\x0c"]
SIGNS = [*"'’-~/#…\"“*、。！？；，（）：.,:;!?()", "...", "——"]
WORDS = ["he", "hit", "Hungry", "don't", "o'clock", "STRAẞE", "café", "self-harm", "ﬁ", "Ⅳ", "3.5"]
HAN = [*"打饿孩子没吃飯７〇の", "奶奶", "3岁", "120"]
NOTE = st.lists(st.sampled_from([*HAN, *WORDS, *BLANKS, *SIGNS, *ODD]), max_size=25).map("".join)
LONG = st.lists(
    st.sampled_from(
        ["打" * 17, "饿0" * 12, "he hit " * 9, "a" * 45, "~" * 45, " " * 60, "'", "，", ". ", "😀"]
    ),
    max_size=14,
).map("".join)
WRITTEN = st.one_of(
    st.text("打饿0", min_size=1, max_size=3).filter(lambda text: text.strip("0")),
    st.lists(st.text("abé0", min_size=1, max_size=5), min_size=1, max_size=3).map(" ".join),
    st.text("abcé0", min_size=4, max_size=4).map("{}*".format),
    st.text("abcé0", min_size=6, max_size=6).map("{}*".format),
)


def placed(clauses: Clauses, starts: np.ndarray) -> list[tuple[int, int, int, bool]]:
    """Note, start, end and is_han of each clause, counted from its note's start."""
    at = starts[clauses.note]
    return list(
        zip(
            clauses.note.tolist(),
            (clauses.start - at).tolist(),
            (clauses.end - at).tolist(),
            clauses.is_han.tolist(),
            strict=True,
        )
    )


def agree(notes: list[str]) -> None:
    """The fast and the plain way find the same clauses and the same grams in them."""
    text = join(notes)
    clauses = find_clauses(text)
    plain = [(number, clause) for number, note in enumerate(notes) for clause in clauses_of(note)]
    assert placed(clauses, text.starts) == [
        (number, clause.start, clause.end, clause.is_han) for number, clause in plain
    ]
    named = [(number, clause.sentence) for number, clause in plain]
    assert [one == other for one, other in pairwise(clauses.sentence.tolist())] == [
        one == other for one, other in pairwise(named)
    ]
    found = find_grams(text.codes, clauses)
    offset = text.starts[text.note_of(found.start)]
    spans = zip(
        found.clause.tolist(),
        (found.start - offset).tolist(),
        (found.end - offset).tolist(),
        found.key.tolist(),
        strict=True,
    )
    listed = [(at, gram) for at, (_, clause) in enumerate(plain) for gram in clause.grams]
    keys = keys_of([gram.text for _, gram in listed]).tolist()
    unwritten = {(at, g.start, g.end) for at, g in listed if not g.can_be_written}
    assert Counter(
        (*span, None if tuple(span) in unwritten else key) for *span, key in spans
    ) == Counter(
        (at, gram.start, gram.end, key if gram.can_be_written else None)
        for (at, gram), key in zip(listed, keys, strict=True)
    )
    by_key = {(gram.text, key) for (_, gram), key in zip(listed, keys, strict=True)}
    by_key = {pair for pair in by_key if not pair[0].endswith("'*")}
    assert len({key for _, key in by_key}) == len({text for text, _ in by_key}) == len(by_key)


@settings(max_examples=max(300, settings().max_examples))
@given(st.lists(NOTE, max_size=4))
def test_the_fast_and_the_plain_way_find_the_same_grams(notes: list[str]) -> None:
    agree(notes)


@settings(max_examples=max(100, settings().max_examples))
@given(st.lists(LONG, max_size=3))
def test_the_same_grams_are_found_in_clauses_that_are_cut(notes: list[str]) -> None:
    agree(notes)


@given(st.lists(st.text(st.characters(codec=None), max_size=12), max_size=5))
def test_the_same_grams_are_found_in_any_text(notes: list[str]) -> None:
    agree(notes)


@settings(max_examples=max(100, settings().max_examples))
@given(st.lists(NOTE | LONG, max_size=4))
def test_every_letter_and_chinese_character_lies_in_exactly_one_clause(notes: list[str]) -> None:
    text = join(notes)
    clauses = find_clauses(text)
    covered = np.zeros(text.codes.size, np.int64)
    for start, end in zip(clauses.start.tolist(), clauses.end.tolist(), strict=True):
        covered[start:end] += 1
        assert SEPARATOR not in text.codes[start:end]
    assert covered.max(initial=0) <= 1
    assert (covered[is_word(text.codes) | is_han(text.codes)] == 1).all()
    assert (np.diff(clauses.start) > 0).all()
    assert (np.diff(clauses.sentence) >= 0).all()
    most = np.where(is_han(text.codes[clauses.start]), MOST[True], MOST[False])
    assert (clauses.end - clauses.start <= np.maximum(most, MOST[False])).all()


@settings(max_examples=max(100, settings().max_examples))
@given(st.lists(NOTE | LONG, max_size=4))
def test_no_clause_begins_or_ends_with_a_blank_or_a_sign(notes: list[str]) -> None:
    text = join(notes)
    clauses = find_clauses(text)
    edges = text.codes[np.concatenate([clauses.start, clauses.end - 1])]
    assert (is_word(edges) | is_han(edges) | (edges >= 0xD800)).all()


@pytest.mark.parametrize(
    ("note", "clauses"),
    [
        ("打了。哭了", ["打了", "哭了"]),
        ("打了！哭了？走了；好", ["打了", "哭了", "走了", "好"]),
        ("打了\n哭了\r\n走了\u2028好", ["打了", "哭了", "走了", "好"]),
        ("打了，哭了,走了…好——坏-中", ["打了", "哭了", "走了", "好", "坏", "中"]),
        ("奶奶：打了(昨天)哭了", ["奶奶", "打了", "昨天", "哭了"]),
        ("打了 哭了", ["打了", "哭了"]),
        ("打了 he 哭了", ["打了 he 哭了"]),
        ("打了、哭了", ["打了、哭了"]),
        ("He was hit. She cried", ["He was hit", "She cried"]),
        ("at 3.30 p.m. he left", ["at 3.30 p.m", "he left"]),
        ("hit... cried", ["hit", "cried"]),
        ("self-harm - no", ["self-harm", "no"]),
        ("she said: \"hit\", 'twice'!", ["she said", "hit", "twice"]),
        ("  “打了”  ", ["打了"]),
        ("，。 ...!!", []),
        ("", []),
        ("😀", ["😀"]),
        ("打" * 41, ["打" * 40, "打"]),
        ("打" * 40, ["打" * 40]),
        ("a " * 100 + "b", ["a " * 99 + "a", "b"]),
        ("a" + " " * 450 + "b", ["a", "b"]),
        ("打" + "~" * 90 + "哭", ["打", "哭"]),
    ],
)
def test_where_a_note_is_cut_into_clauses(note: str, clauses: list[str]) -> None:
    found = find_clauses(join([note]))
    spans = zip(found.start.tolist(), found.end.tolist(), strict=True)
    assert [note[start:end] for start, end in spans] == clauses


@pytest.mark.parametrize(
    ("note", "sentences"),
    [
        ("一，二。三", [0, 0, 1]),
        ("one, two. three: four", [0, 0, 1, 1]),
        ("一 二\n三", [0, 0, 1]),
        ("one (two) three! four", [0, 0, 0, 1]),
    ],
)
def test_which_clauses_are_of_one_sentence(note: str, sentences: list[int]) -> None:
    assert find_clauses(join([note])).sentence.tolist() == sentences
    two = find_clauses(join([note, note]))
    assert set(two.sentence[two.note == 0].tolist()).isdisjoint(
        two.sentence[two.note == 1].tolist()
    )


@pytest.mark.parametrize(
    ("note", "grams"),
    [
        ("12岁OK", ["岁", "0岁", "00岁", "00", "ok"]),
        ("打，孩子", ["打", "孩", "子", "孩子"]),
        ("打 he was 哭", ["打", "哭", "he", "was"]),
        ("He’s hungry 3x", ["he's", "hungry", "0x", "he's hungry", "hungry 0x", "he's hungry 0x", "hung*"]),
        ("beaten, belts", ["beaten", "beat*", "belts", "belt*"]),
        ("beatings", ["beatings", "beat*", "beatin*"]),
        ("打 孩子", ["打", "孩", "子", "孩子"]),
        ("don't 'do' it'", ["don't", "do", "it", "don't do", "do it", "don't do it"]),
    ],
)  # fmt: skip
def test_the_grams_of_a_clause(note: str, grams: list[str]) -> None:
    text = join([note])
    found = find_grams(text.codes, find_clauses(text)).key.tolist()
    stems = ["don'*"] if "don't" in grams else []
    unwritten = [key for key in found if key not in keys_of(grams).tolist()]
    assert len(unwritten) == len(stems)
    assert sorted(set(found) - set(unwritten)) == sorted(keys_of(grams).tolist())
    assert sorted(g.text for c in clauses_of(note) for g in c.grams) == sorted(grams + stems)


def test_spans_are_exact_behind_characters_beyond_the_basic_plane() -> None:
    note = "😀𠮷，😀😀他挨打😀. 𝒽 he was beaten"
    text = join([note])
    found = find_grams(text.codes, find_clauses(text))
    spans = zip(found.start.tolist(), found.end.tolist(), strict=True)
    at = dict(zip(found.key.tolist(), spans, strict=True))
    for gram, words in {"挨打": "挨打", "he was beaten": "he was beaten", "beat*": "beat"}.items():
        start, end = at[int(keys_of([gram])[0])]
        assert note[start:end] == words


@settings(max_examples=max(200, settings().max_examples))
@given(st.lists(WRITTEN, min_size=1, max_size=40, unique=True))
def test_each_written_gram_has_its_own_key_whatever_is_asked_with_it(written: list[str]) -> None:
    keys = keys_of(written).tolist()
    assert 0 not in keys
    assert len(set(keys)) == len(written)
    assert keys == [int(keys_of([gram])[0]) for gram in written]


@settings(max_examples=max(200, settings().max_examples))
@given(WRITTEN)
def test_a_note_that_is_a_gram_holds_it(gram: str) -> None:
    text = join([gram[:-1] + "zz" if gram.endswith("*") else gram])
    assert int(keys_of([gram])[0]) in find_grams(text.codes, find_clauses(text)).key.tolist()


def test_capitals_full_width_and_traditional_characters_have_the_key_of_their_simple_form() -> None:
    for some, other in (
        ("BELT", "belt"),
        ("ｂｅｌｔ", "belt"),
        ("飯", "饭"),
        ("９岁", "0岁"),
        ("7", "0"),
    ):
        assert keys_of([some]) == keys_of([other])


def test_no_notes_and_no_grams() -> None:
    for notes in ([], [""], ["", "，", "\x00"]):
        text = join(notes)
        clauses = find_clauses(text)
        assert clauses.size == 0
        assert find_grams(text.codes, clauses).key.size == 0
    assert keys_of([]).size == 0


def test_the_plain_way_by_hand() -> None:
    (clause,) = clauses_of("'Beaten!'")
    assert clause == Clause(1, 7, 0, False, clause.grams)
    assert [gram.text for gram in clause.grams] == ["beaten", "beat*"]
    assert fold("’") == "'"

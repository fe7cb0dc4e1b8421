"""Few notes, read over plain values, hold what many hold that are read as arrays, byte for byte."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.corpus import read_corpus, shipped_corpus
from carescreen.lexicon import Lexicon
from carescreen.notes import FoundMentions, NoteReader
from tests.unit import test_learned as learned
from tests.unit.plain_learned import PlainTable
from tests.unit.test_notes import a_note
from tests.unit.test_notes_any_lexicon import CONCEPTS, LANGUAGE
from tests.unit.test_notes_any_lexicon import NOTES as OF_FOUR_CHARACTERS

READER = NoteReader.load("cn-rural")
EXAMPLES = max(100, settings().max_examples)
ANY = st.text(max_size=60) | st.text(
    "ab'’-.,:;。，：（） \n\x010123９打被没有不他爸𠀀\ud800Ⅷé", max_size=90
)


def same(reader: NoteReader, notes: list[str]) -> None:
    few, many = reader.read_few(notes, 5), reader.read_many(notes, 5)
    assert few.concepts == many.concepts
    for column in fields(FoundMentions)[1:]:
        one, other = getattr(few, column.name), getattr(many, column.name)
        assert one.dtype == other.dtype, column.name
        assert one.tolist() == other.tolist(), column.name


@settings(max_examples=EXAMPLES)
@given(st.lists(a_note(), min_size=1, max_size=8))
def test_notes_in_the_words_of_the_lexicon(notes: list[str]) -> None:
    same(READER, notes)


@settings(max_examples=EXAMPLES)
@given(st.lists(a_note() | ANY, min_size=1, max_size=4))
def test_any_notes(notes: list[str]) -> None:
    same(READER, notes)


@settings(max_examples=EXAMPLES)
@given(LANGUAGE, OF_FOUR_CHARACTERS)
def test_any_lexicon(words: object, notes: list[str]) -> None:
    same(NoteReader(Lexicon(CONCEPTS, (words,))), notes)  # type: ignore[arg-type]


@settings(max_examples=EXAMPLES)
@given(learned.TABLES, learned.NOTES.filter(bool))
def test_any_learned_weights(tables: dict[str, PlainTable], notes: list[str]) -> None:
    same(learned.reader(tables), notes)


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(["zh", "en"]), learned.TABLES, learned.NOTES.filter(bool))
def test_a_language_without_weights(
    language: str, tables: dict[str, PlainTable], notes: list[str]
) -> None:
    same(learned.reader({language: tables[language]}), notes)


def test_notes_of_the_corpus() -> None:
    notes = [note.text for note in read_corpus(shipped_corpus(), READER.concepts).notes]
    for first in range(0, len(notes), 60):  # all of them take half a minute
        same(READER, notes[first : first + 3])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "0",
        "000岁",
        "00 打 0打0",
        "-a-b- -",
        "打" * 90,
        "被打，" * 60,
        "word " * 60,
        "b" * 250,
        "it's " + "a" * 70 + " 's",
        "!!",
    ],
)
def test_odd_notes(note: str) -> None:
    for notes in ([note], [note, "他爸打他"], ["没有被打", note], ["", note, ""]):
        same(READER, notes)

"""The fast and the plain note reader agree on any lexicon, not only on the shipped one.

Four characters make all words here, so that words lie in, beside and across each other far more
often than in any language.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen.lexicon import Concept, ConceptWords, CueSet, LanguageWords, Lexicon, Pattern
from carescreen.notes import COLUMNS, NoteReader
from tests.unit.plain_notes import PlainReader

TITLE = {"en": "Concern", "zh": "事"}
CONCEPTS = {
    "harm": Concept("harm", TITLE, "risk", "high", "child"),
    "work": Concept("work", TITLE, "risk", "high", "child", adult_subject="dropped"),
    "care": Concept("care", TITLE, "protective", "none", "household"),
}
WORD = st.text("甲乙丙a", min_size=1, max_size=3)
WORDS = st.lists(WORD, max_size=3).map(tuple)
NOTES = st.lists(st.text("甲甲乙乙丙丙aa， 。.-", max_size=24), min_size=1, max_size=4)


@st.composite
def patterns(draw: st.DrawFn, most: int = 2) -> tuple[Pattern, ...]:
    part = st.lists(WORD, min_size=1, max_size=2, unique=True).map(tuple)
    gap = st.tuples(st.integers(0, 1), st.integers(1, 3))
    made = [
        Pattern((draw(part), *(draw(part) for _ in gaps)), tuple(gaps))
        for gaps in draw(st.lists(st.lists(gap, min_size=1, max_size=2), max_size=most))
    ]
    return tuple(made)


CONCEPT_WORDS = st.builds(
    ConceptWords,
    phrases=WORDS,
    lasting=WORDS,
    patterns=patterns(),
    exclusions=st.lists(WORD, max_size=1).map(tuple),
)


def cue_set(name: str) -> st.SearchStrategy[CueSet]:
    return st.builds(
        CueSet,
        st.just(name),
        st.sampled_from(
            [
                *("negated", "suspected", "past", "question", "hypothetical", "other"),
                *("adult", "none", "join"),
            ]
        ),
        st.sampled_from(["before", "after"]),
        st.integers(1, 6),
        st.sampled_from(["stop", "list", "pass"]),
        words=WORDS,
        patterns=patterns(1),
        concepts=st.sampled_from([(), (), ("harm",)]),
    )


LANGUAGE = st.builds(
    LanguageWords,
    st.just("zh"),
    shields=WORDS,
    concepts=st.fixed_dictionaries(dict.fromkeys(CONCEPTS, CONCEPT_WORDS)),
    cues=st.tuples(*map(cue_set, ["first", "second", "third"])),
    stops=st.dictionaries(st.sampled_from(["all", "negated", "past"]), WORDS, max_size=2),
)


@settings(max_examples=max(150, settings().max_examples))
@given(LANGUAGE.map(lambda words: Lexicon(CONCEPTS, (words,))), NOTES)
def test_the_fast_reader_finds_what_the_plain_one_finds(lexicon: Lexicon, notes: list[str]) -> None:
    found, plain = NoteReader(lexicon).read(notes), PlainReader(lexicon)
    for number, note in enumerate(notes):
        rows = found.loc[found["note"] == number, list(COLUMNS[1:])]
        assert list(rows.itertuples(index=False, name=None)) == [
            (m.concept, m.status, m.start, m.end, m.found_by, m.cue_start, m.cue_end)
            for m in plain.read(note)
        ]


@settings(max_examples=max(150, settings().max_examples))
@given(LANGUAGE.map(lambda words: Lexicon(CONCEPTS, (words,))), NOTES, st.data())
def test_given_spans_have_the_status_that_the_plain_reader_gives(
    lexicon: Lexicon, notes: list[str], data: st.DataObject
) -> None:
    starts = [data.draw(st.integers(0, len(note))) for note in notes]
    ends = [data.draw(st.integers(at, len(note))) for at, note in zip(starts, notes, strict=True)]
    concepts = [data.draw(st.sampled_from([None, *CONCEPTS])) for _ in notes]
    plain = PlainReader(lexicon)
    assert NoteReader(lexicon).status(notes, starts, ends, concepts).tolist() == [
        plain.status(*span) for span in zip(notes, starts, ends, concepts, strict=True)
    ]


def test_of_two_patterns_of_one_span_the_one_with_the_longest_last_word_stays() -> None:
    # 殴打 begins five characters behind 没, as far as 没 reaches; 打 in it begins six behind.
    listed = tuple(Pattern((("被",), (last,)), ((0, 7),)) for last in ("打", "殴打"))
    never = CueSet("never", "negated", "before", 5, "stop", words=("没",))
    for order in (listed, listed[::-1]):
        words = LanguageWords("zh", concepts={"harm": ConceptWords(patterns=order)}, cues=(never,))
        (found,) = NoteReader(Lexicon(CONCEPTS, (words,))).read(["没被他亲爸爸殴打"]).itertuples()
        assert (found.status, found.start, found.end) == ("negated", 1, 8)


def test_a_lexicon_without_words_finds_nothing() -> None:
    assert NoteReader(Lexicon(CONCEPTS, ())).read(["没被他亲爸爸殴打", ""]).empty

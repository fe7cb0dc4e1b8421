"""Reading with learned weights: as the plain reader reads, and from files that are read strictly."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen import notes as notes_module
from carescreen.conditions import parse
from carescreen.errors import CarescreenError, ModelError
from carescreen.examples import ExampleCase
from carescreen.holding import ChildMentions, noted_columns
from carescreen.learned import (
    EXACT,
    FEW_GRAMS,
    Saved,
    column_names,
    load_learned,
    settings_of,
    table_lines,
)
from carescreen.lexicon import STATUSES, Concept, ConceptWords, CueSet, LanguageWords, Lexicon
from carescreen.lexicon import Pattern as WordPattern
from carescreen.normalise import join
from carescreen.notes import COLUMNS, NoteReader
from tests.unit.plain_learned import (
    LEAST,
    PlainLearnedReader,
    PlainTable,
    as_language,
    as_learned,
    clauses_of,
)

TITLE = {"en": "Concern", "zh": "事"}
CONCEPTS = {
    "harm": Concept("harm", TITLE, "risk", "high", "child"),
    "care": Concept("care", TITLE, "protective", "none", "household"),
    "hunger": Concept("hunger", TITLE, "risk", "high", "child", adult_subject="dropped"),
}
KNOWN = ("hunger", "flood", "harm")  # to the tables: not care, and one more than the pack has


def cue(name: str, status: str, *words: str, commas: str = "stop") -> CueSet:
    return CueSet(name, status, "before", 12, commas, words=words)


LEXICON = Lexicon(
    CONCEPTS,
    (
        LanguageWords(
            "zh",
            shields=("打电话",),
            concepts={
                "harm": ConceptWords(("打", "挨打"), patterns=(WordPattern((("拿",), ("抽",)), ((0, 3),)),)),
                "care": ConceptWords(("奶奶照顾",)),
                "hunger": ConceptWords(("饿",)),
            },
            cues=(
                cue("no", "negated", "没", commas="list"),
                cue("past", "past", "以前"),
                cue("maybe", "suspected", "可能", commas="pass"),
                cue("mother", "adult", "妈妈"),
                CueSet("asked", "question", "after", 4, "stop", words=("吗",)),
            ),
        ),
        LanguageWords(
            "en",
            concepts={
                "harm": ConceptWords(("hit",)),
                "care": ConceptWords(("looked after",)),
                "hunger": ConceptWords(("hungry",)),
            },
            cues=(
                cue("not", "negated", "not", "no", commas="list"),
                cue("if", "hypothetical", "if"),
                cue("mum", "adult", "mum"),
            ),
        ),
    ),
)  # fmt: skip
GRAMS = {
    "zh": ("打", "皮", "皮带", "拿皮带", "饿", "没饭", "没", "奶奶", "以前", "belt", "电"),
    "en": ("belt", "hit", "hungry", "beat*", "was hit", "no food here", "no", "if", "00"),
}
PIECES = [
    *(
        "打",
        "挨打",
        "皮带",
        "拿皮带抽",
        "饿",
        "没饭",
        "没",
        "奶奶照顾",
        "以前",
        "可能",
        "妈妈",
        "吗",
    ),
    *("打电话", "看", "~", "，", "。", ". ", ", ", "\n", " ", "😀", "\x00", "\ud800", "\u200f"),
    *(" belt ", " hit ", " was hit ", " hungry ", " beaten ", " not ", " no food here ", " if "),
    *(" mum ", " looked after ", " 12 "),
]
NOTE = st.lists(st.sampled_from(PIECES), max_size=18).map("".join)
NOTES = st.lists(NOTE, min_size=1, max_size=4)


def plain_table(language: str) -> st.SearchStrategy[PlainTable]:
    of_gram = st.dictionaries(
        st.sampled_from(column_names(KNOWN)), st.integers(-6000, 9000), min_size=1, max_size=4
    )
    of_concept = st.tuples(st.integers(-900, 300), st.integers(0, 1500), st.integers(-300, 800))
    pair = st.tuples(st.sampled_from(STATUSES), st.sampled_from(STATUSES))
    return st.builds(
        PlainTable,
        grams=st.dictionaries(st.sampled_from(GRAMS[language]), of_gram, max_size=9),
        concepts=st.fixed_dictionaries(dict.fromkeys(KNOWN, of_concept)),
        statuses=st.fixed_dictionaries(dict.fromkeys(STATUSES, st.integers(-900, 900))),
        by_cue=st.dictionaries(pair, st.integers(-900, 3000), max_size=9),
        slack=st.integers(0, 600),
        by_concept=st.dictionaries(
            st.tuples(st.sampled_from(KNOWN), st.sampled_from(STATUSES)),
            st.integers(-900, 900),
            max_size=6,
        ),
        doubtful=st.frozensets(
            st.sampled_from([("harm", "打"), ("harm", "挨打"), ("hunger", "饿"), ("harm", "hit")])
        ),
    )


TABLES = st.fixed_dictionaries({"zh": plain_table("zh"), "en": plain_table("en")})
SURE = {(status, status): 9000 for status in STATUSES}  # the status is what the cues say
QUIET = PlainTable(
    grams={},
    concepts=dict.fromkeys(KNOWN, (0, 1000, 500)),
    statuses=dict.fromkeys(STATUSES, 0),
    by_cue=SURE,
    slack=300,
)
HEARD = {
    "zh": replace(
        QUIET,
        grams={
            "皮带": {"harm": 6000, "here:suspected": 500},
            "没饭": {"hunger": 5000, "any": 900},
            "奶奶": {"any": -300, "before:past": 700, "after:past": 200},
        },
    ),
    "en": replace(QUIET, grams={"belt": {"harm": 6000}, "beat*": {"harm": 4000, "here:past": 10}}),
}


def reader(tables: dict[str, PlainTable], lexicon: Lexicon = LEXICON) -> NoteReader:
    return NoteReader(lexicon, learned=as_learned(tables, KNOWN))


def rows(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(found[list(COLUMNS)].itertuples(index=False, name=None))


def said(tables: dict[str, PlainTable], note: str, lexicon: Lexicon = LEXICON) -> list[Any]:
    """Concept, status, words and how found, of one note."""
    found = reader(tables, lexicon).read([note])
    return [(m.concept, m.status, note[m.start : m.end], m.found_by) for m in found.itertuples()]


# -- as the plain reader ------------------------------------------------------------------------


def agree(tables: dict[str, PlainTable], notes: list[str]) -> None:
    found, plain = reader(tables).read(notes), PlainLearnedReader(LEXICON, tables, KNOWN)
    for number, note in enumerate(notes):
        own = found.loc[found["note"] == number, list(COLUMNS[1:])]
        assert list(own.itertuples(index=False, name=None)) == [
            (m.concept, m.status, m.start, m.end, m.found_by, m.cue_start, m.cue_end)
            for m in plain.read(note)
        ]


@settings(max_examples=max(100, settings().max_examples))
@given(TABLES, NOTES)
def test_the_fast_reader_finds_what_the_plain_one_finds(
    tables: dict[str, PlainTable], notes: list[str]
) -> None:
    agree(tables, notes)


@settings(max_examples=max(60, settings().max_examples))
@given(NOTES)
def test_a_table_that_hears_much_is_read_alike(notes: list[str]) -> None:
    agree(HEARD, notes)


@settings(max_examples=max(30, settings().max_examples))
@given(st.sampled_from(["zh", "en"]), TABLES, NOTES)
def test_in_a_language_without_a_table_phrases_stand_as_without_learned_weights(
    language: str, tables: dict[str, PlainTable], notes: list[str]
) -> None:
    agree({language: tables[language]}, notes)


def test_phrases_of_a_language_without_a_table_keep_what_their_cues_say() -> None:
    assert said({"zh": HEARD["zh"]}, "He was not hit.") == [("harm", "negated", "hit", "phrase")]
    assert said({"en": HEARD["en"]}, "没挨打，奶奶照顾") == [
        ("harm", "negated", "挨打", "phrase"),
        ("care", "affirmed", "奶奶照顾", "phrase"),
    ]


# -- doubtful words -----------------------------------------------------------------------------


def test_a_doubtful_phrase_is_none_and_its_grams_are_weighed_like_others() -> None:
    doubtful = replace(HEARD["zh"], doubtful=frozenset({("harm", "打")}))
    assert said({"zh": HEARD["zh"]}, "他打球") == [("harm", "affirmed", "打", "phrase")]
    assert said({"zh": doubtful}, "他打球") == []
    assert said({"zh": doubtful}, "他打皮带") == [("harm", "affirmed", "他打皮带", "learned")]
    # Of another concept, of another language, or as part of a longer phrase, a word stays what it is.
    assert said({"zh": doubtful}, "他挨打") == [("harm", "affirmed", "挨打", "phrase")]
    other = replace(HEARD["zh"], doubtful=frozenset({("hunger", "打")}))
    assert said({"zh": other}, "他打球") == [("harm", "affirmed", "打", "phrase")]
    assert said({"en": replace(HEARD["en"], doubtful=frozenset({("harm", "打")}))}, "他打球") == [
        ("harm", "affirmed", "打", "phrase")
    ]


def test_a_doubtful_word_is_folded_like_a_phrase(tmp_path: Path) -> None:
    tables = {"en": replace(HEARD["en"], doubtful=frozenset({("harm", "hit")}))}
    path = write(tmp_path, tables) / "reader.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"hit"', '"Hit"'), encoding="utf-8")
    assert NoteReader(LEXICON, learned=load_learned(tmp_path)).read(["He was hit"]).empty


# -- the formula by hand ------------------------------------------------------------------------


def alone(**of_harm: int) -> dict[str, PlainTable]:
    """A Chinese table in which 皮带 speaks of harm; bias, phrase and threshold by name."""
    chosen = {"bias": 0, "phrase": 0, "threshold": 10**6, **of_harm}
    every = dict.fromkeys(KNOWN, (0, 0, 10**6))
    every["harm"] = (chosen["bias"], chosen["phrase"], chosen["threshold"])
    grams = {"皮带": {"harm": 3464, "any": 0}}
    table = replace(QUIET, grams=grams, concepts=every, slack=chosen.get("slack", 0))
    return {"zh": table, "en": QUIET}


def against(grams: dict[str, dict[str, int]], **chosen: int) -> dict[str, PlainTable]:
    """A table of some grams for one concept, with a threshold that no phrase reaches by itself."""
    tables = alone(threshold=chosen.pop("threshold", 5000), phrase=0, **chosen)
    return {**tables, "zh": replace(tables["zh"], grams=grams)}


def reached(score: float, note: str, **more: int) -> bool:
    """Whether the highest score of a note is this: over the number below, not the one above."""
    low, high = math.floor(score), math.floor(score) + 1
    return bool(said(alone(threshold=low, **more), note)) and not said(
        alone(threshold=high, **more), note
    )


@pytest.mark.parametrize(
    ("note", "score"),
    [
        ("皮带", 3464 * 20 / math.sqrt(LEAST)),
        ("皮带皮带", 3464 * 40 / math.sqrt(LEAST)),
        ("皮带，皮带", 3464 * 34 / math.sqrt(LEAST)),
        ("皮带。皮带", 3464 * 24 / math.sqrt(LEAST)),
        ("皮带，看，皮带", 3464 * 28 / math.sqrt(LEAST)),  # the middle one hears both
        ("皮带，看，看。看", 3464 * 20 / math.sqrt(LEAST)),
        # 15 + 14 + 13 grams where a clause has fifteen characters, all different ones or not
        ("皮带" + "看" * 13, 3464 * 20 / math.sqrt(42 * 400)),
        ("皮带" + "看" * 13 + "。" + "看" * 15, 3464 * 20 / math.sqrt(42 * 400 + 42 * 16)),
    ],
)
def test_a_score_is_the_sum_of_weights_by_the_root_of_the_number_of_grams(
    note: str, score: float
) -> None:
    assert reached(score, note)
    assert reached(score + 250, note, bias=250)


def test_a_clause_is_as_near_as_its_sentence_and_note() -> None:
    near, far = "皮带，看", "皮带。看"
    tables = alone(threshold=500)
    assert [row[2] for row in said(tables, near)] == ["皮带"]
    assert [row[2] for row in said(tables, far)] == ["皮带"]
    found = reader(tables).read(["皮带", "看", "皮带"])
    assert found["note"].tolist() == [0, 2]


def test_a_phrase_goes_only_where_what_stands_around_it_speaks_against_it() -> None:
    found = [("harm", "affirmed", "打", "phrase")]
    assert said(alone(threshold=700, phrase=700), "他打了") == found
    assert said(alone(threshold=9000, phrase=700, slack=0), "他打了") == found  # nothing against it
    harmless = {"羊": {"harm": -3464}}  # a twelfth of its weight's root: -1,000 in a short clause
    assert said(against(harmless, slack=1001), "打羊") == found
    assert said(against(harmless, slack=900), "打羊") == []
    assert (
        said(against(harmless, slack=900, threshold=-2000), "打羊") == found
    )  # over it all the same
    # The points of a phrase do not make its clause a learned one.
    assert said(alone(threshold=700, phrase=9000), "打皮带，看") == [
        ("harm", "affirmed", "打", "phrase")
    ]


def test_of_neighbouring_clauses_over_the_threshold_the_highest_is_the_mention() -> None:
    tables = alone(threshold=400)
    assert said(tables, "看看，皮带，看看。看看") == [("harm", "affirmed", "皮带", "learned")]
    assert said(tables, "皮带，看看，皮带皮带") == [("harm", "affirmed", "皮带皮带", "learned")]
    assert said(tables, "皮带，皮带") == [("harm", "affirmed", "皮带", "learned")]
    assert len(said(tables, "皮带" + "。看" * 3 + "。皮带")) == 2
    # Beside a phrase, none is learned.
    assert said(alone(threshold=400, phrase=900), "他打了，皮带") == [
        ("harm", "affirmed", "打", "phrase")
    ]


def test_status_sums_cues_and_grams_of_the_clause_and_those_beside_it() -> None:
    weights = {"here:past": 400, "before:suspected": 1000, "after:negated": 1200}
    table = replace(
        alone(threshold=400)["zh"],
        by_cue={("affirmed", "affirmed"): 300, ("negated", "negated"): 300},
    )
    table = replace(table, grams={**table.grams, "事": weights})
    tables = {"zh": table, "en": QUIET}
    read = [
        (note, said(tables, note)[0][1])
        for note in ("皮带", "没皮带", "皮带事", "事，皮带", "皮带，事")
    ]
    assert read == [
        ("皮带", "affirmed"),
        ("没皮带", "negated"),
        # six grams: 400 / sqrt(6) = 163 of past
        ("皮带事", "affirmed"),
        # one gram, half of its 1000 and of its 1200: more than 300
        ("事，皮带", "suspected"),
        ("皮带，事", "negated"),
    ]
    heavy = {"zh": replace(table, grams={**table.grams, "事": {"here:past": 800}}), "en": QUIET}
    note = "皮带事"
    (found,) = reader(heavy).read([note]).itertuples()
    assert found.status == "past"
    assert note[found.cue_start : found.cue_end] == "事"


# -- laws ---------------------------------------------------------------------------------------


@settings(max_examples=max(30, settings().max_examples))
@given(TABLES, st.lists(NOTE, max_size=6), st.integers(1, 40))
def test_neither_block_nor_batch_changes_what_is_read(
    tables: dict[str, PlainTable], notes: list[str], block: int
) -> None:
    fast = reader(tables)
    together = rows(fast.read(notes))
    one_by_one = [
        (number, *row[1:]) for number, note in enumerate(notes) for row in rows(fast.read([note]))
    ]
    assert one_by_one == together
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notes_module, "BLOCK", block)
        assert rows(fast.read(notes)) == together
    assert rows(fast.read(notes[::-1])) == sorted(
        ((len(notes) - 1 - row[0], *row[1:]) for row in together), key=lambda row: row[0]
    )


@settings(max_examples=max(30, settings().max_examples))
@given(TABLES, st.lists(NOTE, max_size=4))
def test_spans_lie_in_their_notes_and_notes_stay_as_they_are(
    tables: dict[str, PlainTable], notes: list[str]
) -> None:
    given_notes, column = list(notes), pd.Series(notes, dtype=object)
    fast = reader(tables)
    assert rows(fast.read(given_notes)) == rows(fast.read(column))
    assert given_notes == notes == column.tolist()
    for row in fast.read(notes).itertuples():
        note = notes[row.note]
        assert 0 <= row.start < row.end <= len(note)
        assert (row.cue_start, row.cue_end) == (-1, -1) or (
            0 <= row.cue_start < row.cue_end <= len(note)
        )
        if row.found_by == "learned":
            assert (row.start, row.end) in {(c.start, c.end) for c in clauses_of(note)}


@settings(max_examples=max(30, settings().max_examples))
@given(TABLES, NOTES)
def test_a_concept_that_the_table_does_not_know_is_found_as_without_it(
    tables: dict[str, PlainTable], notes: list[str]
) -> None:
    places = ["note", "start", "end", "found_by"]
    found = {
        name: one.loc[one["concept"] == "care", places].values.tolist()
        for name, one in (("with", reader(tables).read(notes)), ("without", NoteReader(LEXICON).read(notes)))
    }  # fmt: skip
    assert found["with"] == found["without"]
    assert set(reader(tables).read(notes)["concept"]) <= set(CONCEPTS)


def test_a_concept_that_the_pack_does_not_have_is_not_read() -> None:
    tables = {"zh": replace(QUIET, grams={"看": {"flood": 9000}}), "en": QUIET}
    assert said(tables, "看看") == []


def test_what_is_said_of_a_grown_up_is_dropped_learned_or_not() -> None:
    tables = {"zh": HEARD["zh"], "en": QUIET}
    assert said(tables, "家里没饭") == [("hunger", "affirmed", "家里没饭", "learned")]
    assert said(tables, "妈妈没饭") == []
    assert said(alone(threshold=0), "妈妈拿皮带") == [("harm", "affirmed", "妈妈拿皮带", "learned")]


def test_a_phrase_that_begins_with_a_sign_is_read_with_its_own_note() -> None:
    words = LanguageWords("zh", concepts={"harm": ConceptWords(("~打",))})
    lexicon = Lexicon(CONCEPTS, (words,))
    tables = alone(threshold=400, phrase=300, slack=0)
    together = reader(tables, lexicon).read(["皮带", "~打"])
    assert together["found_by"].tolist() == ["learned", "phrase"]  # 皮带 is of another note
    assert len(said(tables, "~打", lexicon)) == 1


def test_a_clause_of_blanks_between_two_others_is_no_mention() -> None:
    grams = {"belt": {"harm": 9000}}
    tables = {"zh": QUIET, "en": replace(QUIET, grams=grams)}
    note = "belt" + " " * 400 + "belt"
    assert all(words.strip() for _, _, words, _ in said(tables, note))


def test_odd_notes_are_read_as_nothing() -> None:
    fast = reader(HEARD)
    assert fast.read([]).empty
    assert fast.read(["", None, float("nan"), "，。", "\x00", 5]).empty


# -- a learned mention is to be confirmed -------------------------------------------------------


def test_a_learned_mention_alone_makes_noted_unknown() -> None:
    notes = ["看见皮带", "他打了", "他打了。看。看。看皮带", "看见"]
    found = reader(HEARD).find(notes)
    assert [notes_module.FOUND_BY[code] for code in found.found_by] == [
        "learned",
        "phrase",
        "phrase",
        "learned",
    ]
    assert set(found.status.tolist()) == {STATUSES.index("affirmed")}
    size = found.note.size
    day, time = np.datetime64("2026-11-01", "D"), np.datetime64("2026-11-01", "s")
    mentions = ChildMentions(
        found.note,
        found.note,
        np.full(size, day),
        np.full(size, time),
        found.concept.astype(np.int16),
        np.zeros(size, np.int8),  # affirmed
        found.found_by,
        found.start,
        found.end,
        np.zeros(size, bool),
    )
    noted = noted_columns(len(notes), mentions, np.ones(size, bool), found.concepts)
    assert noted["harm"].true.tolist() == [False, True, True, False]
    assert noted["harm"].unknown.tolist() == [True, False, False, False]
    assert noted["harm"].visits.tolist() == [0, 1, 1, 0]
    data = ExampleCase(day, {}, noted, n=len(notes))
    truth = parse("noted(harm)", {}, tuple(CONCEPTS)).evaluate(data)
    assert truth.true.tolist() == [False, True, True, False]
    assert truth.known.tolist() == [False, True, True, True]
    often = parse("noted_visits(harm) >= 1", {}, tuple(CONCEPTS)).evaluate(data)
    assert often.true.tolist() == [False, True, True, False]


# -- files --------------------------------------------------------------------------------------


def write(folder: Path, tables: dict[str, PlainTable]) -> Path:
    """A reader's folder with these tables."""
    languages = tuple(as_language(name, table, KNOWN) for name, table in tables.items())
    saved = Saved("small", KNOWN, languages)
    (folder / "reader.json").write_text(json.dumps(settings_of(saved)), encoding="utf-8")
    for table in languages:
        lines = "".join(f"{line}\n" for line in table_lines(table, KNOWN))
        (folder / f"{table.language}.tsv").write_text(lines, encoding="utf-8")
    return folder


@given(TABLES, NOTES)
def test_a_reader_that_was_written_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, PlainTable], notes: list[str]
) -> None:
    folder = write(tmp_path_factory.mktemp("reader"), tables)
    loaded = load_learned(folder)
    assert (loaded.name, loaded.concepts) == ("small", KNOWN)
    for one, other in zip(loaded.languages, as_learned(tables, KNOWN).languages, strict=True):
        assert (one.language, one.grams, one.slack) == (other.language, other.grams, other.slack)
        assert table_lines(one, KNOWN) == table_lines(other, KNOWN)
        for name in ("count", "bias", "phrase", "threshold", "status_bias", "by_cue", "by_concept"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
        assert sorted(one.doubtful) == sorted(other.doubtful)
    assert rows(NoteReader(LEXICON, learned=loaded).read(notes)) == rows(reader(tables).read(notes))


def test_a_line_of_a_table_is_a_gram_and_its_weights() -> None:
    table = as_language("zh", HEARD["zh"], KNOWN)
    assert table_lines(table, KNOWN) == [
        "皮带\tharm=6000 here:suspected=500",
        "没饭\thunger=5000 any=900",
        "奶奶\tany=-300 before:past=700 after:past=200",
    ]


def test_lines_that_begin_with_a_number_sign_are_no_grams(tmp_path: Path) -> None:
    path = write(tmp_path, HEARD) / "en.tsv"
    path.write_text("# CC0\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_learned(tmp_path).languages[1].grams == ("belt", "beat*")


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("打\tharms=5", 3),
        ("打\there:maybe=5", 3),
        ("打\tharm=5.5", 3),
        ("打\tharm=", 3),
        ("打\tharm", 3),
        ("打\tharm=five", 3),
        ("打\tharm=5  any=6", 3),
        ("打\t", 3),
        ("打", 3),
        ("打 harm=5", 3),
        ("\tharm=5", 3),
        ("打\tharm=5\tany=6", 3),
        ("", 3),
        ("打\tharm=99999999999999999999", 3),
        ("奶奶\tharm=5", 3),  # listed before
        ("打\tharm=5 harm=6", 3),
        ("打了他们\tharm=5", 3),  # longer than any gram
        ("one two three four\tharm=5", 3),
        ("~\tharm=5", 3),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, number: int) -> None:
    path = write(tmp_path, HEARD) / "zh.tsv"
    path.write_text(f"# CC0\n奶奶\tany=5\n{line}\n没饭\tharm=5\n", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_learned(tmp_path)
    assert str(caught.value).startswith(f"{path}:{number}: wanted ")


Change = Callable[[dict[str, Any]], None]


def gone(*keys: str) -> Change:
    def change(data: dict[str, Any]) -> None:
        for key in keys[:-1]:
            data = data[key]
        del data[keys[-1]]

    return change


def put(value: Any, *keys: str) -> Change:
    def change(data: dict[str, Any]) -> None:
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        gone("format"),
        put("carescreen-reader/2", "format"),
        gone("concepts"),
        gone("languages"),
        put([], "languages"),
        put({}, "languages"),
        put({"fr": {}}, "languages"),
        put(None, "languages", "zh"),
        gone("languages", "zh", "slack"),
        put("much", "languages", "zh", "slack"),
        put(None, "languages", "zh", "slack"),
        put(math.inf, "languages", "zh", "slack"),
        put(2.5, "languages", "zh", "slack"),
        gone("languages", "zh", "concepts"),
        gone("languages", "zh", "concepts", "harm"),
        gone("languages", "zh", "concepts", "harm", "doubtful"),
        put("打", "languages", "zh", "concepts", "harm", "doubtful"),
        put([5], "languages", "zh", "concepts", "harm", "doubtful"),
        gone("languages", "zh", "concepts", "harm", "statuses"),
        put(True, "languages", "zh", "concepts", "harm", "statuses", "past"),
        gone("languages", "en", "concepts", "harm", "threshold"),
        put([], "languages", "zh", "concepts"),
        put("high", "languages", "zh", "concepts", "harm", "bias"),
        put(10**30, "languages", "zh", "concepts", "harm", "bias"),
        gone("languages", "zh", "statuses"),
        gone("languages", "zh", "statuses", "past"),
        gone("languages", "zh", "statuses", "past", "bias"),
        gone("languages", "zh", "statuses", "past", "by_cue"),
        gone("languages", "zh", "statuses", "past", "by_cue", "negated"),
        put(["harm", "harm", "hunger", "flood"], "concepts"),
        put(["harm", "hunger", "flood", "more"], "concepts"),
        put(5, "concepts"),
    ],
)
def test_settings_that_are_missing_or_wrong_are_told(tmp_path: Path, change: Change) -> None:
    path = write(tmp_path, HEARD) / "reader.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_learned(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "\udcff", "[" * 100_000, '{"format": 5}'])
def test_settings_that_are_not_an_object_are_told(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, HEARD) / "reader.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError) as caught:
        load_learned(tmp_path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("name", ["reader.json", "zh.tsv", "en.tsv"])
def test_a_missing_file_or_one_that_is_not_utf_8_is_told(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, HEARD) / name
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError) as caught:
        load_learned(tmp_path)
    assert str(caught.value).startswith(str(path))
    path.unlink()
    with pytest.raises(ModelError) as caught:
        load_learned(tmp_path)
    assert str(caught.value).startswith(str(path))


def test_a_pack_names_its_reader_by_folder(tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    write(folder, HEARD)
    pack = tmp_path / "pack"
    pack.mkdir()
    text = "format: carescreen-pack/1\nid: small\nversion: 0.1.0\ntitle: {en: Small, zh: 小}\n"
    (pack / "pack.yaml").write_text(f"{text}reader: {folder}\n", encoding="utf-8")
    (pack / "concepts.yaml").write_text(
        "concepts:\n  - {id: harm, title: {en: Harm, zh: 伤}, polarity: risk, severity: high,"
        " subject: child}\n",
        encoding="utf-8",
    )
    found = NoteReader.load(pack).read(["看见皮带", "saw a belt"])
    assert found["concept"].tolist() == ["harm", "harm"]
    assert found["found_by"].tolist() == ["learned", "learned"]
    first = NoteReader.load(pack).digest
    table = folder / "en.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("6000", "6001"), encoding="utf-8")
    assert NoteReader.load(pack).digest != first
    (folder / "reader.json").unlink()
    with pytest.raises(CarescreenError):
        NoteReader.load(pack)


@pytest.mark.parametrize("weight", [9, 32_001, 10**6 + 1, 10**9 + 1])
def test_sums_are_exact_however_heavy_the_words_and_long_the_clause(weight: int) -> None:
    """Single precision is enough for some weights, for some only in a clause of few words."""
    assert 2 * 32_001 * FEW_GRAMS < EXACT < 2 * 32_001 * 590 < (10**6 + 1) * FEW_GRAMS
    grams = {"皮": {"harm": weight}, "看": {"harm": weight}, "皮看": {"harm": weight, "any": 2}}
    learned = as_learned({"zh": replace(QUIET, grams=grams), "en": QUIET}, KNOWN)
    for times in (1, 99):
        read = learned.read(join(["a" + "皮看" * times]))
        heard = weight * 3 * times + 2 * times
        number = 1 + 2 * times + (2 * times - 1) + (2 * times - 2)
        assert read.number.tolist() == [number]
        assert learned.scores(read)[0, KNOWN.index("harm")] == heard * 20 / math.sqrt(
            max(number * 400, LEAST)
        )


@settings(max_examples=max(60, settings().max_examples))
@given(TABLES, NOTES, st.sampled_from([1, 900, 10**6]))
def test_no_clause_over_a_threshold_is_passed_over_and_scores_are_the_same_one_by_one(
    tables: dict[str, PlainTable], notes: list[str], heavier: int
) -> None:
    heavy = {
        name: replace(
            table,
            grams={
                gram: {c: w * heavier for c, w in of.items()} for gram, of in table.grams.items()
            },
            concepts={c: tuple(n * heavier for n in of) for c, of in table.concepts.items()},
        )
        for name, table in tables.items()
    }
    learned = as_learned({"en": heavy["en"]} if heavier == 1 else heavy, KNOWN)
    read = learned.read(join(notes))
    scores = learned.scores(read)
    clause, column = (place.ravel() for place in np.indices(scores.shape))
    assert learned.scores_at(read, clause, column).tolist() == scores.ravel().tolist()
    none = np.zeros(clause.size, np.bool_)
    margin = learned.margins_at(read, clause, column, none)
    assert margin.tolist() == (scores - learned.thresholds(read)).ravel().tolist()
    near = set(zip(*(place.tolist() for place in learned.nearly_over(read)), strict=True))
    over = np.flatnonzero(margin >= 0).tolist()
    assert {(int(clause[at]), int(column[at])) for at in over} <= near
    closest = min((margin[clause * len(KNOWN) + column] for clause, column in near), default=0)
    assert closest >= -1e-3 - 1e-4 * 900 * heavier

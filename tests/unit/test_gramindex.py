"""The grams of a table are found in a text just where the plain way finds grams that are written so."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carescreen import gramindex
from carescreen.gramindex import GramIndex, Places, by_owner
from carescreen.grams import find_clauses
from carescreen.normalise import join
from tests.unit.plain_learned import clauses_of
from tests.unit.test_grams import LONG, NOTE, WRITTEN

OTHERS = [
    "打",
    "00",
    "00岁",
    "0岁",
    "he",
    "he was",
    "he was hit",
    "hung*",
    "hungry he",
    "been beat*",
]


def agree(notes: list[str], tables: dict[str, list[str]]) -> None:
    text = join(notes)
    clauses = find_clauses(text)
    places = Places(text.codes, clauses)
    known = GramIndex(list(tables.items())).find(places)
    start, end = known.spans(np.arange(known.row.size))
    offset = text.starts[clauses.note].repeat(np.diff(known.first))
    grams = [(language, each) for language, listed in tables.items() for each in listed]
    found = zip(
        np.arange(clauses.size).repeat(np.diff(known.first)).tolist(),
        (start - offset).tolist(),
        (end - offset).tolist(),
        (grams[row] for row in known.row.tolist()),
        strict=True,
    )
    plain = [(number, clause) for number, note in enumerate(notes) for clause in clauses_of(note)]
    assert Counter(found) == Counter(
        (at, each.start, each.end, (language, each.text))
        for at, (_, clause) in enumerate(plain)
        for language in ["zh" if clause.is_han else "en"]
        for each in clause.grams
        if each.can_be_written and each.text in tables.get(language, ())
    )
    assert places.number().tolist() == [len(clause.grams) for _, clause in plain]


@settings(max_examples=max(100, settings().max_examples))
@given(st.data(), st.lists(NOTE | LONG, max_size=4))
def test_known_grams_are_those_of_the_clauses_own_table(
    data: st.DataObject, notes: list[str]
) -> None:
    held = {
        each.text
        for note in notes
        for clause in clauses_of(note)
        for each in clause.grams
        if each.can_be_written
    }
    some = st.lists(st.sampled_from(sorted(held | set(OTHERS) - {"been beat*"})), unique=True)
    agree(notes, {"zh": data.draw(some), "en": data.draw(some)})
    agree(notes, {"en": sorted(held)})


@settings(max_examples=max(100, settings().max_examples))
@given(st.lists(WRITTEN, max_size=12, unique=True), st.lists(WRITTEN, max_size=12, unique=True))
def test_grams_of_few_letters_are_told_apart(table: list[str], note: list[str]) -> None:
    agree([" ".join(note), "，".join(note)], {"zh": table, "en": table})


@settings(max_examples=max(100, settings().max_examples))
@given(st.lists(NOTE | LONG, min_size=1, max_size=3), st.data())
def test_the_grams_within_a_span_are_counted_without_a_list_of_them(
    notes: list[str], data: st.DataObject
) -> None:
    text = join(notes)
    clauses = find_clauses(text)
    if not clauses.size:
        return
    plain = [
        (text.starts[number], c) for number, note in enumerate(notes) for c in clauses_of(note)
    ]
    at = data.draw(st.lists(st.integers(0, clauses.size - 1), min_size=1, max_size=6))
    place = st.integers(-3, 45)
    start = [int(clauses.start[clause]) + data.draw(place) for clause in at]
    end = [each + data.draw(place) for each in start]
    places = Places(text.codes, clauses)
    number = places.number_within(np.array(at), np.maximum(start, 0), np.array(end))
    assert number.tolist() == [
        sum(gram.start + plain[clause][0] >= low and gram.end + plain[clause][0] <= high
            for gram in plain[clause][1].grams)
        for clause, low, high in zip(at, start, end, strict=True)
    ]  # fmt: skip


@given(st.lists(st.lists(st.integers(0, 30), max_size=40).map(sorted), max_size=5))
def test_many_are_ordered_by_counting_as_few_are_by_sorting(runs: list[list[int]]) -> None:
    owner = np.array([each for run in runs for each in run], np.int32)
    few = by_owner(owner, 31)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gramindex, "MANY", -1)
        many = by_owner(owner, 31)
    assert [part.tolist() for part in many] == [part.tolist() for part in few]
    assert few[0].tolist() == sorted(range(owner.size), key=owner.tolist().__getitem__)

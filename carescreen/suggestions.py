"""What is worth a programme's time: notes to annotate first, and words to put into its lexicon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carescreen.errors import UsageError
from carescreen.mentions import find_mentions
from carescreen.normalise import Text, as_texts, is_word, join
from carescreen.notes import NoteReader, Notes, blocks_of, listed
from carescreen.together import Weighed, weigh

LEAST_NOTES = 3  # a phrase of fewer notes is one person's sentence
MOST_PHRASES = 200


@dataclass(frozen=True, repr=False)  # its values are records
class Suggestions:
    """`notes`: row, language, concept, margin (0: a coin's toss); `phrases`: language, phrase,
    concept, notes_with (of the concept), notes_all, is_new (no word of the lexicon holds it)."""

    notes: pd.DataFrame
    phrases: pd.DataFrame


def suggest(notes: Notes, reader: NoteReader, most: int = 50) -> Suggestions:
    """The `most` notes the reader is least sure of, and phrases that go with its learned mentions.

    Notes are taken in turn from each concept, the least sure first, so that no concept fills the
    list. UsageError for a reader without learned weights: it is never unsure.
    """
    learned = reader.learned
    if learned is None:
        raise UsageError(
            "the pack names no learned reader (reader: in pack.yaml): it is never unsure"
        )
    texts = as_texts(listed(notes))
    unsure: list[tuple[int, str, str, float]] = []
    with_concept: Counter[tuple[str, str, str]] = Counter()
    in_all: Counter[tuple[str, str]] = Counter()
    for first, last in blocks_of(texts):
        text = join(texts[first:last])
        found = find_mentions(text, reader.vocabulary)
        weighed = weigh(text, found.mentions, reader.vocabulary, learned)
        clauses = weighed.read.clauses
        if not clauses.size:
            continue
        closeness = np.abs(weighed.margin)
        column = closeness.argmin(axis=1)
        for clause, best in enumerate(column.tolist()):
            gap = float(closeness[clause, best])
            if np.isfinite(gap):
                language = "zh" if clauses.is_han[clause] else "en"
                number = first + int(clauses.note[clause])
                unsure.append((number, language, learned.concepts[best], gap))
        _count_phrases(text, weighed, learned.concepts, with_concept, in_all)
    return Suggestions(_in_turn(unsure, most), _phrases(with_concept, in_all, reader))


def _in_turn(unsure: Sequence[tuple[int, str, str, float]], most: int) -> pd.DataFrame:
    table = pd.DataFrame(unsure, columns=["row", "language", "concept", "margin"])
    table = table.sort_values(["margin", "row"], kind="stable").drop_duplicates("row")
    table["turn"] = table.groupby("concept").cumcount()
    table = table.sort_values(["turn", "margin", "row"], kind="stable").head(most)
    return table.drop(columns="turn").reset_index(drop=True)


def _count_phrases(
    text: Text,
    weighed: Weighed,
    concepts: Sequence[str],
    with_concept: Counter[tuple[str, str, str]],
    in_all: Counter[tuple[str, str]],
) -> None:
    """Count, once a note, three characters or a longer run of words, and what their clauses mention."""
    clauses = weighed.read.clauses
    grams = weighed.read.grams
    over = weighed.margin >= 0
    length = grams.end - grams.start
    chinese = clauses.is_han.take(grams.clause)
    rows = np.flatnonzero(np.where(chinese, length == 3, length >= 5))
    seen: set[tuple[str, int]] = set()
    told: set[tuple[str, str, int]] = set()
    for row in rows.tolist():
        clause, start, end = int(grams.clause[row]), int(grams.start[row]), int(grams.end[row])
        if is_word(text.codes[end - 1 : end + 1]).all():
            continue  # a cut word is no phrase
        word = "".join(map(chr, text.codes[start:end].tolist()))
        language, note = ("zh" if clauses.is_han[clause] else "en"), int(clauses.note[clause])
        if (word, note) not in seen:
            seen.add((word, note))
            in_all[language, word] += 1
        for column in np.flatnonzero(over[clause]).tolist():
            if (word, concepts[column], note) not in told:
                told.add((word, concepts[column], note))
                with_concept[language, word, concepts[column]] += 1


def _phrases(
    with_concept: Counter[tuple[str, str, str]],
    in_all: Counter[tuple[str, str]],
    reader: NoteReader,
) -> pd.DataFrame:
    known = {
        word
        for language in reader.lexicon.languages
        for entry in language.concepts.values()
        for word in (*entry.phrases, *entry.lasting)
    }
    rows = [
        (language, word, concept, count, in_all[language, word])
        for (language, word, concept), count in with_concept.items()
        if count >= LEAST_NOTES and count >= 0.8 * in_all[language, word]
        if not any(word in other or other in word for other in known)
    ]
    table = pd.DataFrame(rows, columns=["language", "phrase", "concept", "notes_with", "notes_all"])
    table = table.sort_values(
        ["notes_with", "language", "phrase", "concept"], ascending=[False, True, True, True]
    )
    return table.head(MOST_PHRASES).reset_index(drop=True)

"""What is worth a programme's time: notes to annotate first, and words to put into its lexicon."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carescreen.errors import UsageError
from carescreen.mentions import find_mentions
from carescreen.normalise import Text, as_texts, join
from carescreen.notes import NoteReader, Notes, blocks_of, listed
from carescreen.together import Weighed, weigh

LEAST_NOTES = 3  # a phrase of fewer notes is one person's sentence
MOST_PHRASES = 200
_HAN = re.compile("[\u3400-\u9fff]{3,}")
_WORD = re.compile("[a-z]+(?:'[a-z]+)?")


@dataclass(frozen=True, repr=False)  # its values are records
class Suggestions:
    """`notes`: row, language, concept, margin (0: a coin's toss); `phrases`: language, phrase,
    concept, notes_with (of the concept), notes_all; none that a word of the lexicon holds."""

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
        weighed = weigh(text, found, reader.vocabulary, learned)
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
    """Count, once a note, the runs of characters or words of each clause, and what it mentions."""
    clauses = weighed.read.clauses
    over = weighed.margin >= 0
    seen: set[tuple[str, int]] = set()
    told: set[tuple[str, str, int]] = set()
    for clause, (start, end) in enumerate(zip(clauses.start, clauses.end, strict=True)):
        written = "".join(map(chr, text.codes[start:end].tolist()))
        is_han, note = bool(clauses.is_han[clause]), int(clauses.note[clause])
        language = "zh" if is_han else "en"
        mentioned = [concepts[column] for column in np.flatnonzero(over[clause]).tolist()]
        for word in _runs_of(written) if is_han else _words_of(written):
            if (word, note) not in seen:
                seen.add((word, note))
                in_all[language, word] += 1
            for concept in mentioned:
                if (word, concept, note) not in told:
                    told.add((word, concept, note))
                    with_concept[language, word, concept] += 1


def _runs_of(clause: str) -> Iterator[str]:
    """Three to six neighbouring Chinese characters."""
    for run in _HAN.findall(clause):
        for length in range(3, 7):
            yield from (run[at : at + length] for at in range(len(run) - length + 1))


def _words_of(clause: str) -> Iterator[str]:
    """One to three neighbouring words; of a single one, five letters or more."""
    words = _WORD.findall(clause)
    yield from (word for word in words if len(word) >= 5)
    for length in (2, 3):
        yield from (" ".join(words[at : at + length]) for at in range(len(words) - length + 1))


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
    counts = {(concept, word): count for _, word, concept, count, _ in rows}
    parts = {
        (concept, word[begin:end])
        for concept, word in counts
        for begin, end in ((1, None), (None, -1))
        if counts.get((concept, word[begin:end])) == counts[concept, word]
    }  # a piece of a longer run that stands in as many notes says nothing of its own
    rows = [row for row in rows if (row[2], row[1]) not in parts]
    table = pd.DataFrame(rows, columns=["language", "phrase", "concept", "notes_with", "notes_all"])
    table = table.sort_values(
        ["notes_with", "language", "phrase", "concept"], ascending=[False, True, True, True]
    )
    return table.head(MOST_PHRASES).reset_index(drop=True)
